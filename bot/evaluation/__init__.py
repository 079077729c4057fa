"""Measuring retrieval and answers on golden questions, as `sabio eval` does: ask, count, compare, keep."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.answering import Inspection, inspect, respond
from bot.evaluation import keeping
from bot.evaluation.comparing import compare, falls, told_of
from bot.evaluation.figures import figures_of
from bot.evaluation.keeping import Asked
from bot.evaluation.matching import has_expected, is_one_of, keys_of, names_of
from bot.evaluation.report import write_report
from bot.evaluation.results import Result
from bot.golden import Golden, GoldenFile, read_golden
from bot.messages import Answer
from bot.paragraphs import base_of, find_holders
from bot.quoting import stands_in
from bot.spending import spending
from bot.writer import open_writer
from config.errors import ConfigError, UnavailableError
from ingest.documents import EVERYONE, Readers, document_id
from ingest.knowledge import KnowledgeBase
from ingest.language import detect
from ingest.ledger import now, reading, working
from ingest.sync import Observer, unobserved

log = logging.getLogger("bot")


def evaluate_file(
    kb: KnowledgeBase,
    file: Path,
    *,
    email: str | None = None,
    paragraphs: Path | None = None,
    save: Path | None = None,
    tolerance: float | None = None,
    observe: Observer = unobserved,
) -> dict[str, Any]:
    """Ask every question of a file and report, as `sabio eval --json` prints it.

    A SQuAD file is asked of the configured knowledge base (`"base": "configured"`) where that has at least
    half of the file's paragraphs, else of one made of them, kept in the data folder (`"paragraphs"`).
    `paragraphs` takes them from another such file, whose questions have the same ids. The run is kept in
    `save`, or in the data folder, and compared with the last one there that stands; `tolerance` is the share
    by which a figure may be worse than in that one, if not what `comparing.TOLERANCE` says. Raises
    `ConfigError` for a file that cannot be read, and `UnavailableError`.
    """
    asked_at, started = now(), time.monotonic()
    golden = read_golden(file)
    if paragraphs is not None:
        golden = _over(golden, read_golden(paragraphs))
    holders = find_holders(kb, golden.paragraphs) if golden.paragraphs else {}
    if 2 * len(holders) >= len(golden.paragraphs):
        questions = [_asked_of_holders(one, holders) for one in golden.questions]
        results = _ask_all(kb, questions, kb.principals(email), observe)
        base = "configured"
    else:
        with base_of(kb, golden.paragraphs, observe) as made:
            results = _ask_all(made, golden.questions, frozenset({EVERYONE}), observe)
        base = "paragraphs"
    figures = {"base": base, **figures_of(results)}
    run = {
        "asked_at": asked_at.isoformat(timespec="milliseconds"),
        "seconds": round(time.monotonic() - started, 1),
        "collection": kb.ledger.collection() if base == "configured" else None,
        "made_with": {name: getattr(kb.settings, name) for name in ("llm", "embedding", "translation")},
    }
    asked = _asked(file, email, paragraphs, base)
    told = _keep(save or runs_folder(kb), asked, {**figures, "run": run}, results, tolerance)
    if save is None:
        keeping.forget_old(runs_folder(kb), asked)
    return told


def accept_file(
    kb: KnowledgeBase,
    file: Path,
    *,
    email: str | None = None,
    paragraphs: Path | None = None,
    save: Path | None = None,
) -> Mapping[str, Any]:
    """Let the last run of a file, which got worse, be what later ones are compared with: its figures.

    Raises `ConfigError` where the last one stands already, or there is none.
    """
    return keeping.accept(save or runs_folder(kb), _asked(file, email, paragraphs)).figures


def answer_from(
    kb: KnowledgeBase,
    collection: str,
    file: Path,
    *,
    save: Path | None = None,
    observe: Observer = unobserved,
) -> None:
    """Have `evaluate_file` ask a collection that is begun, held, or replaced as if it were the one in use.

    Where no run of the file stands, the one in use is asked first, so that there is something to compare
    with. Raises `ConfigError` for a name that is none.
    """
    there = kb.ledger.collections()
    known = (one for one in (there.used, there.building, there.retired) if one is not None)
    noted = next((one for one in known if one.name == collection), None)
    if noted is None:
        raise ConfigError(
            f"there is no index `{collection}`; there are: {', '.join(there.names()) or 'none'}"
        )
    if keeping.standing(save or runs_folder(kb), _asked(file, None, None)) is None:
        evaluate_file(kb, file, save=save, observe=observe)
    # Opened by its own name first: one that is opened as the one in use would be shown as that to everybody.
    kb.reopen_collection(noted)
    kb.ledger.answer_from(collection)


def runs_folder(kb: KnowledgeBase) -> Path:
    """Where runs are kept if nobody says where else."""
    return kb.data / "eval" / "runs"


def _asked(file: Path, email: str | None, paragraphs: Path | None, base: str | None = None) -> Asked:
    try:
        content = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    return Asked(file.name, content, email, paragraphs.name if paragraphs else None, base)


def _keep(
    folder: Path,
    asked: Asked,
    figures: Mapping[str, Any],
    results: Sequence[Result],
    tolerance: float | None,
) -> dict[str, Any]:
    """Compare a run with the last one that stands, and write it down: the figures with what came of that."""
    told = [told_of(one) for one in results]
    before = keeping.standing(folder, asked)
    comparison = compare(before.name, before.asked_at, before.answers(), told) if before else None
    fell = falls(told, comparison, tolerance)
    name = keeping.new_name(folder, Path(asked.file).stem)
    whole = {
        **figures,
        "run": {"name": name, **asked.told(), **figures["run"]},
        "compared": comparison.told(tolerance) if comparison else None,
        "gate": {"passed": not fell, "accepted": False, "tolerance": tolerance, "fell": fell},
        "saved": keeping.files_of(folder, name),
    }
    keeping.keep(folder, name, whole, results, write_report(whole, results, comparison))
    return whole


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
    kb: KnowledgeBase,
    questions: Sequence[Golden],
    principals: Readers,
    observe: Observer,
) -> list[Result]:
    with kb.ledger.read() as ledger:
        published = [
            (row.source, row.entry, row.url or "", row.id) for row in reading.published_documents(ledger)
        ]
    named: dict[str, list[str]] = defaultdict(list)
    for keys in published:
        for name in names_of(keys):
            named[name].append(keys[-1])
    for name in {name for golden in questions for name in golden.documents} - named.keys():
        # Its whole name goes before the end of a path, which other documents may share.
        named[name] = [keys[-1] for keys in published if is_one_of([name], keys)]
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
    """Ask one golden question and hold the answer against what is known of it. Raises `UnavailableError`."""
    started = time.monotonic()
    inspection = inspect(kb, golden.question, principals)
    answer = _answer(kb, inspection)
    seconds = time.monotonic() - started
    documents = {
        one.document: (one.source, one.entry, one.url or "", one.document)
        for one in (scored.passage for scored in inspection.found.passages)
    }
    ranks = [place for place, keys in enumerate(documents.values(), 1) if is_one_of(golden.documents, keys)]
    quotes = [citation.quote for citation in answer.citations]
    cited = any(is_one_of(golden.documents, keys_of(one)) for one in answer.citations)
    return Result(
        golden,
        golden.lang or detect(golden.question),
        ranks[0] if ranks else None,
        answer,
        quoted=has_expected(golden, quotes),
        shown=has_expected(golden, [*quotes, *(one.quote for one in answer.suggestions)]),
        page=cited or any(is_one_of(golden.documents, keys_of(one)) for one in answer.suggestions),
        precise=_count_precise(kb, answer),
        seconds=seconds,
        cited=cited,
    )


def _answer(kb: KnowledgeBase, inspection: Inspection) -> Answer:
    """What a person would be answered. A cap that is reached ends it: quotations are not what is measured."""
    writer = kb.keep("writer", lambda: open_writer(kb.settings))
    if writer is None:
        return respond(kb, inspection, None)
    with spending(kb, None) as bill:
        if bill is None:
            raise UnavailableError("a cap of `spend` is reached: the language model cannot be measured now")
        reply = respond(kb, inspection, writer)
        bill.add(reply.model, reply.tokens)
        return reply


def _count_precise(kb: KnowledgeBase, answer: Answer) -> int:
    """How many citations have their quote in a published chunk of the very document, heading and page."""
    documents = {document_id(one.source, one.document) for one in answer.citations}
    with kb.ledger.read() as ledger:
        published = {document: working.published_chunks(ledger, document) for document in documents}
    precise = 0
    for one in answer.citations:
        chunks = published[document_id(one.source, one.document)]
        there = [chunk.text for chunk in chunks if (chunk.heading, chunk.page) == (one.heading, one.page)]
        # The likeliest first: `stands_in` makes the whole chunk comparable, which takes longer than to look.
        there.sort(key=lambda text: one.quote not in text)
        precise += any(stands_in(one.quote, text) for text in there)
    return precise
