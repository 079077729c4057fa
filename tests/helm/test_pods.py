"""Every pod is confined, answers for its health, is told what Sabio knows, and shows no secret to anybody."""

import json
import re

import pytest
import typer

from bot.cli import app
from config.settings import Settings
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
from tests.helm.environment import environment
from workers.app import QUEUES


def containers(template):
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def sabio(template):
    """The one container of a pod of ours."""
    [container] = template["spec"]["containers"]
    return container


# The restricted standard: kubernetes.io/docs/concepts/security/pod-security-standards/#restricted


def test_every_pod_keeps_to_the_restricted_standard_also_those_of_the_subcharts(objects):
    for name, template in templates(objects):
        spec = template["spec"]
        pod = spec["securityContext"]
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        assert all("hostPath" not in volume for volume in spec.get("volumes", [])), name
        for container in containers(template):
            own = container["securityContext"]
            both = {**pod, **own}
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            assert not own.get("privileged"), name
            assert both["runAsNonRoot"] is True, name
            assert both["runAsUser"] > 0, name
            assert both["seccompProfile"] == {"type": "RuntimeDefault"}, name
            assert all("hostPort" not in port for port in container.get("ports", [])), name


def test_no_pod_of_ours_can_write_but_to_two_folders_nor_speak_to_kubernetes(objects):
    for name, template in templates(ours(objects)):
        spec, container = template["spec"], sabio(template)
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert (
            spec["securityContext"].items()
            >= {"runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001}.items()
        )
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        assert mounts.keys() == volumes.keys(), name
        writable = {mount["mountPath"] for mount in mounts.values() if not mount.get("readOnly")}
        assert writable == ({"/tmp"} if component(template) == "migrate" else {"/tmp", "/var/lib/sabio"}), (
            name
        )
        for key in ("tmp", "data"):
            assert key not in volumes or "sizeLimit" in volumes[key]["emptyDir"], name


def test_every_container_says_what_it_needs_and_where_its_memory_ends(objects):
    for name, template in templates(objects):
        for container in containers(template):
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
            assert "memory" in container["resources"]["limits"], name


def test_every_process_that_stays_is_watched_as_the_documentation_says(objects):
    for name, template in templates(ours(objects)):
        container = sabio(template)
        probes = {key: value for key, value in container.items() if key.endswith("Probe")}
        if component(template) in ("migrate", "test"):
            assert not probes, name
            assert template["spec"]["restartPolicy"] == "Never"
            continue
        assert {key: probe["httpGet"]["path"] for key, probe in probes.items()} == {
            "startupProbe": "/healthz",
            "livenessProbe": "/healthz",
            "readinessProbe": "/readyz",
        }, name
        [port] = container["ports"]
        assert all(probe["httpGet"]["port"] == port["name"] for probe in probes.values())
        assert all(probe["timeoutSeconds"] == 5 for probe in probes.values())
        assert (probes["livenessProbe"]["periodSeconds"], probes["livenessProbe"]["failureThreshold"]) == (
            10,
            3,
        )
        assert str(port["containerPort"]) == container["args"][container["args"].index("--port") + 1], name


def test_every_command_that_a_pod_starts_is_one_of_sabio(objects):
    command = typer.main.get_command(app)
    started = set()
    for name, template in templates(ours(objects)):
        container = sabio(template)
        assert container["command"] == ["sabio"], name
        context = command.make_context("sabio", list(container["args"]))
        word, one, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        one.make_context(word, rest, parent=context)  # reads every option, and runs nothing
        started.add(word)
    assert started >= {"serve", "work", "beat", "ask"}


def test_every_queue_has_a_worker_and_each_worker_the_image_that_reads_documents(objects):
    taken = set()
    for _, template in templates(ours(objects)):
        container = sabio(template)
        reads = component(template) == "worker"
        assert ("worker" in container["image"]) is reads
        words = container["args"]
        taken |= {words[number + 1] for number, word in enumerate(words) if word == "--queue"}
    assert taken == set(QUEUES)


def test_every_variable_that_a_pod_is_given_is_a_setting(objects):
    for name, template in templates(ours(objects)):
        for variable in sabio(template)["env"]:
            if variable["name"].startswith("SABIO_"):
                place = variable["name"].removeprefix("SABIO_").lower().split("__")
                model = Settings
                if place == ["config"]:
                    continue
                for step in place:
                    assert step in model.model_fields, f"{name}: {variable['name']}"
                    model = model.model_fields[step].annotation


def test_a_variable_that_the_operator_sets_is_there_once(chart):
    for name, template in templates(ours(chart.render(EVERYTHING))):
        names = [variable["name"] for variable in sabio(template)["env"]]
        assert len(names) == len(set(names)), name
        assert ("HTTPS_PROXY" in names) is (component(template) != "migrate"), name


def test_pods_are_what_the_images_are_made_for(chart):
    image = (SOURCE.parent / "Dockerfile").read_text("utf-8")
    told = environment(named(chart.render(SMALL), "Deployment", "kb-sabio-bot")["spec"]["template"]).variables
    assert "USER 10001:10001\n" in image
    assert 'ENTRYPOINT ["sabio"]\n' in image
    assert f"SABIO_DATA={told['SABIO_DATA']} " in image
    assert "SABIO_MODELS=/opt/models " in image  # which no volume of the chart covers
    for _, template in templates(ours(chart.render(EVERYTHING))):
        assert all(not mount["mountPath"].startswith("/opt") for mount in sabio(template)["volumeMounts"])


# Secrets


def test_no_secret_is_in_a_config_map_nor_in_plain_in_a_pod(objects):
    secrets = [value for one in of_kind(objects, "Secret") for value in one["stringData"].values()]
    for one in objects:
        if one["kind"] != "Secret":
            assert not any(secret in json.dumps(one) for secret in secrets)
    for name, template in templates(ours(objects)):
        for variable in sabio(template)["env"]:
            value = variable.get("value", "")
            assert not re.search(r"://[^/@]*:(?!\$\{\w+\}@)[^/@]+@", value), f"{name}: {variable['name']}"
            assert not variable["name"].endswith(("KEY", "PASSWORD", "TOKEN", "LEDGER")) or not value


def test_what_pods_take_from_secrets_and_maps_is_made_here_or_named_by_the_operator(chart):
    for values, named_by_operator in (
        (SMALL, {"sabio"}),
        (PRODUCTION, {"sabio", "sabio-db-app", "sabio-queue", "sabio-index", "sabio-drive"}),
        (EVERYTHING, {"ledger", "kb-valkey", "weaviate", "proxies", "ledger-ca"}),
    ):
        objects = chart.render(values)
        made = {one["metadata"]["name"] for one in of_kind(objects, "ConfigMap", "Secret")}
        wanted = {used for _, template in templates(objects) for used in sources(template["spec"])}
        assert wanted - made == named_by_operator


def sources(node):
    """The Secrets and ConfigMaps that something in a pod refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("secretKeyRef", "configMapKeyRef", "secretRef", "configMapRef", "configMap"):
                yield value["name"]
            elif key == "secret":
                yield value["secretName"]
            else:
                yield from sources(value)
    elif isinstance(node, list):
        for value in node:
            yield from sources(value)


# The migration


def test_the_migration_runs_before_anything_of_the_chart_is_there_and_leaves_nothing(chart):
    for values in (SMALL, PRODUCTION, EVERYTHING):
        objects = chart.render(values)
        [job] = of_kind(objects, "Job")
        hook = job["metadata"]["annotations"]
        assert hook["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert set(hook["helm.sh/hook-delete-policy"].split(",")) == {
            "before-hook-creation",
            "hook-succeeded",
        }
        assert job["spec"]["ttlSecondsAfterFinished"] > 0
        spec = job["spec"]["template"]["spec"]
        made = {one["metadata"]["name"] for one in of_kind(objects, "ConfigMap", "Secret", "ServiceAccount")}
        assert not made & {*sources(spec), spec.get("serviceAccountName")}
        assert {one["name"] for one in sabio({"spec": spec})["env"]} - {"PGSSLROOTCERT"} == {"SABIO_LEDGER"}
    assert not of_kind(chart.render(SMALL, migration={"enabled": False}), "Job")


def test_nothing_else_is_a_hook_but_the_test(objects):
    hooks = {
        (one["kind"], one["metadata"]["annotations"]["helm.sh/hook"])
        for one in objects
        if "helm.sh/hook" in one["metadata"].get("annotations", {})
    }
    assert hooks <= {("Job", "pre-install,pre-upgrade"), ("Pod", "test")}
    assert ("Pod", "test") in hooks


# How they end, how many there are, where they are


def test_a_worker_has_the_time_to_end_its_document(chart):
    def grace(values, name):
        return named(chart.render(values), "Deployment", name)["spec"]["template"]["spec"][
            "terminationGracePeriodSeconds"
        ]

    assert grace(EXTERNAL, "kb-sabio-worker-ingest") == 60 + Settings().parsing.seconds
    assert grace(EVERYTHING, "acme-knowledge-worker-ingest") == 60 + 300
    assert grace(EVERYTHING, "acme-knowledge-worker-night") == 900


def test_there_is_one_beat_and_never_two(chart):
    beat = named(chart.render(EVERYTHING), "Deployment", "acme-knowledge-beat")
    assert (beat["spec"]["replicas"], beat["spec"]["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize(("given", "there"), [({}, 1), ({"replicas": 0}, 0), ({"replicas": 4}, 4)])
def test_as_many_are_there_as_are_asked_for(chart, given, there):
    objects = chart.render(EXTERNAL, bot=given, workers={"ingest": given})
    assert named(objects, "Deployment", "kb-sabio-bot")["spec"]["replicas"] == there
    assert named(objects, "Deployment", "kb-sabio-worker-ingest")["spec"]["replicas"] == there


def test_what_holds_for_all_pods_and_what_one_component_says_are_put_together(chart):
    pods = dict(templates(ours(chart.render(EVERYTHING))))
    bot, worker = pods["acme-knowledge-bot"], pods["acme-knowledge-worker-ingest"]
    assert (
        bot["metadata"]["annotations"].items() >= {"example.com/all": "yes", "example.com/bot": "yes"}.items()
    )
    assert (bot["spec"]["priorityClassName"], worker["spec"]["priorityClassName"]) == (
        "people-wait",
        "business",
    )
    assert worker["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux", "pool": "large"}
    keys = [one["key"] for one in pods["acme-knowledge-beat"]["spec"]["tolerations"]]
    assert keys == ["dedicated", "spot"]
    assert bot["spec"]["tolerations"][0]["tolerationSeconds"] == 10_000_000
    assert "nodeAffinity" in bot["spec"]["affinity"]


def test_the_subcharts_are_told_the_secrets_that_sabio_uses(chart):
    objects = chart.render(SMALL)
    told = environment(named(objects, "Deployment", "kb-sabio-bot")["spec"]["template"])
    weaviate = named(objects, "StatefulSet", "weaviate")["spec"]["template"]["spec"]["containers"][0]
    given = {one["name"]: one for one in weaviate["env"]}
    assert given["AUTHENTICATION_APIKEY_ENABLED"]["value"] == "true"
    assert given["DISABLE_TELEMETRY"]["value"] == "true"
    assert (
        given["AUTHENTICATION_APIKEY_ALLOWED_KEYS"]["valueFrom"]["secretKeyRef"]
        == told.taken["SABIO_WEAVIATE_API_KEY"]
    )
    [volume] = named(objects, "Deployment", "kb-valkey")["spec"]["template"]["spec"]["volumes"]
    assert told.taken["VALKEY_PASSWORD"] == {"name": volume["secret"]["secretName"], "key": "VALKEY_PASSWORD"}
