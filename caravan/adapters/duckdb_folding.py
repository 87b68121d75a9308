"""Folding facts into the tables of numbers, in DuckDB: the same code for what is sealed and for what has just happened."""

from collections.abc import Iterable, Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from caravan.cell import Section
from caravan.insight.metrics.ports import Book, Step

Bundle = Sequence[tuple[Section, int]]  # Runs of facts, each with the number of its first fact.
_AT = "make_timestamp(at_us)"


def make_tables(connection: duckdb.DuckDBPyConnection, book: Book, *, schema: str = "main") -> None:
    """Make the tables of a book, empty, where they are missing."""
    for name, columns in book.tables.items():
        told = ", ".join(f"{column.name} {_SQL[column.type]}" for column in columns)
        connection.execute(f"CREATE TABLE IF NOT EXISTS {schema}.{name} ({told})")


_SQL = {
    pa.int64(): "BIGINT", pa.string(): "VARCHAR", pa.bool_(): "BOOLEAN", pa.timestamp("us"): "TIMESTAMP", pa.date32(): "DATE",
    pa.float64(): "DOUBLE",
}  # fmt: skip


def fold(connection: duckdb.DuckDBPyConnection, book: Book, bundle: Bundle, *, zone: str, schema: str = "main") -> None:
    """Add the rows that facts make to the tables of a schema; queries in the book see the tables named alone.

    The days are those of the time zone. Facts of one bundle may stand in any order: each row looks only at lower numbers.
    """
    by_kind: dict[str, list[tuple[Section, int]]] = {}
    for part, first in bundle:
        by_kind.setdefault(str(part.kind.__struct_config__.tag), []).append((part, first))
    for step in book.steps:
        runs = by_kind.get(step.kind)
        if runs:
            _take(connection, step, runs, zone=zone, schema=schema)


def _take(
    connection: duckdb.DuckDBPyConnection, step: Step, runs: Sequence[tuple[Section, int]], *, zone: str, schema: str
) -> None:
    part = runs[0][0]
    if len(runs) > 1:
        part = Section(part.kind, pa.concat_batches([section.batch for section, _ in runs]))
    positions = np.concatenate([np.arange(first, first + section.batch.num_rows) for section, first in runs])
    staged = step.stage(part, positions)
    local = _AT if zone == "UTC" else f"timezone('{zone}', timezone('UTC', {_AT}))"
    try:
        for name, table in staged.items():
            connection.register(f"arrow_{name}", table)
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS"  # noqa: S608 - Names of the book's own.
                f" SELECT * EXCLUDE (at_us), {_AT} AS happened_at, CAST({local} AS DATE) AS day FROM arrow_{name}"
            )
        for one in step.inserts:
            connection.execute(f"INSERT INTO {schema}.{one.table} {one.query}")
    finally:
        for name in staged:
            connection.unregister(f"arrow_{name}")
            connection.execute(f"DROP TABLE IF EXISTS {name}")


def numbered(sections: Iterable[Section], first_fact: int) -> Iterator[tuple[Section, int]]:
    """Give a frame's runs of facts, each with the number of its first fact."""
    for part in sections:
        yield part, first_fact
        first_fact += part.batch.num_rows
