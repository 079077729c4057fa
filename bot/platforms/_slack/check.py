"""Whether Slack takes the tokens, and lets the app do what it needs: part of `sabio check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.findings import Findings
from bot.platforms._slack.errors import problem_of
from bot.platforms._slack.installations import INSTALL, Installations
from bot.platforms._slack.manifest import SCOPES
from config.chat import SlackSettings
from config.errors import ConfigError, UnavailableError
from ingest.ledger import Ledger


def check_slack(found: Findings, settings: SlackSettings, ledger: Callable[[], Ledger]) -> None:
    """Ask Slack who the bot is, what it may do, and whether a connection may be opened. `ledger()` has the
    tokens of an app that several workspaces install."""
    with found.about("slack"):
        if settings.mode == "socket":
            with _told(settings):
                _client(settings, None).apps_connections_open(app_token=settings.app_token or "")
        if settings.oauth is None:
            with _told(settings):
                _check_bot(found, settings, settings.bot_token)
            return
        bots = Installations(ledger, settings.oauth).bots()
        for team, bot in bots.items():
            with found.about("slack"):
                if bot is None:
                    found.warn("slack", f"not installed in the workspace {team} yet", _how(team))
                    continue
                with _told(settings, team):
                    _check_bot(found, settings, bot.bot_token)
        if not bots:
            found.warn("slack", "not installed in any workspace yet", _how())


def _check_bot(found: Findings, settings: SlackSettings, token: str | None) -> None:
    """Ask who the bot is, and what it may do."""
    me = _client(settings, token).auth_test()
    granted = {scope for name in me.headers.get("x-oauth-scopes", "").split(",") if (scope := name.strip())}
    if missing := sorted(SCOPES.keys() - granted):
        named = ", ".join(f"`{scope}` ({SCOPES[scope]})" for scope in missing)
        raise ConfigError(
            f"the app lacks {named} in {me['team']}: put the manifest of `sabio manifest slack` into the"
            " app's settings, and install the app again"
        )
    if more := sorted(granted - SCOPES.keys()):
        found.warn(
            "slack",
            f"the app may do more than Sabio needs: {', '.join(more)}",
            "put the manifest of `sabio manifest slack` into the app's settings",
        )
    found.ok("slack", f"@{me['user']} in {me['team']}, with all scopes")


def _client(settings: SlackSettings, token: str | None) -> WebClient:
    return WebClient(token, base_url=settings.api_url, timeout=10)


def _how(team: str | None = None) -> str:
    query = f"?team={team}" if team else ""
    return f"open {INSTALL}{query} of `sabio serve` in a browser; see docs/slack.md"


@contextmanager
def _told(settings: SlackSettings, team: str | None = None) -> Iterator[None]:
    """Raise what Slack's client raises as what a person must do; `team`: whose token it is, of several."""
    try:
        yield
    except SlackApiError as error:
        word = error.response.get("error")
        if team is not None and problem_of(error):
            raise ConfigError(
                f"Slack refuses the token of the workspace {team} ({word}): install the app there again:"
                f" {_how(team)}"
            ) from error
        raise ConfigError(problem_of(error) or f"Slack says `{word}`") from error
    except (SlackClientError, OSError) as error:
        raise UnavailableError(f"{settings.api_url} cannot be reached: {error}") from error
