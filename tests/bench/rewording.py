"""How sentences are put in other words by rule so that they stay true."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.bench.vocabulary import MONTHS, words

_SPELLED = {
    "en": words("two three four five six seven eight nine ten eleven twelve fifteen twenty thirty"),
    "es": words("dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte treinta"),
}
_DIGITS = words("2 3 4 5 6 7 8 9 10 11 12 15 20 30")
_LEADS = {
    "en": r"(?:In|On|At|During|After|Before|By|Since|Within|Until|From|Under|For|As of) [^,]{3,60}",
    "es": r"(?:En|Durante|Tras|Después de|Antes de|Desde|Hasta|A partir de|Para|Con|Entre|Según) [^,]{3,60}",
}
_RELATIVE = {
    "en": r", (?:which|who|whose|where) [^,.]+(?=,|\.$),?",
    "es": r", (?:que|quien|quienes|cuyo|cuya|donde|lo que) [^,.]+(?=,|\.$),?",
}
_COORDINATED = re.compile(r", (?:and|but|while|y|pero|mientras que) [^,]+\.$")
_PAIRED = re.compile(r"\b(between|either|both|neither|not only|entre|no solo|tanto)\b")
_SYNONYMS = {
    "en": words("""
        big:large began:started begin:start buy:purchase help:assist use:utilize used:utilized
        shows:demonstrates approximately:about many:numerous however:nevertheless
        requires:needs require:need often:frequently also:additionally several:various usually:normally
        important:significant make:create team:group people:persons job:position ask:request get:obtain
        find:locate quickly:rapidly work:labor company:firm children:kids near:close_to city:town area:zone
        created:made built:constructed called:named known:recognized main:principal ensure:guarantee
        information:data provide:supply while:whereas although:though such_as:like receive:get choose:select
    """),
    "es": words("""
        grande:amplio comenzó:empezó comenzar:empezar comprar:adquirir ayudar:asistir usar:utilizar
        usa:utiliza muestra:enseña aproximadamente:alrededor_de muchos:numerosos muchas:numerosas
        sin_embargo:no_obstante porque:ya_que a_menudo:frecuentemente también:además varios:diversos
        varias:diversas normalmente:habitualmente importante:significativo importantes:significativos
        hacer:realizar equipo:grupo personas:individuos pedir:solicitar obtener:conseguir encontrar:hallar
        rápidamente:velozmente ciudad:urbe zona:área llamado:denominado llamada:denominada
        principal:fundamental garantizar:asegurar creado:hecho necesario:preciso además:asimismo
        permite:posibilita mostrar:enseñar elegir:escoger enviar:mandar
    """),
}
_CONTRACTIONS = [
    pair.replace("_", " ").split(":")
    for pair in words("""
        do_not:don't does_not:doesn't did_not:didn't is_not:isn't are_not:aren't was_not:wasn't
        were_not:weren't cannot:can't will_not:won't would_not:wouldn't should_not:shouldn't
        could_not:couldn't has_not:hasn't have_not:haven't had_not:hadn't it_is:it's they_are:they're
        you_are:you're we_are:we're you_will:you'll we_will:we'll we_have:we've you_have:you've
    """)
]
_ASKED = {
    "en": (
        (r"Who (was|is|were|are) (.+)", "{2} {1} {answer}"),
        (r"Who (.+)", "{answer} {1}"),
        (r"(?:What|Which) (is|was|are|were) (the .+)", "{2} {1} {answer}"),
    ),
    "es": (
        (r"Cuánt[oa]s (.+)", "{answer} {1}"),
        (r"Quién (.+)", "{answer} {1}"),
        (r"(?:Cuál|Cuáles) (es|son|fue|fueron|era|eran) (.+)", "{2} {1} {answer}"),
    ),
}


def leave_out(claim: str, language: str) -> Iterator[str]:
    """A clause left out: in brackets, relative, leading or coordinated. Never a condition."""
    yield re.sub(r"\s*\([^()]*\)", "", claim)
    yield re.sub(_RELATIVE[language], "", claim, count=1)
    lead = re.match(rf"{_LEADS[language]}, ", claim)
    if lead and claim[lead.end() :].count(" ") >= 4:
        yield _capital(claim[lead.end() :])
    tail = _COORDINATED.search(claim)
    before = claim[: tail.start()] if tail else ""
    if before.count(" ") >= 4 and "," not in before and not _PAIRED.search(claim):
        yield before + "."


def move_lead(claim: str, language: str) -> Iterator[str]:
    """The leading adverbial moved to the end."""
    lead = re.match(rf"({_LEADS[language]}), ([^;:]+)\.$", claim)
    if lead and not re.search(r"\b(but|and then|pero)\b", lead[2]):
        yield f"{_capital(lead[2])} {lead[1][0].lower()}{lead[1][1:]}."


def rewrite_numbers(claim: str, language: str) -> Iterator[str]:
    """Number words in digits, digits in words, and thousands without their mark."""
    months = "|".join(MONTHS[language])
    for word, digits in zip(_SPELLED[language], _DIGITS, strict=True):
        for found in re.finditer(rf"(?<![\w-])(?<! y ){word}(?![\w-]| y )", claim):
            if found.start():
                yield claim[: found.start()] + digits + claim[found.end() :]
        for found in re.finditer(rf"(?<=[a-z,] ){digits}(?= [a-z])(?! (?:de )?(?:{months}))", claim):
            yield claim[: found.start()] + word + claim[found.end() :]
    mark = "," if language == "en" else "."
    for found in re.finditer(r"(?<![\d.,])\d{1,3}(?:[.,]\d{3})+(?![\d.,]\d|\d)", claim):
        if set(re.findall("[.,]", found[0])) == {mark}:
            yield claim[: found.start()] + found[0].replace(mark, "") + claim[found.end() :]


def rewrite_dates(claim: str, language: str) -> Iterator[str]:
    """Dates in another form."""
    names = MONTHS[language]
    months = "|".join(names)
    if language == "es":
        for found in re.finditer(rf"\b(\d{{1,2}}) de ({months}) del? (\d{{4}})", claim):
            month = names.index(found[2]) + 1
            for new in (f"{int(found[1]):02}/{month:02}/{found[3]}", f"{found[1]}/{month}/{found[3]}"):
                yield claim[: found.start()] + new + claim[found.end() :]
        return
    for found in re.finditer(rf"\b({months}) (\d{{1,2}}), (\d{{4}}),?", claim):
        iso = f"{found[3]}-{names.index(found[1]) + 1:02}-{int(found[2]):02}"
        for new in (f"{found[2]} {found[1]} {found[3]}", iso):
            yield claim[: found.start()] + new + claim[found.end() :]
    for found in re.finditer(rf"\b({months}) (\d{{1,2}})(?![,\da-z]| \d)", claim):
        yield claim[: found.start()] + f"{found[2]} {found[1]}" + claim[found.end() :]
    for found in re.finditer(rf"\b(\d{{1,2}}) ({months}) (\d{{4}})", claim):
        yield claim[: found.start()] + f"{found[2]} {found[1]}, {found[3]}" + claim[found.end() :]


def contract(claim: str, language: str) -> Iterator[str]:
    """Contracted instead of in full, and the other way round."""
    for full, short in _CONTRACTIONS if language == "en" else ():
        for old, new in ((full, short), (short, full)):
            for found in re.finditer(rf"(?<!\w){old}(?!\w|\.)", claim):
                yield claim[: found.start()] + new + claim[found.end() :]


def swap_synonyms(claim: str, language: str) -> Iterator[str]:
    """A word of about the same meaning in another's place."""
    for pair in _SYNONYMS[language]:
        old, new = pair.replace("_", " ").split(":")
        yield re.sub(rf"(?<![\w-]){old}(?![\w-])", new, claim, count=1)


def do_several(claim: str, language: str) -> Iterator[str]:
    """Several of these at once."""
    new, count = claim, 0
    for change in (
        leave_out,
        move_lead,
        rewrite_numbers,
        rewrite_dates,
        contract,
        swap_synonyms,
        swap_synonyms,
    ):
        made = next((each for each in change(new, language) if each != new), None)
        if made:
            new, count = made, count + 1
    if count > 1:
        yield new


def answer_in_a_sentence(question: str, answer: str, language: str) -> str | None:
    """A question and its answer as one short statement, where it makes one."""
    asked = question.strip().strip("¿?").strip()
    for pattern, shape in _ASKED[language]:
        if found := re.fullmatch(pattern, asked):
            return _capital(shape.format("", *found.groups(), answer=answer)) + "."
    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


REWORDINGS: dict[str, Callable[[str, str], Iterator[str]]] = {
    "clause left out": leave_out,
    "adverbial moved": move_lead,
    "numbers rewritten": rewrite_numbers,
    "dates rewritten": rewrite_dates,
    "contracted or in full": contract,
    "synonyms": swap_synonyms,
    "several of these": do_several,
}
