"""The story of a folder of documents over a few weeks, with real parsers, ledger and index."""

import pytest

from bot.retrieval import retrieve
from ingest.documents import EVERYONE
from ingest.ledger import reading
from ingest.permissions import principals_of
from tests.doubles import open_base
from tests.sync_child import SOURCE
from workers.local import sync_sources

ALL = frozenset({EVERYONE})


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    (folder / "personas").mkdir(parents=True)
    (folder / "personas" / "vacaciones.md").write_text(
        "---\ntitle: Vacaciones\n---\n# Cuántos días\nHay 23 días laborables al año.\n\n"
        "# Cómo se piden\nSe piden en el portal con dos semanas de antelación.\n",
        encoding="utf-8",
    )
    (folder / "expenses.html").write_text(
        "<h1>Expenses</h1><h2>Limits</h2><p>A dinner may cost 40 euros.</p>"
        "<table><tr><th>City</th><th>Hotel</th></tr><tr><td>Madrid</td><td>120</td></tr></table>"
    )
    (folder / "printer.txt").write_text("The printer on floor two is called Gutenberg.")
    for number in range(30):
        (folder / f"note {number}.md").write_text(f"# Note {number}\nNothing of importance, number {number}.")
    return folder


@pytest.fixture
def kb(tmp_path, docs):
    options = {
        "type": "folder",
        "path": str(docs),
        "readers": [EVERYONE],
        "url": "https://wiki.example.com/{path}",
    }
    with open_base(tmp_path / "var", {SOURCE: options}, real_parsers=True) as kb:
        yield kb


def synced(kb, **options):
    [report] = sync_sources(kb, [SOURCE], **options)
    return report


def found(kb, question, principals=ALL):
    return [one.passage for one in retrieve(kb, question, principals, limit=5).passages]


def texts(kb, question):
    return " ".join(passage.text for passage in found(kb, question))


def test_the_life_of_a_folder(kb, docs):
    report = synced(kb)
    assert (report["outcome"], report["new"], report["failed"]) == ("done", 33, [])
    [best, *_] = found(kb, "¿Cuántos días de vacaciones hay?")
    assert (best.title, best.url, best.chunk.language) == (
        "Vacaciones", "https://wiki.example.com/personas/vacaciones.md#cuántos-días", "es",
    )  # fmt: skip
    assert "Madrid | 120" in texts(kb, "hotel Madrid")

    # Nothing happened for a week.
    report = synced(kb)
    assert (report["unchanged"], report["chunks_embedded"]) == (33, 0)

    # Somebody edits a page: one chunk of it is new, the other is not touched.
    page = docs / "personas" / "vacaciones.md"
    page.write_text(page.read_text(encoding="utf-8").replace("23", "25"), encoding="utf-8")
    report = synced(kb)
    assert (report["changed"], report["chunks_embedded"], report["chunks_reused"]) == (1, 1, 1)
    assert "25 días" in texts(kb, "¿Cuántos días de vacaciones hay?")
    assert "23 días" not in texts(kb, "¿Cuántos días de vacaciones hay?")

    # A page is moved, another one deleted.
    (docs / "printer.txt").rename(docs / "office.txt")
    (docs / "expenses.html").unlink()
    report = synced(kb)
    assert (report["new"], report["removed"], report["still_answerable"]) == (1, 2, 0)
    assert found(kb, "printer Gutenberg")[0].entry == "office.txt"
    assert "40 euros" not in texts(kb, "What may a dinner cost?")

    # A file is damaged: it is named with its reason, and the rest goes on.
    (docs / "contract.docx").write_bytes(b"PK\x03\x04 this was a document once")
    (docs / "news.txt").write_text("The canteen opens on Monday.")
    report = synced(kb)
    assert [(one["document"], one["attempts"]) for one in report["failed"]] == [("contract.docx", 3)]
    assert "Monday" in texts(kb, "When does the canteen open?")

    # The drive is half empty after an accident: nothing is taken away before somebody says so.
    for number in range(25):
        (docs / f"note {number}.md").unlink()
    report = synced(kb)
    assert (report["outcome"], report["held"], report["removed"]) == ("held", 25, 0)
    assert "number 7." in texts(kb, "note 7")
    report = synced(kb, confirmed=True)
    assert (report["outcome"], report["removed"], report["still_answerable"]) == ("done", 25, 0)
    assert "number 7." not in texts(kb, "note 7")


def test_the_readers_of_a_source_are_taken_from_it_at_once(kb, docs, tmp_path):
    synced(kb)
    kb.close()
    options = {"type": "folder", "path": str(docs), "readers": ["group:staff"]}
    with open_base(tmp_path / "var", {SOURCE: options}, real_parsers=True) as narrower:
        report = synced(narrower)
        assert (report["readers_changed"], report["chunks_embedded"]) == (33, 0)
        assert found(narrower, "printer") == []
        ana = principals_of("ana@acme.com", {"staff": frozenset({"user:ana@acme.com"})})
        assert "Gutenberg" in found(narrower, "printer", ana)[0].text
        with narrower.ledger.read() as ledger:
            assert len(reading.published_documents(ledger)) == 33
