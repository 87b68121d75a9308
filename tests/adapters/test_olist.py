"""Reads Olist's export from tiny folders, one fault at a time, and from the real one, to the cent."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from caravan.adapters.olist import REASONS, OlistSource
from caravan.kernel.errors import Invalid
from caravan.world.partners.ports import History, ImportOptions

HEADERS = {
    "olist_orders_dataset": (
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
        "order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date"
    ),
    "olist_order_items_dataset": (
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value"
    ),
    "olist_order_payments_dataset": ("order_id,payment_sequential,payment_type,payment_installments,payment_value"),
    "olist_customers_dataset": ("customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state"),
    "olist_products_dataset": (
        "product_id,product_category_name,product_name_lenght,product_description_lenght,product_photos_qty,"
        "product_weight_g,product_length_cm,product_height_cm,product_width_cm"
    ),
    "olist_sellers_dataset": "seller_id,seller_zip_code_prefix,seller_city,seller_state",
    "product_category_name_translation": "product_category_name,product_category_name_english",
}
TIMES = "2017-06-01 10:00:00,2017-06-01 10:15:00,2017-06-02 09:00:00,2017-06-05 15:00:00,2017-06-20 00:00:00"
ORDER = f"o1,c1,delivered,{TIMES}"
LINE = "o1,1,p1,s1,2017-06-03 10:00:00,10.00,2.50"
PAYMENT = "o1,1,credit_card,1,12.50"
CUSTOMER = "c1,u1,1310,sao paulo,SP"
PRODUCT = "p1,beleza_saude,40,200,1,225,16,10,14"
SELLER = "s1,13023,campinas,SP"
TRANSLATION = "beleza_saude,health_beauty"
ACCEPTED = {"orders": 1, "lines": 1, "payments": 1, "buyers": 1, "products": 1, "sellers": 1, "categories": 1}


def export(
    folder: Path,
    *,
    orders: str = ORDER,
    lines: str = LINE,
    payments: str = PAYMENT,
    customers: str = CUSTOMER,
    products: str = PRODUCT,
    sellers: str = SELLER,
    translation: str = TRANSLATION,
) -> Path:
    """Write a folder as Olist publishes it: one good order, but for the tables that a test writes itself."""
    tables = [orders, lines, payments, customers, products, sellers, translation]
    for (name, header), rows in zip(HEADERS.items(), tables, strict=True):
        (folder / f"{name}.csv").write_text(f"{header}\n{rows}\n", encoding="utf-8")
    return folder


def read(path: Path, *, limit_rows: int = 1_000) -> History:
    """Read a history, and see that every row ended exactly once, for a reason that people are told."""
    *_, history = OlistSource().read(str(path), ImportOptions(limit_rows=limit_rows))
    assert isinstance(history, History)
    ended = [(row["file"], row["row"]) for table in (history.sources, history.rejects) for row in table.to_pylist()]
    assert len(ended) == len(set(ended)) == history.read
    assert set(history.rejects["reason"].to_pylist()) <= set(REASONS)
    return history


def rejects(history: History) -> list[tuple[str, int, str, str]]:
    """List what was rejected, by the table's short name."""
    short = {f"{name}.csv": name.removeprefix("olist_").removesuffix("_dataset") for name in HEADERS}
    return [(short[row["file"]], row["row"], row["field"], row["reason"]) for row in history.rejects.to_pylist()]


def accepted(history: History) -> dict[str, int]:
    return dict(Counter(history.sources["table"].to_pylist()))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_good_order_is_read_whole(tmp_path: Path) -> None:
    history = read(export(tmp_path))

    assert accepted(history) == ACCEPTED
    assert history.read == 7
    assert history.rejects.num_rows == 0
    assert history.currency == "BRL"
    assert history.returns.num_rows == 0


def test_an_order_has_its_buyer_its_payments_and_its_lines(tmp_path: Path) -> None:
    history = read(export(tmp_path))

    assert history.orders.to_pylist() == [
        {
            "reference": "o1",
            "buyer": "u1",
            "placed_at": utc("2017-06-01 13:00"),
            "paid_minor": 1250,
            "method": "credit_card",
            "canceled_at": None,
        }
    ]
    assert history.lines.to_pylist() == [
        {"order": "o1", "listing": "p1:s1", "quantity": 1, "unit_price_minor": 1000, "shipping_minor": 250}
    ]


def test_a_parcel_has_the_times_of_the_source_in_utc(tmp_path: Path) -> None:
    history = read(export(tmp_path))

    assert history.parcels.to_pylist() == [
        {
            "order": "o1",
            "seller": "s1",
            "handed_over_at": utc("2017-06-02 12:00"),
            "promised_at": utc("2017-06-20 03:00"),
            "delivered_at": utc("2017-06-05 18:00"),
            "settled_at": None,
        }
    ]


def test_the_summer_time_of_brazil_is_minded(tmp_path: Path) -> None:
    summer = ORDER.replace("2017-06-01 10:00:00", "2017-01-01 10:00:00")

    history = read(export(tmp_path, orders=summer))

    assert history.orders["placed_at"].to_pylist() == [utc("2017-01-01 12:00")]


def test_people_and_products_get_readable_names(tmp_path: Path) -> None:
    product = PRODUCT.replace("p1", "1e9e8ef04dbcff4541ed26657ea517e5")
    seller = "3442f8959a84dea7ee197c632cb2df15,1302,sao jose do rio preto,SP"
    customer = CUSTOMER.replace("u1", "861eff4711a542e4b93843c6dd7febb0")

    history = read(
        export(tmp_path, products=product, sellers=seller, customers=customer, lines="", orders="", payments="")
    )

    assert history.products.select(["title", "category"]).to_pylist() == [
        {"title": "Health Beauty 1e9e8e", "category": "Health Beauty"}
    ]
    assert history.sellers.select(["name", "postcode"]).to_pylist() == [
        {"name": "Seller 3442f8, Sao Jose do Rio Preto", "postcode": "01302"}
    ]
    assert history.buyers.select(["name", "email", "city"]).to_pylist() == [
        {"name": "Customer 861eff", "email": "", "city": "Sao Paulo"}
    ]


@pytest.mark.parametrize(
    ("city", "tidy"),
    [
        ("sp / sp", "Sp"),
        ("lages - sc", "Lages"),
        ("04482255", ""),
        ("vendas@creditparts.com.br", ""),
        ("", ""),
        ("são paulo", "São Paulo"),
    ],
)
def test_a_city_is_tidied(tmp_path: Path, city: str, tidy: str) -> None:
    history = read(export(tmp_path, sellers=f"s1,13023,{city},SP"))

    assert history.sellers["city"].to_pylist() == [tidy]


@pytest.mark.parametrize(
    ("category", "title", "named"),
    [
        ("", "Product p1", "Other"),
        ("pc_gamer", "Pc Gamer p1", "Other"),
        ("beleza_saude", "Health Beauty p1", "Health Beauty"),
    ],
)
def test_an_unknown_category_is_other(tmp_path: Path, category: str, title: str, named: str) -> None:
    history = read(export(tmp_path, products=f"p1,{category},40,200,1,,,,"))

    assert history.products.select(["title", "category", "weight_grams", "attributes"]).to_pylist() == [
        {"title": title, "category": named, "weight_grams": 0, "attributes": []}
    ]
    assert accepted(history) == ACCEPTED


def test_the_slips_of_the_translation_are_mended(tmp_path: Path) -> None:
    history = read(export(tmp_path, translation="beleza_saude,costruction_tools_garden"))

    assert history.products["category"].to_pylist() == ["Construction Tools Garden"]


def test_a_product_keeps_its_weight_and_size(tmp_path: Path) -> None:
    history = read(export(tmp_path, products="p1,beleza_saude,40,200,1,225.0,16,,14"))

    (product,) = history.products.to_pylist()
    assert product["weight_grams"] == 225
    assert product["attributes"] == [("Length", "16 cm"), ("Width", "14 cm")]


BAD_ORDERS = [
    [ORDER.replace("c1", ""), "customer_id", "missing_id"],
    [ORDER.replace("c1", "c9"), "customer_id", "unknown_buyer"],
    [ORDER.replace("delivered", ""), "order_status", "missing_value"],
    [ORDER.replace("delivered", "teleported"), "order_status", "unknown_status"],
    [ORDER.replace("2017-06-01 10:00:00", ""), "order_purchase_timestamp", "missing_value"],
    [ORDER.replace("2017-06-01 10:00:00", "01/06/2017 10:00"), "order_purchase_timestamp", "bad_timestamp"],
    [ORDER.replace("2017-06-01 10:00:00", "1899-06-01 10:00:00"), "order_purchase_timestamp", "bad_timestamp"],
    [ORDER.replace("2017-06-01 10:15:00", "soon"), "order_approved_at", "bad_timestamp"],
    [ORDER.replace("2017-06-02 09:00:00", "2017-02-30 09:00:00"), "order_delivered_carrier_date", "bad_timestamp"],
    [ORDER.replace("2017-06-05 15:00:00", "2017-06-05 25:00:00"), "order_delivered_customer_date", "bad_timestamp"],
    [ORDER.replace("2017-06-20 00:00:00", "2017-06-20 03:00:00+00"), "order_estimated_delivery_date", "bad_timestamp"],
    ["o1,c1,created,2017-06-01 10:00:00,,,,", "order_approved_at", "payment_not_approved"],
]


@pytest.mark.parametrize(("order", "field", "reason"), BAD_ORDERS)
def test_a_fault_of_an_order_drags_its_rows_along(tmp_path: Path, order: str, field: str, reason: str) -> None:
    history = read(export(tmp_path, orders=order))

    assert rejects(history) == [
        ("order_items", 1, f"orders.{field}", "order_rejected"),
        ("order_payments", 1, f"orders.{field}", "order_rejected"),
        ("orders", 1, field, reason),
    ]
    assert accepted(history) == {"buyers": 1, "products": 1, "sellers": 1, "categories": 1}


BAD_LINES = [
    [LINE.replace("o1,1,", "o1,,"), "order_item_id", "missing_id"],
    [LINE.replace("p1", ""), "product_id", "missing_id"],
    [LINE.replace("p1", "p9"), "product_id", "unknown_product"],
    [LINE.replace("s1", ""), "seller_id", "missing_id"],
    [LINE.replace("s1", "s9"), "seller_id", "unknown_seller"],
    [LINE.replace("10.00", ""), "price", "missing_value"],
    [LINE.replace("10.00", "ten"), "price", "bad_amount"],
    [LINE.replace("10.00", "9.999"), "price", "bad_amount"],
    [LINE.replace("10.00", "10000000.01"), "price", "bad_amount"],
    [LINE.replace("10.00", "nan"), "price", "bad_amount"],
    [LINE.replace("10.00", "-10.00"), "price", "negative_amount"],
    [LINE.replace("10.00", "0.00"), "price", "zero_price"],
    [LINE.replace("2.50", ""), "freight_value", "missing_value"],
    [LINE.replace("2.50", "2;50"), "freight_value", "bad_amount"],
    [LINE.replace("2.50", "-0.01"), "freight_value", "negative_amount"],
]


@pytest.mark.parametrize(("line", "field", "reason"), BAD_LINES)
def test_a_fault_of_a_line_drags_its_order_along(tmp_path: Path, line: str, field: str, reason: str) -> None:
    history = read(export(tmp_path, lines=line))

    assert rejects(history) == [
        ("order_items", 1, field, reason),
        ("order_payments", 1, f"order_items.{field}", "order_rejected"),
        ("orders", 1, f"order_items.{field}", "order_rejected"),
    ]
    assert (
        history.orders.num_rows == history.lines.num_rows == history.listings.num_rows == history.parcels.num_rows == 0
    )


BAD_PAYMENTS = [
    [PAYMENT.replace("o1,1,", "o1,,"), "payment_sequential", "missing_id"],
    [PAYMENT.replace("credit_card", ""), "payment_type", "missing_value"],
    [PAYMENT.replace("12.50", ""), "payment_value", "missing_value"],
    [PAYMENT.replace("12.50", "12.505"), "payment_value", "bad_amount"],
    [PAYMENT.replace("12.50", "-12.50"), "payment_value", "negative_amount"],
]


@pytest.mark.parametrize(("payment", "field", "reason"), BAD_PAYMENTS)
def test_a_fault_of_a_payment_drags_its_order_along(tmp_path: Path, payment: str, field: str, reason: str) -> None:
    history = read(export(tmp_path, payments=payment))

    assert rejects(history) == [
        ("order_items", 1, f"order_payments.{field}", "order_rejected"),
        ("order_payments", 1, field, reason),
        ("orders", 1, f"order_payments.{field}", "order_rejected"),
    ]


def test_a_row_that_was_dragged_along_is_told_the_reason_too(tmp_path: Path) -> None:
    history = read(export(tmp_path, payments=PAYMENT.replace("12.50", "-12.50")))

    values = {row["file"]: row["value"] for row in history.rejects.to_pylist()}
    assert values == {
        "olist_orders_dataset.csv": "negative_amount",
        "olist_order_items_dataset.csv": "negative_amount",
        "olist_order_payments_dataset.csv": "-12.50",
    }


BAD_OTHERS = [
    ["customers", CUSTOMER.replace("c1", ""), "customer_id", "missing_id"],
    ["customers", CUSTOMER.replace("u1", ""), "customer_unique_id", "missing_id"],
    ["products", PRODUCT.replace("p1", ""), "product_id", "missing_id"],
    ["products", PRODUCT.replace("225", "heavy"), "product_weight_g", "bad_number"],
    ["products", PRODUCT.replace("225", "-1"), "product_weight_g", "bad_number"],
    ["products", PRODUCT.replace("16", "1.5"), "product_length_cm", "bad_number"],
    ["products", PRODUCT.replace(",10,", ",x,"), "product_height_cm", "bad_number"],
    ["products", PRODUCT.replace("14", "x"), "product_width_cm", "bad_number"],
    ["sellers", SELLER.replace("s1", ""), "seller_id", "missing_id"],
    ["translation", ",health_beauty", "product_category_name", "missing_id"],
    ["translation", "beleza_saude,", "product_category_name_english", "missing_value"],
]


@pytest.mark.parametrize(("table", "row", "field", "reason"), BAD_OTHERS)
def test_a_fault_elsewhere_costs_the_row(tmp_path: Path, table: str, row: str, field: str, reason: str) -> None:
    history = read(export(tmp_path, orders="", lines="", payments="", **{table: row}))

    assert [(found, where) for *_, found, where in rejects(history)] == [(field, reason)]


@pytest.mark.parametrize("table", ["orders", "lines", "payments", "customers", "products", "sellers", "translation"])
def test_of_two_rows_with_one_id_the_first_counts(tmp_path: Path, table: str) -> None:
    rows = {
        "orders": ORDER,
        "lines": LINE,
        "payments": PAYMENT,
        "customers": CUSTOMER,
        "products": PRODUCT,
        "sellers": SELLER,
        "translation": TRANSLATION,
    }

    history = read(export(tmp_path, **{table: f"{rows[table]}\n{rows[table]}"}))

    assert [(row, reason) for _, row, _, reason in rejects(history)] == [(2, "duplicate_id")]
    assert accepted(history) == ACCEPTED


def test_rows_of_no_order_are_rejected_alone(tmp_path: Path) -> None:
    lines = "\n".join([LINE, LINE.replace("o1", "o9"), LINE.replace("o1", "")])
    payments = "\n".join([PAYMENT, PAYMENT.replace("o1", "o9"), PAYMENT.replace("o1", "")])

    history = read(export(tmp_path, lines=lines, payments=payments))

    assert accepted(history) == ACCEPTED
    assert rejects(history) == [
        ("order_items", 2, "order_id", "unknown_order"),
        ("order_items", 3, "order_id", "missing_id"),
        ("order_payments", 2, "order_id", "unknown_order"),
        ("order_payments", 3, "order_id", "missing_id"),
    ]


def test_an_order_without_an_id_is_rejected_alone(tmp_path: Path) -> None:
    history = read(export(tmp_path, orders=f"{ORDER}\n{ORDER.replace('o1', '')}"))

    assert accepted(history) == ACCEPTED
    assert rejects(history) == [("orders", 2, "order_id", "missing_id")]


@pytest.mark.parametrize("status", ["created", "unavailable", "canceled", "delivered"])
def test_an_order_without_lines_is_rejected(tmp_path: Path, status: str) -> None:
    history = read(export(tmp_path, orders=ORDER.replace("delivered", status), lines=""))

    assert rejects(history) == [
        ("order_payments", 1, "orders.order_id", "order_rejected"),
        ("orders", 1, "order_id", "order_without_lines"),
    ]


def test_an_order_without_payments_is_rejected(tmp_path: Path) -> None:
    history = read(export(tmp_path, payments=""))

    assert rejects(history) == [
        ("order_items", 1, "orders.order_id", "order_rejected"),
        ("orders", 1, "order_id", "order_without_payment"),
    ]


@pytest.mark.parametrize("paid", ["11.50", "11.51", "12.50", "12.51", "99.00"])
def test_a_payment_may_be_one_real_short_or_too_much(tmp_path: Path, paid: str) -> None:
    history = read(export(tmp_path, payments=PAYMENT.replace("12.50", paid)))

    assert history.orders["paid_minor"].to_pylist() == [int(paid.replace(".", ""))]


@pytest.mark.parametrize("paid", ["11.49", "0.00"])
def test_a_payment_that_is_shorter_is_underpaid(tmp_path: Path, paid: str) -> None:
    history = read(export(tmp_path, payments=PAYMENT.replace("12.50", paid)))

    assert rejects(history)[-1] == ("orders", 1, "payment_value", "underpaid")
    assert history.rejects["value"].to_pylist()[-1] == f"{paid} of 12.50"


def test_payments_are_summed_exactly(tmp_path: Path) -> None:
    payments = "\n".join(f"o1,{nth},voucher,1,0.1" for nth in range(1, 126)) + "\no1,126,boleto,1,0"

    history = read(export(tmp_path, payments=payments))

    assert history.orders.select(["paid_minor", "method"]).to_pylist() == [
        {"paid_minor": 1250, "method": "boleto+voucher"}
    ]


def test_units_of_one_price_are_one_line(tmp_path: Path) -> None:
    lines = "\n".join(
        [
            LINE,
            LINE.replace("o1,1", "o1,2").replace("2.50", "2.51"),
            LINE.replace("o1,1", "o1,3").replace("10.00", "9.00"),
        ]
    )

    history = read(export(tmp_path, lines=lines, payments=PAYMENT.replace("12.50", "36.51")))

    assert [tuple(line.values())[2:] for line in history.lines.to_pylist()] == [(2, 1000, 501), (1, 900, 250)]
    assert history.listings.select(["price_minor", "shipping_minor", "on_hand"]).to_pylist() == [
        {"price_minor": 1000, "shipping_minor": 250, "on_hand": 0}
    ]


def test_a_listing_has_the_price_of_its_first_sale(tmp_path: Path) -> None:
    orders = f"{ORDER}\n{ORDER.replace('o1', 'o2').replace('c1', 'c2').replace('2017-06-01', '2017-05-01')}"
    lines = f"{LINE}\n{LINE.replace('o1', 'o2').replace('10.00', '8.00')}"
    payments = f"{PAYMENT}\n{PAYMENT.replace('o1', 'o2')}"

    history = read(
        export(tmp_path, orders=orders, lines=lines, payments=payments, customers=f"{CUSTOMER}\nc2,u1,20000,rio,RJ")
    )

    assert history.listings["price_minor"].to_pylist() == [800]
    assert history.listings["listed_at"].to_pylist() == [utc("2017-05-01 13:00")]
    assert history.sellers["applied_at"].to_pylist() == [utc("2017-05-01 13:00")]


def test_a_buyer_may_be_several_customers(tmp_path: Path) -> None:
    orders = f"{ORDER}\n{ORDER.replace('o1', 'o2').replace('c1', 'c2').replace('2017-06-01', '2017-05-01')}"
    customers = f"{CUSTOMER}\nc2,u1,20000,rio,RJ"

    history = read(
        export(
            tmp_path,
            orders=orders,
            customers=customers,
            lines=f"{LINE}\n{LINE.replace('o1', 'o2')}",
            payments=f"{PAYMENT}\n{PAYMENT.replace('o1', 'o2')}",
        )
    )

    (buyer,) = history.buyers.to_pylist()
    assert (buyer["city"], buyer["registered_at"]) == ("Sao Paulo", utc("2017-05-01 13:00"))
    assert history.orders["buyer"].to_pylist() == ["u1", "u1"]
    assert accepted(history)["buyers"] == 2


def test_each_seller_sends_one_parcel(tmp_path: Path) -> None:
    lines = "\n".join([LINE, LINE.replace("o1,1", "o1,2"), LINE.replace("o1,1", "o1,3").replace("s1", "s2")])

    history = read(
        export(tmp_path, lines=lines, payments=PAYMENT.replace("12.50", "37.50"), sellers=f"{SELLER}\ns2,1,santos,SP")
    )

    assert history.parcels["seller"].to_pylist() == ["s1", "s2"]
    assert len(set(history.parcels["handed_over_at"].to_pylist())) == 1


PLACED, APPROVED = "2017-06-01 10:00:00", "2017-06-01 10:15:00"
CARRIED, DELIVERED = "2017-06-02 09:00:00", "2017-06-05 15:00:00"
COURSES = [
    # status, approved, carrier, delivered; canceled, handed over, delivered, settled
    ["shipped", APPROVED, CARRIED, "", None, "2017-06-02 12:00", None, None],
    ["shipped", APPROVED, "", "", None, "2017-06-01 13:15", None, None],
    ["delivered", "", CARRIED, DELIVERED, None, "2017-06-02 12:00", "2017-06-05 18:00", None],
    ["delivered", APPROVED, "", DELIVERED, None, "2017-06-05 18:00", "2017-06-05 18:00", None],
    ["delivered", APPROVED, CARRIED, "", None, "2017-06-02 12:00", None, "2017-06-20 03:00"],
    ["delivered", "", "", "", None, "2017-06-01 13:00", None, "2017-06-20 03:00"],
    ["delivered", APPROVED, DELIVERED, CARRIED, None, "2017-06-05 18:00", "2017-06-05 18:00", None],
    ["delivered", "2017-06-03 10:00:00", CARRIED, DELIVERED, None, "2017-06-02 12:00", "2017-06-05 18:00", None],
    ["delivered", APPROVED, "2017-05-01 10:00:00", DELIVERED, None, "2017-06-01 13:00", "2017-06-05 18:00", None],
    ["delivered", APPROVED, CARRIED, "2017-05-01 10:00:00", None, "2017-06-02 12:00", "2017-06-02 12:00", None],
    ["canceled", APPROVED, CARRIED, "", None, "2017-06-02 12:00", None, None],
    ["canceled", APPROVED, CARRIED, DELIVERED, None, "2017-06-02 12:00", "2017-06-05 18:00", None],
    ["canceled", APPROVED, "", "", "2017-06-01 13:15", None, None, None],
    ["canceled", "", "", "", "2017-06-01 13:00", None, None, None],
    ["canceled", "2017-05-01 10:00:00", "", "", "2017-06-01 13:00", None, None, None],
    ["unavailable", APPROVED, "", "", "2017-06-01 13:15", None, None, None],
    ["created", APPROVED, "", "", None, None, None, None],
    ["approved", APPROVED, "", "", None, None, None, None],
    ["invoiced", APPROVED, "", "", None, None, None, None],
    ["processing", APPROVED, "", "", None, None, None, None],
    ["processing", APPROVED, CARRIED, "", None, "2017-06-02 12:00", None, None],
]


@pytest.mark.parametrize(
    ("status", "approved", "carried", "arrived", "canceled", "handed_over", "delivered", "settled"), COURSES
)
def test_an_order_takes_its_course_in_order(
    tmp_path: Path,
    status: str,
    approved: str,
    carried: str,
    arrived: str,
    canceled: str | None,
    handed_over: str | None,
    delivered: str | None,
    settled: str | None,
) -> None:
    order = f"o1,c1,{status},{PLACED},{approved},{carried},{arrived},2017-06-20 00:00:00"

    history = read(export(tmp_path, orders=order))

    parcels = [(row["handed_over_at"], row["delivered_at"], row["settled_at"]) for row in history.parcels.to_pylist()]
    wanted = [tuple(time and utc(time) for time in (handed_over, delivered, settled))] if handed_over else []
    assert parcels == wanted
    assert history.orders["canceled_at"].to_pylist() == [canceled and utc(canceled)]


def test_a_promise_may_be_missing_and_is_never_before_the_order(tmp_path: Path) -> None:
    none = read(export(tmp_path, orders=ORDER.replace("2017-06-20 00:00:00", "")))
    early = read(export(tmp_path, orders=ORDER.replace("2017-06-20", "2017-05-20")))

    assert none.parcels["promised_at"].to_pylist() == [None]
    assert early.parcels["promised_at"].to_pylist() == [utc("2017-06-01 13:00")]


def test_an_export_without_rows_is_an_empty_history(tmp_path: Path) -> None:
    history = read(
        export(tmp_path, orders="", lines="", payments="", customers="", products="", sellers="", translation="")
    )

    assert history.read == 0
    assert history.orders.num_rows == 0


def test_the_names_of_files_and_columns_may_vary(tmp_path: Path) -> None:
    export(tmp_path)
    for file in list(tmp_path.iterdir()):
        file.rename(tmp_path / file.name.replace("olist_", "").replace("_dataset", ""))
    products = tmp_path / "products.csv"
    products.write_text(products.read_text(encoding="utf-8").replace("lenght", "length"), encoding="utf-8")

    assert read(tmp_path).orders.num_rows == 1
    assert read(tmp_path / "orders.csv").orders.num_rows == 1


def test_the_translation_may_be_missing(tmp_path: Path) -> None:
    (export(tmp_path) / "product_category_name_translation.csv").unlink()

    history = read(tmp_path)

    assert history.products["category"].to_pylist() == ["Other"]
    assert "There is no translation of categories: all are Other." in history.notes


def test_parquet_reads_as_csv_does_and_goes_before_it(tmp_path: Path) -> None:
    as_csv = read(export(tmp_path))
    for file in list(tmp_path.iterdir()):
        parquet.write_table(arrow_csv.read_csv(file), file.with_suffix(".parquet"))

    as_parquet = read(tmp_path)

    assert set(as_parquet.sources["file"].to_pylist()) == {f"{name}.parquet" for name in HEADERS}
    assert as_parquet.orders == as_csv.orders
    assert as_parquet.lines == as_csv.lines
    assert as_parquet.parcels == as_csv.parcels


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize(
    ("delimiter", "quote", "newline"), [(",", "", "\n"), (";", "", "\r\n"), ("\t", '"', "\r\n"), (",", '"', "\n")]
)
def test_a_csv_may_be_written_in_many_ways(
    tmp_path: Path, encoding: str, delimiter: str, quote: str, newline: str
) -> None:
    export(tmp_path, sellers="s1,13023,são paulo,SP")
    file = tmp_path / "olist_sellers_dataset.csv"
    rows = file.read_text(encoding="utf-8").split()
    lines = " ".join(rows).replace("state s1", "state\ns1").split("\n")
    written = newline.join(quote + line.replace(",", f"{quote}{delimiter}{quote}") + quote for line in lines)
    file.write_bytes((written + newline).encode(encoding))

    history = read(tmp_path)

    assert history.sellers["city"].to_pylist() == ["São Paulo"]


TORN = [
    ["s2,1,santos", 1],
    ["s2,1,santos,SP,more", 1],
    ['s2,1,"santos,SP', 1],
    ['s2,1,santos,"SP', 1],
    [f's2,1,"{"x" * 200_000}",SP', 1],
]


@pytest.mark.parametrize(("torn", "count"), TORN)
def test_a_torn_row_costs_no_other(tmp_path: Path, torn: str, count: int) -> None:
    history = read(export(tmp_path, sellers=f'{torn}\n{SELLER}\n\ns3,2,"rio ""de"" janeiro",RJ'))

    assert rejects(history) == [("sellers", 1, "", "malformed_row")]
    assert history.rejects["value"].to_pylist() == [torn[:200]]
    assert sorted(history.sellers["reference"].to_pylist()) == ["s1", "s3"]
    assert history.read == 8 + count


def test_a_row_over_two_lines_is_one_row(tmp_path: Path) -> None:
    history = read(export(tmp_path, sellers=f's2,1,"san\ntos",SP\n{SELLER}'))

    assert accepted(history)["sellers"] == 2
    assert history.sources.filter(pa.compute.equal(history.sources["reference"], "s1"))["row"].to_pylist() == [2]


def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path: Path) -> None:
    many = "\n".join(f"s{number},1,santos,SP" for number in range(2, 60))

    history = read(export(tmp_path, sellers=f'x,1,"santos,SP\n{SELLER}\n{many}\ny,1,santos,"SP'))

    assert [row for _, row, _, _ in rejects(history)] == [1, 61]
    assert accepted(history)["sellers"] == 59


def test_a_text_with_a_quote_in_it_stays_what_it_is(tmp_path: Path) -> None:
    history = read(export(tmp_path, customers="c1,u1,1310,vila d\"oeste' ,SP"))

    assert history.buyers["city"].to_pylist() == ["Vila D\"oeste'"]


def test_a_folder_without_a_table_is_refused_by_name(tmp_path: Path) -> None:
    (export(tmp_path) / "olist_orders_dataset.csv").unlink()

    with pytest.raises(Invalid, match="orders or olist_orders_dataset"):
        read(tmp_path)


def test_a_table_without_a_column_is_refused_by_name(tmp_path: Path) -> None:
    (export(tmp_path) / "olist_sellers_dataset.csv").write_text("seller,city\n", encoding="utf-8")

    with pytest.raises(Invalid, match=r"olist_sellers_dataset\.csv has no column seller_id\."):
        read(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no folder"):
        read(tmp_path / "nowhere")


def test_what_only_says_that_it_is_parquet_is_refused(tmp_path: Path) -> None:
    (export(tmp_path) / "sellers.parquet").write_text("seller_id\ns1\n", encoding="utf-8")

    with pytest.raises(Invalid, match=r"sellers\.parquet cannot be read as Parquet"):
        read(tmp_path)


def test_more_rows_than_the_limit_are_refused(tmp_path: Path) -> None:
    export(tmp_path)

    assert read(tmp_path, limit_rows=7).read == 7
    with pytest.raises(Invalid, match="more than 6 rows"):
        read(tmp_path, limit_rows=6)


def test_progress_is_told_until_the_history_comes(tmp_path: Path) -> None:
    steps = list(OlistSource().read(str(export(tmp_path)), ImportOptions()))

    *progress, history = steps
    assert isinstance(history, History)
    assert all(isinstance(step, tuple) and step[1] <= step[2] for step in progress)
    assert {"olist_orders_dataset.csv", "planning"} <= {step[0] for step in progress if isinstance(step, tuple)}


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Iterator[tuple[History, duckdb.DuckDBPyConnection]]:
    """The real export, read by the importer and lying beside it for plain queries."""
    folder = shared_data / "olist"
    with duckdb.connect() as connection:
        for name in ("orders", "order_items", "order_payments", "customers"):
            connection.from_parquet(str(folder / f"{name}.parquet")).create_view(name)
        yield read(folder, limit_rows=10_000_000), connection


def test_every_real_row_is_accounted_for(real: tuple[History, duckdb.DuckDBPyConnection]) -> None:
    history, connection = real

    counts = dict(Counter([*history.sources["file"].to_pylist(), *history.rejects["file"].to_pylist()]))

    for name in ("orders", "order_items", "order_payments", "customers"):
        assert counts[f"{name}.parquet"] == connection.table(name).to_arrow_table().num_rows


def test_the_real_money_agrees_to_the_cent(real: tuple[History, duckdb.DuckDBPyConnection]) -> None:
    history, connection = real
    wanted = connection.execute(
        """
        WITH totals AS (
            SELECT order_id, sum(price::DECIMAL(12, 2)) AS goods, sum(freight_value::DECIMAL(12, 2)) AS freight
            FROM order_items GROUP BY 1
        ), receipts AS (SELECT order_id, sum(payment_value::DECIMAL(12, 2)) AS paid FROM order_payments GROUP BY 1)
        SELECT count(*), sum(goods) * 100, sum(freight) * 100, sum(paid) * 100
        FROM orders JOIN totals USING (order_id) JOIN receipts USING (order_id)
        WHERE paid >= goods + freight - 1.00
        """
    ).fetchall()

    goods = pa.compute.sum(pa.compute.multiply(history.lines["quantity"], history.lines["unit_price_minor"])).as_py()
    freight = pa.compute.sum(history.lines["shipping_minor"]).as_py()
    paid = pa.compute.sum(history.orders["paid_minor"]).as_py()
    assert [(history.orders.num_rows, goods, freight, paid)] == [tuple(map(int, row)) for row in wanted]


def test_every_real_reference_resolves(real: tuple[History, duckdb.DuckDBPyConnection]) -> None:
    history, _ = real

    def names(table: pa.Table, column: str = "reference") -> set[str]:
        return set(table[column].to_pylist())

    assert names(history.orders, "buyer") <= names(history.buyers)
    assert names(history.lines, "order") == names(history.orders)
    assert names(history.lines, "listing") == names(history.listings)
    assert names(history.listings, "product") <= names(history.products)
    assert names(history.listings, "seller") <= names(history.sellers)
    assert names(history.parcels, "order") <= names(history.orders)


def test_nothing_real_happens_before_its_order(real: tuple[History, duckdb.DuckDBPyConnection]) -> None:
    history, _ = real
    placed = dict(zip(history.orders["reference"].to_pylist(), history.orders["placed_at"].to_pylist(), strict=True))

    early = [
        parcel
        for parcel in history.parcels.to_pylist()
        if not placed[parcel["order"]]
        <= parcel["handed_over_at"]
        <= (parcel["delivered_at"] or parcel["handed_over_at"])
    ]

    assert early == []
    assert list(placed.values()) == sorted(placed.values())
