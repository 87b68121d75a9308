"""Breaks each invariant on purpose, by a corrupted state, a missing check or a doubled message, and sees it found out."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from caravan.cell import Answer, Corrupt, Decision, IdempotencyConflict, Key
from caravan.flows import checkout, people, settlement, shopping
from caravan.flows.judgment import Verdict, judged
from caravan.kernel.errors import NotFound, Outage
from caravan.kernel.ids import ListingId
from caravan.trade import ledger, payments
from caravan.trade.ledger import Kind
from caravan.trade.ledger.model import NO_FLOOR
from caravan.trade.orders import SessionStatus
from tests.flows.market import EUR, Market

FIRST, SECOND = ListingId(1), ListingId(2)


@pytest.fixture
def busy() -> Iterator[Market]:
    """Lend a market in the middle of everything: held, placed, canceled, shipped, released, paid out, returned."""
    market = Market()
    market.open()
    buyer = market.buyer(money=1_000_000)
    first, second = (market.listing(market.seller(name), stock=20) for name in ("Ana", "Rui"))
    for _ in range(5):
        market.buy(buyer, (first, 2), (second, 1))
    market.hold(buyer, (first, 2), (second, 2))
    market.cancel(10)
    for order in range(1, 6):
        market.deliver(order)
    market.take_back(1, refund=500)
    market.days_pass(3)
    market.hold(buyer, (first, 1))
    market.settle()
    market.take_back(2, refund=700)
    market.buy(buyer, (first, 1))
    market.deliver(11)
    market.days_pass(3)
    market.do(settlement.release_due)
    yield market
    market.close()


def account(market: Market, kind: Kind, owner: int, unit: int = EUR) -> int:
    return int(market.house.ledger.find(kind, np.array([owner]), np.array([unit]))[0])


def test_a_busy_market_is_sound(busy: Market) -> None:
    assert busy.findings() == []
    assert busy.cell.digest() == busy.replayed()


def test_the_checks_look_at_an_empty_house_too() -> None:
    market = Market()

    assert market.findings() == []
    market.close()


# Invariants 1 and 2: units.


def test_more_reserved_than_there_is_would_be_found(busy: Market) -> None:
    held = account(busy, Kind.AVAILABLE, 1, 1)

    busy.house.ledger.accounts.held[held] = 99

    assert any(f"Account {held} (AVAILABLE)" in finding for finding in busy.findings())
    assert any("ready checkouts say" in finding for finding in busy.findings())


def test_with_the_floor_of_stock_taken_out_overselling_would_be_found(busy: Market) -> None:
    busy.house.ledger.accounts.floor[account(busy, Kind.AVAILABLE, 1, 1)] = NO_FLOOR

    busy.buy(1, (FIRST, 15))

    assert any("(AVAILABLE) has" in finding for finding in busy.findings())


@pytest.mark.parametrize("kind", [Kind.COMMITTED, Kind.SHIPPED])
def test_a_unit_in_two_places_would_be_found(busy: Market, kind: Kind) -> None:
    where = account(busy, kind, 1, 1)

    busy.house.ledger.accounts.posted[where] += 1

    assert any(f"Account {where} ({kind.name}) holds" in finding for finding in busy.findings())
    assert any("Accounts of SKU 1 sum to 1" in finding for finding in busy.findings())


def test_an_order_that_is_canceled_without_its_units_would_be_found(busy: Market) -> None:
    busy.house.orders.orders.canceled_at[9] = 1

    assert any("the orders say" in finding for finding in busy.findings())


# Invariant 3: entries sum to zero, and the kernel refuses those that do not.


def test_money_from_nowhere_would_be_found(busy: Market) -> None:
    busy.house.ledger.accounts.posted[account(busy, Kind.WALLET, 1)] += 5

    assert f"Accounts of currency {EUR} sum to 5, not to zero." in busy.findings()


def test_a_flow_that_forgets_a_leg_is_stopped_before_anything_is_written(
    busy: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = ledger.Legs.post
    fees = account(busy, Kind.OPERATOR_FEES, 0)

    def forgetful(legs: ledger.Legs, rows: np.ndarray, *, accounts: np.ndarray, amounts: np.ndarray) -> None:
        if not (accounts == fees).any():
            post(legs, rows, accounts=accounts, amounts=amounts)

    frames = len(busy.log.frames)
    monkeypatch.setattr(ledger.Legs, "post", forgetful)

    with pytest.raises(ledger.EntryRefused, match="unbalanced"):
        busy.take_back(3, refund=1_000)

    assert len(busy.log.frames) == frames


# Invariant 4: escrow.


@pytest.mark.parametrize("column", ["captured", "refunded_before", "released"])
def test_escrow_that_differs_from_the_payments_would_be_found(busy: Market, column: str) -> None:
    getattr(busy.house.payments.money, column)[1] += 1

    assert any("Escrow of order 1 holds 0, its payments say" in finding for finding in busy.findings())


def test_escrow_of_an_order_that_is_over_would_be_found(busy: Market) -> None:
    busy.hand_over(6)

    busy.house.orders.orders.completed_at[6] = 1

    assert "Order 6 is over, but its escrow holds 10000." in busy.findings()


# Invariant 5: balances and payouts.


def test_a_balance_that_is_not_what_is_due_would_be_found(busy: Market) -> None:
    busy.house.payments.due[1, EUR].amounts_minor[0] += 1

    assert any(finding.startswith("Seller 1 has") for finding in busy.findings())


def test_a_balance_that_nobody_is_due_would_be_found(busy: Market) -> None:
    busy.house.payments.due.clear()

    assert any(finding.endswith("is due 0.") for finding in busy.findings())


def test_an_order_paid_out_twice_would_be_found(busy: Market) -> None:
    busy.house.payments.money.payout[11] = 1

    assert any("is due an order twice" in finding for finding in busy.findings())


def test_a_release_without_the_fee_on_the_books_would_be_found(busy: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    release = payments.release

    def generous(**columns: np.ndarray) -> object:
        return release(**columns | {"fees": columns["fees"] * 0})

    busy.buy(1, (FIRST, 1))
    busy.deliver(12)
    busy.days_pass(3)
    monkeypatch.setattr(payments, "release", generous)
    busy.do(settlement.release_due)

    assert any(finding.startswith("Seller 1 has") for finding in busy.findings())


# Invariant 6: a buyer pays once, and what they agreed to.


def test_without_the_check_of_the_total_the_order_itself_still_refuses(
    busy: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "caravan.flows.checkout.judged",
        lambda house, baskets: (np.zeros(len(baskets), np.int64), judged(house, baskets)[1]),
    )
    wanted = busy.direct(1, (FIRST, 1), expected=1)

    with pytest.raises(Outage):
        busy.one(checkout.order_directly, wanted)

    assert "sum of its orders" in str(busy.failures[0])


def test_without_the_check_of_the_session_the_holds_still_sell_once(
    busy: Market,
) -> None:
    session = busy.hold(1, (SECOND, 1))
    basket = checkout._session_basket(busy.house, busy.completion(session, 1), set(), now=busy.clock.now())
    paid = busy.held(Kind.WALLET, 1)

    first, second = busy.many(checkout.place_baskets, basket, basket)

    assert isinstance(first, checkout.Placement)
    assert isinstance(second, checkout.Placement)
    assert first.verdicts.tolist() == [Verdict.PLACED]
    assert second.verdicts.tolist() == [Verdict.RESERVATION_EXPIRED]
    assert busy.held(Kind.WALLET, 1) == paid + 10_000


def test_two_sessions_that_became_one_purchase_would_be_found(busy: Market) -> None:
    for session in busy.house.orders.sessions[1:3]:
        session.status, session.purchase = SessionStatus.COMPLETED, 1  # type: ignore[assignment]

    assert "Two checkout sessions became one purchase." in busy.findings()


def test_more_refunded_than_captured_would_be_found(busy: Market) -> None:
    busy.house.payments.money.refunded[2] = 10**9

    assert "Order 2: refunded more than was captured." in busy.findings()


# Invariant 7: one effect for one key.


def sent(market: Market, key: Key) -> Answer:
    wanted = market.direct(1, (FIRST, 1))
    future = market.cell.submit(
        checkout.order_directly, wanted, is_many=True, key=key, render=lambda answer: Answer(201, str(answer).encode())
    )
    answer = future.result()
    assert isinstance(answer, Answer)
    return answer


def test_a_doubled_message_has_one_effect_and_one_answer(busy: Market) -> None:
    first = sent(busy, Key(b"s" * 16, b"f" * 32))
    busy.restart()

    second = sent(busy, Key(b"s" * 16, b"f" * 32))

    assert (first.body, first.is_replayed) == (second.body, False)
    assert second.is_replayed
    with pytest.raises(IdempotencyConflict):
        sent(busy, Key(b"s" * 16, b"g" * 32))


def test_without_its_key_a_doubled_message_has_two_effects(busy: Market) -> None:
    first, second = sent(busy, Key(b"s" * 16, b"f" * 32)), sent(busy, Key(b"t" * 16, b"f" * 32))

    assert first.body != second.body


# Invariant 8: totals.


@pytest.mark.parametrize(("table", "sentence"), [("purchases", "Purchase 1 is"), ("orders", "Order 1 is")])
def test_a_total_that_is_not_the_sum_of_its_parts_would_be_found(busy: Market, table: str, sentence: str) -> None:
    getattr(busy.house.orders, table).total[1] += 1

    assert any(finding.startswith(sentence) for finding in busy.findings())


# Invariant 10: the state is the fold of the log.


def test_a_status_that_was_set_by_hand_differs_from_the_fold_of_the_log(busy: Market) -> None:
    busy.house.orders.orders.received_at[9] = 1

    assert busy.cell.digest() != busy.replayed()


def test_a_log_that_holds_an_entry_that_the_ledger_refuses_is_not_replayed(busy: Market) -> None:
    busy.house.ledger.accounts.floor[account(busy, Kind.AVAILABLE, 1, 1)] = NO_FLOOR

    busy.buy(1, (FIRST, 15))

    with pytest.raises(AssertionError, match="the ledger refuses"):
        busy.replayed()


# Invariant 11: what comes to nothing leaves nothing behind.


def books(market: Market) -> tuple[list[int], list[int]]:
    return market.house.ledger.accounts.posted.tolist(), market.house.ledger.accounts.held.tolist()


@pytest.mark.parametrize("end", ["canceled", "expired", "refused"])
def test_an_attempt_that_comes_to_nothing_leaves_the_books_as_before(busy: Market, end: str) -> None:
    busy.days_pass(1)
    busy.do(shopping.expire_checkouts)
    before = books(busy)
    if end == "refused":
        with pytest.raises(ledger.OutOfStock):
            busy.hold(1, (FIRST, 1), (SECOND, 999))
    else:
        session = busy.hold(1, (FIRST, 1), (SECOND, 1))
    if end == "canceled":
        busy.do(shopping.cancel_checkout, busy.step(session, 1))
    if end == "expired":
        busy.days_pass(1)
        busy.do(shopping.expire_checkouts)

    assert books(busy) == before


@pytest.mark.parametrize("flow", [shopping.cancel_checkout, shopping.expire_checkouts])
def test_a_checkout_that_ends_without_letting_go_would_be_found(
    busy: Market, flow: Callable[..., Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = busy.hold(1, (FIRST, 1))
    busy.days_pass(1)
    monkeypatch.setattr(shopping, "_free", lambda *_, **__: [])

    busy.do(flow, busy.step(session, 1))

    assert any("ready checkouts say" in finding for finding in busy.findings())


def test_a_hold_that_forgets_what_it_keeps_would_be_found(busy: Market) -> None:
    hold = busy.house.orders.sessions[-1].holds[0]

    busy.house.ledger.holds.remaining[hold] = -1

    assert "A hold keeps less than nothing." in busy.findings()
    assert any("its holds say" in finding for finding in busy.findings())


def test_money_that_stays_held_for_a_canceled_order_would_be_found(
    busy: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger.Legs, "void", lambda *_, **__: None)

    busy.cancel(9)

    assert any(finding.startswith("Wallet account") for finding in busy.findings())


# Invariant 13: personal data.


def rooms_with(market: Market, secret: bytes) -> list[str]:
    return [
        model.name for model in market.cell.models if any(secret in part.tobytes() for part in model.dump().values())
    ]


def test_personal_data_is_in_one_room_only_and_nowhere_after_its_owner_is_forgotten(busy: Market) -> None:
    buyer = busy.buyer(contact=b"something personal", email=b"keyed mark")
    busy.buy(buyer, (FIRST, 1))
    before = [rooms_with(busy, secret) for secret in (b"something personal", b"keyed mark")]

    busy.do(people.forget_buyer, buyer)

    assert before == [["identity"], ["identity"]]
    assert [rooms_with(busy, secret) for secret in (b"something personal", b"keyed mark")] == [[], []]
    assert busy.findings() == []


def test_personal_data_that_is_kept_somewhere_else_would_be_seen(busy: Market) -> None:
    busy.house.delivery.trackings[1] = "something personal"

    assert rooms_with(busy, b"something personal") == ["delivery"]


# Invariant 14: a seller reaches their own things only; the operator, who is 0, reaches all.


def test_a_seller_reaches_nothing_of_another_seller(busy: Market) -> None:
    acts: list[Callable[[], object]] = [
        lambda: busy.hand_over(9, seller=2),
        lambda: busy.cancel(9, seller=2),
        lambda: busy.scan(1, seller=2),
        lambda: busy.take_back(1, refund=1, seller=2),
    ]

    for act in acts:
        with pytest.raises(NotFound):
            act()

    assert busy.take_back(1, refund=1) == 1


# Invariant 15: what is written is never edited.


def test_an_edited_frame_is_not_replayed(busy: Market) -> None:
    frame = busy.log.frames[-2]
    middle = len(frame.body) // 2
    edited = frame.body[:middle] + bytes([frame.body[middle] ^ 1]) + frame.body[middle + 1 :]
    busy.log.frames[-2] = frame._replace(body=edited)

    with pytest.raises(Corrupt) as found:
        busy.replayed()

    assert found.value.frame == frame.sequence


def test_a_frame_that_was_taken_out_is_missed(busy: Market) -> None:
    del busy.log.frames[3]

    with pytest.raises(Corrupt):
        busy.replayed()


def test_money_after_a_payout_moves_by_new_entries_only(busy: Market) -> None:
    before = list(busy.log.frames)

    busy.take_back(4, refund=10_000)

    assert busy.log.frames[: len(before)] == before
    assert busy.house.payments.money.payout[4] == 2
