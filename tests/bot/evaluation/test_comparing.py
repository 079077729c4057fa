"""Two runs are compared question by question, and what is worse than may be by accident is named."""

import pytest

from bot.evaluation.comparing import compare, falls, told_of
from tests.bot.evaluation.results import result, unanswerable


def run(right, wrong=0, **changes):
    """Questions in a row, the first of them right."""
    return [
        told_of(result(id=str(number), quoted=number < right, **changes)) for number in range(right + wrong)
    ]


def compared(before, after):
    return compare("earlier", "2026-11-01T08:00:00+00:00", before, after)


def change(comparison, figure, among="all"):
    return next(one for one in comparison.changes if (one.figure, one.among) == (figure, among))


def test_a_figure_is_compared_over_the_questions_that_both_runs_asked():
    before = run(2, 2)
    after = [*run(4)[1:], told_of(result(id="new", quoted=False))]
    comparison = compared(before, after)
    assert (comparison.questions, comparison.added, comparison.gone) == (3, 1, 1)
    one = change(comparison, "contains_expected")
    assert (one.before, one.after, one.questions, one.lost, one.won) == (1 / 3, 1.0, 3, 0, 2)


@pytest.mark.parametrize(
    "changed",
    [{"question": "Why not?"}, {"answer_spans": ("b",)}, {"answerable": False, "answer_spans": ()}],
)
def test_a_question_that_was_reworded_or_of_which_another_answer_is_expected_is_another_question(changed):
    assert compared([told_of(result())], [told_of(result(**changed))]).questions == 0


def test_a_question_whose_page_has_moved_is_the_same_question():
    moved = told_of(result(document="b.md", kind="other"))
    assert compared([told_of(result())], [moved]).questions == 1


def test_questions_that_changed_from_right_to_wrong_and_back_are_named():
    before = [told_of(result(id="a")), told_of(result(id="b", quoted=False)), told_of(unanswerable(id="c"))]
    after = [
        told_of(result(id="a", outcome="not_found")),
        told_of(result(id="b")),
        told_of(unanswerable(id="c", outcome="answered")),
    ]
    told = compared(before, after).told()
    assert [(one["id"], one["failure"]) for one in told["lost"]] == [
        ("a", "refused"), ("c", "answered_unanswerable"),
    ]  # fmt: skip
    assert [one["id"] for one in told["won"]] == ["b"]


@pytest.mark.parametrize(
    ("questions", "lost", "tolerance", "is_worse"),
    [
        (50, 1, None, False),  # one question may be on the brink, however few there are
        (50, 2, None, True),
        (3, 1, None, False),
        (1000, 10, None, False),  # a point may be
        (1000, 11, None, True),
        (50, 1, 0, True),
        (1000, 11, 0.05, False),
        (50, 0, 0, False),
    ],
)
def test_a_figure_is_worse_beyond_one_question_and_one_point_or_what_is_tolerated(
    questions, lost, tolerance, is_worse
):
    comparison = compared(run(questions), run(questions - lost, lost))
    assert any(one.figure == "contains_expected" for one in comparison.worse(tolerance)) is is_worse
    assert comparison.better(tolerance) == []


def test_what_should_be_rare_is_worse_when_it_rises():
    before = [told_of(unanswerable(id=str(number))) for number in range(10)]
    after = [told_of(unanswerable(id=str(number), outcome="answered")) for number in range(10)]
    assert [one.figure for one in compared(before, after).worse()] == ["answered_unanswerable"]
    assert [one.figure for one in compared(after, before).better()] == ["answered_unanswerable"]


def test_a_language_that_gets_worse_is_not_hidden_by_another_that_gets_better():
    spanish, english = {"language": "es"}, {"language": "en", "question": "Where?"}
    before = [*run(10, 10, **spanish), *run(5, 15, **english)]
    after = [*run(5, 15, **spanish), *run(10, 10, **english)]
    comparison = compared(before, after)
    assert change(comparison, "contains_expected").gain == 0
    assert {(one.figure, one.among) for one in comparison.worse()} == {
        ("contains_expected", "es"), ("shown", "es"),
    }  # fmt: skip
    assert "in `es` fell from 0.500 to 0.250" in str(change(comparison, "contains_expected", "es"))


def test_a_change_says_how_likely_chance_alone_makes_it():
    uneven = change(compared(run(10, 10), run(2, 18)), "contains_expected")
    assert (uneven.lost, uneven.won, uneven.chance) == (8, 0, 0.0078)  # 2 / 2 ** 8
    same = change(compared(run(5), run(5)), "contains_expected")
    assert (same.lost, same.won, same.chance) == (0, 0, 1.0)
    many = change(compared(run(3000), run(0, 3000)), "contains_expected")
    assert many.chance == 0.0  # more tosses than a float has room for


def test_a_quote_that_is_not_where_it_is_cited_is_worse_also_in_a_first_run():
    wrong = [told_of(result(id=str(number), imprecise=1)) for number in range(7)]
    [words] = falls(wrong, None, None)
    assert words.startswith("citation_precision is below 1")
    assert "0, 1, 2, 3, 4, …" in words
    assert falls(run(3, 4), None, None) == []


def test_a_run_that_asks_nothing_of_what_was_asked_before_is_not_worse():
    comparison = compared(run(3), [])
    assert (comparison.changes, comparison.questions, comparison.gone) == ([], 0, 3)
    assert falls([], comparison, None) == []
