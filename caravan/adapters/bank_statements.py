"""Bank statements: money that came in, out of a CSV file or out of the ISO 20022 message camt.053."""

import csv
import io
from datetime import UTC, datetime
from xml.etree import ElementTree as ET  # Its input has no document type; see below.

from caravan.kernel.clock import instant
from caravan.kernel.errors import Invalid
from caravan.kernel.money import numeric, parse
from caravan.trade.payments.ports import StatementLine

_NEEDED = frozenset({"id", "date", "amount", "currency", "text"})


def read_statement(text: str) -> list[StatementLine]:
    """Read a statement, in whichever of the two formats it is; what went out is left out."""
    return _camt(text) if text.lstrip("\ufeff \n\r\t").startswith("<") else _csv(text)


def _csv(text: str) -> list[StatementLine]:
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    missing = sorted(_NEEDED - set(rows.fieldnames or ()))
    if missing:
        raise Invalid(f"A statement has the columns id, date, amount, currency and text; {missing[0]} is missing.")
    return [
        _line(row["id"], row["date"], row["amount"], row["currency"], row["text"], place)
        for place, row in enumerate(rows, 2)
    ]


def _camt(text: str) -> list[StatementLine]:
    # Entities could make a small file large, and name other files: a bank's message has no document type at all.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Invalid("A statement has no document type.")
    try:
        root = ET.fromstring(text)  # noqa: S314  # As above.
    except ET.ParseError as error:
        raise Invalid(f"This is no XML: {error}.") from error
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    return [
        line
        for place, entry in enumerate(root.iter("Ntry"), 1)
        if entry.findtext("CdtDbtInd") == "CRDT" and entry.findtext("Sts/Cd", entry.findtext("Sts", "BOOK")) == "BOOK"
        for line in [_entry(entry, place)]
    ]


def _entry(entry: ET.Element, place: int) -> StatementLine:
    amount = entry.find("Amt")
    said = [text for path in (".//RmtInf//Ref", ".//Ustrd", ".//EndToEndId") if (text := entry.findtext(path))]
    number = entry.findtext("AcctSvcrRef") or entry.findtext(".//AcctSvcrRef") or entry.findtext("NtryRef")
    if amount is None or not number:
        raise Invalid(f"Entry {place} has no amount or no reference of the bank's.")
    date = entry.findtext("BookgDt/Dt") or entry.findtext("BookgDt/DtTm") or ""
    return _line(number, date, amount.text or "", amount.get("Ccy", ""), " ".join(said), place)


def _line(
    number: str, date: str, amount: str, currency: str, text: str, place: int
) -> StatementLine:  # As they stand in a row.
    try:
        moment = datetime.fromisoformat(date)
        money = parse(amount, currency)
        return StatementLine(
            number,
            instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC)),
            numeric(currency),
            money.amount,
            text,
        )
    except ValueError as error:
        raise Invalid(f"Line {place} can't be read: {error}.", field=f"line {place}") from error
