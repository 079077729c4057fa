"""The connector of Google Drive, against an imitation that keeps to Google's own description of itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import yaml

from bot.check import run_checks
from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import _http
from ingest.documents import Entry
from ingest.ledger import reading
from ingest.ledger.scanning import readers_of
from ingest.listing import merged
from ingest.permissions import effective, may_read
from tests.contracts.delta import DeltaContract, DeltaWorld, Follower
from tests.contracts.permitting import ANA, EVA, LUIS, PEOPLE, PermissionContract, readers
from tests.contracts.remote import RemoteContract
from tests.doubles import open_base
from tests.ingest.connectors.fake_gdrive import (
    ACCOUNT,
    DRIVE,
    FOLDER,
    MEMBERS,
    SUBJECT,
    Drive,
    FakeGoogle,
    RefusedError,
    key_pair,
    permission,
)
from tests.ingest.connectors.web import Said
from workers.local import sync_sources

STAFF, CREW = "staff@acme.com", "crew@acme.com"
PAST, FUTURE = "2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"


class DriveWorld(DeltaWorld):
    """A page without a folder lies in `My Drive/Wiki`, all others in the shared drive `Team`."""

    type = "gdrive"
    renames_keep_ids = True
    credentials = "credentials"

    def __init__(self, place: Path) -> None:
        self.drive = Drive()
        self.google = FakeGoogle(self.drive)
        self.google.web.__enter__()
        super().__init__(place, self.google.web.port)
        self.secret = key_pair()[0].splitlines()[3]
        key = {
            "type": "service_account",
            "client_email": ACCOUNT,
            "private_key_id": "key-1",
            "private_key": key_pair()[0],
            "token_uri": f"{self.relay.url}token",
        }
        (place / "service-account.json").write_text(json.dumps(key))
        self.drive.groups = {STAFF: {ANA, CREW}, CREW: {LUIS}}
        self.wiki = self.drive.make("Wiki", self.drive.my, mime=FOLDER)
        self.drive.share(self.wiki, permission("group", STAFF))
        self.team = self.drive.make_drive("Team")
        self.drive.share(self.team, permission("group", STAFF, "writer"))
        self._numbers = count(1)

    def close(self) -> None:
        super().close()
        self.google.web.__exit__()

    def options(self) -> Mapping[str, object]:
        return {
            "credentials": "service-account.json",
            "subject": SUBJECT,
            "drives": ["all"],
            "api_url": self.relay.url,
            "directory_url": self.relay.url,
        }

    def pattern(self, entry_id: str) -> str:
        return self.drive.path(entry_id)

    def create(self, path: str, data: bytes) -> str:
        folder, name = self._folder(path)
        return self.drive.make(name, folder, data)

    def edit(self, entry_id: str, data: bytes) -> None:
        self.drive.touch(entry_id, data=data)

    def rename(self, entry_id: str, path: str) -> str:
        folder, name = self._folder(path)
        self.drive.touch(entry_id, parent=folder, name=name)
        return entry_id

    def delete(self, entry_id: str) -> None:
        self.drive.drop(entry_id)

    def revoke(self) -> None:
        self.google.revoked = True

    def trash(self, entry_id: str) -> None:
        self.drive.touch(entry_id, trashed=True)

    def restore(self, entry_id: str) -> None:
        self.drive.touch(entry_id, trashed=False)

    def expire(self) -> None:
        self.drive.forgotten = self.drive.number + 1
        self.drive.number += 1

    def may_read(self, person: str, entry_id: str) -> bool:
        return self.drive.may_read(person, entry_id)

    def close_to_all_but(self, person: str, entry_id: str, *, above: bool) -> None:
        """A file of a shared drive cannot be closed; it goes into a folder that is."""
        folder = self.drive.items[entry_id].parent or ""
        if not above:
            folder = self.drive.make("Closed", folder, mime=FOLDER)
        self.drive.touch(folder, permissions=[permission("user", person)], limited=True)
        if not above:
            self.drive.touch(entry_id, parent=folder)

    def join(self, person: str) -> None:
        self.drive.groups[CREW].add(person)

    def leave(self, person: str) -> None:
        for members in self.drive.groups.values():
            members.discard(person)

    def disturb(self, number: int) -> None:
        what, which = divmod(number, 16)
        chosen = self._any(which, folders=what % 3 > 0)
        person = PEOPLE[which % len(PEOPLE)]
        roles = ["reader", "writer", "commenter"]
        [
            lambda: self.drive.share(chosen, permission("user", person, roles[which % 3])),
            lambda: self.drive.share(chosen, permission("anyone", allowFileDiscovery=which % 2 > 0)),
            lambda: self.drive.share(
                chosen, permission("domain", "acme.com", allowFileDiscovery=which % 2 > 0)
            ),
            lambda: self.drive.share(
                chosen, permission("user", person, expirationTime=PAST if which % 2 else FUTURE)
            ),
            lambda: self.drive.share(chosen, permission("user", person, deleted=True)),
            lambda: self.drive.share(chosen, permission("group", CREW)),
            lambda: self.drive.unshare(chosen, person),
            lambda: self.drive.unshare(chosen, STAFF),
            lambda: self.drive.share(self.team, permission("user", person, "organizer")),
            lambda: self.drive.unshare(self.team, person),
            lambda: self._limit(chosen),
            lambda: self.join(person),
            lambda: self.leave(person),
            lambda: self.drive.touch(chosen, name=f"Renamed {number}"),
            lambda: self._move(chosen, which),
            lambda: self.drive.touch(chosen, trashed=not self.drive.items[chosen].trashed),
        ][what % 16]()

    def _limit(self, chosen: str) -> None:
        """Keep out whoever may read what is above, or do no more; which no file of a shared drive can do."""
        if self.drive.drive_of(chosen) and self.drive.items[chosen].mime != FOLDER:
            chosen = self._any(0, folders=True)
        self.drive.touch(chosen, limited=not self.drive.items[chosen].limited)

    def _any(self, which: int, *, folders: bool) -> str:
        """A folder below a drive, or a file."""
        drives = {self.drive.my, *self.drive.drives}
        found = [one.id for one in self.drive.items.values() if (one.mime == FOLDER) is folders]
        found = [one for one in found if one not in drives] or [self.wiki]
        return found[which % len(found)]

    def _move(self, chosen: str, which: int) -> None:
        """Put it elsewhere, and not into itself."""
        folders = [one.id for one in self.drive.items.values() if one.mime == FOLDER]
        folders = [one for one in folders if chosen not in [above.id for above in self.drive.above(one)]]
        if folders:
            self.drive.touch(chosen, parent=folders[which % len(folders)])

    def _folder(self, path: str) -> tuple[str, str]:
        *folders, name = path.split("/")
        here = self.team if folders else self.wiki
        for folder in folders:
            found = [
                one.id
                for one in self.drive.items.values()
                if (one.parent, one.name, one.mime) == (here, folder, FOLDER)
                and not self.drive.is_trashed(one.id)
            ]
            here = found[0] if found else self.drive.make(folder, here, mime=FOLDER)
        return here, name


class TestGoogleDrive(DeltaContract, PermissionContract, RemoteContract):
    @pytest.fixture(autouse=True)
    def _on_loopback(self, loopback: None) -> None:
        key_pair()  # which takes its time, once

    def make_world(self, place: Path) -> DriveWorld:
        return DriveWorld(place)


@pytest.fixture
def world(tmp_path, loopback, monkeypatch):
    monkeypatch.setattr(_http, "_LONGEST_PAUSE", 0.02)
    made = DriveWorld(tmp_path)
    yield made
    made.close()


GOOGLES = "application/vnd.google-apps."


# The account


def test_a_service_account_asks_as_the_subject_and_for_no_more_than_reading(world):
    world.create("page.md", b"text")
    world.scan()
    assert {one["scope"] for one in world.google.granted} == {DRIVE, MEMBERS}
    assert {one["sub"] for one in world.google.granted} == {SUBJECT}


def test_without_a_subject_it_asks_as_itself_and_sees_what_is_shared_with_it(world):
    world.create("page.md", b"text")
    shared = world.create("Plan.md", b"text")
    world.drive.share(shared, permission("user", ACCOUNT))
    assert set(world.scan(subject=None)) == {shared}
    assert "sub" not in world.google.granted[0]


def test_a_token_is_used_until_it_ends_and_then_another_is_asked_for(world):
    made = world.create("page.md", b"text")
    connector = world.connector()
    [entry] = [one for one in connector.scan() if isinstance(one, Entry)]
    assert len(world.google.granted) == 1
    world.google.tokens.clear()
    assert connector.fetch(entry).data == b"text"
    assert len(world.google.granted) == 2
    world.google.life = -1
    world.google.tokens.clear()
    with pytest.raises(ConfigError, match="401 authError"):
        connector.fetch(entry)
    assert entry.id == made


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (None, "cannot be read"),
        ("{", "not the JSON file"),
        ("[]", "not the key of a service account"),
        ('{"type": "authorized_user", "client_id": "x"}', "client_email, private_key, token_uri"),
    ],
)
def test_a_key_that_is_none_names_the_option(world, key, told):
    file = world.place / "other.json"
    if key is not None:
        file.write_text(key)
    with pytest.raises(ConfigError, match=f"source world: credentials: .*{told}"):
        list(world.connector(credentials="other.json").scan())


def test_a_private_key_that_is_cut_is_not_repeated(world):
    file = world.place / "service-account.json"
    key = json.loads(file.read_text())
    file.write_text(json.dumps(key | {"private_key": key["private_key"][:400]}))
    with pytest.raises(ConfigError, match="is no RSA key") as told:
        world.scan()
    assert world.secret not in str(told.value)


def test_a_scope_that_is_not_delegated_is_named(world):
    world.google.delegated.clear()
    with pytest.raises(ConfigError, match=r"administrator delegated the scope .*drive\.readonly"):
        world.scan()


@pytest.mark.parametrize("reason", ["userRateLimitExceeded", "rateLimitExceeded"])
def test_too_much_at_once_is_waited_for_though_it_is_called_forbidden(world, reason):
    made = world.create("page.md", b"text")
    told = RefusedError(403, reason).said
    world.relay.interfere = lambda _: told if len(world.relay.asked) in {2, 4} else None
    assert set(world.scan()) == {made}


def test_what_google_does_in_a_day_is_for_the_next_sync(world):
    world.relay.interfere = lambda one: None if "token" in one.path else _refused(403, "dailyLimitExceeded")
    with pytest.raises(UnavailableError, match="next sync"):
        world.scan()


def _refused(status, reason):
    return RefusedError(status, reason).said


def test_a_search_that_did_not_look_everywhere_is_an_outage(world):
    world.create("page.md", b"text")
    world.google.incomplete = True
    with pytest.raises(UnavailableError, match="not searched all"):
        world.scan()


@pytest.mark.parametrize("body", [b"{}", b"[]"])
def test_what_is_no_drive_is_not_an_empty_one(world, body):
    world.create("page.md", b"text")
    world.relay.interfere = lambda one: Said(200, body) if "/files?" in one.path else None
    with pytest.raises(ConfigError, match="look at `api_url`"):
        world.scan()


@pytest.mark.filterwarnings("ignore:Package google.api_core:FutureWarning")
def test_google_s_own_client_sees_what_the_connector_lists(world):
    """What is imitated is what that client speaks to, from the token on."""
    from google.oauth2.service_account import Credentials
    from googleapiclient.discovery import build
    from httplib2 import Response

    def send(url, method="GET", body=None, headers=None, **_):
        headers = {**(headers or {}), **({"Authorization": f"Bearer {given.token}"} if given.token else {})}
        reply = httpx.request(method, url, content=body, headers=headers)
        return SimpleNamespace(status=reply.status_code, headers=reply.headers, data=reply.content)

    def request(uri, method, **sent):
        reply = send(uri, method, **sent)
        return Response({"status": str(reply.status), **reply.headers}), reply.data

    made = {world.create(name, b"text") for name in ("one.md", "two.md", "three.md")}
    info = json.loads((world.place / "service-account.json").read_text())
    given = Credentials.from_service_account_info(info, scopes=[DRIVE], subject=SUBJECT)
    given.refresh(send)
    place = {"api_endpoint": f"{world.google.web.url}drive/v3/"}
    drive = build("drive", "v3", http=SimpleNamespace(request=request), client_options=place)
    files, asked = [], drive.files().list(q=f"trashed = false and mimeType != '{FOLDER}'")
    while asked is not None:
        reply = asked.execute()
        files += reply["files"]
        asked = drive.files().list_next(asked, reply)
    assert {one["id"] for one in files} == made == set(world.scan())
    assert drive.files().get_media(fileId=min(made)).execute() == b"text"


# What is listed


@pytest.mark.filterwarnings("ignore:Package google.api_core:FutureWarning")
def test_google_s_own_documents_come_as_files(world):
    kinds = {"document": ".md", "spreadsheet": ".xlsx", "presentation": ".pptx", "drawing": ".pdf"}
    made = {
        world.drive.make(f"Plan 1.{n}", world.wiki, kind.encode(), GOOGLES + kind): kind
        for n, kind in enumerate(kinds)
    }
    entries, connector = world.scan(), world.connector()
    assert {one.id: one.title for one in entries.values()} == {
        id_: f"Plan 1.{n}" for n, id_ in enumerate(made)
    }
    for id_, kind in made.items():
        content = connector.fetch(entries[id_])
        assert content.data == kind.encode()
        assert content.name.endswith(kinds[kind])
        assert content.media_type == entries[id_].media_type


def test_an_edit_of_a_google_document_is_seen_and_who_is_let_in_is_no_edit(world):
    made = world.drive.make("Plan", world.wiki, b"one", GOOGLES + "document")
    before = world.scan()[made].revision
    world.drive.share(made, permission("user", EVA))
    assert world.scan()[made].revision == before
    world.edit(made, b"two")
    assert world.scan()[made].revision != before


def test_an_upload_that_keeps_its_old_time_is_an_edit(world):
    made = world.create("page.md", b"one")
    before = world.scan()[made]
    world.edit(made, b"two")
    after = world.scan()[made]
    assert after.updated_at == before.updated_at
    assert after.revision != before.revision


def test_what_has_no_text_is_left_out(world):
    page = world.create("page.md", b"text")
    for kind in ("form", "map", "site", "script"):
        world.drive.make(kind, world.wiki, mime=GOOGLES + kind)
    world.drive.make("Short", world.wiki, mime=GOOGLES + "shortcut", shortcutDetails={"targetId": page})
    world.drive.make("IMG_1234", world.wiki, b"x", "image/jpeg")
    world.create("photo.png", b"x")
    assert set(world.scan()) == {page}


def test_a_google_document_named_as_a_picture_is_a_document(world):
    made = world.drive.make("Notes on logo.png", world.wiki, b"x", GOOGLES + "document")
    assert world.scan()[made].title == "Notes on logo.png"


def test_what_google_does_not_give_out_is_that_document_s_error(world):
    large = world.drive.make("Large", world.wiki, b"x" * 11, GOOGLES + "document")
    kept = world.drive.make("kept.md", world.wiki, b"x", no_download=True)
    world.drive.items[kept].no_download = True
    world.drive.items[kept].more.clear()
    world.google.export_limit = 10
    entries, connector = world.scan(), world.connector()
    with pytest.raises(DocumentError, match="larger than the 10 MB"):
        connector.fetch(entries[large])
    with pytest.raises(DocumentError, match="may not be read"):
        connector.fetch(entries[kept])


def test_a_document_in_the_bin_is_gone(world):
    made = world.create("page.md", b"text")
    entry = world.scan()[made]
    world.trash(made)
    with pytest.raises(DocumentError, match="gone"):
        world.connector().fetch(entry)


def test_drives_are_chosen_by_name_by_id_or_all(world):
    my, team = world.create("page.md", b"1"), world.create("a/page.md", b"2")
    other = world.drive.make("x.md", world.drive.make_drive("Sales"), b"3")
    assert set(world.scan()) == {my, team, other}
    assert set(world.scan(drives=["my"])) == {my}
    assert set(world.scan(drives=["Team"])) == {team}
    assert set(world.scan(drives=["my", world.drive.drives[1]])) == {my, other}
    with pytest.raises(ConfigError, match=r"drives: .*no shared drive 'Teams'; did you mean 'Team'\?"):
        world.scan(drives=["Teams"])
    with pytest.raises(ConfigError, match="drives: has to name one"):
        world.scan(drives=[])


def test_only_what_lies_in_a_folder_is_read_where_folders_are_named(world):
    world.create("page.md", b"1")
    inside, _ = world.create("a/b/page.md", b"2"), world.create("c/page.md", b"3")
    folder = world.drive.items[world.drive.items[inside].parent].parent
    assert set(world.scan(folders=[folder])) == {inside}
    for wrong in ("1nothing", inside):
        with pytest.raises(ConfigError, match="folders: there is no folder"):
            world.scan(folders=[wrong])


def test_paths_of_people_are_left_out_by_rules(world):
    made, kept = world.create("a/b/page.md", b"1"), world.create("page.md", b"2")
    assert set(world.scan(exclude=["Team/a/"])) == {kept}
    assert set(world.scan(include=["Team/**/*.md"])) == {made}
    connector = world.connector(exclude=["Team/a/"])
    assert connector.ignored("Team/a/b/page.md") == "exclude: Team/a/"
    assert "*.png" in connector.ignored("My Drive/photo.png")
    assert connector.ignored(made) is None


def test_check_counts_what_is_listed_in_each_drive(world, data):
    for path in ("page.md", "a/one.md", "a/two.md"):
        world.create(path, b"Words.")
    foreign(world, "theirs.md")
    options = {"type": "gdrive", "readers": ["everyone"], **world.options()}
    config = world.place / "sabio.yaml"
    config.write_text(yaml.safe_dump({"translation": "none", "sources": [{"name": "drive", **options}]}))
    said = [one.message for one in run_checks(config, data) if one.subject == "source drive"]
    assert said[0] == "gdrive: 4 documents are listed: 2 in Team, 1 in My Drive, 1 in Shared with me"
    assert said[1] == "nobody can read 1 of its documents: no readers are known"
    assert "who may read 1 files" in said[2]


# Who may read


def foreign(world, name, role="reader"):
    """A file of somebody else's, shared with the subject."""
    made = world.drive._make(name, "text/plain", None, b"text")
    made.permissions = [permission("user", "zoe@other.org", "owner"), permission("user", SUBJECT, role)]
    world.drive.tell(made.id)
    return made.id


READERS = [
    (permission("user", "Ana@ACME.com"), {"user:ana@acme.com"}),
    (permission("group", STAFF), {f"group:world/{STAFF}"}),
    (permission("anyone"), set()),
    (permission("anyone", allowFileDiscovery=True), {"everyone"}),
    (permission("domain", "acme.com"), set()),
    (permission("domain", "acme.com", allowFileDiscovery=True), {"domain:acme.com"}),
    (permission("user", EVA, deleted=True), set()),
    (permission("user", EVA, expirationTime=PAST), set()),
    (permission("user", EVA, expirationTime=FUTURE), {f"user:{EVA}"}),
    (permission("user", EVA, pendingOwner=True, role="writer"), {f"user:{EVA}"}),
    (permission("user", EVA, "publishedReader", view="published"), set()),
    (permission("user", EVA, view="metadata"), set()),
    ({"type": "user", "role": "reader", "id": "0042"}, {"user:world/0042"}),
]


@pytest.mark.parametrize(("given", "who"), READERS)
@pytest.mark.parametrize("path", ["page.md", "a/page.md"])
def test_each_kind_of_permission_means_whom_it_names(world, path, given, who):
    made = world.create(path, b"text")
    before = world.scan()[made].readers
    world.drive.share(made, given)
    assert world.scan()[made].readers - before == who - before


def test_what_google_does_not_tell_the_readers_of_is_nobody_s_whatever_the_configuration_says(world):
    theirs, shared = foreign(world, "theirs.md"), foreign(world, "shared.md", "writer")
    entries = world.scan(readers=["everyone"])
    assert entries[theirs].readers is None
    assert entries[shared].readers == {"user:zoe@other.org", f"user:{SUBJECT}"}
    assert any("so nobody may" in one for one in world.connector().preflight())


def test_where_a_drive_does_not_tell_its_members_nobody_reads(world):
    made = world.create("a/page.md", b"text")
    world.drive.share(made, permission("user", EVA))
    world.drive.touch(world.team, permissions=[permission("user", SUBJECT, "commenter")])
    assert world.scan(readers=["group:hr"])[made].readers is None


def test_a_limited_folder_keeps_out_the_members_but_not_who_manages_the_drive(world):
    made = world.create("a/b/page.md", b"text")
    world.drive.share(world.team, permission("user", LUIS, "organizer"))
    folder = world.drive.items[world.drive.items[made].parent].parent
    world.drive.touch(folder, limited=True)
    world.drive.share(folder, permission("user", "guest@elsewhere.net"))
    assert world.scan()[made].readers == {f"user:{LUIS}", "user:guest@elsewhere.net", f"user:{SUBJECT}"}
    world.drive.touch(folder, limited=False)
    assert f"group:world/{STAFF}" in world.scan()[made].readers


def test_a_file_of_one_s_own_may_be_closed_in_an_open_folder(world):
    made, other = world.create("page.md", b"text"), world.create("other.md", b"text")
    world.drive.touch(made, limited=True, permissions=[permission("user", EVA)])
    entries = world.scan()
    assert entries[made].readers == {f"user:{EVA}", f"user:{SUBJECT}"}
    assert f"group:world/{STAFF}" in entries[other].readers


@pytest.mark.parametrize("where", ["scope", "group"])
def test_a_group_that_google_does_not_open_lets_nobody_in_and_is_told(world, where):
    made = world.create("page.md", b"text")
    world.drive.share(made, permission("user", EVA))
    if where == "scope":
        world.google.delegated.discard(MEMBERS)
    else:
        world.google.hidden_groups.add(STAFF)
    assert readers(world.connector()) == {made: {EVA}}
    [said] = world.connector().preflight()
    assert STAFF in said
    assert MEMBERS in said


def test_nothing_is_asked_of_the_directory_where_no_group_may_read(world):
    world.drive.unshare(world.wiki, STAFF)
    world.drive.unshare(world.team, STAFF)
    world.create("page.md", b"text")
    assert list(world.connector().preflight()) == []
    assert {one["scope"] for one in world.google.granted} == {DRIVE}


def test_the_whole_company_may_be_in_a_group(world):
    made = world.create("page.md", b"text")
    world.drive.groups[STAFF] = {"C0123"}
    assert readers(world.connector()) == {made: {ANA, LUIS, EVA}}


def test_links_that_open_nothing_here_are_told(world):
    world.drive.share(world.create("page.md", b"text"), permission("anyone"))
    assert any("whoever has a link" in one for one in world.connector().preflight())


# What changed


def look(world, cursor, **options):
    return world.connector(**options).changes(cursor)


def test_a_folder_s_permission_changes_the_folder_alone_and_no_body(world):
    made = world.create("a/page.md", b"text")
    follower, before = Follower(world.connector()), world.scan()[made]
    folder = world.drive.items[made].parent
    world.drive.share(folder, permission("user", EVA))
    assert follower.look(world.connector())
    [after] = [one for one in effective(follower.listing, {}) if one.id == made]
    assert after.readers == before.readers | {f"user:{EVA}"}
    assert (after.revision, after.parent) == (before.revision, before.parent)


def test_a_member_who_leaves_a_drive_is_seen_in_the_drive_s_own_log(world):
    made = world.create("a/page.md", b"text")
    follower = Follower(world.connector())
    world.drive.unshare(world.team, STAFF)
    changes = look(world, follower.cursor)
    assert [one.id for one in changes.listed] == [world.team]
    listing = merged(follower.listing, changes)
    assert [(one.id, one.readers) for one in effective(listing, {})] == [(made, {f"user:{SUBJECT}"})]


def test_a_folder_in_the_bin_takes_along_what_lies_in_it_also_behind_limits_and_brings_it_back(world):
    made = {world.create(path, b"text") for path in ("a/b/one.md", "a/two.md", "a/b/c/three.md")}
    other = world.create("d/other.md", b"text")
    [limited] = [one.id for one in world.drive.items.values() if one.name == "b"]
    world.drive.touch(limited, limited=True)
    follower = Follower(world.connector())
    [folder] = [one.id for one in world.drive.items.values() if one.name == "a"]
    for trashed in (True, False):
        world.drive.touch(folder, trashed=trashed)
        assert follower.look(world.connector())
        assert {one[0] for one in follower.held()} == ({other} if trashed else {other, *made})


@pytest.mark.parametrize("tells_of_others", [True, False])
@pytest.mark.parametrize("there_and_back", [False, True])
def test_what_is_moved_from_drive_to_drive_stays_the_document_that_it_was(
    world, tells_of_others, there_and_back
):
    world.google.tells_of_others = tells_of_others
    world.drive.make("Other.md", world.drive.make("Folder", world.wiki, mime=FOLDER), b"2")
    made = world.create("page.md", b"text")
    follower = Follower(world.connector())
    folder = next(one.id for one in world.drive.items.values() if one.name == "Folder")
    for file in (made, folder):
        world.drive.touch(file, parent=world.team)
    if there_and_back:
        assert follower.look(world.connector())
        for file in (made, folder):
            world.drive.touch(file, parent=world.wiki)
    assert follower.look(world.connector())
    assert follower.held() == Follower(world.connector()).held()
    assert len(follower.held()) == 2


def test_what_leaves_the_drives_that_are_read_is_gone(world):
    made = world.create("page.md", b"text")
    connector = world.connector(drives=["my"])
    follower = Follower(connector)
    world.drive.touch(made, parent=world.team)
    assert follower.look(connector)
    assert follower.held() == set()


def test_a_folder_with_another_name_may_be_left_out_by_it(world):
    made = world.create("a/page.md", b"text")
    follower = Follower(world.connector(exclude=["Old/"]))
    folder = world.drive.items[made].parent
    for name, held in (("Old", 0), ("New", 1)):
        world.drive.touch(folder, name=name)
        assert follower.look(world.connector(exclude=["Old/"]))
        assert len(follower.held()) == held


def test_a_drive_that_is_new_or_renamed_under_rules_is_listed_with_all_others(world):
    cursor = world.connector().cursor()
    ruled = world.connector(exclude=["Sales/"]).cursor()
    world.drive.touch(world.team, name="Sales")
    assert look(world, cursor) is not None
    assert look(world, ruled, exclude=["Sales/"]) is None
    world.drive.make_drive("New")
    assert look(world, cursor) is None


def test_a_drive_that_the_subject_has_left_takes_all_along(world):
    kept = world.create("page.md", b"1")
    world.create("a/page.md", b"2")
    follower = Follower(world.connector())
    world.drive.touch(world.team, permissions=[permission("user", EVA, "organizer")])
    assert follower.look(world.connector())
    assert {one[0] for one in follower.held()} == {kept}


@pytest.mark.parametrize("options", [{"exclude": ["x/"]}, {"drives": ["my"]}])
def test_a_cursor_of_other_options_is_lost(world, options):
    assert look(world, world.connector().cursor(), **options) is None
    assert look(world, "nonsense") is None


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_mark_that_google_does_not_know_leads_to_a_whole_listing(world, status):
    cursor = world.connector().cursor()
    world.expire()
    world.google.lost_status = status
    assert look(world, cursor) is None


def test_groups_of_what_did_not_change_are_told_with_what_did(world):
    """Also by whoever did not list it, or listed it before somebody else followed the log."""
    world.create("page.md", b"text")
    connector, other = world.connector(), world.connector()
    cursor = connector.cursor()
    list(connector.scan())
    late = world.create("late.md", b"text")
    world.drive.share(late, permission("group", CREW))
    second = other.changes(cursor).cursor
    assert [one.principal for one in other.groups()] == [f"group:world/{CREW}", f"group:world/{STAFF}"]
    world.create("more.md", b"text")
    assert connector.changes(second) is not None
    assert len(list(connector.groups())) == 2


def test_what_is_followed_is_not_listed_again_for_its_groups(world):
    world.create("page.md", b"text")
    connector = world.connector()
    cursor = connector.cursor()
    list(connector.scan())
    world.create("more.md", b"text")
    changes = connector.changes(cursor)
    assert changes is not None
    world.relay.asked.clear()
    assert len(list(connector.groups())) == 1
    assert not any("/files" in one.path for one in world.relay.asked)


def test_a_sync_answers_each_person_with_what_they_may_read(tmp_path, world):
    ours = world.create("a/page.md", b"The museum opens at nine.")
    hers = world.create("her.md", b"Her notes.")
    world.drive.touch(hers, limited=True, permissions=[permission("user", EVA)])
    options = {"type": "gdrive", **world.options(), "credentials": str(tmp_path / "service-account.json")}
    with open_base(tmp_path / "var", {"drive": options}, real_parsers=True) as kb:
        [report] = sync_sources(kb, ["drive"])
        assert (report["outcome"], report["new"], report["failed"]) == ("done", 2, [])
        who = {who: kb.principals(who) for who in (ANA, EVA)}
        with kb.ledger.read() as ledger:
            rows = reading.published_documents(ledger)
    seen = {
        person: {row.entry for row in rows if may_read(who[person], readers_of(row.readers))}
        for person in who
    }
    assert seen == {ANA: {ours}, EVA: {hers}}


def test_a_cursor_is_the_same_in_every_process(world):
    """Sets have another order in each."""
    code = (
        "from pathlib import Path; from ingest.connectors import connect;"
        " options = {'name': 'x', 'credentials': 'x', 'readers': list('abcdefgh')};"
        " print(connect('gdrive', options, Path())._reading)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
