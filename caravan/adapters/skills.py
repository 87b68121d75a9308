"""What discovery learned, kept in a folder: versions, and the draft of the longest step of learning."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import xxhash

from caravan.adapters.versions import Standing, VersionFolder
from caravan.adapters.whole_files import put_in_place
from caravan.insight.discovery.ports import (
    WIDTH,
    Comparison,
    History,
    Links,
    Net,
    Plan,
    Sequence,
    Skill,
    Trained,
    Trees,
    in_steps,
    packed,
)
from caravan.kernel.errors import Invalid

_MEASURES = f"{WIDTH}/2"  # Change what follows the stroke when a measure or a layout changes its meaning.
__all__ = ["DraftFile", "SkillFolder", "Standing"]


class SkillFolder:
    """Versions of what was learned, under a home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept = VersionFolder(folder)

    def save(self, trained: Trained, notes: dict[str, object]) -> Path:
        """Keep a version; it answers nobody until it is promoted or made the challenger."""
        skill = trained.skill
        arrays = {
            f"{name}.{field}": array
            for name, part in (("net", skill.net), ("links", skill.links), ("trees", skill.trees))
            for field, array in part._asdict().items()
        }
        arrays["calibration"] = skill.calibration
        return self._kept.save(trained.version, arrays, notes | {"looks": trained.looks, "measures": _MEASURES})

    def load(self, version: str) -> Trained:
        """Read a version. Refuses one that is not there, and one that knows other measures than are taken now."""
        parts, notes = self._kept.load(version)
        if notes.get("measures") != _MEASURES:
            raise Invalid(
                "This version was learned by another release of Caravan: caravan discovery train", field="version"
            )
        skill = Skill(
            _net_of(parts),
            Links(*(parts[f"links.{name}"] for name in Links._fields)),
            Trees(*(parts[f"trees.{name}"] for name in Trees._fields)),
            parts.get("calibration", np.zeros(0)),  # What was kept before there was one has none.
        )
        return Trained(version, int(str(notes["looks"])), skill)

    def versions(self) -> list[tuple[str, dict[str, object]]]:
        """Give the versions that are kept, the latest first, with what was noted about each."""
        return self._kept.versions()

    def standing(self) -> Standing:
        """Tell which version answers."""
        return self._kept.standing()

    def stamp(self) -> int:
        """Give a number that changes whenever the standing does."""
        return self._kept.stamp()

    def promote(self, version: str) -> Standing:
        """Let a version answer from now on; refuses one that can't be read."""
        self.load(version)
        return self._kept.promote(version)

    def roll_back(self) -> Standing:
        """Let the version before answer again."""
        return self._kept.roll_back()

    def challenge(self, version: str, share_percent: int) -> Standing:
        """Let a version answer a share of the visitors; refuses one that can't be read."""
        self.load(version)
        return self._kept.challenge(version, share_percent)

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

    def drafts(self, plan: Plan, history: History) -> "DraftFile":
        """Give the place of a draft: by the plan and by what is learned from."""
        sums = xxhash.xxh3_64(msgspec.json.encode(plan))
        sums.update(np.ascontiguousarray(history.items).tobytes())
        sums.update(np.ascontiguousarray(history.offsets).tobytes())
        return DraftFile(self._folder, sums.hexdigest())


def _net_of(parts: Mapping[str, np.ndarray]) -> Net:
    net = Net(*(parts[f"net.{name}"] for name in Net._fields))
    if net.packed.dtype != np.int8:  # Written before vectors were packed in bytes.
        net = net._replace(packed=packed(net.unit, net.members))
    if net.unit.dtype != np.int16:  # Written before they were kept in steps.
        net = net._replace(unit=in_steps(net.unit))
    return net


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
        put_in_place(draft, self._folder / f"sequence-{self._name}.npz")
