"""Checks plans written as SQL: the same shape is written once, values are only values, and another engine gets its own dialect."""

from datetime import date

import pytest

from caravan.bootstrap import sql_writer
from caravan.flows.numbers import read_definitions
from caravan.insight import metrics
from caravan.insight.metrics import Limit, Plan, Question
from caravan.kernel.errors import Invalid

NASTY = ("O'Neill", "back\\slash", "' OR 1 = 1 --", "\ue000first\ue001")


def planned(**more: object) -> Plan:
    question = Question(("gmv",), ("seller_country",), "month", **more)  # type: ignore[arg-type]
    return metrics.plan(read_definitions(None), question, metrics.OPERATOR)


def test_a_shape_is_written_once_whatever_its_values() -> None:
    writer = sql_writer()
    writer._written.clear()

    first, second = (
        writer.sql(planned(first=day, end=date(2026, 9, 1), limits=(Limit("seller_country", (country,)),)))
        for day, country in ((date(2026, 1, 1), "PT"), (date(2026, 2, 1), "ES"))
    )

    assert len(writer._written) == 1
    assert second == first.replace("2026-01-01", "2026-02-01").replace("'PT'", "'ES'")


@pytest.mark.parametrize(
    ("dialect", "quoted"),
    [
        ("duckdb", ["'O''Neill'", "'back\\slash'", "''' OR 1 = 1 --'", "'\ue000first\ue001'"]),
        ("spark", ["'O\\'Neill'", "'back\\\\slash'", "'\\' OR 1 = 1 --'", "'\ue000first\ue001'"]),
    ],
)
def test_a_value_stays_a_value_in_every_dialect(dialect: str, quoted: list[str]) -> None:
    written = sql_writer().sql(
        planned(first=date(2026, 1, 1), limits=(Limit("seller_country", NASTY),)), dialect=dialect
    )

    assert f"IN ({', '.join(quoted)})" in written
    assert "CAST('2026-01-01' AS DATE)" in written


@pytest.mark.parametrize(
    "name", ["gmv", "net_gmv", "take_rate", "gmv_this_month", "gmv_on_last_year", "checkout_funnel", "cohort_value"]
)
def test_each_sort_of_metric_is_written_for_another_engine_too(name: str) -> None:
    writer, found = sql_writer(), read_definitions(None)
    metric = found.metrics[name]

    plan = metrics.plan(found, Question((name,), grain="" if metric.is_alone else "month"), metrics.OPERATOR)

    assert writer.sql(plan, dialect="spark").startswith(("SELECT", "WITH"))
    with pytest.raises(Invalid, match="duckdb or spark"):
        writer.sql(plan, dialect="sqlite")
