"""Values that are wrong are refused before anything is changed, with their names and with what to do."""

import pytest

from tests.helm.chart import EVERYTHING, EXTERNAL, PRODUCTION, SCALED, SMALL

SLACK = {"slack": {"mode": "http"}}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        # misspelt, and of another type: the schema
        ({"bott": {}}, "bott"),
        ({"bot": {"replica": 2}}, "replica"),
        ({"bot": {"replicas": "two"}}, "/bot/replicas"),
        ({"pods": {"toleration": []}}, "toleration"),
        ({"ledger": {"existingsecret": "x"}}, "existingsecret"),
        ({"ingress": {"enabled": "yes"}}, "/ingress/enabled"),
        ({"workers": {"ingest": {"queues": ["ingst"]}}}, "/workers/ingest/queues/0"),
        ({"workers": {"ingest": {"queues": []}}}, "/workers/ingest/queues"),
        (
            {"workers": {"Night_Shift": {"queues": ["ingest"]}}},
            "at '/workers': additional properties 'Night_Shift'",
        ),
        ({"workers": {"night": {"queues": ["ingest"]}}}, "/workers/night"),
        ({"config": {"sorces": []}}, "at '/config': additional properties 'sorces' not allowed"),
        ({"config": "sources: []"}, "/config"),
        ({"index": {"url": "http://weaviate"}}, "/index/url"),
        ({"image": {"bot": {"digest": "latest"}}}, "/image/bot/digest"),
        ({"networkPolicy": {"dns": {"peers": []}}}, "/networkPolicy/dns/peers"),
        ({"podDisruptionBudget": {"maxUnavailable": 0}}, "/podDisruptionBudget/maxUnavailable"),
        ({"podDisruptionBudget": {"maxUnavailable": "0%"}}, "/podDisruptionBudget/maxUnavailable"),
        ({"pods": {"dataSizeLimit": "4 GB"}}, "/pods/dataSizeLimit"),
        # labels by which selectors know the pods: theirs must stay theirs
        ({"commonLabels": {"app.kubernetes.io/name": "x"}}, "app.kubernetes.io/name"),
        ({"pods": {"labels": {"app.kubernetes.io/component": "x"}}}, "app.kubernetes.io/component"),
        ({"bot": {"labels": {"sabio/worker": "x"}}}, "sabio/worker"),
        # a section that was emptied, which Helm takes for "none of the defaults"
        ({"config": None}, "missing property 'config'"),
        ({"networkPolicy": None}, "missing property 'networkPolicy'"),
        ({"networkPolicy": {"dns": None}}, "missing property 'dns'"),
        ({"bot": {"autoscaling": None}}, "missing property 'autoscaling'"),
        ({"alerts": {"disabled": ["SabioSlow"]}}, "/alerts/disabled/0"),
        (
            {"secrets": {"values": {"GIT-TOKEN": "x"}}},
            "at '/secrets/values': additional properties 'GIT-TOKEN'",
        ),
        ({"weaviate": {"enabled": "true"}}, "/weaviate/enabled"),
        ({"fullnameOverride": "1st"}, "`1st`: a Service's name begins with a letter"),
        # what is missing
        ({"ledger": {"existingSecret": ""}}, "`ledger.existingSecret` is not set: name the Secret"),
        ({"queue": {"existingSecret": ""}}, "there is no queue: set `valkey.enabled: true`"),
        ({"index": {"url": ""}}, "there is no index: set `weaviate.enabled: true`"),
        ({"valkey": {"enabled": True}, "queue": {}}, "/valkey/auth/usersExistingSecret"),
        (
            {"weaviate": {"enabled": True}, "index": {}},
            "`weaviate.envSecrets.AUTHENTICATION_APIKEY_ALLOWED_KEYS` is not set",
        ),
        ({"ingress": {"enabled": True}, "config": SLACK}, "`ingress.host` is not set"),
        ({"ingress": {"enabled": True, "host": "a.b"}}, "there is nothing to reach"),
        ({"workers": {"default": None}}, "nobody takes messages from the queue `default`"),
        # what excludes each other
        ({"valkey": SMALL["valkey"]}, "`valkey.enabled` and `queue.existingSecret` exclude each other"),
        ({"weaviate": SMALL["weaviate"]}, "`weaviate.enabled` and `index.url` exclude each other"),
        (
            {"weaviate": SMALL["weaviate"], "index": {"existingSecret": "x"}},
            "`index.existingSecret` is for a Weaviate elsewhere",
        ),
        (
            {"secrets": {"existingSecret": "a", "values": {"B": "c"}}},
            "`secrets.existingSecret` and `secrets.values` exclude",
        ),
        (
            {"bot": {"replicas": 2, "autoscaling": {"enabled": True}}},
            "`bot.replicas` and `bot.autoscaling.enabled` exclude",
        ),
        (
            {"bot": {"autoscaling": {"enabled": True, "minReplicas": 9}}},
            "`bot.autoscaling.minReplicas` is above",
        ),
        (
            {"workers": {"ingest": {"replicas": 0, "autoscaling": SCALED}}},
            "`workers.ingest.replicas` and `workers.ingest.autoscaling.enabled` exclude",
        ),
        (
            {"workers": {"ingest": {"autoscaling": {**SCALED, "minReplicas": 5}}}},
            "`workers.ingest.autoscaling.minReplicas` is above",
        ),
        ({"workers": {"ingest": {"autoscaling": SCALED}}}, "needs `queue.keda.address`"),
        ({"alerts": {"enabled": True}}, "`alerts.enabled` needs `monitoring.enabled`"),
        ({"valkey": {**SMALL["valkey"], "tls": {"enabled": True}}, "queue": {}}, "`valkey.tls.enabled`"),
        ({"pods": {"extraEnv": [{"name": "SABIO_LEDGER", "value": "x"}]}}, "`extraEnv` sets SABIO_LEDGER"),
        (
            {"pods": {"extraEnv": [{"name": "A", "value": "x"}]}, "bot": {"extraEnv": [{"name": "A"}]}},
            "`extraEnv` sets A",
        ),
    ],
)
def test_it_is_named(chart, values, message):
    assert message in chart.refusal(EXTERNAL, **values)


def test_all_that_is_wrong_is_told_at_once(chart):
    said = chart.refusal({"config": {"data": "/srv", "llm_api_key": "sk-1"}})
    for word in (
        "ledger.existingSecret",
        "there is no queue",
        "there is no index",
        "config.data",
        "config.llm_api_key",
    ):
        assert word in said


# Secrets in plain

PLAIN = "hunter2-in-plain"


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"llm_api_key": PLAIN}, "config.llm_api_key"),
        ({"llm_api_key": f"$${{{PLAIN}}}"}, "config.llm_api_key"),
        ({"llm_api_key": "$NAME" + PLAIN}, "config.llm_api_key"),
        ({"llm_options": {"api_key": PLAIN}}, "config.llm_options.api_key"),
        ({"reranker_options": {"secrets": {"a": [PLAIN]}}}, "config.reranker_options.secrets.a[0]"),
        ({"reranker_options": {"token": 12345678}}, "config.reranker_options.token"),
        ({"slack": {"bot_token": PLAIN}}, "config.slack.bot_token"),
        ({"teams": {"app_password": PLAIN}}, "config.teams.app_password"),
        ({"sources": [{"name": "wiki", "type": "confluence", "token": PLAIN}]}, "config.sources.wiki.token"),
        ({"sources": [{"type": "git", "password": PLAIN}]}, "config.sources[0].password"),
        ({"sources": [{"name": "s3", "secret_access_key": PLAIN}]}, "config.sources.s3.secret_access_key"),
        ({"sources": [{"name": "drive", "credentials": PLAIN}]}, "config.sources.drive.credentials"),
        (
            {"sources": [{"name": "git", "repository": f"https://sabio:{PLAIN}@git.acme.com/a.git"}]},
            "config.sources.git.repository",
        ),
    ],
)
def test_a_secret_in_plain_is_refused_and_not_said_again(chart, config, where):
    said = chart.refusal(EXTERNAL, config=config)
    assert f"`{where}` holds a " in said
    assert "write `${NAME}`" in said
    assert PLAIN not in said


@pytest.mark.parametrize(
    "config",
    [
        {"llm_api_key": "${OPENAI_API_KEY}"},
        {"llm_api_key": "Bearer ${OPENAI_API_KEY}"},
        {"llm_api_key": ""},
        {"llm_api_key": None},
        {"llm_options": {"max_tokens": 100, "token": False}},
        {"sources": [{"name": "drive", "type": "gdrive", "credentials": "/etc/sabio-keys/drive.json"}]},
        {
            "sources": [
                {"name": "git", "type": "git", "repository": "https://sabio:${TOKEN}@git.acme.com/a.git"}
            ]
        },
        {"sources": [{"name": "git", "type": "git", "repository": "https://sabio@git.acme.com:8443/a.git"}]},
    ],
)
def test_a_reference_a_path_and_nothing_at_all_are_no_secret_in_plain(chart, config):
    assert chart.render(EXTERNAL, config=config)


def test_the_servers_of_the_subcharts_refuse_what_upstream_does_not_document(chart):
    assert "authh" in chart.refusal({**SMALL, "valkey": {**SMALL["valkey"], "authh": {}}})
    assert "replica" in chart.refusal({**SMALL, "weaviate": {**SMALL["weaviate"], "replica": 3}})


@pytest.mark.parametrize("version", ["1.30.9", "1.20.0"])
def test_a_kubernetes_that_is_too_old_is_refused(chart, version):
    with pytest.raises(Exception, match="kubeVersion"):
        chart.render(PRODUCTION, "--kube-version", version)
    assert chart.render(EVERYTHING, "--kube-version", "1.31.0")
