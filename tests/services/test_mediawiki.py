"""The real MediaWiki: an empty wiki in no time, with pages that behave as a company's do."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.services import MissingServer, mediawiki_files
from tests.services.debian import Archive
from tests.services.mediawiki import MediaWiki, Refused, get_mediawiki, group_members
from tests.services.server import alive

ROOT = Path(__file__).parent.parent.parent


def wait_until(done, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until
        time.sleep(0.02)


def titles(wiki: MediaWiki) -> list[str]:
    return [page["title"] for page in wiki.ask(list="allpages", aplimit="max")["query"]["allpages"]]


def changes(wiki: MediaWiki) -> list[tuple[str, str]]:
    """What was done to which page, the last first."""
    asked = wiki.ask(list="recentchanges", rcprop="title|loginfo|ids", rclimit="max")["query"]
    return [(change.get("logaction", change["type"]), change["title"]) for change in asked["recentchanges"]]


def revision(wiki: MediaWiki, title: str) -> int:
    [page] = wiki.ask(titles=title, prop="info")["query"]["pages"]
    return page["lastrevid"]


def test_a_fresh_wiki_is_empty_and_nothing_ever_happened_in_it(own_mediawiki):
    assert titles(own_mediawiki) == []
    assert changes(own_mediawiki) == []
    said = own_mediawiki.ask(meta="siteinfo", siprop="statistics|general")["query"]
    assert said["statistics"]["pages"] == said["statistics"]["edits"] == 0
    assert re.match(r"MediaWiki 1\.\d+", said["general"]["generator"])
    assert said["general"]["server"] + "/" == own_mediawiki.url


def test_an_edited_page_keeps_its_id_and_has_another_revision_at_once(mediawiki):
    page = mediawiki.edit("Edited", "25 días.", summary="first")
    first = revision(mediawiki, "Edited")
    assert mediawiki.get("Edited") == "25 días."
    assert mediawiki.edit("Edited", "26 días.") == page
    assert revision(mediawiki, "Edited") > first
    assert mediawiki.get("Edited") == "26 días."
    assert changes(mediawiki)[:2] == [("edit", "Edited"), ("new", "Edited")]


@pytest.mark.parametrize("redirect", [False, True])
def test_a_moved_page_keeps_its_id_and_leaves_a_redirect_where_it_is_told_to(mediawiki, redirect):
    page = mediawiki.edit(f"Moved {redirect}", "Text")
    mediawiki.move(f"Moved {redirect}", f"Renamed {redirect}", redirect=redirect)
    [found] = mediawiki.ask(pageids=page)["query"]["pages"]
    assert found["title"] == f"Renamed {redirect}"
    left = mediawiki.get(f"Moved {redirect}")
    assert left == f"#REDIRECT [[Renamed {redirect}]]" if redirect else left is None
    assert changes(mediawiki)[0][0] == "move"


def test_a_deleted_page_is_gone_until_it_is_undeleted(mediawiki):
    mediawiki.edit("Deleted", "Text")
    mediawiki.delete("Deleted")
    assert mediawiki.get("Deleted") is None
    assert "Deleted" not in titles(mediawiki)
    mediawiki.undelete("Deleted")
    assert mediawiki.get("Deleted") == "Text"
    assert [change for change, title in changes(mediawiki) if title == "Deleted"][:2] == ["restore", "delete"]


def test_an_uploaded_file_has_a_page_and_is_served_as_it_was(mediawiki):
    content = b"%PDF-1.4\n" + bytes(range(256))
    page = mediawiki.upload("Plan de viajes.pdf", content)
    [found] = mediawiki.ask(pageids=page, prop="imageinfo", iiprop="url|sha1|mime")["query"]["pages"]
    assert found["title"] == "File:Plan de viajes.pdf"
    address = found["imageinfo"][0]["url"]
    assert address.startswith(mediawiki.url)
    assert httpx.get(address).content == content
    mediawiki.upload("Plan de viajes.pdf", content + b"more")
    assert httpx.get(address).content == content + b"more"


def test_a_page_that_shows_a_template_shows_its_new_text_at_once(mediawiki):
    def text() -> str:
        return mediawiki.ask("parse", page="With a template", prop="text")["parse"]["text"]

    def members(category: str) -> list[str]:
        asked = mediawiki.ask(list="categorymembers", cmtitle=category)["query"]["categorymembers"]
        return [member["title"] for member in asked]

    mediawiki.edit("Template:Days", "25 days")
    mediawiki.edit("With a template", "{{Days}} of holidays [[Category:People]]")
    assert "25 days of holidays" in text()
    assert members("Category:People") == ["With a template"]
    mediawiki.edit("Template:Days", "26 days[[Category:Numbers]]")
    assert "26 days of holidays" in text()
    mediawiki.run_jobs()
    assert "With a template" in members("Category:Numbers")


def test_what_it_refuses_is_told_by_its_code(mediawiki):
    with pytest.raises(Refused, match="missingtitle") as refused:
        mediawiki.delete("Nowhere")
    assert refused.value.code == "missingtitle"


@contextmanager
def logged_in(wiki: MediaWiki, user: str, password: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=wiki.url, params={"format": "json", "formatversion": "2"}) as client:
        asked = client.get("api.php", params={"action": "query", "meta": "tokens", "type": "login"}).json()
        token = asked["query"]["tokens"]["logintoken"]
        form = {"action": "login", "lgname": user, "lgpassword": password, "lgtoken": token}
        assert client.post("api.php", data=form).json()["login"]["result"] == "Success"
        yield client


def test_the_bot_may_read_much_at_once_and_write_nothing(mediawiki):
    with logged_in(mediawiki, mediawiki.bot_user, mediawiki.bot_password) as client:
        asked = {"action": "query", "meta": "userinfo", "uiprop": "rights"}
        rights = client.get("api.php", params=asked).json()["query"]["userinfo"]["rights"]
    assert "apihighlimits" in rights
    assert not {"edit", "delete", "upload"} & set(rights)


def test_a_private_wiki_shows_itself_to_those_who_log_in(tmp_path, loopback, mediawiki):
    wiki = MediaWiki.start(tmp_path / "wiki", private=True)
    wiki.edit("Secret", "Text")
    wiki.upload("Secret.txt", b"content")
    [file] = wiki.ask(titles="File:Secret.txt", prop="imageinfo", iiprop="url")["query"]["pages"]
    address = file["imageinfo"][0]["url"]
    asked = {"action": "query", "list": "allpages", "format": "json"}
    assert httpx.get(f"{wiki.url}api.php", params=asked).json()["error"]["code"] == "readapidenied"
    assert httpx.get(address).status_code == 403
    for user, password, status in (
        # A bot password counts for the API only, and files do not come by the API:
        # BotPasswordSessionProvider::provideSessionInfo of MediaWiki.
        (wiki.bot_user, wiki.bot_password, 403),
        (wiki.account, wiki.account_password, 200),
    ):
        with logged_in(wiki, user, password) as client:
            [page] = client.get("api.php", params=asked).json()["query"]["allpages"]
            assert page["title"] == "Secret"
            assert client.get(address).status_code == status
    with logged_in(wiki, wiki.account, wiki.account_password) as client:
        assert client.get(address).content == b"content"
    wiki.drop()


def test_hundreds_of_pages_come_at_once_and_are_in_every_list(own_mediawiki):
    pages = {f"Page {number:03}": f"Text <{number}> & [[Page 001]]\n\n== Más ==" for number in range(300)}
    own_mediawiki.import_pages(pages)
    assert titles(own_mediawiki) == sorted(pages)
    assert own_mediawiki.get("Page 017") == pages["Page 017"]
    assert sorted(changes(own_mediawiki)) == [("new", title) for title in sorted(pages)]
    said = own_mediawiki.ask(meta="siteinfo", siprop="statistics")["query"]["statistics"]
    assert said["pages"] == 300


def test_it_comes_back_after_a_kill_with_its_pages_and_who_was_logged_in(own_mediawiki):
    own_mediawiki.edit("Kept", "Text")
    processes = group_members(own_mediawiki.pid)
    assert len(processes) >= 2
    own_mediawiki.kill()
    assert not own_mediawiki.running()
    assert not any(map(alive, processes))
    with pytest.raises(httpx.ConnectError):
        own_mediawiki.get("Kept")
    own_mediawiki.restart()
    assert own_mediawiki.get("Kept") == "Text"
    own_mediawiki.restart()
    assert own_mediawiki.get("Kept") == "Text"


STARTER = """
import sys, time
from pathlib import Path
from tests.services.mediawiki import MediaWiki
print(MediaWiki.start(Path(sys.argv[1])).pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("whose", ["owner", "guard", "server"])
def test_it_ends_with_all_its_processes_whoever_is_killed(tmp_path, mediawiki, whose):
    command = [sys.executable, "-c", STARTER, str(tmp_path / "wiki")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        guard = int(re.search(r"PPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])
        assert len(group_members(pid)) >= 2
        os.kill({"owner": process.pid, "guard": guard, "server": pid}[whose], signal.SIGKILL)
        wait_until(lambda: not group_members(pid))
        process.kill()
    if whose == "owner":
        wait_until(lambda: not (tmp_path / "wiki").exists())


def test_several_wikis_run_side_by_side(mediawiki, own_mediawiki):
    mediawiki.edit("Here", "one")
    own_mediawiki.edit("Here", "two")
    assert (mediawiki.get("Here"), own_mediawiki.get("Here")) == ("one", "two")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with an empty cache, and no programs but those written here."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("FAKE_APT_LOG", str(tmp_path / "apt.log"))
    for name in ("sh", "env", "mkdir", "touch"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name, path=os.defpath))
    return tmp_path


FAILING_APT = """
case "$*" in *mediawiki*) echo "E: Unable to locate package mediawiki" >&2; exit 100;; esac
"""
APT = """
echo "$@" >> "$FAKE_APT_LOG"
case "$*" in *--simulate*) echo "Inst libone (1)";; esac
"""


def write_programs(machine: Path, apt: str) -> None:
    cache = "echo '  Depends: php8.9-cli'"
    for name, content in {"apt-get": apt, "apt-cache": cache, "dpkg-deb": ""}.items():
        file = machine / "bin" / name
        file.write_text(f"#!/bin/sh\n{content}\n")
        file.chmod(0o755)


def test_where_it_is_not_it_is_said_who_gets_it(machine):
    with pytest.raises(MissingServer, match="make test"):
        MediaWiki.find_program()


def test_without_debians_packages_it_is_said_that_they_are_needed(machine):
    with pytest.raises(MissingServer, match=r"Debian's packages \(this system has no apt-get\)"):
        get_mediawiki()


def test_a_package_that_is_not_to_be_had_is_told_and_nothing_is_kept(machine):
    write_programs(machine, FAILING_APT)
    with pytest.raises(MissingServer, match="Unable to locate package"):
        get_mediawiki()
    left = {file.name for file in (machine / "cache" / "sabio").iterdir()}
    assert left == {f"{mediawiki_files.code_folder().name}.lock"}


def test_only_what_is_missing_is_unpacked_and_nothing_of_the_system_is_changed(machine):
    write_programs(machine, APT)
    archive = Archive(machine / "packages")
    assert archive.dependencies("php-cli") == ["php8.9-cli"]
    assert archive.missing(["php8.9-cli"]) == ["libone"]
    archive.unpack(["libone"], machine / "unpacked")
    for line in (machine / "apt.log").read_text().splitlines():
        assert f"-o Dir::State={machine}" in line
        assert f"-o Dir::Cache={machine}" in line
        assert re.search(r"update|download|install --simulate", line)
