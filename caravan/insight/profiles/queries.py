"""What you can ask profiles without looking at anybody: which segments there are."""

from caravan.insight.profiles.model import Profiles, Segment
from caravan.kernel.errors import NotFound


def segments(profiles: Profiles) -> list[Segment]:
    """Give all segments, by name."""
    return sorted((one for one in profiles.segments if one.name), key=lambda one: one.name)


def segment_of(profiles: Profiles, segment: int) -> Segment:
    """Give a segment. Refuses an unknown one, or one that was dropped, with NotFound."""
    if not 0 < segment < len(profiles.segments) or not profiles.segments[segment].name:
        raise NotFound("There is no such segment.")
    return profiles.segments[segment]


def segment_called(profiles: Profiles, name: str) -> Segment:
    """Give a segment by its name. Refuses an unknown one with NotFound."""
    for one in profiles.segments:
        if name and one.name == name:
            return one
    raise NotFound(f"There is no segment {name[:60]!r}.")
