"""One document's way into the index and into force: cut, embed what is new, write, publish, sweep."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from config.tracing import span
from ingest import chunking, language
from ingest.chunking import chunk
from ingest.copying import restore, write_chunks
from ingest.documents import Chunk, Document, chunk_ids, embedded_text
from ingest.embedding import Embedder
from ingest.knowledge import Collection, KnowledgeBase
from ingest.ledger import claims, working
from ingest.ledger.claims import Work
from ingest.ledger.working import Publication
from ingest.observing import Observer
from ingest.parsing import VERSION as PARSING_VERSION
from ingest.planning import FETCH, READERS, REINDEX

log = logging.getLogger(__name__)


def recipe(kb: KnowledgeBase) -> str:
    """How bodies become chunks today; a document cut by another recipe is read again."""
    return f"{PARSING_VERSION}.{chunking.VERSION}.{kb.encoder_in_use().embedder.limit}"


def carry_out(
    kb: KnowledgeBase,
    collection: Collection,
    one: Work,
    body: Document | None,
    observe: Observer,
) -> None:
    """Do what is due for one document; `body` is what was read where that is to fetch it.

    Whatever the ledger does not accept any more, because somebody took the work over or a newer listing
    replaced it, is left as the ledger has it. Raises `UnavailableError` when the index or the model is down.
    """
    if one.action in {FETCH, REINDEX}:
        version = _version(kb, collection.encoder.embedder, one, body)
        named = {"run": one.run, "source": one.source, "document": one.document}
        with kb.publishing, span("publish", **named, chunks=len(version.chunks)):
            published = _publish(kb, collection, one, version, observe)
        if not published:
            return
    elif one.action == READERS:
        with kb.ledger.read() as ledger:
            chunks = working.published_chunks(ledger, one.document)
        collection.index.set_readers({chunk.id: one.readers for chunk in chunks})
    with span("sweep", run=one.run, source=one.source, document=one.document):
        _sweep(kb, collection, one, observe)


def _version(kb: KnowledgeBase, embedder: Embedder, one: Work, body: Document | None) -> Publication:
    """The new version of a document: cut from its body, or from its own chunks under another title."""
    given = dict(one.body)
    if body is not None:
        given = {
            "title": body.title,
            "author": body.author,
            "updated_at": body.updated_at and body.updated_at.isoformat(),
        }
    title = given.get("title") or one.entry.title
    moment = given.get("updated_at")
    if body is not None:
        chunks = chunk(one.document, title, body.sections, embedder.count, embedder.limit, language.detect)
    else:
        with kb.ledger.read() as ledger:
            old = working.published_chunks(ledger, one.document)
        ids = chunk_ids(one.document, [embedded_text(title, c.heading, c.text) for c in old])
        # A translation holds the title that it was made under.
        chunks = [
            c if c.id == id_ else replace(c, id=id_, pivot=None) for c, id_ in zip(old, ids, strict=True)
        ]
    return Publication(
        revision=one.entry.revision if body is not None else one.revision,
        title=title,
        chunks=chunks,
        body=given,
        author=given.get("author") or one.entry.author,
        updated_at=datetime.fromisoformat(moment) if moment else one.entry.updated_at,
        language=_main_language(chunks) or language.detect(title),
        recipe=recipe(kb) if body is not None else one.recipe,
        embedded=0,
    )


def _publish(
    kb: KnowledgeBase, collection: Collection, one: Work, version: Publication, observe: Observer
) -> bool:
    """Embed what is new, write it and publish it; false when the work was taken away meanwhile."""
    with kb.ledger.read() as ledger:
        published = {c.id: c for c in working.published_chunks(ledger, one.document)}
    kept = [c.id for c in version.chunks if c.id in published]
    lost = collection.index.missing(kept)
    new = [c for c in version.chunks if c.id not in published or c.id in lost]
    with kb.ledger.write() as ledger:
        if not working.note(ledger, one, [c.id for c in new if c.id not in published]):
            return False
    observe("noted", version.title)
    written = write_chunks(collection, one.document, version.title, new, one.readers)
    if one.readers != one.indexed_readers:
        collection.index.set_readers(dict.fromkeys(kept, one.readers))
    observe("indexed", version.title)
    pivots = {c.id: c.pivot for c in [*published.values(), *written]}
    chunks = [replace(c, pivot=pivots[c.id]) for c in version.chunks]
    with kb.ledger.write() as ledger:
        done = working.publish(
            ledger, one, replace(version, chunks=chunks, embedded=len(new)), collection.name
        )
        if not done:
            claims.release(ledger, one)
    if not done:
        restore(kb, collection, one.document, [c.id for c in new])
        return False
    log.debug("published", extra={"chunks": len(chunks), "embedded": len(new)})
    observe("published", version.title)
    return True


def _sweep(kb: KnowledgeBase, collection: Collection, one: Work, observe: Observer) -> None:
    """Take out of the index what the ledger retired, and end the work."""
    with kb.ledger.write() as ledger:
        # Asked right before the delete: somebody who took this over may be writing the same chunks again.
        retired = working.unswept(ledger, one.document) if claims.holds(ledger, one) else []
    collection.index.delete(retired)
    observe("swept", one.entry.title)
    with kb.ledger.write() as ledger:
        done = working.finish(ledger, one, retired, collection.name)
        if not done:
            claims.release(ledger, one)
    if not done:
        restore(kb, collection, one.document, retired)
    observe("finished", one.entry.title)


def _main_language(chunks: Sequence[Chunk]) -> str | None:
    """The language of most of the text."""
    sizes: dict[str, int] = {}
    for one in chunks:
        sizes[one.language] = sizes.get(one.language, 0) + len(one.text)
    return max(sizes, key=lambda name: sizes[name], default=None)
