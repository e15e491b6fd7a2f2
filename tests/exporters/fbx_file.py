"""An FBX file as its tests look at it: through the reader that rigs come in by."""

from pathlib import Path

import numpy as np

from solver.fbx_nodes import Node, read_nodes


def text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def value(node: Node, name: str):
    return node.value(name)


def setting(node: Node, name: str):
    """The value or values of one entry of Properties70."""
    found, = (entry.values[4:] for entry in node.first("Properties70").children if text(entry.values[0]) == name)
    found = tuple(text(item) if isinstance(item, bytes) else item for item in found)
    return found if len(found) > 1 else found[0]


class Read:
    """An FBX file by its objects and connections."""

    def __init__(self, path: Path):
        data = path.read_bytes()
        self.version = int(np.frombuffer(data[23:27], "<u4")[0])
        self.root = read_nodes(data, str(path))
        self.top = {node.name: node for node in self.root.children}
        self.objects = {node.values[0]: node for node in self.top["Objects"].children}
        self.connections = [tuple(text(item) if isinstance(item, bytes) else item for item in node.values)
                            for node in self.top["Connections"].children]

    def name(self, key: int) -> str:
        return text(self.objects[key].values[1]).split("\x00")[0]

    def named(self, kind, name, subclass=None):
        found = [key for key, node in self.objects.items() if node.name == kind and self.name(key) == name
                 and subclass in (None, text(node.values[2]))]
        assert len(found) == 1, (kind, name, len(found))
        return found[0]

    def below(self, parent, kind, name=None):
        return [c[1] for c in self.connections if c[2] == parent and self.objects[c[1]].name == kind
                and c[0] == ("OO" if name is None else "OP") and (name is None or c[3] == name)]

    def curve(self, target, prop, axis):
        node, = self.below(target, "AnimationCurveNode", prop)
        curve, = self.below(node, "AnimationCurve", f"d|{axis}")
        return value(self.objects[curve], "KeyTime"), value(self.objects[curve], "KeyValueFloat")
