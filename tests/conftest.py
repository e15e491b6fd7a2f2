"""What all tests share: a cache of their own, and models that take seconds to read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from solver.face_model import FaceModel
from tests.app.command import environment, mien
from tests.material import ict_model
from tests.network_watch import watched

BUILD_MACHINES = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TRAVIS", "CIRCLECI", "APPVEYOR", "JENKINS_URL",
                  "TEAMCITY_VERSION", "CODEBUILD_BUILD_ID")
"""By these libraries know a machine that nobody sits at, on which they tell their makers nothing."""


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def ict(cache: None) -> FaceModel:
    """ICT-FaceKit from the shared material."""
    return ict_model()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, cache: None) -> Path:
    """The folder of `mien demo`, run once; what it said is in said.txt, the sockets it opened in ../watched."""
    folder = tmp_path_factory.mktemp("demo")
    elsewhere = {name: value for name, value in environment().items() if name not in BUILD_MACHINES}
    ended = mien("demo", folder, env=elsewhere | watched(folder.with_name("watched")))
    (folder / "said.txt").write_text(ended.stderr)
    return folder
