"""Virtual cameras: films a face model's performance to clips, with a rig.toml, laid out as a shoot."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from scipy.spatial.transform import Rotation

from capture.camera import Camera, Rig, save_rig
from capture.files import make_folder, replacing
from solver.face_model import FaceModel
from solver.performance import Performance
from solver.posed import posed
from solver.render import Look, Renderer, face_mesh


def ring_of_cameras(yaws: dict[str, float], distance: float, size: tuple[int, int], focal_px: float) -> Rig:
    """Cameras around the world's origin, looking at it: name -> yaw in radians (positive stands at the face's left)."""
    cameras = []
    for name, yaw in yaws.items():
        # A world with Y up, the face looking along +z: turn it away by the yaw, then upside down to OpenCV's axes.
        rotation = np.diag([1.0, -1.0, -1.0]) @ Rotation.from_euler("y", -yaw).as_matrix()
        matrix = np.array([[focal_px, 0.0, (size[0] - 1) / 2], [0.0, focal_px, (size[1] - 1) / 2], [0.0, 0.0, 1.0]])
        cameras.append(Camera(name, size, matrix, rotation=rotation, translation=np.array([0.0, 0.0, distance])))
    return Rig(tuple(cameras))


def film(model: FaceModel, performance: Performance, rig: Rig, shoot: Path, look: Look,
         report: Callable[[int, int], None]) -> Path:
    """Render the performance through every camera of the rig.

    Returns:
        The take's folder, SHOOT/takes/TAKE; SHOOT/rig.toml is written too.

    Raises:
        MienError: there is no OpenGL here, or the files cannot be written.
    """
    take = make_folder(shoot / "takes" / performance.take)
    save_rig(rig, shoot / "rig.toml")
    total = len(rig.cameras) * performance.frames
    for place, camera in enumerate(rig.cameras):
        with Renderer(*camera.size) as renderer, replacing(take / f"{camera.name}.mp4") as file:
            pictures = (renderer.colours(camera, [face_mesh(model, posed(model, performance, frame))], look)
                        for frame in range(performance.frames))
            done = place * performance.frames
            encode(file, pictures, camera.size, performance, lambda index, done=done: report(done + index, total))
    return take


def encode(file: object, pictures: object, size: tuple[int, int], performance: Performance,
           report: Callable[[int], None]) -> None:
    """H.264 in MP4, visually lossless. One thread: the encoder's threads would change the bytes from run to run."""
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=performance.frame_rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.thread_count = 1
        stream.options = {"crf": "12", "preset": "medium"}
        stream.metadata["timecode"] = performance.start_timecode
        for index, picture in enumerate(pictures):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            report(index + 1)
        container.mux(stream.encode(None))
