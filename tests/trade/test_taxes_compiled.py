"""Holds the compiled assessment against the rule that is read: equal to the minor unit over random tables and consignments."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caravan.trade.taxes import Part, Route, Table, Ware, assess, read_table, shipped
from caravan.trade.taxes.kernel import WORTH_MINOR_MAX, Compiled, Consignments, Kind, by_consignment
from caravan.trade.taxes.model import Authority, Rule

COUNTRIES, REGIONS, CODES = ("US", "DE", "FR", "JP"), ("", "CA", "NY"), ("", "61", "6109", "610910", "610990", "950300")
RATES = {"EUR": 1.0, "USD": 1.0825, "JPY": 163.27, "KWD": 3.3241}  # Dinars in thousandths: ten times 0.33241.


def convert(amount: int, currency: str) -> int | None:
    return int(amount * round(RATES[currency] * 10**9) // 10**9) if currency in RATES else None


def convert_back(amount: int, currency: str) -> int | None:
    return int(amount * 10**9 // round(RATES[currency] * 10**9)) if currency in RATES else None


def rule(dice: random.Random, number: int) -> Rule:
    levy = dice.choice(["duty", "import", "sale", "sale", "fee"])
    over = dice.choice([0, 0, dice.randrange(1, 30_000)])
    return Rule(
        id=f"r{number}", name="R", country=dice.choice(COUNTRIES), levy=levy, authority="A",  # type: ignore[arg-type]
        remits=dice.choice(["marketplace", "seller", "buyer"]), source="https://x", as_of="2026-01-01",
        region=dice.choice(REGIONS), layer=dice.choice(["", "", "b"]) if levy == "sale" else "",
        tax_class=dice.choice(["", "", "standard", "reduced"]), category=dice.choice(["", "", "Home", "Home/Mugs"]),
        hs=tuple(dice.sample(CODES[1:], dice.choice([0, 0, 1, 2]))), origin=tuple(dice.sample(COUNTRIES, dice.choice([0, 0, 1]))),
        ships=dice.choice(["any", "any", "inside", "outside"]), seller=dice.choice(["any", "any", "inside", "outside"]),
        rate_per_million=dice.choice([0, dice.randrange(0, 400_000)]), fixed_minor=dice.choice([0, 0, dice.randrange(0, 900)]),
        deduct_minor=dice.choice([0, 0, dice.randrange(0, 900)]), currency=dice.choice([*RATES, "BRL"]), over_minor=over,
        up_to_minor=dice.choice([0, over + dice.randrange(1, 60_000)]), is_included=levy == "sale" and dice.random() < 0.3,
        is_grossed_up=dice.random() < 0.1, on_shipping=dice.random() < 0.7, on_duty=dice.random() < 0.4,
        valid_from=dice.choice(["", "", "2026-06-01"]), valid_until=dice.choice(["", "", "2026-12-31"]),
    )  # fmt: skip


def consignment(dice: random.Random) -> tuple[list[Ware], Route]:
    most = dice.choice([5, 1_000, 100_000, 50_000_000])
    wares = [
        Ware(
            line, dice.choice(["Home", "Home/Mugs", "Homes", "Toys"]), dice.choice(CODES), dice.choice(COUNTRIES),
            dice.choice(["standard", "reduced", "zero"]), dice.randrange(0, most), dice.choice([0, dice.randrange(0, 2_000)]),
        )
        for line in range(dice.randrange(1, 7))
    ]  # fmt: skip
    day = dice.choice(["2026-01-01", "2026-06-01", "2026-12-31", "2027-01-01"])
    return wares, Route(
        dice.choice(COUNTRIES), dice.choice(REGIONS), dice.choice(COUNTRIES), dice.choice(COUNTRIES), day
    )


def columns(compiled: Compiled, several: list[tuple[list[Ware], Route]]) -> Consignments:
    wares = [ware for of_one, _ in several for ware in of_one]
    kinds = [compiled.kind(Kind(one.category, one.hs_code, one.origin, one.tax_class)) for one in wares]
    return Consignments(
        np.cumsum([0, *(len(of_one) for of_one, _ in several)]), np.array([compiled.route(route) for _, route in several]),
        np.array(kinds), np.array([one.goods_minor for one in wares]), np.array([one.shipping_minor for one in wares]),
    )  # fmt: skip


def compare(table: Table, several: list[tuple[list[Ware], Route]]) -> Counter[str]:
    """Hold both against each other; give which rules were met."""
    compiled = Compiled(table, convert=convert, convert_back=convert_back)
    assert compiled.is_small
    found, amounts = compiled.assess(columns(compiled, several))
    first, met = 0, Counter[str]()
    for wares, route in several:
        told = [
            Part(line, table.rules[found[first + line, group]].id, int(amounts[first + line, group]))
            for line in range(len(wares))
            for group in range(len(compiled.groups))
            if found[first + line, group] >= 0
        ]
        assert told == assess(table, wares, route, convert=convert, convert_back=convert_back)
        met.update(part.rule for part in told)
        first += len(wares)
    return met


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9))
def test_compiled_and_read_are_equal_over_random_tables_and_consignments(seed: int) -> None:
    dice = random.Random(seed)
    rules = tuple(rule(dice, number) for number in range(dice.randrange(1, 40)))
    areas: dict[str, tuple[str, ...]] = {"EU": ("DE", "FR")} if dice.random() < 0.7 else {}
    table = Table(name="T", as_of="2026-01-01", areas=areas, authorities=(Authority("A", "A"),), rules=rules)

    compare(table, [consignment(dice) for _ in range(dice.randrange(1, 12))])


def test_compiled_and_read_are_equal_over_the_shipped_table_and_all_its_places() -> None:
    table, dice = read_table(shipped()), random.Random(7)
    codes = sorted({code for one in table.rules for code in one.hs} | {"", "610910", "950300", "640399"})
    several = []
    for country, region in sorted({(one.country, one.region) for one in table.rules if one.country != "*"}):
        for _ in range(60):
            wares, _ = consignment(dice)
            wares = [
                ware._replace(hs_code=dice.choice(codes), origin=dice.choice(["CN", "PT", "US"])) for ware in wares
            ]
            several.append(
                (
                    wares,
                    Route(
                        country, region, dice.choice(["PT", "CN", country]), dice.choice(["PT", country]), "2026-11-28"
                    ),
                )
            )

    met = compare(table, several)

    assert len(met) > 60


@pytest.mark.parametrize("bound", [1, 2, 14_999, 15_000])
def test_a_bound_is_met_where_the_rate_says_so(bound: int) -> None:
    known = Rule(
        id="r1", name="R", country="US", levy="sale", authority="A", remits="seller", source="https://x", as_of="2026-01-01",
        rate_per_million=10_000, currency="JPY", over_minor=bound, up_to_minor=2 * bound,
    )  # fmt: skip
    table = Table(name="T", as_of="2026-01-01", areas={}, authorities=(Authority("A", "A"),), rules=(known,))
    least = max(0, int(bound / RATES["JPY"]) - 2)

    compare(table, [
        ([Ware(0, "Home", "", "DE", "standard", worth, 0)], Route("US", "", "DE", "DE", "2026-01-01"))
        for worth in [*range(least, least + 5), *range(2 * least, 2 * least + 8)]
    ])  # fmt: skip


def test_a_table_that_reckons_with_too_much_is_left_to_the_rule_that_is_read() -> None:
    large = Rule(
        id="r1", name="R", country="US", levy="sale", authority="A", remits="seller", source="https://x", as_of="2026-01-01",
        fixed_minor=10**9, currency="EUR",
    )  # fmt: skip
    table = Table(name="T", as_of="2026-01-01", areas={}, authorities=(Authority("A", "A"),), rules=(large,))

    assert not Compiled(table, convert=convert, convert_back=convert_back).is_small
    assert WORTH_MINOR_MAX**2 * 9 * 6 < 2**63


def test_lines_of_a_consignment_stand_together_in_their_order() -> None:
    order, offsets = by_consignment([np.array([2, 1, 2, 1]), np.array([0, 0, 0, 1])])

    assert order.tolist() == [1, 3, 0, 2]
    assert offsets.tolist() == [0, 1, 2, 4]
