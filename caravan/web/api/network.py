"""Operations on plans of the network: asked for here, made beside the cell, and read when they are there."""

from http import HTTPStatus

import msgspec

from caravan.client import wire
from caravan.flows import planning
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import PlanId
from caravan.trade import network
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import OPERATOR, Operation
from caravan.web.planning.tables import network_of


async def ask_for_plan(call: Call) -> Reply:
    """Ask for a plan; it is there when its status is no longer pending, mostly within seconds.

    The network is one document as `caravan network plan` reads it: places, hubs, legs and demand.
    """
    wish: wire.NetworkPlanWish = call.body
    told = network_of(msgspec.json.encode(wish.network), default_currency="EUR")
    asked = planning.PlanWish(msgspec.json.encode(told), wish.share_basis_points, wish.hours)
    return await call.do(planning.ask_plan, asked, _shown)


async def show_network_plan(call: Call) -> Reply:
    """Show a plan, or why there is none."""
    return call.say(await call.ask(_shown, PlanId(call.ids["plan"])))


def _shown(house: House, number: PlanId) -> wire.NetworkPlan:
    asked = network.plan_of(house.network, number)
    return wire.NetworkPlan(
        id=ids.text(PlanId, number), status=asked.status.name.lower(), asked_at=iso(asked.asked_at),  # type: ignore[arg-type]
        share_basis_points=asked.share_basis_points, hours=asked.hours, refusal=asked.refusal or None,
        why=asked.why or None, plan=msgspec.json.decode(asked.result) if asked.result else None,
    )  # fmt: skip


OPERATIONS = (
    Operation(
        method="POST", path="/v1/network/plans", summary="Ask for a plan of a network", handler=ask_for_plan,
        who=(OPERATOR,), scope="market:write", request=wire.NetworkPlanWish, response=wire.NetworkPlan,
        status=HTTPStatus.ACCEPTED, location="/v1/network/plans/{id}", key="optional",
        refusals=(Invalid, network.TooManyPlans),
    ),
    Operation(
        method="GET", path="/v1/network/plans/{plan}", summary="Show a plan of a network", handler=show_network_plan,
        who=(OPERATOR,), scope="market:write", response=wire.NetworkPlan, refusals=(NotFound,),
    ),
)  # fmt: skip
