"""What docs/operations.md tells people to type is right, as far as that can be seen without a cluster."""

import re

import yaml

from tests.helm.chart import SOURCE, named, of_kind

GUIDE = (SOURCE.parent / "docs" / "operations.md").read_text("utf-8")
[VALUES] = [
    values
    for block in re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    if "valkey" in (values := yaml.safe_load(block))
]


def test_the_values_of_the_guide_are_installed_with_all_that_they_need(chart):
    objects = chart.render(VALUES)
    assert named(objects, "Deployment", "kb-sabio-bot")
    [config] = [one for one in of_kind(objects, "ConfigMap") if "sabio.yaml" in one["data"]]
    assert [one["name"] for one in yaml.safe_load(config["data"]["sabio.yaml"])["sources"]] == ["handbook"]


def test_the_secret_of_the_guide_has_every_key_that_its_values_ask_for():
    made = set(re.findall(r"--from-literal=([A-Z_]+)=", GUIDE))
    assert made == {
        *("VALKEY_PASSWORD", "AUTHENTICATION_APIKEY_ALLOWED_KEYS"),
        *("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"),
    }
    assert VALUES["weaviate"]["envSecrets"].keys() <= made


def test_images_are_tagged_as_the_chart_looks_for_them():
    version = yaml.safe_load((SOURCE / "Chart.yaml").read_text("utf-8"))["appVersion"]
    tags = re.findall(r"sabio-(?:bot|worker):(\S+)", GUIDE)
    assert len(tags) >= 6
    assert set(tags) == {version}
