"""The festival: a seeded crowd shops a whole sales day in minutes on a running market, on a big screen for all to see."""

from caravan.web.festival.crowd import Crowd
from caravan.web.festival.plan import Plan, demand
from caravan.web.festival.score import Board, Score
from caravan.web.festival.show import Summary, show

__all__ = ["Board", "Crowd", "Plan", "Score", "Summary", "demand", "show"]
