"""The views of transfers: what people sent each other, what they asked for, and which payout settled what was paid in person."""

from collections.abc import Callable

from caravan.cell import Section, Write, rows
from caravan.events import payments, transfers
from caravan.kernel.event import Event

_Read = Callable[[str], list[tuple[object, ...]]]


class TransfersView:
    """Transfers by either side, and requests for money; notes stay sealed."""

    name = "transfers"
    version = 2
    tables = """
    CREATE TABLE transfers (
        number INTEGER PRIMARY KEY, way INTEGER, payer INTEGER, buyer INTEGER, seller INTEGER, unit INTEGER,
        amount INTEGER, fee INTEGER, fee_tax INTEGER, total INTEGER, received INTEGER, request INTEGER, code INTEGER,
        reference TEXT, note BLOB, at INTEGER, payout INTEGER DEFAULT 0
    );
    CREATE INDEX transfers_by_payer ON transfers (payer, number);
    CREATE INDEX transfers_by_buyer ON transfers (buyer, number);
    CREATE INDEX transfers_by_seller ON transfers (seller, payout, number);
    CREATE TABLE payout_transfers (payout INTEGER, transfer INTEGER, amount INTEGER, PRIMARY KEY (payout, transfer))
        WITHOUT ROWID;
    CREATE TABLE money_requests (
        number INTEGER PRIMARY KEY, payee INTEGER, payer INTEGER, unit INTEGER, amount INTEGER, at INTEGER,
        expires_at INTEGER, note BLOB
    );
    CREATE INDEX money_requests_by_payee ON money_requests (payee, number);
    CREATE INDEX money_requests_by_payer ON money_requests (payer, number);
    """
    kinds: frozenset[type[Event]] = frozenset(
        {transfers.TransferMade, transfers.MoneyRequested, payments.PayoutSent, payments.PayoutReturned}
    )

    def begin(self, read: _Read) -> None:
        """Need nothing: every row is written from one fact."""

    def apply(self, part: Section, write: Write) -> None:
        """Add transfers and requests, and note by which payout a seller got theirs."""
        for event in rows(part):
            match event:
                case transfers.TransferMade():
                    row = (
                        event.transfer, event.way, event.payer, event.buyer, event.seller, event.unit,
                        event.amount_minor, event.fee_minor, event.fee_tax_minor, event.total_minor,
                        event.received_minor, event.request, event.code, event.reference, event.note, event.at,
                    )  # fmt: skip
                    write(
                        "INSERT INTO transfers (number, way, payer, buyer, seller, unit, amount, fee, fee_tax, total,"
                        " received, request, code, reference, note, at)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        [row],
                    )
                case transfers.MoneyRequested():
                    asked = (
                        event.request, event.payee, event.payer, event.unit, event.amount_minor, event.at,
                        event.expires_at, event.note,
                    )  # fmt: skip
                    write("INSERT INTO money_requests VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [asked])
                case payments.PayoutSent():
                    write(
                        "INSERT INTO payout_transfers SELECT ?, number, received FROM transfers"
                        " WHERE seller = ? AND unit = ? AND payout = 0",
                        [(event.payout, event.seller, event.unit)],
                    )
                    write(
                        "UPDATE transfers SET payout = ? WHERE seller = ? AND unit = ? AND payout = 0",
                        [(event.payout, event.seller, event.unit)],
                    )
                case payments.PayoutReturned():
                    write(
                        "UPDATE transfers SET payout = 0 WHERE seller = ? AND payout = ?",
                        [(event.seller, event.payout)],
                    )
