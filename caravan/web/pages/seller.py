"""The seller's pages: apply, ship, list, and see the money."""

from typing import NamedTuple

import msgspec
import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from caravan.flows import places, selling, taxing
from caravan.flows.house import House, integers
from caravan.insight.identity import EmailTaken, WrongLogin
from caravan.kernel import ids
from caravan.kernel.clock import DAY
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ListingId, LocationId, OrderId, PayoutId, ProductId, SellerId
from caravan.kernel.money import Money, alphabetic, numeric, plain
from caravan.trade import catalog, ledger, payments, taxes
from caravan.web import access
from caravan.web.pages import records
from caravan.web.pages.account import log_in
from caravan.web.pages.pictures import drawing_of
from caravan.web.pages.visit import Visit, local_path, path_id, wrong_field
from caravan.web.reach import ask, do, page
from caravan.world import partners

_CHART_DAYS = 30
_CHART_ORDERS_MAX = 5_000
_CHART_HEIGHT = 120
_LAST_ORDERS = 5
_OPTIONS_MAX = 20
_STOCK_MAX = 1_000_000
_DESCRIPTION_CHARACTERS_MAX = 5_000
_COUNT_MAX = 1_000


class Desk(NamedTuple):
    """What a seller sees first."""

    name: str
    status: partners.SellerStatus
    balance: Money
    in_escrow: Money
    next_payout_at: int | None


class Goods(NamedTuple):
    """One listing of a seller, with its stock."""

    listing: ListingId
    product: ProductId
    title: str
    option: str
    category: str
    revision: int
    price: Money
    shipping: Money
    condition: str
    status: catalog.ListingStatus
    available: int
    committed: int
    is_own_page: bool


class Bar(NamedTuple):
    """A day in the chart."""

    at: int
    orders: int
    total: Money
    x: int
    y: float
    height: float


# Getting in.


async def welcome(visit: Visit) -> Response:
    """Tell a business why to sell here; who is in goes to their desk."""
    if visit.seller:
        return visit.go("/sell/home")
    terms = await ask(visit.caravan, lambda house: (house.markets.policy, house.markets.fee_rules))
    return await visit.show("sell_welcome.html", policy=terms[0], fees=terms[1])


async def apply_form(visit: Visit) -> Response:
    """Ask a business who it is."""
    return await visit.show("sell_apply.html")


async def apply(visit: Visit) -> Response:
    """Take an application, with the login that goes with it."""
    form = visit.form
    try:
        application = partners.Application(
            name=form.text("name", longest=120), country=form.text("country", longest=2), city=form.text("city"),
            postcode=form.text("postcode", longest=20),
            description=form.text("description", longest=_DESCRIPTION_CHARACTERS_MAX, is_needed=False),
        )  # fmt: skip
        email, password = access.normal_email(form.text("email", longest=254)), form.secret("password")
        hashed = await run_in_threadpool(access.hash_password, password)
        applicant = selling.Applicant(application, visit.caravan.vault.mark(email), hashed)
        seller = await do(visit.caravan, selling.apply_with_login, applicant)
    except (Invalid, EmailTaken) as refusal:
        wrong = {"email": "A seller has this address already. If that is you, log in instead."}
        wrong = wrong if isinstance(refusal, EmailTaken) else wrong_field(refusal)
        kept = {name: value for name, value in form.fields.items() if name != "password"}
        return await visit.show("sell_apply.html", status=422, wrong=wrong, form=kept)
    visit.let_in("seller", await access.issue_token(visit.caravan, audience="seller", subject=seller))
    return visit.go("/sell/home", "applied")


async def login_form(visit: Visit) -> Response:
    """Ask which seller it is."""
    return await visit.show("login.html", next=_next(visit), audience="seller")


async def login(visit: Visit) -> Response:
    """Log a seller in."""
    try:
        token = await log_in(visit, "seller")
    except (Invalid, WrongLogin) as refusal:
        kept = {name: value for name, value in visit.form.fields.items() if name != "password"}
        return await visit.show(
            "login.html", status=422, next=_next(visit), audience="seller", wrong={"password": str(refusal)}, form=kept
        )
    visit.let_in("seller", token)
    return visit.go(_next(visit), "welcome")


def _next(visit: Visit) -> str:
    wanted = visit.form.fields.get("next", "") or visit.request.query_params.get("next", "")
    return local_path(wanted, "/sell/home")


async def logout(visit: Visit) -> Response:
    """Log the seller out on this browser."""
    await visit.let_out("seller")
    return visit.go("/sell", "left")


# The desk.


async def desk(visit: Visit) -> Response:
    """Show what is to be done today, and how it goes."""
    currency = visit.shop.market().currency
    mine = await ask(visit.caravan, _desk, visit.seller, currency)
    if mine.status == partners.SellerStatus.APPLIED:
        return await visit.show("sell_waiting.html", desk=mine)
    to_ship = await _to_ship(visit)
    bars = await _bars(visit, currency)
    last = await page(
        visit.caravan,
        "SELECT number FROM orders WHERE seller = ? ORDER BY number DESC LIMIT ?",
        (visit.seller, _LAST_ORDERS),
    )
    sales = await _sales(visit, [number for (number,) in last])
    return await visit.show(
        "sell_home.html", desk=mine, to_ship=to_ship, bars=bars, sales=sales, chart_height=_CHART_HEIGHT,
        most=max((bar.orders for bar in bars), default=0), days=_CHART_DAYS, count_max=_COUNT_MAX,
    )  # fmt: skip


def _desk(house: House, seller: SellerId, currency: str) -> Desk:
    who = partners.seller_of(house.partners, seller)
    unit = numeric(currency)
    balance, _ = ledger.balance(house.ledger, ledger.Kind.SELLER_BALANCE, owner=seller, unit=unit)
    money = house.payments.money
    mine = np.flatnonzero((money.seller == seller) & (money.released_at == 0))
    waiting = (money.captured[mine] - money.refunded_before[mine]).sum()
    next_payout = payments.next_payout(
        house.payments, seller=seller, unit=unit, every=house.markets.policy.payout_every
    )
    return Desk(who.name, who.status, Money(balance, currency), Money(int(waiting), currency), next_payout)


async def _to_ship(visit: Visit) -> int:
    rows = await page(
        visit.caravan,
        "SELECT count(*) FROM (SELECT 1 FROM orders WHERE seller = ? AND fulfillment IN ('unfulfilled', 'partial')"
        " AND status = 'placed' LIMIT ?)",
        (visit.seller, _COUNT_MAX),
    )
    return int(rows[0][0])


async def _bars(visit: Visit, currency: str) -> list[Bar]:
    """Count the last 30 days' orders by day (in UTC), as bars of a chart."""
    today = visit.caravan.clock.now() // DAY
    first = today - _CHART_DAYS + 1
    rows = await page(
        visit.caravan,
        "SELECT placed_at / ?, count(*), sum(total) FROM (SELECT placed_at, total, status FROM orders WHERE seller = ?"
        " ORDER BY number DESC LIMIT ?) WHERE placed_at >= ? AND status != 'canceled' GROUP BY 1",
        (DAY, visit.seller, _CHART_ORDERS_MAX, first * DAY),
    )
    counted = {day: (count, total) for day, count, total in rows}
    most = max((count for count, _ in counted.values()), default=0) or 1
    bars = []
    for place in range(_CHART_DAYS):
        count, total = counted.get(first + place, (0, 0))
        height = round(count * (_CHART_HEIGHT - 8) / most, 1)
        bars.append(
            Bar((first + place) * DAY, count, Money(total, currency), place * 20, _CHART_HEIGHT - height, height)
        )
    return bars


async def _sales(visit: Visit, numbers: list[int]) -> list[records.Order]:
    return await ask(  # type: ignore[no-any-return]
        visit.caravan, lambda house: [records.sale(house, OrderId(number), visit.seller) for number in numbers]
    )


# Orders.

_SHOWN = {
    "to-ship": "fulfillment IN ('unfulfilled', 'partial') AND status = 'placed'",
    "on-the-way": "fulfillment = 'fulfilled' AND status = 'placed'",
    "all": "1",
}


async def orders(visit: Visit) -> Response:
    """Show the seller's orders: those to ship, those on their way, or all."""
    query = visit.request.query_params
    shown = query.get("show", "to-ship")
    shown = shown if shown in _SHOWN else "to-ship"
    rows = await page(
        visit.caravan,
        f"SELECT number FROM orders WHERE seller = ? AND {_SHOWN[shown]} AND number < ?"  # noqa: S608 - One of three texts above.
        " ORDER BY number DESC LIMIT ?",
        (visit.seller, records.rows_before(query.get("after", "")), records.ROWS + 1),
    )
    numbers = [number for (number,) in rows[: records.ROWS]]
    more = f"?show={shown}&after={numbers[-1]}" if len(rows) > records.ROWS else ""
    mine = await ask(visit.caravan, lambda house: partners.open_locations(house.partners, visit.seller))
    return await visit.show(
        "sell_orders.html", sales=await _sales(visit, numbers), shown=shown, more=more,
        places=mine if len(mine) > 1 else [],
    )  # fmt: skip


# Listings.


async def listings(visit: Visit) -> Response:
    """Show what the seller has listed, the newest first."""
    last = records.rows_before(visit.request.query_params.get("after", ""))
    rows = await page(
        visit.caravan,
        "SELECT listing FROM shelf_listings WHERE seller = ? AND listing < ? ORDER BY listing DESC LIMIT ?",
        (visit.seller, last, records.ROWS + 1),
    )
    numbers = [number for (number,) in rows[: records.ROWS]]
    mine = await ask(visit.caravan, _goods, numbers, visit.seller)
    more = f"?after={numbers[-1]}" if len(rows) > records.ROWS else ""
    return await visit.show("sell_listings.html", goods=mine, more=more)


def _goods(house: House, numbers: list[ListingId], seller: SellerId) -> list[Goods]:
    units = places.available(house, integers(numbers))
    return [_good(house, number, seller, int(left)) for number, left in zip(numbers, units, strict=True)]


def _good(house: House, number: ListingId, seller: SellerId, left: int) -> Goods:
    selling.own_listing(house, seller=seller, listing=number)
    offer = catalog.listing_of(house.catalog, number)
    page_of = catalog.product_of(house.catalog, offer.product)
    committed = sum(spot.committed for spot in places.lying(house, number))
    return Goods(
        number, page_of.product, page_of.title, offer.option, page_of.category, page_of.revision, offer.price,
        offer.shipping, offer.condition, offer.status, left, committed, page_of.seller == seller,
    )  # fmt: skip


async def listing(visit: Visit) -> Response:
    """Show one listing with everything that can be changed about it."""
    return await _show_listing(visit, {})


async def _show_listing(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    number = ListingId(path_id(visit, ListingId))
    (mine,) = await ask(visit.caravan, _goods, [number], visit.seller)
    page_of = await ask(visit.caravan, lambda house: catalog.product_of(house.catalog, mine.product))
    known = await ask(visit.caravan, lambda house: taxes.classified(house.taxes, mine.product))
    typed = {
        "hs_code": known.hs_code, "origin": known.origin, "tax_class": known.tax_class,
        "price": plain(mine.price.amount, mine.price.currency), "shipping": plain(mine.shipping.amount, mine.shipping.currency),
        "title": page_of.title, "description": page_of.description, "category": page_of.category, "image": page_of.image,
    }  # fmt: skip
    spots = await ask(visit.caravan, _spots, number)
    return await visit.show(
        "sell_listing.html", status=status, mine=mine, wrong=wrong, form=typed | visit.form.fields, spots=spots,
        sources=[(place, spot) for place, spot in spots if place.is_open],
    )  # fmt: skip


def _spots(house: House, number: ListingId) -> list[tuple[partners.Location, places.Lying]]:
    return [(house.partners.locations[spot.location], spot) for spot in places.lying(house, number)]


async def change_listing(visit: Visit) -> Response:
    """Change a listing's price, stock, state or page, whichever form was sent."""
    changes = {"reprice": _reprice, "stock": _stock, "move": _move, "edit": _edit, "classify": _classify}
    wanted = visit.form.fields.get("change", "")
    if wanted not in changes:
        raise Invalid("This form says nothing that can be changed.")
    number = ListingId(path_id(visit, ListingId))
    try:
        note = await changes[wanted](visit, number)
    except Invalid as refusal:
        return await _show_listing(visit, wrong_field(refusal), 422)
    return visit.go(f"/sell/listings/{ids.text(ListingId, number)}", note)


async def _reprice(visit: Visit, number: ListingId) -> str:
    currency = visit.shop.market().currency
    wanted = selling.Price(
        visit.seller, number, visit.form.minor("price", currency), visit.form.minor("shipping", currency, default=0),
        by=f"seller:{visit.seller}",
    )  # fmt: skip
    try:
        await do(visit.caravan, selling.reprice, wanted)
    except Invalid as refusal:
        raise Invalid(str(refusal), field=str(refusal.details.get("field", "")).removesuffix("_minor")) from refusal
    return "repriced"


async def _classify(visit: Visit, number: ListingId) -> str:
    (mine,) = await ask(visit.caravan, _goods, [number], visit.seller)
    known = taxes.Classified(
        visit.form.text("hs_code", longest=14, is_needed=False), visit.form.text("origin", longest=2, is_needed=False),
        visit.form.text("tax_class", longest=10),
    )  # fmt: skip
    await do(visit.caravan, taxing.classify, taxing.Classification(mine.product, visit.seller, known))
    return "classified"


async def _stock(visit: Visit, number: ListingId) -> str:
    units = visit.form.integer("units", least=-_STOCK_MAX, most=_STOCK_MAX)
    location = visit.form.id(LocationId, "location") if visit.form.has("location") else 0
    await _receive(visit, [number], units, location)
    return "stocked"


async def _receive(visit: Visit, numbers: list[ListingId], units: int, location: int = 0) -> None:
    await ask(visit.caravan, _goods, numbers, visit.seller)
    at, count = visit.caravan.clock.now(), len(numbers)
    receipt = selling.Receipt(
        integers(numbers), integers([units] * count), integers([at] * count), integers([location] * count)
    )
    await do(visit.caravan, selling.receive_stock, receipt, is_many=True)


async def _move(visit: Visit, number: ListingId) -> str:
    ways = {
        "publish": catalog.ListingStatus.LIVE,
        "pause": catalog.ListingStatus.PAUSED,
        "retire": catalog.ListingStatus.RETIRED,
    }
    to = visit.form.fields.get("to", "")
    if to not in ways:
        raise Invalid("A listing can be published, paused or retired.", field="to")
    await do(visit.caravan, selling.move_listing, selling.Move(visit.seller, number, ways[to]))
    return "moved"


async def _edit(visit: Visit, number: ListingId) -> str:
    (mine,) = await ask(visit.caravan, _goods, [number], visit.seller)
    form = visit.form
    draft = catalog.ProductDraft(
        title=form.text("title"),
        description=form.text("description", longest=_DESCRIPTION_CHARACTERS_MAX, is_needed=False),
        category=category_in(form.text("category")),
        image=drawing_of(form.fields.get("image", "")),
    )
    await do(
        visit.caravan,
        selling.edit_product,
        selling.Edit(visit.seller, mine.product, draft, by=f"seller:{visit.seller}"),
    )
    return "edited"


async def new_listing(visit: Visit) -> Response:
    """Ask what is to be sold."""
    return await visit.show("sell_new.html")


async def add_listing(visit: Visit) -> Response:
    """Put a product on offer, with its options and its first stock."""
    try:
        offer, units = _offer_in(visit)
        (offered,) = await do(visit.caravan, selling.offer_products, selling.Offers([visit.seller], [offer]))
    except Invalid as refusal:
        field = str(refusal.details.get("field", "")).removesuffix("_minor")
        wrong = {field: str(refusal)} if field else {"title": str(refusal)}
        return await visit.show("sell_new.html", status=422, wrong=wrong)
    if units:
        await _receive(visit, list(offered.listings), units)
    is_reviewed = await ask(visit.caravan, lambda house: house.markets.policy.reviews_listings)
    first = ids.text(ListingId, offered.listings[0])
    return visit.go(f"/sell/listings/{first}", "in_review" if is_reviewed else "listed")


def _offer_in(visit: Visit) -> tuple[selling.Offer, int]:
    form, currency = visit.form, visit.shop.market().currency
    draft = catalog.ListingDraft(
        price_minor=form.minor("price", currency), shipping_minor=form.minor("shipping", currency, default=0),
        currency=currency, condition=form.text("condition", longest=20),
    )  # fmt: skip
    attributes = {"material": form.text("material", is_needed=False), "origin": form.text("origin", is_needed=False)}
    described = catalog.ProductDraft(
        title=form.text("title"),
        description=form.text("description", longest=_DESCRIPTION_CHARACTERS_MAX, is_needed=False),
        category=category_in(form.text("category")),
        brand=form.text("brand", is_needed=False),
        attributes={name: value for name, value in attributes.items() if value},
        image=drawing_of(form.fields.get("image", "")),
        weight_grams=form.integer("weight", least=0, most=1_000_000, default=0),
    )
    named = [option.strip() for option in form.text("options", is_needed=False).split(",") if option.strip()]
    if len(named) > _OPTIONS_MAX:
        raise Invalid(f"At most {_OPTIONS_MAX} options.", field="options")
    options = tuple((option, msgspec.structs.replace(draft)) for option in dict.fromkeys(named)) or (("", draft),)
    units = form.integer("units", least=0, most=_STOCK_MAX, default=0)
    return selling.Offer(page=described, options=options), units


def category_in(text: str) -> str:
    """Read a category such as "Home / Kitchen": one to three levels parted by slashes."""
    levels = [level.strip() for level in text.split("/") if level.strip()]
    if not 0 < len(levels) <= 3:  # noqa: PLR2004 - The importers' shape has three levels, too.
        raise Invalid("A category has one to three levels, such as Home/Kitchen.", field="category")
    return "/".join(levels)


# Money.


async def balance(visit: Visit) -> Response:
    """Show the balance, its statement and the payouts."""
    currency = visit.shop.market().currency
    mine = await ask(visit.caravan, _desk, visit.seller, currency)
    rows, cursor = await records.statement(
        visit.caravan, ledger.Kind.SELLER_BALANCE, visit.seller, after=visit.request.query_params.get("after", "")
    )
    sent = await page(
        visit.caravan,
        "SELECT number, unit, amount, sent_at FROM payouts WHERE seller = ? ORDER BY number DESC LIMIT ?",
        (visit.seller, records.ROWS),
    )
    payouts = [(PayoutId(number), Money(amount, alphabetic(unit)), at) for number, unit, amount, at in sent]
    policy = await ask(visit.caravan, lambda house: house.markets.policy)
    clawback = await ask(visit.caravan, lambda house: house.markets.money_terms.clawback_minor_max)
    return await visit.show(
        "sell_balance.html", clawback=clawback, desk=mine, rows=rows, payouts=payouts, more=f"?after={cursor}" if cursor else "",
        policy=policy,
    )  # fmt: skip


# By the reason of a charge; 0 is a refund.
_DEDUCTED = ("Refund after settlement", "Label", "Your coupon", "Dispute", "Taken over by the operator")


async def payout(visit: Visit) -> Response:
    """Show one payout, order by order."""
    number = path_id(visit, PayoutId)
    found = await page(
        visit.caravan,
        "SELECT unit, amount, deducted, sent_at, (SELECT coalesce(sum(payout_transfers.amount), 0) FROM payout_transfers"
        " WHERE payout_transfers.payout = payouts.number) FROM payouts WHERE number = ? AND seller = ?",
        (number, visit.seller),
    )
    if not found:
        raise NotFound("There is no such payout.")
    (unit, amount, deducted, sent_at, in_person), currency = found[0], alphabetic(found[0][0])
    last = records.rows_before(visit.request.query_params.get("after", ""))
    lines = await page(
        visit.caravan,
        "SELECT order_number, amount FROM payout_lines WHERE payout = ? AND order_number < ?"
        " ORDER BY order_number DESC LIMIT ?",
        (number, last, records.ROWS + 1),
    )
    taken = await page(
        visit.caravan,
        "SELECT order_number, reason, amount FROM payout_deductions WHERE payout = ? ORDER BY number LIMIT ?",
        (number, records.ROWS),
    )
    deductions = [(OrderId(order), _DEDUCTED[reason], Money(-minor, currency)) for order, reason, minor in taken]
    settled = [(OrderId(order), Money(minor, currency)) for order, minor in lines[: records.ROWS]]
    assert unit, "A payout has a currency."
    return await visit.show(
        "sell_payout.html", payout=PayoutId(number), amount=Money(amount, currency), sent_at=sent_at, settled=settled,
        deductions=deductions, deducted=Money(deducted + in_person, currency), in_person=Money(in_person, currency),
        more=f"?after={settled[-1][0]}" if len(lines) > records.ROWS else "",
    )  # fmt: skip
