"""What chooses pods chooses those that it means: Deployments, Services, budgets, autoscalers, monitors."""

from collections import Counter

from tests.helm.chart import (
    EVERYTHING,
    EXTERNAL,
    PRODUCTION,
    SETS,
    component,
    named,
    of_kind,
    ours,
    selected,
    templates,
)

STAYING = ("bot", "worker", "beat")


def meant(objects, selector):
    """The names of the pods, of ours and of others, that a selector means."""
    return {
        name for name, template in templates(objects) if selected(selector, template["metadata"]["labels"])
    }


def test_a_deployment_owns_its_own_pods_and_no_others(objects):
    for one in of_kind(ours(objects), "Deployment"):
        assert meant(objects, one["spec"]["selector"]) == {one["metadata"]["name"]}


def test_two_releases_in_one_namespace_do_not_mix(chart):
    both = [*chart.render(PRODUCTION), *chart.render(PRODUCTION, release="other")]
    for one in of_kind(ours(both), "Deployment"):
        assert meant(both, one["spec"]["selector"]) == {one["metadata"]["name"]}
    names = [(one["kind"], one["metadata"]["name"]) for one in both]
    assert len(names) == len(set(names))


def test_the_service_leads_to_the_bot_and_to_a_port_that_it_has(objects):
    [service] = of_kind(ours(objects), "Service")
    [name] = meant(objects, {"matchLabels": service["spec"]["selector"]})
    assert name == service["metadata"]["name"]
    [port] = service["spec"]["ports"]
    ports = dict(templates(objects))[name]["spec"]["containers"][0]["ports"]
    assert port["targetPort"] in {one["name"] for one in ports}


def test_a_budget_holds_one_deployment_each_and_never_stops_a_node(objects):
    budgets = of_kind(objects, "PodDisruptionBudget")
    held = [meant(objects, one["spec"]["selector"]) for one in budgets]
    deployments = {name for name, pod in templates(ours(objects)) if component(pod) in ("bot", "worker")}
    assert not budgets or sorted(map(sorted, held)) == sorted([name] for name in deployments)
    # `minAvailable: 1` of one pod would keep its node for ever.
    assert all("minAvailable" not in one["spec"] for one in budgets)


def test_an_autoscaler_means_a_deployment_that_does_not_say_how_many_there_are(objects):
    scalers = of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject")
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in scalers}
    assert len(scaled) == len(scalers)
    for one in of_kind(ours(objects), "Deployment"):
        assert ("replicas" in one["spec"]) is (one["metadata"]["name"] not in scaled)
    for one in scalers:
        assert one["spec"]["scaleTargetRef"]["kind"] == "Deployment"
        assert named(objects, "Deployment", one["spec"]["scaleTargetRef"]["name"])


def test_processor_time_is_a_share_of_what_the_bot_requests(chart):
    [scaler] = of_kind(chart.render(PRODUCTION), "HorizontalPodAutoscaler")
    [metric] = scaler["spec"]["metrics"]
    assert metric["resource"]["name"] == "cpu"
    bot = dict(templates(chart.render(PRODUCTION)))["kb-sabio-bot"]["spec"]["containers"][0]
    assert bot["resources"]["requests"]["cpu"]


def test_keda_looks_at_the_queues_that_the_workers_take_from(chart):
    objects = chart.render(EVERYTHING)
    for one in of_kind(objects, "ScaledObject"):
        pod = dict(templates(objects))[one["spec"]["scaleTargetRef"]["name"]]
        words = pod["spec"]["containers"][0]["args"]
        taken = [words[number + 1] for number, word in enumerate(words) if word == "--queue"]
        assert [trigger["metadata"]["listName"] for trigger in one["spec"]["triggers"]] == taken
        for trigger in one["spec"]["triggers"]:
            assert trigger["metadata"]["address"] == "kb-valkey.search.svc:6379"
            authentication = named(objects, "TriggerAuthentication", trigger["authenticationRef"]["name"])
            [secret] = authentication["spec"]["secretTargetRef"]
            assert secret == {"parameter": "password", "name": "kb-valkey", "key": "VALKEY_PASSWORD"}


def test_keda_is_told_of_a_queue_elsewhere(chart):
    objects = chart.render(SETS["KEDA with a queue elsewhere"])
    [scaled] = of_kind(objects, "ScaledObject")
    [trigger] = scaled["spec"]["triggers"]
    assert (
        trigger["metadata"].items()
        >= {
            "address": "redis.acme.com:6380",
            "databaseIndex": "2",
            "enableTLS": "true",
            "username": "sabio",
        }.items()
    )
    [authentication] = of_kind(objects, "TriggerAuthentication")
    assert authentication["spec"]["secretTargetRef"] == [
        {"parameter": "password", "name": "queue", "key": "password"}
    ]
    open_ = chart.render(SETS["KEDA without a password"])
    assert not of_kind(open_, "TriggerAuthentication")
    assert "authenticationRef" not in of_kind(open_, "ScaledObject")[0]["spec"]["triggers"][0]


def test_pods_are_spread_among_those_of_the_same_deployment(objects):
    for name, template in templates(ours(objects)):
        for one in template["spec"].get("topologySpreadConstraints", []):
            assert meant(objects, one["labelSelector"]) == {name}
            assert one["matchLabelKeys"] == ["pod-template-hash"]


def test_monitors_look_at_every_process_that_stays_and_at_each_once(objects):
    looked_at = Counter()
    for one in of_kind(objects, "ServiceMonitor"):
        services = [
            other
            for other in of_kind(objects, "Service")
            if selected(one["spec"]["selector"], other["metadata"]["labels"])
        ]
        [service] = services
        assert one["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
        assert one["spec"]["jobLabel"] in service["metadata"]["labels"]
        looked_at.update(meant(objects, {"matchLabels": service["spec"]["selector"]}))
    for one in of_kind(objects, "PodMonitor"):
        found = meant(objects, one["spec"]["selector"])
        pods = dict(templates(objects))
        for name in found:
            ports = {port["name"] for port in pods[name]["spec"]["containers"][0]["ports"]}
            assert one["spec"]["podMetricsEndpoints"][0]["port"] in ports
            assert one["spec"]["jobLabel"] in pods[name]["metadata"]["labels"]
        looked_at.update(found)
    if looked_at:
        staying = {name for name, pod in templates(ours(objects)) if component(pod) in STAYING}
        assert looked_at == Counter(staying)


def test_the_ingress_lets_through_what_the_platforms_post_to_and_neither_health_nor_metrics(chart):
    def paths(config):
        objects = chart.render(EXTERNAL, config=config, ingress={"enabled": True, "host": "sabio.acme.com"})
        [ingress] = of_kind(objects, "Ingress")
        [rule] = ingress["spec"]["rules"]
        assert {one["pathType"] for one in rule["http"]["paths"]} == {"Exact"}
        for one in rule["http"]["paths"]:
            assert one["backend"]["service"] == {"name": "kb-sabio-bot", "port": {"name": "http"}}
        return {one["path"] for one in rule["http"]["paths"]}

    teams = {"app_id": "a", "tenant_id": "b"}
    assert paths({"teams": teams}) == {"/api/messages"}
    assert paths({"slack": {"mode": "http"}}) == {"/slack/events"}
    oauth = {"client_id": "1", "teams": ["T1"]}
    assert paths({"slack": {"oauth": oauth}}) == {"/slack/install", "/slack/oauth_redirect"}
    assert paths({"slack": {"mode": "http", "oauth": oauth}, "teams": teams}) == {
        "/slack/events",
        "/slack/install",
        "/slack/oauth_redirect",
        "/api/messages",
    }


def test_the_paths_are_those_that_the_platforms_answer_at():
    from bot.platforms._slack.installations import INSTALL, INSTALLED
    from tests.helm.chart import SOURCE

    text = (SOURCE / "templates" / "ingress.yaml").read_text("utf-8")
    code = "".join(
        (SOURCE.parent / "bot" / "platforms" / f"{name}.py").read_text("utf-8") for name in ("slack", "teams")
    )
    assert "POST /slack/events" in code
    assert "POST /api/messages" in code
    for path in (INSTALL, INSTALLED, "/slack/events", "/api/messages"):
        assert f"- {path}\n" in text
