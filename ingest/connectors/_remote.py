"""A git repository elsewhere: its URL, and the clone that follows it."""

from __future__ import annotations

import os
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from config.errors import ConfigError, SabioError, UnavailableError
from ingest.connectors._history import Repo

_SCHEMES = ("https", "http", "ssh", "file")
# A host's name never starts with a dash: to ssh, it would be an option.
_SCP = re.compile(r"\w[\w.-]*@\w[\w.-]*:(?!//)")
_HOST = re.compile(
    r"(?:https?://(?:[^/@]*@)?|(?:ssh://)?git@)(github\.com|gitlab\.com)[:/]([\w./-]+?)(?:\.git)?/?"
)
_SECONDS = 60
# ssh must fail where git would ask at the keyboard, and notice a dead line.
_SSH = f"ssh -o BatchMode=yes -o ConnectTimeout={_SECONDS} -o ServerAliveInterval=15"
_REFUSED = re.compile(
    r"permission denied|host key verification|access denied|http resp 403|publickey", re.IGNORECASE
)
_HEADS = b"refs/heads/"
_ALL = 0x7FFFFFFF
"""The depth that stands for a whole history in git's protocol."""


def is_url(repository: str) -> bool:
    """Whether this is an address, and not a path on this machine."""
    return "://" in repository or _SCP.match(repository) is not None


def check_url(url: str) -> str:
    """The URL again. Raises `ValueError` for one that cannot be used, without repeating it."""
    if _SCP.match(url):
        return url
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError(
            f"{parts.scheme}:// is not supported; use https://, ssh://, git@host:path or file://"
        )
    if parts.scheme == "ssh" and parts.password:
        raise ValueError("ssh:// takes no password; give the key to Sabio's user")
    if parts.scheme != "file" and not re.fullmatch(r"\w[\w.-]*|[0-9a-f:.]+", parts.hostname or ""):
        raise ValueError("holds no host name, or one that cannot be")
    if (parts.username or "").startswith("-"):
        raise ValueError("holds a user name that starts with a dash")
    return url


def mask(text: str) -> str:
    """The text without the credentials of the URLs in it."""
    return re.sub(r"(\w://)[^/@\s]*@", r"\1", text)


def page_pattern(repository: str) -> str | None:
    """Where well-known hosts show a file, as an address pattern."""
    if not (found := _HOST.fullmatch(repository)):
        return None
    host, project = found.groups()
    return f"https://{host}/{project}{'/-' if host == 'gitlab.com' else ''}/blob/{{branch}}/{{path}}"


def check_branch(name: str, branches: Iterable[str]) -> str:
    """The branch again. Raises `ConfigError` where it is not among `branches`."""
    known = sorted(branches)
    if name not in known:
        nearest = get_close_matches(name, known, n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise ConfigError(f"branch: there is no {name!r}{hint}; there are {', '.join(known[:20])}")
    return name


def damages() -> tuple[type[Exception], ...]:
    """What dulwich raises when files of a repository are cut off, changed or missing."""
    from dulwich import errors

    own = (
        errors.ChecksumMismatch,
        errors.FileFormatException,
        errors.ApplyDeltaError,
        errors.MissingCommitError,
    )
    return (*own, errors.WrongObjectException, KeyError, AssertionError, BufferError, EOFError, zlib.error)


class Remote:
    """A repository behind a URL, followed by a bare clone."""

    def __init__(
        self, url: str, branch: str | None, *, whole: bool, username: str | None, password: str | None
    ) -> None:
        """`whole` asks for every commit, and not the newest one only."""
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and "@" in parts.netloc:
            username = username or unquote(parts.username or "")
            password = password or unquote(parts.password or "")
            # Out of the address, so that no message can hold it.
            url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._url, self._branch, self._whole = url, branch, whole
        self._username, self._password = username, password

    def update(self, clone: Path) -> None:
        """Bring `clone` to the newest commit of the branch, which becomes its only one.

        Raises `UnavailableError` when the other side is down, and `ConfigError` when a person must act.
        """
        repo = _open_clone(clone)
        try:
            branch, commit = self._choose(self._fetch(repo))
            repo.refs[branch] = commit
            repo.refs.set_symbolic_ref(b"HEAD", branch)
            for other in set(repo.refs.subkeys(_HEADS)) - {branch.removeprefix(_HEADS)}:
                repo.refs.remove_if_equals(_HEADS + other, None)
        finally:
            repo.close()

    def _fetch(self, repo: Repo) -> Any:
        from dulwich import client, errors

        shallow = bool(repo.get_shallow())
        new = not repo.refs.as_dict(_HEADS)

        def want(refs: dict[bytes, bytes], depth: int | None = None) -> list[bytes]:  # noqa: ARG001
            ref = _HEADS + self._branch.encode() if self._branch else b"HEAD"
            commit = refs.get(ref)
            deepen = shallow and self._whole
            return [commit] if commit and (deepen or commit not in repo.object_store) else []

        depth = (_ALL if shallow else None) if self._whole else (1 if new or shallow else None)
        try:
            with self._connect() as (transport, path):
                return transport.fetch(path.encode(), repo, determine_wants=want, depth=depth)
        except (client.HTTPUnauthorized, client.HTTPProxyUnauthorized):
            problem = "it asks for `username` and `password` (or an access token), or refuses these"
            raise ConfigError(problem) from None
        except errors.NotGitRepository:
            raise ConfigError("there is no git repository there, or it is not shown to this user") from None
        # ValueError: an answer in another language than git's, as of a proxy's welcome page.
        except (errors.GitProtocolError, OSError, ValueError) as error:
            raise self._explain(error) from None

    @contextmanager
    def _connect(self) -> Iterator[tuple[Any, str]]:
        """dulwich's client for the URL, and the path on the other side. Ends its connections and programs."""
        from dulwich.client import HttpGitClient, SSHGitClient, get_transport_and_path
        from dulwich.config import ConfigDict

        # Not the user's own git configuration, which may rewrite addresses and run programs.
        config = ConfigDict()
        config.set((b"http",), b"timeout", str(_SECONDS).encode())
        if authorities := os.environ.get("GIT_SSL_CAINFO"):
            config.set((b"http",), b"sslCAInfo", authorities.encode())
        http = self._url.startswith("http")
        transport, path = get_transport_and_path(
            self._url,
            config=config,
            quiet=True,
            username=self._username if http else None,
            password=self._password if http else None,
            ssh_command=_SSH,
        )
        started: list[Any] = []
        if isinstance(transport, SSHGitClient):
            cast("Any", transport).ssh_vendor = _Started(transport.ssh_vendor, started)
        try:
            yield transport, path
        finally:
            if isinstance(transport, HttpGitClient):
                transport.pool_manager.clear()
            for program in started:
                program.proc.kill()
                program.close()

    def _choose(self, found: Any) -> tuple[bytes, bytes]:
        """The branch that was asked for, or the other side's default one, with its newest commit."""
        branches = {ref: commit for ref, commit in found.refs.items() if ref.startswith(_HEADS) and commit}
        if not branches:
            raise ConfigError("it holds no commits yet")
        names = {ref.removeprefix(_HEADS).decode("utf-8", "replace"): ref for ref in branches}
        if self._branch:
            ref = names[check_branch(self._branch, names)]
        else:
            ref = (found.symrefs or {}).get(b"HEAD") or b""
            if ref not in branches:
                raise ConfigError(
                    f"it names no default branch; set `branch` to one of {', '.join(sorted(names))}"
                )
        return ref, branches[ref]

    def _explain(self, error: Exception) -> SabioError:
        """A failure without the credentials that it may repeat."""
        if isinstance(error, FileNotFoundError) and error.filename == "ssh":
            return ConfigError("the program `ssh` is not installed")
        reason = mask(str(error))
        if self._password:
            reason = reason.replace(self._password, "***")
        if _REFUSED.search(reason):
            return ConfigError(f"access was refused: {reason}")
        return UnavailableError(f"it could not be fetched: {reason or type(error).__name__}")


class _Started:
    """dulwich's way to start ssh, and what it started: after an error dulwich leaves that running."""

    def __init__(self, vendor: Any, started: list[Any]) -> None:
        self._vendor, self._started = vendor, started

    def run_command(self, *arguments: Any, **options: Any) -> Any:
        program = self._vendor.run_command(*arguments, **options)
        self._started.append(program)
        return program


def _open_clone(clone: Path) -> Repo:
    """The clone, or a new empty one where none was finished."""
    from dulwich.errors import NotGitRepository
    from dulwich.repo import Repo as Opened

    try:
        return Opened(str(clone))
    except NotGitRepository:
        shutil.rmtree(clone, ignore_errors=True)
        return Opened.init_bare(str(clone), mkdir=True, default_branch=b"main")
