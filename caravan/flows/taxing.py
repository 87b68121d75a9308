"""Taxing: what a destination adds to a basket, frozen with its orders; kept for authorities at release, and given back.

What comes on top of the prices rides in a line's shipping, so that every total, hold, refund and dispute goes its usual
way; what of it is tax, the taxes' own facts say. A market without rules does none of this.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from caravan.cell import Decision, Section
from caravan.flows import funded, tax_sheets
from caravan.flows.baskets import Baskets
from caravan.flows.funded import Posting
from caravan.flows.house import House, as_facts, fold, integers
from caravan.flows.judgment import Lines
from caravan.flows.places import NOWHERE, Destination, allocated_lines, destination_of
from caravan.kernel.clock import Instant, iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.event import Event
from caravan.kernel.ids import AddressId, CartId, DisputeId, ListingId, OrderId, PaymentId, ProductId, SessionId
from caravan.kernel.money import allocate, numeric
from caravan.trade import catalog, ledger, orders, payments, taxes

_DAY_CHARACTERS = 10
_PER_BASIS_POINT = 100  # A rate is in millionths.

Assessments = Sequence[taxes.Assessment | None]
CouponOf = Literal["", "seller", "operator"]


class Wanted(NamedTuple):
    """A line to assess: units of a listing at a price; `shipping_minor` is of the whole line, without any levy.

    `_off` is what a coupon takes off either; `location` is what sends it, 0 for the listing's own.
    """

    listing: int
    goods_minor: int
    shipping_minor: int
    goods_off_minor: int = 0
    shipping_off_minor: int = 0
    location: int = 0


class Reckoned(NamedTuple):
    """What taxes mean for baskets' lines in the order of their orders; int64 [lines], and an assessment a basket.

    `by_seller` brings lines of baskets into that order, `places` are those of the lines within their basket, `included` is the tax in their prices, and `fee_basis_points` is
    the tax on the operator's fee, -1 where no rule says so.
    """

    assessments: Assessments
    by_seller: np.ndarray
    places: np.ndarray
    included: np.ndarray
    fee_basis_points: np.ndarray


def assess(  # All of it decides.
    house: House, wanted: Sequence[Wanted], where: Destination | None, *, unit: int, now: Instant, version: int = 0,
    coupon_of: CouponOf = "",
) -> taxes.Assessment | None:  # fmt: skip
    """Say what a destination means for lines, consignment by consignment; None where nothing is known of it.

    By the rules of now, or of a `version` before. `coupon_of` is whose coupon takes something off.
    """
    version = version or len(house.taxes.tables)
    table = house.taxes.tables.get(version)
    if table is None or where is None or not where.country:
        return None
    consignments: dict[tuple[int, str], list[taxes.Ware]] = {}
    listings = house.catalog.listings
    for place, line in enumerate(wanted):
        if not 0 < line.listing < len(listings):
            continue
        seller, location = int(listings.seller[line.listing]), line.location or int(listings.location[line.listing])
        ships_from = house.partners.locations[location].country
        consignments.setdefault((seller, ships_from), []).append(_ware(house, place, line))
    parts: list[taxes.Part] = []
    for (seller, ships_from), wares in consignments.items():
        route = taxes.Route(
            where.country, where.region, ships_from, house.partners.sellers[seller].country, iso(now)[:_DAY_CHARACTERS],
            coupon_of,
        )  # fmt: skip
        parts += taxes.assess(
            table, wares, route,
            convert=lambda amount, currency: tax_sheets.worth(house, amount, unit=unit, into=numeric(currency)),
            convert_back=lambda amount, currency: tax_sheets.worth(house, amount, unit=numeric(currency), into=unit),
        )  # fmt: skip
    parts.sort(key=lambda part: part.line)
    return taxes.Assessment(version, where.country, where.region, parts)


def _ware(house: House, place: int, line: Wanted) -> taxes.Ware:
    product = catalog.product_at(house.catalog, line.listing)
    known = taxes.classified(house.taxes, product)
    category = house.catalog.products.category(product)
    return taxes.Ware(
        place, category, known.hs_code, known.origin, known.tax_class, line.goods_minor, line.shipping_minor,
        line.goods_off_minor, line.shipping_off_minor,
    )  # fmt: skip


def added_by_line(house: House, assessment: taxes.Assessment | taxes.Taxed | None, lines: int) -> list[int]:
    """Give what an assessment adds to each line."""
    sums = [0] * lines
    if assessment is not None:
        for part in assessment.parts:
            if taxes.rule_of(house.taxes, assessment.version, part.rule).is_added:
                sums[part.line] += part.amount_minor
    return sums


class Row(NamedTuple):
    """A rule, what it comes to and what of that has gone back; `lines` are those that it meets."""

    rule: taxes.Rule
    amount_minor: int
    lines: tuple[int, ...]
    returned_minor: int = 0


class Breakdown(NamedTuple):
    """The parts of a total: goods and delivery as priced, what is in the prices, on top, and due at the border.

    `is_more_due` says that customs may ask for something that nobody here can say.
    """

    goods_minor: int
    shipping_minor: int
    included_minor: int
    added_minor: int
    border_minor: int
    is_more_due: bool
    version: int
    country: str
    region: str
    rows: tuple[Row, ...]

    @property
    def total_minor(self) -> int:
        """Give what is paid with the order."""
        return self.goods_minor + self.shipping_minor + self.added_minor


def broken_down(
    house: House, assessment: taxes.Assessment | taxes.Taxed | None, *, goods: int, shipping: int
) -> Breakdown:
    """Give the parts of a total; `shipping` is delivery alone, without what taxes add."""
    if assessment is None:
        assessment = taxes.Assessment(0, "", "", [])
    sums: dict[str, int] = {}
    gone: dict[str, int] = {}
    lines: dict[str, tuple[int, ...]] = {}
    returned = assessment.returned if isinstance(assessment, taxes.Taxed) else [0] * len(assessment.parts)
    for part, back in zip(assessment.parts, returned, strict=True):
        sums[part.rule] = sums.get(part.rule, 0) + part.amount_minor
        gone[part.rule] = gone.get(part.rule, 0) + back
        lines[part.rule] = (*lines.get(part.rule, ()), part.line)
    rows = tuple(
        Row(taxes.rule_of(house.taxes, assessment.version, name), amount, lines[name], gone[name])
        for name, amount in sums.items()
    )
    return Breakdown(
        goods, shipping, sum(row.amount_minor for row in rows if row.rule.is_included),
        sum(row.amount_minor for row in rows if row.rule.is_added),
        sum(row.amount_minor for row in rows if row.rule.remits == "buyer"),
        any(row.rule.is_unknown for row in rows), assessment.version, assessment.country, assessment.region, rows,
    )  # fmt: skip


def of_session(house: House, session: orders.Session) -> Breakdown:
    """Give the parts of a checkout's total; of one that became a purchase, those that its orders were frozen with."""
    goods = sum(line.goods_minor for line in session.lines)
    assessment = house.taxes.sessions.get(session.session)
    added = sum(added_by_line(house, assessment, len(session.lines)))
    if session.purchase:
        table = house.orders.purchases
        first, count = int(table.first_order[session.purchase]), int(table.orders[session.purchase])
        return together([of_order(house, OrderId(order)) for order in range(first, first + count)])
    return broken_down(house, assessment, goods=goods, shipping=session.total_minor - goods - added)


def of_order(house: House, order: OrderId) -> Breakdown:
    """Give the parts of an order's total, as they were frozen."""
    rows, table = orders.lines_of(house.orders, order), house.orders.lines
    goods = sum(int(table.unit_price[row]) * int(table.quantity[row]) for row in rows)
    taxed = house.taxes.orders.get(order)
    added = sum(added_by_line(house, taxed, len(rows)))
    return broken_down(house, taxed, goods=goods, shipping=int(house.orders.orders.total[order]) - goods - added)


def kept_of(house: House, order: OrderId) -> int:
    """Give what of an order is not its seller's, as the market remits it; less what has gone back."""
    taxed = house.taxes.orders.get(order)
    if taxed is None:
        return 0
    return sum(
        part.amount_minor - back
        for part, back in zip(taxed.parts, taxed.returned, strict=True)
        if taxes.rule_of(house.taxes, taxed.version, part.rule).remits == "marketplace"
    )


def together(several: Sequence[Breakdown]) -> Breakdown:
    """Give the parts of several totals as one; lines are not told apart any more."""
    sums: dict[taxes.Rule, int] = {}
    for row in (row for one in several for row in one.rows):
        sums[row.rule] = sums.get(row.rule, 0) + row.amount_minor
    last = next((one for one in several if one.version), several[0])
    return Breakdown(
        goods_minor=sum(one.goods_minor for one in several),
        shipping_minor=sum(one.shipping_minor for one in several),
        included_minor=sum(one.included_minor for one in several),
        added_minor=sum(one.added_minor for one in several),
        border_minor=sum(one.border_minor for one in several),
        is_more_due=any(one.is_more_due for one in several),
        version=last.version, country=last.country, region=last.region,
        rows=tuple(Row(rule, amount, ()) for rule, amount in sums.items()),
    )  # fmt: skip


# Checkouts.


def levied(
    house: House, lines: Sequence[orders.Line], address: int, currency: str, *, now: Instant
) -> tuple[list[orders.Line], taxes.Assessment | None]:
    """Give a checkout's lines with what its destination adds to them, and what that is."""
    if not house.taxes.is_on:
        return list(lines), None
    wanted = [Wanted(line.listing, line.goods_minor, line.shipping_minor, location=line.location) for line in lines]
    where = destination_of(house, address)
    assessment = assess(house, wanted, where, unit=numeric(currency), now=now)
    return _raised(house, lines, assessment, sign=1), assessment


def _raised(
    house: House, lines: Sequence[orders.Line], assessment: taxes.Assessment | None, *, sign: int
) -> list[orders.Line]:
    more = added_by_line(house, assessment, len(lines))
    return [
        orders.with_shipping(line, line.shipping_minor + sign * amount)
        for line, amount in zip(lines, more, strict=True)
    ]


def noted(session: SessionId, assessment: taxes.Assessment | None, *, now: Instant) -> list[Section]:
    """Give the fact of what a checkout's destination means; none where there is nothing to say."""
    if assessment is None:
        return []
    return as_facts(taxes.tax_checkout(session=session, assessment=assessment, now=now))


def readdressed(
    house: House, session: orders.Session, bare: Sequence[orders.Line], address: AddressId, *, now: Instant
) -> list[Section]:
    """Give the facts of a checkout with these lines that goes elsewhere: it costs what it costs there."""
    if not house.taxes.is_on:
        return []
    lines, assessment = levied(house, bare, address, session.currency, now=now)
    facts = noted(session.session, assessment, now=now)
    if lines != session.lines:
        facts += as_facts(orders.reprice_session(session, lines=lines, now=now))
    return facts


def of_sessions(house: House, baskets: Baskets) -> Assessments:
    """Give what was assessed of the checkouts that baskets come from; nothing where the market has no rules."""
    if not house.taxes.is_on:
        return ()
    return [house.taxes.sessions.get(session) for session in baskets.sessions.tolist()]


class Couponed(NamedTuple):
    """A checkout as it is with a coupon: lines with what taxes add to them then, what that is, and what the coupon pays."""

    lines: list[orders.Line]
    assessment: taxes.Assessment | None
    discount_minor: int

    @property
    def total_minor(self) -> int:
        """Give what the checkout comes to then; the coupon pays a part of it."""
        return sum(line.total_minor for line in self.lines)


def bare_lines(house: House, session: orders.Session) -> list[orders.Line]:
    """Give a checkout's lines without what taxes add to them."""
    return _raised(house, session.lines, house.taxes.sessions.get(session.session), sign=-1)


def couponed(house: House, session: orders.Session, *, payer: int, amount: int, now: Instant) -> Couponed:
    """Say what a checkout is with a coupon of a seller's (0: the operator's).

    Where the rules say so, what is taxed is less by it: a seller's coupon is a lower price, the operator's is paid by a third.
    Lines of other sellers, and the version of the rules, stay as they were.
    """
    before = house.taxes.sessions.get(session.session)
    whose: CouponOf = "seller" if payer else "operator"
    covered = [place for place, line in enumerate(session.lines) if not payer or line.seller == payer]
    lines, assessment = list(session.lines), before
    if before is not None and _lowers(house, before, whose):
        assessment = _lowered(house, session, before, covered, whose, amount, now=now)
        lines = _raised(house, bare_lines(house, session), assessment, sign=1)
    return Couponed(lines, assessment, min(amount, sum(lines[place].total_minor for place in covered)))


def _lowers(house: House, before: taxes.Assessment, whose: CouponOf) -> bool:
    return any(rule.coupons in {whose, "any"} for rule in house.taxes.tables[before.version].rules)


def _lowered(  # All of it decides.
    house: House, session: orders.Session, before: taxes.Assessment, covered: Sequence[int], whose: CouponOf, amount: int,
    *, now: Instant,
) -> taxes.Assessment:  # fmt: skip
    """Assess anew what a coupon covers; its amount is shared out over goods and delivery so that no unit of it is lost."""
    bare = bare_lines(house, session)
    worth = [part for place in covered for part in (bare[place].goods_minor, bare[place].shipping_minor)]
    off = allocate(min(amount, sum(worth)), worth) if sum(worth) else [0] * len(worth)
    wanted = [
        Wanted(
            bare[place].listing, bare[place].goods_minor, bare[place].shipping_minor, off[2 * nth], off[2 * nth + 1],
            bare[place].location,
        )
        for nth, place in enumerate(covered)
    ]  # fmt: skip
    where = Destination(before.country, before.region)
    anew = assess(
        house, wanted, where, unit=numeric(session.currency), now=now, version=before.version, coupon_of=whose
    )
    assert anew is not None, "A checkout that was assessed can be assessed."
    parts = [part for part in before.parts if part.line not in covered]
    parts += [part._replace(line=covered[part.line]) for part in anew.parts]
    parts.sort(key=lambda part: part.line)
    return taxes.Assessment(before.version, before.country, before.region, parts)


def noted_payment(
    payment: PaymentId, session: SessionId, assessment: taxes.Assessment | None, *, now: Instant
) -> list[Section]:
    """Give the fact of what a checkout that is paid for was assessed as; none where there is nothing to say."""
    if assessment is None:
        return []
    return as_facts(taxes.tax_payment(payment=payment, session=session, assessment=assessment, now=now))


def of_payment(house: House, session: orders.Session, payment: int) -> tuple[list[orders.Line], Assessments]:
    """Give a checkout's lines as this payment pays for them, and what was assessed of them."""
    if not house.taxes.is_on:
        return list(session.lines), ()
    if payment not in house.taxes.payments:
        return list(session.lines), [house.taxes.sessions.get(session.session)]
    _, assessment = house.taxes.payments[payment]
    return _raised(house, bare_lines(house, session), assessment, sign=1), [assessment]


def of_addresses(house: House, baskets: Baskets, *, now: Instant) -> tuple[Baskets, Assessments]:
    """Assess baskets at catalog prices by where they go; give them with what that adds, and what it is."""
    if not house.taxes.is_on:
        return baskets, ()
    assert (np.diff(baskets.rows) >= 0).all(), "Lines stand in the order of their baskets."
    units = set(baskets.units.tolist())
    sheet = (
        tax_sheets.assess_all(house, baskets, unit=units.pop(), now=now) if len(units) == 1 and 0 not in units else None
    )
    if sheet is not None:
        return baskets.shipped_for(baskets.shipping + sheet.summed(lambda rule: rule.is_added)), sheet
    bounds = np.searchsorted(baskets.rows, np.arange(len(baskets) + 1)).tolist()
    shipping, found = baskets.shipping.copy(), list[taxes.Assessment | None]()
    goods = (baskets.unit_prices * baskets.quantities).tolist()
    for row, address in enumerate(baskets.addresses.tolist()):
        span = slice(bounds[row], bounds[row + 1])
        wanted = [
            Wanted(listing, worth, delivery, location=location)
            for listing, worth, delivery, location in zip(
                baskets.listings[span].tolist(),
                goods[span],
                shipping[span].tolist(),
                baskets.locations[span].tolist(),
                strict=True,
            )
        ]
        unit = int(baskets.units[row])
        found.append(assess(house, wanted, destination_of(house, address), unit=unit, now=now) if unit else None)
        shipping[span] += integers(added_by_line(house, found[-1], len(wanted))) if wanted else 0
    return baskets.shipped_for(shipping), found


# Orders.


def reckon(
    house: House, baskets: Baskets, lines: Lines, assessments: Assessments, before_coupons: Assessments = ()
) -> Reckoned:
    """Lay what was assessed beside the lines of orders, which stand by seller within their basket.

    A fee is on prices without the tax in them; that is the tax before any coupon, so that no coupon changes a fee.
    """
    table = house.catalog.listings
    known = np.where((baskets.listings > 0) & (baskets.listings < len(table)), baskets.listings, 0)
    by_seller = np.lexsort((np.arange(len(known)), table.seller[known], baskets.rows))
    starts = np.searchsorted(baskets.rows, np.arange(len(baskets) + 1))
    places = by_seller - starts[baskets.rows[by_seller]]
    included = np.zeros(len(known), np.int64)
    before = before_coupons or assessments
    if isinstance(before, tax_sheets.Sheet):
        included = before.summed(lambda rule: rule.is_included)
    else:
        _add_included(house, before, starts, included)
    shares = {seller: _fee_share(house, seller, int(baskets.at[0])) for seller in set(lines.sellers.tolist())}
    return Reckoned(
        assessments,
        by_seller,
        places,
        included[by_seller],
        integers([shares[seller] for seller in lines.sellers.tolist()]),
    )


def _add_included(house: House, assessments: Assessments, starts: np.ndarray, included: np.ndarray) -> None:
    for row, assessment in enumerate(assessments):
        for part in assessment.parts if assessment else ():
            if taxes.rule_of(house.taxes, assessment.version, part.rule).is_included:  # type: ignore[union-attr]
                included[starts[row] + part.line] += part.amount_minor


def _fee_rule(house: House, seller: int, at: int) -> taxes.Rule | None:
    assert house.taxes.now is not None
    day, country = iso(Instant(at))[:_DAY_CHARACTERS], house.partners.sellers[seller].country
    return taxes.fee_rule(house.taxes.now, seller_country=country, day=day)


def _fee_share(house: House, seller: int, at: int) -> int:
    rule = _fee_rule(house, seller, at)
    return rule.rate_per_million // _PER_BASIS_POINT if rule else -1


def freeze(house: House, baskets: Baskets, lines: Lines, reckoned: Reckoned, placed: np.ndarray) -> list[Section]:
    """Freeze the taxes of the orders that baskets became; purchases by basket, 0 where one was refused."""
    if isinstance(reckoned.assessments, tax_sheets.Sheet):
        at = int(baskets.at[0]) if len(baskets) else 0
        sheet = reckoned.assessments

        def fee_rule_of(seller: int) -> str:
            rule = _fee_rule(house, seller, at)
            return rule.id if rule else ""

        return fold(house, tax_sheets.frozen(house, baskets, lines, sheet, reckoned.by_seller, placed, fee_rule_of))
    made: list[Event] = []
    for row in np.flatnonzero(placed).tolist():
        first = int(house.orders.purchases.first_order[placed[row]])
        for place in range(int(lines.order_offsets[row]), int(lines.order_offsets[row + 1])):
            order = first + place - int(lines.order_offsets[row])
            fact = _frozen(house, baskets, reckoned, row, order)
            made += [fact] if fact is not None else []
    return fold(house, as_facts(*made))


def _frozen(house: House, baskets: Baskets, reckoned: Reckoned, row: int, order: int) -> Event | None:
    """Give the fact of one order's taxes, its lines counted within it; None where nobody knew where it goes.

    That an order met no rule of a version is a fact too.
    """
    table, start = house.orders, int(np.searchsorted(baskets.rows, row))
    before = int(table.orders.first_line[order] - table.orders.first_line[_first_of(house, order)])
    its = reckoned.places[start + before : start + before + int(table.orders.lines[order])].tolist()
    line_of = {place: line for line, place in enumerate(its)}
    now, unit = Instant(int(baskets.at[row])), int(table.orders.unit[order])
    fee = _fee_rule(house, int(table.orders.seller[order]), now)
    assessment = reckoned.assessments[row] or taxes.Assessment(len(house.taxes.tables), "", "", [])
    if fee is not None and assessment.version != len(house.taxes.tables):
        fee = house.taxes.rules[assessment.version].get(fee.id)
    parts = [part._replace(line=line_of[part.line]) for part in assessment.parts if part.line in line_of]
    if reckoned.assessments[row] is None and fee is None:
        return None
    return taxes.tax_order(
        order=OrderId(order), unit=unit, assessment=assessment, parts=sorted(parts, key=lambda part: part.line),
        fee_rule=fee.id if fee else "", now=now,
    )  # fmt: skip


def _first_of(house: House, order: int) -> int:
    return int(house.orders.purchases.first_order[house.orders.orders.purchase[order]])


# Money.


def collect(
    house: House, due: np.ndarray, *, amounts: np.ndarray, fee_taxes: np.ndarray, at: np.ndarray
) -> list[Section]:
    """Keep for authorities what the market remits of orders whose money was just released; int64 [n]."""
    facts: list[Section] = []
    if not house.taxes.orders:
        return facts
    for place, order in enumerate(due.tolist()):
        taxed = house.taxes.orders.get(order)
        if taxed is not None:
            _collect(
                house, taxed, facts, released=int(amounts[place]), fee_tax=int(fee_taxes[place]), at=int(at[place])
            )
    return facts


def _collect(house: House, taxed: taxes.Taxed, facts: list[Section], *, released: int, fee_tax: int, at: int) -> None:
    money, now = house.payments.money, Instant(at)
    # Of money that a bank has had back meanwhile no tax is kept, whether it was corrected with its dispute or not.
    whole = int(money.captured[taxed.order] - money.refunded_before[taxed.order]) - taxed.lost
    kept = []
    for part, back in zip(taxed.parts, taxed.returned, strict=True):
        is_ours = taxes.rule_of(house.taxes, taxed.version, part.rule).remits == "marketplace"
        kept.append((part.amount_minor - back) * released // whole if is_ours and whole else 0)
    fee = fee_tax if taxed.fee_rule else 0
    if not sum(kept) + fee:
        return
    _move(house, taxed, facts, kept, fee, sign=1, reason=ledger.Reason.TAX_COLLECTED, now=now)
    facts += fold(house, as_facts(taxes.collect(taxed, amounts=kept, fee_tax=fee, at=now)))


def give_back(
    house: House, order: OrderId, line: int, *, fee_tax: int, now: Instant, refunded: int = 0
) -> list[Section]:
    """Give taxes back with the money of a line that has just gone back, in proportion: all of it gives all of them.

    What will never be sent of it costs no taxes either: then nothing was `refunded`, and its units were called off.
    """
    taxed = house.taxes.orders.get(order)
    if taxed is None:
        return []
    table, row = house.orders.lines, int(house.orders.orders.first_line[order]) + line
    whole = int(table.unit_price[row]) * int(table.quantity[row]) + int(table.shipping[row])
    parts = house.orders.parts.get(order)
    after, amounts = int(table.refunded[row]) + (parts.off[line] if parts else 0), []
    for place, part in enumerate(taxed.parts):
        is_charged = taxes.rule_of(house.taxes, taxed.version, part.rule).remits != "buyer" and part.line == line
        amounts.append(part.amount_minor * after // whole - taxed.returned[place] if is_charged else 0)
    if taxed.lost:
        amounts = _left_after_loss(house, taxed, line, whole=whole, after=after, refunded=refunded)
    ours = [
        min(amount, kept) if taxes.rule_of(house.taxes, taxed.version, part.rule).remits == "marketplace" else 0
        for part, amount, kept in zip(taxed.parts, amounts, taxed.collected, strict=True)
    ]
    fee = min(fee_tax, taxed.fee_tax) if taxed.fee_rule else 0
    facts: list[Section] = []
    if taxed.collected_at and sum(ours) + fee:
        _move(house, taxed, facts, ours, fee, sign=-1, reason=ledger.Reason.TAX_RETURNED, now=now)
    if sum(amounts) + fee:
        facts += fold(house, as_facts(taxes.give_back(taxed, amounts=amounts, fee_tax=fee, now=now)))
    return facts


def _left_after_loss(
    house: House, taxed: taxes.Taxed, line: int, *, whole: int, after: int, refunded: int
) -> list[int]:
    """Give what of an order's taxes goes with a part of a line, where some of the order's money was lost with a dispute.

    A loss is of all lines in proportion, and so is what is left of each; with the last of the order's money all of it goes.
    """
    left = _left_of(house, taxed.order)  # When this part has gone.
    parts = house.orders.parts.get(taxed.order)
    gone = refunded or (parts.off[line] if parts else 0)
    base, amounts = whole - after + gone, []
    if refunded:
        base = max(1, base * (left + refunded) // (left + refunded + taxed.lost))
    for place, part in enumerate(taxed.parts):
        rest = part.amount_minor - taxed.returned[place]
        if taxes.rule_of(house.taxes, taxed.version, part.rule).remits == "buyer":
            amounts.append(0)
        elif not left:
            amounts.append(rest)
        else:
            amounts.append(rest * min(gone, base) // base if part.line == line else 0)
    return amounts


def _left_of(house: House, order: int) -> int:
    """Give what of an order's money is its seller's by the sale: not let go, gone back or lost, and not their own coupon."""
    money, funding = house.payments.money, house.dealings.fundings.get(order)
    own = 0
    if funding is not None and funding.discount_payer:
        own = funding.discount - funding.discount * funding.refunded // funding.total
        own -= funded.discount_left(funding) if funding.is_let_go else 0
    left = money.authorized[order] - money.voided[order] - money.refunded[order] - money.lost[order]
    return max(0, int(left) - own)


def correct(house: House, order: OrderId, dispute: DisputeId, *, lost: int, facts: list[Section], now: Instant) -> int:
    """Let the taxes on money of an order that a dispute has just been lost about not be owed; give what its seller has back.

    In proportion to the money; with the last of it goes whatever is left of them.
    """
    taxed = house.taxes.orders.get(order)
    if taxed is None or not lost:
        return 0
    before, amounts = _left_of(house, order) + lost, []
    for part, back in zip(taxed.parts, taxed.returned, strict=True):
        is_charged = taxes.rule_of(house.taxes, taxed.version, part.rule).remits != "buyer"
        amounts.append((part.amount_minor - back) * lost // before if is_charged else 0)
    ours = [
        min(amount, kept) if taxes.rule_of(house.taxes, taxed.version, part.rule).remits == "marketplace" else 0
        for part, amount, kept in zip(taxed.parts, amounts, taxed.collected, strict=True)
    ]
    if taxed.collected_at and sum(ours):
        _move(house, taxed, facts, ours, 0, sign=-1, reason=ledger.Reason.TAX_RETURNED, now=now)
    facts += fold(house, as_facts(taxes.correct(taxed, dispute=dispute, lost_minor=lost, amounts=amounts, now=now)))
    return sum(ours) if taxed.collected_at else 0


def _move(  # noqa: PLR0913  # An entry has all of these.
    house: House, taxed: taxes.Taxed, facts: list[Section], amounts: Sequence[int], fee: int, *, sign: int,
    reason: ledger.Reason, now: Instant,
) -> None:  # fmt: skip
    """Move taxes between a seller's balance and the authorities, and that on the fee from where it is kept by itself."""
    seller, unit, total = int(house.payments.money.seller[taxed.order]), taxed.unit, sum(amounts)
    owed: dict[str, int] = {}
    for part, amount in zip(taxed.parts, amounts, strict=True):
        authority = taxes.rule_of(house.taxes, taxed.version, part.rule).authority
        owed[authority] = owed.get(authority, 0) + amount
    if fee:
        authority = taxes.rule_of(house.taxes, taxed.version, taxed.fee_rule).authority
        owed[authority] = owed.get(authority, 0) + fee
    postings = [
        Posting(ledger.Kind.SELLER_BALANCE, seller, unit, -sign * total),
        Posting(ledger.Kind.TAX_PAYABLE, 0, unit, -sign * fee),
        *(
            Posting(ledger.Kind.TAX_COLLECTED, taxes.authority_number(house.taxes, name), unit, sign * amount)
            for name, amount in sorted(owed.items())
        ),
    ]
    funded.post(house, facts, postings, reason=reason, reference=taxed.order, now=now)
    if total:
        charged = payments.charge_seller(
            seller=seller, unit=unit, amount_minor=sign * total, reason=payments.ChargeReason.TAX, order=taxed.order,
            now=now,
        )  # fmt: skip
        facts += fold(house, as_facts(charged))


# The operator's desk.


class NewRules(NamedTuple):
    """A table of rules as somebody wrote it; with `is_trial` it is only looked at."""

    text: str
    is_trial: bool = False


class Loaded(NamedTuple):
    """What came of a table: its version (0: only looked at), how many rules, and which currencies lack a rate."""

    version: int
    name: str
    rules: int
    countries: tuple[str, ...]
    currencies_without_rate: tuple[str, ...]


def load_rules(house: House, new: NewRules, *, now: Instant) -> Decision:
    """Let a table of rules hold from now on, or only look at it. Refuses a faulty one with every fault."""
    table = taxes.read_table(new.text)
    fact = taxes.load_rules(house.taxes, table, now=now)
    market = house.markets.market
    currencies = {rule.currency for rule in table.rules if rule.currency} - {market.currency if market else ""}
    unit = numeric(market.currency) if market else 0
    lacking = sorted(
        one for one in currencies if not unit or tax_sheets.worth(house, 1, unit=unit, into=numeric(one)) is None
    )
    countries = tuple(dict.fromkeys(rule.country for rule in table.rules))
    said = Loaded(0 if new.is_trial else fact.version, table.name, len(table.rules), countries, tuple(lacking))
    return Decision([] if new.is_trial else as_facts(fact), lambda: said)


class Classification(NamedTuple):
    """Somebody (a seller by number, 0: the operator) says what a product is to a tax office."""

    product: ProductId
    seller: int
    known: taxes.Classified


def classify(house: House, wish: Classification, *, now: Instant) -> Decision:
    """Say what a product is. Refuses a page of another seller's as not found; gives the product."""
    page = catalog.product_of(house.catalog, wish.product)
    if wish.seller and page.seller != wish.seller:
        raise NotFound("There is no such product.")
    by = f"seller {wish.seller}" if wish.seller else "operator"
    return Decision(as_facts(taxes.classify(wish.product, wish.known, by=by, now=now)), lambda: wish.product)


class Remittance(NamedTuple):
    """The operator paid an authority."""

    authority: str
    currency: str
    amount_minor: int
    reference: str


def remit(house: House, paid: Remittance, *, now: Instant) -> Decision:
    """Note that an authority was paid out of what is kept for it; gives the authority."""
    unit = numeric(paid.currency)
    owed = owed_to(house, paid.authority, unit)
    fact = taxes.remit(
        house.taxes, authority=paid.authority, unit=unit, amount_minor=paid.amount_minor, owed_minor=owed,
        reference=paid.reference, now=now,
    )  # fmt: skip
    number = taxes.authority_number(house.taxes, paid.authority)
    facts: list[Section] = []
    postings = (
        Posting(ledger.Kind.TAX_COLLECTED, number, unit, -paid.amount_minor),
        Posting(ledger.Kind.BANK, 0, unit, paid.amount_minor),
    )
    funded.post(house, facts, postings, reason=ledger.Reason.TAX_REMITTED, reference=number, now=now)
    return Decision([*facts, *as_facts(fact)], lambda: paid.authority)


def owed_to(house: House, authority: str, unit: int) -> int:
    """Give what the ledger keeps for an authority."""
    if authority not in house.taxes.authorities[1:]:
        return 0
    number = taxes.authority_number(house.taxes, authority)
    return ledger.balance(house.ledger, ledger.Kind.TAX_COLLECTED, owner=number, unit=unit)[0]


class Owed(NamedTuple):
    """What is kept for an authority in a currency."""

    authority: str
    name: str
    unit: int
    amount_minor: int


def owed(house: House, *, every: bool = False) -> list[Owed]:
    """Give what the ledger keeps for each authority; with `every` also where that is nothing any more."""
    names = {one.code: one.name for table in house.taxes.tables.values() for one in table.authorities}
    table = house.ledger.accounts
    chosen = np.flatnonzero((table.kind == ledger.Kind.TAX_COLLECTED) & (every | (table.posted != 0)))
    found = (
        (house.taxes.authorities[int(table.owner[one])], int(table.unit[one]), int(table.posted[one])) for one in chosen
    )
    return [Owed(code, names[code], unit, amount) for code, unit, amount in sorted(found)]


def report(house: House, since: Instant, until: Instant, authority: str = "") -> list[taxes.Line]:
    """Give what was charged, collected, returned, corrected and remitted in a period. Refuses a period that ends before it begins."""
    if since >= until:
        raise Invalid("A period ends after it begins.", field="until")
    table = house.orders.orders
    canceled = frozenset(order for order in house.taxes.orders if table.canceled_at[order])
    return taxes.report(house.taxes, since=since, until=until, canceled=canceled, authority=authority)


class Landing(NamedTuple):
    """Lines that somebody may buy, and where they would go."""

    lines: tuple[tuple[ListingId, int], ...]
    where: Destination


class Landed(NamedTuple):
    """What lines come to at a place, at the prices of the catalog."""

    currency: str
    parts: Breakdown
    assessment: taxes.Assessment | None


def land_cart(house: House, cart: CartId, where: Destination, now: Instant) -> Landed:
    """Say what the lines of a cart that are on offer come to at a place."""
    currency = house.markets.market.currency if house.markets.market else "EUR"
    wanted = []
    for listing, quantity in orders.cart_of(house.orders, cart).lines.items():
        offer = catalog.listing_of(house.catalog, listing)
        if offer.status == catalog.ListingStatus.LIVE and house.partners.active[offer.seller]:
            wanted.append(_line(offer, quantity))
    return _landed(house, wanted, where, currency, now=now)


def _line(offer: catalog.Listing, quantity: int) -> orders.Line:
    return orders.Line(
        listing=offer.listing, sku=offer.sku, location=offer.location, seller=offer.seller, quantity=quantity,
        unit_price_minor=offer.price.amount, shipping_minor=offer.shipping.amount * quantity,
    )  # fmt: skip


def _landed(house: House, lines: Sequence[orders.Line], where: Destination, currency: str, *, now: Instant) -> Landed:
    wanted = [
        Wanted(line.listing, line.goods_minor, line.shipping_minor, location=line.location)
        for line in allocated_lines(house, lines, where or NOWHERE)
    ]
    assessment = assess(house, wanted, where, unit=numeric(currency), now=now)
    goods, shipping = sum(one.goods_minor for one in wanted), sum(one.shipping_minor for one in wanted)
    return Landed(currency, broken_down(house, assessment, goods=goods, shipping=shipping), assessment)


def land(house: House, landing: Landing, now: Instant) -> Landed:
    """Say what lines come to at a place, and all its parts. Refuses what is not there, and what is not on offer."""
    currency = house.markets.market.currency if house.markets.market else "EUR"
    wanted = []
    for listing, quantity in landing.lines:
        offer = catalog.listing_of(house.catalog, listing)
        if offer.status != catalog.ListingStatus.LIVE:
            raise catalog.NotOnOffer
        wanted.append(_line(offer, quantity))
    return _landed(house, wanted, landing.where, currency, now=now)
