"""What you can tell moves: units left, they arrived, they were turned back."""

from collections.abc import Sequence

from caravan.events import moves as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import ListingId, LocationId, MoveId, SellerId, SkuId
from caravan.trade.moves.model import Move, Moves, MoveStatus

ROWS_MAX = 500
UNITS_MAX = 10_000_000
REFERENCE_CHARACTERS_MAX = 100


class MoveOver(Refusal):
    """This move has arrived already, or was turned back."""


def send_stock(  # noqa: PLR0913  # All of it is said of a move.
    moves: Moves, *, seller: SellerId, source: LocationId, target: LocationId, listings: Sequence[ListingId],
    skus: Sequence[SkuId], quantities: Sequence[int], reference: str, by: str, now: Instant,
) -> events.StockSent:  # fmt: skip
    """Send units from a location to another. Refuses a move to where they are, an empty one, and a SKU named twice as Invalid."""
    if source == target:
        raise Invalid("Stock moves between two locations.", field="target")
    if not 0 < len(listings) <= ROWS_MAX:
        raise Invalid(f"A move has 1 to {ROWS_MAX} lines.", field="lines")
    for place, (sku, quantity) in enumerate(zip(skus, quantities, strict=True)):
        if sku in skus[:place]:
            raise Invalid("This SKU stands in an earlier line already.", field=f"lines/{place}/listing")
        if not 0 < quantity <= UNITS_MAX:
            raise Invalid(f"A line moves 1 to {UNITS_MAX} units.", field=f"lines/{place}/quantity")
    if len(reference) > REFERENCE_CHARACTERS_MAX:
        raise Invalid(f"A reference has at most {REFERENCE_CHARACTERS_MAX} characters.", field="reference")
    return events.StockSent(
        at=now, move=MoveId(len(moves.moves) + 1), seller=seller, source=source, target=target,
        listings=tuple(listings), skus=tuple(skus), quantities=tuple(quantities), reference=reference, by=by,
    )  # fmt: skip


def require_under_way(move: Move) -> None:
    """Refuse a move that is over."""
    if move.status != MoveStatus.IN_TRANSIT:
        raise MoveOver(f"This move has {'arrived' if move.status == MoveStatus.ARRIVED else 'been turned back'}.")


def receive_move(move: Move, *, quantities: Sequence[int], by: str, now: Instant) -> events.StockArrived:
    """Note what of a move has arrived; the rest is missing. Refuses one that is over, and more units than were sent."""
    require_under_way(move)
    if len(quantities) != len(move.quantities):
        raise Invalid(f"This move has {len(move.quantities)} lines.", field="quantities")
    for place, (arrived, sent) in enumerate(zip(quantities, move.quantities, strict=True)):
        if not 0 <= arrived <= sent:
            raise Invalid(f"Of this line {sent} units were sent.", field=f"quantities/{place}")
    return events.StockArrived(at=now, move=MoveId(move.move), quantities=tuple(quantities), by=by)


def turn_back(move: Move, *, by: str, now: Instant) -> events.StockTurnedBack:
    """Call a move off: its units are where they came from. Refuses one that is over."""
    require_under_way(move)
    return events.StockTurnedBack(at=now, move=MoveId(move.move), by=by)
