"""Rows 5 and 26 of the reliability contract, for Teams: what Teams has not sent, and what speaks for others.

Requests without a token that Microsoft has signed for this bot are refused and leave nothing behind; so are
those of other tenants and channels, and what is said again has no second effect. What is rightly signed and
speaks for somebody who is not there is answered with nothing that this tenant's people may read.
"""

import base64
import copy
import hashlib
import hmac
import http.client
import json
import random
import time

import pytest
from cryptography.hazmat.primitives import serialization

from ingest.ledger.tables import events, questions, requests
from tests.bot.platforms.teams.conftest import connected, rows
from tests.contract.chats import await_done, settle
from tests.doubles import open_base
from tests.teams import APP, TENANT, FakeTeams
from tests.teams.microsoft import Issuer
from workers.local import sync_sources

QUESTION = "What is the code of zorvo today?"
CODE = "amber falcon"
OTHER_APP, OTHER_TENANT = APP[:-1] + "0", TENANT[:-1] + "0"


@pytest.fixture
def base(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        settle(kb, admins=frozenset({"domain:acme.com"}))
        text = f"# Codes\nThe code of zorvo is {CODE} today."
        kb.connectors["wiki"].edit("zorvo", text=text, title="Codes", readers=frozenset({"domain:acme.com"}))
        sync_sources(kb, ["wiki"])
        yield kb


@pytest.fixture
def teams(loopback):
    """Ana, and a guest who may read nothing of it."""
    with FakeTeams() as teams:
        teams.add_person("ana", "ana@acme.com")
        teams.add_person("enemy", "enemy@evil.example", role="guest")
        teams.add_channel("team", ["ana"])
        yield teams
    assert teams.problems == []


# Row 26


def post(port, body, headers, method="POST", path="/api/messages"):
    """The status that a request is answered with; headers may stand twice, and be bytes of any sort."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()


class Sent:
    """An activity, and a token for it: each rightly made, until a forger has changed it."""

    def __init__(self, activity, issuer):
        self.activity, self.issuer = activity, issuer
        self.url = activity["serviceUrl"]

    def bearer(self, **claims):
        return f"Bearer {self.issuer.token(self.url, **claims)}"

    def by(self, issuer, **claims):
        return f"Bearer {issuer.token(self.url, **claims)}"

    def signed(self, algorithm="RS256", claims=None, **headers):
        return f"Bearer {self.issuer.sign(claims or self.issuer.claims(self.url), algorithm, **headers)}"

    def unsigned(self, header):
        """A token with that header and no signature."""
        return f"Bearer {_encoded(header)}.{_encoded(self.issuer.claims(self.url))}."

    def by_public_key(self):
        """Signed with the public key as if it were a secret."""
        public = self.issuer.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head = (
            f"{_encoded({'alg': 'HS256', 'kid': self.issuer.key})}.{_encoded(self.issuer.claims(self.url))}"
        )
        mark = hmac.new(public, head.encode(), hashlib.sha256).digest()
        return f"Bearer {head}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def _encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


STRANGER = Issuer(owner="a stranger")
"""Signs with a key of its own, under the name of Microsoft's."""
EMULATOR = "https://login.microsoftonline.com/d6d49420-f39b-4df7-a1dc-d59a935871db/v2.0"
EMULATOR_1 = "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"


def now():
    return int(time.time())


def changed(token, part, letter=0):
    """The same token with a letter of one of its three parts changed."""
    parts = token.split(".")
    was = parts[part][letter]
    parts[part] = parts[part][:letter] + ("A" if was != "A" else "B") + parts[part][letter + 1 :]
    return ".".join(parts)


def swapped(token, **claims):
    """The same token with other claims below its signature."""
    head, body, mark = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(body + "==")) | claims
    return f"{head}.{_encoded(told)}.{mark}"


FORGERIES = {
    "no header at all": lambda s: None,
    "an empty header": lambda s: "",
    "a scheme and no token": lambda s: "Bearer",
    "a scheme and a blank": lambda s: "Bearer ",
    "a token and no scheme": lambda s: s.bearer().split()[1],
    "another scheme": lambda s: s.bearer().replace("Bearer", "Basic"),
    "the scheme in small letters": lambda s: s.bearer().replace("Bearer", "bearer"),
    "two blanks after the scheme": lambda s: s.bearer().replace(" ", "  "),
    "no token, but words": lambda s: "Bearer let-me-in",
    "three parts of nothing": lambda s: "Bearer ..",
    "a token of bytes that are no text": lambda s: b"Bearer \xff\xfe.\xff.\xff",
    "a token without end": lambda s: "Bearer " + "A" * 40_000,
    "two parts only": lambda s: s.bearer().rsplit(".", 1)[0],
    "four parts": lambda s: s.bearer() + ".AAAA",
    "no signature": lambda s: s.bearer().rsplit(".", 1)[0] + ".",
    "a signature with a letter changed": lambda s: changed(s.bearer(), 2, 9),
    "claims with a letter changed": lambda s: changed(s.bearer(), 1, 20),
    "the head with a letter changed": lambda s: changed(s.bearer(), 0, 4),
    "claims that were swapped": lambda s: swapped(s.bearer(), exp=now() + 999_999),
    "no algorithm": lambda s: s.unsigned({"alg": "none", "kid": s.issuer.key}),
    "no algorithm, in capitals": lambda s: s.unsigned({"alg": "NONE", "kid": s.issuer.key}),
    "the public key as a secret": lambda s: s.by_public_key(),
    "another algorithm of the same key": lambda s: s.signed("RS512"),
    "a key of somebody else under Microsoft's name": lambda s: s.by(STRANGER),
    "a key that nobody knows": lambda s: s.signed(kid="key-of-nobody"),
    "no name of a key": lambda s: s.signed(kid=None),
    "a name of a key that is none": lambda s: s.signed(kid="../../etc/passwd"),
    "its own key inside": lambda s: (
        f"Bearer {STRANGER.sign(s.issuer.claims(s.url), jwk=STRANGER.published())}"),
    "an address of its own keys inside": lambda s: (
        f"Bearer {STRANGER.sign(s.issuer.claims(s.url), jku='http://127.0.0.1:9/keys')}"),
    "ended six minutes ago": lambda s: s.bearer(exp=now() - 360),
    "ended yesterday": lambda s: s.bearer(exp=now() - 86_400, nbf=now() - 90_000),
    "begins in six minutes": lambda s: s.bearer(nbf=now() + 360),
    "never ends": lambda s: s.bearer(exp=None),
    "an end that is no number": lambda s: s.bearer(exp="tomorrow"),
    "for another app": lambda s: s.bearer(aud=OTHER_APP),
    "for nobody": lambda s: s.bearer(aud=None),
    "for an empty name": lambda s: s.bearer(aud=""),
    "for several, us among them": lambda s: s.bearer(aud=[APP, OTHER_APP]),
    "for the service itself": lambda s: s.bearer(aud="https://api.botframework.com"),
    "of another issuer": lambda s: s.bearer(iss="https://evil.example"),
    "of an issuer with a slash more": lambda s: s.bearer(iss="https://api.botframework.com/"),
    "of the cloud of a government": lambda s: s.bearer(iss="https://api.botframework.us"),
    "of no issuer": lambda s: s.bearer(iss=None),
    "of several issuers": lambda s: s.bearer(iss=["https://api.botframework.com"]),
    "of the tenant": lambda s: s.bearer(iss=f"https://login.microsoftonline.com/{TENANT}/v2.0"),
    "of the emulator": lambda s: s.bearer(iss=EMULATOR, ver="2.0", azp=APP),
    "of the emulator, as it was before": lambda s: s.bearer(iss=EMULATOR_1, ver="1.0", appid=APP),
    "of another bot": lambda s: s.bearer(iss=EMULATOR, ver="2.0", azp=OTHER_APP),
    "of another bot, in the name of Teams": lambda s: s.bearer(ver="2.0", azp=OTHER_APP),
    "of a bot without a name": lambda s: s.bearer(appid="AnonymousSkill"),
    "for another address": lambda s: s.bearer(serviceurl="https://smba.trafficmanager.net/emea/"),
    "for an address of another case": lambda s: s.bearer(serviceurl=s.url.upper()),
    "for no address": lambda s: s.bearer(serviceurl=None),
    "two tokens, the right one second": lambda s: f"Bearer {STRANGER.token(s.url)}, {s.bearer()}",
}  # fmt: skip
"""What the header of a request is made into, which else is right. None: there is none."""

TAKEN_APART = {
    "another address than was signed": ({"serviceUrl": "http://127.0.0.1:9/"}, 401),
    "no address": ({"serviceUrl": None}, 401),
    "an empty address": ({"serviceUrl": ""}, 401),
    "an address that is none": ({"serviceUrl": {"a": 1}}, 401),
    "of the web chat": ({"channelId": "webchat"}, 401),
    "of no channel": ({"channelId": None}, 403),
    "of a channel that is none": ({"channelId": ["msteams"]}, 401),
    "of another tenant": ({"conversation": {"tenantId": OTHER_TENANT}}, 403),
    "of another tenant, by its data": ({"channelData": {"tenant": {"id": OTHER_TENANT}}}, 403),
    "of no tenant": ({"conversation": {"tenantId": None}, "channelData": {"tenant": None}}, 403),
    "of a tenant that is none": ({"conversation": {"tenantId": {"$ne": ""}}}, 403),
    "of nobody": ({"from": None}, 400),
    "of somebody without an id": ({"from": {"id": None}}, 400),
    "in no conversation": ({"conversation": None}, 400),
    "to nobody": ({"recipient": []}, 400),
    "without an id": ({"id": None}, 400),
    "without a type": ({"type": None}, 400),
    "with data that are none": ({"channelData": "x"}, 400),
    "with a team that is none": ({"channelData": {"team": "x"}}, 400),
    "with entities that are none": ({"entities": "x"}, 400),
    "written at a time that is none": ({"timestamp": "yesterday"}, 400),
}
"""What an activity is made into that comes with a token for it, and what it is answered with."""


def merged(activity, change):
    made = copy.deepcopy(activity)
    for name, value in change.items():
        both = isinstance(value, dict) and isinstance(made.get(name), dict)
        made[name] = merged(made[name], value) if both else value
    return {name: value for name, value in made.items() if value is not None}


def kinds_of(teams):
    """A question, a command, a press and an edit, as Teams would post them."""
    asked = teams.write("ana", QUESTION, "team")
    ordered = teams.write("ana", "sync wiki", "ana")
    pressed = teams._about("ana", asked, "message") | {"value": {"sabio": "command", "text": "sync wiki"}}
    return [asked, ordered, pressed, {**asked, "type": "invoke", "name": "task/fetch", "value": {}}]


def said(header):
    given = [("Content-Type", "application/json; charset=utf-8")]
    return given if header is None else [*given, ("Authorization", header)]


def forge(teams, kb, times):
    """Send each forgery so many times: the statuses that were not the refusal, and what was kept of them."""
    issuer, wrong = teams.microsoft.issuers[0], []
    with connected(kb, teams) as port:
        for number in range(times):
            kinds = kinds_of(teams)
            for turn, (name, forged) in enumerate(FORGERIES.items()):
                activity = kinds[(turn + number) % len(kinds)]
                status = post(port, json.dumps(activity).encode(), said(forged(Sent(activity, issuer))))
                wrong += [(name, status)] if status != 401 else []
            for turn, (name, (change, refusal)) in enumerate(TAKEN_APART.items()):
                activity = merged(kinds[(turn + number) % len(kinds)], change)
                token = Sent(kinds[0], issuer).bearer()
                status = post(port, json.dumps(activity).encode(), said(token))
                wrong += [(name, status)] if status != refusal else []
        kept = [rows(kb, table) for table in (events, questions, requests)]
        before = len(teams.calls)
        # The same server takes what is right, so that it was not for another reason that it refused.
        right = [
            post(port, json.dumps(one).encode(), said(Sent(one, issuer).bearer()))
            for one in kinds_of(teams)[::3]
        ]
        await_done(kb, 1, seconds=60)
    assert right == [200, 200]
    return wrong, kept, before


def test_what_is_not_rightly_signed_or_of_others_is_refused_and_leaves_nothing(teams, base):
    assert len(FORGERIES) >= 30
    assert forge(teams, base, 2) == ([], [[], [], []], 0)


@pytest.mark.contract
def test_each_forgery_is_refused_a_hundred_times(teams, base):
    assert forge(teams, base, 100) == ([], [[], [], []], 0)


def test_what_is_said_again_word_for_word_has_no_second_effect(teams, base):
    with connected(base, teams):
        asked, _ = teams.say("ana", QUESTION, "team")
        ordered, _ = teams.say("ana", "sync")
        await_done(base, 2)
        replies = [len(teams.replies(one)) for one in (asked, ordered)]
        for one in (asked, ordered):
            for _ in range(3):
                teams.deliver(one).wait()
        await_done(base, 2)
        assert [len(teams.replies(one)) for one in (asked, ordered)] == replies
    assert len(rows(base, questions)) == 1


def test_what_was_answered_before_a_restart_is_known_after_it(teams, base):
    with connected(base, teams):
        asked, _ = teams.say("ana", QUESTION, "team")
        await_done(base, 1)
        replies = len(teams.replies(asked))
    with connected(base, teams):
        teams.deliver(asked).wait()
        await_done(base, 1)
        assert len(teams.replies(asked)) == replies
    assert len(rows(base, questions)) == 1


# Row 5


def of_another_tenant(activity, chance):
    """The same as if it came from another tenant, in each place where Teams tells that."""
    told = chance.choice([OTHER_TENANT, "", "common", TENANT + "0"])
    where = chance.choice(["conversation", "data", "both"])
    if where in ("conversation", "both"):
        activity["conversation"]["tenantId"] = told
    if where in ("data", "both"):
        activity["channelData"]["tenant"] = {"id": told}
    return activity


def of_another_person(activity, chance):
    """The same of a guest, who is called one of ours."""
    named = {"name": "Ana", "email": "ana@acme.com", "userPrincipalName": "ana@acme.com", "role": "user"}
    activity["from"] |= {"id": "29:1enemy", **named}
    activity["conversation"] |= {"id": "a:1enemy", "conversationType": "personal"}
    activity["channelData"] = {"tenant": {"id": TENANT}}
    return activity


def of_another_team(activity, chance):
    """The same as if it had been said in a team that there is not, or that its writer is not in."""
    team = chance.choice(["19:nobodys@thread.tacv2", "19:far-team@thread.tacv2"])
    activity["from"]["id"] = "29:1enemy"
    activity["channelData"] |= {"team": {"id": team}, "teamsTeamId": team}
    return activity


def speak_for_others(kb, teams, count):
    """Deliver so much that is rightly signed and speaks for others: what was shown of it and kept."""
    chance, told = random.Random(5), []
    teams.add_channel("far", ["enemy"])
    with connected(kb, teams):
        while len(told) < count:
            for activity in kinds_of(teams)[:3]:
                way = chance.choice(
                    [of_another_tenant, of_another_tenant, of_another_person, of_another_team]
                )
                told.append(teams.deliver(way(copy.deepcopy(activity), chance)))
        for delivery in told:
            assert delivery.ended.wait(60), delivery
        kept = await_done(kb, seconds=60 + count / 10)
        shown = [one for one in [*teams.calls, *teams.messages["a:1enemy"]] if CODE in str(one)]
        asked, syncs = rows(kb, questions), rows(kb, requests)
        right, _ = teams.say("ana", QUESTION)
        teams.await_reply(right, until=lambda one: CODE in str(one), seconds=60)
    return shown, [row.id for row in kept], [(row.person, row.outcome) for row in asked], syncs


def check_scope(seen):
    shown, kept, asked, syncs = seen
    assert shown == []
    assert {one.split("/")[0] for one in kept} <= {f"teams:{TENANT}"}
    assert [one for one in asked if one[0] == "ana@acme.com"] == []
    assert {outcome for _, outcome in asked} <= {"not_allowed"}
    assert syncs == []


def test_who_speaks_for_another_tenant_person_or_team_is_shown_nothing(teams, base):
    check_scope(speak_for_others(base, teams, 120))


@pytest.mark.contract
def test_five_thousand_forged_scopes_show_nothing(teams, base):
    check_scope(speak_for_others(base, teams, 5_000))
