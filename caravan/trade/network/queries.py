"""What you can ask the network: a plan, the last one, the next that is waited for."""

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import PlanId
from caravan.trade.network.book import AskedPlan, Plans, PlanStatus


def plan_of(plans: Plans, plan: PlanId) -> AskedPlan:
    """Give a plan that was asked for. Refuses an unknown one."""
    if not 0 < plan < len(plans.plans):
        raise NotFound("There is no such plan.")
    return plans.plans[plan]


def last_plan(plans: Plans) -> AskedPlan | None:
    """Give the plan that was asked for last; None where none was."""
    return plans.plans[-1] if len(plans.plans) > 1 else None


def next_plan(plans: Plans) -> AskedPlan | None:
    """Give the plan that has waited longest; None where none waits."""
    return next((plan for plan in plans.plans if plan.status == PlanStatus.PENDING), None)


def last_made(plans: Plans) -> AskedPlan | None:
    """Give the last plan that was made; None where none was."""
    return next((plan for plan in reversed(plans.plans) if plan.status == PlanStatus.MADE), None)
