"""A table of arrays that grows: the shape in which models keep what there is one of per order, account or hold."""

from collections.abc import Iterator

import numpy as np

_CAPACITY_FIRST = 1024


class Table:
    """Named columns of equal length; row 0 is "none", so that numbers begin at 1 and 0 can mean absent.

    `table.price` is the column up to the last row, a view: writing into it changes the table. A view is good until
    the next `append`.
    """

    def __init__(self, **columns: type | str) -> None:
        self._columns = {name: np.zeros(_CAPACITY_FIRST, dtype) for name, dtype in columns.items()}
        self._rows = 1

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
        self.reserve(last)
        for name, value in values.items():
            self._columns[name][first:last] = value
        self._rows = last
        return slice(first, last)

    def reserve(self, rows: int) -> None:
        """Make room for so many rows in all, so that views stay good until then."""
        capacity = next(iter(self._columns.values())).shape[0]
        if rows <= capacity:
            return
        while capacity < rows:
            capacity *= 2
        for name, column in self._columns.items():
            grown = np.zeros(capacity, column.dtype)
            grown[: self._rows] = column[: self._rows]
            self._columns[name] = grown

    def whole(self, name: str) -> np.ndarray:
        """Give a column with its spare capacity, for a kernel that appends in place; see `extend_to`."""
        return self._columns[name]

    def extend_to(self, rows: int) -> None:
        """Count rows that a kernel has written into the spare capacity."""
        assert self._rows <= rows <= next(iter(self._columns.values())).shape[0]
        self._rows = rows

    def dump(self, prefix: str) -> Iterator[tuple[str, np.ndarray]]:
        """Give every column by name, for a snapshot or a digest."""
        for name, column in self._columns.items():
            yield f"{prefix}.{name}", column[: self._rows]

    def load(self, prefix: str, parts: dict[str, np.ndarray]) -> None:
        """Take every column back from a snapshot."""
        rows = parts[f"{prefix}.{next(iter(self._columns))}"].shape[0]
        self.reserve(rows)
        for name, column in self._columns.items():
            column[:rows] = parts[f"{prefix}.{name}"]
            column[rows:] = 0
        self._rows = rows
