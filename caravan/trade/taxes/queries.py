"""What you can ask taxes: what a product is, the parts of an order, an authority's account, and whether all holds."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from caravan.trade.taxes.model import Assessment, Classified, Part, Rule, Taxed, Taxes


class Line(NamedTuple):
    """A line of a remittance report: an authority's account in one currency, by levy and rule, over a period.

    `charged_minor` is what orders of the period were placed with, `due_minor` what was collected less what went back.
    """

    authority: str
    unit: int
    levy: str
    rule: str
    charged_minor: int
    collected_minor: int
    returned_minor: int
    corrected_minor: int
    remitted_minor: int

    @property
    def due_minor(self) -> int:
        """Give what the period leaves to be remitted."""
        return self.collected_minor - self.returned_minor - self.corrected_minor


def classified(taxes: Taxes, product: int) -> Classified:
    """Say what a product is to a tax office; of one that nobody classified, that it is of the standard class."""
    return taxes.products.get(product, Classified())


def rule_of(taxes: Taxes, version: int, rule: str) -> Rule:
    """Give a rule of a version."""
    return taxes.rules[version][rule]


def added(taxes: Taxes, assessment: Assessment | Taxed, parts: Sequence[Part]) -> int:
    """Give what parts add to the prices, to be paid with the order."""
    rules = taxes.rules[assessment.version]
    return sum(part.amount_minor for part in parts if rules[part.rule].is_added)


def authority_number(taxes: Taxes, authority: str) -> int:
    """Give the number that owns an authority's account in the ledger."""
    return taxes.authorities.index(authority)


def report(taxes: Taxes, *, since: int, until: int, canceled: frozenset[int], authority: str = "") -> list[Line]:
    """Give what was charged, collected, returned, corrected and remitted in a period; `canceled` orders were never charged."""
    sums: dict[tuple[str, int, str, str], dict[str, int]] = {}

    def count(key: tuple[str, int, str, str], what: str, amount: int) -> None:
        into = sums.setdefault(key, dict.fromkeys(("charged", "collected", "returned", "corrected", "remitted"), 0))
        into[what] += amount

    for taxed in taxes.orders.values():
        if not since <= taxed.placed_at < until or taxed.order in canceled:
            continue
        for part in taxed.parts:
            rule = taxes.rules[taxed.version][part.rule]
            if rule.remits == "marketplace":
                count((rule.authority, taxed.unit, rule.levy, rule.id), "charged", part.amount_minor)
    for moved in taxes.movements:
        if since <= moved.at < until:
            count((moved.authority, moved.unit, moved.levy, moved.rule), moved.what, moved.amount_minor)
    return [Line(*key, *amounts.values()) for key, amounts in sorted(sums.items()) if authority in {"", key[0]}]


def owed(taxes: Taxes) -> dict[tuple[str, int], int]:
    """Give what is owed to each authority in each currency by what is known here; the ledger has to say the same."""
    sums: dict[tuple[str, int], int] = {}
    for moved in taxes.movements:
        sign = 1 if moved.what == "collected" else -1
        key = (moved.authority, moved.unit)
        sums[key] = sums.get(key, 0) + sign * moved.amount_minor
    return sums


def findings(taxes: Taxes) -> Iterator[str]:
    """Check that no more of a tax went back, or is kept, than was charged; give a sentence for each that does not hold."""
    for taxed in taxes.orders.values():
        for part, back, kept in zip(taxed.parts, taxed.returned, taxed.collected, strict=True):
            if not 0 <= back <= part.amount_minor:
                yield f"Order {taxed.order}: {back} of {part.amount_minor} went back of {part.rule}."
            if not 0 <= kept <= part.amount_minor:
                yield f"Order {taxed.order}: {kept} of {part.amount_minor} is kept of {part.rule}."
