"""The orders of the demo: who bought what on which day, and how it was paid."""

from dataclasses import dataclass

from caravan.adapters.demo.buyers import Buyer
from caravan.adapters.demo.countries import COUNTRIES
from caravan.adapters.demo.days import Calendar
from caravan.adapters.demo.dice import Dice
from caravan.adapters.demo.listings import Listing
from caravan.adapters.demo.lottery import Lottery
from caravan.adapters.demo.sellers import SELLERS
from caravan.kernel.clock import HOUR, MINUTE

_LINES = Lottery((1, 2, 3, 4), (54, 28, 12, 6))
_METHODS = Lottery(("card", "wallet", "transfer"), (62, 27, 11))
_QUANTITIES = Lottery((1, 2, 3, 4), (80, 14, 4, 2))
_MIXED_PART = 0.5  # of the orders with more than one line: over several sellers
_CANCELED_PART = 0.03
_DEAR_MINOR = 5_000  # From here on one is enough.
_NEAR_PART, _TASTE_PART = 0.35, 0.4
_PICKS_MAX = 400


@dataclass(frozen=True)
class Line:
    """So many of one listing."""

    listing: Listing
    quantity: int

    @property
    def shipping_minor(self) -> int:
        """What sending all of them costs."""
        return self.listing.shipping_minor * self.quantity

    @property
    def total_minor(self) -> int:
        """What the buyer pays for the line."""
        return self.listing.price_minor * self.quantity + self.shipping_minor


@dataclass(frozen=True)
class Order:
    """One purchase of one buyer."""

    buyer: Buyer
    placed_at: int
    method: str
    canceled_at: int | None
    lines: tuple[Line, ...]

    @property
    def sellers(self) -> tuple[int, ...]:
        """The places of its sellers, each once."""
        return tuple(dict.fromkeys(line.listing.seller for line in self.lines))


def place_orders(dice: Dice, buyers: list[Buyer], listings: list[Listing], *, number: int, ends_at: int) -> list[Order]:
    """Let the buyers place so many orders over the sixty days, in the order of time."""
    shelves = _Shelves(listings)
    calendars = {country.code: Calendar(country, ends_at=ends_at) for country in COUNTRIES}
    crowd = Lottery(buyers, [buyer.activity for buyer in buyers])
    orders = []
    for _ in range(number):
        buyer = crowd.draw(dice)
        placed_at = calendars[buyer.country.code].moment(dice)
        orders.append(_order(dice, buyer, shelves, placed_at, ends_at))
    return sorted(orders, key=lambda order: order.placed_at)


class _Shelves:
    """The listings, popular ones in front, sorted in the ways in which people look for them."""

    def __init__(self, listings: list[Listing]) -> None:
        groups: dict[str | int, list[Listing]] = {"": listings}
        for listing in listings:
            for key in (listing.top_category, SELLERS[listing.seller].country, listing.seller):
                groups.setdefault(key, []).append(listing)
        self._groups = {key: Lottery(group, [listing.popularity for listing in group]) for key, group in groups.items()}

    def pick(self, dice: Dice, buyer: Buyer, *, before: int) -> Listing:
        """Find something that was listed by then: near home, to the buyer's taste, or what everybody buys."""
        for _ in range(_PICKS_MAX):
            roll, key = dice.fraction(), ""
            if roll < _NEAR_PART:
                key = buyer.country.code
            elif roll < _NEAR_PART + _TASTE_PART:
                key = dice.pick(buyer.tastes)
            listing = self._groups[key].draw(dice)
            if listing.listed_at < before:
                return listing
        raise AssertionError(before)

    def pick_from(self, dice: Dice, seller: int) -> Listing:
        """Find something else at the same seller."""
        return self._groups[seller].draw(dice)


def _order(dice: Dice, buyer: Buyer, shelves: _Shelves, placed_at: int, ends_at: int) -> Order:
    chosen = [shelves.pick(dice, buyer, before=placed_at)]
    is_mixed = dice.chance(_MIXED_PART)
    for _ in range(_LINES.draw(dice) - 1):
        more = shelves.pick(dice, buyer, before=placed_at) if is_mixed else shelves.pick_from(dice, chosen[0].seller)
        if more.listed_at < placed_at and more not in chosen:
            chosen.append(more)
    canceled_at = placed_at + int(dice.between(10 * MINUTE, 6 * HOUR))
    is_canceled = dice.chance(_CANCELED_PART) and canceled_at <= ends_at
    return Order(
        buyer=buyer,
        placed_at=placed_at,
        method=_METHODS.draw(dice),
        canceled_at=canceled_at if is_canceled else None,
        lines=tuple(Line(listing, _quantity(dice, listing)) for listing in chosen),
    )


def _quantity(dice: Dice, listing: Listing) -> int:
    return 1 if listing.price_minor >= _DEAR_MINOR else _QUANTITIES.draw(dice)
