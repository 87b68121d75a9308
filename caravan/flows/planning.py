"""Planning: plans that are asked for, made beside the cell and kept as facts; and who ordered how much from where."""

import logging
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.cell import Cell, Decision
from caravan.flows.house import House, as_facts
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.errors import CaravanError, code
from caravan.kernel.event import Event
from caravan.kernel.ids import PlanId
from caravan.trade import network

_logger = logging.getLogger("caravan.flows")

_SECONDS_A_QUESTION = 5.0
_WHOLE = 10_000


class Wanted(NamedTuple):
    """Parcels a day from locations in one country to buyers in another, both ISO 3166 alpha-2."""

    origin: str
    place: str
    parcels: float


def demand(house: House, *, days: int, now: Instant) -> list[Wanted]:
    """Count the orders of the last days that were not canceled, by country of location and address, as parcels a day.

    One seller's part of a purchase is one parcel from each location that sends some of it. Only what the log says in the clear is
    read: an address is its country here, and nobody's home.
    """
    table = house.orders.orders
    is_meant = (table.placed_at >= now - days * DAY) & (table.canceled_at == 0)
    is_meant[:1] = False  # Number 0 is nobody's order.
    if not is_meant.any():
        return []
    origins = np.array([place.country for place in house.partners.locations])
    places = np.array([address.country for address in house.identity.addresses])
    homes = np.array([buyer.country for buyer in house.identity.buyers])
    addresses = house.orders.purchases.address[table.purchase[is_meant]]
    # What was imported may have no address: then it went where its buyer lives.
    reached = np.where(addresses > 0, places[addresses], homes[table.buyer[is_meant]])
    lines = house.orders.lines_of(np.flatnonzero(is_meant))
    owners = np.repeat(np.arange(len(reached)), np.diff(lines.offsets))
    sent = np.unique(np.stack([owners, house.orders.lines.location[lines.values]], axis=1), axis=0)
    both = np.stack([origins[sent[:, 1]], reached[sent[:, 0]]], axis=1)
    pairs, counts = np.unique(both, axis=0, return_counts=True)
    return [
        Wanted(str(origin), str(place), round(count / days, 4))
        for (origin, place), count in zip(pairs.tolist(), counts.tolist(), strict=True)
        if origin and place
    ]


class PlanWish(NamedTuple):
    """A network as a JSON document, and what share of its parcels is to be there within how many hours."""

    network: bytes
    share_basis_points: int
    hours: int


class PlanOutcome(NamedTuple):
    """What became of a plan that was asked for: its JSON, or a refusal with its words."""

    plan: PlanId
    result: bytes
    refusal: str = ""
    why: str = ""


def ask_plan(house: House, wish: PlanWish, *, now: Instant) -> Decision:
    """Ask for a plan; give its number. It is made beside the cell, so that nobody waits for it."""
    asked = network.ask_plan(
        house.network, network=wish.network, share_basis_points=wish.share_basis_points, hours=wish.hours, now=now
    )
    return Decision(as_facts(asked), lambda: asked.plan)


def settle_plan(house: House, outcome: PlanOutcome, *, now: Instant) -> Decision:
    """Note what became of a plan; give its number."""
    if outcome.refusal:
        fact: Event = network.refuse_plan(
            house.network, plan=outcome.plan, refusal=outcome.refusal, why=outcome.why, now=now
        )
    else:
        fact = network.keep_plan(house.network, plan=outcome.plan, result=outcome.result, now=now)
    return Decision(as_facts(fact), lambda: outcome.plan)


def make_next_plan(cell: Cell[House], optimizer: network.Optimizer) -> bool:
    """Make the plan that has waited longest, outside of any decision; tell whether there was one."""
    asked = cell.ask(lambda house: network.next_plan(house.network))
    if asked is None:
        return False
    cell.do(settle_plan, _made(asked, optimizer))
    return True


def _made(asked: network.AskedPlan, optimizer: network.Optimizer) -> PlanOutcome:
    told = msgspec.json.decode(asked.network, type=network.Network)
    share = asked.share_basis_points / _WHOLE
    try:
        plan = network.plan_network(
            told, optimizer, share=share, hours=asked.hours, seconds=_SECONDS_A_QUESTION, report=lambda *_: None
        )
        wrong = network.network_findings(told, plan)
        assert not wrong, wrong
    except CaravanError as refusal:
        return PlanOutcome(asked.plan, b"", code(refusal), str(refusal))
    except Exception:
        # Tried again it would break again, and keep every later plan waiting.
        _logger.exception("A plan broke.")
        return PlanOutcome(asked.plan, b"", "broken", "Something broke in the planner. The operator's log says what.")
    return PlanOutcome(asked.plan, msgspec.json.encode(plan))
