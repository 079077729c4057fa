"""`compose.yaml` offers what the tests use, to this machine only, and to nobody without the secrets."""

import re
from pathlib import Path
from urllib.error import HTTPError

import pytest
import yaml

from config.settings import load_settings
from tests.services import Redis, Weaviate
from tests.services.program import VERSION

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(TEXT)["services"]
SECRETS = {"POSTGRES_PASSWORD": "p-secret", "REDIS_PASSWORD": "r-secret", "WEAVIATE_API_KEY": "w-secret"}


def filled(value: str) -> str:
    """As compose fills in what `.env` says."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda found: SECRETS[found[1]], value)


def test_the_servers_are_the_three_that_the_tests_use():
    assert set(SERVICES) == {"postgres", "redis", "weaviate"}
    assert SERVICES["weaviate"]["image"] == f"cr.weaviate.io/semitechnologies/weaviate:{VERSION}"


@pytest.mark.parametrize("service", SERVICES)
def test_each_is_watched_keeps_its_data_and_is_reachable_from_this_machine_only(service):
    described = SERVICES[service]
    assert described["ports"]
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in described["ports"])
    assert described["healthcheck"]["test"]
    [volume] = described["volumes"]
    assert volume.split(":")[0] in yaml.safe_load(TEXT)["volumes"]
    assert described["restart"] == "unless-stopped"


def test_compose_does_not_start_without_the_secrets_and_holds_none():
    for secret in SECRETS:
        assert f"${{{secret}:?" in TEXT
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_settings_that_it_tells_reach_the_ports_that_it_opens(tmp_path):
    told = re.findall(r"^#      (\w+: .*)$", TEXT, re.MULTILINE)
    (tmp_path / "sabio.yaml").write_text("\n".join(told))
    settings = load_settings(tmp_path / "sabio.yaml", environ=SECRETS)
    ports = [
        port.split(":")[1]
        for service in ("postgres", "redis", "weaviate")
        for port in SERVICES[service]["ports"]
    ]
    assert re.findall(
        r"127\.0\.0\.1:(\d+)|grpc=(\d+)", f"{settings.ledger} {settings.queue} {settings.index}"
    ) == [
        (ports[0], ""),
        (ports[1], ""),
        (ports[2], ""),
        ("", ports[3]),
    ]
    assert settings.weaviate_api_key == "w-secret"
    assert "p-secret" in settings.ledger


class ComposedWeaviate(Weaviate):
    """With the environment of compose, but for its places on this machine."""

    def environment(self):
        ours = super().environment()
        composed = {key: filled(value) for key, value in SERVICES["weaviate"]["environment"].items()}
        return ours | composed | {"PERSISTENCE_DATA_PATH": ours["PERSISTENCE_DATA_PATH"]}


def test_the_weaviate_of_compose_serves_those_who_have_its_key_only(weaviate_server, tmp_path):
    server = ComposedWeaviate.start(tmp_path / "weaviate")
    with pytest.raises(HTTPError) as refused:
        server.ask("GET", "/schema")
    assert refused.value.code == 401
    with pytest.raises(HTTPError) as refused:
        server.ask("GET", "/schema", key="another key")
    assert refused.value.code == 401
    server.ask("POST", "/schema", {"class": "Passages"}, key="w-secret")
    assert [found["class"] for found in server.ask("GET", "/schema", key="w-secret")["classes"]] == [
        "Passages"
    ]
    server.drop()


class ComposedRedis(Redis):
    """With the command of compose, but for its places on this machine."""

    def command(self):
        _, *options = (filled(word) for word in SERVICES["redis"]["command"])
        return [
            self.find_program(),
            *options,
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.ports["port"]),
            "--dir",
            str(self.data),
        ]

    def address_of(self, number):
        return super().address_of(number).replace("//", "//:r-secret@")


def test_the_redis_of_compose_serves_those_who_have_its_password_only(redis_server, tmp_path):
    from redis import Redis as Client
    from redis.exceptions import AuthenticationError

    server = ComposedRedis.start(tmp_path / "redis")
    with Client.from_url(server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
    with Client.from_url(server.url.replace(":r-secret@", "")) as client, pytest.raises(AuthenticationError):
        client.ping()
    server.drop()
