"""What the app's manifest may say: the parts of Microsoft's schema that Sabio's has, with their limits.

https://learn.microsoft.com/microsoft-365/extensibility/schema/, version 1.25; what is said here is not looser
than other versions. The localisation files:
https://learn.microsoft.com/microsoftteams/platform/resources/schema/localization-schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

VERSION = "1.25"
_SCHEMAS = f"https://developer.microsoft.com/json-schemas/teams/v{VERSION}"
MANIFEST = f"{_SCHEMAS}/MicrosoftTeams.schema.json"
LOCALISATION = f"{_SCHEMAS}/MicrosoftTeams.Localization.schema.json"

Guid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Url = Annotated[str, Field(pattern=r"^https://[^\s/]+(/\S*)?$", max_length=2048)]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,2}$")]
File = Annotated[str, Field(min_length=1, max_length=2048)]
Scope = Literal["team", "personal", "groupChat"]


class Part(BaseModel):
    """A part of the manifest, with nothing but what it may have."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Developer(Part):
    """Who stands for the app."""

    name: str = Field(min_length=1, max_length=32)
    websiteUrl: Url  # noqa: N815 - named by Microsoft, as all that follows
    privacyUrl: Url  # noqa: N815
    termsOfUseUrl: Url  # noqa: N815


class Name(Part):
    """What it is called."""

    short: str = Field(min_length=1, max_length=30)
    full: str = Field(min_length=1, max_length=100)


class Description(Part):
    """What it does."""

    short: str = Field(min_length=1, max_length=80)
    full: str = Field(min_length=1, max_length=4000)


class Icons(Part):
    """Its pictures, in the package."""

    color: File
    outline: File


class Command(Part):
    """What is offered to be written."""

    title: str = Field(min_length=1, max_length=32)
    description: str = Field(min_length=1, max_length=128)


class CommandList(Part):
    """What is offered where."""

    scopes: list[Scope] = Field(min_length=1, max_length=3)
    commands: list[Command] = Field(min_length=1, max_length=10)


class Bot(Part):
    """Whom people write to."""

    botId: Guid  # noqa: N815
    scopes: list[Scope] = Field(min_length=1, max_length=3)
    supportsFiles: bool  # noqa: N815
    isNotificationOnly: bool  # noqa: N815
    commandLists: list[CommandList] = Field(max_length=3)  # noqa: N815


class Action(Part):
    """What a message's menu offers."""

    id: str = Field(min_length=1, max_length=64)
    type: Literal["action"]
    context: list[Literal["message"]] = Field(min_length=1, max_length=1)
    title: str = Field(min_length=1, max_length=32)
    description: str = Field(min_length=1, max_length=128)
    fetchTask: Literal[True]  # noqa: N815


class Extension(Part):
    """What the bot offers besides being written to."""

    botId: Guid  # noqa: N815
    commands: list[Action] = Field(min_length=1, max_length=10)


class Language(Part):
    """Another language, and its file."""

    languageTag: Tag  # noqa: N815
    file: File


class Languages(Part):
    """In which languages the app is described."""

    defaultLanguageTag: Tag  # noqa: N815
    additionalLanguages: list[Language]  # noqa: N815


class Consent(Part):
    """What the owners of a team or a chat agree to."""

    name: Literal["ChannelMessage.Read.Group", "ChatMessage.Read.Chat"]
    type: Literal["Application"]


class Permissions(Part):
    """What is asked of them."""

    resourceSpecific: list[Consent] = Field(min_length=1, max_length=16)  # noqa: N815


class Authorization(Part):
    """What is asked for."""

    permissions: Permissions


class WebApplication(Part):
    """The app's registration in Entra."""

    id: Guid
    resource: str = Field(min_length=1, max_length=2048)


class Manifest(Part):
    """`manifest.json`."""

    schema_: Literal[MANIFEST] = Field(alias="$schema")  # type: ignore[valid-type]
    manifestVersion: Literal[VERSION]  # type: ignore[valid-type]  # noqa: N815
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$", max_length=256)
    id: Guid
    developer: Developer
    name: Name
    description: Description
    icons: Icons
    accentColor: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")  # noqa: N815
    localizationInfo: Languages  # noqa: N815
    bots: list[Bot] = Field(min_length=1, max_length=1)
    composeExtensions: list[Extension] = Field(min_length=1, max_length=1)  # noqa: N815
    validDomains: list[str] = Field(max_length=16)  # noqa: N815
    defaultInstallScope: Literal["personal", "team", "groupChat"]  # noqa: N815
    webApplicationInfo: WebApplication | None = None  # noqa: N815
    authorization: Authorization | None = None


_WORDS = (
    r"^\$schema$|^(name|description)\.(short|full)$"
    r"|^(bots\[0\]\.commandLists\[[0-2]\]|composeExtensions\[0\])\.commands\[\d\]\.(title|description)$"
)


class Localisation(RootModel[dict[Annotated[str, Field(pattern=_WORDS)], str]]):
    """The file of another language: what is said differently, by where it stands in the manifest."""
