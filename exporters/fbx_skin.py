"""A mesh hung on one bone: FBX's skin, cluster and bind pose."""

from collections.abc import Sequence

import numpy as np

from exporters.fbx_binary import Node
from exporters.fbx_nodes import Graph, object_node
from solver.performance import matrices


def add_skin(graph: Graph, geometry: np.int64, bone: np.int64, points: int, place: np.ndarray) -> None:
    """Let every point of a mesh that stands at the origin follow the bone that stands at `place` (3) when bound."""
    add_shared_skin(graph, geometry, [(bone, _matrix(-place), _matrix(place), np.ones(points))])


def add_shared_skin(graph: Graph, geometry: np.int64,
                    bones: Sequence[tuple[np.int64, np.ndarray, np.ndarray, np.ndarray]]) -> None:
    """The same for several bones: each with joint_from_mesh and mesh_from_joint (16) when bound, and (V) how much of
    each point it holds."""
    skin = graph.add(object_node("Deformer", "Skin", "Deformer", "Skin", Node("Version", (101,)),
                                 Node("Link_DeformAcuracy", (50.0,)),
                                 Node("SkinningType", ("Rigid" if len(bones) == 1 else "Linear",))))
    clusters = []
    for _, back, link, share in bones:
        held = np.flatnonzero(share).astype(np.int32)
        clusters.append(graph.add(object_node(
            "Deformer", "Cluster", "SubDeformer", "Cluster", Node("Version", (100,)), Node("UserData", ("", "")),
            Node("Indexes", (held,)), Node("Weights", (share[held],)), Node("Transform", (back,)),
            Node("TransformLink", (link,)))))
    graph.connect(skin, geometry)
    for cluster, (bone, *_) in zip(clusters, bones, strict=True):
        graph.connect(cluster, skin)
        graph.connect(bone, cluster)


def add_bind_pose(graph: Graph, places: Sequence[tuple[np.int64, np.ndarray]]) -> None:
    """Say where each bone and mesh stood when they were bound: (3) places or 16 numbers."""
    nodes = [Node("PoseNode", (), (Node("Node", (number,)), Node("Matrix", (
        _matrix(place) if place.size == 3 else place,))))
             for number, place in places]
    graph.add(object_node("Pose", "BindPose", "Pose", "BindPose", Node("Type", ("BindPose",)), Node("Version", (100,)),
                          Node("NbPoseNodes", (len(nodes),)), *nodes))


def matrix_numbers(place: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """(3,) and a quaternion (4,) as FBX's 16 numbers."""
    out = np.eye(4)
    out[:3, :3], out[3, :3] = matrices(turn[None])[0].T, place
    return out.ravel()


def _matrix(place: np.ndarray) -> np.ndarray:
    """A translation as FBX's 16 numbers: rows of the transposed matrix, so that the place comes last."""
    out = np.eye(4)
    out[3, :3] = place
    return out.ravel()
