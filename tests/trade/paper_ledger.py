"""A ledger on paper: slow, obvious, in dicts of plain integers, to hold the compiled one against."""

import copy
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

AMOUNT_MAX = 10**15
BALANCE_MAX = 4 * 10**18


class Mode(Enum):
    """How a leg changes its account."""

    POST = "post"
    HOLD = "hold"
    POST_HELD = "post_held"
    VOID = "void"


class Leg(NamedTuple):
    """One line of an entry; `hold` says which hold is posted or voided."""

    mode: Mode
    account: int
    amount: int
    hold: int = 0


@dataclass
class Account:
    """What is known of an account; `measure` is what it is counted in."""

    measure: object
    floor: int | None
    posted: int = 0
    held: int = 0


@dataclass
class Hold:
    """What is known of a hold."""

    account: int
    remaining: int
    expires_at: int


class PaperLedger:
    """Accounts and holds by number from 1."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.holds: dict[int, Hold] = {}
        self.entries = 0

    def record(self, legs: list[Leg], *, at: int, expires_at: int) -> tuple[str, int]:
        """Record an entry whole or not at all; give why not ("" when it is recorded) and the account at fault."""
        why, culprit = self._impossible(legs, at)
        if why:
            return why, culprit
        before = copy.deepcopy((self.accounts, self.holds))
        for leg in legs:
            self._change(leg, expires_at)
        why, culprit = self._broken(legs)
        if why:
            self.accounts, self.holds = before
            return why, culprit
        self.entries += 1
        return "", 0

    def _impossible(self, legs: list[Leg], at: int) -> tuple[str, int]:
        for leg in legs:
            why = self._impossible_leg(leg, at)
            if why:
                return why, leg.account
        for leg in legs:
            if leg.mode in {Mode.POST, Mode.POST_HELD} and self._sum_like(leg, legs) != 0:
                return "unbalanced", leg.account
        return "", 0

    def _impossible_leg(self, leg: Leg, at: int) -> str:
        if leg.account not in self.accounts:
            return "no_account"
        if abs(leg.amount) > AMOUNT_MAX or (leg.mode != Mode.POST and leg.amount <= 0):
            return "out_of_range"
        if leg.mode not in {Mode.POST_HELD, Mode.VOID}:
            return ""
        hold = self.holds.get(leg.hold)
        if hold is None or hold.account != leg.account:
            return "hold_closed"
        has_expired = hold.expires_at != 0 and hold.expires_at <= at
        return "hold_expired" if leg.mode == Mode.POST_HELD and has_expired else ""

    def _sum_like(self, leg: Leg, legs: list[Leg]) -> int:
        measure = self.accounts[leg.account].measure
        alike = [other for other in legs if self.accounts[other.account].measure == measure]
        posted = sum(other.amount for other in alike if other.mode == Mode.POST)
        return posted - sum(other.amount for other in alike if other.mode == Mode.POST_HELD)

    def _change(self, leg: Leg, expires_at: int) -> None:
        account = self.accounts[leg.account]
        if leg.mode == Mode.POST:
            account.posted += leg.amount
        elif leg.mode == Mode.HOLD:
            account.held += leg.amount
            self.holds[len(self.holds) + 1] = Hold(leg.account, leg.amount, expires_at)
        else:
            account.held -= leg.amount
            self.holds[leg.hold].remaining -= leg.amount
            if leg.mode == Mode.POST_HELD:
                account.posted -= leg.amount

    def _broken(self, legs: list[Leg]) -> tuple[str, int]:
        for leg in legs:
            account = self.accounts[leg.account]
            if leg.mode in {Mode.POST_HELD, Mode.VOID} and self.holds[leg.hold].remaining < 0:
                return "hold_closed", leg.account
            takes = leg.mode == Mode.HOLD or (leg.mode == Mode.POST and leg.amount < 0)
            floor = -BALANCE_MAX if account.floor is None else account.floor
            if takes and account.posted - account.held < floor:
                return "below_floor", leg.account
            if abs(account.posted) > BALANCE_MAX or account.held > BALANCE_MAX:
                return "out_of_range", leg.account
        return "", 0
