"""The views over a conversation: forms that are read back as they were filled in, and explanations."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.views import View

from bot.explaining import Explained, Freshness
from bot.messages import Citation, Claim, Outcome
from bot.platforms._slack import modals
from tests.slack.blocks import marks_of, problem_of_view, text_of

NOW = datetime.now(UTC)
CITED = Citation(
    1, "wiki", "a.md", "Holidays", "https://wiki.acme.com/a", ("Carrying over",), None, "Up to five days.",
    NOW - timedelta(days=400), "Ana", "en",
)  # fmt: skip
EXPLAINED = Explained(
    reference="0123456789",
    language="en",
    question="How many days carry over?",
    asked_at=NOW - timedelta(hours=2, minutes=1),
    outcome=Outcome.ANSWERED,
    certainty="high",
    model=None,
    claims=(Claim("Up to five days.", (1,)),),
    citations=(CITED,),
    hidden=0,
    dropped={},
    sources=(Freshness("Handbook", "fresh", NOW - timedelta(hours=3, minutes=1)),),
)


def shown(view):
    assert problem_of_view(view) is None
    View(**view).validate_json()
    return text_of(view)


def sent(view, **filled):
    """A form as Slack sends it back."""
    ids = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    values = {name: {element["action_id"]: filled.get(name, {})} for name, element in ids.items()}
    return {**view, "state": {"values": values}}


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_was_wrong_is_read_as_it_was_chosen(language):
    form = modals.feedback_form("0123456789", language, response_url="https://hooks.slack.com/1")
    shown(form)
    options = form["blocks"][0]["element"]["options"]
    assert [one["value"] for one in options] == ["wrong", "outdated", "incomplete", "other"]
    back = sent(form, reason={"selected_option": options[1]}, comment={"value": " It is six. "})
    assert modals.read_feedback(back) == ("0123456789", "outdated", "It is six.")
    assert modals.kept_in(back)["response_url"] == "https://hooks.slack.com/1"


def test_a_comment_need_not_be_given_and_has_an_end():
    form = modals.feedback_form("0123456789", "en")
    reason = {"selected_option": form["blocks"][0]["element"]["options"][0]}
    assert modals.read_feedback(sent(form, reason=reason, comment={"value": None}))[2] == ""
    assert len(modals.read_feedback(sent(form, reason=reason, comment={"value": "x" * 2_000}))[2]) == 1_000


def test_a_reason_that_is_none_of_those_offered_is_another_one():
    form = modals.feedback_form("0123456789", "en")
    back = sent(form, reason={"selected_option": {"value": "<!channel>"}})
    assert modals.read_feedback(back)[1] == "other"


@pytest.mark.parametrize("language", ["en", "es"])
def test_whoever_asks_an_expert_sees_before_what_is_posted_and_where(language):
    form = modals.expert_form("0123456789", "Why <!channel>?\nTell me", "#ask-hr", language, channel="C1")
    said = shown(form)
    assert "#ask-hr" in said
    assert "> Why &lt;!channel&gt;?\n> Tell me" in said
    assert modals.read_expert(sent(form, note={"value": "It is urgent."})) == ("0123456789", "It is urgent.")
    assert json.loads(form["private_metadata"])["channel"] == "C1"


def test_an_explanation_tells_how_sure_on_what_words_and_how_fresh():
    assert shown(modals.explanation(EXPLAINED)).split("\n") == [
        "Why this answer",
        "*How many days carry over?*",
        "Answered, 2 hours ago",
        "Sabio is sure that what it found answers the question.",
        "Each sentence is quoted word for word.",
        "Up to five days. [1]",
        "[1] <https://wiki.acme.com/a|Holidays › Carrying over>",
        "“Up to five days.”",
        shown(modals.explanation(EXPLAINED)).split("\n")[8],
        "*How fresh the sources are*",
        "Handbook: last synced 3 hours ago",
    ]


def test_what_was_left_out_is_counted_and_not_shown():
    one = Explained(**{
        **{name: getattr(EXPLAINED, name) for name in EXPLAINED.__slots__},
        "question": None, "claims": (), "citations": (), "hidden": 2, "model": "openai:gpt",
        "dropped": {"misquoted": 1, "unsupported": 3},
    })  # fmt: skip
    said = shown(modals.explanation(one))
    assert "How many days" not in said
    assert "2 quotes are left out" in said
    assert "Worded by openai:gpt" in said
    assert "4 other sentences were considered and not shown:\n• 1: its quote does not stand" in said


@pytest.mark.parametrize("state", ["late", "failed", "never"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_source_that_is_not_fresh_says_so(state, language):
    one = Freshness("Handbook", state, None if state == "never" else NOW - timedelta(days=30))
    assert modals.fresh(one, language) != modals.fresh(Freshness("Handbook", "fresh", NOW), language)


def test_what_cannot_be_explained_is_told_in_a_view_as_well():
    assert "not yours" in shown(modals.problem("These pages are not yours to read.", "en"))


@given(st.text("ab<!@>&*[](\n", min_size=1, max_size=9_000).filter(str.strip), st.integers(1, 60))
def test_whatever_it_says_a_view_fits_and_acts_on_nobody(text, count):
    cited = tuple(
        Citation(n, "wiki", f"{n}", text, None, (text,), 1, text, None, text, "en", text)
        for n in range(1, count + 1)
    )
    one = Explained(**{
        **{name: getattr(EXPLAINED, name) for name in EXPLAINED.__slots__},
        "question": text, "citations": cited, "claims": tuple(Claim(text, (each.number,)) for each in cited),
        "sources": (Freshness(text, "fresh", NOW),),
    })  # fmt: skip
    for view in (modals.explanation(one), modals.expert_form("0123456789", text, text, "en")):
        assert problem_of_view(view) is None
        assert marks_of(view) == []
