"""A mesh hung on one bone: FBX's skin, cluster and bind pose."""

from collections.abc import Sequence

import numpy as np

from exporters.fbx_binary import Node
from exporters.fbx_nodes import Graph, object_node


def add_skin(graph: Graph, geometry: np.int64, bone: np.int64, points: int, place: np.ndarray) -> None:
    """Let every point of a mesh that stands at the origin follow the bone that stands at `place` (3) when bound."""
    skin = graph.add(object_node("Deformer", "Skin", "Deformer", "Skin", Node("Version", (101,)),
                                 Node("Link_DeformAcuracy", (50.0,)), Node("SkinningType", ("Rigid",))))
    cluster = graph.add(object_node(
        "Deformer", "Cluster", "SubDeformer", "Cluster", Node("Version", (100,)), Node("UserData", ("", "")),
        Node("Indexes", (np.arange(points, dtype=np.int32),)), Node("Weights", (np.ones(points),)),
        Node("Transform", (_matrix(-place),)), Node("TransformLink", (_matrix(place),))))
    graph.connect(skin, geometry)
    graph.connect(cluster, skin)
    graph.connect(bone, cluster)


def add_bind_pose(graph: Graph, places: Sequence[tuple[np.int64, np.ndarray]]) -> None:
    """Say where each bone and mesh stood when they were bound."""
    nodes = [Node("PoseNode", (), (Node("Node", (number,)), Node("Matrix", (_matrix(place),))))
             for number, place in places]
    graph.add(object_node("Pose", "BindPose", "Pose", "BindPose", Node("Type", ("BindPose",)), Node("Version", (100,)),
                          Node("NbPoseNodes", (len(nodes),)), *nodes))


def _matrix(place: np.ndarray) -> np.ndarray:
    """A translation as FBX's 16 numbers: rows of the transposed matrix, so that the place comes last."""
    out = np.eye(4)
    out[3, :3] = place
    return out.ravel()
