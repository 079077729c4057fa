"""Text into another language by a program that runs here, where one is installed.

A translation helps to find a passage and to read a quote; it is never what is quoted. A translator that dies,
hangs or is not there costs its help and nothing else: what could not be translated is `None`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from config.errors import ConfigError
from ingest.apertium import Apertium, find_modes


class Translator(Protocol):
    """Safe to use from several threads. Languages are ISO 639-1 codes."""

    @property
    def name(self) -> str:
        """Tells this translator's work from others'; part of a collection's name: `[a-z0-9-]+`."""

    def can(self, source: str, target: str) -> bool:
        """Whether it knows this pair of languages, in this direction."""

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str | None]:
        """Each text in the other language, lines kept; `None` for a text that was left out."""

    def close(self) -> None:
        """Stop what runs; it starts again when it is needed."""


def open_translator(name: str) -> Translator:
    """The translator of that name: `apertium`, `none`, or `auto` for whichever is installed.

    Raises `ConfigError` when `apertium` is asked for and not there.
    """
    modes = find_modes()
    if name == "none" or (name == "auto" and modes is None):
        return NoTranslator()
    if name not in {"auto", "apertium"}:
        raise ConfigError(f"`translation: {name}` is not known; expected auto, apertium or none.")
    if modes is None:
        raise ConfigError(
            "`translation: apertium` needs the program apertium and a pair of languages such as the Debian"
            " packages apertium and apertium-eng-spa, which are not installed: run `make system`, or set"
            " `translation: auto`."
        )
    return Apertium(modes)


class NoTranslator:
    """Stands where no translator is: it can nothing."""

    name = "none"

    def can(self, source: str, target: str) -> bool:  # noqa: ARG002
        """No pair."""
        return False

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str | None]:  # noqa: ARG002
        """Leaves every text out."""
        return [None] * len(texts)

    def close(self) -> None:
        """Nothing runs."""
