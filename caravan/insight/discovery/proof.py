"""Proof: what lists bring, out of a hold-out, with intervals that hold however often somebody looks."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.insight.discovery.outcomes import HELD_OUT, Day, Outcomes, People

CONFIDENCE = 0.95
PEOPLE_MIN = 50  # In each group: fewer tell nothing.
POWER = 0.8
MISMATCHED_MAX = 5
LIFTS_TOLD = (0.3, 0.1, 0.05)  # How many people a lift of so much would need.
ALARMED = 0.001  # An alarm is something that chance alone does once in a thousand times.
_COUNTED_OUT = 1_000  # Up to so many lists, chance is counted out; above, the bell curve is as good.
_WEEK = 7
_TUNED_FOR = 5_000.0  # The interval for looking often is narrowest at about so many people.


class Effect(msgspec.Struct, frozen=True):
    """What one figure is a person in each group, and the difference, with intervals.

    `low` and `high` hold for one look at a time that was set before; `low_always` and `high_always` hold for every look.
    """

    name: str
    everybody: float
    held_out: float
    difference: float
    low: float
    high: float
    low_always: float
    high_always: float
    noise_less_by: float

    @property
    def verdict(self) -> str:
        """Say what can be told: only what stands however often it was looked at."""
        if self.low_always > 0:
            return "gain"
        return "loss" if self.high_always < 0 else "open"


class Alarm(msgspec.Struct, frozen=True):
    """Something that is not as it should be."""

    name: str
    says: str


class Proof(msgspec.Struct, frozen=True):
    """What can be told of a hold-out so far."""

    share_ppm: int
    drawn_at: int
    people: int
    people_held_out: int
    effects: list[Effect]
    sales_minor: float
    influenced_minor: float
    incremental_minor: float
    incremental_low_minor: float
    incremental_high_minor: float
    needed: dict[str, int]
    alarms: list[Alarm]


def prove(outcomes: Outcomes, *, today: int) -> Proof:
    """Tell what lists have brought since the hold-out was drawn."""
    people = outcomes.people()
    held = int(people.is_held_out.sum())
    treated = len(people.is_held_out) - held
    effects = []
    if min(held, treated) >= PEOPLE_MIN:
        effects = [
            effect("spent", people.spent, people), effect("bought", (people.orders > 0).astype(float), people),
            effect("orders", people.orders.astype(float), people), effect("clicks", people.clicks.astype(float), people),
        ]  # fmt: skip
    spent = effects[0] if effects else None
    shown = people.spent[~people.is_held_out].sum()
    return Proof(
        outcomes.share_ppm, outcomes.drawn_at, treated + held, held, effects, float(shown),
        float(people.influenced[~people.is_held_out].sum()), treated * spent.difference if spent else 0.0,
        treated * spent.low_always if spent else 0.0, treated * spent.high_always if spent else 0.0,
        needed(people, outcomes.share_ppm), alarms(outcomes, people, today=today),
    )  # fmt: skip


def effect(name: str, outcome: np.ndarray, people: People) -> Effect:
    """Compare two groups, with what was known of people before taken out of the noise (CUPED; Deng and others 2013)."""
    held = people.is_held_out
    adjusted = _adjusted(outcome, people)
    one, other = adjusted[~held], adjusted[held]
    difference = float(one.mean() - other.mean())
    error = math.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    width = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * error
    always = _width_always(error, len(outcome))
    plain = math.sqrt(outcome[~held].var(ddof=1) / len(one) + outcome[held].var(ddof=1) / len(other))
    return Effect(
        name, float(outcome[~held].mean()), float(outcome[held].mean()), difference, difference - width,
        difference + width, difference - always, difference + always, 1 - (error / plain) ** 2 if plain > 0 else 0.0,
    )  # fmt: skip


def _adjusted(outcome: np.ndarray, people: People) -> np.ndarray:
    known = np.column_stack([people.spent_before, np.log1p(people.looks_before), people.looks_before > 0]).astype(float)
    known -= known.mean(axis=0)
    scale = known.std(axis=0)
    known = known[:, scale > 0] / scale[scale > 0]
    if not known.shape[1]:
        return outcome.astype(float)
    weights, *_ = np.linalg.lstsq(known, outcome - outcome.mean(), rcond=None)
    adjusted: np.ndarray = outcome - known @ weights
    return adjusted


def _width_always(error: float, people: int) -> float:
    """Give the half width that holds at all looks at once (Waudby-Smith and others 2021: an asymptotic sequence)."""
    scaled = people / _TUNED_FOR * _TUNING
    return error * math.sqrt((1 + 1 / scaled) * (math.log(1 + scaled) - 2 * math.log(1 - CONFIDENCE)))


_TUNING = 2 * -math.log(1 - CONFIDENCE) + math.log(1 - 2 * math.log(1 - CONFIDENCE))


def needed(people: People, share_ppm: int) -> dict[str, int]:
    """Give how many people it takes to see a lift in how many buy, by the lift, as things are: at the rate of the hold-out."""
    rate = float((people.orders[people.is_held_out] > 0).mean()) if people.is_held_out.any() else 0.0
    share = share_ppm / 1e6
    if not 0 < rate < 1 or not 0 < share < 1:
        return {}
    both = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) + NormalDist().inv_cdf(POWER)
    found = {}
    for lift in LIFTS_TOLD:
        raised = min(1.0, rate * (1 + lift))
        noise = rate * (1 - rate) / share + raised * (1 - raised) / (1 - share)
        found[f"{lift:.0%}"] = math.ceil(both**2 * noise / (raised - rate) ** 2)
    return found


def alarms(outcomes: Outcomes, people: People, *, today: int) -> list[Alarm]:
    """Look at whether the measuring itself is sound, and whether lists please less than they did."""
    found = []
    if outcomes.mismatched > max(MISMATCHED_MAX, outcomes.lists / 1_000):  # Some are shown before a login is folded in.
        found.append(
            Alarm("wrong_group", f"{outcomes.mismatched:,} of {outcomes.lists:,} lists were of the other group.")
        )
    count, share = len(people.is_held_out), outcomes.share_ppm / 1e6
    if count and 0 < share < 1:
        off = (people.is_held_out.sum() - count * share) / math.sqrt(count * share * (1 - share))
        if _by_chance(off) < ALARMED:
            found.append(
                Alarm("uneven_groups", f"{people.is_held_out.mean():.2%} are held out, where {share:.2%} should be.")
            )
    found += [alarm for surface in _surfaces(outcomes.days) if (alarm := _drift(outcomes.days, surface, today))]
    return found


def _surfaces(days: Mapping[tuple[int, str, str], Day]) -> list[str]:
    return sorted({surface for _, surface, _ in days if surface})


def _drift(days: Mapping[tuple[int, str, str], Day], surface: str, today: int) -> Alarm | None:
    """Compare the lists and the clicks a list of the last day that is over with those of the week before it."""

    def total(first: int, last: int) -> Day:
        ones = [days.get((day, surface, ""), Day()) for day in range(first, last)]
        return Day(sum(one.lists for one in ones), sum(one.clicks for one in ones))

    late, before = total(today - 1, today), total(today - 8, today - 1)
    if not late.lists and before.lists >= _WEEK * PEOPLE_MIN:
        return Alarm("no_lists", f"{surface}: no list was shown yesterday, {before.lists:,} in the week before.")
    if min(late.lists, before.lists) < PEOPLE_MIN:
        return None
    rate = (late.clicks + before.clicks) / (late.lists + before.lists)
    now, was = late.clicks / late.lists, before.clicks / before.lists
    noise = math.sqrt(max(rate, 1e-9) * (1 / late.lists + 1 / before.lists))
    if now >= was or _by_chance((now - was) / noise) >= ALARMED:
        return None
    return Alarm(
        "fewer_clicks", f"{surface}: {now:.2%} of yesterday's lists were clicked, {was:.2%} in the week before."
    )


def _by_chance(off: float) -> float:
    return math.erfc(abs(off) / math.sqrt(2))


# Before a version goes live: what it would have brought, out of what was shown by chance.


class Estimate(NamedTuple):
    """What a version would have brought a place, as three estimators tell it, and on how many places that stands."""

    plain: float
    normalized: float
    doubly_robust: float
    error: float
    effective: float


def off_policy(
    rewards: np.ndarray, logged: np.ndarray, wanted: np.ndarray, guessed: np.ndarray, guessed_wanted: np.ndarray,
    *, weight_max: float = 50.0,
) -> Estimate:  # fmt: skip
    """Weigh what was logged by how much likelier the new version would have shown it (IPS, SNIPS and doubly robust).

    Each place has its reward, the chance that it was shown by, the chance by which the new version would show it, the
    reward that a model guesses for it, and the one that it guesses for what the new version shows. Shapes [n].
    """
    assert (logged > 0).all(), "What had no chance was not shown."
    weights = np.minimum(wanted / logged, weight_max)
    plain = weights * rewards
    corrected = guessed_wanted + weights * (rewards - guessed)
    total = weights.sum()
    return Estimate(
        float(plain.mean()), float(plain.sum() / total) if total > 0 else 0.0, float(corrected.mean()),
        float(corrected.std(ddof=1) / math.sqrt(len(rewards))), float(total**2 / (weights**2).sum()) if total > 0 else 0.0,
    )  # fmt: skip


def interleave(
    one: Sequence[int], other: Sequence[int], limit: int, dice: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Draft one list out of two, turn by turn (Radlinski and others 2008); beside each product, whose it is: 1 or -1."""
    found: dict[int, int] = {}
    waiting = {1: iter(one), -1: iter(other)}
    following = {team: next(rest, None) for team, rest in waiting.items()}
    behind = 0
    while len(found) < limit:
        for team, rest in waiting.items():
            while (ahead := following[team]) is not None and ahead in found:
                following[team] = next(rest, None)
        if following[1] is None and following[-1] is None:
            break
        turn = -1 if behind > 0 else 1 if behind < 0 else int(2 * dice.integers(2) - 1)
        team = turn if following[turn] is not None else -turn
        product = following[team]
        assert product is not None
        found[product] = team
        behind += team
    return list(found), list(found.values())


def preference(wins: int, losses: int) -> tuple[float, float]:
    """Give the share of lists that the first of two won, ties left out, and how likely chance alone is as clear (sign test)."""
    count = wins + losses
    if not count:
        return 0.5, 1.0
    most = max(wins, losses)
    tail = sum(math.comb(count, at) for at in range(most, count + 1)) / 2**count if count <= _COUNTED_OUT else (
        _by_chance((2 * most - count) / math.sqrt(count)) / 2
    )  # fmt: skip
    return wins / count, min(1.0, 2 * tail)


VOTES_TUNED_FOR = 20.0  # The prior of the bet: narrowest at some hundred votes.
ALIKE_WITHIN = 0.03  # Two versions are alike where surely neither wins more than 53 of 100 votes.


class Preference(msgspec.Struct, frozen=True):
    """The share of votes that the champion won, with an interval that holds for every look, and what can be said."""

    wins: int
    losses: int
    share: float
    low_always: float
    high_always: float

    @property
    def verdict(self) -> str:
        """Say who is preferred, that neither is, or that it is open."""
        if self.low_always > 0.5:  # noqa: PLR2004  # An even split.
            return "champion"
        if self.high_always < 0.5:  # noqa: PLR2004
            return "challenger"
        is_narrow = self.low_always > 0.5 - ALIKE_WITHIN and self.high_always < 0.5 + ALIKE_WITHIN
        return "alike" if is_narrow else "open"


def prefer(wins: int, losses: int) -> Preference:
    """Tell which of two is preferred, in a sign test that holds however often somebody looks.

    Against each share of wins that might be true a bet is laid whose stake is a mixture of all shares (a Beta prior); what
    would have won more than twenty times its stake is ruled out. If it is true, that ever happens once in twenty at most
    (Ville's inequality).
    """
    count = wins + losses
    if not count:
        return Preference(0, 0, 0.5, 0.0, 1.0)
    prior, share = VOTES_TUNED_FOR, wins / count
    mixed = _log_beta(prior + wins, prior + losses) - _log_beta(prior, prior)

    def is_ruled_out(true: float) -> bool:
        won = (wins * math.log(true) if wins else 0.0) + (losses * math.log1p(-true) if losses else 0.0)
        return mixed - won >= -math.log(1 - CONFIDENCE)

    return Preference(wins, losses, share, _edge(is_ruled_out, share, 0.0), _edge(is_ruled_out, share, 1.0))


def _log_beta(one: float, other: float) -> float:
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)


_HALVINGS = 40


def _edge(is_ruled_out: Callable[[float], bool], inside: float, outside: float) -> float:
    """Give the last share toward one end that is not ruled out."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if is_ruled_out(middle) else (middle, outside)
    return outside


__all__ = [
    "HELD_OUT", "Alarm", "Effect", "Estimate", "Preference", "Proof", "effect", "interleave", "off_policy", "prefer",
    "preference", "prove",
]  # fmt: skip
