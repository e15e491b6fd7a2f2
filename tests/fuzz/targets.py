"""Every reader of a file or a line from outside, with a corpus that our own writers made."""

import contextlib
import dataclasses
import functools
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from app import artefacts, locks, records
from app.corrections import load_layer, save_layer
from app.event_lines import read_event
from app.gui.take_notes import write_notes
from app.places import Places
from app.timings import recorded
from capture import pictures
from capture.arrays import Damaged, load_arrays, save_arrays
from capture.camera import Rig as CameraRig
from capture.camera import load_rig, lone_camera, save_rig
from capture.rig_import import import_rig
from capture.settings import read_settings
from capture.sound import read_sound
from capture.sync import load_timeline
from capture.video import probe
from exporters import live, retarget_file, to_csv, to_fbx, to_gltf, to_json
from exporters.scene import make_scene
from solver.corrections import Key, Layer
from solver.face_model import FaceModel
from solver.model_file import load_model, save_model
from solver.model_import import import_model
from solver.shape_names import read_names, rename_shapes, write_names
from tests.clips import numbered, write_clip
from tests.fuzz import mutate
from tests.fuzz.seeds import SEEDS
from tests.solver.gltf_made import made_square
from tests.synthetic import made_performance, small_face


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


def tiny_face() -> FaceModel:
    """`small_face` with three shapes and one identity mode."""
    face = small_face()
    return dataclasses.replace(face, shape_names=face.shape_names[:3], shapes=face.shapes[:3],
                               identity=face.identity[:1], identity_names=face.identity_names[:1])


def cube() -> FaceModel:
    """Eight vertices, two shapes, no eyes: a rig in a few kilobytes."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32) * 0.1
    faces = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]], np.int32)
    shapes = np.zeros((2, 8, 3), np.float32)
    shapes[0, :4, 1], shapes[1, 4:, 2] = -0.02, 0.01
    return dataclasses.replace(
        small_face(), neutral=corners, faces=faces, uv=corners[:, :2].copy(), uv_faces=faces, part_names=("skin",),
        face_part=np.zeros(6, np.int32), identity=np.zeros((0, 8, 3), np.float32), identity_names=(),
        shape_names=("jawOpen", "mouthSmileLeft"), shapes=shapes, eyes=(),
        albedo=np.array([[0.5, 0.4, 0.3]], np.float32))


def _written(name: str, *writes: Callable[[Path], object]) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        out = []
        for write in writes:
            path = Path(folder) / name
            write(path)
            out.append(path.read_bytes())
        return out


def _rigs() -> list[bytes]:
    cameras = tuple(lone_camera(name, (640, 480), 700.0) for name in ("camA", "camB"))
    wide = dataclasses.replace(cameras[0], model="fisheye", distortion=(0.1, 0.0, -0.01, 0.0), error_px=0.3)
    return _written("rig.toml", lambda path: save_rig(CameraRig(cameras), path),
                    lambda path: save_rig(CameraRig((wide,)), path))


def _read_rig(path: Path) -> None:
    rig = load_rig(path)
    again = path.with_name("again.toml")
    save_rig(rig, again)
    load_rig(again)


FOREIGN = (
    b"%YAML:1.0\n---\nimage_width: 640\nimage_height: 480\ncamera_matrix: !!opencv-matrix\n   rows: 3\n   cols: 3\n"
    b"   dt: d\n   data: [ 700., 0., 320., 0., 700., 240., 0., 0., 1. ]\ndistortion_coefficients: !!opencv-matrix\n"
    b"   rows: 5\n   cols: 1\n   dt: d\n   data: [ 0.1, 0., 0., 0., 0. ]\n",
    b'<?xml version="1.0"?>\n<opencv_storage>\n<image_width>640</image_width>\n<image_height>480</image_height>\n'
    b'<camera_matrix type_id="opencv-matrix">\n<rows>3</rows>\n<cols>3</cols>\n<dt>d</dt>\n<data>700. 0. 320. 0. 700. '
    b'240. 0. 0. 1.</data></camera_matrix>\n<distortion_coefficients type_id="opencv-matrix">\n<rows>1</rows>\n'
    b"<cols>5</cols>\n<dt>d</dt>\n<data>0. 0. 0. 0. 0.</data></distortion_coefficients>\n</opencv_storage>\n",
    b'{"image_width": 640, "image_height": 480, "camera_matrix": {"type_id": "opencv-matrix", "rows": 3, "cols": 3,'
    b'"dt": "d", "data": [700.0, 0.0, 320.0, 0.0, 700.0, 240.0, 0.0, 0.0, 1.0]}, "distortion_coefficients": {"type_id":'
    b'"opencv-matrix", "rows": 1, "cols": 5, "dt": "d", "data": [0.0, 0.0, 0.0, 0.0, 0.0]}}',
    b"[cam_0]\nport = 0\nsize = [640, 480]\nmatrix = [[700.0, 0.0, 320.0], [0.0, 700.0, 240.0], [0.0, 0.0, 1.0]]\n"
    b"distortions = [0.0, 0.0, 0.0, 0.0, 0.0]\nrotation = [0.0, 0.1, 0.0]\ntranslation = [0.0, 0.0, 1.0]\n",
    b'[cam_0]\nname = "A"\nsize = [640, 480]\nmatrix = [[700.0, 0.0, 320.0], [0.0, 700.0, 240.0], [0.0, 0.0, 1.0]]\n'
    b"distortions = [0.0, 0.0, 0.0, 0.0, 0.0]\nrotation = [0.0, 0.1, 0.0]\ntranslation = [0.0, 0.0, 1.0]\n",
    b"1 PINHOLE 640 480 700 700 320 240\n\x001 1 0 0 0 0 0 1 1 camA.png\n\n",
)


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


def _performances() -> list[bytes]:
    model = cube()
    return [to_json.dumps(made_performance(model, frames, rate)).encode()
            for frames, rate in ((1, 30), (2, Fraction(30000, 1001)), (3, 25))]


def _sent(path: Path, packets_of: Callable[..., live.Packets]) -> None:
    """What goes over the network for a performance from a stranger."""
    packets = packets_of(to_json.read(path))
    for frame in (0, 1, 10**6):
        for packet in packets(frame):
            if len(packet) > 65507:
                raise AssertionError(f"a datagram of {len(packet)} bytes cannot be sent")


def _tables() -> list[bytes]:
    performance = made_performance(cube(), frames=3)
    return _written("a.csv", lambda path: to_csv.write(make_scene(cube(), performance), path))


def _meshes(suffix: str) -> list[bytes]:
    write = to_gltf.write if suffix == ".glb" else to_fbx.write
    return _written(f"a{suffix}", *(lambda path, model=model: write(
        make_scene(model, made_performance(model, frames=2)), path) for model in (cube(), tiny_face())))


FBX_TEXT = b"""; FBX 7.4.0 project file
FBXHeaderExtension:  {
FBXVersion: 7400
}
GlobalSettings:  {
Properties70:  {
P: "UnitScaleFactor", "double", "Number", "",1
P: "UpAxis", "int", "Integer", "",1
}
}
Objects:  {
Geometry: 1, "Geometry::", "Mesh" {
Vertices: *12 {
a: 0,0,0,10,0,0,10,10,0,0,10,0
}
PolygonVertexIndex: *6 {
a: 0,1,-3,0,2,-4
}
}
Geometry: 100, "Geometry::jawOpen", "Shape" {
Indexes: *2 {
a: 0,1
}
Vertices: *6 {
a: 0,-1,0,0,-1,0
}
}
Deformer: 4, "Deformer::", "BlendShape" {
}
Deformer: 200, "SubDeformer::jawOpen", "BlendShapeChannel" {
FullWeights: *1 {
a: 100
}
}
Deformer: 20, "Deformer::", "Skin" {
}
Deformer: 21, "SubDeformer::", "Cluster" {
Indexes: *2 {
a: 0,1
}
Weights: *2 {
a: 1,0.5
}
}
Model: 6, "Model::face", "Mesh" {
Properties70: {
P: "Lcl Rotation", "Lcl Rotation", "", "A",10,0,0
}
}
Model: 8, "Model::jaw", "LimbNode" {
}
}
Connections:  {
C: "OO",1,6
C: "OO",4,1
C: "OO",200,4
C: "OO",100,200
C: "OO",20,1
C: "OO",21,20
C: "OO",8,21
C: "OO",6,0
C: "OO",8,0
}
"""

OBJ = (b"mtllib a.mtl\no head\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 0.5 0.5 1\nvt 0 0\nvt 1 0\nvt 1 1\nusemtl skin\n"
       b"f 1/1 2/2 3/3\nf 1//1 3//1 4//1\nf -1 1 2\nf 1 2 3 4 5\n",
       b"v 0 0 0\nv 1 0 0\nv 1 1 0 1 1 1\ng a\nf 1 2 3\n")


def _read_obj_folder(path: Path) -> None:
    """As the face at rest, and its shape, which is the same but higher."""
    folder = path.with_name("objs")
    folder.mkdir(exist_ok=True)
    (folder / "neutral.obj").write_bytes(path.read_bytes())
    (folder / "jawOpen.obj").write_bytes(path.read_bytes().replace(b"v 0 ", b"v 0.1 "))
    import_model(folder, "fuzzed")


def _zips() -> list[bytes]:
    out = []
    for prefix, names in (("", ("neutral.obj", "jawOpen.obj")), ("ICT/FaceXModel/", (
            "generic_neutral_mesh.obj", "identity000.obj", "jawOpen.obj"))):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for index, name in enumerate(names):
                archive.writestr(zipfile.ZipInfo(prefix + name), OBJ[0].replace(b"v 0 ", b"v 0.%d " % index),
                                 compress_type=8)
        out.append(buffer.getvalue())
    return out


def _clips() -> list[bytes]:
    kinds = (("a.mp4", {"codec": "libx264", "timecode": "10:00:00:00"}),
             ("a.mov", {"codec": "mpeg4", "sound": np.zeros(2000)}),
             ("a.mkv", {"codec": "libx264"}), ("a.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
             ("a.mxf", {"codec": "mpeg2video", "rate": 25}),
             ("a.mp4", {"codec": "libx264", "container_options": {"movflags": "frag_keyframe+empty_moov"}}))
    made = []
    for name, settings in kinds:
        made += _written(name, lambda path, settings=settings: write_clip(
            path, numbered(4, (64, 64)), **{"rate": 30, **settings}))
    return made


def _read_clip(path: Path) -> None:
    try:
        clip = probe(path)
    finally:
        sound = path.with_name("sound.wav")
        shutil.copyfile(path, sound)
    if clip.sound:
        read_sound(sound, clip.begins)


def _pictures() -> list[bytes]:
    import cv2

    rgb = numbered(1, (64, 64))[0]
    return [cv2.imencode(suffix, rgb)[1].tobytes() for suffix in (".png", ".jpg")]


def _read_picture(path: Path) -> None:
    named = path.with_name("a.exr" if path.read_bytes()[:2] == b"v/" else "a.png")
    path.replace(named)
    pictures.find(named)


EVENTS = tuple(json.dumps(event).encode() for event in (
    {"event": "begin", "takes": 2, "jobs": 1},
    {"event": "progress", "take": "T001", "step": "detect camA", "done": 3, "total": 10},
    {"event": "note", "take": "", "text": "a word"},
    {"event": "take", "take": "T001", "state": "failed", "error": "no face", "outputs": ["a.json"]},
    {"event": "end", "exit_code": 0, "done": 1, "failed": 0}))


def _layers() -> list[bytes]:
    full = Layer({"jawOpen": (Key(1, 0.5), Key(4, 0.2, 0.1, -0.1))}, frozenset({2, 3}), {("camA", 5, 2): (1.5, 2.5)},
                 "mediapipe478")
    return _written("corrections.json", lambda path: save_layer(full, path), lambda path: save_layer(Layer(), path))


def _read_layer(path: Path) -> None:
    save_layer(load_layer(path), path.with_name("again.json"))


def _arrays() -> list[bytes]:
    made = {"key": np.array("abc"), "xy": np.zeros((2, 3, 2), np.float32), "seen": np.ones((2, 3), bool)}
    return [*(data for pack in (False, True) for data in _written(
                "a.npz", functools.partial(save_arrays, arrays=made, compress=pack))),
            *_written("b.npz", lambda path: save_model(cube(), path, compress=True))]


def _read_arrays(path: Path) -> None:
    artefacts.load(path, "abc")
    artefacts.stands(path, "abc")
    with contextlib.suppress(Damaged):
        load_arrays(path)
    load_model(path)


RETARGET = (b'version = 1\n[targets.Smile_L]\nfrom = { jawOpen = 1.0, mouthSmileLeft = 0.2 }\noffset = 0.1\n'
            b"curve = [[0.0, 0.0], [0.5, 0.3], [1.0, 1.0]]\nlimit = [0.0, 1.0]\n[[targets.Smile_L.couplings]]\n"
            b'of = ["jawOpen", "mouthSmileLeft"]\nmode = "product"\ngain = 0.5\n',)


def _read_retarget(path: Path) -> None:
    retarget = retarget_file.load(path)
    again = path.with_name("again.toml")
    retarget_file.save(retarget, again)
    if retarget_file.load(again) != retarget:
        raise AssertionError("a map does not come back equal")


def _read_names(path: Path) -> None:
    names = read_names(path)
    rename_shapes(cube(), names)
    write_names(path.with_name("again.toml"), cube().shape_names, names)


TAKE = (b'name = "T001"\nactor = "anna"\nmodel = "ict"\nframe_rate = 29.97\nfocal_35mm = 50\ninterocular_mm = 63.0\n'
        b'notes = "a\\nb"\nrating = 3\ncameras = ["camA", "camB"]\n[more]\nx = 1979-05-27\n',
        b'frame_rate = "30000/1001"\n')


def _read_take(path: Path) -> None:
    named = path.with_name("take.toml")
    path.replace(named)
    read_settings(named)
    write_notes(named.parent, "noted", 2)
    if read_settings(named)["notes"] != "noted":
        raise AssertionError("a note is lost")


SYNC = (b'version = 1\nmethod = "sound"\n[clocks."camA"]\noffset_s = 0.25\ndrift_ppm = 3.0\nresidual_ms = 0.5\n',)

RECORDS = tuple(json.dumps(table).encode() for table in (
    {"asked": "k", "inputs": {"camA.mp4": [["", 1, 2, 3, 4]], "rig.toml": ""}, "outputs": {}, "kept": {}},
    {"error": "why", "inputs": {}}, {"host": "h", "machine": "m", "pid": 5, "born": "1", "token": "t"},
    {"token": "t", "step": "s", "done": 1, "total": 2, "seconds": 0.5}, {"a.csv": "key sha"},
    {"step": "solve", "key": "k", "seconds": 1.0, "cpu_seconds": 0.5, "peak_mib": 10.0, "version": "0.1.0"}))


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


TARGETS = {target.name: target for target in (
    Target("rig.toml", "rig.toml", _rigs, _read_rig),
    Target("take.toml", "given.toml", lambda: TAKE, _read_take),
    Target("mien.json", "a.mien.json", _performances, lambda path: to_json.dumps(to_json.read(path)),
           (mutate.in_json,)),
    Target("csv", "a.csv", _tables, to_csv.read),
    Target("obj", "a.obj", lambda: OBJ, _read_obj_folder),
    Target("glb", "a.glb", lambda: [made_square().glb(), *_meshes(".glb")], lambda path: import_model(path, "fuzzed"),
           (mutate.in_chunks, mutate.in_json)),
    Target("fbx", "a.fbx", lambda: [FBX_TEXT, *_meshes(".fbx")], lambda path: import_model(path, "fuzzed")),
    Target("zip", "a.zip", _zips, lambda path: import_model(path, "fuzzed"), (mutate.in_members,)),
    Target("clip", "a.mp4", _clips, _read_clip),
    Target("events", "line", lambda: EVENTS, lambda path: read_event(path.read_bytes()), (mutate.in_json,)),
    Target("osc", "a.mien.json", _performances, lambda path: _sent(path, live.vmc), (mutate.in_json,)),
    Target("udp", "a.mien.json", _performances, lambda path: _sent(path, live.live_link), (mutate.in_json,)),
    Target("corrections", "corrections.json", _layers, _read_layer, (mutate.in_json,)),
    Target("npz", "a.npz", _arrays, _read_arrays, (mutate.in_members,)),
    Target("retarget", "map.toml", lambda: RETARGET, _read_retarget),
    Target("names", "names.toml", lambda: _written("n.toml", lambda path: write_names(
        path, cube().shape_names, {"jawOpen": "jawOpen"})), _read_names),
    Target("sync", "sync.toml", lambda: SYNC, load_timeline),
    Target("foreign_rig", "rig.in", lambda: FOREIGN, _read_foreign),
    Target("picture", "a.in", _pictures, _read_picture),
    Target("records", "record.json", lambda: RECORDS, _read_records, (mutate.in_json,)),
)}
