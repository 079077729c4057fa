"""The knowledge base: everything that both journeys share, opened from the settings when first needed."""

from __future__ import annotations

import threading
import uuid
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from config.errors import ConfigError, UnavailableError
from config.settings import Settings, SourceSettings
from ingest.connectors import Connector, connect

if TYPE_CHECKING:
    from ingest.encoding import Encoder
    from ingest.index import Index
    from ingest.ledger import Ledger
    from ingest.parsing import Parsers


class Collection(NamedTuple):
    """An open index collection and its name."""

    name: str
    index: Index


class KnowledgeBase:
    """The open parts of one installation. Safe to share between threads; close it at the end.

    Opening checks the options of every source, so that whatever is wrong with a configuration is told at
    once, by `ConfigError`; nothing else is opened or loaded until it is asked for.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.connectors = _connect_all(settings)
        self._lock = threading.RLock()
        self._collections: dict[str, Index] = {}

    @property
    def data(self) -> Path:
        """The folder of everything that this installation stores."""
        return self.settings.data

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, at the current migration."""
        from ingest.ledger import Ledger

        url = self.settings.ledger
        return Ledger(f"sqlite:///{self.data / 'ledger.db'}" if url == "sqlite" else url)

    @cached_property
    def encoder(self) -> Encoder:
        """The embedding model and the translator."""
        from ingest.embedding import open_embedder
        from ingest.encoding import Encoder
        from ingest.translation import open_translator

        return Encoder(
            open_embedder(self.settings.embedding, self.data / "models"),
            open_translator(self.settings.translation),
        )

    @cached_property
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

        with self._lock:
            if name not in self._collections:
                self._collections[name] = LocalIndex(
                    self.data / "index" / name, self.encoder.embedder.dimension
                )
            return self._collections[name]

    def new_collection(self) -> Collection:
        """A new, empty collection for what the settings name now."""
        name = f"{self.encoder.name}-{uuid.uuid4().hex[:8]}"
        return Collection(name, self.open_collection(name))

    def drop_collection(self, name: str) -> None:
        """Remove a collection that is not in use any more."""
        with self._lock:
            self.open_collection(name).drop()
            self._collections.pop(name).close()

    def collection(self) -> Collection:
        """The collection that questions are answered from, made if there is none and nothing is published.

        Raises `UnavailableError` when it was made by another embedding model than the settings name.
        """
        name = self.ledger.collection()
        if name is None:
            new = self.new_collection()
            if self.ledger.set_collection(new.name, instead_of=None):
                return new
            self.drop_collection(new.name)
            return self.collection()
        if not name.startswith(self.encoder.embedder.name + "-"):
            raise UnavailableError(
                f"the index was made for another embedding model ({name}) than `embedding:"
                f" {self.settings.embedding}` names now; run `sabio rebuild`, or set `embedding` back"
            )
        return Collection(name, self.open_collection(name))

    def is_current(self, collection: str) -> bool:
        """Whether a collection was made with the model and the translator that are there now."""
        return collection.rpartition("-")[0] == self.encoder.name

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
    connectors, problems = {}, []
    for source in settings.sources:
        options = {"name": source.name, **source.options}
        if source.readers is not None:
            options["readers"] = source.readers
        try:
            connectors[source.name] = connect(
                source.type, options, settings.folder, settings.data / "sources" / source.name
            )
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(*problems)
    return connectors
