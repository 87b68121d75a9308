"""Proves numbers against the files that a market was moved in from: plain queries over the files give the same, to the cent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pytest

from caravan.adapters.memory import MemoryLog
from caravan.bootstrap import history_source, numbers_of, open_caravan, read_history
from caravan.config import Settings
from caravan.flows import history, numbers
from caravan.insight import metrics
from caravan.insight.metrics import Question

# One market's clock each: what a shop calls a month is counted in its own zone.
ZONES = {"olist": "America/Sao_Paulo", "online-retail": "Europe/London"}
_FOLDERS = {"olist": "olist", "online-retail": "online_retail"}

# What an importer leaves out is left out here by rules of its own: unpaid orders, and orders that were never approved.
OLIST = """
CREATE TABLE kept AS
WITH totals AS (
    SELECT order_id, sum(price::DECIMAL(12, 2) + freight_value::DECIMAL(12, 2)) AS total, count(DISTINCT seller_id) AS sellers
    FROM order_items GROUP BY 1
), receipts AS (SELECT order_id, sum(payment_value::DECIMAL(12, 2)) AS paid FROM order_payments GROUP BY 1)
SELECT order_id, customer_unique_id AS who, total, sellers, order_purchase_timestamp::TIMESTAMP AS bought,
    order_status IN ('canceled', 'unavailable') AND coalesce(order_delivered_carrier_date::VARCHAR, '') = ''
        AND coalesce(order_delivered_customer_date::VARCHAR, '') = '' AS is_canceled
FROM orders JOIN customers USING (customer_id) JOIN totals USING (order_id) JOIN receipts USING (order_id)
WHERE paid >= total - 1 AND NOT (order_status = 'created' AND coalesce(order_approved_at::VARCHAR, '') = '')
"""
# Invoices of goods, each with its carriage, of whoever its first line names.
ONLINE_RETAIL = """
CREATE TABLE parsed AS
SELECT row_number() OVER () AS place, upper(trim(InvoiceNo)) AS invoice, upper(trim(StockCode)) AS code, Quantity::BIGINT AS quantity,
    round_even(UnitPrice::DECIMAL(18, 3) * 100, 0)::BIGINT AS pence, InvoiceDate::TIMESTAMP AS moment, CustomerID::BIGINT AS customer,
    upper(trim(StockCode)) IN ('POST', 'DOT', 'C2', 'C3')
        OR lower(regexp_replace(trim(coalesce(Description, '')), '\\s+', ' ', 'g'))
            IN ('postage', 'dotcom postage', 'carriage', 'next day carriage') AS is_carriage
FROM lines;
CREATE TABLE sold AS
WITH own AS (
    SELECT * FROM parsed WHERE regexp_full_match(invoice, '[0-9]+') AND quantity > 0 AND pence > 0
        AND NOT regexp_full_match(code, 'M|D|S|B|CRUK|AMAZONFEE|BANK CHARGES|(GIFT|TEST|ADJUST).*')
), named AS (
    SELECT invoice, arg_min(customer, (is_carriage, place)) FILTER (customer IS NOT NULL) AS buyer,
        min(moment) FILTER (NOT is_carriage) AS placed FROM own GROUP BY 1
)
SELECT own.*, coalesce(buyer::VARCHAR, 'guest ' || invoice) AS who, placed FROM own JOIN named USING (invoice)
WHERE placed IS NOT NULL AND (customer IS NULL OR customer = buyer);
CREATE TABLE kept AS
SELECT invoice, any_value(who) AS who, any_value(placed) AS bought, sum(quantity * pence) / 100 AS total FROM sold GROUP BY 1
"""
FIGURES = "SELECT round(sum(total) * 100)::BIGINT, count(*), count(DISTINCT who) FROM kept"
CANCELED = "SELECT sum(sellers)::BIGINT, round(sum(total) * 100)::BIGINT FROM kept WHERE is_canceled"
# Which order a credit note is set against is the importer's judgment; that each pound of it went back is not.
CREDITED = """
SELECT sum(-quantity * pence)::BIGINT FROM parsed WHERE starts_with(invoice, 'C') AND place NOT IN (SELECT row FROM rejects)
"""
COHORTS = """
WITH months AS (SELECT DISTINCT who, date_trunc('month', bought)::DATE AS month FROM kept),
 began AS (SELECT who, min(month) AS cohort FROM months GROUP BY 1)
SELECT cohort, datediff('month', cohort, month) AS period, count(*) FROM months JOIN began USING (who) GROUP BY ALL ORDER BY ALL
"""
BY_MONTH = (
    "SELECT date_trunc('month', bought)::DATE AS month, round(sum(total) * 100)::BIGINT FROM kept GROUP BY 1 ORDER BY 1"
)


class Told(NamedTuple):
    """GMV, orders and people; what was canceled or credited; who came back by month; GMV by month. Money in minor units."""

    figures: tuple[int, ...]
    undone: tuple[int, ...]
    cohorts: list[tuple[Any, ...]]
    by_month: list[tuple[Any, ...]]


def from_files(source: str, folder: Path, rejects: pa.Table) -> Told:
    """Compute the figures straight from the files; which credits were of no order that is known, the importer says."""
    with duckdb.connect() as connection:
        for file in folder.glob("*.parquet"):
            connection.from_parquet(str(file)).create_view(file.stem)
        connection.execute(OLIST if source == "olist" else ONLINE_RETAIL)
        connection.register("rejects", rejects)
        queries = (FIGURES, CANCELED if source == "olist" else CREDITED, COHORTS, BY_MONTH)
        figures, undone, cohorts, by_month = (connection.sql(query).fetchall() for query in queries)
        return Told(figures[0], undone[0], cohorts, by_month)


def from_numbers(source: str, asked: numbers.Numbers) -> Told:
    """Ask for the same figures."""

    def rows(question: Question, *names: str) -> list[tuple[Any, ...]]:
        table = asked.ask(question, metrics.OPERATOR).table
        return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))

    (money,) = rows(Question(("gmv", "canceled_gmv", "refunded")), "gmv", "canceled_gmv", "refunded")
    (counts,) = rows(Question(("purchases", "buyers", "cancelations")), "purchases", "buyers", "cancelations")
    return Told(
        (money[0], *counts[:2]), (counts[2], money[1]) if source == "olist" else (money[1] + money[2],),
        rows(Question(("buyer_retention",), rows_max=50_000), "cohort", "period", "value"),
        rows(Question(("gmv",), grain="month", rows_max=50_000), "month", "gmv"),
    )  # fmt: skip


def in_zone(folder: Path, zone: str) -> None:
    """Count the days of a home in a zone."""
    (folder / "numbers" / "definitions").mkdir(parents=True)
    extension = f'{{vendor_name: COMMON, data: \'{{"time_zone": "{zone}"}}\'}}'
    text = f"semantic_model: [{{name: zone, custom_extensions: [{extension}]}}]\n"
    (folder / "numbers" / "definitions" / "zone.yaml").write_text(text)


def part_of(source: str, shared: Path, folder: Path) -> None:
    """Cut a part out of a data set: the orders of some people, with all that belongs to them."""
    with duckdb.connect() as connection:
        for file in (shared / _FOLDERS[source]).glob("*.parquet"):
            connection.from_parquet(str(file)).create_view(file.stem)
        if source == "online-retail":
            few = "CustomerID % 40 = 7 AND InvoiceDate::TIMESTAMP < '2011-03-01' OR InvoiceDate::TIMESTAMP::DATE = '2011-02-08'"
            connection.table("lines").filter(few).write_parquet(str(folder / "lines.parquet"))
            return
        connection.execute(
            "CREATE TABLE chosen AS SELECT customer_unique_id FROM customers WHERE hash(customer_unique_id) % 40 = 3"
        )
        connection.execute(
            "CREATE VIEW of_some AS SELECT * FROM orders WHERE order_purchase_timestamp < '2017-03-01' AND customer_id IN (SELECT customer_id FROM customers SEMI JOIN chosen USING (customer_unique_id))"
        )
        own = {
            "orders": "of_some",
            "order_items": "order_items SEMI JOIN of_some USING (order_id)",
            "order_payments": "order_payments SEMI JOIN of_some USING (order_id)",
        }
        for name in (
            "orders",
            "order_items",
            "order_payments",
            "customers",
            "products",
            "sellers",
            "product_category_name_translation",
        ):
            connection.sql(f"FROM {own.get(name, name)}").write_parquet(str(folder / f"{name}.parquet"))


@pytest.fixture(params=["olist", "online-retail"])
def moved_in(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path: Path
) -> Iterator[tuple[str, Told, numbers.Numbers]]:
    """Move a part of a data set in; lend what its files say, and the numbers of the market."""
    source: str = request.param
    files, home = tmp_path / "files", tmp_path / "home"
    files.mkdir()
    part_of(source, shared_data, files)
    log = MemoryLog()
    caravan = open_caravan(Settings(home=home), ticks=False, folds=False, log=log)
    read = read_history(history_source(source), str(files), lambda *_: None)
    tally = history.move_in(caravan.cell, caravan.vault, read, lambda *_: None)
    caravan.close()
    in_zone(home, ZONES[source])
    asked = numbers_of(Settings(home=home), log, lambda: len(log.frames))
    yield source, from_files(source, files, tally.rejects), asked
    asked.close()


def test_the_numbers_are_what_the_files_say_to_the_cent(moved_in: tuple[str, Told, numbers.Numbers]) -> None:
    source, wanted, asked = moved_in

    told = from_numbers(source, asked)

    assert told == wanted
    assert min(wanted.figures) > 50
    assert len(wanted.cohorts) > 3
