"""Imports FILE into Blender, sets each shape to 1 alone and writes the face's points into OUT (.npz)."""

import sys

import bpy
import numpy as np

bpy.ops.wm.read_factory_settings(use_empty=True)
import addon_utils  # noqa: E402 - Blender has it once bpy is there

addon_utils.enable("io_scene_fbx")
bpy.ops.import_scene.fbx(filepath=sys.argv[1], anim_offset=0.0)
face = max((item for item in bpy.data.objects if item.type == "MESH"), key=lambda item: len(item.data.vertices))
keys = face.data.shape_keys
keys.animation_data_clear()
blocks = [block for block in keys.key_blocks if block != keys.reference_key]
shown = np.zeros((len(blocks), len(face.data.vertices), 3), np.float32)
for index, block in enumerate(blocks):
    for other in blocks:
        other.value = float(other == block)
    shaped = face.evaluated_get(bpy.context.evaluated_depsgraph_get())
    shaped.data.vertices.foreach_get("co", shown[index].ravel())
np.savez(sys.argv[2], names=[block.name for block in blocks], shown=shown)
