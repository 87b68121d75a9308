"""How a sandbox can misbehave, seeded: what it answers, what it tells, and how often each goes wrong."""

from dataclasses import dataclass
from typing import Any, NamedTuple

Object = dict[str, Any]


@dataclass(frozen=True)
class Mischief:
    """How often, between 0 and 1, something goes wrong: it fails before or after it was done, is slow, or comes late.

    `late` answers "processing" first, `twice` sends a webhook twice, `shuffled` sends webhooks in another order.
    """

    fails: float = 0.0
    loses: float = 0.0
    slow: float = 0.0
    late: float = 0.0
    twice: float = 0.0
    shuffled: float = 0.0
    slow_s: float = 2.0


class Reply(NamedTuple):
    """What is answered; `is_lost` is done all the same, but the answer never arrives, and `waits_s` is how slow it is."""

    status: int
    body: Object
    is_lost: bool = False
    waits_s: float = 0.0


class Notice(NamedTuple):
    """A webhook to be sent."""

    body: bytes
    signature: str
