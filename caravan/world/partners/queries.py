"""What you can ask about partners: who a seller is."""

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import SellerId
from caravan.world.partners.model import Partners, Seller


def seller_of(partners: Partners, seller: SellerId) -> Seller:
    """Give a seller. Refuses an unknown one with NotFound."""
    if not 0 < seller < len(partners.sellers):
        raise NotFound("There is no such seller.")
    return partners.sellers[seller]
