"""Every setting of Sabio: its name, its default, its meaning; read once, frozen, and explained when wrong.

Settings come from a YAML file, then from `SABIO_*` environment variables (nested with `__`), then from the
command line. `${NAME}` in a value is read from the environment or a secret file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

# pydantic-settings would read the environment too, but costs every command 0.2 s of start-up.
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from config.errors import ConfigError
from config.fields import IndexAddress, Members, Principals, QueueAddress, Schedule, TimeZone
from config.reading import PREFIX, Reading, explain, fill_references, nearest, read_environment, read_file
from config.secrets import Vault, mask, secrets_in, spellings

EXAMPLE = Path(__file__).with_name("sabio.yaml")
"""The commented example, which runs as it is on the sample documents beside it."""

# A pod gets SABIO_PORT, SABIO_SERVICE_HOST, SABIO_PORT_80_TCP_ADDR and more of each service beside it.
_FROM_KUBERNETES = re.compile(r"_(SERVICE_(HOST|PORT(_.*)?)|PORT(_\d+_.*)?)$")
_OTHER_VARIABLES = ("config", "secrets_dir")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class SourceSettings(_Section):
    """A place that documents come from. Keys beyond these are the options of its connector."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="How people name this source in commands: letters, digits, `.`, `_`, `-`. Unique.",
    )
    type: str = Field(min_length=1, description="Which connector reads it: `folder`, `git`.")
    label: str | None = Field(None, description="How answers name it. Not set: its name.")
    schedule: Schedule | None = Field(
        None,
        description="When it is synced: `hourly`, `daily`, `weekly` or cron's five fields."
        " Not set: `sync.schedule`.",
    )
    readers: Principals | None = Field(
        None,
        description="Who may read what the source itself says nothing about: a list of `everyone`,"
        " `user:E-MAIL`, `group:NAME`, `domain:NAME`. Not set: nobody.",
    )

    @property
    def options(self) -> dict[str, Any]:
        """What is left for the connector, as written in the file."""
        return dict(self.model_extra or {})

    def __repr__(self) -> str:
        """Without its options, which may hold secrets."""
        return f"SourceSettings(name={self.name!r}, type={self.type!r})"


class SyncSettings(_Section):
    """How documents are brought in and kept current."""

    schedule: Schedule = Field("weekly", description="When sources are synced that do not say it themselves.")
    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        "sunday", description="The day of `weekly`."
    )
    hour: int = Field(3, ge=0, le=23, description="The hour of `weekly` and `daily`.")
    time_zone: TimeZone = Field("UTC", description="Whose clock schedules go by, as `Europe/Madrid`.")
    permissions_minutes: float = Field(
        30, ge=1, description="Who may read what is looked up anew this often, apart from any sync."
    )
    brake_share: float = Field(
        0.15,
        ge=0,
        le=1,
        description="Removals above this share of a source's documents are held for a person's word…",
    )
    brake_count: int = Field(20, ge=0, description="…if they are also more than this many.")
    attempts: int = Field(
        3, ge=1, description="A document is put into quarantine after failing this many times."
    )
    lease_seconds: float = Field(
        60, ge=5, description="A worker that is silent for this long has lost its documents to the others."
    )
    batch: int = Field(16, ge=1, le=1000, description="Documents that one worker takes at a time.")
    rollback_days: float = Field(
        7, ge=0, description="An index that was replaced is kept this long, for `sabio rebuild --rollback`."
    )


class ParsingSettings(_Section):
    """Limits for the child processes that read documents."""

    memory_mb: int = Field(800, ge=256, description="Memory that one child process may use, in MB.")
    seconds: float = Field(60, gt=0, description="Time that reading one document may take.")
    processes: int = Field(2, ge=1, le=256, description="Child processes that read documents at once.")
    max_mb: int = Field(100, ge=1, description="Documents larger than this many MB are not read.")


class AnswerSettings(_Section):
    """What an answer looks like."""

    sentences: int = Field(5, ge=1, le=20, description="The most sentences that one answer quotes.")


class ServerSettings(_Section):
    """Where `sabio serve` listens, and where workers and the beat answer for their health."""

    host: str = Field("127.0.0.1", min_length=1, description="The address to listen on; `0.0.0.0`: all.")
    port: int = Field(
        3978,
        ge=0,
        le=65535,
        description="The port of `serve`; 0: any. `work` takes the next one, `beat` the"
        " one after it, and any where those are taken.",
    )


class TelemetrySettings(_Section):
    """What leaves the process for those who watch it."""

    traces: str | None = Field(
        None,
        description="Where traces go: an OpenTelemetry collector, as `http://127.0.0.1:4318/v1/traces`. Needs"
        " the extra `traces`.",
    )


class LogSettings(_Section):
    """What is logged, to the standard error stream."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="The least that is logged; `debug` adds stack traces."
    )
    format: Literal["console", "json"] = Field(
        "console", description="Lines for people, or one JSON object a line."
    )


class Settings(_Section):
    """Everything an operator decides. Made by `load_settings`; safe to print."""

    data: Path = Field(
        Path("var"), description="Folder of everything that Sabio stores. Relative to the file that says it."
    )
    llm: Literal["none"] = Field(
        "none", description="The language model that writes answers; `none`: answers are quotations."
    )
    embedding: str = Field(
        "local",
        min_length=1,
        description="The embedding model: `local`, `onnx:FOLDER`, or `provider:model` of LlamaIndex.",
    )
    translation: Literal["auto", "none", "apertium"] = Field(
        "auto",
        description="Translator for languages that the embedding model does not know;"
        " `auto`: where installed.",
    )
    ledger: str = Field(
        "sqlite",
        min_length=1,
        description="The record of what is published: `sqlite` (a file in `data`), or"
        " `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`.",
    )
    index: IndexAddress = Field(
        "local",
        description="The search engine: `local` (files in `data`), or `weaviate://HOST:PORT?grpc=PORT`"
        " (`weaviates://` by TLS); see docs/production.md.",
    )
    weaviate_api_key: str | None = Field(None, description="Weaviate's API key, where it asks for one.")
    queue: QueueAddress = Field(
        "none",
        description="What carries work to workers: `redis://HOST:PORT/NUMBER` (`rediss://` by TLS);"
        " `none`: `sabio serve` and `sabio work` do it themselves.",
    )
    sources: tuple[SourceSettings, ...] = Field((), description="The places that documents come from.")
    groups: dict[str, Members] = Field(
        default_factory=dict, description="Your own groups: a name, and its members as e-mails or principals."
    )
    sync: SyncSettings = Field(SyncSettings(), description=SyncSettings.__doc__)
    parsing: ParsingSettings = Field(ParsingSettings(), description=ParsingSettings.__doc__)
    answers: AnswerSettings = Field(AnswerSettings(), description=AnswerSettings.__doc__)
    server: ServerSettings = Field(ServerSettings(), description=ServerSettings.__doc__)
    telemetry: TelemetrySettings = Field(TelemetrySettings(), description=TelemetrySettings.__doc__)
    log: LogSettings = Field(LogSettings(), description=LogSettings.__doc__)

    _file: Path = PrivateAttr(EXAMPLE)
    _secrets: frozenset[str] = PrivateAttr(frozenset())

    @model_validator(mode="after")
    def _source_names_are_unique(self) -> Settings:
        seen: set[str] = set()
        for source in self.sources:
            # File systems that ignore case would give both the same folder.
            if source.name.lower() in seen:
                raise ValueError(f"two sources are named `{source.name}`; each needs a name of its own")
            seen.add(source.name.lower())
        return self

    def model_post_init(self, context: Any) -> None:
        """Keep what `load_settings` knows besides the values: the file, and every spelling of the secrets."""
        if context:
            self._file = context["file"]
            self._secrets = context["secrets"]

    @property
    def file(self) -> Path:
        """The configuration file that these settings were read from."""
        return self._file

    @property
    def folder(self) -> Path:
        """Where the file stands; relative paths in the options of sources start here."""
        return self._file.parent

    @property
    def secrets(self) -> frozenset[str]:
        """Every spelling of every secret value, for masking. Never print it."""
        return self._secrets

    def schedule(self, source: SourceSettings) -> str:
        """When a source is synced: by its own schedule, or by the common one."""
        return source.schedule or self.sync.schedule

    def __repr__(self) -> str:
        """With secrets masked."""
        return mask(super().__repr__(), self._secrets)

    __str__ = __repr__


SOURCE_KEYS = frozenset(SourceSettings.model_fields)
"""The keys that every source takes beside the options of its connector."""


def find_config(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The configuration file: `path` (`--config`), `SABIO_CONFIG`, `./sabio.yaml`, or the example."""
    named = path or environ.get("SABIO_CONFIG")
    if named:
        return Path(named).expanduser().absolute()
    here = Path.cwd() / "sabio.yaml"
    return here if here.exists() else EXAMPLE


def load_settings(
    path: Path | None = None, *, data: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of the file that `find_config` finds, overlaid by `SABIO_*` variables and by `data`.

    Raises `ConfigError` with everything that is wrong, at once.
    """
    file = find_config(path, environ)
    reading = read_file(file, _shown(file))
    # `sources:` with every line below it commented out.
    for name in [name for name in Settings.model_fields if reading.values.get(name, "") is None]:
        del reading.values[name]
    read_environment(reading, environ, frozenset(Settings.model_fields))
    vault = Vault(environ)
    fill_references(reading, vault)
    secrets = spellings({*vault.found, *secrets_in(reading.values)} - reading.unfilled)
    # The example lies inside the installed package, which is no place to write to.
    base = Path.cwd() if file == EXAMPLE else file.parent
    _place_paths(reading, base, data)
    settings = None
    try:
        settings = Settings.model_validate(reading.values, context={"file": file, "secrets": secrets})
    except ValidationError as error:
        explain(reading, error, Settings)
    if settings is None or reading.problems:
        raise ConfigError(*(mask(problem, secrets) for problem in reading.problems))
    return settings


def warnings(environ: Mapping[str, str], settings: Settings | None = None) -> list[str]:
    """What is allowed but probably not meant, one message each.

    A `SABIO_*` variable that is not a setting but close to one, and a group of readers that nobody is in.
    """
    known = [*Settings.model_fields, *_OTHER_VARIABLES]
    found = []
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name.split("__")[0] in known:
            continue
        if _FROM_KUBERNETES.search(variable):
            continue
        if near := nearest(name.split("__")[0], known):
            found.append(f"{variable} is not read; did you mean {PREFIX}{near.upper()}?")
    # Groups that a source brings have its name before a slash; the others are the operator's own.
    found.extend(
        f"`{reader}` may read the source `{source.name}`, but `groups` has no `{reader[6:]}`"
        for source in (settings.sources if settings else ())
        for reader in sorted(source.readers or ())
        if settings
        and reader.startswith("group:")
        and "/" not in reader
        and reader[6:] not in settings.groups
    )
    return found


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _place_paths(reading: Reading, base: Path, data: Path | None) -> None:
    """Make relative paths absolute: those of the file start at `base`, a person's where that person is."""
    values = reading.values

    def placed(place: str, path: str) -> str:
        start = Path.cwd() if (place,) in reading.variables else base
        return os.path.normpath(start / Path(path).expanduser())

    if data is not None:
        values["data"] = os.path.normpath(Path.cwd() / data.expanduser())
    elif isinstance(given := values.get("data", "./var"), str):
        values["data"] = placed("data", given)
    embedding = values.get("embedding")
    if isinstance(embedding, str) and embedding.startswith("onnx:"):
        values["embedding"] = "onnx:" + placed("embedding", embedding.removeprefix("onnx:"))
