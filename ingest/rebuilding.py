"""The index made anew from the ledger while questions go on, and the way back to the one before."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from config.errors import ConfigError, SabioError, UnavailableError
from ingest.auditing import audit
from ingest.copying import catch_up, copy
from ingest.knowledge import Collection as IndexCollection
from ingest.knowledge import KnowledgeBase
from ingest.ledger import indexed, now, runs
from ingest.ledger.collections import Noted
from ingest.ledger.golden import Verdict
from ingest.ledger.indexed import Version
from ingest.ledger.owners import kept_alive, new_owner

_PAUSE = 0.2
"""Seconds between looks at what another process is doing."""
_TRIES = 20
"""How often a swap waits for a moment at which the new collection has everything that is published."""

Examine = Callable[[str], Verdict]
"""Has golden questions answered from the collection of that name, before anybody else's are."""
Told = Callable[[str], None]
"""Is told the title of each document that is in the new index."""

log = logging.getLogger(__name__)


class HeldError(SabioError):
    """The new index answers worse than the one in use, so a person has to say what becomes of it."""


def rebuild(
    kb: KnowledgeBase, on_document: Told = lambda _title: None, examine: Examine | None = None
) -> tuple[str, int]:
    """Make a new collection from the ledger and answer from it from then on.

    Questions and syncs go on meanwhile, on the old collection, which is kept for `sync.rollback_days`.
    Returns the new name and how many chunks were written. Raises `HeldError` where `examine` says that
    answers got worse, or cannot say: the new collection is kept, and not used before `accept`. Raises
    `UnavailableError` while another process does the same.
    """
    with _alone(kb):
        return _rebuild(kb, on_document, examine)


def accept(kb: KnowledgeBase) -> tuple[str, int, Verdict]:
    """Answer from the collection that is held, brought up to date first.

    Returns its name, how many chunks it lacked, and why it was held. Raises `ConfigError` when none is, or
    when another model or translator made it than the settings name now.
    """
    with _alone(kb):
        held, used = held_index(kb), kb.ledger.collections().used
        if held is None or used is None:
            raise ConfigError("no index waits to be accepted")
        noted, verdict = held
        _refuse_other_model(kb, noted)
        return *_go_over(kb, used, noted, translate=not kb.is_current(used.name)), verdict


def discard(kb: KnowledgeBase) -> str:
    """Remove the collection that is held: its name. Raises `ConfigError` when none is."""
    with _alone(kb):
        held = held_index(kb)
        if held is None:
            raise ConfigError("no index waits to be accepted or discarded")
        noted, _ = held
        if not _remove(kb, [noted.name]):
            raise UnavailableError(f"{noted.name} is being read and could not be removed; try again")
        return noted.name


def held_index(kb: KnowledgeBase) -> tuple[Noted, Verdict] | None:
    """The collection that waits for a person's word, and why."""
    building = kb.ledger.collections().building
    if building is None or building.held is None:
        return None
    return building, Verdict(**building.held)


def rollback(kb: KnowledgeBase) -> tuple[str, int]:
    """Answer again from the collection that was replaced last, brought up to date first.

    What it replaces can be gone back to in turn. Returns its name and how many chunks it lacked. Raises
    `ConfigError` when there is none any more, or when another model or translator made it than the settings
    name now, and `UnavailableError` while another process makes the index anew.
    """
    with _alone(kb):
        there = kb.ledger.collections()
        if there.used is None or there.retired is None:
            raise ConfigError(
                "there is no index to go back to: the one that a rebuild replaces is kept for"
                f" {kb.settings.sync.rollback_days:g} days (`sync.rollback_days`)"
            )
        _refuse_other_model(kb, there.retired)
        return _go_over(kb, there.used, there.retired)


def keep_current(
    kb: KnowledgeBase, on_document: Told = lambda _title: None, examine: Examine | None = None
) -> None:
    """Make the index anew if the model or the translator that it was made with is not the one there now; go
    back to the one that was replaced last if that was made with them.

    What `examine` says no to is held, as by `rebuild`, and not made again. Waits for another process that
    does the same. Removes what rebuilds left: those of a rebuild that was killed, and what was replaced long
    enough ago.
    """
    while not _is_settled(kb) or _leftovers(kb):
        try:
            with _alone(kb):
                _remove(kb, _leftovers(kb))
                if not _is_settled(kb):
                    _make_current(kb, on_document, examine)
                return
        except TakenError:
            if _is_settled(kb):
                return  # whoever is at it leaves nothing
        except HeldError as error:
            log.warning("%s", error)
            return
        time.sleep(_PAUSE)


def remove_leftovers(kb: KnowledgeBase) -> int:
    """Remove what rebuilds left, if nobody makes the index anew at this moment: how many collections."""
    if not (found := _leftovers(kb)):
        return 0
    try:
        with _alone(kb):
            return _remove(kb, found)
    except TakenError:
        return 0


class TakenError(UnavailableError):
    """Somebody else makes the index anew at this moment."""


@contextmanager
def _alone(kb: KnowledgeBase) -> Iterator[None]:
    """Nobody else makes or removes collections for as long as the block runs."""
    seconds = kb.settings.sync.lease_seconds
    with kb.ledger.write() as ledger:
        lease = runs.claim_scan(ledger, runs.INDEX, new_owner(), seconds)
    if lease is None:
        raise TakenError("the index is being made anew by another process already")
    try:
        with kept_alive(kb.ledger, seconds, lambda ledger: runs.renew_scan(ledger, lease, seconds)):
            yield
    finally:
        with kb.ledger.write() as ledger:
            runs.release_scan(ledger, lease)


def _is_settled(kb: KnowledgeBase) -> bool:
    """Whether the collection in use is as the settings have it, or one that is waits for a person's word."""
    there = kb.ledger.collections()
    used = there.used
    if used is None or kb.is_current(used.name) or (there.building and _is_kept(kb, there.building)):
        return True
    # Put into use after this process had read its settings, so by one that has read newer ones: during an
    # upgrade the old processes do not undo what the new ones have done.
    return used.since is not None and used.since > kb.opened_at


def _leftovers(kb: KnowledgeBase) -> list[str]:
    """What nobody goes back to: begun by a rebuild that was killed, or replaced too long ago."""
    there = kb.ledger.collections()
    found = [there.building] if there.building and not _is_kept(kb, there.building) else []
    days = timedelta(days=kb.settings.sync.rollback_days)
    if there.retired and (there.retired.since is None or there.retired.since + days <= now()):
        found.append(there.retired)
    return [one.name for one in found]


def _is_kept(kb: KnowledgeBase, building: Noted) -> bool:
    """Whether a collection that was begun waits for a person's word: not when the settings have changed
    since, as nobody could accept it."""
    return building.held is not None and kb.is_current(building.name)


def _refuse_other_model(kb: KnowledgeBase, noted: Noted) -> None:
    if kb.is_current(noted.name):
        return
    words = ", ".join(
        f"`{name}: {noted.made_with[name]}`"
        for name in ("embedding", "translation")
        if name in noted.made_with
    )
    raise ConfigError(
        f"the index {noted.name} was made with {words or 'another model'}; set that back before you use it"
    )


def _remove(kb: KnowledgeBase, names: Iterable[str]) -> int:
    removed = 0
    for name in names:
        if kb.drop_collection(name):
            kb.ledger.forget_collection(name)
            removed += 1
    return removed


def _make_current(kb: KnowledgeBase, on_document: Told, examine: Examine | None) -> None:
    there = kb.ledger.collections()
    if there.used and there.retired and kb.is_current(there.retired.name):
        _go_over(kb, there.used, there.retired)
    else:
        _rebuild(kb, on_document, examine)


def _rebuild(kb: KnowledgeBase, on_document: Told, examine: Examine | None) -> tuple[str, int]:
    # Two at a time are enough: the one in use becomes the one to go back to.
    _remove(kb, kb.ledger.leftovers())
    old = kb.ledger.collection()
    new = kb.begin_collection()
    translate = old is not None and not kb.is_current(old)
    with kb.ledger.read() as ledger:
        seen = indexed.versions(ledger)
    written = copy(kb, new, sorted(seen), on_document, translate=translate)
    if old is not None and examine is not None:
        # What is published while questions are asked of it is brought in by the swap.
        _hold_if_worse(kb, new.name, examine)
    _swap(kb, new, old, seen, translate=translate)
    return new.name, written


def _hold_if_worse(kb: KnowledgeBase, name: str, examine: Examine) -> None:
    try:
        verdict = examine(name)
    except SabioError as error:
        # Nobody can say whether it is as good: the one in use goes on, as it would if it were not.
        verdict = Verdict({}, {}, [f"they cannot be asked: {error}"])
    if verdict.fell and kb.ledger.hold_collection(name, asdict(verdict)):
        raise HeldError(
            f"the new index ({name}) is ready, and questions are answered from the one before:"
            f" {verdict.in_words()}. To use it all the same: sabio rebuild --accept; to remove it: sabio"
            " rebuild --discard"
        )


def _go_over(kb: KnowledgeBase, used: Noted, other: Noted, *, translate: bool = False) -> tuple[str, int]:
    """Answer from a collection that was made earlier: its name, and how many chunks it lacked."""
    before = kb.reopen_collection(other)
    with kb.ledger.read() as ledger:
        seen = indexed.versions(ledger)
    # What was removed is taken out, what was published since is put in, and all get their readers of now.
    lacked = audit(kb, before, fills=None, readers=True, translate=translate).gaps
    _swap(kb, before, used.name, seen, translate=translate)
    return before.name, lacked


def _swap(
    kb: KnowledgeBase,
    new: IndexCollection,
    old: str | None,
    seen: Mapping[str, Version],
    *,
    translate: bool = False,
) -> None:
    """Answer from `new`, which has everything that was published when `seen` was, from now on.

    What was published or given to other readers since is brought into it first, until a moment is met at
    which that is all: no question misses a document that the one before it found. `translate` makes pivots
    anew.
    """
    for attempt in range(_TRIES + 1):
        seen = catch_up(kb, new, seen, translate=translate)
        only_if = partial(_has_all, seen) if attempt < _TRIES else _whatever
        if kb.ledger.set_collection(new.name, instead_of=old, only_if=only_if):
            break
        there = kb.ledger.collections()
        if (there.used and there.used.name) != old or new.name not in there.names():
            raise UnavailableError("another process made the index anew meanwhile; that one is in use now")
    kb.show_collection(new.name)
    audit(kb, new, fills=None, translate=translate)


def _has_all(seen: Mapping[str, Version], ledger: Connection) -> bool:
    return all(seen.get(id_) == version for id_, version in indexed.versions(ledger).items())


def _whatever(_ledger: Connection) -> bool:
    """So much is published that no quiet moment is met: what is missed is put in right after."""
    return True
