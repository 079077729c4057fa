"""What is read as a command, and what stays a question."""

import pytest

from bot.commands import Command, read, suggest
from tests.doubles import open_base

SOURCES = {
    "wiki": {"type": "folder", "label": "Handbook for all", "path": "/docs"},
    "drive": {"type": "folder", "label": "Archivo histórico", "path": "/drive"},
    "code": {"type": "git", "url": "https://git.acme.com/code"},
}


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grammar")
    sources = {name: {**options} for name, options in SOURCES.items() if options["type"] == "folder"}
    for name, options in sources.items():
        (folder / name).mkdir()
        options["path"] = str(folder / name)
    with open_base(folder / "var", sources) as kb:
        yield kb


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("sync", Command("sync")),
        ("Sync!", Command("sync")),
        ("`sync wiki`", Command("sync", "wiki")),
        ("sync all", Command("sync")),
        ("sync WIKI --full", Command("sync", "WIKI", full=True)),
        ("sync —full wiki", Command("sync", "wiki", full=True)),
        ("sync handbook for all", Command("sync", "handbook for all")),
        ("sincroniza archivo historico", Command("sync", "archivo historico")),
        ("sincronizar folder", Command("sync", "folder")),
        ("sincroniza wiki --completa", Command("sync", "wiki", full=True)),
        ("sync wkii", Command("sync", "wkii")),
        ("sync confirm", Command("confirm")),
        ("sync confirm wiki", Command("confirm", "wiki")),
        ("confirmar wiki", Command("confirm", "wiki")),
        ("sincroniza descartar drive", Command("discard", "drive")),
        ("sync accept wiki", Command("accept", "wiki")),
        ("aceptar índice", Command("accept", "index")),
        ("sync discard index", Command("discard", "index")),
        ("status", Command("status")),
        ("Estado", Command("status")),
        ("fuentes", Command("sources")),
        ("quarantine", Command("quarantine")),
        ("cuarentena drive", Command("quarantine", "drive")),
        ("feedback", Command("feedback")),
        ("opiniones hecho 89d6e3fc56", Command("feedback", "89d6e3fc56")),
        ("help", Command("help")),
        ("ayuda", Command("help")),
        ("why 89d6e3fc56", Command("why", "89d6e3fc56")),
        ("por qué 89d6e3fc56", Command("why", "89d6e3fc56")),
        ('why "How many days?"', Command("why", "How many days?")),
        ("Por que «¿Cuántos días?»", Command("why", "¿Cuántos días?")),
        ("why wiki/people/pets.md", Command("why", "wiki/people/pets.md")),
        ("why https://wiki.acme.com/pets.md#cats", Command("why", "https://wiki.acme.com/pets.md#cats")),
    ],
)
def test_a_command_is_read_in_english_and_spanish(kb, text, command):
    assert read(kb, text) == command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "status of the project?",
        "status of the project",
        "status?",
        "¿estado?",
        "why is the sky blue?",
        "why",
        "why 24 days",
        "why does wiki/pets.md say so",
        'why "dogs" and "cats"',
        "¿por qué hay 24 días?",
        "por qué hay perros",
        "porque sí",
        "help me with holidays",
        "sources of income",
        "feedback done by customers",
        "feedback on my holidays",
        "sync my calendar with my phone",
        "sync problems",
        "sync wiki?",
        "confirm my holidays",
        "discard batteries",
        "quarantine rules",
        "quarantine rules for dogs",
        "How many days of holiday do I have?",
        "sync " + "wiki " * 200,
    ],
)
def test_a_question_is_never_swallowed(kb, text):
    assert read(kb, text) is None


def test_after_a_slash_one_word_that_names_no_source_is_taken_for_a_mistake(kb):
    assert read(kb, "sync problems", slash=True) == Command("sync", "problems")
    assert read(kb, "sync problems with it", slash=True) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("synk", "sync"),
        ("synk wiki", "sync wiki"),
        ("estdo", "estado"),
        ("quarentine", "quarantine"),
        ("sync", None),
        ("stats of the project", None),
        ("holidays", None),
        ("How many days?", None),
        ("", None),
    ],
)
def test_a_slip_is_offered_as_what_was_meant(kb, text, meant):
    assert suggest(kb, text) == meant


def test_replies_that_tell_of_documents_are_for_whoever_asked_alone(kb):
    private = {text: read(kb, text).private for text in ("status", "quarantine", "sync wiki", "sources")}
    assert private == {"status": True, "quarantine": True, "sync wiki": False, "sources": False}
