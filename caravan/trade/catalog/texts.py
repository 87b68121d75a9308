"""Texts that there are a million of: names by number, each once, and bytes one after another."""

import struct
from collections.abc import Iterable, Sequence

import numpy as np

_PIECE_BYTES = 1 << 22
_PLACE_BITS = 32  # Of a place: where in its piece a text begins; above them, which piece.
_LENGTH = struct.Struct("<I")


class Names:
    """Names by number, each once; number 0 is "", and none is forgotten."""

    def __init__(self, names: Iterable[str] = ("",)) -> None:
        self.all = list(names)
        self._numbers = {name: number for number, name in enumerate(self.all)}

    def number(self, name: str) -> int:
        """Give the number of a name; a new name gets a new one."""
        number = self._numbers.setdefault(name, len(self.all))
        if number == len(self.all):
            self.all.append(name)
        return number


class Texts:
    """Texts as bytes in large pieces, so that a million of them are no million objects.

    A text stays where it is: whoever knows the place of one that was replaced still reads it.
    """

    def __init__(self) -> None:
        self._pieces: list[memoryview] = []
        self._used = 0

    def put(self, text: bytes | memoryview) -> int:
        """Keep a text; give its place."""
        size = _LENGTH.size + len(text)
        if not self._pieces or self._used + size > len(self._pieces[-1]):
            self._pieces.append(np.zeros(max(size, _PIECE_BYTES), np.uint8).data)
            self._used = 0
        begin, piece = self._used, self._pieces[-1]
        self._used = begin + size
        piece[begin : self._used] = _LENGTH.pack(len(text)) + text
        return (len(self._pieces) - 1) << _PLACE_BITS | begin

    def get(self, place: int) -> memoryview:
        """Give the text at a place."""
        piece, begin = self._pieces[place >> _PLACE_BITS], place & ((1 << _PLACE_BITS) - 1)
        (length,) = _LENGTH.unpack_from(piece, begin)
        begin += _LENGTH.size
        return piece[begin : begin + length]


def joined(texts: Texts, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give texts in an order, one after another, and the length of each. Shapes: places [n] -> bytes [m], lengths [n]."""
    parts = [texts.get(place) for place in places.tolist()]
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    return np.frombuffer(b"".join(parts), np.uint8), lengths


def parted(words: np.ndarray, lengths: np.ndarray) -> tuple[Texts, list[int]]:
    """Take apart what was joined; give the texts, and the place of each."""
    texts, ends, whole = Texts(), np.cumsum(lengths).tolist(), np.ascontiguousarray(words).data
    begins: Sequence[int] = [0, *ends[:-1]]
    return texts, [texts.put(whole[begin:end]) for begin, end in zip(begins, ends, strict=True)]
