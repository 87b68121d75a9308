"""Tests that time is handed in, never runs backwards, and is written the way the internet writes it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caravan.kernel.clock import SECOND, FixedClock, SystemClock, instant, iso

MOMENTS = st.integers(0, 4_000_000_000 * SECOND)


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(5)

    assert (clock.now(), clock.now(), clock.advance(2), clock.now()) == (5, 5, 7, 7)


def test_a_clock_cannot_be_moved_back() -> None:
    with pytest.raises(AssertionError):
        FixedClock().advance(-1)


def test_the_machines_clock_never_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([2_000_000, 1_000_000, 3_000_000])
    monkeypatch.setattr("time.time_ns", lambda: next(told))
    clock = SystemClock()

    assert [clock.now(), clock.now(), clock.now()] == [2_000, 2_000, 3_000]


@pytest.mark.parametrize(
    ("at", "written"),
    [(0, "1970-01-01T00:00:00Z"), (1_795_246_200 * SECOND, "2026-11-21T07:30:00Z"), (1, "1970-01-01T00:00:00.000001Z")],
)
def test_an_instant_is_written_as_rfc_3339(at: int, written: str) -> None:
    assert iso(at) == written


@given(at=MOMENTS)
def test_an_instant_reads_back_as_it_was_written(at: int) -> None:
    assert instant(datetime.fromisoformat(iso(at))) == at


def test_an_instant_is_the_same_in_every_zone() -> None:
    moment = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)

    assert instant(moment) == instant(moment.astimezone(timezone(timedelta(hours=9))))


def test_a_time_without_a_zone_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        instant(datetime(2026, 11, 21))  # noqa: DTZ001  # The point of the test.
