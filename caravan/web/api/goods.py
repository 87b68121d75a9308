"""Operations on what is sold: product pages, search, listings and their stock."""

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from caravan.cell import Decision
from caravan.client import wire
from caravan.flows import selling
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import Instant, iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ListingId, LocationId, ProductId, SellerId
from caravan.kernel.money import Money
from caravan.trade import catalog, ledger
from caravan.web.api import cursors, resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, SELLER, Operation
from caravan.web.api.problems import PreconditionRequired
from caravan.world import partners

WORDS_MAX = 16
_WORD = re.compile(r"\w+")
_Number = Annotated[int, Meta(ge=0, le=2**62)]


class _Place(msgspec.Struct, array_like=True):
    """Where a list of products goes on: the sort it was made for, the value it is sorted by, the product."""

    sort: str
    value: float | None
    product: _Number


class _Sort(NamedTuple):
    value: str
    is_falling: bool


_SORTS = {
    "newest": _Sort("product", is_falling=True),
    "oldest": _Sort("product", is_falling=False),
    "price": _Sort("coalesce(price, 9e18)", is_falling=False),
    "-price": _Sort("coalesce(price, -1)", is_falling=True),
    "sold": _Sort("sold", is_falling=True),
    "relevance": _Sort("rank", is_falling=False),
}
_WEIGHTS = "10.0, 1.0, 5.0, 3.0, 3.0"  # of title, description, brand, category, options


async def list_products(call: Call) -> Reply:
    """Browse or search; the next page begins behind the last product of this one, whatever came in between."""
    query: wire.ProductsQuery = call.query
    words = match_of(query.q)
    if query.q and not words:
        return call.say(wire.Page[wire.ProductOnShelf](data=[], has_more=False, next=None))
    if query.sort == "relevance" and not words:
        raise Invalid("Relevance needs words to search for.", field="sort")
    place = cursors.read(query.after, _Place)
    if place is not None and place.sort != query.sort:
        raise Invalid("This cursor is of another sort.", field="after")
    statement, values = _shelf(query, words, place)
    rows = await call.page(statement, values)
    market = await call.ask(resources.market)
    shown = [on_shelf(row, market.currency) for row in rows[: query.limit]]
    has_more = len(rows) > query.limit
    last = rows[query.limit - 1] if has_more else None
    after = cursors.write(_Place(query.sort, last[-1], last[0])) if last else None
    return call.say(wire.Page[wire.ProductOnShelf](data=shown, has_more=has_more, next=after))


def match_of(text: str) -> str:
    """Give words as an FTS5 query: each quoted, all wanted, the last one as a beginning."""
    words = _WORD.findall(text)[:WORDS_MAX]
    return " ".join(f'"{word}"' for word in words) + "*" if words else ""


def _shelf(query: wire.ProductsQuery, words: str, place: _Place | None) -> tuple[str, dict[str, object]]:
    value, is_falling = _SORTS[query.sort]
    columns = "s.product, s.title, s.category, s.brand, s.price, s.offers, s.sold, s.added_at"
    source = f"SELECT {columns}, 0.0 AS rank FROM shelf s"  # noqa: S608
    wanted, values = [], {"limit": query.limit + 1, "category": query.category}
    if words:
        ranked = f"{columns}, bm25(words, {_WEIGHTS}) AS rank"
        source = f"SELECT {ranked} FROM words JOIN shelf s ON s.product = words.rowid"  # noqa: S608
        wanted.append("words MATCH :words")
        values["words"] = words
    if query.sellable:
        wanted.append("s.offers > 0")
    if query.category:
        # Everything below a category begins with it and a slash; "0" is what follows a slash.
        wanted.append("(s.category = :category OR (s.category > :category || '/' AND s.category < :category || '0'))")
    if query.seller is not None:
        values["seller"] = ids.number(SellerId, query.seller)
        values["any_status"] = not query.sellable
        wanted.append(
            "EXISTS (SELECT 1 FROM shelf_listings l WHERE l.product = s.product AND l.seller = :seller"
            " AND (l.is_live OR :any_status))"
        )
    if wanted:
        source += " WHERE " + " AND ".join(wanted)
    direction, compares = ("DESC", "<") if is_falling else ("ASC", ">")
    behind = ""
    if place is not None:
        behind = f"WHERE ({value}, product) {compares} (:value, :product)"
        values |= {"value": place.value, "product": place.product}
    statement = (
        f"SELECT *, {value} FROM ({source}) {behind} ORDER BY {value} {direction}, product {direction} LIMIT :limit"  # noqa: S608
    )
    return statement, values


def on_shelf(row: tuple[object, ...], currency: str) -> wire.ProductOnShelf:
    """Give a row of the shelf as it goes over the wire."""
    product, title, category, brand, price, offers, sold, added_at, *_ = row
    assert isinstance(product, int), row
    assert isinstance(added_at, int), row
    return wire.ProductOnShelf(
        id=ids.text(ProductId, product), title=str(title), category=str(category), brand=str(brand),
        price=Money(price, currency) if isinstance(price, int) else None, offers=int(str(offers)), sold=int(str(sold)),
        added_at=iso(added_at),
    )  # fmt: skip


async def show_product(call: Call) -> Reply:
    """Show a page with its offers."""
    return call.say(await call.ask(resources.product, ProductId(call.ids["product"])))


async def offer_product(call: Call) -> Reply:
    """Put a new page up with its first listings."""
    new: wire.NewProduct = call.body
    page = catalog.ProductDraft(
        title=new.title, description=new.description, category=new.category, brand=new.brand, gtin=new.gtin,
        attributes=new.attributes, image=new.image, weight_grams=new.weight_grams, reference=new.reference,
    )  # fmt: skip
    options = tuple((option.option, _draft(option)) for option in new.options)
    offer = selling.Offer(page=page, options=options, is_live=new.is_live)
    wanted = selling.Offers([_named_seller(call, new.seller)], [offer])
    return await call.do(selling.offer_products, wanted, _offered)


def _offered(_: House, made: list[selling.Offered]) -> wire.Offered:
    (offered,) = made
    listings = [ids.text(ListingId, listing) for listing in offered.listings]
    return wire.Offered(id=ids.text(ProductId, offered.product), listings=listings)


def _named_seller(call: Call, named: str | None) -> SellerId:
    """Give the seller who is acted for: the one who calls; the operator has to name one."""
    seller = SellerId(ids.number(SellerId, named)) if named is not None else SellerId(0)
    if not call.seller:
        if not seller:
            raise Invalid("The operator has to name a seller.", field="seller")
        return seller
    if seller not in {0, call.seller}:
        raise NotFound("There is no such seller.")
    return call.seller


def _draft(option: wire.NewOption | wire.NewListing) -> catalog.ListingDraft:
    shipping = _same_currency(option.shipping, option.price.currency)
    return catalog.ListingDraft(
        price_minor=option.price.amount, currency=option.price.currency, shipping_minor=shipping,
        condition=option.condition, reference=option.reference,
    )  # fmt: skip


def _same_currency(shipping: wire.Amount | None, currency: str) -> int:
    if shipping is None:
        return 0
    if shipping.currency != currency:
        raise Invalid("Price and shipping are in one currency.", field="shipping/currency")
    return shipping.amount


class _ProductEdit(NamedTuple):
    seller: SellerId
    product: ProductId
    edit: wire.ProductEdit
    by: str
    revision: int | None


async def edit_product(call: Call) -> Reply:
    """Change a page."""
    product = ProductId(call.ids["product"])
    wanted = _ProductEdit(call.seller, product, call.body, _who(call), call.revision)
    return await call.do(_edit_product, wanted, resources.product)


def _edit_product(house: House, wanted: _ProductEdit, *, now: Instant) -> Decision:
    """Edit a page where it stands, so that what the edit does not name stays as it is at that moment."""
    page = catalog.product_of(house.catalog, wanted.product)
    given = {name: value for name, value in msgspec.structs.asdict(wanted.edit).items() if value is not msgspec.UNSET}
    draft = catalog.ProductDraft(
        **{
            "title": page.title,
            "description": page.description,
            "category": page.category,
            "image": page.image,
        }
        | given
    )
    edit = selling.Edit(wanted.seller, wanted.product, draft, wanted.by, wanted.revision)
    return selling.edit_product(house, edit, now=now)


def _who(call: Call) -> str:
    return ids.text(SellerId, call.seller) if call.seller else "operator"


async def list_listings(call: Call) -> Reply:
    """Show a seller their listings."""
    query: wire.ListingsQuery = call.query
    seller = call.seller
    if query.seller is not None:
        seller = _named_seller(call, query.seller)
    after = cursors.read(query.after, _Number) or 0
    values = {
        "seller": seller, "after": after, "status": query.status, "limit": query.limit + 1,
        "product": ids.number(ProductId, query.product) if query.product else None,
    }  # fmt: skip
    rows = await call.page(
        "SELECT listing FROM shelf_listings WHERE listing > :after AND (:seller = 0 OR seller = :seller)"
        " AND (:status IS NULL OR status = :status) AND (:product IS NULL OR product = :product)"
        " ORDER BY listing LIMIT :limit",
        values,
    )
    numbers = [row[0] for row in rows[: query.limit]]
    shown = await call.ask(lambda house: [resources.listing(house, number) for number in numbers])
    has_more = len(rows) > query.limit
    return call.say(
        wire.Page[wire.Listing](data=shown, has_more=has_more, next=cursors.write(numbers[-1]) if has_more else None)
    )


async def show_listing(call: Call) -> Reply:
    """Show one."""
    return call.say(await call.ask(_own_listing, call.seller, ListingId(call.ids["listing"])))


def _own_listing(house: House, seller: SellerId, listing: ListingId) -> wire.Listing:
    selling.own_listing(house, seller=seller, listing=listing)
    return resources.listing(house, listing)


async def add_listing(call: Call) -> Reply:
    """Offer a product that is there already."""
    new: wire.NewListing = call.body
    product = ProductId(ids.number(ProductId, new.product))
    offer = selling.Offer(product=product, options=((new.option, _draft(new)),), is_live=new.is_live)
    wanted = selling.Offers([_named_seller(call, new.seller)], [offer])
    return await call.do(
        selling.offer_products, wanted, lambda house, made: resources.listing(house, made[0].listings[0])
    )


class _Repricing(NamedTuple):
    seller: SellerId
    listing: ListingId
    edit: wire.ListingEdit
    by: str
    revision: int | None


async def edit_listing(call: Call) -> Reply:
    """Give a listing another price."""
    wanted = _Repricing(call.seller, ListingId(call.ids["listing"]), call.body, _who(call), call.revision)
    return await call.do(_reprice, wanted, resources.listing)


def _reprice(house: House, wanted: _Repricing, *, now: Instant) -> Decision:
    selling.own_listing(house, seller=wanted.seller, listing=wanted.listing)
    known = catalog.listing_of(house.catalog, wanted.listing)
    for name, given in (("price", wanted.edit.price), ("shipping", wanted.edit.shipping)):
        if given is not None and given.currency != known.price.currency:
            raise Invalid(f"This listing is in {known.price.currency}.", field=f"{name}/currency")
    price = selling.Price(
        seller=wanted.seller, listing=wanted.listing,
        price_minor=wanted.edit.price.amount if wanted.edit.price else known.price.amount,
        shipping_minor=wanted.edit.shipping.amount if wanted.edit.shipping else known.shipping.amount,
        by=wanted.by, revision=wanted.revision,
    )  # fmt: skip
    return selling.reprice(house, price, now=now)


async def publish_listing(call: Call) -> Reply:
    """Put a listing on the shelf."""
    return await _move(call, catalog.ListingStatus.LIVE)


async def pause_listing(call: Call) -> Reply:
    """Take a listing off the shelf for a while."""
    return await _move(call, catalog.ListingStatus.PAUSED)


async def retire_listing(call: Call) -> Reply:
    """Take a listing off the shelf for ever."""
    return await _move(call, catalog.ListingStatus.RETIRED)


async def suspend_listing(call: Call) -> Reply:
    """Take somebody's listing off the shelf, as the operator."""
    return await _move(call, catalog.ListingStatus.SUSPENDED, why=call.body.why)


async def _move(call: Call, to: catalog.ListingStatus, *, why: str = "") -> Reply:
    move = selling.Move(call.seller, ListingId(call.ids["listing"]), to, why)
    return await call.do(selling.move_listing, move, resources.listing)


async def change_stock(call: Call) -> Reply:
    """Take units in or out."""
    listing = ListingId(call.ids["listing"])
    # Whose a listing is never changes, so it can be looked at before the command is queued.
    await call.ask(_own_listing, call.seller, listing)
    change: wire.StockChange = call.body
    location = ids.number(LocationId, change.location) if change.location is not None else 0
    receipt = selling.stock_receipt(listing, change.quantity, at=call.now, location=location)
    return await call.do(
        selling.receive_stock, receipt, lambda house, _: resources.listing(house, listing), is_many=True
    )


_SELLERS = (SELLER, OPERATOR)
_EDITS = (NotFound, Invalid, PreconditionRequired, catalog.StaleRevision)


def _moving(
    verb: str,
    handler: Callable[[Call], Awaitable[Reply]],
    who: tuple[str, ...] = _SELLERS,
    request: type[msgspec.Struct] | None = None,
) -> Operation:
    return Operation(
        method="POST", path=f"/v1/listings/{{listing}}/{verb}", summary=f"{verb.capitalize()} a listing",
        handler=handler, who=who, scope="catalog:write", response=wire.Listing, key="optional", has_revision=True,
        refusals=(NotFound, catalog.WrongListingState), request=request,
    )  # fmt: skip


OPERATIONS = (
    Operation(
        method="GET", path="/v1/products", summary="Browse and search products", handler=list_products,
        who=(PUBLIC, BUYER, SELLER, OPERATOR), query=wire.ProductsQuery, response=wire.Page[wire.ProductOnShelf],
        is_open_to_browsers=True, refusals=(Invalid,),
    ),
    Operation(
        method="GET", path="/v1/products/{product}", summary="Show a product and its offers", handler=show_product,
        who=(PUBLIC, BUYER, SELLER, OPERATOR), response=wire.Product, has_revision=True, is_open_to_browsers=True,
        refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/products", summary="Offer a new product", handler=offer_product, who=_SELLERS,
        scope="catalog:write", request=wire.NewProduct, response=wire.Offered, status=HTTPStatus.CREATED,
        location="/v1/products/{id}", key="optional", refusals=(Invalid, NotFound, partners.SellerNotActive),
    ),
    Operation(
        method="PATCH", path="/v1/products/{product}", summary="Edit a product page", handler=edit_product,
        who=_SELLERS, scope="catalog:write", request=wire.ProductEdit, response=wire.Product, key="optional",
        has_revision=True, needs_revision=True, refusals=_EDITS,
    ),
    Operation(
        method="GET", path="/v1/listings", summary="List my listings", handler=list_listings, who=_SELLERS,
        scope="catalog:read", query=wire.ListingsQuery, response=wire.Page[wire.Listing], refusals=(Invalid, NotFound),
    ),
    Operation(
        method="POST", path="/v1/listings", summary="Offer a product that is there already", handler=add_listing,
        who=_SELLERS, scope="catalog:write", request=wire.NewListing, response=wire.Listing, has_revision=True,
        status=HTTPStatus.CREATED, location="/v1/listings/{id}", key="optional",
        refusals=(Invalid, NotFound, partners.SellerNotActive),
    ),
    Operation(
        method="GET", path="/v1/listings/{listing}", summary="Show a listing of mine", handler=show_listing,
        who=_SELLERS, scope="catalog:read", response=wire.Listing, has_revision=True, refusals=(NotFound,),
    ),
    Operation(
        method="PATCH", path="/v1/listings/{listing}", summary="Change a price", handler=edit_listing, who=_SELLERS,
        scope="catalog:write", request=wire.ListingEdit, response=wire.Listing, key="optional", has_revision=True,
        needs_revision=True, refusals=(*_EDITS, catalog.WrongListingState),
    ),
    _moving("publish", publish_listing),
    _moving("pause", pause_listing),
    _moving("retire", retire_listing),
    _moving("suspend", suspend_listing, (OPERATOR,), request=wire.Why),
    Operation(
        method="POST", path="/v1/listings/{listing}/stock", summary="Take units in, or out", handler=change_stock,
        who=_SELLERS, scope="stock:write", request=wire.StockChange, response=wire.Listing, key="required",
        has_revision=True, refusals=(NotFound, Invalid, ledger.OutOfStock, partners.WrongLocationState),
    ),
)  # fmt: skip
