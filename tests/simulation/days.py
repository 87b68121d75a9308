"""Days of trade by the throw of dice: everybody does everything in any order, and after every step the house is sound."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from caravan.cell import Answer, Key, Snapshots
from caravan.flows import checkout, fulfillment, opening, people, returns, selling, settlement, shopping
from caravan.flows.baskets import Baskets
from caravan.flows.house import integers
from caravan.kernel.clock import DAY, HOUR, MINUTE
from caravan.kernel.errors import Conflict, Outage, Refusal
from caravan.kernel.ids import AddressId, BuyerId, CartId, ListingId, OrderId, ProductId, SellerId, SessionId
from caravan.trade import catalog, ledger, orders
from caravan.trade.catalog import ListingStatus
from caravan.trade.delivery import ParcelStatus
from caravan.trade.orders import SessionStatus
from caravan.world import markets, partners
from tests.flows.market import EUR, Market
from tests.simulation.abroad import Abroad
from tests.simulation.shipping import Shipping
from tests.simulation.towns import Towns, conserved

_LOOKS_EVERY = 40  # steps between comparisons with a replay from nothing

_SCANNED = [status for status in ParcelStatus if ParcelStatus.PICKED_UP <= status <= ParcelStatus.LOST]


class Unsound(AssertionError):
    """The house is not as it must be after a step; the text says which seed does it again."""


class Days:
    """One run of dice. `refusals` counts what was refused, by class name; `done` counts the steps by name."""

    def __init__(self, seed: int, folder: Path, *, goes_abroad: bool = False, in_towns: bool = False) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.refusals: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.steps = 0
        self.market = Market(snapshots=Snapshots(folder, shape="days"))
        self._keys: list[tuple[Key, checkout.DirectOrder]] = []
        self._marks = 0
        self._shipping = Shipping(self.market, self.dice)
        self.abroad = Abroad(self.market, self.dice) if goes_abroad else None
        self.towns = Towns(self.market, self.dice) if in_towns else None
        self._weights: dict[Callable[[], object], int] = {
            self.open_again: 1, self.change_terms: 2, self.apply: 3, self.approve: 4, self.suspend: 1, self.offer: 5,
            self.move: 5, self.reprice: 3, self.edit: 2, self.bring_stock: 12, self.take_stock_out: 3,
            self.register: 4, self.add_address: 1, self.forget: 1, self.top_up: 6, self.put: 10, self.merge: 2,
            self.go_to_checkout: 20, self.go_on: 8, self.give_up: 2, self.complete: 16, self.order: 14,
            self.order_with_key: 4, self.order_gold: 1, self.place_many: 8, self.hand_over: 12, self.scan: 14,
            self.cancel: 6, self.take_back: 10, self.rule: 1, self.wait: 9, self.restart: 3, self.crash: 2,
            **self._shipping.weights(), **(self.abroad.weights() if self.abroad else {}),
            **(self.towns.weights() if self.towns else {}),
        }  # fmt: skip

    # The run.

    def run(self, steps: int) -> None:
        """Open a market, take so many steps, then bring everything that is open to its end."""
        self._begin()
        for _ in range(steps):
            step = self.dice.choices(list(self._weights), list(self._weights.values()))[0]
            self._take(step)
        self._take(self.finish)
        self.market.close()

    def _take(self, step: Callable[[], object]) -> None:
        self.steps += 1
        self.done[step.__name__] += 1
        try:
            step()
        except (Refusal, Conflict) as refusal:
            self._refused(refusal)
        except Exception as fault:
            raise self._unsound(step.__name__, repr(fault)) from fault
        for finding in self.market.findings():
            raise self._unsound(step.__name__, finding)
        if self.towns and (lost := conserved(self.market)):
            raise self._unsound(step.__name__, lost)
        if self.steps % _LOOKS_EVERY == 0 and self.market.cell.digest() != self.market.replayed():
            raise self._unsound(step.__name__, "The log replayed from nothing gives another state.")

    def _unsound(self, step: str, what: str) -> Unsound:
        again = f"CARAVAN_SEED={self.seed} .venv/bin/pytest tests/simulation"
        return Unsound(f"Seed {self.seed}, step {self.steps} ({step}): {what} Do it again: {again}")

    def _refused(self, refusal: object) -> None:
        self.refusals[type(refusal).__name__] += 1

    def _each(self, answers: object) -> None:
        assert isinstance(answers, list)
        for answer in answers:
            if isinstance(answer, Exception):
                self._refused(answer)

    def _begin(self) -> None:
        policy = msgspec.structs.replace(self._policy(), reviews_listings=False)
        self.market.open(policy=policy, fee_rules=self._rules(), fee_tax_basis_points=2_000)
        for name in ("Ana", "Rui", "Eva"):
            seller = self.market.seller(name)
            for _ in range(3):
                self.market.listing(seller, price=self.dice.randint(1, 5_000), stock=self.dice.randint(0, 60))
        for _ in range(6):
            self.market.buyer(money=self.dice.randint(1, 300_000))
        if self.abroad:
            self.abroad.begin()
        if self.towns:
            self.towns.begin()
        gold = [self.market.listing(SellerId(1), price=10**13, stock=200) for _ in range(2)]
        self._gold = (ListingId(gold[0]), ListingId(gold[1]))

    # What the dice choose from; now and then something that is not there.

    def _one_of(self, count: int) -> int:
        """Choose a number from 1 below `count`; rarely one that nobody has."""
        if count <= 1 or self.dice.random() < 0.02:
            return self.dice.choice([0, count, count + 9])
        return self.dice.randrange(1, count)

    def _listing(self) -> ListingId:
        """Choose a listing, mostly one that can be bought."""
        table = self.market.house.catalog.listings
        sells = (table.status == ListingStatus.LIVE) & self.market.house.partners.active[table.seller]
        live = np.flatnonzero(sells & (table.price < 10**13))
        number = int(self.dice.choice(live)) if len(live) and self.dice.random() < 0.9 else self._one_of(len(table))
        return ListingId(number)

    def _buyer(self) -> BuyerId:
        return BuyerId(self._one_of(len(self.market.house.identity.buyers)))

    def _seller(self) -> SellerId:
        return SellerId(self._one_of(len(self.market.house.partners.sellers)))

    def _session(self) -> tuple[SessionId, BuyerId]:
        """Choose a checkout, mostly one that is ready, and its buyer; rarely another buyer."""
        sessions = self.market.house.orders.sessions
        ready = [session.session for session in sessions if session.status == SessionStatus.READY]
        number = self._one_of(len(sessions))
        if ready and self.dice.random() < 0.8:
            number = self.dice.choice(ready)
        is_known = 0 < number < len(sessions) and self.dice.random() < 0.95
        return SessionId(number), sessions[number].buyer if is_known else self._buyer()

    def _lines(self) -> tuple[tuple[ListingId, int], ...]:
        lines = {self._listing(): self.dice.choice([1, 1, 1, 2, 2, 9]) for _ in range(self.dice.choice([1, 1, 2, 3]))}
        return tuple(lines.items())

    def _address(self, buyer: int) -> AddressId:
        buyers = self.market.house.identity.buyers
        known = buyers[buyer].addresses if 0 < buyer < len(buyers) else []
        return self.dice.choice(known) if known else AddressId(self._one_of(len(self.market.house.identity.addresses)))

    def _policy(self) -> markets.Policy:
        return markets.Policy(
            reservation_lasts=self.dice.choice([5 * MINUTE, 10 * MINUTE]),
            return_window=self.dice.choice([0, DAY, 3 * DAY]),
            payout_every=self.dice.choice([HOUR, DAY, 7 * DAY]),
            payout_minor_min=self.dice.choice([1, 1, 5_000]),
            units_per_buyer_max=self.dice.choice([8, 100_000]),
            reviews_listings=self.dice.random() < 0.2,
        )

    def _rules(self) -> tuple[markets.FeeRule, ...]:
        return tuple(
            markets.FeeRule(
                seller=self.dice.choice([0, 0, 1]),
                category=self.dice.choice(["", "Home"]),
                basis_points=self.dice.randint(0, 3_000),
                fixed_minor=self.dice.choice([0, 0, 30]),
                floor_minor=self.dice.choice([0, 50]),
                cap_minor=self.dice.choice([0, 400]),
            )
            for _ in range(self.dice.randint(0, 4))
        )

    # The operator.

    def open_again(self) -> None:
        self.market.open()

    def change_terms(self) -> None:
        self.market.do(opening.set_policy, self._policy())
        tax = self.dice.choice([0, 2_000, 10_001])
        self.market.do(opening.set_fees, opening.Fees(self._rules(), tax))

    def approve(self) -> None:
        sellers = self.market.house.partners.sellers[1:]
        waiting = [seller.seller for seller in sellers if seller.status != partners.SellerStatus.ACTIVE]
        chosen = self.dice.choice(waiting) if waiting and self.dice.random() < 0.9 else self._seller()
        self.market.do(selling.approve_sellers, [chosen])

    def suspend(self) -> None:
        self.market.do(selling.suspend_seller, selling.Suspension(self._seller(), "dice"))

    def rule(self) -> None:
        number = self._one_of(len(self.market.house.orders.orders))
        ruling = settlement.Ruling(integers(self.market.clock.now()), integers(number))
        self.market.do(settlement.rule_settled, ruling)

    # Sellers.

    def apply(self) -> None:
        country = self.dice.choice(["PT", "DE", "portugal"])
        application = partners.Application(name=f"Seller {self.steps}", country=country)
        self.market.do(selling.apply_to_sell, [application] * self.dice.randint(1, 2))

    def offer(self) -> None:
        currency = "USD" if self.dice.random() < 0.1 else "EUR"
        options = tuple(
            (name, catalog.ListingDraft(price_minor=self.dice.randint(1, 5_000), currency=currency))
            for name in self.dice.sample(["", "red", "blue"], self.dice.randint(1, 3))
        )
        category = self.dice.choice(["Home", "Home/Kitchen", "Other"])
        page = catalog.ProductDraft(title="Mug", category=category) if self.dice.random() < 0.6 else None
        product = ProductId(self._one_of(len(self.market.house.catalog.products)))
        offer = selling.Offer(page=page, product=product, options=options, is_live=self.dice.random() < 0.9)
        self.market.do(selling.offer_products, selling.Offers([self._seller()], [offer]))

    def move(self) -> None:
        """Bring a listing that is off the shelf back to it, or move any to any state."""
        off = np.flatnonzero(self.market.house.catalog.listings.status != ListingStatus.LIVE)[1:]
        if len(off) and self.dice.random() < 0.5:
            listing, to = ListingId(int(self.dice.choice(off))), ListingStatus.LIVE
        else:
            listing, to = self._listing(), self.dice.choice(list(ListingStatus)[1:])
        seller = self.dice.choice([SellerId(0), self._seller()])
        self.market.do(selling.move_listing, selling.Move(seller, listing, to))

    def reprice(self) -> None:
        price = selling.Price(
            SellerId(0), self._listing(), self.dice.randint(1, 9_000), self.dice.choice([0, 0, 99]), "dice",
            self.dice.choice([None, 2]),
        )  # fmt: skip
        self.market.do(selling.reprice, price)

    def edit(self) -> None:
        product = ProductId(self._one_of(len(self.market.house.catalog.products)))
        page = catalog.ProductDraft(title=f"Mug {self.steps}", category="Home")
        edit = selling.Edit(
            self.dice.choice([SellerId(0), self._seller()]), product, page, "dice", self.dice.choice([None, 1])
        )
        self.market.do(selling.edit_product, edit)

    def bring_stock(self) -> None:
        now = self.market.clock.now()
        receipts = [
            selling.stock_receipt(self._listing(), self.dice.choice([5, 20, 50]), at=now)
            for _ in range(self.dice.randint(1, 4))
        ]
        self._each(self.market.many(selling.receive_stock, *receipts))

    def take_stock_out(self) -> None:
        self.market.stock(self._listing(), -self.dice.choice([1, 5, 50]))

    def hand_over(self) -> None:
        table = self.market.house.orders.orders
        count = len(table)
        waiting = np.flatnonzero((table.fulfilled_at == 0) & (table.canceled_at == 0))[1:].tolist()
        requests = []
        for _ in range(self.dice.randint(1, 3)):
            numbers = [self._one_of(count) for _ in range(self.dice.choice([1, 1, 4]))]
            numbers += waiting[: self.dice.choice([0, 3])]
            requests.append(self.market.handover(*numbers, seller=self.dice.choice([0, 0, 0, 1])))
        self._each(self.market.many(fulfillment.hand_over, *requests))

    def take_back(self) -> None:
        table = self.market.house.orders.orders
        sent = np.flatnonzero(table.fulfilled_at)
        number = int(self.dice.choice(sent)) if len(sent) and self.dice.random() < 0.9 else self._one_of(len(table))
        line = self.dice.choice([0, 0, 0, 1])
        quantity, refund = self.dice.choice([1, 1, 2, 9]), self.dice.choice([1, 100, 1_000])
        lines = self.market.house.orders.lines
        row = int(table.first_line[number]) + line if 0 < number < len(table) else 0
        if 0 < row < len(lines) and self.dice.random() < 0.5:
            refund = int(lines.unit_price[row]) * quantity
        self.market.do(returns.accept_return, returns.Return(SellerId(0), OrderId(number), line, quantity, refund))

    # Carriers.

    def scan(self) -> None:
        parcels = self.market.house.delivery.parcels
        requests = []
        for _ in range(self.dice.randint(1, 3)):
            count = self.dice.randint(1, 4)
            late = [self.market.clock.now() - self.dice.choice([0, 0, HOUR, 2 * DAY]) for _ in range(count)]
            status = [int(self.dice.choice([ParcelStatus.DELIVERED] * 6 + _SCANNED)) for _ in range(count)]
            numbers = [self._one_of(len(parcels)) for _ in range(count)]
            requests.append(
                fulfillment.Scans(integers(late), integers(numbers), integers(status), integers([0] * count))
            )
        self._each(self.market.many(fulfillment.scan_parcels, *requests, requests[0]))

    # Buyers.

    def register(self) -> None:
        mark = self.dice.choice([b"", b"", bytes([self.dice.randrange(20)])])
        new = people.NewBuyer(mark, b"sealed", self.dice.choice(["PT", "DE"]), b"sealed")
        self.market.do(people.register_buyers, [new] * self.dice.randint(1, 2))

    def add_address(self) -> None:
        self.market.do(people.add_address, people.NewAddress(self._buyer(), "PT", b"sealed"))

    def forget(self) -> None:
        self.market.do(people.forget_buyer, self._buyer())

    def top_up(self) -> None:
        amounts = [self.dice.choice([500, 20_000, 100_000, 100_000, 0, 10**15 + 1]) for _ in range(3)]
        suspense = self.dice.choice([0, 0, 7, -7])
        requests = [self.market.money(self._buyer(), amount, suspense=suspense) for amount in amounts]
        self._each(self.market.many(settlement.top_up, *requests))

    def put(self) -> None:
        carts = self.market.house.orders.carts
        cart = self.dice.choice([0, self._one_of(len(carts))])
        buyer = carts[cart].buyer if 0 < cart < len(carts) and self.dice.random() < 0.9 else self._buyer()
        quantity = self.dice.choice([0, 1, 1, 2, 5, 100_001])
        self.market.put(cart, self.dice.choice([0, buyer]), self._listing(), quantity)

    def merge(self) -> None:
        carts = self.market.house.orders.carts
        guest, own = self._one_of(len(carts)), self.dice.choice([0, self._one_of(len(carts))])
        buyer = carts[own].buyer if 0 < own < len(carts) and carts[own].buyer else self._buyer()
        self.market.do(shopping.merge_carts, shopping.Merge(CartId(guest), CartId(own), buyer))

    def go_to_checkout(self) -> None:
        carts = self.market.house.orders.carts
        buyer, cart, lines = self._buyer(), 0, self._lines()
        if self.dice.random() < 0.4 and len(carts) > 1:
            cart, lines = self.dice.randrange(1, len(carts)), ()
            buyer = carts[cart].buyer or buyer
        address = self._address(buyer) if self.dice.random() < 0.8 else AddressId(0)
        self.market.do(shopping.open_checkout, shopping.Checkout(buyer, CartId(cart), address, lines))

    def go_on(self) -> None:
        session, buyer = self._session()
        address = self.dice.choice([AddressId(0), self._address(buyer)])
        self.market.do(shopping.reserve, shopping.Step(session, buyer, address))

    def give_up(self) -> None:
        session, buyer = self._session()
        self.market.do(shopping.cancel_checkout, shopping.Step(session, buyer))

    def complete(self) -> None:
        requests = []
        for _ in range(self.dice.randint(1, 3)):
            session, buyer = self._session()
            sessions = self.market.house.orders.sessions
            total = sessions[session].total_minor if 0 < session < len(sessions) else 0
            agreed = total + self.dice.choice([0, 0, 0, 0, 0, 1])
            requests += [checkout.Completion(session, buyer, agreed)] * self.dice.choice([1, 1, 2])
        self._each(self.market.many(checkout.complete_sessions, *requests))

    def _direct(self) -> checkout.DirectOrder:
        wanted = self.market.direct(BuyerId(0), *self._lines())
        buyer = self._buyer()
        off = self.dice.choice([0] * 9 + [1])
        return wanted._replace(buyer=buyer, address=self._address(buyer), expected_minor=wanted.expected_minor + off)

    def order(self) -> None:
        requests = [self._direct() for _ in range(self.dice.choice([1, 2, 8]))]
        self._each(self.market.many(checkout.order_directly, *requests))

    def order_with_key(self) -> None:
        """Send an order under a key, or one that was sent before once more, or another under its key."""
        if not self._keys or self.dice.random() < 0.5:
            self._keys.append((Key(self.dice.randbytes(16), self.dice.randbytes(32)), self._direct()))
        key, wanted = self.dice.choice(self._keys)
        if self.dice.random() < 0.2:
            key = key._replace(fingerprint=self.dice.randbytes(32))
        before = self.market.cell.position
        answer = self.market.cell.submit(
            checkout.order_directly, wanted, is_many=True, key=key, render=lambda said: Answer(200, repr(said).encode())
        ).result()
        assert isinstance(answer, Answer)
        assert not answer.is_replayed or self.market.cell.position == before, "A replayed answer has no effect."

    def order_gold(self) -> None:
        """Order for more than any entry can hold."""
        lines = tuple((listing, 100) for listing in self._gold)
        self.market.one(checkout.order_directly, self.market.direct(1, *lines, expected=2 * 10**15))

    def place_many(self) -> None:
        count = self.dice.randint(1, 12)
        listings, quantities = integers([self._listing() for _ in range(count)]), integers([1] * count)
        table, nothing = self.market.house.catalog.listings, np.zeros(count, np.int64)
        prices = table.price[np.where((listings > 0) & (listings < len(table)), listings, 0)]
        self._marks += self.dice.randint(0, count)
        marks = nothing + self._marks + np.arange(count)
        wanted = Baskets(
            at=nothing + self.market.clock.now(), buyers=integers([self._buyer() for _ in range(count)]),
            sessions=nothing, addresses=nothing, units=nothing + EUR, expected=prices, marks_high=marks,
            marks_low=marks, rows=np.arange(count), listings=listings, quantities=quantities, unit_prices=prices,
            shipping=nothing, holds=nothing, locations=nothing,
        )  # fmt: skip
        again = replace(wanted, expected=prices + self.dice.choice([0, 1]))
        for placed in self.market.many(checkout.place_baskets, wanted, again):
            assert isinstance(placed, checkout.Placement)
            for verdict in placed.verdicts.tolist():
                self.refusals[checkout._REFUSALS[verdict].__name__ if verdict in checkout._REFUSALS else "-"] += 1

    def cancel(self) -> None:
        table = self.market.house.orders.orders
        requests = []
        for _ in range(self.dice.randint(1, 3)):
            number = self._one_of(len(table))
            buyer = int(table.buyer[number]) if 0 < number < len(table) and self.dice.random() < 0.5 else 0
            requests.append(self.market.cancellation(number, buyer=buyer))
        self._each(self.market.many(fulfillment.cancel_orders, *requests))

    # Time and the machine.

    def wait(self) -> None:
        """Let time pass, and do what is due; sometimes nobody looks."""
        self.market.clock.advance(self.dice.choice([MINUTE, MINUTE, 7 * MINUTE, HOUR, DAY, DAY, 3 * DAY]))
        if self.dice.random() < 0.8:
            self.tick()

    def tick(self) -> None:
        self.market.do(shopping.expire_checkouts)
        self.market.settle()

    def restart(self) -> None:
        """Stop and start again over the same log: from nothing, from a snapshot, or from one that is behind."""
        before = self.market.cell.digest()
        how = self.dice.choice(["from nothing", "from a snapshot", "from an old snapshot"])
        keeps, snapshots = how != "from nothing", self.market.snapshots
        if how == "from a snapshot":
            self.market.cell.snapshot()
        self.market.snapshots = snapshots if keeps else None
        self.market.restart()
        assert self.market.cell.digest() == before, f"A start {how} gives another state."
        if not keeps:
            self.market.cell.close()
            self.market.snapshots = snapshots
            self.market.start()

    def crash(self) -> None:
        """Lose the disk in the middle of an order: whoever asked is told, and a start goes on from what was written."""
        market, orders_before = self.market, len(self.market.house.orders.orders)
        market.log.fails_from = market.cell.position + 1
        is_lost = False
        try:
            self._each(market.many(checkout.order_directly, self._direct()))
        except Outage:
            is_lost = True
        market.log.fails_from = None
        market.restart()
        assert bool(market.failures) == is_lost, "The cell stops where the log fails, and only there."
        market.failures.clear()
        assert len(market.house.orders.orders) == orders_before, "What was not written did not happen."

    def finish(self) -> None:
        """Hand over and deliver all that is open, settle it, and see that no money waits anywhere it should not."""
        self.market.do(opening.set_policy, markets.Policy(return_window=0, payout_every=1))
        count = len(self.market.house.orders.orders)
        self._shipping.finish()
        if self.towns:
            self.towns.finish()
        if count > 1:
            self.market.hand_over(*range(1, count), 0)
        parcels = self._shipping.all_sent()
        delivered = np.full(len(parcels), int(ParcelStatus.DELIVERED))
        now = np.full(len(parcels), self.market.clock.now())
        self.market.one(fulfillment.scan_parcels, fulfillment.Scans(now, parcels, delivered, parcels * 0))
        self.market.days_pass(4)
        self._shipping.settle_claims()
        self.tick()
        book = self.market.house.ledger
        assert not any(ledger.totals(book, ledger.Kind.ESCROW).values()), "All escrow has been released."
        assert not any(ledger.totals(book, ledger.Kind.COMMITTED).values()), "All that was bought has left."
        assert not book.accounts.held.any(), "Nothing is held for anybody."
        states = {orders.order_state(self.market.house.orders, OrderId(order)).status for order in range(1, count)}
        assert states <= {"completed", "canceled"}, states


def refusals() -> set[str]:
    """Name every refusal that the domains and flows define, and conflicts with them."""
    rooms = (
        "caravan.kernel",
        "caravan.trade",
        "caravan.world",
        "caravan.insight",
        "caravan.flows",
        "caravan.cell.idem",
    )
    # What trades nothing has its refusals tested where it is.
    apart = (
        "caravan.insight.exports",
        "caravan.flows.analysts",
        "caravan.flows.exporting",
        "caravan.trade.network",
        "caravan.trade.qr",
        "caravan.flows.planning",
        "caravan.flows.estimates",
        *tuple(
            f"caravan.insight.{name}" for name in ("discovery", "likeness", "metrics", "oneid", "profiles", "search")
        ),
        # Between people and between currencies: tests/flows/test_transfers.py and test_exchanging.py.
        "caravan.trade.exchange",
        "caravan.trade.transfers",
        "caravan.flows.transfers",
        # Of taxes: tests/flows/test_taxing.py.
        "caravan.trade.taxes",
        "caravan.flows.taxing",
    )
    # Of money from outside, of which tests/simulation/payments.py lives through ten thousand days.
    outside = {
        "CashRefused", "CouponRefused", "DisputeUnderWay", "NoSuchGiftCard", "NoSuchProvider", "PaymentNotCaptured",
        "PaymentUnderWay", "PayoutSettled", "UnsignedNotice", "GoesInOneParcel",
        # Of carriers, who are outside too: tests/flows/test_labels.py.
        "AlreadyLabeled", "LabelUnderWay", "NoLabel", "NoRates", "NoSuchCarrier", "RateExpired", "UnsignedTracking",
    }  # fmt: skip
    kinds = [
        kind for kind in [*Refusal.__subclasses__(), catalog.StaleRevision] if not kind.__module__.startswith(apart)
    ]
    found = {kind.__name__ for kind in kinds if kind.__module__.startswith(rooms)}
    return (
        found
        - {"WrongLogin"}
        - outside
        - {kind.__name__ for kind in kinds if kind.__module__ == "caravan.flows.history"}
    )
