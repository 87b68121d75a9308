"""How doors have payments seen to: money taken in before anything leaves, and a provider asked while its buyer waits."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import Caravan
from caravan.flows import parcels, paying
from caravan.flows.house import House
from caravan.kernel.ids import ParcelId, SellerId
from caravan.web.reach import ask, do


async def take_in(caravan: Caravan, orders: Sequence[int], seller: SellerId) -> None:
    """Have the money of orders taken in that are about to be handed over, where a card provider keeps it."""
    if not await ask(caravan, _is_outside, orders):
        return
    numbers = await do(caravan, paying.ask_captures, paying.Handing(tuple(orders), seller))
    for number in numbers:
        await see_to(caravan, number)


async def take_in_part(caravan: Caravan, parcel: ParcelId, seller: SellerId) -> None:
    """Have a parcel's part of the money taken in before it is handed over, where a card provider keeps it."""
    if not await ask(caravan, parcels.due_for, parcel):
        return
    for number in await do(caravan, parcels.ask_capture, parcels.Unpacking(parcel, seller)):
        await see_to(caravan, number)


def _is_outside(house: House, orders: Sequence[int]) -> bool:
    return any(order in house.dealings.fundings for order in orders)


async def see_to(caravan: Caravan, payment: int) -> str:
    """Ask about a payment now; give the page where its buyer goes on, or nothing."""
    page: str = await run_in_threadpool(caravan.cashier.see_to, payment)
    return page
