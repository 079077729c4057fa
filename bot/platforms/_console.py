"""What everything printed in a terminal shares: text made harmless, JSON, dates, indentation."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.segment import Segment, Segments
from rich.text import Text

if TYPE_CHECKING:
    from rich.table import Table

# Control characters drive terminals (C0 and C1 alike), bidirectional ones reorder what stands around them,
# lone surrogates cannot be printed, and line and paragraph separators break lines.
_DRIVES = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]"
)
_ESCAPE = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)?|.)", re.DOTALL)
# What JSON leaves as it is although a terminal would obey it.
_UNESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """A text from elsewhere on one line, with nothing in it that a terminal would obey."""
    return " ".join(_DRIVES.sub(" ", _ESCAPE.sub("", text)).split())


def open_console(*, errors: bool = False) -> Console:
    """Standard output, or standard error. Nothing that is printed is read as markup."""
    return Console(
        file=sys.stderr if errors else sys.stdout, markup=False, emoji=False, highlight=False, soft_wrap=False
    )


def print_json(value: Any) -> None:
    """One JSON document on standard output. Dataclasses are objects, sets sorted lists, times ISO 8601."""
    text = json.dumps(value, ensure_ascii=not _is_unicode(), indent=2, default=_plain)
    sys.stdout.write(_UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def _is_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") in {"utf8", "utf16", "utf32"}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def moment(value: datetime | None) -> str:
    """A time for people who run Sabio, in their own time zone: `2026-03-03 14:05`."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else "never"


def count(number: int, thing: str) -> str:
    """`1 chunk`, `2 chunks`, `1,234 chunks`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def write(console: Console, text: Text | str, *, first: str = "", rest: str | None = None) -> None:
    """Print wrapped to the console's width: `first` before its first line, `rest` before the others.

    A `Text` is printed as it is: whoever makes one cleans what goes into it.
    """
    rest = " " * len(first) if rest is None else rest
    body = Text(clean(text)) if isinstance(text, str) else text
    width = max(20, console.width - max(len(first), len(rest)))
    for number, line in enumerate(body.wrap(console, width)):
        line.rstrip()
        console.print(Text.assemble((rest if number else first, ""), line), soft_wrap=True)


def write_link(console: Console, link: str, indent: str) -> None:
    """Print an address on a line of its own, whole however narrow the terminal is: it may be copied."""
    console.print(Text(indent + clean(link), style="blue"), soft_wrap=True)


def table(*columns: str, numbers: int = 0) -> Table:
    """A plain table; the last `numbers` columns stand to the right."""
    from rich.table import Table

    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for place, name in enumerate(columns):
        right = place >= len(columns) - numbers
        made.add_column(name, justify="right" if right else "left", no_wrap=True, overflow="fold")
    return made


def write_table(console: Console, shown: Table) -> None:
    """Print a table without the blanks that fill its lines up."""
    for line in console.render_lines(shown, pad=False):
        console.print(Segments([*_without_end(line), Segment.line()]), soft_wrap=True)


def _without_end(line: list[Segment]) -> list[Segment]:
    while line and not line[-1].text.strip():
        line = line[:-1]
    return [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)] if line else []


def dim(text: str) -> Text:
    """A text in the background."""
    return Text(clean(text), style="dim")
