"""Questions that nothing answered, and who is asked instead."""

import pytest

from tests.bot.platforms.slack.conftest import called, connected, is_answer, settled, shown
from tests.slack import BOT
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")

QUESTION = "What is the wifi password of the canteen?"


def asked(slack, user="UANA", channel="C1"):
    ts, _ = slack.say(user, f"<@{BOT}> {QUESTION}", channel)
    return slack.await_reply(ts, channel, until=is_answer)


def passed_on(slack, reply, user="UANA"):
    """Agree to what the form says: where the question is to go."""
    slack.click(user, reply, "expert")
    form = slack.await_modal(user, until=lambda view: view["callback_id"] == "expert")
    slack.submit(user, form, {})
    return shown(form)


def owned_by(kb, email):
    sources = [one.model_copy(update={"owner": email}) for one in kb.settings.sources]
    kb.settings = kb.settings.model_copy(update={"sources": sources})


def test_the_owner_of_the_nearest_pages_source_is_asked_directly(own_kb, slack):
    owned_by(own_kb, "luis@acme.com")
    slack.add_channel("C9", "ask-hr")
    with connected(own_kb, slack, expert_channel="C9"):
        assert "Uluis" in passed_on(slack, asked(slack))
        slack.await_private("UANA", until=lambda one: "Uluis" in shown(one))
        settled(own_kb)
    [posted] = slack.posted("DULUIS")
    assert QUESTION in shown(posted)
    assert slack.posted("C9") == []


def test_where_the_owner_is_not_in_slack_the_channel_is_asked_also_by_its_name(own_kb, socket_slack):
    slack = socket_slack
    owned_by(own_kb, "nobody@acme.com")
    slack.add_channel("C9", "ask-hr")
    with connected(own_kb, slack, expert_channel="#ask-hr"):
        assert "#ask-hr" in passed_on(slack, asked(slack, "ULUIS"), "ULUIS")
        assert QUESTION in shown(slack.await_posted("C9", until=is_whole))
        slack.await_private("ULUIS", until=lambda one: "#ask-hr" in shown(one))
        settled(own_kb)


def test_where_sabio_is_not_in_the_channel_the_asker_is_told(own_kb, socket_slack):
    slack = socket_slack
    slack.add_channel("C9", "ask-hr", with_sabio=False)
    with connected(own_kb, slack, expert_channel="C9"):
        passed_on(slack, asked(slack))
        slack.await_private("UANA", until=lambda one: "could not" in shown(one) or "cannot" in shown(one))
        settled(own_kb)
    assert slack.posted("C9") == []


def test_an_answer_that_is_lost_leads_to_no_second_question(own_kb, socket_slack, monkeypatch):
    from bot.platforms import _deliveries

    monkeypatch.setattr(_deliveries, "_RETRY", (0.1,))
    monkeypatch.setattr(_deliveries, "LOOK", 0.1)
    slack = socket_slack
    owned_by(own_kb, "luis@acme.com")
    with connected(own_kb, slack):
        reply = asked(slack)
        settled(own_kb)
        slack.lose_answer("chat.postMessage")
        passed_on(slack, reply)
        slack.await_private("UANA", until=lambda one: "Uluis" in shown(one))
        settled(own_kb)
    assert len(slack.posted("DULUIS")) == 1
    assert called(slack, "chat.postMessage") == 1


def test_nobody_is_offered_where_nobody_is_named_or_somebody_from_outside_asks(own_kb, socket_slack):
    slack = socket_slack
    with connected(own_kb, slack):
        assert "expert" not in str(asked(slack)["blocks"])
    changed = [one.model_copy(update={"external": True}) for one in own_kb.settings.sources]
    own_kb.settings = own_kb.settings.model_copy(update={"sources": changed})
    owned_by(own_kb, "luis@acme.com")
    slack.add_person("UGUEST", "guest@partner.com", is_restricted=True)
    with connected(own_kb, slack):
        assert "expert" in str(asked(slack)["blocks"])
        assert "expert" not in str(asked(slack, "UGUEST")["blocks"])
