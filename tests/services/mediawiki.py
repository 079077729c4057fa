"""A MediaWiki of Debian's packages, unpacked and not installed, with SQLite and PHP's own web server.

    wiki = MediaWiki.start(folder)      # .url ends with a slash; the API is at f"{wiki.url}api.php"
    wiki.edit("Holidays", "25 days.")   # as the administrator, by the real API
    wiki.bot_user, wiki.bot_password    # what a bot that reads logs in with

A fresh one is a copy of an empty wiki that was set up once for this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from tests.services import mediawiki_files as files
from tests.services.server import HOST, Server

if TYPE_CHECKING:
    import httpx

GROUP = Path(__file__).with_name("group.py")
WORKERS = 2
SHOWN = ("api.php", "index.php", "load.php", "rest.php", "img_auth.php", "resources", "skins", "extensions")
"""Of its code, what the web server shows."""

KEPT = ("database", "images")
"""Where it keeps what is written to it."""


class Refused(Exception):
    """MediaWiki did not do what it was asked for; carries the code and the words of its API."""

    def __init__(self, code: str, info: str) -> None:
        super().__init__(f"{code}: {info}")
        self.code = code


@dataclass
class MediaWiki(Server):
    """Without a page. Everybody may read it, unless it is private; to edit one has to log in."""

    private: bool = False
    """Whether one has to log in to read, too."""

    name = "MediaWiki"
    ending = signal.SIGINT
    admin, admin_password = files.ADMIN, files.ADMIN_PASSWORD
    bot_user, bot_password = f"{files.BOT}@{files.APP}", files.BOT_PASSWORD
    """A bot password with the grants `basic` and `highvolume`. It counts for the API only."""
    account, account_password = files.BOT, files.ACCOUNT_PASSWORD
    """The account that it belongs to, of the group `bot`."""

    @classmethod
    def find_program(cls) -> Path:
        """The folder of PHP and MediaWiki; raises `MissingServer` (`make test` gets it)."""
        return files.find_code()

    @property
    def url(self) -> str:
        """Where it is, with a slash at the end; its API is `api.php` there."""
        return f"http://{HOST}:{self.ports['port']}/"

    def command(self) -> Sequence[str | Path]:
        """PHP does not end its workers when it is killed; `group.py` does."""
        serve = ("-S", f"{HOST}:{self.ports['port']}", "-t", self.data / "web")
        return [sys.executable, "-S", "-E", GROUP, *files.php(*serve)]

    def environment(self) -> dict[str, str]:
        """What `LocalSettings.php` asks for."""
        ours = files.environment(self.data, self.url.rstrip("/"), self.private)
        return super().environment() | ours | {"PHP_CLI_SERVER_WORKERS": str(WORKERS)}

    def prepare(self) -> None:
        """A copy of the empty wiki."""
        if self.data.exists():
            return
        shutil.copytree(files.empty_wiki(), self.data)
        web = self.data / "web"
        web.mkdir()
        for name in SHOWN:
            (web / name).symlink_to(files.code_of_wiki() / name)
        if not self.private:  # else `img_auth.php` shows them, to those who may see them
            (web / "images").symlink_to("../images")

    def answers(self) -> bool:
        """Its word about itself."""
        import httpx

        try:
            return httpx.get(f"{self.url}api.php", timeout=30, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def empty(self) -> None:
        """Make it as it was before anybody wrote anything or logged in; it runs afterwards, if it did not."""
        if not self.running():
            self.run()
            self.await_ready()
        for name in KEPT:
            shutil.rmtree(self.data / name)
            shutil.copytree(files.empty_wiki() / name, self.data / name)
        vars(self).pop("_session", None)

    def edit(self, title: str, text: str, summary: str = "") -> int:
        """Create a page or give it another text. Returns the page's id."""
        return int(self.write("edit", title=title, text=text, summary=summary)["pageid"])

    def move(self, title: str, to: str, redirect: bool = False) -> None:
        """Rename a page, with or without leaving a redirect behind."""
        self.write("move", **{"from": title}, to=to, noredirect=not redirect)

    def delete(self, title: str) -> None:
        """Delete a page, or a file with its page."""
        self.write("delete", title=title)

    def undelete(self, title: str) -> None:
        """Bring a deleted page back with all its revisions."""
        self.write("undelete", title=title)

    def upload(self, name: str, data: bytes) -> int:
        """Upload a file or another version of it. Returns the id of its page, `File:name`."""
        self.write("upload", {"file": (name, data)}, filename=name, ignorewarnings=True)
        [page] = self.ask(titles=f"File:{name}")["query"]["pages"]
        return int(page["pageid"])

    def get(self, title: str) -> str | None:
        """The text of a page as it is written, or None where there is none."""
        asked = self.ask(titles=title, prop="revisions", rvprop="content", rvslots="main")
        [page] = asked["query"]["pages"]
        return None if "missing" in page else str(page["revisions"][0]["slots"]["main"]["content"])

    def import_pages(self, pages: Mapping[str, str]) -> None:
        """Create many pages at once, by their titles, faster than by editing."""
        dump = self.folder / "pages.xml"
        dump.write_text(_dump(pages, self.admin), encoding="utf-8")
        files.maintain(self.environment(), "importDump.php", dump)
        files.maintain(self.environment(), "rebuildrecentchanges.php")
        files.maintain(self.environment(), "initSiteStats.php", "--update")

    def run_jobs(self) -> None:
        """Do what a wiki does later and by itself: above all, list what follows from a changed template."""
        files.maintain(self.environment(), "runJobs.php")

    def ask(self, action: str = "query", **parameters: object) -> dict[str, Any]:
        """What its API answers the administrator. Raises `Refused`."""
        client, _ = self._session
        return _understood(client.post("api.php", data=_form(action, parameters)))

    def write(self, action: str, sent: Any = None, **parameters: object) -> dict[str, Any]:
        """Have something done by the administrator. Returns what the API says of it. Raises `Refused`."""
        client, token = self._session
        form = _form(action, parameters | {"token": token})
        said = _understood(client.post("api.php", data=form, files=sent))[action]
        if said.get("result", "Success") != "Success":
            raise Refused(str(said["result"]), json.dumps(said))
        return dict(said)

    @cached_property
    def _session(self) -> tuple[httpx.Client, str]:
        """Who is logged in as the administrator, and the token that its requests need."""
        import httpx

        # Nothing is kept open, which a test would have to close.
        limits = httpx.Limits(max_keepalive_connections=0)
        client = httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=False, limits=limits)
        login = _token(client, "login")
        given = {"lgname": self.admin, "lgpassword": self.admin_password, "lgtoken": login}
        said = _understood(client.post("api.php", data=_form("login", given)))["login"]
        if said["result"] != "Success":
            raise Refused(said["result"], json.dumps(said))
        return client, _token(client, "csrf")

    def _signal(self, number: signal.Signals) -> None:
        """To the workers too."""
        if self.running():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
                os.killpg(self.pid, signal.SIGCONT)

    def _ended(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.running() or (self.pid and group_members(self.pid)):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True


def group_members(group: int) -> list[int]:
    """The processes of a group that run."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            state, _, its_group = file.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(int(file.parent.name))
    return found


def get_mediawiki() -> None:
    """Get what it is made of, and set up the empty wiki, where they are not here."""
    files.get_code()
    files.empty_wiki()


def _form(action: str, parameters: Mapping[str, object]) -> dict[str, str]:
    """As the API reads them: what is there is true, and what is false is left out."""
    given = {name: value for name, value in parameters.items() if value is not None and value is not False}
    words = {name: "1" if value is True else str(value) for name, value in given.items()}
    return {"action": action, "format": "json", "formatversion": "2"} | words


def _understood(response: httpx.Response) -> dict[str, Any]:
    response.raise_for_status()
    answer = dict(response.json())
    if error := answer.get("error"):
        raise Refused(error["code"], error["info"])
    return answer


def _token(client: httpx.Client, kind: str) -> str:
    asked = _form("query", {"meta": "tokens", "type": kind})
    return str(_understood(client.post("api.php", data=asked))["query"]["tokens"][f"{kind}token"])


def _dump(pages: Mapping[str, str], author: str) -> str:
    """As MediaWiki exports pages: https://www.mediawiki.org/wiki/Help:Export"""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    space = "http://www.mediawiki.org/xml/export-0.11/"
    root = ElementTree.Element("mediawiki", {"xmlns": space, "version": "0.11", "xml:lang": "en"})
    for title, text in pages.items():
        page = ElementTree.SubElement(root, "page")
        ElementTree.SubElement(page, "title").text = title
        revision = ElementTree.SubElement(page, "revision")
        ElementTree.SubElement(revision, "timestamp").text = now
        by = ElementTree.SubElement(revision, "contributor")
        ElementTree.SubElement(by, "username").text = author
        ElementTree.SubElement(revision, "model").text = "wikitext"
        ElementTree.SubElement(revision, "format").text = "text/x-wiki"
        ElementTree.SubElement(revision, "text", {"xml:space": "preserve"}).text = text
    return ElementTree.tostring(root, encoding="unicode")
