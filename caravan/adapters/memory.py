"""The log and a store of views in memory; they keep every promise but to outlive the process."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from caravan.cell.frame import Frame
from caravan.cell.log import StaleWriter
from caravan.cell.projection import View
from caravan.kernel.errors import Outage


class MemoryLog:
    """A log that several cells can take over one after the other, and that can be told to fail."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.fails_from: int | None = None  # The sequence from which on every append fails, as a full disk would.
        self._layouts: dict[bytes, bytes] = {}
        self._epochs = 0
        self._epoch = 0

    def take_over(self) -> int:
        """Become the one writer."""
        self._epochs += 1
        self._epoch = self._epochs
        return self._epoch

    def append(self, frame: Frame, layouts: Mapping[bytes, bytes]) -> None:
        """Add one frame."""
        if self.fails_from is not None and frame.sequence >= self.fails_from:
            raise Outage("The log could not be written.")
        if frame.epoch != self._epochs:
            raise StaleWriter(f"Epoch {frame.epoch} is over: another process writes this log now.")
        if frame.sequence != len(self.frames) + 1:
            raise Outage(f"Frame {frame.sequence} does not follow the last one in the log.")
        self._layouts.update(layouts)
        self.frames.append(frame)

    def read(self, *, after: int = 0) -> Iterator[Frame]:
        """Give the frames behind a sequence number."""
        return iter([frame for frame in self.frames if frame.sequence > after])

    def head(self) -> Frame | None:
        """Give the last frame."""
        return self.frames[-1] if self.frames else None

    def layouts(self) -> dict[bytes, bytes]:
        """Give the stored schemas."""
        return dict(self._layouts)

    def close(self) -> None:
        """Do nothing: the frames stay."""


class MemoryViewStore:
    """For views that keep what they know themselves, in memory: each start folds them from the whole log."""

    def __init__(self) -> None:
        self._views: Sequence[View] = ()

    def begin(self, views: Sequence[View]) -> int:
        """Let the views start from nothing."""
        self._views = views
        for view in views:
            view.begin(lambda _: [])
        return 0

    def write(self, position: int, changes: Iterator[tuple[str, Iterable[Sequence[object]]]]) -> None:  # noqa: ARG002
        """Let the views fold; they have no statements to run."""
        assert not list(changes), "A view in memory has no tables."

    def read(self, query: str, values: Mapping[str, object] | Sequence[object] = ()) -> list[tuple[object, ...]]:  # noqa: ARG002
        """Give nothing: there are no tables."""
        return []

    def drop(self) -> None:
        """Throw everything away."""
        self.begin(self._views)

    def close(self) -> None:
        """Do nothing."""
