"""What is used of four kinds of objects that Kubernetes does not know by itself, as JSON schemas.

From the API references of the Prometheus operator (monitoring.coreos.com/v1) and of KEDA (keda.sh/v1alpha1),
for the fields that the chart writes; others are refused, so that a misspelt one is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
SECONDS: Schema = {"type": "integer", "minimum": 0}
DURATION: Schema = {"type": "string", "pattern": r"^([0-9]+(ms|[smhdwy]))+$"}


def mapping(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def listing(items: Schema) -> Schema:
    """A list that is not empty."""
    return {"type": "array", "items": items, "minItems": 1}


def kind(spec: Schema) -> Schema:
    """A whole object."""
    about = mapping(("name",), name=TEXT, labels=TEXTS, annotations=TEXTS)
    return mapping(
        ("apiVersion", "kind", "metadata", "spec"), apiVersion=TEXT, kind=TEXT, metadata=about, spec=spec
    )


SELECTOR = mapping(
    matchLabels=TEXTS,
    matchExpressions=listing(
        mapping(
            ("key", "operator"),
            key=TEXT,
            operator={"enum": ["In", "NotIn", "Exists", "DoesNotExist"]},
            values=listing(TEXT),
        )
    ),
)
ENDPOINT = mapping(port=TEXT, path=TEXT, interval=DURATION)
RULE = mapping(
    ("alert", "expr"),
    **{"alert": TEXT, "expr": TEXT, "for": DURATION, "labels": TEXTS, "annotations": TEXTS},
)
TRIGGER = mapping(
    ("type", "metadata"),
    type={"const": "redis"},
    metadata=mapping(
        ("address", "listName", "listLength"),
        address={"type": "string", "pattern": r"^[^:/@]+:\d+$"},
        listName=TEXT,
        # All of it is text there.
        listLength={"type": "string", "pattern": r"^\d+$"},
        databaseIndex={"type": "string", "pattern": r"^\d+$"},
        enableTLS={"enum": ["true", "false"]},
        username=TEXT,
    ),
    authenticationRef=mapping(("name",), name=TEXT),
)

CRDS: dict[str, Schema] = {
    "monitoring.coreos.com/v1/ServiceMonitor": kind(
        mapping(("selector", "endpoints"), jobLabel=TEXT, selector=SELECTOR, endpoints=listing(ENDPOINT))
    ),
    "monitoring.coreos.com/v1/PodMonitor": kind(
        mapping(
            ("selector", "podMetricsEndpoints"),
            jobLabel=TEXT,
            selector=SELECTOR,
            podMetricsEndpoints=listing(ENDPOINT),
        )
    ),
    "monitoring.coreos.com/v1/PrometheusRule": kind(
        mapping(("groups",), groups=listing(mapping(("name", "rules"), name=TEXT, rules=listing(RULE))))
    ),
    "keda.sh/v1alpha1/ScaledObject": kind(
        mapping(
            ("scaleTargetRef", "triggers"),
            scaleTargetRef=mapping(("name",), apiVersion=TEXT, kind=TEXT, name=TEXT),
            pollingInterval=SECONDS,
            cooldownPeriod=SECONDS,
            minReplicaCount=SECONDS,
            maxReplicaCount={"type": "integer", "minimum": 1},
            advanced=mapping(
                horizontalPodAutoscalerConfig=mapping(
                    behavior=mapping(scaleDown=mapping(stabilizationWindowSeconds=SECONDS))
                )
            ),
            triggers=listing(TRIGGER),
        )
    ),
    "keda.sh/v1alpha1/TriggerAuthentication": kind(
        mapping(
            secretTargetRef=listing(
                mapping(("parameter", "name", "key"), parameter=TEXT, name=TEXT, key=TEXT)
            )
        )
    ),
}


def definitions() -> Iterator[Schema]:
    """The same as an API server takes it, one object for each kind.

    It has no schemas without a type, no `const`, and refuses unknown fields by itself where Helm asks it to.
    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
    """
    for name, schema in CRDS.items():
        group, version, kind_ = name.split("/")
        names = {"kind": kind_, "singular": kind_.lower(), "plural": f"{kind_.lower()}s"}
        described = _structural(schema["properties"]["spec"])
        whole = {"type": "object", "required": ["spec"], "properties": {"spec": described}}
        served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": whole}}
        yield {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{names['plural']}.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [served]},
        }


def _structural(schema: Schema) -> Schema:
    """The schema in the dialect of `openAPIV3Schema`."""
    if "const" in schema:
        return {"type": "string", "enum": [schema["const"]]}
    told = {"type": "string"} | schema
    if told.get("additionalProperties") is False:
        del told["additionalProperties"]
    if "properties" in told:
        told["properties"] = {name: _structural(one) for name, one in told["properties"].items()}
    for inner in ("items", "additionalProperties"):
        if inner in told:
            told[inner] = _structural(told[inner])
    return told
