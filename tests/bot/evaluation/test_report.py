"""The report is one page that loads nothing, in which every failed question stands, whatever it says."""

import re

import pytest
from lxml import html

from bot.evaluation import figures_of
from bot.evaluation.comparing import compare, told_of
from bot.evaluation.figures import MEASURED
from bot.evaluation.report import MEANINGS, write_report
from tests.bot.evaluation.results import citation, result, unanswerable

HOSTILE = (
    "</title></style><script src=//evil.example/x.js></script>"
    '<img src="https://evil.example/p.png" onerror=alert(1)> & "quoted" \u202egnp.exe\x00\x1b[31m'
)
FAILED = [
    result(id="f1", question="Which quote is none?", imprecise=1),
    unanswerable(
        id="f2",
        question="Who won in Ankara?",
        kind="absent",
        outcome="answered",
        citations=[citation(quote="Nobody won in Izmir.", title="Sports", heading=("Sports", "Scores"))],
    ),
    result(
        id="f3",
        question="¿Cuántos días hay?",
        language="es",
        outcome="not_found",
        answer_spans=("24 días",),
        suggestions=[("Vacaciones", None, "wiki", "holidays.md", "Veinticuatro días al año.")],
    ),
    result(id="f4", question="On which page?", quoted=False, cited=False, rank=None),
    result(id="f5", question="In which words?", quoted=False, rank=3),
]
RIGHT = [result(id="r1", question="What works?"), unanswerable(id="r2", question="What is unknown?")]


def figures(results, comparison=None, fell=()):
    return {
        "base": "configured",
        **figures_of(results),
        "run": {
            "file": "questions.jsonl",
            "asked_at": "2026-11-02T08:00:00.000+00:00",
            "as": None,
            "collection": "minilm-1",
            "made_with": {"llm": "none", "embedding": "local"},
        },
        "compared": comparison.told() if comparison else None,
        "gate": {"passed": not fell, "accepted": False, "tolerance": None, "fell": list(fell)},
    }


def parsed(results, comparison=None, fell=()):
    return html.document_fromstring(write_report(figures(results, comparison, fell), results, comparison))


def compared(before, after):
    return compare("earlier", "2026-11-01T08:00:00.000+00:00", map(told_of, before), map(told_of, after))


def words(element):
    return " ".join(" ".join(element.itertext()).split())


def test_nothing_is_loaded_run_or_linked_to():
    page = parsed([*FAILED, *RIGHT], compared(RIGHT, FAILED))
    assert page.xpath("//script | //link | //img | //iframe | //object | //embed | //form | //a") == []
    assert page.xpath("//@src | //@href | //@*[starts-with(name(), 'on')]") == []
    style = page.findtext(".//style")
    assert not re.search(r"url\(|@import|https?:", style)
    [policy] = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")


def test_every_failed_question_stands_once_in_the_group_of_how_it_failed():
    page = parsed([*FAILED, *RIGHT])
    groups = ["imprecise", "answered_unanswerable", "refused", "wrong_page", "wrong_sentence"]
    shown = {group.get("id"): group for group in page.xpath("//details[@id]")}
    assert list(shown) == groups  # the gravest first
    for group, failed in zip(groups, FAILED, strict=True):
        [article] = shown[group].findall("article")
        assert words(article.find("h4")) == failed.golden.question
        assert failed.golden.id in words(article.find("p"))
    everything = page.xpath("//details[summary[starts-with(., 'All questions')]]//tbody/tr")
    assert len(everything) == 7


def test_a_failed_question_says_what_was_expected_and_what_was_shown():
    page = parsed(FAILED)
    [refused] = page.xpath("//details[@id='refused']/article")
    assert "Expected 24 días a.md Shown: not found" in words(refused)
    assert "Veinticuatro días al año. Vacaciones (wiki/holidays.md)" in words(refused)
    assert refused.find("h4").get("lang") == "es"
    [invented] = page.xpath("//details[@id='answered_unanswerable']/article")
    assert "To be told that nothing answers it." in words(invented)
    assert "Nobody won in Izmir. [1] Sports › Scores (wiki/a.md)" in words(invented)
    [sentence] = page.xpath("//details[@id='wrong_sentence']/article")
    assert "right document found at place 3" in words(sentence)


def test_what_a_language_model_said_stands_with_what_was_dropped_and_why():
    one = result(quoted=False, model="openai:x", tokens=(7, 3), dropped=[("Dogs fly.", "it quotes nothing")])
    page = parsed([one])
    assert "Dropped: Dogs fly. – it quotes nothing" in words(page)
    assert "Tokens: 7 read, 3 written." in words(page)
    assert "Written by – openai:x: 1" in words(page)


@pytest.mark.parametrize(
    "said",
    [
        *({place: HOSTILE} for place in ("question", "kind", "id", "document")),
        {"answer_spans": (HOSTILE,)},
        {"citations": [citation(quote=HOSTILE)]},
        {"citations": [citation(title=HOSTILE, document=HOSTILE)]},
        {"dropped": [(HOSTILE, HOSTILE)]},
    ],
    ids=lambda said: next(iter(said)),
)
def test_whatever_a_page_or_a_question_says_stays_text(said):
    before, now = result(**said), result(quoted=False, **said)
    page = parsed([now], compared([before], [now]))
    assert page.xpath("//script | //img | //*[@onerror]") == []
    text = page.text_content()
    assert "<script src=//evil.example/x.js></script>" in text
    assert not set("\u202e\x00\x1b") & set(text)


def test_a_question_file_of_any_name_does_no_harm():
    told = figures(RIGHT)
    told["run"] |= {"file": HOSTILE, "as": HOSTILE}
    page = html.document_fromstring(write_report(told, RIGHT, None))
    assert page.xpath("//script | //img") == []


def test_every_figure_is_explained_with_its_interval():
    page = parsed([*FAILED, *RIGHT])
    rows = {row.find("th").text: words(row) for row in page.xpath("//section/table/tbody/tr")}
    assert list(rows) == list(MEASURED) == list(MEANINGS)
    assert "0.400 0.118–0.769 5" in rows["contains_expected"]


def test_plots_show_outcomes_groups_times_and_confidence_and_fit_a_phone():
    page = parsed([*FAILED, *RIGHT])
    titles = [words(each) for each in page.xpath("//figure//h3")]
    assert titles == [
        *("What became of the questions", "recall@5", "contains_expected", "shown_or_page", "refused"),
        *("answered_unanswerable", "How long answers took", "Is confidence what it says?"),
    ]
    plots = page.xpath("//figure/svg")
    assert {plot.get("viewbox").split()[2] for plot in plots} == {"340"}
    assert all(words(plot.find("title")) for plot in plots)
    names = [text.text for text in plots[2].findall("text") if text.get("class") == "name"]
    assert names == ["all", "en", "es"]
    for number in page.xpath("//figure/svg//rect/@width | //figure/svg//rect/@height"):
        assert 0 <= float(number) <= 340


def test_a_run_is_held_against_the_one_before():
    before = [result(id="1"), result(id="2", quoted=False)]
    after = [result(id="1", outcome="not_found"), result(id="2")]
    page = parsed(after, compared(before, after), fell=["shown fell"])
    verdict = words(page.xpath("//section[contains(@class, 'verdict')]")[0])
    assert verdict.startswith("Worse than before shown fell")
    assert "sabio eval questions.jsonl --accept" in verdict
    heads = [words(each) for each in page.xpath("//details/summary")]
    assert heads[:2] == ["Right before, wrong now (1)", "Wrong before, right now (1)"]
    [change] = page.xpath("//section/table/tbody/tr[th/text()='refused']/td[last()]")
    assert (words(change), change.get("class")) == ("+0.500", "worse")
    assert "Since the run before" in words(page)


def test_the_first_run_and_one_that_is_as_good_say_so():
    assert "there is nothing to compare it with yet" in words(parsed(RIGHT))
    again = words(parsed(RIGHT, compared(RIGHT, RIGHT)))
    assert "Not worse than the run of 2026-11-01 08:00 UTC" in again


def test_a_page_without_any_failure_says_that_too():
    assert "every question was answered as expected" in words(parsed(RIGHT))
    assert "every question was answered as expected" in words(parsed([]))
