"""Checks the client: one key for all tries of a wish, a bounded number of them, and refusals that carry the problem."""

import ssl
from collections.abc import Callable

import httpx
import msgspec
import pytest

from caravan.client import Client, Refused, Said, Sender, wire
from caravan.client.sending import TRIES_MAX
from caravan.kernel.errors import Outage
from tests.web.api.rig import Rig, euro

Answer = Callable[[httpx.Request], httpx.Response]


def _sender(answer: Answer) -> Sender:
    return Sender("http://caravan", "token", transport=httpx.MockTransport(answer), sleep=lambda _: None)


def _problem(status: int, refusal: str, **more: object) -> httpx.Response:
    told = {"type": "t", "title": "No.", "status": status, "refusal": refusal, "detail": "Only 1 left."} | more
    return httpx.Response(status, json=told, headers={"retry-after": "1"})


@pytest.mark.parametrize(
    "first", [_problem(503, "full"), _problem(409, "request_in_flight"), _problem(429, "too_many_requests")]
)
def test_what_passes_is_tried_again_with_the_same_key(first: httpx.Response) -> None:
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        return first if len(keys) < 3 else httpx.Response(201, content=b"{}")

    said = _sender(answer).send("POST", "/v1/orders")

    assert said.status == 201
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_a_connection_that_is_lost_is_tried_again_with_the_same_key() -> None:
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise httpx.ReadError("gone", request=request)
        return httpx.Response(200, content=b"{}")

    _sender(answer).send("POST", "/v1/orders")

    assert keys == [keys[0]] * 2


def test_nobody_tries_for_ever() -> None:
    tried: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tried.append(request.method)
        raise httpx.ConnectError("nobody there", request=request)

    with pytest.raises(Outage, match="does not answer"):
        _sender(answer).send("GET", "/v1/market")
    assert len(tried) == TRIES_MAX

    with pytest.raises(Refused, match="Only 1 left"):
        _sender(lambda _: _problem(503, "full")).send("GET", "/v1/market")


@pytest.mark.parametrize(
    ("status", "refusal"), [(422, "out_of_stock"), (409, "stale_writer"), (500, "broken"), (404, "not_found")]
)
def test_what_does_not_pass_is_raised_at_once_with_its_problem(status: int, refusal: str) -> None:
    tried: list[int] = []

    def answer(_: httpx.Request) -> httpx.Response:
        tried.append(1)
        return _problem(status, refusal, available=1)

    with pytest.raises(Refused) as refused:
        _sender(answer).send("POST", "/v1/orders")

    assert len(tried) == 1
    assert (refused.value.status, refused.value.refusal) == (status, refusal)
    assert refused.value.details == {"available": 1}
    assert str(refused.value) == "Only 1 left."


def test_an_answer_that_is_no_problem_is_still_a_refusal() -> None:
    with pytest.raises(Refused) as refused:
        _sender(lambda _: httpx.Response(418, text="<html>")).send("GET", "/")

    assert refused.value.status == 418


def test_each_wish_has_a_key_of_its_own_and_questions_have_none() -> None:
    keys: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers.get("idempotency-key"))
        return httpx.Response(200, content=b"{}")

    sender = _sender(answer)
    sender.send("POST", "/v1/orders")
    sender.send("POST", "/v1/orders")
    sender.send("GET", "/v1/orders")
    sender.send("POST", "/v1/orders", key="mine")

    assert keys[2:] == [None, "mine"]
    assert keys[0] != keys[1]


def test_a_field_that_was_added_later_does_not_break_an_older_client() -> None:
    market = msgspec.json.encode({
        "id": "buy_000000000001", "country": "PT", "registered_at": "2026-11-21T07:30:00Z", "addresses": [], "new": 1,
    })  # fmt: skip

    assert wire.decode(market, wire.Buyer).country == "PT"


def test_an_answer_tells_whether_it_was_given_before(rig: Rig) -> None:
    trader = rig.seller()
    path, sender = f"/v1/listings/{trader.offer()}/stock", Sender(rig.url, trader.client.token)

    said: list[Said] = [sender.send("POST", path, wire.StockChange(quantity=1), key="a") for _ in range(2)]
    sender.close()

    assert [answer.is_replayed for answer in said] == [False, True]


def test_a_client_can_be_held_for_a_while(rig: Rig) -> None:
    with Client(rig.url) as client:
        assert client.market().currency == "EUR"


def test_logging_out_ends_the_token(rig: Rig) -> None:
    client = rig.buyer().client
    token = client.token

    client.log_out()

    assert client.token is None
    assert rig.http(token).get("/v1/buyers/me").status_code == 401


def test_money_is_kept_to_the_cent_on_the_way(rig: Rig) -> None:
    shopper = rig.buyer()

    assert shopper.client.top_up(shopper.id, euro(10**12)).balances[0].posted == euro(10**12)
    with pytest.raises(Refused) as refused:
        shopper.client.top_up(shopper.id, euro(10**12 + 1))
    assert refused.value.status == 400


@pytest.mark.parametrize("url", ["https://caravan.example", "HTTPS://caravan.example", "caravan.example"])
def test_whoever_is_spoken_to_in_secret_has_to_show_a_certificate(url: str) -> None:
    transport = Sender(url)._http._transport

    assert isinstance(transport, httpx.HTTPTransport)
    assert transport._pool._ssl_context.verify_mode == ssl.CERT_REQUIRED  # type: ignore[union-attr]
