"""How much one caller may ask: a token bucket each, the least recently seen forgotten when there are too many."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

CALLERS_MAX = 100_000
LOGINS_PER_MINUTE = 30  # from one client address
LOGINS_PER_EMAIL_PER_MINUTE = 10
REGISTRATIONS_PER_MINUTE = 60  # from one client address
PAYEES_PER_MINUTE = 30  # that one token looks for, so that nobody tries lists of addresses
SIGNALS_PER_MINUTE = 600  # requests from one client address
NUMBERS_PER_MINUTE = 600  # questions with one token
_MINUTE_S = 60.0


class Allowance(NamedTuple):
    """What a caller has left. `wait_s` is 0 when the request may go on."""

    limit: int
    remaining: int
    reset_s: int
    wait_s: int

    def headers(self) -> dict[str, str]:
        """Give what the caller is told of it."""
        told = {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": str(self.reset_s),
        }
        return told | ({"retry-after": str(self.wait_s)} if self.wait_s else {})


class Limit:
    """So many requests a minute for each caller, in bursts of as many."""

    def __init__(self, per_minute: int, *, now: Callable[[], float] = time.monotonic) -> None:
        assert per_minute > 0, per_minute
        self._per_minute = per_minute
        self._now = now
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, caller: Hashable) -> Allowance:
        """Count one request of a caller."""
        now, rate = self._now(), self._per_minute / _MINUTE_S
        left, since = self._left.pop(caller, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - since) * rate)
        is_allowed = left >= 1
        left -= is_allowed
        self._left[caller] = (left, now)
        if len(self._left) > CALLERS_MAX:
            self._left.popitem(last=False)
        return Allowance(
            limit=self._per_minute,
            remaining=int(left),
            reset_s=math.ceil((self._per_minute - left) / rate),
            wait_s=0 if is_allowed else math.ceil((1 - left) / rate),
        )
