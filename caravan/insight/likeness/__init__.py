"""Likeness: how sure one can be that two records are one person, learned without labels, and who is there twice.

Always: the same code compares, scores and clusters in a batch, on the command line and live; a table gives the same
answer in whatever order its columns are read, and nothing is learned from its truth.
"""

from caravan.insight.likeness.columns import IGNORED, RECORD, Columns, recognize
from caravan.insight.likeness.fields import ROLES, encode
from caravan.insight.likeness.learning import Weights
from caravan.insight.likeness.live import Alike, Evidence, Lookalikes
from caravan.insight.likeness.people import AUTOMATIC, LIKELY, REVIEWED, Found, find_people
from caravan.insight.likeness.wares import WARES_LIKELY, match_wares

__all__ = [
    "AUTOMATIC",
    "IGNORED",
    "LIKELY",
    "RECORD",
    "REVIEWED",
    "ROLES",
    "WARES_LIKELY",
    "Alike",
    "Columns",
    "Evidence",
    "Found",
    "Lookalikes",
    "Weights",
    "encode",
    "find_people",
    "match_wares",
    "recognize",
]
