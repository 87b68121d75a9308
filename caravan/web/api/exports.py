"""Operations on what leaves by itself: exports on a schedule and their files, and webhooks that follow a segment."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool

from caravan.client import wire
from caravan.flows import exporting, following
from caravan.flows.exporting import Named, Turning
from caravan.flows.house import House
from caravan.insight import exports, metrics
from caravan.insight.exports import EVERYBODY, Export, TooManyExports
from caravan.kernel import ids
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ExportId, WebhookId
from caravan.web import leaving
from caravan.web.api.call import Call, Reply, Show
from caravan.web.api.operations import OPERATOR, SELLER, Operation
from caravan.web.api.problems import MissingScope

_READ, _WRITE = "numbers:read", "numbers:write"
_PROFILES_READ, _PROFILES_WRITE = "profiles:read", "profiles:write"
_FILE = "application/octet-stream"


async def set_export(call: Call) -> Reply:
    """Let an answer, or who is in a segment, leave on a schedule from now on; one of the same name is set anew.

    A seller's exports hold rows of their own only. Who is in a segment may be exported with profiles:read alone.
    """
    new: wire.NewExport = call.body
    if new.segment:
        _require(call, _PROFILES_READ)
    setting = leaving.setting_of(new, call.seller)
    await run_in_threadpool(call.caravan.exporter.check, setting)
    return await call.do(exporting.set_export, setting, _shown(call))


async def list_exports(call: Call) -> Reply:
    """List one's own exports with their last runs; the operator sees everybody's."""

    def found(house: House) -> list[wire.Export]:
        chosen = exports.all_exports(house.exports, seller=EVERYBODY if call.is_operator else call.seller)
        return [_show(call, house, one) for one in chosen]

    return call.say(wire.Exports(data=await call.ask(found)))


async def show_export(call: Call) -> Reply:
    """Show an export with its last runs."""
    return call.say(await call.ask(lambda house: _shown(call)(house, call.ids["export"])))


async def drop_export(call: Call) -> Reply:
    """Let an export be no more, and take its files away."""
    return await call.do(exporting.drop_export, _named(call), lambda _, _number: None)


async def run_export(call: Call) -> Reply:
    """Ask for a run now, beside the schedule."""
    return await call.do(exporting.ask_export, _named(call), _shown(call))


async def turn_export_secret(call: Call) -> Reply:
    """Sign what an export sends with a new secret from now on, for a day with the old one, too."""
    turning = Turning(ids.text(ExportId, call.ids["export"]), call.seller)
    return await call.do(exporting.turn_secret, turning, lambda house, _: _shown(call)(house, call.ids["export"]))


async def fetch_export_file(call: Call) -> Reply:
    """Give a file of an export, or the newest one."""
    query: wire.ExportFileQuery = call.query
    known: Export = await call.ask(
        lambda house: exports.export_of(house.exports, call.ids["export"], seller=call.seller)
    )
    if known.segment:
        _require(call, _PROFILES_READ)
    name = query.file or next((one.file for one in reversed(known.runs) if one.file), "")
    path = await run_in_threadpool(call.caravan.exporter.shelf.find, ids.text(ExportId, known.export), name)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Reply(HTTPStatus.OK, media=_FILE, headers=headers, file=path)


async def set_webhook(call: Call) -> Reply:
    """Tell an HTTPS address who enters a segment and who leaves it: from the beginning, in order, each at least once."""
    new: wire.NewWebhook = call.body
    wanted = following.NewWebhook(call.ids["segment"], new.url)
    call.caravan.teller.check(wanted)
    return await call.do(following.set_webhook, wanted, _webhook_shown(call))


async def list_webhooks(call: Call) -> Reply:
    """List all webhooks, and where they stand."""

    def found(house: House) -> list[wire.Webhook]:
        return [
            leaving.webhook_shown(house, one, call.caravan.teller.signing, now=call.now)
            for one in exports.all_webhooks(house.exports)
        ]

    return call.say(wire.Webhooks(data=await call.ask(found)))


async def drop_webhook(call: Call) -> Reply:
    """Tell an address nothing more."""
    return await call.do(following.drop_webhook, Named(call.ids["webhook"], call.seller), lambda _, _number: None)


async def resume_webhook(call: Call) -> Reply:
    """Try an address again that had failed too often: from where it stopped."""
    return await call.do(following.resume_webhook, Named(call.ids["webhook"], call.seller), _webhook_shown(call))


async def turn_webhook_secret(call: Call) -> Reply:
    """Sign messages with a new secret from now on, for a day with the old one, too."""
    turning = Turning(ids.text(WebhookId, call.ids["webhook"]), call.seller)
    return await call.do(
        exporting.turn_secret, turning, lambda house, _: _webhook_shown(call)(house, call.ids["webhook"])
    )


def _named(call: Call) -> Named:
    return Named(call.ids["export"], call.seller)


def _show(call: Call, house: House, one: Export) -> wire.Export:
    exporter = call.caravan.exporter
    signing, progress = exporter.signing if _has(call, _WRITE) else None, exporter.under_way(one.export)
    return leaving.export_shown(house, one, signing, now=call.now, progress=progress)


def _shown(call: Call) -> Show:
    return lambda house, number: _show(call, house, exports.export_of(house.exports, number, seller=call.seller))


def _webhook_shown(call: Call) -> Show:
    signing = call.caravan.teller.signing
    return lambda house, number: leaving.webhook_shown(
        house, exports.webhook_of(house.exports, number), signing, now=call.now
    )


def _require(call: Call, scope: str) -> None:
    if not _has(call, scope):
        raise MissingScope(f"This needs a token with {scope}.")


def _has(call: Call, scope: str) -> bool:
    return call.bearer is not None and scope in call.bearer.scopes


_ASKED = (metrics.UnknownMetric, metrics.UnknownDimension, metrics.NotYours)
_BOTH = (SELLER, OPERATOR)

OPERATIONS = (
    Operation(
        method="GET", path="/v1/exports", summary="List exports", handler=list_exports, who=_BOTH, scope=_READ,
        response=wire.Exports,
    ),
    Operation(
        method="POST", path="/v1/exports", summary="Set an export", handler=set_export, who=_BOTH, scope=_WRITE,
        request=wire.NewExport, response=wire.Export, refusals=(Invalid, NotFound, TooManyExports, *_ASKED),
    ),
    Operation(
        method="GET", path="/v1/exports/{export}", summary="Show an export", handler=show_export, who=_BOTH, scope=_READ,
        response=wire.Export, refusals=(NotFound,),
    ),
    Operation(
        method="DELETE", path="/v1/exports/{export}", summary="Drop an export", handler=drop_export, who=_BOTH, scope=_WRITE,
        status=HTTPStatus.NO_CONTENT, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/exports/{export}/run", summary="Run an export now", handler=run_export, who=_BOTH,
        scope=_WRITE, response=wire.Export, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/exports/{export}/turn", summary="Turn an export's secret", handler=turn_export_secret,
        who=_BOTH, scope=_WRITE, response=wire.Export, refusals=(NotFound,),
    ),
    Operation(
        method="GET", path="/v1/exports/{export}/file", summary="Fetch a file of an export", handler=fetch_export_file,
        who=_BOTH, scope=_READ, query=wire.ExportFileQuery, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/segments/{segment}/webhooks", summary="Set a webhook", handler=set_webhook, who=(OPERATOR,),
        scope=_PROFILES_WRITE, request=wire.NewWebhook, response=wire.Webhook,
        refusals=(Invalid, NotFound, TooManyExports),
    ),
    Operation(
        method="GET", path="/v1/webhooks", summary="List webhooks", handler=list_webhooks, who=(OPERATOR,),
        scope=_PROFILES_WRITE, response=wire.Webhooks,
    ),
    Operation(
        method="DELETE", path="/v1/webhooks/{webhook}", summary="Drop a webhook", handler=drop_webhook, who=(OPERATOR,),
        scope=_PROFILES_WRITE, status=HTTPStatus.NO_CONTENT, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/webhooks/{webhook}/resume", summary="Resume a webhook", handler=resume_webhook,
        who=(OPERATOR,), scope=_PROFILES_WRITE, response=wire.Webhook, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/webhooks/{webhook}/turn", summary="Turn a webhook's secret", handler=turn_webhook_secret,
        who=(OPERATOR,), scope=_PROFILES_WRITE, response=wire.Webhook, refusals=(NotFound,),
    ),
)  # fmt: skip
