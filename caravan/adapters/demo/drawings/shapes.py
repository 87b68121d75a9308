"""The strokes that every drawing is made of: flat shapes, light and shade, and the patterns printed on things."""

from caravan.adapters.demo.drawings.palette import Look

WOOD, WOOD_DARK, WOOD_LIGHT = "#cfa070", "#a87a4e", "#e2bd92"
METAL, METAL_DARK, METAL_LIGHT = "#c3cbd2", "#8d97a1", "#e9eef1"
PAPER, INK, LEAF, LEAF_DARK, FLAME = "#fdf8ee", "#3b3f58", "#6f9e6e", "#4c7a58", "#f7c65b"

# Each pattern fills a square from -50 to 50; C is its color.
_MOTIFS = (
    "",
    (
        '<path d="M0 46V-30M0 26Q-6 2-32-2-28 24 0 26ZM0 26Q6 2 32-2 28 24 0 26ZM0-4Q-4-26-26-30-24-8 0-4ZM0-4'
        'Q4-26 26-30 24-8 0-4ZM0-18Q-14-36 0-50 14-36 0-18Z" fill="C" stroke="C" stroke-width="4"/>'
    ),
    (
        '<path d="M-46-24q12-16 23 0t23 0 23 0 23 0M-46 2q12-16 23 0t23 0 23 0 23 0M-46 28q12-16 23 0t23 0 23 0'
        ' 23 0" fill="none" stroke="C" stroke-width="8"/>'
    ),
    (
        '<circle r="19" fill="C"/><path d="M0-32V-46M0 32V46M-32 0H-46M32 0H46M-23-23-33-33M23-23 33-33M-23'
        ' 23-33 33M23 23 33 33" stroke="C" stroke-width="7"/>'
    ),
    '<path d="M-50 34-16-24 6 12 20-8 50 34Z" fill="C"/><circle cx="26" cy="-30" r="11" fill="C"/>',
    (
        '<g fill="C"><circle cy="-25" r="16"/><circle cy="25" r="16"/><circle cx="22" cy="-12" r="16"/><circle'
        ' cx="22" cy="12" r="16"/><circle cx="-22" cy="-12" r="16"/><circle cx="-22" cy="12" r="16"/></g><circle'
        ' r="13" fill="#fff6e6"/>'
    ),
    (
        '<g fill="C"><circle cx="-34" cy="-24" r="7"/><circle cy="-24" r="7"/><circle cx="34" cy="-24"'
        ' r="7"/><circle cx="-17" r="7"/><circle cx="17" r="7"/><circle cx="-34" cy="24" r="7"/><circle cy="24"'
        ' r="7"/><circle cx="34" cy="24" r="7"/></g>'
    ),
    (
        '<path d="M-46 0Q-16-34 22 0L44-18V18L22 0Q-16 34-46 0Z" fill="C"/><circle cx="-24" cy="-5" r="4"'
        ' fill="#fff6e6"/>'
    ),
    (
        '<path d="M0-46 40 0 0 46-40 0Z" fill="none" stroke="C" stroke-width="7"/><path d="M0-22 19 0 0 22-19'
        ' 0Z" fill="C"/>'
    ),
    '<path d="M0 40C-62-2-34-48 0-20 34-48 62-2 0 40Z" fill="C"/>',
)  # fmt: skip


def path(outline: str, fill: str) -> str:
    """Fill an outline."""
    return f'<path d="{outline}" fill="{fill}"/>'


def stroke(line: str, color: str, width: float) -> str:
    """Draw a line with round ends."""
    return f'<path d="{line}" fill="none" stroke="{color}" stroke-width="{width}"/>'


def dashed(line: str, color: str, width: float, dashes: str) -> str:
    """Draw a line of stitches, beads or teeth."""
    return f'<path d="{line}" fill="none" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dashes}"/>'


def oval(x: float, y: float, wide: float, high: float, fill: str) -> str:
    """Fill an ellipse by its middle and its two radii."""
    return f'<ellipse cx="{x}" cy="{y}" rx="{wide}" ry="{high}" fill="{fill}"/>'


def dot(x: float, y: float, radius: float, fill: str) -> str:
    """Fill a circle."""
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>'


def dots(places: tuple[tuple[float, float], ...], radius: float, fill: str) -> str:
    """Fill circles of one size."""
    return "".join(dot(x, y, radius, fill) for x, y in places)


def box(x: float, y: float, wide: float, high: float, round_by: float, fill: str) -> str:
    """Fill a rectangle with round corners."""
    return f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="{round_by}" fill="{fill}"/>'


def turned(degrees: float, inside: str, x: float = 200, y: float = 200) -> str:
    """Turn what is inside around a point."""
    return f'<g transform="rotate({degrees} {x} {y})">{inside}</g>'


def mirrored(inside: str) -> str:
    """Draw what is inside once more, as in a mirror that stands upright in the middle."""
    return f'{inside}<g transform="matrix(-1 0 0 1 400 0)">{inside}</g>'


def shine(line: str, width: float = 9) -> str:
    """Let the light fall on a thing."""
    return f'<path d="{line}" fill="none" stroke="#fff" stroke-opacity=".38" stroke-width="{width}"/>'


def shade(outline: str) -> str:
    """Darken the side that lies away from the light."""
    return f'<path d="{outline}" fill="#2c2438" fill-opacity=".11"/>'


def cast(outline: str) -> str:
    """Draw the shadow of a thing that lies flat, a little down and to the right of it."""
    return f'<path d="{outline}" transform="translate(7 11)" fill="#2c2438" fill-opacity=".12"/>'


def steam(x: float, y: float) -> str:
    """Let something warm smell good above this point."""
    return (
        f'<path d="M{x - 26} {y}q-12-16 0-30t0-28M{x + 4} {y}q-12-18 0-34t0-30M{x + 34} {y}q-12-16 0-30t0-28" '
        'fill="none" stroke="#fff" stroke-opacity=".75" stroke-width="7"/>'
    )


def motif(look: Look, x: float, y: float, size: float, color: str = "") -> str:
    """Print the look's own pattern around a point, half as wide as `size` says; some looks are plain."""
    pattern = _MOTIFS[look.motif % len(_MOTIFS)]
    if not pattern:
        return ""
    printed = pattern.replace('"C"', f'"{color or look.accent}"')
    return f'<g transform="translate({x} {y}) scale({size / 50:.2f})">{printed}</g>'
