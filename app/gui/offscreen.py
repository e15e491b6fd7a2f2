"""An OpenGL 3.3 context of our own that draws into pictures.

Apart from any widget: the same code serves the window, the tests and machines without a display, and Qt needs no OpenGL
at all.
"""

import sys

import moderngl
import numpy as np

from capture.errors import MienError

MOST_SIZES = 2
"""Sizes of pictures whose memory is kept: one is quick to make, and takes up to 100 MB in a large window."""


class Offscreen:
    """A context, and pictures of some sizes to draw into. Draw within `with offscreen.context`."""

    def __init__(self) -> None:
        """
        Raises:
            MienError: there is no OpenGL 3.3 here.
        """
        try:
            backend = {"backend": "egl"} if sys.platform == "linux" else {}
            self.context = moderngl.create_standalone_context(require=330, **backend)
        except Exception as error:  # moderngl raises bare Exception, and ImportError where libEGL is missing
            raise MienError(f"no OpenGL 3.3 to draw with ({error}); install a driver, on Debian "
                            "`apt-get install libegl1 libgl1-mesa-dri`") from error
        self.context.__exit__(None, None, None)  # left current it would break whoever else draws
        self._frames: dict[tuple[int, int, int], tuple] = {}

    def framebuffer(self, size: tuple[int, int], samples: int) -> tuple[moderngl.Framebuffer, moderngl.Framebuffer]:
        """Where to draw and where to read: the same without antialiasing."""
        key = (*size, samples)
        if key not in self._frames:
            if len(self._frames) >= MOST_SIZES:
                for thing in self._frames.pop(next(iter(self._frames))):
                    thing.release()
            context = self.context
            samples = min(samples, context.max_samples)
            colour, depth = context.renderbuffer(size, 4, samples=samples), context.depth_renderbuffer(size, samples)
            things = [context.framebuffer([colour], depth), colour, depth]
            if samples:
                plain = context.renderbuffer(size, 4)
                things = [things[0], context.framebuffer([plain]), *things[1:], plain]
            self._frames[key] = tuple(things)
        things = self._frames[key]
        return things[0], things[1] if isinstance(things[1], moderngl.Framebuffer) else things[0]

    def read(self, drawn: moderngl.Framebuffer, resolved: moderngl.Framebuffer) -> np.ndarray:
        """(H, W, 4) uint8 RGBA of what was drawn, the bottom row first."""
        if resolved is not drawn:
            self.context.copy_framebuffer(resolved, drawn)
        width, height = resolved.size
        return np.frombuffer(resolved.read(components=4, alignment=1), np.uint8).reshape(height, width, 4)

    def release(self, held: list) -> None:
        """Give `held` back, and everything else."""
        with self.context:
            for things in self._frames.values():
                held = [*held, *things]
            for thing in held:
                thing.release()
        self.context.release()
