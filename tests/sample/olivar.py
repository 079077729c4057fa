"""The sample company, synced once for all workers of a run; each test has a copy, or only looks."""

import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from bot import demo
from config.settings import load_settings
from config.system import missing_programs
from ingest.knowledge import KnowledgeBase
from workers.local import sync_sources

_MISSING = {program.name for program in missing_programs()}
OCR = "tesseract" not in _MISSING
TRANSLATION = "apertium" not in _MISSING


def prepare_folder(folder: Path, models: Path) -> Path:
    """A folder for the company that finds the model already built."""
    models.mkdir(parents=True, exist_ok=True)
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "models").symlink_to(models)
    return folder


def sync_company(folder: Path) -> Path:
    """The company's documents in a folder, synced. The configuration file beside them."""
    config = demo._lay_out(folder)
    with KnowledgeBase(load_settings(config, environ={})) as kb:
        reports = sync_sources(kb, list(kb.connectors))
    assert [report["outcome"] for report in reports] == ["done", "done"]
    return config


@pytest.fixture(scope="session")
def olivar_config(tmp_path_factory, model_cache):
    """The configuration file of the company. Whoever comes first syncs it."""
    folder = model_cache.parent / "olivar"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            making = prepare_folder(tmp_path_factory.mktemp("olivar"), model_cache)
            sync_company(making)
            making.rename(folder)
    return folder / "sabio.yaml"


@pytest.fixture(scope="module")
def olivar(olivar_config, tmp_path_factory):
    """The company's knowledge base, of a module's own: what is asked is written down."""
    with KnowledgeBase(load_settings(copy_of(olivar_config, tmp_path_factory), environ={})) as kb:
        yield kb


def copy_of(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a company, to be changed at will: its configuration file. Copied files look edited."""
    copy = tmp_path_factory.mktemp("copy") / "olivar"
    return shutil.copytree(config.parent, copy, symlinks=True) / config.name
