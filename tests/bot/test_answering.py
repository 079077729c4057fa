"""The five outcomes, and what may be in an answer: nothing that the asker, or the audience, may not read."""

import dataclasses
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from bot import answering
from bot.answering import Inspection, compose
from bot.composing import SUGGESTIONS
from bot.messages import Outcome
from bot.retrieval import Found, Scored
from ingest.documents import EVERYONE
from ingest.encoding import Encoder
from ingest.ledger.tables import runs
from ingest.translation import NoTranslator
from tests.bot.passages import hash_encoder, make_passage, rank_units
from tests.doubles import HashEmbedder, open_base

ALL = frozenset({EVERYONE})


class Shouting(NoTranslator):
    """Translates into capitals; what holds `untranslatable` it leaves out."""

    name = "shout"

    def can(self, source, target):
        return source != target

    def translate(self, texts, source, target):
        return [None if "untranslatable" in text else f"{text.upper()} ({target})" for text in texts]


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A knowledge base with nothing in it, for answers composed of passages that are given."""
    with open_base(tmp_path_factory.mktemp("shell"), memory=["wiki"]) as kb:
        vars(kb)["encoder"] = Encoder(HashEmbedder(), Shouting())
        yield kb


def inspection_of(question, outcome, *ranked_groups, others=()):
    ranked = sorted((one for group in ranked_groups for one in group), key=lambda one: -one.score)
    passages = {one.passage.passage.chunk.id: one.passage for one in ranked}
    scored = [*passages.values(), *(Scored(passage, 0.0, 0.0, 0.0) for passage in others)]
    encoder = hash_encoder()
    found = Found(encoder.question(question), encoder, scored)
    return Inspection(found, ranked, 0.9, outcome)


# ---- what an answer says ----


def test_an_answer_names_page_and_date_before_its_quotes_in_english(shell):
    page = make_passage("Dogs may come on Fridays.", title="Pets", day=3)
    reply = compose(shell, inspection_of("May dogs come?", Outcome.ANSWERED, rank_units(page, 9.0)))
    assert reply.outcome is Outcome.ANSWERED
    assert reply.text == "According to “Pets” (3 March 2026):\n- Dogs may come on Fridays. [1]"
    assert [(claim.text, claim.citations) for claim in reply.claims] == [("Dogs may come on Fridays.", (1,))]


def test_an_answer_names_page_and_date_before_its_quotes_in_spanish(shell):
    page = make_passage("Los perros vienen los viernes.", title="Mascotas", day=3, language="es")
    question = "¿Pueden venir los perros a la oficina?"
    reply = compose(shell, inspection_of(question, Outcome.ANSWERED, rank_units(page, 9.0)))
    assert reply.language == "es"
    assert reply.text == "Según «Mascotas» (3 de marzo de 2026):\n- Los perros vienen los viernes. [1]"


def test_a_partial_answer_says_first_that_it_may_not_be_the_answer(shell):
    page = make_passage("Dogs may come on Fridays.", title="Pets", day=None)
    reply = compose(shell, inspection_of("May dogs come?", Outcome.PARTIAL, rank_units(page, 9.0)))
    first, frame, _ = reply.text.split("\n")
    assert "may not answer" in first
    assert frame == "According to “Pets”:"


def test_a_citation_says_everything_about_its_place(shell):
    page = make_passage(
        "Dogs may come.\nCats stay.", title="Pets", url="https://wiki/pets#dogs", author="Ana Ruiz"
    )
    chunk = dataclasses.replace(page.chunk, heading=("Animals", "Dogs"), page=4)
    page = dataclasses.replace(page, chunk=chunk)
    [citation] = compose(
        shell, inspection_of("May dogs come?", Outcome.ANSWERED, rank_units(page, 9.0, None))
    ).citations
    assert dataclasses.asdict(citation) == {
        "number": 1,
        "source": "wiki",
        "document": "page.md",
        "title": "Pets",
        "url": "https://wiki/pets#dogs",
        "heading": ("Animals", "Dogs"),
        "page": 4,
        "quote": "Dogs may come.",
        "updated_at": datetime(2026, 3, 1, tzinfo=UTC),
        "author": "Ana Ruiz",
        "language": "en",
        "translation": None,
    }


def test_a_quote_in_another_language_has_an_automatic_translation_beside_it(shell):
    page = make_passage("Los perros vienen los viernes.", language="es")
    reply = compose(shell, inspection_of("When may dogs come?", Outcome.ANSWERED, rank_units(page, 9.0)))
    [citation] = reply.citations
    assert citation.quote == "Los perros vienen los viernes."
    assert citation.translation == "LOS PERROS VIENEN LOS VIERNES. (en)"
    assert reply.text.endswith(
        "- Los perros vienen los viernes. [1] (automatic translation: LOS PERROS VIENEN LOS VIERNES. (en))"
    )


def test_a_quote_that_cannot_be_translated_is_shown_without_a_translation(shell):
    one = make_passage("Los perros vienen los viernes.", document="one", language="es")
    two = make_passage("Esto es untranslatable.", document="two", language="es")
    three = make_passage("Dogs come.", document="three")
    ranked = (rank_units(one, 9.0), rank_units(two, 8.0), rank_units(three, 7.0))
    reply = compose(shell, inspection_of("When may dogs come?", Outcome.ANSWERED, *ranked))
    assert [bool(citation.translation) for citation in reply.citations] == [True, False, False]
    assert reply.text.count("automatic translation") == 1


def test_a_title_cannot_pass_for_a_line_of_the_answer(shell):
    page = make_passage("Dogs may come.", title="Pets\n- Cats may come, too. [2]", day=None)
    reply = compose(shell, inspection_of("May dogs come?", Outcome.ANSWERED, rank_units(page, 9.0)))
    assert len(reply.text.split("\n")) == 2


def test_suggestions_never_repeat_a_cited_page(shell):
    cited = make_passage("Dogs may come.", document="cited")
    same_page = make_passage("Dogs bark.", document="cited", position=1)
    others = [make_passage(f"Page {number}.", document=f"other{number}") for number in range(9)]
    reply = compose(
        shell,
        inspection_of("May dogs come?", Outcome.PARTIAL, rank_units(cited, 9.0), others=[same_page, *others]),
    )
    suggested = [one.document for one in reply.suggestions]
    assert "cited.md" not in suggested
    assert 0 < len(suggested) == len(set(suggested)) <= SUGGESTIONS


def test_not_found_shows_the_nearest_pages_as_such_and_whom_to_ask(shell):
    near = make_passage(
        "Dogs bark. Cats do not.", document="dogs", author="Ana Ruiz", url="https://wiki/dogs"
    )
    far = make_passage("Name | Age\nRex | 3", document="rex")
    ranked = rank_units(near, 1.0, 2.0)
    reply = compose(shell, inspection_of("How old is the cat?", Outcome.NOT_FOUND, ranked, others=[far]))
    assert (reply.outcome, reply.claims, reply.citations) == (Outcome.NOT_FOUND, (), ())
    assert reply.text.split("\n") == [
        "I found no answer to that in what I can read here.",
        "The nearest pages:",
        "- Dogs: “Cats do not.”",
        "- Rex: “Rex | 3”",
        "Ana Ruiz wrote the nearest one and may know.",
    ]
    assert [(one.title, one.url, one.document) for one in reply.suggestions] == [
        ("Dogs", "https://wiki/dogs", "dogs.md"),
        ("Rex", None, "rex.md"),
    ]


def test_not_found_without_any_page_is_one_honest_sentence_in_the_questions_language(shell):
    reply = compose(shell, inspection_of("¿Cuántos años tiene el gato?", Outcome.NOT_FOUND))
    assert reply.text == "No he encontrado respuesta a eso en lo que puedo leer aquí."
    assert reply.suggestions == ()


def test_an_answer_whose_quotes_all_fail_the_check_becomes_not_found_and_says_what_was_dropped(
    shell, monkeypatch
):
    page = make_passage("Dogs may come.")
    monkeypatch.setattr(answering, "verify", lambda drafts: ([], [(one, "a rule") for one in drafts]))
    reply = compose(shell, inspection_of("May dogs come?", Outcome.ANSWERED, rank_units(page, 9.0)))
    assert reply.outcome is Outcome.NOT_FOUND
    assert [(one.text, one.rule) for one in reply.dropped] == [("Dogs may come.", "a rule")]


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.NOT_FOUND])
def test_a_source_whose_last_sync_failed_is_named_below_the_answer(tmp_path, outcome):
    with open_base(tmp_path, memory=["wiki", "news"]) as kb:
        moment = datetime(2026, 3, 1, tzinfo=UTC)
        with kb.ledger.write() as ledger:
            for source, state in (("wiki", "failed"), ("news", "failed")):
                values = {"id": source, "source": source, "state": state, "started_at": moment}
                ledger.execute(insert(runs).values(**values, seen_at=moment, owner="test", full=False))
        page = make_passage("Dogs may come.")
        reply = compose(kb, inspection_of("May dogs come?", outcome, rank_units(page, 9.0)))
    assert reply.notes == ("The last sync of wiki failed, so it may be out of date.",)
    assert reply.text.endswith(reply.notes[0])
