"""Tests the door for BI tools with a real client, ADBC's: who comes in, what is answered, whose rows, and what is not let out."""

import base64
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import adbc_driver_flightsql.dbapi as adbc
import pyarrow as pa
import pytest
from pyarrow import flight

from caravan.adapters import duckdb_reading, flight_sql
from caravan.bootstrap import analysts_door, seal_numbers
from caravan.config import Settings
from caravan.kernel.errors import Invalid, Outage
from tests.adapters.test_sending import write_certificate
from tests.web.api.rig import Rig, Trader, euro, free_port, running


@dataclass
class Door:
    """A market with two sellers and three orders, and its door."""

    rig: Rig
    traders: list[Trader]
    address: str

    def connect(self, token: str, **options: str) -> Any:  # noqa: ANN401
        header = {"adbc.flight.sql.authorization_header": f"Bearer {token}"}
        return contextlib.closing(adbc.connect(self.address, db_kwargs=header | options, autocommit=True))

    def ask(self, text: str, audience: str = "operator", subject: int = 0) -> list[tuple[Any, ...]]:
        with self.connect(self.rig.token(audience, subject)) as client, client.cursor() as cursor:
            cursor.execute(text)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def mine(self, text: str, place: int = 0) -> list[tuple[Any, ...]]:
        return self.ask(text, "seller", self.traders[place].number)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    home: Path = tmp_path_factory.mktemp("home")
    with running(home, flight_port=free_port()) as rig:
        traders = [rig.seller(), rig.seller()]
        listings = [one.offer(cents, units=9) for one, cents in zip(traders, (1_000, 3_000), strict=True)]
        buyer = rig.buyer(100_000)
        with buyer.client as client:
            client.place_order({listings[0]: 1}, address=buyer.address, expected_total=euro(1_000))
            client.place_order({listings[1]: 1}, address=buyer.address, expected_total=euro(3_000))
            seal_numbers(rig.caravan.settings, lambda *_: None)  # The third one is in the tail.
            client.place_order({listings[0]: 2}, address=buyer.address, expected_total=euro(2_000))
        with analysts_door(rig.caravan) as opened:
            assert opened is not None
            yield Door(rig, traders, f"grpc://127.0.0.1:{opened.port}")


def test_an_operator_asks_over_all_rows_sealed_and_live(door: Door) -> None:
    found = door.ask("SELECT seller, sum(total_minor)::BIGINT FROM placed_orders GROUP BY ALL ORDER BY seller")

    assert found == [(1, 3_000), (2, 3_000)]


def test_what_is_acknowledged_is_in_the_next_answer(door: Door) -> None:
    before = door.ask("SELECT count(*) FROM sellers")[0][0]
    door.rig.seller()

    assert door.ask("SELECT count(*) FROM sellers") == [(before + 1,)]


def test_a_seller_sees_rows_of_their_own_and_no_column_that_tells_of_buyers(door: Door) -> None:
    assert door.mine("SELECT sum(total_minor)::BIGINT, count(*) FROM placed_orders") == [(3_000, 2)]
    assert door.mine("SELECT sum(total_minor)::BIGINT FROM caravan.numbers.placed_orders", 1) == [(3_000,)]
    assert door.mine("SELECT DISTINCT title FROM products") == [("Mug",)]
    for hidden in ("SELECT buyer FROM placed_orders", "SELECT * FROM placed_purchases", "SELECT * FROM buyers"):
        with pytest.raises(adbc.Error):
            door.mine(hidden)


# Ways to other people's rows, to files, and to what tells of the process. Each must be refused.
WAYS_OUT = [
    "SELECT * FROM main.placed_orders", "SELECT * FROM tail.placed_orders", "SELECT * FROM memory.main.placed_orders",
    "SELECT * FROM seller_2.placed_orders", 'SELECT * FROM "seller_2"."placed_orders"',
    "SELECT * FROM query('SELECT * FROM main.placed_orders')", "SELECT * FROM query_table('main.placed_orders')",
    "WITH placed_orders AS (SELECT 1) SELECT * FROM placed_orders", "SELECT * FROM duckdb_tables()",
    "WITH x AS (SELECT * FROM buyers) SELECT * FROM x", "SELECT (SELECT count(*) FROM buyers)",
    "SELECT 1 WHERE 1 IN (SELECT buyer FROM buyers)", "SELECT * FROM products JOIN buyers ON true",
    "SELECT 1 UNION ALL SELECT buyer FROM buyers", "SELECT * FROM (VALUES (1)) v, LATERAL (SELECT * FROM buyers)",
    "SELECT * FROM information_schema.tables", "SELECT * FROM duckdb_views", "DESCRIBE buyers", "SHOW ALL TABLES",
    "SUMMARIZE buyers", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('x')",
    "COPY (SELECT 1) TO '/tmp/caravan-way-out'", "INSERT INTO products VALUES (1)", "DROP VIEW products", "SET threads = 1",
    "ATTACH '/tmp/caravan-way-out.duckdb'", "INSTALL httpfs", "CALL pragma_version()", "PIVOT products ON title", "SELECT 1; SELECT 2",
    "SELECT current_setting('temp_directory')", "SELECT getenv('HOME')", "SELECT main.getenv('HOME')",
    "WITH RECURSIVE buyers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM buyers WHERE n < 3) SELECT * FROM buyers",
    "WITH a AS (WITH zz AS (SELECT 1) SELECT 1) SELECT * FROM zz", "", "nonsense",
    "SELECT * FROM metrics(1)", "SELECT * FROM metrics('nonsense')", "SELECT * FROM metrics('gmv', by := 'buyer')",
    "SELECT * FROM metrics('gmv', moon := 'x')", "SELECT * FROM metrics(by := 'category')", "SELECT * FROM metrics('gmv', grain := 'hour')",
    "SELECT * FROM metrics('gmv', first := 'today')", "SELECT * FROM metrics('take_rate_x')", "SELECT 1" + " + 1" * 300,
    "SELECT '" + "x" * 20_000 + "'",
]  # fmt: skip


@pytest.fixture(scope="module")
def seller(door: Door) -> Iterator[Any]:
    with door.connect(door.rig.token("seller", door.traders[0].number)) as client:
        yield client


@pytest.mark.parametrize("text", WAYS_OUT)
def test_no_way_out_leads_anywhere(seller: Any, text: str) -> None:  # noqa: ANN401
    with seller.cursor() as cursor, pytest.raises(adbc.Error) as told:
        cursor.execute(text)

    assert "broke" not in str(told.value)
    assert not Path("/tmp/caravan-way-out").exists()  # noqa: S108


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT o.units FROM placed_orders AS o WHERE o.units > 1", 1), ("FROM placed_orders", 2), ("TABLE products", 2),
        ('SELECT "caravan"."numbers"."placed_orders"."units" FROM "caravan"."numbers"."placed_orders"', 2),
        ("SELECT numbers.placed_orders.units FROM numbers.placed_orders LIMIT 1", 1), ("VALUES (1), (2)", 2),
        ("WITH a AS (FROM placed_orders), b AS (SELECT * FROM a) SELECT * FROM b JOIN a USING (fact)", 2),
        ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r", 3),
        ("SELECT unnest([1, 2, 3])", 3), ("SELECT * FROM range(4)", 4), ("SELECT DISTINCT seller FROM placed_orders;", 1),
        ("SELECT row_number() OVER (ORDER BY fact) FROM placed_orders QUALIFY row_number() OVER (ORDER BY fact) = 1", 1),
        ("SELECT * FROM placed_orders a WHERE EXISTS (SELECT 1 FROM placed_lines l WHERE l.order_number = a.order_number)", 2),
    ],
)  # fmt: skip
def test_whatever_reads_ones_own_is_answered(seller: Any, text: str, rows: int) -> None:  # noqa: ANN401
    with seller.cursor() as cursor:
        cursor.execute(text)
        assert cursor.fetch_arrow_table().num_rows == rows


def test_metrics_are_tables_with_the_rules_that_they_have_everywhere(door: Door) -> None:
    asked = "SELECT m.gmv::BIGINT, m.orders FROM metrics('gmv, orders', by := 'currency') AS m"

    assert door.ask(asked) == [(6_000, 3)]
    assert door.mine(asked) == [(3_000, 2)]
    joined = "SELECT sum(gmv)::BIGINT FROM metrics('gmv', grain := 'day', first := '2020-01-01', until := '2040-01-01')"
    assert door.mine(joined) == [(3_000,)]


def test_a_client_lists_what_there_is(door: Door) -> None:
    with door.connect(door.rig.token("seller", door.traders[0].number)) as client:
        (catalog,) = client.adbc_get_objects(depth="columns").read_all().to_pylist()
        info = client.adbc_get_info()
        types = client.adbc_get_table_types()
        columns = client.adbc_get_table_schema("placed_orders")

    (schema,) = catalog["catalog_db_schemas"]
    tables = {
        one["table_name"]: [each["column_name"] for each in one["table_columns"]] for one in schema["db_schema_tables"]
    }
    assert (catalog["catalog_name"], schema["db_schema_name"], types) == ("caravan", "numbers", ["TABLE"])
    assert "placed_orders" in tables
    assert "buyers" not in tables
    assert "buyer" not in tables["placed_orders"]
    assert columns.names == tables["placed_orders"]
    assert info["vendor_name"] == "Caravan"


def test_a_prepared_query_is_answered_and_no_parameter_is_taken(door: Door) -> None:
    with door.connect(door.rig.token("operator")) as client, client.cursor() as cursor:
        cursor.adbc_prepare("SELECT count(*) FROM placed_orders")
        cursor.execute("SELECT count(*) FROM placed_orders")
        assert cursor.fetchall() == [(3,)]
        with pytest.raises(adbc.Error):
            cursor.execute("SELECT * FROM placed_orders WHERE seller = ?", (1,))


@pytest.mark.parametrize("kind", ["none", "unknown", "buyer", "scope", "revoked"])
def test_nobody_else_comes_in(door: Door, kind: str) -> None:
    token = {
        "none": "", "unknown": "crv_operator_x", "buyer": door.rig.token("buyer", 1),
        "scope": door.rig.token("operator", 0, ("numbers:read",)), "revoked": door.rig.token("operator"),
    }[kind]  # fmt: skip
    if kind == "revoked":
        with door.rig.client() as client:
            client.token = token
            client.log_out()
    with pytest.raises(adbc.Error, match="numbers:sql"), door.connect(token) as one, one.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_tool_that_knows_names_and_passwords_gives_the_token_as_the_password(door: Door) -> None:
    known = {"username": "token", "password": door.rig.token("operator")}
    with (
        contextlib.closing(adbc.connect(door.address, db_kwargs=known, autocommit=True)) as client,
        client.cursor() as cursor,
    ):
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]
    with pytest.raises(adbc.Error):
        adbc.connect(door.address, db_kwargs=known | {"password": "wrong"}, autocommit=True)


def test_whoever_speaks_something_else_is_told_so(door: Door) -> None:
    headers = [(b"authorization", b"Basic " + base64.b64encode(b"x:" + door.rig.token("operator").encode()))]
    options = flight.FlightCallOptions(headers=headers)
    with flight.connect(door.address) as client:
        with pytest.raises(flight.FlightServerError, match="no command"):
            client.get_flight_info(flight.FlightDescriptor.for_command(b"\x0a\x03abc"), options)
        with pytest.raises(flight.FlightServerError, match="only reads"):
            list(client.do_action(flight.Action("BeginTransaction", b""), options))
        writer, _ = client.do_put(flight.FlightDescriptor.for_command(b""), pa.schema([]), options)
        with pytest.raises((flight.FlightError, pa.ArrowException)):
            writer.close()


def test_a_query_that_takes_too_long_or_gives_too_much_is_stopped(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_reading, "ROWS_MAX", 5)
    with pytest.raises(adbc.Error, match="at most 5 rows"):
        door.ask("SELECT * FROM range(6)")
    monkeypatch.setattr(duckdb_reading, "SECONDS_MAX", 0.3)
    with pytest.raises(adbc.Error, match="more time or memory"):
        door.ask("SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range % 7 = b.range % 5")
    monkeypatch.setattr(duckdb_reading, "SECONDS_MAX", 60.0)
    with pytest.raises(adbc.Error, match="more time or memory"):
        door.ask("SELECT count(*) FROM (SELECT DISTINCT a.range || 'x' || b.range FROM range(100000) a, range(3000) b)")


def test_the_door_opens_to_a_network_only_with_a_certificate(door: Door, tmp_path: Path) -> None:
    settings: Settings = door.rig.caravan.settings
    open_ = replace(door.rig.caravan, settings=replace(settings, flight_host="0.0.0.0", flight_port=free_port()))  # noqa: S104
    with pytest.raises(Invalid, match="CARAVAN_FLIGHT_CERTIFICATE"), analysts_door(open_):
        pass
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    named = replace(open_.settings, flight_certificate=str(certificate), flight_key=str(key))
    safe = replace(open_, settings=named)
    with pytest.raises(Invalid, match="no certificate"), analysts_door(safe):
        pass
    write_certificate(key, certificate, "localhost")

    trust = {"adbc.flight.sql.client_option.tls_root_certs": certificate.read_text()}
    with analysts_door(safe) as opened:
        assert opened is not None
        address = f"grpc+tls://localhost:{opened.port}"
        with (
            replace(door, address=address).connect(door.rig.token("operator"), **trust) as client,
            client.cursor() as cursor,
        ):
            cursor.execute("SELECT count(*) FROM placed_orders")
            assert cursor.fetchall() == [(3,)]
        plain = replace(door, address=f"grpc://localhost:{opened.port}")
        with pytest.raises(adbc.Error):
            plain.ask("SELECT 1")


def test_without_a_port_there_is_no_door(door: Door) -> None:
    closed = replace(door.rig.caravan, settings=replace(door.rig.caravan.settings, flight_port=0))

    with analysts_door(closed) as opened:
        assert opened is None


def test_without_protobuf_the_door_says_what_to_install(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    flight_sql.messages.cache_clear()
    monkeypatch.setitem(sys.modules, "google.protobuf", None)
    again = replace(door.rig.caravan, settings=replace(door.rig.caravan.settings, flight_port=free_port()))

    with pytest.raises(Outage, match=r"caravan\[bi\]"), analysts_door(again):
        pass
