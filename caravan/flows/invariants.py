"""Invariants: what always holds between the domains, over the whole state, in a sentence for each that does not."""

from collections.abc import Iterator

import numpy as np

from caravan.flows import disputes
from caravan.flows.house import House
from caravan.kernel.ids import OrderId
from caravan.trade import claims, exchange, ledger, moves, orders, payments, taxes, transfers


def findings(house: House) -> Iterator[str]:
    """Check every invariant of the spine that applies so far; a sound house gives nothing."""
    yield from ledger.findings(house.ledger)
    yield from orders.findings(house.orders)
    yield from payments.findings(house.payments)
    yield from claims.findings(house.claims)
    yield from transfers.findings(house.transfers)
    yield from exchange.findings(house.exchange)
    yield from taxes.findings(house.taxes)
    yield from _exchange_agrees(house)
    yield from _taxes_agree(house)
    yield from moves.findings(house.moves)
    yield from _units_agree(house)
    yield from _moves_agree(house)
    yield from _places_agree(house)
    yield from _escrow_agrees(house)
    yield from _balances_agree(house)
    yield from _reservations_agree(house)
    yield from _holds_agree(house)
    yield from _promises_agree(house)
    yield from _clearing_agrees(house)
    yield from _nothing_left_unpaid(house)
    yield from _asked_within_bounds(house)


def _units_agree(house: House) -> Iterator[str]:
    """Units committed and shipped are those of orders that are neither canceled nor returned."""
    table, lines = house.orders.orders, house.orders.lines
    is_canceled = table.canceled_at[lines.order] != 0
    is_shipped = table.fulfilled_at[lines.order] != 0
    committed = np.where(is_canceled | is_shipped, 0, lines.quantity)
    shipped = np.where(is_shipped, lines.quantity - lines.returned, 0)
    for order in house.orders.parts:
        rows = orders.lines_of(house.orders, OrderId(order))
        for row, one in zip(rows, orders.units_of(house.orders, OrderId(order)), strict=True):
            committed[row], shipped[row] = one.current - one.fulfilled + one.replacing, one.out
    wanted = {ledger.Kind.COMMITTED: committed, ledger.Kind.SHIPPED: shipped}
    for kind, units in wanted.items():
        accounts = house.ledger.find(kind, lines.location, lines.sku)
        sums = np.zeros(len(house.ledger.accounts), np.int64)
        np.add.at(sums, accounts, units)
        chosen = house.ledger.accounts.kind == kind
        for account in np.flatnonzero(chosen & (sums != house.ledger.accounts.posted)):
            posted = house.ledger.accounts.posted[account]
            yield f"Account {account} ({kind.name}) holds {posted} units, the orders say {sums[account]}."


def _moves_agree(house: House) -> Iterator[str]:
    """Units on their way to a location are those of moves that have neither arrived nor been turned back."""
    wanted, posted = moves.on_the_way(house.moves), _sums(house, ledger.Kind.MOVING)
    for key in sorted(wanted.keys() | posted.keys()):
        if wanted.get(key, 0) != posted.get(key, 0):
            location, sku = key
            yield (
                f"{posted.get(key, 0)} units of SKU {sku} are on their way to location {location}, "
                f"its moves say {wanted.get(key, 0)}."
            )


def _places_agree(house: House) -> Iterator[str]:
    """Sellers have an open location, and stock in open ones only; what they sold, and their listings, are at their own."""
    known, accounts = house.partners, house.ledger.accounts
    owners = np.array([place.seller for place in known.locations], np.int64)
    is_open = np.array([place.is_open for place in known.locations], np.bool_)
    is_there = np.isin(accounts.kind, _THERE) & (accounts.posted != 0)
    for account in np.flatnonzero(is_there & ~is_open[np.where(is_there, accounts.owner, 0)]):
        kind = ledger.Kind(int(accounts.kind[account])).name
        yield f"Location {accounts.owner[account]} is closed, but {accounts.posted[account]} units are there ({kind})."
    for seller in known.sellers[1:]:
        if seller.locations and not any(is_open[place] for place in seller.locations):
            yield f"Seller {seller.seller} has no open location."
    lines, listings = house.orders.lines, house.catalog.listings
    strays = owners[lines.location] != house.orders.orders.seller[lines.order]
    for line in np.flatnonzero(strays):
        yield f"Line {line} of order {lines.order[line]} is sent from location {lines.location[line]}, which is not its seller's."
    for listing in np.flatnonzero(owners[listings.location] != listings.seller):
        yield f"Listing {listing} is at home in location {listings.location[listing]}, which is not its seller's."


_THERE = [int(kind) for kind in (ledger.Kind.AVAILABLE, ledger.Kind.COMMITTED, ledger.Kind.MOVING)]


def _escrow_agrees(house: House) -> Iterator[str]:
    """Escrow of an order is captured less refunded before release less released; zero once it is complete."""
    money = house.payments.money
    numbers = np.arange(len(money))
    accounts = house.ledger.find(ledger.Kind.ESCROW, numbers, money.unit)
    held = np.where(accounts > 0, house.ledger.accounts.posted[accounts], 0)
    wanted = money.captured - money.refunded_before - money.released - money.disputed
    for order in np.flatnonzero(held != wanted):
        yield f"Escrow of order {order} holds {held[order]}, its payments say {wanted[order]}."
    closed = (house.orders.orders.completed_at != 0) | (house.orders.orders.canceled_at != 0)
    for order in np.flatnonzero(closed & (held != 0)):
        yield f"Order {order} is over, but its escrow holds {held[order]}."


def _balances_agree(house: House) -> Iterator[str]:
    """A seller's balance is what is due to them: released or paid in person, not paid out, less what refunds took."""
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
        if session.status not in orders.HOLDING:
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
    left = money.authorized - money.captured - money.voided
    numbers = np.flatnonzero(left > 0)
    wanted = np.zeros(len(house.ledger.accounts), np.int64)
    np.add.at(wanted, house.ledger.holds.account[money.hold[numbers]], left[numbers])
    accounts = house.ledger.accounts
    chosen = accounts.kind == ledger.Kind.WALLET
    for account in np.flatnonzero(chosen & (accounts.held != wanted)):
        yield f"Wallet account {account} holds {accounts.held[account]}, open orders say {wanted[account]}."


def _sums(house: House, kind: ledger.Kind) -> dict[tuple[int, int], int]:
    """Give what is posted on accounts of a kind, by owner and unit; those at zero are left out."""
    table = house.ledger.accounts
    chosen = np.flatnonzero((table.kind == kind) & (table.posted != 0))
    return {(int(table.owner[one]), int(table.unit[one])): int(table.posted[one]) for one in chosen}


def _promises_agree(house: House) -> Iterator[str]:
    """What providers keep for us is what open orders wait for; what banks want back is what open disputes are about."""
    dealings, wanted, reserve = house.dealings, dict[tuple[int, int], int](), dict[tuple[int, int], int]()
    for funding in dealings.fundings.values():
        if not funding.is_let_go:
            _count(
                wanted, (funding.provider, dealings.deals[funding.payment].unit), funding.captured - funding.promised
            )
    for dispute in dealings.disputes.values():
        if dispute.is_won is None:
            _count(reserve, (0, int(house.payments.money.unit[dispute.order])), dispute.amount)
    yield from _compared(wanted, _sums(house, ledger.Kind.AUTHORIZED), "Providers keep")
    yield from _compared(reserve, _sums(house, ledger.Kind.DISPUTE_RESERVE), "The dispute reserve holds")


def _clearing_agrees(house: House) -> Iterator[str]:
    """A provider has taken in what was captured, less what went back, was lost, or what its reports booked."""
    dealings, wanted = house.dealings, dict[tuple[int, int], int]()
    for funding in dealings.fundings.values():
        _count(wanted, (funding.provider, dealings.deals[funding.payment].unit), -funding.captured)
    for work in dealings.works.values():
        if work.what == payments.AskKind.REFUND and work.is_done is not False:
            deal = dealings.deals[work.payment]
            _count(wanted, (deal.provider, deal.unit), work.amount)
    for dispute in dealings.disputes.values():
        if dispute.is_won is False:
            deal = dealings.deals[dispute.payment]
            _count(wanted, (deal.provider, deal.unit), disputes.wanted_of(house, dispute))
    for key, amount in dealings.reported.items():
        _count(wanted, key, amount)
    posted = {key: amount for key, amount in _sums(house, ledger.Kind.PSP_CLEARING).items() if key[0]}
    yield from _compared(wanted, posted, "Clearing holds")


def _count(sums: dict[tuple[int, int], int], key: tuple[int, int], amount: int) -> None:
    sums[key] = sums.get(key, 0) + amount


def _compared(wanted: dict[tuple[int, int], int], posted: dict[tuple[int, int], int], what: str) -> Iterator[str]:
    for key in sorted(wanted.keys() | posted.keys()):
        if wanted.get(key, 0) != posted.get(key, 0):
            yield f"{what} {posted.get(key, 0)} for provider {key[0]} in {key[1]}, payments say {wanted.get(key, 0)}."


def _nothing_left_unpaid(house: House) -> Iterator[str]:
    """What has left was paid for, unless cash is collected for it at the door."""
    for order, funding in house.dealings.fundings.items():
        gone = orders.sent_worth(house.orders, OrderId(order))
        if funding.provider == payments.Provider.CARD and funding.promised and funding.taken < gone:
            yield f"Order {order}: {gone} was handed over with {funding.taken} of {funding.total} taken in."


def _asked_within_bounds(house: House) -> Iterator[str]:
    """No more is captured than was authorized, nor refunded than captured, for any payment; coupons keep to their uses."""
    dealings = house.dealings
    for kind, name in ((payments.AskKind.CAPTURE, "capture"), (payments.AskKind.REFUND, "refund")):
        asked: dict[int, int] = {}
        for work in dealings.works.values():
            if work.what == kind and work.is_done is not False:
                asked[work.payment] = asked.get(work.payment, 0) + work.amount
        for payment, amount in asked.items():
            if amount > dealings.deals[payment].amount:
                yield f"Payment {payment}: asked to {name} {amount} of {dealings.deals[payment].amount}."
    for session, count in _purchases_by_session(house).items():
        if count > 1:
            yield f"Checkout {session} was paid for {count} times."
    for coupon in dealings.coupons.values():
        if not 0 <= coupon.uses <= coupon.uses_max:
            yield f"Coupon {coupon.coupon} was used {coupon.uses} times of {coupon.uses_max}."


def _purchases_by_session(house: House) -> dict[int, int]:
    counts: dict[int, int] = {}
    for deal in house.dealings.deals.values():
        if deal.orders:
            counts[deal.session] = counts.get(deal.session, 0) + 1
    return counts


def _exchange_agrees(house: House) -> Iterator[str]:
    """What stands on exchange, by currency, is what taken quotes took in of it less what they gave, and what went back."""
    wanted: dict[int, int] = {}
    for quote in house.exchange.quotes:
        if quote.is_taken:
            wanted[quote.unit] = wanted.get(quote.unit, 0) + quote.paid_minor
            wanted[quote.into] = wanted.get(quote.into, 0) - quote.mid_minor
    for paid in house.exchange.orders.values():
        quote = house.exchange.quotes[paid.quote]
        wanted[quote.unit] -= paid.paid_back
        wanted[quote.into] += paid.back + paid.spread_back
    for number, theirs in house.exchange.disputes.items():
        dispute = house.dealings.disputes[number]
        if dispute.is_won is False:
            wanted[house.dealings.deals[dispute.payment].unit] -= theirs
            wanted[int(house.payments.money.unit[dispute.order])] += dispute.amount
    posted = ledger.totals(house.ledger, ledger.Kind.EXCHANGE)
    for unit in sorted(wanted.keys() | posted.keys()):
        if wanted.get(unit, 0) != posted.get(unit, 0):
            yield f"Exchange of {unit} stands at {posted.get(unit, 0)}, its quotes say {wanted.get(unit, 0)}."


def _taxes_agree(house: House) -> Iterator[str]:
    """What stands on an authority's account is what was collected for it, less what went back and what it was paid."""
    numbers = {code: number for number, code in enumerate(house.taxes.authorities)}
    wanted = {(numbers[code], unit): amount for (code, unit), amount in taxes.owed(house.taxes).items()}
    posted = _sums(house, ledger.Kind.TAX_COLLECTED)
    for owner, unit in sorted(wanted.keys() | posted.keys()):
        if wanted.get((owner, unit), 0) != posted.get((owner, unit), 0):
            code = house.taxes.authorities[owner]
            yield f"{posted.get((owner, unit), 0)} of {unit} is kept for {code}, taxes say {wanted.get((owner, unit), 0)}."
