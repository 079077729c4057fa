"""The language models that write: the one that the settings name, and the one that steps in.

Whatever models and their servers do — nothing, garbage, half a reply — ends within `llm_patience` seconds in
pieces of text or in an `UnavailableError`. A model that is down is left in peace for a while.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from bot.messages import Tokens
from bot.vendors import Ending, count_tokens, ending_of
from config.errors import ConfigError, SabioError, UnavailableError
from config.models import language_model, translate
from config.patience import bounded_client
from config.settings import Settings
from config.telemetry import observe_metric

if TYPE_CHECKING:
    import httpx
    from llama_index.core.llms import LLM

log = logging.getLogger("bot")

LONGEST = 20_000
"""Characters of a reply that are read; a model that repeats itself for ever is cut off there."""
REST = 30.0
"""Seconds for which a model that did not answer is not asked again, if it does not say how long."""
ATTEMPTS = 2
"""Times that a model is asked for one reply, as long as it has not begun it."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked: the rules, and then the turns of a talk with it, the person's first."""

    system: str
    turns: tuple[str, ...]

    def then(self, reply: str, answer: str) -> Prompt:
        """The same with what the model replied, and what it is told to that."""
        return Prompt(self.system, (*self.turns, reply, answer))


class Writing:
    """A reply of a language model while it comes: iterate over it for its pieces of text.

    Iterating raises `UnavailableError` when no model begins or the one that began does not go on, and
    `ConfigError` when a person must change something.
    """

    def __init__(self, pieces: Callable[[Writing], Iterator[str]]) -> None:
        self._pieces = pieces
        self.model: str | None = None
        """Which model wrote it; None before one has begun."""
        self.tokens = Tokens()
        """What it took so far: the model's own count, or an estimate where it does not tell."""

    def __iter__(self) -> Iterator[str]:
        return self._pieces(self)

    def goes_on(self, model: str, asked: int, counted: Tokens, length: int) -> None:
        """Note how far a model has come: what it counted itself, and its text's length in characters."""
        self.model = model
        self.tokens = Tokens(counted.in_ or asked, counted.out or -(-length // 4))


class Writer:
    """Asks the first model that works. Safe to share between threads."""

    def __init__(self, models: Sequence[_Model], seconds: float) -> None:
        self._models = models
        self._seconds = seconds

    @property
    def names(self) -> list[str]:
        """The models, as `provider:model`, in the order that they are asked."""
        return [model.name for model in self._models]

    def write(self, prompt: Prompt) -> Writing:
        """Have a model reply to a prompt. Nothing is asked before the result is iterated over."""
        return Writing(lambda writing: self._write(prompt, writing))

    def warm(self) -> None:
        """Import and make the models now, which takes seconds, so that no question has to wait for it.

        Raises `ConfigError` for one that cannot be made.
        """
        for model in self._models:
            model.opened()

    def close(self) -> None:
        """Let go of connections; replies that are still under way break off."""
        for model in self._models:
            model.client.close()

    def _write(self, prompt: Prompt, writing: Writing) -> Iterator[str]:
        for model in self._models:
            # Imports take seconds, for which nobody's patience should pay. What is wrong is told later.
            with suppress(ConfigError):
                model.opened()
        began = time.monotonic()
        for place, model in enumerate(self._models):
            moment = time.monotonic()
            # One that says nothing leaves half of the patience to the one that steps in.
            share = (began + model.patience - moment) / (len(self._models) - place)
            limits = _Limits(begin=moment + share, end=began + self._seconds)
            failed = yield from _asked(model, prompt, writing, limits)
            if failed is None:
                return
        raise failed or AssertionError("a writer has a model")


@dataclass(frozen=True, slots=True)
class _Limits:
    """Until when a reply has to have begun, and to have ended, in `time.monotonic`."""

    begin: float
    end: float


def _asked(
    model: _Model, prompt: Prompt, writing: Writing, limits: _Limits
) -> Generator[str, None, SabioError | None]:
    """A model's reply, asked for again while it does not begin; and why it did not, if so."""
    failed: SabioError | None = None
    for attempt in range(ATTEMPTS):
        begun = False
        try:
            # What cannot stream says nothing when it is asked to.
            for piece in model.reply(prompt, writing, limits, streamed=not isinstance(failed, _PoorError)):
                begun = True
                yield piece
        except SabioError as error:
            if begun:
                raise
            failed = error
            log.log(logging.ERROR if isinstance(error, ConfigError) else logging.INFO, "%s", error)
            if not isinstance(error, UnavailableError) or not model.waits(error, attempt, limits):
                break
        else:
            return None
    return failed


@dataclass
class _Model:
    """One language model, and whether it is worth asking."""

    name: str
    patience: float
    client: httpx.Client
    open: Callable[[httpx.Client], LLM]
    _rests_until: float = 0.0
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _opened: LLM | None = None

    def reply(
        self, prompt: Prompt, writing: Writing, limits: _Limits, *, streamed: bool = True
    ) -> Iterator[str]:
        """The pieces of its reply, or all of it at once. Raises as `Writing` does."""
        if (rest := self._rests_until - time.monotonic()) > 0:
            raise UnavailableError(f"The model {self.name} did not answer lately and is left in peace", rest)
        asked, seen, length, ending = prompt_size(prompt), Tokens(), 0, Ending.UNKNOWN
        for text, raw in self._pieces(prompt, limits, streamed=streamed):
            seen = seen.most(count_tokens(raw, asked, length))
            length += len(text)
            ending = ending_of(raw) or ending
            writing.goes_on(self.name, asked, seen, length)
            if text:
                yield text
            if length > LONGEST:
                raise _PoorError(f"The model {self.name} was cut off after {length} characters")
        if not length:
            raise _PoorError(f"The model {self.name} replied with nothing")
        if ending is Ending.CUT:  # else half of a sentence would pass for a whole one
            raise _PoorError(f"The model {self.name} broke off")

    def waits(self, error: UnavailableError, attempt: int, limits: _Limits) -> bool:
        """After a failure: wait as long as the model asks for, if that is worth it; else let it rest."""
        moment = time.monotonic()
        if self._rests_until > moment:
            return False
        wait = error.retry_after if error.retry_after is not None else min(0.5, self.patience / 4)
        hung = isinstance(error, _SilentError)
        if attempt + 1 < ATTEMPTS and not hung and moment + wait < min(limits.begin, limits.end):
            time.sleep(wait)
            return True
        observe_metric("model_failures", model=self.name)
        if not isinstance(error, _PoorError):
            rest = error.retry_after if error.retry_after is not None else REST
            self._rests_until = moment + min(rest, 2 * REST)
        return False

    def _pieces(self, prompt: Prompt, limits: _Limits, *, streamed: bool) -> Iterator[tuple[str, object]]:
        """Pieces of text, each with the vendor's own piece, read by a thread that can be left behind."""
        arrived: SimpleQueue[Any] = SimpleQueue()
        left = threading.Event()
        model, messages = self.opened(), _messages(prompt)
        reader = threading.Thread(
            target=self._read,
            args=(model.stream_chat if streamed else partial(_whole, model), messages, arrived, left),
            name=f"reads {self.name}",
            daemon=True,
        )
        reader.start()
        until = limits.begin
        try:
            while True:
                wait = min(until, limits.end) - time.monotonic()
                try:
                    one = arrived.get(timeout=max(wait, 0.001))
                except Empty:
                    raise _SilentError(f"The model {self.name} said nothing for {wait:.1g} seconds") from None
                if one is None:
                    return
                if isinstance(one, Exception):
                    # What the vendor's code makes of a reply that is none, it raises in any class.
                    raise translate(self.name, one) or _PoorError(
                        f"The model {self.name} gave what is no reply ({type(one).__name__})"
                    ) from one
                yield one
                until = time.monotonic() + self.patience
        finally:
            left.set()

    def _read(
        self,
        ask: Callable[[Sequence[Any]], Any],
        messages: Sequence[Any],
        arrived: SimpleQueue[Any],
        left: threading.Event,
    ) -> None:
        stream: Any = None
        try:
            stream = ask(messages)
            for response in stream:
                if left.is_set():
                    break
                arrived.put((response.delta or "", response.raw))
            arrived.put(None)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            arrived.put(error)
        finally:
            if hasattr(stream, "close"):
                stream.close()

    def opened(self) -> LLM:
        """LlamaIndex's object, made when it is first needed."""
        with self._opening:
            if self._opened is None:
                self._opened = self.open(self.client)
            return self._opened


def _whole(model: LLM, messages: Sequence[Any]) -> Iterator[Any]:
    """A reply that comes at once, as a stream of one piece."""
    response = model.chat(messages)
    response.delta = response.message.content
    yield response


class _SilentError(UnavailableError):
    """A model that takes the request and says nothing: asking again would cost as much time again."""


class _PoorError(UnavailableError):
    """A reply that is of no use; the next one may be, so the model is not left in peace for it."""


def open_writer(settings: Settings) -> Writer | None:
    """The language models of the settings; None where answers are quotations."""
    names = [(settings.llm, settings.llm_url, settings.llm_api_key, "llm")]
    names.append(
        (settings.llm_fallback, settings.llm_fallback_url, settings.llm_fallback_api_key, "llm_fallback")
    )
    models = [
        _Model(
            name,
            settings.llm_patience,
            bounded_client(settings.llm_patience, settings.llm_seconds),
            _opener(settings, setting, name, url, key),
        )
        for name, url, key, setting in names
        if name != "none"
    ]
    return Writer(models, settings.llm_seconds) if settings.llm != "none" else None


def _opener(
    settings: Settings, setting: str, name: str, url: str | None, key: str | None
) -> Callable[[httpx.Client], LLM]:
    options = settings.llm_options if setting == "llm" else {}
    return lambda client: language_model(
        setting, name, url=url, key=key, patience=settings.llm_patience, client=client, options=options
    )


def prompt_size(prompt: Prompt) -> int:
    """An estimate of a prompt's tokens: four characters each, as is usual for European languages."""
    return -(-(len(prompt.system) + sum(map(len, prompt.turns))) // 4)


def _messages(prompt: Prompt) -> Sequence[Any]:
    from llama_index.core.llms import ChatMessage, MessageRole

    roles = (MessageRole.USER, MessageRole.ASSISTANT)
    turns = [ChatMessage(role=roles[place % 2], content=turn) for place, turn in enumerate(prompt.turns)]
    return [ChatMessage(role=MessageRole.SYSTEM, content=prompt.system), *turns]
