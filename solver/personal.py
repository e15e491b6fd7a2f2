"""A face model's neutral and shapes made one actor's own, from solved frames of the actor.

Example-based facial rigging (Li, Weise and Pauly, 2010) on footage: what the solve leaves over at the landmarks, frame
by frame, is explained by a personal neutral and personal shapes whose prior is the template's, more firmly where the
template moves less. Then the mesh follows the landmarks in gradient space: the deformation whose bending is least
(Botsch and Sorkine, "On linear variational surface deformation methods", 2008). A shape only changes where the template
moves, so that it keeps its meaning.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
import torch
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from torch import Tensor

from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.geometry import project
from solver.performance import Performance
from solver.points import DTYPE, move
from solver.problem import Problem

NEUTRAL_M = 0.001
"""How far a person's resting points lie from where identity modes put them."""
SHAPE_M = 5e-5
"""How far a person's shape differs from the template's where that does not move."""
OUTLYING = 9.0
CORRECTED = 10.0
"""What a frame that an animator corrected counts beside one that was only solved."""
ENOUGH = 3
"""Corrected frames from which on shapes are learnt, too: weights that were only solved cannot tell a person's own shape
from an error of the solve."""
FIRM = 3.0
"""How firmly the mesh follows the landmarks, against bending at one vertex spacing."""
NEAR_M = 0.006
"""Parts of a head that lie apart (lashes, tear ducts) follow the skin as near as that."""
LEAST_M = 1e-4
"""Changes of a shape that are smaller everywhere are none."""


@dataclass(frozen=True)
class Evidence:
    """Normal equations of N points' personal offsets: matrix (N, 3 F, 3 F) and side (N, 3 F), F = 1 + K features: one
    for the neutral, then one for each shape."""

    matrix: Tensor
    side: Tensor

    def __add__(self, other: "Evidence") -> "Evidence":
        return Evidence(self.matrix + other.matrix, self.side + other.side)


def evidence(problem: Problem, performance: Performance, frames: np.ndarray, counts: np.ndarray) -> Evidence:
    """What solved frames say of a person's points.

    Args:
        problem: what was seen in T frames; its points are the model's that was solved.
        performance: of the whole take.
        frames: (T) which of its frames the problem's are.
        counts: (T) what each frame counts.
    """
    rotation = torch.tensor(Rotation.from_quat(performance.head_rotation[frames]).as_matrix(), dtype=DTYPE)
    translation, weights, gaze, identity = (torch.tensor(value, dtype=DTYPE) for value in (
        performance.head_translation[frames], performance.weights[frames], performance.gaze[frames],
        performance.identity))
    moved = move(problem.points, weights, gaze, identity).position  # (T, N, 3)
    in_world = moved @ rotation.mT + translation[:, None]
    features = torch.cat([torch.ones_like(weights[:, :1]), weights], 1)  # (T, F)
    points, size = moved.shape[1], 3 * features.shape[1]
    matrix, side = moved.new_zeros(points, size, size), moved.new_zeros(points, size)
    counts = torch.tensor(counts, dtype=DTYPE)
    for camera in range(len(problem.observed)):
        turn = problem.cameras.rotation[camera]
        pixels, by_camera = project(in_world @ turn.mT + problem.cameras.translation[camera],
                                    problem.cameras.matrix[camera])
        by_head = (by_camera @ turn) @ rotation[:, None]  # (T, N, 2, 3)
        seen = problem.precision[camera] > 0
        off = torch.where(seen.unsqueeze(-1), problem.observed[camera] - pixels, 0.0)
        squared = problem.precision[camera] * off.square().sum(-1)
        pull = problem.precision[camera] * counts.unsqueeze(-1) / (1 + squared / OUTLYING)  # (T, N)
        jacobian = torch.einsum("tnux,tf->tnuxf", by_head, features).reshape(*off.shape, size)  # (T, N, 2, 3 F)
        weighed = jacobian * pull[..., None, None]
        matrix += torch.einsum("tnua,tnub->nab", weighed, jacobian)
        side += torch.einsum("tnua,tnu->na", weighed, off)
    return Evidence(matrix, side)


def personal_points(found: Evidence, problem: Problem, share: float) -> np.ndarray:
    """The most likely offsets: (N, 3, 1 + K) metres of the neutral and of each shape at each point.

    Args:
        found: the evidence.
        problem: whose points they are.
        share: how far a person's shape differs from the template's, as a share of the template's own motion at the
            point; 0: not at all.
    """
    points, features = len(found.side), found.side.shape[1] // 3
    sigma = torch.full((points, features), NEUTRAL_M, dtype=DTYPE)
    sigma[:, 1:] = share * problem.points.shapes.norm(dim=1) + SHAPE_M if share else 1e-9
    prior = (sigma**-2).unsqueeze(1).expand(points, 3, features).reshape(points, -1)
    solved = torch.linalg.solve(found.matrix + torch.diag_embed(prior), found.side.unsqueeze(-1))
    return solved.reshape(points, 3, features).numpy()


def on_mesh(model: FaceModel, embedding: Embedding, offsets: np.ndarray) -> np.ndarray:
    """The smoothest displacement fields of a mesh that go through given offsets at the landmarks.

    Args:
        model: V vertices.
        embedding: where the N landmarks lie.
        offsets: (N, 3, F) metres.

    Returns:
        (F, V, 3) metres.
    """
    count = len(model.neutral)
    balls = np.concatenate([eye.vertices for eye in model.eyes]) if model.eyes else np.zeros(0, dtype=int)
    corners = model.triangles[embedding.triangle]  # (N, 3)
    used = np.flatnonzero(embedding.known & ~embedding.contour & ~np.isin(corners, balls).any(axis=1))
    rows = np.repeat(np.arange(len(used)), 3)
    picks = sparse.csr_matrix((embedding.barycentric[used].ravel(), (rows, corners[used].ravel())), (len(used), count))
    bending = _bending(model.triangles, count)
    bound = _reached(model.triangles, corners[used].ravel(), count)
    system = (bending + FIRM * picks.T @ picks)[bound][:, bound] + 1e-7 * sparse.identity(int(bound.sum()))
    sides = FIRM * picks.T @ offsets[used].reshape(len(used), -1)  # (V, 3 F)
    out = np.zeros((count, sides.shape[1]))
    out[bound] = splu(system.tocsc()).solve(sides[bound])
    apart = np.flatnonzero(~bound & ~np.isin(np.arange(count), balls))
    if len(apart) and bound.any():
        held = np.flatnonzero(bound)
        distance, nearest = cKDTree(model.neutral[held]).query(model.neutral[apart])
        out[apart] = out[held[nearest]] * np.exp(-((distance / NEAR_M) ** 2))[:, None]
    out[balls] = 0.0
    return out.reshape(count, 3, -1).transpose(2, 0, 1)


def kept_meaning(model: FaceModel, fields: np.ndarray) -> np.ndarray:
    """(K, V, 3) changes of the model's shapes, only where each shape moves the template (faded by its own motion)."""
    length = np.linalg.norm(model.shapes, axis=2)  # (K, V)
    share = length / np.maximum(length.max(axis=1, keepdims=True), 1e-9)
    out = fields * np.clip(share / 0.1, 0.0, 1.0)[..., None]
    out[np.linalg.norm(out, axis=2).max(axis=1) < LEAST_M] = 0.0
    return out


def _bending(triangles: np.ndarray, count: int) -> sparse.csr_matrix:
    """(V, V) the squared graph Laplacian: zero for every displacement that is linear along the mesh."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    both = np.concatenate([edges, edges[:, ::-1]])
    links = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), (count, count))
    links.data[:] = 1.0
    degree = np.asarray(links.sum(axis=1)).ravel()
    mean = sparse.diags(1.0 / np.maximum(degree, 1.0)) @ links
    laplacian = sparse.diags((degree > 0).astype(float)) - mean
    return (laplacian.T @ laplacian).tocsr()


def _reached(triangles: np.ndarray, seeds: np.ndarray, count: int) -> np.ndarray:
    """(V) bool: the connected parts of the mesh that hold a landmark."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    graph = sparse.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count))
    _, part = connected_components(graph, directed=False)
    return np.isin(part, np.unique(part[seeds]))
