"""Whoever has their Slack in Spanish reads Spanish, on buttons and forms too, and never Sabio's English."""

import re

import pytest

from bot import wording
from tests.bot.platforms.slack.conftest import connected, is_answer, shown
from tests.slack import BOT
from tests.slack.blocks import is_whole
from workers.local import sync_sources

pytestmark = pytest.mark.usefixtures("loopback")

DOGS = "¿Qué días pueden venir los perros a la oficina?"
WIFI = "¿Cuál es la contraseña de la wifi del comedor?"


@pytest.fixture
def own_kb(own_kb, own_company):
    """With a page in Spanish."""
    page = "# Perros en la oficina\n\nLos perros pueden venir a la oficina los miércoles y los viernes.\n"
    (own_company.parent / "docs" / "perros.md").write_text(page)
    sync_sources(own_kb, ["handbook"])
    return own_kb


def english():
    """Sabio's sentences of three words or more that Spanish says otherwise, as patterns."""
    spanish = {one.id: one.string for one in wording.read(wording.LOCALES / "es.po") if one.id}
    for one in wording.read(wording.LOCALES / "en.po"):
        said = one.string if isinstance(one.string, str) else one.string[-1]
        words = re.sub(r"\{\w+\}", "\0", said).split("\0")
        longest = max(words, key=len).strip(" .,:;…“”")
        if one.id and len(longest.split()) > 1 and longest not in str(spanish.get(one.id)):
            yield longest


def is_spanish(seen):
    """The message or view; an error where English of Sabio's own is in it."""
    text = shown(seen) + str(seen.get("text", ""))
    found = [said for said in english() if said in text]
    assert not found, f"{found} in {text}"
    return seen


def test_answers_and_all_that_is_done_about_them_speak_spanish(own_kb, socket_slack):
    slack = socket_slack
    slack.add_channel("C9", "ask-hr")
    with connected(own_kb, slack, expert_channel="C9"):
        ts, _ = slack.say("ULUIS", f"<@{BOT}> {DOGS}")
        answer = is_spanish(slack.await_reply(ts, until=is_answer))
        assert "los miércoles y los viernes. [1]" in shown(answer)
        slack.click("ULUIS", answer, "vote", value="negative")
        form = is_spanish(slack.await_modal("ULUIS", until=lambda one: one["callback_id"] == "feedback"))
        slack.submit("ULUIS", form, {"reason": "wrong"})
        is_spanish(slack.await_private("ULUIS", until=is_whole))
        slack.click("ULUIS", answer, "why")
        is_spanish(slack.await_modal("ULUIS", until=lambda one: one["callback_id"] != "feedback"))
        ts, _ = slack.say("ULUIS", f"<@{BOT}> {WIFI}")
        nothing = is_spanish(slack.await_reply(ts, until=is_answer))
        slack.click("ULUIS", nothing, "expert")
        form = is_spanish(slack.await_modal("ULUIS", until=lambda one: one["callback_id"] == "expert"))
        slack.submit("ULUIS", form, {})
        is_spanish(slack.await_posted("C9", until=is_whole))
        slack.await_private("ULUIS", until=lambda one: "#ask-hr" in shown(one))
    for private in slack.private("ULUIS"):
        is_spanish(private)


def test_commands_home_and_what_was_asked_in_private_speak_spanish(own_kb, socket_slack):
    slack = socket_slack
    admins = frozenset({"user:luis@acme.com"})
    own_kb.settings = own_kb.settings.model_copy(update={"admins": admins})
    with connected(own_kb, slack):
        for count, text in enumerate(("ayuda", "fuentes", "estado", "cuarentena", "opiniones", "fuente"), 1):
            slack.command("ULUIS", text)
            slack.await_private("ULUIS", until=lambda _, n=count: len(slack.private("ULUIS")) == n)
        slack.command("ULUIS", f"pregunta {DOGS}")
        private = slack.await_private("ULUIS", until=lambda one: "Compartir en el canal" in shown(one))
        slack.click("ULUIS", private, "share")
        is_spanish(slack.await_posted(until=is_whole))
        slack.open_home("ULUIS")
        is_spanish(slack.await_home("ULUIS", until=lambda view: True))
    for one in slack.private("ULUIS"):
        is_spanish(one)
