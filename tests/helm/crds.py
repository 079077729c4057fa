"""What is used of four kinds of objects that Kubernetes does not know by itself, as JSON schemas.

From the API references of the Prometheus operator (monitoring.coreos.com/v1) and of KEDA (keda.sh/v1alpha1),
for the fields that the chart writes; others are refused, so that a misspelt one is.
"""

from __future__ import annotations

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
