"""Invariants: what always holds between the domains, over the whole state, in a sentence for each that does not."""

from collections.abc import Iterator

import numpy as np

from caravan.flows.house import House
from caravan.trade import ledger, orders, payments


def findings(house: House) -> Iterator[str]:
    """Check every invariant of the spine that applies so far; a sound house gives nothing."""
    yield from ledger.findings(house.ledger)
    yield from orders.findings(house.orders)
    yield from payments.findings(house.payments)
    yield from _units_agree(house)
    yield from _escrow_agrees(house)
    yield from _balances_agree(house)
    yield from _reservations_agree(house)
    yield from _holds_agree(house)


def _units_agree(house: House) -> Iterator[str]:
    """Units committed and shipped are those of orders that are neither canceled nor returned."""
    table, lines = house.orders.orders, house.orders.lines
    is_canceled = table.canceled_at[lines.order] != 0
    is_shipped = table.fulfilled_at[lines.order] != 0
    wanted = {
        ledger.Kind.COMMITTED: np.where(is_canceled | is_shipped, 0, lines.quantity),
        ledger.Kind.SHIPPED: np.where(is_shipped, lines.quantity - lines.returned, 0),
    }
    for kind, units in wanted.items():
        accounts = house.ledger.find(kind, lines.location, lines.sku)
        sums = np.zeros(len(house.ledger.accounts), np.int64)
        np.add.at(sums, accounts, units)
        chosen = house.ledger.accounts.kind == kind
        for account in np.flatnonzero(chosen & (sums != house.ledger.accounts.posted)):
            posted = house.ledger.accounts.posted[account]
            yield f"Account {account} ({kind.name}) holds {posted} units, the orders say {sums[account]}."


def _escrow_agrees(house: House) -> Iterator[str]:
    """Escrow of an order is captured less refunded before release less released; zero once it is complete."""
    money = house.payments.money
    numbers = np.arange(len(money))
    accounts = house.ledger.find(ledger.Kind.ESCROW, numbers, money.unit)
    held = np.where(accounts > 0, house.ledger.accounts.posted[accounts], 0)
    wanted = money.captured - money.refunded_before - money.released
    for order in np.flatnonzero(held != wanted):
        yield f"Escrow of order {order} holds {held[order]}, its payments say {wanted[order]}."
    closed = (house.orders.orders.completed_at != 0) | (house.orders.orders.canceled_at != 0)
    for order in np.flatnonzero(closed & (held != 0)):
        yield f"Order {order} is over, but its escrow holds {held[order]}."


def _balances_agree(house: House) -> Iterator[str]:
    """A seller's balance is what is due to them: released, not paid out, less what later refunds took."""
    accounts = house.ledger.accounts
    for account in np.flatnonzero(accounts.kind == ledger.Kind.SELLER_BALANCE):
        due = house.payments.due.get((int(accounts.owner[account]), int(accounts.unit[account])))
        wanted = sum(due.amounts_minor) - due.deducted_minor if due else 0
        if accounts.posted[account] != wanted:
            yield f"Seller {accounts.owner[account]} has {accounts.posted[account]}, is due {wanted}."


def _reservations_agree(house: House) -> Iterator[str]:
    """Units held are those of checkouts that are ready."""
    wanted = np.zeros(len(house.ledger.accounts), np.int64)
    for session in house.orders.sessions:
        if session.status != orders.SessionStatus.READY:
            continue
        for line, hold in zip(session.lines, session.holds, strict=True):
            wanted[house.ledger.holds.account[hold]] += line.quantity
    accounts = house.ledger.accounts
    chosen = accounts.kind == ledger.Kind.AVAILABLE
    for account in np.flatnonzero(chosen & (accounts.held != wanted)):
        yield f"Account {account} holds {accounts.held[account]} units, ready checkouts say {wanted[account]}."


def _holds_agree(house: House) -> Iterator[str]:
    """Money held in wallets is that of orders that are neither captured nor voided."""
    money = house.payments.money
    numbers = np.flatnonzero((money.captured == 0) & (money.voided == 0) & (money.authorized > 0))
    wanted = np.zeros(len(house.ledger.accounts), np.int64)
    np.add.at(wanted, house.ledger.holds.account[money.hold[numbers]], money.authorized[numbers])
    accounts = house.ledger.accounts
    chosen = accounts.kind == ledger.Kind.WALLET
    for account in np.flatnonzero(chosen & (accounts.held != wanted)):
        yield f"Wallet account {account} holds {accounts.held[account]}, open orders say {wanted[account]}."
