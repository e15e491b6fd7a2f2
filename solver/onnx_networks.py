"""Whole networks as ONNX: the same arithmetic as the modules of `network`, `network_faces` and `network_parts`.

Written by hand and not traced: tracing takes seconds, this takes hundredths, so that every start can afford it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from solver import network, network_occlusion, network_parts
from solver.network import MESH, POINTS, SIZE, AttentionMesh, LandmarkNetwork, PlainMesh, Region, Stem
from solver.network_faces import FullRange, ShortRange
from solver.network_nearby import ANSWER, AROUND, CONTEXT, SEEN, Nearby
from solver.network_occlusion import OcclusionNetwork
from solver.network_parts import PartNetwork
from solver.onnx_graph import Graph, convolution, flat, layer, twice

REGIONS = {"lips": (network.LIPS, ("lips",)), "eye_left": (network.EYE_LEFT, ("eye_left", "iris_left")),
           "eye_right": (network.EYE_RIGHT, ("eye_right", "iris_right"))}
NEAR_PX = SIZE // network.FEATURE_STRIDE
"""Side of the features that regions are cut from."""


def to_onnx(module: nn.Module, outputs: tuple[str, ...] = ()) -> bytes:
    """A network as an ONNX file: `picture` (B, 3, S, S) goes in, what the module gives comes out under its names.

    Args:
        outputs: only these; what they do not need is left out.
    """
    graph = Graph()
    size, build = WHOLE[type(module)]
    found = build(graph, module)
    side = size or module.size
    return graph.whole((3, side, side), {name: found[name] for name in outputs or found})


def _stem(graph: Graph, stem: Stem) -> tuple[str, str]:
    near = layer(graph, stem.near, layer(graph, stem.act, convolution(graph, stem.conv, graph.picture, (0, 0, 1, 1))))
    return near, layer(graph, stem.far, near)


def _look(graph: Graph, module: AttentionMesh) -> tuple[dict[str, str], dict[str, str]]:
    """As `AttentionMesh.look`."""
    near, far = _stem(graph, module.stem)
    last = {"mesh": layer(graph, module.mesh, far)}
    mesh = flat(graph, layer(graph, module.mesh_out, last["mesh"]), MESH, 3)
    found = {"mesh": mesh, "face": flat(graph, layer(graph, module.face_out, last["mesh"]))}
    on_near = graph.op("Mul", _flat_part(graph, mesh), graph.constant(1 / network.FEATURE_STRIDE))
    rows = flat(graph, graph.op("Transpose", near, perm=[0, 2, 3, 1]), 32)  # (B * 48 * 48, 32)
    for name, (region, heads) in REGIONS.items():
        linear, shift = region_transform(graph, on_near, region)
        seen = layer(graph, getattr(module, f"{name}_stem"), cut(graph, rows, linear, shift))
        for head in heads:
            last[head] = layer(graph, getattr(module, f"{head}_head"), seen)
            out = getattr(module, f"{head}_out")
            local = flat(graph, layer(graph, out, last[head]), out.out_channels // 2, 2)
            found[head] = place(graph, local, linear, shift)
    return found, last


def region_transform(graph: Graph, mesh: str, region: Region) -> tuple[str, str]:
    """As `network.region_transform`: (B, 468, 2) -> the matrix transposed (B, 2, 2), and the shift (B, 1, 2)."""
    ends = [graph.op("Gather", mesh, graph.constant([index], np.int64), axis=1) for index in (region.start, region.end)]
    along = graph.op("Sub", ends[1], ends[0])  # (B, 1, 2)
    long = graph.op("Max", graph.op("ReduceL2", along, axes=[2]), graph.constant(1e-6))
    along = graph.op("Div", along, long)
    axes = graph.op("Concat", along, graph.op("MatMul", along, graph.constant([[0, 1], [-1, 0]])), axis=1)  # (B, 2, 2)
    frame = graph.op("Gather", mesh, graph.constant(region.frame, np.int64), axis=1)
    turned = graph.op("MatMul", frame, graph.op("Transpose", axes, perm=[0, 2, 1]))
    low, high = (graph.op(kind, turned, axes=[1]) for kind in ("ReduceMin", "ReduceMax"))  # (B, 1, 2)
    centre = graph.op("MatMul", graph.op("Mul", graph.op("Add", low, high), graph.constant(0.5)), axes)
    scale = graph.op("Mul", graph.op("Sub", high, low), graph.constant(network.REGION_SCALE / network.REGION_PX))
    linear = graph.op("Mul", axes, graph.op("Transpose", scale, perm=[0, 2, 1]))  # (B, 2, 2), transposed
    corner = graph.op("MatMul", graph.constant(np.full((1, 2), network.REGION_PX / 2)), linear)
    return linear, graph.op("Sub", centre, corner)


def cut(graph: Graph, rows: str, linear: str, shift: str) -> str:
    """As `network.cut`: the features' rows (B * 48 * 48, 32) -> (B, 32, 16, 16)."""
    y, x = np.meshgrid(*[np.arange(network.REGION_PX) + 0.5] * 2, indexing="ij")
    grid = np.stack([x, y], 2).reshape(-1, 2)  # (256, 2)
    at = graph.op("Add", graph.op("MatMul", graph.constant(grid), linear), shift)
    at = graph.op("Sub", at, graph.constant(0.5))  # (B, 256, 2)
    clipped = graph.op("Clip", at, graph.constant(0), graph.constant(NEAR_PX - 1))
    # What lies outside was moved by the clipping; there the picture is black.
    inside = graph.op("Cast", graph.op("Equal", at, clipped), to=1)
    xs, ys = (graph.op("Gather", inside, graph.constant([axis], np.int64), axis=2) for axis in (0, 1))
    out = graph.op("Mul", between(graph, rows, clipped, NEAR_PX, len(grid)), graph.op("Mul", xs, ys))
    return flat(graph, graph.op("Transpose", out, perm=[0, 2, 1]), 32, network.REGION_PX, network.REGION_PX)


def between(graph: Graph, rows: str, at: str, side: int, count: int) -> str:
    """Bilinear: the rows (B * side * side, C) of square features, looked up at (B, count, 2) of their pixels, whose
    centres are whole numbers from 0 to side - 1 -> (B, count, C). onnxruntime's own GridSample takes thrice as long."""
    first = graph.op("Min", graph.op("Floor", at), graph.constant(side - 2))
    past = graph.op("Sub", at, first)
    weights = [graph.op("Sub", graph.constant(1), past), past]
    xs, ys = ([graph.op("Gather", weight, graph.constant([axis], np.int64), axis=2) for weight in weights]
              for axis in (0, 1))  # (B, count, 1) each
    start = graph.op("MatMul", first, graph.constant([[1], [side]]))
    start = graph.op("Cast", flat(graph, start, count), to=7)  # (B, count)
    many = graph.op("Gather", graph.op("Shape", start), graph.constant(0, np.int64))
    picture = graph.op("Range", graph.constant(0, np.int64), many, graph.constant(1, np.int64))
    picture = graph.op("Mul", picture, graph.constant(side**2, np.int64))
    start = graph.op("Add", start, graph.op("Reshape", picture, graph.constant([-1, 1], np.int64)))
    parts = []  # (B, count, C) each: the four pixels about each place, weighted
    for row, y in enumerate(ys):
        for column, x in enumerate(xs):
            here = graph.op("Add", start, graph.constant(row * side + column, np.int64))
            parts.append(graph.op("Mul", graph.op("Gather", rows, here), graph.op("Mul", x, y)))
    return graph.op("Add", graph.op("Add", parts[0], parts[1]), graph.op("Add", parts[2], parts[3]))


def place(graph: Graph, local: str, linear: str, shift: str) -> str:
    """As `network.place`."""
    far = graph.op("Mul", shift, graph.constant(network.FEATURE_STRIDE))
    return graph.op("Add", graph.op("MatMul", local, linear), far)


def _flat_part(graph: Graph, mesh: str) -> str:
    return graph.op("Gather", mesh, graph.constant([0, 1], np.int64), axis=2)


def _all_points(graph: Graph, mesh: str, regions: dict[str, str]) -> str:
    """The mesh, then the irises, with the regions' refined values in their places."""
    names = ("iris_left", "iris_right", *REGIONS)
    order, start = np.arange(POINTS), POINTS
    for region, _ in REGIONS.values():
        order[list(region.frame)] = start + np.arange(len(region.frame))
        start += len(region.frame)
    together = graph.op("Concat", mesh, *(regions[name] for name in names), axis=1)
    return graph.op("Gather", together, graph.constant(order, np.int64), axis=1)


def _attention_mesh(graph: Graph, module: AttentionMesh) -> dict[str, str]:
    found, _ = _look(graph, module)
    names = ("mesh", "lips", "eye_left", "iris_left", "eye_right", "iris_right", "face")
    return {name: found[name] for name in names}


def _ours(graph: Graph, module: LandmarkNetwork) -> dict[str, str]:
    found, last = _look(graph, module.base)
    coarse = _flat_part(graph, found["mesh"])
    log = {head: flat(graph, layer(graph, module.spread[head], features), module.spread[head].out_channels)
           for head, features in last.items()}
    bounds = [graph.constant(bound) for bound in network.LOG_SIGMA]
    sigma = graph.op("Exp", graph.op("Clip", _all_points(graph, log["mesh"], log), *bounds))
    return {"points": _all_points(graph, coarse, found), "sigma": sigma, "coarse": coarse}


def _plain_mesh(graph: Graph, module: PlainMesh) -> dict[str, str]:
    _, far = _stem(graph, module.stem)
    mesh = flat(graph, layer(graph, module.mesh_out, layer(graph, module.mesh, far)), MESH, 3)
    return {"mesh": mesh, "face": flat(graph, layer(graph, module.face_out, layer(graph, module.face, far)))}


def _part(graph: Graph, module: PartNetwork) -> dict[str, str]:
    fine = graph.op("Relu", layer(graph, module.stem_norm, convolution(graph, module.stem, _even(graph))))
    quarter = layer(graph, module.body[:2], fine)
    x = graph.op("Relu", layer(graph, module.narrow, layer(graph, module.body[2:], quarter)))
    whole = graph.op("Relu", layer(graph, module.wide, flat(graph, x, module.wide.in_features)))
    first = flat(graph, layer(graph, module.out, whole), module.count, ANSWER)
    sides = (module.size // 2, module.size // 4)
    features = tuple(zip((fine, quarter), sides, module.nearby.channels, strict=True))
    nearby = _nearby(graph, module.nearby, _placed(graph, module, first), features, whole)
    answer = graph.op("Add", first, nearby)
    log = graph.op("Gather", answer, graph.constant(2, np.int64), axis=2)
    log = graph.op("Add", log, graph.constant(float(np.log(network_parts.FIRST_SIGMA))))
    sigma = graph.op("Exp", graph.op("Clip", log, *(graph.constant(bound) for bound in network_parts.LOG_SIGMA)))
    side = graph.constant(module.size)
    return {"points": graph.op("Mul", _placed(graph, module, answer), side), "sigma": graph.op("Mul", sigma, side)}


def _occlusion(graph: Graph, module: OcclusionNetwork) -> dict[str, str]:
    fine = graph.op("Relu", layer(graph, module.stem_norm, convolution(graph, module.stem, _even(graph))))
    fine = layer(graph, module.fine, fine)
    middle = layer(graph, module.middle, fine)
    coarse = convolution(graph, module.to_middle, layer(graph, module.coarse, middle))
    mixed = layer(graph, module.mixed, graph.op("Add", middle, twice(graph, coarse)))
    mixed = graph.op("Add", fine, twice(graph, convolution(graph, module.to_fine, mixed)))
    return {"before": convolution(graph, module.out, graph.op("Relu", mixed))}


def _even(graph: Graph) -> str:
    """The picture with grey in the middle and as much contrast as ever."""
    level = graph.op("ReduceMean", graph.picture, axes=[1, 2, 3])
    away = graph.op("Sub", graph.picture, level)
    contrast = graph.op("Sqrt", graph.op("ReduceMean", graph.op("Mul", away, away), axes=[1, 2, 3]))
    return graph.op("Div", away, graph.op("Add", graph.op("Mul", contrast, graph.constant(2)),
                                          graph.constant(network_parts.LEAST_CONTRAST)))


def _placed(graph: Graph, module: PartNetwork, answer: str) -> str:
    """Answers (B, P, 3) -> points (B, P, 2) in shares of the side."""
    away = graph.op("Gather", answer, graph.constant([0, 1], np.int64), axis=2)
    return graph.op("Add", graph.op("Mul", away, graph.constant(network_parts.REACH)),
                    graph.constant(module.mean + 0.5))


def _nearby(graph: Graph, module: Nearby, points: str, features: tuple[tuple[str, int, int], ...],
            whole: str) -> str:
    """As `Nearby`: its correction, (B, P, 3), for features with their sides and channels."""
    places = graph.op("Unsqueeze", points, graph.constant([2], np.int64))  # (B, P, 1, 2)
    found, around = [], len(AROUND) * module.count
    for one, side, channels in features:
        at = graph.op("Mul", places, graph.constant(side))
        at = flat(graph, graph.op("Add", at, graph.constant(np.array(AROUND) - 0.5)), around, 2)
        at = graph.op("Clip", at, graph.constant(0), graph.constant(side - 1))
        rows = flat(graph, graph.op("Transpose", one, perm=[0, 2, 3, 1]), channels)
        found.append(flat(graph, between(graph, rows, at, side, around), module.count, len(AROUND) * channels))
    # Here a place's channels lie beside one another, in `Nearby` a channel's places.
    weights = [own.reshape(SEEN, -1, len(AROUND)).transpose(1, 2).flatten(1).T
               for own in module.see.weight.split([len(AROUND) * channels for *_, channels in features], 1)]
    seen = graph.op("MatMul", graph.op("Concat", *found, axis=2), graph.constant(torch.cat(weights)))
    seen = graph.op("Relu", graph.op("Add", seen, graph.constant(module.see.bias + module.kind)))
    context = flat(graph, layer(graph, module.context, whole), module.count, CONTEXT)
    mixed = graph.op("MatMul", graph.op("Concat", seen, context, axis=2), graph.constant(module.mix.weight.T))
    mixed = graph.op("Relu", graph.op("Add", mixed, graph.constant(module.mix.bias)))
    moves = graph.op("MatMul", graph.op("Unsqueeze", mixed, graph.constant([2], np.int64)),
                     graph.constant(module.weight))  # (B, P, 1, 3): each point has a weight of its own
    return graph.op("Add", flat(graph, moves, module.count, ANSWER), graph.constant(module.bias))


def _short_range(graph: Graph, module: ShortRange) -> dict[str, str]:
    fine = layer(graph, module.fine, graph.op("Relu", convolution(graph, module.conv, graph.picture, (1, 1, 2, 2))))
    coarse = layer(graph, module.coarse, fine)

    def both(name: str, numbers: int) -> str:
        found = [_listed(graph, layer(graph, getattr(module, f"{name}_{kind}"), x), numbers)
                 for kind, x in (("fine", fine), ("coarse", coarse))]
        return graph.op("Concat", *found, axis=1)

    return {"scores": graph.op("Squeeze", both("score", 1), graph.constant([2], np.int64)), "numbers": both("box", 16)}


def _full_range(graph: Graph, module: FullRange) -> dict[str, str]:
    def after(one: nn.Module, x: str) -> str:
        return graph.op("Relu", layer(graph, one, x))

    quarter = layer(graph, module.quarter, layer(graph, module.second, after(module.conv, graph.picture)))
    eighth = layer(graph, module.eighth, quarter)
    sixteenth = layer(graph, module.sixteenth, eighth)
    x = after(module.from_last, layer(graph, module.last, sixteenth))
    x = layer(graph, module.merge_sixteenth,
              graph.op("Add", after(module.from_sixteenth, sixteenth), twice(graph, x)))
    x = layer(graph, module.merge_eighth,
              graph.op("Add", after(module.from_eighth, eighth), twice(graph, after(module.to_eighth, x))))
    x = layer(graph, module.merge_quarter,
              graph.op("Add", after(module.from_quarter, quarter), twice(graph, after(module.to_quarter, x))))

    def unfolded(name: str, numbers: int) -> str:
        folded = layer(graph, getattr(module, f"{name}_fold"), layer(graph, getattr(module, name), x))
        return _listed(graph, graph.op("DepthToSpace", folded, blocksize=2), numbers)

    return {"scores": graph.op("Squeeze", unfolded("score", 1), graph.constant([2], np.int64)),
            "numbers": unfolded("box", 16)}


def _listed(graph: Graph, x: str, numbers: int) -> str:
    """(B, K * numbers, H, W) -> (B, H * W * K, numbers)."""
    return graph.op("Reshape", graph.op("Transpose", x, perm=[0, 2, 3, 1]), graph.constant([0, -1, numbers], np.int64))


WHOLE: dict[type[nn.Module], tuple[int, Callable[[Graph, Any], dict[str, str]]]] = {
    AttentionMesh: (SIZE, _attention_mesh), LandmarkNetwork: (SIZE, _ours), PlainMesh: (SIZE, _plain_mesh),
    PartNetwork: (0, _part), OcclusionNetwork: (network_occlusion.SIZE, _occlusion),
    ShortRange: (0, _short_range), FullRange: (0, _full_range)}
