"""The colors of the demo: their names in the shop window, their shades, and what goes well behind them."""

from dataclasses import dataclass
from functools import cache

COLORS: dict[str, str] = {
    # Blues and greens.
    "sea blue": "#3f7fa6", "sky blue": "#8bbfdd", "navy": "#2f3f66", "indigo": "#46508f", "petrol": "#2b6673",
    "teal": "#3a9188", "mint": "#9ed3bd", "sage": "#9db394", "moss": "#71844b", "forest green": "#3d6b50",
    "olive": "#8a8448",
    # Yellows, reds and pinks.
    "mustard": "#d9a441", "sunflower": "#f0bf4c", "honey": "#dd9a3c", "apricot": "#f0a878", "coral": "#ea7f6a",
    "terracotta": "#c9694a", "rust": "#b1583a", "brick": "#a34c42", "tomato red": "#d4523f", "berry": "#a53f5f",
    "plum": "#754a70", "lavender": "#a795c9", "rose": "#d98a96", "blush": "#ecbcb3",
    # Whites, grays and browns.
    "cream": "#f4e8d0", "chalk white": "#f3f1ec", "oat": "#dccbb0", "sand": "#d5b98f", "pebble gray": "#a9a9a4",
    "slate": "#66737f", "charcoal": "#474c54", "ink black": "#33343c", "cocoa": "#6f4e3f", "chestnut": "#8c583c",
    "cognac": "#b0703f",
    # Woods.
    "oak": "#cda271", "ash": "#dfc296", "birch": "#e6cfa8", "beech": "#d7ab7c", "walnut": "#85593c",
    "cherry": "#b3704c", "olive wood": "#bb935a", "acacia": "#a06b42", "bamboo": "#d9b973", "cork": "#c89b6a",
    "willow": "#c9a06a",
    # Metals and stones.
    "brass": "#cfa650", "copper": "#c47b55", "silver": "#b9c1c9", "gold": "#dcb25c", "rose gold": "#dca08a",
    "steel": "#a3adb6",
}  # fmt: skip

# A wall and the shape on it: each pair is one soft mood.
_WALLS = (
    ("#fbeadd", "#f5d3bb"), ("#e4f0e6", "#c8e1cd"), ("#e2eef5", "#c3dceb"), ("#eee8f5", "#d9cdea"),
    ("#fbf2d9", "#f4e0a8"), ("#f9e6e6", "#f0cbcd"), ("#f1ebe2", "#dfd3c1"), ("#dff0ee", "#bcdfdb"),
)  # fmt: skip
_CREAM = "#fff6e6"
_ACCENTS = ("#f2c14e", "#e4715c", "#3f7fa6", _CREAM, "#5d8a66", "#3b3f58", "#e59aa5", "#f0a05a")
# Far enough apart to tell a thing from its background, and a pattern from its thing.
_WALL_DISTANCE_MIN = 88
_ACCENT_DISTANCE_MIN = 125


@dataclass(frozen=True)
class Look:
    """How one thing is to be drawn: its colors, and which of the shapes and patterns that its kind knows."""

    main: str
    dark: str
    light: str
    accent: str
    bright: str  # the accent, or another one where the accent would be lost on paper
    wall: str
    disc: str
    shape: int
    motif: int


def mix(color: str, other: str, part: float) -> str:
    """Blend so much of another color in: a `part` of 0 leaves the color, 1 gives the other."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * part):02x}" for one, two in pairs)


def look_of(color: str, *, number: int, shape: int | None = None, motif: int | None = None) -> Look:
    """Choose to a color by name whatever is not given; each number from 0 up gives another combination."""
    main, dark, light, walls, accents = _harmony(color)
    wall, disc = walls[number % len(walls)]
    accent = accents[number // 7 % len(accents)]
    return Look(
        main=main,
        dark=dark,
        light=light,
        accent=accent,
        bright=_ACCENTS[number % 3] if accent == _CREAM else accent,
        wall=wall,
        disc=disc,
        shape=number // 3 if shape is None else shape,
        motif=number // 11 if motif is None else motif,
    )


@cache
def _harmony(color: str) -> tuple[str, str, str, tuple[tuple[str, str], ...], tuple[str, ...]]:
    main = COLORS[color]
    walls = tuple(pair for pair in _WALLS if _distance(main, pair[1]) >= _WALL_DISTANCE_MIN)
    accents = tuple(accent for accent in _ACCENTS if _distance(main, accent) >= _ACCENT_DISTANCE_MIN)
    farthest = tuple(sorted(_WALLS, key=lambda pair: -_distance(main, pair[1]))[:4])
    return main, mix(main, "#2c2438", 0.26), mix(main, "#ffffff", 0.38), walls or farthest, accents


def _distance(one: str, other: str) -> float:
    pairs = zip(_channels(one), _channels(other), strict=True)
    return float(sum((left - right) ** 2 for left, right in pairs) ** 0.5)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
