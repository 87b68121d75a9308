"""The compiled heart of the ledger: decide entries in order, each whole or not at all, thousands at a time."""

import numpy as np
from numba import njit

from caravan.cell.prefetch import prefetch

# How a leg changes its account.
POST = 0  # posted += amount
HOLD = 1  # held += amount, and a new hold remembers it; amount > 0
POST_HELD = 2  # what a hold kept is posted: posted += amount, held += amount, the hold keeps less; amount < 0
VOID = 3  # what a hold kept is free again: held -= amount; amount > 0

# What became of an entry.
RECORDED = 0
BELOW_FLOOR = 1
NO_ACCOUNT = 2
UNBALANCED = 3
HOLD_CLOSED = 4
OUT_OF_RANGE = 5
HOLD_EXPIRED = 6
NO_STOCK = 7  # Of a purchase: units of a SKU that was never received.
NO_WALLET = 8  # Of a purchase: a buyer who never put money in.

# So many purchases' accounts are brought from memory together.
_AHEAD = 128

# Raised when what a kernel decides changes, so that a log tells which decided what stands in it.
VERSION = 1

# Kinds of account from here on are in units of a SKU, those below in money: SKU 978 is not the euro.
UNITS_FROM = 100

# With these, no sum here leaves 64 bits: a balance and all legs of one entry together are below 9 * 10**18.
LEGS_MAX = 4_000
_AMOUNT_MAX = 10**15
_BALANCE_MAX = 4 * 10**18


@njit(cache=True, nogil=True)
def _fault(  # noqa: C901, PLR0911, PLR0912, PLR0913, PLR0917  # Compiled: arrays in, one straight way through.
    first: int, last: int, at: int, kind: np.ndarray, unit: np.ndarray,
    hold_account: np.ndarray, hold_expires: np.ndarray, holds: int,
    leg_account: np.ndarray, leg_amount: np.ndarray, leg_mode: np.ndarray, leg_hold: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Look for what makes an entry impossible whatever the balances are; give the code and the leg."""
    if last - first > LEGS_MAX:
        return OUT_OF_RANGE, first
    for leg in range(first, last):
        account, amount, mode = leg_account[leg], leg_amount[leg], leg_mode[leg]
        if account <= 0 or account >= unit.shape[0]:
            return NO_ACCOUNT, leg
        if amount > _AMOUNT_MAX or amount < -_AMOUNT_MAX:
            return OUT_OF_RANGE, leg
        if mode in (HOLD, VOID) and amount <= 0:
            return OUT_OF_RANGE, leg
        if mode == POST_HELD and amount >= 0:
            return OUT_OF_RANGE, leg
        if mode in (POST_HELD, VOID):
            hold = leg_hold[leg]
            if hold <= 0 or hold >= holds or hold_account[hold] != account:
                return HOLD_CLOSED, leg
            if mode == POST_HELD and hold_expires[hold] != 0 and hold_expires[hold] <= at:
                return HOLD_EXPIRED, leg
    for leg in range(first, last):
        if leg_mode[leg] == HOLD or leg_mode[leg] == VOID:
            continue
        total = 0
        is_money = kind[leg_account[leg]] < UNITS_FROM
        for other in range(first, last):
            is_posting = leg_mode[other] == POST or leg_mode[other] == POST_HELD
            is_alike = unit[leg_account[other]] == unit[leg_account[leg]]
            if is_posting and is_alike and (kind[leg_account[other]] < UNITS_FROM) == is_money:
                total += leg_amount[other]
        if total != 0:
            return UNBALANCED, leg
    return RECORDED, -1


@njit(cache=True, nogil=True)
def _apply(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    first: int, last: int, sign: int, posted: np.ndarray, held: np.ndarray, hold_remaining: np.ndarray,
    leg_account: np.ndarray, leg_amount: np.ndarray, leg_mode: np.ndarray, leg_hold: np.ndarray,
) -> None:  # fmt: skip
    """Change the balances by an entry's legs, or with sign -1 take that change back."""
    for leg in range(first, last):
        account, amount, mode = leg_account[leg], sign * leg_amount[leg], leg_mode[leg]
        if mode == POST:
            posted[account] += amount
        elif mode == HOLD:
            held[account] += amount
            hold_remaining[leg_hold[leg]] += amount
        elif mode == POST_HELD:
            posted[account] += amount
            held[account] += amount
            hold_remaining[leg_hold[leg]] += amount
        else:
            held[account] -= amount
            hold_remaining[leg_hold[leg]] -= amount


@njit(cache=True, nogil=True)
def _shortfall(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    first: int, last: int, posted: np.ndarray, held: np.ndarray, floor: np.ndarray, hold_remaining: np.ndarray,
    leg_account: np.ndarray, leg_amount: np.ndarray, leg_mode: np.ndarray, leg_hold: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Look for a limit that an applied entry has broken; give the code and the leg."""
    for leg in range(first, last):
        account, mode = leg_account[leg], leg_mode[leg]
        if mode in (POST_HELD, VOID) and hold_remaining[leg_hold[leg]] < 0:
            return HOLD_CLOSED, leg
        takes = mode == HOLD or (mode == POST and leg_amount[leg] < 0)
        if takes and posted[account] - held[account] < floor[account]:
            return BELOW_FLOOR, leg
        if posted[account] > _BALANCE_MAX or posted[account] < -_BALANCE_MAX or held[account] > _BALANCE_MAX:
            return OUT_OF_RANGE, leg
    return RECORDED, -1


@njit(cache=True, nogil=True)
def decide(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    posted: np.ndarray, held: np.ndarray, floor: np.ndarray, kind: np.ndarray, unit: np.ndarray,
    hold_account: np.ndarray, hold_remaining: np.ndarray, hold_expires: np.ndarray, holds: int,
    offsets: np.ndarray, leg_account: np.ndarray, leg_amount: np.ndarray, leg_mode: np.ndarray, leg_hold: np.ndarray,
    at: np.ndarray, expires_at: np.ndarray, outcome: np.ndarray, culprit: np.ndarray,
) -> int:  # fmt: skip
    """Decide entries in order and change the balances by those that are recorded; give the next free hold number.

    Entry i has the legs offsets[i] to offsets[i + 1]. `leg_hold` is filled in for legs that make a hold. `outcome[i]`
    tells what became of entry i, and `culprit[i]` which leg it failed on. The hold arrays must have room for one new
    hold a leg. Amounts and balances are int64; the limits above keep every sum far from overflow.
    """
    for entry in range(offsets.shape[0] - 1):
        first, last = offsets[entry], offsets[entry + 1]
        code, leg = _fault(
            first,
            last,
            at[entry],
            kind,
            unit,
            hold_account,
            hold_expires,
            holds,
            leg_account,
            leg_amount,
            leg_mode,
            leg_hold,
        )
        if code != RECORDED:
            outcome[entry] = code
            culprit[entry] = leg
            continue
        next_hold = holds
        for leg in range(first, last):
            if leg_mode[leg] == HOLD:
                leg_hold[leg] = next_hold
                hold_account[next_hold] = leg_account[leg]
                hold_remaining[next_hold] = 0
                hold_expires[next_hold] = expires_at[entry]
                next_hold += 1
        _apply(first, last, 1, posted, held, hold_remaining, leg_account, leg_amount, leg_mode, leg_hold)
        code, leg = _shortfall(
            first, last, posted, held, floor, hold_remaining, leg_account, leg_amount, leg_mode, leg_hold
        )
        outcome[entry] = code
        culprit[entry] = leg
        if code == RECORDED:
            holds = next_hold
        else:
            _apply(first, last, -1, posted, held, hold_remaining, leg_account, leg_amount, leg_mode, leg_hold)
    return holds


@njit(cache=True, nogil=True)
def look(  # Compiled code takes arrays, not objects.
    shortcuts: np.ndarray, owner_of: np.ndarray, unit_of: np.ndarray, owners: np.ndarray, units: np.ndarray,
    is_by_unit: bool, found: np.ndarray,  # noqa: FBT001
) -> int:  # fmt: skip
    """Fill in the accounts that the shortcut of a unit (or else of an owner) names; tell how many it does not."""
    missed = 0
    places = units if is_by_unit else owners
    for first in range(0, found.shape[0], _AHEAD):
        last = min(first + _AHEAD, found.shape[0])
        for row in range(first, last):
            found[row] = shortcuts[places[row]] if 0 <= places[row] < shortcuts.shape[0] else 0
            prefetch(owner_of, found[row])
        for row in range(first, last):
            if found[row] == 0 or owner_of[found[row]] != owners[row] or unit_of[found[row]] != units[row]:
                found[row] = 0
                missed += 1
    return missed


@njit(cache=True, nogil=True)
def _purchase_fault(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    first: int, last: int, at: int, wallet: int, hold_account: np.ndarray, hold_expires: np.ndarray, holds: int,
    available: np.ndarray, pair: np.ndarray, line_hold: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Look for what makes a purchase impossible whatever the balances are; give the code and the account."""
    if last - first > LEGS_MAX:
        return OUT_OF_RANGE, 0
    for line in range(first, last):
        if available[line] == 0 or pair[available[line]] == 0:
            return NO_STOCK, 0
    if wallet == 0:
        return NO_WALLET, 0
    for line in range(first, last):
        hold = line_hold[line]
        if hold == 0:
            continue
        if hold < 0 or hold >= holds or hold_account[hold] != available[line]:
            return HOLD_CLOSED, available[line]
        if hold_expires[hold] != 0 and hold_expires[hold] <= at:
            return HOLD_EXPIRED, available[line]
    return RECORDED, 0


@njit(cache=True, nogil=True)
def _commit(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    first: int, last: int, sign: int, posted: np.ndarray, held: np.ndarray, floor: np.ndarray, hold_remaining: np.ndarray,
    available: np.ndarray, pair: np.ndarray, quantity: np.ndarray, line_hold: np.ndarray,
) -> tuple[int, int, int]:  # fmt: skip
    """Move the units of lines from available to committed, or with sign -1 back; stop behind a line that breaks a limit.

    Gives the code, the account, and the line up to which balances were changed.
    """
    for line in range(first, last):
        account, hold, units = available[line], line_hold[line], sign * quantity[line]
        other = pair[account]
        posted[account] -= units
        posted[other] += units
        if hold != 0:
            held[account] -= units
            hold_remaining[hold] -= units
        if sign < 0:
            continue
        if hold != 0 and hold_remaining[hold] < 0:
            return HOLD_CLOSED, account, line + 1
        if hold == 0 and posted[account] - held[account] < floor[account]:
            return BELOW_FLOOR, account, line + 1
        if posted[other] > _BALANCE_MAX:
            return OUT_OF_RANGE, other, line + 1
    return RECORDED, 0, last


@njit(cache=True, nogil=True)
def _money_of(first: int, last: int, amount: np.ndarray) -> int:
    """Give the sum of a purchase's orders, or -1 where it is out of range."""
    total = 0
    for order in range(first, last):
        if amount[order] <= 0 or amount[order] > _AMOUNT_MAX or last - first > LEGS_MAX:
            return -1
        total += amount[order]
    return total


@njit(cache=True, nogil=True)
def _reach(posted: np.ndarray, pair: np.ndarray, available: np.ndarray, wallet: np.ndarray) -> None:
    """Have the accounts of some purchases brought at once, so that memory need not be waited for one by one.

    A row of accounts lies in one line of the cache.
    """
    for line in range(available.shape[0]):
        prefetch(posted, available[line])
    for line in range(available.shape[0]):
        prefetch(posted, pair[available[line]])
    for row in range(wallet.shape[0]):
        prefetch(posted, wallet[row])


@njit(cache=True, nogil=True)
def place(  # noqa: C901, PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    posted: np.ndarray, held: np.ndarray, floor: np.ndarray,
    hold_account: np.ndarray, hold_remaining: np.ndarray, hold_expires: np.ndarray, holds: int,
    line_offsets: np.ndarray, available: np.ndarray, pair: np.ndarray, quantity: np.ndarray, line_hold: np.ndarray,
    order_offsets: np.ndarray, amount: np.ndarray, wallet: np.ndarray, at: np.ndarray,
    outcome: np.ndarray, culprit: np.ndarray, first_hold: np.ndarray,
) -> int:  # fmt: skip
    """Decide purchases in order, each whole or not at all; give the next free hold number.

    Purchase i takes quantity[j] of available[j] into its pair, where units are committed, for its lines j, out of line_hold[j] where that is
    not 0, and holds amount[k] on wallet[i] for its orders k. It is the entry that `decide` would record of the same
    legs, in one pass. `outcome[i]` tells what became of it; one that is not 0 already is passed over. `culprit[i]` is
    the account that it failed on, `first_hold[i]` the first of its new holds.
    """
    reached_by = 0
    for row in range(outcome.shape[0]):
        if row == reached_by:
            reached_by = min(row + _AHEAD, outcome.shape[0])
            _reach(posted, pair, available[line_offsets[row] : line_offsets[reached_by]], wallet[row:reached_by])
        if outcome[row] != RECORDED:
            continue
        first, last = line_offsets[row], line_offsets[row + 1]
        money = _money_of(order_offsets[row], order_offsets[row + 1], amount)
        code, account = _purchase_fault(
            first, last, at[row], wallet[row], hold_account, hold_expires, holds, available, pair, line_hold
        )
        if code == RECORDED and money < 0:
            code, account = OUT_OF_RANGE, wallet[row]
        if code != RECORDED:
            outcome[row], culprit[row] = code, account
            continue
        code, account, reached = _commit(
            first, last, 1, posted, held, floor, hold_remaining, available, pair, quantity, line_hold
        )
        if code == RECORDED:
            held[wallet[row]] += money
            if posted[wallet[row]] - held[wallet[row]] < floor[wallet[row]]:
                code, account = BELOW_FLOOR, wallet[row]
            elif held[wallet[row]] > _BALANCE_MAX:
                code, account = OUT_OF_RANGE, wallet[row]
            if code != RECORDED:
                held[wallet[row]] -= money
        if code != RECORDED:
            _commit(first, reached, -1, posted, held, floor, hold_remaining, available, pair, quantity, line_hold)
            outcome[row], culprit[row] = code, account
            continue
        first_hold[row] = holds
        for order in range(order_offsets[row], order_offsets[row + 1]):
            hold_account[holds] = wallet[row]
            hold_remaining[holds] = amount[order]
            if hold_expires[holds] != 0:  # Left there by an entry that was refused; not written where it is 0 already.
                hold_expires[holds] = 0
            holds += 1
    return holds
