"""What a person sees of their Slack in a browser, and what they do there; for tests that tell of people."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.slack.fake import FakeSlack

PATIENCE = 30_000
"""Milliseconds in which something has to be there."""


class Window:
    """Somebody's Slack. `channel`, `thread` and `dialog` are what they may look at."""

    def __init__(self, slack: FakeSlack, user: str, open_page: Callable[..., Page]) -> None:
        self.page = open_page(slack.client_url(user))
        self.page.set_default_timeout(PATIENCE)
        self.channel = self.page.get_by_role("main")
        self.thread = self.page.get_by_label("Thread", exact=True)
        self.dialog = self.page.get_by_role("dialog")

    def go(self, place: str, tab: str | None = None) -> None:
        """Open a channel, or Sabio's own place and a tab of it."""
        self.page.get_by_role("complementary").get_by_role("button", name=place).click()
        if tab:
            self.press(tab, within=self.channel)

    def say(self, text: str) -> None:
        """Write a message, or a command, where they are."""
        box = self.channel.get_by_role("textbox")
        box.fill(text)
        box.press("Enter")

    def reply(self, text: str) -> None:
        """Write in the thread that is open."""
        box = self.thread.get_by_role("textbox")
        box.fill(text)
        box.press("Enter")

    def open_thread(self, about: str) -> None:
        """Open the thread of a message, as soon as somebody has replied to it."""
        asked = self.channel.get_by_role("article").filter(has_text=about).last
        asked.get_by_role("button", name=re.compile("repl(y|ies)|respuesta")).click()

    def press(self, label: str, within: Locator | None = None) -> None:
        """Press a button: the last of that label."""
        (within or self.page).get_by_role("button", name=label, exact=True).last.click()

    def sees(self, text: str | re.Pattern[str], within: Locator | None = None) -> None:
        """They see it, now or soon."""
        expect((within or self.page).get_by_text(text).filter(visible=True).last).to_be_visible(
            timeout=PATIENCE
        )

    def sees_nothing_of(self, text: str) -> None:
        """It is nowhere on their page."""
        expect(self.page.get_by_text(text)).to_have_count(0)

    def photograph(self, file: Path, height: int = 800) -> None:
        """Keep a picture of what they see, at rest."""
        self.page.set_viewport_size({"width": 1280, "height": height})
        self.page.mouse.move(0, 0)
        self.page.evaluate(
            "for (const one of document.querySelectorAll('.messages')) one.scrollTop = one.scrollHeight"
        )
        self.page.screenshot(path=file, animations="disabled", caret="hide")
