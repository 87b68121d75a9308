"""Formats: money, dates and counts in the way of the reader's own language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_compact_decimal, format_currency, format_decimal

from caravan.kernel.clock import SECOND, iso
from caravan.kernel.money import Money, exponent, plain

_HEADER_CHARACTERS_MAX = 200
_ENGLISH = Locale("en")


@dataclass(frozen=True)
class Formats:
    """How one reader wants figures written. Times are in UTC, and say so."""

    locale: Locale
    nearly: Callable[[Money], Money | None] | None = None  # into the currency that the reader thinks in
    now: int = 0  # when the page is read

    def near(self, money: Money) -> str:
        """Write about what an amount is in the reader's currency: "≈ ¥3,250"; nothing where it is in that already."""
        found = self.nearly(money) if self.nearly else None
        return f"≈ {self.money(found)}" if found else ""

    def money(self, money: Money) -> str:
        """Write an amount: "€19.90", or "19,90 €"."""
        return _money(money.amount, money.currency, self.locale)

    def minor(self, amount: int, currency: str) -> str:
        """Write minor units of a currency."""
        return _money(amount, currency, self.locale)

    def plain(self, money: Money) -> str:
        """Write an amount as a form field takes it: "19.90"."""
        return plain(money.amount, money.currency)

    def count(self, number: int) -> str:
        """Write a whole number."""
        return str(format_decimal(number, locale=self.locale))

    def short(self, number: int) -> str:
        """Write a large number shortly: "2K"."""
        return str(format_compact_decimal(number, locale=self.locale))

    def share(self, basis_points: int) -> str:
        """Write ten-thousandths in percent."""
        return str(format_decimal(Decimal(basis_points) / 100, locale=self.locale)) + " %"

    def day(self, at: int) -> str:
        """Write a date: "Nov 21, 2026"."""
        return str(format_date(_utc(at), format="medium", locale=self.locale))

    def moment(self, at: int) -> str:
        """Write a date and a time, with their zone; with the year where it is not this one: "21 Nov, 10:18 UTC"."""
        pattern = "d MMM, HH:mm" if _utc(at).year == _utc(self.now).year else "d MMM y, HH:mm"
        return str(format_datetime(_utc(at), format=pattern, locale=self.locale)) + " UTC"

    def clock(self, at: int) -> str:
        """Write a time of day, with its zone."""
        return str(format_time(_utc(at), format="HH:mm", locale=self.locale)) + " UTC"

    def machine(self, at: int) -> str:
        """Write a time for programs to read."""
        return iso(at)

    def country(self, code: str) -> str:
        """Name a country."""
        return self.locale.territories.get(code, code) or code

    def countries(self) -> list[tuple[str, str]]:
        """Give all countries as code and name, by name."""
        return list(_countries(self.locale))


@lru_cache(maxsize=256)
def formats_of(accept_language: str) -> Formats:
    """Choose the reader's formats by what their browser prefers; English where we know none of it."""
    wanted = []
    for place, part in enumerate(accept_language[:_HEADER_CHARACTERS_MAX].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        wanted.append((-_quality(quality), place, tag.strip()))
    for _, _, tag in sorted(wanted):
        locale = _locale(tag)
        if locale is not None:
            return Formats(locale)
    return Formats(_ENGLISH)


def _quality(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


def _locale(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


@lru_cache(maxsize=50_000)
def _money(amount: int, currency: str, locale: Locale) -> str:
    return str(format_currency(Decimal(amount).scaleb(-exponent(currency)), currency, locale=locale))


@lru_cache(maxsize=64)
def _countries(locale: Locale) -> tuple[tuple[str, str], ...]:
    names = [(code, name) for code, name in locale.territories.items() if len(code) == 2 and code.isalpha()]  # noqa: PLR2004 - ISO 3166 alpha-2.
    known = [(code, name) for code, name in names if code not in {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}]
    return tuple(sorted(known, key=lambda pair: pair[1]))


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at // SECOND, UTC)
