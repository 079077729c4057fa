"""Secrets in the configuration: where `${NAME}` is read from, what counts as secret, and masking it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

MASK = "•••"

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_KEY = re.compile(
    r"(passw(or)?d|passphrase|secrets?|token|credentials?|(^|(api|access|private|signing|secret)[_-]?)key)$",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")
_AUTHORIZATION = re.compile(
    r"""(authorization['"]?\s*[:=]\s*b?['"]?(?:[a-z]+\s+)?)[^\s'",}]+""", re.IGNORECASE
)
# Masking "eu" or "1" everywhere would make logs unreadable, and nothing that short keeps a secret.
_SHORTEST = 4


class Vault:
    """Finds the values that `${NAME}` stands for, and remembers every one as a secret."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._folder = Path(environ.get("SABIO_SECRETS_DIR") or "/run/secrets")
        self.found: set[str] = set()

    def fill(self, text: str) -> str:
        """`text` with each `${NAME}` replaced by its value; `$${` stands for a plain `${`.

        Raises `LookupError`, with a message for people, when a value is nowhere to be found.
        """
        return _REFERENCE.sub(lambda match: "${" if match[1] is None else self._value(match[1]), text)

    def _value(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise LookupError(
                f"`${{{name}}}` is not a name of letters, digits and `_` (write `$${{` for a plain `${{`)"
            )
        value = self._environ.get(name)
        if value is None:
            value = self._from_file(name)
        if value is None:
            raise LookupError(
                f"`${{{name}}}` was not found: set the environment variable {name}, or {name}_FILE to the"
                f" path of a file that holds it, or put it into the file {self._folder / name}"
            )
        self.found.add(value)
        return value

    def _from_file(self, name: str) -> str | None:
        pointer = self._environ.get(f"{name}_FILE")
        path = Path(pointer) if pointer else self._folder / name
        try:
            # Editors and `kubectl create secret --from-file` leave a newline that is no part of the secret.
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise LookupError(f"`${{{name}}}` could not be read from {path}: {error}") from None


def looks_secret(key: str) -> bool:
    """Whether a setting of this name holds a secret: `password`, `api_key`, `token`, …"""
    return bool(_SECRET_KEY.search(key))


def secrets_in(value: object, key: str = "") -> Iterator[str]:
    """Every string below `value` that stands under a secret-looking key, and every password inside a URL."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from secrets_in(item, str(name) if not looks_secret(key) else key)
    elif isinstance(value, list):
        for item in value:
            yield from secrets_in(item, key)
    elif isinstance(value, str):
        yield from _URL_PASSWORD.findall(value)
        if looks_secret(key):
            yield value
    elif looks_secret(key) and isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def spellings(secrets: Iterable[str]) -> frozenset[str]:
    """Every form in which these secrets may turn up in a text: quoted for a URL, escaped, line by line."""
    forms: set[str] = set()
    for secret in secrets:
        # A private key is printed line by line; the shorter lines of it are BEGIN, END and the like.
        lines = [line for line in secret.splitlines() if len(line) >= 16] if "\n" in secret else []
        for form in (secret, secret.strip(), *lines):
            forms |= {
                form,
                quote(form, safe=""),
                quote(form),
                quote_plus(form),
                unquote(form),
                repr(form)[1:-1],
            }
    return frozenset(form for form in forms if len(form) >= _SHORTEST)


def mask(text: str, secrets: Iterable[str]) -> str:
    """`text` without `secrets` (as `spellings` gives them), URL passwords and authorization headers."""
    # Longest first: a secret may be the beginning of another.
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _URL_PASSWORD.sub(lambda match: match[0].replace(match[1], MASK), text)
    return _AUTHORIZATION.sub(rf"\1{MASK}", text)
