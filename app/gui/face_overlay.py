"""The solved face as a camera sees it, to be laid over that camera's picture.

The camera's lens bends it as it bends the footage, and what lies behind is hidden.
"""

import moderngl
import numpy as np

from app.gui.offscreen import Offscreen
from app.overlay import OPAQUE_PX, wire_faces
from capture.camera import Camera, project
from solver.face_model import FaceModel

NEAR, FAR = 0.02, 20.0
WIRE_COLOUR = (0.55, 0.83, 1.0)
VERTEX = """
#version 330 core
in vec3 point;
in vec4 colour;
out vec4 tint;

void main() {
    tint = colour;
    gl_Position = vec4(point, 1.0);
}
"""
FRAGMENT = """
#version 330 core
in vec4 tint;
out vec4 pixel;

void main() {
    pixel = vec4(tint.rgb * tint.a, tint.a);
}
"""


class FaceOverlay:
    """Draws one model; see `offscreen.Offscreen` for what may go wrong."""

    def __init__(self) -> None:
        self._offscreen = Offscreen()
        self._faces: np.ndarray | None = None
        self._buffers: tuple = ()
        self._edges = np.zeros((0, 2), dtype=int)
        with self._offscreen.context as context:
            self._program = context.program(vertex_shader=VERTEX, fragment_shader=FRAGMENT)

    def set_model(self, model: FaceModel) -> None:
        """Take up the face to draw."""
        if self._faces is model.faces:
            return  # another actor's face has the same
        faces = wire_faces(model)
        sides = np.sort(np.concatenate([faces[:, [corner, (corner + 1) % 4]] for corner in range(4)]), axis=1)
        self._edges = np.unique(sides[sides[:, 0] != sides[:, 1]], axis=0)  # (E, 2)
        count = len(model.neutral)
        with self._offscreen.context as context:
            for held in self._buffers:
                held.release()
            points, colours = context.buffer(reserve=12 * count), context.buffer(reserve=16 * count)
            content = [(points, "3f", "point"), (colours, "4f", "colour")]
            indices = [context.buffer(np.ascontiguousarray(table, dtype="i4").tobytes())
                       for table in (model.triangles, self._edges)]
            arrays = [context.vertex_array(self._program, content, index) for index in indices]
        self._buffers, self._faces = (points, colours, *arrays, *indices), model.faces

    def surface(self, camera: Camera, vertices: np.ndarray, size: tuple[int, int], scale: float,
                shift: tuple[float, float], colours: np.ndarray, samples: int = 4) -> np.ndarray:
        """The face's surface.

        Args:
            vertices: (V, 3) metres in the world.
            size: of the picture, px.
            scale, shift: places in the picture, from its corner = (camera px + 0.5) * scale + shift.
            colours: (V, 4) sRGB and how opaque, 0..1.
            samples: for antialiasing; 0 is quickest.

        Returns:
            (H, W, 4) uint8, premultiplied RGBA, the top row first.
        """
        clip, _ = _in_picture(camera, vertices, size, scale, shift)
        return self._draw(clip, size, samples, colours, None)

    def wires(self, camera: Camera, vertices: np.ndarray, size: tuple[int, int], scale: float,
              shift: tuple[float, float], samples: int = 4) -> np.ndarray:
        """The edges of its faces that are not hidden; see `surface`."""
        clip, pixels = _in_picture(camera, vertices, size, scale, shift)
        ends = pixels[self._edges]
        lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
        # Lines that nearly touch would hide the face they lie on.
        strength = float(np.clip(np.nanmedian(lengths) / OPAQUE_PX, 0.2, 0.8)) if np.isfinite(lengths).any() else 0.0
        colour = np.tile([*WIRE_COLOUR, strength], (len(vertices), 1))
        return self._draw(clip, size, samples, np.zeros((len(vertices), 4)), colour)

    def release(self) -> None:
        """Give everything back."""
        self._offscreen.release([*self._buffers, self._program])

    def _draw(self, clip: np.ndarray, size: tuple[int, int], samples: int, surface: np.ndarray,
              wires: np.ndarray | None) -> np.ndarray:
        points, colours, triangles, edges, *_ = self._buffers
        with self._offscreen.context as context:
            drawn, resolved = self._offscreen.framebuffer(size, samples)
            drawn.use()
            drawn.clear(0.0, 0.0, 0.0, 0.0)
            context.enable_only(moderngl.DEPTH_TEST)
            points.write(clip.astype("f4").tobytes())
            colours.write(np.ascontiguousarray(surface, dtype="f4").tobytes())
            context.polygon_offset = (1.0, 1.0) if wires is not None else (0.0, 0.0)
            triangles.render(moderngl.TRIANGLES)
            context.polygon_offset = (0.0, 0.0)
            if wires is not None:
                colours.write(np.ascontiguousarray(wires, dtype="f4").tobytes())
                edges.render(moderngl.LINES)
            return self._offscreen.read(drawn, resolved)


def _in_picture(camera: Camera, vertices: np.ndarray, size: tuple[int, int], scale: float,
                shift: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """OpenGL's (V, 3) places for a picture that is drawn upside down, because rows are read bottom first; (V, 2) px."""
    pixels = (project(camera, vertices) + 0.5) * scale + np.array(shift)
    depth = vertices @ camera.rotation[2] + camera.translation[2]
    clip = np.column_stack([2 * pixels / np.array(size) - 1, 2 * (depth - NEAR) / (FAR - NEAR) - 1])
    clip[~np.isfinite(clip).all(axis=1) | (depth < NEAR)] = [0.0, 0.0, -2.0]  # behind the camera: cut off
    return clip, pixels
