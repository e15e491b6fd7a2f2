"""MediaPipe's Face Landmarker, whose 52 scores are what mien's weights are compared with."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np


def face_landmarker(task: Path, pictures: Iterator[np.ndarray],
                    frame_rate: float) -> tuple[tuple[str, ...], np.ndarray]:
    """Run the landmarker over a clip in video mode.

    Returns:
        Its shape names (K), and the scores (T, K); 0 where it saw no face.
    """
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)), running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True)
    names: tuple[str, ...] = ()
    rows: list[dict[str, float]] = []
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for index, rgb in enumerate(pictures):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
            found = landmarker.detect_for_video(image, round(index * 1000 / frame_rate)).face_blendshapes
            rows.append({item.category_name: item.score for item in found[0]} if found else {})
            names = names or tuple(rows[-1])
    return names, np.array([[row.get(name, 0.0) for name in names] for row in rows])
