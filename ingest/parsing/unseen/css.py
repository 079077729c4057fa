"""Style sheets, as far as they decide whether text is seen: rules, and which of them hold for an element.

A browser's cascade without its layout: nested rules, `@media` as on a wide light screen, `!important`. No
sheet is fetched. Nothing that is installed reads CSS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ingest.parsing.unseen.selectors import Test, holds, name_of, never, split, steps_of, unescape

Declarations = tuple[tuple[str, str], ...]
"""Properties and their values, those that win last."""

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_DECLARATION = re.compile(
    r"""([-\w\\ ]{1,80}?)\s*:((?:"[^"]*"|'[^']*'|\((?:[^()]|\([^()]*\))*\)|[^;"'(])*)"""
)
_IMPORTANT = re.compile(r"\s*!\s*important\s*\Z", re.IGNORECASE)
_BRACE = re.compile(r"[{}]")
_DEPTH = 12
"""Rules within rules that are followed."""
_SCREEN = 1280
"""Pixels."""
_WIDTH = re.compile(r"\(\s*(min|max)-(?:device-)?width\s*:\s*([\d.]+)(px|em|rem)\s*\)")
_PLAIN_MEDIA = re.compile(r"(?:only\s+)?(?:all|screen)|\(\s*prefers-color-scheme\s*:\s*light\s*\)")
_TRANSPARENT = ("@media", "@supports", "@layer", "@container", "@scope")


_Declared = tuple[tuple[str, str], bool]
"""A property and its value, and whether it is important."""


class _Rule(NamedTuple):
    weight: tuple[int, int, int, int]
    """Ids, classes, types, place in the sheet: the greater wins."""
    holds: Test
    declared: Sequence[_Declared]


class Sheet:
    """The rules of a page's style sheets."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        self._known: dict[tuple[str, str | None, str | None], list[_Rule]] = {}
        place = 0
        for text in texts:
            for selectors, body in _flatten(_COMMENT.sub(" ", text)):
                if declared := list(_declarations(body)):
                    for selector in split(selectors):
                        place += 1
                        self._add(selector, declared, place)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def declared(self, element: Any, style: str) -> Declarations:
        """What the sheets and the element's own `style` say of it."""
        found: list[tuple[tuple[bool, bool, tuple[int, ...]], tuple[str, str]]] = []
        for rule in self._candidates(name_of(element), element.get("class"), element.get("id")):
            if rule.holds(element):
                found += [((strong, False, rule.weight), pair) for pair, strong in rule.declared]
        if style:
            own = _declarations(_COMMENT.sub("", style))
            found += [((strong, True, ()), pair) for pair, strong in own]
        if not found:
            return ()
        found.sort(key=lambda one: one[0])
        return tuple(pair for _, pair in found)

    def _candidates(self, name: str, classes: str | None, id_: str | None) -> Sequence[_Rule]:
        """The rules that may hold for an element of that name with those attributes."""
        key = (name, classes, id_)
        if key not in self._known:
            keys = ["*", name, *("." + one for one in (classes or "").split()), f"#{id_}"]
            self._known[key] = [rule for one in keys for rule in self._rules.get(one, ())]
        return self._known[key]

    def _add(self, selector: str, declared: Sequence[_Declared], place: int) -> None:
        steps = steps_of(selector)
        if not steps or any(never in one.tests for _, one in steps):
            return
        ids, classes, types = (sum(part) for part in zip(*(one.weight for _, one in steps), strict=True))
        rule = _Rule((ids, classes, types, place), lambda element: holds(element, steps), declared)
        self._rules.setdefault(steps[-1][1].key, []).append(rule)


def _flatten(text: str, above: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of all rules that hold on a screen, nested ones included."""
    place = 0 if depth < _DEPTH else len(text)
    while (opening := text.find("{", place)) >= 0:
        prelude = text[place:opening].rpartition(";")[2].strip()
        closing = _closing(text, opening)
        body = text[opening + 1 : closing]
        place = closing + 1
        if prelude.startswith("@"):
            if prelude.lower().startswith(_TRANSPARENT) and _holds_on_screen(prelude.lower()):
                yield from _flatten(body, above, depth + 1)
                if above:
                    yield above, _own(body)
            continue
        nested = above and [one if "&" in one else "& " + one for one in split(prelude)]
        selectors = ", ".join(nested).replace("&", f":is({above})") if nested else prelude
        yield selectors, _own(body)
        if "{" in body:
            yield from _flatten(body, selectors, depth + 1)


def _closing(text: str, opening: int) -> int:
    depth = 0
    for found in _BRACE.finditer(text, opening):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return len(text)


def _own(body: str) -> str:
    """A rule's own declarations, without rules nested in it."""
    while (opening := body.find("{")) >= 0:
        start = max(body.rfind(";", 0, opening), body.rfind("}", 0, opening)) + 1
        body = body[:start] + body[_closing(body, opening) + 1 :]
    return body


def _holds_on_screen(prelude: str) -> bool:
    return not prelude.startswith("@media") or media_holds(prelude.removeprefix("@media"))


def media_holds(queries: str) -> bool:
    """Whether a list of media queries, or a `media` attribute, holds on a wide light screen."""
    return any(_query_holds(query.strip().lower()) for query in queries.split(","))


def _query_holds(query: str) -> bool:
    for part in re.split(r"\s+and\s+", query):
        if width := _WIDTH.fullmatch(part):
            wanted = float(width[2]) * (1 if width[3] == "px" else 16)
            if not (wanted <= _SCREEN if width[1] == "min" else wanted >= _SCREEN):
                return False
        elif part and not _PLAIN_MEDIA.fullmatch(part):
            return False
    return True


def _declarations(body: str) -> Iterator[_Declared]:
    for found in _DECLARATION.finditer(body):
        name, value = unescape(found[1].strip()), unescape(found[2]).strip()
        plain = _IMPORTANT.sub("", value)
        if not name.startswith("--"):
            name, plain = name.lower(), plain.lower()
        yield (name, plain), plain.lower() != value.lower()
