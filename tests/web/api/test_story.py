"""Checks the whole story over the client: from an application to sell to a payout that itemizes what was sold."""

from pathlib import Path

import pytest

from caravan.client import Client, Refused, wire
from caravan.flows import invariants
from caravan.kernel.clock import DAY, HOUR
from tests.web.api.rig import Rig, euro, price, running

PASSWORD = "correct horse"


def test_a_seller_is_let_in_sells_ships_and_is_paid(home: Path) -> None:
    with running(home) as rig:
        seller, listing = _seller_with_a_mug(rig)
        buyer, address = _buyer_with_money(rig, 5_000)

        session = buyer.open_checkout(lines={listing: 2}, address=address)
        assert session.status == "ready"
        assert session.total == euro(2_200)
        purchase = buyer.complete(session.id, session.total)
        (order,) = purchase.orders
        parcel = seller.ship(order, "DHL", "T1")
        assert buyer.wallet().balances[0].posted == euro(2_800)
        assert seller.scan(parcel.id, "delivered").delivered_at is not None
        rig.pass_time(3 * DAY)
        rig.pass_time(HOUR)

        shown = buyer.order(order)
        assert (shown.status, shown.fulfillment, shown.payment) == ("completed", "delivered", "captured")
        (payout,) = seller.payouts()
        itemized = seller.payout(payout.id)
        assert payout.amount == euro(2_200 - 200 - 40)  # The fee is of the price net of shipping.
        assert [(line.order, line.amount) for line in itemized.lines] == [(order, payout.amount)]
        assert [entry.reason for entry in seller.balance_statement()] == ["paid_out", "released"]
        assert [entry.reason for entry in buyer.wallet_statement()] == ["captured", "topped_up"]
        assert list(invariants.findings(rig.caravan.cell.house)) == []


def _seller_with_a_mug(rig: Rig) -> tuple[Client, str]:
    client = rig.client()
    applied = client.apply_to_sell(wire.NewSeller(name="Mugs", country="PT", email="m@example.org", password=PASSWORD))
    assert applied.status == "applied"
    client.log_in("seller", "m@example.org", PASSWORD)
    mug = wire.NewProduct(
        title="Mug", category="Home/Kitchen", options=[wire.NewOption(price=price(1_000), shipping=price(100))]
    )
    with pytest.raises(Refused, match="not let this seller in"):
        client.offer_product(mug)
    assert rig.operator.approve_seller(applied.id).status == "active"
    offered = client.offer_product(mug)
    assert client.change_stock(offered.listings[0], 5).available == 5
    return client, offered.listings[0]


def _buyer_with_money(rig: Rig, cents: int) -> tuple[Client, str]:
    client = rig.client()
    place = wire.Place(name="Ana", line1="Rua 1", city="Porto", postcode="4000", country="PT")
    new = wire.NewBuyer(name="Ana", email="ana@example.org", password=PASSWORD, country="PT", address=place)
    buyer = client.register(new)
    client.log_in("buyer", "ana@example.org", PASSWORD)
    assert client.me().name == "Ana"
    assert [address.line1 for address in client.addresses()] == ["Rua 1"]
    rig.operator.top_up(buyer.id, euro(cents), reference="receipt 1")
    return client, buyer.addresses[0]


def test_a_guests_cart_becomes_the_buyers_and_is_bought(rig: Rig) -> None:
    trader, shopper = rig.seller(), rig.buyer(10_000)
    first, second = trader.offer(1_000, 5), trader.offer(500, 5)
    guest = rig.client()
    cart = guest.open_cart(first, 1)
    guest.set_cart_line(cart.id, second, 2)

    guest.token = shopper.token
    merged = guest.merge_carts(cart.id)
    session = guest.open_checkout(cart=merged.cart.id)
    assert session.status == "not_ready"
    session = guest.hold(session.id, shopper.address)
    purchase = guest.complete(session.id, euro(2_000))

    assert guest.checkout(session.id).purchase == purchase.id
    assert guest.purchase(purchase.id).session == session.id
    assert guest.cart(cart.id).lines == []


def test_a_canceled_order_frees_units_and_money(rig: Rig) -> None:
    trader, shopper = rig.seller(), rig.buyer(1_000)
    listing = trader.offer(1_000, 1)
    order = shopper.client.place_order({listing: 1}, shopper.address, euro(1_000)).orders[0]
    assert trader.client.listing(listing).available == 0

    assert shopper.client.cancel_order(order).status == "canceled"

    assert trader.client.listing(listing).available == 1
    assert shopper.client.wallet().balances[0].available == euro(1_000)


def test_a_canceled_checkout_frees_what_it_held(rig: Rig) -> None:
    trader, shopper = rig.seller(), rig.buyer()
    listing = trader.offer(1_000, 1)
    session = shopper.client.open_checkout(lines={listing: 1}, address=shopper.address)
    assert trader.client.listing(listing).reserved == 1

    assert shopper.client.cancel_checkout(session.id).status == "canceled"

    assert trader.client.listing(listing).reserved == 0


def test_units_that_come_back_are_refunded(rig: Rig) -> None:
    trader, shopper = rig.seller(), rig.buyer(2_000)
    listing = trader.offer(1_000, 2)
    order = shopper.client.place_order({listing: 2}, shopper.address, euro(2_000)).orders[0]
    trader.client.ship(order, "DHL")

    taken = trader.client.take_back(order, 0, 1, euro(1_000))

    assert taken.payment == "partly_refunded"
    assert taken.lines is not None
    assert taken.lines[0].returned == 1
    assert shopper.client.wallet().balances[0].available == euro(1_000)


def test_a_listing_goes_through_its_states(rig: Rig) -> None:
    client = rig.seller().client
    offered = client.offer_product(
        wire.NewProduct(title="Cup", options=[wire.NewOption(price=price(500))], is_live=False)
    )
    (listing,) = offered.listings
    assert client.listing(listing).status == "draft"

    assert client.publish_listing(listing).status == "live"
    assert client.pause_listing(listing).status == "paused"
    assert client.publish_listing(listing).status == "live"
    assert rig.operator.suspend_listing(listing, why="a check").status == "suspended"
    with pytest.raises(Refused, match="Only the operator"):
        client.publish_listing(listing)
    assert client.retire_listing(listing).status == "retired"


def test_a_second_seller_joins_a_product(rig: Rig) -> None:
    first, second = rig.seller(), rig.seller()
    page = first.client.listing(first.offer(1_000)).product

    joined = second.client.add_listing(wire.NewListing(product=page, price=price(900)))

    offers = rig.client().product(page).offers
    assert [offer.seller for offer in offers] == [second.id, first.id]
    assert joined.product == page


def test_who_is_forgotten_is_nobody_any_more(rig: Rig) -> None:
    client = rig.buyer().client

    client.forget_me()

    with pytest.raises(Refused) as refused:
        client.me()
    assert refused.value.status == 401


def test_the_operator_sets_terms_and_fees_at_once(home: Path) -> None:
    with running(home) as rig:
        known = rig.operator.market()
        fees = wire.Fees(rules=[wire.FeeRule(category="Home", basis_points=500)], tax_basis_points=1_000)

        told = rig.operator.set_terms(policy=known.policy, fees=fees)

        assert told.fees == fees
        assert told.policy == known.policy
