"""Which face models there are, and `mien model list|add|show|check`."""

import argparse
from pathlib import Path

import cv2
import numpy as np

import assets
from app.detectors import landmarker_named
from capture.files import write_bytes
from solver.embedding_picture import embedding_picture
from solver.face_model import ARKIT, JAW_OPEN, FaceModel
from solver.model_import import BUILT_IN, add_model, find_model, list_models, names_file, names_of, own_model
from solver.shape_names import names_found, names_lines

__all__ = ["BUILT_IN", "list_models", "model_named", "own_model_named"]


def model_named(name: str, paths: bool = True) -> FaceModel:
    """The model that `--model NAME|PATH` means; without `paths` the one that a file names.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    return find_model(name, assets.path("head.npz"), paths)


def own_model_named(name: str, paths: bool = True) -> tuple[FaceModel, dict[str, str]]:
    """The same model with its shapes' own names, and own name -> the one that mien goes by.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    return own_model(name, assets.path("head.npz"), paths)


def run_list(_: argparse.Namespace) -> int:
    """`mien model list`."""
    for known in (BUILT_IN, *list_models()):
        print(_summary(known, model_named(known)))
    return 0


def run_add(options: argparse.Namespace) -> int:
    """`mien model add`."""
    name = options.name or Path(options.source).stem
    replaced = name in list_models()
    model = add_model(Path(options.source), name)
    if replaced:
        print(f"{name} was there, and is replaced; what its table of names said of the same shapes is kept")
    print(_summary(model.name, model))
    _names(model.name)
    _treatment(model)
    return 0


def run_show(options: argparse.Namespace) -> int:
    """`mien model show`."""
    model = _seen(options.source)
    _names(options.source)
    _show(model)
    return 0


def run_check(options: argparse.Namespace) -> int:
    """`mien model check`."""
    _check(_seen(options.source), options.out)
    return 0


def _seen(name: str) -> FaceModel:
    model = model_named(name)
    print(_summary(name, model))
    _treatment(model)
    return model


def _summary(name: str, model: FaceModel) -> str:
    own = sum(shape not in ARKIT for shape in model.shape_names)
    return (f"{name}: {len(model.neutral)} vertices, {len(model.shape_names) - own} of ARKit's 52 shapes"
            + (f" and {own} of its own" if own else "") + f", {len(model.identity)} identity modes, "
            + (f"{len(model.eyes)} eyes that turn" if model.eyes else "eyes that cannot turn"))


def _names(name: str) -> None:
    """What the names of a model are taken for, and where to say otherwise."""
    if name == BUILT_IN:
        return
    found = names_of(name)
    where = f"can be changed in {names_file(name)}" if found is not None else (
        "can be changed once it is known by a name: `mien model add`")
    if found is None:
        own, table = own_model_named(name)
        found = names_found(own.shape_names, table)
    print("What its shapes' names are taken for:", *names_lines(found), sep="\n")
    print(f"Look this over; whatever is wrong {where}")


def _treatment(model: FaceModel) -> None:
    """What a model has besides shapes, and what mien makes of it."""
    print(*(f"{remark}\n" for remark in model.remarks), sep="", end="")
    for of in dict.fromkeys(side.of for side in model.sides):
        print(f"{of} is the sum of " + " and ".join(side.name for side in model.sides if side.of == of)
              + "; the parts are kept, and are solved apart if its table of names gives them names of their own")
    if model.between:
        print(f"{len(model.between)} in-betweens: "
              + ", ".join(f"{step.of} at {step.weight:.2f}" for step in model.between)
              + "; pictures and solves go through them")
    if (jaw := model.jaw) is not None:
        x, y, z = jaw.pivot * 1000
        print(f"jaw joint {jaw.name!r} at {x:.0f}, {y:.0f}, {z:.0f} mm holds {np.count_nonzero(jaw.share > 0.5)} "
              "vertices" + (f"; {', '.join(jaw.made)} are made by turning it, as the rig has no jawOpen of its own "
                            f"(jawOpen = 1 is {np.degrees(JAW_OPEN):.0f} degrees)" if jaw.made
                            else "; solves use the rig's own jaw shapes"))


def _show(model: FaceModel) -> None:
    print(f"sha256 {model.sha256}")
    missing = [name for name in ARKIT if name not in model.shape_names]
    if missing:
        print("it lacks: " + ", ".join(missing))
    size = np.ptp(model.neutral, axis=0) * 1000
    print(f"size {size[0]:.0f} x {size[1]:.0f} x {size[2]:.0f} mm")
    for shape, deltas in zip(model.shape_names, model.shapes, strict=True):
        length = np.linalg.norm(deltas, axis=1)
        moved = np.count_nonzero(length > 1e-5)
        print(f"  {shape:<24} moves {moved:>6} vertices by up to {length.max() * 1000:.1f} mm")


def _check(model: FaceModel, out: Path) -> None:
    """Print the landmarks' coverage, draw them, and write where each lies, how far it scatters, if it slides."""
    from solver.mesh_health import complaints  # loads libraries for half a second, which a solve does without

    for complaint in complaints(model):
        print(f"note: {complaint}")
    embedding = landmarker_named().embedding(model)
    spread = embedding.spread_m * 1000
    known = embedding.known
    stays, slides = known & ~embedding.contour, known & embedding.contour
    print(f"{np.count_nonzero(known)} of {len(known)} landmarks lie on the model; "
          f"spread {np.median(spread[known]):.1f} mm median, {spread[stays].max(initial=0):.1f} mm at most")
    if slides.any():
        print(f"{np.count_nonzero(slides)} of them slide over the outline as the view turns, and scatter by up to "
              f"{spread[slides].max():.1f} mm: the further, the less a solve counts them")
    if not known.all():
        print("not found: " + ", ".join(str(index) for index in np.flatnonzero(~known)))
    points = embedding.points(model, model.neutral.astype(np.float64)) * 1000
    rows = ["landmark,found,slides,spread_mm,x_mm,y_mm,z_mm,triangle,a,b,c"]
    rows += [f"{index},{known[index]:d},{embedding.contour[index]:d},{spread[index]:.2f},"
             + ",".join(f"{value:.2f}" for value in points[index]) + f",{embedding.triangle[index]},"
             + ",".join(f"{share:.4f}" for share in embedding.barycentric[index]) for index in range(len(known))]
    table = out / f"{model.name}.check.csv"
    write_bytes(table, ("\n".join(rows) + "\n").encode())
    print(table)
    path = out / f"{model.name}.check.png"
    picture = embedding_picture(model, embedding)
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    write_bytes(path, data.tobytes())
    print(path)
