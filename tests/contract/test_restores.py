"""Row 37 of the reliability contract: a backup comes back, and what was deleted since stays deleted."""

import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.retrieval import retrieve
from config.errors import UnavailableError
from ingest import sync
from ingest.documents import EVERYONE
from ingest.ledger import restoring
from tests.contract.test_removals import canaries
from tests.doubles import Page, differences, open_base
from workers import jobs
from workers.local import sync_sources

ALL = frozenset({EVERYONE})
PAGES = {f"page {number}": Page(f"The canary{number} sings.", f"Title {number}") for number in range(12)}
DELETED, EDITED, CLOSED = range(4), 4, 5
MAY_BE_READ = {number for number in range(12) if number not in DELETED and number != CLOSED}


@dataclass
class Kept:
    """Something that holds data in a folder, and the copy that is made of it."""

    folder: Path
    stop: Callable[[], None] = lambda: None
    run: Callable[[], None] = lambda: None

    def copy(self):
        self._replace(self.folder, self._copy)

    def restore(self):
        self._replace(self._copy, self.folder)

    @property
    def _copy(self):
        return self.folder.with_name(self.folder.name + ".backup")

    def _replace(self, old, new):
        self.stop()
        shutil.rmtree(new, ignore_errors=True)
        subprocess.run(["cp", "-a", old, new], check=True)  # PostgreSQL's files are another user's
        self.run()


class Installation:
    """A company's, on a laptop's parts or on servers of its own; `kb()` opens it anew, as after a restart."""

    def __init__(self, data, kept, **engines):
        self.kept, self.pages = kept, dict(PAGES)
        self._data, self._engines, self._open = data, engines, ExitStack()

    def kb(self):
        self.close()
        kb = open_base(self._data, memory=["wiki"], brake_count=len(PAGES), **self._engines)
        kb.connectors["wiki"]._pages = self.pages
        return self._open.enter_context(kb)

    def close(self):
        self._open.close()

    def restore(self, *parts):
        self.close()
        for part in parts:
            self.kept[part].restore()


def on_a_laptop(tmp_path, _request):
    # One folder holds both; they are backed up apart here, as a careless backup does.
    for name in ("ledger", "index"):
        (tmp_path / name).mkdir()
    return Installation(
        tmp_path,
        {"ledger": Kept(tmp_path / "ledger"), "index": Kept(tmp_path / "index")},
        ledger=f"sqlite:///{tmp_path}/ledger/ledger.db",
    )


def on_servers(tmp_path, request):
    postgres, weaviate = map(request.getfixturevalue, ("own_postgres", "own_weaviate"))

    def of(server):
        return Kept(server.data, server.stop, lambda: (server.run(), server.await_ready()))

    kept = {"ledger": of(postgres), "index": of(weaviate)}
    return Installation(tmp_path, kept, ledger=postgres.url, index=weaviate.url)


KINDS = [on_a_laptop, on_servers]
mostly_embedded = pytest.mark.parametrize(
    "company", [on_a_laptop, pytest.param(on_servers, marks=pytest.mark.contract)], indirect=True
)
"""On servers by `make contract` only: starting and copying them takes seconds."""


@pytest.fixture(params=KINDS)
def company(request, tmp_path):
    """Backed up, and then changed: four pages deleted, one edited, one closed to the public."""
    made = request.param(tmp_path, request)
    sync_sources(made.kb(), ["wiki"])
    made.close()
    for kept in made.kept.values():
        kept.copy()
    for number in DELETED:
        del made.pages[f"page {number}"]
    made.pages[f"page {EDITED}"] = Page("The nightingale sings.", f"Title {EDITED}")
    made.pages[f"page {CLOSED}"] = Page(
        f"The canary{CLOSED} sings.", f"Title {CLOSED}", frozenset({"user:a"})
    )
    sync_sources(made.kb(), ["wiki"])
    assert found(made.kb()) == MAY_BE_READ - {EDITED}
    yield made
    made.close()


def found(kb):
    """The canaries that everyone finds, asked for one by one and together."""
    questions = [*(f"canary{number}" for number in range(12)), "Who sings?"]
    return set().union(*(canaries(retrieve(kb, question, ALL, limit=50)) for question in questions))


def syncs_to_the_source(company, kb):
    [report] = sync_sources(kb, ["wiki"])
    assert (report["outcome"], report["still_answerable"]) == ("done", 0)
    assert differences(kb, "wiki", company.pages) == []
    assert found(kb) == MAY_BE_READ - {EDITED}
    texts = [one.passage.text for one in retrieve(kb, "nightingale", ALL).passages]
    assert "The nightingale sings." in texts


def test_an_index_that_was_restored_brings_nothing_back(company):
    company.restore("index")
    kb = company.kb()
    for look in (lambda: None, lambda: jobs.audit(kb)):
        look()
        assert found(kb) == MAY_BE_READ - {EDITED}
    syncs_to_the_source(company, kb)


@mostly_embedded
def test_a_sync_alone_puts_a_restored_index_right(company):
    company.restore("index")
    syncs_to_the_source(company, company.kb())


def test_a_ledger_that_was_restored_beside_the_living_index_brings_nothing_back(company):
    company.restore("ledger")
    kb = company.kb()
    # Who may read what is the ledger's word, and the index's: neither of them alone opens anything.
    for look in (lambda: None, lambda: jobs.audit(kb)):
        look()
        assert found(kb) == MAY_BE_READ - {EDITED}
    syncs_to_the_source(company, kb)


def test_after_both_were_restored_nothing_is_answered_until_the_source_was_listed(company):
    company.restore("ledger", "index")
    kb = company.kb()
    with kb.ledger.write() as ledger:
        restoring.mark_restored(ledger)  # what `sabio restored` does
    for look in (lambda: None, lambda: jobs.audit(kb)):
        look()
        with pytest.raises(UnavailableError, match="restored from a backup"):
            found(kb)
    syncs_to_the_source(company, kb)


@mostly_embedded
def test_work_that_a_restored_ledger_remembers_is_not_gone_on_with(company):
    kb = company.kb()
    for number in DELETED:
        company.pages[f"page {number}"] = PAGES[f"page {number}"]
    sync.scan(kb, "wiki")
    company.close()
    company.kept["ledger"].copy()  # in the middle of a run
    for number in DELETED:
        del company.pages[f"page {number}"]
    sync_sources(company.kb(), ["wiki"])
    company.restore("ledger")
    kb = company.kb()
    with kb.ledger.write() as ledger:
        restoring.mark_restored(ledger)
    while any(job.name == jobs.WORK for job in jobs.due(kb, jobs.now())):
        jobs.work(kb, "wiki")
        with pytest.raises(UnavailableError, match="restored from a backup"):
            found(kb)
    syncs_to_the_source(company, kb)
