"""Parsing: bytes in, sections out, in child processes that may crash, hang or be attacked.

Only this package knows unstructured, and only its children import it: the process that holds the ledger
never opens a stranger's file.

Word, PowerPoint, text and mail go through unstructured. Every other format has a reader of its own, because
unstructured was measured to lose or spoil part of it: what exactly stands at the top of that file.

What a file holds and does not show (`unseen/`) is taken out before it is read.
"""

from ingest.parsing.pool import Parsers
from ingest.parsing.wire import Limits

VERSION = 3
"""Raise it when the same bytes give other sections: documents are then read again."""

__all__ = ["VERSION", "Limits", "Parsers"]
