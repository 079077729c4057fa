"""The connectors as documentation: `python -m ingest.connectors._reference` writes docs/connectors.md."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from config.reference import default_text, type_name
from ingest.connectors import Connector, connector_class, known_types

PAGE = Path(__file__).parents[2] / "docs" / "connectors.md"
_HEAD = """# Sources, and what Sabio needs to read them

*This page is made of the connectors themselves, by `make fix`.*

A source is a line of `sources` in the [configuration](settings.md): `name` is what people call it in
commands, `type` is one of the words below. `sabio check NAME` tries it without reading a document, and says
what is missing. Secrets are written as `"${NAME}"`: an environment variable, or a
[secret file](settings.md#secrets).

Every source takes `label`, `schedule`, `owner` and `external` as well, which are in the table of
[all settings](settings.md#all-settings), and these options:
"""


def page() -> str:
    """The text of docs/connectors.md."""
    shared = set(Connector.model_fields) - {"name"}
    parts = [_HEAD, *_options(Connector, shared)]
    for word in known_types():
        model = connector_class(word)
        about = model.about
        parts += [
            f"\n## {about.system}\n",
            f"{model.__doc__}\n",
            f"```yaml\nsources:\n  - {about.example}\n```\n",
            *_options(model, set(model.model_fields) - set(Connector.model_fields)),
            f"\n**What it needs.** {about.rights}\n",
            "**Limits.**\n",
            *(f"- {limit}" for limit in about.limits),
            f"\n**Proven against** {about.proven}.",
        ]
    return "\n".join(parts) + "\n"


def _options(model: type[BaseModel], names: set[str]) -> list[str]:
    rows = ["| Option | Type | Default | Meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        if name in names:
            given = "" if field.is_required() else default_text(field.get_default(call_default_factory=True))
            default = "required" if field.is_required() else f"`{given}`" if given else ""
            meaning = " ".join((field.description or "").split())
            rows.append(f"| `{name}` | {type_name(field.annotation)} | {default} | {meaning} |")
    return rows


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
