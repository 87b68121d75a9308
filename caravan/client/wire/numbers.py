"""What goes over the wire of numbers: questions, answers, and what can be asked for."""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.ground import Request, Response, Text200


class NumbersColumn(Response, frozen=True, kw_only=True):
    """A column of an answer: what it is, and what it is measured in (money is in minor units)."""

    name: str
    kind: Literal["time", "dimension", "metric", "step"]
    unit: Literal["", "money", "count", "hours", "share"]


class NumbersAnswer(Response, frozen=True, kw_only=True):
    """An answer as of a position of the log, which tables or roll-ups it was read from, and the facts behind each metric."""

    columns: list[NumbersColumn]
    rows: list[list[str | int | float | bool | None]]
    has_more: bool
    position: int
    time_zone: str
    is_kept: bool
    read_from: list[str]
    lineage: dict[str, list[str]]


class MetricShown(Response, frozen=True, kw_only=True):
    """A metric as it is defined."""

    name: str
    label: str
    description: str
    unit: Literal["", "money", "count", "hours", "share"]
    expression: str
    qualifier: str
    derivation: Literal["", "cumulative", "change", "funnel", "retention"]
    period: str
    dimensions: list[str]
    domain: str
    process: str
    owner: str
    lineage: list[str]
    defined_in: str


class Catalog(Response, frozen=True, kw_only=True):
    """All metrics that whoever asks may see."""

    data: list[MetricShown]
    time_zone: str


class NumbersFilter(Request, frozen=True, kw_only=True):
    """Only rows whose dimension has one of these values; with `without`, only the others."""

    dimension: Text200
    values: Annotated[list[str | int | bool], Meta(min_length=1, max_length=1_000)]
    without: bool = False


class NumbersQuestion(Request, frozen=True, kw_only=True):
    """Metrics by name, cut by dimensions and a grain of time; days are from `start` on, up to and without `end`.

    `order` is a column of the answer, with a - in front for the greatest first.
    """

    metrics: Annotated[list[Text200], Meta(min_length=1, max_length=20)]
    by: Annotated[list[Text200], Meta(max_length=6)] = []
    grain: Literal["", "day", "week", "month", "quarter", "year"] = ""
    start: dt.date | None = None
    end: dt.date | None = None
    filters: Annotated[list[NumbersFilter], Meta(max_length=20)] = []
    order: Text200 = ""
    limit: Annotated[int, Meta(ge=1, le=50_000)] = 1_000
    format: Literal["json", "arrow"] = "json"
