"""A plain drawing of the dashboard: what stands in dashboard.json, over what Prometheus has answered.

It is not Grafana. It knows the four kinds of panels that are in use, and of their settings those that change
what is seen: units, thresholds, colours, mappings, stacks and bars, and how tables are put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from tests.helm.panels import DASHBOARD, Panel
from tests.helm.plotting import COLOURS, Curve, plot, shown

COLUMN, LINE = 66, 34
"""Pixels of a column and of a line of Grafana's grid."""
Series = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Answers:
    """What Prometheus has answered between two moments, by the panel's title and the letter of the target."""

    start: float
    end: float
    given: Mapping[tuple[str, str], Series]

    def of(self, panel: Panel) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Of a panel: each series with its target's letter and its legend."""
        return [
            (target.ref, _legend(target.legend, one["metric"]), one)
            for target in panel.targets
            for one in self.given[panel.title, target.ref]
        ]


def draw(answers: Answers) -> str:
    """The page."""
    boxes = "".join(_box(Panel(one["title"], one["type"], one), answers) for one in DASHBOARD["panels"])
    height = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in DASHBOARD["panels"]) * LINE
    times = " to ".join(f"{datetime.fromtimestamp(one, UTC):%H:%M}" for one in (answers.start, answers.end))
    return (
        f"<!doctype html><meta charset=utf-8><title>{DASHBOARD['title']}</title><style>{_STYLE}</style>"
        f"<h1>{DASHBOARD['title']} <small>{times} UTC</small></h1>"
        f"<main style='width:{24 * COLUMN}px;height:{height}px'>{boxes}</main>"
    )


def _box(panel: Panel, answers: Answers) -> str:
    at = panel.raw["gridPos"]
    sides = (("left", "x", COLUMN), ("top", "y", LINE), ("width", "w", COLUMN), ("height", "h", LINE))
    place = ";".join(f"{side}:{at[key] * size}px" for side, key, size in sides)
    if panel.kind == "row":
        return f"<div class=row style='{place}'>{escape(panel.title)}</div>"
    inside = {"stat": _stat, "table": _table, "bargauge": _bars, "timeseries": _curves}[panel.kind]
    body = inside(panel, answers)
    return f"<div class=place style='{place}'><section><h2>{escape(panel.title)}</h2>{body}</section></div>"


def _defaults(panel: Panel, name: str = "") -> dict[str, Any]:
    """The settings of a field; `name` is what overrides know it by."""
    settings = dict(panel.raw["fieldConfig"]["defaults"])
    for one in panel.raw["fieldConfig"]["overrides"]:
        if one["matcher"]["options"] == name:
            settings |= {each["id"]: each["value"] for each in one["properties"]}
    return settings


def _text(value: float, settings: Mapping[str, Any]) -> str:
    for mapping in settings.get("mappings", ()):
        if (found := mapping["options"].get(f"{value:g}")) is not None:
            return str(found["text"])
    return shown(value, settings.get("unit", "short"), settings.get("decimals"))


def _colour(value: float, settings: Mapping[str, Any]) -> str:
    colour = "transparent"
    for step in settings["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return COLOURS.get(colour, colour)


def _stat(panel: Panel, answers: Answers) -> str:
    settings, solid = _defaults(panel), panel.raw["options"]["colorMode"] == "background_solid"
    found = answers.of(panel)
    if not found:
        return f"<p class='stat none'>{settings.get('noValue', 'No data')}</p>"
    cells = []
    for _, name, one in found:
        value = float(one["value"][1])
        named = f"<small>{escape(name)}</small>" if "name" in panel.raw["options"]["textMode"] else ""
        style = (
            f"background:{_colour(value, settings)};color:#fff"
            if solid
            else f"color:{_colour(value, settings)}"
        )
        cells.append(f"<p class=stat style='{style}'>{named}<b>{_text(value, settings)}</b></p>")
    return f"<div class=stats>{''.join(cells)}</div>"


def _bars(panel: Panel, answers: Answers) -> str:
    lines = []
    for _, name, one in answers.of(panel):
        value, settings = float(one["value"][1]), _defaults(panel, name)
        colour = COLOURS[settings["color"]["fixedColor"]]
        bar = f"<i style='width:{100 * value:.1f}%;background:{colour}'></i>"
        lines.append(
            f"<label>{name}</label><span>{bar}</span><b style='color:{colour}'>{_text(value, settings)}</b>"
        )
    return f"<div class=bars>{''.join(lines)}</div>"


def _curves(panel: Panel, answers: Answers) -> str:
    curves = []
    for _, name, one in sorted(answers.of(panel), key=lambda found: found[1]):
        points = [(moment, float(value)) for moment, value in one["values"] if value != "NaN"]
        fixed = _defaults(panel, name)["color"].get("fixedColor")
        curves.append(Curve(name, points, COLOURS[fixed] if fixed else None))
    at, custom = panel.raw["gridPos"], panel.raw["fieldConfig"]["defaults"]["custom"]
    size = (at["w"] * COLUMN - 30, at["h"] * LINE - 74)
    unit = panel.raw["fieldConfig"]["defaults"]["unit"]
    bars, stacked = custom["drawStyle"] == "bars", custom["stacking"]["mode"] == "normal"
    return plot(curves, (answers.start, answers.end), size, unit, bars=bars, stacked=stacked)


def _table(panel: Panel, answers: Answers) -> str:
    rows = _merged(panel, answers)
    if not rows:
        return f"<p class=none>{panel.raw['fieldConfig']['defaults']['noValue']}</p>"
    organised = panel.raw["transformations"][-1]["options"]
    order = organised["indexByName"]
    columns = sorted(
        {key for row in rows for key in row} - {*organised["excludeByName"]}, key=lambda key: order[key]
    )
    names = {key: organised["renameByName"].get(key, key) for key in columns}
    head = "".join(f"<th>{escape(names[key])}</th>" for key in columns)
    lines = (
        "".join(_cell(row.get(key, ""), _defaults(panel, names[key])) for key in columns) for row in rows
    )
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _cell(value: str | float, settings: Mapping[str, Any]) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value) or '–'}</td>"
    colour = _colour(value, settings) if "custom.cellOptions" in settings else "transparent"
    style = f" style='background:{colour};color:#fff'" if colour != "transparent" else ""
    return f"<td{style}>{_text(value, settings)}</td>"


def _merged(panel: Panel, answers: Answers) -> list[dict[str, str | float]]:
    """Rows of labels and values: those of the same labels are one."""
    rows: list[dict[str, str | float]] = []
    alone = len(panel.targets) == 1
    for ref, _, one in answers.of(panel):
        column, labels = "Value" if alone else f"Value #{ref}", one["metric"]
        same = [
            row for row in rows if column not in row and all(row.get(k, v) == v for k, v in labels.items())
        ]
        row = same[0] if same else {}
        if not same:
            rows.append(row)
        row |= {**labels, column: float(one["value"][1])}
    return sorted(rows, key=lambda row: str(row.get("source", "")))


def _legend(pattern: str, labels: Mapping[str, str]) -> str:
    for key, value in labels.items():
        pattern = pattern.replace(f"{{{{{key}}}}}", value)
    return pattern


_STYLE = """
body { margin: 16px; font: 13px/1.4 'Liberation Sans', sans-serif; color: #24292e; background: #f4f5f5 }
h1 { font-size: 20px; margin: 0 4px 12px } h1 small { font-weight: normal; color: #6e7681; font-size: 13px }
main { position: relative } .place { position: absolute; padding: 4px; box-sizing: border-box }
.row { position: absolute; font-size: 16px; font-weight: bold; padding: 6px 6px 0; box-sizing: border-box }
section { height: 100%; box-sizing: border-box; background: #fff; border: 1px solid #dce0e4;
  border-radius: 3px; padding: 6px 10px; overflow: hidden; display: flex; flex-direction: column }
h2 { font-size: 13px; font-weight: 600; margin: 0 0 4px }
.stats { display: flex; gap: 6px; flex: 1 } .stat { flex: 1; margin: 0; border-radius: 3px; display: flex;
  flex-direction: column; align-items: center; justify-content: center } .stat b { font-size: 26px }
.stat small { font-size: 13px } .none { color: #6e7681; margin: auto }
table { border-collapse: collapse; width: 100% } th { text-align: left; font-weight: 600; color: #57606a }
th, td { padding: 5px 8px; border-bottom: 1px solid #e6e9ec }
.bars { display: grid; grid-template-columns: max-content 1fr 48px; gap: 14px 10px; align-items: center;
  margin: auto 0 } .bars span { background: #eceff1; height: 26px } .bars i { display: block; height: 100% }
.bars b { text-align: right }
svg text { font: 11px 'Liberation Sans', sans-serif; fill: #57606a }
.legend { display: flex; flex-wrap: wrap; gap: 0 14px; font-size: 12px; max-height: 34px; overflow: hidden }
.legend i { display: inline-block; width: 12px; height: 3px; margin-right: 5px; vertical-align: middle }
"""
