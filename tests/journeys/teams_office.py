"""The Teams of Olivar, the sample company, with the real `sabio serve` in it: for journeys and pictures."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import yaml
from playwright.sync_api import Locator, Page, expect

from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from tests.sabio_child import Child
from tests.services.playground import Playground
from workers.local import sync_sources

PAYROLL = {
    "name": "payroll",
    "type": "folder",
    "path": "./payroll",
    "url": "https://payroll.olivar.example/{path}",
    "readers": ["user:ana@olivar.example"],
    "schedule": "weekly",
}
SALARIES = "# Salary bands\n\nBand three starts at 41,000 euros a year.\n"
PATIENCE = 30_000
"""Milliseconds in which something has to be there."""

T = TypeVar("T")


def in_teams(config: Path) -> Path:
    """The synced company in Teams, with what only Ana may read: its configuration file, by which Luis runs it
    and Camila looks after its pages."""
    payroll = config.with_name("payroll")
    payroll.mkdir()
    (payroll / "bands.md").write_text(SALARIES, encoding="utf-8")
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["sources"].append(PAYROLL)
    for source in settings["sources"]:
        source |= {"label": source["name"].title(), "owner": "camila@olivar.example"}
    settings |= {"admins": ["luis@olivar.example"], "teams": {"development": True}}
    write(config, settings)
    with KnowledgeBase(load_settings(config, environ={})) as kb:
        [report] = sync_sources(kb, [PAYROLL["name"]])
    assert report["outcome"] == "done"
    return config


def configure(config: Path, **changed: object) -> None:
    """Change settings."""
    write(config, yaml.safe_load(config.read_text(encoding="utf-8")) | changed)


def write(config: Path, settings: dict[str, Any]) -> None:
    """Make them the whole configuration."""
    config.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")


@contextmanager
def at_work(config: Path, port: int, seconds: float = 60) -> Iterator[Child]:
    """`sabio serve`, listening to Teams on a port."""
    with Child(config, "serve", "--port", str(port), module="bot.__main__") as child:
        end = time.monotonic() + seconds
        while "Teams: development" not in child.said():
            assert child.alive, child.said()
            assert time.monotonic() < end, child.said()
            time.sleep(0.05)
        yield child
        assert child.stop() == 0, child.said()


class Window:
    """Somebody's Teams, as the Playground shows it."""

    def __init__(self, playground: Playground, open_page: Callable[..., Page], **size: int) -> None:
        self.playground = playground
        self.page = open_page(playground.url, **size)
        self.page.set_default_timeout(PATIENCE)
        self.page.get_by_title("Toggle Log Panel").click()
        self.dialog = self.page.get_by_role("dialog")

    def go(self, place: str) -> None:
        """Open a chat or a channel."""
        self.page.get_by_role("treeitem", name=place).click()

    def say(self, text: str, *, mention: bool = False) -> None:
        """Write in a chat."""
        self._write(self.page.get_by_role("textbox"), text, mention)
        self.page.keyboard.press("Enter")

    def post(self, text: str) -> Locator:
        """Begin a thread in a channel, mentioning Sabio: the thread."""
        self._write(self.page.get_by_role("textbox").first, text, mention=True)
        self.press("Post")
        return self.page.get_by_role("group").filter(has_text=text)

    def reply(self, thread: Locator, text: str) -> None:
        """Write in a thread, mentioning Sabio."""
        self._write(thread.get_by_role("textbox"), text, mention=True)
        self.page.keyboard.press("Enter")

    def press(self, label: str, within: Locator | None = None) -> None:
        """Press a button: the last of that label."""
        (within or self.page).get_by_role("button", name=label, exact=True).last.click()

    def opens(self, number: int, quote: str, place: str, within: Locator | None = None) -> Locator:
        """The mark of a citation shows the words and the place. The words are a link, which is given."""
        self.page.mouse.move(0, 0)
        mark = (within or self.page).get_by_role("button", name=str(number), exact=True).last
        mark.scroll_into_view_if_needed()  # before: what it opens is closed by scrolling
        mark.hover()
        link = self.page.get_by_role("link", name=quote).last
        expect(link).to_be_visible()
        self.sees(place)
        return link

    def sees(self, text: str | re.Pattern[str], within: Locator | None = None) -> None:
        """They see it, now or soon."""
        expect((within or self.page).get_by_text(text).filter(visible=True).last).to_be_visible(
            timeout=PATIENCE
        )

    def sees_nothing_of(self, text: str) -> None:
        """It is nowhere on their page."""
        expect(self.page.get_by_text(text)).to_have_count(0)

    def photograph(self, file: Path) -> None:
        """Keep a picture of what they see, at rest."""
        self.page.screenshot(path=file, animations="disabled", caret="hide")

    def _write(self, box: Locator, text: str, mention: bool) -> None:
        box.click()
        if mention:
            self.page.keyboard.type("@Sab")
            self.page.get_by_role("menuitem", name="Sabio").click()
            text = f" {text}"
        self.page.keyboard.type(text)


class Said:
    """What Sabio has sent into one conversation, as the Playground has recorded it."""

    def __init__(self, playground: Playground, conversation: str) -> None:
        self._playground, self._path = playground, f"/conversations/{conversation}/activities/"

    def all(self) -> list[dict[str, Any]]:
        """Every activity, with the `method` and the `url` of the request and the `answer` to it."""
        found = []
        for event in self._playground.recorded():
            request = event["request"]
            url = unquote(request["url"])
            if event["direction"].startswith("User Application") and self._path in url:
                more = {"method": request["method"], "url": url, "answer": event["response"].get("body")}
                found.append(request["body"] | more)
        return found

    def last(self, words: str) -> dict[str, Any]:
        """The latest whose text or card has those words, as soon as there is one."""
        found = eventually(
            lambda: [one for one in self.all() if words in one.get("text", "") or words in str(cards(one))]
        )
        return found[-1]


def eventually(look: Callable[[], T], seconds: float = 10) -> T:
    """What `look` gives as soon as that is something. What is seen may be kept a moment later."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def heard(playground: Playground, conversation: str) -> list[dict[str, Any]]:
    """The messages and invokes that were sent to Sabio from a conversation."""
    bodies = [
        one["request"]["body"]
        for one in playground.recorded()
        if one["activityName"] in ("message", "invoke")
    ]
    return [
        body
        for body in bodies
        if body.get("from", {}).get("id") != "sabio-bot"
        and body["conversation"]["id"].partition(";")[0] == conversation
    ]


def entity(activity: dict[str, Any], type_: str) -> dict[str, Any]:
    """The entity of a type that an activity carries."""
    [found] = [one for one in activity["entities"] if one["type"] == type_]
    return dict(found)


def cards(activity: dict[str, Any]) -> list[dict[str, Any]]:
    """The cards of an activity."""
    return [one["content"] for one in activity.get("attachments") or ()]
