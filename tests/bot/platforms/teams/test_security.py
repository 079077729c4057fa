"""Who is let in: only what Teams has signed for this bot, of the one tenant; in development, this machine.

The tokens are signed here, and checked by the code that checks Microsoft's. Every forgery one by one:
`tests/contract/test_forgery_teams.py`.
"""

import asyncio
import http.client
import json

import pytest
from botframework.connector.auth import JwtTokenExtractor

from bot.platforms._teams.authentication import Keys
from bot.platforms._teams.connection import Connection, EndedStreamError
from bot.platforms._teams.signin import SignIn
from bot.platforms.teams import Teams
from config.chat import TeamsSettings
from config.errors import ConfigError, UnavailableError
from config.settings import load_settings
from ingest.ledger.tables import events
from tests.bot.platforms.teams.conftest import connected, rows, served
from tests.doubles import open_base
from tests.teams import APP, PASSWORD, TENANT
from tests.teams.microsoft import Issuer, Microsoft, reached_instead_of_microsoft
from workers.event_loop import EventLoop

JSON = "application/json"
SETTINGS = TeamsSettings(app_id=APP, tenant_id=TENANT, app_password=PASSWORD)
OTHER = TENANT[:-1] + "0"


@pytest.fixture
def empty(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        yield kb


def ask(port, method, body=b"", **headers):
    """The status and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, "/api/messages", body, named)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def told(port, activity, token=None, **headers):
    given = {"Content_Type": JSON} | ({"Authorization": f"Bearer {token}"} if token else {}) | headers
    return ask(port, "POST", json.dumps(activity).encode(), **given)[0]


# What is posted


def test_only_json_that_is_posted_is_looked_at(empty, teams):
    right = json.dumps(teams.write("ana", "What?")).encode()
    with connected(empty, teams) as port:
        assert ask(port, "GET")[0] == 404
        assert ask(port, "PUT", right, Content_Type=JSON)[0] == 405
        assert ask(port, "POST")[0] == 415
        assert ask(port, "POST", right, Content_Type="text/plain")[0] == 415
        assert ask(port, "POST", right, Content_Type="text/plain; a=application/json")[0] == 415
        for body in (b"", b"{", b"[]", b"null", b'"x"', b"\xff"):
            assert ask(port, "POST", body, Content_Type=JSON)[0] == 400, body
        assert ask(port, "POST", right, Content_Type=JSON)[0] == 401
    assert rows(empty, events) == []


def test_a_refusal_says_nothing_of_why(empty, teams):
    activity = teams.write("ana", "What?")
    with connected(empty, teams) as port:
        status, said = ask(
            port, "POST", json.dumps(activity).encode(), Content_Type=JSON, Authorization="Bearer a.b.c"
        )
    assert (status, json.loads(said)) == (401, {"error": "not from Teams"})


def test_the_tenant_of_the_settings_may_be_written_in_capitals(empty, teams):
    with connected(empty, teams, tenant_id=TENANT.upper(), app_id=APP.upper()):
        teams.deliver(teams.write("ana", "What?")).wait()
    assert len(rows(empty, events)) == 1


# Microsoft's keys


def test_a_key_that_is_new_is_looked_for_and_one_that_was_withdrawn_is_not_believed(
    empty, teams, monkeypatch
):
    monkeypatch.setattr("bot.platforms._teams.authentication._SOONEST", 0.0)
    with connected(empty, teams) as port:
        activity = teams.write("ana", "What?")
        old, new = teams.microsoft.issuers[0], Issuer("key-2")
        assert told(port, activity, old.token(activity["serviceUrl"])) == 200
        teams.microsoft.issuers = [new]
        assert told(port, activity, new.token(activity["serviceUrl"])) == 200
        assert told(port, activity, old.token(activity["serviceUrl"])) == 401


def test_keys_that_nobody_knows_make_it_ask_microsoft_once_only(empty, teams):
    with connected(empty, teams) as port:
        activity = teams.write("ana", "What?")
        for number in range(20):
            stranger = teams.microsoft.issuers[0].sign(
                teams.microsoft.issuers[0].claims(activity["serviceUrl"]), kid=f"stranger-{number}"
            )
            assert told(port, activity, stranger) == 401
    asked = [path for _, path, _ in teams.microsoft.asked if path.endswith("openidconfiguration")]
    assert len(asked) == 1


def test_a_key_that_does_not_sign_for_teams_is_not_believed(empty, teams):
    teams.microsoft.issuers[0].endorsements = ["webchat"]
    with connected(empty, teams) as port:
        activity = teams.write("ana", "What?")
        assert told(port, activity, teams.microsoft.issuers[0].token(activity["serviceUrl"])) == 401


@pytest.mark.parametrize("answer", [(503, "text/html", "busy"), (200, JSON, "{}"), (200, JSON, "[]")])
def test_without_microsofts_keys_nobody_is_believed_and_teams_is_to_come_again(empty, teams, answer):
    teams.microsoft.broken["login.botframework.com"] = answer
    with connected(empty, teams) as port:
        activity = teams.write("ana", "What?")
        assert told(port, activity, teams.microsoft.issuers[0].token(activity["serviceUrl"])) == 503
    assert rows(empty, events) == []


def test_the_sdk_itself_asks_for_the_keys_and_compares_the_address_with_the_token(empty, teams):
    """Not only what stands before it: a right token for another address comes as far as it."""
    with connected(empty, teams) as port:
        activity, issuer = teams.write("ana", "What?"), teams.microsoft.issuers[0]
        kept = list(JwtTokenExtractor.metadataCache.values())
        assert [type(one) for one in kept] == [Keys]
        assert kept[0]._keys == {}
        assert told(port, activity, issuer.token("http://127.0.0.1:9/")) == 401
        assert list(kept[0]._keys) == [issuer.key]
        assert told(port, activity, issuer.token(activity["serviceUrl"])) == 200


def test_the_cloud_of_a_government_has_its_own_issuer_and_keys(empty, teams):
    theirs = Issuer("key-us", "https://api.botframework.us")
    teams.microsoft.issuers.append(theirs)
    with connected(empty, teams, cloud="government") as port:
        activity = teams.write("ana", "What?")
        assert told(port, activity, teams.microsoft.issuers[0].token(activity["serviceUrl"])) == 401
        assert told(port, activity, theirs.token(activity["serviceUrl"])) == 200
    hosts = {path.partition("/")[0] for _, path, _ in teams.microsoft.asked}
    assert "login.botframework.azure.us" in hosts
    assert not hosts & {"login.botframework.com", "login.microsoftonline.com"}
    teams.problems.clear()  # it takes tokens of the public cloud only


# Credentials, and development


@pytest.mark.parametrize("missing", ["app_id", "tenant_id", "app_password"])
def test_without_all_credentials_nothing_is_served(empty, missing):
    given = {"app_id": APP, "tenant_id": TENANT, "app_password": PASSWORD, missing: ""}
    settings = TeamsSettings.model_construct(**given, cloud="public", development=False, members=200)
    empty.settings = empty.settings.model_copy(update={"teams": settings})
    with pytest.raises(ConfigError, match="not set"):
        Teams(empty, EventLoop())
    with pytest.raises(ConfigError, match="not set"):
        Connection(settings, SignIn(settings))


@pytest.mark.parametrize(
    ("written", "told_of_it"),
    [
        (f"{{development: true, app_id: {APP}}}", "lets in whoever asks"),
        (f"{{development: true, tenant_id: {TENANT}}}", "lets in whoever asks"),
        (f"{{app_id: {APP}, tenant_id: common}}", "the id of one tenant"),
        (f"{{app_id: {APP}, tenant_id: acme.onmicrosoft.com}}", "the id of one tenant"),
    ],
)
def test_settings_that_would_let_in_others_are_refused(tmp_path, written, told_of_it):
    (tmp_path / "sabio.yaml").write_text(f"teams: {written}\n")
    with pytest.raises(ConfigError, match=told_of_it):
        load_settings(tmp_path / "sabio.yaml", environ={})


@pytest.fixture
def in_development(empty, loopback):
    empty.settings = empty.settings.model_copy(update={"teams": TeamsSettings(development=True)})
    return empty


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.5", "::", "sabio.acme.com"])
def test_development_is_for_a_loopback_address_only(in_development, host):
    server = in_development.settings.server.model_copy(update={"host": host})
    in_development.settings = in_development.settings.model_copy(update={"server": server})
    with pytest.raises(ConfigError, match="loopback"):
        Teams(in_development, EventLoop())


def test_development_says_loudly_what_it_is(in_development, caplog):
    with EventLoop() as loop:
        sabio = Teams(in_development, loop)
        assert "WITHOUT CREDENTIALS" in sabio.start()
        sabio.stop()
    assert [one.levelname for one in caplog.records if "WITHOUT CREDENTIALS" in one.message] == ["WARNING"]


def test_development_takes_what_this_machine_says_and_nothing_else(in_development, teams):
    right = teams.write("ana", "What?")
    with EventLoop() as loop:
        sabio = Teams(in_development, loop)
        with served(loop, sabio) as port:
            sabio.start()
            assert told(port, right, teams.microsoft.issuers[0].token(right["serviceUrl"])) == 401
            for address in (
                "https://smba.trafficmanager.net/emea/",
                "http://127.0.0.1.evil.example/",
                "",
                "//[",
            ):
                assert told(port, right | {"serviceUrl": address}) == 403, address
            # A page in a browser on this machine, whose name was made to mean this machine.
            assert told(port, right, Host="evil.example") == 403
            assert told(port, right | {"channelId": "webchat"}) == 403
            assert rows(in_development, events) == []
            assert told(port, right) == 200
            assert told(port, right | {"id": "2"}, Host=f"localhost:{port}") == 200
    assert len(rows(in_development, events)) == 2
    teams.problems.clear()  # it asks for tokens, as the Playground does not


# What Teams and its sign-in answer


@pytest.fixture
def microsoft(loopback):
    with Microsoft() as microsoft, reached_instead_of_microsoft(microsoft):
        yield microsoft


def speak(microsoft, settings=SETTINGS):
    """Say something in a conversation: its id."""
    from bot.platforms._teams.activities import message

    place = {
        "serviceUrl": microsoft.service_url,
        "channelId": "msteams",
        "conversation": {"id": "c1"},
        "user": {"id": "u"},
        "bot": {"id": "b"},
        "activityId": "a1",
    }

    async def run():
        connection = Connection(settings, SignIn(settings))
        return await connection.within(place, None, lambda there: there.send(message("hello")))

    return asyncio.run(run())


def code(name):
    return json.dumps({"error": {"code": name, "message": "of the tests"}})


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ((401, JSON, code("Unauthorized")), ConfigError, "the Azure Bot"),
        ((403, JSON, code("ContentStreamNotAllowed")), EndedStreamError, "403"),
        ((412, JSON, code("PreconditionFailed")), UnavailableError, "412"),
        ((429, JSON, "{}"), UnavailableError, "429"),
        ((500, JSON, code("ServiceError")), UnavailableError, "500"),
        ((502, "text/html", "<html>bad gateway"), UnavailableError, "cannot be reached"),
        ((503, "", ""), UnavailableError, "503"),
        ((200, JSON, "<"), UnavailableError, "cannot be reached"),
    ],
)
def test_what_teams_refuses_is_told_by_what_is_to_be_done_about_it(microsoft, answer, error, says):
    microsoft.broken["teams"] = answer
    with pytest.raises(error, match=says):
        speak(microsoft)


def test_where_nobody_listens_it_is_tried_again_later(microsoft):
    with Microsoft() as other:
        pass
    with pytest.raises(UnavailableError, match="cannot be reached"):
        speak(other)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"app_password": "an-old-secret"}, "TEAMS_APP_PASSWORD is no client secret"),
        ({"tenant_id": OTHER}, "there is no tenant `teams.tenant_id`"),
    ],
)
def test_credentials_that_are_wrong_are_told_by_their_setting_and_without_them(microsoft, changed, says):
    with pytest.raises(ConfigError, match=says) as raised:
        speak(microsoft, SETTINGS.model_copy(update=changed))
    assert "an-old-secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("number", "says"),
    [(7000222, "has expired"), (700016, "not in the tenant"), (7000112, "disabled"), (50196, "AADSTS50196")],
)
def test_a_sign_in_that_is_refused_is_told_in_words(microsoft, number, says):
    told = f"AADSTS{number}: secret trace. Trace ID: 1"
    microsoft.refusal = {"error": "invalid_client", "error_description": told, "error_codes": [number]}
    with pytest.raises(ConfigError, match=says) as raised:
        speak(microsoft)
    assert "trace" not in str(raised.value).lower()


@pytest.mark.parametrize("answer", [(503, "text/html", "busy"), (429, JSON, "{}"), (200, JSON, "<html>")])
def test_a_sign_in_that_is_not_there_is_tried_again_later(microsoft, answer):
    microsoft.broken["login.microsoftonline.com"] = answer
    with pytest.raises(UnavailableError, match=r"login\.microsoftonline\.com"):
        speak(microsoft)


def test_one_sign_in_serves_every_conversation(microsoft):
    from bot.platforms._teams.signin import SignIn

    sign_in = SignIn(SETTINGS)
    assert len({sign_in.token(sign_in.cloud.bots) for _ in range(5)}) == 1
    asked = [path for _, path, _ in microsoft.asked if path.endswith("/token")]
    assert len(asked) == 1
