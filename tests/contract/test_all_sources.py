"""Rows 1, 2, 3 and 35 of the reliability contract with one source of every kind at once: nobody is told what
they may not read, and nobody is told a secret.
"""

import json
import logging
import random

import pytest
import yaml

from bot.check import run_checks
from config.settings import load_settings
from config.telemetry import start_logging
from ingest.connectors import _http
from ingest.knowledge import KnowledgeBase
from ingest.refreshing import refresh_permissions
from tests.contract.companies import company, readable
from tests.contract.test_injections import in_process, write_with
from tests.contract.test_rights import Listening, asked
from tests.contracts.permitting import PermittingWorld
from tests.contracts.remote import RemoteWorld
from tests.doubles import open_base
from tests.ingest.connectors.web import Said
from tests.ingest.test_reading_rights import age
from workers.local import sync_sources

STRANGER = "nobody@nowhere.net"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch, loopback):
    monkeypatch.setattr(_http, "_LONGEST_PAUSE", 0.02)
    monkeypatch.setattr("ingest.connectors._notion.PACE", 0)


@pytest.fixture
def sources(tmp_path):
    with company(tmp_path) as made:
        yield made


def fill(sources, count, after=0):
    """So many documents in each, with a word of its own each: by that word's number, where it is. `after`: so
    many times was that done before."""
    made = {}
    for number in range(after * len(sources), (after + count) * len(sources)):
        source = list(sources.values())[number % len(sources)]
        words = f"The canary{number}x door code of the house is canary{number}x today."
        made[number] = (source.name, source.world.create(f"page{number}.md", words.encode()))
    return made


def opened(tmp_path, sources):
    given = {
        name: {k: v for k, v in source.options.items() if k != "name"} for name, source in sources.items()
    }
    return open_base(tmp_path / "var", given, real_parsers=True)


def allowed_to(sources, made):
    """What each of the people may read, and somebody whom no source knows."""
    return {**readable(sources, made), STRANGER: set()}


def check_all(tmp_path, sources, documents, rounds, questions):
    """Ask, change who may read, look again, and ask again; then let what is known grow old."""
    chance, listening = random.Random(1), Listening()
    made = fill(sources, documents)
    with opened(tmp_path, sources) as kb:
        write_with(kb, in_process(listening))
        reports = sync_sources(kb, list(sources))
        assert {report["outcome"] for report in reports} == {"done"}
        assert sum(report["new"] for report in reports) >= len(made)
        knowing = [source for source in sources.values() if isinstance(source.world, PermittingWorld)]
        assert {source.name for source in knowing} <= kb.knowing
        for _ in range(rounds):
            allowed = allowed_to(sources, made)
            leaks, answered = asked(kb, allowed, questions, listening, chance)
            assert leaks == []
            assert answered > questions // 8
            for source in knowing:
                for _ in range(4):
                    source.world.disturb(chance.randrange(10_000))
                refresh_permissions(kb, source.name)
        age(kb, 25)
        closed = {number for number, (name, _) in made.items() if name in kb.knowing}
        allowed = {person: mine - closed for person, mine in allowed_to(sources, made).items()}
        leaks, _ = asked(kb, allowed, questions, listening, chance)
        assert leaks == []


def test_nobody_is_told_what_they_may_not_read_in_any_of_all_sources(tmp_path, sources):
    check_all(tmp_path, sources, documents=4, rounds=2, questions=40)


@pytest.mark.contract
def test_ten_thousand_questions_about_all_sources(tmp_path, sources):
    check_all(tmp_path, sources, documents=200, rounds=10, questions=1_000)


# Row 35


def configured(tmp_path, sources, monkeypatch):
    """A configuration of all of them, in which secrets are references to the environment; and the secrets."""
    listed, secrets = [], set()
    for source in sources.values():
        options = source.options
        for name, value in options.items():
            secret = getattr(source.world, "secret", None)
            if isinstance(value, str) and value and value in {secret, options.get("password")}:
                variable = f"CANARY_{source.name}_{name}".upper()
                monkeypatch.setenv(variable, value)
                options[name] = f"${{{variable}}}"
        secrets |= {value for value in (getattr(source.world, "secret", None),) if value}
        listed.append(options)
    file = tmp_path / "sabio.yaml"
    file.write_text(yaml.safe_dump({"translation": "none", "data": "var", "sources": listed}))
    return load_settings(file), secrets


def echoes(asked):
    """What a careless server says: all that it was sent."""
    return json.dumps({"error": f"{asked.path} {asked.headers} {asked.body!r}"}).encode()


def sync_each(kb, names, **how):
    """Sync one after the other, and log what goes wrong, as `sabio serve` does; how many did."""
    wrong = 0
    for name in names:
        try:
            [report] = sync_sources(kb, [name], **how)
            wrong += report["outcome"] == "failed"
        except Exception as error:
            logging.getLogger("ingest").exception("%s", error)
            wrong += 1
    return wrong


def kept_in(folder):
    """The bytes of a ledger."""
    return b"".join(one.read_bytes() for one in folder.glob("ledger.db*"))


def test_no_secret_is_in_what_is_logged_kept_or_shown_when_a_source_refuses(
    tmp_path, data, sources, monkeypatch, restored_logging, capfd
):
    settings, secrets = configured(tmp_path, sources, monkeypatch)
    start_logging(settings.log.model_copy(update={"level": "debug"}), settings.secrets)
    for status in (400, 401, 403, 404, 500, 200):
        for source in sources.values():
            if isinstance(source.world, RemoteWorld):
                source.world.relay.interfere = lambda asked, status=status: Said(status, echoes(asked))
        findings = run_checks(settings.file, None) if status in {401, 200} else []
        with KnowledgeBase(settings) as kb:
            assert sync_each(kb, sources) >= len(sources) - 2, status
        told = "".join(capfd.readouterr()) + str(findings)
        kept = kept_in(data)
        assert [one for one in secrets if one in told or one.encode() in kept] == [], status


def test_no_secret_is_in_what_a_crash_leaves_behind(
    tmp_path, data, sources, monkeypatch, restored_logging, capfd
):
    settings, secrets = configured(tmp_path, sources, monkeypatch)
    start_logging(settings.log.model_copy(update={"level": "debug"}), settings.secrets)
    known = [one for one in secrets if one in settings.secrets]
    assert len(known) >= 5
    remote = [name for name, source in sources.items() if isinstance(source.world, RemoteWorld)]

    def crash(*_args, **_options):
        raise RuntimeError(f"unexpected: {' '.join(sorted(secrets))}")

    for number, step in enumerate(("sent", "scanned", "planned", "fetched", "parsed", "published")):
        fill(sources, 1, number)

        def observe(done, _title="", step=step):
            if done == step:
                crash()

        with monkeypatch.context() as patch, KnowledgeBase(settings) as kb:
            if step == "sent":
                patch.setattr("ingest.connectors._connections.Connections.send", crash)
            assert sync_each(kb, remote, observe=observe) == len(remote), step
        told = "".join(capfd.readouterr())
        kept = kept_in(data)
        assert [one for one in known if one in told or one.encode() in kept] == [], step
        assert "unexpected" in told
