"""Each shape at 1 in the FBX, as Blender and ufbx show it, is the model's own to 0.01 mm."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.models import model_named
from exporters import to_fbx
from exporters.scene import make_scene
from tests.consumers.ask import blender_environment
from tests.material import shared
from tests.synthetic import made_performance

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", ["mien", "ict", "facecap"])
@pytest.mark.parametrize("reader", ["ufbx", "blender"])
def test_each_shape_at_one(request, tmp_path, name, reader):
    model = {"mien": lambda: model_named("mien"), "ict": lambda: request.getfixturevalue("ict"),
             "facecap": lambda: model_named(str(shared("models", "facecap", "FaceCapLiveModeAvatar.fbx")))}[name]()
    scene = make_scene(model, made_performance(model, 2))
    to_fbx.write(scene, tmp_path / "T001.fbx")
    subprocess.run([sys.executable, HERE / f"shapes_{reader}.py", tmp_path / "T001.fbx", tmp_path / "seen.npz"],
                   env=blender_environment() if reader == "blender" else None, check=True, capture_output=True)
    seen = np.load(tmp_path / "seen.npz")
    assert seen["names"].tolist() == list(model.shape_names)
    turning = [eye.vertices for eye in model.eyes]
    skin = np.setdiff1d(np.arange(len(model.neutral)), np.concatenate(turning) if turning else [])
    assert seen["shown"].shape[1] == len(skin)
    for shown, shape in zip(seen["shown"], model.shapes, strict=True):
        expected = scene.model.neutral[skin] + shape[skin]
        assert np.linalg.norm(shown * 0.01 - expected, axis=1).max() < 1e-5
