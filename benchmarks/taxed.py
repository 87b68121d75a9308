"""Taxes: how long it takes to say what consignments meet, by the compiled pass over arrays and by the rule that is read.

Both say the same of every consignment, or the benchmark stops. The table is the shipped one; goods, places and prices are
drawn by a seed.
"""

import random
import time

import numpy as np

from benchmarks.runs import machine
from caravan.trade import taxes
from caravan.trade.taxes import Compiled, Consignments, Kind, Route, Ware

_LINES = 3
_ROUNDS = 5
_DAY = "2026-11-28"
_CODES = ("", "610910", "640399", "650500", "950300", "851713")
_RATES_E9 = {"EUR": 10**9, "USD": 1_082_500_000, "GBP": 837_000_000, "CAD": 1_520_000_000, "AUD": 1_650_000_000,
             "JPY": 1_632_700_000, "CNY": 7_800_000_000, "BRL": 5_900_000_000}  # Of minor units: yen have none.  # fmt: skip


def _into(amount: int, currency: str) -> int | None:
    return amount * _RATES_E9[currency] // 10**9 if currency in _RATES_E9 else None


def _back(amount: int, currency: str) -> int | None:
    return amount * 10**9 // _RATES_E9[currency] if currency in _RATES_E9 else None


def run(consignments: int, *, seed: int = 1) -> dict[str, object]:
    """Assess so many consignments of three lines both ways; give microseconds for each, the best of five rounds."""
    table, dice = taxes.read_table(taxes.shipped()), random.Random(seed)
    drawn = _drawn(table, dice, consignments)
    read_at = time.perf_counter()
    read = [taxes.assess(table, wares, route, convert=_into, convert_back=_back) for wares, route in drawn]
    read_s = time.perf_counter() - read_at
    compiled = Compiled(table, convert=_into, convert_back=_back)
    laid_s, pass_s = [], []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        wanted = _columns(compiled, drawn)
        laid = time.perf_counter()
        found, amounts = compiled.assess(wanted)
        laid_s.append(laid - began)
        pass_s.append(time.perf_counter() - laid)
    assert _said(table, found, amounts, consignments) == read, "Both say the same."
    each = 1e6 / consignments
    return {
        "benchmark": "taxes", "machine": machine(), "consignments": consignments, "lines": _LINES, "seed": seed,
        "rules": len(table.rules), "parts": sum(map(len, read)), "read_us": round(read_s * each, 2),
        "compiled_us": round(min(pass_s) * each, 3), "laid_out_us": round(min(laid_s) * each, 2),
        "times_faster": round(read_s / min(pass_s), 1),
    }  # fmt: skip


def _drawn(table: taxes.Table, dice: random.Random, consignments: int) -> list[tuple[list[Ware], Route]]:
    places = sorted({(rule.country, rule.region) for rule in table.rules if rule.country != "*"})
    drawn = []
    for _ in range(consignments):
        wares = [
            Ware(
                line, "Clothing/Hats", dice.choice(_CODES), dice.choice(["CN", "PT", "US"]),
                dice.choice(["standard", "standard", "reduced"]), dice.randrange(100, 30_000), dice.randrange(0, 900),
            )
            for line in range(_LINES)
        ]  # fmt: skip
        country, region = dice.choice(places)
        drawn.append((wares, Route(country, region, dice.choice(["PT", country]), dice.choice(["PT", country]), _DAY)))
    return drawn


def _columns(compiled: Compiled, drawn: list[tuple[list[Ware], Route]]) -> Consignments:
    wares = [ware for of_one, _ in drawn for ware in of_one]
    return Consignments(
        np.arange(len(drawn) + 1) * _LINES, np.array([compiled.route(route) for _, route in drawn]),
        np.array([compiled.kind(Kind(one.category, one.hs_code, one.origin, one.tax_class)) for one in wares]),
        np.array([one.goods_minor for one in wares]), np.array([one.shipping_minor for one in wares]),
    )  # fmt: skip


def _said(table: taxes.Table, found: np.ndarray, amounts: np.ndarray, consignments: int) -> list[list[taxes.Part]]:
    said: list[list[taxes.Part]] = [[] for _ in range(consignments)]
    lines, groups = np.nonzero(found >= 0)
    for line, group in zip(lines.tolist(), groups.tolist(), strict=True):
        part = taxes.Part(line % _LINES, table.rules[found[line, group]].id, int(amounts[line, group]))
        said[line // _LINES].append(part)
    return said
