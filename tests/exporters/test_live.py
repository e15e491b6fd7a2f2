import dataclasses
import gc
import socket
import struct
from fractions import Fraction

import numpy as np
import pytest

from app.streaming import PORTS
from capture.errors import Cancelled, DataError, OutputError
from exporters import to_csv
from exporters.live import _play, live_link, live_link_packet, osc_bundles, osc_message, play, sending, vmc
from exporters.scene import make_scene
from solver.face_model import ARKIT
from tests.exporters.live_link_csv import read
from tests.synthetic import made_performance, small_face

MODEL = small_face()
PERFORMANCE = dataclasses.replace(made_performance(MODEL, 12), start_timecode="01:00:00:05")


def test_a_live_link_packet_byte_by_byte():
    values = [0.0] * 61
    values[0], values[51], values[60] = 0.5, 1.0, -0.25
    packet = live_link_packet("DEADC0DE-0000-0000-0000-00000000", "LLV Default Device", Fraction(2161, 2), values)
    assert packet[:6].hex() == "060000002044"
    assert packet[5:37] == b"DEADC0DE-0000-0000-0000-00000000"
    assert packet[37:41].hex() == "00000012"
    assert packet[41:59] == b"LLV Default Device"
    # frame 1080, sub-frame 0.5, 60 / 1, 61 values
    assert packet[59:76].hex() == "00000438" "3f000000" "0000003c" "00000001" "3d"
    assert packet[76:80].hex() == "3f000000"
    assert packet[76 + 51 * 4:76 + 52 * 4].hex() == "3f800000"
    assert packet[-4:].hex() == "be800000"
    assert len(packet) == 320  # as a known sender states its payload


def test_no_face_ends_after_the_names():
    packet = live_link_packet("d" * 36, "anna", Fraction(0), None)
    assert packet == b"\x06\x00\x00\x00\x24" + b"d" * 36 + b"\x00\x00\x00\x04anna"


def test_live_link_sends_apples_order_and_the_csvs_angles(tmp_path):
    packet, = live_link(PERFORMANCE, "anna")(7)
    assert 264 <= len(packet) <= 774
    assert packet[5:41].count(b"-") == 4
    frame, sub, numerator, denominator, count = struct.unpack(">ifiiB", packet[49:66])
    assert (frame, sub, numerator, denominator, count) == (3600 * 60 + (5 + 7) * 2, 0.0, 60, 1, 61)
    values = struct.unpack(">61f", packet[66:])
    np.testing.assert_allclose(values[:52], PERFORMANCE.weights[7], atol=1e-6)
    to_csv.write(make_scene(MODEL, PERFORMANCE), tmp_path / "T001.csv")
    columns = read(tmp_path / "T001.csv").columns
    np.testing.assert_allclose(values[52:], [columns[part + angle][7] for part in ("Head", "LeftEye", "RightEye")
                                             for angle in ("Yaw", "Pitch", "Roll")], atol=1e-6)
    assert values[ARKIT.index("jawLeft")] == pytest.approx(PERFORMANCE.weights[7, MODEL.shape_names.index("jawLeft")])


def test_sub_frames_of_odd_rates():
    packet, = live_link(made_performance(MODEL, 3, 24), "anna")(1)
    assert struct.unpack(">if", packet[49:57]) == (10 * 3600 * 60 + 2, 0.5)


def test_osc_byte_by_byte():
    assert osc_message("/VMC/Ext/OK", "i", 1) == b"/VMC/Ext/OK\0" b",i\0\0" b"\0\0\0\x01"
    assert osc_message("/VMC/Ext/Blend/Apply", "") == b"/VMC/Ext/Blend/Apply\0\0\0\0" b",\0\0\0"
    assert (osc_message("/VMC/Ext/Blend/Val", "sf", "jawOpen", 0.5)
            == b"/VMC/Ext/Blend/Val\0\0" b",sf\0" b"jawOpen\0" b"\x3f\0\0\0")
    one, = osc_bundles([osc_message("/a", "i", 2)])
    assert one == b"#bundle\0" b"\0\0\0\0\0\0\0\x01" b"\0\0\0\x0c" b"/a\0\0" b",i\0\0" b"\0\0\0\x02"


def unbundle(data):
    assert data[:16] == b"#bundle\0" + struct.pack(">Q", 1)
    at, out = 16, []
    while at < len(data):
        size = struct.unpack_from(">i", data, at)[0]
        message = data[at + 4:at + 4 + size]
        address = message.split(b"\0", 1)[0]
        types = message[message.index(b","):].split(b"\0", 1)[0].decode()[1:]
        place = message.index(b",") + (len(types) + 1) // 4 * 4 + 4
        values = []
        for kind in types:
            if kind == "s":
                text = message[place:].split(b"\0", 1)[0]
                values.append(text.decode())
                place += len(text) // 4 * 4 + 4
            else:
                values.append(struct.unpack_from(">" + kind, message, place)[0])
                place += 4
        assert place == size
        out.append((address.decode(), *values))
        at += 4 + size
    return out


def test_vmc_says_every_shape_then_apply():
    packets = vmc(PERFORMANCE)(4)
    assert all(len(data) <= 1400 for data in packets)
    messages = [message for data in packets for message in unbundle(data)]
    assert messages[0] == ("/VMC/Ext/OK", 1)
    assert messages[1] == ("/VMC/Ext/T", pytest.approx(4 / 30))
    shapes = {message[1]: message[2] for message in messages if message[0] == "/VMC/Ext/Blend/Val"}
    assert list(shapes) == list(MODEL.shape_names)
    np.testing.assert_allclose(list(shapes.values()), PERFORMANCE.weights[4], atol=1e-6)
    assert messages[-1] == ("/VMC/Ext/Blend/Apply",)
    bones = {message[1]: message[2:] for message in messages if message[0] == "/VMC/Ext/Bone/Pos"}
    assert list(bones) == ["Head", "LeftEye", "RightEye"]
    x, y, z, w = PERFORMANCE.head_rotation[4]
    np.testing.assert_allclose(bones["Head"], [0, 0, 0, x, -y, -z, w], atol=1e-6)


def test_vmc_turns_to_the_faces_own_left_as_unity_does():
    gaze = np.zeros((12, 2, 2))
    gaze[:, 0, 0] = 0.4  # the left eye to the face's own left
    messages = [message for data in vmc(dataclasses.replace(PERFORMANCE, gaze=gaze))(0) for message in unbundle(data)]
    x, y, z, w = next(message[5:] for message in messages if message[1:2] == ("LeftEye",))
    # A left-handed turn about y takes +z to +x, the face's own right: to its left it is negative.
    assert (x, z) == (0, 0)
    assert 2 * np.arctan2(y, w) == pytest.approx(-0.4)


def test_the_ports_are_those_at_which_receivers_listen():
    """Unreal's Live Link Face source and VMC's marionettes, as their documents say."""
    assert PORTS == {"livelink": 11111, "vmc": 39539}


@pytest.mark.parametrize("make", [live_link, vmc])
@pytest.mark.parametrize("change", [{"frame_rate": Fraction(1, 2000)}, {"gaze": np.full((12, 2, 2), 1e7)},
                                    {"shape_names": ("a\0b", *MODEL.shape_names[1:])}])
def test_what_no_receiver_could_take_is_refused(make, change):
    with pytest.raises(DataError, match="T001"):
        make(dataclasses.replace(PERFORMANCE, **change))


class Clock:
    """Time that only sleeping, asking for it (ten microseconds) and the given cost of a frame move on."""

    def __init__(self, cost=0.0):
        self.now, self.cost, self.slept = 100.0, cost, []

    def __call__(self):
        self.now += 1e-5
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def test_frames_arrive_in_order_and_in_time():
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        clock, told = Clock(), []
        sent = play(live_link(PERFORMANCE), 12, Fraction(30), receiver.getsockname()[1], clock=clock,
                    sleep=clock.sleep, report=lambda done, total: told.append((done, total)))
        assert sent == 12
        assert told[-1] == (12, 12)
        assert clock.now - 100 == pytest.approx(11 / 30, abs=1e-3)
        received = [receiver.recv(2000) for _ in range(12)]
    assert received == [live_link(PERFORMANCE)(frame)[0] for frame in range(12)]


def test_a_loop_goes_on_in_time_where_it_began():
    sent, clock = [], Clock()

    def stop(done, total):
        assert total == 0
        if done == 30:
            raise Cancelled("stopped")

    def packets(frame):
        sent.append((frame, clock.now))
        return []

    with pytest.raises(Cancelled):
        play(packets, None, Fraction(30), 9, clock=clock, sleep=clock.sleep, report=stop)
    assert [frame for frame, _ in sent] == list(range(30))
    assert np.diff([now for _, now in sent[1:]]) == pytest.approx(1 / 30, abs=1e-3)
    for make in (live_link, vmc):
        once, again = (make(PERFORMANCE)(frame) for frame in (3, 15))
        assert once != again  # its time goes on
        assert [len(data) for data in once] == [len(data) for data in again]
    first, second = (struct.unpack(">if", live_link(PERFORMANCE)(frame)[0][49:57]) for frame in (3, 15))
    assert second[0] - first[0] == 24
    assert live_link(PERFORMANCE)(3)[0][57:] == live_link(PERFORMANCE)(15)[0][57:]


def test_a_late_awakening_delays_no_frame():
    """A system may give a sleeper its turn a millisecond or two late, and a packet takes a while to make."""
    clock, random, sent = Clock(), np.random.default_rng(0), []

    def packets(frame):
        clock.now += 3e-3  # this long it takes to make
        return [b""]

    def sleep(seconds):
        clock.sleep(seconds + random.uniform(0, 1.9e-3) * (seconds > 0))

    _play(lambda data: sent.append(clock.now), packets, 600, 60.0, lambda done, total: None, clock, sleep)
    late = np.array(sent) - 100 - np.arange(600) / 60
    assert len(sent) == 600
    assert (late[1:] >= 0).all()  # the first is made after the clock began
    assert late[1:].max() < 1e-4


def test_the_collector_rests_while_a_take_plays_and_no_longer():
    seen = []
    play(lambda frame: seen.append(gc.isenabled()) or [], 3, Fraction(1000), 9)
    assert seen == [False] * len(seen)
    assert gc.isenabled()


def test_late_frames_are_left_out():
    clock = Clock()
    seen = []

    def slow(frame):
        seen.append(frame)
        clock.now += 0.1  # three frames long
        return []

    play(slow, 12, Fraction(30), 9, clock=clock, sleep=clock.sleep)
    assert seen[0] == 0
    assert len(seen) in (4, 5)
    assert (np.diff(seen) >= 2).all()


def test_cancelling_and_a_wrong_address():
    def stop(done, total):
        raise Cancelled("stopped")

    clock = Clock()
    with pytest.raises(Cancelled):
        play(live_link(PERFORMANCE), 12, Fraction(30), 9, clock=clock, sleep=clock.sleep, report=stop)
    for host, port in (("no such host.invalid", 9), ("127.0.0.1", 1 << 20)):
        with pytest.raises(OutputError, match="nothing can be sent"):
            play(live_link(PERFORMANCE), 12, Fraction(30), port, host, clock=clock, sleep=clock.sleep)


def test_a_name_of_both_kinds_means_where_receivers_listen(monkeypatch):
    real = socket.getaddrinfo
    both = [(socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("::1", 0, 0, 0)),
            *real("127.0.0.1", 0, type=socket.SOCK_DGRAM)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2)
        port = receiver.getsockname()[1]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [
            (*one[:4], (one[4][0], port, *one[4][2:])) for one in both])
        with sending(port, "localhost") as send:
            send(b"here")
        assert receiver.recv(100) == b"here"
