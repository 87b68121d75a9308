"""What you can ask the ledger: balances, totals, and whether its invariants hold."""

from collections.abc import Iterator

import numpy as np

from caravan.trade.ledger.model import FLOORS, Kind, Ledger


def balance(ledger: Ledger, kind: Kind, *, owner: int, unit: int) -> tuple[int, int]:
    """Give what is posted on an account and what of it is held; (0, 0) when it was never opened."""
    account = int(ledger.find(kind, np.array([owner]), np.array([unit]))[0])
    return int(ledger.accounts.posted[account]), int(ledger.accounts.held[account])


def free_units(ledger: Ledger, locations: np.ndarray, skus: np.ndarray) -> np.ndarray:
    """Give the units on shelves that nobody has reserved; 0 where nothing was ever. Shapes: int64 [n], [n] -> [n]."""
    numbers, accounts = ledger.find_soon(Kind.AVAILABLE, locations, skus), ledger.accounts
    free: np.ndarray = np.where(numbers > 0, accounts.posted[numbers] - accounts.held[numbers], 0)
    return free


def totals(ledger: Ledger, kind: Kind) -> dict[int, int]:
    """Give the sum of all accounts of a kind by unit."""
    chosen = ledger.accounts.kind == kind
    units, places = np.unique(ledger.accounts.unit[chosen], return_inverse=True)
    sums = np.zeros(len(units), np.int64)
    np.add.at(sums, places, ledger.accounts.posted[chosen])
    return dict(zip(units.tolist(), sums.tolist(), strict=True))


def findings(ledger: Ledger) -> Iterator[str]:
    """Check the ledger's own invariants over all accounts; give a sentence for each that does not hold."""
    table, holds = ledger.accounts, ledger.holds
    is_units = table.kind >= Kind.SUPPLIED
    sums = np.zeros((2, int(table.unit.max()) + 1), np.int64)
    np.add.at(sums, (is_units.astype(np.int64), table.unit), table.posted)
    for side, unit in zip(*np.nonzero(sums), strict=True):
        what = "SKU" if side else "currency"
        yield f"Accounts of {what} {unit} sum to {sums[side, unit]}, not to zero."
    # By kind, not by what the account says of itself: an account that has lost its floor must be found out too.
    can_run_out = np.isin(table.kind, [int(kind) for kind in FLOORS])
    for account in np.flatnonzero(can_run_out & (table.posted - table.held < 0)):
        yield f"Account {account} ({Kind(table.kind[account]).name}) has {table.posted[account]}, held {table.held[account]}."
    kept = np.zeros(len(table), np.int64)
    np.add.at(kept, holds.account, holds.remaining)
    for account in np.flatnonzero(kept != table.held):
        yield f"Account {account} says {table.held[account]} is held, its holds say {kept[account]}."
    if (holds.remaining < 0).any():
        yield "A hold keeps less than nothing."
