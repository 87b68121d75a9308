"""The plans that were asked for: each with what it was asked with and what became of it; the bodies of the last ones."""

from enum import IntEnum

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import network as events
from caravan.kernel.event import Event
from caravan.kernel.ids import PlanId

KEPT_MAX = 20  # Plans whose bodies stay in memory; the log has them all.


class PlanStatus(IntEnum):
    """Where a plan stands."""

    PENDING = 1
    MADE = 2
    REFUSED = 3


class AskedPlan(msgspec.Struct, array_like=True):
    """A plan that was asked for. `network` and `result` are JSON, and empty where they are not kept any more."""

    plan: PlanId
    asked_at: int
    share_basis_points: int
    hours: int
    network: bytes
    status: PlanStatus = PlanStatus.PENDING
    result: bytes = b""
    refusal: str = ""
    why: str = ""


class Plans:
    """Plans by number, from 1."""

    name = "network"
    kinds: frozenset[type[Event]] = frozenset({events.PlanAsked, events.PlanMade, events.PlanRefused})

    def __init__(self) -> None:
        self.version = 0
        self.plans: list[AskedPlan] = [AskedPlan(PlanId(0), 0, 0, 0, b"", PlanStatus.REFUSED)]

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            match event:
                case events.PlanAsked():
                    assert event.plan == len(self.plans), "Plans are numbered in the order of the log."
                    asked = AskedPlan(event.plan, event.at, event.share_basis_points, event.hours, event.network)
                    self.plans.append(asked)
                    self._forget()
                case events.PlanMade():
                    plan = self.plans[event.plan]
                    plan.status, plan.result = PlanStatus.MADE, event.result
                case events.PlanRefused():
                    plan = self.plans[event.plan]
                    plan.status, plan.refusal, plan.why = PlanStatus.REFUSED, event.refusal, event.why

    def _forget(self) -> None:
        for plan in self.plans[1:-KEPT_MAX]:
            if plan.status != PlanStatus.PENDING:
                plan.network = plan.result = b""

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything."""
        return {"plans": pack(self.plans)}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.plans = unpack(parts, "plans", list[AskedPlan])
