"""The dashboard: about the metrics that there are, all of them, asked for in the way that they are told."""

import json
import re
from itertools import combinations

import pytest
import yaml

from tests.helm.chart import EVERYTHING, EXTERNAL, RELEASE, SOURCE, named, of_kind
from tests.helm.panels import DASHBOARD, PANELS, ROWS, Panel
from tests.services.fixtures import here
from tests.services.prometheus import LABELS, Promtool
from workers.counted import COUNTED
from workers.gauges import GAUGES

TARGETS = [(panel, target) for panel in PANELS for target in panel.targets]
SELECTED = {'namespace=~"$namespace"', 'job=~"$job"'}
LABELS_OF = {name: labels for name, (_, labels) in GAUGES.items()}
LABELS_OF |= {one.metric: (*one.labels, "le") for one in COUNTED.values()}
PROCESS = {
    f"process_{name}"
    for name in ("resident_memory_bytes", "cpu_seconds_total", "open_fds", "start_time_seconds")
}


def each_target(value):
    return value.title if isinstance(value, Panel) else value.ref


def asked(expression):
    """The metrics of an expression, each with what chooses its series."""
    found = re.findall(r"\b([a-z_]+|ALERTS)\{([^}]*)\}", expression)
    return [(metric, set(re.findall(r'\w+=~?"[^"]*"', chosen))) for metric, chosen in found]


def base(metric):
    return re.sub(r"_(?:bucket|count|sum)$", "", metric)


def test_every_metric_of_sabio_has_a_panel_and_every_panel_is_about_metrics_that_there_are():
    used = {base(metric) for _, target in TARGETS for metric, _ in asked(target.expression)}
    told = {one.metric for one in COUNTED.values()} | set(GAUGES)
    assert used - {"up", "ALERTS"} == told | PROCESS


@pytest.mark.parametrize(("panel", "target"), TARGETS, ids=each_target)
def test_whoever_looks_at_one_installation_sees_no_other(panel, target):
    for metric, chosen in asked(target.expression):
        if metric == "ALERTS":  # rules that are not the chart's may bear neither
            assert {'namespace=~"$namespace|"', 'job=~"$job|"'} <= chosen
        else:
            assert chosen >= SELECTED, metric


@pytest.mark.parametrize(("panel", "target"), TARGETS, ids=each_target)
def test_what_all_processes_tell_alike_is_taken_once_and_what_each_counts_is_added_up(panel, target):
    """A gauge summed up would be as large as there are processes, and the rate of one means nothing."""
    text = target.expression
    for metric, _ in asked(text):
        before = text[: text.index(metric)]
        if metric in GAUGES:
            assert re.search(r"\bmax(?: by \([\w, ]+\))? \($|\bmax\($", before), metric
            assert not re.search(r"\b(?:rate|increase|delta)\(", text)
        elif metric.startswith("sabio_"):
            assert re.search(r"\bsum(?: by \([\w, ]+\) \(|\()(?:rate|increase)\($", before), metric
            assert re.search(r"\[\$__(?:rate_interval|range)\]", text), metric


@pytest.mark.parametrize(("panel", "target"), TARGETS, ids=each_target)
def test_labels_are_those_of_the_metric(panel, target):
    for metric, chosen in asked(target.expression):
        if not metric.startswith("sabio_"):
            continue
        known = set(LABELS_OF[base(metric)])
        used = {word.split("=")[0] for word in chosen} - LABELS.keys()
        by = {
            word for words in re.findall(r"by \(([\w, ]+)\)", target.expression) for word in words.split(", ")
        }
        assert used | by <= known, metric
        assert set(re.findall(r"\{\{(\w+)\}\}", target.legend)) <= by


def test_each_panel_says_what_is_normal_and_what_to_do():
    for panel in PANELS:
        said = panel.raw["description"]
        assert re.search(r"[Nn]ormal", said), panel.title
        assert said.endswith("."), panel.title
        assert len(said) < 320, panel.title
    page = (SOURCE.parent / "docs" / "runbook.md").read_text("utf-8")
    for name in re.findall(r"\bSabio[A-Z]\w+", json.dumps(DASHBOARD)):
        assert f"\n## {name}\n" in page


def test_panels_stand_beside_each_other_and_not_upon_each_other():
    boxes = [one["gridPos"] for one in DASHBOARD["panels"]]
    for box in boxes:
        assert 0 <= box["x"] < box["x"] + box["w"] <= 24
    for one, other in combinations(boxes, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)
    ids = [one["id"] for one in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert len({panel.title for panel in PANELS}) == len(PANELS)
    assert len(ROWS) == 6


def test_it_is_imported_under_the_same_name_and_asks_whatever_prometheus_one_chooses():
    assert DASHBOARD["uid"] == "sabio"
    assert "id" not in DASHBOARD  # else an import would look for a dashboard that has it
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in PANELS:
        assert panel.raw["datasource"] == chosen
        assert [one["datasource"] for one in panel.raw["targets"]] == [chosen] * len(panel.targets)
    used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(DASHBOARD["panels"])))
    assert used == variables.keys()


def test_prometheus_can_read_every_expression(tmp_path):
    here(Promtool.find_program)
    rules = [
        {"record": f"panel:{panel.raw['id']}:{target.ref}", "expr": target.filled()}
        for panel, target in TARGETS
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"SUCCESS: {len(TARGETS)} rules found" in Promtool.run("check", "rules", file)


def test_the_chart_gives_it_to_grafana_s_sidecar_as_it_is(chart):
    found = named(chart.render(EVERYTHING), "ConfigMap", "acme-knowledge-dashboard")
    assert json.loads(found["data"]["sabio.json"]) == DASHBOARD
    labels = found["metadata"]["labels"]
    assert (labels["grafana_dashboard"], labels["grafana"]) == ("1", "acme")
    assert found["metadata"]["annotations"] == {"grafana_folder": "Search"}


def test_nobody_gets_one_who_did_not_ask_for_it(chart):
    names = [one["metadata"]["name"] for one in of_kind(chart.render(EXTERNAL), "ConfigMap")]
    assert f"{RELEASE}-sabio" in names
    assert not [name for name in names if "dashboard" in name]
