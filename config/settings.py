"""Every setting of Sabio: its name, its default, its meaning; read once, frozen, and explained when wrong.

Settings come from a YAML file, then from `SABIO_*` environment variables (nested with `__`), then from the
command line. `${NAME}` in a value is read from the environment or a secret file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

# pydantic-settings would read the environment too, but costs every command 0.2 s of start-up.
from pydantic import (
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from config.chat import SlackSettings, TeamsSettings
from config.errors import ConfigError
from config.fields import Aliases, EMail, IndexAddress, Members, ModelName, QueueAddress
from config.reading import PREFIX, Reading, explain, fill_references, nearest, read_environment, read_file
from config.secrets import Vault, mask, secrets_in, spellings
from config.sections import (
    AnswerSettings,
    EvaluationSettings,
    LimitSettings,
    LogSettings,
    ParsingSettings,
    Section,
    ServerSettings,
    SourceSettings,
    SpendSettings,
    SyncSettings,
    TelemetrySettings,
)

EXAMPLE = Path(__file__).with_name("sabio.yaml")
"""The commented example, which runs as it is on the sample documents beside it."""

# A pod gets SABIO_PORT, SABIO_SERVICE_HOST, SABIO_PORT_80_TCP_ADDR and more of each service beside it.
_FROM_KUBERNETES = re.compile(r"_(SERVICE_(HOST|PORT(_.*)?)|PORT(_\d+_.*)?)$")
_OTHER_VARIABLES = ("config", "secrets_dir")


class Settings(Section):
    """Everything an operator decides. Made by `load_settings`; safe to print."""

    data: Path = Field(
        Path("var"), description="Folder of everything that Sabio stores. Relative to the file that says it."
    )
    llm: ModelName = Field(
        "none",
        description="The language model that writes answers, as `openai:gpt-4o-mini`, `azure:DEPLOYMENT`,"
        " `anthropic:…`, `ollama:…`, `openai-like:…` (any server that speaks OpenAI's protocol), `bedrock:…`,"
        " `gemini:…`, or another LlamaIndex integration; `none`: answers are quotations.",
    )
    llm_url: str | None = Field(
        None, description="Where its server is, as `http://127.0.0.1:9000/v1`. Not set: the provider's own."
    )
    llm_api_key: str | None = Field(
        None, description="Its key. Not set: the provider's usual variable, as `OPENAI_API_KEY`."
    )
    llm_options: dict[str, Any] = Field(
        default_factory=dict, description="More arguments of its LlamaIndex class, as `{temperature: 0}`."
    )
    llm_fallback: ModelName = Field(
        "none", description="The language model that steps in where the first is down or throttles."
    )
    llm_fallback_url: str | None = Field(None, description="Where that one's server is.")
    llm_fallback_api_key: str | None = Field(None, description="That one's key.")
    llm_patience: float = Field(
        8,
        gt=0,
        description="Seconds that a language model may take to begin its reply (half of them where"
        " `llm_fallback` can step in), and then to go on with it; after that the answer is quoted.",
    )
    llm_seconds: float = Field(60, gt=0, description="Seconds that a whole reply of it may take.")
    reranker: ModelName = Field(
        "none",
        description="What orders the found passages anew, as `cohere:rerank-v3.5`: a node postprocessor of"
        " LlamaIndex.",
    )
    reranker_options: dict[str, Any] = Field(
        default_factory=dict, description="Arguments of its class, as `{api_key: ${COHERE_API_KEY}}`."
    )
    verify: Literal["normal", "strict"] = Field(
        "normal",
        description="How a language model's sentences are checked; `strict`: it is also asked whether the"
        " quotes carry each one.",
    )
    glossary: Path | None = Field(
        None,
        description="A YAML file of the company's own words, `word: meaning`; the language model is told"
        " those that come up.",
    )
    tone: str = Field(
        "", max_length=300, description="How the language model should sound, as `brief and friendly`."
    )
    spend: SpendSettings = Field(SpendSettings(), description="What the language model may be used for.")
    limits: LimitSettings = Field(LimitSettings(), description="What one person may ask of Sabio.")
    embedding: str = Field(
        "local",
        min_length=1,
        description="The embedding model: `local`, `onnx:FOLDER`, or `provider:model` of LlamaIndex.",
    )
    models: Path | None = Field(
        None,
        description="A folder with the local embedding model, made beforehand and only read, as container"
        " images have one. Not set, or the model not in it: it is made in `data` when it is first needed.",
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
    aliases: dict[EMail, Aliases] = Field(
        default_factory=dict,
        description="What else a source calls a person: by an e-mail, other e-mails of the same person, and"
        " accounts whose e-mail a source does not tell, as `user:SOURCE/ACCOUNT` (`sabio why` shows them).",
    )
    admins: Members = Field(
        frozenset(),
        description="Who may run Sabio from a chat: e-mails, `group:NAME` of `groups` or of the platform"
        " (`group:slack/ops`), `domain:NAME`. Not set: nobody.",
    )
    sync: SyncSettings = Field(SyncSettings(), description=SyncSettings.__doc__)
    parsing: ParsingSettings = Field(ParsingSettings(), description=ParsingSettings.__doc__)
    answers: AnswerSettings = Field(AnswerSettings(), description=AnswerSettings.__doc__)
    evaluation: EvaluationSettings = Field(EvaluationSettings(), description=EvaluationSettings.__doc__)
    slack: SlackSettings = Field(SlackSettings(), description=SlackSettings.__doc__)
    teams: TeamsSettings = Field(TeamsSettings(), description=TeamsSettings.__doc__)
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

    @field_validator("slack")
    @classmethod
    def _channels_name_sources(cls, slack: SlackSettings, info: ValidationInfo) -> SlackSettings:
        known = {source.name for source in info.data.get("sources", ())}
        wrong = [
            f"`channels.{channel}.sources`: `{name}` is not a source"
            + (f"; did you mean `{near}`?" if (near := nearest(name, known)) else "")
            for channel, settings in slack.channels.items()
            for name in sorted((settings.sources or frozenset()) - known)
        ]
        if wrong and "sources" in info.data:
            raise ValueError(", and ".join(wrong))
        return slack

    @field_validator("aliases")
    @classmethod
    def _aliases_are_of_one_person(cls, aliases: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
        whose: dict[str, str] = {}
        for email, others in aliases.items():
            for name in {f"user:{email}", *others}:
                if whose.setdefault(name, email) != email:
                    raise ValueError(f"`{name}` stands for two people, {whose[name]} and {email}")
        return aliases

    @field_validator("admins")
    @classmethod
    def _admins_are_somebody(cls, admins: frozenset[str]) -> frozenset[str]:
        if "everyone" in admins:
            raise ValueError("`everyone` is nobody in particular: name people, groups or a domain")
        return admins

    def model_post_init(self, context: Any) -> None:
        """Keep what `load_settings` knows besides the values: the file, and every spelling of the secrets."""
        if context:
            self._file = context["file"]
            self._secrets = context["secrets"]

    @property
    def identities(self) -> tuple[frozenset[str], ...]:
        """The principals that stand for the same person, for each person with aliases."""
        return tuple(frozenset({f"user:{email}", *others}) for email, others in self.aliases.items())

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

    def masked(self, text: str) -> str:
        """A text of whatever origin without them, for what is kept and shown."""
        return mask(text, self.secrets)

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
    _find_tokens(reading.values, vault)
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

    A `SABIO_*` variable that is not a setting but close to one, and a group of readers or admins that nobody
    is in.
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
        if settings and _is_nobody(reader, settings)
    )
    found.extend(
        f"`{admin}` may run Sabio from a chat (`admins`), but `groups` has no `{admin[6:]}`"
        for admin in sorted(settings.admins if settings else ())
        if settings and _is_nobody(admin, settings)
    )
    return found


def _is_nobody(principal: str, settings: Settings) -> bool:
    """Whether it is a group of the operator's own that there is not."""
    is_own = principal.startswith("group:") and "/" not in principal
    return is_own and principal[6:] not in settings.groups


def _find_tokens(values: dict[str, Any], vault: Vault) -> None:
    """Take the chat platforms' secrets, where the file does not say them, from where their own tools look."""
    _fill(values, vault, "slack", ("bot_token", "app_token", "signing_secret"), "SLACK_")
    _fill(values, vault, "teams", ("app_password",), "TEAMS_")
    slack = values.get("slack")
    if isinstance(slack, dict) and isinstance(slack.get("oauth"), dict):
        _fill(slack, vault, "oauth", ("client_secret",), "SLACK_")


def _fill(values: dict[str, Any], vault: Vault, section: str, keys: Sequence[str], prefix: str) -> None:
    given = values.get(section, {})
    if isinstance(given, dict):
        for key in keys:
            if key not in given:
                with suppress(LookupError):
                    values.setdefault(section, given)[key] = vault.fill(f"${{{prefix}{key.upper()}}}")


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
    for setting in ("glossary", "models"):
        if isinstance(path := values.get(setting), str):
            values[setting] = placed(setting, path)
    embedding = values.get("embedding")
    if isinstance(embedding, str) and embedding.startswith("onnx:"):
        values["embedding"] = "onnx:" + placed("embedding", embedding.removeprefix("onnx:"))
