"""What chooses pods chooses those that it means, as a real API server and its controllers see it."""

import pytest

from tests.helm.chart import of_kind
from tests.helm.plane import Failed, eventually

pytestmark = pytest.mark.contract


class Meant:
    """The names of the Deployments and StatefulSets that have pods, by what they are."""

    def __init__(self, installed):
        values = installed.values
        self.name = values.get("fullnameOverride", "kb-sabio")
        self.bot, self.beat = {f"{self.name}-bot"}, {f"{self.name}-beat"}
        workers = {"ingest": {}, "default": {}} | values.get("workers", {})
        self.all_workers = {f"{self.name}-worker-{worker}" for worker in workers}
        self.workers = self.all_workers - {
            f"{self.name}-worker-{worker}" for worker, own in workers.items() if own.get("replicas") == 0
        }
        self.valkey = {"kb-valkey"} if "valkey" in values else set()
        self.weaviate = {"weaviate"} if "weaviate" in values else set()
        self.ours = self.bot | self.beat | self.workers


@pytest.fixture
def meant(installed):
    return Meant(installed)


@pytest.fixture(autouse=True, scope="module")
def stranger(installed):
    """A pod of somebody else in the same namespace, which nothing of ours may choose."""
    own = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "stranger", "image": "stranger", "securityContext": own}
    safe = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    labels = {"app": "stranger", "app.kubernetes.io/name": "stranger", "app.kubernetes.io/instance": "kb"}
    pod = {
        "metadata": {"name": "stranger", "labels": labels},
        "spec": {"securityContext": safe, "containers": [container]},
    }
    installed.make("v1/pods", pod)
    yield
    installed.plane.kubernetes.api.ask("DELETE", f"/api/v1/namespaces/{installed.namespace}/pods/stranger")
    eventually(lambda: "stranger" not in installed.names("v1/pods"))


def test_the_pods_are_those_that_are_meant_and_a_stranger(installed, meant):
    assert installed.pods_of({}) == meant.ours | meant.valkey | meant.weaviate | {"stranger"}


def test_each_network_policy_holds_the_pods_that_it_means(installed, meant):
    wanted = {
        meant.name: meant.ours,
        f"{meant.name}-servers": meant.ours,
        f"{meant.name}-world": meant.ours - meant.beat,
    }
    if "ingress" in installed.values:
        wanted[f"{meant.name}-bot"] = meant.bot
    if meant.valkey:
        wanted[f"{meant.name}-valkey"] = meant.valkey
    if meant.weaviate:
        wanted[f"{meant.name}-weaviate"] = meant.weaviate
    policies = installed.list("networking.k8s.io/v1/networkpolicies")
    held = {one["metadata"]["name"]: installed.pods_of(one["spec"]["podSelector"]) for one in policies}
    assert held == wanted


def test_the_peers_of_network_policies_are_the_pods_that_are_meant(installed, meant):
    """By the direction, the policy's name after ours, and those that it lets through in this namespace."""
    found = {}
    for one in installed.list("networking.k8s.io/v1/networkpolicies"):
        end = one["metadata"]["name"].removeprefix(meant.name)
        for side, way in (("ingress", "from"), ("egress", "to")):
            peers = [peer for rule in one["spec"].get(side, []) for peer in rule.get(way, [])]
            here = [
                peer["podSelector"]
                for peer in peers
                if "namespaceSelector" not in peer and "podSelector" in peer
            ]
            if here:
                found[side, end] = set().union(*map(installed.pods_of, here))
    wanted = {}
    if meant.valkey:
        wanted["ingress", "-valkey"] = meant.ours | meant.valkey
        wanted["egress", "-valkey"] = meant.valkey
    if meant.weaviate:
        wanted["ingress", "-weaviate"] = meant.ours | meant.weaviate
        wanted["egress", "-weaviate"] = meant.weaviate
    if meant.valkey or meant.weaviate:
        wanted["egress", "-servers"] = meant.valkey | meant.weaviate
    assert found == wanted


def test_ports_of_network_policies_are_ports_of_the_pods_that_they_hold(installed):
    for one in installed.list("networking.k8s.io/v1/networkpolicies"):
        pods = installed.list("v1/pods", one["spec"]["podSelector"])
        for rule in one["spec"].get("ingress", []):
            for port in rule.get("ports", []):
                for pod in pods:
                    ports = [port for container in pod["spec"]["containers"] for port in container["ports"]]
                    assert port["port"] in {
                        value for one in ports for value in (one.get("name"), one["containerPort"])
                    }


def test_each_budget_counts_the_pods_of_one_deployment_and_lets_one_go(installed, meant):
    budgets = "policy/v1/poddisruptionbudgets"

    def status(name):
        return installed.read(budgets, name)["status"]

    counted = {}
    for one in installed.list(budgets):
        name = one["metadata"]["name"]
        replicas = installed.read("apps/v1/deployments", name)["spec"]["replicas"]
        eventually(lambda name=name, all_=replicas: status(name)["currentHealthy"] == all_)
        assert status(name)["expectedPods"] == replicas
        assert (status(name)["disruptionsAllowed"] >= 1) is (replicas > 0)
        counted[name] = installed.pods_of(one["spec"]["selector"])
    assert counted == {name: {name} & meant.ours for name in meant.bot | meant.all_workers}


def test_the_autoscaler_finds_the_bot_and_has_it_in_hand(installed, meant):
    scalers = installed.list("autoscaling/v2/horizontalpodautoscalers")
    assert len(scalers) == ("autoscaling" in installed.values.get("bot", {}))
    for one in scalers:
        target = one["spec"]["scaleTargetRef"]
        assert {target["name"]} == meant.bot
        assert installed.pods_of(selector_of(installed, target["name"])) == meant.bot
        conditions = {condition["type"]: condition["status"] for condition in one["status"]["conditions"]}
        assert conditions["AbleToScale"] == "True"
        # Nobody measures here: it has only seen that there are as many as there must be at least.
        assert one["status"]["currentReplicas"] == one["spec"]["minReplicas"] > 1
        assert installed.read("apps/v1/deployments", target["name"])["status"]["readyReplicas"] > 1


def test_what_keda_scales_can_be_scaled(installed, meant):
    scaled = [one["spec"]["scaleTargetRef"] for one in installed.list("keda.sh/v1alpha1/scaledobjects")]
    workers = installed.values.get("workers", {})
    wanted = {f"{meant.name}-worker-{name}" for name, own in workers.items() if "autoscaling" in own}
    assert {one["name"] for one in scaled} == wanted
    for name in wanted:
        assert installed.pods_of(selector_of(installed, name)) == {name}


def selector_of(installed, deployment):
    """What an autoscaler is told of the pods of a Deployment."""
    told = installed.read("apps/v1/deployments", deployment, "/scale")["status"]["selector"]
    return {"matchLabels": dict(pair.split("=") for pair in told.split(","))}


def test_services_lead_to_the_pods_that_they_mean_and_the_ingress_to_a_service(installed, meant):
    wanted = {f"{meant.name}-bot": meant.bot}
    if meant.valkey:
        wanted["kb-valkey"] = meant.valkey
    if meant.weaviate:
        wanted |= {"weaviate": meant.weaviate, "weaviate-grpc": meant.weaviate}
    assert installed.names("v1/services") == wanted.keys()
    for name, pods in wanted.items():
        [found] = installed.list(
            "discovery.k8s.io/v1/endpointslices", {"matchLabels": {"kubernetes.io/service-name": name}}
        )
        assert all(one["conditions"]["ready"] for one in found["endpoints"])
        there = {one["metadata"]["name"]: one for one in installed.list("v1/pods")}
        assert {installed.owner(there[one["targetRef"]["name"]]) for one in found["endpoints"]} == pods
        assert all(port["port"] for port in found["ports"])
    for one in installed.list("networking.k8s.io/v1/ingresses"):
        for path in one["spec"]["rules"][0]["http"]["paths"]:
            backend = path["backend"]["service"]
            service = installed.read("v1/services", backend["name"])
            assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_monitors_find_every_process_that_stays(installed, meant):
    looked_at = set()
    for one in installed.list("monitoring.coreos.com/v1/podmonitors"):
        looked_at |= installed.pods_of(one["spec"]["selector"])
    for one in installed.list("monitoring.coreos.com/v1/servicemonitors"):
        for service in installed.list("v1/services", one["spec"]["selector"]):
            looked_at |= installed.pods_of({"matchLabels": service["spec"]["selector"]})
    assert looked_at == (meant.ours if "monitoring" in installed.values else set())


@pytest.mark.parametrize(
    ("kind", "version", "spec", "said"),
    [
        ("ServiceMonitor", "monitoring.coreos.com/v1", {"selector": {}, "endpoint": []}, "endpoint"),
        (
            "ScaledObject",
            "keda.sh/v1alpha1",
            {"scaleTargetRef": {"name": 1}, "triggers": []},
            "scaleTargetRef.name",
        ),
        ("ConfigMap", "v1", {}, "spec"),
    ],
)
def test_what_is_misspelt_or_of_the_wrong_type_is_refused_by_the_server(installed, kind, version, spec, said):
    more = {"apiVersion": version, "kind": kind, "metadata": {"name": "wrong"}, "spec": spec}
    before = of_kind(installed.sent(), kind)
    with pytest.raises(Failed, match=said):
        installed.run("upgrade", "--rollback-on-failure", extraManifests=[more])
    assert of_kind(installed.sent(), kind) == before
