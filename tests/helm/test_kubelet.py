"""What a kubelet makes of a pod, without starting it."""

import os
import stat
from pathlib import Path

import pytest

from tests.helm.kubelet import Node, NotStarted, hosts
from tests.image.clean_root import Image

OBJECTS = [
    {"kind": "ConfigMap", "metadata": {"name": "more"}, "data": {"A": "of a map", "B": "of a map"}},
    {"kind": "Secret", "metadata": {"name": "made"}, "stringData": {"C": "of the chart"}},
    {"kind": "Service", "metadata": {"name": "cache"}},
]
NODE = Node(OBJECTS, {"own": {"B": "secret", "PASSWORD": "x$(A)"}})
IMAGE = Image(Path("/"), {"A": "of the image", "PATH": "/bin"}, entrypoint=("sabio",), command=("serve",))


def variables(env=(), **more):
    return NODE.variables({"env": [*env], **more}, IMAGE, "pod-1")


def taken(kind, name, key, **more):
    return {"name": "X", "valueFrom": {kind: {"name": name, "key": key, **more}}}


def test_what_a_container_says_itself_wins_over_what_it_takes_whole_and_that_over_the_image():
    whole = [{"configMapRef": {"name": "more"}}, {"secretRef": {"name": "own"}}]
    assert variables()["A"] == "of the image"
    assert variables(envFrom=whole)["A"] == "of a map"
    assert variables(envFrom=whole)["B"] == "secret"
    said = variables([{"name": "B", "value": "its own"}], envFrom=whole)
    assert (said["B"], said["PATH"], said["HOSTNAME"]) == ("its own", "/bin", "pod-1")


def test_nothing_of_this_machine_is_among_the_variables(monkeypatch):
    monkeypatch.setenv("OF_THIS_MACHINE", "yes")
    assert "OF_THIS_MACHINE" not in variables()


def test_a_variable_may_name_those_before_it_and_a_secret_is_taken_as_it_is():
    env = [{"name": "X", "value": "$(A)/$(LATER)/$$(A)"}, {"name": "LATER", "value": "1"}]
    assert variables(env)["X"] == "of the image/$(LATER)/$(A)"
    assert variables([taken("secretKeyRef", "own", "PASSWORD")])["X"] == "x$(A)"
    assert variables([taken("secretKeyRef", "made", "C")])["X"] == "of the chart"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (taken("secretKeyRef", "own", "GONE"), "couldn't find key GONE in Secret own"),
        (taken("configMapKeyRef", "more", "GONE"), "couldn't find key GONE in ConfigMap more"),
        (taken("secretKeyRef", "nobodys", "A"), 'secret "nobodys" not found'),
    ],
)
def test_a_container_that_asks_for_what_is_not_there_does_not_start(given, told):
    with pytest.raises(NotStarted, match=told):
        variables([given])
    with pytest.raises(NotStarted, match='configmap "nobodys" not found'):
        variables(envFrom=[{"configMapRef": {"name": "nobodys"}}])


def test_a_key_that_is_optional_may_be_missing():
    assert "X" not in variables([taken("secretKeyRef", "own", "GONE", optional=True)])


def test_a_command_replaces_the_entry_point_and_its_arguments_with_it():
    def command(**container):
        return NODE.command(container, IMAGE, {"A": "1"})

    assert command() == ["sabio", "serve"]
    assert command(args=["beat"]) == ["sabio", "beat"]
    assert command(command=["sh"]) == ["sh"]
    assert command(command=["sh"], args=["-c", "echo $(A)"]) == ["sh", "-c", "echo 1"]


def test_the_files_of_a_volume_are_links_and_the_pods_group_may_read_them(tmp_path):
    volume = {"secret": {"secretName": "own", "defaultMode": 0o400}}
    NODE.lay_out(volume, os.getgid(), tmp_path)
    assert (tmp_path / "B").read_text() == "secret"
    assert (tmp_path / "B").readlink() == Path("..data/B")
    assert stat.S_IMODE((tmp_path / "B").stat().st_mode) == 0o440


def test_what_no_chart_of_ours_uses_is_refused(tmp_path):
    with pytest.raises(AssertionError, match="not understood"):
        variables([{"name": "X", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}])
    with pytest.raises(AssertionError, match="not understood"):
        NODE.lay_out({"secret": {"secretName": "own", "items": []}}, 0, tmp_path)


def test_each_service_has_an_address_and_every_name_that_the_cluster_gives_it():
    assert hosts(OBJECTS, ["db.acme.com"], "search") == {
        "127.9.0.1": ["cache", "cache.search", "cache.search.svc", "cache.search.svc.cluster.local"],
        "127.9.0.2": ["db.acme.com"],
    }
