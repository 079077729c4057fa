"""Plots as SVG that stands in the page: shares, parts of a whole, spreads, and changes.

All are as wide as a small phone and are scaled up from there; colours are the page's, by class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

from bot.evaluation.comparing import Change
from bot.evaluation.figures import interval
from bot.evaluation.html import Node, tag

WIDTH = 340
_LEFT, _RIGHT = 110, 250
"""Where bars begin and end; before them stand names, after them numbers."""
_ROW = 24
_LINE = ("halo", "whisker")
"""A line that is seen on whatever it crosses."""
_NAME = 17
"""Letters of a name for which there is room."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A share of some questions."""

    name: str
    value: float
    of: int
    interval: Sequence[float] = ()
    """Where it may lie with 95 % confidence."""
    before: float | None = None
    """What it was the last time."""


def shares(title: str, groups: Sequence[Sequence[Bar]]) -> Element:
    """A bar from 0 to 1 for each share, with its uncertainty and a mark for what it was before."""
    parts: list[Node] = []
    top = -_ROW
    for bar, begins in [(bar, not place) for bars in groups for place, bar in enumerate(bars)]:
        top += _ROW + (8 if begins and parts else 0)
        told = f"{bar.name}: {bar.value:.3f} of {bar.of}"
        box = {"x": _LEFT, "y": top + 5, "height": 14}
        parts += [
            _text(_short(bar.name), 0, top + 16, class_="name"),
            tag("rect", class_="track", width=_RIGHT - _LEFT, **box),
            tag("rect", tag("title", told), class_="bar", width=(_RIGHT - _LEFT) * bar.value, **box),
        ]
        if bar.interval:
            low, high = (_at(end) for end in bar.interval)
            parts += [tag("path", class_=name, d=f"M{low:.1f} {top + 12}H{high:.1f}") for name in _LINE]
        if bar.before is not None:
            parts.append(tag("path", class_="before", d=f"M{_at(bar.before):.1f} {top + 2}v20"))
        parts.append(_text(f"{bar.value:.3f}", _RIGHT + 44, top + 16, class_="end value"))
        parts.append(_text(f"of {bar.of:,}", WIDTH, top + 16, class_="end faint"))
    return _plot(title, top + _ROW, parts)


def wholes(title: str, rows: Sequence[tuple[str, Mapping[str, int]]]) -> Element:
    """For each row, its parts by class as a bar of one length, with their numbers where there is room."""
    parts: list[Node] = []
    for place, (name, counts) in enumerate(rows):
        top, whole, at = place * _ROW, sum(counts.values()), float(_LEFT)
        parts.append(_text(_short(name), 0, top + 16, class_="name"))
        for part, count in counts.items():
            wide = (WIDTH - _LEFT) * count / whole if whole else 0.0
            if count:
                told = tag("title", f"{name}: {count} {part.replace('_', ' ')}")
                parts.append(tag("rect", told, class_=f"part {part}", x=at, y=top + 3, width=wide, height=18))
            if wide >= 9 * len(str(count)) + 4:
                parts.append(_text(str(count), at + wide / 2, top + 16, class_=f"middle on {part}"))
            at += wide
    return _plot(title, len(rows) * _ROW, parts)


_EDGES = tuple(one * 10**power for power in (-3, -2, -1, 0, 1, 2) for one in (1, 2, 5))
"""Seconds: each range is about twice as wide as the one before it."""


def spread(title: str, seconds: Sequence[float]) -> Element:
    """How many questions took how long, in ranges that grow."""
    counts = [
        (low, high, sum(low <= one < high for one in seconds)) for low, high in pairwise((0.0, *_EDGES, 1e9))
    ]
    seen = [place for place, (_, _, count) in enumerate(counts) if count]
    shown = counts[seen[0] : seen[-1] + 1] if seen else []
    most = max((count for _, _, count in shown), default=1)
    wide, high = WIDTH / max(len(shown), 4), 120
    parts: list[Node] = []
    for place, (low, above, count) in enumerate(shown):
        tall, left = 92 * count / most, place * wide
        told = tag("title", f"{_time(low)} to {_time(above)}: {count}")
        box = {"x": left + 2, "y": high - 18 - tall, "width": wide - 4, "height": tall}
        parts.append(tag("rect", told, class_="bar", **box))
        parts.append(_text(f"{count:,}", left + wide / 2, high - 21 - tall, class_="middle value"))
        parts.append(_text(f"< {_time(above)}", left + wide / 2, high - 4, class_="middle faint"))
    return _plot(title, high, parts)


def calibration(title: str, bins: Sequence[Mapping[str, float]]) -> Element:
    """How often the words shown were right, by confidence: on the dashed line it is what it says."""
    left, side, top = 60, 220, 8
    parts: list[Node] = [
        tag("rect", class_="frame", x=left, y=top, width=side, height=side),
        tag("path", class_="dashed", d=f"M{left} {top + side}L{left + side} {top}"),
        _text("share right", left + 6, top + 14, class_="faint"),
        _text("confidence", left + side - 6, top + side - 6, class_="end faint"),
    ]
    for mark in (0.0, 0.5, 1.0):
        parts.append(_text(f"{mark:g}", left + side * mark, top + side + 15, class_="middle faint"))
        parts.append(_text(f"{mark:g}", left - 8, top + side * (1 - mark) + 4, class_="end faint"))
    most = max((one["questions"] for one in bins), default=1)
    for one in bins:
        across = left + side * (one["from"] + one["to"]) / 2
        right, of = one["right"], int(one["questions"])
        low, high = (top + side * (1 - end) for end in interval(right, of))
        told = tag("title", f"{one['from']:g} to {one['to']:g}: {right:g} of {of} right")
        parts += [tag("path", class_=name, d=f"M{across:.1f} {low:.1f}V{high:.1f}") for name in _LINE]
        round_ = {"cx": across, "cy": top + side * (1 - right / of), "r": 3 + 6 * (of / most) ** 0.5}
        parts.append(tag("circle", told, class_="dot", **round_))
    return _plot(title, top + side + 22, parts)


def changes(title: str, found: Sequence[Change]) -> Element:
    """Each figure before (hollow) and now (filled)."""
    parts: list[Node] = []
    for place, one in enumerate(found):
        top = place * 34
        kind = "better" if one.gain > 0 else "worse" if one.gain < 0 else "same"
        then, now = _at(one.before, 8, WIDTH - 8), _at(one.after, 8, WIDTH - 8)
        told = f"{one.before:.3f} → {one.after:.3f}"
        parts += [
            _text(one.figure, 0, top + 13, class_="name"),
            _text(told, WIDTH, top + 13, class_=f"end value {kind}"),
            tag("path", class_="rule", d=f"M8 {top + 24}H{WIDTH - 8}"),
            tag("path", class_=f"way {kind}", d=f"M{then:.1f} {top + 24}H{now:.1f}"),
            tag("circle", class_=f"then {kind}", cx=then, cy=top + 24, r=4),
            tag("circle", tag("title", str(one)), class_=f"now {kind}", cx=now, cy=top + 24, r=5),
        ]
    return _plot(title, len(found) * 34, parts)


def _plot(title: str, height: float, parts: Sequence[Node]) -> Element:
    frame = f"0 0 {WIDTH} {max(height, 1):g}"
    return tag("svg", tag("title", title), *parts, viewBox=frame, role="img", class_="plot")


def _text(text: str, x: float, y: float, class_: str) -> Element:
    return tag("text", text, x=x, y=y, class_=class_)


def _at(share: float, left: float = _LEFT, right: float = _RIGHT) -> float:
    return left + (right - left) * share


def _short(name: str) -> str:
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"


def _time(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
