"""What a company's pages say, what may be said of it in other words, and what may not. All of it made up."""

from typing import NamedTuple


class Told(NamedTuple):
    """Words of a page, claims that they carry, and claims that they do not."""

    quote: str
    true: tuple[str, ...]
    false: tuple[str, ...]


ENGLISH = (
    Told(
        "Full-time employees are entitled to 24 days of paid leave per calendar year.",
        (
            "Full-time staff get 24 days of paid leave a year.",
            "You are entitled to twenty-four days of paid leave each year.",
        ),
        (
            "Full-time employees are entitled to 26 days of paid leave per calendar year.",
            "Full-time staff get 24 hours of paid leave a year.",
            "Full-time staff get 24 days of unpaid leave a year.",
            "Part-time employees are entitled to 24 days of paid leave per calendar year.",
            "You get 24 days of paid leave per month.",
        ),
    ),
    Told(
        "Up to five unused days may be carried over until 31 March of the following year.",
        (
            "You can carry over up to 5 unused days until 31 March of the next year.",
            "At most five unused days may be carried over, until March 31.",
        ),
        (
            "Up to five unused days may be carried over until 31 May of the following year.",
            "Up to five unused days may not be carried over until 31 March of the following year.",
            "At least five unused days may be carried over until 31 March.",
            "Up to 31 unused days may be carried over until 5 March of the following year.",
            "Up to five unused days must be carried over until 31 March of the following year.",
        ),
    ),
    Told(
        "Dogs are not allowed in the laboratory, but they may come to the office on Wednesdays and Fridays.",
        (
            "Dogs may not enter the laboratory.",
            "You can bring your dog to the office on Wednesdays and Fridays.",
            "Dogs are forbidden in the laboratory.",
        ),
        (
            "Dogs are allowed in the laboratory.",
            "Dogs may come to the office on Mondays and Fridays.",
            "Dogs may not come to the office on Wednesdays and Fridays.",
            "Dogs may not come to the office, but they are allowed in the laboratory.",
        ),
    ),
    Told(
        "Receipts must be handed in within 30 days after the trip; later ones are not refunded.",
        (
            "You must hand in receipts within 30 days after your trip.",
            "Receipts that come later than 30 days after the trip aren't refunded.",
        ),
        (
            "Receipts must be handed in within 30 days before the trip.",
            "Receipts must be handed in within 13 days after the trip; later ones are not refunded.",
            "Receipts must be handed in within 30 days after the trip; later ones are refunded.",
            "Receipts may be handed in within 30 days after the trip.",
        ),
    ),
    Told(
        "In Dublin the limit for a hotel is €180 a night, in Madrid €140.",
        (
            "The hotel limit is €180 a night in Dublin.",
            "In Madrid, the limit for a hotel is 140 euros a night.",
            "In Madrid the limit for a hotel is €140 a night, in Dublin €180.",
        ),
        (
            "In Dublin the limit for a hotel is €140 a night, in Madrid €180.",
            "In Madrid, the limit for a hotel is 180 euros a night.",
            "In Dublin the limit for a hotel is $180 a night, in Madrid $140.",
            "In Lisbon the limit for a hotel is €180 a night.",
            "The hotel limit in Dublin is €180 a week.",
        ),
    ),
    Told(
        "Marta Ruiz succeeded Peter Lang as head of finance on 1 February 2025.",
        (
            "On 1 February 2025, Marta Ruiz succeeded Peter Lang as head of finance.",
            "Peter Lang was succeeded as head of finance by Marta Ruiz on February 1, 2025.",
            "Marta Ruiz has been head of finance since 1 February 2025.",
        ),
        (
            "Peter Lang succeeded Marta Ruiz as head of finance on 1 February 2025.",
            "Marta Ruiz succeeded Peter Lang as head of finance on 1 February 2024.",
            "Marta Ruiz succeeded Peter Lang as head of finance on 2 January 2025.",
            "Marta Ruiz succeeded Paul Stein as head of finance on 1 February 2025.",
            "Marta Ruiz succeeded Peter Lang on 1 February 2025, after Olga Brandt had declined.",
        ),
    ),
    Told(
        "Version 3.10 of the client is required to connect to the VPN; version 3.9 no longer works.",
        ("To connect to the VPN you need version 3.10 of the client.",),
        (
            "Version 3.9 of the client is required to connect to the VPN; version 3.10 no longer works.",
            "Version 3.11 of the client is required to connect to the VPN.",
            "Version 3.9 of the client still works and version 3.10 is not required.",
            "To connect to the VDI you need version 3.10 of the client.",
        ),
    ),
    Told(
        "Expenses above 500 dollars have to be approved by a director before the purchase.",
        (
            "A director has to approve expenses above $500 before the purchase.",
            "Purchases of more than 500 dollars need a director's approval beforehand.",
        ),
        (
            "Expenses below 500 dollars have to be approved by a director before the purchase.",
            "Expenses above 500 dollars have to be approved by a director after the purchase.",
            "Expenses above 500 euros have to be approved by a director before the purchase.",
            "Expenses above 5,000 dollars have to be approved by a director before the purchase.",
        ),
    ),
    Told(
        "The canteen is open from 11:30 to 14:00 and closed at weekends.",
        (
            "The canteen opens at 11:30 and closes at 2 pm.",
            "At weekends the canteen is closed.",
        ),
        (
            "The canteen is open from 11:30 to 15:00 and closed at weekends.",
            "The canteen is open from 14:00 to 11:30 and closed at weekends.",
            "The canteen is open from 11:30 to 14:00 and open at weekends.",
        ),
    ),
    Told(
        "Nobody may use the roof terrace without having been instructed by the safety officer.",
        (
            "You may not use the roof terrace without instruction by the safety officer.",
            "Nobody is allowed on the roof terrace without instruction from the safety officer.",
        ),
        (
            "Everybody may use the roof terrace without having been instructed by the safety officer.",
            "You may use the roof terrace without instruction by the safety officer.",
        ),
    ),
    Told(
        "Sales rose from 2.4 million euros in 2023 to 3.1 million euros in 2024.",
        (
            "In 2024 sales were 3.1 million euros, up from 2.4 million in 2023.",
            "Sales grew from €2.4 million in 2023 to €3.1 million in 2024.",
        ),
        (
            "Sales fell from 2.4 million euros in 2023 to 3.1 million euros in 2024.",
            "Sales rose from 3.1 million euros in 2023 to 2.4 million euros in 2024.",
            "Sales rose from 2.4 million euros in 2024 to 3.1 million euros in 2023.",
            "Sales rose from 2.4 billion euros in 2023 to 3.1 billion euros in 2024.",
        ),
    ),
    Told(
        "Passwords must have at least twelve characters and are changed once a year.",
        (
            "A password needs at least 12 characters.",
            "You change your password once a year, and it must have 12 characters or more.",
        ),
        (
            "Passwords must have at most twelve characters and are changed once a year.",
            "Passwords must have at least twenty characters and are changed once a year.",
            "Passwords must have at least twelve characters and are changed once a month.",
            "Passwords don't have to have at least twelve characters.",
        ),
    ),
    Told(
        "To report a lost badge, write to badges@acme.example or call extension 4410.",
        (
            "If you lose your badge, write to badges@acme.example or call extension 4410.",
            "Report a lost badge to badges@acme.example.",
        ),
        (
            "To report a lost badge, write to budgets@acme.example or call extension 4410.",
            "To report a lost badge, write to badges@acme.example or call extension 4401.",
            "To report a lost badge, open https://acme.example/badges.",
        ),
    ),
    Told(
        "Interns can work from home one day a week, provided that their mentor agrees.",
        (
            "If their mentor agrees, interns can work from home one day a week.",
            "Interns may work at home one day a week if the mentor agrees.",
        ),
        (
            "Interns can work from home three days a week, provided that their mentor agrees.",
            "Interns cannot work from home one day a week.",
            "Interns can work from home one day a month, provided that their mentor agrees.",
            "Interns can work from home one day a week and receive an allowance for furniture.",
        ),
    ),
)

SPANISH = (
    Told(
        "El plazo para presentar los gastos es de quince días naturales desde el final del viaje.",
        (
            "Tienes 15 días naturales desde el final del viaje para presentar los gastos.",
            "Los gastos se presentan en los quince días naturales siguientes al viaje.",
        ),
        (
            "El plazo para presentar los gastos es de cinco días naturales desde el final del viaje.",
            "El plazo para presentar los gastos es de quince días hábiles desde el final del viaje.",
            "El plazo para presentar los gastos es de quince semanas desde el final del viaje.",
        ),
    ),
    Told(
        "No se permite comer en la biblioteca, aunque sí se puede beber agua.",
        (
            "En la biblioteca no se permite comer.",
            "En la biblioteca se puede beber agua.",
            "Está prohibido comer en la biblioteca.",
        ),
        (
            "Se permite comer en la biblioteca.",
            "No se puede beber agua en la biblioteca.",
            "En la biblioteca está permitido comer.",
        ),
    ),
    Told(
        "Las vacaciones deben solicitarse al menos tres semanas antes de la fecha de inicio.",
        (
            "Hay que solicitar las vacaciones como mínimo 3 semanas antes de la fecha de inicio.",
            "Solicita tus vacaciones al menos tres semanas antes de que empiecen.",
        ),
        (
            "Las vacaciones deben solicitarse como máximo tres semanas antes de la fecha de inicio.",
            "Las vacaciones deben solicitarse al menos tres semanas después de la fecha de inicio.",
            "Las vacaciones deben solicitarse al menos tres meses antes de la fecha de inicio.",
            "Las vacaciones pueden solicitarse al menos tres semanas antes de la fecha de inicio.",
        ),
    ),
    Told(
        "Lucía Campos sustituyó a Andrés Vidal como directora de compras el 3 de marzo de 2026.",
        (
            "El 3 de marzo de 2026 Lucía Campos sustituyó a Andrés Vidal como directora de compras.",
            "Lucía Campos es directora de compras desde el 03/03/2026.",
            "Andrés Vidal fue sustituido por Lucía Campos el 3 de marzo de 2026.",
        ),
        (
            "Andrés Vidal sustituyó a Lucía Campos como director de compras el 3 de marzo de 2026.",
            "Lucía Campos sustituyó a Andrés Vidal como directora de compras el 3 de mayo de 2026.",
            "Lucía Campos sustituyó a Andrés Vidal como directora de compras el 13 de marzo de 2026.",
            "Lucía Campos sustituyó a Andrés Vidal como directora de compras el 3 de marzo de 2025.",
            "Lucía Campos sustituyó a Rosa Medina como directora de compras el 3 de marzo de 2026.",
        ),
    ),
    Told(
        "La dieta es de 45 euros al día en España y de 70 euros en el extranjero.",
        (
            "En España la dieta diaria es de 45 €.",
            "En el extranjero, la dieta es de setenta euros.",
        ),
        (
            "La dieta es de 70 euros al día en España y de 45 euros en el extranjero.",
            "La dieta es de 45 dólares al día en España y de 70 dólares en el extranjero.",
            "En España la dieta es de 70 euros al día.",
            "La dieta es de 45 euros al mes en España y de 70 euros en el extranjero.",
        ),
    ),
    Told(
        "El aparcamiento cierra a las 22:00 y los domingos permanece cerrado.",
        (
            "El aparcamiento cierra a las 10 de la noche.",
            "Los domingos el aparcamiento está cerrado.",
        ),
        (
            "El aparcamiento abre a las 22:00 y los domingos permanece cerrado.",
            "El aparcamiento cierra a las 20:00 y los domingos permanece cerrado.",
            "El aparcamiento cierra a las 22:00 y los sábados permanece cerrado.",
            "El aparcamiento cierra a las 22:00 y los domingos permanece abierto.",
        ),
    ),
    Told(
        "Los contratos de más de 10.000 euros los firma siempre la dirección financiera.",
        (
            "La dirección financiera firma siempre los contratos de más de 10 000 euros.",
            "Un contrato de más de 10.000 € lo firma la dirección financiera.",
        ),
        (
            "Los contratos de menos de 10.000 euros los firma siempre la dirección financiera.",
            "Los contratos de más de 10.000 euros los firma a veces la dirección financiera.",
            "Los contratos de más de 100.000 euros los firma siempre la dirección financiera.",
            "Los contratos de más de 10.000 euros no los firma la dirección financiera.",
        ),
    ),
    Told(
        "Ningún proveedor puede empezar a trabajar sin un pedido firmado.",
        (
            "Los proveedores no pueden empezar a trabajar sin un pedido firmado.",
            "Sin un pedido firmado ningún proveedor puede empezar a trabajar.",
        ),
        (
            "Los proveedores pueden empezar a trabajar sin un pedido firmado.",
            "Todo proveedor puede empezar a trabajar con un pedido firmado, pero debe avisar a la aduana.",
        ),
    ),
    Told(
        "El seguro médico incluye a los hijos menores de 25 años y excluye los tratamientos estéticos.",
        (
            "El seguro médico incluye a los hijos de menos de veinticinco años.",
            "Los tratamientos estéticos quedan excluidos del seguro médico.",
        ),
        (
            "El seguro médico excluye a los hijos menores de 25 años e incluye los tratamientos estéticos.",
            "El seguro médico incluye a los hijos mayores de 25 años.",
            "El seguro médico incluye a los hijos menores de 18 años.",
            "El seguro médico incluye los tratamientos estéticos.",
        ),
    ),
    Told(
        "En 2024 la plantilla aumentó un 12 % hasta 340 personas.",
        (
            "La plantilla creció un 12 % en 2024, hasta las 340 personas.",
            "En 2024 la plantilla llegó a 340 personas, un 12 por ciento más.",
        ),
        (
            "En 2024 la plantilla disminuyó un 12 % hasta 340 personas.",
            "En 2024 la plantilla aumentó un 21 % hasta 340 personas.",
            "En 2024 la plantilla aumentó 12 euros hasta 340 personas.",
            "En 2014 la plantilla aumentó un 12 % hasta 340 personas.",
        ),
    ),
)

ACROSS = (
    (
        "en",
        Told(
            "El teletrabajo está permitido hasta dos días por semana, excepto los lunes.",
            (
                "Remote work is allowed up to two days a week.",
                "Teleworking is allowed up to 2 days a week, except on Mondays.",
            ),
            (
                "Remote work is allowed up to four days a week.",
                "Remote work is not allowed.",
                "Teleworking is allowed up to 2 days a week, except on Fridays.",
                "Teleworking is allowed up to 2 days a month.",
            ),
        ),
    ),
    (
        "es",
        Told(
            "The office in Lisbon closes on 24 December and opens again on 2 January.",
            (
                "La oficina de Lisboa cierra el 24 de diciembre y vuelve a abrir el 2 de enero.",
                "La oficina de Lisboa abre de nuevo el 2 de enero.",
            ),
            (
                "La oficina de Lisboa cierra el 2 de enero y vuelve a abrir el 24 de diciembre.",
                "La oficina de Lisboa cierra el 26 de diciembre y vuelve a abrir el 2 de enero.",
                "La oficina de Lisboa no cierra el 24 de diciembre.",
                "La oficina de Sevilla cierra el 24 de diciembre y vuelve a abrir el 2 de enero.",
            ),
        ),
    ),
    (
        "es",
        Told(
            "Contractors must not store customer data on their own laptops.",
            (
                "Los contratistas no deben guardar datos de clientes en sus propios portátiles.",
                "Los contratistas no pueden guardar datos de los clientes en sus portátiles.",
            ),
            (
                "Los contratistas deben guardar datos de clientes en sus propios portátiles.",
                "Los contratistas pueden guardar datos de clientes en sus propios portátiles.",
            ),
        ),
    ),
)
