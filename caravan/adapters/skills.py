"""What was learned, kept in a folder: one file a version, and a pointer to the champion, the one before, and a challenger."""

import os
from pathlib import Path

import msgspec
import numpy as np
import xxhash

from caravan.insight.discovery.ports import History, Links, Net, Plan, Sequence, Skill, Trained, Trees
from caravan.kernel.errors import Invalid, NotFound

VERSIONS_MAX = 20


class Standing(msgspec.Struct, frozen=True):
    """Which version answers, which did before, and which is tried on a share of the visitors."""

    champion: str = ""
    before: str = ""
    challenger: str = ""
    share_percent: int = 0


class SkillFolder:
    """Versions of what was learned, under a home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, trained: Trained, notes: dict[str, object]) -> Path:
        """Keep a version; it answers nobody until it is promoted or made the challenger."""
        self._folder.mkdir(parents=True, exist_ok=True)
        skill = trained.skill
        arrays = {
            f"{name}.{field}": array
            for name, part in (("net", skill.net), ("links", skill.links), ("trees", skill.trees))
            for field, array in part._asdict().items()
        }
        arrays |= {f"sequence.{name}": getattr(trained.sequence, name) for name in trained.sequence.__struct_fields__}
        arrays["notes"] = np.frombuffer(msgspec.json.encode(notes | {"looks": trained.looks}), np.uint8)
        path, draft = self._path(trained.version), self._folder / "draft.npz"
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        return path

    def load(self, version: str) -> Trained:
        """Read a version. Refuses one that is not there."""
        path = self._path(version)
        if not path.exists():
            raise NotFound(f"There is no version {version[:40]!r} of what was learned.")
        with np.load(path, allow_pickle=False) as parts:
            skill = Skill(
                Net(*(parts[f"net.{name}"] for name in Net._fields)),
                Links(*(parts[f"links.{name}"] for name in Links._fields)),
                Trees(*(parts[f"trees.{name}"] for name in Trees._fields)),
            )
            model = Sequence(**{name: parts[f"sequence.{name}"] for name in Sequence.__struct_fields__})
            notes = msgspec.json.decode(parts["notes"].tobytes())
        return Trained(version, int(notes["looks"]), model, skill)

    def versions(self) -> list[tuple[str, dict[str, object]]]:
        """Give the versions that are kept, the latest first, with what was noted about each."""
        found = sorted(self._folder.glob("v-*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)[:VERSIONS_MAX]
        told = []
        for file in found:
            with np.load(file, allow_pickle=False) as parts:
                told.append((file.stem.removeprefix("v-"), msgspec.json.decode(parts["notes"].tobytes())))
        return told

    def standing(self) -> Standing:
        """Tell which version answers."""
        try:
            return msgspec.json.decode((self._folder / "standing.json").read_bytes(), type=Standing)
        except FileNotFoundError:
            return Standing()

    def stamp(self) -> int:
        """Give a number that changes whenever the standing does."""
        try:
            return (self._folder / "standing.json").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def promote(self, version: str) -> Standing:
        """Let a version answer from now on; the one before can be had back with `roll_back`."""
        self.load(version)
        now = self.standing()
        return self._stand(Standing(version, now.champion if now.champion != version else now.before))

    def roll_back(self) -> Standing:
        """Let the version before answer again."""
        now = self.standing()
        if not now.champion:
            raise Invalid("Nothing has been promoted yet: the blend answers, and there is nothing to go back to.")
        return self._stand(Standing(now.before, now.champion))

    def challenge(self, version: str, share_percent: int) -> Standing:
        """Let a version answer a share of the visitors."""
        self.load(version)
        now = self.standing()
        return self._stand(Standing(now.champion, now.before, version, share_percent))

    def _stand(self, standing: Standing) -> Standing:
        draft = self._folder / "standing.draft"
        draft.write_bytes(msgspec.json.encode(standing))
        draft.rename(self._folder / "standing.json")
        return standing

    def drafts(self, plan: Plan, history: History) -> "DraftFile":
        """Give the place of a draft: by the plan and by what is learned from."""
        sums = xxhash.xxh3_64(msgspec.json.encode(plan))
        sums.update(np.ascontiguousarray(history.items).tobytes())
        sums.update(np.ascontiguousarray(history.offsets).tobytes())
        return DraftFile(self._folder, sums.hexdigest())

    def _path(self, version: str) -> Path:
        if not version.isalnum():
            raise Invalid("A version is letters and digits.", field="version")
        return self._folder / f"v-{version}.npz"


class DraftFile:
    """The one draft of a folder: a sequence model, good for one plan over one history."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name

    def find(self) -> Sequence | None:
        """Give what was kept under this name."""
        path = self._folder / f"sequence-{self._name}.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as parts:
            return Sequence(**{name: parts[name] for name in Sequence.__struct_fields__})

    def keep(self, model: Sequence) -> None:
        """Keep a model; drafts of other plans go."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.glob("sequence-*.npz"):
            old.unlink()
        draft = self._folder / "sequence.draft"
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **{name: getattr(model, name) for name in model.__struct_fields__})
        draft.rename(self._folder / f"sequence-{self._name}.npz")
