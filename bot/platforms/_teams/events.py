"""What comes from Teams, in the form in which it is kept: whose it is, where it was said, and its name."""

from __future__ import annotations

from typing import Any

from botbuilder.core import TurnContext
from botbuilder.schema import Activity

from bot.platforms._teams.activities import plain

PLATFORM = "teams"


def content_of(activity: Activity) -> dict[str, Any]:
    """What is needed to answer an activity later, as a question."""
    data = activity.channel_data or {}
    reference = TurnContext.get_conversation_reference(activity)
    entities = [_as_dict(one) for one in activity.entities or ()]
    return {
        "kind": "question",
        "reference": reference.serialize(),
        "team": (data.get("team") or {}).get("id"),
        "shared": (data.get("channel") or {}).get("type") == "shared",
        "place": f"{tenant_of(activity)}/{activity.conversation.id}",
        "kind_of_place": _kind_of(activity),
        "user": activity.from_property.id,
        "locale": activity.locale or "",
        "text": plain(
            activity.text or "",
            [one for one in entities if one.get("type") == "mention"],
            activity.recipient.id,
        ),
    }


def id_of(activity: Activity) -> str:
    """What an activity is called where it is kept: the same for every delivery."""
    return f"{PLATFORM}:{tenant_of(activity)}/{activity.conversation.id}/{activity.id}"


def place_of(activity: Activity) -> str:
    """What the ids of all events of a conversation begin with, whatever their thread."""
    return f"{PLATFORM}:{tenant_of(activity)}/{activity.conversation.id.partition(';')[0]}"


def tenant_of(activity: Activity) -> str:
    """The tenant that it was said in."""
    # The SDK looks for `tenantID`, and keeps Teams' own spelling among what it does not know.
    place = activity.conversation.additional_properties or {}
    data = activity.channel_data or {}
    return str(place.get("tenantId") or (data.get("tenant") or {}).get("id") or "development")


def value_of(activity: Activity) -> dict[str, Any]:
    """What comes with an activity from a card, a dialog or a menu."""
    return activity.value if isinstance(activity.value, dict) else {}


def mentions(activity: Activity, user: str | None = None) -> bool:
    """Whether somebody is mentioned: that one, or anybody."""
    found = [_as_dict(one) for one in activity.entities or ()]
    ids = {(one.get("mentioned") or {}).get("id") for one in found if one["type"] == "mention"}
    return user in ids if user else bool(ids)


def _kind_of(activity: Activity) -> str:
    """`personal`, `groupChat` or `channel`. Teams does not tell it of everything; what then looks like a
    conversation of several people is one."""
    place = activity.conversation
    several = place.is_group or place.id.startswith("19:")
    return str(place.conversation_type or ("groupChat" if several else "personal"))


def _as_dict(entity: Any) -> dict[str, Any]:
    return {"type": entity.type, **(entity.additional_properties or {})}
