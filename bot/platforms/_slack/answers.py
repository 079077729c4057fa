"""Questions from Slack, answered: in their thread, privately, or for a channel that is to see the answer.

What may be said follows from who reads along (`rooms`); what is said is `door.handle`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from bot import experts, wording
from bot.audience import ALONE, Room
from bot.composing import StoppedError
from bot.door import handle, is_sure
from bot.messages import Answer, Message, Outcome, Person
from bot.platforms._deliveries import Deliveries, OverError, whole
from bot.platforms._slack.blocks import notice, render
from bot.platforms._slack.errors import EndedError, translated
from bot.platforms._slack.reply import PrivateReply, Reply
from bot.platforms._slack.stream import Stream
from bot.platforms._slack.workspaces import Workspace, Workspaces
from config.errors import SabioError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import inbox
from ingest.ledger.inbox import Event

PLATFORM = "slack"
SOON = 0.8
"""Seconds after which who asked privately is told that the answer is on its way."""

log = logging.getLogger("bot")


class Answers:
    """Answers what was asked, each question in the way that it was asked."""

    def __init__(self, kb: KnowledgeBase, workspaces: Workspaces, deliveries: Deliveries) -> None:
        self._kb, self._workspaces, self._deliveries = kb, workspaces, deliveries
        self._turns = asyncio.Semaphore(kb.settings.limits.at_once)
        self._streams: dict[str, Stream] = {}

    async def answer(self, event: Event) -> None:
        """Answer a question. `way`: `thread`, `unasked` (only where it is sure), `private`, or `share`."""
        asked = event.content
        workspace = await self._workspaces.of(asked["team"])
        person = await workspace.people.person(asked["user"])
        ways = {
            "thread": self._in_thread,
            "unasked": self._unasked,
            "private": self._privately,
            "share": self._shared,
        }
        await ways[asked["way"]](event, workspace, person)

    async def stop(self, workspace: Workspace, channel: str, thread: str, streamed: Sequence[str]) -> None:
        """Answer no more in a thread: somebody pressed the stop button. `streamed`: the messages that Slack
        has ended by itself."""
        for event in await self._deliveries.look(inbox.unanswered, PLATFORM):
            asked = event.content
            if (asked.get("team"), asked.get("channel")) != (workspace.team, channel):
                continue
            if thread_of(asked) != thread or asked.get("way") != "thread":
                continue
            stream = self._streams.get(event.id)
            withdrawn = await self._deliveries.withdraw(event.id)
            person = await workspace.people.person(asked["user"])
            said = notice(
                "\n".join([*(stream.said if stream else ()), wording.say("stopped", person.language)])
            )
            if stream is not None:
                await stream.give_up(*said)
            elif withdrawn and withdrawn.reply and withdrawn.reply not in streamed:
                reply = Reply(workspace, self._deliveries, withdrawn, channel=channel, thread=thread)
                await reply.say(*said)
        await _set_status(workspace, channel, thread, "active")

    async def withdraw(self, event: Event) -> None:
        """Take back what was said to a message that is no more."""
        asked = event.content
        workspace = await self._workspaces.of(asked["team"])
        question = await self._deliveries.withdraw(asked["of"])
        if question is not None:
            reply = Reply(
                workspace,
                self._deliveries,
                question,
                channel=asked["channel"],
                thread=thread_of(question.content),
            )
            await reply.remove()

    async def apologise(self, event: Event) -> None:
        """Say that a mistake of ours stands in the way."""
        asked = event.content
        workspace = await self._workspaces.of(asked["team"])
        person = await workspace.people.person(asked["user"])
        why = wording.say("internal", person.language)
        reference = event.id.rpartition("/")[2]
        said = notice(wording.say("unavailable", person.language, reason=why, reference=reference))
        if address := asked.get("response_url"):
            await PrivateReply(workspace, address).say(*said)
            return
        reply = Reply(workspace, self._deliveries, event, channel=asked["channel"], thread=thread_of(asked))
        await reply.find()
        await reply.say(*said)

    async def _in_thread(self, event: Event, workspace: Workspace, person: Person) -> None:
        asked, thread = event.content, thread_of(event.content)
        stream = Stream(
            workspace,
            self._deliveries,
            event,
            channel=asked["channel"],
            thread=thread,
            language=person.language,
        )
        self._streams[event.id] = stream
        working = asyncio.create_task(
            _set_status(workspace, asked["channel"], thread, "processing", asked["text"], asked["user"])
        )
        try:
            await stream.begin(asked["user"])
            room = await self._room(workspace, asked)
            answer = await self._handle(event, workspace, person, room, stream)
            await working
            if not await self._deliveries.holds(event.id):
                return  # it was edited, deleted, or stopped elsewhere
            if not await stream.end(answer, **self._offers(answer, person, room)):
                await _set_status(workspace, asked["channel"], thread, "active")
        except StoppedError:
            log.info("slack: nobody wants the answer to %s any more", event.id)
        finally:
            stream.stop()
            working.cancel()
            self._streams.pop(event.id, None)

    async def _unasked(self, event: Event, workspace: Workspace, person: Person) -> None:
        """Answer what nobody asked of Sabio, in a channel that wishes so, if it is sure enough."""
        asked = event.content
        reply = Reply(workspace, self._deliveries, event, channel=asked["channel"], thread=thread_of(asked))
        room = await self._room(workspace, asked)
        answer = await self._handle(event, workspace, person, room)
        if not await self._deliveries.holds(event.id):
            return
        if is_sure(answer, asked["floor"]):
            await reply.find()
            await reply.say(*render(answer))
        elif event.attempts > 1:  # it was said once, to what was edited
            await whole(self._take_back(event, reply))

    async def _take_back(self, event: Event, reply: Reply) -> None:
        """Remove a reply, and have the ledger know first: an edit that comes later is answered by a new one,
        and one that came before in this one."""
        if await reply.find(first=False) and await self._deliveries.begin_reply(event.id, None):
            await reply.remove()

    async def _privately(self, event: Event, workspace: Workspace, person: Person) -> None:
        asked = event.content
        reply = PrivateReply(workspace, asked["response_url"])
        answering = asyncio.ensure_future(self._handle(event, workspace, person, ALONE))
        try:
            await asyncio.wait([answering], timeout=SOON)
            if not answering.done():
                await reply.say(wording.say("looking", person.language))
            answer = await answering
        finally:
            answering.cancel()
        shareable = answer.outcome in (Outcome.ANSWERED, Outcome.PARTIAL) and bool(answer.citations)
        offers = self._offers(answer, person, ALONE) | {"share": shareable and asked["shareable"]}
        await reply.say(*render(answer, **offers))

    async def _shared(self, event: Event, workspace: Workspace, person: Person) -> None:
        """Show a channel what somebody was answered: what everyone there may read of it, asked anew."""
        asked = event.content
        aside = PrivateReply(workspace, asked["response_url"])
        room = await workspace.rooms.room(asked["channel"])
        answer = await self._handle(event, workspace, person, room)
        if answer.outcome not in (Outcome.ANSWERED, Outcome.PARTIAL):
            await aside.say(*notice(wording.say("not_shared", person.language)))
            return
        reply = Reply(
            workspace,
            self._deliveries,
            event,
            channel=asked["channel"],
            thread=asked.get("thread_ts"),
        )
        await reply.find()
        name = person.name or wording.say("somebody", answer.language)
        intro, [begin] = notice(
            wording.say("asked", answer.language, name=name, question=asked["text"][:300])
        )
        text, blocks = render(answer, **self._offers(answer, person, room))
        try:
            await reply.say(f"{intro}\n{text}"[:3000], [begin, *blocks[:49]])
        except OverError:
            await aside.say(*notice(wording.say("invite_me", person.language)))

    async def _room(self, workspace: Workspace, asked: Mapping[str, Any]) -> Room:
        return ALONE if asked.get("channel_type") == "im" else await workspace.rooms.room(asked["channel"])

    async def _handle(
        self,
        event: Event,
        workspace: Workspace,
        person: Person,
        room: Room,
        stream: Stream | None = None,
    ) -> Answer:
        asked = event.content
        settings = await workspace.rooms.settings(asked["channel"])
        named = frozenset(settings.sources) if settings and settings.sources else None
        place = f"{asked['team']}/{asked['channel']}"
        private = asked["way"] in ("private", "share")
        message = Message(
            asked["text"],
            person,
            PLATFORM,
            audience=room.audience,
            outsiders=room.outsiders,
            thread=f"{place}/{asked['user']}" if private else f"{place}/{thread_of(asked)}",
            id=event.id.partition(":")[2],
            sources=named,
            tone=settings.tone if settings else None,
            floor=asked.get("floor"),
        )
        async with self._turns:
            return await asyncio.to_thread(handle, self._kb, message, stream.show if stream else None)

    def _offers(self, answer: Answer, person: Person, room: Room) -> dict[str, bool]:
        """What can be done about an answer besides reading it."""
        found = answer.outcome in (Outcome.ANSWERED, Outcome.PARTIAL)
        hidden = room.audience is not None and room.outsiders and not person.external and not found
        return {
            "expert": experts.may_be_passed_on(answer, person) and self._has_expert(answer),
            "hidden": hidden,
        }

    def _has_expert(self, answer: Answer) -> bool:
        near = (one.source for one in answer.suggestions)
        asked = experts.owner_among(self._kb.settings, near)
        return bool(self._kb.settings.slack.expert_channel or asked)


def thread_of(asked: Mapping[str, Any]) -> str:
    """Where the reply goes: the thread of the question, or the one that it begins."""
    return str(asked.get("thread_ts") or asked.get("ts"))


async def _set_status(
    workspace: Workspace, channel: str, thread: str, status: str, title: str = "", user: str | None = None
) -> None:
    """Tell Slack how the session stands, which shows a stop button while it is `processing`.

    https://docs.slack.dev/ai/agent-sessions; where there are no sessions the answer comes all the same.
    """
    with suppress(OverError, EndedError):
        try:
            with translated():
                await workspace.client.agents_sessions_setStatus(
                    channel_id=channel,
                    thread_ts=thread,
                    status=status,
                    title=title[:200] or None,
                    initiator_user_id=user,
                )
        except SabioError as error:
            log.info("slack: the session in %s has no status: %s", channel, error)
