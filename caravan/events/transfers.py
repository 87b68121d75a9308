"""What happens between wallets: people can be found and are verified, ask for money, show codes, and pay each other."""

from typing import ClassVar

from caravan.kernel.event import Event, Int8
from caravan.kernel.ids import BuyerId, CodeId, RequestId, SellerId, TransferId


class NamesSet(Event, frozen=True, kw_only=True, tag="transfers.names_set.v1"):
    """A buyer said by which names others find them. Marks are keyed hashes, empty for none; `sealed` is both as JSON."""

    personal: ClassVar[frozenset[str]] = frozenset({"sealed"})

    buyer: BuyerId
    handle_mark: bytes
    phone_mark: bytes
    sealed: bytes


class AddressProven(Event, frozen=True, kw_only=True, tag="transfers.address_proven.v1"):
    """A buyer showed what was sent to their e-mail address or phone (`kind`): it is theirs. `mark` is its keyed hash."""

    buyer: BuyerId
    kind: str
    mark: bytes


class LevelSet(Event, frozen=True, kw_only=True, tag="transfers.level_set.v1"):
    """The operator said how well a buyer is known."""

    buyer: BuyerId
    level: Int8
    why: str


class TransferMade(Event, frozen=True, kw_only=True, tag="transfers.transfer_made.v1"):
    """Money went from a buyer's wallet to another's, or to a seller's balance; one of `buyer` and `seller` is 0.

    The payer pays `total_minor`, the payee gets `received_minor`, the fee and the tax on it are the rest: all as it was
    shown before. `counted_minor` is what counts against the payer's limits, in the market's currency.
    """

    personal: ClassVar[frozenset[str]] = frozenset({"note"})

    transfer: TransferId
    way: Int8
    payer: BuyerId
    buyer: BuyerId
    seller: SellerId
    unit: int
    amount_minor: int
    fee_minor: int
    fee_tax_minor: int
    total_minor: int
    received_minor: int
    counted_minor: int
    request: RequestId
    code: CodeId
    reference: str
    note: bytes


class MoneyRequested(Event, frozen=True, kw_only=True, tag="transfers.money_requested.v1"):
    """A buyer asked another for money, who may pay it until it expires."""

    personal: ClassVar[frozenset[str]] = frozenset({"note"})

    request: RequestId
    payee: BuyerId
    payer: BuyerId
    unit: int
    amount_minor: int
    expires_at: int
    note: bytes


class RequestClosed(Event, frozen=True, kw_only=True, tag="transfers.request_closed.v1"):
    """A request for money came to nothing: whoever was asked declined it, or whoever asked withdrew it."""

    request: RequestId
    is_declined: bool


class CodeMade(Event, frozen=True, kw_only=True, tag="transfers.code_made.v1"):
    """Somebody shows a code that can be paid once, until it expires; one of `buyer` and `seller` is 0."""

    code: CodeId
    buyer: BuyerId
    seller: SellerId
    unit: int
    amount_minor: int
    reference: str
    expires_at: int
