"""What Slack is made of: `bot/platforms/slack.py` puts it together."""
