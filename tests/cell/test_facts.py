"""Tests that facts lie in columns and come back as the events that they were, every kind there is."""

import types
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caravan.bootstrap import KINDS
from caravan.cell import Ragged, Section, numbers, ragged, registry, rows, schema, section, transpose
from caravan.cell.frame import decode, fingerprint, seal
from caravan.events import orders
from caravan.events.ledger import EntryRecorded
from caravan.kernel.event import Event, Int8, Int16
from tests.cell.notes import Counted, Noted

LAYOUTS = {fingerprint(schema(kind)): schema(kind) for kind in KINDS.values()}
SCALARS: dict[object, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63 - 1),
    Int8: st.integers(-128, 127),
    Int16: st.integers(-32768, 32767),
    str: st.text(max_size=20),
    bytes: st.binary(max_size=20),
    bool: st.booleans(),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401  # An annotation can be anything.
    """Give values that fit an annotation of an event."""
    if hint in SCALARS:
        return SCALARS[hint]
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=4).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(SCALARS[str], SCALARS[str], max_size=3)
    return values_of(hint.__supertype__)


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Give events of a kind with any values that its annotations allow."""
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in msgspec.structs.fields(kind)]
    return st.fixed_dictionaries({name: values_of(hints[name]) for name in names}).map(lambda values: kind(**values))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_kind_of_event_comes_back_from_columns_and_from_a_frame(kind: type[Event], data: st.DataObject) -> None:
    events = data.draw(st.lists(events_of(kind), min_size=1, max_size=5))

    [part] = transpose(events)
    [stored] = decode(seal([part], after=None, epoch=1, written_at=0), KINDS, LAYOUTS)

    assert list(rows(part)) == events
    assert list(rows(stored)) == events


def test_no_events_are_no_sections() -> None:
    assert transpose([]) == []


def test_each_run_of_one_kind_is_a_section_and_order_is_kept() -> None:
    events = [Noted(at=1, text="a"), Counted(at=2, number=1), Counted(at=3, number=2), Noted(at=4, text="b")]

    parts = transpose(events)

    assert [(part.kind, part.batch.num_rows) for part in parts] == [(Noted, 1), (Counted, 2), (Noted, 1)]
    assert [event for part in parts for event in rows(part)] == events


def test_columns_of_arrays_become_facts() -> None:
    part = section(Counted, at=np.array([1, 2]), number=np.array([10, 20]))

    assert list(rows(part)) == [Counted(at=1, number=10), Counted(at=2, number=20)]
    assert numbers(part.batch, "number").tolist() == [10, 20]


@pytest.mark.parametrize("columns", [{"at": [1]}, {"at": [1], "number": [1], "color": [1]}])
def test_a_column_too_few_or_too_many_is_a_bug(columns: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        section(Counted, **columns)


def test_columns_of_unequal_length_are_a_bug() -> None:
    with pytest.raises(ValueError, match="length"):
        section(Counted, at=[1, 2], number=[1])


def test_lists_are_read_from_a_slice_counted_from_its_own_beginning() -> None:
    part = _entries([1, 2], [], [3], [4, 5, 6])

    offsets, values = ragged(part.batch.slice(1, 3), "accounts")

    assert offsets.tolist() == [0, 0, 1, 4]
    assert values.tolist() == [3, 4, 5, 6]


def test_lists_are_read_from_the_whole_without_moving_them() -> None:
    offsets, values = ragged(_entries([1, 2], [3]).batch, "accounts")

    assert offsets.tolist() == [0, 2, 3]
    assert values.tolist() == [1, 2, 3]


def test_a_kind_is_found_by_its_public_name() -> None:
    assert registry(orders)["orders.purchase_placed.v2"] is orders.PurchasePlaced
    assert Event not in registry(orders).values()


def test_a_kind_that_two_modules_name_is_one_kind() -> None:
    assert registry(orders, orders) == registry(orders)


def test_two_kinds_of_one_name_are_a_bug() -> None:
    class Other(Event, frozen=True, kw_only=True, tag="orders.purchase_placed.v2"):
        pass

    with pytest.raises(AssertionError):
        registry(orders, types.SimpleNamespace(Other=Other))


def test_a_kind_with_a_field_that_no_column_can_hold_is_a_bug() -> None:
    class Weighed(Event, frozen=True, kw_only=True, tag="test.weighed.v1"):
        grams: float

    with pytest.raises(TypeError):
        schema(Weighed)


def _entries(*accounts: list[int]) -> Section:
    offsets = np.cumsum([0, *map(len, accounts)]).astype(np.int32)
    values = np.array([account for several in accounts for account in several], np.int64)
    count = len(accounts)
    plain = dict.fromkeys(("at", "entry", "reason", "reference", "expires_at"), np.arange(count))
    columns: dict[str, Any] = plain | {
        "accounts": Ragged(offsets, values),
        "amounts": Ragged(offsets, values),
        "modes": Ragged(offsets, values.astype(np.int8)),
        "holds": Ragged(offsets, values),
    }
    return section(EntryRecorded, **columns)
