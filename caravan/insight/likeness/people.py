"""Find who is there several times in a table of people: one call for the command line, the bench and the live market."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from caravan.insight.likeness import linking
from caravan.insight.likeness.columns import Columns, recognize
from caravan.insight.likeness.fields import Fields, encode
from caravan.insight.likeness.learning import Weights
from caravan.insight.likeness.linking import Linked, Progress
from caravan.kernel.errors import Invalid

# log2 odds from which records are tied without a person looking: some 32,000 to 1. A tie that is wrong costs more than one that
# waits. Among 300,000 made-up people with twins and namesakes 0.3 % of the ties were wrong at 12, 0.095 % at 15; of febrl's none.
AUTOMATIC = 15.0
LIKELY = 0.0  # log2 odds from which one person is likelier than two
REVIEWED = -2.0  # log2 odds from which a person is asked
RECORDS_MAX = 5_000_000


class Found(NamedTuple):
    """What was found in a table: for each record the first record of its person, surely and likely."""

    columns: Columns
    fields: Fields
    linked: Linked
    automatic: np.ndarray
    likely: np.ndarray


def find_people(
    table: pa.Table, *, told: Mapping[str, str] | None = None, sources: np.ndarray | None = None,
    weights: Weights | None = None, progress: Progress = lambda *_: None,
) -> Found:  # fmt: skip
    """Find who is there several times, learning from the table itself. Refuses one that tells nobody apart."""
    if len(table) > RECORDS_MAX:
        raise Invalid(f"At most {RECORDS_MAX:,} records are looked through at once; these are {len(table):,}.")
    columns = recognize(table, told)
    if len(columns.fields) < 2:  # noqa: PLR2004  # One field alone can't be learned from: nothing else agrees.
        raise Invalid(
            f"Two columns that tell people apart are needed, and {len(columns.fields)} was recognized among"
            f" {', '.join(table.column_names[:20])}. Say what they are with a mapping.", field="map",
        )  # fmt: skip
    fields = encode(table, columns.fields)
    linked = linking.link(fields, sources=sources, weights=weights, progress=progress)
    automatic = linking.cluster(fields, linked, AUTOMATIC)
    likely = linking.cluster(fields, linked, LIKELY, progress)
    return Found(columns, fields, linked, automatic, likely)
