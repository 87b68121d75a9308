"""Runs seeded days of trade and checks every invariant after every step; a house that was tampered with is caught."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from caravan.flows import fulfillment, shopping
from caravan.trade import ledger, payments
from caravan.trade.ledger import Kind
from caravan.trade.ledger.model import FLOORS
from tests.simulation.days import Days, Unsound, refusals

STEPS = int(os.environ.get("CARAVAN_STEPS", "250"))
SEEDS = (
    [int(os.environ["CARAVAN_SEED"])]
    if "CARAVAN_SEED" in os.environ
    else list(range(1, 1 + int(os.environ.get("CARAVAN_SEEDS", "16"))))
)


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    """Collect what was refused over all seeds."""
    return Counter()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_house_is_sound_after_every_step_of_many_days(seed: int, tmp_path: Path, seen: Counter[str]) -> None:
    days = Days(seed, tmp_path)

    days.run(STEPS)

    seen.update(days.refusals)
    assert days.market.failures == []


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_it_is_sound_across_borders_too_with_taxes_and_in_every_currency(seed: int, tmp_path: Path) -> None:
    days = Days(seed, tmp_path, goes_abroad=True)

    days.run(STEPS)

    house = days.market.house
    assert house.exchange.orders
    assert house.taxes.orders
    assert days.market.failures == []


@pytest.mark.parametrize("seed", SEEDS[:6])
def test_it_is_sound_with_stock_in_several_towns_and_no_unit_is_lost_or_sold_twice(
    seed: int, tmp_path: Path, seen: Counter[str]
) -> None:
    days = Days(seed, tmp_path, in_towns=True)

    days.run(STEPS)

    seen.update(days.refusals)
    assert days.market.failures == []
    seen["moves"] += len(days.market.house.moves.moves)
    seen["split orders"] += days.towns.split_orders() if days.towns else 0


@pytest.mark.skipif(len(SEEDS) * STEPS < 6 * 250, reason="a few days do not see everything")
def test_stock_moved_and_orders_were_split_in_those_towns(seen: Counter[str]) -> None:
    assert seen["moves"] > 0
    assert seen["split orders"] > 0


@pytest.mark.skipif(len(SEEDS) * STEPS < 12 * 250, reason="a few days do not see everything")
def test_every_refusal_has_occurred_over_the_seeds(seen: Counter[str]) -> None:
    assert refusals() - set(seen) == set()


def test_one_seed_gives_the_same_days_again(tmp_path: Path) -> None:
    first, second = Days(5, tmp_path / "first"), Days(5, tmp_path / "second")

    first.run(60)
    second.run(60)

    assert first.market.log.frames == second.market.log.frames
    assert (first.refusals, first.done) == (second.refusals, second.done)


def forget_to_void(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger.Legs, "void", lambda *_, **__: None)


def forget_to_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopping, "_free", lambda *_, **__: [])


def take_the_floor_of_stock_away(monkeypatch: pytest.MonkeyPatch) -> None:
    floors = {kind: floor for kind, floor in FLOORS.items() if kind != Kind.AVAILABLE}
    monkeypatch.setattr("caravan.trade.ledger.commands.FLOORS", floors)


def forget_the_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulfillment, "move_units", lambda *_, **__: None)


def forget_a_leg(monkeypatch: pytest.MonkeyPatch) -> None:
    post = ledger.Legs.post

    def forgetful(legs: ledger.Legs, rows: np.ndarray, *, accounts: np.ndarray, amounts: np.ndarray) -> None:
        if len(legs._parts) != 2:
            post(legs, rows, accounts=accounts, amounts=amounts)

    monkeypatch.setattr(ledger.Legs, "post", forgetful)


def forget_the_fee(monkeypatch: pytest.MonkeyPatch) -> None:
    release = payments.release
    monkeypatch.setattr(payments, "release", lambda **columns: release(**columns | {"fees": columns["fees"] * 0}))


@pytest.mark.parametrize(
    "tamper",
    [forget_to_void, forget_to_free, take_the_floor_of_stock_away, forget_the_units, forget_a_leg, forget_the_fee],
)
def test_a_house_that_was_tampered_with_is_caught_and_the_seed_is_named(
    tamper: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tamper(monkeypatch)  # type: ignore[operator]
    days = Days(2, tmp_path)

    with pytest.raises(Unsound, match=r"Seed 2, step \d+ .* CARAVAN_SEED=2 ") as caught:
        days.run(STEPS)

    assert days.steps < STEPS, caught.value
    days.market.close()
