"""`provider:model` to a LlamaIndex model. The only place that knows how LlamaIndex's integrations are called.

An integration is a package of its own (`llama-index-embeddings-openai`); whichever is installed can be named.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from config.errors import ConfigError, UnavailableError
from config.telemetry import keep_libraries_quiet

if TYPE_CHECKING:
    import httpx
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from tenacity import RetryCallState

Reply = TypeVar("Reply")

# Integrations that are extras of Sabio itself, locked and tested with it, by the extra's name.
_EXTRAS = {
    "embeddings.openai": "openai",
    "embeddings.ollama": "ollama",
    "llms.ollama": "ollama",
    "llms.anthropic": "anthropic",
    "llms.azure_openai": "azure",
    "llms.bedrock_converse": "bedrock",
    "llms.google_genai": "gemini",
    "postprocessor.cohere_rerank": "cohere",
}
# What people call an integration whose package has another name.
_ALIASES = {
    # The class for every server that speaks OpenAI's protocol takes any model's name; OpenAI's own class
    # refuses to start with names that are newer than itself.
    "llms": {
        "openai": "openai_like",
        "azure": "azure_openai",
        "bedrock": "bedrock_converse",
        "gemini": "google_genai",
    },
    "postprocessor": {"cohere": "cohere_rerank", "jina": "jinaai_rerank", "voyage": "voyageai_rerank"},
}
# How an integration wants to be told the model. OpenAI's `model` refuses names that it does not know, such as
# those of a company's own gateway; its `model_name` takes any.
_KEYWORDS = {"openai": "model_name"}
# A provider's own patience, where it has such a setting, gives way to `reach`, which knows who is waiting.
_PATIENCE: dict[str, object] = {"max_retries": 0, "timeout": 30.0}
_LONGEST_WAIT = 30.0  # seconds
# What each class of language models needs besides, by its module. Two thousand tokens are three pages; some
# classes' own limits would cut an answer short.
_LANGUAGE_MODELS: dict[str, dict[str, object]] = {
    "openai_like": {"is_chat_model": True, "additional_kwargs": {"stream_options": {"include_usage": True}}},
    "azure_openai": {"additional_kwargs": {"stream_options": {"include_usage": True}}},
    "anthropic": {"max_tokens": 2048},
    "bedrock_converse": {"max_tokens": 2048, "max_retries": 1},  # at least one
    "google_genai": {"max_tokens": 8192, "context_window": 1_000_000},  # else its class asks the network
}


def embedding_model(name: str, options: Mapping[str, object] | None = None) -> BaseEmbedding:
    """LlamaIndex's embedding of the name `provider:model`, such as `openai:text-embedding-3-small`.

    `options` are arguments of the integration's class. Nothing is asked of the network. Raises `ConfigError`
    when the package is not installed or its class refuses the arguments.
    """
    from llama_index.core.base.embeddings.base import BaseEmbedding

    provider, _, model = name.partition(":")
    module = _import_integration("embedding", "embeddings", provider)
    kind = _only_class(module, BaseEmbedding)
    accepted = inspect.signature(kind.__init__).parameters
    keyword = _KEYWORDS.get(provider, "model" if "model" in accepted else "model_name")
    patience = {key: value for key, value in _PATIENCE.items() if key in accepted}
    made: BaseEmbedding = _start("embedding", name, kind, {**patience, keyword: model, **(options or {})})
    return made


def language_model(
    setting: str,
    name: str,
    *,
    url: str | None = None,
    key: str | None = None,
    patience: float = 30.0,
    client: httpx.Client | None = None,
    options: Mapping[str, object] | None = None,
) -> LLM:
    """LlamaIndex's language model of the name `provider:model`, such as `openai:gpt-4o-mini`.

    `setting` is where the name stands, for messages; `url` the server, `key` its key, `patience` the seconds
    that one read from it may take, `client` what those classes speak through that take one. Nothing is asked
    of the network. Raises `ConfigError` when the package is not installed or its class refuses the arguments.
    """
    from llama_index.core.llms import LLM

    provider, _, model = name.partition(":")
    module = _import_integration(setting, "llms", provider)
    kind = _only_class(module, LLM)
    accepted = _accepted(kind)
    arguments: dict[str, object] = {"engine" if "engine" in accepted else "model": model, "max_retries": 0}
    arguments |= {"timeout": patience, "request_timeout": patience}
    arguments["http_options"] = {"timeout": int(1000 * patience)} | ({"base_url": url} if url else {})
    arguments |= dict.fromkeys(("base_url", "endpoint_url", "azure_endpoint"), url) if url else {}
    if url and "azure_endpoint" not in accepted:
        arguments["api_base"] = url
    if client:
        arguments["http_client"] = client
    if key:
        arguments["api_key"] = key
        if "api_key" not in accepted:
            arguments["headers"] = {"Authorization": f"Bearer {key}"}
    arguments |= _LANGUAGE_MODELS.get(module.__name__.rpartition(".")[2], {})
    if provider == "openai-like" and not key:
        # Else the class would send OPENAI_API_KEY, where that is set, to whatever server this is.
        arguments["api_key"] = "none"
    known = {name: value for name, value in arguments.items() if name in accepted}
    made: LLM = _start(setting, name, kind, {**known, **(options or {})})
    return made


def reranker(name: str, options: Mapping[str, object] | None = None) -> BaseNodePostprocessor:
    """LlamaIndex's node postprocessor of the name `provider:model`, such as `cohere:rerank-v3.5`.

    Raises `ConfigError` as `language_model` does.
    """
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

    provider, _, model = name.partition(":")
    kind = _only_class(_import_integration("reranker", "postprocessor", provider), BaseNodePostprocessor)
    accepted = _accepted(kind)
    made: BaseNodePostprocessor = _start(
        "reranker", name, kind, {"model" if "model" in accepted else "model_name": model, **(options or {})}
    )
    return made


def translate(name: str, error: Exception) -> ConfigError | UnavailableError | None:
    """A vendor's exception in our words; None for one that is no vendor's.

    Vendors share no class, but they do share HTTP.
    """
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    ancestors = {kind.__name__ for kind in type(error).__mro__}
    if status in {401, 403}:  # the vendor's own words may repeat a part of the key
        return ConfigError(f"The model {name} refused the credentials (HTTP {status}): check its API key.")
    if status in {408, 409, 425, 429} or (isinstance(status, int) and status >= 500):
        return UnavailableError(f"The model {name} is not available (HTTP {status}).", _retry_after(response))
    if isinstance(status, int) and status >= 400:
        return ConfigError(f"The model {name} refused the request (HTTP {status}): {error}")
    if ancestors & {"ConnectionError", "TimeoutError", "TransportError", "APIConnectionError"}:
        return UnavailableError(f"The model {name} cannot be reached: {error}")
    if "api_key" in str(error) or "API key" in str(error):
        return ConfigError(f"The model {name} has no API key: {error}")
    return None


def _accepted(kind: Any) -> set[str]:
    """The arguments that a class takes, be it by its fields."""
    return {*inspect.signature(kind.__init__).parameters, *kind.model_fields}


def _start(setting: str, name: str, kind: Any, arguments: Mapping[str, object]) -> Any:
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:  # pydantic's ValidationError is a ValueError
        raise ConfigError(f"`{setting}: {name}` does not start: {error}") from error
    except Exception as error:  # a missing key has a class of each vendor's own
        raise translate(name, error) or ConfigError(f"`{setting}: {name}` does not start: {error}") from error


def reach(name: str, call: Callable[[], Reply], attempts: int) -> Reply:
    """What `call` gives, asked again while the model `name` is away, at most `attempts` times.

    Raises `UnavailableError` when the model stays away or throttles and `ConfigError` when it refuses; what
    is neither is a programming error and passes as it is.
    """
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

    again = retry_if_exception_type(UnavailableError)
    for attempt in Retrying(stop=stop_after_attempt(attempts), wait=_wait, retry=again, reraise=True):
        with attempt:
            try:
                return call()
            except Exception as error:
                if told := translate(name, error):
                    raise told from error
                raise
    raise AssertionError("tenacity returns or raises")


def _import_integration(setting: str, family: str, provider: str) -> ModuleType:
    keep_libraries_quiet()
    word = provider.replace("-", "_")
    word = _ALIASES.get(family, {}).get(word, word)
    module = f"llama_index.{family}.{word}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = f"llama-index-{family}-{word.replace('_', '-')}"
        if not module.startswith(error.name or ""):
            raise ConfigError(f"The package {package} is installed but does not load: {error}.") from error
        extra = _EXTRAS.get(f"{family}.{word}")
        install = f"uv sync --extra {extra}" if extra else f"uv pip install {package}"
        raise ConfigError(
            f"`{setting}: {provider}:…` needs the package {package}, which is not installed. If LlamaIndex"
            f" has an integration of that name, this installs it: `{install}`."
        ) from error


def _only_class(module: ModuleType, base: type) -> Any:
    """The integration's main class: of several, the one that the others build on has the shortest name."""
    found = [
        thing
        for thing in vars(module).values()
        if inspect.isclass(thing) and issubclass(thing, base) and thing.__module__.startswith(module.__name__)
    ]
    if not found:
        raise ConfigError(f"The package {module.__name__} is installed but has no {base.__name__} in it.")
    return min(found, key=lambda kind: len(kind.__name__))


def _retry_after(response: object) -> float | None:
    """Seconds from the header; its other form, a date, is left to our own rhythm."""
    value = (getattr(response, "headers", None) or {}).get("retry-after", "")
    return float(value) if value.replace(".", "", 1).isdigit() else None


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, UnavailableError) else None
    return min(asked or 0.5 * 2**state.attempt_number, _LONGEST_WAIT)
