"""What happens with profiles: segments are set and dropped, a forecast is learned, people are no longer to be known."""

from caravan.kernel.event import Event
from caravan.kernel.ids import BuyerId, SegmentId


class SegmentSet(Event, frozen=True, kw_only=True, tag="profiles.segment_set.v1"):
    """From now on a segment is whoever this rule holds for, but for those who forbade its purpose. `rule` is JSON.

    With `needs_consent` only those are in it who allowed the purpose.
    """

    segment: SegmentId
    name: str
    rule: str
    purpose: str
    needs_consent: bool


class SegmentDropped(Event, frozen=True, kw_only=True, tag="profiles.segment_dropped.v1"):
    """A segment is no more."""

    segment: SegmentId


class ForecastLearned(Event, frozen=True, kw_only=True, tag="profiles.forecast_learned.v1"):
    """How often and for how much people buy was learned anew. Numbers are in millionths.

    r, alpha (days), a and b are of the BG/NBD model; p, q and v (minor units of the currency by number) of the gamma-gamma
    model. At `level` the intervals held what came in `covered` of the cases that were kept aside.
    """

    r_micro: int
    alpha_micro: int
    a_micro: int
    b_micro: int
    p_micro: int
    q_micro: int
    v_micro: int
    unit: int
    level_micro: int
    covered_micro: int
    buyers: int


class ProfilesForgotten(Event, frozen=True, kw_only=True, tag="profiles.forgotten.v1"):
    """These buyers asked to be forgotten: nothing is put together about them any more."""

    buyers: tuple[BuyerId, ...]
