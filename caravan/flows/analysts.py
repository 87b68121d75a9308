"""Analysts: who may come in with a token and ask in SQL of their own, and what metrics('gmv', by := 'category') stands for."""

from collections.abc import Callable, Mapping
from datetime import date

from caravan.cell import Cell
from caravan.flows import tables
from caravan.flows.house import House
from caravan.flows.numbers import Numbers
from caravan.insight import identity, metrics
from caravan.insight.metrics import Viewer
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import SellerId

SCOPE = "numbers:sql"
_WORDS = frozenset({"names", "by", "grain", "first", "until", "order"})


class NotAnAnalyst(Refusal):
    """A token of an operator or a seller with numbers:sql is needed here."""


class Recognition:
    """Tells who shows a token."""

    def __init__(self, cell: Cell[House], hashed: Callable[[str], bytes]) -> None:
        self._cell, self._hashed = cell, hashed

    def who(self, token: str) -> Viewer:
        """Tell who it is. Refuses a token that is unknown, revoked or too old, or that may not do this."""
        now = self._cell.clock.now()
        found = identity.token_of(self._cell.house.identity, self._hashed(token), now=now) if token else None
        if found is None or found.audience not in {"operator", "seller"} or SCOPE not in found.scopes:
            raise NotAnAnalyst
        return Viewer("seller", SellerId(found.subject)) if found.audience == "seller" else metrics.OPERATOR


def metrics_sql(numbers: Numbers, told: Mapping[str, str], viewer: Viewer) -> str:
    """Write the query of metrics(...): names, and by, grain, first, until and order. Refuses what can't be asked."""
    strange = set(told) - _WORDS
    if strange or "names" not in told:
        raise Invalid("metrics() takes names, and by, grain, first, until and order.", field="sql")
    asked = tables.KeptQuestion(
        metrics=_parts(told["names"]), by=_parts(told.get("by", "")), grain=_grain(told.get("grain", "")),
        start=_day(told.get("first", "")), end=_day(told.get("until", "")), order=told.get("order", ""),
    )  # fmt: skip
    return numbers.sql(tables.question_of(numbers.definitions, asked), viewer)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _grain(text: str) -> tables.Grain:
    for one in tables.GRAINS:
        if one == text:
            return one
    raise Invalid(f"A grain is one of {', '.join(tables.GRAINS[1:])}.", field="sql")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(f"{text[:20]!r} is no day: 2026-11-01 is one.", field="sql") from None
