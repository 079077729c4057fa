"""Two people and Sabio in Slack, as they see it: a browser over the fake, and the real `sabio serve`."""

import re
import shutil
import threading

import pytest
from playwright.sync_api import expect

from tests.models.protocol import tokens_of
from tests.models.scripted import Extractive
from tests.models.server import KEY, MODEL, ModelServer
from tests.sample.olivar import copy_of, olivar_config
from tests.slack.office import ANA, CAMILA, LUIS, NIAMH, at_work, configure, office
from tests.slack.window import Window

__all__ = ["olivar_config"]

HOME_OFFICE = "How many days a week can I work from home?"
THREE_DAYS = "You can work from home up to three days a week."
OPTIONS = "How many stock options does a new employee receive?"
IN_MONEY = "¿Se pagan las vacaciones en dinero?"
NO_MONEY = "Las vacaciones no se pagan en dinero, salvo al terminar el contrato."


class Slow:
    """A language model that writes well, and may be held up at a line."""

    def __init__(self):
        self._well, self._free, self._line = Extractive(), threading.Event(), 0

    def hold(self, line):
        self._line = line
        self._free.clear()

    def go_on(self):
        self._free.set()

    def __call__(self, messages):
        for number, line in enumerate(self._well(messages).splitlines(keepends=True)):
            if number == self._line:
                self._free.wait()
            yield from tokens_of(line)


@pytest.fixture
def model():
    slow = Slow()
    slow.go_on()
    with ModelServer(slow) as server:
        slow.url = server.url
        yield slow
        slow.go_on()


@pytest.fixture
def company(olivar_config, tmp_path_factory):
    """The sample company, synced, to be changed at will: its configuration file."""
    return copy_of(olivar_config, tmp_path_factory)


@pytest.fixture
def slack(loopback):
    with office() as slack:
        yield slack
    assert slack.problems == []


@pytest.fixture
def window(slack, open_page):
    return lambda user: Window(slack, user, open_page)


def test_ana_asks(company, slack, window, model, monkeypatch):
    monkeypatch.setenv("SABIO_LLM_API_KEY", KEY)
    configure(company, slack, llm=f"openai-like:{MODEL}", llm_url=model.url)
    with at_work(company):
        ana, niamh = window(ANA), window(NIAMH)

        # She mentions Sabio in a channel, sees at once that she was heard, and then the answer.
        model.hold(0)
        ana.say(f"@Sabio {HOME_OFFICE}")
        ana.open_thread(HOME_OFFICE)
        ana.sees("I am looking for it …", ana.thread)
        ana.sees("Sabio is working…", ana.thread)
        model.go_on()
        ana.sees(f"{THREE_DAYS} [1]", ana.thread)

        # She opens the sources: where it stands, how old it is, and the words.
        expect(ana.thread.get_by_text("Camila Restrepo")).to_be_hidden()
        ana.thread.get_by_text("1 source").click()
        page = ana.thread.get_by_role("link", name="Remote work › How many days")
        expect(page).to_have_attribute(
            "href", "https://wiki.olivar.example/people/remote-work.md#how-many-days"
        )
        ana.sees(f"“{THREE_DAYS}”", ana.thread)
        ana.sees(re.compile(r"updated 10 February 2026 .* Camila Restrepo"), ana.thread)

        # She asks why, and does not like the answer.
        ana.press("Why this answer", ana.thread)
        ana.sees("How fresh the sources are", ana.dialog)
        ana.sees(THREE_DAYS, ana.dialog)
        ana.press("Close", ana.dialog)
        ana.press("This answer is wrong or did not help me", ana.thread)
        ana.dialog.get_by_label("It is out of date").check()
        ana.dialog.get_by_role("textbox").fill("We agreed on four days.")
        ana.press("Send", ana.dialog)
        ana.sees("Thank you, I have noted it.", ana.channel)

        # In the thread she asks on without mentioning anybody.
        ana.reply("And in the first six weeks?")
        ana.sees("People in their first six weeks come to the office four days a week", ana.thread)

        # Privately, in Spanish; nobody else sees it before she shares it.
        ana.say(f"/sabio ask {IN_MONEY}")
        ana.sees(f"{NO_MONEY} [1]", ana.channel)
        ana.sees("Only visible to you", ana.channel)
        niamh.sees(HOME_OFFICE)
        for private in (NO_MONEY, "Thank you, I have noted it."):
            niamh.sees_nothing_of(private)
        ana.press("Compartir en el canal")
        niamh.sees(f"Ana Soler preguntó: «{IN_MONEY}»")
        niamh.sees(f"{NO_MONEY} [1]")

        # What several people have asked is suggested where she writes to Sabio directly.
        niamh.say(f"/sabio ask {HOME_OFFICE}")
        niamh.sees(f"{THREE_DAYS} [1]", niamh.channel)
        ana.go("Sabio")
        ana.press(HOME_OFFICE, ana.channel)
        ana.open_thread(HOME_OFFICE)
        ana.sees(f"{THREE_DAYS} [1]", ana.thread)

        # Nothing answers her next question. She has it passed on, and is asked first.
        ana.go("general")
        ana.say(f"@Sabio {OPTIONS}")
        ana.open_thread(OPTIONS)
        ana.sees("I found no answer to that in what I can read here.", ana.thread)
        ana.press("Ask an expert", ana.thread)
        ana.sees("This will be posted to Camila Restrepo, in your name:", ana.dialog)
        camila = window(CAMILA)
        camila.go("Sabio")
        camila.sees_nothing_of("Ana Soler has asked this")
        ana.dialog.get_by_role("textbox").fill("It is for an offer letter.")
        ana.press("Post it", ana.dialog)
        ana.sees("I have passed your question on to Camila Restrepo.", ana.channel)
        camila.sees("Ana Soler has asked this, and I found no answer. Can you help?")
        camila.sees(OPTIONS, camila.channel)
        camila.sees("It is for an offer letter.", camila.channel)

        # An answer takes too long: she has read enough of it, and stops it.
        model.hold(2)
        ana.say("@Sabio How many days a week may we work from home?")
        ana.open_thread("may we work from home")
        ana.sees(THREE_DAYS, ana.thread)
        ana.press("Stop", ana.thread)
        ana.sees("Stopped, as you wished.", ana.thread)
        expect(ana.thread.get_by_text("Sabio is working…")).to_have_count(0)
        model.go_on()


def test_luis_keeps_it_current(company, slack, window):
    configure(company, slack)
    with at_work(company):
        ana, luis = window(ANA), window(LUIS)
        ana.say(f"@Sabio {HOME_OFFICE}")
        ana.open_thread(HOME_OFFICE)
        ana.sees(f"{THREE_DAYS} [1]", ana.thread)
        ana.press("This answer is wrong or did not help me", ana.thread)
        ana.dialog.get_by_label("It is out of date").check()
        ana.dialog.get_by_role("textbox").fill("We agreed on four days.")
        ana.press("Send", ana.dialog)
        ana.sees("Thank you, I have noted it.", ana.channel)

        # Home shows what Sabio knows and how it is, and has a button that brings a source up to date: how far
        # that has come, and that it is over, he is told in a conversation of his own.
        beside = window(LUIS)
        beside.go("Sabio", "Messages")
        luis.go("Sabio", "Home")
        luis.sees(re.compile("Wiki: last synced .* 20 documents"), luis.channel)
        luis.sees(re.compile("Drive: last synced .* 8 documents"), luis.channel)
        luis.sees("At work: serve", luis.channel)
        luis.sees("1 note of feedback is open", luis.channel)
        luis.channel.get_by_role("button", name="Re-sync").first.click()
        beside.sees("Syncing Wiki …", beside.channel)
        beside.sees(re.compile(r"Wiki is synced\. Changed: 20 · .* s"), beside.channel)
        beside.page.close()

        # A page says something else now. Luis has the wiki read again, and so does the answer.
        page = company.parent / "company" / "wiki" / "people" / "remote-work.md"
        text = page.read_text(encoding="utf-8")
        assert THREE_DAYS in text
        page.write_text(text.replace("up to three days a week", "up to four days a week"), encoding="utf-8")
        luis.go("general")
        luis.say("@Sabio sync wiki")
        luis.open_thread("sync wiki")
        luis.sees(re.compile("Changed: 1 · unchanged: 19"), luis.thread)
        ana.say("@Sabio May I work from home four days a week?")
        ana.open_thread("four days a week")
        ana.sees("You can work from home up to four days a week. [1]", ana.thread)

        # The drive is empty one morning. Nothing is removed before he says so, and he does not.
        drive = company.parent / "company" / "drive"
        shutil.rmtree(drive)
        drive.mkdir()
        luis.say("@Sabio sync drive")
        luis.open_thread("sync drive")
        luis.sees("Drive is synced; something waits for your word.", luis.thread)
        luis.go("Sabio", "Home")
        luis.sees(re.compile("Drive: 8 documents are not listed any more"), luis.channel)
        luis.go("general")
        luis.open_thread("sync drive")
        expect(luis.thread.get_by_role("button", name="Remove them")).to_be_visible()
        luis.press("Keep them", luis.thread)
        luis.sees("If the next sync does not find them either, I ask again.", luis.channel)
        ana.say("@Sabio How many probes may I take in hand luggage?")
        ana.open_thread("hand luggage")
        ana.sees(re.compile("probes"), ana.thread)
        ana.thread.get_by_text("source").last.click()
        ana.sees(re.compile("p. 2"), ana.thread)

        # He reads what Ana found wrong. What is not her business, Ana is told so.
        luis.say("/sabio feedback")
        luis.sees(re.compile("We agreed on four days."), luis.channel)
        ana.sees_nothing_of("We agreed on four days.")
        ana.say("@Sabio status")
        ana.open_thread("status")
        ana.sees("Sorry, only those who run Sabio here may do that.", ana.thread)
