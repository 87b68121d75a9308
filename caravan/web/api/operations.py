"""What an operation of the API is: declared once, and routes, checks, documents and tests derive from it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from caravan.kernel import ids
from caravan.kernel.errors import CaravanError, Invalid, NotFound
from caravan.web.api.call import Call, Reply
from caravan.web.api.problems import MethodNotAllowed

PUBLIC, BUYER, SELLER, OPERATOR = "public", "buyer", "seller", "operator"

# The kind of id that a name in braces stands for.
PATH_IDS: dict[str, type[int]] = {
    "product": ids.ProductId, "listing": ids.ListingId, "cart": ids.CartId, "session": ids.SessionId,
    "purchase": ids.PurchaseId, "order": ids.OrderId, "parcel": ids.ParcelId, "payout": ids.PayoutId,
    "seller": ids.SellerId, "buyer": ids.BuyerId, "plan": ids.PlanId, "identity": ids.IdentityId,
    "proposal": ids.ProposalId, "payment": ids.PaymentId, "item": ids.OpenItemId, "dispute": ids.DisputeId,
    "transfer": ids.TransferId, "request": ids.RequestId, "code": ids.CodeId, "card": ids.GiftCardId,
    "quote": ids.QuoteId,
    "segment": ids.SegmentId, "export": ids.ExportId, "webhook": ids.WebhookId, "claim": ids.ClaimId,
    "location": ids.LocationId, "move": ids.MoveId,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation: what it takes, who may call it, how it answers, and why it may be refused."""

    method: str
    path: str
    summary: str
    handler: Callable[[Call], Awaitable[Reply]]
    who: tuple[str, ...]
    scope: str = ""
    request: type[msgspec.Struct] | None = None
    media: str = "application/json"  # of the request; another one's body comes to the handler as it is
    query: type[msgspec.Struct] | None = None
    response: object = None
    status: int = 200
    location: str = ""  # of what was made; {id} is its id
    key: Literal["required", "optional", "none"] = "none"
    has_revision: bool = False  # the answer carries an ETag
    needs_revision: bool = False  # the request must carry If-Match
    takes_cart_secret: bool = False
    takes_write_key: bool = False  # as Basic's user, as Segment's SDKs show it; its JSON may come as plain text
    is_personal: bool = False  # the body tells of a person: its fingerprint is keyed
    is_raw: bool = False  # the handler is given the request's bytes, of whatever media
    is_open_to_browsers: bool = False  # any page of any site may read it, without credentials
    refusals: tuple[type[CaravanError], ...] = ()

    @property
    def name(self) -> str:
        """Give the operationId."""
        return self.handler.__name__

    @property
    def tag(self) -> str:
        """Give the group that it is shown in."""
        return self.handler.__module__.rpartition(".")[2]


class Table:
    """Operations by method and path; finding one costs the same however many there are."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        self.operations = operations
        self._by_shape: dict[tuple[str, ...], dict[str, Operation]] = {}
        for operation in operations:
            methods = self._by_shape.setdefault(_shape(operation.path), {})
            assert operation.method not in methods, f"{operation.method} {operation.path} is there twice."
            methods[operation.method] = operation
        self._shapes: dict[int, list[tuple[str, ...]]] = {}
        for shape in self._by_shape:
            self._shapes.setdefault(len(shape), []).append(shape)
        for shapes in self._shapes.values():
            shapes.sort(key=lambda shape: [step == _ANY for step in shape])  # Words before ids.

    def find(self, method: str, path: str) -> tuple[Operation, Mapping[str, int]]:
        """Give the operation and the ids in its path. Refuses what is not there, and a method that is not."""
        steps = tuple(path.split("/"))
        methods = self.methods(steps)
        operation = methods.get("GET" if method == "HEAD" else method)
        if operation is None:
            raise MethodNotAllowed(allow=sorted(methods))
        found = {}
        for template, step in zip(operation.path.split("/"), steps, strict=True):
            if template.startswith("{"):
                found[template[1:-1]] = _number(template[1:-1], step)
        return operation, found

    def methods(self, steps: tuple[str, ...]) -> dict[str, Operation]:
        """Give the operations of a path by method. Refuses an unknown path."""
        exact = self._by_shape.get(steps)
        if exact is not None:
            return exact
        for shape in self._shapes.get(len(steps), ()):
            if all(wanted in {_ANY, step} for wanted, step in zip(shape, steps, strict=True)):
                return self._by_shape[shape]
        raise NotFound("There is nothing at this address.")


_ANY = "{}"


def _shape(path: str) -> tuple[str, ...]:
    return tuple(_ANY if step.startswith("{") else step for step in path.split("/"))


def _number(name: str, step: str) -> int:
    try:
        return ids.number(PATH_IDS[name], step)
    except Invalid:
        raise NotFound(f"There is no such {name}.") from None
