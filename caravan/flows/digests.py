"""Digests: which buyers may be written a letter with suggestions, by what they themselves said."""

from typing import NamedTuple

import numpy as np

from caravan.flows import consents
from caravan.flows.gathering import LOGIN_HERE
from caravan.flows.house import House
from caravan.insight import identity
from caravan.insight.oneid import Type
from caravan.kernel.ids import BuyerId

BUYERS_READ_MAX = 20_000
"""So many buyers are looked at in one request."""


class Recipients(NamedTuple):
    """Buyers who said yes to letters, and the buyer that was looked at last; `is_all` when there are none behind."""

    buyers: list[identity.Buyer]
    last: int
    is_all: bool


def recipients(house: House, after: int, limit: int) -> Recipients:
    """Give the next buyers who allowed letters and did not forbid to be suggested to; nobody who has not said yes."""
    count = len(house.identity.buyers)
    wanted = np.arange(after + 1, min(after + 1 + BUYERS_READ_MAX, count), dtype=np.int64)
    if not len(wanted):
        return Recipients([], after, is_all=True)
    kinds, sources = np.full(len(wanted), int(Type.LOGIN)), np.full(len(wanted), LOGIN_HERE)
    logins = house.oneid.find(kinds, wanted, sources)
    found: list[identity.Buyer] = []
    for buyer, login in zip(wanted.tolist(), logins.tolist(), strict=True):
        said = house.oneid.consents.get(login, {}).get(consents.DIGEST)
        if said is not None and said.is_granted and _may_write(house, BuyerId(buyer)):
            found.append(house.identity.buyers[buyer])
            if len(found) == limit:
                return Recipients(found, buyer, is_all=buyer + 1 >= count)
    last = int(wanted[-1])
    return Recipients(found, last, is_all=last + 1 >= count)


def _may_write(house: House, buyer: BuyerId) -> bool:
    stands = {one.purpose: one.stands for one in consents.choices(house, buyer)}
    return stands[consents.DIGEST] == "allowed" and not consents.forbids_suggestions(house, buyer)
