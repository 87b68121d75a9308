"""Tests recommendations through the door: the next answer knows of the last look, rules hold, and what is sold out is not shown."""

import time

import numpy as np
import pytest

from caravan.bootstrap import skills_of
from caravan.cell import forest
from caravan.client import Client, wire
from caravan.client.sending import Refused
from caravan.insight import discovery
from caravan.insight.discovery import BLEND, linear
from caravan.insight.discovery.sequence import fresh
from caravan.insight.discovery.trained import assemble
from tests.web.api.rig import Rig, euro

pytestmark = pytest.mark.timeout(900)  # The kernels may have to be compiled first.
VISITOR = "a visitor of the tests"


@pytest.fixture(scope="module")
def products(rig: Rig) -> list[str]:
    rig.caravan.advice.warm()
    return rig.things(10)


def look(client: Client, visitor: str, *products: str) -> None:
    client.note_signals(
        wire.NewSignals(visitor=visitor, signals=[wire.NewSignal(product=one, signal="viewed") for one in products])
    )


def test_the_first_visitor_gets_something_that_can_be_bought(rig: Rig, products: list[str]) -> None:
    answer = rig.client().recommendations(limit=5)

    assert answer.version == BLEND
    assert len(answer.data) == 5
    assert {one.id for one in answer.data} <= set(products)


def test_the_next_answer_knows_of_the_last_look(rig: Rig, products: list[str]) -> None:
    client = rig.client()
    look(client, "somebody else here", *products[:3])

    look(client, VISITOR, products[0])
    answer = client.recommendations(visitor=VISITOR)

    told = {one.id: (one.why, one.because) for one in answer.data}
    assert told[products[1]] == ("looked_at_together", products[0])


def test_the_next_answer_knows_nothing_of_a_look_that_ended_at_once(rig: Rig, products: list[str]) -> None:
    client, visitor = rig.client(), "one who is gone at once"
    look(client, "somebody else there", *products[7:10])
    look(client, visitor, products[7])
    before = client.recommendations(visitor=visitor).data

    left = wire.NewSignal(product=products[7], signal="left", dwell_ms=400)
    noted = client.note_signals(wire.NewSignals(visitor=visitor, signals=[left])).noted
    after = client.recommendations(visitor=visitor).data

    assert noted == 1
    assert {one.id: one.why for one in before}[products[7]] == "you_looked_at_it"
    assert {one.why for one in after} <= {"wanted_now", "new"}


@pytest.mark.parametrize(("signal", "dwell_ms"), [("left", None), ("viewed", 1), ("left", -1), ("left", 3_600_001)])
def test_a_look_that_ends_says_how_long_it_was_and_nothing_else_does(
    rig: Rig, products: list[str], signal: str, dwell_ms: int | None
) -> None:
    new = wire.NewSignal(product=products[0], signal=signal, dwell_ms=dwell_ms)  # type: ignore[arg-type]

    with pytest.raises(Refused):
        rig.client().note_signals(wire.NewSignals(visitor=VISITOR, signals=[new]))


def test_without_consent_nothing_is_noted(rig: Rig, products: list[str]) -> None:
    signals = [wire.NewSignal(product=products[0], signal="viewed")]

    noted = rig.client().note_signals(wire.NewSignals(visitor=VISITOR, signals=signals, has_consent=False))

    assert noted.noted == 0


def test_a_product_is_never_recommended_beside_itself(rig: Rig, products: list[str]) -> None:
    answer = rig.client().recommendations("also_bought", product=products[2], limit=50)

    assert products[2] not in {one.id for one in answer.data}


def test_a_surface_about_a_product_wants_one(rig: Rig, products: list[str]) -> None:
    assert products
    with pytest.raises(Refused, match="name it"):
        rig.client().recommendations("goes_with")


def test_an_unknown_product_is_refused(rig: Rig, products: list[str]) -> None:
    assert products
    with pytest.raises(Refused):
        look(rig.client(), VISITOR, "prd_000000000ZZZ")
    with pytest.raises(Refused):
        rig.client().recommendations("also_bought", product="prd_000000000ZZZ")


def test_a_rule_holds_from_the_next_answer_on_until_it_is_lifted(rig: Rig, products: list[str]) -> None:
    operator = rig.operator
    operator.set_recommendation_rule(wire.NewRule(rule="first", effect="pin", target="product", key=products[4]))
    pinned = rig.client().recommendations().data[0]
    assert [one.rule for one in operator.recommendation_rules()] == ["first"]

    operator.lift_recommendation_rule("first")

    assert (pinned.id, pinned.why) == (products[4], "picked")
    assert operator.recommendation_rules() == []


def test_a_rule_weighs_a_part_of_what_products_are_worth(rig: Rig, products: list[str]) -> None:
    assert products
    operator = rig.operator
    new = wire.NewRule(rule="fees", effect="weigh", target="margin", weight=0.5, surface="home", days=1)

    made = operator.set_recommendation_rule(new)
    (found,) = operator.recommendation_rules()
    rig.client().recommendations()
    operator.lift_recommendation_rule("fees")

    assert (made.effect, made.target, made.key, made.weight, made.boost) == ("weigh", "margin", "", 0.5, 1.0)
    assert found == made
    assert made.ends_at is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"effect": "weigh", "target": "margin"},
        {"effect": "weigh", "target": "product", "weight": 1.0},
        {"effect": "weigh", "target": "margin", "weight": 1.0, "key": "x"},
        {"effect": "boost", "target": "margin", "key": "x"},
        {"effect": "boost", "target": "category", "key": "Things", "weight": 1.0},
        {"effect": "boost", "target": "category"},
    ],
)  # fmt: skip
def test_a_rule_that_weighs_and_one_that_raises_are_not_mixed(
    rig: Rig, products: list[str], wrong: dict[str, str]
) -> None:
    assert products
    with pytest.raises(Refused):
        rig.operator.set_recommendation_rule(wire.NewRule(rule="mixed", **wrong))  # type: ignore[arg-type]

    assert rig.operator.recommendation_rules() == []


def test_only_the_operator_sets_rules(rig: Rig, products: list[str]) -> None:
    new = wire.NewRule(rule="mine", effect="pin", target="product", key=products[4])

    with pytest.raises(Refused):
        rig.client().set_recommendation_rule(new)


def test_what_was_bought_together_goes_together(rig: Rig, products: list[str]) -> None:
    shown = [rig.client().product(one) for one in products[5:7]]
    buyer = rig.buyer(cents=10_000)
    buyer.client.place_order({one.offers[0].listing: 1 for one in shown}, buyer.address, euro(2_000))

    first = rig.client().recommendations("goes_with", product=products[5]).data[0]

    assert (first.id, first.why, first.because) == (products[6], "bought_together", products[5])


def test_the_hold_out_is_drawn_and_sees_the_same_as_everybody(rig: Rig, products: list[str]) -> None:
    operator, client = rig.operator, rig.client()
    look(client, "another shopper", *products[:3])
    assert operator.draw_hold_out(50).share_percent == 50

    answers = {
        name: client.recommendations(visitor=name).version for name in (f"shopper {number}" for number in range(40))
    }
    look(client, "another shopper", products[0])  # Behind it, every list that was shown is durable.
    proof = operator.recommendation_proof()
    operator.draw_hold_out(0)

    held = sum(version == "hold-out" for version in answers.values())
    assert 5 < held < 35
    assert (proof.share_percent, proof.people) == (50.0, 41)
    assert proof.people_held_out - held in {0, 1}
    assert proof.effects == []


def test_a_hold_out_of_most_visitors_is_refused(rig: Rig) -> None:
    with pytest.raises(Refused):
        rig.operator.draw_hold_out(51)


def learned(rig: Rig, seed: int) -> str:
    """Keep a version that knows nothing, and give its name."""
    dice = np.random.default_rng(seed)
    made = assemble(fresh(40, dice), linear.none(), forest.none(), looks=0, rng=dice)
    skills_of(rig.caravan.settings).save(made, {})
    return made.version


def test_two_versions_draft_lists_whose_clicks_are_credited_until_it_is_ended(rig: Rig, products: list[str]) -> None:
    assert len(products) > 6
    operator, client, version = rig.operator, rig.client(), learned(rig, 1)
    begun = operator.compare_version(wire.NewComparison(about="lists", version=version, share_percent=100))
    time.sleep(1.1)  # A running Caravan takes a comparison up within a second.

    shown = client.recommendations(visitor="one who compares", limit=6)
    click = wire.NewSignal(product=shown.data[0].id, signal="clicked", surface="home", position=0)
    client.note_signals(wire.NewSignals(visitor="one who compares", signals=[click]))
    (told,) = operator.comparisons()
    operator.end_comparison("lists")

    assert (begun.champion, begun.challenger, begun.verdict) == ("", version, "open")
    assert shown.version == f"{BLEND}~{version}"
    assert len({one.id for one in shown.data}) == 6
    assert (told.lists, told.clicks_champion + told.clicks_challenger) == (1, 1)
    assert operator.comparisons() == []
    assert client.recommendations(visitor="one who compares").version in {BLEND, shown.version}


def test_the_challenger_is_promoted_in_one_request_and_no_champion_is_compared_with_itself(
    rig: Rig, products: list[str]
) -> None:
    assert products
    operator, version = rig.operator, learned(rig, 2)
    operator.compare_version(wire.NewComparison(about="lists", version=version, by="purchases"))

    promoted = operator.promote_challenger("lists")

    assert promoted.version == version
    with pytest.raises(Refused, match="already"):
        operator.compare_version(wire.NewComparison(about="lists", version=version))
    with pytest.raises(Refused, match="Nothing"):
        operator.promote_challenger("lists")
    with pytest.raises(Refused, match="Nothing"):
        operator.end_comparison("search")
    skills_of(rig.caravan.settings).roll_back()


def test_a_verdict_that_stands_ends_a_comparison(rig: Rig, products: list[str]) -> None:
    assert products
    comparing, version = rig.caravan.comparing, learned(rig, 3)
    begun = rig.operator.compare_version(wire.NewComparison(about="lists", version=version, share_percent=100))
    since = comparing.folders["lists"].standing().comparison
    assert since is not None
    tallies = rig.caravan.advice.tastes.comparisons.tallies

    assert comparing.see_to_decided(now=rig.clock.now()) == []
    tallies[since.since] = discovery.Tally(lists=100, votes_challenger=40, votes_champion=2)
    (decided,) = comparing.see_to_decided(now=rig.clock.now())
    (told,) = rig.operator.comparisons()
    rig.operator.end_comparison("lists")

    assert begun.verdict == "open"
    assert (decided.verdict, told.verdict, told.votes_challenger) == ("challenger", "challenger", 40)
    assert comparing.drawn("lists", b"v" * 16) is None
