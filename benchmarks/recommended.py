"""Recommended: a program that serves a large shop's recommendations over HTTP, until its standard input ends.

It is the server of `caravan up` before a home that `benchmarks.shop` filled, without the ticker and the views of pages; what
people looked at is remembered past the log, and what was learned is drawn by lot. It says "ready".
"""

import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import recommending
from caravan.bootstrap import Advice, open_caravan, open_log, skills_of
from caravan.config import Settings
from caravan.insight import discovery
from caravan.insight.discovery import skill_by_lot
from caravan.insight.discovery.trained import Trained
from caravan.web.server import serve
from caravan.web.suggesting import NOBODY, mark_of

_REQUESTS_PER_MINUTE = 60_000_000
_FOLDED_WITHIN_S = 900


def main(home: str, port: str, products: str, looks: str, seed: str, questions: str) -> None:
    """Serve a home on a port of this machine."""
    settings = Settings(home=Path(home), port=int(port), requests_per_minute=_REQUESTS_PER_MINUTE)
    load = recommending.Load(products=int(products), looks=int(looks), seed=int(seed))
    dice = np.random.default_rng(load.seed)
    _learn_by_lot(settings, load, dice)
    opened = open_caravan(settings, ticks=False, folds=False)
    opened.ticker.stop()
    log = open_log(settings, is_reader=True)
    caravan = replace(opened, advice=Advice(log, skills_of(settings), rest=opened.cell.give_way))
    assert caravan.advice.wait_for(caravan.cell.position, timeout_s=_FOLDED_WITHIN_S)
    recommending.look(caravan.advice.tastes, load, dice, lambda *_: None)
    for number, heart in enumerate(recommending.hearts(load, int(questions))):
        recommending.note(caravan.advice.tastes, mark_of(caravan, f"visitor {number}"), heart)
    caravan.advice.answer(discovery.Asked("home", (), NOBODY, 0, caravan.clock.now()))  # It takes up what was learned.
    caravan.advice.warm()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Thread(target=_stop_at_end, daemon=True).start()
    try:
        with suppress(KeyboardInterrupt):
            serve(caravan, settings.host, settings.port)
    finally:
        caravan.close()
        log.close()


def _learn_by_lot(settings: Settings, load: recommending.Load, dice: np.random.Generator) -> None:
    learned = Trained("bylot", 0, skill_by_lot(load.products, dice))
    skills_of(settings).save(learned, {})
    skills_of(settings).promote("bylot")


def _stop_at_end() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main(*sys.argv[1:])
