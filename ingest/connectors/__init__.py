"""The connector port: one system a file, named by the word in the configuration (`type: folder`).

A connector is a pydantic model whose fields are its options, so they are documented, checked and explained in
one place. To add a system, add one file here with one class named `Connector`, and one test that inherits
`ConnectorContract`.
"""

from __future__ import annotations

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Annotated, ClassVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
)

from config.errors import ConfigError, DocumentError
from ingest.connectors._rules import Rules, compile_patterns
from ingest.documents import Changes, Content, Entry, Group, Listed, Readers


def start_at_base(path: Path, info: ValidationInfo) -> Path:
    """A path option, absolute: for validators of options that may be something else as well."""
    base = (info.context or {}).get("base", Path())
    return Path(base, path.expanduser()).absolute()


def _check_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    try:
        compile_patterns(patterns)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return patterns


Place = Annotated[Path, AfterValidator(start_at_base)]
"""An option that is a path: relative ones start at the configuration file's folder."""

Patterns = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
    AfterValidator(_check_patterns),
]
"""An option that is a pattern as in `.gitignore`, or several."""


@dataclass(frozen=True, slots=True)
class About:
    """What docs/connectors.md tells of a connector besides its options; sentences in Markdown."""

    system: str
    """Its name, as a heading."""
    example: str
    """A source of it, as one line of the configuration."""
    rights: str
    """What Sabio has to be allowed there, how to get that, and who may read."""
    limits: tuple[str, ...]
    """What it does not see, or sees late."""
    proven: str
    """What it was tested against."""


class Connector(BaseModel, ABC):
    """A configured place that documents come from."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    about: ClassVar[About]
    knows_readers: ClassVar[bool] = False
    """Whether what its scan says of readers comes from its system, and not from `readers` alone: then it is
    looked up again between syncs, and not believed for long where that fails."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """How people name this source in commands: letters, digits, `.`, `_`, `-`."""
    readers: Readers | None = None
    """Who may read what the source itself says nothing about, as principals: `everyone`,
    `domain:acme.com`, `group:hr`, `user:ana@acme.com`. Not set: nobody."""
    include: Patterns = ()
    """Only documents whose id matches one of these patterns (as in `.gitignore`). Not set: all."""
    exclude: Patterns = ()
    """Not the documents whose id matches one of these patterns; `!pattern` takes back an earlier rule."""

    max_mb: float = Field(default=100, gt=0)
    """Larger documents are reported and not read."""

    _state: Path | None = PrivateAttr(default=None)

    @property
    def state(self) -> Path:
        """This source's own folder in the data folder, for what it keeps between runs. May not exist yet."""
        if self._state is None:
            raise ConfigError(
                f"source {self.name}: this kind of source needs a data folder (`data:`) to work in"
            )
        return self._state

    @property
    def max_bytes(self) -> int:
        """`max_mb` in bytes."""
        return int(self.max_mb * 1_000_000)

    def too_large(self, entry: Entry) -> DocumentError:
        """The error for a body above `max_mb`."""
        return DocumentError(f"{entry.id} is larger than {self.max_mb:g} MB (`max_mb` of source {self.name})")

    @abstractmethod
    def scan(self) -> Iterator[Listed]:
        """List every document, without bodies, in any order, each id once; and containers, where the readers
        of documents depend on what they lie in.

        Running to its end without an error means that the listing is complete. A connector that cannot list
        everything raises `UnavailableError` (worth trying again) or `ConfigError` (a person must act), also
        midway; it never ends early in silence.
        """

    @abstractmethod
    def fetch(self, entry: Entry) -> Content:
        """The body of an entry that this connector's scan listed, with its id and revision.

        Raises `DocumentError` when this one cannot be had (gone meanwhile, too large, unreadable) and
        `UnavailableError` when the system is down. The body may be newer than the revision says, never older.
        """

    def part_of(self, entry: Entry) -> str | None:  # noqa: ARG002 - of a system without parts
        """The part of the source that an entry is in, as people call it: a space, a namespace, a folder."""
        return None

    def groups(self) -> Iterable[Group]:
        """The groups that the readers of what it listed last name, with the groups in them. Raises as
        `scan`."""
        return ()

    def group(self, key: str) -> str:
        """The principal of one of the source's own groups."""
        return f"group:{self.name}/{key}"

    def permissions(self) -> Iterator[Listed]:
        """What `scan` lists, of which only ids and readers are looked at: for systems that tell these with
        less than all the rest. Raises as `scan`."""
        return self.scan()

    def cursor(self) -> str | None:
        """Where its system is now, to ask later what changed since; None for systems that cannot be asked.
        Raises as `scan`."""
        return None

    def changes(self, cursor: str) -> Changes | None:  # noqa: ARG002 - of a system that cannot be asked
        """What happened since; None where the system does not know any more, so that all is to be listed.
        Raises as `scan`."""
        return None

    def preflight(self) -> Iterator[str]:
        """What is allowed there and probably not meant, each as a sentence that names the option to look at;
        beside what a listing shows by itself. Raises as `scan`."""
        return iter(())

    def ignored(self, entry_id: str) -> str | None:
        """The rule by which an entry of this id would be left out of the scan, or None if it would not be."""
        return Rules(self.include, self.exclude, defaults=False).ignored(entry_id)


def known_types() -> list[str]:
    """The words that `type:` may be: the names of this package's files."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def connector_class(type_: str) -> type[Connector]:
    """The class of a known type."""
    return cast("type[Connector]", import_module(f"{__name__}.{type_}").Connector)


def connect(type_: str, options: Mapping[str, object], base: Path, state: Path | None = None) -> Connector:
    """The connector of one configured source, without talking to its system yet.

    `options` are the connector's fields, `base` the configuration file's folder, where relative paths start,
    `state` this source's own folder in the data folder. Raises `ConfigError` with everything wrong at once.
    """
    known = known_types()
    name = options.get("name", "?")
    if type_ not in known:
        nearest = _nearest(type_, known)
        raise ConfigError(
            f"source {name}: type: {type_!r} is not known{nearest}; known are {', '.join(known)}"
        )
    model = connector_class(type_)
    try:
        connector = model.model_validate(dict(options), context={"base": base})
    except ValidationError as error:
        problems = [_explain(problem, model) for problem in error.errors(include_url=False)]
        raise ConfigError(*(f"source {name}: {problem}" for problem in problems)) from None
    connector._state = state  # noqa: SLF001 - this module's own class
    return connector


def _explain(problem: Mapping[str, object], model: type[Connector]) -> str:
    """One thing that is wrong with the options, for a person. Values are not repeated: they may be secret."""
    options = list(model.model_fields)
    steps = [str(step) for step in cast("tuple[object, ...]", problem["loc"])]
    option, place = steps[0] if steps else "", ".".join(steps) or "options"
    if problem["type"] == "extra_forbidden":
        return f"{option!r} is not an option{_nearest(option, options)}; known are {', '.join(options)}"
    about = model.model_fields[option].description if option in options else None
    meaning = f" ({' '.join(about.split())})" if about else ""
    if problem["type"] == "missing":
        return f"{place} is missing{meaning}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}{meaning}"


def _nearest(word: str, known: list[str]) -> str:
    """Words for the known word that is most like this one, or nothing."""
    found = get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
