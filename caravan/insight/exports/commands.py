"""What you can tell exports: set them, drop them, ask for a run, note how one went; the same for webhooks."""

import re
from typing import NamedTuple

from caravan.events import exports as events
from caravan.insight.exports.model import Export, Exports, Webhook
from caravan.insight.exports.queries import export_of, webhook_of
from caravan.insight.exports.schedule import Schedule, checked
from caravan.kernel import ids
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import ExportId, SegmentId, SellerId, WebhookId

EXPORTS_MAX = 500
EXPORTS_PER_SELLER_MAX = 10
WEBHOOKS_MAX = 50
ATTEMPTS_MAX = 8
FAILURES_MAX = 12
KEPT_MAX = 400
LAST_DAYS_MAX = 731
URL_CHARACTERS_MAX = 1_000
FORMATS = ("csv", "parquet", "json")
METHODS = ("POST", "PUT")
_ERROR_CHARACTERS_MAX = 300
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class TooManyExports(Refusal):
    """There are as many exports, or webhooks, as there can be: drop one first."""


class Wanted(NamedTuple):
    """An export to set: a question as JSON, or a segment; as what, when, and where to."""

    name: str
    question: str
    segment: int
    format: str
    schedule: Schedule
    url: str = ""
    method: str = "POST"
    kept: int = 30
    last_days: int = 0


def set_export(exports: Exports, wanted: Wanted, *, seller: SellerId, now: Instant) -> events.ExportSet:
    """Let something leave on a schedule from now on; one of the same name is set anew. `seller` 0 is the operator."""
    if not _NAME.fullmatch(wanted.name):
        raise Invalid("An export's name has 1 to 60 lower-case letters, digits, - and _.", field="name")
    if bool(wanted.question) == bool(wanted.segment):
        raise Invalid("An export is of a question, or of a segment.", field="question")
    if wanted.segment and seller:
        raise Invalid("Segments are the operator's.", field="segment")
    if wanted.format not in FORMATS:
        raise Invalid(f"A format is one of {', '.join(FORMATS)}.", field="format")
    if not 1 <= wanted.kept <= KEPT_MAX or not 0 <= wanted.last_days <= LAST_DAYS_MAX:
        raise Invalid(f"1 to {KEPT_MAX} files are kept, of the last 0 to {LAST_DAYS_MAX} days.", field="kept")
    if wanted.method not in METHODS or len(wanted.url) > URL_CHARACTERS_MAX:
        raise Invalid(f"A file is sent by {' or '.join(METHODS)}.", field="method")
    schedule = checked(wanted.schedule)
    return events.ExportSet(
        at=now, export=ExportId(_place(exports, wanted.name, seller)), seller=seller, name=wanted.name,
        question=wanted.question, last_days=wanted.last_days, segment=SegmentId(wanted.segment), format=wanted.format,
        every=schedule.every, weekday=schedule.weekday, minute=schedule.minute, zone=schedule.zone, url=wanted.url,
        method=wanted.method, kept=wanted.kept,
    )  # fmt: skip


def _place(exports: Exports, name: str, seller: int) -> int:
    known = exports.exports
    same = next((one.export for one in known if one.name == name and one.seller == seller), 0)
    if same:
        return same
    own = sum(1 for one in known if one.name and one.seller == seller)
    if seller and own >= EXPORTS_PER_SELLER_MAX:
        raise TooManyExports
    # The number of one that was dropped is not used again: its secret was somebody else's.
    if sum(1 for one in known if one.name) >= EXPORTS_MAX:
        raise TooManyExports
    return len(known)


def drop_export(exports: Exports, export: int, *, seller: SellerId, now: Instant) -> events.ExportDropped:
    """Let an export be no more. Refuses an unknown one, or another seller's, with NotFound."""
    return events.ExportDropped(at=now, export=ExportId(export_of(exports, export, seller=seller).export))


def ask_export(exports: Exports, export: int, *, seller: SellerId, now: Instant) -> events.ExportAsked:
    """Ask for a run now. Refuses an unknown export, or another seller's, with NotFound."""
    return events.ExportAsked(at=now, export=ExportId(export_of(exports, export, seller=seller).export))


class Outcome(NamedTuple):
    """How a run went: the file, or an error; `is_final` where trying again would change nothing."""

    export: int
    slot: int
    position: int = 0
    rows: int = 0
    bytes: int = 0
    digest: str = ""
    file: str = ""
    error: str = ""
    is_final: bool = False


def note_run(exports: Exports, outcome: Outcome, *, now: Instant) -> events.ExportRan:
    """Note how a run went. Refuses one of an export that is no more with NotFound."""
    known: Export = export_of(exports, outcome.export)
    attempt = known.attempts + 1
    return events.ExportRan(
        at=now, export=ExportId(outcome.export), slot=outcome.slot, attempt=attempt, position=outcome.position,
        rows=outcome.rows, bytes=outcome.bytes, digest=outcome.digest, file=outcome.file,
        error=outcome.error[:_ERROR_CHARACTERS_MAX],
        is_last=not outcome.error or outcome.is_final or attempt >= ATTEMPTS_MAX,
    )  # fmt: skip


def set_webhook(exports: Exports, *, segment: int, url: str, now: Instant) -> events.WebhookSet:
    """Tell an address who enters a segment and who leaves it from now on; one that is told already is told from the beginning."""
    if not url or len(url) > URL_CHARACTERS_MAX:
        raise Invalid(f"An address has 1 to {URL_CHARACTERS_MAX} characters.", field="url")
    known = exports.webhooks
    same = next((one.webhook for one in known if one.url == url and one.segment == segment), 0)
    if not same and sum(1 for one in known if one.url) >= WEBHOOKS_MAX:
        raise TooManyExports
    return events.WebhookSet(at=now, webhook=WebhookId(same or len(known)), segment=SegmentId(segment), url=url)


def drop_webhook(exports: Exports, webhook: int, *, now: Instant) -> events.WebhookDropped:
    """Tell an address nothing more. Refuses an unknown one with NotFound."""
    return events.WebhookDropped(at=now, webhook=WebhookId(webhook_of(exports, webhook).webhook))


def resume_webhook(exports: Exports, webhook: int, *, now: Instant) -> events.WebhookResumed:
    """Try an address again that had failed too often, or at once instead of later. Refuses an unknown one with NotFound."""
    return events.WebhookResumed(at=now, webhook=WebhookId(webhook_of(exports, webhook).webhook))


class Told(NamedTuple):
    """What came of a message to an address; `is_gone` when the address is never to be told again."""

    webhook: int
    sequence: int
    changes: int
    error: str = ""
    is_gone: bool = False


def note_told(exports: Exports, told: Told, *, now: Instant) -> events.WebhookTold:
    """Note what came of a message; after 12 failures in a row an address is told nothing more until it is resumed."""
    known: Webhook = webhook_of(exports, told.webhook)
    return events.WebhookTold(
        at=now, webhook=WebhookId(told.webhook), sequence=told.sequence, changes=told.changes,
        error=told.error[:_ERROR_CHARACTERS_MAX],
        is_last=bool(told.error) and (told.is_gone or known.failures + 1 >= FAILURES_MAX),
    )  # fmt: skip


def turn_secret(exports: Exports, subject: str, *, seller: SellerId, now: Instant) -> events.SecretTurned:
    """Sign what an export or a webhook sends with a new secret. Refuses what is not there with NotFound."""
    if subject.startswith("exp_"):
        export_of(exports, ids.number(ExportId, subject), seller=seller)
    else:
        webhook_of(exports, ids.number(WebhookId, subject))
    return events.SecretTurned(at=now, subject=subject)


def drop_all_of(exports: Exports, segment: int, *, now: Instant) -> list[events.ExportDropped | events.WebhookDropped]:
    """Let nothing of a segment leave any more: it is no more."""
    gone: list[events.ExportDropped | events.WebhookDropped] = [
        events.ExportDropped(at=now, export=ExportId(one.export))
        for one in exports.exports
        if one.name and one.segment == segment
    ]
    gone += [
        events.WebhookDropped(at=now, webhook=WebhookId(one.webhook))
        for one in exports.webhooks
        if one.url and one.segment == segment
    ]
    return gone
