"""A company's own words, from a YAML file of `word: meaning`: a language model is told those that come up."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from config.errors import ConfigError

log = logging.getLogger("bot")

MOST = 20
"""Entries that go into one prompt."""


def glossary_of(file: Path | None, texts: Iterable[str]) -> Mapping[str, str]:
    """The words of the glossary that stand in any of the texts, with their meanings.

    The file is read again when it changes. One that cannot be read is logged, and keeps nobody from an
    answer; `sabio check` tells of it.
    """
    if file is None:
        return {}
    try:
        known = read_glossary(file, file.stat().st_mtime_ns)
    except (OSError, ConfigError) as error:
        log.error("%s", error)  # noqa: TRY400 - no trace needed
        return {}
    whole = "\n".join(texts)
    found = (word for word in known if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", whole, re.IGNORECASE))
    return {word: known[word] for word, _ in zip(found, range(MOST), strict=False)}


@lru_cache(maxsize=8)
def read_glossary(file: Path, _changed: int = 0) -> Mapping[str, str]:
    """Every word of a glossary with its meaning. Raises `ConfigError` for a file that is no such mapping."""
    import yaml

    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"`glossary: {file}` cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"`glossary: {file}` is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict) or not all(
        isinstance(meaning, str | int | float) for meaning in values.values()
    ):
        raise ConfigError(f"`glossary: {file}` should hold lines of `word: meaning`")
    return {str(word): str(meaning) for word, meaning in values.items()}
