"""Blender's path tracer, loaded as a Python module: made faces in pictures that no training saw.

`pip install --target FOLDER bpy==5.0.1`, and FOLDER in PYTHONPATH (Python 3.11). A picture takes some 5 to 8 seconds of
a core.
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np

from capture.camera import Camera
from capture.errors import MienError
from solver.face_model import FaceModel
from solver.parts import EYEBALL, is_part
from solver.render import Look, Mesh, Renderer

WET = ("teeth", "gums", "tongue", "mouth")
SKIN, EYE, MOUTH = range(3)
"""The materials' places."""
ROUGHNESS = ((0.25, 0.7), (0.02, 0.2), (0.1, 0.4))
MIRRORS = ((0.1, 0.8), (0.3, 0.8), (0.3, 0.8))
"""How rough each material is and how much it mirrors, at least and at most (Blender's Principled BSDF)."""
THROUGH, COATED, PORES = 0.3, 0.5, 0.6
"""How often light goes through skin, how often it is oily, and how often its pores show."""
SUNS = 0.25
"""Share of the lights that are far away and not a lamp beside the camera."""
SAMPLES = (3, 8)
"""Paths a pixel; what noise they leave is taken out by Blender's denoiser."""
GRAINY = 0.05
"""Share of the pictures that keep it."""
TRANSFORMS = ("Standard", "Standard", "Standard", "AgX", "Filmic")
"""How linear light becomes sRGB."""
CLEAR = 1.0
"""Metres: how far a sun's place is from the face; only its direction counts."""


class Tracer:
    """Draws square pictures of `side` px; one at a time in a process, for Blender is one program.

    Raises:
        MienError: Blender is not here as a module.
    """

    def __init__(self, side: int) -> None:
        try:
            import bpy
        except ImportError as error:
            raise MienError("this needs Blender as a module: `pip install --target FOLDER bpy==5.0.1`, with FOLDER "
                            "in PYTHONPATH (Python 3.11)") from error
        self._bpy = bpy
        bpy.ops.wm.read_factory_settings(use_empty=True)
        scene = self._scene = bpy.context.scene
        render, cycles = scene.render, scene.cycles
        render.engine, render.resolution_x, render.resolution_y = "CYCLES", side, side
        render.film_transparent, render.threads_mode, render.threads = True, "FIXED", 1
        render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGBA"
        render.image_settings.compression = 0
        cycles.device, cycles.use_adaptive_sampling = "CPU", False
        cycles.denoiser, cycles.denoising_prefilter, cycles.denoising_quality = "OPENIMAGEDENOISE", "FAST", "FAST"
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transmission_bounces = 3, 2, 1, 0
        cycles.caustics_reflective = cycles.caustics_refractive = False

    def drawn(self, _: Renderer, camera: Camera, mesh: Mesh, model: FaceModel, look: Look,
              random: np.random.Generator) -> np.ndarray:
        """As `train_data_light.drawn`: (S, S, 3) uint8. Skin, lamps and film are drawn from `random` within what `look`
        says."""
        for kept in (self._bpy.data.objects, self._bpy.data.meshes, self._bpy.data.materials, self._bpy.data.lights,
                     self._bpy.data.cameras, self._bpy.data.worlds):
            for item in list(kept):
                kept.remove(item)
        self._place_face(mesh, model, random)
        self._place_camera(camera)
        self._light(mesh, look, random)
        scene = self._scene
        scene.view_settings.view_transform = TRANSFORMS[random.integers(len(TRANSFORMS))]
        scene.view_settings.exposure = random.normal(0, 0.35)
        scene.cycles.samples, scene.cycles.seed = int(random.integers(*SAMPLES)), int(random.integers(1 << 30))
        scene.cycles.use_denoising = bool(random.random() >= GRAINY)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "face.png"
            scene.render.filepath = str(path)
            self._bpy.ops.render.render(write_still=True)
            rgba = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, [2, 1, 0, 3]].astype(np.float32)
        share = rgba[:, :, 3:] / 255
        behind = np.asarray(look.background, np.float32)
        return np.ascontiguousarray(rgba[:, :, :3] * share + behind * (1 - share) + 0.5).astype(np.uint8)

    def _place_face(self, mesh: Mesh, model: FaceModel, random: np.random.Generator) -> None:
        data, count = self._bpy.data.meshes.new("face"), len(mesh.triangles)
        data.vertices.add(len(mesh.vertices))
        data.vertices.foreach_set("co", mesh.vertices.astype(np.float32).ravel())
        data.loops.add(3 * count)
        data.loops.foreach_set("vertex_index", mesh.triangles.astype(np.int32).ravel())
        data.polygons.add(count)
        data.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
        kinds = np.array([EYE if is_part(name, EYEBALL) else MOUTH if is_part(name, WET) else SKIN
                          for name in model.part_names], np.int32)
        data.polygons.foreach_set("material_index", kinds[model.triangle_part[mesh.ids]])
        data.update(calc_edges=True)
        data.polygons.foreach_set("use_smooth", np.ones(count, bool))
        painted = np.ones((3 * count, 4), np.float32)
        painted[:, :3] = mesh.colours.reshape(-1, 3)
        data.color_attributes.new("paint", "FLOAT_COLOR", "CORNER").data.foreach_set("color", painted.ravel())
        for kind in (SKIN, EYE, MOUTH):
            data.materials.append(self._material(kind, random))
        self._put("face", data)

    def _material(self, kind: int, random: np.random.Generator):
        material = self._bpy.data.materials.new(str(kind))
        material.use_nodes = True
        nodes, links = material.node_tree.nodes, material.node_tree.links
        surface = nodes["Principled BSDF"]
        paint = nodes.new("ShaderNodeVertexColor")
        paint.layer_name = "paint"
        links.new(paint.outputs["Color"], surface.inputs["Base Color"])

        def put(**values: float | tuple) -> None:
            for name, value in values.items():
                surface.inputs[name.replace("_", " ")].default_value = value

        put(Roughness=random.uniform(*ROUGHNESS[kind]), Specular_IOR_Level=random.uniform(*MIRRORS[kind]))
        if kind == EYE:
            put(Coat_Weight=random.uniform(0.3, 1), Coat_Roughness=random.uniform(0, 0.08))
        if kind != SKIN:
            return material
        if random.random() < THROUGH:
            put(Subsurface_Weight=random.uniform(0.05, 0.6), Subsurface_Scale=random.uniform(0.001, 0.006),
                Subsurface_Radius=(1.0, random.uniform(0.25, 0.5), random.uniform(0.1, 0.3)))
        if random.random() < COATED:
            put(Coat_Weight=random.uniform(0, 0.35), Coat_Roughness=random.uniform(0.1, 0.5))
        if random.random() < PORES:
            noise, bump = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeBump")
            noise.inputs["Scale"].default_value = np.exp(random.uniform(*np.log((150, 1500))))
            noise.inputs["Detail"].default_value = 3
            bump.inputs["Strength"].default_value = random.uniform(0.02, 0.35)
            bump.inputs["Distance"].default_value = 1e-3
            links.new(noise.outputs[0], bump.inputs["Height"])
            links.new(bump.outputs["Normal"], surface.inputs["Normal"])
        return material

    def _place_camera(self, camera: Camera) -> None:
        data, (width, height), matrix = self._bpy.data.cameras.new("camera"), camera.size, camera.matrix
        data.sensor_fit, data.sensor_width, data.lens = "HORIZONTAL", 36.0, matrix[0, 0] * 36.0 / width
        # OpenCV's pixels are whole at their centres; Blender shifts by shares of the width, to the right and up.
        data.shift_x = -(matrix[0, 2] - (width - 1) / 2) / width
        data.shift_y = (matrix[1, 2] - (height - 1) / 2) / width
        data.clip_start, data.clip_end = 0.01, 20.0
        towards = camera.rotation.T @ np.diag([1.0, -1.0, -1.0])  # Blender looks along -z, with y up
        self._scene.camera = self._put("camera", data, towards, -camera.rotation.T @ camera.translation)

    def _light(self, mesh: Mesh, look: Look, random: np.random.Generator) -> None:
        world = self._scene.world = self._bpy.data.worlds.new("world")
        world.use_nodes = True
        nodes, links = world.node_tree.nodes, world.node_tree.links
        way, apart = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeSeparateXYZ")
        scale, mix = nodes.new("ShaderNodeMapRange"), nodes.new("ShaderNodeMix")
        scale.inputs["From Min"].default_value, mix.data_type = -1, "RGBA"
        mix.inputs[6].default_value, mix.inputs[7].default_value = (*look.ground, 1), (*look.sky, 1)
        links.new(way.outputs["Generated"], apart.inputs[0])
        links.new(apart.outputs["Y"], scale.inputs["Value"])
        links.new(scale.outputs[0], mix.inputs[0])
        links.new(mix.outputs[2], nodes["Background"].inputs["Color"])
        middle = mesh.vertices[np.unique(mesh.triangles)].mean(axis=0)
        for number, light in enumerate(look.lights):
            towards = np.asarray(light.towards, float) / np.linalg.norm(light.towards)
            colour = np.asarray(light.colour, float)
            strength = np.pi * random.uniform(0.6, 1.2) * colour.max()  # pi: white stays white
            if random.random() < SUNS:
                away, lamp = CLEAR, self._bpy.data.lights.new(str(number), "SUN")
                lamp.angle = random.uniform(0.01, 0.6)
            else:
                away, lamp = random.uniform(0.6, 2.5), self._bpy.data.lights.new(str(number), "AREA")
                lamp.shape, lamp.size = ("SQUARE", "DISK")[random.integers(2)], away * random.uniform(0.1, 1.3)
                strength *= np.pi * away ** 2
            lamp.energy, lamp.color = strength, tuple(colour / max(colour.max(), 1e-6))
            side = np.cross([0.0, 1.0, 0.0] if abs(towards[1]) < 0.95 else [1.0, 0.0, 0.0], towards)
            side /= np.linalg.norm(side)
            self._put(str(number), lamp, np.stack([side, np.cross(towards, side), towards], axis=1),
                      middle + away * towards)

    def _put(self, name: str, data: object, rotation: np.ndarray | None = None, place: np.ndarray | None = None):
        thing = self._bpy.data.objects.new(name, data)
        if rotation is not None:
            from mathutils import Matrix

            matrix = np.eye(4)
            matrix[:3, :3], matrix[:3, 3] = rotation, place
            thing.matrix_world = Matrix(matrix.tolist())
        self._scene.collection.objects.link(thing)
        return thing
