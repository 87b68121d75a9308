"""Lends the tests of the API one running market each, or one for a whole file that only reads and adds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.api.rig import Rig, running


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Start a market with play money, shared by the tests of a file."""
    with running(tmp_path_factory.mktemp("home"), has_play_money=True, requests_per_minute=600_000) as started:
        yield started


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Name a home that is not there yet."""
    return tmp_path / "home"
