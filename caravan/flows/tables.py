"""Tables as they leave the house: public ids outside, dense numbers inside; and the files that they are written to."""

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from caravan.flows import profiles as knowing
from caravan.flows.numbers import Answer
from caravan.insight import profiles
from caravan.insight.metrics import Definitions, Limit, Question
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


def table_of(answer: Answer) -> pa.Table:
    """Give an answer with public ids, its columns told in the metadata of the table."""
    columns = {
        column.name: _public(answer.table.column(column.name), column.id_prefix) for column in answer.plan.columns
    }
    fields = [
        pa.field(column.name, columns[column.name].type, metadata={"kind": column.kind, "unit": column.unit})
        for column in answer.plan.columns
    ]
    told = {"position": str(answer.position), "has_more": str(answer.has_more).lower()}
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
    members = desk.members(segment)
    found, crowd = members.crowd, members.crowd.crowd
    sizes = found.starts[members.places + 1] - found.starts[members.places]
    rows = np.repeat(np.arange(len(members.keys)), sizes)
    buyers = [buyer for place in members.places.tolist() for buyer in found.buyers_of(place)]
    columns: dict[str, Any] = {
        "buyer": pa.array([ids.text(BuyerId, buyer) for buyer in buyers], pa.string()),
        "identity": pa.array([identity_text(key) for key in members.keys[rows].tolist()], pa.string()),
    }
    for name in sorted(profiles.traits_in(knowing.rule_of(segment))):
        places = members.places[rows]
        if name in crowd.numbers:
            columns[name] = pa.array(crowd.numbers[name][places], pa.float64(), from_pandas=True)
        elif name in crowd.codes:
            columns[name] = pa.array(
                [crowd.names[name][code] or None for code in crowd.codes[name][places].tolist()], pa.string()
            )
        else:
            columns[name] = pa.array(_words(crowd, name, places), pa.string())
    return pa.table(columns), found.position


def _words(crowd: profiles.Crowd, name: str, places: np.ndarray) -> list[str]:
    pairs = crowd.pairs[name]
    first, last = (np.searchsorted(pairs.owner, places, side=side) for side in ("left", "right"))
    return [
        "; ".join(crowd.names[name][code] for code in pairs.code[start:end].tolist())
        for start, end in zip(first.tolist(), last.tolist(), strict=True)
    ]


def csv_of(table: pa.Table) -> bytes:
    """Write a table as CSV."""
    sink = io.BytesIO()
    write_csv(table, sink)
    return sink.getvalue()


def write_csv(table: pa.Table, sink: Path | IO[bytes]) -> None:
    """Write a table as CSV for people: no text in it is reckoned with by a spreadsheet; numbers stay numbers."""
    columns = [_guarded(column) for column in table.columns]
    pyarrow.csv.write_csv(pa.table(columns, names=[cells.guarded(name) for name in table.column_names]), sink)


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
    if kind == "csv":
        return csv_of(table)
    if kind == "json":
        return msgspec.json.encode(table.to_pylist())
    assert kind == "parquet", kind
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()
