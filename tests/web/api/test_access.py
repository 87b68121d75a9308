"""Checks that nobody reaches what is another's: every operation that names a thing is tried with a stranger's token."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from caravan.client import Client, Refused, locations, wallets, wire
from caravan.flows import invariants
from caravan.kernel.clock import DAY, iso
from caravan.web import access
from caravan.web.api import OPERATIONS, Operation
from tests.web.api.rig import Rig, Shopper, Trader, euro, running

AMOUNT = {"amount": 1_000, "currency": "EUR"}


@dataclass
class Street:
    """Two sellers and two buyers; one of each has something of every kind."""

    rig: Rig
    seller: Trader
    stranger: Trader
    buyer: Shopper
    passer_by: Shopper
    ids: dict[str, str]


@pytest.fixture(scope="module")
def street(rig: Rig) -> Street:
    seller, stranger, buyer, passer_by = rig.seller(), rig.seller(), rig.buyer(100_000), rig.buyer(100_000)
    listing = seller.offer(1_000, 50)
    client = buyer.client
    shipped = client.place_order({listing: 1}, buyer.address, euro(1_000)).orders[0]
    parcel = seller.client.ship(shipped, "DHL")
    seller.client.scan(parcel.id, "delivered")
    rig.pass_time(3 * DAY)
    rig.pass_time(DAY)
    claim = client.claim(shipped, "damaged", amount=euro(100))
    purchase = client.place_order({listing: 1}, buyer.address, euro(1_000))
    session = client.open_checkout(lines={listing: 1}, address=buyer.address)
    payment = client.pay(session.id, "wallet", euro(1_000))
    code = seller.client.make_payment_code(euro(100))
    paid = client.send_money(payload=seller.client.payment_code().payload, amount=euro(1), expected_total=euro(1))
    client.set_names(handle="asked.one")
    request = rig.buyer().client.request_money("asked.one", euro(100))
    gift = rig.http(buyer.token).post("/v1/gift-cards", json={"amount": AMOUNT}, headers={"idempotency-key": "gift"})
    card = gift.json()["id"]
    rig.operator.set_rates(
        wallets.NewRates(source="ECB", day=iso(rig.clock.now())[:10], base="EUR", rates={"USD": "1.08"})
    )
    question = wire.NumbersQuestion(metrics=["gmv"])
    export = seller.client.set_export(wire.NewExport(name="mine", question=question))
    place = seller.client.open_location(locations.NewLocation(name="Lyon", country="FR")).id
    home = next(seller.client.locations()).id
    ids = {
        "location": place, "move": seller.client.move_stock({listing: 1}, source=home, target=place).id,
        "listing": listing, "product": seller.client.listing(listing).product, "cart": client.open_cart(listing, 1).id,
        "session": session.id, "purchase": purchase.id, "order": purchase.orders[0], "parcel": parcel.id,
        "payout": next(seller.client.payouts()).id, "seller": seller.id, "buyer": buyer.id, "plan": "pln_000000000001",
        "identity": "idt_000000000001", "proposal": "ppl_000000000001",
        "payment": payment.id, "item": "itm_000000000001", "dispute": "dsp_000000000001",
        "transfer": paid.id, "request": request.id, "code": code.id or "",
        "card": card,
        "quote": client.quote_exchange(euro(100), "USD").id,
        "segment": "seg_000000000001", "webhook": "whk_000000000001", "export": export.id, "claim": claim.id,
    }  # fmt: skip
    return Street(rig, seller, stranger, buyer, passer_by, ids)


BODIES: dict[str, dict[str, Any]] = {
    "edit_product": {"title": "Stolen"},
    "edit_listing": {"price": AMOUNT},
    "change_stock": {"quantity": 1},
    "set_cart_line": {"quantity": 2},
    "complete_session": {"expected_total": AMOUNT},
    "start_payment": {"provider": "wallet", "expected_total": AMOUNT},
    "settle_cash": {"was_paid": True},
    "close_open_item": {"note": "x"},
    "settle_payout": {"was_paid": True},
    "charge_label": {"amount": AMOUNT},
    "write_off": {"amount": AMOUNT},
    "hand_over": {"carrier": "DHL"},
    "take_back": {"line": 0, "quantity": 1, "refund": AMOUNT},
    "scan_parcel": {"status": "delivered"},
    "choose_currency": {"currency": "USD"},
    "pack_parcel": {"lines": [{"line": 0, "quantity": 1}]},
    "send_parcel": {"carrier": "DHL"},
    "quote_rates": {"weight_grams": 100},
    "buy_label": {"rate": "rate_1"},
    "exchange": {"line": 0, "quantity": 1},
    "open_claim": {"reason": "damaged"},
    "answer_claim": {"amount": AMOUNT},
    "decide_claim": {"amount": AMOUNT},
    "top_up": {"amount": AMOUNT},
    "change_location": {"name": "Stolen"},
    "price_with_coupon": {"code": "STOLEN"},
}
OPEN = {"show_product", "show_seller", "show_promise", "show_classification"}  # What anybody may see.
NAMING = [operation for operation in OPERATIONS if "{" in operation.path and operation.name not in OPEN]


def _call(street: Street, operation: Operation, token: str) -> httpx.Response:
    path = operation.path.format(**street.ids)
    headers = {"idempotency-key": "stranger", "if-match": "*"}
    http = street.rig.http(token)
    if operation.method == "GET":
        return http.get(path, headers=headers)
    return http.request(operation.method, path, json=BODIES.get(operation.name, {}), headers=headers)


@pytest.mark.parametrize("operation", [it for it in NAMING if "seller" in it.who], ids=lambda it: it.name)
def test_a_seller_finds_nothing_of_another_seller(street: Street, operation: Operation) -> None:
    before = street.rig.caravan.cell.digest()

    answer = _call(street, operation, street.stranger.client.token or "")

    assert (answer.status_code, answer.json()["refusal"]) == (404, "not_found")
    assert _unchanged(street, before, operation)


@pytest.mark.parametrize("operation", [it for it in NAMING if "buyer" in it.who], ids=lambda it: it.name)
def test_a_buyer_finds_nothing_of_another_buyer(street: Street, operation: Operation) -> None:
    answer = _call(street, operation, street.passer_by.token)

    assert (answer.status_code, answer.json()["refusal"]) == (404, "not_found")


@pytest.mark.parametrize("operation", [it for it in NAMING if "public" in it.who], ids=lambda it: it.name)
def test_a_guest_finds_nothing_of_a_buyer(street: Street, operation: Operation) -> None:
    path = operation.path.format(**street.ids)

    answer = street.rig.http().request(operation.method, path, json=BODIES.get(operation.name) or None)

    assert answer.status_code == 404


@pytest.mark.parametrize("operation", [it for it in OPERATIONS if "public" not in it.who], ids=lambda it: it.name)
def test_without_a_token_nothing_that_is_not_public_answers(street: Street, operation: Operation) -> None:
    answer = street.rig.http().request(operation.method, operation.path.format(**street.ids))

    assert answer.status_code == 401


@pytest.mark.parametrize("operation", [it for it in OPERATIONS if "public" not in it.who], ids=lambda it: it.name)
def test_a_token_of_another_audience_is_turned_away(street: Street, operation: Operation) -> None:
    tokens = {
        "buyer": street.buyer.token,
        "seller": street.seller.client.token or "",
        "operator": street.rig.token("operator"),
    }
    for audience in set(tokens) - set(operation.who):
        answer = _call(street, operation, tokens[audience])
        assert (answer.status_code, answer.json()["refusal"]) == (403, "wrong_audience")


@pytest.mark.parametrize(
    "operation", [it for it in OPERATIONS if it.scope and "public" not in it.who], ids=lambda it: it.name
)
def test_a_token_without_the_scope_is_turned_away(street: Street, operation: Operation) -> None:
    subjects = {"buyer": street.buyer.number, "seller": street.seller.number, "operator": 0}
    audience = operation.who[0]
    other = "orders:read" if operation.scope != "orders:read" else "catalog:read"

    answer = _call(street, operation, street.rig.token(audience, subjects[audience], (other,)))

    assert (answer.status_code, answer.json()["refusal"]) == (403, "missing_scope")


def _unchanged(street: Street, before: str, operation: Operation) -> bool:
    """A refusal under a key is kept, and nothing else is: the ledger and the catalog say so."""
    keeps = operation.key != "none"
    return keeps or street.rig.caravan.cell.digest() == before


def test_nobody_sees_another_in_a_list(street: Street) -> None:
    rig = street.rig
    stranger, passer_by = street.stranger.client, street.passer_by.client

    assert list(stranger.orders()) == []
    assert list(stranger.listings()) == []
    assert list(stranger.payouts()) == []
    assert list(stranger.balance_statement()) == []
    assert list(passer_by.orders()) == []
    assert [entry.reason for entry in passer_by.wallet_statement()] == ["topped_up"]
    assert len(list(rig.operator.orders())) >= 2


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/v1/orders?seller={seller}", "seller"), ("/v1/orders?buyer={buyer}", "seller"),
        ("/v1/orders?buyer={buyer}", "buyer"), ("/v1/listings?seller={seller}", "seller"),
        ("/v1/payouts?seller={seller}", "seller"), ("/v1/balance?seller={seller}", "seller"),
        ("/v1/balance/statement?seller={seller}", "seller"), ("/v1/wallet?buyer={buyer}", "buyer"),
        ("/v1/wallet/statement?buyer={buyer}", "buyer"),
    ],
)  # fmt: skip
def test_naming_another_in_a_query_finds_nobody(street: Street, path: str, who: str) -> None:
    token = street.stranger.client.token if who == "seller" else street.passer_by.token

    answer = street.rig.http(token).get(path.format(**street.ids))

    assert answer.status_code == 404


def test_a_seller_cannot_put_an_offer_up_in_another_name(street: Street) -> None:
    offer = {"title": "Cup", "options": [{"price": AMOUNT}], "seller": street.seller.id}

    answer = street.rig.http(street.stranger.client.token).post("/v1/products", json=offer)

    assert answer.status_code == 404


def test_a_buyer_cannot_send_to_anothers_address_nor_check_out_anothers_cart(street: Street) -> None:
    client, listing = street.passer_by.client, street.ids["listing"]

    for attempt in (
        lambda: client.place_order({listing: 1}, street.buyer.address, euro(1_000)),
        lambda: client.open_checkout(lines={listing: 1}, address=street.buyer.address),
        lambda: client.open_checkout(cart=street.ids["cart"]),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.status == 404


def test_a_guests_cart_is_reached_by_its_secret_alone(street: Street) -> None:
    guest, other, buyer = street.rig.client(), street.rig.client(), street.passer_by.client
    cart = guest.open_cart(street.ids["listing"], 1).id
    guest.set_cart_line(cart, street.ids["listing"], 2)

    for client in (other, buyer):
        with pytest.raises(Refused) as refused:
            client.cart(cart)
        assert refused.value.status == 404
        with pytest.raises(Refused):
            client.set_cart_line(cart, street.ids["listing"], 9)
    with pytest.raises(Refused):
        buyer.merge_carts(cart)
    with pytest.raises(Refused):
        buyer.open_checkout(cart=cart)
    assert guest.cart(cart).lines[0].quantity == 2


def test_a_seller_is_not_told_who_bought_and_a_buyer_not_what_the_operator_takes(street: Street) -> None:
    order = street.ids["order"]

    sellers, buyers = street.seller.client.order(order), street.buyer.client.order(order)

    assert (sellers.buyer, buyers.buyer) == (None, street.buyer.id)
    assert (buyers.fee, sellers.fee) == (None, euro(100))


def test_the_seller_may_read_where_the_parcel_goes(street: Street) -> None:
    shown = street.seller.client.order(street.ids["order"], expand="address")

    assert shown.address is not None
    assert shown.address.line1 == "Street 1"


def test_a_seller_cannot_say_that_a_parcel_arrived_long_ago(street: Street) -> None:
    with pytest.raises(Refused, match="Only the operator"):
        street.seller.client.scan(street.ids["parcel"], "delivered", at="2026-01-01T00:00:00Z")


def test_nobody_but_the_operator_makes_tokens_for_others(street: Street) -> None:
    with pytest.raises(Refused) as refused:
        street.seller.client.make_token("seller", street.stranger.id)

    assert refused.value.refusal == "missing_scope"


def test_the_operator_makes_a_token_that_can_do_only_what_it_says(street: Street) -> None:
    made = street.rig.operator.make_token("seller", street.seller.id, scopes=["orders:read"], days=1)
    client = street.rig.client()
    client.token = made.token

    assert client.current_token() == wire.Bearer(audience="seller", subject=street.seller.id, scopes=["orders:read"])
    assert list(client.orders())
    with pytest.raises(Refused, match="scope"):
        list(client.payouts())


@pytest.mark.parametrize(
    ("audience", "subject"),
    [("seller", "sel_0000000ZZZZZ"), ("seller", "sel_000000000000"), ("buyer", "buy_000000000000")],
)
def test_a_token_of_nobody_cannot_be_made(street: Street, audience: str, subject: str) -> None:
    answer = street.rig.http(street.rig.token("operator")).post(
        "/v1/tokens", json={"audience": audience, "subject": subject}
    )

    assert answer.status_code == 404


def test_a_sellers_token_without_a_number_is_nobodys(street: Street) -> None:
    """The flows take 0 for the operator; such a token must never get as far as a flow."""
    answer = street.rig.http(street.rig.token("seller", 0)).get("/v1/orders")

    assert answer.status_code == 401


def test_without_play_money_only_the_operator_fills_wallets(home: Path) -> None:
    with running(home) as rig:
        shopper = rig.buyer()
        with pytest.raises(Refused) as refused:
            shopper.client.top_up(shopper.id, euro(1_000))

        assert refused.value.refusal == "no_play_money"
        assert rig.operator.top_up(shopper.id, euro(1_000)).balances[0].posted == euro(1_000)


def test_after_all_of_this_the_books_are_sound(street: Street) -> None:
    assert list(invariants.findings(street.rig.caravan.cell.house)) == []


def test_an_operators_token_of_an_earlier_version_is_followed_by_one_that_may_do_all(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        first = access.keep_operator_token(rig.caravan).read_text()
        again = access.keep_operator_token(rig.caravan).read_text()
        earlier = rig.token("operator", 0, ("orders:read",))
        (tmp_path / "operator-token").write_text(earlier + "\n")

        renewed = access.keep_operator_token(rig.caravan).read_text()

        assert first == again
        assert renewed not in {first, earlier + "\n"}
        with Client(rig.url, renewed.strip()) as client:
            assert "numbers:sql" in client.current_token().scopes
        (tmp_path / "operator-token").write_text("crv_operator_revoked\n")
        assert access.keep_operator_token(rig.caravan).read_text() == "crv_operator_revoked\n"
