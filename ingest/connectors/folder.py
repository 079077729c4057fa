"""Any tree of files: a network drive, an exported wiki, a checked-out repository.

Ids are paths relative to the root, with `/`. Symbolic links are not followed: what they point to inside the
root is listed at its own place, and what lies outside of it is never read.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import field_validator

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest import connectors
from ingest.connectors import _rules, _tree
from ingest.documents import Content, Entry

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe would otherwise wait for its writer.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_LISTINGS = 3
"""How often a folder is listed anew when a file leaves it while it is looked at."""


class Connector(connectors.Connector):
    """The files below a folder: a network drive, an exported wiki."""

    about = connectors.About(
        system="Folder",
        example="{name: handbook, type: folder, path: ./handbook, readers: [everyone]}",
        rights="Sabio's user has to be able to list the folder and to read its files. A file system's own"
        " rights are not those of people in a chat: who may read is said by `readers`.",
        limits=(
            "Symbolic links are not followed.",
            "A file that is renamed is another document.",
            "A drive that is not mounted looks empty; then nothing is removed before somebody has looked.",
        ),
        proven="real folders on Linux, with names, rights and times as hard as they come",
    )

    path: connectors.Place
    """The folder. A relative path starts at the configuration file's folder."""
    url: str | None = None
    """Address of a page, as `https://wiki.example.com/{path}`: `{path}` is the id, `{stem}` is the id without
    its ending, `{name}` the file's name. Not set: a `file://` address."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        return url and _tree.check_pattern(url, ("path", "stem", "name"))

    def scan(self) -> Iterator[Entry]:
        """List every regular file that no rule leaves out. See the port for what it promises and raises.

        A missing root is `UnavailableError` (a drive that is not mounted comes back); a folder that may not
        be read is `ConfigError`.
        """
        with self._root() as root:
            rules = self._rules(root)
            waiting: list[bytes] = [b""]
            while waiting:
                above = waiting.pop()
                for name, state in self._list(root, above):
                    path = above + name
                    entry_id = _tree.encode_path(path)
                    folder = stat.S_ISDIR(state.st_mode)
                    if not (folder or stat.S_ISREG(state.st_mode)):
                        continue
                    if rules.ignored_here(entry_id, folder=folder):
                        continue
                    if folder:
                        waiting.append(path + b"/")
                    else:
                        yield self._entry(entry_id, state)
            self._check_still_there(root)

    def fetch(self, entry: Entry) -> Content:
        """The file's bytes as they are now. See the port for what is raised."""
        with self._root() as root:
            try:
                data = _read(root, _tree.decode_path(entry.id), self.max_bytes)
            except OSError as error:
                raise self._explain_file(entry.id, error) from error
        if data is None:
            raise DocumentError(
                f"{entry.id} is larger than {self.max_mb:g} MB (max_mb of source {self.name})"
            )
        return Content(data, entry.id.rsplit("/", 1)[-1], entry.media_type)

    def part_of(self, entry: Entry) -> str | None:
        """The folder at the top that it is in."""
        return _tree.top_folder(entry.id)

    def ignored(self, entry_id: str) -> str | None:
        """See the port. Symbolic links are named as what they are."""
        with self._root() as root:
            if rule := self._rules(root).ignored(entry_id):
                return rule
        parts = _tree.decode_path(entry_id).split(b"/")
        for depth in range(1, len(parts) + 1):
            step = Path(self.path, os.fsdecode(b"/".join(parts[:depth])))
            if step.is_symlink():
                return "symbolic link: not followed; what it points to is listed at its own place"
        return None

    def _entry(self, entry_id: str, state: os.stat_result) -> Entry:
        url = _tree.fill_pattern(self.url, entry_id) if self.url else self._file_url(entry_id)
        return Entry(
            id=entry_id,
            revision=_revision(state),
            title=_tree.read_title(entry_id),
            media_type=_tree.read_media_type(entry_id),
            url=url,
            updated_at=_tree.read_time(state.st_mtime),
            readers=self.readers,
            size=state.st_size,
        )

    def _file_url(self, entry_id: str) -> str:
        return _tree.fill_pattern(f"{self.path.as_uri().rstrip('/')}/{{path}}", entry_id)

    def _list(self, root: int, above: bytes) -> list[tuple[bytes, os.stat_result]]:
        """What lies in one folder, with states. A file that leaves meanwhile may have been renamed to a name
        that this listing does not have, so the folder is then listed again."""
        for _ in range(_LISTINGS):
            try:
                folder = _open(root, above.split(b"/")[:-1], _FOLDER | os.O_NOFOLLOW)
            except OSError as error:
                raise self._explain_folder(above, error) from error
            try:
                with os.scandir(folder) as found:
                    return sorted(
                        (os.fsencode(each.name), each.stat(follow_symlinks=False)) for each in found
                    )
            except FileNotFoundError:
                continue
            except OSError as error:
                raise self._explain_folder(above, error) from error
            finally:
                os.close(folder)
        raise UnavailableError(
            f"{self._shown(above)} keeps changing while it is listed; the next sync tries again"
        )

    @contextmanager
    def _root(self) -> Iterator[int]:
        try:
            root = os.open(self.path, _FOLDER)
        except NotADirectoryError as error:
            raise ConfigError(f"source {self.name}: path: {self.path} is not a folder") from error
        except FileNotFoundError as error:
            message = (
                f"source {self.name}: the folder {self.path} is not there: is it mounted, is `path` right?"
            )
            raise UnavailableError(message) from error
        except OSError as error:
            raise self._explain_folder(b"", error) from error
        try:
            yield root
        finally:
            os.close(root)

    def _rules(self, root: int) -> _rules.Rules:
        name = _rules.IGNORE_FILE
        try:
            text = _read(root, name.encode(), 1_000_000)
        except FileNotFoundError:
            text = b""
        except OSError as error:
            # Going on without it would publish what somebody wanted to keep out.
            raise ConfigError(
                f"source {self.name}: {self.path / name} cannot be read: {error.strerror}"
            ) from error
        if text is None:
            raise ConfigError(
                f"source {self.name}: {self.path / name} is larger than 1 MB; is it a list of rules?"
            )
        return _rules.Rules(self.include, self.exclude, text.decode("utf-8", "replace"), defaults=True)

    def _check_still_there(self, root: int) -> None:
        """An unmounted drive leaves another folder, or none, in its place: then the listing means nothing."""
        try:
            same = os.path.samestat(self.path.stat(), os.fstat(root))
        except OSError:
            same = False
        if not same:
            raise UnavailableError(
                f"source {self.name}: the folder {self.path} went away while it was listed"
            )

    def _shown(self, above: bytes) -> str:
        return f"source {self.name}: the folder {self.path / _tree.encode_path(above)}"

    def _explain_folder(self, above: bytes, error: OSError) -> ConfigError | UnavailableError:
        shown = self._shown(above)
        if error.errno in {errno.EACCES, errno.EPERM}:
            return ConfigError(
                f"{shown} may not be read; give its rights to Sabio's user, or name it in `exclude`"
            )
        return UnavailableError(f"{shown} could not be listed ({error.strerror}); the next sync tries again")

    def _explain_file(self, entry_id: str, error: OSError) -> DocumentError | UnavailableError:
        if error.errno in {errno.ENOENT, errno.ENOTDIR}:
            return DocumentError(f"{entry_id} is no longer there")
        if error.errno in {errno.ELOOP, errno.EMLINK, errno.EINVAL}:
            return DocumentError(f"{entry_id} is not a file (any more)")
        if error.errno in {errno.EACCES, errno.EPERM}:
            return DocumentError(f"{entry_id} may not be read by Sabio's user")
        return UnavailableError(f"source {self.name}: {entry_id} could not be read ({error.strerror})")


def _revision(state: os.stat_result) -> str:
    """Size and both times of a file.

    The change time (ctime) moves with every write, rename and change of rights, and no program can set it
    back, so an edit that keeps the size and restores the modification time is seen as well. A mere `touch`
    costs one fetch. The inode number is left out: some network drives give new ones at every mount.
    """
    return f"{state.st_size}-{state.st_mtime_ns:x}-{state.st_ctime_ns:x}"


def _open(root: int, parts: list[bytes], flags: int) -> int:
    """Open what lies at `parts` below `root`, following no symbolic link on the way."""
    here = os.dup(root)
    for step, part in enumerate(parts, 1):
        if part in {b"", b".", b".."}:
            os.close(here)
            raise OSError(errno.EINVAL, "not a path below the root")
        try:
            deeper = os.open(part, flags if step == len(parts) else _FOLDER | os.O_NOFOLLOW, dir_fd=here)
        finally:
            os.close(here)
        here = deeper
    return here


def _read(root: int, path: bytes, limit: int) -> bytes | None:
    """A regular file's bytes, or None if there are more than `limit`."""
    number = _open(root, path.split(b"/"), _FILE)
    with os.fdopen(number, "rb") as file:
        state = os.fstat(number)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if state.st_size > limit:
            return None
        _wait_for_the_next_tick(state)
        data = file.read(limit + 1)
    return data if len(data) <= limit else None


def _wait_for_the_next_tick(state: os.stat_result) -> None:
    """Let the file system's clock move on from a file's last change before it is read.

    Two edits within one tick leave the same times. Whatever is written after this returns has another one, so
    an edit after the read changes the revision. Costs a tick at most, for files changed just now.
    """
    # Linux stamps times from its timer, 1 to 10 ms apart; older file systems keep whole seconds, FAT two.
    tick = 0.02 if state.st_ctime_ns % 1_000_000_000 else 2.0
    age = time.time() - state.st_ctime
    if 0 <= age < tick:
        time.sleep(tick - age)
