"""A take in a rig's own shapes: for an engine that already has that rig, and plays a curve only if it knows its name.

mien goes by ARKit's names, and where a rig has ARKit's one shape in parts (browInnerUp_L and browInnerUp_R) it solves
their sum. ARKit's weight is then the weight of each part: together they are the sum at that weight.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from exporters.retarget import RetargetMap
from solver.face_model import Between, FaceModel
from solver.performance import Performance


def known_names(retarget: RetargetMap, own: FaceModel, names: Mapping[str, str]) -> RetargetMap:
    """A map whose targets have a rig's own names, by those that mien goes by: `Mouth_Smile_L` is mouthSmileLeft. A
    shape that is one of several for ARKit's one keeps its own, and a name that mien goes by stays what it is.

    Args:
        retarget: the map.
        own: the rig as it came.
        names: own name -> the name that mien goes by; a shape without an entry keeps its name.
    """
    used = Counter(names.get(name, name) for name in own.shape_names)
    given = {target.name for target in retarget.targets}
    return RetargetMap(tuple(
        dataclasses.replace(target, name=known) if (known := names.get(target.name)) and used[known] == 1
        and target.name not in used and known not in given else target for target in retarget.targets))


def in_own_names(performance: Performance, own: FaceModel, names: Mapping[str, str],
                 together: Mapping[str, Sequence[str]]) -> Performance:
    """The performance in the shapes of `own`; what mien leaves out of them stays at 0, but for correctives.

    Args:
        performance: in the names that mien goes by.
        own: the same model as it came.
        names: own name -> the name that mien goes by; a shape without an entry keeps its name.
        together: own name of a corrective that is left out -> those that it corrects, whose product is its weight.
    """
    column = {name: index for index, name in enumerate(performance.shape_names)}
    weights, sigma = np.zeros((2, performance.frames, len(own.shape_names)))
    for index, name in enumerate(own.shape_names):
        if (known := names.get(name, name)) in column:
            weights[:, index], sigma[:, index] = (table[:, column[known]] for table in
                                                  (performance.weights, performance.sigma))
    place = {name: index for index, name in enumerate(own.shape_names)}
    for name, parts in together.items():
        of = [place[part] for part in parts]
        weights[:, place[name]] = weights[:, of].prod(axis=1)
        slopes = np.stack([weights[:, [other for other in of if other != part]].prod(axis=1) for part in of], axis=1)
        sigma[:, place[name]] = np.sqrt(((slopes * sigma[:, of]) ** 2).sum(axis=1))
    return dataclasses.replace(performance, shape_names=own.shape_names, weights=weights, sigma=sigma,
                               model_sha256=own.sha256)



def in_the_files(performance: Performance, own: FaceModel) -> tuple[Performance, FaceModel]:
    """The performance and its model in the shapes of the rig's file, which those of `own` play: a VRM's morphs, or
    `Shapes.browInnerUp`, where a deformer's name is a part of its shapes'. What several play adds up."""
    if not own.morphs:
        return performance, own
    column = {name: index for index, name in enumerate(own.shape_names)}
    weights, variance = np.zeros((2, performance.frames, len(own.morphs)))
    for index, morph in enumerate(own.morphs):
        for name, much in morph.binds:  # one after another: a matrix product's order is the processor's
            weights[:, index] += much * performance.weights[:, column[name]]
            variance[:, index] += (much * performance.sigma[:, column[name]]) ** 2
    names = tuple(morph.name for morph in own.morphs)
    model = dataclasses.replace(own, shape_names=names, shapes=np.stack([morph.offsets for morph in own.morphs]),
                                between=tuple(_betweens(own)), morphs=())
    return dataclasses.replace(performance, shape_names=names, weights=weights, sigma=np.sqrt(variance),
                               model_sha256=model.sha256), model


def _betweens(own: FaceModel) -> Iterator[Between]:
    """The in-betweens of the file's shapes: each point's belongs to that shape which moves it, else to the first."""
    for step in own.between:
        mine = [morph for morph in own.morphs if morph.binds == ((step.of, 1.0),)]
        left = np.ones(len(own.neutral), dtype=bool)
        for number, morph in enumerate(mine):
            others = np.any([other.offsets.any(axis=1) for other in mine[number + 1:]], axis=0) if mine[number + 1:] \
                else np.zeros_like(left)
            taken = left & (morph.offsets.any(axis=1) | ~others)
            left &= ~taken
            yield Between(morph.name, step.weight, np.where(taken[:, None], step.offsets, 0.0))
