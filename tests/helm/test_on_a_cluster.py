"""The chart in a Kubernetes with a real control plane: installed, upgraded, rolled back, tested, removed.

No container runs there, so the processes themselves are not looked at; and the subcharts are stand-ins.
"""

import pytest

from tests.helm.beforehand import BEFOREHAND
from tests.helm.chart import SETS, of_kind, ours
from tests.helm.plane import Failed, eventually, references
from tests.services.kubernetes import Refused

pytestmark = pytest.mark.contract

DEPLOYMENTS = "apps/v1/deployments"
UNREADY = {"tests/stays": "unready"}
"""As `tests/services/kubernetes/stages.yaml` has it."""
SECONDS = 15
"""Until Helm gives up what cannot be."""
MADE_OF_OTHERS = (
    "pods/",
    "replicasets/",
    "controllerrevisions/",
    "endpoints/",
    "endpointslices/",
    "secrets/sh.helm.",
)


def contents(installed):
    """What was said of each object in the namespace: not how it stands, nor what others were made of it."""
    found = {}
    for name, one in installed.everything().items():
        if not name.startswith(MADE_OF_OTHERS):
            about = {key: one["metadata"].get(key) for key in ("uid", "labels", "annotations")}
            (about["annotations"] or {}).pop("deployment.kubernetes.io/revision", None)
            found[name] = about | {key: one[key] for key in one.keys() - {"metadata", "status"}}
    return found


def outside_of_namespaces(plane):
    """The names of what belongs to the cluster; not the addresses that it gives Services."""
    return {name for name in plane.everything() if not name.startswith("ipaddresses/")}


def pods(installed):
    """The pods that stay, by their uid: the name of what each belongs to."""
    return {
        one["metadata"]["uid"]: installed.owner(one)
        for one in installed.list("v1/pods")
        if "deletionTimestamp" not in one["metadata"]
    }


def covers(told, wanted):
    """Whether the server has everything that it was sent; it adds defaults, and takes `null` for nothing."""
    if isinstance(wanted, dict):
        return all(covers(told.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return len(told or []) == len(wanted) and all(map(covers, told or [], wanted))
    return wanted is None or told == wanted


def another(installed):
    """Values that change what every process is told."""
    return {"config": {**installed.values["config"], "tone": "brief"}}


def seen(installed, since):
    """The pods that there have been since then, by their name, as they were last."""
    return {one["metadata"]["name"]: one for one in installed.history("v1/pods", since)}


# Installed


def test_every_pod_runs_and_the_server_keeps_what_it_was_sent(installed):
    assert {one["status"]["phase"] for one in installed.list("v1/pods")} == {"Running"}
    there = installed.everything()
    sent = installed.sent()
    assert len(sent) > 15
    for one in sent:
        kind, name = one["kind"].lower(), one["metadata"]["name"]
        [told] = {kind + "s", kind + "es", kind[:-1] + "ies"} & {key.partition("/")[0] for key in there}
        # What is written as `stringData` is kept as `data`.
        unlike = {"apiVersion", "kind", "stringData"}
        assert covers(there[f"{told}/{name}"], {key: one[key] for key in one.keys() - unlike}), name


def test_the_namespace_refuses_a_pod_that_is_not_restricted(installed):
    pod = {"metadata": {"name": "root"}, "spec": {"containers": [{"name": "root", "image": "root"}]}}
    with pytest.raises(Refused, match='violates PodSecurity "restricted'):
        installed.make("v1/pods", pod)


def test_whatever_a_pod_refers_to_is_there(installed):
    since = installed.version("v1/pods")
    installed.run("upgrade", **another(installed))
    installed.run("test")
    there = installed.everything()
    looked_at = seen(installed, since)
    ends = {installed.owner(pod).rpartition("-")[2] for pod in looked_at.values()}
    assert ends >= {"bot", "beat", "default", "migrate", "test"}
    for pod in looked_at.values():
        for kind, name, key in references(pod):
            assert f"{kind}/{name}" in there, (pod["metadata"]["name"], kind, name)
            assert key is None or key in there[f"{kind}/{name}"]["data"], (name, key)


# Upgraded


def test_an_upgrade_that_changes_nothing_starts_nothing_anew(installed):
    installed.run("upgrade")
    before, running = contents(installed), pods(installed)
    installed.run("upgrade")
    assert contents(installed) == before
    assert pods(installed) == running


def test_an_upgrade_with_another_configuration_starts_ours_anew_and_touches_nothing_else(installed):
    installed.run("upgrade")
    before, running, since = contents(installed), pods(installed), installed.version(DEPLOYMENTS)
    installed.run("upgrade", **another(installed))
    after = contents(installed)
    [config] = [one for one in of_kind(ours(installed.sent()), "ConfigMap") if "sabio.yaml" in one["data"]]
    deployments = {one["metadata"]["name"] for one in of_kind(ours(installed.sent()), "Deployment")}
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {
        f"configmaps/{config['metadata']['name']}",
        *(f"deployments/{name}" for name in deployments),
    }
    assert "tone: brief" in config["data"]["sabio.yaml"]
    old = {uid for uid, name in running.items() if name in deployments}
    eventually(lambda: not old & pods(installed).keys())
    others = {uid: name for uid, name in running.items() if name not in deployments}
    assert others.items() <= pods(installed).items()
    assert sorted(pods(installed).values()) == sorted(running.values())
    # As many as an autoscaler has decided, all the while.
    wanted = {one["metadata"]["name"]: one["spec"]["replicas"] for one in installed.list(DEPLOYMENTS)}
    for one in installed.history(DEPLOYMENTS, since):
        assert one["spec"]["replicas"] == wanted[one["metadata"]["name"]]


UNREADY_BOT = "a bot that never gets ready"
FORBIDDEN = "a pod that the namespace refuses"
REFUSED = "an object that the server refuses"


def failing(installed, how):
    """Values that change everything, and cannot be carried out."""
    values = another(installed)
    more = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}}]
    if how == UNREADY_BOT:
        values["bot"] = {**installed.values.get("bot", {}), "annotations": UNREADY}
    elif how == FORBIDDEN:
        labels = {"app": "root"}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "root", "image": "root"}]}}
        about = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "root"}}
        more.append({**about, "spec": {"selector": {"matchLabels": labels}, "template": pod}})
    else:
        # Helm sends it after the Deployments.
        far = {"defaultBackend": {"service": {"name": "far", "port": {"number": 70000}}}}
        about = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "far"}}
        more.append({**about, "spec": far})
    return values | {"extraManifests": [*installed.values.get("extraManifests", []), *more]}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (UNREADY_BOT, "not ready"),
        (FORBIDDEN, r'would violate PodSecurity \\"restricted'),
        (REFUSED, "Invalid value: 70000"),
    ],
)
def test_an_upgrade_that_fails_is_taken_back_and_bots_that_are_not_ready_replace_none(installed, how, said):
    installed.run("upgrade")
    before, sent, running = contents(installed), installed.sent(), pods(installed)
    since = installed.version(DEPLOYMENTS)
    with pytest.raises(Failed, match=said):
        installed.run("upgrade", "--rollback-on-failure", seconds=SECONDS, **failing(installed, how))
    assert contents(installed) == before
    assert installed.sent() == sent
    assert [status for _, status in installed.revisions()[-3:]] == ["superseded", "failed", "deployed"]
    eventually(lambda: sorted(pods(installed).values()) == sorted(running.values()))
    # Where new pods are ready, going back in the middle may cost some for a moment: Kubernetes' controller
    # counts by caches that are late.
    bots = [one for one in installed.history(DEPLOYMENTS, since) if one["metadata"]["name"].endswith("-bot")]
    assert len(bots) > 1
    for one in bots if how == UNREADY_BOT else ():
        assert one["status"].get("readyReplicas", 0) >= one["spec"]["replicas"], "fewer answer than before"


def test_where_the_migration_fails_nothing_is_changed(installed):
    installed.run("upgrade")
    before, running = contents(installed), pods(installed)
    own = {**installed.values.get("migration", {}), "activeDeadlineSeconds": 2, "annotations": UNREADY}
    with pytest.raises(Failed, match="pre-upgrade"):
        installed.run("upgrade", migration=own, **another(installed))
    after = contents(installed)
    [job] = after.keys() - before.keys()
    assert job.startswith("jobs/")
    assert job.endswith("-migrate")
    assert after[job]["spec"]["ttlSecondsAfterFinished"] == 3600, "nobody else would remove it"
    assert {name: after[name] for name in before} == before
    assert running.items() <= pods(installed).items()
    installed.run("upgrade")
    assert job not in contents(installed)


# Tested, and removed


def test_helm_test_asks_the_question_in_a_pod_that_is_gone_afterwards(installed):
    since = installed.version("v1/pods")
    assert "Phase:          Succeeded" in installed.run("test")
    [pod] = [one for name, one in seen(installed, since).items() if name.endswith("-test")]
    assert pod["status"]["phase"] == "Succeeded"
    [wanted] = of_kind(installed.chart.render(installed.values), "Pod")
    assert pod["metadata"]["labels"] == wanted["metadata"]["labels"]
    assert covers(pod["spec"]["securityContext"], wanted["spec"]["securityContext"])
    [container] = pod["spec"]["containers"]
    assert covers(container, wanted["spec"]["containers"][0])
    question = installed.values.get("test", {}).get("question", "What can you tell me about?")
    assert [*container["command"], *container["args"]] == ["sabio", "ask", question]
    assert pod["metadata"]["name"] not in installed.names("v1/pods")


def test_uninstalling_leaves_what_was_there_before_and_the_claim_of_weaviate(plane, chart, installed):
    name = installed.namespace
    here = plane.open(f"{name}-removed", chart, SETS[name], BEFOREHAND[name])
    before, outside = contents(here), outside_of_namespaces(plane)
    here.run("install")
    assert outside_of_namespaces(plane) == outside
    here.run("upgrade", **another(here))
    here.run("test")
    here.run("uninstall", "--wait")
    kept = {"persistentvolumeclaims/weaviate-data-weaviate-0"} if SETS[name].get("weaviate") else set()
    eventually(lambda: here.everything().keys() == before.keys() | kept)
    assert {name: one for name, one in contents(here).items() if name not in kept} == before
