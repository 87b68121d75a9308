"""Tests that signals become facts whole or not at all, rules are about something, and only what can be bought is on offer."""

import random
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from caravan.adapters.memory import MemoryViewStore
from caravan.bootstrap import KINDS
from caravan.cell import Projector
from caravan.flows import discovering, estimates, fulfillment, opening, places, selling
from caravan.flows.house import integers
from caravan.insight import discovery
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, CartId, ProductId, SellerId
from caravan.kernel.money import Money
from caravan.trade import catalog
from caravan.trade.catalog import ListingStatus
from caravan.world import markets, partners
from tests.flows.market import Market

ANA = b"a" * 16


def doing(*products: int) -> discovering.Doings:
    looks = tuple(discovering.Doing(ProductId(product), discovery.Signal.VIEWED) for product in products)
    return discovering.Doings(ANA, BuyerId(0), looks)


def rule(effect: str, target: str, key: str) -> discovering.NewRule:
    return discovering.NewRule("r", effect, target, key, worth_ppm=2_000_000)


def test_signals_are_counted_and_kept(market: Market) -> None:
    market.listing(market.seller())
    before = market.cell.facts

    assert market.one(discovering.note_signals, doing(1, 1)) == 2

    assert market.cell.facts == before + 2


def test_one_unknown_product_refuses_all_signals_of_a_request_and_of_no_other(market: Market) -> None:
    market.listing(market.seller())
    before = market.cell.facts

    answers = market.many(discovering.note_signals, doing(1, 9), doing(1))

    assert isinstance(answers[0], NotFound)
    assert answers[1] == 1
    assert market.cell.facts == before + 1


def test_the_end_of_a_look_is_a_fact_of_a_product_that_there_is(market: Market) -> None:
    market.listing(market.seller())
    before = market.cell.facts

    answers = market.many(
        discovering.note_signals,
        *(discovering.Doings(ANA, BuyerId(0), (discovering.Left(ProductId(one), 500),)) for one in (1, 9)),
    )

    assert answers[0] == 1
    assert isinstance(answers[1], NotFound)
    assert market.cell.facts == before + 1


def test_a_list_that_was_shown_is_one_fact(market: Market) -> None:
    market.listing(market.seller())
    before = market.cell.facts
    placed = (discovery.Placed(1, 0.95, "rank"),)

    market.one(discovering.note_shown, discovering.Shown(ANA, BuyerId(0), "home", "blend-1", placed))

    assert market.cell.facts == before + 1


def test_only_what_is_live_and_in_stock_is_on_offer_at_its_best_price(market: Market) -> None:
    seller = market.seller()
    market.listing(seller, price=700, shipping=50)
    market.listing(seller, stock=0)
    market.move(market.listing(seller), ListingStatus.PAUSED)

    found = market.cell.ask(discovering.on_offer, [1, 2, 3])

    assert list(found) == [1]
    assert (found[1].price.amount, found[1].seller) == (750, seller)


@pytest.mark.parametrize("seed", range(12))
def test_the_best_offer_is_the_one_that_reading_them_one_by_one_finds(market: Market, seed: int) -> None:
    dice = random.Random(seed)
    sellers = [market.seller() for _ in range(3)]
    if seed % 2:
        market.location(sellers[0])
    for _ in range(12):
        market.listing(sellers[0], stock=0)
    for _ in range(40):
        draft = catalog.ListingDraft(
            price_minor=dice.randint(1, 4) * 100, currency="EUR", shipping_minor=dice.choice([0, 100])
        )
        offer = selling.Offer(
            product=ProductId(dice.randint(1, 10)), options=((dice.choice(["", "red", "blue"]), draft),)
        )
        wanted = selling.Offers([dice.choice(sellers)], [offer])
        (listing,) = market.do(selling.offer_products, wanted)[0].listings  # type: ignore[index]
        if dice.random() < 0.8:
            market.stock(listing, 1)
        if dice.random() < 0.2:
            market.move(listing, ListingStatus.PAUSED)
    market.do(selling.suspend_seller, selling.Suspension(sellers[2], "A test."))

    asked = dice.sample(range(1, 13), 12)
    found = market.cell.ask(discovering.on_offer, asked)

    assert list(found) == [product for product in asked if product in found]
    for product in asked:
        offered = found.get(product)
        assert one_by_one(market, product) == (offered and (offered.price, offered.seller))


def one_by_one(market: Market, product: int) -> tuple[Money, SellerId] | None:
    house = market.house
    for offer in catalog.offers_of(house.catalog, ProductId(product)):
        is_active = house.partners.sellers[offer.seller].status == partners.SellerStatus.ACTIVE
        if is_active and places.available(house, np.array([offer.listing]))[0] > 0:
            return Money(offer.price.amount + offer.shipping.amount, "EUR"), offer.seller
    return None


def test_nothing_asked_is_nothing_on_offer(market: Market) -> None:
    assert market.cell.ask(discovering.on_offer, []) == {}


@pytest.mark.parametrize(("target", "key"), [("product", "9"), ("product", "0"), ("product", "x"), ("seller", "9")])
def test_a_rule_about_nothing_is_refused(market: Market, target: str, key: str) -> None:
    market.listing(market.seller())

    with pytest.raises(NotFound):
        market.do(discovering.set_rule, rule("bury", target, key))


def test_a_rule_is_set_and_lifted(market: Market) -> None:
    market.listing(market.seller())
    before = market.cell.facts

    market.do(discovering.set_rule, rule("boost", "category", "Other"))
    market.do(discovering.lift_rule, "r")

    assert market.cell.facts == before + 2


def test_a_rule_that_weighs_is_about_no_product(market: Market) -> None:
    before = market.cell.facts

    market.do(discovering.set_rule, discovering.NewRule("r", "weigh", "margin", "", worth_ppm=500_000))

    assert market.cell.facts == before + 1


def tastes_of(market: Market) -> discovery.Tastes:
    """Fold what the log holds."""
    tastes = discovery.Tastes()
    follower = Projector(log=market.log, kinds=KINDS, views=[tastes], store=MemoryViewStore())
    while follower.fold_some():
        pass
    return tastes


def answer_of(*products: int) -> discovery.Answer:
    """Offer products as alike as can be, the first ones first."""
    count = len(products)
    ranked = discovery.Ranked(
        np.array(products, np.int64), -np.arange(count) / 1e6, np.zeros(count, np.int8), np.zeros(count, np.int64),
        np.full(count, np.nan),
    )  # fmt: skip
    return discovery.Answer(ranked, [], "blend-1", np.zeros(0))


def arranged(market: Market, tastes: discovery.Tastes, *products: int) -> list[tuple[int, float]]:
    """Arrange a list; give each product with the chance that it had to stand there."""
    terms = discovering.Terms(
        "home", 10, list(tastes.rules.values()), {}, is_about_one=False, dice=[random.Random(1)],
        now=market.clock.now(), repute=tastes.repute,
    )  # fmt: skip
    lists = market.cell.ask(discovering.arrange, [answer_of(*products)], terms)
    return [(one.product, one.chance) for one in lists.placed[0]]


def test_the_fee_that_the_market_takes_moves_a_list_only_by_its_weight(market: Market) -> None:
    seller = market.seller()
    market.listing(seller, category="Cheap")
    market.listing(seller, category="Dear")
    rules = (markets.FeeRule(category="Dear", basis_points=3_000), markets.FeeRule(basis_points=500))
    market.do(opening.set_fees, opening.Fees(rules, 2_000))
    before = arranged(market, tastes_of(market), 1, 2)

    market.do(discovering.set_rule, discovering.NewRule("fees", "weigh", "margin", "", worth_ppm=2_000_000))
    tastes = tastes_of(market)
    weights = discovery.weights_of(tastes.rules.values(), "home", market.clock.now())
    told = market.cell.ask(
        partial(discovering.worths, repute=tastes.repute, weights=weights, now=market.clock.now()), [1, 2, 9]
    )

    assert [product for product, _ in before] == [1, 2]
    assert arranged(market, tastes, 1, 2) == [(2, 1.0), (1, 1.0)]
    assert {product: parts[3] for product, parts in told.items()} == pytest.approx({1: 0.1, 2: 0.6})


def test_what_comes_back_and_what_was_promised_move_a_list(market: Market) -> None:
    good, bad = market.seller(), market.seller()
    kept, sent_back = market.listing(good), market.listing(bad)
    buyer = market.buyer(money=1_000_000)
    for listing, seller in ((sent_back, bad), (kept, good)):
        market.buy(buyer, (listing, 4))
        order = len(market.house.orders.orders) - 1
        now = market.clock.now()
        handover = replace(market.handover(order, seller=seller), promised_at=integers(now))
        market.one(fulfillment.hand_over, handover)
        market.days_pass(listing == sent_back)
        market.scan(order)
        if listing == sent_back:
            market.take_back(order, refund=40_000, quantity=4)
    tastes = tastes_of(market)

    assert [int(column[2]) for column in (tastes.repute.products.units, tastes.repute.products.returned)] == [4, 4]
    assert tastes.repute.products.returned[1] == 0
    assert tastes.products.sales[1:3].tolist() == [1, 0]
    sellers = tastes.repute.sellers
    assert [(sellers.kept[one], sellers.missed[one]) for one in (good, bad)] == [(1.0, 0.0), (0.0, 1.0)]
    assert [product for product, _ in arranged(market, tastes, 2, 1)] == [1, 2]


def test_a_cart_that_is_not_there_holds_nothing(market: Market) -> None:
    assert market.cell.ask(discovering.products_in, CartId(5)) == []


def shown(market: Market, version: str, *products: int, chance: float = 1.0) -> None:
    placed = tuple(discovery.Placed(product, chance, "rank") for product in products)
    market.one(discovering.note_shown, discovering.Shown(ANA, BuyerId(0), "home", version, placed))


def judged(market: Market) -> estimates.Judged:
    return estimates.judge(market.log, KINDS, skill=discovery.unskilled(), version="blend-1")


def test_a_version_is_judged_by_the_clicks_on_what_it_would_show_too(market: Market) -> None:
    seller = market.seller()
    for _ in range(3):
        market.listing(seller)
    for _ in range(estimates.LISTS_MIN):
        shown(market, "other", 1, 2, 3)
    shown(market, discovery.HELD_OUT, 1, 1)
    clicked = discovering.Doing(ProductId(3), discovery.Signal.CLICKED, "home", 0)
    market.one(discovering.note_signals, discovering.Doings(ANA, BuyerId(0), (clicked,)))

    found = judged(market)

    assert (found.lists, found.places, found.covered) == (estimates.LISTS_MIN, 3 * estimates.LISTS_MIN, 1.0)
    assert found.clicked == found.inverse_propensity == pytest.approx(1 / 3)
    assert found.doubly_robust == pytest.approx(1 / 3)


def test_what_it_would_not_show_counts_for_nothing_and_is_not_covered(market: Market) -> None:
    seller = market.seller()
    for _ in range(3):
        market.listing(seller)
    market.one(
        discovering.note_signals, discovering.Doings(b"b" * 16, BuyerId(0), doing(2).doings)
    )  # What is wanted now.
    for _ in range(estimates.LISTS_MIN):
        shown(market, "other", 1, chance=0.5)

    found = judged(market)

    assert (found.covered, found.inverse_propensity, found.effective_places) == (0.0, 0.0, 0.0)


def test_few_lists_judge_nothing(market: Market) -> None:
    market.listing(market.seller())
    shown(market, "other", 1)

    with pytest.raises(estimates.TooFewLists):
        judged(market)
