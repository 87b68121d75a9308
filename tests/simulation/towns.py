"""What sellers do with locations by the throw of dice: open and close them, bring, move and count stock."""

import random
from collections.abc import Callable

import numpy as np

from caravan.flows import locations, parcels
from caravan.kernel.ids import ListingId, LocationId, MoveId, OrderId, SellerId
from caravan.trade import orders
from caravan.trade.catalog import ListingStatus
from caravan.trade.ledger import Kind
from caravan.world import partners
from tests.flows.market import Market

_COUNTRIES = ["PT", "FR", "ES"]


class Towns:
    """Steps about locations; whatever is refused is refused."""

    def __init__(self, market: Market, dice: random.Random) -> None:
        self.market, self.dice = market, dice

    def weights(self) -> dict[Callable[[], object], int]:
        """Give the steps, and how often each is taken."""
        return {
            self.open_location: 3, self.describe: 3, self.close: 2, self.reopen: 1, self.bring: 16, self.send: 12,
            self.arrive: 7, self.turn_back: 2, self.count: 4, self.pack_by_place: 9, self.buy_across: 8, self.open_many: 1,
        }  # fmt: skip

    def begin(self) -> None:
        """Give the first seller a second location, so that there is one from the start."""
        self._open(SellerId(1), "Lyon")

    def _open(self, seller: SellerId, name: str) -> None:
        draft = partners.LocationDraft(name=name, country=self.dice.choice(_COUNTRIES))
        self.market.do(locations.open_location, locations.NewLocation(seller, draft, "dice"))

    def _seller(self) -> SellerId:
        return SellerId(self.dice.choice([1, 1, 1, 1, 2]))

    def _place(self, seller: SellerId, *, is_open: bool = True) -> LocationId:
        """Choose a location of a seller, mostly one in this state; rarely another's."""
        known = self.market.house.partners
        found = [number for number in known.sellers[seller].locations if known.locations[number].is_open == is_open]
        if not found or self.dice.random() < 0.04:
            return LocationId(self.dice.randrange(1, len(known.locations) + 1))
        return self.dice.choice(found)

    def _listing(self, seller: SellerId) -> ListingId:
        mine = np.flatnonzero(self.market.house.catalog.listings.seller == seller)
        return ListingId(int(self.dice.choice(mine.tolist())))

    def open_location(self) -> None:
        known = self.market.house.partners.locations
        self._open(self._seller(), self.dice.choice(["Lyon", f"Place {len(known)}", f"Place {len(known)}"]))

    def open_many(self) -> None:
        """Open locations until there are too many."""
        for number in range(60):
            self._open(SellerId(2), f"Depot {len(self.market.house.partners.locations)} {number}")

    def describe(self) -> None:
        seller = self._seller()
        place = self._place(seller)
        draft = partners.LocationDraft(
            name=f"Place {place}", country=self.dice.choice(_COUNTRIES), priority=self.dice.randint(0, 2),
            serves=tuple(self.dice.sample(_COUNTRIES, self.dice.randint(0, 2))), takes_returns=self.dice.random() < 0.3,
            handling_days=self.dice.randint(0, 2),
        )  # fmt: skip
        revision = self.dice.choice([None, None, 1])
        self.market.do(locations.describe_location, locations.Changed(seller, place, draft, "dice", revision))

    def close(self) -> None:
        """Close a location, mostly after its free stock was moved away; or the only one that a seller has."""
        if self.dice.random() < 0.3:
            home = self.market.home(SellerId(3))
            self.market.do(locations.close_location, locations.Named(SellerId(3), home))
        seller = self._seller()
        place, other = self._place(seller), self._place(seller)
        if self.dice.random() < 0.7:
            self._move_all(seller, place, other)
        self.market.do(locations.close_location, locations.Named(seller, place))

    def _move_all(self, seller: SellerId, source: LocationId, target: LocationId) -> None:
        table, accounts = self.market.house.catalog.listings, self.market.house.ledger.accounts
        free = {
            int(accounts.unit[one]): int(accounts.posted[one] - accounts.held[one])
            for one in np.flatnonzero((accounts.kind == Kind.AVAILABLE) & (accounts.owner == source))
        }
        lines = {int(table.sku[one]): one for one in np.flatnonzero(table.seller == seller).tolist()}
        wanted = tuple((ListingId(lines[sku]), units) for sku, units in sorted(free.items()) if units and sku in lines)
        self.market.do(
            locations.send_stock, locations.Sending(seller, source, target, wanted, "", "dice", arrives=True)
        )

    def reopen(self) -> None:
        seller = self._seller()
        self.market.do(locations.reopen_location, locations.Named(seller, self._place(seller, is_open=False)))

    def bring(self) -> None:
        seller = self._seller()
        listing, place, quantity = self._listing(seller), self._place(seller), self.dice.choice([1, 2, 5, 9, -1])
        self.market.stock_at(listing, place, quantity)

    def send(self) -> None:
        """Move what one place has to another, now and then more than that or to nowhere."""
        house, seller = self.market.house, self._seller()
        source, target = self._place(seller), self._place(seller)
        mine = np.flatnonzero(house.catalog.listings.seller == seller).tolist()
        here = [one for one in mine if self.market.lying(ListingId(one)).get(source, 0)]
        listing = ListingId(self.dice.choice(here)) if here and self.dice.random() < 0.9 else self._listing(seller)
        lines = ((listing, self.dice.choice([1, 1, 2, 3])),)
        self.market.do(
            locations.send_stock, locations.Sending(seller, source, target, lines, "dice", "dice", arrives=False)
        )

    def _move(self) -> MoveId:
        known = self.market.house.moves
        under_way = sorted(known.under_way)
        is_any = under_way and self.dice.random() < 0.9
        return MoveId(self.dice.choice(under_way) if is_any else self.dice.randint(1, len(known.moves) + 1))

    def arrive(self) -> None:
        number, known = self._move(), self.market.house.moves.moves
        sent = known[number - 1].quantities if number <= len(known) else []
        got = tuple(self.dice.randint(0, units) for units in sent) if self.dice.random() < 0.3 else None
        self.market.do(locations.receive_move, locations.Arrival(SellerId(0), number, "dice", got))

    def turn_back(self) -> None:
        self.market.do(locations.turn_back, locations.TurningBack(SellerId(0), self._move(), "dice"))

    def count(self) -> None:
        seller = self._seller()
        counts = tuple(
            locations.Count(self._listing(seller), self._place(seller), self.dice.randint(0, 12)) for _ in range(2)
        )
        self.market.do(locations.set_stock, locations.Counting(seller, counts))

    def buy_across(self) -> None:
        """Buy more than the fullest place has, where another has some, too."""
        house = self.market.house
        live = np.flatnonzero(house.catalog.listings.status == ListingStatus.LIVE).tolist()
        lying = {one: [units for units in self.market.lying(ListingId(one)).values() if units] for one in live}
        spread = [one for one, units in lying.items() if len(units) > 1]
        if spread:
            listing = ListingId(self.dice.choice(spread))
            buyer = self.dice.randrange(1, len(house.identity.buyers))
            self.market.top_up(buyer, 1_000_000)
            self.market.buy(buyer, (listing, self.dice.randint(max(lying[listing]) + 1, sum(lying[listing]))))

    def pack_by_place(self) -> None:
        """Pack and send what one location has of an order."""
        house = self.market.house
        open_ones = np.flatnonzero((house.orders.orders.canceled_at == 0) & (house.orders.orders.fulfilled_at == 0))[1:]
        if len(open_ones):
            self._send_from_one_place(OrderId(int(self.dice.choice(open_ones.tolist()))))

    def _send_from_one_place(self, order: OrderId) -> None:
        house = self.market.house
        rows, left = orders.lines_of(house.orders, order), parcels.waiting(house, order)
        places = [int(house.orders.lines.location[row]) for row in rows]
        first = next((place for place, units in zip(places, left, strict=True) if units), 0)
        contents = {
            line: units
            for line, (place, units) in enumerate(zip(places, left, strict=True))
            if units and place == first
        }
        made = self.market.do(parcels.pack_parcel, parcels.Packing(order, SellerId(0), contents))
        self.market.do(parcels.send_parcel, parcels.Sending(made, SellerId(0), "CTT", ""))  # type: ignore[arg-type]

    def split_orders(self) -> int:
        """Count the orders that are sent from several locations."""
        lines = self.market.house.orders.lines
        pairs = {(int(order), int(place)) for order, place in zip(lines.order[1:], lines.location[1:], strict=True)}
        return len(pairs) - len({order for order, _ in pairs})

    def finish(self) -> None:
        """Let every move arrive, and send what lies in several places parcel by parcel."""
        house = self.market.house
        for number in sorted(house.moves.under_way):
            self.market.do(locations.receive_move, locations.Arrival(SellerId(0), MoveId(number), "dice"))
        table = house.orders.orders
        for order in np.flatnonzero((table.canceled_at == 0) & (table.fulfilled_at == 0))[1:].tolist():
            spread = {int(house.orders.lines.location[row]) for row in orders.lines_of(house.orders, OrderId(order))}
            while len(spread) > 1 and any(parcels.waiting(house, OrderId(order))):
                self._send_from_one_place(OrderId(order))
        assert not any(house.ledger.accounts.posted[house.ledger.accounts.kind == Kind.MOVING]), "All has arrived."


def conserved(market: Market) -> str:
    """Say what of conservation does not hold: each unit that came in is in exactly one place; "" where all does."""
    accounts = market.house.ledger.accounts
    for sku in np.unique(accounts.unit[accounts.kind >= Kind.SUPPLIED]).tolist():
        of = (accounts.unit == sku) & (accounts.kind > Kind.SUPPLIED)
        came_in = -int(accounts.posted[(accounts.unit == sku) & (accounts.kind == Kind.SUPPLIED)].sum())
        if (accounts.posted[of] < 0).any() or int(accounts.posted[of].sum()) != came_in:
            return f"SKU {sku}: {came_in} units came in, {accounts.posted[of].tolist()} are somewhere."
        if (accounts.posted[of] < accounts.held[of]).any():
            return f"SKU {sku} is held by more than there is."
    return ""
