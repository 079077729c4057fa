from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from dulwich.index import commit_tree
from dulwich.objects import Blob, Commit
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import _remote, connect
from tests.contracts.connector import ConnectorContract, World

NOON = 1_700_000_000


class History:
    """A repository that a test commits to without a work tree."""

    def __init__(self, place: Path) -> None:
        self.repo = Repo.init_bare(str(place), mkdir=True, default_branch=b"main")
        self.commits = 0

    def commit(
        self,
        files: Mapping[bytes, bytes | tuple[int, bytes]],
        author: str = "Ana Ruiz <ana@acme.com>",
        branch: str = "main",
        parents: list[bytes] | None = None,
    ) -> bytes:
        """Make these the branch's files; a body may come with its mode. Returns the commit's id."""
        store, ref = self.repo.object_store, b"refs/heads/" + branch.encode()
        staged = []
        for path, body in files.items():
            mode, data = body if isinstance(body, tuple) else (0o100644, body)
            blob = Blob.from_string(data)
            store.add_object(blob)
            staged.append((path, data if mode == 0o160000 else blob.id, mode))
        commit = Commit()
        commit.tree = commit_tree(store, staged)
        before = self.repo.refs.as_dict(b"refs/heads").get(branch.encode())
        commit.parents = ([before] if before else []) if parents is None else parents
        commit.author = commit.committer = author.encode()
        commit.author_time = commit.commit_time = NOON + 60 * self.commits
        commit.author_timezone = commit.commit_timezone = 7200
        commit.encoding, commit.message = b"UTF-8", b"change"
        store.add_object(commit)
        self.repo.refs[ref] = commit.id
        self.commits += 1
        return commit.id


class Git(World):
    type = "git"
    keeps_old_versions = True

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.history = History(place / "origin.git")
        self.files: dict[bytes, bytes] = {}

    def options(self) -> Mapping[str, object]:
        return {"repository": "origin.git", "url": "https://git.example.com/blob/{branch}/{path}"}

    def create(self, path: str, data: bytes) -> str:
        self.edit(path, data)
        return path

    def edit(self, entry_id: str, data: bytes) -> None:
        self.files[entry_id.encode()] = data
        self.history.commit(self.files)

    def rename(self, entry_id: str, path: str) -> str:
        self.files[path.encode()] = self.files.pop(entry_id.encode())
        self.history.commit(self.files)
        return path

    def delete(self, entry_id: str) -> None:
        del self.files[entry_id.encode()]
        self.history.commit(self.files)

    def break_down(self) -> None:
        (self.place / "origin.git").rename(self.place / "elsewhere")


class RemoteGit(Git):
    def options(self) -> Mapping[str, object]:
        return {**super().options(), "repository": (self.place / "origin.git").as_uri()}


class TestGitOnThisMachineKeepsTheContract(ConnectorContract):
    def make_world(self, place: Path) -> World:
        return Git(place)


class TestGitBehindAnAddressKeepsTheContract(ConnectorContract):
    def make_world(self, place: Path) -> World:
        return RemoteGit(place)


@pytest.fixture(params=[Git, RemoteGit], ids=["local", "remote"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Git:
    return request.param(tmp_path)


# dulwich leaves files, pipes and connections to the garbage collector after an error, which warns.
dulwich_leaves_things_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def collected() -> Iterator[None]:
    """Collects what a test leaves while its own filters still hold."""
    yield
    gc.collect()


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


# --- author and date ---------------------------------------------------------------------------------------


def at(commit: int) -> datetime:
    return datetime.fromtimestamp(NOON + 60 * commit, UTC)


def authors(world: World, **options: object) -> dict[str, tuple[str | None, datetime | None]]:
    return {entry.id: (entry.author, entry.updated_at) for entry in world.scan(**options).values()}


def test_each_page_has_the_author_and_date_of_its_own_last_edit(world: Git) -> None:
    world.history.commit({b"a.md": b"1", b"b.md": b"1", b"c/d.md": b"1"}, "Ana Ruiz <ana@acme.com>")
    world.history.commit({b"a.md": b"1", b"b.md": b"2", b"c/d.md": b"1"}, "Bob <bob@acme.com>")
    world.history.commit({b"a.md": b"1", b"b.md": b"2", b"c/d.md": b"2"}, "<carla@acme.com>")
    expected = {
        "a.md": ("Ana Ruiz", at(0)),
        "b.md": ("Bob", at(1)),
        "c/d.md": ("carla@acme.com", at(2)),
    }
    assert authors(world) == expected
    world.history.commit({b"a.md": b"1", b"b.md": b"3", b"c/d.md": b"2"}, "Ñandú <n@acme.com>")
    assert authors(world) == expected | {"b.md": ("Ñandú", at(3))}


def test_a_merge_leaves_each_page_to_who_wrote_it(world: Git) -> None:
    base = world.history.commit({b"a.md": b"1", b"b.md": b"1"}, "Ana <a@x>")
    ours = world.history.commit({b"a.md": b"2", b"b.md": b"1"}, "Bob <b@x>", parents=[base])
    theirs = world.history.commit({b"a.md": b"1", b"b.md": b"2"}, "Carla <c@x>", "side", parents=[base])
    world.history.commit({b"a.md": b"2", b"b.md": b"2", b"new.md": b"1"}, "Dan <d@x>", parents=[ours, theirs])
    assert {page: who for page, (who, _) in authors(world).items()} == {
        "a.md": "Bob",
        "b.md": "Carla",
        "new.md": "Dan",
    }


def test_an_edit_that_a_merge_threw_away_is_nobody_s_last_edit(world: Git) -> None:
    base = world.history.commit({b"a.md": b"1"}, "Ana <a@x>")
    theirs = world.history.commit({b"a.md": b"2"}, "Bob <b@x>", "side", parents=[base])
    world.history.commit({b"a.md": b"1"}, "Carla <c@x>", parents=[base, theirs])
    assert authors(world) == {"a.md": ("Ana", at(0))}


def test_a_page_that_returns_to_an_earlier_text_was_edited_then(world: Git) -> None:
    for author, body in (("Ana <a@x>", b"1"), ("Bob <b@x>", b"2"), ("Carla <c@x>", b"1")):
        world.history.commit({b"a.md": body}, author)
    assert authors(world) == {"a.md": ("Carla", at(2))}


def test_what_is_kept_of_the_history_is_right_after_it_was_rewritten(world: Git) -> None:
    base = world.history.commit({b"a.md": b"1", b"b.md": b"1"}, "Ana <a@x>")
    world.history.commit({b"a.md": b"2", b"b.md": b"1"}, "Bob <b@x>")
    assert authors(world)["a.md"] == ("Bob", at(1))
    world.history.commit({b"a.md": b"3", b"b.md": b"1"}, "Carla <c@x>", parents=[base])
    assert authors(world) == {"a.md": ("Carla", at(2)), "b.md": ("Ana", at(0))}


def test_a_damaged_cache_costs_a_walk_and_no_more(world: Git) -> None:
    world.history.commit({b"a.md": b"1"}, "Ana <a@x>")
    before = authors(world)
    kept = world.place / "state" / "history.json"
    for damage in (b"", b"{", b"[1, 2]", b'["x", {"a.md": [1]}]', b"\xff"):
        kept.write_bytes(damage)
        assert authors(world) == before


def test_without_the_history_pages_have_no_author_and_no_date_until_it_is_asked_for(tmp_path: Path) -> None:
    world = RemoteGit(tmp_path)
    for number in range(4):
        world.history.commit({b"a.md": b"1", b"b.md": str(number).encode()}, "Ana <a@x>")
    assert authors(world, history=False) == {"a.md": (None, None), "b.md": (None, None)}
    with Repo(str(tmp_path / "state" / "clone")) as clone:
        assert len(clone.get_shallow()) == 1
    world.history.commit({b"a.md": b"1", b"b.md": b"9"}, "Bob <b@x>")
    connector = world.connector(history=False)
    bodies = {entry.id: connector.fetch(entry).data for entry in connector.scan()}
    assert bodies == {"a.md": b"1", "b.md": b"9"}
    assert authors(world) == {"a.md": ("Ana", at(0)), "b.md": ("Bob", at(4))}


# --- what is listed ----------------------------------------------------------------------------------------


def test_links_and_submodules_are_left_out_and_programs_are_read(world: Git) -> None:
    world.history.commit(
        {
            b"page.md": b"1",
            b"run.md": (0o100755, b"1"),
            b"link.md": (0o120000, b"/etc/passwd"),
            b"module": (0o160000, b"1" * 40),
        }
    )
    assert set(world.scan()) == {"page.md", "run.md"}


def test_a_subfolder_is_all_that_is_listed_under_its_full_path(world: Git) -> None:
    world.history.commit({b".docs/a/x.md": b"1", b".docs/b.md": b"2", b".docs2/c.md": b"3", b"d.md": b"4"})
    listed = world.scan(subfolder="/.docs/")
    assert set(listed) == {".docs/a/x.md", ".docs/b.md"}
    assert listed[".docs/b.md"].url == "https://git.example.com/blob/main/.docs/b.md"
    connector = world.connector(subfolder=".docs")
    assert connector.ignored(".docs/b.md") is None
    assert "subfolder" in (connector.ignored("d.md") or "")


def test_the_ignore_file_of_the_commit_counts(world: Git) -> None:
    world.history.commit({b".sabioignore": b"drafts/\n", b"drafts/a.md": b"1", b"b.md": b"1", b"c.png": b"1"})
    assert set(world.scan()) == {"b.md"}
    connector = world.connector()
    assert connector.ignored("drafts/a.md") == ".sabioignore: drafts/"
    assert "*.png" in (connector.ignored("c.png") or "")
    world.history.commit({b".sabioignore": (0o120000, b"x"), b"drafts/a.md": b"1"})
    with pytest.raises(ConfigError, match=r"\.sabioignore must be a file"):
        world.scan()


def test_names_in_other_encodings_are_listed_and_fetched(world: Git) -> None:
    world.history.commit({b"caf\xe9\n.md": b"body"})
    (entry,) = world.scan().values()
    assert entry.id.encode("utf-8")
    assert world.connector().fetch(entry).data == b"body"
    assert entry.author == "Ana Ruiz"


def test_a_pointer_to_git_lfs_is_that_document_s_error(world: Git) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    world.history.commit({b"big.pdf": pointer})
    with pytest.raises(DocumentError, match=r"big\.pdf is in Git LFS"):
        world.connector().fetch(world.scan()["big.pdf"])


def test_the_address_may_name_branch_and_commit(world: Git) -> None:
    commit = world.history.commit({b"a b.md": b"1"}, branch="main").decode()
    (entry,) = world.scan(url="https://g/{branch}/{commit}/{stem}").values()
    assert entry.url == f"https://g/main/{commit}/a%20b"


@pytest.mark.parametrize(
    ("repository", "pattern"),
    [
        ("https://github.com/acme/docs.git", "https://github.com/acme/docs/blob/{branch}/{path}"),
        ("https://me:token@github.com/acme/docs", "https://github.com/acme/docs/blob/{branch}/{path}"),
        ("git@gitlab.com:acme/team/docs.git", "https://gitlab.com/acme/team/docs/-/blob/{branch}/{path}"),
        ("ssh://git@github.com/acme/docs.git", "https://github.com/acme/docs/blob/{branch}/{path}"),
        ("https://git.acme.com/docs.git", None),
        ("https://github.com.evil.example/a/b", None),
    ],
)
def test_pages_of_well_known_hosts_have_an_address_of_their_own(repository: str, pattern: str | None) -> None:
    assert _remote.page_pattern(repository) == pattern


# --- branches ----------------------------------------------------------------------------------------------


def test_the_default_branch_is_the_repository_s_own(world: Git) -> None:
    world.history.commit({b"a.md": b"1"}, branch="main")
    world.history.commit({b"b.md": b"1"}, branch="trunk")
    assert set(world.scan()) == {"a.md"}
    world.history.repo.refs.set_symbolic_ref(b"HEAD", b"refs/heads/trunk")
    listed = world.scan()
    assert set(listed) == {"b.md"}
    assert listed["b.md"].url == "https://git.example.com/blob/trunk/b.md"


def test_a_branch_can_be_chosen_and_a_wrong_one_names_the_nearest(world: Git) -> None:
    world.history.commit({b"a.md": b"1"}, branch="main")
    world.history.commit({b"b.md": b"1"}, branch="feature/ñ")
    assert set(world.scan(branch="feature/ñ")) == {"b.md"}
    assert set(world.scan(branch="main")) == {"a.md"}
    with pytest.raises(ConfigError, match="did you mean 'main'") as refused:
        world.scan(branch="mian")
    assert "feature/ñ" in str(refused.value)


def test_a_branch_that_was_deleted_is_an_error_and_not_an_old_listing(world: Git) -> None:
    world.history.commit({b"a.md": b"1"}, branch="main")
    world.history.commit({b"b.md": b"1"}, branch="docs")
    assert set(world.scan(branch="docs")) == {"b.md"}
    world.history.repo.refs.remove_if_equals(b"refs/heads/docs", None)
    with pytest.raises(ConfigError, match="'docs'"):
        world.scan(branch="docs")


def test_a_subfolder_that_is_not_there_is_an_error_and_not_an_empty_listing(world: Git) -> None:
    world.history.commit({b"a.md": b"1"})
    for wrong in ("docs", "a.md", "a.md/b"):
        with pytest.raises(ConfigError, match="is no folder of branch 'main'"):
            world.scan(subfolder=wrong)
    with pytest.raises(ConfigError, match="inside the repository"):
        world.scan(subfolder="../x")


def test_a_repository_without_commits_is_an_error(world: Git) -> None:
    with pytest.raises(ConfigError, match="no commits yet"):
        world.scan()


def test_a_work_tree_is_read_at_its_commit_and_not_at_its_files(tmp_path: Path) -> None:
    with Repo.init(str(tmp_path / "tree"), mkdir=True, default_branch=b"main") as repo:
        (tmp_path / "tree" / "page.md").write_bytes(b"committed")
        tree = repo.get_worktree()
        tree.stage([b"page.md"])
        tree.commit(message=b"m", author=b"Ana <a@x>", committer=b"Ana <a@x>")
    (tmp_path / "tree" / "page.md").write_bytes(b"not yet")
    (tmp_path / "tree" / "new.md").write_bytes(b"not yet")
    connector = connect("git", {"name": "code", "repository": "tree"}, tmp_path)
    (entry,) = connector.scan()
    assert connector.fetch(entry).data == b"committed"
    assert entry.url == (tmp_path / "tree" / "page.md").as_uri()


def test_a_folder_that_is_no_repository_is_named(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(ConfigError, match="plain is no git repository"):
        list(connect("git", {"name": "code", "repository": "plain"}, tmp_path).scan())


# --- the clone ---------------------------------------------------------------------------------------------


def test_a_worker_without_a_clone_can_fetch_what_another_listed(tmp_path: Path) -> None:
    world = RemoteGit(tmp_path)
    made = world.create("page.md", b"text")
    entry = world.scan()[made]
    elsewhere = connect("git", {"name": "world", **world.options()}, tmp_path, tmp_path / "another machine")
    assert elsewhere.fetch(entry).data == b"text"


def test_a_clone_that_was_never_finished_is_made_anew(tmp_path: Path) -> None:
    world = RemoteGit(tmp_path)
    world.create("page.md", b"text")
    (tmp_path / "state" / "clone" / "objects").mkdir(parents=True)
    assert set(world.scan()) == {"page.md"}


@dulwich_leaves_things_open
@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: data[:20] + b"?" + data[21:]]
)
def test_a_damaged_clone_is_thrown_away_and_made_anew(
    tmp_path: Path, collected: None, damage: Callable[[bytes], bytes]
) -> None:
    world = RemoteGit(tmp_path)
    world.create("page.md", b"text")
    world.scan()
    (pack,) = (tmp_path / "state" / "clone" / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    pack.write_bytes(damage(pack.read_bytes()))
    with pytest.raises(UnavailableError, match="clone was damaged"):
        world.scan()
    assert set(world.scan()) == {"page.md"}


@dulwich_leaves_things_open
def test_a_damaged_repository_on_this_machine_is_named_and_left_alone(
    tmp_path: Path, collected: None
) -> None:
    world = Git(tmp_path)
    world.create("page.md", b"text")
    files = [file for file in (tmp_path / "origin.git" / "objects").rglob("*") if file.is_file()]
    for file in files:
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:9])
    with pytest.raises(ConfigError, match=r"origin\.git is damaged"):
        world.scan()
    assert all(file.exists() for file in files)


def test_an_unchanged_repository_brings_no_new_pack(tmp_path: Path) -> None:
    world = RemoteGit(tmp_path)
    world.create("page.md", b"text")
    world.scan()
    before = sorted((tmp_path / "state" / "clone" / "objects").rglob("*"))
    world.scan()
    assert sorted((tmp_path / "state" / "clone" / "objects").rglob("*")) == before


def test_a_remote_source_without_a_data_folder_says_so(tmp_path: Path) -> None:
    world = RemoteGit(tmp_path)
    with pytest.raises(ConfigError, match="data folder"):
        list(connect("git", {"name": "code", **world.options()}, tmp_path).scan())


# --- real HTTP on loopback, and what must never be told ----------------------------------------------------


Application = Callable[..., list[bytes]]


@pytest.fixture
def serve(
    socket_enabled: None, collected: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Application], str]]:
    """Starts a WSGI application on loopback; gives its `host:port`."""
    for proxy in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    started = []

    def start(application: Application) -> str:
        server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread))
        return f"127.0.0.1:{server.server_port}"

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(status: str, *headers: tuple[str, str]) -> Application:
    def application(environ: Mapping[str, object], start_response: Callable[..., object]) -> list[bytes]:
        start_response(status, [("Content-Type", "text/plain"), *headers])
        return [b"no"]

    return application


def follow(tmp_path: Path, repository: str, **more: object) -> dict[str, bytes]:
    options = {"name": "docs", "repository": repository, **more}
    connector = connect("git", options, tmp_path, tmp_path / "state")
    return {entry.id: connector.fetch(entry).data for entry in connector.scan()}


@dulwich_leaves_things_open
def test_a_repository_is_followed_over_http_with_its_password(
    tmp_path: Path, serve: Callable[[Application], str]
) -> None:
    history = History(tmp_path / "origin.git")
    history.commit({b"a.md": b"1"})
    git = make_wsgi_chain(DictBackend({"/docs.git": history.repo}))

    def guarded(environ: Mapping[str, str], start_response: Callable[..., object]) -> list[bytes]:
        if environ.get("HTTP_AUTHORIZATION") != "Basic YW5hOnMzY3IvdA==":  # ana:s3cr/t
            refuse = answer("401 Unauthorized", ("WWW-Authenticate", 'Basic realm="docs"'))
            return refuse(environ, start_response)
        return git(environ, start_response)

    host = serve(guarded)
    assert follow(tmp_path, f"http://ana:s3cr%2Ft@{host}/docs.git") == {"a.md": b"1"}
    history.commit({b"a.md": b"2", b"b.md": b"1"})
    assert follow(tmp_path, f"http://{host}/docs.git", username="ana", password="s3cr/t") == {
        "a.md": b"2",
        "b.md": b"1",
    }
    with pytest.raises(ConfigError, match="`username` and `password`") as refused:
        follow(tmp_path, f"http://ana:wr0ng@{host}/docs.git")
    assert "wr0ng" not in str(refused.value)
    kept = b"".join(file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file())
    assert b"s3cr" not in kept


@dulwich_leaves_things_open
@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("404 Not Found", ConfigError, "no git repository there"),
        ("403 Forbidden", ConfigError, "access was refused"),
        ("503 Service Unavailable", UnavailableError, "503"),
        ("200 OK", UnavailableError, "could not be fetched"),
    ],
)
def test_what_the_other_side_answers_decides_who_must_act(
    tmp_path: Path, serve: Callable[[Application], str], status: str, error: type[Exception], words: str
) -> None:
    host = serve(answer(status))
    with pytest.raises(error, match=words) as told:
        follow(tmp_path, f"http://ana:s3cret@{host}/docs.git")
    assert host in str(told.value)
    assert "s3cret" not in str(told.value)
    assert told.value.__suppress_context__


@dulwich_leaves_things_open
def test_a_server_that_is_down_is_worth_trying_again(
    tmp_path: Path, serve: Callable[[Application], str]
) -> None:
    with pytest.raises(UnavailableError, match="could not be fetched") as told:
        follow(tmp_path, "http://ana:s3cret@127.0.0.1:9/docs.git")
    assert "s3cret" not in str(told.value)


def test_credentials_are_neither_shown_nor_told(tmp_path: Path) -> None:
    options = {"name": "docs", "repository": "https://ana:s3cret@git.acme.com/d.git", "password": "t0ken"}
    connector = connect("git", options, tmp_path)
    assert "s3cret" not in repr(connector)
    assert "t0ken" not in repr(connector)
    with pytest.raises(ConfigError) as refused:
        connect(
            "git",
            {**options, "repository": "ftp://ana:s3cret@git.acme.com/d.git", "pasword": "t0ken"},
            tmp_path,
        )
    assert "s3cret" not in str(refused.value)
    assert "t0ken" not in str(refused.value)
    assert "ftp:// is not supported" in str(refused.value)


@dulwich_leaves_things_open
def test_a_missing_or_refusing_ssh_says_what_to_do(
    tmp_path: Path, collected: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="`ssh` is not installed"):
        follow(tmp_path, "git@git.acme.com:docs.git")
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'git@git.acme.com: Permission denied (publickey).' >&2\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    with pytest.raises(ConfigError, match="access was refused"):
        follow(tmp_path, "git@git.acme.com:docs.git")


@dulwich_leaves_things_open
def test_a_repository_is_followed_over_ssh(
    tmp_path: Path, collected: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for ssh, which runs here what it is asked to run there: its last argument."""
    ssh = tmp_path / "ssh"
    serve = f"exec {sys.executable} -c 'from dulwich.cli import main; main()' upload-pack \"$2\""
    ssh.write_text(f'#!/bin/sh\nfor last; do :; done\neval "set -- $last"\n{serve}\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    History(tmp_path / "origin.git").commit({b"a.md": b"1"})
    assert follow(tmp_path, f"git@git.acme.com:{tmp_path}/origin.git") == {"a.md": b"1"}


@pytest.mark.parametrize("host", ["-oProxyCommand=touch${IFS}x", "git@-oProxyCommand=x"])
def test_an_address_cannot_pass_options_to_ssh(
    tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    with pytest.raises((ConfigError, UnavailableError)):
        follow(tmp_path, f"ssh://{host}/docs.git")
    assert not (tmp_path / "started").exists()
