"""Parsing: bytes in, sections out, in child processes that may crash, hang or be attacked.

Only this package knows unstructured, and only its children import it: the process that holds the ledger
never opens a stranger's file.

Word, PowerPoint, text and mail go through unstructured. Every other format has a reader of its own, because
unstructured was measured to lose or spoil part of it: what exactly stands at the top of that file.

What a file holds and does not show (`unseen/`) is taken out before it is read.
"""

from importlib.util import find_spec

from config.errors import ConfigError
from ingest.parsing.pool import Parsers
from ingest.parsing.wire import Limits

VERSION = 3
"""Raise it when the same bytes give other sections: documents are then read again."""

LIBRARIES = (
    "docx",
    "openpyxl",
    "pptx",
    "pypandoc",
    "pypdfium2",
    "semantic_text_splitter",
    "spacy",
    "unstructured",
)
"""Libraries that nothing but reading documents needs: the bot's container image is made without them."""

__all__ = ["LIBRARIES", "VERSION", "Limits", "Parsers", "need_parsers", "not_installed"]


def not_installed() -> list[str]:
    """The libraries that reading documents needs and that are not here."""
    return [library for library in LIBRARIES if find_spec(library) is None]


def need_parsers() -> None:
    """Raise `ConfigError` where documents cannot be read here."""
    if missing := not_installed():
        raise ConfigError(
            f"there are no parsers here, so documents cannot be read; not installed: {', '.join(missing)}."
            " The image `sabio-bot` is made without them: use `sabio-worker` for `sabio work` and"
            " `sabio sync`, and set `queue`, without which `sabio serve` reads documents itself"
        )
