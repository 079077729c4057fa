"""A headless Chromium for tests: the one of this machine, driven by Playwright; none is downloaded.

The fixture `open_page` opens pages in it: `page = open_page(slack.client_url("UANA"))`. Without a Chromium a
test fails in CI; elsewhere it is skipped, loudly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Error, Page, sync_playwright

from tests.services.chromium import Chromium
from tests.services.fixtures import here

_PATIENCE = 20_000
"""Milliseconds that a page may take to show what a test looks for."""


@contextmanager
def browser() -> Iterator[Callable[..., Page]]:
    """What opens pages: `open_page(url, width=1280, height=800)`. Errors of their scripts fail at the end."""
    errors: list[str] = []
    with sync_playwright() as playwright:
        # No sandbox: as root, as in containers, Chromium does not start with one. It sees our own page only.
        running = playwright.chromium.launch(executable_path=Chromium.find_program(), args=["--no-sandbox"])

        def open_page(url: str, width: int = 1280, height: int = 800) -> Page:
            page = running.new_page(viewport={"width": width, "height": height}, locale="en-US")
            page.set_default_timeout(_PATIENCE)
            page.on("pageerror", lambda error: errors.append(_told(error)))
            page.goto(url)
            return page

        try:
            yield open_page
        finally:
            running.close()
    assert not errors, f"the page's scripts failed: {errors}"


@pytest.fixture(scope="module")
def chromium_here() -> Iterator[Callable[..., Page]]:
    """One Chromium for the tests of a module."""
    here(Chromium.find_program)
    with browser() as open_page:
        yield open_page


@pytest.fixture
def open_page(loopback: None, chromium_here: Callable[..., Page]) -> Iterator[Callable[..., Page]]:
    """Opens pages, which are closed at the end of the test: `open_page(url, width=1280, height=800)`."""
    opened: list[Page] = []

    def open_page(url: str, **size: int) -> Page:
        opened.append(chromium_here(url, **size))
        return opened[-1]

    yield open_page
    for page in opened:
        page.close()


def _told(error: Error) -> str:
    return error.stack or error.message
