"""The postman: asks carriers for rates and labels and where parcels are, outside of any decision. Twice is once."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from caravan.cell import Cell
from caravan.flows import labels, parcels
from caravan.flows.cashier import Cashier
from caravan.flows.house import House
from caravan.kernel.clock import HOUR, MINUTE, SECOND
from caravan.kernel.errors import CaravanError, Refusal
from caravan.kernel.ids import LabelId, ParcelId, SellerId
from caravan.trade import delivery
from caravan.trade.delivery import Answered, Carrier, ParcelStatus, Rate, Told, Wanted

_logger = logging.getLogger("caravan.flows")

POLL_EVERY = 2 * HOUR
RATES_KEPT_FOR = 30 * MINUTE
_TOGETHER_MAX = 32
_WAITS_FIRST, _WAITS_MAX = SECOND, 10 * MINUTE
_RATES_KEPT_MAX = 10_000
_LOOKS_EVERY = 20 * SECOND  # at all parcels with a label, of which there may be many


class Quote(NamedTuple):
    """A rate that a carrier has quoted for a parcel, until some time."""

    carrier: str
    rate: Rate
    until: int


class Postman:
    """Sees to labels and parcels: one thread asks at a time, and what is not known is asked again, later."""

    def __init__(self, cell: Cell[House], carriers: Mapping[str, Carrier], cashier: Cashier) -> None:
        self._cell, self.carriers, self._cashier = cell, dict(carriers), cashier
        self._lock = threading.RLock()
        self._quotes: dict[tuple[int, str], Quote] = {}
        self._patience: dict[int, tuple[int, int]] = {}  # by label: when it is asked again, and after how long then
        self._looked_for_orphans, self._looked_for_parcels = 0, 0
        self._polled: dict[int, int] = {}  # by parcel: when it is asked about again

    # Rates.

    def quote(self, parcel: ParcelId, wanted: Wanted, currency: str) -> list[Quote]:
        """Ask all carriers what they would take for a parcel, in its order's currency, the cheapest first.

        Those that do not answer are left out. Refuses where nobody brings it.
        """
        found: list[Quote] = []
        now = self._cell.clock.now()
        for name, carrier in self.carriers.items():
            try:
                rates = carrier.rates(wanted)
            except CaravanError as error:
                _logger.info("No rates of %s: %s", name, error)
                continue
            found += [Quote(name, rate, now + RATES_KEPT_FOR) for rate in rates if rate.currency == currency]
        if not found:
            raise delivery.NoRates
        with self._lock:
            self._quotes = {key: quote for key, quote in self._quotes.items() if quote.until > now}
            if len(self._quotes) < _RATES_KEPT_MAX:
                self._quotes |= {(parcel, quote.rate.rate): quote for quote in found}
        return sorted(found, key=lambda quote: (quote.rate.amount_minor, quote.rate.days))

    def quoted(self, parcel: ParcelId, rate: str) -> Quote:
        """Give what was quoted for a parcel. Refuses what was not, or too long ago."""
        quote = self._quotes.get((parcel, rate))
        if quote is None or quote.until <= self._cell.clock.now():
            raise delivery.RateExpired
        return quote

    # Labels.

    def see_to_labels(self, *, only: int = 0) -> int:
        """Ask about the labels whose time has come, or about one parcel's now; give how many."""
        with self._lock:
            now = self._cell.clock.now()
            if now >= self._looked_for_orphans + _LOOKS_EVERY:
                self._looked_for_orphans = now
                self._cell.do(labels.void_orphans, None)
            asks = self._cell.ask(lambda house: delivery.next_asks(house.labels))
            due = [
                (work.label, work.carrier, ask) for work, ask in asks
                if work.parcel == only or (not only and self._patience.get(work.label, (0, 0))[0] <= now)
            ][:_TOGETHER_MAX]  # fmt: skip
            for name in sorted({carrier for _, carrier, _ in due}):
                mine = [(label, ask) for label, carrier, ask in due if carrier == name]
                if name in self.carriers:
                    answers = self.carriers[name].ask([ask for _, ask in mine])
                    for (label, _), answer in zip(mine, answers, strict=True):
                        self._settle(label, answer)
            return len(due)

    def _settle(self, label: int, answer: delivery.LabelAnswer) -> None:
        if answer.answered in {Answered.DONE, Answered.REFUSED}:
            self._cell.do(labels.settle_label, labels.Done(LabelId(label), answer))
            self._patience.pop(label, None)
            return
        waits = self._patience.get(label, (0, _WAITS_FIRST))[1]
        self._patience[label] = (self._cell.clock.now() + waits, min(2 * waits, _WAITS_MAX))

    # Where parcels are.

    def see_to_parcels(self) -> int:
        """Ask where parcels are whose time has come; give how many."""
        now = self._cell.clock.now()
        if now < self._looked_for_parcels + _LOOKS_EVERY:
            return 0
        self._looked_for_parcels = now
        known = self._cell.ask(labels.polled)
        due = [one for one in known if self._polled.get(one[0], 0) <= now][:_TOGETHER_MAX]
        self._polled = {one[0]: self._polled[one[0]] for one in known if one[0] in self._polled}
        self._poll(due)
        return len(due)

    def _poll(self, wanted: Iterable[tuple[ParcelId, str, str]]) -> None:
        asked = list(wanted)
        for name in sorted({carrier for _, carrier, _ in asked}):
            mine = [(parcel, tracking) for parcel, carrier, tracking in asked if carrier == name]
            if name not in self.carriers:
                continue
            told = self.carriers[name].track([tracking for _, tracking in mine])
            for (parcel, _), scans in zip(mine, told, strict=True):
                waits = POLL_EVERY if scans is not None else MINUTE
                self._polled[parcel] = self._cell.clock.now() + waits
                if scans:
                    self._note(parcel, scans)

    def _note(self, parcel: ParcelId, told: list[Told]) -> None:
        try:
            if self._is_with_us(parcel, told):
                return
            self._cell.do(labels.note_tracked, labels.Tracked(parcel, told))
        except Refusal as refusal:
            _logger.warning("What was said of parcel %s could not be noted yet: %s", parcel, refusal)
            self._polled[parcel] = self._cell.clock.now() + MINUTE

    def _is_with_us(self, parcel: ParcelId, told: list[Told]) -> bool:
        """Tell whether a parcel has not left; one that its carrier has, although nobody said so, is handed over first."""
        if self._cell.ask(lambda house: bool(house.delivery.parcels.handed_over_at[parcel])):
            return False
        moved = [one.at for one in told if one.status >= ParcelStatus.PICKED_UP and one.at <= self._cell.clock.now()]
        if not moved:
            return True
        for payment in self._cell.do(parcels.ask_capture, parcels.Unpacking(parcel, SellerId(0))):
            self._cashier.see_to(payment)
        self._cell.do(parcels.send_parcel, parcels.Sending(parcel, SellerId(0), "", "", at=min(moved)))
        return False

    def take_notice(self, name: str, body: bytes, signature: str) -> str:
        """Take a webhook: where the parcel is that it is about, its carrier is asked. Gives the tracking number, or nothing.

        Refuses one that is not signed by the carrier.
        """
        if name not in self.carriers:
            raise delivery.NoSuchCarrier
        tracking = self.carriers[name].notice(body, signature)
        if tracking is None:
            return ""
        known = self._cell.ask(lambda house: [one for one in labels.polled(house) if one[1:] == (name, tracking)])
        self._poll(known)
        return tracking

    def close(self) -> None:
        """Hang up on every carrier."""
        for carrier in self.carriers.values():
            carrier.close()


def weight_of(house: House, parcel: ParcelId) -> int:
    """Give what a parcel's goods weigh by their product pages, in grams; 0 where one does not say."""
    found = delivery.parcel_of(house.delivery, parcel)
    first, lines, grams = int(house.orders.orders.first_line[found.order]), house.orders.lines, 0
    for line, quantity in found.contents:
        sku = house.catalog.skus[int(lines.sku[first + line])]
        each = house.catalog.products[sku.product].weight_grams
        if not each:
            return 0
        grams += each * quantity
    return grams
