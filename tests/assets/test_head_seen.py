"""A face detector that has seen only people takes the built-in head for one, and finds its features in their places."""

import numpy as np
import pytest

import assets
from assets.make_head import head as build
from assets.make_head.pictures import camera, weights
from assets.make_head.skin import EYE_RINGS, MOUTH_RINGS
from capture.camera import project
from solver.face_model import FaceModel, deform
from solver.mediapipe_runtime import find_face
from solver.model_file import load_model
from solver.render import Renderer, face_mesh

SIZE = (320, 320)
TALL = 0.36  # metres that the picture shows


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_model(assets.path("head.npz"))


def directions() -> list[tuple[float, float]]:
    """Yaw and pitch of 37 views, spread over all that lie within 45 degrees of the front."""
    return [(0.0, 0.0)] + [(np.radians(tilt) * np.cos(around), np.radians(tilt) * np.sin(around))
                           for tilt, count in ((15, 6), (30, 12), (44.9, 18))
                           for around in 2 * np.pi * np.arange(count) / count]


def test_mediapipe_finds_the_head_within_45_degrees(model):
    missed = []
    mesh = face_mesh(model, model.neutral.astype(np.float64))
    with Renderer(*SIZE) as renderer:
        for yaw, pitch in directions():
            if find_face(renderer.colours(camera(yaw, pitch, SIZE, TALL), [mesh])) is None:
                missed.append(np.degrees([yaw, pitch]).round())
    assert not missed  # one of 37 would be under 99 %


@pytest.mark.parametrize("mix", [{}, {"jawOpen": 0.5}, {"mouthSmile": 1.0}, {"eyeBlink": 1.0}],
                         ids=["neutral", "open", "smile", "blink"])
def test_mediapipe_finds_the_features_in_their_places(model, mix):
    head = build.build()
    edge, lip = head.skin.eye[EYE_RINGS], head.skin.mouth[MOUTH_RINGS]
    place = {263: edge[len(edge) // 2], 362: edge[0], 291: lip[len(lip) // 2], 0: lip[-1], 17: lip[0]}
    place |= {33: head.twin[place[263]], 133: head.twin[place[362]], 61: head.twin[place[291]]}
    view = camera(0.0, 0.0, SIZE, TALL)
    points = deform(model, weights(model, mix))
    with Renderer(*SIZE) as renderer:
        found = find_face(renderer.colours(view, [face_mesh(model, points)]))
    assert found is not None
    apart = found[list(place)] - project(view, points[list(place.values())])
    assert np.linalg.norm(apart, axis=1).max() * TALL / SIZE[1] < 6e-3  # metres
