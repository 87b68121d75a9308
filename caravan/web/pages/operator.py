"""The operator's console: who wants in, how the market does, and whether the books are sound."""

from itertools import islice
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from caravan.flows import finding, invariants, selling
from caravan.flows.house import House
from caravan.insight import search
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import ListingId, SellerId
from caravan.kernel.money import Money, alphabetic
from caravan.trade import catalog, ledger
from caravan.web import access
from caravan.web.pages.visit import Visit, local_path, path_id
from caravan.web.reach import ask, do, page
from caravan.world import partners

_TOKEN_CHARACTERS_MAX = 200
_SESSION_DAYS = 1
_LOOK_BACK_MAX = 20_000
_SHOWN_MAX = 50
_FINDINGS_MAX = 100
_CURSOR_DIGITS_MAX = 10
_SYNONYMS_CHARACTERS_MAX = 50_000


class Figures(NamedTuple):
    """The market in a few figures, by currency where it is money."""

    orders: int
    open_orders: int
    canceled: int
    gmv: list[Money]
    escrow: list[Money]
    wallets: list[Money]
    fees: list[Money]
    buyers: int
    sellers: int
    live_listings: int


async def login_form(visit: Visit) -> Response:
    """Ask for the operator's token."""
    return await visit.show("operator_login.html", next=visit.request.query_params.get("next", ""))


async def login(visit: Visit) -> Response:
    """Let the operator in on this browser for a day; the token that was pasted stays out of the cookies."""
    token = visit.form.text("token", longest=_TOKEN_CHARACTERS_MAX, is_needed=False)
    bearer = await access.bearer_of(visit.caravan, token)
    if bearer is None or bearer.audience != "operator":
        wrong = {"token": "This is no operator's token, or it is too old."}
        return await visit.show("operator_login.html", status=422, wrong=wrong, next="", form={})
    await let_in(visit)
    return visit.go(local_path(visit.form.fields.get("next", ""), "/operator"), "welcome")


async def let_in(visit: Visit) -> None:
    """Log the operator in on this browser, with a token of the browser's own."""
    token = await access.issue_token(visit.caravan, audience="operator", subject=0, days=_SESSION_DAYS)
    visit.let_in("operator", token)


async def logout(visit: Visit) -> Response:
    """Log the operator out on this browser."""
    await visit.let_out("operator")
    return visit.go("/", "left")


async def overview(visit: Visit) -> Response:
    """Show the market at a glance: figures, terms, who waits."""
    return await _overview(visit, None)


async def check(visit: Visit) -> Response:
    """Check every invariant now, and show what was found."""
    found = await run_in_threadpool(visit.caravan.cell.ask, _findings)
    return await _overview(visit, found)


async def _overview(visit: Visit, findings: list[str] | None) -> Response:
    counted = await page(
        visit.caravan, "SELECT status, fulfillment, unit, count(*), sum(total) FROM orders GROUP BY 1, 2, 3"
    )
    figures = await ask(visit.caravan, _figures, counted)
    terms = await ask(visit.caravan, lambda house: (house.markets.policy, house.markets.fee_rules))
    waiting = await ask(visit.caravan, _sellers_of, partners.SellerStatus.APPLIED, 0)
    reviewed = []
    if terms[0].reviews_listings:
        rows = await page(
            visit.caravan, "SELECT listing FROM shelf_listings WHERE status = 'in_review' LIMIT ?", (_SHOWN_MAX,)
        )
        reviewed = await ask(visit.caravan, _listings, [ListingId(number) for (number,) in rows])
    return await visit.show(
        "operator.html", figures=figures, policy=terms[0], fees=terms[1], waiting=waiting[0], reviewed=reviewed,
        findings=findings, findings_max=_FINDINGS_MAX, position=visit.caravan.cell.position,
    )  # fmt: skip


def _findings(house: House) -> list[str]:
    return list(islice(invariants.findings(house), _FINDINGS_MAX))


def _figures(house: House, counted: list[tuple[str, str, int, int, int]]) -> Figures:
    gmv: dict[int, int] = {}
    for status, _, unit, _, total in counted:
        if status != "canceled":
            gmv[unit] = gmv.get(unit, 0) + total
    is_live = house.catalog.listings.status == catalog.ListingStatus.LIVE
    return Figures(
        orders=sum(count for *_, count, _ in counted),
        open_orders=sum(count for status, done, _, count, _ in counted if (status, done) == ("placed", "unfulfilled")),
        canceled=sum(count for status, _, _, count, _ in counted if status == "canceled"),
        gmv=_moneys(gmv),
        escrow=_moneys(ledger.totals(house.ledger, ledger.Kind.ESCROW)),
        wallets=_moneys(ledger.totals(house.ledger, ledger.Kind.WALLET)),
        fees=_moneys(ledger.totals(house.ledger, ledger.Kind.OPERATOR_FEES)),
        buyers=len(house.identity.buyers) - 1,
        sellers=int(house.partners.active.sum()),
        live_listings=int(is_live.sum()),
    )


def _moneys(amounts: dict[int, int]) -> list[Money]:
    return [Money(amount, alphabetic(unit)) for unit, amount in amounts.items() if unit]


def _sellers_of(house: House, status: partners.SellerStatus | None, before: int) -> tuple[list[partners.Seller], int]:
    """Give sellers of a status (None: of any), the newest first, and the number to go on before (0 at the end)."""
    everyone = house.partners.sellers
    last = min(before or len(everyone), len(everyone)) - 1
    found = []
    for place in range(last, max(0, last - _LOOK_BACK_MAX), -1):
        if status is None or everyone[place].status == status:
            found.append(everyone[place])
        if len(found) == _SHOWN_MAX:
            return found, place if place > 1 else 0
    return found, 0


def _listings(house: House, numbers: list[ListingId]) -> list[tuple[catalog.Product, Any, str]]:
    found = []
    for number in numbers:
        offer = catalog.listing_of(house.catalog, number)
        name = partners.seller_of(house.partners, offer.seller).name
        found.append((catalog.product_of(house.catalog, offer.product), offer, name))
    return found


async def sellers(visit: Visit) -> Response:
    """Show all sellers, the newest first."""
    after = visit.request.query_params.get("after", "")
    last = int(after) if after.isdecimal() and len(after) < _CURSOR_DIGITS_MAX else 0
    shown, before = await ask(visit.caravan, _sellers_of, None, last)
    return await visit.show("operator_sellers.html", sellers=shown, more=f"?after={before}" if before else "")


async def approve(visit: Visit) -> Response:
    """Let a seller in."""
    await do(visit.caravan, selling.approve_sellers, [SellerId(path_id(visit, SellerId))])
    return visit.go(_back(visit), "approved")


async def suspend(visit: Visit) -> Response:
    """Stop a seller from taking new orders."""
    why = visit.form.text("why", longest=500, is_needed=False) or "The operator gave no reason."
    await do(visit.caravan, selling.suspend_seller, selling.Suspension(SellerId(path_id(visit, SellerId)), why))
    return visit.go(_back(visit), "suspended")


async def rule(visit: Visit) -> Response:
    """Let a listing go live, or keep it off the shelf."""
    ways = {"publish": catalog.ListingStatus.LIVE, "suspend": catalog.ListingStatus.SUSPENDED}
    to = visit.form.fields.get("to", "")
    if to not in ways:
        raise Invalid("A listing can be published or suspended.", field="to")
    listing = ListingId(path_id(visit, ListingId))
    await do(
        visit.caravan, selling.move_listing, selling.Move(SellerId(0), listing, ways[to], "Looked at by the operator.")
    )
    return visit.go("/operator", "moved")


async def words(visit: Visit) -> Response:
    """Show the synonyms, and what was looked for in vain."""
    lines, missed = await ask(visit.caravan, _words)
    return await visit.show("operator_words.html", form={"groups": lines}, missed=missed)


def _words(house: House) -> tuple[str, list[tuple[str, int]]]:
    lines = "\n".join(", ".join(group) for group in search.synonyms(house.search))
    return lines, search.missed(house.search, limit=_SHOWN_MAX)


async def set_words(visit: Visit) -> Response:
    """Take the synonyms: one group a line, its phrases parted by commas."""
    text = visit.form.text("groups", longest=_SYNONYMS_CHARACTERS_MAX, is_needed=False)
    groups = [[phrase.strip() for phrase in line.split(",") if phrase.strip()] for line in text.split("\n")]
    try:
        await do(visit.caravan, finding.set_synonyms, ([group for group in groups if group], "operator"))
    except Invalid as refusal:
        _, missed = await ask(visit.caravan, _words)
        wrong = {"groups": str(refusal)}
        return await visit.show("operator_words.html", status=422, wrong=wrong, form={"groups": text}, missed=missed)
    return visit.go("/operator/words", "words_set")


def _back(visit: Visit) -> str:
    return local_path(visit.form.fields.get("next", ""), "/operator")
