"""`mien submit SHOOT --openjd DIR`: a shoot as an Open Job Description bundle, which farm managers take as it is.

    DIR/template.json            the job: Prepare, Detect, Solve, Export, Report
    DIR/parameter_values.json    what its parameters are, as farm managers read them
    DIR/parameters.json          the same, as `openjd run template.json -p file://parameters.json` reads them

Each task is one `mien solve TAKE --only STEP`. See the specification 2023-09, which allows 1024 values a parameter: a
larger shoot becomes several bundles, DIR/1, DIR/2 and so on.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.batch_profiles import missing
from app.detection import stretches
from app.identity import digest
from app.models import model_named
from app.outcomes import options_of
from app.preparing import survey
from app.request import Request, request_of
from capture.camera import load_rig
from capture.errors import InputError, MienError, UsageError
from capture.files import write_bytes
from capture.shoot import Take, is_shoot, open_shoot

VERSION = "jobtemplate-2023-09"
LIMIT = 1024
"""Values of one parameter, by the specification."""
PARTS_PER_TASK = 4
"""A task of detection is so many parts of a camera: starting a process should cost little beside its work."""
NAME_LENGTH = 128
CHOICES = {"Preset": ["draft", "standard", "final"], "Detector": ["auto", "mien", "mediapipe"],
           "Device": ["auto", "cpu", "cuda"]}


@dataclass(frozen=True)
class Stretch:
    """Frames of one camera of a take, from `first` to `last`, which is among them."""

    take: str
    camera: str
    first: int
    last: int


@dataclass(frozen=True)
class Parameter:
    """A parameter of the job: its name, the option of `mien solve` that it is for ("" if it is none), and its value."""

    name: str
    option: str
    kind: str
    value: str
    description: str

    def definition(self) -> dict[str, object]:
        shown = {"name": self.name, "type": self.kind, "description": self.description}
        if self.kind == "PATH":  # a path belongs to a machine, so it is among the values, not in the template
            return {**shown, "dataFlow": "INOUT"}
        return {**shown, "default": self.value,
                **({"allowedValues": CHOICES[self.name]} if self.name in CHOICES else {})}


def run(options: argparse.Namespace) -> int:
    """Write the bundle and print where it is. Returns the exit code.

    Raises:
        UsageError: the path is no shoot, or --start and --end leave no frames of any take.
        InputError: the shoot cannot be read or holds no take, or there is no such rig or model.
        OutputError: the bundle cannot be written.
    """
    folder = options.path.absolute()
    if not is_shoot(folder):
        raise UsageError(f"{options.path} is no shoot; give a folder with takes/ in it")
    shoot = open_shoot(folder)
    if not shoot.takes:
        raise InputError(f"{options.path} is a shoot without a take; put each take's clips into takes/T001 and so on")
    request = request_of(options, shoot.takes)
    if request.rig is not None:  # these before anything is written: every worker would refuse
        load_rig(request.rig)
    model_named(request.model)
    parameters = parameters_of(folder, request)
    groups = list(_groups(_all_stretches(shoot.takes, request)))
    for number, (takes, stretches_of) in enumerate(groups, 1):
        place = options.openjd if len(groups) == 1 else options.openjd / str(number)
        name = f"mien {shoot.name}" + (f" {number} of {len(groups)}" if len(groups) > 1 else "")
        values = {parameter.name: parameter.value for parameter in parameters}
        _write(place / "template.json", template(name, takes, stretches_of, parameters, request.device == "cuda",
                                                 bool(missing(shoot.takes, request))))
        _write(place / "parameter_values.json", {"parameterValues": [{"name": key, "value": value}
                                                                     for key, value in values.items()]})
        _write(place / "parameters.json", values)
        print(place / "template.json")
    return 0


def template(name: str, takes: Sequence[str], stretches_of: Sequence[Stretch], parameters: Sequence[Parameter],
             gpu: bool, actors: bool = False) -> dict[str, object]:
    """The job over takes, of whose cameras the given stretches are to be detected; `actors`: profiles are to be made
    first."""
    take = {"name": "Take", "type": "STRING", "range": list(takes)}
    each = {"taskParameterDefinitions": [take]}
    steps = [_step("Prepare", "Check each take's clips and remember what they are.", parameters, each)]
    if stretches_of:
        columns = {"Take": [stretch.take for stretch in stretches_of],
                   "Camera": [stretch.camera for stretch in stretches_of],
                   "Frames": [f"{stretch.first}-{stretch.last}" for stretch in stretches_of]}
        space = {"taskParameterDefinitions": [{"name": key, "type": "STRING", "range": values}
                                              for key, values in columns.items()],
                 "combination": "(Take, Camera, Frames)"}
        detect = _step("Detect", "Find the face's landmarks in these frames of one camera.", parameters, space,
                       ("--camera", "{{Task.Param.Camera}}", "--frames", "{{Task.Param.Frames}}"))
        if gpu:
            detect["hostRequirements"] = {"amounts": [{"name": "amount.worker.gpu", "min": 1}]}
        steps.append(detect)
    if actors:
        steps.append(_step("Actors", "Learn actors' faces from the takes that are marked for it.", parameters, None))
    steps += [_step("Solve", "Turn each take's landmarks into animation.", parameters, each),
              _step("Export", "Write each take's files.", parameters, each),
              _step("Report", "Write the summary and the page of the shoot; fails if any take has failed.", parameters,
                    None)]
    for step, before in zip(steps[1:], steps, strict=False):
        step["dependencies"] = [{"dependsOn": before["name"]}]
    return {"specificationVersion": VERSION, "name": name[:NAME_LENGTH],
            "description": "Facial performance capture by mien. A take that cannot be solved holds up no other: the "
                           "step Report says which failed, and why.",
            "parameterDefinitions": [parameter.definition() for parameter in parameters], "steps": steps}


def parameters_of(folder: Path, request: Request) -> tuple[Parameter, ...]:
    """The parameters of a job; those for options that were not given and have no default are left out."""
    model_is_path = Path(request.model).exists()
    found = [
        Parameter("Shoot", "", "PATH", str(folder), "The shoot's folder, which all workers share."),
        Parameter("Mien", "", "STRING", "mien", "The mien command on the workers."),
        Parameter("Version", "--expect", "STRING", digest(), "The mien that submitted; a worker with another refuses."),
        Parameter("Model", "--model", "PATH" if model_is_path else "STRING",
                  str(Path(request.model).absolute()) if model_is_path else request.model, "The face model."),
        Parameter("Formats", "--format", "STRING", ",".join(request.formats), "What is written of each take."),
        Parameter("Preset", "--preset", "STRING", request.preset, "How thoroughly to solve."),
        Parameter("Detector", "--detector", "STRING", request.detector, "What finds the landmarks."),
        Parameter("Device", "--device", "STRING", request.device, "Where the detector runs.")]
    for name, option, kind, value, description in (
            ("Results", "--out", "PATH", request.out, "Where results go."),
            ("Rig", "--rig", "PATH", request.rig, "The cameras."),
            ("Actor", "--actor", "STRING", request.actor, "The actor's name, kept in the results."),
            ("Start", "--start", "STRING", request.start, "First frame or timecode."),
            ("End", "--end", "STRING", request.end, "The frame or timecode after the last.")):
        if value is not None:
            found.append(Parameter(name, option, kind, str(value.absolute() if isinstance(value, Path) else value),
                                   description))
    return tuple(found)


def _step(name: str, description: str, parameters: Sequence[Parameter], space: dict[str, object] | None,
          more: Sequence[str] = ()) -> dict[str, object]:
    what = "{{Param.Shoot}}" + ("/takes/{{Task.Param.Take}}" if space is not None else "")
    arguments = ["solve", what, "--only", name.lower(), *more]
    for parameter in parameters:
        arguments += [parameter.option, "{{Param." + parameter.name + "}}"] if parameter.option else []
    action = {"command": "{{Param.Mien}}", "args": arguments,
              "cancelation": {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": 20}}
    return {"name": name, "description": description, **({"parameterSpace": space} if space is not None else {}),
            "script": {"actions": {"onRun": action}}}


def _all_stretches(takes: Sequence[Take], request: Request) -> list[tuple[str, list[Stretch]]]:
    """Each take's name and what there is to detect in it; nothing where it cannot be used, which the job's first step
    records.

    Raises:
        UsageError: the options leave nothing of any take.
    """
    found: list[tuple[str, list[Stretch]]] = []
    refused: list[UsageError] = []
    for take in takes:
        stretches_of: list[Stretch] = []
        try:
            stretches_of = _stretches(take, request)
        except UsageError as error:  # of this take: a longer one may have such frames
            refused.append(error)
        except MienError:
            pass
        found.append((take.name, stretches_of))
    if refused and not any(stretches_of for _, stretches_of in found):
        raise refused[0]
    return found


def _stretches(take: Take, request: Request) -> list[Stretch]:
    clips, _, _, (first, stop) = survey(take, options_of(take, request))
    borders = [start for start, _ in stretches(first, stop)][::PARTS_PER_TASK]
    return [Stretch(take.name, clip.camera, start, end - 1)
            for clip in clips.clips for start, end in zip(borders, [*borders[1:], stop], strict=True)]


def _groups(takes: Sequence[tuple[str, list[Stretch]]]) -> Iterator[tuple[list[str], list[Stretch]]]:
    """The takes in as few bundles as the specification allows; a take whose stretches are too many for one has longer
    ones."""
    names: list[str] = []
    found: list[Stretch] = []
    for name, stretches_of in takes:
        while len(stretches_of) > LIMIT:
            stretches_of = _longer(stretches_of)
        if names and (len(names) == LIMIT or len(found) + len(stretches_of) > LIMIT):
            yield names, found
            names, found = [], []
        names, found = [*names, name], [*found, *stretches_of]
    yield names, found


def _longer(of_take: Sequence[Stretch]) -> list[Stretch]:
    """Each two neighbours of one camera as one."""
    joined = []
    for camera in dict.fromkeys(stretch.camera for stretch in of_take):
        mine = [stretch for stretch in of_take if stretch.camera == camera]
        joined += [Stretch(pair[0].take, camera, pair[0].first, pair[-1].last)
                   for pair in (mine[index:index + 2] for index in range(0, len(mine), 2))]
    return joined


def _write(path: Path, document: dict[str, object]) -> None:
    try:
        data = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError as error:
        line = error.object[:error.start].rpartition("\n")[2] + error.object[error.start:].partition("\n")[0]
        raise InputError(f"a name in the job holds bytes that are no text ({line.strip()!r}), which farms cannot pass "
                         "on; rename that shoot, take or clip") from error
    write_bytes(path, data)
