"""The sections of the settings about chat platforms: Slack, and Microsoft Teams."""

from __future__ import annotations

import re
from typing import Literal, Self
from urllib.parse import unquote

from pydantic import Field, field_validator, model_validator

from config.fields import Channel, EntraId, Team
from config.sections import Section

_TEAMS_CHANNEL = re.compile(r"19:[\w.-]+@thread\.(tacv2|skype)")
"""What a channel of Teams is called by; older ones end in `skype`."""


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
