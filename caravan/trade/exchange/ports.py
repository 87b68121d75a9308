"""What exchange needs from outside: whoever reads a file of rates."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol


class DayRates(NamedTuple):
    """The rates of a day: so much of each currency, as exact decimals, is one of the base."""

    source: str
    day: str  # as 2026-11-27
    base: str
    rates: Mapping[str, str]


class RateFile(Protocol):
    """A file that a bank publishes its rates in."""

    def read(self, path: Path) -> DayRates:
        """Give the newest day's rates. Refuses a file that is none as Invalid."""
        ...
