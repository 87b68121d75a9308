"""The rhythm of the demo's days: when people shop, and when parcels move."""

from caravan.adapters.demo.countries import Country
from caravan.adapters.demo.dice import Dice
from caravan.adapters.demo.lottery import Lottery
from caravan.kernel.clock import DAY, HOUR

DAYS = 60
# How busy a shop is, from Monday to Sunday and from midnight to eleven at night, local time.
_WEEKDAYS = (1.05, 1.0, 0.98, 0.97, 0.9, 0.85, 1.2)
_HOURS = (8, 4, 2, 1, 1, 2, 6, 14, 24, 34, 42, 44, 46, 44, 42, 42, 44, 48, 54, 64, 76, 74, 52, 24)
_GROWTH = 0.7  # the last day is so much busier than the first
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday.
_OPENS_HOUR, _CLOSES_HOUR = 9, 18


class Calendar:
    """The sixty days before the end, in the hours of one country."""

    def __init__(self, country: Country, *, ends_at: int) -> None:
        self._ends_at = ends_at
        self._offset = country.hours_east * HOUR
        starts = [ends_at - hours * HOUR for hours in range(DAYS * 24, 0, -1)]
        self._hours = Lottery(starts, [self._weight(start) for start in starts])

    def moment(self, dice: Dice) -> int:
        """Draw a time at which somebody there shops."""
        return self._hours.draw(dice) + int(dice.fraction() * HOUR)

    def _weight(self, start: int) -> float:
        local_hours = (start + self._offset) // HOUR
        weekday = (local_hours // 24 + _EPOCH_WEEKDAY) % 7
        grown = 1 + _GROWTH * (1 - (self._ends_at - start) / (DAYS * DAY))
        return _WEEKDAYS[weekday] * _HOURS[local_hours % 24] * grown


def working_hour(dice: Dice, at: int, country: Country, *, earliest: int) -> int:
    """Move a time into the working hours of its day there; into the next day's, if it would be too early."""
    offset = country.hours_east * HOUR
    midnight = (at + offset) // DAY * DAY - offset
    moved = midnight + int(dice.between(_OPENS_HOUR, _CLOSES_HOUR) * HOUR)
    return moved if moved >= earliest else moved + DAY


def end_of_day(at: int, country: Country) -> int:
    """Give eight in the evening of that day there, when the last parcels have come."""
    offset = country.hours_east * HOUR
    return (at + offset) // DAY * DAY - offset + 20 * HOUR
