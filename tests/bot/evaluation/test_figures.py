"""The figures of an evaluation are what a person would count by hand, and say how sure they are."""

import pytest

from bot.evaluation.comparing import PRECISION
from bot.evaluation.figures import MEASURED, figures_of, interval
from bot.evaluation.results import Failure
from tests.bot.evaluation.results import citation, result, unanswerable

# ---- right and wrong ----


@pytest.mark.parametrize(
    ("one", "failure"),
    [
        (result(), None),
        (result(quoted=False), Failure.SENTENCE),
        (result(quoted=False, cited=False), Failure.PAGE),
        (result(outcome="partial", quoted=False), Failure.SENTENCE),
        (result(outcome="not_found"), Failure.REFUSED),
        (result(outcome="unavailable"), Failure.REFUSED),
        (result(imprecise=1), Failure.IMPRECISE),
        (result(cited=False), None),  # the words count, wherever they stand
        (result(quoted=False, answer_spans=()), None),
        (result(quoted=False, cited=False, answer_spans=()), Failure.PAGE),
        (result(quoted=False, cited=False, answer_spans=(), document=None), None),
        (result(quoted=False, cited=False, document=None), Failure.SENTENCE),
        (unanswerable(), None),
        (unanswerable(outcome="answered"), Failure.INVENTED),
        (unanswerable(outcome="partial"), Failure.INVENTED),
        (unanswerable(outcome="answered", imprecise=1), Failure.IMPRECISE),
    ],
)
def test_an_answer_is_right_or_wrong_in_one_way_the_gravest(one, failure):
    assert one.failure is failure


# ---- counts and shares ----


def test_outcomes_tokens_and_what_was_dropped_are_counted():
    silent, seven, eight = (
        ("No.", "it quotes nothing"),
        ("7", "the number 7 is missing"),
        ("8", "the number 8.5 is missing"),
    )
    figures = figures_of(
        [
            result(model="openai:x", tokens=(100, 20)),
            result(outcome="partial", model="openai:x", tokens=(50, 5), dropped=[silent]),
            result(outcome="not_found", dropped=[silent, seven]),
            unanswerable(dropped=[eight]),
        ]
    )
    assert figures["outcomes"] == {
        "answered": 1, "partial": 1, "not_found": 2, "not_allowed": 0, "unavailable": 0,
    }  # fmt: skip
    assert figures["dropped"] == {"it quotes nothing": 2, "the number … is missing": 2}
    assert (figures["models"], figures["tokens"]) == ({"openai:x": 2}, {"in": 150, "out": 25})


def test_kinds_and_languages_are_told_apart_although_they_stand_in_one_place():
    figures = figures_of(
        [
            result(kind="near miss"),
            unanswerable(kind="near miss", outcome="answered"),
            unanswerable(kind="absent", language="es"),
        ]
    )
    assert (figures["kinds"], figures["languages"]) == (["absent", "near miss"], ["en", "es"])
    assert set(figures["by"]) == {"absent", "near miss", "en", "es"}
    assert figures["by"]["near miss"]["answers"]["answered_unanswerable"] == 1.0
    assert figures["by"]["absent"]["answers"]["answered_unanswerable"] == 0.0


def test_a_share_says_of_how_many_it_is_and_where_it_may_lie():
    figures = figures_of([result(id=str(number), quoted=number < 8) for number in range(10)])
    assert figures["answers"]["contains_expected"] == 0.8
    assert figures["of"]["contains_expected"] == 10
    assert figures["intervals"]["contains_expected"] == [0.4902, 0.9433]  # Wilson's, by his formula
    assert "answered_unanswerable" not in figures["intervals"]
    assert "mrr@10" not in figures["intervals"]


@pytest.mark.parametrize(("reached", "of"), [(0, 1), (1, 1), (0, 1000), (1000, 1000), (3, 7)])
def test_an_interval_holds_its_share_and_stays_between_none_and_all(reached, of):
    low, high = interval(reached, of)
    assert 0 <= low <= reached / of <= high <= 1
    assert low < high


def test_one_quote_among_many_that_is_not_precise_is_never_rounded_away():
    quotes = [citation(number) for number in range(30_000)]
    figures = figures_of([result(citations=quotes, imprecise=1)])
    assert figures["answers"][PRECISION] == 0.9999


def test_every_figure_is_there_also_where_nothing_counts_for_it():
    figures = figures_of([])
    assert {*figures["retrieval"], *figures["answers"]} == set(MEASURED)
    assert (figures["questions"], figures["by"], figures["calibration"]) == (0, {}, [])
    assert figures["tokens"] == {"in": 0, "out": 0}


def test_calibration_tells_how_often_the_words_shown_were_right_by_confidence():
    figures = figures_of(
        [
            result(confidence=0.95),
            result(confidence=1.0, quoted=False),
            result(confidence=0.31),
            unanswerable(confidence=0.95),  # right to refuse, but nothing shown can be right
            result(confidence=0.95, answer_spans=()),  # nobody knows what would be right
        ]
    )
    assert figures["calibration"] == [
        {"from": 0.3, "to": 0.4, "questions": 1, "right": 1},
        {"from": 0.9, "to": 1.0, "questions": 3, "right": 1},
    ]
