"""Happenings: what each fact says as rows of the tables that numbers are asked of, and that analysts read.

Rows are only ever added, each under the number of its fact, and look at nothing but facts with lower numbers. So the
tables are the same however the facts were bundled on their way in.
"""

from collections.abc import Mapping
from string import Template
from types import MappingProxyType
from typing import Final

import numpy as np
import pyarrow as pa

from caravan.cell import Section, numbers, ragged, schema
from caravan.events import catalog, claims, delivery, discovery, identity, markets, orders, partners, payments, search
from caravan.insight.discovery import Signal
from caravan.insight.metrics import Book, Insert, Step, View
from caravan.kernel.event import Event
from caravan.kernel.event import name as kind_of
from caravan.kernel.money import CURRENCIES
from caravan.trade.claims import Opener, Reason
from caravan.trade.delivery import ParcelStatus
from caravan.trade.orders import orders_in

VERSION: Final = 3  # Change it with anything here: the tables are then built again.
# A sale counts as recommended when its buyer came to the product from one of these within a week before.
RECOMMENDING: Final = ("home", "also_bought", "goes_with", "cart", "digest")
ATTRIBUTION_DAYS: Final = 7
_LETTERS = {numeric: letters for letters, (numeric, _) in CURRENCIES.items()}
_REASONS = {int(reason): reason.name.lower() for reason in Reason}
_OPENERS = {int(opener): opener.name.lower() for opener in Opener}
_SIGNALS = {int(signal): signal.name.lower() for signal in Signal}

_AT = (("fact", pa.int64()), ("happened_at", pa.timestamp("us")), ("day", pa.date32()))
_ORDER = (
    ("order_number", pa.int64()), ("purchase", pa.int64()), ("buyer", pa.int64()), ("seller", pa.int64()),
    ("currency", pa.string()), ("seller_country", pa.string()), ("buyer_country", pa.string()),
)  # fmt: skip
_PRODUCT = (("product", pa.int64()), ("category", pa.string()), ("brand", pa.string()))


def _table(*columns: tuple[str, pa.DataType]) -> pa.Schema:
    return pa.schema([*_AT, *columns])


def _integers(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, pa.int64()) for name in names]


TABLES: Final[Mapping[str, pa.Schema]] = MappingProxyType({
    # Things that others refer to.
    "market_names": _table(("name", pa.string()), ("currency", pa.string())),
    "sellers": _table(("seller", pa.int64()), ("name", pa.string()), ("country", pa.string()), ("city", pa.string())),
    "buyers": _table(("buyer", pa.int64()), ("country", pa.string())),
    "product_versions": _table(*_PRODUCT, ("title", pa.string())),
    "skus": _table(*_integers("sku", "product")),
    "listings": _table(*_integers("listing", "seller", "sku")),
    # What happens.
    "approvals": _table(("seller", pa.int64()), ("seller_country", pa.string())),
    "publications": _table(*_integers("listing", "seller"), ("seller_country", pa.string())),
    "registrations": _table(("buyer", pa.int64()), ("buyer_country", pa.string())),
    "views": _table(
        ("visitor", pa.int64()), ("buyer", pa.int64()), *_PRODUCT, ("signal", pa.string()), ("surface", pa.string()),
    ),
    "vain_searches": _table(),
    "checkouts": _table(("session", pa.int64()), ("buyer", pa.int64()), ("currency", pa.string()), ("total_minor", pa.int64())),
    "checkout_steps": _table(
        ("session", pa.int64()), ("buyer", pa.int64()), ("currency", pa.string()), ("step", pa.string()), ("total_minor", pa.int64()),
    ),
    "placed_purchases": _table(
        *_integers("purchase", "buyer"), ("currency", pa.string()), ("buyer_country", pa.string()),
        *_integers("total_minor", "orders", "nth"),
    ),
    "placed_orders": _table(*_ORDER, *_integers("total_minor", "fee_minor", "fee_tax_minor", "lines", "units")),
    "placed_lines": _table(
        *_ORDER, ("line", pa.int64()), ("listing", pa.int64()), *_PRODUCT,
        *_integers("quantity", "unit_price_minor", "goods_minor", "shipping_minor", "amount_minor", "fee_minor"),
        ("is_recommended", pa.bool_()),
    ),
    "canceled_orders": _table(*_ORDER, *_integers("total_minor", "units")),
    "captures": _table(*_ORDER, *_integers("amount_minor")),
    "voids": _table(*_ORDER, *_integers("amount_minor")),
    "refunds": _table(
        *_ORDER, *_integers("amount_minor", "from_escrow_minor", "from_seller_minor", "fee_minor", "fee_tax_minor")
    ),
    "returned_lines": _table(*_ORDER, ("line", pa.int64()), *_PRODUCT, *_integers("quantity", "refund_minor")),
    "disputes": _table(*_ORDER, ("dispute", pa.int64()), *_integers("amount_minor", "from_escrow_minor")),
    "closed_disputes": _table(*_ORDER, ("dispute", pa.int64()), *_integers("amount_minor", "from_escrow_minor"), ("is_won", pa.bool_())),
    "promises": _table(*_integers("order_number", "promised_at")),
    "handovers": _table(*_ORDER, ("parcel", pa.int64()), ("carrier", pa.string()), ("promised_at", pa.int64())),
    "fulfilled_orders": _table(*_ORDER, *_integers("total_minor", "units"), ("seconds", pa.int64())),
    "deliveries": _table(
        *_ORDER, ("total_minor", pa.int64()), ("seconds", pa.int64()), ("is_promised", pa.bool_()), ("is_kept", pa.bool_()),
    ),
    "releases": _table(*_ORDER, *_integers("amount_minor", "fee_minor", "fee_tax_minor")),
    "opened_claims": _table(
        *_ORDER, ("claim", pa.int64()), ("reason", pa.string()), ("opened_by", pa.string()), ("amount_minor", pa.int64()),
    ),
    "granted_claims": _table(
        *_ORDER, ("claim", pa.int64()), ("reason", pa.string()), ("granted_by", pa.string()), ("amount_minor", pa.int64()),
    ),
    "closed_claims": _table(
        *_ORDER, ("claim", pa.int64()), ("reason", pa.string()), ("seconds", pa.int64()), ("is_withdrawn", pa.bool_()),
    ),
    "lost_parcels": _table(*_ORDER, ("parcel", pa.int64()), ("carrier", pa.string())),
    "replacements": _table(*_ORDER, *_integers("parcel", "units"), ("is_claimed", pa.bool_())),
    "payouts": _table(
        *_integers("payout", "seller"), ("currency", pa.string()), ("seller_country", pa.string()),
        *_integers("amount_minor", "deducted_minor", "orders"),
    ),
})  # fmt: skip

VIEWS: Final[Mapping[str, View]] = MappingProxyType({
    "products": View(
        "SELECT product, arg_max(title, fact) AS title, arg_max(category, fact) AS category,"
        " arg_max(brand, fact) AS brand FROM product_versions GROUP BY product",
        pa.schema([("product", pa.int64()), ("title", pa.string()), ("category", pa.string()), ("brand", pa.string())]),
    ),
})  # fmt: skip


def _plainly(part: Section, positions: np.ndarray, *names: str, **more: pa.Array) -> pa.Table:
    """Stage columns of facts as they are, under the number of each fact."""
    columns = {name: part.batch.column(name) for name in names}
    return pa.table({"fact": positions, "at_us": numbers(part.batch, "at"), **columns, **more})


def _money(units: np.ndarray) -> pa.Array:
    letters = [_LETTERS.get(unit, "") for unit in units.tolist()]
    return pa.array(letters, pa.string())


def _purchases(part: Section, positions: np.ndarray) -> dict[str, pa.Table]:
    batch, placed = part.batch, orders_in(part)
    counts, lines = placed["counts"], placed["lines"]
    currency = _money(numbers(batch, "unit"))
    quantities = ragged(batch, "quantities").values
    of_purchase = np.repeat(np.arange(batch.num_rows), counts)
    of_order = np.repeat(np.arange(len(lines)), lines)
    orders_staged = {
        "fact": positions[of_purchase], "at_us": placed["at"], "order_number": placed["order"],
        "purchase": placed["purchase"], "buyer": placed["buyer"], "seller": placed["seller"],
        "currency": currency.take(pa.array(of_purchase)),
    }  # fmt: skip
    measures = {
        "total_minor": placed["total"], "fee_minor": placed["fee"], "fee_tax_minor": placed["fee_tax"], "lines": lines,
        "units": np.add.reduceat(quantities, placed["line"]),
    }  # fmt: skip
    in_line = pa.array(of_order)
    line_columns = {name: pa.array(column).take(in_line) if not isinstance(column, pa.Array) else column.take(in_line)
                    for name, column in orders_staged.items()}  # fmt: skip
    prices, shipping = ragged(batch, "unit_prices_minor").values, ragged(batch, "shipping_minor").values
    return {
        "staged_purchases": _plainly(
            part, positions, "purchase", "buyer", "total_minor", currency=currency, orders=pa.array(counts)
        ),
        "staged_orders": pa.table(orders_staged | measures),
        "staged_lines": pa.table(line_columns | {
            "line": np.arange(len(of_order)) - placed["line"][of_order], "listing": ragged(batch, "listings").values,
            "quantity": quantities, "unit_price_minor": prices, "goods_minor": prices * quantities,
            "shipping_minor": shipping, "amount_minor": prices * quantities + shipping,
            "fee_minor": ragged(batch, "fees_minor").values,
        }),
    }  # fmt: skip


def _signals(part: Section, positions: np.ndarray) -> dict[str, pa.Table]:
    marks = [int.from_bytes(visitor[:8], "little", signed=True) for visitor in part.batch.column("visitor").to_pylist()]
    names = [_SIGNALS.get(one, "") for one in part.batch.column("signal").to_pylist()]
    columns = _plainly(
        part,
        positions,
        "buyer",
        "product",
        "surface",
        visitor=pa.array(marks, pa.int64()),
        signal=pa.array(names, pa.string()),
    )
    return {"staged": columns}


def _payouts(part: Section, positions: np.ndarray) -> dict[str, pa.Table]:
    settled = ragged(part.batch, "orders")
    return {
        "staged": _plainly(
            part, positions, "payout", "seller", "amount_minor", "deducted_minor",
            currency=_money(numbers(part.batch, "unit")), orders=pa.array(np.diff(settled.offsets).astype(np.int64)),
        )
    }  # fmt: skip


def _step(kind: type[Event], columns: tuple[str, ...], *inserts: Insert) -> Step:
    def stage(part: Section, positions: np.ndarray) -> dict[str, pa.Table]:
        return {"staged": _plainly(part, positions, *columns)}

    return Step(kind_of(kind), stage, inserts)


# In what follows, `s` is what was staged, with `happened_at` and `day` added; every other table is taken as it stands.
_STAGED = "FROM staged s"
_SELLER = "LEFT JOIN sellers e ON e.seller = s.seller"
_BUYER = "LEFT JOIN buyers b ON b.buyer = s.buyer"
_PAGE = "ASOF LEFT JOIN product_versions p ON p.product = {0} AND p.fact <= s.fact"
_OF_ORDER = "o.order_number, o.purchase, o.buyer, o.seller, o.currency, o.seller_country, o.buyer_country"
_BY_ORDER = "FROM staged s JOIN placed_orders o ON o.order_number = s.order_number"
_BY_CLAIM = "FROM staged s JOIN opened_claims o ON o.claim = s.claim"
# A parcel may be said to be lost more than once, and is lost once.
_LOST = (
    "FROM staged s JOIN handovers o ON o.parcel = s.parcel"  # noqa: S608 - A number of our own.
    f" WHERE s.status = {int(ParcelStatus.LOST)} AND NOT EXISTS (SELECT 1 FROM lost_parcels l WHERE l.parcel = s.parcel)"
    " QUALIFY row_number() OVER (PARTITION BY s.parcel ORDER BY s.fact) = 1"
)
_SECONDS = "(epoch_us(s.happened_at) - epoch_us(o.happened_at)) // 1000000"
_DAY_US = 86_400_000_000


def _plain(kind: type[Event], table: str, *columns: str) -> Step:
    """Make a step for facts that are a row as they are."""
    return _step(kind, columns, Insert(table, ", ".join(f"s.{name}" for name in columns), _STAGED))


def _of_order(kind: type[Event], table: str, columns: tuple[str, ...], more: str, source: str = _BY_ORDER) -> Step:
    """Make a step for facts that name an order: the row takes over what is known of it."""

    def stage(part: Section, positions: np.ndarray) -> dict[str, pa.Table]:
        return {"staged": _plainly(part, positions, *columns, order_number=part.batch.column("order"))}

    return Step(kind_of(kind), stage, (Insert(table, f"{_OF_ORDER}, {more}", source),))


def _delivery() -> Step:
    """Make the step for orders that arrived: the promise is the one at checkout, or else the one at handover."""
    made = (
        "LEFT JOIN (SELECT {0}.order_number, min(promised_at) AS promised_at FROM {0} JOIN staged USING (order_number)"
        " WHERE promised_at > 0 AND {0}.fact < staged.fact GROUP BY ALL) {1} ON {1}.order_number = s.order_number"
    )
    promised = "coalesce(p.promised_at, h.promised_at)"
    arrived = f"epoch_us(s.happened_at) // {_DAY_US} <= {promised} // {_DAY_US}"
    more = f"o.total_minor, {_SECONDS}, {promised} IS NOT NULL, coalesce({arrived}, FALSE)"
    source = f"{_BY_ORDER} {made.format('promises', 'p')} {made.format('handovers', 'h')}"
    return _of_order(orders.OrderReceived, "deliveries", (), more, source)


def _claims(part: Section, positions: np.ndarray) -> dict[str, pa.Table]:
    reasons = [_REASONS.get(one, "") for one in part.batch.column("reason").to_pylist()]
    openers = [_OPENERS.get(one, "") for one in part.batch.column("by").to_pylist()]
    columns = _plainly(
        part, positions, "claim", "amount_minor", order_number=part.batch.column("order"),
        reason=pa.array(reasons, pa.string()), opened_by=pa.array(openers, pa.string()),
    )  # fmt: skip
    return {"staged": columns}


def _replacements(part: Section, positions: np.ndarray) -> dict[str, pa.Table]:
    quantities = ragged(part.batch, "quantities")
    units = np.diff(np.concatenate([[0], np.cumsum(quantities.values)])[quantities.offsets])
    columns = _plainly(
        part, positions, "parcel", "claim", "is_replacement", order_number=part.batch.column("order"),
        units=pa.array(units),
    )  # fmt: skip
    return {"staged": columns}


def _granted(kind: type[Event], columns: tuple[str, ...], by: str) -> Step:
    """Make a step for facts by which money goes back for a claim."""
    source = f"{_BY_CLAIM} WHERE s.amount_minor > 0"
    granted = f"{_OF_ORDER}, o.claim, o.reason, {by}, s.amount_minor"
    return _step(kind, ("claim", "amount_minor", *columns), Insert("granted_claims", granted, source))


def _closed(kind: type[Event], columns: tuple[str, ...], is_withdrawn: str) -> Step:
    """Make a step for facts that end a claim."""
    closed = f"{_OF_ORDER}, o.claim, o.reason, {_SECONDS}, {is_withdrawn}"
    return _step(kind, ("claim", *columns), Insert("closed_claims", closed, _BY_CLAIM))


def _promise() -> Step:
    def stage(part: Section, positions: np.ndarray) -> dict[str, pa.Table]:
        return {"staged": _plainly(part, positions, "promised_at", order_number=part.batch.column("order"))}

    return Step(kind_of(delivery.PromiseMade), stage, (Insert("promises", "s.order_number, s.promised_at", _STAGED),))


def _checkout_step(kind: type[Event], name: str) -> Step:
    # Counted on the day on which the checkout began, so that the steps of one day are those of the same checkouts.
    columns = f"c.session, c.buyer, c.currency, '{name}', c.total_minor"
    source = "FROM staged a JOIN checkouts c ON c.session = a.session"
    begun = f"{source} CROSS JOIN LATERAL (SELECT a.fact, c.happened_at, c.day) s"
    return _step(kind, ("session",), Insert("checkout_steps", columns, begun))


_RECOMMENDED = Template("""
    EXISTS (
        SELECT 1 FROM views v WHERE v.buyer = s.buyer AND v.product = k.product AND v.buyer > 0
        AND v.surface IN $surfaces AND v.fact < s.fact
        AND v.happened_at BETWEEN s.happened_at - INTERVAL $days DAY AND s.happened_at
    )
""").substitute(surfaces=RECOMMENDING, days=ATTRIBUTION_DAYS)
_COUNTED_BEFORE = """
    LEFT JOIN (
        SELECT buyer, count(*) AS known FROM placed_purchases
        WHERE buyer IN (SELECT buyer FROM staged_purchases) GROUP BY buyer
    ) k ON k.buyer = s.buyer
"""
_BRAND = (
    "JOIN (SELECT product, first(brand) AS brand FROM product_versions GROUP BY product) p ON p.product = s.product"
)
_COUNTRIES = "coalesce(e.country, ''), coalesce(b.country, '')"
_IDS_OF_ORDER = f"s.order_number, s.purchase, s.buyer, s.seller, s.currency, {_COUNTRIES}"

STEPS: Final[tuple[Step, ...]] = (
    _plain(markets.MarketOpened, "market_names", "name", "currency"),
    _plain(partners.SellerApplied, "sellers", "seller", "name", "country", "city"),
    _step(
        partners.SellerApproved, ("seller",), Insert("approvals", "s.seller, coalesce(e.country, '')", f"{_STAGED} {_SELLER}")
    ),
    _step(
        identity.BuyerRegistered, ("buyer", "country"),
        Insert("buyers", "s.buyer, s.country", _STAGED), Insert("registrations", "s.buyer, s.country", _STAGED),
    ),
    _plain(catalog.ProductAdded, "product_versions", "product", "category", "brand", "title"),
    _step(
        catalog.ProductEdited, ("product", "category", "title"),
        Insert("product_versions", "s.product, s.category, p.brand, s.title", f"{_STAGED} {_BRAND}"),
    ),
    _plain(catalog.SkuAdded, "skus", "sku", "product"),
    _plain(catalog.ListingAdded, "listings", "listing", "seller", "sku"),
    _step(
        catalog.ListingPublished, ("listing",),
        Insert(
            "publications", "s.listing, l.seller, coalesce(e.country, '')",
            f"{_STAGED} JOIN listings l ON l.listing = s.listing LEFT JOIN sellers e ON e.seller = l.seller",
        ),
    ),
    Step(kind_of(discovery.SignalNoted), _signals, (
        Insert(
            "views", "s.visitor, s.buyer, s.product, coalesce(p.category, ''), coalesce(p.brand, ''), s.signal, s.surface",
            f"{_STAGED} {_PAGE.format('s.product')}",
        ),
    )),
    _plain(search.SearchFoundNothing, "vain_searches"),
    _step(
        orders.SessionOpened, ("session", "buyer", "currency", "total_minor"),
        Insert("checkouts", "s.session, s.buyer, s.currency, s.total_minor", _STAGED),
        Insert("checkout_steps", "s.session, s.buyer, s.currency, 'opened', s.total_minor", _STAGED),
    ),
    _checkout_step(orders.SessionReserved, "reserved"),
    _checkout_step(orders.SessionCompleted, "completed"),
    _checkout_step(orders.SessionCanceled, "canceled"),
    _checkout_step(orders.SessionExpired, "expired"),
    Step(kind_of(orders.PurchasePlaced), _purchases, (
        Insert(
            "placed_purchases",
            "s.purchase, s.buyer, s.currency, coalesce(b.country, ''), s.total_minor, s.orders,"
            " coalesce(k.known, 0) + row_number() OVER (PARTITION BY s.buyer ORDER BY s.fact)",
            f"FROM staged_purchases s {_BUYER} {_COUNTED_BEFORE}",
        ),
        Insert(
            "placed_orders", f"{_IDS_OF_ORDER}, s.total_minor, s.fee_minor, s.fee_tax_minor, s.lines, s.units",
            f"FROM staged_orders s {_SELLER} {_BUYER}",
        ),
        Insert(
            "placed_lines",
            f"{_IDS_OF_ORDER}, s.line, s.listing, coalesce(k.product, 0), coalesce(p.category, ''), coalesce(p.brand, ''),"
            " s.quantity, s.unit_price_minor, s.goods_minor, s.shipping_minor, s.amount_minor, s.fee_minor,"
            f" {_RECOMMENDED}",
            f"FROM staged_lines s {_SELLER} {_BUYER} LEFT JOIN listings l ON l.listing = s.listing"
            f" LEFT JOIN skus k ON k.sku = l.sku {_PAGE.format('k.product')}",
        ),
    )),
    _of_order(orders.OrderCanceled, "canceled_orders", (), "o.total_minor, o.units"),
    _of_order(payments.PaymentCaptured, "captures", ("amount_minor",), "s.amount_minor"),
    _of_order(payments.PaymentVoided, "voids", ("amount_minor",), "s.amount_minor"),
    _of_order(
        payments.PaymentRefunded, "refunds",
        ("amount_minor", "from_escrow_minor", "from_seller_minor", "fee_minor", "fee_tax_minor"),
        "s.amount_minor, s.from_escrow_minor, s.from_seller_minor, s.fee_minor, s.fee_tax_minor",
    ),
    _of_order(
        orders.LineReturned, "returned_lines", ("line", "quantity", "refund_minor"),
        "o.line, o.product, o.category, o.brand, s.quantity, s.refund_minor",
        "FROM staged s JOIN placed_lines o ON o.order_number = s.order_number AND o.line = s.line",
    ),
    _of_order(
        payments.DisputeOpened, "disputes", ("dispute", "amount_minor", "from_escrow_minor"),
        "s.dispute, s.amount_minor, s.from_escrow_minor",
    ),
    _of_order(
        payments.DisputeClosed, "closed_disputes", ("dispute", "is_won"),
        "o.dispute, o.amount_minor, o.from_escrow_minor, s.is_won", "FROM staged s JOIN disputes o ON o.dispute = s.dispute",
    ),
    _promise(),
    _of_order(delivery.ParcelHandedOver, "handovers", ("parcel", "carrier", "promised_at"), "s.parcel, s.carrier, s.promised_at"),
    _of_order(orders.OrderFulfilled, "fulfilled_orders", (), f"o.total_minor, o.units, {_SECONDS}"),
    _delivery(),
    _of_order(
        payments.EscrowReleased, "releases", ("amount_minor", "fee_minor", "fee_tax_minor"),
        "s.amount_minor, s.fee_minor, s.fee_tax_minor",
    ),
    Step(kind_of(claims.ClaimOpened), _claims, (
        Insert("opened_claims", f"{_OF_ORDER}, s.claim, s.reason, s.opened_by, s.amount_minor", _BY_ORDER),
    )),
    _granted(claims.ClaimAnswered, ("is_silence",), "CASE WHEN s.is_silence THEN 'silence' ELSE 'seller' END"),
    _granted(claims.ClaimDecided, (), "'operator'"),
    _closed(claims.ClaimDecided, (), "FALSE"),
    _closed(claims.ClaimClosed, ("is_withdrawn",), "s.is_withdrawn"),
    *(
        _step(kind, ("parcel", "status"), Insert("lost_parcels", f"{_OF_ORDER}, o.parcel, o.carrier", _LOST))
        for kind in (delivery.ParcelScanned, delivery.ParcelTracked)
    ),
    Step(kind_of(delivery.ParcelMade), _replacements, (
        Insert("replacements", f"{_OF_ORDER}, s.parcel, s.units, s.claim > 0", f"{_BY_ORDER} WHERE s.is_replacement"),
    )),
    Step(kind_of(payments.PayoutSent), _payouts, (
        Insert(
            "payouts", "s.payout, s.seller, s.currency, coalesce(e.country, ''), s.amount_minor, s.deducted_minor, s.orders",
            f"{_STAGED} {_SELLER}",
        ),
    )),
)  # fmt: skip

BOOK: Final = Book(VERSION, TABLES, VIEWS, STEPS)

# What is not written to Parquet, although it stands in the log: what people typed or are known by, and what opens a door.
_TYPED: Final = frozenset({
    "reference", "document", "line", "note", "why", "evidence", "words", "tracking", "method", "back", "code", "by", "reason",
})  # fmt: skip
_MARKS: Final = ("mark", "mark_high", "mark_low", "_hash")
_LEFT_OUT_WHOLE: Final = frozenset({identity.PasswordSet, identity.TokenIssued, identity.TokenRevoked})


def left_out(kind: type[Event]) -> frozenset[str] | None:
    """Give the fields of a kind that stay in the cell: all that is sealed, marks, and words of people. None is all of it.

    Kinds of the machine's own (answers that are kept to be said again) stay whole.
    """
    if kind in _LEFT_OUT_WHOLE or not kind.__module__.startswith("caravan.events."):
        return None
    fields = schema(kind)
    typed = {field.name for field in fields if field.name in _TYPED and pa.types.is_string(field.type)}
    return kind.personal | typed | {name for name in fields.names if name.endswith(_MARKS)}
