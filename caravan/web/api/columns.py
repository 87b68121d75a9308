"""Orders in columns: an Arrow stream comes in, is looked at whole, and an Arrow stream with an answer a row goes out."""

from hashlib import blake2b
from http import HTTPStatus

import numpy as np
import pyarrow as pa

from caravan.client.wire import FieldError
from caravan.flows.batches import DirectOrders, order_in_columns
from caravan.flows.checkout import LINES_PER_PURCHASE_MAX, PURCHASES_PER_REQUEST_MAX, Placement
from caravan.flows.judgment import Verdict
from caravan.kernel import ids
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import AddressId, BuyerId, ListingId, PurchaseId
from caravan.web import reach
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import OPERATOR, Operation
from caravan.web.api.problems import InvalidRequest

MEDIA = "application/vnd.apache.arrow.stream"
KEY_CHARACTERS_MAX = 255
COLUMNS = {
    "key": pa.string(),
    "buyer": pa.string(),
    "address": pa.string(),
    "expected_total": pa.int64(),
    "listings": pa.list_(pa.string()),
    "quantities": pa.list_(pa.int64()),
}
_ANSWER = pa.schema([("key", pa.string()), ("purchase", pa.string()), ("refusal", pa.string())])


async def place_orders(call: Call) -> Reply:
    """Place up to 8,192 orders of many buyers at catalog prices: an Arrow stream with one row an order.

    Columns: `key` (1 to 255 characters, unique to the order for ever), `buyer`, `address`, `expected_total` (minor units
    of the market's currency), `listings` and `quantities` (lists of equal length). The answer has a row for each, in
    order: its key, and either the purchase or the code of the refusal. An order whose key was placed before is answered
    with that purchase. What cannot be read is refused whole, naming column and row.
    """
    table = _read(call.body)
    placement: Placement = await reach.do(call.caravan, order_in_columns, _orders(table), is_many=True)
    return Reply(HTTPStatus.OK, _answer(table, placement), MEDIA)


def _read(raw: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(raw) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowException, OSError, ValueError):
        raise InvalidRequest("This body is no Arrow stream.", errors=[_fault("unreadable")]) from None
    if not 0 < table.num_rows <= PURCHASES_PER_REQUEST_MAX:
        raise InvalidRequest(f"A request has 1 to {PURCHASES_PER_REQUEST_MAX} orders.", errors=[_fault("wrong_value")])
    missing = sorted(set(COLUMNS) ^ set(table.column_names))
    if missing:
        raise InvalidRequest(f"The columns are {', '.join(COLUMNS)}.", errors=[_fault("wrong_value", missing[0])])
    for name, kind in COLUMNS.items():
        column = table.column(name)
        if column.type != kind:
            raise InvalidRequest(f"{name} is {column.type}, not {kind}.", errors=[_fault("wrong_type", name)])
        if column.null_count or (pa.types.is_list(kind) and column.combine_chunks().flatten().null_count):
            raise InvalidRequest(f"{name} has a value that is missing.", errors=[_fault("missing", name)])
    return table


def _fault(code: str, column: str = "", row: int | None = None) -> FieldError:
    place = f"/{column}" if row is None else f"/{column}/{row}"
    return FieldError(code=code, pointer=place if column else "")


def _orders(table: pa.Table) -> DirectOrders:
    lists = {name: table.column(name).combine_chunks() for name in ("listings", "quantities")}
    lengths = [np.diff(column.offsets.to_numpy()) for column in lists.values()]
    wrong = np.flatnonzero((lengths[0] != lengths[1]) | (lengths[0] < 1) | (lengths[0] > LINES_PER_PURCHASE_MAX))
    if len(wrong):
        text = f"An order has 1 to {LINES_PER_PURCHASE_MAX} listings, and as many quantities."
        raise InvalidRequest(text, errors=[_fault("wrong_value", "listings", int(wrong[0]))])
    high, low = _marks(table.column("key").to_pylist())
    rows = np.repeat(np.arange(table.num_rows), lengths[0])
    return DirectOrders(
        buyers=_numbers(table, "buyer", BuyerId), addresses=_numbers(table, "address", AddressId),
        expected=np.array(table.column("expected_total").to_numpy(), np.int64), marks_high=high, marks_low=low, rows=rows,
        listings=_each_once(rows, _numbers_of(lists["listings"].flatten().to_pylist(), "listings", ListingId, rows)),
        quantities=np.array(lists["quantities"].flatten().to_numpy(), np.int64),
    )  # fmt: skip


def _marks(keys: list[str]) -> tuple[np.ndarray, np.ndarray]:
    wrong = [row for row, key in enumerate(keys) if not 0 < len(key) <= KEY_CHARACTERS_MAX]
    if wrong:
        text = f"A key has 1 to {KEY_CHARACTERS_MAX} characters."
        raise InvalidRequest(text, errors=[_fault("wrong_value", "key", wrong[0])])
    digests = b"".join(blake2b(f"batch/{key}".encode(), digest_size=16).digest() for key in keys)
    pairs = np.frombuffer(digests, np.int64).reshape(-1, 2)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def _numbers(table: pa.Table, name: str, kind: object) -> np.ndarray:
    return _numbers_of(table.column(name).to_pylist(), name, kind, np.arange(table.num_rows))


def _numbers_of(texts: list[str], name: str, kind: object, rows: np.ndarray) -> np.ndarray:
    found = np.empty(len(texts), np.int64)
    for place, text in enumerate(texts):
        try:
            found[place] = ids.number(kind, text)
        except Invalid as refusal:
            raise InvalidRequest(str(refusal), errors=[_fault("wrong_value", name, int(rows[place]))]) from None
    return found


def _each_once(rows: np.ndarray, listings: np.ndarray) -> np.ndarray:
    pairs = np.stack([rows, listings], axis=1)
    _, firsts = np.unique(pairs, axis=0, return_index=True)
    if len(firsts) != len(pairs):
        twice = int(rows[np.setdiff1d(np.arange(len(pairs)), firsts)[0]])
        text = "A listing stands in one line of an order."
        raise InvalidRequest(text, errors=[_fault("wrong_value", "listings", twice)])
    return listings


def _answer(table: pa.Table, placement: Placement) -> bytes:
    purchases = [ids.text(PurchaseId, number) if number else "" for number in placement.purchases.tolist()]
    refusals = [Verdict(verdict).name.lower() if verdict else "" for verdict in placement.verdicts.tolist()]
    told = pa.record_batch(
        [table.column("key").combine_chunks(), pa.array(purchases), pa.array(refusals)], schema=_ANSWER
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _ANSWER) as writer:
        writer.write_batch(told)
    return bytes(sink.getvalue().to_pybytes())


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST", path="/v1/orders/batches", summary="Buy for many buyers at once", handler=place_orders,
        who=(OPERATOR,), scope="orders:write", media=MEDIA, refusals=(Invalid,),
    ),
)  # fmt: skip
