"""Speed, memory and size of our exporters beside Blender's own, on the same scene, in one run. Run by hand:

    python tests/consumers/against_blender.py [--bpy FOLDER] [--frames 18000]

FOLDER is where `pip install --target FOLDER bpy==5.0.1` put Blender as a module. Each export is a process of its own;
seconds are of the writing alone, megabytes of memory those of the whole process. Prints one line an export.
"""

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
SUFFIXES = (".fbx", ".glb", ".usdc")


def big_scene(frames: int):
    """26,734 vertices, 52 shapes that move a sixth of them each, noisy weights, a moving head."""
    from exporters.scene import make_scene
    from solver.face_model import ARKIT, FaceModel
    from tests import synthetic

    random = np.random.default_rng(0)
    points, faces, uv, uv_faces = synthetic._ball(164, 164, synthetic.RADII, np.zeros(3))
    sides = [1 if name.endswith("Left") else -1 if name.endswith("Right") else 0 for name in ARKIT]
    shapes = np.array([synthetic._bump(points, random, 0.03, 0.006, side) for side in sides], dtype=np.float32)
    model = FaceModel("big", points.astype(np.float32), faces, uv, uv_faces, ("skin",), np.zeros(len(faces), int),
                      np.zeros((0, len(points), 3)), (), ARKIT, shapes, (), np.full((1, 3), 0.5))
    performance = synthetic.made_performance(model, frames, 30)
    noise = np.where(performance.weights > 0, random.normal(0, 0.005, performance.weights.shape), 0)
    return make_scene(model, dataclasses.replace(performance, weights=np.clip(performance.weights + noise, 0, 1)))


def ours(frames: int, out: Path) -> None:
    from exporters import WRITERS

    scene = big_scene(frames)
    suffix = out.suffix
    _timed(lambda: WRITERS[suffix](scene, out), "mien", out)


def blenders(frames: int, out: Path) -> None:
    import bpy

    scene = big_scene(frames)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 30
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 0, frames - 1
    model, performance = scene.model, scene.performance
    mesh = bpy.data.meshes.new("Face")
    mesh.from_pydata(model.neutral.tolist(), [], [[v for v in face if v >= 0] for face in model.faces.tolist()])
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", model.uv[model.uv_faces[model.uv_faces >= 0]].ravel())
    face = bpy.data.objects.new("Face", mesh)
    head = bpy.data.objects.new("Head", None)
    for item in (head, face):
        bpy.context.collection.objects.link(item)
    face.parent = head
    face.shape_key_add(name="Basis")
    for name, shape in zip(model.shape_names, model.shapes, strict=True):
        face.shape_key_add(name=name).data.foreach_set("co", (model.neutral + shape).ravel())
    head.rotation_mode = "QUATERNION"
    turn = performance.head_rotation[:, [3, 0, 1, 2]]
    _curves(face.data.shape_keys, [(f'key_blocks["{name}"].value', 0, performance.weights[:, k])
                                   for k, name in enumerate(model.shape_names)])
    _curves(head, [("location", axis, performance.head_translation[:, axis]) for axis in range(3)]
            + [("rotation_quaternion", axis, turn[:, axis]) for axis in range(4)])
    if out.suffix == ".fbx":
        import addon_utils
        addon_utils.enable("io_scene_fbx")
        _timed(lambda: bpy.ops.export_scene.fbx(filepath=str(out), bake_anim=True, bake_anim_simplify_factor=0.0,
                                                bake_anim_use_all_actions=False, bake_anim_use_nla_strips=False),
               "Blender", out)
    elif out.suffix == ".glb":
        import addon_utils
        addon_utils.enable("io_scene_gltf2")
        _timed(lambda: bpy.ops.export_scene.gltf(filepath=str(out)), "Blender", out)
    else:
        _timed(lambda: bpy.ops.wm.usd_export(filepath=str(out), export_animation=True), "Blender", out)


def _curves(owner, table) -> None:
    import bpy

    action = bpy.data.actions.new(owner.name)
    owner.animation_data_create().action = action
    slot = action.slots.new(id_type=owner.id_type if hasattr(owner, "id_type") else "KEY", name=owner.name)
    owner.animation_data.action_slot = slot
    bag = action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    for path, index, values in table:
        curve = bag.fcurves.new(path, index=index)
        curve.keyframe_points.add(len(values))
        curve.keyframe_points.foreach_set("co", np.stack([np.arange(len(values)), values], axis=-1).ravel())
        curve.keyframe_points.foreach_set("interpolation", [1] * len(values))
        curve.update()


def _timed(write, who: str, out: Path) -> None:
    before, cpu = time.perf_counter(), time.process_time()
    write()
    print("\n" + json.dumps({
        "who": who, "format": out.suffix[1:], "seconds": round(time.perf_counter() - before, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2), "file_mb": round(out.stat().st_size / 1e6, 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bpy", type=Path)
    parser.add_argument("--frames", type=int, default=18000)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        who, out = options.one
        (ours if who == "mien" else blenders)(options.frames, Path(out))
        return
    with tempfile.TemporaryDirectory() as folder:
        for suffix in SUFFIXES:
            for who in ("mien", *(("Blender",) if options.bpy else ())):
                paths = [str(ROOT), *([str(options.bpy)] if who == "Blender" else [])]
                command = [sys.executable, __file__, "--frames", str(options.frames), "--one", who,
                           str(Path(folder) / f"{who}{suffix}")]
                done = subprocess.run(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
                                      capture_output=True, text=True, check=False)
                lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
                print(lines[-1] if lines else f"{who}{suffix}: {done.stderr[-800:]}", flush=True)


if __name__ == "__main__":
    main()
