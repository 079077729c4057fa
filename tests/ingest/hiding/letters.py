"""Ways to hide a word in any text, by characters alone, and what there is to be seen of them."""

from __future__ import annotations

from collections.abc import Callable


def tags(word: str) -> str:
    """The word in the alphabet of tags (U+E0000), of which no letter has a shape."""
    return "".join(chr(0xE0000 + ord(letter)) for letter in word)


def selectors(word: str) -> str:
    """The word in variation selectors, one a byte."""
    return "".join(chr(0xE0100 + byte - 16) for byte in word.encode())


def bits(word: str, zero: str, one: str) -> str:
    """The word as zeros and ones."""
    return "".join(zero if bit == "0" else one for byte in word.encode() for bit in f"{byte:08b}")


TRICKS: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "tags": (tags, lambda _: ""),
    "tags behind a flag": (lambda word: f"🏴{tags(word)}\U000e007f", lambda _: "🏴"),
    "tags within a flag": (lambda word: f"🏴{tags('gb' + word)}\U000e007f", lambda _: "🏴"),
    "selectors": (selectors, lambda _: ""),
    "selectors behind an emoji": (lambda word: f"🙂\ufe0f{selectors(word)}", lambda _: "🙂\ufe0f"),
    "selectors between letters": (lambda word: "x".join(selectors(word)), lambda word: "x" * (len(word) - 1)),
    "older selectors": (lambda word: bits(word, "\ufe00", "\ufe01"), lambda _: ""),
    "zero-width bits": (lambda word: bits(word, "\u200b", "\u200c"), lambda _: ""),
    "joiners in Arabic": (lambda word: "ی" + bits(word, "\u200c", "\u200d") + "خ", lambda _: "ی\u200cخ"),
    "joiners behind an emoji": (lambda word: "🙂" + bits(word, "\u200c", "\u200d") + ".", lambda _: "🙂."),
    "word joiners": (lambda word: bits(word, "\u2060", "\ufeff"), lambda _: ""),
    "direction marks": (lambda word: bits(word, "\u200e", "\u200f"), lambda _: ""),
    "isolates": (lambda word: bits(word, "\u2066", "\u2069"), lambda _: ""),
    "invisible operators": (lambda word: bits(word, "\u2062", "\u2063"), lambda _: ""),
    "soft hyphens": (lambda word: bits(word, "\u00ad", "\u034f"), lambda _: ""),
    "fillers": (lambda word: bits(word, "\u115f", "\uffa0"), lambda _: ""),
    "signs for notes": (lambda word: bits(word, "\U0001d173", "\U0001d17a"), lambda _: ""),
    "an annotation": (lambda word: f"\ufff9note\ufffa{word}\ufffb", lambda _: "note"),
    "backwards": (lambda word: f"\u202e{word}\u202c", lambda word: word[::-1]),
}
"""What stands in a file for a word, and what a person sees of it."""
