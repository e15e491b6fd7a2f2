"""What mien stands on: pinned, with hashes and no address, and every licence shown."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app import licences
from exporters import to_json
from exporters.licences import of_face, of_performance, table
from tests.app.command import ROOT, mien_here
from tests.bench.hashes import lines
from tests.synthetic import made_performance, small_face

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRA = [Requirement(text) for texts in PROJECT["optional-dependencies"].values() for text in texts]
PINS = {canonicalize_name(name): version for name, version in
        re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M)}
HASHES = (ROOT / "hashes.txt").read_text()
HASHED = {canonicalize_name(name): (version, re.findall(r"--hash=sha256:([0-9a-f]{64})(?= |$)", rest))
          for name, version, rest in re.findall(r"^([\w.-]+)==(\S+) (.*)$", HASHES, re.M)}


@pytest.mark.parametrize("requirement", [*NEEDED, *EXTRA], ids=lambda requirement: requirement.name)
def test_every_direct_dependency_is_pinned_hashed_and_installed_so(requirement):
    name = canonicalize_name(requirement.name)
    assert requirement.specifier.contains(PINS[name])
    version, digests = HASHED[name]
    assert version.split("+")[0] == PINS[name]
    assert 1 <= len(set(digests)) <= 2
    assert importlib.metadata.version(requirement.name).split("+")[0] == PINS[name]


def test_the_hashes_hold_all_that_the_dependencies_need_and_no_address():
    assert "://" not in HASHES
    assert not re.search(r"^\s*-|@|\.(org|com|io)\b", HASHES, re.M)
    body = [line for line in HASHES.splitlines() if not line.startswith("#")]
    assert len(body) == len(HASHED) == len([line for line in body if "--hash=sha256:" in line])
    todo, seen = [requirement.name for requirement in [*NEEDED, *EXTRA]], set()
    while todo:
        name = canonicalize_name(todo.pop())
        if name in seen:
            continue
        seen.add(name)
        assert name in HASHED, name
        for text in importlib.metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(requirement.name)
    assert len(seen) > 60


def test_hashes_of_two_reports_share_a_line():
    def report(digest):
        return {"install": [
            {"metadata": {"name": "Some_Thing", "version": "1.2"},
             "download_info": {"url": "https://example.invalid/x", "archive_info": {"hashes": {"sha256": digest}}}},
            {"metadata": {"name": "mien", "version": "0.1.0"}, "download_info": {"url": "file:///x", "dir_info": {}}}]}

    other = report("c" * 64)
    other["install"][0]["metadata"]["version"] = "1.3"
    assert lines([report("b" * 64), report("a" * 64), other, report("b" * 64)]) == [
        f"some-thing==1.2 --hash=sha256:{'a' * 64} --hash=sha256:{'b' * 64}"]


def test_the_doctor_shows_the_licence_of_everything_installed_and_of_every_model():
    said = mien_here("doctor", "--licences").stdout
    for item in importlib.metadata.distributions():
        name = item.metadata["Name"]
        if name and name != "mien":
            line, = re.findall(rf"^  {re.escape(name)} +(\S+) +(\S.*)$", said, re.M | re.I)
            assert line[1].strip()
    for name in (*table()["networks"], "mien"):
        assert re.search(rf"^  {re.escape(name)} +\S", said, re.M)
    untold = [name for name, _, licence in licences.installed() if licence == licences.UNTOLD]
    assert set(untold) <= {"ufbx"}  # tests alone need it


FAMILIES = {"BSD": "BSD", "Apache": "Apache", "MIT": "MIT", "LGPL": "LGPL", "PSF": "Python Software Foundation",
            "LicenseRef-TOST": "LicenseRef-TOST"}


@pytest.mark.parametrize("name", table()["packages"])
def test_the_shipped_table_says_what_the_packages_say(name):
    family = next(word for start, word in FAMILIES.items() if table()["packages"][name].startswith(start))
    assert family in licences.licence_of(importlib.metadata.distribution(name))


def test_the_shipped_table_holds_every_dependency_and_every_network():
    assert {canonicalize_name(name) for name in table()["packages"]} == {
        canonicalize_name(requirement.name) for requirement in NEEDED} | {"usd-core"}
    networks = {path.name for path in (ROOT / "assets").glob("*.npz")} - {"head.npz"}
    assert networks <= set(table()["networks"])


def test_the_licences_are_in_the_exports_json():
    performance = made_performance(small_face(), 3)
    document = json.loads(to_json.dumps(performance))
    assert document["generator"]["licences"] == of_performance("small", performance.model_sha256)
    assert document["generator"]["licences"]["packages"] == table()["packages"]
    assert document["generator"]["licences"]["face"] == {"small": "its maker's; it came with the model"}
    assert of_face("mien", "") == "mien's own"


def test_ict_facekit_is_known_by_what_it_is(ict):
    assert of_face("whatever", ict.sha256) == "ICT-FaceKit by USC ICT, MIT"


def test_make_takes_a_python_that_fits_and_asks_for_no_extra_that_there_is_not(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "system.sh").touch()
    pythons = {"python3": "exit 1", "python3.12": f'exec {sys.executable} "$@"', "python3.13": "exit 1"}
    for name, body in pythons.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    environment.pop("PYTHON", None)

    def make(*arguments):
        return subprocess.run(["make", "install", *arguments], cwd=tmp_path, env=environment, capture_output=True,
                              text=True)

    said = make("-n").stdout
    assert "python3.12 -m venv $(.venv/bin/python" in said, "another Python's environment is cleared first"
    extras = re.search(r'-e "\.\[(.*)\]"', said)[1].split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras) <= set(project["optional-dependencies"])
    ended = make("PYTHON=python3.13")
    assert ended.returncode
    assert "mien needs Python 3.11 or 3.12, and python3.13 is none of these" in ended.stderr
    assert not (tmp_path / ".venv").exists()
    assert f"/{re.search('mien demo (.*)', (ROOT / 'Makefile').read_text())[1]}/" in (ROOT / ".gitignore").read_text()
