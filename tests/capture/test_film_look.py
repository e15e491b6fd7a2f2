"""Cuts, pictures that stand still and woven fields are found in films that have them, and in no others."""

import cv2
import numpy as np

from capture.film_look import Faults, Looker, faults, whole

SIZE = (320, 180)


def scene(seed: int, frames: int, speed: float = 3.0) -> list[np.ndarray]:
    """A blot that wanders over a room, with a sensor's noise."""
    rng = np.random.default_rng(seed)
    room = cv2.GaussianBlur(rng.integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8), (0, 0), 9)
    room = cv2.normalize(room, None, 20, 230, cv2.NORM_MINMAX)
    out = []
    for frame in range(frames):
        picture = room.copy()
        at = (round(80 + speed * frame), round(90 + 20 * np.sin(frame / 4)))
        cv2.ellipse(picture, at, (35, 45), 0, 0, 360, (200, 160, 140), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (at[0], at[1] + 15), (12, 5 + frame % 3), 0, 0, 360, (90, 40, 40), -1, cv2.LINE_AA)
        out.append(np.clip(picture + rng.normal(0, 1.0, picture.shape), 0, 255).astype(np.uint8))
    return out


def looked(pictures: list[np.ndarray], numbers: list[int] | None = None) -> Faults:
    looker = Looker(numbers or list(range(len(pictures))))
    assert [id(picture) for picture in looker.passing(pictures)] == [id(picture) for picture in pictures]
    return faults(looker.look)


def test_a_film_with_nothing_wrong_is_told_nothing_of() -> None:
    for seed, speed in ((1, 3.0), (2, 0.0), (3, 8.0)):
        assert looked(scene(seed, 30, speed)) == Faults()


def test_another_shot_is_a_cut_and_a_flash_is_none() -> None:
    assert looked(scene(1, 20) + scene(2, 20)).cuts == (20,)
    pictures = scene(1, 40)
    pictures[20] = np.full_like(pictures[20], 255)
    assert looked(pictures).cuts == ()


def test_pictures_over_and_over_stand_still_also_through_an_encoder() -> None:
    pictures = scene(1, 40)
    for frame in range(11, 18):
        pictures[frame] = pictures[10].copy()
        pictures[frame][::40, ::40] ^= 1
    found = looked(pictures)
    assert (found.still, found.cuts, found.again) == (((11, 18),), (), ())
    assert np.flatnonzero(found.stands(40)).tolist() == list(range(11, 18))
    looker = Looker(range(40))
    list(looker.passing(pictures[:18]))  # it stands still until it stops
    assert (faults(looker.look).still, faults(looker.look, np.arange(40) < 18).still) == (((11, 40),), ((11, 18),))
    pictures[38:] = [pictures[37]] * 2
    assert looked(pictures).still == ((11, 18),), "two repeats are a hiccup"


def test_a_film_of_a_lower_rate_repeats_pictures() -> None:
    pictures = scene(1, 40)
    for frame in range(4, 40, 5):
        pictures[frame] = pictures[frame - 1]
    assert looked(pictures).again == tuple(range(4, 40, 5))


def test_a_camera_of_a_lower_rate_than_the_take_repeats_nothing() -> None:
    pictures = [picture for picture in scene(1, 20) for _ in range(2)]
    assert looked(pictures, [frame // 2 for frame in range(40)]) == Faults()


def test_two_fields_woven_together_are_combed() -> None:
    pictures = scene(1, 80)
    woven = [one.copy() for one in pictures[::2]]
    for one, other in zip(woven, pictures[1::2], strict=True):
        one[1::2] = other[1::2]
    assert looked(woven).combed
    assert not looked(pictures[::2]).combed


def test_a_look_in_parts_is_the_look_of_the_whole() -> None:
    pictures = scene(1, 20) + scene(2, 20)
    whole, part = Looker(list(range(40))), Looker(list(range(16, 40)))
    list(whole.passing(pictures)), list(part.passing(pictures[16:]))
    np.testing.assert_array_equal(whole.look[19:], part.look[3:])


def test_tiny_and_single_pictures_are_no_trouble() -> None:
    assert looked([np.zeros((2, 2, 3), np.uint8)] * 9).cuts == ()
    assert looked([np.zeros((90, 8, 3), np.uint8)]) == Faults()


def render(where: list[float]) -> list[np.ndarray]:
    """The blot without any noise, at these columns."""
    room = scene(1, 1)[0][:, ::-1]
    out = []
    for at in where:
        picture = room.copy()
        cv2.ellipse(picture, (round(16 * at), 16 * 90), (16 * 35, 16 * 45), 0, 0, 360, (200, 160, 140), -1,
                    cv2.LINE_AA, 4)
        out.append(picture)
    return out


def test_an_actor_at_rest_in_a_film_without_noise_is_no_film_that_stands_still() -> None:
    rest, ramp = [80.0] * 20, np.linspace(0, 1, 30)
    assert looked(render(rest + list(80 + 60 * ramp * ramp * (3 - 2 * ramp)))) == Faults()
    assert looked(render(rest + list(80 + 60 * ramp) + [140.0] * 9)) == Faults()


def test_a_slow_webcam_in_a_fast_film_repeats_pictures_and_does_not_stand_still() -> None:
    slow = [picture for picture in scene(1, 30) for _ in range(4)]
    found = looked(slow)
    assert (found.still, len(found.again)) == ((), 90)
    at = slow[:60] + [slow[59]] * 20 + slow[60:]
    assert looked(at).still == ((57, 80),), "nor does that hide where it does stand still"


def lit(pictures: list[np.ndarray], where: tuple[float, float] | None) -> Faults:
    """The look at pictures with a face, all of the blot, about a place; None: no face."""
    looker = Looker(list(range(len(pictures))))
    list(looker.passing(pictures))
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    face = np.array(where or (0, 0)) + np.stack([30 * np.cos(angles), 40 * np.sin(angles)], axis=1)  # (N, 2)
    looker.light(np.tile(face, (len(pictures), 1, 1)), np.full((len(pictures), 20), where is not None))
    return faults(looker.look)


def test_a_face_in_the_dark_and_one_that_is_white_are_told_by_their_own_pixels() -> None:
    place = (80.0, 90.0)
    pictures = scene(1, 30, 0.0)
    assert lit(pictures, place) == Faults()
    dark = [picture // 12 for picture in pictures]
    assert 8 < lit(dark, place).dark < 24
    assert lit(dark, None).dark is not None, "where no face is found all is dark"
    half = Looker(list(range(60)))
    list(half.passing(pictures + dark))
    half.light()
    assert faults(half.look).dark is None, "it ends in black"
    white = [np.clip(picture.astype(int) * 2, 0, 255).astype(np.uint8) for picture in pictures]
    assert lit(white, place).burnt > 0.5
    assert lit(white, None).burnt is None
    behind = [picture.copy() for picture in pictures]
    for one, other in zip(behind, dark, strict=True):  # a bright window behind a face in the dark
        one[40:150, 40:120] = other[40:150, 40:120]
    found = lit(behind, place)
    assert found.dark is not None
    assert found.burnt is None
    for shown, told in ((pictures, None), (dark, 80.0)):
        lamp = [picture.copy() for picture in shown]
        for picture in lamp:
            picture[:, 200:] = 255 if told is None else 0
        assert (lit(lamp, place).dark is None) == (told is None), "what is not the face says nothing"
        assert lit(lamp, place).burnt is None


def test_a_look_that_an_older_mien_left_has_the_faults_that_it_knew() -> None:
    looker = Looker(list(range(40)))
    list(looker.passing(scene(1, 20) + scene(2, 20)))
    assert faults(whole(looker.look[:, :6])) == Faults((20,))
