"""Microsoft Teams: people mention Sabio or write to it directly, and are answered there.

Built on the Bot Framework SDK, which Microsoft has archived; what knows it is in `bot.platforms._teams`, in
`connection` and `activities`, where its successor would go. What people say is kept in the ledger before
Teams is told that it arrived (`bot.platforms._deliveries`), and answered outside of its request.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.audience import names_groups
from bot.platforms._deliveries import Deliveries
from bot.platforms._life import Life, Tell
from bot.platforms._teams.answers import Answers
from bot.platforms._teams.authentication import is_loopback
from bot.platforms._teams.commands import Commands
from bot.platforms._teams.connection import Connection
from bot.platforms._teams.dialogs import Dialogs
from bot.platforms._teams.events import PLATFORM
from bot.platforms._teams.experts import Experts
from bot.platforms._teams.groups import Groups
from bot.platforms._teams.listening import Listening
from bot.platforms._teams.people import People
from bot.platforms._teams.signin import SignIn
from config.errors import ConfigError
from ingest.knowledge import KnowledgeBase
from ingest.ledger.inbox import Event
from workers.event_loop import EventLoop
from workers.web import Answer, Route, as_json

DEVELOPMENT = (
    "development, WITHOUT CREDENTIALS: whoever reaches the port on this machine is answered, as whoever they"
    " say they are"
)

log = logging.getLogger("bot")


class Teams:
    """What one process does in Teams. Start it, and stop it at the end."""

    def __init__(self, kb: KnowledgeBase, loop: EventLoop) -> None:
        """Raises `ConfigError` for what would let strangers in."""
        self._kb, self._settings = kb, kb.settings.teams
        if self._settings.missing:
            raise ConfigError(f"not set: {', '.join(self._settings.missing)}")
        if self._settings.development and not is_loopback(kb.settings.server.host):
            raise ConfigError(
                "teams.development lets in whoever asks, so server.host must be a loopback address, as"
                f" 127.0.0.1; it is `{kb.settings.server.host}`"
            )
        self._life = Life(loop, PLATFORM, kb.settings.secrets)

    def start(self) -> str:
        """Begin: what to tell of it."""
        return self._life.start(self._live)

    def trouble(self) -> str | None:
        """Why it is not alive; None: it is."""
        return self._life.trouble()

    def stop(self) -> None:
        """Take nothing more, end the answers under way, and leave the others to whoever comes next."""
        self._life.stop()

    @property
    def routes(self) -> Mapping[str, Route]:
        """The requests that Teams sends here."""
        return {"POST /api/messages": self.respond}

    async def respond(self, body: bytes, headers: Mapping[str, str], _query: str = "") -> Answer:
        """Take what Teams has posted."""
        # Not by what it contains: a page in a browser may post `text/plain; application/json` anywhere.
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return as_json(415, {"error": "application/json is expected"})
        try:
            activity = json.loads(body)
        except ValueError:
            return as_json(400, {"error": "this is no JSON"})
        if not isinstance(activity, dict):
            return as_json(400, {"error": "this is no activity"})
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        if self._settings.development and not is_loopback(host):
            return as_json(403, {"error": "development answers to this machine only"})
        if not self._life.listens:
            return as_json(503, {"error": "not ready"})
        signed = headers.get("authorization", "")
        return as_json(*await self._connection.receive(signed, activity, self._listening.hear))

    async def _live(self, tell: Tell) -> None:
        kb = self._kb
        sign_in = SignIn(self._settings)
        self._connection = Connection(self._settings, sign_in)
        people = People(self._settings, Groups(sign_in) if names_groups(kb.settings, PLATFORM) else None)
        deliveries = Deliveries(kb, PLATFORM, self._answer, self._apologise)
        self._answers = Answers(kb, self._connection, people, deliveries)
        self._commands = Commands(kb, self._connection, people, deliveries)
        self._experts = Experts(kb, self._connection, people, deliveries)
        dialogs = Dialogs(kb, self._connection, people, deliveries, self._answers, self._experts)
        self._listening = Listening(kb, deliveries, dialogs)
        if self._settings.development:
            log.warning("teams: %s", DEVELOPMENT)
        tell(DEVELOPMENT if self._settings.development else "listening")
        await deliveries.run(self._life.stopping)

    async def _answer(self, event: Event) -> None:
        ways = {
            "question": self._answers.answer,
            "command": self._commands.answer,
            "expert": self._experts.answer,
            "deletion": self._answers.withdraw,
            "welcome": self._answers.welcome,
        }
        await ways[event.content["kind"]](event)

    async def _apologise(self, event: Event) -> None:
        await self._answers.apologise(event)
