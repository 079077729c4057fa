"""The sample company on this machine, synced: the same folder for every test of one worker."""

from contextlib import contextmanager
from pathlib import Path

from bot import demo
from config.settings import load_settings
from config.system import missing_programs
from ingest.knowledge import KnowledgeBase
from workers.local import sync_sources

_MISSING = {program.name for program in missing_programs()}
OCR = "tesseract" not in _MISSING
TRANSLATION = "apertium" not in _MISSING


def prepare_folder(tmp_path_factory, models: Path, name: str = "olivar") -> Path:
    """A folder for the demo that finds the model already built; the same for the same name."""
    folder = tmp_path_factory.getbasetemp() / name
    if not folder.exists():
        models.mkdir(parents=True, exist_ok=True)
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "models").symlink_to(models)
    return folder


@contextmanager
def open_olivar(folder: Path):
    """The sample company's knowledge base, up to date with its pages as they were before any edit."""
    config = demo._lay_out(folder)
    with KnowledgeBase(load_settings(config, environ={})) as kb:
        reports = sync_sources(kb, list(kb.connectors))
        assert [report["outcome"] for report in reports] == ["done", "done"]
        yield kb
