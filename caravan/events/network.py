"""What happens with plans of a network: one is asked for, and made or refused. What was asked and answered is JSON."""

from caravan.kernel.event import Event
from caravan.kernel.ids import PlanId


class PlanAsked(Event, frozen=True, kw_only=True, tag="network.plan_asked.v1"):
    """The operator wants a plan of a network, with so many of 10,000 parcels within the hours."""

    plan: PlanId
    network: bytes
    share_basis_points: int
    hours: int


class PlanMade(Event, frozen=True, kw_only=True, tag="network.plan_made.v1"):
    """A plan was found."""

    plan: PlanId
    result: bytes


class PlanRefused(Event, frozen=True, kw_only=True, tag="network.plan_refused.v1"):
    """There is no such plan, and this is why."""

    plan: PlanId
    refusal: str
    why: str
