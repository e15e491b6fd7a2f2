"""Wavefront OBJ: positions, faces, UVs and groups. Normals, curves and materials' looks are not read."""

from dataclasses import dataclass

import numpy as np

from capture.errors import ModelError


@dataclass(frozen=True)
class ObjMesh:
    """One OBJ file.

    Attributes:
        vertices: (V, 3) in the file's own unit.
        faces: (F, 4) vertex indices; -1 fills up triangles; larger polygons are cut into a fan.
        uv: (U, 2).
        uv_faces: (F, 4) indices into uv; all -1 where a face has none.
        group_names: materials where the file names any, else objects or groups; at least one.
        face_group: (F) index into group_names.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    group_names: tuple[str, ...]
    face_group: np.ndarray


def read_vertices(data: bytes, where: str) -> np.ndarray:
    """(V, 3) of an OBJ file's `v` lines alone: all that differs from shape to shape.

    Raises:
        ModelError: a line is not three finite numbers, or there is none.
    """
    vertices = _numbers(_lines(data), b"v", 3, where)
    if len(vertices) == 0:
        raise ModelError(f"{where} has no vertices; export the mesh as OBJ again")
    return vertices


def read_obj(data: bytes, where: str) -> ObjMesh:
    """Read an OBJ file.

    Raises:
        ModelError: it is damaged or has no faces; the message names the file and what is wrong.
    """
    lines = _lines(data)
    vertices = _numbers(lines, b"v", 3, where)
    uv = _numbers(lines, b"vt", 2, where)
    faces, uv_faces, groups, names = [], [], [], {}
    by_material = any(line.startswith(b"usemtl ") for line in lines)
    group = 0
    for number, line in enumerate(lines, 1):
        tokens = line.split()
        if not tokens:
            continue
        if tokens[0] == b"usemtl" or (not by_material and tokens[0] in (b"o", b"g")):
            name = b" ".join(tokens[1:]).decode("utf-8", "replace") or "mesh"
            group = names.setdefault(name, len(names))
        elif tokens[0] == b"f":
            try:
                parts = _quads([_corner(token, len(vertices), len(uv)) for token in tokens[1:]])
            except (ValueError, IndexError):
                raise ModelError(f"{where}, line {number}: the face {line[:60].decode('ascii', 'replace')!r} makes no "
                                 "sense; export the mesh as OBJ again") from None
            for part in parts:
                faces.append([corner[0] for corner in part])
                uv_faces.append([corner[1] for corner in part])
                groups.append(group)
    if not faces:
        raise ModelError(f"{where} has no faces; export the mesh as OBJ again")
    uv_faces = np.array(uv_faces, dtype=np.int32)
    missing = ((uv_faces < 0) & (np.array(faces) >= 0)).any(axis=1)
    uv_faces[missing] = -1
    return ObjMesh(vertices, np.array(faces, dtype=np.int32), uv, uv_faces, tuple(names) or ("mesh",),
                   np.array(groups, dtype=np.int32))


def _lines(data: bytes) -> list[bytes]:
    return data.removeprefix(b"\xef\xbb\xbf").splitlines()  # Windows editors put that mark before the first line


def _numbers(lines: list[bytes], key: bytes, count: int, where: str) -> np.ndarray:
    chosen = [line for line in lines if line.startswith((key + b" ", key + b"\t"))]
    if not chosen:
        return np.zeros((0, count))
    try:
        table = np.loadtxt(chosen, usecols=range(1, count + 1), ndmin=2, comments=None, dtype=np.float64)
    except ValueError as error:
        raise ModelError(f"{where} has a damaged `{key.decode()}` line ({error}); export the mesh as OBJ again"
                         ) from error
    if not np.isfinite(table).all():
        row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
        raise ModelError(f"{where}: vertex {row} is not a finite number; export the mesh as OBJ again")
    return table


def _corner(token: bytes, vertices: int, uvs: int) -> tuple[int, int]:
    """Zero-based vertex and UV index of `7`, `7/3`, `7//2`, `7/3/2` or negative ones counted from the end."""
    parts = token.split(b"/")
    vertex = _index(int(parts[0]), vertices)
    uv = _index(int(parts[1]), uvs) if len(parts) > 1 and parts[1] else -1
    return vertex, uv


def _index(value: int, count: int) -> int:
    index = value - 1 if value > 0 else count + value
    if value == 0 or not 0 <= index < count:
        raise IndexError
    return index


def _quads(corners: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    if len(corners) < 3:
        raise ValueError
    if len(corners) <= 4:
        return [corners + [(-1, -1)] * (4 - len(corners))]
    return [[corners[0], corners[i], corners[i + 1], (-1, -1)] for i in range(1, len(corners) - 1)]
