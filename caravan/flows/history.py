"""History moves in: a shop's past goes through the same flows as live traffic, at the times at which it happened.

Everything can be stopped and run again: what is there already, by its reference in the source, is passed over.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, fields
from functools import partial
from hashlib import blake2b
from itertools import groupby
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from caravan.cell import Cell
from caravan.flows import arrivals, checkout, opening, people, selling, settlement
from caravan.flows.baskets import Baskets, select
from caravan.flows.house import House, integers
from caravan.flows.judgment import Verdict
from caravan.insight.identity import Vault
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.errors import Invalid, Refusal, code
from caravan.kernel.ids import ListingId, SellerId
from caravan.kernel.money import alphabetic, numeric
from caravan.trade import catalog
from caravan.trade.orders import LASTING
from caravan.world import partners
from caravan.world.partners import History

_WAITING_MAX = 48  # Commands on their way at once; more would only wait in the cell.
_SEALED_AT_ONCE = 4_000

Progress = Callable[[str, int, int], None]


class OtherCurrency(Refusal):
    """This market trades in another currency than the history."""


@dataclass
class Tally:
    """What became of a history: every input row is in `accepted` or in `rejects`."""

    read: int = 0
    accepted: int = 0
    orders: int = 0
    rejects: pa.Table = field(default_factory=partners.REJECTS.empty_table)
    money: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def by_reason(self) -> dict[str, int]:
        """Count the rejected rows by reason."""
        return dict(Counter(self.rejects.column("reason").to_pylist()).most_common())


def move_in(cell: Cell[House], vault: Vault, history: History, progress: Progress) -> Tally:
    """Take a history in. Refuses one in another currency than the market's; opens a market where there is none."""
    _open_market(cell, history)
    sellers = _bring_sellers(cell, history, progress)
    listings = _bring_listings(cell, history, sellers, progress)
    buyers = _bring_buyers(cell, vault, history, progress)
    days = _Days(cell, history, sellers=sellers, listings=listings, buyers=buyers)
    refused = days.run(progress)
    return _tally(cell, history, days, refused)


# The people and the pages.


def _open_market(cell: Cell[House], history: History) -> None:
    market = cell.ask(lambda house: house.markets.market)
    if market is None:
        first = opening.Opening(f"{history.source} market", history.currency)
        cell.do(opening.open_market, first, at=first_time(history))
    elif market.currency != history.currency:
        raise OtherCurrency(f"This market trades in {market.currency}, the history in {history.currency}.")


def first_time(history: History) -> Instant:
    """Give the time at which a history begins: its market is opened then."""
    times = [pc.min(history.sellers.column("applied_at")), pc.min(history.orders.column("placed_at"))]
    known = [time.cast(pa.int64()).as_py() for time in times if time.is_valid]
    return Instant(min(known, default=0))


def _bring_sellers(cell: Cell[House], history: History, progress: Progress) -> np.ndarray:
    """Let the source's sellers in; give their numbers, by row. A seller's own story says when they applied."""
    table = history.sellers
    queue = _Queue(cell)
    names = [f"{history.source}:{reference}" for reference in table.column("reference").to_pylist()]
    known = cell.ask(lambda house: dict(house.partners.references))
    times = _micros(table, "applied_at")
    for row, (name, seller) in enumerate(zip(names, table.to_pylist(), strict=True)):
        if name in known:
            continue
        application = partners.Application(
            name=seller["name"], country=seller["country"], city=seller["city"], postcode=seller["postcode"],
            description=seller["description"], reference=name,
        )  # fmt: skip
        queue.put(arrivals.admit_seller, application, at=int(times[row]))
        progress("sellers", row, len(names))
    queue.finish()
    progress("sellers", len(names), len(names))
    known = cell.ask(lambda house: dict(house.partners.references))
    return integers([known[name] for name in names]) if names else np.zeros(0, np.int64)


def _bring_listings(cell: Cell[House], history: History, sellers: np.ndarray, progress: Progress) -> np.ndarray:
    """Put the source's listings on offer, by the day; give their numbers, by row."""
    table = history.listings
    if not table.num_rows:
        return np.zeros(0, np.int64)
    merchants = sellers[_places(table.column("seller"), history.sellers)]
    pages = history.products.to_pylist()
    products = _places(table.column("product"), history.products)
    times = _micros(table, "listed_at")
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    queue = _Queue(cell)
    order = np.argsort(times, kind="stable")
    for _, day in groupby(order.tolist(), key=lambda row: int(times[row]) // DAY):
        rows = list(day)
        offers = []
        for row in rows:
            draft = catalog.ListingDraft(
                price_minor=columns["price_minor"][row], shipping_minor=columns["shipping_minor"][row],
                currency=history.currency, reference=f"{history.source}:{columns['reference'][row]}",
            )  # fmt: skip
            page = _page(history, pages[products[row]])
            offers.append(selling.Offer(page=page, options=((columns["option"][row], draft),), joins_page=True))
        stocked = arrivals.Stocked(
            selling.Offers([SellerId(int(merchants[row])) for row in rows], offers),
            [(columns["on_hand"][row],) for row in rows],
        )
        queue.put(arrivals.bring_offers, stocked, at=int(times[rows[0]]))
        progress("listings", rows[-1], table.num_rows)
    queue.finish()
    progress("listings", table.num_rows, table.num_rows)
    names = [f"{history.source}:{reference}" for reference in columns["reference"]]
    known = cell.ask(lambda house: dict(house.catalog.references))
    return integers([known[int(seller), name] for seller, name in zip(merchants, names, strict=True)])


def _page(history: History, product: dict[str, Any]) -> catalog.ProductDraft:
    return catalog.ProductDraft(
        title=product["title"], description=product["description"], category=product["category"],
        brand=product["brand"], gtin=product["gtin"], attributes=dict(product["attributes"] or ()),
        image=product["image"], weight_grams=product["weight_grams"],
        reference=f"{history.source}:{product['reference']}",
    )  # fmt: skip


def _bring_buyers(cell: Cell[House], vault: Vault, history: History, progress: Progress) -> np.ndarray:
    """Register the source's buyers, by the day; give their numbers, by row. Who they are is sealed on the way."""
    table = history.buyers
    names = [vault.mark(f"{history.source}:{name}").hex() for name in table.column("reference").to_pylist()]
    known = cell.ask(lambda house: dict(house.identity.references))
    times = _micros(table, "registered_at")
    rows_in_time = [row for row in np.argsort(times, kind="stable").tolist() if names[row] not in known]
    people_of = table.to_pylist()
    queue = _Queue(cell)
    for first in range(0, len(rows_in_time), _SEALED_AT_ONCE):
        rows = rows_in_time[first : first + _SEALED_AT_ONCE]
        contacts = [{"name": people_of[row]["name"], "email": people_of[row]["email"]} for row in rows]
        sealed = vault.seal([msgspec.json.encode(contact) for contact in contacts])
        places = vault.seal_each([msgspec.json.encode(_place(people_of[row])) for row in rows], like=sealed)
        new = {
            row: people.NewBuyer(
                email_mark=vault.mark(people_of[row]["email"].lower()) if people_of[row]["email"] else b"",
                contact=contact, country=people_of[row]["country"], address=place, reference=names[row],
            )
            for row, contact, place in zip(rows, sealed, places, strict=True)
        }  # fmt: skip
        for _, day in groupby(rows, key=lambda row: int(times[row]) // DAY):
            of_day = list(day)
            queue.put(people.register_buyers, [new[row] for row in of_day], at=int(times[of_day[0]]))
        progress("buyers", first + len(rows), len(rows_in_time))
    queue.finish()
    known = cell.ask(lambda house: dict(house.identity.references))
    return integers([known[name] for name in names]) if names else np.zeros(0, np.int64)


def _place(person: dict[str, Any]) -> dict[str, str]:
    return {
        "name": person["name"], "line1": "", "city": person["city"], "postcode": person["postcode"],
        "country": person["country"],
    }  # fmt: skip


# The days: orders are placed, called off, handed over, delivered, settled, returned, paid out.


class _Queue:
    """Commands on their way, in order, a bounded number at once; an answer is handled as its turn comes."""

    def __init__(self, cell: Cell[House]) -> None:
        self._cell = cell
        self._waiting: deque[tuple[Future[Any], Callable[[Any], None] | None]] = deque()

    def put(
        self, flow: Callable[..., Any], argument: object, *, at: int, then: Callable[[Any], None] | None = None
    ) -> None:
        while len(self._waiting) >= _WAITING_MAX:
            self._take()
        self._waiting.append((self._cell.submit(flow, argument, at=Instant(at)), then))

    def finish(self) -> None:
        while self._waiting:
            self._take()

    def _take(self) -> None:
        future, then = self._waiting.popleft()
        if then is None:
            future.result()
            return
        try:
            then(future.result())
        except Refusal as refusal:
            then(refusal)


class _Days:
    """The orders of a history, laid out by the time at which each thing happened."""

    def __init__(
        self, cell: Cell[House], history: History, *, sellers: np.ndarray, listings: np.ndarray, buyers: np.ndarray
    ) -> None:
        self._cell = cell
        self._history = history
        self._sellers, self._listings = sellers, listings
        orders = history.orders
        names = orders.column("reference").to_pylist()
        self.marks = _marks(history.source, names)
        self._methods, self._names = orders.column("method").to_pylist(), names
        self._at = _micros(orders, "placed_at")
        self._paid = orders.column("paid_minor").to_numpy()
        self._baskets = self._lay_out(buyers)
        self.refused: dict[int, str] = {}  # by row of orders
        self.returns_refused: dict[int, str] = {}  # by row of returns

    def _lay_out(self, buyers: np.ndarray) -> Baskets:
        history, count = self._history, len(self._at)
        lines = history.lines
        rows = _places(lines.column("order"), history.orders)
        order = np.argsort(rows, kind="stable")
        column = {
            name: lines.column(name).to_numpy()[order] for name in ("quantity", "unit_price_minor", "shipping_minor")
        }
        rows = rows[order]
        totals = np.zeros(count, np.int64)
        np.add.at(totals, rows, column["quantity"] * column["unit_price_minor"] + column["shipping_minor"])
        owners = buyers[_places(history.orders.column("buyer"), history.buyers)] if count else np.zeros(0, np.int64)
        addresses = self._cell.ask(
            lambda house: [(house.identity.buyers[buyer].addresses or [0])[0] for buyer in owners.tolist()]
        )
        return Baskets(
            at=self._at, buyers=owners, sessions=np.zeros(count, np.int64),
            addresses=np.array(addresses, np.int64), units=np.full(count, numeric(history.currency), np.int64),
            expected=totals, marks_high=self.marks[0], marks_low=self.marks[1], rows=rows,
            listings=self._listings[_places(lines.column("listing"), history.listings)][order] if len(rows) else rows,
            quantities=column["quantity"], unit_prices=column["unit_price_minor"],
            shipping=column["shipping_minor"], holds=np.zeros(len(rows), np.int64), locations=np.zeros(len(rows), np.int64),
        )  # fmt: skip

    def run(self, progress: Progress) -> dict[int, str]:
        """Live through the days in order; give the orders that were refused, by row, and why."""
        happenings = [
            (arrivals.bring_cancellations, self._cancellations()),
            (arrivals.bring_handovers, self._parcels("handed_over_at")),
            (arrivals.bring_deliveries, self._parcels("delivered_at")),
            (arrivals.bring_rulings, self._parcels("settled_at")),
        ]
        returned = self._returns()
        first, last = self._span([deed for _, deed in happenings], returned)
        queue = _Queue(self._cell)
        now = self._cell.clock.now()
        for day in range(first, last + 1):
            end = min((day + 1) * DAY, now)  # Nothing is settled or paid out ahead of its time.
            self._place(queue, day)
            for flow, deed in happenings:
                part = _of_day(deed, day)
                if len(part.at):
                    queue.put(flow, part, at=int(part.at[0]))
            queue.put(settlement.release_due, None, at=end)
            for row, at, back in returned.get(day, ()):
                queue.put(arrivals.bring_return, back, at=at, then=partial(self._note_return, row))
            queue.put(settlement.pay_out_due, None, at=end)
            progress("days", day - first, last + 1 - first)
        queue.finish()
        progress("days", last + 1 - first, last + 1 - first)
        return self.refused

    def _span(self, deeds: Sequence[arrivals.Deed], returned: dict[int, Any]) -> tuple[int, int]:
        times = np.concatenate([self._at, *(deed.at for deed in deeds), integers(list(returned)) * DAY])
        return (int(times.min()) // DAY, int(times.max()) // DAY) if len(times) else (0, -1)

    def paid(self, refused: dict[int, str]) -> int:
        """Give what buyers paid for the orders that were not refused."""
        taken = np.ones(len(self._paid), np.bool_)
        taken[list(refused)] = False
        return int(self._paid[taken].sum())

    def _place(self, queue: _Queue, day: int) -> None:
        begin, end = np.searchsorted(self._at, [day * DAY, (day + 1) * DAY]).tolist()
        for first in range(begin, end, checkout.PURCHASES_PER_REQUEST_MAX):
            rows = np.arange(first, min(end, first + checkout.PURCHASES_PER_REQUEST_MAX))
            arrived = arrivals.Arrivals(
                baskets=select(self._baskets, rows), paid=self._paid[rows],
                methods=self._methods[first : rows[-1] + 1], references=self._names[first : rows[-1] + 1],
            )  # fmt: skip
            queue.put(
                arrivals.bring_purchases, arrived, at=int(self._at[first]),
                then=partial(self._note_placed, rows),
            )  # fmt: skip

    def _note_placed(self, rows: np.ndarray, answer: checkout.Placement | Refusal) -> None:
        if isinstance(answer, Refusal):
            self.refused.update(dict.fromkeys(rows.tolist(), code(answer)))
            return
        for row in np.flatnonzero(answer.verdicts):
            self.refused[int(rows[row])] = Verdict(int(answer.verdicts[row])).name.lower()

    def _note_return(self, row: int, answer: bool | Refusal) -> None:  # noqa: FBT001
        if isinstance(answer, Refusal):
            self.returns_refused[row] = code(answer)
        elif not answer:
            self.returns_refused[row] = "order_rejected"

    def _cancellations(self) -> arrivals.Deed:
        rows = np.flatnonzero(self._history.orders.column("canceled_at").is_valid().to_numpy(zero_copy_only=False))
        return self._deed(rows, _micros(self._history.orders, "canceled_at")[rows], None, None)

    def _parcels(self, when: str) -> arrivals.Deed:
        parcels = self._history.parcels
        rows = np.flatnonzero(parcels.column(when).is_valid().to_numpy(zero_copy_only=False))
        orders = _places(parcels.column("order"), self._history.orders)[rows]
        sellers = self._sellers[_places(parcels.column("seller"), self._history.sellers)[rows]]
        return self._deed(orders, _micros(parcels, when)[rows], sellers, _micros(parcels, "promised_at")[rows])

    def _deed(
        self, orders: np.ndarray, at: np.ndarray, sellers: np.ndarray | None, promised_at: np.ndarray | None
    ) -> arrivals.Deed:
        nothing = np.zeros(len(orders), np.int64)
        order = np.argsort(at, kind="stable")
        columns = (
            at, self.marks[0][orders], self.marks[1][orders], nothing if sellers is None else sellers,
            nothing if promised_at is None else promised_at,
        )  # fmt: skip
        return arrivals.Deed(*(column[order] for column in columns))

    def _returns(self) -> dict[int, list[tuple[int, int, arrivals.Homecoming]]]:
        table = self._history.returns
        found: dict[int, list[tuple[int, int, arrivals.Homecoming]]] = {}
        if not table.num_rows:
            return found
        orders = _places(table.column("order"), self._history.orders)
        listings = self._listings[_places(table.column("listing"), self._history.listings)]
        quantities, refunds = (table.column(name).to_numpy() for name in ("quantity", "refund_minor"))
        times = _micros(table, "returned_at")
        until_now: Counter[tuple[int, int]] = Counter()
        for row in np.argsort(times, kind="stable").tolist():
            key = int(orders[row]), int(listings[row])
            until_now[key] += int(quantities[row])
            back = arrivals.Homecoming(
                int(self.marks[0][key[0]]), int(self.marks[1][key[0]]), ListingId(key[1]), int(quantities[row]),
                int(refunds[row]), until_now[key],
            )  # fmt: skip
            found.setdefault(int(times[row]) // DAY, []).append((row, int(times[row]), back))
        return found


def _of_day(deed: arrivals.Deed, day: int) -> arrivals.Deed:
    begin, end = np.searchsorted(deed.at, [day * DAY, (day + 1) * DAY]).tolist()
    return arrivals.Deed(*(getattr(deed, column.name)[begin:end] for column in fields(arrivals.Deed)))


def _marks(source: str, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    digests = [blake2b(f"{source}/{name}".encode(), digest_size=16).digest() for name in names]
    pairs = np.frombuffer(b"".join(digests), np.int64).reshape(-1, 2)
    return pairs[:, 0].copy(), pairs[:, 1] | LASTING


def _places(values: pa.ChunkedArray, table: pa.Table) -> np.ndarray:
    """Give the row of a table that each value is the reference of."""
    found = pc.index_in(values, value_set=table.column("reference").combine_chunks())
    if found.null_count:
        missing = values.filter(found.is_null())[0].as_py()
        raise Invalid(f"The history names {missing!r}, which is nowhere in it.", value=missing)
    return np.asarray(found.to_numpy(), np.int64)


def _micros(table: pa.Table, name: str) -> np.ndarray:
    """Give a column of times in microseconds, 0 where there is none."""
    return np.asarray(pc.fill_null(table.column(name).cast(pa.int64()), 0).to_numpy(), np.int64)


# The account of it all.


def _tally(cell: Cell[House], history: History, days: _Days, refused: dict[int, str]) -> Tally:
    rejects = [history.rejects]
    names = history.orders.column("reference").to_pylist()
    reasons = {names[row]: reason for row, reason in refused.items()}
    back = history.returns.column("reference").to_pylist()
    return_reasons = {back[row]: reason for row, reason in days.returns_refused.items()}
    accepted = history.sources.num_rows
    for tables, why in ((("orders", "lines", "parcels", "payments"), reasons), (("returns",), return_reasons)):
        if not why:
            continue
        of_order = pc.and_(
            pc.is_in(history.sources.column("table"), pa.array(tables)),
            pc.is_in(history.sources.column("reference"), pa.array(list(why))),
        )
        rows = history.sources.filter(of_order)
        accepted -= rows.num_rows
        references = rows.column("reference").to_pylist()
        rejects.append(
            pa.table(
                {
                    "file": rows.column("file"), "row": rows.column("row"), "field": rows.column("table"),
                    "reason": [why[reference] for reference in references], "value": references,
                },
                schema=partners.REJECTS,
            )
        )  # fmt: skip
    money = cell.ask(_money, days.marks)
    for currency, sums in money.items():
        paid = days.paid(refused)
        money[currency] = {"paid": paid, "suspense": paid - sums["ordered"], **sums}
    orders = len(names) - len(refused)
    tally = Tally(history.read, accepted, orders, pa.concat_tables(rejects), money)
    assert tally.read == tally.accepted + tally.rejects.num_rows, (tally.read, tally.accepted, tally.rejects.num_rows)
    return tally


def _money(house: House, marks: tuple[np.ndarray, np.ndarray]) -> dict[str, dict[str, int]]:
    """Follow the money of the purchases that came in by these marks, in minor units of each currency."""
    purchases = np.unique(house.orders.find_marks(*marks))
    is_ours = np.zeros(len(house.orders.purchases), np.bool_)
    is_ours[purchases[purchases > 0]] = True
    orders = np.flatnonzero(is_ours[house.orders.orders.purchase] & (house.orders.orders.purchase > 0))
    money, table = house.payments.money, house.orders.orders
    found: dict[str, dict[str, int]] = {}
    for unit in np.unique(table.unit[orders]).tolist():
        chosen = orders[table.unit[orders] == unit]
        refunded_after = (money.refunded - money.refunded_before)[chosen]
        sums = {
            "ordered": table.total[chosen],
            "held": (money.authorized - money.captured - money.voided)[chosen],
            "voided": money.voided[chosen],
            "captured": money.captured[chosen],
            "refunded": money.refunded[chosen],
            "released": money.released[chosen],
            "fees": np.where(money.released_at[chosen] != 0, table.fee[chosen], 0) - money.fee_refunded[chosen],
            "refunded_after_release": refunded_after,
            "in_escrow": (money.captured - money.refunded_before - money.released)[chosen],
        }
        found[alphabetic(unit)] = {name: int(values.sum()) for name, values in sums.items()}
    return found
