"""Checks taxes of money that a bank has had back: they are not owed, to the cent, and the report says so."""

import random
from collections.abc import Callable, Iterator

import pytest

from caravan.cell import Decision, Section
from caravan.flows import disputes, opening, paying, returns, settlement, taxing
from caravan.flows.house import House
from caravan.flows.taxing import NewRules
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.ids import BuyerId, ListingId, OrderId, SellerId, SessionId
from caravan.trade import orders
from caravan.trade.ledger import Kind
from caravan.trade.payments import Claim, Provider
from caravan.trade.taxes import Line
from caravan.world import markets
from tests.flows.market import EUR
from tests.flows.test_couponed import coupon
from tests.flows.test_parcels import pack, send
from tests.flows.test_taxing import FEES, TABLE, at, hold
from tests.flows.till import Till

ACCOUNTS = {
    "escrow": (Kind.ESCROW, 1), "seller": (Kind.SELLER_BALANCE, 1), "fees": (Kind.OPERATOR_FEES, 0),
    "reserve": (Kind.DISPUTE_RESERVE, 0), "losses": (Kind.LOSSES, 0), "clearing": (Kind.PSP_CLEARING, 1),
    "tax:US-CA": (Kind.TAX_COLLECTED, 2), "tax:PT": (Kind.TAX_COLLECTED, 5), "tax:DE": (Kind.TAX_COLLECTED, 1),
}  # fmt: skip


@pytest.fixture
def till() -> Iterator[Till]:
    """Lend a market with rules and a card provider, and a mug at 100 with 5 for delivery."""
    till = Till()
    till.open()
    till.do(taxing.load_rules, NewRules(TABLE + FEES))
    till.listing(till.seller(), price=10_000, shipping=500)
    till.buyer(money=0)
    yield till
    till.restart()
    assert till.findings() == []
    till.close()


def buy(till: Till, country: str = "US", region: str = "CA", *lines: tuple[int, int], code: str = "") -> None:
    """Buy by card for somewhere."""
    session = hold(till, at(till, country, region), *lines)
    start = paying.Start(
        SessionId(session), BuyerId(1), till.total(session), Provider.CARD, "pm_card_visa", "https://x.example", code
    )
    payment = till.do(paying.start_payment, start)
    assert isinstance(payment, int)
    till.cashier.see_to(payment)


def release(till: Till) -> None:
    till.days_pass(4)
    till.do(settlement.release_due)


def claim(till: Till, amount: int, *, won: bool | None = None, name: str = "dp_1") -> None:
    reference = till.house.dealings.deals[1].reference
    till.do(disputes.settle_claim, disputes.Claimed(reference, Claim(name, amount, won)))


def changes(till: Till, tell: Callable[[], object]) -> dict[str, int]:
    before = {name: till.posted(*account) for name, account in ACCOUNTS.items()}
    tell()
    after = {name: till.posted(*account) for name, account in ACCOUNTS.items()}
    return {name: after[name] - before[name] for name in ACCOUNTS if after[name] != before[name]}


def report(till: Till) -> dict[str, Line]:
    lines = taxing.report(till.house, Instant(0), Instant(till.clock.now() + DAY))
    return {line.rule: line for line in lines}


def test_a_dispute_lost_after_release_gives_the_tax_back_to_the_seller(till: Till) -> None:
    buy(till)
    till.ship(1)
    release(till)
    assert till.posted(Kind.TAX_COLLECTED, 2) == 1_000

    assert changes(till, lambda: claim(till, 11_500)) == {"seller": -11_500, "reserve": 11_500}
    # The tax on the sale is not owed; the fee stays, and the tax on it.
    assert changes(till, lambda: claim(till, 11_500, won=False)) == {
        "reserve": -11_500, "clearing": 11_500, "seller": 1_000, "tax:US-CA": -1_000,
    }  # fmt: skip
    line = report(till)["us-tax"]
    assert (line.charged_minor, line.collected_minor, line.returned_minor, line.corrected_minor) == (
        1_000,
        1_000,
        0,
        1_000,
    )
    assert line.due_minor == 0
    assert taxing.owed_to(till.house, "US-CA", EUR) == 0


def test_a_dispute_that_is_won_leaves_taxes_as_they_are(till: Till) -> None:
    buy(till)
    till.ship(1)
    release(till)
    claim(till, 11_500)

    assert changes(till, lambda: claim(till, 11_500, won=True)) == {"seller": 11_500, "reserve": -11_500}
    assert report(till)["us-tax"].corrected_minor == 0


def test_a_part_that_is_lost_gives_its_share_back_and_the_rest_goes_with_refunds(till: Till) -> None:
    two = till.listing(SellerId(1), price=5_000, shipping=250)
    buy(till, "US", "CA", (two, 2))
    till.ship(1)
    release(till)

    claim(till, 3_000)
    lost = changes(till, lambda: claim(till, 3_000, won=False))
    # 30 of 115: 26.08 % of 10.
    assert lost == {"reserve": -3_000, "clearing": 3_000, "seller": 260, "tax:US-CA": -260}
    # Of the 85 that are left of the line 40 go back, and with them so much of the 7.40 of tax that is left.
    till.take_back(1, refund=4_000)
    assert till.posted(Kind.TAX_COLLECTED, 2) == 740 - 740 * 4_000 // 8_500
    till.take_back(1, refund=4_500)
    assert till.posted(Kind.TAX_COLLECTED, 2) == 0
    line = report(till)["us-tax"]
    assert (line.corrected_minor, line.returned_minor, line.due_minor) == (260, 740, 0)


@pytest.mark.parametrize(("lost", "kept"), [(11_500, 0), (3_000, 740)])
def test_a_dispute_lost_before_release_leaves_that_tax_uncollected(till: Till, lost: int, kept: int) -> None:
    buy(till)
    till.ship(1)

    assert changes(till, lambda: claim(till, lost)) == {"escrow": -lost, "reserve": lost}
    assert changes(till, lambda: claim(till, lost, won=False)) == {"reserve": -lost, "clearing": lost}
    release(till)

    assert till.posted(Kind.TAX_COLLECTED, 2) == kept
    assert till.house.taxes.orders[1].returned == [1_000 - kept]


def test_what_the_seller_remits_is_corrected_on_the_receipt_and_moves_nothing(till: Till) -> None:
    buy(till, "FR", "")
    till.ship(1)
    release(till)
    claim(till, 10_500)

    assert changes(till, lambda: claim(till, 10_500, won=False)) == {"reserve": -10_500, "clearing": 10_500}
    assert till.house.taxes.orders[1].returned == [1_750]


def test_the_tax_comes_first_and_what_is_beyond_the_limit_is_the_operators_loss(till: Till) -> None:
    till.do(opening.set_money_terms, markets.MoneyTerms(clawback_minor_max=3_000))
    buy(till)
    till.ship(1)
    release(till)
    till.do(settlement.pay_out_due)
    assert till.posted(Kind.SELLER_BALANCE, 1) == 0
    claim(till, 11_500)

    lost = changes(till, lambda: claim(till, 11_500, won=False))

    assert lost == {
        "reserve": -11_500, "clearing": 11_500, "tax:US-CA": -1_000, "seller": 1_000 + 7_500, "losses": -7_500,
    }  # fmt: skip
    assert till.posted(Kind.SELLER_BALANCE, 1) == -3_000


def test_of_a_sellers_own_coupon_all_that_the_buyer_paid_is_all_of_the_sale(till: Till) -> None:
    coupon(till, payer=1)
    buy(till, code="SPRING")
    till.ship(1)
    release(till)
    assert till.posted(Kind.TAX_COLLECTED, 2) == 810
    claim(till, 9_310)

    lost = changes(till, lambda: claim(till, 9_310, won=False))

    assert lost == {"reserve": -9_310, "clearing": 9_310, "seller": 810, "tax:US-CA": -810}


def test_what_went_back_before_is_not_corrected_twice(till: Till) -> None:
    two = till.listing(SellerId(1), price=5_000, shipping=250)
    buy(till, "US", "CA", (two, 2))
    till.ship(1)
    release(till)
    till.take_back(1, refund=5_750)
    assert till.posted(Kind.TAX_COLLECTED, 2) == 500
    claim(till, 11_500)  # Half of it is with the buyer already: that half is the operator's loss.

    lost = changes(till, lambda: claim(till, 11_500, won=False))

    assert lost == {"reserve": -11_500, "clearing": 11_500, "seller": 500, "tax:US-CA": -500}


def test_an_order_that_is_called_off_as_its_money_was_lost_owes_no_tax(till: Till) -> None:
    lamp = till.listing(SellerId(1), price=5_000, shipping=0)
    buy(till, "US", "CA", (1, 1), (lamp, 1))
    parcel = pack(till, {0: 1})
    till.take_in(1)
    send(till, parcel)

    claim(till, 11_500)
    claim(till, 11_500, won=False)

    assert till.house.taxes.orders[1].returned == [1_000, 500]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_lost_and_refunded_nothing_stays_with_an_authority(till: Till, seed: int) -> None:
    dice = random.Random(seed)
    listings = [
        till.listing(SellerId(1), price=dice.randrange(100, 9_000), shipping=dice.randrange(0, 400)) for _ in range(3)
    ]
    country, region = dice.choice([("US", "CA"), ("DE", "")])
    buy(till, country, region, *((ListingId(one), dice.randrange(1, 3)) for one in listings))
    till.ship(1)
    if dice.random() < 0.7:
        release(till)
    money = till.house.payments.money
    for name in ("dp_1", "dp_2"):
        left = int(money.captured[1] - money.refunded[1] - money.lost[1])
        amount = dice.randrange(1, left) if left > 1 else 0
        if amount:
            claim(till, amount, name=name)
            claim(till, amount, won=False, name=name)
        give_some_back(till, dice, is_all=name == "dp_2")
    release(till)

    assert int(money.captured[1] - money.refunded[1] - money.lost[1]) == 0
    assert [till.posted(Kind.TAX_COLLECTED, number) for number in (1, 2)] == [0, 0]
    taxed = till.house.taxes.orders[1]
    assert taxed.returned == [part.amount_minor for part in taxed.parts]


def give_some_back(till: Till, dice: random.Random, *, is_all: bool) -> None:
    """Refund some of each line, or all that is left of the order, without units."""
    lines, money = till.house.orders.lines, till.house.payments.money
    first, count = int(till.house.orders.orders.first_line[1]), int(till.house.orders.orders.lines[1])
    for line in range(count):
        row = first + line
        whole = int(lines.unit_price[row] * lines.quantity[row] + lines.shipping[row] - lines.refunded[row])
        left = min(whole, int(money.captured[1] - money.refunded[1] - money.lost[1]))
        amount = left if is_all else dice.randrange(0, left + 1) // 2
        if amount:
            refund(till, line, amount)


def refund(till: Till, line: int, amount: int) -> None:
    """Give money of a line back as a claim does, with no units."""

    def flow(house: House, _: object, *, now: Instant) -> Decision:
        facts: list[Section] = []
        back = returns.Return(SellerId(1), OrderId(1), line, 0, amount)
        told = orders.refund_line(
            house.orders, order=OrderId(1), line=line, refund_minor=amount, now=now, keeps_fee=False
        )
        returns.give_back(house, back, told, facts, now=now)
        return Decision(facts, lambda: None)

    till.do(flow)
