"""Profiles: what is known of a person from every unit, each trait with its source; and segments, which are rules.

Always: a segment is data that is refused with its cure or holds for everybody alike; what somebody forbade is unknown of them,
and whoever was forgotten is nobody.
"""

from caravan.insight.profiles.commands import (
    SEGMENTS_MAX,
    TooManySegments,
    drop_segment,
    forget_profiles,
    set_segment,
    take_forecast,
)
from caravan.insight.profiles.crowd import PURPOSES, Bought, Crowd, Known, Names, Pairs, edges_of, traits_of
from caravan.insight.profiles.forecast import Forecast, Interval, Outlook, Rhythm, interval, outlook
from caravan.insight.profiles.learning import Checked, Orders, TooFewBuyers, check, fit, learn
from caravan.insight.profiles.model import Profiles, Segment
from caravan.insight.profiles.ports import Fitter
from caravan.insight.profiles.queries import segment_called, segment_of, segments
from caravan.insight.profiles.rules import (
    KNOWN_TESTS,
    NUMBER_TESTS,
    WORD_TESTS,
    Condition,
    Group,
    Rule,
    WrongRule,
    holds,
    read_rule,
    tests_of,
    traits_in,
    written,
)
from caravan.insight.profiles.traits import HORIZON_DAYS, LOOKS_DAYS, PERSONALIZATION, PROFILING, TRAITS, Trait

__all__ = [
    "HORIZON_DAYS",
    "KNOWN_TESTS",
    "LOOKS_DAYS",
    "NUMBER_TESTS",
    "PERSONALIZATION",
    "PROFILING",
    "PURPOSES",
    "SEGMENTS_MAX",
    "TRAITS",
    "WORD_TESTS",
    "Bought",
    "Checked",
    "Condition",
    "Crowd",
    "Fitter",
    "Forecast",
    "Group",
    "Interval",
    "Known",
    "Names",
    "Orders",
    "Outlook",
    "Pairs",
    "Profiles",
    "Rhythm",
    "Rule",
    "Segment",
    "TooFewBuyers",
    "TooManySegments",
    "Trait",
    "WrongRule",
    "check",
    "drop_segment",
    "edges_of",
    "fit",
    "forget_profiles",
    "holds",
    "interval",
    "learn",
    "outlook",
    "read_rule",
    "segment_called",
    "segment_of",
    "segments",
    "set_segment",
    "take_forecast",
    "tests_of",
    "traits_in",
    "traits_of",
    "written",
]  # fmt: skip
