"""Checks comparisons: credit counted from drafted lists, one vote a visitor, a better version found out, an equal one not."""

import numpy as np
import pytest

from caravan.events import discovery as events
from caravan.insight import discovery
from caravan.insight.discovery.comparisons import CREDITED_CLICKS
from caravan.insight.discovery.outcomes import CREDITED
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.ids import BuyerId, ProductId

AT = Instant(20_000 * DAY)
SINCE = 7
ANA, BEN = b"a" * 16, b"b" * 16


def show(
    to: discovery.Comparisons, visitor: bytes, products: dict[int, int], *, at: int = AT, buyer: int = 0
) -> None:  # fmt: skip
    to.show(
        events.ListDrafted(
            at=Instant(at), visitor=visitor, buyer=BuyerId(buyer), comparison=SINCE, surface="home", champion="a",
            challenger="b", seed=1, products=tuple(map(ProductId, products)), teams=tuple(products.values()),
        )
    )  # fmt: skip


def click(
    to: discovery.Comparisons, visitor: bytes, product: int, *, at: int = AT, surface: str = "home", buyer: int = 0
) -> None:  # fmt: skip
    to.click(
        events.SignalNoted(
            at=Instant(at), visitor=visitor, buyer=BuyerId(buyer), product=ProductId(product), surface=surface, position=0,
            signal=int(discovery.Signal.CLICKED),
        )
    )  # fmt: skip


def told(to: discovery.Comparisons, *, at: int = AT + 10 * CREDITED_CLICKS) -> discovery.Tally:
    return to.tally(SINCE, now=at)


class TestCredit:
    def test_the_side_with_more_clicks_has_the_visitors_vote(self) -> None:
        counted = discovery.Comparisons()
        show(counted, ANA, {1: 1, 2: -1, 3: -1})
        for product in (1, 2, 3):
            click(counted, ANA, product)

        found = told(counted)

        assert (found.clicks_champion, found.clicks_challenger) == (1, 2)
        assert (found.votes_champion, found.votes_challenger, found.ties) == (0, 1, 0)

    def test_a_list_is_judged_only_when_it_is_over(self) -> None:
        counted = discovery.Comparisons()
        show(counted, ANA, {1: 1, 2: -1})
        click(counted, ANA, 1)

        assert told(counted, at=AT + CREDITED_CLICKS).votes_champion == 0
        assert told(counted, at=AT + CREDITED_CLICKS + 1).votes_champion == 1

    def test_a_second_click_on_a_product_and_one_elsewhere_count_for_nothing(self) -> None:
        counted = discovery.Comparisons()
        show(counted, ANA, {1: 1, 2: -1})
        click(counted, ANA, 1)
        click(counted, ANA, 1)
        click(counted, ANA, 2, surface="search")
        click(counted, ANA, 9)
        click(counted, BEN, 2)

        assert told(counted)[1:3] == (1, 0)

    def test_a_click_that_comes_late_counts_for_nothing(self) -> None:
        counted = discovery.Comparisons()
        show(counted, ANA, {1: 1, 2: -1})
        click(counted, ANA, 1, at=AT + CREDITED_CLICKS + 1)

        assert told(counted) == discovery.Tally(lists=1, ties=1)

    def test_a_visitor_has_one_vote_however_many_lists_they_click_in(self) -> None:
        counted = discovery.Comparisons()
        for hour in range(5):
            at = AT + 2 * hour * CREDITED_CLICKS
            show(counted, ANA, {1: 1, 2: -1}, at=at, buyer=3 * (hour > 2))
            click(counted, ANA, 1, at=at)
        show(counted, BEN, {1: 1, 2: -1}, at=at, buyer=3)  # The same buyer on another browser.
        click(counted, BEN, 1, at=at)

        found = told(counted, at=at + 2 * CREDITED_CLICKS)

        assert (found.lists, found.clicks_champion, found.votes_champion) == (6, 6, 1)

    def test_what_was_bought_within_a_week_of_its_click_is_credited_once(self) -> None:
        counted = discovery.Comparisons()
        show(counted, ANA, {1: 1, 2: -1})
        click(counted, ANA, 2, buyer=3)
        counted.sell(discovery.Sale(3, AT + CREDITED, 978, [(2, 100), (1, 100)]), {BEN, ANA})
        counted.sell(discovery.Sale(3, AT + CREDITED, 978, [(2, 100)]), {ANA})

        found = told(counted)

        assert (found.bought_champion, found.bought_challenger, found.buyers_challenger) == (0, 1, 1)
        assert (found.told("purchases").losses, found.told("clicks").losses) == (1, 1)

    def test_what_was_bought_later_is_not_credited(self) -> None:
        counted = discovery.Comparisons()
        show(counted, ANA, {2: -1})
        click(counted, ANA, 2)
        counted.sell(discovery.Sale(3, AT + CREDITED + 1, 978, [(2, 100)]), {ANA})

        assert told(counted).bought_challenger == 0

    def test_of_who_is_forgotten_no_mark_is_kept(self) -> None:
        counted = discovery.Comparisons()
        for at in (AT, AT + 2 * CREDITED_CLICKS):
            show(counted, ANA, {1: 1, 2: -1}, at=at, buyer=3)
            click(counted, ANA, 1, at=at, buyer=3)

        counted.forget(3, [ANA])

        kept = repr([vars(counted)[name] for name in ("_of_visitor", "_clicked", "_voted", "_open")])
        assert ANA.hex() not in kept
        assert repr(ANA) not in kept
        assert told(counted).votes_champion == 1


class TestDrafting:
    def test_a_draft_follows_from_its_seed(self) -> None:
        seed = discovery.seed_of(ANA, b"home", b"1")

        one = discovery.draft([1, 2, 3, 4], [4, 3, 2, 1], 4, seed=seed)

        assert one == discovery.draft([1, 2, 3, 4], [4, 3, 2, 1], 4, seed=one.seed)
        assert sum(one.teams) == 0

    def test_a_share_of_the_visitors_takes_part_until_there_is_a_verdict(self) -> None:
        running = discovery.Comparison("a", "b", 20, SINCE)
        marks = [number.to_bytes(16, "big") for number in range(1, 2_001)]

        share = np.mean([running.takes_in(mark) for mark in marks])

        assert 0.17 < share < 0.23
        assert not running.takes_in(b"\0" * 16)
        assert not any(discovery.Comparison("a", "b", 100, SINCE, verdict="alike").takes_in(mark) for mark in marks)


class TestVerdict:
    @pytest.mark.parametrize(
        ("wins", "losses", "verdict"),
        [(0, 0, "open"), (5, 0, "open"), (20, 0, "champion"), (100, 160, "challenger"), (50, 50, "open"),
         (2_500, 2_500, "alike")],
    )  # fmt: skip
    def test_a_verdict_stands_on_the_interval(self, wins: int, losses: int, verdict: str) -> None:
        found = discovery.prefer(wins, losses)

        assert found.verdict == verdict
        assert found.low_always <= found.share <= found.high_always

    def test_equal_versions_are_told_apart_in_one_of_twenty_at_most_however_often_one_looks(self) -> None:
        dice = np.random.default_rng(4)
        wrong = sum(first_verdict(dice.random(1_500) < 0.5) in {"champion", "challenger"} for _ in range(300))

        assert wrong / 300 <= 0.05


def first_verdict(votes: np.ndarray) -> str:
    """Look again and again, and give the first verdict."""
    wins = np.cumsum(votes)
    for count in [*range(10, 200, 3), *range(200, len(votes), 25)]:
        verdict = discovery.prefer(int(wins[count - 1]), int(count - wins[count - 1])).verdict
        if verdict != "open":
            return verdict
    return "open"


GOODS, PLACES = 12, 6


class Shop:
    """A simulated shop: visitors look less at what stands lower, have tastes of their own, and some come again and again."""

    def __init__(self, seed: int, *, noise: tuple[float, float]) -> None:
        self.dice, self.noise = np.random.default_rng(seed), noise
        self.counted = discovery.Comparisons()
        self.worth = self.dice.random(GOODS)
        self.at = int(AT)

    def rank(self, side: int) -> list[int]:
        """Rank as a version does: by what goods are worth, more or less well."""
        order = np.argsort(-(self.worth + self.dice.normal(0, self.noise[side], GOODS)))
        return [1 + int(product) for product in order]

    def live(self, visitors: int) -> str:
        """Let visitors come until there is a verdict."""
        for number in range(visitors):
            visitor = (1 + number).to_bytes(16, "big")
            own = np.clip(self.worth + self.dice.normal(0, 0.2, GOODS), 0, 1)
            for _ in range(1 + self.dice.poisson(1)):
                self.at += int(2 * CREDITED_CLICKS)
                self.visit(visitor, own)
            verdict = self.counted.tally(SINCE, now=self.at).told("clicks").verdict
            if verdict != "open":
                return verdict
        return "open"

    def visit(self, visitor: bytes, own: np.ndarray) -> None:
        """Show a drafted list, and click."""
        draft = discovery.draft(self.rank(0), self.rank(1), PLACES, seed=int(self.dice.integers(2**50)))
        show(self.counted, visitor, dict(zip(draft.products, draft.teams, strict=True)), at=self.at)
        for place, product in enumerate(draft.products):
            if self.dice.random() < own[product - 1] * 0.5 / (1 + place):
                click(self.counted, visitor, product, at=self.at)


def test_a_truly_better_version_wins_in_a_simulated_shop() -> None:
    verdicts = [Shop(seed, noise=(0.8, 0.1)).live(1_500) for seed in range(12)]

    assert verdicts.count("challenger") >= 11
    assert "champion" not in verdicts


def test_an_equal_version_is_hardly_ever_declared_better_in_a_simulated_shop() -> None:
    verdicts = [Shop(seed, noise=(0.4, 0.4)).live(250) for seed in range(60)]

    assert sum(verdict in {"champion", "challenger"} for verdict in verdicts) <= 3
