"""Tests that new products are tried the more the better they may still be, by chances that are the ones written down."""

import random

import numpy as np
import pytest

from caravan.events import discovery as events
from caravan.insight import discovery
from caravan.insight.discovery.bandit import HOPE_MAX, hopes
from caravan.kernel.ids import BuyerId, ProductId
from tests.insight.test_discovery import AT, Fold


def test_the_unknown_are_tried_oftener_than_duds_and_seldomer_than_what_is_liked() -> None:
    weights = np.exp(hopes(np.array([0, 400, 400, 400]), np.array([0, 0, 20, 80]), np.arange(4)))

    unknown, dud, usual, liked = weights.tolist()
    assert liked > unknown > usual > dud
    assert unknown > 50 * dud


def test_clicks_without_end_buy_no_more_than_a_little() -> None:
    honest, farmed = np.exp(hopes(np.array([0, 10_000]), np.array([0, 10_000_000]), np.arange(2))).tolist()

    assert farmed == pytest.approx(HOPE_MAX**2)
    assert farmed < 5 * honest


def shop(rates: np.ndarray, lists: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Show so many lists to shoppers who click new products at these rates; give how often each was shown, and IPS and its weight."""
    dice, shoppers = random.Random(seed), np.random.default_rng(seed)
    count = len(rates)
    shown, clicked, weighed = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count)
    ranked = discovery.Candidates(
        np.arange(1_000, 1_040), -np.arange(40.0), np.zeros(40, int), np.arange(40), np.zeros(40)
    )
    for _ in range(lists):
        fresh = discovery.Candidates(
            np.arange(1, count + 1),
            hopes(shown, clicked, np.arange(count)),
            np.zeros(count, int),
            np.arange(count),
            np.zeros(count),
        )
        placed = discovery.arrange(
            ranked,
            fresh,
            limit=12,
            surface="home",
            rules=(),
            names=[""],
            shown={},
            is_about_one=True,
            dice=dice,
            now=AT,
        )
        # The first place that may be explored: whatever stands later depends on what stood there.
        one = placed[2]
        for each in placed:
            if each.by == "explore":
                is_clicked = shoppers.random() < rates[each.product - 1]
                shown[each.product - 1] += 1
                clicked[each.product - 1] += is_clicked
        if one.by == "explore":
            weighed[one.product - 1] += 1 / one.chance
    return shown, clicked, weighed / lists


def test_trials_go_where_they_are_worth_it_and_their_chances_are_true() -> None:
    rates = np.array([0.01] * 11 + [0.2])

    shown, _, weighed = shop(rates, 12_000, seed=3)

    assert shown[-1] > 0.4 * shown.sum()
    assert shown.min() > 20
    # Each product stood at that place as often as its chances said: inverse chances average to one; of duds, few draws are many.
    assert weighed[-1] == pytest.approx(1.0, abs=0.1)
    assert weighed.mean() == pytest.approx(1.0, abs=0.15)


def test_what_was_shown_and_clicked_is_counted_and_hoped_of() -> None:
    fold = Fold()
    for number in range(200):
        fold.tell(
            events.ListShown(
                at=AT, visitor=bytes([number]) * 16, buyer=BuyerId(0), surface="home", version="blend-1",
                products=(ProductId(40), ProductId(38), ProductId(99_999)), chances_ppm=(1, 1, 1),
            )
        )  # fmt: skip
    fold.look(b"c" * 16, 38, signal=2)

    table, answer = fold.view.products, fold.ask("home", 1)

    assert (table.shown[40], table.shown[38], table.clicked[38]) == (200, 200, 1)
    assert len(answer.hopes) == len(answer.fresh)
