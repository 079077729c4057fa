"""What people do in a Slack workspace, and how its app is told of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping
from typing import Any

from tests.slack import interactions, streams
from tests.slack.delivery import Answered, Courier, Delivery
from tests.slack.workspace import APP, Json, Team, Workspace


class Doings(Workspace, ABC):
    """A workspace in which people write, click and choose."""

    def __init__(self, *, both: bool) -> None:
        super().__init__()
        self.both = both
        self.deliveries: list[Delivery] = []
        """All of them, in order."""
        self._courier = Courier()

    def post_to(self, url: str) -> None:
        """Deliver there, signed, instead of over connections."""
        self._courier.posts_to = url

    @abstractmethod
    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Have it done beside everything else."""

    def say(
        self, user: str, text: str, channel: str = "C1", *, thread: str | None = None, **more: Any
    ) -> tuple[str, Delivery]:
        """Somebody writes, and Sabio is told of it: where the message stands, and its delivery."""
        event = self.write(user, text, channel, thread=thread, **more)
        first, *more_told = self.as_told(event) if self.both and not more else [event]
        delivery = self.deliver(first)
        for one in more_told:
            self.deliver(one)
        return event["ts"], delivery

    def write(
        self, user: str, text: str, channel: str = "C1", *, thread: str | None = None, **more: Any
    ) -> Json:
        """Somebody writes: the event that Sabio would be told of it with."""
        place = self.channel(channel)
        if place.members is not None and user not in place.members:
            place.members.append(user)
        message = {"user": user, "text": text, "ts": self.moment()} | (
            {"thread_ts": thread} if thread else {}
        )
        self.messages[place.id].append({"type": "message", **message})
        direct = {"type": "message", "channel_type": "im"}
        kind = direct if place.kind == "im" else {"type": "app_mention"}
        about = {"channel": place.id, "event_ts": message["ts"], "team": place.team}
        return {**kind, **about, "client_msg_id": f"m-{message['ts']}", **message, **more}

    def deliver(self, event: Mapping[str, Any]) -> Delivery:
        """Tell Sabio of an event, again and again until it says that it knows."""
        return self._tell(self.payload_of(event))

    def remove_app(self, team: str) -> list[Delivery]:
        """Somebody removes the app from a workspace, whose token works no more; Slack tells of both:
        https://docs.slack.dev/reference/events/app_uninstalled."""
        place, moment = self.teams[team], self.moment()
        place.removed = True
        removed = {"type": "app_uninstalled", "event_ts": moment}
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [place.bot]}, "event_ts": moment}
        return [self._tell(self.payload_of(event, place)) for event in (revoked, removed)]

    def payload_of(self, event: Mapping[str, Any], team: Team | None = None) -> Json:
        """What an event is told in; `team` of one that belongs to no channel."""
        channel = self.channel(event.get("channel")) if team is None else None
        team = self.team_of(channel) if channel else team
        moment = event.get("event_ts") or event["ts"]
        return {
            "team_id": team.id,
            "context_team_id": team.id,
            "enterprise_id": team.organisation,
            "api_app_id": APP,
            "type": "event_callback",
            "event_id": f"Ev{moment}{event['type'][0].upper()}",
            "event_time": int(float(moment)),
            "event": dict(event),
            "is_ext_shared_channel": bool(channel and channel.is_ext_shared),
            "authorizations": [
                {"enterprise_id": team.organisation, "team_id": team.id, "user_id": team.bot, "is_bot": True}
            ],
        }

    def _tell(self, payload: Json) -> Delivery:
        delivery = Delivery("events_api", payload)
        self.deliveries.append(delivery)
        self._begin(self._courier.deliver_event(delivery))
        return delivery

    def send(self, kind: str, payload: Json) -> Delivery:
        """Tell Sabio, once, of whatever is given, whether or not anybody could have done it."""
        delivery = Delivery(kind, payload)
        self.deliveries.append(delivery)
        self._begin(self._courier.deliver_once(delivery, None))
        return delivery

    def edit(self, user: str, ts: str, text: str, channel: str = "C1") -> Delivery:
        """Somebody changes what they wrote."""
        message = self._written(user, ts, channel)
        before = dict(message)
        message |= {"text": text, "edited": {"user": user, "ts": self.moment()}}
        return self._change(channel, {"subtype": "message_changed", "message": dict(message),
                                      "previous_message": before})  # fmt: skip

    def delete(self, user: str, ts: str, channel: str = "C1") -> Delivery:
        """Somebody removes what they wrote. Where others have replied, a tombstone stays, and that is told
        as a change (https://github.com/openclaw/openclaw/pull/22035)."""
        message = self._written(user, ts, channel)
        before = dict(message)
        there = self.messages[self.channel(channel).id]
        if any(one.get("thread_ts") == ts for one in there if one is not message):
            message |= {"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT",
                        "hidden": True, "thread_ts": ts}  # fmt: skip
            told = {"subtype": "message_changed", "message": dict(message)}
        else:
            there.remove(message)
            told = {"subtype": "message_deleted", "deleted_ts": ts}
        return self._change(channel, {**told, "previous_message": before})

    def open_home(self, user: str, tab: str = "home") -> Delivery:
        """Somebody opens Sabio's own place: its Home tab, or the conversation with it."""
        moment = self.moment()
        event = {"type": "app_home_opened", "user": user, "channel": self.direct(user), "tab": tab,
                 "event_ts": moment}  # fmt: skip
        home = self.homes.get(user)
        return self.deliver(event | ({"view": dict(home)} if home and tab == "home" else {}))

    def stop_session(self, user: str, channel: str, thread: str) -> Delivery:
        """Somebody clicks Stop while Sabio is at work: https://docs.slack.dev/reference/events/agent_session_stopped."""
        place = self.channel(channel).id
        ended = streams.end_by_hand(self, place, thread)
        event = {"type": "agent_session_stopped", "channel": place, "thread_ts": thread, "user": user,
                 "event_ts": self.moment(), "streaming_message_ts": ended}  # fmt: skip
        return self.deliver(event)

    def command(self, user: str, text: str, channel: str = "C1", command: str = "/sabio") -> Delivery:
        """Somebody types a slash command."""
        place = self.channel(channel)
        payload = interactions.command_payload(self, user, text, place, command)
        return self._once(
            "slash_commands",
            payload,
            lambda answer: interactions.take_command_answer(self, user, place, answer),
            command,
        )

    def click(
        self, user: str, message: Mapping[str, Any], action_id: str, *, value: str | None = None
    ) -> Delivery:
        """Somebody clicks a button, a thumb or an option, in a message or a view. `value` tells it from
        others of the same name; of thumbs it may be `positive` or `negative`."""
        payload = interactions.click_payload(self, user, message, action_id, value)
        return self._once(
            "interactive", payload, lambda answer: interactions.take_click_answer(self, answer), action_id
        )

    def shortcut(self, user: str, message: Mapping[str, Any], callback_id: str) -> Delivery:
        """Somebody chooses a shortcut from the menu of a message."""
        payload = interactions.shortcut_payload(self, user, message, callback_id)
        return self._once("interactive", payload, None, callback_id)

    def submit(self, user: str, view: Mapping[str, Any], values: Mapping[str, Any]) -> Delivery:
        """Somebody fills in a modal, by the `action_id` of its inputs, and sends it."""
        shown = self.views[view["id"]]
        payload = interactions.submit_payload(self, user, shown, values)
        return self._once(
            "interactive",
            payload,
            lambda answer: interactions.take_submit_answer(self, user, shown, answer),
            str(shown["callback_id"]),
        )

    def dismiss(self, user: str) -> Delivery | None:
        """Somebody closes the topmost modal; Sabio is told of it where the modal says so."""
        view = self.modals[user].pop()
        if not view.get("notify_on_close"):
            return None
        return self._once("interactive", interactions.closed_payload(self, user, view), None, "view_closed")

    def as_told(self, event: Json) -> list[Json]:
        """The events of one message where `app_mention` and `message` are both subscribed."""
        place = self.channel(event["channel"])
        if place.kind == "im":
            return [event]
        plain = {**event, "type": "message", "channel_type": place.kind}
        return [event, plain] if f"<@{self.team_of(place).bot}>" in event["text"] else [plain]

    def _once(self, kind: str, payload: Json, answered: Answered | None, name: str) -> Delivery:
        delivery = Delivery(kind, payload)

        async def deliver() -> None:
            await self._courier.deliver_once(delivery, answered)
            if delivery.failed:
                self.problems.append(f"{delivery.failed}: {name}")
                if kind == "slash_commands":
                    self._tell_failure(payload, f"{name} failed with the error “{delivery.failed}”")

        self.deliveries.append(delivery)
        self._begin(deliver())
        return delivery

    def _tell_failure(self, payload: Json, text: str) -> None:
        channel = self.channel(payload["channel_id"])
        self.whisper(payload["user_id"], channel, {"text": text})["user"] = "USLACKBOT"

    def _change(self, channel: str, told: Json) -> Delivery:
        place, moment = self.channel(channel), self.moment()
        about = {"type": "message", "channel": place.id, "channel_type": place.kind, "hidden": True}
        return self.deliver({**about, "ts": moment, "event_ts": moment, **told})

    def _written(self, user: str, ts: str, channel: str) -> Json:
        message = self.find(self.channel(channel).id, ts)
        assert message is not None, f"{ts} is not in {channel}"
        assert message["user"] == user, f"{ts} is not of {user}"
        return message
