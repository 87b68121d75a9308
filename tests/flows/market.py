"""A market to try things in: a cell on a log in memory, a clock that is moved by hand, and words for what people do."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from caravan.adapters.memory import MemoryLog
from caravan.bootstrap import KINDS
from caravan.cell import Batch, Cell, Decision, Snapshots, digest, replay
from caravan.cell.idempotency import Answers
from caravan.flows import (
    checkout,
    fulfillment,
    invariants,
    locations,
    opening,
    people,
    places,
    returns,
    selling,
    settlement,
    shopping,
)
from caravan.flows.house import House, integers
from caravan.kernel.clock import DAY, FixedClock
from caravan.kernel.errors import CaravanError
from caravan.kernel.ids import (
    AddressId,
    BuyerId,
    CartId,
    ListingId,
    LocationId,
    MoveId,
    OrderId,
    PurchaseId,
    SellerId,
    SessionId,
)
from caravan.trade import catalog, ledger, orders
from caravan.trade.delivery import ParcelStatus
from caravan.world import markets, partners

EUR = 978


class Market:
    """A running cell and short ways to tell it things. Everything goes through the flows, nothing past them."""

    def __init__(
        self, *, log: MemoryLog | None = None, clock: FixedClock | None = None, snapshots: Snapshots | None = None
    ) -> None:
        self.log = log or MemoryLog()
        self.clock = clock or FixedClock()
        self.snapshots = snapshots
        self.failures: list[BaseException] = []
        self.start()

    def start(self) -> None:
        """Start the process: a new house, folded from the log."""
        self.house = House()
        self.cell = Cell(
            house=self.house,
            models=self.house.models(),
            log=self.log,
            kinds=KINDS,
            clock=self.clock,
            snapshots=self.snapshots,
            on_failure=self.failures.append,
        )

    def restart(self) -> None:
        """Stop the process and start it again over the same log."""
        self.cell.close()
        self.start()

    def close(self) -> None:
        """Stop the process."""
        self.cell.close()

    # To tell and to ask.

    def do(self, flow: Callable[..., Decision], argument: object = None) -> object:
        """Decide one command; give its answer or raise its refusal."""
        answer: object = self.cell.do(flow, argument)
        return answer

    def many(self, flow: Callable[..., Batch], *arguments: object) -> list[object]:
        """Decide several commands together, as they would be had they arrived at once; give answers and refusals."""

        def together(house: House, requests: Sequence[object], *, now: int) -> Decision:
            batch = flow(house, requests, now=now)
            return Decision(
                batch.facts, lambda: [one if isinstance(one, CaravanError) else one() for one in batch.answers]
            )

        answers: list[object] = self.cell.do(together, arguments)
        return answers

    def one(self, flow: Callable[..., Batch], argument: object) -> object:
        """Decide one command of a flow that takes many; give its answer or raise its refusal."""
        answer: object = self.cell.do_many(flow, argument)
        return answer

    def findings(self) -> list[str]:
        """Give a sentence for each invariant that does not hold."""
        return list(invariants.findings(self.house))

    def replayed(self) -> str:
        """Fold the log from nothing and give the digest of that."""
        models = [*House().models(), Answers()]
        replay(log=self.log, models=models, kinds=KINDS, snapshots=None)
        return digest(models)

    # The operator.

    def open(
        self,
        *,
        policy: markets.Policy | None = None,
        fee_rules: tuple[markets.FeeRule, ...] = (markets.FeeRule(basis_points=1_000),),
        fee_tax_basis_points: int = 2_000,
    ) -> None:
        """Open a market in euro that takes ten percent, and two on it as tax."""
        self.do(
            opening.open_market,
            opening.Opening(
                name="Bazaar",
                currency="EUR",
                policy=policy or markets.Policy(),
                fee_rules=fee_rules,
                fee_tax_basis_points=fee_tax_basis_points,
            ),
        )

    def days_pass(self, days: float) -> None:
        """Move the clock, and do nothing else."""
        self.clock.advance(int(days * DAY))

    def settle(self) -> tuple[object, object]:
        """Release what is due and pay out what is due; give how many orders and which payouts."""
        return self.do(settlement.release_due), self.do(settlement.pay_out_due)

    # Sellers.

    def seller(self, name: str = "Ana") -> SellerId:
        """Let a seller in."""
        application = partners.Application(name=name, country="PT")
        sellers = self.do(selling.apply_to_sell, [application])
        assert isinstance(sellers, list)
        self.do(selling.approve_sellers, sellers)
        return SellerId(sellers[0])

    def listing(
        self, seller: int, *, price: int = 10_000, shipping: int = 0, stock: int = 10, category: str = "Other"
    ) -> ListingId:
        """Put a product of one option on offer, with units on the shelf."""
        offer = selling.Offer(
            page=catalog.ProductDraft(title="Mug", category=category),
            options=(("", catalog.ListingDraft(price_minor=price, currency="EUR", shipping_minor=shipping)),),
        )
        offered = self.do(selling.offer_products, selling.Offers([SellerId(seller)], [offer]))
        assert isinstance(offered, list)
        listing: ListingId = offered[0].listings[0]
        if stock:
            self.stock(listing, stock)
        return listing

    def stock(self, listing: ListingId, quantity: int) -> object:
        """Bring units in, or take them out."""
        return self.one(selling.receive_stock, selling.stock_receipt(listing, quantity, at=self.clock.now()))

    def location(self, seller: int, name: str = "Lyon", **said: object) -> LocationId:
        """Open one more location of a seller, in France unless another country is said."""
        told: dict[str, Any] = {"country": "FR"} | said
        draft = partners.LocationDraft(name=name, **told)
        answer = self.do(locations.open_location, locations.NewLocation(SellerId(seller), draft, "test"))
        assert isinstance(answer, int)
        return LocationId(answer)

    def home(self, seller: int) -> LocationId:
        """Give a seller's first location."""
        return self.house.partners.sellers[seller].locations[0]

    def stock_at(self, listing: ListingId, location: int, quantity: int) -> object:
        """Bring units in at a location, or take them out there."""
        receipt = selling.stock_receipt(listing, quantity, at=self.clock.now(), location=location)
        return self.one(selling.receive_stock, receipt)

    def move_stock(
        self, listing: ListingId, source: int, target: int, quantity: int, *, arrives: bool = False
    ) -> MoveId:
        """Let units leave a location for another."""
        seller = SellerId(int(self.house.catalog.listings.seller[listing]))
        sending = locations.Sending(
            seller, LocationId(source), LocationId(target), ((listing, quantity),), "", "test", arrives
        )
        answer = self.do(locations.send_stock, sending)
        assert isinstance(answer, int)
        return MoveId(answer)

    def lying(self, listing: ListingId) -> dict[int, int]:
        """Give the units that can be bought of a listing, by location."""
        return {spot.location: spot.available for spot in places.lying(self.house, listing)}

    def sent_from(self, order: int) -> list[tuple[int, int]]:
        """Give from which location how many units of each line of an order are sent."""
        rows, lines = orders.lines_of(self.house.orders, OrderId(order)), self.house.orders.lines
        return [(int(lines.location[row]), int(lines.quantity[row])) for row in rows]

    def move(self, listing: ListingId, to: catalog.ListingStatus, *, seller: int = 0) -> object:
        """Move a listing to another state."""
        return self.do(selling.move_listing, selling.Move(SellerId(seller), listing, to))

    def hand_over(self, *numbers: int, seller: int = 0) -> object:
        """Give orders to a carrier."""
        return self.one(fulfillment.hand_over, self.handover(*numbers, seller=seller))

    def handover(self, *numbers: int, seller: int = 0) -> fulfillment.Handover:
        """Give the command that hands orders over."""
        count = len(numbers)
        return fulfillment.Handover(
            at=np.full(count, self.clock.now(), np.int64),
            orders=integers(numbers),
            sellers=np.full(count, seller, np.int64),
            promised_at=np.zeros(count, np.int64),
            carriers=["CTT"] * count,
            trackings=["RR1"] * count,
        )

    def scan(
        self, parcel: int, status: ParcelStatus = ParcelStatus.DELIVERED, *, at: int = 0, seller: int = 0
    ) -> object:
        """Say where a parcel is."""
        scans = fulfillment.Scans(
            integers(at or self.clock.now()), integers(parcel), integers(int(status)), integers(seller)
        )
        return self.one(fulfillment.scan_parcels, scans)

    def deliver(self, order: int) -> None:
        """Hand an order over and have it arrive at once."""
        parcels = self.hand_over(order)
        assert isinstance(parcels, np.ndarray)
        self.scan(int(parcels[0]))

    def take_back(self, order: int, *, refund: int, line: int = 0, quantity: int = 1, seller: int = 0) -> object:
        """Accept a return."""
        return self.do(returns.accept_return, returns.Return(SellerId(seller), OrderId(order), line, quantity, refund))

    # Buyers.

    def buyer(self, *, money: int = 100_000, email: bytes = b"", contact: bytes = b"sealed contact") -> BuyerId:
        """Register a buyer with one address and money in their wallet."""
        new = people.NewBuyer(email, contact, "PT", b"sealed address")
        buyers = self.do(people.register_buyers, [new])
        assert isinstance(buyers, list)
        if money:
            self.top_up(buyers[0], money)
        return BuyerId(buyers[0])

    def address(self, buyer: int) -> AddressId:
        """Give a buyer's first address."""
        return self.house.identity.buyers[buyer].addresses[0]

    def top_up(self, buyer: int, amount: int, *, suspense: int = 0) -> object:
        """Put money into a wallet."""
        return self.one(settlement.top_up, self.money(buyer, amount, suspense=suspense))

    def money(self, buyer: int, amount: int, *, suspense: int = 0) -> settlement.TopUps:
        """Give the command that puts money into a wallet."""
        return settlement.TopUps(
            at=integers(self.clock.now()),
            buyers=integers(buyer),
            units=integers(EUR),
            amounts=integers(amount),
            suspense=integers(suspense),
            methods=["card"],
            references=["receipt"],
        )

    def cart(self, buyer: int, *lines: tuple[ListingId, int]) -> CartId:
        """Fill a new cart."""
        cart = CartId(0)
        for listing, quantity in lines:
            cart = self.put(cart, buyer, listing, quantity)
        return cart

    def put(self, cart: int, buyer: int, listing: int, quantity: int) -> CartId:
        """Put units into a cart."""
        line = shopping.CartLine(CartId(cart), BuyerId(buyer), ListingId(listing), quantity)
        answer = self.do(shopping.set_cart_line, line)
        assert isinstance(answer, int)
        return CartId(answer)

    def quote(self, buyer: int, *lines: tuple[ListingId, int], cart: int = 0) -> SessionId:
        """Go to checkout without saying where to: nothing is held."""
        answer = self.do(shopping.open_checkout, shopping.Checkout(BuyerId(buyer), CartId(cart), AddressId(0), lines))
        assert isinstance(answer, int)
        return SessionId(answer)

    def hold(self, buyer: int, *lines: tuple[ListingId, int], cart: int = 0) -> SessionId:
        """Go to checkout with an address: the units are held."""
        wanted = shopping.Checkout(BuyerId(buyer), CartId(cart), self.address(buyer), lines)
        answer = self.do(shopping.open_checkout, wanted)
        assert isinstance(answer, int)
        return SessionId(answer)

    def step(self, session: int, buyer: int, address: int = 0) -> shopping.Step:
        """Give a step on a checkout."""
        return shopping.Step(SessionId(session), BuyerId(buyer), AddressId(address))

    def total(self, session: int) -> int:
        """Give what a checkout comes to."""
        return self.house.orders.sessions[session].total_minor

    def complete(self, session: int, buyer: int, expected: int | None = None) -> PurchaseId:
        """Click on buy."""
        answer = self.one(checkout.complete_sessions, self.completion(session, buyer, expected))
        assert isinstance(answer, int)
        return PurchaseId(answer)

    def completion(self, session: int, buyer: int, expected: int | None = None) -> checkout.Completion:
        """Give the command that completes a checkout."""
        total = self.total(session) if expected is None else expected
        return checkout.Completion(SessionId(session), BuyerId(buyer), total)

    def direct(self, buyer: int, *lines: tuple[ListingId, int], expected: int | None = None) -> checkout.DirectOrder:
        """Give the command that orders without a checkout before it."""
        table = self.house.catalog.listings
        known = [(listing, quantity) for listing, quantity in lines if listing < len(table)]
        landed = sum(int(table.price[one] + table.shipping[one]) * quantity for one, quantity in known)
        address = self.address(buyer) if 0 < buyer < len(self.house.identity.buyers) else AddressId(0)
        return checkout.DirectOrder(BuyerId(buyer), address, "EUR", landed if expected is None else expected, lines)

    def buy(self, buyer: int, *lines: tuple[ListingId, int]) -> PurchaseId:
        """Order without a checkout before it, at the prices of the catalog."""
        answer = self.one(checkout.order_directly, self.direct(buyer, *lines))
        assert isinstance(answer, int)
        return PurchaseId(answer)

    def cancel(self, order: int, *, buyer: int = 0, seller: int = 0) -> object:
        """Call an order off."""
        return self.one(fulfillment.cancel_orders, self.cancellation(order, buyer=buyer, seller=seller))

    def cancellation(self, order: int, *, buyer: int = 0, seller: int = 0) -> fulfillment.Cancellation:
        """Give the command that calls an order off."""
        return fulfillment.Cancellation(integers(self.clock.now()), integers(order), integers(seller), integers(buyer))

    # What the books say.

    def posted(self, kind: ledger.Kind, owner: int = 0, unit: int = EUR) -> int:
        """Give what is posted on an account."""
        return ledger.balance(self.house.ledger, kind, owner=owner, unit=unit)[0]

    def held(self, kind: ledger.Kind, owner: int = 0, unit: int = EUR) -> int:
        """Give what is held on an account."""
        return ledger.balance(self.house.ledger, kind, owner=owner, unit=unit)[1]

    def units(self, listing: int) -> dict[str, int]:
        """Give where the units of a listing's SKU are, at its location."""
        table = self.house.catalog.listings
        location, sku = int(table.location[listing]), int(table.sku[listing])
        kinds = (ledger.Kind.AVAILABLE, ledger.Kind.COMMITTED, ledger.Kind.SHIPPED)
        posted = {kind.name.lower(): self.posted(kind, location, sku) for kind in kinds}
        return posted | {"reserved": self.held(ledger.Kind.AVAILABLE, location, sku)}

    def money_of(self, *, buyer: int, order: int, seller: int) -> dict[str, int]:
        """Give every account of money that an order touches, but for those at zero."""
        accounts = {
            "psp": (ledger.Kind.PSP_CLEARING, 0),
            "wallet": (ledger.Kind.WALLET, buyer),
            "escrow": (ledger.Kind.ESCROW, order),
            "seller": (ledger.Kind.SELLER_BALANCE, seller),
            "fees": (ledger.Kind.OPERATOR_FEES, 0),
            "tax": (ledger.Kind.TAX_PAYABLE, 0),
            "bank": (ledger.Kind.BANK, 0),
            "suspense": (ledger.Kind.SUSPENSE, 0),
        }
        amounts = {name: self.posted(kind, owner) for name, (kind, owner) in accounts.items()}
        return {name: amount for name, amount in amounts.items() if amount}

    def movement(self, tell: Callable[[], object], **owners: int) -> dict[str, int]:
        """Do something and give what it changed on each account of money, but for those that it left alone."""
        before = self.money_of(**owners)
        tell()
        after = self.money_of(**owners)
        changes = {name: after.get(name, 0) - before.get(name, 0) for name in before | after}
        return {name: change for name, change in changes.items() if change}


def opened() -> Iterator[Market]:
    """Lend an open market, and look at its invariants and its replay when the test is done with it."""
    market = Market()
    market.open()
    yield market
    market.close()
    assert not market.failures
    assert not market.findings()
    assert market.cell.digest() == market.replayed()
