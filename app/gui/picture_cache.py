"""Decoded pictures of whatever takes: going back to one shows it at once, and one bound holds for all."""

from collections import OrderedDict

from PySide6.QtGui import QImage

from capture.video import Clip

CACHE_BYTES = 256 << 20


class PictureCache:
    """Pictures by clip and frame number, the longest unused dropped first.

    Attributes:
        size: bytes of all of them.
    """

    def __init__(self, most: int = CACHE_BYTES) -> None:
        self.size, self._most = 0, most
        self._held: OrderedDict[tuple[int, int], tuple[Clip, QImage]] = OrderedDict()

    def has(self, clip: Clip, number: int) -> bool:
        return (id(clip), number) in self._held

    def get(self, clip: Clip, number: int) -> QImage:
        """One that it has; now the last to be dropped."""
        self._held.move_to_end((id(clip), number))
        return self._held[id(clip), number][1]

    def keep(self, clip: Clip, number: int, picture: QImage) -> None:
        key = id(clip), number
        if key in self._held:
            self.size -= self._held.pop(key)[1].sizeInBytes()
        self._held[key] = clip, picture  # the clip too: while it lives nothing else has its id
        self.size += picture.sizeInBytes()
        while self.size > self._most:
            self.size -= self._held.popitem(last=False)[1][1].sizeInBytes()
