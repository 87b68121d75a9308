"""The state of transfers: names, levels, requests, codes, and what each buyer has sent on this day and in this month."""

from datetime import UTC, datetime
from enum import IntEnum

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import transfers as events
from caravan.events.identity import BuyerForgotten
from caravan.kernel.clock import SECOND
from caravan.kernel.event import Event


class Level(IntEnum):
    """How well somebody is known."""

    UNVERIFIED = 0
    EMAIL = 1  # showed what was sent to their e-mail address
    IDENTITY = 2  # the operator has seen who they are


class Way(IntEnum):
    """How a transfer came about."""

    SEND = 1
    REQUEST = 2
    CODE = 3


class Names(msgspec.Struct, array_like=True):
    """By what a buyer is found; `proven` are marks of addresses that are theirs, by kind."""

    handle_mark: bytes = b""
    phone_mark: bytes = b""
    sealed: bytes = b""
    proven: dict[str, bytes] = msgspec.field(default_factory=dict)


class Sent(msgspec.Struct, array_like=True):
    """What a buyer has sent on the last day and in the last month on which they did."""

    day: int = 0
    day_minor: int = 0
    month: int = 0
    month_minor: int = 0


class Request(msgspec.Struct, array_like=True):
    """Money that `payee` asked `payer` for. `closed` is "", "declined" or "withdrawn"; `transfer` paid it, or is 0."""

    request: int
    payee: int
    payer: int
    unit: int
    amount_minor: int
    expires_at: int
    closed: str = ""
    transfer: int = 0


class Code(msgspec.Struct, array_like=True):
    """A code that can be paid once; `transfer` paid it, or is 0."""

    code: int
    buyer: int
    seller: int
    unit: int
    amount_minor: int
    reference: str
    expires_at: int
    transfer: int = 0


class Transfers:
    """Requests and codes by number from 1; names and sums by buyer."""

    name = "transfers"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.NamesSet, events.AddressProven, events.LevelSet, events.TransferMade, events.MoneyRequested,
            events.RequestClosed, events.CodeMade, BuyerForgotten,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.made = 0
        self.names: dict[int, Names] = {}
        self.levels: dict[int, int] = {}
        self.sent: dict[int, Sent] = {}
        self.requests: list[Request] = [Request(0, 0, 0, 0, 0, 0)]
        self.codes: list[Code] = [Code(0, 0, 0, 0, 0, "", 0)]
        self.handles: dict[bytes, int] = {}
        self.phones: dict[bytes, int] = {}  # Only those that were shown to be somebody's.

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            self._apply(event)

    def _apply(self, event: Event) -> None:
        match event:
            case events.TransferMade():
                self._transfer(event)
            case events.NamesSet():
                names = self._unindexed(event.buyer)
                names.handle_mark, names.phone_mark, names.sealed = event.handle_mark, event.phone_mark, event.sealed
                self._index(event.buyer, names)
            case events.AddressProven():
                names = self._unindexed(event.buyer)
                names.proven[event.kind] = event.mark
                self._index(event.buyer, names)
            case events.LevelSet():
                self.levels[event.buyer] = event.level
            case events.MoneyRequested():
                assert event.request == len(self.requests), "Requests are numbered in the order of the log."
                self.requests.append(
                    Request(
                        event.request, event.payee, event.payer, event.unit, event.amount_minor, event.expires_at
                    )
                )  # fmt: skip
            case events.RequestClosed():
                self.requests[event.request].closed = "declined" if event.is_declined else "withdrawn"
            case events.CodeMade():
                assert event.code == len(self.codes), "Codes are numbered in the order of the log."
                self.codes.append(
                    Code(
                        event.code, event.buyer, event.seller, event.unit, event.amount_minor, event.reference,
                        event.expires_at,
                    )
                )  # fmt: skip
            case BuyerForgotten():
                self._unindexed(event.buyer)
                del self.names[event.buyer]

    def _transfer(self, event: events.TransferMade) -> None:
        assert event.transfer == self.made + 1, "Transfers are numbered in the order of the log."
        self.made = event.transfer
        day, month = days_of(event.at)
        sent = self.sent.setdefault(event.payer, Sent())
        if sent.day != day:
            sent.day, sent.day_minor = day, 0
        if sent.month != month:
            sent.month, sent.month_minor = month, 0
        sent.day_minor += event.counted_minor
        sent.month_minor += event.counted_minor
        for number, paid in ((event.request, self.requests), (event.code, self.codes)):
            if number:
                assert not paid[number].transfer, "What is paid once is not paid again."
                paid[number].transfer = event.transfer

    def _unindexed(self, buyer: int) -> Names:
        names = self.names.setdefault(buyer, Names())
        self.handles.pop(names.handle_mark, None)
        self._let_go_of_phone(buyer, names)
        return names

    def _let_go_of_phone(self, buyer: int, names: Names) -> None:
        if self.phones.get(names.phone_mark) == buyer:
            del self.phones[names.phone_mark]

    def _index(self, buyer: int, names: Names) -> None:
        if names.handle_mark:
            self.handles[names.handle_mark] = buyer
        if names.phone_mark and names.proven.get("phone") == names.phone_mark:
            # A number that went to somebody else is theirs who showed it last.
            self.phones[names.phone_mark] = buyer

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything as bytes."""
        return {
            "made": np.array([self.made]),
            "names": pack([(buyer, self.names[buyer]) for buyer in sorted(self.names)]),
            "levels": pack(sorted(self.levels.items())),
            "sent": pack([(buyer, self.sent[buyer]) for buyer in sorted(self.sent)]),
            "requests": pack(self.requests),
            "codes": pack(self.codes),
            "phones": pack(sorted(self.phones.items())),
        }

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back, and index it."""
        self.made = int(parts["made"][0])
        self.names = dict(unpack(parts, "names", list[tuple[int, Names]]))
        self.levels = dict(unpack(parts, "levels", list[tuple[int, int]]))
        self.sent = dict(unpack(parts, "sent", list[tuple[int, Sent]]))
        self.requests = unpack(parts, "requests", list[Request])
        self.codes = unpack(parts, "codes", list[Code])
        self.handles = {names.handle_mark: buyer for buyer, names in self.names.items() if names.handle_mark}
        self.phones = dict(unpack(parts, "phones", list[tuple[bytes, int]]))


def days_of(at: int) -> tuple[int, int]:
    """Give the day and the month of a time, in UTC, as numbers that rise."""
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    return moment.toordinal(), moment.year * 12 + moment.month
