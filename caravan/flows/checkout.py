"""Checkout: quotes become purchases, thousands at a time; stock is committed and money held in one ledger entry each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from caravan.cell import Batch, Ragged, Section
from caravan.flows.house import House, answered, integers
from caravan.insight import identity
from caravan.kernel.clock import Instant
from caravan.kernel.errors import CaravanError, Invalid, NotFound, Refusal
from caravan.kernel.ids import AddressId, BuyerId, ListingId, PurchaseId, SessionId
from caravan.kernel.money import AMOUNT_MAX, numeric
from caravan.trade import catalog, ledger, orders, payments
from caravan.world import markets, partners

PURCHASES_PER_REQUEST_MAX = 8_192
LINES_PER_PURCHASE_MAX = 100
UNITS_PER_LINE_MAX = orders.UNITS_PER_LINE_MAX


class AlreadyPlaced(Refusal):
    """A purchase with this mark has been placed already."""


class Verdict(IntEnum):
    """Why a purchase of many was refused; 0 is placed."""

    PLACED = 0
    OUT_OF_STOCK = 1
    INSUFFICIENT_FUNDS = 2
    NOT_ON_OFFER = 3
    SELLER_NOT_ACTIVE = 4
    TOTAL_CHANGED = 5
    INVALID = 6
    RESERVATION_EXPIRED = 7
    ALREADY_PLACED = 8
    ENTRY_REFUSED = 9
    NOT_FOUND = 10
    BUYER_LIMIT_REACHED = 11
    IDEMPOTENCY_CONFLICT = 12


@dataclass(frozen=True)
class Baskets:
    """Purchases to place, in columns. Purchase columns are int64 [n], line columns [m]; `rows` says whose line it is.

    `expected` is what each buyer agreed to pay in all. `holds` are the ledger's, 0 where nothing was reserved before.
    `marks_high` and `marks_low` hash where a purchase comes from, so that it is placed once; both 0 for none.
    """

    at: np.ndarray
    buyers: np.ndarray
    sessions: np.ndarray
    addresses: np.ndarray
    units: np.ndarray
    expected: np.ndarray
    marks_high: np.ndarray
    marks_low: np.ndarray
    rows: np.ndarray
    listings: np.ndarray
    quantities: np.ndarray
    unit_prices: np.ndarray
    shipping: np.ndarray
    holds: np.ndarray

    def __len__(self) -> int:
        """Give the number of purchases."""
        return len(self.buyers)


class Placement(NamedTuple):
    """What became of baskets: purchase numbers (0: refused) and a Verdict each; int64 [n]."""

    purchases: np.ndarray
    verdicts: np.ndarray


class Completion(NamedTuple):
    """A buyer's last click: this session, at this total."""

    session: SessionId
    buyer: BuyerId
    expected_minor: int


class DirectOrder(NamedTuple):
    """An order without a session before it, at the prices of the catalog."""

    buyer: BuyerId
    address: AddressId
    currency: str
    expected_minor: int
    lines: tuple[tuple[ListingId, int], ...]


def place_baskets(house: House, requests: Sequence[Baskets], *, now: Instant) -> Batch:  # noqa: ARG001  # Baskets carry their own time.
    """Place all purchases of several requests in order; each answer is a Placement."""
    joined = _join(requests) if len(requests) > 1 else requests[0]
    facts, placed, verdicts, _ = _place(house, joined)
    answers = []
    first = 0
    for request in requests:
        span = slice(first, first + len(request))
        answers.append(Placement(placed[span], verdicts[span]))
        first += len(request)
    return answered(facts, answers)


def complete_sessions(house: House, requests: Sequence[Completion], *, now: Instant) -> Batch:
    """Complete checkout sessions that arrived together; each answer is a PurchaseId or the refusal."""
    wanted: list[Baskets | CaravanError] = []
    taken: set[int] = set()
    for request in requests:
        try:
            wanted.append(_session_basket(house, request, taken, now=now))
        except CaravanError as refusal:
            wanted.append(refusal)
    return _place_each(house, wanted)


def order_directly(house: House, requests: Sequence[DirectOrder], *, now: Instant) -> Batch:
    """Place orders at catalog prices without a session; each answer is a PurchaseId or the refusal."""
    wanted: list[Baskets | CaravanError] = []
    for request in requests:
        try:
            wanted.append(_direct_basket(house, request, now=now))
        except CaravanError as refusal:
            wanted.append(refusal)
    return _place_each(house, wanted)


def _place_each(house: House, wanted: Sequence[Baskets | CaravanError]) -> Batch:
    """Place single purchases, some of which may have been refused before they got here."""
    baskets = [basket for basket in wanted if isinstance(basket, Baskets)]
    if not baskets:
        return answered((), wanted)
    facts, placed, verdicts, culprits = _place(house, _join(baskets))
    results: list[object] = [
        _refusal(house, int(verdict), int(culprit)) if verdict else PurchaseId(int(purchase))
        for purchase, verdict, culprit in zip(placed, verdicts, culprits, strict=True)
    ]
    decided = iter(results)
    answers = [refusal if isinstance(refusal, CaravanError) else next(decided) for refusal in wanted]
    return answered(facts, answers)


def _session_basket(house: House, request: Completion, taken: set[int], *, now: Instant) -> Baskets:
    session = orders.session_of(house.orders, request.session)
    if session.buyer != request.buyer:
        raise NotFound("There is no such checkout session.")
    if session.status == orders.SessionStatus.COMPLETED or request.session in taken:
        raise orders.SessionNotReady("This checkout is completed already.")
    if session.status == orders.SessionStatus.EXPIRED or 0 < session.expires_at <= now:
        raise ledger.ReservationExpired
    if session.status != orders.SessionStatus.READY:
        raise orders.SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    taken.add(request.session)
    return Baskets(
        at=integers(now), buyers=integers(session.buyer), sessions=integers(session.session),
        addresses=integers(session.address), units=integers(numeric(session.currency)),
        expected=integers(request.expected_minor), marks_high=integers(0), marks_low=integers(0),
        rows=np.zeros(len(session.lines), np.int64),
        listings=integers([line.listing for line in session.lines]),
        quantities=integers([line.quantity for line in session.lines]),
        unit_prices=integers([line.unit_price_minor for line in session.lines]),
        shipping=integers([line.shipping_minor for line in session.lines]),
        holds=integers(list(session.holds)),
    )  # fmt: skip


def _direct_basket(house: House, request: DirectOrder, *, now: Instant) -> Baskets:
    if not 0 < len(request.lines) <= LINES_PER_PURCHASE_MAX:
        raise Invalid(f"An order has 1 to {LINES_PER_PURCHASE_MAX} lines.", field="lines")
    table = house.catalog.listings
    listings = integers([listing for listing, _ in request.lines])
    quantities = integers([quantity for _, quantity in request.lines])
    if len(set(listings.tolist())) != len(listings):
        raise Invalid("A listing stands in one line of an order.", field="lines")
    if (listings <= 0).any() or (listings >= len(table)).any():
        raise NotFound("There is no such listing.")
    limit = house.markets.policy.units_per_buyer_max
    if ((quantities > limit) & (quantities <= orders.UNITS_PER_LINE_MAX)).any():
        raise orders.BuyerLimitReached(f"At most {limit} units for one buyer.", limit=limit)
    if request.address and identity.address_of(house.identity, request.address).buyer != request.buyer:
        raise NotFound("There is no such address.")
    return Baskets(
        at=integers(now), buyers=integers(request.buyer), sessions=integers(0), addresses=integers(request.address),
        units=integers(numeric(request.currency)), expected=integers(request.expected_minor),
        marks_high=integers(0), marks_low=integers(0), rows=np.zeros(len(listings), np.int64), listings=listings,
        quantities=quantities, unit_prices=table.price[listings], shipping=table.shipping[listings] * quantities,
        holds=np.zeros(len(listings), np.int64),
    )  # fmt: skip


def _join(requests: Sequence[Baskets]) -> Baskets:
    if len(requests) == 1:
        return requests[0]
    firsts = np.cumsum([0] + [len(request) for request in requests])
    columns = {
        field.name: np.concatenate([getattr(request, field.name) for request in requests]) for field in fields(Baskets)
    }
    columns["rows"] = np.concatenate([request.rows + first for request, first in zip(requests, firsts, strict=False)])
    return Baskets(**columns)


def select(baskets: Baskets, rows: np.ndarray) -> Baskets:
    """Give these purchases alone, with their lines; `rows` int64, rising."""
    place = np.full(len(baskets), -1, np.int64)
    place[rows] = np.arange(len(rows))
    lines = np.flatnonzero(place[baskets.rows] >= 0)
    per_line = {"rows", "listings", "quantities", "unit_prices", "shipping", "holds"}
    columns = {
        column.name: getattr(baskets, column.name)[lines if column.name in per_line else rows]
        for column in fields(Baskets)
    }
    return Baskets(**columns | {"rows": place[columns["rows"]]})


def _place(house: House, baskets: Baskets) -> tuple[list[Section], np.ndarray, np.ndarray, np.ndarray]:
    """Decide baskets in order; give the facts, purchase numbers, verdicts and the ledger accounts at fault."""
    verdicts = judge(house, baskets)
    _judge_accounts(house, baskets, verdicts)
    lines = _Lines.of(house, baskets, verdicts)
    fees, fee_taxes = markets.fees(
        house.markets,
        sellers=lines.sellers,
        quantities=lines.quantities,
        prices_minor=lines.unit_prices * lines.quantities,
        in_category=lambda category: _in_category(house, lines.skus, category),
    )
    outcomes = _record(house, baskets, lines, verdicts)
    recorded = np.flatnonzero((verdicts == 0) & outcomes.recorded)
    failed = (verdicts == 0) & ~outcomes.recorded
    verdicts[failed] = _verdicts_of(house, outcomes, failed)
    placed = np.zeros(len(baskets), np.int64)
    if not len(recorded):
        return list(outcomes.facts), placed, verdicts, outcomes.culprits
    facts, placed[recorded] = _note(house, baskets, lines, fees, fee_taxes, outcomes, recorded)
    return [*outcomes.facts, *facts], placed, verdicts, outcomes.culprits


@dataclass(frozen=True)
class _Lines:
    """The lines of purchases that passed the first checks, sorted by purchase and seller: orders are runs of them."""

    rows: np.ndarray
    listings: np.ndarray
    sellers: np.ndarray
    skus: np.ndarray
    locations: np.ndarray
    quantities: np.ndarray
    unit_prices: np.ndarray
    shipping: np.ndarray
    holds: np.ndarray
    order_starts: np.ndarray  # where each order's run begins

    @staticmethod
    def of(house: House, baskets: Baskets, verdicts: np.ndarray) -> "_Lines":
        kept = np.flatnonzero(verdicts[baskets.rows] == 0)
        table = house.catalog.listings
        sellers = table.seller[baskets.listings[kept]]
        order = kept[np.lexsort((sellers, baskets.rows[kept]))]
        rows, listings = baskets.rows[order], baskets.listings[order]
        sellers = table.seller[listings]
        is_first = np.ones(len(order), np.bool_)
        is_first[1:] = (rows[1:] != rows[:-1]) | (sellers[1:] != sellers[:-1])
        return _Lines(
            rows=rows, listings=listings, sellers=sellers, skus=table.sku[listings],
            locations=table.location[listings], quantities=baskets.quantities[order],
            unit_prices=baskets.unit_prices[order], shipping=baskets.shipping[order], holds=baskets.holds[order],
            order_starts=np.flatnonzero(is_first),
        )  # fmt: skip

    @property
    def totals(self) -> np.ndarray:
        totals: np.ndarray = self.unit_prices * self.quantities + self.shipping
        return totals

    def per_order(self, values: np.ndarray) -> np.ndarray:
        """Sum a line column by order."""
        return np.add.reduceat(values, self.order_starts) if len(self.order_starts) else values[:0]


def _judge_accounts(house: House, baskets: Baskets, verdicts: np.ndarray) -> None:
    """Refuse what needs an account that was never opened: no stock was ever received, no money ever put in."""
    table = house.catalog.listings
    listings = np.where(verdicts[baskets.rows] == 0, baskets.listings, 0)
    stocks = house.ledger.find(ledger.Kind.AVAILABLE, table.location[listings], table.sku[listings])
    wallets = house.ledger.find(ledger.Kind.WALLET, baskets.buyers, baskets.units)
    verdicts[(verdicts == 0) & (wallets == 0)] = Verdict.INSUFFICIENT_FUNDS
    verdicts[(verdicts == 0) & _any_line(baskets, stocks == 0)] = Verdict.OUT_OF_STOCK


def judge(house: House, baskets: Baskets) -> np.ndarray:
    """Give a Verdict on what can be seen without the ledger: 0, or why not; int64 [n]."""
    verdicts = np.zeros(len(baskets), np.int64)
    table = house.catalog.listings
    known = (baskets.listings > 0) & (baskets.listings < len(table))
    listings = np.where(known, baskets.listings, 0)
    sane = (
        known
        & (baskets.quantities > 0)
        & (baskets.quantities <= orders.UNITS_PER_LINE_MAX)
        & (baskets.unit_prices > 0)
        & (baskets.unit_prices <= AMOUNT_MAX // np.maximum(baskets.quantities, 1))
        & (baskets.shipping >= 0)
        & (baskets.shipping <= AMOUNT_MAX)
        & (table.unit[listings] == baskets.units[baskets.rows])
    )
    sellers = table.seller[listings]
    is_live = (table.status[listings] == catalog.ListingStatus.LIVE) | (baskets.holds > 0)
    buyers_known = (baskets.buyers > 0) & (baskets.buyers < len(house.identity.buyers))
    totals = np.zeros(len(baskets), np.int64)
    np.add.at(totals, baskets.rows[sane], (baskets.unit_prices * baskets.quantities + baskets.shipping)[sane])
    marked = orders.purchase_of_mark(house.orders, (baskets.marks_high, baskets.marks_low))
    has_lines = np.bincount(baskets.rows, minlength=len(baskets)) > 0
    # In rising order of weight: of several faults, the one that is written last is told.
    for verdict, is_faulty in (
        (Verdict.TOTAL_CHANGED, totals != baskets.expected),
        (Verdict.SELLER_NOT_ACTIVE, _any_line(baskets, ~house.partners.active[sellers])),
        (Verdict.NOT_ON_OFFER, _any_line(baskets, ~is_live)),
        (
            Verdict.BUYER_LIMIT_REACHED,
            _any_line(baskets, baskets.quantities > house.markets.policy.units_per_buyer_max),
        ),
        (Verdict.NOT_FOUND, _foreign_addresses(house, baskets)),
        (Verdict.INVALID, _any_line(baskets, ~sane) | ~buyers_known | ~has_lines),
        (Verdict.ALREADY_PLACED, (marked > 0) | _seen_before(baskets)),
    ):
        verdicts[is_faulty] = verdict
    return verdicts


def _foreign_addresses(house: House, baskets: Baskets) -> np.ndarray:
    """Tell which purchases go to an address that is not their buyer's; bool [n]."""
    known = house.identity.addresses
    owners = [known[address].buyer if 0 <= address < len(known) else -1 for address in baskets.addresses.tolist()]
    is_foreign: np.ndarray = (baskets.addresses != 0) & (np.array(owners, np.int64) != baskets.buyers)
    return is_foreign


def _any_line(baskets: Baskets, is_faulty: np.ndarray) -> np.ndarray:
    any_faulty = np.zeros(len(baskets), np.bool_)
    any_faulty[baskets.rows[is_faulty]] = True
    return any_faulty


def _seen_before(baskets: Baskets) -> np.ndarray:
    """Tell which purchases have a mark that stands earlier in the same batch."""
    seen = np.zeros(len(baskets), np.bool_)
    marked = np.flatnonzero((baskets.marks_high != 0) | (baskets.marks_low != 0))
    if len(marked):
        pairs = np.stack([baskets.marks_high[marked], baskets.marks_low[marked]])
        _, firsts = np.unique(pairs, axis=1, return_index=True)
        seen[marked] = True
        seen[marked[firsts]] = False
    return seen


def _in_category(house: House, skus: np.ndarray, category: str) -> np.ndarray:
    pages = (house.catalog.products[house.catalog.skus[sku].product].category for sku in skus.tolist())
    return np.array([page == category or page.startswith(category + "/") for page in pages], np.bool_)


def _record(house: House, baskets: Baskets, lines: _Lines, verdicts: np.ndarray) -> ledger.Outcomes:
    """Record one entry a purchase: units from available (or from their holds) to committed, money held per order."""
    legs = ledger.Legs()
    book = house.ledger
    available = book.find(ledger.Kind.AVAILABLE, lines.locations, lines.skus)
    committed = book.find(ledger.Kind.COMMITTED, lines.locations, lines.skus)
    is_held = lines.holds > 0
    direct = ~is_held
    legs.post(lines.rows[direct], accounts=available[direct], amounts=-lines.quantities[direct])
    legs.post_held(
        lines.rows[is_held], accounts=available[is_held], amounts=lines.quantities[is_held], holds=lines.holds[is_held]
    )
    legs.post(lines.rows, accounts=committed, amounts=lines.quantities)
    order_rows = lines.rows[lines.order_starts]
    wallets = book.find(ledger.Kind.WALLET, baskets.buyers, baskets.units)
    legs.hold(order_rows, accounts=wallets[order_rows], amounts=lines.per_order(lines.totals))
    passed = np.flatnonzero(verdicts == 0)
    # Purchases that were refused already become no entry at all; the rest are renumbered without gaps.
    return _scatter(
        ledger.record(
            book,
            legs.renumbered(passed),
            reason=ledger.Reason.PLACED,
            at=baskets.at[passed],
            numbered_from=len(house.orders.purchases),
        ),
        passed,
        len(baskets),
    )


def _scatter(outcomes: ledger.Outcomes, passed: np.ndarray, count: int) -> ledger.Outcomes:
    codes, culprits = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    codes[passed], culprits[passed] = outcomes.codes, outcomes.culprits
    return outcomes._replace(codes=codes, culprits=culprits)


def _verdicts_of(house: House, outcomes: ledger.Outcomes, failed: np.ndarray) -> np.ndarray:
    codes, culprits = outcomes.codes[failed], outcomes.culprits[failed]
    kinds = house.ledger.accounts.kind[culprits]
    verdicts = np.full(len(codes), int(Verdict.ENTRY_REFUSED), np.int64)
    verdicts[(codes == ledger.Refused.BELOW_FLOOR) & (kinds == ledger.Kind.AVAILABLE)] = Verdict.OUT_OF_STOCK
    verdicts[(codes == ledger.Refused.BELOW_FLOOR) & (kinds == ledger.Kind.WALLET)] = Verdict.INSUFFICIENT_FUNDS
    is_hold = (codes == ledger.Refused.HOLD_EXPIRED) | (codes == ledger.Refused.HOLD_CLOSED)
    verdicts[is_hold] = Verdict.RESERVATION_EXPIRED
    return verdicts


def _note(
    house: House,
    baskets: Baskets,
    lines: _Lines,
    fees: np.ndarray,
    fee_taxes: np.ndarray,
    outcomes: ledger.Outcomes,
    recorded: np.ndarray,
) -> tuple[list[Section], np.ndarray]:
    """Write down the purchases, orders and payments of recorded entries."""
    place = np.full(len(baskets), -1, np.int64)
    place[recorded] = np.arange(len(recorded))
    is_kept = place[lines.rows[lines.order_starts]] >= 0
    order_rows = lines.rows[lines.order_starts][is_kept]
    counts = np.diff(np.append(lines.order_starts, len(lines.rows)))
    kept = np.repeat(is_kept, counts)
    spans = np.concatenate([[0], np.cumsum(counts[is_kept])]).astype(np.int32)
    order_columns = {
        "seller": lines.sellers[lines.order_starts][is_kept],
        "total_minor": lines.per_order(lines.totals)[is_kept],
        "fee_minor": lines.per_order(fees)[is_kept],
        "fee_tax_minor": lines.per_order(fee_taxes)[is_kept],
    }
    line_columns = {
        "listings": lines.listings,
        "skus": lines.skus,
        "locations": lines.locations,
        "quantities": lines.quantities,
        "unit_prices_minor": lines.unit_prices,
        "shipping_minor": lines.shipping,
        "fees_minor": fees,
    }
    totals = baskets.expected[recorded]
    placed, purchases, numbers = orders.place(
        house.orders,
        at=baskets.at[recorded],
        buyer=baskets.buyers[recorded],
        session=baskets.sessions[recorded],
        address=baskets.addresses[recorded],
        unit=baskets.units[recorded],
        total=totals,
        marks=(baskets.marks_high[recorded], baskets.marks_low[recorded]),
        order_purchase=place[order_rows],
        order_columns=order_columns,
        line_columns={name: Ragged(spans, values[kept]) for name, values in line_columns.items()},
    )
    per_purchase = np.bincount(place[order_rows], minlength=len(recorded))
    groups = np.concatenate([[0], np.cumsum(per_purchase)]).astype(np.int32)
    authorized = payments.authorize(
        house.payments,
        at=baskets.at[recorded],
        purchases=purchases,
        buyers=baskets.buyers[recorded],
        units=baskets.units[recorded],
        totals=totals,
        orders=Ragged(groups, numbers),
        sellers=Ragged(groups, order_columns["seller"]),
        amounts=Ragged(groups, order_columns["total_minor"]),
        holds=Ragged(groups, outcomes.holds.values),
    )
    return [*placed, authorized], purchases


_REFUSALS: dict[int, type[Refusal]] = {
    Verdict.NOT_ON_OFFER: catalog.NotOnOffer,
    Verdict.SELLER_NOT_ACTIVE: partners.SellerNotActive,
    Verdict.TOTAL_CHANGED: orders.TotalChanged,
    Verdict.INVALID: Invalid,
    Verdict.RESERVATION_EXPIRED: ledger.ReservationExpired,
    Verdict.ALREADY_PLACED: AlreadyPlaced,
    Verdict.ENTRY_REFUSED: ledger.EntryRefused,
    Verdict.NOT_FOUND: NotFound,
    Verdict.BUYER_LIMIT_REACHED: orders.BuyerLimitReached,
}


def _refusal(house: House, verdict: int, culprit: int) -> Refusal:
    if verdict in _REFUSALS:
        return _REFUSALS[verdict]()
    if culprit:
        return ledger.refusal(house.ledger, code=ledger.Refused.BELOW_FLOOR, account=culprit)
    # The account in question was never opened.
    return ledger.OutOfStock() if verdict == Verdict.OUT_OF_STOCK else ledger.InsufficientFunds()
