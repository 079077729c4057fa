"""`sabio eval`: every figure is what a person would count by hand."""

import json
import shutil
from dataclasses import replace

import pytest

from bot import answering, evaluation
from bot.evaluation import evaluate_file, figures_of
from bot.evaluation.matching import is_one_of
from bot.evaluation.results import Result
from bot.golden import Golden
from bot.messages import Answer, Citation, Outcome
from config.errors import UnavailableError
from config.settings import load_settings
from ingest.knowledge import KnowledgeBase

ANSWERS = {
    "contains_expected",
    "shown",
    "shown_or_page",
    "refused",
    "answered_unanswerable",
    "citation_precision",
}


@pytest.fixture(scope="module")
def kb(company, tmp_path_factory):
    own = tmp_path_factory.mktemp("evaluation") / "own"
    shutil.copytree(company.parent, own, symlinks=True)
    with KnowledgeBase(load_settings(own / "sabio.yaml", environ={})) as opened:
        yield opened


def write_lines(path, *questions):
    lines = [json.dumps({"id": str(number), **one}) for number, one in enumerate(questions, 1)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_squad(path, *paragraphs):
    """Each paragraph is a text and its questions, each with the words that answer it, or None."""
    made = [
        {
            "context": text,
            "qas": [
                {
                    "id": question,
                    "question": question,
                    "answers": [] if words is None else [{"text": words, "answer_start": text.index(words)}],
                    "is_impossible": words is None,
                }
                for question, words in questions.items()
            ],
        }
        for text, questions in paragraphs
    ]
    path.write_text(json.dumps({"version": "v2.0", "data": [{"title": "x", "paragraphs": made}]}))
    return path


# ---- counting ----


def result(*, rank=None, outcome="answered", quoted=False, quotes=0, precise=0, seconds=1.0, **golden):
    citation = Citation(1, "wiki", "a.md", "A", None, (), None, "A.", None, None, "en")
    return Result(
        Golden(**{"id": "1", "question": "Why?", "document": "a.md", "answer_spans": ("a",), **golden}),
        "en",
        rank,
        Answer(Outcome(outcome), "en", "A.", citations=(citation,) * quotes),
        quoted=quoted,
        shown=quoted,
        page=rank is not None,
        precise=precise,
        seconds=seconds,
    )


def test_figures_are_shares_counted_by_hand():
    figures = figures_of(
        [
            result(rank=1, quoted=True, quotes=3, precise=3, seconds=0.1, kind="basic"),
            result(rank=4, outcome="partial", quotes=1, precise=0, seconds=0.2, kind="basic"),
            result(rank=12, outcome="not_found", seconds=0.3, kind="table"),
            result(outcome="not_found", seconds=0.4, kind="table"),
            result(quotes=1, precise=1, answerable=False, document=None, answer_spans=(), seconds=0.5),
            result(outcome="not_found", answerable=False, document=None, answer_spans=(), seconds=0.6),
        ]
    )
    assert figures["questions"] == 6
    assert figures["retrieval"] == {
        "recall@1": 0.25,
        "recall@5": 0.5,
        "recall@10": 0.5,
        "mrr@10": round((1 + 1 / 4) / 4, 4),
    }
    assert figures["answers"] == {
        "contains_expected": 0.25,
        "shown": 0.25,
        "shown_or_page": 0.75,
        "refused": 0.5,
        "answered_unanswerable": 0.5,
        "citation_precision": 0.8,
    }
    assert figures["seconds"] == {"p50": 0.35, "p99": 0.595}
    assert {name: group["questions"] for name, group in figures["by"].items()} == {
        "basic": 2,
        "en": 6,
        "table": 2,
    }
    assert figures["by"]["basic"]["retrieval"]["recall@5"] == 1.0
    assert figures["by"]["table"]["answers"]["citation_precision"] is None


def test_there_is_no_share_where_there_is_nothing_to_take_it_of():
    figures = figures_of([])
    assert {"questions", "retrieval", "answers", "seconds", "by"} <= set(figures)
    assert set(figures["retrieval"]) == {"recall@1", "recall@5", "recall@10", "mrr@10"}
    assert set(figures["answers"]) == ANSWERS
    assert {*figures["retrieval"].values(), *figures["answers"].values(), *figures["seconds"].values()} == {
        None
    }
    assert (figures["questions"], figures["by"]) == (0, {})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("people/holidays.md", True),
        ("wiki/people/holidays.md", True),
        ("pages/wiki/people/holidays.md", True),
        ("holidays.md", True),
        ("https://wiki.acme.com/holidays", True),
        ("https://wiki.acme.com/holidays#carrying-over", True),
        ("b6ff2a6e", True),
        ("olidays.md", False),
        ("other/holidays.md", False),
        ("", False),
    ],
)
def test_a_document_is_named_by_path_address_id_or_the_end_of_a_path(name, meant):
    keys = ("wiki", "people/holidays.md", "https://wiki.acme.com/holidays#carrying-over", "b6ff2a6e")
    assert is_one_of([name], keys) is meant


# ---- asking ----

HOLIDAY = {"question": "How many days of holiday does everybody have a year?", "lang": "en", "kind": "basic"}


def test_a_golden_file_is_asked_of_the_configured_base(kb, tmp_path):
    file = write_lines(
        tmp_path / "questions.jsonl",
        {**HOLIDAY, "document": "holidays.md", "answer_spans": ["24 days of holiday"]},
        {**HOLIDAY, "document": "dogs.md", "answer_spans": ["25 days of holiday"]},
        {
            "question": "Who won the football match in Ankara?",
            "document": None,
            "answerable": False,
            "kind": "no",
        },
    )
    figures = evaluate_file(kb, file)
    assert (figures["base"], figures["questions"]) == ("configured", 3)
    assert figures["retrieval"]["recall@1"] == 0.5
    assert figures["retrieval"]["recall@10"] == 1.0
    assert figures["answers"]["contains_expected"] == 0.5
    assert figures["answers"]["refused"] == 0.0
    assert figures["answers"]["answered_unanswerable"] == 0.0
    assert figures["answers"]["citation_precision"] == 1.0
    assert set(figures["by"]) == {"basic", "en", "no"}


@pytest.mark.parametrize(
    "name",
    [
        "holidays.md",
        "handbook/holidays.md",
        "somewhere/else/holidays.md",
        "https://wiki.acme.com/holidays.md",
        "https://wiki.acme.com/holidays.md#carrying-over",
    ],
)
def test_the_right_page_counts_by_whatever_name(kb, tmp_path, name):
    file = write_lines(tmp_path / "questions.jsonl", {**HOLIDAY, "document": "no.md", "also_ok": [name]})
    figures = evaluate_file(kb, file)
    assert figures["retrieval"]["recall@1"] == 1.0
    assert figures["answers"]["contains_expected"] is None


def test_a_document_that_is_not_published_is_named_in_the_log(kb, tmp_path, caplog):
    file = write_lines(tmp_path / "questions.jsonl", {**HOLIDAY, "document": "hollidays.md"})
    assert evaluate_file(kb, file)["retrieval"]["recall@10"] == 0.0
    assert "hollidays.md is no published document" in caplog.text


def test_questions_are_asked_with_the_permissions_of_the_person_named(kb, tmp_path):
    question = {"question": "What does band three start at a year?", "document": "bands.md"}
    file = write_lines(tmp_path / "questions.jsonl", {**question, "answer_spans": ["41,000 euros"]})
    assert evaluate_file(kb, file)["answers"]["contains_expected"] == 0.0
    assert evaluate_file(kb, file, email="ana@acme.com")["answers"]["contains_expected"] == 1.0


ANSWERED = {**HOLIDAY, "document": "holidays.md", "answer_spans": ["24 days"]}


def test_figures_and_every_answer_are_saved(kb, tmp_path):
    file = write_lines(tmp_path / "questions.jsonl", ANSWERED)
    figures = evaluate_file(kb, file, save=tmp_path / "new" / "folder")
    saved = {path.name.removeprefix("questions-")[16:]: path for path in (tmp_path / "new/folder").iterdir()}
    assert set(saved) == {".json", "-answers.jsonl", ".html"}
    assert json.loads(saved[".json"].read_text()) == json.loads(json.dumps(figures))
    [line] = [json.loads(line) for line in saved["-answers.jsonl"].read_text().splitlines()]
    assert line["golden"]["document"] == "holidays.md"
    assert (line["rank"], line["quoted"], line["answer"]["outcome"]) == (1, True, "answered")
    assert (line["failure"], line["measures"]["recall@1"]) == (None, [1.0, 1])


def test_a_run_says_what_was_asked_of_what_as_whom(kb, tmp_path):
    figures = evaluate_file(kb, write_lines(tmp_path / "mine.jsonl", ANSWERED), email="ana@acme.com")
    run = figures["run"]
    assert (run["file"], run["as"], run["collection"]) == ("mine.jsonl", "ana@acme.com", kb.collection().name)
    assert run["made_with"] == {"llm": "none", "embedding": "local", "translation": "none"}
    assert figures["saved"]["figures"] == str(kb.data / "eval" / "runs" / f"{run['name']}.json")


def test_a_run_is_compared_with_the_last_one_of_the_same_file(kb, tmp_path):
    file = write_lines(tmp_path / "again.jsonl", ANSWERED)
    first = evaluate_file(kb, file)
    assert (first["compared"], first["gate"]["passed"]) == (None, True)
    write_lines(file, ANSWERED, {**ANSWERED, "answer_spans": ["25 days"]})
    second = evaluate_file(kb, file)
    compared = second["compared"]
    assert (compared["run"], compared["questions"], compared["added"]) == (first["run"]["name"], 1, 1)
    assert (second["gate"]["passed"], second["answers"]["contains_expected"]) == (True, 0.5)  # one is new


@pytest.mark.parametrize(
    "wrong", [{"heading": ("Another",)}, {"page": 7}, {"quote": ""}, {"quote": "25 days"}]
)
def test_a_quote_that_does_not_stand_at_the_cited_place_is_not_precise(kb, tmp_path, monkeypatch, wrong):
    def respond(*arguments):
        answer = answering.respond(*arguments)
        return replace(answer, citations=tuple(replace(one, **wrong) for one in answer.citations))

    monkeypatch.setattr(evaluation, "respond", respond)
    figures = evaluate_file(kb, write_lines(tmp_path / "wrong.jsonl", ANSWERED))
    assert (figures["answers"]["citation_precision"], figures["gate"]["passed"]) == (0.0, False)


def test_a_cap_that_is_reached_ends_an_evaluation_of_a_language_model(kb, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "open_writer", lambda _settings: object())
    monkeypatch.setattr(kb, "keep", lambda _name, open_: open_())
    caps = kb.settings.spend.model_copy(update={"per_day": 0.0})
    monkeypatch.setattr(kb, "settings", kb.settings.model_copy(update={"spend": caps}))
    with pytest.raises(UnavailableError, match="a cap of `spend` is reached"):
        evaluate_file(kb, write_lines(tmp_path / "questions.jsonl", ANSWERED))


def test_every_question_is_told_to_the_observer(kb, tmp_path):
    told = []
    file = write_lines(tmp_path / "questions.jsonl", HOLIDAY)
    evaluate_file(kb, file, observe=lambda step, title="": told.append((step, title)))
    assert told == [("asked", HOLIDAY["question"])]


def test_an_index_that_is_down_ends_an_evaluation_and_is_no_row_of_refusals(kb, tmp_path, monkeypatch):
    def away(*_):
        raise UnavailableError("the index is away")

    monkeypatch.setattr(kb.collection().index, "search", away)
    with pytest.raises(UnavailableError, match="the index is away"):
        evaluate_file(kb, write_lines(tmp_path / "questions.jsonl", HOLIDAY))


# ---- SQuAD files ----

IVY = (
    "Ivy climbs on walls and trees. It is poisonous for cats.",
    {"For which animals is ivy poisonous?": "cats"},
)
TEA = (
    "Tea is steeped for three minutes at eighty degrees.",
    {"For how many minutes is tea steeped?": "three minutes", "Who invented the steam engine?": None},
)
DOGS = (
    "Dogs may come to the office\n on Wednesdays and Fridays.",
    {"On which days may dogs come to the office?": "Wednesdays and Fridays", "May lions vote in Peru?": None},
)


def test_paragraphs_of_which_the_base_has_less_than_half_make_one_of_their_own(kb, tmp_path):
    file = write_squad(tmp_path / "squad.json", IVY, TEA, DOGS)
    figures = evaluate_file(kb, file)
    assert (figures["base"], figures["questions"]) == ("paragraphs", 5)
    assert figures["retrieval"]["recall@1"] == 1.0
    assert figures["answers"]["contains_expected"] == 1.0
    assert figures["answers"]["citation_precision"] == 1.0
    assert {name: group["questions"] for name, group in figures["by"].items()} == {
        "en": 5,
        "near miss": 2,
        "squad": 3,
    }
    again = evaluate_file(kb, file)
    assert (again["retrieval"], again["answers"]) == (figures["retrieval"], figures["answers"])


def test_paragraphs_that_are_in_the_base_are_asked_of_it_and_of_the_documents_that_have_them(kb, tmp_path):
    figures = evaluate_file(kb, write_squad(tmp_path / "squad.json", DOGS, IVY), save=tmp_path / "saved")
    assert (figures["base"], figures["questions"]) == ("configured", 3)
    assert figures["retrieval"]["recall@1"] == 0.5  # of the ivy there is no page
    lines = next((tmp_path / "saved").glob("*-answers.jsonl")).read_text().splitlines()
    dogs = json.loads(lines[0])
    assert (dogs["rank"], dogs["quoted"]) == (1, True)
    assert dogs["answer"]["citations"][0]["document"] == "dogs.md"


def test_questions_in_one_language_are_asked_of_the_paragraphs_of_another_file(kb, tmp_path):
    asked = write_squad(
        tmp_path / "asked.json", ("La hiedra es venenosa.", {"q1": "hiedra", "unknown elsewhere": "venenosa"})
    )
    over = write_squad(tmp_path / "over.json", (IVY[0], {"q1": "poisonous for cats"}))
    figures = evaluate_file(kb, asked, paragraphs=over)
    assert (figures["base"], figures["questions"]) == ("paragraphs", 1)


def test_paragraphs_that_cannot_be_synced_are_told_and_not_measured(kb, tmp_path, monkeypatch):
    failed = {"outcome": "failed", "error": "the disk is full"}
    monkeypatch.setattr("bot.paragraphs.sync_sources", lambda *_, **__: [failed])
    with pytest.raises(UnavailableError, match="the disk is full"):
        evaluate_file(kb, write_squad(tmp_path / "squad.json", TEA, IVY))
