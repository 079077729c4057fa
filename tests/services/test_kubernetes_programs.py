"""Kubernetes is built once from modules that are pinned, and who cannot build it is told what to do."""

import re
import shutil

import pytest

from tests.services import MissingServer, kubernetes_programs
from tests.services.kubernetes_programs import MODULES, VERSION, find_kubernetes, get_kubernetes

# As `go install tool` does, it leaves modules that nobody may change, and programs in GOBIN.
GO = """#!/bin/sh
echo "$(basename "$PWD"): $@" >> "$FAKE_GO_LOG"
mkdir -p "$GOMODCACHE/module" && touch "$GOMODCACHE/module/file.go" && chmod a-w "$GOMODCACHE/module"
[ -n "$FAKE_GO_FAILS" ] && { echo "go: no such host" >&2; exit 1; }
echo built > "$GOBIN/of-$(basename "$PWD")"
"""


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine with an empty cache, and no programs but a shell's and a Go that only writes down."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_GO_LOG", str(tmp_path / "go.log"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    for name in ("sh", "mkdir", "touch", "chmod", "basename"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name, path="/usr/bin:/bin"))
    (tmp_path / "bin" / "go").write_text(GO)
    (tmp_path / "bin" / "go").chmod(0o755)
    return tmp_path


def left_in_cache(machine):
    return {file.name for file in (machine / "cache" / "sabio").iterdir() if file.suffix != ".lock"}


def test_each_module_is_built_once_and_nothing_is_left_but_the_programs(machine, capsys):
    kept = get_kubernetes()
    assert get_kubernetes() == kept == find_kubernetes()
    assert {file.name for file in kept.iterdir()} == {"of-nodes", "of-plane"}
    assert left_in_cache(machine) == {kept.name}
    said = f"install -trimpath -ldflags -s -w -X k8s.io/component-base/version.gitVersion=v{VERSION} tool"
    assert (machine / "go.log").read_text().splitlines() == [f"nodes: {said}", f"plane: {said}"]
    assert f"Building Kubernetes {VERSION}" in capsys.readouterr().err


def test_another_pin_is_another_kubernetes(machine, monkeypatch, tmp_path):
    kept = get_kubernetes()
    pinned = shutil.copytree(kubernetes_programs.PINNED, tmp_path / "pinned")
    with (pinned / "nodes" / "go.sum").open("a") as file:
        file.write("\n")
    monkeypatch.setattr(kubernetes_programs, "PINNED", pinned)
    with pytest.raises(MissingServer, match="make contract"):
        find_kubernetes()
    assert kept.exists()


def test_who_lacks_it_or_go_is_told_what_to_do(machine, monkeypatch):
    with pytest.raises(MissingServer, match=f"Kubernetes {VERSION} is not here .*make contract"):
        find_kubernetes()
    monkeypatch.setenv("FAKE_GO_FAILS", "yes")
    with pytest.raises(MissingServer, match=r"no such host.*Install Go 1\.26 or newer"):
        get_kubernetes()
    assert left_in_cache(machine) == set()
    (machine / "bin" / "go").unlink()
    with pytest.raises(MissingServer, match="there is no Go"):
        get_kubernetes()


def test_a_disk_without_the_room_for_building_is_told_before(machine, monkeypatch):
    monkeypatch.setattr(kubernetes_programs, "BUILD_BYTES", 10**18)
    with pytest.raises(MissingServer, match="GB"):
        get_kubernetes()
    assert not (machine / "go.log").exists()


def test_all_parts_of_kubernetes_are_of_one_version():
    text = (kubernetes_programs.PINNED / "plane" / "go.mod").read_text("utf-8")
    replaced = re.findall(r"^\s(k8s\.io/\S+) => (\S+) v(\S+)$", text, re.MULTILINE)
    assert len(replaced) > 25
    assert {(name == other, version) for name, other, version in replaced} == {(True, f"0{VERSION[1:]}")}
    for module in MODULES:
        assert (module / "go.sum").stat().st_size > 1000
