import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.language import LANGUAGES, detect, question_terms, terms

# ---- the language of a text ----


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "How do I reset my password?"),
        ("en", "vacation policy"),
        ("en", "who approves"),
        ("en", "CONTACT HR"),
        ("en", "Can I expense a taxi?"),
        ("en", "what about contractors?"),
        ("en", "git signing algoritm"),
        ("es", "¿Cuántos días?"),
        ("es", "cuantos dias de vacaciones tengo"),
        ("es", "política de vacaciones"),
        ("es", "politica de gastos"),
        ("es", "y los becarios?"),
        ("es", "CONTACTAR CON RRHH"),
        ("es", "quiero cambiar app/assets/images"),
        ("es", "qué es el SF-182"),
        ("es", "¿VPN?"),
        ("fr", "Combien de jours de congé ai-je ?"),
        ("pt", "Quantos dias de férias tenho por ano?"),
        ("ca", "Com puc demanar el reemborsament de les despeses?"),
        ("it", "Come posso chiedere il rimborso delle spese di viaggio?"),
        ("de", "Wie viele Urlaubstage habe ich?"),
        ("nl", "Hoeveel vakantiedagen heb ik?"),
        ("ru", "Сколько у меня дней отпуска?"),
        ("zh", "我有多少天年假？"),
        ("ja", "有給休暇は何日ありますか？"),
    ],
)
def test_a_short_question_shows_its_language(language, text):
    assert detect(text) == language


def test_a_paragraph_shows_its_language_whatever_is_expected():
    english = (
        "Employees may carry over a maximum of thirty days. Ask your manager before the end of the year. " * 4
    )
    spanish = "Los empleados pueden acumular un máximo de treinta días. Pide permiso a tu responsable. " * 4
    assert detect(english, hint="es") == "en"
    assert detect(spanish, hint="en") == "es"


def test_a_text_without_words_has_the_language_that_is_expected():
    for text in ("", "   ", "2026-03-02", "SF-182", "Gemfile_custom", "https://example.com/a/b", "👍"):
        assert detect(text) == "en"
        assert detect(text, hint="es") == "es"


def test_what_is_expected_tips_a_word_that_several_languages_have():
    assert detect("menu", hint="es") == "es"
    assert detect("menu", hint="en") == "en"


@given(st.text(max_size=300))
def test_any_text_has_one_of_the_known_languages(text):
    assert detect(text) in LANGUAGES


# ---- the terms of a text ----


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", "vacaciones vacación vacacion Vacaciones VACACIÓN"),
        ("es", "reunión reuniones reunion"),
        ("es", "qué que"),
        ("es", "día días dia dias"),
        ("es", "año años ano"),
        ("es", "política politica políticas"),
        ("es", "podría podria"),
        ("es", "también tambien"),
        ("es", "contraseña contraseñas contrasena"),
        ("es", "inglés ingleses ingles"),
        ("es", "país paises países"),
        ("es", "mes meses"),
        ("es", "EE.UU. EEUU"),
        ("en", "day days Day"),
        ("en", "policy policies"),
        ("en", "company company's company’s"),
        ("en", "e-mail email E-mails"),
        ("en", "SF-182 sf182"),
        ("en", "U.S. US"),
        ("en", "résumé resume"),
        ("pt", "reunião reuniao"),
        ("fr", "congé congés conge"),
        ("de", "Straße Strasse STRASSE"),
        ("ca", "col·legi"),
        ("el", "άδεια αδεια"),
    ],
)
def test_spellings_of_a_word_meet(language, words):
    shared = set.intersection(*(set(terms(word, language)) for word in words.split()))
    assert shared


def test_different_words_stay_apart():
    for language, one, other in (("es", "gasto", "gesto"), ("en", "leave", "lease"), ("ru", "йод", "иод")):
        assert not set(terms(one, language)) & set(terms(other, language))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gemfile_custom", {"gemfile_custom", "custom"}),
        ("app/assets/images", {"app/assets/images", "app", "asset", "imag"}),
        ("v2.1", {"v2.1", "v2"}),
        ("OpenCensusController", {"open", "census", "control"}),
        ("ana@example.com", {"ana@example.com", "ana"}),
        ("2026-03-02", {"2026-03-02"}),
        ("node.js", {"node.js", "node"}),
    ],
)
def test_codes_are_found_whole_and_by_their_parts(text, expected):
    assert expected <= set(terms(text, "en"))


@pytest.mark.parametrize(
    "numbers", ["1,000 1.000 1000", "1,000.50 1.000,50 1000.50", "3.5 3,5", "1.234.567 1,234,567 1234567"]
)
def test_numbers_meet_however_a_language_writes_them(numbers):
    assert len({tuple(terms(number, "es")) for number in numbers.split()}) == 1


def test_scripts_without_spaces_are_found_by_pairs_of_signs():
    assert "年假" in terms("我有多少天年假？", "zh")
    assert terms("年假", "zh") == ["年假"]
    assert {"vpn", "设置"} <= set(terms("VPN设置", "zh"))
    assert terms("休", "ja") == ["休"]


def test_marks_stay_with_the_words_of_scripts_that_write_vowels_so():
    assert len(terms("छुट्टी", "hi")) == 1
    assert terms("휴가", "ko") == ["휴가"]


def test_repeats_and_order_are_kept_because_ranking_counts_them():
    assert terms("days and days", "en") == ["day", "and", "day"]


def test_a_text_that_no_word_is_in_has_no_terms():
    assert terms(" … ¡¿?! 👍 --- \n\t", "es") == []


def test_a_term_of_absurd_length_is_cut():
    assert [len(term) for term in terms("x" * 100_000, "en")] == [64]


@given(st.text(max_size=200), st.sampled_from(["en", "es", "zh", "xx"]))
def test_no_term_is_empty_or_holds_white_space(text, language):
    for term in terms(text, language):
        assert term
        assert not re.search(r"\s", term)
        assert len(term) <= 64


@given(st.text(alphabet="aábeéñoóü s", max_size=60))
def test_what_is_typed_without_accents_or_in_capitals_finds_the_same(text):
    bare = text.translate(str.maketrans("áéñóü", "aenou"))
    assert terms(text, "es") == terms(bare, "es") == terms(text.upper(), "es")


def test_threads_share_no_stemmer():
    words = [f"{stem}{ending}" for stem in ("reuni", "gesti", "sesi") for ending in ("ón", "ones")] * 500
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda start: terms(" ".join(words[start:]), "es"), [0] * 16))
    assert all(result == results[0] for result in results)


# ---- the terms of a question ----


def test_a_question_asks_with_what_tells_passages_apart():
    assert question_terms("How many days of leave do I get?", "en") == terms("days leave", "en")
    assert question_terms("¿Cuántos días de vacaciones tengo?", "es") == terms("días vacaciones", "es")


def test_a_question_of_common_words_alone_asks_with_all_of_them():
    assert question_terms("Who is it?", "en") == ["who", "is", "it"]


def test_the_it_department_is_no_pronoun():
    assert question_terms("What is the IT policy?", "en") == ["it", "polici"]


def test_a_question_asks_for_each_term_once():
    assert question_terms("days, days and more days", "en").count("day") == 1
