"""The environment that a pod would have, with invented secrets, and the settings that Sabio reads in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.settings import Settings, load_settings
from tests.helm.chart import Object, named

SECRETS = {
    "SABIO_LEDGER": "postgresql://sabio:invented-1@db.acme.com:5432/sabio",
    "SABIO_QUEUE": "redis://:invented-2@redis.acme.com:6379/0",
}
"""What is in a Secret of the operator's, by the variable; of others, something that is nothing."""


@dataclass(frozen=True)
class Environment:
    """The variables of a pod."""

    variables: Mapping[str, str]
    taken: Mapping[str, Any]
    """Those that come from a Secret: its name and key."""


def environment(template: Object) -> Environment:
    """What the variables of a pod say."""
    said, taken = {}, {}
    for one in template["spec"]["containers"][0]["env"]:
        if "value" in one:
            said[one["name"]] = one["value"]
        else:
            taken[one["name"]] = one["valueFrom"]["secretKeyRef"]
            said[one["name"]] = SECRETS.get(one["name"], "invented3")
    return Environment(said, taken)


def settings(objects: Iterable[Object], template: Object, folder: Path) -> Settings:
    """What Sabio makes of the configuration that a pod mounts. Raises `ConfigError`."""
    [volume] = [one for one in template["spec"]["volumes"] if one["name"] == "config"]
    text = named(objects, "ConfigMap", volume["configMap"]["name"])["data"]["sabio.yaml"]
    file = folder / "sabio.yaml"
    file.write_text(text, "utf-8")
    secrets = dict.fromkeys(re.findall(r"(?<!\$)\$\{(\w+)\}", text), "invented4")
    told = environment(template).variables
    assert told["SABIO_CONFIG"] == "/etc/sabio/sabio.yaml"
    return load_settings(environ={**secrets, **told, "SABIO_CONFIG": str(file)})
