"""What somebody sees in their browser who installs the app in another workspace of the company."""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping, Sequence

from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.platforms._slack.errors import translated
from bot.platforms._slack.installations import INSTALL, SECONDS, ForbiddenInstallationError, Installations
from bot.wording import say
from config.errors import SabioError

_STALE = ("invalid_browser", "invalid_state", "missing_code")

log = logging.getLogger("bot")


async def begin(flow: AsyncOAuthFlow, headers: Mapping[str, str], team: str = "") -> BoltResponse:
    """Send somebody to Slack, to install the app in the workspace that they choose there, or in `team`, where
    the settings name that."""
    store = flow.settings.installation_store
    named = isinstance(store, Installations) and store.invites(team)
    request = AsyncBoltRequest(body="", query=f"team={team}" if named else "", headers=dict(headers))
    try:
        return await flow.handle_installation(request)
    except SabioError as error:
        return _away(request, error)


async def finish(flow: AsyncOAuthFlow, headers: Mapping[str, str], query: str) -> BoltResponse:
    """Go on where Slack sends somebody back to, and tell them what came of it."""
    request = AsyncBoltRequest(body="", query=query, headers=dict(headers))
    try:
        with translated():
            return await flow.handle_callback(request)
    except SabioError as error:
        return _away(request, error)


def pages() -> AsyncCallbackOptions:
    """What is shown at the end, whether it went well or not."""
    return AsyncCallbackOptions(_succeeded, _failed)


async def _succeeded(given: AsyncSuccessArgs) -> BoltResponse:
    language, made = _language(given.request), given.installation
    workspace = made.team_name or made.team_id or ""
    title = say("install_done", language, workspace=workspace)
    address = f"https://app.slack.com/client/{made.team_id}"
    return _page(200, language, title, [say("install_next", language)], (address, "install_open"), done=given)


async def _failed(given: AsyncFailureArgs) -> BoltResponse:
    language, error = _language(given.request), given.error
    if isinstance(error, ForbiddenInstallationError):
        if error.team is None:
            said = say("install_organisation", language)
        else:
            said = say("install_team", language, workspace=error.workspace, team=error.team)
        return _page(403, language, say("install_failed", language), [said], None, done=given)
    if given.reason in _STALE:
        said = say("install_stale", language, count=SECONDS // 60)
    elif given.reason == "access_denied":
        said = say("install_cancelled", language)
    else:
        log.warning("slack: an installation has failed: %s", given.reason[:100])
        said = say("install_refused", language, reason=given.reason[:100])
    again = (INSTALL, "cmd_again")
    status = given.suggested_status_code
    return _page(status, language, say("install_failed", language), [said], again, done=given)


def _away(request: AsyncBoltRequest, error: SabioError) -> BoltResponse:
    log.warning("slack: an installation is not possible now: %s", error)
    language = _language(request)
    title, said = say("install_failed", language), say("not_now", language)
    return _page(503, language, title, [said], (INSTALL, "cmd_again"))


def _language(request: AsyncBoltRequest) -> str:
    """The language that the browser prefers."""
    preferred = request.headers.get("accept-language") or ["en"]
    return preferred[0].partition(",")[0].partition(";")[0].strip() or "en"


def _page(
    status: int,
    language: str,
    title: str,
    lines: Sequence[str],
    link: tuple[str, str] | None,
    *,
    done: AsyncSuccessArgs | AsyncFailureArgs | None = None,
) -> BoltResponse:
    """A page of few words. `done`: the installation is over, so the browser is to forget it."""
    shown = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    if link is not None:
        address, label = link
        shown += f'<p><a href="{html.escape(address)}">{html.escape(say(label, language))}</a></p>'
    name = html.escape(title)
    body = (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{name}</title></head>'
        f'<body style="font-family: sans-serif; max-width: 40em; margin: 4em auto">'
        f"<h1>{name}</h1>{shown}</body></html>"
    )
    headers = {"Content-Type": "text/html; charset=utf-8"}
    if done is not None:
        headers["Set-Cookie"] = done.settings.state_utils.build_set_cookie_for_deletion()
    return BoltResponse(status=status, body=body, headers=dict(headers))
