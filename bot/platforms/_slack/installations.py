"""The workspaces that have installed the app by themselves, with their tokens, in the ledger's database.

Only those that the settings name may: whoever runs another workspace decides which addresses its people
have, and so who they would be here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import cast
from urllib.parse import urljoin

from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from sqlalchemy import ColumnElement, Connection, Engine, delete, inspect, select, text

from bot.platforms._slack.manifest import SCOPES
from config.chat import SlackOAuthSettings, SlackSettings
from ingest.ledger import Ledger

INSTALL, INSTALLED = "/slack/install", "/slack/oauth_redirect"
"""Where somebody begins to install the app, and where Slack sends them back to."""
SECONDS = 600
"""How long an installation may take from its beginning."""

log = logging.getLogger("bot")


class ForbiddenInstallationError(BoltError):
    """A workspace, or an organisation as a whole, that may not install the app."""

    def __init__(self, installation: Installation) -> None:
        self.team: str | None = installation.team_id
        """None: it is an organisation."""
        self.workspace = installation.team_name or installation.team_id or ""
        super().__init__(f"{self.team or 'an organisation'} may not install the app")


class Installations(AsyncInstallationStore):
    """slack_sdk's store of bots, for the workspaces that the settings name; in the database of `ledger()`."""

    def __init__(self, ledger: Callable[[], Ledger], settings: SlackOAuthSettings) -> None:
        self._ledger, self._settings = ledger, settings
        self._named: frozenset[str | None] = frozenset(settings.teams)
        engine = cast("Engine", _Engine(ledger))
        self._store = SQLAlchemyInstallationStore(settings.client_id, engine, logger=log)
        self._table = self._store.bots
        self._states = SQLAlchemyOAuthStateStore(SECONDS, engine, logger=log)

    @property
    def logger(self) -> logging.Logger:
        """Where it says what it does."""
        return log

    def prepare(self) -> None:
        """Make its tables where they are not there yet. Several processes may try at once."""
        with self._ledger().write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE state IN SHARE ROW EXCLUSIVE MODE"))
            self._store.metadata.create_all(connection, tables=[self._table])
            self._states.metadata.create_all(connection)

    def for_bolt(self, slack: SlackSettings, pages: AsyncCallbackOptions) -> AsyncOAuthSettings:
        """What Bolt needs to let people install the app. `pages`: what they see at the end."""
        return AsyncOAuthSettings(
            client_id=self._settings.client_id,
            client_secret=self._settings.client_secret,
            scopes=sorted(SCOPES),
            install_path=INSTALL,
            install_page_rendering_enabled=False,
            redirect_uri_path=INSTALLED,
            callback_options=pages,
            # Beside the Web API, whatever stands before both: https://slack.com/oauth/v2/authorize.
            authorization_url=urljoin(slack.api_url, "/oauth/v2/authorize"),
            installation_store=self,
            installation_store_bot_only=True,
            state_store=_States(self._states),
            state_expiration_seconds=SECONDS,
        )

    def invites(self, team: str) -> bool:
        """Whether the settings name a workspace, so that its people may be sent to it to install the app."""
        return team in self._named

    def bots(self) -> dict[str, Bot | None]:
        """The workspaces that the settings name, and those of the organisations that they name, each with its
        installation; None: it has none yet."""
        found: dict[str, Bot | None] = dict.fromkeys(
            sorted(one for one in self._settings.teams if one.startswith("T"))
        )
        with self._ledger().read() as connection:
            if not inspect(connection).has_table(self._table.name):
                return found
            there = set(connection.scalars(select(self._table.c.team_id)))
        return found | {team: bot for team in sorted(there) if (bot := self.bot(team))}

    def bot(self, team: str | None) -> Bot | None:
        """The latest installation in a workspace that still may."""
        newest = select(self._table).where(*self._of(team)).order_by(self._table.c.installed_at.desc())
        with self._ledger().read() as connection:
            row = connection.execute(newest).mappings().first()
        if row is None or self._named.isdisjoint({row["team_id"], row["enterprise_id"]}):
            return None
        return self._store.build_bot_entity(row)

    def forget(self, team: str) -> None:
        """Forget every token of a workspace."""
        with self._ledger().write() as connection:
            connection.execute(delete(self._table).where(*self._of(team)))

    async def async_save(self, installation: Installation) -> None:
        """Keep an installation of a workspace that may, in place of what it has installed before. Raises
        `ForbiddenInstallationError`."""
        team = installation.team_id
        if installation.is_enterprise_install or team is None:
            installation.team_id = None
            raise ForbiddenInstallationError(installation)
        if self._named.isdisjoint({team, installation.enterprise_id}):
            log.warning("slack: the workspace %s is not among slack.oauth.teams", team)
            raise ForbiddenInstallationError(installation)
        await asyncio.to_thread(self.forget, team)
        await asyncio.to_thread(self._store.save_bot, installation.to_bot())
        log.info("slack: installed in %s (%s)", installation.team_name, team)

    async def async_find_bot(
        self,
        *,
        enterprise_id: str | None,  # noqa: ARG002 - named by slack_sdk; workspaces have ids of their own
        team_id: str | None,
        is_enterprise_install: bool | None = False,  # noqa: ARG002
    ) -> Bot | None:
        """The latest installation in a workspace that still may."""
        return await asyncio.to_thread(self.bot, team_id)

    def _of(self, team: str | None) -> tuple[ColumnElement[bool], ...]:
        """What tells the rows of a workspace: not its organisation, of which not every caller knows."""
        return self._table.c.client_id == self._settings.client_id, self._table.c.team_id == team


class _States(AsyncOAuthStateStore):
    """slack_sdk's own store of what tells one installation under way from another's forgery."""

    def __init__(self, store: SQLAlchemyOAuthStateStore) -> None:
        self._store = store

    @property
    def logger(self) -> logging.Logger:
        return log

    async def async_issue(self, *_: object, **__: object) -> str:
        return await asyncio.to_thread(self._store.issue)

    async def async_consume(self, state: str) -> bool:
        return await asyncio.to_thread(self._store.consume, state)


class _Engine:
    """The ledger, as far as slack_sdk's stores use an engine: so they raise its errors."""

    def __init__(self, ledger: Callable[[], Ledger]) -> None:
        self._ledger = ledger

    def begin(self) -> AbstractContextManager[Connection]:
        return self._ledger().write()

    def connect(self) -> AbstractContextManager[Connection]:
        return self._ledger().read()
