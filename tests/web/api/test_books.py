"""Checks the operator's books over the API, on the page and in the terminal: reports, statements, open items, gifts."""

import json
from pathlib import Path

import pytest
import typer

from caravan.client import Refused, wire
from caravan.flows import invariants
from caravan.kernel.clock import DAY
from caravan.kernel.errors import Invalid
from caravan.web.codes import code_of, number_of
from caravan.web.reckoning import reconcile
from tests.web.api.rig import Rig, Trader, euro

REPORT = (
    "balance_transaction_id,created_utc,currency,gross,fee,reporting_category,payment_intent_id,source_id\n"
    "txn_1,2026-11-27 10:00:00,eur,7.77,0.00,charge,pi_none,ch_none\n"
)
KEY = {"idempotency-key": "once"}


def terms(rig: Rig, **money: object) -> None:
    answer = rig.http(rig.token("operator")).put("/v1/market", json={"money": money})
    assert answer.status_code == 200, answer.text


def delivered(rig: Rig) -> tuple[Trader, str]:
    """Give a seller with an order that was delivered and paid out."""
    seller, buyer = rig.seller(), rig.buyer(2_000)
    order = buyer.client.place_order({seller.offer(1_000, 5): 1}, buyer.address, euro(1_000)).orders[0]
    seller.client.scan(seller.client.ship(order, "DHL").id, "delivered")
    rig.pass_time(4 * DAY)
    rig.pass_time(DAY)
    return seller, order


def test_a_transfer_pays_and_the_rest_is_an_open_item_until_it_is_closed(rig: Rig) -> None:
    terms(rig, takes_transfers=True)
    buyer, seller, operator = rig.buyer(0), rig.seller(), rig.http(rig.token("operator"))
    session = buyer.client.open_checkout(lines={seller.offer(1_000, 5): 1}, address=buyer.address).id
    payment = buyer.client.pay(session, "transfer", euro(1_000))
    assert payment.status == "created"
    statement = (
        f"id,date,amount,currency,text\nB1,2026-11-27,10.00,EUR,for {payment.id}\nB2,2026-11-27,3.00,EUR,hello\n"
    )

    taken = operator.post("/v1/statements", content=statement.encode()).json()

    assert (taken["matched"], taken["items"]) == (1, ["itm_000000000001"])
    assert buyer.client.payment(payment.id).status == "authorized"
    (item,) = operator.get("/v1/open-items").json()["data"]
    assert (item["kind"], item["amount"]) == ("unnamed_transfer", {"amount": 300, "currency": "EUR"})
    closed = operator.post(
        f"/v1/open-items/{item['id']}/close", json={"note": "A present.", "buyer": buyer.id}, headers=KEY
    )
    assert closed.json()["is_closed"]
    assert buyer.client.wallet().balances[0].available == euro(300)
    assert operator.get("/v1/open-items").json()["data"] == []


def test_a_report_that_does_not_fit_raises_an_item_once(rig: Rig) -> None:
    operator = rig.http(rig.token("operator"))

    first = operator.post("/v1/reports?provider=card", content=REPORT.encode()).json()
    again = operator.post("/v1/reports?provider=card", content=REPORT.encode()).json()

    assert (len(first["items"]), again["known"], again["items"]) == (1, 1, [])
    for wrong in (b"a,b\n", b"\xff"):
        assert operator.post("/v1/reports", content=wrong).json()["refusal"] == "invalid"


def test_a_coupon_of_a_seller_is_used_at_checkout(rig: Rig) -> None:
    seller, buyer = rig.seller(), rig.buyer(900)
    made = rig.http(seller.client.token).post(
        "/v1/coupons",
        json={"code": f"S{seller.number}", "amount": {"amount": 100, "currency": "EUR"},
              "spend_min": {"amount": 500, "currency": "EUR"}},
        headers=KEY,
    )  # fmt: skip
    assert (made.status_code, made.json()["seller"]) == (201, seller.id)
    session = buyer.client.open_checkout(lines={seller.offer(1_000, 5): 1}, address=buyer.address).id

    paid = buyer.client.pay(session, "wallet", euro(1_000), coupon=f"S{seller.number}")

    assert (paid.status, paid.amount, paid.discount) == ("authorized", euro(900), euro(100))
    assert seller.client.balance().balances[0].balance == euro(-100)


def test_a_gift_card_is_bought_shown_and_redeemed_by_its_code(rig: Rig) -> None:
    giver, taker = rig.buyer(5_000), rig.buyer(0)
    amount = {"amount": {"amount": 5_000, "currency": "EUR"}}
    http = rig.http(giver.token)
    made = http.post("/v1/gift-cards", json=amount, headers=KEY)
    shown = http.get(made.headers["location"]).json()
    assert (made.json()["code"], shown["left"]["amount"]) == (None, 5_000)
    assert rig.http(taker.token).get(made.headers["location"]).status_code == 404

    other = rig.http(taker.token)
    redeemed = other.post("/v1/gift-cards/redeem", json={"code": shown["code"].lower()}, headers=KEY)
    again = other.post("/v1/gift-cards/redeem", json={"code": shown["code"]}, headers={"idempotency-key": "twice"})
    forged = other.post("/v1/gift-cards/redeem", json={"code": "1-AAAA-BBBB"}, headers={"idempotency-key": "forged"})

    assert redeemed.json()["balances"][0]["available"]["amount"] == 5_000
    assert (again.json()["refusal"], forged.json()["refusal"]) == ("no_such_gift_card", "no_such_gift_card")


def test_the_client_issues_a_coupon_prices_with_it_and_pays(rig: Rig) -> None:
    seller, buyer = rig.seller(), rig.buyer(900)
    coupon = seller.client.issue_coupon(f"C{seller.number}", euro(100), spend_min=euro(500), uses_max=3, lasts_days=7)
    session = buyer.client.open_checkout(lines={seller.offer(1_000, 5): 1}, address=buyer.address).id

    priced = buyer.client.price_with_coupon(session, coupon.code)
    paid = buyer.client.pay(session, "wallet", euro(1_000), coupon=coupon.code)

    assert (coupon.seller, coupon.spend_min, coupon.uses, coupon.uses_max) == (seller.id, euro(500), 0, 3)
    assert (priced.to_pay, paid.status) == (euro(900), "authorized")


def test_the_client_issues_a_coupon_of_the_operator_once_by_its_key(rig: Rig) -> None:
    first = rig.operator.issue_coupon("ONCE", euro(100), spend_min=euro(101), key="coupon-once")
    again = rig.operator.issue_coupon("ONCE", euro(100), spend_min=euro(101), key="coupon-once")

    assert (first, first.seller) == (again, None)
    with pytest.raises(Refused) as refused:
        rig.buyer().client.issue_coupon("MINE", euro(100), spend_min=euro(101))
    assert refused.value.refusal == "wrong_audience"


def test_the_client_buys_shows_and_redeems_a_gift_card(rig: Rig) -> None:
    giver, taker = rig.buyer(2_500), rig.buyer(0)

    card = giver.client.issue_gift_card(euro(2_500))
    code = giver.client.gift_card(card.id).code

    assert (card.left, card.code) == (euro(2_500), None)
    assert taker.client.redeem_gift_card(code or "").balances[0].available == euro(2_500)
    with pytest.raises(Refused, match="gift card"):
        taker.client.redeem_gift_card(code or "")


def test_the_client_sees_to_the_books(rig: Rig) -> None:
    operator, buyer = rig.operator, rig.buyer(0)
    report = operator.reconcile(REPORT.replace("txn_1", "txn_of_client").encode())
    statement = operator.take_statement(b"id,date,amount,currency,text\nC1,2026-11-27,3.00,EUR,hello\n")

    closed = operator.close_open_item(statement.items[0], "A present.", buyer=buyer.id)
    still_open = {item.id for item in operator.open_items()}

    assert (report.lines, len(report.items), closed.is_closed) == (1, 1, True)
    assert report.items[0] in still_open
    assert closed.id not in still_open
    assert buyer.client.wallet().balances[0].available == euro(300)


def test_the_client_says_that_cash_was_collected_at_the_door(rig: Rig) -> None:
    terms(rig, cash_minor_max=5_000)
    seller, buyer = rig.seller(), rig.buyer(0)
    session = buyer.client.open_checkout(lines={seller.offer(1_000, 5): 1}, address=buyer.address).id
    payment = buyer.client.payment(buyer.client.pay(session, "cash", euro(1_000)).id)
    order = buyer.client.purchase(payment.purchase or "").orders[0]
    seller.client.scan(seller.client.ship(order, "DHL").id, "delivered")

    settled = rig.operator.settle_cash(order, was_paid=True)

    assert (settled.id, settled.payment) == (order, "captured")
    terms(rig)


def test_the_client_ends_a_payout_charges_a_label_and_takes_a_loss_over(rig: Rig) -> None:
    operator, (seller, order) = rig.operator, delivered(rig)
    payout = next(seller.client.payouts()).id

    ended = operator.end_payout(payout, was_paid=False)
    labeled = operator.charge_label(order, euro(2_000))
    lost = operator.take_over_loss(order, euro(100))

    assert (ended.status, labeled.id, lost.id) == ("returned", order, order)
    assert seller.client.balance().balances[0].balance == euro(880 - 2_000 + 100)


def test_a_code_leads_to_its_card(rig: Rig) -> None:
    vault = rig.caravan.vault

    assert [number_of(vault, code_of(vault, number)) for number in (1, 31, 32, 10**9)] == [1, 31, 32, 10**9]  # type: ignore[arg-type]


def test_a_payout_comes_back_a_label_is_charged_and_a_loss_taken_over(rig: Rig) -> None:
    operator, (seller, order) = rig.http(rig.token("operator")), delivered(rig)
    payout = next(seller.client.payouts()).id

    returned = operator.post(f"/v1/payouts/{payout}/end", json={"was_paid": False}, headers=KEY)
    paid = operator.post(f"/v1/payouts/{payout}/end", json={"was_paid": True}, headers={"idempotency-key": "b"})
    labeled = operator.post(
        f"/v1/orders/{order}/labels", json={"amount": {"amount": 2_000, "currency": "EUR"}}, headers=KEY
    )
    lost = operator.post(f"/v1/orders/{order}/losses", json={"amount": {"amount": 100, "currency": "EUR"}}, headers=KEY)
    foreign = operator.post(
        f"/v1/orders/{order}/labels",
        json={"amount": {"amount": 1, "currency": "USD"}},
        headers={"idempotency-key": "c"},
    )

    assert (returned.json()["status"], paid.json()["refusal"]) == ("returned", "payout_settled")
    assert (labeled.status_code, lost.status_code, foreign.status_code) == (201, 201, 400)
    assert seller.client.balance().balances[0].balance == euro(880 - 2_000 + 100)
    assert list(rig.caravan.cell.ask(invariants.findings)) == []


def test_the_terms_about_money_are_set_and_shown(rig: Rig) -> None:
    terms(rig, keeps_fee=True, cash_minor_max=5_000)

    shown = rig.http().get("/v1/market").json()["money"]

    assert (shown["keeps_fee"], shown["cash_minor_max"], shown["payment_seconds"]) == (True, 5_000, 1_860)
    terms(rig)


def test_the_terminal_reconciles_a_home_and_exits_with_1_on_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.csv").write_text(REPORT)

    with pytest.raises(typer.Exit) as differs:
        reconcile("card", tmp_path / "report.csv", home=tmp_path / "home", as_json=True)
    reconcile("card", tmp_path / "report.csv", home=tmp_path / "home", as_json=True)

    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (differs.value.exit_code, first["items"], second["known"]) == (1, ["itm_000000000001"], 1)
    with pytest.raises(typer.BadParameter):
        reconcile("bank", tmp_path / "report.csv")
    with pytest.raises(Invalid):
        reconcile("card", tmp_path / "none.csv")


def test_the_types_on_the_wire_are_what_the_answers_are(rig: Rig) -> None:
    answer = rig.http(rig.token("operator")).get("/v1/open-items")

    assert wire.decode(answer.content, wire.OpenItems).data is not None


@pytest.mark.parametrize("path", ["/v1/reports", "/v1/statements", "/v1/open-items"])
def test_the_books_are_the_operators_alone(rig: Rig, path: str) -> None:
    http = rig.http(rig.buyer().token)

    answer = http.get(path) if path.endswith("items") else http.post(path, content=b"")

    assert answer.json()["refusal"] == "wrong_audience"
