"""Corrections of pictures before the take's first frame, which a new clock leaves out, are not lost."""

from app.corrections import corrections_path, load_layer
from capture.sync import Clock, Timeline, save_timeline
from tests.gui import faked


def test_what_a_new_clock_leaves_out_is_kept_beside_the_corrections(session, shoot):
    session.open(shoot)
    path, cameras = corrections_path(session.data.take), session.data.take.cameras
    early, folder = 4 / session.data.rate, session.data.take.folder
    save_timeline(Timeline((*(Clock(name, 0.0) for name in cameras[:-1]), Clock(cameras[-1], -early)), "by hand"),
                  folder / "sync.toml")
    session.reload()
    session.edit("key", faked.keyed(session, "jawOpen", 1, 0.8))
    session.edit("key", faked.keyed(session, "jawOpen", 9, 0.8))
    session.save()
    clocks = (folder / "sync.toml").read_bytes()
    (folder / "sync.toml").unlink()
    session.close_take()
    session.open(shoot)
    assert session.layer.spots() == {("jawOpen", 5)}
    session.edit("key", faked.keyed(session, "jawOpen", 12, 0.3))
    session.close_take()
    assert load_layer(path).spots() == {("jawOpen", 5), ("jawOpen", 12)}
    assert load_layer(path.with_name("corrections.others-1.json")).spots() == {("jawOpen", 1), ("jawOpen", 9)}
    (folder / "sync.toml").write_bytes(clocks)
    session.open(shoot)
    assert session.layer.spots() == {("jawOpen", 9), ("jawOpen", 16)}, "clocks that go back take everything back"
