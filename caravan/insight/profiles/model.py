"""What profiles remember of the log: the segments, what was learned of how people buy, and who is to be forgotten."""

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import profiles as events
from caravan.insight.profiles.forecast import Forecast
from caravan.kernel.event import Event

_MICRO = 1_000_000


class Segment(msgspec.Struct, array_like=True, frozen=True):
    """People for whom a rule holds. `rule` is JSON; a segment that was dropped has no name."""

    segment: int
    name: str
    rule: str
    purpose: str
    needs_consent: bool
    set_at: int


class _State(msgspec.Struct, array_like=True):
    segments: list[Segment]
    forecast: tuple[int | float, ...] | None
    forgotten: list[int]


class Profiles:
    """Segments by number, from 1; the forecast that holds, if one was learned; buyers nothing is put together about."""

    name = "profiles"
    kinds: frozenset[type[Event]] = frozenset(
        {events.SegmentSet, events.SegmentDropped, events.ForecastLearned, events.ProfilesForgotten}
    )

    def __init__(self) -> None:
        self.version = 0
        self.segments: list[Segment] = [Segment(0, "", "", "", needs_consent=False, set_at=0)]
        self.forecast: Forecast | None = None
        self.forgotten: set[int] = set()

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            match event:
                case events.SegmentSet():
                    self._set(event)
                case events.SegmentDropped():
                    self.segments[event.segment] = Segment(
                        event.segment, "", "", "", needs_consent=False, set_at=event.at
                    )
                case events.ForecastLearned():
                    self.forecast = _forecast(event)
                case events.ProfilesForgotten():
                    self.forgotten.update(event.buyers)

    def _set(self, event: events.SegmentSet) -> None:
        made = Segment(
            event.segment, event.name, event.rule, event.purpose, needs_consent=event.needs_consent, set_at=event.at
        )
        if event.segment == len(self.segments):
            self.segments.append(made)
        else:
            self.segments[event.segment] = made

    def dump(self) -> dict[str, np.ndarray]:
        """Give it as bytes."""
        forecast = tuple(self.forecast) if self.forecast is not None else None
        return {"state": pack(_State(self.segments, forecast, sorted(self.forgotten)))}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take it back."""
        state = unpack(parts, "state", _State)
        self.segments, self.forgotten = state.segments, set(state.forgotten)
        self.forecast = Forecast(*state.forecast) if state.forecast is not None else None  # type: ignore[arg-type]


def _forecast(event: events.ForecastLearned) -> Forecast:
    return Forecast(
        event.r_micro / _MICRO, event.alpha_micro / _MICRO, event.a_micro / _MICRO, event.b_micro / _MICRO,
        event.p_micro / _MICRO, event.q_micro / _MICRO, event.v_micro / _MICRO, event.unit, event.level_micro / _MICRO,
        event.covered_micro / _MICRO, event.buyers, event.at,
    )  # fmt: skip
