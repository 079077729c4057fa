"""The files of a git branch, from a repository on this machine or from a URL.

What is committed counts; a work tree's files do not. Ids are paths from the repository's root, revisions are
blob ids. Nothing of the repository is run or checked out: no hooks, no filters.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest import connectors
from ingest.connectors import _history, _remote, _rules, _tree
from ingest.connectors._history import Repo
from ingest.documents import Content, Entry

_HEADS = b"refs/heads/"
_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_WAIT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class _Tip:
    """The newest commit of a branch."""

    commit: bytes
    branch: str
    root: bytes
    """Its tree."""
    folder: bytes
    """The tree that is listed: the root's, or the subfolder's."""


class Connector(connectors.Connector):
    """The files of a branch of a repository, on this machine or behind a URL."""

    about = connectors.About(
        system="Git",
        example='{name: docs, type: git, repository: "https://git.example.com/acme/docs.git",'
        ' username: sabio, password: "${GIT_TOKEN}", readers: ["domain:example.com"]}',
        rights="A token that may read that repository, or an SSH key of Sabio's user. Git knows no readers:"
        " who may read is said by `readers`.",
        limits=(
            "Submodules and symbolic links are left out; files of Git LFS are reported, and not read.",
            "Author and date of a page are those of the last commit that changed it; with `history: false`"
            " there are none.",
        ),
        proven="real repositories, by path, by `file://`, over HTTP and over SSH",
    )

    repository: str = Field(repr=False)
    """A folder (a work tree or a bare repository; a relative path starts at the configuration file's folder)
    or a URL: `https://…`, `ssh://…`, `git@host:path`, `file://…`."""
    branch: str | None = None
    """Not set: the repository's own default branch."""
    subfolder: str = ""
    """Only the files below this folder of the repository."""
    url: str | None = None
    """Address of a page, as `https://wiki.example.com/{path}`: `{path}` is the id, `{stem}` is the id without
    its ending, `{name}` the file's name, `{branch}` and `{commit}` are where it was found. Not set: the page
    at GitHub or GitLab for repositories from there, the file for a work tree."""
    history: bool = True
    """Fetch all commits, to know author and date of each page. `false` fetches the newest one only."""
    username: str | None = None
    """For `https://`, where it asks for one."""
    password: SecretStr | None = None
    """Password or access token for `https://`. SSH uses the keys of Sabio's user."""

    @field_validator("repository")
    @classmethod
    def _check_repository(cls, repository: str, info: ValidationInfo) -> str:
        if _remote.is_url(repository):
            return _remote.check_url(repository)
        return str(connectors.start_at_base(Path(repository), info))

    @field_validator("subfolder")
    @classmethod
    def _check_subfolder(cls, subfolder: str) -> str:
        parts = [part for part in subfolder.split("/") if part not in {"", "."}]
        if ".." in parts:
            raise ValueError("must stay inside the repository")
        return "/".join(parts)

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        return url and _tree.check_pattern(url, ("path", "stem", "name", "branch", "commit"))

    def scan(self) -> Iterator[Entry]:
        """List the files of the branch's newest commit. See the port for what it promises and raises.

        Symbolic links and submodules are left out.
        """
        with self._open(update=True) as repo:
            tip = self._tip(repo)
            blobs = dict(self._walk(repo, tip))
            changes = self._trace(repo, tip, set(blobs))
        pattern = self.url or self._default_url
        for path, blob in blobs.items():
            yield self._entry(_tree.encode_path(path), blob, tip, changes, pattern)

    def fetch(self, entry: Entry) -> Content:
        """The bytes of exactly the revision that the scan listed. See the port for what is raised."""
        data = self._read(entry.revision, update=False)
        if data is None and _remote.is_url(self.repository):
            data = self._read(entry.revision, update=True)
        if data is None:
            raise DocumentError(f"{entry.id} is no longer there in the version that was listed")
        if len(data) > self.max_bytes:
            raise self.too_large(entry)
        if data.startswith(_LFS):
            raise DocumentError(
                f"{entry.id} is in Git LFS, which is not read: the repository holds a pointer only"
            )
        return Content(data, entry.id.rsplit("/", 1)[-1], entry.media_type)

    def part_of(self, entry: Entry) -> str | None:
        """The folder at the top that it is in."""
        return _tree.top_folder(entry.id)

    def ignored(self, entry_id: str) -> str | None:
        """See the port."""
        if self.subfolder and not entry_id.startswith(f"{self.subfolder}/"):
            return f"subfolder: only {self.subfolder}"
        with self._open(update=False) as repo:
            return self._rules(repo, self._tip(repo)).ignored(entry_id, below=self.subfolder)

    def _entry(
        self, entry_id: str, blob: str, tip: _Tip, changes: Mapping[str, _history.Change], pattern: str | None
    ) -> Entry:
        change = changes.get(entry_id)
        more = {"branch": tip.branch, "commit": tip.commit.decode()}
        return Entry(
            id=entry_id,
            revision=blob,
            title=_tree.read_title(entry_id),
            media_type=_tree.read_media_type(entry_id),
            url=_tree.fill_pattern(pattern, entry_id, more) if pattern else None,
            updated_at=_tree.read_time(change.seconds) if change else None,
            author=change.author if change else None,
            readers=self.readers,
        )

    def _walk(self, repo: Repo, tip: _Tip) -> Iterator[tuple[bytes, str]]:
        """Path and blob id of every listed file that no rule leaves out."""
        rules = self._rules(repo, tip)
        start = _tree.decode_path(self.subfolder) + b"/" if self.subfolder else b""
        waiting = [(start, tip.folder)]
        while waiting:
            above, tree = waiting.pop()
            for name, mode, sha in repo[tree].items():
                path = above + name
                folder = stat.S_ISDIR(mode)
                if not (folder or stat.S_ISREG(mode)):
                    continue
                if rules.ignored_here(_tree.encode_path(path), folder=folder):
                    continue
                if folder:
                    waiting.append((path + b"/", sha))
                else:
                    yield path, sha.decode()

    def _trace(self, repo: Repo, tip: _Tip, files: set[bytes]) -> Mapping[str, _history.Change]:
        if self._state is None:
            return _history.trace(repo, tip.commit, files).changes
        file = self._state / "history.json"
        known = _history.load(file)
        history = _history.trace(repo, tip.commit, files, known)
        if history != known:
            history.save(file)
        return history.changes

    def _rules(self, repo: Repo, tip: _Tip) -> _rules.Rules:
        text = b""
        root = repo[tip.root]
        if (name := _rules.IGNORE_FILE.encode()) in root:
            mode, sha = root[name]
            if not stat.S_ISREG(mode):
                raise ConfigError(
                    f"{self._shown}: {_rules.IGNORE_FILE} must be a file, not a link or a folder"
                )
            text = repo[sha].data
        return _rules.Rules(self.include, self.exclude, text.decode("utf-8", "replace"), defaults=True)

    def _read(self, blob: str, *, update: bool) -> bytes | None:
        with self._open(update=update) as repo:
            try:
                data: bytes = repo[blob.encode()].data
            except KeyError:
                return None
            return data

    def _tip(self, repo: Repo) -> _Tip:
        """Raises `ConfigError` where the branch or the subfolder is not there."""
        heads = {ref.decode("utf-8", "replace"): commit for ref, commit in repo.refs.as_dict(_HEADS).items()}
        if self.branch:
            try:
                branch = _remote.check_branch(self.branch, heads)
            except ConfigError as error:
                raise ConfigError(f"source {self.name}: {error}") from error
            commit = heads[branch]
        else:
            refs, commit = repo.refs.follow(b"HEAD")
            if commit is None:
                raise ConfigError(f"{self._shown} holds no commits yet")
            at_branch = len(refs) > 1
            branch = (
                refs[-1].decode("utf-8", "replace").removeprefix("refs/heads/")
                if at_branch
                else commit.decode()
            )
        root = repo[commit].tree
        return _Tip(commit, branch, root, self._find_folder(repo, root, branch))

    def _find_folder(self, repo: Repo, root: bytes, branch: str) -> bytes:
        tree = root
        for part in _tree.decode_path(self.subfolder).split(b"/") if self.subfolder else ():
            mode, tree = repo[tree][part] if part in repo[tree] else (0, b"")  # noqa: SIM401 - a Tree has no get
            if not stat.S_ISDIR(mode):
                raise ConfigError(
                    f"source {self.name}: subfolder: {self.subfolder!r} is no folder of branch {branch!r}"
                )
        return tree

    @property
    def _default_url(self) -> str | None:
        if _remote.is_url(self.repository):
            return _remote.page_pattern(self.repository)
        place = Path(self.repository)
        return f"{place.as_uri()}/{{path}}" if (place / ".git").exists() else None

    @property
    def _shown(self) -> str:
        return f"source {self.name}: the repository {_remote.mask(self.repository)}"

    @contextmanager
    def _open(self, *, update: bool) -> Iterator[Repo]:
        """The repository: the local one as it is, or the clone of a remote one, brought up to date."""
        from dulwich.errors import NotGitRepository
        from dulwich.repo import Repo as Opened

        try:
            place = self._clone(update=update) if _remote.is_url(self.repository) else Path(self.repository)
            if not place.exists():
                raise UnavailableError(f"{self._shown} is not there: is it mounted, is `repository` right?")
            with closing(Opened(str(place))) as repo:
                yield repo
        except NotGitRepository as error:
            raise ConfigError(f"{self._shown} is no git repository (its top folder is needed)") from error
        except OSError as error:
            raise UnavailableError(f"{self._shown} could not be read ({error.strerror})") from error
        except _remote.damages() as error:
            raise self._explain_damage(error) from error

    def _explain_damage(self, error: Exception) -> ConfigError | UnavailableError:
        if not _remote.is_url(self.repository):
            return ConfigError(f"{self._shown} is damaged ({type(error).__name__}); `git fsck` tells more")
        shutil.rmtree(self.state / "clone", ignore_errors=True)
        return UnavailableError(f"{self._shown}: its clone was damaged; the next sync fetches a new one")

    def _clone(self, *, update: bool) -> Path:
        from filelock import FileLock, Timeout

        clone = self.state / "clone"
        if not update and (clone / "HEAD").exists():
            return clone
        password = self.password.get_secret_value() if self.password else None
        remote = _remote.Remote(
            self.repository, self.branch, whole=self.history, username=self.username, password=password
        )
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            with FileLock(self.state / "clone.lock", timeout=_WAIT_SECONDS):
                remote.update(clone)
        except Timeout as error:
            raise UnavailableError(f"{self._shown} is still being fetched by another process") from error
        except OSError as error:
            raise UnavailableError(f"{self._shown}: no clone in {clone} ({error.strerror})") from error
        except UnavailableError as error:
            raise UnavailableError(f"{self._shown}: {error}", error.retry_after) from None
        except ConfigError as error:
            raise ConfigError(*(f"{self._shown}: {problem}" for problem in error.problems)) from None
        return clone
