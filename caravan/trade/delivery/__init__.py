"""Delivery: parcels on their way, told by scans that may come late, twice and out of order.

Always: a parcel's status is the furthest of its scans by their own time; delivered is final but for a return to the
sender.
"""

from caravan.trade.delivery.commands import hand_over, scan
from caravan.trade.delivery.model import Delivery, ParcelStatus
from caravan.trade.delivery.queries import parcels_of

__all__ = ["Delivery", "ParcelStatus", "hand_over", "parcels_of", "scan"]
