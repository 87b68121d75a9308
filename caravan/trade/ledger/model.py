"""The ledger's state: accounts and holds in arrays, changed only by recorded entries."""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from caravan.cell import Index, Section, Table, numbers, owned, ragged
from caravan.events.ledger import AccountOpened, EntryRecorded
from caravan.events.orders import PurchasePlaced
from caravan.kernel.event import Event
from caravan.trade.ledger import kernel

NO_FLOOR = -(4 * 10**18)


class Kind(IntEnum):
    """What an account is of; its owner and unit are in the comment. Those with a floor of 0 can run out."""

    PSP_CLEARING = 1  # of a provider (0: none named), in a currency: money that it has taken in for us, below zero
    WALLET = 2  # of a buyer, in a currency; floor 0
    ESCROW = 3  # of an order, in a currency; floor 0
    SELLER_BALANCE = 4  # of a seller, in a currency: may go below zero, nets first against new releases
    OPERATOR_FEES = 5  # of nobody, in a currency
    TAX_PAYABLE = 6  # of nobody, in a currency
    BANK = 7  # of nobody, in a currency: money that has been paid out
    SUSPENSE = 8  # of nobody, in a currency: payments that differ from what they were for, until somebody looks
    AUTHORIZED = 9  # of a provider, in a currency: what it keeps for us and has not taken in yet, below zero
    PROMOTIONS = 10  # of nobody, in a currency: what the operator has given away, below zero
    DISPUTE_RESERVE = 11  # of nobody, in a currency: money that banks want back until that is decided
    LOSSES = 12  # of nobody, in a currency: what sellers never covered, below zero
    PSP_FEES = 13  # of a provider, in a currency: what it took for its work, below zero
    GIFT_CARD = 14  # of a gift card, in a currency; floor 0
    CARRIER_PAYABLE = 15  # of nobody, in a currency: labels that the operator bought and sellers paid for
    TAX_COLLECTED = 16  # of an authority, in a currency: taxes that the market has to remit
    EXCHANGE = 40  # of nobody, in a currency: what was taken in of it for other currencies, less what was given
    SUPPLIED = kernel.UNITS_FROM  # of nobody, in a SKU: units that sellers have brought in, below zero
    AVAILABLE = 101  # of a location, in a SKU: not committed; its holds are what is reserved; floor 0
    COMMITTED = 102  # of a location, in a SKU: bought, still here; floor 0
    SHIPPED = 103  # of a location, in a SKU: bought and handed over; floor 0
    MOVING = 104  # of the location that they go to, in a SKU: on their way from another; floor 0


FLOORS = {
    Kind.WALLET: 0,
    Kind.ESCROW: 0,
    Kind.GIFT_CARD: 0,
    Kind.AVAILABLE: 0,
    Kind.COMMITTED: 0,
    Kind.SHIPPED: 0,
    Kind.MOVING: 0,
}


# The kinds whose accounts are looked up by a shortcut: by unit, or else by owner.
_SHORT = {Kind.AVAILABLE: True, Kind.WALLET: False}
_SHORT_MAX = 1 << 26


class Reason(IntEnum):
    """Why an entry was recorded; its reference is the number of what is named in the comment."""

    STOCK_RECEIVED = 1  # listing
    STOCK_REMOVED = 2  # listing
    RESERVED = 3  # checkout session
    RESERVATION_RELEASED = 4  # checkout session
    PLACED = 5  # purchase
    CANCELED = 6  # order
    CAPTURED = 7  # order
    RELEASED = 8  # order
    PAID_OUT = 9  # payout
    TOPPED_UP = 10  # buyer
    RETURNED = 11  # order
    AUTHORIZED = 12  # payment
    AUTHORIZATION_VOIDED = 13  # payment
    COUPON_USED = 14  # payment
    DISPUTE_OPENED = 15  # dispute
    DISPUTE_LOST = 16  # dispute
    DISPUTE_WON = 17  # dispute
    WRITTEN_OFF = 18  # order
    LABEL_CHARGED = 19  # order
    GIFT_CARD_ISSUED = 20  # gift card
    GIFT_CARD_REDEEMED = 21  # gift card
    REFUND_FAILED = 22  # order
    PAYOUT_RETURNED = 23  # payout
    PROVIDER_FEE = 24  # payment, or 0
    PROVIDER_PAID = 25  # open item, or 0
    TRANSFER_RECEIVED = 26  # payment, or 0
    ASSIGNED = 27  # open item
    TAX_COLLECTED = 28  # order
    TAX_RETURNED = 29  # order
    TAX_REMITTED = 30  # authority
    SHIPPED = 31  # order
    REPLACED = 32  # order
    TRANSFERRED = 40  # transfer
    EXCHANGED = 41  # quote of an exchange
    EXCHANGED_BACK = 42  # order
    STOCK_SENT = 50  # move
    STOCK_ARRIVED = 51  # move
    STOCK_TURNED_BACK = 52  # move


class Refused(IntEnum):
    """Why an entry was not recorded."""

    BELOW_FLOOR = kernel.BELOW_FLOOR
    NO_ACCOUNT = kernel.NO_ACCOUNT
    UNBALANCED = kernel.UNBALANCED
    HOLD_CLOSED = kernel.HOLD_CLOSED
    OUT_OF_RANGE = kernel.OUT_OF_RANGE
    HOLD_EXPIRED = kernel.HOLD_EXPIRED
    NO_STOCK = kernel.NO_STOCK
    NO_WALLET = kernel.NO_WALLET


class Placing(NamedTuple):
    """Purchases for the kernel, in columns. Shapes: int64, of purchases [n], of lines [m], of orders [k].

    Purchase i has the lines from line_offsets[i] and the orders from order_offsets[i] on. `holds` are the reservations
    that units come out of, 0 for none; `amounts` is what is held for each order.
    """

    at: np.ndarray
    buyers: np.ndarray
    units: np.ndarray
    line_offsets: np.ndarray
    order_offsets: np.ndarray
    amounts: np.ndarray
    locations: np.ndarray
    skus: np.ndarray
    quantities: np.ndarray
    holds: np.ndarray


class Ledger:
    """Accounts and holds. Row numbers are account and hold numbers; both begin at 1."""

    name = "ledger"
    kinds: frozenset[type[Event]] = frozenset({AccountOpened, EntryRecorded, PurchasePlaced})

    def __init__(self) -> None:
        self.version = 0
        self.accounts = Table(
            by_row=True,
            posted=np.int64,
            held=np.int64,
            floor=np.int64,
            pair=np.int64,
            kind=np.int64,
            owner=np.int64,
            unit=np.int64,
        )
        self.holds = Table(account=np.int32, remaining=np.int64, expires_at=np.int64)
        self.entries = 0
        self._index = Index()
        # The first account of a SKU's available units by SKU, and a buyer's first wallet by buyer: mostly the only ones.
        self._shortcuts = {kind: Table(account=np.int32) for kind in _SHORT}

    def find(self, kind: Kind, owners: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Give the accounts of a kind by owner and unit, 0 where there is none. Shapes: int64 [n], [n] -> [n]."""
        return self._index.find(_mark(kind, owners), units)

    def find_soon(self, kind: Kind, owners: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Do as `find` does for the kinds that checkout needs, where one look usually tells."""
        table, found = self.accounts, np.zeros(len(owners), np.int64)
        is_by_unit = _SHORT[kind]
        missed = kernel.look(
            self._shortcuts[kind].account, table.whole("owner"), table.whole("unit"), owned(owners), owned(units),
            is_by_unit, found,
        )  # fmt: skip
        if missed:
            left = np.flatnonzero(found == 0)
            found[left] = self.find(kind, owners[left], units[left])
        return found

    def open(self, kinds: np.ndarray, owners: np.ndarray, units: np.ndarray, floors: np.ndarray) -> np.ndarray:
        """Add accounts that are not there yet; give their numbers."""
        self.version += 1
        new = self.accounts.append(len(owners), kind=kinds, owner=owners, unit=units, floor=floors)
        opened = np.arange(new.start, new.stop)
        self._index.insert(_mark(kinds, owners), units, opened)
        self._pair(kinds, owners, units, opened)
        self._shorten(kinds, owners, units, opened)
        return opened

    def _shorten(self, kinds: np.ndarray, owners: np.ndarray, units: np.ndarray, opened: np.ndarray) -> None:
        for kind, is_by_unit in _SHORT.items():
            chosen = kinds == kind
            if not chosen.any():
                continue
            shortcuts, places = self._shortcuts[kind], (units if is_by_unit else owners)[chosen]
            short = (places >= 0) & (places < _SHORT_MAX)
            places, numbers_of = places[short], opened[chosen][short]
            if len(places):
                shortcuts.extend_to(max(len(shortcuts), int(places.max()) + 1))
                free = shortcuts.account[places] == 0
                shortcuts.account[places[free][::-1]] = numbers_of[free][::-1]  # Of several the first one stays.

    def make_room(self, holds: int) -> Iterator[None]:
        """Take memory for so many more holds, a step at a time."""
        yield from self.holds.make_room(holds, ("account", "remaining"))

    def _pair(self, kinds: np.ndarray, owners: np.ndarray, units: np.ndarray, opened: np.ndarray) -> None:
        """Let the account of units that are available name the one that they are committed to: checkout needs both."""
        for kind, other in ((Kind.AVAILABLE, Kind.COMMITTED), (Kind.COMMITTED, Kind.AVAILABLE)):
            chosen = kinds == kind
            if not chosen.any():
                continue
            mine, found = opened[chosen], self.find(other, owners[chosen], units[chosen])
            has_both = found > 0
            first, second = (mine, found) if kind == Kind.AVAILABLE else (found, mine)
            self.accounts.pair[first[has_both]] = second[has_both]

    def decide(
        self,
        *,
        offsets: np.ndarray,
        accounts: np.ndarray,
        amounts: np.ndarray,
        modes: np.ndarray,
        holds: np.ndarray,
        at: np.ndarray,
        expires_at: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run the kernel over entries; give outcome codes and culprit legs. `holds` is filled in where one is made."""
        count = len(offsets) - 1
        outcome, culprit = np.zeros(count, np.int64), np.full(count, -1, np.int64)
        self.holds.reserve(len(self.holds) + len(accounts))
        table = self.accounts
        rows = len(table)
        next_hold = kernel.decide(
            table.whole("posted")[:rows], table.whole("held")[:rows], table.whole("floor")[:rows],
            table.whole("kind")[:rows], table.whole("unit")[:rows], self.holds.whole("account"), self.holds.whole("remaining"),
            self.holds.whole("expires_at", is_filled=False), len(self.holds), offsets, accounts, amounts, modes, holds,
            at, expires_at, outcome, culprit,
        )  # fmt: skip
        self.holds.extend_to(int(next_hold))
        recorded = int(np.count_nonzero(outcome == kernel.RECORDED))
        self.entries += recorded
        self.version += recorded > 0
        return outcome, culprit

    def place(self, wanted: "Placing", outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Run the kernel over purchases whose `outcome` is 0; fill in outcomes, give culprit accounts and first holds."""
        count = len(outcome)
        culprit, first_hold = np.zeros(count, np.int64), np.zeros(count, np.int64)
        available = self.find_soon(Kind.AVAILABLE, wanted.locations, wanted.skus)
        wallets = self.find_soon(Kind.WALLET, wanted.buyers, wanted.units)
        self.holds.reserve(len(self.holds) + len(wanted.amounts))
        table, kept = self.accounts, self.holds
        is_new = outcome == 0
        next_hold = kernel.place(
            table.whole("posted"), table.whole("held"), table.whole("floor"), kept.whole("account"),
            kept.whole("remaining"), kept.whole("expires_at", is_filled=False), len(kept), wanted.line_offsets, available, table.whole("pair"),
            wanted.quantities, wanted.holds, wanted.order_offsets, wanted.amounts, wallets, wanted.at, outcome, culprit,
            first_hold,
        )  # fmt: skip
        kept.extend_to(int(next_hold))
        recorded = int(np.count_nonzero(is_new & (outcome == 0)))
        self.entries += recorded
        self.version += recorded > 0
        return culprit, first_hold

    def apply(self, part: Section) -> None:
        """Fold in recorded facts. Replay runs the kernel that decided them, so it proves every limit again."""
        if part.kind is PurchasePlaced:
            self._apply_purchases(part)
            return
        if part.kind is AccountOpened:
            names = ("kind", "owner", "unit", "floor")
            opened = self.open(*(numbers(part.batch, name) for name in names))
            assert (opened == numbers(part.batch, "account")).all(), "Accounts are numbered in the order of the log."
            return
        legs = {name: ragged(part.batch, name) for name in ("accounts", "amounts", "modes", "holds")}
        holds = legs["holds"].values.copy()
        outcome, _ = self.decide(
            offsets=np.asarray(legs["accounts"].offsets, np.int64),
            accounts=owned(legs["accounts"].values),
            amounts=owned(legs["amounts"].values),
            modes=owned(legs["modes"].values, np.int8),
            holds=holds,
            at=owned(numbers(part.batch, "at")),
            expires_at=owned(numbers(part.batch, "expires_at")),
        )
        assert not outcome.any(), f"The log holds an entry that the ledger refuses: {outcome[outcome != 0][:5]}"
        assert (holds == legs["holds"].values).all(), "Holds are numbered in the order of the log."

    def _apply_purchases(self, part: Section) -> None:
        batch = part.batch
        lines = {name: ragged(batch, name) for name in ("locations", "skus", "quantities", "holds")}
        amounts = ragged(batch, "totals_minor")
        counts = ragged(batch, "line_counts")
        starts = np.concatenate([[0], np.cumsum(counts.values)])
        wanted = Placing(
            at=owned(numbers(batch, "at")), buyers=numbers(batch, "buyer"), units=numbers(batch, "unit"),
            line_offsets=owned(starts[amounts.offsets]), order_offsets=owned(amounts.offsets),
            amounts=owned(amounts.values), locations=lines["locations"].values, skus=lines["skus"].values,
            quantities=owned(lines["quantities"].values), holds=owned(lines["holds"].values),
        )  # fmt: skip
        assert numbers(batch, "entry")[0] == self.entries + 1, "Entries are numbered in the order of the log."
        outcome = np.zeros(batch.num_rows, np.int64)
        _, first_hold = self.place(wanted, outcome)
        assert not outcome.any(), f"The log holds a purchase that the ledger refuses: {outcome[outcome != 0][:5]}"
        assert (first_hold == numbers(batch, "first_hold")).all(), "Holds are numbered in the order of the log."

    def dump(self) -> dict[str, np.ndarray]:
        """Give all accounts and holds."""
        parts = dict(self.accounts.dump("accounts")) | dict(self.holds.dump("holds"))
        return parts | {"entries": np.array([self.entries])}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take all accounts and holds back, and index them."""
        self.accounts.load("accounts", parts)
        self.holds.load("holds", parts)
        self.entries = int(parts["entries"][0])
        self._index = Index()
        table, rows = self.accounts, slice(1, None)
        opened = np.arange(1, len(table))
        self._index.insert(_mark(table.kind[rows], table.owner[rows]), table.unit[rows], opened)
        self._shortcuts = {kind: Table(account=np.int32) for kind in _SHORT}
        self._shorten(table.kind[rows], table.owner[rows], table.unit[rows], opened)


def _mark(kind: Kind | np.ndarray, owners: np.ndarray) -> np.ndarray:
    return np.asarray(owners, np.int64) | np.asarray(kind, np.int64) << 48
