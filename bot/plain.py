"""Text of documents and models as a chat may show it: no foreign links, images, mentions or masked links.

What a page says is shown, but whoever can edit a page must not speak with the bot's voice: an address in an
answer is one of a cited document, or of a host that the operator has named (`answers.link_hosts`). The bare
name of a host (`cloud.gov`) is a word like others: pages are about such things, and it leads nowhere by
itself.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from urllib.parse import unquote, urlsplit

from bot.quoting import normalise, parts_word, stands_in
from ingest.characters import visible

_WORD = r"[^\s<>\"'|`)\]}]"
# The schemes that need no slashes.
_SCHEMES = (
    "https?|ftps?|wss?|file|javascript|vbscript|data|blob|mailto|tel|sms|callto|sip|xmpp|irc|magnet|intent"
    "|view-source|about|slack|msteams|skype|zoommtg|vscode|ms-[a-z-]+"
)
# `host.tld/path` and `1.2.3.4/path`; "10.0.0.0/8" and "1.2.3/4" are none. Some clients take a wide dot for
# one.
_HOST = (
    r"(?:[\w-]+[.。．｡])+[^\W\d_]{2,24}(?::\d+)?[/?\\]|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?[/?\\](?!\d{1,2}\b)"
)
# With what browsers take for a slash, and with a scheme that nobody knows as well.
_ADDRESS = re.compile(
    rf"(?:\b[a-z][a-z0-9+.-]{{1,30}}:)?(?:[/\\]{{2}}{_WORD}+|(?:{_HOST}){_WORD}*)"
    rf"|\b(?:{_SCHEMES}):{_WORD}+|\bwww\.{_WORD}+",
    re.IGNORECASE,
)
_PLAIN_ADDRESS = re.compile(r"(?:https?:)?(?://)?(?P<host>[\w.-]+)(?::\d+)?(?P<rest>[/?#].*)?", re.IGNORECASE)
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
# `[1]: address "title"` defines where `[1]` leads; the address may also stand on the line after it.
_DEFINITION = re.compile(r"^([\s>*+-]*\[[^\]]+\]):(?=\s*\S*(?:[^\S\n]+[\"'(<].*)?$)", re.MULTILINE)
# What begins with the end of a definition would end one that a title before it begins.
_DEFINITION_END = re.compile(r"^([^\[]*\]):")
_MARKED = re.compile(r"<(?:[!@#][^<>|]*|[^<>|\s]*)\|([^<>]*)>")  # Slack's <address|label>, <@U1|name>
_TAG = re.compile(r"<(?![\s\d=<-]|$)")
_EVERYBODY = re.compile(r"(?<![\w.])@(?=(?:channel|here|everyone|all|group)\b)", re.IGNORECASE)
# Three of them begin a block of code that swallows what follows, wherever they stand in a line.
_FENCE = re.compile(r"`{3,}|~{3,}")
_NEVER = re.compile(f"{_IMAGE.pattern}|{_ADDRESS.pattern}|{_FENCE.pattern}", re.IGNORECASE)
_SUSPECT = re.compile(r"[^\x00-\x7f]|[<\[\]`~&@/\\:?]|www\.", re.IGNORECASE)


def hosts_of(addresses: Collection[str | None]) -> frozenset[str]:
    """The hosts of addresses, in lower case."""
    return frozenset(host for each in addresses if each and "://" in each and (host := _host(each)))


def plain(text: str, hosts: Collection[str], link: str = "") -> str:
    """A text without markup that a chat would act on; `link` stands where a foreign address stood.

    Addresses on `hosts`, or below one of them, stay as they are.
    """
    text = visible(text).strip()
    if not _SUSPECT.search(text):
        return text
    before = None
    while text != before:  # what is taken out may leave markup behind: a link within a link
        before, text = text, _without_markup(text, hosts, link)
        if text == before:
            text = next(_acting_readings(text, lambda it: _without_markup(it, hosts, link)), text)
    return text


def has_markup(text: str) -> bool:
    """Whether a text has an address, markup that a chat would act on, or what nobody sees."""
    return plain(text, ()) != text.strip()


def longest_plain(quote: str, hosts: Collection[str]) -> str:
    """The longest piece of a quote, verbatim, that needs no change to be shown; all of it as a rule.

    Nothing where no word of it may be shown.
    """
    quote = visible(quote)
    shown = plain(quote, hosts)
    if normalise(shown) == normalise(quote):
        return shown  # at most one typographic sign became another
    pieces = [run for cut in _cuts(quote) for run in _runs(cut)]
    pieces = [piece for piece in pieces if not has_markup(piece) and stands_in(piece, quote)]
    return max(pieces, key=len, default="")


def _without_markup(text: str, hosts: Collection[str], link: str) -> str:
    for pattern in (_IMAGE, _LINK, _MARKED):
        text = pattern.sub(r"\1", text)
    text = _ADDRESS.sub(lambda found: found[0] if _is_ours(found[0], hosts) else link, text)
    text = _DEFINITION_END.sub(r"\1 :", text)
    text = _FENCE.sub("'''", _EVERYBODY.sub("@ ", _TAG.sub("‹", _DEFINITION.sub(r"\1 :", text))))
    if text.count("`") % 2:  # one too many would pair with the next line's
        text = text.replace("`", "'")
    return text.replace("](", "] (").replace("![", "! [").strip()


def _acting_readings(text: str, clean: Callable[[str], str]) -> Iterator[str]:
    """What is left of a text that has markup only as some chats read it: with entities or wide letters."""
    for reading in (html.unescape(text), unicodedata.normalize("NFKC", text)):
        seen = visible(reading)
        if reading != text and (cleaned := clean(seen)) != seen.strip():
            yield cleaned


def _cuts(text: str) -> Iterator[str]:
    """What stands between the addresses of a text, its images and its fences, in whole words; and what the
    images are called."""
    start = 0
    for found in (*_NEVER.finditer(text), None):
        first, last = start, found.start() if found else len(text)
        while first < last and parts_word(text, first):
            first += 1
        while first < last and parts_word(text, last):
            last -= 1
        yield text[first:last]
        if found:
            start = found.end()
            yield found[1] or ""


def _runs(text: str) -> Iterator[str]:
    """Stretches of a text between the words that may not be shown."""
    start = 0
    for word in re.finditer(r"\S+", text):
        if has_markup(word[0]):
            yield text[start : word.start()].strip(" \t\n([<")
            start = word.end()
    yield text[start:].strip(" \t\n([<")


def _is_ours(address: str, hosts: Collection[str]) -> bool:
    """Whether an address leads to one of the hosts, and not past it to another one."""
    found = _PLAIN_ADDRESS.fullmatch(address)
    if found is None or re.search(r"[/\\]{2}", unquote(found["rest"] or "")):
        return False
    host = found["host"].lower()
    return any(host == one or host.endswith("." + one) for one in hosts if one)


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
