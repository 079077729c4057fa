"""The settings as documentation: `python -m config.reference` writes them into docs/settings.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from config.reading import section_in
from config.settings import Settings

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
_BEGIN, _END = "<!-- settings -->", "<!-- end of settings -->"


class Described(NamedTuple):
    """A setting as documentation tells of it."""

    key: str
    """As `sync.batch`; `sources[].name` for the keys of each source, `slack.channels.NAME.tone` of each
    channel."""
    type: str
    default: str
    meaning: str


def describe_settings() -> list[Described]:
    """Every setting, in the order of the file."""
    return list(_describe(Settings, ""))


def _describe(model: type[BaseModel], prefix: str) -> Iterator[Described]:
    for name, field in model.model_fields.items():
        key = prefix + name
        section, holder = section_in(field.annotation), get_origin(field.annotation)
        if section and holder not in (tuple, dict):
            yield from _describe(section, f"{key}.")
            continue
        default = "" if field.is_required() else default_text(field.get_default(call_default_factory=True))
        yield Described(key, type_name(field.annotation), default, field.description or "")
        if section:
            yield from _describe(section, f"{key}[]." if holder is tuple else f"{key}.NAME.")


def default_text(default: object) -> str:
    """A default as it is written in the file; empty where there is none."""
    if isinstance(default, Path):
        return f"./{default}"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return str(list(default)) if default else ""
    return "" if default is None or default in ({}, frozenset()) else str(default)


def type_name(annotation: Any) -> str:
    """What people call the type of a setting."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        *words, last = (f"`{word}`" for word in arguments)
        return f"{', '.join(words)} or {last}" if words else last
    if origin is Annotated:
        return type_name(arguments[0])
    if origin in (tuple, frozenset):
        return "list"
    if origin is dict:
        return "mapping"
    if arguments:  # X | None
        return type_name(arguments[0])
    names = {bool: "`true` or `false`", int: "whole number", float: "number", Path: "path"}
    return names.get(annotation, "text")


def with_settings(page: str) -> str:
    """The text of a page, with the table between its two marks made anew."""
    rows = ["| Setting | Type | Default | Meaning |", "|---|---|---|---|"]
    for setting in describe_settings():
        default = f"`{setting.default}`" if setting.default else ""
        rows.append(f"| `{setting.key}` | {setting.type} | {default} | {setting.meaning} |")
    before, _, rest = page.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n\n" + "\n".join(rows) + f"\n\n{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_settings(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
