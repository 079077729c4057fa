"""Answers and search hits as people read them in a terminal, and as programs do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from bot import wording
from bot.composing import Show
from bot.messages import Answer, Citation, Claim, Outcome
from bot.platforms._console import clean, dim, open_console, print_json, write, write_link
from bot.quoting import normalise
from bot.retrieval import Found, Scored

_NUMBER = re.compile(r"\[\d+\]")
_WORDS = {
    "en": {"page": "p. {}", "updated": "updated {}", "more": "See also:", "none": "Nothing was found."},
    "es": {"page": "p. {}", "updated": "actualizado el {}", "more": "Véase también:", "none": "No hay nada."},
}
_STYLES = {Outcome.NOT_FOUND: "yellow", Outcome.NOT_ALLOWED: "yellow", Outcome.UNAVAILABLE: "red"}


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """The answer as `ask --json` prints it."""
    return {
        "outcome": answer.outcome.value,
        "language": answer.language,
        "text": answer.text,
        "claims": [asdict(claim) for claim in answer.claims],
        "citations": [asdict(citation) for citation in answer.citations],
        "dropped": len(answer.dropped),
        "dropped_claims": [asdict(dropped) for dropped in answer.dropped],
        "suggestions": [asdict(suggestion) for suggestion in answer.suggestions],
        "notes": answer.notes,
        "confidence": round(answer.confidence, 4),
        "model": answer.model,
        "tokens": {"in": answer.tokens.in_, "out": answer.tokens.out},
        "reference": answer.reference,
        "seconds": answer.seconds,
    }


@contextmanager
def stream(*, quiet: bool = False) -> Iterator[Show | None]:
    """What to tell of each sentence as it is checked: it is seen at once, until the whole answer is printed.

    None where nobody watches, or a program reads.
    """
    console = open_console()
    if quiet or not console.is_terminal:
        yield None
        return
    from rich.live import Live

    said: list[str] = []
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def show(claim: Claim, _: Sequence[Citation]) -> None:
            said.append(clean(claim.text))
            live.update(dim(" ".join(said)), refresh=True)

        yield show


def print_answer(answer: Answer, *, json: bool = False) -> None:
    """Print an answer: what is said, the places it rests on, what else to know."""
    if json:
        print_json(answer_as_json(answer))
        return
    console = open_console()
    _print_text(console, answer)
    for group in _places(answer.citations):
        console.print()
        _print_place(console, answer, group)
    # Who has a sure answer needs no other pages, and where nothing was found they stand in the text.
    if answer.suggestions and answer.outcome is Outcome.PARTIAL:
        console.print()
        write(console, dim(_words(answer.language)["more"]))
        for suggestion in answer.suggestions:
            write(console, dim(suggestion.title), first="- ")
            if suggestion.url:
                write_link(console, suggestion.url, "  ")
    if answer.reference:
        console.print()
        console.print(dim(f"{answer.reference} · {answer.seconds:.1f} s"))


def _print_text(console: Console, answer: Answer) -> None:
    """What is said, with the links of suggested pages below their titles."""
    links = {f"- {clean(one.title)}": one.url for one in answer.suggestions if one.url}
    for number, line in enumerate(line for line in answer.text.split("\n") if line.strip()):
        item = line.startswith("- ")
        said = Text(clean(line.removeprefix("- ")), style="" if number else _STYLES.get(answer.outcome, ""))
        said.highlight_regex(_NUMBER, "bold cyan")
        if not item and number:
            console.print()
        write(console, said, first="- " if item else "")
        if link := links.get(clean(line.partition(": “")[0])):
            write_link(console, link, "  ")


def _places(citations: Sequence[Citation]) -> list[list[Citation]]:
    """Citations of the same place of the same document together, in order."""
    groups: dict[object, list[Citation]] = {}
    for one in citations:
        place = (one.source, one.document, one.url, one.heading, one.page)
        groups.setdefault(place, []).append(one)
    return list(groups.values())


def _print_place(console: Console, answer: Answer, group: Sequence[Citation]) -> None:
    first, words = group[0], _words(answer.language)
    numbers = "".join(f"[{one.number}]" for one in group)
    place = Text(_path(first.title, first.heading), style="bold")
    about = []
    if first.page is not None:
        about.append(words["page"].format(first.page))
    if first.updated_at:
        day = wording.date(first.updated_at, answer.language)
        about.append(words["updated"].format(day))
    if first.author:
        about.append(clean(first.author))
    line = Text.assemble((numbers, "bold cyan"), " ", place, *[(f" · {part}", "dim") for part in about])
    write(console, line, rest="    ")
    if first.url:
        write_link(console, first.url, "    ")
    claims = {number: claim.text for claim in answer.claims for number in claim.citations}
    for one in group:
        # A claim that is its quote word for word needs no second showing.
        if normalise(one.quote) not in normalise(claims.get(one.number, "")):
            write(console, dim(f"“{one.quote}”"), first="    ")


def _words(language: str) -> dict[str, str]:
    return _WORDS.get(language, _WORDS["en"])


def _path(title: str, heading: Sequence[str]) -> str:
    return " › ".join(clean(part) for part in (title, *(part for part in heading if part != title)))


def hits_as_json(found: Found) -> dict[str, Any]:
    """The hits as `search --json` prints them."""
    return {"hits": [_hit(one) for one in found.passages]}


def _hit(one: Scored) -> dict[str, Any]:
    passage = one.passage
    return {
        "source": passage.source,
        "document": passage.entry,
        "title": passage.title,
        "url": passage.url,
        "heading": list(passage.chunk.heading),
        "page": passage.chunk.page,
        "text": passage.text,
        "score": round(one.score, 4),
        "words": round(one.words, 4),
        "dense": round(one.dense, 4),
        "language": passage.chunk.language,
        "updated_at": passage.updated_at,
        "author": passage.author,
    }


def print_hits(found: Found, *, json: bool = False) -> None:
    """Print the passages that a search found, best first."""
    if json:
        print_json(hits_as_json(found))
        return
    console = open_console()
    if not found.passages:
        write(console, _words(found.question.language)["none"])
        return
    for number, one in enumerate(found.passages, 1):
        passage = one.passage
        if number > 1:
            console.print()
        place = Text(_path(passage.title, passage.chunk.heading), style="bold")
        page = f" · p. {passage.chunk.page}" if passage.chunk.page is not None else ""
        head = Text.assemble((f"{number}. ", "cyan"), place, (f"{page} · {one.score:.2f}", "dim"))
        write(console, head, rest="   ")
        if passage.url:
            write_link(console, passage.url, "   ")
        text = clean(passage.text)
        write(console, text if len(text) <= 240 else text[:239].rsplit(" ", 1)[0] + " …", first="   ")
