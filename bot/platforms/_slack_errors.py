"""What Slack's refusals mean: that a person must act, that all is over, or that it will pass."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError

_OVER = frozenset(
    "channel_not_found not_in_channel is_archived message_not_found cant_update_message edit_window_closed"  # noqa: SIM905
    " thread_not_found restricted_action restricted_action_thread_locked user_not_found".split()
)
"""What Slack says where no attempt will ever be answered: the conversation or the message is gone."""
_TOKENS = frozenset(
    "invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type".split()  # noqa: SIM905
)
_WRONG_SCOPE = frozenset({"missing_scope", "no_permission"})


def is_over(error: BaseException) -> bool:
    """Whether no attempt will ever succeed: the conversation or the message is gone."""
    return isinstance(error, SlackApiError) and error.response.get("error") in _OVER


def problem_of(error: BaseException) -> str | None:
    """What a person must change, where that is what Slack's refusal means."""
    if not isinstance(error, SlackApiError):
        return None
    said = str(error.response.get("error"))
    if said in _TOKENS:
        app = "apps.connections.open" in str(error.response.api_url)
        name, begins = ("SLACK_APP_TOKEN", "xapp-") if app else ("SLACK_BOT_TOKEN", "xoxb-")
        return f"Slack refuses the token in {name} ({said}); one that begins with `{begins}` is expected"
    if said in _WRONG_SCOPE:
        needed = error.response.get("needed") or "more"
        return f"Slack says `{said}`: the app needs the scope {needed}; add it, and install the app again"
    return None
