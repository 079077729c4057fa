"""Weaviate's program: named, kept, installed, downloaded or built; and what is said where nothing works."""

import hashlib
import io
import os
import shutil
import stat
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.services import MissingServer, program
from tests.services.program import VERSION, find_weaviate, get_weaviate

KEPT = f"sabio/weaviate-server-{VERSION}"
DESCRIPTION = f'{{"info": {{"version": "{VERSION}"}}}}'

# As `go install` does, it leaves modules that nobody may change, and a program in GOBIN.
GO = """#!/bin/sh
echo "$@" >> "$FAKE_GO_LOG"
env >> "$FAKE_GO_LOG"
mkdir -p "$GOMODCACHE/module" && touch "$GOMODCACHE/module/file.go" && chmod -R a-w "$GOMODCACHE/module"
sleep 0.3
[ -n "$FAKE_GO_FAILS" ] && { echo "go: no such host" >&2; exit 1; }
echo built > "$GOBIN/weaviate-server"
"""


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch, loopback):
    """A machine with an empty cache, no releases, and no programs but a shell's and those written here."""
    monkeypatch.setattr(program, "NAMED", None)
    monkeypatch.setattr(program, "RELEASES", "http://127.0.0.1:9")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_GO_LOG", str(tmp_path / "go.log"))
    (tmp_path / "bin").mkdir()
    for name in ("sh", "env", "mkdir", "touch", "chmod", "sleep"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def write_program(file: Path, content: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    file.chmod(0o755)
    return file


def left_in_cache(machine: Path) -> set[str]:
    return {file.name for file in (machine / "cache" / "sabio").iterdir() if not file.name.endswith(".lock")}


def test_the_named_program_comes_first_then_the_kept_one_then_the_installed_one(machine, monkeypatch):
    installed = write_program(machine / "bin" / "weaviate", DESCRIPTION)
    assert find_weaviate() == installed
    kept = write_program(machine / "cache" / KEPT, "")
    assert find_weaviate() == kept
    named = write_program(machine / "mine", "")
    monkeypatch.setattr(program, "NAMED", str(named))
    assert find_weaviate() == get_weaviate() == named


def test_an_installed_program_of_another_version_is_left_alone(machine):
    write_program(machine / "bin" / "weaviate-server", '{"info": {"version": "1.38.2"}}')
    with pytest.raises(MissingServer, match=VERSION):
        find_weaviate()


def test_a_name_that_leads_nowhere_is_an_error_and_not_a_reason_to_build(machine, monkeypatch):
    write_program(machine / "bin" / "go", GO)
    monkeypatch.setattr(program, "NAMED", "/nowhere/weaviate")
    with pytest.raises(MissingServer, match="SABIO_WEAVIATE_BIN names /nowhere/weaviate"):
        get_weaviate()
    assert not (machine / "go.log").exists()


@pytest.fixture
def releases(machine, monkeypatch):
    """A release server with a release; returns the file of its checksum, which is not there."""
    folder = machine / "releases" / f"v{VERSION}"
    folder.mkdir(parents=True)
    name = f"weaviate-v{VERSION}-linux-{'arm64' if os.uname().machine == 'aarch64' else 'amd64'}.tar.gz"
    with tarfile.open(folder / name, "w:gz") as packed:
        member = tarfile.TarInfo("weaviate")
        member.size = len(b"released")
        packed.addfile(member, io.BytesIO(b"released"))
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=machine / "releases")) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr(program, "RELEASES", f"http://127.0.0.1:{server.server_port}")
        yield folder / f"{name}.sha256"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("with_checksum", [True, False])
def test_a_release_is_downloaded_checked_and_kept(machine, releases, with_checksum):
    if with_checksum:
        digest = hashlib.sha256(releases.with_suffix("").read_bytes()).hexdigest()
        releases.write_text(f"{digest}  weaviate.tar.gz\n")
    found = get_weaviate()
    assert found == machine / "cache" / KEPT == find_weaviate()
    assert found.read_text() == "released"
    assert found.stat().st_mode & stat.S_IXUSR
    assert left_in_cache(machine) == {found.name}


def test_a_release_that_is_not_what_its_checksum_says_is_not_used(machine, releases):
    releases.write_text("0" * 64)
    with pytest.raises(MissingServer, match="not what its checksum says"):
        get_weaviate()
    assert left_in_cache(machine) == set()


def test_without_a_release_it_is_built_once_from_its_module_and_the_caches_go(machine, capsys):
    write_program(machine / "bin" / "go", GO)
    found = get_weaviate()
    assert get_weaviate() == found == machine / "cache" / KEPT
    assert found.read_text() == "built\n"
    command, *environment = (machine / "go.log").read_text().splitlines()
    module = f"github.com/weaviate/weaviate/cmd/weaviate-server@v{VERSION}"
    assert command == f"install -trimpath -tags netgo -ldflags -s -w {module}"
    given = dict(line.split("=", 1) for line in environment if "=" in line)
    assert (given["CGO_ENABLED"], given["GOTOOLCHAIN"]) == ("0", "local")
    for name in ("GOMODCACHE", "GOCACHE", "GOTMPDIR", "GOBIN"):
        assert given[name].startswith(str(machine / "cache"))
    assert left_in_cache(machine) == {found.name}
    assert "Building Weaviate" in capsys.readouterr().err


def test_of_several_processes_one_builds_and_the_others_wait(machine):
    write_program(machine / "bin" / "go", GO)
    with ThreadPoolExecutor(3) as together:
        found = list(together.map(lambda _: get_weaviate(), range(3)))
    assert set(found) == {machine / "cache" / KEPT}
    assert (machine / "go.log").read_text().count("install -trimpath") == 1


def test_where_nothing_works_every_reason_is_given_with_what_to_do(machine, monkeypatch):
    with pytest.raises(MissingServer) as missing:
        get_weaviate()
    for said in ("the release is out of reach", "there is no Go", "SABIO_WEAVIATE_BIN", "install Go"):
        assert said in str(missing.value)
    write_program(machine / "bin" / "go", GO)
    monkeypatch.setenv("FAKE_GO_FAILS", "yes")
    with pytest.raises(MissingServer, match=r"go install failed \(go: no such host\)"):
        get_weaviate()
    assert left_in_cache(machine) == set()


def test_a_disk_without_the_room_for_building_is_told_before(machine, monkeypatch):
    write_program(machine / "bin" / "go", GO)
    monkeypatch.setattr(program, "BUILD_BYTES", 10**18)
    with pytest.raises(MissingServer, match="GB"):
        get_weaviate()
    assert not (machine / "go.log").exists()
