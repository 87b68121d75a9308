"""What wires discovery: who answers behind the log, and the terminal's commands that learn, explain, judge and prove."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import msgspec

from caravan.adapters.lightgbm import LightGbmRanker
from caravan.adapters.memory import MemoryViewStore
from caravan.adapters.ray import RayWorkers
from caravan.adapters.skills import SkillFolder, Standing
from caravan.bootstrap.home import open_log
from caravan.bootstrap.kinds import KINDS
from caravan.cell import Log, Projector
from caravan.config import Settings
from caravan.flows import estimates, whys
from caravan.insight import discovery as tasting
from caravan.kernel.clock import DAY, SystemClock
from caravan.kernel.errors import Invalid

_logger = logging.getLogger("caravan")


def skills_of(settings: Settings) -> SkillFolder:
    """Give the folder of what discovery learned in a home."""
    return SkillFolder(settings.home / "discovery")


class Advice:
    """What may please whom: discovery's view, following the log in a thread of its own, and who answers out of it."""

    def __init__(
        self, log: Log, skills: SkillFolder, *, follows: bool = True,
        rest: Callable[[float, threading.Event], None] = lambda _worked_s, _stops: None,
    ) -> None:  # fmt: skip
        self.tastes = tasting.Tastes()
        self._follower = Projector(log=log, kinds=KINDS, views=[self.tastes], store=MemoryViewStore(), rest=rest)
        self._skills = skills
        self._seen, self._looked_at = 0, 0.0
        self._standing = Standing()
        self._answering = tasting.Answering(self.tastes, tasting.unskilled())
        self._trying: tasting.Answering | None = None
        self._rival: tasting.Answering | None = None
        if follows:
            self._follower.start()

    @property
    def position(self) -> int:
        """Give the sequence number up to which the log has been folded in."""
        return self._follower.position

    def answer(self, asked: tasting.Asked) -> tasting.Answer:
        """Answer what may please, out of what is known now."""
        self._refresh()
        is_tried = self._trying is not None and asked.visitor and asked.visitor[0] % 100 < self._standing.share_percent
        answering = self._trying if is_tried and self._trying is not None else self._answering
        return answering.answer(asked)

    def answer_of_rival(self, asked: tasting.Asked) -> tasting.Answer | None:
        """Answer as what is compared with the champion would; nothing where there is no such version."""
        return self._rival.answer(asked) if self._rival is not None else None

    def get_ready(self) -> None:
        """Begin to get ready what answers, beside whatever else is done; until then lists are made from trends."""
        self._answering.get_ready()

    def warm(self) -> None:
        """Get everything ready that the first answers would wait for."""
        self._answering.warm()

    def wait_for(self, position: int, *, timeout_s: float) -> bool:
        """Wait until a position has been folded in; tell whether it has."""
        return self._follower.wait_for(position, timeout_s=timeout_s)

    def wake(self) -> None:
        """Say that there may be more to fold in."""
        self._follower.wake()

    def _refresh(self) -> None:
        """Take up another champion or challenger within a second of its being named."""
        now = time.monotonic()
        if now - self._looked_at < 1.0:
            return
        self._looked_at = now
        stamp = self._skills.stamp()
        if stamp == self._seen:
            return
        self._seen, self._standing = stamp, self._skills.standing()
        self._answering = self._made(self._standing.champion)
        self._trying = self._made(self._standing.challenger) if self._standing.challenger else None
        running = self._standing.comparison
        self._rival = self._made(running.challenger) if running and not running.verdict else None

    def _made(self, version: str) -> tasting.Answering:
        if not version:
            return tasting.Answering(self.tastes, tasting.unskilled())
        try:
            return tasting.Answering(self.tastes, self._skills.load(version).skill, version)
        except Invalid:
            _logger.exception(
                "What was learned as %s can't be read; the blend answers until it is learned anew.", version
            )
            return tasting.Answering(self.tastes, tasting.unskilled())

    def close(self) -> None:
        """Stop following."""
        self._follower.stop()


class Learned(msgspec.Struct, frozen=True):
    """What came of learning: the version, from how much, and where it is kept."""

    version: str
    looks: int
    sessions: int
    trees: int
    path: str


def workers_on(
    settings: Settings, where: str, *, workers: int, memory_mb: int
) -> AbstractContextManager[tasting.Workers]:
    """Give who does the long steps of learning: this process, or Ray ("ray"), which is there while it is entered."""
    if where != "ray":
        return nullcontext(tasting.IN_PROCESS)
    return RayWorkers(address=settings.ray_address, workers=workers, memory_mb=memory_mb)


def learn(
    settings: Settings, *, seed: int, threads: int, progress: Callable[[str, int, int], None],
    on: AbstractContextManager[tasting.Workers],
) -> Learned:  # fmt: skip
    """Learn from everything in a home's log, while it runs or not, and keep what was learned as a version."""
    history = read_tastes(settings, progress=progress).history()
    skills, plan = skills_of(settings), tasting.Plan(seed=seed)
    with on as workers:
        trained, _ = tasting.train(
            history, ranker=ranker(threads=threads), plan=plan, progress=progress,
            drafts=skills.drafts(plan, history), workers=workers,
        )  # fmt: skip
    sessions, trees = len(history.offsets) - 1, trained.skill.trees.size
    path = skills.save(trained, {"seed": seed, "sessions": sessions, "trees": trees})
    return Learned(trained.version, trained.looks, sessions, trees, str(path))


def why(settings: Settings, *, visitor: bytes, at: int, version: str) -> whys.Explained:
    """Explain a list that was shown, out of the log as it was then; by the version that made it, where it is still kept."""
    skills, version = skills_of(settings), version.partition("~")[0]
    is_kept = version in {name for name, _ in skills.versions()}
    skill = skills.load(version).skill if is_kept else tasting.unskilled()
    log = open_log(settings, is_reader=True)
    try:  # Of a list that two versions drafted, the champion tells.
        return whys.explain(
            log, KINDS, visitor=visitor, at=at, skill=skill, version=version if is_kept else tasting.BLEND
        )
    finally:
        log.close()


def judge(settings: Settings, version: str) -> estimates.Judged:
    """Tell what a version would bring, by the lists in a home's log, while it runs or not; "" is the blend."""
    skill = skills_of(settings).load(version).skill if version else tasting.unskilled()
    log = open_log(settings, is_reader=True)
    try:
        return estimates.judge(log, KINDS, skill=skill, version=version or tasting.BLEND)
    finally:
        log.close()


def read_tastes(settings: Settings, *, progress: Callable[[str, int, int], None]) -> tasting.Tastes:
    """Fold what discovery knows out of everything in a home's log, while it runs or not."""
    log = open_log(settings, is_reader=True)
    try:
        tastes = tasting.Tastes()
        reader = Projector(log=log, kinds=KINDS, views=[tastes], store=MemoryViewStore())
        head = log.head()
        while reader.fold_some():
            progress("Reading the log", reader.position, head.sequence if head else 0)
    finally:
        log.close()
    return tastes


def prove(settings: Settings, *, progress: Callable[[str, int, int], None]) -> tasting.Proof:
    """Tell what personal lists have brought, out of everything in a home's log, while it runs or not."""
    return tasting.prove(read_tastes(settings, progress=progress).outcomes, today=SystemClock().now() // DAY)


def ranker(*, threads: int) -> tasting.Ranker:
    """Give whoever learns to rank."""
    return LightGbmRanker(threads=threads)
