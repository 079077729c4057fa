"""The connector of SharePoint and OneDrive, against a local fake of Microsoft Graph."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors._sharepoint_readers import person, read_access
from ingest.documents import Container, Entry
from ingest.ledger.reading import published_documents
from ingest.listing import merged
from ingest.permissions import effective, flattened
from ingest.refreshing import refresh_permissions
from ingest.sync import scan, work
from tests.contracts.delta import DeltaContract, DeltaWorld, Follower
from tests.contracts.permitting import ANA, EVA, LUIS, PEOPLE, STEPS, ZOE, PermissionContract, readers
from tests.contracts.remote import RemoteContract
from tests.doubles import open_base
from tests.ingest.connectors.fake_graph import FULL, GROUPS, READ, FakeGraph
from tests.ingest.connectors.fake_graph import PEOPLE as MAY_SEE_PEOPLE
from tests.ingest.connectors.fake_graph_tenant import Grant, Item
from tests.ingest.connectors.web import Asked, Said
from workers.local import sync_sources

NAMES = (
    "plain.md", "with space.md", "año nuevo.md", "100%.md", "a#b&c.md", "{curly}.md", "deep/er/page.html",
    "日本語.txt",
)  # fmt: skip
HR, SALES = "https://acme.sharepoint.com/sites/hr", "https://acme.sharepoint.com/sites/sales/"


@pytest.fixture(autouse=True)
def _sockets(loopback):
    """All of these speak to servers of this process."""


class GraphWorld(DeltaWorld):
    type = "sharepoint"
    renames_keep_ids = True
    names = NAMES
    secret = FakeGraph.secret
    credentials = "`client_secret`"

    def __init__(self, place: Path) -> None:
        self.fake = FakeGraph()
        self.fake.__enter__()
        super().__init__(place, self.fake.port)
        self.more: dict[str, object] = {}
        self.ids = {email: self.fake.add_person(email) for email in PEOPLE}
        self.team = self.fake.add_group("team")
        self.group = self.fake.add_group("hr", self.ids[ANA], self.ids[LUIS], self.team)
        self.hr = self.fake.add_site("hr", "Documents")
        self.sales = self.fake.add_site("sales", "Documents")
        self.drive = self.hr.drives[0]
        for drive in self.fake.drives.values():
            self.fake.root(drive).grants = [
                Grant("group", (self.group,)),
                Grant("site group", ("HR Visitors",)),
            ]

    def close(self) -> None:
        super().close()
        self.fake.__exit__()

    def options(self) -> Mapping[str, object]:
        return {
            "tenant": FakeGraph.tenant,
            "client_id": FakeGraph.client,
            "client_secret": FakeGraph.secret,
            "sites": [HR, SALES],
            "graph_url": self.relay.url + "v1.0/",
            "login_url": self.relay.url,
            **self.more,
        }

    def item(self, entry_id: str) -> Item:
        return self.drive.items[entry_id.partition("/")[2]]

    def pattern(self, entry_id: str) -> str:
        return f"Documents/{self.drive.path(self.item(entry_id))}"

    def create(self, path: str, data: bytes) -> str:
        return f"{self.drive.id}/{self.fake.put(self.drive, path, data).id}"

    def edit(self, entry_id: str, data: bytes) -> None:
        item = self.item(entry_id)
        item.body, item.content, item.metadata = data, item.content + 1, item.metadata + 1
        self.fake.note(self.drive, item)

    def rename(self, entry_id: str, path: str) -> str:
        *folders, name = path.split("/")
        item, here = self.item(entry_id), self.fake.root(self.drive)
        for folder in folders:
            found = [one for one in self.drive.children(here) if one.name == folder]
            here = found[0] if found else self.fake.put(self.drive, folder, None)
        item.name, item.parent, item.metadata = name, here.id, item.metadata + 1
        self.fake.note(self.drive, item)
        return entry_id

    def trash(self, entry_id: str) -> None:
        self.item(entry_id).away = True
        self.fake.note(self.drive, self.item(entry_id))

    delete = trash

    def restore(self, entry_id: str) -> None:
        self.item(entry_id).away = False
        self.fake.note(self.drive, self.item(entry_id))

    def revoke(self) -> None:
        self.fake.secret = "another"
        self.fake.tokens.clear()

    def expire(self) -> None:
        self.fake.forget()

    def may_read(self, person: str, entry_id: str) -> bool:
        return self.fake.may_read(self.ids[person], self.drive, self.item(entry_id))

    def close_to_all_but(self, person: str, entry_id: str, *, above: bool) -> None:
        item = self.item(entry_id)
        closed = self.drive.items[str(item.parent)] if above else item
        self.fake.share(self.drive, closed, [Grant("person", (self.ids[person],))])

    def join(self, person: str) -> None:
        self.fake.groups[self.team].add(self.ids[person])

    def leave(self, person: str) -> None:
        for group in (self.team, self.group):
            self.fake.groups[group].discard(self.ids[person])

    def disturb(self, number: int) -> None:
        which, what = divmod(number, 8)
        items = [one for one in self.drive.items.values() if self.drive.is_there(one)]
        item, person = items[which % len(items)], [*self.ids.values()][which % len(PEOPLE)]
        inherited = next(one.grants for one in self.drive.above(item) if one.grants is not None) or []
        if what == 0 and item.parent is not None:
            self.fake.share(self.drive, item, None)
        elif what == 1:
            self.fake.share(self.drive, item, [])
        elif what in {2, 3}:
            scope = ("users", "organization", "anonymous")[which % 3]
            self.fake.share(self.drive, item, [*inherited, Grant("link", (person,), scope=scope)])
        elif what == 4:
            self.fake.share(
                self.drive, item, [Grant("person", (person,), role=("read", "sp.limited")[which % 2])]
            )
        elif what == 5:
            self.fake.share(self.drive, item, [*inherited, Grant("group", (self.team,))])
        elif what == 6:
            self.fake.groups[self.team] ^= {person}
        else:
            self.fake.groups[self.group] ^= {person}


class TestSharePoint(DeltaContract, PermissionContract, RemoteContract):
    def make_world(self, place: Path) -> GraphWorld:
        return GraphWorld(place)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GraphWorld]:
    world = GraphWorld(tmp_path)
    yield world
    world.close()


class _Marked(PermissionContract):
    """Asks only of what is marked."""

    def make_world(self, place: Path) -> GraphWorld:
        world = GraphWorld(place)
        world.more["marks"] = True
        return world


class _Untold(PermissionContract):
    """No permission says that it is inherited, as documented."""

    def make_world(self, place: Path) -> GraphWorld:
        world = GraphWorld(place)
        world.fake.tells_inheritance = False
        return world


@pytest.mark.parametrize("contract", [_Marked(), _Untold()], ids=["marked", "untold"])
def test_readers_are_the_source_s_however_little_is_asked_and_told(contract):
    @settings(max_examples=5)
    @given(st.lists(STEPS, max_size=20))
    def check(steps):
        contract.check_readers(steps)

    check()


# Who may read


def reading(world, *people, **more):
    """Who of these may read which document, by what a listing says."""
    connector = world.connector(**more)
    return {id_: found & set(people or PEOPLE) for id_, found in readers(connector).items()}


def test_a_link_lets_read_whom_it_names_and_nobody_who_only_has_it(world):
    made = world.create("page.md", b"text")
    item, owner = world.item(made), Grant("person", (world.ids[ANA],), role="owner")
    for scope, found in (("users", {ANA, EVA}), ("organization", {ANA}), ("anonymous", {ANA})):
        world.fake.share(world.drive, item, [owner, Grant("link", (world.ids[EVA],), scope=scope)])
        assert reading(world)[made] == found


def test_what_has_ended_and_what_is_less_than_reading_counts_for_nothing(world):
    made = world.create("page.md", b"text")
    ana, eva, luis = (world.ids[one] for one in (ANA, EVA, LUIS))
    later = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given_ = [
        Grant("person", (ana,), until=later),
        Grant("person", (eva,), until="2020-01-01T00:00:00Z"),
        Grant("person", (luis,), role="sp.limited"),
    ]
    world.fake.share(world.drive, world.item(made), given_)
    assert reading(world)[made] == {ANA}


def test_a_person_is_every_address_that_entra_id_knows_and_not_what_sharepoint_remembers(world):
    zoe = world.fake.add_person("zoe_other.org#ext#@acme.onmicrosoft.com", "Zoe@Other.org")
    gone = "00000000-0000-4000-8000-000000000000"
    world.fake.people[gone] = {"id": gone}
    made = world.create("page.md", b"text")
    world.fake.share(world.drive, world.item(made), [Grant("person", (zoe,)), Grant("person", (gone,))])
    known = {"user:zoe@other.org", "user:zoe_other.org#ext#@acme.onmicrosoft.com", f"user:world/{gone}"}
    assert world.scan()[made].readers == known


def test_a_person_without_an_id_is_the_name_that_signs_in(world):
    made = world.create("page.md", b"text")
    world.fake.share(world.drive, world.item(made), [Grant("person", ("Ana@acme.com",))])
    assert world.scan()[made].readers == {"user:ana@acme.com"}


def test_owners_of_a_group_are_not_its_members(world):
    made = world.create("page.md", b"text")
    world.fake.owners[world.group] = {world.ids[EVA]}
    world.fake.share(world.drive, world.item(made), [Grant("group", (f"{world.group}_o",))])
    assert reading(world)[made] == {EVA}


def test_a_group_has_the_people_in_it_and_in_the_groups_in_it_and_no_group_that_is_gone_has_any(world):
    world.create("page.md", b"text")
    world.join(EVA)
    gone = "00000000-0000-4000-8000-000000000001"
    world.fake.share(
        world.drive, world.fake.root(world.drive), [Grant("group", (world.group,)), Grant("group", (gone,))]
    )
    connector = world.connector(sites=[HR])
    list(connector.scan())
    members = {one.principal: one.members for one in connector.groups()}
    assert members == {
        f"group:world/{world.group}": {f"user:{email}" for email in (ANA, LUIS, EVA)},
        f"group:world/{gone}": frozenset(),
    }


def test_a_group_of_a_site_has_the_members_that_the_configuration_says(world):
    made = world.create("page.md", b"text")
    assert reading(world)[made] == {ANA, LUIS}
    said = {"HR Visitors": ["user:eva@acme.com", "domain:other.org"]}
    assert reading(world, site_groups=said)[made] == {ANA, LUIS, EVA, ZOE}
    assert [one for one in world.connector().preflight() if "HR Visitors" in one and "site_groups" in one]
    assert not list(world.connector(site_groups=said).preflight())


def test_groups_of_two_sites_with_one_number_are_two(world):
    connector = world.connector()
    list(connector.scan())
    keys = [one.principal for one in connector.groups() if one.title == "HR Visitors"]
    assert len(set(keys)) == len(keys) == 2


def test_everyone_inside_is_whom_the_configuration_says(world):
    made = world.create("page.md", b"text")
    world.fake.share(world.drive, world.item(made), [Grant("insiders")])
    assert reading(world)[made] == set()
    assert [one for one in world.connector().preflight() if "organization" in one]
    assert reading(world, organization=["domain:acme.com"])[made] == {ANA, EVA, LUIS}
    assert not [
        one for one in world.connector(organization=["domain:acme.com"]).preflight() if "organization" in one
    ]


def test_what_graph_does_not_tell_of_one_document_nobody_may_read(world):
    made, other = world.create("page.md", b"text"), world.create("other.md", b"text")
    world.fake.refused.add(world.item(made).id)
    entries = world.scan()
    assert entries[made].readers is None
    assert entries[other].readers


def test_an_application_that_is_told_nothing_is_told_of_before_a_sync(world):
    made = world.create("page.md", b"text")
    world.fake.roles.remove(FULL)
    assert reading(world)[made] == set()
    assert [one for one in world.connector().preflight() if "HR/Documents" in one and "client_id" in one]


def test_more_readers_than_one_page_holds_are_all_read(world):
    made = world.create("page.md", b"text")
    people = [world.fake.add_person(f"p{number}@acme.com") for number in range(10)]
    world.fake.share(world.drive, world.item(made), [Grant("person", (one,)) for one in people])
    assert len(world.scan()[made].readers or ()) == 10


def test_marks_save_most_of_what_is_asked(world):
    for number in range(45):
        world.create(f"handbook/{number}.md", b"text")

    def parts(**more):
        world.relay.asked.clear()
        world.scan(**more)
        bodies = [json.loads(asked.body) for asked in world.relay.asked if asked.path.endswith("$batch")]
        return sum(len(body["requests"]) for body in bodies)

    assert (parts(), parts(marks=True)) == (48, 2)


# What is listed


def test_a_source_reads_the_drives_that_it_names_and_no_others(world):
    archive = world.fake.add_drive("Archive", "https://acme.sharepoint.com/sites/hr/Archive")
    archive_root = world.fake.root(archive)
    archive_root.grants = []
    world.hr.drives.append(archive)
    own = world.fake.onedrives["ana@acme.com"] = world.fake.add_drive(
        "OneDrive", "https://acme-my.sharepoint.com/p/ana"
    )
    places = {
        "HR/Documents": world.drive,
        "HR/Archive": archive,
        "SALES/Documents": world.sales.drives[0],
        "ana@acme.com/OneDrive": own,
    }
    for place in places.values():
        world.fake.put(place, "page.md", b"text")

    def parts(**more):
        connector = world.connector(**more)
        return sorted(str(connector.part_of(one)) for one in connector.scan() if isinstance(one, Entry))

    assert parts(users=["ana@acme.com"]) == sorted(places)
    assert parts(sites=["all"]) == sorted(set(places) - {"ana@acme.com/OneDrive"})
    assert parts(sites=[HR]) == ["HR/Archive", "HR/Documents"]
    assert parts(drives=["Archive"]) == ["HR/Archive"]
    assert parts(drives=[world.drive.id]) == ["HR/Documents"]
    assert parts(sites=[], users=["ana@acme.com"]) == ["ana@acme.com/OneDrive"]


def test_notebooks_links_and_infected_files_are_no_documents(world):
    made = world.create("page.md", b"text")
    book = world.fake.put(world.drive, "Notebook", None, package={"type": "oneNote"})
    world.fake.note(world.drive, world.fake.put(world.drive, "link.md", b"", remoteItem={"id": "1"}))
    world.fake.put(world.drive, "bad.docx", b"", malware={"description": "bad"})
    world.fake.put(world.drive, "web.url", b"")
    world.fake.put(world.drive, "photo.png", b"")
    world.fake._add(world.drive, "inside.md", book.id, b"", {})
    assert set(world.scan()) == {made}


def test_paths_are_those_below_the_drive(world):
    made = world.create("handbook/deep/page.md", b"text")
    world.create("drafts/page.md", b"text")
    assert set(world.scan(include=["Documents/handbook/**"])) == {made}
    assert set(world.scan(exclude=["drafts/"])) == {made}
    assert "*.png" in (world.connector().ignored("Documents/photo.png") or "")
    connector = world.connector(exclude=["*"])
    list(connector.scan())
    assert connector.ignored(made) is None


def test_a_body_s_own_tag_is_the_revision_where_it_is_told(world):
    world.fake.tells_content = True
    made = world.create("page.md", b"text")
    before = world.scan()[made]
    world.rename(made, "renamed.md")
    assert (world.scan()[made].revision, world.scan()[made].title) == (before.revision, "renamed")
    world.edit(made, b"other")
    assert world.scan()[made].revision != before.revision


def test_a_link_that_needs_nobody_to_sign_in_is_neither_kept_nor_logged(world, caplog):
    caplog.set_level("DEBUG")
    made = world.create("page.md", b"text")
    connector = world.connector()
    listed = list(connector.scan())
    [entry] = [one for one in listed if isinstance(one, Entry)]
    assert connector.fetch(entry).data == b"text"
    everything = f"{listed} {connector.cursor()} {connector!r} {vars(connector)} {caplog.text}"
    assert "tempauth" not in everything
    assert "/:w:/" not in everything
    assert entry.id == made


# What changes


def look(world, follower):
    """Who may read what by what changed."""
    connector = world.connector()
    assert follower.look(connector)
    groups = flattened({group.principal: group.members for group in connector.groups()})
    return {entry.id: entry.readers for entry in effective(follower.listing, groups)}


def test_a_folder_that_is_shared_reaches_what_lies_in_it_by_the_log_alone(world):
    made, apart = world.create("handbook/deep/page.md", b"text"), world.create("handbook/apart.md", b"text")
    world.fake.share(world.drive, world.item(apart), [Grant("person", (world.ids[ZOE],))])
    follower = Follower(world.connector())
    [folder] = world.drive.children(world.fake.root(world.drive))
    world.fake.share(world.drive, folder, [Grant("person", (world.ids[EVA],))])
    assert look(world, follower) == {made: {"user:eva@acme.com"}, apart: {"user:zoe@other.org"}}


def test_all_groups_are_known_also_where_only_changes_were_asked_for(world):
    made = world.create("page.md", b"text")
    follower = Follower(world.connector())
    other = world.create("other.md", b"text")
    world.fake.share(world.drive, world.item(other), [Grant("group", (world.team,))])
    connector = world.connector()
    assert follower.look(connector)
    named = {group.principal for group in connector.groups()}
    assert {f"group:world/{world.group}", f"group:world/{world.team}"} <= named
    assert made in look(world, follower)


def test_a_folder_that_goes_takes_all_with_it_also_what_had_readers_of_its_own(world):
    gone = world.create("handbook/deep/page.md", b"text")
    apart, kept = world.create("handbook/deep/apart.md", b"text"), world.create("kept.md", b"text")
    world.fake.share(world.drive, world.item(apart), [Grant("person", (world.ids[ZOE],))])
    follower = Follower(world.connector())
    assert {one.id for one in follower.listing if isinstance(one, Entry)} == {gone, apart, kept}
    folder = world.drive.items[str(world.item(gone).parent)]
    above = world.drive.items[str(folder.parent)]
    above.away = True
    world.fake.note(world.drive, above)
    assert set(look(world, follower)) == {kept}
    assert not [
        one for one in follower.listing if isinstance(one, Container) and one.title in {"handbook", "deep"}
    ]


def test_a_folder_that_comes_back_or_moves_has_all_listed_anew(world):
    made = world.create("handbook/page.md", b"text")
    folder = world.drive.items[str(world.item(made).parent)]
    follower = Follower(world.connector())
    for change in ({"away": True}, {"away": False}, {"name": "manual"}):
        for name, value in change.items():
            setattr(folder, name, value)
        world.fake.note(world.drive, folder)
        assert follower.look(world.connector()) is (change == {"away": True})
        assert follower.held() == Follower(world.connector()).held()


def test_a_library_that_is_new_has_all_listed_anew(world):
    cursor = world.connector().cursor()
    world.hr.drives.append(world.fake.add_drive("New", "https://acme.sharepoint.com/sites/hr/New"))
    assert world.connector().changes(cursor) is None


@pytest.mark.parametrize("cursor", ["", "{}", "[1]", '{"reading": 1}'])
def test_a_cursor_that_is_none_has_all_listed_anew(world, cursor):
    assert world.connector().changes(cursor) is None
    assert world.connector(exclude=["x"]).changes(world.connector().cursor()) is None


def test_what_is_renamed_into_a_rule_is_gone(world):
    made, kept = world.create("page.md", b"text"), world.create("kept.md", b"text")
    connector = world.connector(exclude=["*.tmp.md"])
    cursor, before = connector.cursor(), list(connector.scan())
    world.rename(made, "page.tmp.md")
    changes = world.connector(exclude=["*.tmp.md"]).changes(cursor)
    assert made in changes.gone
    assert [one.id for one in merged(before, changes) if isinstance(one, Entry)] == [kept]


# Asking


def test_parts_of_a_batch_that_are_throttled_are_asked_again_and_not_before(world):
    made = {world.create(f"{number}.md", b"text") for number in range(25)}
    world.fake.throttled_parts = 7
    entries = world.scan()
    assert {one for one in made if entries[one].readers} == made
    moments = [asked.moment for asked in world.relay.asked if asked.path.endswith("$batch")]
    assert max(after - before for before, after in itertools.pairwise(moments)) >= 1


def test_a_batch_that_stays_throttled_is_an_outage(world, monkeypatch):
    monkeypatch.setattr("ingest.connectors._sharepoint_account.PATIENCE", 0.5)
    world.fake.throttled_parts = 1_000_000
    with pytest.raises(UnavailableError, match="batch") as told:
        world.scan()
    assert told.value.retry_after == 1


def test_a_token_that_is_taken_back_is_asked_for_anew(world):
    made = world.create("page.md", b"text")
    connector = world.connector()
    [entry] = [one for one in connector.scan() if isinstance(one, Entry)]
    world.fake.tokens.clear()
    assert connector.fetch(entry).data == b"text"
    assert [asked.path for asked in world.relay.asked].count("/acme.onmicrosoft.com/oauth2/v2.0/token") == 2
    assert entry.id == made


def test_a_token_is_asked_for_once_while_it_is_good(world):
    connector = world.connector()
    list(connector.scan())
    list(connector.scan())
    assert [asked.path for asked in world.relay.asked].count("/acme.onmicrosoft.com/oauth2/v2.0/token") == 1


def test_a_certificate_does_as_well_as_a_secret(world, tmp_path):
    made = world.create("page.md", b"text")
    path = tmp_path / "app.pem"
    world.fake.certificate = write_certificate(path)
    assert set(world.scan(client_secret=None, certificate=str(path))) == {made}
    write_certificate(path)
    with pytest.raises(ConfigError, match="`certificate`"):
        world.scan(client_secret=None, certificate=str(path))
    path.write_text("nothing")
    with pytest.raises(ConfigError, match=r"certificate: .* as PEM"):
        world.scan(client_secret=None, certificate=str(path))
    with pytest.raises(ConfigError, match=r"certificate: .* cannot be read"):
        world.scan(client_secret=None, certificate=str(tmp_path / "none.pem"))


def write_certificate(path):
    """A new key with its certificate, as one PEM file; returns the certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sabio")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    made = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(pem))
    return made


def test_a_link_to_elsewhere_gets_no_token(world):
    for number in range(5):
        world.create(f"{number}.md", b"text")

    def lead_away(asked: Asked) -> Said | None:
        if "/delta" not in asked.path:
            return None
        said = world.relay.pass_on(asked)
        return Said(200, said.body.replace(b"http://127.0.0.1", b"http://localhost"), said.headers)

    world.relay.interfere = lead_away
    with pytest.raises(ConfigError, match="a link to localhost"):
        world.scan()


# Refusals


@pytest.mark.parametrize(
    ("role", "named"),
    [(READ, "Sites.Read.All"), (MAY_SEE_PEOPLE, "User.ReadBasic.All"), (GROUPS, "GroupMember.Read.All")],
)
def test_a_permission_that_the_application_lacks_is_named(world, role, named):
    made = world.create("page.md", b"text")
    world.fake.share(world.drive, world.item(made), [Grant("person", (world.ids[ANA],))])
    world.fake.roles -= {role, FULL} if role == READ else {role}
    with pytest.raises(ConfigError, match=f"{named}.*`client_id`"):
        world.scan()


def test_a_library_whose_readers_are_refused_names_the_permission(world):
    world.fake.refused.add(world.fake.root(world.drive).id)
    with pytest.raises(ConfigError, match=r"Sites\.FullControl\.All"):
        world.scan()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"sites": ["https://acme.sharepoint.com/sites/none"]}, "sites: there is no site at .*/none"),
        ({"sites": ["https://other.sharepoint.com/"]}, "sites: there is no site"),
        ({"users": ["nobody@acme.com"]}, "users: nobody@acme.com has no OneDrive"),
        ({"drives": ["Document"]}, "drives: there is no 'Document'.*'Documents'"),
        ({"tenant": "other.example"}, "AADSTS90002.*`tenant`"),
        ({"client_id": "other"}, "AADSTS7000215.*`client_id`"),
    ],
)
def test_what_is_not_there_names_the_option(world, options, told):
    with pytest.raises(ConfigError, match=told):
        world.scan(**options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"client_secret": None}, "either `client_secret` or `certificate`"),
        ({"certificate": "app.pem"}, "either `client_secret` or `certificate`"),
        ({"sites": []}, "`sites` or `users`"),
        ({"sites": ["hr"]}, "'hr' is no address"),
    ],
)
def test_options_that_cannot_be_are_refused(world, options, told):
    with pytest.raises(ConfigError, match=told):
        world.connector(**options)


def test_a_document_that_may_not_be_read_is_that_document_s_error(world):
    made, bad = world.create("page.md", b"text"), world.create("bad.md", b"text")
    entries = world.scan()
    world.fake.refused.add(world.item(made).id)
    world.item(bad).facets["malware"] = {}
    for one in (made, bad):
        with pytest.raises(DocumentError, match="may not be read"):
            world.connector().fetch(entries[one])


# Permissions as they are written


def test_links_without_a_scope_and_the_fields_of_before_are_understood():
    ids = [f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2)]
    people = [{"user": {"id": one}} for one in ids]
    said = [
        {"roles": ["read"], "link": {"type": "view"}, "grantedToIdentities": people[:1]},
        {"roles": ["owner"], "grantedTo": people[1]},
        {"roles": ["write"], "invitation": {"email": "new@acme.com"}},
        {"roles": ["read"], "link": {"scope": "existingAccess"}, "grantedToIdentitiesV2": people},
        {"roles": [], "grantedToV2": people[0]},
    ]
    access = read_access(said, "site", datetime.now(UTC))
    assert {holder.key for holder in access.holders or ()} == set(ids)
    assert not access.inherits


def test_a_person_of_whom_nothing_is_told_is_an_account_of_the_source():
    assert person("sites", {"id": "1", "mail": None, "userPrincipalName": None}) == {"user:sites/1"}


# Syncs


def test_a_sync_brings_in_what_is_listed_and_then_only_what_changed(world, tmp_path):
    made = world.create("handbook/leave.md", b"# Leave\n\nEverybody has 30 days of leave a year.\n")
    apart = world.create("handbook/pay.md", b"# Pay\n\nPay comes on the last day of each month.\n")
    world.fake.share(world.drive, world.item(apart), [Grant("person", (world.ids[EVA],))])
    with open_base(tmp_path / "var", {"world": {"type": "sharepoint", **world.options()}}) as kb:
        sync_sources(kb, ["world"])
        assert published(kb) == {made, apart}
        world.edit(made, b"# Leave\n\nEverybody has 31 days of leave a year.\n")
        world.trash(apart)
        world.relay.asked.clear()
        assert scan(kb, "world", scheduled=True)
        work(kb, ["world"], "somebody")
        assert published(kb) == {made}
        asked = [unquote(one.path) for one in world.relay.asked]
        assert all("token=" in path for path in asked if "/delta" in path), "all was listed anew"
        world.fake.share(world.drive, world.fake.root(world.drive), [Grant("person", (world.ids[ZOE],))])
        assert refresh_permissions(kb, "world") == 1


def published(kb):
    with kb.ledger.read() as ledger:
        return {row.entry for row in published_documents(ledger)}
