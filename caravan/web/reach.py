"""How doors reach the cell from asynchronous code: commands, questions, and pages of the views."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import Caravan
from caravan.cell import Answer, Key
from caravan.flows import finding
from caravan.insight.search import EVERYTHING, SELLABLE, Asked, Found
from caravan.kernel.errors import Outage

_VIEWS_WAIT_S = 2.0
_SEARCH_STARTS_S = 10.0


async def do(
    caravan: Caravan,
    flow: Callable[..., Any],
    argument: object,
    *,
    is_many: bool = False,
    key: Key | None = None,
    render: Callable[[object], Answer] | None = None,
) -> Any:  # noqa: ANN401
    """Give a command to the cell and wait until it is durable; the answer, or the refusal raised.

    `is_many` for flows that take a sequence of arguments and decide neighbors together. With a key, `render` turns the
    answer or the refusal into what the door says, and that Answer comes back.
    """
    return await asyncio.wrap_future(caravan.cell.submit(flow, argument, is_many=is_many, key=key, render=render))


async def ask(caravan: Caravan, query: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    """Ask the models: `query(house, *arguments)`; never shows what is not yet durable."""
    future = caravan.cell.inquire(query, *arguments)
    return future.result() if future.done() else await asyncio.wrap_future(future)


async def page(
    caravan: Caravan, query: str, values: Mapping[str, object] | Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    """Read the views, no earlier than everything that was durable when this was called."""
    position = caravan.cell.position
    if caravan.projector.position < position:
        await run_in_threadpool(caravan.projector.wait_for, position, timeout_s=_VIEWS_WAIT_S)
    return await run_in_threadpool(caravan.views.read, query, values)


async def find(caravan: Caravan, asked: Asked) -> Found:
    """Search, no earlier than everything that was durable when this was called; words in vain are written down."""
    position = caravan.cell.position
    if caravan.finder.position < position:
        await run_in_threadpool(caravan.finder.wait_for, position, timeout_s=_VIEWS_WAIT_S)
    if caravan.finder.position < 0 and not await run_in_threadpool(
        caravan.finder.wait_for, position, timeout_s=_SEARCH_STARTS_S
    ):
        raise Outage("Search is being made ready. Try again in a moment.")
    found = await run_in_threadpool(caravan.finder.find, asked)
    is_whole = asked.only in {SELLABLE, EVERYTHING} and not asked.offset
    if found.words and not found.results and is_whole and caravan.finder.is_news(" ".join(found.words)):
        await do(caravan, finding.note_nothing_found, " ".join(found.words))
    return found
