"""Tests what buyers say of themselves: which purposes are asked, what holds at once, and where the strictest still wins."""

import numpy as np
import pytest

from caravan.flows import consents, identities, profiles
from caravan.flows.consents import Choice, Saying
from caravan.flows.profiles import Desk, NewSegment
from caravan.insight.oneid import Observations, Type
from caravan.insight.profiles import read_rule
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId
from tests.flows.market import Market

EVERYBODY = {"trait": "orders", "is": "at_least", "value": 0}


def say(market: Market, buyer: BuyerId, purpose: str, *, granted: bool) -> None:
    market.do(consents.say_consent, Saying(buyer, purpose, granted))


def stands(market: Market, buyer: BuyerId) -> dict[str, str]:
    return {one.purpose: one.stands for one in consents.choices(market.house, buyer)}


def count(market: Market, purpose: str, *, needs_consent: bool = False) -> int:
    return Desk(market.cell).count(read_rule(EVERYBODY), purpose, needs_consent=needs_consent).members


def known_elsewhere(market: Market, buyer: BuyerId) -> Observations:
    """Tie a buyer to a loyalty card; give the card."""
    kinds = np.array([int(Type.LOGIN), int(Type.LOYALTY_CARD)])
    market.many(
        identities.observe_together,
        Observations(np.array([0, 2]), kinds, np.array([buyer, 7]), np.array([1, 7]), ["till"]),
    )
    return Observations(np.array([0, 1]), kinds[1:], np.array([7]), np.array([7]), ["till"])


def test_purposes_are_those_of_every_market_and_of_its_segments(market: Market) -> None:
    buyer = market.buyer()
    market.do(profiles.set_segment, NewSegment("all", EVERYBODY, "news"))

    assert stands(market, buyer) == dict.fromkeys(("profiling", "personalization", "digest", "news"), "unsaid")
    with pytest.raises(Invalid, match="Nobody here"):
        say(market, buyer, "astrology", granted=True)


def test_what_is_said_holds_at_once_and_can_be_changed(market: Market) -> None:
    buyer, _ = market.buyer(), market.buyer()
    market.do(profiles.set_segment, NewSegment("all", EVERYBODY, "news"))

    say(market, buyer, "news", granted=False)
    assert (stands(market, buyer)["news"], count(market, "news"), count(market, "news", needs_consent=True)) == (
        "forbidden",
        1,
        0,
    )
    say(market, buyer, "news", granted=True)
    assert (stands(market, buyer)["news"], count(market, "news"), count(market, "news", needs_consent=True)) == (
        "allowed",
        2,
        1,
    )


def test_who_is_not_to_be_followed_is_known_at_every_page(market: Market) -> None:
    buyer, other = market.buyer(), market.buyer()

    assert not consents.forbids_suggestions(market.house, buyer)
    say(market, buyer, "personalization", granted=False)
    assert consents.forbids_suggestions(market.house, buyer)
    assert not consents.forbids_suggestions(market.house, other)
    assert not consents.forbids_suggestions(market.house, BuyerId(0))
    say(market, buyer, "personalization", granted=True)
    assert not consents.forbids_suggestions(market.house, buyer)


def test_what_somebody_else_forbade_who_may_be_them_wins_and_is_told(market: Market) -> None:
    buyer = market.buyer()
    card = known_elsewhere(market, buyer)
    market.do(identities.state_consent, identities.NewConsent(card, "news", is_granted=False))

    say(market, buyer, "news", granted=True)
    assert consents.choices(market.house, buyer)[-1] == Choice("news", "forbidden", is_elsewhere=True)
    say(market, buyer, "news", granted=False)
    assert consents.choices(market.house, buyer)[-1] == Choice("news", "forbidden", is_elsewhere=False)
