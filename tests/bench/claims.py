"""How many true claims are kept, and how many that were made false are dropped, by kind and language.

Made of XQuAD, SQuAD 2.0 and the two handbooks. Thresholds and tables of words were chosen by looking at the
articles and pages of even number; those of odd number, and SQuAD 2.0, stand beside them.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from bot.quoting import normalise
from bot.sentences import sentences
from bot.verification import Draft, Evidence, Verifier
from ingest.embedding import open_embedder
from ingest.encoding import Encoder
from ingest.translation import open_translator
from tests.bench.bases import STORE
from tests.bench.corruptions import KINDS, Source, corrupt
from tests.bench.tables import Cell, show, tell
from tests.bench.true_claims import PARTS, Claim, Text, read_pages, read_squad, read_xquad, true_claims

COMMAND = "python -m tests.bench --data FOLDER claims"
MOST = 1_000
"""Corrupted claims of a kind and language in each part, where there is so much to corrupt."""
MOST_TRUE = 400
OTHER_QUOTE = "another passage's quote"
_CLAIM_PER_SENTENCE = 3


Counts = Mapping[tuple[str, str, str], tuple[int, int]]
"""By kind, languages and part: how many claims, and how many of them were dropped."""


def report(data: Path) -> None:
    """Print what is dropped; claims that were judged wrongly are kept in `var/bench/claims` to be read."""
    encoder = Encoder(open_embedder("local", STORE / "models"), open_translator("auto"))
    texts = [*read_xquad(data), *read_squad(data), *read_pages(data / "handbook-18f/pages", "en")]
    texts += read_pages(data / "consul-docs/es", "es")
    true = list(true_claims(texts, encoder.translator))
    tell(f"  {len(texts)} passages, {len(true)} true claims")
    checker = _Checker(encoder)
    kept = checker.count(_sample(true, MOST_TRUE))
    tell("  true claims are checked")
    dropped = checker.count(_false_claims(texts, true))
    checker.save(STORE / "claims")
    show("True claims that are dropped", COMMAND, _HEAD, _rows(kept))
    show("Corrupted claims that are dropped", COMMAND, _HEAD, _rows(dropped))
    show(
        "A claim in other words than its quotes: milliseconds",
        COMMAND,
        ("p50", "p95"),
        [tuple(float(each) for each in np.percentile(checker.spent, (50, 95)))],
        digits=1,
    )
    encoder.close()


_HEAD = ("kind", "languages", "even", "dropped", "odd", "dropped", "unseen", "dropped")


def _rows(counts: Counts) -> list[tuple[Cell, ...]]:
    kinds = list(dict.fromkeys(kind for kind, _, _ in counts))
    languages = sorted({spoken for _, spoken, _ in counts})
    rows = [_row(counts, [kind], [spoken]) for kind in kinds for spoken in languages]
    rows += [_row(counts, kinds, [spoken], "all") for spoken in languages]
    within = [spoken for spoken in languages if " of " not in spoken]
    rows += [_row(counts, kinds, within, "all", "en, es"), _row(counts, kinds, languages, "all", "all")]
    return [row for row in rows if any(row[2:])]


def _row(
    counts: Counts, kinds: Sequence[str], languages: Sequence[str], kind: str = "", spoken: str = ""
) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for part in PARTS:
        found = [counts.get((each, one, part), (0, 0)) for each in kinds for one in languages]
        total = sum(number for number, _ in found)
        cells += [total, sum(fell for _, fell in found) / total if total else None]
    return (kind or kinds[0], spoken or languages[0], *cells)


class _Checker:
    """Checks claims as the product does, and notes those that it judged wrongly."""

    def __init__(self, encoder: Encoder) -> None:
        self.spent: list[float] = []
        self._encoder = encoder
        self._wrong: list[dict[str, str | None]] = []
        self._question = lru_cache(maxsize=None)(encoder.question)

    def count(self, claims: Iterable[tuple[Claim, bool]]) -> Counts:
        counts: dict[tuple[str, str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for claim, true in claims:
            rule = self._check(claim)
            number, fell = counts[claim.cell]
            counts[claim.cell] = number + 1, fell + (rule is not None)
            if true == (rule is not None):
                told = {"claim": claim.text, "quote": claim.quote, "rule": rule}
                kind, languages, part = claim.cell
                self._wrong.append({"kind": kind, "languages": languages, "part": part, **told})
        return counts

    def _check(self, claim: Claim) -> str | None:
        question = self._question(claim.question or "?", claim.language)
        draft = Draft(claim.text, (Evidence(claim.quote, claim.quoted.passage),))
        started = time.perf_counter()
        rule = Verifier(self._encoder, question).broken_rule(draft)
        if claim.kind != "verbatim":
            self.spent.append(1_000 * (time.perf_counter() - started))
        return rule

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(one, ensure_ascii=False) for one in self._wrong)
        (folder / "wrong.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _sample(claims: Sequence[Claim], most: int) -> Iterator[tuple[Claim, bool]]:
    """Of each cell at most so many, the same ones every time."""
    cells: dict[tuple[str, str, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        cells[claim.cell].append(claim)
    for cell, found in cells.items():
        random.Random(str(cell)).shuffle(found)
        for claim in found[:most]:
            yield claim, True


def _false_claims(texts: Sequence[Text], true: Sequence[Claim]) -> Iterator[tuple[Claim, bool]]:
    """Corruptions of all true claims but those that quote more than they say."""
    rng = random.Random(1)
    whole = [claim for claim in true if "two" not in claim.kind and "question" not in claim.kind]
    rng.shuffle(whole)
    common = {
        language: frozenset(
            word
            for text in texts
            if text.language == language
            for word in re.findall(r"\b[^\W\d_A-Z]+\b", text.text)
        )
        for language in ("en", "es")
    }
    for kind in KINDS:
        made: dict[tuple[str, str, str], int] = defaultdict(int)
        for claim in whole:
            cell = replace(claim, kind=kind).cell
            if made[cell] >= MOST:
                continue
            passage, elsewhere = _drawn_from(texts, claim, rng)
            source = Source(claim.language, passage, elsewhere, common[claim.language], rng)
            variants = [text for text in corrupt(kind, claim.text, source) if not _says(claim.quote, text)]
            for text in rng.sample(variants, min(len(variants), _CLAIM_PER_SENTENCE)):
                made[cell] += 1
                yield replace(claim, kind=kind, text=text), False
    yield from _misattributed(texts, whole, rng)


def _says(quote: str, claim: str) -> bool:
    """Whether a claim is a sentence of the quote all the same."""
    return any(normalise(claim) == normalise(text) for text in (quote, *sentences(quote)))


def _drawn_from(texts: Sequence[Text], claim: Claim, rng: random.Random) -> tuple[str, str]:
    """A passage of the claim's article, if any is in its language, and one of another article."""
    alike = [text for text in rng.choices(texts, k=20) if text.language == claim.language]
    elsewhere = next((text for text in alike if text.title != claim.quoted.title), claim.quoted)
    same = claim.quoted.language == claim.language
    return (claim.quoted if same else elsewhere).text, elsewhere.text


def _misattributed(
    texts: Sequence[Text], claims: Sequence[Claim], rng: random.Random
) -> Iterator[tuple[Claim, bool]]:
    """True claims with the quote of another passage, half of them of the same page or article."""
    pages: dict[tuple[str, str], list[Text]] = defaultdict(list)
    for text in texts:
        pages[text.title, text.language].append(text)
    made: dict[tuple[str, str, str], int] = defaultdict(int)
    for claim in claims:
        there = pages[claim.quoted.title, claim.quoted.language] if rng.random() < 0.5 else texts
        other = rng.choice(there)
        if (
            other.language != claim.quoted.language
            or claim.quote in other.text
            or other.part != claim.quoted.part
        ):
            continue
        moved = replace(claim, kind=OTHER_QUOTE, quoted=other, quote=rng.choice(other.sentences))
        if made[moved.cell] < MOST:
            made[moved.cell] += 1
            yield moved, False
