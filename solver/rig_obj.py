"""A rig as a folder of OBJ files: one at rest, and one for each shape at its full weight."""

import re

import numpy as np

from capture.errors import ModelError
from solver.model_source import ModelFiles
from solver.obj_file import read_obj, read_vertices
from solver.rig import Rig, RigMesh

REST = re.compile(r"(.*[_\-. ])?(neutral|base|basis|rest|default|bindpose)([_\-. ].*)?", re.IGNORECASE)
GREY = (0.5, 0.5, 0.5)


def read_obj_folder(files: ModelFiles) -> Rig:
    """Read the OBJ files at the folder's (or zip's) top; those in deeper folders are left alone.

    Raises:
        ModelError: there is no neutral, or a file is damaged or of another vertex count.
    """
    depth = min((name.count("/") for name in files.names if name.lower().endswith(".obj")), default=0)
    stems = {name.rsplit("/", 1)[-1][:-4]: name for name in files.names
             if name.lower().endswith(".obj") and name.count("/") == depth
             and not name.rsplit("/", 1)[-1].startswith(".")}  # macOS puts a "._jawOpen.obj" beside each on other disks
    rest = [stem for stem in stems if REST.fullmatch(stem)]
    if len(rest) != 1:
        found = f"several ({', '.join(sorted(rest)[:3])})" if rest else "none"
        raise ModelError(f"{files.where} needs one OBJ of the face at rest, named neutral.obj, and has {found}; "
                         "rename or move the files")
    mesh = read_obj(files.read(stems[rest[0]]), f"{files.where}: {stems[rest[0]]}")
    shapes = {}
    for stem, name in stems.items():
        if stem == rest[0]:
            continue
        vertices = read_vertices(files.read(name), f"{files.where}: {name}")
        if len(vertices) != len(mesh.vertices):
            raise ModelError(f"{files.where}: {name} has {len(vertices)} vertices, and {stems[rest[0]]} has "
                             f"{len(mesh.vertices)}; export all shapes from one mesh")
        shapes[stem] = vertices - mesh.vertices
    groups = len(mesh.group_names)
    return Rig(files.where, (RigMesh(
        "head", mesh.vertices, mesh.faces, mesh.uv, mesh.uv_faces, mesh.group_names, mesh.face_group,
        np.array([GREY] * groups), shapes),), None, np.eye(3))
