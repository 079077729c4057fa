"""The dashboard, read: its panels, and what they ask of Prometheus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.helm.chart import SOURCE

DASHBOARD: dict[str, Any] = json.loads((SOURCE / "dashboard.json").read_text("utf-8"))
VARIABLES = {"namespace": "search", "job": "kb", "source": ".*", "__rate_interval": "1m", "__range": "1h"}
"""What Grafana puts in for a person who chose nothing, watching what `tests.services.prometheus` watches."""


@dataclass(frozen=True)
class Target:
    """What a panel asks."""

    ref: str
    expression: str
    legend: str
    instant: bool

    def filled(self, **variables: str) -> str:
        """The expression with its variables put in."""
        return fill(self.expression, VARIABLES | variables)


@dataclass(frozen=True)
class Panel:
    """A panel; `raw` is all of it."""

    title: str
    kind: str
    raw: Mapping[str, Any]

    @property
    def targets(self) -> list[Target]:
        """What it asks, in order."""
        return [
            Target(one["refId"], one["expr"], one.get("legendFormat", ""), one["instant"])
            for one in self.raw.get("targets", ())
        ]


PANELS = [Panel(one["title"], one["type"], one) for one in DASHBOARD["panels"] if one["type"] != "row"]
ROWS = [Panel(one["title"], one["type"], one) for one in DASHBOARD["panels"] if one["type"] == "row"]


def fill(text: str, variables: Mapping[str, str]) -> str:
    """A text with the variables of Grafana put in; longer names first, as one may begin with another."""
    for name in sorted(variables, key=len, reverse=True):
        text = text.replace(f"${name}", variables[name])
    return text
