"""An answer in a language model's words: its reply is read while it comes, every sentence checked at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot import prompts
from bot.claims import Line, Missing, Quoted, Refused, Said, read_lines
from bot.messages import Dropped, Tokens
from bot.quoting import stands_in
from bot.sentences import units
from bot.verification import Draft, Evidence
from bot.writer import Prompt, Writer, Writing
from config.errors import ConfigError, SabioError, UnavailableError
from config.telemetry import observe_metric
from ingest.ledger.confirming import Passage

log = logging.getLogger("bot")

Check = Callable[[Draft], str | None]
"""The rule that a draft breaks, in words; None for one that may be shown."""
Show = Callable[[Draft], None]
"""Is told of every draft that may be shown, as soon as that is known."""


@dataclass
class Written:
    """What came of a model's reply."""

    kept: list[Draft] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    missing: bool = False
    """The model said that they do not answer all of it."""
    understood: bool = False
    """Something of the reply was in the form asked for."""
    failure: SabioError | None = None
    """Why there is no reply, or not all of it."""
    model: str | None = None
    tokens: Tokens = field(default_factory=Tokens)


def write(
    writer: Writer,
    prompt: Prompt,
    passages: Sequence[Passage],
    check: Check,
    show: Show,
    *,
    strict: bool = False,
) -> Written:
    """Have the passages' answer written; a reply that cannot be understood is asked for once more.

    `passages` are those of the prompt, in its order. `strict`: the model is also asked whether the quotes
    carry each sentence. Nothing is raised for a model that fails: the result says so, with what was kept
    before.
    """
    written = Written()
    if strict:
        check = _twice(check, writer, written)
    reply = _read(writer, prompt, passages, (check, show), written)
    if not written.understood and written.failure is None:
        log.info("the reply of %s was not in the form asked for", written.model)
        _read(writer, prompt.then(reply, prompts.REPAIR), passages, (check, show), written)
    if written.model:
        for fate, count in (("shown", len(written.kept)), ("dropped", len(written.dropped))):
            observe_metric("claims", count, fate=fate)
    return written


def _read(
    writer: Writer,
    prompt: Prompt,
    passages: Sequence[Passage],
    judged: tuple[Check, Show],
    written: Written,
) -> str:
    """Read one reply into what was written so far; returns the reply's text."""
    check, show = judged
    writing = writer.write(prompt)
    pieces: list[str] = []
    try:
        for line in read_lines(_listen(writing, pieces)):
            _take(line, passages, check, show, written)
    except (UnavailableError, ConfigError) as error:
        written.failure = error
    written.model = writing.model or written.model
    written.tokens += writing.tokens
    return "".join(pieces)


def _twice(check: Check, writer: Writer, written: Written) -> Check:
    """The same check, and where it finds nothing wrong, a second look by the model."""

    def look(draft: Draft) -> str | None:
        if rule := check(draft):
            return rule
        writing = writer.write(prompts.judging(draft.text, [one.quote for one in draft.evidence]))
        try:
            verdict = "".join(writing).strip(" .*\n").upper()
        except (UnavailableError, ConfigError) as error:
            written.failure = error
            return f"the second look at it could not be taken: {error}"
        finally:
            written.tokens += writing.tokens
        agreed = verdict.startswith(("YES", "SÍ"))
        return None if agreed else "a second look found more in it than in its quotes"

    return look


def _listen(writing: Writing, pieces: list[str]) -> Iterator[str]:
    """The pieces of a reply, kept as well."""
    for piece in writing:
        pieces.append(piece)
        yield piece


def _take(line: Line, passages: Sequence[Passage], check: Check, show: Show, written: Written) -> None:
    match line:
        case Said():
            written.understood = True
            draft, rule = _checked(line, passages, check)
            if rule is None:
                written.kept.append(draft)
                show(draft)
            else:
                written.dropped.append(Dropped(line.text, rule))
        case Missing():
            written.understood = written.missing = True
        case Refused():
            written.understood = True
        case _:
            written.dropped.append(Dropped(line.text, "it is not in the form asked for, with quotes"))


def _checked(said: Said, passages: Sequence[Passage], check: Check) -> tuple[Draft, str | None]:
    """A sentence as a draft, and the rule that it breaks, if any."""
    known = dict(enumerate(passages, 1))
    draft = Draft(said.text, tuple(_evidence(one, known) for one in said.quotes if one.passage in known))
    strangers = [one.passage for one in said.quotes if one.passage not in known]
    if strangers:
        return draft, f"it quotes passage {strangers[0]}, which it was not given"
    if said.text.rstrip("\"'”»’ ").endswith("?"):
        return draft, "it asks, and states nothing"
    return draft, check(draft)


def _evidence(quoted: Quoted, known: Mapping[int, Passage]) -> Evidence:
    """A quote with what it needs to be understood: a row's column names, the sentence above a list."""
    passage = known[quoted.passage]
    for unit in units(passage.text):
        if unit.context and stands_in(quoted.words, unit.quote):
            return Evidence(quoted.words, passage, unit.context)
    return Evidence(quoted.words, passage)
