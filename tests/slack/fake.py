"""A Slack workspace: its Web API checks what it is sent, and it tells of what people do as Slack does.

Over Socket Mode, or posted and signed where `post_to` says so. `client_url` shows it to a person.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from tests.slack import chat, page, people, responses, streams, views
from tests.slack.doings import Doings
from tests.slack.methods import WITHOUT_TOKEN, call
from tests.slack.workspace import TEAM, Json, await_

__all__ = ["FakeSlack", "chat", "people", "views"]


class FakeSlack(Doings):
    """A workspace with people, channels and messages. Its methods may be called from any thread.

    With `both` a message in a channel comes as it does in real Slack where both events are subscribed: as
    `message`, and as `app_mention` too where it mentions Sabio. Without it, every one is an `app_mention`.
    """

    def __init__(self, *, both: bool = False, port: int = 0) -> None:
        """`port` is where it listens; 0: anywhere."""
        super().__init__(both=both)
        self._wanted_port = port
        self._answers: dict[str, deque[tuple[int, Json, dict[str, str]]]] = defaultdict(deque)
        self._lost: Counter[str] = Counter()
        self.trouble: Callable[[str], str | None] = lambda _method: None
        """What goes wrong with a call: `refused`, `throttled` or `cut`, before anything is done, or `lost`,
        after that. None: nothing."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.closing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-slack", daemon=True)
        self._runner: web.AppRunner

    def __enter__(self) -> FakeSlack:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def api_url(self) -> str:
        """What goes into the configuration."""
        return f"http://127.0.0.1:{self.port}/api/"

    @property
    def authorize_url(self) -> str:
        """Where an admin installs the app: sent back at once, with a code."""
        return f"http://127.0.0.1:{self.port}/oauth/v2/authorize"

    def client_url(self, user: str) -> str:
        """The page that shows a person their Slack."""
        return f"http://127.0.0.1:{self.port}/client/{user}"

    # What is to be seen

    def replies(self, thread: str, channel: str = "C1") -> list[Json]:
        """What Sabio has posted in a thread, for everybody."""
        return [one for one in self.posted(channel) if one.get("thread_ts") == thread]

    def posted(self, channel: str = "C1") -> list[Json]:
        """What Sabio has posted in a conversation, for everybody."""
        bots = {team.bot for team in self.teams.values()}
        return [one for one in self.messages[channel] if one["user"] in bots]

    def private(self, user: str) -> list[Json]:
        """What only this person sees."""
        return list(self.unseen[user])

    def home(self, user: str) -> Json | None:
        """The Home tab that Sabio has published for somebody."""
        return self.homes.get(user)

    def modal(self, user: str) -> Json | None:
        """The modal that is open before somebody."""
        return next(reversed(self.modals[user]), None)

    def await_reply(
        self, thread: str, channel: str = "C1", *, until: Callable[[Json], bool], seconds: float = 30
    ) -> Json:
        """The reply in a thread, as soon as it is as wanted; an error where it is not in time."""
        return self._await(lambda: self.replies(thread, channel), until, seconds)

    def await_posted(
        self, channel: str = "C1", *, until: Callable[[Json], bool], seconds: float = 30
    ) -> Json:
        """The same of whatever Sabio has posted in a conversation."""
        return self._await(lambda: self.posted(channel), until, seconds)

    def await_private(self, user: str, *, until: Callable[[Json], bool], seconds: float = 30) -> Json:
        """The same of what only this person sees."""
        return self._await(lambda: self.private(user), until, seconds)

    def await_home(self, user: str, *, until: Callable[[Json], bool], seconds: float = 30) -> Json:
        """The same of somebody's Home tab."""
        return self._await(lambda: [home] if (home := self.home(user)) else [], until, seconds)

    def await_modal(self, user: str, *, until: Callable[[Json], bool], seconds: float = 30) -> Json:
        """The same of the modal before somebody."""
        return self._await(lambda: list(self.modals[user][-1:]), until, seconds)

    def await_connections(self, count: int, seconds: float = 60) -> None:
        """Wait until so many processes are connected."""
        sockets = self._courier.sockets
        await_(lambda: sum(not one.closed for one in sockets) >= count or None, f"{count} connected", seconds)

    # What goes wrong

    def answer_next(
        self, method: str, error: str | None = None, *, status: int = 200, times: int = 1, **headers: str
    ) -> None:
        """Refuse the next calls of a method with an error, or with a status."""
        body = {"ok": False, "error": error or "internal_error"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers[method].extend([(status, body, named)] * times)

    def lose_answer(self, method: str, *, times: int = 1) -> None:
        """Do what the next calls of a method ask for, and cut the connection before they are answered."""
        self._lost[method] += times

    def expire_streams(self) -> None:
        """Let every stream die, as Slack does after some five minutes."""
        streams.expire(self)

    def disconnect(self) -> None:
        """Close every connection, as Slack does every few hours."""

        async def close() -> None:
            for socket in list(self._courier.sockets):
                await socket.close()

        self._do(close())

    # How it runs

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        async def begin() -> None:
            task = self._loop.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._do(begin())

    def _await(self, find: Callable[[], list[Json]], until: Callable[[Json], bool], seconds: float) -> Json:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for one in find():
                if until(one):
                    return one
            time.sleep(0.02)
        raise AssertionError(f"nothing such within {seconds} s, but {find()}; problems: {self.problems}")

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._called)
        app.router.add_post("/respond/{id}", self._responded)
        app.router.add_get("/oauth/v2/authorize", self._authorized)
        app.router.add_get("/link", self._courier.linked)
        page.add_routes(app, self)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._wanted_port).start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        self.closing = True
        await self._courier.close()
        await self._runner.cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _called(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        given = await _arguments(request)
        self.calls.append((method, given))
        if self._answers[method]:
            status, body, headers = self._answers[method].popleft()
            return web.json_response(body, status=status, headers=headers)
        trouble = self.trouble(method)
        if trouble and trouble != "lost":
            return _failing(request, trouble)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        said = call(self, method, "" if method in WITHOUT_TOKEN else token, given)
        if self._lost[method] or trouble:
            self._lost[method] -= not trouble
            return _failing(request, "lost")
        return web.json_response(said, headers={"x-oauth-scopes": ",".join(self.scopes)})

    async def _responded(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.calls.append(("respond", given))
        if trouble := self.trouble("respond"):
            return _failing(request, trouble)
        status, body = responses.respond(self, request.match_info["id"], given)
        return web.json_response(body, status=status)

    async def _authorized(self, request: web.Request) -> web.Response:
        code = f"code-{len(self.calls)}-{len(self.codes) + 1}"
        self.codes[code] = request.query.get("team") or TEAM
        address = request.query.get("redirect_uri") or self.redirect_url
        back = f"{address}?code={code}&state={request.query.get('state', '')}"
        raise web.HTTPFound(back)


def _failing(request: web.Request, trouble: str) -> web.Response:
    """What somebody gets whose call is `refused`, `throttled`, or whose connection is cut."""
    if trouble == "refused":
        return web.json_response({"ok": False, "error": "internal_error"}, status=500)
    if trouble == "throttled":
        body = {"ok": False, "error": "ratelimited"}
        return web.json_response(body, status=429, headers={"Retry-After": "1"})
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _arguments(request: web.Request) -> Json:
    given: Json = dict(request.query)
    if request.content_type == "application/json":
        given |= json.loads(await request.text() or "{}")
    else:
        given |= dict(await request.post())
    if basic := request.headers.get("Authorization", "").removeprefix("Basic "):
        given |= people.credentials(basic)
    for name in ("blocks", "metadata", "view", "prompts", "chunks"):
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    return given
