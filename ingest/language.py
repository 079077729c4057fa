"""The language of a text, and the search terms in it.

Every index engine gets the same terms, analysed here, so that both rank alike. Terms of a question and of a
passage meet whatever the accents, the case and the grammatical number: `vacacion`, `Vacaciones`, `vacación`.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any

import Stemmer

DEFAULT = "en"
"""The language of a text that does not show any."""

# ---- the language of a text ----


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What the identifier may answer. It knows 140; of the rare ones it sees many in tables and in code.
LANGUAGES = _words(
    "ar bg ca cs da de el en es et eu fa fi fr gl he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl sr sv"
    " th tr uk vi zh"
)
# Words that tell Spanish and English apart from each other and from their neighbours, which the identifier
# cannot do on three words. Those that Catalan, Galician, Italian, Dutch or German share weigh less.
_SPANISH = {
    **dict.fromkeys(_words("el del con por para es son en se lo la que cual como un si"), 1),
    **dict.fromkeys(
        _words("""
            los las y qué quién quiénes cuál cuáles cuándo cuánto cuánta cuántos cuántas dónde cómo cuanto
            cuantos cuantas cuanta cuales quien quienes donde hay tengo puedo debo tiene tienen puede pueden
            debe hacer hace cuando al una unos unas pero muy nuestro nuestra nuestros mi mis su sus hasta
            desde sobre según está están necesito quiero hago soy somos fue
        """),
        2,
    ),
}
_ENGLISH = {
    **dict.fromkeys(_words("is in a be on at by it as i was or to"), 1),
    **dict.fromkeys(
        _words("""
            the how what which who whom whose where when why does did do are were my our your their with
            from should would could can must and for have has we they this that these those there if not
            many much about into any it's of you
        """),
        2,
    ),
}
# How words of the two languages look; half a vote.
_SPANISH_LOOKS = re.compile(r"(?:ción|cion|ciones|dad|mente|aje|[ao]s?)$")
_ENGLISH_LOOKS = re.compile(r"[kw]|th|sh|ee|oo|ss|tt|pp|ff|mm|tion|(?:[bcdfghjkmpqtvxy]|ing|er|ent|ct)$")
_NEITHER = re.compile(r"[ãõçàèìòùâêîôûäëïößåøæœ]|l·l|\b[ldn]['’]", re.IGNORECASE)
_SPANISH_SIGNS = re.compile(r"[¿¡ñ]", re.IGNORECASE)
_PROSE = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NOT_PROSE = re.compile(r"\S*(?:[\d_@/\\=<>{}]|\w[.:]\w)\S*")
_SHORT = 200  # characters; below, function words weigh
_READ = 2_000  # characters of a long text that are looked at
_FAVOUR, _VOTE = 7.0, 4.0  # log-likelihoods: for the expected languages, and for each vote


def detect(text: str, hint: str | None = None) -> str:
    """The language of `text` as an ISO 639-1 code; `hint`, or else English, where it shows none.

    Questions and headings of a few words are decided by function words and signs before the identifier is
    asked; `hint` (the language of the document or of the last question) tips what is in doubt.
    """
    prose = _NOT_PROSE.sub(" ", unicodedata.normalize("NFC", text[:_READ]))
    words = [word.lower() for word in _PROSE.findall(prose)]
    if not words:
        return hint or DEFAULT
    short = len(prose) < _SHORT
    votes = _count_votes(prose, words) if short else {}
    if short and not _NEITHER.search(prose):
        spanish, english = votes["es"], votes["en"]
        if max(spanish, english) >= 2 and max(spanish, english) >= 2 * min(spanish, english) + 1:
            return "es" if spanish > english else "en"
    return _identify(words, votes, hint)


def _count_votes(prose: str, words: list[str]) -> dict[str, float]:
    """How surely a short text is Spanish or English; 2 settles it."""
    return {
        "es": 2 * len(_SPANISH_SIGNS.findall(prose)) + sum(_SPANISH.get(word, 0) for word in words),
        "en": sum(_ENGLISH.get(word, 0) for word in words),
    }


def _identify(words: list[str], votes: dict[str, float], hint: str | None) -> str:
    with _identifier_lock:
        scores: dict[str, float] = dict(_identifier().rank(" ".join(words)))
    if votes:
        votes["es"] += sum(0.5 for word in words if _SPANISH_LOOKS.search(word))
        votes["en"] += sum(0.5 for word in words if _ENGLISH_LOOKS.search(word))
    if len(set(scores.values())) == 1:  # nothing in it that the identifier knows
        scores = dict.fromkeys(scores, 0.0)
    favoured = ["en", "es", hint]

    def weigh(language: str) -> float:
        favour = _FAVOUR * favoured.count(language) + 2.0 * (language == (hint or DEFAULT))
        return scores[language] + favour + _VOTE * votes.get(language, 0)

    return max(scores, key=weigh)


_identifier_lock = threading.Lock()


@lru_cache(maxsize=1)
def _identifier() -> ModuleType:
    import py3langid  # takes 0.6 s, and most questions do without

    py3langid.set_languages(sorted(LANGUAGES))
    module: ModuleType = py3langid
    return module


# ---- the terms of a text ----

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "eu": "basque", "fi": "finnish", "fr": "french", "gl": "portuguese", "hi": "hindi",
    "hu": "hungarian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "tr": "turkish",
}  # fmt: skip
# Marks that stand inside words of scripts which write vowels so; `\w` alone leaves them out.
_MARKS = (
    r"\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670"  # Latin, Hebrew, Arabic
    r"\u0900-\u0963\u0971-\u0df3\u0e31-\u0e4e\u0eb1-\u0ecd\u102b-\u103e\u17b4-\u17d3"  # India and its east
)
_LETTER = rf"[\w{_MARKS}]"
# A run of letters and digits, with what joins codes, paths, versions, amounts and addresses to one.
_TOKEN = re.compile(rf"{_LETTER}+(?:[-.,/'@:+&‐‑]{_LETTER}+)*")
_PART = re.compile(rf"[^\W_]+(?:[{_MARKS}]+{_LETTER}*)*|[{_MARKS}]+")
_CAMEL = re.compile(r"(?<=[a-z\u00df-\u00f6])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_NUMBER = re.compile(r"[\d.,/:-]+")
# Scripts without spaces between words: pairs of neighbours are their terms.
_UNSPACED = re.compile(
    r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff]+)"
)
_INVISIBLE = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF]
)
_ACCENT = re.compile(r"([a-z\u0370-\u03ff\u00df-\u024f])[\u0300-\u036f]+")
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "ς": "σ"})
_LONGEST = 64  # characters of a term
_local = threading.local()

# What questions are made of, folded. Left out of questions only. Measured with BM25 on real handbooks: the
# right page comes first for .537 instead of .487 of the questions (English), .671 instead of .600 (Spanish).
_COMMON = {
    "en": _words("""
        a about am an and any are as at be been but by can could did do does for from get had has have how i
        if in into is it its many may me much must my need no not of on or our please should so such tell
        than that the their then there these they this to want was we were what when where which who whom
        whose why will with would you your
    """),
    "es": _words("""
        a al como con cual cuales cuando cuanta cuantas cuanto cuantos de debe debemos debo del desde donde
        el ella ellos en entre era es esta estan este esto estos fue fueron ha hacer hago han hasta hay la
        las le les lo los me mi mis necesito no nos nuestra nuestras nuestro nuestros o para pero por puede
        podemos pueden puedo que quien quienes quiero se segun ser sin sobre son su sus te tengo tiene tu
        tus un una uno y ya yo
    """),
}


def terms(text: str, language: str) -> list[str]:
    """The search terms of `text` in order, repeats kept: lower case, stemmed, without accents.

    Codes, paths and compound words stand in parts and whole: `e-mail` gives `e`, `mail`, `email`. No term
    holds white space.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).replace("’", "'")
    found: list[str] = []
    for token in _TOKEN.findall(text):
        found.extend(_analyse(token, language))
    return found


def question_terms(text: str, language: str) -> list[str]:
    """The terms of a question that tell passages apart, each once: words such as "how" and "my" are left out.

    Passages keep them, so a question made of nothing else finds its words too.
    """
    common = _COMMON.get(language, frozenset())
    # "IT" and "US" are no pronouns.
    kept = re.sub(_PROSE, lambda found: " " if _is_common(found[0], common) else found[0], text)
    return list(dict.fromkeys(terms(kept, language) or terms(text, language)))


def _is_common(word: str, common: frozenset[str]) -> bool:
    return _fold(word) in common and not (len(word) > 1 and word.isupper())


@lru_cache(maxsize=1 << 16)
def _analyse(token: str, language: str) -> tuple[str, ...]:
    return tuple(term[:_LONGEST] for term in _split(token, language) if term)


def _split(token: str, language: str) -> Iterator[str]:
    if token.isalpha() and not _CAMEL.search(token) and not _UNSPACED.search(token):
        yield _stem(_fold(token), language)
        return
    if _NUMBER.fullmatch(token):
        yield _plain_number(token)
        return
    if language == "en" and token.lower().endswith("'s"):
        token = token[:-2]
    words = [word for part in _PART.findall(token) for word in _CAMEL.split(part)]
    for word in words:
        for piece in filter(None, _UNSPACED.split(word)):
            yield from _pairs(piece) if _UNSPACED.fullmatch(piece) else [_stem(_fold(piece), language)]
    if len(words) > 1:
        initials = all(len(word) <= 2 and word.isalpha() for word in words)  # U.S., EE.UU.
        joined = _fold(re.sub(r"[-‐‑'.]" if initials else r"[-‐‑']", "", token))
        yield _stem(joined, language) if joined.isalpha() and not initials else joined


def _plain_number(token: str) -> str:
    """Without marks for thousands, with a point for decimals: `1,000.50` and `1.000,50` are `1000.50`."""
    if _THOUSANDS.fullmatch(token):
        return re.sub("[.,]", "", token)
    whole, mark, decimals = token.rpartition("," if token.rfind(",") > token.rfind(".") else ".")
    if mark and _THOUSANDS.fullmatch(whole):
        whole = re.sub("[.,]", "", whole)
    return f"{whole}.{decimals}" if mark == "," and "," not in whole else whole + mark + decimals


def _pairs(word: str) -> Iterator[str]:
    word = _fold(word)
    if len(word) == 1:
        yield word
    for place in range(len(word) - 1):
        yield word[place : place + 2]


def _fold(word: str) -> str:
    """Lower case, without the accents of Latin and Greek letters."""
    word = word.lower()
    if word.isascii():
        return word
    bare = _ACCENT.sub(r"\1", unicodedata.normalize("NFD", word))
    return unicodedata.normalize("NFC", bare).translate(_LETTERS)


def _stem(word: str, language: str) -> str:
    """The stem of a folded word.

    Folding comes first: measured as good as the other order, and what is typed without accents always meets.
    """
    name = _STEMMERS.get(language)
    if name is None:
        return word
    # The Spanish stemmer leaves words of two syllables as they are: `días` and `día`, `años` and `año`.
    if language == "es" and len(word) in {4, 5} and word.endswith(("as", "es", "os")):
        word = word[:-1]
    # A stemmer is for one thread at a time, so each thread has its own.
    stemmers: dict[str, Any] = _local.__dict__.setdefault("stemmers", {})
    if name not in stemmers:
        stemmers[name] = Stemmer.Stemmer(name)
    stem: str = stemmers[name].stemWord(word)
    return stem
