"""Selling: a business applies and is let in, puts products on offer, and brings its stock."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.cell import Batch, Decision, Section
from caravan.flows.house import House, as_facts, integers, one_by_one
from caravan.insight import identity
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.event import Event
from caravan.kernel.ids import ListingId, LocationId, ProductId, SellerId, SkuId
from caravan.trade import catalog, ledger
from caravan.world import partners

UNITS_PER_RECEIPT_MAX = 10_000_000


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A product with the first listing of each of its options, as a seller puts it up.

    With `product` given, the offer joins that page instead of making a new one; with `joins_page`, it joins the page
    that was made under the same reference, where there is one.
    """

    page: catalog.ProductDraft | None = None
    product: ProductId = ProductId(0)
    options: tuple[tuple[str, catalog.ListingDraft], ...]
    is_live: bool = True
    joins_page: bool = False


class Offered(NamedTuple):
    """What an offer became."""

    product: ProductId
    listings: tuple[ListingId, ...]


class Receipt(NamedTuple):
    """Stock that came in (or, below zero, was taken out) at locations, in columns; int64 [n].

    Without `locations`, or where one is 0, it is the listing's own.
    """

    listings: np.ndarray
    quantities: np.ndarray
    at: np.ndarray
    locations: np.ndarray | None = None


def apply_to_sell(house: House, applications: Sequence[partners.Application], *, now: Instant) -> Decision:
    """Take applications, each with the one location that it sends from; give the seller numbers."""
    facts: list[Event] = []
    first, first_location = len(house.partners.sellers), len(house.partners.locations)
    for place, application in enumerate(applications):
        seller = SellerId(first + place)
        facts.append(partners.apply_to_sell(house.partners, application, seller=seller, now=now))
        location = LocationId(first_location + place)
        facts.append(partners.open_location(application, location=location, seller=seller, now=now))
    return Decision(as_facts(*facts), lambda: [SellerId(first + place) for place in range(len(applications))])


class Applicant(NamedTuple):
    """A business that asks to sell, and the login that it will have."""

    application: partners.Application
    email_mark: bytes
    password_hash: bytes


def apply_with_login(house: House, applicant: Applicant, *, now: Instant) -> Decision:
    """Take an application together with its login, both or neither; give the seller's number."""
    seller = SellerId(len(house.partners.sellers))
    applied = apply_to_sell(house, [applicant.application], now=now)
    login = identity.set_password(
        house.identity,
        audience="seller",
        subject=seller,
        email_mark=applicant.email_mark,
        password_hash=applicant.password_hash,
        now=now,
    )
    return Decision([*applied.facts, *as_facts(login)], lambda: seller)


def approve_sellers(house: House, sellers: Sequence[SellerId], *, now: Instant) -> Decision:
    """Let sellers in."""
    facts = [partners.approve(house.partners, seller=seller, now=now) for seller in sellers]
    return Decision(as_facts(*facts), lambda: list(sellers))


class Suspension(NamedTuple):
    """The operator stops a seller, and says why."""

    seller: SellerId
    why: str


def suspend_seller(house: House, suspension: Suspension, *, now: Instant) -> Decision:
    """Stop a seller from taking new orders."""
    fact = partners.suspend(house.partners, seller=suspension.seller, why=suspension.why, now=now)
    return Decision(as_facts(fact), lambda: suspension.seller)


class Offers(NamedTuple):
    """Several offers of one or more sellers; as many sellers as offers."""

    sellers: Sequence[SellerId]
    offers: Sequence[Offer]


def offer_products(house: House, wanted: Offers, *, now: Instant) -> Decision:
    """Put products on offer; give an Offered for each. Refuses sellers who are not let in."""
    draft = _Draft(house)
    offered = [
        _offer(house, seller, offer, draft, now=now)
        for seller, offer in zip(wanted.sellers, wanted.offers, strict=True)
    ]
    return Decision(as_facts(*draft.pages, *draft.skus, *draft.listings, *draft.published), lambda: offered)


class _Draft:
    """What one decision adds to the catalog, by kind, so that each kind is one run of columns."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.pages: list[Event] = []
        self.skus: list[Event] = []
        self.listings: list[Event] = []
        self.published: list[Event] = []
        self._products: dict[str, ProductId] = {}  # by reference, of pages in this draft
        self._options: dict[tuple[ProductId, str], SkuId] = {}

    def page(self, offer: Offer, seller: SellerId, *, now: Instant) -> ProductId:
        """Give the page that an offer is on, making it where it has to be."""
        if offer.page is None:
            return catalog.product_of(self._house.catalog, offer.product).product
        reference = offer.page.reference
        if offer.joins_page and reference:
            known = self._house.catalog.pages.get(reference) or self._products.get(reference)
            if known:
                return known
        product = ProductId(len(self._house.catalog.products) + len(self.pages))
        self.pages.append(catalog.add_product(self._house.catalog, offer.page, product=product, seller=seller, now=now))
        self._products[reference] = product
        return product

    def sku(self, product: ProductId, option: str, *, now: Instant) -> SkuId:
        """Give the SKU of an option, making it where it has to be."""
        if product < len(self._house.catalog.products):
            for sku in self._house.catalog.products[product].skus:
                if self._house.catalog.skus[sku].option == option:
                    return sku
        if (product, option) not in self._options:
            sku = SkuId(len(self._house.catalog.skus) + len(self.skus))
            self.skus.append(catalog.add_sku(self._house.catalog, sku=sku, product=product, option=option, now=now))
            self._options[product, option] = sku
        return self._options[product, option]

    def next_listing(self) -> ListingId:
        return ListingId(len(self._house.catalog.listings) + len(self.listings))


def _offer(house: House, seller: SellerId, offer: Offer, draft: _Draft, *, now: Instant) -> Offered:
    merchant = partners.seller_of(house.partners, seller)
    if merchant.status != partners.SellerStatus.ACTIVE:
        raise partners.SellerNotActive("The operator has not let this seller in.")
    market = house.markets.market
    if not offer.options:
        raise Invalid("An offer has at least one option.", field="options")
    product = draft.page(offer, seller, now=now)
    listings = []
    for option, terms in offer.options:
        if market is not None and terms.currency != market.currency:
            raise Invalid(f"This market trades in {market.currency}.", field="currency")
        sku, listing = draft.sku(product, option, now=now), draft.next_listing()
        draft.listings.append(
            catalog.add_listing(
                house.catalog, terms, listing=listing, seller=seller, sku=sku, location=merchant.locations[0], now=now
            )
        )
        if offer.is_live:
            is_reviewed = house.markets.policy.reviews_listings
            draft.published.append(catalog.publish_new(listing=listing, is_reviewed=is_reviewed, now=now))
        listings.append(listing)
    return Offered(product, tuple(listings))


class Move(NamedTuple):
    """A listing is to go to another state; `seller` is 0 for the operator."""

    seller: SellerId
    listing: ListingId
    to: catalog.ListingStatus
    why: str = ""


def move_listing(house: House, move: Move, *, now: Instant) -> Decision:
    """Move a listing through its states. A seller can move only their own, and not out of review or suspension."""
    own_listing(house, seller=move.seller, listing=move.listing)
    state = catalog.ListingStatus(house.catalog.listings.status[move.listing])
    operators = {catalog.ListingStatus.IN_REVIEW, catalog.ListingStatus.SUSPENDED}
    is_operators = move.to == catalog.ListingStatus.SUSPENDED or (
        move.to == catalog.ListingStatus.LIVE and state in operators
    )
    to = move.to
    if move.seller and is_operators:
        raise catalog.WrongListingState("Only the operator can do that.")
    if (
        move.seller
        and to == catalog.ListingStatus.LIVE
        and state == catalog.ListingStatus.DRAFT
        and house.markets.policy.reviews_listings
    ):
        to = catalog.ListingStatus.IN_REVIEW
    facts = catalog.move_listing(house.catalog, listing=move.listing, to=to, now=now, why=move.why)
    return Decision(as_facts(*facts), lambda: move.listing)


class Price(NamedTuple):
    """A listing is to have another price; `seller` is 0 for the operator."""

    seller: SellerId
    listing: ListingId
    price_minor: int
    shipping_minor: int
    by: str
    revision: int | None = None


def reprice(house: House, price: Price, *, now: Instant) -> Decision:
    """Give a listing another price."""
    own_listing(house, seller=price.seller, listing=price.listing)
    fact = catalog.reprice(
        house.catalog, listing=price.listing, price_minor=price.price_minor, shipping_minor=price.shipping_minor,
        by=price.by, revision=price.revision, now=now,
    )  # fmt: skip
    return Decision(as_facts(fact), lambda: price.listing)


class Edit(NamedTuple):
    """A product page is to read differently; `seller` is 0 for the operator."""

    seller: SellerId
    product: ProductId
    draft: catalog.ProductDraft
    by: str
    revision: int | None = None


def edit_product(house: House, edit: Edit, *, now: Instant) -> Decision:
    """Change a product page. A seller can change only a page that they made."""
    page = catalog.product_of(house.catalog, edit.product)
    if edit.seller and page.seller != edit.seller:
        raise NotFound("There is no such product of yours.")
    fact = catalog.edit_product(
        house.catalog, edit.draft, product=edit.product, revision=edit.revision, by=edit.by, now=now
    )
    return Decision(as_facts(fact), lambda: edit.product)


def own_listing(house: House, *, seller: SellerId, listing: ListingId) -> None:
    """Refuse a listing that is not this seller's as not found; the operator (0) may name any."""
    table = house.catalog.listings
    if not 0 < listing < len(table) or (seller and table.seller[listing] != seller):
        raise NotFound("There is no such listing.")


def receive_stock(house: House, receipts: Sequence[Receipt], *, now: Instant) -> Batch:
    """Take stock in; or out, one listing a receipt, where the quantity is below zero. Answers the number of rows taken.

    A receipt is taken whole or refused whole.
    """
    return one_by_one(receipts, lambda receipt, facts: take_stock(house, receipt, facts, now=now))


def take_stock(house: House, receipt: Receipt, facts: list[Section], *, now: Instant) -> int:
    """Take stock in, or out where the quantity is below zero, in the middle of a decision; give how many rows."""
    table = house.catalog.listings
    if (receipt.listings <= 0).any() or (receipt.listings >= len(table)).any():
        raise NotFound("There is no such listing.")
    is_removal = (receipt.quantities < 0).any()
    if (np.abs(receipt.quantities) > UNITS_PER_RECEIPT_MAX).any() or (receipt.quantities == 0).any():
        raise Invalid(f"A receipt is of 1 to {UNITS_PER_RECEIPT_MAX} units.", field="quantity")
    if is_removal and len(receipt.listings) != 1:
        raise Invalid("Units are taken out of one listing at a time.", field="quantity")
    book = house.ledger
    locations, skus = _locations_of(house, receipt), table.sku[receipt.listings]
    accounts = {}
    for kind in (ledger.Kind.AVAILABLE, ledger.Kind.COMMITTED, ledger.Kind.SHIPPED, ledger.Kind.SUPPLIED):
        owners = 0 if kind == ledger.Kind.SUPPLIED else locations
        accounts[kind], opened = ledger.open_accounts(book, kind, owners=owners, units=skus, at=now)
        facts += opened
    rows = np.arange(len(skus))
    legs = ledger.Legs()
    legs.post(rows, accounts=accounts[ledger.Kind.SUPPLIED], amounts=-receipt.quantities)
    legs.post(rows, accounts=accounts[ledger.Kind.AVAILABLE], amounts=receipt.quantities)
    reason = ledger.Reason.STOCK_REMOVED if is_removal else ledger.Reason.STOCK_RECEIVED
    outcomes = ledger.record(book, legs, reason=reason, references=receipt.listings, at=receipt.at)
    facts += outcomes.facts
    if not outcomes.recorded.all():
        assert len(rows) == 1, "Only a removal can be refused, and it is one row."
        # Of this one location: what lies elsewhere can't be taken out here.
        raise ledger.refusal(book, code=int(outcomes.codes[0]), account=int(outcomes.culprits[0]))
    return len(receipt.listings)


def _locations_of(house: House, receipt: Receipt) -> np.ndarray:
    """Give where stock comes in. Refuses another seller's location as not found, and a closed one."""
    own: np.ndarray = house.catalog.listings.location[receipt.listings]
    if receipt.locations is None:
        return own
    known = house.partners.locations
    if (receipt.locations < 0).any() or (receipt.locations >= len(known)).any():
        raise NotFound("There is no such location.")
    found: np.ndarray = np.where(receipt.locations > 0, receipt.locations, own)
    sellers = house.catalog.listings.seller[receipt.listings]
    for location, seller in {*zip(found.tolist(), sellers.tolist(), strict=True)}:
        if known[location].seller != seller:
            raise NotFound("There is no such location.")
        if not known[location].is_open:
            raise partners.WrongLocationState("This location is closed.")
    return found


def stock_receipt(listing: ListingId, quantity: int, *, at: Instant, location: int = 0) -> Receipt:
    """Give the receipt of one listing's units, at its own location or at another."""
    return Receipt(integers(listing), integers(quantity), integers(at), integers(location))
