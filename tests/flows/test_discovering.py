"""Tests that signals become facts whole or not at all, rules are about something, and only what can be bought is on offer."""

import pytest

from caravan.flows import discovering
from caravan.insight import discovery
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, CartId, ProductId
from caravan.trade.catalog import ListingStatus
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


def test_a_cart_that_is_not_there_holds_nothing(market: Market) -> None:
    assert market.cell.ask(discovering.products_in, CartId(5)) == []
