import shutil
import struct
import zlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.camera import Camera, Rig
from capture.errors import ClipError, DataError, InputError, RigError
from capture.match import NO_PICTURE, plan, probe_take, take_frames
from capture.shoot import find_takes, open_shoot
from capture.video import frames, probe
from tests.clips import numbered, read_number, write_clip
from tests.closed import close
from tests.material import shared


def touch(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def shoot(tmp_path) -> Path:
    root = tmp_path / "my-shoot"
    for name in ("takes/T002/camB.MOV", "takes/T002/camA.mp4", "takes/T001/camA.mp4", "takes/T001/notes.pdf",
                 "takes/T001/.mien/step.mp4", "takes/T001/._camA.mp4", "takes/T002/audio.wav", "calibration/camB.mp4",
                 "calibration/camA.mp4", "takes/readme.txt", "extra/other.mp4"):
        touch(root / name)
    touch(root / "rig.toml")
    touch(root / "shoot.toml", 'name = "Day 1"\nactor = "anna"\nframe_rate = 29.97\nowner = "someone"\n')
    touch(root / "takes/T002/take.toml", 'actor = "ben"\nrating = 4\nnotes = "good"\n')
    return root


def test_a_shoot_is_read_as_it_lies(shoot):
    found = open_shoot(shoot)
    assert (found.name, found.rig_path) == ("Day 1", shoot / "rig.toml")
    assert [path.name for path in found.calibration_clips] == ["camA.mp4", "camB.mp4"]
    first, second = found.takes
    assert (first.name, first.cameras, first.audio) == ("T001", ("camA",), None)
    assert (second.name, second.cameras) == ("T002", ("camA", "camB"))
    assert second.audio == shoot / "takes/T002/audio.wav"
    assert second.rig_path == shoot / "rig.toml"
    assert [take.setting("actor") for take in found.takes] == ["anna", "ben"]
    assert second.setting("frame_rate") == Fraction(30000, 1001)
    assert (second.setting("rating"), second.setting("model", "built-in")) == (4, "built-in")


def test_a_take_that_may_not_be_looked_into_is_a_problem_of_its_own(shoot, monkeypatch):
    close(monkeypatch, shoot / "takes" / "T001")
    first, second = open_shoot(shoot).takes
    assert first.problem == f"{shoot / 'takes/T001/take.toml'} cannot be read (Permission denied); check its rights"
    assert (second.problem, second.cameras) == ("", ("camA", "camB"))
    with pytest.raises(InputError, match=r"T001/takes cannot be read \(Permission denied\); check its rights"):
        find_takes(shoot / "takes" / "T001")


def test_a_shoot_that_may_not_be_looked_into_is_told(shoot, monkeypatch):
    close(monkeypatch, shoot)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\); check its rights"):
        find_takes(shoot)


def test_a_disk_that_fails_without_naming_a_file_is_told_by_the_folder(shoot, monkeypatch):
    def fails(folder, root):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("capture.shoot.check_take", fails)
    assert open_shoot(shoot).takes[0].problem.startswith(f"{shoot / 'takes/T001'} cannot be read (Input/output error)")


def test_a_take_folder_knows_its_shoot(shoot, monkeypatch):
    take, = find_takes(shoot / "takes" / "T002")
    assert take == open_shoot(shoot).takes[1]
    assert take.setting("frame_rate") == Fraction(30000, 1001)
    monkeypatch.chdir(shoot / "takes" / "T001")
    assert find_takes(Path())[0].setting("actor") == "anna"


def test_a_rig_beside_the_clips_goes_before_the_shoots(shoot):
    touch(shoot / "takes/T001/rig.toml")
    assert find_takes(shoot)[0].rig_path == shoot / "takes/T001/rig.toml"


def test_a_lone_clip_and_a_bare_folder_are_takes(tmp_path):
    clip = touch(tmp_path / "scene 3.mp4")
    take, = find_takes(clip)
    assert (take.name, take.folder, take.clips, take.shoot) == ("scene 3", None, (clip,), None)
    take, = find_takes(tmp_path)
    assert (take.name, take.folder, take.cameras) == (tmp_path.name, tmp_path, ("scene 3",))


def test_a_lone_clip_heeds_the_take_toml_beside_it(tmp_path, shoot):
    clip = touch(tmp_path / "one/camA.mp4")
    written = touch(tmp_path / "one/take.toml", 'actor = "ben"\nfocal_35mm = 54\nneutral = 7\n')
    take, = find_takes(clip)
    assert (take.setting("actor"), take.setting("focal_35mm"), take.setting("neutral")) == ("ben", 54, "7")
    assert take.settings_path == written
    touch(tmp_path / "one/camB.mp4")
    take, = find_takes(clip)
    assert (take.setting("actor"), take.setting("neutral")) == ("ben", None), "the frame is one of both cameras' clock"
    touch(written, "rating = 9\n")
    with pytest.raises(DataError, match=r"take\.toml: rating"):
        find_takes(clip)
    assert find_takes(shoot / "takes/T002/camA.mp4")[0].setting("actor") == "ben"


def test_a_lone_folder_of_pictures_heeds_the_take_toml_beside_it(tmp_path, shoot, monkeypatch):
    numbers = touch(tmp_path / "one/camA/0001.png").parent
    written = touch(tmp_path / "one/take.toml", "frame_rate = 24\n")
    assert find_takes(numbers)[0].setting("frame_rate") == 24
    monkeypatch.chdir(numbers)
    assert find_takes(Path())[0].settings_path == written
    touch(numbers / "take.toml", "frame_rate = 25\n")
    assert find_takes(numbers)[0].setting("frame_rate") == 25
    # In a shoot a take that is one folder of pictures has its own, and none beside it.
    touch(shoot / "takes/T003/0001.png")
    touch(shoot / "takes/take.toml", 'actor = "nobody"\n')
    assert find_takes(shoot / "takes/T003")[0].setting("actor") == "anna"
    touch(written, "").unlink()
    written.symlink_to(shoot / "shoot.toml")
    (numbers / "take.toml").unlink()
    with pytest.raises(InputError, match="leads out"):
        find_takes(numbers)


def test_a_bad_take_does_not_take_the_others_with_it(shoot):
    touch(shoot / "takes/T003/take.toml", "rating = 9\n")
    (shoot / "takes/T004").mkdir()
    touch(shoot / "takes/T005/camA.mov")
    touch(shoot / "takes/T005/camA.mp4")
    takes = {take.name: take for take in find_takes(shoot)}
    assert "rating" in takes["T003"].problem
    assert "holds no clip" in takes["T004"].problem
    assert "two clips of the camera camA" in takes["T005"].problem
    assert (takes["T001"].problem, takes["T002"].problem) == ("", "")
    with pytest.raises(ClipError, match="rating"):
        probe_take(takes["T003"])
    with pytest.raises(InputError, match="two clips"):
        find_takes(shoot / "takes/T005")


def test_links_that_leave_the_shoot_are_refused(shoot, tmp_path):
    secret = touch(tmp_path / "elsewhere" / "camC.mp4")
    (shoot / "takes/T001/camC.mp4").symlink_to(secret)
    (shoot / "takes/T002/camC.mp4").symlink_to(shoot / "extra/other.mp4")
    (shoot / "takes/T006").symlink_to(secret.parent)
    (shoot / "takes/T001/camD.mp4").symlink_to(shoot / "takes/T001/camD.mp4")
    takes = {take.name: take for take in find_takes(shoot)}
    assert "leads out of" in takes["T001"].problem
    assert takes["T002"].cameras == ("camA", "camB", "camC")
    assert "leads out of" in takes["T006"].problem


@pytest.mark.parametrize("name", [
    "takes/T001/.mien", "takes/T001/.mien/parts", "takes/T001/take.toml", "takes/T001/rig.toml", "takes/T001/sync.toml",
    "takes/T001/corrections.json", "takes/T001/camB", "takes/T001/camB/shot_1.png", "takes/T001/audio.wav"])
def test_no_link_out_of_a_take_is_followed(name, shoot, tmp_path):
    """Neither to read nor to write there; the other takes are not concerned."""
    secret = write_pictures(tmp_path / "elsewhere", 1)
    place = shoot / name
    if place.is_dir():
        shutil.rmtree(place)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(secret if place.suffix in ("", ".mien") else next(secret.iterdir()))
    first, second = find_takes(shoot)
    assert first.problem.startswith(f"{place} is a link that leads out of {shoot}")
    assert second.problem == ""
    with pytest.raises(InputError, match="leads out"):
        find_takes(shoot / "takes" / "T001")


@pytest.mark.parametrize("name", ["solved", "actors/anna", "actors/anna/actor.json", "rig.toml", "shoot.toml",
                                  "calibration/board.toml"])
def test_no_link_out_of_a_shoot_is_followed(name, shoot, tmp_path):
    secret, place = touch(tmp_path / "elsewhere" / "secret"), shoot / name
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(secret if place.suffix else secret.parent)
    with pytest.raises(InputError, match="leads out"):
        find_takes(shoot)


def test_links_within_a_shoot_and_to_it_are_followed(shoot, tmp_path):
    (shoot / "takes/T001/rig.toml").symlink_to("../../rig.toml")
    (tmp_path / "short").symlink_to(shoot)
    assert [take.problem for take in find_takes(tmp_path / "short")] == ["", ""]


@pytest.mark.parametrize(("make", "says"), [
    (lambda root: root / "none", "does not exist"), (lambda root: touch(root / "a.txt"), "not a clip"),
    (lambda root: touch(root / "s/shoot.toml", "").parent, "without a take"),
    (lambda root: touch(root / "e/x.txt").parent, "no clip")])
def test_nothing_to_solve_is_said_in_words(make, says, tmp_path):
    with pytest.raises(InputError, match=says):
        find_takes(make(tmp_path))


@pytest.mark.parametrize(("text", "says"), [
    ("actor = 3", "actor: 3 is not a text"), ('actor = "../../etc"', "actor: .* cannot be a name"),
    ('actor = ".."', "actor"), ('frame_rate = "fast"', "frame_rate"), ("frame_rate = 0", "frame_rate"),
    ("rating = 6", "rating"), ("rating = true", "rating"), ("notes = []", "notes"), ("actor = ", "not a valid TOML"),
    ('cameras = "camA"', "cameras"), ("model = 1", "model"), ('model = "../rig.glb"', "model: .* no model")])
def test_wrong_settings_name_file_and_key(text, says, tmp_path):
    touch(tmp_path / "camA.mp4")
    path = touch(tmp_path / "take.toml", text)
    with pytest.raises(DataError, match=says) as caught:
        find_takes(tmp_path)
    assert str(path) in str(caught.value)


def test_settings_that_are_no_text_at_all(tmp_path):
    touch(tmp_path / "camA.mp4")
    (tmp_path / "take.toml").write_bytes(b"\xff\xfe\x00nonsense")
    with pytest.raises(DataError, match="not a valid TOML"):
        find_takes(tmp_path)


def write_pictures(folder: Path, count: int, suffix: str = ".png", first: int = 998) -> Path:
    folder.mkdir(parents=True)
    for index, rgb in enumerate(numbered(count)):
        assert cv2.imwrite(str(folder / f"shot_{first + index}{suffix}"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return folder


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_folder_of_pictures_is_a_clip(suffix, tmp_path):
    write_pictures(tmp_path / "T001" / "camA", 6, suffix)
    touch(tmp_path / "T001" / "take.toml", "frame_rate = 23.976\n")
    take, = find_takes(tmp_path / "T001")
    clip, = probe_take(take)
    assert (clip.camera, clip.frames, clip.frame_rate) == ("camA", 6, Fraction(24000, 1001))
    assert [read_number(frame.rgb) for frame in frames(clip)] == list(range(6))
    assert read_number(next(frames(clip, 4)).rgb) == 4


def test_pictures_without_a_rate_or_with_a_gap_are_refused(tmp_path):
    folder = write_pictures(tmp_path / "camA", 5)
    with pytest.raises(ClipError, match="frame_rate"):
        probe(folder)
    (folder / "shot_1000.png").unlink()
    with pytest.raises(ClipError, match="999 and 1001"):
        probe(folder, Fraction(25))
    (folder / "shot_1001.png").write_bytes(b"no picture")
    (folder / "shot_1000.png").write_bytes(b"no picture")
    with pytest.raises(ClipError, match="not a picture"):
        list(frames(probe(folder, Fraction(25))))


def exr() -> bytes:
    """32 by 16 px of one linear colour."""
    import av

    linear = np.zeros((16, 32, 3), np.float32)
    linear[:, :, 0], linear[:, :, 1], linear[:, :, 2] = 0.2140, 2.0, 0.001
    encoder = av.CodecContext.create("exr", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 32, 16, "gbrpf32le", Fraction(1, 25)
    packets = encoder.encode(av.VideoFrame.from_ndarray(linear, format="gbrpf32le")) + encoder.encode(None)
    return b"".join(bytes(packet) for packet in packets)


def test_exr_pictures_are_shown_as_a_screen_would(tmp_path):
    """Linear 0.2140 is sRGB 0.5 (IEC 61966-2-1)."""
    (tmp_path / "camA").mkdir()
    for index in range(2):
        (tmp_path / "camA" / f"{index:04d}.exr").write_bytes(exr())
    rgb = list(frames(probe(tmp_path / "camA", Fraction(25))))[1].rgb
    np.testing.assert_allclose(rgb[8, 16], [127.5, 255, 3.3], atol=0.6)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".exr"])
def test_a_picture_that_claims_to_be_huge_is_refused_before_memory_is_taken(suffix, tmp_path):
    """30,000 px square would be 2.7 GB; the file has 200 bytes."""
    path = tmp_path / f"frame_0001{suffix}"
    if suffix == ".exr":
        path.write_bytes(exr())
    else:
        cv2.imwrite(str(path), np.full((16, 32, 3), 128, np.uint8))
    assert probe(path).size == (32, 16)
    data, huge = path.read_bytes(), 30000
    if suffix == ".png":
        chunk = b"IHDR" + 2 * huge.to_bytes(4, "big") + data[24:29]
        data = data[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[33:]
    elif suffix == ".exr":
        window = b"displayWindow\0box2i\0\x10\0\0\0"
        at = data.index(window) + len(window)
        data = data[:at] + struct.pack("<4i", 0, 0, huge - 1, huge - 1) + data[at + 16:]
    else:
        at = data.index(b"\xff\xc0") + 5
        data = data[:at] + 2 * huge.to_bytes(2, "big") + data[at + 4:]
    path.write_bytes(data)
    with pytest.raises(ClipError, match="says that it is 30000 by 30000 px, more than 16384 a side"):
        probe(path)


def test_one_picture_is_a_clip_of_one_frame():
    clip = probe(find_takes(shared("footage", "astronaut.png"))[0].clips[0])
    assert (clip.frames, clip.size, clip.sound) == (1, (512, 512), False)
    assert next(frames(clip)).rgb.shape == (512, 512, 3)


def camera(name: str, size: tuple[int, int] = (192, 64)) -> Camera:
    return Camera(name, size, np.array([[200.0, 0, 95.5], [0, 200, 31.5], [0, 0, 1]]))


@pytest.fixture
def pair(tmp_path):
    def make(count_a: int = 20, count_b: int = 20, **options) -> tuple:
        write_clip(tmp_path / "take" / "camA.mp4", numbered(count_a), timecode="10:00:00:00")
        write_clip(tmp_path / "take" / "camB.mp4", numbered(count_b), **options)
        take, = find_takes(tmp_path / "take")
        return take, probe_take(take)
    (tmp_path / "take").mkdir()
    return make


BOTH = Rig((camera("camA"), camera("camB")))


def test_clips_that_belong_together(pair):
    planned = plan(*pair(), BOTH)
    assert (planned.rate, planned.frames, str(planned.start_timecode), planned.warnings) == (30, 20, "10:00:00:00", ())
    assert (planned.numbers == np.arange(20)).all()


def test_a_clip_that_stops_early_leaves_the_take_to_the_others_and_that_is_said(pair):
    planned = plan(*pair(20, 17), BOTH)
    assert (planned.frames, planned.shared) == (20, (0, 17))
    assert planned.numbers[:, 16:].tolist() == [[16, 17, 18, 19], [16, *[NO_PICTURE] * 3]]
    assert "camA 20, camB 17 frames" in planned.warnings[0]


def test_what_does_not_fit_is_refused(pair):
    take, clips = pair()
    with pytest.raises(RigError, match="no camera named 'camB'"):
        plan(take, clips, Rig((camera("camA"),)))
    with pytest.raises(RigError, match="192 by 64 px, but in the rig camB has 64 by 192"):
        plan(take, clips, Rig((camera("camA"), camera("camB", (64, 192)))))


def test_offsets_choose_the_frames_of_one_moment(pair):
    """camB began 4.25 frames before camA: the take's frames are camA's, four more come before, and camB's are the
    nearest ones."""
    planned = plan(*pair(), BOTH, {"camA": 4.25 / 30, "camB": 0.0})
    assert (planned.frames, planned.lead, planned.shared) == (24, 4, (4, 20))
    assert str(planned.start_timecode) == "09:59:59:26"
    assert [read_number(frame.rgb) for frame in take_frames(planned, 1)] == list(range(20))
    shown = list(take_frames(planned, 1, 9, 12))
    assert [(frame.index, read_number(frame.rgb)) for frame in shown] == [(9, 9), (10, 10), (11, 11)]
    some = list(take_frames(planned, 1, 9, 16, {15, 7, 10, 16}))
    assert [(frame.index, read_number(frame.rgb)) for frame in some] == [(10, 10), (15, 15)]
    late = list(take_frames(planned, 0, 0, 6))
    assert [(frame.index, read_number(frame.rgb)) for frame in late] == [(4, 0), (5, 1)], "before that it has none"
    assert planned.late[0, 4:].tolist() == [0.0] * 20
    assert np.isnan(planned.late[0, :4]).all()
    assert [planned.seconds(0, frame) * 30 for frame in (0, 4, 23)] == pytest.approx([-4, 0, 19])
    with pytest.raises(ClipError, match="no moment in common"):
        plan(*pair(), BOTH, {"camA": 100.0})


def test_a_camera_within_a_frame_of_another_begins_with_it(pair):
    for offset in (0.4, 0.6, 0.98):
        planned = plan(*pair(), BOTH, {"camA": offset / 30, "camB": 0.0})
        assert planned.lead == 0
        assert planned.there.all(), "as if they had begun together: such takes are as they were"


def test_a_camera_joins_others_that_share_no_moment(pair):
    """camC saw all of the take, camA its beginning and camB its end."""
    take, (first, second) = pair(20, 20)
    whole = replace(first, camera="camC", frames=60, times=np.arange(60) / 30)
    planned = plan(take, (first, second, whole), None, {"camA": 0.0, "camB": 1.0, "camC": 0.0})
    assert (planned.frames, planned.shared) == (60, (30, 30))
    assert planned.there.sum(axis=1).tolist() == [20, 20, 60]
    assert [planned.first_of(index) for index in range(3)] == [0, 30, 0]
    with pytest.raises(ClipError, match="no moment in common"):
        plan(take, (first, second), None, {"camA": 0.0, "camB": 1.0})


@pytest.mark.parametrize("begins", [(0.0, 0.6, 22.6), (-1.92, 0.0, -1.68)])
def test_a_clip_of_one_picture_has_it_in_the_take(begins, pair):
    """It may lie less than a frame before all others, or after them."""
    take, (first, _) = pair(20, 20)
    clips = [replace(first, camera=name, frames=count, times=np.arange(count) / 30)
             for name, count in (("camA", 3), ("camB", 23), ("camC", 1))]
    planned = plan(take, clips, None, {clip.camera: begin / 30 for clip, begin in zip(clips, begins, strict=True)})
    assert planned.there.any(axis=1).all()
    assert planned.numbers[2].max() == 0
    assert np.nanmax(np.abs(planned.late)) <= 1.0
    planned.seconds(2, 0)


def test_what_not_all_cameras_saw_is_said(pair):
    take, clips = pair(60, 60)
    planned = plan(take, clips, BOTH, {"camA": 1.2, "camB": 0.0})
    assert planned.warnings[0].startswith(
        "24 of 96 frames of take take were seen by all cameras: 1.2 s before camA begins and 1.2 s after camB stops "
        "rest on the others alone (--start 36 --end 60 ")
    assert plan(take, clips, BOTH, {"camA": 0.4, "camB": 0.0}).warnings == (), "nobody starts cameras at one moment"


def test_cameras_of_two_rates_are_taken_at_their_own_times(pair):
    """50 pictures a second beside 30: each moment shows camB's nearest one, and says by how much it is late."""
    planned = plan(*pair(20, 34, rate=50), BOTH)
    assert (planned.rate, planned.frames, str(planned.start_timecode)) == (30, 20, "10:00:00:00")
    shown = [read_number(frame.rgb) for frame in take_frames(planned, 1)]
    assert shown == [round(moment / 30 * 50) for moment in range(20)]
    assert planned.late[1] == pytest.approx([number / 50 * 30 - moment for moment, number in enumerate(shown)])
    assert "(camA 30, camB 50): the take has 30 frames a second" in planned.warnings[0]


def test_a_variable_rate_bends_nobody_elses(pair):
    times = [Fraction(index, 30) + Fraction(index % 3, 200) for index in range(20)]
    take, clips = pair(20, 20, times=times)
    assert clips[1].variable_rate
    assert clips[1].frame_rate != 30
    for order in (clips, clips[::-1]):
        planned = plan(take, order, BOTH)
        assert (planned.rate, planned.frames, str(planned.start_timecode)) == (30, 20, "10:00:00:00")
    assert planned.late[0][:6] == pytest.approx([0, 0.15, 0.3, 0, 0.15, 0.3], abs=0.01)


def test_a_lone_clip_keeps_time_past_dropped_frames(pair):
    """Its sound goes on meanwhile: what comes after them must not come too early."""
    times = [Fraction(index + 3 * (index >= 10), 30) for index in range(40)]
    take, clips = pair(41, 40, times=times)
    planned = plan(take, clips[1:])
    assert planned.frames == 43
    assert planned.numbers[0].tolist() == [*range(10), 9, 9, 10, *range(10, 40)]


def test_a_clip_with_dropped_frames_repeats_its_nearest(pair):
    times = [Fraction(index + (index >= 10), 30) for index in range(40)]
    planned = plan(*pair(41, 40, times=times), BOTH)
    assert planned.frames == 41
    assert not any("differ in length" in warning for warning in planned.warnings)  # both end at one moment
    seen = [read_number(frame.rgb) for frame in take_frames(planned, 1)]
    assert seen == [*range(10), 9, *range(10, 40)]
    some = list(take_frames(planned, 1, only={9, 10, 12}))
    assert [(frame.index, read_number(frame.rgb)) for frame in some] == [(9, 9), (10, 9), (12, 11)]


@pytest.mark.parametrize(("folder", "names"), [("take", ["camB"]), ("shoot", ["camB", "camX"]),
                                               ("shoot", ["camA", "camB"])])
def test_cameras_that_are_named_are_the_ones(tmp_path, folder, names):
    """A witness camera beside those that are calibrated would fail the whole take."""
    for camera_of in ("camA", "camB", "witness"):
        touch(tmp_path / "takes" / "T001" / f"{camera_of}.mp4")
    settings = {"take": tmp_path / "takes" / "T001" / "take.toml", "shoot": tmp_path / "shoot.toml"}[folder]
    settings.write_text(f"cameras = {names}\n".replace("'", '"'))
    take, = find_takes(tmp_path)
    assert list(take.cameras) == [name for name in names if name != "camX"]
    settings.write_text('cameras = ["camX"]\n')
    take, = find_takes(tmp_path)
    assert "there is no clip of camX, only of camA, camB, witness" in take.problem


def test_clips_in_a_folder_for_each_camera_are_pointed_at(tmp_path):
    touch(tmp_path / "takes" / "T001" / "camA" / "IMG_0001.mp4")
    take, = find_takes(tmp_path)
    assert take.problem.endswith("the clips in its folders camA belong here, each named after its camera")


def test_an_accent_is_the_same_letter_in_parts():
    """macOS takes names of files apart: e and an accent; in rig.toml it is one letter."""
    rig = Rig((camera("Cam\u00e9ra"),))
    assert rig["Came\u0301ra"] == replace(rig.cameras[0], name="Came\u0301ra")


def test_an_accent_in_take_toml_is_that_of_the_clip(tmp_path):
    touch(tmp_path / "takes" / "T001" / "Came\u0301ra.mp4")
    (tmp_path / "takes" / "T001" / "take.toml").write_text('cameras = ["Cam\u00e9ra"]\n', encoding="utf-8")
    take, = find_takes(tmp_path)
    assert take.cameras == ("Came\u0301ra",)
