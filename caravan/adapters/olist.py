"""Reads the export of Olist, a Brazilian marketplace, as a shop's history: six tables and the names of categories.

Orders, lines, payments, customers, products, sellers and the category translation are read; reviews and geolocation are
not, for what they tell belongs to domains that import nothing yet. `NOTES` says what was decided where the export is
silent. A fault in any row of an order keeps the whole order out, because what is left would not add up; only a repeated
row goes alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import duckdb

from caravan.adapters import tabular
from caravan.adapters.tabular import Intake, Progress, Shape
from caravan.kernel.errors import Invalid
from caravan.world.partners.ports import RETURNS, History, ImportOptions

REASONS: Final[Mapping[str, str]] = {
    **tabular.REASONS,
    "unknown_buyer": "The order names a customer who is not among the accepted ones.",
    "unknown_status": "The order's status is none of the eight that Olist has.",
    "unknown_order": "The row belongs to an order that is not in the export.",
    "unknown_product": "The line names a product that is not among the accepted ones.",
    "unknown_seller": "The line names a seller who is not among the accepted ones.",
    "negative_amount": "A price, a freight or a payment is below zero.",
    "zero_price": "A line has no price.",
    "order_without_lines": "Nothing was bought: the order has no lines.",
    "order_without_payment": "The order has no payments, so there is no money to account for.",
    "payment_not_approved": "The order was never approved, so its payments may never have been made.",
    "underpaid": "The payments are more than 1.00 BRL short of the lines with their freight.",
    "order_rejected": "Another row of the same order was rejected: `field` says where, `value` why.",
}

NOTES: Final = (
    "Reviews and geolocation are not read.",
    "The export has no names and no e-mails: a buyer is a customer_unique_id, named by its first six letters.",
    "A buyer's address is that of the latest order; city and postcode are as written, tidied.",
    "Times are the wall clock of America/Sao_Paulo: no purchase falls into the hours that its summer time skipped.",
    "A promise is the estimated delivery date as it stands: midnight at the start of that day in Brazil.",
    "A listing is a product at a seller, at the price and the freight of its first sale; nothing is left on hand.",
    "Rows of one order with the same listing and price are one line.",
    "Buyers are registered, sellers apply and listings begin at the first order that names them.",
    "Products have no titles: they are called by their category. A category without a translation is Other.",
    "The export has no time of cancelation: an order that is canceled or unavailable was so when it was approved.",
    "An order that was canceled after it was handed over keeps its parcel.",
    "An order delivered at an unknown time may be settled from the promised day on.",
)

_FIRST_DAY = "2016-09-01 00:00:00+00"  # Olist's export begins here; for sellers and buyers of whom no order is known.

_SHAPES = [
    Shape(
        "translation",
        ("product_category_name_translation", "olist_product_category_name_translation", "translation"),
        {"category": ("product_category_name",), "english": ("product_category_name_english",)},
    ),
    Shape(
        "products",
        ("products", "olist_products_dataset", "olist_products"),
        {
            "id": ("product_id",),
            "category": ("product_category_name",),
            "weight": ("product_weight_g",),
            "length": ("product_length_cm",),
            "height": ("product_height_cm",),
            "width": ("product_width_cm",),
        },
        optional=frozenset({"weight", "length", "height", "width"}),
    ),
    Shape(
        "sellers",
        ("sellers", "olist_sellers_dataset", "olist_sellers"),
        {
            "id": ("seller_id",),
            "postcode": ("seller_zip_code_prefix",),
            "city": ("seller_city",),
            "state": ("seller_state",),
        },
        optional=frozenset({"postcode", "city", "state"}),
    ),
    Shape(
        "customers",
        ("customers", "olist_customers_dataset", "olist_customers"),
        {
            "id": ("customer_id",),
            "buyer": ("customer_unique_id",),
            "postcode": ("customer_zip_code_prefix",),
            "city": ("customer_city",),
        },
        optional=frozenset({"postcode", "city"}),
    ),
    Shape(
        "orders",
        ("orders", "olist_orders_dataset", "olist_orders"),
        {
            "id": ("order_id",),
            "customer": ("customer_id",),
            "status": ("order_status",),
            "placed": ("order_purchase_timestamp",),
            "approved": ("order_approved_at",),
            "carried": ("order_delivered_carrier_date",),
            "delivered": ("order_delivered_customer_date",),
            "promised": ("order_estimated_delivery_date",),
        },
    ),
    Shape(
        "items",
        ("order_items", "olist_order_items_dataset", "olist_order_items"),
        {
            "order_id": ("order_id",),
            "number": ("order_item_id",),
            "product": ("product_id",),
            "seller": ("seller_id",),
            "price": ("price",),
            "freight": ("freight_value",),
        },
    ),
    Shape(
        "payments",
        ("order_payments", "olist_order_payments_dataset", "olist_order_payments"),
        {
            "order_id": ("order_id",),
            "number": ("payment_sequential",),
            "method": ("payment_type",),
            "amount": ("payment_value",),
        },
    ),
]
_OPTIONAL_TABLES = {"translation"}

_MACROS = [
    "CREATE MACRO in_brazil(t) AS moment(day_and_time(t), 'America/Sao_Paulo')",
    r"""CREATE MACRO titled(t) AS array_to_string(list_transform(list_filter(regexp_split_to_array(lower(t), '[ _]+'),
        lambda word: word <> ''), lambda word: CASE WHEN word IN ('de', 'da', 'do', 'das', 'dos', 'e', 'and') THEN word
        ELSE upper(word[1]) || word[2:] END), ' ')""",
    # The translation's own slips of the pen.
    """CREATE MACRO spelled(t) AS
        replace(replace(replace(t, 'costruction', 'construction'), 'confort', 'comfort'), 'fashio_', 'fashion_')""",
    # Cities come as "sp / sp", "lages - sc", "04482255" and once as an e-mail address.
    r"""CREATE MACRO city_name(t) AS CASE WHEN t IS NULL OR contains(t, '@') OR NOT regexp_matches(t, '[[:alpha:]]')
        THEN '' ELSE titled(trim(regexp_replace(t, '( - |[/\\,(]).*$', ''))) END""",
    """CREATE MACRO postcode(t) AS
        CASE WHEN regexp_full_match(t, '[0-9]{1,5}') THEN lpad(t, 5, '0') ELSE coalesce(t, '') END""",
    "CREATE MACRO is_no_measure(t) AS told(t) IS NOT NULL AND coalesce(whole(t), -1) < 0",
]

_TRANSLATION = """
CREATE TABLE parsed_translation AS
SELECT file, row, told(category) AS id, titled(spelled(told(english))) AS english, CASE
    WHEN torn IS NOT NULL THEN fault('', 'malformed_row', torn)
    WHEN told(category) IS NULL THEN fault('product_category_name', 'missing_id', '')
    WHEN row_number() OVER (PARTITION BY told(category) ORDER BY row) > 1
        THEN fault('product_category_name', 'duplicate_id', category)
    WHEN told(english) IS NULL THEN fault('product_category_name_english', 'missing_value', '')
    END AS fault
FROM raw_translation
"""
_PRODUCTS = """
CREATE TABLE parsed_products AS
SELECT file, row, told(id) AS id, told(category) AS category, whole(weight) AS weight_grams,
    whole(length) AS length_cm, whole(height) AS height_cm, whole(width) AS width_cm, CASE
    WHEN torn IS NOT NULL THEN fault('', 'malformed_row', torn)
    WHEN told(id) IS NULL THEN fault('product_id', 'missing_id', '')
    WHEN row_number() OVER (PARTITION BY told(id) ORDER BY row) > 1 THEN fault('product_id', 'duplicate_id', id)
    WHEN is_no_measure(weight) THEN fault('product_weight_g', 'bad_number', weight)
    WHEN is_no_measure(length) THEN fault('product_length_cm', 'bad_number', length)
    WHEN is_no_measure(height) THEN fault('product_height_cm', 'bad_number', height)
    WHEN is_no_measure(width) THEN fault('product_width_cm', 'bad_number', width)
    END AS fault
FROM raw_products
"""
_SELLERS = """
CREATE TABLE parsed_sellers AS
SELECT file, row, told(id) AS id, city_name(told(city)) AS city, upper(coalesce(told(state), '')) AS state,
    postcode(told(postcode)) AS postcode, CASE
    WHEN torn IS NOT NULL THEN fault('', 'malformed_row', torn)
    WHEN told(id) IS NULL THEN fault('seller_id', 'missing_id', '')
    WHEN row_number() OVER (PARTITION BY told(id) ORDER BY row) > 1 THEN fault('seller_id', 'duplicate_id', id)
    END AS fault
FROM raw_sellers
"""
_CUSTOMERS = """
CREATE TABLE parsed_customers AS
SELECT file, row, told(id) AS id, told(buyer) AS buyer, city_name(told(city)) AS city,
    postcode(told(postcode)) AS postcode, CASE
    WHEN torn IS NOT NULL THEN fault('', 'malformed_row', torn)
    WHEN told(id) IS NULL THEN fault('customer_id', 'missing_id', '')
    WHEN row_number() OVER (PARTITION BY told(id) ORDER BY row) > 1 THEN fault('customer_id', 'duplicate_id', id)
    WHEN told(buyer) IS NULL THEN fault('customer_unique_id', 'missing_id', '')
    END AS fault
FROM raw_customers
"""
_ORDERS = """
CREATE TABLE parsed_orders AS
WITH parsed AS (
    SELECT file, row, torn, told(id) AS id, told(customer) AS customer, lower(told(status)) AS status,
        placed, approved, carried, delivered, promised, in_brazil(placed) AS placed_at,
        in_brazil(approved) AS approved_at, in_brazil(carried) AS carried_at, in_brazil(delivered) AS delivered_at,
        in_brazil(promised) AS promised_at, row_number() OVER (PARTITION BY told(id) ORDER BY row) AS nth
    FROM raw_orders
)
SELECT parsed.*, parsed_customers.buyer, CASE
    WHEN torn IS NOT NULL THEN fault('', 'malformed_row', torn)
    WHEN parsed.id IS NULL THEN fault('order_id', 'missing_id', '')
    WHEN nth > 1 THEN fault('order_id', 'duplicate_id', parsed.id)
    WHEN customer IS NULL THEN fault('customer_id', 'missing_id', '')
    WHEN parsed_customers.buyer IS NULL THEN fault('customer_id', 'unknown_buyer', customer)
    WHEN status IS NULL THEN fault('order_status', 'missing_value', '')
    WHEN status NOT IN
        ('created', 'approved', 'invoiced', 'processing', 'shipped', 'delivered', 'canceled', 'unavailable')
        THEN fault('order_status', 'unknown_status', status)
    WHEN told(placed) IS NULL THEN fault('order_purchase_timestamp', 'missing_value', '')
    WHEN placed_at IS NULL THEN fault('order_purchase_timestamp', 'bad_timestamp', placed)
    WHEN told(approved) IS NOT NULL AND approved_at IS NULL THEN fault('order_approved_at', 'bad_timestamp', approved)
    WHEN told(carried) IS NOT NULL AND carried_at IS NULL
        THEN fault('order_delivered_carrier_date', 'bad_timestamp', carried)
    WHEN told(delivered) IS NOT NULL AND delivered_at IS NULL
        THEN fault('order_delivered_customer_date', 'bad_timestamp', delivered)
    WHEN told(promised) IS NOT NULL AND promised_at IS NULL
        THEN fault('order_estimated_delivery_date', 'bad_timestamp', promised)
    END AS fault
FROM parsed LEFT JOIN parsed_customers ON parsed_customers.id = customer AND parsed_customers.fault IS NULL
"""
_ITEMS = """
CREATE TABLE parsed_items AS
WITH parsed AS (
    SELECT file, row, torn, told(order_id) AS order_id, told(number) AS number, told(product) AS product,
        told(seller) AS seller, told(price) AS price, told(freight) AS freight, minor(price) AS price_minor,
        minor(freight) AS freight_minor,
        row_number() OVER (PARTITION BY told(order_id), told(number) ORDER BY row) AS nth
    FROM raw_items
)
SELECT parsed.*, product || ':' || seller AS listing, CASE
    WHEN torn IS NOT NULL THEN fault('', 'malformed_row', torn)
    WHEN order_id IS NULL THEN fault('order_id', 'missing_id', '')
    WHEN known_order IS NULL THEN fault('order_id', 'unknown_order', order_id)
    WHEN number IS NULL THEN fault('order_item_id', 'missing_id', '')
    WHEN nth > 1 THEN fault('order_item_id', 'duplicate_id', number)
    WHEN product IS NULL THEN fault('product_id', 'missing_id', '')
    WHEN known_product IS NULL THEN fault('product_id', 'unknown_product', product)
    WHEN seller IS NULL THEN fault('seller_id', 'missing_id', '')
    WHEN known_seller IS NULL THEN fault('seller_id', 'unknown_seller', seller)
    WHEN price IS NULL THEN fault('price', 'missing_value', '')
    WHEN price_minor IS NULL THEN fault('price', 'bad_amount', price)
    WHEN price_minor < 0 THEN fault('price', 'negative_amount', price)
    WHEN price_minor = 0 THEN fault('price', 'zero_price', price)
    WHEN freight IS NULL THEN fault('freight_value', 'missing_value', '')
    WHEN freight_minor IS NULL THEN fault('freight_value', 'bad_amount', freight)
    WHEN freight_minor < 0 THEN fault('freight_value', 'negative_amount', freight)
    END AS fault
FROM parsed
    LEFT JOIN (SELECT id AS known_order FROM parsed_orders WHERE nth = 1) ON known_order = order_id
    LEFT JOIN (SELECT id AS known_product FROM parsed_products WHERE fault IS NULL) ON known_product = product
    LEFT JOIN (SELECT id AS known_seller FROM parsed_sellers WHERE fault IS NULL) ON known_seller = seller
"""
_PAYMENTS = """
CREATE TABLE parsed_payments AS
WITH parsed AS (
    SELECT file, row, torn, told(order_id) AS order_id, told(number) AS number, lower(told(method)) AS method,
        told(amount) AS amount, minor(amount) AS amount_minor,
        row_number() OVER (PARTITION BY told(order_id), told(number) ORDER BY row) AS nth
    FROM raw_payments
)
SELECT parsed.*, CASE
    WHEN torn IS NOT NULL THEN fault('', 'malformed_row', torn)
    WHEN order_id IS NULL THEN fault('order_id', 'missing_id', '')
    WHEN known_order IS NULL THEN fault('order_id', 'unknown_order', order_id)
    WHEN number IS NULL THEN fault('payment_sequential', 'missing_id', '')
    WHEN nth > 1 THEN fault('payment_sequential', 'duplicate_id', number)
    WHEN method IS NULL THEN fault('payment_type', 'missing_value', '')
    WHEN amount IS NULL THEN fault('payment_value', 'missing_value', '')
    WHEN amount_minor IS NULL THEN fault('payment_value', 'bad_amount', amount)
    WHEN amount_minor < 0 THEN fault('payment_value', 'negative_amount', amount)
    END AS fault
FROM parsed LEFT JOIN (SELECT id AS known_order FROM parsed_orders WHERE nth = 1) ON known_order = order_id
"""

# One row for each order: what it comes to, and the first fault of it or of any of its rows.
_VERDICTS = """
CREATE TABLE verdicts AS
WITH spoilt AS (
    SELECT order_id, min_by({'field': field, 'reason': fault.reason}, (nth_file, row)) AS first
    FROM (
        SELECT order_id, row, fault, 'order_items.' || fault.field AS field, 1 AS nth_file FROM parsed_items
        UNION ALL
        SELECT order_id, row, fault, 'order_payments.' || fault.field, 2 FROM parsed_payments
    ) WHERE fault IS NOT NULL AND order_id IS NOT NULL AND fault.reason <> 'duplicate_id'
    GROUP BY order_id
), totals AS (
    SELECT order_id, CAST(sum(price_minor + freight_minor) AS BIGINT) AS total_minor
    FROM parsed_items WHERE fault IS NULL GROUP BY order_id
), receipts AS (
    SELECT order_id, CAST(sum(amount_minor) AS BIGINT) AS paid_minor,
        string_agg(DISTINCT method, '+' ORDER BY method) AS method
    FROM parsed_payments WHERE fault IS NULL GROUP BY order_id
)
SELECT orders.* EXCLUDE (fault), total_minor, paid_minor, method,
    status IN ('shipped', 'delivered') OR carried_at IS NOT NULL OR delivered_at IS NOT NULL AS is_sent, CASE
    WHEN fault IS NOT NULL THEN fault
    WHEN first IS NOT NULL THEN fault(first.field, 'order_rejected', first.reason)
    WHEN total_minor IS NULL THEN fault('order_id', 'order_without_lines', id)
    WHEN paid_minor IS NULL THEN fault('order_id', 'order_without_payment', id)
    WHEN status = 'created' AND approved_at IS NULL THEN fault('order_approved_at', 'payment_not_approved', '')
    WHEN paid_minor < total_minor - 100 THEN fault('payment_value', 'underpaid', format('{:d}.{:02d} of {:d}.{:02d}',
        paid_minor // 100, paid_minor % 100, total_minor // 100, total_minor % 100))
    END AS fault
FROM parsed_orders AS orders
    LEFT JOIN spoilt ON spoilt.order_id = id
    LEFT JOIN totals ON totals.order_id = id
    LEFT JOIN receipts ON receipts.order_id = id
WHERE nth = 1 AND id IS NOT NULL
"""

# Where every row of every file ended. What an order drags along is told where the drag began.
_ENDED = """
CREATE TABLE ended AS
WITH dragged AS (
    SELECT id, CASE WHEN fault.reason = 'order_rejected' THEN fault
        WHEN fault IS NOT NULL THEN fault('orders.' || fault.field, 'order_rejected', fault.reason) END AS fault
    FROM verdicts
)
SELECT 'categories' AS ended_in, id AS reference, file, row, fault FROM parsed_translation
UNION ALL SELECT 'products', id, file, row, fault FROM parsed_products
UNION ALL SELECT 'sellers', id, file, row, fault FROM parsed_sellers
UNION ALL SELECT 'buyers', buyer, file, row, fault FROM parsed_customers
UNION ALL SELECT 'orders', orders.id, orders.file, orders.row, coalesce(orders.fault, verdicts.fault)
    FROM parsed_orders AS orders LEFT JOIN verdicts USING (id)
UNION ALL SELECT 'lines', order_id, file, row, coalesce(items.fault, dragged.fault)
    FROM parsed_items AS items LEFT JOIN dragged ON dragged.id = order_id
UNION ALL SELECT 'payments', order_id, file, row, coalesce(payments.fault, dragged.fault)
    FROM parsed_payments AS payments LEFT JOIN dragged ON dragged.id = order_id
"""
_SOURCES = """
INSERT INTO sources SELECT ended_in, reference, file, row FROM ended WHERE fault IS NULL ORDER BY file, row
"""
_REJECTS = """
INSERT INTO rejects SELECT file, row, fault.field, fault.reason, left(fault.value, 200)
FROM ended WHERE fault IS NOT NULL ORDER BY file, row
"""

_SOLD = """
CREATE TABLE sold AS
SELECT verdicts.id, placed_at, listing, product, seller, number, price_minor, freight_minor, items.row
FROM parsed_items AS items JOIN verdicts ON verdicts.id = order_id
WHERE items.fault IS NULL AND verdicts.fault IS NULL
"""
_HISTORY = [
    """
    CREATE TABLE sellers AS
    WITH began AS (
        SELECT seller, min(placed_at) AS applied_at
        FROM parsed_items JOIN verdicts ON verdicts.id = order_id GROUP BY seller
    )
    SELECT id AS reference, concat_ws(', ', 'Seller ' || left(id, 6), nullif(city, '')) AS name, 'BR' AS country, city,
        postcode, concat('Sells on Olist', nullif(concat(' from ', nullif(concat_ws(', ', nullif(city, ''),
        nullif(state, '')), '')), ' from '), '.') AS description,
        coalesce(applied_at, (SELECT min(placed_at) FROM verdicts), $first_day::TIMESTAMPTZ) AS applied_at
    FROM parsed_sellers LEFT JOIN began ON seller = id WHERE fault IS NULL ORDER BY applied_at, reference
    """,
    """
    CREATE TABLE products AS
    SELECT products.id AS reference,
        coalesce(english, titled(category), 'Product') || ' ' || left(products.id, 6) AS title,
        '' AS description, coalesce(english, 'Other') AS category, '' AS brand, '' AS gtin,
        map_from_entries(list_filter([
            {'key': 'Length', 'value': length_cm || ' cm'}, {'key': 'Height', 'value': height_cm || ' cm'},
            {'key': 'Width', 'value': width_cm || ' cm'}
        ], lambda entry: entry.value IS NOT NULL)) AS attributes,
        '' AS image, coalesce(weight_grams, 0) AS weight_grams
    FROM parsed_products AS products
        LEFT JOIN parsed_translation AS translation ON translation.id = category AND translation.fault IS NULL
    WHERE products.fault IS NULL ORDER BY reference
    """,
    """
    CREATE TABLE listings AS
    WITH ranked AS (
        SELECT *, row_number() OVER (PARTITION BY listing ORDER BY placed_at, row) AS nth FROM sold
    )
    SELECT listing AS reference, product, '' AS option, seller, price_minor, freight_minor AS shipping_minor,
        0 AS on_hand, placed_at AS listed_at
    FROM ranked WHERE nth = 1 ORDER BY listed_at, reference
    """,
    """
    CREATE TABLE buyers AS
    WITH placed AS (
        SELECT customer, min(placed_at) AS first_at, max(placed_at) AS last_at FROM verdicts GROUP BY customer
    ), known AS (
        SELECT customers.*, min(first_at) OVER (PARTITION BY buyer) AS first_at,
            row_number() OVER (PARTITION BY buyer ORDER BY last_at DESC NULLS LAST, row) AS nth
        FROM parsed_customers AS customers LEFT JOIN placed ON customer = id WHERE fault IS NULL
    )
    SELECT buyer AS reference, 'Customer ' || left(buyer, 6) AS name, '' AS email, 'BR' AS country, city, postcode,
        coalesce(first_at, (SELECT min(placed_at) FROM verdicts), $first_day::TIMESTAMPTZ) AS registered_at
    FROM known WHERE nth = 1 ORDER BY registered_at, reference
    """,
    """
    CREATE TABLE orders AS
    SELECT id AS reference, buyer, placed_at, paid_minor, method,
        CASE WHEN NOT is_sent AND status IN ('canceled', 'unavailable') THEN greatest(placed_at, approved_at) END
        AS canceled_at
    FROM verdicts WHERE fault IS NULL ORDER BY placed_at, reference
    """,
    """
    CREATE TABLE lines AS
    SELECT id AS order, listing, count(*) AS quantity, price_minor AS unit_price_minor,
        CAST(sum(freight_minor) AS BIGINT) AS shipping_minor
    FROM sold GROUP BY placed_at, id, listing, price_minor ORDER BY placed_at, id, min(row)
    """,
    """
    CREATE TABLE parcels AS
    WITH sent AS (
        SELECT id, placed_at, delivered_at, status,
            greatest(placed_at, coalesce(carried_at, delivered_at, approved_at)) AS handed_over_at,
            CASE WHEN promised_at IS NOT NULL THEN greatest(placed_at, promised_at) END AS promised_at
        FROM verdicts WHERE fault IS NULL AND is_sent
    )
    SELECT DISTINCT id AS order, seller, handed_over_at, promised_at,
        CASE WHEN delivered_at IS NOT NULL THEN greatest(handed_over_at, delivered_at) END AS delivered_at,
        CASE WHEN delivered_at IS NULL AND status = 'delivered' THEN greatest(handed_over_at, promised_at) END
        AS settled_at
    FROM sent JOIN sold USING (id) ORDER BY handed_over_at, "order", seller
    """,
]
_COUNTED = """
SELECT
    count(*) FILTER (carried_at < approved_at) || ' orders were handed over before they were approved: kept.',
    count(*) FILTER (carried_at < placed_at) || ' orders were handed over before they were placed: at the placing.',
    count(*) FILTER (delivered_at < coalesce(carried_at, placed_at)) ||
        ' orders arrived before they were handed over: at the handing over.',
    count(*) FILTER (status = 'delivered' AND carried_at IS NULL) ||
        ' orders were delivered without a handing over: at the delivery, or else the approval.',
    count(*) FILTER (status IN ('canceled', 'unavailable') AND is_sent) ||
        ' orders were canceled under way: kept as sent.',
    count(*) FILTER (status NOT IN ('canceled', 'unavailable') AND NOT is_sent) || ' orders are paid and not yet sent.',
    format('{:d} orders were paid {:d}.{:02d} BRL too much in all.', count(*) FILTER (paid_minor > total_minor),
        coalesce(sum(greatest(paid_minor - total_minor, 0)), 0) // 100,
        coalesce(sum(greatest(paid_minor - total_minor, 0)), 0) % 100),
    format('{:d} orders were paid {:d}.{:02d} BRL too little in all.', count(*) FILTER (paid_minor < total_minor),
        coalesce(sum(greatest(total_minor - paid_minor, 0)), 0) // 100,
        coalesce(sum(greatest(total_minor - paid_minor, 0)), 0) % 100)
FROM verdicts WHERE fault IS NULL
"""


class OlistSource:
    """The folder of Olist's export, as Parquet or as the original CSV files."""

    name = "olist"

    def read(self, path: str, options: ImportOptions) -> Iterator[Progress | History]:
        """Yield progress while reading, and the history last. Refuse a folder in which a table or a column is missing.

        A file that lies among the others stands for its folder.
        """
        with tabular.workspace() as connection:
            files = _files(Path(path))
            intake = Intake(connection, rows_max=options.limit_rows)
            for shape in _SHAPES:
                yield from intake.load(shape, files[shape.name])
            yield from _plan(connection)
            (counted,) = connection.execute(_COUNTED).fetchall()
            missing = () if files["translation"] else ("There is no translation of categories: all are Other.",)
            yield tabular.history(
                connection, source=self.name, currency="BRL", read=intake.rows, notes=[*NOTES, *missing, *counted]
            )


def _files(path: Path) -> dict[str, list[Path]]:
    """Find the file of each table; the translation alone may be missing."""
    folder = path.parent if path.is_file() else path
    if not folder.is_dir():
        raise Invalid(f"{path} is no folder; Olist's tables were looked for in it.", path=str(path))
    found = {shape.name: shape.find(folder) for shape in _SHAPES}
    missing = [
        " or ".join(shape.stems[:2])
        for shape in _SHAPES
        if not found[shape.name] and shape.name not in _OPTIONAL_TABLES
    ]
    if missing:
        raise Invalid(f"{folder} has no {', no '.join(missing)} (.parquet or .csv).", path=str(folder), missing=missing)
    return {name: [file] if file else [] for name, file in found.items()}


def _plan(connection: duckdb.DuckDBPyConnection) -> Iterator[Progress]:
    """Parse the text, judge the orders and write the history's tables."""
    parsing = [*_MACROS, _TRANSLATION, _PRODUCTS, _SELLERS, _CUSTOMERS, _ORDERS, _ITEMS, _PAYMENTS]
    steps = [*parsing, _VERDICTS, _ENDED, _SOURCES, _REJECTS, _SOLD, *_HISTORY]
    for done, step in enumerate(steps):
        yield "planning", done, len(steps)
        connection.execute(step, {"first_day": _FIRST_DAY} if "$first_day" in step else None)
    connection.from_arrow(RETURNS.empty_table()).create("returns")
    yield "planning", len(steps), len(steps)
