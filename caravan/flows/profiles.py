"""Profiles: what is known of one person, and segments: set, counted before that, listed, followed by who enters and leaves."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np

from caravan.cell import Decision
from caravan.flows.gathering import (
    Gathered,
    Look,
    Shelf,
    Ties,
    gather,
    look_at_all,
    look_at_one,
    people_in,
    spoken,
    ties_now,
)
from caravan.flows.house import House, as_facts
from caravan.insight import exports, profiles
from caravan.insight.discovery import Tastes
from caravan.insight.profiles import PROFILING, TRAITS, Rule
from caravan.kernel.clock import DAY, Clock, Instant
from caravan.kernel.money import numeric

STAMPS_MAX = 64
_QUICK_S = 0.2
_RESTS = 5.0


class NewSegment(NamedTuple):
    """A segment to set: its rule as it came, say from JSON."""

    name: str
    rule: object
    purpose: str
    needs_consent: bool = False


class Source(NamedTuple):
    """A trait of somebody: the value (None: unknown), and for an estimate the range that it lies in."""

    trait: profiles.Trait
    value: float | str | tuple[str, ...] | None
    low: float | None
    high: float | None


class Profile(NamedTuple):
    """What is known of one person, as of a position of the log. `orders` are those that it stands on."""

    identity: int
    buyers: tuple[int, ...]
    traits: tuple[Source, ...]
    orders: int
    currency: str
    level: float
    position: int


class Counted(NamedTuple):
    """For how many of all people a rule holds, how many of them the purpose leaves out, and how many are in the segment."""

    matched: int
    left_out: int
    members: int
    people: int
    position: int


class Member(NamedTuple):
    """A person in a segment; identity 0 is a buyer whom nothing ties to an identity."""

    identity: int
    buyers: tuple[int, ...]


class Members(NamedTuple):
    """People in a segment by their keys (an identity, or a buyer below zero), ascending. `crowd` places give their traits."""

    keys: np.ndarray
    places: np.ndarray
    crowd: Gathered


class Change(NamedTuple):
    """Somebody entered a segment or left it."""

    key: int
    has_entered: bool


class Changes(NamedTuple):
    """What changed since a stamp; with `is_reset` whoever follows begins with nobody."""

    changes: list[Change]
    stamp: str
    has_more: bool
    is_reset: bool
    position: int


# What changes profiles.


def set_segment(house: House, new: NewSegment, *, now: Instant) -> Decision:
    """Set a segment; give its number."""
    fact = profiles.set_segment(
        house.profiles, name=new.name, rule=new.rule, purpose=new.purpose, needs_consent=new.needs_consent, now=now
    )
    return Decision(as_facts(fact), lambda: fact.segment)


def drop_segment(house: House, segment: int, *, now: Instant) -> Decision:
    """Let a segment be no more; what is sent of it is sent no more."""
    fact = profiles.drop_segment(house.profiles, segment, now=now)
    return Decision(as_facts(fact, *exports.drop_all_of(house.exports, segment, now=now)), lambda: segment)


def take_forecast(_: House, forecast: profiles.Forecast, *, now: Instant) -> Decision:
    """Take up what was learned of how people buy."""
    return Decision(as_facts(profiles.take_forecast(forecast, now=now)), lambda: None)


# What is asked.


class Asking(Protocol):
    """A house that can be asked: a running cell, or one that was read and stands still."""

    @property
    def clock(self) -> Clock:
        """Give the clock."""
        ...

    @property
    def position(self) -> int:
        """Give how far the log is durable."""
        ...

    def ask(self, query: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        """Answer a question from the house."""
        ...


class Desk:
    """Whoever answers about people: the crowd is kept until the log has grown, one person is always looked at anew."""

    def __init__(self, cell: Asking, tastes: Callable[[], Tastes | None] = lambda: None) -> None:
        self._cell, self._tastes = cell, tastes
        self._lock = threading.Lock()  # Of whoever looks at everybody: others wait for what is found.
        self._small = threading.Lock()  # Of the shelf and the stamps: nobody has it for long.
        self._kept: Gathered | None = None
        self._kept_day = 0
        self._took_s, self._kept_at = 0.0, 0.0
        self._stamps: OrderedDict[str, tuple[int, np.ndarray]] = OrderedDict()
        self._next_stamp = 0
        self._shelf = Shelf()
        self._born = f"{time.time_ns():x}"

    def gathered(self) -> Gathered:
        """Give the traits of everybody. Where that takes long, they may be some seconds old; who is in them is not."""
        with self._lock:
            kept, today = self._kept, self._cell.clock.now() // DAY
            if kept is not None and today == self._kept_day:
                age = time.monotonic() - self._kept_at
                rests = self._took_s > _QUICK_S and age < _RESTS * self._took_s
                if kept.position == self._cell.position or rests:
                    return kept
            began = time.monotonic()
            position = self._cell.position
            look = self._cell.ask(look_at_all)
            with self._small:
                self._shelf.grow(look.skus)
                self._shelf.measure(look)
            self._kept = gather(look, self._shelf, self._tastes(), now=self._cell.clock.now(), position=position)
            self._kept_day, self._kept_at = today, time.monotonic()
            self._took_s = self._kept_at - began
            return self._kept

    def person(self, *, buyer: int = 0, identity: int = 0) -> Profile:
        """Give what is known of one person now. Refuses somebody unknown or forgotten with NotFound."""
        position = self._cell.position
        look = self._cell.ask(look_at_one, buyer, identity)
        with self._small:
            self._shelf.grow(look.skus)
            if self._shelf.edges is None:
                self._shelf.measure(look)
        found = gather(look, self._shelf, self._tastes(), now=self._cell.clock.now(), position=position)
        return _profile(look, found)

    def count(self, rule: Rule, purpose: str, *, needs_consent: bool) -> Counted:
        """Say for how many people a rule holds, and how many of them the purpose leaves out."""
        found, matched, withheld = self._matched(rule, purpose, needs_consent=needs_consent)
        left_out = int((matched & withheld).sum())
        total = int(matched.sum())
        return Counted(total, left_out, total - left_out, len(found.keys), found.position)

    def members(self, segment: profiles.Segment) -> Members:
        """Give who is in a segment."""
        rule = rule_of(segment)
        found, matched, withheld = self._matched(rule, segment.purpose, needs_consent=segment.needs_consent)
        places = np.flatnonzero(matched & ~withheld)
        return Members(found.keys[places], places, found)

    def changes(self, segment: profiles.Segment, stamp: str, *, limit: int) -> Changes:
        """Say who entered a segment and who left since a stamp; an unknown stamp begins with nobody."""
        members = self.members(segment)
        mark = f"{segment.segment}/{segment.name}"  # A rule that was set anew is followed on.
        with self._small:
            known = self._stamps.get(f"{mark}.{stamp}")
        before = known[1] if known is not None else np.zeros(0, np.int64)
        left, entered = (
            np.setdiff1d(before, members.keys, assume_unique=True), np.setdiff1d(members.keys, before, assume_unique=True),
        )  # fmt: skip
        changes = [Change(key, has_entered=False) for key in left[:limit].tolist()]
        changes += [Change(key, has_entered=True) for key in entered[: limit - len(changes)].tolist()]
        gone = [one.key for one in changes if not one.has_entered]
        come = [one.key for one in changes if one.has_entered]
        after = np.union1d(np.setdiff1d(before, np.array(gone, np.int64)), np.array(come, np.int64))
        made = stamp if known is not None and not changes else self._keep(mark, after, members.crowd.position)
        has_more = len(changes) < len(left) + len(entered)
        return Changes(changes, made, has_more, known is None, members.crowd.position)

    def _keep(self, mark: str, keys: np.ndarray, position: int) -> str:
        with self._small:
            self._next_stamp += 1
            made = f"{self._born}-{self._next_stamp}"
            self._stamps[f"{mark}.{made}"] = (position, keys)
            while len(self._stamps) > STAMPS_MAX:
                self._stamps.popitem(last=False)
        return made

    def _matched(self, rule: Rule, purpose: str, *, needs_consent: bool) -> tuple[Gathered, np.ndarray, np.ndarray]:
        found = self.gathered()
        ties = self._cell.ask(ties_now)
        gone, withheld = _left_out(found, ties, purpose, needs_consent=needs_consent)
        return found, profiles.holds(rule, found.crowd) & ~gone, withheld

    def in_groups(self, members: Members, *, after: int | None, limit: int) -> list[Member]:
        """Give some members in the order of their keys."""
        first = 0 if after is None else int(np.searchsorted(members.keys, after, side="right"))
        chosen = slice(first, first + limit)
        return [
            Member(max(key, 0), members.crowd.buyers_of(place))
            for key, place in zip(members.keys[chosen].tolist(), members.places[chosen].tolist(), strict=True)
        ]


def rule_of(segment: profiles.Segment) -> Rule:
    """Read the rule of a segment that was set."""
    return profiles.read_rule(msgspec.json.decode(segment.rule))


def history(house: House) -> tuple[profiles.Orders, int]:
    """Give what a forecast is learned from: orders that count, by person, in the market's currency; and that currency."""
    look = look_at_all(house)
    found = people_in(look)
    order, unit = look.order, numeric(look.currency)
    who = found.owner[order["buyer"]]
    told = spoken(found, look.ties, PROFILING, is_granted=False)
    is_used = (who >= 0) & (order["canceled_at"] == 0)
    is_used[is_used] = ~told[who[is_used]]
    orders = profiles.Orders(
        who[is_used], order["placed_at"][is_used], (order["total"] - order["refunded"])[is_used],
        (order["unit"] == unit)[is_used],
    )  # fmt: skip
    return orders, unit


def _left_out(
    found: Gathered, ties: Ties, purpose: str, *, needs_consent: bool
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Say of each person whether they are forgotten by now, and whether the purpose leaves them out."""
    gone = np.zeros(len(found.keys), bool)
    owner = np.repeat(np.arange(len(found.keys)), np.diff(found.starts))
    gone[owner[np.isin(found.buyer, ties.forgotten)]] = True
    withheld = spoken(found, ties, purpose, is_granted=False)
    if needs_consent:
        withheld = withheld | ~spoken(found, ties, purpose, is_granted=True)
    return gone, withheld


def _profile(look: Look, found: Gathered) -> Profile:
    crowd = found.crowd
    values = {name: None if np.isnan(column[0]) else float(column[0]) for name, column in crowd.numbers.items()}
    words: dict[str, float | str | tuple[str, ...] | None] = {
        name: crowd.names[name][int(column[0])] or None for name, column in crowd.codes.items()
    }
    words |= {
        name: tuple(sorted(crowd.names[name][code] for code in pairs.code.tolist())) or None
        for name, pairs in crowd.pairs.items()
    }
    ranges: dict[str, tuple[float, float]] = {}
    level = 0.0
    if look.forecast is not None and values["expected_orders"] is not None:
        held = profiles.interval(look.forecast, crowd.rhythm)
        ranges["expected_orders"], level = held.purchases, held.level
        if values["expected_value"] is not None:
            ranges["expected_value"] = held.value
    told = values | words
    traits = tuple(Source(trait, told[name], *ranges.get(name, (None, None))) for name, trait in TRAITS.items())
    return Profile(
        max(look.key, 0), tuple(found.buyer.tolist()), traits, int(crowd.facts[0]), look.currency, level, found.position
    )
