"""Holds every peer of the checkout benchmark to the work: all or nothing, never below zero, once by id, books that add up."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.peers import PLACED, REFUSED, REPEATED, Contestant, Peer
from benchmarks.servers import Absent
from benchmarks.workload import PRICE_MINOR, Load, Orders, draw

LOAD = Load(skus=40, batch=30, stock=100, money_minor=60 * PRICE_MINOR)


@pytest.fixture(scope="module", params=peers.CONTESTANTS, ids=lambda one: one.name.replace(" ", "-"))
def contestant(request: pytest.FixtureRequest) -> Contestant:
    chosen: Contestant = request.param
    return chosen


@pytest.fixture(scope="module")
def peer(contestant: Contestant, go_without: Callable[[str], NoReturn]) -> Iterator[Peer]:
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(contestant.open(LOAD, None))
        except Absent as error:
            go_without(str(error))
        yield opened


def orders(*wanted: tuple[int, int, list[int]]) -> Orders:
    """Lay orders down: id, buyer and SKUs each."""
    rows = np.repeat(np.arange(len(wanted)), [len(skus) for _, _, skus in wanted])
    buyers, ids = np.array([[buyer, number] for number, buyer, _ in wanted], np.int64).T
    return Orders(buyers, ids, rows, np.array([sku for _, _, own in wanted for sku in own], np.int64))


def run(peer: Peer, batch: Orders) -> list[int]:
    answers: list[int] = peer.run(peer.prepare(batch)).tolist()
    return answers


def test_a_batch_is_placed_and_the_books_show_it(peer: Peer) -> None:
    before = peer.books()

    answers = run(peer, orders((11, 1, [1, 2, 3]), (2**62 - 1, 2, [3]), (2**62 - 2, 1, [5, 5])))

    after = peer.books()
    assert answers == [PLACED, PLACED, PLACED]
    assert (after.orders - before.orders, after.lines - before.lines) == (3, 6)
    assert after.units_taken - before.units_taken == 6
    assert after.held_minor - before.held_minor == after.paid_minor - before.paid_minor == 6 * PRICE_MINOR


def test_the_same_id_again_has_no_second_effect_and_its_neighbors_are_placed(peer: Peer) -> None:
    run(peer, orders((21, 4, [1, 2])))
    before = peer.books()

    answers = run(peer, orders((21, 4, [1, 2]), (22, 4, [6])))

    assert answers == [REPEATED, PLACED]
    assert peer.books()[:2] == (before.orders + 1, before.lines + 1)


def test_more_than_the_stock_is_refused_whole_and_its_neighbors_are_placed(peer: Peer) -> None:
    buyers = range(10, 30)
    emptied = [(100 + buyer, buyer, [7] * 5) for buyer in buyers]
    assert run(peer, orders(*emptied)) == [PLACED] * 20
    before = peer.books()

    answers = run(peer, orders((200, 31, [6, 7, 8]), (201, 31, [8])))

    after = peer.books()
    assert answers == [REFUSED, PLACED]
    assert after.least_stock == 0
    assert (after.orders, after.units_taken) == (before.orders + 1, before.units_taken + 1)


def test_more_than_the_wallet_holds_is_refused_whole(peer: Peer) -> None:
    spent = [(300 + number, 40, [20 + number] * 5) for number in range(12)]
    assert run(peer, orders(*spent)) == [PLACED] * 12
    before = peer.books()

    answers = run(peer, orders((400, 40, [9])))

    assert answers == [REFUSED]
    assert before.least_wallet_minor == 0
    assert peer.books() == before


def test_what_was_refused_may_be_asked_again_under_its_id(peer: Peer) -> None:
    refused = (500, 40, [9])
    run(peer, orders(*[(600 + number, 40, [30 + number % 5] * 5) for number in range(12)]))
    assert run(peer, orders(refused)) == [REFUSED]

    answers = run(peer, orders((500, 39, [9])))

    assert answers == [PLACED]


@pytest.mark.parametrize("skew", ["uniform", "zipf", "hot"])
def test_what_a_peer_placed_in_its_window_stands_in_its_books(contestant: Contestant, peer: Peer, skew: str) -> None:
    before = peer.books()

    seen = peers.measure(contestant, peer, replace(LOAD, skew=skew), np.random.default_rng(1), seconds=0.01)

    assert seen.placed + seen.refused > 0
    assert peer.books().orders == before.orders + seen.placed


@pytest.mark.parametrize("wrong", [{"orders": 4}, {"units_taken": 9}, {"paid_minor": 1}, {"least_stock": -1}])
def test_books_that_do_not_add_up_stop_the_benchmark(wrong: dict[str, int]) -> None:
    books = peers.Books(3, 8, 8 * PRICE_MINOR, 8, 8 * PRICE_MINOR, 0, 0)
    seen = [peers.Measured(placed=3, refused=1, repeated=0, seconds=1.0)]
    assert peers.check(_Told(books), seen) == books

    with pytest.raises(AssertionError):
        peers.check(_Told(books._replace(**wrong)), seen)


class _Told:
    """A peer whose books say what they are told to say."""

    def __init__(self, books: peers.Books) -> None:
        self._books = books

    def prepare(self, orders: Orders) -> Orders:
        return orders

    def run(self, prepared: Orders) -> np.ndarray:
        return np.zeros(len(prepared), np.int64)

    def books(self) -> peers.Books:
        return self._books


def test_one_seed_draws_the_same_orders_and_no_id_twice() -> None:
    load = Load(skus=1_000, batch=500, skew="zipf")

    first, second = (draw(load, np.random.default_rng(7)) for _ in range(2))

    assert all(
        np.array_equal(getattr(first, name), getattr(second, name)) for name in ("buyers", "ids", "rows", "skus")
    )
    assert len(set(first.ids.tolist())) == 500
    assert set(np.bincount(first.rows).tolist()) == {1, 2, 3, 4, 5}
