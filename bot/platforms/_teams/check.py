"""Whether Microsoft lets the bot in, and tells it what it needs: part of `sabio check`."""

from __future__ import annotations

from bot.audience import names_groups
from bot.findings import Findings
from bot.platforms._teams.groups import Groups
from bot.platforms._teams.signin import SignIn
from config.settings import Settings

NOBODY = "00000000-0000-0000-0000-000000000000"
"""An id that is no person's: whether Graph may be asked can be seen without asking about somebody."""


def check_teams(found: Findings, settings: Settings) -> None:
    """Sign in as the bot, and where groups of Entra are named, ask Graph about nobody."""
    teams = settings.teams
    if teams.development:
        found.warn(
            "teams",
            "development: whoever reaches the port on this machine is answered, as whoever they say they are",
            "take out `teams.development`, and set `teams.app_id` and `teams.tenant_id`; see docs/teams.md",
        )
        return
    sign_in = SignIn(teams)
    with found.about("teams"):
        sign_in.token(sign_in.cloud.bots)
        found.ok("teams", f"signed in as {teams.app_id}, of the tenant {teams.tenant_id}")
        if names_groups(settings, "teams"):
            Groups(sign_in).of(NOBODY)
            found.ok("teams", "Microsoft Graph tells who is in which group")
