"""Sound inputs for every reader, a few kilobytes each, made by our own writers or by hand."""

import dataclasses
import functools
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from app.corrections import save_layer
from capture.arrays import save_arrays
from capture.camera import Rig as CameraRig
from capture.camera import lone_camera, save_rig
from exporters import to_csv, to_fbx, to_gltf, to_json
from exporters.scene import make_scene
from solver.actor import NAME as ACTOR_NAME
from solver.actor import Actor, save_actor
from solver.corrections import Key, Layer
from solver.face_model import FaceModel
from solver.model_file import save_model
from solver.shape_names import write_names
from tests.clips import numbered, write_clip
from tests.synthetic import made_performance, small_face


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


def written(name: str, *writes: Callable[[Path], object]) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        out = []
        for write in writes:
            path = Path(folder) / name
            write(path)
            out.append(path.read_bytes())
        return out


def rigs() -> list[bytes]:
    cameras = tuple(lone_camera(name, (640, 480), 700.0) for name in ("camA", "camB"))
    wide = dataclasses.replace(cameras[0], model="fisheye", distortion=(0.1, 0.0, -0.01, 0.0), error_px=0.3)
    return written("rig.toml", lambda path: save_rig(CameraRig(cameras), path),
                    lambda path: save_rig(CameraRig((wide,)), path))


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


def performances() -> list[bytes]:
    model = cube()
    return [to_json.dumps(made_performance(model, frames, rate)).encode()
            for frames, rate in ((1, 30), (2, Fraction(30000, 1001)), (3, 25))]


def tables() -> list[bytes]:
    performance = made_performance(cube(), frames=3)
    return written("a.csv", lambda path: to_csv.write(make_scene(cube(), performance), path))


def meshes(suffix: str) -> list[bytes]:
    write = to_gltf.write if suffix == ".glb" else to_fbx.write
    return written(f"a{suffix}", *(lambda path, model=model: write(
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


def zips() -> list[bytes]:
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


def clips() -> list[bytes]:
    kinds = (("a.mp4", {"codec": "libx264", "timecode": "10:00:00:00"}),
             ("a.mov", {"codec": "mpeg4", "sound": np.zeros(2000)}),
             ("a.mkv", {"codec": "libx264"}), ("a.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
             ("a.mxf", {"codec": "mpeg2video", "rate": 25}),
             ("a.mp4", {"codec": "libx264", "container_options": {"movflags": "frag_keyframe+empty_moov",
                                                                  "fflags": "bitexact"}}))
    made = []
    for name, settings in kinds:
        made += written(name, lambda path, settings=settings: write_clip(
            path, numbered(4, (64, 64)), **{"rate": 30, "container_options": {"fflags": "bitexact"}, **settings}))
    return made


def pictures() -> list[bytes]:
    import cv2

    rgb = numbered(1, (64, 64))[0]
    return [cv2.imencode(suffix, rgb)[1].tobytes() for suffix in (".png", ".jpg")]


EVENTS = tuple(json.dumps(event).encode() for event in (
    {"event": "begin", "takes": 2, "jobs": 1},
    {"event": "progress", "take": "T001", "step": "detect camA", "done": 3, "total": 10},
    {"event": "note", "take": "", "text": "a word"},
    {"event": "take", "take": "T001", "state": "failed", "error": "no face", "outputs": ["a.json"]},
    {"event": "end", "exit_code": 0, "done": 1, "failed": 0}))


def layers() -> list[bytes]:
    full = Layer({"jawOpen": (Key(1, 0.5), Key(4, 0.2, 0.1, -0.1))}, frozenset({2, 3}), {("camA", 5, 2): (1.5, 2.5)},
                 "mediapipe478", {("camA", 2): (1.5, 2.5)})
    return written("corrections.json", lambda path: save_layer(full, path), lambda path: save_layer(Layer(), path))


def arrays() -> list[bytes]:
    made = {"key": np.array("abc"), "xy": np.zeros((2, 3, 2), np.float32), "seen": np.ones((2, 3), bool)}
    return [*(data for pack in (False, True) for data in written(
                "a.npz", functools.partial(save_arrays, arrays=made, compress=pack))),
            *written("b.npz", lambda path: save_model(cube(), path, compress=True))]


RETARGET = (b'version = 1\n[targets.Smile_L]\nfrom = { jawOpen = 1.0, mouthSmileLeft = 0.2 }\noffset = 0.1\n'
            b"curve = [[0.0, 0.0], [0.5, 0.3], [1.0, 1.0]]\nlimit = [0.0, 1.0]\n[[targets.Smile_L.couplings]]\n"
            b'of = ["jawOpen", "mouthSmileLeft"]\nmode = "product"\ngain = 0.5\n',)

TAKE = (b'name = "T001"\nactor = "anna"\nmodel = "ict"\nframe_rate = 29.97\nfocal_35mm = 50\ninterocular_mm = 63.0\n'
        b'notes = "a\\nb"\nrating = 3\ncameras = ["camA", "camB"]\n[more]\nx = 1979-05-27\n',
        b'frame_rate = "30000/1001"\n')

SYNC = (b'version = 1\nmethod = "sound"\n[clocks."camA"]\noffset_s = 0.25\ndrift_ppm = 3.0\nresidual_ms = 0.5\n',)

RECORDS = tuple(json.dumps(table).encode() for table in (
    {"asked": "k", "inputs": {"camA.mp4": [["", 1, 2, 3, 4]], "rig.toml": ""}, "outputs": {}, "kept": {}},
    {"error": "why", "inputs": {}}, {"host": "h", "machine": "m", "pid": 5, "born": "1", "token": "t"},
    {"token": "t", "step": "s", "done": 1, "total": 2, "seconds": 0.5}, {"a.csv": "key sha"},
    {"step": "solve", "key": "k", "seconds": 1.0, "cpu_seconds": 0.5, "peak_mib": 10.0, "version": "0.1.0"}))


@functools.cache
def actor_files() -> dict[str, bytes]:
    """A small profile of an actor: name -> bytes."""
    random = np.random.default_rng(3)
    actor = Actor("anna", "cube", cube().sha256, "made", np.zeros(0), random.normal(0, 0.001, (5, 3)), ("jawOpen",),
                  np.full((1, 8, 3), 0.001, np.float32), np.zeros(4), 2, "reader", {"interocular": 0.063},
                  ({"from": ["T001"], "frames": 48},))
    with tempfile.TemporaryDirectory() as folder:
        save_actor(actor, Path(folder))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def actors() -> list[bytes]:
    return [actor_files()[ACTOR_NAME]]


def names() -> list[bytes]:
    return written("names.toml", lambda path: write_names(path, cube().shape_names, {"jawOpen": "jawOpen"}))
