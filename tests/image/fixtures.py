"""The images of this run: built once, when a test first asks for them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from config.system import Program, install_programs
from tests.image.clean_root import Builder
from tests.services import MissingServer
from tests.services.fixtures import here

DEBOOTSTRAP = Program("debootstrap", "building the images", ("debootstrap",))


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """Builds the stages; some 7 GB meanwhile, and the libraries are fetched from the package index."""
    here(_find_means)
    work = tmp_path_factory.mktemp("images")
    work.chmod(0o755)
    yield Builder(work)
    subprocess.run(["rm", "-rf", work], check=True)  # a hundred thousand files


def _find_means() -> None:
    if os.name != "posix" or os.geteuid() != 0:
        raise MissingServer("building the images needs Linux and root")
    if not DEBOOTSTRAP.present() and install_programs([DEBOOTSTRAP]):
        raise MissingServer("building the images needs debootstrap")
