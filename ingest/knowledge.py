"""The knowledge base: everything that both journeys share, opened from the settings when first needed."""

from __future__ import annotations

import logging
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from config.errors import ConfigError, SabioError, UnavailableError
from config.sections import SourceSettings
from config.settings import Settings
from ingest.connectors import Connector, connect
from ingest.documents import Readers
from ingest.permissions import principals_of

if TYPE_CHECKING:
    from sqlalchemy import URL

    from ingest.embedding import Embedder
    from ingest.encoding import Encoder
    from ingest.index import Engine, Index
    from ingest.ledger import Ledger
    from ingest.ledger.collections import Noted
    from ingest.parsing import Parsers

log = logging.getLogger(__name__)

Part = TypeVar("Part")


_PLATFORMS = frozenset({"slack", "teams"})


class _opened_once(cached_property[Part]):  # noqa: N801 - used as a decorator
    """A part that is opened when it is first asked for, and only once, by whichever thread comes first."""

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Part:  # type: ignore[override]
        with instance.opening:
            part: Part = super().__get__(instance, owner)
            return part


@dataclass(frozen=True, slots=True)
class Collection:
    """An open index collection, its name, and the model that it was made with.

    Whatever is asked of it or written to it is encoded by that model, also while the settings name another
    one already: that one's turn comes when the index has been made anew.
    """

    name: str
    index: Index
    encoder: Encoder


def migrate_ledger(settings: Settings) -> tuple[str | None, str]:
    """Bring the ledger's tables up to date: the migration that they stood at (None: there were none), and the
    one that they stand at now. Nothing else of the installation is opened or needed."""
    from ingest.ledger import Ledger

    ledger = Ledger(_ledger_address(settings), migrate=False)
    try:
        before = ledger.revision()
        ledger.upgrade()
        return before, str(ledger.revision())
    finally:
        ledger.close()


def _ledger_address(settings: Settings) -> str | URL:
    from sqlalchemy import URL

    if settings.ledger == "sqlite":
        # Not as text: a folder's name may hold what means something in an address.
        return URL.create("sqlite", database=str(settings.data / "ledger.db"))
    return settings.ledger


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
        self.opened_at = datetime.now(UTC)
        self._collections: dict[str, Index] = {}
        self._last: Collection | None = None
        self._others: dict[tuple[str, str], Encoder] = {}
        self._down: tuple[float, str] | None = None
        self._kept: dict[str, Any] = {}

    @property
    def data(self) -> Path:
        """The folder of everything that this installation stores."""
        return self.settings.data

    @_opened_once
    def ledger(self) -> Ledger:
        """The ledger, at the current migration."""
        from ingest.ledger import Ledger

        return Ledger(self.ledger_address)

    @property
    def ledger_address(self) -> str | URL:
        """Where the ledger is."""
        return _ledger_address(self.settings)

    @_opened_once
    def encoder(self) -> Encoder:
        """The embedding model and the translator."""
        from ingest.encoding import Encoder
        from ingest.translation import open_translator

        return Encoder(
            self.open_embedder(self.settings.embedding),
            open_translator(self.settings.translation),
        )

    def open_embedder(self, name: str) -> Embedder:
        """The embedding model of that name, opened anew at each call."""
        from ingest import embedding

        return embedding.open_embedder(name, self.models, made=self.settings.models)

    @_opened_once
    def engine(self) -> Engine:
        """Where the index collections are kept."""
        from ingest.index import open_engine

        return open_engine(self.settings)

    @_opened_once
    def parsers(self) -> Parsers:
        """The child processes that read documents. Raises `ConfigError` where the libraries are missing."""
        from ingest.parsing import Limits, Parsers, need_parsers

        need_parsers()
        return Parsers(Limits(**self.settings.parsing.model_dump()))

    @property
    def knowing(self) -> frozenset[str]:
        """The sources that say themselves who may read."""
        return frozenset(name for name, one in self.connectors.items() if one.knows_readers)

    def principals(self, email: str | None, belongs_to: Readers = frozenset()) -> Readers:
        """Everything that a person counts as, by the operator's groups and by those that sources keep.

        `email` and the groups that the person `belongs_to` elsewhere are verified. Raises `UnavailableError`
        where the ledger has to be asked and is down.
        """
        aliases = self.settings.identities
        if email and self.knowing:
            from ingest.ledger import access

            alone = principals_of(email, {}, aliases=aliases)
            with self.ledger.read() as ledger:
                belongs_to |= access.belongs_to(ledger, alone, self.knowing)
        return principals_of(email, self.settings.groups, belongs_to, aliases)

    def keep(self, name: str, open_: Callable[[], Part]) -> Part:
        """A part that another package keeps with this installation: opened by whoever asks first.

        One that has a `close` is closed at the end.
        """
        with self.opening:
            if name not in self._kept:
                self._kept[name] = open_()
            part: Part = self._kept[name]
            return part

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

    def open_collection(self, name: str, encoder: Encoder | None = None) -> Index:
        """The index collection of that name, made if need be; opened once a process.

        `encoder` is the one that it is made with, if not what the settings name.
        """
        asked = time.monotonic()
        with self.opening:
            index = self._collections.get(name)
            if index is None or index.gone:
                if self._down is not None and self._down[0] > asked:
                    # Somebody has tried while this call waited for its turn; so many would wait for long.
                    raise UnavailableError(self._down[1])
                dimension = (encoder or self.encoder).embedder.dimension
                try:
                    index = self._collections[name] = self.engine.open(name, dimension)
                except UnavailableError as error:
                    self._down = (time.monotonic(), str(error))
                    raise
            return index

    def begin_collection(self) -> Collection:
        """A new, empty collection for what the settings name now; noted in the ledger before it is made."""
        name = self._new_name()
        self.ledger.begin_collection(name, self.made_with())
        return Collection(name, self.open_collection(name), self.encoder)

    def reopen_collection(self, noted: Noted) -> Collection:
        """A collection that the ledger knows, with the model that it was made with.

        Raises `UnavailableError` when that model cannot be had.
        """
        encoder = self._encoder_of(noted)
        return Collection(noted.name, self.open_collection(noted.name, encoder), encoder)

    def drop_collection(self, name: str) -> bool:
        """Remove a collection that is not used any more, whichever model made it; whether it is gone."""
        with self.opening:
            if (index := self._collections.pop(name, None)) is not None:
                index.close()
            return self.engine.drop(name)

    def collection(self) -> Collection:
        """The collection that questions are answered from, made if there is none and nothing is published.

        Raises `UnavailableError` when the embedding model that it was made with cannot be had.
        """
        while True:
            used = self.ledger.collections().used
            if used is None:
                # Several may come first; one of them is first in the ledger, and all open what it names.
                self.ledger.set_collection(self._new_name(), instead_of=None, made_with=self.made_with())
                continue
            index = self._collections.get(used.name)
            if index is not None and not index.gone:
                self._last = Collection(used.name, index, self._encoder_of(used))
                return self._last
            found = self.reopen_collection(used)
            there = self.ledger.collections()
            if there.used and there.used.name == used.name:
                self.show_collection(used.name)
                self._last = found
                return found
            # It was replaced, and may have been removed, before it was opened.
            if used.name not in there.names():
                self.drop_collection(used.name)

    def last_collection(self) -> Collection:
        """The same as this process saw it last, for whoever asks the ledger afterwards whether it is still
        in use: a look less."""
        last = self._last
        return self.collection() if last is None or last.index.gone else last

    def show_collection(self, name: str) -> None:
        """Let the engine point to the collection in use. The ledger decides; this is for those who look."""
        try:
            self.engine.point_to(name)
        except SabioError as error:
            log.warning("the index engine does not show which collection is in use: %s", error)

    def encoder_in_use(self) -> Encoder:
        """The model that the collection in use was made with, or that the first one will be made with."""
        used = self.ledger.collections().used
        return self._encoder_of(used) if used else self.encoder

    def made_with(self) -> dict[str, str]:
        """What a collection that is made now is made with, for the ledger."""
        settings = self.settings
        return {
            "embedding": settings.embedding,
            "translation": settings.translation,
            "encoder": self.encoder.name,
        }

    def is_current(self, collection: str) -> bool:
        """Whether a collection was made with the model and the translator that are there now."""
        return collection.rpartition("-")[0] == self.encoder.name

    def _new_name(self) -> str:
        """Unlike every other's: several installations may share a server."""
        return f"{self.encoder.name}-{uuid.uuid4().hex[:8]}"

    def _encoder_of(self, noted: Noted) -> Encoder:
        named = (self.settings.embedding, self.settings.translation)
        words = (noted.made_with.get("embedding", named[0]), noted.made_with.get("translation", named[1]))
        encoder = self.encoder if words == named else self._other_encoder(*words)
        # Another translator than before does little harm until the index is made anew; vectors of another
        # model have nothing to do with these.
        if not noted.name.startswith(encoder.embedder.name + "-"):
            raise UnavailableError(
                f"the index was made for another embedding model ({noted.name}) than `embedding: {words[0]}`"
                " names now; run `sabio rebuild`, or set `embedding` back"
            )
        return encoder

    def _other_encoder(self, embedding: str, translation: str) -> Encoder:
        """A model that the settings do not name any more, opened once."""
        from ingest.encoding import Encoder
        from ingest.translation import open_translator

        with self.opening:
            if (embedding, translation) not in self._others:
                try:
                    if embedding == self.settings.embedding:
                        embedder = self.encoder.embedder
                    else:
                        embedder = self.open_embedder(embedding)
                except ConfigError as error:
                    raise UnavailableError(
                        f"the index in use was made with `embedding: {embedding}`, which is not there any"
                        f" more ({error}); run `sabio rebuild`"
                    ) from error
                try:
                    translator = open_translator(translation)
                except ConfigError:
                    translator = open_translator("auto")
                self._others[embedding, translation] = Encoder(embedder, translator)
            return self._others[embedding, translation]

    def close(self) -> None:
        """End child processes and let go of files and connections."""
        for index in self._collections.values():
            index.close()
        self._collections.clear()
        for encoder in self._others.values():
            encoder.close()
        for kept in self._kept.values():
            if hasattr(kept, "close"):
                kept.close()
        for part in ("parsers", "encoder", "engine", "ledger"):
            if part in self.__dict__:
                getattr(self, part).close()

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
            made = connectors[source.name] = _connect(settings, source.type, options)
            if made.knows_readers and source.name in _PLATFORMS:
                raise ConfigError(
                    f"source {source.name}: name: its groups would be called as those of the chat platform"
                    f" (`group:{source.name}/…`); give it another"
                )
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
