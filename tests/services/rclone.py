"""An rclone of Debian's package `rclone`, which serves a folder by WebDAV."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.services.server import HOST, MissingServer, Server

USER, PASSWORD = "anna", "a-password-of-nobody"


class Rclone(Server):
    """Serves its folder `data`, as it is at each moment, to `USER`."""

    name = "rclone"

    @classmethod
    def find_program(cls) -> Path:
        """`rclone` on the PATH. Raises `MissingServer`."""
        found = shutil.which("rclone")
        if found is None:
            raise MissingServer("rclone is not installed (Debian: rclone)")
        return Path(found)

    @property
    def url(self) -> str:
        """Of the folder."""
        return f"http://{HOST}:{self.ports['port']}/"

    def command(self) -> Sequence[str | Path]:
        """Without its memory of folders, and without its own configuration."""
        options = {
            "--addr": f"{HOST}:{self.ports['port']}",
            "--user": USER,
            "--pass": PASSWORD,
            "--dir-cache-time": "0",
            "--config": "/dev/null",
        }
        given = [word for option in options.items() for word in option]
        return [self.find_program(), "serve", "webdav", self.data, *given]

    def prepare(self) -> None:
        """It does not make its folder."""
        self.data.mkdir(exist_ok=True)

    def answers(self) -> bool:
        """It asks who is there."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url, timeout=10):
                return True
        except urllib.error.HTTPError as error:
            error.close()  # it holds the connection
            return error.code == 401
