"""The pages of numbers: a dashboard for the operator and one for each seller, the catalog, a metric, and their quality."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from caravan.flows import dashboards, soundness, tables
from caravan.flows.numbers import Answer, Numbers
from caravan.insight import metrics
from caravan.insight.metrics import Definitions, Metric, Question, Viewer
from caravan.kernel.clock import SECOND
from caravan.kernel.errors import NotFound, Refusal
from caravan.web import asking
from caravan.web.pages import charts
from caravan.web.pages.formats import Formats
from caravan.web.pages.visit import Visit

_MONTHS = 24
_SPARK_MONTHS = 12
_SPARK = {"width": 120.0, "height": 36.0}
_TOGETHER = 12  # Metrics a question; more tables at once take longer than asking twice.
_TOP = 12
_COHORTS_SHOWN = 12
_MARKS = 5
_NONE = "\N{EN DASH}"


class Tile(NamedTuple):
    """A figure of these days, beside the days before."""

    name: str
    label: str
    text: str
    change: str
    is_better: bool | None


class Row(NamedTuple):
    """A metric in the catalog."""

    metric: Metric
    text: str
    spark: charts.Line | None
    lineage: tuple[str, ...]


async def dashboard(visit: Visit) -> Response:
    """Show how it goes: figures, a line, what sells most, cohorts, and the operator's funnel."""
    shown = await run_in_threadpool(_dashboard, visit)
    return await visit.show("numbers.html", base=base_of(visit), **shown)


async def catalog(visit: Visit) -> Response:
    """Show every number that can be asked for, with its last twelve months."""
    shown = await run_in_threadpool(_catalog, visit)
    return await visit.show("numbers_catalog.html", base=base_of(visit), **shown)


async def metric(visit: Visit) -> Response:
    """Show one number: how it is defined, what it is made of, and how it went."""
    shown = await run_in_threadpool(_metric, visit, visit.request.path_params["name"])
    return await visit.show("numbers_metric.html", base=base_of(visit), **shown)


async def quality(visit: Visit) -> Response:
    """Check the numbers now, and show what was found."""
    found = await run_in_threadpool(_quality, visit)
    order = ("wrong", "odd", "sound")
    return await visit.show(
        "numbers_quality.html", base=base_of(visit), findings=sorted(found, key=lambda one: order.index(one.state)),
        counts={state: sum(one.state == state for one in found) for state in order},
    )  # fmt: skip


def own_metrics(visit: Visit) -> list[Metric]:
    """Give the metrics that whoever looks may ask for and have exported."""
    found, viewer = visit.caravan.numbers.definitions, _viewer(visit)
    return [one for one in found.metrics.values() if viewer.audience in one.audience and _is_own(found, one, viewer)]


def base_of(visit: Visit) -> str:
    """Give the address of the pages of numbers of whoever looks."""
    return "/operator/numbers" if visit.area == "operator" else "/sell/numbers"


def _viewer(visit: Visit) -> Viewer:
    return asking.viewer_of(visit.area, visit.seller if visit.area == "seller" else 0)


def _quality(visit: Visit) -> list[soundness.Finding]:
    caravan = visit.caravan
    cell, numbers = caravan.cell, caravan.numbers
    told = cell.ask(lambda house: soundness.books(house, cell.facts))
    durable = cell.position
    numbers.store.catch_up(durable)
    return soundness.look(numbers.definitions, numbers.store, told, durable=durable, now=caravan.clock.now())


# The dashboard.


def _dashboard(visit: Visit) -> dict[str, Any]:
    numbers, viewer, currency = visit.caravan.numbers, _viewer(visit), visit.shop.market().currency
    end, is_past = _end(visit, numbers, viewer)
    asked = dashboards.board(viewer, end=end)
    now, before = (_merged(numbers, questions, viewer, currency) for questions in (asked.now, asked.before))
    found, f = numbers.definitions, visit.formats
    drawn = _line(numbers.ask(asked.line, viewer), "gmv", f, currency, first=asked.line.first, end=end)
    tops = [_top(numbers, dimension, question, viewer, f, currency) for dimension, question in asked.tops]
    return {
        "tiles": [_tile(found.metrics[name], now.get(name), before.get(name), f, currency) for names in asked.now for name in names.metrics],
        "line": drawn, "tops": [top for top in tops if top[2]], "days": dashboards.DAYS, "end": end - timedelta(days=1),
        "is_past": is_past, "cohorts": _cohorts(numbers.ask(asked.cohorts, viewer), f),
        "funnel": _funnel(found, numbers.ask(asked.funnel, viewer), f) if asked.funnel is not None else [],
        "chart_width": charts.WIDTH, "chart_height": charts.HEIGHT,
    }  # fmt: skip


def _end(visit: Visit, numbers: Numbers, viewer: Viewer) -> tuple[date, bool]:
    """Give the day before which the days end: tomorrow, or where nothing has happened lately, after the last order."""
    tomorrow = datetime.fromtimestamp(visit.caravan.clock.now() / SECOND, UTC).date() + timedelta(days=1)
    last = numbers.ask(Question(("orders",), grain="day", order="-day", end=tomorrow, rows_max=1), viewer).table
    if not last.num_rows or last.column("day")[0].as_py() >= tomorrow - timedelta(days=2 * dashboards.DAYS):
        return tomorrow, False
    day: date = last.column("day")[0].as_py()
    return day + timedelta(days=1), True


def _merged(numbers: Numbers, questions: Iterable[Question], viewer: Viewer, currency: str) -> dict[str, Any]:
    """Ask questions without dimensions; give the values by metric, money in the market's own currency."""
    values: dict[str, Any] = {}
    for question in questions:
        rows = numbers.ask(question, viewer).table.to_pylist()
        mine = [row for row in rows if row.get("currency", currency) == currency] or rows
        values |= {name: mine[0][name] if mine else None for name in question.metrics}
    return values


def _tile(one: Metric, now: float | None, before: float | None, f: Formats, currency: str) -> Tile:
    change, is_better = "", None
    if now is not None and before:
        rate = (now - before) / abs(before)
        change = f"{'+' if rate >= 0 else ''}{f.share(round(rate * 10_000))}"
        is_better = None if not one.goal or not round(rate, 4) else (rate > 0) == (one.goal == "up")
    return Tile(one.name, one.label, _text(now, one.unit, f, currency), change, is_better)


def _text(value: float | None, unit: str, f: Formats, currency: str) -> str:
    if value is None:
        return _NONE
    if unit == "money":
        return f.minor(round(value), currency)
    if unit == "share":
        return f.share(round(value * 10_000))
    text = f.count(round(value)) if float(value).is_integer() else f.count(round(value, 1))  # type: ignore[arg-type]
    return f"{text} h" if unit == "hours" else text


def _line(
    answer: Answer, name: str, f: Formats, currency: str, *, first: date | None = None, end: date | None = None
) -> charts.Line | None:
    """Draw a metric over time; days without a row are zero where the range is known."""
    (time,) = [column.name for column in answer.plan.columns if column.kind == "time"]
    unit = next(column.unit for column in answer.plan.columns if column.name == name)
    rows = {
        row[time]: row[name]
        for row in answer.table.to_pylist()
        if row.get("currency", currency) == currency and row[name] is not None
    }
    if not rows:
        return None
    days = (
        sorted(rows) if first is None or end is None else [first + timedelta(days=n) for n in range((end - first).days)]
    )
    values = [rows.get(day, 0) for day in days]
    return charts.line([day.isoformat() for day in days], values, [_text(value, unit, f, currency) for value in values])


def _top(
    numbers: Numbers, dimension: str, question: Question, viewer: Viewer, f: Formats, currency: str
) -> tuple[str, str, list[charts.Bar]]:
    answer = numbers.ask(question, viewer)
    (name,) = question.metrics
    one = numbers.definitions.metrics[name]
    rows = [row for row in tables.table_of(answer).to_pylist() if row.get("currency", currency) == currency]
    labels = [_named(dimension, row[dimension], f) for row in rows]
    values = [row[name] or 0 for row in rows]
    return dimension, one.label, charts.bars(labels, values, [_text(value, one.unit, f, currency) for value in values])


def _named(dimension: str, value: object, f: Formats) -> str:
    if dimension.endswith("country"):
        return f.country(str(value))
    return str(value) if value != "" else _NONE


def _cohorts(answer: Answer, f: Formats) -> list[tuple[str, str, list[tuple[str, int]]]]:
    """Give each cohort's size, and its share in each month with how dark it is drawn."""
    found: dict[date, list[tuple[int, int, float]]] = {}
    for row in answer.table.to_pylist():
        found.setdefault(row["cohort"], []).append((row["period"], row["size"], row["share"]))
    shown = []
    for cohort, rows in list(found.items())[-_COHORTS_SHOWN:]:
        shares = {period: share for period, _, share in rows}
        cells = [
            (f.share(round(shares.get(period, 0.0) * 10_000)), min(_MARKS, round(shares.get(period, 0.0) * 10)))
            for period in range(1, max(shares) + 1)
        ]
        shown.append((f"{cohort:%Y-%m}", f.count(rows[0][1]), cells))
    return shown


def _funnel(found: Definitions, answer: Answer, f: Formats) -> list[tuple[charts.Bar, str]]:
    rows = answer.table.to_pylist()
    if not rows or not rows[0]["value"]:
        return []
    labels = [found.metrics[row["name"]].label for row in rows]
    drawn = charts.bars(labels, [row["value"] for row in rows], [f.count(row["value"]) for row in rows])
    return [(bar, f.share(round((row["of_first"] or 0) * 10_000))) for bar, row in zip(drawn, rows, strict=True)]


# The catalog, and one metric.


def _catalog(visit: Visit) -> dict[str, Any]:
    numbers, viewer, currency = visit.caravan.numbers, _viewer(visit), visit.shop.market().currency
    found, f = numbers.definitions, visit.formats
    end, _ = _end(visit, numbers, viewer)
    first = date(end.year - 1, end.month, 1)
    seen = own_metrics(visit)
    sparks: dict[str, tuple[str, charts.Line | None]] = {}
    plain = [one for one in seen if not one.is_alone and one.derivation.period != "week"]
    for chosen in _bundles(found, plain):
        answer = numbers.ask(Question(tuple(one.name for one in chosen), grain="month", first=first, end=end), viewer)
        sparks |= {one.name: _spark(answer, one, f, currency) for one in chosen}
    groups: dict[str, list[Row]] = {}
    for one in seen:
        text, spark = sparks.get(one.name, ("", None))
        groups.setdefault(one.domain, []).append(Row(one, text, spark, found.lineage(one)))
    return {"groups": groups, "spark_width": _SPARK["width"], "spark_height": _SPARK["height"], "count": len(seen)}


def _is_own(found: Definitions, one: Metric, viewer: Viewer) -> bool:
    return viewer.audience == "operator" or all(found.datasets[each.dataset].seller for each in found.needs(one))


def _bundles(found: Definitions, plain: Sequence[Metric]) -> Iterable[Sequence[Metric]]:
    """Put metrics together that can be asked together: those with a currency, and those without."""
    by_currency = [[one for one in plain if ("currency" in found.dimensions_of(one)) is has] for has in (True, False)]
    for group in by_currency:
        for begin in range(0, len(group), _TOGETHER):
            yield group[begin : begin + _TOGETHER]


def _spark(answer: Answer, one: Metric, f: Formats, currency: str) -> tuple[str, charts.Line | None]:
    rows = [
        row
        for row in answer.table.to_pylist()
        if row.get("currency", currency) == currency and row[one.name] is not None
    ]
    if not rows:
        return "", None
    values = [row[one.name] for row in rows]
    texts = [_text(value, one.unit, f, currency) for value in values]
    return texts[-1], charts.line([row["month"].isoformat() for row in rows], values, texts, **_SPARK)


def _metric(visit: Visit, name: str) -> dict[str, Any]:
    numbers, viewer, currency = visit.caravan.numbers, _viewer(visit), visit.shop.market().currency
    found, f = numbers.definitions, visit.formats
    one = found.metrics.get(name)
    if one is None or viewer.audience not in one.audience or not _is_own(found, one, viewer):
        raise NotFound(f"There is no metric called {name[:60]}.")
    end, _ = _end(visit, numbers, viewer)
    first = date(end.year - _MONTHS // 12, end.month, 1)
    dimensions = {
        key: field
        for key, field in found.dimensions_of(one).items()
        if not (field.is_private and viewer.audience != "operator")
    }
    by = visit.request.query_params.get("by", "")
    shown: dict[str, Any] = {"line": None, "top": [], "cohorts": [], "funnel": []}
    if one.derivation.kind == "retention":
        shown["cohorts"] = _cohorts(numbers.ask(Question((name,), first=first, end=end, rows_max=1_000), viewer), f)
    elif one.derivation.kind == "funnel":
        shown["funnel"] = _funnel(found, numbers.ask(Question((name,), first=first, end=end), viewer), f)
    else:
        grain: Literal["week", "month"] = "week" if one.derivation.period == "week" else "month"
        answer = numbers.ask(Question((name,), grain=grain, first=first, end=end), viewer)
        shown["line"] = _line(answer, name, f, currency)
        if by in dimensions and not one.derivation.kind:
            question = Question((name,), (by,), first=first, end=end, order=f"-{name}", rows_max=_TOP)
            try:
                shown["top"] = _top(numbers, by, question, viewer, f, currency)[2]
            except Refusal:
                by = ""
    return shown | {
        "metric": one, "lineage": found.lineage(one), "dimensions": sorted(dimensions), "by": by,
        "has_cuts": not one.derivation.kind, "chart_width": charts.WIDTH, "chart_height": charts.HEIGHT,
        "months": _MONTHS, "datasets": sorted({each.dataset for each in found.needs(one)}), "is_operators": viewer == metrics.OPERATOR,
    }  # fmt: skip
