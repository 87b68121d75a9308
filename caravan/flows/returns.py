"""Returns: units of an order come back, and their money goes back to the buyer, before or after the seller had it."""

from typing import NamedTuple

from caravan.cell import Decision, Section
from caravan.events.orders import LineReturned
from caravan.events.payments import PaymentRefunded
from caravan.flows import exchanging, funded, parcels, places, taxing
from caravan.flows.house import House, as_facts, fold, integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import LocationId, OrderId, SellerId
from caravan.trade import ledger, orders, payments
from caravan.trade.ledger import Kind
from caravan.world import partners


class Return(NamedTuple):
    """A seller (0: the operator) takes units of one line of an order back and refunds them to the buyer's wallet."""

    seller: SellerId
    order: OrderId
    line: int
    quantity: int
    refund_minor: int


def accept_return(house: House, back: Return, *, now: Instant) -> Decision:
    """Take units back onto the shelf and refund them. Refuses more units or money than are out; gives the order.

    Before release the refund comes out of escrow; after it the seller gives what the sale brought them, the operator
    its fee, and the tax on the fee comes back with it.
    """
    table = house.orders.orders
    if not 0 < back.order < len(table) or (back.seller and table.seller[back.order] != back.seller):
        raise NotFound("There is no such order.")
    returned = orders.return_line(
        house.orders, order=back.order, line=back.line, quantity=back.quantity, refund_minor=back.refund_minor, now=now,
        keeps_fee=bool(house.payments.money.keeps_fee[back.order]),
    )  # fmt: skip
    facts: list[Section] = []
    give_back(house, back, returned, facts, now=now)
    return Decision(facts, lambda: back.order)


def give_back(house: House, back: Return, returned: LineReturned, facts: list[Section], *, now: Instant) -> None:
    """Pay a part of a line back, with the units that came back for it, if any; a seller's part has a limit."""
    _look_over(house, back)
    share = funded.shared(house, back.order, back.refund_minor, now=now)
    refunded = payments.refund(
        house.payments, order=back.order, amount_minor=back.refund_minor, fee_minor=returned.fee_minor,
        fee_tax_minor=returned.fee_tax_minor, now=now,
    )  # fmt: skip
    facts += _record(house, back, share, refunded, now=now)
    facts += fold(house, as_facts(returned, refunded))
    facts += fold(house, funded.after_refund(house, back.order, share, now=now))
    facts += exchanging.give_back(house, back.order, share.wallet, now=now)
    facts += taxing.give_back(
        house, back.order, back.line, refunded=back.refund_minor, fee_tax=returned.fee_tax_minor, now=now
    )
    if refunded.from_seller_minor:
        funded.cap_clawback(house, facts, order=back.order, amount=refunded.from_seller_minor, now=now)


class Exchange(NamedTuple):
    """A seller (0: the operator) takes units of a line back and sends such anew, at no further price."""

    seller: SellerId
    order: OrderId
    line: int
    quantity: int


def accept_exchange(house: House, exchange: Exchange, *, now: Instant) -> Decision:
    """Take units back and pack others for them; give the parcel. Refuses more units than are out, or than are on the shelf."""
    parcels.own_order(house, exchange.order, exchange.seller)
    contents, facts = {exchange.line: exchange.quantity}, list[Section]()
    returned = orders.exchange_line(
        house.orders, order=exchange.order, line=exchange.line, quantity=exchange.quantity, now=now
    )
    anew = parcels.send_anew(house, exchange.order, contents, facts, now=now)
    parcels.move_units(
        house, exchange.order, contents, (ledger.Kind.SHIPPED, ledger.Kind.AVAILABLE), facts, now=now,
        reason=ledger.Reason.RETURNED,
    )  # fmt: skip
    facts += fold(house, as_facts(returned))
    return Decision(facts, lambda: anew)


def _look_over(house: House, back: Return) -> None:
    money = house.payments.money
    if money.disputing[back.order]:
        raise payments.DisputeUnderWay
    left = int(money.captured[back.order] - money.refunded[back.order] - money.lost[back.order])
    if back.refund_minor > left:
        raise orders.NothingToReturn(f"At most {left} of this order's money can go back.", left_minor=left)


def _record(
    house: House, back: Return, share: funded.Back, refunded: PaymentRefunded, *, now: Instant
) -> list[Section]:
    book, table, lines = house.ledger, house.orders.orders, house.orders.lines
    from_escrow, fee, fee_tax = refunded.from_escrow_minor, refunded.fee_minor, refunded.fee_tax_minor
    unit, row = int(table.unit[back.order]), int(table.first_line[back.order]) + back.line
    one, legs = integers(0), ledger.Legs()
    amounts = {ledger.Kind.ESCROW: -from_escrow}
    if not from_escrow:
        amounts = {
            ledger.Kind.SELLER_BALANCE: -(back.refund_minor - fee - fee_tax),
            ledger.Kind.OPERATOR_FEES: -fee,
            ledger.Kind.TAX_PAYABLE: -fee_tax,
        }
    owners = {ledger.Kind.ESCROW: int(back.order), ledger.Kind.SELLER_BALANCE: int(table.seller[back.order])}
    for kind, amount in amounts.items():
        account = book.find(kind, integers(owners.get(kind, 0)), integers(unit))
        legs.post(one, accounts=account, amounts=integers(amount))
    opened: list[Section] = []
    funded.add(house, legs, 0, funded.back_postings(house, back.order, share), facts=opened, now=now)
    if back.quantity:
        left, sku = int(lines.location[row]), lines.sku[row : row + 1]
        shelf = partners.returns_to(house.partners, LocationId(left))
        opened += places.open_shelf(house, shelf, sku, now=now)
        for kind, at, quantity in ((Kind.SHIPPED, left, -back.quantity), (Kind.AVAILABLE, shelf, back.quantity)):
            legs.post(one, accounts=book.find(kind, integers(at), sku), amounts=integers(quantity))
    outcomes = ledger.record(
        book, legs, reason=ledger.Reason.RETURNED, references=integers(back.order), at=integers(now)
    )
    if not outcomes.recorded.all():
        raise ledger.refusal(book, code=int(outcomes.codes[0]), account=int(outcomes.culprits[0]))
    return [*opened, *outcomes.facts]
