"""USD through OpenUSD's own library (the optional package usd-core): metres, Y up, one time code a frame.

    /TAKE (Xform) > Head (SkelRoot, animated) > Skeleton, Animation, Face with its blend shapes, EyeLeft, EyeRight
                  > Materials
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from capture.errors import OutputError
from capture.files import write_bytes
from exporters.joint import Joint
from exporters.mesh import Mesh, meshes, normals, shape_normals
from exporters.names import in_utf8
from exporters.rotations import continuous
from exporters.scene import GENERATOR, VERSION, Scene

FIRST = "customLayerData"
JAW = 2
"""The jaw's place among the joints."""


def write(scene: Scene, path: Path) -> None:
    """Write a scene as USD: text for .usda, binary for .usdc and .usd.

    Raises:
        OutputError: it cannot be written, or usd-core is not installed.
    """
    pxr = _library()
    stage = _stage(pxr, in_utf8(scene))  # a layer lives only as long as its stage
    layer = stage.GetRootLayer()
    if path.suffix == ".usda":
        write_bytes(path, layer.ExportToString().encode())
        return
    _name_fields_first(pxr, layer)
    with tempfile.TemporaryDirectory() as folder:  # the library writes binary files to a path only
        whole = Path(folder) / "take.usdc"
        layer.Export(str(whole))
        write_bytes(path, whole.read_bytes())


def _name_fields_first(pxr: Any, layer: Any) -> None:
    """Make the binary file the same on every processor.

    It numbers its words as they come up, and whether a field's name comes before its value is left to the compiler
    that built the library. So all names of fields stand in the first field, which begins with its own.
    """
    names, paths = {"primChildren", "properties"}, []
    layer.Traverse("/", paths.append)
    for spec in filter(None, map(layer.GetObjectAtPath, paths)):
        names.update(spec.ListInfoKeys())
    layer.customLayerData = layer.customLayerData | {FIRST: pxr.Vt.TokenArray(sorted(names))}


def _library() -> Any:
    try:
        import pxr
        from pxr import Gf, Sdf, Tf, Usd, UsdGeom, UsdShade, UsdSkel, Vt  # noqa: F401 - each becomes an attribute of pxr
    except ImportError as error:
        raise OutputError(f"USD cannot be written without OpenUSD's library ({error}); install it with "
                          "`pip install usd-core`, or leave usd out of --format") from error
    return pxr


def _stage(pxr: Any, scene: Scene) -> Any:
    Tf, Usd, UsdGeom, UsdSkel = pxr.Tf, pxr.Usd, pxr.UsdGeom, pxr.UsdSkel
    stage = Usd.Stage.CreateInMemory(".usda")
    stage.GetRootLayer().customLayerData = {
        "generator": f"{GENERATOR} {VERSION}", "take": scene.take, "startTimecode": scene.performance.start_timecode,
        "frameRate": f"{scene.frame_rate.numerator}/{scene.frame_rate.denominator}"}
    frames, rate = scene.performance.frames, float(scene.frame_rate)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetTimeCodesPerSecond(rate)
    stage.SetFramesPerSecond(rate)
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(frames - 1)
    root = UsdGeom.Xform.Define(stage, f"/{Tf.MakeValidIdentifier(scene.take)}")
    stage.SetDefaultPrim(root.GetPrim())
    Usd.ModelAPI(root.GetPrim()).SetKind("component")
    path = root.GetPath().AppendChild("Head")
    head = UsdSkel.Root.Define(stage, path)
    _move(pxr, head, scene.performance.head_translation, continuous(scene.performance.head_rotation))
    skeleton = UsdSkel.Skeleton.Define(stage, path.AppendChild("Skeleton"))
    animation = UsdSkel.Animation.Define(stage, path.AppendChild("Animation"))
    _joints(pxr, skeleton, animation, scene.jaw)
    animation.CreateBlendShapesAttr(list(scene.performance.shape_names))
    weights = animation.CreateBlendShapeWeightsAttr()
    for frame, row in enumerate(scene.performance.weights.astype(np.float32)):
        weights.Set(pxr.Vt.FloatArray.FromNumpy(row), frame)
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    materials = _materials(pxr, stage, root.GetPath().AppendChild("Materials"), scene)
    for mesh in meshes(scene):
        _mesh(pxr, stage, path, mesh, scene, skeleton, materials)
    return stage


def _joints(pxr: Any, skeleton: Any, animation: Any, jaw: Joint | None) -> None:
    """A root that stands still, and the jaw where its joint is turned."""
    Gf, Vt, still = pxr.Gf, pxr.Vt, pxr.Gf.Matrix4d(1.0)
    if jaw is None:
        skeleton.CreateJointsAttr(["root"])
        skeleton.CreateBindTransformsAttr(Vt.Matrix4dArray([still]))
        skeleton.CreateRestTransformsAttr(Vt.Matrix4dArray([still]))
        return

    def placed(place: np.ndarray, turn: np.ndarray) -> Any:
        x, y, z, w = turn.tolist()
        return Gf.Matrix4d(Gf.Rotation(Gf.Quatd(w, x, y, z)), Gf.Vec3d(*place.tolist()))

    above = f"root/{pxr.Tf.MakeValidIdentifier(jaw.above)}"
    joint = f"{above}/{pxr.Tf.MakeValidIdentifier(jaw.name)}"
    stands = placed(jaw.above_place, jaw.above_turn)
    skeleton.CreateJointsAttr(["root", above, joint])
    skeleton.CreateBindTransformsAttr(Vt.Matrix4dArray([still, stands, placed(jaw.rest_place, jaw.rest_turn)]))
    skeleton.CreateRestTransformsAttr(Vt.Matrix4dArray([still, stands, placed(jaw.place, jaw.turn)]))
    animation.CreateJointsAttr([joint])
    animation.CreateScalesAttr(Vt.Vec3hArray([Gf.Vec3h(1, 1, 1)]))
    places, turns = animation.CreateTranslationsAttr(), animation.CreateRotationsAttr()
    if not jaw.moves:
        places.Set(Vt.Vec3fArray([Gf.Vec3f(*jaw.place.tolist())]))
    for frame, (place, (x, y, z, w)) in enumerate(zip(jaw.places.tolist(), continuous(jaw.local).tolist(),
                                                      strict=True)):
        turns.Set(Vt.QuatfArray([Gf.Quatf(w, x, y, z)]), frame)
        if jaw.moves:
            places.Set(Vt.Vec3fArray([Gf.Vec3f(*place)]), frame)


def _mesh(pxr: Any, stage: Any, parent: Any, mesh: Mesh, scene: Scene, skeleton: Any, materials: list[Any]) -> None:
    UsdGeom, Vt = pxr.UsdGeom, pxr.Vt
    prim = UsdGeom.Mesh.Define(stage, parent.AppendChild(mesh.name))
    used = mesh.faces >= 0
    points = Vt.Vec3fArray.FromNumpy(mesh.points.astype(np.float32))
    prim.CreatePointsAttr(points)
    prim.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(used.sum(axis=1).astype(np.int32)))
    prim.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(mesh.faces[used].astype(np.int32)))
    prim.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)  # a subdivided mesh would ignore the normals
    prim.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(normals(mesh).astype(np.float32)))
    prim.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    prim.CreateExtentAttr(UsdGeom.PointBased.ComputeExtent(points))
    if (mesh.uv_faces[used] >= 0).all() and len(mesh.uv):
        st = UsdGeom.PrimvarsAPI(prim).CreatePrimvar("st", pxr.Sdf.ValueTypeNames.TexCoord2fArray,
                                                     UsdGeom.Tokens.faceVarying)
        st.Set(Vt.Vec2fArray.FromNumpy(mesh.uv.astype(np.float32)))
        st.SetIndices(Vt.IntArray.FromNumpy(mesh.uv_faces[used].astype(np.int32)))
    _bind_materials(pxr, prim, mesh, materials)
    if mesh.name != "Face":
        _move(pxr, prim, mesh.origin[None], scene.eye_turns[mesh.name])
    if mesh.shape_names:
        _shapes(pxr, stage, prim, mesh, skeleton)


def _shapes(pxr: Any, stage: Any, prim: Any, mesh: Mesh, skeleton: Any) -> None:
    UsdSkel, Vt = pxr.UsdSkel, pxr.Vt
    binding = UsdSkel.BindingAPI.Apply(prim.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    if mesh.name == "Face":  # an eyeball moves by its own node, and what a joint holds takes no notice of that
        binding.CreateGeomBindTransformAttr(pxr.Gf.Matrix4d(1.0))
        if mesh.held is None:
            binding.CreateJointIndicesPrimvar(True, 1).Set(Vt.IntArray([0]))
            binding.CreateJointWeightsPrimvar(True, 1).Set(Vt.FloatArray([1.0]))
        else:
            held = mesh.held.astype(np.float32)
            binding.CreateJointIndicesPrimvar(False, 2).Set(Vt.IntArray([0, JAW] * len(held)))
            binding.CreateJointWeightsPrimvar(False, 2).Set(
                Vt.FloatArray.FromNumpy(np.column_stack([1 - held, held]).ravel()))
    targets = []
    taken = set(prim.GetPrim().GetChildrenNames())  # the faces of each material
    every = shape_normals(mesh, mesh.shapes)
    for number, (name, shape, turn) in enumerate(zip(mesh.shape_names, mesh.shapes, every, strict=True)):
        steps = mesh.steps_of(name)
        stem = child = pxr.Tf.MakeValidIdentifier(name)
        while child in taken:
            child, number = f"{stem}_{number}", number + 1
        taken.add(child)
        path = prim.GetPath().AppendChild(child)
        rows = np.flatnonzero(np.any([shape.any(axis=1), *(step.offsets.any(axis=1) for step in steps)], axis=0))
        rows = rows if len(rows) else np.zeros(1, dtype=int)
        blend = UsdSkel.BlendShape.Define(stage, path)
        blend.CreateOffsetsAttr(Vt.Vec3fArray.FromNumpy(shape[rows].astype(np.float32)))
        blend.CreateNormalOffsetsAttr(Vt.Vec3fArray.FromNumpy(turn[rows].astype(np.float32)))
        blend.CreatePointIndicesAttr(Vt.IntArray.FromNumpy(rows.astype(np.int32)))
        turns = shape_normals(mesh, np.array([step.offsets for step in steps])) if steps else []
        for step, its in zip(steps, turns, strict=True):
            between = blend.CreateInbetween(pxr.Tf.MakeValidIdentifier(step.name))
            between.SetWeight(step.weight)
            between.SetOffsets(Vt.Vec3fArray.FromNumpy(step.offsets[rows].astype(np.float32)))
            between.SetNormalOffsets(Vt.Vec3fArray.FromNumpy(its[rows].astype(np.float32)))
        targets.append(path)
    binding.CreateBlendShapesAttr(list(mesh.shape_names))
    binding.CreateBlendShapeTargetsRel().SetTargets(targets)


def _move(pxr: Any, prim: Any, translation: np.ndarray, rotation: np.ndarray) -> None:
    """Animate a prim: translation (T, 3) or (1, 3) if it stays, rotation (T, 4)."""
    Gf = pxr.Gf
    place, turn = prim.AddTranslateOp(), prim.AddOrientOp()
    if len(translation) == 1:
        place.Set(Gf.Vec3d(*translation[0].tolist()))
    else:
        for frame, row in enumerate(translation.tolist()):
            place.Set(Gf.Vec3d(*row), frame)
    for frame, (x, y, z, w) in enumerate(rotation.tolist()):
        turn.Set(Gf.Quatf(w, x, y, z), frame)


def _materials(pxr: Any, stage: Any, parent: Any, scene: Scene) -> list[Any]:
    UsdShade, types = pxr.UsdShade, pxr.Sdf.ValueTypeNames
    pxr.UsdGeom.Scope.Define(stage, parent)
    out = []
    for number, (name, colour) in enumerate(zip(scene.model.part_names, scene.model.albedo, strict=True)):
        path = parent.AppendChild(f"{pxr.Tf.MakeValidIdentifier(name)}_{number}")
        material = UsdShade.Material.Define(stage, path)
        shader = UsdShade.Shader.Define(stage, path.AppendChild("Surface"))
        shader.CreateIdAttr("UsdPreviewSurface")
        shader.CreateInput("diffuseColor", types.Color3f).Set(pxr.Gf.Vec3f(*np.asarray(colour, float).tolist()))
        shader.CreateInput("roughness", types.Float).Set(0.6)
        material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
        out.append(material)
    return out


def _bind_materials(pxr: Any, prim: Any, mesh: Mesh, materials: list[Any]) -> None:
    api = pxr.UsdShade.MaterialBindingAPI.Apply(prim.GetPrim())
    parts = np.unique(mesh.face_part)
    if len(parts) == 1:
        api.Bind(materials[parts[0]])
        return
    for part in parts:
        faces = pxr.Vt.IntArray.FromNumpy(np.flatnonzero(mesh.face_part == part).astype(np.int32))
        subset = api.CreateMaterialBindSubset(materials[part].GetPath().name, faces)
        pxr.UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(materials[part])
    api.SetMaterialBindSubsetsFamilyType(pxr.UsdGeom.Tokens.partition)
