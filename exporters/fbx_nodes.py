"""Objects, connections and properties: the grammar of an FBX scene, above its bytes and below what it shows."""

import dataclasses
from collections import Counter
from typing import Any

import numpy as np

from exporters.fbx_binary import Node

FIRST_ID = 1_000_000


class Graph:
    """The objects of a scene and what they are connected to. Ids count up, so that the same scene is the same bytes."""

    def __init__(self) -> None:
        self.objects: list[Node] = []
        self.connections: list[Node] = []

    def add(self, node: Node) -> np.int64:
        """Put an object into the scene; returns its id."""
        number = np.int64(FIRST_ID + len(self.objects))
        self.objects.append(dataclasses.replace(node, properties=(number, *node.properties)))
        return number

    def connect(self, child: np.int64, parent: np.int64 | int, name: str | None = None) -> None:
        """Hang `child` under the object `parent` (0 is the scene), or under its property `name`."""
        ends = (np.int64(child), np.int64(parent))
        self.connections.append(Node("C", ("OO", *ends) if name is None else ("OP", *ends, name)))

    def definitions(self) -> Node:
        """How many objects of each type there are."""
        counts = {"GlobalSettings": 1} | Counter(node.name for node in self.objects)
        types = [Node("ObjectType", (name,), (Node("Count", (count,)),)) for name, count in counts.items()]
        return Node("Definitions", (), (Node("Version", (100,)), Node("Count", (sum(counts.values()),)), *types))


def object_node(kind: str, name: str, class_name: str, subclass: str, *children: Node) -> Node:
    """An object before it has an id."""
    return Node(kind, (f"{name}\x00\x01{class_name}", subclass), children)


def P(name: str, kind: str, label: str, flags: str, *values: Any) -> Node:
    """One property: its type, its label, "A" where it can be animated, "U" where it is the user's own."""
    return Node("P", (name, kind, label, flags, *values))


def properties(*entries: Node) -> Node:
    return Node("Properties70", (), entries, block=True)
