"""The Kubernetes of the tests schedules, plays that it runs, and refuses, as a real one does."""

import pytest

from tests.helm.plane import eventually
from tests.services.kubernetes import Refused
from tests.services.kubernetes_programs import VERSION

pytestmark = pytest.mark.contract
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def api(kubernetes):
    def ready():
        try:
            return kubernetes.api.ask("GET", "/api/v1/namespaces/default/serviceaccounts/default")
        except Refused:
            return None

    eventually(ready)
    return kubernetes.api


def test_it_is_of_the_version_that_is_written_down(api):
    assert api.ask("GET", "/version")["gitVersion"] == f"v{VERSION}"


@pytest.mark.parametrize(
    ("restart", "annotations", "phase", "ready"),
    [
        ("Always", {}, "Running", "True"),
        ("Never", {}, "Succeeded", "False"),
        ("Always", {"tests/stays": "unready"}, "Running", "False"),
        ("Never", {"tests/stays": "unready"}, "Running", "False"),
    ],
)
def test_a_pod_becomes_what_it_is_meant_to_and_goes_when_it_is_told_to(
    api, restart, annotations, phase, ready
):
    spec = {"restartPolicy": restart, "containers": [{"name": "one", "image": "none"}]}
    since = api.ask("GET", PODS)["metadata"]["resourceVersion"]
    api.ask("POST", PODS, {"metadata": {"name": "one", "annotations": annotations}, "spec": spec})

    def state():
        pod = api.ask("GET", f"{PODS}/one")
        conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
        return pod["spec"].get("nodeName") is not None, pod["status"]["phase"], conditions.get("Ready")

    eventually(lambda: state() == (True, phase, ready))
    api.ask("DELETE", f"{PODS}/one")
    eventually(lambda: api.ask("GET", PODS)["items"] == [])
    phases = [one["status"]["phase"] for one in api.history(PODS, since)]
    assert phases[0] == "Pending"
    assert phases[-1] == phase


def test_what_the_api_refuses_says_why(api):
    with pytest.raises(Refused, match=r"spec\.containers: Required value") as refused:
        api.ask("POST", PODS, {"metadata": {"name": "one"}, "spec": {}})
    assert refused.value.status == 422
