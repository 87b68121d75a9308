"""Checks discovery: what is remembered and forgotten, what is found and why, how lists are arranged, what is learned."""

import importlib.util
import itertools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import discovery as benchmark
from caravan.adapters.skills import SkillFolder
from caravan.cell import forest, transpose
from caravan.events import catalog, delivery, identity, orders
from caravan.events import discovery as events
from caravan.insight import discovery
from caravan.insight.discovery import answering, content, kernel, linear, sequence, tastes
from caravan.insight.discovery.arrange import EXPLORED, SHOWN_TIRED
from caravan.insight.discovery.trained import Trained, assemble
from caravan.kernel.clock import DAY, MINUTE, Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.event import Event
from caravan.kernel.ids import (
    AddressId,
    BuyerId,
    EntryId,
    HoldId,
    ListingId,
    LocationId,
    OrderId,
    ParcelId,
    ProductId,
    PurchaseId,
    SellerId,
    SessionId,
    SkuId,
)
from tests.insight import plain_lists

pytestmark = pytest.mark.timeout(900)  # The kernels may have to be compiled first.
AT = Instant(1_000 * DAY)
ANA, BEN = b"a" * 16, b"b" * 16


def memory_of(*sessions: Sequence[int]) -> discovery.Memory:
    memory = discovery.Memory()
    for number, items in enumerate(sessions, 1):
        memory.remember(np.full(len(items), number, np.int32), np.array(items, np.int32))
    return memory


def found(memory: discovery.Memory, prefix: Sequence[int], *, own: int = 0) -> list[int]:
    recommender = discovery.Recommender(50, discovery.unskilled(), discovery.no_traits())
    answer: list[int] = recommender.next_of(np.array(prefix, np.int32), memory.sight(), own=own).tolist()
    return answer


class TestMemory:
    def test_looks_of_a_session_are_chained_though_others_look_in_between(self) -> None:
        memory = discovery.Memory()
        memory.remember(np.array([1, 2, 1, 2], np.int32), np.array([5, 6, 7, 8], np.int32))

        assert memory.items_of(1, 10).tolist() == [5, 7]
        assert memory.items_of(2, 10).tolist() == [6, 8]

    def test_only_the_last_looks_are_given(self) -> None:
        assert memory_of([1, 2, 3, 4]).items_of(1, 2).tolist() == [3, 4]

    def test_a_session_that_is_not_there_has_no_looks(self) -> None:
        assert memory_of([1]).items_of(9, 5).tolist() == []

    def test_nothing_to_remember_changes_nothing(self) -> None:
        memory = memory_of([1, 2])

        memory.remember(np.zeros(0, np.int32), np.zeros(0, np.int32))

        assert len(memory) == 2

    def test_what_is_forgotten_is_found_no_more(self) -> None:
        memory = memory_of([1, 2], [1, 3])

        assert memory.forget(1) == 2

        assert 2 not in found(memory, [1])
        assert 3 in found(memory, [1])

    def test_forgetting_twice_blanks_nothing_more(self) -> None:
        memory = memory_of([1, 2])
        memory.forget(1)

        assert memory.forget(1) == 0
        assert memory.forget(77) == 0

    def test_a_look_that_is_taken_back_is_found_no_more_and_others_are(self) -> None:
        memory = memory_of([1, 2, 3, 3, 4], [1, 5])

        assert memory.blank(1, 3) == 2

        assert 3 not in found(memory, [1])
        assert {2, 4, 5} <= set(found(memory, [1]))
        assert memory.items_of(1, 9).tolist() == [1, 2, 4]

    @pytest.mark.parametrize(("session", "product"), [(1, 9), (1, 5), (7, 1)])
    def test_a_look_that_there_is_none_of_is_not_taken_back(self, session: int, product: int) -> None:
        assert memory_of([1, 2], [5]).blank(session, product) == 0

    def test_a_memory_that_was_written_down_answers_the_same(self) -> None:
        memory, again = memory_of([1, 2, 3], [2, 3, 4]), discovery.Memory()

        again.load(dict(memory.dump()))

        assert found(again, [2]) == found(memory, [2])

    def test_a_sight_does_not_see_what_came_after_it(self) -> None:
        memory = memory_of([1, 2])
        recommender = discovery.Recommender(50, discovery.unskilled(), discovery.no_traits())
        sight = memory.sight()

        memory.remember(np.array([2, 2], np.int32), np.array([1, 9], np.int32))

        assert 9 not in recommender.next_of(np.array([1], np.int32), sight).tolist()


class TestFinding:
    def test_what_more_sessions_share_comes_first(self) -> None:
        memory = memory_of([1, 2], [1, 2], [1, 3], [4, 5])

        answer = [item for item in found(memory, [1]) if item != 1]

        assert answer == [2, 3]

    def test_nobody_votes_for_themselves(self) -> None:
        memory = memory_of([1, 2], [1, 3])

        assert 2 not in found(memory, [1], own=1)

    def test_an_unknown_product_finds_nothing_but_itself(self) -> None:
        assert found(memory_of([1, 2]), [40]) == [40]

    def test_an_empty_session_finds_nothing(self) -> None:
        assert found(memory_of([1, 2]), []) == []

    def test_a_new_look_changes_the_very_next_answer(self) -> None:
        memory = memory_of([1, 2])
        assert 7 not in found(memory, [1])

        memory.remember(np.array([2, 2], np.int32), np.array([1, 7], np.int32))

        assert 7 in found(memory, [1])

    def test_a_popular_product_does_not_overflow_the_room(self) -> None:
        rng = np.random.default_rng(1)
        sessions = [[1, *rng.integers(2, 6_000, 8).tolist()] for _ in range(3_000)]
        memory = memory_of(*sessions)
        recommender = discovery.Recommender(6_000, discovery.unskilled(), discovery.no_traits())

        answer = recommender.next_of(np.array([1], np.int32), memory.sight())

        assert 0 < len(answer) <= kernel.KEPT_MAX
        assert len(set(answer.tolist())) == len(answer)

    def test_traits_in_common_are_measured(self) -> None:
        traits = discovery.traits_of([[], [1, 2], [1, 2], [1, 3], [4]], np.array([0, 10, 20, 10, 10.0]))
        recommender = discovery.Recommender(50, discovery.unskilled(), traits)

        listed = recommender.next_of(np.array([1], np.int32), memory_of([1, 2], [1, 3], [1, 4]).sight()).tolist()

        rows = {item: recommender.room.out[recommender.chosen[place]] for place, item in enumerate(listed)}
        assert [round(float(rows[item][kernel.ALIKE_LAST]), 3) for item in (2, 3, 4)] == [1.0, 0.333, 0.0]
        assert rows[2][kernel.PRICE_STEP] == pytest.approx(np.log(2), abs=1e-6)


class TestLinks:
    def test_a_product_speaks_for_what_shares_its_sessions(self) -> None:
        links = linear.learn(memory_of(*[[1, 2]] * 9, *[[3, 4]] * 9, [1, 4]).sight(), ridge=1.0)

        spoken = dict(
            zip(
                links.targets[links.starts[1] : links.starts[2]].tolist(),
                links.weights[links.starts[1] : links.starts[2]].tolist(),
                strict=True,
            )
        )
        assert spoken[2] > spoken.get(4, 0.0) > 0

    def test_no_looks_make_no_links(self) -> None:
        links = linear.learn(memory_of([1], [2]).sight(), ridge=1.0)

        assert len(links.targets) == 0


class TestSequence:
    def test_a_learned_sequence_is_guessed(self) -> None:
        rng = np.random.default_rng(3)
        items = np.concatenate([[pair, pair + 20, pair + 40] for pair in rng.integers(1, 20, 3_000)]).astype(np.int32)
        pairs = sequence.pairs_of(np.arange(0, len(items) + 1, 3), items)

        model = sequence.learn(sequence.fresh(60, rng, 16), pairs, epochs=8, rate=0.01, rng=rng, dropout=0.1)

        net, vector = sequence.net_of(model, rng), np.zeros(16, np.float32)
        kernel.read(np.array([5, 25], np.int32), net, vector)
        assert int(np.argmax(net.unit @ vector)) == 45

    def test_the_same_seed_learns_the_same(self) -> None:
        items = np.tile(np.array([1, 2, 3], np.int32), 600)
        pairs = sequence.pairs_of(np.arange(0, len(items) + 1, 3), items)
        learned = []
        for _ in range(2):
            rng = np.random.default_rng(7)
            learned.append(sequence.learn(sequence.fresh(4, rng, 8), pairs, epochs=1, rate=0.01, rng=rng))

        assert np.array_equal(learned[0].items, learned[1].items)

    @pytest.mark.parametrize(("seed", "products"), [(1, 60), (2, 400), (3, 5_000), (4, 20_000)])
    def test_the_nearest_of_the_opened_cells_are_found_exactly(self, seed: int, products: int) -> None:
        rng = np.random.default_rng(seed)
        net = sequence.net_of(sequence.fresh(products, rng), rng)
        room = kernel.scratch(products, net.unit.shape[1], len(net.centers))

        for product in rng.integers(1, products, 20).tolist():
            room.state[0] += 1
            room.state[1] = 0
            kernel.compare(np.array([product], np.int32), net, kernel.CELLS_OPENED, room)

            cells = np.argsort(-(net.centers @ room.vector))[: kernel.CELLS_OPENED]
            members = np.concatenate([net.members[net.bounds[cell] : net.bounds[cell + 1]] for cell in cells])
            near = net.unit[members] @ room.vector
            nearest = members[np.argsort(-near)[: kernel.NEAREST_MAX]]
            assert set(room.found[: room.state[1]].tolist()) == set(nearest.tolist())

    def test_every_product_is_in_exactly_one_cell(self) -> None:
        rng = np.random.default_rng(5)
        net = sequence.net_of(sequence.fresh(500, rng), rng)

        assert sorted(net.members.tolist()) == list(range(1, 500))
        assert net.bounds[0] == 0
        assert net.bounds[-1] == 499


class Fold:
    """A view with a few products in it, fed by events."""

    def __init__(self, products: int = 40) -> None:
        self.view, self.orders = discovery.Tastes(), 0
        for number in range(1, products + 1):
            self.tell(*added(number))

    def tell(self, *happened: Event) -> None:
        for part in transpose(happened):
            self.view.apply(part, lambda *_: None)

    def look(self, visitor: bytes, product: int, *, at: int = AT, buyer: int = 0, signal: int = 1) -> None:
        self.tell(
            events.SignalNoted(
                at=at, visitor=visitor, buyer=BuyerId(buyer), product=ProductId(product), signal=signal, surface="",
                position=-1,
            )
        )  # fmt: skip

    def leave(self, visitor: bytes, product: int, dwell_ms: int, *, at: int = AT, buyer: int = 0) -> None:
        self.tell(
            events.LookEnded(
                at=at, visitor=visitor, buyer=BuyerId(buyer), product=ProductId(product), dwell_ms=dwell_ms
            )
        )  # fmt: skip

    def buy(self, buyer: int, *products: int, at: int = AT, seller: int = 1, units: int = 1) -> int:
        """Buy products in one order; give its number."""
        self.tell(self.bought(buyer, *products, at=at, seller=seller, units=units))
        return self.orders

    def bought(self, buyer: int, *products: int, at: int, seller: int, units: int) -> Event:
        count = len(products)
        self.orders += 1
        return orders.PurchasePlaced(
                at=at, purchase=PurchaseId(1), buyer=BuyerId(buyer), session=SessionId(0), address=AddressId(0),
                unit=978, total_minor=1, mark_high=0, mark_low=0, entry=EntryId(1), first_hold=HoldId(1),
                first_order=OrderId(self.orders), rules=1, sellers=(SellerId(seller),), totals_minor=(1,), fee_taxes_minor=(0,),
                line_counts=(count,), listings=tuple(ListingId(one) for one in products),
                skus=tuple(SkuId(one) for one in products), locations=(LocationId(1),) * count,
                quantities=(units,) * count, unit_prices_minor=(1,) * count, shipping_minor=(0,) * count,
                fees_minor=(0,) * count, holds=(HoldId(0),) * count,
        )  # fmt: skip

    def send_back(self, order: int, *, line: int = 0, units: int = 1, refund: int = 1, at: int = AT) -> None:
        self.tell(
            orders.LineReturned(
                at=at, order=OrderId(order), line=line, quantity=units, refund_minor=refund, fee_minor=0, fee_tax_minor=0
            )
        )  # fmt: skip

    def promise(self, order: int, promised_at: int, *, seller: int = 1, at: int = AT) -> None:
        self.tell(
            delivery.PromiseMade(
                at=at, order=OrderId(order), seller=SellerId(seller), promised_at=promised_at, median_at=promised_at,
                probability=9_000, model="", basis="defaults", parcels=0, origin="PT", destination="PT",
            )
        )  # fmt: skip

    def arrive(self, order: int, at: int) -> None:
        self.tell(orders.OrderReceived(at=at, order=OrderId(order)))

    def ask(self, surface: str = "home", *about: int, visitor: bytes = b"", buyer: int = 0) -> discovery.Answer:
        answering = discovery.Answering(self.view, discovery.unskilled())
        answering.warm()
        return answering.answer(discovery.Asked(surface, about, visitor, buyer, AT))


def added(number: int) -> list[Event]:
    category = "Home/Kitchen" if number % 2 else "Garden"
    return [
        catalog.ProductAdded(
            at=AT - 1_000 + number, product=ProductId(number), seller=SellerId(1 + number % 3), title=f"Thing {number}",
            description="", category=category, brand="", gtin="", attributes={}, image="", weight_grams=0, reference="",
        ),
        catalog.SkuAdded(at=AT, sku=SkuId(number), product=ProductId(number), option=""),
        catalog.ListingAdded(
            at=AT, listing=ListingId(number), seller=SellerId(1), sku=SkuId(number), location=LocationId(1),
            price_minor=100 * number, shipping_minor=0, currency="EUR", condition="new", reference="",
        ),
    ]  # fmt: skip


class TestTastes:
    def test_until_the_kernels_are_there_trends_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fold = Fold()
        fold.look(BEN, 1)
        fold.look(BEN, 2)
        monkeypatch.setattr(discovery.Answering, "warm", lambda _: None)
        for module, name in ((content, "untried"), (content, "nearest"), (answering, "hopes"), (answering, "_behind")):
            monkeypatch.setattr(module, name, None)  # Nothing is compiled while somebody waits.

        answer = discovery.Answering(fold.view, discovery.unskilled()).answer(discovery.Asked("home", (1,), ANA, 0, AT))

        assert {one.why for one in answer.offered} == {"wanted_now"}

    def test_the_first_visitor_is_shown_the_newest(self) -> None:
        answer = Fold().ask()

        assert [one.product for one in answer.offered[:3]] == [40, 39, 38]
        assert {one.why for one in answer.offered} == {"wanted_now"}
        assert answer.version == discovery.BLEND

    def test_a_market_without_products_offers_nothing(self) -> None:
        assert not len(Fold(products=0).ask().offered)

    def test_what_others_looked_at_with_it_is_offered_because_of_it(self) -> None:
        fold = Fold()
        for product in (1, 2, 3):
            fold.look(BEN, product)
        fold.look(ANA, 1)

        answer = fold.ask(visitor=ANA)

        told = {one.product: (one.why, one.because) for one in answer.offered}
        assert told[2] == ("looked_at_together", 1)
        assert told[1][0] == "you_looked_at_it"

    def test_what_was_bought_together_is_offered_beside_it(self) -> None:
        fold = Fold()
        fold.buy(7, 4, 5)

        answer = fold.ask("also_bought", 4)

        assert (answer.offered[0].product, answer.offered[0].why, answer.offered[0].because) == (
            5,
            "bought_together",
            4,
        )
        assert 4 not in {one.product for one in answer.offered}

    def test_what_people_buy_again_is_offered_again(self) -> None:
        fold = Fold()
        for _ in range(3):
            fold.buy(7, 9)

        assert {one.product: one.why for one in fold.ask(buyer=7).offered}[9] == "you_bought_it"

    def test_a_sale_weighs_more_than_looks_and_fades(self) -> None:
        fold = Fold()
        fold.buy(7, 3)
        for _ in range(5):
            fold.look(ANA, 8)

        assert fold.view.trending(AT, 2).tolist() == [3, 8]
        assert fold.view.products.trend[3] == tastes.TREND_SALE

    @pytest.mark.parametrize("seed", range(5))
    def test_in_a_large_shop_the_hot_ones_are_the_most_wanted_of_all(
        self, seed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tastes, "HOT_MAX", 32)
        dice, fold = np.random.default_rng(seed), Fold(products=150)
        for step in range(400):
            fold.look(bytes([step % 200, step // 200]) * 8, int(150 * dice.random() ** 2) + 1, at=AT + step * MINUTE)
        table, now = fold.view.products, AT + 30 * DAY

        wanted = fold.view.trending(now, 10).tolist()

        worth = table.trend * np.exp2((table.trend_at - now) / tastes.TREND_HALVES)
        assert wanted == np.argsort(-worth, kind="stable")[:10].tolist()
        assert fold.view.trending(now, 500).tolist()[:10] == wanted

    def test_an_erased_buyer_leaves_no_trace_in_answers(self) -> None:
        fold = Fold()
        fold.look(BEN, 1, buyer=7)
        fold.look(BEN, 2, buyer=7)
        fold.buy(7, 1, 3)
        fold.tell(identity.BuyerForgotten(at=AT, buyer=BuyerId(7)))

        whys = {one.why for one in fold.ask("home", 1).offered} | {
            one.why for one in fold.ask("also_bought", 1).offered
        }

        assert whys <= {"wanted_now", "like_what_you_look_at"}
        assert BEN not in fold.view.visitors
        assert 7 not in fold.view.buyers

    def test_who_looks_too_fast_is_forgotten(self) -> None:
        fold = Fold()
        for place in range(tastes.SIGNALS_A_MINUTE_MAX + 2):
            fold.look(BEN, 1 + place % 5)

        assert fold.view.visitors[BEN].is_bot
        assert {one.why for one in fold.ask("home", 1).offered} == {"wanted_now", "like_what_you_look_at"}

    def test_after_a_pause_another_session_begins(self) -> None:
        fold = Fold()
        fold.look(ANA, 1)
        fold.look(ANA, 2, at=AT + tastes.SESSION_GAP + 1)

        assert fold.view.looks.items_of(1, 9).tolist() == [1]
        assert fold.view.recent_of(ANA, 0) == [1, 2]

    def test_a_click_farm_moves_an_unbought_product_by_a_day_of_unproven_looks(self) -> None:
        fold = Fold()
        for number in range(10_000):
            fold.look(number.to_bytes(16, "big"), 6, at=AT + number)

        assert int(fold.view.looks.sight().looks[6]) == tastes.LOOKS_UNPROVEN_MAX
        assert fold.view.products.trend[6] <= tastes.LOOKS_UNPROVEN_MAX * tastes.TREND_LOOK

    def test_a_sale_and_a_new_day_let_more_looks_count(self) -> None:
        fold = Fold()
        fold.view.products.counted[6] = tastes.LOOKS_UNPROVEN_MAX
        fold.view.products.day[6] = AT // DAY
        fold.look(ANA, 6)
        assert len(fold.view.looks) == 0

        fold.buy(7, 6)
        fold.look(ANA, 6, at=AT + MINUTE)
        fold.look(ANA, 6, at=AT + DAY)

        assert len(fold.view.looks) == 2

    def test_visitors_are_let_go_when_there_are_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tastes, "VISITORS_MAX", 3)
        fold = Fold()
        for number in range(5):
            fold.look(number.to_bytes(16, "big"), 1)

        assert list(fold.view.visitors) == [number.to_bytes(16, "big") for number in (2, 3, 4)]

    def test_an_erased_buyer_leaves_no_look_though_their_visitor_was_let_go_twice(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tastes, "VISITORS_MAX", 1)
        fold = Fold()
        fold.look(BEN, 1, buyer=7)
        fold.look(ANA, 2)
        fold.look(BEN, 3)
        fold.look(ANA, 4)

        fold.tell(identity.BuyerForgotten(at=AT, buyer=BuyerId(7)))

        sight = fold.view.looks.sight()
        assert sight.item[1 : sight.end].tolist() == [0, 2, 0, 4]
        assert BEN not in fold.view.owners

    def test_a_browser_of_two_buyers_is_forgotten_with_either(self) -> None:
        fold = Fold()
        fold.look(BEN, 1, buyer=7)
        fold.look(BEN, 2, buyer=8)

        fold.tell(identity.BuyerForgotten(at=AT, buyer=BuyerId(7)), identity.BuyerForgotten(at=AT, buyer=BuyerId(8)))

        sight = fold.view.looks.sight()
        assert sight.item[1 : sight.end].tolist() == [0, 0]

    def test_a_product_that_moves_is_found_in_its_new_category(self) -> None:
        fold = Fold()
        fold.tell(
            catalog.ProductEdited(
                at=AT, product=ProductId(1), title="", description="", category="Books", image="", by="seller"
            )
        )

        assert fold.view.members[fold.view.categories["Books"]].tolist() == [1]
        assert 1 not in fold.view.members[fold.view.categories["Home/Kitchen"]]

    def test_new_products_of_the_category_wait_to_be_tried(self) -> None:
        fold = Fold()
        fold.look(ANA, 1)

        answer = fold.ask(visitor=ANA)
        offered = {one.product for one in answer.offered}

        assert all(product % 2 for product in answer.fresh)
        assert not offered & set(answer.fresh)


class TestDwell:
    def test_a_look_that_ended_at_once_is_gone_from_the_very_next_answer(self) -> None:
        fold = Fold()
        for product in (1, 2, 3):
            fold.look(BEN, product)
        fold.look(ANA, 5)
        fold.look(ANA, 1)

        fold.leave(ANA, 1, tastes.BOUNCED_MS - 1)

        assert fold.view.recent_of(ANA, 0) == [5]
        assert {one.why for one in fold.ask(visitor=ANA).offered if one.product in {1, 2, 3}} == {"wanted_now"}

    def test_a_look_that_lasted_stands(self) -> None:
        fold = Fold()
        fold.look(ANA, 1)

        fold.leave(ANA, 1, tastes.BOUNCED_MS)
        fold.leave(ANA, 1, 0)

        assert fold.view.recent_of(ANA, 0) == [1]
        assert fold.view.products.trend[1] == tastes.TREND_LOOK

    def test_what_went_into_the_cart_stands_however_soon_the_page_was_left(self) -> None:
        fold = Fold()
        fold.look(ANA, 1)
        fold.look(ANA, 1, signal=discovery.Signal.CARTED)

        fold.leave(ANA, 1, 0)

        assert fold.view.recent_of(ANA, 0) == [1, 1]

    def test_a_second_look_that_ended_at_once_leaves_the_first(self) -> None:
        fold = Fold()
        fold.look(ANA, 1)
        fold.leave(ANA, 1, 9_000)
        fold.look(ANA, 2)
        fold.look(ANA, 1)

        fold.leave(ANA, 1, 100)

        assert fold.view.recent_of(ANA, 0) == [1, 2]
        assert fold.view.looks.items_of(1, 9).tolist() == [1, 2]

    def test_a_long_look_counts_a_bit_more_once(self) -> None:
        fold = Fold()
        for _ in range(2):
            fold.look(ANA, 1)
            fold.leave(ANA, 1, tastes.LONG_MS)

        assert fold.view.products.trend[1] == 2 * tastes.TREND_LOOK + tastes.TREND_LONG

    def test_the_end_of_a_look_that_nobody_began_counts_for_nothing(self) -> None:
        fold = Fold()
        fold.look(ANA, 1)

        fold.leave(ANA, 2, tastes.LONG_MS)
        fold.leave(BEN, 1, tastes.LONG_MS)
        fold.leave(ANA, 9_999, 0)

        assert fold.view.products.trend[1:3].tolist() == [1.0, 0.0]
        assert BEN not in fold.view.visitors

    def test_a_click_farm_gains_nothing_by_long_looks_that_do_not_count(self) -> None:
        fold = Fold()
        for number in range(1_000):
            fold.look(number.to_bytes(16, "big"), 6, at=AT + number)
            fold.leave(number.to_bytes(16, "big"), 6, tastes.LONG_MS, at=AT + number)

        most = tastes.LOOKS_UNPROVEN_MAX * (tastes.TREND_LOOK + tastes.TREND_LONG)
        assert fold.view.products.trend[6] <= most

    def test_looks_that_ended_at_once_use_up_no_look_of_a_day(self) -> None:
        fold = Fold()
        for number in range(tastes.LOOKS_UNPROVEN_MAX + 9):
            fold.look(number.to_bytes(16, "big"), 6)
            fold.leave(number.to_bytes(16, "big"), 6, 0)

        fold.look(ANA, 6)

        assert fold.view.products.trend[6] == tastes.TREND_LOOK
        assert fold.view.products.counted[6] == 1

    @pytest.mark.parametrize("seed", range(20))
    def test_a_view_in_which_looks_ended_at_once_is_as_if_they_had_not_been(self, seed: int) -> None:
        dice, with_bounces, without = np.random.default_rng(seed), Fold(products=60), Fold(products=60)
        for step in range(150):
            visitor, product = bytes([int(dice.integers(1, 6))]) * 16, int(dice.integers(1, 50))
            at = AT + step * MINUTE // 4
            is_same = with_bounces.view.recent_of(visitor, 0)[-1:] == [product]
            with_bounces.look(visitor, product, at=at)
            if dice.random() < 0.4 and not is_same:
                with_bounces.leave(visitor, product, 500, at=at)
            else:
                without.look(visitor, product, at=at)

        one, other = (fold.view for fold in (with_bounces, without))
        marks = [bytes([number]) * 16 for number in range(1, 6)]
        assert [one.recent_of(mark, 0) for mark in marks] == [other.recent_of(mark, 0) for mark in marks]
        assert one.trending(AT + DAY, 20).tolist() == other.trending(AT + DAY, 20).tolist()
        assert one.products.counted.tolist() == other.products.counted.tolist()
        learned, as_learned = one.history(), other.history()
        assert sorted(map(tuple, sessions_in(learned))) == sorted(map(tuple, sessions_in(as_learned)))

    def test_of_an_erased_buyer_no_look_is_left_that_ended(self) -> None:
        fold = Fold()
        fold.look(BEN, 1, buyer=7)
        fold.look(BEN, 2, buyer=7)
        fold.leave(BEN, 1, 100, buyer=7)
        fold.tell(identity.BuyerForgotten(at=AT, buyer=BuyerId(7)))
        fold.leave(BEN, 2, 100, buyer=7)

        sight = fold.view.looks.sight()
        assert sight.item[1 : sight.end].tolist() == [0, 0]
        assert not {BEN, 7} & {*fold.view.visitors, *fold.view.owners, *fold.view.buyers}


def sessions_in(history: discovery.History) -> list[list[int]]:
    return [history.items[a:b].tolist() for a, b in itertools.pairwise(history.offsets)]


class TestRepute:
    def counted(self, fold: Fold, product: int, seller: int = 1) -> list[tuple[int, int]]:
        """Give units sold and sent back of a product, of its category and of a seller."""
        repute, category = fold.view.repute, int(fold.view.products.category[product])
        tables = ((repute.products, product), (repute.categories, category), (repute.sellers, seller))
        return [(int(table.units[row]), int(table.returned[row])) for table, row in tables]

    def test_what_is_sold_and_sent_back_is_counted_by_product_category_and_seller(self) -> None:
        fold = Fold()
        order = fold.buy(7, 1, 2, seller=3, units=4)
        fold.buy(8, 3, seller=2)

        fold.send_back(order, line=1, units=3)

        assert self.counted(fold, 2, seller=3) == [(4, 3), (4, 3), (8, 3)]
        assert self.counted(fold, 1, seller=2) == [(4, 0), (5, 0), (1, 0)]
        assert (fold.view.repute.sellers.units[0], fold.view.repute.sellers.returned[0]) == (9, 3)

    def test_a_sale_that_came_back_whole_is_none_for_trends_and_for_what_is_bought_again(self) -> None:
        fold = Fold()
        fold.buy(7, 9)
        order = fold.buy(7, 9, units=2)
        assert (fold.view.products.sales[9], fold.view.products.rebuys[9]) == (2, 1)

        fold.send_back(order)
        assert fold.view.products.sales[9] == 2
        fold.send_back(order)

        assert (fold.view.products.sales[9], fold.view.products.rebuys[9]) == (1, 0)
        assert fold.view.products.trend[9] == pytest.approx(tastes.TREND_SALE)
        assert fold.view.buyers[7].bought == [9]

    def test_units_that_are_replaced_came_back_and_stay_sold(self) -> None:
        fold = Fold()
        order = fold.buy(7, 9)

        fold.send_back(order, refund=0)

        assert self.counted(fold, 9)[0] == (1, 1)
        assert fold.view.products.sales[9] == 1

    def test_a_refund_for_which_nothing_came_back_changes_nothing(self) -> None:
        fold = Fold()
        order = fold.buy(7, 9)

        fold.send_back(order, units=0)

        assert self.counted(fold, 9)[0] == (1, 0)
        assert fold.view.products.sales[9] == 1

    def test_what_is_called_off_was_never_sold(self) -> None:
        fold = Fold()
        order, other = fold.buy(7, 1, 3, units=2), fold.buy(7, 5)
        part = {"fee_minor": 0, "fee_tax_minor": 0, "by": 0}

        fold.tell(
            orders.LinesCanceled(at=AT, order=OrderId(order), lines=(1,), quantities=(2,), **part),
            orders.OrderCanceled(at=AT, order=OrderId(other), by=0),
        )

        assert [self.counted(fold, product)[0] for product in (1, 3, 5)] == [(2, 0), (0, 0), (0, 0)]
        assert fold.view.products.sales[[1, 3, 5]].tolist() == [1, 0, 0]
        assert fold.view.repute.products.pace[[1, 3, 5]].tolist() == [2.0, 0.0, 0.0]
        assert fold.view.buyers[7].bought == [1]

    def test_a_product_that_moves_takes_its_counts_along(self) -> None:
        fold = Fold()
        fold.send_back(fold.buy(7, 1, units=2))

        fold.tell(
            catalog.ProductEdited(
                at=AT, product=ProductId(1), title="", description="", category="Books", image="", by="seller"
            )
        )

        assert self.counted(fold, 1)[:2] == [(2, 1), (2, 1)]
        assert self.counted(fold, 3)[1] == (0, 0)

    def test_what_sells_a_day_fades_in_whatever_order_it_is_told(self) -> None:
        fold, other = Fold(), Fold()
        for days in (0, 14, 7):
            fold.buy(7, 1, at=AT + days * DAY)
        for days in (14, 7, 0):
            other.buy(7, 1, at=AT + days * DAY)

        assert fold.view.repute.products.pace[1] == pytest.approx(1 + 0.5**0.5 + 0.5)
        assert other.view.repute.products.pace[1] == pytest.approx(fold.view.repute.products.pace[1])

    def kept(self, fold: Fold, seller: int = 1) -> tuple[float, float]:
        table = fold.view.repute.sellers
        return float(table.kept[seller]), float(table.missed[seller])

    def test_a_promise_is_kept_on_its_day_and_missed_on_the_next(self) -> None:
        fold = Fold()
        for order, arrived in ((fold.buy(7, 1), AT + DAY), (fold.buy(7, 2, seller=2), AT + 2 * DAY)):
            fold.promise(order, AT + DAY + 1, seller=order)
            fold.arrive(order, arrived)

        assert (self.kept(fold), self.kept(fold, 2)) == ((1.0, 0.0), (0.0, 1.0))
        assert self.kept(fold, 0)[0] == pytest.approx(1.0, abs=0.02)

    def test_a_promise_is_missed_once_as_soon_as_its_day_is_over(self) -> None:
        fold = Fold()
        fold.promise(fold.buy(7, 1), AT)
        fold.buy(7, 2, at=AT + 3 * DAY)
        assert self.kept(fold) == (0.0, 1.0)

        fold.arrive(1, AT + 3 * DAY)

        assert self.kept(fold) == (0.0, 1.0)

    def test_a_parcel_that_never_came_is_waited_for_no_more_in_the_end(self) -> None:
        fold = Fold()
        fold.promise(fold.buy(7, 1), AT)
        fold.buy(7, 2, at=AT + 364 * DAY)
        assert list(fold.view.repute._promised) == [1]

        fold.buy(7, 2, at=AT + 367 * DAY)
        fold.arrive(1, AT)

        assert not fold.view.repute._promised
        assert self.kept(fold) == (0.0, 1.0)

    def test_a_scan_that_comes_late_makes_good_what_was_thought_missed(self) -> None:
        fold = Fold()
        fold.promise(fold.buy(7, 1), AT)
        fold.buy(7, 2, at=AT + 3 * DAY)

        fold.arrive(1, AT)

        assert self.kept(fold) == pytest.approx((1.0, 0.0), abs=0.05)

    def test_the_promise_at_checkout_counts_and_else_the_one_at_handover(self) -> None:
        fold = Fold()
        first, second, third = (fold.buy(7, 1) for _ in range(3))
        fold.promise(first, AT)
        for order, promised_at in ((first, AT + 9 * DAY), (second, AT + 9 * DAY), (third, 0)):
            fold.tell(
                delivery.ParcelHandedOver(
                    at=AT, parcel=ParcelId(1), order=OrderId(order), seller=SellerId(1), carrier="", tracking="",
                    promised_at=promised_at,
                )
            )  # fmt: skip

        for order in (first, second, third):
            fold.arrive(order, AT + DAY)

        assert self.kept(fold) == (1.0, 1.0)

    @pytest.mark.parametrize("days", [0, 9])
    def test_the_promise_of_an_order_that_was_called_off_counts_for_nothing(self, days: int) -> None:
        fold = Fold()
        fold.promise(fold.buy(7, 1), AT)
        fold.buy(7, 2, at=AT + days * DAY)

        fold.tell(orders.OrderCanceled(at=AT, order=OrderId(1), by=0))
        fold.arrive(1, AT + days * DAY)

        assert self.kept(fold) == (0.0, 0.0)

    def test_of_an_erased_buyer_no_order_is_known_and_what_comes_back_is_still_counted(self) -> None:
        fold = Fold()
        order = fold.buy(7, 1)
        fold.tell(identity.BuyerForgotten(at=AT, buyer=BuyerId(7)))

        fold.send_back(order)

        assert not fold.view.repute._orders.buyer.any()
        assert 7 not in fold.view.buyers
        assert self.counted(fold, 1)[0] == (1, 1)

    @pytest.mark.parametrize("seed", range(10))
    def test_purchases_told_at_once_count_as_told_one_by_one(self, seed: int) -> None:
        dice, single, joint = np.random.default_rng(seed), Fold(), Fold()
        placed: list[Event] = []
        for _ in range(30):
            told: tuple[int, ...] = (int(dice.integers(1, 5)), *dice.integers(1, 9, 3).tolist())
            at, seller = AT + int(dice.integers(0, 40)) * DAY, int(dice.integers(1, 4))
            placed.append(single.bought(*told, at=at, seller=seller, units=2))
            single.tell(placed[-1])

        joint.tell(*placed)

        for name in ("products", "categories", "sellers"):
            one, other = (getattr(fold.view.repute, name) for fold in (single, joint))
            for column in ("units", "returned"):
                assert getattr(one, column).tolist() == getattr(other, column).tolist()
        assert np.allclose(single.view.repute.products.pace, joint.view.repute.products.pace, rtol=1e-4)


NAMES = ["", "A", "B", "A/B", "AB"]


def candidates(*rows: tuple[int, float, str, int], worths: Sequence[float] | None = None) -> discovery.Candidates:
    products, scores, categories, sellers = zip(*rows, strict=True) if rows else ((), (), (), ())
    return discovery.Candidates(
        np.array(products, np.int64), np.array(scores, np.float64),
        np.array([NAMES.index(name) for name in categories], np.int32), np.array(sellers, np.int64),
        np.zeros(len(rows)) if worths is None else np.array(worths, np.float64),
    )  # fmt: skip


def arranged(
    ranked: discovery.Candidates, *, limit: int = 10, fresh: discovery.Candidates | None = None,
    rules: Sequence[discovery.Rule] = (), shown: dict[int, int] | None = None, is_about_one: bool = True,
) -> list[discovery.Placed]:  # fmt: skip
    return discovery.arrange(
        ranked, fresh or candidates(), limit=limit, surface="home", rules=rules, names=NAMES, shown=shown or {},
        is_about_one=is_about_one, dice=random.Random(1), now=AT,
    )  # fmt: skip


def rule(
    effect: str, target: str, key: str, *, worth_ppm: int = 0, surface: str = "", ends_at: int = 0
) -> discovery.Rule:
    return discovery.Rule("r", effect, target, key, surface, worth_ppm, ends_at)


class TestArranging:
    RANKED = candidates((1, 3.0, "A", 1), (2, 2.0, "A", 2), (3, 1.0, "B", 3))

    def test_without_rules_the_ranking_stands(self) -> None:
        assert [one.product for one in arranged(self.RANKED)] == [1, 2, 3]

    def test_none_are_arranged_to_none(self) -> None:
        assert arranged(candidates()) == []

    def test_a_pinned_product_comes_first_where_it_can_be_had(self) -> None:
        placed = arranged(self.RANKED, rules=[rule("pin", "product", "3"), rule("pin", "product", "99")])

        assert [(one.product, one.by) for one in placed] == [(3, "rule"), (1, "rank"), (2, "rank")]

    def test_what_is_buried_is_not_shown(self) -> None:
        assert [one.product for one in arranged(self.RANKED, rules=[rule("bury", "category", "A")])] == [3]

    def test_a_boosted_seller_rises(self) -> None:
        placed = arranged(self.RANKED, rules=[rule("boost", "seller", "3", worth_ppm=10_000_000)])

        assert placed[0].product == 3

    def test_a_rule_of_another_surface_or_of_yesterday_changes_nothing(self) -> None:
        old = [rule("bury", "category", "A", surface="cart"), rule("bury", "category", "A", ends_at=AT)]

        assert [one.product for one in arranged(self.RANKED, rules=old)] == [1, 2, 3]

    def test_one_seller_does_not_fill_a_list_while_others_have_something(self) -> None:
        ranked = candidates(
            *((number, 9.0 - number, "A", 1) for number in range(1, 7)), (7, 0.0, "A", 2), (8, -1.0, "A", 3)
        )

        placed = arranged(ranked, limit=4)

        assert [one.product for one in placed][:2] == [1, 2]
        assert {7, 8} <= {one.product for one in placed}

    def test_a_seller_alone_fills_the_list(self) -> None:
        assert len(arranged(candidates(*((number, 1.0, "A", 1) for number in range(1, 11))))) == 10

    def test_what_was_shown_often_without_a_click_makes_way(self) -> None:
        placed = arranged(self.RANKED, shown={1: SHOWN_TIRED})

        assert [one.product for one in placed] == [2, 3, 1]

    def test_exploring_happens_as_often_as_is_logged(self) -> None:
        ranked = candidates(*((number, 50.0 - number, "A", number) for number in range(1, 41)))
        fresh = candidates(*((number, 0.0, "A", number) for number in range(100, 110)))
        dice = random.Random(2)
        explored = 0
        for _ in range(500):
            placed = discovery.arrange(
                ranked, fresh, limit=12, surface="home", rules=(), names=NAMES, shown={}, is_about_one=True, dice=dice,
                now=AT,
            )  # fmt: skip
            explored += sum(one.by == "explore" for one in placed)
            assert [one.by for one in placed[:2]] == ["rank", "rank"]

        assert explored / (500 * 10) == pytest.approx(EXPLORED, abs=0.01)


class TestSameness:
    """What is made in arrays is what would be made product by product."""

    @pytest.mark.parametrize("seed", range(60))
    def test_a_list_is_arranged_as_product_by_product(self, seed: int) -> None:
        dice = np.random.default_rng(seed)
        rows = [
            (number, float(dice.integers(0, 12)) / 4, str(dice.choice(NAMES[1:])), int(dice.integers(1, 5)))
            for number in dice.permutation(np.arange(1, 60)).tolist()
        ]
        ranked, fresh = rows[: int(dice.integers(0, 50))], rows[int(dice.integers(30, 55)) :]
        rules = [
            rule(
                str(dice.choice(["pin", "bury", "boost"])), target, key, worth_ppm=int(dice.integers(0, 3_000_000)),
                surface=str(dice.choice(["", "home", "cart"])), ends_at=int(dice.choice([0, AT, AT + 1])),
            )
            for target, key in (("product", "7"), ("product", "3"), ("product", "9"), ("seller", "2"), ("category", "A"))
            if dice.random() < 0.4
        ]  # fmt: skip
        rules = [one for one in rules if one.target == "product" or one.effect != "pin"]
        told: dict[str, Any] = {
            "limit": int(dice.integers(1, 25)), "surface": "home", "rules": rules, "now": AT,
            "shown": {number: int(dice.integers(1, 9)) for number in range(1, 40, 3)}, "is_about_one": bool(seed % 2),
        }  # fmt: skip

        neutral = [[0.0] * len(some) for some in (ranked, fresh)]

        for worths in (neutral, [(dice.integers(-8, 8, len(some)) / 8).tolist() for some in neutral]):
            plain = plain_lists.arranged(
                *(
                    [plain_lists.Candidate(*row, worth) for row, worth in zip(rows_of, some, strict=True)]
                    for rows_of, some in zip((ranked, fresh), worths, strict=True)
                ),
                dice=random.Random(seed), **told,
            )  # fmt: skip
            own = candidates(*ranked, worths=worths[0]), candidates(*fresh, worths=worths[1])
            assert plain == discovery.arrange(*own, names=NAMES, dice=random.Random(seed), **told)

    @pytest.mark.parametrize("seed", range(20))
    def test_an_answer_is_gathered_as_product_by_product(self, seed: int) -> None:
        dice, fold = np.random.default_rng(seed), Fold(products=150)
        for _ in range(int(dice.integers(5, 120))):
            visitor, heart = bytes([int(dice.integers(1, 9))]) * 16, int(dice.integers(1, 140))
            for step in range(int(dice.integers(1, 6))):
                fold.look(
                    visitor, heart + step, buyer=int(dice.integers(0, 3)), at=AT + int(dice.integers(0, 9)) * MINUTE
                )
        for _ in range(int(dice.integers(0, 40))):
            fold.buy(int(dice.integers(1, 4)), *dice.integers(1, 9, 2).tolist())
        own, plain = discovery.Answering(fold.view, discovery.unskilled()), plain_lists.Answering(fold.view)
        own.warm()

        for surface, about in (("home", ()), ("home", (5,)), ("also_bought", (6,)), ("cart", (7, 8)), ("category", ())):
            for visitor, buyer in ((b"\1" * 16, 0), (b"\2" * 16, 1), (b"\0" * 16, 2), (b"\0" * 16, 0)):
                asked = discovery.Asked(surface, about, visitor, buyer, AT)
                answer = own.answer(asked)
                assert (list(answer.offered), answer.fresh) == plain.answer(asked)


class TestWorth:
    """A worth is what reading it product by product gives, and nothing where nothing is known."""

    EVEN = discovery.Weights(1.0, 1.0, 1.0, 1.0)

    def told(
        self, fold: Fold, *rows: tuple[int, int, int, float], weights: discovery.Weights = EVEN
    ) -> list[list[float]]:
        """Give the worths of products, each with its seller, free units, and the fee's share."""
        products, sellers, free, fees = (np.array(column) for column in zip(*rows, strict=True))
        found = discovery.worths(discovery.Facing(products, sellers, free, fees), fold.view.repute, weights, now=AT)
        return [[float(value) for value in row] for row in found]

    def test_where_nothing_is_known_all_are_worth_the_same(self) -> None:
        assert self.told(Fold(), (1, 1, 5, 0.0), (2, 99, 1, 0.0), (9_999, 1, 1, 0.0)) == [[0.0] * 4] * 3

    def test_who_keeps_fewer_promises_than_the_market_loses_by_how_much(self) -> None:
        fold = Fold()
        for number in range(80):
            seller = 1 + number % 2
            fold.promise(fold.buy(7, 1, seller=seller), AT, seller=seller)
            fold.arrive(fold.orders, AT + DAY * (number % 4 == 0))

        first, second = self.told(fold, (1, 1, 99, 0.0), (1, 2, 99, 0.0))

        assert first[0] == pytest.approx(-0.25 * 40 / 60, abs=0.01)
        assert second[0] == pytest.approx(0.25 * 40 / 60, abs=0.01)

    def test_one_missed_promise_hardly_counts(self) -> None:
        fold = Fold()
        for seller in (1, *[2] * 50):
            fold.promise(fold.buy(7, 1, seller=seller), AT, seller=seller)
            fold.arrive(fold.orders, AT + DAY * (seller == 1))

        ((promise, *_),) = self.told(fold, (1, 1, 99, 0.0))

        assert -0.06 < promise < -0.03

    def test_what_comes_back_more_often_than_its_category_loses(self) -> None:
        fold = Fold()
        for product in (1, 3):
            order = fold.buy(7, product, units=50, seller=product)
            fold.send_back(order, units=20 if product == 1 else 0)

        first, third, other = self.told(fold, (1, 1, 99, 0.0), (3, 3, 99, 0.0), (2, 2, 99, 0.0))

        assert first[1] < -0.05 < 0.05 < third[1]
        assert other[1] == 0.0

    def test_stock_is_thin_by_what_sells_a_day_and_not_by_how_few_units_there_are(self) -> None:
        fold = Fold()
        fold.buy(7, 1, units=200)

        thin, enough, slow = self.told(fold, (1, 1, 5, 0.0), (1, 1, 500, 0.0), (2, 1, 1, 0.0))

        assert thin[2] == pytest.approx(-(1 - 5 / (200 * np.log(2) / 14) / 3))
        assert (enough[2], slow[2]) == (0.0, 0.0)

    def test_the_margin_counts_only_where_the_operator_says_so(self) -> None:
        fold, row = Fold(), (1, 1, 9, 0.15)

        assert self.told(fold, row, weights=discovery.Weights())[0][3] == 0.0
        assert self.told(fold, row)[0][3] == pytest.approx(0.15)

    def test_rules_set_weights_on_a_surface_or_on_all_as_long_as_they_hold(self) -> None:
        rules = [
            rule("weigh", "margin", "", worth_ppm=2_000_000, surface="home"),
            rule("weigh", "margin", "", worth_ppm=1_000_000),
            rule("weigh", "promise", "", worth_ppm=0),
            rule("weigh", "stock", "", worth_ppm=5_000_000, ends_at=AT),
            rule("boost", "product", "1", worth_ppm=5_000_000),
        ]  # fmt: skip

        assert discovery.weights_of(rules, "home", AT) == discovery.Weights(promise=0.0, margin=2.0)
        assert discovery.weights_of(rules, "cart", AT) == discovery.Weights(promise=0.0, margin=1.0)
        assert discovery.weights_of([], "home", AT) == discovery.Weights(1.0, 1.0, 0.2, 0.0)

    @pytest.mark.parametrize("seed", range(20))
    def test_worths_are_what_reading_them_product_by_product_gives(self, seed: int) -> None:
        dice, fold = np.random.default_rng(seed), Fold()
        for _ in range(60):
            at, seller = AT - int(dice.integers(0, 90)) * DAY, int(dice.integers(1, 5))
            order = fold.buy(7, *dice.integers(1, 40, 2).tolist(), at=at, seller=seller, units=int(dice.integers(1, 9)))
            if dice.random() < 0.8:
                fold.promise(order, at + 2 * DAY, seller=seller)
                fold.arrive(order, at + int(dice.integers(1, 5)) * DAY)
            if dice.random() < 0.4:
                fold.send_back(order, line=int(dice.integers(0, 2)), at=at + 9 * DAY)
        rows = [
            (int(dice.integers(1, 41)), int(dice.integers(1, 7)), int(dice.integers(1, 9)), float(dice.random()))
            for _ in range(100)
        ]
        weights = discovery.Weights(*(float(one) for one in dice.random(4)))

        told = self.told(fold, *rows, weights=weights)

        assert np.allclose(told, [plain_lists.worth(*row, fold.view.repute, weights, AT) for row in rows])
        neutral = self.told(fold, *rows, weights=discovery.Weights(0.0, 0.0, 0.0, 0.0))
        assert not np.array(neutral).any()


class TestTelling:
    def noted(self, **changed: object) -> events.SignalNoted:
        told: dict[str, object] = {
            "visitor": ANA, "buyer": BuyerId(0), "product": ProductId(1), "signal": discovery.Signal.VIEWED,
            "surface": "", "position": -1, "now": AT,
        }  # fmt: skip
        return discovery.note(**told | changed)  # type: ignore[arg-type]

    def test_a_look_is_noted(self) -> None:
        assert self.noted().signal == 1

    @pytest.mark.parametrize(
        "changed", [{"signal": discovery.Signal.BOUGHT}, {"surface": "moon"}, {"position": -2}, {"position": 1_001}]
    )
    def test_what_cannot_be_is_refused(self, changed: dict[str, object]) -> None:
        with pytest.raises(Invalid):
            self.noted(**changed)

    def test_a_look_lasts_no_less_than_no_time_and_no_more_than_an_hour(self) -> None:
        told: dict[str, Any] = {"visitor": ANA, "buyer": BuyerId(0), "product": ProductId(1), "now": AT}

        assert discovery.end_look(dwell_ms=10**9, **told).dwell_ms == discovery.DWELL_MS_MAX
        with pytest.raises(Invalid):
            discovery.end_look(dwell_ms=-1, **told)

    @pytest.mark.parametrize(
        "changed",
        [
            {"rule": ""}, {"effect": "hide"}, {"target": "brand"}, {"surface": "moon"}, {"key": ""},
            {"effect": "pin", "target": "category"}, {"worth_ppm": -1}, {"effect": "weigh"}, {"target": "margin"},
            {"effect": "weigh", "target": "margin", "key": "1"},
        ],
    )  # fmt: skip
    def test_a_rule_that_says_nothing_is_refused(self, changed: dict[str, object]) -> None:
        told = {
            "rule": "r", "effect": "boost", "target": "product", "key": "1", "surface": "", "worth_ppm": 1, "ends_at": 0,
            "now": AT,
        }  # fmt: skip

        with pytest.raises(Invalid):
            discovery.set_rule(**told | changed)  # type: ignore[arg-type]


@pytest.mark.skipif(importlib.util.find_spec("lightgbm") is None, reason="LightGBM comes with the extra `learn`")
class TestTraining:
    def test_what_was_learned_beats_popularity_on_what_it_has_not_seen(self) -> None:
        from caravan.bootstrap import ranker  # noqa: PLC0415

        rng = np.random.default_rng(4)
        firsts = rng.integers(1, 60, 2_000)
        sessions = [[first, first + 60, *([first + 120] if first % 2 else [first + 60, first])] for first in firsts]
        items = np.concatenate(sessions).astype(np.int32)
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in sessions])])
        history = discovery.History(offsets, items, 200, discovery.no_traits())

        plan = discovery.Plan(epochs=1, questions=1_500)
        trained, memory = discovery.train(history, ranker=ranker(threads=1), plan=plan, progress=lambda *_: None)

        recommender = discovery.Recommender(200, trained.skill, history.traits)
        answer = recommender.next_of(np.array([7, 67], np.int32), memory.sight())
        assert answer[0] == 127
        assert trained.skill.trees.size > 0


class TestReadingFolders:
    def test_every_prefix_is_asked_and_every_product_counts(self, tmp_path: Path) -> None:
        pq.write_table(
            pa.table({"session_idx": [0, 1], "items": [[1, 2], [2, 3, 9]]}), tmp_path / "train_sessions.parquet"
        )
        pq.write_table(pa.table({"prefix": [[2, 3], [2]], "target": [11, 3]}), tmp_path / "test_pairs.parquet")

        (task,) = benchmark.read(tmp_path)

        assert task.history.items.tolist() == [1, 2, 2, 3, 9]
        assert task.history.products == 12
        asked = task.questions
        assert [asked.items[a:b].tolist() for a, b in zip(asked.starts, asked.ends, strict=True)] == [[2, 3], [2]]

    def test_of_a_sequence_the_last_is_asked_and_never_learned_from(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"user": [1, 2], "items": [[1, 2, 3], [4, 5, 6]]}), tmp_path / "Beauty.parquet")
        pq.write_table(pa.table({"item": [1], "attributes": [[2, 1]]}), tmp_path / "Beauty_attrs.parquet")

        (task,) = benchmark.read(tmp_path)

        assert task.history.items.tolist() == [1, 2, 4, 5]
        assert task.questions.targets.tolist() == [3, 6]
        assert task.questions.own.tolist() == [1, 2]
        assert task.history.traits.values.tolist() == [1, 2]

    def test_asked_live_a_look_of_another_session_is_known_at_once_and_none_of_later_ones(self, tmp_path: Path) -> None:
        early = {"session_id": [1, 1, 2, 2], "item_id": [10, 20, 30, 40], "unix_s": [1.0, 2.0, 3.0, 4.0]}
        # Session 8 goes from 20 to 40 while session 9 is between its two looks, which are the same.
        late = {"session_id": [9, 8, 8, 9], "item_id": [20, 20, 40, 40], "unix_s": [5.0, 6.0, 7.0, 8.0]}
        pq.write_table(pa.table(early), tmp_path / "train_full.parquet")
        pq.write_table(pa.table(late), tmp_path / "test.parquet")
        (task,) = benchmark.read(tmp_path)
        memory = discovery.Memory()
        memory.remember(task.history.sessions, task.history.items)
        trained = Trained("untrained", 4, discovery.unskilled())

        assert task.stream is not None
        assert task.stream.items.tolist() == [2, 2, 4, 4]
        assert task.stream.sessions.tolist() == [4, 3, 3, 4]
        frozen, _ = benchmark._ask(task, trained, memory, np.arange(2), lambda *_: None)
        live = benchmark._live(task, task.stream, trained, memory, lambda *_: None)

        assert frozen["recall@20"] == 0.0
        assert (live["recall@20"], live["questions"]) == (0.5, 2)

    def test_a_folder_of_no_known_shape_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(Invalid):
            list(benchmark.read(tmp_path))

    def test_a_hit_below_the_depth_counts_for_nothing(self) -> None:
        figures = benchmark._figures(np.array([1, 2, 21, 0]), 20)

        assert (figures["recall@20"], figures["mrr@20"]) == (0.5, 0.375)


def test_too_little_is_not_learned_from() -> None:
    history = discovery.History(np.array([0, 2]), np.array([1, 2], np.int32), 3, discovery.no_traits())

    with pytest.raises(discovery.TooLittleToLearn):
        discovery.train(history, ranker=NoRanker(), plan=discovery.Plan(), progress=lambda *_: None)


class NoRanker:
    def learn(self, *_: object, **__: object) -> forest.Trees:
        return forest.none()


def test_candidates_that_were_drawn_stand_for_those_that_were_not() -> None:
    rng = np.random.default_rng(4)
    items = rng.integers(1, 200, 6_000).astype(np.int32)
    history = discovery.History(np.arange(0, 6_001, 3), items, 200, discovery.no_traits())

    def worths(others: float) -> np.ndarray:
        ranker, plan = Noting(), discovery.Plan(epochs=1, questions=200, others=others)
        discovery.train(history, ranker=ranker, plan=plan, progress=lambda *_: None)
        return ranker.worths

    every, some = worths(1_000.0), worths(5.0)

    assert (every == 1.0).all()
    assert len(some) < len(every)
    assert some.sum() == pytest.approx(len(every), rel=0.1)


class Noting:
    worths: np.ndarray

    def learn(self, *given: np.ndarray, **_: object) -> forest.Trees:
        self.worths = given[3]
        return forest.none()


class TestSkillFolder:
    def kept(self, folder: SkillFolder, seed: int) -> str:
        rng = np.random.default_rng(seed)
        model = sequence.fresh(20, rng, 4)
        trained = assemble(model, linear.none(), forest.none(), looks=seed, rng=rng)
        folder.save(trained, {"seed": seed})
        return trained.version

    def test_a_version_comes_back_as_it_was_kept(self, tmp_path: Path) -> None:
        folder = SkillFolder(tmp_path)
        version = self.kept(folder, 1)

        again = folder.load(version)

        assert (again.version, again.looks) == (version, 1)
        assert again.skill.net.unit.shape == (20, 4)
        assert again.skill.net.unit.dtype == np.int16

    def test_a_version_of_an_older_release_is_read_as_the_same_model(self, tmp_path: Path) -> None:
        folder, rng = SkillFolder(tmp_path), np.random.default_rng(1)
        trained = assemble(sequence.fresh(20, rng, 4), linear.none(), forest.none(), looks=1, rng=rng)
        net = trained.skill.net
        whole = net._replace(unit=net.unit * kernel.UNIT_STEP, packed=net.packed.astype(np.float32))
        folder.save(Trained(trained.version, 1, trained.skill._replace(net=whole)), {})

        again = folder.load(trained.version).skill.net

        assert np.array_equal(again.unit, net.unit)
        assert np.abs(again.packed.astype(int) - net.packed).max() <= 1

    def test_a_promoted_version_can_be_rolled_back(self, tmp_path: Path) -> None:
        folder = SkillFolder(tmp_path)
        first, second = self.kept(folder, 1), self.kept(folder, 2)
        folder.promote(first)
        folder.promote(second)

        assert folder.standing().champion == second
        assert folder.roll_back().champion == first
        assert [name for name, _ in folder.versions()] == [second, first]

    def test_a_challenger_leaves_the_champion_where_it_is(self, tmp_path: Path) -> None:
        folder = SkillFolder(tmp_path)
        first, second = self.kept(folder, 1), self.kept(folder, 2)
        folder.promote(first)

        standing = folder.challenge(second, 10)

        assert (standing.champion, standing.challenger, standing.share_percent) == (first, second, 10)

    def test_what_is_not_there_is_refused(self, tmp_path: Path) -> None:
        folder = SkillFolder(tmp_path)
        with pytest.raises(NotFound):
            folder.promote("0123456789abcdef")
        with pytest.raises(Invalid):
            folder.load("../../etc/passwd")
        with pytest.raises(Invalid):
            folder.roll_back()

    def test_a_draft_is_found_by_the_same_plan_over_the_same_looks_only(self, tmp_path: Path) -> None:
        history = discovery.History(np.array([0, 2]), np.array([1, 2], np.int32), 3, discovery.no_traits())
        folder, model = SkillFolder(tmp_path), sequence.fresh(3, np.random.default_rng(1), 4)
        folder.drafts(discovery.Plan(), history).keep(model)

        found = folder.drafts(discovery.Plan(), history).find()

        assert found is not None
        assert np.array_equal(found.items, model.items)
        assert folder.drafts(discovery.Plan(seed=2), history).find() is None
