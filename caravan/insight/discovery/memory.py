"""What the shop remembers of shopping: every look as one row, chained by session and by product, so that both can be walked."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.cell import Table

AGAIN_STEPS_MAX = 40  # So far back, a look at the same product in a session is one more of it.
FAST_LOOKS = 20_000.0  # Popularity halves over so many looks of the whole shop: what is wanted now …
SLOW_LOOKS = 200_000.0  # … and what is wanted lately.


class Looks(NamedTuple):
    """A consistent sight of the memory that stays good while more is remembered. Shapes: looks [n], products [p], sessions [s].

    `before` and `after` chain the looks of one session, `earlier` those at one product; 0 is none. A reader passes over
    rows from `end` on: they were added after the sight was taken.
    """

    end: int
    item: np.ndarray
    session: np.ndarray
    before: np.ndarray
    after: np.ndarray
    earlier: np.ndarray
    head: np.ndarray
    looks: np.ndarray
    repeats: np.ndarray
    again: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    last: np.ndarray


def trimmed(sight: Looks) -> Looks:
    """Leave off the room for looks to come, which is most of a sight's size, so that it can be sent elsewhere."""
    rows = {name: getattr(sight, name)[: sight.end] for name in ("item", "session", "before", "after", "earlier")}
    return sight._replace(**rows)


@njit(cache=True, nogil=True)
def _remember(first: int, sessions: np.ndarray, items: np.ndarray, to: Looks) -> None:
    """Write looks down from a row on, and chain them."""
    for row in range(sessions.shape[0]):
        look, of, what = first + row, sessions[row], items[row]
        to.item[look], to.session[look] = what, of
        to.before[look], to.after[look] = to.last[of], 0
        to.earlier[look] = to.head[what]
        gap = look - to.head[what]
        to.fast[what] = to.fast[what] * 2.0 ** (-gap / FAST_LOOKS) + 1.0
        to.slow[what] = to.slow[what] * 2.0 ** (-gap / SLOW_LOOKS) + 1.0
        to.looks[what] += 1
        latest = to.last[of]
        if latest != 0:
            to.after[latest] = look
            if to.item[latest] == what:
                to.repeats[what] += 1
            step, steps = latest, 0
            while step != 0 and steps < AGAIN_STEPS_MAX:
                if to.item[step] == what:
                    to.again[what] += 1
                    break
                step, steps = to.before[step], steps + 1
        to.head[what] = look
        to.last[of] = look


@njit(cache=True, nogil=True)
def _forget(
    end: int, item: np.ndarray, before: np.ndarray, looks: np.ndarray, fast: np.ndarray, slow: np.ndarray
) -> int:
    """Blank every look of a session: walks pass over product 0, so nothing of it is served from here on."""
    look, blanked = end, 0
    while look != 0:
        what = item[look]
        if what != 0:
            looks[what] -= 1
            fast[what] = max(0.0, fast[what] - 1.0)
            slow[what] = max(0.0, slow[what] - 1.0)
            item[look] = 0
            blanked += 1
        look = before[look]
    return blanked


@njit(cache=True, nogil=True)
def _blank(
    end: int, what: int, item: np.ndarray, before: np.ndarray, looks: np.ndarray, fast: np.ndarray, slow: np.ndarray
) -> int:
    """Blank a session's last look at a product, with those at it right before; give how many that were."""
    look, steps, blanked = end, 0, 0
    while look != 0 and item[look] != what and steps < AGAIN_STEPS_MAX:
        look, steps = before[look], steps + 1
    while look != 0 and item[look] in {0, what}:
        if item[look] == what:
            looks[what] -= 1
            fast[what] = max(0.0, fast[what] - 1.0)
            slow[what] = max(0.0, slow[what] - 1.0)
            item[look] = 0
            blanked += 1
        look = before[look]
    return blanked


class Memory:
    """Looks at products in the order in which they happened; sessions and products are numbered from 1 by the caller."""

    def __init__(self) -> None:
        self._looks = Table(item=np.int32, session=np.int32, before=np.int32, after=np.int32, earlier=np.int32)
        self._items = Table(
            head=np.int32, looks=np.int32, repeats=np.int32, again=np.int32, fast=np.float32, slow=np.float32
        )
        self._sessions = Table(last=np.int32)
        self._sight = self._taken()

    @property
    def products(self) -> int:
        """Give the highest product number that may be seen, plus one."""
        return len(self._items)

    @property
    def sessions(self) -> int:
        """Give the highest session number, plus one."""
        return len(self._sessions)

    def __len__(self) -> int:
        """Give the number of looks."""
        return len(self._looks) - 1

    def remember(self, sessions: np.ndarray, items: np.ndarray) -> None:
        """Add looks, in order. Shapes: int [n], [n]."""
        if not len(sessions):
            return
        for table, highest in ((self._items, int(items.max())), (self._sessions, int(sessions.max()))):
            if highest >= len(table):
                table.append(highest + 1 - len(table))
        first = len(self._looks)
        self._looks.reserve(first + len(sessions))
        _remember(first, sessions, items, self._taken())
        self._looks.extend_to(first + len(sessions))
        self._sight = self._taken()

    def forget(self, session: int) -> int:
        """Blank a session; give how many looks that were."""
        if session >= len(self._sessions):
            return 0
        looks, items = self._looks, self._items
        return int(
            _forget(int(self._sessions.last[session]), looks.item, looks.before, items.looks, items.fast, items.slow)
        )

    def blank(self, session: int, product: int) -> int:
        """Blank a session's last look at a product (a reload is the same look); give how many rows that were."""
        if session >= len(self._sessions) or product >= len(self._items):
            return 0
        looks, items = self._looks, self._items
        last = int(self._sessions.last[session])
        return int(_blank(last, product, looks.item, looks.before, items.looks, items.fast, items.slow))

    def sight(self) -> Looks:
        """Give a sight of everything remembered so far; costs no copy."""
        return self._sight

    def _taken(self) -> Looks:
        looks, items = self._looks.whole, self._items
        return Looks(
            len(self._looks), looks("item"), looks("session"), looks("before"), looks("after"), looks("earlier"),
            items.head, items.looks, items.repeats, items.again, items.fast, items.slow,
            self._sessions.last,
        )  # fmt: skip

    def items_of(self, session: int, limit: int) -> np.ndarray:
        """Give the last products that a session looked at, the latest last; shape int32 [≤ limit]."""
        found: list[int] = []
        looks = self._looks
        look = int(self._sessions.last[session]) if session < len(self._sessions) else 0
        while look and len(found) < limit:
            if looks.item[look]:
                found.append(int(looks.item[look]))
            look = int(looks.before[look])
        return np.array(found[::-1], np.int32)

    def dump(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give every column."""
        yield from self._looks.dump("looks")
        yield from self._items.dump("items")
        yield from self._sessions.dump("sessions")

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take every column back."""
        self._looks.load("looks", parts)
        self._items.load("items", parts)
        self._sessions.load("sessions", parts)
        self._sight = self._taken()
