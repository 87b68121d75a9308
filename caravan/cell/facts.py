"""Facts in columns: many events of one kind as one Arrow batch, and the way there and back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
import pyarrow as pa

from caravan.kernel.event import Event, Int8, Int16

_SCALARS: dict[object, pa.DataType] = {
    int: pa.int64(),
    Int8: pa.int8(),
    Int16: pa.int16(),
    str: pa.string(),
    bytes: pa.binary(),
    bool: pa.bool_(),
}


_WIDTHS: dict[pa.DataType, type] = {pa.int64(): np.int64, pa.int16(): np.int16, pa.int8(): np.int8}


class Ragged(NamedTuple):
    """A column of lists: list i is `values[offsets[i]:offsets[i + 1]]`. Shapes: offsets int32 [n + 1], values [m]."""

    offsets: np.ndarray
    values: np.ndarray


class Section(NamedTuple):
    """A run of facts of one kind, in order.

    `is_applied` says that a kernel has already changed its model while it decided, so the cell must not do it again.
    """

    kind: type[Event]
    batch: pa.RecordBatch
    is_applied: bool = False


def _arrow(hint: object) -> pa.DataType:
    if hint in _SCALARS:
        return _SCALARS[hint]
    if hasattr(hint, "__supertype__"):
        return _arrow(hint.__supertype__)
    if get_origin(hint) is tuple:
        return pa.list_(_arrow(get_args(hint)[0]))
    if get_origin(hint) is dict:
        return pa.map_(pa.string(), pa.string())
    raise TypeError(f"A fact cannot hold a {hint!r}.")


@cache
def schema(kind: type[Event]) -> pa.Schema:
    """Derive the Arrow schema of a kind of event from its annotations."""
    hints = get_type_hints(kind, include_extras=True)
    fields = [(field.name, _arrow(hints[field.name])) for field in msgspec.structs.fields(kind)]
    return pa.schema(fields)


def section(kind: type[Event], /, *, is_applied: bool = False, **columns: object) -> Section:
    """Make a section from columns: NumPy arrays, Ragged columns or plain sequences, one for each field."""
    wanted = schema(kind)
    assert set(columns) == set(wanted.names), set(columns) ^ set(wanted.names)
    arrays = [_column(columns[field.name], field.type) for field in wanted]
    return Section(kind, pa.RecordBatch.from_arrays(arrays, schema=wanted), is_applied)


def _column(values: object, kind: pa.DataType) -> pa.Array:
    if isinstance(values, Ragged):
        inner = _column(values.values, kind.value_type)
        offsets = np.ascontiguousarray(values.offsets, np.int32)
        return pa.Array.from_buffers(kind, len(offsets) - 1, [None, pa.py_buffer(offsets)], children=[inner])
    if isinstance(values, np.ndarray) and kind in _WIDTHS:
        # Laid over the very memory: asking Arrow to look at each value costs ten times as much.
        words: np.ndarray = np.ascontiguousarray(values, _WIDTHS[kind])
        return pa.Array.from_buffers(kind, len(words), [None, pa.py_buffer(words)])
    if pa.types.is_map(kind):
        return pa.array([list(one.items()) for one in values], type=kind)  # type: ignore[attr-defined]
    return pa.array(values, type=kind)


def transpose(events: Sequence[Event]) -> list[Section]:
    """Lay events down in columns, one section for each run of one kind, order kept."""
    return [_transpose_run(kind, list(run)) for kind, run in groupby(events, key=type)]


def _transpose_run(kind: type[Event], events: list[Event]) -> Section:
    columns: dict[str, Any] = {name: [getattr(event, name) for event in events] for name in schema(kind).names}
    return section(kind, **columns)


def rows(part: Section) -> Iterator[Event]:
    """Read a section back as events, in order."""
    make = _maker(part.kind)
    columns = [part.batch.column(position).to_pylist() for position in range(part.batch.num_columns)]
    for values in zip(*columns, strict=True):
        yield make(values)


@cache
def _maker(kind: type[Event]) -> Callable[[tuple[object, ...]], Event]:
    names = schema(kind).names
    tuples = [field.name for field in schema(kind) if pa.types.is_list(field.type)]
    maps = [field.name for field in schema(kind) if pa.types.is_map(field.type)]

    def make(values: tuple[object, ...]) -> Event:
        fields: dict[str, Any] = dict(zip(names, values, strict=True))
        for name in tuples:
            fields[name] = tuple(fields[name])
        for name in maps:
            fields[name] = dict(fields[name])
        return kind(**fields)

    return make


def numbers(batch: pa.RecordBatch, name: str) -> np.ndarray:
    """Give an integer column as an array, without copying; shape [rows]."""
    column: np.ndarray = batch.column(name).to_numpy(zero_copy_only=True)
    return column


def ragged(batch: pa.RecordBatch, name: str) -> Ragged:
    """Give a column of lists of integers as offsets (from 0) and values."""
    column = batch.column(name)
    offsets = column.offsets.to_numpy()
    values = column.values.to_numpy(zero_copy_only=True)[offsets[0] : offsets[-1]]
    return Ragged(offsets - offsets[0] if offsets[0] else offsets, values)


def owned(values: np.ndarray, dtype: type = np.int64) -> np.ndarray:
    """Give values as the one kind of array that kernels are compiled for: of this type, in order, and writable."""
    return np.require(values, dtype, ["C", "A", "W"])


def registry(*modules: object) -> Mapping[str, type[Event]]:
    """Collect every kind of event that the given modules define, by public name. Two of one name are a fault."""
    found: dict[str, type[Event]] = {}
    for module in modules:
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event:
                tag = str(kind.__struct_config__.tag)
                assert found.get(tag, kind) is kind, f"Two kinds are called {tag}."
                found[tag] = kind
    return found
