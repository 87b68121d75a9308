"""The pages: storefront, the buyer's own, the seller's, the operator's, and the demo; rendered on the server."""

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from caravan.bootstrap import Caravan, sandbox_pages
from caravan.kernel.errors import NotFound
from caravan.web.pages import (
    account,
    cart,
    checkout,
    claiming,
    demo,
    exchanging,
    exports,
    files,
    identities,
    lists,
    money,
    network,
    numbers,
    operator,
    places,
    segments,
    seller,
    shipping,
    storefront,
    tastes,
    taxes,
    transfers,
    unsubscribe,
)
from caravan.web.pages.pictures import picture_door
from caravan.web.pages.shop import Shop
from caravan.web.pages.visit import Handler, Visit, door

__all__ = ["routes"]

# Path, handler of GET, handler of POST, and who has to be logged in.
_Row = tuple[str, Handler | None, Handler | None, str]
_STORE: tuple[_Row, ...] = (
    ("/", storefront.home, None, ""),
    ("/c/{path:path}", storefront.category, None, ""),
    ("/products/{id}", storefront.product, None, ""),
    ("/products/{id}/left", None, tastes.end_look, ""),
    ("/sellers/{id}", storefront.seller, None, ""),
    ("/search", storefront.search, None, ""),
    ("/tastes", tastes.tastes, tastes.choose, ""),
    ("/currency", None, storefront.choose_currency, ""),
    ("/cart", cart.cart, cart.change, ""),
    ("/cart/add", None, cart.add, ""),
    ("/register", account.register_form, account.register, ""),
    ("/login", account.login_form, account.login, ""),
    ("/logout", None, account.logout, ""),
    ("/checkout", checkout.begin, checkout.open_checkout, "buyer"),
    ("/checkout/{id}", checkout.show, None, "buyer"),
    ("/checkout/{id}/complete", None, checkout.complete, "buyer"),
    ("/checkout/{id}/currency", None, checkout.choose_currency, "buyer"),
    ("/checkout/{id}/pay", None, checkout.pay, "buyer"),
    ("/checkout/{id}/paying", checkout.paying, None, "buyer"),
    ("/checkout/{id}/other", None, checkout.pay_otherwise, "buyer"),
    ("/checkout/{id}/longer", None, checkout.hold_longer, "buyer"),
    ("/checkout/{id}/top-up", None, checkout.top_up, "buyer"),
    ("/checkout/{id}/give-up", None, checkout.give_up, "buyer"),
    ("/thanks/{id}", checkout.thanks, None, "buyer"),
    ("/my", account.me, None, "buyer"),
    ("/my/orders", account.my_orders, None, "buyer"),
    ("/my/orders/{id}", account.my_order, None, "buyer"),
    ("/my/orders/{id}/receipt", account.receipt, None, "buyer"),
    ("/my/orders/{id}/cancel", None, account.cancel_order, "buyer"),
    ("/my/orders/{id}/claim", None, account.claim, "buyer"),
    ("/my/claims/{id}/dispute", None, claiming.dispute, "buyer"),
    ("/my/claims/{id}/content", None, claiming.content, "buyer"),
    ("/my/wallet", account.wallet, account.top_up, "buyer"),
    ("/my/addresses", account.my_addresses, account.add_address, "buyer"),
    ("/my/consents", None, account.say_consent, "buyer"),
    ("/my/forget", None, account.forget, "buyer"),
    ("/my/send", transfers.send_form, transfers.send, "buyer"),
    ("/my/ask", transfers.ask_form, transfers.request_money, "buyer"),
    ("/my/requests/{id}/close", None, transfers.close_request, "buyer"),
    ("/my/transfers/{id}", transfers.receipt, None, "buyer"),
    ("/my/code", transfers.code, transfers.make_code, "buyer"),
    ("/my/codes/{id}", transfers.code_shown, None, "buyer"),
    ("/my/exchange", exchanging.form, exchanging.quote, "buyer"),
    ("/my/exchange/{id}", exchanging.quoted, exchanging.quoted, "buyer"),
    ("/my/proofs", None, transfers.prove, "buyer"),
    ("/my/names", transfers.names, transfers.set_names, "buyer"),
    ("/pay", transfers.pay_form, transfers.pay, "buyer"),
    ("/pay/confirm", None, transfers.confirm, "buyer"),
    ("/pay/{id}", transfers.pay_linked, transfers.pay_amount, "buyer"),
)
_SELL: tuple[_Row, ...] = (
    ("/sell", seller.welcome, None, ""),
    ("/sell/apply", seller.apply_form, seller.apply, ""),
    ("/sell/login", seller.login_form, seller.login, ""),
    ("/sell/logout", None, seller.logout, ""),
    ("/sell/home", seller.desk, None, "seller"),
    ("/sell/orders", seller.orders, None, "seller"),
    ("/sell/orders/{id}", shipping.order, None, "seller"),
    ("/sell/labels", shipping.labels, None, "seller"),
    ("/sell/pick-list", shipping.pick_list, None, "seller"),
    ("/sell/orders/{id}/label", shipping.label, None, "seller"),
    ("/sell/orders/{id}/hand-over", None, shipping.hand_over, "seller"),
    ("/sell/orders/{id}/pack", None, shipping.pack, "seller"),
    ("/sell/orders/{id}/rest", None, shipping.call_off_rest, "seller"),
    ("/sell/orders/{id}/take-back", None, shipping.take_back, "seller"),
    ("/sell/parcels/{id}/label", shipping.parcel_label, None, "seller"),
    ("/sell/parcels/{id}/picks", shipping.parcel_picks, None, "seller"),
    ("/sell/parcels/{id}/rates", None, shipping.quote, "seller"),
    ("/sell/parcels/{id}/buy", None, shipping.buy_label, "seller"),
    ("/sell/parcels/{id}/void", None, shipping.void_label, "seller"),
    ("/sell/parcels/{id}/send", None, shipping.send_parcel, "seller"),
    ("/sell/parcels/{id}/unpack", None, shipping.unpack_parcel, "seller"),
    ("/sell/parcels/{id}/scan", None, shipping.scan_parcel, "seller"),
    ("/sell/claims", shipping.open_claims, None, "seller"),
    ("/sell/claims/{id}/answer", None, shipping.answer_claim, "seller"),
    ("/sell/orders/{id}/cancel", None, shipping.cancel, "seller"),
    ("/sell/listings", seller.listings, None, "seller"),
    ("/sell/listings/new", seller.new_listing, seller.add_listing, "seller"),
    ("/sell/listings/{id}", seller.listing, seller.change_listing, "seller"),
    ("/sell/locations", places.overview, None, "seller"),
    ("/sell/locations/new", places.new_location, places.open_location, "seller"),
    ("/sell/locations/{id}", places.location, places.change_location, "seller"),
    ("/sell/moves", None, places.move_stock, "seller"),
    ("/sell/moves/{id}", None, places.end_move, "seller"),
    ("/sell/stock.csv", places.stock_list, None, "seller"),
    ("/sell/stock", None, places.load_stock_list, "seller"),
    ("/sell/balance", seller.balance, None, "seller"),
    ("/sell/payouts/{id}", seller.payout, None, "seller"),
    ("/sell/numbers", numbers.dashboard, None, "seller"),
    ("/sell/numbers/catalog", numbers.catalog, None, "seller"),
    ("/sell/numbers/{name}", numbers.metric, None, "seller"),
    ("/sell/exports", exports.overview, exports.set_export, "seller"),
    ("/sell/exports/{id}/run", None, exports.run, "seller"),
    ("/sell/exports/{id}/drop", None, exports.drop, "seller"),
    ("/sell/exports/{id}/{name}", exports.file, None, "seller"),
    ("/sell/code", transfers.code, transfers.make_code, "seller"),
    ("/sell/codes/{id}", transfers.code_shown, None, "seller"),
    ("/sell/transfers/{id}", transfers.receipt, None, "seller"),
)
_OPERATE: tuple[_Row, ...] = (
    ("/operator/login", operator.login_form, operator.login, ""),
    ("/operator/logout", None, operator.logout, ""),
    ("/operator", operator.overview, None, "operator"),
    ("/operator/check", operator.overview, operator.check, "operator"),
    ("/operator/network", network.overview, network.plan, "operator"),
    ("/operator/lists", lists.overview, lists.draw, "operator"),
    ("/operator/lists/compare", None, lists.compare, "operator"),
    ("/operator/lists/weigh", None, lists.weigh, "operator"),
    ("/operator/lists/why", lists.why, None, "operator"),
    ("/operator/claims", claiming.overview, None, "operator"),
    ("/operator/claims/{id}", None, claiming.decide, "operator"),
    ("/operator/money", money.overview, money.reconcile, "operator"),
    ("/operator/money/{id}", None, money.close, "operator"),
    ("/operator/taxes", taxes.overview, taxes.load, "operator"),
    ("/operator/taxes/remit", None, taxes.remit, "operator"),
    ("/operator/words", operator.words, operator.set_words, "operator"),
    ("/operator/sellers", operator.sellers, None, "operator"),
    ("/operator/sellers/{id}/approve", None, operator.approve, "operator"),
    ("/operator/sellers/{id}/suspend", None, operator.suspend, "operator"),
    ("/operator/listings/{id}", None, operator.rule, "operator"),
    ("/operator/numbers", numbers.dashboard, None, "operator"),
    ("/operator/numbers/catalog", numbers.catalog, None, "operator"),
    ("/operator/numbers/quality", numbers.quality, None, "operator"),
    ("/operator/numbers/{name}", numbers.metric, None, "operator"),
    ("/operator/exports", exports.overview, exports.set_export, "operator"),
    ("/operator/exports/{id}/run", None, exports.run, "operator"),
    ("/operator/exports/{id}/drop", None, exports.drop, "operator"),
    ("/operator/exports/{id}/{name}", exports.file, None, "operator"),
    ("/operator/identities", identities.queue, None, "operator"),
    ("/operator/identities/look", None, identities.look, "operator"),
    ("/operator/identities/{id}", None, identities.decide, "operator"),
    ("/operator/segments", segments.segments, segments.set_segment, "operator"),
    ("/operator/segments/{id}/drop", None, segments.drop_segment, "operator"),
    ("/operator/webhooks", None, segments.set_webhook, "operator"),
    ("/operator/webhooks/{id}/resume", None, segments.resume_webhook, "operator"),
    ("/operator/webhooks/{id}/drop", None, segments.drop_webhook, "operator"),
    ("/operator/segments/{id}/members.csv", segments.export, None, "operator"),
    ("/demo", demo.choose, demo.enter, ""),
)


def routes(caravan: Caravan) -> list[BaseRoute]:
    """Give the routes of all pages, to be mounted at "/" behind every other route: the last one answers any GET."""
    shop = Shop(caravan)
    made: list[BaseRoute] = [
        Route("/unsubscribe", unsubscribe.door(shop), methods=["GET", "POST"]),
        Route("/static/{name}", files.static, methods=["GET"]),
        Route("/robots.txt", files.robots, methods=["GET"]),
        Route("/sitemap.xml", files.sitemap(shop), methods=["GET"]),
        Route("/sitemap-{place:int}.xml", files.sitemap_part(shop), methods=["GET"]),
        Route("/llms.txt", files.for_models(shop), methods=["GET"]),
        Route("/products/{id}/image.svg", picture_door(caravan), methods=["GET"]),
    ]
    made += sandbox_pages(caravan)
    for path, reads, writes, needs in (*_STORE, *_SELL, *_OPERATE):
        if reads is not None:
            made.append(Route(path, door(shop, reads, needs=needs), methods=["GET"]))
        if writes is not None:
            made.append(Route(path, door(shop, writes, needs=needs), methods=["POST"]))
    made.append(Route("/{path:path}", door(shop, _nowhere), methods=["GET"]))
    return made


async def _nowhere(visit: Visit) -> Response:
    raise NotFound(f"There is no page at {visit.request.url.path}.")
