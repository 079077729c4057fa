"""The knowledge base: everything that both journeys share, opened from the settings when first needed."""

from __future__ import annotations

import re
import shutil
import threading
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from config.errors import ConfigError, UnavailableError
from config.settings import Settings, SourceSettings
from ingest.connectors import Connector, connect

if TYPE_CHECKING:
    from ingest.encoding import Encoder
    from ingest.index import Index
    from ingest.ledger import Ledger
    from ingest.parsing import Parsers


Part = TypeVar("Part")


class _opened_once(cached_property[Part]):  # noqa: N801 - used as a decorator
    """A part that is opened when it is first asked for, and only once, by whichever thread comes first."""

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Part:  # type: ignore[override]
        with instance.opening:
            part: Part = super().__get__(instance, owner)
            return part


@dataclass(frozen=True, slots=True)
class Collection:
    """An open index collection and its name."""

    name: str
    index: Index


class KnowledgeBase:
    """The open parts of one installation. Safe to share between threads; close it at the end.

    Opening checks the options of every source, so that whatever is wrong with a configuration is told at
    once, by `ConfigError`; nothing else is opened or loaded until it is asked for.
    """

    def __init__(self, settings: Settings, models: Path | None = None) -> None:
        """`models` is where embedding models are kept, if not in the data folder."""
        self.settings = settings
        self.models = models or settings.data / "models"
        self.connectors = _connect_all(settings)
        self.opening = threading.RLock()
        # One document at a time is between its embedding and its publication, so that is all a kill costs.
        self.publishing = threading.Lock()
        self._collections: dict[str, Index] = {}

    @property
    def data(self) -> Path:
        """The folder of everything that this installation stores."""
        return self.settings.data

    @_opened_once
    def ledger(self) -> Ledger:
        """The ledger, at the current migration."""
        from sqlalchemy import URL

        from ingest.ledger import Ledger

        if self.settings.ledger == "sqlite":
            # Not as text: a folder's name may hold what means something in an address.
            return Ledger(URL.create("sqlite", database=str(self.data / "ledger.db")))
        return Ledger(self.settings.ledger)

    @_opened_once
    def encoder(self) -> Encoder:
        """The embedding model and the translator."""
        from ingest.embedding import open_embedder
        from ingest.encoding import Encoder
        from ingest.translation import open_translator

        return Encoder(
            open_embedder(self.settings.embedding, self.models),
            open_translator(self.settings.translation),
        )

    @_opened_once
    def parsers(self) -> Parsers:
        """The child processes that read documents."""
        from ingest.parsing import Limits, Parsers

        return Parsers(Limits(**self.settings.parsing.model_dump()))

    def sources(self, names: list[str] | None = None) -> list[SourceSettings]:
        """The configured sources of those names, or all. Raises `ConfigError` for a name that is none."""
        known = {source.name: source for source in self.settings.sources}
        unknown = [name for name in names or () if name not in known]
        if unknown:
            raise ConfigError(
                *(
                    f"`{name}` is not a source; configured are: {', '.join(known) or 'none'}"
                    for name in unknown
                )
            )
        return [known[name] for name in names] if names else list(known.values())

    def open_collection(self, name: str) -> Index:
        """The index collection of that name, made if need be; opened once a process."""
        from ingest.index.local import LocalIndex

        with self.opening:
            if name not in self._collections:
                self._collections[name] = LocalIndex(self._folder_of(name), self.encoder.embedder.dimension)
            return self._collections[name]

    def begin_collection(self) -> Collection:
        """A new, empty collection for what the settings name now; noted in the ledger before it is made."""
        name = f"{self.encoder.name}-{uuid.uuid4().hex[:8]}"
        self.ledger.begin_collection(name)
        return Collection(name, self.open_collection(name))

    def drop_collection(self, name: str) -> bool:
        """Remove a collection that is not used any more, whichever model made it; whether it is gone."""
        with self.opening:
            if (index := self._collections.pop(name, None)) is not None:
                index.close()
            folder = self._folder_of(name)
            shutil.rmtree(folder, ignore_errors=True)
            return not folder.exists()

    def collection(self) -> Collection:
        """The collection that questions are answered from, made if there is none and nothing is published.

        Raises `UnavailableError` when it was made by another embedding model than the settings name.
        """
        while True:
            name = self.ledger.collection()
            if name is None:
                # The same name for all who come first, so that they make the same one.
                self.ledger.set_collection(f"{self.encoder.name}-1", instead_of=None)
                continue
            if not name.startswith(self.encoder.embedder.name + "-"):
                raise UnavailableError(
                    f"the index was made for another embedding model ({name}) than `embedding:"
                    f" {self.settings.embedding}` names now; run `sabio rebuild`, or set `embedding` back"
                )
            known = name in self._collections
            index = self.open_collection(name)
            if known or self.ledger.collection() == name:
                return Collection(name, index)
            # It was replaced, and may have been removed, before it was opened.
            self.drop_collection(name)

    def is_current(self, collection: str) -> bool:
        """Whether a collection was made with the model and the translator that are there now."""
        return collection.rpartition("-")[0] == self.encoder.name

    def _folder_of(self, collection: str) -> Path:
        return self.data / "index" / collection

    def close(self) -> None:
        """End child processes and let go of files and connections."""
        for part in ("parsers", "encoder", "ledger"):
            if part in self.__dict__:
                getattr(self, part).close()
        for index in self._collections.values():
            index.close()
        self._collections.clear()

    def __enter__(self) -> KnowledgeBase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connect_all(settings: Settings) -> dict[str, Connector]:
    connectors: dict[str, Connector] = {}
    problems: list[str] = []
    for source in settings.sources:
        options = {"name": source.name, **source.options}
        if source.readers is not None:
            options["readers"] = source.readers
        try:
            connectors[source.name] = _connect(settings, source.type, options)
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(*problems)
    return connectors


def _connect(settings: Settings, type_: str, options: dict[str, Any]) -> Connector:
    state = settings.data / "sources" / str(options["name"])
    connector = connect(type_, options, settings.folder, state)
    if type_ != "folder":
        return connector
    # What we write ourselves is no document: a data folder inside the source's is left out of it.
    root, data = connector.path.resolve(), settings.data.resolve()  # type: ignore[attr-defined]
    if root == data:
        raise ConfigError(
            f"source {options['name']}: path: {root} is Sabio's own data folder (`data`); give either another"
        )
    if data.is_relative_to(root):
        ours = "/" + re.sub(r"([\\*?\[\]!# ])", r"\\\1", data.relative_to(root).as_posix()) + "/"
        connector = connect(type_, {**options, "exclude": (*connector.exclude, ours)}, settings.folder, state)
    return connector
