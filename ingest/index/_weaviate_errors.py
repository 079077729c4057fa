"""What Weaviate's client raises, in the words of `config.errors`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from weaviate.exceptions import (
    AuthenticationFailedError,
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateGRPCUnavailableError,
)

from config.errors import ConfigError, UnavailableError
from ingest.index._weaviate_address import Address

# How gRPC calls, whose status the client keeps to itself, say that a collection is not there; HTTP says 404.
_NO_COLLECTION = ("could not find class", "class not found", "no such class", "not found in schema")
_REFUSED = ("unauthorized", "anonymous access not enabled", "invalid api key", "forbidden", "not allowed to")
_REFUSED_CODES = {401, 403}


@contextmanager
def translated(address: Address, on_gone: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Raise what a person must change as `ConfigError` and everything else of Weaviate's as
    `UnavailableError`; `on_gone` is called when it was a collection that is not there."""
    try:
        yield
    except (WeaviateBaseError, httpx.HTTPError) as error:
        said = _said(error)
        if _is_refusal(error, said):
            raise ConfigError(
                f"{address.shown} refused the key: {said}. Set `weaviate_api_key` (SABIO_WEAVIATE_API_KEY) to"
                " a key that may make, read, write and remove collections and aliases"
            ) from error
        if any(words in said.lower() for words in _NO_COLLECTION):
            on_gone()
            raise UnavailableError(
                f"a collection was removed from {address.shown}: {said}. The next `sabio sync` makes it anew"
            ) from error
        raise UnavailableError(f"{address.shown} cannot be used: {said}") from error


def _is_refusal(error: Exception, said: str) -> bool:
    if isinstance(error, UnexpectedStatusCodeError):
        return error.status_code in _REFUSED_CODES or "PERMISSION_DENIED" in said
    return isinstance(error, AuthenticationFailedError) or any(words in said.lower() for words in _REFUSED)


def _said(error: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(error, WeaviateGRPCUnavailableError):
        return "no answer by gRPC"
    text = str(error.message if isinstance(error, WeaviateBaseError) and error.message else error)
    if "deadline exceeded" in text.lower():
        # The channel waits for the server to come back, so that an outage looks like a slow answer.
        return "no answer by gRPC in time (is it running, and is `grpc=` its port?)"
    return one_line(text) or type(error).__name__


def one_line(said: object) -> str:
    """What a server said, for a message."""
    return " ".join(str(said).split())[:500].rstrip(".")
