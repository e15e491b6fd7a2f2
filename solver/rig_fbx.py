"""FBX rigs: placed meshes, blend shapes with their in-betweens, joints and what they hold.

Why a reader of our own: trimesh reads no FBX. ufbx reads all of it and is well kept, but its Python bindings crash when
their wrappers are freed (0.0.5), so it would need a process of its own; in the tests it is the check: it finds the
same vertices. Blender as a module is 370 MB and GPL, Autodesk's own SDK is closed. What is read here follows the SDK's
documentation of nodes, pivots and blend shapes.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from capture.errors import ModelError
from solver.fbx_nodes import Node, read_nodes
from solver.rig import Rig, RigMesh, Room, picked, polygons, turned_over

CENTIMETRE = 0.01
EULER_ORDERS = ("xyz", "xzy", "yzx", "yxz", "zxy", "zyx")
GREY = (0.5, 0.5, 0.5)
STILL = 1e-6
"""Share of a node's numbers by which joints may put a mesh elsewhere before they are heeded: what rounding leaves."""


@dataclass(frozen=True)
class _Objects:
    """The file's objects by their ids, who hangs from whom, and the room that is left for what they say."""

    where: str
    room: Room
    nodes: dict[int, Node]
    children: dict[int, list[int]]
    parent: dict[int, int]

    def below(self, key: int, kind: str, subkind: bytes = b"") -> list[int]:
        """The ids of the children that are of `kind` (and of `subkind`, the object's third value)."""
        return [child for child in self.children[key] if child in self.nodes and self.nodes[child].name == kind
                and (not subkind or self.nodes[child].values[2] == subkind)]


def read_fbx(data: bytes, where: str) -> Rig:
    """Read an FBX 7.x file, binary or ASCII.

    Raises:
        ModelError: it is damaged, or its parts do not fit one another.
    """
    root = read_nodes(data, where)
    try:
        objects = _objects(root, where, Room(len(data)))
        models = [key for key, node in objects.nodes.items() if node.name == "Model"]
        meshes = tuple(_mesh(objects, model, geometry) for model in models
                       for geometry in objects.below(model, "Geometry", b"Mesh"))
        bones = [key for key in models if objects.nodes[key].values[2] != b"Mesh"]
        joints = {_name(objects.nodes[key]): _world(objects, key) for key in bones}
        above = {_name(objects.nodes[key]): _name(objects.nodes[objects.parent[key]]) for key in bones
                 if objects.parent.get(key) in objects.nodes}
        settings = _properties(root.first("GlobalSettings"))
        unit = float(settings.get("UnitScaleFactor", (1.0,))[0])
        return Rig(where, meshes, unit * CENTIMETRE, _axes(settings), joints, above)
    except (IndexError, KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelError(f"{where} is damaged: its objects do not fit one another ({error}); export the rig again"
                         ) from error


def _objects(root: Node, where: str, room: Room) -> _Objects:
    nodes = {node.values[0]: node for part in root.all("Objects") for node in part.children
             if len(node.values) >= 3 and isinstance(node.values[0], int)}
    children, parent = defaultdict(list), {}
    for part in root.all("Connections"):
        for link in part.all("C"):
            child, above = link.values[1], link.values[2]
            children[above].append(child)
            if link.values[0] == b"OO" and (above == 0 or getattr(nodes.get(above), "name", "") == "Model"):
                parent[child] = above
    return _Objects(where, room, nodes, children, parent)


def _name(node: Node) -> str:
    """`Model::head` in ASCII, `head\\0\\1Model` in binary."""
    raw = node.values[1].split(b"\x00\x01")[0].decode("utf-8", "replace")
    return raw.split("::", 1)[-1]


def _properties(node: Node | None) -> dict[str, tuple]:
    table = node.first("Properties70") if node is not None else None
    return {entry.values[0].decode("ascii", "replace"): entry.values[4:] for entry in table.all("P")} if table else {}


def _axes(settings: dict[str, tuple]) -> np.ndarray:
    axes = np.zeros((3, 3))
    for row, (name, default) in enumerate((("Coord", 0), ("Up", 1), ("Front", 2))):
        column = int(settings.get(f"{name}Axis", (default,))[0])
        axes[row, column] = float(settings.get(f"{name}AxisSign", (1,))[0])
    return axes if abs(abs(np.linalg.det(axes)) - 1) < 1e-9 else np.eye(3)


def _mesh(objects: _Objects, model: int, key: int) -> RigMesh:
    node = objects.nodes[key]
    vertices = node.array("Vertices", np.float64).reshape(-1, 3)
    corners = node.array("PolygonVertexIndex", np.int64)
    ends = np.flatnonzero(corners < 0)  # the last corner of each polygon is stored as -index - 1
    indices = np.where(corners < 0, -corners - 1, corners)
    objects.room.take(3 * len(vertices) + 4 * len(corners), f"the mesh of {len(vertices)} vertices and its copies")
    name = _name(objects.nodes[model])
    if len(ends) == 0 or (len(indices) and indices.max() >= len(vertices)):
        raise ModelError(f"{objects.where}: the mesh {name!r} has no faces or points to vertices that it does not "
                         "have; export the rig again")
    counts = np.diff(np.concatenate([[-1], ends]))
    places, owner = polygons(counts.tolist())
    held, world = _held(objects, key, len(vertices)), _placed(objects, model, key, len(vertices))
    if np.linalg.det(world[:, :3, :3]).sum() < 0:
        places = turned_over(places)  # a mirrored node shows its faces from their other side
    uv, uv_corners = _uv(node, indices)
    materials = [objects.nodes[child] for child in objects.below(model, "Material")]
    shapes, between = _shapes(objects, key, len(vertices), name)
    return RigMesh(
        name=name, vertices=_turned(world, vertices) + world[:, :3, 3], faces=picked(indices, places), uv=uv,
        uv_faces=picked(uv_corners, places) if len(uv_corners) else np.full(places.shape, -1, dtype=np.int32),
        material_names=tuple(_name(material) for material in materials) or (name,),
        face_material=np.minimum(_materials(node, len(counts)), max(len(materials) - 1, 0))[owner],
        material_colours=np.array([_colour(material) for material in materials] or [GREY]),
        shapes={shape: _turned(world, delta) for shape, delta in shapes.items()},
        between={shape: [(weight, _turned(world, delta)) for weight, delta in steps]
                 for shape, steps in between.items()},
        held=held)


def _uv(node: Node, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first UV set: (U, 2), and an index into it for each polygon corner; both empty where there is none."""
    layer = node.first("LayerElementUV")
    if layer is None:
        return np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    uv = layer.array("UV", np.float64).reshape(-1, 2)
    direct = layer.value("ReferenceInformationType") == b"Direct"
    by_vertex = layer.value("MappingInformationType") in (b"ByVertice", b"ByVertex")
    count = node.array("Vertices", np.float64).size // 3 if by_vertex else len(indices)
    own = np.arange(count) if direct else layer.array("UVIndex", np.int64)
    corners = own[indices] if by_vertex else own
    if len(corners) != len(indices) or (len(corners) and not -1 <= corners.min() <= corners.max() < len(uv)):
        return np.zeros((0, 2)), np.zeros(0, dtype=np.int64)  # a UV set that does not fit is no reason to refuse a rig
    return uv, corners


def _materials(node: Node, polygon_count: int) -> np.ndarray:
    layer = node.first("LayerElementMaterial")
    numbers = layer.array("Materials", np.int64) if layer is not None else np.zeros(0, dtype=np.int64)
    if len(numbers) != polygon_count:
        return np.full(polygon_count, numbers[0] if len(numbers) else 0)
    return np.maximum(numbers, 0)


def _colour(material: Node) -> tuple[float, float, float]:
    values = _properties(material)
    colour = values.get("DiffuseColor", values.get("Diffuse", GREY))[:3]
    factor = float(values.get("DiffuseFactor", (1.0,))[0])
    return tuple(min(max(float(value) * factor, 0.0), 1.0) for value in colour)


def _shapes(objects: _Objects, geometry: int, count: int, mesh: str
            ) -> tuple[dict[str, np.ndarray], dict[str, list[tuple[float, np.ndarray]]]]:
    """Each channel's full shape as (V, 3) offsets in the geometry's own space, and its in-betweens."""
    found, between = {}, {}
    for deformer in objects.below(geometry, "Deformer", b"BlendShape"):
        for channel in objects.below(deformer, "Deformer", b"BlendShapeChannel"):
            name = _name(objects.nodes[channel])
            targets = objects.below(channel, "Geometry", b"Shape")
            if not targets:
                continue
            objects.room.take(3 * count * len(targets), f"its shapes of {count} vertices")
            name = name or _name(objects.nodes[targets[0]])
            full = objects.nodes[channel].array("FullWeights", np.float64)
            full = full if len(full) == len(targets) else np.linspace(0, 100, len(targets) + 1)[1:]
            order = np.argsort(full, kind="stable")
            if name in found:
                raise ModelError(f"{objects.where}: the mesh {mesh!r} has two shapes named {name!r}; rename one")
            offsets = [_offsets(objects, targets[place], count, mesh, name) for place in order]
            found[name] = offsets[-1]
            at = full[order] / max(full[order[-1]], 1e-9)
            steps = {float(weight): delta for weight, delta in zip(at, offsets[:-1], strict=False) if 0 < weight < 1}
            if steps:
                between[name] = list(steps.items())
    return found, between


def _offsets(objects: _Objects, key: int, count: int, mesh: str, name: str) -> np.ndarray:
    shape = objects.nodes[key]
    indices = shape.array("Indexes", np.int64)
    moves = shape.array("Vertices", np.float64)
    if moves.size != 3 * len(indices) or (len(indices) and not 0 <= indices.min() <= indices.max() < count):
        raise ModelError(f"{objects.where}: the shape {name!r} does not fit the mesh {mesh!r} of {count} vertices; "
                         "export all shapes from one mesh")
    offsets = np.zeros((count, 3))
    offsets[indices] = moves.reshape(-1, 3)
    return offsets


def _clusters(objects: _Objects, geometry: int, count: int) -> Iterator[tuple[int, Node, np.ndarray]]:
    """Each joint that holds some of a mesh: its id, the node that says so, and (V) how much of each vertex."""
    for skin in objects.below(geometry, "Deformer", b"Skin"):
        for cluster in objects.below(skin, "Deformer", b"Cluster"):
            node = objects.nodes[cluster]
            indices, weights = node.array("Indexes", np.int64), node.array("Weights", np.float64)
            for joint in objects.below(cluster, "Model"):
                objects.room.take(count, f"its joints' weights for {count} vertices")
                share = np.zeros(count)
                share[indices] = weights
                yield joint, node, share


def _held(objects: _Objects, geometry: int, count: int) -> dict[str, np.ndarray]:
    return {_name(objects.nodes[joint]): share for joint, _, share in _clusters(objects, geometry, count)}


def _placed(objects: _Objects, model: int, geometry: int, count: int) -> np.ndarray:
    """(V, 4, 4) world_from_mesh at rest, or (1, 4, 4) where it is one for all. What joints hold stands where they put
    it, wherever the mesh's own node may be."""
    offset = _geometry_offset(objects.nodes[model])
    own = _world(objects, model) @ offset
    bound = [(_world(objects, joint) @ bind.reshape(4, 4).T @ offset, share)  # stored joint_from_mesh, column by column
             for joint, node, share in _clusters(objects, geometry, count)
             if (bind := node.array("Transform", np.float64)).size == 16]
    if all(np.abs(rest - own).max() <= STILL * np.abs(own).max() for rest, _ in bound):
        return own[None]
    objects.room.take(16 * count, f"where its joints put {count} vertices")
    total, much = np.zeros((count, 4, 4)), np.zeros(count)
    for rest, share in bound:
        some = np.flatnonzero(share)
        total[some] += share[some, None, None] * rest
        much += share
    left = np.clip(1.0 - much, 0.0, 1.0)
    return (total + left[:, None, None] * own) / (much + left)[:, None, None]


def _turned(world: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(V, 3) vectors, each by its own matrix or all by the one."""
    return vectors @ world[0, :3, :3].T if len(world) == 1 else np.einsum("vij,vj->vi", world[:, :3, :3], vectors)


def _world(objects: _Objects, key: int, depth: int = 0) -> np.ndarray:
    """(4, 4) world_from_node at rest."""
    if key not in objects.nodes or objects.nodes[key].name != "Model":
        return np.eye(4)
    if depth > 256:
        raise ValueError("nodes hang from one another in a circle")
    return _world(objects, objects.parent.get(key, 0), depth + 1) @ _local(objects.nodes[key])


def _local(node: Node) -> np.ndarray:
    """T Roff Rp Rpre R Rpost^-1 Rp^-1 Soff Sp S Sp^-1, as the FBX SDK documents it."""
    table = _properties(node)

    def vector(name: str, default: float = 0.0) -> np.ndarray:
        return np.array([float(value) for value in table.get(name, (default,) * 3)[:3]])

    order = EULER_ORDERS[min(int(table.get("RotationOrder", (0,))[0]), len(EULER_ORDERS) - 1)]
    pivot, scale_pivot = vector("RotationPivot"), vector("ScalingPivot")
    rotation = _turn(vector("PreRotation"), "xyz") @ _turn(vector("Lcl Rotation"), order) \
        @ _turn(vector("PostRotation"), "xyz").T
    return _move(vector("Lcl Translation") + vector("RotationOffset") + pivot) @ rotation \
        @ _move(-pivot + vector("ScalingOffset") + scale_pivot) \
        @ np.diag([*vector("Lcl Scaling", 1.0), 1.0]) @ _move(-scale_pivot)


def _geometry_offset(node: Node) -> np.ndarray:
    """(4, 4): moves the mesh alone, not what hangs from its node."""
    table = _properties(node)

    def vector(name: str, default: float = 0.0) -> np.ndarray:
        return np.array([float(value) for value in table.get(name, (default,) * 3)[:3]])

    return _move(vector("GeometricTranslation")) @ _turn(vector("GeometricRotation"), "xyz") \
        @ np.diag([*vector("GeometricScaling", 1.0), 1.0])


def _move(by: np.ndarray) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = by
    return matrix


def _turn(degrees: np.ndarray, order: str) -> np.ndarray:
    """(4, 4): Euler angles; "xyz" turns about x first."""
    matrix = np.eye(4)
    for axis in order:
        index = "xyz".index(axis)
        one, two = (index + 1) % 3, (index + 2) % 3
        angle = math.radians(degrees[index])
        turn = np.eye(4)
        turn[one, one] = turn[two, two] = math.cos(angle)
        turn[one, two], turn[two, one] = -math.sin(angle), math.sin(angle)
        matrix = turn @ matrix
    return matrix
