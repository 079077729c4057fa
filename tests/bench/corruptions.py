"""How true claims are made false, one small thing at a time; none of it uses what the product checks with.

Each maker takes a claim and what it may draw from, and yields false variants of it. What would be true by
accident is left out on principle: names of one list or on both sides of "and" are not exchanged, nor numbers
of one date or joined by "and"; a number is only replaced by one that its sentence does not have, a name by
one that shares no word with it; a denial is neither added to a clause that has one nor taken away where
Spanish has a second one there. A name is what no text of the language writes in lower case.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.bench.vocabulary import DAYS, INVENTED, MONTHS, NUMBERS, OPPOSITES, UNITS

_DENIABLE = {
    "en": r"\b(is|are|was|were|has|have|had|can|could|will|would|may|must|should|does|do|did)\b(?! not|n't)",
    "es": r"\b(es|son|fue|fueron|era|eran|está|están|puede|pueden|podrá|tiene|tienen|ha|han|había|debe|deben"
    r"|hay|existe|existen|permite|permiten|se (?:\w+))\b",
}
_DENIALS = {
    "en": r"\b(not|never) |(?<=[a-z])n't\b|\bno (?=[a-z])|\bwithout\b|\bnobody\b|\bnone\b",
    "es": r"\b(no|nunca|jamás) (?=[a-záéíóúñ])|\bsin\b|\bning[uú]na?\b|\btampoco\b|\bnadie\b",
}
_NEARBY_DENIAL = {
    "en": r"\b(not|never|no|nor|neither|without|nobody|none|cannot|only)\b|n't",
    "es": r"\b(no|nunca|jamás|ni|sin|ning\w+|tampoco|nadie|nada|solo|sólo|solamente)\b",
}
_UNDONE = {
    "without": "with", "nobody": "everybody", "none": "all", "sin": "con", "ningún": "un", "ninguna": "una",
    "tampoco": "también", "nadie": "todo el mundo",
}  # fmt: skip
_NO_DENIAL = re.compile(r"(only|just|merely|matter|solo|sólo|solamente|obstante|embargo|duda|ser que)\b")
_NUMBER = re.compile(
    r"(?<![\w.,/:-])(?<!\d )(?:\d{1,3}(?: \d{3})+(?:,\d+)?|\d+(?:[.,]\d+)*)(?![\w/:]|[.,]\d|-\d| \d{3}\b)"
)
_YEAR = re.compile(r"(?<![\d.,-])(1[0-9]|20)\d\d(?![\d.,]\d|\d|s\b|-)")
_CAPITALISED = r"[A-ZÁÉÍÓÚÑ][\w'’-]+"
_NAME = re.compile(rf"(?<=[a-záéíóúñ,;0-9] ){_CAPITALISED}(?: {_CAPITALISED})*")
_LISTED = re.compile(r"(?:[\s,;()]|\b(?:and|or|y|e|o|u|a|an|the|el|la|de|of|as well as|junto a|with|con)\b)*")
_PLAIN_AND = {"and", "or", "y", "o", "e", "u", ""}


@dataclass(frozen=True)
class Source:
    """What a corruption may draw from."""

    language: str
    passage: str
    """The passage that the claim is from."""
    elsewhere: str
    """A passage of another article."""
    common: frozenset[str]
    """Every word that some text of the language writes in lower case."""
    rng: random.Random


def corrupt(kind: str, claim: str, source: Source) -> Sequence[str]:
    """The false variants of a claim, each once."""
    return [each for each in dict.fromkeys(KINDS[kind](claim, source)) if each != claim]


def _put(claim: str, found: re.Match[str], text: str) -> str:
    return claim[: found.start()] + text + claim[found.end() :]


def _exchange(claim: str, one: re.Match[str], other: re.Match[str]) -> str:
    between = claim[one.end() : other.start()]
    return claim[: one.start()] + other[0] + between + one[0] + claim[other.end() :]


def _any_of(forms: Sequence[str]) -> str:
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?!\w)"


# ---- numbers, dates, units ----


def _numbers(claim: str, language: str) -> list[re.Match[str]]:
    """The numbers of a claim that belong to no date."""
    times = "|".join(MONTHS[language])
    return [
        found
        for found in _NUMBER.finditer(claim)
        if not re.search(rf"(?:{times})(?: del?|,)? (?:\d\d?, )?$", claim[: found.start()])
        and not re.match(rf" (?:de )?(?:{times})", claim[found.end() :])
    ]


def change_number(claim: str, source: Source) -> Iterator[str]:
    """Another number in its place."""
    rng = source.rng
    there = {found[0] for found in _NUMBER.finditer(claim)}
    for found in _numbers(claim, source.language):
        if re.search("[., ]", found[0]):
            other = re.sub(r"\d", lambda _: str(rng.randint(1, 9)), found[0])
        else:
            value = int(found[0])
            step = rng.randint(1, 30) if 1000 <= value <= 2100 else rng.randint(1, max(value, 3))
            other = str(abs(value + rng.choice((-1, 1)) * step))
        if other not in there:
            yield _put(claim, found, other)
    spelled = NUMBERS[source.language]
    for found in re.finditer(_any_of(spelled), claim, re.IGNORECASE):
        yield _put(claim, found, rng.choice([word for word in spelled if word not in claim.lower()]))


def exchange_number(claim: str, source: Source) -> Iterator[str]:
    """Another number of the same sentence or passage in its place."""
    numbers = _numbers(claim, source.language)
    texts = {found[0] for found in numbers}
    for place, one in enumerate(numbers):
        for other in numbers[place + 1 :]:
            between = claim[one.end() : other.start()].strip(" ,")
            if one[0] != other[0] and between not in _PLAIN_AND:
                yield _exchange(claim, one, other)
    others = [each for each in dict.fromkeys(_NUMBER.findall(source.passage)) if each not in texts]
    for found in numbers:
        if others:
            yield _put(claim, found, source.rng.choice(others))


def change_date(claim: str, source: Source) -> Iterator[str]:
    """Another day, month, weekday or year."""
    rng, language = source.rng, source.language
    months = "|".join(MONTHS[language])
    for names in (MONTHS[language], DAYS[language]):
        for found in re.finditer(_any_of(names), claim):
            beside = re.match(r"\W*\d", claim[found.end() :]) or re.search(r"\d\W*$", claim[: found.start()])
            if found[0] != "May" or beside:
                yield _put(claim, found, rng.choice([name for name in names if name not in claim]))
    days = rf"(?<![\d.,])\d{{1,2}}(?= (?:de )?(?:{months})\b)|(?<=(?:\w\w\w) )\d{{1,2}}(?=, \d{{4}})"
    for found in re.finditer(days, claim):
        yield _put(claim, found, str(rng.choice([day for day in range(1, 29) if str(day) not in claim])))
    for found in _YEAR.finditer(claim):
        year = str(int(found[0]) + rng.choice((-1, 1)) * rng.randint(1, 15))
        if year not in claim:
            yield _put(claim, found, year)


def change_unit(claim: str, source: Source) -> Iterator[str]:
    """Another unit or currency behind the same number."""
    counted = rf"(\d|\b(?:{'|'.join(NUMBERS[source.language])}))([ -]?)"
    for row in UNITS[source.language]:
        units = row.split()
        if units[0] == "$":
            for found in re.finditer(r"[$€£](?=\d)|(?<=\d)[$€£]|(?<=\d )[$€£]", claim):
                yield _put(claim, found, source.rng.choice([unit for unit in units if unit != found[0]]))
            continue
        for unit in units:
            for found in re.finditer(rf"{counted}{re.escape(unit)}(?!\w)", claim, re.IGNORECASE):
                other = source.rng.choice([each for each in units if each != unit])
                yield _put(claim, found, found[1] + found[2] + other)


# ---- names ----


def _names(text: str, source: Source) -> list[re.Match[str]]:
    times = {*MONTHS[source.language], *DAYS[source.language]}
    return [
        found
        for found in _NAME.finditer(text)
        if not times.intersection(found[0].split())
        and any(word.lower() not in source.common for word in re.findall(r"[^\W\d_]+", found[0]))
    ]


def _share_word(one: str, other: str) -> bool:
    parts = [re.split(r"[\W_]+", text.lower()) for text in (one, other)]
    return any(a[:5] == b[:5] for a in parts[0] for b in parts[1] if a and b)


def _replace_names(claim: str, source: Source, drawn_from: str) -> Iterator[str]:
    others = dict.fromkeys(found[0] for found in _names(drawn_from, source))
    free = [each for each in others if not _share_word(each, claim)]
    for found in _names(claim, source):
        if free:
            yield _put(claim, found, source.rng.choice(free))


def replace_name(claim: str, source: Source) -> Iterator[str]:
    """Another name of the same passage in its place."""
    yield from _replace_names(claim, source, source.passage)


def replace_name_from_elsewhere(claim: str, source: Source) -> Iterator[str]:
    """A name of another article in its place."""
    yield from _replace_names(claim, source, source.elsewhere)


def exchange_names(claim: str, source: Source) -> Iterator[str]:
    """Two names of the sentence in each other's place, unless they stand in one list."""
    names = _names(claim, source)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            between = re.sub(_CAPITALISED, "", claim[one.end() : other.start()])
            paired = re.search(r"\b(between|entre)\b", claim[: other.start()][-60:])
            if not (_share_word(one[0], other[0]) or _LISTED.fullmatch(between) or paired):
                yield _exchange(claim, one, other)


# ---- denials and directions ----


def _clause(claim: str, found: re.Match[str]) -> str:
    """What stands around a match in its clause."""
    before, after = claim[: found.start()], claim[found.end() :]
    return f"{re.split(r'[,;:.]', before)[-1]} | {re.split(r'[,;:.]', after)[0]}"


def add_negation(claim: str, source: Source) -> Iterator[str]:
    """A denial that its source does not have."""
    for found in re.finditer(_DENIABLE[source.language], claim):
        if not re.search(_NEARBY_DENIAL[source.language], _clause(claim, found).lower()):
            denied = f"{found[0]} not" if source.language == "en" else f"no {found[0]}"
            yield _put(claim, found, denied)


def remove_negation(claim: str, source: Source) -> Iterator[str]:
    """Its source's denial left out."""
    for found in re.finditer(_DENIALS[source.language], claim):
        if _NO_DENIAL.match(claim[found.end() :].lower().strip()) or re.search(
            r"\b(or|o)\s*$", claim[: found.start()]
        ):
            continue
        if source.language == "es" and re.search(_NEARBY_DENIAL["es"], _clause(claim, found).lower()):
            continue
        word = found[0].strip().lower()
        yield re.sub("  +", " ", _put(claim, found, _UNDONE.get(word, "")))


def turn_direction(claim: str, source: Source) -> Iterator[str]:
    """A word's opposite in its place."""
    for pair in OPPOSITES[source.language]:
        one, other = pair.replace("_", " ").split(":")
        for old, new in ((one, other), (other, one)):
            for found in re.finditer(rf"(?<![\w-]){old}(?![\w-])", claim):
                yield _put(claim, found, new)


def append_invention(claim: str, source: Source) -> Iterator[str]:
    """A clause with something that nobody said behind it."""
    invented = source.rng.choice(INVENTED[source.language]).format(n=source.rng.randint(3, 90))
    yield claim.rstrip(" .") + invented + "."


KINDS: dict[str, Callable[[str, Source], Iterator[str]]] = {
    "number changed": change_number,
    "number exchanged": exchange_number,
    "date changed": change_date,
    "unit changed": change_unit,
    "name replaced, same passage": replace_name,
    "name replaced, other article": replace_name_from_elsewhere,
    "names exchanged": exchange_names,
    "negation added": add_negation,
    "negation removed": remove_negation,
    "direction turned": turn_direction,
    "invention appended": append_invention,
}
"""The kinds of corruption of a claim; pairing it with another quote is one more, made by `claims`."""
