"""What an app may post to a `response_url`.

https://docs.slack.dev/interactivity/handling-user-interaction. After a command there is nothing to replace:
Slack posts a new message then (https://github.com/slackapi/bolt-python/issues/1268).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tests.slack.blocks import problem_of
from tests.slack.workspace import Json, ResponseUrl, Workspace, identified

USES, LIFETIME = 5, 30 * 60.0
_KNOWN = {"text", "blocks", "response_type", "replace_original", "delete_original", "thread_ts", "metadata",
          "unfurl_links", "unfurl_media"}  # fmt: skip


def respond(slack: Workspace, id_: str, given: Mapping[str, Any]) -> tuple[int, Json]:
    """Do what was posted there: the status and the body to answer with."""
    url = slack.response_urls.get(id_)
    if url is None:
        return _refused(slack, 404, "no_service")
    url.uses += 1
    if time.monotonic() - url.began > LIFETIME:
        return _refused(slack, 404, "expired_url")
    if url.uses > USES:
        return _refused(slack, 404, "used_url")
    if unknown := given.keys() - _KNOWN:
        slack.problems.append(f"response_url: {sorted(unknown)}")
    if given.get("delete_original"):
        _remove(slack, url)
        return 200, {"ok": True}
    if problem := problem_of(given):
        return _refused(slack, 400, problem)
    if given.get("replace_original") and url.original is not None:
        original = url.original
        for name in ("text", "blocks"):
            original.pop(name, None)
        original.update(identified({key: given[key] for key in ("text", "blocks") if given.get(key)}))
        return 200, {"ok": True}
    channel = slack.channel(url.channel)
    if given.get("response_type") == "in_channel":
        slack.post(channel, given)
    else:
        slack.whisper(url.user, channel, given)
    return 200, {"ok": True}


def _remove(slack: Workspace, url: ResponseUrl) -> None:
    for there in (slack.unseen[url.user], slack.messages[url.channel]):
        if url.original in there:
            there.remove(url.original)


def _refused(slack: Workspace, status: int, problem: str) -> tuple[int, Json]:
    slack.problems.append(problem)
    return status, {"ok": False, "error": problem.partition(":")[0]}
