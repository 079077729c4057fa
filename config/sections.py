"""The sections of the settings: what an operator decides about one thing at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.fields import EMail, Principals, Schedule, TimeZone


class Section(BaseModel):
    """Settings that belong together: frozen, and strict about what they are called."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class SourceSettings(Section):
    """A place that documents come from. Keys beyond these are the options of its connector."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="How people name this source in commands: letters, digits, `.`, `_`, `-`. Unique.",
    )
    type: str = Field(
        min_length=1,
        description="Which [connector](connectors.md) reads it: `confluence`, `folder`, `gdrive`, `git`,"
        " `mediawiki`, `notion`, `s3`, `sharepoint`, `webdav`.",
    )
    label: str | None = Field(None, description="How answers name it. Not set: its name.")
    schedule: Schedule | None = Field(
        None,
        description="When it is synced: `hourly`, `daily`, `weekly` or cron's five fields."
        " Not set: `sync.schedule`.",
    )
    readers: Principals | None = Field(
        None,
        description="Who may read what the source itself says nothing about: a list of `everyone`,"
        " `user:E-MAIL`, `group:NAME`, `domain:NAME`. Not set: nobody.",
    )

    permissions_minutes: float | None = Field(
        None,
        ge=1,
        le=720,
        description="How often it is looked up who may read it. Not set: `sync.permissions_minutes`.",
    )
    external: bool = Field(
        False,
        description="Guests and people of other companies may be answered from what everyone may read of it.",
    )
    owner: EMail | None = Field(
        None,
        description="Whom questions go to that its pages do not answer, where the asker wishes so.",
    )

    @property
    def options(self) -> dict[str, Any]:
        """What is left for the connector, as written in the file."""
        return dict(self.model_extra or {})

    def __repr__(self) -> str:
        """Without its options, which may hold secrets."""
        return f"SourceSettings(name={self.name!r}, type={self.type!r})"


class SyncSettings(Section):
    """How documents are brought in and kept current."""

    schedule: Schedule = Field("weekly", description="When sources are synced that do not say it themselves.")
    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        "sunday", description="The day of `weekly`."
    )
    hour: int = Field(3, ge=0, le=23, description="The hour of `weekly` and `daily`.")
    time_zone: TimeZone = Field("UTC", description="Whose clock schedules go by, as `Europe/Madrid`.")
    permissions_minutes: float = Field(
        30, ge=1, le=720, description="Who may read what is looked up anew this often, apart from any sync."
    )
    brake_share: float = Field(
        0.15,
        ge=0,
        le=1,
        description="Removals above this share of a source's documents are held for a person's word…",
    )
    brake_count: int = Field(20, ge=0, description="…if they are also more than this many.")
    attempts: int = Field(
        3, ge=1, description="A document is put into quarantine after failing this many times."
    )
    lease_seconds: float = Field(
        60, ge=5, description="A worker that is silent for this long has lost its documents to the others."
    )
    batch: int = Field(16, ge=1, le=1000, description="Documents that one worker takes at a time.")
    rollback_days: float = Field(
        7, ge=0, description="An index that was replaced is kept this long, for `sabio rebuild --rollback`."
    )


class ParsingSettings(Section):
    """Limits for the child processes that read documents."""

    memory_mb: int = Field(800, ge=256, description="Memory that one child process may use, in MB.")
    seconds: float = Field(60, gt=0, description="Time that reading one document may take.")
    processes: int = Field(2, ge=1, le=256, description="Child processes that read documents at once.")
    max_mb: int = Field(100, ge=1, description="Documents larger than this many MB are not read.")


class AnswerSettings(Section):
    """What an answer looks like."""

    sentences: int = Field(5, ge=1, le=20, description="The most sentences that one answer quotes.")
    link_hosts: tuple[str, ...] = Field(
        (),
        description="Hosts, as `acme.com`, whose addresses may stand in answers, besides those of documents"
        " themselves. Others are left out: whoever edits a page could lead people anywhere.",
    )


class SpendSettings(Section):
    """The most that the language model may be used for; beyond it, answers are quoted."""

    per_day: float | None = Field(
        None, ge=0, description="For everybody together, in a day (UTC), in the currency of the prices."
    )
    per_person: float | None = Field(None, ge=0, description="For one person, in a day.")
    price_in: float = Field(
        1.0,
        ge=0,
        description="What a million tokens of prompts cost. At 1 and 1, caps count millions of tokens.",
    )
    price_out: float = Field(1.0, ge=0, description="What a million tokens of replies cost.")


class LimitSettings(Section):
    """What keeps a flood of questions from everybody else."""

    questions_per_minute: int = Field(
        20, ge=1, description="Questions of one person that are answered in a minute."
    )
    at_once: int = Field(
        8, ge=1, description="Questions that one process answers at the same time; others wait for seconds."
    )


class EvaluationSettings(Section):
    """The company's own questions, which watch over the quality of answers; see docs/evaluating.md."""

    questions: Path | None = Field(
        None,
        description="A file of golden questions, for `sabio eval` and for the gate. Relative to the file that"
        " says it.",
    )
    gate: bool = Field(
        True,
        description="Ask them after each sync that changed something, and before an index that was made anew"
        " is put into use; what makes answers worse is held until a person accepts it.",
    )


class ServerSettings(Section):
    """Where `sabio serve` listens, and where workers and the beat answer for their health."""

    host: str = Field("127.0.0.1", min_length=1, description="The address to listen on; `0.0.0.0`: all.")
    port: int = Field(
        3978,
        ge=0,
        le=65535,
        description="The port of `serve`; 0: any. `work` takes the next one, `beat` the"
        " one after it, and any where those are taken.",
    )


class TelemetrySettings(Section):
    """What leaves the process for those who watch it."""

    traces: str | None = Field(
        None,
        description="Where traces go: an OpenTelemetry collector, as `http://127.0.0.1:4318/v1/traces`. Needs"
        " the extra `traces`.",
    )


class LogSettings(Section):
    """What is logged, to the standard error stream."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="The least that is logged; `debug` adds stack traces."
    )
    format: Literal["console", "json"] = Field(
        "console", description="Lines for people, or one JSON object a line."
    )
