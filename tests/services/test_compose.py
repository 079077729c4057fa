"""`compose.yaml` offers Sabio and what the tests use, to this machine and to nobody without the secrets."""

import re
from pathlib import Path
from urllib.error import HTTPError

import pytest
import yaml

from bot.running import PORTS
from config.settings import load_settings
from tests.image.dockerfile import read
from tests.services import Redis, Weaviate
from tests.services.program import VERSION

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(TEXT)["services"]
SERVERS = ("postgres", "redis", "weaviate")
PROCESSES = {"serve": "sabio-bot", "work": "sabio-worker", "beat": "sabio-bot"}
SECRETS = {"POSTGRES_PASSWORD": "p-secret", "REDIS_PASSWORD": "r-secret", "WEAVIATE_API_KEY": "w-secret"}


def filled(value: str) -> str:
    """As compose fills in what `.env` says."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda found: SECRETS[found[1]], value)


def test_the_servers_are_the_three_that_the_tests_use_beside_the_three_processes():
    assert set(SERVICES) == {*SERVERS, *PROCESSES}
    assert SERVICES["weaviate"]["image"] == f"cr.weaviate.io/semitechnologies/weaviate:{VERSION}"


@pytest.mark.parametrize("service", SERVERS)
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
    ports = [port.split(":")[1] for service in SERVERS for port in SERVICES[service]["ports"]]
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


@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_runs_in_its_image_confined_and_once_the_servers_are_there(process):
    described = SERVICES[process]
    assert (described["image"], described["command"]) == (PROCESSES[process], [process])
    assert described["read_only"]
    assert described["tmpfs"] == ["/tmp"]
    assert described["cap_drop"] == ["ALL"]
    assert described["security_opt"] == ["no-new-privileges:true"]
    assert described["init"]
    assert described["restart"] == "unless-stopped"
    assert set(described["depends_on"]) == set(SERVERS)
    assert all(port.startswith("127.0.0.1:") for port in described.get("ports", []))
    if build := described.get("build"):
        assert f"sabio-{build['target']}" == described["image"]
        assert build["target"] in read((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def test_every_image_of_sabio_is_built_by_somebody():
    built = {each["image"] for each in SERVICES.values() if "build" in each}
    assert built == set(PROCESSES.values())


def test_the_beat_is_asked_for_its_health_where_it_answers():
    stages = read((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    (port,) = [step.pairs["SABIO_SERVER__PORT"] for step in stages["runtime"].all("ENV")]
    *_, code = SERVICES["beat"]["healthcheck"]["test"]
    compile(code, "compose.yaml", "exec")
    assert f"'127.0.0.1', {int(port) + PORTS['beat']}" in code
    assert SERVICES["serve"]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_processes_are_told_the_servers_by_their_names_and_know_the_secrets_as_such(tmp_path):
    (tmp_path / "sabio.yaml").write_text("ledger: postgresql://sabio:x@127.0.0.1/other", encoding="utf-8")
    told = {name: value.replace("$$", "$") for name, value in SERVICES["work"]["environment"].items()}
    settings = load_settings(tmp_path / "sabio.yaml", environ=SECRETS | told)
    assert settings.ledger == "postgresql://sabio:p-secret@postgres:5432/sabio"
    assert settings.queue == "redis://:r-secret@redis:6379/0"
    assert settings.index == "weaviate://weaviate:8080?grpc=50051"
    assert settings.weaviate_api_key == "w-secret"
    assert set(SECRETS.values()) <= settings.secrets


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
