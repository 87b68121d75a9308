"""Partners: the businesses that sell here, and the locations they send from.

Always: only an active seller's listings can be bought; a location belongs to one seller for ever.
"""

from caravan.world.partners.commands import (
    Application,
    SellerNotActive,
    WrongSellerState,
    apply_to_sell,
    approve,
    open_location,
    suspend,
)
from caravan.world.partners.model import Location, Partners, Seller, SellerStatus
from caravan.world.partners.ports import REJECTS, History, HistorySource, ImportOptions
from caravan.world.partners.queries import seller_of

__all__ = [
    "REJECTS",
    "Application",
    "History",
    "HistorySource",
    "ImportOptions",
    "Location",
    "Partners",
    "Seller",
    "SellerNotActive",
    "SellerStatus",
    "WrongSellerState",
    "apply_to_sell",
    "approve",
    "open_location",
    "seller_of",
    "suspend",
]
