"""Pictures of a face for the 3D view, apart from any widget."""

from dataclasses import dataclass

import moderngl
import numpy as np

from app.gui import view_shaders
from app.gui.offscreen import Offscreen
from capture.camera import Camera
from solver.render import vertex_normals

SHADED, WIRE, HEAT = "Shaded", "Wire", "Heat"
NEAR, FAR = 0.02, 20.0
HEAT_COLOURS = np.array([[0.27, 0.29, 0.33], [0.19, 0.41, 0.56], [0.13, 0.66, 0.52], [0.99, 0.91, 0.14]])
"""From nothing to most; told apart by their lightness too."""


@dataclass(frozen=True)
class View:
    """From where to look. `clip_from_world` (4, 4), `eye` (3,) metres in the world."""

    clip_from_world: np.ndarray
    eye: np.ndarray


def orbit(target: np.ndarray, yaw: float, pitch: float, distance: float, aspect: float, height: float = 0.45) -> View:
    """A view onto `target` from `distance` metres, turned by yaw (to the right) and pitch (upwards) in radians.

    `height` is the tangent of half the angle that the picture's height covers, times two.
    """
    back = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    right = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
    up = np.cross(back, right)
    eye = target + distance * back
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3] = [right, up, back]
    camera_from_world[:3, 3] = -camera_from_world[:3, :3] @ eye
    clip = np.array([[2 / (height * aspect), 0, 0, 0], [0, 2 / height, 0, 0],
                     [0, 0, -(FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)], [0, 0, -1, 0]])
    return View(clip @ camera_from_world, eye)


def through(camera: Camera) -> View:
    """The view of a calibrated camera, without its lens's distortion."""
    fx, fy, cx, cy = camera.matrix[0, 0], camera.matrix[1, 1], camera.matrix[0, 2], camera.matrix[1, 2]
    width, height = camera.size
    # Pixel centres are whole numbers in OpenCV and halves in OpenGL; OpenCV's y points down.
    clip = np.array([[2 * fx / width, 0, 2 * (cx + 0.5) / width - 1, 0],
                     [0, -2 * fy / height, 1 - 2 * (cy + 0.5) / height, 0],
                     [0, 0, (FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)], [0, 0, 1, 0]])
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3], camera_from_world[:3, 3] = camera.rotation, camera.translation
    return View(clip @ camera_from_world, camera.centre)


def heat_colours(amount: np.ndarray, most: float) -> np.ndarray:
    """(V) amounts -> (V, 3) colours, from 0 to `most`."""
    place = np.clip(amount / max(most, 1e-9), 0.0, 1.0) * (len(HEAT_COLOURS) - 1)
    low = np.minimum(place.astype(int), len(HEAT_COLOURS) - 2)
    part = (place - low)[:, None]
    return HEAT_COLOURS[low] * (1 - part) + HEAT_COLOURS[low + 1] * part


class ViewRenderer:
    """Draws one mesh, whose vertices change from frame to frame."""

    def __init__(self) -> None:
        """
        Raises:
            MienError: there is no OpenGL 3.3 here.
        """
        self._offscreen = Offscreen()
        self.context = self._offscreen.context
        self._triangles: np.ndarray | None = None
        self._buffers: tuple = ()
        with self.context as context:
            self._face, self._flat, self._picture = (
                context.program(vertex_shader=vertex, fragment_shader=fragment)
                for vertex, fragment in (view_shaders.FACE, view_shaders.FLAT, view_shaders.PICTURE))
            self._corners = context.vertex_array(self._picture, [])
            self._lines = context.buffer(_grid().tobytes())
            self._grid = context.vertex_array(self._flat, [(self._lines, "3f", "point")])

    def set_mesh(self, triangles: np.ndarray, count: int) -> None:
        """Take up a mesh of `count` vertices."""
        if self._triangles is not None and np.array_equal(triangles, self._triangles):
            return
        with self.context as context:
            for held in self._buffers:
                held.release()
            points, normals, colours = (context.buffer(reserve=12 * count) for _ in range(3))
            index = context.buffer(triangles.astype("i4").tobytes())
            array = context.vertex_array(self._face, [(points, "3f", "point"), (normals, "3f", "normal"),
                                                      (colours, "3f", "colour")], index)
        self._buffers, self._triangles = (array, points, normals, colours, index), triangles

    def draw(self, view: View, size: tuple[int, int], vertices: np.ndarray, colours: np.ndarray, wire: bool = False,
             floor: float | None = None, behind: np.ndarray | None = None, samples: int = 4) -> np.ndarray:
        """The mesh of `set_mesh`.

        Args:
            view: from where.
            size: of the picture.
            vertices: (V, 3) metres in the world.
            colours: (V, 3) sRGB, 0..1.
            wire: lines instead of surfaces.
            floor: height in metres of a grid on the ground; None draws none.
            behind: (H', W', 3) uint8, a picture stretched over the background.
            samples: for antialiasing; 0 is quickest.

        Returns:
            (H, W, 4) uint8, RGBA, opaque, the top row first.
        """
        array, points, normals, held_colours, _ = self._buffers
        # Rows are read bottom first: drawn upside down they come out right.
        clip = np.diag([1.0, -1.0, 1.0, 1.0]) @ view.clip_from_world
        with self.context as context:
            drawn, resolved = self._offscreen.framebuffer(size, samples)
            drawn.use()
            drawn.clear(0.0, 0.0, 0.0, 1.0)
            self._draw_background(context, behind)
            context.enable_only(moderngl.DEPTH_TEST)
            if floor is not None:
                self._flat["clip_from_world"].write(clip.T.astype("f4").tobytes())
                self._flat["height"].value = float(floor)
                context.enable(moderngl.BLEND)
                self._grid.render(moderngl.LINES)
                context.disable(moderngl.BLEND)
            points.write(vertices.astype("f4").tobytes())
            normals.write(vertex_normals(vertices, self._triangles).astype("f4").tobytes())
            held_colours.write(np.ascontiguousarray(colours, dtype="f4").tobytes())
            self._face["clip_from_world"].write(clip.T.astype("f4").tobytes())
            self._face["eye"].value = tuple(view.eye.tolist())
            self._face["lit"].value = 0.0 if wire else 1.0
            context.wireframe = wire
            array.render(moderngl.TRIANGLES)
            context.wireframe = False
            return self._offscreen.read(drawn, resolved)

    def release(self) -> None:
        """Give everything back."""
        self._offscreen.release([*self._buffers, self._grid, self._lines, self._corners, self._face, self._flat,
                                 self._picture])

    def _draw_background(self, context: moderngl.Context, behind: np.ndarray | None) -> None:
        context.enable_only(0)
        self._picture["given"].value = behind is not None
        texture = None
        if behind is not None:
            texture = context.texture((behind.shape[1], behind.shape[0]), 3, np.ascontiguousarray(behind).tobytes(),
                                      alignment=1)
            texture.use(0)
            self._picture["picture"].value = 0
        self._corners.render(moderngl.TRIANGLES, vertices=3)
        if texture is not None:
            texture.release()


def _grid(reach: float = 1.0, step: float = 0.05) -> np.ndarray:
    """(L, 3) the ends of lines on the ground, metres."""
    places = np.arange(-reach, reach + step / 2, step)
    lines = [[[place, 0, -reach], [place, 0, reach]] for place in places]
    lines += [[[-reach, 0, place], [reach, 0, place]] for place in places]
    return np.array(lines, dtype="f4").reshape(-1, 3)
