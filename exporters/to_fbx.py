"""FBX: binary 7.4 (7.5 on request), centimetres, Y up, degrees, for Maya, Unreal, Unity and Blender.

Head (a Null, animated) > Face, EyeLeft, EyeRight. Each shape is a channel of a blend-shape deformer whose full weight
is 100; one animation stack with one layer moves weights, head and eyes, a linear key a frame. Key times are rounded
from each frame's own number, so nothing drifts at 29.97.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from capture.files import write_bytes
from exporters import fbx_binary
from exporters.fbx_binary import Node
from exporters.fbx_mesh import LENGTH, deformer_nodes, geometry_node, material_node
from exporters.fbx_nodes import Graph, P, object_node, properties
from exporters.mesh import Mesh, meshes
from exporters.rotations import euler_xyz, gaze_quaternions
from exporters.scene import GENERATOR, VERSION, Scene

TICKS = 46_186_158_000
"""FBX's ticks a second."""

CUSTOM_RATE = 14
TIME_MODES = {Fraction(120): 1, Fraction(100): 2, Fraction(60): 3, Fraction(50): 4, Fraction(48): 5, Fraction(30): 6,
              Fraction(25): 10, Fraction(24): 11, Fraction(24000, 1001): 13, Fraction(96): 15, Fraction(72): 16,
              Fraction(60000, 1001): 17, Fraction(120000, 1001): 18}
"""29.97 is missing on purpose: readers disagree about its own modes, and agree on a custom rate."""

LINEAR = 4
"""Flags of a key."""


def write(scene: Scene, path: Path, version: int = 7400) -> None:
    """Write a scene as binary FBX.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, fbx_binary.encode(document(scene, version), version))


def document(scene: Scene, version: int = 7400) -> tuple[Node, ...]:
    """All the nodes of a scene's file."""
    graph = Graph()
    times = key_times(scene.performance.frames, scene.frame_rate)
    _fill(graph, scene, times)
    stop = np.int64(times[-1])
    creator = f"{GENERATOR} {VERSION}"
    stamp = [Node(name, (value,)) for name, value in
             (("Version", 1000), ("Year", 1970), ("Month", 1), ("Day", 1), ("Hour", 10), ("Minute", 0), ("Second", 0),
              ("Millisecond", 0))]
    header = Node("FBXHeaderExtension", (), (
        Node("FBXHeaderVersion", (1003,)), Node("FBXVersion", (version,)), Node("EncryptionType", (0,)),
        Node("CreationTimeStamp", (), tuple(stamp)), Node("Creator", (creator,))))
    take = Node("Take", (scene.take,), (
        Node("FileName", (f"{scene.take}.tak",)), Node("LocalTime", (np.int64(0), stop)),
        Node("ReferenceTime", (np.int64(0), stop))))
    return (
        header, Node("FileId", (fbx_binary.FILE_ID,)), Node("CreationTime", (fbx_binary.CREATION_TIME,)),
        Node("Creator", (creator,)), _global_settings(scene.frame_rate, stop), _documents(scene.take),
        Node("References", (), (), block=True), graph.definitions(), Node("Objects", (), tuple(graph.objects)),
        Node("Connections", (), tuple(graph.connections)), Node("Takes", (), (Node("Current", (scene.take,)), take)))


def key_times(frames: int, rate: Fraction) -> np.ndarray:
    """(T) ticks, each frame's own time rounded once."""
    ticks = TICKS * rate.denominator
    return np.array([(2 * frame * ticks + rate.numerator) // (2 * rate.numerator) for frame in range(frames)], np.int64)


def _fill(graph: Graph, scene: Scene, times: np.ndarray) -> None:
    performance = scene.performance
    stop = np.int64(times[-1])
    span = [P("LocalStart", "KTime", "Time", "", np.int64(0)), P("LocalStop", "KTime", "Time", "", stop),
            P("ReferenceStart", "KTime", "Time", "", np.int64(0)), P("ReferenceStop", "KTime", "Time", "", stop)]
    stack = graph.add(object_node("AnimationStack", scene.take, "AnimStack", "", properties(*span)))
    layer = graph.add(Node("AnimationLayer", ("BaseLayer\x00\x01AnimLayer", ""), (), block=True))
    graph.connect(layer, stack)
    animation = _Animation(graph, layer, times)

    start = P("start_timecode", "KString", "", "U", performance.start_timecode)
    head = graph.add(_model("Head", "Null", extra=[start]))
    null = graph.add(object_node("NodeAttribute", "Head", "NodeAttribute", "Null", Node("TypeFlags", ("Null",))))
    graph.connect(head, 0)
    graph.connect(null, head)
    animation.vector(head, "Lcl Translation", "T", performance.head_translation * LENGTH)
    animation.vector(head, "Lcl Rotation", "R", np.degrees(euler_xyz(performance.head_rotation)))

    materials = [graph.add(material_node(name, colour)) for name, colour in
                 zip(scene.model.part_names, scene.model.albedo, strict=True)]
    for mesh in meshes(scene):
        node = graph.add(_model(mesh.name, "Mesh", mesh.origin * LENGTH))
        graph.connect(node, head)
        parts = np.unique(mesh.face_part)
        geometry = graph.add(geometry_node(mesh, parts))
        graph.connect(geometry, node)
        for part in parts:
            graph.connect(materials[part], node)
        _shapes(graph, animation, mesh, geometry, scene)
        if mesh.name != "Face":
            gaze = gaze_quaternions(performance.gaze[:, 0 if mesh.name == "EyeLeft" else 1])
            animation.vector(node, "Lcl Rotation", "R", np.degrees(euler_xyz(gaze)))


def _shapes(graph: Graph, animation: "_Animation", mesh: Mesh, geometry: np.int64, scene: Scene) -> None:
    if not mesh.shape_names:
        return
    deformer, channels = deformer_nodes(mesh)
    blend = graph.add(deformer)
    graph.connect(blend, geometry)
    for name, (channel_node, shape_node) in zip(mesh.shape_names, channels, strict=True):
        channel, shape = graph.add(channel_node), graph.add(shape_node)
        graph.connect(channel, blend)
        graph.connect(shape, channel)
        weights = scene.performance.weights[:, scene.performance.shape_names.index(name)]
        animation.number(channel, "DeformPercent", 100.0 * weights)


class _Animation:
    """Adds curves to one layer; all share their key times and flags, which are compressed once."""

    def __init__(self, graph: Graph, layer: np.int64, times: np.ndarray) -> None:
        self.graph = graph
        self.layer = layer
        self.shared = (Node("KeyTime", (fbx_binary.pack(times),)),
                       Node("KeyAttrFlags", (np.array([LINEAR], np.int32),)),
                       Node("KeyAttrDataFloat", (np.zeros(4, np.float32),)),
                       Node("KeyAttrRefCount", (np.array([len(times)], np.int32),)))

    def number(self, target: np.int64, name: str, values: np.ndarray) -> None:
        """Animate the property `name` of an object with (T) values."""
        self._add(target, name, name, [(name, values)])

    def vector(self, target: np.int64, name: str, short: str, values: np.ndarray) -> None:
        """Animate the property `name` of an object with (T, 3) values."""
        self._add(target, name, short, list(zip("XYZ", values.T, strict=True)))

    def _add(self, target: np.int64, name: str, short: str, columns: Sequence[tuple[str, np.ndarray]]) -> None:
        numbers = [P(f"d|{axis}", "Number", "", "A", float(values[0])) for axis, values in columns]
        node = self.graph.add(object_node("AnimationCurveNode", short, "AnimCurveNode", "", properties(*numbers)))
        self.graph.connect(node, self.layer)
        self.graph.connect(node, target, name)
        for axis, values in columns:
            times, *attributes = self.shared
            curve = self.graph.add(object_node(
                "AnimationCurve", "", "AnimCurve", "", Node("Default", (float(values[0]),)), Node("KeyVer", (4008,)),
                times, Node("KeyValueFloat", (values.astype(np.float32),)), *attributes))
            self.graph.connect(curve, node, f"d|{axis}")


def _model(name: str, kind: str, translation: np.ndarray | None = None, extra: Sequence[Node] = ()) -> Node:
    place = np.zeros(3) if translation is None else translation
    return object_node(
        "Model", name, "Model", kind, Node("Version", (232,)),
        properties(P("InheritType", "enum", "", "", 1), P("DefaultAttributeIndex", "int", "Integer", "", 0),
                   P("Lcl Translation", "Lcl Translation", "", "A", *place.tolist()),
                   P("Lcl Rotation", "Lcl Rotation", "", "A", 0.0, 0.0, 0.0),
                   P("Lcl Scaling", "Lcl Scaling", "", "A", 1.0, 1.0, 1.0), *extra),
        Node("Shading", (True,)), Node("Culling", ("CullingOff",)))


def _global_settings(rate: Fraction, stop: np.int64) -> Node:
    mode = TIME_MODES.get(rate, CUSTOM_RATE)
    axes = [P(name, "int", "Integer", "", value) for name, value in
            (("UpAxis", 1), ("UpAxisSign", 1), ("FrontAxis", 2), ("FrontAxisSign", 1), ("CoordAxis", 0),
             ("CoordAxisSign", 1), ("OriginalUpAxis", 1), ("OriginalUpAxisSign", 1))]
    return Node("GlobalSettings", (), (Node("Version", (1000,)), properties(
        *axes, P("UnitScaleFactor", "double", "Number", "", 1.0),
        P("OriginalUnitScaleFactor", "double", "Number", "", 1.0),
        P("AmbientColor", "ColorRGB", "Color", "", 0.0, 0.0, 0.0),
        P("DefaultCamera", "KString", "", "", "Producer Perspective"),
        P("TimeMode", "enum", "", "", mode), P("TimeProtocol", "enum", "", "", 2),
        P("SnapOnFrameMode", "enum", "", "", 0), P("TimeSpanStart", "KTime", "Time", "", np.int64(0)),
        P("TimeSpanStop", "KTime", "Time", "", stop),
        P("CustomFrameRate", "double", "Number", "", float(rate) if mode == CUSTOM_RATE else -1.0))))


def _documents(take: str) -> Node:
    return Node("Documents", (), (Node("Count", (1,)), Node("Document", (np.int64(1), "Scene", "Scene"), (
        properties(P("SourceObject", "object", "", ""), P("ActiveAnimStackName", "KString", "", "", take)),
        Node("RootNode", (np.int64(0),))))))
