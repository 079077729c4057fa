"""What numbers count: units and currencies under one name in both languages."""

from __future__ import annotations

from functools import cache

_UNITS = """
second: second seconds sec secs s segundo segundos seg
minute: minute minutes min mins minuto minutos
hour: hour hours hr hrs h hora horas
day: day days d dia dias jornada jornadas
workday: workday workdays
night: night nights noche noches
week: week weeks wk wks semana semanas
fortnight: fortnight fortnights quincena quincenas
month: month months mes meses
quarter: quarter quarters trimestre trimestres
year: year years yr yrs age aged ano anos edad
decade: decade decades decada decadas decenio
century: century centuries siglo siglos
millennium: millennium millennia milenio milenios
millimetre: mm millimetre millimetres millimeter millimeters milimetro milimetros
centimetre: cm centimetre centimetres centimeter centimeters centimetro centimetros
metre: m metre metres meter meters metro metros
kilometre: km kms kilometre kilometres kilometer kilometers kilometro kilometros
inch: inch inches pulgada pulgadas
foot: foot feet ft pie pies
yard: yard yards yd yds yarda yardas
mile: mile miles milla millas
gram: g gr gram grams gramme grammes gramo gramos
kilogram: kg kgs kilo kilos kilogram kilograms kilogramo kilogramos
milligram: mg milligram milligrams miligramo miligramos
tonne: t ton tons tonne tonnes tonelada toneladas
poundweight: lb lbs pound pounds libra libras
ounce: oz ounce ounces onza onzas
litre: l litre litres liter liters litro litros
millilitre: ml millilitre millilitres milliliter milliliters mililitro mililitros
gallon: gallon gallons galon galones
hectare: hectare hectares hectarea hectareas
acre: acre acres
byte: byte bytes
kilobyte: kb kilobyte kilobytes
megabyte: mb megabyte megabytes
gigabyte: gb gigabyte gigabytes
terabyte: tb terabyte terabytes
bit: bit bits
percent: % percent percentage pct porciento
permille: ‰
degree: ° degree degrees grado grados
celsius: °c celsius centigrade centigrados
fahrenheit: °f fahrenheit
kelvin: k kelvin kelvins
watt: w watt watts vatio vatios
kilowatt: kw kilowatt kilowatts kilovatio kilovatios
megawatt: mw megawatt megawatts megavatio megavatios
kilowatthour: kwh
volt: v volt volts voltio voltios
hertz: hz hertz
megahertz: mhz
gigahertz: ghz
pixel: px pixel pixels pixeles
dollar: $ usd us$ dollar dollars dolar dolares
euro: € eur euro euros
pound: £ gbp pound pounds libra libras sterling esterlina esterlinas
yen: ¥ jpy yen yenes
peso: peso pesos mxn ars clp cop
franc: chf franc francs franco francos
squarekilometre: km2 km²
squaremetre: m2 m²
squaremile: mi2 mi²
cent: cent cents centimo centimos centavo centavos
kmh: kmh kph
mph: mph
times: time times vez veces
"""
_PHRASES = """
percent: per cent, por ciento
points: percentage points, percentage point, puntos porcentuales
workday: working days, working day, business days, business day
workday: dias laborables, dia laborable, dias habiles, dia habil
squarekilometre: square kilometres, square kilometers, sq km, kilometros cuadrados
squaremile: square miles, sq mi, millas cuadradas
squaremetre: square metres, square meters, metros cuadrados
squarefoot: square feet, pies cuadrados
cubicmetre: cubic metres, cubic meters, metros cubicos
"""
CURRENCY_SIGNS = frozenset("$€£¥")
NARROWER = {"workday": "day", "celsius": "degree", "fahrenheit": "degree"}
"""A unit that is another with something added; the other may be said in its place."""


@cache
def _by_word() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for rows, mark in ((_UNITS, None), (_PHRASES, ", ")):
        for row in rows.strip().split("\n"):
            name, _, words = row.partition(": ")
            for word in words.split(mark):
                found[word] = found.get(word, frozenset()) | {name}
    return found


def unit_of(words: str) -> frozenset[str]:
    """The units that folded words may name, several where they are ambiguous; none for other words."""
    return _by_word().get(words, frozenset())
