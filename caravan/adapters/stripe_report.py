"""Stripe's itemized balance report, as CSV: each line of what moved, and of what was taken for that."""

import csv
import io
from datetime import UTC, datetime

from caravan.kernel import ids
from caravan.kernel.clock import instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import PaymentId
from caravan.kernel.money import numeric, parse
from caravan.trade.payments.ports import LineKind, ReportLine

_KINDS = {
    "charge": LineKind.CAPTURE, "refund": LineKind.REFUND, "dispute": LineKind.DISPUTE, "fee": LineKind.FEE,
    "payout": LineKind.PAYOUT,
}  # fmt: skip
_NEEDED = frozenset({"balance_transaction_id", "created_utc", "currency", "gross", "fee", "reporting_category"})


def read_report(text: str) -> list[ReportLine]:
    """Read a report. Refuses a file without its columns, and names the line of a value that is none."""
    rows = csv.DictReader(io.StringIO(text))
    missing = sorted(_NEEDED - set(rows.fieldnames or ()))
    if missing:
        raise Invalid(f"A report has the column {missing[0]}.", field=missing[0])
    return [_line(row, place) for place, row in enumerate(rows, 2)]


def _line(row: dict[str, str], place: int) -> ReportLine:
    currency = row["currency"].upper()
    try:
        moment = datetime.fromisoformat(row["created_utc"])
        public = row.get("payment_metadata[payment]") or ""
        return ReportLine(
            line=row["balance_transaction_id"],
            at=instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC)),
            kind=_KINDS.get(row["reporting_category"], LineKind.OTHER),
            payment=ids.number(PaymentId, public) if public else 0,
            intent=row.get("payment_intent_id") or "",
            reference=row.get("source_id") or "",
            unit=numeric(currency),
            gross_minor=parse(row["gross"], currency).amount,
            fee_minor=parse(row["fee"], currency).amount,
        )
    except (ValueError, TypeError) as error:
        raise Invalid(f"Line {place} can't be read: {error}.", field=f"line {place}") from error
