"""Kills a real process again and again, and sees that nothing acknowledged is lost, oversold or doubled."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.kills import Mother, Rig

CRASHES = int(os.environ.get("CARAVAN_CRASHES", "12"))


@pytest.fixture(scope="module")
def mother() -> Iterator[Mother]:
    """Lend the process from which those that are killed are forked."""
    mother = Mother()
    yield mother
    mother.close()


def test_nothing_acknowledged_is_lost_or_doubled_however_often_the_process_is_killed(
    tmp_path: Path, mother: Mother
) -> None:
    seed = int(os.environ.get("CARAVAN_SEED", random.SystemRandom().randrange(10**6)))
    print(f"seed {seed}")  # noqa: T201  # A failing run is repeated with it.
    rig = Rig(tmp_path, mother, seed=seed)

    rig.die_often(CRASHES)

    assert len(rig.witness.answered) > 10 * CRASHES
    assert (rig.tally.kills, rig.tally.lost, rig.tally.oversold, rig.tally.doubled) == (CRASHES, 0, 0, 0)
    assert list((tmp_path / "snapshots").glob("*.snapshot"))


def test_a_log_that_acknowledges_before_it_commits_is_caught(tmp_path: Path, mother: Mother) -> None:
    rig = Rig(tmp_path, mother, seed=1, is_eager=True)

    with pytest.raises(AssertionError, match="lost"):
        rig.die_often(CRASHES)
