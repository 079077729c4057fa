"""Traces: how long each step of a run and of a question took, for an OpenTelemetry collector.

`span` costs nothing and imports nothing until `start_tracing` was called with somewhere to send spans to. No
text, question, title or secret goes into one: where a document is spoken of, it is by its id.

All spans of one run are one trace, whichever threads, processes and machines they come from, also after a
kill: the id of the trace is the id of the run, without its dashes. So nothing has to be carried along with a
message, and `sabio sync --json` and the logs name the trace.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from config.errors import ConfigError, SabioError
from config.secrets import mask
from config.sections import TelemetrySettings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span as OpenSpan

FIRST = "scan"
"""The span that a run begins with: the others of the run stand below it."""
_LAST_WORDS = 5.0
"""Seconds that a collector has to take what is left when the process ends."""
_EXPORT = 5.0
"""Seconds that it has to take a batch."""

_beginning: ContextVar[UUID | None] = ContextVar("beginning", default=None)
"""The run whose first span is being made."""


class Span(Protocol):
    """What is going on, and can be told more of."""

    def set(self, **attributes: str | int | float | bool | None) -> None:
        """Say more: counts and ids. None says nothing."""


class _Nothing:
    def set(self, **attributes: str | int | float | bool | None) -> None:
        """Nobody listens."""


_nothing = _Nothing()
_tracing: _Tracing | None = None


@contextmanager
def span(name: str, **attributes: str | int | float | bool | None) -> Iterator[Span]:
    """A step, for as long as the block runs; `run` among the attributes says whose trace it is of.

    An error that leaves the block is noted by its class; what it says, masked, only where that is meant for
    people, since others may quote a document.
    """
    if _tracing is None:
        yield _nothing
        return
    with _tracing.span(name, attributes) as told:
        yield told


def start_tracing(
    settings: TelemetrySettings,
    service: str,
    secrets: frozenset[str] = frozenset(),
    exporter: SpanExporter | None = None,
) -> None:
    """Send spans to `settings.traces` from now on, under the name of a `service`; without one do nothing.

    `secrets` are the spellings to mask, as in `Settings.secrets`; `exporter` takes the spans in place of the
    collector. Raises `ConfigError` when the address is none or the extra `traces` is not installed.
    """
    global _tracing  # noqa: PLW0603 - as the log, there is one for the process
    stop_tracing()
    if settings.traces is None:
        return
    if not settings.traces.startswith(("http://", "https://")):
        raise ConfigError(
            f"`telemetry.traces: {mask(settings.traces, secrets)}` is no address; expected a collector's, as"
            " `http://127.0.0.1:4318/v1/traces`"
        )
    _tracing = _Tracing(settings.traces, service, secrets, exporter)


def stop_tracing() -> None:
    """Send what is left, and nothing more. A collector that is down is not waited for."""
    global _tracing
    tracing, _tracing = _tracing, None
    if tracing is not None:
        tracing.stop()


class _Told:
    """A span of OpenTelemetry's, told only what may leave the process."""

    def __init__(self, made: OpenSpan, secrets: frozenset[str]) -> None:
        self._made, self._secrets = made, secrets

    def set(self, **attributes: str | int | float | bool | None) -> None:
        """Say more."""
        self._made.set_attributes(_plain(attributes, self._secrets))


class _Tracing:
    """A provider of spans of our own: the global one belongs to whoever embeds us."""

    def __init__(
        self, endpoint: str, service: str, secrets: frozenset[str], exporter: SpanExporter | None
    ) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider, sampling
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"`telemetry.traces` needs the package {error.name}, which is not installed; install it by"
                " `uv sync --extra traces`, or take `telemetry.traces` out"
            ) from error
        self._secrets = secrets
        self._provider = TracerProvider(
            # A part of a run's spans would be of no use; collectors can drop whole traces.
            sampler=sampling.ALWAYS_ON,
            resource=Resource.create({"service.name": service}),
            id_generator=_ids(),
            shutdown_on_exit=False,
        )
        exporter = exporter or OTLPSpanExporter(endpoint, timeout=_EXPORT)
        # Its threads and its queue are made anew in the children of a fork.
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("sabio")

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Any]) -> Iterator[Span]:
        """See the function of this name."""
        context, beginning = _place(name, attributes.get("run"))
        token = _beginning.set(beginning)
        try:
            made = self._tracer.start_span(
                name, context, attributes=_plain(attributes, self._secrets), record_exception=False
            )
        finally:
            _beginning.reset(token)
        from opentelemetry.trace import use_span

        with use_span(made, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield _Told(made, self._secrets)
            except BaseException as error:
                self._note(made, error)
                raise

    def _note(self, made: OpenSpan, error: BaseException) -> None:
        from opentelemetry.trace import Status, StatusCode

        kind = type(error).__name__
        said = {"exception.type": kind}
        if isinstance(error, SabioError):
            said["exception.message"] = mask(str(error), self._secrets)
        made.add_event("exception", said)
        made.set_status(Status(StatusCode.ERROR, said.get("exception.message", kind)))

    def stop(self) -> None:
        """Send what is left."""
        # The provider waits much longer for a collector that is down, and cannot be told not to.
        ending = threading.Thread(target=self._provider.shutdown, name="sabio-traces", daemon=True)
        ending.start()
        ending.join(_LAST_WORDS)


def _place(name: str, run: object) -> tuple[Context | None, UUID | None]:
    """Where a span goes that is given a run and stands below no other: the context of the run's first span,
    and the run itself if this is that first span."""
    from opentelemetry.trace import (
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        get_current_span,
        set_span_in_context,
    )

    if run is None or get_current_span().get_span_context().is_valid:
        return None, None
    try:
        id_ = UUID(str(run))
    except ValueError:
        return None, None
    if name == FIRST:
        return None, id_
    flags = TraceFlags(TraceFlags.SAMPLED)
    first = SpanContext(id_.int, _first_span(id_), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(first)), None


def _first_span(run: UUID) -> int:
    # Never 0, which means none: the variant's bits are in it (RFC 9562, 4.1).
    return run.int & 0xFFFF_FFFF_FFFF_FFFF


def _ids() -> Any:
    """Ids at random, but for the first span of a run."""
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            run = _beginning.get()
            return run.int if run else super().generate_trace_id()

        def generate_span_id(self) -> int:
            run = _beginning.get()
            return _first_span(run) if run else super().generate_span_id()

    return Ids()


def _plain(attributes: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """The attributes under our own prefix, without those that say nothing."""
    return {
        f"sabio.{name}": mask(value, secrets) if isinstance(value, str) else value
        for name, value in attributes.items()
        if value is not None
    }
