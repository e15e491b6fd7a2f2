"""glTF 2.0 rigs, .glb and .gltf: placed meshes with morph targets, skins at rest.

glTF splits vertices at UV seams and hard edges; those that agree in place and in every shape are joined again.

Why a reader of our own: trimesh (tried: 5.2.0) reads a .glb's vertices, faces and UVs and keeps the names of its morph
targets, but not the targets themselves, nor skins, and no FBX at all, which leaves nothing that a face needs.
"""

import struct
from collections.abc import Callable

import numpy as np

from capture.errors import ModelError
from solver.gltf_file import GltfFile, accessor, open_gltf
from solver.rig import Rig, RigMesh
from solver.vrm import BACKWARDS, ONE_SIDED, bound, expressions, remarks

KNOWN_EXTENSIONS = {"KHR_mesh_quantization", "KHR_texture_transform", "KHR_materials_unlit"}
TRIANGLES, STRIP, FAN = 4, 5, 6


def read_gltf(data: bytes, where: str, read_beside: Callable[[str], bytes]) -> Rig:
    """Read a .glb or .gltf file.

    Args:
        data: the file's bytes.
        where: its path, for messages.
        read_beside: reads a file named relative to this one.

    Raises:
        ModelError: it is damaged, compressed in a way that is not read, or its parts do not fit one another.
    """
    try:
        file = open_gltf(data, where, read_beside)
        if missing := set(file.json.get("extensionsRequired", ())) - KNOWN_EXTENSIONS:
            raise ModelError(f"{where} needs the glTF extension {min(missing)}, which mien does not read; export it "
                             "without compression")
        worlds = _worlds(file)
        nodes = file.json.get("nodes", ())
        counts, told = expressions(file.json)
        found = bound([_mesh(file, node, worlds[index], worlds) if "mesh" in node and index in worlds else None
                       for index, node in enumerate(nodes)], nodes, counts, told)
        meshes = tuple(mesh for mesh in found if mesh is not None)
        for mesh in meshes:
            file.room.take(3 * len(mesh.vertices) * len(mesh.binds), f"{len(mesh.binds)} expressions")
        names = [node.get("name", f"node{index}") for index, node in enumerate(nodes)]
        joints = {names[index]: worlds[index] for skin in file.json.get("skins", ()) for index in skin["joints"]
                  if index in worlds}
        above = {names[child]: names[index] for index, node in enumerate(nodes) for child in node.get("children", ())}
        return Rig(where, meshes, 1.0, BACKWARDS if counts == "mesh" else np.eye(3), joints, above,
                   tuple(each.name for each in told if each.preset and each.name in ONE_SIDED.values()), remarks(told))
    except (KeyError, IndexError, ValueError, TypeError, AttributeError, struct.error, OverflowError, RecursionError,
            MemoryError) as error:
        raise ModelError(f"{where} is cut short or damaged ({error}); export the rig again") from error


def _worlds(file: GltfFile) -> dict[int, np.ndarray]:
    """Node index -> (4, 4) world_from_node, for the nodes of the scene."""
    nodes = file.json.get("nodes", ())
    scenes = file.json.get("scenes")
    below = {child for node in nodes for child in node.get("children", ())}
    roots = scenes[file.json.get("scene", 0)].get("nodes", ()) if scenes else set(range(len(nodes))) - below
    worlds: dict[int, np.ndarray] = {}
    waiting = [(root, np.eye(4)) for root in sorted(roots)]
    while waiting:
        index, above = waiting.pop()
        if index in worlds:
            raise ValueError("a node hangs from two others")
        node = nodes[index]
        if "matrix" in node:
            local = np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
        else:
            local = np.eye(4)
            scale = np.array(node.get("scale", (1, 1, 1)), dtype=np.float64)
            local[:3, :3] = _rotation(node.get("rotation", (0, 0, 0, 1))) * scale
            local[:3, 3] = node.get("translation", (0, 0, 0))
        worlds[index] = above @ local
        waiting += [(child, worlds[index]) for child in node.get("children", ())]
    return worlds


def _rotation(quaternion: tuple[float, ...]) -> np.ndarray:
    x, y, z, w = np.array(quaternion, dtype=np.float64) / max(np.linalg.norm(quaternion), 1e-12)
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])


def _mesh(file: GltfFile, node: dict, world: np.ndarray, worlds: dict[int, np.ndarray]) -> RigMesh | None:
    mesh = file.json["meshes"][node["mesh"]]
    name = node.get("name") or mesh.get("name") or "mesh"
    materials = file.json.get("materials", ())
    blocks = [block for block in mesh["primitives"] if block.get("mode", TRIANGLES) in (TRIANGLES, STRIP, FAN)]
    if not blocks:
        return None
    count = max(len(block.get("targets", ())) for block in blocks)
    own = _target_names(mesh) or _target_names(blocks[0])
    names = [str(own[index]) if index < len(own) else f"shape{index}" for index in range(count)]
    if len(set(names)) < count:
        twice = next(shape for shape in names if names.count(shape) > 1)
        raise ModelError(f"{file.where}: the mesh {name!r} has two shapes named {twice!r}; rename one")
    counts = [int(file.json["accessors"][block["attributes"]["POSITION"]]["count"]) for block in blocks]
    file.room.take(3 * sum(counts) * (count + 1), f"{count} shapes of {sum(counts)} vertices")
    points, uvs, deltas, faces, held = [], [], [], [], []
    start = 0
    for block in blocks:
        attributes = block["attributes"]
        position = accessor(file, attributes["POSITION"]).astype(np.float64)
        moves = np.zeros((count, len(position), 3))
        for index, target in enumerate(block.get("targets", ())):
            if "POSITION" in target:
                move = accessor(file, target["POSITION"])
                if move.shape != position.shape:
                    raise ModelError(f"{file.where}: the shape {names[index]!r} has {len(move)} vertices, and its mesh "
                                     f"{name!r} has {len(position)}; export the rig again")
                moves[index] = move
        matrix = np.broadcast_to(world, (len(position), 4, 4))
        share = {}
        if "skin" in node and "JOINTS_0" in attributes:
            matrix, share = _skinned(file, file.json["skins"][node["skin"]], attributes, worlds)
        points.append(np.einsum("vij,vj->vi", matrix[:, :3, :3], position) + matrix[:, :3, 3])
        deltas.append(np.einsum("vij,kvj->kvi", matrix[:, :3, :3], moves))
        uv = accessor(file, attributes["TEXCOORD_0"]) if "TEXCOORD_0" in attributes else np.zeros((len(position), 2))
        if len(uv) != len(position):
            raise ModelError(f"{file.where}: the mesh {name!r} has {len(position)} vertices and {len(uv)} UVs; export "
                             "the rig again")
        uvs.append(np.column_stack([uv[:, 0], 1.0 - uv[:, 1]]))  # glTF counts v from the top
        triangles = _triangles(file, block, len(position), name) + start
        mirrored = np.linalg.det(matrix[:, :3, :3]).sum() < 0  # it shows its faces from their other side, says glTF
        faces.append(triangles[:, ::-1] if mirrored else triangles)
        held.append(share)
        start += len(position)
    joints = sorted({joint for share in held for joint in share})
    sizes = [len(part) for part in points]
    shared = {joint: np.concatenate([share.get(joint, np.zeros(size)) for share, size in zip(held, sizes, strict=True)])
              for joint in joints}
    labels = [block.get("material", -1) for block in blocks]
    return _welded(name, np.concatenate(points), np.concatenate(deltas, axis=1), names, np.concatenate(faces),
                   np.concatenate(uvs), np.repeat(np.arange(len(blocks)), [len(part) for part in faces]),
                   tuple(materials[label].get("name", f"material{label}") if label >= 0 else name for label in labels),
                   np.array([_colour(materials[label] if label >= 0 else {}) for label in labels]), shared)


def _target_names(entry: dict) -> list:
    """What most exporters write the shapes' names as; glTF lets `extras` be anything."""
    extras = entry.get("extras")
    return (isinstance(extras, dict) and extras.get("targetNames")) or []


def _triangles(file: GltfFile, block: dict, count: int, name: str) -> np.ndarray:
    order = accessor(file, block["indices"])[:, 0].astype(np.int64) if "indices" in block else np.arange(count)
    if len(order) and order.max() >= count:
        raise ModelError(f"{file.where}: a face of the mesh {name!r} points to vertex {order.max()}, and it has "
                         f"{count}; export the rig again")
    mode = block.get("mode", TRIANGLES)
    if mode == TRIANGLES:
        return order[:len(order) // 3 * 3].reshape(-1, 3)
    if mode == FAN:
        return np.stack([np.full(max(len(order) - 2, 0), order[0]), order[1:-1], order[2:]], axis=1)
    strip = np.stack([order[:-2], order[1:-1], order[2:]], axis=1)
    strip[1::2] = strip[1::2, [1, 0, 2]]
    return strip


def _skinned(file: GltfFile, skin: dict, attributes: dict, worlds: dict[int, np.ndarray]
             ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(V, 4, 4) world_from_mesh at rest, and what each joint holds. The mesh's own node does not count, says glTF."""
    joints = skin["joints"]
    inverse = accessor(file, skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1) \
        if "inverseBindMatrices" in skin else np.broadcast_to(np.eye(4), (len(joints), 4, 4))
    rest = np.stack([worlds[joint] @ matrix for joint, matrix in zip(joints, inverse, strict=True)])  # (J, 4, 4)
    which = accessor(file, attributes["JOINTS_0"]).astype(np.int64)
    much = accessor(file, attributes["WEIGHTS_0"]).astype(np.float64)
    much = much / np.maximum(much.sum(axis=1, keepdims=True), 1e-12)
    file.room.take((16 + len(joints)) * len(which), f"the weights of {len(joints)} joints for {len(which)} vertices")
    held = {}
    for number, joint in enumerate(joints):
        share = (much * (which == number)).sum(axis=1)
        if share.any():
            held[file.json["nodes"][joint].get("name", f"node{joint}")] = share
    return np.einsum("vj,vjab->vab", much, rest[which]), held


def _welded(name: str, points: np.ndarray, deltas: np.ndarray, names: list[str], triangles: np.ndarray, uv: np.ndarray,
            face_material: np.ndarray, material_names: tuple[str, ...], colours: np.ndarray,
            held: dict[str, np.ndarray]) -> RigMesh:
    key = np.ascontiguousarray(np.concatenate([points[None], deltas]).transpose(1, 0, 2).reshape(len(points), -1)
                               .astype(np.float32) + np.float32(0))  # + 0 turns -0 to 0, which compares by bytes
    rows = key.view(np.dtype((np.void, key.dtype.itemsize * key.shape[1])))[:, 0]
    _, first, place = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first)  # in the file's own order
    place = np.argsort(order)[place]
    first = first[order]
    corners = place[triangles]
    whole = (corners[:, 0] != corners[:, 1]) & (corners[:, 1] != corners[:, 2]) & (corners[:, 2] != corners[:, 0])
    fourth = np.full((int(whole.sum()), 1), -1)
    return RigMesh(name, points[first], np.column_stack([corners[whole], fourth]).astype(np.int32), uv,
                   np.column_stack([triangles[whole], fourth]).astype(np.int32), material_names, face_material[whole],
                   colours, {shape: delta[first] for shape, delta in zip(names, deltas, strict=True)},
                   held={joint: share[first] for joint, share in held.items()})


def _colour(material: dict) -> tuple[float, ...]:
    factor = material.get("pbrMetallicRoughness", {}).get("baseColorFactor", (0.5, 0.5, 0.5, 1.0))
    red, green, blue, _ = (min(max(float(value), 0.0), 1.0) for value in factor)
    return red, green, blue
