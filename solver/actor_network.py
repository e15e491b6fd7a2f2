"""An actor's own eyes: the last layer of the network that looks at eyes and brows, taught by one actor's frames.

How their answer differs from the shipped layers' is added to the landmarks that were found: so nothing else about them
changes, and without a profile they are what they always were. Only the eyes' network is taught. Measured on rendered
actors, one half of a take learnt from and the other measured: its landmarks came nearer to the truth, those of the
mouth's network went away from it as soon as the mouth did what it had not done in the frames that were learnt from.
"""

import copy
import functools
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from capture.errors import DataError
from solver import network_file
from solver.crop import eight_bit_rgb
from solver.network_parts import EYE, PartNetwork
from solver.network_run import ready
from solver.network_second import SecondLook

LAYERS = ("nearby.weight", "nearby.bias")
BATCH = 16
SMOOTH = 1.5
"""Standard deviation in frames of the squares' smoothing, as the detector's."""
NO_SAY = 1e6
"""Uncertainty in px with which what is there counts nothing beside the eyes' network."""


def shared_eyes() -> PartNetwork:
    """The eyes' network that everybody is looked at with.

    Raises:
        ModelError: it cannot be read.
    """
    return copy.deepcopy(_shared())


@functools.cache
def _shared() -> PartNetwork:
    return network_file.load_parts(network_file.shipped_parts())[EYE.name]


def own_eyes(difference: Mapping[str, np.ndarray]) -> PartNetwork:
    """An actor's eyes' network.

    Args:
        difference: by name of the layer, what is added to the shared network's weights.

    Raises:
        DataError: it does not fit the network.
    """
    network = shared_eyes()
    state = network.state_dict()
    for name in LAYERS:
        if name not in difference or difference[name].shape != tuple(state[name].shape):
            raise DataError(f"the profile's own network does not fit the one that this mien ships ({name}); make the "
                            "profile anew with `mien actor make`")
        state[name] = state[name] + torch.from_numpy(difference[name].astype(np.float32))
    network.load_state_dict(state)
    return network


def difference_of(network: PartNetwork) -> dict[str, np.ndarray]:
    """What `own_eyes` takes, as 16-bit floats."""
    shared, own = shared_eyes().state_dict(), network.state_dict()
    return {name: (own[name] - shared[name]).numpy().astype(np.float16) for name in LAYERS}


class OwnLook:
    """Moves landmarks as an actor's own network would have placed them.

    Args:
        difference: see `own_eyes`.

    Raises:
        DataError: it does not fit the network.
        ModelError: the network cannot be read.
    """

    def __init__(self, difference: Mapping[str, np.ndarray]) -> None:
        self._looks = [SecondLook({EYE.name: ready(network)}) for network in (shared_eyes(), own_eyes(difference))]

    def moved(self, pictures: Iterable[np.ndarray], xy: np.ndarray) -> Iterator[np.ndarray]:
        """The landmarks of each picture in which the face was found, a batch at a time.

        Args:
            pictures: F of them, (H, W, 3).
            xy: (F, 478, 2) px, all of which were found.

        Yields:
            (b, 478, 2) px, until there were F.
        """
        smooth, given, start = gaussian_filter1d(xy, SMOOTH, axis=0, mode="nearest"), iter(pictures), 0
        unsure = np.full(xy.shape[:2], NO_SAY)
        while batch := [eight_bit_rgb(picture) for picture in islice(given, BATCH)]:
            part = slice(start, start + len(batch))
            shared, own = (look.refine(batch, smooth[part], xy[part], unsure[part])[0] for look in self._looks)
            yield xy[part] + (own - shared)
            start += len(batch)
