"""How light falls on a made face: on each vertex from the sky and the lamps, past what stands before them, and from the
rest of the face (two bounces); through skin; and mirrored.

Our renderer alone knows no shadow and no light that is thrown from one place of a face to another, and a network that
learnt from such pictures errs by two fifths more on path-traced ones. What is worked out here goes into the mesh's
colours, so that the renderer has only to draw them. Rays are Embree's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix, diags

from capture.camera import Camera
from capture.errors import MienError
from solver.face_model import FaceModel
from solver.parts import EYEBALL, is_part
from solver.render import Light, Look, Mesh, Renderer

RAYS, LAMP_RAYS = 32, 8
"""Rays from each vertex: to everywhere, and to each lamp."""
OFF_M = 3e-4
"""How far over the surface they begin."""
FAR = 0.25
"""Share of the lamps that are far away, not some arm's lengths."""
AWAY_M = (0.5, 2.5)
ROUGH, OILY_ROUGH, F0 = (0.3, 0.7), (0.12, 0.4), 0.035
"""Roughness of skin and of the oil on it; what skin mirrors when looked at straight on."""
WIDER = 0.3
"""How much rougher a lamp of half the sky makes a highlight look."""
HALF_WIDTH, WIDEST = (0.01, 0.15), 0.7
"""Radians from a lamp's middle to its edge: of a small one, and what the largest has more."""
WET = 0.45
"""Gloss above which a part (teeth, eyes) has highlights of its own."""
BOUNCES = 2
BRIGHT = (0.07, 0.42)
"""What a face's mean light may be, of full white, for the lightest skin."""

Draw = Callable[[Renderer, Camera, Mesh, FaceModel, Look, np.random.Generator], np.ndarray]
"""What draws a made face, see `drawn`."""


@dataclass(frozen=True)
class Material:
    """One person's skin under light.

    Attributes:
        rough, mirrors: of the skin; oily_rough, oily: of the oil on it, `oily` its strength.
        through: (3) how much light goes through skin to its surroundings, red, green, blue.
        passes: how far it goes, in vertices.
    """

    rough: float
    mirrors: float
    oily_rough: float
    oily: float
    through: np.ndarray
    passes: int


def skin_of(random: np.random.Generator) -> Material:
    """A person's."""
    through = random.uniform(0, 0.9) * np.array([1.0, random.uniform(0.3, 0.6), random.uniform(0.15, 0.5)])
    return Material(random.uniform(*ROUGH), random.uniform(0.2, 2.0), random.uniform(*OILY_ROUGH),
                    random.uniform(0, 1.2) if random.random() < 0.5 else 0.0, through, int(random.integers(1, 9)))


def drawn(renderer: Renderer, camera: Camera, mesh: Mesh, model: FaceModel, look: Look, random: np.random.Generator
          ) -> np.ndarray:
    """The picture of a made face (`lit`) before the look's background: (S, S, 3) uint8, sRGB."""
    eye = -camera.rotation.T @ camera.translation
    glowing, drawn_by = lit(mesh, model, look, eye, random)
    return renderer.colours(camera, [glowing], drawn_by)


def lit(mesh: Mesh, model: FaceModel, look: Look, eye: np.ndarray, random: np.random.Generator) -> tuple[Mesh, Look]:
    """The mesh in the colours that the light makes, and the look to draw it with, which lights nothing but the
    highlights of the eyes and teeth.

    Args:
        mesh: the face in the world, metres, with the paint as its colours.
        model: whose triangles the mesh's ids name.
        look: sky, ground and lamps.
        eye: (3,) metres, where it is looked at from.
        random: what the look does not say.
    """
    used, corners = np.unique(mesh.triangles, return_inverse=True)
    triangles = corners.reshape(-1, 3)  # (F, 3) into `used`
    place, normal = mesh.vertices[used], _unit(mesh.normals[used])
    albedo = np.zeros((len(used), 3))
    albedo[triangles.ravel()] = mesh.colours.reshape(-1, 3)
    fallen = falls(place, normal, triangles, albedo, look, random)
    smooth = _smoother(triangles, len(used))
    skin, view = skin_of(random), _unit(eye - place)
    light = spread = smooth @ fallen.light
    for _ in range(skin.passes):
        spread = smooth @ spread
    light = light + skin.through * (spread - light)
    shiny = np.array([is_part(name, EYEBALL) for name in model.part_names])[model.triangle_part[mesh.ids]]
    dull = np.ones((len(used), 1))
    dull[np.unique(triangles[shiny])] = 0  # an eye's highlights are smaller than its triangles: the renderer draws them
    glow = albedo * light + dull * (smooth @ _mirrored(fallen, normal, view, skin, look))
    colours = _exposed(glow, albedo, normal, view, random)[triangles].astype(np.float32)
    seen = np.mean([lamp.seen for lamp in fallen.lamps], axis=0) if fallen.lamps else np.zeros(len(used))
    gloss = np.where(mesh.gloss > WET, mesh.gloss * seen[triangles].mean(axis=1), 0.0)
    ones = (1.0, 1.0, 1.0)
    return replace(mesh, colours=colours, gloss=gloss), replace(look, sky=ones, ground=ones, matte=0.0)


@dataclass(frozen=True)
class Lamp:
    """One lamp from N vertices.

    Attributes:
        reach: (N) how much of its light falls on each, 1 where it shines straight on the face's middle.
        towards: (N, 3) the way to it, unit.
        seen: (N) which share of it is seen from there, 0..1.
        colour: (3) its linear strength.
    """

    reach: np.ndarray
    towards: np.ndarray
    seen: np.ndarray
    colour: np.ndarray


@dataclass(frozen=True)
class Fallen:
    """What falls on N vertices: `light` (N, 3), 1 makes white white; `free` (N) the share of the sky above each that
    nothing hides; the lamps."""

    light: np.ndarray
    free: np.ndarray
    lamps: tuple[Lamp, ...]


def falls(place: np.ndarray, normal: np.ndarray, triangles: np.ndarray, albedo: np.ndarray, look: Look,
          random: np.random.Generator) -> Fallen:
    """Light from sky, ground and lamps, and what triangles throw at one another of it, twice.

    Args:
        place, normal: (N, 3) metres, and unit.
        triangles: (F, 3) indices into them.
        albedo: (N, 3) linear.
        look: sky, ground and lamps.
        random: turns the rays, and says how far the lamps are and how large.

    Raises:
        MienError: Embree is not installed.
    """
    trace, starts = _tracer(place, triangles), place + OFF_M * normal
    ways = _around(normal, _bowl(RAYS), random)  # (N, R, 3)
    hit = trace(np.repeat(starts, RAYS, axis=0), ways.reshape(-1, 3)).reshape(len(place), RAYS)
    free = hit < 0
    direct = (_sky(ways, look) * free[..., None]).mean(axis=1)
    lamps = tuple(_lamp(trace, starts, normal, lamp, place.mean(axis=0), random) for lamp in look.lights)
    for lamp in lamps:
        direct += lamp.reach[:, None] * lamp.colour
    light = direct
    for _ in range(BOUNCES):
        thrown = (albedo * light)[triangles].mean(axis=1)  # (F, 3)
        light = direct + np.where(free[..., None], 0, thrown[hit]).mean(axis=1)
    return Fallen(light, free.mean(axis=1), lamps)


def _mirrored(fallen: Fallen, normal: np.ndarray, view: np.ndarray, skin: Material, look: Look) -> np.ndarray:
    """(N, 3): what skin and the oil on it mirror of the lamps, and at its edges of the sky."""
    out = np.zeros_like(normal)
    for lamp, given in zip(fallen.lamps, look.lights, strict=True):
        for rough, share in ((skin.rough, skin.mirrors), (skin.oily_rough, skin.oily)):
            shine = _highlight(normal, view, lamp.towards, rough + WIDER * given.size)
            out += share * (shine * lamp.seen)[:, None] * lamp.colour
    facing = (normal * view).sum(axis=1, keepdims=True)
    edge = F0 + (1 - F0) * (1 - np.clip(facing, 0, 1)) ** 5 * (1 - skin.rough) ** 2
    return out + min(skin.mirrors, 1.0) * edge * fallen.free[:, None] * _sky(2 * facing * normal - view, look)


def _sky(ways: np.ndarray, look: Look) -> np.ndarray:
    """(..., 3): the light that comes from those ways, unit (..., 3)."""
    ground, sky = np.asarray(look.ground), np.asarray(look.sky)
    return ground + (0.5 + 0.5 * ways[..., 1:2]) * (sky - ground)


def _tracer(place: np.ndarray, triangles: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """starts (R, 3), ways (R, 3) -> (R) the triangle that each ray hits first, -1 for none."""
    try:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene
    except ImportError as error:
        raise MienError("light on made faces is followed by Embree; get it with `pip install mien[train]`") from error
    scene = EmbreeScene()
    TriangleMesh(scene, place.astype(np.float32), triangles.astype(np.int32))
    return lambda starts, ways: scene.run(starts.astype(np.float32), ways.astype(np.float32))


def _bowl(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions over a surface whose density goes with the cosine (a sunflower's seeds, lifted to the sphere):
    radius (R,) and angle (R,) in its plane."""
    return np.sqrt((np.arange(count) + 0.5) / count), np.arange(count) * np.pi * (3 - np.sqrt(5))


def _around(axis: np.ndarray, seeds: tuple[np.ndarray, np.ndarray], random: np.random.Generator) -> np.ndarray:
    """(N, R, 3) unit: the same directions about each axis (N, 3), each time turned otherwise."""
    radius, angle = seeds
    aside = _unit(np.cross(axis, np.where(np.abs(axis[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])))
    turn = angle[None] + random.uniform(0, 2 * np.pi, (len(axis), 1))
    return (radius * np.cos(turn))[..., None] * aside[:, None] \
        + (radius * np.sin(turn))[..., None] * np.cross(axis, aside)[:, None] \
        + np.sqrt(1 - radius ** 2)[None, :, None] * axis[:, None]


def _lamp(trace: Callable[[np.ndarray, np.ndarray], np.ndarray], starts: np.ndarray, normal: np.ndarray, lamp: Light,
          centre: np.ndarray, random: np.random.Generator) -> Lamp:
    towards = _unit(np.asarray(lamp.towards, float))
    ways, nearer = np.tile(towards, (len(starts), 1)), np.ones(len(starts))
    if random.random() >= FAR:
        away = random.uniform(*AWAY_M)
        to_lamp = centre + away * towards - starts
        ways, nearer = _unit(to_lamp), away ** 2 / (to_lamp ** 2).sum(axis=1)
    wide = np.sin(random.uniform(*HALF_WIDTH) + WIDEST * lamp.size * random.random())
    radius, angle = _bowl(LAMP_RAYS)
    rays = _around(ways, (wide * radius, angle), random)
    facing = np.clip(np.einsum("nrx,nx->nr", rays, normal), 0, None)
    asked = (facing > 0).ravel()
    reached = np.zeros(asked.shape)
    reached[asked] = trace(np.repeat(starts, LAMP_RAYS, axis=0)[asked], rays.reshape(-1, 3)[asked]) < 0
    reach = (facing * reached.reshape(facing.shape)).mean(axis=1)
    seen = np.clip(reach / np.maximum((normal * ways).sum(axis=1), 0.05), 0, 1)
    return Lamp(reach * nearer, ways, seen, np.asarray(lamp.colour, float))


def _highlight(normal: np.ndarray, view: np.ndarray, towards: np.ndarray, rough: float) -> np.ndarray:
    """(N,) what a rough surface mirrors of a lamp (GGX; Walter et al. 2007), for a lamp that would make white white."""
    half = _unit(view + towards)
    across, facing, looked = ((normal * way).sum(axis=1).clip(1e-3, 1) for way in (half, towards, view))
    alpha = min(rough, 1.0) ** 2
    density = alpha ** 2 / (np.pi * (across ** 2 * (alpha ** 2 - 1) + 1) ** 2)
    fresnel = F0 + (1 - F0) * (1 - (view * half).sum(axis=1).clip(0, 1)) ** 5
    k = alpha / 2
    hidden = 1 / ((facing * (1 - k) + k) * (looked * (1 - k) + k))
    return np.pi * density * fresnel * hidden / 4 * facing


def _smoother(triangles: np.ndarray, count: int) -> csr_matrix:
    """(N, N): each vertex's mean with its neighbours."""
    rows, columns = (np.concatenate([triangles[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2))])
                     .T)
    near = csr_matrix((np.ones(len(rows)), (rows, columns)), (count, count))
    near.data[:] = 1
    near = near + diags(2.0 * np.ones(count))
    return diags(1 / np.asarray(near.sum(axis=1)).ravel()) @ near


def _exposed(glow: np.ndarray, albedo: np.ndarray, normal: np.ndarray, view: np.ndarray, random: np.random.Generator
             ) -> np.ndarray:
    """The light as a camera takes it: as bright as it chooses, highlights bent down by some films."""
    towards = (normal * view).sum(axis=1) > 0.3
    skin = float(np.median(albedo[towards].mean(axis=1)))
    wanted = np.exp(random.uniform(*np.log(BRIGHT))) * (skin / 0.6) ** 0.6
    glow = glow * wanted / max(float(glow[towards].mean()), 1e-4)
    if random.random() < 0.5:
        white = random.uniform(1.0, 4.0)
        glow = glow * (1 + glow / white ** 2) / (1 + glow) * (1 + wanted) / (1 + wanted / white ** 2)
    return glow


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
