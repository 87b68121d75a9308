"""Versions of what was learned, in a folder: one file each, and a pointer to the champion, the one before, and a challenger."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from caravan.adapters.whole_files import put_in_place, write_whole
from caravan.insight.discovery.ports import Comparison
from caravan.kernel.errors import Invalid, NotFound

VERSIONS_MAX = 20


class Standing(msgspec.Struct, frozen=True):
    """Which version answers, which did before, which is tried on a share of the visitors, and which is compared with it."""

    champion: str = ""
    before: str = ""
    challenger: str = ""
    share_percent: int = 0
    comparison: Comparison | None = None


class VersionFolder:
    """Arrays by version and name, with notes on each, and which version answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, version: str, arrays: Mapping[str, np.ndarray], notes: Mapping[str, object]) -> Path:
        """Keep a version; it answers nobody until it is promoted or made the challenger."""
        self.folder.mkdir(parents=True, exist_ok=True)
        told = np.frombuffer(msgspec.json.encode(dict(notes)), np.uint8)
        path, draft = self._path(version), self.folder / "draft.npz"
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, notes=told, **arrays)
        put_in_place(draft, path)
        return path

    def load(self, version: str) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        """Read a version's arrays and notes. Refuses one that is not there."""
        path = self._path(version)
        if not path.exists():
            raise NotFound(f"There is no version {version[:40]!r} of what was learned.")
        with np.load(path, allow_pickle=False) as parts:
            arrays = {name: parts[name] for name in parts.files}
        return arrays, msgspec.json.decode(arrays.pop("notes").tobytes())

    def versions(self) -> list[tuple[str, dict[str, object]]]:
        """Give the versions that are kept, the latest first, with what was noted about each."""
        found = sorted(self.folder.glob("v-*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)[:VERSIONS_MAX]
        told = []
        for file in found:
            with np.load(file, allow_pickle=False) as parts:
                told.append((file.stem.removeprefix("v-"), msgspec.json.decode(parts["notes"].tobytes())))
        return told

    def standing(self) -> Standing:
        """Tell which version answers."""
        try:
            return msgspec.json.decode((self.folder / "standing.json").read_bytes(), type=Standing)
        except FileNotFoundError:
            return Standing()

    def stamp(self) -> int:
        """Give a number that changes whenever the standing does."""
        try:
            return (self.folder / "standing.json").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def promote(self, version: str) -> Standing:
        """Let a version answer from now on; the one before can be had back with `roll_back`."""
        self._must_be_there(version)
        now = self.standing()
        return self._stand(Standing(version, now.champion if now.champion != version else now.before))

    def roll_back(self) -> Standing:
        """Let the version before answer again. Refuses where nothing was promoted."""
        now = self.standing()
        if not now.champion:
            raise Invalid("Nothing has been promoted yet: there is nothing to go back to.")
        return self._stand(Standing(now.before, now.champion))

    def challenge(self, version: str, share_percent: int) -> Standing:
        """Let a version answer a share of the visitors."""
        self._must_be_there(version)
        now = self.standing()
        return self._stand(Standing(now.champion, now.before, version, share_percent))

    def compare(self, version: str, share_percent: int, *, by: str, since: int) -> Standing:
        """Let a version and the champion draft lists together for a share of the visitors. Refuses the champion itself."""
        self._must_be_there(version)
        now = self.standing()
        if version == now.champion:
            raise Invalid("This version answers already: there is nothing to compare it with.", field="version")
        comparison = Comparison(now.champion, version, share_percent, since, by)
        return self._stand(Standing(now.champion, now.before, comparison=comparison))

    def decide(self, comparison: Comparison, verdict: str) -> Standing:
        """Write the verdict on a comparison down, which ends it; one that does not run any more stays as it is."""
        now = self.standing()
        if now.comparison != comparison:
            return now
        return self._stand(
            msgspec.structs.replace(now, comparison=msgspec.structs.replace(comparison, verdict=verdict))
        )

    def end_comparison(self) -> Standing:
        """Compare no more. Refuses where nothing is compared."""
        now = self.standing()
        if now.comparison is None:
            raise Invalid("Nothing is being compared.")
        return self._stand(msgspec.structs.replace(now, comparison=None))

    def _must_be_there(self, version: str) -> None:
        if not self._path(version).exists():
            raise NotFound(f"There is no version {version[:40]!r} of what was learned.")

    def _stand(self, standing: Standing) -> Standing:
        write_whole(self.folder / "standing.json", msgspec.json.encode(standing))
        return standing

    def _path(self, version: str) -> Path:
        if not version.isalnum():
            raise Invalid("A version is letters and digits.", field="version")
        return self.folder / f"v-{version}.npz"
