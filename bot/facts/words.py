"""Small words: those that carry no content of their own, and those that turn a statement into its denial.

All are folded: lower case, without accents. What is not known of a language is simply not marked.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


LIGHT = {
    "en": words("""
        a an the this that these those such it its itself he him his himself she her hers herself they them
        their theirs themselves we us our ours ourselves you your yours yourself i me my mine one ones who
        whom whose which what when where why how whether and or but nor so yet if then than as of in on at by
        for from to into onto upon with within about between among through during over under above below
        across along around against toward towards via per out off up down again also too very just quite
        rather even still already there here be am is are was were been being do does did done doing have has
        had having will would shall should can could may might must ought let get gets got because while
        although though until unless since before after each every both either some any other another more
        most less least much many own same however therefore thus hence please etc s d ll re ve eg ie well
        now only always ever all like example instance
    """),
    "es": words("""
        el la los las lo un una unos unas este esta esto estos estas ese esa eso esos esas aquel aquella
        aquello aquellos aquellas su sus suyo suya mi mis tu tus nuestro nuestra nuestros nuestras vuestro
        vuestra yo me conmigo tu te ti usted ustedes ud uds nos nosotros vosotros os le les se si ella ellos
        ellas ello que quien quienes cual cuales cuanto cuanta cuantos cuantas
        cuyo cuya cuyos cuyas cuando donde como porque pues aunque
        mientras y e o u pero sino mas de del al a en con por para entre sobre hasta desde hacia segun ante
        bajo tras durante mediante contra es son era eran fue fueron ser sido siendo sea sean sera seran esta
        estan estaba estaban estar estado estuvo este esten he ha han hay habia habian haber hubo haya hayan
        habra va van muy tan tanto tambien ya aun todavia asi entonces ahi alli aqui aca ademas luego cada
        ambos ambas algun alguna alguno algunos algunas otro otra otros otras mismo misma mismos mismas mucho
        mucha muchos muchas mas menos poco todo toda todos todas solo solamente siempre tal tales etc embargo
        puede pueden podra podran debe deben debera deberan tener tiene tienen ejemplo
    """),
}
"""Words of grammar, by language."""

NEGATIONS = {
    "en": words("no not n't cannot never none nobody nothing nowhere neither nor without hardly barely non"),
    "es": words("no nunca jamas nadie nada ninguno ningun ninguna ningunos ningunas ni sin tampoco apenas"),
}
"""Words that deny what they stand with, by language."""

DENYING = {
    "en": words("""
        lack lacks lacked lacking fail fails failed refuse refuses refused deny denies denied avoid avoids
        avoided prevent prevents prevented except excluding exclude excludes excluded unable impossible
        unless otherwise free absence absent missing forbidden prohibited prohibits prohibit banned bans ban
        zero only far outside closed exempt exempts exempted stop stops stopped cease ceased
    """),
    "es": words("""
        carece carecen carecer falta faltan faltar niega niegan negar nego evita evitan evitar impide impiden
        impedir impidio excepto salvo excluye excluyen excluir excluido incapaz imposible contrario ausencia
        prohibido prohibida prohibidos prohibidas prohibe prohiben prohibir cero libre exento solo unicamente
        fuera cerrado cerrada cerrados cerradas deja dejan dejara dejaran dejar exime eximir
    """),
}
"""Words that may say in another way what a negation says. They allow one and ask for none."""


def _phrases(text: str) -> dict[str, list[tuple[str, ...]]]:
    """Phrases by their first word, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(text.split(", "), key=len, reverse=True):
        parts = tuple(phrase.split())
        found.setdefault(parts[0], []).append(parts)
    return found


NEUTRAL = {
    "en": _phrases(
        "not only, not even, whether or not, or not, no doubt, not just, not merely, no matter,"
        " not to mention, not least, more or less, as well as, no wonder, as soon as possible, yes or no,"
        " true that, the case that"
    ),
    "es": _phrases(
        "no solo, ni siquiera, no solamente, no unicamente, o no, sin embargo, no obstante, sin duda,"
        " mas o menos, antes que nada, asi como, sin mas, nada mas, cuanto antes, no en vano, a no ser,"
        " si o no, cierto que, verdad que"
    ),
}
"""Phrases that look like a denial or a comparison and are none."""

BREAKING = {
    "en": words("but which who whom whose because although though while whereas if when unless that"),
    "es": words("pero sino que quien quienes cuyo cuya porque aunque mientras si cuando"),
}
"""Words that begin a clause, beyond which a negation does not reach."""

IRREGULAR = dict(
    pair.split(":")[::-1]
    for line in (
        "be:been become:became begin:began begin:begun break:broke break:broken bring:brought build:built",
        "buy:bought catch:caught choose:chose choose:chosen come:came cut:cuts draw:drew draw:drawn",
        "drive:drove drive:driven eat:ate eat:eaten fall:fell fall:fallen feel:felt fight:fought find:found",
        "fly:flew fly:flown forbid:forbade forbid:forbidden forget:forgot forget:forgotten give:gave",
        "give:given go:went go:gone grow:grew grow:grown hear:heard hide:hid hide:hidden hold:held keep:kept",
        "know:knew know:known lead:led leave:left lend:lent lose:lost make:made mean:meant meet:met pay:paid",
        "rise:rose rise:risen run:ran say:said see:saw see:seen sell:sold send:sent show:shown sing:sang",
        "sit:sat speak:spoke speak:spoken spend:spent stand:stood steal:stole swim:swam take:took take:taken",
        "teach:taught tell:told think:thought throw:threw throw:thrown understand:understood wear:wore",
        "wear:worn win:won write:wrote write:written beat:beaten bind:bound child:children person:people",
        "man:men woman:women",
    )
    for pair in line.split()
)
"""English forms that no stemmer brings together, with the form to take them as."""
