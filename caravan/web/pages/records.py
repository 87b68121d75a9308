"""Records: orders, addresses and statements as buyers and sellers read them."""

from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import Caravan
from caravan.flows import parcels, places, taxing
from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import AddressId, BuyerId, ListingId, OrderId, PurchaseId, SellerId
from caravan.kernel.money import Money, alphabetic
from caravan.trade import catalog, claims, delivery, ledger, orders, payments
from caravan.web import access
from caravan.web.pages import landing
from caravan.web.pages.baskets import Line, Origin, origin_of
from caravan.web.reach import ask, page
from caravan.world import partners

ROWS = 30
REASONS = {
    ledger.Reason.PLACED: "Purchase",
    ledger.Reason.CANCELED: "Canceled order",
    ledger.Reason.CAPTURED: "Paid for order",
    ledger.Reason.RELEASED: "Sale settled",
    ledger.Reason.PAID_OUT: "Payout",
    ledger.Reason.TOPPED_UP: "Money put in",
    ledger.Reason.RETURNED: "Return of order",
    ledger.Reason.TRANSFERRED: "Transfer",
    ledger.Reason.AUTHORIZED: "Promised by your card, or for the door",
    ledger.Reason.AUTHORIZATION_VOIDED: "Let go again",
    ledger.Reason.COUPON_USED: "Coupon",
    ledger.Reason.DISPUTE_OPENED: "The buyer's bank wants money back",
    ledger.Reason.DISPUTE_LOST: "Dispute lost",
    ledger.Reason.DISPUTE_WON: "Dispute won",
    ledger.Reason.WRITTEN_OFF: "Taken over by the operator, of order",
    ledger.Reason.LABEL_CHARGED: "Label for order",
    ledger.Reason.GIFT_CARD_ISSUED: "Gift card bought",
    ledger.Reason.GIFT_CARD_REDEEMED: "Gift card redeemed",
    ledger.Reason.REFUND_FAILED: "Refund that your card did not take, of order",
    ledger.Reason.PAYOUT_RETURNED: "Payout that came back",
    ledger.Reason.TRANSFER_RECEIVED: "Bank transfer",
    ledger.Reason.ASSIGNED: "Bank transfer",
    ledger.Reason.EXCHANGED: "Exchange",
    ledger.Reason.EXCHANGED_BACK: "Back into the currency it was paid in, of order",
    ledger.Reason.TAX_COLLECTED: "Tax that the market remits, of order",
    ledger.Reason.TAX_RETURNED: "Tax given back, of order",
    ledger.Reason.TAX_REMITTED: "Tax paid to an authority",
}
_OF_ORDER = {
    ledger.Reason.CANCELED, ledger.Reason.CAPTURED, ledger.Reason.RELEASED, ledger.Reason.RETURNED,
    ledger.Reason.WRITTEN_OFF, ledger.Reason.LABEL_CHARGED, ledger.Reason.REFUND_FAILED,
    ledger.Reason.TAX_COLLECTED, ledger.Reason.TAX_RETURNED, ledger.Reason.EXCHANGED_BACK,
}  # fmt: skip


class PaidIn(NamedTuple):
    """What an order was paid with in another currency, the spread in it, and what came back."""

    paid: Money
    spread: Money
    back: Money


class Order(NamedTuple):
    """An order with everything that its page says. Times are 0 where nothing has happened."""

    number: OrderId
    purchase: PurchaseId
    buyer: BuyerId
    seller: SellerId
    seller_name: str
    address: AddressId
    lines: list[Line]
    returned: list[int]  # units that came back, by line
    total: Money
    fee: Money
    fee_tax: Money
    paid_in: PaidIn | None
    tax_kept: Money  # that the market remits, and has not gone back
    parts: landing.Parts
    refunded: Money
    status: str
    fulfillment: str
    payment: str
    placed_at: int
    canceled_at: int
    fulfilled_at: int
    received_at: int
    completed_at: int
    due_at: int
    is_by_card: bool
    parcels: Sequence[Any]  # as delivery.parcels_of gives them
    waits: list[int]  # units that wait to be packed, by line
    is_in_parcels: bool  # some of it is packed or has left by itself
    claims: list[claims.Claim]
    out: list[int]  # units that have left and did not come back, by line
    paid: Money  # what has left, or is to leave
    not_sent: Money
    origins: dict[int, Origin]  # from where each parcel is sent
    goes_whole: bool  # in one parcel, as what is paid at the door does

    @property
    def is_spread(self) -> bool:
        """Tell whether it is sent from several locations."""
        return len({line.sent_from for line in self.lines}) > 1

    @property
    def suggested(self) -> list[tuple[Origin, list[tuple[int, int]]]]:
        """Give for each location what waits there to be packed: lines and units."""
        found: dict[Origin, list[tuple[int, int]]] = {}
        for place, (line, units) in enumerate(zip(self.lines, self.waits, strict=True)):
            if units and line.sent_from is not None:
                found.setdefault(line.sent_from, []).append((place, units))
        return list(found.items())

    @property
    def sent(self) -> list[Any]:
        """Give the parcels that have left."""
        return [parcel for parcel in self.parcels if parcel.handed_over_at]

    @property
    def is_claimed(self) -> bool:
        """Tell whether a claim about it is not over."""
        return any(claims.is_standing(claim) for claim in self.claims)

    @property
    def can_be_claimed(self) -> bool:
        """Tell whether something of it could be wrong, and its money is there to go back."""
        return bool(self.sent) and self.refunded.amount < self.paid.amount

    @property
    def can_be_canceled(self) -> bool:
        """Tell whether it can still be called off."""
        return self.status == "placed" and self.fulfillment == "unfulfilled"


class Destination(NamedTuple):
    """An address of a buyer, opened."""

    address: AddressId
    place: access.Place


class Row(NamedTuple):
    """A line of a statement."""

    reason: str
    order: OrderId  # 0 where it is about none
    payout: int
    amount: Money
    at: int
    transfer: int


def order(house: House, number: OrderId, buyer: BuyerId) -> Order:
    """Give a buyer's order. Refuses another's as not found."""
    table = house.orders.orders
    if not 0 < number < len(table) or table.buyer[number] != buyer:
        nothing("There is no such order.")
    return _order(house, number)


def sale(house: House, number: OrderId, seller: SellerId) -> Order:
    """Give a seller's order. Refuses another's as not found."""
    table = house.orders.orders
    if not 0 < number < len(table) or table.seller[number] != seller:
        nothing("There is no such order.")
    return _order(house, number)


def nothing(text: str) -> NoReturn:
    """Refuse as not found, without saying whether it is somebody else's."""
    raise NotFound(text)


def _is_by_card(house: House, number: int) -> bool:
    funding = house.dealings.fundings.get(number)
    return funding is not None and funding.provider == payments.Provider.CARD


def _goes_whole(house: House, number: int) -> bool:
    funding = house.dealings.fundings.get(number)
    return funding is not None and funding.provider == payments.Provider.CASH


def _order(house: House, number: OrderId) -> Order:
    table, money = house.orders.orders, house.payments.money
    currency = alphabetic(int(table.unit[number]))
    state = orders.order_state(house.orders, number)
    seller = SellerId(int(table.seller[number]))
    purchase = PurchaseId(int(table.purchase[number]))
    name = partners.seller_of(house.partners, seller).name
    rows = orders.lines_of(house.orders, number)
    added = taxing.added_by_line(house, house.taxes.orders.get(number), len(rows))
    units = orders.units_of(house.orders, number)
    parts = house.orders.parts.get(number)
    has_let_go = bool(money.voided[number]) and bool(money.captured[number])
    not_sent = int(money.voided[number]) if has_let_go else 0
    return Order(
        number=number,
        purchase=purchase,
        buyer=BuyerId(int(table.buyer[number])),
        seller=seller,
        seller_name=name,
        address=AddressId(int(house.orders.purchases.address[purchase])),
        lines=[_line(house, row, seller, name, currency, more) for row, more in zip(rows, added, strict=True)],
        returned=[int(house.orders.lines.returned[row]) for row in rows],
        total=Money(int(table.total[number]), currency),
        fee=Money(int(table.fee[number] - money.fee_refunded[number]) - (parts.fee_off if parts else 0), currency),
        fee_tax=Money(
            int(table.fee_tax[number] - money.tax_refunded[number]) - (parts.fee_tax_off if parts else 0), currency
        ),
        paid_in=_paid_in(house, number, currency),
        tax_kept=Money(taxing.kept_of(house, number), currency),
        parts=landing.parts_of(taxing.of_order(house, number), currency),
        refunded=Money(int(money.refunded[number]), currency),
        status=state.status,
        fulfillment=state.fulfillment,
        payment=payments.money_state(house.payments, number),
        due_at=int(money.due_at[number]),
        is_by_card=_is_by_card(house, number),
        parcels=[one for one in delivery.parcels_of(house.delivery, number) if not one.is_canceled],
        waits=parcels.waiting(house, number),
        is_in_parcels=parcels.is_in_parcels(house, number),
        claims=claims.claims_of(house.claims, number),
        out=[one.out for one in units],
        paid=Money(int(table.total[number]) - not_sent, currency),
        not_sent=Money(not_sent, currency),
        origins={
            one.parcel: origin_of(house, places.sent_from(house, one.parcel))
            for one in delivery.parcels_of(house.delivery, number)
        },
        goes_whole=_goes_whole(house, number),
        **{
            name: int(getattr(table, name)[number])
            for name in ("placed_at", "canceled_at", "fulfilled_at", "received_at", "completed_at")
        },
    )


def _line(house: House, row: int, seller: SellerId, name: str, currency: str, added: int) -> Line:
    lines = house.orders.lines
    listing = ListingId(int(lines.listing[row]))
    offer = catalog.listing_of(house.catalog, listing)
    page = catalog.product_of(house.catalog, offer.product)
    quantity, price, shipping = int(lines.quantity[row]), int(lines.unit_price[row]), int(lines.shipping[row]) - added
    return Line(
        listing, page.product, page.title, offer.option, page.category, page.revision, seller, name, quantity,
        Money(price, currency), Money(shipping, currency), Money(price * quantity + shipping, currency), 0,
        is_live=True, sent_from=origin_of(house, int(lines.location[row])),
    )  # fmt: skip


def _paid_in(house: House, number: OrderId, currency: str) -> PaidIn | None:
    paid = house.exchange.orders.get(number)
    if paid is None:
        return None
    other = alphabetic(house.exchange.quotes[paid.quote].unit)
    return PaidIn(Money(paid.paid, other), Money(paid.spread, currency), Money(paid.paid_back, other))


async def addresses(caravan: Caravan, buyer: BuyerId) -> list[Destination]:
    """Open a buyer's addresses, the newest first."""
    sealed = await ask(caravan, _addresses, buyer)
    opened = [(address, await run_in_threadpool(access.place_of, caravan, address)) for address in sealed]
    return [Destination(address.address, place) for address, place in opened if place is not None]


def _addresses(house: House, buyer: BuyerId) -> list[identity.Address]:
    numbers = identity.buyer_of(house.identity, buyer).addresses
    return [identity.address_of(house.identity, number) for number in reversed(numbers)]


async def destination(caravan: Caravan, address: AddressId) -> access.Place | None:
    """Open the address of an order; None when it has none, or its buyer was forgotten."""
    if not address:
        return None
    sealed = await ask(caravan, lambda house: identity.address_of(house.identity, address))
    return await run_in_threadpool(access.place_of, caravan, sealed)


async def statement(caravan: Caravan, kind: ledger.Kind, owner: int, *, after: str) -> tuple[list[Row], str]:
    """Give a page of a statement, the newest first, and the cursor of the next."""
    last = int(after) if after.isdecimal() and len(after) < 19 else 2**62  # noqa: PLR2004 - Fits 64 bits.
    rows = await page(
        caravan,
        "SELECT entry, unit, amount, reason, reference, at FROM statements"
        " WHERE kind = ? AND owner = ? AND entry < ? AND amount != 0 ORDER BY entry DESC, leg LIMIT ?",
        (int(kind), owner, last, ROWS + 1),
    )
    shown = rows[:ROWS]
    return [_row(*row[1:]) for row in shown], str(shown[-1][0]) if len(rows) > ROWS else ""


def _row(unit: int, amount: int, reason: int, reference: int, at: int) -> Row:
    kind = ledger.Reason(reason)
    return Row(
        REASONS.get(kind, kind.name.capitalize()),
        OrderId(reference if kind in _OF_ORDER else 0),
        reference if kind == ledger.Reason.PAID_OUT else 0,
        Money(amount, alphabetic(unit)),
        at,
        reference if kind == ledger.Reason.TRANSFERRED else 0,
    )


def rows_before(after: str) -> int:
    """Read the cursor of a list by falling numbers."""
    return int(after) if after.isdecimal() and len(after) < 19 else 2**62  # noqa: PLR2004 - Fits 64 bits.
