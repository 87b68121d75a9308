"""The views: what people page through, told as tables and how each kind of fact changes them."""

from collections.abc import Callable, Iterable
from typing import ClassVar

import numpy as np

from caravan.cell import Section, View, Write, numbers, ragged, rows
from caravan.events import catalog, ledger, orders, payments
from caravan.flows.transfer_views import TransfersView
from caravan.kernel.event import Event
from caravan.trade.ledger import Kind
from caravan.trade.orders import orders_in

_Read = Callable[[str], list[tuple[object, ...]]]


class OrdersView:
    """Orders by buyer and by seller, with where each stands."""

    name = "orders"
    version = 2
    tables = """
    CREATE TABLE orders (
        number INTEGER PRIMARY KEY, purchase INTEGER, buyer INTEGER, seller INTEGER, unit INTEGER, total INTEGER,
        fee INTEGER, placed_at INTEGER, status TEXT DEFAULT 'placed', fulfillment TEXT DEFAULT 'unfulfilled'
    );
    CREATE INDEX orders_by_buyer ON orders (buyer, number);
    CREATE INDEX orders_by_seller ON orders (seller, fulfillment, status, number);
    CREATE INDEX orders_of_seller ON orders (seller, number);
    CREATE INDEX orders_by_purchase ON orders (purchase, number);
    """
    kinds: frozenset[type[Event]] = frozenset(
        {
            orders.PurchasePlaced,
            orders.LinesFulfilled,
            orders.OrderCanceled,
            orders.OrderFulfilled,
            orders.OrderReceived,
            orders.OrderCompleted,
        }
    )
    _changes: ClassVar[dict[type[Event], str]] = {
        orders.LinesFulfilled: "fulfillment = replace(fulfillment, 'unfulfilled', 'partial')",
        orders.OrderCanceled: "status = 'canceled'",
        orders.OrderFulfilled: "fulfillment = 'fulfilled'",
        orders.OrderReceived: "fulfillment = 'delivered'",
        orders.OrderCompleted: "status = 'completed'",
    }

    def begin(self, read: _Read) -> None:
        """Need nothing: every row is written from one fact."""

    def apply(self, part: Section, write: Write) -> None:
        """Add placed orders, move the others."""
        if part.kind is orders.PurchasePlaced:
            placed = orders_in(part)
            columns = ("order", "purchase", "buyer", "seller", "unit", "total", "fee", "at")
            write(
                "INSERT INTO orders (number, purchase, buyer, seller, unit, total, fee, placed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                zip(*(placed[name].tolist() for name in columns), strict=True),
            )
            return
        write(f"UPDATE orders SET {self._changes[part.kind]} WHERE number = ?", _columns(part, ("order",)))  # noqa: S608


class StatementsView:
    """Every posting on wallets and sellers' balances, as a statement reads."""

    name = "statements"
    version = 1
    tables = """
    CREATE TABLE owned_accounts (account INTEGER PRIMARY KEY, kind INTEGER, owner INTEGER, unit INTEGER);
    CREATE TABLE statements (
        kind INTEGER, owner INTEGER, unit INTEGER, entry INTEGER, leg INTEGER, amount INTEGER, reason INTEGER,
        reference INTEGER, at INTEGER, PRIMARY KEY (kind, owner, entry, leg)
    ) WITHOUT ROWID;
    """
    kinds: frozenset[type[Event]] = frozenset({ledger.AccountOpened, ledger.EntryRecorded})

    def __init__(self) -> None:
        self._kinds = np.zeros(1, np.int64)
        self._owners = np.zeros(1, np.int64)
        self._units = np.zeros(1, np.int64)

    def begin(self, read: _Read) -> None:
        """Learn which accounts have statements."""
        self._learn(read("SELECT account, kind, owner, unit FROM owned_accounts"))  # type: ignore[arg-type]

    def _learn(self, accounts: Iterable[tuple[int, int, int, int]]) -> None:
        for account, kind, owner, unit in accounts:
            while account >= len(self._kinds):
                self._kinds, self._owners, self._units = (
                    np.concatenate([column, np.zeros_like(column)])
                    for column in (self._kinds, self._owners, self._units)
                )
            self._kinds[account], self._owners[account], self._units[account] = kind, owner, unit

    def apply(self, part: Section, write: Write) -> None:
        """Note accounts of buyers and sellers, and what is posted on them."""
        if part.kind is ledger.AccountOpened:
            owned = [row for row in _columns(part, ("account", "kind", "owner", "unit")) if row[1] in _STATED]
            self._learn(owned)  # type: ignore[arg-type]
            write("INSERT OR REPLACE INTO owned_accounts VALUES (?, ?, ?, ?)", owned)
            return
        accounts, amounts, modes = (ragged(part.batch, name) for name in ("accounts", "amounts", "modes"))
        entries = np.repeat(np.arange(part.batch.num_rows), np.diff(accounts.offsets))
        known = np.where(accounts.values < len(self._kinds), accounts.values, 0)
        legs = np.flatnonzero((self._kinds[known] != 0) & ((modes.values == 0) | (modes.values == 2)))  # noqa: PLR2004
        mine, of = known[legs], entries[legs]
        facts = (numbers(part.batch, name)[of] for name in ("reason", "reference", "at"))
        changed = (
            self._kinds[mine], self._owners[mine], self._units[mine], numbers(part.batch, "entry")[of], legs,
            amounts.values[legs], *facts,
        )  # fmt: skip
        write(
            "INSERT OR REPLACE INTO statements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            zip(*(column.tolist() for column in changed), strict=True),
        )


_STATED = frozenset({int(Kind.WALLET), int(Kind.SELLER_BALANCE)})


class PayoutsView:
    """Payouts, the orders that each settles, and what was taken off for what."""

    name = "payouts"
    version = 2
    tables = """
    CREATE TABLE payouts (
        number INTEGER PRIMARY KEY, seller INTEGER, unit INTEGER, amount INTEGER, deducted INTEGER, sent_at INTEGER,
        status TEXT DEFAULT 'sent'
    );
    CREATE INDEX payouts_by_seller ON payouts (seller, number);
    CREATE TABLE payout_lines (payout INTEGER, order_number INTEGER, amount INTEGER, PRIMARY KEY (payout, order_number))
        WITHOUT ROWID;
    CREATE TABLE payout_released (order_number INTEGER PRIMARY KEY, seller INTEGER, unit INTEGER);
    CREATE TABLE payout_deductions (
        number INTEGER PRIMARY KEY, payout INTEGER DEFAULT 0, seller INTEGER, unit INTEGER, order_number INTEGER,
        reason INTEGER, amount INTEGER
    );
    CREATE INDEX payout_deductions_by_payout ON payout_deductions (payout, seller, unit);
    """
    kinds: frozenset[type[Event]] = frozenset(
        {
            payments.PayoutSent, payments.PayoutPaid, payments.PayoutReturned, payments.EscrowReleased,
            payments.PaymentRefunded, payments.SellerCharged,
        }
    )  # fmt: skip

    def begin(self, read: _Read) -> None:
        """Need nothing: every row is written from one fact."""

    def apply(self, part: Section, write: Write) -> None:
        """Add payouts with what they itemize, and what was taken off since; refunds are of what has been released."""
        if part.kind is payments.PayoutSent:
            self._send(part, write)
        elif part.kind is payments.EscrowReleased:
            released = _columns(part, ("order", "seller", "unit"))
            write("INSERT OR REPLACE INTO payout_released VALUES (?, ?, ?)", released)
        elif part.kind is payments.PaymentRefunded:
            taken = [row for row in _columns(part, ("from_seller_minor", "order")) if row[0]]
            write(
                "INSERT INTO payout_deductions (seller, unit, order_number, reason, amount)"
                " SELECT seller, unit, order_number, 0, ? FROM payout_released WHERE order_number = ?",
                taken,
            )
        elif part.kind is payments.SellerCharged:
            charged = _columns(part, ("seller", "unit", "order", "reason", "amount_minor"))
            write(
                "INSERT INTO payout_deductions (seller, unit, order_number, reason, amount) VALUES (?, ?, ?, ?, ?)",
                charged,
            )
        elif part.kind is payments.PayoutPaid:
            write("UPDATE payouts SET status = 'paid' WHERE number = ?", _columns(part, ("payout",)))
        else:
            write("UPDATE payouts SET status = 'returned' WHERE number = ?", _columns(part, ("payout",)))
            write(
                "INSERT INTO payout_deductions (seller, unit, order_number, reason, amount)"
                " SELECT seller, unit, order_number, reason, amount FROM payout_deductions WHERE payout = ?",
                _columns(part, ("payout",)),
            )

    def _send(self, part: Section, write: Write) -> None:
        columns = ("payout", "seller", "unit", "amount_minor", "deducted_minor", "at")
        write(
            "INSERT INTO payouts (number, seller, unit, amount, deducted, sent_at) VALUES (?, ?, ?, ?, ?, ?)",
            _columns(part, columns),
        )
        settled, amounts = ragged(part.batch, "orders"), ragged(part.batch, "amounts_minor")
        payouts = np.repeat(numbers(part.batch, "payout"), np.diff(settled.offsets))
        lines = zip(payouts.tolist(), settled.values.tolist(), amounts.values.tolist(), strict=True)
        write("INSERT INTO payout_lines VALUES (?, ?, ?)", lines)
        write(
            "UPDATE payout_deductions SET payout = ? WHERE payout = 0 AND seller = ? AND unit = ?",
            _columns(part, ("payout", "seller", "unit")),
        )


class ShelfView:
    """Product pages as shoppers browse and search them: category, best landed price, how often sold."""

    name = "shelf"
    version = 2
    tables = """
    CREATE TABLE shelf (
        product INTEGER PRIMARY KEY, title TEXT, category TEXT, brand TEXT, added_at INTEGER, sold INTEGER DEFAULT 0,
        price INTEGER, offers INTEGER DEFAULT 0
    );
    CREATE INDEX shelf_by_category ON shelf (category, product);
    CREATE INDEX shelf_by_price ON shelf (category, price);
    CREATE INDEX shelf_by_sold ON shelf (sold);
    CREATE INDEX shelf_by_age ON shelf (added_at);
    CREATE TABLE shelf_skus (sku INTEGER PRIMARY KEY, product INTEGER);
    CREATE TABLE shelf_listings (
        listing INTEGER PRIMARY KEY, product INTEGER, seller INTEGER, price INTEGER, is_live INTEGER DEFAULT 0,
        status TEXT DEFAULT 'draft'
    );
    CREATE INDEX shelf_listings_by_product ON shelf_listings (product, is_live, price);
    CREATE INDEX shelf_listings_by_seller ON shelf_listings (seller, listing);
    CREATE VIRTUAL TABLE words USING fts5 (
        title, description, brand, category, options, tokenize = 'unicode61 remove_diacritics 2'
    );
    """
    kinds: frozenset[type[Event]] = frozenset(
        {
            catalog.ProductAdded, catalog.ProductEdited, catalog.SkuAdded, catalog.ListingAdded,
            catalog.ListingSubmitted, catalog.ListingPublished, catalog.ListingPaused, catalog.ListingRetired,
            catalog.ListingSuspended, catalog.ListingRepriced, orders.PurchasePlaced,
        }
    )  # fmt: skip
    _statuses: ClassVar[dict[type[Event], str]] = {
        catalog.ListingSubmitted: "in_review",
        catalog.ListingPublished: "live",
        catalog.ListingPaused: "paused",
        catalog.ListingRetired: "retired",
        catalog.ListingSuspended: "suspended",
    }

    def begin(self, read: _Read) -> None:
        """Need nothing: products are found through the tables."""

    def apply(self, part: Section, write: Write) -> None:
        """Change pages, offers and counts."""
        if part.kind is catalog.ProductAdded:
            self._add(part, write)
        elif part.kind is catalog.ProductEdited:
            self._edit(part, write)
        elif part.kind is catalog.SkuAdded:
            write("INSERT INTO shelf_skus VALUES (?, ?)", _columns(part, ("sku", "product")))
            named = [row for row in _columns(part, ("option", "product")) if row[0]]
            write("UPDATE words SET options = coalesce(options, '') || ' ' || ? WHERE rowid = ?", named)
        elif part.kind is orders.PurchasePlaced:
            listings, quantities = ragged(part.batch, "listings"), ragged(part.batch, "quantities")
            sold = zip(quantities.values.tolist(), listings.values.tolist(), strict=True)
            write(
                "UPDATE shelf SET sold = sold + ?"
                " WHERE product = (SELECT product FROM shelf_listings WHERE listing = ?)",
                sold,
            )
        else:
            self._offer(part, write)

    def _add(self, part: Section, write: Write) -> None:
        events = [event for event in rows(part) if isinstance(event, catalog.ProductAdded)]
        write(
            "INSERT INTO shelf (product, title, category, brand, added_at) VALUES (?, ?, ?, ?, ?)",
            [(event.product, event.title, event.category, event.brand, event.at) for event in events],
        )
        write(
            "INSERT INTO words (rowid, title, description, brand, category) VALUES (?, ?, ?, ?, ?)",
            [(event.product, event.title, event.description, event.brand, event.category) for event in events],
        )

    def _edit(self, part: Section, write: Write) -> None:
        shown = _columns(part, ("title", "category", "product"))
        write("UPDATE shelf SET title = ?, category = ? WHERE product = ?", shown)
        words = _columns(part, ("title", "description", "category", "product"))
        write("UPDATE words SET title = ?, description = ?, category = ? WHERE rowid = ?", words)

    def _offer(self, part: Section, write: Write) -> None:
        if part.kind is catalog.ListingAdded:
            write(
                "INSERT INTO shelf_listings (listing, product, seller, price)"
                " VALUES (?, (SELECT product FROM shelf_skus WHERE sku = ?), ?, ? + ?)",
                _columns(part, ("listing", "sku", "seller", "price_minor", "shipping_minor")),
            )
        elif part.kind is catalog.ListingRepriced:
            write(
                "UPDATE shelf_listings SET price = ? + ? WHERE listing = ?",
                _columns(part, ("price_minor", "shipping_minor", "listing")),
            )
        else:
            status = self._statuses[part.kind]
            write(
                f"UPDATE shelf_listings SET status = '{status}', is_live = {int(status == 'live')} WHERE listing = ?",  # noqa: S608
                _columns(part, ("listing",)),
            )
        write(
            "UPDATE shelf SET (price, offers) = (SELECT min(price), count(*) FROM shelf_listings"
            " WHERE shelf_listings.product = shelf.product AND is_live)"
            " WHERE product = (SELECT product FROM shelf_listings WHERE listing = ?)",
            _columns(part, ("listing",)),
        )


def all_views() -> list[View]:
    """Give one of each view."""
    return [OrdersView(), StatementsView(), PayoutsView(), ShelfView(), TransfersView()]


def _columns(part: Section, names: Iterable[str]) -> list[tuple[object, ...]]:
    return list(zip(*(part.batch.column(name).to_pylist() for name in names), strict=True))
