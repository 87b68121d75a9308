"""The operator's pages on personal lists: what they bring, what can't be told yet, and why a shopper saw a list."""

import re
from functools import partial
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from caravan import bootstrap
from caravan.events.discovery import ListShown
from caravan.flows import comparing, discovering
from caravan.flows.house import House
from caravan.insight import discovery
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ProductId
from caravan.kernel.money import Money, alphabetic
from caravan.web import suggesting
from caravan.web.pages.visit import Visit
from caravan.web.reach import ask, do

_SHARE_MAX = 50
_LOOKS_SHOWN = 12
_NOTHING = "-"
_WORTH_SHOWN = 0.0005  # Less than that would be shown as nothing.
_WEIGHT_DAYS_MAX = 3_650
_WEIGHT_MAX = 10
_WEIGHT = re.compile(r"\d{1,2}([.,]\d{1,6})?")
_FIELDS = {"target": "part"}  # What a rule's fields are called in the form.
_COMPARED = {"end": "comparison_ended", "promote": "challenger_promoted"}
_NAMES = {"spent": "Spent", "bought": "Bought at all", "orders": "Orders", "clicks": "Clicks in lists"}


class Line(NamedTuple):
    """A figure with its difference and interval, as it is shown."""

    name: str
    everybody: str
    held_out: str
    difference: str
    interval: str
    verdict: str


class Shown(NamedTuple):
    """A list that was shown, and where its reasons stand."""

    at: int
    surface: str
    version: str
    products: int
    path: str


class Weighed(NamedTuple):
    """A rule that says how much a part of a worth counts: on which surface ("" is all), until when (0: for good)."""

    rule: str
    surface: str
    weight: str
    ends_at: int


class Part(NamedTuple):
    """A part of what a product is worth: how much it counts in all lists, how much before anybody said, and the rules."""

    name: str
    weight: str
    usual: str
    rules: list[Weighed]


async def overview(visit: Visit) -> Response:
    """Show what lists have brought so far, and the last ones that were shown."""
    return await _overview(visit, wrong={}, status=200)


async def draw(visit: Visit) -> Response:
    """Draw a hold-out, in place of the one before."""
    try:
        share = visit.form.integer("share", least=0, most=_SHARE_MAX)
        await do(visit.caravan, discovering.draw_hold_out, share)
    except Invalid as error:
        return await _overview(visit, wrong={"share": str(error)}, status=400)
    return visit.go("/operator/lists", "hold_out_drawn")


async def compare(visit: Visit) -> Response:
    """Begin to compare a version with the champion, end it, or let the challenger answer everybody."""
    about, deed = visit.form.fields.get("about", ""), visit.form.fields.get("deed", "begin")
    begun = visit.caravan.comparing
    try:
        if deed == "end":
            await run_in_threadpool(begun.end, about)
        elif deed == "promote":
            await run_in_threadpool(begun.promote, about)
        else:
            about, _, version = visit.form.fields.get("version", "").partition(" ")
            share = visit.form.integer("percent", least=1, most=100)
            by, now = visit.form.fields.get("by", "clicks"), visit.caravan.clock.now()
            await run_in_threadpool(partial(begun.begin, about, version, share_percent=share, by=by, now=now))
    except (Invalid, NotFound) as error:
        field = "percent" if error.details.get("field") == "percent" else "version"
        return await _overview(visit, wrong={field: str(error)}, status=400)
    return visit.go("/operator/lists", _COMPARED.get(deed, "comparison_begun"))


async def weigh(visit: Visit) -> Response:
    """Set how much a part of what products are worth counts, or let it count as before."""
    form, do_it = visit.form, partial(do, visit.caravan)
    if form.fields.get("deed") == "lift":
        await do_it(discovering.lift_rule, form.text("rule"))
        return visit.go("/operator/lists", "weight_lifted")
    try:
        part, surface = form.text("part"), form.text("surface", is_needed=False)
        days = form.integer("days", least=0, most=_WEIGHT_DAYS_MAX, default=0)
        ends_at = visit.caravan.clock.now() + days * DAY if days else 0
        name = f"weigh {part} {surface}".strip()
        weight_ppm = round(_weight(form.text("weight")) * 1e6)
        await do_it(
            discovering.set_rule, discovering.NewRule(name, "weigh", part, "", surface, weight_ppm, ends_at)
        )  # fmt: skip
    except Invalid as error:
        field = str(error.details.get("field"))
        return await _overview(visit, wrong={_FIELDS.get(field, field): str(error)}, status=400)
    return visit.go("/operator/lists", "weight_set")


def _weight(text: str) -> float:
    if not _WEIGHT.fullmatch(text) or float(text.replace(",", ".")) > _WEIGHT_MAX:
        raise Invalid(f"A weight is from 0 to {_WEIGHT_MAX}.", field="weight")
    return float(text.replace(",", "."))


def _parts(visit: Visit) -> list[Part]:
    """Give what a product's worth is made of, how much each part counts, and which rules say so."""
    rules, now = list(visit.caravan.advice.tastes.rules.values()), visit.caravan.clock.now()
    usual, weights = discovery.Weights(), discovery.weights_of(rules, "", now)
    return [
        Part(
            name, f"{getattr(weights, name):g}", f"{getattr(usual, name):g}",
            [
                Weighed(rule.rule, rule.surface, f"{rule.worth_ppm / 1e6:g}", rule.ends_at)
                for rule in rules
                if rule.effect == "weigh" and rule.target == name and (not rule.ends_at or rule.ends_at > now)
            ],
        )
        for name in discovery.WEIGHED
    ]  # fmt: skip


async def _overview(visit: Visit, *, wrong: dict[str, str], status: int) -> Response:
    found = await run_in_threadpool(suggesting.proof_of, visit.caravan)
    tastes = visit.caravan.advice.tastes
    unit = alphabetic(tastes.outcomes.unit) if tastes.outcomes.unit else ""
    money = {
        name: _money(visit, getattr(found, f"{name}_minor"), unit)
        for name in ("sales", "influenced", "incremental", "incremental_low", "incremental_high")
    }
    figure = partial(_figure, visit, unit)
    lines = [
        Line(
            _NAMES[one.name], figure(one.name, one.everybody), figure(one.name, one.held_out),
            figure(one.name, one.difference), f"{figure(one.name, one.low_always)} … {figure(one.name, one.high_always)}",
            one.verdict,
        )
        for one in found.effects
    ]  # fmt: skip
    return await visit.show(
        "operator_lists.html", status=status, wrong=wrong, proof=found, lines=lines, money=money,
        since=visit.formats.day(found.drawn_at) if found.drawn_at else "", lists=[_shown(one) for one in reversed(tastes.latest)],
        share=f"{found.share_ppm / 1e4:g}", comparisons=await run_in_threadpool(_comparisons, visit),
        parts=_parts(visit), surfaces=discovery.SURFACES, versions=await run_in_threadpool(_versions, visit), is_begun=bool(found.share_ppm and unit),
    )  # fmt: skip


def _comparisons(visit: Visit) -> list[comparing.Told]:
    return visit.caravan.comparing.told(now=visit.caravan.clock.now())


def _versions(visit: Visit) -> list[tuple[str, str]]:
    """Give what can be compared with a champion: about what, and the version."""
    folders = visit.caravan.comparing.folders.items()
    return [
        (about, version)
        for about, folder in folders
        for version, _ in folder.versions()
        if version != folder.standing().champion
    ]


def _money(visit: Visit, minor: float, unit: str) -> str:
    return visit.formats.money(Money(round(minor), unit)) if unit else _NOTHING


def _figure(visit: Visit, unit: str, name: str, value: float) -> str:
    if name == "spent":
        return _money(visit, value, unit)
    return f"{value:.2%}" if name == "bought" else f"{value:.3f}"


def _shown(one: ListShown) -> Shown:
    path = f"/operator/lists/why?visitor={one.visitor.hex()}&at={one.at}"
    return Shown(one.at, one.surface, one.version, len(one.products), path)


async def why(visit: Visit) -> Response:
    """Show why a visitor saw a list, told anew from the log as it was then."""
    query = visit.request.query_params
    visitor, at = _asked(query.get("visitor", ""), query.get("at", ""))
    known = {(one.visitor, one.at): one.version for one in visit.caravan.advice.tastes.latest}
    if (visitor, at) not in known:
        raise NotFound("That list is not among the last ones.")
    found = await run_in_threadpool(
        bootstrap.why, visit.caravan.settings, visitor=visitor, at=at, version=known[visitor, at]
    )
    products = [
        *found.looked_at[-_LOOKS_SHOWN:], *(one.product for one in found.reasons), *(one.because for one in found.reasons)
    ]  # fmt: skip
    titles = await ask(visit.caravan, _titles, products)
    told = partial(discovering.worths, repute=found.repute, weights=found.weights, now=Instant(at))
    worths = await ask(visit.caravan, told, [one.product for one in found.reasons])
    rows = [
        (place, titles[one.product], f"{one.chance_ppm / 1e4:g}", one.rank or _NOTHING, f"{one.score:.2f}",
         _NOTHING if one.probability is None else f"{one.probability * 100:.2g}",
         suggesting.REASONS.get(one.why, one.why), titles.get(one.because, ""), _worth(worths.get(one.product)))
        for place, one in enumerate(found.reasons, 1)
    ]  # fmt: skip
    looked_at = [titles[product] for product in reversed(found.looked_at[-_LOOKS_SHOWN:])]
    return await visit.show(
        "operator_lists_why.html",
        shown=_shown(found.shown),
        looked_at=looked_at,
        rows=rows,
        is_held_out=found.is_held_out,
    )


def _worth(parts: list[float] | None) -> list[tuple[str, str]]:
    """Name those parts of a worth that count for something."""
    named = zip(discovery.WEIGHED, parts or (), strict=bool(parts))
    return [(name, f"{part:+.3f}") for name, part in named if abs(part) >= _WORTH_SHOWN]


def _asked(visitor: str, at: str) -> tuple[bytes, int]:
    try:
        return bytes.fromhex(visitor), int(at)
    except ValueError:
        raise NotFound("There is no such list.") from None


def _titles(house: House, products: list[int]) -> dict[int, str]:
    pages = house.catalog.products
    return {product: pages[ProductId(product)].title if product else "" for product in products}
