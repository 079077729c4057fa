"""Nothing comes in or goes out but what is meant to, whoever asks."""

import pytest

from tests.helm.chart import EVERYTHING, EXTERNAL, PRODUCTION, SMALL, of_kind, ours
from tests.helm.network import Place, passes, places

STRANGER = Place("a stranger in the namespace", {"app": "stranger"})
ABROAD = Place("a pod of another namespace", {"app.kubernetes.io/name": "sabio"}, "default")
PROMETHEUS = Place("prometheus", namespace="monitoring")
NGINX = Place("nginx", namespace="ingress-nginx")
KEDA = Place("keda", namespace="keda")
DNS = Place("dns", namespace="kube-system")
WORLD = Place("the internet", address="93.184.216.34")
WORLD_6 = Place("the internet by IPv6", address="2606:2800:220:1:248:1893:25c8:1946")
METADATA = Place("a cloud's metadata", address="169.254.169.254")
OFFICE = Place("the office", address="10.1.1.5")


class Network:
    """The pods of a rendering, by what they are, and what passes between them."""

    def __init__(self, objects):
        self.policies = of_kind(objects, "NetworkPolicy")
        self.pods = places(objects)

    def __getitem__(self, end):
        [found] = [pod for name, pod in self.pods.items() if name.endswith(end)]
        return found

    def passes(self, sender, receiver, port, protocol="TCP"):
        return passes(self.policies, sender, receiver, port, protocol)


@pytest.fixture
def small(chart):
    return Network(chart.render(SMALL))


@pytest.fixture
def production(chart):
    return Network(chart.render(PRODUCTION))


PODS = ("-bot", "-worker-ingest", "-worker-default", "-beat", "-migrate", "-test")


@pytest.mark.parametrize("end", PODS)
def test_nobody_reaches_a_pod_that_has_no_business_with_it(small, production, end):
    for network in (small, production):
        for who in (STRANGER, ABROAD, KEDA, WORLD, OFFICE, network["-worker-ingest"], network["-test"]):
            assert not network.passes(who, network[end], 3978)


@pytest.mark.parametrize("end", PODS)
def test_every_pod_finds_names_and_the_ledger_and_nothing_by_other_ports(small, end):
    pod = small[end]
    assert small.passes(pod, DNS, 53, "UDP")
    assert small.passes(pod, DNS, 53)
    assert not small.passes(pod, STRANGER, 53, "UDP")
    assert small.passes(pod, OFFICE, 5432)
    for port in (22, 25, 80, 5431, 6443, 8080, 10250):
        assert not small.passes(pod, OFFICE, port)
        assert not small.passes(pod, WORLD, port)


def test_the_queue_and_the_index_are_for_those_that_need_them_alone(small):
    for end in PODS:
        needs = end != "-migrate"
        assert small.passes(small[end], small["-valkey"], 6379) is needs
        assert small.passes(small[end], small["weaviate"], 8080) is needs
        assert small.passes(small[end], small["weaviate"], 50051) is needs
    for who in (STRANGER, ABROAD, PROMETHEUS, NGINX, WORLD):
        assert not small.passes(who, small["-valkey"], 6379)
        assert not small.passes(who, small["weaviate"], 8080)
    assert small.passes(KEDA, small["-valkey"], 6379)
    assert not small.passes(small["-bot"], STRANGER, 6379)
    assert not small.passes(small["-bot"], STRANGER, 8080)


def test_the_subcharts_speak_to_themselves_and_to_nobody_else(small):
    for end, port in (("-valkey", 6379), ("weaviate", 7000)):
        assert small.passes(small[end], small[end], port)
        assert small.passes(small[end], DNS, 53, "UDP")
        for other in (small["-bot"], STRANGER, WORLD, OFFICE, METADATA):
            assert not small.passes(small[end], other, 443)


@pytest.mark.parametrize("end", PODS)
def test_the_internet_is_for_those_that_speak_to_platforms_sources_and_models(small, end):
    speaks = end in ("-bot", "-worker-ingest", "-worker-default", "-test")
    assert small.passes(small[end], WORLD, 443) is speaks
    assert small.passes(small[end], WORLD_6, 443) is speaks
    for inside in (
        OFFICE,
        METADATA,
        Place("cluster", address="172.20.0.1"),
        Place("home", address="192.168.1.1"),
    ):
        assert not small.passes(small[end], inside, 443)
    assert not small.passes(small[end], Place("inside", address="fd00::1"), 443)


def test_sources_on_private_addresses_are_reached_where_the_operator_says_so(chart):
    network = Network(chart.render(EVERYTHING))
    source = Place("a wiki", address="10.1.2.3")
    assert network.passes(network["-bot"], source, 443)
    assert network.passes(network["-worker-night"], source, 443)
    assert not network.passes(network["-beat"], source, 443)
    assert not network.passes(network["-bot"], source, 80)


def test_without_the_internet_there_is_none(chart):
    network = Network(chart.render(EXTERNAL, networkPolicy={"internet": {"enabled": False}}))
    assert not network.passes(network["-bot"], WORLD, 443)
    assert network.passes(network["-bot"], OFFICE, 6379)


def test_metrics_are_for_prometheus_of_every_process_that_stays(small):
    for end in ("-bot", "-worker-ingest", "-worker-default", "-beat"):
        assert small.passes(PROMETHEUS, small[end], 3978)
        assert not small.passes(PROMETHEUS, small[end], 3979)


def test_the_ingress_reaches_the_bot_alone_and_only_where_there_is_one(small, production, chart):
    assert production.passes(NGINX, production["-bot"], 3978)
    assert not production.passes(NGINX, production["-worker-ingest"], 3978)
    assert not small.passes(NGINX, small["-bot"], 3978)
    balanced = Network(chart.render(EVERYTHING))
    assert balanced.passes(Place("a load balancer", address="192.0.2.7"), balanced["-bot"], 3978)


def test_servers_elsewhere_are_reached_at_their_peers_alone(production):
    bot, migration = production["-bot"], production["-migrate"]
    database, redis = Place("database", address="10.20.0.9"), Place("redis", address="10.20.1.7")
    weaviate = Place("weaviate", {"app": "weaviate"}, "search")
    assert production.passes(bot, database, 5432)
    assert production.passes(migration, database, 5432)
    assert not production.passes(bot, Place("another", address="10.20.1.9"), 5432)
    assert production.passes(bot, redis, 6379)
    assert not production.passes(migration, redis, 6379)
    assert not production.passes(bot, Place("another", address="10.20.1.8"), 6379)
    assert production.passes(bot, weaviate, 8080)
    assert production.passes(bot, weaviate, 50051)
    assert not production.passes(bot, STRANGER, 8080)


def test_nothing_listens_that_no_policy_names_and_no_policy_names_what_does_not_listen(objects):
    policies = of_kind(objects, "NetworkPolicy")
    if not policies:
        return
    network = Network(objects)
    everybody = [*network.pods.values(), PROMETHEUS, NGINX, KEDA]
    for name, pod in network.pods.items():
        for port in pod.ports.values():
            assert any(network.passes(who, pod, port) for who in everybody), f"{name}: {port}"
    known = {word for pod in network.pods.values() for pair in pod.ports.items() for word in pair}
    named = {
        port["port"]
        for policy in policies
        for rule in policy["spec"].get("ingress", [])
        for port in rule.get("ports", [])
    }
    assert named <= known


def test_every_pod_is_held_by_a_policy_in_both_directions_also_those_of_the_subcharts(objects):
    policies = of_kind(objects, "NetworkPolicy")
    if policies:
        network = Network(objects)
        nowhere = Place("nowhere", address="198.51.100.1")
        for pod in network.pods.values():
            assert not network.passes(pod, nowhere, 9), pod.name
            assert not network.passes(nowhere, pod, 9), pod.name
        assert len(of_kind(ours(objects), "NetworkPolicy")) == len(policies)
