"""Operations on the operator's books: reports and statements, open items, payouts' ends, labels, losses."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import read_report, read_statement
from caravan.client import wire
from caravan.flows import reconciling, settlement
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AskId, BuyerId, OpenItemId, OrderId, PayoutId
from caravan.kernel.money import alphabetic
from caravan.trade import payments
from caravan.web.api import ordered, resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import OPERATOR, Operation


async def reconcile(call: Call) -> Reply:
    """Hold a report of a provider against the books: Stripe's itemized balance, as CSV."""
    provider = payments.Provider[call.query.provider.upper()]
    lines = await run_in_threadpool(read_report, _text(call))
    return await call.do(reconciling.reconcile, reconciling.Report(provider, lines), lambda _, found: reconciled(found))


def _text(call: Call) -> str:
    try:
        return str(call.body, "utf-8")
    except UnicodeDecodeError:
        raise Invalid("A report is text in UTF-8.", field="report") from None


def reconciled(found: reconciling.Reconciled) -> wire.Reconciled:
    """Show what came of a report."""
    return wire.Reconciled(
        lines=found.lines, matched=found.matched, known=found.known, fees_minor=found.fees_minor,
        paid_out_minor=found.paid_out_minor, items=[ids.text(OpenItemId, item) for item in found.items],
    )  # fmt: skip


async def take_statement(call: Call) -> Reply:
    """Take a bank's statement: CSV, or camt.053."""
    lines = await run_in_threadpool(read_statement, _text(call))
    return await call.do(reconciling.take_statement, reconciling.Statement(lines), lambda _, found: taken(found))


def taken(found: reconciling.Taken) -> wire.StatementTaken:
    """Show what came of a statement."""
    return wire.StatementTaken(
        lines=found.lines, matched=found.matched, known=found.known,
        items=[ids.text(OpenItemId, item) for item in found.items],
    )  # fmt: skip


async def list_open_items(call: Call) -> Reply:
    """List the differences that nobody has looked at yet."""
    shown = await call.ask(lambda house: [open_item(house, item.item) for item in reconciling.open_items(house)])
    return call.say(wire.OpenItems(data=shown[: wire.OPEN_ITEMS_MAX]))


def open_item(house: House, number: int) -> wire.OpenItem:
    """Show an open item."""
    item = reconciling.item_of(house, number)
    return wire.OpenItem(
        id=ids.text(OpenItemId, item.item),
        provider=payments.Provider(item.provider).name.lower(),  # type: ignore[arg-type]
        kind=payments.ItemKind(item.kind).name.lower(),  # type: ignore[arg-type]
        line=item.line,
        ask=ids.text(AskId, item.ask) if item.ask else None,
        amount=resources.money(item.amount, item.unit),
        wanted=resources.money(item.wanted, item.unit),
        raised_at=iso(item.raised_at),
        note=item.note,
        is_closed=item.is_closed,
    )


async def close_open_item(call: Call) -> Reply:
    """Say what an open item was; money on suspense can be given to a buyer."""
    closing: wire.ItemClosing = call.body
    buyer = BuyerId(ids.number(BuyerId, closing.buyer)) if closing.buyer else BuyerId(0)
    wanted = reconciling.Assigning(OpenItemId(call.ids["item"]), closing.note, buyer)
    return await call.do(reconciling.close_item, wanted, open_item)


async def settle_payout(call: Call) -> Reply:
    """Say that a payout has arrived, or came back; then its items are due again."""
    word = settlement.PayoutWord(PayoutId(call.ids["payout"]), call.body.was_paid)
    return await call.do(settlement.settle_payout, word, _payout)


def _payout(house: House, number: int) -> wire.PayoutEnd:
    return wire.PayoutEnd(id=ids.text(PayoutId, number), status=house.payments.paid[number])  # type: ignore[arg-type]


async def charge_label(call: Call) -> Reply:
    """Take the price of a label off an order's seller."""
    amount = await _amount(call)
    charge = settlement.LabelCharge(OrderId(call.ids["order"]), amount)
    return await call.do(settlement.charge_label, charge, _order)


async def write_off(call: Call) -> Reply:
    """Take over what an order's seller owes and will never pay."""
    off = settlement.WriteOff(OrderId(call.ids["order"]), await _amount(call))
    order = OrderId(call.ids["order"])
    return await call.do(settlement.write_off, off, lambda house, _: _order(house, order))


async def _amount(call: Call) -> int:
    wanted: wire.Charge = call.body
    currency = await call.ask(_currency, call.ids["order"])
    if wanted.amount.currency != currency:
        raise Invalid(f"This order is in {currency}.", field="amount/currency")
    return wanted.amount.amount


def _currency(house: House, order: int) -> str:
    table = house.orders.orders
    if not 0 < order < len(table):
        raise NotFound("There is no such order.")
    return alphabetic(int(table.unit[order]))


def _order(house: House, order: OrderId) -> wire.Order:
    return ordered.order(house, order, "operator")


_OPERATORS = (OPERATOR,)

OPERATIONS = (
    Operation(
        method="POST", path="/v1/reports", summary="Hold a provider's report against the books", handler=reconcile,
        who=_OPERATORS, scope="market:write", query=wire.ReportQuery, is_raw=True, response=wire.Reconciled,
        refusals=(Invalid,),
    ),
    Operation(
        method="POST", path="/v1/statements", summary="Take a bank's statement", handler=take_statement, who=_OPERATORS,
        scope="market:write", is_raw=True, response=wire.StatementTaken, refusals=(Invalid,),
    ),
    Operation(
        method="GET", path="/v1/open-items", summary="List open items", handler=list_open_items, who=_OPERATORS,
        scope="market:write", response=wire.OpenItems,
    ),
    Operation(
        method="POST", path="/v1/open-items/{item}/close", summary="Say what an open item was", handler=close_open_item,
        who=_OPERATORS, scope="market:write", request=wire.ItemClosing, response=wire.OpenItem, key="required",
        refusals=(NotFound, Invalid),
    ),
    Operation(
        method="POST", path="/v1/payouts/{payout}/end", summary="Say what became of a payout", handler=settle_payout,
        who=_OPERATORS, scope="payouts:read", request=wire.PayoutWord, response=wire.PayoutEnd, key="required",
        refusals=(NotFound, payments.PayoutSettled),
    ),
    Operation(
        method="POST", path="/v1/orders/{order}/labels", summary="Charge a label to an order's seller",
        handler=charge_label, who=_OPERATORS, scope="orders:write", request=wire.Charge, response=wire.Order,
        status=HTTPStatus.CREATED, key="required", refusals=(NotFound, Invalid),
    ),
    Operation(
        method="POST", path="/v1/orders/{order}/losses", summary="Take over what an order's seller owes",
        handler=write_off, who=_OPERATORS, scope="orders:write", request=wire.Charge, response=wire.Order,
        status=HTTPStatus.CREATED, key="required", refusals=(NotFound, Invalid),
    ),
)  # fmt: skip
