"""What goes over the wire of what leaves by itself: exports and webhooks."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from caravan.client.wire.ground import (
    ExportRef,
    Request,
    Response,
    SegmentRef,
    SellerRef,
    Text200,
    Text1000,
    Time,
    WebhookRef,
)
from caravan.client.wire.numbers import NumbersQuestion


class ExportSchedule(Request, frozen=True, kw_only=True):
    """Every hour at a minute (":15"), every day at a time ("06:00"), or every week on a weekday, in a time zone."""

    every: Literal["hour", "day", "week"] = "day"
    at: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3])?:[0-5][0-9]$", examples=["06:00"])] = "06:00"
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    zone: Annotated[str, Meta(max_length=60)] = "UTC"


class NewExport(Request, frozen=True, kw_only=True):
    """An answer, or who is in a segment, to leave on a schedule; one of the same name is set anew.

    With `last_days` the question is of so many whole days before each run. Without a `url`, Caravan keeps the last `kept`
    files; with one, each is sent there, signed; {slot} in it stands for the time at which the run was due.
    """

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    question: NumbersQuestion | None = None
    last_days: Annotated[int, Meta(ge=0, le=731)] = 0
    segment: SegmentRef | None = None
    format: Literal["csv", "parquet", "json"] = "csv"
    schedule: ExportSchedule = ExportSchedule()
    url: Text1000 = ""
    method: Literal["POST", "PUT"] = "POST"
    kept: Annotated[int, Meta(ge=1, le=400)] = 30


class ExportFileQuery(Request, frozen=True, kw_only=True):
    """Which file of an export: its name, or the newest."""

    file: Text200 = ""


class NewWebhook(Request, frozen=True, kw_only=True):
    """An HTTPS address to tell who enters a segment and who leaves it."""

    url: Text1000


class ExportRun(Response, frozen=True, kw_only=True):
    """A run that was due at `slot`: the file with its SHA-256 and the position of the log that it shows, or an error."""

    slot: Time
    ran_at: Time
    attempt: int
    position: int
    rows: int
    bytes: int
    sha256: str
    file: str
    error: str
    is_last: bool


class ExportProgress(Response, frozen=True, kw_only=True):
    """How far a run has come that is being made now."""

    began_at: Time
    rows: int
    bytes: int


class Export(Response, frozen=True, kw_only=True):
    """An export with its last runs, the newest first; `secret` is what is sent is signed with, where there is a `url`."""

    id: ExportRef
    name: str
    seller: SellerRef | None
    question: dict[str, Any] | None
    last_days: int
    segment: SegmentRef | None
    format: str
    schedule: ExportSchedule
    url: str
    method: str
    kept: int
    secret: str | None
    set_at: Time
    next_at: Time
    attempts: int
    under_way: ExportProgress | None = None
    runs: list[ExportRun]


class Exports(Response, frozen=True, kw_only=True):
    """Exports, by name."""

    data: list[Export]


class Webhook(Response, frozen=True, kw_only=True):
    """An address that is told about a segment: how many messages have arrived, and how often the next one failed."""

    id: WebhookRef
    segment: SegmentRef
    url: str
    secret: str
    set_at: Time
    sequence: int
    told_at: Time | None
    failures: int
    error: str
    next_at: Time | None
    is_disabled: bool


class Webhooks(Response, frozen=True, kw_only=True):
    """Webhooks, in the order in which they were set."""

    data: list[Webhook]
