"""Following: addresses outside are told who enters a segment and who leaves it, in order, at least once, over any stop."""

from typing import NamedTuple

import msgspec
import numpy as np

from caravan.cell import Cell, Decision
from caravan.flows.exporting import Named, Signing
from caravan.flows.house import House, as_facts
from caravan.flows.profiles import Desk
from caravan.flows.tables import identity_text
from caravan.insight import exports, profiles
from caravan.insight.exports import Message, Outbox, Sender, Sent, Told, Webhook
from caravan.insight.profiles import Segment
from caravan.kernel import ids
from caravan.kernel.clock import Instant, iso
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, SegmentId, WebhookId

CHANGES_PER_MESSAGE_MAX = 500
MESSAGES_PER_LOOK_MAX = 40  # So that nobody who has much to be told keeps the others waiting.
_EVENT = "caravan.segment.changed.v1"
_NOBODY, _NONE = np.zeros(0, np.int64), np.zeros(0, bool)


class NewWebhook(NamedTuple):
    """An address to tell about a segment."""

    segment: int
    url: str


def set_webhook(house: House, new: NewWebhook, *, now: Instant) -> Decision:
    """Tell an address about a segment from now on; give the webhook's number."""
    profiles.segment_of(house.profiles, new.segment)
    fact = exports.set_webhook(house.exports, segment=new.segment, url=new.url, now=now)
    return Decision(as_facts(fact), lambda: fact.webhook)


def drop_webhook(house: House, named: Named, *, now: Instant) -> Decision:
    """Tell an address nothing more; give the webhook's number."""
    return Decision(as_facts(exports.drop_webhook(house.exports, named.number, now=now)), lambda: named.number)


def resume_webhook(house: House, named: Named, *, now: Instant) -> Decision:
    """Try an address again; give the webhook's number."""
    return Decision(as_facts(exports.resume_webhook(house.exports, named.number, now=now)), lambda: named.number)


def note_told(house: House, told: Told, *, now: Instant) -> Decision:
    """Note what came of a message; give the webhook's number."""
    return Decision(as_facts(exports.note_told(house.exports, told, now=now)), lambda: told.webhook)


class _Due(NamedTuple):
    webhook: Webhook
    segment: Segment
    secrets: list[bytes]


class Teller:
    """Tells addresses what has changed for them. A message is written down before it goes, and goes again as it was."""

    def __init__(self, cell: Cell[House], *, desk: Desk, outbox: Outbox, sender: Sender, signing: Signing) -> None:
        self._cell, self._desk, self._outbox = cell, desk, outbox
        self.sender, self.signing = sender, signing
        self._known: frozenset[str] | None = None

    def check(self, new: NewWebhook) -> None:
        """Refuse an address that is not to be reached."""
        self.sender.check(new.url)

    def see_to_due(self) -> int:
        """Tell everybody whose time has come what there is to tell; give how many messages arrived."""
        now = self._cell.clock.now()
        due, names = self._cell.ask(self._look, now)
        if names != self._known:
            self._outbox.keep_only(names)
            self._known = names
        arrived = 0
        for _ in range(MESSAGES_PER_LOOK_MAX):
            ready = [(one, sent) for one in due if (sent := self._next(one)) is not None]
            if not ready:
                break
            brought = self.sender.bring([self._message(one, sent) for one, sent in ready], now=self._cell.clock.now())
            due = []
            for (one, sent), came in zip(ready, brought, strict=True):
                if not came.error:
                    self._outbox.save(_name(one.webhook), _taken(sent))
                    due.append(one)
                    arrived += 1
                self._note(Told(one.webhook.webhook, sent.sequence, len(sent.pending), came.error, came.is_gone))
        return arrived

    def _look(self, house: House, now: Instant) -> tuple[list[_Due], frozenset[str]]:
        due = [
            _Due(
                one, profiles.segment_of(house.profiles, one.segment),
                self.signing.secrets(house, ids.text(WebhookId, one.webhook), now),
            )
            for one in exports.due_webhooks(house.exports, now=now)
        ]  # fmt: skip
        return due, frozenset(_name(one) for one in exports.all_webhooks(house.exports))

    def _next(self, one: _Due) -> Sent | None:
        """Give the message that is under way, or the next one, written down; None where nothing has changed."""
        known = self._outbox.load(_name(one.webhook))
        if known is not None and known.is_pending:
            return known
        before = known.keys if known is not None else _NOBODY
        members = self._desk.members(one.segment).keys
        left = np.setdiff1d(before, members, assume_unique=True)
        entered = np.setdiff1d(members, before, assume_unique=True)
        if known is not None and not len(left) and not len(entered):
            return None
        pending = np.concatenate((left, entered))[:CHANGES_PER_MESSAGE_MAX]
        has_entered = np.arange(len(pending)) >= len(left)
        last = max(known.sequence if known is not None else 0, one.webhook.sequence)
        sent = Sent(last + 1, before, pending, has_entered, is_pending=True, is_reset=known is None)
        self._outbox.save(_name(one.webhook), sent)
        return sent

    def _message(self, one: _Due, sent: Sent) -> Message:
        subject, now = ids.text(WebhookId, one.webhook.webhook), self._cell.clock.now()
        segment, name = ids.text(SegmentId, one.segment.segment), f"{subject}.{sent.sequence}"
        changes = [
            {
                "identity": identity_text(key), "buyer": ids.text(BuyerId, -key) if key < 0 else None,
                "has_entered": has_entered,
            }
            for key, has_entered in zip(sent.pending.tolist(), sent.has_entered.tolist(), strict=True)
        ]  # fmt: skip
        body = {
            "specversion": "1.0", "id": name, "source": f"/v1/segments/{segment}", "type": _EVENT, "subject": segment,
            "time": iso(now), "datacontenttype": "application/json",
            "data": {
                "segment": segment, "name": one.segment.name, "purpose": one.segment.purpose, "sequence": sent.sequence,
                "is_reset": sent.is_reset, "changes": changes,
            },
        }  # fmt: skip
        media = "application/cloudevents+json"
        return Message(one.webhook.url, "POST", name, media, msgspec.json.encode(body), one.secrets)

    def _note(self, told: Told) -> None:
        try:
            self._cell.do(note_told, told)
        except NotFound:
            self._known = None  # It was dropped meanwhile.


def _taken(sent: Sent) -> Sent:
    """Give what a subscriber has once a message arrived."""
    keys = np.setdiff1d(sent.keys, sent.pending[~sent.has_entered], assume_unique=True)
    keys = np.union1d(keys, sent.pending[sent.has_entered])
    return Sent(sent.sequence, keys, _NOBODY, _NONE, is_pending=False, is_reset=False)


def _name(one: Webhook) -> str:
    """Name what an address has: one that was set anew begins anew."""
    return f"{ids.text(WebhookId, one.webhook)}-{one.set_at}"
