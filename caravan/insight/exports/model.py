"""What is remembered of what leaves the house by itself: exports with their last runs, webhooks with where they stand."""

from typing import TypeVar

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import exports as events
from caravan.insight.exports.schedule import Schedule
from caravan.kernel.clock import HOUR, MINUTE, SECOND
from caravan.kernel.event import Event

_Thing = TypeVar("_Thing")

RUNS_KEPT = 30
_RUN_WAITS_FIRST, _RUN_WAITS_MAX = MINUTE, HOUR
_WEBHOOK_WAITS_FIRST, _WEBHOOK_WAITS_MAX = 10 * SECOND, 12 * HOUR
_SCATTER = 2_654_435_761  # Knuth's multiplicative hash: a jitter that replay draws again.


class Run(msgspec.Struct, array_like=True, frozen=True):
    """What a run that was due at `slot` came to: a file, or an error."""

    slot: int
    at: int
    attempt: int
    position: int
    rows: int
    bytes: int
    digest: str
    file: str
    error: str
    is_last: bool


class Export(msgspec.Struct, array_like=True, frozen=True):
    """An export. `done` is the last slot that is through, `asked` one beside the schedule; one that was dropped has no name."""

    export: int
    seller: int
    name: str
    question: str
    last_days: int
    segment: int
    format: str
    schedule: Schedule
    url: str
    method: str
    kept: int
    set_at: int
    done: int = 0
    asked: int = 0
    attempts: int = 0
    retry_at: int = 0
    runs: tuple[Run, ...] = ()


class Webhook(msgspec.Struct, array_like=True, frozen=True):
    """An address that follows a segment: the number of the last message that arrived, and how often the next one failed."""

    webhook: int
    segment: int
    url: str
    set_at: int
    sequence: int = 0
    failures: int = 0
    retry_at: int = 0
    is_disabled: bool = False
    error: str = ""
    told_at: int = 0


class Secret(msgspec.Struct, array_like=True, frozen=True):
    """How often a secret was turned, and when last."""

    turns: int
    turned_at: int


class _State(msgspec.Struct, array_like=True):
    exports: list[Export]
    webhooks: list[Webhook]
    secrets: dict[str, Secret]


_NO_EXPORT = Export(0, 0, "", "", 0, 0, "", Schedule("day", 0), "", "", 0, 0)
_NO_WEBHOOK = Webhook(0, 0, "", 0)


class Exports:
    """Exports and webhooks by number, from 1."""

    name = "exports"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.ExportSet, events.ExportDropped, events.ExportAsked, events.ExportRan, events.WebhookSet,
            events.WebhookDropped, events.WebhookResumed, events.WebhookTold, events.SecretTurned,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.exports: list[Export] = [_NO_EXPORT]
        self.webhooks: list[Webhook] = [_NO_WEBHOOK]
        self.secrets: dict[str, Secret] = {}

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            match event:
                case events.ExportSet():
                    self._set(event)
                case events.ExportDropped():
                    self.exports[event.export] = msgspec.structs.replace(_NO_EXPORT, export=event.export)
                case events.ExportAsked():
                    known = self.exports[event.export]
                    self.exports[event.export] = msgspec.structs.replace(known, asked=event.at, attempts=0, retry_at=0)
                case events.ExportRan():
                    self._ran(event)
                case events.SecretTurned():
                    turns = self.secrets[event.subject].turns if event.subject in self.secrets else 0
                    self.secrets[event.subject] = Secret(turns + 1, event.at)
                case _:
                    self._webhook(event)

    def _webhook(self, event: Event) -> None:
        match event:
            case events.WebhookSet():
                _put(self.webhooks, event.webhook, Webhook(event.webhook, event.segment, event.url, event.at))
            case events.WebhookDropped():
                self.webhooks[event.webhook] = msgspec.structs.replace(_NO_WEBHOOK, webhook=event.webhook)
            case events.WebhookResumed():
                known = self.webhooks[event.webhook]
                self.webhooks[event.webhook] = msgspec.structs.replace(
                    known, failures=0, retry_at=0, is_disabled=False, error=""
                )
            case events.WebhookTold():
                self._told(event)

    def _set(self, event: events.ExportSet) -> None:
        made = Export(
            event.export, event.seller, event.name, event.question, event.last_days, event.segment, event.format,
            Schedule(event.every, event.minute, event.zone, event.weekday), event.url, event.method, event.kept, event.at,
        )  # fmt: skip
        if event.export < len(self.exports) and self.exports[event.export].name:
            made = msgspec.structs.replace(made, runs=self.exports[event.export].runs)
        _put(self.exports, event.export, made)

    def _ran(self, event: events.ExportRan) -> None:
        known = self.exports[event.export]
        run = Run(
            event.slot, event.at, event.attempt, event.position, event.rows, event.bytes, event.digest, event.file,
            event.error, event.is_last,
        )  # fmt: skip
        wait = min(_RUN_WAITS_FIRST << (event.attempt - 1), _RUN_WAITS_MAX)
        is_asked = event.slot == known.asked
        self.exports[event.export] = msgspec.structs.replace(
            known, runs=(*known.runs, run)[-RUNS_KEPT:], attempts=0 if event.is_last else event.attempt,
            retry_at=0 if event.is_last else event.at + wait, asked=0 if is_asked and event.is_last else known.asked,
            done=event.slot if event.is_last and not is_asked else known.done,
        )  # fmt: skip

    def _told(self, event: events.WebhookTold) -> None:
        known = self.webhooks[event.webhook]
        if not event.error:
            made = msgspec.structs.replace(
                known, sequence=event.sequence, failures=0, retry_at=0, error="", told_at=event.at
            )
        else:
            wait = min(_WEBHOOK_WAITS_FIRST * 3**known.failures, _WEBHOOK_WAITS_MAX)
            jitter = (event.webhook * _SCATTER + known.failures) % (wait // 10)
            made = msgspec.structs.replace(
                known, failures=known.failures + 1, retry_at=event.at + wait + jitter, error=event.error,
                is_disabled=event.is_last,
            )  # fmt: skip
        self.webhooks[event.webhook] = made

    def dump(self) -> dict[str, np.ndarray]:
        """Give it as bytes."""
        return {"state": pack(_State(self.exports, self.webhooks, self.secrets))}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take it back."""
        state = unpack(parts, "state", _State)
        self.exports, self.webhooks, self.secrets = state.exports, state.webhooks, state.secrets


def _put(places: list[_Thing], number: int, made: _Thing) -> None:
    if number == len(places):
        places.append(made)
    else:
        places[number] = made
