import sys
import types

import pytest

from config import models
from config.errors import ConfigError, UnavailableError
from config.models import embedding_model, reach


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
