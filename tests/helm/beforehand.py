"""What helm/ci's values name and the chart does not make: an operator has it there beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

There = list[tuple[str, str, dict[str, Any]]]
"""Objects of `v1`, each by its kind, its name and its content."""


def _secret(name: str, *keys: str) -> tuple[str, str, dict[str, Any]]:
    return ("secrets", name, {"stringData": dict.fromkeys(keys, "invented")})


_SHARE = {
    "accessModes": ["ReadOnlyMany"],
    "storageClassName": "",
    "resources": {"requests": {"storage": "1Gi"}},
}

BEFOREHAND: Mapping[str, There] = {
    "small": [
        _secret(
            "sabio",
            *("SABIO_LEDGER", "VALKEY_PASSWORD", "AUTHENTICATION_APIKEY_ALLOWED_KEYS"),
            *("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"),
        )
    ],
    "production": [
        _secret("sabio", "OPENAI_API_KEY", "CONFLUENCE_TOKEN", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
        _secret("sabio-db-app", "uri"),
        _secret("sabio-queue", "address"),
        _secret("sabio-index", "SABIO_WEAVIATE_API_KEY"),
        _secret("sabio-drive", "drive.json"),
        _secret("registry", ".dockerconfigjson"),
        _secret("sabio-tls", "tls.crt", "tls.key"),
    ],
    "everything": [
        _secret("ledger", "address"),
        _secret("ledger-ca", "ca.crt"),
        _secret("kb-valkey", "VALKEY_PASSWORD"),
        _secret("weaviate", "AUTHENTICATION_APIKEY_ALLOWED_KEYS"),
        _secret("one", ".dockerconfigjson"),
        _secret("two", ".dockerconfigjson"),
        ("configmaps", "proxies", {"data": {"NO_PROXY": "svc"}}),
        ("persistentvolumeclaims", "share", {"spec": _SHARE}),
    ],
}
"""By the file of helm/ci, without `-values`."""
