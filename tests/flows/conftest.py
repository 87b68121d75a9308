"""Lends the tests of flows an open market, which must be sound when they are done with it."""

from collections.abc import Iterator

import pytest

from tests.flows.market import Market, opened


@pytest.fixture
def market() -> Iterator[Market]:
    """Lend an open market."""
    yield from opened()
