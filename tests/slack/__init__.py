"""A Slack for tests, as far as Sabio uses it, on loopback: `with FakeSlack() as slack: …`."""

from tests.slack.delivery import Delivery, signed
from tests.slack.fake import FakeSlack
from tests.slack.workspace import (
    APP_TOKEN,
    BOT,
    BOT_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    SIGNING_SECRET,
    TEAM,
)

__all__ = [
    "APP_TOKEN", "BOT", "BOT_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "SIGNING_SECRET", "TEAM", "Delivery",
    "FakeSlack", "signed",
]  # fmt: skip
