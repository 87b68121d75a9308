"""The European Central Bank's reference rates, as it publishes them: eurofxref as XML or CSV, of one day or of many."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

from caravan.kernel.errors import Invalid
from caravan.trade.exchange.ports import DayRates

FILE_BYTES_MAX = 16 * 2**20  # The bank's whole history since 1999 has 2.
_SOURCE = "ECB"
_CUBE = re.compile(r"<Cube\s+currency=['\"]([A-Z]{3})['\"]\s+rate=['\"]([0-9.]+)['\"]\s*/>")
_DAY = re.compile(r"<Cube\s+time=['\"](\d{4}-\d{2}-\d{2})['\"]\s*>(.*?)</Cube>", re.DOTALL)


class EcbRates:
    """Reads eurofxref-daily.xml, eurofxref-hist.xml, eurofxref.csv and eurofxref-hist.csv."""

    def read(self, path: Path) -> DayRates:
        """Give the newest day's rates for one euro. Refuses a file that is none as Invalid."""
        if not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
            raise Invalid(f"There is no file of rates at {path}.", field="path")
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        days = _from_xml(text) if text.lstrip().startswith("<") else _from_csv(text)
        if not days:
            raise Invalid(f"{path.name} is no eurofxref file of the ECB.", field="path")
        day = max(days)
        return DayRates(_SOURCE, day, "EUR", days[day])


def _from_xml(text: str) -> dict[str, dict[str, str]]:
    found = {day: dict(_CUBE.findall(cubes)) for day, cubes in _DAY.findall(text)}
    return {day: rates for day, rates in found.items() if rates}


def _from_csv(text: str) -> dict[str, dict[str, str]]:
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    if not rows or not rows[0] or rows[0][0] != "Date":
        return {}
    found = {}
    for day, *rates in rows[1:]:
        named = zip(rows[0][1:], rates, strict=False)
        found[_day(day)] = {currency: rate for currency, rate in named if currency and rate not in {"", "N/A"}}
    return {day: rates for day, rates in found.items() if rates}


def _day(text: str) -> str:
    """Read "2026-11-27", or "27 November 2026" as the file of one day has it."""
    for written in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return datetime.strptime(text, written).replace(tzinfo=UTC).date().isoformat()
        except ValueError:
            continue
    raise Invalid(f"{text[:20]!r} is no day of the ECB's.", field="path")
