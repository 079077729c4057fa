"""The Slack of Olivar, the sample company, with the real `sabio serve` in it: for journeys and pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.sabio_child import Child
from tests.slack.fake import FakeSlack
from tests.slack.workspace import APP_TOKEN, BOT_TOKEN, TEAM

ANA, LUIS, NIAMH, CAMILA = "UANA", "ULUIS", "UNIAMH", "UCAMILA"
_PEOPLE = {
    ANA: ("Ana Soler", "ana@olivar.example", "en-IE"),
    LUIS: ("Luis Prada", "luis@olivar.example", "en-IE"),
    NIAMH: ("Niamh Daly", "niamh@olivar.example", "en-IE"),
    CAMILA: ("Camila Restrepo", "camila@olivar.example", "es-CO"),
}


@contextmanager
def office() -> Iterator[FakeSlack]:
    """The workspace: four people, and the channels `general` (C1) and `people` (C2)."""
    with FakeSlack(both=True) as slack:
        slack.teams[TEAM].name = "Olivar"
        for id_, (name, email, locale) in _PEOPLE.items():
            slack.add_person(id_, email, real_name=name, locale=locale)
        slack.add_channel("C1", "general")
        slack.add_channel("C2", "people")
        yield slack


def configure(config: Path, slack: FakeSlack, **changed: object) -> None:
    """Let it answer in that workspace. Luis runs it, Camila looks after its pages."""
    settings = yaml.safe_load(config.read_text(encoding="utf-8")) | changed
    for source in settings["sources"]:
        source |= {"label": source["name"].title(), "owner": "camila@olivar.example"}
    settings |= {"admins": ["luis@olivar.example"], "slack": {"api_url": slack.api_url}}
    config.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")


@contextmanager
def at_work(config: Path, seconds: float = 60) -> Iterator[Child]:
    """`sabio serve`, connected."""
    tokens = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
    with Child(config, "serve", "--port", "0", module="bot.__main__", **tokens) as child:
        end = time.monotonic() + seconds
        while "Slack: @sabio in Olivar." not in child.said():
            assert child.alive, child.said()
            assert time.monotonic() < end, child.said()
            time.sleep(0.05)
        yield child
        assert child.stop() == 0, child.said()
