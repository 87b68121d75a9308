"""Dashboards: what an operator or a seller is shown at a glance, as questions."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from caravan.insight.metrics import Definitions, Question, Viewer

DAYS = 30
TOP = 8

_TILES = {
    "operator": (
        ("gmv", "net_revenue", "average_order_value", "captured"),
        (
            "orders", "buyers", "take_rate", "cancelation_rate", "refund_rate", "fill_rate", "promise_kept_rate", "repeat_rate",
            "new_buyers", "checkout_conversion", "vain_searches", "recommended_share",
        ),
    ),
    "seller": (
        ("gmv", "average_order_value", "released", "paid_out"),
        (
            "orders", "buyers", "units_sold", "cancelation_rate", "refund_rate", "fill_rate", "promise_kept_rate", "hours_to_ship",
        ),
    ),
}  # fmt: skip
_TOPS = {
    "operator": (("gmv", "sellers.name"), ("sales", "category"), ("gmv", "buyer_country")),
    "seller": (("sales", "products.title"), ("sales", "category"), ("gmv", "buyer_country")),
}


class Board(NamedTuple):
    """The questions of a dashboard: figures now and in the days before, a line, what sells most, and over all time."""

    now: list[Question]
    before: list[Question]
    line: Question
    tops: list[tuple[str, Question]]
    cohorts: Question
    funnel: Question | None


def board(viewer: Viewer, *, end: date) -> Board:
    """Give the questions of the days before `end`."""
    first, earlier = end - timedelta(days=DAYS), end - timedelta(days=2 * DAYS)
    tiles = _TILES[viewer.audience]
    cohorts = Question(("buyer_retention",), first=end - timedelta(days=365), end=end, rows_max=400)
    funnel = Question(("checkout_funnel",), first=first, end=end) if viewer.audience == "operator" else None
    return Board(
        now=[Question(names, first=first, end=end) for names in tiles],
        before=[Question(names, first=earlier, end=first) for names in tiles],
        line=Question(("gmv",), grain="day", first=earlier, end=end, rows_max=400),
        tops=[
            (dimension, Question((metric,), (dimension,), first=first, end=end, order=f"-{metric}", rows_max=TOP))
            for metric, dimension in _TOPS[viewer.audience]
        ],
        cohorts=cohorts,
        funnel=funnel,
    )


def questions(viewer: Viewer, *, end: date) -> Iterator[Question]:
    """Give every question of a dashboard."""
    asked = board(viewer, end=end)
    yield from (*asked.now, *asked.before, asked.line, *(question for _, question in asked.tops), asked.cohorts)
    if asked.funnel is not None:
        yield asked.funnel


def missing(found: Definitions) -> set[str]:
    """Give the metrics of dashboards that are not defined."""
    told = {name for tiles in _TILES.values() for names in tiles for name in names} | {
        "buyer_retention",
        "checkout_funnel",
    }
    return told - set(found.metrics)
