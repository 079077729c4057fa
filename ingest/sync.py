"""The sync engine: scan -> plan -> work -> publish -> sweep.

`scan` decides what is due and writes it down; `work` does some of it, in any number of threads, processes and
machines at once; `finish` ends a run with its report. Each can be killed at any moment and run again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Collection as Names
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from config.errors import DocumentError, SabioError, UnavailableError
from ingest import chunking, language
from ingest.chunking import chunk
from ingest.documents import Chunk, Content, Document, chunk_ids, embedded_text
from ingest.indexing import audit, write_chunks
from ingest.knowledge import Collection, KnowledgeBase
from ingest.ledger import reading, scanning, working
from ingest.ledger.owners import new_owner
from ingest.ledger.scanning import FETCH, READERS, SWEEP
from ingest.ledger.working import Publication, Work
from ingest.parsing import VERSION as PARSING_VERSION
from ingest.planning import Brake, plan

STEPS = (
    *("scanned", "planned", "claimed", "fetched", "parsed"),
    *("noted", "indexed", "published", "swept", "finished"),
)


class Observer(Protocol):
    """Is told each step as it has been done: for progress bars, logs, and tests that kill at a step."""

    def __call__(self, step: str, title: str = "") -> None:
        """`step` is one of `STEPS`, `title` the document's or source's."""


def unobserved(step: str, title: str = "") -> None:
    """Look away."""


def recipe(kb: KnowledgeBase) -> str:
    """How bodies become chunks today; a document cut by another recipe is read again."""
    return f"{PARSING_VERSION}.{chunking.VERSION}.{kb.encoder.embedder.limit}"


def scan(
    kb: KnowledgeBase,
    source: str,
    *,
    full: bool = False,
    confirmed: bool = False,
    observe: Observer = unobserved,
) -> str | None:
    """List a source and write down what is due: the new run's id, or None while somebody else scans it.

    A scan that fails leaves everything as it was; the run says why, and the error goes on.
    """
    owner, seconds = new_owner(), kb.settings.sync.lease_seconds
    with kb.ledger.write() as ledger:
        lease = scanning.claim_scan(ledger, source, owner, seconds)
        if lease is None:
            return None
        run = scanning.start_run(ledger, source, owner, full=full)
    try:
        with _kept_alive(kb, seconds, lambda ledger: scanning.renew_scan(ledger, lease, seconds)):
            listing = list(kb.connectors[source].scan())
        observe("scanned", source)
        with kb.ledger.read() as ledger:
            known = scanning.known(ledger, source)
        settings = kb.settings.sync
        decided = plan(
            listing,
            known,
            recipe=recipe(kb),
            brake=Brake(settings.brake_share, settings.brake_count),
            full=full,
            confirmed=confirmed,
        )
        with kb.ledger.write() as ledger:
            if not scanning.record(ledger, lease, run, decided):
                raise UnavailableError(f"the scan of `{source}` took too long and was taken over by another")
        observe("planned", source)
    except BaseException as error:
        with kb.ledger.write() as ledger:
            reason = str(error) if isinstance(error, SabioError) else f"interrupted: {error!r}"
            working.close_run(ledger, run, "failed", error=reason)
            scanning.release_scan(ledger, lease)
        raise
    return run


def work(
    kb: KnowledgeBase,
    sources: Names[str],
    owner: str,
    *,
    observe: Observer = unobserved,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Do one batch of what is due: how many documents were taken up, 0 when nothing could be claimed.

    `stopping` is asked between documents; what is left then is given back. Raises `UnavailableError` when the
    index, the model or a whole source is down; what was claimed is given back first, so that nothing waits
    for a lease to end.
    """
    settings = kb.settings.sync
    with kb.ledger.write() as ledger:
        claimed = working.claim(ledger, owner, sources, settings.batch, settings.lease_seconds)
    observe("claimed")
    if not claimed:
        return 0
    open_work = {one.document: one for one in claimed}

    def renew(ledger: Any) -> None:
        working.renew(ledger, owner, list(open_work), settings.lease_seconds)

    try:
        with _kept_alive(kb, settings.lease_seconds, renew):
            collection = kb.collection()
            bodies = _read(kb, [one for one in claimed if one.action == FETCH], observe)
            for one in claimed:
                if stopping():
                    break
                _carry_out(kb, collection, one, bodies.get(one.document), observe)
                del open_work[one.document]
    finally:
        _give_back(kb, list(open_work.values()))
    return len(claimed)


def finish(kb: KnowledgeBase, run: str) -> dict[str, Any] | None:
    """End a run whose work is done: its report with the proof of deletion, or None while work is left."""
    with kb.ledger.read() as ledger:
        if working.left(ledger, run):
            return None
        report = reading.run_report(ledger, run)
        retired = working.sweepable(ledger, run)
    if report["outcome"] == "working":
        collection = kb.collection()
        found = set(retired) - collection.index.missing(retired)
        with kb.ledger.read() as ledger:
            answerable = len(reading.confirm(ledger, found, list(kb.connectors)))
        collection.index.delete(found)
        audit(kb, collection)
        with kb.ledger.write() as ledger:
            outcome = "held" if report["held"] else "done"
            working.close_run(ledger, run, outcome, still_answerable=answerable)
    with kb.ledger.read() as ledger:
        return reading.run_report(ledger, run)


def _read(
    kb: KnowledgeBase, fetches: Sequence[Work], observe: Observer
) -> Mapping[str, Document | SabioError]:
    """The bodies of documents, fetched and parsed, by document; or why one could not be had."""
    result: dict[str, Document | SabioError] = {}
    contents: dict[str, Content] = {}
    for one in fetches:
        try:
            contents[one.document] = kb.connectors[one.source].fetch(one.entry)
        except (DocumentError, UnavailableError) as error:
            result[one.document] = error
        observe("fetched", one.entry.title)
    down = [error for error in result.values() if isinstance(error, UnavailableError)]
    if fetches and len(down) == len(fetches):
        raise down[0]  # not one document but the source
    parsed = kb.parsers.parse(list(contents.values()))
    result.update(zip(contents, parsed, strict=True))
    observe("parsed")
    return result


def _carry_out(
    kb: KnowledgeBase,
    collection: Collection,
    one: Work,
    body: Document | SabioError | None,
    observe: Observer,
) -> None:
    if isinstance(body, SabioError):
        _fail(kb, one, body)
    elif one.action == SWEEP:
        _sweep(kb, collection, one, observe)
    elif one.action == READERS:
        with kb.ledger.read() as ledger:
            chunks = working.published_chunks(ledger, one.document)
        collection.index.set_readers({chunk.id: one.readers for chunk in chunks})
        with kb.ledger.write() as ledger:
            working.finish(ledger, one)
        observe("finished", one.entry.title)
    else:
        try:
            version = _version(kb, one, body)
        except DocumentError as error:
            _fail(kb, one, error)
            return
        _publish(kb, collection, one, version, observe)


def _version(kb: KnowledgeBase, one: Work, body: Document | None) -> Publication:
    """The new version of a document: cut from its body, or from its own chunks under another title."""
    embedder = kb.encoder.embedder
    if body is None:  # the title changed, the body did not
        title = one.body.get("title") or one.entry.title
        with kb.ledger.read() as ledger:
            row = reading.published_documents(ledger, [one.document])[0]
            old = working.published_chunks(ledger, one.document)
        ids = chunk_ids(one.document, [embedded_text(title, c.heading, c.text) for c in old])
        chunks = [replace(c, id=id_) for c, id_ in zip(old, ids, strict=True)]
        author = one.body.get("author") or one.entry.author
        updated_at = row.updated_at
        given = dict(one.body)
    else:
        title = body.title or one.entry.title
        chunks = chunk(one.document, title, body.sections, embedder.count, embedder.limit, language.detect)
        author = body.author or one.entry.author
        updated_at = body.updated_at or one.entry.updated_at
        given = {"title": body.title, "author": body.author}
    if not chunks:
        raise DocumentError("there is no text in it")
    return Publication(
        title=title,
        chunks=chunks,
        body=given,
        author=author,
        updated_at=updated_at,
        language=_main_language(chunks),
        recipe=recipe(kb),
        embedded=0,
    )


def _publish(
    kb: KnowledgeBase, collection: Collection, one: Work, version: Publication, observe: Observer
) -> None:
    """Embed what is new, write it, publish it, and sweep what it retires."""
    with kb.ledger.read() as ledger:
        published = {c.id: c for c in working.published_chunks(ledger, one.document)}
    kept = [c.id for c in version.chunks if c.id in published]
    lost = collection.index.missing(kept)
    new = [c for c in version.chunks if c.id not in published or c.id in lost]
    with kb.ledger.write() as ledger:
        if not working.note(ledger, one, [c.id for c in new if c.id not in published]):
            return
    observe("noted", version.title)
    written = write_chunks(kb, collection.index, one.document, version.title, new, one.readers)
    if one.readers != one.indexed_readers:
        collection.index.set_readers(dict.fromkeys(kept, one.readers))
    observe("indexed", version.title)
    pivots = {c.id: c.pivot for c in [*published.values(), *written]}
    chunks = [replace(c, pivot=pivots[c.id]) for c in version.chunks]
    version = replace(version, chunks=chunks, embedded=len(new))
    with kb.ledger.write() as ledger:
        if working.publish(ledger, one, version, collection.name) is None:
            working.release(ledger, one)
            return
    observe("published", version.title)
    _sweep(kb, collection, one, observe)


def _sweep(kb: KnowledgeBase, collection: Collection, one: Work, observe: Observer) -> None:
    with kb.ledger.write() as ledger:
        # Asked right before the delete: somebody who took this over may be writing the same chunks again.
        retired = working.unswept(ledger, one.document) if working.holds(ledger, one) else []
    if retired:
        collection.index.delete(retired)
    observe("swept", one.entry.title)
    with kb.ledger.write() as ledger:
        working.finish(ledger, one)
    observe("finished", one.entry.title)


def _fail(kb: KnowledgeBase, one: Work, error: SabioError) -> None:
    delay = (error.retry_after or 2.0**one.attempts) if isinstance(error, UnavailableError) else 0
    with kb.ledger.write() as ledger:
        working.fail(ledger, one, str(error), limit=kb.settings.sync.attempts, delay=delay)


def _give_back(kb: KnowledgeBase, undone: Sequence[Work]) -> None:
    if undone:
        with kb.ledger.write() as ledger:
            for one in undone:
                working.release(ledger, one)


def _main_language(chunks: Sequence[Chunk]) -> str:
    """The language of most of the text."""
    sizes: dict[str, int] = {}
    for one in chunks:
        sizes[one.language] = sizes.get(one.language, 0) + len(one.text)
    return max(sizes, key=lambda name: sizes[name])


@contextmanager
def _kept_alive(kb: KnowledgeBase, seconds: float, renew: Any) -> Iterator[None]:
    """Renew a lease of `seconds` in the background for as long as the block runs."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(seconds / 3):
            try:
                with kb.ledger.write() as ledger:
                    renew(ledger)
            except UnavailableError:
                continue  # the work itself meets the same outage and says so; a lost lease is fenced off

    thread = threading.Thread(target=beat, name="sabio-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
