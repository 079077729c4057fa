"""Ana, Luis and Sabio in Teams, as they see it: Microsoft's own client, and the real `sabio serve`."""

import re
import shutil

import pytest
from playwright.sync_api import expect

from bot import feedback
from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from tests.journeys.teams_office import (
    Said,
    Window,
    at_work,
    cards,
    configure,
    entity,
    eventually,
    heard,
    in_teams,
)
from tests.journeys.test_slack import model
from tests.models.server import KEY, MODEL
from tests.sample.olivar import copy_of, olivar_config
from tests.services.fixtures import here
from tests.services.playground import Playground

__all__ = ["model", "olivar_config"]

HOME_OFFICE = "How many days a week can I work from home?"
THREE_DAYS = "You can work from home up to three days a week."
REMOTE_WORK = "Remote work › How many days"
OPTIONS = "How many stock options does a new employee receive?"
IN_MONEY = "¿Se pagan las vacaciones en dinero?"
NO_MONEY = "Las vacaciones no se pagan en dinero, salvo al terminar el contrato."
BAND = "What does salary band three start at?"
AMOUNT = "Band three starts at 41,000 euros a year."
FOUR_DAYS = "We agreed on four days."
ALONE, GROUP, CHANNEL = "ana-and-sabio", "moving-to-valencia", "people-channel"


@pytest.fixture
def company(olivar_config, tmp_path_factory):
    """The sample company, synced, to be changed at will: its configuration file."""
    return in_teams(copy_of(olivar_config, tmp_path_factory))


@pytest.fixture
def luis_playground(playground, tmp_path):
    """Where Luis uses Teams, with the same Sabio."""
    other = here(lambda: Playground.start(tmp_path / "playground", me="luis", bot=playground.bot))
    yield other
    other.drop()


@pytest.fixture
def ana(playground, open_page):
    return lambda: Window(playground, open_page)


def test_ana_asks_alone(company, playground, ana, model, monkeypatch):
    monkeypatch.setenv("SABIO_LLM_API_KEY", KEY)
    configure(company, llm=f"openai-like:{MODEL}", llm_url=model.url)
    said = Said(playground, ALONE)
    with at_work(company, playground.bot):
        # Sabio says hello where it was installed, and what can be done.
        ana = ana()
        ana.sees("Hello! Ask me anything about what our documents say; I show the words that I rest on.")

        # She sees at once that she was heard, then a checked sentence, then the whole, in one message.
        model.hold(2)
        ana.say(HOME_OFFICE)
        ana.sees("I am looking for it …")
        ana.sees(THREE_DAYS)
        model.go_on()
        ana.sees("AI generated")
        looking, whole = said.last("looking for it"), said.last(THREE_DAYS)
        stream = looking["answer"]["id"]
        assert looking["type"] == "typing"
        assert entity(looking, "streaminfo") == {
            "type": "streaminfo",
            "streamType": "informative",
            "streamSequence": 1,
        }
        [part] = [one for one in said.all() if one["type"] == "typing" and THREE_DAYS in one["text"]][-1:]
        assert entity(part, "streaminfo")["streamType"] == "streaming"
        assert {entity(one, "streaminfo")["streamId"] for one in (part, whole)} == {stream}
        assert (whole["type"], entity(whole, "streaminfo")["streamType"]) == ("message", "final")
        assert entity(whole, "https://schema.org/Message")["additionalType"] == ["AIGeneratedContent"]
        assert whole["channelData"]["feedbackLoop"] == {"type": "default"}

        # The mark behind the sentence opens its place and its words, which lead there.
        page = ana.opens(1, THREE_DAYS, REMOTE_WORK)
        expect(page).to_have_attribute(
            "href", "https://wiki.olivar.example/people/remote-work.md#how-many-days"
        )

        # She does not like the answer, and says why. That is kept.
        ana.page.mouse.move(0, 0)
        ana.page.get_by_label("Dislike").last.click()
        ana.dialog.get_by_role("textbox").fill(FOUR_DAYS)
        ana.press("Submit", ana.dialog)
        ana.sees("We appreciate your feedback.")
        ana.press("Close")
        [complaint] = eventually(lambda: complaints_of(company))
        assert complaint == (HOME_OFFICE, "ana@olivar.example", FOUR_DAYS)

        # She asks on, then in Spanish, and is answered so.
        ana.say("And in Dublin?")
        ana.sees("In Dublin people can work from home two days a week.")
        ana.say(IN_MONEY)
        ana.sees(NO_MONEY)

        # What is hers alone to read she reads here.
        ana.say(BAND)
        ana.sees(AMOUNT)

        # Nothing answers her next question. The nearest pages are shown as what they are, and open.
        ana.say(OPTIONS)
        ana.sees("I found no answer to that in what I can read here.")
        ana.sees("The nearest pages:")
        [card] = cards(said.last("The nearest pages:"))
        opened = [block["selectAction"]["url"] for block in card["body"] if "selectAction" in block]
        assert opened
        assert all(url.startswith("https://") for url in opened)

        # To bring the pages up to date is not her business, and she is told whose it is.
        ana.say("sync wiki")
        ana.sees("Sorry, only those who run Sabio here may do that.")


def complaints_of(config):
    """What people found wrong with answers, as the ledger has it."""
    with KnowledgeBase(load_settings(config, environ={})) as kb:
        return [(one.question, one.who, one.comment) for one in feedback.queue(kb)]


def test_ana_asks_among_others(company, playground, ana):
    with at_work(company, playground.bot):
        ana = ana()

        # In a group chat Sabio hears what mentions it, and nothing else.
        ana.go("Moving to Valencia")
        said = Said(playground, GROUP)
        ana.sees("Hello!")
        ana.say("Who brings the plants?")
        ana.say(HOME_OFFICE, mention=True)
        ana.sees(THREE_DAYS)
        ana.sees("AI generated")
        assert [one["text"] for one in heard(playground, GROUP)] == [f"<at>Sabio</at> {HOME_OFFICE}"]

        # The line that says that it looks has become the answer, without a word of it beside.
        [looking] = [one for one in said.all() if one.get("text") == "I am looking for it …"]
        whole = said.last("“Remote work”")
        assert (looking["method"], whole["method"]) == ("POST", "PUT")
        assert whole["url"].endswith(f"/{looking['answer']['id']}")
        ana.sees_nothing_of("I am looking for it …")
        ana.opens(1, THREE_DAYS, REMOTE_WORK)

        # What not everybody there may read is not said there, not even a word of it.
        ana.say(BAND, mention=True)
        ana.sees("There is an answer, but not everyone here may read it. Ask me privately.")
        ana.sees_nothing_of("41,000")
        assert "41,000" not in str(said.all())

        # In a channel the answer stands in the thread of the question, and so do those that follow.
        ana.go("People")
        thread = ana.post(HOME_OFFICE)
        ana.sees(THREE_DAYS, thread)
        ana.opens(1, THREE_DAYS, REMOTE_WORK, thread)
        root = heard(playground, CHANNEL)[-1]["conversation"]["id"]
        assert re.fullmatch(rf"{CHANNEL};messageid=\d+", root)
        answer = Said(playground, root).last("“Remote work”")
        assert answer["method"] == "PUT"
        ana.reply(thread, "And from another country?")
        ana.sees(re.compile("You may work from a country where you are not employed"), thread)
        assert heard(playground, CHANNEL)[-1]["conversation"]["id"] == root


def test_luis_keeps_it_current(company, playground, luis_playground, ana, open_page):
    said = Said(luis_playground, "luis-and-sabio")
    with at_work(company, playground.bot):
        ana, luis = ana(), Window(luis_playground, open_page)
        ana.say(HOME_OFFICE)
        ana.sees(THREE_DAYS)

        # A page says something else now. Luis has the wiki read again; one message says how far that is.
        page = company.parent / "company" / "wiki" / "people" / "remote-work.md"
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("up to three days a week", "up to four days a week"), encoding="utf-8")
        luis.say("sync wiki")
        luis.sees(re.compile(r"Wiki is synced\. Changed: \d+"))
        said.last("Wiki is synced. Changed:")
        progress = [one for one in said.all() if cards(one)]
        assert [one["method"] for one in progress][:2] == ["POST", "PUT"]
        assert {one["url"].rpartition("/")[2] for one in progress[1:]} == {progress[0]["answer"]["id"]}
        assert "Wiki is synced." not in str(progress[0])
        ana.say("May I work from home four days a week?")
        ana.sees("You can work from home up to four days a week.")

        # The drive is empty one morning. Nothing is removed before he says so, and he does not.
        drive = company.parent / "company" / "drive"
        shutil.rmtree(drive)
        drive.mkdir()
        luis.say("sync drive")
        luis.sees("Drive is synced; something waits for your word.")
        expect(luis.page.get_by_role("button", name="Remove them").last).to_be_visible()
        luis.press("Keep them")
        luis.sees("If the next sync does not find them either, I ask again.")
        pressed = heard(luis_playground, "luis-and-sabio")[-1]
        assert pressed["value"] == {"sabio": "command", "text": "sync discard drive"}
        ana.say("How many probes may I take in hand luggage?")
        ana.sees(re.compile("p. 2|probes"))
