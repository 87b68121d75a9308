"""Operations on numbers: what there is to ask, and the answers, each within what the caller may see."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool

from caravan.client import wire
from caravan.flows import tables
from caravan.insight import metrics
from caravan.insight.metrics import Viewer
from caravan.kernel.errors import Invalid, NotFound, Outage
from caravan.web import asking
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import OPERATOR, SELLER, Operation

_ARROW = "application/vnd.apache.arrow.stream"
_READ = "numbers:read"


async def query_numbers(call: Call) -> Reply:
    """Answer for metrics by name, cut by dimensions, with everything that is durable now.

    A seller sees rows of their own only. Amounts of money are kept apart by currency, in minor units. With `format` arrow,
    the answer is an Arrow stream with the position in its metadata.
    """
    asked: wire.NumbersQuestion = call.body
    call.limit("numbers", call.token)
    numbers = call.caravan.numbers
    found = numbers.definitions
    answer = await run_in_threadpool(numbers.ask, tables.question_of(found, asked), _viewer(call))
    if asked.format == "arrow":
        return Reply(HTTPStatus.OK, asking.stream_of(tables.table_of(answer)), _ARROW)
    return call.say(asking.answer_of(found, answer, asked.metrics))


async def list_metrics(call: Call) -> Reply:
    """List every metric that the caller may ask for, as it is defined, with the facts that it is made of."""
    return call.say(asking.catalog_of(call.caravan.numbers.definitions, _viewer(call)))


def _viewer(call: Call) -> Viewer:
    assert call.bearer is not None, "An operation for sellers and operators has a bearer."
    return asking.viewer_of(call.bearer.audience, call.bearer.subject)


OPERATIONS = (
    Operation(
        method="POST", path="/v1/query", summary="Ask for numbers", handler=query_numbers, who=(SELLER, OPERATOR), scope=_READ,
        request=wire.NumbersQuestion, response=wire.NumbersAnswer,
        refusals=(
            Invalid, NotFound, Outage, metrics.UnknownMetric, metrics.UnknownDimension, metrics.NotYours, metrics.TooCostly,
        ),
    ),
    Operation(
        method="GET", path="/v1/metrics", summary="List what can be asked", handler=list_metrics, who=(SELLER, OPERATOR),
        scope=_READ, response=wire.Catalog,
    ),
)  # fmt: skip
