"""`sync confirm`, `discard` and `accept`: a person's word on what is held.

Three things are: removals, more than usual, of a source (`confirm` carries them out, `discard` keeps the
documents); a source after whose sync golden questions were answered worse (`accept` lets new text in again);
and a new index with which they are (`accept index` uses it, `discard index` removes it). The words differ, so
a button that is pressed twice cannot decide about something else.
"""

from __future__ import annotations

import logging
import threading

from bot.commands.asked import Asked, Followed
from bot.commands.grammar import INDEX
from bot.commands.syncing import accept_button, removal_buttons, sync
from bot.evaluation.accepting import accept_rebuild, accept_syncs
from bot.messages import Button, Notice
from config.errors import ConfigError, UnavailableError
from config.sections import SourceSettings
from ingest import rebuilding
from ingest.holding import hold_of
from ingest.ledger import held, requests

log = logging.getLogger("bot")


def confirm(asked: Asked, sources: list[SourceSettings]) -> Notice | Followed:
    """Carry out removals that are held: of the source that is named, or of the one that has some."""
    names = {source.name for source in sources}
    with asked.kb.ledger.read() as ledger:
        counts = {name: n for name, n in held.removals(ledger).items() if name in names}
        waiting = {one.source for one in requests.waiting(ledger).values() if one.confirmed}
        begun = held.confirmed_runs(ledger, asked.at)
    about = sorted((counts.keys() | waiting | begun.keys()) & names)
    if len(about) > 1:
        return _which(asked, counts)
    # One that nothing is held of any more must not be synced without its brake.
    if not about:
        return asked.notice("nothing_held")
    since = min(asked.at, begun.get(about[0], asked.at))
    return sync(asked, about, confirmed=True, since=since)


def discard(asked: Asked, sources: list[SourceSettings]) -> Notice:
    """Keep documents whose removal is held, or remove the index that is held."""
    if asked.command.about == INDEX:
        if rebuilding.held_index(asked.kb) is None:
            return asked.notice("no_index_held")
        rebuilding.discard(asked.kb)
        return asked.notice("index_discarded")
    names = {source.name for source in sources}
    with asked.kb.ledger.read() as ledger:
        counts = {name: n for name, n in held.removals(ledger).items() if name in names}
        worse = any(hold_of(asked.kb.settings, ledger, name) for name in names)
    if len(counts) > 1:
        return _which(asked, counts)
    if not counts:
        return asked.notice("nothing_held", [asked.say("worse_stays")] if worse else [])
    [source] = counts
    with asked.kb.ledger.write() as ledger:
        kept = held.keep(ledger, source)
    if kept is None:
        return asked.notice("too_late")
    return Notice(asked.say("kept", count=kept, source=asked.label(source)), (asked.say("kept_until"),))


def accept(asked: Asked, sources: list[SourceSettings]) -> Notice | Followed:
    """Let a source go on although answers got worse by its last sync, or use the index that is held."""
    if asked.command.about == INDEX:
        return IndexAccepted(asked) if rebuilding.held_index(asked.kb) else asked.notice("no_index_held")
    with asked.kb.ledger.read() as ledger:
        found = [one.name for one in sources if hold_of(asked.kb.settings, ledger, one.name)]
    if not found:
        return asked.notice("nothing_held")
    if len(found) > 1:
        buttons = [accept_button(asked, name) for name in found]
        return asked.notice("which", [asked.label(name) for name in found], buttons)
    accept_syncs(asked.kb, found)
    return sync(asked, found)


def _which(asked: Asked, counts: dict[str, int]) -> Notice:
    lines = [
        asked.say("of_source", source=asked.label(name), said=asked.say("held", count=count))
        for name, count in sorted(counts.items())
    ]
    buttons: list[Button] = []
    for name, count in sorted(counts.items()):
        buttons += [
            Button(f"{asked.label(name)}: {one.label}", one.command, one.confirm)
            for one in removal_buttons(asked, name, count)
        ]
    return asked.notice("which", lines, buttons)


class IndexAccepted:
    """The index that is held, brought up to date and put into use by a thread of this process.

    A process that is killed leaves it held, to be accepted again.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._end: Notice | None = None
        threading.Thread(target=self._accept, name="sabio-accept", daemon=True).start()

    def look(self) -> Notice:
        """That it goes on, or how it ended."""
        return self._end or Notice(self._asked.say("accepting_index"), done=False)

    def farewell(self) -> str:
        """How it ended."""
        return self.look().title

    def _accept(self) -> None:
        asked = self._asked
        try:
            _, lacked = accept_rebuild(asked.kb)
            self._end = Notice(asked.say("index_accepted", count=lacked))
        except (UnavailableError, ConfigError) as error:
            self._end = Notice(asked.say("failed_index"), (asked.say("because", reason=str(error)),))
        except Exception:
            log.exception("the index that is held could not be put into use")
            self._end = Notice(asked.say("failed_index"), (asked.say("internal"),))
