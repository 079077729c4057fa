"""The repository keeps its own promises: its commands exist, and what it imports is what it declares."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "config", "ingest", "workers")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirement_name(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def python_files(*folders: str) -> list[Path]:
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


def undeclared(files: list[Path], declared: set[str]) -> set[str]:
    """Third-party imports whose distribution is not among the declared ones, as `file: module`."""
    distributions = packages_distributions()
    found = set()
    for file in files:
        for module in imports_of(file) - set(sys.stdlib_module_names) - {*PACKAGES, "tests"}:
            names = {name.lower().replace("_", "-") for name in distributions.get(module, [module])}
            if not names & declared:
                found.add(f"{file.relative_to(ROOT)}: {module}")
    return found


def declared_for_running() -> set[str]:
    project = PROJECT["project"]
    extras = [name for extra in project["optional-dependencies"].values() for name in extra]
    return {requirement_name(name) for name in [*project["dependencies"], *extras]}


def test_everything_the_product_imports_is_declared():
    assert undeclared(python_files(*PACKAGES), declared_for_running()) == set()


def test_everything_the_tests_import_is_declared():
    groups = PROJECT["dependency-groups"].values()
    for_developing = {requirement_name(name) for group in groups for name in group}
    assert undeclared(python_files("tests"), declared_for_running() | for_developing) == set()


def test_the_wheel_carries_every_package_of_the_repository():
    wheel = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    here = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
    assert wheel == here == set(PROJECT["tool"]["importlinter"]["root_packages"]) == set(PACKAGES)


def test_every_test_folder_is_a_package_so_that_equal_file_names_do_not_collide():
    folders = {file.parent for file in (ROOT / "tests").rglob("test_*.py")}
    assert [
        str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()
    ] == []


@pytest.fixture(scope="module")
def targets() -> set[str]:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(re.findall(r"^  make (\S+)", done.stdout, re.MULTILINE))


def test_make_help_lists_every_target(targets):
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets == set(phony.split())


def test_every_make_command_in_the_documentation_exists(targets):
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert named <= targets, page.name


def test_what_guards_the_repository_is_the_test_command_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^make test$|`make test`", readme, re.MULTILINE)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert {"make check", "make test"} <= set(script.splitlines())
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_hooks_before_a_commit_are_the_tools_of_make_check():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    for tool in ("ruff check", "ruff format", "mypy", "lint-imports"):
        assert f"uv run --frozen {tool}" in hooks
        assert f"$(RUN) {tool}" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_pages_of_the_changelog_and_the_project_name_the_same_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[([\d.]+)\]", changelog, re.MULTILINE)[0] == PROJECT["project"]["version"]
