"""The fake refuses what Teams refuses, and says what Teams would show wrong."""

import json
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from tests.teams import BOT, TENANT, FakeTeams, cards, dialogs
from tests.teams.checks import problems_of

pytestmark = pytest.mark.usefixtures("loopback")

TOKEN = "Bearer for https://api.botframework.com/.default"
CARD = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "Hello"}]}
LABEL = {
    "type": "https://schema.org/Message",
    "@type": "Message",
    "@context": "https://schema.org",
    "additionalType": ["AIGeneratedContent"],
}


@pytest.fixture
def teams():
    with FakeTeams() as teams:
        teams.add_person("ana", "ana@acme.com")
        teams.add_channel("general", [teams.add_person(f"p{number}") for number in range(120)])
        yield teams


def call(teams, method, path, body=None, token=TOKEN):
    headers = {"Authorization": token, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{teams.service_url}v3/conversations{path}", data, headers, method=method)
    try:
        with urlopen(request, timeout=10) as said:
            return said.status, json.loads(said.read() or "{}")
    except HTTPError as error:
        return error.code, json.loads(error.read())["error"]["code"]


def stream(kind, number=None, id_=None, text="Looking"):
    told = {"type": "streaminfo", "streamType": kind, "streamSequence": number, "streamId": id_}
    entity = {name: value for name, value in told.items() if value is not None}
    return {"type": "message" if kind == "final" else "typing", "text": text, "entities": [entity]}


def cited(position=1, name="Page", abstract="Words", **more):
    appearance = {"@type": "DigitalDocument", "name": name, "abstract": abstract, **more}
    return {"@type": "Claim", "position": position, "appearance": appearance}


def answer(*citations, text="So it is. [1]", **more):
    return {"type": "message", "text": text, "entities": [{**LABEL, "citation": [*citations]}], **more}


def test_without_a_token_nothing_is_done(teams):
    said = {"type": "message", "text": "Hello"}
    assert call(teams, "POST", "/a:1ana/activities", said, "Bearer x") == (401, "Unauthorized")
    assert teams.problems == ["send without a token"]


def test_a_message_is_posted_changed_and_removed_and_others_are_not(teams):
    written = teams.write("ana", "Hello?")
    status, said = call(
        teams, "POST", f"/a:1ana/activities/{written['id']}", {"type": "message", "text": "Hello"}
    )
    assert (status, teams.replies(written)[0]["id"]) == (201, said["id"])
    path = f"/a:1ana/activities/{said['id']}"
    assert call(teams, "PUT", path, {"type": "message", "text": "Hi"})[0] == 200
    assert teams.replies(written)[0]["text"] == "Hi"
    assert call(teams, "DELETE", path)[0] == 200
    assert call(teams, "DELETE", path) == (404, "ActivityNotFoundInConversation")
    assert call(teams, "DELETE", f"/a:1ana/activities/{written['id']}") == (403, "Forbidden")
    assert call(teams, "POST", "/a:1who/activities", {"type": "message", "text": "Hi"})[0] == 404
    assert teams.problems == []


def test_members_come_page_by_page(teams):
    teams.page = 50
    team, token, found = quote(teams.places["general"].team), "", []
    while token is not None:
        query = f"?pageSize=500&continuationToken={token}"
        _, page = call(teams, "GET", f"/{team}/pagedmembers{query}")
        found += [one["id"] for one in page["members"]]
        token = page.get("continuationToken")
    assert (len(found), BOT in found) == (120, False)
    assert call(teams, "GET", f"/{team}/members/29:1p7")[1]["userRole"] == "user"
    assert call(teams, "GET", f"/{team}/members/29:1ana") == (404, "MemberNotFoundInConversation")


def test_a_conversation_with_one_person_is_opened_and_a_thread_is_begun_with_what_is_said_in_it(teams):
    alone = {"members": [{"id": "29:1ana"}], "tenantId": TENANT}
    assert call(teams, "POST", "", alone) == (201, {"id": "a:1ana"})
    said = {"type": "message", "text": "Hello"}
    channel = teams.places["general"].id
    asked = {
        "isGroup": True,
        "tenantId": TENANT,
        "channelData": {"channel": {"id": channel}},
        "activity": said,
    }
    status, begun = call(teams, "POST", "", asked)
    [posted] = teams.posted("general")
    assert (status, begun) == (
        201, {"id": f"{channel};messageid={posted['id']}", "activityId": posted["id"]},
    )  # fmt: skip
    assert call(teams, "PUT", f"/{begun['id']}/activities/{posted['id']}", said)[0] == 200
    assert teams.problems == []


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"tenantId": None}, (403, "Forbidden")),
        ({"activity": None}, (400, "BadSyntax")),
        ({"activity": {"type": "typing"}}, (400, "BadSyntax")),
        ({"channelData": {}}, (400, "BadSyntax")),
        ({"channelData": {}, "members": [{"id": "29:1ana"}]}, (400, "BadSyntax")),
        ({"isGroup": False}, (400, "BadSyntax")),
        ({"channelData": {"channel": {"id": "19:general@thread.tacv2;messageid=1"}}}, (400, "BadSyntax")),
        ({"channelData": {"channel": {"id": "19:who@thread.tacv2"}}}, (404, "ConversationNotFound")),
    ],
)
def test_what_begins_no_thread_is_refused(teams, changed, refused):
    asked = {
        "isGroup": True,
        "tenantId": TENANT,
        "channelData": {"channel": {"id": teams.places["general"].id}},
        "activity": {"type": "message", "text": "Hello"},
    }
    assert call(teams, "POST", "", asked | changed) == refused
    assert bool(teams.problems) is (refused[0] != 404)
    assert teams.posted("general") == []


def test_a_message_is_not_changed_into_words_and_a_card(teams):
    said = call(teams, "POST", "/a:1ana/activities", {"type": "message", "text": "Hello"})[1]
    both = answer(cited(), attachments=[{"contentType": cards.CARD, "content": CARD}])
    assert call(teams, "PUT", f"/a:1ana/activities/{said['id']}", both) == (400, "BadSyntax")
    assert teams.posted("ana")[0]["text"] == "Hello"
    assert any("two messages" in one for one in teams.problems)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("task/fetch", {}),
        ("composeExtension/fetchTask", {}),
        ("task/submit", {"task": {"type": "message", "value": " "}}),
        ("task/submit", {"task": {"type": "message", "value": "<at>Ana</at>"}}),
        ("task/fetch", {"task": {"type": "continue", "value": {"title": "A", "card": CARD}}}),
        ("task/fetch", {"task": {"type": "continue", "value": {"card": {"contentType": cards.CARD}}}}),
    ],
)
def test_what_teams_shows_no_dialog_for_is_told(name, said):
    assert [*dialogs.problems_of(name, said)]
    shown = {"title": "A", "card": {"contentType": cards.CARD, "content": CARD}}
    assert [*dialogs.problems_of(name, {"task": {"type": "continue", "value": shown}})] == []


def test_a_stream_goes_from_1_on_grows_and_ends_once(teams):
    path = "/a:1ana/activities"
    status, begun = call(teams, "POST", path, stream("informative", 1))
    id_ = begun["id"]
    assert status == 201
    assert call(teams, "POST", path, stream("streaming", 2, id_, "So"))[0] == 202
    assert call(teams, "POST", path, stream("streaming", 2, id_, "Late")) == (
        202,
        {"code": "ContentStreamSequenceOrderPreConditionFailed"},
    )
    assert call(teams, "POST", path, stream("streaming", 3, id_, "No"))[0] == 400
    assert call(teams, "PUT", f"{path}/{id_}", {"type": "message", "text": "So"})[0] == 403
    assert call(teams, "POST", path, stream("final", None, id_, "Otherwise"))[0] == 400
    assert call(teams, "POST", path, stream("final", None, id_, "So it is."))[0] == 202
    assert call(teams, "POST", path, stream("final", None, id_, "So it is.")) == (
        403,
        "ContentStreamNotAllowed",
    )
    assert [one["text"] for one in teams.posted("ana")] == ["So it is."]
    assert teams.problems == []


@pytest.mark.parametrize("how", ["stop", "expire"])
def test_a_stream_that_was_stopped_or_is_too_old_takes_no_more(teams, how):
    path = "/a:1ana/activities"
    id_ = call(teams, "POST", path, stream("streaming", 1))[1]["id"]
    getattr(teams, how)("ana")
    assert call(teams, "POST", path, stream("streaming", 2, id_)) == (403, "ContentStreamNotAllowed")


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("general", stream("informative", 1)),
        ("ana", stream("streaming", 2)),
        ("ana", stream("final", None, "1")),
        ("ana", stream("streaming", 1, text="")),
        ("ana", {"type": "event"}),
    ],
)
def test_what_is_no_stream_or_message_is_refused(teams, place, body):
    path = f"/{teams.places[place].id};messageid=1/activities" if place == "general" else "/a:1ana/activities"
    assert call(teams, "POST", path, body)[0] == 400
    assert teams.problems


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"type": "message", "text": "x" * 80_000}, "bytes"),
        ({"type": "message"}, "empty"),
        ({"type": "message", "text": "<at>Ana</at>"}, "mark"),
        ({"type": "message", "text": "[here](https://evil.example)"}, "mark"),
        ({"type": "message", "text": "It is. [1]"}, "cited are"),
        ({"type": "message", "text": "Hi", "channelData": {"feedbackLoop": {"type": "default"}}}, "label"),
        (answer(), "cited are"),
        (answer(cited(), cited()), "twice"),
        (answer(cited(name="x" * 81)), "name"),
        (answer(cited(abstract="x" * 161)), "abstract"),
        (answer(cited(url="javascript:x")), "address"),
        (answer(*map(cited, range(1, 22)), text="".join(f"[{n}]" for n in range(1, 22))), "21 citations"),
        (answer(cited(), suggestedActions={"actions": [{}]}), "suggested"),
        (answer(cited(), attachments=[{"contentType": cards.CARD, "content": CARD}]), "two messages"),
    ],
)
def test_what_teams_would_drop_or_show_raw_is_told(body, problem):
    assert any(problem in one for one in problems_of(body))
    assert [*problems_of(answer(cited(url="https://wiki.acme.com/a")))] == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"version": "1.9"}, "version"),
        ({"body": [{"type": "Blink"}]}, "no element"),
        ({"body": [{"type": "TextBlock", "text": " "}]}, "without text"),
        ({"body": [{"type": "TextBlock", "text": "[a](https://evil.example)"}]}, "mark"),
        ({"actions": [{"type": "Action.Submit", "title": "A", "data": {}}] * 7}, "7 actions"),
        ({"actions": [{"type": "Action.OpenUrl", "title": "A", "url": "javascript:x"}]}, "OpenUrl"),
        ({"actions": [{"type": "Action.ShowCard", "title": "A", "card": {}}]}, "AdaptiveCard"),
        ({"actions": [{"type": "Action.Run", "title": "A"}]}, "no action"),
        ({"body": [{"type": "Input.Text", "label": "A"}]}, "without a name"),
    ],
)
def test_what_is_no_card_is_told(changed, problem):
    assert any(problem in one for one in cards.problems_of(CARD | changed))
    assert [*cards.problems_of(CARD)] == []
