"""Tests the stories of profiles: what is known of a person, segments as facts arrive, what is forbidden, being forgotten."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from caravan.adapters.memory import MemoryLog
from caravan.cell import Decision, Snapshots
from caravan.flows import identities, people, profiles
from caravan.flows.house import House, as_facts
from caravan.flows.profiles import Desk, NewSegment, Profile
from caravan.insight import oneid
from caravan.insight import profiles as portraits
from caravan.insight.discovery import Tastes
from caravan.insight.discovery.tastes import Owner, Taste
from caravan.insight.oneid import Observations, Type
from caravan.insight.profiles import Forecast, read_rule
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId
from tests.flows.market import EUR, Market

LEARNED = Forecast(0.243, 30.0, 0.793, 2.426, 6.25, 3.74, 1_544.0, EUR, 0.9, 0.93, 1_000, 0)
BUYS = {"trait": "orders", "is": "at_least", "value": 1}


def desk(market: Market, tastes: Tastes | None = None) -> Desk:
    return Desk(market.cell, lambda: tastes)


def mark(number: int) -> bytes:
    return number.to_bytes(16, "big")


def value(profile: Profile, name: str) -> object:
    return next(one.value for one in profile.traits if one.trait.name == name)


def login(buyer: int) -> Observations:
    return Observations(np.array([0, 1]), np.array([int(Type.LOGIN)]), np.array([buyer]), np.array([1]), ["form"])


def tie(market: Market, left: int, right: int) -> None:
    """Say that two buyers are one person, in a market that lets one person have two logins."""

    def allow_two(_: House, limits: tuple[int, ...], *, now: Instant) -> Decision:
        return Decision(as_facts(oneid.set_protection(limits, now=now)))

    market.do(allow_two, (0, 2, *oneid.LIMITS[2:]))
    seen = Observations(
        np.array([0, 2]), np.full(2, int(Type.LOGIN)), np.array([left, right]), np.array([1, 1]), ["counter"]
    )
    market.many(identities.observe_together, seen)


def forbid(market: Market, buyer: int, purpose: str, *, is_granted: bool = False) -> None:
    market.do(identities.state_consent, identities.NewConsent(login(buyer), purpose, is_granted))


def count(
    desk: Desk, rule: object = BUYS, purpose: str = "news", *, needs_consent: bool = False
) -> tuple[int, int, int]:
    found = desk.count(read_rule(rule), purpose, needs_consent=needs_consent)
    return found.matched, found.left_out, found.members


def segment(market: Market, rule: object = BUYS, *, name: str = "buyers") -> portraits.Segment:
    number = market.do(profiles.set_segment, NewSegment(name, rule, "news"))
    assert isinstance(number, int)
    return portraits.segment_of(market.house.profiles, number)


def test_two_buyers_of_one_identity_are_one_person_with_the_orders_of_both(market: Market) -> None:
    listing = market.listing(market.seller(), price=1_000, category="Mugs")
    one, two = market.buyer(email=mark(1)), market.buyer(email=mark(2))
    tie(market, one, two)
    market.buy(one, (listing, 1))
    market.days_pass(10)
    market.buy(two, (listing, 2))

    found, other = desk(market).person(buyer=one), desk(market).person(buyer=two)

    assert found == other
    assert found.buyers == (one, two)
    assert (value(found, "orders"), value(found, "value"), value(found, "interval")) == (2, 3_000, 10)
    assert (value(found, "favorite_category"), value(found, "country")) == ("Mugs", "PT")
    assert value(found, "units") == ("this market",)
    assert desk(market).person(identity=found.identity) == found
    assert count(desk(market)) == (1, 0, 1)


def test_a_split_gives_each_buyer_their_own_profile_back(market: Market) -> None:
    listing = market.listing(market.seller(), price=1_000)
    one, two = market.buyer(email=mark(1)), market.buyer(email=mark(2))
    market.buy(one, (listing, 1))
    tie(market, one, two)
    assert count(desk(market)) == (1, 0, 1)
    tied = int(np.flatnonzero(market.house.oneid.ties.layer == 1)[-1])

    market.do(identities.split_identity, identities.Split((tied,), "a mistake"))

    assert value(desk(market).person(buyer=one), "orders") == 1
    assert value(desk(market).person(buyer=two), "orders") == 0


def test_a_canceled_order_and_a_refund_change_traits_at_once(market: Market) -> None:
    listing = market.listing(market.seller(), price=1_000)
    buyer, asked = market.buyer(), desk(market)
    market.buy(buyer, (listing, 2))
    market.buy(buyer, (listing, 1))
    market.cancel(2, buyer=buyer)
    market.deliver(1)
    market.take_back(1, refund=1_000)

    found = asked.person(buyer=buyer)

    assert (value(found, "orders"), value(found, "value"), value(found, "canceled")) == (1, 1_000, 0.5)
    assert value(found, "refunded") == 0.5
    assert found.orders == 2
    assert found.identity == 0


def test_a_segment_follows_the_facts_and_tells_who_came_and_went(market: Market) -> None:
    listing = market.listing(market.seller(), price=1_000)
    one, two, asked = market.buyer(), market.buyer(), desk(market)
    buyers = segment(market)
    market.buy(one, (listing, 1))

    first = asked.changes(buyers, "", limit=10)
    market.buy(two, (listing, 1))
    market.cancel(1, buyer=one)
    second = asked.changes(buyers, first.stamp, limit=10)
    third = asked.changes(buyers, second.stamp, limit=10)

    assert (first.is_reset, first.changes) == (True, [profiles.Change(-one, has_entered=True)])
    assert second.changes == [profiles.Change(-one, has_entered=False), profiles.Change(-two, has_entered=True)]
    assert (second.is_reset, second.has_more) == (False, False)
    assert (third.changes, third.stamp) == ([], second.stamp)


def test_changes_come_in_parts_follow_a_new_rule_and_an_old_stamp_begins_anew(market: Market) -> None:
    listing = market.listing(market.seller(), price=1_000)
    asked, buyers = desk(market), segment(market)
    everybody = [market.buyer() for _ in range(5)]
    for buyer in everybody:
        market.buy(buyer, (listing, 1))

    seen: set[int] = set()
    part = asked.changes(buyers, "gone", limit=2)
    assert part.is_reset
    seen.update(one.key for one in part.changes)
    while part.has_more:
        part = asked.changes(buyers, part.stamp, limit=2)
        assert not part.is_reset
        seen.update(one.key for one in part.changes)
    stricter = segment(market, {"trait": "orders", "is": "at_least", "value": 2})

    assert seen == {-buyer for buyer in everybody}
    assert len(asked.changes(stricter, part.stamp, limit=9).changes) == 5
    for _ in range(profiles.STAMPS_MAX):
        asked.changes(stricter, "", limit=1)
    assert asked.changes(stricter, part.stamp, limit=9).is_reset


def test_whoever_forbade_the_purpose_is_left_out_and_counted_and_a_wanted_consent_is_waited_for(market: Market) -> None:
    listing = market.listing(market.seller(), price=1_000)
    asked = desk(market)
    one, two = market.buyer(email=mark(1)), market.buyer(email=mark(2))
    for buyer in (one, two, market.buyer()):
        market.buy(buyer, (listing, 1))
    forbid(market, one, "news")
    forbid(market, two, "news", is_granted=True)

    assert count(asked) == (3, 1, 2)
    assert count(asked, purpose="other") == (3, 0, 3)
    assert count(asked, needs_consent=True) == (3, 2, 1)


def test_who_forbids_profiling_is_not_estimated(market: Market) -> None:
    listing = market.listing(market.seller(), price=1_000)
    buyer, asked = market.buyer(email=mark(1)), desk(market)
    market.buy(buyer, (listing, 1))
    assert value(asked.person(buyer=buyer), "expected_orders") is None
    market.do(profiles.take_forecast, LEARNED)
    told = {one.trait.name: one for one in asked.person(buyer=buyer).traits}["expected_value"]
    assert told.value is not None
    assert told.low is not None
    assert told.high is not None
    assert asked.person(buyer=buyer).level == 0.9

    forbid(market, buyer, "profiling")

    assert value(asked.person(buyer=buyer), "expected_orders") is None
    assert count(asked, {"trait": "expected_orders", "is": "known"}) == (0, 0, 0)
    orders, unit = profiles.history(market.house)
    assert (len(orders.who), unit) == (0, EUR)


def test_looks_are_in_a_profile_unless_personalization_was_forbidden(market: Market) -> None:
    buyer, tastes = market.buyer(email=mark(1)), Tastes()
    now = market.clock.now()
    tastes.visitors[b"v"] = Taste(at=now, recent=[3, 4])
    tastes.buyers[buyer] = Owner(visitors={b"v"})
    asked = desk(market, tastes)

    found = asked.person(buyer=buyer)
    assert value(found, "last_look") == 0
    assert value(found, "looks") == ("prd_000000000003", "prd_000000000004")
    assert count(asked, {"trait": "last_look", "is": "at_most", "value": 1}) == (1, 0, 1)
    forbid(market, buyer, "personalization")
    assert value(asked.person(buyer=buyer), "looks") is None
    assert count(asked, {"trait": "last_look", "is": "known"}) == (0, 0, 0)


@pytest.mark.parametrize("way", ["buyer", "identity", "guest"])
def test_the_forgotten_have_no_profile_and_are_in_no_segment_at_once(market: Market, way: str) -> None:
    listing = market.listing(market.seller(), price=1_000)
    gone, stays, asked = (
        market.buyer(email=b"" if way == "guest" else mark(1)),
        market.buyer(email=mark(2)),
        desk(market),
    )
    for buyer in (gone, stays):
        market.buy(buyer, (listing, 1))
    buyers = segment(market)
    stamp = asked.changes(buyers, "", limit=10).stamp
    key = identities.buyer_identity(market.house, BuyerId(gone))
    asked._took_s = 1e9  # Even where the crowd is not looked at anew for long.

    if way == "identity":
        market.do(identities.forget_identity, key)
    else:
        market.do(people.forget_buyer, gone)

    with pytest.raises(NotFound):
        asked.person(buyer=gone)
    assert count(asked) == (1, 0, 1)
    left = asked.changes(buyers, stamp, limit=10).changes
    assert left == [profiles.Change(key or -gone, has_entered=False)]
    asked._took_s = 0.0
    assert count(asked) == (1, 0, 1)
    assert count(desk(market)) == (1, 0, 1)


def test_nobody_is_refused(market: Market) -> None:
    for buyer, identity in ((7, 0), (0, 7), (-1, 0)):
        with pytest.raises(NotFound):
            desk(market).person(buyer=buyer, identity=identity)
    assert count(desk(market)) == (0, 0, 0)


def test_members_come_in_the_order_of_their_keys(market: Market) -> None:
    listing = market.listing(market.seller(), price=1_000)
    asked, buyers = desk(market), segment(market)
    guest, named = market.buyer(), market.buyer(email=mark(1))
    for buyer in (guest, named):
        market.buy(buyer, (listing, 1))

    found = asked.members(buyers)
    identity = identities.buyer_identity(market.house, BuyerId(named))

    everybody = asked.in_groups(found, after=None, limit=5)
    assert everybody == [profiles.Member(0, (guest,)), profiles.Member(identity, (named,))]
    assert asked.in_groups(found, after=-guest, limit=5) == everybody[1:]


def test_segments_and_the_forgotten_outlive_a_restart(tmp_path: Path) -> None:
    market = Market(log=MemoryLog(), snapshots=Snapshots(tmp_path, shape="test"))
    market.open()
    buyer = market.buyer()
    segment(market)
    market.do(profiles.drop_segment, segment(market, name="other").segment)
    market.do(people.forget_buyer, buyer)
    market.cell.snapshot()
    market.restart()

    assert [one.name for one in portraits.segments(market.house.profiles)] == ["buyers"]
    assert msgspec.json.decode(market.house.profiles.segments[1].rule) == BUYS
    assert market.house.profiles.forgotten == {buyer}
    market.close()


def test_a_kept_record_of_another_system_is_a_unit_of_whom_it_is_tied_to(market: Market) -> None:
    buyer = market.buyer(email=mark(1))
    seen = Observations(
        np.array([0, 2]), np.array([int(Type.RECORD), int(Type.LOGIN)]), np.array([5, buyer]), np.array([5, 1]), ["crm"]
    )
    market.do(identities.keep_records, identities.NewRecords(seen, (b"sealed",)))

    assert value(desk(market).person(buyer=buyer), "units") == ("crm", "this market")
    assert count(desk(market), {"trait": "units", "is": "one_of", "value": "crm"}) == (1, 0, 1)
    assert oneid.allows(market.house.oneid, 1, "news") is False
