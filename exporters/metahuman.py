"""MetaHuman's raw controls: solved on a rig that has them as shapes, else by the table of Epic's own ARKit mapping.

The table's numbers are those published of Epic's pose asset (PA_MetaHuman_ARKit_Mapping), an interchange fact; the
asset itself is not part of mien. What comes out is labelled with the one or the other: the table says what a MetaHuman
would do with ARKit curves, and is no solve on a MetaHuman.
"""

import csv
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from capture import timecode
from capture.files import write_bytes
from exporters import to_fbx, to_json
from exporters.retarget import RetargetMap, Target, apply
from exporters.scene import Scene, bare_scene
from solver.face_model import ARKIT
from solver.performance import Performance

LABEL = "MetaHuman controls, by Epic's ARKit mapping"
SOLVED = "MetaHuman controls, solved from the deformation of "
"""And then the rig's name."""

PREFIX = "CTRL_expressions_"

POSES = {  # ARKit's shape: MetaHuman's controls, with 1 unless given
    "eyeBlinkLeft": "eyeBlinkL", "eyeLookDownLeft": "eyeLookDownL", "eyeLookInLeft": "eyeLookRightL",
    "eyeLookOutLeft": "eyeLookLeftL", "eyeLookUpLeft": "eyeLookUpL", "eyeSquintLeft": "eyeSquintInnerL",
    "eyeWideLeft": "eyeWidenL", "eyeBlinkRight": "eyeBlinkR", "eyeLookDownRight": "eyeLookDownR",
    "eyeLookInRight": "eyeLookLeftR", "eyeLookOutRight": "eyeLookRightR", "eyeLookUpRight": "eyeLookUpR",
    "eyeSquintRight": "eyeSquintInnerR", "eyeWideRight": "eyeWidenR", "jawForward": "jawFwd", "jawLeft": "jawLeft",
    "jawRight": "jawRight", "jawOpen": "jawOpen",
    "mouthFunnel": "mouthFunnelDL mouthFunnelDR mouthFunnelUL mouthFunnelUR",
    "mouthPucker": "mouthFunnelDL*0.752 mouthFunnelDR*0.752 mouthFunnelUL*0.752 mouthFunnelUR*0.752 mouthLipsPurseDL "
                   "mouthLipsPurseDR mouthLipsPurseUL mouthLipsPurseUR mouthLipsTowardsDL*0.412 "
                   "mouthLipsTowardsDR*0.412 mouthLipsTowardsUL*0.412 mouthLipsTowardsUR*0.412",
    "mouthLeft": "mouthLeft", "mouthRight": "mouthRight", "mouthSmileLeft": "mouthCornerPullL",
    "mouthSmileRight": "mouthCornerPullR", "mouthFrownLeft": "mouthCornerDepressL",
    "mouthFrownRight": "mouthCornerDepressR", "mouthDimpleLeft": "mouthDimpleL", "mouthDimpleRight": "mouthDimpleR",
    "mouthStretchLeft": "mouthStretchL", "mouthStretchRight": "mouthStretchR",
    "mouthRollLower": "mouthLowerLipRollInL mouthLowerLipRollInR mouthUpperLipRollInL*0.499 mouthUpperLipRollInR*0.499",
    "mouthRollUpper": "mouthUpperLipRollInL mouthUpperLipRollInR",
    "mouthShrugLower": "jawChinRaiseDL jawChinRaiseDR", "mouthShrugUpper": "jawChinRaiseUL jawChinRaiseUR",
    "mouthPressLeft": "mouthPressDL mouthPressUL", "mouthPressRight": "mouthPressDR mouthPressUR",
    "mouthLowerDownLeft": "mouthLowerLipDepressL", "mouthLowerDownRight": "mouthLowerLipDepressR",
    "mouthUpperUpLeft": "mouthUpperLipRaiseL", "mouthUpperUpRight": "mouthUpperLipRaiseR",
    "browDownLeft": "browDownL", "browDownRight": "browDownR",
    "browInnerUp": "browLateralL browLateralR browRaiseInL browRaiseInR",
    "browOuterUpLeft": "browRaiseInL browRaiseOuterL", "browOuterUpRight": "browRaiseInR browRaiseOuterR",
    "cheekPuff": "mouthCheekBlowL mouthCheekBlowR mouthLipsBlowL mouthLipsBlowR",
    "cheekSquintLeft": "eyeCheekRaiseL", "cheekSquintRight": "eyeCheekRaiseR",
    "noseSneerLeft": "noseWrinkleL", "noseSneerRight": "noseWrinkleR",
    # The asset also has tongueRollDown*0.247, a control that no MetaHuman's curves list.
    "tongueOut": "tongueDown*0.826 tongueOut*0.769 tongueRight*0.070 tongueWide*0.628",
}
CLOSE = ("mouthLipsTogetherUL", "mouthLipsTogetherUR", "mouthLipsTogetherDL", "mouthLipsTogetherDR")
MARK = "mouthUp"
"""Unreal takes a Live Link frame for a MetaHuman's when it has this control."""


def metahuman_map() -> RetargetMap:
    """The table as a retarget map; each control is held within 0..1. The lips' closure is not in it: see `by_table`."""
    terms: dict[str, list[tuple[str, float]]] = {}
    for shape, controls in POSES.items():
        for control in controls.split():
            name, _, gain = control.partition("*")
            terms.setdefault(name, []).append((shape, float(gain or 1.0)))
    return RetargetMap(tuple(Target(PREFIX + name, tuple(parts), limit=(0.0, 1.0)) for name, parts in terms.items()))


def has_controls(shape_names: Sequence[str]) -> bool:
    """Whether a rig's shapes are MetaHuman's controls, some of them at least."""
    return any(name.startswith(PREFIX) for name in shape_names)


def convert(performance: Performance) -> Performance:
    """A performance's curves as MetaHuman's: its own where it was solved on such a rig, else ARKit's by the table.

    The new model name is the label of the one or the other.
    """
    if performance.model_name == LABEL or performance.model_name.startswith(SOLVED):
        return performance
    return _own(performance) if has_controls(performance.shape_names) else by_table(performance)


def by_table(performance: Performance) -> Performance:
    """ARKit's curves as MetaHuman's. Shapes that the performance lacks count as 0; shapes of its own are left out.

    Four controls bring the lips together by mouthClose / jawOpen, held within 0..1 (0 where the jaw is shut), as
    Unreal's face does; the table has no pose for them.
    """
    weights, sigma = np.zeros((2, performance.frames, len(ARKIT)))
    for index, name in enumerate(ARKIT):
        if name in performance.shape_names:
            weights[:, index] = performance.weights[:, performance.shape_names.index(name)]
            sigma[:, index] = performance.sigma[:, performance.shape_names.index(name)]
    whole = dataclasses.replace(performance, shape_names=ARKIT, weights=weights, sigma=sigma)
    out = apply(metahuman_map(), whole)
    close, jaw = (weights[:, ARKIT.index(name)] for name in ("mouthClose", "jawOpen"))
    together = np.clip(np.divide(close, jaw, out=np.zeros_like(close), where=jaw > 1e-8), 0.0, 1.0)
    extra = np.stack([together] * len(CLOSE) + [np.zeros_like(together)], axis=-1)
    return dataclasses.replace(
        out, model_name=LABEL, model_sha256="", identity=np.zeros(0),
        shape_names=(*out.shape_names, *(PREFIX + name for name in (*CLOSE, MARK))),
        weights=np.concatenate([out.weights, extra], axis=1),
        sigma=np.concatenate([out.sigma, np.zeros_like(extra)], axis=1))


def _own(performance: Performance) -> Performance:
    kept = [index for index, name in enumerate(performance.shape_names) if name.startswith(PREFIX)]
    names = tuple(performance.shape_names[index] for index in kept)
    weights, sigma = performance.weights[:, kept], performance.sigma[:, kept]
    if PREFIX + MARK not in names:
        names = (*names, PREFIX + MARK)
        weights, sigma = (np.concatenate([table, np.zeros((len(table), 1))], axis=1) for table in (weights, sigma))
    return dataclasses.replace(performance, model_name=SOLVED + performance.model_name, model_sha256="",
                               identity=np.zeros(0), shape_names=names, weights=weights, sigma=sigma)


def write_csv(scene: Scene, path: Path) -> None:
    """Write a scene's performance as a CSV of MetaHuman controls: a line that says what it is, a header, a row a frame.

    Raises:
        OutputError: it cannot be written.
        DataError: the start timecode does not exist at the frame rate.
    """
    performance = convert(scene.performance)
    start = timecode.parse(performance.start_timecode, performance.frame_rate)
    header = io.StringIO()  # a rig's own names may hold commas, quotes and line breaks
    csv.writer(header, lineterminator="").writerow(("Frame", "Timecode", *performance.shape_names))
    lines = ["# " + " ".join(performance.model_name.splitlines()), header.getvalue()]
    lines += [f"{frame},{start + frame}," + ",".join(f"{value:.6f}" for value in row)
              for frame, row in enumerate(performance.weights.tolist())]
    write_bytes(path, ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))


def write_fbx(scene: Scene, path: Path) -> None:
    """Write the controls as an animation for Unreal, without a face; the head's property curves_of holds the label.

    Raises:
        OutputError: it cannot be written.
    """
    to_fbx.write(bare_scene(convert(scene.performance)), path, to_fbx.PRESETS["unreal"])


def write_json(scene: Scene, path: Path) -> None:
    """Write the controls as a performance of mien's; its model's name is the label.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, to_json.dumps(convert(scene.performance)).encode())
