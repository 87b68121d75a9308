"""The operator's page on money: open items, reports to reconcile, and where money is."""

from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from caravan.bootstrap import read_report, read_statement
from caravan.flows import reconciling
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId, OpenItemId
from caravan.kernel.money import Money, alphabetic
from caravan.trade import ledger
from caravan.trade.payments import ItemKind, Provider
from caravan.web.pages.visit import Visit, path_id
from caravan.web.reach import ask, do

_SHOWN_MAX = 100
_REPORT_CHARACTERS_MAX = 2_000_000
_WORDS = {
    ItemKind.UNKNOWN_LINE: "A line that we know nothing of",
    ItemKind.NOT_REPORTED: "Something of ours that the report lacks",
    ItemKind.OTHER_AMOUNT: "Another amount than ours",
    ItemKind.UNNAMED_TRANSFER: "A transfer that names no payment",
}
_PLACES = {
    ledger.Kind.AUTHORIZED: "Kept by providers, not taken in", ledger.Kind.PSP_CLEARING: "Taken in by providers",
    ledger.Kind.ESCROW: "In escrow", ledger.Kind.WALLET: "In buyers' wallets",
    ledger.Kind.SELLER_BALANCE: "On sellers' balances", ledger.Kind.GIFT_CARD: "On gift cards",
    ledger.Kind.DISPUTE_RESERVE: "Disputed", ledger.Kind.SUSPENSE: "On suspense", ledger.Kind.OPERATOR_FEES: "Fees",
    ledger.Kind.TAX_PAYABLE: "Tax to pay", ledger.Kind.TAX_COLLECTED: "Kept for tax authorities", ledger.Kind.CARRIER_PAYABLE: "To carriers", ledger.Kind.PSP_FEES: "Providers' fees",
    ledger.Kind.PROMOTIONS: "Given away", ledger.Kind.LOSSES: "Lost", ledger.Kind.BANK: "Paid out by the bank, less what came in",
}  # fmt: skip


class Item(NamedTuple):
    """An open item as the page shows it."""

    item: int
    provider: str
    words: str
    line: str
    amount: Money
    wanted: Money
    at: int
    is_transfer: bool


async def overview(visit: Visit) -> Response:
    """Show the open items and where money is."""
    return await _show(visit, {})


async def _show(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    items = await ask(visit.caravan, _items)
    places = await ask(visit.caravan, _places)
    return await visit.show("operator_money.html", status=status, items=items, places=places, wrong=wrong)


def _items(house: House) -> list[Item]:
    return [
        Item(
            item.item, Provider(item.provider).name.lower(), _WORDS[ItemKind(item.kind)], item.line,
            Money(item.amount, alphabetic(item.unit)), Money(item.wanted, alphabetic(item.unit)), item.raised_at,
            item.kind == ItemKind.UNNAMED_TRANSFER,
        )
        for item in reconciling.open_items(house)[:_SHOWN_MAX]
    ]  # fmt: skip


def _places(house: House) -> list[tuple[str, Money]]:
    return [
        (name, Money(amount, alphabetic(unit)))
        for kind, name in _PLACES.items()
        for unit, amount in ledger.totals(house.ledger, kind).items()
        if amount
    ]


async def reconcile(visit: Visit) -> Response:
    """Hold a report against the books, or take a statement."""
    text = visit.form.text("report", longest=_REPORT_CHARACTERS_MAX)
    provider = visit.form.text("provider", longest=20)
    if provider not in {"card", "cash", "transfer"}:
        raise Invalid("There is no such provider.", field="provider")
    try:
        if provider == "transfer":
            lines = await run_in_threadpool(read_statement, text)
            found = await do(visit.caravan, reconciling.take_statement, reconciling.Statement(lines))
        else:
            rows = await run_in_threadpool(read_report, text)
            report = reconciling.Report(Provider[provider.upper()], rows)
            found = await do(visit.caravan, reconciling.reconcile, report)
    except Invalid as refusal:
        return await _show(visit, {"report": str(refusal)}, 422)
    return visit.go("/operator/money", "differs" if found.items else "fits")


async def close(visit: Visit) -> Response:
    """Close an open item with what it was."""
    public = visit.form.text("buyer", longest=20, is_needed=False)
    buyer = BuyerId(ids.number(BuyerId, public)) if public else BuyerId(0)
    item = OpenItemId(path_id(visit, OpenItemId))
    note = visit.form.text("note", longest=500)
    await do(visit.caravan, reconciling.close_item, reconciling.Assigning(item, note, buyer))
    return visit.go("/operator/money", "item_closed")
