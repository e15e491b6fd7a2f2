import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from exporters.rotations import continuous, euler_xyz, gaze_quaternions, yaw_pitch_roll
from solver.face_model import gaze_rotation
from solver.performance import matrices


def random_turns(count, seed=0):
    return Rotation.random(count, random_state=seed).as_quat()


def test_matrices_agree_with_scipy():
    turns = random_turns(50)
    np.testing.assert_allclose(matrices(turns), Rotation.from_quat(turns).as_matrix(), atol=1e-12)


def test_euler_angles_give_the_rotation_back():
    turns = random_turns(200)
    again = Rotation.from_euler("xyz", euler_xyz(turns))
    assert (again * Rotation.from_quat(turns).inv()).magnitude().max() < 1e-9


def test_euler_angles_follow_two_whole_turns_without_a_jump():
    angle = np.linspace(0, 4 * np.pi, 300)
    for axis in "xyz":
        turns = Rotation.from_euler(axis, angle[:, None]).as_quat()
        assert np.abs(np.diff(euler_xyz(turns), axis=0)).max() < 0.05


@pytest.mark.parametrize("side", [1, -1])
def test_euler_angles_hold_still_where_y_is_a_quarter_turn(side):
    angle = np.linspace(0, 1, 50)
    turns = Rotation.from_euler("xyz", np.stack([0.3 * angle, side * np.pi / 2 + 0 * angle, angle], axis=-1)).as_quat()
    euler = euler_xyz(turns)
    assert (Rotation.from_euler("xyz", euler) * Rotation.from_quat(turns).inv()).magnitude().max() < 1e-7
    assert np.abs(np.diff(euler[1:], axis=0)).max() < 0.05


@pytest.mark.parametrize("side", [1, -1])
def test_where_y_is_a_quarter_turn_x_stays_and_z_takes_the_rest(side):
    wanted = [[0.5, 0.2, 0.1], [0.5, side * np.pi / 2, 0.3], [0.4, side * 1.2, 0.3]]
    turns = Rotation.from_euler("xyz", wanted).as_quat()
    np.testing.assert_allclose(euler_xyz(turns), wanted, atol=1e-6)


def test_continuous_takes_the_short_way_and_keeps_the_rotation():
    angle = np.linspace(0, 4 * np.pi, 100)
    turns = Rotation.from_euler("y", angle[:, None]).as_quat()
    turns[np.random.default_rng(1).random(100) < 0.5] *= -2.0
    out = continuous(turns)
    assert (np.diff(out, axis=0) ** 2).sum(axis=1).max() < 0.01
    np.testing.assert_allclose(matrices(out), Rotation.from_quat(turns).as_matrix(), atol=1e-12)


def test_gaze_turns_as_the_face_model_does():
    gaze = np.random.default_rng(2).uniform(-1, 1, (20, 2))
    expected = [gaze_rotation(yaw, pitch) for yaw, pitch in gaze]
    np.testing.assert_allclose(matrices(gaze_quaternions(gaze)), expected, atol=1e-12)


def test_yaw_pitch_roll_by_hand():
    def angles(axis, value):
        return yaw_pitch_roll(Rotation.from_euler(axis, [[value]]).as_quat())[0]

    np.testing.assert_allclose(angles("y", 0.4), [0.4, 0, 0], atol=1e-12)  # about y, z goes to +x: the face's own left
    np.testing.assert_allclose(angles("x", 0.4), [0, -0.4, 0], atol=1e-12)  # about x, z goes to -y: down
    np.testing.assert_allclose(angles("z", 0.4), [0, 0, 0.4], atol=1e-12)
    turns = random_turns(50)
    yaw, pitch, roll = yaw_pitch_roll(turns).T
    again = Rotation.from_euler("YXZ", np.stack([yaw, -pitch, roll], axis=-1))
    assert (again * Rotation.from_quat(turns).inv()).magnitude().max() < 1e-9
