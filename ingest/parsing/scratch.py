"""The folder that parsing children work in, removed at the end, whoever dies first."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

_PREFIX = "sabio-parsing-"
_YOUNG = 60
"""Seconds. A folder may be this old before its owner has locked it."""


class Scratch:
    """A folder of our own below the system's temporary one. Its lock tells others that we live."""

    def __init__(self) -> None:
        """Raises `OSError` when there is no place to write."""
        _remove_orphans(Path(tempfile.gettempdir()))
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder and all that is in it. Doing so twice does no harm."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        self._folder.cleanup()


def _remove_orphans(place: Path) -> None:
    """Remove the folders of processes that were killed.

    The lock tells, not a process id: containers may share the place without seeing each other's processes.
    """
    for folder in place.glob(f"{_PREFIX}*"):
        try:
            if folder.is_symlink() or time.time() - folder.stat().st_mtime < _YOUNG:
                continue
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # somebody else's, or just removed by its owner
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
