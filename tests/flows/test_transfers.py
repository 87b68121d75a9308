"""Checks transfers: each is one entry at the cost that was shown, within limits, once; nobody is found who can't be."""

import contextlib
import random
from typing import Any

import pytest

from caravan.flows import people, selling
from caravan.flows import transfers as flow
from caravan.flows.transfers import Answering, Asking, Knowing, Naming, Payee, PayeeUnknown, Proof, Sending, Showing
from caravan.kernel.clock import DAY, MINUTE
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import BuyerId, CodeId, RequestId, SellerId
from caravan.trade import ledger, orders, transfers
from caravan.world import markets
from tests.flows.market import Market

LADDER = tuple(
    markets.TransferLimits(per_transfer_minor=5_000 * step, per_day_minor=8_000 * step, per_month_minor=10_000 * step)
    for step in (1, 2, 3)
)


def terms(market: Market, *rules: markets.TransferFee, tax: int = 2_000) -> None:
    """Set what the operator takes of transfers; the limits are those of the ladder."""
    market.do(flow.set_transfer_terms, flow.Terms(rules, LADDER, tax, 14 * DAY, 15 * MINUTE))


def named(market: Market, buyer: BuyerId, handle: str, phone: str = "") -> None:
    """Let a buyer be found by a handle, and say what their phone is."""
    market.do(flow.set_names, Naming(buyer, handle.encode(), phone.encode(), b"sealed"))


def sending(payer: int, to: Payee, amount: int, total: int | None = None, **more: int) -> Sending:
    """Give the command that sends money."""
    return Sending(BuyerId(payer), to, "EUR", amount, amount if total is None else total, **more)  # type: ignore[arg-type]


def to_handle(handle: str) -> Payee:
    return Payee("handle", handle.encode())


def wallets(market: Market, *buyers: int) -> list[int]:
    return [market.posted(ledger.Kind.WALLET, buyer) for buyer in buyers]


def test_money_goes_from_one_wallet_to_another_in_one_entry(market: Market) -> None:
    ana, ben = market.buyer(money=5_000), market.buyer(money=0)
    named(market, ben, "ben")
    before = market.house.ledger.entries

    made = market.do(flow.send_money, sending(ana, to_handle("ben"), 1_200))

    assert wallets(market, ana, ben) == [3_800, 1_200]
    assert market.house.ledger.entries == before + 1
    assert (made.transfer, made.buyer, made.received_minor) == (1, ben, 1_200)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("rule", "amount", "paid", "received", "fee", "tax"),
    [
        (markets.TransferFee(basis_points=100), 1_000, 1_012, 1_000, 10, 2),
        (markets.TransferFee(basis_points=100, payee_bears=True), 1_000, 1_000, 988, 10, 2),
        (markets.TransferFee(fixed_minor=30, currency="EUR"), 1, 37, 1, 30, 6),
        (markets.TransferFee(fixed_minor=30, currency="EUR", payee_bears=True), 1, 1, 1, 0, 0),
        (markets.TransferFee(fixed_minor=30, currency="EUR", payee_bears=True), 12, 12, 0, 10, 2),
        (markets.TransferFee(basis_points=100, floor_minor=50, currency="EUR"), 1_000, 1_060, 1_000, 50, 10),
        (markets.TransferFee(basis_points=1_000, cap_minor=50, currency="EUR"), 1_000, 1_060, 1_000, 50, 10),
        (markets.TransferFee(way="code", basis_points=100), 1_000, 1_000, 1_000, 0, 0),
        (markets.TransferFee(payee="seller", basis_points=100), 1_000, 1_000, 1_000, 0, 0),
        (markets.TransferFee(currency="USD", basis_points=100), 1_000, 1_000, 1_000, 0, 0),
    ],
)
def test_a_fee_is_taken_by_rule_with_the_tax_on_it(
    market: Market, rule: markets.TransferFee, amount: int, paid: int, received: int, fee: int, tax: int
) -> None:
    terms(market, rule)
    ana, ben = market.buyer(money=5_000), market.buyer(money=0)
    named(market, ben, "ben")

    market.do(flow.send_money, sending(ana, to_handle("ben"), amount, paid))

    assert wallets(market, ana, ben) == [5_000 - paid, received]
    books = (ledger.Kind.OPERATOR_FEES, ledger.Kind.TAX_PAYABLE)
    assert [market.posted(kind) for kind in books] == [fee, tax]


def test_a_total_that_was_not_shown_is_refused_and_nothing_moves(market: Market) -> None:
    ana, ben = market.buyer(money=5_000), market.buyer(money=0)
    named(market, ben, "ben")
    terms(market, markets.TransferFee(basis_points=100))

    with pytest.raises(orders.TotalChanged) as refused:
        market.do(flow.send_money, sending(ana, to_handle("ben"), 1_000))

    assert refused.value.details["total_minor"] == 1_012
    assert wallets(market, ana, ben) == [5_000, 0]


def test_a_transfer_keeps_its_fee_when_the_rules_change(market: Market) -> None:
    ana, ben = market.buyer(money=5_000), market.buyer(money=0)
    named(market, ben, "ben")
    market.do(flow.send_money, sending(ana, to_handle("ben"), 1_000))
    terms(market, markets.TransferFee(basis_points=5_000))

    assert market.cell.digest() == market.replayed()
    assert wallets(market, ana, ben) == [4_000, 1_000]


def test_more_than_the_wallet_holds_is_refused(market: Market) -> None:
    ana, ben = market.buyer(money=999), market.buyer(money=0)
    named(market, ben, "ben")

    with pytest.raises(ledger.InsufficientFunds) as refused:
        market.do(flow.send_money, sending(ana, to_handle("ben"), 1_000))

    assert refused.value.details["available_minor"] == 999


def test_money_that_is_held_for_an_order_is_not_there_to_send(market: Market) -> None:
    ana, ben = market.buyer(money=10_000), market.buyer(money=0)
    named(market, ben, "ben")
    market.buy(ana, (market.listing(market.seller(), price=9_500), 1))

    with pytest.raises(ledger.InsufficientFunds):
        market.do(flow.send_money, sending(ana, to_handle("ben"), 501))


@pytest.mark.parametrize("amount", [0, -1, 10**15])
def test_an_amount_that_is_none_is_refused(market: Market, amount: int) -> None:
    ana, ben = market.buyer(), market.buyer()
    named(market, ben, "ben")

    with pytest.raises(Invalid):
        market.do(flow.send_money, sending(ana, to_handle("ben"), amount))


def test_nobody_pays_themselves(market: Market) -> None:
    ana = market.buyer()
    named(market, ana, "ana")

    with pytest.raises(Invalid):
        market.do(flow.send_money, sending(ana, to_handle("ana"), 1))


def test_the_unknown_the_forgotten_and_the_unproven_are_told_alike(market: Market) -> None:
    ana, gone, shy = market.buyer(), market.buyer(email=b"gone"), market.buyer(email=b"shy")
    named(market, gone, "gone")
    named(market, shy, "", "+351")
    market.do(people.forget_buyer, gone)
    stopped = market.seller()
    market.do(selling.suspend_seller, selling.Suspension(stopped, "late"))
    told = set()
    nobodies = (
        to_handle("gone"), to_handle("nobody"), Payee("email", b"shy"), Payee("phone", b"+351"),
        Payee("seller", number=99), Payee("seller", number=int(stopped)), Payee("buyer", number=int(gone)),
    )  # fmt: skip

    for to in nobodies:
        with pytest.raises(PayeeUnknown) as refused:
            market.do(flow.send_money, sending(ana, to, 1))
        told.add((str(refused.value), str(refused.value.details)))

    assert len(told) == 1


def test_an_address_that_is_proven_finds_its_owner(market: Market) -> None:
    ana, ben = market.buyer(), market.buyer(money=0, email=b"ben@")
    named(market, ben, "", "+351")
    for kind, mark in (("email", b"ben@"), ("phone", b"+351")):
        market.do(flow.prove_address, Proof(ben, kind, mark))
        market.do(flow.send_money, sending(ana, Payee(kind, mark), 50))

    assert wallets(market, ben) == [100]


def test_a_new_phone_has_to_be_proven_anew_and_the_old_one_finds_nobody(market: Market) -> None:
    ana, ben = market.buyer(), market.buyer()
    named(market, ben, "", "+351")
    market.do(flow.prove_address, Proof(ben, "phone", b"+351"))
    named(market, ben, "", "+352")

    for mark in (b"+351", b"+352"):
        with pytest.raises(PayeeUnknown):
            market.do(flow.send_money, sending(ana, Payee("phone", mark), 50))
    with pytest.raises(transfers.NotProven):
        market.do(flow.prove_address, Proof(ben, "phone", b"+351"))
    with pytest.raises(NotFound):
        market.do(flow.prove_address, Proof(ana, "email", b"x"))


def test_a_handle_is_one_persons_until_it_is_let_go(market: Market) -> None:
    ana, ben = market.buyer(), market.buyer()
    named(market, ana, "star")

    with pytest.raises(transfers.NameTaken):
        named(market, ben, "star")
    named(market, ana, "moon")
    named(market, ben, "star")

    assert market.house.transfers.handles == {b"moon": ana, b"star": ben}


def test_each_limit_refuses_with_what_is_left_and_what_would_raise_it(market: Market) -> None:
    terms(market)
    ana, ben = market.buyer(money=100_000, email=b"ana@"), market.buyer(money=0)
    named(market, ben, "ben")

    def refused(amount: int) -> dict[str, object]:
        with pytest.raises(transfers.TransferLimitReached) as limit:
            market.do(flow.send_money, sending(ana, to_handle("ben"), amount))
        told = limit.value.details
        return {name: told[name] for name in ("limit", "left_minor", "level", "raised_by")}

    assert refused(5_001) == {"limit": "transfer", "left_minor": 5_000, "level": "unverified", "raised_by": "email"}
    market.do(flow.send_money, sending(ana, to_handle("ben"), 5_000))
    assert refused(3_001)["limit"] == "day"
    market.do(flow.send_money, sending(ana, to_handle("ben"), 3_000))
    market.days_pass(1)
    assert refused(2_001) == {"limit": "month", "left_minor": 2_000, "level": "unverified", "raised_by": "email"}
    market.do(flow.prove_address, Proof(ana, "email", b"ana@"))
    assert refused(10_001)["raised_by"] == "identity"
    market.do(flow.set_level, Knowing(ana, transfers.Level.IDENTITY, "passport seen"))
    assert refused(15_001) == {"limit": "transfer", "left_minor": 15_000, "level": "identity", "raised_by": None}
    market.days_pass(32)
    market.do(flow.send_money, sending(ana, to_handle("ben"), 15_000))


def test_the_fee_counts_against_the_limit(market: Market) -> None:
    terms(market, markets.TransferFee(basis_points=100), tax=0)
    ana, ben = market.buyer(), market.buyer()
    named(market, ben, "ben")

    with pytest.raises(transfers.TransferLimitReached):
        market.do(flow.send_money, sending(ana, to_handle("ben"), 5_000, 5_050))


def test_a_level_needs_a_reason_and_somebody(market: Market) -> None:
    ana = market.buyer()
    with pytest.raises(Invalid):
        market.do(flow.set_level, Knowing(ana, transfers.Level.IDENTITY, ""))
    with pytest.raises(NotFound):
        market.do(flow.set_level, Knowing(BuyerId(99), transfers.Level.IDENTITY, "seen"))
    market.do(people.forget_buyer, ana)
    with pytest.raises(NotFound):
        market.do(flow.set_level, Knowing(ana, transfers.Level.IDENTITY, "seen"))


def asked(market: Market, payee: BuyerId, payer: BuyerId, amount: int = 700, days: int = 0) -> RequestId:
    """Ask somebody for money."""
    named(market, payer, f"payer-{payer}")
    number = market.do(flow.request_money, Asking(payee, to_handle(f"payer-{payer}"), "EUR", amount, days))
    assert isinstance(number, int)
    return RequestId(number)


def test_a_request_is_paid_once_by_whoever_was_asked(market: Market) -> None:
    ana, ben, eve = market.buyer(money=0), market.buyer(money=5_000), market.buyer()
    request = asked(market, ana, ben)
    pay = sending(ben, Payee(""), 0, 700, request=request)

    with pytest.raises(NotFound):
        market.do(flow.send_money, sending(eve, Payee(""), 0, 700, request=request))
    with pytest.raises(Invalid):
        market.do(flow.send_money, sending(ben, Payee(""), 699, 700, request=request))
    market.do(flow.send_money, pay)
    with pytest.raises(transfers.RequestNotOpen) as refused:
        market.do(flow.send_money, pay)

    assert refused.value.details["state"] == "paid"
    assert wallets(market, ana, ben) == [700, 4_300]


@pytest.mark.parametrize(("closes", "state"), [("payer", "declined"), ("payee", "withdrawn")])
def test_a_request_is_declined_by_one_and_withdrawn_by_the_other(market: Market, closes: str, state: str) -> None:
    ana, ben, eve = market.buyer(), market.buyer(), market.buyer()
    request = asked(market, ana, ben)

    with pytest.raises(NotFound):
        market.do(flow.close_request, Answering(eve, request))
    market.do(flow.close_request, Answering(ben if closes == "payer" else ana, request))

    late: list[tuple[Any, object]] = [
        (flow.send_money, sending(ben, Payee(""), 0, 700, request=request)),
        (flow.close_request, Answering(ana, request)),
    ]
    for late_flow, argument in late:
        with pytest.raises(transfers.RequestNotOpen) as told:
            market.do(late_flow, argument)
        assert told.value.details["state"] == state


def test_a_request_expires_at_the_moment_that_was_said(market: Market) -> None:
    ana, ben = market.buyer(), market.buyer()
    first, second = asked(market, ana, ben, days=1), asked(market, ana, ben, days=1)
    market.clock.advance(DAY - 1)
    market.do(flow.send_money, sending(ben, Payee(""), 0, 700, request=first))
    market.clock.advance(1)

    with pytest.raises(transfers.RequestNotOpen) as refused:
        market.do(flow.send_money, sending(ben, Payee(""), 0, 700, request=second))

    assert refused.value.details["state"] == "expired"


@pytest.mark.parametrize("change", [{"amount_minor": 0}, {"currency": "USD"}, {"days": 91}, {"days": -1}])
def test_a_request_that_asks_for_nothing_is_refused(market: Market, change: dict[str, Any]) -> None:
    ana, ben = market.buyer(), market.buyer()
    named(market, ben, "ben")

    with pytest.raises(Invalid):
        market.do(flow.request_money, Asking(ana, to_handle("ben"), "EUR", 100)._replace(**change))


def test_nobody_asks_themselves_or_a_shop_for_money(market: Market) -> None:
    ana = market.buyer()
    named(market, ana, "ana")

    with pytest.raises(Invalid):
        market.do(flow.request_money, Asking(ana, to_handle("ana"), "EUR", 100))
    with pytest.raises(PayeeUnknown):
        market.do(flow.request_money, Asking(ana, Payee("seller", number=int(market.seller())), "EUR", 100))
    with pytest.raises(NotFound):
        market.do(flow.send_money, sending(ana, Payee(""), 0, 700, request=9))


def shown(market: Market, seller: int = 0, buyer: int = 0, minutes: int = 0) -> CodeId:
    """Show a code for 4.50 euro."""
    number = market.do(flow.show_code, Showing(BuyerId(buyer), SellerId(seller), "EUR", 450, "Table 4", minutes))
    assert isinstance(number, int)
    return CodeId(number)


def test_a_code_pays_a_seller_at_once_and_is_paid_once(market: Market) -> None:
    ana, seller = market.buyer(money=1_000), market.seller()
    terms(market, markets.TransferFee(way="code", payee="seller", basis_points=200, payee_bears=True), tax=0)
    code = shown(market, seller)

    made = market.do(flow.send_money, sending(ana, Payee(""), 0, 450, code=code))
    with pytest.raises(transfers.CodeNotPayable) as refused:
        market.do(flow.send_money, sending(ana, Payee(""), 0, 450, code=code))

    assert market.posted(ledger.Kind.SELLER_BALANCE, seller) == 441
    assert made.reference == "Table 4"  # type: ignore[attr-defined]
    assert refused.value.details["state"] == "paid"


def test_what_was_paid_in_person_is_paid_out_with_the_orders(market: Market) -> None:
    ana, seller = market.buyer(money=50_000), market.seller()
    purchase = market.buy(ana, (market.listing(seller, price=10_000), 1))
    market.deliver(int(purchase))
    market.do(flow.send_money, sending(ana, Payee("seller", number=int(seller)), 450))
    market.days_pass(4)

    market.settle()

    assert market.posted(ledger.Kind.SELLER_BALANCE, seller) == 0
    assert market.posted(ledger.Kind.BANK) == 450 + 8_800


def test_a_code_of_a_person_pays_their_wallet_and_ends_in_time(market: Market) -> None:
    ana, ben = market.buyer(money=1_000), market.buyer(money=0)
    first, second = shown(market, buyer=ben, minutes=1), shown(market, buyer=ben, minutes=1)
    market.clock.advance(MINUTE - 1)
    market.do(flow.send_money, sending(ana, Payee(""), 0, 450, code=first))
    market.clock.advance(1)

    with pytest.raises(transfers.CodeNotPayable) as refused:
        market.do(flow.send_money, sending(ana, Payee(""), 0, 450, code=second))

    assert refused.value.details["state"] == "expired"
    assert wallets(market, ana, ben) == [550, 450]


def test_a_code_that_cannot_be_is_not_made(market: Market) -> None:
    seller = market.seller()
    for change in ({"amount_minor": 0}, {"currency": "USD"}, {"minutes": 1_441}):
        with pytest.raises(Invalid):
            market.do(flow.show_code, Showing(BuyerId(0), seller, "EUR", 450)._replace(**change))
    with pytest.raises(NotFound):
        market.do(flow.send_money, sending(market.buyer(), Payee(""), 0, 450, code=9))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rules": (markets.TransferFee(basis_points=10_001),)}, "basis_points"),
        ({"rules": (markets.TransferFee(fixed_minor=1),)}, "rules"),
        ({"rules": (markets.TransferFee(fixed_minor=-1, currency="EUR"),)}, "rules"),
        ({"rules": (markets.TransferFee(),) * 201}, "rules"),
        ({"limits": LADDER[:2]}, "limits"),
        ({"limits": LADDER[::-1]}, "limits"),
        ({"request_lasts": 0}, "request_lasts"),
        ({"tax_basis_points": -1}, "basis_points"),
    ],
)
def test_terms_that_cannot_be_are_refused(market: Market, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        market.do(flow.set_transfer_terms, flow.Terms((), LADDER, 0, DAY, MINUTE)._replace(**change))

    assert refused.value.details["field"] == field


@pytest.mark.parametrize("seed", range(12))
def test_whatever_people_do_money_is_conserved_and_no_wallet_goes_below_zero(market: Market, seed: int) -> None:
    roll = random.Random(seed)
    fees = markets.TransferFee(way="send", basis_points=150, payee_bears=bool(seed % 2))
    terms(market, fees, markets.TransferFee(fixed_minor=3, currency="EUR"))
    crowd = [market.buyer(money=roll.randint(0, 3_000)) for _ in range(4)]
    seller = market.seller()
    for buyer in crowd:
        named(market, buyer, f"h{buyer}")
    came_in = -market.posted(ledger.Kind.PSP_CLEARING)

    for _ in range(120):
        payer = roll.choice(crowd)
        to = roll.choice([to_handle(f"h{roll.choice(crowd)}"), Payee("seller", number=int(seller))])
        wanted = roll.choice(
            [
                sending(payer, to, roll.randint(0, 900)),
                sending(payer, to, 0, request=roll.randint(1, 9)),
                sending(payer, to, 0, code=roll.randint(1, 3)),
            ]
        )
        with contextlib.suppress(Refusal):
            market.do(flow.request_money, Asking(payer, to, "EUR", roll.randint(1, 400)))
        with contextlib.suppress(Refusal):
            market.do(flow.show_code, Showing(BuyerId(0), seller, "EUR", roll.randint(1, 300)))
        with contextlib.suppress(Refusal):
            now = market.clock.now()
            total = market.cell.ask(flow.price_of, wanted, now).total_minor
            market.do(flow.send_money, wanted._replace(expected_total_minor=total))
        market.days_pass(roll.random() / 5)

    assert min(wallets(market, *crowd)) >= 0
    accounts = market.house.ledger.accounts
    is_kept = (accounts.kind > 0) & (accounts.kind < ledger.Kind.SUPPLIED) & (accounts.kind != ledger.Kind.PSP_CLEARING)
    kept = int(accounts.posted[is_kept].sum())
    assert kept == came_in
    assert market.house.transfers.made > 10


def test_of_sends_that_arrive_at_once_only_as_many_go_as_the_wallet_holds(market: Market) -> None:
    ana, ben = market.buyer(money=1_000), market.buyer(money=0)
    named(market, ben, "ben")
    waiting = [market.cell.submit(flow.send_money, sending(ana, to_handle("ben"), 300)) for _ in range(10)]

    answers = [one.exception() for one in waiting]

    assert sum(answer is None for answer in answers) == 3
    assert all(answer is None or isinstance(answer, ledger.InsufficientFunds) for answer in answers)
    assert wallets(market, ana, ben) == [100, 900]


def test_a_code_and_a_request_that_say_they_were_paid_by_one_transfer_are_found_out(market: Market) -> None:
    ana, ben = market.buyer(), market.buyer()
    request, code = asked(market, ana, ben), shown(market, buyer=ana)
    market.do(flow.send_money, sending(ben, Payee(""), 0, 700, request=request))
    known = market.house.transfers

    known.codes[code].transfer = 1
    twice = market.findings()
    known.codes[code].transfer = 9
    unmade = market.findings()
    known.codes[code].transfer, known.requests[request].closed = 0, "declined"
    closed = market.findings()
    known.requests[request].closed = ""

    assert [len(found) for found in (twice, unmade, closed)] == [2, 1, 1]
    assert "Code 1 says that transfer 9 paid it." in unmade
