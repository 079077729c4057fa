"""Where the paragraphs of a SQuAD file are: in the configured knowledge base, or in one made of them."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from bot.golden import Paragraph
from config.errors import UnavailableError
from config.sections import EvaluationSettings, SourceSettings
from ingest.documents import EVERYONE
from ingest.knowledge import KnowledgeBase
from ingest.ledger import reading, working
from ingest.sync import Observer, unobserved
from workers.local import sync_sources

_BETWEEN = "\0"


def find_holders(kb: KnowledgeBase, paragraphs: Sequence[Paragraph]) -> Mapping[str, tuple[str, ...]]:
    """The published documents, by the ledger's id, that have a paragraph word for word, by its name.

    White space may differ. Paragraphs that no document has are left out.
    """
    ids, texts = [], []
    with kb.ledger.read() as ledger:
        for row in reading.published_documents(ledger):
            ids.append(row.id)
            texts.append(
                _one_line("\n".join(chunk.text for chunk in working.published_chunks(ledger, row.id)))
            )
    ends = list(accumulate(len(text) + len(_BETWEEN) for text in texts))
    whole = _BETWEEN.join(texts)
    found = {}
    for paragraph in paragraphs:
        wanted = _one_line(paragraph.text)
        holders = [ids[bisect_right(ends, place)] for place in _places(wanted, whole)]
        if holders:
            found[paragraph.name] = tuple(dict.fromkeys(holders))
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _places(wanted: str, whole: str) -> list[int]:
    places: list[int] = []
    place = whole.find(wanted) if wanted else -1
    while place >= 0:
        places.append(place)
        place = whole.find(wanted, place + len(wanted))
    return places


def base_of(
    kb: KnowledgeBase, paragraphs: Sequence[Paragraph], observe: Observer = unobserved
) -> KnowledgeBase:
    """A knowledge base of paragraphs, a document each, beside the installation's own."""
    content = "\0".join(f"{one.name}\0{one.text}" for one in paragraphs)
    folder = kb.data / "eval" / hashlib.sha256(content.encode()).hexdigest()[:16]
    documents = folder / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    for one in paragraphs:
        path = documents / one.name
        if not path.exists() or path.read_text(encoding="utf-8") != one.text:
            path.write_text(one.text, encoding="utf-8")
    source = SourceSettings.model_validate(
        {"name": "paragraphs", "type": "folder", "path": str(documents), "readers": [EVERYONE]}
    )
    base = KnowledgeBase(
        kb.settings.model_copy(
            update={
                "data": folder,
                "ledger": "sqlite",
                "index": "local",
                "sources": (source,),
                "evaluation": EvaluationSettings(),  # golden questions are about the company's own documents
            }
        ),
        models=kb.models,
    )
    report = sync_sources(base, ["paragraphs"], observe=observe)[0]
    if report["outcome"] != "done":
        base.close()
        raise UnavailableError(f"the file's paragraphs could not be made a knowledge base: {report['error']}")
    return base
