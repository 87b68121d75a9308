"""What happens with stock on its way from one of a seller's locations to another."""

from caravan.kernel.event import Event
from caravan.kernel.ids import ListingId, LocationId, MoveId, SellerId, SkuId


class StockSent(Event, frozen=True, kw_only=True, tag="moves.stock_sent.v1"):
    """Units left a location for another of the same seller: nobody can buy them until they have arrived.

    One value a row in each tuple; `by` names who said so.
    """

    move: MoveId
    seller: SellerId
    source: LocationId
    target: LocationId
    listings: tuple[ListingId, ...]
    skus: tuple[SkuId, ...]
    quantities: tuple[int, ...]
    reference: str
    by: str


class StockArrived(Event, frozen=True, kw_only=True, tag="moves.stock_arrived.v1"):
    """A move is over: so many units of each of its rows are on the shelf where they went, and the rest is missing."""

    move: MoveId
    quantities: tuple[int, ...]
    by: str


class StockTurnedBack(Event, frozen=True, kw_only=True, tag="moves.stock_turned_back.v1"):
    """A move was called off: its units are on the shelf that they left."""

    move: MoveId
    by: str
