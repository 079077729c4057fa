"""Objects held against what Kubernetes says of them, in three of its versions, and against `crds.py`."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from kubernetes_validate import utils
from referencing import Registry, Resource

from tests.helm.chart import Object
from tests.helm.crds import CRDS

KUBERNETES = ("1.31", "1.34", "1.37")
"""The oldest that Chart.yaml names, one between, and the newest that there are schemas of."""


def check(one: Object, version: str) -> None:
    """Raise `jsonschema.ValidationError` for an object that is not as it is described, or has more than that.

    As `kubernetes_validate.validate(…, strict=True)`, which reads all definitions anew for each object.
    """
    _validator(one["apiVersion"], one["kind"], version).validate(one)


@cache
def _validator(api_version: str, kind: str, version: str) -> Draft202012Validator:
    if schema := CRDS.get(f"{api_version}/{kind}"):
        return Draft202012Validator(schema)
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    schema = _read(f"{kind.lower()}-{group}", version)
    return Draft202012Validator(schema, registry=_definitions(version))


@cache
def _definitions(version: str) -> Registry[Any]:
    return Resource.from_contents(_read("_definitions", version)) @ Registry()


def _read(name: str, version: str) -> dict[str, Any]:
    [folder] = {one for one in utils.all_versions() if utils.major_minor(one) == version}
    read: dict[str, Any] = utils.schema_contents(
        f"kubernetes-json-schema/v{folder}-local-strict/{name}.json", version
    )
    return read
