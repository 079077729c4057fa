"""Words that turn a statement round: before and after, at least and at most, must and may.

Each row is a direction with its opposite values, folded: a word of one value is never evidence for another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bot.facts.words import words
from ingest.language import terms

Turn = tuple[str, int]
"""A direction and which of its values."""

COMPLEMENTARY = words(
    "permission ability truth sameness openness legality agreement acceptance presence sufficiency validity"
)
"""Directions of two values where denying one says the other: what is not allowed is forbidden."""
ASSERTED = frozenset({("bound", 0), ("bound", 1), ("only", 0), ("frequency", 0)})
"""Words of these say more than the statement without them, so they need evidence of their own."""
PERIODS = {"hour": 0, "day": 1, "night": 2, "week": 3, "month": 4, "quarter": 5, "year": 6}
"""The values of the direction `period` by the unit that is said for it: "a month", "por semana"."""
BINDING = words("must shall should ought deber debe deben debemos debera deberan deberia deberian")
"""Words of duty that forbid when they are denied; others of theirs then only leave free."""
LEADING = words("inclusion bound order company modality permission sequence amount endpoint")
"""Directions whose words are said of what follows them."""
CERTAIN = words("order sequence period change permission inclusion frequency ability result acceptance")
"""Directions whose words a translation keeps."""
SYNONYMOUS = words("order bound change permission modality frequency only inclusion")
"""Directions whose words of one value may stand for each other."""

_ENGLISH = """
order: before, prior, previous, previously, earlier, preceding, in advance | after, following, later,
  subsequent, subsequently, afterwards
until: since | until, till
endpoint: from # | to #
bound: at least, minimum, min, no less than, not less than, no fewer than, not fewer than, more than #,
  greater than #, higher than #, longer than #, over #, above #, exceeding, exceeds, # or more, a minimum
  of, no earlier than, not before, upwards of, in excess of, larger than # | at most, maximum, max, no
  more than, not more than, less than #, fewer than #, lower than #, shorter than #, under #, below #, up
  to, # or less, # or fewer, a maximum of, no later than, not exceed, does not exceed, no longer than #,
  not later than, smaller than #, limited to
change: increase, rise, rose, grow, grew, gain, raise, expand, growth, climb | decrease, fall, fell, drop,
  decline, reduce, shrink, reduction, diminish, lessen
permission: allow, allowed, permit, permitted, authorise, authorize, authorised, authorized, entitled, may
  | forbid, forbidden, prohibit, prohibited, ban, banned, disallow, not allowed, not permitted, off limits
modality: must, have to, has to, had to, need to, needs to, needed to, required, mandatory, compulsory,
  obligatory, obliged, shall, require, requires, necessary, should, ought, recommended, advised, suggested
  | may, can, could, might, optional, optionally, voluntary, voluntarily, allowed, permitted, free to,
  choose to
frequency: always, at all times, every time, invariably | sometimes, occasionally, from time to time, at
  times | often, usually, generally, frequently, normally, typically, mostly | rarely, seldom,
  infrequently | never, at no time
quantity: all, every, each, everyone, everybody, everything, entire, entirely, fully, completely, whole |
  most, majority, mostly | some, several, partly, partially | few, hardly any | none, nobody, no one,
  nothing
only: only, solely, exclusively, just, merely | just, merely
inclusion: include, including, included, inclusive | exclude, excluding, excluded, exclusive, except,
  apart from, other than
company: with | without
sequence: first, initial, initially, original, originally | last, final, finally | latest, newest, recent,
  most recent
end: begin, beginning, start, open, began, launch | end, finish, stop, close, cease
amount: more, greater, higher, larger, bigger, longer | less, fewer, lower, smaller, shorter
extreme: most, greatest, highest, largest, biggest, longest, tallest | least, fewest, lowest, smallest,
  shortest
size: large, big, huge, great | small, little, tiny
height: high, tall | low
length: long | short
earliness: early, earliest | late, latest
speed: fast, quick, quickly, rapid, rapidly | slow, slowly
age: old, older, oldest | new, newer, newest | young, younger, youngest
quality: good, better, best | bad, worse, worst, poor
difficulty: easy, easier, easily, simple | difficult, hard, harder
sameness: same, identical, equal | different, distinct
strength: strong, stronger | weak, weaker
wealth: rich, wealthy | poor
heat: hot, warm | cold, cool
publicness: public, publicly | private, privately, confidential
place: internal, internally, inside, indoor, indoors | external, externally, outside, outdoor, outdoors
openness: open | closed
truth: true, correct, right | false, incorrect, wrong
side: left | right
compass: north, northern, northeast, northwest | south, southern, southeast, southwest
horizon: east, eastern | west, western
level: above, upper, top, over | below, beneath, lower, bottom, underneath, under
motion: enter, entry, arrive, arrival, join | exit, leave, departure, depart
transfer: send, sent | receive, received
trade: buy, purchase, bought | sell, sold
load: upload | download
result: win, won, victory, succeed, success, successful, beat, defeated | lose, lost, defeat, fail,
  failure, failed
acceptance: accept, accepted, approve, approved | reject, rejected, refuse, refused, deny, denied, decline
agreement: agree, agreed | disagree, disagreed
attitude: support, supported, favour, favor | oppose, opposed, against
switch: enable, enabled, activate, turn on, switch on, turned on, switched on, is on, are on | disable,
  disabled, deactivate, turn off, switch off, turned off, switched off, is off, are off
addition: add, added, addition | remove, removed, delete, deleted, removal
legality: legal, legally, lawful | illegal, illegally, unlawful
ability: able, possible, capable | unable, impossible, incapable
sufficiency: sufficient, enough | insufficient
validity: valid | invalid
presence: present, presence | absent, absence, missing
sign: positive | negative
merit: advantage, benefit, strength | disadvantage, drawback, weakness
colour: red | green | blue | yellow | orange | grey, gray | black | white | purple | brown | pink
period: hourly | daily | nightly | weekly | monthly | quarterly | yearly, annual, annually
sex: man, male, men, father, son, brother, husband, king | woman, female, women, mother, daughter, sister,
  wife, queen
time of day: morning | afternoon | evening | night, overnight
share: major, majority | minor, minority
fullness: full, full-time | part-time, partial | empty
payment: paid, pay | unpaid, free, free of charge
direction: up, upward, upwards | down, downward, downwards
cause: cause, lead to, leads to, causes | result from, caused by, due to
"""

_SPANISH = """
order: antes, previo, previa, previamente, anterior, anteriormente, con antelacion | despues, posterior,
  posteriormente, tras, siguiente, siguientes, luego
until: desde | hasta
endpoint: del # | al #
share: mayoria, mayor parte | minoria, menor parte
bound: al menos, por lo menos, como minimo, minimo, minima, mas de #, mas del #, no menos de, superior a
  #, superiores a #, mayor que #, mayor de #, mayores de #, por encima de #, # o mas, supera, superan, un
  minimo de, no antes de, excede | como maximo, como mucho, maximo, maxima, a lo sumo, menos de #, menos
  del #, no mas de, inferior a #, inferiores a #, menor que #, menor de #, menores de #, por debajo de #,
  # o menos, hasta, un maximo de, no supera, no superan, no exceda, no excede, no superior a, no supere, a
  mas tardar
change: aumentar, aumento, crecer, crecimiento, incrementar, incremento, subir, ampliar, elevar |
  disminuir, disminucion, reducir, reduccion, bajar, caer, descender, descenso, decrecer, caida, cayo,
  redujo
permission: permitir, permitido, permitida, permite, autorizar, autorizado, autorizada | prohibir,
  prohibido, prohibida, prohibe, vetar, vetado, no permitido
modality: deber, debe, deben, debemos, debera, deberan, tiene que, tienen que, tenemos que, hay que,
  obligatorio, obligatoria, obligatoriamente, obligado, obligados, necesario, necesaria, preciso,
  requiere, requieren, exige, exigen, deberia, deberian, deberiamos, recomienda, recomendable,
  recomendado, conviene, aconseja, aconsejable | poder, puede, pueden, podemos, podra, podran, podria,
  podrian, optativo, opcional, opcionalmente, voluntario, voluntaria, permitido, permite, permiten
frequency: siempre, en todo momento, en todos los casos | a veces, en ocasiones, ocasionalmente, algunas
  veces, de vez en cuando | a menudo, normalmente, generalmente, habitualmente, con frecuencia,
  frecuentemente, por lo general, suele, suelen | rara vez, raramente, pocas veces, casi nunca | nunca,
  jamas, en ningun momento, en ningun caso
quantity: todo, toda, todos, todas, cada, totalidad, entero, totalmente, completamente, integramente |
  mayoria, mayor parte | algunos, algunas, algun, alguna, varios, varias, parcialmente | pocos, pocas |
  ninguno, ningun, ninguna, nadie, nada
only: solo, solamente, unicamente, exclusivamente
inclusion: incluir, incluye, incluido, incluida, incluidos, incluidas, incluso, inclusive | excluir,
  excluye, excluido, excluida, excepto, salvo, a excepcion de, menos los, menos las
company: con | sin
sequence: primero, primera, primer, primeros, primeras, inicio, principio, inicial, inicialmente, original
  | ultimo, ultima, ultimos, ultimas, final, finalmente
end: comenzar, comienza, comienzan, comienzo, empezar, empieza, empiezan, iniciar, inicio, abrir, abre,
  abren, lanzar | terminar, termina, fin, finalizar, acabar, cerrar, cierra, cierran, cesar
amount: mas, mayor, mayores, superior | menos, menor, menores, inferior
size: grande, grandes, gran, enorme | pequeno, pequena, pequenos, diminuto
height: alto, alta, altos, elevado, elevada | bajo, baja, bajos
length: largo, larga, largos | corto, corta, cortos, breve
earliness: temprano, pronto, temprana | tarde, tardio, tardia
speed: rapido, rapida, rapidamente | lento, lenta, lentamente
age: viejo, vieja, antiguo, antigua, antiguos | nuevo, nueva, nuevos | joven, jovenes
quality: bueno, buena, buen, mejor, mejores | malo, mala, mal, peor, peores
difficulty: facil, facilmente, sencillo | dificil, dificiles
sameness: igual, iguales, identico, mismo, misma | diferente, diferentes, distinto, distinta
strength: fuerte, fuertes | debil, debiles
wealth: rico, ricos | pobre, pobres
heat: caliente, calido, calida | frio, fria
publicness: publico, publica, publicamente | privado, privada, confidencial
place: interno, interna, internos, dentro, interior | externo, externa, externos, fuera, exterior
openness: abierto, abierta | cerrado, cerrada
truth: verdadero, verdadera, correcto, correcta | falso, falsa, incorrecto, incorrecta
side: izquierdo, izquierda | derecho, derecha
compass: norte, septentrional, noreste, noroeste | sur, meridional, sureste, suroeste, sudeste, sudoeste
horizon: oriental | oeste, occidental
level: encima, arriba, superior, sobre | debajo, abajo, inferior, bajo
motion: entrar, entrada, llegar, llegada, ingresar | salir, salida, partir, abandonar
transfer: enviar, envia, envian | recibir, recibe, reciben
trade: comprar, compra | vender, venta
load: subir, cargar | descargar
result: ganar, gano, victoria, exito, vencer, vencio | perder, perdio, derrota, fracaso, fracasar
acceptance: aceptar, acepta, aprobar, aprobado, aprueba | rechazar, rechaza, denegar, deniega, rehusar
agreement: acuerdo | desacuerdo
attitude: apoyar, apoya, apoyo, favor, a favor | oponer, opone, contra, en contra
switch: activar, activa, habilitar, activado, encender, enciende | desactivar, desactiva, deshabilitar,
  desactivado, apagar, apaga
addition: anadir, agregar, anade | eliminar, quitar, borrar, elimina
legality: legal, legalmente, licito | ilegal, ilegalmente, ilicito
ability: capaz, posible, capaces | incapaz, imposible, incapaces
sufficiency: suficiente, suficientes | insuficiente, insuficientes
validity: valido, valida | invalido, invalida
presence: presente, presencia | ausente, ausencia
sign: positivo, positiva | negativo, negativa
merit: ventaja, ventajas, beneficio | desventaja, inconveniente, desventajas
colour: rojo, roja | verde | azul | amarillo, amarilla | naranja | gris | negro, negra | blanco, blanca |
  morado, morada | marron | rosa
period: horario | diario, diaria, diariamente, a diario | nocturno | semanal, semanalmente | mensual,
  mensualmente | trimestral, trimestralmente | anual, anualmente
sex: hombre, hombres, masculino, padre, hijo, hermano, marido, rey | mujer, mujeres, femenino, madre,
  hija, hermana, esposa, reina
time of day: manana, por la manana | por la tarde | por la noche, noche
fullness: completo, completa, jornada completa, tiempo completo | parcial, media jornada, tiempo parcial |
  vacio, vacia
payment: pagado, pagada, remunerado, remunerada, retribuido | gratuito, gratis, gratuita, no remunerado,
  sin sueldo
"""


_INFLECTED = words(
    "change permission inclusion end motion transfer trade result acceptance agreement attitude switch"
    " addition cause"
)
"""Directions whose words stand for all their inflections."""

Phrase = tuple[str, ...]
"""Folded words; `#` stands for a number beside them, which is not part of the phrase."""


@dataclass(frozen=True, slots=True)
class Turning:
    """The words of a language that turn a statement."""

    forms: Mapping[str, frozenset[Turn]]
    """Single words, folded."""
    stems: Mapping[str, frozenset[Turn]]
    """The stems of those that are inflected."""
    phrases: Mapping[str, Sequence[tuple[Phrase, frozenset[Turn]]]]
    """By their first word, the longest first."""

    def of(self, folded: str, language: str) -> frozenset[Turn]:
        """The turns of one folded word."""
        return self.forms.get(folded) or self.stems.get(stem(folded, language), frozenset())


@cache
def stem(word: str, language: str) -> str:
    """The search term of one folded word."""
    return next(iter(terms(word, language)), word)


@cache
def turning(language: str) -> Turning:
    """The words that turn a statement, in a language; none where it is not known."""
    forms: dict[str, frozenset[Turn]] = {}
    stems: dict[str, frozenset[Turn]] = {}
    phrases: dict[Phrase, frozenset[Turn]] = {}
    for form, turn in _forms(language):
        parts = tuple(form.replace("-", " ").split())
        if len(parts) > 1:
            phrases[parts] = phrases.get(parts, frozenset()) | {turn}
            continue
        forms[form] = forms.get(form, frozenset()) | {turn}
        if turn[0] in _INFLECTED:
            root = stem(form, language)
            # The Spanish stemmer leaves the `i` of "creció" and "vendió".
            past = {root + "i"} if language == "es" and form.endswith(("er", "ir")) else set()
            for each in {root} | past:
                stems[each] = stems.get(each, frozenset()) | {turn}
    firsts: dict[str, list[tuple[Phrase, frozenset[Turn]]]] = {}
    for parts in sorted(phrases, key=len, reverse=True):
        firsts.setdefault(parts[parts[0] == "#"], []).append((parts, phrases[parts]))
    return Turning(forms, stems, firsts)


def _forms(language: str) -> Iterator[tuple[str, Turn]]:
    """The words and phrases of a language as its table has them, each with a turn."""
    rows = {"en": _ENGLISH, "es": _SPANISH}.get(language, "").replace("\n  ", " ")
    for row in filter(None, rows.split("\n")):
        direction, _, values = row.partition(": ")
        for value, forms in enumerate(values.split(" | ")):
            for form in forms.split(", "):
                yield form, (direction, value)
