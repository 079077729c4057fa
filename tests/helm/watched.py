"""Olivar, the sample company, at work on real servers and watched by a real Prometheus.

    with watched(folder, servers, rules) as company:
        company.sync("wiki")
        company.ask("How many days a week can I work from home?")
        company.prometheus.ask("sum(sabio_questions_total)")

`sabio serve`, `work` and `beat` are the product's own processes, over Redis, PostgreSQL and Weaviate; people
ask in the tests' Slack, and a model server words the answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Select, func, select

from bot import demo
from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from ingest.ledger.tables import events, runs
from tests.models.behaviours import status, well
from tests.models.scripted import Extractive, Inventive
from tests.models.server import KEY, MODEL, ModelServer
from tests.sabio_child import Child
from tests.services import Postgres, Redis, Weaviate
from tests.services.prometheus import Prometheus
from tests.slack.blocks import is_whole
from tests.slack.fake import FakeSlack
from tests.slack.office import ANA, LUIS, at_work, configure, office
from tests.slack.workspace import BOT, TEAM, Json
from tests.waiting import await_

LOST = "share"
"""A source whose folder is not there."""
WELL = Extractive(enough=0.3)
"""The model's script on good days."""


@dataclass(frozen=True)
class Servers:
    """What the company runs on, and nobody else: they may be stopped."""

    redis: Redis
    postgres: Postgres
    weaviate: Weaviate


@dataclass
class Watched:
    """The company: its configuration file, who works, who watches."""

    config: Path
    kb: KnowledgeBase
    slack: FakeSlack
    model: ModelServer
    prometheus: Prometheus
    servers: Servers
    ports: dict[str, int]
    """Where its processes answer for themselves."""

    @property
    def documents(self) -> Path:
        """The folder that its sources read."""
        return self.config.parent / "company"

    def ask(self, question: str, person: str = ANA) -> Json:
        """Somebody asks in the channel `general`: the reply, when it is whole."""
        return self.reply(self.say(question, person), question)

    def say(self, text: str, person: str = ANA) -> str:
        """Somebody writes to Sabio in the channel `general`: where the message stands."""
        asked, _ = self.slack.say(person, f"<@{BOT}> {text}", "C1")
        return asked

    def reply(self, asked: str, question: str) -> Json:
        """The reply to a message, when it is whole."""
        done = select(events.c.done_at).where(events.c.id == f"slack:{TEAM}/C1/{asked}")
        await_(lambda: self._scalar(done), question)
        return self.slack.await_reply(asked, until=is_whole)

    def vote(self, reply: Json, *, up: bool, person: str = ANA) -> None:
        """Somebody presses a thumb below a reply."""
        self.slack.click(person, reply, "vote", value="positive" if up else "negative")

    def sync(self, source: str) -> None:
        """Luis has a source synced, and waits until the run has ended, well or not."""
        before = self.syncs(source)
        self.say(f"sync {source}", LUIS)
        await_(lambda: self.syncs(source) > before, f"{source} is synced")

    def lose_chunks(self, count: int) -> None:
        """Somebody else removes chunks from the index."""
        index = self.kb.collection().index
        index.delete(list(islice(index.ids(), count)))

    def syncs(self, source: str) -> int:
        """How many syncs of a source have ended, well or not."""
        ended = (runs.c.source == source, runs.c.kind == "sync", runs.c.finished_at.is_not(None))
        return int(self._scalar(select(func.count()).where(*ended)))

    def _scalar(self, query: Select[Any]) -> Any:
        with self.kb.ledger.read() as ledger:
            return ledger.scalar(query)


@contextmanager
def watched(folder: Path, servers: Servers, rules: Sequence[dict[str, Any]] = ()) -> Iterator[Watched]:
    """The company in an empty folder, synced by its workers; `rules` are groups that Prometheus evaluates."""
    with ExitStack() as ended:
        prometheus = Prometheus.start(folder / Prometheus.name)
        ended.callback(prometheus.drop)
        model = ended.enter_context(ModelServer(WELL))
        slack = ended.enter_context(office())
        config = demo._lay_out(folder)
        written = {"llm": f"openai-like:{MODEL}", "llm_url": model.url, "llm_api_key": KEY}
        kept = {"queue": servers.redis.url, "ledger": servers.postgres.url, "index": servers.weaviate.url}
        configure(config, slack, **written, **kept, sync={"brake_count": 3})
        _add_lost_source(config)
        work = ended.enter_context(_process(config, "work"))
        beat = ended.enter_context(_process(config, "beat"))
        kb = ended.enter_context(KnowledgeBase(load_settings(config, environ={})))
        company = Watched(config, kb, slack, model, prometheus, servers, {})
        await_(lambda: all(company.syncs(source) for source in ("wiki", "drive", LOST)), "the first syncs")
        serve = ended.enter_context(at_work(config))
        company.ports |= {"bot": serve.port(), "worker": work.port(), "beat": beat.port()}
        prometheus.watch(company.ports, rules)
        yield company


def good_day(company: Watched) -> None:
    """People ask, in two languages, and vote; one question has no answer."""
    helpful = company.ask("How many days a week can I work from home?")
    company.vote(helpful, up=True)
    company.ask("¿Se pagan las vacaciones en dinero?")
    company.vote(company.ask("Who approves a trip abroad?"), up=False)
    company.ask("How many stock options does a new employee receive?")


def bad_model(company: Watched) -> None:
    """The language model invents, and then it is down."""
    company.model.script = Inventive()
    company.ask("How much does Olivar pay for a chair at home?")
    company.model.behave(status(503))
    company.ask("How much may a Lead spend on a hotel per night?")
    company.model.script = WELL
    company.model.behave(well)


def bad_documents(company: Watched) -> None:
    """A file that cannot be read, others that are gone one morning, an index that has lost something."""
    broken = company.documents / "drive" / "plan.pdf"
    broken.write_bytes(b"%PDF-1.7 and no more")
    company.sync("drive")
    for file in set((company.documents / "drive").rglob("*.*")) - {broken}:
        file.unlink()
    company.sync("drive")
    company.lose_chunks(2)
    company.sync("wiki")


@contextmanager
def index_away(company: Watched) -> Iterator[None]:
    """Weaviate is down, just as a page has changed and somebody asks."""
    company.servers.weaviate.stop()
    page = company.documents / "wiki" / "people" / "remote-work.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nAsk your lead first.\n", encoding="utf-8")
    company.say("sync wiki", LUIS)
    company.ask("Who approves a trip abroad?")
    yield
    company.servers.weaviate.restart()


@contextmanager
def _process(config: Path, *words: str) -> Iterator[Child]:
    with Child(config, *words, "--port", "0", module="bot.__main__") as child:
        yield child
        child.stop()


def _add_lost_source(config: Path) -> None:
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["sources"].append({"name": LOST, "type": "folder", "path": "./gone", "readers": ["everyone"]})
    config.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
