"""What people said against answers, for those who see to it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from bot.platforms._console import clean, count, dim, moment, open_console, print_json, write

if TYPE_CHECKING:
    from bot.feedback import Complaint


def print_complaints(complaints: Sequence[Complaint], *, json: bool = False) -> None:
    """Print what nobody has seen to yet, newest first."""
    if json:
        print_json({"feedback": list(complaints)})
        return
    console = open_console()
    if not complaints:
        write(console, "Nobody has anything against an answer that was not seen to.")
        return
    for number, one in enumerate(complaints):
        if number:
            console.print()
        said = one.reason or "no reason given"
        head = Text.assemble(
            (one.reference, "bold"), "  ", (said, "yellow"), f"  {clean(one.who or 'somebody')}",
            (f" · {moment(one.given_at)}", "dim"),
        )  # fmt: skip
        write(console, head, rest="  ")
        write(console, Text(clean(one.question)), first="  asked: ", rest="    ")
        if one.comment:
            write(console, Text(clean(one.comment)), first="  said: ", rest="    ")
        write(
            console,
            dim(f"it was {one.outcome.replace('_', ' ')}; why: sabio why {one.reference}"),
            first="  ",
        )


def print_closed(reference: str, closed: int, *, json: bool = False) -> None:
    """Print how many complaints about an answer are closed now."""
    if json:
        print_json({"reference": reference, "closed": closed})
    elif closed:
        write(open_console(), f"{clean(reference)}: {count(closed, 'complaint')} closed.")
    else:
        write(open_console(), f"{clean(reference)}: there was nothing open.")
