"""The connector of Confluence, in the Cloud and in a Data Center, against a fake that speaks as both."""

from __future__ import annotations

import html as escaping
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from lxml import html

from bot.check import run_checks
from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import _http, connect
from ingest.documents import EVERYONE, Container
from ingest.ledger import reading, working
from tests.contracts.permitting import ANA, EVA, LUIS, ZOE, PermissionContract, PermittingWorld, readers
from tests.contracts.remote import RemoteContract
from tests.doubles import open_base
from tests.ingest.connectors.fake_confluence import EMAIL, TOKEN, FakeConfluence
from tests.ingest.connectors.fake_confluence_wiki import Thing, Wiki
from tests.ingest.connectors.web import Said, Web
from workers.local import sync_sources

NAMES = (
    "Plain", "With space", "Año nuevo", "Discount of 100% (a)", "A & B?", "Deep/er/page", "日本語", "#1: <b>",
)  # fmt: skip
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"


@pytest.fixture(autouse=True)
def _loopback(loopback, monkeypatch):
    monkeypatch.setattr(_http, "_LONGEST_PAUSE", 0.02)


class ConfluenceWorld(PermittingWorld):
    """A page lies at the top of a space, which the staff may read."""

    type = "confluence"
    renames_keep_ids = True
    names = NAMES
    media_type = "text/html"
    secret, credentials = TOKEN, "`token`"
    cloud: bool

    def __init__(self, place: Path) -> None:
        self.wiki = Wiki()
        self.fake = FakeConfluence(self.wiki, cloud=self.cloud)
        self.fake.__enter__()
        super().__init__(place, self.fake.port)
        self.wiki.groups = {"staff": {ANA, LUIS}, "crew": {ANA, EVA}}
        self.space = self.wiki.add_space("ENG", "staff")
        self.wiki.add_space("~ana", ANA, kind="personal")

    def close(self) -> None:
        super().close()
        self.fake.__exit__()
        assert self.fake.refused == [], "asked for what the documentation does not allow"

    def asked(self, path: str) -> int:
        """How often a path was asked for that ends so, or has this within."""
        return sum(path in one.path for one in self.relay.asked)

    def body(self, words: str) -> bytes:
        return f"{words}\nñ & <b> 'of' \"{words}\"".encode()

    def read(self, fetched: bytes) -> bytes:
        return html.document_fromstring(fetched).find("body").text_content().encode()

    def pattern(self, entry_id: str) -> str:
        return "ENG/" + self.wiki.things[entry_id].title

    def create(self, path: str, data: bytes) -> str:
        return self.wiki.add("page", self.space, path, escaping.escape(data.decode()).encode()).id

    def edit(self, entry_id: str, data: bytes) -> None:
        thing = self.wiki.things[entry_id]
        thing.body, thing.version = escaping.escape(data.decode()).encode(), thing.version + 1

    def rename(self, entry_id: str, path: str) -> str:
        self.wiki.things[entry_id].title = path
        return entry_id

    def delete(self, entry_id: str) -> None:
        self.wiki.remove(self.wiki.things[entry_id])

    def revoke(self) -> None:
        self.fake.token = "another"

    def trash(self, entry_id: str) -> None:
        self.wiki.things[entry_id].status = "archived"

    def restore(self, entry_id: str) -> None:
        self.wiki.things[entry_id].status = "current"

    def may_read(self, person: str, entry_id: str) -> bool:
        return self.wiki.may_read(person, self.wiki.things[entry_id])

    def close_to_all_but(self, person: str, entry_id: str, *, above: bool) -> None:
        (self.space if above else self.wiki.things[entry_id]).readers = {person}

    def join(self, person: str) -> None:
        self.wiki.groups["staff"].add(person)

    def leave(self, person: str) -> None:
        self.wiki.groups["staff"].discard(person)

    def disturb(self, number: int) -> None:
        which, number = number % 7, number // 7
        people, pages = (ANA, LUIS, EVA, ZOE), list(self.wiki.things.values())
        chosen = pages[number % len(pages)]
        named = [*people, "staff", "crew", "crew"]
        some = {named[number % 7], named[number // 7 % 7]}
        if which == 0:
            chosen.readers = some
        elif which == 1:
            chosen.readers = set()
        elif which == 2:
            self.space.readers = some | ({"anonymous"} if number % 5 == 0 else set())
        elif which == 3:
            self.wiki.groups["crew" if number % 2 else "staff"] ^= {people[number // 2 % 4]}
        elif which == 4:
            self._move(chosen, pages[number // 7 % len(pages)])
        elif which == 5:
            chosen.indexed = not chosen.indexed
        else:  # what a page lies in is archived, and counts all the same
            lain = self.wiki.add("page", self.space, f"Old {number}")
            lain.status, lain.readers = "archived", some
            self._move(chosen, lain)

    @staticmethod
    def _move(chosen: Thing, above: Thing | None) -> None:
        here = above
        while here is not None:
            if here is chosen:
                return
            here = here.parent
        chosen.parent = above


class CloudWorld(ConfluenceWorld):
    cloud = True

    def options(self) -> Mapping[str, object]:
        return {"url": f"{self.relay.url}wiki", "email": EMAIL, "token": TOKEN, "spaces": ["ENG"]}


class DataCenterWorld(ConfluenceWorld):
    cloud = False

    def options(self) -> Mapping[str, object]:
        place = {"url": self.relay.url.rstrip("/"), "deployment": "datacenter", "token": TOKEN}
        return {**place, "spaces": ["ENG"], "people_domain": "acme.com"}

    def join(self, person: str) -> None:
        self.wiki.groups.setdefault("newcomers", set()).add(person)
        self.wiki.groups["staff"].add("newcomers")

    def disturb(self, number: int) -> None:
        super().disturb(number)
        # A user name says nothing of Zoe's domain, which is another.
        for one in (*self.wiki.things.values(), self.space):
            one.readers -= {ZOE}
        for members in self.wiki.groups.values():
            members.discard(ZOE)


class TestCloud(PermissionContract, RemoteContract):
    def make_world(self, place: Path) -> CloudWorld:
        return CloudWorld(place)


class TestDataCenter(PermissionContract, RemoteContract):
    def make_world(self, place: Path) -> DataCenterWorld:
        return DataCenterWorld(place)


@pytest.fixture(params=[CloudWorld, DataCenterWorld], ids=["cloud", "datacenter"])
def world(tmp_path, request):
    world = request.param(tmp_path)
    yield world
    world.close()


@pytest.fixture
def cloud(tmp_path):
    world = CloudWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def datacenter(tmp_path):
    world = DataCenterWorld(tmp_path)
    yield world
    world.close()


# Spaces


def test_all_spaces_are_read_that_are_nobody_s_own_and_not_archived(world):
    page = world.create("Page", b"text")
    own = world.wiki.add("page", world.wiki.spaces["~ana"], "Mine").id
    old = world.wiki.add("page", world.wiki.add_space("OLD", "staff", status="archived"), "Old").id
    assert set(world.scan(spaces=[])) == {page}
    assert set(world.scan(spaces=[], personal_spaces=True)) == {page, own}
    assert set(world.scan(spaces=["OLD", "ENG"])) == {page, old}
    assert set(world.scan(spaces="ENG")) == {page}


def test_a_space_that_is_not_seen_is_named_with_the_nearest_one(world):
    with pytest.raises(ConfigError, match=r"source world: spaces: 'ENGG' is no space .*did you mean 'ENG'\?"):
        world.scan(spaces=["ENGG"])


def test_the_cloud_asks_whose_token_it_is(tmp_path):
    with pytest.raises(ConfigError, match="`email` says whose `token` it is"):
        connect("confluence", {"name": "eng", "url": "https://acme.atlassian.net", "token": "x"}, tmp_path)


def test_an_address_where_something_else_is_names_the_options(tmp_path):
    with Web() as web:
        web.answer = lambda _: Said(200, b"<p>Welcome", {"Content-Type": "text/html"})
        options = {"name": "dc", "url": web.url, "deployment": "datacenter", "token": "x"}
        with pytest.raises(ConfigError, match=r"url: .* is no Confluence.*`deployment`"):
            list(connect("confluence", options, tmp_path).scan())


# What is listed


def test_posts_and_files_are_documents_and_archived_and_trashed_pages_are_none(world):
    page = world.create("Page", b"text")
    post = world.wiki.add("blogpost", world.space, "News", b"Today.").id
    file = world.wiki.add("attachment", world.space, "Plan.pdf", PDF, world.wiki.things[page]).id
    of_post = world.wiki.add("attachment", world.space, "Slides.pdf", PDF, world.wiki.things[post]).id
    for name in ("Photo.png", "image from phone"):
        world.wiki.add(
            "attachment", world.space, name, b"png", world.wiki.things[page], media_type="image/png"
        )
    world.wiki.add("attachment", world.space, "Old.pdf", PDF, world.wiki.things[page]).status = "trashed"
    for status in ("archived", "trashed", "draft"):
        world.wiki.add("page", world.space, status).status = status
    found = world.scan()
    assert set(found) == {page, f"blog/{post}", f"attachment/{file}", f"attachment/{of_post}"}
    connector = world.connector()
    assert b"Today." in connector.fetch(found[f"blog/{post}"]).data
    content = connector.fetch(found[f"attachment/{file}"])
    assert (content.data, content.name, content.media_type) == (PDF, "Plan.pdf", "application/pdf")
    assert set(world.scan(attachments=False)) == {page, f"blog/{post}"}
    with pytest.raises(DocumentError, match="max_mb"):
        world.connector(max_mb=0.00002).fetch(found[f"attachment/{file}"])
    world.delete(file)
    with pytest.raises(DocumentError, match="gone"):
        connector.fetch(found[f"attachment/{file}"])


def test_archived_pages_are_not_asked_for_and_not_taken_where_they_are_told_all_the_same(cloud):
    kept, away = cloud.create("Kept", b"text"), cloud.create("Away", b"text")
    cloud.trash(away)
    assert set(cloud.scan()) == {kept}
    assert all("status=current" in asked.path for asked in cloud.relay.asked if "/pages?" in asked.path)
    cloud.fake.heeds_status = False
    assert set(cloud.scan()) == {kept}


def test_a_new_version_of_a_file_is_seen_and_its_page_stays_as_it_was(world):
    page = world.create("Page", b"text")
    file = world.wiki.add("attachment", world.space, "Plan.pdf", PDF, world.wiki.things[page])
    before = world.scan()
    file.body, file.version = PDF + b"%", 2
    after = world.scan()
    assert {id_ for id_ in after if after[id_].revision != before[id_].revision} == {f"attachment/{file.id}"}


def test_another_title_is_another_revision_for_the_title_is_in_the_body(world):
    made = world.create("Old title", b"text")
    before = world.scan()[made].revision
    world.rename(made, "New title")
    [entry] = world.scan().values()
    assert (entry.id, entry.title) == (made, "New title")
    assert entry.revision != before
    assert b"<title>New title</title>" in world.connector().fetch(entry).data


def test_a_file_is_read_by_whoever_may_read_its_page(world):
    page = world.create("Page", b"text")
    world.wiki.add("attachment", world.space, "Plan.pdf", PDF, world.wiki.things[page])
    world.wiki.things[page].readers = {"crew"}
    assert set(map(frozenset, readers(world.connector()).values())) == {frozenset({ANA})}


def test_a_page_that_is_left_out_still_counts_for_those_below_it(world):
    above, below = world.create("Above", b"text"), world.create("Below", b"text")
    world.wiki.things[below].parent = world.wiki.things[above]
    world.wiki.things[above].readers = {LUIS}
    connector = world.connector(exclude=["*/Above"])
    assert readers(connector) == {below: {LUIS}}


def test_a_page_has_its_author_date_and_address(world):
    made = world.create("A page", b"text")
    entry = world.scan()[made]
    assert entry.author == "Bot"
    assert entry.updated_at.isoformat() == "2026-03-01T10:00:00+00:00"
    assert entry.url.startswith(world.options()["url"])
    assert made in entry.url
    assert world.connector().part_of(entry) is None
    connector = world.connector()
    assert {connector.part_of(one) for one in connector.scan() if not isinstance(one, Container)} == {"ENG"}


@pytest.mark.parametrize("links", ["usual", "header", "base", "whole"])
def test_a_list_is_followed_to_its_end_however_it_says_where_that_is(world, links):
    world.fake.links = links
    made = {world.create(f"Page {number}", b"text") for number in range(5)}
    if links == "whole":  # past the relay
        assert set(world.scan(url=world.fake.url + "wiki" * world.cloud)) == made
    else:
        assert set(world.scan()) == made


def test_nothing_is_asked_of_each_page_alone(world):
    """A hundred pages of which some are restricted, and some have files."""
    pages = [world.wiki.things[world.create(f"Page {number}", b"text")] for number in range(100)]
    for page in pages[:3]:
        page.readers = {"crew"}
        world.wiki.add("attachment", world.space, "Plan.pdf", PDF, page)
    world.scan()
    lists = len(pages) / 2 * (2 if world.cloud else 1)  # the fake's pages of two
    assert len(world.relay.asked) < lists + 20
    assert world.asked("/restriction/") == 0
    assert world.asked("attachment?") + world.asked("attachments?") == 3


def test_without_a_search_and_for_what_it_does_not_find_each_page_is_asked_about(cloud):
    made, other = cloud.create("Page", b"text"), cloud.create("Other", b"text")
    cloud.wiki.things[made].readers = {"crew"}
    cloud.wiki.things[made].indexed = False
    assert readers(cloud.connector()) == {made: {ANA}, other: {ANA, LUIS}}
    assert cloud.asked("/restriction/") == 1
    cloud.fake.searches = False
    assert readers(cloud.connector()) == {made: {ANA}, other: {ANA, LUIS}}


def test_a_page_is_cited_with_the_anchor_of_its_heading(tmp_path, world):
    rooms, hours = "The museum has four rooms with a view. " * 30, "It opens at four o'clock. " * 40
    body = f'<p>{rooms}</p><h2 id="Opening-Openinghours">Opening hours</h2><p>{hours}</p>'
    made = world.wiki.add("page", world.space, "Opening", body.encode()).id
    with open_base(
        tmp_path / "var", {"eng": {"type": "confluence", **world.options()}}, real_parsers=True
    ) as kb:
        sync_sources(kb, ["eng"])
        with kb.ledger.read() as ledger:
            [row] = [row for row in reading.published_documents(ledger) if row.entry == made]
            chunks = working.published_chunks(ledger, row.id)
    assert {chunk.anchor for chunk in chunks if "opens at four" in chunk.text} == {"Opening-Openinghours"}


# Who may read


def test_of_a_space_s_group_and_a_page_s_group_those_may_read_who_are_in_both(world):
    made = world.create("Page", b"text")
    world.wiki.things[made].readers = {"crew"}
    assert readers(world.connector()) == {made: {ANA}}


def test_a_page_below_a_restricted_one_is_as_closed(world):
    above, below = world.create("Above", b"text"), world.create("Below", b"text")
    world.wiki.things[below].parent = world.wiki.things[above]
    world.wiki.things[above].readers = {ANA}
    world.wiki.things[below].readers = {"staff"}
    assert readers(world.connector()) == {above: {ANA}, below: {ANA}}


@pytest.mark.parametrize("status", ["archived", "trashed"])
def test_a_page_above_that_is_archived_or_in_the_trash_still_closes_what_is_below_it(world, status):
    above, below = world.create("Above", b"text"), world.create("Below", b"text")
    world.wiki.things[below].parent = world.wiki.things[above]
    world.wiki.things[above].readers, world.wiki.things[above].status = {LUIS}, status
    assert readers(world.connector()) == {below: {LUIS}}


def test_restrictions_of_many_people_are_read_to_their_end(world):
    made = world.create("Page", b"text")
    world.wiki.things[made].readers = {ANA, LUIS, *(f"p{n}@acme.com" for n in range(9)), "crew", "x", "y"}
    [entry] = [one for one in world.connector().scan() if not isinstance(one, Container)]
    people = {one for one in entry.readers if one.startswith("user:")}
    assert people == {f"user:{one}" for one in world.wiki.things[made].readers if "@" in one}
    assert len(entry.readers - people) == 3


RESTRICTIONS_THAT_NAME_NOBODY = [
    {"restrictions": {"user": {"results": [], "size": 1}, "group": {"results": []}}},
    {"restrictions": {"user": {"results": [{"type": "unknown"}]}, "group": {"results": []}}},
    {"restrictions": {"user": {"results": []}, "_expandable": {"group": ""}}},
    {"restrictions": {}},
    {"read": {}},
    {},
    [],
]


@pytest.mark.parametrize("said", RESTRICTIONS_THAT_NAME_NOBODY, ids=json.dumps)
def test_a_restriction_that_names_nobody_who_is_known_lets_nobody_in(world, said):
    made = world.create("Page", b"text")
    world.wiki.things[made].told = False  # so that it is asked about alone
    told = Said(200, json.dumps(said).encode(), {"Content-Type": "application/json"})
    world.relay.interfere = lambda asked: told if "/restriction/" in asked.path else None
    assert readers(world.connector(readers=[EVERYONE])) == {made: set()}


def test_a_space_that_strangers_may_read_is_everyone_s_but_for_its_restricted_pages(world):
    world.space.readers = {"anonymous", "staff"}
    open_, closed = world.create("Open", b"text"), world.create("Closed", b"text")
    world.wiki.things[closed].readers = {EVA}
    found = world.scan()
    assert EVERYONE in found[open_].readers
    assert readers(world.connector()) == {open_: {ANA, LUIS, EVA, ZOE}, closed: {EVA}}


def test_whoever_may_read_by_a_role_alone_is_told_of_and_may_not_read(cloud):
    made = cloud.create("Page", b"text")
    cloud.space.roles = {"all-licensed-users"}
    connector = cloud.connector()
    assert readers(connector) == {made: {ANA, LUIS}}
    [said] = connector.preflight()
    assert "ENG by a role alone (all-licensed-users)" in said


def test_whoever_hides_their_e_mail_is_known_by_their_account(cloud):
    made = cloud.create("Page", b"text")
    cloud.wiki.hidden = {LUIS}
    cloud.wiki.things[made].readers = {LUIS}
    cloud.space.readers = {"staff"}
    assert cloud.scan()[made].readers == {"user:world/557058:luis"}


def test_a_data_center_that_tells_no_e_mails_tells_user_names(datacenter):
    made, other = datacenter.create("Page", b"text"), datacenter.create("Other", b"text")
    datacenter.wiki.things[made].readers = {LUIS}
    datacenter.space.readers = {LUIS, ANA}
    found = datacenter.scan(people_domain=None)
    assert found[made].readers == {"user:world/luis"}
    assert found[other].readers == {"user:world/luis", "user:world/ana"}


def test_a_group_of_many_who_tell_no_e_mail_is_not_asked_about_one_by_one(datacenter):
    datacenter.create("Page", b"text")
    datacenter.wiki.groups["staff"] = {f"p{number}@acme.com" for number in range(60)}
    connector = datacenter.connector(people_domain=None)
    list(connector.scan())
    [group] = connector.groups()
    assert len(group.members) == 60
    assert datacenter.asked("/rest/api/user?") <= 20


def test_restrictions_that_may_not_be_seen_close_the_page_whatever_the_configuration_says(world):
    made, other = world.create("Page", b"text"), world.create("Other", b"text")
    world.wiki.things[made].told = False
    connector = world.connector(readers=[EVERYONE])
    assert readers(connector) == {made: set(), other: {ANA, LUIS}}
    for asked in (connector, world.connector(readers=[EVERYONE])):
        [said] = asked.preflight()
        assert "nobody may read ENG/Page: their restrictions could not be seen" in said
        assert "`token`" in said


def test_of_a_space_whose_permissions_may_not_be_seen_the_configuration_says_who_may_read(world):
    made, closed = world.create("Page", b"text"), world.create("Closed", b"text")
    world.wiki.things[closed].readers = {EVA}
    world.space.told = False
    assert readers(world.connector(readers=[])) == {made: set(), closed: set()}
    assert readers(world.connector(readers=None)) == {made: set(), closed: set()}
    connector = world.connector(readers=["domain:acme.com"])
    assert readers(connector) == {made: {ANA, LUIS, EVA}, closed: {EVA}}
    [said] = connector.preflight()
    assert "who may read the space ENG could not be seen, so `readers` says it" in said


def test_what_the_space_says_is_not_widened_by_the_configuration(world):
    made = world.create("Page", b"text")
    world.space.readers = set()
    assert readers(world.connector(readers=[EVERYONE])) == {made: set()}


def test_what_a_page_lies_in_that_is_no_page_counts_as_well(cloud):
    folder = cloud.wiki.add("folder", cloud.space, "Folder")
    folder.readers = {LUIS}
    made = cloud.wiki.add("page", cloud.space, "Page", b"text", folder).id
    assert readers(cloud.connector()) == {made: {LUIS}}
    folder.told = False
    assert readers(cloud.connector()) == {made: set()}


def test_what_lies_in_something_that_may_not_be_seen_is_nobody_s(world):
    above, below = world.create("Above", b"text"), world.create("Below", b"text")
    world.wiki.things[below].parent = world.wiki.things[above]
    world.wiki.things[above].seen = False
    connector = world.connector(readers=[EVERYONE])
    assert readers(connector) == {below: set()}
    [said] = connector.preflight()
    assert "nobody may read ENG/Below: what they lie in could not be seen" in said


def test_a_group_is_called_as_people_call_it(world):
    world.create("Page", b"text")
    connector = world.connector()
    list(connector.scan())
    assert [(group.title, len(group.members)) for group in connector.groups()] == [("staff", 2)]


def test_a_group_that_was_deleted_lets_nobody_read(world):
    made = world.create("Page", b"text")
    world.wiki.things[made].readers = {"crew", LUIS}
    del world.wiki.groups["crew"]
    assert readers(world.connector()) == {made: {LUIS}}


# Refusals


def test_a_group_whose_members_may_not_be_seen_is_a_person_s_matter(world):
    world.create("Page", b"text")
    world.wiki.unseen_groups = {"staff"}
    connector = world.connector()
    list(connector.scan())
    with pytest.raises(ConfigError, match=r"`token`: what may they do\?; it was asked who is in the group"):
        list(connector.groups())


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_not_list_is_told_of_with_both_options(cloud, status):
    cloud.create("Page", b"text")
    told = Said(status, b'{"message": "Unauthorized; scope does not match"}')
    cloud.relay.interfere = lambda asked: told if asked.path.split("?")[0].endswith("/pages") else None
    with pytest.raises(ConfigError, match="look at `email` and `token`: what may they do"):
        cloud.scan()


def test_a_data_center_that_refuses_to_tell_says_what_is_missing(datacenter):
    datacenter.relay.interfere = lambda asked: Said(500) if asked.path.endswith("/permissions") else None
    with pytest.raises(UnavailableError, match="must administer the space ENG"):
        datacenter.scan()


# As a user would


def test_pages_come_in_with_their_readers_and_only_what_changed_is_fetched_again(tmp_path, world):
    one = world.create("Opening hours", b"The office opens at nine.")
    world.create("Dogs", b"Dogs may come on Fridays.")
    given = {"type": "confluence", **world.options()}
    with open_base(tmp_path / "var", {"eng": given}, real_parsers=True) as kb:
        [report] = sync_sources(kb, ["eng"])
        assert (report["outcome"], report["new"], report["warnings"]) == ("done", 2, [])
        assert "group:eng/staff" in {one.replace("id-", "") for one in kb.principals(LUIS)}
        world.edit(one, b"The office opens at ten.")
        world.close_to_all_but(ANA, one, above=False)
        [report] = sync_sources(kb, ["eng"])
        assert (report["changed"], report["unchanged"], report["readers_changed"]) == (1, 1, 1)
        with kb.ledger.read() as ledger:
            [row] = [row for row in reading.published_documents(ledger) if row.entry == one]
            texts = [chunk.text for chunk in working.published_chunks(ledger, row.id)]
    assert texts == ["The office opens at ten."]


def test_check_counts_each_space_and_warns_of_what_nobody_may_read(tmp_path, data, cloud):
    cloud.create("Page", b"text")
    hidden = cloud.create("Hidden", b"text")
    cloud.wiki.things[hidden].told = False
    config = tmp_path / "sabio.yaml"
    options = {**cloud.options(), "spaces": "[ENG]"}
    listed = ", ".join(f"{name}: {value}" for name, value in options.items())
    config.write_text(f"translation: none\nsources:\n  - {{name: eng, type: confluence, {listed}}}\n")
    said = [one.message for one in run_checks(config, data) if one.subject == "source eng"]
    assert said[0] == "confluence: 2 documents are listed"
    assert any("1 of its documents" in one for one in said)
    assert any("nobody may read ENG/Hidden" in one for one in said)
