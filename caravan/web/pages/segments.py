"""The operator's page of segments, with rules in rows that are counted as they are chosen; and a person's own traits in words."""

from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from caravan.bootstrap import Caravan
from caravan.client import wire
from caravan.flows import following, tables
from caravan.flows import profiles as knowing
from caravan.flows.exporting import Named
from caravan.flows.house import House
from caravan.insight import exports, profiles
from caravan.insight.profiles import TRAITS, Rule, Segment, WrongRule
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ProductId, SegmentId, SellerId, WebhookId, number
from caravan.kernel.money import Money, plain
from caravan.web import leaving
from caravan.web.pages.formats import Formats
from caravan.web.pages.forms import Form
from caravan.web.pages.visit import HEADERS, Visit, path_id
from caravan.web.reach import ask, do

ROWS = 5
_TESTS = {
    "at_least": "is at least", "at_most": "is at most", "equal": "is exactly", "one_of": "is one of", "none_of": "is none of",
    "known": "is known", "unknown": "is unknown",
}  # fmt: skip
_GROUPS = (("Numbers", profiles.NUMBER_TESTS), ("Words", profiles.WORD_TESTS), ("Any", profiles.KNOWN_TESTS))
_SOURCES = (
    ("profiles.", "an estimate learned from how all buyers buy"), ("orders.", "your orders"),
    ("identity.", "your registration"), ("oneid.", "records of yours in other systems"), ("discovery.", "what you looked at"),
    ("catalog.", "the catalog"),
)  # fmt: skip
_DAYS_A_YEAR = 365


class Kept(NamedTuple):
    """A segment in the list: its rule in words, and how many are in it."""

    segment: Segment
    rule: str
    counted: knowing.Counted


class Told(NamedTuple):
    """A trait of a person in words: what it means, the value, where it is from, and for how long that counts."""

    meaning: str
    value: str
    source: str
    kept: str


async def segments(visit: Visit) -> Response:
    """Show all segments, and a rule in the making with how many it holds for."""
    return await _show(visit, Form(dict(visit.request.query_params)))


async def _show(visit: Visit, form: Form, *, status: int = 200, fault: str = "") -> Response:
    desk, counted = visit.caravan.profiles, None
    currency = visit.shop.market().currency
    found = await ask(visit.caravan, lambda house: profiles.segments(house.profiles))
    try:
        told = rule_in(form, currency)
        if told is not None:
            purpose, needs = form.fields.get("purpose", ""), form.has("needs_consent")
            rule = profiles.read_rule(told)
            counted = await run_in_threadpool(desk.count, rule, purpose, needs_consent=needs)
    except (Invalid, WrongRule) as refusal:
        fault = fault or str(refusal)
    kept = await run_in_threadpool(lambda: [_kept(desk, one, currency) for one in found])
    hooks = await ask(visit.caravan, _hooks, visit.caravan)
    return await visit.show(
        "operator_segments.html", status=status, form=form.fields, kept=kept, counted=counted, fault=fault, rows=range(1, ROWS + 1),
        traits=list(TRAITS.values()), groups=[(name, [(one, _TESTS[one]) for one in tests]) for name, tests in _GROUPS],
        currency=currency, hooks=hooks,
    )  # fmt: skip


def _hooks(house: House, caravan: Caravan) -> list[tuple[str, wire.Webhook]]:
    """Give all webhooks, each with its segment's name."""
    signing, now = caravan.teller.signing, caravan.clock.now()
    return [
        (profiles.segment_of(house.profiles, one.segment).name, leaving.webhook_shown(house, one, signing, now=now))
        for one in exports.all_webhooks(house.exports)
    ]


def _kept(desk: knowing.Desk, one: Segment, currency: str) -> Kept:
    rule = knowing.rule_of(one)
    return Kept(one, in_words(rule, currency), desk.count(rule, one.purpose, needs_consent=one.needs_consent))


def rule_in(form: Form, currency: str) -> dict[str, Any] | None:
    """Read the rule in a form's rows; None where all rows are empty. Refuses a value that is none with Invalid."""
    rows = [_row(form, place, currency) for place in range(1, ROWS + 1) if form.fields.get(f"trait{place}")]
    if not rows:
        return None
    return {"any" if form.fields.get("joined") == "any" else "all": rows}


def _row(form: Form, place: int, currency: str) -> dict[str, Any]:
    name, test = form.fields[f"trait{place}"], form.fields.get(f"is{place}", "")
    told: dict[str, Any] = {"trait": name, "is": test}
    if test in profiles.KNOWN_TESTS:
        return told
    kind = TRAITS[name].kind if name in TRAITS else ""
    field = f"value{place}"
    text = form.text(field, is_needed=False)
    if not text:
        raise Invalid(f"Row {place} needs a value.", field=field)
    if test in profiles.WORD_TESTS:
        return told | {"value": [one.strip() for one in text.split(",") if one.strip()]}
    if kind == "money":
        return told | {"value": form.minor(field, currency)}
    try:
        figure = float(text.replace(",", ".").removesuffix("%"))
    except ValueError:
        raise Invalid(f"Row {place} needs a number.", field=field) from None
    return told | {"value": figure / 100 if kind == "share" else figure}


def in_words(rule: Rule, currency: str) -> str:
    """Write a rule as people read it."""
    if isinstance(rule, profiles.Condition):
        value = ", ".join(rule.value) if isinstance(rule.value, tuple) else ""
        if isinstance(rule.value, float):
            value = _number(rule.value, rule.trait.kind, currency)
        return f"{rule.trait.name.replace('_', ' ')} {_TESTS[rule.test]} {value}".strip()
    parts = [
        f"({in_words(one, currency)})" if isinstance(one, profiles.Group) else in_words(one, currency)
        for one in rule.rules
    ]
    return (" and " if rule.is_all else " or ").join(parts)


def _number(value: float, kind: str, currency: str) -> str:
    if kind == "money":
        return f"{plain(round(value), currency)} {currency}"
    return f"{value:.0%}" if kind == "share" else f"{value:g}"


async def set_segment(visit: Visit) -> Response:
    """Set the segment that was put together."""
    form = visit.form
    try:
        rule = rule_in(form, visit.shop.market().currency)
        wanted = knowing.NewSegment(
            form.text("name"), rule or {"all": []}, form.text("purpose"), form.has("needs_consent")
        )
        await do(visit.caravan, knowing.set_segment, wanted)
    except (Invalid, WrongRule, profiles.TooManySegments) as refusal:
        return await _show(visit, form, status=422, fault=str(refusal))
    return visit.go("/operator/segments", "segment_set")


async def drop_segment(visit: Visit) -> Response:
    """Let a segment be no more."""
    await do(visit.caravan, knowing.drop_segment, path_id(visit, SegmentId))
    return visit.go("/operator/segments", "segment_dropped")


async def set_webhook(visit: Visit) -> Response:
    """Tell an address about a segment."""
    form = visit.form
    try:
        wanted = following.NewWebhook(form.id(SegmentId, "segment"), form.text("url", longest=1_000))
        visit.caravan.teller.check(wanted)
        await do(visit.caravan, following.set_webhook, wanted)
    except (Invalid, NotFound, exports.TooManyExports) as refusal:
        return await _show(visit, form, status=422, fault=str(refusal))
    return visit.go("/operator/segments", "webhook_set")


async def resume_webhook(visit: Visit) -> Response:
    """Try an address again."""
    await do(visit.caravan, following.resume_webhook, Named(path_id(visit, WebhookId), SellerId(0)))
    return visit.go("/operator/segments", "webhook_resumed")


async def drop_webhook(visit: Visit) -> Response:
    """Tell an address nothing more."""
    await do(visit.caravan, following.drop_webhook, Named(path_id(visit, WebhookId), SellerId(0)))
    return visit.go("/operator/segments", "webhook_dropped")


async def export(visit: Visit) -> Response:
    """Give everybody in a segment as CSV."""
    segment = path_id(visit, SegmentId)
    known = await ask(visit.caravan, lambda house: profiles.segment_of(house.profiles, segment))
    table, _ = await run_in_threadpool(tables.members_of, visit.caravan.profiles, known)
    named = {"Content-Disposition": f'attachment; filename="{known.name}.csv"'}
    return Response(tables.csv_of(table), headers=HEADERS | named, media_type="text/csv")


async def own_traits(visit: Visit) -> list[Told]:
    """Say to a buyer what is known of them; nothing of whoever asked to be forgotten."""
    try:
        found = await run_in_threadpool(visit.caravan.profiles.person, buyer=visit.buyer)
    except NotFound:
        return []
    known = [one for one in found.traits if one.trait.is_shown and one.value is not None]
    known = await ask(visit.caravan, lambda house: [_named(house, one) for one in known])
    return [
        Told(one.trait.meaning, _worded(one, found, visit.formats), _from(one.trait), _kept_for(one.trait.kept_days))
        for one in known
    ]


def _named(house: House, one: knowing.Source) -> knowing.Source:
    """Give sellers and products by what people call them."""
    if not isinstance(one.value, tuple) or one.trait.name not in {"sellers", "looks"}:
        return one
    if one.trait.name == "sellers":
        return one._replace(value=tuple(house.partners.sellers[number(SellerId, it)].name for it in one.value))
    return one._replace(value=tuple(house.catalog.products[number(ProductId, it)].title for it in one.value))


def _worded(one: knowing.Source, found: knowing.Profile, f: Formats) -> str:
    if isinstance(one.value, tuple):
        return ", ".join(one.value)
    if not isinstance(one.value, float):
        return str(one.value)
    told = _figure(one.value, one.trait.kind, found.currency, f)
    if one.low is None or one.high is None:
        return told
    low, high = (_figure(edge, one.trait.kind, found.currency, f) for edge in (one.low, one.high))
    return f"{told} ({low} … {high})"


def _figure(value: float, kind: str, currency: str, f: Formats) -> str:
    if kind == "money":
        return f.money(Money(round(value), currency))
    if kind == "share":
        return f.share(round(value * 10_000))
    return f.count(int(value)) if float(value).is_integer() else f"{value:.1f}"


def _from(trait: profiles.Trait) -> str:
    return ", ".join(words for start, words in _SOURCES if any(one.startswith(start) for one in trait.sources))


def _kept_for(days: int) -> str:
    return f"{days // _DAYS_A_YEAR} years" if days % _DAYS_A_YEAR == 0 else f"{days} days"
