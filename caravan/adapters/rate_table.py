"""A table of rates, by zone and weight, as CSV: what a carrier takes by a contract that needs no computer to ask."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from caravan.kernel.errors import CaravanError, Invalid
from caravan.kernel.money import parse
from caravan.trade.delivery.ports import Answered, LabelAnswer, LabelAsk, NoRates, Rate, Told, UnsignedTracking, Wanted

COLUMNS = ("carrier", "service", "from", "to", "grams", "price", "currency", "days")
ROWS_MAX = 20_000
_CHARACTERS_MAX = 80
_EVERYWHERE = "*"


class Row(NamedTuple):
    """A price for parcels of at most so many grams, from and to countries; no countries are all of them."""

    number: int
    carrier: str
    service: str
    origins: frozenset[str]
    destinations: frozenset[str]
    grams_max: int
    currency: str
    amount_minor: int
    days: int


def read_table(text: str) -> list[Row]:
    """Read a table. Refuses one with the row, the column and the reason of every fault, twenty at most."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise Invalid(f"A table of rates has the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing.")
    rows, faults, seen = [], list[str](), dict[tuple[object, ...], int]()
    for number, fields in enumerate(reader, 2):  # The first row has the names.
        if number > ROWS_MAX:
            raise Invalid(f"A table of rates has at most {ROWS_MAX:,} rows.")
        try:
            row = _row(number, {name: (fields[name] or "").strip() for name in COLUMNS})
        except Invalid as fault:
            faults.append(f"row {number}, {fault.details.get('field', 'row')}: {fault}")
            continue
        key = (row.carrier, row.service, row.origins, row.destinations, row.grams_max, row.currency)
        if key in seen:
            faults.append(f"row {number}, grams: the same as row {seen[key]}.")
        seen[key] = number
        rows.append(row)
    if faults:
        raise Invalid("This table of rates can't be taken: " + " ".join(faults[:20]))
    if not rows:
        raise Invalid("This table of rates has no rows.")
    return rows


def _row(number: int, fields: dict[str, str]) -> Row:
    for name in ("carrier", "service"):
        if not 0 < len(fields[name]) <= _CHARACTERS_MAX:
            raise Invalid(f"1 to {_CHARACTERS_MAX} characters are needed.", field=name)
    try:
        money = parse(fields["price"], fields["currency"])
    except Invalid as fault:
        raise Invalid(str(fault), field="price") from None
    if money.amount < 0:
        raise Invalid("A price is not below zero.", field="price")
    return Row(
        number, fields["carrier"], fields["service"], _countries(fields, "from"), _countries(fields, "to"),
        _whole(fields, "grams", least=1), money.currency, money.amount, _whole(fields, "days", least=0),
    )  # fmt: skip


def _whole(fields: dict[str, str], name: str, *, least: int) -> int:
    text = fields[name]
    if not text.isdecimal() or len(text) > 9 or int(text) < least:  # noqa: PLR2004  # Heavier is no parcel.
        raise Invalid(f"{text[:20]!r} is no whole number from {least} on.", field=name)
    return int(text)


def _countries(fields: dict[str, str], name: str) -> frozenset[str]:
    """Read a zone: countries parted by spaces, or a star for all."""
    words = fields[name].split()
    if words == [_EVERYWHERE]:
        return frozenset()
    if not words or any(len(word) != 2 or not word.isalpha() or not word.isupper() for word in words):  # noqa: PLR2004
        raise Invalid("A zone is countries such as PT ES, or * for all.", field=name)
    return frozenset(words)


class TableCarrier:
    """Whoever brings parcels at the prices of a table. Its labels are our own, and nobody can be asked where a parcel is."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = sorted(rows, key=lambda row: row.grams_max)

    @staticmethod
    def of(path: Path) -> "TableCarrier":
        """Read a table from a file. Refuses one that can't be read."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(f"The table of rates {path} can't be read: {error}.") from None
        try:
            return TableCarrier(read_table(text))
        except CaravanError as fault:
            raise Invalid(f"{path}: {fault}") from None

    def rates(self, wanted: Wanted) -> list[Rate]:
        """Give the price of each service that takes the parcel: of its rows the one for the least weight that it fits."""
        found: dict[tuple[str, str, str], Rate] = {}
        for row in self._rows:
            is_on_way = (not row.origins or wanted.sender.country in row.origins) and (
                not row.destinations or wanted.recipient.country in row.destinations
            )
            if is_on_way and wanted.weight_grams <= row.grams_max:
                rate = Rate(
                    "", f"table-{row.number}", row.carrier, row.service, row.currency, row.amount_minor, row.days
                )
                found.setdefault((row.carrier, row.service, row.currency), rate)
        if not found:
            raise NoRates
        return list(found.values())

    def ask(self, asks: Sequence[LabelAsk]) -> list[LabelAnswer]:
        """Say yes to everything: the label is our own."""
        return [LabelAnswer(Answered.DONE) for _ in asks]

    def track(self, trackings: Sequence[str]) -> list[list[Told] | None]:
        """Know nothing."""
        return [None for _ in trackings]

    def notice(self, body: bytes, signature: str) -> str | None:  # noqa: ARG002  # As the port has it.
        """Refuse every webhook: nobody sends one."""
        raise UnsignedTracking

    def close(self) -> None:
        """Do nothing: nobody was called."""
