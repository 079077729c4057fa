"""People's Homes, shown to them as they are now."""

from __future__ import annotations

import asyncio

from bot.commands import is_admin
from bot.home import home_of
from bot.platforms._slack.errors import translated
from bot.platforms._slack.home import home_view
from bot.platforms._slack.workspaces import Workspace
from ingest.knowledge import KnowledgeBase


async def show_home(kb: KnowledgeBase, workspace: Workspace, user: str) -> None:
    """Show a person their Home. Raises `UnavailableError`, and `OverError` where they are no more."""
    person = await workspace.people.person(user)
    home = await asyncio.to_thread(home_of, kb, person, is_admin(kb, person), person.language)
    with translated():
        await workspace.client.views_publish(user_id=user, view=home_view(home))
