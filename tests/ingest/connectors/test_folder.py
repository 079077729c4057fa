from __future__ import annotations

import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import Connector, connect, folder, known_types
from ingest.connectors._tree import decode_path, encode_path, read_title
from ingest.documents import Entry
from tests.contracts.connector import ConnectorContract, World


class Folder(World):
    type = "folder"

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.root = place / "root"
        self.root.mkdir()

    def options(self) -> Mapping[str, object]:
        return {"path": "root", "url": "https://wiki.example.com/{path}"}

    def create(self, path: str, data: bytes) -> str:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return path

    def edit(self, entry_id: str, data: bytes) -> None:
        (self.root / entry_id).write_bytes(data)

    def rename(self, entry_id: str, path: str) -> str:
        (self.root / entry_id).rename(self.root / path)
        return path

    def delete(self, entry_id: str) -> None:
        (self.root / entry_id).unlink()

    def break_down(self) -> None:
        self.root.rename(self.place / "elsewhere")


class TestFolderKeepsTheContract(ConnectorContract):
    def make_world(self, place: Path) -> World:
        return Folder(place)


@pytest.fixture
def world(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# --- what a revision notices -----------------------------------------------------------------------------


def test_an_edit_of_the_same_size_right_after_a_fetch_is_never_missed(world: Folder) -> None:
    world.create("page.md", b"a")
    for body in (b"b", b"c", b"d", b"e", b"f", b"g"):
        connector = world.connector()
        entry = next(connector.scan())
        connector.fetch(entry)
        world.edit("page.md", body)
        assert next(connector.scan()).revision != entry.revision


def test_an_edit_that_restores_the_old_modification_time_is_noticed(world: Folder) -> None:
    world.create("page.md", b"before")
    connector = world.connector()
    before = next(connector.scan())
    connector.fetch(before)
    state = (world.root / "page.md").stat()
    world.edit("page.md", b"behind")
    os.utime(world.root / "page.md", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert next(connector.scan()).revision != before.revision


def test_a_file_put_in_place_of_another_with_its_size_and_time_is_noticed(world: Folder) -> None:
    world.create("page.md", b"before")
    connector = world.connector()
    before = next(connector.scan())
    connector.fetch(before)
    state = (world.root / "page.md").stat()
    (world.place / "new").write_bytes(b"behind")
    os.utime(world.place / "new", ns=(state.st_atime_ns, state.st_mtime_ns))
    (world.place / "new").replace(world.root / "page.md")
    assert next(connector.scan()).revision != before.revision


# --- what is left out, and why -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        (".DS_Store", "hidden"),
        (".git/config", "hidden"),
        ("web/node_modules/lib/README.md", "node_modules"),
        ("~$report.docx", "passing copy"),
        ("page.md~", "passing copy"),
        ("pictures/Thumbs.db", "thumbs.db"),
        ("pictures/OFFICE.PNG", "*.png"),
        ("film.mp4", "*.mp4"),
        ("all.zip", "*.zip"),
        ("book.json", "*.json"),
    ],
)
def test_what_nobody_wrote_as_knowledge_is_left_out_by_a_named_rule(
    world: Folder, path: str, rule: str
) -> None:
    world.create(path, b"x")
    world.create("page.md", b"x")
    assert set(world.scan()) == {"page.md"}
    assert rule in (world.connector().ignored(path) or "")


def test_files_of_unknown_or_no_ending_are_listed_so_that_the_report_names_them(world: Folder) -> None:
    for path in ("LICENSE", "notes.weird", "data.dump"):
        world.create(path, b"x")
    listed = world.scan()
    assert set(listed) == {"LICENSE", "notes.weird", "data.dump"}
    assert listed["LICENSE"].media_type == "application/octet-stream"


def test_the_ignore_file_is_read_and_what_it_takes_back_is_listed(world: Folder) -> None:
    world.create(".sabioignore", "# nothing unfinished\r\ndrafts/\r\n!*.png\n/top.md\n*.ñ\n".encode())
    for path in ("drafts/a.md", "b/drafts/c.md", "plan.png", "top.md", "b/top.md", "x.ñ"):
        world.create(path, b"x")
    assert set(world.scan()) == {"plan.png", "b/top.md"}
    connector = world.connector()
    assert connector.ignored("b/drafts/c.md") == ".sabioignore: drafts/"
    assert connector.ignored("plan.png") is None


def test_a_hidden_folder_can_be_taken_back(world: Folder) -> None:
    world.create(".well-known/page.md", b"x")
    world.create(".other/page.md", b"x")
    assert set(world.scan(exclude=["!.well-known/"])) == {".well-known/page.md"}


def test_an_exclusion_after_the_ignore_file_wins(world: Folder) -> None:
    world.create(".sabioignore", b"!*.png\n")
    world.create("plan.png", b"x")
    world.create("page.md", b"x")
    assert set(world.scan(exclude=["*.png"])) == {"page.md"}


def test_patterns_match_names_with_line_breaks(world: Folder) -> None:
    world.create("drafts/a\nb.md", b"x")
    world.create("a\nb.tmpl", b"x")
    world.create("a\nb.md", b"x")
    assert set(world.scan(exclude=["drafts/*", "*.tmpl"])) == {"a\nb.md"}


def test_an_ignore_file_that_cannot_be_read_stops_the_scan(world: Folder) -> None:
    (world.place / "rules").write_text("secret/\n")
    (world.root / ".sabioignore").symlink_to(world.place / "rules")
    world.create("secret/a.md", b"x")
    with pytest.raises(ConfigError, match=r"\.sabioignore"):
        world.scan()


# --- links and special files -------------------------------------------------------------------------------


def test_links_never_lead_out_of_the_root_nor_round_in_circles(world: Folder) -> None:
    outside = world.place / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    world.create("real/page.md", b"x")
    (world.root / "file.md").symlink_to(outside / "secret.md")
    (world.root / "folder").symlink_to(outside)
    (world.root / "real" / "loop").symlink_to(world.root)
    (world.root / "self").symlink_to("self")
    (world.root / "inside.md").symlink_to("real/page.md")
    assert set(world.scan()) == {"real/page.md"}
    assert "symbolic link" in (world.connector().ignored("folder/secret.md") or "")
    assert "symbolic link" in (world.connector().ignored("inside.md") or "")


@pytest.mark.parametrize("swapped", ["real/page.md", "real"])
def test_a_link_put_in_place_of_a_listed_file_is_not_followed(world: Folder, swapped: str) -> None:
    outside = world.place / "outside"
    outside.mkdir()
    (outside / "page.md").write_text("secret")
    world.create("real/page.md", b"x")
    entry = world.scan()["real/page.md"]
    (world.root / swapped).rename(world.place / "away")
    (world.root / swapped).symlink_to(outside / "page.md" if swapped.endswith(".md") else outside)
    with pytest.raises(DocumentError, match=r"real/page\.md"):
        world.connector().fetch(entry)


@pytest.mark.parametrize("path", ["../outside.md", "/etc/hostname", "a/../../outside.md", "", ".", "a//b.md"])
def test_an_id_that_is_no_path_below_the_root_is_not_fetched(world: Folder, path: str) -> None:
    (world.place / "outside.md").write_text("secret")
    world.create("a/b.md", b"x")
    with pytest.raises(DocumentError):
        world.connector().fetch(Entry(path, "1", "t", "text/markdown"))


def test_the_root_itself_may_be_a_link(world: Folder) -> None:
    world.create("page.md", b"x")
    (world.place / "link").symlink_to(world.root)
    assert set(world.scan(path="link")) == {"page.md"}


def test_pipes_and_sockets_are_no_documents_and_hold_nothing_up(
    world: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(world.root / "pipe.md")
    monkeypatch.chdir(world.root)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.md")
    assert world.scan() == {}
    with pytest.raises(DocumentError, match=r"pipe\.md"):
        world.connector().fetch(Entry("pipe.md", "1", "t", "text/markdown"))


# --- odd names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        b"caf\xe9.md",
        b"a\nb.md",
        b"\xef\xbf\xbd.md",
        b"\xef\xbf\xbde9.md",
        b"\xff\xfe/\x80.md",
        "niño.md".encode(),
    ],
)
def test_any_name_has_an_id_that_can_be_stored_and_fetched(world: Folder, name: bytes) -> None:
    file = Path(os.fsdecode(os.fsencode(world.root) + b"/" + name))
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(name)
    (entry,) = world.scan().values()
    assert entry.id.encode("utf-8").decode("utf-8") == entry.id
    assert decode_path(entry.id) == name
    assert world.connector().fetch(entry).data == name
    assert "\n" not in entry.title
    assert entry.title.encode("utf-8")
    (by_file,) = world.scan(url=None).values()
    assert (by_file.url or "").startswith(world.root.as_uri() + "/")


def test_names_that_differ_only_in_broken_bytes_have_different_ids() -> None:
    names = [b"\xe9", "é".encode(), "\ufffd".encode(), "\ufffde9".encode(), b"\xe9e9", "\ufffd".encode() * 2]
    ids = [encode_path(name) for name in names]
    assert len(set(ids)) == len(ids)
    assert [decode_path(entry_id) for entry_id in ids] == names


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("hr/annual_leave-policy.md", "annual leave policy"),
        ("minutes-2024-03-01.md", "minutes 2024-03-01"),
        ("hr/payroll/README.md", "payroll"),
        ("README.md", "README"),
        ("a\nb\tc.md", "a b c"),
        ("n\u0303andu.md", "ñandu"),
        ("---.md", "---.md"),
    ],
)
def test_a_title_is_the_file_s_name_as_a_person_would_write_it(path: str, title: str) -> None:
    assert read_title(path) == title


def test_addresses_follow_the_pattern_and_are_quoted(world: Folder) -> None:
    made = world.create("hr & legal/días #1.md", b"x")
    pattern = "https://w.example/{stem}?name={name}&at={path}"
    quoted = "hr%20%26%20legal/d%C3%ADas%20%231"
    assert world.scan(url=pattern)[made].url == (
        f"https://w.example/{quoted}?name=d%C3%ADas%20%231.md&at={quoted}.md"
    )


def test_dates_outside_of_any_calendar_are_left_out(world: Folder) -> None:
    made = world.create("page.md", b"x")
    os.utime(world.root / made, (0, 2**40))
    stamped = (world.root / made).stat().st_mtime
    updated = world.scan()[made].updated_at
    assert updated is None or updated.timestamp() == stamped


# --- listings that cannot be trusted -----------------------------------------------------------------------


def test_a_missing_root_is_worth_trying_again_and_named(world: Folder) -> None:
    world.break_down()
    with pytest.raises(UnavailableError, match=r"root is not there: is it mounted"):
        world.scan()


def test_a_root_that_is_a_file_must_be_put_right(world: Folder) -> None:
    world.create("page.md", b"x")
    with pytest.raises(ConfigError, match="not a folder"):
        world.scan(path="root/page.md")


def test_an_empty_root_is_an_empty_listing_for_the_brake_to_judge(world: Folder) -> None:
    assert world.scan() == {}


def test_a_folder_that_vanishes_while_it_is_listed_is_an_error(world: Folder) -> None:
    for name in ("a", "b", "c"):
        world.create(f"{name}/page.md", b"x")
    listing = world.connector().scan()
    first = next(listing)
    for name in {"a", "b", "c"} - {first.id[0]}:
        (world.root / name).rename(world.place / name)
    with pytest.raises(UnavailableError, match="could not be listed"):
        list(listing)


def test_a_root_replaced_by_another_folder_meanwhile_is_an_error(world: Folder) -> None:
    world.create("page.md", b"x")
    listing = world.connector().scan()
    next(listing)
    world.break_down()
    world.root.mkdir()
    with pytest.raises(UnavailableError, match="went away"):
        list(listing)


def test_a_file_renamed_while_its_folder_is_listed_is_found_under_its_new_name(
    world: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.create("old.md", b"x")
    real = os.scandir

    class Renaming:
        """A listing during which a colleague renames the file, once."""

        def __init__(self, folder: int) -> None:
            self.names = list(real(folder))
            if (world.root / "old.md").exists():
                world.rename("old.md", "new.md")

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.names

        def __exit__(self, *_: object) -> None:
            return None

    monkeypatch.setattr(folder.os, "scandir", Renaming)
    assert set(world.scan()) == {"new.md"}


def test_a_subfolder_that_may_not_be_read_is_named(world: Folder) -> None:
    world.create("open/page.md", b"x")
    world.create("closed/page.md", b"x")
    found = _as_another_user(world, lambda connector: list(connector.scan()))
    assert isinstance(found, ConfigError)
    assert "closed" in str(found)
    assert "exclude" in str(found)
    assert _as_another_user(world, lambda connector: len(list(connector.scan())), exclude=["closed/"]) == 1


def test_a_file_that_may_not_be_read_is_that_file_s_error(world: Folder) -> None:
    made = world.create("page.md", b"x")
    entry = world.scan()[made]
    (world.root / made).chmod(0)
    found = _as_another_user(world, lambda connector: connector.fetch(entry))
    assert isinstance(found, DocumentError)
    assert "page.md may not be read" in str(found)


def _as_another_user(world: Folder, act, **options: object) -> object:
    """What a user without rights over `closed` gets; root would be let in everywhere."""
    for step in [world.place, *world.place.parents]:
        if step.stat().st_uid == os.geteuid() and step != Path("/"):
            step.chmod(step.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH | stat.S_IROTH)
    if (world.root / "closed").exists():
        (world.root / "closed").chmod(0)
    me = os.geteuid()
    connector: Connector = world.connector(**options)
    if me == 0:
        os.seteuid(65534)
    try:
        return act(connector)
    except (ConfigError, DocumentError) as error:
        return error
    finally:
        os.seteuid(me)
        if (world.root / "closed").exists():
            (world.root / "closed").chmod(0o755)


# --- the configuration -------------------------------------------------------------------------------------


def test_an_unknown_type_names_the_nearest_known_one() -> None:
    assert {"folder", "git"} <= set(known_types())
    with pytest.raises(ConfigError, match="did you mean 'folder'"):
        connect("foldr", {"name": "h"}, Path())
    with pytest.raises(ConfigError, match="known are"):
        connect("_tree", {"name": "h"}, Path())


def test_everything_wrong_with_a_source_is_said_at_once() -> None:
    wrong = {"name": "h", "pth": "x", "url": "https://w/{pat}", "include": ["!"], "max_mb": "big"}
    with pytest.raises(ConfigError) as refused:
        connect("folder", wrong, Path())
    told = "\n".join(refused.value.problems)
    assert len(refused.value.problems) == 5
    for words in ("path is missing", "did you mean 'path'", "{pat}", "include", "max_mb"):
        assert words in told
    assert all(problem.startswith("source h: ") for problem in refused.value.problems)


def test_relative_paths_start_at_the_configuration_s_folder(tmp_path: Path) -> None:
    connector = connect("folder", {"name": "h", "path": "docs"}, tmp_path)
    assert isinstance(connector, folder.Connector)
    assert connector.path == tmp_path / "docs"
