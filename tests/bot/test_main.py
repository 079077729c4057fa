"""The `sabio` command as people and programs meet it: words, JSON, exit codes."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from sqlalchemy import text

from bot import exits
from bot.__main__ import main
from bot.cli import app
from config.errors import UnavailableError
from ingest.ledger import HEAD, Ledger

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def sabio(monkeypatch, capsys, restored_logging):
    """Runs the command in this process: its exit code, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["sabio", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, *capsys.readouterr()

    monkeypatch.setenv("COLUMNS", "100")
    return run


def commands():
    return [one.name or one.callback.__name__ for one in app.registered_commands]


def test_ask_answers_with_a_citation(sabio, company):
    code, out, err = sabio("--config", company, "ask", "How many days of holiday do I have?")
    assert code == 0
    assert "24 days" in out
    assert "https://wiki.acme.com/holidays.md" in out
    assert err == ""


def test_ask_for_programs_prints_one_json_object_and_nothing_else(sabio, company):
    code, out, err = sabio("--config", company, "ask", "How many days of holiday do I have?", "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert answer["outcome"] in {"answered", "partial"}
    assert answer["citations"][0]["document"] == "holidays.md"
    assert answer.keys() >= {
        *("outcome", "language", "text", "claims", "citations"),
        *("dropped", "suggestions", "reference", "seconds"),
    }


def test_bytes_that_are_no_text_are_asked_about_all_the_same(sabio, company):
    code, out, err = sabio("--config", company, "ask", "How many days of holiday\udcff do I have?", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["citations"][0]["document"] == "holidays.md"
    code, out, _ = sabio("--config", company, "why", "handbook/\udcff.md", "--json")
    assert json.loads(out)["documents"][0]["state"] == "not_listed"


def test_search_finds_only_what_the_person_may_read(sabio, company):
    def documents(*person):
        _, out, _ = sabio("--config", company, "search", "salary band three", "--json", *person)
        return {hit["document"] for hit in json.loads(out)["hits"]}

    assert "bands.md" in documents("--as", "ana@acme.com")
    assert "bands.md" not in documents("--as", "luis@acme.com")
    assert "bands.md" not in documents()


def test_search_lists_hits_with_place_and_score(sabio, company):
    code, out, _ = sabio("--config", company, "search", "VPN", "--limit", "1")
    assert code == 0
    assert re.match(r"1\. Connecting with the VPN · \d+\.\d\d\n   https://wiki.acme.com/vpn.md", out)
    assert "\n2. " not in out
    _, out, _ = sabio("--config", company, "search", "VPN", "--limit", "1", "--json")
    (hit,) = json.loads(out)["hits"]
    assert hit.keys() >= {"source", "document", "title", "url", "heading", "page", "text", "score"}


def test_sync_ends_with_1_when_a_document_could_not_be_read(sabio, own_company):
    code, out, err = sabio("--config", own_company, "sync", "handbook", "--full")
    assert code == 1
    assert "not read: broken.pdf" in out
    assert "handbook: 4 documents due" in err


def test_sync_for_programs_reports_every_run(sabio, own_company):
    code, out, err = sabio("--config", own_company, "sync", "salaries", "--json")
    (run,) = json.loads(out)["runs"]
    assert (code, err) == (0, "")
    assert (run["source"], run["outcome"], run["scanned"]) == ("salaries", "done", 1)
    assert (run["chunks_embedded"], run["failed"], run["still_answerable"]) == (0, [], 0)


def test_a_source_that_is_away_ends_a_sync_with_3(sabio, own_company):
    (own_company.parent / "salaries").rename(own_company.parent / "away")
    code, out, _ = sabio("--config", own_company, "sync", "salaries")
    assert code == 3
    assert "is not there" in " ".join(out.split())


def test_asking_before_the_first_sync_is_unavailable_and_says_what_to_do(sabio, company, tmp_path):
    (tmp_path / "models").symlink_to(company.parent / "var" / "models")
    code, out, _ = sabio("--config", company, "--data", tmp_path, "ask", "How many days of holiday?")
    assert code == 3
    assert "sabio sync" in out


def test_status_sources_why_and_check_speak_to_people_and_programs(sabio, company):
    _, out, _ = sabio("--config", company, "status", "--json")
    assert [one["name"] for one in json.loads(out)["sources"]] == ["handbook", "salaries"]
    _, out, _ = sabio("--config", company, "status")
    assert "handbook: not read: broken.pdf" in out
    _, out, _ = sabio("--config", company, "sources", "--json")
    assert json.loads(out)["sources"][1]["readers"] == ["group:hr"]
    _, out, _ = sabio("--config", company, "sources")
    assert "group:hr" in out
    _, out, _ = sabio("--config", company, "why", "holidays.md", "--json")
    assert json.loads(out)["documents"][0]["state"] == "published"
    _, out, _ = sabio("--config", company, "why", "bands.md", "--as", "luis@acme.com")
    assert "luis@acme.com may not read it" in out
    _, out, _ = sabio("--config", company, "why", "Where does band three start?", "--as", "ana@acme.com")
    assert "salaries/bands.md" in out
    assert "confidence" in out
    code, out, _ = sabio("--config", company, "check", "--json")
    assert code == 0
    assert {one["level"] for one in json.loads(out)["findings"]} <= {"ok", "warning"}


def test_rebuild_says_how_much_it_wrote(sabio, own_company):
    code, out, _ = sabio("--config", own_company, "rebuild", "--json")
    made = json.loads(out)
    assert code == 0
    assert made["chunks"] >= 4
    code, out, _ = sabio("--config", own_company, "search", "VPN", "--json")
    assert json.loads(out)["hits"]


def test_migrate_makes_the_ledger_says_so_and_needs_no_source(sabio, tmp_path):
    file = tmp_path / "sabio.yaml"
    file.write_text("sources: [{name: drive, type: folder, path: /nowhere}]\n")
    code, out, err = sabio("--config", file, "migrate", "--json")
    assert (code, json.loads(out), err) == (0, {"from": None, "to": HEAD}, "")
    assert sabio("--config", file, "migrate") == (0, f"The ledger is up to date: migration {HEAD}.\n", "")


def test_migrate_says_from_which_revision_to_which(sabio, tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path}/var/ledger.db")
    ledger.downgrade("0005")
    ledger.close()
    code, out, _ = sabio("--data", tmp_path / "var", "migrate")
    assert (code, out) == (0, f"The ledger was brought from migration 0005 to {HEAD}.\n")


def test_migrate_leaves_a_ledger_of_a_newer_version_alone(sabio, tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path}/var/ledger.db")
    with ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    code, _, err = sabio("--data", tmp_path / "var", "migrate")
    assert code == 2
    assert "stands at migration 9999" in err
    assert ledger.revision() == "9999"
    ledger.close()


def test_migrate_says_where_the_ledger_cannot_be_reached_and_ends_with_3(sabio, tmp_path, monkeypatch):
    monkeypatch.setenv("SABIO_LEDGER", "postgresql://sabio:hunter22@127.0.0.1:1/sabio")
    code, _, err = sabio("migrate")
    assert code == 3
    assert "127.0.0.1:1" in err
    assert "hunter22" not in err


def test_an_unknown_queue_is_refused_with_the_known_ones(sabio, company, monkeypatch):
    monkeypatch.setenv("SABIO_QUEUE", "redis://127.0.0.1:1/0")
    code, _, err = sabio("--config", company, "work", "--queue", "default", "--queue", "ingst")
    assert code == 2
    assert "there is no queue `ingst`; the queues are `ingest` and `default`" in err


def test_a_queue_is_refused_where_there_are_none(sabio, company):
    code, _, err = sabio("--config", company, "work", "--queue", "ingest")
    assert code == 2
    assert "`--queue` means nothing with `queue: none`" in err


def test_a_wrong_configuration_is_told_whole_and_ends_with_2(sabio, tmp_path):
    file = tmp_path / "sabio.yaml"
    file.write_text("embeding: local\nsync: {batch: many}\n")
    code, out, err = sabio("--config", file, "ask", "Anything?")
    assert (code, out) == (2, "")
    assert "did you mean `embedding`?" in err
    assert "sync.batch" in err
    assert "Traceback" not in err


def test_programs_read_the_same_error_as_json(sabio, tmp_path):
    code, out, err = sabio("--config", tmp_path / "none.yaml", "status", "--json")
    error = json.loads(out)["error"]
    assert code == 2
    assert error["kind"] == "ConfigError"
    assert "there is no such file" in error["message"]
    assert "there is no such file" in err


def test_an_unknown_source_is_named_with_the_known_ones(sabio, company):
    code, _, err = sabio("--config", company, "sync", "handbok")
    assert code == 2
    assert "handbook, salaries" in err


def raising(error):
    def raise_it(*_arguments, **_options):
        raise error

    return raise_it


def test_an_outage_ends_with_3(sabio, company, monkeypatch):
    monkeypatch.setattr("bot.status.status_of", raising(UnavailableError("the ledger is down")))
    code, _, err = sabio("--config", company, "status")
    assert (code, err) == (3, "the ledger is down\n")


def test_an_error_of_our_own_is_one_line_without_a_trace(sabio, company, monkeypatch):
    monkeypatch.setattr("bot.status.status_of", raising(KeyError("oops")))
    code, out, err = sabio("--config", company, "status")
    assert (code, out) == (70, "")
    assert err.startswith("Something went wrong inside Sabio (KeyError: 'oops').")
    assert err.count("\n") == 1


def test_the_trace_of_such_an_error_is_in_the_debug_log(sabio, company, monkeypatch):
    monkeypatch.setattr("bot.status.status_of", raising(KeyError("oops")))
    monkeypatch.setenv("SABIO_LOG__LEVEL", "debug")
    _, _, err = sabio("--config", company, "status")
    assert "Traceback" in err
    assert logging.getLogger("bot").level == logging.DEBUG


def test_ctrl_c_is_one_line_and_130(sabio, company, monkeypatch):
    monkeypatch.setattr("bot.status.status_of", raising(KeyboardInterrupt()))
    code, out, err = sabio("--config", company, "status")
    assert (code, out) == (130, "")
    assert err == "Stopped. Whatever was done is kept; the same command goes on from there.\n"


def start(*arguments, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SABIO_")}
    line = [sys.executable, "-m", "bot", *map(str, arguments)]
    return subprocess.Popen(line, cwd=ROOT, text=True, env=environment, **options)


def test_ctrl_c_ends_a_chat(company):
    process = start(
        "--config", company, "chat", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdin.write("How many days of holiday do I have?\n")
    process.stdin.flush()
    assert "24 days" in "".join(iter(process.stdout.readline, "\n"))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode == 0


def test_a_terminal_of_another_encoding_misses_letters_and_no_answer(company):
    line = [
        sys.executable,
        "-m",
        "bot",
        "--config",
        str(company),
        "ask",
        "How many days of holiday are there?",
    ]
    latin = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(line, cwd=ROOT, capture_output=True, env=latin, check=True)
    assert b"According to ?Holidays?" in done.stdout


def test_a_reader_that_goes_away_is_no_error(company):
    process = start("--config", company, "search", "holiday", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert err == ""


def test_help_names_every_command_and_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['sabio', '--help']\n"
        "from bot.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in commands():
        assert re.search(rf"^  {name}  ", done.stdout, re.MULTILINE), name
    heavy = {"rich", "pydantic", "sqlalchemy", "numpy", "yaml", "asyncio", "babel"}
    assert heavy & set(done.stdout.splitlines()[-1].split()) == set()


def test_the_version_is_printed(sabio, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.2.3")
    assert sabio("--version") == (0, "sabio 1.2.3\n", "")


def test_every_command_is_documented_with_all_its_options():
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `sabio (\w+)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert sections.keys() == set(commands())
    for name, one in typer.main.get_command(app).commands.items():
        for option in (spelling for parameter in one.params for spelling in parameter.opts):
            if option.startswith("--") and option != "--help":
                assert f"`{option}" in sections[name], f"{name} {option}"


def test_every_exit_code_is_documented():
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    codes = (
        exits.DONE, exits.SOME_FAILED, exits.CONFIGURATION, exits.UNAVAILABLE, exits.OUR_FAULT,
        exits.INTERRUPTED,
    )  # fmt: skip
    assert documented == set(codes)
