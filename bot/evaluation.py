"""Measuring retrieval and answers on golden questions, as `sabio eval` does.

Shares are from 0 to 1; None where there is nothing to take a share of. Retrieval counts documents, not
chunks: the rank of the first document that may answer.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

from bot.answering import compose, inspect
from bot.golden import Golden, GoldenFile, Paragraph, read_golden
from bot.messages import Answer, Outcome
from bot.verification import normalise, stands_in
from config.errors import UnavailableError
from config.settings import SourceSettings
from ingest.documents import EVERYONE, Readers
from ingest.knowledge import KnowledgeBase
from ingest.language import detect
from ingest.ledger import reading, working
from ingest.permissions import principals_of
from ingest.sync import Observer, unobserved
from workers.local import sync_sources


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

    A SQuAD file whose paragraphs are not in the knowledge base is asked of a base made of them, kept in the
    data folder; `paragraphs` takes them from another such file, whose questions have the same ids.
    """
    golden = read_golden(file)
    if paragraphs is not None:
        golden = _over(golden, read_golden(paragraphs))
    if golden.paragraphs:
        with base_of(kb, golden.paragraphs, observe) as base:
            results = _ask_all(base, golden.questions, frozenset({EVERYONE}), observe)
    else:
        results = _ask_all(kb, golden.questions, principals_of(email, kb.settings.groups), observe)
    figures = figures_of(results)
    if save is not None:
        _save(save, file, figures, results)
    return figures


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


def base_of(
    kb: KnowledgeBase, paragraphs: Sequence[Paragraph], observe: Observer = unobserved
) -> KnowledgeBase:
    """A knowledge base of paragraphs, a document each, beside the installation's own."""
    content = "\0".join(f"{one.name}\0{one.text}" for one in paragraphs)
    folder = kb.data / "eval" / hashlib.sha256(content.encode()).hexdigest()[:16]
    documents = folder / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    for one in paragraphs:
        path = documents / one.name
        if not path.exists() or path.read_text(encoding="utf-8") != one.text:
            path.write_text(one.text, encoding="utf-8")
    source = SourceSettings.model_validate(
        {"name": "paragraphs", "type": "folder", "path": str(documents), "readers": [EVERYONE]}
    )
    base = KnowledgeBase(
        kb.settings.model_copy(
            update={"data": folder, "ledger": "sqlite", "index": "local", "sources": (source,)}
        ),
        models=kb.models,
    )
    report = sync_sources(base, ["paragraphs"], observe=observe)[0]
    if report["outcome"] != "done":
        raise UnavailableError(f"the file's paragraphs could not be made a knowledge base: {report['error']}")
    return base


def _ask_all(
    kb: KnowledgeBase, questions: Sequence[Golden], principals: Readers, observe: Observer
) -> list[Result]:
    results = []
    for golden in questions:
        results.append(ask_golden(kb, golden, principals))
        observe("asked", golden.question)
    return results


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
    pages = [
        (one.source, one.document, one.url or "", "") for one in (*answer.citations, *answer.suggestions)
    ]
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


def _is_one_of(expected: Sequence[str], keys: tuple[str, str, str, str]) -> bool:
    """Whether a document is one of those named: by id, address, path, or `source/path`, or the end of a path.

    A question file may count its paths from another folder than the source does, above or below.
    """
    source, entry, url, document = keys
    names = {entry, f"{source}/{entry}", document, url, url.split("#")[0]} - {""}
    return any(one in names or one.endswith("/" + entry) or entry.endswith("/" + one) for one in expected)


_MARKS = re.compile(r"\]\([^)\s]*\)|[\W_]+")


def _bare(text: str) -> str:
    """Words alone: golden answers are copied from sources with their markup, quotes have none."""
    return _MARKS.sub(" ", normalise(text)).strip()


def _has_expected(golden: Golden, quotes: Sequence[str]) -> bool:
    spans = [f" {_bare(span)} " for span in golden.answer_spans if _bare(span)]
    return any(span in f" {_bare(quote)} " for span in spans for quote in quotes)


def _count_precise(kb: KnowledgeBase, answer: Answer) -> int:
    """How many citations have their quote in a published chunk of the very document they name."""
    precise = 0
    for citation in answer.citations:
        with kb.ledger.read() as ledger:
            chunks = [
                chunk
                for row in reading.find_documents(ledger, citation.document)
                if row.source == citation.source
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
        "seconds": {"p50": round(cuts[49], 4), "p99": round(cuts[98], 4)} if times else {},
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
