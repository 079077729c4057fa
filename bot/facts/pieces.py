"""A text cut into the pieces that facts are read from: words, numbers, addresses, and where clauses end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bot.quoting import SAME, UNSEEN
from bot.sentences import sentences


@dataclass(slots=True)
class Piece:
    """A word, a number or an address, as it stands in a text."""

    text: str
    shape: str
    """The alternative of the scanner that found it: word, number, code …"""
    folded: str
    """Lower case, without accents."""
    sentence: int
    clause: int
    initial: bool
    """Whether a capital letter says nothing here, because every sentence begins with one."""
    parted: bool
    """Whether a mark stands between it and the piece before."""


_SCAN = re.compile(
    r"""
      (?P<code>(?:https?://|www\.)[^\s<>"')\]]*[^\s<>"')\].,;:!?]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+
        |(?<![\w/])~?(?:/[\w.-]*\w){2,}/?|[@\#]\w[\w-]*)
    | (?P<date>\d{4}-\d{1,2}-\d{1,2}
        |\d{1,2}(?P<by>[/.-])\d{1,2}(?P=by)(?:\d{4}|\d{2})(?![\d.,/-]*\d)|\d{1,2}/\d{1,2}(?![\d/]))
    | (?P<time>\d{1,2}:\d{2}(?::\d{2})?)
    | (?P<number>(?:(?<![^\s(])-)?
        (?:\d{1,3}(?P<group>[.,' ])\d{3}(?:(?P=group)\d{3})*(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?(?!\.?\d))
        [½¼¾⅓⅔]?|[½¼¾⅓⅔])
    | (?P<version>v?\d+(?:\.\d+)+|v\d+)
    | (?P<tail>(?<=\d)(?:'?[^\W\d_]+|[ºª]))
    | (?P<mixed>[^\W\d_]+\d\w*(?:[-.]\w+)*|[A-Z][^\W\d_]*-\d[\w-]*|\w*_\w+|[^\W\d_]\w*(?:\.[^\W\d_]\w*)+)
    | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
    | (?P<sign>[$€£¥%‰°&])
    | (?P<mark>[^\w\s])
    """,
    re.VERBOSE,
)
_DASH = re.compile(r"(?<=[^\W\d])\s*[\u2013\u2014\u2015]\s*|\s*[\u2014\u2015]\s*")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3})((?:[\u00a0\u202f\u2009]\d{3})+)(?!\d)")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]|[^\W\d_]{2}\.[^\W\d_]{2}")
_ITEM = re.compile(r"\s*(?:[-*+•–◦▪]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+")
_ENDS_CLAUSE = frozenset(",;:()[]{}|!?.—")
_SHORTENED = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """Lower case, without accents: as words are compared."""
    lower = word.lower()
    if lower.isascii():
        return lower
    apart = unicodedata.normalize("NFD", lower)
    return unicodedata.normalize("NFC", "".join(each for each in apart if not unicodedata.combining(each)))


def cut(text: str, language: str) -> list[Piece]:
    """The pieces of a text, in order."""
    found: list[Piece] = []
    clause = 0
    for line in text.split("\n"):
        bullet = _ITEM.match(line)
        for place, sentence in enumerate(sentences(line)):
            if place == 0 and bullet:
                sentence = sentence[len(bullet[0].lstrip()) :]  # noqa: PLW2901
            found.extend(_cut_sentence(sentence, language, found[-1].sentence + 1 if found else 0, clause))
            clause = found[-1].clause + 1 if found else 0
    return found


def _cut_sentence(text: str, language: str, sentence: int, clause: int) -> Iterator[Piece]:
    clean = unicodedata.normalize("NFC", _DASH.sub(" - ", text).translate(SAME | UNSEEN))
    clean = _SPACED_THOUSANDS.sub(lambda found: re.sub(r"\s", "", found[0]), clean)
    initial, parted = True, False
    for one in _SCAN.finditer(clean):
        shape, word = str(one.lastgroup), one[0]
        if shape == "mark":
            dash = word == "-"
            if dash and _joins(clean, one.start()):
                if clean[one.start() - 1].isdigit() and clean[one.end()].isdigit():
                    yield Piece("-", "range", "-", sentence, clause, initial=False, parted=False)
                continue
            if word in _ENDS_CLAUSE or dash:
                clause += 1
            initial = initial or word in ":¿¡"
            parted = True
            continue
        for part, kind in _split(word, shape, language):
            folded = "not" if part == "n't" else fold(part)
            yield Piece(part, kind, folded, sentence, clause, initial, parted)
            initial = parted = False


def _joins(text: str, place: int) -> bool:
    """Whether a hyphen stands inside a compound or between two numbers, and not for a dash."""
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    return before.isalnum() and after.isalnum()


def _split(word: str, shape: str, language: str) -> Iterator[tuple[str, str]]:
    """The pieces of one found thing: contractions in their words, initials without their points."""
    if shape == "mixed":
        initials = _INITIALS.fullmatch(word)
        yield (word.replace(".", ""), "word") if initials else (word, "code")
    elif shape == "word" and "'" in word:
        yield from ((part, "word") for part in _without_contractions(word, language) if part)
    elif language == "en" and word.lower() == "cannot":
        yield from ((word[:3], "word"), (word[3:], "word"))
    else:
        yield word, shape


def _without_contractions(word: str, language: str) -> list[str]:
    before, _, after = word.rpartition("'")
    if language != "en":
        return word.split("'")
    if after.lower() == "t" and before.lower().endswith("n"):
        return [_SHORTENED.get(before[:-1].lower(), before[:-1]), "n't"]
    if after.lower() in {"s", "re", "ve", "ll", "d", "m"}:
        return [before]
    return word.split("'") if len(after) > 2 and len(before) < 3 else [word.replace("'", "")]
