"""The actor's face among several: longest and largest, or the one that a person pointed at."""

import numpy as np
import pytest

from solver.crop import Roi
from solver.network_actor import ByPerson, Sightings, longest_and_largest, pointed_at, rivals

Film = dict[int, tuple[float, float]]


def finder(films: tuple[Film, ...]) -> object:
    """Finds the faces that are at (x, side) in some frames of 60; a picture is its own number."""

    def find(picture: np.ndarray) -> list[Roi]:
        return [Roi((film[int(picture)][0], 50.0), film[int(picture)][1]) for film in films if int(picture) in film]

    return find


def track(*films: Film) -> Sightings:
    """What is chosen of such faces."""
    return longest_and_largest(((frame, np.array(frame)) for frame in range(0, 60, 5)), 5, finder(films))


def place(sightings: Sightings, frame: int) -> np.ndarray:
    """(2,) px where a face is about then."""
    return sightings.during([frame], 1).centre[0]


def test_a_face_is_near_where_it_was_seen_about_then_however_long_the_footage():
    seen = Sightings([3, 20, 21], [Roi((100.0, 50.0), 80.0)] * 3)
    near = seen.during(range(40), 4).near
    assert np.flatnonzero(near).tolist() == [*range(8), *range(16, 26)]
    assert Sightings().during(range(3), 1) is None


def pointed(places: dict[int, float], *films: Film, small: Film | None = None) -> tuple[Sightings, list[int]]:
    """The same where a person pointed at places x in some frames; a small face is only seen when looked at closely."""
    frames = sorted({*range(0, 60, 5), *places})
    return pointed_at(((frame, np.array(frame)) for frame in frames), {at: (x, 50.0) for at, x in places.items()}, 5,
                      finder(films), lambda picture, place: finder((small or {},))(picture))


def test_one_that_stays_wins_over_one_that_is_large_for_a_moment():
    chosen = track(dict.fromkeys(range(60), (100.0, 80.0)), dict.fromkeys(range(20), (300.0, 200.0)))
    assert chosen.frames == list(range(0, 60, 5))
    assert place(chosen, 33) == pytest.approx([100, 50])


def test_of_two_that_stay_the_larger_wins():
    chosen = track(dict.fromkeys(range(60), (100.0, 80.0)), dict.fromkeys(range(60), (300.0, 110.0)))
    assert place(chosen, 0) == pytest.approx([300, 50])


def test_a_face_that_walks_and_is_hidden_for_a_while_is_one_track():
    walks = {frame: (100.0 + 4 * frame, 80.0) for frame in range(60) if not 20 <= frame < 35}
    chosen = track(walks, dict.fromkeys(range(30), (500.0, 80.0)))
    assert chosen.frames == [0, 5, 10, 15, 35, 40, 45, 50, 55]
    assert place(chosen, 25) == pytest.approx([200, 50])


def test_small_faces_are_nobodys_rivals():
    near, far, beside = Roi((0.0, 0.0), 100.0), Roi((50.0, 0.0), 40.0), Roi((90.0, 0.0), 60.0)
    assert rivals([near, far, beside]) == [near, beside]
    assert rivals([]) == []


LEFT, RIGHT = dict.fromkeys(range(60), (100.0, 80.0)), dict.fromkeys(range(60), (300.0, 110.0))


def test_the_face_that_is_pointed_at_wins_over_a_larger_one_in_all_frames():
    chosen, missed = pointed({33: 110.0}, LEFT, RIGHT)
    assert (place(chosen, 0)[0], place(chosen, 59)[0], missed) == (100, 100, [])
    assert 33 in chosen.frames


def test_who_leaves_and_comes_back_is_the_actor_and_who_stood_beside_is_not():
    leaves = {frame: (100.0, 80.0) for frame in range(60) if frame < 10 or frame > 50}
    chosen, _ = pointed({0: 100.0}, leaves, RIGHT)
    assert chosen.frames == [0, 5, 55]
    assert set(chosen.during(range(60), 5).near.nonzero()[0]) == {*range(11), *range(50, 60)}
    assert {square.centre[0] for square in chosen.squares} == {100.0}


def test_where_two_changed_places_a_second_word_tells_who_is_who():
    one = {frame: (100.0 if frame < 30 else 190.0, 80.0) for frame in range(60)}
    other = {frame: (280.0 if frame < 30 else 100.0, 80.0) for frame in range(60)}
    taken_in, _ = pointed({0: 100.0}, one, other)
    assert {place(taken_in, frame)[0] for frame in range(60)} == {100}
    told, _ = pointed({0: 100.0, 45: 190.0}, one, other)
    assert [place(told, frame)[0] for frame in (0, 20, 35, 59)] == [100, 100, 190, 190]


def test_each_word_speaks_for_the_time_around_it():
    chosen, _ = pointed({10: 100.0, 50: 300.0}, LEFT, RIGHT)
    assert [place(chosen, frame)[0] for frame in (0, 25, 35, 55)] == [100, 100, 300, 300]


def test_a_small_face_is_found_where_it_is_pointed_at_and_elsewhere_the_word_is_refused():
    chosen, missed = pointed({20: 500.0}, RIGHT, small={20: (500.0, 20.0)})
    assert (chosen.frames, missed) == ([20], [])
    assert pointed({20: 700.0, 30: 300.0}, LEFT, RIGHT)[1] == [20]


def test_a_persons_word_rules_out_faces_elsewhere():
    actor = ByPerson(pointed({0: 100.0}, dict.fromkeys(range(20), (100.0, 80.0)), RIGHT)[0].during(range(60), 5))
    here, there = Roi((110.0, 50.0), 90.0), Roi((300.0, 50.0), 110.0)
    assert actor.choose(3, [there, here]) == here
    assert actor.choose(3, [there]) is None
    assert actor.other(3, there)
    assert not actor.other(3, here)
    assert not actor.other(40, there)  # nobody knows where the actor is then, and a face that was followed goes on
