"""What two of the chart's sets of values need to work here: real servers, an operator's Secrets, and pages.

What is not as in helm/ci: a claim with `PAGES` is a source, in place of what is in Git; Slack is the fake;
leases end sooner; `helm test` asks what the pages answer. In production a script is the model, and the index
keeps one copy, for it is one node; its other two sources cannot be reached.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.settings import EXAMPLE
from tests.helm.chart import PRODUCTION, SMALL, Values
from tests.helm.containers import Peers
from tests.models.server import KEY as MODEL_KEY
from tests.models.server import ModelServer
from tests.services import Redis, Weaviate
from tests.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack

PASSWORD, KEY = "invented1", "invented2"
PAGES = ("wiki/people/remote-work.md", "wiki/personas/vacaciones.md", "drive/finance/purchasing-policy.docx")
QUESTION = "¿Cuántos días de vacaciones se pueden pasar al año siguiente?"
ANSWER = "Se pueden pasar hasta cinco días al año siguiente"

ELSEWHERE: Mapping[str, set[str]] = {"small": set(), "production": {"acme.atlassian.net"}}
"""Whom the processes of each look for in vain."""

Secrets = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Servers:
    """What runs on loopback."""

    ledger: tuple[int, str]
    """The port of PostgreSQL, and the database."""
    redis: Redis
    weaviate: Weaviate
    slack: FakeSlack
    model: ModelServer


def write_pages(folder: Path) -> None:
    """What the source lists: Markdown in two languages, and a document that needs a parser."""
    for page in PAGES:
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLE.parent / "sample" / page, folder / page)


def small(servers: Servers) -> tuple[Values, Secrets, Peers]:
    """Of helm/ci/small-values.yaml: values, Secrets, and where the names lead."""
    secret = {
        "SABIO_LEDGER": _ledger(servers),
        "VALKEY_PASSWORD": PASSWORD,
        "AUTHENTICATION_APIKEY_ALLOWED_KEYS": KEY,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
    }
    peers = {
        "kb-valkey": {6379: servers.redis.ports["port"]},
        "weaviate": {80: servers.weaviate.ports["http"]},
        "weaviate-grpc": {50051: servers.weaviate.ports["grpc"]},
    }
    return _here(SMALL, servers, sources=[]), {"sabio": secret}, {**peers, **_outside(servers)}


def production(servers: Servers) -> tuple[Values, Secrets, Peers]:
    """The same of helm/ci/production-values.yaml."""
    values = _here(PRODUCTION, servers, sources=PRODUCTION["config"]["sources"])
    values["config"] |= {"llm_url": servers.model.url}
    values["index"]["url"] = values["index"]["url"].replace("&replicas=3", "")
    sabio = {
        "OPENAI_API_KEY": MODEL_KEY,
        "CONFLUENCE_TOKEN": "invented3",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "TEAMS_APP_PASSWORD": "invented4",
    }
    secrets = {
        "sabio": sabio,
        "sabio-db-app": {"uri": _ledger(servers)},
        "sabio-queue": {"address": f"redis://:{PASSWORD}@queue.acme.com:6379/0"},
        "sabio-index": {"SABIO_WEAVIATE_API_KEY": KEY},
        "sabio-drive": {"drive.json": json.dumps({"type": "service_account"})},
    }
    peers = {
        "queue.acme.com": {6379: servers.redis.ports["port"]},
        "weaviate.search.svc": {80: servers.weaviate.ports["http"]},
        "weaviate-grpc.search.svc": {50051: servers.weaviate.ports["grpc"]},
    }
    return values, secrets, {**peers, **_outside(servers)}


def _here(values: Values, servers: Servers, sources: Sequence[Any]) -> dict[str, Any]:
    here = deepcopy(dict(values))
    config, pods = here["config"], here.setdefault("pods", {})
    pages = {"name": "pages", "type": "folder", "path": "/srv/pages", "readers": ["everyone"]}
    config["sources"] = [*sources, {**pages, "url": "https://wiki.acme.com/{path}"}]
    config["slack"] = {**config.get("slack", {}), "api_url": servers.slack.api_url}
    config["sync"] = {**config.get("sync", {}), "lease_seconds": 5}
    claim = {"name": "pages", "persistentVolumeClaim": {"claimName": "pages", "readOnly": True}}
    pods["extraVolumes"] = [*pods.get("extraVolumes", []), claim]
    pods["extraVolumeMounts"] = [
        *pods.get("extraVolumeMounts", []),
        {"name": "pages", "mountPath": "/srv/pages"},
    ]
    here["test"] = {"question": QUESTION}
    return here


def _ledger(servers: Servers) -> str:
    return f"postgresql://sabio:sabio@db.acme.com:5432/{servers.ledger[1]}"


def _outside(servers: Servers) -> dict[str, dict[int, int]]:
    """The fakes say of themselves that they are at 127.0.0.1."""
    fakes = (servers.slack.port, urlsplit(servers.model.url).port or 0)
    return {"db.acme.com": {5432: servers.ledger[0]}, "127.0.0.1": {port: port for port in fakes}}
