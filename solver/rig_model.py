"""From a user's rig to a face model: all its meshes in one, metres, looking along +z, with eyes that turn."""

import re
from dataclasses import replace

import numpy as np

from capture.errors import ModelError
from solver.face_model import Between, FaceModel, Morph, offsets_at
from solver.model_file import check_model
from solver.rig import Rig, RigMesh
from solver.rig_jaw import find_jaw, jaw_shapes
from solver.rig_morphs import morphs_of, solved_shapes
from solver.rig_parts import JoinedRig, eyeballs, face_parts, pieces
from solver.rig_place import placement

LEVEL = re.compile(r"(?<![_\-. ])[_\-. ]*lod[_\-. ]?(\d{1,3})(?!\d)", re.IGNORECASE)
"""How engines mark a mesh's level of detail in its name."""


def rig_model(rig: Rig, name: str) -> FaceModel:
    """The rig as a face model with its own shape names.

    Raises:
        ModelError: it has no meshes or no shapes, or its numbers make no sense.
    """
    if not rig.meshes:
        raise ModelError(f"{rig.where} has no mesh; export the head with its shapes")
    found = _finest(rig.meshes)
    meshes, plays, remarks = solved_shapes(found, rig.presets)
    joined = _join(meshes)
    if not joined.shapes:
        raise ModelError(f"{rig.where} has no named shapes (blend shapes, morph targets) that move anything; "
                         "export the head with its shapes")
    moves = [*joined.shapes.items(), *((own, move) for own, steps in joined.between.items() for _, move in steps)]
    morphs, too_many = morphs_of(found, plays, joined.shapes)
    for own, values in [("neutral", joined.vertices), *moves, *((morph.name, morph.offsets) for morph in morphs)]:
        if not np.isfinite(values).all():
            raise ModelError(f"{rig.where}: {own!r} has a vertex that is not finite; export the rig again")
    rotation, metres = placement(rig, joined.vertices, joined.shapes)
    turned = rotation.T * metres  # points as rows
    joined = replace(joined, vertices=joined.vertices @ turned,
                     shapes={own: delta @ turned for own, delta in joined.shapes.items()},
                     between={own: [(weight, delta @ turned) for weight, delta in steps]
                              for own, steps in joined.between.items()})
    morphs = [replace(morph, offsets=morph.offsets @ turned) for morph in morphs]
    jaw = find_jaw({joint: _stood(place, rotation, metres) for joint, place in rig.joints.items()}, rig.above,
                   joined.held, joined.vertices, joined.shapes)
    if jaw is not None:
        made = jaw_shapes(jaw, joined.vertices, tuple(joined.shapes))
        jaw = replace(jaw, made=tuple(made))
        joined = replace(joined, shapes=joined.shapes | made)
        morphs += [Morph(own, ((own, 1.0),), move) for own, move in made.items() if morphs]
    piece = pieces(joined)
    eyes = eyeballs(joined, piece)
    part_names, face_part, albedo = face_parts(joined, piece, [eye.vertices for eye in eyes])
    model = FaceModel(
        name=name, neutral=joined.vertices.astype(np.float32), faces=joined.faces.astype(np.int32),
        uv=joined.uv.astype(np.float32), uv_faces=joined.uv_faces.astype(np.int32), part_names=part_names,
        face_part=face_part, identity=np.zeros((0, len(joined.vertices), 3), np.float32), identity_names=(),
        shape_names=tuple(joined.shapes), shapes=np.stack(list(joined.shapes.values())).astype(np.float32), eyes=eyes,
        albedo=albedo, jaw=jaw,
        between=tuple(Between(own, weight, delta.astype(np.float32)) for own, steps in joined.between.items()
                      for weight, delta in steps),
        morphs=tuple(replace(morph, offsets=morph.offsets.astype(np.float32)) for morph in morphs),
        remarks=(*remarks, *rig.remarks, *too_many))
    check_model(model, rig.where)
    return model


def _stood(world_from_joint: np.ndarray, rotation: np.ndarray, metres: float) -> np.ndarray:
    """(4, 4) a joint in the model's axes, its place in metres."""
    out = np.eye(4)
    out[:3, :3] = rotation @ world_from_joint[:3, :3]
    out[:3, 3] = rotation @ world_from_joint[:3, 3] * metres
    return out


def _join(meshes: tuple[RigMesh, ...]) -> JoinedRig:
    """One mesh of all; shapes of the same name in several meshes are one shape."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    uv_starts = np.cumsum([0] + [len(mesh.uv) for mesh in meshes])
    count = starts[-1]
    label, face_label, colours, shapes, held, weights = [], [], [], {}, {}, {}
    for mesh, start in zip(meshes, starts, strict=False):
        face_label.append(mesh.face_material + len(label))
        label += [f"{mesh.name} {material}" for material in mesh.material_names]
        colours.append(mesh.material_colours)
        for own, delta in mesh.shapes.items():
            if np.abs(delta).max(initial=0.0) == 0.0:
                continue  # many rigs carry placeholders that move nothing
            shapes.setdefault(own, np.zeros((count, 3)))[start:start + len(delta)] = delta
        for own, steps in mesh.between.items():
            weights.setdefault(own, set()).update(weight for weight, _ in steps)
        for joint, share in mesh.held.items():
            held.setdefault(joint, np.zeros(count))[start:start + len(share)] = share

    def shifted(faces: list[np.ndarray], by: np.ndarray) -> np.ndarray:
        return np.concatenate([np.where(own >= 0, own + first, -1) for own, first in zip(faces, by, strict=False)])

    return JoinedRig(
        np.concatenate([mesh.vertices for mesh in meshes]), shifted([mesh.faces for mesh in meshes], starts),
        np.concatenate([mesh.uv for mesh in meshes]), shifted([mesh.uv_faces for mesh in meshes], uv_starts),
        tuple(label), np.concatenate(face_label), np.concatenate(colours), shapes, held,
        {own: [(weight, _all_at(weight, own, meshes)) for weight in sorted(weights[own])]
         for own in weights if own in shapes})


def _all_at(weight: float, own: str, meshes: tuple[RigMesh, ...]) -> np.ndarray:
    """(V, 3): the offsets of all meshes when a shape has the weight of an in-between that one of them has."""
    parts = []
    for mesh in meshes:
        full = mesh.shapes.get(own, np.zeros((len(mesh.vertices), 3)))
        parts.append(offsets_at(weight, full, mesh.between.get(own, [])))
    return np.concatenate(parts)


def _finest(meshes: tuple[RigMesh, ...]) -> tuple[RigMesh, ...]:
    """The meshes without the coarser levels of detail: `head_LOD1` where there is a `head_LOD0`, or a `head` alone."""
    levels = [(re.sub(LEVEL, "", mesh.name).lower(), int(found[1]) if (found := re.search(LEVEL, mesh.name)) else 0)
              for mesh in meshes]
    best: dict[str, int] = {}
    for stem, level in levels:
        best[stem] = min(level, best.get(stem, level))
    return tuple(mesh for mesh, (stem, level) in zip(meshes, levels, strict=True) if level == best[stem])
