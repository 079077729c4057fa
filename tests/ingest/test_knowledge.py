"""What an installation opens, once, and what it refuses."""

import threading

import pytest

from config.errors import ConfigError
from config.settings import Settings
from ingest.knowledge import KnowledgeBase
from tests.doubles import open_base


def listed(kb, name="docs"):
    return {entry.id for entry in kb.connectors[name].scan()}


def folder(path, **options):
    return {"docs": {"type": "folder", "path": str(path), **options}}


def test_its_own_data_folder_is_no_part_of_a_source_around_it(tmp_path):
    (tmp_path / "page.md").write_text("A page")
    (tmp_path / "my [var] *").mkdir()
    (tmp_path / "my [var] *" / "note.md").write_text("not a page")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "my [var] *").mkdir()
    (tmp_path / "deep" / "my [var] *" / "page.md").write_text("A page elsewhere")
    with open_base(tmp_path / "my [var] *", folder(tmp_path, exclude="!*.md")) as kb:
        assert listed(kb) == {"page.md", "deep/my [var] */page.md"}


def test_a_source_inside_of_the_data_folder_is_read(tmp_path):
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "page.md").write_text("A page")
    with open_base(tmp_path, folder(tmp_path / "sample")) as kb:
        assert listed(kb) == {"page.md"}


def test_a_link_to_the_folder_around_the_data_does_not_hide_it(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "page.md").write_text("A page")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with open_base(tmp_path / "real" / "var", folder(tmp_path / "link")) as kb:
        kb.data.mkdir()
        (kb.data / "note.md").write_text("not a page")
        assert listed(kb) == {"page.md"}


def test_the_data_folder_itself_as_a_source_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="own data folder"):
        open_base(tmp_path, folder(tmp_path))


def test_everything_wrong_with_the_sources_is_told_at_once(tmp_path):
    with pytest.raises(ConfigError) as raised:
        open_base(
            tmp_path, {"a": {"type": "foldr"}, "b": {"type": "folder"}, "c": {"type": "folder", "path": "x"}}
        )
    assert [problem.split(":")[0] for problem in raised.value.problems] == ["source a", "source b"]


def test_an_unknown_source_is_told_with_those_that_there_are(tmp_path):
    with open_base(tmp_path, folder(tmp_path / "docs")) as kb:
        assert [source.name for source in kb.sources()] == ["docs"]
        with pytest.raises(ConfigError, match="`wiki` is not a source; configured are: docs"):
            kb.sources(["docs", "wiki"])


def test_nothing_is_opened_until_it_is_asked_for(tmp_path):
    with open_base(tmp_path / "var", folder(tmp_path / "docs")):
        assert not (tmp_path / "var").exists()


def test_a_part_is_opened_once_however_many_threads_ask_for_it_at_once(tmp_path):
    with KnowledgeBase(Settings.model_validate({"data": tmp_path})) as kb:
        barrier, opened = threading.Barrier(8), []

        def ask():
            barrier.wait()
            opened.append((kb.ledger, kb.parsers))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(ledger) for ledger, _ in opened}) == len({id(parsers) for _, parsers in opened}) == 1


def test_all_who_come_first_make_the_same_collection(tmp_path):
    bases = [open_base(tmp_path) for _ in range(4)]
    threads = [threading.Thread(target=kb.collection) for kb in bases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {kb.collection().name for kb in bases}
    assert {path.name for path in (tmp_path / "index").iterdir()} == names
    assert len(names) == 1
    for kb in bases:
        kb.close()
