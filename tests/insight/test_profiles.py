"""Tests profiles: rules and their refusals, traits against plain Python, the forecast against its formula and its promise."""

import collections
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import special

from caravan.adapters.scipy_fitting import ScipyFitter
from caravan.insight import profiles
from caravan.insight.profiles import (
    TRAITS,
    Crowd,
    Forecast,
    Orders,
    Pairs,
    Rhythm,
    WrongRule,
    holds,
    read_rule,
    written,
)
from caravan.insight.profiles.forecast import chances, outlook, still_buying
from caravan.insight.profiles.model import Profiles
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.errors import Invalid, NotFound

EUR = 978
NOW = Instant(20_000 * DAY)
# What Fader, Hardie and Lee found for the CDNOW customers, in days; and gamma-gamma of the same, in cents.
LEARNED = Forecast(0.243, 4.414 * 7, 0.793, 2.426, 6.25, 3.74, 1_544.0, EUR, 0.9, 0.0, 1_000, 0)


def condition(trait: str, test: str, *value: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"trait": trait, "is": test, **({"value": value[0]} if value else {})}


def crowd(**numbers: list[float]) -> Crowd:
    count = len(next(iter(numbers.values())))
    columns = {name: np.array(column, np.float64) for name, column in numbers.items()}
    nothing = np.zeros(count)
    return Crowd(
        columns, {"country": np.array([1, 2, 0][:count])}, {"options": Pairs(np.array([0, 0, 1]), np.array([1, 2, 2]))},
        {"country": ["", "PT", "ES"], "options": ["", "S", "M"]}, np.zeros(count, np.int64),
        Rhythm(nothing, nothing, nothing, nothing, nothing),
    )  # fmt: skip


THREE = crowd(orders=[1, 3, 5], interval=[float("nan"), 10, 20])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (condition("orders", "at_least", 3), [0, 1, 1]),
        (condition("orders", "at_most", 3), [1, 1, 0]),
        (condition("orders", "equal", 3), [0, 1, 0]),
        (condition("interval", "at_most", 99), [0, 1, 1]),
        (condition("interval", "unknown"), [1, 0, 0]),
        (condition("interval", "known"), [0, 1, 1]),
        (condition("country", "one_of", "PT"), [1, 0, 0]),
        (condition("country", "none_of", ["PT"]), [0, 1, 0]),
        (condition("country", "one_of", "nowhere"), [0, 0, 0]),
        (condition("options", "one_of", ["S", "L"]), [1, 0, 0]),
        (condition("options", "none_of", "S"), [0, 1, 0]),
        (condition("options", "unknown"), [0, 0, 1]),
        ({"all": [condition("orders", "at_least", 2), condition("country", "one_of", "ES")]}, [0, 1, 0]),
        ({"any": [condition("orders", "at_least", 5), {"all": [condition("options", "one_of", "S")]}]}, [1, 0, 1]),
    ],
)
def test_a_rule_holds_for_whom_it_says_and_unknown_is_no_answer(rule: object, expected: list[int]) -> None:
    read = read_rule(rule)

    assert holds(read, THREE).tolist() == [bool(one) for one in expected]
    assert read_rule(written(read)) == read


def nested(depth: int) -> object:
    rule: object = condition("orders", "at_least", 1)
    for _ in range(depth):
        rule = {"all": [rule]}
    return rule


@pytest.mark.parametrize(
    ("rule", "at", "cure"),
    [
        ("orders > 3", "rule", "Write"),
        ({}, "rule", "Give it"),
        ({"all": [], "any": []}, "rule", "Give it"),
        ({"all": []}, "rule/all", "at least one"),
        ({"any": "x"}, "rule/any", "at least one"),
        ({"all": [condition("shoe", "at_least", 1)]}, "rule/all/0/trait", "Use one of orders"),
        (condition("orders", "one_of", "x"), "rule/is", "at_least"),
        (condition("orders", "at_least", "three"), "rule/value", "a number"),
        (condition("orders", "at_least", True), "rule/value", "a number"),  # noqa: FBT003 - What JSON may hold.
        (condition("orders", "at_least", float("nan")), "rule/value", "a number"),
        (condition("canceled", "at_most", 2), "rule/value", "from 0 to 1"),
        (condition("value", "at_least"), "rule/value", "minor units"),
        (condition("country", "one_of", []), "rule/value", "1 to 50"),
        (condition("country", "one_of", [""]), "rule/value", "1 to 50"),
        (condition("country", "one_of", ["PT"] * 51), "rule/value", "1 to 50"),
        (condition("orders", "known", 3), "rule/value", "Leave"),
        ({"trait": ["orders"], "is": "known"}, "rule/trait", "Use one of"),
        (nested(4), "rule/all/0/all/0/all/0", "at most 3 deep"),
        ({"all": [condition("orders", "known")] * 21}, "rule/all", "at most 20"),
        ({"all": [{"any": [condition("orders", "known")] * 11}] * 2}, "rule", "at most 20"),
    ],
)
def test_a_wrong_rule_is_refused_with_where_and_the_cure(rule: object, at: str, cure: str) -> None:
    with pytest.raises(WrongRule) as told:
        read_rule(rule)

    assert told.value.details["at"] == at
    assert cure in str(told.value.details["cure"])


def test_rules_at_the_bounds_are_taken() -> None:
    assert read_rule(nested(3))
    assert read_rule({"all": [condition("orders", "known")] * 20})
    assert read_rule(condition("country", "one_of", ["PT"] * 50))


def test_every_trait_can_be_asked_for_and_says_where_it_is_from_and_how_long_it_is_kept() -> None:
    for trait in TRAITS.values():
        assert trait.sources
        assert 0 < trait.kept_days <= 3_650
        assert read_rule({"trait": trait.name, "is": "known"})


# Segments.


def set_one(state: Profiles, name: str = "loyal", **other: Any) -> None:  # noqa: ANN401
    told: dict[str, Any] = {
        "rule": condition("orders", "at_least", 3), "purpose": "news", "needs_consent": False, "now": NOW
    }  # fmt: skip
    fact = profiles.set_segment(state, name=name, **(told | other))
    state._set(fact)


def test_a_segment_is_set_anew_under_its_number_and_a_dropped_number_is_free() -> None:
    state = Profiles()
    set_one(state)
    set_one(state, rule=condition("orders", "at_least", 9))
    set_one(state, "other")

    assert [(one.segment, one.name) for one in profiles.segments(state)] == [(1, "loyal"), (2, "other")]
    assert "9" in profiles.segment_called(state, "loyal").rule
    assert profiles.drop_segment(state, 1, now=NOW).segment == 1
    with pytest.raises(NotFound):
        profiles.segment_of(state, 3)
    with pytest.raises(NotFound):
        profiles.segment_called(state, "")


@pytest.mark.parametrize("other", [{"name": "Loyal!"}, {"name": ""}, {"name": "a" * 61}, {"purpose": " "}])
def test_a_segment_without_a_plain_name_or_a_purpose_is_refused(other: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        set_one(Profiles(), **({"name": "loyal"} | other))


def test_there_are_so_many_segments_and_no_more() -> None:
    state = Profiles()
    for number in range(profiles.SEGMENTS_MAX):
        set_one(state, f"s{number}")
    set_one(state, "s0")
    with pytest.raises(profiles.TooManySegments):
        set_one(state, "one-more")


def test_a_forecast_comes_back_as_it_was_taken_and_a_wrong_one_is_refused() -> None:
    state = Profiles()
    fact = profiles.take_forecast(LEARNED, now=NOW)
    assert (fact.r_micro, fact.v_micro) == (243_000, 1_544_000_000)
    wrong = [
        LEARNED._replace(r=0.0), LEARNED._replace(v=float("inf")), LEARNED._replace(a=float("nan")),
        LEARNED._replace(level=1.0), LEARNED._replace(covered=1.5),
    ]  # fmt: skip
    for one in wrong:
        with pytest.raises(Invalid):
            profiles.take_forecast(one, now=NOW)
    state.forecast = LEARNED
    other = Profiles()
    other.load(state.dump())
    assert other.forecast == LEARNED


# Traits.


def bought(dice: np.random.Generator, people: int, orders: int) -> profiles.Bought:
    lines = orders * 2
    total = dice.integers(100, 10_000, orders)
    return profiles.Bought(
        owner=dice.integers(-1, people, orders), unit=np.where(dice.random(orders) < 0.9, EUR, 840), total=total,
        placed_at=NOW - dice.integers(0, 1_500 * DAY, orders), canceled_at=np.where(dice.random(orders) < 0.1, NOW, 0),
        refunded=np.where(dice.random(orders) < 0.2, total // 2, 0), order=np.repeat(np.arange(orders), 2),
        category=dice.integers(0, 4, lines), option=dice.integers(0, 3, lines), seller=dice.integers(1, 3, lines),
        quantity=dice.integers(0, 4, lines), price=dice.integers(50, 5_000, lines),
    )  # fmt: skip


NAMES = profiles.Names(["", "a", "b", "c"], ["", "S", "M"], ["", "x", "y"], ["", "PT"], ["", "this market"], [""])


def known(people: int, **forbidden: list[bool]) -> profiles.Known:
    nobody = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64))
    return profiles.Known(
        np.full(people, NOW - 10 * DAY), np.ones(people, np.int64), nobody, np.zeros(people, np.int64), nobody,
        {name: np.array(flags) for name, flags in forbidden.items()},
    )  # fmt: skip


def traits(facts: profiles.Bought, who: profiles.Known, forecast: Forecast | None = LEARNED) -> Crowd:
    edges = profiles.edges_of(facts.category, facts.price, categories=4)
    return profiles.traits_of(facts, who, NAMES, edges=edges, forecast=forecast, unit=EUR, now=NOW)


def test_traits_of_many_are_what_plain_python_finds_of_each() -> None:
    facts = bought(np.random.default_rng(3), 20, 300)
    found = traits(facts, known(20))

    for person in range(20):
        mine = [one for one in range(300) if facts.owner[one] == person]
        live = [one for one in mine if not facts.canceled_at[one]]
        ours = [one for one in live if facts.unit[one] == EUR]
        value = sum(int(facts.total[one] - facts.refunded[one]) for one in ours)
        days = {int(facts.placed_at[one]) // DAY for one in live}
        assert found.numbers["orders"][person] == len(live)
        assert found.numbers["value"][person] == value
        assert found.numbers["average_order"][person] == pytest.approx(value / len(ours))
        assert found.numbers["last_order"][person] == min((NOW - int(facts.placed_at[one])) // DAY for one in live)
        assert found.numbers["interval"][person] == pytest.approx((max(days) - min(days)) / (len(days) - 1))
        assert found.numbers["canceled"][person] == pytest.approx(1 - len(live) / len(mine))
        units: collections.Counter[int] = collections.Counter()
        for line in range(600):
            if facts.order[line] in live and facts.placed_at[facts.order[line]] >= NOW - 1_095 * DAY:
                units[int(facts.category[line])] += int(facts.quantity[line])
        named = {code for code, count in units.items() if code and count}
        pairs = found.pairs["categories"]
        assert set(pairs.code[pairs.owner == person].tolist()) == named
        favorite = int(found.codes["favorite_category"][person])
        assert units[favorite] == max(units[code] for code in named)


def test_nobody_and_somebody_without_orders_have_traits_that_are_unknown() -> None:
    facts = bought(np.random.default_rng(3), 1, 0)

    assert len(traits(facts, known(0))) == 0
    found = traits(facts, known(1))
    assert found.numbers["orders"].tolist() == [0]
    for name in ("last_order", "interval", "average_order", "canceled", "refunded", "still_buying", "expected_value"):
        assert np.isnan(found.numbers[name][0])


def test_what_is_older_than_its_time_counts_no_more() -> None:
    facts = bought(np.random.default_rng(5), 1, 2)._replace(
        owner=np.zeros(2, np.int64), canceled_at=np.zeros(2, np.int64), quantity=np.ones(4, np.int64),
        placed_at=np.array([NOW - 1_096 * DAY, NOW - 3_651 * DAY]),
    )  # fmt: skip
    found = traits(facts, known(1))

    assert found.numbers["orders"].tolist() == [1]
    assert not len(found.pairs["categories"].owner)


def test_what_somebody_forbade_is_unknown_of_them_alone() -> None:
    facts = bought(np.random.default_rng(3), 2, 80)
    found = traits(facts, known(2, profiling=[True, False]))

    for name in ("still_buying", "expected_orders", "expected_value"):
        assert np.isnan(found.numbers[name]).tolist() == [True, False]
    assert found.codes["price_band"][0] == 0
    assert found.codes["price_band"][1] > 0
    assert not np.isnan(found.numbers["value"]).any()


def test_price_bands_part_buyers_of_the_dear_from_buyers_of_the_cheap() -> None:
    count = 30
    facts = bought(np.random.default_rng(3), count, count)._replace(
        owner=np.arange(count), unit=np.full(count, EUR), canceled_at=np.zeros(count, np.int64), placed_at=np.full(count, NOW),
        quantity=np.ones(2 * count, np.int64), category=np.ones(2 * count, np.int64), price=np.repeat(np.arange(count), 2),
    )  # fmt: skip
    bands = traits(facts, known(count)).codes["price_band"]

    assert (bands[0], bands[15], bands[29]) == (1, 2, 3)
    assert abs(int((bands == 1).sum()) - 10) <= 1


# The forecast.


def rhythms(dice: np.random.Generator, count: int) -> Rhythm:
    repeats, age = dice.integers(0, 30, count).astype(float), dice.integers(30, 900, count).astype(float)
    last = np.where(repeats > 0, np.floor(age * dice.random(count)), 0.0)
    return Rhythm(repeats, last, age, repeats + 1, dice.uniform(500, 9_000, count))


def test_the_expectation_is_that_of_the_paper_by_its_hypergeometric_function() -> None:
    some = rhythms(np.random.default_rng(1), 500)
    r, alpha, a, b = LEARNED[:4]
    x, last, age = some.repeats, some.last, some.age
    power = ((alpha + age) / (alpha + age + 90)) ** (r + x)
    series = special.hyp2f1(r + x, b + x, a + b + x - 1, 90 / (alpha + age + 90))
    alive = 1 / (1 + (x > 0) * a / (b + x - 1) * ((alpha + age) / (alpha + last)) ** (r + x))

    found = outlook(LEARNED, some)

    assert np.allclose(found.alive, alive)
    assert np.allclose(found.purchases, (a + b + x - 1) / (a - 1) * (1 - power * series) * alive, rtol=1e-6)


def test_chances_sum_to_one_and_their_mean_is_the_expectation() -> None:
    some = rhythms(np.random.default_rng(2), 40)
    expected = outlook(LEARNED, some).purchases
    for place in range(40):
        odds = chances(LEARNED, Rhythm(*(column[place : place + 1] for column in some)))
        assert odds.sum() == pytest.approx(1)
        assert (odds >= 0).all()
        assert odds @ np.arange(len(odds)) == pytest.approx(expected[place], abs=1e-5)


def test_longer_silence_is_less_alive_and_an_interval_is_the_same_every_time() -> None:
    silent = Rhythm(
        np.full(5, 4.0), np.full(5, 60.0), np.array([60.0, 90, 180, 360, 720]), np.full(5, 5.0), np.full(5, 2e3)
    )
    alive = still_buying(LEARNED, silent)
    one = Rhythm(*(column[:1] for column in silent))

    assert (np.diff(alive) < 0).all()
    assert profiles.interval(LEARNED, one) == profiles.interval(LEARNED, one)
    low, high = profiles.interval(LEARNED, one).value
    assert low <= outlook(LEARNED, one).value[0] <= high


def simulated(people: int, seed: int) -> Orders:
    """Let people buy as the model says they do, for two years: whoever is born lives until a purchase ends it."""
    dice = np.random.default_rng(seed)
    rate = dice.gamma(1.2, 1 / 30, people)
    leaving = dice.beta(1.1, 5.0, people)
    money = 6.0 / dice.gamma(4.0, 1 / 15_000, people)
    who, at, spent = [], [], []
    for person in range(people):
        day = dice.uniform(0, 500)
        while day < 730:
            who.append(person)
            at.append(int((day + 18_000) * DAY))
            spent.append(max(int(dice.gamma(6.0, money[person] / 6.0)), 1))
            if dice.random() < leaving[person] and len(who) > 1 and who[-2] == person:
                break
            day += dice.exponential(1 / rate[person])
    order = np.argsort(at)
    return Orders(np.array(who)[order], np.array(at)[order], np.array(spent)[order], np.ones(len(who), bool))


def test_what_is_learned_of_simulated_people_holds_as_often_as_it_says() -> None:
    orders = simulated(3_000, 4)
    forecast, checked = profiles.learn(orders, ScipyFitter(), unit=EUR, now=18_730 * DAY)

    assert checked.expected == pytest.approx(checked.came, rel=0.1)
    assert forecast.covered >= 0.9
    fresh = profiles.check(forecast, simulated(3_000, 5), cut=18_640 * DAY)
    assert fresh.coverage[forecast.level] >= 0.88


def test_too_few_buyers_teach_nothing() -> None:
    with pytest.raises(profiles.TooFewBuyers):
        profiles.learn(simulated(100, 4), ScipyFitter(), unit=EUR, now=18_730 * DAY)


def test_what_profiles_remember_comes_back_from_a_snapshot() -> None:
    state, other = Profiles(), Profiles()
    set_one(state)
    state.forgotten.update({5, 3})
    other.load(state.dump())

    assert (other.segments, other.forecast, other.forgotten) == (state.segments, None, {3, 5})
    assert msgspec.json.decode(other.segments[1].rule) == condition("orders", "at_least", 3)
