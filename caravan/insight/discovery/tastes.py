"""What discovery knows while the shop is open: a view in memory, folded from the log as facts arrive."""

from array import array
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from caravan.cell import Section, Table, Write, numbers, ragged, rows
from caravan.events import catalog, delivery, identity, orders
from caravan.events import discovery as events
from caravan.insight.discovery.commands import Signal
from caravan.insight.discovery.comparisons import Comparisons
from caravan.insight.discovery.content import Contents
from caravan.insight.discovery.history import History, history_of
from caravan.insight.discovery.kernel import Traits
from caravan.insight.discovery.memory import Memory
from caravan.insight.discovery.outcomes import Outcomes, Sale
from caravan.insight.discovery.repute import Repute, Undone
from caravan.kernel.clock import DAY, MINUTE
from caravan.kernel.event import Event

SESSION_GAP = 30 * MINUTE  # After such a pause a visitor's next look begins another session.
SIGNALS_A_MINUTE_MAX = 60  # Who looks faster than this is no shopper: everything of that session is forgotten.
LOOKS_UNPROVEN_MAX = 200  # So many looks a day count for a product that nobody has bought, and as many more a sale.
RECENT_MAX = 40
VISITORS_MAX = 200_000  # The ones not seen for longest are let go.
LISTS_KEPT = 50  # The last lists, for whoever asks why they were shown.
SHOWN_MAX = 400  # Products whose showings are counted, for each visitor.
TREND_HALVES = 2 * DAY
HOT_MAX = 8_192  # So many products are remembered as wanted; the cooler half is let go of when there are more.
TREND_LOOK, TREND_CART, TREND_SALE = 1.0, 3.0, 8.0
BOUNCED_MS = 2_000  # Who leaves a page sooner has not looked at the product, but seen that it is not what they want.
LONG_MS, TREND_LONG = 30_000, 0.5  # Who stays so long has read it: their look counts for so much more.
_TRAITS_EACH = 3


class Taste(msgspec.Struct):
    """What is known of one visitor: where they stand in the memory, and what they did last.

    `settled` are the products of this session whose look stands: it ended late enough, or went into the cart.
    """

    session: int = 0
    at: int = 0
    minute: int = 0
    in_minute: int = 0
    is_bot: bool = False
    recent: list[int] = msgspec.field(default_factory=list)
    shown: dict[int, int] = msgspec.field(default_factory=dict)
    sessions: list[int] = msgspec.field(default_factory=list)
    settled: tuple[int, ...] = ()


class Owner(msgspec.Struct):
    """What is known of one buyer: the visitors that were them, the sessions of those let go, and what they bought."""

    basket: int = 0
    visitors: set[bytes] = msgspec.field(default_factory=set)
    sessions: list[int] = msgspec.field(default_factory=list)
    bought: list[int] = msgspec.field(default_factory=list)
    written_at: int = 0  # When the last letter with suggestions was written to them.


class Rule(msgspec.Struct, frozen=True):
    """What the operator wants shown, hidden or raised."""

    rule: str
    effect: str
    target: str
    key: str
    surface: str
    worth_ppm: int
    ends_at: int


def shown_in(part: Section) -> list[events.ListShown]:
    """Give the lists of a run of facts."""
    return [event for event in rows(part) if isinstance(event, events.ListShown)]


def clicks_in(part: Section) -> list[tuple[bytes, int, int]]:
    """Give visitor, product and time of each click in a list, of a run of facts."""
    return [
        (event.visitor, event.product, event.at)
        for event in rows(part)
        if isinstance(event, events.SignalNoted) and event.signal == Signal.CLICKED
    ]


class Tastes:
    """A view without tables: looks and baskets as memories, products with their traits, visitors, trends and rules."""

    name = "discovery"
    version = 1
    tables = ""
    kinds: frozenset[type[Event]] = Repute.kinds.union(
        (
            events.SignalNoted, events.LookEnded, events.ListShown, events.ListDrafted, events.RuleSet, events.RuleLifted,
            events.HoldOutDrawn, catalog.ProductAdded, catalog.ProductEdited, catalog.SkuAdded, catalog.ListingAdded,
            catalog.ListingRepriced, orders.PurchasePlaced, identity.BuyerForgotten,
        )
    )  # fmt: skip

    # What changes the next list. What was shown only makes way for other things in time, and one parcel more or less hardly
    # changes what a seller is worth, so nobody waits for that.
    telling = kinds - {
        events.ListShown, events.ListDrafted, orders.OrderReceived, delivery.PromiseMade, delivery.ParcelHandedOver
    }  # fmt: skip

    def __init__(self) -> None:
        self.begin(lambda _: [])

    def begin(self, read: Callable[[str], list[tuple[object, ...]]]) -> None:  # noqa: ARG002  # It keeps no tables.
        """Start from nothing: this view is folded from the whole log."""
        self.looks, self.baskets = Memory(), Memory()
        self.products = Table(
            category=np.int32, brand=np.int32, seller=np.int32, added_at=np.int64, log_price=np.float32,
            sales=np.int32, rebuys=np.int32, day=np.int32, counted=np.int32, trend=np.float64, trend_at=np.int64,
            said_low=np.uint64, said_high=np.uint64, shown=np.int32, clicked=np.int32,
        )  # fmt: skip
        self.contents = Contents()
        self.traits_of = np.zeros((1024, _TRAITS_EACH), np.int32)
        self.starts = np.arange(1025, dtype=np.int64) * _TRAITS_EACH
        self.categories: dict[str, int] = {"": 0}
        self.brands: dict[str, int] = {"": 0}
        self.brand_names: list[str] = [""]
        self.members: list[array[int]] = [array("i")]
        self.category_names: list[str] = [""]
        self.visitors: dict[bytes, Taste] = {}
        self.buyers: dict[int, Owner] = {}
        self.owners: dict[bytes, set[int]] = {}  # Of each visitor who ever logged in, also of those let go.
        self.rules: dict[str, Rule] = {}
        self.outcomes = Outcomes()
        self.comparisons = Comparisons()
        self.repute = Repute()
        self.latest: deque[events.ListShown] = deque(maxlen=LISTS_KEPT)
        self.changes = 0
        self._of_sku, self._of_listing = Table(product=np.int32), Table(product=np.int32)
        self._hot: dict[int, float] = {}  # Products that may be among the most wanted, with their heat.
        self._heat_least = -np.inf
        self._sessions, self._baskets = 1, 1

    # Folding.

    def apply(self, part: Section, write: Write) -> None:  # noqa: ARG002  # It keeps no tables.
        """Fold in a run of facts."""
        self.changes += part.batch.num_rows
        if part.kind is orders.PurchasePlaced:
            self._place(part)
        elif part.kind is catalog.ListingAdded:
            self._list(part)
        elif part.kind is catalog.ProductAdded:
            self._add(part)
        elif part.kind in Repute.kinds:
            self._undo(self.repute.fold(part))
        elif part.kind is catalog.SkuAdded:
            self._of_sku.append(part.batch.num_rows, product=numbers(part.batch, "product"))
        elif part.kind is events.SignalNoted:
            self._note([event for event in rows(part) if isinstance(event, events.SignalNoted)])
        else:
            for event in rows(part):
                self._apply(event)

    def _apply(self, event: Event) -> None:
        match event:
            case catalog.ProductEdited():
                self._edit(event)
            case catalog.ListingRepriced():
                self._price(
                    self._of_listing.product[[event.listing]], np.array([event.price_minor + event.shipping_minor])
                )
            case events.ListShown() | events.ListDrafted():
                self._show(event)
            case events.LookEnded():
                self._end_look(event)
            case events.HoldOutDrawn():
                self.outcomes.draw(event)
            case events.RuleSet():
                self.rules[event.rule] = Rule(
                    event.rule, event.effect, event.target, event.key, event.surface, event.worth_ppm, event.ends_at
                )
            case events.RuleLifted():
                self.rules.pop(event.rule, None)
            case identity.BuyerForgotten():
                self._forget(event.buyer)

    def _add(self, part: Section) -> None:
        added, first = numbers(part.batch, "product"), len(self.products)
        assert (added == np.arange(first, first + len(added))).all(), "Products are numbered in the order of the log."
        categories = [self._category(name) for name in part.batch.column("category").to_pylist()]
        brands = [self._brand(name) for name in part.batch.column("brand").to_pylist()]
        low, high = self.contents.marks(*(part.batch.column(name) for name in ("title", "brand", "category")))
        self.products.append(
            len(added), category=categories, brand=brands, seller=numbers(part.batch, "seller"),
            added_at=numbers(part.batch, "at"), said_low=low, said_high=high,
        )  # fmt: skip
        self.repute.add(categories)
        for product, category in zip(added.tolist(), categories, strict=True):
            self.members[category].append(product)
        self._mark(added)

    def _category(self, name: str) -> int:
        number = self.categories.setdefault(name, len(self.categories))
        if number == len(self.members):
            self.members.append(array("i"))
            self.category_names.append(name)
        return number

    def _brand(self, name: str) -> int:
        number = self.brands.setdefault(name, len(self.brands))
        if number == len(self.brand_names):
            self.brand_names.append(name)
        return number

    def _edit(self, event: catalog.ProductEdited) -> None:
        product = event.product
        brand = self.brand_names[self.products.brand[product]]
        low, high = self.contents.marks(*(pa.array([text]) for text in (event.title, brand, event.category)))
        self.products.said_low[product], self.products.said_high[product] = low[0], high[0]
        category, before = self._category(event.category), int(self.products.category[product])
        if category != before:
            self.repute.move(product, category)
            self.members[before].remove(product)
            self.members[category].append(product)
            self.products.category[product] = category
            self._mark(np.array([product]))

    def _mark(self, products: np.ndarray) -> None:
        while products[-1] >= len(self.traits_of):
            self.traits_of = np.concatenate([self.traits_of, np.zeros_like(self.traits_of)])
            self.starts = np.arange(len(self.traits_of) + 1, dtype=np.int64) * _TRAITS_EACH
        table = self.products
        marks = [column[products] * _TRAITS_EACH for column in (table.category, table.brand, table.seller)]
        self.traits_of[products] = np.sort(np.column_stack(marks) + np.arange(_TRAITS_EACH), axis=1)

    def _list(self, part: Section) -> None:
        skus, prices, shipping = (numbers(part.batch, name) for name in ("sku", "price_minor", "shipping_minor"))
        products = self._of_sku.product[skus]
        self._of_listing.append(len(skus), product=products)
        self._price(products, prices + shipping)

    def _price(self, products: np.ndarray, prices: np.ndarray) -> None:
        self.products.log_price[products] = np.log(np.maximum(1, prices))  # Of two for one product the later one stays.

    def _note(self, signals: Sequence[events.SignalNoted]) -> None:
        sessions, items = [], []
        for signal in signals:
            taste = self._taste(signal)
            if taste.is_bot or not 0 < signal.product < len(self.products):
                continue
            self.outcomes.note(signal)
            if signal.signal == Signal.CLICKED:
                self.comparisons.click(signal)
                self.products.clicked[signal.product] += 1
            if taste.shown.pop(signal.product, None) is not None and signal.signal == Signal.CLICKED:
                continue  # A click is followed by a look; it only says that showing it was worth it.
            is_same = bool(taste.recent) and taste.recent[-1] == signal.product and signal.signal == Signal.VIEWED
            if not is_same:
                taste.recent = [*taste.recent[1 - RECENT_MAX :], signal.product]
                self._settle(taste, signal.product, is_settled=signal.signal == Signal.CARTED)
            if self._counts(signal.product, signal.at):
                sessions.append(taste.session)
                items.append(signal.product)
                self._trend(signal.product, TREND_CART if signal.signal == Signal.CARTED else TREND_LOOK, signal.at)
        self.looks.remember(np.array(sessions, np.int32), np.array(items, np.int32))

    @staticmethod
    def _settle(taste: Taste, product: int, *, is_settled: bool) -> None:
        """Say whether the latest look at a product stands, or may still turn out to have ended at once."""
        others = tuple(one for one in taste.settled if one != product)[1 - RECENT_MAX :]
        taste.settled = (*others, product) if is_settled else others

    def _end_look(self, ended: events.LookEnded) -> None:
        """Take back a look that ended at once; let one that was long count for more. Each ends once."""
        taste, product = self.visitors.get(ended.visitor), int(ended.product)
        if taste is None or taste.is_bot or product in taste.settled or product not in taste.recent:
            return
        if ended.dwell_ms >= BOUNCED_MS:
            self._settle(taste, product, is_settled=True)
            if ended.dwell_ms >= LONG_MS and product in self.looks.items_of(taste.session, RECENT_MAX):
                self._trend(product, TREND_LONG, ended.at)
            return
        place = len(taste.recent) - 1 - taste.recent[::-1].index(product)
        taste.recent = [*taste.recent[:place], *taste.recent[place + 1 :]]
        for _ in range(self.looks.blank(taste.session, product)):
            self._trend(product, -TREND_LOOK, ended.at)
            is_today = self.products.day[product] == ended.at // DAY
            self.products.counted[product] = max(0, self.products.counted[product] - is_today)

    def _taste(self, signal: events.SignalNoted) -> Taste:
        taste = self.visitors.pop(signal.visitor, None)
        if taste is None:
            taste = Taste()
            if len(self.visitors) >= VISITORS_MAX:
                self._let_go(next(iter(self.visitors)))
        self.visitors[signal.visitor] = taste  # Put in last, so that the first is the one not seen for longest.
        if not taste.session or signal.at - taste.at > SESSION_GAP:
            taste.session = self._sessions
            taste.sessions.append(self._sessions)
            taste.settled = ()
            self._sessions += 1
        taste.at = signal.at
        minute = signal.at // MINUTE
        taste.in_minute = taste.in_minute + 1 if taste.minute == minute else 1
        taste.minute = minute
        if taste.in_minute > SIGNALS_A_MINUTE_MAX and not taste.is_bot:
            taste.is_bot, taste.recent = True, []
            self.looks.forget(taste.session)
        if signal.buyer:
            self.owners.setdefault(signal.visitor, set()).add(signal.buyer)
            self.buyers.setdefault(signal.buyer, Owner()).visitors.add(signal.visitor)
        return taste

    def _let_go(self, visitor: bytes) -> None:
        """Keep no more of a visitor than what their buyers' erasure has to find."""
        taste = self.visitors.pop(visitor)
        for buyer in self.owners.get(visitor, ()):
            self.buyers[buyer].sessions += taste.sessions

    def _counts(self, product: int, at: int) -> bool:
        """Tell whether one more look at a product counts today: an unbought product's looks soon do no more."""
        table, day = self.products, at // DAY
        if table.day[product] != day:
            table.day[product], table.counted[product] = day, 0
        if table.counted[product] >= LOOKS_UNPROVEN_MAX * (1 + table.sales[product]):
            return False
        table.counted[product] += 1
        return True

    def _trend(self, product: int, worth: float, at: int) -> None:
        table = self.products
        faded = table.trend[product] * 2.0 ** ((table.trend_at[product] - at) / TREND_HALVES)
        table.trend[product], table.trend_at[product] = max(0.0, faded + worth), at
        if table.trend[product] <= 0:
            self._hot.pop(product, None)
            return
        heat = float(np.log2(table.trend[product])) + at / TREND_HALVES  # Orders products whatever the time is.
        if heat >= self._heat_least or product in self._hot:
            self._hot[product] = heat
            if len(self._hot) > HOT_MAX:
                self._cool()

    def _cool(self) -> None:
        """Let go of the cooler half of what may be among the most wanted."""
        kept = sorted(self._hot.items(), key=lambda pair: -pair[1])[: HOT_MAX // 2]
        self._hot, self._heat_least = dict(kept), kept[-1][1]

    def _place(self, part: Section) -> None:
        listings = ragged(part.batch, "listings")
        buyers, ats = numbers(part.batch, "buyer").tolist(), numbers(part.batch, "at").tolist()
        products = self._of_listing.product[listings.values]
        sessions, items, is_again = [], [], []
        for row, (buyer, at) in enumerate(zip(buyers, ats, strict=True)):
            owner = self.buyers.get(buyer)
            if owner is None:
                owner = self.buyers[buyer] = Owner()
            if not owner.basket:
                owner.basket, self._baskets = self._baskets, self._baskets + 1
            for product in products[listings.offsets[row] : listings.offsets[row + 1]].tolist():
                self.products.sales[product] += 1
                is_again.append(product in owner.bought)
                self.products.rebuys[product] += is_again[-1]
                self._trend(product, TREND_SALE, at)
                owner.bought = [*owner.bought[1 - RECENT_MAX :], product]
                sessions.append(owner.basket)
                items.append(product)
        self.baskets.remember(np.array(sessions, np.int32), np.array(items, np.int32))
        self._count_sales(part, products, listings.offsets)
        self.repute.sell(part, products, is_again)

    def _undo(self, undone: Sequence[Undone]) -> None:
        """Take back what sales did that came to nothing."""
        for one in undone:
            table, faded = self.products, 2.0 ** ((one.at - self.products.trend_at[one.product]) / TREND_HALVES)
            self._trend(one.product, -TREND_SALE * one.share * faded, int(table.trend_at[one.product]))
            if not one.is_whole:
                continue
            table.sales[one.product] -= 1
            table.rebuys[one.product] -= one.is_again
            bought = self.buyers[one.buyer].bought if one.buyer in self.buyers else []
            if one.product in bought:
                place = len(bought) - 1 - bought[::-1].index(one.product)
                self.buyers[one.buyer].bought = [*bought[:place], *bought[place + 1 :]]

    def _count_sales(self, part: Section, products: np.ndarray, offsets: np.ndarray) -> None:
        prices, quantities = ragged(part.batch, "unit_prices_minor").values, ragged(part.batch, "quantities").values
        paid = (prices * quantities).tolist()
        buyers, ats, units = (numbers(part.batch, name).tolist() for name in ("buyer", "at", "unit"))
        lines = list(zip(products.tolist(), paid, strict=True))
        sales = [
            Sale(buyer, at, unit, lines[offsets[row] : offsets[row + 1]])
            for row, (buyer, at, unit) in enumerate(zip(buyers, ats, units, strict=True))
        ]
        self.outcomes.sell(sales)
        for sale in sales:
            if visitors := self.buyers[sale.buyer].visitors:
                self.comparisons.sell(sale, visitors)

    def _show(self, event: events.ListShown | events.ListDrafted) -> None:
        if isinstance(event, events.ListDrafted):
            self.comparisons.show(event)
            return
        self.outcomes.show(event)
        self.latest.append(event)
        shown = np.array(event.products, np.int64)
        self.products.shown[shown[shown < len(self.products)]] += 1
        if event.surface == "digest" and event.buyer:
            # The mark of a buyer's letters is theirs as that of a browser is: it goes with them.
            self.owners.setdefault(event.visitor, set()).add(event.buyer)
            owner = self.buyers.setdefault(event.buyer, Owner())
            owner.visitors.add(event.visitor)
            owner.written_at = event.at
        taste = self.visitors.get(event.visitor)
        if taste is None:
            return
        for product in event.products:
            if product in taste.shown or len(taste.shown) < SHOWN_MAX:
                taste.shown[product] = taste.shown.get(product, 0) + 1

    def _forget(self, buyer: int) -> None:
        owner = self.buyers.pop(buyer, None)
        if owner is None:
            return
        self.repute.forget(buyer)
        self.outcomes.forget(buyer, list(owner.visitors))
        self.comparisons.forget(buyer, owner.visitors)
        lists = (one for one in self.latest if one.buyer != buyer and one.visitor not in owner.visitors)
        self.latest = deque(lists, maxlen=LISTS_KEPT)
        self.baskets.forget(owner.basket)
        sessions = list(owner.sessions)
        for visitor in owner.visitors:
            taste = self.visitors.pop(visitor, None)
            sessions += taste.sessions if taste else ()
            for other in self.owners.pop(visitor) - {buyer}:
                self.buyers[other].visitors.discard(visitor)
        for session in sessions:
            self.looks.forget(session)

    # What questions need.

    def begin_sessions_at(self, number: int) -> None:
        """Leave the sessions below a number to who has filled the memory past the log, as a measurement does."""
        self._sessions = number

    def traits(self) -> Traits:
        """Give what products are like, as the kernels read it."""
        size = len(self.products)
        return Traits(self.starts[: size + 1], self.traits_of.ravel(), self.products.log_price)

    def history(self) -> History:
        """Give what can be learned from: looks, or baskets where there are more of those."""
        memory = self.looks if len(self.looks) >= len(self.baskets) else self.baskets
        return history_of(memory, max(len(self.products), memory.products), self.traits())

    def recent_of(self, visitor: bytes, buyer: int) -> list[int]:
        """Give what a visitor looked at, the latest last; of a buyer, on all their browsers."""
        taste = self.visitors.get(visitor)
        if taste is not None and taste.recent:
            return taste.recent
        theirs = [self.visitors[mark] for mark in self.buyers[buyer].visitors if mark in self.visitors] if (
            buyer in self.buyers
        ) else []  # fmt: skip
        return max(theirs, key=lambda one: one.at).recent if theirs else []

    def trending(self, now: int, limit: int) -> np.ndarray:
        """Give what is wanted most these days, or the newest where nothing is; shape [≤ limit].

        In a large shop only those are looked at that may be among them: the hot ones, and the newest.
        """
        table = self.products
        rows = np.arange(1, len(table))
        if len(rows) > HOT_MAX:
            hot = np.array(list(self._hot), np.int64)
            rows = np.union1d(hot, rows[-limit:])
        worth = table.trend[rows] * np.exp2((table.trend_at[rows] - now) / TREND_HALVES) + table.added_at[rows] * 1e-24
        count = min(limit, len(rows))
        if count <= 0:
            return np.zeros(0, np.int64)
        top = np.argpartition(-worth, count - 1)[:count]
        return rows[top[np.argsort(-worth[top], kind="stable")]]
