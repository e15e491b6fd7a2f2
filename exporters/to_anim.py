"""Curves alone as the native clips of Unity (.anim) and Maya (.anim), for a face that already is in the scene."""

import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from capture.files import write_bytes
from exporters.cleanup import reduce_keys
from exporters.mesh import meshes
from exporters.names import ANY, MAYA, clean, in_utf8
from exporters.rotations import continuous, euler_xyz
from exporters.scene import GENERATOR, VERSION, Scene

SKINNED_MESH_RENDERER = 137
"""Unity's class id of what holds the shapes."""

MAYA_UNITS = {Fraction(15): "game", Fraction(24): "film", Fraction(25): "pal", Fraction(30): "ntsc",
              Fraction(48): "show", Fraction(50): "palf", Fraction(60): "ntscf"}
MAYA_FRACTIONS = {Fraction(24000, 1001): "23.976fps", Fraction(30000, 1001): "29.97fps",
                  Fraction(48000, 1001): "47.952fps", Fraction(60000, 1001): "59.94fps"}


def write_unity(scene: Scene, path: Path, mesh: str = "Face", tolerance: float = 0.0, bones: bool = False) -> None:
    """Write an AnimationClip in Unity's text form.

    Curves are `blendShape.NAME`, 0..100, on the SkinnedMeshRenderer at `mesh` below the animated object; the head's
    motion is on the object itself, the eyes' on EyeLeft and EyeRight. With `bones` the paths are those of the FBX for
    Unity: the object is the imported file, with Head, Head/EyeLeft and Head/EyeRight beside the meshes. Unity is
    left-handed: x is mirrored, as its own FBX import does. Keys that change no weight by more than `tolerance` are left
    out.

    Raises:
        OutputError: it cannot be written.
    """
    scene = in_utf8(scene)
    performance = scene.performance
    times = scene.times
    floats = []
    # As in the FBX for Unity, so that a curve finds its shape there.
    names = clean(performance.shape_names, ANY)
    moved = {mesh: performance.shape_names}
    if bones:
        moved |= {f"{eye.name}Mesh": eye.shape_names for eye in meshes(scene)[1:]}
    for place, shape in ((place, shape) for place, shapes in moved.items() for shape in shapes):
        index = performance.shape_names.index(shape)
        weights = performance.weights[:, index]
        keys = reduce_keys(weights, tolerance)
        floats.append(f"  - serializedVersion: 2\n    curve:\n{_unity_curve(times[keys], 100.0 * weights[keys, None])}"
                      f"    attribute: {_yaml('blendShape.' + names[index])}\n    path: {_yaml(place)}\n"
                      f"    classID: {SKINNED_MESH_RENDERER}\n    script: {{fileID: 0}}\n    flags: 0\n")
    head, above = ("Head", "Head/") if bones else ("", "")
    turns = {head: performance.head_rotation} | {above + eye: turn for eye, turn in scene.eye_turns.items()}
    places = {head: performance.head_translation}
    if scene.jaw is not None:
        joint = f"{above}{scene.jaw.above}/{scene.jaw.name}"
        turns[joint] = scene.jaw.local
        places |= {joint: scene.jaw.places} if scene.jaw.moves else {}
    rotations = [f"  - curve:\n{_unity_curve(times, continuous(turn) * [1, -1, -1, 1])}    path: {_yaml(node)}\n"
                 for node, turn in turns.items()]
    positions = [f"  - curve:\n{_unity_curve(times, place * [-1, 1, 1])}    path: {_yaml(node)}\n"
                 for node, place in places.items()]
    stop = _number(times[-1])
    text = (
        "%YAML 1.1\n%TAG !u! tag:unity3d.com,2011:\n--- !u!74 &7400000\nAnimationClip:\n"
        "  m_ObjectHideFlags: 0\n  m_CorrespondingSourceObject: {fileID: 0}\n  m_PrefabInstance: {fileID: 0}\n"
        f"  m_PrefabAsset: {{fileID: 0}}\n  m_Name: {_yaml(scene.take)}\n  serializedVersion: 7\n  m_Legacy: 0\n"
        "  m_Compressed: 0\n  m_UseHighQualityCurve: 1\n"
        f"  m_RotationCurves:\n{''.join(rotations)}  m_CompressedRotationCurves: []\n  m_EulerCurves: []\n"
        f"  m_PositionCurves:\n{''.join(positions)}  m_ScaleCurves: []\n"
        f"  m_FloatCurves:\n{''.join(floats)}  m_PPtrCurves: []\n"
        f"  m_SampleRate: {_number(float(scene.frame_rate))}\n  m_WrapMode: 0\n"
        "  m_Bounds:\n    m_Center: {x: 0, y: 0, z: 0}\n    m_Extent: {x: 0, y: 0, z: 0}\n"
        "  m_ClipBindingConstant:\n    genericBindings: []\n    pptrCurveMapping: []\n"
        "  m_AnimationClipSettings:\n    serializedVersion: 2\n    m_StartTime: 0\n"
        f"    m_StopTime: {stop}\n    m_LoopTime: 0\n    m_KeepOriginalOrientation: 0\n"
        "  m_EditorCurves: []\n  m_EulerEditorCurves: []\n  m_HasGenericRootTransform: 0\n"
        "  m_HasMotionFloatCurves: 0\n  m_Events: []\n")
    write_bytes(path, text.encode())


def write_maya(scene: Scene, path: Path, blend_shape: str = "FaceBlendShapes", head: str = "Head",
               tolerance: float = 0.0) -> None:
    """Write a clip for Maya's animImportExport plug-in: weights 0..1 on the node `blend_shape`, the head's motion in
    centimetres and degrees on `head`, the eyes' turns on EyeLeft and EyeRight. Times are frames from 0. Keys
    that change no weight by more than `tolerance` are left out.

    Raises:
        OutputError: it cannot be written.
    """
    performance = scene.performance
    last = performance.frames - 1
    rate = scene.frame_rate
    unit = MAYA_UNITS.get(rate) or MAYA_FRACTIONS.get(rate) or f"{float(rate):.12g}fps"
    lines = [f"// {GENERATOR} {VERSION}, take {json.dumps(scene.take)}, from {performance.start_timecode}",
             "animVersion 1.1;", "mayaVersion 2022;", f"timeUnit {unit};", "linearUnit cm;", "angularUnit deg;",
             "startTime 0;", f"endTime {last};"]
    names = clean(performance.shape_names, MAYA)
    for index, (name, weights) in enumerate(zip(names, performance.weights.T, strict=True)):
        keys = reduce_keys(weights, tolerance)
        lines += _maya_curve(name, name, blend_shape, index, "unitless", keys, weights[keys])
    every = np.arange(performance.frames)
    turns = {head: performance.head_rotation} | scene.eye_turns
    if scene.jaw is not None:  # Maya's joints have what they rest at as their orient, and the rotation is beside it
        turns[scene.jaw.name] = scene.jaw.turns
    for axis, values in zip("XYZ", 100.0 * performance.head_translation.T, strict=True):
        lines += _maya_curve(f"translate.translate{axis}", f"translate{axis}", head, "XYZ".index(axis), "linear",
                             every, values)
    for node, turn in turns.items():
        for axis, values in zip("XYZ", np.degrees(euler_xyz(turn)).T, strict=True):
            lines += _maya_curve(f"rotate.rotate{axis}", f"rotate{axis}", node, "XYZ".index(axis), "angular", every,
                                 values)
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def _unity_curve(times: np.ndarray, values: np.ndarray) -> str:
    """Keys (N) with values (N, 1), (N, 3) or (N, 4) whose tangents point straight at their neighbours."""
    slopes = np.zeros_like(values)
    if len(times) > 1:
        slopes = np.diff(values, axis=0) / np.diff(times)[:, None]
    into, out = np.concatenate([slopes[:1], slopes])[:len(times)], np.concatenate([slopes, slopes[-1:]])[:len(times)]
    third = _vector(np.full(values.shape[1], 1 / 3))
    keys = [f"      - serializedVersion: 3\n        time: {_number(time)}\n        value: {_vector(value)}\n"
            f"        inSlope: {_vector(before)}\n        outSlope: {_vector(after)}\n        tangentMode: 0\n"
            f"        weightedMode: 0\n        inWeight: {third}\n        outWeight: {third}\n"
            for time, value, before, after in zip(times, values, into, out, strict=True)]
    return ("      serializedVersion: 2\n      m_Curve:\n" + "".join(keys)
            + "      m_PreInfinity: 2\n      m_PostInfinity: 2\n      m_RotationOrder: 4\n")


def _vector(values: np.ndarray) -> str:
    if len(values) == 1:
        return _number(values[0])
    return "{" + ", ".join(f"{axis}: {_number(value)}" for axis, value in zip("xyzw", values, strict=False)) + "}"


def _maya_curve(full: str, leaf: str, node: str, index: int, output: str, frames: np.ndarray,
                values: np.ndarray) -> list[str]:
    keys = [f"    {frame} {_number(value)} linear linear 1 1 0;" for frame, value in
            zip(frames.tolist(), values, strict=True)]
    return [f"anim {full} {leaf} {node} 0 0 {index};", "animData {", "  input time;", f"  output {output};",
            "  weighted 0;", "  preInfinity constant;", "  postInfinity constant;", "  keys {", *keys, "  }", "}"]


def _number(value: float) -> str:
    return f"{float(value) + 0.0:.9g}"


def _yaml(text: str) -> str:
    return text if re.fullmatch(r"|[A-Za-z][A-Za-z0-9_./]*", text) else json.dumps(text)
