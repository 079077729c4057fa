"""Pictures of Teams for the documentation: `python -m tests.journeys.pictures_teams` takes them anew.

The same people, pages and questions every time; the real `sabio serve`, in Microsoft's Agents Playground.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser import browser
from tests.journeys.teams_office import Window, at_work, in_teams
from tests.sample.olivar import sync_company
from tests.services.playground import Playground

FOLDER = Path(__file__).parents[2] / "docs" / "images"
SIZE = {"width": 1280, "height": 800}
HOME = "How many days a week can I work from home?"
DAYS = "¿Cuántos días de vacaciones se pueden pasar al año siguiente?"


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, browser() as open_page:
        folder = Path(temporary)
        config = in_teams(sync_company(folder / "olivar"))
        ana = Playground.start(folder / "ana", me="ana")
        luis = Playground.start(folder / "luis", me="luis", bot=ana.bot)
        with at_work(config, ana.bot):
            window = Window(ana, open_page, **SIZE)
            _ask_alone(window)
            _ask_in_channel(window)
            _look_after_it(Window(luis, open_page, **SIZE), config.parent / "company")
        for playground in (ana, luis):
            playground.drop()


def _ask_alone(ana: Window) -> None:
    ana.sees("Hello!")
    ana.say(HOME)
    ana.sees("In Dublin people can work from home two days a week.")
    ana.say(DAYS)
    ana.sees(re.compile("31 de marzo"))
    ana.opens(1, "Se pueden pasar hasta cinco días", "Vacaciones y permisos ›")
    _keep(ana, "teams-personal")


def _ask_in_channel(ana: Window) -> None:
    ana.page.set_viewport_size({"width": 1280, "height": 930})
    ana.go("People")
    ana.sees("Hello!")
    thread = ana.post(HOME)
    ana.sees("In Dublin people can work from home two days a week.", thread)
    ana.reply(thread, "And from another country?")
    ana.sees(re.compile("You may work from a country"), thread)
    ana.opens(1, "You may work from a country", "Remote work ›", thread)
    _keep(ana, "teams-channel")


def _look_after_it(luis: Window, company: Path) -> None:
    luis.sees("Hello!")
    page = company / "wiki" / "people" / "remote-work.md"
    page.write_text(page.read_text(encoding="utf-8").replace("up to 350 €", "up to 400 €"), encoding="utf-8")
    luis.say("sync wiki")
    luis.sees(re.compile(r"Wiki is synced\. Changed: 1"))
    shutil.rmtree(company / "drive")
    (company / "drive").mkdir()
    luis.say("sync drive")
    luis.sees("Keep them")
    luis.page.mouse.move(0, 0)
    _keep(luis, "teams-admin")


def _keep(window: Window, name: str) -> None:
    """Take a picture, in few colours: a third of the bytes, and nobody sees the difference."""
    file = FOLDER / f"{name}.png"
    window.photograph(file)
    window.page.keyboard.press("Escape")  # closes what a mark has opened, which hides the rest
    with Image.open(file) as taken:
        taken.convert("RGB").quantize(160, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
