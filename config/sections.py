"""The sections of the settings: what an operator decides about one thing at a time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from config.fields import Channel, EMail, EntraId, Principals, Schedule, Team, TimeZone

_TEAMS_CHANNEL = re.compile(r"19:[\w.-]+@thread\.(tacv2|skype)")
"""What a channel of Teams is called by; older ones end in `skype`."""


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
        description="Which [connector](connectors.md) reads it: `folder`, `git`, `mediawiki`.",
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
        30, ge=1, description="Who may read what is looked up anew this often, apart from any sync."
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


class ChannelSettings(Section):
    """How questions in one channel are answered."""

    sources: frozenset[str] | None = Field(
        None, min_length=1, description="The sources that are answered from in this channel. Not set: all."
    )
    tone: str | None = Field(
        None, max_length=300, description="How the language model should sound there. Not set: `tone`."
    )
    answer: Literal["mention", "auto"] = Field(
        "mention",
        description="What is answered: `mention`, where Sabio is mentioned, and what is asked on in threads"
        " that it is part of; `auto`, other questions too, where it is sure enough.",
    )
    confidence: float = Field(
        0.8,
        ge=0,
        le=1,
        description="How sure it must be, 0 to 1, to answer with `auto` what it was not asked.",
    )


class SlackOAuthSettings(Section):
    """An app that several workspaces of one company install."""

    client_id: str = Field(
        min_length=1, description="The app's client id, where several workspaces of a company install it."
    )
    client_secret: str | None = Field(
        None, description="Its client secret. Not set: the variable `SLACK_CLIENT_SECRET`."
    )
    teams: frozenset[Team] = Field(
        min_length=1,
        description="The ids, as `T0123ABCD`, of the workspaces that may install it; an organisation's,"
        " `E…`, stands for all of its workspaces.",
    )


class SlackSettings(Section):
    """How people ask in Slack: `sabio serve` connects where the tokens are set; see docs/slack.md."""

    mode: Literal["socket", "http"] = Field(
        "socket",
        description="How events come: `socket`, over a connection that Sabio opens and that needs no address;"
        " `http`, to `/slack/events` of `server.port`, which Slack must be able to reach.",
    )
    api_url: str = Field(
        "https://slack.com/api/",
        pattern=r"^https?://.+/$",
        description="Slack's Web API, or a proxy before it; with a `/` at its end.",
    )
    bot_token: str | None = Field(
        None, description="The bot's token, `xoxb-…`. Not set: the variable `SLACK_BOT_TOKEN`."
    )
    app_token: str | None = Field(
        None, description="The app's token, `xapp-…`, for `socket`. Not set: `SLACK_APP_TOKEN`."
    )
    signing_secret: str | None = Field(
        None, description="What Slack signs with, for `http`. Not set: `SLACK_SIGNING_SECRET`."
    )
    oauth: SlackOAuthSettings | None = Field(None, description=SlackOAuthSettings.__doc__)
    members: int = Field(
        200,
        ge=0,
        description="In channels with more members than this, only what everyone may read is said.",
    )
    expert_channel: Channel | None = Field(
        None,
        description="The channel, by id or name, where questions that nothing answered are posted, if the"
        " asker wishes so and no source's `owner` is asked.",
    )
    channels: dict[Channel, ChannelSettings] = Field(
        default_factory=dict, description="What is special to single channels, each by its id or name."
    )

    @property
    def missing(self) -> list[str]:
        """The variables of what is not there; none where Sabio can connect."""
        if self.oauth is not None:
            needed = {"SLACK_CLIENT_SECRET": self.oauth.client_secret}
        else:
            needed = {"SLACK_BOT_TOKEN": self.bot_token}
        if self.mode == "socket":
            needed["SLACK_APP_TOKEN"] = self.app_token
        else:
            needed["SLACK_SIGNING_SECRET"] = self.signing_secret
        return [variable for variable, value in needed.items() if not value]


class TeamsSettings(Section):
    """How people ask in Microsoft Teams: `sabio serve` answers there where this is set; see docs/teams.md."""

    app_id: EntraId | None = Field(
        None, description="The bot's application id, of its registration in Entra."
    )
    tenant_id: EntraId | None = Field(
        None, description="The id of the tenant that it belongs to, and the only one served."
    )
    app_password: str | None = Field(
        None, description="Its client secret. Not set: the variable `TEAMS_APP_PASSWORD`."
    )
    cloud: Literal["public", "government", "dod"] = Field(
        "public",
        description="Microsoft's cloud that the tenant is in; `government`: GCC High, and `dod`: DoD, both of"
        " the United States.",
    )
    development: bool = Field(
        False,
        description="Answer whoever asks, without credentials: for Microsoft's Playground on this machine,"
        " only where `server.host` is a loopback address, and without `app_id` and `tenant_id`.",
    )
    members: int = Field(
        200,
        ge=0,
        description="In conversations with more members than this, only what everyone may read is said.",
    )
    expert_channel: str | None = Field(
        None,
        description="The id of the channel, `19:…@thread.tacv2`, where questions that nothing answered are"
        " posted, if the asker wishes so. Sabio must be in its team.",
    )

    @field_validator("expert_channel")
    @classmethod
    def _is_a_channel(cls, value: str | None) -> str | None:
        if value is None or _TEAMS_CHANNEL.fullmatch(value):
            return value
        linked = re.search(r"/channel/([^/?]+)", value)  # of "Get link to channel", where it stands encoded
        meant = unquote(linked[1]) if linked else ""
        hint = f"; did you mean `{meant}`?" if _TEAMS_CHANNEL.fullmatch(meant) else ""
        raise ValueError(
            "expected the id of a channel, as `19:9f8e7d@thread.tacv2`, which stands in Teams' *Get link to"
            f" channel* after `/channel/`, saw `{value}`{hint}"
        )

    @model_validator(mode="after")
    def _lets_in_one_tenant(self) -> Self:
        if self.development and (self.app_id or self.tenant_id):
            raise ValueError(
                "`development` lets in whoever asks: take it out, or take out `app_id` and `tenant_id`"
            )
        if self.tenant_id in ("common", "organizations", "consumers") or "." in (self.tenant_id or ""):
            raise ValueError(
                f"`tenant_id` must be the id of one tenant, as `72f988bf-0000-0000-0000-2d7cd011db47`, and is"
                f" `{self.tenant_id}`; it stands on Entra's overview page"
            )
        return self

    @property
    def wanted(self) -> bool:
        """Whether anything of it is set."""
        return self.development or bool(self.app_id or self.tenant_id or self.app_password)

    @property
    def missing(self) -> list[str]:
        """The settings and variables of what is not there; none where Sabio can answer."""
        if self.development:
            return []
        needed = {
            "teams.app_id": self.app_id,
            "teams.tenant_id": self.tenant_id,
            "TEAMS_APP_PASSWORD": self.app_password,
        }
        return [name for name, value in needed.items() if not value]


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
