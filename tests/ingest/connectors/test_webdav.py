"""The connector of WebDAV, against WsgiDAV, rclone, and servers that say what no server should."""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import connect
from tests.contracts.connector import NAMES
from tests.contracts.remote import RemoteContract, RemoteWorld
from tests.ingest.connectors.dav_servers import CLOUD, Told, WsgiDav, changed, listed, multistatus, tagged
from tests.ingest.connectors.web import Said, Web
from tests.services.fixtures import here
from tests.services.rclone import PASSWORD, USER, Rclone

FURTHER = (
    *("a+b&c=d.md", "semi;colon.md", "dots...md", "tilde~'(x)*.md", "percent%41.md", "fold#er?/pa%2Fge.md"),
    unicodedata.normalize("NFD", "corazón.md"),
)
EDITS = st.tuples(st.sampled_from(["edit", "sync"]), st.just(0), st.sampled_from([b"one", b"two"]))
LONG_AGO = datetime.now(UTC) - timedelta(days=30)


class FolderWorld(RemoteWorld):
    """A folder that a server shows. Where its changes are `spaced`, each was made a second after the one
    before, and a month ago; else they are made now, as fast as it goes."""

    type = "webdav"
    names = (*NAMES, *FURTHER)
    credentials = "`password`"
    trashes = False

    def __init__(self, place: Path, port: int, root: Path, spaced: bool) -> None:
        super().__init__(place, port)
        self.folder = root / uuid4().hex
        self.folder.mkdir()
        self.spaced, self._changes = spaced, 0

    def options(self) -> Mapping[str, object]:
        return {"url": self.url, "user": self.user, "password": self.secret}

    def _write(self, path: str, data: bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        if self.spaced:
            self._changes += 1
            moment = LONG_AGO.timestamp() + self._changes
            os.utime(file, (moment, moment))

    def create(self, path: str, data: bytes) -> str:
        self._write(path, data)
        return path

    def edit(self, entry_id: str, data: bytes) -> None:
        self._write(entry_id, data)

    def rename(self, entry_id: str, path: str) -> str:
        (self.folder / entry_id).rename(self.folder / path)
        return path

    def delete(self, entry_id: str) -> None:
        (self.folder / entry_id).unlink()


class WsgiDavWorld(FolderWorld):
    def __init__(self, place: Path, server: WsgiDav, spaced: bool) -> None:
        super().__init__(place, server.port, server.root, spaced)
        self.server, self.user, self.secret = server, uuid4().hex, f"secret-{uuid4().hex}"
        server.users[self.user] = {"password": self.secret}

    @property
    def url(self) -> str:
        return f"{self.relay.url}dav/{self.folder.name}/"

    def revoke(self) -> None:
        del self.server.users[self.user]


class CloudWorld(WsgiDavWorld):
    """Its files have numbers."""

    renames_keep_ids = True

    def __init__(self, place: Path, server: WsgiDav, spaced: bool) -> None:
        super().__init__(place, server, spaced)
        self.paths: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"{self.relay.url.rstrip('/')}{CLOUD}/{self.folder.name}"  # without its slash

    def pattern(self, entry_id: str) -> str:
        return self.paths[entry_id]

    def create(self, path: str, data: bytes) -> str:
        super().create(path, data)
        made = f"id:{(self.folder / path).stat().st_ino}"
        self.paths[made] = path
        return made

    def edit(self, entry_id: str, data: bytes) -> None:
        super().edit(self.paths[entry_id], data)

    def rename(self, entry_id: str, path: str) -> str:
        self.paths[entry_id] = super().rename(self.paths[entry_id], path)
        return entry_id

    def delete(self, entry_id: str) -> None:
        super().delete(self.paths.pop(entry_id))


class RcloneWorld(FolderWorld):
    user, secret = USER, PASSWORD

    def __init__(self, place: Path, server: Rclone, spaced: bool) -> None:
        super().__init__(place, server.ports["port"], server.data, spaced)

    @property
    def url(self) -> str:
        return f"{self.relay.url}{self.folder.name}/"

    def revoke(self) -> None:
        self.relay.interfere = lambda _: Said(401, b"", {"WWW-Authenticate": 'Basic realm="rclone"'})


@pytest.fixture(scope="module")
def wsgidav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WsgiDav]:
    server = here(lambda: WsgiDav(tmp_path_factory.mktemp("dav")))
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _loopback(loopback: None) -> None:
    """Every test here speaks to servers."""


class _FolderContract(RemoteContract):
    """Its histories are of changes that are far from each other; all else is done in one moment."""

    spaced = False
    another: Callable[[Path, bool], RemoteWorld]

    def make_world(self, place: Path) -> RemoteWorld:
        return type(self).another(place, self.spaced)

    def check_history(self, steps) -> None:
        self.spaced = True
        super().check_history(steps)


class TestWsgiDav(_FolderContract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, wsgidav: WsgiDav) -> None:
        cls.another = lambda place, spaced: WsgiDavWorld(place, wsgidav, spaced)

    @settings(max_examples=4)
    @given(st.lists(EDITS, min_size=12, max_size=12))
    def test_after_any_history_within_one_second_nothing_is_missing_or_extra(self, steps) -> None:
        self.spaced = False
        RemoteContract.check_history(self, steps)


class TestCloud(_FolderContract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, wsgidav: WsgiDav) -> None:
        cls.another = lambda place, spaced: CloudWorld(place, wsgidav, spaced)


class TestRclone(_FolderContract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, rclone: Rclone) -> None:
        cls.another = lambda place, spaced: RcloneWorld(place, rclone, spaced)


# What is listed


@pytest.fixture
def world(tmp_path, wsgidav):
    world = WsgiDavWorld(tmp_path, wsgidav, spaced=True)
    yield world
    world.close()


@pytest.fixture
def cloud(tmp_path, wsgidav):
    world = CloudWorld(tmp_path, wsgidav, spaced=True)
    yield world
    world.close()


@pytest.mark.parametrize("name", ["wsgidav", "rclone"])
def test_a_change_in_the_same_second_as_the_one_that_was_read_is_seen(tmp_path, name, request):
    """Their ETags may be the same: nothing but time tells one from the other."""
    server = request.getfixturevalue(name)
    world = (WsgiDavWorld if name == "wsgidav" else RcloneWorld)(tmp_path, server, spaced=False)
    try:
        time.sleep(1 - time.time() % 1)  # to the beginning of a second
        made = world.create("page.md", b"one")
        connector = world.connector()
        [before] = connector.scan()
        assert connector.fetch(before).data == b"one"
        world.edit(made, b"two")
        [after] = connector.scan()
        assert after.revision != before.revision
    finally:
        world.close()


def test_what_was_changed_long_ago_is_read_at_once(world):
    world.create("page.md", b"one")
    connector = world.connector()
    [entry] = connector.scan()
    world.relay.asked.clear()
    connector.fetch(entry)
    assert [asked.method for asked in world.relay.asked] == ["GET"]


def test_files_that_are_left_out_by_the_root_s_own_rules_are_explained_by_them(world):
    made = world.create("a/page.md", b"1")
    world.create("drafts/page.md", b"2")
    world.create("a/.git/page.md", b"3")
    world.create("a/picture.png", b"4")
    world.create(".sabioignore", b"drafts/\n")
    assert set(world.scan()) == {made}
    connector = world.connector()
    assert ".sabioignore: drafts/" in connector.ignored("drafts/page.md")
    assert "hidden" in connector.ignored("a/.git/page.md")
    assert connector.ignored(made) is None
    asked = [one.path for one in world.relay.asked if one.method == "PROPFIND"]
    assert not [path for path in asked if "drafts" in path], "a folder was listed for nothing"


def test_rules_that_cannot_be_read_are_an_error_and_not_no_rules(world):
    world.create("page.md", b"1")
    world.relay.interfere = lambda asked: Said(403) if asked.method == "GET" else None
    with pytest.raises(ConfigError, match=r"\.sabioignore may not be read.*`user`"):
        world.scan()
    world.relay.interfere = lambda asked: Said(200, b"x" * 1_000_001) if asked.method == "GET" else None
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        world.scan()


def test_folders_are_the_parts_of_a_source(world, cloud):
    for one in (world, cloud):
        one.create("handbook/rules/leave.md", b"1")
        [entry] = one.scan().values()
        assert one.connector().part_of(entry) == "handbook/"


def test_a_file_of_nextcloud_is_opened_by_its_own_page_and_others_by_the_pattern(cloud, world):
    made = cloud.create("a b/page.md", b"1")
    [entry] = cloud.scan().values()
    assert entry.url == f"{cloud.relay.url}cloud/index.php/f/{made.removeprefix('id:')}"
    [entry] = cloud.scan(link="https://files.example.com/{path}").values()
    assert entry.url == "https://files.example.com/a%20b/page.md"
    world.create("a b/page.md", b"1")
    [entry] = world.scan().values()
    assert entry.url == f"{world.url}a%20b/page.md"


def test_a_file_of_nextcloud_that_two_shares_show_is_one_document(cloud):
    made = cloud.create("first/page.md", b"text")
    (cloud.folder / "second").mkdir()
    os.link(cloud.folder / "first/page.md", cloud.folder / "second/page.md")
    assert set(cloud.scan()) == {made}
    assert cloud.connector().fetch(cloud.scan()[made]).data == b"text"
    [other] = cloud.scan(exclude=["first/"]).values()
    assert (other.id, cloud.connector().part_of(other)) == (made, "second/")


def test_a_folder_of_nextcloud_that_is_renamed_keeps_its_documents(cloud):
    made = cloud.create("before/page.md", b"text")
    (cloud.folder / "before").rename(cloud.folder / "after")
    [entry] = cloud.scan().values()
    assert entry.id == made
    assert cloud.connector().fetch(entry).data == b"text"


def test_a_folder_that_leads_back_to_itself_ends(world):
    world.create("a/page.md", b"1")
    (world.folder / "a/again").symlink_to("..", target_is_directory=True)
    with pytest.raises(ConfigError, match="`exclude`"):
        world.scan()
    assert set(world.scan(exclude=["again"])) == {"a/page.md"}


def test_what_is_open_to_everybody_needs_no_password(world):
    made = world.create("page.md", b"1")
    nobody = {"user": None, "password": None, "url": f"{world.relay.url}open/{world.folder.name}/"}
    assert set(world.scan(**nobody)) == {made}
    assert all("Authorization" not in asked.headers for asked in world.relay.asked)


def test_a_file_whose_name_is_no_text_is_read_all_the_same(tmp_path):
    with told_by(
        {"/dav/": multistatus(listed("/dav/", folder=True), listed("/dav/caf%E9.md", changed()))}
    ) as web:
        web.answer.files["/dav/caf%E9.md"] = Said(200, b"text")
        connector = connector_of(web)
        [entry] = connector.scan()
        assert entry.id == "caf\ufffde9.md"
        assert connector.fetch(entry).data == b"text"


# Servers that say what no server should


def told_by(folders: Mapping[str, Said]) -> Web:
    web = Web()
    web.answer = Told()
    web.answer.folders.update(folders)
    return web


def connector_of(web: Web, **more: object):
    return connect("webdav", {"name": "dav", "url": f"{web.url}dav/", **more}, Path())


def ids(web: Web, **more: object) -> set[str]:
    return {entry.id for entry in connector_of(web, **more).scan()}


@pytest.mark.parametrize(
    "href",
    [
        "/dav/a%20b/%C3%B1%28x%29.md",
        "/dav/a%20b/%c3%b1(x).md",
        "/d%61v/a%20b/ñ(x).md",
        "ñ(x).md",
        "http://inside.example.com:8080/dav/a%20b/ñ(x).md",
        " /dav/./x/../a%20b/%C3%B1(x).md\n",
    ],
)
def test_addresses_are_the_same_however_they_are_written(href):
    root = multistatus(listed("/dav", folder=True), listed("http://x.example.com/dav/a%20b/", folder=True))
    with told_by(
        {
            "/dav/": root,
            "/dav/a%20b/": multistatus(listed("/dav/a%20b", folder=True), listed(href, changed())),
        }
    ) as web:
        assert ids(web) == {"a b/ñ(x).md"}


@pytest.mark.parametrize(
    "href",
    [
        "/etc/passwd.md",
        "/dav/../page.md",
        "http://x.example.com/dav/../../page.md",
        "/dav/%2e%2e/page.md",
        "/dav/%2E%2E%2Fpage.md",
        "/dav/a%2Fb.md",
        "/dav/a%00.md",
        "/dav/a/b.md",
        "/davos/page.md",
        "//dav/page.md",
        "http://[/dav/page.md",
    ],
)
def test_an_address_that_leads_elsewhere_is_an_error_and_is_never_asked(href):
    with told_by({"/dav/": multistatus(listed("/dav/", folder=True), listed(href, changed()))}) as web:
        with pytest.raises(ConfigError, match=r"source dav: .*`url`"):
            ids(web)
        assert {asked.path for asked in web.asked} == {"/dav/.sabioignore", "/dav/"}


def test_an_etag_is_the_same_however_it_is_written_and_a_weak_one_is_not_trusted_alone():
    def revision(*properties: str) -> str:
        said = multistatus(listed("/dav/", folder=True), listed("/dav/page.md", *properties))
        with told_by({"/dav/": said}) as web:
            [entry] = connector_of(web).scan()
        return entry.revision

    earlier, later = changed(), changed("Sat, 03 Oct 2026 10:00:01 GMT")
    assert revision(tagged('"abc"'), earlier) == revision(tagged("abc"), later)
    assert revision(tagged('"abc"'), earlier) != revision(tagged('"abd"'), earlier)
    assert revision(tagged('W/"abc"'), earlier) != revision(tagged('W/"abc"'), later)
    assert revision(earlier) != revision(later)
    size = "<d:getcontentlength>{}</d:getcontentlength>"
    assert revision(earlier, size.format(3)) != revision(earlier, size.format(4))


def test_a_file_of_which_nobody_says_when_it_changed_names_what_to_leave_out():
    with told_by({"/dav/": multistatus(listed("/dav/", folder=True), listed("/dav/page.md"))}) as web:
        with pytest.raises(ConfigError, match=r"of page\.md .*`exclude`"):
            ids(web)
        assert ids(web, exclude="page.md") == set()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (multistatus(), "does not say that /dav/ is a folder"),
        (multistatus(listed("/dav/", changed())), "does not say that /dav/ is a folder"),
        (multistatus(before='<!DOCTYPE a [<!ENTITY b "c">]>'), "something else than a list of files"),
        (Said(207, b"<html/>"), "something else than a list of files"),
        (Said(207, b"no xml"), "something else than a list of files"),
        (Said(200, b"<p>Welcome"), "answered with 200"),
        (Said(404), "answered with 404"),
        (Said(405), "answered with 405"),
        (Said(403), "look at `user`"),
        (Said(401), "lets nobody in as `user` with `password`"),
        (Said(401, b"", {"WWW-Authenticate": 'Digest realm="x"'}), "asks for Digest"),
    ],
    ids=lambda one: "" if isinstance(one, str) else str(one.status),
)
def test_what_is_no_folder_of_a_webdav_server_is_an_error_that_says_so(said, words):
    with told_by({"/dav/": said}) as web, pytest.raises(ConfigError, match=r"^source dav: ") as told:
        ids(web)
    assert words in str(told.value)


def test_a_folder_that_may_not_be_listed_is_an_error_until_it_is_left_out():
    root = multistatus(
        listed("/dav/", folder=True), listed("/dav/a/", folder=True), listed("/dav/b.md", changed())
    )
    with told_by({"/dav/": root, "/dav/a/": Said(403)}) as web:
        with pytest.raises(ConfigError, match=r"/dav/a/.*`exclude`"):
            ids(web)
        assert ids(web, exclude=["a/"]) == {"b.md"}


def test_a_folder_that_goes_away_while_it_is_listed_is_an_outage():
    web = told_by({"/dav/": multistatus(listed("/dav/", folder=True), listed("/dav/a/", folder=True))})
    with web, pytest.raises(UnavailableError, match="folder a went away"):
        ids(web)


def test_what_a_server_says_of_one_file_alone_counts_for_that_file():
    gone = "<d:response><d:href>/dav/gone.md</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>"
    root = listed("/dav/", folder=True)
    with told_by({"/dav/": multistatus(root, gone, listed("/dav/b.md", changed()))}) as web:
        assert ids(web) == {"b.md"}
        web.answer.folders["/dav/"] = multistatus(root, gone.replace("404 Not Found", "403 Forbidden"))
        with pytest.raises(ConfigError, match="403"):
            ids(web)


def test_a_listing_is_not_read_without_end(monkeypatch):
    monkeypatch.setattr("ingest.connectors._webdav._LONGEST_LISTING", 100)
    web = told_by({"/dav/": multistatus(listed("/dav/", folder=True))})
    with web, pytest.raises(ConfigError, match="says more than"):
        ids(web)


def test_no_file_of_this_machine_comes_in_by_an_entity(tmp_path):
    (tmp_path / "secret").write_text("secret.md")
    entity = f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{tmp_path}/secret">]>'
    web = told_by({"/dav/": multistatus(listed("/dav/", folder=True), before=entity)})
    with web, pytest.raises(ConfigError, match="something else"):
        ids(web)


@pytest.mark.parametrize(
    ("status", "words"), [(404, "gone"), (410, "gone"), (403, "may not be read"), (423, "423")]
)
def test_one_file_that_cannot_be_had_is_that_document_s_error(status, words):
    with told_by({"/dav/": multistatus(listed("/dav/", folder=True), listed("/dav/b.md", changed()))}) as web:
        connector = connector_of(web)
        [entry] = connector.scan()
        web.answer.files["/dav/b.md"] = Said(status)
        with pytest.raises(DocumentError, match=words):
            connector.fetch(entry)


def test_a_file_with_a_time_to_come_is_not_waited_for():
    later = (datetime.now(UTC) + timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    with told_by(
        {"/dav/": multistatus(listed("/dav/", folder=True), listed("/dav/b.md", changed(later)))}
    ) as web:
        web.answer.files["/dav/b.md"] = Said(200, b"text")
        connector = connector_of(web)
        [entry] = connector.scan()
        begun = time.monotonic()
        assert connector.fetch(entry).data == b"text"
        assert time.monotonic() - begun < 60


# Options


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"user": "anna"}, "set together"),
        ({"url": "https://anna:secret@cloud.example.com/dav/"}, "said by `user` and `password`"),
        ({"url": "https://cloud.example.com/dav/?a=b"}, "without `\\?`"),
        ({"link": "https://cloud.example.com/{id}"}, "which is not known"),
    ],
)
def test_options_that_mean_nothing_are_refused(given, words):
    with pytest.raises(ConfigError, match=words):
        connect("webdav", {"name": "dav", "url": "https://cloud.example.com/dav/", **given}, Path())


def test_a_password_that_everybody_on_the_way_can_read_is_told_of():
    def told(url: str) -> list[str]:
        options = {"name": "dav", "user": "anna", "password": "secret", "url": url}
        return list(connect("webdav", options, Path()).preflight())

    [sentence] = told("http://cloud.example.com/dav/")
    assert "`url`" in sentence
    assert told("https://cloud.example.com/dav/") == told("http://127.0.0.1/dav/") == []


def test_the_password_is_sent_to_no_other_host(tmp_path):
    with Web() as other, told_by({}) as web:
        web.answer = lambda _: Said(307, b"", {"Location": other.url.replace("127.0.0.1", "localhost")})
        with pytest.raises(ConfigError, match="sent on to localhost"):
            ids(web, user="anna", password="secret")
        assert other.asked == []
