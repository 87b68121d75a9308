"""Questions and answers about numbers as doors say them: public ids outside, dense numbers inside."""

from collections.abc import Sequence

import pyarrow as pa

from caravan.client import wire
from caravan.flows.numbers import Answer
from caravan.insight import metrics
from caravan.insight.metrics import Definitions, Limit, Question, Viewer
from caravan.kernel import ids
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import PREFIXES, SellerId

_KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}


def viewer_of(audience: str, subject: int) -> Viewer:
    """Say who asks."""
    if audience == "operator":
        return metrics.OPERATOR
    assert audience == "seller", audience
    return Viewer("seller", SellerId(subject))


def question_of(found: Definitions, asked: wire.NumbersQuestion) -> Question:
    """Read a question as it was sent. Refuses an id of the wrong kind as Invalid."""
    return Question(
        metrics=tuple(asked.metrics), by=tuple(asked.by), grain=asked.grain, first=asked.start, end=asked.end,
        limits=tuple(_limit(found, asked.metrics, one) for one in asked.filters), order=asked.order, rows_max=asked.limit,
    )  # fmt: skip


def _limit(found: Definitions, names: Sequence[str], one: wire.NumbersFilter) -> Limit:
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


def answer_of(found: Definitions, answer: Answer, names: Sequence[str]) -> wire.NumbersAnswer:
    """Give an answer as JSON says it."""
    table = table_of(answer)
    columns = [_plainly(table.column(column.name)) for column in answer.plan.columns]
    return wire.NumbersAnswer(
        columns=[
            wire.NumbersColumn(name=one.name, kind=one.kind, unit=one.unit) for one in answer.plan.columns  # type: ignore[arg-type]
        ],
        rows=[list(row) for row in zip(*columns, strict=True)], has_more=answer.has_more, position=answer.position,
        time_zone=found.time_zone, is_kept=answer.is_kept, read_from=answer.read_from,
        lineage={name: list(found.lineage(found.metrics[name])) for name in names},
    )  # fmt: skip


def _plainly(column: pa.ChunkedArray) -> list[object]:
    if pa.types.is_date(column.type):
        return [one.isoformat() if one is not None else None for one in column.to_pylist()]
    values: list[object] = column.to_pylist()
    return values


def stream_of(table: pa.Table) -> bytes:
    """Write a table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def catalog_of(found: Definitions, viewer: Viewer) -> wire.Catalog:
    """Give the metrics that somebody may see."""
    data = [_shown(found, one) for one in found.metrics.values() if viewer.audience in one.audience]
    return wire.Catalog(data=data, time_zone=found.time_zone)


def _shown(found: Definitions, one: metrics.Metric) -> wire.MetricShown:
    return wire.MetricShown(
        name=one.name, label=one.label, description=one.description, unit=one.unit, expression=one.expression,  # type: ignore[arg-type]
        qualifier=one.qualifier, derivation=one.derivation.kind, period=one.period or one.derivation.period,
        dimensions=sorted(found.dimensions_of(one)), domain=one.domain, process=one.process, owner=one.owner,
        lineage=list(found.lineage(one)), defined_in=f"{one.file}:{one.line}",
    )  # fmt: skip
