"""Checks money between people through the API: the cost is shown first, once is once, and nothing personal is kept."""

import msgspec
import pytest

from caravan.client import Client, Refused, wallets
from caravan.flows import invariants, settlement
from caravan.kernel import ids
from caravan.kernel.clock import DAY, iso
from caravan.kernel.ids import PayoutId
from caravan.trade import qr
from caravan.web.access import contact_of
from tests.web.api.rig import Rig, Shopper, euro

EMVCO = "00020101021126380009SG.PAYNOW010100211+6584554295030115204000053037025802SG5902NA6009SINGAPORE630416D8"


def person(rig: Rig, handle: str, cents: int = 0) -> tuple[Shopper, Client]:
    """Register somebody who goes by a handle, with some money."""
    shopper = rig.buyer(cents)
    client = shopper.client
    client.set_names(handle=handle)
    return shopper, client


def refused(ask: object, *arguments: object, **named: object) -> Refused:
    """Give the refusal that a call ends with."""
    with pytest.raises(Refused) as told:
        ask(*arguments, **named)  # type: ignore[operator]
    return told.value


def terms(rig: Rig, *fees: wallets.TransferFeeRule) -> None:
    """Set the fees of transfers, and leave the rest."""
    now = rig.operator.transfer_terms()
    rig.operator.set_transfer_terms(
        wallets.NewTransferTerms(
            fees=list(fees), limits=now.limits, fee_tax_basis_points=2_000, request_seconds=now.request_seconds,
            code_seconds=now.code_seconds,
        )
    )  # fmt: skip


def test_money_is_sent_at_the_cost_that_was_shown_and_both_sides_see_the_receipt(rig: Rig) -> None:
    (ana, ana_client), (ben, ben_client) = person(rig, "ana.one", 5_000), person(rig, "ben.one")
    terms(rig, wallets.TransferFeeRule(way="send", basis_points=100))

    cost = ana_client.price_transfer("@Ben.One", euro(1_000))
    made = ana_client.send_money("ben.one", euro(1_000), expected_total=cost.total, note="Lunch at Rosa's")
    terms(rig)

    assert (cost.payee_name, cost.fee, cost.fee_tax, cost.total, cost.received) == (
        "B", euro(10), euro(2), euro(1_012), euro(1_000),
    )  # fmt: skip
    assert (made.payer, made.payee, made.note, made.payee_name) == (ana.id, ben.id, "", "")
    receipts = [client.transfer(made.id) for client in (ana_client, ben_client, rig.operator)]
    assert receipts[0] == receipts[1] == msgspec.structs.replace(receipts[2], note="Lunch at Rosa's")
    assert not receipts[2].note
    assert (receipts[0].note, receipts[0].payer_name) == ("Lunch at Rosa's", "B")
    assert ana_client.wallet().balances[0].available == euro(3_988)
    assert [next(iter(client.wallet_statement())).reason for client in (ana_client, ben_client)] == ["transferred"] * 2
    assert [one.id for one in ben_client.transfers()] == [made.id]
    assert refused(person(rig, "eve.one")[1].transfer, made.id).status == 404


def test_another_total_is_refused_and_the_new_one_is_told(rig: Rig) -> None:
    (_, ana), _ = person(rig, "ana.two", 5_000), person(rig, "ben.two")

    told = refused(ana.send_money, "ben.two", euro(1_000), expected_total=euro(999))

    assert (told.refusal, told.details["total_minor"]) == ("total_changed", 1_000)


def test_sent_twice_with_one_key_is_sent_once(rig: Rig) -> None:
    (_, ana), (_, ben) = person(rig, "ana.three", 5_000), person(rig, "ben.three")

    made = [ana.send_money("ben.three", euro(100), expected_total=euro(100), key="once", note="Tea") for _ in "ab"]
    other = refused(ana.send_money, "ben.three", euro(100), expected_total=euro(100), key="once", note="Coffee")

    assert made[0].id == made[1].id
    assert ben.wallet().balances[0].posted == euro(100)
    assert other.refusal == "idempotency_conflict"


def test_whoever_is_not_to_be_found_is_told_as_unknown(rig: Rig) -> None:
    (_, ana), (ben, _) = person(rig, "ana.four", 5_000), person(rig, "ben.four")
    contact = contact_of(rig.caravan, rig.caravan.cell.house.identity.buyers[ben.number])
    assert contact is not None

    told = {
        (refused(ana.price_transfer, to, euro(1)).refusal) for to in ("nobody.here", contact.email, "+351912345678")
    }

    assert told == {"payee_unknown"}


def test_names_are_tried_thirty_times_a_minute_and_no_more(rig: Rig) -> None:
    token = rig.buyer().token
    body = msgspec.json.encode({"to": "nobody.here", "amount": {"amount": 1, "currency": "EUR"}})
    headers = {"content-type": "application/json"}

    statuses = [
        rig.http(token).post("/v1/transfers/price", content=body, headers=headers).status_code for _ in range(31)
    ]

    assert statuses == [422] * 30 + [429]


def test_an_address_is_proven_with_what_was_sent_to_it(rig: Rig) -> None:
    (_, ana), (ben, ben_client) = person(rig, "ana.five", 5_000), person(rig, "ben.five")
    contact = contact_of(rig.caravan, rig.caravan.cell.house.identity.buyers[ben.number])
    assert contact is not None
    proof = rig.operator.make_proof(ben.id, "email").proof

    assert refused(ana.show_proof, "email", proof).refusal == "not_proven"
    assert refused(ben_client.show_proof, "email", proof[:-1] + "x").refusal == "not_proven"
    assert ben_client.show_proof("email", proof).is_email_proven
    assert ana.send_money(contact.email, euro(70), expected_total=euro(70)).payee == ben.id
    assert ben_client.sending_limits().level == "email"


def test_a_proof_ends_after_two_days(rig: Rig) -> None:
    ben, client = person(rig, "ben.six")
    proof = rig.operator.make_proof(ben.id, "email").proof
    rig.clock.advance(2 * DAY + 1)

    assert refused(client.show_proof, "email", proof).refusal == "not_proven"


def test_limits_say_what_is_left_and_what_would_raise_it(rig: Rig) -> None:
    (ana, client), _ = person(rig, "ana.seven", 500_000), person(rig, "ben.seven")

    told = refused(client.send_money, "ben.seven", euro(15_001), expected_total=euro(15_001))
    rig.operator.set_level(ana.id, "identity", "Passport seen at the desk.")
    client.send_money("ben.seven", euro(15_001), expected_total=euro(15_001))

    assert (told.refusal, told.details["left_minor"], told.details["raised_by"]) == (
        "transfer_limit_reached", 15_000, "email",
    )  # fmt: skip
    limits = client.sending_limits()
    assert (limits.level, limits.raised_by) == ("identity", None)
    assert [one.whole.amount - one.left.amount for one in limits.limits] == [0, 15_001, 15_001]


def test_a_request_is_paid_declined_or_withdrawn(rig: Rig) -> None:
    (_, ana), (_, ben) = person(rig, "ana.eight"), person(rig, "ben.eight", 5_000)

    asked = [ana.request_money("ben.eight", euro(cents), note="Your half") for cents in (700, 800, 900)]
    ben.send_money(request=asked[0].id, expected_total=euro(700))
    ben.close_money_request(asked[1].id)
    ana.close_money_request(asked[2].id)

    seen = list(ben.money_requests())
    assert [(one.status, one.note, one.payee_name) for one in seen] == [
        ("withdrawn", "Your half", "B"), ("declined", "Your half", "B"), ("paid", "Your half", "B"),
    ]  # fmt: skip
    assert seen[2].transfer == next(iter(ana.transfers())).id
    assert refused(ben.close_money_request, asked[0].id).refusal == "request_not_open"
    assert refused(person(rig, "eve.eight")[1].money_request, asked[0].id).status == 404


def test_a_code_is_shown_scanned_and_paid_once(rig: Rig) -> None:
    (_, ana), seller = person(rig, "ana.nine", 5_000), rig.seller()
    code = seller.client.make_payment_code(euro(450), reference="Table 4")
    told = qr.understand(qr.decode(code.payload))

    cost = ana.price_transfer(payload=code.payload)
    made = ana.send_money(payload=code.payload, expected_total=cost.total)

    assert (told.amount, told.is_dynamic, told.reference) == (euro(450), True, "Table 4")
    assert (cost.payee_kind, made.payee, made.code, made.reference) == ("seller", seller.id, code.id, "Table 4")
    assert seller.client.payment_code(code.id).status == "paid"
    assert next(iter(seller.client.transfers())).id == made.id
    assert seller.client.balance().balances[0].balance == euro(450)
    assert refused(ana.send_money, payload=code.payload, expected_total=cost.total).refusal == "code_not_payable"


def test_a_static_code_takes_any_amount_and_is_paid_again_and_again(rig: Rig) -> None:
    (_, ana), (ben, ben_client) = person(rig, "ana.ten", 5_000), person(rig, "ben.ten")
    payload = ben_client.payment_code().payload

    for cents in (100, 250):
        ana.send_money(payload=payload, amount=euro(cents), expected_total=euro(cents))

    assert [one.payee for one in ana.transfers()] == [ben.id] * 2
    assert refused(ana.price_transfer, payload=payload).refusal == "invalid"


def test_foreign_and_broken_codes_say_what_they_are(rig: Rig) -> None:
    _, ana = person(rig, "ana.more", 5_000)
    elsewhere = qr.make(
        name="Shop", city="Porto", country="PT", currency="EUR", account="sel_000000000001", market="00000000"
    )
    offline = qr.make(
        name="Shop", city="Porto", country="PT", currency="EUR", account="sel_000000000001", amount=euro(5)
    )

    told = [refused(ana.price_transfer, payload=one) for one in (EMVCO, elsewhere, EMVCO[:-1] + "9", offline)]

    assert [one.refusal for one in told] == ["foreign_code", "foreign_code", "unreadable_qr", "unreadable_qr"]
    assert told[0].details["schemes"] == "SG.PAYNOW"


@pytest.mark.parametrize(
    "wish",
    [
        {}, {"to": "ben.more", "request": "mrq_000000000001"}, {"to": "ben.more"},
        {"to": "ben.more", "amount": {"amount": 0, "currency": "EUR"}},
        {"to": "x", "amount": {"amount": 1, "currency": "EUR"}}, {"to": "+1", "amount": {"amount": 1, "currency": "EUR"}},
        {"to": "a@b", "amount": {"amount": 1, "currency": "EUR"}},
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_understood_is_invalid(rig: Rig, wish: dict[str, object]) -> None:
    token, headers = rig.buyer().token, {"content-type": "application/json"}

    answer = rig.http(token).post("/v1/transfers/price", content=msgspec.json.encode(wish), headers=headers)

    assert (answer.status_code, answer.json()["refusal"]) == (400, "invalid")


def test_nothing_that_people_wrote_stands_in_the_log(rig: Rig) -> None:
    (_, ana), (ben, ben_client) = person(rig, "ana.log", 5_000), person(rig, "ben.log.handle")
    ben_client.set_names(handle="ben.log.handle", phone="+351 912 000 111")
    ana.send_money("ben.log.handle", euro(5), expected_total=euro(5), note="For the violets")
    ana.request_money("ben.log.handle", euro(5), note="For the violets")
    rig.operator.set_level(ben.id, "email", "Seen on a Tuesday")
    next(iter(ana.transfers()))

    rows = b"".join((rig.caravan.settings.home / name).read_bytes() for name in ("log.db", "log.db-wal", "views.db"))

    assert b"Seen on a Tuesday" in rows
    for secret in (b"violets", b"ben.log.handle", b"912000111"):
        assert secret not in rows
    assert list(invariants.findings(rig.caravan.cell.house)) == []


def test_a_note_of_somebody_who_is_forgotten_is_gone(rig: Rig) -> None:
    (_, ana), (_, ben) = person(rig, "ana.gone", 5_000), person(rig, "ben.gone")
    made = ana.send_money("ben.gone", euro(5), expected_total=euro(5), note="Bye")

    ana.forget_me()

    receipt = ben.transfer(made.id)
    assert (receipt.note, receipt.payer_name, receipt.received) == ("", "Somebody", euro(5))


def test_a_payout_says_what_of_it_was_paid_in_person(rig: Rig) -> None:
    (_, ana), seller = person(rig, "ana.paid", 5_000), rig.seller()
    payload = seller.client.payment_code().payload
    made = ana.send_money(payload=payload, amount=euro(300), expected_total=euro(300))

    rig.pass_time(2 * DAY)

    (payout,) = seller.client.payouts()
    assert (payout.amount, payout.paid_in_person, payout.deducted) == (euro(300), euro(300), euro(0))
    assert seller.client.payout(payout.id).lines == []
    assert seller.client.transfer(made.id).payout == payout.id
    rig.caravan.cell.do(
        settlement.settle_payout, settlement.PayoutWord(PayoutId(ids.number(PayoutId, payout.id)), was_paid=False)
    )
    assert seller.client.transfer(made.id).payout is None
    rig.pass_time(2 * DAY)
    again, first = seller.client.payouts()
    assert [(one.amount, one.paid_in_person, one.deducted) for one in (again, first)] == [
        (euro(300), euro(300), euro(0))
    ] * 2
    assert seller.client.transfer(made.id).payout == again.id


def test_money_is_exchanged_and_sent_across_currencies(rig: Rig) -> None:
    (_, client), (_, ben) = person(rig, "ana.fx", 20_000), person(rig, "ben.fx")
    day = iso(rig.clock.now())[:10]
    assert refused(client.quote_exchange, euro(100), "USD").refusal == "no_rate"
    told = rig.operator.set_rates(
        wallets.NewRates(source="ECB", day=day, base="EUR", rates={"USD": "1.0825", "KWD": "0.33241", "XAU": "0.0004"})
    )
    rig.operator.set_exchange_terms(
        wallets.ExchangeTerms(spread_basis_points=100, quote_seconds=60, rates_seconds=86_400)
    )

    quote = client.quote_exchange(euro(10_000), "USD")
    taken = [client.exchange_money(quote.id, key="fx-1") for _ in "ab"]
    other = client.quote_exchange(euro(1_000), "KWD")
    sent = client.send_money("ben.fx", other.received, expected_total=other.received, quote=other.id)

    assert told.rates == {"EUR": "1", "USD": "1.0825", "KWD": "0.33241"}
    assert (quote.mid.amount, quote.spread.amount, quote.received.amount) == (10_825, 108, 10_717)
    assert (taken[0], taken[0].status) == (taken[1], "taken")
    assert (other.received.amount, other.received.currency) == (3_291, "KWD")
    assert sent.received == other.received
    assert {one.available.currency: one.available.amount for one in client.wallet().balances if one.available.amount} == {
        "EUR": 9_000, "USD": 10_717,
    }  # fmt: skip
    assert other.received in [one.available for one in ben.wallet().balances]
    assert client.exchange_quote(other.id).status == "taken"
    assert refused(client.exchange_money, other.id).refusal == "quote_not_open"
    assert refused(ben.exchange_quote, other.id).status == 404
    assert [one.reason for one in client.wallet_statement()].count("exchanged") == 4
    assert list(invariants.findings(rig.caravan.cell.house)) == []
