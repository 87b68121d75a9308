"""Assessing: what taxes and duties a consignment meets, line by line. Pure: wares, a route and a table in, parts out."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from caravan.kernel.money import allocate
from caravan.trade.taxes.model import Part, Rule, Side, Table

_MILLION = 10**6
_FEW = 16
_HEADING_DIGITS = 6  # What customs call a heading here is the part of the HS code that all countries share.
_LEVIES = ("duty", "import", "sale")  # A tax on an import is on the duty too, so the duty comes first.

# Gives an amount of the order's currency in another, or back; None where there is no rate.
Convert = Callable[[int, str], int | None]


class Ware(NamedTuple):
    """A line as a tax office sees it. `goods_minor` is the price of all its units; `_off` is what a coupon takes off."""

    line: int
    category: str
    hs_code: str
    origin: str
    tax_class: str
    goods_minor: int
    shipping_minor: int
    goods_off_minor: int = 0
    shipping_off_minor: int = 0


class Route(NamedTuple):
    """Where a consignment goes, from where, by whom it is sold, on which day (2026-11-28), and who gave the coupon, if any."""

    country: str
    region: str
    ships_from: str
    seller_country: str
    day: str
    coupon_of: Literal["", "seller", "operator"] = ""


def assess(table: Table, wares: Sequence[Ware], route: Route, *, convert: Convert, convert_back: Convert) -> list[Part]:
    """Give all parts of one consignment: the goods of one seller that travel together.

    A bound in a currency that there is no rate for is taken to be passed: then the border decides, not we.
    """
    parts: list[Part] = []
    duties = dict.fromkeys((ware.line for ware in wares), 0)
    for levy in _LEVIES:
        for layer in dict.fromkeys(rule.layer for rule in table.rules if rule.levy == levy):
            found = _met(table, wares, route, levy=levy, layer=layer, convert=convert)
            for rule, its in found.items():
                amounts = _amounts(rule, its, duties, route.coupon_of, convert_back)
                parts += [Part(ware.line, rule.id, amount) for ware, amount in zip(its, amounts, strict=True)]
                if levy == "duty":
                    for ware, amount in zip(its, amounts, strict=True):
                        duties[ware.line] += amount
    return sorted(parts, key=lambda part: part.line)


def fee_rule(table: Table, *, seller_country: str, day: str) -> Rule | None:
    """Give the rule of the tax on the operator's fee for sellers of a country."""
    for rule in table.rules:
        if rule.levy == "fee" and rule.country in {seller_country, "*"} and _is_in_force(rule, day):
            return rule
    return None


def _met(
    table: Table, wares: Sequence[Ware], route: Route, *, levy: str, layer: str, convert: Convert
) -> dict[Rule, list[Ware]]:
    """Give the wares that each rule meets: for each ware the first rule of its levy and layer."""
    found: dict[Rule, list[Ware]] = {}
    whole = sum(ware.goods_minor for ware in wares)
    lower = whole - sum(ware.goods_off_minor for ware in wares)
    candidates = [
        rule for rule in table.rules
        if rule.levy == levy and rule.layer == layer and is_of_route(table, rule, route)
        and _is_within(rule, lower if _is_lowered(rule, route.coupon_of) else whole, convert)
    ]  # fmt: skip
    for ware in wares:
        rule = next((one for one in candidates if _meets(one, ware)), None)
        if rule is not None:
            found.setdefault(rule, []).append(ware)
    return found


def _is_lowered(rule: Rule, coupon_of: str) -> bool:
    """Tell whether what this rule taxes is less by a coupon: who sells gave it, or the rule asks not who did."""
    return bool(coupon_of) and rule.coupons in {coupon_of, "any"}


def is_of_route(table: Table, rule: Rule, route: Route) -> bool:
    """Tell whether a rule is of a place, a side of the border, and a day, whatever the goods are."""
    return (
        rule.country == route.country
        and rule.region in {"", route.region}
        and _is_on_side(table, rule.ships, route.ships_from, route.country)
        and _is_on_side(table, rule.seller, route.seller_country, route.country)
        and _is_in_force(rule, route.day)
    )


def _is_on_side(table: Table, side: Side, country: str, destination: str) -> bool:
    if side == "any":
        return True
    is_inside = country == destination or any(country in area and destination in area for area in table.areas.values())
    return is_inside == (side == "inside")


def _is_in_force(rule: Rule, day: str) -> bool:
    return (rule.valid_from or day) <= day <= (rule.valid_until or day)


def _is_within(rule: Rule, value: int, convert: Convert) -> bool:
    if not rule.over_minor and not rule.up_to_minor:
        return True
    worth = convert(value, rule.currency)
    if worth is None:
        return not rule.up_to_minor
    return worth > rule.over_minor and (not rule.up_to_minor or worth <= rule.up_to_minor)


def _meets(rule: Rule, ware: Ware) -> bool:
    return (
        rule.tax_class in {"", ware.tax_class}
        and (not rule.category or f"{ware.category}/".startswith(f"{rule.category}/"))
        and (not rule.hs or begins_so(rule.hs, ware.hs_code))
        and (not rule.origin or ware.origin in rule.origin)
    )


def begins_so(beginnings: tuple[str, ...], code: str) -> bool:
    """Tell whether an HS code begins with any of these; a tariff has thousands of them."""
    if len(beginnings) <= _FEW:
        return any(code.startswith(one) for one in beginnings)
    known = _set_of(beginnings)
    return any(code[:length] in known for length in range(1, len(code) + 1))


@lru_cache(maxsize=2_048)
def _set_of(beginnings: tuple[str, ...]) -> frozenset[str]:
    return frozenset(beginnings)


def _amounts(
    rule: Rule, wares: Sequence[Ware], duties: dict[int, int], coupon_of: str, convert_back: Convert
) -> list[int]:
    """Give what a rule comes to on each ware it meets: reckoned and rounded once for all, then shared out."""
    off = int(_is_lowered(rule, coupon_of))
    bases = [
        ware.goods_minor - off * ware.goods_off_minor
        + (ware.shipping_minor - off * ware.shipping_off_minor if rule.on_shipping else 0)
        + (duties[ware.line] if rule.on_duty or rule.levy == "import" else 0)
        for ware in wares
    ]  # fmt: skip
    whole = _taxed(rule, sum(bases))
    if rule.deduct_minor:
        whole = max(0, whole - (convert_back(rule.deduct_minor, rule.currency) or 0))
    shares = allocate(whole, bases) if sum(bases) else [0] * len(bases)
    if rule.fixed_minor:
        each = convert_back(rule.fixed_minor, rule.currency) or 0
        seen: set[str] = set()
        for place, ware in enumerate(wares):
            heading = ware.hs_code[:_HEADING_DIGITS]
            shares[place] += 0 if heading in seen else each
            seen.add(heading)
    return shares


def _taxed(rule: Rule, base: int) -> int:
    rate = rule.rate_per_million
    if rule.is_included:
        return _half_up(base * rate, _MILLION + rate)
    return _half_up(base * rate, _MILLION - rate if rule.is_grossed_up else _MILLION)


def _half_up(above: int, below: int) -> int:
    return (2 * above + below) // (2 * below)
