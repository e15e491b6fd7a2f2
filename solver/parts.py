"""What a model's parts are called, so that pictures and landmarks know skin from eyeballs.

Names are compared by their beginnings: "eyeLeft", "teethUpper". Whatever is not named here is skin, or lies on it.
"""

EYEBALL = ("eyeLeft", "eyeRight", "iris", "pupil")
"""The visible eyeball."""
SKIPPED = ("lacrimal", "eyeBlend", "eyeOcclusion", "lashCards")
"""Left out of pictures: they need a shader of their own, and drawn opaque they hide the eyes."""
INSIDE = (*EYEBALL, *SKIPPED, "other", "eyeInner", "eyeSocket", "cornea", "lash", "teeth", "gums", "tongue", "mouth",
          "hair")
"""All that is not the face's outer surface."""


def is_part(name: str, beginnings: tuple[str, ...]) -> bool:
    """Whether a part's name begins with one of `beginnings`."""
    return name.startswith(beginnings)
