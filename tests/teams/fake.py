"""A Microsoft Teams: its connector checks what it is sent, and it tells of what people do as Teams does.

Microsoft's sign-in and keys are those of `tests.teams.microsoft`: what is said to the bot is signed, and what
it says is taken with a token only.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from typing import Any

from aiohttp import web

from tests.teams import dialogs
from tests.teams.connector import WAYS, Do
from tests.teams.delivery import Delivery, deliver
from tests.teams.doings import Doings
from tests.teams.microsoft import Microsoft, reached_instead_of_microsoft
from tests.teams.tenant import Json, RefusedError

__all__ = ["FakeTeams"]

_TOKEN = "Bearer for https://api.botframework.com/.default"
"""What Microsoft's sign-in gives an app for Teams."""
_REFUSALS: dict[str, Json] = {
    "refused": {"status": 502},
    "throttled": {"status": 429, "headers": {"Retry-After": "1"}},
}


class FakeTeams(Doings):
    """One tenant with people, chats and channels. Its methods may be called from any thread."""

    def __init__(self) -> None:
        super().__init__()
        self.deliveries: list[Delivery] = []
        """All of them, in order."""
        self.pause = 0.1
        """Seconds until something is delivered again; in Teams more."""
        self.microsoft = Microsoft()
        self.port = 0
        self.posts_to = ""
        """Where Sabio is told of what people do."""
        self.signed = True
        """False: there are no tokens, as where a Sabio of `teams.development` is spoken to."""
        self.trouble: Callable[[str], str | None] = lambda _: None
        """What goes wrong with a call of that name: `refused`, `throttled`, `cut`, or done and `lost`."""
        self.slowly = 0.0
        """Seconds until something that was asked for is done."""
        self._answers: dict[str, deque[tuple[int, Json, dict[str, str]]]] = defaultdict(deque)
        self._lost: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-teams", daemon=True)
        self._begun = ExitStack()
        self._runner: web.AppRunner

    def __enter__(self) -> FakeTeams:
        self._thread.start()
        self._do(self._open())
        self._begun.enter_context(self.microsoft)
        self._begun.enter_context(reached_instead_of_microsoft(self.microsoft))
        return self

    def __exit__(self, *_: object) -> None:
        self._begun.close()
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def host(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def service_url(self) -> str:
        """Where Sabio is to speak to."""
        return f"{self.host}/emea/"

    def post_to(self, url: str) -> None:
        """Tell Sabio there."""
        self.posts_to = url

    def deliver(self, activity: Json, **claims: Any) -> Delivery:
        """Tell Sabio of an activity; `claims` are changed ones of the token."""
        delivery = Delivery(json.loads(json.dumps(activity)))
        self.deliveries.append(delivery)

        def sign() -> str | None:
            if not self.signed:
                return None
            return self.microsoft.issuers[0].token(activity["serviceUrl"], **claims)

        async def tell() -> None:
            await deliver(self.posts_to, delivery, sign, self.pause, self._look_at)

        async def begin() -> None:
            task = self._loop.create_task(tell())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._do(begin())
        return delivery

    def await_reply(
        self, said: Mapping[str, Any], *, until: Callable[[Json], bool], seconds: float = 30
    ) -> Json:
        """A reply to a message, as soon as it is as wanted; an error where it is not in time."""
        return self._await(lambda: self.replies(said), until, seconds)

    def await_posted(self, place: str, *, until: Callable[[Json], bool], seconds: float = 30) -> Json:
        """The same of whatever Sabio has said in a conversation."""
        return self._await(lambda: self.posted(place), until, seconds)

    def called(self, name: str) -> int:
        """How often Sabio has asked for something."""
        return sum(one == name for one, _ in self.calls)

    def answer_next(
        self, name: str, status: int, code: str = "ServiceError", *, times: int = 1, **headers: str
    ) -> None:
        """Refuse the next calls: of `send`, `update`, `remove`, `member`, `members` or `create`."""
        body = {"error": {"code": code, "message": f"{code} of the tests"}}
        named = {one.replace("_", "-"): value for one, value in headers.items()}
        self._answers[name].extend([(status, body, named)] * times)

    def lose_answer(self, name: str, *, times: int = 1) -> None:
        """Do what the next calls ask for, and cut the connection before they are answered."""
        self._lost[name] += times

    # How it runs

    def _look_at(self, delivery: Delivery) -> None:
        """Note what is wrong with an answer to what was delivered."""
        if delivery.taken:
            name = delivery.activity.get("name") or ""
            self.problems += dialogs.problems_of(name, delivery.answer)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _await(self, find: Callable[[], list[Json]], until: Callable[[Json], bool], seconds: float) -> Json:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for one in find():
                if until(one):
                    return one
            time.sleep(0.02)
        raise AssertionError(f"nothing such within {seconds} s, but {find()}; problems: {self.problems}")

    async def _open(self) -> None:
        app = web.Application(client_max_size=10_000_000)
        for name, (method, path, do) in WAYS.items():
            app.router.add_route(
                method, f"/emea{path}", self._called("send" if name == "reply" else name, do)
            )
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        await self._runner.cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _called(self, name: str, do: Do) -> Callable[[web.Request], Coroutine[Any, Any, web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            body = json.loads(await request.text() or "{}")
            given = {**request.match_info, "query": dict(request.query), "body": body}
            self.calls.append((name, given))
            if self.signed and request.headers.get("Authorization") != _TOKEN:
                self.problems.append(f"{name} without a token")
                return _refused(RefusedError(401, "Unauthorized", "Authorization has been denied."))
            if self._answers[name]:
                status, said, headers = self._answers[name].popleft()
                return web.json_response(said, status=status, headers=headers)
            await asyncio.sleep(self.slowly)
            way = self.trouble(name)
            if way in _REFUSALS:
                return web.json_response({"error": {"code": "ServiceError"}}, **_REFUSALS[way])
            if way == "cut":
                return _cut(request)
            try:
                status, said = do(self, given)
            except RefusedError as error:
                if not error.met:
                    self.problems.append(f"{name}: {error}")
                return _refused(error)
            if self._lost[name]:
                self._lost[name] -= 1
                return _cut(request)
            if way == "lost":
                return _cut(request)
            return web.json_response(said, status=status) if said is not None else web.Response(status=status)

        return answer


def _cut(request: web.Request) -> web.Response:
    """Nothing that is answered after this arrives."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refused(error: RefusedError) -> web.Response:
    said = {"error": {"code": error.code, "message": error.message}}
    return web.json_response(said, status=error.status)
