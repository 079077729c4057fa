"""The package that a company's own Sabio app in Teams is made from: a zip of manifest, languages and icons.

Nothing in it depends on Microsoft's cloud: a bot without sign-in of people or tabs needs no domain of
Microsoft's in `validDomains`; where its services are is `bot.platforms._teams.signin`.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from bot import wording
from bot.platforms._teams import icons, schema
from config.chat import TeamsSettings
from config.errors import ConfigError

SCOPES = ("personal", "team", "groupChat")
COMMANDS = ("help", "sources", "status", "sync", "quarantine", "feedback")
"""What is offered to be written; whoever may not do it is told so."""
ASK, WHY = "ask", "why"
"""The ids of what a message's menu offers."""
CONSENTS = ("ChannelMessage.Read.Group", "ChatMessage.Read.Chat")
"""With these Teams sends whatever is said where Sabio is, so that follow-ups need no mention:
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/channel-messages-with-rsc"""
NOWHERE = "https://sabio.invalid"
"""Where an app of nobody's website is described: this name can belong to nobody."""
_MOMENT = (2026, 1, 1, 0, 0, 0)
"""Of the files in the package: what is the same has the same bytes."""

Json = dict[str, Any]


def write(settings: TeamsSettings, file: Path, url: str | None, *, follow_ups: bool, version: str) -> None:
    """Write the package to a file. Raises `ConfigError`."""
    packed = package(settings, url, follow_ups=follow_ups, version=version)
    try:
        file.write_bytes(packed)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error


def package(
    settings: TeamsSettings, url: str | None = None, *, follow_ups: bool = False, version: str = "1.0.0"
) -> bytes:
    """The app package. `url`: a page of the company's about Sabio, as `https://sabio.acme.com`. Raises
    `ConfigError`."""
    told = manifest(settings, url, follow_ups=follow_ups, version=version)
    files = {"manifest.json": _text(told), "color.png": icons.color(), "outline.png": icons.outline()}
    files |= {f"{_tag(one)}.json": _text(localisation(one)) for one in _languages() if one != "en"}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def manifest(
    settings: TeamsSettings, url: str | None = None, *, follow_ups: bool = False, version: str = "1.0.0"
) -> Json:
    """`manifest.json`, checked against the schema."""
    if not settings.app_id:
        raise ConfigError("`teams.app_id` is not set, and the app is made for that bot; see docs/teams.md")
    page, app = (url or NOWHERE).rstrip("/"), settings.app_id
    told: Json = {
        "$schema": schema.MANIFEST,
        "manifestVersion": schema.VERSION,
        "version": version,
        "id": app,
        "developer": {"name": "Sabio", "websiteUrl": page, "privacyUrl": page, "termsOfUseUrl": page},
        "name": {"short": "Sabio", "full": "Sabio"},
        "description": _description("en"),
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": icons.BLUE,
        "localizationInfo": {
            "defaultLanguageTag": "en",
            "additionalLanguages": [
                {"languageTag": _tag(one), "file": f"{_tag(one)}.json"} for one in _languages() if one != "en"
            ],
        },
        "bots": [
            {
                "botId": app,
                "scopes": list(SCOPES),
                "supportsFiles": False,
                "isNotificationOnly": False,
                "commandLists": [{"scopes": list(SCOPES), "commands": _commands("en")}],
            }
        ],
        "composeExtensions": [{"botId": app, "commands": _actions("en")}],
        "validDomains": [urlsplit(page).hostname] if url else [],
        "defaultInstallScope": "personal",
    }
    if follow_ups:
        # `resource` is not used, and must be there all the same.
        told["webApplicationInfo"] = {"id": app, "resource": "https://RscBasedStoreApp"}
        consents = [{"name": one, "type": "Application"} for one in CONSENTS]
        told["authorization"] = {"permissions": {"resourceSpecific": consents}}
    try:
        schema.Manifest.model_validate(told)
    except ValidationError as error:
        raise ConfigError(*(_problem(one) for one in error.errors())) from error
    return told


def localisation(language: str) -> Json:
    """What another language says differently, checked against the schema."""
    told: Json = {"$schema": schema.LOCALISATION}
    told |= {f"description.{length}": text for length, text in _description(language).items()}
    offered = {"bots[0].commandLists[0]": _commands(language), "composeExtensions[0]": _actions(language)}
    for place, commands in offered.items():
        for number, one in enumerate(commands):
            words = schema.Command(title=one["title"], description=one["description"]).model_dump()
            told |= {f"{place}.commands[{number}].{part}": said for part, said in words.items()}
    schema.Description.model_validate(_description(language))
    schema.Localisation.model_validate(told)
    return told


def _languages() -> list[str]:
    return sorted(path.stem for path in wording.LOCALES.glob("*.po"))


def _tag(language: str) -> str:
    return language.replace("_", "-").lower()


def _description(language: str) -> Json:
    return {"short": wording.say("app_short", language), "full": wording.say("app_full", language)}


def _commands(language: str) -> list[Json]:
    """The words of each command and what it does, as Sabio's own help says it: "`status`: how …"."""
    found = []
    for name in COMMANDS:
        said = re.match(r"`([^`]+)`.*?: (.+)", wording.say(f"cmd_help_{name}", language))
        if said is None:
            raise ValueError(f"cmd_help_{name} of `{language}` does not say what to write")
        told = wording.say("app_help", language) if name == "help" else said[2]
        found.append({"title": said[1], "description": told[:1].upper() + told[1:]})
    return found


def _actions(language: str) -> list[Json]:
    """What the menu of a message offers, each with a dialog that is fetched when it is chosen."""
    words = {
        ASK: (wording.say("action_ask", language), wording.say("action_ask_told", language)),
        WHY: (wording.say("why_button", language), wording.say("action_why_told", language)),
    }
    return [
        {
            "id": id_,
            "type": "action",
            "context": ["message"],
            "title": title,
            "description": told,
            "fetchTask": True,
        }
        for id_, (title, told) in words.items()
    ]


def _problem(error: Any) -> str:
    place = ".".join(str(one) for one in error["loc"])
    return f"the manifest's `{place}`: {error['msg']}, saw `{error['input']}`"


def _text(told: Json) -> bytes:
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"
