"""Checks delivery promises: kept as often as promised, honest where little is known, never earlier than now."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from caravan.kernel.clock import DAY, HOUR, SECOND, Instant
from caravan.kernel.ids import OrderId
from caravan.trade.delivery import (
    Asks,
    Calibration,
    Dates,
    Journeys,
    Made,
    Promises,
    Trained,
    asks_of,
    calibrate,
    ended,
    make,
    outlook,
    promise,
    promise_of,
    reasons,
    revise,
    score,
    steer,
    train,
)
from caravan.trade.delivery.pace import slowed
from caravan.trade.delivery.steering import afford, month_of
from caravan.trade.delivery.workdays import FIRST_DAY, easter, holidays, learn_workdays

FIRST = 17_000  # days since 1970: July 18, 2016, a Monday
DAYS = 210
A_DAY = 40
SEEN = Instant((FIRST + 150) * DAY)


def history(*, seed: int = 1, drift: float = 0.0, lost: float = 0.01) -> Journeys:
    """Make parcels of six sellers between three regions; `drift` slows everything by so much a day."""
    dice = np.random.default_rng(seed)
    count = DAYS * A_DAY
    placed = (FIRST * DAY + np.sort(dice.integers(0, DAYS * DAY, count))).astype(np.int64)
    sellers, origins = dice.integers(1, 7, count), dice.integers(0, 2, count)
    destinations = dice.integers(0, 3, count)
    packing = dice.gamma(4, 0.25, count) * (1 + (sellers == 6))
    road = dice.gamma(6, 0.6, count) * (1 + (origins != destinations)) * (1 + drift * (placed - placed[0]) / DAY)
    handed = placed + (packing * DAY).astype(np.int64)
    delivered = np.where(dice.random(count) < lost, 0, handed + (road * DAY).astype(np.int64))
    nothing = np.zeros(count, np.int64)
    return Journeys(
        sellers=sellers, origins=origins, destinations=destinations, origin_area=nothing - 1,
        destination_area=nothing - 1, distance_km=np.full(count, np.nan), weight_grams=nothing, shipping_minor=nothing,
        placed_at=placed, handed_over_at=handed, delivered_at=delivered, canceled_at=nothing,
        regions=("PT", "DE-BE", "DE-BY"), areas=(),
    )  # fmt: skip


def ask(journeys: Journeys, at: int, *, seller: int = 1, origin: int = 0, destination: int = 0) -> Asks:
    """Ask for one promise at a time."""
    one = asks_of(journeys.take(np.array([0])))
    return replace(
        one, sellers=np.array([seller]), origins=np.array([origin]), destinations=np.array([destination]),
        placed_at=np.array([at]),
    )  # fmt: skip


def lived(journeys: Journeys, *, since: int, steered: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Live through the days from one on; give the rows that were promised a day, and the days."""
    days = np.full(len(journeys), -1, np.int64)
    placed, trained = journeys.placed_at, None
    for day in range(since, FIRST + DAYS):
        now = Instant(day * DAY)
        if trained is None or day % 7 == 0:
            trained = train(journeys, now=now)
        calibration = calibrate(trained, journeys, now=now)
        made = np.flatnonzero(days >= 0)
        if steered:
            calibration = steer(trained, calibration, journeys, Made(made, days[made]), level=0.9)
        rows = np.flatnonzero((placed >= now) & (placed < now + DAY))
        days[rows] = promise(trained, calibration, asks_of(journeys.take(rows))).promised
    rows = np.flatnonzero(days >= 0)
    return rows, days[rows]


def kept_share(journeys: Journeys, rows: np.ndarray, days: np.ndarray) -> float:
    """Give the share that arrived in time, of those that arrived."""
    arrived = journeys.delivered_at[rows] > 0
    return float((journeys.delivered_at[rows] // DAY <= days)[arrived].mean())


@pytest.fixture(scope="module")
def past() -> Journeys:
    return history()


@pytest.fixture(scope="module")
def learned(past: Journeys) -> tuple[Trained, Calibration]:
    trained = train(past, now=SEEN)
    return trained, calibrate(trained, past, now=SEEN)


@pytest.mark.parametrize("seed", [1, 2])
def test_ninety_percent_are_kept_where_ninety_were_promised(seed: int) -> None:
    journeys = history(seed=seed)

    rows, days = lived(journeys, since=FIRST + 140)

    assert 0.88 <= kept_share(journeys, rows, days) <= 0.935


def test_ninety_percent_are_kept_while_everything_slows_down() -> None:
    journeys = history(seed=3, drift=0.004)  # The road takes twice as long at the end as at the beginning.

    rows, days = lived(journeys, since=FIRST + 140)

    assert 0.87 <= kept_share(journeys, rows, days) <= 0.935


def test_nothing_later_than_the_promise_is_looked_at(past: Journeys) -> None:
    told = (past.placed_at < SEEN).astype(np.int64)
    hidden = replace(
        past,
        handed_over_at=np.where(past.handed_over_at <= SEEN, past.handed_over_at, 0),
        delivered_at=np.where(past.delivered_at <= SEEN, past.delivered_at, 0),
    ).take(np.flatnonzero(told))

    known, blind = train(past, now=SEEN), train(hidden, now=SEEN)

    asks = asks_of(past.take(np.flatnonzero(told == 0)[:50]))
    made = Made(np.flatnonzero(told), past.placed_at[told == 1] // DAY + 5)
    first = steer(known, calibrate(known, past, now=SEEN), past, made, level=0.9)
    second = steer(blind, calibrate(blind, hidden, now=SEEN), hidden, made, level=0.9)
    assert first.chosen == second.chosen != calibrate(known, past, now=SEEN).chosen
    assert (promise(known, first, asks).promised == promise(blind, second, asks).promised).all()
    assert known.version == blind.version


def test_parcels_that_are_still_open_make_promises_longer_than_leaving_them_out(past: Journeys) -> None:
    now = Instant((FIRST + 60) * DAY)
    arrived = past.take(np.flatnonzero((past.delivered_at > 0) & (past.delivered_at <= now)))
    asks = ask(past, now)

    with_open = train(past, now=now)
    without = train(arrived, now=now)

    assert (
        with_open.ordered.place(with_open.layout.cells(asks, asks.placed_at))[0]
        > without.ordered.place(without.layout.cells(asks, asks.placed_at))[0]
    )


def test_a_lane_that_stands_still_shows_in_the_next_promise(past: Journeys) -> None:
    stuck = (past.origins == 0) & (past.destinations == 1) & (past.delivered_at > SEEN - 12 * DAY)
    jammed = replace(past, delivered_at=np.where(stuck, 0, past.delivered_at))
    trained = train(past, now=Instant(SEEN - 12 * DAY))
    asks = ask(past, SEEN, origin=0, destination=1)

    before = promise(trained, calibrate(trained, past, now=SEEN), asks)
    after_calibration = calibrate(trained, jammed, now=SEEN)
    after = promise(trained, after_calibration, asks)

    assert after.promised[0] > before.promised[0]
    assert reasons(trained, after_calibration, asks, after)[0].lane_speed < 0.95


def halved(journeys: Journeys, *, since: int, until: int) -> Journeys:
    """Let the network move at half its pace between two times: who is on the way then arrives later by what is lost."""
    begins = np.maximum(journeys.placed_at, since)
    lost = np.minimum(np.maximum(journeys.delivered_at - begins, 0), np.maximum(until - begins, 0) // 2)
    return replace(journeys, delivered_at=np.where(journeys.delivered_at > 0, journeys.delivered_at + lost, 0))


def test_a_network_that_slows_down_is_seen_within_days(past: Journeys, learned: tuple[Trained, Calibration]) -> None:
    slow = halved(past, since=SEEN - 6 * DAY, until=SEEN + 30 * DAY)
    asks = ask(past, SEEN)

    now = calibrate(learned[0], slow, now=SEEN)

    assert now.pace.ahead < 0.8 * learned[1].pace.ahead
    assert promise(learned[0], now, asks).promised[0] > promise(*learned, asks).promised[0]
    assert reasons(learned[0], now, asks, promise(learned[0], now, asks))[0].lane_speed < 0.9


def test_a_crisis_that_is_over_bends_neither_the_pace_nor_what_is_learned(past: Journeys) -> None:
    crisis = halved(past, since=SEEN - 60 * DAY, until=SEEN - 25 * DAY)
    asks = asks_of(past.take(np.flatnonzero((past.placed_at > SEEN) & (past.placed_at < SEEN + DAY))))

    dates = []
    for journeys in (past, crisis):
        trained = train(journeys, now=SEEN)
        dates.append(promise(trained, calibrate(trained, journeys, now=SEEN), asks))

    assert abs(dates[0].promised - dates[1].promised).mean() < 0.5


def test_a_network_that_stands_still_is_not_expected_to_do_so_for_ever(
    past: Journeys, learned: tuple[Trained, Calibration]
) -> None:
    still = replace(past, delivered_at=np.where(past.delivered_at > SEEN - 9 * DAY, 0, past.delivered_at))
    asks = ask(past, SEEN)

    now = calibrate(learned[0], still, now=SEEN)

    days = promise(learned[0], now, asks).promised[0] - SEEN // DAY
    usual = promise(*learned, asks).promised[0] - SEEN // DAY
    assert usual < days < usual / (now.pace.ahead / now.pace.usual)


def test_what_arrives_today_shows_today(past: Journeys, learned: tuple[Trained, Calibration]) -> None:
    evening = Instant(SEEN + 20 * HOUR)
    on_the_way = (past.placed_at < SEEN) & (past.delivered_at > SEEN)
    stuck = replace(past, delivered_at=np.where(on_the_way, 0, past.delivered_at))

    usual, still = (calibrate(learned[0], one, now=evening).pace.ahead for one in (past, stuck))

    assert still < usual


def test_many_orders_within_a_week_slow_down_what_is_to_come() -> None:
    usual = np.arange(SEEN - 100 * DAY, SEEN, DAY // 20)
    rush = np.concatenate([usual, np.arange(SEEN - 2 * DAY, SEEN, DAY // 200)])

    assert slowed(usual, now=SEEN) == 1
    assert 0.7 < slowed(rush, now=SEEN) < 0.9
    assert slowed(rush[rush > SEEN - 50 * DAY], now=SEEN) == 1  # Too young a market to know what is usual.
    assert slowed(usual[:0], now=SEEN) == 1


def test_a_slow_seller_gets_later_dates_than_the_others(past: Journeys, learned: tuple[Trained, Calibration]) -> None:
    slow = promise(*learned, ask(past, SEEN, seller=6))
    usual = promise(*learned, ask(past, SEEN, seller=1))

    assert slow.median[0] >= usual.median[0]
    assert slow.promised[0] > usual.promised[0]


def test_a_new_seller_is_answered_from_the_others_and_it_is_said(
    past: Journeys, learned: tuple[Trained, Calibration]
) -> None:
    asks = ask(past, SEEN, seller=99)

    dates = promise(*learned, asks)

    (why,) = reasons(*learned, asks, dates)
    assert why.is_new_seller
    assert why.basis == "lane"
    assert dates.promised[0] > SEEN // DAY


@pytest.mark.parametrize(
    ("origin", "destination", "basis"), [(0, 0, "lane"), (2, 0, "market"), (7, 0, "market"), (-1, -1, "market")]
)
def test_a_new_lane_falls_back_and_says_so(
    past: Journeys, learned: tuple[Trained, Calibration], origin: int, destination: int, basis: str
) -> None:
    asks = ask(past, SEEN, origin=origin, destination=destination)

    dates = promise(*learned, asks)

    assert reasons(*learned, asks, dates)[0].basis == basis
    assert SEEN // DAY < dates.median[0] <= dates.promised[0]


def test_a_pair_of_known_regions_without_parcels_between_them_stands_on_both(past: Journeys) -> None:
    apart = past.take(np.flatnonzero((past.origins != 0) | (past.destinations != 1)))
    trained = train(apart, now=SEEN)
    asks = ask(past, SEEN, origin=0, destination=1)

    dates = promise(trained, calibrate(trained, apart, now=SEEN), asks)

    assert reasons(trained, calibrate(trained, apart, now=SEEN), asks, dates)[0].basis == "regions"


@pytest.mark.parametrize("count", [0, 1, 150])
def test_a_market_with_hardly_a_parcel_stands_on_defaults_and_says_so(past: Journeys, count: int) -> None:
    few = past.take(np.arange(count))
    trained = train(few, now=SEEN)
    calibration = calibrate(trained, few, now=SEEN)

    inland, abroad = ask(past, SEEN, origin=1, destination=2), ask(past, SEEN, origin=0, destination=2)

    near, far = promise(trained, calibration, inland), promise(trained, calibration, abroad)
    assert reasons(trained, calibration, inland, near)[0].basis == "defaults"
    assert SEEN // DAY < near.promised[0] < far.promised[0] < SEEN // DAY + 40


def test_a_parcel_that_is_late_already_is_never_promised_for_the_past(
    past: Journeys, learned: tuple[Trained, Calibration]
) -> None:
    old = ask(past, SEEN - 30 * DAY)

    dates = outlook(*learned, old, handed_over_at=np.array([0]), now=SEEN)

    assert dates.promised[0] >= dates.median[0] >= SEEN // DAY


def test_the_outlook_is_never_earlier_than_today_at_any_age_and_stage(
    past: Journeys, learned: tuple[Trained, Calibration]
) -> None:
    ages = np.arange(0, 70)
    asks = asks_of(past.take(np.zeros(len(ages), np.int64)))
    asks = replace(asks, placed_at=SEEN - ages * DAY)

    for handed in (np.zeros(len(ages), np.int64), SEEN - ages * DAY // 2):
        dates = outlook(*learned, asks, handed_over_at=handed, now=SEEN)
        assert (dates.promised >= SEEN // DAY).all()
        assert (dates.median <= dates.promised).all()


def test_parcels_that_were_handed_over_early_are_expected_earlier(
    past: Journeys, learned: tuple[Trained, Calibration]
) -> None:
    ages = np.arange(1, 8)
    asks = asks_of(past.take(np.zeros(len(ages), np.int64)))
    asks = replace(asks, placed_at=SEEN - ages * DAY)

    packed = outlook(*learned, asks, handed_over_at=SEEN - ages * DAY + HOUR, now=SEEN)
    waiting = outlook(*learned, asks, handed_over_at=np.zeros(len(ages), np.int64), now=SEEN)

    assert packed.promised.sum() < waiting.promised.sum()


def test_too_many_missed_promises_make_the_next_ones_later(
    past: Journeys, learned: tuple[Trained, Calibration]
) -> None:
    rows = np.flatnonzero((past.placed_at > SEEN - 20 * DAY) & (past.placed_at < SEEN))  # December 1 to 14
    hasty = Made(rows, past.placed_at[rows] // DAY + 1)
    easy = Made(rows, past.placed_at[rows] // DAY + 60)

    assert steer(*learned, past, hasty, level=0.9).chosen > learned[1].chosen
    assert steer(*learned, past, easy, level=0.9).chosen < learned[1].chosen
    assert steer(*learned, past, Made(rows[:10], rows[:10]), level=0.9).chosen == learned[1].chosen


def test_the_fewer_days_a_month_has_left_the_more_a_missed_promise_of_it_weighs() -> None:
    kept, weight = np.repeat([1.0, 0.0], [176, 24]), np.ones(200)  # 88 % of 200; 20 a day come in.
    early, late = Instant((FIRST + 136) * DAY), Instant((FIRST + 162) * DAY)  # December 1 and 27

    first = afford(kept, weight, level=0.9, flow=20.0, now=early)
    last = afford(kept, weight, level=0.9, flow=20.0, now=late)
    nothing = afford(kept[:0], weight[:0], level=0.9, flow=0.0, now=early)
    enough = afford(kept[:176], weight[:176], level=0.9, flow=0.0, now=late)

    assert nothing < first < last < 1
    assert 0.5 < enough < nothing


def test_what_was_missed_last_month_is_not_made_good_in_this_one(
    past: Journeys, learned: tuple[Trained, Calibration]
) -> None:
    rows = np.flatnonzero((past.placed_at > SEEN - 40 * DAY) & (past.placed_at < (FIRST + 136) * DAY))
    hasty = Made(rows, past.placed_at[rows] // DAY + 1)

    assert steer(*learned, past, hasty, level=0.9).chosen == learned[1].chosen


@pytest.mark.parametrize(
    ("at", "begins", "ends"), [((2017, 12, 31), (2017, 12), (2018, 1)), ((2018, 2, 1), (2018, 2), (2018, 3))]
)
def test_a_budget_is_that_of_the_month_in_utc(
    at: tuple[int, int, int], begins: tuple[int, int], ends: tuple[int, int]
) -> None:
    now = int(datetime(*at, 23, 59, tzinfo=UTC).timestamp()) * SECOND

    assert month_of(now) == tuple(int(datetime(*one, 1, tzinfo=UTC).timestamp()) * SECOND for one in (begins, ends))


@pytest.mark.parametrize(("year", "month", "day"), [(2018, 4, 1), (2024, 3, 31), (2000, 4, 23), (2038, 4, 25)])
def test_easter_is_on_the_day_that_the_church_says(year: int, month: int, day: int) -> None:
    assert (easter(year).month, easter(year).day) == (month, day)


def test_a_holiday_hardly_counts_as_a_working_day() -> None:
    christmas = 17_525  # December 25, 2017, a Monday
    days = np.arange(17_300, 17_600)
    work = days[((days + 3) % 7 < 5) & ~holidays("BR")[days - FIRST_DAY]]
    calendar = learn_workdays(["BR"], np.zeros(len(work) * 20, np.int64), np.repeat(work, 20))

    passed = np.diff(calendar.passed[0])[[christmas - FIRST_DAY, christmas + 7 * 6 - FIRST_DAY, 17_524 - FIRST_DAY]]

    assert passed[0] < 0.2
    assert passed[1] > 1.0
    assert passed[2] < 0.1  # A Sunday.


class Book:
    """Promises as facts, folded."""

    def __init__(self) -> None:
        self.promises = Promises()
        dates = Dates(np.array([FIRST + 5, FIRST + 6, FIRST + 7]), np.array([FIRST + 3] * 3))
        trained = train(history(), now=SEEN)
        asks = asks_of(history().take(np.arange(3)))
        why = reasons(trained, calibrate(trained, history(), now=SEEN), asks, dates)
        self.promises.apply(
            make(
                orders=np.array([4, 5, 9]), sellers=np.array([1, 1, 2]), dates=dates, why=why, model=trained.version,
                origins=["PT"] * 3, destinations=["DE"] * 3, at=Instant(FIRST * DAY),
            )
        )  # fmt: skip

    def status(self, order: int, *, delivered_at: int = 0, now: int = FIRST * DAY) -> str:
        found = promise_of(self.promises, OrderId(order), delivered_at=delivered_at, now=now)
        return found.status if found else "none"


def test_a_promise_is_kept_on_its_last_moment_and_missed_on_the_next() -> None:
    book, last = Book(), int(ended(np.array([FIRST + 5]))[0])

    assert book.status(4) == "open"
    assert book.status(4, delivered_at=last) == "kept"
    assert book.status(4, delivered_at=last + 1) == "missed"
    assert book.status(4, now=last + 1) == "missed"  # It need not arrive for that.
    assert book.status(77) == "none"


def test_a_later_date_that_was_told_changes_nothing_of_the_promise() -> None:
    book = Book()

    book.promises.apply(revise(orders=np.array([4]), days=np.array([FIRST + 9]), at=Instant((FIRST + 4) * DAY)))

    found = promise_of(book.promises, OrderId(4), delivered_at=(FIRST + 8) * DAY, now=(FIRST + 8) * DAY)
    assert found is not None
    assert found.expected_at == (FIRST + 10) * DAY - 1
    assert found.status == "missed"


def test_promises_are_scored_by_what_arrived_and_by_what_is_overdue() -> None:
    book = Book()
    delivered, canceled = np.zeros(10, np.int64), np.zeros(10, np.int64)
    delivered[4], delivered[5] = (FIRST + 2) * DAY, (FIRST + 9) * DAY

    every = score(book.promises, delivered_at=delivered, canceled_at=canceled, now=(FIRST + 20) * DAY, days=30)
    first = score(
        book.promises, delivered_at=delivered, canceled_at=canceled, now=(FIRST + 20) * DAY, days=30, seller=1
    )
    canceled[9] = FIRST * DAY
    less = score(book.promises, delivered_at=delivered, canceled_at=canceled, now=(FIRST + 20) * DAY, days=30)
    old = score(book.promises, delivered_at=delivered, canceled_at=canceled, now=(FIRST + 40) * DAY, days=30)

    assert (every.promises, every.kept, every.missed, every.promised) == (3, 1, 2, 0.9)
    assert (first.kept, first.missed) == (1, 1)
    assert (less.promises, less.missed) == (2, 1)
    assert old.promises == 0


def test_promises_come_back_from_a_snapshot_as_they_were() -> None:
    book, again = Book(), Promises()

    again.load(dict(book.promises.dump()))

    assert again.of_order == book.promises.of_order
    assert again.last_order == 9
    assert promise_of(again, OrderId(5), delivered_at=0, now=FIRST * DAY) == promise_of(
        book.promises, OrderId(5), delivered_at=0, now=FIRST * DAY
    )
