"""Checks the small parts of the API by themselves: canonical JSON against RFC 8785, token buckets, cursors, pointers."""

import json
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caravan.client import wire
from caravan.kernel.errors import NotFound
from caravan.web.api import OPERATIONS, Table, cursors
from caravan.web.api.canonical import canonical
from caravan.web.api.limits import CALLERS_MAX, Limit
from caravan.web.api.problems import InvalidRequest, MethodNotAllowed, misfit


# RFC 8785, appendix B: IEEE 754 bits and how ECMAScript writes them.
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"), ("8000000000000000", "0"), ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"), ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"), ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"), ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"), ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"), ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"), ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"), ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"), ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"), ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"), ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_the_standard_says(bits: str, text: str) -> None:
    assert canonical(struct.unpack(">d", bytes.fromhex(bits))[0]) == text.encode()


def test_keys_are_sorted_as_the_standard_says() -> None:
    # RFC 8785, section 3.2.3.
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}

    assert [*json.loads(canonical(keys))] == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_texts_are_written_as_the_standard_says() -> None:
    # RFC 8785, section 3.2.2.
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f"

    assert canonical(text) == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
    assert canonical([None, True, False, [], {}, 10**20]) == b"[null,true,false,[],{},100000000000000000000]"


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
def test_what_is_canonical_reads_back_as_what_it_was(value: object) -> None:
    assert json.loads(canonical(value), parse_int=float) == value


def test_a_caller_has_a_burst_and_then_a_rate() -> None:
    now = [0.0]
    limit = Limit(60, now=lambda: now[0])
    burst = [limit.take("a") for _ in range(61)]

    assert [allowance.wait_s for allowance in burst] == [0] * 60 + [1]
    assert limit.take("b").wait_s == 0
    now[0] += 1
    assert limit.take("a").wait_s == 0
    assert limit.take("a").wait_s == 1


def test_callers_are_forgotten_when_there_are_too_many() -> None:
    limit = Limit(1, now=lambda: 0.0)
    limit.take("first")
    for caller in range(CALLERS_MAX):
        limit.take(caller)

    assert limit.take("first").wait_s == 0
    assert limit.take(CALLERS_MAX - 1).wait_s > 0


def test_a_cursor_reads_back_and_a_foreign_one_does_not() -> None:
    assert cursors.read(cursors.write(7), int) == 7
    assert cursors.read("", int) is None
    with pytest.raises(InvalidRequest):
        cursors.read(cursors.write("seven"), int)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"title": "T", "options": [{"price": {"amount": "x", "currency": "EUR"}}]}', "/options/0/price/amount"),
        (
            '{"title": "T", "options": [{"price": {"amount": 1, "currency": "EUR"}}], "attributes": {"a": 1}}',
            "/attributes/*",
        ),
        ('{"title": "T", "options": [{}]}', "/options/0/price"),
        ('{"title": "T", "a~b/c": 1}', "/a~0b~1c"),
    ],
)
def test_a_pointer_leads_to_the_fault(body: str, pointer: str) -> None:
    with pytest.raises(msgspec.ValidationError) as found:
        msgspec.json.decode(body, type=wire.NewProduct)

    assert misfit(found.value).details["errors"][0].pointer == pointer  # type: ignore[index]


def test_the_table_finds_words_before_ids() -> None:
    table = Table(OPERATIONS)

    assert table.find("GET", "/v1/tokens/current")[0].name == "show_token"
    assert table.find("GET", "/v1/orders/ord_000000000001")[1] == {"order": 1}
    for method, path, refusal in (
        ("GET", "/v1/orders/ord_00000000000I", NotFound), ("GET", "/v2/orders", NotFound), ("PUT", "/v1/orders", MethodNotAllowed),
    ):  # fmt: skip
        with pytest.raises(refusal):
            table.find(method, path)


def test_what_moves_stock_or_money_takes_a_key_by_the_table() -> None:
    required = {operation.name for operation in OPERATIONS if operation.key == "required"}

    assert required == {
        "change_stock", "open_session", "edit_session", "complete_session", "cancel_session", "place_order",
        "cancel_order", "hand_over", "take_back", "top_up", "start_payment", "give_up_payment", "settle_cash",
        "close_open_item", "settle_payout", "charge_label", "write_off", "issue_coupon", "issue_gift_card", "redeem_gift_card",
        "make_transfer", "request_money", "exchange_money", "pack_parcel", "unpack_parcel", "send_parcel",
        "call_off_rest", "exchange", "open_claim", "answer_claim", "dispute_claim", "close_claim", "decide_claim",
        "remit_taxes", "send_stock", "receive_move", "turn_move_back", "load_stock_list",
    }  # fmt: skip


def test_what_tells_of_a_person_has_a_keyed_fingerprint_by_the_table() -> None:
    personal = {operation.name for operation in OPERATIONS if operation.is_personal}

    assert personal == {
        "register_buyer", "add_address", "apply_to_sell", "observe", "resolve", "state_consent",
        "make_transfer", "request_money",
    }  # fmt: skip
