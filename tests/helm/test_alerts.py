"""The alerts of the documentation, each with what to do, and over metrics that there are."""

import json
import re

import pytest
import yaml

from config.reference import describe_settings
from tests.helm.chart import EVERYTHING, PRODUCTION, SOURCE, of_kind
from tests.helm.reference import schema_at
from tests.helm.schemas import check
from workers.counted import COUNTED
from workers.gauges import GAUGES

PAGE = (SOURCE.parent / "docs" / "observing.md").read_text("utf-8")
RUNBOOK = (SOURCE.parent / "docs" / "runbook.md").read_text("utf-8")
ALERTS = yaml.safe_load((SOURCE / "alerts.yaml").read_text("utf-8"))
WHICH = 'namespace="search",job="kb"'


def known_metrics():
    counted = set()
    for one in COUNTED.values():
        parts = ("_bucket", "_count", "_sum") if one.kind == "histogram" else ("",)
        counted |= {one.metric + part for part in parts}
    return {*GAUGES, *counted, "up"}


def rules(chart, values):
    [rule] = of_kind(chart.render(values), "PrometheusRule")
    [group] = rule["spec"]["groups"]
    return {one["alert"]: one for one in group["rules"]}


def documented():
    """The rows of the table: name, expression and how long."""
    section = PAGE.partition("### What to alert on\n")[2].partition("\n## ")[0]
    row = r"^\| \[(\w+)\]\(runbook\.md#(\w+)\) \| `(.+?)` \| (.*?) \| .+ \|$"
    rows = [(anchor, name, *more) for name, anchor, *more in re.findall(row, section, re.MULTILINE)]
    assert len(rows) == section.count("\n| [")
    return {name: (anchor, expression.replace("\\|", "|"), long) for anchor, name, expression, long in rows}


def bare(expression):
    """Without what chooses the release's metrics."""
    return re.sub(r"\{SABIO\}", "", expression).replace("{SABIO,", "{")


def test_they_are_those_of_the_documentation_word_for_word():
    said = {name: (expression, long) for name, (_, expression, long) in documented().items()}
    assert said == {one["alert"]: (bare(one["expr"]), one.get("for", "at once")) for one in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda one: one["alert"])
def test_they_are_about_metrics_that_there_are_and_about_this_release_alone(chart, alert):
    expression = rules(chart, PRODUCTION)[alert["alert"]]["expr"]
    metrics = re.findall(r"\b(up|sabio_\w+)\b(\{[^}]*\})?", expression)
    assert metrics
    for metric, chosen in metrics:
        assert metric in known_metrics(), metric
        assert WHICH in chosen, metric
    labels = {label for one in GAUGES.values() for label in one[1]} | {
        label for one in COUNTED.values() for label in one.labels
    }
    by = {
        word.strip()
        for words in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression)
        for word in words.split(",")
    }
    assert by <= labels | {"le"}
    assert expression.count("(") == expression.count(")")
    assert expression.count("{") == expression.count("}")


def test_each_says_what_it_is_what_to_do_and_where_more_is_said(chart):
    anchors = {anchor for anchor, _, _ in documented().values()}
    for name, one in rules(chart, PRODUCTION).items():
        said = one["annotations"]
        assert said.keys() == {"summary", "description", "runbook_url"}, name
        assert one["labels"]["severity"] in ("critical", "warning")
        page, _, anchor = said["runbook_url"].partition("#")
        assert (page, anchor) == ("docs/runbook.md", name.lower())
        assert anchor in anchors
        used = set(re.findall(r"\$labels\.(\w+)", said["summary"] + said["description"]))
        if name == "SabioProcessDown":
            assert used == {"pod"}
        else:
            by = {
                word
                for words in re.findall(r"by \(([^)]*)\)", one["expr"])
                for word in words.replace(",", " ").split()
            }
            assert used <= by | ({"source"} if name == "SabioSourceNeverSynced" else set()), name


def test_the_runbook_has_a_section_for_each_and_for_no_other_and_says_the_same_things_of_all():
    """What GitHub makes of a heading that is one word is that word in small letters: where alerts lead to."""
    _, *parts = re.split(r"^## (Sabio\w+)\n", RUNBOOK, flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    assert list(sections) == [one["alert"] for one in ALERTS]
    for name, text in sections.items():
        for begins in ("*What people notice.*", "*How to look.*", "*What not to do.*", "*It "):
            assert f"\n{begins}" in text, f"{name}: {begins}"
        assert re.search(r"^1\. |^\*What to do\.\* ", text, re.MULTILINE), name


def test_the_runbook_names_values_and_settings_that_there_are():
    schema = json.loads((SOURCE / "values.schema.json").read_text("utf-8"))
    settings = {setting.key for setting in describe_settings()}
    named = set(re.findall(r"`([a-z]\w*(?:\.\w+)+)`", RUNBOOK))
    assert len(named) > 15
    for word in named - settings:
        assert schema_at(schema, tuple(word.split("."))), word


def test_the_operator_leaves_some_out_labels_all_and_says_where_more_is_said(chart):
    there = rules(chart, EVERYTHING)
    assert {one["alert"] for one in ALERTS} - there.keys() == {"SabioAnswersSlow"}
    for one in there.values():
        assert one["labels"]["team"] == "search"
        assert one["annotations"]["runbook_url"].startswith("https://wiki.acme.com/sabio/alerts#sabio")


def test_what_the_operator_s_prometheus_looks_for_is_on_all_of_them(chart):
    found = of_kind(chart.render(PRODUCTION), "ServiceMonitor", "PodMonitor", "PrometheusRule")
    assert len(found) == 3
    for one in found:
        assert one["metadata"]["labels"]["release"] == "prometheus"
        check(one, "1.37")
