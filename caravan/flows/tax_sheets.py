"""Sheets: what the taxes of thousands of baskets are, in columns; assessed by one compiled pass, frozen in one section."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from caravan.cell import Ragged, Section, section
from caravan.events.taxes import OrderTaxed
from caravan.flows.baskets import Baskets
from caravan.flows.house import House, integers
from caravan.flows.judgment import Lines
from caravan.kernel.clock import Instant, iso
from caravan.kernel.money import numeric
from caravan.trade import exchange, taxes

_DAY_CHARACTERS = 10


@dataclass(frozen=True)
class Sheet(Sequence[taxes.Assessment | None]):
    """Assessments of baskets in columns, and one by one where somebody asks for one.

    `found` and `amounts` are int64 [m, g]: of each line, in each levy and layer, the rule (its place in the table, -1 for
    none) and what it comes to. `places` are the numbers of `where`, -1 for baskets of which nobody knows where they go.
    """

    version: int
    rules: tuple[taxes.Rule, ...]
    starts: np.ndarray  # int64 [n + 1]: a basket's lines
    places: np.ndarray
    where: list[tuple[str, str]]
    found: np.ndarray
    amounts: np.ndarray

    def __len__(self) -> int:
        """Give the number of baskets."""
        return len(self.places)

    def __getitem__(self, row: int) -> taxes.Assessment | None:  # type: ignore[override]  # One at a time.
        """Give the assessment of a basket; None where nobody knows where it goes."""
        if self.places[row] < 0:
            return None
        country, region = self.where[int(self.places[row])]
        span = slice(int(self.starts[row]), int(self.starts[row + 1]))
        lines, groups = np.nonzero(self.found[span] >= 0)
        found, amounts = self.found[span][lines, groups].tolist(), self.amounts[span][lines, groups].tolist()
        parts = [
            taxes.Part(line, self.rules[rule].id, amount)
            for line, rule, amount in zip(lines.tolist(), found, amounts, strict=True)
        ]
        return taxes.Assessment(self.version, country, region, parts)

    def __iter__(self) -> Iterator[taxes.Assessment | None]:
        """Give the assessments one by one."""
        return (self[row] for row in range(len(self)))

    def summed(self, counts: Callable[[taxes.Rule], bool]) -> np.ndarray:
        """Give what the rules that count come to on each line; int64 [m]."""
        # The last one stands for no rule, which is -1.
        is_counted = np.array([*(counts(rule) for rule in self.rules), False], np.bool_)
        sums: np.ndarray = np.where(is_counted[self.found], self.amounts, 0).sum(axis=1)
        return sums


class _Ways(NamedTuple):
    """How each line that can be assessed travels; int64 [k], of the lines at `lines`."""

    lines: np.ndarray
    rows: np.ndarray
    seller: np.ndarray
    country_from: np.ndarray
    route: np.ndarray
    kind: np.ndarray


def assess_all(house: House, baskets: Baskets, *, unit: int, now: Instant) -> Sheet | None:
    """Assess baskets at catalog prices by where they go; their lines stand in their order.

    None where the table, or a line, reckons with more than the compiled pass can.
    """
    compiled = _compiled(house, unit, now)
    goods = baskets.unit_prices * baskets.quantities
    if not compiled.is_small or not _is_small(goods, baskets):
        return None
    addresses, place_of = np.unique(baskets.addresses, return_inverse=True)
    where = [_where(house, address) for address in addresses.tolist()]
    is_known = np.array([bool(country) for country, _ in where], np.bool_)
    places = np.where(is_known[place_of], place_of, -1)
    ways = _ways(house, baskets, compiled, places, where, iso(now)[:_DAY_CHARACTERS])
    starts = np.searchsorted(baskets.rows, np.arange(len(baskets) + 1))
    shape = (len(baskets.rows), len(compiled.groups))
    found, amounts = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
    order, offsets = taxes.by_consignment([ways.rows, ways.seller, ways.country_from])
    chosen = ways.lines[order]
    if len(chosen):
        wanted = taxes.Consignments(
            offsets, ways.route[order][offsets[:-1]], ways.kind[order], goods[chosen], baskets.shipping[chosen]
        )
        found[chosen], amounts[chosen] = compiled.assess(wanted)
    return Sheet(len(house.taxes.tables), compiled.rules, starts, places, where, found, amounts)


def _is_small(goods: np.ndarray, baskets: Baskets) -> bool:
    worth = np.abs(goods.astype(np.float64)) + np.abs(baskets.shipping)
    return bool(
        (goods >= 0).all()
        and (baskets.shipping >= 0).all()
        and (np.bincount(baskets.rows, worth, len(baskets)) <= taxes.WORTH_MINOR_MAX).all()
    )


def _where(house: House, address: int) -> tuple[str, str]:
    known = house.identity.addresses
    if not 0 < address < len(known):
        return "", ""
    return known[address].country, house.taxes.regions.get(address, "")


def _compiled(house: House, unit: int, now: Instant) -> taxes.Compiled:
    """Give the table of now, compiled at the rates of now; made anew when either changes, and every day."""
    key = (len(house.taxes.tables), unit, iso(now)[:_DAY_CHARACTERS], tuple(sorted(house.exchange.rates.items())))
    if house.taxes.compiled is None or house.taxes.compiled[0] != key:
        table = house.taxes.now
        assert table is not None
        made = taxes.Compiled(
            table, convert=lambda amount, currency: worth(house, amount, unit=unit, into=numeric(currency)),
            convert_back=lambda amount, currency: worth(house, amount, unit=numeric(currency), into=unit),
        )  # fmt: skip
        house.taxes.compiled = key, made
    return house.taxes.compiled[1]


def worth(house: House, amount: int, *, unit: int, into: int) -> int | None:
    """Give what an amount is in another currency by the rate alone; None without a rate."""
    converted = exchange.convert(house.exchange, amount, unit=unit, into=into)
    return converted.mid_minor if converted else None


def _ways(
    house: House, baskets: Baskets, compiled: taxes.Compiled, places: np.ndarray, where: list[tuple[str, str]], day: str
) -> _Ways:
    """Find out how lines travel: what is asked of a seller, a location, a product or an address is asked once."""
    table = house.catalog.listings
    lines = np.flatnonzero((baskets.listings > 0) & (baskets.listings < len(table)) & (places[baskets.rows] >= 0))
    rows, listings = baskets.rows[lines], baskets.listings[lines]
    seller = table.seller[listings].astype(np.int64)
    location = np.where(baskets.locations[lines] > 0, baskets.locations[lines], table.location[listings])
    countries: dict[str, int] = {}

    def coded(values: np.ndarray, country_of: Callable[[int], str]) -> np.ndarray:
        distinct, at = np.unique(values, return_inverse=True)
        codes = [countries.setdefault(country_of(one), len(countries)) for one in distinct.tolist()]
        return integers(codes)[at]

    sellers, locations = house.partners.sellers, house.partners.locations
    from_where = coded(location, lambda one: locations[one].country)
    of_seller = coded(seller, lambda one: sellers[one].country)
    names = list(countries)
    packed = (places[rows] * len(names) + from_where) * len(names) + of_seller if names else rows
    distinct, at = np.unique(packed, return_inverse=True)
    routes = []
    for one in distinct.tolist():
        rest, seller_country = divmod(one, len(names))
        place, ships_from = divmod(rest, len(names))
        country, region = where[place]
        routes.append(compiled.route(taxes.Route(country, region, names[ships_from], names[seller_country], day)))
    known, kind_of = np.unique(listings, return_inverse=True)
    kinds = integers([compiled.kind(_kind(house, one)) for one in known.tolist()])[kind_of] if len(known) else rows
    return _Ways(lines, rows, seller, from_where, integers(routes)[at] if routes else rows, kinds)


def _kind(house: House, listing: int) -> taxes.Kind:
    product = house.catalog.skus[int(house.catalog.listings.sku[listing])].product
    known = taxes.classified(house.taxes, product)
    return taxes.Kind(house.catalog.products[product].category, known.hs_code, known.origin, known.tax_class)


def frozen(
    house: House, baskets: Baskets, lines: Lines, sheet: Sheet, by_seller: np.ndarray, placed: np.ndarray,
    fee_rule_of: Callable[[int], str],
) -> list[Section]:  # fmt: skip
    """Freeze the taxes of the orders that baskets became, in columns.

    `by_seller` brings lines of baskets into the order of those of orders; `fee_rule_of` names the rule of the tax on the fee
    of a seller. That an order met no rule of a version is a fact too; of one that nobody knows anything of, there is none.
    """
    counts = np.diff(lines.order_offsets)
    row_of = np.repeat(np.arange(len(baskets)), counts)  # of orders, as they stand in their baskets
    fee_rules = {seller: fee_rule_of(seller) for seller in set(lines.order_sellers.tolist())}
    fees = [fee_rules[seller] for seller in lines.order_sellers.tolist()]
    is_told = (placed[row_of] > 0) & ((sheet.places[row_of] >= 0) | np.array([bool(one) for one in fees], np.bool_))
    chosen = np.flatnonzero(is_told)
    if not len(chosen):
        return []
    order_of = np.repeat(np.arange(len(row_of)), lines.line_counts)
    firsts = np.cumsum(lines.line_counts) - lines.line_counts
    spots, groups = np.nonzero(sheet.found[by_seller] >= 0)
    spots, groups = spots[is_told[order_of[spots]]], groups[is_told[order_of[spots]]]
    of_part = order_of[spots]
    rules = sheet.found[by_seller][spots, groups]
    ends = np.searchsorted(of_part, chosen, side="right")
    offsets = np.append([0], ends).astype(np.int32)
    names = [rule.id for rule in sheet.rules]
    rows = row_of[chosen]
    wheres = [sheet.where[place] if place >= 0 else ("", "") for place in sheet.places[rows].tolist()]
    first_orders = house.orders.purchases.first_order[placed[rows]]
    return [
        section(
            OrderTaxed, at=baskets.at[rows], order=first_orders + chosen - lines.order_offsets[rows],
            unit=baskets.units[rows], version=np.full(len(chosen), sheet.version, np.int64),
            country=[country for country, _ in wheres], region=[region for _, region in wheres],
            fee_rule=[fees[place] for place in chosen.tolist()],
            lines=Ragged(offsets, spots - firsts[of_part]), rules=Ragged(offsets, np.array(names)[rules].tolist()),
            amounts_minor=Ragged(offsets, sheet.amounts[by_seller][spots, groups]),
        )
    ]  # fmt: skip
