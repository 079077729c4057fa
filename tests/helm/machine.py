"""Images of which nothing was built: what the Dockerfile says of their processes, on this machine's programs.

The quick stand-in for images that are built: commands, variables, user and folders are the Dockerfile's;
Sabio and its libraries are those that the tests run with.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.helm.confinement import Mount
from tests.image.clean_root import ROOT, Builder, Image
from tests.image.dockerfile import Step

_FOLDERS = ("dev", "etc", "opt/sabio/bin", "proc", "tmp", "usr", "var/lib/sabio")
_LINKS = ("bin", "lib", "lib64", "sbin")
_OF_ETC = ("alternatives", "group", "ld.so.cache", "localtime", "nsswitch.conf", "passwd")
_SABIO = '#!/bin/sh\nexec /opt/venv/bin/python -m bot "$@"\n'
_PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"


class Machine(Builder):
    """Builds the stages without what RUN and COPY would do."""

    def lent(self, models: Path) -> list[Mount]:
        """What has to be mounted in each image; `models` has the local embedding model."""
        places = {
            "/usr": Path("/usr"),
            "/opt/venv": Path(sys.prefix),
            "/opt/src": ROOT,
            "/opt/models": models,
        }
        python = Path(sys.base_prefix)
        if not python.is_relative_to("/usr"):
            places[str(python)] = python  # where links of the virtual environment lead
        return [Mount(path, origin) for path, origin in places.items()]

    def base(self) -> Image:
        """A root with no program of its own."""
        files = self.work / "base"
        for name in _FOLDERS:
            (files / name).mkdir(parents=True, exist_ok=True)
        for link in [Path("/", name) for name in _LINKS]:
            if link.is_symlink():
                (files / link.name).symlink_to(link.readlink())
        for real in [Path("/etc", name) for name in _OF_ETC]:
            if real.is_dir():
                shutil.copytree(real, files / "etc" / real.name, symlinks=True)
            elif real.exists():
                shutil.copy2(real, files / "etc" / real.name)
        command = files / "opt/sabio/bin/sabio"
        command.write_text(_SABIO)
        command.chmod(0o755)
        return Image(files, {"PATH": _PATH, "LANG": "C.UTF-8", "PYTHONPATH": "/opt/src"})

    def _copy(self, step: Step, image: Image) -> None:
        """Nothing."""

    def _run(self, step: Step, image: Image, known: object) -> None:
        """Nothing."""
