"""Commands that tell something, who may give which, and what is said when something is wrong."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot import commands, wording
from bot import feedback as opinions
from bot.commands import is_admin, read, run
from bot.door import handle
from bot.messages import Message, Notice, Person
from config.errors import UnavailableError
from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now, requests
from tests.bot.catalogues import placeholders, sentences

ADMIN = Person("admin@acme.com", "Admin", language="en")
ANA = Person("ana@acme.com", "Ana")


@pytest.fixture
def kb(own_company):
    own_company.write_text(own_company.read_text() + "admins: [admin@acme.com, 'group:slack/ops']\n")
    with KnowledgeBase(load_settings(own_company, environ={})) as kb:
        yield kb


def say(kb, text, person=ADMIN, language="en", slash=False):
    command = read(kb, text, slash=slash)
    assert command is not None, f"{text!r} is no command"
    reply = run(kb, command, person, language)
    assert isinstance(reply, Notice)
    return reply


def words(notice):
    return "\n".join([notice.title, *notice.lines, *(button.label for button in notice.buttons)])


@pytest.mark.parametrize(
    ("admins", "person", "expected"),
    [
        (["admin@acme.com"], Person("Admin@Acme.com"), True),
        (["admin@acme.com"], Person("ana@acme.com"), False),
        (["admin@acme.com"], Person(None, "admin@acme.com"), False),
        (["admin@acme.com"], Person("admin@acme.com", external=True), False),
        (["group:ops"], Person("luis@acme.com"), True),
        (["group:everyone-here"], Person("luis@acme.com"), False),
        (["group:everyone-here"], Person(None), False),
        (["group:slack/ops"], Person(None, groups=frozenset({"group:slack/ops"})), True),
        (["group:slack/ops"], Person("luis@acme.com", groups=frozenset({"group:slack/dev"})), False),
        (["group:slack/ops"], Person(None, groups=frozenset({"group:slack/ops"}), external=True), False),
        (["domain:acme.com"], Person("luis@acme.com"), True),
        (["domain:acme.com"], Person("luis@acme.com.evil.com"), False),
        ([], Person("admin@acme.com"), False),
    ],
)
def test_who_is_an_admin_is_decided_from_the_settings(own_company, admins, person, expected):
    text = own_company.read_text().replace(
        "groups: {hr: [ana@acme.com]}",
        f"groups: {{ops: [luis@acme.com], everyone-here: [everyone]}}\nadmins: {admins}",
    )
    own_company.write_text(text)
    with KnowledgeBase(load_settings(own_company, environ={})) as kb:
        assert is_admin(kb, person) is expected


@pytest.mark.parametrize(
    "text", ["sync", "sync confirm", "sync accept", "sync discard", "status", "quarantine"]
)
def test_who_is_no_admin_gets_a_polite_no_that_names_nobody(kb, text):
    for person in (ANA, Person(None), Person("admin@acme.com", external=True)):
        refused = say(kb, text, person)
        assert refused.title == "Sorry, only those who run Sabio here may do that."
        assert "@" not in words(refused)
        assert not refused.buttons
    with kb.ledger.read() as ledger:
        assert requests.waiting(ledger) == {}


def test_where_nobody_is_named_the_no_says_who_can_name_somebody(company):
    with KnowledgeBase(load_settings(company, environ={})) as kb:
        assert "`admins`" in words(say(kb, "status"))
        assert "Nobody is named yet" in words(say(kb, "status"))


def test_the_no_is_said_in_the_language_of_the_person(kb):
    assert "quienes administran Sabio" in say(kb, "estado", ANA, "es").title


def test_everybody_may_see_what_is_answered_from_and_how_fresh_it_is(kb):
    seen = say(kb, "sources", ANA)
    assert seen.title == "I answer from 2 sources"
    assert [line.partition(":")[0] for line in seen.lines] == ["handbook", "salaries"]
    assert all("last synced" in line and "document" not in line for line in seen.lines)
    assert "3 documents" in say(kb, "sources").lines[0]


def test_guests_are_told_of_no_source_that_is_not_meant_for_them(kb):
    assert say(kb, "sources", Person(external=True)).lines == ()


def test_help_tells_admins_of_their_commands_and_others_of_theirs(kb):
    assert "`sync`" in words(say(kb, "help"))
    assert "`sync`" not in words(say(kb, "help", ANA))
    assert "`fuentes`" in words(say(kb, "ayuda", ANA, "es"))


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_command_that_the_help_tells_of_is_one(kb, language):
    for line in say(kb, "help", language=language).lines:
        for shown in re.findall(r"`([^`]+)`", line):
            known = shown.replace("wiki/", "handbook/").replace("wiki", "handbook")
            assert read(kb, known), shown


def test_status_tells_how_every_source_stands_and_who_is_at_work(kb):
    seen = say(kb, "status")
    assert seen.title == "4 documents are published"
    assert seen.lines[0].startswith("handbook: 3 documents · last synced: ")
    assert "1 document could not be read" in seen.lines[0]
    assert "`sabio serve`" in words(seen)
    assert "hay 4 documentos publicados" in say(kb, "estado", language="es").title.lower()


def test_feedback_lists_what_people_complained_of_until_it_is_seen_to(kb):
    answer = handle(kb, Message("How many days of holiday are there a year?", ANA))
    opinions.explain(kb, answer.reference, ANA, opinions.Reason.OUTDATED, "It is 25 by now.")
    seen = say(kb, "feedback")
    assert seen.title == "1 complaint is open"
    assert f"({answer.reference})" in seen.lines[0]
    assert "It is 25 by now." in seen.lines[0]
    assert [read(kb, button.command) is not None for button in seen.buttons] == [True, True]
    assert say(kb, seen.buttons[1].command).title == "1 complaint was seen to."
    assert say(kb, "opiniones", language="es").title == "Hay 0 quejas sin atender"


def test_long_lists_are_cut_and_the_rest_is_counted(own_company):
    for number in range(25):
        (own_company.parent / f"docs{number}").mkdir()
    more = "".join(f"  - {{name: s{n}, type: folder, path: ./docs{n}}}\n" for n in range(25))
    own_company.write_text(own_company.read_text() + more + "admins: [admin@acme.com]\n")
    with KnowledgeBase(load_settings(own_company, environ={})) as kb:
        seen = say(kb, "sources")
        assert len(seen.lines) == 21
        assert seen.lines[-1] == "and 7 more"
        assert "and 7 more" in say(kb, "status").lines
        assert "and 7 more" in say(kb, "sync nothing", slash=True).lines


def test_quarantine_tells_which_documents_could_not_be_read_and_why(kb):
    seen = say(kb, "quarantine")
    assert seen.title == "1 document could not be read"
    assert seen.lines[0].startswith("handbook/broken.pdf: ")
    assert [button.command for button in seen.buttons] == ["sync handbook --full"]
    assert say(kb, "quarantine salaries").lines == ()


def test_an_unknown_source_is_answered_by_those_that_exist_the_nearest_first(kb):
    seen = say(kb, "sync salareis")
    assert seen.title == "There is no source called “salareis”."
    assert seen.lines == ("There are: salaries, handbook",)
    assert [(button.label, button.command) for button in seen.buttons] == [
        ("Did you mean `sync salaries`?", "sync salaries")
    ]


def test_why_explains_a_document_and_says_whether_the_admin_may_read_it(kb):
    seen = say(kb, "why salaries/bands.md")
    assert "salaries/bands.md: published" in seen.lines
    assert "You may not read it." in seen.lines
    assert "You may read it." in say(kb, "why handbook/vpn.md").lines


def test_why_explains_an_answer_with_the_permissions_of_the_admin(kb):
    answer = handle(kb, Message("At how much does band three start a year?", ANA))
    assert "41,000" in answer.text
    seen = words(say(kb, f"why {answer.reference}"))
    assert "41,000" not in seen
    assert "salaries" not in seen
    mine = handle(kb, Message("How many days of holiday are there a year?", ADMIN))
    seen = say(kb, f"por qué {mine.reference}", language="es")
    assert any(line.startswith("Preguntado") and line.endswith("respondida") for line in seen.lines)
    assert any("24 days" in line for line in seen.lines)


def test_why_is_not_told_to_an_admin_whose_permissions_are_not_known(kb):
    vouched = Person(None, groups=frozenset({"group:slack/ops"}))
    answer = handle(kb, Message("At how much does band three start a year?", ANA))
    assert say(kb, f"why {answer.reference}", vouched).title.startswith("I show only what you may read")


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (UnavailableError("the ledger is down"), "I cannot do that right now. Please try again in a minute."),
        (ValueError("a mistake of ours"), "Something went wrong inside Sabio; its log says what."),
    ],
)
@pytest.mark.parametrize("text", ["status", "sync", "sync confirm", "quarantine", "sources"])
def test_what_is_broken_is_told_in_words_and_without_a_trace(kb, monkeypatch, text, error, title):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(kb.ledger, "read", fail)
    monkeypatch.setattr(kb.ledger, "write", fail)
    seen = say(kb, text)
    assert seen.title == title
    assert "Traceback" not in words(seen)
    assert ("Reason: the ledger is down" in seen.lines) is isinstance(error, UnavailableError)


def test_what_an_admin_must_change_is_told(kb):
    seen = say(kb, "sync discard index")
    assert seen.title == "No new index waits for a word."


def sayings():
    """Every sentence that a command asks for by its name: where, which, and the values that it brings."""
    for file in sorted(Path(commands.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
            if not named or node.func.attr not in ("say", "notice", "button"):
                continue
            key = node.args[0]
            values = {keyword.arg for keyword in node.keywords} if node.func.attr == "say" else set()
            for each in (key.body, key.orelse) if isinstance(key, ast.IfExp) else (key,):
                if isinstance(each, ast.Constant):
                    yield f"{file.name}, line {node.lineno}", each.value, values


def test_every_sentence_that_a_command_says_is_there_and_gets_the_values_that_it_needs():
    there = sentences(wording.read(wording.LOCALES / "en.po"))
    needs = {key: placeholders(forms[-1]) for key, (forms, _) in there.items()}
    said = [(place, f"cmd_{key}", names) for place, key, names in sayings()]
    assert len(said) > 80
    wrong = [one for one in said if needs.get(one[1]) != one[2]]
    assert wrong == []


def test_a_moment_of_another_day_is_told_with_its_date(kb):
    from bot.commands.asked import Asked
    from bot.commands.grammar import Command

    asked = Asked(kb, Command("status"), ADMIN, "es", now())
    assert re.fullmatch(r"\d\d:\d\d", asked.clock(now()))
    assert re.fullmatch(r"\d+ de \w+ de \d{4}, \d\d:\d\d", asked.clock(now() - timedelta(days=3)))
