"""Passages and what is made of them, without an installation around."""

from datetime import UTC, datetime

from bot.ranking import Features, Ranked
from bot.retrieval import Found, Scored
from bot.sentences import units
from ingest.documents import EVERYONE, Chunk
from ingest.encoding import Encoder
from ingest.ledger.confirming import Passage
from ingest.translation import NoTranslator
from tests.doubles import HashEmbedder

FLAT = Features(*[0.0] * 9)


def make_passage(text, *, document="page", position=0, day=1, language="en", pivot=None, **more):
    """A passage as the ledger confirms it; `day` is the day in March 2026 that it is from."""
    chunk = Chunk(f"{document}-{position}", text, language=language, pivot=pivot)
    about = {
        "document": document,
        "entry": f"{document}.md",
        "source": "wiki",
        "title": document.title(),
        "url": None,
        "author": None,
        "updated_at": datetime(2026, 3, day, tzinfo=UTC) if day else None,
        "readers": frozenset({EVERYONE}),
    }
    return Passage(chunk, position, **{**about, **more})


def rank_units(passage, *scores):
    """The passage's units with these scores; None leaves one out."""
    there = units(passage.text)
    assert len(there) == len(scores)
    scored = Scored(passage, 0.0, 0.0, 0.0)
    return [
        Ranked(unit, scored, FLAT, score)
        for unit, score in zip(there, scores, strict=True)
        if score is not None
    ]


def find(question, *passages, encoder=None):
    """What a search for the question would bring, if it brought these passages."""
    encoder = encoder or hash_encoder()
    return Found(encoder.question(question), encoder, [Scored(one, 0.0, 0.0, 0.0) for one in passages])


def hash_encoder():
    return Encoder(HashEmbedder(), NoTranslator())
