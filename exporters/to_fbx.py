"""FBX: binary 7.4 or 7.5, degrees, by default Y up and centimetres; presets for Maya, Unreal, Unity and Blender.

Head (a Null or a bone, animated) > Face, EyeLeft, EyeRight. Each shape is a channel of a blend-shape
deformer whose full weight is 100; one animation stack with one layer moves weights, head and eyes, a linear key a
frame. Key times are rounded from each frame's own number, so nothing drifts at 29.97.
"""

import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from capture.files import write_bytes
from exporters import fbx_binary
from exporters.cleanup import reduce_keys
from exporters.fbx_binary import Char, Node
from exporters.fbx_mesh import deformer_nodes, geometry_node, material_node
from exporters.fbx_nodes import Graph, P, object_node, properties
from exporters.fbx_skin import add_bind_pose, add_shared_skin, add_skin, matrix_numbers
from exporters.joint import Joint
from exporters.mesh import Mesh, meshes, proxies
from exporters.names import ANY, BLENDER, MAYA, UNREAL, Naming, renamed
from exporters.rotations import euler_xyz, product, turned
from exporters.scene import GENERATOR, VERSION, Scene

TICKS = 46_186_158_000
"""FBX's ticks a second."""

CUSTOM_RATE = 14
TIME_MODES = {Fraction(120): 1, Fraction(100): 2, Fraction(60): 3, Fraction(50): 4, Fraction(48): 5, Fraction(30): 6,
              Fraction(25): 10, Fraction(24): 11, Fraction(24000, 1001): 13, Fraction(96): 15, Fraction(72): 16,
              Fraction(60000, 1001): 17, Fraction(120000, 1001): 18}
"""29.97 is missing on purpose: readers disagree about its own modes, and agree on a custom rate."""

STRAIGHT = np.array([0.0, 0.0, 0.0, 1.0])
LINEAR = 4
"""Flags of a key."""


@dataclass(frozen=True)
class Preset:
    """What a program likes best.

    Attributes:
        version: 7400 or 7500.
        unit: centimetres in one unit of the file.
        up: "y", or "z" with the face looking along -y as Blender and Unreal's editors show it.
        bones: the head and the eyes are bones to which the meshes are skinned, instead of nodes above them.
        geometry: False writes the curves on a triangle each, for a face that the program already has.
        between: whether in-betweens are written. Maya, Unity and Unreal know them; others take the first shape of a
            channel for the whole, or show them all at once.
        tolerance: error of a weight that leaving out keys may cause; 0 writes a key a frame.
        names: which names the program leaves alone.
    """

    version: int = 7400
    unit: float = 1.0
    up: str = "y"
    bones: bool = False
    geometry: bool = True
    between: bool = False
    tolerance: float = 0.0
    names: Naming = ANY


ANY_PROGRAM = Preset()

PRESETS = {
    "maya": Preset(bones=True, between=True, names=MAYA),
    "unity": Preset(bones=True, between=True, tolerance=2e-4),  # as it reduces on import, but by our figure
    "unreal": Preset(bones=True, between=True, names=UNREAL),  # its importer wants a skeleton for a mesh with shapes
    "blender": Preset(unit=100.0, up="z", names=BLENDER),  # so that nothing arrives scaled by 0.01 or turned
}


def write(scene: Scene, path: Path, preset: Preset = ANY_PROGRAM) -> None:
    """Write a scene as binary FBX.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, fbx_binary.encode(document(scene, preset), preset.version))


def document(scene: Scene, preset: Preset = ANY_PROGRAM) -> tuple[Node, ...]:
    """All the nodes of a scene's file."""
    scene = renamed(scene, preset.names)
    if scene.jaw is not None:  # what a joint holds has to hang from joints
        preset = dataclasses.replace(preset, bones=True)
    graph = Graph()
    times = key_times(scene.performance.frames, scene.frame_rate)
    _fill(graph, scene, times, preset)
    stop = np.int64(times[-1])
    creator = f"{GENERATOR} {VERSION}"
    stamp = [Node(name, (value,)) for name, value in
             (("Version", 1000), ("Year", 1970), ("Month", 1), ("Day", 1), ("Hour", 10), ("Minute", 0), ("Second", 0),
              ("Millisecond", 0))]
    header = Node("FBXHeaderExtension", (), (
        Node("FBXHeaderVersion", (1003,)), Node("FBXVersion", (preset.version,)), Node("EncryptionType", (0,)),
        Node("CreationTimeStamp", (), tuple(stamp)), Node("Creator", (creator,))))
    take = Node("Take", (scene.take,), (
        Node("FileName", (f"{scene.take}.tak",)), Node("LocalTime", (np.int64(0), stop)),
        Node("ReferenceTime", (np.int64(0), stop))))
    return (
        header, Node("FileId", (fbx_binary.FILE_ID,)), Node("CreationTime", (fbx_binary.CREATION_TIME,)),
        Node("Creator", (creator,)), _global_settings(scene.frame_rate, stop, preset), _documents(scene.take),
        Node("References", (), (), block=True), graph.definitions(), Node("Objects", (), tuple(graph.objects)),
        Node("Connections", (), tuple(graph.connections)), Node("Takes", (), (Node("Current", (scene.take,)), take)))


def key_times(frames: int, rate: Fraction) -> np.ndarray:
    """(T) ticks, each frame's own time rounded once."""
    ticks = TICKS * rate.denominator
    return np.array([(2 * frame * ticks + rate.numerator) // (2 * rate.numerator) for frame in range(frames)], np.int64)


def _fill(graph: Graph, scene: Scene, times: np.ndarray, preset: Preset) -> None:
    performance = scene.performance
    length = 100.0 / preset.unit  # units in a metre
    stop = np.int64(times[-1])
    span = [P("LocalStart", "KTime", "Time", "", np.int64(0)), P("LocalStop", "KTime", "Time", "", stop),
            P("ReferenceStart", "KTime", "Time", "", np.int64(0)), P("ReferenceStop", "KTime", "Time", "", stop)]
    stack = graph.add(object_node("AnimationStack", scene.take, "AnimStack", "", properties(*span)))
    layer = graph.add(Node("AnimationLayer", ("BaseLayer\x00\x01AnimLayer", ""), (), block=True))
    graph.connect(layer, stack)
    animation = _Animation(graph, layer, times, preset.tolerance)

    bones: list[tuple[np.int64, np.ndarray]] = []
    head = _node(graph, "Head", 0, np.zeros(3), preset.bones, [
        P("start_timecode", "KString", "", "U", performance.start_timecode),
        P("curves_of", "KString", "", "U", performance.model_name), *_timecode_properties(scene)])
    bones.append((head, np.zeros(3)))
    animation.vector(head, "Lcl Translation", "T", _turned(performance.head_translation, preset) * length)
    animation.vector(head, "Lcl Rotation", "R", _degrees(performance.head_rotation, preset))

    jaw = _jaw(graph, animation, head, scene.jaw, preset, length) if scene.jaw is not None else None
    if jaw is not None:
        bones += jaw.stands

    materials = [graph.add(material_node(name, colour)) for name, colour in
                 zip(scene.model.part_names, scene.model.albedo, strict=True)]
    skinned = []
    for mesh in meshes(scene) if preset.geometry else proxies(scene):
        mesh = _standing(mesh, preset)
        place, carrier = mesh.origin * length, head
        if mesh.name != "Face" and preset.bones:
            carrier = _node(graph, mesh.name, head, place, True)
            bones.append((carrier, place))
        node = graph.add(_model(f"{mesh.name}Mesh" if carrier != head else mesh.name, "Mesh",
                                np.zeros(3) if preset.bones else place))
        graph.connect(node, 0 if preset.bones else head)
        geometry = _geometry(graph, mesh, node, materials, length, place if preset.bones else np.zeros(3))
        _shapes(graph, animation, mesh, geometry, scene, length)
        if mesh.held is not None and jaw is not None:
            add_shared_skin(graph, geometry, [(head, *[matrix_numbers(np.zeros(3), STRAIGHT)] * 2, 1.0 - mesh.held),
                                              (jaw.joint, jaw.back, jaw.stands[1][1], mesh.held)])
            skinned.append(node)
        elif preset.bones:
            add_skin(graph, geometry, carrier, len(mesh.points), place if carrier != head else np.zeros(3))
            skinned.append(node)
        if mesh.name != "Face":
            turn = _degrees(scene.eye_turns[mesh.name], preset)
            animation.vector(node if carrier == head else carrier, "Lcl Rotation", "R", turn)
    if preset.bones:
        add_bind_pose(graph, [*bones, *((node, np.zeros(3)) for node in skinned)])


@dataclass(frozen=True)
class _Jaw:
    """The jaw's bone, (16) joint_from_mesh when bound, and where it and the bone above it stand then."""

    joint: np.int64
    back: np.ndarray
    stands: tuple[tuple[np.int64, np.ndarray], ...]


def _jaw(graph: Graph, animation: "_Animation", head: np.int64, jaw: Joint, preset: Preset, length: float) -> _Jaw:
    """The joint's bone and the one above it. How they rest is a turn before their own (Maya's orient of a joint); their
    axes are the rig's, and stay so in a file whose up is z: there the upper one stands upright."""
    upright = np.array([math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)]) if preset.up == "z" else STRAIGHT
    above_place, above_turn = _turned(jaw.above_place, preset) * length, product(upright, jaw.above_turn)
    place, turn = above_place + turned(above_turn, jaw.place) * length, product(above_turn, jaw.turn)
    above = _node(graph, jaw.above, head, above_place, True, _resting(above_turn))
    joint = _node(graph, jaw.name, above, jaw.place * length, True, _resting(jaw.turn))
    animation.vector(joint, "Lcl Rotation", "R", np.degrees(euler_xyz(jaw.turns)))
    if jaw.moves:
        animation.vector(joint, "Lcl Translation", "T", jaw.places * length)
    back = turn * [-1.0, -1.0, -1.0, 1.0]
    return _Jaw(joint, matrix_numbers(-turned(back, place), back),
                ((above, matrix_numbers(above_place, above_turn)), (joint, matrix_numbers(place, turn))))


def _resting(turn: np.ndarray) -> list[Node]:
    return [P("RotationActive", "bool", "", "", 1),
            P("PreRotation", "Vector3D", "Vector", "", *np.degrees(euler_xyz(turn[None]))[0].tolist())]


def _turned(vectors: np.ndarray, preset: Preset) -> np.ndarray:
    """(..., 3) in our axes, Y up, as the file's axes have them."""
    return np.stack([vectors[..., 0], -vectors[..., 2], vectors[..., 1]], axis=-1) if preset.up == "z" else vectors


def _degrees(quaternions: np.ndarray, preset: Preset) -> np.ndarray:
    """(T, 4) turns in our axes -> (T, 3) degrees about the file's."""
    return np.degrees(euler_xyz(np.concatenate([_turned(quaternions[:, :3], preset), quaternions[:, 3:]], axis=1)))


def _standing(mesh: Mesh, preset: Preset) -> Mesh:
    steps = tuple(dataclasses.replace(step, offsets=_turned(step.offsets, preset)) for step in mesh.steps)
    return dataclasses.replace(mesh, origin=_turned(mesh.origin, preset), points=_turned(mesh.points, preset),
                               shapes=_turned(mesh.shapes, preset), steps=steps if preset.between else ())


def _node(graph: Graph, name: str, parent: np.int64 | int, place: np.ndarray, bone: bool,
          extra: Sequence[Node] = ()) -> np.int64:
    """A Null or a bone."""
    node = graph.add(_model(name, "LimbNode" if bone else "Null", place, extra))
    kind = ("LimbNode", "Skeleton") if bone else ("Null", "Null")
    attribute = graph.add(object_node("NodeAttribute", name, "NodeAttribute", kind[0], Node("TypeFlags", (kind[1],))))
    graph.connect(node, parent)
    graph.connect(attribute, node)
    return node


def _timecode_properties(scene: Scene) -> list[Node]:
    """Where Unreal looks for a clip's timecode: whole numbers on a bone."""
    numbers = re.split("[:;]", scene.performance.start_timecode)
    values = [*zip(("TCHour", "TCMinute", "TCSecond", "TCFrame"), map(int, numbers), strict=False)]
    return ([P(name, "int", "Integer", "U", value) for name, value in values]
            + [P("TCRate", "double", "Number", "U", float(scene.frame_rate))])


def _geometry(graph: Graph, mesh: Mesh, node: np.int64, materials: Sequence[np.int64], length: float,
              shift: np.ndarray) -> np.int64:
    parts = np.unique(mesh.face_part)
    geometry = graph.add(geometry_node(mesh, parts, length, shift))
    graph.connect(geometry, node)
    for part in parts:
        graph.connect(materials[part], node)
    return geometry


def _shapes(graph: Graph, animation: "_Animation", mesh: Mesh, geometry: np.int64, scene: Scene,
            length: float) -> None:
    if not mesh.shape_names:
        return
    deformer, channels = deformer_nodes(mesh, length)
    blend = graph.add(deformer)
    graph.connect(blend, geometry)
    for name, (channel_node, shape_nodes) in zip(mesh.shape_names, channels, strict=True):
        channel = graph.add(channel_node)
        graph.connect(channel, blend)
        for shape in shape_nodes:
            graph.connect(graph.add(shape), channel)
        weights = scene.performance.weights[:, scene.performance.shape_names.index(name)]
        animation.weight(channel, weights)


class _Animation:
    """Adds curves to one layer. Those with a key a frame share their key times, which are compressed once."""

    def __init__(self, graph: Graph, layer: np.int64, times: np.ndarray, tolerance: float) -> None:
        self.graph = graph
        self.layer = layer
        self.times = times
        self.tolerance = tolerance
        self.every_frame = fbx_binary.pack(times)

    def weight(self, channel: np.int64, values: np.ndarray) -> None:
        """Animate a channel with (T) weights, with fewer keys where the tolerance allows."""
        keys = reduce_keys(values, self.tolerance) if self.tolerance else None
        self._add(channel, "DeformPercent", "DeformPercent", [("DeformPercent", 100.0 * values)], keys)

    def vector(self, target: np.int64, name: str, short: str, values: np.ndarray) -> None:
        """Animate the property `name` of an object with (T, 3) values."""
        self._add(target, name, short, list(zip("XYZ", values.T, strict=True)))

    def _add(self, target: np.int64, name: str, short: str, columns: Sequence[tuple[str, np.ndarray]],
             keys: np.ndarray | None = None) -> None:
        numbers = [P(f"d|{axis}", "Number", "", "A", float(values[0])) for axis, values in columns]
        node = self.graph.add(object_node("AnimationCurveNode", short, "AnimCurveNode", "", properties(*numbers)))
        self.graph.connect(node, self.layer)
        self.graph.connect(node, target, name)
        for axis, values in columns:
            times, chosen = (self.every_frame, values) if keys is None else (self.times[keys], values[keys])
            curve = self.graph.add(object_node(
                "AnimationCurve", "", "AnimCurve", "", Node("Default", (float(values[0]),)), Node("KeyVer", (4008,)),
                Node("KeyTime", (times,)), Node("KeyValueFloat", (chosen.astype(np.float32),)),
                Node("KeyAttrFlags", (np.array([LINEAR], np.int32),)),
                Node("KeyAttrDataFloat", (np.zeros(4, np.float32),)),
                Node("KeyAttrRefCount", (np.array([len(chosen)], np.int32),))))
            self.graph.connect(curve, node, f"d|{axis}")


def _model(name: str, kind: str, place: np.ndarray, extra: Sequence[Node] = ()) -> Node:
    return object_node(
        "Model", name, "Model", kind, Node("Version", (232,)),
        properties(P("InheritType", "enum", "", "", 1), P("DefaultAttributeIndex", "int", "Integer", "", 0),
                   P("Lcl Translation", "Lcl Translation", "", "A", *place.tolist()),
                   P("Lcl Rotation", "Lcl Rotation", "", "A", 0.0, 0.0, 0.0),
                   P("Lcl Scaling", "Lcl Scaling", "", "A", 1.0, 1.0, 1.0), *extra),
        Node("Shading", (Char(ord("T" if kind == "Mesh" else "Y")),)), Node("Culling", ("CullingOff",)))


def _global_settings(rate: Fraction, stop: np.int64, preset: Preset) -> Node:
    mode = TIME_MODES.get(rate, CUSTOM_RATE)
    axes = [P(name, "int", "Integer", "", value) for name, value in
            ((("UpAxis", 2), ("UpAxisSign", 1), ("FrontAxis", 1), ("FrontAxisSign", -1)) if preset.up == "z" else
             (("UpAxis", 1), ("UpAxisSign", 1), ("FrontAxis", 2), ("FrontAxisSign", 1)))]
    axes += [P(name, "int", "Integer", "", value) for name, value in
             (("CoordAxis", 0), ("CoordAxisSign", 1), ("OriginalUpAxis", 1), ("OriginalUpAxisSign", 1))]
    return Node("GlobalSettings", (), (Node("Version", (1000,)), properties(
        *axes, P("UnitScaleFactor", "double", "Number", "", preset.unit),
        P("OriginalUnitScaleFactor", "double", "Number", "", preset.unit),
        P("AmbientColor", "ColorRGB", "Color", "", 0.0, 0.0, 0.0),
        P("DefaultCamera", "KString", "", "", "Producer Perspective"),
        P("TimeMode", "enum", "", "", mode), P("TimeProtocol", "enum", "", "", 2),
        P("SnapOnFrameMode", "enum", "", "", 0), P("TimeSpanStart", "KTime", "Time", "", np.int64(0)),
        P("TimeSpanStop", "KTime", "Time", "", stop),
        P("CustomFrameRate", "double", "Number", "", float(rate) if mode == CUSTOM_RATE else -1.0))))


def _documents(take: str) -> Node:
    return Node("Documents", (), (Node("Count", (1,)), Node("Document", (np.int64(1), "", "Scene"), (
        properties(P("SourceObject", "object", "", ""), P("ActiveAnimStackName", "KString", "", "", take)),
        Node("RootNode", (np.int64(0),))))))
