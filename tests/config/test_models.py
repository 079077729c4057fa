import sys
import types

import pytest

from config import models
from config.errors import ConfigError, UnavailableError
from config.models import embedding_model, language_model, reach, reranker
from config.settings import Settings


class VendorError(Exception):
    def __init__(self, status=None, headers=None, message="the vendor's own words"):
        super().__init__(message)
        self.status_code = status
        self.response = types.SimpleNamespace(status_code=status, headers=headers or {})


@pytest.fixture
def waits(monkeypatch):
    """The seconds that were waited for, none of them for real."""
    seconds = []
    monkeypatch.setattr("tenacity.nap.time.sleep", seconds.append)
    return seconds


def fail_with(*errors):
    """A call that fails with each of the errors in turn and then gives 'done'."""
    left = list(errors)

    def call():
        if left:
            raise left.pop(0)
        return "done"

    return call


# ---- from a name to a model ----


def test_a_model_of_an_installed_integration_is_made_without_asking_the_network():
    model = embedding_model("openai:text-embedding-3-small", {"api_key": "k"})
    assert type(model).__name__ == "OpenAIEmbedding"
    assert model.model_name == "text-embedding-3-small"


def test_a_gateway_may_serve_models_that_the_vendor_does_not_know():
    model = embedding_model("openai:acme-embed", {"api_key": "k", "api_base": "https://llm.example.com/v1"})
    assert (model.model_name, model.api_base) == ("acme-embed", "https://llm.example.com/v1")


def test_a_vendors_own_retries_are_off_because_ours_know_who_is_waiting():
    model = embedding_model("openai:text-embedding-3-small", {"api_key": "k"})
    assert (model.max_retries, model.timeout) == (0, 30.0)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("openai:text-embedding-3-small", "uv sync --extra openai"),
        ("azure-openai:x", "uv pip install llama-index-embeddings-azure-openai"),
    ],
)
def test_a_missing_integration_is_told_with_the_command_that_installs_it(monkeypatch, name, remedy):
    module = f"llama_index.embeddings.{name.partition(':')[0].replace('-', '_')}"
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=remedy):
        embedding_model(name)


def test_a_broken_integration_is_not_told_as_a_missing_one(monkeypatch):
    def import_what_needs_more(name):
        raise ModuleNotFoundError("No module named 'cohere'", name="cohere")

    monkeypatch.setattr(models.importlib, "import_module", import_what_needs_more)
    with pytest.raises(ConfigError, match="'cohere'"):
        embedding_model("cohere:embed-v4")


def test_arguments_that_the_class_refuses_are_told():
    with pytest.raises(ConfigError, match=r"openai:x` does not start"):
        embedding_model("openai:x", {"api_key": "k", "embed_batch_size": "many"})


# ---- asking it ----


def test_a_model_that_comes_back_is_asked_again(waits):
    assert reach("acme:m", fail_with(VendorError(503), ConnectionError("refused")), attempts=3) == "done"
    assert waits == [1.0, 2.0]


def test_a_model_that_stays_away_is_unavailable_after_the_last_attempt(waits):
    with pytest.raises(UnavailableError, match="HTTP 503"):
        reach("acme:m", fail_with(*[VendorError(503)] * 9), attempts=3)
    assert len(waits) == 2


def test_a_model_that_throttles_says_how_long_to_wait(waits):
    assert reach("acme:m", fail_with(VendorError(429, {"retry-after": "7"})), attempts=2) == "done"
    assert waits == [7.0]
    with pytest.raises(UnavailableError) as told:
        reach("acme:m", fail_with(VendorError(429, {"retry-after": "7"})), attempts=1)
    assert told.value.retry_after == 7.0


def test_nobody_waits_for_ever_because_a_vendor_says_so(waits):
    reach("acme:m", fail_with(VendorError(429, {"retry-after": "86400"})), attempts=2)
    assert waits == [30.0]


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refused_request_is_for_a_person_and_never_tried_again(waits, status):
    with pytest.raises(ConfigError, match="the vendor's own words"):
        reach("acme:m", fail_with(VendorError(status)), attempts=3)
    assert waits == []


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_told_without_repeating_them(status):
    with pytest.raises(ConfigError) as told:
        reach("acme:m", fail_with(VendorError(status, message="bad key sk-abc123")), attempts=3)
    assert "API key" in str(told.value)
    assert "sk-abc123" not in str(told.value)


def test_a_missing_key_is_for_a_person():
    with pytest.raises(ConfigError, match="no API key"):
        reach("acme:m", fail_with(RuntimeError("pass an api_key or set ACME_API_KEY")), attempts=3)


def test_a_programming_error_is_seen_as_what_it_is():
    with pytest.raises(ZeroDivisionError):
        reach("acme:m", lambda: 1 // 0, attempts=3)


def test_a_vendors_broken_connection_is_known_by_its_ancestors(waits):
    import httpx

    with pytest.raises(UnavailableError, match="cannot be reached"):
        reach("acme:m", fail_with(httpx.ConnectTimeout("slow"), httpx.ConnectTimeout("slow")), attempts=2)


# ---- language models ----

URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("name", "kind", "where"),
    [
        ("openai-like:my-model", "OpenAILike", "api_base"),
        ("openai:gpt-from-tomorrow", "OpenAILike", "api_base"),
        ("azure:my-deployment", "AzureOpenAI", "azure_endpoint"),
        ("anthropic:claude-from-tomorrow", "Anthropic", "base_url"),
        ("ollama:llama3.1", "Ollama", "base_url"),
    ],
)
def test_every_provider_is_named_by_the_same_words_and_takes_an_address(name, kind, where):
    model = language_model("llm", name, url=URL, key="k", patience=7)
    assert type(model).__name__ == kind
    assert getattr(model, where) == URL
    assert getattr(model, "request_timeout", getattr(model, "timeout", None)) == 7
    assert getattr(model, "max_retries", 0) == 0


def test_bedrock_and_gemini_are_made_without_asking_the_network():
    # Without credentials AWS's library would look for them on the network.
    known = {"region_name": "eu-west-1", "aws_access_key_id": "a", "aws_secret_access_key": "s"}
    bedrock = language_model("llm", "bedrock:anthropic.claude-3", options=known)
    assert type(bedrock).__name__ == "BedrockConverse"
    gemini = language_model("llm", "gemini:gemini-2.5-flash", key="k")
    assert type(gemini).__name__ == "GoogleGenAI"


def test_a_server_of_ones_own_without_a_key_is_not_sent_another_services_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-service")
    assert language_model("llm", "openai-like:m", url=URL).api_key == "none"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("anthropic:claude", "uv sync --extra anthropic"),
        ("gemini:g", "uv sync --extra gemini"),
        ("acme:m", "uv pip install llama-index-llms-acme"),
    ],
)
def test_a_missing_language_model_is_told_with_the_command_that_installs_it(monkeypatch, name, remedy):
    for module in ("anthropic", "google_genai", "acme"):
        monkeypatch.setitem(sys.modules, f"llama_index.llms.{module}", None)
    with pytest.raises(ConfigError, match=remedy) as told:
        language_model("llm_fallback", name)
    assert "`llm_fallback:" in str(told.value)


def test_a_reranker_is_named_like_a_model():
    model = reranker("cohere:rerank-v3.5", {"api_key": "k"})
    assert (type(model).__name__, model.model) == ("CohereRerank", "rerank-v3.5")


@pytest.mark.parametrize("name", ["gpt-4o", "openai:", "OpenAI: gpt", ":x", "12"])
def test_a_name_that_is_none_is_told_with_an_example(name):
    with pytest.raises(ValueError, match="openai:gpt-4o-mini"):
        Settings(llm=name)
