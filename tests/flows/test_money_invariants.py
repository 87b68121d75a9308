"""Breaks each invariant of money from outside on purpose, and sees the check fail."""

from collections.abc import Callable, Iterator

import pytest

from caravan.flows import disputes
from caravan.flows.house import integers
from caravan.kernel.ids import ListingId
from caravan.trade import payments
from caravan.trade.ledger import Kind
from caravan.trade.payments import AskKind, Claim, Coupon, Provider, Work
from tests.flows.market import EUR
from tests.flows.till import Till


@pytest.fixture(scope="module")
def till() -> Iterator[Till]:
    till = Till()
    till.open()
    till.listing(till.seller("Ana"))
    till.buyer(money=0)
    till.pay(1, (ListingId(1), 1))
    till.ship(1)
    till.pay(1, (ListingId(1), 1))
    till.do(disputes.settle_claim, disputes.Claimed(till.house.dealings.deals[1].reference, Claim("dp_1", 100, None)))
    assert till.findings() == []
    yield till
    till.close()


def post(till: Till, kind: Kind, owner: int, amount: int) -> None:
    account = int(till.house.ledger.find(kind, integers(owner), integers(EUR))[0])
    till.house.ledger.accounts.posted[account] += amount


def unpaid(till: Till) -> None:
    till.house.dealings.fundings[1].taken -= 1


def asked_too_much(till: Till) -> None:
    till.house.dealings.works[99] = Work(99, 1, 1, int(AskKind.CAPTURE), 1, 1)


def paid_twice(till: Till) -> None:
    till.house.dealings.deals[2].session = till.house.dealings.deals[1].session


def overused(till: Till) -> None:
    till.house.dealings.coupons[1] = Coupon(1, "X", 0, EUR, 1, 2, 1, 0, uses=2)


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (lambda till: post(till, Kind.AUTHORIZED, int(Provider.CARD), -1), "Providers keep"),
        (lambda till: post(till, Kind.DISPUTE_RESERVE, 0, 1), "The dispute reserve holds"),
        (lambda till: post(till, Kind.PSP_CLEARING, int(Provider.CARD), 1), "Clearing holds"),
        (unpaid, "was handed over with 9999 of 10000"),
        (asked_too_much, "asked to capture 10001 of 10000"),
        (paid_twice, "was paid for 2 times"),
        (overused, "was used 2 times of 1"),
    ],
)
def test_what_is_broken_on_purpose_is_found(till: Till, breaks: Callable[[Till], None], said: str) -> None:
    before = {name: array.copy() for name, array in till.house.dealings.dump().items()}
    posted = till.house.ledger.accounts.posted.copy()

    breaks(till)

    assert any(said in finding for finding in till.findings())
    till.house.dealings.load(before)
    till.house.ledger.accounts.posted[:] = posted
    assert till.findings() == []
    assert payments.payment_state(till.house.dealings, till.house.dealings.deals[1]) == "captured"
