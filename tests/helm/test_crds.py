"""What is known of other kinds of objects can be told to an API server, and says the same there."""

import pytest

from tests.helm.crds import CRDS, definitions
from tests.helm.schemas import KUBERNETES, check


def schemas(schema):
    """A schema, and those within it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for one in inner:
        if isinstance(one, dict):
            yield from schemas(one)


@pytest.mark.parametrize("version", KUBERNETES)
def test_each_definition_is_as_kubernetes_describes_it(version):
    for one in definitions():
        check(one, version)


def test_each_kind_is_defined_under_the_name_that_its_address_has():
    found = {
        f"{one['spec']['group']}/{version['name']}/{one['spec']['names']['kind']}": one["metadata"]["name"]
        for one in definitions()
        for version in one["spec"]["versions"]
    }
    assert found.keys() == CRDS.keys()
    assert found["keda.sh/v1alpha1/ScaledObject"] == "scaledobjects.keda.sh"


def test_no_schema_has_what_an_api_server_does_not_take_and_none_has_lost_a_field():
    for one in definitions():
        [version] = one["spec"]["versions"]
        told = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        ours = CRDS[f"{one['spec']['group']}/{version['name']}/{one['spec']['names']['kind']}"]
        pairs = zip(schemas(told), schemas(ours["properties"]["spec"]), strict=True)
        for there, here in pairs:
            assert there["type"] in ("object", "array", "string", "integer")
            assert "const" not in there
            assert there.get("enum") == here.get("enum", [here["const"]] if "const" in here else None)
            # Both at once are refused, and `false` is what the server does by itself.
            assert there.get("additionalProperties") is not False
            assert not {"properties", "additionalProperties"} <= there.keys()
            same = ("required", "pattern", "minLength", "minimum", "minItems")
            assert {word: there.get(word) for word in same} == {word: here.get(word) for word in same}
