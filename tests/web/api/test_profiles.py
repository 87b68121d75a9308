"""Tests profiles and segments over HTTP, through the client: what is known, counted, listed, followed, and by whom."""

import csv
import io
from typing import Any

import pytest

from caravan.client import Client, Refused, wire
from tests.web.api.rig import Rig, Shopper, euro

MANY = {"trait": "orders", "is": "at_least", "value": 2}
LEARNED = {"r": 0.24, "alpha": 30.0, "a": 0.8, "b": 2.4, "p": 6.2, "q": 3.7, "v": 1544.0}


@pytest.fixture(scope="module")
def shoppers(rig: Rig) -> list[Shopper]:
    """Let three people buy once, twice and three times."""
    trader = rig.seller()
    listing = trader.offer(1_000, units=50)
    people = rig.buyers(3, 100_000)
    for count, one in enumerate(people, 1):
        for _ in range(count):
            buy(one, listing, 1_000)
    return people


def buy(one: Shopper, listing: str, cents: int) -> None:
    with one.client as client:
        client.place_order({listing: 1}, address=one.address, expected_total=euro(cents))


def value(profile: wire.Profile, trait: str) -> object:
    return next(one.value for one in profile.traits if one.name == trait)


def new(rule: dict[str, Any] | None = None, called: str = "loyal", **other: Any) -> wire.NewSegment:  # noqa: ANN401
    return wire.NewSegment(name=called, rule=rule or MANY, **{"purpose": "news", **other})


def test_a_profile_is_shown_to_the_operator_and_to_the_person_without_comparisons(
    rig: Rig, shoppers: list[Shopper]
) -> None:
    with rig.client("operator") as operator, rig.client("buyer", shoppers[1].number) as client:
        known, own = operator.profile(shoppers[1].id), client.profile()

        assert (value(known, "orders"), value(known, "value")) == (2, 2_000)
        assert {one.name for one in known.traits} - {one.name for one in own.traits} == {"price_band"}
        assert all(one.sources and one.kept_days for one in own.traits)
        assert known.identity is not None
        assert operator.profile(known.identity).traits == known.traits
        with pytest.raises(Refused) as told:
            operator.profile("buy_00000000ZZZZ")
        assert told.value.refusal == "not_found"


def test_a_rule_is_counted_before_it_is_saved_and_a_wrong_one_says_where_and_how(
    rig: Rig, shoppers: list[Shopper]
) -> None:
    with rig.client("operator") as operator:
        counted = operator.count_segment(wire.SegmentQuestion(rule=MANY, purpose="news"))
        assert (counted.members, counted.left_out) == (2, 0)
        assert counted.people >= len(shoppers)
        assert operator.segments() == []
        with pytest.raises(Refused) as told:
            operator.count_segment(wire.SegmentQuestion(rule={"all": [{"trait": "shoes"}]}, purpose="news"))
    assert told.value.refusal == "wrong_rule"
    assert told.value.details["at"] == "rule/all/0/trait"
    assert "orders" in str(told.value.details["cure"])


def test_a_segment_is_set_listed_exported_and_dropped(rig: Rig, shoppers: list[Shopper]) -> None:
    with rig.client("operator") as operator:
        made = operator.set_segment(new())
        assert operator.segment(made.id).count.members == 2
        assert [one.name for one in operator.segments()] == ["loyal"]
        members = list(operator.segment_members(made.id, limit=1))
        assert {one.buyers[0] for one in members} == {one.id for one in shoppers[1:]}

        table = operator.segment_table(made.id)

        assert sorted(table.column("orders").to_pylist()) == [2, 3]
        said = rig.http(rig.token("operator")).get(f"/v1/segments/{made.id}/members?format=csv")
        rows = list(csv.DictReader(io.StringIO(said.text)))
        assert said.headers["content-type"].startswith("text/csv")
        assert {row["buyer"] for row in rows} == set(table.column("buyer").to_pylist())
        operator.drop_segment(made.id)
        with pytest.raises(Refused):
            operator.segment(made.id)


def test_a_segment_is_followed_by_its_cursor(rig: Rig, shoppers: list[Shopper]) -> None:
    with rig.client("operator") as operator:
        made = operator.set_segment(new(called="followed"))
        first = operator.segment_changes(made.id)
        assert first.is_reset
        assert len(first.data) == 2
        buy(shoppers[0], rig.seller().offer(500, units=5), 500)

        news = operator.segment_changes(made.id, first.next)

        assert [one.has_entered for one in news.data] == [True]
        assert not news.is_reset
        assert operator.segment_changes(made.id, news.next).data == []
        operator.drop_segment(made.id)


@pytest.mark.parametrize("wrong", [{"name": "Not So"}, {"purpose": "  "}])
def test_a_segment_without_name_or_purpose_is_refused(rig: Rig, wrong: dict[str, str]) -> None:
    told: dict[str, Any] = {"name": "x", "rule": MANY, "purpose": "news"} | wrong
    with rig.client("operator") as operator, pytest.raises(Refused) as refused:
        operator.set_segment(wire.NewSegment(**told))
    assert refused.value.refusal == "invalid"


def test_a_forecast_is_taken_up_and_shown_with_its_coverage(rig: Rig, shoppers: list[Shopper]) -> None:
    with rig.client("operator") as operator:
        assert operator.traits().forecast is None
        told = operator.set_forecast(wire.NewForecast(**LEARNED, currency="EUR", level=0.95, covered=0.93, buyers=900))
        assert told.forecast is not None
        assert (told.forecast.level, told.forecast.covered) == (0.95, 0.93)
        found = operator.profile(shoppers[2].id)
        assert found.level == 0.95
        expected = next(one for one in found.traits if one.name == "expected_orders")
        assert expected.low is not None
        assert isinstance(expected.value, float)
        with pytest.raises(Refused):
            operator.set_forecast(
                wire.NewForecast(**(LEARNED | {"r": 0.0}), currency="EUR", level=0.9, covered=0.9, buyers=1)
            )


def test_whoever_is_forgotten_has_no_profile(rig: Rig) -> None:
    (one,) = rig.buyers(1)
    with rig.client("operator") as operator, rig.client("buyer", one.number) as client:
        assert operator.profile(one.id).orders_read == 0
        client.forget_me()
        with pytest.raises(Refused) as told:
            operator.profile(one.id)
        assert told.value.refusal == "not_found"


def ask_all(client: Client, buyer: str) -> list[Any]:
    return [
        lambda: client.profile(buyer), client.traits, client.segments, lambda: client.set_segment(new()),
        lambda: client.count_segment(wire.SegmentQuestion(rule=MANY, purpose="news")),
    ]  # fmt: skip


@pytest.mark.parametrize("audience", ["buyer", "seller"])
def test_nobody_but_the_operator_sees_others_or_segments(rig: Rig, audience: str) -> None:
    other = rig.buyers(1)[0]
    number = rig.buyers(1)[0].number if audience == "buyer" else rig.seller().number
    with rig.client(audience, number) as client:
        for ask in ask_all(client, other.id):
            with pytest.raises(Refused) as told:
                ask()
            assert told.value.refusal in {"wrong_audience", "missing_scope"}


def test_a_buyer_says_what_they_allow_and_suggestions_follow(rig: Rig) -> None:
    shopper, trader = rig.buyer(), rig.seller()
    product = trader.client.listing(trader.offer(900, units=5, title="Lamp")).product
    with shopper.client as client:
        assert {one.purpose: one.stands for one in client.consents()}["personalization"] == "unsaid"
        said = client.say_consent("personalization", granted=False)
        noted = client.note_signals(
            wire.NewSignals(visitor="v" * 32, signals=[wire.NewSignal(product=product, signal="viewed")])
        )

        assert next(one for one in said if one.purpose == "personalization").stands == "forbidden"
        assert noted.noted == 0
        assert client.say_consent("personalization", granted=True)[1].stands == "allowed"
        with pytest.raises(Refused, match="Nobody here"):
            client.say_consent("stars", granted=True)
