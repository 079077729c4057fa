"""Rows 5 and 26 of the reliability contract: what the platform has not sent, and what speaks for others.

Requests that are forged, aged or said again, as nobody with the signing secret has sent them, are refused and
leave nothing behind. What is rightly delivered, and names another workspace, channel or person than its own,
is answered with nothing that this workspace's people may read.
"""

import copy
import hashlib
import hmac
import http.client
import json
import random
import time
from urllib.parse import quote, urlencode

import pytest

from ingest.ledger.tables import events, feedback, questions, requests
from tests.bot.platforms.slack.conftest import rows
from tests.contract.chats import SlackChat, await_done, read, settle
from tests.doubles import open_base
from tests.slack import BOT, SIGNING_SECRET, TEAM, FakeSlack
from tests.slack.interactions import click_payload, command_payload, shortcut_payload
from tests.slack.workspace import APP
from workers.local import sync_sources

QUESTION = "What is the code of zorvo today?"
CODE = "quokka"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.fixture
def base(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        settle(kb, admins=frozenset({"domain:acme.com"}))
        text = f"# Codes\nThe code of zorvo is {CODE} today."
        kb.connectors["wiki"].edit("zorvo", text=text, title="Codes", readers=frozenset({"domain:acme.com"}))
        sync_sources(kb, ["wiki"])
        yield kb


@pytest.fixture
def posting(loopback):
    """Slack, which posts; not closed before what was refused of it is known."""
    with FakeSlack() as slack:
        yield SlackChat(slack, "http")


# Row 26


def post(port, body, headers, method="POST"):
    """The status that a request is answered with; headers may stand twice, and be bytes of any sort."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, "/slack/events")
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()


def signature(body, moment, secret=SIGNING_SECRET, version="v0"):
    digest = hmac.new(secret.encode(), f"{version}:{moment}:".encode() + body, hashlib.sha256)
    return f"{version}={digest.hexdigest()}"


def said(body, media, moment=None, sign=None, **other):
    """The headers of a request: what is not said otherwise is right."""
    moment = str(int(time.time())) if moment is None else moment
    sign = signature(body, moment) if sign is None else sign
    headers = [("Content-Type", media), ("X-Slack-Request-Timestamp", moment), ("X-Slack-Signature", sign)]
    return [one for one in headers if one[0] not in other.get("without", ())]


def ago(seconds):
    return str(int(time.time() - seconds))


def flipped(text):
    """The same with its last digit changed."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def now():
    return ago(0)


TIME, SIGN = "X-Slack-Request-Timestamp", "X-Slack-Signature"
FORGERIES = {
    "no headers at all": lambda b, m: (b, [("Content-Type", m)]),
    "no signature": lambda b, m: (b, said(b, m, without=[SIGN])),
    "no timestamp": lambda b, m: (b, said(b, m, without=[TIME])),
    "an empty signature": lambda b, m: (b, said(b, m, sign="")),
    "an empty timestamp": lambda b, m: (b, said(b, m, moment="")),
    "another secret": lambda b, m: (b, said(b, m, sign=signature(b, now(), "guessed"))),
    "an empty secret": lambda b, m: (b, said(b, m, sign=signature(b, now(), ""))),
    "the signature of another body": lambda b, m: (b, said(b, m, sign=signature(b + b" ", now()))),
    "another body than was signed": lambda b, m: (b + b"&x=1", said(b, m)),
    "a body cut short": lambda b, m: (b[:-1], said(b, m)),
    "another person than was signed": lambda b, m: (b.replace(b"UANA", b"UEVE"), said(b, m)),
    "no body, and the signature of one": lambda b, m: (b"", said(b, m)),
    "signed six minutes ago": lambda b, m: (b, said(b, m, moment=ago(360))),
    "signed yesterday": lambda b, m: (b, said(b, m, moment=ago(86_400))),
    "signed in six minutes": lambda b, m: (b, said(b, m, moment=ago(-360))),
    "signed in milliseconds": lambda b, m: (b, said(b, m, moment=str(int(time.time() * 1000)))),
    "old, said to be new": lambda b, m: (b, said(b, m, sign=signature(b, ago(360)))),
    "a timestamp that is no number": lambda b, m: (b, said(b, m, moment="yesterday")),
    "a timestamp with a fraction": lambda b, m: (b, said(b, m, moment=f"{now()}.5")),
    "a timestamp below nothing": lambda b, m: (b, said(b, m, moment="-1")),
    "a timestamp without end": lambda b, m: (b, said(b, m, moment="9" * 5_000)),
    "a signature in capitals": lambda b, m: (b, said(b, m, sign=signature(b, now()).upper())),
    "a signature cut short": lambda b, m: (b, said(b, m, sign=signature(b, now())[:-1])),
    "a signature with a digit changed": lambda b, m: (b, said(b, m, sign=flipped(signature(b, now())))),
    "a signature without its version": lambda b, m: (b, said(b, m, sign=signature(b, now())[3:])),
    "a signature of another version": lambda b, m: (b, said(b, m, sign=signature(b, now(), version="v1"))),
    "a signature that is no text": lambda b, m: (b, said(b, m, sign="v0=ñandú".encode("latin-1"))),
    "two signatures, the right one first": lambda b, m: (b, [*said(b, m), (SIGN, "v0=00")]),
    "two timestamps, the right one first": lambda b, m: (b, [*said(b, m), (TIME, ago(360))]),
    "the signature under another name": lambda b, m: (
        b, [*said(b, m, without=[SIGN]), ("X-Hub-Signature", signature(b, now()))]),
    "the name of the header before it": lambda b, m: (b, said(b, m, sign=f"{SIGN}: {signature(b, now())}")),
    "percent signs decoded": lambda b, m: (b"\xff" + b, said(b, m)),
    "another character set": lambda b, m: (b.decode().encode("utf-16"), said(b, m)),
    "no JSON and no form": lambda b, m: (b"{{", said(b, m)),
    "a check of the certificate, with a command in it": lambda b, m: (
        b"ssl_check=1&token=x&" + b, [("Content-Type", FORM)]),
    "a challenge without a signature": lambda b, m: (
        json.dumps({"type": "url_verification", "challenge": "c"}).encode(), [("Content-Type", JSON)]),
}  # fmt: skip
"""What a request and its headers are made into, by body and media type."""


def requests_of(slack, number):
    """A mention, a command and a press of a button, as Slack would post them: bodies and media types."""
    event = slack.write("UANA", f"<@{BOT}> {QUESTION}")
    channel = slack.channel("C1")
    told = {"team_id": TEAM, "api_app_id": APP, "type": "event_callback", "event_id": f"Ev{number}",
            "event": event, "authorizations": [{"team_id": TEAM}]}  # fmt: skip
    ordered = command_payload(slack, "UANA", "sync", channel, "/sabio")
    button = {"type": "button", "action_id": "command:0", "value": "sync", "text": {}, "block_id": "b"}
    shown = slack.post(channel, {"text": "…", "blocks": [{"type": "actions", "elements": [button]}]})
    pressed = click_payload(slack, "UANA", shown, "command:0", None)
    slack.messages["C1"].remove(shown)
    return [
        (json.dumps(told).encode(), JSON),
        (urlencode(ordered).encode(), FORM),
        (f"payload={quote(json.dumps(pressed))}".encode(), FORM),
    ]


def forge(chat, kb, times):
    """Send each forgery so many times: the statuses that were not a refusal, and what was kept of them."""
    chat.person("ana")
    chat.person("eva")
    accepted = []
    with chat.serving(kb) as port:
        for number in range(times):
            bodies = requests_of(chat.slack, number)
            for turn, (name, forged) in enumerate(FORGERIES.items()):
                body, media = bodies[(turn + number) % len(bodies)]
                sent, headers = forged(body, media)
                if (status := post(port, sent, headers)) != 401:
                    accepted.append((name, status))
        kept = [rows(kb, table) for table in (events, questions, requests)]
        before = len(chat.sent())
        # The same server takes what is right, so that it was not for another reason that it refused.
        right = [post(port, body, said(body, media)) for body, media in requests_of(chat.slack, times)]
        await_done(kb, 1, seconds=60)
    assert right == [200, 200, 200]
    return accepted, kept, before


def test_what_is_not_rightly_signed_is_refused_and_leaves_nothing(posting, base):
    assert len(FORGERIES) >= 30
    assert forge(posting, base, 3) == ([], [[], [], []], 0)


@pytest.mark.contract
def test_each_forgery_is_refused_a_hundred_times(posting, base):
    assert forge(posting, base, 100) == ([], [[], [], []], 0)


def again(chat, delivery, times=3):
    """Say again what was delivered, word for word, as whoever has overheard it can for five minutes."""
    for repeated in [chat.slack.send(delivery.kind, delivery.payload) for _ in range(times)]:
        assert repeated.acknowledged.wait(10)


def test_what_is_said_again_word_for_word_has_no_second_effect(chat, base):
    ana, room = chat.person("ana"), chat.room("team")
    with chat.serving(base):
        asked = chat.ask(ana, room, QUESTION)
        reply = chat.answer(asked, room)
        again(chat, chat.slack.deliveries[-1])
        ordered = chat.order(ana, room, f"ask {QUESTION}")
        chat.aside(ana, lambda one: CODE in read(one))
        again(chat, ordered)
        for button in ("privately", "why", "vote"):
            count = len(chat.slack.private(ana))
            if button == "privately":
                pressed = chat.press(ana, private_button(chat, room, base), button)
                chat.aside(ana, lambda one, seen=count: one in chat.slack.private(ana)[seen:])
            else:
                pressed = chat.press(ana, reply, button)
                assert pressed.acknowledged.wait(10)
            again(chat, pressed)
        chat.press(ana, reply, "vote").acknowledged.wait(10)
        await_done(base, 3)
    assert len(chat.replies(asked, room)) == 1
    assert len([one for one in chat.slack.private(ana) if CODE in read(one)]) == 2
    assert len(rows(base, questions)) == 4
    assert len(chat.slack.modals[ana]) == 1
    thanks = [one for one in chat.slack.private(ana) if CODE not in read(one)]
    assert len(thanks) == 2, [read(one) for one in thanks]
    assert len(rows(base, feedback)) == 1


def private_button(chat, room, base):
    """A reply in a channel where not everybody may read the answer, with the button that shows it to those
    who may."""
    guest = chat.person("guest", "guest")
    chat.slack.channels[room].members.append(guest)
    asked = chat.ask("UANA", room, QUESTION)
    return chat.answer(asked, room)


# Row 5

ELSEWHERE = ("T9", "E9", "", "T1 ", "t1", "T2")
"""Workspaces and enterprises that Sabio is not installed in."""
ENEMY = "enemy"
AT_ONCE = 40
"""Deliveries that are under way at the same moment, at most."""


def tellings(slack):
    """What Slack may tell of, rightly made: a kind and a payload, of somebody in this workspace."""
    channel, user, moment = slack.channel("C1"), "UANA", slack.moment()
    event = slack.write(user, f"<@{BOT}> {QUESTION}")
    alone = slack.write(user, QUESTION, "DUANA")
    button = {"type": "button", "action_id": "command:0", "value": "sync", "text": {}, "block_id": "b"}
    shown = slack.post(channel, {"text": "…", "blocks": [{"type": "actions", "elements": [button]}]})
    pressed = click_payload(slack, user, shown, "command:0", None)
    slack.messages["C1"].remove(shown)
    written = slack.find("C1", event["ts"])
    about = {"channel": "C1", "user": user, "event_ts": moment}
    happened = [
        event,
        alone,
        {"type": "app_home_opened", "tab": "home", **about},
        {"type": "agent_session_stopped", "thread_ts": event["ts"], **about},
        {"type": "message", "subtype": "message_deleted", "deleted_ts": event["ts"], "ts": moment, **about},
    ]
    return [
        *(("events_api", slack.payload_of(one)) for one in happened),
        ("slash_commands", command_payload(slack, user, "sync", channel, "/sabio")),
        ("slash_commands", command_payload(slack, user, f"ask {QUESTION}", channel, "/sabio")),
        ("interactive", pressed),
        ("interactive", shortcut_payload(slack, user, written, "ask_about")),
    ]


def of_another_team(payload, chance):
    """The same as if it came from a workspace that is not ours. Of an event its authorization tells that: in
    a channel that companies share, the other company's workspace is named beside it."""
    team, org = chance.choice(ELSEWHERE), chance.choice([None, "E9"])
    if payload.get("type") == "event_callback":
        theirs = {"team_id": team, "enterprise_id": org, "is_enterprise_install": bool(org)}
        payload["authorizations"] = [theirs]
        payload |= {"team_id": chance.choice([team, TEAM]), "context_team_id": chance.choice([team, TEAM])}
    elif isinstance(payload.get("team"), dict):
        payload["team"] = {"id": team, "enterprise_id": org} if team else None
        payload["user"]["team_id"] = team  # where there is no team, that of the person counts
    else:
        payload["team_id"] = team
    return payload | {"enterprise_id": org, "enterprise": {"id": org} if org else None}


def of_another_person(payload, chance):
    """The same of somebody of another company, whom it calls one of ours."""
    event = payload.get("event", payload)
    if isinstance(event.get("user"), dict):
        event["user"] = {"id": "UENEMY", "team_id": TEAM, "name": "ana"}
    elif "user_id" in event:
        event |= {"user_id": "UENEMY", "user_name": "ana"}
    else:
        event |= {"user": "UENEMY", "team": TEAM, "user_team": TEAM, "source_team": TEAM,
                  "user_profile": {"team": TEAM, "email": "ana@acme.com"}}  # fmt: skip
    if event.get("channel") == "DUANA":
        event |= {"channel": "DUENEMY", "channel_type": "im"}
    return payload


def of_another_channel(payload, chance):
    """The same as if it had been said in a channel of a workspace that is not ours."""
    event = payload.get("event", payload)
    if isinstance(event.get("channel"), dict):
        event["channel"] = {"id": "CFAR", "name": "far"}
    elif "channel_id" in event:
        event |= {"channel_id": "CFAR", "channel_name": "far"}
    else:
        event |= {"channel": "CFAR", "channel_type": "channel"}
    return payload


def speak_for_others(kb, chat, count):
    """Deliver so much that is rightly signed and speaks for others: what was shown of it and kept."""
    slack, chance = chat.slack, random.Random(5)
    chat.person("ana")
    chat.person(ENEMY, "stranger")
    slack.add_channel("C1", "team", members=["UANA", "UENEMY"])
    slack.add_channel("DUANA", members=["UANA"])
    slack.add_channel("DUENEMY", members=["UENEMY"])
    slack.add_channel("CFAR", "far", team="T9", members=["UENEMY"])
    told = []
    with chat.serving(kb):
        while len(told) < count:
            for kind, payload in tellings(slack):
                forged = copy.deepcopy(payload)
                way = chance.choice([of_another_team, of_another_team, of_another_person, of_another_channel])
                if way is of_another_channel and kind != "events_api":
                    way = of_another_team  # who orders or presses something there is told it alone
                told.append(slack.send(kind, way(forged, chance)))
                if (event := forged.get("event", {})).get("channel") == "DUENEMY" and "text" in event:
                    slack.messages["DUENEMY"].append(event)
            for delivery in told[-AT_ONCE:]:
                assert delivery.acknowledged.wait(10), delivery.payload
        kept = await_done(kb, seconds=60 + count / 10)
        shown = [one for one in [*chat.sent(), *slack.messages["CFAR"]] if CODE in str(one)]
        asked, syncs = rows(kb, questions), rows(kb, requests)
        right = chat.answer(chat.ask("UANA", chat.alone("UANA"), QUESTION), "DUANA")
    assert CODE in read(right)
    return shown, [row.id for row in kept], [(row.person, row.outcome) for row in asked], syncs


def check_scope(seen):
    shown, kept, asked, syncs = seen
    assert shown == []
    assert {one.split("/")[0] for one in kept} <= {f"slack:{TEAM}"}
    assert {outcome for person, outcome in asked if person != "ana@acme.com"} <= {"not_allowed"}
    assert [one for one in asked if one[0] == "ana@acme.com"] == []
    assert syncs == []


def test_who_speaks_for_another_workspace_person_or_channel_is_shown_nothing(chat, base):
    check_scope(speak_for_others(base, chat, 200))


@pytest.mark.contract
def test_five_thousand_forged_scopes_show_nothing(chat, base):
    check_scope(speak_for_others(base, chat, 5_000))
