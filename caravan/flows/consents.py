"""Consents: what buyers allow and forbid, said by themselves, of each purpose that somebody here has."""

from typing import Literal, NamedTuple

import numpy as np

from caravan.cell import Decision
from caravan.flows.gathering import LOGIN_HERE
from caravan.flows.house import House, as_facts
from caravan.insight import oneid, profiles
from caravan.insight.oneid import Type
from caravan.insight.profiles import PERSONALIZATION, PURPOSES
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId

SOURCE = "account"
DIGEST = "digest"
"""Letters with suggestions: nobody is written to who has not allowed them."""
Stands = Literal["allowed", "forbidden", "unsaid"]


class Choice(NamedTuple):
    """Where a purpose stands for a buyer; `is_elsewhere` when somebody whom they may be forbade it, and not they."""

    purpose: str
    stands: Stands
    is_elsewhere: bool


class Saying(NamedTuple):
    """What a buyer says of a purpose."""

    buyer: BuyerId
    purpose: str
    is_granted: bool


def choices(house: House, buyer: BuyerId) -> list[Choice]:
    """Give every purpose that a buyer is known or looked for by here, and where it stands."""
    login = _login(house, buyer)
    said = {}
    if login:
        said = {one.purpose: one.is_granted for one in oneid.identity_of(house.oneid, login).consents}
    own = house.oneid.consents.get(login, {})
    looked_for = {one.purpose for one in profiles.segments(house.profiles)}
    others = sorted((looked_for | set(said)) - {*PURPOSES, DIGEST})
    return [
        Choice(
            purpose,
            "unsaid" if purpose not in said else "allowed" if said[purpose] else "forbidden",
            is_elsewhere=said.get(purpose) is False and (purpose not in own or own[purpose].is_granted),
        )
        for purpose in (*PURPOSES, DIGEST, *others)
    ]


def say_consent(house: House, saying: Saying, *, now: Instant) -> Decision:
    """Note what a buyer allows or forbids; give the buyer. It holds at once.

    What was forbidden by whomever they may be is left as it was said there, and wins: an e-mail address that somebody registers with
    need not be theirs. Refuses a purpose that nobody here has.
    """
    if saying.purpose not in {one.purpose for one in choices(house, saying.buyer)}:
        raise Invalid("Nobody here has this purpose.", field="purpose")
    seen = oneid.Observations(
        np.array([0, 1]), np.array([int(Type.LOGIN)]), np.array([int(saying.buyer)]), np.array([LOGIN_HERE]), [SOURCE]
    )
    facts, found = oneid.observe(house.oneid, seen, now=now)
    said = oneid.state_consent(
        house.oneid,
        identifier=int(found[0]),
        purpose=saying.purpose,
        is_granted=saying.is_granted,
        source=SOURCE,
        now=now,
    )
    return Decision([*facts, *as_facts(said)], lambda: saying.buyer)


def forbids_suggestions(house: House, buyer: BuyerId) -> bool:
    """Tell whether a buyer themselves said not to be followed; asked at every page, so it looks at nobody else."""
    if not buyer or not house.oneid.consents:
        return False
    said = house.oneid.consents.get(_login(house, buyer), {}).get(PERSONALIZATION)
    return said is not None and not said.is_granted


def _login(house: House, buyer: BuyerId) -> int:
    kinds, marks = np.array([int(Type.LOGIN)]), np.array([int(buyer)])
    return int(house.oneid.find(kinds, marks, np.array([LOGIN_HERE]))[0])
