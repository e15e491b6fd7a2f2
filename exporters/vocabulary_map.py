"""Retarget maps that are ready: a take's curves by another vocabulary's names, for a rig that mien has never seen."""

from collections.abc import Mapping, Sequence

from exporters.retarget import RetargetMap, Target


def vocabulary_map(ways: Mapping[str, Sequence[Sequence[str]]], sources: Sequence[str]) -> RetargetMap:
    """A map to a vocabulary's own names; each part of one of ARKit's shapes gets that shape's weight.

    Args:
        ways: ARKit's name -> the vocabulary's ways to make it, each the names of its parts; the first is taken.
        sources: the take's shapes; those that it lacks, or that the vocabulary lacks, are left out.
    """
    return RetargetMap(tuple(Target(own, ((name, 1.0),)) for name, found in ways.items()
                             if name in sources for own in found[0]))
