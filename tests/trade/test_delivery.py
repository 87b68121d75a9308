"""Tests that a parcel's status is the furthest of its scans by their own time, however late and often they come."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caravan.kernel.ids import OrderId
from caravan.trade import delivery
from caravan.trade.delivery import Delivery, ParcelStatus
from caravan.trade.delivery.commands import TEXT_CHARACTERS_MAX
from tests.folding import fold, reloaded, same

SENT = 100
Scan = tuple[int, ParcelStatus]
SAID = [status for status in ParcelStatus if ParcelStatus.PICKED_UP <= status <= ParcelStatus.LOST]


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def send(*orders: int, carrier: str = "CTT") -> Delivery:
    book = Delivery()
    count = len(orders)
    fact, _ = delivery.hand_over(
        book, orders=ints(*orders), sellers=np.full(count, 3), carriers=[carrier] * count, trackings=["RR1"] * count,
        promised_at=np.full(count, 900), at=np.full(count, SENT),
    )  # fmt: skip
    return fold(book, fact)


def scan(book: Delivery, *scans: Scan, parcel: int = 1) -> Delivery:
    return fold(
        book,
        delivery.scan(
            parcels=np.full(len(scans), parcel),
            statuses=ints(*(int(status) for _, status in scans)),
            at=ints(*(at for at, _ in scans)),
        ),
    )


def status(book: Delivery, order: int = 1) -> ParcelStatus:
    return delivery.parcels_of(book, OrderId(order))[0].status


def test_a_parcel_that_was_handed_over_is_picked_up() -> None:
    (parcel,) = delivery.parcels_of(send(7), OrderId(7))

    assert parcel == (1, 7, ParcelStatus.PICKED_UP, "CTT", "RR1", SENT, 900, 0, SENT, (), False, ())


def test_an_order_that_was_not_sent_has_no_parcels() -> None:
    assert delivery.parcels_of(send(7), OrderId(8)) == []


def test_one_order_can_have_several_parcels_in_the_order_of_their_leaving() -> None:
    book = send(7, 8, 7)

    assert [parcel.parcel for parcel in delivery.parcels_of(book, OrderId(7))] == [1, 3]


def test_long_texts_of_carriers_are_cut() -> None:
    book = send(7, carrier="x" * (TEXT_CHARACTERS_MAX + 1))

    assert delivery.parcels_of(book, OrderId(7))[0].carrier == "x" * TEXT_CHARACTERS_MAX


def test_a_parcel_can_go_back_and_forth_on_its_way() -> None:
    book = send(1)

    scan(book, (110, ParcelStatus.ON_HOLD))
    scan(book, (120, ParcelStatus.IN_TRANSIT))

    assert status(book) == ParcelStatus.IN_TRANSIT


def test_a_late_scan_does_not_put_a_parcel_back() -> None:
    book = send(1)

    scan(book, (120, ParcelStatus.OUT_FOR_DELIVERY))
    scan(book, (110, ParcelStatus.IN_TRANSIT))

    assert status(book) == ParcelStatus.OUT_FOR_DELIVERY


def test_a_scan_from_before_the_hand_over_changes_nothing() -> None:
    book = send(1)

    scan(book, (SENT - 1, ParcelStatus.IN_TRANSIT))

    assert status(book) == ParcelStatus.PICKED_UP


@pytest.mark.parametrize("later", [one for one in ParcelStatus if one < ParcelStatus.DELIVERED])
def test_delivered_is_final_on_the_way(later: ParcelStatus) -> None:
    book = send(1)

    scan(book, (120, ParcelStatus.DELIVERED))
    scan(book, (130, later))

    assert status(book) == ParcelStatus.DELIVERED


@pytest.mark.parametrize("later", [ParcelStatus.RETURN_TO_SENDER, ParcelStatus.RETURNED])
def test_delivered_gives_way_to_a_return_to_the_sender(later: ParcelStatus) -> None:
    book = send(1)

    scan(book, (120, ParcelStatus.DELIVERED), (130, later))

    assert status(book) == later


def test_a_delivery_that_is_told_late_is_final_still() -> None:
    book = send(1)
    scan(book, (130, ParcelStatus.IN_TRANSIT))

    scan(book, (120, ParcelStatus.DELIVERED))

    assert status(book) == ParcelStatus.DELIVERED
    assert delivery.parcels_of(book, OrderId(1))[0].delivered_at == 120


def test_a_delivery_that_is_told_after_the_later_return_does_not_undo_it() -> None:
    book = send(1)
    scan(book, (130, ParcelStatus.RETURN_TO_SENDER))

    scan(book, (120, ParcelStatus.DELIVERED))

    assert status(book) == ParcelStatus.RETURN_TO_SENDER


def test_a_delivery_is_remembered_at_the_time_that_was_told_first() -> None:
    book = send(1)
    scan(book, (125, ParcelStatus.DELIVERED), (120, ParcelStatus.DELIVERED))

    scan(book, (110, ParcelStatus.DELIVERED))

    assert delivery.parcels_of(book, OrderId(1))[0].delivered_at == 120


def test_parcels_are_scanned_apart() -> None:
    book = send(1, 2)

    scan(book, (120, ParcelStatus.DELIVERED), parcel=2)

    assert [status(book, 1), status(book, 2)] == [ParcelStatus.PICKED_UP, ParcelStatus.DELIVERED]


def test_a_lost_parcel_that_is_seen_later_is_found() -> None:
    lost = scan(send(1), (120, ParcelStatus.LOST))

    assert status(lost) == ParcelStatus.LOST
    assert status(scan(lost, (110, ParcelStatus.OUT_FOR_DELIVERY))) == ParcelStatus.LOST
    assert status(scan(lost, (130, ParcelStatus.IN_TRANSIT))) == ParcelStatus.IN_TRANSIT
    assert status(scan(lost, (115, ParcelStatus.DELIVERED))) == ParcelStatus.DELIVERED


def test_what_was_said_of_a_parcel_is_told_in_the_order_in_which_it_happened() -> None:
    book = scan(send(1), (130, ParcelStatus.DELIVERED), (120, ParcelStatus.IN_TRANSIT))

    (parcel,) = delivery.parcels_of(book, OrderId(1))

    assert [one.at for one in parcel.scans] == [120, 130]
    again = [delivery.Scan(120, int(ParcelStatus.IN_TRANSIT), ""), delivery.Scan(125, 2, ""), delivery.Scan(125, 2, "")]
    assert delivery.is_news(book, [1, 1, 1], again).tolist() == [False, True, False]


def test_no_scans_change_nothing() -> None:
    assert same(scan(send(1)), send(1))


def furthest(scans: list[Scan]) -> ParcelStatus:
    """Say what the status must be: a final one before any other (lost is none), then the latest, then the furthest."""
    final = (ParcelStatus.DELIVERED, ParcelStatus.RETURN_TO_SENDER, ParcelStatus.RETURNED)
    ranked = [(one in final, at, one) for at, one in [*scans, (SENT, ParcelStatus.PICKED_UP)]]
    return max(ranked)[2]


@given(
    scans=st.lists(st.tuples(st.integers(95, 110), st.sampled_from(SAID)), max_size=8),
    dice=st.randoms(use_true_random=False),
)
@settings(max_examples=300, deadline=None)
def test_scans_in_any_order_and_any_portions_come_to_one_status(scans: list[Scan], dice: object) -> None:
    arriving = [*scans, *scans[:2]]
    dice.shuffle(arriving)  # type: ignore[attr-defined]
    together, apart = scan(send(1), *arriving), send(1)
    for one in arriving:
        scan(apart, one)

    assert status(together) == status(apart) == furthest(scans)


def test_deliveries_can_be_written_down_and_read_back() -> None:
    book = scan(send(1, 2, 1), (120, ParcelStatus.DELIVERED))

    copy = reloaded(book)

    assert same(copy, book)
    assert copy.by_order == book.by_order == {1: [1, 3], 2: [2]}
    assert same(reloaded(Delivery()), Delivery())
