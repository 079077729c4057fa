"""The chart renders what Kubernetes takes, for every set of values."""

import copy
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from jsonschema import ValidationError

from tests.helm.chart import EVERYTHING, PRODUCTION, SETS, SMALL, SOURCE, SUBCHARTS, of_kind, ours, templates
from tests.helm.immutable import RECORDED, immutable
from tests.helm.schemas import KUBERNETES, check

PROJECT = tomllib.loads((SOURCE.parent / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.mark.parametrize("name", SETS)
def test_helm_finds_nothing_to_say(chart, name):
    assert "0 chart(s) failed" in chart.lint(SETS[name])


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_as_kubernetes_describes_it(objects, version):
    assert len(objects) > 5
    for one in objects:
        check(one, version)


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("Deployment", lambda one: one["spec"].update(replica=2)),
        ("Deployment", lambda one: one["spec"]["template"]["spec"]["containers"][0].update(liveProbe={})),
        ("NetworkPolicy", lambda one: one["spec"].update(policyTypes="Egress")),
        ("Job", lambda one: one["spec"].update(backoffLimit="4")),
        ("ScaledObject", lambda one: one["spec"].update(minReplicas=1)),
        ("ServiceMonitor", lambda one: one["spec"]["endpoints"][0].update(scrapeInterval="30s")),
        ("PrometheusRule", lambda one: one["spec"]["groups"][0]["rules"][0].pop("expr")),
    ],
)
def test_an_object_that_is_not_is_refused(chart, kind, spoil):
    one = copy.deepcopy(of_kind(chart.render(EVERYTHING), kind)[0])
    check(one, KUBERNETES[-1])
    spoil(one)
    with pytest.raises(
        ValidationError, match=r"replica|liveProbe|array|integer|minReplicas|scrapeInterval|expr"
    ):
        check(one, KUBERNETES[-1])


def test_every_object_has_a_name_of_its_own_that_is_short_enough(objects):
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(names) == len(set(names))
    assert max(len(name) for _, name in names) <= 63


def test_names_stay_short_enough_for_a_release_with_a_long_name(chart):
    long = "a-release-whose-name-is-as-long-as-helm-lets-it-be-53"
    for one in chart.render(EVERYTHING, release=long, fullnameOverride=""):
        assert len(one["metadata"]["name"]) <= 63
        assert all(len(str(value)) <= 63 for value in one["metadata"].get("labels", {}).values())


def test_a_release_whose_name_has_dots_makes_services_that_kubernetes_takes(chart):
    made = ours(chart.render(EVERYTHING, release="acme.search", fullnameOverride=""))
    assert not [one["metadata"]["name"] for one in made if "." in one["metadata"]["name"]]


def test_every_object_of_ours_says_what_it_is_part_of(objects):
    for one in ours(objects):
        labels = one["metadata"]["labels"]
        assert labels.keys() >= {
            "app.kubernetes.io/name",
            "app.kubernetes.io/instance",
            "app.kubernetes.io/version",
            "app.kubernetes.io/managed-by",
            "helm.sh/chart",
        } - ({"helm.sh/chart"} if one["kind"] == "Pod" else set())


def test_labels_of_the_operator_are_on_everything_and_on_every_pod(chart):
    made = ours(chart.render(EVERYTHING))
    assert all(one["metadata"]["labels"]["team"] == "search" for one in made)
    for _, template in templates(made):
        assert (
            template["metadata"]["labels"].items()
            >= {"team": "search", "example.com/tier": "internal"}.items()
        )


def test_the_chart_installs_the_version_that_stands_beside_it(chart):
    about = yaml.safe_load((SOURCE / "Chart.yaml").read_text("utf-8"))
    assert about["appVersion"] == PROJECT["version"]
    images = {
        container["image"]
        for _, pod in templates(ours(chart.render(SMALL)))
        for container in pod["spec"]["containers"]
    }
    assert images == {f"sabio-bot:{PROJECT['version']}", f"sabio-worker:{PROJECT['version']}"}


def test_an_image_can_be_named_by_tag_and_by_digest(chart):
    images = {
        container["image"]
        for _, pod in templates(ours(chart.render(EVERYTHING)))
        for container in pod["spec"]["containers"]
    }
    digest = EVERYTHING["image"]["worker"]["digest"]
    assert images == {"registry.acme.com/sabio-bot:1.2.3", f"registry.acme.com/sabio-worker@{digest}"}


def test_the_oldest_kubernetes_that_is_named_is_one_that_is_tested(chart):
    about = yaml.safe_load((SOURCE / "Chart.yaml").read_text("utf-8"))
    assert about["kubeVersion"] == f">={KUBERNETES[0]}.0-0"


def test_the_stand_ins_are_those_that_the_chart_asks_for():
    wanted = {
        one["name"]: one["version"]
        for one in yaml.safe_load((SOURCE / "Chart.yaml").read_text("utf-8"))["dependencies"]
    }
    there = [yaml.safe_load(file.read_text("utf-8")) for file in SUBCHARTS.glob("*/Chart.yaml")]
    assert {one["name"]: one["version"] for one in there} == wanted


def test_more_manifests_are_filled_in(chart):
    names = {one["metadata"]["name"] for one in of_kind(chart.render(EVERYTHING), "ConfigMap")}
    assert names == {"acme-knowledge", "acme-knowledge-dashboard", "acme-knowledge-more", "kb-as-text"}


@pytest.mark.parametrize("name", ["small", "production", "everything"])
def test_the_notes_name_commands_that_there_are(chart, name):
    notes = chart.notes(SETS[name])
    assert "sabio check" in notes
    assert "sabio manifest slack" in notes
    deployments = {one["metadata"]["name"] for one in of_kind(chart.render(SETS[name]), "Deployment")}
    assert set(re.findall(r"deploy/(\S+)", notes)) <= deployments
    [test] = [one["metadata"]["name"] for one in of_kind(chart.render(SETS[name]), "Pod")]
    assert f"--filter name={test} " in notes
    assert "{{" not in notes


# Upgrades


@pytest.mark.parametrize("name", RECORDED)
def test_an_upgrade_from_the_version_before_changes_nothing_that_cannot_be_changed(chart, name):
    now = immutable(chart.render(SETS[name], "--is-upgrade"))
    gone = RECORDED[name].keys() - now.keys()
    assert not gone, f"{gone}: an upgrade would remove these and make others"
    assert {key: now[key] for key in RECORDED[name]} == RECORDED[name]
    assert now.keys() == RECORDED[name].keys(), (
        "what is new is to be written down: python -m tests.helm.immutable"
    )


def of_version(chart, folder, **versions):
    """What is rendered of the same chart when Chart.yaml says other versions."""
    other = type(chart).assemble(chart.helm, folder)
    file = other.folder / "Chart.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text("utf-8")), **versions}), "utf-8")
    return other.render(PRODUCTION)


def test_another_version_of_chart_or_product_changes_no_selector(chart, tmp_path):
    after = of_version(chart, tmp_path, version="9.9.9", appVersion="9.9.9")
    assert immutable(after) == immutable(chart.render(PRODUCTION))
    assert json.dumps(after).count("9.9.9") > 10


def test_another_version_of_the_chart_alone_starts_no_pod_anew(chart, tmp_path):
    after = of_version(chart, tmp_path, version="9.9.9")
    assert dict(templates(ours(after))).keys() == dict(templates(ours(chart.render(PRODUCTION)))).keys()
    for name, template in templates(ours(after)):
        assert template == dict(templates(ours(chart.render(PRODUCTION))))[name]


def test_pods_start_anew_where_their_configuration_has_changed_and_only_then(chart, tmp_path):
    def pods(**values):
        made = ours(chart.render({**EVERYTHING, **values}))
        return {name: json.dumps(pod) for name, pod in templates(made) if name != "acme-knowledge-migrate"}

    before = pods()
    assert pods(commonLabels={"team": "search"}) == before
    for changed in (
        pods(config={**EVERYTHING["config"], "tone": "brief"}),
        pods(secrets={"values": {**EVERYTHING["secrets"]["values"], "GIT_TOKEN": "another"}}),
    ):
        assert changed.keys() == before.keys()
        assert all(changed[name] != before[name] for name in before)


def test_no_file_of_the_chart_is_longer_than_it_should_be():
    for file in [*SOURCE.glob("templates/**/*"), *Path(__file__).parent.glob("*.py")]:
        if file.is_file():
            assert len(file.read_text("utf-8").splitlines()) <= 300, file.name
