"""Golden questions are read from lines of JSON and from SQuAD files; what is wrong is named by its place."""

import json

import pytest

from bot.golden import Paragraph, read_golden
from config.errors import ConfigError

LINE = {
    "id": "1",
    "lang": "es",
    "question": "¿Cuántos días?",
    "document": "people/holidays.md",
    "also_ok": ["handbook/time-off.md"],
    "answer_spans": ["24 days", "24 días"],
    "answerable": True,
    "kind": "basic",
}


def write(path, content):
    path.write_text(content, encoding="utf-8")
    return path


def squad(*qas, context="Dogs may come on Fridays.", version="v2.0"):
    paragraphs = [{"context": context, "qas": list(qas)}]
    return json.dumps({"version": version, "data": [{"title": "Dogs", "paragraphs": paragraphs}]}, indent=1)


def test_a_line_is_a_question_with_all_that_is_known_of_its_answer(tmp_path):
    [golden] = read_golden(write(tmp_path / "q.jsonl", json.dumps(LINE))).questions
    assert golden.model_dump() == {
        **LINE,
        "also_ok": ("handbook/time-off.md",),
        "answer_spans": ("24 days", "24 días"),
    }
    assert golden.documents == ("people/holidays.md", "handbook/time-off.md")


def test_a_question_needs_only_an_id_and_its_words(tmp_path):
    [golden] = read_golden(write(tmp_path / "q.jsonl", '{"id": "1", "question": "Why?"}')).questions
    assert golden.answerable
    assert golden.documents == golden.answer_spans == ()


def test_empty_lines_a_mark_of_utf_8_and_unusual_line_ends_inside_words_do_no_harm(tmp_path):
    lines = "\ufeff" + json.dumps(LINE | {"question": "a\u2028b\x85c"}, ensure_ascii=False) + "\r\n\n"
    [golden] = read_golden(write(tmp_path / "q.jsonl", lines)).questions
    assert golden.question == "a\u2028b\x85c"


def test_an_unknown_word_on_a_line_is_left_alone(tmp_path):
    line = json.dumps(LINE | {"note": "ours"})
    assert read_golden(write(tmp_path / "q.jsonl", line)).questions[0].id == "1"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("{not json", "Invalid JSON"),
        ('{"id": "1"}', "question: Field required"),
        ('{"id": "1", "question": "Why?", "answerable": "perhaps"}', "answerable: Input should be"),
        ("[1]", "Input should be an object"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(tmp_path, line, wrong):
    file = write(tmp_path / "q.jsonl", f"{json.dumps(LINE)}\n\n{line}\n")
    with pytest.raises(ConfigError, match=r"q\.jsonl, line 3: ") as raised:
        read_golden(file)
    assert wrong in str(raised.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_is_no_text_or_not_there_is_a_configuration_error(tmp_path, content):
    file = tmp_path / "q.jsonl"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read as text"):
        read_golden(file)


def test_a_squad_file_brings_its_paragraphs_and_their_questions(tmp_path):
    answers = [{"text": "Fridays", "answer_start": 17}, {"text": "on Fridays", "answer_start": 14}]
    file = write(
        tmp_path / "s.json", squad({"id": "q", "question": "When?", "answers": answers}, version="1.1")
    )
    golden = read_golden(file)
    assert golden.paragraphs == (Paragraph("00001.txt", "Dogs may come on Fridays."),)
    [question] = golden.questions
    assert (question.document, question.answer_spans) == ("00001.txt", ("Fridays", "on Fridays"))
    assert (question.answerable, question.kind) == (True, "squad")


def test_an_impossible_question_is_a_near_miss_that_no_document_answers(tmp_path):
    impossible = {"id": "q", "question": "Which cats?", "answers": [], "is_impossible": True}
    [question] = read_golden(write(tmp_path / "s.json", squad(impossible))).questions
    assert (question.answerable, question.document, question.kind) == (False, None, "near miss")


@pytest.mark.parametrize(
    "content",
    [
        '{"data": [{}]}',
        '{"data": 5}',
        '{"data": [{"paragraphs": ["text"]}]}',
        squad("no question"),
        squad({"id": 1, "question": "When?"}),
        squad({"id": 1, "question": 7, "answers": []}),
    ],
)
def test_a_file_that_is_not_quite_squad_says_so(tmp_path, content):
    with pytest.raises(ConfigError, match="is not in SQuAD's format"):
        read_golden(write(tmp_path / "s.json", content))
