"""What Slack's refusals mean: a person must act, all is over, it will pass, or the mistake is ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.platforms._deliveries import OverError
from config.errors import ConfigError, UnavailableError

_OVER = frozenset(
    "channel_not_found not_in_channel is_archived message_not_found cant_update_message edit_window_closed"  # noqa: SIM905
    " thread_not_found invalid_thread_ts restricted_action restricted_action_thread_locked user_not_found"
    " cant_delete_message cannot_dm_bot user_disabled".split()
)
"""What Slack says where no attempt will ever be answered: the conversation or the message is gone."""
_TOKENS = frozenset(
    "invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type".split()  # noqa: SIM905
)
_GONE = frozenset({"account_inactive", "token_revoked"})
_WRONG_SCOPE = frozenset({"missing_scope", "no_permission"})
_OURS = frozenset(
    "invalid_blocks invalid_blocks_format invalid_arguments invalid_chunks msg_too_long msg_blocks_too_long"  # noqa: SIM905
    " no_text missing_argument unknown_method invalid_form_data invalid_json".split()
)
"""What Slack says of what it should never have been sent."""
_UNSTREAMED = frozenset(
    "unknown_method channel_type_not_supported method_not_supported_for_channel_type feature_not_enabled"  # noqa: SIM905
    " missing_recipient_team_id missing_recipient_user_id deprecated_endpoint ratelimited".split()
)
"""What Slack says where an answer cannot be streamed, but can be posted."""
_ENDED = frozenset({"message_not_in_streaming_state", "stopped_by_user"})


class UnstreamedError(Exception):
    """Slack does not stream there."""


class EndedError(Exception):
    """A stream has ended before its time."""


class StreamingError(Exception):
    """A message is still streamed, and cannot be changed as a whole."""


class RefusedTokenError(ConfigError):
    """Slack takes a token no more, or never has; `word` is Slack's for why."""

    word = ""

    @property
    def is_gone(self) -> bool:
        """Whether the app was removed, so that the token will never work again."""
        return self.word in _GONE


@contextmanager
def translated() -> Iterator[None]:
    """Raise what Slack's client raises as Sabio's errors; a mistake of ours stays what it is."""
    try:
        yield
    except SlackApiError as error:
        if said(error) == "streaming_state_conflict":
            raise StreamingError from error
        if said(error) in _ENDED:
            raise EndedError(said(error)) from error
        if said(error) in _UNSTREAMED and "Stream" in str(error.response.api_url):
            raise UnstreamedError(said(error)) from error
        if said(error) in _OURS:
            raise
        if is_over(error):
            raise OverError(f"Slack says `{said(error)}`") from error
        if problem := problem_of(error):
            if said(error) not in _TOKENS:
                raise ConfigError(problem) from error
            refused = RefusedTokenError(problem)
            refused.word = said(error)
            raise refused from error
        raise UnavailableError(f"Slack says `{said(error) or error.response.status_code}`") from error
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UnavailableError(f"Slack cannot be reached ({type(error).__name__})") from error


def said(error: BaseException) -> str:
    """Slack's word for why it refused; empty for what is no refusal of Slack's."""
    return str(error.response.get("error") or "") if isinstance(error, SlackApiError) else ""


def is_over(error: BaseException) -> bool:
    """Whether no attempt will ever succeed: the conversation or the message is gone."""
    return said(error) in _OVER


def problem_of(error: BaseException) -> str | None:
    """What a person must change, where that is what Slack's refusal means."""
    if not isinstance(error, SlackApiError):
        return None
    word = said(error)
    if word in _TOKENS:
        app = "apps.connections.open" in str(error.response.api_url)
        name, begins = ("SLACK_APP_TOKEN", "xapp-") if app else ("SLACK_BOT_TOKEN", "xoxb-")
        return f"Slack refuses the token in {name} ({word}); one that begins with `{begins}` is expected"
    if word in _WRONG_SCOPE:
        needed = error.response.get("needed") or "more"
        return f"Slack says `{word}`: the app needs the scope {needed}; add it, and install the app again"
    return None
