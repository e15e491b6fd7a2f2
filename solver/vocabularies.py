"""What other people's shapes are called: a table of each vocabulary, ARKit's name -> its own. Data alone.

`*` is the side as the vocabulary writes it and `^` the other one. `A + B` are parts that together make ARKit's
shape, and stand for it only where a rig has them all. `A | B` are two ways: the first is what is written for a rig that
nobody has seen; of a rig that is there the one without parts counts, else the first. What is not here was not certain,
and is left to the user: such shapes are listed, never guessed.
"""

from dataclasses import dataclass

SIDES = {"Left": ("left", "l", "lf", "lft"), "Right": ("right", "r", "rt", "rgt")}
"""How names write a side, in lower case."""


@dataclass(frozen=True)
class Vocabulary:
    """One convention.

    Attributes:
        title: whose it is.
        sides: how it writes left and right.
        names: ARKit's name, with `*` for Left and Right -> its own ways to say that.
    """

    title: str
    sides: tuple[str, str]
    names: dict[str, str]


def _pascal(*names: str) -> dict[str, str]:
    return {name: name[0].upper() + name[1:] for name in names}


# docs.vrcft.io, "Tracking Standard Comparison", "Apple ARKit" and the table of blended shapes; VRCFaceTracking's own
# modules for ARKit devices set both of MouthCornerPull and MouthCornerSlant, MouthUpper and MouthLower.
UNIFIED = Vocabulary("Unified Expressions (VRCFaceTracking)", ("Left", "Right"), {
    **_pascal("eyeLookDown*", "eyeLookIn*", "eyeLookOut*", "eyeLookUp*", "eyeSquint*", "eyeWide*", "jawForward",
              "jawLeft", "jawRight", "jawOpen", "mouthFrown*", "mouthDimple*", "mouthStretch*", "mouthPress*",
              "mouthLowerDown*", "mouthUpperUp*", "browOuterUp*", "cheekSquint*", "noseSneer*", "tongueOut"),
    "eyeBlink*": "EyeClosed*", "mouthClose": "MouthClosed",
    "mouthShrugLower": "MouthRaiserLower", "mouthShrugUpper": "MouthRaiserUpper",
    "browDown*": "BrowLowerer* + BrowPinch* | BrowDown*",
    "browInnerUp": "BrowInnerUpLeft + BrowInnerUpRight | BrowInnerUp",
    "cheekPuff": "CheekPuffLeft + CheekPuffRight | CheekPuff",
    "mouthSmile*": "MouthCornerPull* + MouthCornerSlant* | MouthSmile*",
    "mouthLeft": "MouthUpperLeft + MouthLowerLeft | MouthLeft",
    "mouthRight": "MouthUpperRight + MouthLowerRight | MouthRight",
    "mouthRollLower": "LipSuckLowerLeft + LipSuckLowerRight | LipSuckLower",
    "mouthRollUpper": "LipSuckUpperLeft + LipSuckUpperRight | LipSuckUpper",
    "mouthFunnel": "LipFunnelUpperLeft + LipFunnelUpperRight + LipFunnelLowerLeft + LipFunnelLowerRight | "
                   "LipFunnelUpper + LipFunnelLower | LipFunnel",
    "mouthPucker": "LipPuckerUpperLeft + LipPuckerUpperRight + LipPuckerLowerLeft + LipPuckerLowerRight | "
                   "LipPuckerUpper + LipPuckerLower | LipPucker",
})

# docs.vrcft.io, "Tracking Standard Comparison". Mouth_Sad (frown and stretch in one), Mouth_Ape_Shape and squeeze have
# no one of ARKit's.
SRANIPAL = Vocabulary("HTC's SRanipal", ("Left", "Right"), {
    "eyeBlink*": "Eye_*_Blink", "eyeWide*": "Eye_*_Wide", "eyeLookUp*": "Eye_*_Up | Eye_*_Look_Up",
    "eyeLookDown*": "Eye_*_Down | Eye_*_Look_Down", "eyeLookOut*": "Eye_*_*", "eyeLookIn*": "Eye_*_^",
    "jawOpen": "Jaw_Open", "jawForward": "Jaw_Forward", "jawLeft": "Jaw_Left", "jawRight": "Jaw_Right",
    "cheekPuff": "Cheek_Puff_Left + Cheek_Puff_Right", "mouthPucker": "Mouth_Pout", "mouthSmile*": "Mouth_Smile_*",
    "mouthUpperUp*": "Mouth_Upper_Up*", "mouthLowerDown*": "Mouth_Lower_Down*", "mouthRollUpper": "Mouth_Upper_Inside",
    "mouthRollLower": "Mouth_Lower_Inside", "mouthShrugLower": "Mouth_Lower_Overlay",
    "mouthFunnel": "Mouth_Upper_Overturn + Mouth_Lower_Overturn",
    "mouthLeft": "Mouth_Upper_Left + Mouth_Lower_Left", "mouthRight": "Mouth_Upper_Right + Mouth_Lower_Right",
})

# Character Creator 4's extended and standard profiles, as three public programs that play ARKit on them agree (Convai's
# web SDK, CC4-to-ARKit for Blender, Unity scenes); CC3+ has ARKit's own names as A01_Brow_Inner_Up.
CC4 = Vocabulary("Character Creator 4", ("L", "R"), {
    "eyeBlink*": "Eye_Blink_*", "eyeSquint*": "Eye_Squint_*", "eyeWide*": "Eye_Wide_*", "eyeLookUp*": "Eye_*_Look_Up",
    "eyeLookDown*": "Eye_*_Look_Down", "eyeLookOut*": "Eye_*_Look_*", "eyeLookIn*": "Eye_*_Look_^",
    "jawOpen": "Jaw_Open", "jawForward": "Jaw_Forward", "jawLeft": "Jaw_L", "jawRight": "Jaw_R",
    "browInnerUp": "Brow_Raise_Inner_L + Brow_Raise_Inner_R", "browOuterUp*": "Brow_Raise_Outer_*",
    "browDown*": "Brow_Drop_*", "cheekPuff": "Cheek_Puff_L + Cheek_Puff_R", "cheekSquint*": "Cheek_Raise_*",
    "noseSneer*": "Nose_Sneer_*", "mouthClose": "Mouth_Close", "mouthDimple*": "Mouth_Dimple_*",
    "mouthFrown*": "Mouth_Frown_*", "mouthSmile*": "Mouth_Smile_*", "mouthStretch*": "Mouth_Stretch_*",
    "mouthPress*": "Mouth_Press_*", "mouthLeft": "Mouth_L | Mouth_Upper_L + Mouth_Lower_L",
    "mouthRight": "Mouth_R | Mouth_Upper_R + Mouth_Lower_R",
    "mouthUpperUp*": "Mouth_Up_Upper_*", "mouthLowerDown*": "Mouth_Down_Lower_*",
    "mouthShrugUpper": "Mouth_Shrug_Upper", "mouthShrugLower": "Mouth_Shrug_Lower",
    "mouthRollUpper": "Mouth_Roll_In_Upper_L + Mouth_Roll_In_Upper_R | Mouth_Roll_In_Upper",
    "mouthRollLower": "Mouth_Roll_In_Lower_L + Mouth_Roll_In_Lower_R | Mouth_Roll_In_Lower",
    "mouthFunnel": "Mouth_Funnel_Up_L + Mouth_Funnel_Up_R + Mouth_Funnel_Down_L + Mouth_Funnel_Down_R | Mouth_Funnel",
    "mouthPucker": "Mouth_Pucker_Up_L + Mouth_Pucker_Up_R + Mouth_Pucker_Down_L + Mouth_Pucker_Down_R | Mouth_Pucker",
    "tongueOut": "Tongue_Out",
})

# Character Creator 3's traditional profile, as FaceCap's Unity example plays ARKit on it; only what says what it moves.
CC3 = Vocabulary("Character Creator 3, traditional", ("L", "R"), {
    "eyeBlink*": "Eye_Blink_*", "eyeSquint*": "Eye_Squint_*", "eyeWide*": "Eye_Wide_*",
    "browInnerUp": "Brow_Raise_Inner_L + Brow_Raise_Inner_R", "browOuterUp*": "Brow_Raise_Outer_*",
    "browDown*": "Brow_Drop_*", "cheekPuff": "Cheek_Blow_L + Cheek_Blow_R", "cheekSquint*": "Cheek_Raise_*",
    "noseSneer*": "Nose_Flank_Raise_*", "mouthUpperUp*": "Mouth_Snarl_Upper_*",
    "mouthLowerDown*": "Mouth_Snarl_Lower_*",
    "mouthRollUpper": "Mouth_Top_Lip_Under", "mouthRollLower": "Mouth_Bottom_Lip_Under", "mouthPucker": "Mouth_Pucker",
    "mouthSmile*": "Mouth_Smile_*", "mouthFrown*": "Mouth_Frown_*", "mouthDimple*": "Mouth_Dimple_*",
    "mouthLeft": "Mouth_L", "mouthRight": "Mouth_R",
})

# Genesis 9's base FACS, verified by others on a figure in Daz Studio; eyeWide and tongueOut have none there.
GENESIS9 = Vocabulary("Daz Genesis 9", ("Left", "Right"), {
    **{name: "facs_bs_" + own for name, own in _pascal(
        "browDown*", "browOuterUp*", "cheekSquint*", "eyeBlink*", "eyeLookDown*", "eyeLookIn*", "eyeLookOut*",
        "eyeLookUp*", "eyeSquint*", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthDimple*", "mouthFrown*",
        "mouthLeft", "mouthRight", "mouthLowerDown*", "mouthSmile*", "mouthStretch*", "mouthUpperUp*",
        "noseSneer*").items()},
    **{name: f"facs_bs_{own}Left + facs_bs_{own}Right" for name, own in _pascal(
        "browInnerUp", "cheekPuff", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper").items()},
    **{name: " + ".join(f"facs_bs_{own}{lip}{side}" for lip in ("Upper", "Lower") for side in ("Left", "Right"))
       for name, own in (("mouthClose", "MouthClose"), ("mouthFunnel", "MouthFunnel"), ("mouthPucker", "MouthPurse"))},
    "mouthPress*": "facs_bs_MouthPressUpper* + facs_bs_MouthPressLower*",
})

# Genesis 8.1's FACS, of a public script that renames them to ARKit's for Blender.
GENESIS81 = Vocabulary("Daz Genesis 8.1", ("Left", "Right"), {
    **{name: "facs_jnt_" + own for name, own in _pascal(
        "jawForward", "jawLeft", "jawOpen", "jawRight", "eyeBlink*", "eyeWide*").items()},
    **{name: "facs_ctrl_" + own for name, own in _pascal(
        "eyeLookDown*", "eyeLookIn*", "eyeLookOut*", "eyeLookUp*").items()},
    **{name: f"facs_ctrl_{own} | facs_bs_{own}Left_div2 + facs_bs_{own}Right_div2" for name, own in _pascal(
        "cheekPuff", "browInnerUp").items()},
    **{name: f"facs_bs_{own}_div2" for name, own in _pascal(
        "browDown*", "browOuterUp*", "cheekSquint*", "eyeSquint*", "mouthClose", "mouthDimple*", "mouthFrown*",
        "mouthFunnel", "mouthLeft", "mouthLowerDown*", "mouthPress*", "mouthPucker", "mouthRight", "mouthRollLower",
        "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmile*", "mouthStretch*", "mouthUpperUp*",
        "noseSneer*").items()},
    "tongueOut": "facs_bs_TongueOut",
})

# Genesis 8's dials that go one way; those that go up and down (eCTRLBrowInnerUp-Down) are no shape of one direction.
GENESIS8 = Vocabulary("Daz Genesis 8", ("L", "R"), {
    "eyeBlink*": "eCTRLEyesClosed*", "eyeSquint*": "eCTRLEyesSquint*", "mouthSmile*": "eCTRLMouthSmileSimple*",
})

# Mixamo's (Adobe Fuse's) fifty, those of them that move one thing one way; JawForeward is their spelling.
FUSE = Vocabulary("Mixamo and Adobe Fuse", ("Left", "Right"), {
    "eyeBlink*": "Blink_*", "eyeSquint*": "Squint_*", "eyeWide*": "EyesWide_*", "browDown*": "BrowsDown_*",
    "cheekPuff": "CheekPuff_Left + CheekPuff_Right", "noseSneer*": "NoseScrunch_*", "jawForward": "JawForeward",
    "jawLeft": "Jaw_Left", "jawRight": "Jaw_Right", "mouthSmile*": "Smile_*", "mouthFrown*": "Frown_*",
    "mouthUpperUp*": "UpperLipUp_*", "mouthLowerDown*": "LowerLipDown_*", "mouthRollUpper": "UpperLipIn",
    "mouthRollLower": "LowerLipIn",
})

# VRM's specification: of its presets only these are one of ARKit's; VRoid Studio's meshes call them so.
VRM = Vocabulary("VRM and VRoid", ("L", "R"), {"eyeBlink*": "Blink_* | Fcl_EYE_Close_*"})

VOCABULARIES = {"unified": UNIFIED, "sranipal": SRANIPAL, "cc4": CC4, "cc3": CC3, "genesis9": GENESIS9,
                "genesis8.1": GENESIS81, "genesis8": GENESIS8, "fuse": FUSE, "vrm": VRM}

_SOUNDS = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa")
VISEMES = (
    *(f"viseme_{sound}" for sound in (*_SOUNDS, "E", "I", "O", "U")),  # Oculus, Ready Player Me
    *(f"v_{sound}" for sound in (*_SOUNDS, "E", "ih", "oh", "ou")),  # VRChat
    "V_Open", "V_Explosive", "V_Dental_Lip", "V_Tight_O", "V_Tight", "V_Wide", "V_Affricate", "V_Lip_Open", "V_None",
    "A", "I", "U", "E", "O", "aa", "ih", "ou", "ee", "oh", *(f"Fcl_MTH_{sound}" for sound in "AIUEO"),  # VRM, VRoid
    *"あいうえお")  # MikuMikuDance
_MOODS = ("Angry", "Fun", "Joy", "Sorrow", "Surprised")
MOODS = (*_MOODS, "happy", "sad", "relaxed",  # VRM 0 and 1
         *(f"Fcl_{part}_{mood}" for part in ("ALL", "BRW", "EYE", "MTH") for mood in _MOODS))  # VRoid
SEVERAL = {  # Unified Expressions' blended shapes; Ready Player Me's mouthOpen -> those of ARKit's that make them
    "BrowUp": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), "BrowUpLeft": ("browInnerUp", "browOuterUpLeft"),
    "BrowUpRight": ("browInnerUp", "browOuterUpRight"), "LipSuck": ("mouthRollUpper", "mouthRollLower"),
    "MouthOpen": ("jawOpen", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    "MouthSad": ("mouthFrownLeft", "mouthStretchLeft", "mouthFrownRight", "mouthStretchRight"),
    "MouthSadLeft": ("mouthFrownLeft", "mouthStretchLeft"), "MouthSadRight": ("mouthFrownRight", "mouthStretchRight"),
}


def ways(vocabulary: Vocabulary) -> dict[str, tuple[tuple[str, ...], ...]]:
    """ARKit's name -> the vocabulary's ways to make it, each a tuple of its names."""
    found = {}
    for name, text in vocabulary.names.items():
        sides = (("Left", 0), ("Right", 1)) if "*" in name else (("", 0),)
        for side, index in sides:
            own = text.replace("*", vocabulary.sides[index]).replace("^", vocabulary.sides[1 - index])
            found[name.replace("*", side)] = tuple(tuple(part.strip() for part in way.split("+"))
                                                   for way in own.split("|"))
    return found
