"""A backup of the ledger is taken, time passes, and it comes back: by the commands of docs/operations.md.

Once on a real PostgreSQL, once as a copy of SQLite.
"""

import json
import re
import shlex
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.sabio_child import Child
from tests.services import Postgres

GUIDE = Path(__file__).parents[2] / "docs" / "operations.md"
PAGES = {
    "holidays.md": "# Holidays\n\nEverybody has 24 days of holiday a year.\n",
    "bonus.md": "# Bonus\n\nThe bonus of the sales team is 900 euros.\n",
}
HOLIDAY, BONUS = "How many days of holiday does everybody have?", "How much is the bonus of the sales team?"


class Installation:
    """An installation whose commands are run as its operator runs them."""

    def __init__(self, folder, ledger):
        self.folder, self.ledger = folder, ledger
        self.docs = folder / "docs"
        self.docs.mkdir()
        for name, text in PAGES.items():
            (self.docs / name).write_text(text, encoding="utf-8")
        source = {"name": "wiki", "type": "folder", "path": str(self.docs), "readers": ["everyone"]}
        settings = {"data": str(folder / "var"), "ledger": ledger, "translation": "none", "sources": [source]}
        self.config = folder / "sabio.yaml"
        self.config.write_text(yaml.safe_dump(settings), encoding="utf-8")

    def run(self, *words):
        """A command to its end: its exit code, and what it said."""
        with Child(self.config, *words, module="bot.__main__") as done:
            return done.ended(60), done.said()

    def ask(self, question):
        code, said = self.run("ask", question, "--json")
        return code, json.loads(said[said.index("{") :])


@pytest.fixture
def installation(request, tmp_path, data):
    """One with a ledger of the sort that the test names."""
    ledger = request.getfixturevalue("postgres_url") if request.param == "postgresql" else request.param
    made = Installation(tmp_path, ledger)
    assert made.run("sync")[0] == 0
    return made


def as_told(tool, address):
    """The command of the guide that runs a program of PostgreSQL in its container, for this server."""
    [line] = re.findall(
        rf"^docker compose exec --no-TTY postgres ({tool} [^<>\n]*)", GUIDE.read_text("utf-8"), re.MULTILINE
    )
    told = re.sub(r"--username \S+ ", "", line)
    name, *options = shlex.split(told)
    options = [one for one in options if one not in {"sabio", "--dbname"}]
    return [Postgres.find_program().with_name(name), *options, f"--dbname={address}"]


def pass_time(installation):
    """What happens after the backup: a page is deleted at the source, another one edited."""
    (installation.docs / "bonus.md").unlink()
    (installation.docs / "holidays.md").write_text(PAGES["holidays.md"].replace("24", "26"), encoding="utf-8")
    assert installation.run("sync", "--confirm-removals")[0] == 0
    assert "26 days" in installation.ask(HOLIDAY)[1]["text"]


def comes_back(installation, *, index_lost):
    """The story from `sabio restored` on."""
    assert installation.run("restored")[0] == 0
    if index_lost:
        shutil.rmtree(installation.folder / "var" / "index")
        assert installation.run("rebuild")[0] == 0
    code, told = installation.ask(BONUS)
    assert (code, told["outcome"]) == (3, "unavailable")
    assert "restored from a backup" in told["text"]
    assert installation.run("sync", "--confirm-removals")[0] == 0
    assert "26 days" in installation.ask(HOLIDAY)[1]["text"]
    assert installation.ask(BONUS)[1]["outcome"] == "not_found"


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
@pytest.mark.parametrize("index_lost", [False, True])
def test_a_dump_is_restored_and_what_was_deleted_since_stays_deleted(installation, index_lost):
    address = installation.ledger
    dump = subprocess.run(as_told("pg_dump", address), check=True, capture_output=True).stdout
    pass_time(installation)
    done = subprocess.run(as_told("pg_restore", address), input=dump, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    comes_back(installation, index_lost=index_lost)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_laptop_is_backed_up_while_it_runs_and_comes_back(installation):
    ledger, copy = installation.folder / "var" / "ledger.db", installation.folder / "copy.db"
    with Child(installation.config, "serve", "--port", "0", module="bot.__main__") as serving:
        serving.port()
        source, backup = sqlite3.connect(ledger), sqlite3.connect(copy)
        source.backup(backup)  # what `.backup` of the program sqlite3 does
        source.close()
        backup.close()
        assert serving.stop() == 0
    pass_time(installation)
    shutil.copy(copy, ledger)
    for left in ("ledger.db-wal", "ledger.db-shm"):
        (ledger.parent / left).unlink(missing_ok=True)
    comes_back(installation, index_lost=False)
