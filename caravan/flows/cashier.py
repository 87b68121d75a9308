"""The cashier: asks providers what is to be asked, outside of any decision, and settles what they say. Twice is once."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from caravan.cell import Cell
from caravan.flows import disputes, paying
from caravan.flows.house import House
from caravan.kernel.clock import SECOND, Instant
from caravan.kernel.ids import AskId, PaymentId
from caravan.trade import payments
from caravan.trade.payments import Answer, Answered, AskKind, Notice, PaymentProvider, Provider

_logger = logging.getLogger("caravan.flows")

_TOGETHER_MAX = 64
_STEPS_MAX = 8
_WAITS_FIRST, _WAITS_MAX = SECOND, 60 * SECOND
_BUSY_S = 30.0


class _Patience(NamedTuple):
    """When a payment is asked about again, and after how long from then on."""

    at: int
    waits: int


class Cashier:
    """Sees to payments: one payment is seen to by one thread at a time, and what is not known is asked again, later."""

    def __init__(self, cell: Cell[House], providers: Mapping[Provider, PaymentProvider]) -> None:
        self._cell, self.providers = cell, dict(providers)
        self._patience: dict[int, _Patience] = {}
        self._busy: set[int] = set()
        self._freed = threading.Condition()

    def provider(self, number: Provider) -> PaymentProvider:
        """Give a provider. Refuses one that is not there as NoSuchProvider."""
        if number not in self.providers:
            raise payments.NoSuchProvider
        return self.providers[number]

    def see_to(self, payment: int) -> str:
        """Ask about one payment now, as far as it gets; give the page where its buyer goes on, if there is one."""
        with self._freed:
            if not self._freed.wait_for(lambda: payment not in self._busy, _BUSY_S):
                return ""
            self._busy.add(payment)
        try:
            return self._see_to([payment]).get(payment, "")
        finally:
            self._free([payment])

    def see_to_due(self) -> int:
        """Ask about all payments whose time has come, at most 64 at once; give how many."""
        under_way, now = self._cell.ask(lambda house: payments.under_way(house.dealings)), self._cell.clock.now()
        with self._freed:
            due = [
                number for number in under_way
                if number not in self._busy and self._patience.get(number, _Patience(0, 0)).at <= now
            ][:_TOGETHER_MAX]  # fmt: skip
            self._busy.update(due)
        try:
            self._see_to(due)
        finally:
            self._free(due)
        self._patience = {number: self._patience[number] for number in under_way if number in self._patience}
        return len(due)

    def _free(self, numbers: Iterable[int]) -> None:
        with self._freed:
            self._busy.difference_update(numbers)
            self._freed.notify_all()

    def _see_to(self, numbers: Iterable[int]) -> dict[int, str]:
        """Take payments on, all of them a step at a time, until nothing of them can be done now; give their pages."""
        found: dict[int, str] = {}
        left, looked = list(numbers), set[int]()
        for _ in range(_STEPS_MAX):
            asks = self._cell.ask(lambda house: [_next(house, number, looked) for number in left])  # noqa: B023
            wanted = [(number, *ask) for number, ask in zip(left, asks, strict=True) if ask is not None]
            provider = self.providers.get(Provider.CARD)
            if not wanted or provider is None:
                break
            answers = provider.ask([ask for _, ask, _ in wanted])
            left = []
            for (number, ask, work), answer in zip(wanted, answers, strict=True):
                is_on = self._settle(number, work, answer)
                if answer.page:
                    found[number] = answer.page
                if ask.kind == AskKind.AUTHORIZE and answer.answered == Answered.PENDING:
                    is_on = number not in looked
                    looked.add(number)
                if is_on:
                    left.append(number)
                    self._patience.pop(number, None)
                else:
                    self._wait(number)
        return found

    def _settle(self, number: int, work: int, answer: Answer) -> bool:
        """Settle an answer; tell whether it took the payment on."""
        if answer.answered == Answered.UNKNOWN:
            return False
        if work:
            self._cell.do(paying.settle_ask, paying.Done(AskId(work), answer))
        else:
            self._cell.do(paying.settle_payment, paying.Told(PaymentId(number), answer))
        return answer.answered != Answered.PENDING

    def _wait(self, number: int) -> None:
        waits = self._patience.get(number, _Patience(0, _WAITS_FIRST)).waits
        self._patience[number] = _Patience(self._cell.clock.now() + waits, min(2 * waits, _WAITS_MAX))

    def take_notice(self, number: Provider, body: bytes, signature: str, *, now: Instant) -> Notice | None:
        """Take a webhook: what it says of a payment, its provider is asked; a dispute is settled as it says.

        Refuses one that is not signed by the provider.
        """
        notice = self.provider(number).notice(body, signature, now=now)
        if notice is None:
            return None
        if notice.claim is not None:
            self._cell.do(disputes.settle_claim, disputes.Claimed(notice.reference, notice.claim))
            return notice
        known = self._cell.ask(lambda house: notice.payment in house.dealings.deals)
        if known:
            self.see_to(notice.payment)
        return notice


def _next(house: House, number: int, looked: set[int]) -> tuple[payments.Ask, int] | None:
    return payments.next_ask(house.dealings, number, looks=number not in looked)
