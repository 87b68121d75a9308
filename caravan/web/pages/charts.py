"""Charts: the geometry of lines and bars, worked out here and drawn as SVG by the templates."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 600, 150
_TOP, _BOTTOM = 8, HEIGHT - 2


class Point(NamedTuple):
    """A value of a line: where it is drawn, and what is said of it."""

    x: float
    y: float
    label: str
    text: str


class Line(NamedTuple):
    """A line over time: its path, the area below it, the level of zero, and the most it reaches."""

    points: list[Point]
    path: str
    area: str
    zero: float
    least: str
    most: str


class Bar(NamedTuple):
    """One of the greatest: its name, what it comes to, and how long it is beside the first, of a hundred."""

    label: str
    text: str
    width: float


def line(
    labels: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    *,
    width: float = WIDTH,
    height: float = HEIGHT,
) -> Line | None:
    """Draw values from left to right; None where there are none."""
    if not values:
        return None
    top, bottom = _TOP, height - 2
    least, most = min(0.0, *values), max(0.0, *values)
    span = (most - least) or 1.0

    def level(value: float) -> float:
        return round(bottom - (value - least) * (bottom - top) / span, 1)

    step = width / max(1, len(values) - 1)
    places = [
        (round(place * step, 1) if len(values) > 1 else width / 2, level(value)) for place, value in enumerate(values)
    ]
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    zero = level(0.0)
    area = f"{path}L{places[-1][0]} {zero}L{places[0][0]} {zero}Z"
    lowest, highest = (texts[values.index(extreme)] for extreme in (min(values), max(values)))
    points = [Point(x, y, label, text) for (x, y), label, text in zip(places, labels, texts, strict=True)]
    return Line(points, path, area, zero, lowest, highest)


def bars(labels: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> list[Bar]:
    """Set values under each other, the longest bar a hundred wide."""
    most = max((abs(value) for value in values), default=0.0) or 1.0
    return [
        Bar(label, text, round(100 * max(0.0, value) / most, 1))
        for label, value, text in zip(labels, values, texts, strict=True)
    ]
