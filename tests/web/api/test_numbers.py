"""Checks numbers over the API: answers in JSON and Arrow, each caller within their own rows, and no SQL from outside."""

import pyarrow as pa
import pytest

from caravan.client import Refused, wire
from caravan.flows import checkout
from caravan.kernel import ids
from caravan.kernel.ids import ListingId, SellerId
from tests.web.api.rig import Rig


@pytest.fixture(scope="module")
def sold(rig: Rig) -> list[str]:
    """Sell something for two sellers; give their ids."""
    traders = [rig.seller(), rig.seller()]
    for trader, cents in zip(traders, (1_000, 2_500), strict=True):
        listing, shopper = ids.number(ListingId, trader.offer(cents, units=10)), rig.buyer(100_000)
        direct = checkout.DirectOrder(shopper.number, shopper.place, "EUR", 2 * cents, ((ListingId(listing), 2),))
        rig.caravan.cell.do_many(checkout.order_directly, direct)
    return [trader.id for trader in traders]


def test_the_operator_asks_for_metrics_by_name(rig: Rig, sold: list[str]) -> None:
    answer = rig.operator.numbers(wire.NumbersQuestion(metrics=["gmv", "orders"], by=["seller"], order="-gmv"))

    assert [(column.name, column.kind, column.unit) for column in answer.columns] == [
        ("seller", "dimension", ""), ("currency", "dimension", ""), ("gmv", "metric", "money"), ("orders", "metric", "count"),
    ]  # fmt: skip
    assert answer.rows == [[sold[1], "EUR", 5_000, 1], [sold[0], "EUR", 2_000, 1]]
    assert answer.lineage["gmv"] == ["orders.purchase_placed.v2"]
    assert answer.position == rig.caravan.cell.position


def test_an_answer_comes_as_a_table_too(rig: Rig, sold: list[str]) -> None:
    table = rig.operator.query("gmv", by=["seller"], filters={"seller": sold[0]}, grain="day")

    assert table.column_names == ["day", "seller", "currency", "gmv"]
    assert table.schema.field("day").type == pa.date32()
    assert table.column("gmv").to_pylist() == [2_000]
    assert table.schema.field("gmv").metadata == {b"kind": b"metric", b"unit": b"money"}
    assert int(table.schema.metadata[b"position"]) == rig.caravan.cell.position


def test_a_seller_sees_their_own_and_the_operator_all(rig: Rig, sold: list[str]) -> None:
    seller = rig.client("seller", ids.number(SellerId, sold[0]))

    assert seller.query("gmv").column("gmv").to_pylist() == [2_000]
    assert seller.query("gmv", filters={"seller": sold[1]}).num_rows == 0
    assert rig.operator.query("gmv").column("gmv").to_pylist() == [7_000]
    names = {one.name for one in seller.metrics()}
    assert "gmv" in names
    assert "checkout_funnel" not in names
    assert {"gmv", "checkout_funnel"} <= {one.name for one in rig.operator.metrics()}


@pytest.mark.parametrize(
    ("asked", "status", "refusal"),
    [
        ({"metrics": ["gvm"]}, 422, "unknown_metric"), ({"metrics": ["gmv"], "by": ["product"]}, 422, "unknown_dimension"),
        ({"metrics": ["gmv_on_last_year"]}, 400, "invalid"), ({"metrics": []}, 400, "invalid_request"),
        ({"metrics": ["gmv; DROP TABLE placed_orders"]}, 422, "unknown_metric"),
        ({"metrics": ["gmv"], "by": ["1) --"]}, 422, "unknown_dimension"), ({"metrics": ["gmv"], "grain": "fortnight"}, 400, "invalid_request"),
        ({"metrics": ["gmv"], "sql": "SELECT 1"}, 400, "invalid_request"), ({"metrics": ["gmv"], "limit": 100_000}, 400, "invalid_request"),
        ({"metrics": ["gmv"], "filters": [{"dimension": "seller", "values": ["prd_000000000001"]}]}, 400, "invalid"),
        ({"metrics": ["gmv"], "filters": [{"dimension": "seller", "values": [1]}]}, 400, "invalid"),
        ({"metrics": ["gmv"], "start": "2026-01-02", "end": "2026-01-01"}, 400, "invalid"),
    ],
)  # fmt: skip
def test_what_can_not_be_asked_is_refused(rig: Rig, asked: dict[str, object], status: int, refusal: str) -> None:
    answer = rig.http(rig.token("operator")).post("/v1/query", json=asked)

    assert (answer.status_code, answer.json()["refusal"]) == (status, refusal)


def test_a_value_that_looks_like_sql_is_only_a_value(rig: Rig, sold: list[str]) -> None:
    for value in ("' OR 1 = 1 --", "x'); DROP TABLE tail.placed_orders; --", "\ue000first\ue001", "\\'"):
        assert rig.operator.query("gmv", filters={"seller_country": value}).num_rows == 0
    assert rig.operator.query("gmv", filters={"seller_country": ["PT", "' OR 1 = 1"]}).num_rows == 1
    assert sold


def test_numbers_are_not_for_everybody(rig: Rig) -> None:
    asked = {"metrics": ["gmv"]}

    assert rig.http().post("/v1/query", json=asked).status_code == 401
    assert rig.http(rig.token("buyer", rig.buyer().number)).post("/v1/query", json=asked).status_code == 403
    with pytest.raises(Refused, match="numbers:read"):
        rig.client("operator", 0, ("orders:read",)).query("gmv")
    with pytest.raises(Refused, match="for the operator"):
        rig.client("seller", 1).query("checkout_conversion")
