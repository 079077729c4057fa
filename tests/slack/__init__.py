"""A Slack for tests, as far as Sabio uses it, on loopback: `with FakeSlack() as slack: …`."""

from tests.slack.fake import APP_TOKEN, BOT, BOT_TOKEN, SIGNING_SECRET, TEAM, FakeSlack, signed

__all__ = ["APP_TOKEN", "BOT", "BOT_TOKEN", "SIGNING_SECRET", "TEAM", "FakeSlack", "signed"]
