"""Meshes, materials and shapes as FBX objects; `length` is the file's units in a metre."""

import numpy as np

from exporters.fbx_binary import Node
from exporters.fbx_nodes import P, object_node, properties
from exporters.mesh import Mesh, normals, shape_normals

FULL = 100.0
"""The weight at which a channel shows its whole shape. With 1 some programs would show a hundredth of it."""


NORMAL_STEPS = 4096
"""Steps of a shape's normals in 1, a power of two so that they compress: 0.01 degrees."""


def geometry_node(mesh: Mesh, parts: np.ndarray, length: float, shift: np.ndarray) -> Node:
    """The mesh with normals a point, UVs a corner and materials a face.

    `parts` are its materials in order; all points move by `shift`, in the file's units.
    """
    corners, starts = _corners(mesh.faces)
    polygons = corners.copy()
    polygons[np.append(starts[1:], len(corners)) - 1] ^= -1  # a face's last corner is marked by its complement
    layers = [
        Node("LayerElementNormal", (0,), (
            Node("Version", (101,)), Node("Name", ("",)), Node("MappingInformationType", ("ByVertice",)),
            Node("ReferenceInformationType", ("Direct",)), Node("Normals", (_flat(normals(mesh)),)))),
        Node("LayerElementSmoothing", (0,), (
            Node("Version", (102,)), Node("Name", ("",)), Node("MappingInformationType", ("ByPolygon",)),
            Node("ReferenceInformationType", ("Direct",)),
            Node("Smoothing", (np.ones(len(mesh.faces), np.int32),)))),
        Node("LayerElementMaterial", (0,), (
            Node("Version", (101,)), Node("Name", ("",)), Node("MappingInformationType", ("ByPolygon",)),
            Node("ReferenceInformationType", ("IndexToDirect",)),
            Node("Materials", (np.searchsorted(parts, mesh.face_part).astype(np.int32),))))]
    uv_corners, _ = _corners(mesh.uv_faces)
    if len(uv_corners) == len(corners):
        layers.append(Node("LayerElementUV", (0,), (
            Node("Version", (101,)), Node("Name", ("UVMap",)), Node("MappingInformationType", ("ByPolygonVertex",)),
            Node("ReferenceInformationType", ("IndexToDirect",)), Node("UV", (_flat(mesh.uv),)),
            Node("UVIndex", (uv_corners,)))))
    layer = Node("Layer", (0,), (Node("Version", (100,)), *(
        Node("LayerElement", (), (Node("Type", (element.name,)), Node("TypedIndex", (0,)))) for element in layers)))
    return object_node("Geometry", mesh.name, "Geometry", "Mesh", Node("GeometryVersion", (124,)),
                       Node("Vertices", (_flat(mesh.points * length + shift),)),
                       Node("PolygonVertexIndex", (polygons,)), *layers, layer)


def deformer_nodes(mesh: Mesh, length: float) -> tuple[Node, list[tuple[Node, list[Node]]]]:
    """The blend-shape deformer, and for each shape its channel and its deltas: those of its in-betweens, then its own.

    A shape's normals are deltas too; without them one reader drops all shapes.
    """
    # Unreal cuts the deformer's name from the start of a channel's: it must be one that no shape begins with.
    deformer = object_node("Deformer", f"{mesh.name}BlendShapes", "Deformer", "BlendShape", Node("Version", (100,)))
    channels = []
    for name, shape, turn in zip(mesh.shape_names, mesh.shapes, shape_normals(mesh, mesh.shapes), strict=True):
        steps = mesh.steps_of(name)
        channel = object_node(
            "Deformer", name, "SubDeformer", "BlendShapeChannel", Node("Version", (100,)),
            Node("DeformPercent", (0.0,)),
            Node("FullWeights", (np.array([FULL * weight for weight in (*(step.weight for step in steps), 1.0)]),)),
            properties(P("DeformPercent", "Number", "", "A", 0.0)))
        turns = shape_normals(mesh, np.array([step.offsets for step in steps])) if steps else []
        between = [_deltas(step.name, step.offsets, its, length) for step, its in zip(steps, turns, strict=True)]
        channels.append((channel, [*between, _deltas(name, shape, turn, length)]))
    return deformer, channels


def _deltas(name: str, shape: np.ndarray, turn: np.ndarray, length: float) -> Node:
    points = np.flatnonzero(shape.any(axis=1)).astype(np.int32)
    if not len(points):  # a shape that moves nothing still needs an entry
        points = np.zeros(1, np.int32)
    turns = np.round(turn[points] * NORMAL_STEPS) / NORMAL_STEPS
    return object_node(
        "Geometry", name, "Geometry", "Shape", Node("Version", (100,)), Node("Indexes", (points,)),
        Node("Vertices", (_flat(shape[points] * length),)), Node("Normals", (_flat(turns),)))


def material_node(name: str, colour: np.ndarray) -> Node:
    return object_node("Material", name, "Material", "", Node("Version", (102,)), Node("ShadingModel", ("lambert",)),
                       Node("MultiLayer", (0,)),
                       properties(P("DiffuseColor", "Color", "", "A", *np.asarray(colour, float).tolist()),
                                  P("DiffuseFactor", "Number", "", "A", 1.0)))


def _corners(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All corners of all faces in order (M), and where each face begins."""
    used = faces >= 0
    count = used.sum(axis=1)
    return faces[used].astype(np.int32), np.cumsum(count) - count


def _flat(array: np.ndarray) -> np.ndarray:
    """The format's float64, holding no more than float32 can: nobody sees the rest, and it would not compress."""
    return array.astype(np.float32).astype(np.float64).ravel()
