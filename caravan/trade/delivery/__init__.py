"""Delivery: parcels on their way, told by scans that may come late, twice and out of order; and the dates promised.

Always: a parcel's status is the furthest of its scans by their own time; delivered is final but for a return to the
sender. A promise is made once for an order, from nothing later than the order, and is kept or missed, never edited.
"""

from caravan.trade.delivery.commands import hand_over, scan
from caravan.trade.delivery.journeys import Asks, Journeys, asks_of
from caravan.trade.delivery.lanes import Trained, train
from caravan.trade.delivery.model import Delivery, ParcelStatus
from caravan.trade.delivery.ports import Label, Pick, Printer
from caravan.trade.delivery.promises import Promise, Promises, Score, make, promise_of, revise, score
from caravan.trade.delivery.promising import (
    LEVEL,
    Calibration,
    Dates,
    Made,
    Reasons,
    calibrate,
    ended,
    outlook,
    promise,
    promise_at,
    reasons,
    steer,
)
from caravan.trade.delivery.queries import parcels_of
from caravan.trade.delivery.s10 import is_sound, tracking_number

__all__ = [
    "LEVEL",
    "Asks",
    "Calibration",
    "Dates",
    "Delivery",
    "Journeys",
    "Label",
    "Made",
    "ParcelStatus",
    "Pick",
    "Printer",
    "Promise",
    "Promises",
    "Reasons",
    "Score",
    "Trained",
    "asks_of",
    "calibrate",
    "ended",
    "hand_over",
    "is_sound",
    "make",
    "outlook",
    "parcels_of",
    "promise",
    "promise_at",
    "promise_of",
    "reasons",
    "revise",
    "scan",
    "score",
    "steer",
    "tracking_number",
    "train",
]
