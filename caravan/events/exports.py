"""What happens with what leaves the house by itself: exports are set and run, webhooks are set and told."""

from caravan.kernel.event import Event
from caravan.kernel.ids import ExportId, SegmentId, SellerId, WebhookId


class ExportSet(Event, frozen=True, kw_only=True, tag="exports.export_set.v1"):
    """From now on an answer, or who is in a segment, leaves on a schedule. `question` is JSON; "" where it is a segment.

    `seller` 0 is the operator's. With `last_days` the question is of so many whole days before the run. A run is due `every`
    hour, day or week, at a minute of the hour or of the day in a time zone, on a weekday from 0, Monday. Without a `url` the
    file goes to the home's folder, where the last `kept` stay.
    """

    export: ExportId
    seller: SellerId
    name: str
    question: str
    last_days: int
    segment: SegmentId
    format: str
    every: str
    weekday: int
    minute: int
    zone: str
    url: str
    method: str
    kept: int


class ExportDropped(Event, frozen=True, kw_only=True, tag="exports.export_dropped.v1"):
    """An export is no more."""

    export: ExportId


class ExportAsked(Event, frozen=True, kw_only=True, tag="exports.export_asked.v1"):
    """Somebody asked for a run now, beside the schedule."""

    export: ExportId


class ExportRan(Event, frozen=True, kw_only=True, tag="exports.export_ran.v1"):
    """A run that was due at `slot` came to an end: the file with its SHA-256, or why there is none.

    `is_last` says that nothing more is tried for this slot.
    """

    export: ExportId
    slot: int
    attempt: int
    position: int
    rows: int
    bytes: int
    digest: str
    file: str
    error: str
    is_last: bool


class WebhookSet(Event, frozen=True, kw_only=True, tag="exports.webhook_set.v1"):
    """From now on an address is told who enters a segment and who leaves it, from the beginning."""

    webhook: WebhookId
    segment: SegmentId
    url: str


class WebhookDropped(Event, frozen=True, kw_only=True, tag="exports.webhook_dropped.v1"):
    """An address is told nothing more."""

    webhook: WebhookId


class WebhookResumed(Event, frozen=True, kw_only=True, tag="exports.webhook_resumed.v1"):
    """An address that had failed too often is tried again, from where it stopped."""

    webhook: WebhookId


class WebhookTold(Event, frozen=True, kw_only=True, tag="exports.webhook_told.v1"):
    """A message, by its number, was brought to an address, or why it was not; with `is_last` nothing more is tried."""

    webhook: WebhookId
    sequence: int
    changes: int
    error: str
    is_last: bool


class SecretTurned(Event, frozen=True, kw_only=True, tag="exports.secret_turned.v1"):
    """An export or a webhook, named by its public id, signs with a new secret; for a day with the old one, too."""

    subject: str
