"""Checks checkout in the buyer's currency through the API: a price that stands for a while, and what an order keeps of it."""

from pathlib import Path

import pytest

from caravan.client import Client, Refused, wallets
from caravan.flows import invariants, settlement
from caravan.flows.house import integers
from caravan.kernel.clock import MINUTE
from caravan.kernel.ids import BuyerId
from caravan.kernel.money import Money
from tests.web.api.rig import Rig, Shopper, euro, running

JPY = 392


@pytest.fixture(scope="module")
def listing(rig: Rig) -> str:
    """Take rates in, and put a mug at 100 euro on the shelf."""
    rates = {"USD": "1.0825", "JPY": "163.27", "KWD": "0.33241"}
    rig.operator.set_rates(wallets.NewRates(source="ECB", day="2026-09-21", base="EUR", rates=rates))
    return rig.seller().offer(10_000, 50)


def shopper(rig: Rig) -> tuple[Client, Shopper]:
    """Register somebody with 100,000 yen."""
    made = rig.buyer()
    rig.caravan.cell.do_many(settlement.top_up, yen(rig, made.number))
    return made.client, made


def yen(rig: Rig, buyer: BuyerId) -> settlement.TopUps:
    """Give the command that puts yen into a wallet."""
    nothing = integers(0)
    return settlement.TopUps(
        integers(rig.clock.now()), integers(buyer), integers(JPY), integers(100_000), nothing, ["bank"], ["r"]
    )


def test_a_price_in_yen_is_shown_paid_and_kept_with_the_order(rig: Rig, listing: str) -> None:
    client, made = shopper(rig)
    session = client.open_checkout(lines={listing: 1}, address=made.address)
    assert session.pay_in is None

    session = client.choose_currency(session.id, "JPY")
    assert session.pay_in is not None
    assert (session.pay_in.total, session.pay_in.mid, session.pay_in.spread) == (
        Money(16_411, "JPY"), euro(10_051), euro(51),
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        client.complete(session.id, euro(10_000))
    assert refused.value.refusal == "total_changed"
    bought = client.complete(session.id, session.pay_in.total, key="once")
    again = client.complete(session.id, session.pay_in.total, key="once")

    assert again == bought
    order = client.order(bought.orders[0])
    assert (order.total, order.paid_in and order.paid_in.paid) == (euro(10_000), Money(16_411, "JPY"))
    client.cancel_order(order.id)
    after = client.order(order.id).paid_in
    assert after is not None
    assert (after.paid_back, after.spread_back) == (Money(16_411, "JPY"), euro(51))
    assert not list(rig.caravan.cell.ask(invariants.findings))


def test_an_expired_price_is_refused_and_asked_for_again(rig: Rig, listing: str) -> None:
    client, made = shopper(rig)
    session = client.open_checkout(lines={listing: 1}, address=made.address)
    session = client.choose_currency(session.id, "JPY")
    assert session.pay_in is not None
    rig.clock.advance(3 * MINUTE)

    with pytest.raises(Refused) as refused:
        client.complete(session.id, session.pay_in.total)
    assert (refused.value.refusal, refused.value.details["state"]) == ("quote_not_open", "expired")
    again = client.choose_currency(session.id, "JPY").pay_in

    assert again is not None
    assert client.complete(session.id, again.total).total == euro(10_000)


def test_the_choice_is_taken_back_and_another_price_than_its_own_is_refused(rig: Rig, listing: str) -> None:
    client, made = shopper(rig)
    client.top_up(made.id, euro(10_000))
    session = client.open_checkout(lines={listing: 1}, address=made.address)
    client.choose_currency(session.id, "USD")
    with pytest.raises(Refused) as refused:
        client.pay(session.id, "wallet", euro(10_000))
    assert refused.value.refusal == "total_changed"

    assert client.choose_currency(session.id, "EUR").pay_in is None
    assert client.pay(session.id, "wallet", euro(10_000)).amount == euro(10_000)


def test_a_card_is_charged_in_the_currency_of_its_buyer(tmp_path: Path) -> None:
    with running(tmp_path / "home", has_play_money=True) as first:
        first.caravan.cell.snapshot()  # The test cards of a play market are there from its second start on.
    with running(tmp_path / "home") as rig:
        rates = {"JPY": "163.27"}
        rig.operator.set_rates(wallets.NewRates(source="ECB", day="2026-09-21", base="EUR", rates=rates))
        listing, made = rig.seller().offer(10_000, 5), rig.buyer()
        client = made.client
        session = client.open_checkout(lines={listing: 1}, address=made.address)
        session = client.choose_currency(session.id, "JPY")
        assert session.pay_in is not None
        with pytest.raises(Refused) as refused:
            client.pay(session.id, "card", euro(10_000), token="pm_card_visa")
        assert refused.value.refusal == "total_changed"

        payment = client.pay(session.id, "card", session.pay_in.total, token="pm_card_visa")
        payment = client.payment(payment.id)

        assert (payment.status, payment.amount) == ("authorized", Money(16_411, "JPY"))
        assert client.order(client.purchase(payment.purchase or "").orders[0]).total == euro(10_000)


@pytest.mark.parametrize(("currency", "refusal"), [("BRL", "no_rate"), ("ZZZ", "invalid"), ("yen", "invalid_request")])
def test_a_currency_that_cannot_be_is_refused(rig: Rig, listing: str, currency: str, refusal: str) -> None:
    client, made = shopper(rig)
    session = client.open_checkout(lines={listing: 1}, address=made.address)

    with pytest.raises(Refused) as refused:
        client.choose_currency(session.id, currency)
    assert refused.value.refusal == refusal
