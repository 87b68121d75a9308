"""One Data: each number is defined once, in YAML, and is the same wherever it is asked.

Always: what is defined can be computed, adds up nothing twice and mixes no currencies, or is refused with line and cure;
a question never reads a row that whoever asks may not see; a roll-up gives what its rows give.
"""

from caravan.insight.metrics.asking import (
    OPERATOR,
    ROWS_PER_ANSWER_MAX,
    ROWS_USUAL,
    Column,
    Limit,
    NotYours,
    Plan,
    Question,
    RollUp,
    UnknownDimension,
    UnknownMetric,
    Viewer,
    plan,
    summing,
)
from caravan.insight.metrics.checking import define
from caravan.insight.metrics.definitions import Dataset, Definitions, Metric
from caravan.insight.metrics.ports import Book, Insert, Step, Store, TooCostly, View, Writer
from caravan.insight.metrics.reading import Fault, WrongDefinitions, read_yaml
from caravan.insight.metrics.rollups import aggregates_of, choose_rollups, columns_asked
from caravan.insight.metrics.shipping import shipped

__all__ = [
    "OPERATOR",
    "ROWS_PER_ANSWER_MAX",
    "ROWS_USUAL",
    "Book",
    "Column",
    "Dataset",
    "Definitions",
    "Fault",
    "Insert",
    "Limit",
    "Metric",
    "NotYours",
    "Plan",
    "Question",
    "RollUp",
    "Step",
    "Store",
    "TooCostly",
    "UnknownDimension",
    "UnknownMetric",
    "View",
    "Viewer",
    "Writer",
    "WrongDefinitions",
    "aggregates_of",
    "choose_rollups",
    "columns_asked",
    "define",
    "plan",
    "read_yaml",
    "shipped",
    "summing",
]
