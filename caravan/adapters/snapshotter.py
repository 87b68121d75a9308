"""The processes that work beside a running Caravan, such as the one that writes snapshots: started when there is much to do."""

import logging
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO

_logger = logging.getLogger("caravan")

RETRY_S = 60.0
_LOWEST = 19  # As nice as can be: whoever buys goes first.
_STOP_S = 5.0
_WORDS_MAX = 500


class Snapshotter:
    """Starts a program again and again, each time so many facts are new. It never waits for it but in `stop`.

    A program that failed is tried again after a minute. One that took long rests for as long, so that on a busy day at
    most half of the time goes into snapshots.
    """

    def __init__(
        self, program: Sequence[str], environment: Mapping[str, str], *, every_facts: int, kept: int,
        complaint: tuple[str, str] = ("No snapshot was written", "the next start reads more of the log"),
    ) -> None:  # fmt: skip
        """Say what to run, what is so when it failed, and what comes of that; `kept` is how many facts its newest result stands for."""
        self._program, self._environment, self._complaint = list(program), dict(environment), complaint
        self._every, self._kept = every_facts, kept
        self._running: tuple[subprocess.Popen[bytes], IO[bytes], int, float] | None = None
        self._not_before = 0.0

    @property
    def process(self) -> int | None:
        """Give the number of the process that runs now, None when none does."""
        return self._running[0].pid if self._running is not None else None

    def look(self, facts: int, *, now_s: float) -> None:
        """See how the program fares, and start it if there are enough new facts; `now_s` is a clock that never goes back."""
        if self._running is not None:
            self._settle(now_s)
        elif facts - self._kept >= self._every and now_s >= self._not_before:
            self._start(facts, now_s)

    def stop(self) -> None:
        """End the program if it runs: what it has not finished is lost, and no harm."""
        if self._running is None:
            return
        process, words, _, _ = self._running
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        words.close()
        self._running = None

    def _start(self, facts: int, now_s: float) -> None:
        words = tempfile.TemporaryFile()  # noqa: SIM115  # Closed when the program has ended.
        try:
            process = subprocess.Popen(  # noqa: S603  # Our own program.
                self._program, env=os.environ | self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=words, start_new_session=True,
            )  # fmt: skip
        except OSError:
            words.close()
            self._not_before = now_s + RETRY_S
            _logger.exception("A process beside this one could not be started; trying again.")
            return
        self._running = (process, words, facts, now_s)
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, _LOWEST)
        except OSError:  # It has ended already.
            _logger.debug("A process beside this one keeps its priority.", exc_info=True)

    def _settle(self, now_s: float) -> None:
        assert self._running is not None
        process, words, facts, began_s = self._running
        code = process.poll()
        if code is None:
            return
        self._running = None
        if code == 0:
            self._kept, self._not_before = facts, now_s + (now_s - began_s)
        else:
            words.seek(0)
            said = words.read().decode(errors="replace").strip()[-_WORDS_MAX:]
            what, then = self._complaint
            _logger.warning("%s (exit code %d); %s. %s", what, code, then, said)
            self._not_before = now_s + RETRY_S
        words.close()
