"""The rig that kills real processes: with SIGKILL, at random moments under load, and sees that nothing acknowledged is lost.

    .venv/bin/python -m tests.simulation.kills --rounds 300

The kernel's page cache outlives a killed process, so this is about the order of commit and answer, and about recovery;
what a disk may do to what was not synced is simulated next door (faults.py).
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import rich.progress

from caravan.adapters.sqlite import SqliteLog
from caravan.bootstrap import KINDS, verify
from caravan.cell import Answer, Answers, digest, replay
from caravan.config import Settings
from caravan.flows.house import House
from tests.simulation import crash_child
from tests.simulation.crash_child import Life
from tests.simulation.witness import DIFFERENT, Fault, Witness

LIVES_S = (0.0, 0.5)  # How long a process trades before it is killed; some die while they set up.
DEATHS_PER_HOME = 12
START_TIMEOUT_S = 60
REPOSITORY = Path(__file__).resolve().parents[2]


class Tally(msgspec.Struct):
    """What was seen over all kills."""

    kills: int = 0
    killed_at: dict[str, int] = msgspec.field(default_factory=dict)
    orders_acknowledged: int = 0
    answers_acknowledged: int = 0
    sent_and_unanswered: int = 0  # At the moment of a kill, and sent again afterwards.
    lost: int = 0
    oversold: int = 0
    doubled: int = 0
    different: int = 0
    unbalanced: int = 0
    digests_compared: int = 0
    seconds: float = 0.0


class Rig:
    """Has processes born and killed over one home, and remembers what they sent and what they were answered."""

    def __init__(self, home: Path, mother: "Mother", *, seed: int, is_eager: bool = False) -> None:
        self.settings = Settings(home=home)
        self.witness = Witness()
        self.opened: list[tuple[int, str]] = []
        self.tally = Tally()
        self._faults: list[Fault] = []
        self._dice, self._seed, self._is_eager, self._mother = random.Random(seed), seed, is_eager, mother

    def die_often(self, times: int) -> None:
        """Die that often, and check everything after every death."""
        for _ in range(times):
            self.die()

    def die(self) -> None:
        """Live, die, and check everything after it; raises AssertionError naming what was broken."""
        found = self._replayed()[3]
        self._live_and_die()
        assert self.opened[-1][1] == found, "A process began elsewhere than where the replay of its log ends."
        self._check()

    def _live_and_die(self) -> None:
        """Let a process open the home and trade for a while, then kill it."""
        unanswered = self.witness.unanswered
        life = Life(
            str(self.settings.home), f"{self._seed}-{len(self.opened)}", is_eager=self._is_eager, unanswered=unanswered
        )
        has_opened = threading.Event()
        listener = threading.Thread(target=self._listen, args=(has_opened,))
        self._mother.tell(life)
        listener.start()
        is_up = has_opened.wait(START_TIMEOUT_S)
        time.sleep(self._dice.uniform(*LIVES_S))
        self._mother.kill_child()
        listener.join()
        assert is_up, "The process never opened the home."
        stage = "setting up" if any(name.startswith("setup") for name in self.witness.unanswered) else "under load"
        self.tally.kills += 1
        self.tally.killed_at[stage] = self.tally.killed_at.get(stage, 0) + 1
        self.tally.sent_and_unanswered += len(self.witness.unanswered)

    def _listen(self, has_opened: threading.Event) -> None:
        for said in self._mother.listen():
            if "opened" in said:
                self.opened.append((said["opened"], said["digest"]))
                has_opened.set()
            elif "sent" in said:
                self.witness.sent[said["sent"]] = said["command"]
            elif "answered" in said:
                self._faults += self.witness.note(said["answered"], Answer(said["status"], said["body"].encode()))
        has_opened.set()

    # What must hold after every death.

    def _check(self) -> None:
        """Replay the log from zero and hold everything that was said against it."""
        house, answers, head, replayed = self._replayed()
        faults = self._faults + self.witness.faults(house, answers)
        audit = verify(self.settings, lambda _, __: None)
        faults += [Fault("unbalanced", str(finding)) for finding in audit.findings]
        stands = [stand for position, stand in self.opened if position == head]
        faults += [
            Fault(DIFFERENT, "A replay gives another state.") for stand in [audit.digest, *stands] if stand != replayed
        ]
        self.tally.digests_compared += 1 + len(stands)
        self.tally.orders_acknowledged, self.tally.answers_acknowledged = (
            self.witness.orders,
            len(self.witness.answered),
        )
        for kind, count in Counter(fault.kind for fault in faults).items():
            setattr(self.tally, kind, getattr(self.tally, kind) + count)
        assert not faults, f"Seed {self._seed}: " + " ".join(f"{fault.kind}: {fault.what}" for fault in faults[:5])

    def _replayed(self) -> tuple[House, Answers, int, str]:
        house, answers = House(), Answers()
        models = [*house.models(), answers]
        log = SqliteLog(self.settings.home / "log.db")
        head = replay(log=log, models=models, kinds=KINDS, snapshots=None)
        log.close()
        return house, answers, head.sequence if head else 0, digest(models)


class Mother:
    """The process that has loaded everything once, and from which those that are killed are forked."""

    def __init__(self) -> None:
        program = [sys.executable, crash_child.__file__]
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        self._process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, env=environment
        )
        self._child = 0

    def tell(self, life: Life) -> None:
        """Ask for a child."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(life) + b"\n")
        self._process.stdin.flush()

    def listen(self) -> Iterator[dict[str, Any]]:
        """Give what the child says, until it has died."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            if "born" in said:
                self._child = said["born"]
            if "died" in said:
                return
            yield said

    def kill_child(self) -> None:
        """Kill it, as a power cut would."""
        os.kill(self._child, signal.SIGKILL)

    def close(self) -> None:
        """Let go of the process and of its child."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()  # A child that still lives ends when it can say nothing any more.


def kill(rounds: int, *, seed: int, report: Callable[[Tally], None] = lambda _: None) -> Tally:
    """Kill so many times, with a new home after every few; gives the tally, or raises at the first broken promise."""
    total, began, mother = Tally(), time.perf_counter(), Mother()
    try:
        for first in range(0, rounds, DEATHS_PER_HOME):
            with tempfile.TemporaryDirectory(prefix="caravan-kills-") as home:
                rig = Rig(Path(home), mother, seed=seed * 1_000_000 + first)
                rig.die_often(min(DEATHS_PER_HOME, rounds - first))
            _add(total, rig.tally)
            total.seconds = round(time.perf_counter() - began, 1)
            report(total)
    finally:
        mother.close()
    return total


def main() -> None:
    """Kill as often as was asked for, with a progress bar, and print the tally."""
    parser = argparse.ArgumentParser(description="Kill real processes under load, and check what is left.")
    parser.add_argument("--rounds", type=int, default=300, help="how many kills")
    parser.add_argument("--seed", type=int, default=1, help="what the dice are rolled with")
    chosen = parser.parse_args()
    with rich.progress.Progress(console=rich.console.Console(stderr=True)) as progress:
        bar = progress.add_task("Kills", total=chosen.rounds)
        found = kill(chosen.rounds, seed=chosen.seed, report=lambda tally: progress.update(bar, completed=tally.kills))
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


def _add(total: Tally, more: Tally) -> None:
    for name in Tally.__struct_fields__:
        mine, other = getattr(total, name), getattr(more, name)
        setattr(total, name, mine + other if not isinstance(mine, dict) else dict(Counter(mine) + Counter(other)))


if __name__ == "__main__":
    main()
