"""Characters that nobody sees: what a text says to a machine is made what it says to a person.

Every text on its way in passes `visible`: sections, headings, titles and authors do when they are made
(`documents.py`), so that no reader and no connector can forget it.

What is dropped has no shape of its own, and so carries words past a reader's eyes: whole alphabets (tags,
variation selectors), bits (joiners, direction marks), or breaks inside words. What shapes the letters around
it stays where it does so: joiners in Arabic, Indic and other joined scripts and in emoji, the selectors of
emoji and of Mongolian letters, and the tags of the three flags that are written with them.
"""

from __future__ import annotations

import re
import unicodedata

# Default_Ignorable_Code_Point (Unicode 16, DerivedCoreProperties.txt), unassigned ones included; then control
# characters but tab and line ends, annotation marks, and code points that are no characters.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff"
_BLANK = re.compile("[\u2800\u3164]")
"""Letters that are drawn as a gap: Braille's blank and Hangul's filler."""
_UNSEEN = re.compile(f"[{_IGNORABLE}{_CONTROL}\u2800\u3164]")

# Scripts whose letters change their shape at a joiner (Unicode 16, chapters 9 to 16), Arabic to Kawi. Latin,
# Greek, Cyrillic, Hebrew, Thai and Chinese are not among them: there a joiner does nothing but hide a word.
_JOINED = (
    "\u0600-\u0605\u0610-\u061a\u0620-\u06ff\u0700-\u07fa\u0840-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f"
    "\u1700-\u17b3\u17b6-\u17dd\u1820-\u18aa\u1900-\u1aad\u1b00-\u1bff\ua840-\ua877\ua8e0-\ua8ff\ua930-\ua9ff"
    "\uaa60-\uaadf\uabc0-\uabff\ufb50-\ufdcf\ufdf0-\ufdfd\ufe70-\ufefc\U00010a00-\U00010a3f"
    "\U00011000-\U00011fff\U0001e900-\U0001e95f"
)
# What may be drawn as an emoji (emoji-data.txt and emoji-variation-sequences.txt, by blocks), skin tones too.
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_KEPT = re.compile(
    # Flags of England, Scotland and Wales: the only ones written with tags (emoji-sequences.txt).
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
    # How an emoji or a digit on a key is drawn, and what makes one picture of two.
    f"|(?<=[{_EMOJI}])[\ufe0e\ufe0f](?:\u200d(?=[{_EMOJI}]))?|(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])"
    "|(?<=[0-9#*])\ufe0f(?=\u20e3)"
    f"|(?<=[{_JOINED}])[\u200c\u200d]|(?<=[\u1820-\u18aa])[\u180b-\u180f]"
    f"|(?P<unseen>[{_IGNORABLE}{_CONTROL}]+)"
)

# Terminals obey these (ECMA-48); 8 conceals until 0 or 28.
_CONCEALED = re.compile("\x1b\\[(?:\\d*;)*8m.*?(?=\x1b\\[(?:\\d*;)*(?:0|28)?m|\\Z)", re.DOTALL)
_ESCAPE = re.compile("(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]")
# "the annotating text included between" U+FFFA and U+FFFB goes with the marks (Unicode 16, 23.8).
_ANNOTATION = re.compile("\ufffa[^\ufff9\ufffa\ufffb\n]*\ufffb")
_OVERRIDE = re.compile("([\u202d\u202e])([^\u202a-\u202e\u2029\n]*)\u202c?")
_CLUSTER = re.compile(f".[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u20d0-\u20ff{_IGNORABLE}]*", re.DOTALL)


def visible(text: str) -> str:
    """A text as people see it, the very same object where all of it is seen.

    Overridden directions are applied (what is shown backwards is read backwards), characters without a shape
    are dropped. Line ends and spaces stay as they are. What comes out goes through unchanged.
    """
    if not _UNSEEN.search(text):
        return text
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPE.sub("", _CONCEALED.sub("", text))
    text = _OVERRIDE.sub(_turn, _ANNOTATION.sub("", text))
    return _KEPT.sub(_keep, _BLANK.sub(" ", text))


def _keep(found: re.Match[str]) -> str:
    return "" if found["unseen"] else found[0]


def _turn(found: re.Match[str]) -> str:
    """Letters under an override in the order in which they are shown, which their own direction may be."""
    override, text = found.groups()
    sides = {unicodedata.bidirectional(letter) for letter in text}
    against = {"L"} if override == "\u202e" else {"R", "AL"}
    along = {"R", "AL"} if override == "\u202e" else {"L"}
    if not sides & against or sides & along:
        return text
    return "".join(reversed(_CLUSTER.findall(text)))
