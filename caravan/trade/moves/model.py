"""The state of stock moves: what was sent from which location to which, and what of it arrived."""

from enum import StrEnum

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import moves as events
from caravan.kernel.event import Event


class MoveStatus(StrEnum):
    """Where a move stands."""

    IN_TRANSIT = "in_transit"
    ARRIVED = "arrived"
    TURNED_BACK = "turned_back"


class Move(msgspec.Struct, array_like=True):
    """Units on their way from one of a seller's locations to another; one value a row in the lists."""

    move: int
    seller: int
    source: int
    target: int
    listings: list[int]
    skus: list[int]
    quantities: list[int]
    reference: str
    sent_at: int
    status: MoveStatus = MoveStatus.IN_TRANSIT
    ended_at: int = 0
    arrived: list[int] = msgspec.field(default_factory=list)


class Moves:
    """Moves by number, from 1, and those that are still on their way."""

    name = "moves"
    kinds: frozenset[type[Event]] = frozenset({events.StockSent, events.StockArrived, events.StockTurnedBack})

    def __init__(self) -> None:
        self.version = 0
        self.moves: list[Move] = []
        self._derive()

    def _derive(self) -> None:
        self.of_seller: dict[int, list[int]] = {}
        self.under_way: set[int] = set()
        for move in self.moves:
            self._index(move)

    def _index(self, move: Move) -> None:
        self.of_seller.setdefault(move.seller, []).append(move.move)
        if move.status == MoveStatus.IN_TRANSIT:
            self.under_way.add(move.move)

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            match event:
                case events.StockSent():
                    assert event.move == len(self.moves) + 1, "Moves are numbered in the order of the log."
                    sent = Move(
                        event.move, event.seller, event.source, event.target, list(event.listings), list(event.skus),
                        list(event.quantities), event.reference, event.at,
                    )  # fmt: skip
                    self.moves.append(sent)
                    self._index(sent)
                case events.StockArrived():
                    self._end(event.move, MoveStatus.ARRIVED, event.at, list(event.quantities))
                case events.StockTurnedBack():
                    self._end(event.move, MoveStatus.TURNED_BACK, event.at, [])

    def _end(self, number: int, status: MoveStatus, at: int, arrived: list[int]) -> None:
        move = self.moves[number - 1]
        move.status, move.ended_at, move.arrived = status, at, arrived
        self.under_way.remove(number)

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything."""
        return {"moves": pack(self.moves)}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.moves = unpack(parts, "moves", list[Move])
        self._derive()
