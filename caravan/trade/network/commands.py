"""What you can tell the network: ask for a plan, say what became of it."""

from caravan.events import network as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import PlanId
from caravan.trade.network.book import Plans, PlanStatus

PENDING_MAX = 4
NETWORK_BYTES_MAX = 1_000_000
_HOURS_MAX = 10_000
_WHOLE = 10_000


class TooManyPlans(Refusal):
    """As many plans as may wait are waiting: ask again when one is done."""


def ask_plan(plans: Plans, *, network: bytes, share_basis_points: int, hours: int, now: Instant) -> events.PlanAsked:
    """Ask for a plan. Refuses more than may wait, and a network that is too large to be kept."""
    if not 0 <= share_basis_points <= _WHOLE:
        raise Invalid("A share is between 0 and 100 percent.", field="share")
    if not 0 < hours <= _HOURS_MAX:
        raise Invalid(f"Hours are between 1 and {_HOURS_MAX:,}.", field="hours")
    if len(network) > NETWORK_BYTES_MAX:
        raise Invalid(
            f"A network has at most {NETWORK_BYTES_MAX:,} bytes here; plan it from a terminal.", field="network"
        )
    if sum(plan.status == PlanStatus.PENDING for plan in plans.plans) >= PENDING_MAX:
        raise TooManyPlans
    return events.PlanAsked(
        at=now, plan=PlanId(len(plans.plans)), network=network, share_basis_points=share_basis_points, hours=hours
    )


def keep_plan(plans: Plans, *, plan: PlanId, result: bytes, now: Instant) -> events.PlanMade:
    """Note a plan that was found."""
    _pending(plans, plan)
    return events.PlanMade(at=now, plan=plan, result=result)


def refuse_plan(plans: Plans, *, plan: PlanId, refusal: str, why: str, now: Instant) -> events.PlanRefused:
    """Note that there is no such plan, and why."""
    _pending(plans, plan)
    return events.PlanRefused(at=now, plan=plan, refusal=refusal, why=why)


def _pending(plans: Plans, plan: PlanId) -> None:
    if not 0 < plan < len(plans.plans) or plans.plans[plan].status != PlanStatus.PENDING:
        raise NotFound("No such plan is waited for.")
