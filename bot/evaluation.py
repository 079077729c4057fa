"""Measuring retrieval and answers on golden questions, as `sabio eval` does.

Shares are from 0 to 1; None where there is nothing to take a share of. Retrieval counts documents, not
chunks: the rank of the first document that may answer.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

from bot.answering import compose, inspect
from bot.golden import Golden, GoldenFile, read_golden
from bot.messages import Answer, Outcome
from bot.paragraphs import base_of, find_holders
from bot.verification import normalise, stands_in
from ingest.documents import EVERYONE, Readers, document_id
from ingest.knowledge import KnowledgeBase
from ingest.language import detect
from ingest.ledger import reading, working
from ingest.permissions import principals_of
from ingest.sync import Observer, unobserved

log = logging.getLogger("bot")

Keys = tuple[str, str, str, str]
"""What a document may be called by: its source, its path or id there, its address, the ledger's id."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one question."""

    golden: Golden
    language: str
    rank: int | None
    """Place of the first right document among those found, from 1."""
    answer: Answer
    quoted: bool
    """A quote has the expected words."""
    shown: bool
    """A quote, or the words shown of a suggested page, have them."""
    page: bool
    """A right document was cited or suggested."""
    precise: int
    """Quotes that stand in the published document that they cite."""
    seconds: float


def evaluate_file(
    kb: KnowledgeBase,
    file: Path,
    *,
    email: str | None = None,
    paragraphs: Path | None = None,
    save: Path | None = None,
    observe: Observer = unobserved,
) -> dict[str, Any]:
    """Ask every question of a file and report, as `sabio eval --json` prints it.

    A SQuAD file is asked of the configured knowledge base (`"base": "configured"`) where that has at least
    half of the file's paragraphs, else of one made of them, kept in the data folder (`"paragraphs"`).
    `paragraphs` takes them from another such file, whose questions have the same ids. Raises `ConfigError`
    for a file that cannot be read, and `UnavailableError`.
    """
    golden = read_golden(file)
    if paragraphs is not None:
        golden = _over(golden, read_golden(paragraphs))
    holders = find_holders(kb, golden.paragraphs) if golden.paragraphs else {}
    if 2 * len(holders) >= len(golden.paragraphs):
        questions = [_asked_of_holders(one, holders) for one in golden.questions]
        results = _ask_all(kb, questions, principals_of(email, kb.settings.groups), observe)
        asked = "configured"
    else:
        with base_of(kb, golden.paragraphs, observe) as base:
            results = _ask_all(base, golden.questions, frozenset({EVERYONE}), observe)
        asked = "paragraphs"
    figures = {"base": asked, **figures_of(results)}
    if save is not None:
        _save(save, file, figures, results)
    return figures


def _asked_of_holders(golden: Golden, holders: Mapping[str, tuple[str, ...]]) -> Golden:
    """A question about a paragraph as one about the documents that have it."""
    holding = holders.get(golden.document or "")
    if holding is None:
        return golden
    return golden.model_copy(update={"document": holding[0], "also_ok": holding[1:]})


def _over(asked: GoldenFile, other: GoldenFile) -> GoldenFile:
    """The questions of one file over the paragraphs, and with the answers, of another."""
    there = {one.id: one for one in other.questions}
    questions = tuple(
        one.model_copy(
            update={"document": there[one.id].document, "answer_spans": there[one.id].answer_spans}
        )
        for one in asked.questions
        if one.id in there
    )
    return GoldenFile(questions, other.paragraphs)


def _ask_all(
    kb: KnowledgeBase, questions: Sequence[Golden], principals: Readers, observe: Observer
) -> list[Result]:
    with kb.ledger.read() as ledger:
        published = [
            (row.source, row.entry, row.url or "", row.id) for row in reading.published_documents(ledger)
        ]
    named: dict[str, list[str]] = defaultdict(list)
    for keys in published:
        for name in _names(keys):
            named[name].append(keys[-1])
    for name in {name for golden in questions for name in golden.documents} - named.keys():
        # Its whole name goes before the end of a path, which other documents may share.
        named[name] = [keys[-1] for keys in published if _is_one_of([name], keys)]
        if not named[name]:
            log.warning("%s is no published document; its questions will not find it", name)
    results = []
    for golden in questions:
        results.append(replace(ask_golden(kb, _by_id(golden, named), principals), golden=golden))
        observe("asked", golden.question)
    return results


def _by_id(golden: Golden, named: Mapping[str, Sequence[str]]) -> Golden:
    """A question whose documents are named by the ledger's ids, as far as they are published."""
    ids = tuple(id_ for name in golden.documents for id_ in named[name] or [name])
    return golden.model_copy(update={"document": ids[0] if ids else None, "also_ok": ids[1:]})


def ask_golden(kb: KnowledgeBase, golden: Golden, principals: Readers) -> Result:
    """Ask one golden question and hold the answer against what is known of it."""
    started = time.monotonic()
    inspection = inspect(kb, golden.question, principals)
    answer = compose(kb, inspection)
    seconds = time.monotonic() - started
    documents = {
        one.document: (one.source, one.entry, one.url or "", one.document)
        for one in (scored.passage for scored in inspection.found.passages)
    }
    ranks = [place for place, keys in enumerate(documents.values(), 1) if _is_one_of(golden.documents, keys)]
    quotes = [citation.quote for citation in answer.citations]
    shown = [*quotes, *(suggestion.quote for suggestion in answer.suggestions)]
    places = [(one.source, one.document, one.url) for one in answer.citations]
    places += [(one.source, one.document, one.url) for one in answer.suggestions]
    pages = [(source, entry, url or "", document_id(source, entry)) for source, entry, url in places]
    return Result(
        golden,
        golden.lang or detect(golden.question),
        ranks[0] if ranks else None,
        answer,
        quoted=_has_expected(golden, quotes),
        shown=_has_expected(golden, shown),
        page=any(_is_one_of(golden.documents, keys) for keys in pages),
        precise=_count_precise(kb, answer),
        seconds=seconds,
    )


def _is_one_of(expected: Sequence[str], keys: Keys) -> bool:
    """Whether a document is one of those named: by id, address, path, or `source/path`, or the end of a path.

    A question file may count its paths from another folder than the source does, above or below.
    """
    names, entry = _names(keys), keys[1]
    wanted = [one.partition("#")[0] if "://" in one else one for one in expected]
    return any(one in names or one.endswith("/" + entry) or entry.endswith("/" + one) for one in wanted)


def _names(keys: Keys) -> set[str]:
    source, entry, url, document = keys
    return {entry, f"{source}/{entry}", url, url.partition("#")[0], document} - {""}


_MARKS = re.compile(r"\]\([^)\s]*\)|[\W_]+")


def _bare(text: str) -> str:
    """Words alone: golden answers are copied from sources with their markup, quotes have none."""
    return " ".join(_MARKS.sub(" ", normalise(text)).split())


def _has_expected(golden: Golden, quotes: Sequence[str]) -> bool:
    spans = [f" {_bare(span)} " for span in golden.answer_spans if _bare(span)]
    return any(span in f" {_bare(quote)} " for span in spans for quote in quotes)


def _count_precise(kb: KnowledgeBase, answer: Answer) -> int:
    """How many citations have their quote in a published chunk of the very document they name."""
    precise = 0
    with kb.ledger.read() as ledger:
        for citation in answer.citations:
            ids = [document_id(citation.source, citation.document)]
            chunks = [
                chunk
                for row in reading.published_documents(ledger, ids)
                for chunk in working.published_chunks(ledger, row.id)
            ]
            precise += any(stands_in(citation.quote, chunk.text) for chunk in chunks)
    return precise


def figures_of(results: Sequence[Result]) -> dict[str, Any]:
    """The figures of all results, and of each kind and language."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for one in results:
        for name in {one.golden.kind, one.language} - {""}:
            groups[name].append(one)
    return {**_figures(results), "by": {name: _figures(groups[name]) for name in sorted(groups)}}


def _figures(results: Sequence[Result]) -> dict[str, Any]:
    placed = [one for one in results if one.golden.documents]
    can = [one for one in results if one.golden.answerable]
    cannot = [one for one in results if not one.golden.answerable]
    expected = [one for one in can if one.golden.answer_spans]
    quotes = sum(len(one.answer.citations) for one in results)
    times = sorted(one.seconds for one in results)
    cuts = quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    return {
        "questions": len(results),
        "retrieval": {
            **{
                f"recall@{k}": _share([one.rank is not None and one.rank <= k for one in placed])
                for k in (1, 5, 10)
            },
            "mrr@10": _share([1 / one.rank if one.rank and one.rank <= 10 else 0.0 for one in placed]),
        },
        "answers": {
            "contains_expected": _share([one.quoted for one in expected]),
            "shown": _share([one.shown for one in expected]),
            "shown_or_page": _share([one.shown or one.page for one in expected]),
            "refused": _share([_is_refused(one.answer) for one in can]),
            "answered_unanswerable": _share([not _is_refused(one.answer) for one in cannot]),
            "citation_precision": round(sum(one.precise for one in results) / quotes, 4) if quotes else None,
        },
        "seconds": {f"p{n}": round(cuts[n - 1], 4) if cuts else None for n in (50, 99)},
    }


def _is_refused(answer: Answer) -> bool:
    return answer.outcome not in (Outcome.ANSWERED, Outcome.PARTIAL)


def _share(values: Sequence[bool | float]) -> float | None:
    return round(fmean(values), 4) if values else None


def _save(folder: Path, file: Path, figures: dict[str, Any], results: Sequence[Result]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{file.stem}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    figures_file = folder / f"{name}.json"
    figures_file.write_text(json.dumps(figures, indent=2, ensure_ascii=False), encoding="utf-8")
    with (folder / f"{name}-answers.jsonl").open("w", encoding="utf-8") as answers:
        for one in results:
            line = {**asdict(one), "golden": one.golden.model_dump()}
            answers.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
