"""What the chart writes is what Sabio reads: its configuration, and where the three servers are."""

from urllib.parse import urlsplit

import pytest

from config.secrets import _SECRET_KEY
from config.settings import Settings, warnings
from ingest.index._weaviate_address import read_address
from ingest.knowledge import KnowledgeBase
from tests.helm.chart import (
    EVERYTHING,
    EXTERNAL,
    PRODUCTION,
    SMALL,
    SOURCE,
    component,
    named,
    of_kind,
    ours,
    templates,
)
from tests.helm.environment import environment, settings


def configured(objects):
    return [(name, one) for name, one in templates(ours(objects)) if component(one) != "migrate"]


def test_every_pod_reads_its_configuration_without_a_problem(objects, tmp_path):
    for name, template in configured(objects):
        read = settings(objects, template, tmp_path)
        assert (str(read.data), read.server.host, read.log.format) == ("/var/lib/sabio", "0.0.0.0", "json"), (
            name
        )
        assert warnings(environment(template).variables, read) == []
        assert read.ledger.startswith("postgresql://")
        KnowledgeBase(read).close()  # the options of every source are right


def test_the_servers_that_the_chart_starts_are_where_sabio_looks_for_them(chart, tmp_path):
    for values in (SMALL, EVERYTHING):
        objects = chart.render(values)
        services = {one["metadata"]["name"]: one["spec"] for one in of_kind(objects, "Service")}

        def listens(host, port, services=services):
            return any(one["port"] == port for one in services[host]["ports"])

        for _, template in configured(objects):
            read = settings(objects, template, tmp_path)
            queue, index = urlsplit(read.queue), read_address(read.index)
            assert listens(queue.hostname, queue.port)
            assert (queue.username, queue.password) == ("default", "invented3")
            assert listens(index.host, index.port)
            assert listens(index.grpc_host, index.grpc_port)
            assert not index.tls
            assert read.weaviate_api_key == "invented3"
            assert "invented3" in read.secrets  # so it is masked wherever it would be told


@pytest.mark.parametrize("release", ["kb", "valkey", "my-valkey-release"])
def test_the_name_of_the_chart_s_valkey_follows_that_of_the_release(chart, release):
    objects = chart.render(SMALL, release=release)
    [service] = [one for one in of_kind(objects, "Service") if one["spec"]["ports"][0]["name"] == "tcp"]
    bot = next(one for _, one in templates(ours(objects)) if component(one) == "bot")
    assert urlsplit(environment(bot).variables["SABIO_QUEUE"]).hostname == service["metadata"]["name"]


def test_another_name_and_port_of_the_subcharts_are_followed(chart):
    values = {
        **SMALL,
        "valkey": {**SMALL["valkey"], "fullnameOverride": "queue", "service": {"port": 6380}},
        "weaviate": {
            **SMALL["weaviate"],
            "service": {"name": "index", "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]},
            "grpcService": {
                "name": "index-grpc",
                "ports": [{"name": "grpc", "port": 50052, "protocol": "TCP"}],
            },
        },
    }
    said = environment(
        named(chart.render(values), "Deployment", "kb-sabio-bot")["spec"]["template"]
    ).variables
    assert said["SABIO_QUEUE"] == "redis://default:${VALKEY_PASSWORD}@queue:6380/0"
    assert said["SABIO_INDEX"] == "weaviate://index:8080?grpc_host=index-grpc&grpc=50052"


def test_values_that_yaml_could_misread_arrive_as_they_were_written(chart, tmp_path):
    words = ["yes", "no", "on", "22:30", "2026-01-01", "0x10", "1e6", "null", "~", "012", "#", "a: b"]
    config = {
        "admins": ["domain:no.example"],
        "parsing": {"max_mb": 10_000_000},
        "spend": {"price_in": 0.15, "per_day": 1_000_000},
        "llm_options": {f"word{number}": word for number, word in enumerate(words)},
        "tone": "It's “brief”: {{ not a template }} and $${NOT_A_REFERENCE}",
    }
    objects = chart.render(EXTERNAL, config=config)
    read = settings(objects, named(objects, "Deployment", "kb-sabio-bot")["spec"]["template"], tmp_path)
    assert list(read.llm_options.values()) == words
    assert (read.parsing.max_mb, read.spend.price_in, read.spend.per_day) == (10_000_000, 0.15, 1_000_000)
    assert read.tone == "It's “brief”: {{ not a template }} and ${NOT_A_REFERENCE}"


def test_logs_are_for_programs_unless_the_operator_says_otherwise(chart, tmp_path):
    objects = chart.render(EXTERNAL, config={"log": {"format": "console"}})
    read = settings(objects, named(objects, "Deployment", "kb-sabio-bot")["spec"]["template"], tmp_path)
    assert (read.log.format, read.log.level) == ("console", "info")


def test_the_chart_takes_the_same_keys_for_secrets_as_sabio():
    text = (SOURCE / "templates" / "_checks.tpl").read_text("utf-8")
    assert f"(?i){_SECRET_KEY.pattern}\n" in text


def test_the_chart_refuses_every_setting_that_it_sets_itself(chart):
    told = {
        variable.removeprefix("SABIO_").split("__")[0].lower()
        for variable in environment(
            named(chart.render(PRODUCTION), "Deployment", "kb-sabio-bot")["spec"]["template"]
        ).variables
        if variable.startswith("SABIO_")
    } - {"config"}
    assert told <= Settings.model_fields.keys()
    for setting in {*told, "models"}:
        assert f"`config.{setting}` is set by the chart" in chart.refusal(EXTERNAL, config={setting: "x"})
