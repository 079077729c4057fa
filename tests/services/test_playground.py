"""Microsoft's client of Teams: got once for a machine, by its hash, and started without telling anybody."""

import json
import shutil
import urllib.request

import pytest

from tests.services import MissingServer, playground
from tests.services.playground import PACKAGE, PINNED, VERSION, Node, Playground, get_playground

# As `npm ci` does, it installs what the lock file of its folder says.
NPM = """#!/bin/sh
echo "$@" >> "$FAKE_NPM_LOG"
[ -n "$FAKE_NPM_FAILS" ] && { echo "npm error code EINTEGRITY" >&2; exit 1; }
grep -q '"integrity": "sha512-' package-lock.json || exit 1
mkdir -p "node_modules/@microsoft/m365agentsplayground"
touch "node_modules/@microsoft/m365agentsplayground/cli.js"
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with an empty cache, and the Node and npm that are written here."""
    (tmp_path / "bin").mkdir()
    write(tmp_path, "npm", NPM)
    write(tmp_path, "node", "#!/bin/sh\necho v22.1.0\n")
    for name in ("sh", "grep", "mkdir", "touch"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_NPM_LOG", str(tmp_path / "npm.log"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def write(machine, name, content):
    program = machine / "bin" / name
    program.write_text(content)
    program.chmod(0o755)


def test_it_is_installed_once_and_kept_without_running_any_script_of_a_package(machine):
    with pytest.raises(MissingServer, match="make test"):
        Playground.find_program()
    found = get_playground()
    kept = machine / "cache" / "sabio" / f"agents-playground-{VERSION}"
    assert (
        found == get_playground() == Playground.find_program() == kept / "node_modules" / PACKAGE / "cli.js"
    )
    assert (machine / "npm.log").read_text() == "ci --ignore-scripts --no-audit --no-fund\n"
    assert {file.name for file in kept.parent.iterdir()} == {kept.name, f"{kept.name}.lock"}


def test_what_is_not_what_its_hash_says_is_not_used(machine, monkeypatch):
    monkeypatch.setenv("FAKE_NPM_FAILS", "yes")
    with pytest.raises(MissingServer, match=r"npm ci failed \(npm error code EINTEGRITY\)"):
        get_playground()
    with pytest.raises(MissingServer):
        Playground.find_program()


def test_a_node_that_is_too_old_is_told(machine):
    write(machine, "node", "#!/bin/sh\necho v16.20.2\n")
    with pytest.raises(MissingServer, match=r"Node v16\.20\.2 is too old"):
        get_playground()
    (machine / "bin" / "node").unlink()
    with pytest.raises(MissingServer, match="Debian: nodejs npm"):
        Node.find_program()


def test_the_package_is_pinned_by_its_hash_and_from_no_named_registry():
    lock = json.loads((PINNED / "package-lock.json").read_text())
    package = lock["packages"][f"node_modules/{PACKAGE}"]
    assert package["version"] == VERSION
    assert package["integrity"].startswith("sha512-")
    assert "resolved" not in package
    assert playground.OLDEST >= 18


def test_it_shows_its_page_to_the_one_who_looks_and_keeps_everything_in_its_folder(playground):
    with urllib.request.urlopen(playground.url) as page:
        assert b"Microsoft 365 Agents Playground" in page.read()
    assert playground.recorded() == []
    assert "name: Ana Soler" in (playground.data / "office.yml").read_text().partition("users:")[0]
