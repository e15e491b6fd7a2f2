"""Prints nothing: writes the face's points and each shape's offsets as ufbx reads them from FILE into OUT (.npz)."""

import os
import sys

import numpy as np
import ufbx

scene = ufbx.load_file(sys.argv[1])
meshes = list(scene.meshes)
channels = list(scene.blend_channels)
face = max(meshes, key=lambda mesh: mesh.num_vertices)
points = np.array([(point.x, point.y, point.z) for point in face.vertices])
shapes = np.zeros((len(channels), *points.shape))
kept = []
for row, channel in zip(shapes, channels, strict=True):
    shape = channel.target_shape
    kept.append(shape)
    rows = list(shape.offset_vertices)
    row[rows] = [(offset.x, offset.y, offset.z) for offset in shape.position_offsets]
np.savez(sys.argv[2], names=[channel.name for channel in channels], shown=points + shapes)
os._exit(0)  # the binding of ufbx 0.0.5 crashes when its wrappers are freed
