"""Proof under faults: shops live on a simulated disk, the power is cut at any moment, and what is left must be sound.

    .venv/bin/python -m tests.simulation.faults --seeds 10000

One life is one process over one log: it decides several hundred commands in frames of its own, some under a disk that
fills up or fails a sync. Its tape is then cut at many places, each time with another fault of the disk; what is left
is opened by the real log and the real cell, everything that was not answered is sent again, and the whole is held
against what was said. The last cut is where the next life begins. A seed names a cut, and gives it again.
"""

import argparse
import itertools
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import rich.progress

from caravan.adapters.sqlite import SqliteLog
from caravan.bootstrap import KINDS
from caravan.cell import Answer, Answers, Cell, Decision, Log, Snapshots, digest, replay
from caravan.cell import facts as facts_of
from caravan.flows.house import House
from caravan.kernel.clock import FixedClock
from caravan.kernel.errors import CaravanError
from tests.simulation import crash_child, disk
from tests.simulation.crash_child import Command
from tests.simulation.disk import Deed, Disk, Files, Step
from tests.simulation.witness import LOST, Fault, Witness

CUTS_PER_LIFE = 12
LIVES_PER_CHAIN = 3
SEEDS_PER_CHAIN = CUTS_PER_LIFE * LIVES_PER_CHAIN
GROUPS_MAX = 5  # Frames that a life decides, about.
COMMANDS_MAX = 8  # Commands that are decided together.
UNITS = 24  # Of each SKU: so few that most chains sell out.
MONEY_MINOR = 400_000
SENT_AGAIN_SHARE = 0.35  # Of restarts that go on trading; the others are checked as they were found.
AGAIN = ".venv/bin/python -m tests.simulation.faults"
_WAIT_S = 60
_SHAPE = "faults"

POWER_CUTS = ("lost", "torn", "reordered")  # Everything acknowledged must be there.
TROUBLES = ("", "full disk", "", "failed sync", "")  # Of one life after the other.
MISDIRECTED, MISDIRECTED_SYNCED = "misdirected", "misdirected after its sync"
LIES = (MISDIRECTED, MISDIRECTED_SYNCED)  # What was synced may be overwritten: it must be detected, or cut off cleanly.


class Tally(msgspec.Struct):
    """What was seen: how often the power went, by fault, and what was broken by it."""

    crashes: int = 0
    by_fault: dict[str, int] = msgspec.field(default_factory=dict)
    orders_acknowledged: int = 0  # Summed over all crashes: each is looked for after each.
    answers_acknowledged: int = 0
    lost: int = 0
    oversold: int = 0
    doubled: int = 0
    different: int = 0
    unbalanced: int = 0
    restarts_that_traded: int = 0  # What was not answered was sent again, some of what was too, and something new.
    digests_compared: int = 0
    digests_differing: int = 0
    damage_detected: int = 0  # A misdirected write that the log or the cell refused to read past.
    damage_found_later: int = 0  # One in what a start from a snapshot does not read; a replay from nothing refused it.
    damage_cut: int = 0  # One behind which the log ended sooner, on a whole frame.
    damage_harmless: int = 0
    answers_cut: int = 0  # Acknowledged, and behind such a place: no disk that lies can keep them.
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Tell whether every promise was kept."""
        broken = self.lost + self.oversold + self.doubled + self.different + self.unbalanced + self.digests_differing
        return not broken

    def add(self, other: "Tally") -> None:
        """Add another's figures."""
        for name in self.__struct_fields__:
            mine, more = getattr(self, name), getattr(other, name)
            setattr(self, name, mine + more if not isinstance(mine, dict) else dict(Counter(mine) + Counter(more)))


class Broken(AssertionError):
    """A promise was broken; the text says which, and by which seed it is broken again."""


@dataclass(frozen=True)
class Tampering:
    """What is taken out on purpose, to see that it is noticed."""

    syncs: bool = True


@dataclass(frozen=True)
class Shore:
    """From where a life sets out: what is on the disk, and what was said until then."""

    files: Files
    witness: Witness


@dataclass
class Life:
    """What one process did: its tape, its state after each frame, and what was said at which place of the tape."""

    disk: Disk
    states: dict[int, str]
    sent: list[tuple[int, str, Command]] = field(default_factory=list)
    answered: list[tuple[int, str, Answer]] = field(default_factory=list)

    def witness(self, before: Witness, cut: int) -> Witness:
        """Give what had been said when the tape was cut."""
        sent = {name: command for place, name, command in self.sent if place <= cut}
        answered = {name: answer for place, name, answer in self.answered if place <= cut}
        return Witness(before.sent | sent, before.answered | answered)


class Simulation:
    """A chain of lives; `base` is the shop that each begins with."""

    def __init__(self, folder: Path, base: "Base", *, seed: int, tampering: Tampering | None = None) -> None:
        self._folder, self._base, self._seed = folder, base, seed
        self._tampering = tampering or Tampering()
        self._names = itertools.count()
        shutil.copytree(base.snapshots, folder / f"snapshots-{seed}")
        self._snapshots = Snapshots(folder / f"snapshots-{seed}", shape=_SHAPE)
        self.tally = Tally()

    def run(self, seeds: range) -> Tally:
        """Run the chain up to the last of these seeds; raises Broken at the first broken promise."""
        began = time.perf_counter()
        chain = self._seed // SEEDS_PER_CHAIN
        shore = self._base.shore
        for life in range(LIVES_PER_CHAIN):
            first = chain * SEEDS_PER_CHAIN + life * CUTS_PER_LIFE
            if first >= seeds.stop:
                break
            shore = self._live(shore, first, seeds)
        self.tally.seconds = time.perf_counter() - began
        return self.tally

    def _live(self, shore: Shore, first: int, seeds: range) -> Shore:
        dice = random.Random(f"life {first}")
        trouble = TROUBLES[first // CUTS_PER_LIFE % len(TROUBLES)]
        with self._home(shore.files) as folder:
            life = live(
                folder, shore, dice, trouble, self._base.clock, self._snapshots, self._tampering, name=f"{first}"
            )
        following = shore
        for seed in range(first, min(first + CUTS_PER_LIFE, seeds.stop)):
            following = self._cut(shore, life, trouble, seed, is_counted=seed in seeds) or following
        return following

    def _cut(self, shore: Shore, life: Life, trouble: str, seed: int, *, is_counted: bool) -> Shore | None:
        """Cut the power at a place of the tape, start again, and check; give where the next life may begin."""
        dice = random.Random(f"cut {seed}")
        cut = dice.randint(0, len(life.disk.tape))
        if trouble and dice.random() < 0.5:
            cut = len(life.disk.tape)  # Where the trouble has come.
        kind = dice.choice(POWER_CUTS if dice.random() < 0.75 else LIES)
        witness = life.witness(shore.witness, cut)
        files = left(life.disk.start, life.disk.tape[:cut], kind, dice)
        name = f"{trouble}, then {kind}" if trouble and cut == len(life.disk.tape) else kind
        seen = Tally(crashes=1, by_fault={name: 1}, orders_acknowledged=witness.orders)
        seen.answers_acknowledged = len(witness.answered)
        with self._home(files) as folder:
            restart = _Restart(
                folder, witness, life.states, self._base.clock, self._snapshots, seen, is_lie=kind in LIES
            )
            faults = restart.run(dice, name=f"again {seed}", is_last=seed % CUTS_PER_LIFE == CUTS_PER_LIFE - 1)
            rest = disk.read(folder) if restart.has_traded and not faults and kind not in LIES else None
        if is_counted:
            self.tally.add(seen)
        if faults:
            counts = ", ".join(f"{count} {kind}" for kind, count in Counter(fault.kind for fault in faults).items())
            raise Broken(
                f"Seed {seed} ({name}): {counts}. {faults[0].what} Do it again: {AGAIN} --first {seed} --seeds 1"
            )
        return Shore(rest, witness) if rest is not None else None

    def _home(self, files: Files) -> "_Home":
        return _Home(self._folder / str(next(self._names)), files)


class _Home:
    """A folder with files in it, for as long as it is needed."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder, self._files = folder, files

    def __enter__(self) -> Path:
        disk.write(self._files, self._folder)
        return self._folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder)


def left(start: Files, tape: list[Step], kind: str, dice: random.Random) -> Files:
    """Give the files as the power cut leaves them."""
    if kind == MISDIRECTED_SYNCED:
        tape = _one_astray(start, tape, dice)
    files, waiting = disk.settled(start, tape)
    arrived = {
        "lost": lambda: disk.lost(waiting, dice),
        "torn": lambda: disk.torn(waiting, dice),
        "reordered": lambda: disk.reordered(waiting, dice),
        MISDIRECTED: lambda: disk.misdirected(waiting, dice, files),
        MISDIRECTED_SYNCED: lambda: disk.lost(waiting, dice),
    }[kind]()
    for step in arrived:
        disk.do(step, files)
    return {name: bytes(content) for name, content in files.items()}


def _one_astray(start: Files, tape: list[Step], dice: random.Random) -> list[Step]:
    """Let one write of the tape have gone to another place, unnoticed."""
    writes = [place for place, step in enumerate(tape) if step.deed is Deed.WRITE]
    if not writes:
        return tape
    astray = dice.choice(writes)
    files, waiting = disk.settled(start, tape[:astray])
    for step in waiting:
        disk.do(step, files)
    return [*tape[:astray], *disk.misdirected([tape[astray]], dice, files), *tape[astray + 1 :]]


# A life.


@dataclass(frozen=True)
class Base:
    """A shop that has just been set up, with a snapshot of it."""

    shore: Shore
    snapshots: Path
    clock: FixedClock


def set_up(folder: Path) -> Base:
    """Make the shop that every chain begins with."""
    clock, witness = FixedClock(), Witness()
    home = folder / "base"
    home.mkdir()
    snapshots = Snapshots(folder / "snapshots", shape=_SHAPE)
    cell = _open(SqliteLog(home / "log.db"), clock, snapshots, [])
    for name, command in crash_child.setup(units=UNITS, money_minor=MONEY_MINOR).items():
        witness.sent[name] = command
        witness.note(name, crash_child.send(cell, clock, name, command))
    cell.snapshot()
    cell.close()
    return Base(Shore(disk.read(home), witness), folder / "snapshots", clock)


def live(
    folder: Path,
    shore: Shore,
    dice: random.Random,
    trouble: str,
    clock: FixedClock,
    snapshots: Snapshots,
    tampering: Tampering,
    *,
    name: str,
) -> Life:
    """Let a process open what is on the disk, trade, and fall silent; give what it did."""
    water = Disk(folder, syncs=tampering.syncs, pages_per_checkpoint=dice.choice([1_000, 1_000, 12, 5]))
    life = Life(water, {})
    failures: list[BaseException] = []
    cell = _open(SqliteLog(folder / "log.db", connect=water.connect), clock, snapshots, failures)
    cell.snapshot()  # From where its own restarts begin.
    commands = shore.witness.unanswered | _rolled(dice, shore.witness, name)
    if trouble:
        water.fails = _countdown(dice.randint(1, 12), trouble)
    for group in _grouped(dice, commands):
        if failures or not _together(cell, clock, group, life):
            break
    state = cell.digest()
    water.fails = lambda _: None
    tape_ends = len(water.tape)
    life.states = _states(SqliteLog(folder / "log.db"), snapshots)
    assert failures or not life.states or state == life.states[max(life.states)], "The log gives another state."
    cell.close()
    del water.tape[tape_ends:]  # The tape ends while the process lives: nobody closes a log before a power cut.
    return life


def _open(log: Log, clock: FixedClock, snapshots: Snapshots, failures: list[BaseException]) -> Cell[House]:
    house = House()
    return Cell(
        house=house, models=house.models(), log=log, kinds=KINDS, clock=clock, snapshots=snapshots,
        on_failure=failures.append,
    )  # fmt: skip


def _countdown(count: int, trouble: str) -> Callable[[Step], None]:
    """Fail from a certain write or sync on."""
    deed, fail = (Deed.WRITE, disk.full) if trouble == "full disk" else (Deed.SYNC, disk.unsynced)
    if deed is Deed.WRITE:
        count *= 4  # A frame is several writes and one sync.
    remaining = itertools.count(count, -1)

    def fails(step: Step) -> None:
        if step.deed is deed and next(remaining) <= 0:
            fail(step)

    return fails


def _rolled(dice: random.Random, witness: Witness, name: str) -> dict[str, Command]:
    orders = sum(command[0] == "order" for command in witness.sent.values())
    count = dice.randint(1, GROUPS_MAX * COMMANDS_MAX)
    return {f"{name}-{place}": crash_child.rolled(dice, orders + place // 2 + 1) for place in range(count)}


def _grouped(dice: random.Random, commands: dict[str, Command]) -> Iterator[dict[str, Command]]:
    rest = list(commands.items())
    while rest:
        count = dice.randint(1, COMMANDS_MAX)
        yield dict(rest[:count])
        rest = rest[count:]


def _together(cell: Cell[House], clock: FixedClock, group: dict[str, Command], life: Life) -> bool:
    """Send commands so that the cell decides them in one frame; tell whether the cell still took them."""
    has_begun, may_end = threading.Event(), threading.Event()

    def gate(_: House, __: object, *, now: int) -> Decision:  # noqa: ARG001  # A flow takes what a flow takes.
        has_begun.set()
        may_end.wait(_WAIT_S)
        return Decision()

    futures: list[Future[Any]] = []
    try:
        futures.append(cell.submit(gate, None))
        has_begun.wait(_WAIT_S)
        for name, command in group.items():
            life.sent.append((len(life.disk.tape), name, command))
            future = crash_child.submit(cell, clock, name, command)
            future.add_done_callback(lambda done, name=name: _note(life, name, done))  # type: ignore[misc]
            futures.append(future)
    except CaravanError:
        return False
    finally:
        may_end.set()
        for future in futures:
            future.exception(_WAIT_S)
    return True


def _note(life: Life, name: str, done: "Future[Answer]") -> None:
    """Remember an answer at the place of the tape where it was given: the committer calls this as it lets it go."""
    if done.exception() is None:
        life.answered.append((len(life.disk.tape), name, done.result()))


def _states(log: SqliteLog, snapshots: Snapshots) -> dict[int, str]:
    """Replay what a process has written, and name the state after each frame."""
    house = House()
    models = [*house.models(), Answers()]
    head = snapshots.load(models, log)
    states = {head.sequence: digest(models)} if head is not None else {}
    for frame, sections in facts_of(log, KINDS, after=head):
        for part in sections:
            for model in models:
                if part.kind in model.kinds:
                    model.apply(part)
        states[frame.sequence] = digest(models)
    log.close()
    return states


# A restart.


class _Restart:
    """Opens what a power cut left, sends again what was not answered, and checks everything."""

    def __init__(
        self, folder: Path, witness: Witness, states: dict[int, str], clock: FixedClock, snapshots: Snapshots,
        seen: Tally, *, is_lie: bool,
    ) -> None:  # fmt: skip
        self._path, self._witness, self._states = folder / "log.db", witness, states
        self._clock, self._snapshots, self._seen, self._is_lie = clock, snapshots, seen, is_lie
        self._failures: list[BaseException] = []
        self._is_cut = False
        self.has_traded = False

    def run(self, dice: random.Random, name: str, *, is_last: bool) -> list[Fault]:
        """Do all of it; give the promises that were broken. The last of a life is replayed from nothing."""
        try:
            cell = _open(SqliteLog(self._path), self._clock, self._snapshots, self._failures)
        except (CaravanError, sqlite3.Error) as error:
            return self._detected(error)
        try:
            faults = self._found(cell)
            if faults or self._is_cut or (dice.random() > SENT_AGAIN_SHARE and not is_last):
                return faults
            faults = self._sent_again(cell, dice, name)
            state = cell.digest()
        finally:
            cell.close()
        if self._failures:
            return self._detected(self._failures[0])
        self.has_traded = True
        self._seen.restarts_that_traded = 1
        return faults or self._replayed(state, None if is_last else self._snapshots)

    def _detected(self, error: BaseException) -> list[Fault]:
        if self._is_lie:
            self._seen.damage_harmless, self._seen.damage_detected = 0, 1
            return []
        return self._counted([Fault(LOST, f"The log could not be opened: {error!r}")])

    def _found(self, cell: Cell[House]) -> list[Fault]:
        """Check the state as it was found: one that there was, with everything in it that was acknowledged."""
        self._compare(cell.digest(), self._states.get(cell.position, "no state that there ever was"))
        faults = self._witness.faults(cell.house, cell.answers)
        gone = [fault for fault in faults if fault.kind == LOST]
        if self._is_lie and gone and not self._seen.digests_differing:
            self._is_cut = True
            self._seen.damage_cut, self._seen.answers_cut = 1, len(gone)
            return self._counted([fault for fault in faults if fault.kind != LOST])
        self._seen.damage_harmless = int(self._is_lie)
        return self._counted(faults)

    def _sent_again(self, cell: Cell[House], dice: random.Random, name: str) -> list[Fault]:
        """Send what was not answered, some of what was, and something new; check all of it."""
        known = list(self._witness.answered)
        again = {one: self._witness.sent[one] for one in dice.sample(known, min(2, len(known)))}
        new = {name: crash_child.rolled(dice, 1)}
        faults: list[Fault] = []
        futures = {}
        for one, command in (self._witness.unanswered | again | new).items():
            self._witness.sent[one] = command
            futures[one] = crash_child.submit(cell, self._clock, one, command)
        for one, future in futures.items():
            try:
                faults += self._witness.note(one, future.result(_WAIT_S))
            except CaravanError as error:
                return [] if self._failures else self._counted([Fault(LOST, f"{one} got no answer: {error!r}")])
        return self._counted(faults + self._witness.faults(cell.house, cell.answers))

    def _replayed(self, state: str, snapshots: Snapshots | None) -> list[Fault]:
        """Replay the log once more, without what the cell had in memory."""
        models = [*House().models(), Answers()]
        log = SqliteLog(self._path)
        try:
            replay(log=log, models=models, kinds=KINDS, snapshots=snapshots)
        except (CaravanError, sqlite3.Error) as error:
            if self._is_lie:
                self._seen.damage_harmless, self._seen.damage_found_later = 0, 1
                return []
            return self._counted([Fault(LOST, f"What was written after the restart cannot be read: {error!r}")])
        finally:
            log.close()
        self._compare(digest(models), state)
        return self._counted([])

    def _compare(self, there: str, wanted: str) -> None:
        self._seen.digests_compared += 1
        self._seen.digests_differing += there != wanted

    def _counted(self, faults: list[Fault]) -> list[Fault]:
        for kind, count in Counter(fault.kind for fault in faults).items():
            setattr(self._seen, kind, getattr(self._seen, kind) + count)
        if self._seen.digests_differing and not faults:
            return [Fault("digest", "A replay gives another state than there was.")]
        return faults


# Many of them.


def simulate(
    seeds: range, *, report: Callable[[Tally], None] = lambda _: None, tampering: Tampering | None = None
) -> Tally:
    """Run these seeds; gives the tally, or raises Broken at the first broken promise."""
    tally, began = Tally(), time.perf_counter()
    place = Path("/dev/shm")  # noqa: S108  # Nothing here is kept, and a real disk would only make it slower.
    with tempfile.TemporaryDirectory(prefix="caravan-faults-", dir=place if place.is_dir() else None) as folder:
        base = set_up(Path(folder))
        for first in range(seeds.start // SEEDS_PER_CHAIN * SEEDS_PER_CHAIN, seeds.stop, SEEDS_PER_CHAIN):
            tally.add(Simulation(Path(folder), base, seed=first, tampering=tampering).run(seeds))
            tally.seconds = time.perf_counter() - began
            report(tally)
    return tally


def main() -> None:
    """Run as many seeds as were asked for, with a progress bar, and print the tally."""
    parser = argparse.ArgumentParser(description="Cut the power of shops on a simulated disk, and check what is left.")
    parser.add_argument("--seeds", type=int, default=2_000, help="how many power cuts")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    with rich.progress.Progress(console=rich.console.Console(stderr=True)) as progress:
        bar = progress.add_task("Power cuts", total=len(seeds))
        tally = simulate(seeds, report=lambda tally: progress.update(bar, completed=tally.crashes))
    sys.stdout.write(msgspec.json.encode(tally).decode() + "\n")


if __name__ == "__main__":
    main()
