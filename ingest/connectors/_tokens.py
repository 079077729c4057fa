"""A token that a system gives for a time, and may take back before it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


class RefusedError(Exception):
    """A system understood, and will not, with a status that says why."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(told)
        self.status = status


class Token:
    """Asked for when it is needed, and again when it has ended. Thread-safe."""

    def __init__(self, ask: Callable[[], tuple[str, float]]) -> None:
        """`ask` gives a token, and until when by `time.monotonic` it is used."""
        self._ask = ask
        self._turn = threading.Lock()
        self._token, self._until = "", 0.0

    def use(self, ask: Callable[[Mapping[str, str]], T]) -> T:
        """What a request with the token's header brings; once more with another token where it is refused
        with 401. Raises what `ask` and the asking for a token raise."""
        token = self._good()
        try:
            return ask(_bearer(token))
        except RefusedError as error:
            if error.status != 401:
                raise
        # It may have been taken back before its time.
        return ask(_bearer(self._good(refused=token)))

    def _good(self, refused: str | None = None) -> str:
        """A token that is good for now, and not the one that was `refused`."""
        with self._turn:
            if time.monotonic() > self._until or self._token == refused:
                self._token, self._until = self._ask()
            return self._token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
