"""The orders' socket: batches in order, each answered when durable, to whom may; what cannot be read harms no neighbor."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from caravan.cell import cell as cells
from caravan.client import OrderStream, Refused
from caravan.flows import invariants, people
from caravan.kernel.errors import Outage
from caravan.kernel.framing import HEAD, HELLO, ORDERS, PROBLEM, framed
from caravan.web.access import hashed
from tests.web.api.rig import Rig, Shopper, free_port, running


def table(rows: list[tuple[str | bytes, Shopper, int, dict[str, int]]]) -> pa.Table:
    """Lay orders down: key, buyer, agreed total, and units by listing."""
    keys = [key for key, *_ in rows]
    return pa.table(
        {
            "key": pa.array(keys, pa.binary(16) if isinstance(keys[0], bytes) else pa.string()),
            "buyer": [buyer.id for _, buyer, *_ in rows],
            "address": [buyer.address for _, buyer, *_ in rows],
            "expected_total": pa.array([total for _, _, total, _ in rows], pa.int64()),
            "listings": pa.array([list(lines) for *_, lines in rows], pa.list_(pa.string())),
            "quantities": pa.array([list(lines.values()) for *_, lines in rows], pa.list_(pa.int64())),
        }
    )


def path(rig: Rig) -> Path:
    return rig.caravan.settings.home / "orders.sock"


@pytest.fixture
def stream(rig: Rig) -> Iterator[OrderStream]:
    with OrderStream(path(rig), rig.token("operator")) as opened:
        yield opened


def test_batches_are_decided_in_their_order_and_answered_in_it(rig: Rig, stream: OrderStream) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=30), rig.buyer(cents=90_000)
    batches = [table([(f"{batch}-{row}", buyer, 1_000, {listing: 1}) for row in range(2)]) for batch in range(20)]

    answers = list(stream.place_all(batches))

    told = [code for answer in answers for code in answer.column("refusal").to_pylist()]
    assert told == [""] * 30 + ["out_of_stock"] * 10
    assert [answer.column("key").to_pylist() for answer in answers] == [
        batch.column("key").to_pylist() for batch in batches
    ]
    assert not list(invariants.findings(rig.caravan.cell.house))


def test_a_key_of_bytes_is_placed_once_and_neighbors_are_not_taken_for_it(rig: Rig, stream: OrderStream) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=600), rig.buyer(cents=900_000)
    keys = [number.to_bytes(16, "little") for number in range(256)] + [
        number.to_bytes(16, "big") for number in range(1, 256)
    ]
    batch = table([(key, buyer, 1_000, {listing: 1}) for key in keys])

    first, again = stream.place_orders(batch), stream.place_orders(batch)

    assert first.column("refusal").to_pylist() == [""] * 511
    assert len(set(first.column("purchase").to_pylist())) == 511
    assert again.equals(first)
    assert rig.operator.listing(listing).available == 600 - 511


def test_a_batch_that_cannot_be_read_is_refused_and_the_next_one_is_taken(rig: Rig, stream: OrderStream) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=3), rig.buyer(cents=9_000)
    wanted = table([("one", buyer, 1_000, {listing: 1})])

    with pytest.raises(Refused) as refused:
        stream.place_orders(wanted.drop_columns(["address"]))
    answer = stream.place_orders(wanted)

    assert refused.value.refusal == "invalid_request"
    assert answer.column("refusal").to_pylist() == [""]


def test_when_too_much_is_waiting_nothing_of_a_batch_is_taken(
    rig: Rig, stream: OrderStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=3), rig.buyer(cents=9_000)
    before = rig.caravan.cell.house.ledger.entries
    monkeypatch.setattr(cells, "REQUESTS_WAITING_MAX", 0)

    with pytest.raises(Refused) as refused:
        stream.place_orders(table([("one", buyer, 1_000, {listing: 1})]))

    assert (refused.value.status, refused.value.refusal) == (503, "full")
    assert rig.caravan.cell.house.ledger.entries == before


@pytest.mark.parametrize(
    ("audience", "scopes", "refusal"),
    [("buyer", (), "wrong_audience"), ("operator", ("orders:read",), "missing_scope"), ("", (), "unauthenticated")],
)
def test_only_the_operator_with_the_scope_is_let_in(
    rig: Rig, audience: str, scopes: tuple[str, ...], refusal: str
) -> None:
    token = rig.token(audience, rig.buyer().number if audience == "buyer" else 0, scopes) if audience else "nobody"

    with pytest.raises(Refused) as refused:
        OrderStream(path(rig), token)

    assert refused.value.refusal == refusal


def test_a_token_that_was_revoked_buys_nothing_more(rig: Rig) -> None:
    listing, buyer, token = rig.seller().offer(cents=1_000, units=3), rig.buyer(cents=9_000), rig.token("operator")
    with OrderStream(path(rig), token) as stream:
        stream.place_orders(table([("one", buyer, 1_000, {listing: 1})]))
        rig.caravan.cell.do(people.revoke_token, hashed(token))

        with pytest.raises(Refused) as refused:
            stream.place_orders(table([("two", buyer, 1_000, {listing: 1})]))

    assert refused.value.refusal == "unauthenticated"


@pytest.mark.parametrize("first", [framed(ORDERS, b""), framed(HELLO, b"?"), framed(HELLO, b"{}")])
def test_whoever_does_not_say_hello_is_told_so_and_shown_out(rig: Rig, first: bytes) -> None:
    with closing(_connected(rig)) as connection:
        connection.sendall(first)
        told = connection.recv(65_536)
        rest = connection.recv(65_536)

    assert HEAD.unpack(told[: HEAD.size])[1] == PROBLEM
    assert b"unauthenticated" in told
    assert rest == b""


def test_a_message_that_is_too_long_ends_the_connection_unread(rig: Rig) -> None:
    with closing(_connected(rig)) as connection:
        connection.sendall(HEAD.pack(2**31, HELLO))

        assert connection.recv(65_536) == b""


def test_nobody_is_there(tmp_path: Path) -> None:
    with pytest.raises(Outage):
        OrderStream(tmp_path / "orders.sock", "token")


def test_the_socket_is_also_on_a_port_where_the_settings_name_one(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, orders_port=port) as rig:
        listing, buyer = rig.seller().offer(cents=1_000, units=3), rig.buyer(cents=9_000)
        with OrderStream(f"127.0.0.1:{port}", rig.token("operator")) as stream:
            answer = stream.place_orders(table([("one", buyer, 1_000, {listing: 1})]))

    assert answer.column("refusal").to_pylist() == [""]
    assert not path(rig).exists()


def test_others_on_this_machine_cannot_open_the_socket(rig: Rig) -> None:
    assert path(rig).stat().st_mode & 0o777 == 0o600


def _connected(rig: Rig) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(path(rig)))
    return connection
