"""A report's parts on made-up takes: what is chosen, what is said, and what a page lets through."""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app.places import Places
from app.report.curves import LARGE
from app.report.drawing import band, buckets, means
from app.report.evidence import Evidence
from app.report.moments import MOST, worst_moments
from app.report.pictures import HEIGHT, MOST_BYTES, WIDEST, Picture, uri
from app.report.shoot_page import Row, shoot_page
from app.report.summary import Summary
from app.report.take_page import take_page
from app.report.words import findings, verdict
from capture.film_look import Faults
from capture.match import align
from capture.video import Clip
from solver.face_model import ARKIT
from solver.performance import HIDDEN, UNKNOWN, Performance
from solver.residuals import Residuals
from tests.app.pages import Page, sound

NASTY = '<script>alert("x")</script>'
REGIONS = ("left eye", "right eye", "mouth")
NOWHERE = Places(Path("out"), Path("out/.mien/T"))


def made(frames: int, cameras: tuple[str, ...] = ("camA", "camB", "camC"), **more: object) -> Performance:
    """A quiet take: every shape moves slowly, everything is seen, residuals of 1 px."""
    time = np.arange(frames)[:, None] / 90.0
    weights = 0.3 + 0.2 * np.sin(time + np.arange(len(ARKIT)))
    return replace(Performance(
        take="T001", actor="anna", model_name="mien", model_sha256="0" * 64, frame_rate=Fraction(30),
        start_timecode="10:00:00:00", cameras=cameras, shape_names=ARKIT, weights=weights,
        head_rotation=np.tile([0.0, 0.0, 0.0, 1.0], (frames, 1)), head_translation=np.zeros((frames, 3)),
        gaze=np.zeros((frames, 2, 2)), identity=np.zeros(0), sigma=np.full((frames, len(ARKIT)), 0.05),
        residual_px=np.ones(frames), seen=np.ones(frames), flags=((),) * frames,
        steps={"detect camA": "1" * 32, "solve": "2" * 32}), **more)


def even(performance: Performance) -> Residuals:
    """1 px everywhere, everything seen."""
    shape = (len(performance.cameras), performance.frames, len(REGIONS))
    return Residuals(performance.cameras, REGIONS, np.ones(shape), np.ones(shape[:2]), np.ones(shape))


def lose(performance: Performance, first: int, stop: int, how: str = "interpolated") -> Performance:
    """The same without a face from `first` up to `stop`."""
    flags = tuple(("unseen", how) if first <= frame < stop else words for frame, words in enumerate(performance.flags))
    gone = np.arange(performance.frames)
    gone = (gone >= first) & (gone < stop)
    return replace(performance, flags=flags, seen=np.where(gone, 0.0, performance.seen),
                   residual_px=np.where(gone, np.nan, performance.residual_px))


def page_for(performance: Performance, found: Residuals | None = None, **more: object) -> bytes:
    moments = worst_moments(performance, found)
    return take_page(Evidence(performance, NOWHERE, residuals=found, **more), moments, [()] * len(moments), ())


def hide(performance: Performance, first: int, stop: int, shapes: tuple[str, ...]) -> Performance:
    """The same with something before what some shapes move."""
    sigma, flags = performance.sigma.copy(), list(performance.flags)
    sigma[first:stop, [ARKIT.index(name) for name in shapes]] = UNKNOWN
    flags[first:stop] = [(HIDDEN,)] * (stop - first)
    return replace(performance, sigma=sigma, flags=tuple(flags))


# ---------------------------------------------------------------------------------------------- moments


def test_injected_faults_are_the_worst_moments() -> None:
    performance = lose(made(900), 300, 312)
    weights = performance.weights.copy()
    weights[600, ARKIT.index("mouthPucker")] += 0.45
    found = even(performance)
    found.rms[1, 100, 2] = 9.0
    moments = worst_moments(replace(performance, weights=weights), found)
    assert len(moments) == MOST
    said = {moment.frame: moment for moment in moments}
    assert {100, 306, 600} <= said.keys()
    assert said[100].why == "in camB the mouth is 9.0 px off, usually 1.0 px"
    assert said[100].camera == "camB"
    assert said[306].why == "no camera sees the face in frames 300 to 311; the values are interpolated"
    assert said[600].why == "mouthPucker jumps by 0.45 for one frame"
    frames = [moment.frame for moment in moments]
    assert frames == sorted(frames)
    assert min(np.diff(frames)) >= 30


def test_a_take_lost_in_many_runs_still_shows_frames_with_a_face() -> None:
    performance = made(900)
    for first in range(0, 900, 60):
        performance = lose(performance, first, first + 20)
    moments = worst_moments(performance, None)
    assert sum("no camera" in moment.why for moment in moments) == 4
    assert sum(bool(performance.seen[moment.frame]) for moment in moments) >= 4


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_hardly_any_frames(frames: int) -> None:
    performance = made(frames)
    moments = worst_moments(performance, even(performance))
    assert len(moments) <= max(frames, 0)
    read = sound(page_for(performance, even(performance)))
    assert "The take is empty" in read.words or frames
    assert "1 frame" not in verdict(Evidence(made(1), NOWHERE))
    if frames:
        assert read.data["frames"] == frames


# ---------------------------------------------------------------------------------------------- words


def said_of(performance: Performance, found: Residuals | None = None) -> str:
    return " ".join(f"{finding.level}: {finding.title}. {finding.text}"
                    for finding in findings(Evidence(performance, NOWHERE, residuals=found)))


def test_a_good_take_is_called_good() -> None:
    performance = made(300)
    assert said_of(performance, even(performance)).startswith("good: Nothing stands out")
    assert "Solved around corrections" not in said_of(performance, even(performance))
    assert "know: Solved around corrections" in said_of(replace(performance, steps={"correct": "3" * 32}))
    assert verdict(Evidence(performance, NOWHERE)) == "All 300 frames were seen and fit evenly."


def test_runs_without_a_face_are_named() -> None:
    text = said_of(lose(lose(made(300), 120, 132), 290, 300, "held"))
    assert "look: 22 frames without a face" in text
    assert "120 to 131 (0.4 s, interpolated) and 290 to 299 (0.33 s, held)" in text


def test_a_region_that_rests_on_one_camera_is_named() -> None:
    performance = made(100)
    found = even(performance)
    found.sees[1:, :, 0] = 0.0
    found.sees[2, :12, 0] = 1.0
    text = said_of(performance, found)
    assert "Parts of the face rest on camA alone" in text
    assert "the left eye (camB in 0% and camC in 12% of the frames)" in text
    assert "the left blink, squint and gaze rest on camA" in text
    found.sees[0, :, 0] = 0.0
    assert "look: The left eye is hardly seen" in said_of(performance, found)


def test_a_camera_that_fits_worse_is_named() -> None:
    performance = made(100)
    found = even(performance)
    found.overall[2] *= 3.0
    assert "look: camC fits worse than the other cameras" in said_of(performance, found)
    found.sees[2] *= 0.5
    assert "know: camC fits worse than the other cameras" in said_of(performance, found)
    found.overall[2, :50] = np.nan
    assert "look: camC misses the face in 50% of the frames" in said_of(performance, found)


def test_shapes_that_the_pictures_hardly_show_are_named() -> None:
    performance = made(100)
    sigma = performance.sigma.copy()
    sigma[:, [ARKIT.index("tongueOut"), ARKIT.index("eyeWideLeft")]] = 0.24
    weights = performance.weights.copy()
    weights[:, ARKIT.index("tongueOut")] = 0.0
    text = said_of(replace(performance, sigma=sigma, weights=weights))
    assert "2 shapes that these pictures hardly show" in text
    assert "Check by eye where they matter: eyeWideLeft." in text
    assert "They stay at rest in this take, which does not mean that the actor's did: tongueOut." in text


def test_a_shape_at_its_limit_is_named() -> None:
    performance = made(100)
    weights = performance.weights.copy()
    weights[40:60, ARKIT.index("jawOpen")] = 1.0
    found = findings(Evidence(replace(performance, weights=weights), NOWHERE))
    stuck = next(finding for finding in found if finding.title == "Shapes at their limit")
    assert "jawOpen (20 frames)" in stuck.text
    assert stuck.frame == 40


# ---------------------------------------------------------------------------------------------- drawing


def test_no_spike_is_lost_between_columns() -> None:
    values = np.zeros(18_000)
    values[12_345], values[7] = 1.0, -1.0
    low, high = buckets(values, 240)
    assert len(low) == len(high) == 240
    assert high.max() == 1.0
    assert low.min() == -1.0
    assert means(np.ones(1000), 7) == pytest.approx(np.ones(7))
    assert buckets(values, 18_000)[0] is values


def test_a_gap_stays_a_gap() -> None:
    values = np.array([0.5, np.nan, 1.0, 0.0])
    assert band(values, values, 1.0, 10.0) == "M0 5L1 5L1 5L0 5ZM2 0L3 10L3 10L2 0Z"


def test_a_picture_is_bounded() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDEST, 3), dtype=np.uint8)
    assert len(uri(noise)) < MOST_BYTES * 4 / 3 + 100


# ---------------------------------------------------------------------------------------------- pages


def test_names_are_escaped_wherever_they_stand() -> None:
    cameras = (NASTY, '"onerror=alert(1) x="', "camC'&amp;")
    performance = lose(made(60, cameras, take=NASTY, actor='"><img src=x onerror=alert(1)>', model_name=NASTY,
                            start_timecode=NASTY, steps={f"detect {NASTY}": NASTY},
                            shape_names=(*ARKIT[:-1], "</script><script>alert(2)</script>")), 20, 25)
    moments = worst_moments(performance, even(performance))
    shots = [[Picture(NASTY, (8, 8), "data:image/jpeg;base64,AA", "data:image/jpeg;base64,AA")]] * len(moments)
    page = take_page(Evidence(performance, NOWHERE, residuals=even(performance), settings=((NASTY, NASTY),),
                              missing=(NASTY,)), moments, shots, (NASTY,))
    read = sound(page)
    assert NASTY in read.words
    assert b"<script>alert" not in page
    assert "</script><script>alert(2)</script>" in [curve["name"] for curve in read.data["curves"]]
    state = Row(NASTY, "failed", NASTY)
    assert NASTY in sound(shoot_page(NASTY, [state, Row("a b#?", "done", "", summary(), True)])).words


def test_a_name_that_is_no_text_does_not_stop_a_page() -> None:
    sound(page_for(made(5, take="T\udcff1")))


def test_18000_frames_fit_into_five_megabytes() -> None:
    performance = made(18_000, tuple(f"cam{letter}" for letter in "ABCDEFGH"))
    weights = performance.weights.copy()
    weights[12_345, 0] = 1.0
    performance = replace(performance, weights=weights)
    found = even(performance)
    found.overall[3, 4_321] = 50.0
    noise = uri(np.random.default_rng(0).integers(0, 256, (HEIGHT, 300, 3), dtype=np.uint8))
    moments = worst_moments(performance, found)
    shots = [[Picture(camera, (300, HEIGHT), noise, noise) for camera in performance.cameras[:4]] for _ in moments]
    page = take_page(Evidence(performance, NOWHERE, residuals=found), moments, shots, ())
    assert len(page) < 5_000_000
    curve = sound(page).data["curves"][0]
    assert len(curve["low"]) * 3 // 4 == pytest.approx(18_000, abs=2)  # a byte for every frame


def test_any_length_and_any_number_of_shapes_is_bounded() -> None:
    names = tuple(f"ctrl_{index}" for index in range(600))
    frames = 10_000
    performance = made(frames, shape_names=names, weights=np.zeros((frames, 600)), sigma=np.full((frames, 600), 0.1))
    page = page_for(performance)
    assert len(page) < 5_000_000
    data = sound(page).data
    assert sum(len(curve["low"]) + len(curve["high"]) for curve in data["curves"]) * 3 / 4 < 1.1 * LARGE


def test_a_take_without_residuals_says_so() -> None:
    read = sound(page_for(made(100), None, missing=("There are no residuals by camera and region: gone",)))
    assert "Not in this report. There are no residuals" in " ".join(read.words.split())
    assert read.all("path")


# ---------------------------------------------------------------------------------------------- shoots


def summary(**more: str) -> Summary:
    return replace(Summary("", "", "All 60 frames were seen and fit evenly.", "60", "30", "1.000", "0", "0", "12.5",
                           "7", "the mouth is off", "data:image/jpeg;base64," + "A" * 6000), **more)


def test_a_shoot_of_400_takes() -> None:
    takes = [Row(f"T{index:03}", "done", "", summary(), True) for index in range(400)]
    takes[5] = Row("T005", "failed", "camB.mp4 ends in the middle of a frame; copy it again from the card")
    takes[6] = Row("T006", "to do")
    takes[7] = Row("T007", "done", "", summary(lost="30", residual_px="4.000"), True)
    page = shoot_page("Friday", takes)
    assert len(page) < 5_000_000
    read = sound(page)
    assert read.words.count("All 60 frames") == 398
    assert len(read.all("tr")) == 401
    assert len([link for link in read.all("a") if link["href"].endswith(".report.html")]) == 398
    words = " ".join(read.words.split())
    assert "398 of 400 takes are solved." in words
    assert "1 failed. T005: camB.mp4 ends in the middle of a frame; copy it again from the card (1)" in words
    assert "T007 (4.0 px); the takes' middle is 1.0 px" in words


def test_the_worst_takes_keep_their_pictures() -> None:
    takes = [Row(f"T{index:04}", "done", "", summary(), True) for index in range(2000)]
    takes[1234] = Row("T1234", "done", "", summary(doubtful="9"), True)
    page = shoot_page("A year", takes)
    assert len(page) < 5_000_000
    shown = [image["alt"] for image in Page(page).all("img")]
    assert "The worst moment of T1234" in shown
    assert 300 < len(shown) < 500


def test_a_shoot_with_a_take_whose_name_is_no_text() -> None:
    page = sound(shoot_page("Friday", [Row(os.fsdecode(b"T\xe4"), "done", "", summary(), True)]))
    assert "T%E4.report.html" in [link["href"] for link in page.all("a")]


def test_an_empty_shoot() -> None:
    assert "There is no take here." in sound(shoot_page("Nothing", [])).words


def test_what_is_hidden_is_named_and_is_no_bad_fit() -> None:
    performance = hide(made(300), 100, 130, ("mouthClose", "mouthFunnel", "jawOpen"))
    said = findings(Evidence(performance, NOWHERE, residuals=even(performance)))
    hidden, = (finding for finding in said if "before the face" in finding.title)
    assert hidden.title == "30 frames with something before the face"
    assert "mouthClose" in hidden.text
    assert "first in frame 100" in hidden.text
    assert hidden.frame == 100
    assert not any("doubtful" in finding.title for finding in said)
    assert verdict(Evidence(performance, NOWHERE)) == "Look before you use it: 30 doubtful frames."
    moments = worst_moments(performance, even(performance))
    assert any("something is before the face" in moment.why for moment in moments if 100 <= moment.frame < 130)


def test_a_camera_that_begins_late_is_no_less_to_blame_for_what_it_sees() -> None:
    clips = [Clip(Path(name), name, (64, 48), Fraction(30), count, np.arange(count) / 30, None, False, "h264", False,
                  ()) for name, count in (("camA", 100), ("camB", 100), ("camC", 40))]
    together = align("it", clips, {"camA": 0.0, "camB": 0.0, "camC": 2.0})
    performance = made(100)
    found = even(performance)
    found.overall[2], found.overall[2, :60], found.sees[2, :60] = 3.0, np.nan, 0.0
    still = Faults(again=(70, 80, 90))
    said = findings(Evidence(performance, NOWHERE, residuals=found, clips=together, films=(("camC", still),)))
    texts = [f"{finding.level}: {finding.title}. {finding.text}" for finding in said]
    assert any(text.startswith("look: camC fits worse than the other cameras") for text in texts)
    assert any("once more in 3 of 40 frames" in text for text in texts)
