"""Checks every row of the spine's table of postings, to the cent; and disputes, clawbacks, coupons and gift cards with it."""

from collections.abc import Callable, Iterator

import pytest

from caravan.flows import disputes, gifts, opening, paying, settlement
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, GiftCardId, ListingId, OrderId, PayoutId, SellerId
from caravan.trade import ledger, orders, payments
from caravan.trade.ledger import Kind
from caravan.trade.payments import Claim, CouponTerms, Provider, money_state
from caravan.world import markets
from tests.flows.market import EUR
from tests.flows.till import Till

CARD = int(Provider.CARD)
ACCOUNTS = {
    "psp:clearing": (Kind.PSP_CLEARING, CARD), "authorized": (Kind.AUTHORIZED, CARD), "wallet": (Kind.WALLET, 1),
    "escrow": (Kind.ESCROW, 1), "seller:balance": (Kind.SELLER_BALANCE, 1), "operator:fees": (Kind.OPERATOR_FEES, 0),
    "tax:payable": (Kind.TAX_PAYABLE, 0), "bank": (Kind.BANK, 0), "operator:promotions": (Kind.PROMOTIONS, 0),
    "dispute:reserve": (Kind.DISPUTE_RESERVE, 0), "operator:losses": (Kind.LOSSES, 0),
    "carrier:payable": (Kind.CARRIER_PAYABLE, 0), "gift card": (Kind.GIFT_CARD, 1),
}  # fmt: skip


@pytest.fixture
def till() -> Iterator[Till]:
    """Lend a market in which one unit is bought by card for 100.00, of which the operator takes 10 % and 20 % tax on that."""
    till = Till()
    till.open()
    till.listing(till.seller("Ana"))
    till.buyer(money=0)
    yield till
    assert till.findings() == []
    assert till.replayed() == till.cell.digest()
    assert not till.failures
    till.close()


def changes(till: Till, tell: Callable[[], object]) -> dict[str, int]:
    """Do something, and give what it changed on each account of money."""
    before = {name: till.posted(*account) for name, account in ACCOUNTS.items()}
    tell()
    after = {name: till.posted(*account) for name, account in ACCOUNTS.items()}
    return {name: after[name] - before[name] for name in ACCOUNTS if after[name] != before[name]}


def release(till: Till) -> None:
    till.days_pass(4)
    till.do(settlement.release_due)


def sold(till: Till, *, is_released: bool = False, is_paid_out: bool = False) -> int:
    payment = till.pay(1, (ListingId(1), 1))
    till.ship(1)
    if is_released:
        release(till)
    if is_paid_out:
        till.do(settlement.pay_out_due)
    return payment


def claim(till: Till, amount: int, *, won: bool | None = None, name: str = "dp_1") -> None:
    reference = till.house.dealings.deals[1].reference
    till.do(disputes.settle_claim, disputes.Claimed(reference, Claim(name, amount, won)))


def test_captured(till: Till) -> None:
    till.pay(1, (ListingId(1), 1))

    # What was promised lay in the wallet, held; it goes with it.
    assert changes(till, lambda: till.take_in(1)) == {
        "psp:clearing": -10_000, "escrow": 10_000, "wallet": -10_000, "authorized": 10_000,
    }  # fmt: skip
    assert (till.posted(Kind.AUTHORIZED, CARD), till.posted(Kind.WALLET, 1)) == (0, 0)


def test_released_less_the_fee_and_the_tax_on_it(till: Till) -> None:
    sold(till)

    assert changes(till, lambda: release(till)) == {
        "escrow": -10_000, "seller:balance": 8_800, "operator:fees": 1_000, "tax:payable": 200,
    }  # fmt: skip


def test_a_label_for_the_sellers_account(till: Till) -> None:
    sold(till, is_released=True)

    charge = settlement.LabelCharge(OrderId(1), 500)

    assert changes(till, lambda: till.do(settlement.charge_label, charge)) == {
        "seller:balance": -500, "carrier:payable": 500,
    }  # fmt: skip
    assert changes(till, lambda: till.do(settlement.pay_out_due)) == {"seller:balance": -8_300, "bank": 8_300}


def coupon(till: Till, *, payer: int = 0, amount: int = 800, uses: int = 1, spend: int = 5_000) -> None:
    terms = CouponTerms(
        code="SPRING", payer=SellerId(payer), unit=EUR, amount_minor=amount, spend_minor_min=spend, uses_max=uses,
        expires_at=till.clock.now() + 10**12,
    )  # fmt: skip
    till.do(gifts.issue_coupon, terms)


@pytest.mark.parametrize(("payer", "account"), [(0, "operator:promotions"), (1, "seller:balance")])
def test_a_coupon_is_at_the_expense_of_who_gave_it(till: Till, payer: int, account: str) -> None:
    coupon(till, payer=payer)

    def bought() -> None:
        till.pay(1, (ListingId(1), 1), code="SPRING")
        till.take_in(1)

    assert changes(till, bought) == {account: -800, "escrow": 10_000, "psp:clearing": -9_200}


@pytest.mark.parametrize("payer", [0, 1])
def test_a_coupon_comes_back_with_what_is_called_off(till: Till, payer: int) -> None:
    coupon(till, payer=payer)
    till.pay(1, (ListingId(1), 1), code="SPRING")

    till.cancel(1)

    assert {name: till.posted(*account) for name, account in ACCOUNTS.items() if till.posted(*account)} == {}


@pytest.mark.parametrize("payer", [0, 1])
def test_a_refund_goes_in_proportion_to_the_card_and_the_coupon(till: Till, payer: int) -> None:
    coupon(till, payer=payer)
    till.pay(1, (ListingId(1), 1), code="SPRING")
    till.ship(1)

    back = changes(till, lambda: till.take_back(1, refund=4_000))

    assert back == {
        "escrow": -4_000, "psp:clearing": 3_680, ("seller:balance" if payer else "operator:promotions"): 320,
    }  # fmt: skip


def test_a_coupon_pays_in_a_wallets_purchase_too(till: Till) -> None:
    coupon(till)
    till.top_up(1, 9_200)
    till.begin(till.hold(1, (ListingId(1), 1)), 1, provider=Provider.WALLET, code="SPRING")

    assert changes(till, lambda: till.deliver(1)) == {"wallet": -10_000, "escrow": 10_000}
    assert till.posted(Kind.WALLET, 1) == 0


def test_a_coupon_is_used_as_often_as_it_may_be_and_a_refused_attempt_leaves_it_as_before(till: Till) -> None:
    coupon(till)
    session = till.hold(1, (ListingId(1), 1))
    declined = till.begin(session, 1, method="pm_card_chargeDeclined", code="SPRING")
    with pytest.raises(payments.CouponRefused):
        till.begin(till.hold(1, (ListingId(1), 1)), 1, code="SPRING")
    till.cashier.see_to(declined)

    paid = till.begin(session, 1, method="pm_card_visa", code="SPRING")
    till.cashier.see_to(paid)

    assert till.house.dealings.coupons[1].uses == 1
    with pytest.raises(payments.CouponRefused):
        till.begin(till.hold(1, (ListingId(1), 1)), 1, code="SPRING")


def test_a_coupon_needs_enough_to_be_spent_with_who_gives_it(till: Till) -> None:
    coupon(till, payer=till.seller("Rui"))

    with pytest.raises(payments.CouponRefused):
        till.begin(till.hold(1, (ListingId(1), 1)), 1, code="SPRING")


def test_a_coupon_that_is_none_is_refused(till: Till) -> None:
    for terms in ({"amount": 0}, {"amount": 5_000}, {"uses": 0}):
        with pytest.raises(Invalid):
            coupon(till, **terms)
    coupon(till)
    with pytest.raises(Invalid):
        coupon(till)


def test_a_refund_before_release(till: Till) -> None:
    sold(till)

    assert changes(till, lambda: till.take_back(1, refund=4_000)) == {"escrow": -4_000, "psp:clearing": 4_000}


def test_a_refund_after_release(till: Till) -> None:
    sold(till, is_released=True)

    assert changes(till, lambda: till.take_back(1, refund=4_000)) == {
        "seller:balance": -3_520, "operator:fees": -400, "tax:payable": -80, "psp:clearing": 4_000,
    }  # fmt: skip


def test_who_bears_the_fee_is_frozen_at_placement(till: Till) -> None:
    till.do(opening.set_money_terms, markets.MoneyTerms(keeps_fee=True))
    till.pay(1, (ListingId(1), 1))
    till.do(opening.set_money_terms, markets.MoneyTerms())
    till.pay(1, (ListingId(1), 1))
    for order in (1, 2):
        till.ship(order)
    release(till)

    kept = changes(till, lambda: till.take_back(1, refund=4_000))
    given = changes(till, lambda: till.take_back(2, refund=4_000))

    assert kept == {"seller:balance": -4_000, "psp:clearing": 4_000}
    assert given["operator:fees"] == -400


def test_a_fee_that_is_kept_is_taken_at_release_as_far_as_the_escrow_goes(till: Till) -> None:
    till.do(opening.set_money_terms, markets.MoneyTerms(keeps_fee=True))
    sold(till)
    till.take_back(1, refund=9_500)

    assert changes(till, lambda: release(till)) == {"escrow": -500, "operator:fees": 500}


def test_a_payout_and_one_that_came_back(till: Till) -> None:
    sold(till, is_released=True)
    assert changes(till, lambda: till.do(settlement.pay_out_due)) == {"seller:balance": -8_800, "bank": 8_800}

    word = settlement.PayoutWord(PayoutId(1), was_paid=False)

    assert changes(till, lambda: till.do(settlement.settle_payout, word)) == {"seller:balance": 8_800, "bank": -8_800}
    with pytest.raises(payments.PayoutSettled):
        till.do(settlement.settle_payout, word)
    till.days_pass(1)
    assert till.do(settlement.pay_out_due) == [2]
    till.do(settlement.settle_payout, settlement.PayoutWord(PayoutId(2), was_paid=True))
    with pytest.raises(NotFound):
        till.do(settlement.settle_payout, settlement.PayoutWord(PayoutId(9), was_paid=True))


def test_a_dispute_after_the_payout_is_lost(till: Till) -> None:
    sold(till, is_released=True, is_paid_out=True)

    assert changes(till, lambda: claim(till, 10_000)) == {"seller:balance": -10_000, "dispute:reserve": 10_000}
    assert money_state(till.house.payments, OrderId(1)) == "disputed"
    assert changes(till, lambda: claim(till, 10_000, won=False)) == {
        "dispute:reserve": -10_000, "psp:clearing": 10_000,
    }  # fmt: skip


def test_a_dispute_after_the_payout_is_won(till: Till) -> None:
    sold(till, is_released=True, is_paid_out=True)
    claim(till, 10_000)

    assert changes(till, lambda: claim(till, 10_000, won=True)) == {
        "dispute:reserve": -10_000, "seller:balance": 10_000,
    }  # fmt: skip


def test_what_a_seller_never_covers_is_the_operators_loss_by_its_own_entry(till: Till) -> None:
    till.do(opening.set_money_terms, markets.MoneyTerms(clawback_minor_max=3_000))
    sold(till, is_released=True, is_paid_out=True)
    claim(till, 10_000)
    entries = till.house.ledger.entries

    lost = changes(till, lambda: claim(till, 10_000, won=False))

    assert lost == {
        "dispute:reserve": -10_000, "psp:clearing": 10_000, "operator:losses": -7_000, "seller:balance": 7_000,
    }  # fmt: skip
    assert till.house.ledger.entries == entries + 2
    off = settlement.WriteOff(OrderId(1), 3_000)
    assert changes(till, lambda: till.do(settlement.write_off, off)) == {
        "operator:losses": -3_000, "seller:balance": 3_000,
    }  # fmt: skip
    with pytest.raises(Invalid):
        till.do(settlement.write_off, off)


def test_the_clawback_of_a_refund_has_the_same_cap(till: Till) -> None:
    till.do(opening.set_money_terms, markets.MoneyTerms(clawback_minor_max=1_000))
    sold(till, is_released=True, is_paid_out=True)

    till.take_back(1, refund=4_000)

    assert (till.posted(Kind.SELLER_BALANCE, 1), till.posted(Kind.LOSSES)) == (-1_000, -2_520)


@pytest.mark.parametrize(("won", "earned"), [(True, 8_800), (False, 6_000 - 1_200)])
def test_a_dispute_before_release_holds_it_up(till: Till, *, won: bool, earned: int) -> None:
    sold(till)
    assert changes(till, lambda: claim(till, 4_000)) == {"escrow": -4_000, "dispute:reserve": 4_000}
    release(till)
    assert till.posted(Kind.SELLER_BALANCE, 1) == 0
    with pytest.raises(payments.DisputeUnderWay):
        till.take_back(1, refund=100)

    claim(till, 4_000, won=won)
    till.do(settlement.release_due)

    # The fee is of the sale: a dispute that is lost leaves it as it is.
    assert till.posted(Kind.SELLER_BALANCE, 1) == earned


def test_a_dispute_that_is_lost_before_anything_left_calls_the_order_off(till: Till) -> None:
    till.pay(1, (ListingId(1), 1))
    till.take_in(1)
    claim(till, 10_000)
    with pytest.raises(payments.DisputeUnderWay):
        till.cancel(1)
    with pytest.raises(payments.PaymentNotCaptured):
        till.hand_over(1)

    claim(till, 10_000, won=False)

    assert orders.order_state(till.house.orders, OrderId(1)).status == "canceled"
    assert till.units(1)["available"] == 10


@pytest.mark.parametrize("fails", [False, True])
def test_a_dispute_that_is_lost_while_more_is_being_taken_in_calls_the_order_off_after_that(
    till: Till, *, fails: bool
) -> None:
    till.pay(1, (ListingId(1), 1))
    till.do(paying.ask_captures, paying.Handing([1], SellerId(0), [3_000]))
    till.cashier.see_to(1)
    till.do(paying.ask_captures, paying.Handing([1], SellerId(0)))

    claim(till, 3_000, won=False)
    assert orders.order_state(till.house.orders, OrderId(1)).status == "placed"
    if fails:
        till.psp._cancel(till.intent(1))
    till.cashier.see_to(1)

    assert orders.order_state(till.house.orders, OrderId(1)).status == "canceled"
    assert till.intent(1)["refunded"] == (0 if fails else 7_000)
    assert till.posted(Kind.ESCROW, 1) == 0


def test_a_dispute_is_told_once_and_in_any_order(till: Till) -> None:
    sold(till, is_released=True)

    claim(till, 10_000, won=True)
    claim(till, 10_000)
    claim(till, 10_000, won=False)

    assert till.posted(Kind.SELLER_BALANCE, 1) == 8_800
    with pytest.raises(NotFound):
        till.do(disputes.settle_claim, disputes.Claimed("pi_none", Claim("dp_2", 1, None)))


def test_a_dispute_about_what_went_back_already_is_the_operators(till: Till) -> None:
    till.pay(1, (ListingId(1), 1), method="pm_card_refundFail")
    till.ship(1)
    till.take_back(1, refund=10_000)
    till.cashier.see_to(1)

    assert changes(till, lambda: claim(till, 10_000)) == {"operator:losses": -10_000, "dispute:reserve": 10_000}
    claim(till, 10_000, won=False)


def test_a_gift_card_is_paid_for_and_spent_in_parts(till: Till) -> None:
    till.top_up(1, 5_000)
    new, redeem = gifts.NewGiftCard(BuyerId(1), EUR, 5_000), gifts.Redeeming(GiftCardId(1), BuyerId(1), 2_000)

    assert changes(till, lambda: till.do(gifts.issue_gift_card, new)) == {"wallet": -5_000, "gift card": 5_000}
    assert changes(till, lambda: till.do(gifts.redeem_gift_card, redeem)) == {"wallet": 2_000, "gift card": -2_000}
    with pytest.raises(payments.NoSuchGiftCard):
        till.do(gifts.redeem_gift_card, redeem._replace(amount_minor=3_001))
    assert till.do(gifts.redeem_gift_card, redeem._replace(amount_minor=0)) == 3_000
    with pytest.raises(payments.NoSuchGiftCard):
        till.do(gifts.redeem_gift_card, redeem._replace(amount_minor=0))


def test_a_gift_card_of_the_operator_is_at_their_expense(till: Till) -> None:
    new = gifts.NewGiftCard(BuyerId(0), EUR, 700)

    assert changes(till, lambda: till.do(gifts.issue_gift_card, new)) == {"operator:promotions": -700, "gift card": 700}


def test_a_gift_card_that_cannot_be_is_refused(till: Till) -> None:
    for new, refusal in (
        (gifts.NewGiftCard(BuyerId(1), EUR, 1), ledger.InsufficientFunds),
        (gifts.NewGiftCard(BuyerId(0), EUR, 0), Invalid),
        (gifts.NewGiftCard(BuyerId(9), EUR, 1), NotFound),
    ):
        with pytest.raises(refusal):
            till.do(gifts.issue_gift_card, new)
    with pytest.raises(payments.NoSuchGiftCard):
        till.do(gifts.redeem_gift_card, gifts.Redeeming(GiftCardId(1), BuyerId(1)))


def test_a_label_for_nothing_is_refused(till: Till) -> None:
    for charge, refusal in (
        (settlement.LabelCharge(OrderId(9), 1), NotFound), (settlement.LabelCharge(OrderId(0), 1), NotFound),
    ):  # fmt: skip
        with pytest.raises(refusal):
            till.do(settlement.charge_label, charge)
    till.pay(1, (ListingId(1), 1))
    with pytest.raises(Invalid):
        till.do(settlement.charge_label, settlement.LabelCharge(OrderId(1), 0))


def test_what_is_won_back_of_an_order_that_another_dispute_called_off_goes_to_its_buyer(till: Till) -> None:
    till.pay(1, (ListingId(1), 1))
    till.take_in(1)
    claim(till, 6_000, name="dp_1")
    claim(till, 1_000, name="dp_2")

    claim(till, 6_000, won=False, name="dp_1")
    claim(till, 1_000, won=True, name="dp_2")

    assert till.house.orders.orders.canceled_at[1]
    assert (till.posted(Kind.ESCROW, 1), till.posted(Kind.PSP_CLEARING, CARD)) == (0, 0)
