"""Checkout: quotes become purchases, thousands at a time; stock is committed and money held in one ledger entry each."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np

from caravan.cell import Batch, Section
from caravan.flows import exchanging, places, taxing
from caravan.flows.baskets import Baskets, join, select
from caravan.flows.house import House, answered, as_facts, fold, integers
from caravan.flows.judgment import Lines, Verdict, judge, judged
from caravan.insight import identity
from caravan.kernel.clock import Instant
from caravan.kernel.errors import CaravanError, Invalid, NotFound, Refusal
from caravan.kernel.ids import AddressId, BuyerId, ListingId, PurchaseId, SessionId
from caravan.kernel.money import numeric
from caravan.trade import catalog, exchange, ledger, orders, taxes
from caravan.world import markets, partners

PURCHASES_PER_REQUEST_MAX = 8_192
LINES_PER_PURCHASE_MAX = 100
UNITS_PER_LINE_MAX = orders.UNITS_PER_LINE_MAX
_TRIES_MORE = 3


class AlreadyPlaced(Refusal):
    """A purchase with this mark has been placed already."""


class Placement(NamedTuple):
    """What became of baskets: purchase numbers (0: refused) and a Verdict each; int64 [n]."""

    purchases: np.ndarray
    verdicts: np.ndarray


class Completion(NamedTuple):
    """A buyer's last click: this session, at this total; in another currency than the session's at its quote."""

    session: SessionId
    buyer: BuyerId
    expected_minor: int
    currency: str = ""


class DirectOrder(NamedTuple):
    """An order without a session before it, at the prices of the catalog."""

    buyer: BuyerId
    address: AddressId
    currency: str
    expected_minor: int
    lines: tuple[tuple[ListingId, int], ...]


def place_baskets(house: House, requests: Sequence[Baskets], *, now: Instant) -> Batch:  # noqa: ARG001  # Baskets carry their own time.
    """Place all purchases of several requests in order; each answer is a Placement."""
    facts, placed, verdicts, _ = place_decided(house, join(requests))
    return _parted(requests, facts, placed, verdicts)


def place_sourced(house: House, requests: Sequence[Baskets], *, now: Instant) -> Batch:
    """Place all purchases of several requests at catalog prices, out of where their units lie; each answer is a Placement."""
    facts, placed, verdicts, _ = source_and_place(house, join(requests), now=now)
    return _parted(requests, facts, placed, verdicts)


def _parted(requests: Sequence[Baskets], facts: list[Section], placed: np.ndarray, verdicts: np.ndarray) -> Batch:
    answers = []
    first = 0
    for request in requests:
        span = slice(first, first + len(request))
        answers.append(Placement(placed[span], verdicts[span]))
        first += len(request)
    return answered(facts, answers)


def warm(house: House) -> None:
    """Run the compiled parts over nothing, so that the first order does not wait for them to be compiled or loaded."""
    taxes.warm()
    places.warm()
    nothing = np.zeros(0, np.int64)
    place_decided(house, Baskets(**dict.fromkeys((column.name for column in fields(Baskets)), nothing)))


def complete_sessions(house: House, requests: Sequence[Completion], *, now: Instant) -> Batch:
    """Complete checkout sessions that arrived together; each answer is a PurchaseId or the refusal."""
    wanted: list[Baskets | CaravanError] = []
    taken: set[int] = set()
    for request in requests:
        try:
            wanted.append(_session_basket(house, request, taken, now=now))
        except CaravanError as refusal:
            wanted.append(refusal)
    if house.exchange.bound:
        return _place_exchanged(house, requests, wanted, now=now)
    return _place_each(house, wanted)


def _place_exchanged(
    house: House, requests: Sequence[Completion], wanted: list[Baskets | CaravanError], *, now: Instant
) -> Batch:
    """Place what is paid in the market's currency together, and then each that is paid in another: exchange, and place."""
    quotes = [exchange.bound_quote(house.exchange, request.session) for request in requests]
    own = [
        exchange.PaysInOtherCurrency() if quote and isinstance(one, Baskets) else one
        for one, quote in zip(wanted, quotes, strict=True)
    ]
    placed = _place_each(house, own)
    facts, answers = list(placed.facts), list(placed.answers)
    for place, (request, basket, quote) in enumerate(zip(requests, wanted, quotes, strict=True)):
        if quote is None or not isinstance(basket, Baskets):
            continue
        try:
            purchase = _place_at(house, request, basket, quote, facts, now=now)
        except CaravanError as refusal:
            answers[place] = refusal
        else:
            answers[place] = lambda purchase=purchase: purchase  # type: ignore[misc]
    return Batch(facts, answers)


def _place_at(  # One purchase, with all that it takes.
    house: House, request: Completion, basket: Baskets, quote: exchange.Quote, facts: list[Section], *, now: Instant
) -> PurchaseId:
    """Exchange at a checkout's quote and place its purchase, both or neither."""
    session = orders.session_of(house.orders, request.session)
    exchanging.require_open(
        quote, session, expected_minor=request.expected_minor, currency=request.currency or session.currency, now=now
    )
    basket = replace(basket, expected=integers(session.total_minor))
    verdict = int(judge(house, basket)[0])
    if verdict:
        raise refusal_of(house, verdict, 0)
    facts += exchanging.move(house, quote, now=now)
    facts += fold(house, as_facts(exchange.take_quote(quote, now=now)))
    made, purchases, verdicts, culprits = place_decided(house, basket, taxing.of_sessions(house, basket))
    assert not verdicts[0], (verdicts, culprits)  # Its units are held, and what was exchanged is its total.
    facts += made
    purchase = PurchaseId(int(purchases[0]))
    facts += exchanging.settle_purchase(house, quote, purchase, now=now)
    return purchase


def order_directly(house: House, requests: Sequence[DirectOrder], *, now: Instant) -> Batch:
    """Place orders at catalog prices without a session; each answer is a PurchaseId or the refusal."""
    refusals = [_fault_of(house, request) for request in requests]
    sound = [request for request, refusal in zip(requests, refusals, strict=True) if refusal is None]
    if not sound:
        return _answer(house, refusals, None)
    facts, placed, verdicts, culprits = source_and_place(house, _direct_baskets(house, sound, now=now), now=now)
    return _told(house, refusals, facts, (placed, verdicts, culprits))


def source_and_place(
    house: House, baskets: Baskets, *, now: Instant
) -> tuple[list[Section], np.ndarray, np.ndarray, np.ndarray]:
    """Place baskets at catalog prices, each order out of the locations that its units lie in; give as `place_decided` does.

    What found too little because of others that came to nothing in the end, is looked at once more.
    """
    facts, placed, verdicts, culprits = _source_once(house, baskets, now=now)
    for _ in range(_TRIES_MORE if house.partners.is_spread else 0):
        short = np.flatnonzero(verdicts == Verdict.OUT_OF_STOCK)
        again = places.allocate(house, select(baskets.by_row(), short)) if len(short) else None
        short = short[again.is_split & ~again.is_short] if again is not None else short
        if not len(short):
            break
        more, numbers, told, at_fault = _source_once(house, select(baskets.by_row(), short), now=now)
        facts += more
        placed[short], verdicts[short], culprits[short] = numbers, told, at_fault
    return facts, placed, verdicts, culprits


def _source_once(
    house: House, baskets: Baskets, *, now: Instant
) -> tuple[list[Section], np.ndarray, np.ndarray, np.ndarray]:
    sourced = places.allocate(house, baskets).baskets
    return place_decided(house, *taxing.of_addresses(house, sourced, now=now))


def _place_each(house: House, wanted: Sequence[Baskets | CaravanError]) -> Batch:
    """Place single purchases, some of which may have been refused before they got here."""
    baskets = [basket for basket in wanted if isinstance(basket, Baskets)]
    refusals = [None if isinstance(basket, Baskets) else basket for basket in wanted]
    if not baskets:
        return _answer(house, refusals, None)
    joined = join(baskets)
    return _answer(house, refusals, joined, taxing.of_sessions(house, joined))


def _answer(
    house: House, refusals: Sequence[CaravanError | None], baskets: Baskets | None,
    assessments: taxing.Assessments = (),
) -> Batch:  # fmt: skip
    """Place what was not refused yet, which `baskets` holds in order; each answer is a PurchaseId or the refusal."""
    if baskets is None:
        return answered((), refusals)
    facts, placed, verdicts, culprits = place_decided(house, baskets, assessments)
    return _told(house, refusals, facts, (placed, verdicts, culprits))


def _told(
    house: House, refusals: Sequence[CaravanError | None], facts: list[Section],
    decided: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Batch:  # fmt: skip
    """Answer requests: those that were refused before, and in order what became of the others."""
    placed, verdicts, culprits = decided
    results = [
        refusal_of(house, verdict, culprit) if verdict else PurchaseId(purchase)
        for purchase, verdict, culprit in zip(placed.tolist(), verdicts.tolist(), culprits.tolist(), strict=True)
    ]
    left = iter(results)
    return answered(facts, [next(left) if refusal is None else refusal for refusal in refusals])


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
    if request.currency not in {"", session.currency} and request.session not in house.exchange.bound:
        raise orders.TotalChanged(f"This checkout is in {session.currency}.")
    taken.add(request.session)
    return basket_of(session, request.expected_minor, session.holds, now=now)


def basket_of(
    session: orders.Session, expected_minor: int, holds: Sequence[int], *, now: Instant,
    lines: Sequence[orders.Line] | None = None,
) -> Baskets:  # fmt: skip
    """Lay a checkout down as a basket, at its quoted prices, out of these holds (0: out of what is there).

    `lines` are its lines where a coupon changes what taxes add to them.
    """
    lines = session.lines if lines is None else lines
    return Baskets(
        at=integers(now), buyers=integers(session.buyer), sessions=integers(session.session),
        addresses=integers(session.address), units=integers(numeric(session.currency)),
        expected=integers(expected_minor), marks_high=integers(0), marks_low=integers(0),
        rows=np.zeros(len(lines), np.int64),
        listings=integers([line.listing for line in lines]),
        quantities=integers([line.quantity for line in lines]),
        unit_prices=integers([line.unit_price_minor for line in lines]),
        shipping=integers([line.shipping_minor for line in lines]),
        holds=integers(list(holds)), locations=integers([line.location for line in lines]),
    )  # fmt: skip


def _fault_of(house: House, request: DirectOrder) -> CaravanError | None:
    """Say what is wrong with a direct order whatever its prices are, or None."""
    try:
        _look_over(house, request)
    except CaravanError as refusal:
        return refusal
    return None


def _look_over(house: House, request: DirectOrder) -> None:
    if not 0 < len(request.lines) <= LINES_PER_PURCHASE_MAX:
        raise Invalid(f"An order has 1 to {LINES_PER_PURCHASE_MAX} lines.", field="lines")
    if len({listing for listing, _ in request.lines}) != len(request.lines):
        raise Invalid("A listing stands in one line of an order.", field="lines")
    known = len(house.catalog.listings)
    if not all(0 < listing < known for listing, _ in request.lines):
        raise NotFound("There is no such listing.")
    limit = house.markets.policy.units_per_buyer_max
    if any(limit < quantity <= UNITS_PER_LINE_MAX for _, quantity in request.lines):
        raise orders.BuyerLimitReached(f"At most {limit} units for one buyer.", limit=limit)
    if request.address and identity.address_of(house.identity, request.address).buyer != request.buyer:
        raise NotFound("There is no such address.")
    numeric(request.currency)


def _direct_baskets(house: House, requests: Sequence[DirectOrder], *, now: Instant) -> Baskets:
    """Lay direct orders down in columns, at the prices of the catalog."""
    table, nothing = house.catalog.listings, np.zeros(len(requests), np.int64)
    listings = integers([listing for request in requests for listing, _ in request.lines])
    quantities = integers([quantity for request in requests for _, quantity in request.lines])
    return Baskets(
        at=nothing + now, buyers=integers([request.buyer for request in requests]), sessions=nothing,
        addresses=integers([request.address for request in requests]),
        units=integers([numeric(request.currency) for request in requests]),
        expected=integers([request.expected_minor for request in requests]), marks_high=nothing, marks_low=nothing,
        rows=np.repeat(np.arange(len(requests)), [len(request.lines) for request in requests]),
        listings=listings, quantities=quantities, unit_prices=table.price[listings],
        shipping=table.shipping[listings] * quantities, holds=np.zeros(len(listings), np.int64),
        locations=np.zeros(len(listings), np.int64),
    )  # fmt: skip


def place_decided(
    house: House, baskets: Baskets, assessments: taxing.Assessments = (), before_coupons: taxing.Assessments = ()
) -> tuple[list[Section], np.ndarray, np.ndarray, np.ndarray]:
    """Decide baskets in order; give the facts, purchase numbers, verdicts and the ledger accounts at fault.

    What is placed has been folded in by ledger, orders and payments when this returns. With an assessment a basket, the
    taxes that are in its `shipping` and in its prices are frozen with its orders; a fee is on prices without them, as they
    were before any coupon.
    """
    verdicts, lines = judged(house, baskets)
    prices, taxed = lines.unit_prices * lines.quantities, None
    if len(assessments):
        taxed = taxing.reckon(house, baskets, lines, assessments, before_coupons)
        prices = np.where(np.repeat(verdicts, np.diff(lines.offsets)) == 0, prices - taxed.included, prices)
    fees, fee_taxes = _fees(house, lines, prices, taxed.fee_basis_points if taxed is not None else None)
    placing = ledger.Placing(
        at=baskets.at, buyers=baskets.buyers, units=baskets.units, line_offsets=lines.offsets,
        order_offsets=lines.order_offsets, amounts=lines.totals, locations=lines.locations, skus=lines.skus,
        quantities=lines.quantities, holds=lines.holds,
    )  # fmt: skip
    done = ledger.place(house.ledger, placing, passed=verdicts == 0)
    failed = (verdicts == 0) & (done.codes != 0)
    verdicts[failed] = _verdicts_of(house, done.codes[failed], done.culprits[failed])
    placed, passed = np.zeros(len(baskets), np.int64), verdicts == 0
    if not passed.any():
        return [], placed, verdicts, done.culprits
    columns = orders.Purchases(
        at=baskets.at, buyer=baskets.buyers, session=baskets.sessions, address=baskets.addresses, unit=baskets.units,
        total=baskets.expected, mark_high=baskets.marks_high, mark_low=baskets.marks_low, entry=done.entries,
        first_hold=done.first_holds, order_offsets=lines.order_offsets, line_offsets=lines.offsets,
        sellers=lines.order_sellers, totals=lines.totals, fee_taxes=lines.per_order(fee_taxes),
        line_counts=lines.line_counts, listings=lines.listings, skus=lines.skus, locations=lines.locations,
        quantities=lines.quantities, unit_prices=lines.unit_prices, shipping=lines.shipping, fees=fees,
        holds=lines.holds, rules=ledger.VERSION,
    )  # fmt: skip
    columns = orders.chosen(columns, passed)
    (purchase, *completed), placed[passed] = orders.place(house.orders, columns)
    house.payments.authorize(
        buyers=columns.buyer, units=columns.unit, totals=columns.total, first_holds=columns.first_hold,
        order_offsets=columns.order_offsets, sellers=columns.sellers, amounts=columns.totals,
    )  # fmt: skip
    have_folded = (
        house.ledger,
        house.orders,
        house.payments,
    )  # From the columns, which a fact would have to be read for.
    for model in house.models():
        if purchase.kind in model.kinds and model not in have_folded:
            model.apply(purchase)
    facts = [purchase._replace(is_applied=True), *fold(house, completed)]
    if taxed is not None:
        facts += taxing.freeze(house, baskets, lines, taxed, placed)
    return facts, placed, verdicts, done.culprits


def _fees(
    house: House, lines: Lines, prices: np.ndarray, tax_basis_points: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Give the fee on each line and the tax on it; what several locations send of one line bears the fee of one line."""
    is_more = places.same_before(lines.offsets, lines.listings) if house.partners.is_spread else None
    if is_more is None or not is_more.any():
        return markets.fees(
            house.markets, sellers=lines.sellers, quantities=lines.quantities, prices_minor=prices,
            in_category=lambda category: catalog.in_category(house.catalog, lines.listings, category),
            tax_basis_points=tax_basis_points,
        )  # fmt: skip
    firsts = np.flatnonzero(~is_more)
    listings = lines.listings[firsts]
    fees, taxes = markets.fees(
        house.markets, sellers=lines.sellers[firsts], quantities=np.add.reduceat(lines.quantities, firsts),
        prices_minor=np.add.reduceat(prices, firsts),
        in_category=lambda category: catalog.in_category(house.catalog, listings, category),
        tax_basis_points=tax_basis_points[firsts] if tax_basis_points is not None else None,
    )  # fmt: skip
    return tuple(places.share_out(whole, firsts, lines.quantities) for whole in (fees, taxes))  # type: ignore[return-value]


def _verdicts_of(house: House, codes: np.ndarray, culprits: np.ndarray) -> np.ndarray:
    kinds = house.ledger.accounts.kind[culprits]
    verdicts = np.full(len(codes), int(Verdict.ENTRY_REFUSED), np.int64)
    verdicts[(codes == ledger.Refused.BELOW_FLOOR) & (kinds == ledger.Kind.AVAILABLE)] = Verdict.OUT_OF_STOCK
    verdicts[(codes == ledger.Refused.BELOW_FLOOR) & (kinds == ledger.Kind.WALLET)] = Verdict.INSUFFICIENT_FUNDS
    verdicts[codes == ledger.Refused.NO_STOCK] = Verdict.OUT_OF_STOCK
    verdicts[codes == ledger.Refused.NO_WALLET] = Verdict.INSUFFICIENT_FUNDS
    is_hold = (codes == ledger.Refused.HOLD_EXPIRED) | (codes == ledger.Refused.HOLD_CLOSED)
    verdicts[is_hold] = Verdict.RESERVATION_EXPIRED
    return verdicts


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


def refusal_of(house: House, verdict: int, culprit: int) -> Refusal:
    """Say why a basket was refused, in words of the business."""
    if verdict in _REFUSALS:
        return _REFUSALS[verdict]()
    if culprit:
        return places.refusal(house, code=ledger.Refused.BELOW_FLOOR, account=culprit)
    # The account in question was never opened.
    return ledger.OutOfStock() if verdict == Verdict.OUT_OF_STOCK else ledger.InsufficientFunds()
