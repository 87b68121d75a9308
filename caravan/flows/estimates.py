"""What a version would bring before it is live: the log's lists, asked of it anew in the state of then, and their clicks weighed."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.cell import Log, Section, decode, read_layouts
from caravan.events import discovery as events
from caravan.insight import discovery
from caravan.kernel.clock import MINUTE
from caravan.kernel.errors import Refusal
from caravan.kernel.event import Event

LISTS_MAX = 20_000
LISTS_MIN = 30
CLICKED_WITHIN = 30 * MINUTE
ASKED_ANEW = frozenset({"home", "search", "category", "digest"})  # What other lists stood beside, the log does not say.
_PPM = 1e6


class TooFewLists(Refusal):
    """Too few lists were shown to say what another version would bring."""


class Judged(msgspec.Struct, frozen=True):
    """Clicks a place as they were, and as a version would have had them, by three estimators; and on what that stands.

    `covered` is the share of the version's own places that the log can speak of at all, because those products were shown.
    """

    version: str
    lists: int
    places: int
    clicked: float
    inverse_propensity: float
    self_normalized: float
    doubly_robust: float
    standard_error: float
    effective_places: float
    covered: float


class _Place(NamedTuple):
    visitor: bytes
    product: int
    at: int
    place: int
    chance: float
    wanted: float


def judge(
    log: Log, kinds: Mapping[str, type[Event]], *, skill: discovery.Skill, version: str, lists_max: int = LISTS_MAX
) -> Judged:
    """Judge a version by the lists in a log. Refuses a log with too few of them."""
    tastes = discovery.Tastes()
    answering = discovery.Answering(tastes, skill, version)
    answering.warm()
    places: list[_Place] = []
    clicks: dict[tuple[bytes, int], list[int]] = {}
    lists, covered = 0, 0.0
    for part in _parts(log, kinds, tastes.kinds):
        if part.kind is events.SignalNoted:
            for visitor, product, at in discovery.clicks_in(part):
                clicks.setdefault((visitor, product), []).append(at)
        for shown in discovery.shown_in(part) if part.kind is events.ListShown else ():
            if lists < lists_max and shown.surface in ASKED_ANEW and _is_of_one(shown.version):
                own = _asked_anew(answering, shown)
                places += own
                covered += sum(one.wanted > 0 for one in own) / len(own)
                lists += 1
        tastes.apply(part, lambda *_: None)
    if lists < LISTS_MIN:
        raise TooFewLists(f"{lists} lists were shown; {LISTS_MIN} are needed to judge a version by them.", lists=lists)
    return _weighed(places, clicks, version=version, lists=lists, covered=covered / lists)


def _parts(log: Log, kinds: Mapping[str, type[Event]], wanted: frozenset[type[Event]]) -> Iterator[Section]:
    layouts = read_layouts(log)
    for frame in log.read(after=0):
        yield from (part for part in decode(frame, kinds, layouts) if part.kind in wanted)


def _is_of_one(version: str) -> bool:
    """Tell whether one version made a list: not the hold-out's, nor two that were compared."""
    return version != discovery.HELD_OUT and "~" not in version


def _asked_anew(answering: discovery.Answering, shown: events.ListShown) -> list[_Place]:
    """Give each place of a list with the chance that the product had, and the one that the version gives it."""
    asked = discovery.Asked(shown.surface, (), shown.visitor, shown.buyer, shown.at)
    best = {one.product for one in answering.answer(asked).offered[: len(shown.products)]}
    return [
        _Place(shown.visitor, product, shown.at, place, max(chance, 1) / _PPM, 1.0 if product in best else 0.0)
        for place, (product, chance) in enumerate(zip(shown.products, shown.chances_ppm, strict=True))
    ]


def _weighed(
    places: list[_Place], clicks: Mapping[tuple[bytes, int], list[int]], *, version: str, lists: int, covered: float
) -> Judged:
    rewards = np.array([
        float(any(0 <= at - one.at <= CLICKED_WITHIN for at in clicks.get((one.visitor, one.product), ()))) for one in places
    ])  # fmt: skip
    place = np.array([one.place for one in places])
    # The model that the doubly robust estimator leans on: how often each place is clicked, whatever stands there.
    guess = (np.bincount(place, rewards) / np.maximum(1, np.bincount(place)))[place]
    logged, wanted = np.array([one.chance for one in places]), np.array([one.wanted for one in places])
    told = discovery.off_policy(rewards, logged, wanted, guess, guess)
    return Judged(
        version, lists, len(places), float(rewards.mean()), told.plain, told.normalized, told.doubly_robust, told.error,
        told.effective, covered,
    )  # fmt: skip
