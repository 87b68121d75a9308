"""Reading: a table of tax rules out of YAML; each fault is told with its row, its field and its reason."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib import resources
from typing import Any, NamedTuple, get_args

import yaml

from caravan.kernel.errors import Invalid
from caravan.kernel.money import AMOUNT_MAX, CURRENCIES, parse
from caravan.trade.taxes.commands import CLASSES
from caravan.trade.taxes.model import Authority, Levy, Lowering, Remitter, Rule, Side, Table

FILE_BYTES_MAX = 2**20
RULES_MAX = 2_000
SHIPPED = "ten-countries.yaml"
_FAULTS_MAX = 50
_COUNTRY = re.compile(r"^[A-Z]{2}$")
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{1,39}$")
_CODE = re.compile(r"^[A-Z0-9-]{2,12}$")
_URL = re.compile(r"^https?://\S{4,300}$")
_MILLION, _PERCENT = 10**6, 10**4
_TOP = ("name", "as_of", "areas", "authorities", "rules")
_NEEDED = ("id", "name", "country", "levy", "authority", "remits", "source", "as_of")
_TEXTS = ("layer", "category")
_FLAGS = {
    "included": "is_included",
    "grossed_up": "is_grossed_up",
    "on_shipping": "",
    "on_duty": "",
    "unknown": "is_unknown",
}
_KNOWN = {
    *_NEEDED, *_TEXTS, *_FLAGS, "region", "class", "hs", "origin", "ships", "seller", "rate", "fixed", "deduct",
    "currency", "over", "up_to", "coupons", "valid_from", "valid_until",
}  # fmt: skip
_AMOUNTS = {"fixed": "fixed_minor", "deduct": "deduct_minor", "over": "over_minor", "up_to": "up_to_minor"}


# A tariff makes a table of thousands of codes, which libyaml reads ten times as fast, where it is there.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TaxFault(NamedTuple):
    """What is wrong with a table: in which row (a rule's place from 1; 0: the file), in which field, and why."""

    row: int
    field: str
    reason: str

    def __str__(self) -> str:
        """Tell it in one line."""
        return f"row {self.row}, {self.field}: {self.reason}"


class WrongTaxRules(Invalid):
    """A table of tax rules is wrong; each fault is named with its row and field."""

    def __init__(self, faults: Sequence[TaxFault] = ()) -> None:
        told = list(faults)[:_FAULTS_MAX]
        super().__init__("\n".join(str(fault) for fault in told), faults=[fault._asdict() for fault in told])
        self.faults = told


def shipped() -> str:
    """Give the table that comes with Caravan, as it is written."""
    return (resources.files("caravan.trade.taxes") / "shipped" / SHIPPED).read_text(encoding="utf-8")


def read_table(text: str) -> Table:
    """Read a table. Raises WrongTaxRules with all that is wrong with it."""
    read = parsed(text)
    faults = [TaxFault(0, name, "is no field of a table") for name in read if name not in _TOP]
    rows: Any = read.get("rules")
    authorities: Any = read.get("authorities")
    areas: Any = read.get("areas", {})
    if not isinstance(rows, list) or not 0 < len(rows) <= RULES_MAX:
        faults.append(TaxFault(0, "rules", f"is a list of 1 to {RULES_MAX} rules"))
        rows = []
    faults += _faults_of_names(authorities, areas)
    for field in ("name", "as_of"):
        if not isinstance(read.get(field), str | date):
            faults.append(TaxFault(0, field, "is needed"))
    if faults:
        raise WrongTaxRules(faults)
    codes = {str(one["code"]) for one in authorities}
    rules: list[Rule] = []
    for place, row in enumerate(rows, 1):
        found = list(_faults_of(row, place, codes, {rule.id for rule in rules}))
        faults += found
        if not found:
            rules.append(_rule(row))
    if faults:
        raise WrongTaxRules(faults)
    return Table(
        name=str(read["name"])[:80], as_of=str(read["as_of"])[:10],
        areas={name: tuple(countries) for name, countries in areas.items()},
        authorities=tuple(Authority(str(one["code"]), str(one["name"])[:80]) for one in authorities),
        rules=tuple(rules),
    )  # fmt: skip


def parsed(text: str) -> dict[str, Any]:
    """Give a table as it is written, unchecked. Raises WrongTaxRules where it is none."""
    if len(text.encode()) > FILE_BYTES_MAX:
        raise WrongTaxRules([TaxFault(0, "file", f"has at most {FILE_BYTES_MAX} bytes")])
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader)):
            raise WrongTaxRules([TaxFault(0, "file", "uses *aliases: write each part out")])
        read = yaml.load(text, Loader=_Strings)  # noqa: S506 - A safe loader, less the guessing.
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise WrongTaxRules([TaxFault(0, "file", f"is no YAML: {str(error).splitlines()[0][:120]}")]) from None
    if not isinstance(read, dict):
        raise WrongTaxRules([TaxFault(0, "file", "holds no table")])
    return {str(name): value for name, value in read.items()}


class _Strings(_Loader):  # type: ignore[misc,valid-type]  # It ships no types.
    """A safe loader that leaves NO, 1.10 and 2026-11-28 as they are written: Norway is no false."""


_Strings.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:bool" and first in "tf"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _faults_of_names(authorities: object, areas: object) -> Iterator[TaxFault]:
    if not isinstance(authorities, list) or not all(
        isinstance(one, dict) and _CODE.match(str(one.get("code", ""))) and one.get("name") for one in authorities
    ):
        yield TaxFault(0, "authorities", "is a list of {code: DE, name: …}")
    if not isinstance(areas, dict) or not all(
        isinstance(countries, list) and all(_COUNTRY.match(str(one)) for one in countries)
        for countries in areas.values()
    ):
        yield TaxFault(0, "areas", "are names of customs areas with lists of countries")


def _faults_of(row: object, place: int, authorities: set[str], seen: set[str]) -> Iterator[TaxFault]:
    """Give all that is wrong with a rule."""
    if not isinstance(row, dict):
        yield TaxFault(place, "rule", "is no mapping")
        return
    yield from (TaxFault(place, str(name), "is no field of a rule") for name in row if name not in _KNOWN)
    yield from (TaxFault(place, name, "is needed") for name in _NEEDED if not row.get(name))
    checks = (
        ("id", _NAME.match(str(row.get("id", ""))), "has 2 to 40 small letters, digits and hyphens"),
        ("id", str(row.get("id", "")) not in seen, "stands here a second time"),
        ("country", _is_country(row), "is two letters; * only of a levy on fees"),
        ("levy", row.get("levy") in get_args(Levy), f"is one of {', '.join(get_args(Levy))}"),
        ("authority", str(row.get("authority", "")) in authorities, "is none of the authorities above"),
        ("remits", row.get("remits") in get_args(Remitter), f"is one of {', '.join(get_args(Remitter))}"),
        ("source", _URL.match(str(row.get("source", ""))), "is the address of whoever says so"),
        ("region", _CODE.match(f"{row.get('region', '')}--"), "is a code such as CA"),
        ("class", row.get("class", "standard") in CLASSES, f"is one of {', '.join(CLASSES)}"),
        ("ships", row.get("ships", "any") in get_args(Side), f"is one of {', '.join(get_args(Side))}"),
        ("seller", row.get("seller", "any") in get_args(Side), f"is one of {', '.join(get_args(Side))}"),
        ("coupons", row.get("coupons", "seller") in get_args(Lowering), f"is one of {', '.join(get_args(Lowering))}"),
        ("hs", all(one.isdecimal() for one in _texts(row, "hs")), "is a list of beginnings of HS codes, in quotes"),
        ("origin", all(_COUNTRY.match(one) for one in _texts(row, "origin")), "is a list of countries"),
        ("rate", _rate(row) is not None, "is a percentage from 0 to below 100, with at most four digits after the point"),
        ("rate", row.get("levy") != "fee" or not (_rate(row) or 0) % 100, "has at most two digits after the point on a fee"),
        ("currency", row.get("currency", "EUR") in CURRENCIES, "is a currency such as EUR"),
        ("included", row.get("levy") == "sale" or not row.get("included"), "can only be a tax on the sale"),
        ("included", row.get("remits") != "buyer" or not row.get("included"), "is not what a buyer pays at the border"),
        ("valid_until", str(row.get("valid_from", "")) <= str(row.get("valid_until", "9999")), "is before valid_from"),
    )  # fmt: skip
    yield from (TaxFault(place, field, reason) for field, is_so, reason in checks if not is_so)
    for field in ("as_of", "valid_from", "valid_until"):
        if row.get(field) and not _is_day(str(row[field])):
            yield TaxFault(place, field, "is a day such as 2026-11-28")
    for field in _FLAGS:
        if not isinstance(row.get(field, False), bool):
            yield TaxFault(place, field, "is true or false")
    yield from _faults_of_amounts(row, place)


def _is_country(row: dict[str, Any]) -> bool:
    country = str(row.get("country", ""))
    return bool(_COUNTRY.match(country)) or (country == "*" and row.get("levy") == "fee")


def _faults_of_amounts(row: dict[str, Any], place: int) -> Iterator[TaxFault]:
    for field in _AMOUNTS:
        if field not in row:
            continue
        if row.get("currency") not in CURRENCIES:
            yield TaxFault(place, field, "needs a currency")
        elif _minor(row, field) is None:
            yield TaxFault(place, field, f"is an amount of {row['currency']} in its digits")


def _texts(row: dict[str, Any], field: str) -> list[str]:
    value = row.get(field, [])
    return [str(one) for one in value] if isinstance(value, list) else ["?"]


def _rate(row: dict[str, Any]) -> int | None:
    try:
        rate = Decimal(str(row.get("rate", "0"))) * _PERCENT
    except InvalidOperation:
        return None
    return int(rate) if rate.is_finite() and 0 <= rate < _MILLION and rate == rate.to_integral_value() else None


def _minor(row: dict[str, Any], field: str) -> int | None:
    try:
        amount = parse(str(row[field]), str(row["currency"])).amount
    except Invalid:
        return None
    return amount if 0 <= amount <= AMOUNT_MAX else None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _rule(row: dict[str, Any]) -> Rule:
    amounts: dict[str, Any] = {name: _minor(row, field) or 0 for field, name in _AMOUNTS.items() if field in row}
    flags: dict[str, Any] = {name or field: row[field] for field, name in _FLAGS.items() if field in row}
    texts: dict[str, Any] = {
        field: str(row[field]) for field in (*_NEEDED, *_TEXTS, "region", "valid_from", "valid_until") if field in row
    }
    return Rule(
        **texts, **amounts, **flags, tax_class=str(row.get("class", "")), hs=tuple(_texts(row, "hs")),
        origin=tuple(_texts(row, "origin")), ships=row.get("ships", "any"), seller=row.get("seller", "any"), coupons=row.get("coupons", "seller"),
        rate_per_million=_rate(row) or 0, currency=str(row.get("currency", "")),
    )  # fmt: skip
