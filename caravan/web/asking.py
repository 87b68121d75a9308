"""Questions and answers about numbers as doors say them: public ids outside, dense numbers inside."""

from collections.abc import Sequence

import pyarrow as pa

from caravan.client import wire
from caravan.flows import tables
from caravan.flows.numbers import Answer
from caravan.insight import metrics
from caravan.insight.metrics import Definitions, Viewer
from caravan.kernel.ids import SellerId


def viewer_of(audience: str, subject: int) -> Viewer:
    """Say who asks."""
    if audience == "operator":
        return metrics.OPERATOR
    assert audience == "seller", audience
    return Viewer("seller", SellerId(subject))


def answer_of(found: Definitions, answer: Answer, names: Sequence[str]) -> wire.NumbersAnswer:
    """Give an answer as JSON says it."""
    table = tables.table_of(answer)
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
