"""What a process counts, by the names that `telemetry.observe_metric` is told them by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Count:
    """A metric that a process counts."""

    metric: str
    """Its name for Prometheus."""
    kind: Literal["counter", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    """All values of its one label, where they are known: told as 0 from the start. Prometheus sees no growth
    in a series that begins with 1 (https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics).
    """


COUNTED = {
    "task_seconds": Count(
        "sabio_task_seconds", "histogram", "How long tasks took, in seconds.", ("task",),
        (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800),
    ),
    "task_failures": Count(
        "sabio_task_failures_total", "counter",
        "Tasks that failed, by the class of the error.", ("task", "kind"),
    ),
    "documents_worked": Count(
        "sabio_documents_worked_total", "counter",
        "Documents that were worked on: done, to be retried, or quarantined.", ("source", "outcome"),
    ),
    "index_mended": Count(
        "sabio_index_mended_total", "counter",
        "Chunks that audits found wrong in the index and put right: orphans, gaps, readers.", ("what",),
        values=("orphan", "gap", "readers"),
    ),
    "questions": Count(
        "sabio_questions_total", "counter", "Questions, by how they ended.", ("outcome",),
        values=("answered", "partial", "not_found", "not_allowed", "unavailable"),
    ),
    "question_seconds": Count(
        "sabio_question_seconds", "histogram", "How long questions took to answer, in seconds.", (),
        (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
    ),
    "model_tokens": Count(
        "sabio_model_tokens_total", "counter",
        "Tokens that language models read (in) and wrote (out).", ("model", "direction"),
    ),
    "model_failures": Count(
        "sabio_model_failures_total", "counter",
        "Times that a language model did not answer and was left in peace for a while.", ("model",),
    ),
    "feedback": Count(
        "sabio_feedback_total", "counter", "Votes on answers: up or down.", ("vote",), values=("up", "down"),
    ),
    "claims": Count(
        "sabio_claims_total", "counter",
        "Sentences that a language model wrote: shown, or dropped by verification.", ("fate",),
        values=("shown", "dropped"),
    ),
}  # fmt: skip
"""What `telemetry.observe_metric` may be told, by the name that it is told by."""
