"""What payments need of the outside: providers that keep, take and give back a buyer's money."""

from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import NamedTuple, Protocol

from caravan.kernel.clock import Instant
from caravan.kernel.errors import Outage, Refusal
from caravan.kernel.ids import PaymentId


class AskKind(IntEnum):
    """What a provider can be asked to do. The numbers of all but the first stand in the log."""

    AUTHORIZE = 0  # keep the money; or say how that stands
    CAPTURE = 1
    VOID = 2
    REFUND = 3


class Ask(NamedTuple):
    """One thing asked of a provider. Asked again with the same key, it is done once.

    `reference` is the provider's own word for the payment, empty until it is known. `done_minor` is what it has captured (for
    a capture) or refunded (for a refund) before, by our books. `is_last` says that no capture will follow.
    """

    kind: AskKind
    key: str
    payment: str
    reference: str
    amount_minor: int
    currency: str
    done_minor: int = 0
    is_last: bool = True
    method: str = ""
    back: str = ""


class Answered(Enum):
    """How a provider answered. What is unknown is asked again, never guessed."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    DONE = "done"
    REFUSED = "refused"


class Answer(NamedTuple):
    """A provider's answer. `page` is where the buyer goes on, where it waits for them."""

    answered: Answered
    reference: str = ""
    reason: str = ""
    page: str = ""


class Claim(NamedTuple):
    """What a provider says of a dispute. `won` is None while it is open."""

    reference: str
    amount_minor: int
    won: bool | None


class Notice(NamedTuple):
    """What a webhook says: which payment has news, by our number (0: not said) or by the provider's.

    What the news is, the provider is asked; but for disputes, which are told here.
    """

    event: str
    payment: PaymentId
    reference: str
    claim: Claim | None = None


class UnsignedNotice(Refusal):
    """This webhook is not signed by the provider, or too old."""


class ProviderDown(Outage):
    """The payment provider does not answer."""


class NoSuchProvider(Refusal):
    """Nobody takes payments in this way here."""


class PaymentProvider(Protocol):
    """Whoever keeps cards and moves their money."""

    def ask(self, asks: Sequence[Ask]) -> list[Answer]:
        """Ask for several things at once; one answer each. Never raises: what is not known is UNKNOWN."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...

    def notice(self, body: bytes, signature: str, *, now: Instant) -> Notice | None:
        """Read a webhook, or None where it is of no matter to us. Refuses one that is not signed by the provider."""
        ...


class LineKind(IntEnum):
    """What a line of a provider's report is about."""

    CAPTURE = 1
    REFUND = 2
    DISPUTE = 3
    FEE = 4
    PAYOUT = 5
    OTHER = 6


class ReportLine(NamedTuple):
    """A line of a provider's report: what moved on its account for us, and what it took for that.

    `payment` is our number of the payment (0: not said), `intent` the provider's name of it; `reference` names what moved.
    """

    line: str
    at: Instant
    kind: LineKind
    payment: int
    intent: str
    reference: str
    unit: int
    gross_minor: int
    fee_minor: int


class StatementLine(NamedTuple):
    """A line of a bank's statement: money that came in, with what whoever sent it wrote."""

    line: str
    at: Instant
    unit: int
    amount_minor: int
    text: str
