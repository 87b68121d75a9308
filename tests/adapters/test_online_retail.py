"""Reads Online Retail from tiny files, one kind of dirt at a time, and the real one, to the penny."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from caravan.adapters.online_retail import REASONS, OnlineRetailSource
from caravan.kernel.errors import Invalid
from caravan.world.partners.ports import History, ImportOptions

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LINE = "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"
LATER = LINE.replace("536365", "536400").replace("08:26", "12:00")
CREDIT = LINE.replace("536365", "C536500").replace(",6,", ",-2,").replace("2010-12-01 08:26", "2010-12-05 10:00")


def export(path: Path, *lines: str) -> Path:
    """Write lines as one CSV file."""
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return path


def read(path: Path, *, limit_rows: int = 1_000) -> History:
    """Read a history, and see that every row ended exactly once, for a reason that people are told."""
    *_, history = OnlineRetailSource().read(str(path), ImportOptions(limit_rows=limit_rows))
    assert isinstance(history, History)
    ended = [(row["file"], row["row"]) for table in (history.sources, history.rejects) for row in table.to_pylist()]
    assert len(ended) == len(set(ended)) == history.read
    assert set(history.rejects["reason"].to_pylist()) <= set(REASONS)
    return history


def imported(folder: Path, *lines: str) -> History:
    return read(export(folder / "online_retail.csv", *lines))


def rejects(history: History) -> list[tuple[int, str, str]]:
    return [(row["row"], row["field"], row["reason"]) for row in history.rejects.to_pylist()]


def sources(history: History) -> list[tuple[int, str, str]]:
    return [(row["row"], row["table"], row["reference"]) for row in history.sources.to_pylist()]


def returned(history: History) -> list[tuple[str, str, int, int]]:
    return [
        (row["reference"], row["order"], row["quantity"], row["refund_minor"]) for row in history.returns.to_pylist()
    ]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_good_line_is_read_whole(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE)

    assert sources(history) == [(1, "lines", "536365")]
    assert rejects(history) == []
    assert history.currency == "GBP"
    assert history.lines.to_pylist() == [
        {"order": "536365", "listing": "85123A", "quantity": 6, "unit_price_minor": 255, "shipping_minor": 0}
    ]


def test_an_invoice_is_an_order_that_was_handed_over_at_once(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE)

    assert history.orders.to_pylist() == [
        {
            "reference": "536365",
            "buyer": "17850",
            "placed_at": utc("2010-12-01 08:26"),
            "paid_minor": 1530,
            "method": "invoice",
            "canceled_at": None,
        }
    ]
    (parcel,) = history.parcels.to_pylist()
    assert parcel["handed_over_at"] == utc("2010-12-01 08:26")
    assert parcel["settled_at"] == utc("2010-12-15 08:26")
    assert parcel["delivered_at"] is parcel["promised_at"] is None


def test_a_sku_is_a_product_and_its_listing(tmp_path: Path) -> None:
    dearer = LINE.replace("536365", "536300").replace("12-01", "12-02").replace("2.55", "3.00")

    history = imported(tmp_path, dearer.replace("85123A", "85123a"), LINE)

    assert history.products.select(["reference", "title", "category"]).to_pylist() == [
        {"reference": "85123A", "title": "White Hanging Heart T-Light Holder", "category": "Home/Lighting"}
    ]
    assert history.listings.select(["reference", "product", "price_minor", "on_hand"]).to_pylist() == [
        {"reference": "85123A", "product": "85123A", "price_minor": 255, "on_hand": 0}
    ]


def test_the_summer_time_of_britain_is_minded(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE.replace("2010-12-01", "2011-07-01"))

    assert history.orders["placed_at"].to_pylist() == [utc("2011-07-01 07:26")]


def test_the_american_times_of_the_published_file_are_read(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE.replace("2010-12-01 08:26:00", "12/1/2010 8:26"))

    assert history.orders["placed_at"].to_pylist() == [utc("2010-12-01 08:26")]


def test_an_order_is_placed_at_its_first_line(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE.replace("08:26", "08:27"), LINE)

    assert history.orders["placed_at"].to_pylist() == [utc("2010-12-01 08:26")]


def test_equal_lines_are_counted_each_and_merged(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE, LINE, LINE.replace("2.55", "2.50"))

    assert history.lines.select(["quantity", "unit_price_minor"]).to_pylist() == [
        {"quantity": 12, "unit_price_minor": 255},
        {"quantity": 6, "unit_price_minor": 250},
    ]
    assert history.orders["paid_minor"].to_pylist() == [4560]
    assert history.sources.num_rows == 3


def test_a_line_without_a_buyer_is_a_guests(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE.replace("17850", ""), LATER.replace("17850", ""))

    assert history.buyers.select(["reference", "name", "email"]).to_pylist() == [
        {"reference": "guest-536365", "name": "Guest 536365", "email": ""},
        {"reference": "guest-536400", "name": "Guest 536400", "email": ""},
    ]


def test_a_buyer_written_as_a_decimal_is_the_same(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE, LATER.replace("17850", "17850.0"))

    assert history.buyers["reference"].to_pylist() == ["17850"]
    assert history.buyers["name"].to_pylist() == ["Customer 17850"]


def test_an_invoice_has_the_first_buyer_that_it_names(tmp_path: Path) -> None:
    lines = [LINE.replace("17850", ""), LINE, LINE.replace("17850", "13047"), LINE.replace("85123A", "POST")]

    history = imported(tmp_path, *lines)

    assert history.orders.select(["buyer", "paid_minor"]).to_pylist() == [{"buyer": "17850", "paid_minor": 4590}]
    assert rejects(history) == [(3, "CustomerID", "conflicting_buyer")]


@pytest.mark.parametrize(
    ("country", "code"),
    [
        ("United Kingdom", "GB"),
        ("EIRE", "IE"),
        ("RSA", "ZA"),
        ("USA", "US"),
        ("Czech Republic", "CZ"),
        ("Hong Kong", "HK"),
        ("Brazil", "BR"),
        ("Channel Islands", "ZZ"),
        ("European Community", "ZZ"),
        ("Unspecified", "ZZ"),
        ("", "ZZ"),
    ],
)
def test_a_country_gets_its_code(tmp_path: Path, country: str, code: str) -> None:
    history = imported(tmp_path, LINE.replace("United Kingdom", country))

    assert history.buyers["country"].to_pylist() == [code]


def test_a_buyer_who_moves_lives_at_the_latest_place(tmp_path: Path) -> None:
    history = imported(tmp_path, LATER.replace("United Kingdom", "Belgium"), LINE)

    assert history.buyers["country"].to_pylist() == ["BE"]
    assert history.buyers["registered_at"].to_pylist() == [utc("2010-12-01 08:26")]


BAD_LINES = [
    (LINE.replace("536365", ""), "InvoiceNo", "missing_id"),
    (LINE.replace("536365", "X536365"), "InvoiceNo", "unknown_invoice"),
    (LINE.replace("85123A", ""), "StockCode", "missing_id"),
    (LINE.replace("2010-12-01 08:26:00", ""), "InvoiceDate", "missing_value"),
    (LINE.replace("2010-12-01 08:26:00", "13/13/2010 8:26"), "InvoiceDate", "bad_timestamp"),
    (LINE.replace("2010-12-01 08:26:00", "1.12.2010"), "InvoiceDate", "bad_timestamp"),
    (LINE.replace(",6,", ",,"), "Quantity", "missing_value"),
    (LINE.replace(",6,", ",six,"), "Quantity", "bad_number"),
    (LINE.replace(",6,", ",1.5,"), "Quantity", "bad_number"),
    (LINE.replace(",6,", ",1000001,"), "Quantity", "bad_number"),
    (LINE.replace(",6,", ",0,"), "Quantity", "wrong_sign"),
    (LINE.replace(",6,", ",-6,"), "Quantity", "stock_adjustment"),
    (LINE.replace(",6,", ",-6,").replace("2.55", "0.0"), "Quantity", "stock_adjustment"),
    (CREDIT.replace(",-2,", ",2,"), "Quantity", "wrong_sign"),
    (LINE.replace("2.55", ""), "UnitPrice", "missing_value"),
    (LINE.replace("2.55", "free"), "UnitPrice", "bad_amount"),
    (LINE.replace("2.55", "10000000.01"), "UnitPrice", "bad_amount"),
    (LINE.replace("2.55", "1000.01").replace(",6,", ",1000000,"), "UnitPrice", "bad_amount"),
    (LINE.replace("2.55", "0.0"), "UnitPrice", "zero_price"),
    (LINE.replace("2.55", "0.001"), "UnitPrice", "zero_price"),
    (LINE.replace("2.55", "0.005"), "UnitPrice", "zero_price"),
    (LINE.replace("2.55", "-2.55"), "UnitPrice", "bad_debt"),
    (LINE.replace("536365", "A563185").replace("85123A", "B"), "InvoiceNo", "bad_debt"),
    (LINE.replace("85123A", "M"), "StockCode", "not_merchandise"),
    (LINE.replace("85123A", "m"), "StockCode", "not_merchandise"),
    (LINE.replace("85123A", "BANK CHARGES"), "StockCode", "not_merchandise"),
    (LINE.replace("85123A", "AMAZONFEE"), "StockCode", "not_merchandise"),
    (LINE.replace("85123A", "gift_0001_20"), "StockCode", "not_merchandise"),
    (CREDIT.replace("85123A", "D"), "StockCode", "not_merchandise"),
    (CREDIT.replace("85123A", "POST"), "StockCode", "not_merchandise"),
    (LINE.replace("536365", "536366").replace("85123A", "POST"), "StockCode", "not_merchandise"),
    (CREDIT, "StockCode", "return_without_order"),
    (CREDIT.replace("17850", ""), "StockCode", "return_without_order"),
    ("536365,85123A", "", "malformed_row"),
]


def test_a_bad_line_costs_itself_alone(tmp_path: Path) -> None:
    good = LINE.replace("85123A", "22752")

    history = imported(tmp_path, *[line for line, *_ in BAD_LINES], good)

    assert rejects(history) == [(row, *wanted) for row, (_, *wanted) in enumerate(BAD_LINES, start=1)]
    assert sources(history) == [(len(BAD_LINES) + 1, "lines", "536365")]


@pytest.mark.parametrize("code", ["DCGSSGIRL", "DCGS0003", "22423", "47503J"])
def test_goods_with_odd_codes_are_goods(tmp_path: Path, code: str) -> None:
    history = imported(tmp_path, LINE.replace("85123A", code))

    assert history.products["reference"].to_pylist() == [code]


@pytest.mark.parametrize(
    ("price", "minor"), [("0.006", 1), ("0.015", 2), ("0.025", 2), ("2.5549999", 255), ("1e1", 1000)]
)
def test_a_price_is_rounded_to_pence_half_to_even(tmp_path: Path, price: str, minor: int) -> None:
    history = imported(tmp_path, LINE.replace("2.55", price))

    assert history.lines["unit_price_minor"].to_pylist() == [minor]
    assert history.orders["paid_minor"].to_pylist() == [6 * minor]


def test_the_largest_quantity_of_the_source_is_legal(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE.replace(",6,", ",80995,"))

    assert history.lines["quantity"].to_pylist() == [80_995]


@pytest.mark.parametrize(
    ("code", "description"), [("POST", "POSTAGE"), ("DOT", ""), ("C2", ""), ("23444", "Next Day Carriage")]
)
def test_carriage_is_the_shipping_of_the_first_line(tmp_path: Path, code: str, description: str) -> None:
    carriage = f"536365,{code},{description},2,2010-12-01 08:26:00,9.00,17850,United Kingdom"

    history = imported(tmp_path, carriage, LINE, LINE.replace("85123A", "22752"))

    assert history.lines.select(["listing", "shipping_minor"]).to_pylist() == [
        {"listing": "85123A", "shipping_minor": 1800},
        {"listing": "22752", "shipping_minor": 0},
    ]
    assert history.orders["paid_minor"].to_pylist() == [4860]
    assert sources(history)[0] == (1, "lines", "536365")


@pytest.mark.parametrize(
    ("descriptions", "title"),
    [
        (["damaged", "damaged", "RED MUG"], "Red Mug"),
        (["?", "?", ""], "Product 85123A"),
        ([""], "Product 85123A"),
        (["sold as set on dotcom"], "Product 85123A"),
        (["BLUE CHECK BAG"], "Blue Check Bag"),
        (["*RED MUG.", "*RED MUG. ", "MUG RED"], "Red Mug"),
        (["CHILDREN'S LED SET 30CM"], "Children's LED Set 30cm"),
        (["  TWO   WORDS"], "Two Words"),
    ],
)
def test_a_title_is_the_most_frequent_plausible_description(
    tmp_path: Path, descriptions: list[str], title: str
) -> None:
    lines = [LINE.replace("WHITE HANGING HEART T-LIGHT HOLDER", description) for description in descriptions]

    history = imported(tmp_path, *lines)

    assert history.products["title"].to_pylist() == [title]


@pytest.mark.parametrize(
    ("description", "category"),
    [
        ("JUMBO BAG RED RETROSPOT", "Fashion/Bags"),
        ("SET OF 3 CAKE TINS PANTRY DESIGN", "Home/Kitchen"),
        ("CHRISTMAS GLASS BALL", "Seasonal/Christmas"),
        ("STRIPEY NESTING BOXES", "Home/Storage"),
        ("INFLATABLE POLITICAL GLOBE", "Other"),
    ],
)
def test_a_category_is_guessed_from_the_title(tmp_path: Path, description: str, category: str) -> None:
    history = imported(tmp_path, LINE.replace("WHITE HANGING HEART T-LIGHT HOLDER", description))

    assert history.products["category"].to_pylist() == [category]


def test_a_credit_is_a_return_of_the_earlier_order(tmp_path: Path) -> None:
    history = imported(tmp_path, LINE, CREDIT)

    assert history.returns.to_pylist() == [
        {
            "reference": "C536500/1",
            "order": "536365",
            "listing": "85123A",
            "quantity": 2,
            "refund_minor": 510,
            "returned_at": utc("2010-12-05 10:00"),
        }
    ]
    assert sources(history) == [(1, "lines", "536365"), (2, "returns", "C536500/1")]


NEAR = LATER.replace("2.55", "2.60")
FAR = LATER.replace("2.55", "3.00").replace("536400", "536401")
CHEAPER = LATER.replace("2.55", "2.54")
SEVEN = CREDIT.replace(",-2,", ",-7,")
CREDITS: list[tuple[list[str], list[tuple[str, str, int, int]], list[str]]] = [
    # The latest order at the same price.
    ([LINE, LATER, CREDIT], [("C536500/1", "536400", 2, 510)], []),
    # The one that has enough, rather than two.
    ([LINE, LATER.replace(",6,", ",1,"), CREDIT], [("C536500/1", "536365", 2, 510)], []),
    # Two, where no one has enough.
    ([LINE, LATER, SEVEN], [("C536500/1", "536400", 6, 1530), ("C536500/1+2", "536365", 1, 255)], []),
    # The same price rather than a nearer time.
    ([LINE, NEAR, CREDIT], [("C536500/1", "536365", 2, 510)], []),
    # The nearest price above; what was credited is refunded.
    ([FAR, NEAR, CREDIT], [("C536500/1", "536400", 2, 510)], []),
    # Nobody gets back more than they paid.
    ([CHEAPER, CREDIT], [], ["refund_price_differs"]),
    # Not more than was bought, and not in part.
    ([LINE, SEVEN], [], ["return_without_order"]),
    # Not twice.
    ([LINE, CREDIT.replace(",-2,", ",-5,"), CREDIT], [("C536500/1", "536365", 5, 1275)], ["return_without_order"]),
    # Not of a later order, of another buyer, or of another SKU.
    ([LINE.replace("2010-12-01", "2010-12-06"), CREDIT], [], ["return_without_order"]),
    ([LINE.replace("17850", "13047"), CREDIT], [], ["return_without_order"]),
    ([LINE.replace("85123A", "22752"), CREDIT], [], ["return_without_order"]),
]


@pytest.mark.parametrize(("lines", "returns", "reasons"), CREDITS)
def test_a_credit_finds_its_order(
    tmp_path: Path, lines: list[str], returns: list[tuple[str, str, int, int]], reasons: list[str]
) -> None:
    history = imported(tmp_path, *lines)

    assert returned(history) == returns
    assert history.rejects["reason"].to_pylist() == reasons


def test_credits_are_matched_in_the_order_of_time(tmp_path: Path) -> None:
    early = CREDIT.replace("C536500", "C536450").replace("12-05", "12-03").replace(",-2,", ",-5,")

    history = imported(tmp_path, CREDIT, early, LINE)

    assert returned(history) == [("C536450/1", "536365", 5, 1275)]
    assert rejects(history) == [(1, "StockCode", "return_without_order")]


WHOLE = CREDIT.replace(",-2,", ",-6,")


def test_a_credit_of_all_within_a_day_cancels_the_order(tmp_path: Path) -> None:
    second = LINE.replace("85123A", "22752")
    credit = WHOLE.replace("2010-12-05 10:00", "2010-12-02 08:26")

    history = imported(tmp_path, LINE, second, credit, credit.replace("85123A", "22752"))

    assert history.orders["canceled_at"].to_pylist() == [utc("2010-12-02 08:26")]
    assert history.parcels.num_rows == history.returns.num_rows == 0
    assert sources(history)[2:] == [(3, "orders", "536365"), (4, "orders", "536365")]


STAYS = [
    [LINE, WHOLE.replace("2010-12-05 10:00", "2010-12-02 08:27")],
    [LINE, CREDIT.replace("2010-12-05 10:00", "2010-12-01 09:00")],
    [LINE, LINE.replace("85123A", "22752"), WHOLE.replace("2010-12-05 10:00", "2010-12-01 09:00")],
    [LINE, LINE.replace("85123A", "POST"), WHOLE.replace("2010-12-05 10:00", "2010-12-01 09:00")],
    [NEAR, WHOLE.replace("2010-12-05 10:00", "2010-12-01 13:00")],
]


@pytest.mark.parametrize("lines", STAYS)
def test_a_later_or_partial_credit_leaves_the_order_sent(tmp_path: Path, lines: list[str]) -> None:
    history = imported(tmp_path, *lines)

    assert history.orders["canceled_at"].to_pylist() == [None]
    assert history.parcels.num_rows == history.returns.num_rows == 1


def test_a_credit_that_cancels_one_order_may_return_from_another(tmp_path: Path) -> None:
    credit = SEVEN.replace("2010-12-05 10:00", "2010-12-01 13:00")

    history = imported(tmp_path, LINE, LATER, credit)

    assert history.orders["canceled_at"].to_pylist() == [None, utc("2010-12-01 13:00")]
    assert returned(history) == [("C536500/1+2", "536365", 1, 255)]
    assert sources(history)[2] == (3, "returns", "C536500/1+2")


def test_a_folder_of_days_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    export(tmp_path / "2010-12-05.csv", CREDIT)
    export(tmp_path / "2010-12-01.csv", LINE)
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")

    history = read(tmp_path)

    assert history.sources.to_pylist() == [
        {"table": "lines", "reference": "536365", "file": "2010-12-01.csv", "row": 1},
        {"table": "returns", "reference": "C536500/1", "file": "2010-12-05.csv", "row": 1},
    ]
    assert "notes.csv has other columns and was not read." in history.notes


@pytest.mark.parametrize("name", ["Online Retail.csv", "online_retail.csv", "OnlineRetail.csv", "lines.csv"])
def test_the_one_file_of_a_folder_is_found_by_name(tmp_path: Path, name: str) -> None:
    export(tmp_path / name, LINE)
    export(tmp_path / "other.csv", LATER)

    assert read(tmp_path).read == 1


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    file = export(tmp_path / "lines [1].csv", LINE, CREDIT, LINE.replace("17850", ""), LINE.replace("2.55", "0.0"))
    parquet.write_table(arrow_csv.read_csv(file), tmp_path / "lines [1].parquet")

    as_csv, as_parquet = read(file), read(tmp_path / "lines [1].parquet")

    for name in ("orders", "lines", "buyers", "returns", "products"):
        assert getattr(as_csv, name) == getattr(as_parquet, name)
    assert rejects(as_csv) == rejects(as_parquet)


def test_the_second_edition_has_other_column_names(tmp_path: Path) -> None:
    file = tmp_path / "online_retail_II.csv"
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    file.write_text(f"{header}\n{LINE}\n", encoding="utf-8")

    assert read(tmp_path).orders["buyer"].to_pylist() == ["17850"]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_a_pound_sign_survives_any_encoding(tmp_path: Path, encoding: str) -> None:
    line = LINE.replace("WHITE HANGING HEART T-LIGHT HOLDER", '"MONEY BOX, £5"')
    (tmp_path / "lines.csv").write_bytes(f"{HEADER}\r\n{line}\r\n".encode(encoding))

    assert read(tmp_path).products["title"].to_pylist() == ["Money Box, £5"]


def test_a_file_without_rows_is_an_empty_history(tmp_path: Path) -> None:
    history = imported(tmp_path)

    assert history.read == history.orders.num_rows == 0
    assert history.sellers["name"].to_pylist() == ["Online Retail UK"]


def test_a_file_of_another_shape_is_refused_by_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("InvoiceNo,StockCode,Quantity\n", encoding="utf-8")

    with pytest.raises(Invalid, match=r"orders\.csv has no column Description, InvoiceDate, UnitPrice"):
        read(file)
    with pytest.raises(Invalid, match=r"orders\.csv lacks Description"):
        read(tmp_path)


def test_an_empty_folder_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no CSV or Parquet file with the columns InvoiceNo, StockCode"):
        read(tmp_path)
    with pytest.raises(Invalid, match="no file and no folder"):
        read(tmp_path / "nowhere")


def test_what_only_says_that_it_is_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read as Parquet"):
        read(export(tmp_path / "lines.parquet", LINE))


def test_more_rows_than_the_limit_are_refused(tmp_path: Path) -> None:
    file = export(tmp_path / "lines.csv", LINE, LATER)

    assert read(file, limit_rows=2).read == 2
    with pytest.raises(Invalid, match="more than 1 rows"):
        read(file, limit_rows=1)


def test_progress_is_told_until_the_history_comes(tmp_path: Path) -> None:
    steps = list(OnlineRetailSource().read(str(export(tmp_path / "lines.csv", LINE)), ImportOptions()))

    *progress, history = steps
    assert isinstance(history, History)
    assert all(isinstance(step, tuple) and step[1] <= step[2] for step in progress)
    assert {"lines.csv", "planning"} <= {step[0] for step in progress if isinstance(step, tuple)}


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Iterator[tuple[History, duckdb.DuckDBPyConnection]]:
    """The real file, read by the importer and lying beside it for plain queries."""
    file = shared_data / "online_retail" / "lines.parquet"
    with duckdb.connect() as connection:
        connection.from_parquet(str(file)).create_view("lines")
        yield read(file, limit_rows=10_000_000), connection


def total(column: pa.ChunkedArray) -> Any:  # noqa: ANN401 - Arrow ships no types.
    return pa.compute.sum(column).as_py()


def test_every_real_row_is_accounted_for(real: tuple[History, duckdb.DuckDBPyConnection]) -> None:
    history, connection = real

    ((rows,),) = connection.execute("SELECT count(*) FROM lines").fetchall()

    assert history.read == history.sources.num_rows + history.rejects.num_rows == rows


def test_the_real_sales_agree_to_the_penny(real: tuple[History, duckdb.DuckDBPyConnection]) -> None:
    history, connection = real
    wanted = connection.execute(
        """
        WITH sales AS (
            SELECT *, Quantity * UnitPrice::DECIMAL(18, 3) AS amount, StockCode IN ('POST', 'DOT', 'C2', 'C3')
                OR Description ILIKE 'next day carriage' AS is_carriage
            FROM lines
            WHERE Quantity > 0 AND UnitPrice >= 0.01 AND InvoiceNo SIMILAR TO '[0-9]+' AND upper(StockCode) NOT IN
                ('M', 'D', 'S', 'B', 'CRUK', 'AMAZONFEE', 'BANK CHARGES') AND StockCode NOT ILIKE 'gift%'
        ), kept AS (
            SELECT * FROM sales SEMI JOIN (SELECT InvoiceNo FROM sales WHERE NOT is_carriage) USING (InvoiceNo)
        )
        SELECT count(DISTINCT InvoiceNo), sum(Quantity) FILTER (NOT is_carriage),
            sum(amount) FILTER (is_carriage) * 100, sum(amount) * 100
        FROM kept
        """
    ).fetchall()

    units, shipping = total(history.lines["quantity"]), total(history.lines["shipping_minor"])
    found = (history.orders.num_rows, units, shipping, total(history.orders["paid_minor"]))
    assert [found] == [tuple(map(int, row)) for row in wanted]


def test_the_real_returns_agree_to_the_penny(real: tuple[History, duckdb.DuckDBPyConnection]) -> None:
    history, connection = real
    canceled = {row["reference"]: row["paid_minor"] for row in history.orders.to_pylist() if row["canceled_at"]}
    rows = [row for row, table, _ in sources(history) if table in {"returns", "orders"}]
    connection.from_arrow(pa.table({"row": rows})).create("credited")

    wanted = connection.execute(
        """
        SELECT sum(-Quantity * UnitPrice::DECIMAL(18, 2)) * 100
        FROM (SELECT *, row_number() OVER () AS row FROM lines) SEMI JOIN credited USING (row)
        """
    ).fetchall()

    assert [(total(history.returns["refund_minor"]) + sum(canceled.values()),)] == [tuple(map(int, wanted[0]))]


def test_no_real_line_comes_back_more_than_it_went(real: tuple[History, duckdb.DuckDBPyConnection]) -> None:
    history, _ = real
    sold: Counter[tuple[str, str]] = Counter()
    for line in history.lines.to_pylist():
        sold[line["order"], line["listing"]] += line["quantity"]

    back: Counter[tuple[str, str]] = Counter()
    for row in history.returns.to_pylist():
        back[row["order"], row["listing"]] += row["quantity"]

    assert [key for key, quantity in back.items() if quantity > sold[key]] == []


def test_every_real_reference_resolves(real: tuple[History, duckdb.DuckDBPyConnection]) -> None:
    history, _ = real

    def names(table: pa.Table, column: str = "reference") -> set[str]:
        return set(table[column].to_pylist())

    assert names(history.orders, "buyer") == names(history.buyers)
    assert names(history.lines, "order") == names(history.orders)
    assert names(history.lines, "listing") == names(history.listings) == names(history.products)
    assert names(history.parcels, "order") <= names(history.orders)
    assert names(history.returns, "order") <= names(history.parcels, "order")
    assert len(names(history.returns)) == history.returns.num_rows
