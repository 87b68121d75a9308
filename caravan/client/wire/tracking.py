"""What goes over the wire of behavior, as Segment's SDKs send it."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from caravan.client.wire.ground import Response

TRACKED_MAX = 500  # As many as Segment's SDKs put into one batch, and more.


class TrackedMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message of Segment's tracking protocol. Fields that are not named here may be there, and are not looked at."""

    type: str = ""
    event: Annotated[str, Meta(max_length=200)] | None = None
    user_id: Annotated[str, Meta(max_length=320)] | int | None = None
    anonymous_id: Annotated[str, Meta(max_length=320)] | int | None = None
    previous_id: Annotated[str, Meta(max_length=320)] | int | None = None
    message_id: Annotated[str, Meta(max_length=100)] | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    write_key: Annotated[str, Meta(max_length=200)] | None = None


class TrackedBatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Messages of Segment's tracking protocol, in order."""

    batch: Annotated[list[TrackedMessage], Meta(min_length=1, max_length=TRACKED_MAX)]
    write_key: Annotated[str, Meta(max_length=200)] | None = None


class SkippedEvent(Response, frozen=True, kw_only=True):
    """A message that was not used, and why."""

    message_id: str | None
    reason: str


class EventsTaken(Response, frozen=True, kw_only=True):
    """How many messages were used, now or when they were sent before, and which were not."""

    success: bool = True
    noted: int
    skipped: list[SkippedEvent]
