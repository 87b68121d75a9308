"""Checks cards charged in the buyer's currency: every row of postings, what a bank wants back, and that all of it adds up."""

import random
from collections.abc import Callable, Iterator

import pytest

from caravan.flows import disputes, exchanging, parcels, paying, settlement, shopping
from caravan.flows.exchanging import ExchangeTerms
from caravan.kernel.clock import DAY, MINUTE
from caravan.kernel.ids import BuyerId, ListingId, ParcelId, SellerId, SessionId
from caravan.trade import exchange, ledger, orders
from caravan.trade.ledger import Kind
from caravan.trade.payments import Answer, Answered, Claim, Provider
from tests.flows.market import EUR
from tests.flows.test_exchanging import rates
from tests.flows.test_parcels import call_off, pack
from tests.flows.test_paying_in import GBP, JPY, choose
from tests.flows.test_taxing import return_all
from tests.flows.till import Till

CARD = int(Provider.CARD)
PRICE = 16_411  # yen for 100 euro, of which 0.51 euro is spread


@pytest.fixture
def till() -> Iterator[Till]:
    """Lend a till with rates, a seller with a mug at 100 euro, and a buyer with an empty wallet."""
    lent = opened()
    yield lent
    lent.restart()
    assert lent.findings() == []
    assert lent.replayed() == lent.cell.digest()
    lent.close()


def opened() -> Till:
    """Open a till in which everybody has a rate."""
    till = Till()
    till.open()
    rates(till)
    till.do(exchanging.set_exchange_terms, ExchangeTerms(50, MINUTE, 300 * DAY))
    till.listing(till.seller(), price=10_000, stock=100)
    till.buyer(money=0)
    return till


def pay(till: Till, *lines: tuple[int, int], currency: str = "JPY", method: str = "pm_card_visa") -> int:
    """Pay for a checkout by card in a currency; give the payment."""
    session = till.hold(1, *((ListingId(one), units) for one, units in lines or ((1, 1),)))
    quote = choose(till, session, currency)
    assert quote is not None
    start = paying.Start(
        SessionId(session), BuyerId(1), quote.paid_minor, Provider.CARD, method, "https://shop.example/b", "", currency
    )
    payment = till.do(paying.start_payment, start)
    assert isinstance(payment, int)
    till.cashier.see_to(payment)
    return payment


def changes(till: Till, tell: Callable[[], object], unit: int = JPY) -> dict[str, int]:
    """Do something, and give what it changed on each account of both currencies."""
    accounts = {
        "wallet": (Kind.WALLET, 1, EUR), "theirs": (Kind.WALLET, 1, unit), "escrow": (Kind.ESCROW, 1, EUR),
        "seller": (Kind.SELLER_BALANCE, 1, EUR), "fees": (Kind.OPERATOR_FEES, 0, EUR), "tax": (Kind.TAX_PAYABLE, 0, EUR),
        "exchange": (Kind.EXCHANGE, 0, EUR), "exchange:theirs": (Kind.EXCHANGE, 0, unit),
        "authorized": (Kind.AUTHORIZED, CARD, unit), "clearing": (Kind.PSP_CLEARING, CARD, unit),
        "reserve": (Kind.DISPUTE_RESERVE, 0, EUR), "losses": (Kind.LOSSES, 0, EUR),
    }  # fmt: skip
    before = {name: till.posted(*account) for name, account in accounts.items()}
    tell()
    after = {name: till.posted(*account) for name, account in accounts.items()}
    return {name: after[name] - before[name] for name in accounts if after[name] != before[name]}


def test_a_card_promises_yen_and_the_order_is_in_euro(till: Till) -> None:
    assert changes(till, lambda: pay(till)) == {
        "wallet": 10_000, "fees": 51, "exchange": -10_051, "exchange:theirs": PRICE, "authorized": -PRICE,
    }  # fmt: skip
    assert changes(till, lambda: till.take_in(1)) == {
        "wallet": -10_000, "escrow": 10_000, "authorized": PRICE, "clearing": -PRICE,
    }  # fmt: skip
    (intent,) = (one for one in till.psp.objects.values() if one.get("object") == "payment_intent")
    assert (intent["currency"], intent["amount_received"]) == ("jpy", PRICE)
    till.deliver(1)
    till.days_pass(4)
    assert changes(till, lambda: till.do(settlement.release_due)) == {
        "escrow": -10_000, "seller": 8_800, "fees": 1_000, "tax": 200,
    }  # fmt: skip


def test_what_is_called_off_lets_the_card_go(till: Till) -> None:
    pay(till)

    assert changes(till, lambda: till.cancel(1, buyer=1)) == {
        "wallet": -10_000, "fees": -51, "exchange": 10_051, "exchange:theirs": -PRICE, "authorized": PRICE,
    }  # fmt: skip
    till.cashier.see_to(1)
    assert till.standing(1) == "voided"


@pytest.mark.parametrize("is_released", [False, True])
def test_refunds_go_back_to_the_card_in_its_currency(till: Till, is_released: bool) -> None:  # noqa: FBT001
    pay(till)
    till.ship(1)
    if is_released:
        till.days_pass(4)
        till.do(settlement.release_due)
    source = {"seller": -2_640, "fees": -315, "tax": -60} if is_released else {"escrow": -3_000, "fees": -15}

    # 30 %: 4,923 of 16,411 yen, and 0.15 of 0.51 euro of spread.
    assert changes(till, lambda: till.take_back(1, refund=3_000)) == {
        **source, "exchange": 3_015, "exchange:theirs": -4_923, "clearing": 4_923,
    }  # fmt: skip
    till.cashier.see_to(1)
    (refund,) = (one for one in till.psp.objects.values() if one.get("object") == "refund")
    assert refund["amount"] == 4_923


def test_a_refund_that_the_card_does_not_take_is_in_the_wallet_in_yen(till: Till) -> None:
    payment = pay(till)
    till.ship(1)
    till.take_back(1, refund=10_000)
    (work,) = till.house.dealings.open[payment]

    refused = paying.Done(work.ask, Answer(Answered.REFUSED, reason="expired card"))  # type: ignore[arg-type]
    assert changes(till, lambda: till.do(paying.settle_ask, refused)) == {"theirs": PRICE, "clearing": -PRICE}


def test_parcels_take_their_parts_and_the_rest_is_let_go(till: Till) -> None:
    pay(till, (1, 3))
    whole = till.house.exchange.orders[1].paid
    parcel = pack(till, {0: 1})
    third = whole // 3
    moved = changes(till, lambda: take_in_parcel(till, parcel))

    assert (moved["authorized"], moved["clearing"], moved["escrow"]) == (third, -third, 10_000)
    rest = changes(till, lambda: call_off(till))
    assert (rest["authorized"], rest["exchange:theirs"], rest["wallet"]) == (whole - third, third - whole, -20_000)
    till.cashier.see_to(1)
    till.scan(parcel)
    assert changes(till, lambda: till.take_back(1, refund=10_000))["clearing"] == third
    assert [till.posted(Kind.EXCHANGE, 0, unit) for unit in (EUR, JPY)] == [0, 0]


def take_in_parcel(till: Till, parcel: int) -> None:
    """Have a parcel's part of the money taken in, and hand it over."""
    numbers = till.do(parcels.ask_capture, parcels.Unpacking(ParcelId(parcel), SellerId(1)))
    assert isinstance(numbers, list)
    for number in numbers:
        till.cashier.see_to(number)
    till.do(parcels.send_parcel, parcels.Sending(ParcelId(parcel), SellerId(1), "CTT", "RR1"))


def claim(till: Till, amount: int, *, won: bool | None = None) -> None:
    """Have a bank want money back, in yen."""
    reference = till.house.dealings.deals[1].reference
    till.do(disputes.settle_claim, disputes.Claimed(reference, Claim("dp_1", amount, won)))


def test_a_dispute_waits_in_euro_and_is_lost_in_yen(till: Till) -> None:
    pay(till)
    till.ship(1)

    assert changes(till, lambda: claim(till, PRICE)) == {"escrow": -10_000, "reserve": 10_000}
    assert changes(till, lambda: claim(till, PRICE, won=False)) == {
        "reserve": -10_000, "exchange": 10_000, "exchange:theirs": -PRICE, "clearing": PRICE,
    }  # fmt: skip


def test_a_dispute_of_a_part_that_is_won_changes_nothing(till: Till) -> None:
    pay(till)
    till.ship(1)
    before = till.posted(Kind.ESCROW, 1)

    assert changes(till, lambda: claim(till, 4_923)) == {"escrow": -2_999, "reserve": 2_999}
    claim(till, 4_923, won=True)

    assert till.posted(Kind.ESCROW, 1) == before


def test_a_dispute_of_more_than_was_paid_is_the_operators_loss_at_the_frozen_rate(till: Till) -> None:
    pay(till)
    till.ship(1)

    moved = changes(till, lambda: claim(till, PRICE + 1_000))

    assert moved == {"escrow": -10_000, "losses": -609, "reserve": 10_609}
    claim(till, PRICE + 1_000, won=False)


def test_a_declined_card_leaves_the_checkout_and_asks_for_a_price_of_then(till: Till) -> None:
    pay(till, method="pm_card_chargeDeclined")

    session = till.house.orders.sessions[1]
    assert session.status == orders.SessionStatus.READY
    till.clock.advance(2 * MINUTE)
    start = paying.Start(SessionId(1), BuyerId(1), PRICE, Provider.CARD, "pm_card_visa", "", "", "JPY")
    with pytest.raises(exchange.QuoteNotOpen):
        till.do(paying.start_payment, start)
    choose(till, 1, "JPY")
    till.cashier.see_to(int(till.do(paying.start_payment, start)))  # type: ignore[call-overload]
    assert till.standing(2) == "authorized"


def test_a_card_that_took_its_time_pays_what_it_was_asked_though_the_quote_is_over(till: Till) -> None:
    payment = pay(till, method="")
    till.clock.advance(5 * MINUTE)
    rates(till, "2026-09-22", JPY="100")

    till.fill_in(payment)

    assert till.standing(payment) == "authorized"
    assert till.house.exchange.orders[1].paid == PRICE


def test_a_card_that_succeeds_after_all_was_sold_is_let_go_and_nothing_stays(till: Till) -> None:
    till.listing(1, price=500, stock=1)
    payment = pay(till, (2, 1), method="")
    till.clock.advance(DAY)
    till.do(paying.expire_payments)
    till.do(shopping.expire_checkouts)
    ben = till.buyer()
    till.buy(ben, (ListingId(2), 1))

    till.fill_in(payment)

    assert till.standing(payment) in {"voided", "declined", "expired"}
    assert [till.posted(Kind.EXCHANGE, 0, unit) for unit in (EUR, JPY)] == [0, 0]
    assert [till.posted(Kind.WALLET, 1, unit) for unit in (EUR, JPY)] == [0, 0]


def charged(till: Till) -> tuple[int, int]:
    """Give what the provider says that it took, and what it gave back; in minor units of whatever currency."""
    known = list(till.psp.objects.values())
    taken = sum(one["amount_received"] for one in known if one.get("object") == "payment_intent")
    return taken, sum(one["amount"] for one in known if one.get("object") == "refund")


@pytest.mark.parametrize("seed", range(6))
def test_every_minor_unit_of_random_orders_by_card_goes_back_to_it(seed: int) -> None:
    dice, till = random.Random(seed), opened()
    for name in ("Bea", "Cem"):
        till.listing(till.seller(name), price=dice.randint(1, 20_000), shipping=dice.randint(0, 999), stock=500)
    for _ in range(3):
        first = len(till.house.orders.orders)
        cart = [(listing, dice.randint(1, 3)) for listing in dice.sample((1, 2, 3), dice.randint(1, 3))]
        payment = pay(till, *cart, currency=dice.choice(("JPY", "GBP")))
        for order in range(first, len(till.house.orders.orders)):
            if dice.random() < 0.3:
                till.cancel(order)
            else:
                till.ship(order)
                return_all(till, order, dice)
            till.cashier.see_to(payment)

    till.days_pass(4)
    till.do(settlement.release_due)
    taken, given = charged(till)
    assert taken == given > 0
    kinds = (Kind.ESCROW, Kind.SELLER_BALANCE, Kind.OPERATOR_FEES, Kind.AUTHORIZED, Kind.EXCHANGE, Kind.PSP_CLEARING)
    assert {kind: set(ledger.totals(till.house.ledger, kind).values()) - {0} for kind in kinds} == {
        kind: set() for kind in kinds
    }
    assert [till.posted(Kind.WALLET, 1, unit) for unit in (EUR, JPY, GBP)] == [0, 0, 0]
    assert till.findings() == []
    till.close()
