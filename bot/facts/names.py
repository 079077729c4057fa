"""Names that are the same although they are written otherwise: by language, as an adjective, by initials."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache

from bot.facts.words import words

_PEOPLES = """
spain spanish spaniard spaniards espana espanol espanola espanoles espanolas
england english englishman inglaterra ingles inglesa ingleses inglesas
britain british briton britons bretana britanico britanica britanicos britanicas
scotland scottish scots scot escocia escoces escocesa escoceses escocesas
wales welsh gales gales galesa
ireland irish irlanda irlandes irlandesa irlandeses
france french frenchman francia frances francesa franceses francesas
germany german germans alemania aleman alemana alemanes alemanas
italy italian italians italia italiano italiana italianos italianas
portugal portuguese portugues portuguesa portugueses
netherlands dutch holland holandes holandesa holandeses neerlandes holanda
belgium belgian belgica belga belgas
switzerland swiss suiza suizo suizos
austria austrian austrians austriaco austriaca austriacos
poland polish pole poles polonia polaco polaca polacos
russia russian russians rusia ruso rusa rusos rusas
sweden swedish swede suecia sueco sueca suecos
norway norwegian noruega noruego noruegos
denmark danish dane danes dinamarca danes danesa daneses
finland finnish finlandia finlandes finlandesa
iceland icelandic islandia islandes
greece greek greeks grecia griego griega griegos griegas
turkey turkish turks turquia turco turca turcos
hungary hungarian hungria hungaro hungara
czech checo checa checos
romania romanian rumania rumano rumana
bulgaria bulgarian bulgaro bulgara
ukraine ukrainian ucrania ucraniano
europe european europeans europa europeo europea europeos europeas
america american americans americano americana americanos americanas estadounidense estadounidenses
africa african africans africano africana africanos
asia asian asians asiatico asiatica asiaticos
australia australian australians australiano australiana
canada canadian canadians canadiense canadienses
mexico mexican mexicans mexicano mexicana mexicanos
brazil brazilian brasil brasileno brasilena brasilenos
argentina argentine argentinian argentino argentinos
chile chilean chileno chilena chilenos
colombia colombian colombiano colombiana
peru peruvian peruano peruana
cuba cuban cubano cubana
venezuela venezuelan venezolano venezolana
china chinese chino chinos chinas
japan japanese japon japones japonesa japoneses japonesas
korea korean corea coreano coreana coreanos
mongolia mongol mongols mongolian mongoles mongola
india indian indians indio indios hindu
vietnam vietnamese vietnamita vietnamitas
egypt egyptian egipto egipcio egipcia egipcios
iran iranian persia persian irani persa persas
iraq iraqi iraki
israel israeli israelies
arabia arab arabs arabic arabe arabes
syria syrian siria sirio
jew jews jewish judio judia judios
rome roman romans roma romano romana romanos romanas
"""
_NAMES = """
east eastern oriente oriental orient este
west western occidente occidental oeste
south southern sur meridional
north northern norte septentrional
southeast sureste sudeste
southwest suroeste sudoeste
northeast noreste nordeste
northwest noroeste
saint st san santo santa
great gran grande
black negra negro
london londres
paris parisian parisino
lisbon lisboa
milan milano
turin torino
venice venecia venetian veneciano
florence florencia
naples napoles
vienna viena
prague praga
warsaw varsovia
moscow moscu
athens atenas
brussels bruselas
antwerp amberes
hague haya
geneva ginebra
basel basilea
cologne colonia
munich munchen
copenhagen copenhague
stockholm estocolmo
edinburgh edimburgo
constantinople constantinopla
jerusalem jerusalen
beijing pekin
tokyo tokio
seoul seul
philadelphia filadelfia
california californiano
sicily sicilia
normandy normandia norman normans normando normanda normandos normandas
rhine rin
danube danubio
thames tamesis
pacific pacifico
atlantic atlantico
mediterranean mediterraneo
john juan
james jacobo santiago jaime
charles carlos
philip phillip felipe
william guillermo
henry enrique
louis luis
george jorge
peter pedro
paul pablo
mary maria
elizabeth isabel
catherine catalina
christopher cristobal
luther lutero lutheran luterano luterana
calvin calvino calvinist calvinista
alexander alejandro
augustine agustin
eu ue
un uno onu
us usa eeuu
nato otan
gdp pib
hr rrhh
vat iva
who oms
imf fmi
ai ia
it ti
ngo ong ngos
"""
_ENDINGS = words(
    "s es n an ian ians ans ese ish ic ist ists ism o a os as ano ana anos anas ense enses ino ina ico ica"
    " y i e"
)
_JOINING = words("of the and for in de del la el los las y e para en")


@cache
def _table(rows: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for row in filter(None, rows.split("\n")):
        forms = row.split()
        for form in forms:
            found[form] = found.get(form, frozenset()) | {f"name:{forms[0]}"}
    return found


def name_keys(word: str) -> frozenset[str]:
    """What a folded name has in common with its other forms and those in the other language."""
    none: frozenset[str] = frozenset()
    return _table(_PEOPLES).get(word, none) | _table(_NAMES).get(word, none)


def names_people(word: str) -> bool:
    """Whether a folded word is of a country or its people: a name also where it has no capital letter."""
    return word in _table(_PEOPLES)


def are_related(one: str, other: str) -> bool:
    """Whether one folded name is the other with an ending, as `Luther` and `Lutheran` are."""
    short, long = sorted((one, other), key=len)
    if len(short) < 4 or not long.startswith(short[: max(len(short) - 1, 4)]):
        return one == other
    if long.startswith(short):
        return long[len(short) :] in _ENDINGS
    return short[-1] in "aeiouy" and long.startswith(short[:-1]) and long[len(short) - 1 :] in _ENDINGS


@lru_cache(maxsize=4096)
def are_cognate(one: str, other: str) -> bool:
    """Whether two folded names may be the same in two languages: `constantinople` and `constantinopla`."""
    if name_keys(one) and name_keys(other):
        return bool(name_keys(one) & name_keys(other))
    one, other = _sounds(one), _sounds(other)
    if min(len(one), len(other)) < 4 or one[0] != other[0]:
        return one == other
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.75


_SPELLINGS = (
    ("ph", "f"), ("th", "t"), ("qu", "k"), ("ch", "c"), ("c", "k"), ("y", "i"), ("w", "v"), ("x", "j"),
    *((2 * letter, letter) for letter in "mslntpfr"),
)  # fmt: skip


def _sounds(word: str) -> str:
    """Spelled as both languages might."""
    for written, plain in _SPELLINGS:
        word = word.replace(written, plain)
    return word


def initials(name: Sequence[str]) -> str:
    """The initials of folded words, leaving out the small ones."""
    return "".join(word[0] for word in name if word and word not in _JOINING)
