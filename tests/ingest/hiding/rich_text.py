"""Ways to hide a word in Rich Text."""

from __future__ import annotations

from collections.abc import Iterable

from tests.ingest.hiding import after, before, canary

COLOURS = r"{\colortbl;\red255\green255\blue255;\red31\green78\blue121;\red250\green250\blue250;}"
CELL = r"\par\trowd\clcbpat2\cellx2000\cellx4000\pard\intbl{\cfCOLOUR WORD}\cell plain\cell\row\pard "
TRICKS: dict[str, str] = {
    "hidden": r"{\v WORD}",
    "hidden, and shown again": r"\v WORD\v0 ",
    "deleted": r"{\deleted WORD}",
    "white": r"{\cf1 WORD}",
    "nearly white": r"{\cf3 WORD}",
    "the colour of its marker": r"{\cf2\highlight2 WORD}",
    "the colour of its paragraph": r"\par\pard\cbpat2 {\cf2 WORD}\par\pard ",
    "half a point": r"{\fs1 WORD}",
    "one point": r"{\fs2 WORD}",
    "squeezed": r"{\charscalex1 WORD}",
    "off its line": r"{\up4000 WORD}",
    "an index entry": r"{\xe WORD}",
    "a comment": r"{\*\annotation WORD}",
    "a destination that nobody knows": r"{\*\unknown WORD}",
    "hidden letters by number": r"{\v LETTERS}",
    "the colour of its cell": CELL.replace("COLOUR", "2"),
}
SHOWS: dict[str, str] = {
    "white on a dark cell": CELL.replace("COLOUR", "1"),
    "white on a dark marker": r"{\cf1\highlight2 WORD}",
    "blue": r"{\cf2 WORD}",
    "plain again": r"{\v\plain WORD}",
    "four points": r"{\fs8 WORD}",
}


def build(tricks: Iterable[str]) -> bytes:
    """A file of some tricks."""
    body = []
    for trick in tricks:
        word = canary(trick)
        letters = "".join(rf"\u{ord(letter)}?" for letter in word)
        hidden = (TRICKS.get(trick) or SHOWS[trick]).replace("WORD", word).replace("LETTERS", letters)
        body.append(rf"{before(trick)} {hidden}{after(trick)}\par ")
    return (r"{\rtf1\ansi\uc1" + COLOURS + "\n".join(body) + "}").encode("ascii")
