"""The sync engine: scan -> plan -> work -> publish -> sweep.

`scan` decides what is due and writes it down; `work` does some of it, in any number of threads, processes and
machines at once; `finish` ends a run with its report. Each can be killed at any moment and run again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Names
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from config.errors import DocumentError, SabioError, UnavailableError
from config.telemetry import bind, observe_metric
from config.tracing import Span, span
from ingest.auditing import audit
from ingest.documents import Content, Document, Entry
from ingest.holding import hold_of, without_text
from ingest.knowledge import Collection, KnowledgeBase
from ingest.ledger import (
    ContendedError,
    access,
    chores,
    claims,
    confirming,
    golden,
    indexed,
    now,
    reading,
    runs,
    scanning,
    working,
)
from ingest.ledger.claims import Work
from ingest.ledger.owners import kept_alive, new_owner
from ingest.observing import STEPS, Observer, unobserved
from ingest.planning import FETCH, REINDEX, Brake, Plan, plan
from ingest.publishing import carry_out, recipe
from ingest.taking import take_listing, warnings_of, why_empty

__all__ = ["STEPS", "Observer", "finish", "recipe", "scan", "unobserved", "work"]

_MANY = 500
"""Documents after which the database should take stock of its tables."""
_AT_ONCE = 4
"""Bodies that one worker holds in memory."""

_COUNTS = (
    *("scanned", "new", "changed", "unchanged", "retitled", "readers_changed", "removed", "held", "failed"),
    *("chunks_embedded", "chunks_reused", "still_answerable", "seconds"),
)
"""Of a run's report, what goes into the log."""
_FEW = 20_000
"""Published chunks that are compared in a second or two."""
_REGULARLY = timedelta(days=2)
"""Where there was an audit within this time, the next one comes by itself."""

log = logging.getLogger(__name__)


def scan(
    kb: KnowledgeBase,
    source: str,
    *,
    full: bool = False,
    confirmed: bool = False,
    scheduled: bool = False,
    wanted: Callable[[Connection], bool] = lambda _ledger: True,
    observe: Observer = unobserved,
) -> str | None:
    """List a source and write down what is due: the new run's id, or None while somebody else is at it.

    A request that waits for the source is served by it. `wanted` is asked when nobody else can scan any more;
    None where it says no. `scheduled`: no person asks for it but perhaps by a request, so while the source is
    held no new text is brought in. A scan that fails leaves everything as it was; the run says why, and the
    error goes on.
    """
    owner, seconds = new_owner(), kb.settings.sync.lease_seconds
    with kb.ledger.write() as ledger:
        lease = runs.claim_scan(ledger, source, owner, seconds)
        if lease is None:
            return None
        if not wanted(ledger):
            runs.release_scan(ledger, lease)
            return None
        begun = runs.begin_sync(ledger, source, owner, full=full, confirmed=confirmed)
        run = begun.run
    with bind(run=run, source=source), span("scan", run=run, source=source) as told:
        try:
            with kept_alive(kb.ledger, seconds, lambda ledger: runs.renew_scan(ledger, lease, seconds)):
                listing = take_listing(kb, source, whole=begun.full or begun.by_hand or not scheduled)
                observe("scanned", source)
                warnings = warnings_of(kb, source, listing, run, full=begun.full)
                decided = _decide(kb, source, listing.entries, begun)
            with kb.ledger.write() as ledger:
                if scheduled and not begun.by_hand and hold_of(kb.settings, ledger, source):
                    decided, waiting = without_text(decided)
                    golden.keep_waiting(ledger, source, waiting)
                access.keep(ledger, source, listing)
                if not scanning.record(ledger, lease, run, decided, warnings):
                    raise UnavailableError(
                        f"the scan of `{source}` took too long and was taken over by another"
                    )
            _tell(decided, told)
            observe("planned", source)
        except BaseException as error:
            with kb.ledger.write() as ledger:
                why = str(error) if isinstance(error, SabioError) else f"interrupted: {error!r}"
                reason = kb.settings.masked(why)
                runs.release_scan(ledger, lease)
                runs.close_run(ledger, run, "failed", error=reason)
            log.info("the scan failed: %s", reason)
            raise
    return run


def _decide(kb: KnowledgeBase, source: str, listing: Sequence[Entry], begun: runs.Begun) -> Plan:
    """What a listing calls for, and what a person who asked for the run has confirmed."""
    with kb.ledger.read() as ledger:
        known = scanning.known(ledger, source)
    settings = kb.settings.sync
    return plan(
        listing,
        known,
        recipe=recipe(kb),
        brake=Brake(settings.brake_share, settings.brake_count),
        full=begun.full,
        confirmed=begun.confirmed,
    )


def _tell(decided: Plan, told: Span) -> None:
    """Say what a plan holds, in the log and in the trace."""
    counts = {
        "scanned": decided.scanned,
        "new": len(decided.new),
        "changed": len(decided.changed),
        "relisted": len(decided.relisted),
        "unchanged": len(decided.unchanged),
        "removed": len(decided.gone),
        "held": len(decided.held),
    }
    told.set(**counts)
    log.info("planned", extra=counts)


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
        # Of the run that nearly all of it is of; each document is bound to its own.
        first = claimed[0]
        with (
            bind(run=first.run, source=first.source),
            span("work", run=first.run, source=first.source, documents=len(claimed)),
            kept_alive(kb.ledger, settings.lease_seconds, renew),
        ):
            collection = kb.collection()
            for start in range(0, len(claimed), _AT_ONCE):
                _work_on(kb, collection, claimed[start : start + _AT_ONCE], undone, observe, stopping)
    except ContendedError as error:
        log.info("%s", error)
        delay = error.retry_after or 0
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
        with bind(run=one.run, source=one.source, document=one.document):
            if one.document in deadly:
                _fail(kb, one, DocumentError(f"the process that indexed it ended, {limit} times"))
            elif isinstance(body := bodies.get(one.document), SabioError):
                _fail(kb, one, body)
            else:
                carry_out(kb, collection, one, body, observe)
                observe_metric("documents_worked", source=one.source, outcome="done")
        del undone[one.document]


def finish(kb: KnowledgeBase, run: str) -> dict[str, Any] | None:
    """End a run whose work is done: its report with the proof of deletion, or None while work is left."""
    with kb.ledger.read() as ledger:
        if runs.left(ledger, run):
            return None
        report = reading.run_report(ledger, run)
        retired = runs.swept(ledger, run)
    if report["outcome"] != "working":
        return report
    source = report["source"]
    with bind(run=run, source=source), span("finish", run=run, source=source, retired=len(retired)):
        closed = _close(kb, report, retired)
        with kb.ledger.read() as ledger:
            report = reading.run_report(ledger, run)
        if closed:
            if sum(report[count] for count in ("new", "changed", "removed")) >= _MANY:
                kb.ledger.look_anew()
            counts = {key: len(value) if key == "failed" else value for key, value in report.items()}
            log.info("finished: %s", report["outcome"], extra={k: counts[k] for k in _COUNTS})
    return report


def _close(kb: KnowledgeBase, report: Mapping[str, Any], retired: Sequence[str]) -> bool:
    """Prove that what is gone cannot be answered from, and end the run; False when somebody else did."""
    source = report["source"]
    collection = kb.collection()
    found = set(retired) - collection.index.missing(retired)
    with kb.ledger.read() as ledger:
        answerable = len(confirming.confirm(ledger, found, list(kb.connectors)))
    if report["kind"] == runs.SYNC:
        _put_right(kb, collection, source, full=report["full"])
    with kb.ledger.write() as ledger:
        held = hold_of(kb.settings, ledger, source) if report["kind"] == runs.SYNC else None
        outcome = "held" if report["held"] or held else "done"
        why = held.in_words() if held else None
        if report["kind"] == runs.SYNC and not (report["scanned"] or report["removed"] or report["held"]):
            outcome, why = "failed", why_empty(kb.connectors[source])
        return runs.close_run(ledger, report["run"], outcome, still_answerable=answerable, error=why)


def _put_right(kb: KnowledgeBase, collection: Collection, source: str, *, full: bool) -> None:
    """Compare the whole index with the ledger and mend it: not where that takes long and is done once a day
    anyway, unless what was found wrong then is left to this source, or everything is to be looked at."""
    with kb.ledger.read() as ledger:
        few = indexed.count_published(ledger) <= _FEW
        done_at, found = chores.last_found(ledger, chores.AUDIT).get("", (None, None))
    doubted = full or source in (found or {}).get("sources", ())
    if few or doubted or done_at is None or done_at < now() - _REGULARLY:
        audit(kb, collection, fills={source}, readers=doubted)


def _read(
    kb: KnowledgeBase, fetches: Sequence[Work], observe: Observer
) -> Mapping[str, Document | SabioError]:
    """The bodies of documents, fetched and parsed, by document; or why one could not be had."""
    result: dict[str, Document | SabioError] = {}
    contents: dict[str, Content] = {}
    for one in fetches:
        named = {"source": one.source, "document": one.document}
        try:
            with bind(**named), span("fetch", run=one.run, **named):
                contents[one.document] = kb.connectors[one.source].fetch(one.entry)
        except (DocumentError, UnavailableError) as error:
            result[one.document] = error
        observe("fetched", one.entry.title)
    down = [error for error in result.values() if isinstance(error, UnavailableError)]
    if len(down) == len(fetches) > 1 and not any(one.attempts for one in fetches):
        raise down[0]  # not one document but the source
    if contents:
        with span("parse", documents=len(contents)) as told:
            parsed = kb.parsers.parse(list(contents.values()))
            told.set(failed=sum(isinstance(one, DocumentError) for one in parsed))
        result.update(zip(contents, parsed, strict=True))
        observe("parsed")
    return result


def _fail(kb: KnowledgeBase, one: Work, error: SabioError) -> None:
    passing = isinstance(error, UnavailableError)
    delay = (error.retry_after or 2.0**one.attempts) if isinstance(error, UnavailableError) else 0
    last = one.attempts + 1 >= kb.settings.sync.attempts
    with kb.ledger.write() as ledger:
        counted = working.fail(
            ledger,
            one,
            str(error),
            limit=kb.settings.sync.attempts,
            delay=delay,
            recipe=None if passing else recipe(kb),
        )
    if counted:
        outcome = "quarantined" if last else "retried"
        observe_metric("documents_worked", source=one.source, outcome=outcome)
        level = logging.WARNING if last else logging.INFO
        attempt = min(one.attempts + 1, kb.settings.sync.attempts)
        log.log(level, "%s: %s", outcome, error, extra={"entry": one.entry.id, "attempt": attempt})


def _give_back(kb: KnowledgeBase, undone: Sequence[Work], delay: float) -> None:
    if undone:
        with kb.ledger.write() as ledger:
            for one in sorted(undone, key=lambda one: one.document):  # as everybody locks them
                claims.release(ledger, one, delay=delay)
