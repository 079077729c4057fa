"""Curves as SVG, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from math import floor, log10

COLOURS = {
    "green": "#2e9f4d",
    "light-green": "#8fce9f",
    "orange": "#e8871e",
    "red": "#d6303f",
    "blue": "#2f7ed8",
    "purple": "#8e5bc0",
}
"""Those of the dashboard's settings."""
_PALETTE = ("#2f7ed8", "#2e9f4d", "#e8871e", "#8e5bc0", "#d6303f", "#17a2a2", "#a8761c", "#6b7785")
_SCALES = {
    "s": ((86400, "days"), (3600, "hours"), (60, "min"), (1, "s"), (0.001, "ms")),
    "bytes": ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")),
}
_LEFT, _BELOW = 56, 20

Points = list[tuple[float, float]]
Layer = list[tuple[float, float, float]]
"""A moment, and from where to where."""


@dataclass(frozen=True)
class Curve:
    """A line of a plot: moments and values."""

    name: str
    points: Points
    colour: str | None = None


def shown(value: float, unit: str, decimals: int | None = None) -> str:
    """A value in its unit."""
    if unit == "percentunit":
        return f"{100 * value:.0f} %"
    size, word = _scale(value, unit)
    number = value / size
    digits = decimals if decimals is not None else (0 if number >= 100 or number == round(number) else 2)
    text = f"{number:,.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {word}".strip()


def _scale(value: float, unit: str) -> tuple[float, str]:
    """How much of the unit is told by which word, for a value of that size."""
    larger = [(size, word) for size, word in _SCALES.get(unit, ()) if abs(value) >= size]
    return larger[0] if larger else (1.0, "s" if unit == "s" else "")


def plot(
    curves: Sequence[Curve],
    between: tuple[float, float],
    size: tuple[int, int],
    unit: str,
    *,
    bars: bool,
    stacked: bool,
) -> str:
    """The curves over their time, in so many pixels, with a legend."""
    if not any(curve.points for curve in curves):
        return "<p class=none>No data</p>"
    colours = [curve.colour or _PALETTE[number % len(_PALETTE)] for number, curve in enumerate(curves)]
    layers = _layers([curve.points for curve in curves], stacked=stacked)
    frame = _Frame(between, size, _ticks(max((top for one in layers for *_, top in one), default=0.0), unit))
    draw = frame.bars if bars else frame.area if stacked else frame.line
    drawn = [frame.grid(unit), *(draw(layer, colour) for layer, colour in zip(layers, colours, strict=True))]
    legend = "".join(
        f"<span><i style='background:{colour}'></i>{escape(curve.name)}</span>"
        for curve, colour in zip(curves, colours, strict=True)
    )
    width, height = size
    return f"<svg width={width} height={height}>{''.join(drawn)}</svg><div class=legend>{legend}</div>"


@dataclass(frozen=True)
class _Frame:
    """Where moments and values are, in pixels."""

    between: tuple[float, float]
    size: tuple[int, int]
    ticks: list[float]

    def x(self, moment: float) -> float:
        start, end = self.between
        return _LEFT + (self.size[0] - _LEFT) * (moment - start) / (end - start)

    def y(self, value: float) -> float:
        return 6 + (self.size[1] - _BELOW - 6) * (1 - value / self.ticks[-1])

    def grid(self, unit: str) -> str:
        """Lines for values, with what they are, and times below."""
        width, height = self.size
        parts = 5 if width > 400 else 2
        start, end = self.between
        drawn = []
        for one in self.ticks:
            at = f"{self.y(one):.1f}"
            drawn.append(f"<path d='M{_LEFT} {at}H{width}' stroke='#e6e9ec'/>")
            drawn.append(f"<text x={_LEFT - 6} y={at} dy=4 text-anchor=end>{shown(one, unit)}</text>")
        for part in range(parts + 1):
            moment = start + (end - start) * part / parts
            anchor = "end" if part == parts else "middle" if part else "start"
            time = f"{datetime.fromtimestamp(moment, UTC):%H:%M}"
            drawn.append(f"<text x={self.x(moment):.1f} y={height - 3} text-anchor={anchor}>{time}</text>")
        return "".join(drawn)

    def line(self, layer: Layer, colour: str) -> str:
        return f"<path d='M{self._path(layer)}' fill=none stroke='{colour}' stroke-width=2 />"

    def area(self, layer: Layer, colour: str) -> str:
        below = [(moment, low, low) for moment, low, _ in reversed(layer)]
        return f"<path d='M{self._path([*layer, *below])}' fill='{colour}' fill-opacity=0.6 />"

    def bars(self, layer: Layer, colour: str) -> str:
        gaps = [later[0] - earlier[0] for earlier, later in pairwise(layer)]
        wide = self.x(self.between[0] + min(gaps, default=0)) - _LEFT or 4
        return "".join(
            f"<rect x={self.x(moment) - wide:.1f} y={self.y(high):.1f} width={wide + 0.2:.1f}"
            f" height={self.y(low) - self.y(high):.1f} fill='{colour}'/>"
            for moment, low, high in layer
        )

    def _path(self, layer: Layer) -> str:
        return "L".join(f"{self.x(moment):.1f} {self.y(high):.1f}" for moment, _, high in layer)


def _layers(curves: Sequence[Points], *, stacked: bool) -> list[Layer]:
    """Of each curve its moments, where it begins and where it ends: at 0, or upon the one before."""
    below: dict[float, float] = {}
    found = []
    for points in curves:
        found.append(
            [(moment, below.get(moment, 0.0), below.get(moment, 0.0) + value) for moment, value in points]
        )
        if stacked:
            below |= {moment: high for moment, _, high in found[-1]}
    return found


def _ticks(top: float, unit: str) -> list[float]:
    """Round numbers of the unit, from 0 to above the highest value."""
    if top <= 0:
        return [0.0, 1.0]
    size, _ = _scale(top, unit)
    step = 10 ** floor(log10(top / size))
    step = next(step * part for part in (0.2, 0.25, 0.5, 1, 2) if top / size / (step * part) <= 5)
    return [size * step * number for number in range(floor(top / size / step) + 2)]
