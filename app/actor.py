"""`mien actor`: profiles of actors, made, looked at, moved."""

import argparse
from pathlib import Path

from app import actor_guide, actor_pack
from app.actors import FOLDER, checked_name
from app.artefacts import load_record
from app.clocks import first_frame
from app.corrections import corrections_path, load_layer, on_clips
from app.outcomes import options_of
from app.places import ASKED_NAME, SOLVE_NAME, Places, places
from app.preparing import survey
from app.progress import teller
from app.records import given_path
from app.request import Request, model_of
from capture.errors import InputError, MienError, UsageError
from capture.files import write_with
from capture.links import check_tree
from capture.match import TakeClips
from capture.shoot import Take, find_takes
from exporters.to_json import read
from solver.actor import NAME, load_actor
from solver.personal import ENOUGH
from solver.suggest import worth_correcting


def run_make(options: argparse.Namespace) -> int:
    """Learn a profile from takes. Returns the exit code."""
    takes = [take for path in options.takes for take in find_takes(path) if not take.problem]
    return _made(options, takes)


def run_teach(options: argparse.Namespace) -> int:
    """The same from takes that were corrected."""
    from app.corrections import asked_layer

    takes = [take for path in options.takes for take in find_takes(path) if not take.problem]
    told = sum(len(asked_layer(take, options.corrections).frames()) for take in takes)
    if told < ENOUGH:
        raise UsageError(f"there are {told} corrected frames in these takes, and an actor is taught by {ENOUGH} or "
                         "more; correct those that `mien actor suggest` names")
    return _made(options, takes)


def run_suggest(options: argparse.Namespace) -> int:
    """Name the frames that are worth correcting."""
    takes = find_takes(options.take)
    if len(takes) != 1:
        raise UsageError(f"{options.take} holds {len(takes)} takes, and frames of one are suggested; name that take")
    if options.count < 1:
        raise UsageError(f"--count {options.count} asks for no frame; give 1 or more")
    take = takes[0]
    where = places(take, options.out)
    if not (where.work / SOLVE_NAME).is_file():
        raise UsageError(f"{take.name} is not solved yet; run `mien solve` first, with the same --out")
    performance = read(where.work / SOLVE_NAME)
    clips = _clips(take, where)
    first = first_frame(clips, performance)
    told = sorted(frame - first for frame in on_clips(load_layer(corrections_path(take)), clips)[0].frames())
    for frame, gain in worth_correcting(performance, told, options.count):
        print(f"frame {first + frame}: takes away {gain:.0%} of the error that is still expected")
    return 0


def _clips(take: Take, where: Places) -> TakeClips:
    """The take's clips, with the rig of its solve."""
    asked = load_record(where.work / ASKED_NAME)
    request = Request(asked.get("model", ""), rig=given_path(asked.get("rig", "")), corrections="none")
    return survey(take, options_of(take, request))[0]


def run_train(options: argparse.Namespace) -> int:
    """The same from the takes of a shoot that name the actor."""
    if options.takes:
        return run_make(options)
    takes = [take for take in find_takes(options.shoot) if not take.problem
             and take.setting("actor", "") == options.name]
    if not takes:
        raise UsageError(f"no take in {options.shoot} names the actor {options.name!r} in its take.toml or shoot.toml; "
                         "say which takes by --from")
    return _made(options, takes)


def _made(options: argparse.Namespace, takes: list[Take]) -> int:
    from app.actor_make import make

    tell = teller(options.events)
    request = Request(options.model or model_of(takes), options.detector, options.device, options.out, options.rig, "",
                      start=options.start, end=options.end, corrections=options.corrections)
    path, actor = make(options.name, takes, request, tell)
    entry = actor.history[-1]
    shapes = f", {len(actor.shape_names)} shapes of its own" if actor.shape_names else ""
    tell.note(options.name, f"learnt from {entry['frames']} frames, {entry['corrected']} of them corrected{shapes}; "
                            f"takes whose actor is {options.name} are solved with it from now on")
    if not options.events:
        print(path)
    return 0


def run_list(options: argparse.Namespace) -> int:
    """A line for each profile of a shoot."""
    if not options.shoot.is_dir():
        raise InputError(f"{options.shoot} is not a folder; give a shoot folder with --in")
    paths = sorted(_actors(options.shoot).glob(f"*/{NAME}"))
    if not paths:
        print(f"no profile of an actor lies in {options.shoot / FOLDER}; make one with `mien actor make`")
    for path in paths:
        try:
            actor = load_actor(path.parent)
            print(f"{path.parent.name}: model {actor.model_name}, {len(actor.shape_names)} shapes of its own")
        except MienError as error:
            print(f"{path.parent.name}: {error}")
    return 0


def run_show(options: argparse.Namespace) -> int:
    """What a profile holds."""
    actor = load_actor(_folder(options))
    print(f"{actor.name}: on the model {actor.model_name}, landmarks of {actor.scheme}")
    for name, metres in actor.measures.items():
        print(f"  {name.replace('_', ' '):<20}{metres * 1000:>7.1f} mm")
    print("  a network of its own for the eyes: " + ("yes" if actor.taught else "no"))
    print("  a reading of its own: " + ("yes" if actor.answer else "no"))
    print("  shapes of its own: " + (", ".join(actor.shape_names) or "none (they are learnt from corrected frames)"))
    for entry in actor.history:
        print(f"  learnt from {', '.join(entry.get('from', ()))}: {entry.get('frames')} frames, "
              f"{entry.get('corrected')} corrected, {entry.get('marked', 0)} landmarks put right at rest; "
              f"hidden landmarks foretold to {entry.get('px_with')} px, "
              f"{entry.get('px_without')} px without")
        if entry.get("network"):
            print(f"  {entry['network']}")
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Whether a profile is whole; raises if it is not."""
    folder = _folder(options)
    actor = load_actor(folder)
    print(f"{folder}: whole, of the model {actor.model_name}")
    return 0


def run_guide(options: argparse.Namespace) -> int:
    """Print the poses, and draw them."""
    print("\n".join(actor_guide.lines()))
    if options.out is not None:
        for path in actor_guide.draw(options.out):
            print(path)
    return 0


def run_pack(options: argparse.Namespace) -> int:
    """Write a profile as one file."""
    folder = _folder(options)
    print(actor_pack.pack(folder, options.out or Path(f"{folder.name}.mienactor")))
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Write the actor's own network for other runtimes."""
    from solver.actor_network import own_eyes
    from solver.onnx_networks import to_onnx

    actor = load_actor(_folder(options))
    if actor.taught is None:
        raise UsageError(f"the profile of {actor.name} holds no network of the actor's own; teach it with corrected "
                         f"frames: mien actor teach {actor.name}")
    path = options.out / "eye.onnx"
    data = to_onnx(own_eyes(actor.taught.layers))
    write_with(path, lambda file: file.write(data))
    print(path)
    return 0


def run_mesh(options: argparse.Namespace) -> int:
    """Write the actor's resting face."""
    from app.actor_mesh import write_neutral
    from app.models import model_named

    folder = _folder(options)
    model = model_named(options.model or load_actor(folder).model_name, paths=bool(options.model))
    write_neutral(load_actor(folder, model), model, options.out)
    print(options.out)
    return 0


def run_unpack(options: argparse.Namespace) -> int:
    """Put a packed profile into a shoot."""
    print(actor_pack.unpack(options.file, _actors(options.shoot), options.force))
    return 0


def _folder(options: argparse.Namespace) -> Path:
    given = Path(options.name)
    return given if (given / NAME).is_file() else _actors(options.shoot) / checked_name(options.name)


def _actors(shoot: Path) -> Path:
    """The folder of a shoot's profiles.

    Raises:
        InputError: it, or something in it, is a link that leads out of the shoot.
    """
    check_tree(shoot / FOLDER, shoot)
    return shoot / FOLDER
