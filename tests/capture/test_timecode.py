from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.errors import DataError
from capture.timecode import Timecode, exact_rate, frames_in_day, parse, parse_like, seconds_after

RATES = ["23.976", "24", "25", "29.97", "30", "47.952", "48", "50", "59.94", "60", "119.88", "120"]
DROP_RATES = ["29.97", "59.94", "119.88"]
KINDS = [(exact_rate(text), False) for text in RATES] + [(exact_rate(text), True) for text in DROP_RATES]


@pytest.mark.parametrize(("value", "exact"), [
    (23.976, Fraction(24000, 1001)), (23.98, Fraction(24000, 1001)), (Fraction(2997, 100), Fraction(30000, 1001)),
    ("59.94", Fraction(60000, 1001)), ("30000/1001", Fraction(30000, 1001)), (47.952, Fraction(48000, 1001)),
    (119.88, Fraction(120000, 1001)), (25, Fraction(25)), (29.9999, Fraction(30)), (12.5, Fraction(25, 2)),
    (Fraction(200, 11), Fraction(200, 11)), (1, Fraction(1)), (0.5, Fraction(1, 2)), (1000, Fraction(1000))])
def test_exact_rate_snaps_to_what_is_meant(value, exact):
    assert exact_rate(value) == exact


@pytest.mark.parametrize("value", ["", "fast", 0, -25, float("nan"), float("inf"), "1/0", True, None, 1e9, 1e-9, [25]])
def test_exact_rate_refuses_what_is_no_rate(value):
    with pytest.raises(DataError, match="frame rate"):
        exact_rate(value)


@pytest.mark.parametrize(("text", "rate", "frame"), [
    ("00:00:59;29", "29.97", 1799), ("00:01:00;02", "29.97", 1800), ("00:10:00;00", "29.97", 17982),
    ("01:00:00;00", "29.97", 107892), ("23:59:59;29", "29.97", 2589407), ("00:01:00;04", "59.94", 3600),
    ("01:00:00;00", "59.94", 215784), ("00:01:00:00", "29.97", 1800), ("01:00:00:00", "25", 90000),
    ("00:01:00;008", "119.88", 7200), ("10:00:00:00", "23.976", 864000)])
def test_known_labels(text, rate, frame):
    """SMPTE 12M's own examples, and their doubles."""
    timecode = parse(text, rate)
    assert timecode.frame == frame
    assert str(timecode) == text


@pytest.mark.parametrize(("rate", "drop"), KINDS)
def test_every_label_of_a_ten_hour_day_reads_back_and_follows_the_last(rate, drop):
    """All frames around each minute's turn, where labels are dropped, and some elsewhere."""
    nominal = round(rate)
    day = 10 * 3600 * nominal
    near_minutes = {minute * 60 * nominal + near for minute in range(600) for near in range(-3, 4)}
    for frame in sorted(near_minutes | set(range(0, day, 9973))):
        if frame < 0:
            continue
        timecode = Timecode(frame, rate, drop)
        assert parse(str(timecode), rate) == timecode
        assert timecode.seconds * rate == frame


def test_all_labels_of_an_hour_of_drop_frame_are_different_and_in_order():
    rate = exact_rate("29.97")
    labels = [str(Timecode(frame, rate, True)) for frame in range(107892)]
    assert len(set(labels)) == 107892
    assert labels == sorted(labels)


def test_drop_frame_keeps_up_with_the_clock_for_ten_hours():
    timecode = parse("10:00:00;00", "29.97")
    assert abs(timecode.seconds - 36000) < Fraction(4, 30)
    assert parse("10:00:00:00", "29.97").seconds == 36036


@given(st.sampled_from(KINDS), st.integers(0, 2_000_000), st.integers(-3_000_000, 3_000_000))
@settings(max_examples=200, deadline=None)
def test_adding_goes_there_and_back(kind, frame, step):
    timecode = Timecode(frame, *kind)
    assert timecode + step + -step == timecode
    assert (timecode + step).frame == (frame + step) % frames_in_day(*kind)


@pytest.mark.parametrize(("typed", "start", "meant"), [
    ("10:00:05:00", "10:00:00;00", "10:00:05;00"), ("10:00:05;00", "10:00:00;00", "10:00:05;00"),
    ("10:00:05;00", "10:00:00:00", "10:00:05:00"), (" 10:00:05:00 ", "10:00:00:00", "10:00:05:00")])
def test_a_typed_timecode_is_counted_as_the_clips_is(typed, start, meant):
    found = parse_like(typed, parse(start, "29.97"))
    assert found == parse(meant, "29.97")
    assert found.frame - parse(start, "29.97").frame == 150


def test_midnight_wraps():
    assert str(parse("23:59:59:24", 25) + 1) == "00:00:00:00"
    assert str(parse("00:00:00;00", "29.97") + -1) == "23:59:59;29"


def test_live_link_face_counts_sixtieths():
    """A 30 fps take steps by two; 13:13:04:31.652 is 31.652 / 60 s into the second."""
    texts = [(parse("13:13:04:15", 30) + step).live_link_text() for step in range(3)]
    assert texts == ["13:13:04:30.000", "13:13:04:32.000", "13:13:04:34.000"]


@given(st.sampled_from([kind for kind in KINDS if not kind[1]]), st.integers(0, 2_000_000))
@settings(max_examples=200, deadline=None)
def test_live_link_text_tells_the_frame(kind, frame):
    """Its sixtieths, nearest thousandth or less, say which of the second's frames it is."""
    timecode = Timecode(frame, *kind)
    hours, minutes, seconds, sixtieths = timecode.live_link_text().split(":")
    labels = round(kind[0])
    assert len(sixtieths) == 6
    assert float(sixtieths) < 60
    assert ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * labels + round(
        float(sixtieths) * labels / 60) == timecode.frame


@pytest.mark.parametrize(("text", "rate", "says"), [
    ("10:00:00:30", 30, "00 to 29"), ("24:00:00:00", 30, "time of day"), ("10:61:00:00", 30, "time of day"),
    ("10:01:00;00", "29.97", "does not exist"), ("10:00:00;00", 25, "drop-frame"), ("noon", 25, "not a timecode"),
    ("", 25, "not a timecode"), ("1١:00:00:00", 25, "not a timecode"), ("10:00:00:00:00", 25, "not a timecode")])
def test_wrong_timecodes_are_refused_in_words(text, rate, says):
    with pytest.raises(DataError, match=says):
        parse(text, rate)


def test_there_is_no_drop_frame_at_25():
    with pytest.raises(ValueError, match="drop-frame"):
        Timecode(0, Fraction(25), True)


@pytest.mark.parametrize(("one", "other"), [("30000/1001 ;", "30 :"), ("30000/1001 ;", "24 :"),
                                            ("24000/1001 :", "24 :"), ("30000/1001 ;", "24000/1001 :"),
                                            ("60000/1001 ;", "30000/1001 ;"),
                                            ("63/5 :", "60 :")])
@pytest.mark.parametrize("clock", ["10:01:01", "23:59:59"])
def test_cameras_of_two_rates_that_say_the_same_began_together(one, other, clock):
    """In either order, and whatever rate the times of a clip that varies make."""
    first, second = (parse(f"{clock}{sign}00", rate) for rate, sign in (one.split(), other.split()))
    assert seconds_after(first, second) == seconds_after(second, first) == 0
