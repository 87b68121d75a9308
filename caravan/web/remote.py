"""Commands for a Caravan that runs somewhere: each is a request through the client, printed for people or as JSON."""

from typing import Annotated, Any

import msgspec
import typer

from caravan.client import Client, wire
from caravan.kernel.money import parse
from caravan.web import remote_locations, remote_parcels, remote_wallets
from caravan.web.printing import HERE, Json, Key, Limit, Token, Url, amount, card, first, money, run, table
from caravan.web.terminal import say

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Commands for a Caravan that is running.")
sellers, products, listings, stock, orders, wallet, payouts, market, tokens = (
    typer.Typer(no_args_is_help=True, help=text)
    for text in (
        "Who sells here.", "What is on the shelf.", "A seller's offers.", "Units in and out, and where they lie.",
        "Orders that were placed.", "Buyers' money.", "Money sent to sellers.", "The market's terms.",
        "Who is known by what.",
    )
)  # fmt: skip
GROUPS = {
    "sellers": sellers, "products": products, "listings": listings, "stock": stock, "orders": orders,
    "wallet": wallet, "payouts": payouts, "market": market, "tokens": tokens, "claims": remote_parcels.claims,
    "locations": remote_locations.locations,
}  # fmt: skip


def mount(parent: typer.Typer) -> None:
    """Add the groups of commands to another program: `caravan sellers list`."""
    for name, group in GROUPS.items():
        parent.add_typer(group, name=name)


mount(app)
remote_wallets.add_to(wallet)
remote_parcels.add_to(orders)
remote_locations.add_to(stock)


Price = Annotated[str, typer.Argument(help='Such as "19.99 EUR".')]


@sellers.command("list")
def list_sellers(
    *, status: Annotated[str | None, typer.Option(help="applied, active or suspended.")] = None, limit: Limit = 50,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """List sellers; with the operator's token also those who are not active."""
    run(
        url, token, lambda client: first(client.sellers(status=status), limit),  # type: ignore[arg-type]
        table("id", "name", "country", "status", "applied_at"), as_json=as_json,
    )  # fmt: skip


@sellers.command("apply")
def apply_to_sell(  # noqa: PLR0913
    name: Annotated[str, typer.Option(help="What the business is called.")],
    country: Annotated[str, typer.Option(help="Two capital letters, such as PT.")],
    email: Annotated[str, typer.Option(help="How the seller logs in.")],
    *, password: Annotated[str, typer.Option(prompt=True, hide_input=True, help="10 characters or more.")],
    city: str = "", description: str = "", key: Key = None, url: Url = HERE, token: Token = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Apply to sell; the operator then lets you in."""
    new = wire.NewSeller(name=name, country=country, email=email, password=password, city=city, description=description)
    run(url, token, lambda client: client.apply_to_sell(new, key=key), card, as_json=as_json)


@sellers.command("approve")
def approve_seller(
    seller: str, *, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False
) -> None:
    """Let a seller in, as the operator."""
    run(url, token, lambda client: client.approve_seller(seller, key=key), card, as_json=as_json)


@sellers.command("suspend")
def suspend_seller(
    seller: str, *, why: str = "", key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False
) -> None:
    """Stop a seller, as the operator."""
    run(url, token, lambda client: client.suspend_seller(seller, why=why, key=key), card, as_json=as_json)


@products.command("list")
def list_products(
    *, q: Annotated[str, typer.Option(help="Words to search for.")] = "", category: str = "",
    sort: Annotated[str, typer.Option(help="relevance, newest, oldest, price, -price or sold.")] = "newest",
    limit: Limit = 50, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Browse or search."""
    run(
        url, token, lambda client: first(client.products(q=q, category=category, sort=sort), limit),
        table("id", "title", "category", "price", "offers", "sold"), as_json=as_json,
    )  # fmt: skip


@products.command("find")
def find_products(
    words: str, *, category: str = "", sort: Annotated[str, typer.Option(help="relevance, price or -price.")] = "relevance",
    limit: Annotated[int, typer.Option(min=1, max=100)] = 24, url: Url = HERE, token: Token = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Find products by words; what was corrected or left out is said."""
    run(
        url, token, lambda client: client.search(words, category=category, sort=sort, limit=limit), _found,
        as_json=as_json,
    )  # fmt: skip


def _found(answer: wire.SearchAnswer) -> None:
    for correction in answer.corrections:
        say.print(f"{correction.typed} was taken for {correction.meant}.", markup=False)
    if answer.left_out:
        say.print(f"Nothing has all of these words. Left out: {', '.join(answer.left_out)}.", markup=False)
    table("id", "title", "category", "price", "offers", "sold")([result.product for result in answer.data])
    say.print(f"{answer.total:,} in all.")


@products.command("add")
def add_product(  # noqa: PLR0913
    title: str, price: Price,
    *, shipping: Annotated[str | None, typer.Option(help='Such as "2.50 EUR".')] = None, category: str = "Other",
    description: str = "", brand: str = "", option: str = "", reference: str = "",
    seller: Annotated[str | None, typer.Option(help="Whose, with the operator's token.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Do not put it on the shelf yet.")] = False,
    key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Offer a new product."""

    def ask(client: Client) -> wire.Offered:
        first = wire.NewOption(
            price=amount(price), shipping=amount(shipping) if shipping else None, option=option, reference=reference
        )
        new = wire.NewProduct(
            title=title, description=description, category=category, brand=brand, reference=reference,
            options=[first], is_live=not draft, seller=seller,
        )  # fmt: skip
        return client.offer_product(new, key=key)

    run(url, token, ask, card, as_json=as_json)


@products.command("show")
def show_product(product: str, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Show a product and its offers."""
    run(url, token, lambda client: client.product(product), card, as_json=as_json)


@listings.command("list")
def list_listings(
    *, status: str | None = None, seller: str | None = None, limit: Limit = 50, url: Url = HERE,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """List your listings."""
    run(
        url, token, lambda client: first(client.listings(status=status, seller=seller), limit),  # type: ignore[arg-type]
        table("id", "title", "option", "price", "status", "available", "reserved"), as_json=as_json,
    )  # fmt: skip


@listings.command("show")
def show_listing(listing: str, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Show one."""
    run(url, token, lambda client: client.listing(listing), card, as_json=as_json)


@listings.command("price")
def price_listing(
    listing: str, price: Price, *, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False
) -> None:
    """Give a listing another price, as it is at this moment."""

    def ask(client: Client) -> wire.Listing:
        known = client.listing(listing)
        return client.edit_listing(listing, wire.ListingEdit(price=amount(price)), revision=known.revision, key=key)

    run(url, token, ask, card, as_json=as_json)


def _move(verb: str, text: str) -> None:
    @listings.command(verb, help=text)
    def move(listing: str, *, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
        def ask(client: Client) -> wire.Listing:
            moved: wire.Listing = getattr(client, f"{verb}_listing")(listing, key=key)
            return moved

        run(url, token, ask, card, as_json=as_json)


_move("publish", "Put a listing on the shelf.")
_move("pause", "Take a listing off the shelf for a while.")
_move("retire", "Take a listing off the shelf for ever.")
_move("suspend", "Take somebody's listing off the shelf, as the operator.")


@orders.command("list")
def list_orders(
    *, status: str | None = None, fulfillment: str | None = None, limit: Limit = 50, url: Url = HERE,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """List your orders, the newest first."""
    run(
        url, token, lambda client: first(client.orders(status=status, fulfillment=fulfillment), limit),  # type: ignore[arg-type]
        table("id", "placed_at", "status", "fulfillment", "payment", "total"), as_json=as_json,
    )  # fmt: skip


@orders.command("show")
def show_order(order: str, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Show an order with its lines and parcels."""
    run(url, token, lambda client: client.order(order), card, as_json=as_json)


@orders.command("ship")
def ship_order(
    order: str, carrier: str, tracking: Annotated[str, typer.Argument()] = "", *, key: Key = None, url: Url = HERE,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Hand an order over to a carrier."""
    run(url, token, lambda client: client.ship(order, carrier, tracking, key=key), card, as_json=as_json)


@orders.command("deliver")
def deliver_order(order: str, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Note that every parcel of an order has arrived."""

    def ask(client: Client) -> wire.Order:
        for parcel in client.order(order).parcels or []:
            if parcel.delivered_at is None:
                client.scan(parcel.id, "delivered")
        return client.order(order)

    run(url, token, ask, card, as_json=as_json)


@orders.command("cancel")
def cancel_order(order: str, *, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Call an order off before it is handed over."""
    run(url, token, lambda client: client.cancel_order(order, key=key), card, as_json=as_json)


@wallet.command("show")
def show_wallet(
    buyer: Annotated[str | None, typer.Argument(help="Whose, with the operator's token.")] = None, *,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show a wallet."""
    run(url, token, lambda client: client.wallet(buyer), card, as_json=as_json)


@wallet.command("top-up")
def top_up(  # noqa: PLR0913
    buyer: str, amount: Annotated[str, typer.Argument(help='Such as "50 EUR".')], *, method: str = "card",
    reference: str = "", key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Put money from outside into a wallet."""
    run(
        url, token, lambda client: client.top_up(buyer, money(amount), method=method, reference=reference, key=key),
        card, as_json=as_json,
    )  # fmt: skip


@payouts.command("list")
def list_payouts(
    *, seller: str | None = None, limit: Limit = 50, url: Url = HERE, token: Token = None, as_json: Json = False
) -> None:
    """List payouts, the newest first."""
    run(
        url, token, lambda client: first(client.payouts(seller), limit),
        table("id", "seller", "amount", "deducted", "sent_at"), as_json=as_json,
    )  # fmt: skip


@payouts.command("show")
def show_payout(payout: str, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Show a payout with the orders that it settles."""
    run(url, token, lambda client: client.payout(payout), card, as_json=as_json)


@market.command("show")
def show_market(*, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Show the market's name, currency, terms and fees."""
    run(url, token, lambda client: client.market(), card, as_json=as_json)


@market.command("fees")
def set_fees(
    *, percent: Annotated[str | None, typer.Option(help="The operator's share of every line, such as 10 or 7.5.")] = None,
    tax_percent: Annotated[str | None, typer.Option(help="The tax on the fee.")] = None,
    rules: Annotated[str | None, typer.Option(help="All rules in order, as a JSON list.")] = None,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show the fees; with options, set them for orders from now on."""

    def ask(client: Client) -> wire.Fees:
        known = client.market().fees
        if percent is None and tax_percent is None and rules is None:
            return known
        wanted = known.rules
        if percent is not None:
            wanted = [wire.FeeRule(basis_points=_basis_points(percent))]
        if rules is not None:
            wanted = _decoded(rules, list[wire.FeeRule])
        tax = known.tax_basis_points if tax_percent is None else _basis_points(tax_percent)
        return client.set_terms(fees=wire.Fees(rules=wanted, tax_basis_points=tax)).fees

    run(url, token, ask, card, as_json=as_json)


def _basis_points(percent: str) -> int:
    # A percentage has two digits after the point, as a euro has: both are hundredths.
    return parse(percent, "EUR").amount


def _decoded(text: str, kind: Any) -> Any:  # noqa: ANN401
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise typer.BadParameter(str(error)) from None


@market.command("policy")
def set_policy(  # noqa: PLR0913
    *, reservation_seconds: int | None = None, reservation_seconds_max: int | None = None,
    return_window_seconds: int | None = None, payout_every_seconds: int | None = None,
    payout_minor_min: int | None = None, units_per_buyer_max: int | None = None,
    reviews_listings: bool | None = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show the terms; with options, change those from now on."""
    given = {
        "reservation_seconds": reservation_seconds, "reservation_seconds_max": reservation_seconds_max,
        "return_window_seconds": return_window_seconds, "payout_every_seconds": payout_every_seconds,
        "payout_minor_min": payout_minor_min, "units_per_buyer_max": units_per_buyer_max,
        "reviews_listings": reviews_listings,
    }  # fmt: skip
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}

    def ask(client: Client) -> wire.PolicyTerms:
        known = client.market().policy
        return client.set_terms(policy=msgspec.structs.replace(known, **changed)).policy if changed else known

    run(url, token, ask, card, as_json=as_json)


@tokens.command("new")
def new_token(  # noqa: PLR0913
    audience: Annotated[str, typer.Argument(help="buyer, seller or operator.")],
    subject: Annotated[str | None, typer.Argument(help="Whose: sel_… or buy_….")] = None,
    *, email: Annotated[str, typer.Option(help="Log in with this address and a password.")] = "",
    password: Annotated[str, typer.Option(envvar="CARAVAN_PASSWORD", help="Asked for when it is not given.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="Only this scope; may be given several times.")] = None,
    days: int | None = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Log in for a token; or, with the operator's token, make one for a seller or a buyer."""

    def ask(client: Client) -> wire.Token:
        if email:
            return client.log_in(audience, email, password or typer.prompt("Password", hide_input=True, err=True))  # type: ignore[arg-type]
        return client.make_token(audience, subject, scopes=scope, days=days)  # type: ignore[arg-type]

    run(url, token, ask, card, as_json=as_json)
