"""Every reader answers what broke it once, and some new mutations, with a sentence or with what it read."""

import random
from pathlib import Path

import pytest

from capture.errors import LONGEST, MienError
from tests.fuzz import mutate
from tests.fuzz.child import LARGEST
from tests.fuzz.targets import TARGETS, Target

COUNT = 150
"""Mutations of each reader, the same each time; the long run is `python -m tests.fuzz`."""


def answer(target: Target, data: bytes, folder: Path) -> str:
    path = folder / target.file
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    try:
        target.read(path)
    except MienError as error:
        said = str(error)
        assert said.strip()
        assert said.isprintable()
        assert len(said) <= LONGEST + 10
        return said
    return ""


@pytest.mark.parametrize("name", TARGETS)
def test_what_our_own_writers_wrote_is_read(name: str, tmp_path: Path) -> None:
    said = [answer(TARGETS[name], data, tmp_path / str(index)) for index, data in enumerate(TARGETS[name].corpus())]
    assert said.count("") > len(said) // 4, said  # the others are sound zips and arrays, but no models


@pytest.mark.parametrize(("name", "wrong"), [(name, wrong) for name, target in TARGETS.items()
                                             for wrong in target.seeds()])
def test_what_broke_a_reader_once_is_refused_in_words(name: str, wrong: str, tmp_path: Path) -> None:
    answer(TARGETS[name], TARGETS[name].seeds()[wrong], tmp_path)


@pytest.mark.parametrize("name", TARGETS)
def test_new_mutations(name: str, tmp_path: Path) -> None:
    target, chance = TARGETS[name], random.Random(name)
    sound = list(target.corpus())
    for number in range(COUNT):
        data = chance.choice(sound)
        if target.shapes and chance.random() < 0.5:
            data = chance.choice(target.shapes)(data, chance)[:LARGEST]
        else:
            data = mutate.mutated(data, chance, sound, LARGEST)
        answer(target, data, tmp_path / str(number))
