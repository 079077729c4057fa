"""Row 29 of the reliability contract: what a person does not see of a document is in no index and no prompt.

Formats by ways to hide; each way hides a word of its own between two sentences that show. Here the ways of a
format stand in one file; `make contract` gives each a file of its own, read as the product does.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import NamedTuple

import pytest
from sqlalchemy import select

from bot.door import handle
from bot.messages import Message, Person
from bot.retrieval import retrieve
from ingest.documents import EVERYONE, Content, Document
from ingest.ledger.tables import metadata
from ingest.parsing import Limits, Parsers
from ingest.parsing.reading import read
from tests.doubles import open_base
from tests.ingest.hiding import (
    after,
    before,
    canary,
    letters,
    open_document,
    pages,
    pdfs,
    rich_text,
    sheets,
    slides,
    word,
    writing,
)
from tests.models.scripted import Extractive
from workers.local import sync_sources

OCTETS = "application/octet-stream"
INTACT = 0.999
"""Share of the letters of visible text that has to come through."""


class Format(NamedTuple):
    """A format, its ways to hide, and what writes a file of some of them."""

    tricks: Mapping[str, object]
    build: Callable[[Iterable[str]], bytes]


FORMATS = {
    "html": Format(pages.TRICKS, pages.build),
    "md": Format(pages.TRICKS, pages.build_markdown),
    "eml": Format(pages.TRICKS, pages.build_mail),
    "epub": Format(pages.TRICKS, pages.build_book),
    "docx": Format(word.TRICKS, word.build),
    "pptx": Format(slides.TRICKS, slides.build),
    "xlsx": Format(sheets.TRICKS, sheets.build),
    "pdf": Format(pdfs.TRICKS, pdfs.build),
    "odt": Format(open_document.TRICKS, open_document.build),
    "rtf": Format(rich_text.TRICKS, rich_text.build),
}
EVERY_TRICK = [
    pytest.param(name, trick, id=f"{name}: {trick}") for name, one in FORMATS.items() for trick in one.tricks
]


def words_of(document: Document) -> str:
    """Everything that a document says."""
    told = [document.title or "", document.author or ""]
    for section in document.sections:
        told += [*section.heading, section.text, section.anchor or ""]
    return "\n".join(told)


@cache
def all_tricks(name: str) -> str:
    """What is read of a file with all the ways of a format."""
    one = FORMATS[name]
    return words_of(read(Content(one.build(one.tricks), f"a.{name}", OCTETS)))


def check(text: str, trick: str) -> None:
    assert canary(trick) not in text
    assert before(trick) in text
    assert after(trick) in text


def test_there_are_at_least_twelve_ways_in_each_of_ten_formats():
    assert {name: len(one.tricks) >= 12 for name, one in FORMATS.items()} == dict.fromkeys(FORMATS, True)
    assert len(FORMATS) == 10


@pytest.mark.parametrize(("name", "trick"), EVERY_TRICK)
def test_what_is_hidden_is_not_read_and_what_is_beside_it_is(name, trick):
    check(all_tricks(name), trick)


@pytest.mark.contract
@pytest.mark.parametrize("name", FORMATS)
def test_each_way_alone_in_a_file_hides_nothing_from_people(name):
    one = FORMATS[name]
    files = [Content(one.build([trick]), f"a.{name}", OCTETS) for trick in one.tricks]
    with Parsers(Limits(seconds=120)) as parsers:
        for trick, document in zip(one.tricks, parsers.parse(files), strict=True):
            check(words_of(document), trick)


# Characters, in every format that has text


@cache
def all_letters(ending: str) -> str:
    texts = [f"Before {hide('canary')} after {trick}" for trick, (hide, _) in letters.TRICKS.items()]
    return words_of(read(Content(writing.WRITERS[ending](texts), f"a.{ending}", OCTETS)))


@pytest.mark.parametrize("ending", writing.WRITERS)
@pytest.mark.parametrize("trick", letters.TRICKS)
def test_letters_that_nobody_sees_are_read_in_no_format(ending, trick):
    seen = f"Before {letters.TRICKS[trick][1]('canary')} after {trick}"
    assert " ".join(seen.split()) in all_letters(ending)


@pytest.mark.parametrize("ending", writing.WRITERS)
def test_visible_text_of_many_scripts_comes_through_every_format(ending):
    texts = {**writing.TEXTS, **{seen: given for given, seen in writing.HYPHENATED.items()}}
    read_ = words_of(read(Content(writing.WRITERS[ending](list(texts.values())), f"a.{ending}", OCTETS)))
    wanted = [*writing.TEXTS.values(), *writing.HYPHENATED.values()]
    lost = {text for text in wanted if " ".join(text.split()) not in read_}
    letters_ = sum(map(len, wanted))
    assert 1 - sum(map(len, lost)) / letters_ >= INTACT, lost


# The whole way: a folder, synced; questions; and everything that comes back or is kept


class Company(NamedTuple):
    """A knowledge base over a folder of such files, and the model that words its answers."""

    kb: object
    server: object
    data: object


@pytest.fixture
def company(tmp_path, model_server):
    drive = tmp_path / "drive"
    drive.mkdir()
    for name, one in FORMATS.items():
        (drive / f"hidden.{name}").write_bytes(one.build(one.tricks))
    texts = [f"Before {hide('canarytagged')} after {trick}" for trick, (hide, _) in letters.TRICKS.items()]
    (drive / "letters.txt").write_bytes(writing.WRITERS["txt"](texts))
    server = model_server(Extractive(enough=0.2, at_most=20))
    sources = {"drive": {"type": "folder", "path": str(drive), "readers": ["everyone"]}}
    with open_base(tmp_path / "data", sources, real_parsers=True) as kb:
        named = {"llm": f"openai-like:{server.model}", "llm_url": server.url, "llm_api_key": server.key}
        kb.settings = kb.settings.model_copy(update=named)
        [report] = sync_sources(kb, ["drive"])
        assert (report["outcome"], report["new"], report["failed"]) == ("done", len(FORMATS) + 1, [])
        yield Company(kb, server, tmp_path / "data")


@pytest.mark.parametrize(
    "share", [pytest.param(20, id="some questions"), pytest.param(1, marks=pytest.mark.contract, id="all")]
)
def test_no_answer_no_prompt_and_nothing_that_is_kept_has_a_hidden_word(company, share):
    tricks = sorted({trick for one in FORMATS.values() for trick in one.tricks})
    answered = 0
    for trick in tricks[::share]:
        question = f"What stands between “{before(trick)}” and “{after(trick)}”?"
        shown: list[object] = []
        reply = handle(company.kb, Message(question, Person()), lambda *claim, to=shown: to.append(claim))
        found = retrieve(company.kb, question, frozenset({EVERYONE}), limit=50)
        told = json.dumps([dataclasses.asdict(reply), shown], default=str, ensure_ascii=False)
        told += "".join(f"{one.passage.title}\n{one.passage.text}\n" for one in found.passages)
        answered += before(trick) in told
        assert_clean(told, tricks)
        by_word = retrieve(company.kb, canary(trick), frozenset({EVERYONE}), limit=50)
        assert [one for one in by_word.passages if one.words > 0] == []
    assert answered == len(tricks[::share])
    assert company.server.requests
    assert_clean(json.dumps([vars_of(one) for one in company.server.requests], default=str), tricks)
    with company.kb.ledger.read() as ledger:
        for table in metadata.sorted_tables:
            assert_clean("".join(map(str, ledger.execute(select(table)))), tricks)
    for file in company.data.rglob("*"):
        if file.is_file():
            assert_clean(file.read_bytes().decode("utf-8", errors="ignore"), tricks)


def assert_clean(text, tricks):
    assert [trick for trick in tricks if canary(trick) in text] == []
    assert "canarytagged" not in text


def vars_of(value):
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else vars(value)
