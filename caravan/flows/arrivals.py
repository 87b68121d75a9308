"""Arrivals: what a history brings goes through the flows of live traffic, in one decision each, and only once.

What is there already, by its reference in the source, is passed over, so that all of it can be done again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.cell import Decision, Section
from caravan.flows import checkout, fulfillment, returns, selling, settlement
from caravan.flows.baskets import Baskets, select
from caravan.flows.house import House, fold, integers
from caravan.flows.judgment import Verdict, judge
from caravan.kernel.clock import Instant
from caravan.kernel.ids import ListingId, OrderId, SellerId
from caravan.trade.delivery import ParcelStatus
from caravan.world import partners


def admit_seller(house: House, application: partners.Application, *, now: Instant) -> Decision:
    """Let a seller in who was in already elsewhere: they apply and are approved at once."""
    if application.reference in house.partners.references:
        return Decision()
    applied = selling.apply_to_sell(house, [application], now=now)
    facts = fold(house, applied.facts)
    sellers: list[SellerId] = applied.answer()  # type: ignore[assignment]
    approved = selling.approve_sellers(house, sellers, now=now)
    return Decision([*facts, *approved.facts], applied.answer)


class Stocked(NamedTuple):
    """Offers of one seller each, and the units that come with their listings."""

    offers: selling.Offers
    on_hand: Sequence[Sequence[int]]


def bring_offers(house: House, stocked: Stocked, *, now: Instant) -> Decision:
    """Put products on offer and take their units in, in one; those whose listing is known already are passed over."""
    sellers, offers, on_hand = [], [], []
    for seller, offer, units in zip(stocked.offers.sellers, stocked.offers.offers, stocked.on_hand, strict=True):
        fresh = [
            place
            for place, (_, terms) in enumerate(offer.options)
            if (seller, terms.reference) not in house.catalog.references
        ]
        if fresh:
            sellers.append(seller)
            offers.append(msgspec.structs.replace(offer, options=tuple(offer.options[place] for place in fresh)))
            on_hand += [units[place] for place in fresh]
    if not offers:
        return Decision()
    offered = selling.offer_products(house, selling.Offers(sellers, offers), now=now)
    facts = fold(house, offered.facts)
    made: list[selling.Offered] = offered.answer()  # type: ignore[assignment]
    listings, quantities = integers([number for one in made for number in one.listings]), integers(on_hand)
    has_units = quantities > 0
    if has_units.any():
        receipt = selling.Receipt(listings[has_units], quantities[has_units], np.full(has_units.sum(), now))
        facts += fold(house, selling.receive_stock(house, [receipt], now=now).facts)
    return Decision(facts)


@dataclass(frozen=True)
class Arrivals:
    """A day's purchases, with the money and the units that their past brings along; row i is one purchase."""

    baskets: Baskets
    paid: np.ndarray
    methods: Sequence[str]
    references: Sequence[str]


def bring_purchases(house: House, arrivals: Arrivals, *, now: Instant) -> Decision:
    """Fill wallets, receive units and place purchases in one decision; those placed before are passed over.

    The answer is a Placement whose purchases are those of the marks, placed now or before. What a buyer paid beyond
    the total, or short of it, waits in suspense for somebody to look.
    """
    baskets = arrivals.baskets
    verdicts = judge(house, baskets)
    fresh = np.flatnonzero(verdicts == 0)
    facts: list[Section] = []
    if len(fresh):
        chosen = select(baskets, fresh)
        paid = arrivals.paid[fresh]
        top_ups = settlement.TopUps(
            at=chosen.at, buyers=chosen.buyers, units=chosen.units, amounts=paid, suspense=paid - chosen.expected,
            methods=[arrivals.methods[row] for row in fresh.tolist()],
            references=[arrivals.references[row] for row in fresh.tolist()],
        )  # fmt: skip
        receipt = selling.Receipt(chosen.listings, chosen.quantities, chosen.at[chosen.rows])
        facts += fold(house, settlement.top_up(house, [top_ups], now=now).facts)
        facts += fold(house, selling.receive_stock(house, [receipt], now=now).facts)
        placed = checkout.place_baskets(house, [chosen], now=now)
        facts += fold(house, placed.facts)
        placement: checkout.Placement = placed.answers[0]()  # type: ignore[assignment,operator]
        verdicts[fresh] = placement.verdicts
    verdicts[verdicts == Verdict.ALREADY_PLACED] = 0
    purchases = house.orders.find_marks(baskets.marks_high, baskets.marks_low)
    return Decision(facts, lambda: checkout.Placement(purchases, verdicts))


@dataclass(frozen=True)
class Deed:
    """Something that was done to orders that came in by marks, in columns; int64 [n]. Seller 0 is all of a purchase's."""

    at: np.ndarray
    marks_high: np.ndarray
    marks_low: np.ndarray
    sellers: np.ndarray
    promised_at: np.ndarray

    def orders(self, house: House) -> np.ndarray:
        """Give the order that each row is about, 0 where none was placed."""
        table = house.orders
        purchases = table.find_marks(self.marks_high, self.marks_low)
        first, count = table.purchases.first_order[purchases], table.purchases.orders[purchases]
        found = np.zeros(len(purchases), np.int64)
        for place in range(int(count.max(initial=0))):
            candidate = np.where(place < count, first + place, 0)
            is_it = (candidate > 0) & ((table.orders.seller[candidate] == self.sellers) | (self.sellers == 0))
            found = np.where(is_it & (found == 0), candidate, found)
        return found


def bring_handovers(house: House, deed: Deed, *, now: Instant) -> Decision:
    """Hand orders over that are still open."""
    found = deed.orders(house)
    table = house.orders.orders
    chosen = np.flatnonzero((found > 0) & (table.fulfilled_at[found] == 0) & (table.canceled_at[found] == 0))
    if not len(chosen):
        return Decision()
    nothing = [""] * len(chosen)
    request = fulfillment.Handover(
        at=deed.at[chosen], orders=found[chosen], sellers=np.zeros(len(chosen), np.int64),
        promised_at=deed.promised_at[chosen], carriers=nothing, trackings=nothing,
    )  # fmt: skip
    return Decision(fulfillment.hand_over(house, [request], now=now).facts)


def bring_deliveries(house: House, deed: Deed, *, now: Instant) -> Decision:
    """Let parcels arrive that are still on their way."""
    found = deed.orders(house)
    parcels = integers([(house.delivery.by_order.get(order) or [0])[0] for order in found.tolist()])
    chosen = np.flatnonzero((parcels > 0) & (house.delivery.parcels.delivered_at[parcels] == 0))
    if not len(chosen):
        return Decision()
    request = fulfillment.Scans(
        at=deed.at[chosen], parcels=parcels[chosen], sellers=np.zeros(len(chosen), np.int64),
        statuses=np.full(len(chosen), int(ParcelStatus.DELIVERED)),
    )  # fmt: skip
    return Decision(fulfillment.scan_parcels(house, [request], now=now).facts)


def bring_cancellations(house: House, deed: Deed, *, now: Instant) -> Decision:
    """Call off all orders of purchases that were called off."""
    purchases = house.orders.find_marks(deed.marks_high, deed.marks_low)
    counts = house.orders.purchases.orders[purchases]
    rows = np.repeat(np.arange(len(purchases)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    found = house.orders.purchases.first_order[purchases][rows] + within
    table = house.orders.orders
    chosen = np.flatnonzero((found > 0) & (table.fulfilled_at[found] == 0) & (table.canceled_at[found] == 0))
    if not len(chosen):
        return Decision()
    nobody = np.zeros(len(chosen), np.int64)
    request = fulfillment.Cancellation(at=deed.at[rows][chosen], orders=found[chosen], sellers=nobody, buyers=nobody)
    return Decision(fulfillment.cancel_orders(house, [request], now=now).facts)


def bring_rulings(house: House, deed: Deed, *, now: Instant) -> Decision:
    """Let money go out for orders of which no delivery is known, as the operator ruled."""
    found = deed.orders(house)
    money = house.payments.money
    chosen = np.flatnonzero((found > 0) & (money.due_at[found] == 0) & (money.captured[found] > 0))
    if len(chosen) < 2:  # noqa: PLR2004
        chosen = chosen[money.released_at[found[chosen]] == 0]
    if not len(chosen):
        return Decision()
    return settlement.rule_settled(house, settlement.Ruling(deed.at[chosen], found[chosen]), now=now)


class Homecoming(NamedTuple):
    """Units of a listing in an order came back; `until_now` counts them with all that came back of it before."""

    high: int
    low: int
    listing: ListingId
    quantity: int
    refund_minor: int
    until_now: int


def bring_return(house: House, back: Homecoming, *, now: Instant) -> Decision:
    """Take units back that have not come back before; give whether they are back."""
    purchase = int(house.orders.find_marks(integers(back.high), integers(back.low))[0])
    first, count = house.orders.purchases.first_order[purchase], house.orders.purchases.orders[purchase]
    table, lines = house.orders.orders, house.orders.lines
    numbers = house.orders.lines_of(np.arange(first, first + count)).values
    numbers = numbers[lines.listing[numbers] == back.listing]
    if not purchase or not len(numbers):
        return Decision((), lambda: False)
    if lines.returned[numbers].sum() >= back.until_now:
        return Decision((), lambda: True)
    # A listing sold at two prices stands in two lines: the one whose price is nearest above the refund is meant.
    has_left = lines.quantity[numbers] - lines.returned[numbers] >= back.quantity
    above = lines.unit_price[numbers] * back.quantity - back.refund_minor
    chosen = int(numbers[np.lexsort((above, above < 0, ~has_left))[0]])
    order = OrderId(int(lines.order[chosen]))
    line = chosen - int(table.first_line[order])
    wanted = returns.Return(SellerId(0), order, line, back.quantity, back.refund_minor)
    return Decision(returns.accept_return(house, wanted, now=now).facts, lambda: True)
