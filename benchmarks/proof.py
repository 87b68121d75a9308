"""Whether proof can be trusted: shops with hidden tastes, whose truth is known, measured by the hold-out that serves.

Each run is a shop of its own, seeded. Visitors have hidden tastes that drift, look less at what stands lower, buy more in
season, and come from different origins: some looked and bought before the hold-out was drawn. Personal lists put first
what a visitor likes, as well as a noisy guess can; the hold-out sees what everybody likes. Every look, click, list and
purchase is folded by the view that serves (`Outcomes`); what it tells is compared with what personal lists bring
each of these visitors in expectation. In a second series the lists are the same for all: whoever claims anything there is wrong.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks import runs
from caravan.events import discovery as events
from caravan.insight import discovery
from caravan.kernel.clock import DAY
from caravan.kernel.ids import BuyerId, ProductId

PRODUCTS, TASTES, PLACES = 60, 6, 5
DAYS_BEFORE, DAYS = 7, 14
_AT = 20_000 * DAY
_UNIT = 978
_LOWER = 0.7  # A place is looked at with 1 / place^0.7.
_CLICK, _BUY = 0.25, 0.25
_DRIFT = 0.03
_SEASON = 0.5
_VISITS = 0.25  # A day, for each visitor.


class Load(NamedTuple):
    """So many shops with an effect and as many without, of so many visitors, with a hold-out of so many percent."""

    runs: int = 200
    visitors: int = 1_200
    hold_out_percent: int = 25
    seed: int = 1


class Told(NamedTuple):
    """What one run told, and what was true: in minor units a person."""

    truth: float
    effect: discovery.Effect
    is_claimed: bool
    is_claimed_once: bool


class _Shop:
    """One simulated shop and its truth."""

    def __init__(self, seed: int, load: Load, *, is_personal: bool) -> None:
        self.dice = np.random.default_rng(seed)
        self.load, self.is_personal = load, is_personal
        self.outcomes = discovery.Outcomes()
        goods = self.dice.dirichlet(np.full(TASTES, 0.3), PRODUCTS)
        self.goods, self.prices = goods, np.round(np.exp(self.dice.normal(7.5, 0.6, PRODUCTS)))
        self.tastes = self.dice.dirichlet(np.full(TASTES, 0.4), load.visitors)
        self.eagerness = self.dice.gamma(1.5, 1 / 1.5, load.visitors)
        self.marks = [self.dice.bytes(16) for _ in range(load.visitors)]
        self.is_known = np.zeros(load.visitors, bool)
        self.looked_at = 1 / np.arange(1, PLACES + 1) ** _LOWER
        self.gained = np.zeros(load.visitors)

    def pass_day(self, day: int) -> None:
        """Let a day pass: tastes drift, some visitors come, look, click and buy."""
        load, dice = self.load, self.dice
        self.tastes = np.abs(self.tastes + dice.normal(0, _DRIFT, self.tastes.shape))
        self.tastes /= self.tastes.sum(axis=1, keepdims=True)
        likes = self.tastes @ self.goods.T
        season = 1 + _SEASON * np.sin(2 * np.pi * day / DAYS)
        popular = np.argsort(-likes.mean(axis=0))[:PLACES]
        guessed = likes + dice.normal(0, 0.05, likes.shape)
        personal = (
            np.argsort(-guessed, axis=1)[:, :PLACES] if self.is_personal else np.tile(popular, (load.visitors, 1))
        )
        is_drawn = day >= 0
        for visitor in np.flatnonzero(dice.random(load.visitors) < _VISITS):
            held = self.outcomes.is_held_out(self.marks[visitor], self._buyer(int(visitor)))
            shown = popular if held or not is_drawn else personal[visitor]
            if is_drawn:
                chance = np.minimum(1.0, self.eagerness[visitor] * season * likes[visitor]) * self.prices
                own, others = (float((self.looked_at * chance[some]).sum()) for some in (personal[visitor], popular))
                self.gained[visitor] += _CLICK * _BUY * (own - others)
            self._visit(int(visitor), shown, likes[visitor], season, held=held and is_drawn, at=_AT + day * DAY)

    def _buyer(self, visitor: int) -> int:
        return visitor + 1 if self.is_known[visitor] else 0

    def _visit(
        self, visitor: int, shown: np.ndarray, likes: np.ndarray, season: float, *, held: bool, at: int
    ) -> None:  # fmt: skip
        mark = self.marks[visitor]
        self.outcomes.show(
            events.ListShown(
                at=at, visitor=mark, buyer=BuyerId(self._buyer(visitor)), surface="home",
                version=discovery.HELD_OUT if held else "simulated",
                products=tuple(ProductId(int(product) + 1) for product in shown), chances_ppm=(1_000_000,) * PLACES,
            )
        )  # fmt: skip
        # A click and a purchase are drawn apart, so that what is bought is bought with the chance that the truth takes.
        chance = np.minimum(1.0, self.eagerness[visitor] * season * likes[shown])
        clicks = np.flatnonzero(self.dice.random(PLACES) < self.looked_at * _CLICK)
        for place in clicks.tolist():
            product = int(shown[place])
            is_bought = self.dice.random() < _BUY * chance[place]
            self.is_known[visitor] |= is_bought
            self.outcomes.note(
                events.SignalNoted(
                    at=at, visitor=mark, buyer=BuyerId(self._buyer(visitor)), product=ProductId(product + 1),
                    signal=int(discovery.Signal.CLICKED), surface="home", position=place,
                )
            )  # fmt: skip
            if is_bought:
                paid = [(product + 1, int(self.prices[product]))]
                self.outcomes.sell([discovery.Sale(visitor + 1, at, _UNIT, paid)])

    def measure(self) -> Told:
        """Live through all days, look at the proof every day, and compare what it tells at the end with the truth."""
        for day in range(-DAYS_BEFORE, 0):
            self.pass_day(day)
        self.outcomes.draw(
            events.HoldOutDrawn(
                at=_AT, share_ppm=self.load.hold_out_percent * 10_000, salt=int(self.dice.integers(2**62))
            )
        )
        is_claimed = is_claimed_once = False
        effect = None
        for day in range(DAYS):
            self.pass_day(day)
            proof = discovery.prove(self.outcomes, today=(_AT + day * DAY) // DAY)
            effect = next((one for one in proof.effects if one.name == "spent"), None)
            is_claimed |= effect is not None and effect.verdict == "gain"
        assert effect is not None
        is_claimed_once = effect.low > 0
        there = np.array([self.gained[place] for place in range(self.load.visitors) if self._was_there(place)])
        return Told(float(there.mean()), effect, is_claimed, is_claimed_once)

    def _was_there(self, visitor: int) -> bool:
        return self.outcomes.has_seen(self.marks[visitor])


def run(load: Load, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Measure shops with an effect and shops without one."""
    series: dict[str, list[Told]] = {}
    for name, is_personal in (("personal", True), ("alike", False)):
        series[name] = []
        for number in range(load.runs):
            seed = load.seed * 1_000_003 + 2 * number + is_personal
            series[name].append(_Shop(seed, load, is_personal=is_personal).measure())
            progress(f"Shops with {name} lists", number + 1, load.runs)
    told = series["personal"]
    return {
        "benchmark": "proof", "machine": runs.machine(), "load": load._asdict(), "method": __doc__,
        "door": "in process", "days": DAYS, "looks_at_the_proof": DAYS,
        "truth_minor_a_person": round(float(np.mean([one.truth for one in told])), 2),
        "told_minor_a_person": round(float(np.mean([one.effect.difference for one in told])), 2),
        "interval_covers_truth": _share([one.effect.low <= one.truth <= one.effect.high for one in told]),
        "always_interval_covers_truth": _share(
            [one.effect.low_always <= one.truth <= one.effect.high_always for one in told]
        ),
        "gain_claimed_where_there_is_one": _share([one.is_claimed for one in told]),
        "gain_claimed_where_there_is_none": _share([one.is_claimed for one in series["alike"]]),
        "gain_claimed_where_there_is_none_by_one_look": _share([one.is_claimed_once for one in series["alike"]]),
        "noise_less_by_cuped": round(float(np.mean([one.effect.noise_less_by for one in told])), 3),
    }  # fmt: skip


def _share(are: list[bool]) -> float:
    return round(float(np.mean(are)), 4)
