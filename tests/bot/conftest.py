"""A small company, synced once for all tests that only look at it."""

import shutil
from pathlib import Path

import pytest

from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from workers.local import sync_sources

PAGES = {
    "holidays.md": "# Holidays\n\nEverybody has 24 days of holiday a year.\n\n## Carrying over\n\n"
    "Up to five days may be taken until 31 March of the next year.\n",
    "dogs.md": "# Dogs in the office\n\nDogs may come to the office on Wednesdays and Fridays.\n\n"
    "The dog is on a lead in corridors and lifts.\n",
    "vpn.md": "# Connecting with the VPN\n\nThe VPN is needed for the accounting system only.\n",
    "broken.pdf": "this is no PDF",
    "draft.tmp": "not yet",
}
SETTINGS = """
data: ./var
translation: none
groups: {hr: [ana@acme.com]}
sources:
  - name: handbook
    type: folder
    path: ./docs
    exclude: "*.tmp"
    url: "https://wiki.acme.com/{path}"
    readers: [everyone]
  - {name: salaries, type: folder, path: ./salaries, readers: ["group:hr"]}
"""


def build_company(folder: Path, models: Path) -> Path:
    """A configuration with two sources, not synced yet. Returns the configuration file."""
    for name, text in PAGES.items():
        (folder / "docs").mkdir(parents=True, exist_ok=True)
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    (folder / "salaries").mkdir()
    (folder / "salaries" / "bands.md").write_text(
        "# Salary bands\n\nBand three starts at 41,000 euros a year.\n"
    )
    (folder / "var").mkdir()
    models.mkdir(parents=True, exist_ok=True)
    (folder / "var" / "models").symlink_to(models)
    file = folder / "sabio.yaml"
    file.write_text(SETTINGS, encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def company(tmp_path_factory, model_cache):
    """The configuration file of a company whose sources were synced. Look, do not change."""
    file = build_company(tmp_path_factory.mktemp("company"), model_cache)
    with KnowledgeBase(load_settings(file, environ={})) as kb:
        sync_sources(kb, ["handbook", "salaries"])
    # What tests that look ask is written down there; copies begin from before that.
    shutil.copytree(file.parent, _untouched(file), symlinks=True)
    return file


def _untouched(company: Path) -> Path:
    return company.parent.with_name(f"{company.parent.name}-untouched")


@pytest.fixture
def own_company(company, tmp_path):
    """A copy of the synced company that a test may change."""
    own = tmp_path / "own"
    shutil.copytree(_untouched(company), own, symlinks=True)
    return own / "sabio.yaml"


@pytest.fixture
def kb(company):
    """The knowledge base of the synced company."""
    with KnowledgeBase(load_settings(company, environ={})) as opened:
        yield opened


@pytest.fixture
def own_kb(own_company):
    """A knowledge base that a test may change."""
    with KnowledgeBase(load_settings(own_company, environ={})) as opened:
        yield opened
