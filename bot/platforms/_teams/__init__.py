"""What Teams is made of: `bot/platforms/teams.py` puts it together."""
