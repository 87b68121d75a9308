"""The whole demo market, drawn from one seed: who is there, what is offered, and what has happened so far."""

from dataclasses import dataclass

from caravan.adapters.demo.buyers import Buyer, invite
from caravan.adapters.demo.dice import Dice
from caravan.adapters.demo.listings import Listing, offer
from caravan.adapters.demo.orders import Order, place_orders
from caravan.adapters.demo.parcels import Parcel, Return, send, take_back
from caravan.adapters.demo.products import Product
from caravan.kernel.clock import DAY, MINUTE

BUYERS, ORDERS = 900, 2_400
_CAME_TO_BUY_PART = 0.45
_VISIT_MINUTES, _EARLIER_DAYS, _APPLIED_DAYS = (3, 40), (1, 200), (3, 30)


@dataclass(frozen=True)
class Market:
    """Everything that the tables are written from."""

    products: list[Product]
    listings: list[Listing]
    buyers: list[Buyer]
    orders: list[Order]
    parcels: list[Parcel]
    returns: list[Return]
    applied_at: dict[int, int]  # by place in SELLERS
    registered_at: dict[int, int]  # by place among the buyers


def open_market(seed: int, products: list[Product], *, ends_at: int) -> Market:
    """Open the market with these products and let it run until the end."""
    listings = offer(Dice(seed, stream=2), products, ends_at=ends_at)
    buyers = invite(Dice(seed, stream=3), number=BUYERS)
    orders = place_orders(Dice(seed, stream=4), buyers, listings, number=ORDERS, ends_at=ends_at)
    dice = Dice(seed, stream=5)
    parcels = send(dice, orders, ends_at=ends_at)
    return Market(
        products=products,
        listings=listings,
        buyers=buyers,
        orders=orders,
        parcels=parcels,
        returns=take_back(dice, orders, parcels, ends_at=ends_at),
        applied_at=_applied(dice, listings),
        registered_at=_registered(dice, buyers, orders, ends_at=ends_at),
    )


def _applied(dice: Dice, listings: list[Listing]) -> dict[int, int]:
    """Let every seller apply some days before it lists anything."""
    first = {listing.seller: listing.listed_at for listing in reversed(listings)}
    return {place: listed_at - int(dice.between(*_APPLIED_DAYS) * DAY) for place, listed_at in sorted(first.items())}


def _registered(dice: Dice, buyers: list[Buyer], orders: list[Order], *, ends_at: int) -> dict[int, int]:
    """Let every buyer register before the first order, if there was one: minutes before, or long before."""
    first = {order.buyer.place: order.placed_at for order in reversed(orders)}
    registered = {}
    for buyer in buyers:
        before = first.get(buyer.place, ends_at)
        visit = dice.between(*_VISIT_MINUTES) * MINUTE
        earlier = dice.between(*_EARLIER_DAYS) * DAY
        registered[buyer.place] = before - int(visit if dice.chance(_CAME_TO_BUY_PART) else earlier)
    return registered
