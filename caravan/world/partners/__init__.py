"""Partners: the businesses that sell here, and the locations they send from.

Always: only an active seller's listings can be bought; a location belongs to one seller for ever; a seller has one open.
"""

from caravan.world.partners.commands import (
    Application,
    LastLocation,
    LocationDraft,
    SellerNotActive,
    StaleLocation,
    TooManyLocations,
    WrongLocationState,
    WrongSellerState,
    apply_to_sell,
    approve,
    close_location,
    describe_location,
    drafted,
    open_location,
    reopen_location,
    require_room,
    suspend,
)
from caravan.world.partners.model import Location, Partners, Seller, SellerStatus
from caravan.world.partners.ports import REJECTS, History, HistorySource, ImportOptions
from caravan.world.partners.queries import location_of, open_locations, ranked, returns_to, seller_of

__all__ = [
    "REJECTS",
    "Application",
    "History",
    "HistorySource",
    "ImportOptions",
    "LastLocation",
    "Location",
    "LocationDraft",
    "Partners",
    "Seller",
    "SellerNotActive",
    "SellerStatus",
    "StaleLocation",
    "TooManyLocations",
    "WrongLocationState",
    "WrongSellerState",
    "apply_to_sell",
    "approve",
    "close_location",
    "describe_location",
    "drafted",
    "location_of",
    "open_location",
    "open_locations",
    "ranked",
    "reopen_location",
    "require_room",
    "returns_to",
    "seller_of",
    "suspend",
]
