"""Words that claims are made false with; none of it is what the product checks with."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """The words of a row, in order."""
    return text.split()


MONTHS = {
    "en": words("January February March April May June July August September October November December"),
    "es": words("""
        enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    """),
}
DAYS = {
    "en": words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "es": words("lunes martes miércoles jueves viernes sábado domingo"),
}
NUMBERS = {
    "en": words("""
        two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
    """),
    "es": words("""
        dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte treinta cuarenta
    """),
}
UNITS = {
    "en": (
        "seconds minutes hours days weeks months years decades centuries",
        "second minute hour day week month year decade century",
        "kilometers miles meters feet yards inches",
        "kilometres miles metres",
        "km mi",
        "percent dollars",
        "% €",
        "$ € £",
        "million billion thousand",
        "pounds kilograms tons",
        "GB MB TB KB",
        "dollars euros pounds",
    ),
    "es": (
        "segundos minutos horas días semanas meses años décadas siglos",
        "segundo minuto hora día semana mes año década siglo",
        "kilómetros millas metros pies yardas pulgadas",
        "dólares euros libras",
        "% €",
        "$ € £",
        "libras kilogramos toneladas",
        "GB MB TB KB",
    ),
}
OPPOSITES = {
    "en": words("""
        before:after more:less most:least largest:smallest highest:lowest first:last increase:decrease
        increased:decreased increasing:decreasing rise:fall rose:fell must:may maximum:minimum
        always:sometimes allowed:forbidden permitted:prohibited includes:excludes include:exclude
        included:excluded including:excluding early:late earlier:later greater:smaller higher:lower
        larger:smaller above:below over:under inside:outside internal:external public:private north:south
        northern:southern east:west eastern:western oldest:newest older:newer best:worst better:worse
        long:short high:low won:lost win:lose with:without accept:reject accepted:rejected approve:reject
        enable:disable add:remove added:removed legal:illegal possible:impossible able:unable
        required:optional weekly:monthly daily:weekly all:some everyone:nobody beginning:end start:end
        upper:lower strong:weak easy:difficult same:different good:bad old:new positive:negative large:small
        longer:shorter longest:shortest growth:decline majority:minority morning:evening since:until
    """),
    "es": words("""
        antes:después más:menos mayor:menor mayores:menores primera:última primer:último primero:último
        aumentar:disminuir aumento:descenso aumentó:disminuyó aumentado:disminuido creció:disminuyó
        debe:puede deben:pueden máximo:mínimo siempre:a_veces permitido:prohibido permite:prohíbe
        permiten:prohíben incluye:excluye incluyen:excluyen incluido:excluido superior:inferior
        interior:exterior interno:externo público:privado pública:privada norte:sur oriental:occidental
        mejor:peor mejores:peores largo:corto larga:corta alto:bajo alta:baja ganó:perdió ganar:perder
        con:sin aceptar:rechazar aceptó:rechazó activar:desactivar añadir:eliminar legal:ilegal
        posible:imposible capaz:incapaz obligatorio:opcional semanal:mensual anual:mensual todos:algunos
        todas:algunas inicio:final principio:final comienzo:fin fuerte:débil fácil:difícil mismo:distinto
        misma:distinta bueno:malo buena:mala nuevo:viejo nueva:vieja positivo:negativo grande:pequeño
        grandes:pequeños mayoría:minoría máxima:mínima desde:hasta
    """),
}
INVENTED = {
    "en": (
        ", and the committee reviews it every {n} years", ", as confirmed by the Ministry of Transport",
        ", which costs {n} dollars a month", " and must be signed by the branch director",
        ", although visitors have to pay for parking", ", according to Robert Whitfield",
        ", and the cafeteria stays closed on that occasion", ", because the insurance company demanded it",
        " and everyone receives a printed certificate by mail", ", with a penalty of {n} percent",
        ", where guests are asked to wear blue helmets", ", after which the keys are handed to the gardener",
        ", so a dentist has to be consulted first", ", and its owner later sold the bakery to a cousin",
    ),
    "es": (
        ", y el comité lo revisa cada {n} años", ", según confirmó el Ministerio de Transportes",
        ", lo que cuesta {n} euros al mes", " y lo tiene que firmar el director de la sucursal",
        ", aunque los visitantes tienen que pagar el aparcamiento", ", según Roberto Villanueva",
        ", y la cafetería permanece cerrada en esa ocasión", ", porque la compañía de seguros lo exigió",
        " y todos reciben un certificado impreso por correo", ", con una multa del {n} por ciento",
        ", donde se pide a los invitados que lleven cascos azules",
        ", tras lo cual las llaves se entregan al jardinero",
        ", así que primero hay que consultar a un dentista",
        ", y su dueño vendió después la panadería a un primo",
    ),
}  # fmt: skip
