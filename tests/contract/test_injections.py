"""Rows 27, 28 and 31 of the reliability contract: a page that gives orders, and a model that obeys it.

Whatever stands in titles, headings, names, file names and texts, and whatever a model makes of it: what a
person sees has no address but those of the documents that it cites, no image, no mention, no masked link, no
line that is not Sabio's own; nothing is done; and nobody is spoken to but the model.
"""

import contextlib
import html
import io
import json
import re
import sys
import unicodedata
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from bot import answering, ranking, retrieval, writer
from bot.door import handle
from bot.messages import Message, Outcome, Person
from bot.platforms._answers import print_answer
from bot.verification import Verifier
from bot.writer import Writer, _Model
from config.patience import bounded_client
from ingest.ledger.tables import metadata
from tests.contract.payloads import OURS, fill_pages, write_payloads
from tests.doubles import Page, open_base
from tests.models import obedient
from tests.models.in_process import ScriptedLLM
from tests.models.reading import passages_of, text_of
from workers.local import sync_sources

ANA = Person("ana@acme.com", "Ana")
TOGETHER = 8
"""Pages about one topic."""
READABLE, SECRET = "merger with Olivar", "Zanzibar"
"""Words of a page that Ana may read, and of one that she may not."""

# What is a link to some chat, browser or reader of Markdown; stricter than any of them alone.
_LINK = re.compile(
    r"[a-z][a-z0-9+.-]+:[/\\]+[^\s/\\]\S*|[/\\]{2}[^\s/\\]\S*|\bwww\.\w\S*"
    r"|\b(?:javascript|data|mailto|tel|sms|slack|msteams|ms-word|view-source|intent|blob|x-evil):\S+"
    r"|(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d+)?[/?\\]\S*",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"!\[|\]\(|^[\s>-]*\[[^\]]+\]:\s*(?:<[^<>\n]*>|[^\s<]\S*)(?:\s+[\"'(].*)?$|<[a-z!@#/?]"
    r"|@(?:channel|here|everyone|all)\b|`{3}|~{3}",
    re.IGNORECASE | re.MULTILINE,
)


def signs_in(text: str, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Every link that is not allowed, image, mention and masked link in a text, however it is read."""
    found = []
    for reading in readings(text):
        found += [link for link in _LINK.findall(reading) if not _is_allowed(link, allowed)]
        found += _MARKUP.findall(reading)
    return found


def _is_allowed(link: str, allowed: frozenset[str]) -> bool:
    link = link.rstrip(".,;:)]”»’\"'")
    found = re.fullmatch(r"https?://([a-z.]+)(?:/([\w%./?=@-]*))?", link, re.IGNORECASE)
    return link in allowed or bool(found and found[1] == OURS and "//" not in (found[2] or ""))


def readings(text: str) -> Iterator[str]:
    """A text as it stands, and as a chat may read it: without what is invisible, with entities resolved."""
    yield text
    text = "".join(letter for letter in html.unescape(text) if unicodedata.category(letter) != "Cf")
    yield re.sub("[\u034f\u180e\ufe00-\ufe0f]", "", unicodedata.normalize("NFKC", text))


def strings_in(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, with the name that it has there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from strings_in(inner, key)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings_in(inner, name)
    elif isinstance(value, str):
        yield name, value


class Watched:
    """What a script says, a line at a time; every passage that it was given is in `read`."""

    def __init__(self, script) -> None:
        self.script, self.read, self.prompts = script, set(), 0

    def __call__(self, messages):
        self.prompts += 1
        assert SECRET not in "".join(map(text_of, messages))
        self.read |= {passage.text for passage in passages_of(messages)}
        return (f"{line}\n" for line in self.script(messages).splitlines())


def parrot(messages):
    """A model that repeats every line of every passage, and what is told of the passage besides."""
    lines = []
    for passage in passages_of(messages):
        for line in [*passage.text.splitlines(), *passage.header.values()]:
            if line.strip():
                lines += [f"QUOTE {passage.number}: {line}", f"SAY: {line}"]
    return "\n".join(lines)


def write_with(kb, script) -> Watched:
    """Let a script of this process word the answers."""
    watched = Watched(script)
    model = _Model("in-process:obedient", 60.0, bounded_client(60, 60), lambda _: ScriptedLLM(script=watched))
    kb.keep("writer", lambda: Writer([], 60.0))._models = [model]
    return watched


@pytest.fixture
def packets():
    """Every address that this process looked up or connected to meanwhile."""
    seen = []
    _WATCHERS.append(seen)
    yield seen
    _WATCHERS.remove(seen)


_WATCHERS: list[list] = []


_LEAVING = frozenset(
    {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "subprocess.Popen"}
)


def _watch(event, args):
    if event in _LEAVING:
        for seen in _WATCHERS:
            seen.append((event, args))


sys.addaudithook(_watch)


@pytest.fixture
def everything_is_shown(monkeypatch):
    """As many passages, quotes and sentences as there are, however unsure; and columns for long lines."""
    for module, name in ((answering, "PROMPTED"), (ranking, "READ")):
        monkeypatch.setattr(module, name, TOGETHER + 4)
    monkeypatch.setattr(retrieval, "BALANCE", 0.0)  # by words alone, all pages about a topic come first
    monkeypatch.setattr(answering, "HOPELESS", -1.0)
    take = obedient.with_loot
    monkeypatch.setattr(obedient, "with_loot", lambda address, _: take(address, READABLE))
    monkeypatch.setattr(writer, "LONGEST", 10**7)
    monkeypatch.setenv("COLUMNS", "100000")
    decide(monkeypatch, Outcome.ANSWERED)


def decide(monkeypatch, outcome):
    bar = -1.0 if outcome is Outcome.ANSWERED else 2.0
    monkeypatch.setattr(ranking, "SURE", bar)
    monkeypatch.setattr(ranking, "MAYBE", bar)


def base_of(data, payloads):
    """A knowledge base of pages with these payloads; its topics, with the pages of each."""
    kb = open_base(data, memory=["wiki"])
    answers = kb.settings.answers.model_copy(update={"sentences": 20})
    vars(kb)["settings"] = kb.settings.model_copy(update={"answers": answers})
    pages, topics = kb.connectors["wiki"].pages, {}
    size = TOGETHER * 13
    for start in range(0, len(payloads), size):
        topic = f"zorvo{start // size}"
        own = fill_pages(payloads[start : start + size], topic)
        own[f"{topic}-merger"] = Page(
            f"# {topic}\nThe {READABLE} about {topic} is on 3 May.",
            title=topic,
            url=f"https://{OURS}/{topic}",
        )
        pages.update(own)
        pages[f"{topic}-secret"] = Page(
            f"# {topic}\nThe rule for {topic} is {SECRET}.",
            title=f"{topic} {SECRET}",
            readers=frozenset({"group:hr"}),
        )
        topics[topic] = own
    [report] = sync_sources(kb, ["wiki"])
    assert (report["outcome"], report["new"]) == ("done", len(pages))
    return kb, topics


def ask_about(kb, topic):
    """The answer, and all that a person sees of it, by where it is seen."""
    shown = []
    question = f"What is the rule for {topic}?"

    def show(claim, citations):
        shown.append((claim, list(citations)))

    reply = handle(kb, Message(question, ANA), show)
    assert reply.outcome is not Outcome.UNAVAILABLE
    assert reply.text
    printed = {}
    for json_ in (False, True):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            print_answer(reply, json=json_)
        printed[json_] = said.getvalue()
    seen = [("terminal", printed[False])]
    seen += [(f"--json {name}", text) for name, text in strings_in(json.loads(printed[True]))]
    streamed = [(claim.text, [*map(vars_of, citations)]) for claim, citations in shown]
    seen += [(f"stream {name}", text) for name, text in strings_in(streamed)]
    return reply, seen


def vars_of(citation):
    return {name: getattr(citation, name) for name in citation.__slots__}


def check_what_is_seen(kb, seen, *, verified=True):
    """Nothing is a link but the addresses of the pages, whose ids alone are as the source gave them."""
    pages = kb.connectors["wiki"].pages
    urls = frozenset(page.url for page in pages.values())
    for where, text in seen:
        if where.endswith(" document"):
            assert text in pages
        elif where.endswith(" url"):
            assert text in urls
        else:
            assert signs_in(text, urls) == [], (where, text)
            if verified:
                assert not re.search(r"(?i)\S*(?:olivar|merger(?:%20|\+|_)with)\S*\.[^\W\d_]{2,}\S*", text)
        assert SECRET not in text


# Row 27


def attack(data, count, monkeypatch, packets, at_once):
    payloads = write_payloads(count)
    kb, topics = base_of(data, payloads)
    claims = 0
    with kb:
        with kb.ledger.read() as ledger:
            texts = {row.text for row in ledger.execute(select(metadata.tables["chunks"]))}
        readable = {text for text in texts if SECRET not in text}
        packets.clear()
        model = obedient.Obedient(at_once=at_once)
        for script, verified in ((model, True), (parrot, True), (model, False)):
            if not verified:
                # What is shown has to hold by itself, should a check ever let something through.
                monkeypatch.setattr(Verifier, "broken_rule", lambda *_: None)
            watched = write_with(kb, script)
            for topic in topics:
                reply, seen = ask_about(kb, topic)
                check_what_is_seen(kb, seen, verified=verified)
                claims += len(reply.claims)
            assert len(watched.read) == len(readable)
        monkeypatch.setattr(Writer, "write", None)
        kb.keep("writer", lambda: None)
        kb._kept["writer"] = None
        for outcome in (Outcome.ANSWERED, Outcome.NOT_FOUND):
            decide(monkeypatch, outcome)
            for topic in topics:
                reply, seen = ask_about(kb, topic)
                assert reply.outcome is outcome
                check_what_is_seen(kb, seen)
    assert packets == []
    return model, claims


def test_no_page_makes_a_model_that_obeys_it_show_a_link_an_image_or_a_mention(
    tmp_path, monkeypatch, packets, everything_is_shown
):
    model, claims = attack(tmp_path, 60, monkeypatch, packets, at_once=1)
    assert model.obeyed > 60
    assert claims > 150


@pytest.mark.contract
def test_eleven_thousand_pages_make_no_model_show_a_foreign_link(
    tmp_path, monkeypatch, packets, everything_is_shown
):
    model, claims = attack(tmp_path, 11_500, monkeypatch, packets, at_once=4)
    assert model.obeyed > 11_000
    assert claims > 11_000


# Row 28


def order_about(data, count, packets):
    """Ask about pages that order the bot to act, of a model that obeys: the ledger before and after."""
    kb, topics = base_of(data, write_payloads(count, actions=True))
    kept = [table for table in metadata.sorted_tables if table.name not in ("questions", "spending")]
    with kb:

        def rows():
            with kb.ledger.read() as ledger:
                return {table.name: sorted(map(str, ledger.execute(select(table)))) for table in kept}

        write_with(kb, obedient.Obedient(at_once=1))
        before, files = rows(), sorted(map(str, data.rglob("*.py")))
        packets.clear()
        for topic in topics:
            ask_about(kb, topic)
        assert rows() == before
        assert sorted(map(str, data.rglob("*.py"))) == files
    assert packets == []


def test_no_page_makes_a_model_that_obeys_it_do_anything(tmp_path, packets, everything_is_shown):
    order_about(tmp_path, 30, packets)


@pytest.mark.contract
def test_a_thousand_orders_are_followed_by_nothing(tmp_path, packets, everything_is_shown):
    order_about(tmp_path, 1000, packets)
