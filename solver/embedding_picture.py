"""A picture to judge an embedding by: the model from three sides with its landmarks on it."""

import cv2
import numpy as np

from capture.camera import project
from solver.embedding import Embedding
from solver.embedding_views import face_box, look_at
from solver.face_model import FaceModel, deform
from solver.render import Renderer, face_mesh, vertex_normals

YAWS = (-38, 0, 38)
FILLED = 0.62
"""The share of the picture's height that the face takes."""
POINT, CONTOUR = (60, 235, 120), (255, 150, 40)
SUBPIXEL_BITS = 4


def embedding_picture(model: FaceModel, embedding: Embedding, side: int = 640) -> np.ndarray:
    """(side, 3 * side, 3) uint8 sRGB: landmarks in green, those that slide with the view in orange."""
    low, high = face_box(model)
    height = high[1] - low[1]
    vertices = deform(model, np.zeros(len(model.shape_names)))
    points = embedding.points(model, vertices)  # (N, 3)
    normals = vertex_normals(vertices, model.triangles)[model.triangles[embedding.triangle]].mean(axis=1)  # (N, 3)
    pictures = []
    with Renderer(side, side) as renderer:
        for yaw in YAWS:
            camera = look_at((low + high) / 2, 4 * height, FILLED * side * 4, yaw, 0, side)
            picture = renderer.colours(camera, [face_mesh(model, vertices)])
            towards = camera.centre - points
            facing = (normals * towards).sum(axis=1) > 0
            for index in np.flatnonzero(embedding.known & facing):
                at = np.round(project(camera, points[index]) * (1 << SUBPIXEL_BITS)).astype(int)
                colour = CONTOUR if embedding.contour[index] else POINT
                cv2.circle(picture, tuple(at.tolist()), round(side / 380 * (1 << SUBPIXEL_BITS)), colour, -1,
                           cv2.LINE_AA, SUBPIXEL_BITS)
            pictures.append(picture)
    return np.concatenate(pictures, axis=1)
