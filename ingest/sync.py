"""The sync engine: scan -> plan -> work -> publish -> sweep.

`scan` decides what is due and writes it down; `work` does some of it, in any number of threads, processes and
machines at once; `finish` ends a run with its report. Each can be killed at any moment and run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Names
from typing import Any

from sqlalchemy import Connection

from config.errors import DocumentError, SabioError, UnavailableError
from ingest.documents import Content, Document
from ingest.indexing import audit
from ingest.knowledge import Collection, KnowledgeBase
from ingest.ledger import claims, reading, runs, scanning, working
from ingest.ledger.claims import Work
from ingest.ledger.owners import kept_alive, new_owner
from ingest.observing import STEPS, Observer, unobserved
from ingest.planning import FETCH, REINDEX, Brake, plan
from ingest.publishing import carry_out, recipe

__all__ = ["STEPS", "Observer", "finish", "recipe", "scan", "unobserved", "work"]

_AT_ONCE = 4
"""Bodies that one worker holds in memory."""


def scan(
    kb: KnowledgeBase,
    source: str,
    *,
    full: bool = False,
    confirmed: bool = False,
    observe: Observer = unobserved,
) -> str | None:
    """List a source and write down what is due: the new run's id, or None while somebody else is at it.

    A scan that fails leaves everything as it was; the run says why, and the error goes on.
    """
    owner, seconds = new_owner(), kb.settings.sync.lease_seconds
    with kb.ledger.write() as ledger:
        lease = runs.claim_scan(ledger, source, owner, seconds)
        if lease is None:
            return None
        run = runs.start_run(ledger, source, owner, full=full)
    try:
        with kept_alive(kb.ledger, seconds, lambda ledger: runs.renew_scan(ledger, lease, seconds)):
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
            runs.close_run(ledger, run, "failed", error=reason)
            runs.release_scan(ledger, lease)
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
        claimed = claims.claim(ledger, owner, sources, settings.batch, settings.lease_seconds)
    observe("claimed")
    if not claimed:
        return 0
    undone = {one.document: one for one in claimed}

    def renew(ledger: Connection) -> None:
        claims.renew(ledger, owner, list(undone), settings.lease_seconds)

    collection, delay = None, 0.0
    try:
        with kept_alive(kb.ledger, settings.lease_seconds, renew):
            collection = kb.collection()
            for start in range(0, len(claimed), _AT_ONCE):
                _work_on(kb, collection, claimed[start : start + _AT_ONCE], undone, observe, stopping)
    except SabioError as error:
        # A collection that was replaced meanwhile may be gone; the work is repeated in the one after it.
        if collection is None or collection.name == kb.ledger.collection():
            delay = getattr(error, "retry_after", None) or 0
            raise
    finally:
        _give_back(kb, list(undone.values()), delay)
    return len(claimed)


def _work_on(
    kb: KnowledgeBase,
    collection: Collection,
    group: Sequence[Work],
    undone: dict[str, Work],
    observe: Observer,
    stopping: Callable[[], bool],
) -> None:
    """Do some of what was claimed; what is done is taken out of `undone`."""
    if stopping():
        return
    limit = kb.settings.sync.attempts
    # Every attempt that came as far as writing was counted before it; whoever made these did not live on.
    deadly = {one.document for one in group if one.action in {FETCH, REINDEX} and one.attempts >= limit}
    bodies = _read(kb, [one for one in group if one.action == FETCH and one.document not in deadly], observe)
    for one in group:
        if stopping():
            return
        if one.document in deadly:
            _fail(kb, one, DocumentError(f"the process that indexed it ended, {limit} times"))
        elif isinstance(body := bodies.get(one.document), SabioError):
            _fail(kb, one, body)
        else:
            carry_out(kb, collection, one, body, observe)
        del undone[one.document]


def finish(kb: KnowledgeBase, run: str) -> dict[str, Any] | None:
    """End a run whose work is done: its report with the proof of deletion, or None while work is left."""
    with kb.ledger.read() as ledger:
        if runs.left(ledger, run):
            return None
        report = reading.run_report(ledger, run)
        retired = runs.swept(ledger, run)
    if report["outcome"] == "working":
        collection = kb.collection()
        found = set(retired) - collection.index.missing(retired)
        with kb.ledger.read() as ledger:
            answerable = len(reading.confirm(ledger, found, list(kb.connectors)))
        audit(kb, collection)
        with kb.ledger.write() as ledger:
            outcome = "held" if report["held"] else "done"
            runs.close_run(ledger, run, outcome, still_answerable=answerable)
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
    if len(down) == len(fetches) > 1 and not any(one.attempts for one in fetches):
        raise down[0]  # not one document but the source
    if contents:
        parsed = kb.parsers.parse(list(contents.values()))
        result.update(zip(contents, parsed, strict=True))
        observe("parsed")
    return result


def _fail(kb: KnowledgeBase, one: Work, error: SabioError) -> None:
    passing = isinstance(error, UnavailableError)
    delay = (error.retry_after or 2.0**one.attempts) if isinstance(error, UnavailableError) else 0
    with kb.ledger.write() as ledger:
        working.fail(
            ledger,
            one,
            str(error),
            limit=kb.settings.sync.attempts,
            delay=delay,
            recipe=None if passing else recipe(kb),
        )


def _give_back(kb: KnowledgeBase, undone: Sequence[Work], delay: float) -> None:
    if undone:
        with kb.ledger.write() as ledger:
            for one in undone:
                claims.release(ledger, one, delay=delay)
