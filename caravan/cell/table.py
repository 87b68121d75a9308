"""A table of arrays that grows: the shape in which models keep what there is one of per order, account or hold."""

from collections.abc import Iterable, Iterator

import numpy as np

from caravan.cell.room import Room, Stretch

# Address space, not memory: a page takes memory when it is first written. So a table grows without ever being copied,
# and no batch of orders waits for that, until it has more rows than a cell's memory holds.
_CAPACITY_FIRST = 1 << 26
# From so many rows on, large pages are asked for, and memory is taken ahead of the rows: a quarter as much as there is,
# within these bounds.
_ROWS_LARGE = 1 << 16
_ROWS_AHEAD_MAX = 1 << 20
_LINE_BYTES = 64  # Of the processor's cache.


class Table:
    """Named columns of equal length; row 0 is "none", so that numbers begin at 1 and 0 can mean absent.

    `table.price` is the column up to the last row, a view: writing into it changes the table. A view is good until
    the next `append`. With `by_row` the values of a row lie side by side, the first eight in one cache line, for tables
    that are read a row here and a row there; all columns are then int64.
    """

    def __init__(self, *, by_row: bool = False, **columns: type | str) -> None:
        self._dtypes = {name: np.dtype(dtype) for name, dtype in columns.items()}
        self._by_row = by_row
        assert not by_row or set(self._dtypes.values()) == {np.dtype(np.int64)}
        self._rows = 1
        self._is_large = False
        self._ahead = Stretch()
        self._filled: set[str] = set()  # The columns that new rows bring values for.
        self._columns, self._rooms = self._allocate(_CAPACITY_FIRST)

    def _allocate(self, capacity: int) -> tuple[dict[str, np.ndarray], dict[str, tuple[Room, int]]]:
        if self._by_row:
            width = -(-len(self._dtypes) * 8 // _LINE_BYTES) * _LINE_BYTES // 8
            room = Room(capacity * width * 8)
            room.enlarge_pages()  # A row here and a row there is a page here and a page there.
            block = room.array(np.dtype(np.int64), capacity * width).reshape(capacity, width)
            return {name: block[:, place] for place, name in enumerate(self._dtypes)}, {"": (room, width * 8)}
        rooms = {name: Room(capacity * dtype.itemsize) for name, dtype in self._dtypes.items()}
        columns = {name: rooms[name].array(dtype, capacity) for name, dtype in self._dtypes.items()}
        return columns, {name: (rooms[name], dtype.itemsize) for name, dtype in self._dtypes.items()}

    def __len__(self) -> int:
        """Give the number of rows, the none row counted: also the number that the next row will have."""
        return self._rows

    def __getattr__(self, name: str) -> np.ndarray:
        """Give a column as a view of shape [rows]."""
        try:
            column: np.ndarray = self.__dict__["_columns"][name][: self.__dict__["_rows"]]
        except KeyError:
            raise AttributeError(name) from None
        return column

    def append(self, count: int, **values: object) -> slice:
        """Add rows; columns that are not given stay zero. Gives the slice of the new rows."""
        first, last = self._rows, self._rows + count
        self._filled.update(values)
        self.reserve(last)
        for name, value in values.items():
            self._columns[name][first:last] = value
        self._rows = last
        return slice(first, last)

    def reserve(self, rows: int) -> None:
        """Make room for so many rows in all, so that views stay good until then."""
        if rows >= _ROWS_LARGE:
            self._enlarge()
            if self._by_row or self._filled:
                self._ahead.keep_ahead(rows, min(rows // 4, _ROWS_AHEAD_MAX), self._rooms_filled)
        capacity = self._capacity
        if rows <= capacity:
            return
        while capacity < rows:
            capacity *= 2
        grown, self._rooms = self._allocate(capacity)
        for name, column in self._columns.items():
            grown[name][: self._rows] = column[: self._rows]
        self._columns = grown

    def make_room(self, rows: int, filled: Iterable[str]) -> Iterator[None]:
        """Take memory for so many more rows, which bring values for these columns, a step at a time.

        May be called beside whoever appends.
        """
        self._filled.update(filled)
        if self._rows + rows >= _ROWS_LARGE:
            self._enlarge()
        yield from self._ahead.prepare(self._rows, min(self._rows + rows, self._capacity), self._rooms_filled())

    def _enlarge(self) -> None:
        if not self._is_large:
            self._is_large = True
            for room, _ in self._rooms.values():
                room.enlarge_pages()

    def _rooms_filled(self) -> list[tuple[Room, int]]:
        return [room for name, room in self._rooms.items() if self._by_row or name in self._filled]

    @property
    def _capacity(self) -> int:
        return int(next(iter(self._columns.values())).shape[0])

    def whole(self, name: str, *, is_filled: bool = True) -> np.ndarray:
        """Give a column with its spare capacity, for a kernel that appends in place; see `extend_to`.

        One that most new rows leave at zero is not filled: no memory is taken for it ahead of them.
        """
        if is_filled:
            self._filled.add(name)
        return self._columns[name]

    def extend_to(self, rows: int) -> None:
        """Count rows that a kernel has written into the spare capacity."""
        assert self._rows <= rows <= self._capacity
        self._rows = rows

    def dump(self, prefix: str) -> Iterator[tuple[str, np.ndarray]]:
        """Give every column by name, for a snapshot or a digest."""
        for name, column in self._columns.items():
            yield f"{prefix}.{name}", column[: self._rows]

    def load(self, prefix: str, parts: dict[str, np.ndarray]) -> None:
        """Take every column back from a snapshot."""
        rows, before = parts[f"{prefix}.{next(iter(self._columns))}"].shape[0], self._rows
        self.reserve(rows)
        for name, column in self._columns.items():
            column[:rows] = parts[f"{prefix}.{name}"]
            column[rows:before] = 0
        self._rows = rows
