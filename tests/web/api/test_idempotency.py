"""Checks that a request sent twice has one effect and one answer: the spine's rules, by real threads and a restart."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from caravan.client import wire
from caravan.kernel.clock import DAY
from tests.web.api.rig import Rig, Shopper, Trader, euro, running

CLIENTS = 16


def _stock(http: httpx.Client, listing: str, body: str, key: str) -> httpx.Response:
    headers = {"content-type": "application/json", "idempotency-key": key}
    return http.post(f"/v1/listings/{listing}/stock", content=body, headers=headers)


@pytest.fixture
def trader(rig: Rig) -> Trader:
    return rig.seller()


def test_the_same_key_and_body_are_answered_the_same_and_done_once(rig: Rig, trader: Trader) -> None:
    listing, http = trader.offer(), rig.http(trader.client.token)

    first = _stock(http, listing, '{"quantity": 5}', "a")
    second = _stock(http, listing, '{ "quantity" : 5 }', "a")

    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert second.headers["etag"] == first.headers["etag"]
    assert trader.client.listing(listing).available == 5


def test_the_same_key_with_another_body_is_a_conflict(rig: Rig, trader: Trader) -> None:
    listing, http = trader.offer(), rig.http(trader.client.token)
    _stock(http, listing, '{"quantity": 5}', "a")

    other = _stock(http, listing, '{"quantity": 6}', "a")

    assert (other.status_code, other.json()["refusal"]) == (422, "idempotency_conflict")
    assert trader.client.listing(listing).available == 5


def test_a_key_is_the_callers_own_and_the_paths_own(rig: Rig, trader: Trader) -> None:
    other = rig.seller()
    listings = [trader.offer(), trader.offer(), other.offer()]

    for listing, owner in zip(listings, (trader, trader, other), strict=True):
        owner.client.change_stock(listing, 5, key="same")

    assert [rig.operator.listing(listing).available for listing in listings] == [5, 5, 5]


def test_another_token_of_the_same_caller_finds_the_same_answer(rig: Rig, trader: Trader) -> None:
    listing = trader.offer()
    trader.client.change_stock(listing, 5, key="a")

    rig.client("seller", trader.number).change_stock(listing, 5, key="a")

    assert trader.client.listing(listing).available == 5


def test_a_refusal_is_kept_as_well(rig: Rig, trader: Trader) -> None:
    listing, http = trader.offer(units=1), rig.http(trader.client.token)
    first = _stock(http, listing, '{"quantity": -2}', "a")
    trader.client.change_stock(listing, 5)

    second = _stock(http, listing, '{"quantity": -2}', "a")

    assert (first.status_code, second.status_code) == (422, 422)
    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders", "/v1/checkout_sessions", "/v1/checkout_sessions/cs_000000000001/complete",
        "/v1/checkout_sessions/cs_000000000001/cancel", "/v1/orders/ord_000000000001/cancel",
        "/v1/wallets/buy_000000000001/top-ups",
    ],
)  # fmt: skip
def test_what_moves_stock_or_money_needs_a_key(rig: Rig, path: str) -> None:
    body = {
        "/v1/orders": {
            "lines": [{"listing": "lst_000000000001", "quantity": 1}], "address": "adr_000000000001",
            "expected_total": {"amount": 1, "currency": "EUR"},
        },
        "/v1/checkout_sessions": {"lines": [{"listing": "lst_000000000001", "quantity": 1}]},
        "/v1/checkout_sessions/cs_000000000001/complete": {"expected_total": {"amount": 1, "currency": "EUR"}},
        "/v1/wallets/buy_000000000001/top-ups": {"amount": {"amount": 1, "currency": "EUR"}},
    }.get(path, {})  # fmt: skip

    answer = rig.http(rig.buyer().token).post(path, json=body)

    assert (answer.status_code, answer.json()["refusal"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "\xe9"])
def test_a_key_that_is_none_is_refused(rig: Rig, trader: Trader, key: str) -> None:
    headers = {b"idempotency-key": key.encode("latin-1")}

    answer = rig.http(trader.client.token).post(
        f"/v1/listings/{trader.offer()}/stock", json={"quantity": 1}, headers=headers
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


def test_a_key_of_255_characters_is_taken(rig: Rig, trader: Trader) -> None:
    assert _stock(rig.http(trader.client.token), trader.offer(), '{"quantity": 1}', "x" * 255).status_code == 200


def test_sixteen_at_once_with_one_key_have_one_effect_and_one_answer(rig: Rig, trader: Trader) -> None:
    listing, shopper = trader.offer(1_000, 100), rig.buyer(100_000)
    clients = [rig.client("buyer", shopper.number) for _ in range(CLIENTS)]
    ready = threading.Barrier(CLIENTS)

    def order(place: int) -> wire.Purchase:
        ready.wait(20)
        return clients[place].place_order({listing: 1}, shopper.address, euro(1_000), key="one wish")

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(order, range(CLIENTS)))

    assert len({answer.id for answer in answers}) == 1
    assert trader.client.listing(listing).committed == 1
    assert shopper.client.wallet().balances[0].held == euro(1_000)


def test_a_key_outlives_the_process(home: Path) -> None:
    with running(home) as rig:
        trader, shopper = rig.seller(), rig.buyer(5_000)
        listing, clock = trader.offer(1_000, 5), rig.clock
        first = shopper.client.place_order({listing: 1}, shopper.address, euro(1_000), key="before")

    with running(home, clock=clock) as rig:
        again = Shopper(rig, shopper.number, shopper.place)
        second = again.client.place_order({listing: 1}, shopper.address, euro(1_000), key="before")
        other = rig.http(again.token).post(
            "/v1/orders", content=again.order(listing, 2, 2_000),
            headers={"content-type": "application/json", "idempotency-key": "before"},
        )  # fmt: skip

        assert second == first
        assert other.json()["refusal"] == "idempotency_conflict"
        assert len(list(again.client.orders())) == 1


def test_a_key_is_kept_for_a_day_and_not_for_ever(home: Path) -> None:
    with running(home) as rig:
        trader = rig.seller()
        listing = trader.offer()
        trader.client.change_stock(listing, 5, key="a")
        rig.clock.advance(DAY + 1)
        trader.client.change_stock(listing, 5, key="a")
        assert trader.client.listing(listing).available == 5

        rig.clock.advance(2 * DAY)
        trader.client.change_stock(listing, 1, key="b")
        trader.client.change_stock(listing, 5, key="a")
        assert trader.client.listing(listing).available == 11


def test_registering_twice_with_one_key_makes_one_buyer_and_keeps_nothing_of_the_person(home: Path) -> None:
    with running(home) as rig:
        new = wire.NewBuyer(name="Ana Nunca", email="ana@example.org", password="correct horse", country="PT")
        client = rig.client()

        assert client.register(new, key="r") == client.register(new, key="r")

    kept = b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())
    for personal in (b"Ana Nunca", b"ana@example.org", b"correct horse"):
        assert personal not in kept


def test_an_address_is_added_once_and_its_answer_tells_nothing_of_it(rig: Rig) -> None:
    shopper = rig.buyer()
    place = wire.Place(name="Ana", line1="Hidden Lane 7", city="Porto", postcode="4000", country="PT")

    first, second = (shopper.client.add_address(place, key="a") for _ in range(2))

    assert first == second
    assert len(shopper.client.addresses()) == 2
