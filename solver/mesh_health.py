"""What is wrong with a model's triangles, as trimesh sees them."""

import numpy as np
import trimesh

from solver.face_model import FaceModel


def complaints(model: FaceModel) -> tuple[str, ...]:
    """A sentence for each fault that spoils what is drawn or found on the mesh; none where it is sound."""
    mesh = trimesh.Trimesh(model.neutral, model.triangles, process=False)
    flat = np.count_nonzero(~mesh.nondegenerate_faces())
    unused = np.count_nonzero(~mesh.referenced_vertices)
    out = []
    if flat:
        out.append(f"{flat} of {len(model.triangles)} triangles have no area: landmarks on them cannot be told apart")
    if not mesh.is_winding_consistent:
        out.append("neighbouring triangles face opposite ways: some are drawn from behind; unify the normals")
    if unused:
        out.append(f"{unused} of {len(model.neutral)} vertices belong to no triangle")
    return tuple(out)
