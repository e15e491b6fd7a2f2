"""Every reader of a file or a line from outside, with a corpus that our own writers made."""

import contextlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app import artefacts, locks, records
from app.corrections import load_layer, save_layer
from app.event_lines import read_event
from app.gui.take_notes import write_settings
from app.places import Places
from app.timings import recorded
from capture import pictures
from capture.arrays import Damaged, load_arrays
from capture.camera import load_rig, save_rig
from capture.rig_import import import_rig
from capture.settings import read_settings
from capture.sound import read_sound
from capture.sync import load_timeline
from capture.video import probe
from exporters import live, retarget_file, to_json
from solver.actor import NAME, load_actor
from solver.model_file import load_model
from solver.model_import import import_model
from solver.shape_names import read_names, rename_shapes, write_names
from solver.train_data_people import recorded_weights
from tests.fuzz import corpus, mutate
from tests.fuzz.seeds import SEEDS
from tests.solver.gltf_made import made_square


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        name: for people, and of its seeds.
        file: what the input is called on disk.
        corpus: sound inputs.
        read: reads the file at a path; raises MienError, or nothing.
        shapes: mutations that keep the outermost form whole.
    """

    name: str
    file: str
    corpus: Callable[[], Sequence[bytes]]
    read: Callable[[Path], object]
    shapes: tuple[mutate.Mutation, ...] = ()

    def seeds(self) -> dict[str, bytes]:
        """What broke this reader once: what was wrong with it -> the input."""
        return SEEDS.get(self.name, {})


def _read_rig(path: Path) -> None:
    rig = load_rig(path)
    again = path.with_name("again.toml")
    save_rig(rig, again)
    load_rig(again)


def _read_foreign(path: Path) -> None:
    """The kind is told by the bytes, as the suffix would."""
    data = path.read_bytes()
    if b"\0" in data:
        folder = path.with_name("colmap")
        folder.mkdir(exist_ok=True)
        cameras, images = data.split(b"\0", 1)
        (folder / "cameras.txt").write_bytes(cameras)
        (folder / "images.txt").write_bytes(images)
        import_rig(folder)
        return
    start = data.lstrip()[:1]
    suffix = {b"%": ".yml", b"<": ".xml", b"{": ".json"}.get(start, ".toml")
    named = path.with_suffix(suffix)
    path.replace(named)
    import_rig(named)


def _sent(path: Path, packets_of: Callable[..., live.Packets]) -> None:
    """What goes over the network for a performance from a stranger."""
    packets = packets_of(to_json.read(path))
    for frame in (0, 1, 10**6):
        for packet in packets(frame):
            if len(packet) > 65507:
                raise AssertionError(f"a datagram of {len(packet)} bytes cannot be sent")


def _read_obj_folder(path: Path) -> None:
    """As the face at rest, and its shape, which is the same but higher."""
    folder = path.with_name("objs")
    folder.mkdir(exist_ok=True)
    (folder / "neutral.obj").write_bytes(path.read_bytes())
    (folder / "jawOpen.obj").write_bytes(path.read_bytes().replace(b"v 0 ", b"v 0.1 "))
    import_model(folder, "fuzzed")


def _read_clip(path: Path) -> None:
    try:
        clip = probe(path)
    finally:
        sound = path.with_name("sound.wav")
        shutil.copyfile(path, sound)
    if clip.sound:
        read_sound(sound, clip.begins)


def _read_picture(path: Path) -> None:
    named = path.with_name("a.exr" if path.read_bytes()[:2] == b"v/" else "a.png")
    path.replace(named)
    pictures.find(named)


def _read_layer(path: Path) -> None:
    save_layer(load_layer(path), path.with_name("again.json"))


def _read_arrays(path: Path) -> None:
    artefacts.load(path, "abc", {"xy": ("f", ("T", "N", 2)), "seen": ("b", ("T", "N"))})
    artefacts.stands(path, "abc")
    with contextlib.suppress(Damaged):
        load_arrays(path)
    load_model(path)


def _read_names(path: Path) -> None:
    names = read_names(path)
    rename_shapes(corpus.cube(), names)
    write_names(path.with_name("again.toml"), corpus.cube().shape_names, names)


def _read_take(path: Path) -> None:
    named = path.with_name("take.toml")
    path.replace(named)
    read_settings(named)
    write_settings(named.parent, {"notes": "noted", "rating": 2})
    if read_settings(named)["notes"] != "noted":
        raise AssertionError("a note is lost")


def _read_records(path: Path) -> None:
    """What mien left beside the footage, and somebody else touched: damage counts as absence, never as an error."""
    work = path.with_name("work")
    (work / "took").mkdir(parents=True, exist_ok=True)
    for name in (records.DONE_NAME, records.FAILED_NAME, locks.LOCK_NAME, locks.RUNNING_NAME, "took/a.json"):
        shutil.copyfile(path, work / name)
    where = Places(work, work)
    done = records.load_done(where)
    if done is not None:
        records.missing(done, where)
        records.changed(done.inputs, {})
    records.load_failed(where)
    locks.look(work)
    recorded(work)
    artefacts.load_record(path)


def _read_actor(path: Path) -> None:
    """A profile whose document is the input, beside its sound arrays."""
    folder = path.with_name("anna")
    folder.mkdir(exist_ok=True)
    for name, data in corpus.actor_files().items():
        (folder / name).write_bytes(data)
    shutil.copyfile(path, folder / NAME)
    load_actor(folder)
    load_actor(folder, corpus.cube()).model(corpus.cube())


def _read_recording(path: Path) -> None:
    recorded_weights((path,), corpus.cube())


TARGETS = {target.name: target for target in (
    Target("rig.toml", "rig.toml", corpus.rigs, _read_rig),
    Target("take.toml", "given.toml", lambda: corpus.TAKE, _read_take),
    Target("mien.json", "a.mien.json", corpus.performances, lambda path: to_json.dumps(to_json.read(path)),
           (mutate.in_json,)),
    Target("csv", "a.csv", corpus.tables, _read_recording),
    Target("obj", "a.obj", lambda: corpus.OBJ, _read_obj_folder),
    Target("glb", "a.glb", lambda: [made_square().glb(), *corpus.meshes(".glb")],
           lambda path: import_model(path, "fuzzed"), (mutate.in_chunks, mutate.in_json)),
    Target("fbx", "a.fbx", lambda: [corpus.FBX_TEXT, *corpus.meshes(".fbx")],
           lambda path: import_model(path, "fuzzed")),
    Target("zip", "a.zip", corpus.zips, lambda path: import_model(path, "fuzzed"), (mutate.in_members,)),
    Target("clip", "a.mp4", corpus.clips, _read_clip),
    Target("events", "line", lambda: corpus.EVENTS, lambda path: read_event(path.read_bytes()), (mutate.in_json,)),
    Target("osc", "a.mien.json", corpus.performances, lambda path: _sent(path, live.vmc), (mutate.in_json,)),
    Target("udp", "a.mien.json", corpus.performances, lambda path: _sent(path, live.live_link), (mutate.in_json,)),
    Target("corrections", "corrections.json", corpus.layers, _read_layer, (mutate.in_json,)),
    Target("npz", "a.npz", corpus.arrays, _read_arrays, (mutate.in_members,)),
    Target("retarget", "map.toml", lambda: corpus.RETARGET, retarget_file.load),
    Target("names", "names.toml", corpus.names, _read_names),
    Target("sync", "sync.toml", lambda: corpus.SYNC, load_timeline),
    Target("foreign_rig", "rig.in", lambda: corpus.FOREIGN, _read_foreign),
    Target("picture", "a.in", corpus.pictures, _read_picture),
    Target("actor", "actor.json", corpus.actors, _read_actor, (mutate.in_json,)),
    Target("records", "record.json", lambda: corpus.RECORDS, _read_records, (mutate.in_json,)),
)}
