"""Moves: stock on its way from one of a seller's locations to another.

Always: what is on its way is in no shelf and can't be bought; what arrives is no more than what left; a move ends once.
"""

from caravan.trade.moves.commands import ROWS_MAX, MoveOver, receive_move, require_under_way, send_stock, turn_back
from caravan.trade.moves.model import Move, Moves, MoveStatus
from caravan.trade.moves.queries import findings, move_of, moves_of, on_the_way

__all__ = [
    "ROWS_MAX",
    "Move",
    "MoveOver",
    "MoveStatus",
    "Moves",
    "findings",
    "move_of",
    "moves_of",
    "on_the_way",
    "receive_move",
    "require_under_way",
    "send_stock",
    "turn_back",
]
