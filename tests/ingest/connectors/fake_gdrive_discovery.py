"""Google's own description of an interface, which its client for Python brings: what is asked and said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import googleapiclient

Json = dict[str, Any]
Mask = dict[str, Any]


class WrongError(Exception):
    """A request or a reply that is not as the description says."""


@lru_cache
def described(name: str) -> Described:
    """The description of an interface, as `drive.v3`."""
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    return Described(json.loads((folder / f"{name}.json").read_text()))


class Described:
    """An interface: https://developers.google.com/discovery/v1/reference/apis"""

    def __init__(self, document: Json) -> None:
        self._schemas: Json = document["schemas"]
        self._common: Json = document["parameters"]
        self._methods = [
            (method["httpMethod"], _pattern(document["servicePath"] + method["path"]), method)
            for resource in document["resources"].values()
            for method in resource.get("methods", {}).values()
        ]

    def method(self, verb: str, path: str) -> tuple[str, dict[str, str], Json] | None:
        """The method that answers there, by its id, with what of the path is a parameter."""
        for wanted, pattern, method in sorted(self._methods, key=lambda one: "(" in one[1].pattern):
            if verb == wanted and (found := pattern.fullmatch(path)):
                return method["id"], found.groupdict(), method
        return None

    def check(self, method: Json, given: Mapping[str, str]) -> Json:
        """Parameters of a request, as values. Raises `WrongError`."""
        known = self._common | method["parameters"]
        for name in given.keys() - known.keys():
            raise WrongError(f"{method['id']} knows no {name}")
        for name, about in known.items():
            if about.get("required") and about["location"] == "query" and name not in given:
                raise WrongError(f"{method['id']} needs {name}")
        for name in given:
            if known[name].get("deprecated"):
                raise WrongError(f"{name} is not to be used any more")
        values = {name: _value(name, text, known[name]) for name, text in given.items()}
        if "fields" in values and "response" in method:
            values["fields"] = read_mask(values["fields"])
            self._check_mask(values["fields"], method["response"])
        return values

    def reply(self, method: Json, body: Json, mask: Mask | None) -> Json:
        """A reply, of which only what was asked for is left. Raises `WrongError` for one that cannot be."""
        self._check_body(body, method["response"], method["id"])
        return _masked(body, mask) if mask else body

    def _check_mask(self, mask: Mask, schema: Json) -> None:
        schema = self._resolved(schema)
        for name, deeper in mask.items():
            about = schema.get("properties", {}).get(name)
            if about is None or about.get("deprecated"):
                raise WrongError(f"there is no field {name} in {schema.get('id')}")
            if deeper:
                self._check_mask(deeper, about.get("items", about))

    def _check_body(self, body: Any, schema: Json, where: str) -> None:
        schema = self._resolved(schema)
        kind = schema.get("type")
        python = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}[kind]
        if not isinstance(body, python):
            raise WrongError(f"{where} is {body!r} where {kind} is said")
        if schema.get("enum") and body not in schema["enum"]:
            raise WrongError(f"{where} is {body!r}, which is none of {schema['enum']}")
        if schema.get("format") == "int64" and not re.fullmatch(r"-?\d+", body):
            raise WrongError(f"{where} is {body!r}, and no number as text")
        if kind == "array":
            for one in body:
                self._check_body(one, schema["items"], f"{where}[]")
        for name, value in body.items() if kind == "object" else ():
            if name not in schema.get("properties", {}):
                raise WrongError(f"there is no field {where}.{name}")
            self._check_body(value, schema["properties"][name], f"{where}.{name}")

    def _resolved(self, schema: Json) -> Json:
        return self._schemas[schema["$ref"]] if "$ref" in schema else schema


def read_mask(text: str) -> Mask:
    """A list of fields, as `nextPageToken,files(id,owners/displayName)`:
    https://developers.google.com/workspace/drive/api/guides/fields-parameter"""
    mask: Mask = {}
    open_ = [mask]
    for name, sign in re.findall(r"([A-Za-z0-9]*)([(),]|$)", text):
        if name:
            open_[-1][name] = {}
        if sign == "(":
            open_.append(open_[-1][name])
        elif sign == ")":
            open_.pop()
    if len(open_) != 1 or not mask or not re.fullmatch(r"[A-Za-z0-9(),]+", text):
        raise WrongError(f"{text} is no list of fields")
    return mask


def _masked(body: Any, mask: Mask) -> Any:
    if isinstance(body, list):
        return [_masked(one, mask) for one in body]
    return {
        name: _masked(value, mask[name]) if mask[name] else value
        for name, value in body.items()
        if name in mask
    }


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("/" + re.sub(r"\{\+?(\w+)\}", r"(?P<\1>[^/]+)", path))


def _value(name: str, text: str, about: Json) -> Any:
    if about["type"] == "boolean":
        if text not in {"true", "false"}:
            raise WrongError(f"{name} is {text!r} where true or false is expected")
        return text == "true"
    if about["type"] == "integer":
        if not text.isdecimal() or not int(about["minimum"]) <= int(text):
            raise WrongError(f"{name} is {text!r} where a number is expected")
        return min(int(text), int(about.get("maximum", text)))
    if about.get("enum") and text not in about["enum"]:
        raise WrongError(f"{name} is {text!r}, which is none of {about['enum']}")
    return text
