"""Pictures of faces without a display: OpenGL 3.3 through EGL, with OpenCV's intrinsics to the pixel.

A vertex lies at the pixel where `capture.camera.project` puts it, but for the lens's distortion (and skew, which OpenCV
does not know): row and column are whole at a pixel's centre. Besides colours the renderer tells for each pixel which
triangle is seen there and how far away, so that a pixel can be lifted to the surface. Equal input gives equal bytes on
one machine and driver.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import moderngl
import numpy as np

from capture.camera import Camera
from capture.errors import MienError
from solver.face_model import FaceModel
from solver.parts import EYEBALL, SKIPPED, is_part
from solver.render_shaders import COLOUR_FRAGMENT, IDENTITY_FRAGMENT, VERTEX

SAMPLES = 4
"""Samples a pixel in the colour pass; the software renderer knows no more."""
NEAREST = 0.005
"""Metres in front of the camera below which nothing is drawn."""

@dataclass(frozen=True)
class Mesh:
    """Triangles to draw.

    Attributes:
        vertices: (V, 3) metres in the world.
        triangles: (F, 3) indices into vertices.
        colours: (F, 3, 3) linear colour of each triangle's corners, 0..1.
        gloss: (F) how much each triangle mirrors the lights, 0..1.
        ids: (F) what the picture calls each triangle.
        normals: (V, 3) unit, in the world; by default those of the triangles themselves.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    gloss: np.ndarray
    ids: np.ndarray
    normals: np.ndarray | None = None


@dataclass(frozen=True)
class Light:
    """A far light. `towards` (3,) points to it in the world; `colour` (3,) is its linear strength at 1 = full white;
    `size` 0 is a point, 1 is half the sky (it reaches around the edges)."""

    towards: tuple[float, float, float]
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    size: float = 0.3


STUDIO = (Light((-0.4, 0.7, 1.0), (0.80, 0.78, 0.75), 0.4), Light((0.9, 0.2, 0.6), (0.30, 0.32, 0.36), 0.6))
"""A key from the viewer's upper left and a fill from the right, for a face that looks along +z."""


@dataclass(frozen=True)
class Look:
    """How a picture is lit. `sky` and `ground` (3,) are the linear light from straight above and below; `background` is
    one sRGB colour (3,) or a picture (H, W, 3), uint8; `matte` is what the lights count but for what they mirror."""

    lights: tuple[Light, ...] = STUDIO
    sky: tuple[float, float, float] = (0.30, 0.31, 0.33)
    ground: tuple[float, float, float] = (0.14, 0.12, 0.11)
    background: tuple[int, int, int] | np.ndarray = (70, 74, 80)
    matte: float = 1.0


@dataclass(frozen=True)
class Surface:
    """What each pixel's centre sees.

    Attributes:
        depth: (H, W) metres along the camera's z; infinite where nothing is.
        triangle: (H, W) int32, the triangle's id; -1 where nothing is.
        mesh: (H, W) int32, the mesh's place in the list; -1 where nothing is.
    """

    depth: np.ndarray
    triangle: np.ndarray
    mesh: np.ndarray


def face_mesh(model: FaceModel, vertices: np.ndarray, paint: np.ndarray | None = None,
              skip: tuple[str, ...] = SKIPPED, keep: np.ndarray | None = None) -> Mesh:
    """A face model ready to draw; ids are indices into `model.triangles`.

    Args:
        model: the face.
        vertices: (V, 3) metres in the world, as `deform` gives them, moved by the head's pose.
        paint: (V, 3) linear colours that stand in for the parts' albedo; NaN keeps the albedo.
        skip: beginnings of the names of parts that are left out.
        keep: (F') bool, only these triangles are drawn.
    """
    drawn = ~np.array([is_part(name, skip) for name in model.part_names])[model.triangle_part]
    if keep is not None:
        drawn &= keep
    glossy = np.array([0.9 if is_part(name, EYEBALL) else 0.5 if is_part(name, ("teeth",)) else 0.12
                       for name in model.part_names])
    ids = np.flatnonzero(drawn)
    triangles, part = model.triangles[ids], model.triangle_part[ids]
    colours = np.repeat(model.albedo[part][:, None], 3, axis=1).astype(np.float32)  # (F, 3, 3)
    if paint is not None:
        painted = paint[triangles]
        colours = np.where(np.isfinite(painted), painted, colours).astype(np.float32)
    return Mesh(vertices, triangles, colours, glossy[part], ids, vertex_normals(vertices, model.triangles))


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals: the mean of the adjoining triangles' normals, weighted by their areas."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    facing = np.cross(b - a, c - a)  # (F, 3), twice the area long
    total = np.stack([np.bincount(triangles.ravel(), np.repeat(facing[:, axis], 3), len(vertices))
                      for axis in range(3)], axis=1)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20)


@dataclass
class Renderer:
    """Draws pictures of one size. Use it as a context: `with Renderer(640, 480) as renderer: ...`.

    Raises (on entering):
        MienError: there is no OpenGL 3.3 here; the sentence names the packages.
    """

    width: int
    height: int
    _context: moderngl.Context | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Self:
        try:
            self._context = moderngl.create_standalone_context(backend="egl", require=330)
        except Exception as error:  # moderngl raises bare Exception, and ImportError where libEGL is missing
            raise MienError(f"no OpenGL 3.3 to draw with ({error}); install a driver, on Debian "
                            "`apt-get install libegl1 libgl1-mesa-dri`") from error
        # A context left current would break the next one that Qt makes, so each use enters and leaves.
        self._context.__exit__(None, None, None)
        with self._context as context:
            size = (self.width, self.height)
            samples = min(SAMPLES, context.max_samples)
            self._colour_program = context.program(vertex_shader=VERTEX, fragment_shader=COLOUR_FRAGMENT)
            self._identity_program = context.program(vertex_shader=VERTEX, fragment_shader=IDENTITY_FRAGMENT)
            self._multi = context.framebuffer([context.renderbuffer(size, 4, samples=samples)],
                                              context.depth_renderbuffer(size, samples=samples))
            self._single = context.framebuffer([context.renderbuffer(size, 4)])
            self._identity = context.framebuffer([context.renderbuffer(size, 2, dtype="i4"),
                                                  context.renderbuffer(size, 1, dtype="f4")],
                                                 context.depth_renderbuffer(size))
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._context is not None:
            with self._context as context:
                for buffers in (self._multi, self._single, self._identity):
                    buffers.release()
                self._colour_program.release()
                self._identity_program.release()
            context.release()
            self._context = None

    def colours(self, camera: Camera, meshes: Sequence[Mesh], look: Look | None = None) -> np.ndarray:
        """The picture: (H, W, 3) uint8, sRGB, antialiased. The lens's distortion is not drawn."""
        look = look or Look()
        program = self._colour_program
        with self._entered() as context:
            self._multi.use()
            self._multi.clear(0.0, 0.0, 0.0, 0.0)
            context.enable_only(moderngl.DEPTH_TEST)
            _set_lights(program, camera, look)
            self._draw(context, program, camera, meshes)
            context.copy_framebuffer(self._single, self._multi)
            # The rows come bottom first by OpenGL's reckoning, and the projection put our top row at the bottom.
            rgba = np.frombuffer(self._single.read(components=4, alignment=1), np.uint8)
        rgba = rgba.reshape(self.height, self.width, 4).astype(np.float32)
        behind = np.asarray(look.background, dtype=np.float32)  # (3,) or (H, W, 3)
        return np.clip(rgba[..., :3] + (1 - rgba[..., 3:] / 255) * behind + 0.5, 0, 255).astype(np.uint8)

    def surface(self, camera: Camera, meshes: Sequence[Mesh]) -> Surface:
        """What each pixel's centre sees, without antialiasing."""
        with self._entered() as context:
            self._identity.use()
            self._identity.clear()
            context.enable_only(moderngl.DEPTH_TEST)
            self._draw(context, self._identity_program, camera, meshes)
            ids = np.frombuffer(self._identity.read(components=2, attachment=0, alignment=1, dtype="i4"), np.int32)
            depth = np.frombuffer(self._identity.read(components=1, attachment=1, alignment=1, dtype="f4"), np.float32)
        ids = ids.reshape(self.height, self.width, 2) - 1  # drawn one up, so that cleared pixels give -1
        depth = depth.reshape(self.height, self.width)
        return Surface(np.where(ids[..., 1] < 0, np.inf, depth), ids[..., 1], ids[..., 0])

    def _entered(self) -> moderngl.Context:
        if self._context is None:
            raise RuntimeError("a Renderer draws only inside its own `with` block")
        return self._context

    def _draw(self, context: moderngl.Context, program: moderngl.Program, camera: Camera,
              meshes: Sequence[Mesh]) -> None:
        if camera.size != (self.width, self.height):
            raise ValueError(f"the camera's picture is {camera.size}, the renderer's {self.width, self.height}")
        in_camera = [mesh.vertices @ camera.rotation.T + camera.translation for mesh in meshes]
        z = np.concatenate([points[:, 2] for points in in_camera]) if meshes else np.ones(1)
        near = max(float(z.min()) * 0.99, NEAREST)
        far = max(float(z.max()) * 1.01, near * 2)
        program["clip_from_camera"].write(_clip_from_camera(camera, near, far).T.astype("f4").tobytes())
        for place, (mesh, points) in enumerate(zip(meshes, in_camera, strict=True)):
            buffer = context.buffer(_packed(mesh, points, place, camera).tobytes())
            array = context.vertex_array(program, [(buffer, "3f 3f 3f 1f 2i", *INPUTS)], skip_errors=True)
            array.render(moderngl.TRIANGLES)
            array.release()
            buffer.release()


INPUTS = ("point", "normal", "colour", "gloss", "id")


def _packed(mesh: Mesh, points: np.ndarray, place: int, camera: Camera) -> np.ndarray:
    """(F * 3, 12) the corners of all triangles, each with its own copy: colours and ids belong to triangles."""
    normals = vertex_normals(points, mesh.triangles) if mesh.normals is None else mesh.normals @ camera.rotation.T
    packed = np.empty((len(mesh.triangles), 3, 12), dtype=np.float32)
    packed[..., 0:3] = points[mesh.triangles]
    packed[..., 3:6] = normals[mesh.triangles]
    packed[..., 6:9] = mesh.colours
    packed[..., 9] = np.asarray(mesh.gloss)[:, None]
    packed.view(np.int32)[..., 10] = place + 1
    packed.view(np.int32)[..., 11] = np.asarray(mesh.ids)[:, None] + 1
    return packed


def _clip_from_camera(camera: Camera, near: float, far: float) -> np.ndarray:
    """(4, 4): OpenCV's camera space to OpenGL's clip space, with the picture's top row at the bottom.

    Pixel centres are whole numbers in OpenCV and halves in OpenGL, hence the 0.5.
    """
    fx, fy, cx, cy = camera.matrix[0, 0], camera.matrix[1, 1], camera.matrix[0, 2], camera.matrix[1, 2]
    width, height = camera.size
    return np.array([
        [2 * fx / width, 0, 2 * (cx + 0.5) / width - 1, 0],
        [0, 2 * fy / height, 2 * (cy + 0.5) / height - 1, 0],
        [0, 0, (far + near) / (far - near), -2 * far * near / (far - near)],
        [0, 0, 1, 0]])


def _set_lights(program: moderngl.Program, camera: Camera, look: Look) -> None:
    most = program["towards"].array_length
    if len(look.lights) > most:
        raise ValueError(f"{len(look.lights)} lights, and the shader takes {most}")
    towards, colour, size = np.zeros((most, 3)), np.zeros((most, 3)), np.zeros(most)
    for row, light in enumerate(look.lights):
        direction = camera.rotation @ np.asarray(light.towards, dtype=np.float64)
        towards[row] = direction / np.linalg.norm(direction)
        colour[row], size[row] = light.colour, light.size
    program["towards"].write(towards.astype("f4").tobytes())
    program["light"].write(colour.astype("f4").tobytes())
    program["size"].write(size.astype("f4").tobytes())
    program["matte"].value = look.matte
    program["sky"].value = tuple(look.sky)
    program["ground"].value = tuple(look.ground)
    program["up"].value = tuple(camera.rotation @ [0.0, 1.0, 0.0])
