"""Tables as they leave the house: public ids outside, dense numbers inside; and the files that they are written to."""

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from caravan.flows import profiles as knowing
from caravan.flows.numbers import ROWS_PER_PIECE, Answer, Reading
from caravan.insight import profiles
from caravan.insight.metrics import Definitions, Limit, Plan, Question
from caravan.insight.profiles import Segment
from caravan.kernel import cells, ids
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import PREFIXES, BuyerId, IdentityId

_KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}
Grain = Literal["", "day", "week", "month", "quarter", "year"]
GRAINS: tuple[Grain, ...] = ("", "day", "week", "month", "quarter", "year")


class AskedFilter(Protocol):
    """A dimension that has one of some values, or none of them, as it came from outside."""

    @property
    def dimension(self) -> str: ...  # noqa: D102  # Plain fields.
    @property
    def values(self) -> Sequence[str | int | bool]: ...  # noqa: D102
    @property
    def without(self) -> bool: ...  # noqa: D102


class Asked(Protocol):
    """A question as it came from outside, with public ids."""

    @property
    def metrics(self) -> Sequence[str]: ...  # noqa: D102  # Plain fields.
    @property
    def by(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def grain(self) -> Grain: ...  # noqa: D102
    @property
    def start(self) -> date | None: ...  # noqa: D102
    @property
    def end(self) -> date | None: ...  # noqa: D102
    @property
    def filters(self) -> Sequence[AskedFilter]: ...  # noqa: D102
    @property
    def order(self) -> str: ...  # noqa: D102
    @property
    def limit(self) -> int: ...  # noqa: D102


class KeptFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter of a question that is kept as JSON."""

    dimension: str
    values: tuple[str | int | bool, ...]
    without: bool = False


class KeptQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question that is kept as JSON, with public ids."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: Grain = ""
    start: date | None = None
    end: date | None = None
    filters: tuple[KeptFilter, ...] = ()
    order: str = ""
    limit: int = 50_000


def question_of(found: Definitions, asked: Asked) -> Question:
    """Read a question as it was sent. Refuses an id of the wrong kind as Invalid."""
    return Question(
        metrics=tuple(asked.metrics), by=tuple(asked.by), grain=asked.grain, first=asked.start, end=asked.end,
        limits=tuple(_limit(found, asked.metrics, one) for one in asked.filters), order=asked.order, rows_max=asked.limit,
    )  # fmt: skip


def _limit(found: Definitions, names: Sequence[str], one: AskedFilter) -> Limit:
    known = [found.dimensions_of(found.metrics[name]) for name in names if name in found.metrics]
    prefix = next((fields[one.dimension].id_prefix for fields in known if one.dimension in fields), "")
    if not prefix:
        return Limit(one.dimension, tuple(one.values), one.without)
    if not all(isinstance(value, str) for value in one.values):
        raise Invalid(f"{one.dimension} is named by ids that begin with {prefix}_.", field="filters")
    values = tuple(ids.number(_KINDS[prefix], str(value)) for value in one.values)
    return Limit(one.dimension, values, one.without)


class Pieces(NamedTuple):
    """A table that comes in pieces, in order, as of a position; `schema` is that of each."""

    schema: pa.Schema
    tables: Iterator[pa.Table]
    position: int


def table_of(answer: Answer) -> pa.Table:
    """Give an answer with public ids, its columns told in the metadata of the table."""
    told = {"position": str(answer.position), "has_more": str(answer.has_more).lower()}
    return _outside(answer.table, answer.plan, told)


def pieces_of(read: Reading) -> Pieces:
    """Give an answer that comes in pieces with public ids, as `table_of` gives one."""
    told = {"position": str(read.position)}
    schema = _outside(read.schema.empty_table(), read.plan, told).schema
    return Pieces(schema, (_outside(piece, read.plan, told) for piece in read.pieces), read.position)


def _outside(table: pa.Table, plan: Plan, told: dict[str, str]) -> pa.Table:
    columns = {column.name: _public(table.column(column.name), column.id_prefix) for column in plan.columns}
    fields = [
        pa.field(column.name, columns[column.name].type, metadata={"kind": column.kind, "unit": column.unit})
        for column in plan.columns
    ]
    return pa.table(list(columns.values()), schema=pa.schema(fields, metadata=told))


def _public(column: pa.ChunkedArray, prefix: str) -> pa.ChunkedArray:
    if not prefix:
        return column
    kind = _KINDS[prefix]
    return pa.chunked_array([pa.array([ids.text(kind, one) if one else "" for one in column.to_pylist()], pa.string())])


def identity_text(number: int) -> str | None:
    """Write an identity; None where there is none."""
    return ids.text(IdentityId, number) if number > 0 else None


def members_of(desk: knowing.Desk, segment: Segment) -> tuple[pa.Table, int]:
    """Give everybody in a segment, a row a buyer, with the traits that the rule asks for and nothing more; and the position."""
    found = members_in_pieces(desk, segment)
    return pa.concat_tables(found.tables), found.position


def members_in_pieces(desk: knowing.Desk, segment: Segment) -> Pieces:
    """Give everybody in a segment as `members_of` does, so many people at a time."""
    members = desk.members(segment)
    traits = sorted(profiles.traits_in(knowing.rule_of(segment)))
    firsts = range(0, max(len(members.keys), 1), ROWS_PER_PIECE)
    tables = (_members(members, traits, slice(first, first + ROWS_PER_PIECE)) for first in firsts)
    return Pieces(_members(members, traits, slice(0)).schema, tables, members.crowd.position)


def _members(members: knowing.Members, traits: Sequence[str], some: slice) -> pa.Table:
    """Give some of the people in a segment, a row for each buyer of theirs."""
    found, crowd, keys, of = members.crowd, members.crowd.crowd, members.keys[some], members.places[some]
    rows = np.repeat(np.arange(len(keys)), found.starts[of + 1] - found.starts[of])
    buyers = [buyer for place in of.tolist() for buyer in found.buyers_of(place)]
    columns: dict[str, Any] = {
        "buyer": pa.array([ids.text(BuyerId, buyer) for buyer in buyers], pa.string()),
        "identity": pa.array([identity_text(key) for key in keys[rows].tolist()], pa.string()),
    }
    for name in traits:
        places = of[rows]
        if name in crowd.numbers:
            columns[name] = pa.array(crowd.numbers[name][places], pa.float64(), from_pandas=True)
        elif name in crowd.codes:
            columns[name] = pa.array(
                [crowd.names[name][code] or None for code in crowd.codes[name][places].tolist()], pa.string()
            )
        else:
            columns[name] = pa.array(_words(crowd, name, places), pa.string())
    return pa.table(columns)


def _words(crowd: profiles.Crowd, name: str, places: np.ndarray) -> list[str]:
    pairs = crowd.pairs[name]
    first, last = (np.searchsorted(pairs.owner, places, side=side) for side in ("left", "right"))
    return [
        "; ".join(crowd.names[name][code] for code in pairs.code[start:end].tolist())
        for start, end in zip(first.tolist(), last.tolist(), strict=True)
    ]


def csv_of(table: pa.Table) -> bytes:
    """Write a table as CSV."""
    return file_of(table, "csv")


def write_csv(table: pa.Table, sink: Path | IO[bytes]) -> None:
    """Write a table as CSV for people: no text in it is reckoned with by a spreadsheet; numbers stay numbers."""
    pyarrow.csv.write_csv(_guarded_table(table), sink)


def _guarded_table(table: pa.Table) -> pa.Table:
    columns = [_guarded(column) for column in table.columns]
    return pa.table(columns, names=[cells.guarded(name) for name in table.column_names])


def _guarded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return column
    is_formula = pc.match_substring_regex(column, cells.FORMULA)
    if not pc.any(is_formula).as_py():
        return column
    is_formula = pc.and_not(is_formula, pc.match_substring_regex(column, cells.NUMBER))
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)


def file_of(table: pa.Table, kind: str) -> bytes:
    """Write a table as a file: csv, parquet, or json (a list of rows)."""
    return b"".join(file_in_pieces(table.schema, [table], kind))


def file_in_pieces(schema: pa.Schema, tables: Iterable[pa.Table], kind: str) -> Iterator[bytes]:
    """Write tables of one schema as one file, a piece at a time: csv, parquet (a row group a table), or json (a list of rows)."""
    if kind == "json":
        yield from _json_in_pieces(tables)
        return
    drain = _Drain()
    sink = pa.PythonFile(drain, mode="w")
    if kind == "csv":
        writer = pyarrow.csv.CSVWriter(sink, _guarded_table(schema.empty_table()).schema)
    else:
        assert kind == "parquet", kind
        writer = pq.ParquetWriter(sink, schema)
    for table in tables:
        writer.write_table(_guarded_table(table) if kind == "csv" else table)
        yield drain.taken()
    writer.close()
    yield drain.taken()


def _json_in_pieces(tables: Iterable[pa.Table]) -> Iterator[bytes]:
    is_first = True
    yield b"["
    for table in tables:
        rows = msgspec.json.encode(table.to_pylist())[1:-1]
        if rows:
            yield rows if is_first else b"," + rows
            is_first = False
    yield b"]"


class _Drain(io.RawIOBase):
    """A file that is only written, and out of which what was written is taken again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, piece: Any) -> int:  # noqa: ANN401  # Whatever has bytes.
        self._waiting.append(bytes(piece))
        self._size += len(self._waiting[-1])
        return len(self._waiting[-1])

    def taken(self) -> bytes:
        """Give what was written since the last time."""
        piece, self._waiting = b"".join(self._waiting), []
        return piece
