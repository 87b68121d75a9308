"""Orders in columns: each is placed once or refused with a reason, in order; what cannot be read is refused whole."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from caravan.client import Refused
from caravan.flows import invariants
from tests.web.api.rig import Rig, Shopper

PATH = "/v1/orders/batches"
MEDIA = "application/vnd.apache.arrow.stream"


def _table(rows: Sequence[tuple[str, Shopper, int, dict[str, int]]]) -> pa.Table:
    """Lay orders down: key, buyer, agreed total, and units by listing."""
    return pa.table(
        {
            "key": pa.array([key for key, *_ in rows], pa.string()),
            "buyer": pa.array([buyer.id for _, buyer, *_ in rows], pa.string()),
            "address": pa.array([buyer.address for _, buyer, *_ in rows], pa.string()),
            "expected_total": pa.array([total for _, _, total, _ in rows], pa.int64()),
            "listings": pa.array([list(lines) for *_, lines in rows], pa.list_(pa.string())),
            "quantities": pa.array([list(lines.values()) for *_, lines in rows], pa.list_(pa.int64())),
        }
    )


def test_orders_of_many_buyers_are_placed_together_and_the_last_unit_goes_to_the_first(rig: Rig) -> None:
    listing = rig.seller().offer(cents=1_000, units=3)
    buyers = rig.buyers(4, cents=5_000)
    rows = [(f"last-{place}", buyer, 1_000, {listing: 1}) for place, buyer in enumerate(buyers)]

    answer = rig.operator.place_orders(_table(rows))

    assert answer.column("key").to_pylist() == [key for key, *_ in rows]
    assert answer.column("refusal").to_pylist() == ["", "", "", "out_of_stock"]
    placed = answer.column("purchase").to_pylist()
    assert [buyers[place].client.purchase(placed[place]).id for place in range(3)] == placed[:3]
    assert placed[3] == ""
    assert not list(invariants.findings(rig.caravan.cell.house))


def test_the_same_keys_sent_again_give_the_same_purchases(rig: Rig) -> None:
    listing = rig.seller().offer(cents=1_000, units=9)
    buyer = rig.buyer(cents=9_000)
    table = _table([("again-1", buyer, 2_000, {listing: 2}), ("again-2", buyer, 1_000, {listing: 1})])

    first = rig.operator.place_orders(table)
    second = rig.operator.place_orders(table)

    assert second.equals(first)
    assert rig.operator.listing(listing).available == 6


def test_a_key_that_stands_twice_in_one_batch_is_one_order(rig: Rig) -> None:
    listing = rig.seller().offer(cents=1_000, units=9)
    row = ("twice", rig.buyer(cents=9_000), 1_000, {listing: 1})

    answer = rig.operator.place_orders(_table([row, row]))

    assert len(set(answer.column("purchase").to_pylist())) == 1
    assert rig.operator.listing(listing).available == 8


@pytest.mark.parametrize("change", ["buyer", "total", "quantity"])
def test_a_key_with_another_order_is_a_conflict(rig: Rig, change: str) -> None:
    listing = rig.seller().offer(cents=1_000, units=9)
    buyer, other = rig.buyers(2, cents=9_000)
    rig.operator.place_orders(_table([(f"conflict-{change}", buyer, 1_000, {listing: 1})]))
    wrong = {
        "buyer": (other, 1_000, {listing: 1}),
        "total": (buyer, 1_001, {listing: 1}),
        "quantity": (buyer, 2_000, {listing: 2}),
    }[change]

    answer = rig.operator.place_orders(_table([(f"conflict-{change}", *wrong)]))

    assert answer.column("refusal").to_pylist() == ["idempotency_conflict"]
    assert rig.operator.listing(listing).available == 8


def test_each_refusal_has_its_code_and_disturbs_no_neighbor(rig: Rig) -> None:
    listing = rig.seller().offer(cents=1_000, units=9)
    rich, poor = rig.buyers(2, cents=1_500)
    stranger = _table([("r-address", rich, 1_000, {listing: 1})]).set_column(
        2, "address", pa.array([poor.address], pa.string())
    )
    rows = [
        ("r-total", rich, 999, {listing: 1}),
        ("r-good", rich, 1_000, {listing: 1}),
        ("r-funds", poor, 2_000, {listing: 2}),
        ("r-listing", rich, 1_000, {"lst_ZZZZZZZZZZZZ": 1}),
        ("r-quantity", rich, 0, {listing: 0}),
    ]

    answer = rig.operator.place_orders(pa.concat_tables([_table(rows), stranger]))

    told = ["total_changed", "", "insufficient_funds", "invalid", "invalid", "not_found"]
    assert answer.column("refusal").to_pylist() == told


@pytest.mark.parametrize(
    ("column", "values", "pointer"),
    [
        ("key", pa.array([""]), "/key/0"),
        ("key", pa.array(["k" * 256]), "/key/0"),
        ("key", pa.array([None], pa.string()), "/key"),
        ("key", pa.array([1]), "/key"),
        ("buyer", pa.array(["ord_000000000001"]), "/buyer/0"),
        ("address", pa.array(["nowhere"]), "/address/0"),
        ("listings", pa.array([[]], pa.list_(pa.string())), "/listings/0"),
        ("quantities", pa.array([[1, 2]]), "/listings/0"),
        ("quantities", pa.array([[None]], pa.list_(pa.int64())), "/quantities"),
    ],
)
def test_a_column_that_cannot_be_read_is_named_and_nothing_is_placed(
    rig: Rig, column: str, values: pa.Array, pointer: str
) -> None:
    listing = rig.seller().offer(cents=1_000, units=9)
    table = _table([("bad", rig.buyer(cents=9_000), 1_000, {listing: 1})])
    bad = table.set_column(table.column_names.index(column), column, values)

    with pytest.raises(Refused) as refused:
        rig.operator.place_orders(bad)

    assert refused.value.status == 400
    assert [fault.pointer for fault in refused.value.problem.errors] == [pointer]
    assert rig.operator.listing(listing).available == 9


def test_a_listing_twice_in_an_order_is_refused(rig: Rig) -> None:
    listing = rig.seller().offer(cents=1_000, units=9)
    table = _table([("pair", rig.buyer(cents=9_000), 2_000, {listing: 1})])
    table = table.set_column(4, "listings", pa.array([[listing, listing]])).set_column(
        5, "quantities", pa.array([[1, 1]])
    )

    with pytest.raises(Refused):
        rig.operator.place_orders(table)


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff" * 100])
def test_what_is_no_arrow_stream_is_refused(rig: Rig, body: bytes) -> None:
    answer = rig.http(rig.token("operator")).post(PATH, content=body, headers={"content-type": MEDIA})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_too_many_and_too_few_orders_are_refused(rig: Rig) -> None:
    one = _table([("many", rig.buyer(), 1_000, {"lst_000000000001": 1})])

    for table in (one.slice(0, 0), pa.concat_tables([one] * 8_193)):
        with pytest.raises(Refused) as refused:
            rig.operator.place_orders(table)
        assert refused.value.status == 400


def test_json_is_not_taken_and_buyers_are_not_let_in(rig: Rig) -> None:
    operator, buyer = rig.http(rig.token("operator")), rig.http(rig.token("buyer", rig.buyer().number))

    assert operator.post(PATH, json={}).status_code == 415
    assert buyer.post(PATH, content=b"x", headers={"content-type": MEDIA}).status_code == 403
