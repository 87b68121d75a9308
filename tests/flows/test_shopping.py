"""Tests carts, quotes and reservations: all or none, for a time, by one buyer."""

import pytest

from caravan.bootstrap import KINDS
from caravan.cell import facts
from caravan.events import orders as events
from caravan.flows import opening, people, selling, shopping
from caravan.kernel.clock import MINUTE, Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AddressId, BuyerId, CartId, ListingId
from caravan.trade import catalog, ledger, orders
from caravan.trade.catalog import ListingStatus
from caravan.trade.orders import SessionStatus
from caravan.world import markets, partners
from tests.flows.market import Market


def kinds_of(market: Market) -> list[str]:
    return [part.kind.__name__ for _, parts in facts(market.log, KINDS, after=None) for part in parts]


def status(market: Market, session: int) -> SessionStatus:
    return market.house.orders.sessions[session].status


def merge(market: Market, guest: int, own: int, buyer: int) -> object:
    return market.do(shopping.merge_carts, shopping.Merge(CartId(guest), CartId(own), BuyerId(buyer)))


def test_a_cart_takes_lines_of_several_sellers_and_holds_no_stock(market: Market) -> None:
    buyer = market.buyer()
    ours, theirs = market.listing(market.seller("Ana")), market.listing(market.seller("Rui"))

    cart = market.cart(buyer, (ours, 2), (theirs, 1))

    assert market.house.orders.carts[cart].lines == {ours: 2, theirs: 1}
    assert market.units(ours)["reserved"] == 0


def test_a_line_of_zero_leaves_the_cart_even_when_it_is_no_longer_on_offer(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    cart = market.cart(buyer, (listing, 2))
    market.move(listing, ListingStatus.PAUSED)

    market.put(cart, buyer, listing, 0)

    assert market.house.orders.carts[cart].lines == {}


def test_what_is_not_on_offer_goes_into_no_cart(market: Market) -> None:
    listing = market.listing(market.seller())
    market.move(listing, ListingStatus.PAUSED)

    with pytest.raises(catalog.NotOnOffer):
        market.put(0, 0, listing, 1)


@pytest.mark.parametrize("listing", [0, 5])
def test_an_unknown_listing_goes_into_no_cart(market: Market, listing: int) -> None:
    with pytest.raises(NotFound):
        market.put(0, 0, listing, 1)


@pytest.mark.parametrize("quantity", [0, -1, orders.UNITS_PER_LINE_MAX + 1])
def test_a_new_cart_begins_with_at_least_one_unit_and_not_too_many(market: Market, quantity: int) -> None:
    listing = market.listing(market.seller())

    with pytest.raises(orders.CartTooLarge):
        market.put(0, 0, listing, quantity)


def test_another_buyers_cart_is_not_found(market: Market) -> None:
    listing = market.listing(market.seller())
    cart = market.cart(market.buyer(), (listing, 1))
    other = market.buyer()

    with pytest.raises(NotFound):
        market.put(cart, other, listing, 1)
    with pytest.raises(NotFound):
        market.quote(other, cart=cart)
    with pytest.raises(NotFound):
        merge(market, cart, 0, other)


def test_a_guests_cart_becomes_the_buyers(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    cart = market.cart(0, (listing, 1))

    assert merge(market, cart, 0, buyer) == (cart, ())

    assert market.house.orders.carts[cart].buyer == buyer


def test_merging_carts_adds_quantities_and_empties_the_guests(market: Market) -> None:
    buyer, seller = market.buyer(), market.seller()
    mug, cup = market.listing(seller), market.listing(seller)
    guest, own = market.cart(0, (mug, 2), (cup, 1)), market.cart(buyer, (mug, 3))

    assert merge(market, guest, own, buyer) == (own, ())

    assert market.house.orders.carts[own].lines == {mug: 5, cup: 1}
    assert market.house.orders.carts[guest].lines == {}


def test_merging_carts_clamps_to_the_units_of_a_line_and_says_so(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    guest, own = market.cart(0, (listing, orders.UNITS_PER_LINE_MAX)), market.cart(buyer, (listing, 1))

    assert merge(market, guest, own, buyer) == (own, (listing,))

    assert market.house.orders.carts[own].lines == {listing: orders.UNITS_PER_LINE_MAX}


def test_merging_carts_clamps_to_the_lines_of_a_cart_and_leaves_the_rest_with_the_guest(market: Market) -> None:
    buyer, seller = market.buyer(), market.seller()
    listings = [market.listing(seller, stock=0) for _ in range(orders.LINES_PER_CART_MAX + 1)]
    guest = market.cart(0, (listings[-2], 1), (listings[-1], 1))
    own = market.cart(buyer, *((listing, 1) for listing in listings[:-2]))

    assert merge(market, guest, own, buyer) == (own, (listings[-1],))

    assert len(market.house.orders.carts[own].lines) == orders.LINES_PER_CART_MAX
    assert market.house.orders.carts[guest].lines == {listings[-1]: 1}


def test_a_quote_has_the_prices_of_now_and_holds_nothing(market: Market) -> None:
    buyer, seller = market.buyer(), market.seller()
    listing = market.listing(seller, price=1_000, shipping=50)

    session = market.quote(buyer, (listing, 2))
    market.do(selling.reprice, selling.Price(seller, listing, 9_000, 0, "ana"))

    assert market.total(session) == 2_100
    assert status(market, session) == SessionStatus.NOT_READY
    assert market.units(listing)["reserved"] == 0


def test_an_empty_cart_cannot_be_checked_out(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    cart = market.cart(buyer, (listing, 1))
    market.put(cart, buyer, listing, 0)

    with pytest.raises(orders.EmptyCart):
        market.quote(buyer, cart=cart)
    with pytest.raises(orders.EmptyCart):
        market.quote(buyer)


@pytest.mark.parametrize("quantity", [0, -1, orders.UNITS_PER_LINE_MAX + 1])
def test_a_quote_of_no_units_or_too_many_is_refused(market: Market, quantity: int) -> None:
    listing = market.listing(market.seller())

    with pytest.raises(Invalid):
        market.quote(market.buyer(), (listing, quantity))


def test_lines_of_one_listing_are_summed_and_their_sum_is_limited(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())

    session = market.hold(buyer, (listing, 2), (listing, 3))

    assert [line.quantity for line in market.house.orders.sessions[session].lines] == [5]
    with pytest.raises(Invalid):
        market.quote(buyer, (listing, orders.UNITS_PER_LINE_MAX), (listing, 1))


def test_a_quote_of_more_than_anybody_can_pay_is_refused(market: Market) -> None:
    listing = market.listing(market.seller(), price=10**13)

    with pytest.raises(orders.CartTooLarge):
        market.quote(market.buyer(), (listing, 101))

    assert market.quote(market.buyer(), (listing, 100)) == 1


def test_what_is_not_on_offer_is_not_quoted(market: Market) -> None:
    listing = market.listing(market.seller())
    market.move(listing, ListingStatus.PAUSED)

    with pytest.raises(catalog.NotOnOffer) as refused:
        market.quote(market.buyer(), (listing, 1))

    assert refused.value.details == {"listing": listing}


def test_a_suspended_sellers_listings_are_not_quoted(market: Market) -> None:
    seller = market.seller()
    listing = market.listing(seller)
    market.do(selling.suspend_seller, selling.Suspension(seller, "late"))

    with pytest.raises(partners.SellerNotActive):
        market.quote(market.buyer(), (listing, 1))


def test_a_checkout_with_an_address_holds_all_its_lines(market: Market) -> None:
    buyer = market.buyer()
    ours, theirs = market.listing(market.seller("Ana")), market.listing(market.seller("Rui"))

    session = market.hold(buyer, (ours, 2), (theirs, 10))

    assert status(market, session) == SessionStatus.READY
    assert (market.units(ours)["reserved"], market.units(theirs)["reserved"]) == (2, 10)


def test_a_checkout_holds_all_its_lines_or_none(market: Market) -> None:
    buyer = market.buyer()
    ours, theirs = market.listing(market.seller("Ana"), stock=5), market.listing(market.seller("Rui"), stock=1)
    before = market.cell.digest()

    with pytest.raises(ledger.OutOfStock) as refused:
        market.hold(buyer, (ours, 5), (theirs, 2))

    assert refused.value.details == {"sku": 2, "available": 1}
    assert market.cell.digest() == before


def test_units_that_never_came_in_cannot_be_held(market: Market) -> None:
    listing = market.listing(market.seller(), stock=0)

    with pytest.raises(ledger.OutOfStock) as refused:
        market.hold(market.buyer(), (listing, 1))

    assert refused.value.details == {"sku": 1, "available": 0}


def test_two_listings_of_one_sku_share_its_units(market: Market) -> None:
    seller = market.seller()
    first = market.listing(seller, stock=3)
    offer = selling.Offer(
        product=market.house.catalog.skus[1].product,
        options=(("", catalog.ListingDraft(price_minor=900, currency="EUR", condition="used")),),
    )
    market.do(selling.offer_products, selling.Offers([seller], [offer]))
    second = ListingId(first + 1)

    with pytest.raises(ledger.OutOfStock):
        market.hold(market.buyer(), (first, 2), (second, 2))
    market.hold(market.buyer(), (first, 2), (second, 1))

    assert market.units(first)["reserved"] == 3


def test_another_buyers_address_is_not_found(market: Market) -> None:
    listing, buyer, other = market.listing(market.seller()), market.buyer(), market.buyer()
    session = market.quote(buyer, (listing, 1))

    for address in (market.address(other), AddressId(0), AddressId(77)):
        with pytest.raises(NotFound):
            market.do(shopping.reserve, market.step(session, buyer, address))

    assert market.units(listing)["reserved"] == 0


def test_a_quote_is_reserved_once_the_address_is_known(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    session = market.quote(buyer, (listing, 2))

    market.do(shopping.reserve, market.step(session, buyer, market.address(buyer)))

    found = market.house.orders.sessions[session]
    assert (found.status, found.address) == (SessionStatus.READY, market.address(buyer))
    assert found.expires_at == market.clock.now() + 10 * MINUTE


def test_a_quote_that_is_out_of_stock_by_now_is_not_reserved(market: Market) -> None:
    listing, buyer = market.listing(market.seller(), stock=1), market.buyer()
    session = market.quote(buyer, (listing, 1))
    market.hold(market.buyer(), (listing, 1))

    with pytest.raises(ledger.OutOfStock):
        market.do(shopping.reserve, market.step(session, buyer, market.address(buyer)))

    assert status(market, session) == SessionStatus.NOT_READY


def test_another_buyers_checkout_is_not_found(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    session, other = market.hold(buyer, (listing, 1)), market.buyer()

    for flow in (shopping.reserve, shopping.cancel_checkout):
        with pytest.raises(NotFound):
            market.do(flow, market.step(session, other))
        with pytest.raises(NotFound):
            market.do(flow, market.step(99, buyer))


def test_a_reservation_holds_until_its_time_and_not_longer(market: Market) -> None:
    listing = market.listing(market.seller(), stock=1)
    session = market.hold(market.buyer(), (listing, 1))
    market.clock.advance(10 * MINUTE - 1)
    assert market.do(shopping.expire_checkouts) == 0

    market.clock.advance(1)

    assert market.do(shopping.expire_checkouts) == 1
    assert status(market, session) == SessionStatus.EXPIRED
    assert market.units(listing) == {"available": 1, "committed": 0, "shipped": 0, "reserved": 0}


def test_expiry_is_a_fact_in_the_log_decided_by_the_time_that_was_handed_in(market: Market) -> None:
    listing = market.listing(market.seller())
    market.hold(market.buyer(), (listing, 1))

    expired = market.cell.do(shopping.expire_checkouts, None, at=Instant(market.clock.now() + 10 * MINUTE))

    assert expired == 1
    assert kinds_of(market)[-2:] == ["EntryRecorded", events.SessionExpired.__name__]


def test_a_buyer_who_is_still_at_it_keeps_the_units_for_thirty_minutes_at_most(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    session, began = market.hold(buyer, (listing, 1)), market.clock.now()
    untils = []
    for _ in range(4):
        market.clock.advance(9 * MINUTE)
        if market.clock.now() < began + 30 * MINUTE:
            market.do(shopping.reserve, market.step(session, buyer))
            untils.append((market.house.orders.sessions[session].expires_at - began) // MINUTE)

    assert untils == [19, 28, 30]
    assert market.units(listing)["reserved"] == 1
    assert market.do(shopping.expire_checkouts) == 1


def test_activity_in_the_same_instant_extends_nothing(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    session = market.hold(buyer, (listing, 1))
    position = market.cell.position

    market.do(shopping.reserve, market.step(session, buyer))

    assert market.cell.position == position


def test_a_reservation_whose_time_is_up_cannot_be_extended_even_before_it_is_swept(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    session = market.hold(buyer, (listing, 1))
    market.clock.advance(10 * MINUTE)

    with pytest.raises(orders.SessionNotReady):
        market.do(shopping.reserve, market.step(session, buyer))


def test_the_address_of_a_ready_checkout_can_be_changed(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    session = market.hold(buyer, (listing, 1))
    second = market.do(people.add_address, people.NewAddress(buyer, "DE", b"sealed"))
    assert isinstance(second, int)

    market.do(shopping.reserve, market.step(session, buyer, second))

    assert market.house.orders.sessions[session].address == second


def test_canceling_a_checkout_frees_what_it_held(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    session = market.hold(buyer, (listing, 4))

    market.do(shopping.cancel_checkout, market.step(session, buyer))

    assert status(market, session) == SessionStatus.CANCELED
    assert market.units(listing) == {"available": 10, "committed": 0, "shipped": 0, "reserved": 0}


def test_canceling_a_quote_frees_nothing_because_nothing_was_held(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    session = market.quote(buyer, (listing, 4))

    market.do(shopping.cancel_checkout, market.step(session, buyer))

    assert status(market, session) == SessionStatus.CANCELED


@pytest.mark.parametrize("flow", [shopping.reserve, shopping.cancel_checkout])
def test_a_checkout_that_is_over_cannot_be_gone_on_with(market: Market, flow: object) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    canceled, completed = market.hold(buyer, (listing, 1)), market.hold(buyer, (listing, 1))
    market.do(shopping.cancel_checkout, market.step(canceled, buyer))
    market.complete(completed, buyer)

    for session in (canceled, completed):
        with pytest.raises(orders.SessionNotReady):
            market.do(flow, market.step(session, buyer))  # type: ignore[arg-type]


def test_one_buyer_cannot_hold_more_units_of_a_sku_than_the_market_allows(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    market.do(opening.set_policy, markets.Policy(units_per_buyer_max=3))
    market.hold(buyer, (listing, 2))

    with pytest.raises(orders.BuyerLimitReached) as refused:
        market.hold(buyer, (listing, 2))

    assert refused.value.details == {"sku": 1, "limit": 3}
    assert market.hold(buyer, (listing, 1)) == 2
    assert market.hold(market.buyer(), (listing, 3)) == 3


def test_the_limit_counts_again_when_a_quote_is_reserved(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    market.do(opening.set_policy, markets.Policy(units_per_buyer_max=3))
    first, second = market.quote(buyer, (listing, 3)), market.quote(buyer, (listing, 3))
    market.do(shopping.reserve, market.step(first, buyer, market.address(buyer)))

    with pytest.raises(orders.BuyerLimitReached):
        market.do(shopping.reserve, market.step(second, buyer, market.address(buyer)))


def test_units_that_were_let_go_count_no_more(market: Market) -> None:
    seller, buyer = market.seller(), market.buyer()
    listing, other = market.listing(seller), market.listing(seller)
    market.do(opening.set_policy, markets.Policy(units_per_buyer_max=3))
    market.hold(buyer, (other, 3))
    session = market.hold(buyer, (listing, 3))
    market.do(shopping.cancel_checkout, market.step(session, buyer))

    assert market.hold(buyer, (listing, 3)) == session + 1


def test_without_a_market_prices_are_in_euro() -> None:
    market = Market()
    listing = market.listing(market.seller())

    session = market.quote(market.buyer(), (listing, 1))

    assert market.house.orders.sessions[session].currency == "EUR"
    market.close()
