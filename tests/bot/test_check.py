"""`sabio check` tells everything that is wrong at once, and what is right as well."""

import pytest

from bot.check import run_checks
from bot.findings import Level
from bot.platforms.terminal import findings_code
from ingest.ledger import HEAD, Ledger
from ingest.ledger.tables import state
from tests.bot.conftest import build_company
from tests.models import behaviours as b
from tests.models.scripted import Scripted


@pytest.fixture
def file(tmp_path, model_cache):
    return build_company(tmp_path / "company", model_cache)


def wrong(findings):
    return {(one.subject, one.level.value): one for one in findings if one.level is not Level.OK}


def messages(findings, subject):
    return " / ".join(one.message for one in findings if one.subject == subject)


def test_a_good_configuration_has_no_errors_and_says_what_was_seen(company):
    findings = run_checks(company, None)
    assert findings_code(findings) == 0
    assert "4 documents" in messages(findings, "source handbook")
    assert "384 dimensions" in messages(findings, "embedding")
    assert "as many as are published" in messages(findings, "index")
    assert "migration" in messages(findings, "ledger")


def test_before_the_first_sync_nothing_is_wrong(file):
    findings = run_checks(file, None)
    assert findings_code(findings) == 0
    assert "first `sabio sync`" in messages(findings, "ledger")


def test_settings_and_options_that_are_wrong_are_told_together(tmp_path):
    file = tmp_path / "sabio.yaml"
    file.write_text(
        "embeding: local\nsync: {batch: many}\n"
        "sources:\n  - {name: handbook, type: folder, pth: ./docs, readers: [everyone]}\n"
        "  - {name: drive, type: foldr, path: ./docs}\n"
    )
    findings = run_checks(file, None)
    told = " / ".join(one.message for one in findings if one.level is Level.ERROR)
    for words in (
        "did you mean `embedding`?",
        "`sync.batch`",
        "did you mean 'path'?",
        "did you mean 'folder'?",
    ):
        assert words in told
    assert findings_code(findings) == 2


def test_one_broken_source_hides_neither_the_others_nor_the_rest(file):
    file.write_text(file.read_text().replace("path: ./salaries", "path: ./nowhere"))
    findings = run_checks(file, None)
    broken = wrong(findings)["source salaries", "error"]
    assert "nowhere" in broken.message
    assert broken.kind == "unavailable"
    assert "documents" in messages(findings, "source handbook")
    assert "dimensions" in messages(findings, "embedding")
    assert findings_code(findings) == 3


def test_an_empty_source_is_a_warning_that_names_its_options(file):
    (file.parent / "salaries" / "bands.md").unlink()
    warning = wrong(run_checks(file, None))["source salaries", "warning"]
    assert "no documents" in warning.message
    assert "`path`" in warning.fix


def test_documents_that_nobody_may_read_are_a_warning(file):
    file.write_text(file.read_text().replace(', readers: ["group:hr"]', ""))
    findings = run_checks(file, None)
    warning = wrong(findings)["source salaries", "warning"]
    assert "nobody can read its documents" in warning.message
    assert "readers" in warning.fix
    assert findings_code(findings) == 0


def test_a_source_that_is_not_configured_is_named_with_those_that_are(file):
    findings = run_checks(file, None, ["handbok"])
    assert "handbook, salaries" in wrong(findings)["source handbok", "error"].message


def test_only_the_sources_asked_for_are_looked_at(file):
    subjects = {one.subject for one in run_checks(file, None, ["salaries"])}
    assert "source salaries" in subjects
    assert "source handbook" not in subjects


def test_a_data_folder_that_cannot_be_is_an_error(file):
    (file.parent / "taken").write_text("a file")
    findings = run_checks(file, file.parent / "taken")
    assert wrong(findings)["data folder", "error"].fix
    assert findings_code(findings) == 2


def test_a_full_disk_is_an_error_that_may_pass(file, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: _Usage(5_000_000))
    findings = run_checks(file, None)
    assert wrong(findings)["data folder", "error"].kind == "unavailable"


class _Usage:
    def __init__(self, free):
        self.free = free


def test_chunks_missing_from_the_index_are_told(own_kb, own_company):
    index = own_kb.collection().index
    index.delete([next(index.ids())])
    own_kb.close()
    warning = wrong(run_checks(own_company, None))["index", "warning"]
    assert warning.message.startswith("1 of ")
    assert "rebuild" in warning.fix


def test_an_index_of_another_model_is_an_error(own_kb, own_company):
    with own_kb.ledger.write() as ledger:
        ledger.execute(state.update().where(state.c.key == "collection").values(value="another-model-9-1234"))
    own_kb.close()
    findings = run_checks(own_company, None)
    assert "rebuild" in wrong(findings)["index", "error"].message


def test_a_variable_that_looks_like_a_misspelt_setting_is_a_warning(file, monkeypatch):
    monkeypatch.setenv("SABIO_EMBEDING", "local")
    assert "SABIO_EMBEDDING" in wrong(run_checks(file, None))["configuration", "warning"].message


def test_programs_that_are_not_installed_are_named_with_what_is_off(file, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    warning = wrong(run_checks(file, None))["tesseract", "warning"]
    assert "scanned pages" in warning.message
    assert "make system" in warning.fix


def test_a_ledger_on_a_server_is_named_with_its_version_and_migration(file, postgres_url):
    file.write_text(f"{file.read_text()}\nledger: {postgres_url}\n")
    assert messages(run_checks(file, None), "ledger").startswith("PostgreSQL ")
    assert "empty: the first `sabio sync` makes its tables" in messages(run_checks(file, None), "ledger")
    Ledger(postgres_url).close()
    assert messages(run_checks(file, None), "ledger").endswith(f", at migration {HEAD}")


def test_a_ledger_on_a_server_that_lets_nobody_in_is_told_with_what_to_change(file, postgres_url):
    file.write_text(f"{file.read_text()}\nledger: {postgres_url.replace(':sabio@', ':canary@')}\n")
    [told] = [one for one in run_checks(file, None) if one.subject == "ledger"]
    assert (told.level, told.kind) == (Level.ERROR, "configuration")
    assert "the password is wrong" in told.message
    assert "canary" not in told.message


# ---- language models ----


def with_model(file, server, **more):
    lines = [f"llm: openai-like:{server.model}", f"llm_url: {server.url}", f"llm_api_key: {server.key}"]
    lines += [f"{key}: {value}" for key, value in more.items()]
    file.write_text(file.read_text(encoding="utf-8") + "\n".join(lines) + "\n", encoding="utf-8")
    return run_checks(file, None)


def test_without_a_language_model_that_is_said_and_nothing_is_wrong(file):
    assert messages(run_checks(file, None), "llm") == "none: answers are quotations"


def test_a_language_model_is_asked_for_a_word_and_says_how_long_it_took(file, model_server):
    server = model_server(Scripted(["OK and a lot more that nobody waits for"], repeat=True))
    said = messages(with_model(file, server), "llm")
    assert said.startswith("openai-like:my-model began to reply after")
    [request] = server.requests
    assert "test" in str(request.messages)


@pytest.mark.parametrize(
    ("behaviour", "kind", "told"),
    [(b.status(401), "configuration", "check its API key"), (b.status(503), "unavailable", "HTTP 503")],
)
def test_a_language_model_that_does_not_work_is_an_error_that_says_why(
    file, model_server, behaviour, kind, told
):
    server = model_server(Scripted(["OK"], repeat=True), behaviour)
    [error] = [one for one in with_model(file, server) if one.level == Level.ERROR]
    assert (error.subject, error.kind) == ("llm", kind)
    assert told in error.message


def test_a_slow_model_a_missing_stand_in_and_a_wrong_glossary_are_told(file, model_server, tmp_path):
    server = model_server(Scripted(["OK"], repeat=True), b.slow_start(0.6))
    glossary = tmp_path / "words.yaml"
    glossary.write_text("[a, b]", encoding="utf-8")
    more = {"llm_fallback": "acme:model", "llm_patience": 1, "glossary": glossary}
    found = with_model(file, server, **more)
    assert "of the 1 s that it may take" in messages(found, "llm")
    assert "llama-index-llms-acme" in messages(found, "llm_fallback")
    assert "word: meaning" in messages(found, "glossary")
