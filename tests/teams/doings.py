"""What people do in Teams, and how its bot is told of it: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/channel-and-group-conversations."""

from __future__ import annotations

import html
import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.teams import dialogs, streams
from tests.teams.delivery import Delivery
from tests.teams.microsoft import APP, TENANT
from tests.teams.tenant import BOT, Json, Place, Tenant

MENTION = {
    "type": "mention",
    "mentioned": {"id": BOT, "name": "Sabio"},
    "text": "<at>Sabio</at>",
}


class Doings(Tenant, ABC):
    """A tenant in which people write, press and judge."""

    @abstractmethod
    def deliver(self, activity: Json, **claims: Any) -> Delivery:
        """Tell Sabio of an activity, again and again until it says that it knows."""

    @property
    @abstractmethod
    def service_url(self) -> str:
        """Where Sabio is to speak to."""

    def say(
        self,
        user: str,
        text: str,
        place: str | None = None,
        *,
        mention: bool = True,
        thread: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> tuple[Json, Delivery]:
        """Somebody writes, and Sabio is told of it: the message, and its delivery.

        `place` is the name of a conversation, their own one with Sabio if not given. `thread` is a message of
        the thread that it is written in. `mention`: of Sabio, outside of that one's own conversation.
        """
        message = self.write(user, text, place, mention=mention, thread=thread, **more)
        return message, self.deliver(message)

    def write(
        self,
        user: str,
        text: str,
        place: str | None = None,
        *,
        mention: bool = True,
        thread: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Json:
        """Somebody writes: the activity that Sabio would be told of it with."""
        where, moment = self.places[place or user], self.moment()
        named = where.kind != "personal" and mention
        activity = self._activity("message", user, where, moment, thread)
        activity |= {
            "text": f"<at>Sabio</at> {text}\n" if named else text,
            "textFormat": "plain",
            "attachments": [{"contentType": "text/html", "content": f"<div>{text}</div>"}],
            "entities": [*([MENTION] if named else []), _client(self.people[user]["locale"])],
        } | more
        self.messages[where.id].append(activity)
        return activity

    def edit(self, message: Mapping[str, Any], text: str) -> Delivery:
        """Somebody changes what they wrote."""
        kept = self.find(self.place_of(message["conversation"]["id"]), message["id"])
        named = "<at>Sabio</at>" in kept["text"]
        kept["text"] = f"<at>Sabio</at> {text}\n" if named else text
        changed = {"type": "messageUpdate", "timestamp": _iso(self.moment())}
        data = {**kept["channelData"], "eventType": "editMessage"}
        return self.deliver({**kept, **changed, "channelData": data})

    def delete(self, message: Mapping[str, Any]) -> Delivery:
        """Somebody removes what they wrote."""
        where = self.place_of(message["conversation"]["id"])
        kept = self.find(where, message["id"])
        self.messages[where.id].remove(kept)
        told = {key: value for key, value in kept.items() if key not in ("text", "attachments", "entities")}
        changed = {"type": "messageDelete", "timestamp": _iso(self.moment())}
        data = {**kept["channelData"], "eventType": "softDeleteMessage"}
        return self.deliver({**told, **changed, "channelData": data})

    def press(self, user: str, message: Mapping[str, Any], data: Mapping[str, Any]) -> Delivery:
        """Somebody presses a button of a card: a message without text, or a dialog that is to be opened."""
        if ((data.get("msteams") or {}).get("type")) == "task/fetch":
            value = {"data": dict(data), "context": {"theme": "default"}}
            return self.invoke(user, message, "task/fetch", value)
        activity = self._about(user, message, "message")
        return self.deliver(activity | {"value": dict(data), "text": None})

    def submit(self, user: str, message: Mapping[str, Any], dialog: Any, **written: str) -> Delivery:
        """Somebody sends the form in a dialog that they opened from a card, with what they wrote into it."""
        value = {"data": {**dialogs.form_of(dialog), **written}, "context": {"theme": "default"}}
        return self.invoke(user, message, "task/submit", value)

    def point(self, user: str, message: Mapping[str, Any], command: str, **more: Any) -> Delivery:
        """Somebody chooses an entry of a message's menu; `more` are other fields of what Teams says of the
        message.

        https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/action-commands/create-task-module
        """
        text = html.escape(str(message.get("text") or ""), quote=False)
        text = text.replace("&lt;at&gt;Sabio&lt;/at&gt;", '<at id="0">Sabio</at>')
        by_bot = message["from"]["id"] == BOT
        app = {"applicationIdentityType": "bot", "id": APP, "displayName": "Sabio"}
        person = {"userIdentityType": "aadUser", "id": message["from"].get("aadObjectId")}
        payload = {
            "id": message["id"],
            "body": {"contentType": "html", "content": f"<div><div>{text}</div>\n</div>"},
            "from": {"application": app if by_bot else None, "user": None if by_bot else person},
            "mentions": [{"id": 0, "mentionText": "Sabio", "mentioned": {"user": None, "application": app}}],
            "attachments": [],
        } | more
        value = {"commandId": command, "commandContext": "message", "requestId": uuid.uuid4().hex}
        value |= {"messagePayload": payload, "context": {"theme": "default"}}
        activity = self._about(user, message, "invoke") | {
            "name": "composeExtension/fetchTask",
            "value": value,
        }
        return self.deliver({name: one for name, one in activity.items() if name != "replyToId"})

    def judge(
        self, user: str, message: Mapping[str, Any], reaction: str, text: str = "", *, as_json: bool = True
    ) -> Delivery:
        """Somebody presses `like` or `dislike` under an answer, and says why; Teams tells the words as JSON,
        its Playground as they are."""
        said = json.dumps({"feedbackText": text}) if as_json else text
        value = {"actionName": "feedback", "actionValue": {"reaction": reaction, "feedback": said}}
        return self.invoke(user, message, "message/submitAction", value)

    def invoke(self, user: str, message: Mapping[str, Any], name: str, value: Mapping[str, Any]) -> Delivery:
        """Somebody does something that is answered at once."""
        activity = self._about(user, message, "invoke")
        return self.deliver(activity | {"name": name, "value": dict(value)})

    def install(self, user: str, place: str | None = None) -> Delivery:
        """Somebody adds Sabio to a conversation."""
        where = self.places[place or user]
        activity = self._activity("installationUpdate", user, where, self.moment(), None)
        if where.kind == "channel":  # it belongs to no thread
            activity["conversation"]["id"] = where.id
        return self.deliver(activity | {"id": f"f:{uuid.uuid4()}", "action": "add"})

    def stop(self, place: str) -> None:
        """Somebody presses Stop while an answer is streamed to them."""
        streams.end(self, self.places[place], "stopped")

    def expire(self, place: str) -> None:
        """Let a stream be older than Teams takes it."""
        streams.end(self, self.places[place], "old")

    def _about(self, user: str, message: Mapping[str, Any], kind: str) -> Json:
        """Something that is done with a message, in its thread."""
        where = self.place_of(message["conversation"]["id"])
        activity = self._activity(kind, user, where, self.moment(), message)
        return activity | {"id": f"f:{uuid.uuid4()}", "replyToId": message["id"]}

    def _activity(
        self, kind: str, user: str, where: Place, moment: datetime, thread: Mapping[str, Any] | None
    ) -> Json:
        person = self.people[user]
        id_ = str(int(moment.timestamp() * 1000))
        conversation: Json = {"conversationType": where.kind, "tenantId": TENANT, "id": where.id}
        data: Json = {"tenant": {"id": TENANT}}
        if where.kind != "personal":
            conversation["isGroup"] = True
        if where.kind == "channel":
            conversation["id"] = thread["conversation"]["id"] if thread else f"{where.id};messageid={id_}"
            data |= {"teamsChannelId": where.id, "teamsTeamId": where.team}
            data |= {"channel": {"id": where.id, **where.more}, "team": {"id": where.team}}
        return {
            "type": kind,
            "id": id_,
            "timestamp": _iso(moment),
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": {key: person[key] for key in ("id", "name", "aadObjectId")},
            "conversation": conversation,
            "recipient": {"id": BOT, "name": "Sabio"},
            "channelData": data,
            "locale": person["locale"],
        }


def _client(locale: str) -> Json:
    return {"type": "clientInfo", "locale": locale, "country": locale[-2:], "platform": "Web"}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
