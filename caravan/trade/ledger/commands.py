"""What you can tell the ledger: open accounts, record entries. The kernel decides and changes the balances in one."""

from typing import NamedTuple

import numpy as np

from caravan.cell import Ragged, Section, section
from caravan.events.ledger import AccountOpened, EntryRecorded
from caravan.kernel.errors import Refusal
from caravan.trade.ledger import kernel
from caravan.trade.ledger.model import FLOORS, NO_FLOOR, Kind, Ledger, Placing, Reason, Refused


class OutOfStock(Refusal):
    """Fewer units are available than were wanted."""


class InsufficientFunds(Refusal):
    """The wallet holds less than it was to pay."""


class ReservationExpired(Refusal):
    """The units were held for a time, and that time is over."""


class EntryRefused(Refusal):
    """The ledger refuses this entry."""


def refusal(ledger: Ledger, *, code: int, account: int) -> Refusal:
    """Say why an entry was refused, in words of the business."""
    kind = int(ledger.accounts.kind[account])
    free = int(ledger.accounts.posted[account] - ledger.accounts.held[account])
    unit = int(ledger.accounts.unit[account])
    if code == Refused.HOLD_EXPIRED:
        return ReservationExpired()
    if code == Refused.BELOW_FLOOR and kind == Kind.AVAILABLE:
        return OutOfStock(f"Only {free} left.", sku=unit, available=free)
    if code == Refused.BELOW_FLOOR and kind == Kind.WALLET:
        return InsufficientFunds("The wallet holds too little for this.", available_minor=free)
    return EntryRefused(f"The ledger refuses this: {Refused(code).name.lower()}.")


class Legs:
    """Entries in the making: add one leg to many entries at a time. `rows` say which entry (0 to count - 1) gets it."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, ...]] = []

    def post(self, rows: np.ndarray, *, accounts: np.ndarray, amounts: np.ndarray) -> None:
        """Change what is posted on accounts by amounts."""
        self._add(rows, accounts, amounts, kernel.POST, 0)

    def hold(self, rows: np.ndarray, *, accounts: np.ndarray, amounts: np.ndarray) -> None:
        """Hold amounts (above 0) on accounts, each by a new hold."""
        self._add(rows, accounts, amounts, kernel.HOLD, 0)

    def post_held(self, rows: np.ndarray, *, accounts: np.ndarray, amounts: np.ndarray, holds: np.ndarray) -> None:
        """Take amounts (above 0) off accounts, out of what holds have kept there."""
        self._add(rows, accounts, -amounts, kernel.POST_HELD, holds)

    def void(self, rows: np.ndarray, *, accounts: np.ndarray, amounts: np.ndarray, holds: np.ndarray) -> None:
        """Let amounts (above 0) that holds have kept be free again."""
        self._add(rows, accounts, amounts, kernel.VOID, holds)

    def _add(
        self, rows: np.ndarray, accounts: np.ndarray, amounts: np.ndarray, mode: int, holds: np.ndarray | int
    ) -> None:
        shape = rows.shape
        columns = (accounts, amounts, np.int8(mode), holds)
        self._parts.append((rows, *(np.broadcast_to(column, shape) for column in columns)))

    def renumbered(self, kept: np.ndarray) -> "Legs":
        """Give the legs of these entries alone (int64, rising), counted from 0 without gaps."""
        legs = Legs()
        for rows, *columns in self._parts:
            places = np.searchsorted(kept, rows)
            is_kept = (
                (places < len(kept)) & (kept[np.minimum(places, len(kept) - 1)] == rows) if len(kept) else rows < 0
            )
            legs._parts.append((places[is_kept], *(column[is_kept] for column in columns)))
        return legs

    def sorted(self, count: int) -> tuple[np.ndarray, ...]:
        """Give offsets and the columns of all legs, by entry; within one in the order in which they were added."""
        rows = np.concatenate([part[0] for part in self._parts])
        order = np.argsort(rows, kind="stable")
        offsets = np.searchsorted(rows[order], np.arange(count + 1))
        dtypes = (np.int64, np.int64, np.int8, np.int64)
        columns = [
            np.concatenate([part[place] for part in self._parts]).astype(dtype)[order]
            for place, dtype in enumerate(dtypes, 1)
        ]
        return offsets.astype(np.int64), *columns


class Outcomes(NamedTuple):
    """What became of entries: `codes[i]` is 0 or a Refused, `culprits[i]` the account it failed on (0: none).

    `holds` lists the holds that each entry made, in the order of its legs; a refused one made none.
    """

    codes: np.ndarray
    culprits: np.ndarray
    holds: Ragged
    facts: list[Section]

    @property
    def recorded(self) -> np.ndarray:
        """Tell which entries were recorded; bool [n]."""
        is_recorded: np.ndarray = self.codes == 0
        return is_recorded


def open_accounts(
    ledger: Ledger, kind: Kind, *, owners: np.ndarray | int, units: np.ndarray | int, at: int
) -> tuple[np.ndarray, list[Section]]:
    """Give the accounts of a kind by owner and unit, opening those that are missing, and the facts of that."""
    shape = np.broadcast_shapes(np.shape(owners), np.shape(units))
    owners, units = (np.array(np.broadcast_to(one, shape), np.int64) for one in (owners, units))
    found = ledger.find(kind, owners, units)
    if found.all():
        return found, []
    missing = np.unique(np.stack([owners[found == 0], units[found == 0]]), axis=1)
    kinds = np.full(missing.shape[1], int(kind), np.int64)
    floors = np.full(missing.shape[1], FLOORS.get(kind, NO_FLOOR), np.int64)
    opened = ledger.open(kinds, missing[0], missing[1], floors)
    fact = section(
        AccountOpened,
        is_applied=True,
        at=np.full(len(opened), at, np.int64),
        account=opened,
        kind=kinds,
        owner=missing[0],
        unit=missing[1],
        floor=floors,
    )
    return ledger.find(kind, owners, units), [fact]


def record(
    ledger: Ledger,
    legs: Legs,
    *,
    reason: Reason,
    at: np.ndarray,
    references: np.ndarray | None = None,
    numbered_from: int = 0,
    expires_at: np.ndarray | int = 0,
) -> Outcomes:
    """Record entries in order, each whole or not at all. Shapes: at, references int64 [n].

    Without references, those entries that are recorded get the numbers from `numbered_from` on as theirs.
    """
    count = len(at)
    if count == 0:
        nothing = np.zeros(0, np.int64)
        return Outcomes(nothing, nothing, Ragged(np.zeros(1, np.int32), nothing), [])
    offsets, accounts, amounts, modes, holds = legs.sorted(count)
    at = np.ascontiguousarray(at, np.int64)
    expires = np.array(np.broadcast_to(expires_at, count), np.int64)
    first_entry = ledger.entries + 1
    codes, legs_at_fault = ledger.decide(
        offsets=offsets, accounts=accounts, amounts=amounts, modes=modes, holds=holds, at=at, expires_at=expires
    )
    culprits = np.where(legs_at_fault >= 0, accounts[legs_at_fault], 0)
    recorded = codes == 0
    kept = np.repeat(recorded, np.diff(offsets))
    lengths = np.diff(offsets)[recorded]
    made = Ragged(
        _offsets(np.add.reduceat(np.append((modes == kernel.HOLD) & kept, 0), offsets[:-1]) * (np.diff(offsets) > 0)),
        holds[(modes == kernel.HOLD) & kept],
    )
    if not recorded.any():
        return Outcomes(codes, culprits, made, [])
    spans = _offsets(lengths)
    if references is None:
        referred = np.arange(numbered_from, numbered_from + len(lengths))
    else:
        referred = np.asarray(references, np.int64)[recorded]
    fact = section(
        EntryRecorded,
        is_applied=True,
        at=at[recorded],
        entry=np.arange(first_entry, first_entry + len(lengths)),
        reason=np.full(len(lengths), int(reason), np.int64),
        reference=referred,
        expires_at=expires[recorded],
        accounts=Ragged(spans, accounts[kept]),
        amounts=Ragged(spans, amounts[kept]),
        modes=Ragged(spans, modes[kept]),
        holds=Ragged(spans, holds[kept]),
    )
    return Outcomes(codes, culprits, made, [fact])


class Placed(NamedTuple):
    """What became of purchases: `codes[i]` is 0 or a Refused, `culprits[i]` the account it failed on (0: none).

    `first_holds` and `entries` number what was recorded of each; those of a refused one are 0.
    """

    codes: np.ndarray
    culprits: np.ndarray
    first_holds: np.ndarray
    entries: np.ndarray


def place(ledger: Ledger, wanted: Placing, *, passed: np.ndarray) -> Placed:
    """Commit units and hold money for purchases in order, each whole or not at all; bool [n] says which to look at.

    It changes the balances, as `record` does; the fact is PurchasePlaced, which whoever called this writes down.
    """
    codes = np.where(passed, 0, -1).astype(np.int64)
    first_entry = ledger.entries + 1
    culprits, first_holds = ledger.place(wanted, codes)
    recorded = codes == 0
    entries = np.where(recorded, first_entry - 1 + np.cumsum(recorded), 0)
    return Placed(codes, culprits, first_holds, entries)


def _offsets(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
