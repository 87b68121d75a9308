"""The parcels of the demo and what came back: as far as both are known when its days end."""

import math
from dataclasses import dataclass

from caravan.adapters.demo.countries import BY_CODE, Country
from caravan.adapters.demo.days import end_of_day, working_hour
from caravan.adapters.demo.dice import Dice
from caravan.adapters.demo.orders import Line, Order
from caravan.adapters.demo.sellers import SELLERS
from caravan.kernel.clock import DAY

_PACKED_DAYS = (0.3, 3.0)
# The fewest and the most days on the road: within a country, within Europe, and across an ocean.
_INLAND, _EUROPE, _FAR = (1, 3), (2, 6), (4, 12)
_WORKING_DAY = 0.75  # Moving a time into working hours may add so much.
_HELD_UP_PART, _HELD_UP_DAYS = 0.075, (1.5, 5.0)
# What is promised is what mostly holds, not what may go wrong.
_PROMISED_PACKING, _PROMISED_ROAD = 1.4, 0.65
_RETURNED_PART, _RETURN_DAYS = 0.037, (1.0, 12.0)


@dataclass(frozen=True)
class Parcel:
    """All that one seller sent for one order."""

    order: int  # the place among the orders
    seller: int
    handed_over_at: int
    promised_at: int
    delivered_at: int | None


@dataclass(frozen=True)
class Return:
    """Something that came back."""

    order: int
    line: Line
    quantity: int
    returned_at: int


def send(dice: Dice, orders: list[Order], *, ends_at: int) -> list[Parcel]:
    """Send what was ordered; leave out what happens only after the end."""
    parcels = [
        _parcel(dice, place, order, seller, ends_at)
        for place, order in enumerate(orders)
        if order.canceled_at is None
        for seller in order.sellers
    ]
    known = [parcel for parcel in parcels if parcel.handed_over_at <= ends_at]
    return sorted(known, key=lambda parcel: parcel.handed_over_at)


def take_back(dice: Dice, orders: list[Order], parcels: list[Parcel], *, ends_at: int) -> list[Return]:
    """Let some buyers send back one line of what was delivered, once an order."""
    returns: dict[int, Return] = {}
    for parcel in parcels:
        if parcel.delivered_at is None or not dice.chance(_RETURNED_PART):
            continue
        order = orders[parcel.order]
        line = dice.pick([line for line in order.lines if line.listing.seller == parcel.seller])
        wished = parcel.delivered_at + int(dice.between(*_RETURN_DAYS) * DAY)
        at = working_hour(dice, wished, order.buyer.country, earliest=parcel.delivered_at + DAY)
        if at <= ends_at:
            returns.setdefault(parcel.order, Return(parcel.order, line, 1 + dice.below(line.quantity), at))
    return sorted(returns.values(), key=lambda back: back.returned_at)


def _parcel(dice: Dice, place: int, order: Order, seller_place: int, ends_at: int) -> Parcel:
    seller, there = SELLERS[seller_place], order.buyer.country
    here = BY_CODE[seller.country]
    low, high = _lane(here, there)
    packed = min(max(seller.packs_days * math.exp(0.35 * dice.bell()), _PACKED_DAYS[0]), _PACKED_DAYS[1])
    earliest = order.placed_at + int(_PACKED_DAYS[0] * DAY)
    handed_over_at = working_hour(dice, order.placed_at + int(packed * DAY), here, earliest=earliest)
    road = low + (high - low - _WORKING_DAY) * (dice.fraction() + dice.fraction()) / 2
    if dice.chance(_HELD_UP_PART):
        road += dice.between(*_HELD_UP_DAYS)
    delivered_at = working_hour(dice, handed_over_at + int(road * DAY), there, earliest=handed_over_at + low * DAY)
    promised_days = seller.packs_days * _PROMISED_PACKING + low + (high - low) * _PROMISED_ROAD
    return Parcel(
        order=place,
        seller=seller_place,
        handed_over_at=handed_over_at,
        promised_at=end_of_day(order.placed_at + int(promised_days * DAY), there),
        delivered_at=delivered_at if delivered_at <= ends_at else None,
    )


def _lane(here: Country, there: Country) -> tuple[int, int]:
    if here == there:
        return _INLAND
    return _EUROPE if here.is_european and there.is_european else _FAR
