"""Delivery: parcels on their way, told by scans that may come late, twice and out of order; and the dates promised.

Always: a parcel's status is the furthest of its scans by their own time; delivered is final but for a return to the
sender. A promise is made once for an order, from nothing later than the order, and is kept or missed, never edited.
"""

from caravan.trade.delivery.commands import (
    ParcelNotPacked,
    hand_over,
    make_parcel,
    require_packed,
    scan,
    send_parcel,
    track,
    unmake_parcel,
)
from caravan.trade.delivery.journeys import Asks, Journeys, asks_of
from caravan.trade.delivery.lanes import Trained, train
from caravan.trade.delivery.model import ON_THE_WAY, PACKED, Contents, Delivery, ParcelStatus, Scan
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
from caravan.trade.delivery.queries import Parcel, is_news, packed, parcel_of, parcels_of
from caravan.trade.delivery.s10 import is_sound, tracking_number

__all__ = [
    "LEVEL",
    "ON_THE_WAY",
    "PACKED",
    "Asks",
    "Calibration",
    "Contents",
    "Dates",
    "Delivery",
    "Journeys",
    "Label",
    "Made",
    "Parcel",
    "ParcelNotPacked",
    "ParcelStatus",
    "Pick",
    "Printer",
    "Promise",
    "Promises",
    "Reasons",
    "Scan",
    "Score",
    "Trained",
    "asks_of",
    "calibrate",
    "ended",
    "hand_over",
    "is_news",
    "is_sound",
    "make",
    "make_parcel",
    "outlook",
    "packed",
    "parcel_of",
    "parcels_of",
    "promise",
    "promise_at",
    "promise_of",
    "reasons",
    "require_packed",
    "revise",
    "scan",
    "score",
    "send_parcel",
    "steer",
    "track",
    "tracking_number",
    "train",
    "unmake_parcel",
]
