"""Checks the commands that speak to a running Caravan: what they print, for people and for programs, and how they end."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from caravan.web.remote import app
from tests.web.api.rig import Rig, euro


def _run(rig: Rig, token: str | None, *words: str) -> Result:
    with_token = ["--token", token] if token else []
    return CliRunner().invoke(app, [*words, "--url", rig.url, *with_token])


def _json(rig: Rig, token: str | None, *words: str) -> Any:  # noqa: ANN401
    result = _run(rig, token, *words, "--json")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def test_a_shop_is_run_from_a_terminal(rig: Rig) -> None:
    operator = rig.token("operator")
    words = ["--name", "Cups", "--country", "PT", "--email", "cups@example.org", "--password", "correct horse"]
    applied = _json(rig, None, "sellers", "apply", *words)
    assert _json(rig, operator, "sellers", "approve", applied["id"])["status"] == "active"
    token = _json(rig, None, "tokens", "new", "seller", "--email", "cups@example.org", "--password", "correct horse")[
        "token"
    ]

    offered = _json(
        rig, token, "products", "add", "Cup", "12.50 EUR", "--category", "Home/Kitchen", "--shipping", "2.5 EUR"
    )
    (listing,) = offered["listings"]
    assert _json(rig, token, "stock", "receive", listing, "10")["available"] == 10
    shown = _json(rig, token, "listings", "price", listing, "11 EUR")
    assert shown["price"] == {"amount": 1_100, "currency": "EUR"}
    assert _json(rig, token, "listings", "pause", listing)["status"] == "paused"
    assert _json(rig, token, "listings", "publish", listing)["status"] == "live"

    shopper = rig.buyer()
    _json(rig, operator, "wallet", "top-up", shopper.id, "50 EUR")
    first, second = (shopper.client.place_order({listing: 1}, shopper.address, euro(1_350)).orders[0] for _ in range(2))
    _json(rig, token, "orders", "ship", first, "DHL", "T1")
    assert _json(rig, token, "orders", "deliver", first)["fulfillment"] == "delivered"
    assert _json(rig, token, "orders", "cancel", second)["status"] == "canceled"
    listed = _json(rig, token, "orders", "list")["data"]
    assert [order["id"] for order in listed] == [second, first]
    assert _json(rig, token, "orders", "show", first)["parcels"][0]["status"] == "delivered"
    assert _json(rig, token, "payouts", "list") == {"data": []}


@pytest.mark.parametrize(
    "words",
    [
        ("sellers", "list"), ("products", "list"), ("products", "list", "--q", "mug"), ("listings", "list"),
        ("orders", "list"), ("payouts", "list"), ("market", "show"), ("market", "fees"), ("market", "policy"),
    ],
)  # fmt: skip
def test_every_list_can_be_read_by_people(rig: Rig, words: tuple[str, ...]) -> None:
    trader = rig.seller()
    trader.offer(title="A mug for reading")

    result = _run(rig, rig.token("operator"), *words)

    assert result.exit_code == 0
    assert result.stdout.strip()


def test_the_terms_are_set_in_percent(rig: Rig) -> None:
    operator = rig.token("operator")

    fees = _json(rig, operator, "market", "fees", "--percent", "7.5", "--tax-percent", "21")
    policy = _json(rig, operator, "market", "policy", "--return-window-seconds", "3600")

    assert (fees["rules"][0]["basis_points"], fees["tax_basis_points"]) == (750, 2_100)
    assert policy["return_window_seconds"] == 3_600


def test_a_refusal_ends_with_1_and_its_code(rig: Rig) -> None:
    trader = rig.seller()
    listing = trader.offer(units=1)

    told = _run(rig, trader.client.token, "stock", "receive", listing, "-5", "--json")
    said = _run(rig, trader.client.token, "orders", "show", "ord_00000000ZZZZ")

    assert told.exit_code == 1
    assert json.loads(told.stdout)["refusal"] == "out_of_stock"
    assert json.loads(told.stdout)["available"] == 1
    assert said.exit_code == 1
    assert "not_found" in said.stderr


def test_a_wrong_amount_ends_with_1_and_wrong_usage_with_2(rig: Rig) -> None:
    token = rig.seller().client.token

    assert _run(rig, token, "products", "add", "Cup", "1.999 EUR").exit_code == 1
    assert _run(rig, token, "products", "add", "Cup", "cheap").exit_code == 1
    assert _run(rig, token, "products", "add").exit_code == 2
    assert _run(rig, token, "market", "fees", "--rules", "{").exit_code == 2


def test_the_token_may_come_from_the_environment(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    shopper = rig.buyer(500)
    monkeypatch.setenv("CARAVAN_TOKEN", shopper.token)
    monkeypatch.setenv("CARAVAN_URL", rig.url)

    result = CliRunner().invoke(app, ["wallet", "show", "--json"])

    assert json.loads(result.stdout)["buyer"] == shopper.id


def test_a_command_sent_twice_with_one_key_is_done_once(rig: Rig) -> None:
    trader = rig.seller()
    listing = trader.offer()

    for _ in range(2):
        _json(rig, trader.client.token, "stock", "receive", listing, "5", "--key", "delivery note 17")

    assert trader.client.listing(listing).available == 5
