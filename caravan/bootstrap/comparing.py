"""What wires comparisons of versions, of lists and of search."""

from collections.abc import Callable

from caravan.bootstrap.discovery import read_tastes, skills_of
from caravan.bootstrap.search import lessons_of
from caravan.config import Settings
from caravan.flows import comparing
from caravan.insight import discovery as tasting
from caravan.kernel.clock import SystemClock


def comparing_of(settings: Settings, tastes: Callable[[], tasting.Tastes]) -> comparing.Comparing:
    """Give who runs comparisons of versions, out of what discovery knows."""
    folders: dict[str, comparing.Versions] = {"lists": skills_of(settings), "search": lessons_of(settings)}
    return comparing.Comparing(folders, lambda: tastes().comparisons)


def compared(settings: Settings, about: str, *, progress: Callable[[str, int, int], None]) -> comparing.Told | None:
    """Tell what a comparison has come to, with all credit counted anew from a home's log; nothing where there is none."""
    standing = comparing_of(settings, tasting.Tastes).folders[about].standing()
    if standing.comparison is None:
        return None
    counted = read_tastes(settings, progress=progress).comparisons
    return comparing.tell(about, standing.comparison, counted, now=SystemClock().now())
