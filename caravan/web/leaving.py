"""Exports and webhooks as doors say them: public ids, times of day and secrets outside, dense numbers inside."""

import base64
from typing import Any

import msgspec

from caravan.client import wire
from caravan.flows.exporting import Progress, Setting, Signing
from caravan.flows.house import House
from caravan.insight import exports
from caravan.insight.exports import Export, Run, Schedule, Wanted, Webhook
from caravan.kernel import ids
from caravan.kernel.clock import Instant, iso
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import ExportId, SegmentId, SellerId, WebhookId

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SECRET = "whsec_"  # noqa: S105 - How Standard Webhooks writes a secret.


def setting_of(new: wire.NewExport, seller: SellerId) -> Setting:
    """Read an export as it was sent. Refuses a segment's id that is none as Invalid."""
    question = ""
    if new.question is not None:
        told = {name: value for name, value in msgspec.to_builtins(new.question).items() if name != "format"}
        question = msgspec.json.encode(told).decode()
    wanted = Wanted(
        name=new.name, question=question, segment=ids.number(SegmentId, new.segment) if new.segment else 0,
        format=new.format, schedule=schedule_of(new.schedule), url=new.url, method=new.method, kept=new.kept,
        last_days=new.last_days,
    )  # fmt: skip
    return Setting(wanted, seller)


def schedule_of(told: wire.ExportSchedule) -> Schedule:
    """Read a schedule. Refuses a time of day without its hour, and an hour's minute with one."""
    hour, _, minute = told.at.partition(":")
    if bool(hour) != (told.every != "hour"):
        raise Invalid('Every hour at a minute is ":15"; every day or week at a time is "06:00".', field="at")
    minutes = int(hour or 0) * 60 + int(minute)
    return Schedule(told.every, minutes, told.zone, WEEKDAYS.index(told.weekday))


def schedule_shown(one: Schedule) -> wire.ExportSchedule:
    """Show a schedule."""
    hour, minute = divmod(one.minute, 60)
    at = f":{minute:02}" if one.every == "hour" else f"{hour:02}:{minute:02}"
    return wire.ExportSchedule(every=one.every, at=at, weekday=WEEKDAYS[one.weekday], zone=one.zone)  # type: ignore[arg-type]


def export_shown(
    house: House, one: Export, signing: Signing | None, *, now: Instant, progress: Progress | None = None
) -> wire.Export:
    """Show an export with its last runs; with its secret to those who may change it, whom `signing` is given for."""
    public = ids.text(ExportId, one.export)
    question: dict[str, Any] | None = msgspec.json.decode(one.question) if one.question else None
    return wire.Export(
        id=public, name=one.name, seller=ids.text(SellerId, one.seller) if one.seller else None, question=question,
        last_days=one.last_days, segment=ids.text(SegmentId, one.segment) if one.segment else None, format=one.format,
        schedule=schedule_shown(one.schedule), url=one.url, method=one.method, kept=one.kept,
        secret=_secret(house, public, signing, now) if one.url and signing is not None else None, set_at=iso(one.set_at),
        next_at=iso(exports.next_slot(one, now=now)), attempts=one.attempts,
        under_way=_progress(progress) if progress is not None else None, runs=[_run(run) for run in reversed(one.runs)],
    )  # fmt: skip


def _progress(one: Progress) -> wire.ExportProgress:
    return wire.ExportProgress(began_at=iso(one.began_at), rows=one.rows, bytes=one.bytes)


def _run(one: Run) -> wire.ExportRun:
    return wire.ExportRun(
        slot=iso(one.slot), ran_at=iso(one.at), attempt=one.attempt, position=one.position, rows=one.rows, bytes=one.bytes,
        sha256=one.digest, file=one.file, error=one.error, is_last=one.is_last,
    )  # fmt: skip


def webhook_shown(house: House, one: Webhook, signing: Signing, *, now: Instant) -> wire.Webhook:
    """Show where a webhook stands."""
    public = ids.text(WebhookId, one.webhook)
    return wire.Webhook(
        id=public, segment=ids.text(SegmentId, one.segment), url=one.url, secret=_secret(house, public, signing, now),
        set_at=iso(one.set_at), sequence=one.sequence, told_at=iso(one.told_at) if one.told_at else None,
        failures=one.failures, error=one.error, next_at=iso(one.retry_at) if one.retry_at and not one.is_disabled else None,
        is_disabled=one.is_disabled,
    )  # fmt: skip


def _secret(house: House, public: str, signing: Signing, now: Instant) -> str:
    return _SECRET + base64.b64encode(signing.secrets(house, public, now)[0]).decode()
