"""Assessing thousands of consignments at once: the rules of a table in arrays, and one compiled pass over their lines.

To the minor unit, it gives what `assess` gives, which stays the rule that is read; a test holds them against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from caravan.trade.taxes.assessing import Convert, Route, begins_so, is_of_route
from caravan.trade.taxes.model import Rule, Table

# A consignment worth more than this, and a table that reckons with more than that, are left to `assess`: 64 bits hold
# no product of two larger amounts.
WORTH_MINOR_MAX: Final = 2 * 10**8
_FIXED_MINOR_MAX, _GROSSED_UP_MAX, _DUTY_LAYERS_MAX = 10**6, 900_000, 1
_HEADING_DIGITS = 6
_LEVIES = ("duty", "import", "sale")
_ANY: Final = 2**62
_RATE, _BELOW, _FIXED, _DEDUCT, _LOW, _HIGH, _ON_SHIPPING, _ON_DUTY, _IS_DUTY = range(9)


class Kind(NamedTuple):
    """What decides which rules meet a line, whatever it costs."""

    category: str
    hs_code: str
    origin: str
    tax_class: str


@dataclass(frozen=True)
class Consignments:
    """Lines by consignment, all int64: consignment i has those from offsets[i] on, and goes by `routes[i]`.

    `kinds` are places of kinds, `routes` of routes, as `Compiled` numbers them.
    """

    offsets: np.ndarray
    routes: np.ndarray
    kinds: np.ndarray
    goods_minor: np.ndarray
    shipping_minor: np.ndarray


class Compiled:
    """A table as arrays, in the currency that `convert` is from and `convert_back` into. It learns routes and kinds as they come."""

    def __init__(self, table: Table, *, convert: Convert, convert_back: Convert) -> None:
        self.table, self.rules = table, table.rules
        layers = [
            (levy, layer) for levy in _LEVIES for layer in dict.fromkeys(r.layer for r in table.rules if r.levy == levy)
        ]
        self.groups = layers
        self._group_of = [layers.index((r.levy, r.layer)) if r.levy in _LEVIES else -1 for r in table.rules]
        self._numbers = np.array([_numbers_of(rule, convert, convert_back) for rule in table.rules], np.int64)
        self.is_small = bool(
            (self._numbers[:, [_FIXED, _DEDUCT]] <= _FIXED_MINOR_MAX).all()
            and all(rule.rate_per_million <= _GROSSED_UP_MAX for rule in table.rules if rule.is_grossed_up)
            and sum(levy == "duty" for levy, _ in layers) <= _DUTY_LAYERS_MAX
        )
        self._routes: dict[Route, int] = {}
        self._kinds: dict[Kind, int] = {}
        self._headings: dict[str, int] = {}
        self._starts, self._candidates = [0], list[int]()
        self._meets = np.zeros((16, len(table.rules)), np.bool_)
        self._heading_of = np.zeros(16, np.int64)

    def route(self, route: Route) -> int:
        """Give the number of a route."""
        if route not in self._routes:
            self._routes[route] = len(self._routes)
            for group in range(len(self.groups)):
                self._candidates += [
                    place for place, rule in enumerate(self.rules)
                    if self._group_of[place] == group and is_of_route(self.table, rule, route)
                ]  # fmt: skip
                self._starts.append(len(self._candidates))
        return self._routes[route]

    def kind(self, kind: Kind) -> int:
        """Give the number of a kind of goods."""
        number = self._kinds.get(kind)
        if number is not None:
            return number
        number = self._kinds[kind] = len(self._kinds)
        if number == len(self._meets):
            self._meets = np.concatenate([self._meets, np.zeros_like(self._meets)])
            self._heading_of = np.concatenate([self._heading_of, np.zeros_like(self._heading_of)])
        self._meets[number] = [_meets(rule, kind) for rule in self.rules]
        heading = kind.hs_code[:_HEADING_DIGITS]
        self._heading_of[number] = self._headings.setdefault(heading, len(self._headings))
        return number

    def assess(self, wanted: Consignments) -> tuple[np.ndarray, np.ndarray]:
        """Give the rule (its place in the table, -1 for none) and amount of each line in each levy and layer; int64 [m, g]."""
        shape = (len(wanted.kinds), len(self.groups))
        found, amounts = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
        _assess(
            wanted.offsets, wanted.routes, wanted.kinds, wanted.goods_minor, wanted.shipping_minor,
            np.array(self._starts, np.int64), np.array(self._candidates or [0], np.int64), self._meets, self._heading_of,
            self._numbers, found, amounts,
        )  # fmt: skip
        return found, amounts

    def place_of(self, rule: str) -> tuple[int, int]:
        """Give a rule's place in the table, and that of its levy and layer."""
        for place, known in enumerate(self.rules):
            if known.id == rule:
                return place, self._group_of[place]
        raise KeyError(rule)


def warm() -> None:
    """Compile, or load what was compiled, so that the first order with taxes does not wait for it."""
    one, nothing = np.zeros(1, np.int64), np.zeros(0, np.int64)
    table = np.zeros((1, 9), np.int64)
    found, amounts = np.zeros((0, 1), np.int64), np.zeros((0, 1), np.int64)
    meets = np.zeros((1, 1), np.bool_)
    _assess(one, nothing, nothing, nothing, nothing, one, one, meets, one, table, found, amounts)


def _numbers_of(rule: Rule, convert: Convert, convert_back: Convert) -> list[int]:
    low, high = _bounds(rule, convert)
    million, rate = 10**6, rule.rate_per_million
    below = million + rate if rule.is_included else million - rate if rule.is_grossed_up else million
    fixed, deduct = (
        (convert_back(amount, rule.currency) or 0) if amount else 0 for amount in (rule.fixed_minor, rule.deduct_minor)
    )
    return [
        rate, below, fixed, deduct, low, high, int(rule.on_shipping), int(rule.on_duty or rule.levy == "import"),
        int(rule.levy == "duty"),
    ]  # fmt: skip


def _bounds(rule: Rule, convert: Convert) -> tuple[int, int]:
    """Give the least and the greatest worth that a rule meets, in the order's currency; what has no rate is passed."""
    if not rule.over_minor and not rule.up_to_minor:
        return 0, _ANY
    if convert(1, rule.currency) is None:
        return (1, 0) if rule.up_to_minor else (0, _ANY)
    low = _greatest(rule.over_minor, rule.currency, convert) + 1
    return low, _greatest(rule.up_to_minor, rule.currency, convert) if rule.up_to_minor else _ANY


def _greatest(bound: int, currency: str, convert: Convert) -> int:
    """Give the greatest amount that is worth at most a bound: more is never worth less."""
    least, most = 0, _ANY
    while least < most:
        middle = (least + most + 1) // 2
        if (convert(middle, currency) or 0) <= bound:
            least = middle
        else:
            most = middle - 1
    return least


def _meets(rule: Rule, kind: Kind) -> bool:
    return (
        rule.tax_class in {"", kind.tax_class}
        and (not rule.category or f"{kind.category}/".startswith(f"{rule.category}/"))
        and (not rule.hs or begins_so(rule.hs, kind.hs_code))
        and (not rule.origin or kind.origin in rule.origin)
    )


@njit(cache=True, nogil=True)
def _assess(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    offsets: np.ndarray, routes: np.ndarray, kinds: np.ndarray, goods: np.ndarray, shipping: np.ndarray,
    starts: np.ndarray, candidates: np.ndarray, meets: np.ndarray, heading_of: np.ndarray, rules: np.ndarray,
    found: np.ndarray, amounts: np.ndarray,
) -> None:  # fmt: skip
    """Fill in what each line meets, levy by levy: a tax on an import is on the duty too, so the duty comes first."""
    groups = found.shape[1]
    duties, bases = np.zeros(len(kinds), np.int64), np.zeros(len(kinds), np.int64)
    for consignment in range(len(routes)):
        first, last = offsets[consignment], offsets[consignment + 1]
        worth = goods[first:last].sum()
        for group in range(groups):
            place = routes[consignment] * groups + group
            for line in range(first, last):
                for at in range(starts[place], starts[place + 1]):
                    rule = candidates[at]
                    if rules[rule, _LOW] <= worth <= rules[rule, _HIGH] and meets[kinds[line], rule]:
                        found[line, group] = rule
                        break
            for line in range(first, last):
                rule = found[line, group]
                if rule >= 0 and not _stands_before(found, group, first, line):
                    _reckon(
                        line,
                        last,
                        group,
                        rules[rule],
                        kinds,
                        goods,
                        shipping,
                        heading_of,
                        duties,
                        bases,
                        found,
                        amounts,
                    )
            for line in range(first, last):
                if found[line, group] >= 0 and rules[found[line, group], _IS_DUTY]:
                    duties[line] += amounts[line, group]


@njit(cache=True, nogil=True)
def _stands_before(found: np.ndarray, group: int, first: int, line: int) -> bool:
    for other in range(first, line):  # noqa: SIM110 - Compiled, a loop is a loop.
        if found[other, group] == found[line, group]:
            return True
    return False


@njit(cache=True, nogil=True)
def _reckon(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    first: int, last: int, group: int, rule: np.ndarray, kinds: np.ndarray, goods: np.ndarray, shipping: np.ndarray,
    heading_of: np.ndarray, duties: np.ndarray, bases: np.ndarray, found: np.ndarray, amounts: np.ndarray,
) -> None:  # fmt: skip
    """Reckon and round a rule once for all lines that it meets, and share that out by what each is taxed on."""
    number, whole = found[first, group], 0
    for line in range(first, last):
        if found[line, group] == number:
            bases[line] = goods[line] + rule[_ON_SHIPPING] * shipping[line] + rule[_ON_DUTY] * duties[line]
            whole += bases[line]
    total, below = whole, rule[_BELOW]
    whole = max(0, (2 * total * rule[_RATE] + below) // (2 * below) - rule[_DEDUCT])
    if total:
        _share_out(first, last, group, whole, total, bases, found, amounts)
    if rule[_FIXED]:
        for line in range(first, last):
            if found[line, group] == number and not _has_heading(first, line, group, number, kinds, heading_of, found):
                amounts[line, group] += rule[_FIXED]


@njit(cache=True, nogil=True)
def _share_out(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    first: int, last: int, group: int, whole: int, total: int, bases: np.ndarray, found: np.ndarray, amounts: np.ndarray
) -> None:
    """Share an amount out by what each line is taxed on; the largest remainders get the rest, first first."""
    number, left = found[first, group], whole
    for line in range(first, last):
        if found[line, group] == number:
            amounts[line, group] = whole * bases[line] // total
            left -= amounts[line, group]
            bases[line] = whole * bases[line] % total  # From here on, what the division left over.
    while left > 0:
        best, most = -1, -1
        for line in range(first, last):
            if found[line, group] == number and bases[line] > most:
                best, most = line, bases[line]
        amounts[best, group] += 1
        bases[best] = -2
        left -= 1


@njit(cache=True, nogil=True)
def _has_heading(
    first: int, line: int, group: int, number: int, kinds: np.ndarray, heading_of: np.ndarray, found: np.ndarray
) -> bool:
    for other in range(first, line):
        if found[other, group] == number and heading_of[kinds[other]] == heading_of[kinds[line]]:
            return True
    return False


def by_consignment(keys: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Bring lines together that share all keys, in their order; give that order and where each consignment begins."""
    order = np.lexsort((np.arange(len(keys[0])), *reversed(keys)))
    is_new = np.zeros(len(order), np.bool_)
    for key in keys:
        sorted_key = key[order]
        is_new[1:] |= sorted_key[1:] != sorted_key[:-1]
    is_new[:1] = True
    return order, np.append(np.flatnonzero(is_new), len(order)).astype(np.int64)
