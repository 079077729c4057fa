"""Colours as documents write them, and whether one shows on another."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_NEAR = 24
"""Of 255, in each of red, green and blue. Light grey that somebody means to be read is further from white."""


class Colour(NamedTuple):
    """Red, green, blue (0 to 255) and opacity (0 to 1)."""

    red: float
    green: float
    blue: float
    opacity: float = 1.0

    def over(self, ground: Colour) -> Colour:
        """What is seen where this is laid over an opaque ground."""
        mine, its = self.opacity, 1 - self.opacity
        return Colour(
            mine * self.red + its * ground.red,
            mine * self.green + its * ground.green,
            mine * self.blue + its * ground.blue,
        )

    def shows_on(self, ground: Colour) -> bool:
        """Whether text of this colour can be told from the ground."""
        mixed = self.over(ground)
        return any(abs(mine - its) > _NEAR for mine, its in zip(mixed[:3], ground[:3], strict=True))

    def lit(self, change: Mapping[str, float]) -> Colour:
        """Lightened and darkened as Office does it: `tint`, `shade`, `lumMod`, `lumOff`, as shares of 1."""
        hue, light, strength = colorsys.rgb_to_hls(*(part / 255 for part in self[:3]))
        light = light * change.get("lumMod", 1.0) + change.get("lumOff", 0.0)
        light = light * change.get("shade", 1.0)
        light = 1 - (1 - light) * change.get("tint", 1.0)
        mixed = colorsys.hls_to_rgb(hue, min(max(light, 0.0), 1.0), strength)
        return _from_shares(mixed, self.opacity * change.get("alpha", 1.0))


WHITE = Colour(255, 255, 255)
BLACK = Colour(0, 0, 0)
CLEAR = Colour(0, 0, 0, 0)


def from_hex(text: str | None) -> Colour | None:
    """`fff`, `ffff`, `ffffff` or `ffffffff` (opacity last), with or without `#`; `None` for anything else."""
    digits = (text or "").strip().lstrip("#")
    if not re.fullmatch(r"[0-9a-fA-F]+", digits):
        return None
    if len(digits) in {3, 4}:
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in {6, 8}:
        return None
    red, green, blue, opacity = (int((digits + "ff")[at : at + 2], 16) for at in (0, 2, 4, 6))
    return Colour(red, green, blue, opacity / 255)


# CSS Color Module Level 4, section 6.1.
_NAMES = dict(
    pair.split(":")
    for pair in [
        "aliceblue:f0f8ff",
        "antiquewhite:faebd7",
        "aqua:00ffff",
        "aquamarine:7fffd4",
        "azure:f0ffff",
        "beige:f5f5dc",
        "bisque:ffe4c4",
        "black:000000",
        "blanchedalmond:ffebcd",
        "blue:0000ff",
        "blueviolet:8a2be2",
        "brown:a52a2a",
        "burlywood:deb887",
        "cadetblue:5f9ea0",
        "chartreuse:7fff00",
        "chocolate:d2691e",
        "coral:ff7f50",
        "cornflowerblue:6495ed",
        "cornsilk:fff8dc",
        "crimson:dc143c",
        "cyan:00ffff",
        "darkblue:00008b",
        "darkcyan:008b8b",
        "darkgoldenrod:b8860b",
        "darkgray:a9a9a9",
        "darkgreen:006400",
        "darkgrey:a9a9a9",
        "darkkhaki:bdb76b",
        "darkmagenta:8b008b",
        "darkolivegreen:556b2f",
        "darkorange:ff8c00",
        "darkorchid:9932cc",
        "darkred:8b0000",
        "darksalmon:e9967a",
        "darkseagreen:8fbc8f",
        "darkslateblue:483d8b",
        "darkslategray:2f4f4f",
        "darkslategrey:2f4f4f",
        "darkturquoise:00ced1",
        "darkviolet:9400d3",
        "deeppink:ff1493",
        "deepskyblue:00bfff",
        "dimgray:696969",
        "dimgrey:696969",
        "dodgerblue:1e90ff",
        "firebrick:b22222",
        "floralwhite:fffaf0",
        "forestgreen:228b22",
        "fuchsia:ff00ff",
        "gainsboro:dcdcdc",
        "ghostwhite:f8f8ff",
        "gold:ffd700",
        "goldenrod:daa520",
        "gray:808080",
        "green:008000",
        "greenyellow:adff2f",
        "grey:808080",
        "honeydew:f0fff0",
        "hotpink:ff69b4",
        "indianred:cd5c5c",
        "indigo:4b0082",
        "ivory:fffff0",
        "khaki:f0e68c",
        "lavender:e6e6fa",
        "lavenderblush:fff0f5",
        "lawngreen:7cfc00",
        "lemonchiffon:fffacd",
        "lightblue:add8e6",
        "lightcoral:f08080",
        "lightcyan:e0ffff",
        "lightgoldenrodyellow:fafad2",
        "lightgray:d3d3d3",
        "lightgreen:90ee90",
        "lightgrey:d3d3d3",
        "lightpink:ffb6c1",
        "lightsalmon:ffa07a",
        "lightseagreen:20b2aa",
        "lightskyblue:87cefa",
        "lightslategray:778899",
        "lightslategrey:778899",
        "lightsteelblue:b0c4de",
        "lightyellow:ffffe0",
        "lime:00ff00",
        "limegreen:32cd32",
        "linen:faf0e6",
        "magenta:ff00ff",
        "maroon:800000",
        "mediumaquamarine:66cdaa",
        "mediumblue:0000cd",
        "mediumorchid:ba55d3",
        "mediumpurple:9370db",
        "mediumseagreen:3cb371",
        "mediumslateblue:7b68ee",
        "mediumspringgreen:00fa9a",
        "mediumturquoise:48d1cc",
        "mediumvioletred:c71585",
        "midnightblue:191970",
        "mintcream:f5fffa",
        "mistyrose:ffe4e1",
        "moccasin:ffe4b5",
        "navajowhite:ffdead",
        "navy:000080",
        "oldlace:fdf5e6",
        "olive:808000",
        "olivedrab:6b8e23",
        "orange:ffa500",
        "orangered:ff4500",
        "orchid:da70d6",
        "palegoldenrod:eee8aa",
        "palegreen:98fb98",
        "paleturquoise:afeeee",
        "palevioletred:db7093",
        "papayawhip:ffefd5",
        "peachpuff:ffdab9",
        "peru:cd853f",
        "pink:ffc0cb",
        "plum:dda0dd",
        "powderblue:b0e0e6",
        "purple:800080",
        "rebeccapurple:663399",
        "red:ff0000",
        "rosybrown:bc8f8f",
        "royalblue:4169e1",
        "saddlebrown:8b4513",
        "salmon:fa8072",
        "sandybrown:f4a460",
        "seagreen:2e8b57",
        "seashell:fff5ee",
        "sienna:a0522d",
        "silver:c0c0c0",
        "skyblue:87ceeb",
        "slateblue:6a5acd",
        "slategray:708090",
        "slategrey:708090",
        "snow:fffafa",
        "springgreen:00ff7f",
        "steelblue:4682b4",
        "tan:d2b48c",
        "teal:008080",
        "thistle:d8bfd8",
        "tomato:ff6347",
        "turquoise:40e0d0",
        "violet:ee82ee",
        "wheat:f5deb3",
        "white:ffffff",
        "whitesmoke:f5f5f5",
        "yellow:ffff00",
        "yellowgreen:9acd32",
    ]
)
_FUNCTION = re.compile(r"(rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\(([^()]*)\)")
_NAMED = re.compile(rf"{_FUNCTION.pattern}|#[0-9a-f]+|(?<![\w(/-])[a-z]+(?![\w(-])|(?<=\()[a-z]+(?=[\s,])")
_NUMBER = re.compile(r"(?<![\w.])([-+]?(?:\d+\.?\d*|\.\d+))(%|[a-z]+)?")


def from_css(text: str) -> Colour | None:
    """A colour as style sheets write it; `None` for what is none, or is not known to be one."""
    text = text.strip().lower()
    if text == "transparent":
        return CLEAR
    if text in _NAMES:
        return from_hex(_NAMES[text])
    if text.startswith("#"):
        return from_hex(text)
    found = _FUNCTION.fullmatch(text)
    return _from_function(found[1], found[2]) if found else None


def colours_in(text: str) -> list[Colour]:
    """The colours that a value names, as a background's or a gradient's, in their order."""
    named = (found[0] for found in _NAMED.finditer(text.lower()))
    return [colour for one in named if (colour := from_css(one)) is not None]


def _from_function(name: str, arguments: str) -> Colour | None:
    whole = {"rgb": 255.0, "rgba": 255.0, "lab": 100.0, "lch": 100.0}.get(name, 1.0)
    numbers = _NUMBER.finditer(arguments)
    parts = [(float(found[1]), found[2]) for found in numbers]
    if len(parts) < 3:
        return None
    (first, unit), (second, _), (third, _) = parts[:3]
    opacity = parts[3][0] / (100 if parts[3][1] == "%" else 1) if len(parts) > 3 else 1.0
    if name in {"rgb", "rgba", "color"}:
        shares = [number / (100 if unit == "%" else whole) for number, unit in parts[:3]]
        return _from_shares(shares, opacity)
    turn = first % 360 / 360
    if name in {"hsl", "hsla"}:
        return _from_shares(colorsys.hls_to_rgb(turn, third / 100, second / 100), opacity)
    if name == "hwb":
        white, black = second / 100, third / 100
        pure = colorsys.hls_to_rgb(turn, 0.5, 1)
        return _from_shares([part * max(1 - white - black, 0) + white for part in pure], opacity)
    light = first / (100 if unit == "%" else whole)
    # Near the ends of lightness all hues are the same.
    return _from_shares([round(light)] * 3, opacity) if abs(light - 0.5) > 0.45 else None


def _from_shares(shares: Iterable[float], opacity: float) -> Colour:
    red, green, blue = (255 * min(max(share, 0.0), 1.0) for share in shares)
    return Colour(red, green, blue, opacity)
