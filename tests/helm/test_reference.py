"""The values are documented, all of them, and nothing else may be said."""

import json
import re

import yaml

from config.settings import Settings
from tests.helm import reference
from tests.helm.chart import SETS, SOURCE
from workers.app import QUEUES

SCHEMA = json.loads((SOURCE / "values.schema.json").read_text("utf-8"))
SUBCHARTS = ("valkey", "weaviate")
KUBERNETES_OWN = {"requests", "limits", "claims", "name", "value", "valueFrom"}
"""Keys whose meaning is not ours to tell."""


def test_the_page_is_as_the_values_are():
    page = (SOURCE / "README.md").read_text("utf-8")
    assert page == reference.readme(page), "run python -m tests.helm.reference"


def test_the_schema_says_what_the_values_say():
    schema = (SOURCE / "values.schema.json").read_text("utf-8")
    assert schema == reference.with_descriptions(schema), "run python -m tests.helm.reference"


def described(node, path=()):
    """Every value of ours, with what describes it."""
    node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    for key, value in node.get("properties", {}).items():
        if not path and key in SUBCHARTS:
            continue
        yield (*path, key), value
        yield from described(value, (*path, key))
    for value in node.get("patternProperties", {}).values():
        yield from described(value, (*path, "NAME"))


def test_every_value_has_a_meaning():
    for path, node in described(SCHEMA):
        if path[-1] not in KUBERNETES_OWN:
            assert node.get("description", "").endswith("."), path


def objects_of(node):
    if isinstance(node, dict):
        if "properties" in node and node.get("type") == "object":
            yield node
        for key, value in node.items():
            if key not in SUBCHARTS and key not in ("if", "then"):
                yield from objects_of(value)


def test_nothing_may_be_said_that_is_not_described():
    objects = list(objects_of(SCHEMA))
    assert len(objects) > 20
    for node in objects:
        assert node["additionalProperties"] is False


def test_every_value_with_a_default_stands_in_the_file_and_has_a_comment():
    said = reference.comments((SOURCE / "values.yaml").read_text("utf-8"))
    values = yaml.safe_load((SOURCE / "values.yaml").read_text("utf-8"))
    assert {path[0] for path in said} == values.keys()
    top = SCHEMA["properties"].keys() - {"global"}
    assert values.keys() == top


def test_sabios_own_words_in_the_schema_are_sabios():
    assert list(SCHEMA["properties"]["config"]["properties"]) == list(Settings.model_fields)
    queues = SCHEMA["$defs"]["worker"]["properties"]["queues"]["items"]["enum"]
    assert tuple(queues) == QUEUES
    checks = (SOURCE / "templates" / "_checks.tpl").read_text("utf-8")
    assert "range $queue := list " + " ".join(f'"{name}"' for name in QUEUES) in checks


def test_the_examples_of_the_folder_are_all_rendered():
    files = {file.name.removesuffix("-values.yaml") for file in (SOURCE / "ci").glob("*.yaml")}
    assert files == {"small", "production", "everything"} <= SETS.keys()


def test_every_value_named_on_the_page_exists():
    page = (SOURCE / "README.md").read_text("utf-8").partition("<!-- values -->")[0]
    ends = {".".join(path) for path, _ in described(SCHEMA)} | {"valkey.enabled", "weaviate.enabled"}
    for name in re.findall(r"`([a-z][A-Za-z]+(?:\.[A-Za-z]+)+)`", page):
        if name.partition(".")[0] in SCHEMA["properties"] and not name.endswith((".md", ".yaml")):
            assert name in ends, name
