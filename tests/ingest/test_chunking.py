"""Chunks: one topic each, never too large, and nothing of the document lost."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.sentences import units
from ingest.chunking import TARGET, chunk
from ingest.documents import Kind, Section, embedded_text


def count(text):
    """As a model counts: two marks around it, words, and pieces of long words."""
    return 2 + sum((len(word) + 5) // 6 for word in re.findall(r"\w+|[^\w\s]", text))


def cut(*sections, title="Guide", limit=256, detect=lambda text: "en"):
    return chunk("doc", title, sections, count, limit, detect)


def texts(chunks):
    return [piece.text for piece in chunks]


def words(number, stem="word"):
    return " ".join(f"{stem}{index}" for index in range(number))


def test_sections_under_one_heading_become_one_chunk_of_lines():
    (piece,) = cut(
        Section("You need:", heading=("Kit",), anchor="kit"),
        Section("- a pen", Kind.ITEM, ("Kit",), "kit"),
        Section(words(30), heading=("Kit",), anchor="kit"),
    )
    assert piece.text == f"You need:\n- a pen\n{words(30)}"
    assert (piece.heading, piece.anchor) == (("Kit",), "kit")


def test_sections_under_different_headings_stay_apart():
    assert len(cut(Section(words(30), heading=("A",)), Section(words(30), heading=("B",)))) == 2


def test_a_tiny_introduction_joins_its_first_subsection_and_says_where_that_begins():
    (piece,) = cut(
        Section("Short.", heading=("Leave",), anchor="leave"),
        Section(words(30), heading=("Leave", "Sick"), anchor="sick"),
    )
    assert (piece.heading, piece.anchor) == (("Leave",), "leave")
    assert piece.text == f"Short.\nSick\n{words(30)}"


def test_tiny_neighbours_of_one_section_join_and_those_of_different_ones_do_not():
    joined = cut(Section("One.", heading=("A", "B")), Section("Two.", heading=("A", "C")))
    assert texts(joined) == ["B\nOne.\nC\nTwo."]
    assert joined[0].heading == ("A",)
    assert len(cut(Section("One.", heading=("A",)), Section("Two.", heading=("B",)))) == 2


def test_pages_are_never_mixed():
    chunks = cut(Section("One.", page=1), Section("Two.", page=1), Section("Three.", page=2))
    assert [(piece.text, piece.page) for piece in chunks] == [("One.\nTwo.", 1), ("Three.", 2)]


def test_a_large_section_is_cut_into_parts_of_about_equal_size():
    sizes = [count(text) for text in texts(cut(*[Section(words(50)) for _ in range(6)], title=""))]
    assert len(sizes) == 2
    assert max(sizes) - min(sizes) < 60


def test_a_lead_in_goes_with_its_list_and_stands_over_each_part_of_it():
    items = [Section(f"- {words(40)}", Kind.ITEM) for _ in range(12)]
    chunks = cut(Section(words(60)), Section("You may bring:"), *items)
    with_items = [piece for piece in chunks if "- word0" in piece.text]
    assert len(with_items) > 1
    assert all("You may bring:\n- word0" in piece.text for piece in with_items)


def test_the_header_row_stands_over_each_part_of_a_table():
    rows = "\n".join(f"{index} years | {words(10)}" for index in range(60))
    chunks = cut(Section(f"Years | Days\n{rows}", Kind.TABLE, ("Leave",)))
    assert len(chunks) > 2
    assert all(piece.text.startswith("Years | Days\n") and piece.kind is Kind.TABLE for piece in chunks)
    assert "\n".join(piece.text.removeprefix("Years | Days\n") for piece in chunks) == rows


def test_code_is_cut_between_lines():
    lines = [f"call_{index}(argument)" for index in range(200)]
    chunks = cut(Section("\n".join(lines), Kind.CODE))
    assert len(chunks) > 1
    assert "\n".join(texts(chunks)).split("\n") == lines


def test_a_long_paragraph_is_cut_between_sentences():
    sentences = [f"Sentence number {index} says {words(20)}." for index in range(20)]
    chunks = cut(Section(" ".join(sentences)))
    assert all(text.endswith(".") and text.startswith("Sentence") for text in texts(chunks))


def test_the_same_text_keeps_its_id_whatever_changes_around_it():
    kept = Section(words(100), heading=("Kept",))
    before = cut(Section(words(90, "old"), heading=("A",)), kept)
    after = cut(Section(words(95, "new"), heading=("A",)), Section(words(80), heading=("B",)), kept)
    assert before[-1].id == after[-1].id
    assert before[0].id != after[0].id


def test_repeated_texts_have_ids_of_their_own():
    chunks = cut(Section("Same.", page=1), Section("Same.", page=2))
    assert len({piece.id for piece in chunks}) == 2


def test_each_chunk_has_its_own_language_and_short_ones_the_documents():
    spanish, english = "vacaciones " * 20, "holidays " * 20

    def detect(text):
        return "es" if text.count("vacaciones") > text.count("holidays") else "en"

    chunks = cut(
        Section(spanish * 3, heading=("A",)),
        Section(english, heading=("B",)),
        Section("OK", heading=("C",)),
        detect=detect,
    )
    assert [piece.language for piece in chunks] == ["es", "en", "es"]


@pytest.mark.parametrize("heading", [tuple(words(40, f"h{level}x") for level in range(8)), (words(400),)])
def test_a_heading_path_that_would_fill_the_chunk_loses_its_outer_parts(heading):
    chunks = cut(Section(words(300), heading=heading))
    assert all(count(embedded_text("Guide", piece.heading, piece.text)) <= 256 for piece in chunks)
    assert all(piece.heading == heading[len(heading) - len(piece.heading) :] for piece in chunks)


def test_nothing_gives_nothing():
    assert cut() == []
    assert cut(Section("  ")) == []


_TEXTS = st.one_of(
    st.text(min_size=1, max_size=60),
    st.integers(1, 400).map(words),
    st.integers(200, 3000).map("x".__mul__),
    st.lists(st.integers(1, 30).map(words), min_size=1, max_size=30).map("\n".join),
)
_SECTIONS = st.lists(
    st.builds(
        Section,
        text=_TEXTS,
        kind=st.sampled_from(Kind),
        heading=st.lists(st.sampled_from(["A", "B", words(60)]), max_size=3).map(tuple),
        page=st.sampled_from([None, 1, 2]),
    ),
    max_size=8,
)


@given(sections=_SECTIONS, limit=st.sampled_from([64, 128, 256, 512]))
@example(sections=[Section("a\n" + "b " * 900, Kind.TABLE)], limit=64)
def test_no_chunk_is_too_large_and_no_text_is_lost_or_out_of_order(sections, limit):
    chunks = cut(*sections, limit=limit)
    sizes = [count(embedded_text("Guide", piece.heading, piece.text)) for piece in chunks]
    assert all(size <= limit for size in sizes)
    assert all(piece.text.strip() for piece in chunks)
    assert len({piece.id for piece in chunks}) == len(chunks)
    assert chunks == cut(*sections, limit=limit)
    # What was there comes in its order; headings, header rows and lead-ins may come again in between.
    letters = iter("".join("".join(piece.text.split()) for piece in chunks))
    wanted = "".join("".join(section.text.split()) for section in sections)
    assert all(letter in letters for letter in wanted)


@given(sections=_SECTIONS, limit=st.sampled_from([64, 256]))
def test_every_line_of_a_chunk_is_verbatim_from_a_section_or_names_headings(sections, limit):
    wholes = [section.text for section in sections]
    names = {name for section in sections for name in section.heading}
    for piece in cut(*sections, limit=limit):
        for line in piece.text.split("\n"):
            assert any(line in whole for whole in wholes) or set(line.split(" > ")) <= names


def test_the_target_holds_for_models_that_could_read_more():
    chunks = cut(*[Section(words(20))] * 99, limit=8192)
    assert max(count(embedded_text("Guide", (), text)) for text in texts(chunks)) <= TARGET


def test_rows_below_a_header_too_long_to_repeat_do_not_name_each_others_columns():
    header = " | ".join(words(40) for _ in range(3))
    rows = [f"a{number} | b{number} | c{number}" for number in range(60)]
    parts = texts(cut(Section("\n".join([header, *rows]), Kind.TABLE), limit=128))
    assert [unit.quote for part in parts[1:] for unit in units(part) if unit.kind is Kind.TABLE] == rows
    assert all(": " not in unit.shown for part in parts[1:] for unit in units(part))
