"""What you can ask about moves: one, a seller's, and what is on its way to where."""

from collections.abc import Iterator

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import MoveId, SellerId
from caravan.trade.moves.model import Move, Moves, MoveStatus


def move_of(moves: Moves, move: MoveId) -> Move:
    """Give a move. Refuses an unknown one with NotFound."""
    if not 0 < move <= len(moves.moves):
        raise NotFound("There is no such move.")
    return moves.moves[move - 1]


def moves_of(moves: Moves, seller: SellerId, *, before: int, limit: int) -> list[Move]:
    """Give a seller's moves (0: everybody's) with lower numbers than one, the newest first."""
    numbers = moves.of_seller.get(seller, []) if seller else range(1, len(moves.moves) + 1)
    found = (moves.moves[number - 1] for number in reversed(numbers) if number < before)
    return [move for move, _ in zip(found, range(limit), strict=False)]


def on_the_way(moves: Moves) -> dict[tuple[int, int], int]:
    """Give the units that are on their way, by the location that they go to and SKU."""
    sums: dict[tuple[int, int], int] = {}
    for number in moves.under_way:
        move = moves.moves[number - 1]
        for sku, quantity in zip(move.skus, move.quantities, strict=True):
            sums[move.target, sku] = sums.get((move.target, sku), 0) + quantity
    return sums


def findings(moves: Moves) -> Iterator[str]:
    """Check the invariants of moves; give a sentence for each that does not hold."""
    for move in moves.moves:
        if move.source == move.target:
            yield f"Move {move.move} goes to where it came from."
        if any(quantity <= 0 for quantity in move.quantities):
            yield f"Move {move.move} moves {move.quantities} units."
        is_over = move.status == MoveStatus.ARRIVED
        if is_over and any(not 0 <= got <= sent for got, sent in zip(move.arrived, move.quantities, strict=True)):
            yield f"Of move {move.move} {move.arrived} units arrived of {move.quantities}."
