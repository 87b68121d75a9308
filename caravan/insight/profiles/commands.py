"""What you can tell profiles: set a segment or drop it, take up a forecast, forget people."""

import re
from collections.abc import Sequence

import msgspec

from caravan.events import profiles as events
from caravan.insight.profiles.forecast import Forecast
from caravan.insight.profiles.model import Profiles
from caravan.insight.profiles.queries import segment_of
from caravan.insight.profiles.rules import read_rule, written
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import BuyerId, SegmentId

SEGMENTS_MAX = 500
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_MICRO = 1_000_000
_PARAMETER_MAX = 9.0e12


class TooManySegments(Refusal):
    """There are as many segments as there can be: drop one first."""


def set_segment(  # What a segment is made of.
    profiles: Profiles, *, name: str, rule: object, purpose: str, needs_consent: bool, now: Instant
) -> events.SegmentSet:
    """Say who is in a segment from now on; one of the same name is set anew. Refuses a wrong rule with WrongRule."""
    if not _NAME.fullmatch(name):
        raise Invalid("A segment's name has 1 to 60 lower-case letters, digits, - and _.", field="name")
    if not purpose.strip():
        raise Invalid("A segment has a purpose, so that people can forbid it: news, say.", field="purpose")
    text = msgspec.json.encode(written(read_rule(rule))).decode()
    known = next((one.segment for one in profiles.segments if one.name == name), 0)
    free = next((one.segment for one in profiles.segments[1:] if not one.name), len(profiles.segments))
    if not known and free > SEGMENTS_MAX:
        raise TooManySegments
    return events.SegmentSet(
        at=now,
        segment=SegmentId(known or free),
        name=name,
        rule=text,
        purpose=purpose.strip(),
        needs_consent=needs_consent,
    )


def drop_segment(profiles: Profiles, segment: int, *, now: Instant) -> events.SegmentDropped:
    """Let a segment be no more. Refuses an unknown one with NotFound."""
    return events.SegmentDropped(at=now, segment=SegmentId(segment_of(profiles, segment).segment))


def take_forecast(forecast: Forecast, *, now: Instant) -> events.ForecastLearned:
    """Take up what was learned. Refuses parameters that the models don't have."""
    for name in ("r", "alpha", "a", "b", "p", "q", "v"):
        if not 1 / _MICRO <= getattr(forecast, name) <= _PARAMETER_MAX:
            raise Invalid(f"{name} lies between 0.000001 and {_PARAMETER_MAX:.0e}.", field=name)
    if not 0 < forecast.level < 1 or not 0 <= forecast.covered <= 1:
        raise Invalid("A level is a share between 0 and 1.", field="level")
    r, alpha, a, b, p, q, v = (round(one * _MICRO) for one in forecast[:7])
    return events.ForecastLearned(
        at=now, r_micro=r, alpha_micro=alpha, a_micro=a, b_micro=b, p_micro=p, q_micro=q, v_micro=v, unit=forecast.unit,
        level_micro=round(forecast.level * _MICRO), covered_micro=round(forecast.covered * _MICRO),
        buyers=forecast.buyers,
    )  # fmt: skip


def forget_profiles(buyers: Sequence[BuyerId], *, now: Instant) -> events.ProfilesForgotten:
    """Put nothing together about these buyers any more."""
    return events.ProfilesForgotten(at=now, buyers=tuple(buyers))
