"""Shopping: a cart of several sellers, a checkout that quotes prices, and units held for as long as it takes."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.cell import Decision, Section
from caravan.flows import places, taxing
from caravan.flows.house import House, as_facts, integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AddressId, BuyerId, CartId, HoldId, ListingId, LocationId, SellerId, SessionId, SkuId
from caravan.trade import catalog, ledger, orders
from caravan.world import partners


class CartLine(NamedTuple):
    """So many units of a listing are to be in a cart; cart 0 is a new one, buyer 0 is a guest."""

    cart: CartId
    buyer: BuyerId
    listing: ListingId
    quantity: int


class Checkout(NamedTuple):
    """A buyer goes to checkout with a cart, or with lines of their own; address 0 is not said yet."""

    buyer: BuyerId
    cart: CartId
    address: AddressId
    lines: tuple[tuple[ListingId, int], ...] = ()


class Step(NamedTuple):
    """A buyer acts on a checkout of theirs."""

    session: SessionId
    buyer: BuyerId
    address: AddressId = AddressId(0)


def set_cart_line(house: House, line: CartLine, *, now: Instant) -> Decision:
    """Put units of a listing into a cart, or take them out with 0; give the cart's number."""
    offer = catalog.listing_of(house.catalog, line.listing)
    if line.quantity and offer.status != catalog.ListingStatus.LIVE:
        raise catalog.NotOnOffer
    facts = []
    cart = line.cart
    if cart:
        _own_cart(house, cart, line.buyer)
        facts.append(
            orders.set_cart_line(house.orders, cart=cart, listing=line.listing, quantity=line.quantity, now=now)
        )
        return Decision(as_facts(*facts), lambda: cart)
    opened = orders.open_cart(house.orders, buyer=line.buyer, now=now)
    if not 0 < line.quantity <= orders.UNITS_PER_LINE_MAX:
        raise orders.CartTooLarge(f"A line holds 1 to {orders.UNITS_PER_LINE_MAX} units.")
    first = orders.first_cart_line(cart=opened.cart, listing=line.listing, quantity=line.quantity, now=now)
    return Decision(as_facts(opened, first), lambda: opened.cart)


class Merge(NamedTuple):
    """A guest with a cart turned out to be a buyer, who may have one already (0: none)."""

    guest_cart: CartId
    buyer_cart: CartId
    buyer: BuyerId


def merge_carts(house: House, merge: Merge, *, now: Instant) -> Decision:
    """Make a guest's cart the buyer's; into one they have, quantities are added and clamped to the limits.

    Gives the cart, and the listings whose quantity was clamped.
    """
    guest = orders.cart_of(house.orders, merge.guest_cart)
    if guest.buyer not in (0, merge.buyer):
        raise NotFound("There is no such cart.")
    if not merge.buyer_cart or merge.buyer_cart == merge.guest_cart:
        claimed = orders.claim_cart(house.orders, cart=merge.guest_cart, buyer=merge.buyer, now=now)
        return Decision(as_facts(claimed), lambda: (merge.guest_cart, ()))
    own = _own_cart(house, merge.buyer_cart, merge.buyer)
    facts, clamped = [], []
    lines_left = orders.LINES_PER_CART_MAX - len(own.lines)
    for listing, quantity in guest.lines.items():
        wanted = quantity + own.lines.get(listing, 0)
        fitting = min(wanted, orders.UNITS_PER_LINE_MAX)
        if listing not in own.lines:
            fitting = fitting if lines_left > 0 else 0
            lines_left -= 1
        if fitting < wanted:
            clamped.append(listing)
        if not fitting:
            continue  # It stays in the guest's cart, where it can still be seen.
        facts.append(orders.set_cart_line(house.orders, cart=own.cart, listing=listing, quantity=fitting, now=now))
        facts.append(orders.set_cart_line(house.orders, cart=guest.cart, listing=listing, quantity=0, now=now))
    return Decision(as_facts(*facts), lambda: (own.cart, tuple(clamped)))


def open_checkout(house: House, checkout: Checkout, *, now: Instant) -> Decision:
    """Quote a cart; with an address, hold its units too, all lines or none. Gives the session's number."""
    cart = CartId(0)
    wanted = checkout.lines
    if checkout.cart:
        cart = _own_cart(house, checkout.cart, checkout.buyer).cart
        wanted = wanted or tuple(house.orders.carts[cart].lines.items())
    lines = [_quote(house, listing, quantity) for listing, quantity in _summed(wanted)]
    _limit(house, checkout.buyer, lines)
    session = SessionId(len(house.orders.sessions))
    currency = house.markets.market.currency if house.markets.market else "EUR"
    if checkout.address:
        where = places.destination_of(house, checkout.address)
        lines = places.allocated_lines(house, lines, where or places.NOWHERE)
    lines, assessment = taxing.levied(house, lines, checkout.address, currency, now=now)
    opened = orders.open_session(
        house.orders, session=session, buyer=checkout.buyer, cart=cart, address=checkout.address, currency=currency,
        lines=lines, now=now,
    )  # fmt: skip
    if not checkout.address:
        return Decision(as_facts(opened), lambda: session)
    taxed = taxing.noted(session, assessment, now=now)
    _own_address(house, checkout.address, checkout.buyer)
    held, facts = _hold(house, session, lines, now=now)
    expires_at = now + house.markets.policy.reservation_lasts
    reserved = orders.reserve_session(session=session, holds=held, expires_at=expires_at, now=now)
    return Decision([*as_facts(opened), *taxed, *facts, *as_facts(reserved)], lambda: session)


def reserve(house: House, step: Step, *, now: Instant) -> Decision:
    """Say where the parcels go and hold the units of a quoted checkout; one that holds them is held for longer."""
    session = own_session(house, step)
    address = step.address or session.address
    _own_address(house, address, step.buyer)
    facts: list[Section] = []
    if address != session.address:
        facts += as_facts(orders.address_session(session, address=address, now=now))
    if session.status == orders.SessionStatus.NOT_READY:
        session, sourced = _sourced(house, session, address, now=now)
        facts += sourced
    elif address != session.address:
        facts += taxing.readdressed(house, session, taxing.bare_lines(house, session), address, now=now)
    if session.status == orders.SessionStatus.READY:
        return Decision([*facts, *_extend(house, session, now=now)], lambda: session.session)
    if session.status != orders.SessionStatus.NOT_READY:
        raise orders.SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    _limit(house, session.buyer, session.lines)
    held, moved = _hold(house, session.session, session.lines, now=now)
    expires_at = now + house.markets.policy.reservation_lasts
    reserved = orders.reserve_session(session=session.session, holds=held, expires_at=expires_at, now=now)
    return Decision([*facts, *moved, *as_facts(reserved)], lambda: session.session)


def _sourced(
    house: House, session: orders.Session, address: AddressId, *, now: Instant
) -> tuple[orders.Session, list[Section]]:
    """Give a checkout whose lines are sent to an address, each out of one location, and the facts of that."""
    bare, facts = taxing.bare_lines(house, session), list[Section]()
    lines = places.allocated_lines(house, bare, places.destination_of(house, address) or places.NOWHERE)
    if lines != bare:
        allocated = orders.allocate_session(session, lines=lines, now=now)
        facts += as_facts(allocated)
        session = msgspec.structs.replace(session, lines=lines, total_minor=allocated.total_minor)
    facts += taxing.readdressed(house, session, lines, address, now=now)
    return session, facts


def _extend(house: House, session: orders.Session, *, now: Instant) -> list[Section]:
    policy = house.markets.policy
    until = orders.extended_until(
        session, lasts=policy.reservation_lasts, lasts_max=policy.reservation_lasts_max, now=now
    )
    if until is None:
        return []
    holds, facts = hold_until(house, session, until, now=now)
    extended = orders.extend_session(session=session.session, holds=holds, expires_at=until, now=now)
    return [*facts, *as_facts(extended)]


def hold_until(house: House, session: orders.Session, until: int, *, now: Instant) -> tuple[list[int], list[Section]]:
    """Hold the units of a checkout that holds them for longer; give the new holds and the facts of that."""
    legs = ledger.Legs()
    accounts, amounts, rows = _legs_of(house, [session])
    legs.void(rows, accounts=accounts, amounts=amounts, holds=integers(list(session.holds)))
    legs.hold(rows, accounts=accounts, amounts=amounts)
    outcomes = ledger.record(
        house.ledger, legs, reason=ledger.Reason.RESERVED, references=integers(session.session), at=integers(now),
        expires_at=until,
    )  # fmt: skip
    assert outcomes.recorded.all(), "What was held can be held again."
    return outcomes.holds.values.tolist(), outcomes.facts


def cancel_checkout(house: House, step: Step, *, now: Instant) -> Decision:
    """Give a checkout up; what was held is free again."""
    session = own_session(house, step)
    closed = orders.close_session(session, has_expired=False, now=now)
    return Decision([*_free(house, [session], now=now), *as_facts(closed)], lambda: session.session)


def expire_checkouts(house: House, _: object, *, now: Instant) -> Decision:
    """End the checkouts whose time is up, at most 500 at a time; give how many."""
    due = orders.due_sessions(house.orders, now=now)
    closed = [orders.close_session(session, has_expired=True, now=now) for session in due]
    return Decision([*_free(house, due, now=now), *as_facts(*closed)], lambda: len(due))


def own_session(house: House, step: Step) -> orders.Session:
    """Give a session; refuse another buyer's as not found."""
    session = orders.session_of(house.orders, step.session)
    if session.buyer != step.buyer:
        raise NotFound("There is no such checkout session.")
    return session


def _own_cart(house: House, cart: CartId, buyer: BuyerId) -> orders.Cart:
    found = orders.cart_of(house.orders, cart)
    if found.buyer not in (0, buyer):
        raise NotFound("There is no such cart.")
    return found


def _own_address(house: House, address: AddressId, buyer: BuyerId) -> None:
    addresses = house.identity.addresses
    if not 0 < address < len(addresses) or addresses[address].buyer != buyer:
        raise NotFound("There is no such address.")


def _summed(wanted: Sequence[tuple[ListingId, int]]) -> list[tuple[ListingId, int]]:
    sums: dict[ListingId, int] = {}
    for listing, quantity in wanted:
        if not 0 < quantity <= orders.UNITS_PER_LINE_MAX:
            raise Invalid(f"A quantity is 1 to {orders.UNITS_PER_LINE_MAX}.", field="quantity")
        sums[listing] = sums.get(listing, 0) + quantity
    if any(quantity > orders.UNITS_PER_LINE_MAX for quantity in sums.values()):
        raise Invalid(f"A quantity is 1 to {orders.UNITS_PER_LINE_MAX}.", field="quantity")
    return list(sums.items())


def _quote(house: House, listing: ListingId, quantity: int) -> orders.Line:
    offer = catalog.listing_of(house.catalog, listing)
    if offer.status != catalog.ListingStatus.LIVE:
        raise catalog.NotOnOffer(listing=int(listing))
    if partners.seller_of(house.partners, offer.seller).status != partners.SellerStatus.ACTIVE:
        raise partners.SellerNotActive
    return orders.Line(
        listing=listing, sku=SkuId(offer.sku), location=LocationId(offer.location), seller=SellerId(offer.seller),
        quantity=quantity, unit_price_minor=offer.price.amount, shipping_minor=offer.shipping.amount * quantity,
    )  # fmt: skip


def _limit(house: House, buyer: BuyerId, lines: Sequence[orders.Line]) -> None:
    """Refuse a buyer who would hold more units of one SKU than the market allows, over all their open checkouts."""
    limit = house.markets.policy.units_per_buyer_max
    wanted: dict[int, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    open_numbers = {number for _, number in house.orders.expiries}
    for number in open_numbers:
        session = house.orders.sessions[number]
        if session.buyer != buyer or session.status not in orders.HOLDING:
            continue
        for line in session.lines:
            if line.sku in wanted:
                wanted[line.sku] += line.quantity
    for sku, units in wanted.items():
        if units > limit:
            raise orders.BuyerLimitReached(f"At most {limit} units for one buyer.", sku=sku, limit=limit)


def _hold(
    house: House, session: SessionId, lines: Sequence[orders.Line], *, now: Instant
) -> tuple[list[HoldId], list[Section]]:
    accounts = house.ledger.find(
        ledger.Kind.AVAILABLE, integers([line.location for line in lines]), integers([line.sku for line in lines])
    )
    if not accounts.all():
        raise ledger.OutOfStock(sku=int(lines[int(np.argmin(accounts))].sku), available=0)
    legs = ledger.Legs()
    legs.hold(np.zeros(len(lines), np.int64), accounts=accounts, amounts=integers([line.quantity for line in lines]))
    outcomes = ledger.record(
        house.ledger, legs, reason=ledger.Reason.RESERVED, references=integers(session), at=integers(now),
        expires_at=now + house.markets.policy.reservation_lasts,
    )  # fmt: skip
    if not outcomes.recorded.all():
        raise places.refusal(house, code=int(outcomes.codes[0]), account=int(outcomes.culprits[0]))
    return [HoldId(hold) for hold in outcomes.holds.values.tolist()], outcomes.facts


def _legs_of(house: House, sessions: Sequence[orders.Session]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the stock accounts and quantities of all lines of sessions, and whose line each is."""
    lines = [(row, line) for row, session in enumerate(sessions) for line in session.lines]
    accounts = house.ledger.find(
        ledger.Kind.AVAILABLE, integers([line.location for _, line in lines]), integers([line.sku for _, line in lines])
    )
    return accounts, integers([line.quantity for _, line in lines]), integers([row for row, _ in lines])


def _free(house: House, sessions: Sequence[orders.Session], *, now: Instant) -> list[Section]:
    """Void the holds of sessions that have any."""
    holding = [session for session in sessions if session.status in orders.HOLDING]
    if not holding:
        return []
    accounts, amounts, rows = _legs_of(house, holding)
    legs = ledger.Legs()
    holds = integers([hold for session in holding for hold in session.holds])
    legs.void(rows, accounts=accounts, amounts=amounts, holds=holds)
    outcomes = ledger.record(
        house.ledger, legs, reason=ledger.Reason.RESERVATION_RELEASED,
        references=integers([session.session for session in holding]), at=np.full(len(holding), now, np.int64),
    )  # fmt: skip
    assert outcomes.recorded.all(), "What is held can be let go."
    return outcomes.facts
