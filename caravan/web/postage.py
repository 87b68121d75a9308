"""Postage: rates and labels of carriers for a seller's parcels, the same for the API and for the pages."""

from typing import NamedTuple

from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import Caravan
from caravan.flows import dispatch, labels, parcels, places
from caravan.flows.house import House
from caravan.flows.postman import Quote, weight_of
from caravan.kernel import ids
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import ParcelId, SellerId
from caravan.kernel.money import alphabetic
from caravan.trade import delivery
from caravan.trade.delivery import Place, Wanted
from caravan.web import access
from caravan.web.papers import AddressUnknown
from caravan.web.reach import ask, do
from caravan.world import partners

WEIGHT_GRAMS_MAX = 1_000_000


class _Known(NamedTuple):
    slip: dispatch.Slip
    sender: Place
    weight_grams: int
    currency: str


def _known(house: House, parcel: ParcelId, seller: SellerId) -> _Known:
    order = parcels.own_parcel(house, parcel, seller)
    delivery.require_packed(house.delivery, parcel)
    owner = partners.seller_of(house.partners, SellerId(int(house.orders.orders.seller[order])))
    at = house.partners.locations[places.sent_from(house, parcel)]
    sender = Place(owner.name, at.line1, at.line2, at.city, at.postcode, at.country)
    return _Known(
        dispatch.slip_of(house, parcel, seller), sender, weight_of(house, parcel),
        alphabetic(int(house.orders.orders.unit[order])),
    )  # fmt: skip


async def weight(caravan: Caravan, parcel: ParcelId) -> int:
    """Give what a parcel's goods weigh by their product pages, in grams; 0 where one does not say."""
    grams: int = await ask(caravan, weight_of, parcel)
    return grams


async def rates(caravan: Caravan, parcel: ParcelId, seller: SellerId, weight_grams: int) -> list[Quote]:
    """Ask what carriers would take for a parcel, the cheapest first; of 0 grams, by what its product pages say.

    Refuses a parcel that has left, one whose weight nobody knows, and one whose address can't be read.
    """
    known: _Known = await ask(caravan, _known, parcel, seller)
    grams = weight_grams or known.weight_grams
    if not grams:
        raise Invalid("Say what the parcel weighs: its product pages don't.", field="weight_grams")

    def quote() -> list[Quote]:
        place = access.place_of(caravan, known.slip.address)
        if place is None:
            raise AddressUnknown
        recipient = Place(place.name, place.line1, place.line2, place.city, place.postcode, place.country)
        wanted = Wanted(ids.text(ParcelId, parcel), known.sender, recipient, grams)
        return caravan.postman.quote(parcel, wanted, known.currency)

    return await run_in_threadpool(quote)


async def buy(caravan: Caravan, parcel: ParcelId, seller: SellerId, rate: str) -> None:
    """Buy a parcel's label at a rate that was quoted, at its seller's expense; what its carrier leaves open is asked again."""
    await ask(caravan, parcels.own_parcel, parcel, seller)
    quoted = caravan.postman.quoted(parcel, rate)
    await do(caravan, labels.buy_label, labels.Buying(parcel, seller, quoted.carrier, quoted.rate))
    await run_in_threadpool(caravan.postman.see_to_labels, only=parcel)


async def void(caravan: Caravan, parcel: ParcelId, seller: SellerId) -> None:
    """Take a parcel's label back; what its carrier leaves open is asked again."""
    await do(caravan, labels.void_label, parcels.Unpacking(parcel, seller))
    await run_in_threadpool(caravan.postman.see_to_labels, only=parcel)
