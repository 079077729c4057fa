"""The documentation is true: its links lead somewhere, and its settings exist."""

import re
from pathlib import Path

import pytest
import yaml

from config.reference import describe_settings
from config.settings import load_settings
from ingest.connectors._reference import page as connectors_page

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("helm/*.md")])


def prose(page: Path) -> str:
    """The text of a page without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_repository_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", prose(page)):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), target


def yaml_examples() -> list[tuple[str, str]]:
    """Every YAML block of the documentation that is a configuration, with the page it stands on."""
    fence = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
    blocks = [
        (page.name, block) for page in PAGES for block in fence.findall(page.read_text(encoding="utf-8"))
    ]
    return [(page, block) for page, block in blocks if "sources" in yaml.safe_load(block)]


@pytest.mark.parametrize(("page", "example"), yaml_examples(), ids=lambda value: str(value)[:20])
def test_every_configuration_in_the_documentation_is_understood(page, example, tmp_path):
    (tmp_path / "sabio.yaml").write_text(example, encoding="utf-8")
    names = re.findall(r"(?<!\$)\$\{(\w+)\}", example)
    settings = load_settings(tmp_path / "sabio.yaml", environ=dict.fromkeys(names, "a secret"))
    assert settings.sources, page


def test_every_setting_is_documented():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for setting in describe_settings():
        assert f"| `{setting.key}` | {setting.type} |" in page, f"{setting.key}: run `make fix`"


def test_what_every_connector_needs_is_documented():
    page = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    assert page == connectors_page(), "run `make fix`"


def test_every_setting_named_in_the_example_file_exists():
    example = (ROOT / "config" / "sabio.yaml").read_text(encoding="utf-8")
    known = {setting.key.split(".")[0].split("[")[0] for setting in describe_settings()}
    assert set(re.findall(r"^#? ?([a-z_]+):(?: |$)", example, re.MULTILINE)) <= known
