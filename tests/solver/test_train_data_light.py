"""How light falls on made faces, against what is known of light."""

import numpy as np
import pytest

from solver.render import Light, Look
from solver.train_data_light import falls, lit
from tests.solver.light_scenes import lone_face, plate

WHITE = (1.0, 1.0, 1.0)
DARK = (0.0, 0.0, 0.0)


def light_on(plates, look, albedo=(0.0, 0.0, 0.0), seed=0):
    """Light on each of some plates, the mean over the middle of each."""
    points = np.concatenate([points for points, _, _ in plates])
    normals = np.concatenate([np.tile(normal, (len(points), 1)) for points, normal, _ in plates])
    starts = np.cumsum([0, *(len(points) for points, _, _ in plates)])
    triangles = np.concatenate([triangles + start for (_, _, triangles), start in zip(plates, starts, strict=False)])
    fallen = falls(points, normals, triangles, np.tile(albedo, (len(points), 1)), look, np.random.default_rng(seed))
    middles = [len(points) // 2 for points, _, _ in plates]
    return fallen, [fallen.light[start + middle] for start, middle in zip(starts, middles, strict=False)]


def test_a_plate_under_the_sky_is_as_bright_as_the_sky():
    up = plate([0, 0, 0], [0, 1, 0])
    _, (light,) = light_on([up], Look((), WHITE, WHITE))
    np.testing.assert_allclose(light, 1, atol=1e-6)
    # Over a hemisphere weighted by the cosine, the mean height is 2/3: 1/2 + 1/3 of the way from ground to sky.
    _, (light,) = light_on([up], Look((), WHITE, DARK))
    np.testing.assert_allclose(light, 0.5 + 1 / 3, atol=0.01)
    _, (sideways,) = light_on([plate([0, 0, 0], [1, 0, 0])], Look((), WHITE, DARK))
    np.testing.assert_allclose(sideways, 0.5, atol=0.05)


def test_what_stands_before_the_sky_takes_its_light_away():
    floor, roof = plate([0, 0, 0], [0, 1, 0], 0.2), plate([0, 0.05, 0], [0, -1, 0], 0.2)
    fallen, (under, _) = light_on([floor, roof], Look((), WHITE, WHITE))
    assert under.max() < 0.2
    assert fallen.free[len(floor[0]) // 2] == pytest.approx(under[0])


def test_light_is_thrown_from_one_face_to_the_other():
    """Between large white plates little light is lost to the dark; between red ones what is left is red."""
    floor, roof = plate([0, 0, 0], [0, 1, 0], 0.2), plate([0, 0.05, 0], [0, -1, 0], 0.2)
    look = Look((), WHITE, WHITE)
    _, (black, _) = light_on([floor, roof], look)
    _, (red, _) = light_on([floor, roof], look, (0.9, 0.0, 0.0))
    assert red[0] > 1.5 * black[0]
    np.testing.assert_allclose(red[1:], black[1:])


def test_a_lamp_lights_by_the_cosine_and_throws_shadows():
    towards, colour = (0.0, 1.0, 0.0), (0.8, 0.6, 0.4)
    lamp = Look((Light(towards, colour, 0.0),), DARK, DARK)
    level, tilted = plate([0, 0, 0], [0, 1, 0]), plate([0, 0, 0], [np.sqrt(3) / 2, 0.5, 0])
    _, (full,) = light_on([level], lamp)
    np.testing.assert_allclose(full, colour, rtol=0.02)
    _, (half,) = light_on([tilted], lamp)
    np.testing.assert_allclose(half, np.array(colour) / 2, rtol=0.05)
    _, (away,) = light_on([plate([0, 0, 0], [0, -1, 0])], lamp)
    assert not away.any()
    fallen, (shaded, lit_roof) = light_on([level, plate([0, 0.05, 0], [0, 1, 0], 0.2)], lamp)
    assert not shaded.any()
    assert lit_roof.min() > 0.3
    assert fallen.lamps[0].seen.min() == 0


def test_a_face_shows_the_colour_of_its_paint_and_of_its_lamp():
    """A grey face under a red lamp from its left is red, and brighter on that side."""
    model, mesh = lone_face()
    look = Look((Light((1.0, 0.0, 0.3), (1.0, 0.1, 0.1), 0.1),), (0.02,) * 3, (0.02,) * 3)
    glowing, drawn_by = lit(mesh, model, look, np.array([0.0, 0.0, 1.0]), np.random.default_rng(3))
    assert np.isfinite(glowing.colours).all()
    assert (glowing.colours >= 0).all()
    middle = mesh.vertices[mesh.triangles].mean(axis=1)
    front = middle[:, 2] > 0.03
    left, right = (glowing.colours[front & (sign * middle[:, 0] > 0.02)].mean(axis=(0, 1)) for sign in (1, -1))
    assert left[0] > 2 * left[1]
    assert left[0] > 1.5 * right[0]
    assert (drawn_by.matte, drawn_by.sky) == (0.0, WHITE)
    np.testing.assert_array_equal(glowing.vertices, mesh.vertices)


def test_the_same_chance_gives_the_same_light():
    model, mesh = lone_face()
    once, again, other = (lit(mesh, model, Look(), np.array([0.0, 0.0, 1.0]), np.random.default_rng(seed))[0].colours
                          for seed in (1, 1, 2))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
