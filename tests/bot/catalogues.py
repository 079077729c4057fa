"""What can be wrong with a catalogue of Sabio's own sentences, and how the code asks for them."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from babel import Locale
from babel.messages import Catalog

from bot.wording import LOCALES, read

# `# comment`, `msgid "key"`, `msgstr[1] "sentence"`, or `"goes on"`: babel lets other lines pass.
_LINE = re.compile(r'(#.*|((msgid|msgid_plural|msgstr|msgstr\[\d\]) )?"([^"\\]|\\.)*")?\s*')
_COUNTS = (*range(201), 1_000, 10_000, 100_000, 1_000_000, 2_000_000)

Forms = tuple[str, ...]


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def sentences(catalogue: Catalog) -> dict[str, tuple[Forms, int]]:
    """The forms of each sentence (one, or one for each plural form), and the line that its key is on."""
    return {
        one.id[0] if one.pluralizable else one.id: (
            one.string if one.pluralizable else (one.string,),
            one.lineno,
        )
        for one in catalogue
        if one.id
    }


def faults(path: Path, english: Path = LOCALES / "en.po") -> list[str]:
    """Everything that is wrong with a catalogue, as `file, line n: what`; none if it can be shipped."""
    found = [*_in_writing(path)]
    if found:
        return found
    catalogue, expected = read(path), sentences(read(english))
    said = sentences(catalogue)
    found += _in_plurals(path, catalogue)
    for key, (forms, line) in said.items():
        found += [f"{path}, line {line}: {key} {what}" for what in _in_sentence(forms, expected.get(key))]
    if "_" not in path.stem:  # a regional catalogue has what differs only
        found += [f"{path}, line 1: {key} is missing" for key in expected.keys() - said.keys()]
    return found


def _in_writing(path: Path) -> Iterator[str]:
    keys: dict[str, int] = {}
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not _LINE.fullmatch(text):
            yield f"{path}, line {line}: not a line of a PO file"
        if key := re.match(r'msgid "(.+)"', text):
            if key[1] in keys:
                yield f"{path}, line {line}: {key[1]} is on line {keys[key[1]]} already"
            keys[key[1]] = line


def _in_plurals(path: Path, catalogue: Catalog) -> Iterator[str]:
    """The `Plural-Forms` that the file states must tell counts apart as Unicode's CLDR does."""
    form, category = gettext.c2py(catalogue.plural_expr), Locale.parse(path.stem).plural_form
    pairs = {(form(count), category(count)) for count in _COUNTS}
    categories = {category for _, category in pairs}
    if not len(pairs) == len(categories) == catalogue.num_plurals == len({form for form, _ in pairs}):
        yield f"{path}, line 1: Plural-Forms must tell apart {', '.join(sorted(categories))}"


def _in_sentence(forms: Forms, expected: tuple[Forms, int] | None) -> Iterator[str]:
    if expected is None:
        yield "is not in en.po"
        return
    if not all(forms):
        yield "lacks a text"
        return
    plural = len(expected[0]) > 1
    if plural is not (len(forms) > 1):
        yield f"must {'have plural forms' if plural else 'be one sentence'}, as in en.po"
    if plural is not ("count" in placeholders(forms[-1])):
        yield "must speak of {count} if it has plural forms, and only then"
    for form in forms:  # "one question" need not say the number
        if placeholders(form) - {"count"} != placeholders(expected[0][-1]) - {"count"}:
            yield f"must have {sorted(placeholders(expected[0][-1]))}, and has {sorted(placeholders(form))}"


class Asked(NamedTuple):
    """A call of `say`: where it stands, which keys it is seen to ask for, and the values that it brings.

    Keys are patterns: that of `f"vote_{way}"` is `vote_\\w+`.
    """

    place: str
    keys: frozenset[str]
    values: frozenset[str] | None  # None where they are passed on as they came

    def wrong(self, there: dict[str, tuple[Forms, int]]) -> list[str]:
        """The keys that are not there, and those that get other values than they need."""
        found = {pattern: [key for key in there if re.fullmatch(pattern, key)] for pattern in self.keys}
        missing = [f"{self.place}: {pattern} is not in en.po" for pattern, keys in found.items() if not keys]
        return missing + [
            f"{self.place}: {key} needs {sorted(needs)}"
            for pattern, keys in found.items()
            for key in keys
            if not self._suits(needs := placeholders(there[key][0][-1]), several=pattern != key)
        ]

    def _suits(self, needs: set[str], several: bool) -> bool:
        return self.values is None or (needs <= self.values if several else needs == self.values)


def asked(file: Path) -> list[Asked]:
    """Every call of `say` in a file. A key in a variable is looked for in what the file assigns to it."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if not any(isinstance(node, ast.ImportFrom) and _imports_say(node) for node in ast.walk(tree)):
        return []
    assigned: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, set()).update(_chosen(node.value))
    calls = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("wording.say", "say") and node.args:
            key = node.args[0]
            keys = assigned.get(key.id, set()) if isinstance(key, ast.Name) else _chosen(key)
            names = [value.arg for value in node.keywords]
            values = None if None in names else frozenset(name for name in names if name)
            calls.append(Asked(f"{file.name}, line {node.lineno}", frozenset(keys), values))
    return calls


def texts(file: Path) -> set[str]:
    """Every text that stands in a file of code by itself."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _imports_say(node: ast.ImportFrom) -> bool:
    names = {alias.name for alias in node.names}
    return (node.module == "bot" and "wording" in names) or (node.module == "bot.wording" and "say" in names)


def _chosen(value: ast.expr) -> set[str]:
    """`a` for `"a"`, and both for `"a" if … else "b"`."""
    if isinstance(value, ast.IfExp):
        return _chosen(value.body) | _chosen(value.orelse)
    if isinstance(value, ast.JoinedStr):
        return {
            "".join(str(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in value.values)
        }
    return {value.value} if isinstance(value, ast.Constant) and isinstance(value.value, str) else set()
