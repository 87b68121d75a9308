"""The operator's pages on the network: the last plan with its map and tables, and a form to ask for another."""

import math

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from caravan.flows import planning
from caravan.flows.house import House
from caravan.kernel.errors import Invalid
from caravan.trade import network
from caravan.web.pages.visit import Visit
from caravan.web.planning.tables import network_of
from caravan.web.reach import ask, do

NETWORK_CHARACTERS_MAX = 400_000
_FLOWS_SHOWN_MAX = 20
_FORM = {"share": "95", "hours": "72"}
_HOURS_MAX = 10_000


async def overview(visit: Visit) -> Response:
    """Show the last plan, or how to get a first one."""
    return await _overview(visit, form=_FORM, wrong={}, status=200)


async def plan(visit: Visit) -> Response:
    """Ask for a plan of the network that was pasted."""
    try:
        text = visit.form.text("network", longest=NETWORK_CHARACTERS_MAX).encode()
        told = await run_in_threadpool(_told, text)
        hours = visit.form.integer("hours", least=1, most=_HOURS_MAX)
        await do(visit.caravan, planning.ask_plan, planning.PlanWish(told, _share(visit), hours))
    except Invalid as error:
        wrong = {str(error.details.get("field", "network")): str(error)}
        return await _overview(visit, form=visit.form.fields, wrong=wrong, status=400)
    return visit.go("/operator/network", "plan_asked")


def _told(text: bytes) -> bytes:
    try:
        return msgspec.json.encode(network_of(text, default_currency="EUR"))
    except Invalid as error:
        raise Invalid(str(error), field="network") from None


def _share(visit: Visit) -> int:
    """Read percent, with a point or a comma, as basis points."""
    try:
        percent = float(visit.form.text("share", longest=8).replace(",", "."))
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:  # noqa: PLR2004 - Percent.
        raise Invalid("A share is between 0 and 100 percent.", field="share")
    return round(100 * percent)


async def _overview(visit: Visit, *, form: dict[str, str], wrong: dict[str, str], status: int) -> Response:
    asked, made = await ask(visit.caravan, _plans)
    drawn: dict[str, object] = {"plan": None}
    if made is not None:
        drawn = await run_in_threadpool(_drawn, made)
    return await visit.show(
        "operator_network.html", status=status, asked=asked, form=form, wrong=wrong, flows_max=_FLOWS_SHOWN_MAX, **drawn
    )


def _plans(house: House) -> tuple[network.AskedPlan | None, network.AskedPlan | None]:
    """Give the plan that was asked for last, and the last one that was made."""
    return network.last_plan(house.network), network.last_made(house.network)


def _drawn(made: network.AskedPlan) -> dict[str, object]:
    told = msgspec.json.decode(made.network, type=network.Network)
    found = msgspec.json.decode(made.result, type=network.NetworkPlan)
    return {"plan": found, "map": network.draw_network(told, found), "curve": network.draw_curve(found)}
