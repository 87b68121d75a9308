"""What you can ask exports: which there are, which are due, what signs what they send."""

from collections.abc import Sequence

from caravan.insight.exports.model import Export, Exports, Webhook
from caravan.insight.exports.schedule import slot_after, slot_before
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.errors import NotFound

EVERYBODY = -1


def all_exports(exports: Exports, *, seller: int = EVERYBODY) -> list[Export]:
    """Give exports by name: a seller's, the operator's (0), or everybody's."""
    found = [one for one in exports.exports if one.name and seller in {EVERYBODY, one.seller}]
    return sorted(found, key=lambda one: (one.seller, one.name))


def export_of(exports: Exports, export: int, *, seller: int = EVERYBODY) -> Export:
    """Give an export. Refuses an unknown one, or one of somebody else's, with NotFound; the operator (0) sees all."""
    known = exports.exports
    if not 0 < export < len(known) or not known[export].name or seller not in {EVERYBODY, 0, known[export].seller}:
        raise NotFound("There is no such export.")
    return known[export]


def export_called(exports: Exports, name: str, *, seller: int = 0) -> Export:
    """Give an export by its name. Refuses an unknown one with NotFound."""
    for one in exports.exports:
        if name and one.name == name and one.seller == seller:
            return one
    raise NotFound(f"There is no export {name[:60]!r}.")


def due_exports(kept: Sequence[Export], *, now: Instant) -> list[tuple[Export, int]]:
    """Give those of some exports whose time has come, each with its slot; of slots that were missed, the last one alone."""
    found = []
    for one in kept:
        if not one.name or one.retry_at > now:
            continue
        slot = one.asked or slot_before(one.schedule, now)
        if one.asked or slot > max(one.done, one.set_at):
            found.append((one, slot))
    return found


def next_slot(export: Export, *, now: Instant) -> Instant:
    """Say when an export is due next; now, if it is due."""
    slot = slot_before(export.schedule, now)
    if export.asked or slot > max(export.done, export.set_at):
        return Instant(max(export.retry_at, now))
    return slot_after(export.schedule, now)


def all_webhooks(exports: Exports, *, segment: int = 0) -> list[Webhook]:
    """Give all webhooks, or those of a segment."""
    return [one for one in exports.webhooks if one.url and segment in {0, one.segment}]


def webhook_of(exports: Exports, webhook: int) -> Webhook:
    """Give a webhook. Refuses an unknown one with NotFound."""
    if not 0 < webhook < len(exports.webhooks) or not exports.webhooks[webhook].url:
        raise NotFound("There is no such webhook.")
    return exports.webhooks[webhook]


def due_webhooks(exports: Exports, *, now: Instant) -> list[Webhook]:
    """Give the webhooks that may be told something now."""
    return [one for one in exports.webhooks if one.url and not one.is_disabled and one.retry_at <= now]


def secret_turns(exports: Exports, subject: str, *, now: Instant) -> list[int]:
    """Give the turns whose secrets sign now, the newest first: for a day after a turn the one before, too."""
    known = exports.secrets.get(subject)
    if known is None:
        return [0]
    return [known.turns, known.turns - 1] if now < known.turned_at + DAY else [known.turns]
