"""Where Chromium is, for tests that look at what people see."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.services.server import MissingServer

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Chromium:
    """The browser of this machine."""

    @classmethod
    def find_program(cls) -> Path:
        """What `CHROMIUM` names, or one on the PATH. Raises `MissingServer`."""
        named = os.environ.get("CHROMIUM")
        found = next((path for name in (named, *_NAMES) if name and (path := shutil.which(name))), None)
        if found is None:
            raise MissingServer(
                "Chromium is not installed (Debian: apt-get install chromium; CHROMIUM may name another)"
            )
        return Path(found)
