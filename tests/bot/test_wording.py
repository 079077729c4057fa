"""What Sabio says itself is said in every language that it has, about the same things."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import smalltalk, wording
from bot.wording import LOCALES, ago, date, number, read, say
from tests.bot.catalogues import asked, faults, sentences, texts

BOT = Path(wording.__file__).parent
CODE = [file for file in sorted(BOT.rglob("*.py")) if file.name != "wording.py"]
CALLS = [call for file in CODE for call in asked(file)]
ENGLISH = sentences(read(LOCALES / "en.po"))
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)

HEAD = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plurals};\\n"
"""
TWO = "nplurals=2; plural=(n != 1)"
SPANISH = "nplurals=3; plural=(n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2)"
POLISH = (
    "nplurals=3; plural=(n == 1 ? 0 : n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? 1 : 2)"
)


@pytest.fixture
def locales(tmp_path, monkeypatch):
    """A folder of catalogues in place of Sabio's, with the English one in it."""
    remembering = (wording._sentences, wording._names, wording._catalogues, wording._locale)
    monkeypatch.setattr(wording, "LOCALES", tmp_path)
    for one in remembering:
        one.cache_clear()
    write(tmp_path / "en.po", 'msgid "yes"\nmsgstr "Yes."\n\nmsgid "no"\nmsgstr "No."\n')
    yield tmp_path
    for one in remembering:
        one.cache_clear()


def write(path: Path, messages: str, plurals: str = TWO) -> Path:
    path.write_text(f"{HEAD.format(plurals=plurals)}\n{messages}", encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(LOCALES.glob("*.po")), ids=lambda path: path.stem)
def test_every_language_has_every_sentence_with_the_same_values_and_its_plural_forms(path):
    assert faults(path) == []


def test_spanish_and_english_are_there():
    assert {"en", "es"} <= {path.stem for path in LOCALES.glob("*.po")}


def test_every_sentence_that_the_code_asks_for_is_there_and_gets_the_values_that_it_needs():
    assert len(CALLS) > 20
    wrong = [one for call in CALLS for one in call.wrong(ENGLISH)]
    assert wrong == []


def test_every_kind_of_small_talk_has_its_answer():
    assert smalltalk._PHRASES.keys() <= ENGLISH.keys()


def test_no_sentence_is_kept_that_the_code_never_asks_for():
    # Some keys travel in variables: the whole key then stands somewhere in a file that says something.
    named = {text for file in CODE if asked(file) for text in texts(file)} | smalltalk._PHRASES.keys()
    patterns = {pattern for call in CALLS for pattern in call.keys}
    unused = {key for key in ENGLISH.keys() - named if not any(re.fullmatch(one, key) for one in patterns)}
    assert unused == set()


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ('say("hello", language, name="Ana")', []),
        ('say("hello", language)', ["hello needs ['name']"]),
        ('say("hello", language, name="Ana", age=3)', ["hello needs ['name']"]),
        ('say("hello" if new else "adieu", language, **values)', ["adieu is not in en.po"]),
        ('say(f"vote_{way}", language)', []),
        ('say(f"{way}_hello", language)', ["\\w+_hello is not in en.po"]),
    ],
)
def test_what_the_code_asks_for_in_vain_is_found(tmp_path, call, wrong):
    there = {"hello": (("Hello, {name}",), 6), "vote_up": (("Helpful",), 9), "vote_down": (("Wrong",), 12)}
    (tmp_path / "code.py").write_text(f"from bot.wording import say\n{call}\n")
    (found,) = asked(tmp_path / "code.py")
    assert found.wrong(there) == [f"code.py, line 2: {one}" for one in wrong]


def test_a_language_that_sabio_does_not_speak_is_answered_in_english():
    assert say("not_found", "fr") == say("not_found", "") == say("not_found", "en")


@pytest.mark.parametrize("language", ["es-MX", "es_mx", "ES", "es-419"])
def test_a_region_without_sentences_of_its_own_is_answered_in_its_language(language):
    assert say("not_found", language) == say("not_found", "es")


def test_a_region_has_the_first_word_then_its_language_then_english(locales):
    write(locales / "es.po", 'msgid "yes"\nmsgstr "Sí."\n', SPANISH)
    write(locales / "es_MX.po", 'msgid "yes"\nmsgstr "Sale."\n', SPANISH)
    assert [say("yes", language) for language in ("es-MX", "es-AR", "es")] == ["Sale.", "Sí.", "Sí."]
    assert say("no", "es-MX") == "No."


def test_a_new_language_is_one_more_file(locales):
    two = 'msgid "files"\nmsgid_plural "files"\nmsgstr[0] "{count} file"\nmsgstr[1] "{count} files"\n'
    write(locales / "en.po", two)
    forms = "".join(f'msgstr[{n}] "{{count}} {word}"\n' for n, word in enumerate(["plik", "pliki", "plików"]))
    path = write(locales / "pl.po", f'msgid "files"\nmsgid_plural "files"\n{forms}', POLISH)
    said = [say("files", "pl-PL", count=count) for count in (1, 3, 5, 22)]
    assert said == ["1 plik", "3 pliki", "5 plików", "22 pliki"]
    assert date(NOW, "pl") == "5 marca 2026"
    assert faults(path, locales / "en.po") == []


def test_a_sentence_without_a_text_is_said_in_english_meanwhile(locales):
    write(locales / "es.po", 'msgid "yes"\nmsgstr ""\n\n#, fuzzy\nmsgid "no"\nmsgstr "¿No?"\n', SPANISH)
    assert [say("yes", "es"), say("no", "es")] == ["Yes.", "No."]


def test_asking_for_a_sentence_that_does_not_exist_is_a_mistake_in_the_code():
    with pytest.raises(KeyError, match="no_such_sentence"):
        say("no_such_sentence", "es")
    with pytest.raises(KeyError, match="not_found"):
        say("not_found", "es", count=3)


def test_values_are_put_in_as_they_are_but_on_one_line():
    assert say("according_to", "en", title="A {b} “c”\n\n- d") == "According to “A {b} “c” - d”:"


@pytest.mark.parametrize(
    ("language", "count", "words"),
    [
        ("en", 1, "asked 1 question "),
        ("en", 12000, "asked 12,000 questions "),
        ("es", 1, "hecho 1 pregunta "),
        ("es", 12000, "hecho 12.000 preguntas "),
        ("es", 1_000_000, "hecho 1.000.000 de preguntas "),
        ("fr", 1, "asked 1 question "),
    ],
)
def test_things_are_counted_as_the_language_counts(language, count, words):
    assert words in say("too_many", language, count=count)


@pytest.mark.parametrize(
    ("messages", "line", "what"),
    [
        ('msgid "yes"\nwhat "Sí."\n', 7, "keyword"),
        ('msgid "yes"\n\nmsgid "no"\nmsgstr "No."\n', 6, "missing msgstr"),
        (
            'msgid "a"\nmsgid_plural "a"\nmsgstr[0] "x"\nmsgstr[1] "x"\nmsgstr[2] "x"\n',
            6,
            "more translations",
        ),
    ],
)
def test_a_broken_catalogue_is_refused_by_file_and_line(tmp_path, messages, line, what):
    path = write(tmp_path / "es.po", messages)
    with pytest.raises(ValueError, match=what) as refusal:
        read(path)
    assert str(refusal.value).startswith(f"{path}, line {line}: ")


def test_a_catalogue_that_is_not_utf_8_is_refused_by_file_and_line(tmp_path):
    path = tmp_path / "es.po"
    path.write_bytes(HEAD.format(plurals=SPANISH).encode() + 'msgid "yes"\nmsgstr "Sí."\n'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"es\.po, line 6: not UTF-8"):
        read(path)


PLURAL = 'msgid "files"\nmsgid_plural "files"\n'


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        ('msgid "hello"\nmsgstr "Hola, {nombre}"\n', "line 6: hello must have ['name'], and has ['nombre']"),
        ('msgid "hello"\nmsgstr "Hola, {name}\n', "line 7: not a line of a PO file"),
        ('msgid "hello"\nmsgstr ""\n', "line 6: hello lacks a text"),
        (
            'msgid "hello"\nmsgstr "{name}"\nmsgid "hello"\nmsgstr "{name}"\n',
            "line 8: hello is on line 6 already",
        ),
        ('msgid "bye"\nmsgstr "Adiós"\n', "line 6: bye is not in en.po"),
        ('msgid "bye"\nmsgstr "Adiós"\n', "line 1: hello is missing"),
        ('msgid "files"\nmsgstr "{count} ficheros"\n', "line 6: files must have plural forms, as in en.po"),
        (
            PLURAL + 'msgstr[0] "{count} fichero"\nmsgstr[1] "{count} ficheros"\n',
            "line 6: files lacks a text",
        ),
    ],
)
def test_what_must_not_be_shipped_is_found_by_file_and_line(tmp_path, messages, fault):
    forms = 'msgstr[0] "{count} file"\nmsgstr[1] "{count} files"\n'
    english = write(tmp_path / "en.po", f'msgid "hello"\nmsgstr "Hello, {{name}}"\n\n{PLURAL}{forms}')
    spanish = write(tmp_path / "es.po", messages, SPANISH)
    assert f"{spanish}, {fault}" in faults(spanish, english)


def test_plural_forms_that_are_not_those_of_the_language_are_found(tmp_path):
    english = write(tmp_path / "en.po", "")
    path = write(tmp_path / "es.po", "", TWO)
    assert faults(path, english) == [f"{path}, line 1: Plural-Forms must tell apart many, one, other"]


def test_a_day_is_written_in_words():
    moment = datetime(2026, 3, 5, 23, 59, tzinfo=UTC)
    assert date(moment, "en") == "5 March 2026"
    assert date(moment, "en-US") == "March 5, 2026"
    assert date(moment, "es") == date(moment, "es-ZZ") == "5 de marzo de 2026"
    assert date(moment, "fr") == "5 March 2026"


@pytest.mark.parametrize(
    ("passed", "english", "spanish"),
    [
        (timedelta(days=3), "3 days ago", "hace 3 días"),
        (timedelta(hours=1, minutes=5), "1 hour ago", "hace 1 hora"),
        (timedelta(0), "1 second ago", "hace 1 segundo"),
        (timedelta(hours=-2), "in 2 hours", "dentro de 2 horas"),
        (timedelta(days=323), "11 months ago", "hace 11 meses"),
        (timedelta(days=550), "18 months ago", "hace 18 meses"),
    ],
)
def test_how_long_ago_something_was_is_said_roughly(passed, english, spanish):
    assert ago(NOW - passed, "en", NOW) == english
    assert ago(NOW - passed, "es", NOW) == spanish


def test_numbers_are_written_as_in_the_language_or_its_region():
    assert [number(12345.5, language) for language in ("en", "es", "es-MX")] == [
        "12,345.5",
        "12.345,5",
        "12,345.5",
    ]
