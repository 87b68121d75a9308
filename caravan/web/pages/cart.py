"""The cart: put in, change, take out. It holds nothing; only checkout does."""

from starlette.responses import Response

from caravan.flows import discovering, shopping
from caravan.kernel.ids import ListingId
from caravan.trade.orders import UNITS_PER_LINE_MAX
from caravan.web.pages import baskets, dates, landing, tastes
from caravan.web.pages.visit import Visit, local_path
from caravan.web.reach import ask, do


async def cart(visit: Visit) -> Response:
    """Show the cart, by seller."""
    basket = await ask(visit.caravan, baskets.basket, visit.cart)
    quotes = await dates.by_listing(visit, [line.listing for group in basket.groups for line in group.lines])
    inside = await ask(visit.caravan, discovering.products_in, visit.cart)
    beside = await tastes.shelf(visit, "cart", about=inside) if inside else []
    parts = await ask(visit.caravan, landing.of_cart, visit.cart, visit.buyer, visit.caravan.clock.now())
    return await visit.show(
        "cart.html", cart=basket, most=UNITS_PER_LINE_MAX, quotes=quotes, beside=beside, parts=parts
    )


async def add(visit: Visit) -> Response:
    """Put units of a listing into the cart, beside those that are in it."""
    listing = ListingId(visit.form.id(ListingId, "listing"))
    quantity = visit.form.integer("quantity", least=1, most=UNITS_PER_LINE_MAX, default=1)
    inside = await ask(visit.caravan, lambda house: house.orders.carts[visit.cart].lines.get(listing, 0))
    await _set(visit, listing, min(inside + quantity, UNITS_PER_LINE_MAX))
    tastes.note_carted(visit, await ask(visit.caravan, discovering.product_of, listing))
    return visit.go(local_path(visit.form.text("next", longest=500, is_needed=False), "/cart"), "added")


async def change(visit: Visit) -> Response:
    """Set how many units of a listing are in the cart; 0 takes it out."""
    listing = ListingId(visit.form.id(ListingId, "listing"))
    quantity = 0
    if not visit.form.has("remove"):
        quantity = visit.form.integer("quantity", least=0, most=UNITS_PER_LINE_MAX)
    if visit.cart:
        await _set(visit, listing, quantity)
    return visit.go("/cart", "changed" if quantity else "removed")


async def _set(visit: Visit, listing: ListingId, quantity: int) -> None:
    line = shopping.CartLine(visit.cart, visit.buyer, listing, quantity)
    visit.keep_cart(await do(visit.caravan, shopping.set_cart_line, line))
