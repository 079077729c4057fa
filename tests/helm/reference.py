"""The values of the chart as documentation, made from the comments in helm/values.yaml.

`python -m tests.helm.reference` writes them into helm/README.md, and as descriptions into
helm/values.schema.json, which also learns there which settings `config` may hold and which alerts there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from config.settings import Settings

CHART = Path(__file__).parents[2] / "helm"
_BEGIN, _END = "<!-- values -->", "<!-- end of values -->"
_WIDTH = 120
_KEY = re.compile(r"^( *)([A-Za-z_][\w.-]*):(?: |$)")

Path_ = tuple[str, ...]


def comments(text: str) -> dict[Path_, str]:
    """What stands above each key, by the way to it."""
    found: dict[Path_, str] = {}
    above: list[tuple[int, str]] = []
    said: list[str] = []
    for line in text.splitlines():
        if (bare := line.strip()).startswith("#"):
            said.append(bare.removeprefix("#").strip())
            continue
        if match := _KEY.match(line):
            indent = len(match[1])
            above = [(at, key) for at, key in above if at < indent] + [(indent, match[2])]
            if said:
                found[tuple(key for _, key in above)] = " ".join(said)
        said = []
    return found


def readme(text: str) -> str:
    """The text of the page, with the tables between its two marks made anew."""
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n\n" + "\n".join(_tables()) + f"\n{_END}{after}"


def _tables() -> Iterator[str]:
    source = (CHART / "values.yaml").read_text(encoding="utf-8")
    values, said = yaml.safe_load(source), comments(source)
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    head = ["| Value | Type | Default | Meaning |", "|---|---|---|---|"]
    alone = [key for key in values if not any(path[0] == key for path in said if len(path) > 1)]
    yield from head
    for key in alone:
        yield _row((key,), values, said, schema)
    for key in values:
        if key not in alone:
            yield from ("", f"### `{key}`", "", said[(key,)], "", *head)
            for path in said:
                if path[0] == key and len(path) > 1:
                    yield _row(path, values, said, schema)


def _row(path: Path_, values: Any, said: dict[Path_, str], schema: dict[str, Any]) -> str:
    holds_others = any(len(other) > len(path) and other[: len(path)] == path for other in said)
    default: Any = values
    for step in path:
        default = default[step]
    shown = "" if holds_others or default in (None, "") else f"`{_flow(default)}`"
    return f"| `{'.'.join(path)}` | {_type(schema_at(schema, path), schema)} | {shown} | {said[path]} |"


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...").replace("|", "\\|")


def schema_at(schema: dict[str, Any], path: Path_) -> dict[str, Any]:
    """The part of the schema that describes the value at `path`."""
    node = schema
    for step in path:
        inside = _resolved(node, schema)
        node = inside.get("properties", {}).get(step) or next(iter(inside["patternProperties"].values()))
    return node


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = node.get("$ref", "").rpartition("/")[2]
    return schema["$defs"][name] if name else node


def _type(node: dict[str, Any], schema: dict[str, Any]) -> str:
    node = _resolved(node, schema)
    if "enum" in node:
        return ", ".join(f"`{word}`" for word in node["enum"])
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "anyOf" in node:
        return " or ".join(_type(one, schema) for one in node["anyOf"])
    names = {
        "boolean": "`true` or `false`",
        "integer": "whole number",
        "string": "text",
        "object": "mapping",
        "array": "list",
    }
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    return " or ".join(names[kind] for kind in kinds if kind != "null")


def with_descriptions(text: str) -> str:
    """The schema, with what values.yaml, Sabio's settings and alerts.yaml say put into it anew."""
    schema = json.loads(text)
    described: set[int] = set()
    for path, meaning in comments((CHART / "values.yaml").read_text(encoding="utf-8")).items():
        node = schema_at(schema, path)
        if id(node) not in described:  # what several have in common says what the first of them says
            node["description"] = meaning
            described.add(id(node))
    pods = schema["properties"]["pods"]["properties"]
    components = [schema["properties"][name] for name in ("bot", "beat", "migration", "test")]
    for component in (*components, schema["$defs"]["worker"]):
        for key in pods.keys() & component["properties"].keys():
            if id(component["properties"][key]) not in described:
                component["properties"][key]["description"] = f"As `pods.{key}`, for these pods."
    # Of what type they are, Sabio says itself when it reads them.
    schema["properties"]["config"]["properties"] = {
        name: {"description": " ".join((field.description or "").split())}
        for name, field in Settings.model_fields.items()
    }
    alerts = yaml.safe_load((CHART / "alerts.yaml").read_text(encoding="utf-8"))
    schema["properties"]["alerts"]["properties"]["disabled"]["items"]["enum"] = [
        one["alert"] for one in alerts
    ]
    return _written(schema) + "\n"


def _written(value: Any, indent: int = 0) -> str:
    """JSON, with whatever fits on a line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= _WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_written(item, indent + 2)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{' ' * indent}}}"
    return "[\n" + ",\n".join(inner + _written(item, indent + 2) for item in value) + f"\n{' ' * indent}]"


def main() -> None:
    """Write both."""
    for name, write in (("values.schema.json", with_descriptions), ("README.md", readme)):
        page = CHART / name
        page.write_text(write(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
