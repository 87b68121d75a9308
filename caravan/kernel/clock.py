"""Time: an Instant is an integer of microseconds since 1970 in UTC, and is always handed in."""

import time
from datetime import UTC, datetime
from typing import NewType, Protocol

Instant = NewType("Instant", int)

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Whoever knows what time it is."""

    def now(self) -> Instant:
        """Give the time now."""
        ...


class SystemClock:
    """The machine's own clock, never going backwards within a process."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> Instant:
        """Give the time now; the last time again if the machine's clock was set back."""
        self._last = max(self._last, time.time_ns() // 1000)
        return Instant(self._last)


class FixedClock:
    """A clock that moves only when told: for tests, imports and simulations."""

    def __init__(self, now: int = 1_790_000_000 * SECOND) -> None:
        self._now = now

    def now(self) -> Instant:
        """Give the time that was last set."""
        return Instant(self._now)

    def advance(self, microseconds: int) -> Instant:
        """Move on by so many microseconds."""
        assert microseconds >= 0, microseconds
        self._now += microseconds
        return self.now()


def iso(at: int) -> str:
    """Write an instant as RFC 3339 in UTC: "2026-11-21T07:30:00Z" (with a fraction only where there is one)."""
    moment = datetime.fromtimestamp(at // SECOND, UTC).replace(microsecond=at % SECOND)
    return moment.isoformat().replace("+00:00", "Z")


def instant(moment: datetime) -> Instant:
    """Read an aware datetime as an instant."""
    assert moment.tzinfo is not None, "A time without its zone is no time."
    return Instant(int(moment.timestamp()) * SECOND + moment.microsecond)
