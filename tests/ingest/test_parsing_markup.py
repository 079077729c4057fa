"""Markdown and HTML: what a reader of the page sees, and nothing that they don't."""

import pytest

from config.errors import DocumentError
from ingest.documents import Content, Kind, Section
from ingest.parsing.markdown import slug
from ingest.parsing.reading import read


def md(text):
    return read(Content(text.encode(), "page.md", "text/markdown"))


def html(text):
    return read(Content(text.encode(), "page.html", "text/html"))


def texts(document):
    return [section.text for section in document.sections]


def test_front_matter_becomes_title_author_and_date_and_is_not_text():
    page = md("---\ntitle: 'Vacaciones y permisos'\nauthor: {name: Ana}\ndate: 2026-03-01\n---\nTexto.\n")
    assert (page.title, page.author, page.updated_at.isoformat()) == (
        "Vacaciones y permisos",
        "Ana",
        "2026-03-01T00:00:00+00:00",
    )
    assert texts(page) == ["Texto."]


def test_toml_front_matter_is_read_and_broken_front_matter_costs_only_itself():
    assert md('+++\ntitle = "Guide"\nauthors = ["A", "B"]\n+++\nText.').author == "A, B"
    assert texts(md("---\ntitle: [broken\n---\nText.")) == ["Text."]


def test_a_rule_at_the_top_is_not_front_matter():
    assert texts(md("---\n\nText.\n\n---\n\nMore.")) == ["Text.", "More."]


def test_template_tags_and_attributes_are_dropped_and_their_contents_stay():
    page = md(
        "{% include 'nav.html' %}\n# Page {: .no_toc }\n\n{% alert %}\nMind the gap.\n{% endalert %}\n"
        "{% comment %}hidden {% endcomment %}\n{{< note >}}Kept.{{< /note >}}\n\n<!-- TODO\nhidden -->\n"
        "See [the form]({% page \"/forms/a b\" %}), {{ site }}ask {% slack_channel \"people-ops\" %}.\n"
        "{: .wide}\n\n::: tip\nA tip.\n:::\n"
    )  # fmt: skip
    assert texts(page) == ["Mind the gap.", "Kept.", "See the form, ask #people-ops.", "A tip."]
    assert page.sections[0].heading == ("Page",)


def test_template_marks_inside_code_are_code():
    page = md("Use `{{ user }}`:\n\n```yaml\n{% raw %}\nname: {{ user }}\n{% endraw %}\n# no heading\n```\n")
    assert page.sections[0].text == "Use {{ user }}:"
    assert page.sections[1] == Section("name: {{ user }}\n\n# no heading", Kind.CODE)


def test_headings_nest_and_their_anchors_are_those_of_the_wiki():
    page = md(
        "# Guía rápida\n## ¿Qué es esto?\nUno.\n## Uso\nDos.\n### Uso\nTres.\n## Fin {#the-end}\nCuatro.\n"
    )
    assert [(section.heading[1:], section.anchor) for section in page.sections] == [
        (("¿Qué es esto?",), "qué-es-esto"),
        (("Uso",), "uso"),
        (("Uso", "Uso"), "uso-1"),
        (("Fin",), "the-end"),
    ]


def test_slugs_drop_punctuation_and_keep_accents():
    assert slug("What's new, in 2.0?") == "whats-new-in-20"
    assert slug("Días & noches") == "días--noches"


def test_lists_keep_their_order_their_marks_and_their_depth():
    page = md(
        "You need:\n\n- a laptop\n  - charged\n    - fully\n- a key\n\nThen:\n\n3. go\n   1. left\n4. stop\n"
    )
    assert [(section.text, section.kind) for section in page.sections] == [
        ("You need:", Kind.TEXT),
        ("- a laptop", Kind.ITEM),
        ("* charged", Kind.ITEM),
        ("+ fully", Kind.ITEM),
        ("- a key", Kind.ITEM),
        ("Then:", Kind.TEXT),
        ("3. go", Kind.ITEM),
        ("3.1. left", Kind.ITEM),
        ("4. stop", Kind.ITEM),
    ]


def test_an_item_of_several_paragraphs_and_code_is_read_in_order():
    page = md("1. First\n\n   More on it.\n\n       run me\n\n2. [ ] Second\n")
    assert [(section.text, section.kind) for section in page.sections] == [
        ("1. First", Kind.ITEM),
        ("More on it.", Kind.TEXT),
        ("run me", Kind.CODE),
        ("2. Second", Kind.ITEM),
    ]


def test_a_table_is_rows_with_the_header_first():
    page = md("| Years | Days |\n|---|---:|\n| 0–3 | **22** |\n| 4\\|5 | `25` |\n")
    assert page.sections == (Section("Years | Days\n0–3 | 22\n4|5 | 25", Kind.TABLE),)


def test_links_keep_their_words_and_pictures_speak_only_where_alone():
    page = md(
        "See [the *policy*](https://x.example/p) or <https://x.example>. ![icon](i.png)"
        "\n\n![A map of the office](m.png)\n"
    )
    assert texts(page) == ["See the policy or https://x.example.", "A map of the office"]


def test_wiki_links_are_words():
    assert texts(md("See [[Travel policy]] and [[hr/leave|the leave page]].")) == [
        "See Travel policy and the leave page."
    ]


def test_definitions_stay_with_their_terms():
    page = html(
        "<dl><dt>PPL</dt><dt>Leave</dt><dd>Paid leave.</dd><dt>Kit</dt><dd><ul><li>pen</li></ul></dd></dl>"
    )
    assert texts(page) == ["PPL, Leave: Paid leave.", "Kit:", "- pen"]


@pytest.mark.parametrize(
    "markup",
    [
        "<script>bad()</script>",
        "<style>p{}</style>",
        "<p hidden>bad</p>",
        "<span style='display: none'>bad</span>",
        "<div style='visibility:hidden'>bad</div>",
        "<span aria-hidden='true'>bad</span>",
        "<template><p>bad</p></template>",
        "<nav><a href='/'>bad</a></nav>",
        "<!-- bad -->",
        "<svg><text>bad</text></svg>",
        "<noscript>bad</noscript>",
    ],
)
def test_what_the_page_hides_is_not_read(markup):
    assert texts(html(f"<p>Before.</p>{markup}<p>After.</p>")) == ["Before.", "After."]


def test_an_accordion_is_read_though_it_is_closed():
    page = html(
        "<h2><button aria-controls='a1'>Question?</button></h2><div id='a1' hidden><p>Answer.</p></div>"
    )
    assert page.sections == (Section("Answer.", heading=("Question?",)),)


def test_invisible_characters_do_not_split_words_and_turned_ones_are_read_as_they_are_shown():
    page = html(
        "<p>pass\u200bword, na\u00adme, \u202ethgir\u202c, a\u200db, tag\U000e0041s, می\u200cخواهم</p>"
    )
    assert texts(page) == ["password, name, right, ab, tags, می\u200cخواهم"]


@pytest.mark.parametrize(
    "heading",
    [
        "<h2 id='here'>Title</h2>",
        "<h2><a name='here'></a>Title</h2>",
        "<h2><span id='here'>Title</span><span class='mw-editsection'>[edit]</span></h2>",
        "<a name='here'></a><h2>Title</h2>",
        "<section id='here'><h2>Title<a class='headerlink' href='#here'>¶</a></h2></section>",
    ],
)
def test_the_anchor_of_a_heading_is_found_where_pages_put_it(heading):
    assert html(f"{heading}<p>Text.</p>").sections == (Section("Text.", heading=("Title",), anchor="here"),)


def test_a_heading_without_anchor_links_to_the_one_above():
    (section,) = html("<h1 id='top'>Guide</h1><h2>Part</h2><p>Text.</p>").sections
    assert (section.heading, section.anchor) == (("Guide", "Part"), "top")


def test_merged_cells_are_filled_down_and_written_once_across():
    page = html(
        "<table><caption>Fees</caption><tr><th>Kind<th>Fee<th>For</tr><tr><td rowspan=2>A<td>1<td>a<br>b</tr>"
        "<tr><td>2<td><ul><li>c<li>d</ul></tr><tr><td colspan=3>From 2026</tr></table>"
    )
    assert page.sections == (
        Section("Fees"),
        Section("Kind | Fee | For\nA | 1 | a b\nA | 2 | c d\nFrom 2026", Kind.TABLE),
    )


def test_a_table_that_lays_out_the_page_is_read_as_text():
    page = html("<table><tr><td><h2>Left</h2><p>One.</p></td><td><p>Two.</p></td></tr></table>")
    assert texts(page) == ["One.", "Two."]


def test_a_claimed_span_of_billions_costs_nothing():
    page = html("<table><tr><td colspan=999999999 rowspan=99999>a<td>b</tr><tr><td>c<td>d</tr></table>")
    assert "a" in page.sections[0].text


def test_breaks_part_lines_unless_the_sentence_goes_on():
    assert texts(html("<p>Phone: 1<br>Mail: 2</p><p>a long<br/>sentence</p>")) == [
        "Phone: 1",
        "Mail: 2",
        "a long sentence",
    ]


def test_preformatted_text_is_verbatim():
    assert html("<pre><code>if x:\n    y()<br>z</code></pre>").sections == (
        Section("if x:\n    y()\nz", Kind.CODE),
    )


def test_footnote_marks_do_not_stick_to_words():
    assert texts(html("<p>Fact<sup><a href='#fn1'>1</a></sup>. 10 m<sup>2</sup></p>")) == ["Fact. 10 m2"]


def test_the_declared_encoding_of_a_page_is_believed():
    page = (
        "<html><head><meta charset='windows-1252'><title>Año</title></head><body><p>Señal</p></body></html>"
    )
    document = read(Content(page.encode("cp1252"), "p.html", "text/html"))
    assert (document.title, texts(document)) == ("Año", ["Señal"])


def test_undeclared_utf_8_is_read_as_such():
    assert texts(html("<p>Añádelo — «ya»</p>")) == ["Añádelo — «ya»"]


def test_a_wrongly_declared_encoding_is_not_believed():
    page = "<html><head><meta charset='utf-8'></head><body><p>Señal</p></body></html>"
    assert texts(read(Content(page.encode("cp1252"), "p.html", "text/html"))) == ["Señal"]


def test_deep_nesting_is_read_and_absurd_nesting_refused():
    assert texts(html("<div>" * 260 + "<p>deep</p>")) == ["deep"]
    with pytest.raises(DocumentError, match="nested too deeply"):
        html("<div>" * 5_000 + "<p>deep</p>")


@pytest.mark.parametrize(
    "metadata",
    [
        "<meta name='author' content='Ana'><meta name='last-modified' content='2026-03-01T10:00:00+01:00'>",
        "<meta name='dc.creator' content='Ana'><meta name='DCTERMS.modified' content='2026-03-01 09:00'>",
        "<meta name='Author' content='Ana'><meta property='og:updated_time' content='2026-03-01T09:00Z'>"
        "<meta property='article:published_time' content='2020-01-01'>",
        "<meta name='author' content='Ana'>"
        "<meta http-equiv='last-modified' content='Sun, 01 Mar 2026 09:00:00 GMT'>",
    ],
)
def test_a_page_says_in_its_head_who_wrote_it_and_when(metadata):
    page = html(f"<html><head>{metadata}</head><body><p>Text.</p></body></html>")
    assert (page.author, page.updated_at.isoformat()) == ("Ana", "2026-03-01T09:00:00+00:00")


@pytest.mark.parametrize("key", ["updated", "date", "last_modified", "lastmod", "last_updated"])
@pytest.mark.parametrize("value", ["2026-03-01", "2026-03-01T00:00:00Z", "'2026-03-01'"])
def test_front_matter_gives_the_date_under_any_of_its_names(key, value):
    assert md(f"---\n{key}: {value}\n---\nText.").updated_at.isoformat() == "2026-03-01T00:00:00+00:00"


@pytest.mark.parametrize("value", ["yesterday", "0001-01-01T00:00:00+14:00", "12", "[2026]", "''"])
def test_a_date_that_is_none_is_left_out(value):
    assert md(f"---\ndate: {value}\n---\nText.").updated_at is None


def test_front_matter_that_nests_without_end_costs_nothing():
    lines = ["a: &a0 [ha]"] + [f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    page = md("---\n" + "\n".join(lines) + "\ntitle: *a11\nauthor: *a11\n---\nText.")
    assert (page.title, page.author, texts(page)) == (None, None, ["Text."])


def test_folded_details_are_read():
    assert texts(html("<details><summary>More</summary><p>Inside.</p></details>")) == ["More", "Inside."]
