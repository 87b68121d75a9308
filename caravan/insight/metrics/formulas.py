"""Formulas: the SQL expression of a metric, read as a tree that can be checked, and nothing else that SQL can say."""

from collections.abc import Iterator
from typing import Any

from caravan.insight.metrics.definitions import (
    Aggregate,
    Condition,
    Formula,
    Named,
    Number,
    Operation,
    Operator,
    Sign,
    Sort,
)
from caravan.kernel.errors import CaravanError

FORMULA_CHARACTERS_MAX = 2_000
CONDITIONS_MAX = 20
_DEPTH_MAX = 50


class Unreadable(CaravanError):
    """An expression says what no metric can be."""

    def __init__(self, text: str, cure: str) -> None:
        super().__init__(text)
        self.cure = cure


_ALLOWED = "Use SUM(dataset.field), COUNT(dataset.*), COUNT(DISTINCT dataset.field), MIN, MAX, other metrics, + - * / and numbers."


def read_formula(text: str) -> Formula:
    """Read an expression such as `SUM(placed_orders.fee_minor) / gmv`. Raises Unreadable."""
    return _formula(_parse(text), 0)


def read_conditions(text: str, dataset: str) -> tuple[Condition, ...]:
    """Read a qualifier such as `is_kept = TRUE AND seller_country IN ('PT', 'ES')`. Raises Unreadable."""
    if not text.strip():
        return ()
    found = tuple(_conditions(_parse(text), dataset))
    if len(found) > CONDITIONS_MAX:
        raise Unreadable(f"A qualifier has {len(found)} conditions.", f"Use at most {CONDITIONS_MAX}.")
    return found


def _parse(text: str) -> Any:  # noqa: ANN401 - A tree of another's.
    import sqlglot  # noqa: PLC0415 - Half a second that only whoever works with definitions waits for.

    if len(text) > FORMULA_CHARACTERS_MAX:
        raise Unreadable("This expression is too long.", f"Use at most {FORMULA_CHARACTERS_MAX} characters.")
    try:
        return sqlglot.parse_one(text)
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise Unreadable(f"{text[:80]!r} is no expression.", _ALLOWED) from None


_SORTS: dict[str, Sort] = {"Sum": "sum", "Min": "min", "Max": "max"}
_SIGNS: dict[str, Sign] = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}
_OPERATORS: dict[str, Operator] = {"EQ": "=", "NEQ": "!=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}


def _formula(node: Any, depth: int) -> Formula:  # noqa: ANN401
    if depth > _DEPTH_MAX:
        raise Unreadable("This expression is nested too deeply.", "Give its parts names as metrics of their own.")
    kind = type(node).__name__
    if kind == "Paren":
        return _formula(node.this, depth + 1)
    if kind in _SIGNS:
        sides = (_formula(side, depth + 1) for side in (node.this, node.expression))
        return Operation(_SIGNS[kind], *sides)
    if kind == "Nullif" and node.expression.sql() == "0":  # A division by zero is no value anyway.
        return _formula(node.this, depth + 1)
    if kind == "Count":
        return _count(node)
    return Aggregate(_SORTS[kind], *_column(node.this)) if kind in _SORTS else _leaf(node, kind)


def _leaf(node: Any, kind: str) -> Formula:  # noqa: ANN401
    if kind == "Avg":
        raise Unreadable("AVG can't be put together from parts.", "Write SUM(dataset.field) / COUNT(dataset.*).")
    if kind == "Literal" and not node.is_string:
        return Number(float(node.this) if "." in node.this else int(node.this))
    if kind == "Column" and not node.table:
        return Named(node.name)
    if kind == "Column":
        raise Unreadable(f"{node.sql()} is a field of many rows, not a number.", f"Write SUM({node.sql()}).")
    raise Unreadable(f"{node.sql()[:80]} is nothing that a metric can be.", _ALLOWED)


def _count(node: Any) -> Aggregate:  # noqa: ANN401
    inner = node.this
    if type(inner).__name__ == "Distinct":
        if len(inner.expressions) != 1:
            raise Unreadable("COUNT(DISTINCT …) counts one field.", "Name one field that tells them apart.")
        return Aggregate("count_distinct", *_column(inner.expressions[0]))
    if type(inner).__name__ == "Star":
        raise Unreadable("COUNT(*) does not say of what.", "Write COUNT(dataset.*).")
    dataset, field = _column(inner)
    return Aggregate("count", dataset, "" if field == "*" else field)


def _column(node: Any) -> tuple[str, str]:  # noqa: ANN401
    if type(node).__name__ != "Column" or not node.table:
        tables = sorted({column.table for column in node.find_all(_column_type())} - {""})
        if len(tables) > 1:
            raise Unreadable(
                f"{node.sql()[:80]} multiplies rows of {' with rows of '.join(tables)}: that counts some of them twice (fan-out).",
                "Aggregate one dataset at a time, and compute with the results.",
            )
        raise Unreadable(f"{node.sql()[:80]} is not one field of one dataset.", "Write dataset.field.")
    return str(node.table), "*" if node.is_star else str(node.name)


def _column_type() -> Any:  # noqa: ANN401
    from sqlglot import exp  # noqa: PLC0415 - As above.

    return exp.Column


def _conditions(node: Any, dataset: str) -> Iterator[Condition]:  # noqa: ANN401
    kind = type(node).__name__
    if kind == "Paren":
        yield from _conditions(node.this, dataset)
    elif kind == "And":
        yield from _conditions(node.this, dataset)
        yield from _conditions(node.expression, dataset)
    elif kind in _OPERATORS:
        yield Condition(_own_field(node.this, dataset), _OPERATORS[kind], (_value(node.expression),))
    elif kind == "In" and node.expressions:
        yield Condition(_own_field(node.this, dataset), "in", tuple(_value(one) for one in node.expressions))
    else:
        raise Unreadable(
            f"{node.sql()[:80]} is no condition.", "Use field = value, <, <=, >, >=, !=, IN (…), joined by AND."
        )


def _own_field(node: Any, dataset: str) -> str:  # noqa: ANN401
    if type(node).__name__ != "Column" or node.table not in {"", dataset}:
        raise Unreadable(
            f"{node.sql()[:80]} is no field of {dataset}.", "A qualifier compares fields of its own dataset."
        )
    return str(node.name)


def _value(node: Any) -> str | int | bool:  # noqa: ANN401
    kind = type(node).__name__
    if kind == "Boolean":
        return bool(node.this)
    if kind == "Literal" and (node.is_string or node.this.isdecimal()):
        return str(node.this) if node.is_string else int(node.this)
    raise Unreadable(f"{node.sql()[:80]} is no plain value.", "Compare with 'text', a whole number, TRUE or FALSE.")
