"""What you can ask about partners: who a seller is, and which locations they send from."""

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import LocationId, SellerId
from caravan.world.partners.model import Location, Partners, Seller


def seller_of(partners: Partners, seller: SellerId) -> Seller:
    """Give a seller. Refuses an unknown one with NotFound."""
    if not 0 < seller < len(partners.sellers):
        raise NotFound("There is no such seller.")
    return partners.sellers[seller]


def location_of(partners: Partners, location: LocationId) -> Location:
    """Give a location. Refuses an unknown one with NotFound."""
    if not 0 < location < len(partners.locations):
        raise NotFound("There is no such location.")
    return partners.locations[location]


def open_locations(partners: Partners, seller: SellerId) -> list[Location]:
    """Give the locations that a seller sends from now, in the order in which they were opened."""
    if not 0 < seller < len(partners.sellers):
        return []
    places = (partners.locations[number] for number in partners.sellers[seller].locations)
    return [place for place in places if place.is_open]


def ranked(partners: Partners, seller: SellerId, country: str, region: str) -> list[LocationId]:
    """Give a seller's open locations, the one first that sends first to a destination.

    First those that name its region, then those that name its country, those in it, and all others; within each by
    priority, and then in the order in which they were opened.
    """

    def rank(place: Location) -> tuple[int, int, int]:
        if region and f"{country}-{region}" in place.serves:
            nearness = 0
        elif country and country in place.serves:
            nearness = 1
        else:
            nearness = 2 if country and place.country == country else 3
        return nearness, place.priority, place.location

    return [place.location for place in sorted(open_locations(partners, seller), key=rank)]


def returns_to(partners: Partners, location: LocationId) -> LocationId:
    """Give where units come back to that left a location: where the seller takes returns, else there, else anywhere open."""
    places = open_locations(partners, partners.locations[location].seller)
    for place in places:
        if place.takes_returns:
            return place.location
    if partners.locations[location].is_open or not places:
        return location
    return places[0].location
