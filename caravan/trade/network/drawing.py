"""Draws plans as SVG: the network, what each percent costs, and the day's rounds; without styles, for any page."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from caravan.kernel.money import plain
from caravan.trade.network.model import Network
from caravan.trade.network.plan import NetworkPlan, Served
from caravan.trade.network.rounds import Day, RoutePlan

_INK, _SOFT, _LINE, _PAPER = "#1c2a33", "#5d6b75", "#d5dde2", "#fbfcfc"
_IN_TIME, _LATE, _HUB, _HAUL = "#2a8c82", "#d2571b", "#1d3c78", "#4d6fb5"
# Told apart by people who see colors differently too (after Okabe and Ito), then by dashes.
_ROUTES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56a0d3", "#7b4fa3", "#444444")
_DASHES = ("", "9 4", "2 4", "12 4 2 4")
_WIDTH, _KEY, _EDGE = 760, 250, 46
_HEIGHT_MIN, _HEIGHT_MAX = 460, 900
_LABELS_MAX = 24
_NEAR = 1e-4
_TICK = 58  # pixels that a tick on an axis needs
_LETTER = 6.6  # of the width of a letter at 12 pixels, for labels that keep clear of each other
_KEY_ROWS_MAX = 24


class _Point(NamedTuple):
    x: float
    y: float


def draw_network(network: Network, plan: NetworkPlan) -> str:
    """Draw a plan's map: places by what they want and whether it is in time, hubs, and flows by their size."""
    at, height = _projected([(place.place, place.latitude, place.longitude) for place in network.places])
    names = {place.place: place.name or place.place for place in network.places}
    ways = _ways(plan)
    most = max(ways.values(), default=1.0)
    parts = [
        _line(at[source], at[target], _HAUL if kind != "last" else _SOFT, 0.8 + 6 * math.sqrt(parcels / most),
              "7 5" if kind == "stock" else "", 0.75 if kind != "last" else 0.4)
        for (source, target, kind), parcels in sorted(ways.items(), key=lambda entry: -entry[1])
    ]  # fmt: skip
    largest = max(served.parcels for served in plan.places)
    for served in sorted(plan.places, key=lambda one: -one.parcels):
        radius = 3 + 13 * math.sqrt(served.parcels / largest)
        parts.append(_place(at[served.place], radius, served, names[served.place], is_late=_is_late(served, plan)))
    opened = {hub.place for hub in plan.hubs}
    parts += [_square(at[hub.place], 7, "none", _SOFT) for hub in network.hubs if hub.place not in opened]
    parts += [_square(at[hub.place], 9, _HUB, "#ffffff") for hub in plan.hubs]
    ranked = sorted(plan.places, key=lambda one: (not _is_late(one, plan), -one.parcels))
    wanted = [hub.place for hub in plan.hubs] + [one.place for one in ranked]
    parts += _labels([(at[place], names[place]) for place in dict.fromkeys(wanted)], height)
    parts += _network_key(plan)
    title = f"Plan of a network: {len(plan.hubs)} hubs, {plan.share:.1%} within {plan.hours:g} hours"
    return _svg(_WIDTH + _KEY, max(height, 470), title, parts)


def _ways(plan: NetworkPlan) -> dict[tuple[str, str, str], float]:
    """Sum flows by step: `stock` is replenishment, `last` ends where it is wanted, `haul` is between."""
    found: dict[tuple[str, str, str], float] = {}
    for flow in plan.flows:
        steps = list(zip(flow.through[:-1], flow.through[1:], strict=True))
        for number, (source, target) in enumerate(steps):
            is_stock = number == 0 and flow.stocked_at == target
            kind = "stock" if is_stock else "last" if number == len(steps) - 1 else "haul"
            found[source, target, kind] = found.get((source, target, kind), 0.0) + flow.parcels
    return found


def _is_late(served: Served, plan: NetworkPlan) -> bool:
    """Tell whether a place fares worse than the share that all together were to have."""
    return served.in_time < plan.share_wanted - _NEAR


def _place(at: _Point, radius: float, served: Served, name: str, *, is_late: bool) -> str:
    told = _title(f"{name}: {served.parcels:g} parcels a day, {served.in_time:.1%} in time")
    if not is_late:
        return f'<circle cx="{at.x:.1f}" cy="{at.y:.1f}" r="{radius:.1f}" fill="{_IN_TIME}" fill-opacity="0.8">{told}</circle>'
    return (
        f'<g>{told}<circle cx="{at.x:.1f}" cy="{at.y:.1f}" r="{radius:.1f}" fill="{_LATE}" fill-opacity="0.85"/>'
        f'<circle cx="{at.x:.1f}" cy="{at.y:.1f}" r="{radius + 3.5:.1f}" fill="none" stroke="{_LATE}" stroke-width="1.5"/></g>'
    )


def _network_key(plan: NetworkPlan) -> list[str]:
    x, y, lead = _WIDTH + 14, 34, 24
    late = [served for served in plan.places if _is_late(served, plan)]
    rows: list[tuple[str, str]] = [
        (f'<circle cx="{x + 9}" cy="{{y}}" r="8" fill="{_IN_TIME}" fill-opacity="0.8"/>', "Place, in time; size is demand"),
        (f'<circle cx="{x + 9}" cy="{{y}}" r="6" fill="{_LATE}"/><circle cx="{x + 9}" cy="{{y}}" r="9.5" fill="none" stroke="{_LATE}" stroke-width="1.5"/>', f"Place below the share ({len(late)})"),
        (f'<rect x="{x}" y="{{y-9}}" width="18" height="18" fill="{_HUB}"/>', f"Hub, open ({len(plan.hubs)})"),
        (f'<rect x="{x + 2}" y="{{y-7}}" width="14" height="14" fill="none" stroke="{_SOFT}" stroke-width="1.5"/>', "Hub, not opened"),
        (f'<line x1="{x}" x2="{x + 22}" y1="{{y}}" y2="{{y}}" stroke="{_HAUL}" stroke-width="4"/>', "Linehaul"),
        (f'<line x1="{x}" x2="{x + 22}" y1="{{y}}" y2="{{y}}" stroke="{_HAUL}" stroke-width="4" stroke-dasharray="7 5"/>', "Into stock, before orders"),
        (f'<line x1="{x}" x2="{x + 22}" y1="{{y}}" y2="{{y}}" stroke="{_SOFT}" stroke-width="3" stroke-opacity="0.5"/>', "To the place"),
    ]  # fmt: skip
    parts = []
    for number, (mark, words) in enumerate(rows):
        here = y + number * lead
        parts.append(mark.replace("{y}", str(here)).replace("{y-9}", str(here - 9)).replace("{y-7}", str(here - 7)))
        parts.append(_text(x + 32, here + 4, words, 13))
    below = y + len(rows) * lead + 16
    facts = [
        f"{plan.parcels:,.0f} parcels a day",
        f"{plain(plan.cost_minor, plan.currency)} {plan.currency} a day",
        f"{plan.share:.1%} within {plan.hours:g} hours",
        f"({plan.share_wanted:.1%} wanted, {plan.share_most:.1%} possible)",
    ]
    parts += [
        _text(x, below + number * 20, words, 13, weight=400 if words[0] == "(" else 600)
        for number, words in enumerate(facts)
    ]
    below += len(facts) * 20 + 14
    named = [f"{hub.place}: {hub.parcels:,.0f}, {hub.stocked:,.0f} of them in stock" for hub in plan.hubs]
    return parts + [
        _text(x, below + number * 18, words, 12, color=_SOFT) for number, words in enumerate(_cut(named, 8))
    ]


def draw_curve(plan: NetworkPlan) -> str:
    """Draw what a day costs by the share in time, with the price of each step on the way."""
    left, top, width, height = 96.0, 40.0, 640.0, 300.0
    points = plan.curve
    shares, costs = [point.share for point in points], [point.cost_minor for point in points]
    x = _scale(min(shares), max(shares), left, left + width)
    y = _scale(min(costs), max(costs), top + height, top)
    at = [_Point(x(point.share), y(point.cost_minor)) for point in points]
    parts = []
    for share in _apart([plan.share_wanted, *reversed(shares)], x):
        parts.append(f'<line x1="{x(share):.1f}" x2="{x(share):.1f}" y1="{top}" y2="{top + height}" stroke="{_LINE}"/>')
        parts.append(_text(x(share), top + height + 20, f"{100 * share:.4g} %", 12, anchor="middle", color=_SOFT))
    for cost in _spread(min(costs), max(costs), 5):
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y(cost):.1f}" y2="{y(cost):.1f}" stroke="{_LINE}"/>')
        parts.append(_text(left - 8, y(cost) + 4, plain(round(cost), plan.currency), 12, anchor="end", color=_SOFT))
    path = " ".join(f"{point.x:.1f},{point.y:.1f}" for point in at)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{_HUB}" stroke-width="2.5"/>')
    for here, point in zip(at, points, strict=True):
        is_chosen = abs(point.share - plan.share_wanted) < _NEAR / 10
        told = _title(
            f"{point.share:.2%}: {plain(point.cost_minor, plan.currency)} {plan.currency} a day,"
            f" a percent more costs {plain(point.percent_minor, plan.currency)}, hubs {', '.join(point.hubs)}"
        )
        parts.append(
            f'<circle cx="{here.x:.1f}" cy="{here.y:.1f}" r="{7 if is_chosen else 4}" fill="{_LATE if is_chosen else _HUB}">{told}</circle>'
        )
        if is_chosen:
            parts.append(
                _text(here.x, here.y - 14, f"this plan: {100 * point.share:.4g} %", 12, anchor="middle", weight=600)
            )
    parts.append(
        _text(left, 22, f"Cost a day in {plan.currency}, by the share within {plan.hours:g} hours", 14, weight=600)
    )
    return _svg(left + width + 60, top + height + 44, "What each percent in time costs", parts)


def draw_routes(day: Day, plan: RoutePlan, moved: Sequence[str] = ()) -> str:
    """Draw a day's rounds on their map; stops that are in none are marked, and so are those that `moved`."""
    depot = "\n"  # No stop is called so.
    at, height = _projected(
        [
            (depot, day.depot.latitude, day.depot.longitude),
            *((stop.stop, stop.latitude, stop.longitude) for stop in day.stops),
        ]
    )
    x = _WIDTH + 14
    parts = []
    for number, route in enumerate(plan.routes):
        color, dash = _ROUTES[number % len(_ROUTES)], _DASHES[number // len(_ROUTES) % len(_DASHES)]
        points = " ".join(
            f"{at[stop].x:.1f},{at[stop].y:.1f}" for stop in [depot, *(visit.stop for visit in route.visits), depot]
        )
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2.2" stroke-opacity="0.85" stroke-linejoin="round"{dashed}/>'
        )
        for place, visit in enumerate(route.visits, 1):
            here = at[visit.stop]
            told = _title(f"{visit.stop}: {place}. of {route.vehicle}, at {clock_time(visit.begins)}")
            ring = f' stroke="{_INK}" stroke-width="2.5"' if visit.stop in moved else ""
            parts.append(f'<circle cx="{here.x:.1f}" cy="{here.y:.1f}" r="5" fill="{color}"{ring}>{told}</circle>')
        if number < _KEY_ROWS_MAX:
            y = 88 + number * 22
            parts.append(
                f'<line x1="{x}" x2="{x + 22}" y1="{y - 4}" y2="{y - 4}" stroke="{color}" stroke-width="4"{dashed}/>'
            )
            words = (
                f"{route.vehicle}: {len(route.visits)} stops, {clock_time(route.leaves)} to {clock_time(route.returns)}"
            )
            parts.append(_text(x + 30, y, words, 12))
    for stop in plan.unserved:
        here = at[stop]
        parts.append(
            f'<path d="M{here.x - 6:.1f} {here.y - 6:.1f}l12 12m0 -12l-12 12" stroke="{_LATE}" stroke-width="3">{_title(f"{stop}: in no round")}</path>'
        )
    parts.append(_square(at[depot], 10, _INK, "#ffffff"))
    parts.append(_text(x, 30, f"{len(plan.routes)} rounds, {plan.meters / 1000:,.1f} km", 14, weight=600))
    said = f"{len(moved)} stops changed their driver (ringed)" if moved else f"{len(plan.unserved)} stops in no round"
    parts.append(_text(x, 52, said, 12, color=_SOFT))
    rows = min(len(plan.routes), _KEY_ROWS_MAX)
    return _svg(_WIDTH + _KEY, max(height, 110 + rows * 22), f"Rounds of {len(plan.routes)} vehicles", parts)


def clock_time(seconds: int) -> str:
    """Write seconds since midnight as people read them: 09:05."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"


# What drawings are made of.


def _projected(points: Sequence[tuple[str, float, float]]) -> tuple[dict[str, _Point], float]:
    """Put points on paper, north up, with a degree as wide as it is in the middle of them; give the height as well."""
    south, north = min(latitude for _, latitude, _ in points), max(latitude for _, latitude, _ in points)
    west, east = min(longitude for *_, longitude in points), max(longitude for *_, longitude in points)
    middle = (south + north) / 2
    narrow = math.cos(math.radians(middle)) if abs(middle) < 85 else 1.0  # noqa: PLR2004
    wide, high = max((east - west) * narrow, 1e-9), max(north - south, 1e-9)
    height = min(max((_WIDTH - 2 * _EDGE) * high / wide + 2 * _EDGE, _HEIGHT_MIN), _HEIGHT_MAX)
    scale = min((_WIDTH - 2 * _EDGE) / wide, (height - 2 * _EDGE) / high)
    left, top = (_WIDTH - scale * wide) / 2, (height - scale * high) / 2
    placed = {
        name: _Point(left + (longitude - west) * narrow * scale, top + (north - latitude) * scale)
        for name, latitude, longitude in points
    }
    return placed, height


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def _apart(values: Sequence[float], x: Callable[[float], float]) -> list[float]:
    """Give the values, first come first kept, whose places keep clear of each other."""
    kept: list[float] = []
    for value in values:
        if all(abs(x(value) - x(other)) >= _TICK for other in kept):
            kept.append(value)
    return kept


def _spread(low: float, high: float, count: int) -> list[float]:
    return [low + (high - low) * step / (count - 1) for step in range(count)] if high > low else [low]


def _labels(wanted: Sequence[tuple[_Point, str]], height: float) -> list[str]:
    """Write names beside their points, first come first written, and leave out what would lie on another name."""
    taken: list[tuple[float, float, float, float]] = []
    parts = []
    for at, name in wanted:
        wide = _LETTER * len(name)
        for x, y in (
            (at.x + 13, at.y + 4),
            (at.x - 13 - wide, at.y + 4),
            (at.x - wide / 2, at.y - 14),
            (at.x - wide / 2, at.y + 24),
        ):
            box = (x - 2, y - 11, x + wide + 2, y + 3)
            is_on_paper = box[0] > 0 and box[2] < _WIDTH and box[1] > 0 and box[3] < height
            if is_on_paper and all(
                box[2] < other[0] or other[2] < box[0] or box[3] < other[1] or other[3] < box[1] for other in taken
            ):
                taken.append(box)
                parts.append(_text(x, y, name, 12, halo=True))
                break
        if len(parts) == _LABELS_MAX:
            break
    return parts


def _line(one: _Point, other: _Point, color: str, width: float, dash: str, opacity: float) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{one.x:.1f}" y1="{one.y:.1f}" x2="{other.x:.1f}" y2="{other.y:.1f}" stroke="{color}"'
        f' stroke-width="{width:.1f}" stroke-opacity="{opacity}" stroke-linecap="round"{dashed}/>'
    )


def _square(at: _Point, half: float, fill: str, edge: str) -> str:
    return (
        f'<rect x="{at.x - half:.1f}" y="{at.y - half:.1f}" width="{2 * half}" height="{2 * half}" fill="{fill}"'
        f' stroke="{edge}" stroke-width="1.5"/>'
    )


def _text(  # noqa: PLR0913
    x: float,
    y: float,
    words: str,
    size: int,
    *,
    anchor: str = "start",
    color: str = _INK,
    weight: int = 400,
    halo: bool = False,
) -> str:
    around = f' stroke="{_PAPER}" stroke-width="3" paint-order="stroke" stroke-linejoin="round"' if halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}" font-weight="{weight}"'
        f"{around}>{escape(words)}</text>"
    )


def _title(words: str) -> str:
    return f"<title>{escape(words)}</title>"


def _cut(rows: Sequence[str], most: int) -> list[str]:
    return [*rows[:most], f"and {len(rows) - most} more"] if len(rows) > most else list(rows)


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label={quoteattr(title)}'
        f' font-family="system-ui, sans-serif">{_title(title)}<rect width="100%" height="100%" fill="{_PAPER}"/>'
        f"{''.join(parts)}</svg>\n"
    )
