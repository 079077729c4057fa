"""Which documents a source leaves out, and by which rule: behind `include`, `exclude` and `.sabioignore`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from config.errors import ConfigError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".sabioignore"

# Folders and files that no person wrote as knowledge, by their exact name.
_NAMES = frozenset(
    {"node_modules", "__pycache__", "venv", "thumbs.db", "desktop.ini", "ehthumbs.db", "$recycle.bin"}
    | {"system volume information", "lost+found", "__macosx"}
)

# Endings of files without text for people. Anything else is listed: a file that parsing cannot read is then
# named in the run's report instead of being missing in silence.
ENDINGS = frozenset(
    """
    png jpg jpeg jpe gif bmp webp avif ico svg tif tiff heic heif psd ai eps indd sketch xcf cr2 dwg dxf
    mp3 wav ogg oga opus flac aac m4a wma mid mp4 m4v mov avi mkv webm wmv mpg mpeg flv 3gp
    zip gz tgz bz2 xz zst 7z rar tar jar war cab iso img dmg vmdk qcow2
    exe dll so dylib a o obj lib class pyc pyo pyd wasm bin msi deb rpm apk ipa app whl egg
    css scss less js mjs map woff woff2 ttf otf eot
    json jsonl ndjson geojson yaml yml toml ini cfg conf properties env plist xsd xsl ipynb
    py rb erb php java kt go rs c h cc cpp hpp cs swift ts tsx jsx vue sh bash zsh bat cmd ps1 sql pl lua r
    db sqlite sqlite3 sqlite-wal sqlite-shm mdb accdb ldb parquet feather npy npz pkl pickle onnx safetensors
    tmp temp swp swo bak lock part crdownload lnk key pem p12 pfx jks kdbx
    """.split()  # noqa: SIM905 - a list literal would be a page of quotes
)
"""In lines: pictures, sound and film, archives, programs, the furniture of web pages, settings and data for
programs, their source, databases and numbers, passing states of other programs and keys."""


class Rules:
    """Gitignore-style rules over ids that are paths.

    The last of `.sabioignore` and `exclude` that matches decides, so that `!pattern` brings back what an
    earlier rule or a default one left out; where none matches, the defaults do. `include` narrows what is
    left.
    """

    def __init__(
        self,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        ignore_file: str = "",
        *,
        defaults: bool,
    ) -> None:
        """`ignore_file` is the text of the root's `.sabioignore`; `defaults` says whether those apply."""
        self._include = tuple(include)
        self._defaults = defaults
        from_file = [(IGNORE_FILE, line.rstrip("\r")) for line in ignore_file.split("\n")]
        # pathspec counts no empty lines, and a verdict's index must find its line.
        from_file = [(origin, line) for origin, line in from_file if line]
        self._lines = [*from_file, *(("exclude", pattern) for pattern in exclude if pattern)]

    def ignored(self, path: str, below: str = "") -> str | None:
        """The rule that leaves this document out: one for itself or for a folder above it.

        Folders down to `below`, where the listing starts, are kept whatever the rules say.
        """
        parts = path.split("/")
        for depth in range(1 + len(below.split("/")) * bool(below), len(parts)):
            if rule := self.ignored_here("/".join(parts[:depth]), folder=True):
                return rule
        return self.ignored_here(path)

    def ignored_here(self, path: str, *, folder: bool = False) -> str | None:
        """The same, where the folders above are known to be kept."""
        # In pathspec's expressions `.` does not match a line break, which names may hold.
        asked = path.replace("\n", " ").replace("\r", " ") + ("/" if folder else "")
        verdict = self._excluded.check_file(asked) if self._lines else None
        if verdict is None or verdict.include is None or verdict.index is None:
            if rule := self._by_default(path):
                return rule
        elif verdict.include:
            return ": ".join(self._lines[verdict.index])
        if not folder and self._include and not self._included.match_file(asked):
            return f"include: none of {', '.join(self._include)}"
        return None

    def _by_default(self, path: str) -> str | None:
        if not self._defaults:
            return None
        name = path.rsplit("/", 1)[-1].casefold()
        ending = name.rpartition(".")[2] if "." in name else ""
        if name.startswith("."):
            return "default: hidden (its name starts with a dot)"
        if name.startswith("~$") or name.endswith("~"):
            return "default: another program's passing copy"
        if name in _NAMES:
            return f"default: {name}"
        if ending in ENDINGS:
            return f"default: *.{ending} holds no text to read"
        return None

    @cached_property
    def _excluded(self) -> GitIgnoreSpec:
        return compile_patterns([pattern for _, pattern in self._lines])

    @cached_property
    def _included(self) -> GitIgnoreSpec:
        return compile_patterns(self._include)


def compile_patterns(patterns: Sequence[str]) -> GitIgnoreSpec:
    """Patterns as gitignore reads them. Raises `ConfigError` that names the one it cannot read."""
    from pathspec import GitIgnoreSpec

    for pattern in patterns:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError as error:
            raise ConfigError(
                f"{pattern!r} is not a pattern as in .gitignore; write one like `drafts/` or `*.tmp`"
            ) from error
    return GitIgnoreSpec.from_lines(patterns)
