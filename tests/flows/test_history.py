"""A shop's past goes through the flows once, to the row and to the cent."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from caravan.adapters.demo import DemoSource
from caravan.bootstrap import Caravan, open_caravan, read_history
from caravan.config import Settings
from caravan.flows import history, invariants, opening
from caravan.kernel.clock import HOUR, SECOND, FixedClock
from caravan.kernel.errors import Invalid
from caravan.world.partners import History

_ENDS_AT = 1_790_000_000 * SECOND


def _quiet(step: str, done: int, total: int) -> None:
    assert done <= max(total, done), step


@pytest.fixture(scope="module")
def past() -> History:
    return read_history(DemoSource(ends_at=_ENDS_AT), "seed=5", _quiet)


@pytest.fixture
def caravan(tmp_path: Path) -> Iterator[Caravan]:
    caravan = open_caravan(Settings(home=tmp_path / "home"), ticks=False)
    yield caravan
    assert not list(invariants.findings(caravan.cell.house))
    caravan.close()


def test_all_of_a_clean_past_is_there_and_its_money_adds_up(caravan: Caravan, past: History) -> None:
    tally = history.move_in(caravan.cell, caravan.vault, past, _quiet)

    sums = tally.money["EUR"]
    paid = int(np.sum(past.orders.column("paid_minor").to_numpy()))
    assert (tally.read, tally.accepted, tally.orders) == (past.read, past.read, past.orders.num_rows)
    assert sums["paid"] == sums["ordered"] == sums["held"] + sums["captured"] + sums["voided"] == paid
    assert sums["captured"] == sums["released"] + sums["in_escrow"] + sums["refunded"] - sums["refunded_after_release"]


def test_what_happened_keeps_its_own_time(caravan: Caravan, past: History) -> None:
    history.move_in(caravan.cell, caravan.vault, past, _quiet)

    house = caravan.cell.house
    placed = past.orders.column("placed_at").cast(pa.int64()).to_numpy()
    delivered = past.parcels.column("delivered_at").drop_null().cast(pa.int64()).to_numpy()
    assert sorted(house.orders.purchases.placed_at[1:].tolist()) == sorted(placed.tolist())
    assert set(house.delivery.parcels.delivered_at[1:].tolist()) - {0} == set(delivered.tolist())


def test_nothing_is_settled_or_paid_out_ahead_of_its_time(tmp_path: Path, past: History) -> None:
    clock = FixedClock(_ENDS_AT - HOUR)
    caravan = open_caravan(Settings(home=tmp_path / "home"), ticks=False, clock=clock)

    history.move_in(caravan.cell, caravan.vault, past, _quiet)

    money, due = caravan.cell.house.payments.money, caravan.cell.house.payments.due.values()
    caravan.close()
    assert 0 < money.released_at.max() <= clock.now()
    assert 0 < max(one.paid_at for one in due) <= clock.now()


def test_a_second_time_changes_nothing(caravan: Caravan, past: History) -> None:
    first = history.move_in(caravan.cell, caravan.vault, past, _quiet)
    position, digest = caravan.cell.position, caravan.cell.digest()

    again = history.move_in(caravan.cell, caravan.vault, past, _quiet)

    assert (again.accepted, again.orders, again.money) == (first.accepted, first.orders, first.money)
    assert (caravan.cell.position, caravan.cell.digest()) == (position, digest)


def test_an_order_that_is_refused_takes_its_rows_into_the_rejects(caravan: Caravan, past: History) -> None:
    prices = past.lines.column("unit_price_minor").to_numpy().copy()
    prices[0] = 0  # Nothing is sold for nothing; the readers would have said so before.
    place = past.lines.schema.get_field_index("unit_price_minor")
    lines = past.lines.set_column(place, past.lines.schema.field(place), pa.array(prices))
    order = past.lines.column("order")[0].as_py()

    tally = history.move_in(caravan.cell, caravan.vault, replace(past, lines=lines), _quiet)

    assert tally.orders == past.orders.num_rows - 1
    assert set(tally.rejects.column("value").to_pylist()) == {order}
    assert tally.by_reason == {"invalid": tally.rejects.num_rows}
    assert tally.read == tally.accepted + tally.rejects.num_rows


def test_a_payment_that_differs_waits_in_suspense(caravan: Caravan, past: History) -> None:
    paid = past.orders.column("paid_minor").to_numpy().copy()
    paid[0] += 250
    paid[1] -= 7
    place = past.orders.schema.get_field_index("paid_minor")
    orders = past.orders.set_column(place, past.orders.schema.field(place), pa.array(paid))

    sums = history.move_in(caravan.cell, caravan.vault, replace(past, orders=orders), _quiet).money["EUR"]

    assert sums["suspense"] == 243
    assert sums["paid"] == sums["ordered"] + sums["suspense"]


def test_a_past_in_another_currency_is_refused_before_anything_is_written(caravan: Caravan, past: History) -> None:
    caravan.cell.do(opening.open_market, opening.Opening("Elsewhere", "BRL"))
    position = caravan.cell.position

    with pytest.raises(history.OtherCurrency):
        history.move_in(caravan.cell, caravan.vault, past, _quiet)

    assert caravan.cell.position == position


def test_a_past_that_names_what_is_not_in_it_is_refused(caravan: Caravan, past: History) -> None:
    strangers = past.listings.slice(0, 10)

    with pytest.raises(Invalid):
        history.move_in(caravan.cell, caravan.vault, replace(past, listings=strangers), _quiet)
