"""Tests how quotes become purchases: once, at the agreed total, in order, each whole or not at all."""

from dataclasses import replace

import numpy as np
import pytest

from caravan.flows import checkout, opening, selling, shopping
from caravan.flows.baskets import Baskets, select
from caravan.flows.house import integers
from caravan.flows.judgment import Verdict
from caravan.kernel.clock import MINUTE
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AddressId, ListingId, SessionId
from caravan.trade import catalog, ledger, orders
from caravan.trade.catalog import ListingStatus
from caravan.trade.ledger import Kind
from caravan.trade.orders import SessionStatus
from caravan.world import markets, partners
from tests.flows.market import EUR, Market


def baskets(market: Market, *wanted: tuple[int, int, int], marks: list[int] | None = None) -> Baskets:
    """Give one purchase of one line for each (buyer, listing, quantity)."""
    buyers, listings, quantities = (integers(column) for column in np.array(wanted, np.int64).reshape(-1, 3).T)
    nothing = np.zeros(len(wanted), np.int64)
    prices = market.house.catalog.listings.price[listings]
    return Baskets(
        at=nothing + market.clock.now(),
        buyers=buyers,
        sessions=nothing,
        addresses=nothing,
        units=nothing + EUR,
        expected=prices * quantities,
        marks_high=nothing if marks is None else integers(marks),
        marks_low=nothing if marks is None else integers(marks),
        rows=np.arange(len(wanted)),
        listings=listings,
        quantities=quantities,
        unit_prices=prices,
        shipping=nothing,
        holds=nothing,
        locations=nothing,
    )


def place(market: Market, wanted: Baskets) -> tuple[list[int], list[Verdict]]:
    placed = market.one(checkout.place_baskets, wanted)
    assert isinstance(placed, checkout.Placement)
    return placed.purchases.tolist(), [Verdict(verdict) for verdict in placed.verdicts.tolist()]


def test_a_session_becomes_a_purchase(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller(), price=1_000, shipping=50)
    session = market.hold(buyer, (listing, 2))

    purchase = market.complete(session, buyer)

    found = market.house.orders.sessions[session]
    assert (found.status, found.purchase) == (SessionStatus.COMPLETED, purchase)
    assert market.units(listing) == {"available": 8, "committed": 2, "shipped": 0, "reserved": 0}
    assert market.held(Kind.WALLET, buyer) == 2_100
    assert market.posted(Kind.WALLET, buyer) == 100_000


def test_a_completed_cart_is_empty(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    cart = market.cart(buyer, (listing, 2))
    session = market.hold(buyer, cart=cart)

    market.complete(session, buyer)

    assert market.house.orders.carts[cart].lines == {}


@pytest.mark.parametrize("difference", [-1, 1])
def test_another_total_than_the_buyer_agreed_to_is_refused(market: Market, difference: int) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    session = market.hold(buyer, (listing, 1))

    with pytest.raises(orders.TotalChanged):
        market.complete(session, buyer, market.total(session) + difference)

    assert market.complete(session, buyer) == 1


def test_the_quoted_price_counts_though_the_price_has_changed(market: Market) -> None:
    buyer, seller = market.buyer(), market.seller()
    listing = market.listing(seller, price=1_000)
    session = market.hold(buyer, (listing, 1))

    market.do(selling.reprice, selling.Price(seller, listing, 9_000, 0, "ana"))
    market.complete(session, buyer)

    assert market.house.orders.purchases.total[1] == 1_000


def test_a_session_is_completed_once(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    session = market.hold(buyer, (listing, 1))
    market.complete(session, buyer)

    with pytest.raises(orders.SessionNotReady):
        market.complete(session, buyer)

    assert len(market.house.orders.purchases) == 2


def test_a_session_completed_twice_in_one_batch_becomes_one_purchase(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    session = market.hold(buyer, (listing, 1))
    click = market.completion(session, buyer)

    answers = market.many(checkout.complete_sessions, click, click)

    assert [answers[0], type(answers[1])] == [1, orders.SessionNotReady]
    assert market.held(Kind.WALLET, buyer) == 10_000


def test_a_quote_that_holds_nothing_cannot_be_completed(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    session = market.quote(buyer, (listing, 1))

    with pytest.raises(orders.SessionNotReady):
        market.complete(session, buyer)


def test_a_canceled_session_cannot_be_completed(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    session = market.hold(buyer, (listing, 1))
    market.do(shopping.cancel_checkout, market.step(session, buyer))

    with pytest.raises(orders.SessionNotReady):
        market.complete(session, buyer)


@pytest.mark.parametrize("is_swept", [True, False])
def test_an_expired_session_cannot_be_completed(market: Market, *, is_swept: bool) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    session = market.hold(buyer, (listing, 1))
    market.clock.advance(10 * MINUTE)
    if is_swept:
        market.do(shopping.expire_checkouts)

    with pytest.raises(ledger.ReservationExpired):
        market.complete(session, buyer)


def test_another_buyers_session_is_not_found(market: Market) -> None:
    buyer, other, listing = market.buyer(), market.buyer(), market.listing(market.seller())
    session = market.hold(buyer, (listing, 1))

    with pytest.raises(NotFound):
        market.complete(session, other)
    with pytest.raises(NotFound):
        market.complete(SessionId(9), buyer, 10_000)


def test_what_was_reserved_can_be_bought_though_it_is_paused_by_now(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    session = market.hold(buyer, (listing, 1))
    market.move(listing, ListingStatus.PAUSED)

    assert market.complete(session, buyer) == 1


def test_nothing_is_bought_of_a_seller_who_was_suspended_in_between(market: Market) -> None:
    buyer, seller = market.buyer(), market.seller()
    listing = market.listing(seller)
    session = market.hold(buyer, (listing, 1))
    market.do(selling.suspend_seller, selling.Suspension(seller, "late"))

    with pytest.raises(partners.SellerNotActive):
        market.complete(session, buyer)

    assert market.units(listing)["reserved"] == 1


def test_two_sellers_make_two_orders_and_their_totals_are_the_purchases(market: Market) -> None:
    buyer = market.buyer()
    ana, rui = market.seller("Ana"), market.seller("Rui")
    mug, cup, jug = market.listing(ana, price=700), market.listing(rui, price=500), market.listing(ana, price=90)

    market.buy(buyer, (mug, 1), (cup, 2), (jug, 3))

    table = market.house.orders.orders
    assert table.seller.tolist() == [0, ana, rui]
    assert table.total.tolist() == [0, 970, 1_000]
    assert market.house.orders.purchases.total[1] == 1_970
    assert market.house.orders.purchases.first_order[1] == 1
    assert market.house.orders.purchases.orders[1] == 2


def test_too_little_money_for_the_second_sellers_part_buys_nothing_of_it_all(market: Market) -> None:
    buyer = market.buyer(money=1_000)
    mug, cup = market.listing(market.seller("Ana"), price=900), market.listing(market.seller("Rui"), price=200)

    with pytest.raises(ledger.InsufficientFunds) as refused:
        market.buy(buyer, (mug, 1), (cup, 1))

    assert refused.value.details == {"available_minor": 1_000}
    assert market.units(mug) == {"available": 10, "committed": 0, "shipped": 0, "reserved": 0}
    assert market.held(Kind.WALLET, buyer) == 0


def test_too_few_units_of_the_second_line_buy_nothing_of_the_first(market: Market) -> None:
    buyer, seller = market.buyer(), market.seller()
    mug, cup = market.listing(seller, price=900), market.listing(seller, price=200, stock=1)

    with pytest.raises(ledger.OutOfStock) as refused:
        market.buy(buyer, (mug, 1), (cup, 2))

    assert refused.value.details == {"sku": 2, "available": 1}
    assert market.units(mug)["committed"] == 0


def test_money_that_is_held_for_one_order_does_not_buy_another(market: Market) -> None:
    buyer, listing = market.buyer(money=10_000), market.listing(market.seller())
    market.buy(buyer, (listing, 1))

    with pytest.raises(ledger.InsufficientFunds):
        market.buy(buyer, (listing, 1))


def test_the_last_unit_goes_to_the_first_of_a_batch(market: Market) -> None:
    first, second, third = market.buyer(), market.buyer(), market.buyer()
    listing = market.listing(market.seller(), stock=2)

    answers = market.many(
        checkout.order_directly, *(market.direct(buyer, (listing, 1)) for buyer in (first, second, third))
    )

    assert answers[:2] == [1, 2]
    assert isinstance(answers[2], ledger.OutOfStock)
    assert market.house.orders.purchases.buyer.tolist() == [0, first, second]


def test_refusals_of_every_kind_do_not_disturb_their_neighbors(market: Market) -> None:
    buyer, poor, seller = market.buyer(), market.buyer(money=1), market.seller()
    listing, paused = market.listing(seller), market.listing(seller)
    market.move(paused, ListingStatus.PAUSED)

    answers = market.many(
        checkout.order_directly,
        market.direct(buyer, (listing, 1)),
        market.direct(buyer, (ListingId(99), 1)),
        market.direct(poor, (listing, 1)),
        market.direct(buyer, (paused, 1)),
        market.direct(buyer, (listing, 1), expected=1),
        market.direct(buyer, (listing, 11)),
        market.direct(buyer, (listing, 2)),
    )

    refused = [type(answer) for answer in answers[1:6]]
    assert refused == [NotFound, ledger.InsufficientFunds, catalog.NotOnOffer, orders.TotalChanged, ledger.OutOfStock]
    assert [answers[0], answers[6]] == [1, 2]
    assert market.units(listing)["committed"] == 3


def test_a_batch_of_refusals_alone_writes_nothing(market: Market) -> None:
    position = market.cell.position

    answers = market.many(checkout.order_directly, market.direct(1, (ListingId(9), 1)), market.direct(1))

    assert [type(answer) for answer in answers] == [NotFound, Invalid]
    assert market.cell.position == position


def test_a_wallet_that_was_never_filled_buys_nothing(market: Market) -> None:
    buyer, listing = market.buyer(money=0), market.listing(market.seller())

    with pytest.raises(ledger.InsufficientFunds):
        market.buy(buyer, (listing, 1))


def test_units_that_never_came_in_are_out_of_stock(market: Market) -> None:
    listing = market.listing(market.seller(), stock=0)

    with pytest.raises(ledger.OutOfStock):
        market.buy(market.buyer(), (listing, 1))


def test_an_unknown_buyer_buys_nothing(market: Market) -> None:
    listing = market.listing(market.seller())

    with pytest.raises(Invalid):
        market.buy(7, (listing, 1))


def test_another_currency_than_the_listings_is_refused(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())

    with pytest.raises(Invalid):
        market.one(checkout.order_directly, market.direct(buyer, (listing, 1))._replace(currency="USD"))


def test_a_suspended_seller_sells_nothing(market: Market) -> None:
    seller = market.seller()
    listing = market.listing(seller)
    market.do(selling.suspend_seller, selling.Suspension(seller, "late"))

    with pytest.raises(partners.SellerNotActive):
        market.buy(market.buyer(), (listing, 1))


def test_a_parcel_is_not_sent_to_another_buyers_address(market: Market) -> None:
    buyer, other, listing = market.buyer(), market.buyer(), market.listing(market.seller())
    order = market.direct(buyer, (listing, 1))

    for address in (market.address(other), AddressId(88)):
        with pytest.raises(NotFound):
            market.one(checkout.order_directly, order._replace(address=address))

    assert market.one(checkout.order_directly, order._replace(address=AddressId(0))) == 1


@pytest.mark.parametrize("quantity", [0, -1, orders.UNITS_PER_LINE_MAX + 1, 2**62])
def test_no_units_or_too_many_are_refused(market: Market, quantity: int) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())

    with pytest.raises(Invalid):
        market.one(checkout.order_directly, market.direct(buyer, (listing, quantity), expected=0))


def test_an_order_has_one_to_a_hundred_lines_and_each_listing_once(market: Market) -> None:
    buyer, seller = market.buyer(money=10_000_000), market.seller()
    listings = [market.listing(seller) for _ in range(checkout.LINES_PER_PURCHASE_MAX + 1)]
    lines = [(listing, 1) for listing in listings]

    for wrong in ([], lines, [lines[0], lines[0]]):
        with pytest.raises(Invalid):
            market.buy(buyer, *wrong)

    assert market.buy(buyer, *lines[:-1]) == 1


def test_the_fee_is_frozen_at_placement(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    market.buy(buyer, (listing, 1))

    market.do(opening.set_fees, opening.Fees((markets.FeeRule(basis_points=5_000),), 0))
    market.buy(buyer, (listing, 1))
    market.deliver(1)
    market.days_pass(3)
    market.settle()

    table = market.house.orders.orders
    assert (table.fee.tolist(), table.fee_tax.tolist()) == ([0, 1_000, 5_000], [0, 200, 0])
    assert market.posted(Kind.OPERATOR_FEES) == 1_000


def test_fees_follow_the_category_of_the_product(market: Market) -> None:
    buyer, seller = market.buyer(), market.seller()
    rules = (markets.FeeRule(category="Home", basis_points=100), markets.FeeRule(basis_points=1_000))
    market.do(opening.set_fees, opening.Fees(rules, 0))
    listings = [market.listing(seller, category=name) for name in ("Home", "Home/Kitchen", "Homeopathy")]

    market.buy(buyer, *((listing, 1) for listing in listings))

    assert market.house.orders.lines.fee.tolist() == [0, 100, 100, 1_000]


def test_an_amount_that_no_entry_can_hold_is_refused_by_the_ledger(market: Market) -> None:
    buyer, seller = market.buyer(money=10**15), market.seller()
    first, second = (market.listing(seller, price=10**13, stock=200) for _ in range(2))

    with pytest.raises(ledger.EntryRefused):
        market.buy(buyer, (first, 100), (second, 1))

    assert market.buy(buyer, (first, 100)) == 1


def test_a_line_worth_more_than_any_amount_is_refused(market: Market) -> None:
    listing = market.listing(market.seller(), price=10**13, stock=200)

    with pytest.raises(Invalid):
        market.buy(market.buyer(), (listing, 101))


def test_no_baskets_are_no_purchases(market: Market) -> None:
    assert place(market, baskets(market)) == ([], [])


def test_baskets_of_several_requests_are_placed_in_order(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller(), stock=3)
    request = baskets(market, (buyer, listing, 1), (buyer, listing, 1))

    first, second = market.many(checkout.place_baskets, request, request)

    assert isinstance(first, checkout.Placement)
    assert isinstance(second, checkout.Placement)
    assert first.purchases.tolist() == [1, 2]
    assert second.purchases.tolist() == [3, 0]
    assert second.verdicts.tolist() == [Verdict.PLACED, Verdict.OUT_OF_STOCK]


def test_a_mark_is_placed_once_within_a_batch_and_later(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    wanted = baskets(market, (buyer, listing, 1), (buyer, listing, 1), (buyer, listing, 1), marks=[7, 7, 8])

    once = place(market, wanted)
    again = place(market, wanted)

    assert once == ([1, 0, 2], [Verdict.PLACED, Verdict.ALREADY_PLACED, Verdict.PLACED])
    assert again == ([0, 0, 0], [Verdict.ALREADY_PLACED] * 3)
    assert market.units(listing)["committed"] == 2


def test_baskets_without_a_mark_are_placed_as_often_as_they_come(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    wanted = baskets(market, (buyer, listing, 1))

    assert [place(market, wanted)[0], place(market, wanted)[0]] == [[1], [2]]


def test_every_verdict_on_baskets_is_told(market: Market) -> None:
    buyer, poor, seller, idle = market.buyer(), market.buyer(money=5), market.seller("Ana"), market.seller("Rui")
    listing, paused, idles = market.listing(seller), market.listing(seller), market.listing(idle)
    market.move(paused, ListingStatus.PAUSED)
    market.do(selling.suspend_seller, selling.Suspension(idle, "late"))
    wanted = baskets(
        market, (buyer, listing, 99), (poor, listing, 1), (buyer, paused, 1), (buyer, idles, 1), (99, listing, 1),
        (buyer, listing, 1),
    )  # fmt: skip

    purchases, verdicts = place(market, replace(wanted, expected=wanted.expected + integers([0, 0, 0, 0, 0, 1])))

    assert purchases == [0] * 6
    assert verdicts == [
        Verdict.OUT_OF_STOCK, Verdict.INSUFFICIENT_FUNDS, Verdict.NOT_ON_OFFER, Verdict.SELLER_NOT_ACTIVE,
        Verdict.INVALID, Verdict.TOTAL_CHANGED,
    ]  # fmt: skip


def test_a_basket_without_lines_is_invalid(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    wanted = baskets(market, (buyer, listing, 1), (buyer, listing, 1))

    purchases, verdicts = place(market, replace(wanted, rows=integers([0, 0]), expected=wanted.expected * 2))

    assert (purchases, verdicts) == ([1, 0], [Verdict.PLACED, Verdict.INVALID])


def test_a_hold_that_was_used_or_is_over_reserves_nothing(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    hold = market.house.orders.sessions[market.hold(buyer, (listing, 1))].holds[0]
    market.clock.advance(10 * MINUTE)

    _, verdicts = place(market, replace(baskets(market, (buyer, listing, 1)), holds=integers(int(hold))))

    assert verdicts == [Verdict.RESERVATION_EXPIRED]


def test_chosen_baskets_keep_their_lines(market: Market) -> None:
    buyer, listing = market.buyer(), market.listing(market.seller())
    wanted = baskets(market, (buyer, listing, 1), (buyer, listing, 2), (buyer, listing, 3))

    chosen = select(wanted, integers([0, 2]))

    assert (chosen.rows.tolist(), chosen.quantities.tolist()) == ([0, 1], [1, 3])
