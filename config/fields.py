"""The kinds of values that settings hold: principals, members of groups, schedules, models, addresses."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator

_PRINCIPAL = re.compile(r"everyone|(user:[^\s@:]+@[^\s@:]+)|(group:\S(.*\S)?)|(domain:[^\s@:]+\.[^\s@:]+)")
_ACCOUNT = re.compile(r"user:[A-Za-z0-9][A-Za-z0-9._-]*/\S+")
_EVERYBODY = {"*", "all", "any", "anyone", "everybody", "public", "todos"}
_CRON_FIELD = re.compile(r"\*(/\d+)?|\d+(-\d+(/\d+)?)?(,\d+(-\d+(/\d+)?)?)*")
_MODEL_NAME = re.compile(r"[a-z][a-z0-9_-]*:\S.*")
_TEAM = re.compile(r"[TE][A-Z0-9]+")
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def principal(text: str) -> str:
    """A principal in its one spelling (e-mails and domains in lower case); `ValueError` if it is none."""
    text = text.strip()
    if not _PRINCIPAL.fullmatch(text):
        meant = f"user:{text}" if "@" in text else f"group:{text}"
        if text.lower() in _EVERYBODY:
            meant = "everyone"
        hint = f"; did you mean `{meant}`?" if ":" not in text else ""
        raise ValueError(
            f"expected `everyone`, `user:E-MAIL`, `group:NAME` or `domain:NAME`, saw `{text}`{hint}"
        )
    return text if text.startswith("group:") else text.lower()


def _principals(value: object) -> object:
    if isinstance(value, str):
        value = [value]
    return (
        frozenset(principal(str(item)) for item in value)
        if isinstance(value, list | set | frozenset)
        else value
    )


def _members(value: object) -> object:
    if isinstance(value, list):
        return _principals(
            [f"user:{item}" if "@" in str(item) and ":" not in str(item) else item for item in value]
        )
    return value


def _aliases(value: object) -> object:
    """E-mails, and accounts as `user:SOURCE/ACCOUNT`: what else a person is called, as principals."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        return value
    found = []
    for item in listed:
        account = str(item).strip()
        if not _ACCOUNT.fullmatch(account):
            account = f"user:{_e_mail(account)}"
        found.append(account)
    return frozenset(found)


def _e_mail(value: object) -> object:
    """An address in lower case, with or without `user:` before it."""
    if not isinstance(value, str):
        return value
    try:
        return principal(f"user:{value.strip().removeprefix('user:')}").removeprefix("user:")
    except ValueError:
        raise ValueError(f"expected an e-mail, as `ana@acme.com`, saw `{value}`") from None


def _team(value: object) -> object:
    """A Slack workspace's id, or an organisation's."""
    if isinstance(value, str) and not _TEAM.fullmatch(value):
        raise ValueError(f"expected the id of a Slack workspace, as `T0123ABCD`, saw `{value}`")
    return value


def _entra_id(value: object) -> object:
    """An id of Microsoft Entra, in lower case as Microsoft says it."""
    return value.strip().lower() if isinstance(value, str) else value


def _channel(value: object) -> object:
    """A channel's id or name, without the `#` that may stand before it."""
    return value.strip().removeprefix("#") if isinstance(value, str) else value


def _schedule(value: object) -> object:
    """`hourly`, `daily`, `weekly`, or the five fields of cron."""
    if not isinstance(value, str) or value in ("hourly", "daily", "weekly"):
        return value
    fields = value.split()
    if len(fields) != len(_CRON_RANGES):
        raise ValueError(
            f"expected hourly, daily, weekly or cron's five fields (`30 2 * * 0`), saw `{value}`"
        )
    for text, (low, high) in zip(fields, _CRON_RANGES, strict=True):
        numbers = [int(number) for number in re.findall(r"(?<!/)\b\d+", text)]
        steps = [int(number) for number in re.findall(r"/(\d+)", text)]
        if (
            not _CRON_FIELD.fullmatch(text)
            or any(not low <= number <= high for number in numbers)
            or 0 in steps
        ):
            raise ValueError(
                f"expected `*`, numbers from {low} to {high}, ranges, lists or `/steps`, saw `{text}`"
            )
    return value


def _time_zone(value: object) -> object:
    """A name of the IANA time zone database, as `Europe/Madrid`."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"expected a time zone such as `Europe/Madrid` or `UTC`, saw `{value}`") from error
    return value


def _address(*plain: str, schemes: tuple[str, ...], example: str) -> BeforeValidator:
    """One of the words `plain`, or the address of a server by one of `schemes`."""

    def check(value: object) -> object:
        if value in plain:
            return value
        expected = ", ".join(f"`{word}`" for word in plain)
        try:
            parts = urlsplit(str(value))
            known = parts.scheme in schemes and bool(parts.hostname)
            _ = parts.port  # raises for what is no number
        except ValueError:
            known = False
        if not known:
            # The value may hold a password, so only its beginning is shown.
            seen = str(value).partition("://")[0] if "://" in str(value) else str(value)
            raise ValueError(f"expected {expected} or an address as `{example}`, saw `{seen}`")
        return value

    return BeforeValidator(check)


def _model_name(value: object) -> object:
    """`none`, or `provider:model`; the provider is a word of LlamaIndex's integrations."""
    if value is None or value is False:
        return "none"
    if not isinstance(value, str) or value == "none" or _MODEL_NAME.fullmatch(value):
        return value
    raise ValueError(
        f"expected `none` or `provider:model`, as `openai:gpt-4o-mini` or `ollama:llama3.1`, saw `{value}`"
    )


Principals = Annotated[frozenset[str], BeforeValidator(_principals)]
Members = Annotated[frozenset[str], BeforeValidator(_members)]
Aliases = Annotated[frozenset[str], BeforeValidator(_aliases)]
EMail = Annotated[str, BeforeValidator(_e_mail)]
Team = Annotated[str, BeforeValidator(_team)]
EntraId = Annotated[str, BeforeValidator(_entra_id)]
Channel = Annotated[str, BeforeValidator(_channel)]
Schedule = Annotated[str, BeforeValidator(_schedule)]
TimeZone = Annotated[str, BeforeValidator(_time_zone)]
ModelName = Annotated[str, BeforeValidator(_model_name)]
IndexAddress = Annotated[
    str,
    _address("local", schemes=("weaviate", "weaviates"), example="weaviate://127.0.0.1:8080?grpc=50051"),
]
QueueAddress = Annotated[
    str, _address("none", schemes=("redis", "rediss"), example="redis://127.0.0.1:6379/0")
]
