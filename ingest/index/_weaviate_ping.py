"""Whether a Weaviate is there, asked without its client."""

from __future__ import annotations

import httpx

from config.errors import UnavailableError
from ingest.index._weaviate_address import Address


def ping(at: Address) -> None:
    """Ask the server's own word for it, which needs no key. Raises `UnavailableError`."""
    address = f"{'https' if at.tls else 'http'}://{at.host}:{at.port}/v1/.well-known/ready"
    try:
        # As the client does: no proxy from the environment.
        httpx.get(address, timeout=at.timeout, trust_env=False).raise_for_status()
    except httpx.HTTPStatusError as error:
        raise UnavailableError(f"{at.shown} is not ready: it answers {error.response.status_code}") from error
    except httpx.HTTPError as error:
        raise UnavailableError(f"{at.shown} cannot be used: {error or type(error).__name__}") from error
