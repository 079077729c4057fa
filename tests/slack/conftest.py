"""What the tests of the fake start from: a workspace, and a small Bolt app in it, connected in both ways."""

import asyncio
import threading
from contextlib import contextmanager

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack

SCOPES = (
    "assistant:write",
    "channels:read",
    "commands",
    "groups:read",
    "im:read",
    "im:write",
    "usergroups:read",
)


@contextmanager
def workspace(**how):
    with FakeSlack(**how) as slack:
        slack.scopes = sorted({*slack.scopes, *SCOPES})
        slack.events = sorted({*slack.events, "agent_session_stopped"})
        slack.add_person("UANA", "ana@acme.com", real_name="Ana Ruiz")
        slack.add_person("ULUIS", "luis@acme.com", real_name="Luis Gómez")
        slack.add_channel("C1", "general")
        yield slack


@pytest.fixture
def slack(loopback):
    with workspace() as slack:
        yield slack


@pytest.fixture
def web_client(slack):
    return WebClient(BOT_TOKEN, base_url=slack.api_url)


@pytest.fixture(params=["socket", "http"])
def connected(request, slack):
    """What connects a Bolt app to the workspace, and gives its mode: `with connected(app):`."""
    return lambda app: running(app, slack, request.param)


def new_app(slack):
    client = AsyncWebClient(BOT_TOKEN, base_url=slack.api_url)
    return AsyncApp(client=client, signing_secret=SIGNING_SECRET)


@contextmanager
def running(app, slack, mode="socket"):
    """A Bolt app in a thread of its own, connected to the workspace."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def do(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(20)

    end = do(_listen(app, slack) if mode == "http" else _link(app))
    try:
        if mode == "socket":
            slack.await_connections(1)
        yield mode
    finally:
        do(end())
        do(_cancel_the_rest())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _link(app):
    handler = AsyncSocketModeHandler(app, APP_TOKEN)
    await handler.connect_async()
    return handler.close_async


async def _listen(app, slack):
    async def post(request):
        body = (await request.read()).decode()
        said = await app.async_dispatch(AsyncBoltRequest(body=body, headers=dict(request.headers)))
        return web.Response(status=said.status, text=said.body, content_type=media(said))

    def media(said):
        return said.first_headers().get("content-type", "text/plain").partition(";")[0]

    server = web.Application()
    server.router.add_post("/slack/events", post)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.post_to(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    return runner.cleanup


async def _cancel_the_rest():
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
