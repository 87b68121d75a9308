"""The process that keeps the views beside a running Caravan, so that whoever buys never waits for whoever looks."""

import logging
import os
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO

from caravan.cell import Projector

_logger = logging.getLogger("caravan")

_NICE = 5  # It yields to the cell where both want a core.
_STOP_S = 30.0
_AGAIN_S = 1.0
_TELLS_S = 60.0


class Follower:
    """Runs a program that follows the log, and knows from it how far it is. One that ends is started again.

    Each line to the program says that there may be more; each line from it is the position that the views show.
    """

    def __init__(self, program: Sequence[str], environment: Mapping[str, str], *, position: int) -> None:
        """Say what to run; `position` is what the views show already."""
        self._program, self._environment = list(program), dict(environment)
        self._changed = threading.Condition()
        self._stops = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_woken = False
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self.position = position

    @property
    def process(self) -> int | None:
        """Give the number of the process that runs now, None when none does."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the program."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be more to read."""
        with self._changed:
            process = self._process
            if self._is_woken or process is None or process.stdin is None:
                return  # It has not answered to the last call yet, and looks for more by itself now and then.
            self._is_woken = True
            try:
                process.stdin.write(b"\n")
                process.stdin.flush()
            except (BrokenPipeError, ValueError):
                _logger.debug("The process that keeps the views has ended.", exc_info=True)

    def wait_for(self, position: int, *, timeout_s: float) -> bool:
        """Wait until the views show a position; tell whether they do."""
        self.wake()
        with self._changed:
            return self._changed.wait_for(lambda: self.position >= position, timeout_s)

    def stop(self) -> None:
        """Let the program finish its transaction and end."""
        self._stops.set()
        with self._changed:
            process = self._process
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stops.is_set():
            try:
                self._follow()
            except OSError:
                _logger.exception("The process that keeps the views could not be started; trying again.")
            if not self._stops.wait(_AGAIN_S):
                _logger.warning("The process that keeps the views has ended; starting it again.")

    def _follow(self) -> None:
        with subprocess.Popen(  # noqa: S603  # Our own program.
            self._program, env=os.environ | self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True,
        ) as process:  # fmt: skip
            with self._changed:
                self._process, self._is_woken = process, False
            if self._stops.is_set() and process.stdin is not None:
                process.stdin.close()
            assert process.stdout is not None
            for line in process.stdout:
                with self._changed:
                    self.position, self._is_woken = int(line), False
                    self._changed.notify_all()
            with self._changed:
                self._process = None


def follow(projector: Projector, asks: Iterable[bytes], tells: IO[bytes]) -> None:
    """Be that program: fold what there is until nobody asks any more, and tell how far the views are.

    Each line that asks is answered at once, and a line comes whenever the views show more.
    """
    os.nice(_NICE)
    speaks = threading.Lock()

    def tell(position: int) -> None:
        with speaks:
            tells.write(b"%d\n" % position)
            tells.flush()

    threading.Thread(target=_tell, args=(projector, tell), name="teller", daemon=True).start()
    projector.start()
    for _ in asks:
        projector.wake()
        tell(projector.position)
    projector.stop()


def _tell(projector: Projector, tell: Callable[[int], None]) -> None:
    seen = projector.position
    while True:
        position = projector.wait_for_more(seen, timeout_s=_TELLS_S)
        if position > seen:
            seen = position
            tell(seen)
