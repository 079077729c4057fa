"""Questions that nothing answered, and the channel that is asked instead."""

from dataclasses import replace

import pytest

from bot.platforms import _deliveries
from bot.platforms._teams import answers, experts
from ingest.ledger import now
from ingest.ledger.tables import events
from tests.bot.platforms.teams.conftest import connected, eventually, fail_to_keep, rows, settled, shown
from tests.teams import TENANT, cards
from tests.teams.checks import is_whole
from tests.teams.dialogs import form_of, text_of
from tests.teams.marks import marks_of

pytestmark = pytest.mark.usefixtures("loopback")

QUESTION = "What is the wifi password of the canteen?"
EXPERTS = "19:experts@thread.tacv2"


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(_deliveries, "_RETRY", (0.1,))
    monkeypatch.setattr(_deliveries, "LOOK", 0.1)


@pytest.fixture
def teams(teams):
    teams.add_person("pia", "pia@acme.com")
    teams.add_channel("experts", ["pia"])
    return teams


def sabio(kb, teams, **changed):
    return connected(kb, teams, **{"expert_channel": EXPERTS, **changed})


def below(teams, text=QUESTION, user="ana", place="general"):
    """The card below the reply to a question that nothing answers."""
    said, _ = teams.say(user, text, place)
    return teams.await_reply(said, until=cards.cards_of)


def buttons(message):
    actions = (action for card in cards.cards_of(message) for action in cards.actions_of(card))
    return {(action.get("data") or {}).get("sabio"): action.get("data") for action in actions}


def opened(teams, card, user="ana"):
    """What the button opens."""
    return teams.press(user, card, buttons(card)["expert"]).wait()


def owned_by(kb, email):
    sources = [one.model_copy(update={"owner": email}) for one in kb.settings.sources]
    kb.settings = kb.settings.model_copy(update={"sources": sources})


@pytest.mark.parametrize("place", ["general", "lunch", None])
def test_a_question_is_posted_as_a_new_thread_in_the_askers_name_after_they_have_agreed(own_kb, teams, place):
    with sabio(own_kb, teams):
        card = below(teams, place=place)
        form = opened(teams, card)
        assert "posted to the experts' channel, in your name" in text_of(form)
        assert QUESTION in text_of(form)
        settled(own_kb)
        assert teams.posted("experts") == []
        told = teams.submit("ana", card, form, note="It was Blue before.").wait()
        assert told["task"] == {
            "type": "message",
            "value": "I am passing your question on to the experts' channel.",
        }
        posted = teams.await_posted("experts", until=lambda _: True)
        settled(own_kb)
    assert "Ana has asked this, and I found no answer." in shown(posted)
    assert f"> {QUESTION}" in shown(posted)
    assert "It was Blue before." in shown(posted)
    assert posted["conversation"]["id"] == f"{EXPERTS};messageid={posted['id']}"
    assert [row.reply for row in rows(own_kb, events) if row.content["kind"] == "expert"] == [
        posted["conversation"]["id"]
    ]


def test_it_is_said_in_the_language_of_whoever_reads_it(own_kb, teams):
    with sabio(own_kb, teams):
        card = below(teams, "¿Cuál es la contraseña del wifi de la cantina?", "luis")
        form = opened(teams, card, "luis")
        assert "Esto se publicará en el canal de quienes saben, en tu nombre:" in text_of(form)
        assert "Estoy pasando tu pregunta" in text_of(teams.submit("luis", card, form).wait())
        posted = teams.await_posted("experts", until=lambda _: True)
    assert "Luis ha preguntado esto" in shown(posted)


def test_whoever_looks_after_the_nearest_pages_is_named(own_kb, teams):
    owned_by(own_kb, "pia@acme.com")
    with sabio(own_kb, teams):
        card = below(teams)
        teams.submit("ana", card, opened(teams, card)).wait()
        posted = teams.await_posted("experts", until=lambda _: True)
    assert "looked after by pia@acme.com" in shown(posted)


def test_where_there_are_no_nearest_pages_a_question_can_be_passed_on_too(own_kb, teams, monkeypatch):
    handle = answers.handle
    monkeypatch.setattr(answers, "handle", lambda *given: replace(handle(*given), suggestions=()))
    with sabio(own_kb, teams):
        card = below(teams)
        assert "nearest" not in shown(card)
        teams.submit("ana", card, opened(teams, card)).wait()
        teams.await_posted("experts", until=lambda one: QUESTION in shown(one))


def test_nobody_but_the_asker_has_it_passed_on(own_kb, teams):
    with sabio(own_kb, teams):
        card = below(teams)
        assert "Solo la persona que preguntó" in text_of(opened(teams, card, "luis"))
        form = opened(teams, card)
        assert "Solo la persona que preguntó" in text_of(teams.submit("luis", card, form).wait())
        settled(own_kb)
    assert teams.posted("experts") == []


def test_nobody_is_offered_without_a_channel_or_to_somebody_from_outside(own_kb, teams):
    changed = [one.model_copy(update={"external": True}) for one in own_kb.settings.sources]
    own_kb.settings = own_kb.settings.model_copy(update={"sources": changed})
    teams.add_person("eve", "eve@partner.com", role="guest")
    with connected(own_kb, teams):
        assert "expert" not in buttons(below(teams))
    with sabio(own_kb, teams):
        assert "expert" in buttons(below(teams))
        assert "expert" not in buttons(below(teams, user="eve", place=None))


def test_what_is_answered_needs_no_expert(own_kb, teams):
    with sabio(own_kb, teams):
        said, _ = teams.say("ana", "How many days of holiday does everybody have?", "general")
        teams.await_reply(said, until=is_whole)
        settled(own_kb)
        assert not [one for one in teams.replies(said) if cards.cards_of(one)]


def test_markup_in_a_question_and_its_note_does_not_act(own_kb, teams):
    evil = "<at>Luis</at> [wifi](https://evil.example) # **password** of the canteen?"
    with sabio(own_kb, teams):
        said = teams.write("ana", "", "general")
        teams.deliver(
            said | {"text": f"<at>Sabio</at> {evil.replace('<', '&lt;').replace('>', '&gt;')}"}
        ).wait()
        card = teams.await_reply(said, until=cards.cards_of)
        form = opened(teams, card)
        teams.submit("ana", card, form, note="<at>Pia</at>\n# big\n> ![x](https://evil.example/x.png)").wait()
        posted = teams.await_posted("experts", until=lambda _: True)
        settled(own_kb)
    assert [*marks_of(posted["text"])] == []
    assert "https://" not in posted["text"]
    assert "entities" not in posted
    assert "<at>Pia</at>" in shown(posted)
    assert not [line for line in posted["text"].split("\n") if line.startswith("#")]


def test_a_form_that_is_sent_or_delivered_again_is_posted_once(own_kb, teams):
    with sabio(own_kb, teams):
        card = below(teams)
        form = opened(teams, card)
        sent = teams.submit("ana", card, form)
        sent.wait()
        for again in (teams.deliver(sent.activity), teams.submit("ana", card, form)):
            assert "passing your question on" in text_of(again.wait())
        settled(own_kb)
        teams.deliver(sent.activity).wait()
        settled(own_kb)
    assert len(teams.posted("experts")) == 1


def test_what_a_killed_process_had_posted_and_noted_is_not_posted_again(own_kb, teams):
    with sabio(own_kb, teams):
        card = below(teams)
        teams.submit("ana", card, opened(teams, card)).wait()
        teams.await_posted("experts", until=lambda _: True)
        settled(own_kb)
    with own_kb.ledger.write() as ledger:  # as it is left by a process that is no more
        left = {"owner": "elsewhere/1/1/killed", "lease_until": now(), "done_at": None}
        ledger.execute(events.update().where(events.c.id.contains("/expert/")).values(**left))
    with sabio(own_kb, teams):
        settled(own_kb)
    assert len(teams.posted("experts")) == 1


def test_where_the_answer_of_teams_is_lost_it_is_posted_again_rather_than_never(own_kb, teams):
    with sabio(own_kb, teams):
        card = below(teams)
        form = opened(teams, card)
        teams.lose_answer("create")
        teams.submit("ana", card, form).wait()
        settled(own_kb)
    assert len(teams.posted("experts")) == 2


@pytest.mark.parametrize("status", [429, 502])
def test_a_teams_that_throttles_or_fails_is_waited_for(own_kb, teams, status):
    with sabio(own_kb, teams):
        card = below(teams)
        form = opened(teams, card)
        teams.answer_next("create", status, times=2)
        teams.submit("ana", card, form).wait()
        teams.await_posted("experts", until=lambda _: True)
        settled(own_kb)
    assert teams.called("create") == 3
    assert len(teams.posted("experts")) == 1


@pytest.mark.parametrize("place", ["general", "lunch", None])
@pytest.mark.parametrize(
    ("status", "code"), [(403, "BotNotInConversationRoster"), (404, "NotFound"), (400, "BadSyntax")]
)
def test_a_channel_that_cannot_be_written_to_is_told_where_it_was_asked(own_kb, teams, place, status, code):
    with sabio(own_kb, teams):
        card = below(teams, place=place)
        form = opened(teams, card)
        teams.answer_next("create", status, code)
        teams.submit("ana", card, form).wait()
        told = teams.await_posted(place or "ana", until=lambda one: "cannot write to" in shown(one))
        settled(own_kb)
    assert told["conversation"]["id"] == card["conversation"]["id"]
    assert teams.called("create") == 1
    assert teams.posted("experts") == []


def test_a_channel_that_was_taken_out_of_the_settings_meanwhile_is_asked_nothing(own_kb, teams):
    with sabio(own_kb, teams):
        card = below(teams)
        form = opened(teams, card)
    with connected(own_kb, teams):
        assert "nobody to ask" in text_of(teams.submit("ana", card, form).wait())
        settled(own_kb)
    assert teams.posted("experts") == []


def test_a_form_is_not_acknowledged_before_it_is_kept(own_kb, teams, monkeypatch):
    failing = fail_to_keep(monkeypatch)
    with sabio(own_kb, teams):
        card = below(teams)
        form = opened(teams, card)
        failing.append(True)
        said = text_of(teams.submit("ana", card, form).wait())
        assert "try again" in said
        assert "ledger" not in said
        settled(own_kb)
        assert teams.posted("experts") == []
        teams.submit("ana", card, form).wait()
        teams.await_posted("experts", until=lambda _: True)


def test_after_our_mistakes_the_asker_is_told(own_kb, teams, monkeypatch):
    monkeypatch.setattr(experts, "quotation", lambda _: 1 / 0)
    with sabio(own_kb, teams):
        card = below(teams)
        teams.submit("ana", card, opened(teams, card)).wait()
        teams.await_posted("general", until=lambda one: "mistake" in shown(one) or "cannot" in shown(one))
        eventually(lambda: all(row.done_at for row in rows(own_kb, events)))
    assert teams.posted("experts") == []


def test_what_a_form_says_of_itself_is_what_is_kept_of_it_and_no_more(own_kb, teams):
    with sabio(own_kb, teams):
        card = below(teams)
        form = opened(teams, card)
        reference = form_of(form)["reference"]
        forged = {"sabio": "expert", "reference": reference, "form": "x" * 5000, "note": "n" * 5000}
        teams.invoke("ana", card, "task/submit", {"data": forged}).wait()
        assert teams.invoke("ana", card, "task/submit", {"data": {"sabio": "else"}}).wait() == {}
        settled(own_kb)
    [kept] = [row for row in rows(own_kb, events) if row.content["kind"] == "expert"]
    assert kept.id == f"teams:{TENANT}/expert/{reference}/{'x' * 100}"
    assert len(kept.content["note"]) == 1000
