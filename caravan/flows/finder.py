"""The finder: keeps the search engine up to date behind the log, in a thread of its own, and answers from it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from caravan.cell import Cell, Log, decode, read_layouts
from caravan.flows import finding
from caravan.flows.house import House
from caravan.insight import search
from caravan.insight.search import Asked, Engine, Found, Sheet
from caravan.kernel.errors import Outage
from caravan.kernel.event import Event

_logger = logging.getLogger("caravan.search")

_PRODUCTS_AT_ONCE = 500
_UNKNOWN = 2
_UNCOMMITTED_MAX = 10_000
"""So many frames that change nothing for search are read again at most at a start."""
_LOOK_S = 0.2
_PAUSE_S = 0.5
_PAUSE_S_MAX = 60.0
_GROWN = 1.05
"""By so much a shop's words grow before what was learned is fitted to them again."""
_NEWS_S = 10.0
_NEWS_MAX = 100
"""So many searches in vain are written down in that time."""


class Finder:
    """Follows the log from where its index stands. Whatever is lost of the index is put in again from the house.

    The engine's memory of titles is filled from the house at the start; the index on disk goes on from its position.
    """

    def __init__(
        self, *, cell: Cell[House], log: Log, kinds: Mapping[str, type[Event]], make_engine: Callable[[], Engine],
        lessons: Callable[[], tuple[bool, search.Kept | None]] = lambda: (False, None),
        rival: Callable[[], search.Kept | None] = lambda: None,
    ) -> None:  # fmt: skip
        self._cell, self._log, self._kinds, self._make_engine = cell, log, kinds, make_engine
        self._lessons, self._rival, self._fitted_words = lessons, rival, 0
        self._engine: Engine | None = None
        self._seen: dict[int, int] = {}
        self._stock = np.full(_PRODUCTS_AT_ONCE, _UNKNOWN, np.int8)
        self._noted: deque[tuple[float, str]] = deque()
        self._synonyms_at = -1
        self._title = ""  # of a product, to try searches with
        self._changed = threading.Condition()
        self._stops = threading.Event()
        self._thread: threading.Thread | None = None
        self._warming = threading.Thread(target=search.warm, name="search-warming", daemon=True)
        self._starting = threading.Lock()
        self.position = -1
        """What search shows of the log; -1 until it has read the house."""

    def start(self) -> None:
        """Begin to follow; a second call does nothing."""
        with self._starting:
            if self._thread is None and not self._stops.is_set():
                self._warming.start()  # It compiles, or loads, while the house is read.
                self._engine = self._make_engine()
                self._thread = threading.Thread(target=self._run, name="finder", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Stop following and let go of the index."""
        self._stops.set()
        with self._starting:
            thread = self._thread
        if thread is not None:
            self._warming.join()
            thread.join()
            self.engine.close()

    @property
    def engine(self) -> Engine:
        """Give the engine, once it is there."""
        self.start()
        if self._engine is None:
            raise Outage("Search has stopped.")
        return self._engine

    def wait_for(self, position: int, *, timeout_s: float) -> bool:
        """Wait until search shows a position of the log; tell whether it does."""
        self.start()
        with self._changed:
            return self._changed.wait_for(lambda: self.position >= position, timeout_s)

    def find(self, asked: Asked) -> Found:
        """Answer a query."""
        return self.engine.find(asked)

    def find_rival(self, asked: Asked) -> Found | None:
        """Answer a query as what is compared with the champion would; nothing where that is not ready."""
        rival = self.engine.rival
        return None if rival is None else self.engine.find(asked, by=rival)

    def suggest(self, typed: str, limit: int) -> list[str]:
        """Complete what somebody types."""
        return self.engine.suggest(typed, limit)

    def is_news(self, words: str) -> bool:
        """Tell whether it is worth a fact that words found nothing: not the same ones again and again, nor floods."""
        now = time.monotonic()
        with self._changed:
            while self._noted and self._noted[0][0] < now - _NEWS_S:
                self._noted.popleft()
            is_known = len(self._noted) >= _NEWS_MAX or any(words == noted for _, noted in self._noted)
            if not is_known:
                self._noted.append((now, words))
            return not is_known

    def fill(self, report: Callable[[int, int], None] = lambda _done, _total: None) -> int:
        """Read the house into the engine, and into the index what it lacks; give the position that is then shown."""
        position = self._cell.position
        known = self.engine.position
        last = self._cell.inquire(finding.products).result()
        touched = set(self._cell.inquire(finding.products_of, self._read(known, position)).result()) if known else None
        for first in range(1, last + 1, _PRODUCTS_AT_ONCE):
            if self._stops.is_set():
                return self.position
            wanted = range(first, min(first + _PRODUCTS_AT_ONCE, last + 1))
            sheets = self._cell.inquire(finding.sheets, wanted).result()
            self._remember(sheets)
            stale = [sheet for sheet in sheets if touched is None or sheet.product in touched]
            self.engine.put(stale)
            self.engine.remember(sheets)
            self._title = sheets[-1].title if sheets else self._title
            report(wanted[-1], last)
        if touched is None or touched or known != position:
            self.engine.commit(position)
        self._take_synonyms()
        self._take_lessons()
        self.engine.phrase(is_forced=True)
        self._warm(self._title)
        self._show(position)
        return position

    def _warm(self, title: str) -> None:
        """Ask for a product, as it is written and misspelled, so that nobody waits for compiled parts to be there."""
        if title:
            self.engine.find(Asked(title), by=self.engine.rival)
            self.engine.find(Asked(title))
            self.engine.find(Asked(f"{title}x"))
            self.engine.suggest(title[:2], 1)

    def follow(self, position: int) -> None:
        """Put in what has changed up to a position of the log."""
        touched = self._read(self.position, position)
        pages = {name: numbers for name, numbers in touched.items() if name not in finding.STOCK}
        wanted = self._cell.inquire(finding.products_of, pages).result()
        accounts = self._cell.inquire(finding.accounts_of, touched).result()
        put = 0
        for first in range(0, len(wanted), _PRODUCTS_AT_ONCE):
            sheets = self._cell.inquire(finding.sheets, wanted[first : first + _PRODUCTS_AT_ONCE]).result()
            put += self._put(sheets)
        for first in range(0, len(accounts), _PRODUCTS_AT_ONCE):
            put += self._turn(accounts[first : first + _PRODUCTS_AT_ONCE])
        if put or position - self.engine.position > _UNCOMMITTED_MAX:
            self.engine.commit(position)
        self._take_synonyms()
        self.engine.phrase()
        self._show(position)

    def _run(self) -> None:
        is_filled, pause_s = False, _PAUSE_S
        while not self._stops.is_set():
            try:
                if not is_filled:
                    began = time.monotonic()
                    self.fill()
                    is_filled, pause_s = True, _PAUSE_S
                    _logger.info("Search was ready in %.1f s.", time.monotonic() - began)
                position = self._cell.wait_for_more(self.position, timeout_s=_LOOK_S)
                if position > self.position:
                    began = time.monotonic()
                    self.follow(position)
                    self._cell.give_way(time.monotonic() - began, self._stops)
                self._take_lessons()
            except search.IndexBroken:
                _logger.exception("The search index is made anew from the house.")
                self._stops.wait(pause_s)
                is_filled, pause_s = False, min(2 * pause_s, _PAUSE_S_MAX)
                self._begin_anew()
            except Exception:
                if not self._stops.is_set():
                    _logger.exception("Search could not follow the log; trying again.")
                    self._stops.wait(_PAUSE_S)

    def _begin_anew(self) -> None:
        self._seen.clear()
        self._stock[:] = _UNKNOWN
        self.engine.start_over()

    def _put(self, sheets: Sequence[Sheet]) -> int:
        new = self._remember(sheets)
        self.engine.put(new)
        return len(new)

    def _turn(self, accounts: np.ndarray) -> int:
        """Put in the products that ran out or came back with these accounts; give how many."""
        if accounts[-1] >= len(self._stock):
            more = np.full(int(accounts[-1]) + 1, _UNKNOWN, np.int8)
            self._stock = np.concatenate([self._stock, more])
        turned = self._cell.inquire(finding.turned, accounts, self._stock[accounts]).result()
        self._stock[turned.accounts] = turned.is_there
        return self._put(turned.sheets)

    def _read(self, after: int, position: int) -> dict[str, np.ndarray]:
        """Read what frames behind a position change."""
        touched: dict[str, list[np.ndarray]] = {}
        layouts = read_layouts(self._log)
        for frame in self._log.read(after=after):
            if frame.sequence > position:
                break
            for part in decode(frame, self._kinds, layouts):
                if part.kind in finding.KINDS:
                    name, numbers = finding.changed(part)
                    touched.setdefault(name, []).append(numbers)
        return {name: np.unique(np.concatenate(numbers)) for name, numbers in touched.items()}

    def _remember(self, sheets: Sequence[Sheet]) -> list[Sheet]:
        """Give those that are not as they were last seen: an order changes a product only when it sells out."""
        new = []
        for sheet in sheets:
            mark = hash(sheet)
            if self._seen.get(sheet.product) != mark:
                self._seen[sheet.product] = mark
                new.append(sheet)
        return new

    def _take_synonyms(self) -> None:
        version, groups = self._cell.inquire(_synonyms).result()
        if version != self._synonyms_at:
            self._synonyms_at = version
            self.engine.curate(groups)

    def _take_lessons(self) -> None:
        """Take up what was learned when another version is named, and fit it anew when the shop has new words."""
        is_new, kept = self._lessons()
        words = len(self.engine.vocabulary.terms)
        has_learned = kept is not None or self.engine.rival is not None
        if is_new or (has_learned and words > self._fitted_words * _GROWN):
            self.engine.learn(kept)
            self.engine.oppose(self._rival())
            self._fitted_words = words
            self._warm(self._title)  # What was learned is ranked by in another way.

    def _show(self, position: int) -> None:
        with self._changed:
            self.position = position
            self._changed.notify_all()


def _synonyms(house: House) -> tuple[int, list[list[str]]]:
    return house.search.version, search.synonyms(house.search)
