"""Checks sealing: Parquet by kind and day that any tool reads, without people in it, whole after every stop, never double."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from benchmarks import numbers as made_up
from caravan.adapters.duckdb_numbers import DuckdbNumbers, read_manifest
from caravan.adapters.memory import MemoryLog
from caravan.bootstrap import KINDS, numbers_of, seal_log
from caravan.cell import facts
from caravan.config import Settings
from caravan.events.orders import LineReturned
from caravan.events.payments import WalletToppedUp
from caravan.events.transfers import NamesSet
from caravan.flows.happenings import left_out
from caravan.insight import metrics
from caravan.insight.metrics import Question
from caravan.kernel.errors import Invalid
from tests.flows.market import Market, opened

LOAD = made_up.Load(purchases=300, at_once=100, sellers=5, products=30, buyers=40, days=1)


def counts(folder: Path) -> dict[str, int]:
    """Count facts by kind, as any tool would."""
    files = f"{folder}/facts/*/*/*.parquet"
    read = duckdb.read_parquet(files, hive_partitioning=True, union_by_name=True)
    rows = read.aggregate("kind, count(*), count(DISTINCT fact)").fetchall()
    assert all(count == distinct for _, count, distinct in rows), "A fact is there twice."
    return {kind: count for kind, count, _ in rows}


def in_log(log: MemoryLog) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, sections in facts(log, KINDS, after=None):
        for part in sections:
            if left_out(part.kind) is not None:
                tag = str(part.kind.__struct_config__.tag)
                found[tag] = found.get(tag, 0) + part.batch.num_rows
    return found


@pytest.fixture
def market() -> Iterator[Market]:
    yield from opened()


@pytest.fixture
def log() -> MemoryLog:
    filled = MemoryLog()
    made_up.fill(filled, LOAD)
    return filled


def test_every_fact_is_there_once_under_its_kind_and_month(log: MemoryLog, tmp_path: Path) -> None:
    sealed = seal_log(tmp_path, log)

    assert counts(tmp_path) == in_log(log)
    assert sealed.facts == sum(in_log(log).values())
    read = duckdb.read_parquet(f"{tmp_path}/facts/kind=orders.purchase_placed.v2/*/*.parquet", hive_partitioning=True)
    assert read.filter("""CAST("at" AT TIME ZONE 'UTC' AS DATE) != day""").fetchall() == []


def test_sealing_again_adds_what_is_new_and_nothing_else(log: MemoryLog, tmp_path: Path) -> None:
    half = MemoryLog()
    half.frames, half._layouts = log.frames[: len(log.frames) // 2], log._layouts
    seal_log(tmp_path, half)
    before = counts(tmp_path)

    again, more, nothing = seal_log(tmp_path, half), seal_log(tmp_path, log), seal_log(tmp_path, log)

    assert before == in_log(half)
    assert (again.facts, nothing.facts) == (0, 0)
    assert more.facts == sum(in_log(log).values()) - sum(before.values())
    assert counts(tmp_path) == in_log(log)


def test_a_stop_at_any_moment_loses_nothing_and_doubles_nothing(log: MemoryLog, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    steps: list[str] = []
    seal_log(tmp_path / "whole", log, lambda step, _done, _all: steps.append(step))
    for moment in (0, len(steps) - 1):
        left = [moment]

        def stop(_step: str, _done: int, _all: int, left: list[int] = left) -> None:
            if not left[0]:
                raise Stopped
            left[0] -= 1

        with pytest.raises(Stopped):
            seal_log(tmp_path / "stopped", log, stop)
    (tmp_path / "stopped" / "facts" / "kind=orders.order_canceled.v1" / "month=2025-01").mkdir(
        parents=True, exist_ok=True
    )
    stray = (
        tmp_path / "stopped" / "facts" / "kind=orders.order_canceled.v1" / "month=2025-01" / "999999-1000000.parquet"
    )
    stray.write_bytes(b"half of a file")

    seal_log(tmp_path / "stopped", log)

    assert counts(tmp_path / "stopped") == in_log(log) == counts(tmp_path / "whole")


def test_a_log_that_was_put_back_from_a_backup_is_sealed_anew(tmp_path: Path) -> None:
    first, other = MemoryLog(), MemoryLog()
    made_up.fill(first, LOAD)
    made_up.fill(other, made_up.Load(purchases=100, at_once=100, sellers=5, products=30, buyers=40, days=1, seed=2))
    seal_log(tmp_path, first)

    seal_log(tmp_path, other)

    assert counts(tmp_path) == in_log(other)
    asked = numbers_of(Settings(home=tmp_path.parent / "none"), other, lambda: len(other.frames))
    assert asked.ask(Question(("orders",)), metrics.OPERATOR).table.to_pylist() == [{"orders": 100}]
    asked.close()


def test_nothing_of_a_person_and_nothing_that_opens_a_door_is_in_the_files(market: Market, tmp_path: Path) -> None:
    listing = market.listing(market.seller())
    market.buy(market.buyer(email=b"mark of an e-mail", contact=b"contact of a person"), (listing, 1))

    seal_log(tmp_path, market.log)

    written = b"".join(path.read_bytes() for path in (tmp_path / "facts").rglob("*.parquet"))
    assert b"contact of a person" not in written
    assert b"mark of an e-mail" not in written
    assert {"reference"} <= (left_out(WalletToppedUp) or frozenset())
    assert {"handle_mark", "phone_mark"} <= (left_out(NamesSet) or frozenset())
    assert "line" not in (left_out(LineReturned) or frozenset())
    columns = {kind.__name__: left_out(kind) for kind in KINDS.values()}
    assert all(kind.personal <= (left_out(kind) or kind.personal) for kind in KINDS.values())
    assert {name for name, fields in columns.items() if fields is None} == {
        "PasswordSet",
        "TokenIssued",
        "TokenRevoked",
        "RequestAnswered",
    }


def test_tables_of_another_version_are_not_gone_on_from(log: MemoryLog, tmp_path: Path) -> None:
    seal_log(tmp_path / "numbers", log)
    manifest = json.loads((tmp_path / "numbers" / "tables.json").read_text())
    (tmp_path / "numbers" / "tables.json").write_text(json.dumps(manifest | {"version": 0}))
    asked = numbers_of(Settings(home=tmp_path), log, lambda: len(log.frames))

    assert asked.ask(Question(("orders",)), metrics.OPERATOR).table.to_pylist() == [{"orders": 300}]
    assert asked.store.rollups(asked.definitions.fingerprint) == ()
    seal_log(tmp_path / "numbers", log)
    renewed = read_manifest(tmp_path / "numbers")
    assert renewed is not None
    assert renewed.cursor.sequence == len(log.frames)
    asked.close()


def test_a_running_store_takes_up_what_was_sealed_beside_it(log: MemoryLog, tmp_path: Path) -> None:
    shown = [len(log.frames) - 2]
    asked = numbers_of(Settings(home=tmp_path), log, lambda: shown[0])
    question = Question(("gmv", "orders"), ("currency",), "day")
    before = asked.ask(question, metrics.OPERATOR)

    for _ in range(2):
        seal_log(tmp_path / "numbers", log)
    shown[0] = len(log.frames)
    after = asked.ask(question, metrics.OPERATOR)

    assert not any(reading.is_rollup for reading in before.plan.readings)
    alone = numbers_of(Settings(home=tmp_path / "none"), log, lambda: len(log.frames))
    assert after.table.equals(alone.ask(question, metrics.OPERATOR).table)
    asked.close()
    alone.close()


@pytest.fixture
def store(log: MemoryLog, tmp_path: Path) -> Iterator[DuckdbNumbers]:
    asked = numbers_of(Settings(home=tmp_path), log, lambda: len(log.frames))
    asked.store.catch_up(len(log.frames))
    assert isinstance(asked.store, DuckdbNumbers)
    yield asked.store
    asked.close()


@pytest.mark.parametrize(
    "text",
    [
        "DROP TABLE placed_orders", "SELECT 1; SELECT 2", "INSERT INTO tail.placed_orders SELECT * FROM placed_orders", "nonsense",
        "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM 'tables.parquet'", "COPY placed_orders TO '/tmp/x.csv'",
        "SET enable_external_access = true", "ATTACH '/tmp/x.db'", "SELECT * FROM gone", "INSTALL httpfs", "PRAGMA database_list",
    ],
)  # fmt: skip
def test_sql_of_an_analyst_reads_the_tables_and_nothing_else(store: DuckdbNumbers, text: str) -> None:
    with pytest.raises(Invalid):
        store.read(text, rows_max=10, timeout_s=5)


def test_sql_of_an_analyst_is_answered_up_to_so_many_rows(store: DuckdbNumbers) -> None:
    table, position = store.read("SELECT order_number FROM placed_orders ORDER BY 1 -- all;", rows_max=10, timeout_s=5)

    assert table.num_rows == 10
    assert position == store.position
