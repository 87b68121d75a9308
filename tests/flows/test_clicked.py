"""Checks what is read of searches: each click with its list, purchases behind it, tries, and nothing of who was erased."""

from caravan.bootstrap import KINDS
from caravan.flows import clicked, discovering, finding, people
from caravan.insight import discovery
from caravan.kernel.clock import DAY, MINUTE
from caravan.kernel.ids import BuyerId, ProductId
from tests.flows.market import Market

ANA, BEN = b"a" * 16, b"b" * 16


def look(market: Market, visitor: bytes, words: str, *products: int, buyer: int = 0) -> None:
    looked = finding.Looked(visitor, BuyerId(buyer), tuple(words.split()), "by hand 1", 0, products)
    market.one(finding.note_results, looked)


def click(market: Market, visitor: bytes, product: int, *, buyer: int = 0, surface: str = "search") -> None:
    doing = discovering.Doing(ProductId(product), discovery.Signal.CLICKED, surface, 0)
    market.one(discovering.note_signals, discovering.Doings(visitor, BuyerId(buyer), (doing,)))


def read(market: Market) -> clicked.Clicked:
    return clicked.read(market.log, KINDS, market.house)


def stocked(market: Market) -> None:
    seller = market.seller()
    for _ in range(3):
        market.listing(seller)


def test_a_click_belongs_to_the_latest_list_that_the_product_stood_in(market: Market) -> None:
    stocked(market)
    look(market, ANA, "mug", 1, 2)
    look(market, ANA, "pan", 2, 3)
    click(market, ANA, 2)
    click(market, ANA, 2, surface="home")
    click(market, BEN, 1)

    told = {one.words: one.clicked for one in read(market).lists}

    assert told == {"mug": frozenset(), "pan": {2}}


def test_a_late_click_counts_for_nothing_and_the_same_list_counts_once_a_day(market: Market) -> None:
    stocked(market)
    look(market, ANA, "mug", 1, 2)
    look(market, ANA, "mug", 1, 2)
    market.clock.advance(clicked.CLICKED_WITHIN + 1)
    click(market, ANA, 2)
    assert [one.clicked for one in read(market).lists] == [frozenset()]

    market.clock.advance(DAY)
    look(market, ANA, "mug", 1, 2)

    assert len(read(market).lists) == 2


def test_what_was_bought_after_its_click_is_told(market: Market) -> None:
    seller, buyer = market.seller(), market.buyer(money=10_000)
    listing = market.listing(seller)
    look(market, ANA, "mug", 1, buyer=int(buyer))
    click(market, ANA, 1, buyer=int(buyer))
    market.buy(buyer, (listing, 1))

    (told,) = read(market).lists

    assert told.bought == {1}


def test_of_who_was_erased_no_list_and_no_try_is_left_on_any_of_their_browsers(market: Market) -> None:
    stocked(market)
    buyer = market.buyer()
    for visitor in (ANA, BEN, b"c" * 16):
        look(market, visitor, "mug", 1)
        look(market, visitor, "cup", 2)
        click(market, visitor, 2, buyer=0 if visitor == b"c" * 16 else int(buyer))
    assert len(read(market).lists) == 6
    assert len(read(market).tries) == 3

    market.do(people.forget_buyer, buyer)
    told = read(market)

    assert len(told.lists) == 2
    assert told.tries == [("mug", "cup", b"c" * 16)]


def test_words_tried_later_or_after_a_click_are_no_try(market: Market) -> None:
    stocked(market)
    look(market, ANA, "mug", 1)
    click(market, ANA, 1)
    look(market, ANA, "cup", 2)
    click(market, ANA, 2)
    look(market, BEN, "mug", 1)
    market.clock.advance(clicked.RETRIED_WITHIN + MINUTE)
    look(market, BEN, "cup", 2)
    click(market, BEN, 2)

    assert read(market).tries == []
