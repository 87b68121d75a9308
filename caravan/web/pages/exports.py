"""The pages of exports, for the operator and for each seller their own: set, looked at, run, fetched, dropped."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from caravan.client import wire
from caravan.flows import exporting
from caravan.flows.exporting import Named
from caravan.insight import exports, metrics, profiles
from caravan.insight.exports import EVERYBODY, Export, Run, TooManyExports
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ExportId, SegmentId, SellerId, text
from caravan.web import leaving
from caravan.web.pages.forms import Form
from caravan.web.pages.numbers import base_of, own_metrics
from caravan.web.pages.visit import HEADERS, Visit, path_id
from caravan.web.reach import ask, do

_REFUSED = (
    Invalid, NotFound, TooManyExports, metrics.UnknownMetric, metrics.UnknownDimension, metrics.NotYours,
)  # fmt: skip
_SEGMENT = "segment:"
_RUNS_SHOWN = 5


class Shown(NamedTuple):
    """An export in the list: what it is of, when it runs, and how the last runs went."""

    export: Export
    of: str
    when: str
    next_at: int
    runs: Sequence[Run]
    secret: str | None
    progress: exporting.Progress | None


async def overview(visit: Visit) -> Response:
    """Show all exports with their last runs, and a form for one more."""
    return await _show(visit, visit.form)


async def _show(visit: Visit, form: Form, *, status: int = 200, fault: str = "") -> Response:
    seller, now = _seller(visit), visit.caravan.clock.now()
    found = await ask(visit.caravan, lambda house: exports.all_exports(house.exports, seller=seller or EVERYBODY))
    names: dict[int, str] = {}
    if not seller:
        names = await ask(
            visit.caravan, lambda house: {one.segment: one.name for one in profiles.segments(house.profiles)}
        )
    signing = visit.caravan.exporter.signing
    told = await ask(
        visit.caravan, lambda house: [leaving.export_shown(house, one, signing, now=now).secret for one in found]
    )
    shown = [
        Shown(
            one, _of(one, names), _when(one), exports.next_slot(one, now=now), one.runs[: -_RUNS_SHOWN - 1 : -1], secret,
            visit.caravan.exporter.under_way(one.export),
        )
        for one, secret in zip(found, told, strict=True)
    ]  # fmt: skip
    return await visit.show(
        "exports.html", status=status, base=base_of(visit), form=form.fields, fault=fault, kept=shown,
        segments=names, metrics=await run_in_threadpool(own_metrics, visit), weekdays=leaving.WEEKDAYS, area=visit.area,
    )  # fmt: skip


def _of(one: Export, segments: dict[int, str]) -> str:
    if one.segment:
        return segments.get(one.segment, text(SegmentId, one.segment))
    asked = msgspec.json.decode(one.question)
    return ", ".join([*asked["metrics"], *asked.get("by", [])])


def _when(one: Export) -> str:
    told = leaving.schedule_shown(one.schedule)
    every = told.weekday.capitalize() if told.every == "week" else f"Every {told.every}"
    return f"{every}, {told.at} {told.zone}"


async def set_export(visit: Visit) -> Response:
    """Set the export that was put together."""
    form = visit.form
    try:
        setting = leaving.setting_of(_wanted(form), _seller(visit))
        await run_in_threadpool(visit.caravan.exporter.check, setting)
        await do(visit.caravan, exporting.set_export, setting)
    except msgspec.ValidationError as error:
        return await _show(visit, form, status=422, fault=str(error))
    except _REFUSED as refusal:
        return await _show(visit, form, status=422, fault=str(refusal))
    return visit.go(_page(visit), "export_set")


def _wanted(form: Form) -> wire.NewExport:
    of = form.text("of")
    question = None if of.startswith(_SEGMENT) else _question(of, form)
    told = {
        "name": form.text("name"), "question": question, "segment": of.removeprefix(_SEGMENT) if question is None else None,
        "last_days": form.integer("last_days", least=0, most=731, default=0) if question is not None else 0,
        "format": form.text("format"), "url": form.text("url", longest=1_000, is_needed=False), "method": "POST",
        "schedule": {
            "every": form.text("every"), "at": form.text("at"), "weekday": form.text("weekday"), "zone": form.text("zone"),
        },
    }  # fmt: skip
    return msgspec.convert(told, wire.NewExport)


def _question(of: str, form: Form) -> dict[str, object]:
    by = [one.strip() for one in form.text("by", is_needed=False).split(",") if one.strip()]
    return {"metrics": [of], "by": by, "grain": form.text("grain", is_needed=False), "limit": 50_000}


async def run(visit: Visit) -> Response:
    """Ask for a run now."""
    await do(visit.caravan, exporting.ask_export, _named(visit))
    return visit.go(_page(visit), "export_asked")


async def drop(visit: Visit) -> Response:
    """Let an export be no more."""
    await do(visit.caravan, exporting.drop_export, _named(visit))
    return visit.go(_page(visit), "export_dropped")


async def file(visit: Visit) -> Response:
    """Give a file of an export."""
    named = _named(visit)
    known: Export = await ask(
        visit.caravan, lambda house: exports.export_of(house.exports, named.number, seller=named.seller)
    )
    name = visit.request.path_params["name"]
    path = await run_in_threadpool(visit.caravan.exporter.shelf.find, text(ExportId, known.export), name)
    sent = {"Content-Disposition": f'attachment; filename="{name}"'}
    return FileResponse(path, headers=HEADERS | sent, media_type="application/octet-stream")


def _named(visit: Visit) -> Named:
    return Named(path_id(visit, ExportId), _seller(visit))


def _seller(visit: Visit) -> SellerId:
    return SellerId(visit.seller if visit.area == "seller" else 0)


def _page(visit: Visit) -> str:
    return "/operator/exports" if visit.area == "operator" else "/sell/exports"
