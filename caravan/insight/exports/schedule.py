"""When an export is due: every hour, day or week, at a minute in a time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from caravan.kernel.clock import HOUR, MINUTE, SECOND, Instant, instant
from caravan.kernel.errors import Invalid

EVERY = ("hour", "day", "week")
_MINUTES_AN_HOUR, _MINUTES_A_DAY, _DAYS_A_WEEK = 60, 1_440, 7


class Schedule(msgspec.Struct, array_like=True, frozen=True):
    """Every `hour`, `day` or `week` (on a weekday from 0, Monday), at a minute of the hour or of the day, in a zone."""

    every: str
    minute: int
    zone: str = "UTC"
    weekday: int = 0


def checked(schedule: Schedule) -> Schedule:
    """Give a schedule back. Refuses one that never comes as Invalid."""
    if schedule.every not in EVERY:
        raise Invalid(f"An export runs every {', '.join(EVERY)}.", field="every")
    most = _MINUTES_AN_HOUR if schedule.every == "hour" else _MINUTES_A_DAY
    if not 0 <= schedule.minute < most:
        raise Invalid(f"The minute lies between 0 and {most - 1}.", field="at")
    if not 0 <= schedule.weekday < _DAYS_A_WEEK:
        raise Invalid("A weekday lies between 0 (Monday) and 6.", field="weekday")
    _zone(schedule.zone)
    return schedule


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise Invalid(f"There is no time zone {name[:60]!r}; Europe/Berlin is one.", field="zone") from None


def slot_before(schedule: Schedule, now: int) -> Instant:
    """Give the last time at or before now at which a run was due."""
    zone = _zone(schedule.zone)
    local = datetime.fromtimestamp(now // SECOND, zone)
    if schedule.every == "hour":
        shift = _offset(local) - schedule.minute * MINUTE
        return Instant((now + shift) // HOUR * HOUR - shift)
    step = _DAYS_A_WEEK if schedule.every == "week" else 1
    day = local.date() + timedelta(days=1)
    if schedule.every == "week":
        day += timedelta(days=(schedule.weekday - day.weekday()) % _DAYS_A_WEEK)
    while (slot := _at(schedule, day, zone)) > now:
        day -= timedelta(days=step)
    return slot


def slot_after(schedule: Schedule, now: int) -> Instant:
    """Give the first time after now at which a run is due."""
    if schedule.every == "hour":
        return Instant(slot_before(schedule, now) + HOUR)
    zone, step = _zone(schedule.zone), _DAYS_A_WEEK if schedule.every == "week" else 1
    before = datetime.fromtimestamp(slot_before(schedule, now) // SECOND, zone).date()
    # An hour that a zone skips may put a slot onto the next day: look from the day that was meant.
    for days in (step - 1, step, step + 1):
        slot = _at(schedule, before + timedelta(days=days), zone)
        is_day = schedule.every == "day" or (before + timedelta(days=days)).weekday() == schedule.weekday
        if slot > now and is_day:
            return slot
    raise AssertionError(schedule)


def day_of(slot: int, zone: str) -> date:
    """Give the day of a slot in a zone."""
    return datetime.fromtimestamp(slot // SECOND, _zone(zone)).date()


def _at(schedule: Schedule, day: date, zone: ZoneInfo) -> Instant:
    """Give the time of a day; where the zone skips it, as much later as it skips; where it comes twice, the first."""
    hour, minute = divmod(schedule.minute, _MINUTES_AN_HOUR)
    return instant(datetime.combine(day, time(hour, minute), zone).astimezone(UTC))


def _offset(local: datetime) -> int:
    offset = local.utcoffset()
    assert offset is not None, local
    return int(offset.total_seconds()) * SECOND
