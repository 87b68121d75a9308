"""The drawn pictures of the demo's products: one small SVG each, with nothing in it but shapes."""

from collections.abc import Callable
from html import escape

from caravan.adapters.demo.drawings import clothes, desk, garden, home, outdoors, pantry, play, table, worn
from caravan.adapters.demo.drawings.palette import COLORS, Look, look_of

__all__ = ["COLORS", "DRAWINGS", "draw"]

_ROOMS = (table, home, garden, clothes, worn, pantry, play, desk, outdoors)
DRAWINGS: dict[str, Callable[[Look], str]] = {
    name: drawing for room in _ROOMS for name, drawing in room.DRAWINGS.items()
}
# These lie flat or hang, and so throw no shadow on the floor.
_WITHOUT_FLOOR = frozenset(
    {
        "plate", "knife", "board", "cushion", "towel", "clock", "poster", "pendant", "trowel", "seeds", "birdhouse",
        "dress", "shirt", "tee", "sweater", "scarf", "socks", "necklace", "earrings", "watch", "wallet", "pannier",
        "chocolate", "puzzle", "brush", "kite", "notebook", "pen", "card", "book", "phone case", "keyboard", "bell",
        "ring",
    }
)  # fmt: skip
_SHAPES = (
    '<circle cx="200" cy="196" r="166" fill="D"/>',
    '<path d="M48 340V196a152 152 0 0 1 304 0V340Z" fill="D"/>',
    '<path d="M0 314H400V400H0Z" fill="D"/><circle cx="276" cy="128" r="82" fill="D" fill-opacity=".55"/>',
    '<path d="M44 176Q70 36 206 44T358 190 286 352 96 330 44 176Z" fill="D"/>',
    '<path d="M0 300Q100 262 200 292T400 282V400H0Z" fill="D"/><circle cx="104" cy="112" r="54" fill="D"/>',
)
_FLOOR = '<ellipse cx="200" cy="318" rx="136" ry="15" fill="#2c2438" fill-opacity=".14"/>'


def draw(name: str, *, title: str, color: str, number: int, shape: int | None = None, motif: int | None = None) -> str:
    """Draw a thing by its name, in a color by its name.

    Another number varies shape, pattern and background; a given shape or pattern stays.
    """
    look = look_of(color, number=number, shape=shape, motif=motif)
    behind = _SHAPES[number % len(_SHAPES)].replace('"D"', f'"{look.disc}"')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img">'
        f'<title>{escape(title)}</title><rect width="400" height="400" fill="{look.wall}"/>{behind}'
        f"{'' if name in _WITHOUT_FLOOR else _FLOOR}"
        f'<g stroke-linecap="round" stroke-linejoin="round">{DRAWINGS[name](look)}</g></svg>'
    )
