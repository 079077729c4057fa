"""The people of the load test ask a real `sabio serve`, and what goes wrong is counted as that."""

import pytest
import yaml

from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from tests.load.running import fetch, run_locust, slack
from tests.sabio_child import Child
from tests.slack import APP_TOKEN, BOT_TOKEN
from workers.local import sync_sources

QUESTIONS = ["How many days of holiday does everybody have?", "When may dogs come to the office?"]
PAGE = "# Office\n\nEverybody has 24 days of holiday a year.\n\nDogs may come to the office on Fridays.\n"
STEPS = {"acknowledged", "first"}


@pytest.fixture
def config(tmp_path, data):
    """An installation with one page."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "office.md").write_text(PAGE, encoding="utf-8")
    source = {"name": "wiki", "type": "folder", "path": str(tmp_path / "docs"), "readers": ["everyone"]}
    file = tmp_path / "sabio.yaml"
    file.write_text(yaml.safe_dump({"data": str(data), "sources": [source]}), encoding="utf-8")
    with KnowledgeBase(load_settings(file, environ={})) as kb:
        sync_sources(kb, ["wiki"])
    return file


def serve(config, api):
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["slack"] = {"api_url": api, "bot_token": BOT_TOKEN, "app_token": APP_TOKEN}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return Child(config, "serve", "--port", "0", module="bot.__main__")


@pytest.mark.usefixtures("loopback")
def test_people_ask_in_channels_directly_and_on_and_every_step_is_counted(config, tmp_path):
    with slack(6) as (asking, api), serve(config, api):
        told = run_locust(tmp_path, asking, QUESTIONS, people=6, seconds=4, pause=0.5)
        assert fetch(f"{asking}/problems") == b"[]"
    places = {name for name in told if name.startswith("answered: ")}
    assert places >= {"answered: channel", "answered: direct"}
    assert told.keys() == places | STEPS | {"Aggregated"}
    asked = sum(int(told[name]["Request Count"]) for name in places)
    assert asked >= 6
    for step in STEPS:
        assert int(told[step]["Request Count"]) == asked
    assert {row["Failure Count"] for row in told.values()} == {"0"}


@pytest.mark.usefixtures("loopback")
def test_a_sabio_that_is_not_there_makes_every_question_fail_and_says_how(tmp_path):
    with slack(2, patience=0.3) as (asking, _):
        told = run_locust(tmp_path, asking, QUESTIONS, people=2, seconds=2, pause=0.5)
    assert int(told["Aggregated"]["Failure Count"]) == int(told["Aggregated"]["Request Count"]) > 0
    assert "no acknowledgement within 0.3 s" in (tmp_path / "locust_failures.csv").read_text("utf-8")
