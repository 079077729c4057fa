"""Selectors of style sheets: whether one holds for an element.

By type, class, id, attribute, place and negation, with all combinators. What waits for a pointer or a key
(`:hover`, `:focus`) never holds, nor does what is no element (`::before`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

Test = Callable[[Any], bool]

_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)")
_NAME = r"(?:[\w\-\u00a0-\U0010ffff]|\\[0-9a-fA-F]{1,6}\s?|\\[^0-9a-fA-F])+"
_SIMPLE = re.compile(
    rf"(?P<tag>\*|{_NAME})|#(?P<id>{_NAME})|\.(?P<class>{_NAME})"
    rf"""|\[\s*(?P<name>{_NAME})\s*(?:(?P<how>[~|^$*]?=)\s*["']?(?P<value>[^"'\]]*?)["']?\s*(?:[is]\s*)?)?\]"""
    r"|:(?P<element>:)?(?P<pseudo>[\w-]+)(?:\((?P<inside>(?:[^()]|\([^()]*\))*)\))?"
)
_COMBINATOR = re.compile(r"\s*([>+~])\s*|\s+")
_NTH = re.compile(r"\s*(?:(?P<step>[-+]?\d*)n)?\s*(?P<start>[-+]?\s*\d+)?\s*")


def name_of(element: Any) -> str:
    """An element's tag, without its namespace and in small letters; empty for comments."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return tag.rpartition("}")[2].lower() if tag[0] == "{" else tag


def unescape(text: str) -> str:
    """A name or value as CSS reads it: `c\\6f lor` is `color`."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)) if found[1] else found[2], text)


def split(selectors: str) -> list[str]:
    """A list of selectors, cut at the commas that stand in no brackets."""
    found, depth = [""], 0
    for part in re.split(r"([,()\[\]])", selectors):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(part, 0)
        if part == "," and depth <= 0:
            found.append("")
        else:
            found[-1] += part
    return [one.strip() for one in found if one.strip()]


class Compound(NamedTuple):
    """A part of a selector that speaks of one element."""

    tests: Sequence[Test]
    weight: tuple[int, int, int]
    """Ids, classes and their like, types."""
    key: str
    """What an element must have at least: `#id`, `.class`, its type, or `*`."""


def steps_of(selector: str) -> list[tuple[str, Compound]]:
    """A selector's compounds, each with the combinator before it. Empty for what is not understood."""
    steps: list[tuple[str, Compound]] = []
    place, combinator = 0, " "
    while place < len(selector):
        found: list[re.Match[str]] = []
        while one := _SIMPLE.match(selector, place):
            found.append(one)
            place = one.end()
        between = _COMBINATOR.match(selector, place)
        if not found or (place < len(selector) and not between):
            return []
        steps.append((combinator, _compound(found)))
        if between:
            combinator, place = between[1] or " ", between.end()
    return steps


def _compound(found: Sequence[re.Match[str]]) -> Compound:
    tests: list[Test] = []
    ids = classes = types = 0
    key = "*"
    for one in found:
        if one["tag"]:
            tests.append(_has_tag(one["tag"].lower()))
            types += one["tag"] != "*"
            key = one["tag"].lower() if key == "*" else key
        elif one["id"]:
            tests.append(_has("id", "=", unescape(one["id"])))
            ids, key = ids + 1, "#" + unescape(one["id"])
        elif one["class"]:
            tests.append(_has("class", "~=", unescape(one["class"])))
            classes, key = classes + 1, key if key[0] == "#" else "." + unescape(one["class"])
        elif one["name"]:
            tests.append(_has(one["name"].lower(), one["how"], one["value"] or ""))
            classes += 1
        else:
            tests.append(never if one["element"] else _pseudo(one["pseudo"].lower(), one["inside"] or ""))
            classes += one["pseudo"].lower() != "where"
    return Compound(tests, (ids, classes, types), key)


def holds(element: Any, steps: Sequence[tuple[str, Compound]]) -> bool:
    """Whether a selector, as `steps_of` reads it, holds for an element."""
    (combinator, compound), before = steps[-1], steps[:-1]
    if not all(test(element) for test in compound.tests):
        return False
    if not before:
        return True
    around = {
        " ": element.iterancestors,
        ">": lambda: [parent] if (parent := element.getparent()) is not None else [],
        "+": lambda: list(_siblings(element, preceding=True))[:1],
        "~": lambda: _siblings(element, preceding=True),
    }[combinator]
    return any(holds(other, before) for other in around())


def _siblings(element: Any, *, preceding: bool) -> Iterator[Any]:
    return (one for one in element.itersiblings(preceding=preceding) if isinstance(one.tag, str))


def never(_element: Any) -> bool:
    """The test that no element passes."""
    return False


def _has_tag(tag: str) -> Test:
    return lambda element: tag in {"*", name_of(element)}


def _has(name: str, how: str | None, value: str) -> Test:
    def test(element: Any) -> bool:
        own = element.get(name)
        if own is None or how is None:
            return own is not None
        if how == "~=":
            return value in own.split()
        if how == "|=":
            return bool(own == value or own.startswith(value + "-"))
        if how == "=":
            return bool(own == value)
        return bool(value) and {"^=": own.startswith, "$=": own.endswith, "*=": own.__contains__}[how](value)

    return test


def _pseudo(name: str, inside: str) -> Test:
    if name in {"is", "where", "matches", "not"}:
        choices = [steps_of(one) for one in split(inside)]
        if name == "not":
            return lambda element: not any(one and holds(element, one) for one in choices)
        return lambda element: any(one and holds(element, one) for one in choices)
    if name == "root":
        return lambda element: element.getparent() is None
    if name in {"link", "any-link"}:
        return lambda element: element.get("href") is not None
    return _by_place(name, inside)


def _by_place(name: str, inside: str) -> Test:
    """A test such as `:first-child` or `:nth-of-type(2n)`; one that never holds for any other name."""
    same = name.endswith("-of-type")
    place = name.removesuffix("-of-type" if same else "-child")
    if place in {"nth", "nth-last"}:
        return _nth(inside, same, preceding=place == "nth")
    if place in {"first", "last"}:
        return _nth("1", same, preceding=place == "first")
    if place == "only":
        first, last = (_nth("1", same, preceding=side) for side in (True, False))
        return lambda element: first(element) and last(element)
    return never


def _nth(formula: str, same: bool, *, preceding: bool) -> Test:
    formula = {"odd": "2n+1", "even": "2n"}.get(formula.strip().lower(), formula.lower())
    found = _NTH.fullmatch(formula)
    if not found:
        return never
    steps = found["step"]
    step = 0 if steps is None else int(steps + "1" if steps in {"", "+", "-"} else steps)
    start = int((found["start"] or "0").replace(" ", ""))

    def test(element: Any) -> bool:
        number = _place(element, same, preceding)
        return number == start if step == 0 else (number - start) % step == 0 and (number - start) / step >= 0

    return test


def _place(element: Any, same: bool, preceding: bool) -> int:
    """Which child of its parent an element is, from 1, counted from the first or from the last."""
    parent = element.getparent()
    if parent is None:
        return 1
    if same:
        return 1 + sum(bool(one.tag == element.tag) for one in _siblings(element, preceding=preceding))
    place = int(parent.index(element))
    return place + 1 if preceding else len(parent) - place
