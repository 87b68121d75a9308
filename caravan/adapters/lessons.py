"""What search learned, kept in a folder as versions, and handed to the engine that answers."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xxhash

from caravan.adapters.versions import Standing, VersionFolder
from caravan.insight.discovery.ports import Comparison
from caravan.insight.search.ports import WIDTH, Counts, Kept, Lessons, Past, Trees
from caravan.kernel.errors import Invalid

_LOOK_S = 1.0
_FEATURES = f"{WIDTH}/2"  # Change what follows the stroke when a feature or a layout changes its meaning.


class LessonFolder:
    """Versions of what search learned, under a home; whoever follows them takes up another within a second."""

    def __init__(self, folder: Path) -> None:
        self._kept = VersionFolder(folder)
        self._lock = threading.Lock()
        self._stamp, self._looked_at = 0, 0.0
        self._latest: Kept | None = None
        self.rival: Kept | None = None
        """What is compared with the champion; None where nothing is."""

    def save(self, kept: Kept, notes: Mapping[str, object]) -> str:
        """Keep a version under a name that follows from its content, and give that name."""
        learned = kept.lessons
        assert learned.forest is not None
        arrays: dict[str, np.ndarray] = {
            "words": np.frombuffer("\n".join(kept.words).encode(), np.uint8),
            "directions": learned.directions,
        }
        arrays |= {f"counts.{field}": array for field, array in learned.counts._asdict().items()}
        arrays |= {f"past.{field}": array for field, array in learned.past._asdict().items()}
        arrays |= {f"forest.{field}": array for field, array in learned.forest._asdict().items()}
        sums = xxhash.xxh3_64()
        for array in arrays.values():
            sums.update(np.ascontiguousarray(array).tobytes())
        version = sums.hexdigest()
        self._kept.save(version, arrays, {**notes, "features": _FEATURES})
        return version

    def load(self, version: str) -> Kept:
        """Read a version. Refuses one that is not there, and one that knows other features than are computed now."""
        parts, notes = self._kept.load(version)
        if notes.get("features") != _FEATURES:
            raise Invalid(
                "This version was learned by another release of Caravan: caravan search train", field="version"
            )
        counts = Counts(*(parts[f"counts.{field}"] for field in Counts._fields))
        past = Past(*(parts[f"past.{field}"] for field in Past._fields))
        forest = Trees(*(parts[f"forest.{field}"] for field in Trees._fields))
        words = tuple(parts["words"].tobytes().decode().split("\n"))
        return Kept(words, Lessons(parts["directions"], counts, past, forest, version))

    def versions(self) -> list[tuple[str, dict[str, object]]]:
        """Give the versions that are kept, the latest first, with what was noted about each."""
        return self._kept.versions()

    def standing(self) -> Standing:
        """Tell which version ranks."""
        return self._kept.standing()

    def promote(self, version: str) -> Standing:
        """Let a version rank from now on; refuses one that can't be read."""
        self.load(version)
        return self._kept.promote(version)

    def roll_back(self) -> Standing:
        """Let the version before rank again."""
        return self._kept.roll_back()

    def stamp(self) -> int:
        """Give a number that changes whenever the standing does."""
        return self._kept.stamp()

    def compare(self, version: str, share_percent: int, *, by: str, since: int) -> Standing:
        """Let a version draft lists with the champion for a share of the visitors; refuses one that can't be read."""
        self.load(version)
        return self._kept.compare(version, share_percent, by=by, since=since)

    def decide(self, comparison: Comparison, verdict: str) -> Standing:
        """Write the verdict on a comparison down, which ends it."""
        return self._kept.decide(comparison, verdict)

    def end_comparison(self) -> Standing:
        """Compare no more."""
        return self._kept.end_comparison()

    def news(self) -> tuple[bool, Kept | None]:
        """Tell whether another version has been named since it was asked last, and give it; None is the order by hand."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked_at < _LOOK_S:
                return False, self._latest
            self._looked_at = now
            stamp = self._kept.stamp()
            if stamp == self._stamp:
                return False, self._latest
            self._stamp = stamp
            standing = self._kept.standing()
            self._latest = self.load(standing.champion) if standing.champion else None
            running = standing.comparison
            self.rival = self.load(running.challenger) if running and not running.verdict else None
            return True, self._latest
