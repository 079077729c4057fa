"""The connector of MediaWiki, against the real one: its pages, moves, deletions, files and refusals."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from bot.check import run_checks
from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import _http, connect
from ingest.connectors._mediawiki import Wiki
from ingest.ledger import reading, working
from tests.contracts.connector import STEPS
from tests.contracts.remote import RemoteContract, RemoteWorld
from tests.doubles import open_base
from tests.ingest.connectors.web import Said, Web
from tests.services.fixtures import here
from tests.services.mediawiki import MediaWiki
from workers.local import sync_sources

NAMES = (
    "Plain", "With space", "Año nuevo", "Discount of 100% (a)", "A & B?", "Deep/er/page", "日本語", "C++",
    "Q&A: what's \"new\"?",
)  # fmt: skip
ENGLISH = "The {name} has {number} rooms.\n\n== Opening hours ==\nIt opens at {number} o'clock.\n"
WRONG = "v" * 32
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
SPANISH = "El {name} tiene {number} salas.\n\n== Horario ==\nAbre a las {number}.\n"


class WikiWorld(RemoteWorld):
    type = "mediawiki"
    renames_keep_ids = True
    names = NAMES
    media_type = "text/html"
    credentials = "`user`.*`password`"

    def __init__(self, place: Path, wiki: MediaWiki) -> None:
        super().__init__(place, urlsplit(wiki.url).port)
        self.wiki, self.secret = wiki, wiki.bot_password
        self._password = wiki.bot_password
        self._titles: dict[str, str] = {}

    def options(self) -> Mapping[str, object]:
        url = self.relay.url.rstrip("/") + urlsplit(self.wiki.url).path
        return {"url": url, "user": self.wiki.bot_user, "password": self._password}

    def body(self, words: str) -> bytes:
        return f"Words about {len(words)} things".encode()

    def read(self, fetched: bytes) -> bytes:
        [text] = html.document_fromstring(fetched).find_class("mw-parser-output")
        return text.text_content().strip().encode()

    def pattern(self, entry_id: str) -> str:
        return self._titles[entry_id]

    def create(self, path: str, data: bytes) -> str:
        title = path[0].upper() + path[1:]
        made = str(self.wiki.edit(title, data.decode()))
        self._titles[made] = title
        return made

    def edit(self, entry_id: str, data: bytes) -> None:
        self.wiki.edit(self._titles[entry_id], data.decode())

    def rename(self, entry_id: str, path: str) -> str:
        title = path[0].upper() + path[1:]
        self.wiki.move(self._titles[entry_id], title)
        self._titles[entry_id] = title
        return entry_id

    def delete(self, entry_id: str) -> None:
        self.wiki.delete(self._titles.pop(entry_id))

    def break_down(self) -> None:
        self.wiki.kill()

    def revoke(self) -> None:
        self._password = WRONG  # what the wiki takes any other password for

    def trash(self, entry_id: str) -> None:
        self.wiki.delete(self._titles[entry_id])

    def restore(self, entry_id: str) -> None:
        self.wiki.undelete(self._titles[entry_id])


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    monkeypatch.setattr(_http, "_LONGEST_PAUSE", 0.05)


@pytest.fixture
def world(tmp_path, own_mediawiki):
    world = WikiWorld(tmp_path, own_mediawiki)
    yield world
    world.close()


@contextmanager
def wikis():
    """Makes wikis, and ends them all."""
    made = []

    def another(**options):
        made.append(here(lambda: MediaWiki.start(Path(tempfile.mkdtemp()), **options)))
        return made[-1]

    try:
        yield another
    finally:
        for wiki in made:
            wiki.drop()


class TestMediaWiki(RemoteContract):
    @pytest.fixture(autouse=True)
    def _wiki(self, own_mediawiki: MediaWiki) -> None:
        self.wiki = own_mediawiki

    @pytest.fixture
    def world(self, tmp_path: Path, own_mediawiki: MediaWiki) -> Iterator[WikiWorld]:
        world = WikiWorld(tmp_path, own_mediawiki)
        yield world
        world.close()

    def make_world(self, place: Path) -> WikiWorld:
        """A wiki for each history: the same one, emptied."""
        self.wiki.empty()
        return WikiWorld(place, self.wiki)

    @settings(max_examples=5, deadline=None)
    @given(st.lists(STEPS, max_size=12))
    def test_after_any_history_fetching_what_changed_gives_what_is_there(self, steps) -> None:
        self.check_history(steps)

    @pytest.mark.contract
    @settings(max_examples=1_000, deadline=None)
    @given(st.lists(STEPS, max_size=25))
    def test_after_a_thousand_histories_nothing_is_missing_or_extra(self, steps) -> None:
        self.check_history(steps)


# Syncs


def base_of(tmp_path, world, **options):
    given = {"type": "mediawiki", "readers": ["everyone"], **world.options(), **options}
    return open_base(tmp_path / "var", {"wiki": given}, real_parsers=True)


def sync(kb):
    [report] = sync_sources(kb, ["wiki"])
    return report


def fetches(monkeypatch):
    """The pages whose bodies are asked for, as they are."""
    found, text = [], Wiki.text
    monkeypatch.setattr(Wiki, "text", lambda wiki, page: found.append(page) or text(wiki, page))
    return found


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.contract)])
def test_hundreds_of_pages_come_in_and_then_only_what_changed(tmp_path, world, monkeypatch, count):
    """Two languages; an edit, a move and a deletion."""
    half = range(count // 2)
    pages = {f"House {n}": ENGLISH.format(name=f"house {n}", number=n) for n in half}
    pages |= {f"Casa {n}": SPANISH.format(name=f"edificio {n}", number=n) for n in half}
    world.wiki.import_pages(pages)
    fetched = fetches(monkeypatch)
    with base_of(tmp_path, world) as kb:
        first = sync(kb)
        assert (first["outcome"], first["new"], len(fetched)) == ("done", len(published(kb)), len(fetched))
        titles = {row.title: row.entry for row in published(kb)}
        assert titles.keys() >= pages.keys()
        fetched.clear()
        assert sync(kb)["unchanged"] == first["new"]
        assert fetched == []

        world.wiki.edit("Casa 7", SPANISH.format(name="edificio 7", number=70))
        world.wiki.move("House 8", "Old house 8")
        world.wiki.delete("House 9")
        report = sync(kb)
        assert (report["changed"], report["removed"], report["new"]) == (2, 1, 0)
        assert sorted(fetched) == sorted([titles["Casa 7"], titles["House 8"]])
        now = {row.title: row for row in published(kb)}
        assert now["Old house 8"].entry == titles["House 8"]
        assert {"House 8", "House 9"}.isdisjoint(now)
        assert now["Casa 7"].language == "es"


def published(kb):
    with kb.ledger.read() as ledger:
        return reading.published_documents(ledger)


def test_a_page_is_cited_with_the_anchor_of_its_heading_and_who_wrote_it(tmp_path, world):
    rooms, hours = "The museum has four rooms with a view. " * 30, "It opens at four o'clock. " * 40
    made = str(world.wiki.edit("Opening", f"{rooms}\n\n== Opening hours ==\n{hours}\n"))
    with base_of(tmp_path, world) as kb:
        sync(kb)
        [row] = [row for row in published(kb) if row.entry == made]
        with kb.ledger.read() as ledger:
            chunks = working.published_chunks(ledger, row.id)
    assert {chunk.anchor for chunk in chunks if "opens at four" in chunk.text} == {"Opening_hours"}
    assert row.author == world.wiki.admin
    assert row.url.startswith(world.wiki.url)
    assert row.url.endswith("Opening")


def test_a_deleted_page_that_comes_back_is_the_page_that_it_was(world):
    made = world.create("Page", b"Here again.")
    world.wiki.delete("Page")
    assert world.scan() == {}
    world.wiki.undelete("Page")
    assert set(world.scan()) == {made}


def test_a_redirect_is_no_page_and_what_it_leads_to_is_one(world):
    made = world.create("Old name", b"Words.")
    world.wiki.move("Old name", "New name", redirect=True)
    assert {entry.id: entry.title for entry in world.scan().values()} == {made: "New name"}


def test_namespaces_that_are_named_are_read_and_no_others(world):
    page = str(world.wiki.edit("Page", "A page."))
    help_ = str(world.wiki.edit("Help:Contents", "Help."))
    world.wiki.edit("Talk:Page", "Said about it.")
    assert set(world.scan()) == {page}
    assert set(world.scan(namespaces=[0, 12])) == {page, help_}
    assert set(world.scan(namespaces=[0, 12], exclude=["Help:*"])) == {page}


def test_uploaded_files_are_documents_with_their_own_bytes(world):
    made = world.wiki.upload("Plan.pdf", PDF)
    [entry] = world.scan(namespaces=[6]).values()
    assert (entry.id, entry.title, entry.media_type) == (f"file/{made}", "File:Plan.pdf", "application/pdf")
    connector = world.connector(namespaces=[6])
    content = connector.fetch(entry)
    assert (content.data, content.name) == (PDF, "Plan.pdf")
    with pytest.raises(DocumentError, match="max_mb"):
        world.connector(namespaces=[6], max_mb=0.00005).fetch(entry)
    world.wiki.upload("Plan.pdf", PDF + b"%again")
    [again] = world.scan(namespaces=[6]).values()
    assert again.id == entry.id
    assert again.revision != entry.revision
    world.wiki.delete("File:Plan.pdf")
    with pytest.raises(DocumentError, match="gone"):
        connector.fetch(again)


# Refusals


def test_a_wrong_password_names_both_options_and_no_secret(world):
    with pytest.raises(ConfigError, match=r"`user`.*`password`") as told:
        list(world.connector(password=WRONG).scan())
    assert WRONG not in str(told.value)


def test_a_namespace_that_the_wiki_does_not_have_names_the_option(world):
    with pytest.raises(ConfigError, match="look at `namespaces`"):
        world.scan(namespaces=[999])


def test_a_person_s_own_name_and_password_do_as_well(world):
    made = world.create("Page", b"Words.")
    user, password = world.wiki.admin, world.wiki.admin_password
    assert set(world.scan(user=user, password=password)) == {made}


def test_a_wiki_that_shows_nothing_to_strangers_names_both_options(tmp_path, loopback):
    with wikis() as another:
        world = WikiWorld(tmp_path, another(private=True))
        made = world.create("Page", b"Words.")
        assert set(world.scan()) == {made}
        with pytest.raises(ConfigError, match="look at `user` and `password`"):
            world.scan(user=None, password=None)
        world.wiki.upload("Plan.pdf", PDF)
        [entry] = world.scan(namespaces=[6]).values()
        with pytest.raises(DocumentError, match="may not be read"):
            world.connector(namespaces=[6]).fetch(entry)
        person = {"user": world.wiki.admin, "password": world.wiki.admin_password}
        assert world.connector(namespaces=[6], **person).fetch(entry).data == PDF


def test_check_counts_what_is_listed_in_each_namespace(world, data):
    world.create("Page", b"Words.")
    world.wiki.edit("Help:Contents", "Help.")
    world.wiki.edit("Help:Search", "Help.")
    options = {"type": "mediawiki", "readers": ["everyone"], "namespaces": [0, 12], **world.options()}
    config = world.place / "sabio.yaml"
    config.write_text(yaml.safe_dump({"translation": "none", "sources": [{"name": "wiki", **options}]}))
    said = [one.message for one in run_checks(config, data) if one.subject == "source wiki"]
    assert said == ["mediawiki: 3 documents are listed: 2 in Help:, 1 at the top"]


def test_user_and_password_belong_together(world):
    with pytest.raises(ConfigError, match="set together"):
        world.connector(password=None)


def test_what_the_wiki_shows_to_everybody_needs_no_password(world):
    made = world.create("Page", b"For all.")
    assert set(world.scan(user=None, password=None)) == {made}


def test_a_session_that_the_wiki_has_forgotten_is_begun_anew(world):
    made = world.create("Page", b"Words.")
    connector = world.connector()
    [entry] = connector.scan()
    connector._wiki._http._cookies.clear()
    assert b"Words." in connector.fetch(entry).data
    assert [one.id for one in connector.scan()] == [made]


@pytest.mark.parametrize("added", ["", "index.php/"])
def test_an_address_where_no_wiki_is_names_the_option(world, added):
    with Web() as web:
        web.answer = lambda _: Said(404)
        with pytest.raises(ConfigError, match="url: no MediaWiki is found"):
            list(connect("mediawiki", {"name": "wiki", "url": web.url + added}, world.place).scan())


@pytest.mark.parametrize("code", ["maxlag", "ratelimited", "readonly"])
def test_a_wiki_that_asks_for_time_gets_it(loopback, tmp_path, code):
    told = json.dumps({"errors": [{"code": code, "text": "Later."}]}).encode()
    pages = json.dumps({"batchcomplete": True, "query": {"pages": []}}).encode()
    with Web() as web:
        web.in_turn(
            Said(), Said(200, told, {"MediaWiki-API-Error": code, "Retry-After": "1"}), Said(200, pages)
        )
        assert list(connect("mediawiki", {"name": "wiki", "url": web.url}, tmp_path).scan()) == []
    assert web.asked[2].moment - web.asked[1].moment >= 1


def test_a_listing_that_ends_within_a_batch_is_an_outage(loopback, tmp_path):
    page = {"pageid": 1, "title": "A", "revisions": [{"revid": 3}]}
    with Web() as web:
        web.in_turn(Said(), Said(200, json.dumps({"query": {"pages": [page]}}).encode()))
        with pytest.raises(UnavailableError, match="within a batch"):
            list(connect("mediawiki", {"name": "wiki", "url": web.url}, tmp_path).scan())
