"""Reads the configuration file and the environment into plain values, remembering where each one stands."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from config.errors import ConfigError
from config.secrets import Vault

PREFIX = "SABIO_"
Place = tuple[str | int, ...]
"""The way to a value: keys of mappings and indices of lists."""


@dataclass
class Reading:
    """What was read: values, where each of them stands, and what was wrong with them so far."""

    file: str
    """The file's name as shown to people."""
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[Place, int] = field(default_factory=dict)
    variables: dict[Place, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unfilled: set[str] = field(default_factory=set)
    """Values with a `${NAME}` that was not found."""

    def origin(self, place: Place) -> str:
        """Where a person finds the value at `place`: an environment variable, or a line of the file."""
        for end in range(len(place), 0, -1):
            if variable := self.variables.get(place[:end]):
                return variable
            if line := self.lines.get(place[:end]):
                return f"{self.file}, line {line}"
        return self.file

    def complain(self, place: Place, message: str) -> None:
        """Note a problem with the value at `place`."""
        self.problems.append(f"{self.origin(place)}: {message}")

    def name(self, place: Place) -> str:
        """The setting at `place` as people write it: `sync.batch`, `sources.handbook.readers`."""
        words: list[str] = []
        value: Any = self.values
        for step in place:
            value = value[step] if _has(value, step) else None
            named = isinstance(step, int) and isinstance(value, dict) and isinstance(value.get("name"), str)
            words.append(value["name"] if named else f"[{step + 1}]" if isinstance(step, int) else step)
        return ".".join(words).replace(".[", "[")


def read_file(path: Path, shown: str) -> Reading:
    """The settings that stand in a YAML file. Raises `ConfigError` when there is no reading it at all."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except FileNotFoundError:
        raise ConfigError(
            f"{shown}: there is no such file; name the configuration with --config or SABIO_CONFIG"
        ) from None
    except OSError as error:
        raise ConfigError(f"{shown}: could not be read: {error.strerror}") from None
    reading = Reading(shown)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        values = {} if node is None else _Walk(loader, reading).value(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{shown}{where}: is not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{shown}: is not valid YAML: {error}") from None
    finally:
        loader.dispose()
    if values is not None and not isinstance(values, dict):
        raise ConfigError(f"{shown}: expected settings as `name: value`, saw {type(values).__name__}")
    reading.values = values or {}
    return reading


def read_environment(reading: Reading, environ: Mapping[str, str], known: frozenset[str]) -> None:
    """Lay `SABIO_*` variables over the file: `SABIO_SYNC__BATCH=8` sets `sync.batch`.

    Variables whose first part is not among `known` are left alone: Kubernetes gives every pod some of its own
    (`SABIO_SERVICE_HOST`, `SABIO_PORT_8080_TCP`) when a service is called sabio. An empty one says nothing.
    """
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or not environ[variable]:
            continue
        place = tuple(variable[len(PREFIX) :].lower().split("__"))
        if place[0] not in known:
            continue
        reading.variables[place] = variable
        text = environ[variable]
        try:
            # Lists and mappings are written as in the file; anything else is taken as it stands.
            value = yaml.load(text, _Loader) if text.lstrip()[:1] in ("[", "{") else text  # noqa: S506 — a SafeLoader
        except yaml.YAMLError:
            reading.complain(place, f"expected a list or mapping as YAML or JSON, saw `{text}`")
            continue
        target: Any = reading.values
        for step in place[:-1]:
            below = target.get(step)
            target[step] = dict(below) if isinstance(below, dict) else {}
            target = target[step]
        target[place[-1]] = value


def fill_references(reading: Reading, vault: Vault) -> None:
    """Replace every `${NAME}` below the values, noting those that are not to be found."""

    def filled(value: Any, place: Place) -> Any:
        if isinstance(value, dict):
            return {key: filled(item, (*place, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item, (*place, number)) for number, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        try:
            return vault.fill(value)
        except LookupError as error:
            reading.complain(place, f"`{reading.name(place)}`: {error.args[0]}")
            reading.unfilled.add(value)
            return value

    reading.values = filled(reading.values, ())


def explain(reading: Reading, error: ValidationError, model: type[BaseModel]) -> None:
    """Note everything that `model` found wrong with the values, in words for people."""
    for detail in error.errors(include_url=False):
        place: Place = tuple(step for step in detail["loc"] if step != "[key]")
        reading.complain(place, _said(detail, reading.name(place), _keys_at(model, place[:-1])))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a person probably meant."""
    return next(iter(difflib.get_close_matches(word.lower(), list(known), 1)), None)


# Where pydantic's own words speak of Python.
_EXPECTED = {
    "dict_type": "`name: value` pairs",
    "model_type": "`name: value` pairs",
    "model_attributes_type": "`name: value` pairs",
    "frozen_set_type": "a list",
    "tuple_type": "a list",
    "string_type": "text",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
}


def _said(detail: Mapping[str, Any], name: str, known: Iterable[str]) -> str:
    if detail["type"] in _EXPECTED:
        return f"`{name}`: expected {_EXPECTED[detail['type']]}, saw `{detail['input']}`"
    message = str(detail["msg"]).removeprefix("Value error, ").replace("Input should be", "expected")
    if detail["type"] == "extra_forbidden":
        *above, word = name.split(".")
        near = nearest(word, known)
        return f"`{name}` is not a setting" + (
            f"; did you mean `{'.'.join([*above, near])}`?" if near else ""
        )
    if detail["type"] == "missing":
        return f"`{name}` is missing"
    if not name:
        return message
    seen = detail["input"]
    plain = isinstance(seen, str | int | float | bool | None)
    return f"`{name}`: {message}" + (f", saw `{seen}`" if plain and "saw" not in message else "")


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    for step in place:
        # Other steps are the names and numbers by which a mapping or a list holds sections.
        if isinstance(step, str) and step in model.model_fields:
            model = section_in(model.model_fields[step].annotation) or model
    return list(model.model_fields)


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a field is, may be, or holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(section_in, get_args(annotation))), None)


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


class _Loader(yaml.SafeLoader):
    """YAML with the plain scalars of JSON only.

    YAML 1.1 reads `no` as false, `22:30` as 1350 and `2026-01-01` as a date; people mean what they wrote.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 — PyYAML's own class attribute


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^([Tt]rue|TRUE|[Ff]alse|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^(0|-?[1-9][0-9]*)$"), list("-0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^-?([0-9]+\.[0-9]*|\.[0-9]+)$"), list("-.0123456789")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


class _Walk:
    """Turns YAML nodes into values, remembering lines and refusing keys that stand twice."""

    def __init__(self, loader: _Loader, reading: Reading) -> None:
        self._loader = loader
        self._reading = reading
        self._above: list[yaml.Node] = []

    def value(self, node: yaml.Node, place: Place) -> Any:
        if node in self._above:
            raise yaml.constructor.ConstructorError(None, None, "an anchor contains itself", node.start_mark)
        self._reading.lines.setdefault(place, node.start_mark.line + 1)
        self._above.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return dict(self._items(node, place))
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*place, number)) for number, item in enumerate(node.value)]
            return self._loader.construct_object(node)
        finally:
            self._above.pop()

    def _items(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in seen:
                where = f"{self._reading.file}, line {line}"
                self._reading.problems.append(f"{where}: `{key}` stands twice (first on line {seen[key]})")
            seen.setdefault(key, line)
        self._loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = str(key_node.value)
            self._reading.lines[(*place, key)] = key_node.start_mark.line + 1
            yield key, self.value(value_node, (*place, key))
