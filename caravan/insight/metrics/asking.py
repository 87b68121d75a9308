"""Asking: a question (metrics, dimensions, filters, a range) becomes a plan of what to aggregate, within what one may see."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

import msgspec

from caravan.insight.metrics.definitions import (
    ADDITIVE,
    Aggregate,
    Audience,
    Definitions,
    Derivation,
    Field,
    Formula,
    Grain,
    Metric,
    Named,
    Operation,
)
from caravan.kernel.errors import Invalid, Refusal

METRICS_PER_QUESTION_MAX = 20
DIMENSIONS_PER_QUESTION_MAX = 6
FILTERS_PER_QUESTION_MAX = 20
VALUES_PER_FILTER_MAX = 1_000
ROWS_PER_ANSWER_MAX = 50_000
ROWS_USUAL = 1_000
CURRENCY = "currency"


# The periods that whole grains make up.
_FITS: dict[str, frozenset[str]] = {
    "day": frozenset({"day", "week", "month", "quarter", "year", "ever"}), "week": frozenset({"week", "ever"}),
    "month": frozenset({"month", "quarter", "year", "ever"}), "quarter": frozenset({"quarter", "year", "ever"}),
    "year": frozenset({"year", "ever"}),
}  # fmt: skip


class UnknownMetric(Refusal):
    """There is no such number."""


class UnknownDimension(Refusal):
    """A number can't be asked by this: it is not counted so, or that would count some of it twice."""


class NotYours(Refusal):
    """This number, or this way to cut it, is not for whoever asks."""


class Limit(msgspec.Struct, frozen=True):
    """A dimension that has one of these values."""

    dimension: str
    values: tuple[str | int | bool, ...]
    is_without: bool = False


class Question(msgspec.Struct, frozen=True):
    """What is asked: days are from `first` on, up to and without `end`."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: Grain | Literal[""] = ""
    first: date | None = None
    end: date | None = None
    limits: tuple[Limit, ...] = ()
    order: str = ""
    rows_max: int = ROWS_USUAL


class Viewer(msgspec.Struct, frozen=True):
    """Who asks; a seller sees only rows of their own."""

    audience: Audience
    seller: int = 0


OPERATOR = Viewer("operator")


class RollUp(msgspec.Struct, frozen=True):
    """A dataset summed up by day and some of its columns: one column for each of these aggregates."""

    name: str
    dataset: str
    columns: tuple[str, ...]
    aggregates: tuple[Aggregate, ...]
    rows: int = 0


class Join(msgspec.Struct, frozen=True):
    """A dimension that stands in another table, and how to get there."""

    table: str
    column: str
    on: tuple[tuple[str, str], ...]


class Cut(msgspec.Struct, frozen=True):
    """What an answer has a row for each value of; it stands in the dataset's own column, or behind a join."""

    name: str
    column: str
    join: Join | None = None


class Kept(msgspec.Struct, frozen=True):
    """A condition on rows: the cut has one of the values, or none of them."""

    cut: Cut
    values: tuple[str | int | bool, ...]
    is_without: bool = False


class Reading(msgspec.Struct, frozen=True):
    """What is read from one dataset: the table, the rows kept, and the aggregates by alias."""

    dataset: str
    source: str
    is_rollup: bool
    time: str
    cuts: tuple[Cut, ...]
    kept: tuple[Kept, ...]
    aggregates: tuple[tuple[str, Aggregate], ...]
    origin: str  # The table of the rows that a roll-up sums up.
    columns: tuple[str, ...] = ()  # What a roll-up is cut by.


class Column(msgspec.Struct, frozen=True):
    """A column of an answer."""

    name: str
    kind: Literal["time", "dimension", "metric", "step"]
    unit: str = ""
    id_prefix: str = ""


class Wanted(msgspec.Struct, frozen=True):
    """A metric of an answer: how it is computed from aliases, and what is made of that over time."""

    name: str
    formula: Formula
    derivation: Derivation
    unit: str


class Plan(msgspec.Struct, frozen=True):
    """All that has to be known to answer, whatever machine does it."""

    grain: str
    first: date | None
    end: date | None
    readings: tuple[Reading, ...]
    wanted: tuple[Wanted, ...]
    aliases: tuple[tuple[Aggregate, str], ...]
    steps: tuple[Wanted, ...]
    columns: tuple[Column, ...]
    order: str
    rows_max: int

    def alias(self, aggregate: Aggregate) -> str:
        """Give the name that an aggregate goes by."""
        return dict(self.aliases)[aggregate]


def plan(found: Definitions, question: Question, viewer: Viewer, rollups: Sequence[RollUp] = ()) -> Plan:
    """Plan an answer. Refuses what is not defined, not yours, or would count twice."""
    metrics = [_metric(found, name, viewer) for name in question.metrics]
    _require_sane(question, metrics)
    alone = metrics[0] if metrics[0].is_alone else None
    limits = _own_rows(found, metrics, question.limits, viewer)
    by = list(dict.fromkeys(question.by))
    is_money = any(one.unit == "money" and not one.currency for metric in metrics for one in _all_of(found, metric))
    if is_money and CURRENCY not in by:
        by.append(CURRENCY)
    aggregates = list(dict.fromkeys(one for metric in metrics for one in found.needs(metric)))
    aliases = {one: f"a{place}" for place, one in enumerate(aggregates)}
    needs_rows = alone is not None and alone.derivation.kind == "retention"
    readings = []
    for dataset in dict.fromkeys(one.dataset for one in aggregates):
        known = found.dimensions(dataset)
        cuts = tuple(_cut(found, known, name, dataset, metrics, viewer) for name in by)
        kept = tuple(
            Kept(_cut(found, known, one.dimension, dataset, metrics, viewer), _values(known, one), one.is_without)
            for one in limits.get(dataset, limits[""])
        )
        own = tuple((aliases[one], one) for one in aggregates if one.dataset == dataset)
        chosen = None if needs_rows else choose(rollups, dataset, cuts, kept, [one for _, one in own])
        readings.append(_reading(found, dataset, cuts, kept, own, chosen))
    wanted = tuple(Wanted(one.name, one.formula, one.derivation, one.unit) for one in metrics)
    return Plan(
        grain=question.grain, first=question.first, end=question.end, readings=tuple(readings),
        wanted=tuple(_resolved(found, one) for one in wanted), aliases=tuple(aliases.items()),
        steps=_steps(found, alone), columns=_columns(found, question, by, metrics), order=_order(question, by, metrics),
        rows_max=min(question.rows_max, ROWS_PER_ANSWER_MAX),
    )  # fmt: skip


def choose(
    rollups: Sequence[RollUp], dataset: str, cuts: Sequence[Cut], kept: Sequence[Kept], aggregates: Sequence[Aggregate]
) -> RollUp | None:
    """Give the smallest roll-up that answers as the rows would; None where only the rows do."""
    needs = {column for cut in (*cuts, *(one.cut for one in kept)) for column in _origin(cut)}
    able = [
        one
        for one in rollups
        if one.dataset == dataset and needs <= set(one.columns) and set(aggregates) <= set(one.aggregates)
    ]
    return min(able, key=lambda one: (one.rows, one.name), default=None)


def _origin(cut: Cut) -> tuple[str, ...]:
    return tuple(mine for mine, _ in cut.join.on) if cut.join else (cut.column,)


def summable(aggregates: Sequence[Aggregate]) -> list[Aggregate]:
    """Give those whose parts can be put together again."""
    return [one for one in aggregates if one.sort in ADDITIVE | {"min", "max"}]


def _metric(found: Definitions, name: str, viewer: Viewer) -> Metric:
    if name not in found.metrics:
        near = sorted(one for one in found.metrics if one[:3] == name[:3])[:5]
        raise UnknownMetric(
            f"There is no metric {name[:60]!r}.{' It may be ' + ' or '.join(near) + '.' if near else ''}",
            metric=name[:60],
        )
    metric = found.metrics[name]
    if viewer.audience not in metric.audience:
        raise NotYours(f"{name} is for the operator.", metric=name)
    return metric


def _all_of(found: Definitions, metric: Metric) -> list[Metric]:
    return [metric, *(found.metrics[step] for step in metric.derivation.steps)]


def _require_sane(question: Question, metrics: Sequence[Metric]) -> None:
    for name, given, most in (
        ("metrics", question.metrics, METRICS_PER_QUESTION_MAX), ("by", question.by, DIMENSIONS_PER_QUESTION_MAX),
        ("filters", question.limits, FILTERS_PER_QUESTION_MAX),
    ):  # fmt: skip
        if len(given) > most:
            raise Invalid(f"A question has at most {most} {name}.", field=name)
    if any(not one.values or len(one.values) > VALUES_PER_FILTER_MAX for one in question.limits):
        raise Invalid(f"A filter has 1 to {VALUES_PER_FILTER_MAX} values.", field="filters")
    if question.first and question.end and question.first >= question.end:
        raise Invalid("The range ends before it begins.", field="end")
    if question.rows_max < 1:
        raise Invalid("An answer has at least one row.", field="limit")
    alone = next((metric for metric in metrics if metric.is_alone), None)
    if alone is not None and (len(metrics) > 1 or question.grain):
        raise Invalid(f"{alone.name} has rows of its own sort: ask it alone, and without a grain.", field="metrics")
    over_time = next((metric for metric in metrics if metric.derivation.kind in {"cumulative", "change"}), None)
    if over_time is not None and not question.grain:
        raise Invalid(f"{over_time.name} goes over time: name a grain.", field="grain")
    for metric in metrics:
        period = metric.derivation.period
        if question.grain and metric.derivation.kind and period not in _FITS[question.grain]:
            able = ", ".join(grain for grain, whole in _FITS.items() if period in whole)
            raise Invalid(
                f"A {period} is not made of a whole {question.grain}: ask {metric.name} by {able}.", field="grain"
            )


def _own_rows(
    found: Definitions, metrics: Sequence[Metric], limits: Sequence[Limit], viewer: Viewer
) -> Mapping[str, tuple[Limit, ...]]:
    """Add to the limits of each dataset that its rows are the viewer's own."""
    kept: dict[str, tuple[Limit, ...]] = {"": tuple(limits)}
    if viewer.audience == "operator":
        return kept
    assert viewer.seller > 0, viewer
    for metric in metrics:
        for dataset in {one.dataset for one in found.needs(metric)}:
            column = found.datasets[dataset].seller
            if not column:
                raise NotYours(f"{metric.name} is counted over all sellers.", metric=metric.name)
            name = next(field.name for field in found.datasets[dataset].fields.values() if field.column == column)
            kept[dataset] = (*limits, Limit(name, (viewer.seller,)))
    return kept


def _cut(
    found: Definitions, known: Mapping[str, tuple[Field, object]], name: str, dataset: str, metrics: Sequence[Metric],
    viewer: Viewer,
) -> Cut:  # fmt: skip
    if name not in known:
        metric = next(one for one in metrics if any(each.dataset == dataset for each in found.needs(one)))
        able = ", ".join(sorted(found.dimensions_of(metric))) or "nothing"
        twin = _finer(found, dataset, name)
        raise UnknownDimension(
            f"{metric.name} can't be asked by {name[:60]!r}{twin}. It can be asked by {able}.",
            metric=metric.name,
            dimension=name[:60],
        )
    field, relationship = found.dimensions(dataset)[name]
    if field.is_private and viewer.audience != "operator":
        raise NotYours(f"Only the operator may ask by {name}.", dimension=name)
    if relationship is None:
        return Cut(name, field.column)
    return Cut(name, field.column, Join(found.datasets[relationship.target].source, field.column, relationship.columns))


def _finer(found: Definitions, dataset: str, name: str) -> str:
    """Say so where another dataset has the dimension: there, a row of this one would be counted several times."""
    others = [one for one in found.datasets.values() if one.time and name in found.dimensions(one.name)]
    return f": a row of {dataset} has several, so it would be counted several times (fan-out)" if others else ""


def _values(known: Mapping[str, tuple[Field, object]], limit: Limit) -> tuple[str | int | bool, ...]:
    return limit.values if limit.dimension in known else ()


def _reading(
    found: Definitions, dataset: str, cuts: tuple[Cut, ...], kept: tuple[Kept, ...],
    own: tuple[tuple[str, Aggregate], ...], chosen: RollUp | None,
) -> Reading:  # fmt: skip
    defined = found.datasets[dataset]
    if chosen is None:
        return Reading(dataset, defined.source, False, defined.time, cuts, kept, own, defined.source)  # noqa: FBT003
    places = {one: f"m{place}" for place, one in enumerate(chosen.aggregates)}
    regained = tuple(
        (alias, Aggregate("sum" if one.sort == "count" else one.sort, dataset, places[one])) for alias, one in own
    )
    return Reading(dataset, chosen.name, True, defined.time, cuts, kept, regained, defined.source, chosen.columns)  # noqa: FBT003


def summing(found: Definitions, rollup: RollUp) -> Reading:
    """Give the reading that a roll-up is made by: the columns that it is cut by, and an aggregate m0, m1 … each."""
    defined = found.datasets[rollup.dataset]
    aggregates = tuple((f"m{place}", one) for place, one in enumerate(rollup.aggregates))
    cuts = tuple(Cut(column, column) for column in rollup.columns)
    return Reading(rollup.dataset, defined.source, False, defined.time, cuts, (), aggregates, defined.source)  # noqa: FBT003


def _resolved(found: Definitions, wanted: Wanted) -> Wanted:
    return Wanted(wanted.name, _inlined(found, wanted.formula), wanted.derivation, wanted.unit)


def _inlined(found: Definitions, formula: Formula) -> Formula:
    """Put aggregates in the place of names."""
    match formula:
        case Named():
            return _inlined(found, found.metrics[formula.metric].formula)
        case Operation():
            return Operation(formula.sign, _inlined(found, formula.left), _inlined(found, formula.right))
        case _:
            return formula


def _steps(found: Definitions, alone: Metric | None) -> tuple[Wanted, ...]:
    if alone is None:
        return ()
    chosen = [found.metrics[step] for step in alone.derivation.steps]
    return tuple(_resolved(found, Wanted(one.name, one.formula, Derivation(), one.unit)) for one in chosen)


def _columns(
    found: Definitions, question: Question, by: Sequence[str], metrics: Sequence[Metric]
) -> tuple[Column, ...]:
    columns = [Column(question.grain, "time")] if question.grain else []
    dimensions = found.dimensions_of(metrics[0])
    columns += [Column(name, "dimension", id_prefix=dimensions[name].id_prefix) for name in by]
    alone = metrics[0] if metrics[0].is_alone else None
    if alone is None:
        return (*columns, *(Column(one.name, "metric", unit=one.unit) for one in metrics))
    if alone.derivation.kind == "funnel":
        rest = [
            Column("step", "step"),
            Column("name", "step"),
            Column("value", "metric", unit=found.metrics[alone.derivation.steps[0]].unit),
        ]
        return (
            *columns,
            *rest,
            Column("of_first", "metric", unit="share"),
            Column("of_previous", "metric", unit="share"),
        )
    rest = [Column("cohort", "time"), Column("period", "step"), Column("size", "metric", unit="count")]
    return (
        *columns,
        *rest,
        Column("value", "metric", unit=alone.unit),
        Column("share", "metric", unit="share" if alone.unit == "count" else alone.unit),
    )


def _order(question: Question, by: Sequence[str], metrics: Sequence[Metric]) -> str:
    name = question.order.removeprefix("-")
    known = {question.grain, *by, *(metric.name for metric in metrics)}
    if question.order and (name not in known or metrics[0].is_alone):
        raise Invalid(
            f"Rows can be ordered by {', '.join(sorted(known - {''}))}; a - in front turns it around.", field="order"
        )
    return question.order
