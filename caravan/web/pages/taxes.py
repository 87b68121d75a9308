"""The operator's page on taxes: the rules that hold, what is owed to each authority, and what a period came to."""

from datetime import UTC, datetime
from typing import NamedTuple

from starlette.responses import Response

from caravan.flows import taxing
from caravan.flows.house import House
from caravan.kernel.clock import SECOND, Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.money import Money, alphabetic
from caravan.trade import taxes
from caravan.web.api.resources import percent
from caravan.web.api.taxing import period
from caravan.web.pages.visit import Visit
from caravan.web.reach import ask, do

_TABLE_CHARACTERS_MAX = 400_000
_MONTHS = 12


class Line(NamedTuple):
    """A line of the report as the page shows it."""

    authority: str
    rule: str
    charged: Money
    collected: Money
    returned: Money
    corrected: Money
    due: Money
    remitted: Money


class Desk(NamedTuple):
    """All that the page says."""

    version: int
    name: str
    as_of: str
    rules: list[tuple[taxes.Rule, str]]
    owed: list[tuple[str, str, Money]]
    lines: list[Line]


async def overview(visit: Visit) -> Response:
    """Show the rules, what is owed, and the report of a month."""
    return await _show(visit, {})


async def _show(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    month = visit.request.query_params.get("month", "") or this_month(visit.caravan.clock.now())
    try:
        since, until = period(f"{month}-01", next_month(month))
    except (Invalid, ValueError):
        month = this_month(visit.caravan.clock.now())
        since, until = period(f"{month}-01", next_month(month))
    desk = await ask(visit.caravan, _desk, since, until)
    return await visit.show("operator_taxes.html", status=status, desk=desk, month=month, wrong=wrong)


def this_month(now: Instant) -> str:
    """Give the month of now: 2026-11."""
    return datetime.fromtimestamp(now // SECOND, UTC).strftime("%Y-%m")


def next_month(month: str) -> str:
    """Give the first day after a month."""
    year, number = int(month[:4]), int(month[5:7])
    return f"{year + number // _MONTHS:04}-{number % _MONTHS + 1:02}-01"


def _desk(house: House, since: Instant, until: Instant) -> Desk:
    table = house.taxes.now
    return Desk(
        len(house.taxes.tables), table.name if table else "", table.as_of if table else "",
        [(rule, percent(rule)) for rule in table.rules] if table else [],
        [(one.authority, one.name, Money(one.amount_minor, alphabetic(one.unit))) for one in taxing.owed(house)],
        [_line(line) for line in taxing.report(house, since, until)],
    )  # fmt: skip


def _line(line: taxes.Line) -> Line:
    amounts = (
        line.charged_minor, line.collected_minor, line.returned_minor, line.corrected_minor, line.due_minor,
        line.remitted_minor,
    )  # fmt: skip
    return Line(line.authority, line.rule, *(Money(amount, alphabetic(line.unit)) for amount in amounts))


async def load(visit: Visit) -> Response:
    """Load a table, the shipped one or one's own; or only look at it."""
    is_shipped = visit.form.has("shipped")
    text = taxes.shipped() if is_shipped else visit.form.text("document", longest=_TABLE_CHARACTERS_MAX)
    is_trial = visit.form.has("trial")
    try:
        await do(visit.caravan, taxing.load_rules, taxing.NewRules(text, is_trial))
    except taxes.WrongTaxRules as refusal:
        return await _show(visit, {"document": str(refusal)}, 422)
    except taxes.SameTaxRules:
        return visit.go("/operator/taxes", "tax_rules_same")
    return visit.go("/operator/taxes", "tax_rules_fit" if is_trial else "tax_rules_loaded")


async def remit(visit: Visit) -> Response:
    """Note that an authority was paid."""
    currency = visit.form.text("currency", longest=3)
    paid = taxing.Remittance(
        visit.form.text("authority", longest=12), currency, visit.form.minor("amount", currency),
        visit.form.text("reference", longest=100, is_needed=False),
    )  # fmt: skip
    try:
        await do(visit.caravan, taxing.remit, paid)
    except taxes.RemittedTooMuch as refusal:
        return await _show(visit, {"amount": str(refusal)}, 422)
    return visit.go("/operator/taxes", "tax_remitted")
