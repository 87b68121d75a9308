"""Tests labels and pick lists through the door: of one's own orders only, and of those that wait."""

import httpx

from tests.web.api.rig import Rig, Shopper, Trader, euro


def ordered(rig: Rig) -> tuple[Trader, Shopper, str]:
    """Give a seller and a buyer with an order that waits to be handed over."""
    seller, buyer = rig.seller(), rig.buyer(10_000)
    purchase = buyer.client.place_order({seller.offer(units=5): 2}, buyer.address, euro(2_000))
    return seller, buyer, purchase.orders[0]


def http(rig: Rig, seller: Trader) -> httpx.Client:
    return rig.http(rig.token("seller", seller.number))


def test_a_seller_prints_the_label_of_their_order_and_nobody_else_does(rig: Rig) -> None:
    seller, buyer, order = ordered(rig)

    printed = http(rig, seller).get(f"/v1/orders/{order}/label")

    assert printed.status_code == 200
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.content.startswith(b"%PDF-")
    assert http(rig, rig.seller()).get(f"/v1/orders/{order}/label").status_code == 404
    assert rig.http(buyer.token).get(f"/v1/orders/{order}/label").status_code == 403


def test_a_pick_list_is_of_what_waits(rig: Rig) -> None:
    seller, _, order = ordered(rig)
    client = http(rig, seller)

    waits = client.get("/v1/pick_list")
    seller.client.ship(order, "Post")
    gone = client.get("/v1/pick_list")

    assert waits.content.startswith(b"%PDF-")
    assert (gone.status_code, gone.json()["refusal"]) == (422, "nothing_to_ship")
    assert client.get("/v1/pick_list", params={"orders": "ord_00000000ZZZZ"}).status_code == 404
    assert rig.http(rig.token("operator")).get("/v1/pick_list").status_code == 400


def test_an_order_of_somebody_forgotten_has_no_label(rig: Rig) -> None:
    seller, buyer, order = ordered(rig)
    buyer.client.forget_me()

    said = http(rig, seller).get(f"/v1/orders/{order}/label")

    assert (said.status_code, said.json()["refusal"]) == (422, "address_unknown")


def test_the_client_prints_labels_and_pick_lists(rig: Rig) -> None:
    seller, _, order = ordered(rig)
    whole = [seller.client.order_label(order), seller.client.pick_list(), seller.client.pick_list([order])]

    parcel = seller.client.pack(order, {0: 1}).id
    parts = [seller.client.parcel_label(parcel), seller.client.parcel_pick_list(parcel)]

    assert all(printed.startswith(b"%PDF-") for printed in whole + parts)
