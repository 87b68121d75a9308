"""Orders in columns: an Arrow stream comes in, is looked at whole, and an Arrow stream with an answer a row goes out."""

from hashlib import blake2b
from http import HTTPStatus

import numpy as np
import pyarrow as pa
from numba import njit

from caravan.client.wire import FieldError
from caravan.flows.batches import DirectOrders, order_in_columns
from caravan.flows.checkout import LINES_PER_PURCHASE_MAX, PURCHASES_PER_REQUEST_MAX, Placement
from caravan.flows.judgment import Verdict
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import PREFIXES, AddressId, BuyerId, ListingId, PurchaseId
from caravan.trade.orders import LASTING
from caravan.web import reach
from caravan.web.api import idcolumns
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import OPERATOR, Operation
from caravan.web.api.problems import InvalidRequest

MEDIA = "application/vnd.apache.arrow.stream"
KEY_CHARACTERS_MAX = 255
KEY_BYTES = 16
_TEXT_KEY, _BYTE_KEY = pa.string(), pa.binary(KEY_BYTES)
COLUMNS = {
    "key": (_TEXT_KEY, _BYTE_KEY),
    "buyer": (pa.string(),),
    "address": (pa.string(),),
    "expected_total": (pa.int64(),),
    "listings": (pa.list_(pa.string()),),
    "quantities": (pa.list_(pa.int64()),),
}
_ANSWER = (pa.field("purchase", pa.string()), pa.field("refusal", pa.string()))
_REFUSALS = pa.array(["" if verdict == 0 else verdict.name.lower() for verdict in Verdict])


async def place_orders(call: Call) -> Reply:
    """Place up to 8,192 orders of many buyers at catalog prices: an Arrow stream with one row an order.

    Columns: `key` (1 to 255 characters, or 16 bytes, which is faster; each unique to its order for two days), `buyer`,
    `address`, `expected_total` (minor units of the market's currency), `listings` and `quantities` (lists of equal
    length). The answer has a row for each, in order: its key, and either the purchase or the code of the refusal. An
    order whose key was placed before is answered with that purchase. What cannot be read is refused whole, naming
    column and row.
    """
    keys, wanted = read(call.body)
    placement: Placement = await reach.do(call.caravan, order_in_columns, wanted, is_many=True)
    return Reply(HTTPStatus.OK, written(keys, placement), MEDIA)


def warm() -> None:
    """Run the compiled parts over nothing, so that the first batch does not wait for them."""
    nothing = np.zeros(0, np.int64)
    idcolumns.read(BuyerId, idcolumns.write(BuyerId, nothing))
    _row_with_repeats(nothing, np.zeros(1, np.int64))


def read(raw: bytes) -> tuple[pa.Array, DirectOrders]:
    """Read a request; give its keys and its orders. Refuses what cannot be read as InvalidRequest."""
    table = _read(raw)
    return table.column("key").combine_chunks(), _orders(table)


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
    for name, kinds in COLUMNS.items():
        column = table.column(name)
        if column.type not in kinds:
            wanted = " or ".join(map(str, kinds))
            raise InvalidRequest(f"{name} is {column.type}, not {wanted}.", errors=[_fault("wrong_type", name)])
        if column.null_count or (pa.types.is_list(column.type) and column.combine_chunks().flatten().null_count):
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
    high, low = _marks(table.column("key").combine_chunks())
    starts = np.concatenate([[0], np.cumsum(lengths[0])]).astype(np.int64)
    rows = np.repeat(np.arange(table.num_rows), lengths[0])
    listings = _numbers(lists["listings"].flatten(), "listings", ListingId, rows)
    twice = int(_row_with_repeats(listings, starts))
    if twice >= 0:
        text = "A listing stands in one line of an order."
        raise InvalidRequest(text, errors=[_fault("wrong_value", "listings", twice)])
    every = np.arange(table.num_rows)
    return DirectOrders(
        buyers=_numbers(table.column("buyer").combine_chunks(), "buyer", BuyerId, every),
        addresses=_numbers(table.column("address").combine_chunks(), "address", AddressId, every),
        expected=np.array(table.column("expected_total").to_numpy(), np.int64), marks_high=high, marks_low=low, rows=rows,
        listings=listings, quantities=np.array(lists["quantities"].flatten().to_numpy(), np.int64),
    )  # fmt: skip


def _marks(keys: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Hash keys to two words each; never both 0, and never marked as lasting for ever."""
    if keys.type == _BYTE_KEY:
        words = np.frombuffer(keys.buffers()[1], np.uint64, 2 * len(keys), keys.offset * KEY_BYTES).reshape(-1, 2)
        high, low = _scattered(words[:, 0], words[:, 1])
    else:
        names = keys.to_pylist()
        wrong = [row for row, key in enumerate(names) if not 0 < len(key) <= KEY_CHARACTERS_MAX]
        if wrong:
            text = f"A key has 1 to {KEY_CHARACTERS_MAX} characters."
            raise InvalidRequest(text, errors=[_fault("wrong_value", "key", wrong[0])])
        digests = b"".join(blake2b(f"batch/{key}".encode(), digest_size=16).digest() for key in names)
        pairs = np.frombuffer(digests, np.int64).reshape(-1, 2)
        high, low = pairs[:, 0].copy(), pairs[:, 1].copy()
    low &= ~LASTING
    high[(high == 0) & (low == 0)] = 1
    return high, low


def _scattered(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spread words over all bits, one to one, so that the bit that is given up does not tell any two apart."""
    high = _mixed(first ^ _mixed(second))
    return high.view(np.int64), _mixed(second ^ high).view(np.int64)


def _mixed(words: np.ndarray) -> np.ndarray:
    # The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = words ^ (words >> np.uint64(31))
    return mixed


def _numbers(texts: pa.Array, name: str, kind: object, rows: np.ndarray) -> np.ndarray:
    found, wrong = idcolumns.read(kind, texts)
    if wrong >= 0:
        text = f"An id that begins with {PREFIXES[kind]}_ was wanted here."  # type: ignore[index]
        raise InvalidRequest(text, errors=[_fault("wrong_value", name, int(rows[wrong]))])
    return found


@njit(cache=True, nogil=True)
def _row_with_repeats(listings: np.ndarray, starts: np.ndarray) -> int:
    """Give the first row that has a listing twice, or -1."""
    for row in range(starts.shape[0] - 1):
        for one in range(starts[row], starts[row + 1]):
            for other in range(starts[row], one):
                if listings[one] == listings[other]:
                    return row
    return -1


def written(keys: pa.Array, placement: Placement) -> bytes:
    """Write the answer: each key, and either the purchase or the code of the refusal."""
    purchases = idcolumns.write(PurchaseId, placement.purchases)
    columns = [keys, purchases, _REFUSALS.take(pa.array(placement.verdicts))]
    told = pa.record_batch(columns, schema=pa.schema([("key", keys.type), *_ANSWER]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, told.schema) as writer:
        writer.write_batch(told)
    return bytes(sink.getvalue().to_pybytes())


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST", path="/v1/orders/batches", summary="Buy for many buyers at once", handler=place_orders,
        who=(OPERATOR,), scope="orders:write", media=MEDIA, refusals=(Invalid,),
    ),
)  # fmt: skip
