"""What is known of a conversation: who reads along, and what the settings say of its channel."""

from __future__ import annotations

import asyncio
import logging
import time

from slack_sdk.web.async_client import AsyncWebClient

from bot.audience import ALONE, ANYBODY, Room, room_of
from bot.platforms._deliveries import OverError
from bot.platforms._slack.errors import translated
from bot.platforms._slack.people import KNOWN, PAGE, People
from config.chat import ChannelSettings
from config.errors import SabioError
from ingest.knowledge import KnowledgeBase

log = logging.getLogger("bot")


class Rooms:
    """The channels of one workspace."""

    def __init__(self, kb: KnowledgeBase, client: AsyncWebClient, people: People) -> None:
        self._kb, self._client, self._people = kb, client, people
        self._names: dict[str, tuple[float, str]] = {}
        self._large: dict[str, tuple[float, Room]] = {}

    async def room(self, channel: str) -> Room:
        """Who reads along in a channel at this moment; of large ones, some minutes ago.

        What cannot be found out counts as if anybody were there.
        """
        try:
            with translated():
                found = await self._client.conversations_info(channel=channel, include_num_members=True)
            about = found["channel"]
            if about.get("is_ext_shared") or about.get("is_pending_ext_shared"):
                return ANYBODY
            large = (about.get("num_members") or 0) > self._kb.settings.slack.members
            moment, known = self._large.get(channel, (-KNOWN, ALONE))
            if large and moment > time.monotonic() - KNOWN:
                return known
            people = await self._people.persons(await self._members(channel))
        except (SabioError, OverError) as error:
            log.warning("slack: who is in %s is not known: %s", channel, error)
            return ANYBODY
        room = await asyncio.to_thread(room_of, self._kb, people, large=large)
        if large:
            self._large[channel] = (time.monotonic(), room)
        return room

    async def settings(self, channel: str) -> ChannelSettings | None:
        """What the settings say of a channel, by its id or its name."""
        channels = self._kb.settings.slack.channels
        if not channels or channel in channels or channel.startswith("D"):
            return channels.get(channel)
        return channels.get(await self.name(channel))

    async def name(self, channel: str) -> str:
        """What people call a channel, without the `#`."""
        moment, name = self._names.get(channel, (-KNOWN, ""))
        if moment < time.monotonic() - KNOWN:
            with translated():
                found = await self._client.conversations_info(channel=channel)
            name = str(found["channel"].get("name") or channel)
            self._names[channel] = (time.monotonic(), name)
        return name

    async def _members(self, channel: str) -> list[str]:
        members: list[str] = []
        cursor = ""
        while True:
            with translated():
                page = await self._client.conversations_members(channel=channel, limit=PAGE, cursor=cursor)
            members += page["members"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return members
