"""Official tariff files, made rules of: rates that are a share of the worth are taken, all others stay unknown, each with why."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

import yaml

from caravan.trade.taxes.reading import TaxFault, WrongTaxRules, parsed, read_table

TariffFormat = Literal["us-hts", "uk-tariff"]
TARIFF_BYTES_MAX, TARIFF_ROWS_MAX = 256 * 2**20, 500_000
_LENGTHS = (2, 4, 6, 8, 10)
_SHARE = re.compile(r"^(\d{1,3}(?:\.\d{1,4})?)\s*%$")
_FOOTNOTE = re.compile(r"\s*\d+/$")
_HUNDRED = 100
_STEP_ROWS = 5_000
# What the columns are called, in the export of hts.usitc.gov as CSV and as JSON.
_US_COLUMNS = {"code": ("HTS Number", "htsno"), "rate": ("General Rate of Duty", "general")}
_US_SPECIAL = ("98", "99")  # Provisions about goods that are classified elsewhere.
_UK_COLUMNS = {
    "code": ("commodity__code",), "rate": ("measure__duty_expression",), "type": ("measure__type__id",),
    "area": ("measure__geographical_area__id",), "start": ("measure__effective_start_date",),
    "end": ("measure__effective_end_date",),
}  # fmt: skip
_UK_THIRD_COUNTRY_DUTY, _UK_ALL_COUNTRIES = "103", "1011"
_NOTHING = ("", "#NA")

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

Progress = Callable[[str, int, int], None]


class Unknown(NamedTuple):
    """A line of a tariff that no rule is made of: its row in the file (from 1), its code, what stands there, and why."""

    row: int
    code: str
    said: str
    reason: str


class Tariff(NamedTuple):
    """What a file says: millionths of the worth by HS code, and the lines that stay unknown."""

    rows: int
    rates: Mapping[str, int]
    unknown: Sequence[Unknown]


class Imported(NamedTuple):
    """A table with the rules of a tariff in it: as text, how many rules that made, and the names of those they replace."""

    text: str
    rules: int
    prefixes: int
    replaced: tuple[str, ...]


class _Line(NamedTuple):
    row: int
    code: str
    rate: str


def read_tariff(text: str, kind: TariffFormat, *, as_of: str, progress: Progress = lambda *_: None) -> Tariff:
    """Read an official file. Raises WrongTaxRules with row, field and reason where it is none; nothing of it is taken then."""
    if len(text.encode()) > TARIFF_BYTES_MAX:
        raise WrongTaxRules([TaxFault(0, "file", f"has at most {TARIFF_BYTES_MAX:,} bytes")])
    columns = _US_COLUMNS if kind == "us-hts" else _UK_COLUMNS
    faults: list[TaxFault] = []
    rates: dict[str, int] = {}
    first: dict[str, _Line] = {}
    unknown: list[Unknown] = []
    count = 0
    rows = _rows(text, columns)
    for count, row in enumerate(rows, 1):
        if count > TARIFF_ROWS_MAX:
            raise WrongTaxRules([TaxFault(count, "file", f"has at most {TARIFF_ROWS_MAX:,} rows")])
        if count % _STEP_ROWS == 0:
            progress("rows", count, count)
        line = _us_line(count, row) if kind == "us-hts" else _uk_line(count, row, as_of)
        if line is None:
            continue
        before = first.setdefault(line.code, line)
        fault = _fault_of(line, before, columns)
        if fault is not None:
            faults.append(fault)
            continue
        found = _rate(line.rate)
        if isinstance(found, int):
            rates[line.code] = found
        elif before is line:
            unknown.append(Unknown(count, line.code, line.rate, found))
    if faults or not first:
        raise WrongTaxRules(faults or [TaxFault(0, "file", "holds no rate of any code")])
    progress("rows", count, count)
    return Tariff(count, rates, unknown)


def _fault_of(line: _Line, before: _Line, columns: Mapping[str, tuple[str, ...]]) -> TaxFault | None:
    """Say what is wrong with a line, beside the first one of its code."""
    if not line.code.isdecimal() or not line.code.isascii() or len(line.code) not in _LENGTHS:
        why = f"{line.code[:20]!r} is no code of 2, 4, 6, 8 or 10 digits"
        return TaxFault(line.row, columns["code"][0], why)
    if before.rate != line.rate:
        why = f"{line.code} is {line.rate[:30]!r} here and {before.rate[:30]!r} in row {before.row}"
        return TaxFault(line.row, columns["rate"][0], why)
    return None


def _rows(text: str, columns: Mapping[str, tuple[str, ...]]) -> Iterator[dict[str, str]]:
    """Give the rows of CSV, or of a list of objects as JSON, by our own names of their columns."""
    told: Iterable[Mapping[str, Any]]
    if text.lstrip()[:1] in {"[", "{"}:
        try:
            told = json.loads(text)
        except ValueError as error:
            raise WrongTaxRules([TaxFault(0, "file", f"is no JSON: {str(error)[:120]}")]) from None
        if not isinstance(told, list) or not all(isinstance(row, dict) for row in told):
            raise WrongTaxRules([TaxFault(0, "file", "is a list of objects")])
        header = list(told[0]) if told else []
    else:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
        told, header = reader, [str(name).strip() for name in reader.fieldnames or []]
        reader.fieldnames = header
    found = {ours: next((name for name in names if name in header), "") for ours, names in columns.items()}
    missing = [TaxFault(0, columns[ours][0], "is no column of this file") for ours, name in found.items() if not name]
    if missing:
        raise WrongTaxRules(missing)
    for row in told:
        yield {ours: str(row.get(name) or "").strip() for ours, name in found.items()}


def _us_line(number: int, row: Mapping[str, str]) -> _Line | None:
    """Give a line of the Harmonized Tariff Schedule; None for headings, suffixes without a rate, and special provisions."""
    code = row["code"].replace(".", "")
    if not code or not row["rate"] or code[:2] in _US_SPECIAL:
        return None
    return _Line(number, code, _FOOTNOTE.sub("", row["rate"]))


def _uk_line(number: int, row: Mapping[str, str], as_of: str) -> _Line | None:
    """Give a measure of the UK's tariff; None for what is no duty of all third countries in force on that day."""
    is_duty = (row["type"], row["area"]) == (_UK_THIRD_COUNTRY_DUTY, _UK_ALL_COUNTRIES)
    is_over = row["end"] not in _NOTHING and row["end"] < as_of
    if not is_duty or is_over or row["start"] > as_of:
        return None
    return _Line(number, row["code"], row["rate"])


def _rate(said: str) -> int | str:
    """Give a rate in millionths; or why it is none."""
    if said.casefold() == "free":
        return 0
    found = _SHARE.match(said)
    if found is None:
        return "is by weight or number, or compound: only a share of the worth can be reckoned"
    share = Decimal(found[1])
    return int(share * 10_000) if share < _HUNDRED else "is the whole worth or more"


def import_tariff(base: str, tariff: Tariff, *, country: str, source: str, as_of: str) -> Imported:
    """Put the rules of a tariff into a table, before the rule that says that a country's duty is unknown.

    They are met by whom that rule is met by, with its authority and bounds. Rules of an earlier import, and those by HS code
    that were there, give way. What is unknown stays so. Raises WrongTaxRules where the table has no such rule.
    """
    table = parsed(base)
    read_table(base)
    rows: list[dict[str, Any]] = table["rules"]
    prefix = f"{country.lower()}-tariff-"
    last = next(
        (row for row in rows if _is_duty(row, country) and row.get("unknown") is True and not row.get("hs")), None
    )
    if last is None:
        why = (
            f"{country} has no rule of a duty with unknown: true, which says to whom and from which worth on it is due"
        )
        raise WrongTaxRules([TaxFault(0, "rules", why)])
    old = [row for row in rows if _is_duty(row, country) and (str(row["id"]).startswith(prefix) or row.get("hs"))]
    by_rate: dict[int, list[str]] = {}
    for code, rate in _shortest(tariff).items():
        by_rate.setdefault(rate, []).append(code)
    made = []
    for rate, codes in sorted(by_rate.items()):
        share = f"{(Decimal(rate) / 10_000).normalize():f}"
        kept = {name: value for name, value in last.items() if name not in {"id", "name", "unknown", "source", "as_of"}}
        named = {"id": prefix + share.replace(".", "-"), "name": f"Duty {share} %" if rate else "No duty"}
        made.append({**named, **kept, "hs": sorted(codes), "rate": share, "source": source, "as_of": as_of})
    stay = [row for row in rows if row not in old]
    at = stay.index(last)
    table["rules"] = [*stay[:at], *made, *stay[at:]]
    text = yaml.dump(table, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    read_table(text)
    replaced = tuple(str(row["id"]) for row in old if not str(row["id"]).startswith(prefix))
    return Imported(text, len(made), sum(map(len, by_rate.values())), replaced)


def _is_duty(row: Mapping[str, Any], country: str) -> bool:
    return bool(row.get("levy") == "duty" and row.get("country") == country and row.get("id"))


def _shortest(tariff: Tariff) -> dict[str, int]:
    """Give the shortest beginnings of codes under which all that a tariff says is one rate.

    So a product of which only six digits are known is met where its further digits make no difference, and nowhere else.
    """
    unknown: Final = -1
    leaves = {**{one.code: unknown for one in tariff.unknown}, **tariff.rates}
    under: dict[str, set[int]] = {}
    for code, rate in leaves.items():
        for length in _LENGTHS:
            if length <= len(code):
                under.setdefault(code[:length], set()).add(rate)
    found: dict[str, int] = {}
    for prefix in sorted(under, key=lambda one: (len(one), one)):
        rates = under[prefix]
        if (
            len(rates) == 1
            and unknown not in rates
            and not any(prefix[:n] in found for n in _LENGTHS if n < len(prefix))
        ):
            (found[prefix],) = rates
    return found
