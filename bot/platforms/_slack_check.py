"""Whether Slack takes the tokens, and lets the app do what it needs: part of `sabio check`."""

from __future__ import annotations

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.findings import Findings
from bot.platforms._slack_errors import problem_of
from bot.platforms._slack_manifest import SCOPES
from config.errors import ConfigError, UnavailableError
from config.sections import SlackSettings


def check_slack(found: Findings, settings: SlackSettings) -> None:
    """Ask Slack who the bot is, what it may do, and whether a connection may be opened."""
    with found.about("slack"):
        client = WebClient(settings.bot_token, base_url=settings.api_url, timeout=10)
        try:
            me = client.auth_test()
            if settings.mode == "socket":
                client.apps_connections_open(app_token=settings.app_token or "")
        except SlackApiError as error:
            raise ConfigError(problem_of(error) or f"Slack says `{error.response.get('error')}`") from error
        except (SlackClientError, OSError) as error:
            raise UnavailableError(f"{settings.api_url} cannot be reached: {error}") from error
        granted = {
            scope for name in me.headers.get("x-oauth-scopes", "").split(",") if (scope := name.strip())
        }
        if missing := sorted(SCOPES.keys() - granted):
            named = ", ".join(f"`{scope}` ({SCOPES[scope]})" for scope in missing)
            raise ConfigError(
                f"the app lacks {named}: put the manifest of `sabio manifest slack` into the app's settings,"
                " and install the app again"
            )
        if more := sorted(granted - SCOPES.keys()):
            found.warn(
                "slack",
                f"the app may do more than Sabio needs: {', '.join(more)}",
                "put the manifest of `sabio manifest slack` into the app's settings",
            )
        found.ok("slack", f"@{me['user']} in {me['team']}, with all scopes")
