"""What goes over the wire of plans of a network."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from caravan.client.wire.ground import BasisPoints, PlanRef, Response, Time

PlanState = Literal["pending", "made", "refused"]


class NetworkPlanWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network to plan for: places, hubs, legs and demand, as `caravan network plan` reads them."""

    network: dict[str, Any]
    share_basis_points: BasisPoints = 9_500
    hours: Annotated[int, Meta(ge=1, le=10_000)] = 72


class NetworkPlan(Response, frozen=True, kw_only=True):
    """A plan that was asked for, once it is made with all that `caravan network plan --json` prints."""

    id: PlanRef
    status: PlanState
    asked_at: Time
    share_basis_points: int
    hours: int
    refusal: str | None
    why: str | None
    plan: dict[str, Any] | None
