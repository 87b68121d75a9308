"""What a number is defined by: datasets, the dimensions of each, metrics over them, and formulas as trees."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Literal

import msgspec

Sort = Literal["sum", "count", "count_distinct", "min", "max"]
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in"]
Sign = Literal["+", "-", "*", "/"]
Audience = Literal["seller", "operator"]
Grain = Literal["day", "week", "month", "quarter", "year"]
ADDITIVE: frozenset[str] = frozenset({"sum", "count"})


class Condition(msgspec.Struct, frozen=True):
    """A field compared with a value, or with several."""

    field: str
    operator: Operator
    values: tuple[str | int | bool, ...]


class Aggregate(msgspec.Struct, frozen=True, tag=True):
    """Many rows of a dataset made one number; the conditions are its qualifier."""

    sort: Sort
    dataset: str
    field: str = ""
    where: tuple[Condition, ...] = ()


class Named(msgspec.Struct, frozen=True, tag=True):
    """The value of another metric."""

    metric: str


class Number(msgspec.Struct, frozen=True, tag=True):
    """A constant."""

    value: int | float


class Operation(msgspec.Struct, frozen=True, tag=True):
    """Two values made one. A division by zero is no value."""

    sign: Sign
    left: "Formula"
    right: "Formula"


Formula = Aggregate | Named | Number | Operation


class Derivation(msgspec.Struct, frozen=True):
    """What is made of a formula over time or over steps.

    `cumulative` sums it up since the beginning of a period, `change` compares it with a period ago, `funnel` sets metrics
    under each other, `retention` follows those who began in one period through the periods after it.
    """

    kind: Literal["", "cumulative", "change", "funnel", "retention"] = ""
    period: Grain | Literal["", "ever"] = ""
    is_share: bool = True
    steps: tuple[str, ...] = ()
    who: str = ""


class Field(msgspec.Struct, frozen=True):
    """A column of a dataset: a dimension to ask by, or a measure to aggregate."""

    name: str
    column: str
    line: int
    is_dimension: bool = False
    is_time: bool = False
    unit: str = ""
    currency: str = ""
    id_prefix: str = ""
    is_private: bool = False  # Only the operator may ask by it.
    description: str = ""


class Dataset(msgspec.Struct, frozen=True):
    """A table with one row a happening of a business process, or a row a thing that others refer to."""

    name: str
    source: str
    line: int
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    fields: Mapping[str, Field] = {}
    facts: tuple[str, ...] = ()
    domain: str = ""
    process: str = ""
    owner: str = ""
    description: str = ""
    seller: str = ""  # The column that says whose row it is; without one, only the operator sees it.
    currency: str = ""  # The column with the currency of its amounts.

    @property
    def time(self) -> str:
        """Give the column of the day it counts for; "" where it has none."""
        return next((field.column for field in self.fields.values() if field.is_time), "")


class Relationship(msgspec.Struct, frozen=True):
    """Each row of one dataset refers to at most one row of another."""

    name: str
    line: int
    origin: str
    target: str
    columns: tuple[tuple[str, str], ...]


class Metric(msgspec.Struct, frozen=True):
    """One number: how it is computed, what it is measured in, who answers for it and who may see it."""

    name: str
    formula: Formula
    line: int
    file: str
    label: str = ""
    description: str = ""
    derivation: Derivation = Derivation()
    unit: str = ""
    currency: str = ""
    domain: str = ""
    process: str = ""
    owner: str = ""
    qualifier: str = ""
    period: str = ""
    audience: tuple[Audience, ...] = ("seller", "operator")
    expression: str = ""
    goal: Literal["up", "down", ""] = ""

    @property
    def is_alone(self) -> bool:
        """Tell whether its answer has rows of its own sort, so that it can't stand beside others."""
        return self.derivation.kind in {"funnel", "retention"}


class Definitions(msgspec.Struct, frozen=True):
    """Everything that was defined, checked as a whole."""

    name: str
    time_zone: str
    datasets: Mapping[str, Dataset]
    relationships: tuple[Relationship, ...]
    metrics: Mapping[str, Metric]

    def aggregates(self, formula: Formula) -> Iterator[Aggregate]:
        """Give the aggregates that a formula comes down to."""
        match formula:
            case Aggregate():
                yield formula
            case Named():
                yield from self.aggregates(self.metrics[formula.metric].formula)
            case Operation():
                yield from self.aggregates(formula.left)
                yield from self.aggregates(formula.right)

    def needs(self, metric: Metric) -> Iterator[Aggregate]:
        """Give the aggregates that a metric comes down to, with those of its steps."""
        yield from self.aggregates(metric.formula)
        for step in metric.derivation.steps:
            yield from self.aggregates(self.metrics[step].formula)

    def lineage(self, metric: Metric) -> tuple[str, ...]:
        """Give the kinds of facts that a metric is made of."""
        found = {fact for one in self.needs(metric) for fact in self.datasets[one.dataset].facts}
        return tuple(sorted(found))

    def dimensions(self, dataset: str) -> dict[str, tuple[Field, Relationship | None]]:
        """Give what a dataset can be asked by: its own dimensions, and `table.field` of those that it refers to."""
        own: dict[str, tuple[Field, Relationship | None]] = {
            field.name: (field, None)
            for field in self.datasets[dataset].fields.values()
            if field.is_dimension and not field.is_time
        }
        for one in self.relationships:
            if one.origin == dataset:
                for field in self.datasets[one.target].fields.values():
                    if field.is_dimension and field.column not in self.datasets[one.target].key:
                        own[f"{one.target}.{field.name}"] = (field, one)
        return own

    def dimensions_of(self, metric: Metric) -> dict[str, Field]:
        """Give what a metric can be asked by: what all its datasets share."""
        found: dict[str, Field] | None = None
        for dataset in {one.dataset for one in self.needs(metric)}:
            of_this = {name: field for name, (field, _) in self.dimensions(dataset).items()}
            found = of_this if found is None else {name: field for name, field in found.items() if name in of_this}
        return found or {}

    @property
    def fingerprint(self) -> str:
        """Name these definitions by what they say, wherever it stands."""
        told = msgspec.to_builtins({"zone": self.time_zone, "datasets": self.datasets, "metrics": self.metrics})
        return _digest(_unplaced(told))


def _unplaced(told: object) -> object:
    if isinstance(told, dict):
        return {key: _unplaced(value) for key, value in told.items() if key not in {"line", "file", "description"}}
    if isinstance(told, list):
        return [_unplaced(value) for value in told]
    return told


def _digest(told: object) -> str:
    return blake2b(msgspec.json.encode(told, order="deterministic"), digest_size=8).hexdigest()
