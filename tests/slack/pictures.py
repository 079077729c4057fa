"""The pictures of the documentation: `python -m tests.slack.pictures` takes them anew, into `docs/images`.

The same people, pages and times every time; the real `sabio serve`, in the page that the tests' Slack shows.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.browser import browser
from tests.sample.olivar import sync_company
from tests.slack.fake import FakeSlack
from tests.slack.office import ANA, CAMILA, LUIS, NIAMH, at_work, configure, office
from tests.slack.window import Window

FOLDER = Path(__file__).parents[2] / "docs" / "images"
TRIP = "Who approves a trip abroad?"
CHAIR = "How much does Olivar pay for a chair at home?"
DAYS = "¿Cuántos días puedo pasar al año siguiente?"


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, office() as slack, browser() as open_page:
        config = sync_company(Path(folder))
        configure(config, slack)
        with at_work(config):

            def window(user: str) -> Window:
                return Window(slack, user, open_page)

            _talk(slack)
            _ask(slack, window)
            _ask_in_spanish(slack, window)
            _ask_privately(slack, window)
            _look_after_it(slack, window, config.parent / "company")
    assert slack.problems == []


def _talk(slack: FakeSlack) -> None:
    """What colleagues say to each other."""
    for minutes, who, text, channel in (
        (2, CAMILA, "Buenos días. Recordad que el viernes vence el plazo del seguro médico.", "C2"),
        (4, NIAMH, "Morning! The bakery downstairs is back: orders for Friday to me, please.", "C1"),
        (1, CAMILA, "Two croissants for me. And welcome back, Ana!", "C1"),
        (3, ANA, "Thanks! Good to be here. One with almonds, if they have it.", "C1"),
        (2, ANA, "¡Gracias! Lo mando hoy.", "C2"),
        (3, LUIS, "The meeting room on the second floor has its screen again.", "C1"),
        (4, LUIS, "¿Alguien se acuerda de cómo iba lo de los días que sobran? Me quedan seis.", "C2"),
        (5, NIAMH, "Ana, the trade fair in Lisbon: shall we go together?", "C1"),
        (2, ANA, "Gladly. I do not know yet who has to say yes.", "C1"),
    ):
        slack.write(who, text, channel)
        slack.pass_time(minutes)


def _ask(slack: FakeSlack, window: Callable[[str], Window]) -> None:
    ana = window(ANA)
    ana.say(f"@Sabio {TRIP}")
    ana.open_thread(TRIP)
    ana.thread.get_by_text("1 source").click()
    ana.press("This answer helped me", ana.thread)
    ana.sees("Thank you")
    slack.unseen[ANA].clear()
    ana.sees_nothing_of("Thank you")
    _keep(ana, "slack-answer")
    slack.pass_time(12)


def _ask_in_spanish(slack: FakeSlack, window: Callable[[str], Window]) -> None:
    camila = window(CAMILA)
    camila.go("people")
    camila.say(f"@Sabio {DAYS}")
    camila.open_thread(DAYS)
    camila.thread.get_by_text("1 fuente").click()
    _keep(camila, "slack-es")
    slack.pass_time(9)


def _ask_privately(slack: FakeSlack, window: Callable[[str], Window]) -> None:
    ana = window(ANA)
    ana.say(f"/sabio ask {CHAIR}")
    ana.sees("Share to channel")
    _keep(ana, "slack-private")
    slack.pass_time(21)


def _look_after_it(slack: FakeSlack, window: Callable[[str], Window], company: Path) -> None:
    luis, beside = window(LUIS), window(LUIS)
    for question in (
        "What happens when the connection is lost?",
        "How many stock options does a new employee receive?",
    ):
        luis.say(f"/sabio ask {question}")
        expect(luis.channel.get_by_role("button", name="Why this answer")).to_have_count(1)
        slack.unseen[LUIS].clear()
        expect(luis.channel.get_by_role("button", name="Why this answer")).to_have_count(0)
    page = company / "wiki" / "people" / "remote-work.md"
    page.write_text(page.read_text(encoding="utf-8").replace("up to 350 €", "up to 400 €"), encoding="utf-8")
    luis.go("Sabio", "Home")
    beside.go("Sabio", "Messages")
    luis.channel.get_by_role("button", name="Re-sync").first.click()
    beside.sees(re.compile("Wiki is synced. Changed: 1"))
    slack.pass_time(3)
    plan = company / "drive" / "oficinas" / "plan-de-emergencia-valencia.pdf"
    for year in range(2016, 2026):
        shutil.copyfile(plan, plan.with_stem(f"{plan.stem}-{year}"))
    luis.channel.get_by_role("button", name="Re-sync").last.click()
    beside.sees(re.compile(r"[1-9]\d* of \d+ documents .* left"))
    _keep(beside, "slack-sync", height=760)
    beside.sees(re.compile(r"Drive is synced\. New: 10"))
    shutil.rmtree(company / "drive")
    (company / "drive").mkdir()
    luis.channel.get_by_role("button", name="Re-sync").last.click()
    beside.sees("Drive is synced; something waits for your word.")
    slack.open_home(LUIS)
    luis.sees("Waiting for your word")
    _keep(luis, "slack-home", height=680)


def _keep(window: Window, name: str, height: int = 800) -> None:
    """Take a picture, in few colours: a third of the bytes, and nobody sees the difference."""
    file = FOLDER / f"{name}.png"
    window.photograph(file, height)
    with Image.open(file) as taken:
        taken.convert("RGB").quantize(160, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
