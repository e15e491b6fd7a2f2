import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from capture.camera import WORLD_FROM_LONE_CAMERA, Camera, Rig, load_rig, project, save_rig
from capture.errors import RigError
from capture.rig_import import import_rig
from tests.material import shared

SIZE = (1280, 720)
DISTORTION = (-0.2, 0.05, 0.001, -0.002, 0.01)


def truth(distortion: tuple = DISTORTION, model: str = "pinhole") -> Rig:
    """Two cameras in a world that is neither's own."""
    cameras = []
    poses = ((0.3, -0.2, 0.1), (0.1, -0.05, 0.8)), ((0.1, 0.5, -0.2), (-0.3, 0.02, 0.9))
    for index, (turn, shift) in enumerate(poses):
        matrix = np.array([[1100.0 + index, 0, 630.5], [0, 1090.0, 352.25], [0, 0, 1]])
        cameras.append(Camera(f"cam_{index}", SIZE, matrix, model, distortion, Rotation.from_rotvec(turn).as_matrix(),
                              np.array(shift)))
    return Rig(tuple(cameras))


def assert_same_pictures(found: Rig, right: Rig, names: tuple[str, str] = ("cam_0", "cam_1")) -> None:
    """Points of the one world, taken to the other, appear at the same pixels."""
    points = np.random.default_rng(0).uniform(-0.15, 0.15, (50, 3))
    first = right.cameras[0]
    in_found = (points @ first.rotation.T + first.translation) @ WORLD_FROM_LONE_CAMERA.T
    for name, camera in zip(names, right.cameras, strict=True):
        assert found[name].size == camera.size
        np.testing.assert_allclose(project(found[name], in_found), project(camera, points), atol=1e-6)
    np.testing.assert_allclose(found.cameras[0].rotation, WORLD_FROM_LONE_CAMERA, atol=1e-12)


def text(values: object) -> str:
    return str(np.asarray(values).tolist())


@pytest.mark.parametrize("suffix", [".yml", ".xml", ".json"])
def test_opencv_stereo(suffix, tmp_path):
    right = truth()
    one, other = right.cameras
    turn = other.rotation @ one.rotation.T
    store = cv2.FileStorage(str(tmp_path / f"intrinsics{suffix}"), cv2.FILE_STORAGE_WRITE)
    for at, camera in enumerate(right.cameras, start=1):
        store.write(f"M{at}", camera.matrix)
        store.write(f"D{at}", np.array([camera.distortion]))
    store.release()
    store = cv2.FileStorage(str(tmp_path / f"extrinsics{suffix}"), cv2.FILE_STORAGE_WRITE)
    store.write("R", turn)
    store.write("T", (other.translation - turn @ one.translation) * 1000)  # a board given in millimetres
    store.release()
    found = import_rig(tmp_path / f"intrinsics{suffix}", SIZE, unit_m=0.001)
    assert_same_pictures(found, right, ("left", "right"))


def test_opencv_own_sample_files():
    folder = shared("multicam", "opencv_stereo")
    lone = import_rig(folder / "left_intrinsics.yml").cameras[0]
    assert (lone.name, lone.size) == ("left_intrinsics", (640, 480))
    assert lone.matrix[0, 0] == pytest.approx(535.91573)
    assert lone.distortion == pytest.approx((-0.26637261, -0.0385888989, 0.00178319478, -0.000281220994, 0.238391531))
    with pytest.raises(RigError, match=r"extrinsics.yml cannot be read"):
        import_rig(folder / "intrinsics.yml", (640, 480))
    with pytest.raises(RigError, match="size"):
        import_rig(folder / "intrinsics.yml")
    with pytest.raises(RigError, match="camera_matrix"):
        import_rig(folder / "stereo_calib.xml", (640, 480))


@pytest.mark.parametrize("layout", ["[cameras.{0}]", "[cam_{0}]"])
@pytest.mark.parametrize("vector", [False, True])
def test_caliscope(layout, vector, tmp_path):
    right, lines = truth(), []
    for index, camera in enumerate(right.cameras):
        turn = Rotation.from_matrix(camera.rotation).as_rotvec() if vector else camera.rotation
        lines += [layout.format(index), f"cam_id = {index}", f"size = {list(SIZE)}", f"matrix = {text(camera.matrix)}",
                  f"distortions = {text(camera.distortion)}", f"rotation = {text(turn)}", "error = 0.4",
                  f"translation = {text(camera.translation)}", "ignore = false"]
    lines += [layout.format(7), "cam_id = 7", f"size = {list(SIZE)}", "ignore = true"]
    (tmp_path / "camera_array.toml").write_text("\n".join(lines))
    found = import_rig(tmp_path / "camera_array.toml")
    assert_same_pictures(found, right)
    assert found["cam_0"].error_px == 0.4


def test_caliscopes_own_file(tmp_path):
    """Baselines as its stored numbers have them."""
    folder = shared("multicam", "caliscope", "post_optimization")
    for name in ("camera_array.toml", "config.toml"):
        rig = import_rig(folder / name)
        assert rig.names == ("cam_0", "cam_1", "cam_2", "cam_3")
        assert np.linalg.norm(rig["cam_0"].centre - rig["cam_2"].centre) == pytest.approx(0.53324303, abs=1e-6)
    save_rig(rig, tmp_path / "rig.toml")
    assert load_rig(tmp_path / "rig.toml").names == rig.names


@pytest.mark.parametrize("fisheye", [False, True])
def test_anipose_in_millimetres(fisheye, tmp_path):
    right = truth((-0.05, 0.01, 0.002, -0.001), "fisheye") if fisheye else truth()
    lines = []
    for index, camera in enumerate(right.cameras):
        lines += [f"[cam_{index}]", f'name = "{"AB"[index]}"', f"size = {list(SIZE)}",
                  f"matrix = {text(camera.matrix)}", f"distortions = {text(camera.distortion)}",
                  f"fisheye = {str(fisheye).lower()}",
                  f"rotation = {text(Rotation.from_matrix(camera.rotation).as_rotvec())}",
                  f"translation = {text(1000 * camera.translation)}"]
    (tmp_path / "calibration.toml").write_text("\n".join([*lines, "[metadata]", "adjusted = true", "error = 0.3"]))
    assert_same_pictures(import_rig(tmp_path / "calibration.toml", unit_m=0.001), right, ("A", "B"))


LENSES = {"SIMPLE_PINHOLE": ((), "pinhole"), "PINHOLE": ((), "pinhole"), "SIMPLE_RADIAL": ((-0.1,), "pinhole"),
          "RADIAL": ((-0.1, 0.02), "pinhole"), "OPENCV": (DISTORTION[:4], "pinhole"),
          "OPENCV_FISHEYE": ((-0.05, 0.01, 0.002, -0.001), "fisheye"),
          "FULL_OPENCV": ((*DISTORTION, 0.01, 0.02, 0.001), "pinhole")}


@pytest.mark.parametrize("model", LENSES)
def test_colmap(model, tmp_path):
    """Its principal point counts from the corner of the first pixel: half a pixel more than OpenCV's."""
    distortion, kind = LENSES[model]
    full = (*distortion, *[0.0] * max(0, (4 if kind == "fisheye" else 5) - len(distortion)))
    right = truth(full, kind)
    cameras, images = ["# Camera list"], ["# Image list", "# with two lines of data per image"]
    for index, camera in enumerate(right.cameras):
        fx, fy, cx, cy = camera.matrix[[0, 1, 0, 1], [0, 1, 2, 2]]
        if model in ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL"):
            camera.matrix[1, 1] = fy = fx
        focal = [fx] if model.startswith("SIMPLE") or model == "RADIAL" else [fx, fy]
        numbers = " ".join(repr(float(value)) for value in (*focal, cx + 0.5, cy + 0.5, *distortion))
        cameras.append(f"{index + 1} {model} {SIZE[0]} {SIZE[1]} {numbers}")
        x, y, z, w = Rotation.from_matrix(camera.rotation).as_quat()
        images += [f"{index + 1} {w} {x} {y} {z} {' '.join(map(str, camera.translation))} {index + 1} cam_{index}.png",
                   "" if index else "10.5 20.5 -1"]
    (tmp_path / "cameras.txt").write_text("\n".join(cameras))
    (tmp_path / "images.txt").write_text("\n".join(images) + "\n")
    assert_same_pictures(import_rig(tmp_path), right)


@pytest.mark.parametrize(("name", "content", "says"), [
    ("a.toml", "", "no camera"), ("a.toml", "x", "TOML"), ("a.toml", "[cam_0]\nmatrix = 3", "rotation"),
    ("a.toml", "[cam_0]\nmatrix = 3\nrotation = [0, 0, 0]\nsize = [1, 1]\ndistortions = []\ntranslation = [0, 0, 0]",
     "not complete"),
    ("a.toml", "[cam_0]\nmatrix = [[nan, 0, 0], [0, 1, 0], [0, 0, 1]]\nrotation = [0, 0, 0]\nsize = [1, 1]\n"
               "distortions = [0]\ntranslation = [0, 0, 0]", "not complete"),
    ("a.toml", "[cam_0]\nmatrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]\nrotation = [0, 0, 0]\ndistortions = [0]\n"
               "translation = [0, 0, 0]", "size"),
    ("a.toml", "[cam_0]\nmatrix = [[9, 1.5, 0], [0, 9, 0], [0, 0, 1]]\nrotation = [0, 0, 0]\nsize = [1, 1]\n"
               "distortions = [0]\ntranslation = [0, 0, 0]", "skew of 1.5 px"),
    ("a.yml", "", "FileStorage|camera_matrix|size"), ("a.yml", "%YAML:1.0\n---\nfoo: [", "FileStorage|size"),
    ("a.xml", "<html></html>", "FileStorage|size"), ("a.json", "[1, 2", "FileStorage|size"),
    ("a.csv", "", "no calibration")])
def test_nonsense_is_refused_in_words(name, content, says, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(RigError, match=says) as caught:
        import_rig(tmp_path / name)
    assert name in str(caught.value)


@pytest.mark.parametrize(("cameras", "images", "says"), [
    ("1 OPENCV 10 10 1 1", "", "too few numbers"), ("1 THIN_PRISM_FISHEYE 10 10 1", "", "lens of the model"),
    ("1 PINHOLE 10 10 9 9 5 5", "1 0 0 0 0 0 0 0 1 a.png", "no rotation"),
    ("1 PINHOLE 10 10 9 9 5 5", "1 1 0 0 0 0 0 0 2 a.png", "no picture"),
    ("1 PINHOLE 10 10 9 9 5 5", "", "no camera"), ("1 PINHOLE a b 9 9 5 5", "", "too few numbers"),
    ("1 PINHOLE 10 10 9 9 5 5", "1 1 0 0 0 0 0 0 1 a.png\n\n2 1 0 0 0 0 0 0 1 a.png\n", "two cameras of one name")])
def test_broken_colmap_folders(cameras, images, says, tmp_path):
    (tmp_path / "cameras.txt").write_text(cameras)
    (tmp_path / "images.txt").write_text(images)
    with pytest.raises(RigError, match=says):
        import_rig(tmp_path)


def test_a_skew_that_is_noise_is_left_out(tmp_path):
    (tmp_path / "a.toml").write_text("[cam_0]\nmatrix = [[900, 0.5, 300], [0, 900, 200], [0, 0, 1]]\n"
                                     "rotation = [0, 0, 0]\nsize = [600, 400]\ndistortions = [0.1]\n"
                                     "translation = [0, 0, 0]")
    assert import_rig(tmp_path / "a.toml").cameras[0].matrix.tolist() == [[900, 0, 300], [0, 900, 200], [0, 0, 1]]


def test_missing_files_are_named(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path / "none.yml", tmp_path):
        with pytest.raises(RigError, match="cannot be read"):
            import_rig(path)
    with pytest.raises(RigError, match="makes no sense"):
        import_rig(tmp_path, unit_m=0.0)
