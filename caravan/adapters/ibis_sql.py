"""Plans of numbers written as Ibis expressions, and these as the SQL of DuckDB, Spark or another engine."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Any

import msgspec
import pyarrow as pa

from caravan.insight.metrics.ports import Aggregate, Cut, Formula, Number, Operation, Plan, Reading, Wanted
from caravan.kernel.errors import Invalid

# Ibis ships types that say little about what is chained; each Any below is one of its tables, columns or values.
_Types = Mapping[str, Mapping[str, str]]
_GRAINS = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}
_SPANS: dict[str, dict[str, int]] = {
    "day": {"days": 1}, "week": {"weeks": 1}, "month": {"months": 1}, "quarter": {"months": 3}, "year": {"years": 1},
}  # fmt: skip
_NAMES = {
    pa.int64(): "int64",
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
}
_ADDED = frozenset({"sum", "count", "count_distinct"})
DIALECTS = ("duckdb", "spark")
SHAPES_KEPT_MAX = 2_000


def types_of(schema: pa.Schema) -> dict[str, str]:
    """Give the types of a table's columns as Ibis names them."""
    return {column.name: _NAMES[column.type] for column in schema}


class SqlWriter:
    """Writes plans as SQL. Making one takes a second, for it loads Ibis."""

    def __init__(self, types: _Types) -> None:
        """Say which tables there are, and what is in their columns."""
        import ibis  # noqa: PLC0415 - Half a second that only whoever asks for numbers waits for.
        from ibis.backends.sql.compilers.duckdb import DuckDBCompiler  # noqa: PLC0415 - As above.
        from ibis.backends.sql.compilers.pyspark import PySparkCompiler  # noqa: PLC0415 - As above.

        self._ibis: Any = ibis
        # What its Spark backend would set; it is only asked for SQL here, without Spark beside it.
        told = {"treat_nan_as_null": False, "__annotations__": {"treat_nan_as_null": bool}}
        ibis.options.pyspark = type("SparkOptions", (ibis.config.Config,), told)()
        self._types = types
        self._written: dict[tuple[Plan, str], str] = {}
        self._sums: dict[tuple[Reading, str], str] = {}
        self._compilers: dict[str, Any] = {"duckdb": DuckDBCompiler, "spark": PySparkCompiler}

    def sql(self, plan: Plan, *, dialect: str = "duckdb") -> str:
        """Write a plan as one query; its columns are the plan's, in order, with one row more than is wanted at most.

        Ibis takes a tenth of a second for that. So a question is written once, with marks where its values stand, and
        asked again with other values by putting them in.
        """
        shape = _shape(plan)
        query = self._written.get((shape, dialect))
        if query is None:
            query = self.written(self.expression(shape), dialect)
            if len(self._written) >= SHAPES_KEPT_MAX:
                self._written.clear()
            self._written[shape, dialect] = query
        values = _values(plan)
        return _MARK.sub(lambda found: _quoted(values[found[1]], dialect), query)

    def summed(self, reading: Reading, *, dialect: str = "duckdb") -> str:
        """Write the query that sums a dataset up by day and the reading's cuts."""
        query = self._sums.get((reading, dialect))
        if query is None:
            query = self.written(self._grouped(reading, "day", "", "", keeps_names=True), dialect)
            self._sums[reading, dialect] = query
        return query

    def written(self, expression: Any, dialect: str) -> str:  # noqa: ANN401
        """Write an expression as SQL."""
        if dialect not in self._compilers:
            raise Invalid(f"SQL is written for {' or '.join(DIALECTS)}.", field="dialect")
        return str(self._compilers[dialect]().to_sqlglot(expression.unbind()).sql(dialect))

    def expression(self, plan: Plan) -> Any:  # noqa: ANN401
        """Write a plan as an expression of Ibis."""
        kind = plan.wanted[0].derivation.kind
        if kind == "funnel":
            shown = self._funnel(plan)
        elif kind == "retention":
            shown = self._retention(plan)
        else:
            shown = self._side_by_side(plan)
        return self._ordered(shown, plan).limit(plan.rows_max + 1)

    # From rows to aggregates.

    def _table(self, reading: Reading) -> Any:  # noqa: ANN401
        known = dict(self._types[reading.origin])
        if reading.is_rollup:
            measures = {one.field: "int64" for _, one in reading.aggregates}
            known = {name: known[name] for name in (reading.time, *reading.columns)} | measures
        return self._ibis.table(known, name=reading.source)

    def _kept(self, reading: Reading, first: str, end: str) -> tuple[Any, dict[str, Any]]:
        """Give the rows that count, and the column of each cut."""
        table = self._table(reading)
        cuts = list(dict.fromkeys([*reading.cuts, *(one.cut for one in reading.kept)]))
        names = {cut: f"d{place}" for place, cut in enumerate(cuts)}
        for cut in cuts:
            table = (
                table.mutate(**{names[cut]: table[cut.column]})
                if cut.join is None
                else self._joined(table, cut, names[cut])
            )
        day = table[reading.time]
        conditions = [] if not first else [day >= self._day(first)]
        conditions += [] if not end else [day < self._day(end)]
        for one in reading.kept:
            column = table[names[one.cut]]
            chosen = column.isin([self._marked(str(value), str(column.type())) for value in one.values])
            conditions.append(~chosen if one.is_without else chosen)
        rows = table.filter(conditions) if conditions else table
        return rows, {cut.name: names[cut] for cut in reading.cuts}

    def _day(self, name: str) -> Any:  # noqa: ANN401
        return self._marked(name, "date")

    def _marked(self, name: str, kind: str) -> Any:  # noqa: ANN401
        """Give a mark that stands for a value."""
        mark = self._ibis.literal(f"\ue000{name}\ue001")
        return mark if kind == "string" else mark.cast(kind)

    def _joined(self, table: Any, cut: Cut, name: str) -> Any:  # noqa: ANN401
        assert cut.join is not None, cut
        other = self._ibis.table(dict(self._types[cut.join.table]), name=cut.join.table)
        keys = {theirs: f"{name}_{theirs}" for _, theirs in cut.join.on}
        other = other.select(
            **{alias: other[theirs] for theirs, alias in keys.items()}, **{name: other[cut.join.column]}
        )
        joined = table.left_join(other, [table[mine] == other[keys[theirs]] for mine, theirs in cut.join.on])
        return joined.drop(*keys.values()).mutate(**{name: joined[name].fill_null("")})

    def _grouped(self, reading: Reading, grain: str, first: str, end: str, *, keeps_names: bool = False) -> Any:  # noqa: ANN401
        """Give the reading's aggregates by time and cuts, the time as `t`."""
        rows, cuts = self._kept(reading, first, end)
        by = {name if keeps_names else f"c{place}": rows[column] for place, (name, column) in enumerate(cuts.items())}
        if grain:
            by = {(reading.time if keeps_names else "t"): self._floor(rows[reading.time], grain)} | by
        measures = {alias: self._aggregate(rows, one) for alias, one in reading.aggregates}
        return rows.group_by(**by).aggregate(**measures) if by else rows.aggregate(**measures)

    def _floor(self, day: Any, grain: str) -> Any:  # noqa: ANN401
        return day if grain == "day" else day.truncate(_GRAINS[grain]).cast("date")

    def _aggregate(self, rows: Any, one: Aggregate) -> Any:  # noqa: ANN401
        where = reduce(lambda a, b: a & b, (self._condition(rows, each) for each in one.where)) if one.where else None
        if one.sort == "count" and not one.field:
            return rows.count(where=where).cast("int64")
        column = rows[one.field]
        ways: dict[str, Callable[..., Any]] = {
            "sum": column.sum, "count": column.count, "count_distinct": column.nunique, "min": column.min, "max": column.max,
        }  # fmt: skip
        return ways[one.sort](where=where).cast("int64")

    def _condition(self, rows: Any, one: Any) -> Any:  # noqa: ANN401
        column, value = rows[one.field], one.values[0]
        ways: dict[str, Callable[[], Any]] = {
            "=": lambda: column == value, "!=": lambda: column != value, "<": lambda: column < value,
            "<=": lambda: column <= value, ">": lambda: column > value, ">=": lambda: column >= value,
            "in": lambda: column.isin(list(one.values)),
        }  # fmt: skip
        return ways[one.operator]()

    # From aggregates to metrics.

    def _across(self, plan: Plan, first: str, end: str) -> tuple[Any, list[str]]:
        """Give the aggregates of all datasets in one row for each time and cut, and the names of these columns."""
        grouped = [self._grouped(reading, plan.grain, first, end) for reading in plan.readings]
        keys = (["t"] if plan.grain else []) + [f"c{place}" for place in range(len(plan.readings[0].cuts))]
        if len(grouped) == 1:
            return grouped[0], keys
        aliases = {alias: one for one, alias in plan.aliases}
        padded = [
            one.select(
                *(one[key] for key in keys),
                **{alias: one[alias] if alias in one.columns else self._ibis.null("int64") for alias in aliases},
            )
            for one in grouped
        ]
        return self._merged(padded, keys, aliases), keys

    def _merged(self, parts: Sequence[Any], keys: Sequence[str], aliases: Mapping[str, Aggregate]) -> Any:  # noqa: ANN401
        whole = reduce(lambda a, b: a.union(b), parts)
        measures = {}
        for alias, one in aliases.items():
            column = whole[alias]
            again = column.min() if one.sort == "min" else column.max() if one.sort == "max" else column.sum()
            measures[alias] = again.cast("int64")
        return whole.group_by(*keys).aggregate(**measures) if keys else whole.aggregate(**measures)

    def _value(self, table: Any, plan: Plan, formula: Formula, prefix: str = "") -> Any:  # noqa: ANN401
        match formula:
            case Aggregate():
                column = table[prefix + plan.alias(formula)]
                return column.fill_null(0) if formula.sort in _ADDED else column
            case Number():
                return self._ibis.literal(formula.value)
            case Operation():
                left, right = (self._value(table, plan, side, prefix) for side in (formula.left, formula.right))
                if formula.sign == "/":
                    return left.cast("float64") / right.cast("float64").nullif(0)
                return {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}[formula.sign]()
        raise AssertionError(formula)

    def _shown(self, value: Any, unit: str) -> Any:  # noqa: ANN401
        """Round money to whole minor units; leave the rest as it is."""
        return value.round().cast("int64") if unit == "money" and not value.type().is_integer() else value

    def _side_by_side(self, plan: Plan) -> Any:  # noqa: ANN401
        """Give metrics beside each other; those over time need more rows than are shown, so each sort is computed apart."""
        sorts = list(dict.fromkeys((one.derivation.kind, one.derivation.period) for one in plan.wanted))
        parts = []
        for kind, period in sorts:
            mine = [one for one in plan.wanted if (one.derivation.kind, one.derivation.period) == (kind, period)]
            ways: dict[str, Callable[[], tuple[Any, list[str]]]] = {
                "": lambda mine=mine: self._plain(plan, mine),  # type: ignore[misc]
                "cumulative": lambda mine=mine, period=period: self._cumulative(plan, mine, period),  # type: ignore[misc]
                "change": lambda mine=mine, period=period: self._change(plan, mine, period),  # type: ignore[misc]
            }
            parts.append(ways[kind]())
        keys = parts[0][1]
        table = parts[0][0] if len(parts) == 1 else self._stacked(plan, [part for part, _ in parts], keys)
        told = {column.name: table[key] for column, key in zip(plan.columns, keys, strict=False)}
        return table.select(**told, **{one.name: table[one.name] for one in plan.wanted})

    def _stacked(self, plan: Plan, parts: Sequence[Any], keys: Sequence[str]) -> Any:  # noqa: ANN401
        types = {
            one.name: str(part[one.name].type()) for part in parts for one in plan.wanted if one.name in part.columns
        }
        padded = [
            part.select(
                *(part[key] for key in keys),
                **{name: part[name] if name in part.columns else self._ibis.null(kind) for name, kind in types.items()},
            )
            for part in parts
        ]
        whole = reduce(lambda a, b: a.union(b), padded)
        return whole.group_by(*keys).aggregate(**{name: whole[name].max() for name in types})

    def _plain(self, plan: Plan, mine: Sequence[Wanted]) -> tuple[Any, list[str]]:
        table, keys = self._across(plan, *_range(plan))
        values = {one.name: self._shown(self._value(table, plan, one.formula), one.unit) for one in mine}
        return table.select(*(table[key] for key in keys), **values), keys

    def _cumulative(self, plan: Plan, mine: Sequence[Wanted], period: str) -> tuple[Any, list[str]]:
        """Sum up from the beginning of each period, of which the range may show only the end."""
        first, end = _range(plan)
        table, keys = self._across(plan, f"floor {period}" if first and period != "ever" else "", end)
        groups = [table[key] for key in keys if key != "t"]
        groups += [] if period == "ever" else [self._floor(table.t, period)]
        window = self._ibis.window(group_by=groups, order_by=table.t, preceding=None, following=0)
        values = {one.name: self._value(table, plan, one.formula).sum().over(window).cast("int64") for one in mine}
        summed = table.select(*(table[key] for key in keys), **values)
        return self._in_range(summed, plan), keys

    def _change(self, plan: Plan, mine: Sequence[Wanted], period: str) -> tuple[Any, list[str]]:
        """Set each time beside the one a period before."""
        aliases = {alias: one for one, alias in plan.aliases}
        first, end = _range(plan)
        before, keys = self._across(plan, f"back {period}" if first else "", end)
        now, _ = self._across(plan, *_range(plan))
        shifted = (before.t + self._ibis.interval(**_SPANS[period])).cast("date")
        other = [key for key in keys if key != "t"]
        nothing = self._ibis.null("int64")
        parts = [
            now.select(
                now.t, *(now[key] for key in other), is_now=self._ibis.literal(1, type="int64"),
                **{alias: now[alias] for alias in aliases}, **{f"p{alias}": nothing for alias in aliases},
            ),
            before.select(
                t=shifted, **{key: before[key] for key in other}, is_now=self._ibis.literal(0, type="int64"),
                **dict.fromkeys(aliases, nothing), **{f"p{alias}": before[alias] for alias in aliases},
            ),
        ]  # fmt: skip
        parts[1] = parts[1].select(*parts[0].columns)
        both = {"is_now": Aggregate("max", "")} | aliases | {f"p{alias}": one for alias, one in aliases.items()}
        table = self._merged(parts, keys, both)
        table = table.filter(table.is_now == 1)
        values = {}
        for one in mine:
            value, earlier_value = (self._value(table, plan, one.formula, prefix) for prefix in ("", "p"))
            difference = value - earlier_value
            is_share = one.derivation.is_share
            values[one.name] = (
                difference.cast("float64") / earlier_value.cast("float64").nullif(0)
                if is_share
                else self._shown(difference, one.unit)
            )
        return table.select(*(table[key] for key in keys), **values), keys

    def _in_range(self, table: Any, plan: Plan) -> Any:  # noqa: ANN401
        if plan.first is None:
            return table
        return table.filter(table.t >= self._day(f"floor {plan.grain}"))

    # Answers with rows of their own.

    def _funnel(self, plan: Plan) -> Any:  # noqa: ANN401
        table, keys = self._across(plan, *_range(plan))
        cuts = {cut.name: key for cut, key in zip(plan.readings[0].cuts, keys, strict=True)}
        values = [self._value(table, plan, step.formula) for step in plan.steps]
        parts = [
            table.select(
                **{name: table[key] for name, key in cuts.items()},
                step=self._ibis.literal(place + 1, type="int64"), name=self._ibis.literal(step.name),
                value=value, of_first=value.cast("float64") / values[0].cast("float64").nullif(0),
                of_previous=value.cast("float64") / values[max(place - 1, 0)].cast("float64").nullif(0),
            )
            for place, (step, value) in enumerate(zip(plan.steps, values, strict=True))
        ]  # fmt: skip
        return reduce(lambda a, b: a.union(b), parts)

    def _retention(self, plan: Plan) -> Any:  # noqa: ANN401
        """Follow whoever began in one period through those after it; all their rows count, not only those of the range."""
        (reading,), (wanted,) = plan.readings, plan.wanted
        (_, aggregate), period = reading.aggregates[0], wanted.derivation.period
        rows, cuts = self._kept(reading, "", "")
        who, own = (
            rows[wanted.derivation.who],
            {f"c{place}": rows[column] for place, column in enumerate(cuts.values())},
        )
        keys = list(own)
        active = rows.group_by(who=who, p=self._floor(rows[reading.time], period), **own).aggregate(
            value=self._aggregate(rows, aggregate)
        )
        began = active.group_by("who", *keys).aggregate(cohort=active.p.min())
        began = self._cohorts(began, plan, period)
        sizes = began.group_by("cohort", *keys).aggregate(size=began.count().cast("int64"))
        far = active.inner_join(began, ["who", *keys])
        far = far.mutate(period=self._between(far.cohort, far.p, period))
        counted = far.group_by("cohort", "period", *keys).aggregate(value=far["value"].sum().cast("int64"))
        shown = counted.inner_join(sizes, ["cohort", *keys])
        return shown.select(
            **{name: shown[key] for name, key in zip(cuts, keys, strict=True)}, cohort=shown.cohort, period=shown.period,
            size=shown["size"], value=shown["value"],
            share=self._shown(shown["value"].cast("float64") / shown["size"].cast("float64").nullif(0), wanted.unit),
        )  # fmt: skip

    def _cohorts(self, began: Any, plan: Plan, period: str) -> Any:  # noqa: ANN401
        if plan.first is not None:
            began = began.filter(began.cohort >= self._day(f"floor {period}"))
        return began if plan.end is None else began.filter(began.cohort < self._day("end"))

    def _between(self, first: Any, last: Any, period: str) -> Any:  # noqa: ANN401
        """Count periods from one day to another, both the first of theirs."""
        months = (last.year() - first.year()) * 12 + (last.month() - first.month())
        days = last.delta(first, unit="day")
        ways = {
            "day": days,
            "week": days // 7,
            "month": months,
            "quarter": months // 3,
            "year": last.year() - first.year(),
        }
        return ways[period].cast("int64")

    def _ordered(self, table: Any, plan: Plan) -> Any:  # noqa: ANN401
        names = [column.name for column in plan.columns if column.kind != "metric"]
        wanted = plan.order.removeprefix("-")
        keys = [] if not wanted else [table[wanted].desc() if plan.order.startswith("-") else table[wanted].asc()]
        rest = [table[name].asc() for name in names if name != wanted]
        return table.order_by(*keys, *rest) if keys or rest else table


# A question without its values. A mark stands between two characters that no SQL of Ibis has, in the quotes of a text.
_MARK = re.compile("'\ue000([^\ue001]*)\ue001'")


def _shape(plan: Plan) -> Plan:
    readings = tuple(
        msgspec.structs.replace(
            reading,
            kept=tuple(
                msgspec.structs.replace(kept, values=tuple(f"{place} {row} {n}" for n in range(len(kept.values))))
                for row, kept in enumerate(reading.kept)
            ),
        )
        for place, reading in enumerate(plan.readings)
    )
    first, end = (None if day is None else date.min for day in (plan.first, plan.end))
    return msgspec.structs.replace(plan, readings=readings, first=first, end=end)


def _values(plan: Plan) -> dict[str, str]:
    """Give what each mark of a plan stands for."""
    told = {
        f"{place} {row} {n}": str(value).lower() if isinstance(value, bool) else str(value)
        for place, reading in enumerate(plan.readings)
        for row, kept in enumerate(reading.kept)
        for n, value in enumerate(kept.values)
    }
    if plan.first is not None:
        told["first"] = plan.first.isoformat()
        for grain in _GRAINS:
            told[f"floor {grain}"] = _floor(plan.first, grain).isoformat()
            told[f"back {grain}"] = _back(_floor(plan.first, plan.grain or "day"), grain).isoformat()
    if plan.end is not None:
        told["end"] = plan.end.isoformat()
    return told


def _range(plan: Plan) -> tuple[str, str]:
    """Name the marks of a plan's range, "" where it has no beginning or no end."""
    return "first" if plan.first is not None else "", "end" if plan.end is not None else ""


def _quoted(value: str, dialect: str) -> str:
    """Write a value as a text of SQL. Spark takes a backslash for the beginning of something else."""
    if dialect == "spark":
        value = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{value}'"
    return "'" + value.replace("'", "''") + "'"


def _floor(day: date, grain: str) -> date:
    if grain == "week":
        return date.fromordinal(day.toordinal() - day.weekday())
    if grain == "day":
        return day
    month = {"month": day.month, "quarter": 3 * ((day.month - 1) // 3) + 1, "year": 1}[grain]
    return date(day.year, month, 1)


def _back(day: date, period: str) -> date:
    if period in {"day", "week"}:
        return date.fromordinal(day.toordinal() - (1 if period == "day" else 7))
    month = day.year * 12 + day.month - 1 - {"month": 1, "quarter": 3, "year": 12}[period]
    # On the last days of a month, from the first of the one before: what is too much is cut off by the range.
    return date(month // 12, month % 12 + 1, min(day.day, 28))
