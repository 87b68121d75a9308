"""A witness of a market: remembers what was sent and what was answered, and holds what is found afterwards against it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.cell import Answer, Answers
from caravan.flows import invariants
from caravan.flows.house import House
from caravan.trade.ledger import Kind
from tests.simulation.crash_child import Command, key_of

LOST, DIFFERENT, DOUBLED, OVERSOLD, UNBALANCED = "lost", "different", "doubled", "oversold", "unbalanced"


class Fault(NamedTuple):
    """A promise that was broken: which, and how it shows."""

    kind: str
    what: str


@dataclass
class Witness:
    """Commands by key, and the answers that their senders were given."""

    sent: dict[str, Command] = field(default_factory=dict)
    answered: dict[str, Answer] = field(default_factory=dict)

    @property
    def unanswered(self) -> dict[str, Command]:
        """Give what was sent and never answered: a sender would send it again."""
        return {name: command for name, command in self.sent.items() if name not in self.answered}

    @property
    def orders(self) -> int:
        """Count the orders that were acknowledged as placed."""
        return sum(self.sent[name][0] == "order" and said.status == 200 for name, said in self.answered.items())

    def note(self, name: str, answer: Answer) -> list[Fault]:
        """Remember an answer; a second one under the same key must be the first."""
        before = self.answered.setdefault(name, msgspec.structs.replace(answer, is_replayed=False))
        same = msgspec.structs.replace(answer, is_replayed=before.is_replayed)
        return [] if before == same else [Fault(DIFFERENT, f"{name} was answered {before}, and then {answer}.")]

    def faults(self, house: House, answers: Answers) -> list[Fault]:
        """Hold a house and the answers that it kept against all that was said."""
        kept = {name: answers.find(key_of(name, command)) for name, command in self.sent.items()}
        found = [Fault(LOST, f"{name} was acknowledged and is lost.") for name in self.answered if kept[name] is None]
        for name, answer in self.answered.items():
            again = kept[name]
            if again is not None and again != msgspec.structs.replace(answer, is_replayed=True):
                found.append(Fault(DIFFERENT, f"{name} was answered {answer}, and is kept as {again}."))
        done = {name: answer for name, answer in kept.items() if answer is not None and answer.status == 200}
        found += _orders(
            house, {int(said.body): name for name, said in done.items() if self._is_order(name)}, self.sent
        )
        found += _doubled_keys([int(said.body) for name, said in done.items() if self._is_order(name)])
        found += _sums(house, [self.sent[name] for name in done])
        found += _oversold(house, [self.sent[name] for name in done])
        return found + [Fault(UNBALANCED, finding) for finding in invariants.findings(house)]

    def _is_order(self, name: str) -> bool:
        return bool(self.sent[name][0] == "order")


def _doubled_keys(purchases: Sequence[int]) -> Iterator[Fault]:
    if len(set(purchases)) < len(purchases):
        yield Fault(DOUBLED, "Two keys became one purchase.")


def _orders(house: House, placed: dict[int, str], sent: dict[str, Command]) -> Iterator[Fault]:
    """Each purchase belongs to one key, and is what was asked under it."""
    for purchase in sorted(set(range(1, len(house.orders.purchases))) - set(placed)):
        yield Fault(DOUBLED, f"Purchase {purchase} belongs to no key: something had its effect twice.")
    for purchase, name in placed.items():
        _, buyer, lines = sent[name]
        if purchase >= len(house.orders.purchases):
            yield Fault(LOST, f"{name} became purchase {purchase}, which is not there.")
        elif house.orders.purchases.buyer[purchase] != buyer or lines_of(house, purchase) != sorted(map(tuple, lines)):
            yield Fault(DIFFERENT, f"Purchase {purchase} is not what {name} asked for.")


def _sums(house: House, commands: Sequence[Command]) -> Iterator[Fault]:
    """What came in and what was done adds up to the commands that were answered with success: no more, no less."""
    accounts, orders = house.ledger.accounts, house.orders.orders
    sums = {
        "money": (-accounts.posted[accounts.kind == Kind.PSP_CLEARING].sum(), _total(commands, "top_up")),
        "units": (-accounts.posted[accounts.kind == Kind.SUPPLIED].sum(), _total(commands, "stock")),
        "buyers": (len(house.identity.buyers) - 1, _count(commands, "register")),
        "cancelations": (np.count_nonzero(orders.canceled_at), _count(commands, "cancel")),
        "handovers": (np.count_nonzero(orders.fulfilled_at), _count(commands, "hand_over")),
        "parcels": (len(house.delivery.parcels) - 1, _count(commands, "hand_over")),
    }
    for name, (there, wanted) in sums.items():
        if there > wanted:
            yield Fault(DOUBLED, f"There are {there} {name}, the answers say {wanted}.")
        elif there < wanted:
            yield Fault(LOST, f"There are {there} {name}, the answers say {wanted}.")


def _oversold(house: House, commands: Sequence[Command]) -> Iterator[Fault]:
    """Of no listing more is sold than came in: counted from the orders, not from the ledger."""
    lines, orders = house.orders.lines, house.orders.orders
    is_sold = (lines.order > 0) & (orders.canceled_at[lines.order] == 0)
    for listing in np.unique(lines.listing[is_sold]).tolist():
        sold = int(lines.quantity[is_sold & (lines.listing == listing)].sum())
        came_in = sum(command[2] for command in commands if command[0] == "stock" and command[1] == listing)
        if sold > came_in:
            yield Fault(OVERSOLD, f"{sold} units of listing {listing} are sold, {came_in} came in.")


def lines_of(house: House, purchase: int) -> list[tuple[int, int]]:
    """Give the listings and quantities of a purchase, sorted."""
    lines = house.orders.lines
    chosen = np.flatnonzero(house.orders.orders.purchase[lines.order] == purchase)
    chosen = chosen[lines.order[chosen] > 0]
    return sorted(zip(lines.listing[chosen].tolist(), lines.quantity[chosen].tolist(), strict=True))


def _total(commands: Sequence[Command], verb: str) -> int:
    return sum(command[2] for command in commands if command[0] == verb)


def _count(commands: Sequence[Command], verb: str) -> int:
    return sum(command[0] == verb for command in commands)
