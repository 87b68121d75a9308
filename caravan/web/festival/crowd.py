"""The crowd: buyers with play money who order through the batch door of a running market, and one who counts the shelves."""

import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from caravan.client import Client, Refused, wire
from caravan.kernel.errors import Invalid, Outage
from caravan.kernel.money import Money
from caravan.web.festival.advice import Advice
from caravan.web.festival.plan import Plan, Wishes, units_wanted
from caravan.web.festival.score import Score, Sold

LISTINGS_MAX = 2_000
DOORBUSTERS = 150  # Listings that most want; units are brought in, and still they sell out in the evening.
BROUGHT_IN_SHARE = 0.8  # Of what the crowd will want of them.
WALLET_MINOR = 10**11
PAGE = 100
AT_ONCE = 8  # Requests on their way while the crowd gathers.
TRIES_S_MAX = 120  # For so long a market that is gone is waited for.
_TRY_AGAIN_S = 0.5
_PASSWORD = "festival play money"  # noqa: S105  # Of buyers whose e-mail addresses nobody can have.
_TAKEN = "email_taken"


class Stall(NamedTuple):
    """A listing that the crowd may buy."""

    listing: str
    product: str
    title: str
    category: str
    price: int


class Crowd:
    """Buyers with addresses and money, and the listings that they know."""

    def __init__(self, client: Client, plan: Plan, *, url: str) -> None:
        self._client, self._plan, self._url = client, plan, url
        self._run = uuid.uuid4().hex[:12]  # So that two festivals with one seed are two.
        self._sent = 0
        self._people: list[tuple[str, str]] = []
        self.stalls: list[Stall] = []
        self.currency = ""

    def gather(self, report: Callable[[str, int, int], None]) -> None:
        """Look at the shelves, register the buyers, put money into their wallets and units on the most wanted shelves."""
        self.currency = self._client.market().currency
        self._look(report)
        wanted = self.stalls[:DOORBUSTERS]
        units = (BROUGHT_IN_SHARE * units_wanted(self._plan, len(self.stalls))).astype(int) + 1
        with ThreadPoolExecutor(AT_ONCE) as hands:
            for person in hands.map(self._buyer, range(self._plan.buyers)):
                self._people.append(person)
                report("buyers", len(self._people), self._plan.buyers)
            for number, _ in enumerate(hands.map(self._bring_in, wanted, units.tolist()), start=1):
                report("doorbusters", number, len(wanted))

    def _bring_in(self, stall: Stall, quantity: int) -> None:
        self._client.change_stock(stall.listing, quantity, key=f"{self._run}-{stall.listing}")

    def _look(self, report: Callable[[str, int, int], None]) -> None:
        categories = {product.id: product.category for product in self._client.products(limit=PAGE)}
        for listing in self._client.listings(status="live", limit=PAGE):
            # What ships costs more than its price, and a price can be asked for only as a whole.
            price = listing.price.amount + listing.shipping.amount
            category = categories.get(listing.product, "").split("/")[0].strip() or "Other"
            self.stalls.append(Stall(listing.id, listing.product, listing.title, category, price))
            report("listings", len(self.stalls), LISTINGS_MAX)
            if len(self.stalls) == LISTINGS_MAX:
                break
        if not self.stalls:
            raise Invalid("This market has nothing on its shelves: start one with `caravan up --market demo`.")
        np.random.default_rng(self._plan.seed).shuffle(self.stalls)

    def _buyer(self, number: int) -> tuple[str, str]:
        """Register a buyer of the crowd, or find the one of the last festival with this seed."""
        email = f"crowd-{self._plan.seed}-{number}@festival.invalid"
        place = wire.Place(name="Crowd", line1="Fair 1", city="Porto", postcode="4000", country="PT")
        new = wire.NewBuyer(name="Crowd", email=email, password=_PASSWORD, country="PT", address=place)
        try:
            buyer = self._client.register(new)
            found = buyer.id, buyer.addresses[0]
        except Refused as refused:
            if refused.refusal != _TAKEN:
                raise
            found = self._known(email)
        self._client.top_up(
            found[0], Money(WALLET_MINOR, self.currency), method="festival", key=f"{self._run}-{number}"
        )
        return found

    def _known(self, email: str) -> tuple[str, str]:
        with Client(self._url) as own:
            own.log_in("buyer", email, _PASSWORD)
            return own.me().id, own.addresses()[0].id

    def order(self, wished: Wishes, score: Score, *, elapsed_s: Callable[[], float]) -> None:
        """Send the orders of one moment, and count the answers. A market that is gone is asked again, with the same keys."""
        if not len(wished.buyers):
            return
        table = self._table(wished)
        began = time.perf_counter()
        answers = self._answered(table, score)
        latency_ms = (time.perf_counter() - began) * 1_000
        refusals = answers.column("refusal").to_pylist()
        is_placed = np.array([not refusal for refusal in refusals])
        placed, by_category = self._counted(wished, is_placed)
        refused = Counter(refusal for refusal in refusals if refusal)
        amounts = self._prices()[wished.listings] * wished.quantities
        recommended = int(amounts[wished.is_recommended & is_placed[wished.rows]].sum())
        score.add(placed, refused, by_category, recommended=recommended, latency_ms=latency_ms, elapsed_s=elapsed_s())

    def _answered(self, table: pa.Table, score: Score) -> pa.Table:
        deadline = time.monotonic() + TRIES_S_MAX
        while True:
            try:
                return self._client.place_orders(table)
            except Outage:
                if time.monotonic() > deadline:
                    raise
                score.went_dark()
                time.sleep(_TRY_AGAIN_S)

    def advice(self) -> Advice:
        """Give what will know the market's recommendations beside the listings of this crowd."""
        return Advice(
            {stall.product: place for place, stall in enumerate(self.stalls)}, [stall.product for stall in self.stalls]
        )

    def _prices(self) -> np.ndarray:
        return np.array([stall.price for stall in self.stalls], np.int64)

    def _table(self, wished: Wishes) -> pa.Table:
        count = len(wished.buyers)
        totals = np.zeros(count, np.int64)
        np.add.at(totals, wished.rows, self._prices()[wished.listings] * wished.quantities)
        offsets = np.searchsorted(wished.rows, np.arange(count + 1)).astype(np.int32)
        listings = pa.array([self.stalls[place].listing for place in wished.listings.tolist()], pa.string())
        people = [self._people[place] for place in wished.buyers.tolist()]
        keys = [f"festival-{self._run}-{self._sent + place}" for place in range(count)]
        self._sent += count
        return pa.table(
            {
                "key": keys,
                "buyer": [buyer for buyer, _ in people],
                "address": [address for _, address in people],
                "expected_total": totals,
                "listings": pa.ListArray.from_arrays(offsets, listings),
                "quantities": pa.ListArray.from_arrays(offsets, pa.array(wished.quantities, pa.int64())),
            }
        )

    def _counted(self, wished: Wishes, is_placed: np.ndarray) -> tuple[list[Sold], Counter[str]]:
        by_category: Counter[str] = Counter()
        placed: dict[int, Sold] = {}
        lines = zip(wished.rows.tolist(), wished.listings.tolist(), wished.quantities.tolist(), strict=True)
        for row, place, quantity in lines:
            if not is_placed[row]:
                continue
            stall = self.stalls[place]
            by_category[stall.category] += stall.price * quantity
            before = placed[row].amount if row in placed else 0
            placed[row] = Sold(stall.title, stall.category, before + stall.price * quantity)
        return list(placed.values()), by_category


def oversold(client: Client) -> tuple[int, int]:
    """Count the shelves: how many SKUs there are, and how many units fewer than none the ledger says are on them."""
    available = [listing.available for listing in client.listings(limit=PAGE)]
    return len(available), sum(-units for units in available if units < 0)
