"""The network: which hubs, stock and linehaul bring parcels in time at least cost, and the day's rounds of vehicles.

Always: a plan that is given passes `network_findings` or `route_findings`, which know nothing of how it was made; what
a plan says of cost and time is what its parts say.
"""

from caravan.trade.network.book import AskedPlan, Plans, PlanStatus
from caravan.trade.network.checks import network_findings, route_findings
from caravan.trade.network.commands import TooManyPlans, ask_plan, keep_plan, refuse_plan
from caravan.trade.network.drawing import clock_time, draw_curve, draw_network, draw_routes
from caravan.trade.network.model import Demand, Fault, Hub, Leg, Network, Place, faults
from caravan.trade.network.plan import NetworkPlan, plan_network
from caravan.trade.network.ports import Optimizer, Report, Router, Search
from caravan.trade.network.program import NoPlan, ShareOutOfReach, Unreachable
from caravan.trade.network.queries import last_made, last_plan, next_plan, plan_of
from caravan.trade.network.repairs import (
    BREAKS_MAX,
    Break,
    DriverLate,
    Replan,
    StopAdded,
    StopCanceled,
    VehicleOut,
    broken,
    replan_routes,
)
from caravan.trade.network.rounds import (
    STOPS_MAX,
    VEHICLES_MAX,
    Day,
    Depot,
    Ground,
    NoRounds,
    RoutePlan,
    Stop,
    Vehicle,
    day_faults,
    plan_routes,
    schedule,
)
from caravan.trade.network.ways import TooManyWays

__all__ = [
    "BREAKS_MAX",
    "STOPS_MAX",
    "VEHICLES_MAX",
    "AskedPlan",
    "Break",
    "Day",
    "Demand",
    "Depot",
    "DriverLate",
    "Fault",
    "Ground",
    "Hub",
    "Leg",
    "Network",
    "NetworkPlan",
    "NoPlan",
    "NoRounds",
    "Optimizer",
    "Place",
    "PlanStatus",
    "Plans",
    "Replan",
    "Report",
    "RoutePlan",
    "Router",
    "Search",
    "ShareOutOfReach",
    "Stop",
    "StopAdded",
    "StopCanceled",
    "TooManyPlans",
    "TooManyWays",
    "Unreachable",
    "Vehicle",
    "VehicleOut",
    "ask_plan",
    "broken",
    "clock_time",
    "day_faults",
    "draw_curve",
    "draw_network",
    "draw_routes",
    "faults",
    "keep_plan",
    "last_made",
    "last_plan",
    "network_findings",
    "next_plan",
    "plan_network",
    "plan_of",
    "plan_routes",
    "refuse_plan",
    "replan_routes",
    "route_findings",
    "schedule",
]
