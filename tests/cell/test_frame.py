"""Tests that a frame keeps facts in order, and that no change to what is stored goes unnoticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caravan.cell import Corrupt, Frame, prove, rows, schema, transpose
from caravan.cell.frame import GENESIS, checksum, decode, fingerprint, seal
from caravan.kernel.event import Event
from tests.cell.notes import KINDS, Counted, Noted, frames

SCHEMAS = {fingerprint(schema(kind)): schema(kind) for kind in KINDS.values()}
EVENTS = st.one_of(
    st.builds(Noted, at=st.integers(0, 9), text=st.text(max_size=5)),
    st.builds(Counted, at=st.integers(0, 9), number=st.integers(0, 9)),
)


@given(events=st.lists(EVENTS, min_size=1, max_size=30))
def test_the_order_of_mixed_kinds_is_kept(events: list[Event]) -> None:
    frame = seal(transpose(events), after=None, epoch=1, written_at=0)

    parts = decode(frame, KINDS, SCHEMAS)

    assert [event for part in parts for event in rows(part)] == events
    assert frame.facts == len(events)


def test_a_large_frame_is_smaller_than_its_facts_and_comes_back_whole() -> None:
    events = [Counted(at=1, number=number) for number in range(10_000)]

    frame = seal(transpose(events), after=None, epoch=1, written_at=0)

    assert len(frame.body) < 10_000 * 16
    assert [event for part in decode(frame, KINDS, SCHEMAS) for event in rows(part)] == events


def test_a_kind_that_is_not_known_here_is_named() -> None:
    frame = seal(transpose([Noted(at=1, text="a")]), after=None, epoch=1, written_at=0)

    with pytest.raises(Corrupt, match="Frame 1 holds facts called") as corrupt:
        decode(frame, {}, SCHEMAS)

    assert corrupt.value.frame == 1


def test_frames_are_numbered_and_their_facts_too() -> None:
    first = seal(transpose([Noted(at=1, text="a"), Counted(at=1, number=1)]), after=None, epoch=1, written_at=5)
    second = seal(transpose([Noted(at=2, text="b")]), after=first, epoch=2, written_at=6)

    assert (first.sequence, first.first_fact, first.facts) == (1, 1, 2)
    assert (second.sequence, second.first_fact, second.facts) == (2, 3, 1)


def test_a_chain_that_was_not_touched_is_proven() -> None:
    first, second = frames(2)

    prove(first, None)
    prove(second, first)


@pytest.mark.parametrize("bit", range(8))
def test_any_flipped_bit_of_the_body_is_noticed(bit: int) -> None:
    first, second = frames(2)

    for place in range(len(second.body)):
        body = bytearray(second.body)
        body[place] ^= 1 << bit
        with pytest.raises(Corrupt):
            prove(second._replace(body=bytes(body)), first)


def test_a_cut_or_lengthened_body_is_noticed() -> None:
    [frame] = frames(1)

    for body in (b"", frame.body[:-1], frame.body[1:], frame.body + b"\0"):
        with pytest.raises(Corrupt):
            prove(frame._replace(body=body), None)


@pytest.mark.parametrize("field", ["sequence", "epoch", "written_at", "first_fact", "facts"])
@pytest.mark.parametrize("change", [-1, 1, 2**40])
def test_any_changed_field_is_noticed(field: str, change: int) -> None:
    first, second = frames(2)
    changed = Frame(**second._asdict() | {field: getattr(second, field) + change})

    with pytest.raises(Corrupt) as noticed:
        prove(changed, first)

    assert noticed.value.frame == 2


def test_any_flipped_byte_of_the_checksum_is_noticed() -> None:
    [frame] = frames(1)

    for place in range(len(frame.checksum)):
        changed = bytearray(frame.checksum)
        changed[place] ^= 1
        with pytest.raises(Corrupt):
            prove(frame._replace(checksum=bytes(changed)), None)


def test_a_missing_frame_is_noticed_and_named() -> None:
    first, _, third = frames(3)

    with pytest.raises(Corrupt) as noticed:
        prove(third, first)

    assert noticed.value.frame == 2


def test_a_log_that_does_not_begin_at_the_beginning_is_noticed() -> None:
    with pytest.raises(Corrupt):
        prove(frames(2)[1], None)


def test_a_frame_of_another_log_is_noticed() -> None:
    mine, other = frames(2), frames(2, text="other")

    with pytest.raises(Corrupt):
        prove(other[1], mine[0])


@pytest.mark.parametrize(("field", "value", "why"), [("epoch", 1, "epoch"), ("first_fact", 5, "miscounts")])
def test_a_frame_that_was_sealed_wrongly_is_noticed(field: str, value: int, why: str) -> None:
    [first] = frames(1, epoch=2)
    [second] = frames(1, after=first, epoch=2)
    wrong = _sealed_again(Frame(**second._asdict() | {field: value}), first)

    with pytest.raises(Corrupt, match=why):
        prove(wrong, first)


def test_an_older_layout_gains_the_columns_that_came_since_empty() -> None:
    frame = seal(transpose([_Bare(at=7)]), after=None, epoch=1, written_at=0)

    [part] = decode(frame, {"test.grown.v1": _Grown}, {fingerprint(schema(_Bare)): schema(_Bare)})

    assert list(rows(part)) == [
        _Grown(at=7, number=0, is_new=False, text="", mark=b"", numbers=(), texts=(), attributes={})
    ]


def test_a_layout_with_columns_in_another_order_is_read_by_name() -> None:
    frame = seal(transpose([_Turned(text="a", at=7)]), after=None, epoch=1, written_at=0)

    [part] = decode(frame, {"test.noted.v1": Noted}, {fingerprint(schema(_Turned)): schema(_Turned)})

    assert list(rows(part)) == [Noted(at=7, text="a")]


def _sealed_again(frame: Frame, previous: Frame | None) -> Frame:
    return frame._replace(checksum=checksum(previous.checksum if previous else GENESIS, frame))


class _Bare(Event, frozen=True, kw_only=True, tag="test.grown.v1"):
    pass


class _Grown(Event, frozen=True, kw_only=True, tag="test.grown.v1"):
    number: int
    is_new: bool
    text: str
    mark: bytes
    numbers: tuple[int, ...]
    texts: tuple[str, ...]
    attributes: dict[str, str]


class _Turned(Event, frozen=True, kw_only=True, tag="test.noted.v1"):
    text: str
    at: int
