"""Checks the pages without a browser: each answers, forms are guarded, words are only words, nobody sees another's."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from benchmarks import people as made_up
from caravan import bootstrap
from caravan.bootstrap import Caravan, open_caravan, tick
from caravan.config import Settings
from caravan.flows import invariants, lookalikes, opening, selling, whys
from caravan.kernel import ids
from caravan.kernel.clock import DAY, HOUR, MINUTE, FixedClock, instant
from caravan.kernel.errors import NotFound, Outage
from caravan.kernel.ids import ListingId, ProductId, SellerId
from caravan.trade.catalog import ListingDraft, ProductDraft
from caravan.web import access, pages
from caravan.web.pages.formats import formats_of
from caravan.world import markets, partners

YEAR_2026 = instant(datetime(2026, 1, 1, tzinfo=UTC))
PASSWORD = "a good long password"
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"
OPEN_PAGES = [
    "/", "/c/", "/c/Home", "/c/Home/Kitchen?sort=price", "/c/Home?sort=nonsense", "/search?q=mug", "/search", "/cart", "/login",
    "/register", "/sell", "/sell/apply", "/sell/login", "/operator/login", "/demo", "/robots.txt", "/sitemap.xml",
    "/sitemap-0.xml", "/llms.txt", "/static/caravan.css", "/static/caravan.js", "/static/icon.svg",
    "/products/prd_000000000001", "/products/prd_000000000001/image.svg", "/sellers/sel_000000000001",
]  # fmt: skip
BUYER_PAGES = ["/my", "/my/orders", "/my/wallet", "/my/addresses", "/checkout"]
SELLER_PAGES = [
    "/sell/claims", "/sell/home", "/sell/orders", "/sell/orders?show=all", "/sell/listings", "/sell/listings/new", "/sell/balance",
    "/sell/listings/lst_000000000001", "/sell/numbers", "/sell/numbers/catalog", "/sell/numbers/gmv", "/sell/numbers/gmv?by=buyer_country",
    "/sell/numbers/buyer_retention",
]  # fmt: skip
OPERATOR_PAGES = [
    "/operator",
    "/operator/claims",
    "/operator/sellers",
    "/operator/words",
    "/operator/lists",
    "/operator/network",
    "/operator/identities",
    "/operator/check",
    "/operator/numbers",
    "/operator/numbers/catalog",
    "/operator/numbers/quality",
    "/operator/numbers/gmv",
    "/operator/numbers/sales?by=category",
    "/operator/numbers/gmv?by=nonsense",
    "/operator/numbers/checkout_funnel",
    "/operator/numbers/buyer_retention",
    "/operator/numbers/orders_on_last_week",
]
PLACE = {"name": "Ana", "line1": "Rua 1", "city": "Porto", "postcode": "4050", "country": "PT"}
Open = Callable[[], TestClient]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def caravan(tmp_path: Path, clock: FixedClock) -> Iterator[Caravan]:
    running = open_caravan(Settings(home=tmp_path), clock=clock, ticks=False)
    fill(running)
    yield running
    assert list(running.cell.ask(invariants.findings)) == []
    running.close()


@pytest.fixture
def visitor(caravan: Caravan) -> Open:
    app = Starlette(routes=pages.routes(caravan))
    return lambda: TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=True)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Open visits to one market that all tests share which change nothing in it."""
    running = open_caravan(Settings(home=tmp_path_factory.mktemp("market")), clock=FixedClock(), ticks=False)
    fill(running)
    app = Starlette(routes=pages.routes(running))
    yield lambda: TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=True)
    running.close()


def fill(caravan: Caravan) -> None:
    do = caravan.cell.do
    do(opening.open_market, opening.Opening("Caravan", "EUR", has_play_money=True))
    applications = [partners.Application(name=name, country="PT", city="Porto") for name in ("Barro", "Lã & Co")]
    sellers = do(selling.apply_to_sell, applications)
    do(selling.approve_sellers, sellers)
    drafts = [
        ProductDraft(
            title="Stoneware mug", description="Holds tea.", category="Home/Kitchen", attributes={"color": "blue"}
        ),
        ProductDraft(
            title=ATTACK, description=ATTACK, category="Home/Textiles", brand=ATTACK, attributes={ATTACK: ATTACK}
        ),
    ]
    offers = [
        selling.Offer(page=draft, options=(("", ListingDraft(price_minor=1_000, shipping_minor=250, currency="EUR")),))
        for draft in drafts
    ]
    for offered in do(selling.offer_products, selling.Offers(sellers, offers)):
        receipt = selling.stock_receipt(offered.listings[0], 3, at=caravan.clock.now())
        caravan.cell.do_many(selling.receive_stock, receipt)


def send(client: TestClient, page: str, path: str, **fields: str):  # type: ignore[no-untyped-def] # noqa: ANN201
    return client.post(path, data={"csrf": token_on(client, page), **fields})


def token_on(client: TestClient, page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get(page).text)
    assert found, page
    return found[1]


def register(client: TestClient, email: str = "ana@example.org") -> None:
    send(client, "/register", "/register", name="Ana", email=email, password=PASSWORD, country="PT")


def buy(client: TestClient, listing: int = 1) -> str:
    send(client, "/cart/../register", "/cart/add", listing=ids.text(ListingId, listing), quantity="1")
    review = send(client, "/checkout", "/checkout", address="new", **PLACE)
    session = review.url.path
    send(client, session, f"{session}/top-up")
    total = re.search(r'name="expected" value="(\d+)"', client.get(session).text)
    assert total
    thanks = send(client, session, f"{session}/complete", expected=total[1])
    order = re.search(r"/my/orders/(ord_\w+)", thanks.text)
    assert order, thanks.text
    return order[1]


def seller_login(caravan: Caravan, client: TestClient, seller: int = 1) -> None:
    email = f"seller{seller}@example.org"
    asyncio.run(
        access.set_password(caravan, audience="seller", subject=SellerId(seller), email=email, password=PASSWORD)
    )
    send(client, "/sell/login", "/sell/login", email=email, password=PASSWORD)


def operator_login(caravan: Caravan, client: TestClient) -> None:
    token = asyncio.run(access.issue_token(caravan, audience="operator", subject=0))
    send(client, "/operator/login", "/operator/login", token=token)


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_a_page_for_everybody_answers(reader: Open, path: str) -> None:
    assert reader().get(path).status_code == 200


@pytest.mark.parametrize("path", [*BUYER_PAGES, *SELLER_PAGES, *OPERATOR_PAGES])
def test_a_page_for_somebody_sends_everybody_else_to_log_in(reader: Open, path: str) -> None:
    answer = reader().get(path)

    assert answer.url.path.endswith("/login")


def test_the_pages_of_a_buyer_a_seller_and_the_operator_answer(caravan: Caravan, visitor: Open) -> None:
    client = visitor()
    register(client)
    seller_login(caravan, client)
    operator_login(caravan, client)

    for path in [*BUYER_PAGES, *SELLER_PAGES, *OPERATOR_PAGES]:
        answer = client.get(path)
        assert (answer.status_code, answer.url.path) == (200, path.partition("?")[0])


@pytest.mark.parametrize(
    "path", ["/nope", "/products/prd_000000000099", "/products/x", "/sellers/sel_ZZZZZZZZZZZZ", "/c/Nowhere"]
)
def test_what_is_not_there_is_a_page_with_a_next_step(reader: Open, path: str) -> None:
    answer = reader().get(path)

    assert answer.status_code == 404
    assert 'class="button"' in answer.text


@pytest.mark.parametrize("fields", [{"quantity": "1"}, {"csrf": "0" * 32}, {"csrf": ""}])
@pytest.mark.parametrize(
    "path", ["/cart/add", "/cart", "/login", "/register", "/logout", "/sell/apply", "/operator/login", "/demo"]
)
def test_a_form_that_no_page_has_shown_is_refused(reader: Open, path: str, fields: dict[str, str]) -> None:
    client = reader()
    client.get("/")

    assert client.post(path, data=fields).status_code == 403


def test_a_form_of_another_visitor_is_refused(reader: Open) -> None:
    stolen = token_on(reader(), "/register")

    answer = reader().post("/register", data={"csrf": stolen})

    assert answer.status_code == 403


def test_a_form_sent_from_another_site_is_refused(reader: Open) -> None:
    client = reader()
    fields = {"csrf": token_on(client, "/login")}

    answer = client.post("/login", data=fields, headers={"sec-fetch-site": "cross-site"})

    assert answer.status_code == 403


def test_a_page_that_can_not_be_made_says_so_and_asks_for_patience(
    reader: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise Outage

    monkeypatch.setattr("caravan.web.looking.find", fails)
    answer = reader().get("/search?q=mug")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_markup_in_a_product_is_text(reader: Open) -> None:
    client = reader()

    for path in ("/", "/c/Home/Textiles", "/search?q=script", "/products/prd_000000000002", "/sitemap-0.xml"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert "&lt;script&gt;" in client.get("/products/prd_000000000002").text


def test_a_drawing_runs_in_a_sandbox_and_is_kept_for_long(reader: Open) -> None:
    client = reader()

    first = client.get("/products/prd_000000000001/image.svg?v=1")
    again = client.get("/products/prd_000000000001/image.svg?v=1", headers={"if-none-match": first.headers["etag"]})

    assert "sandbox" in first.headers["content-security-policy"]
    assert "immutable" in first.headers["cache-control"]
    assert again.status_code == 304


@pytest.mark.parametrize(
    "words",
    [
        "", " ", '"', '""', '"mug', "mug*", "*", "mu", "AND", "mug OR", "NOT mug", "NEAR(mug tea)", "title:mug", "mug)", "(", "-mug",
        "^mug", "mug + tea", "🫖", "🫖 mug", "é", "_", "___ mug", "'; DROP TABLE words; --", "\x00", "%", "\\", "a" * 5_000, "x " * 500,
    ],
)  # fmt: skip
def test_whatever_is_searched_for_is_only_words(reader: Open, words: str) -> None:
    client = reader()

    assert client.get("/search", params={"q": words}).status_code == 200
    assert client.get("/search", params={"q": words, "after": words}).status_code in {200, 400}


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("mug", True),
        ("stonew", True),
        ("blue", True),
        ("teel", False),
        ("tea mug", True),
        ("mug zebra", True),
        ("zebra", False),
    ],
)
def test_words_find_products(reader: Open, words: str, is_found: bool) -> None:  # noqa: FBT001 - A row's verdict.
    assert ("Stoneware mug" in reader().get("/search", params={"q": words}).text) is is_found


@pytest.mark.parametrize("after", ["x", "1_", "_1", "-1_1", "9" * 30 + "_1", "1_1; --"])
def test_a_cursor_that_is_none_breaks_nothing(reader: Open, after: str) -> None:
    assert reader().get("/c/", params={"after": after}).status_code in {200, 400}


def test_a_shopper_buys_once_however_often_they_click(visitor: Open) -> None:
    client = visitor()
    register(client)
    send(client, "/register", "/cart/add", listing="lst_000000000001", quantity="2")
    session = send(client, "/checkout", "/checkout", address="new", **PLACE).url.path
    send(client, session, f"{session}/top-up")
    fields = {"csrf": token_on(client, session), "expected": "2500"}

    first = client.post(f"{session}/complete", data=fields)
    second = client.post(f"{session}/complete", data=fields)

    assert first.url.path == second.url.path
    assert first.url.path.startswith("/thanks/pur_")
    assert client.get("/my/orders").text.count('<li class="panel order-row">') == 1


def test_too_little_money_leads_to_a_top_up_and_a_wrong_total_to_a_second_look(visitor: Open) -> None:
    client = visitor()
    register(client)
    send(client, "/register", "/cart/add", listing="lst_000000000001", quantity="1")
    session = send(client, "/checkout", "/checkout", address="new", **PLACE).url.path

    short = send(client, session, f"{session}/complete", expected="1250")
    send(client, session, f"{session}/top-up")
    changed = send(client, session, f"{session}/complete", expected="1")

    assert "Still missing" in short.text
    assert changed.status_code == 422
    assert "total has changed" in changed.text


def test_who_pays_by_transfer_is_told_the_day_and_the_time_until_when_it_is_held(
    caravan: Caravan, visitor: Open
) -> None:
    caravan.cell.do(opening.set_money_terms, markets.MoneyTerms(takes_transfers=True))
    client = visitor()
    register(client)
    send(client, "/register", "/cart/add", listing="lst_000000000001", quantity="1")
    session = send(client, "/checkout", "/checkout", address="new", **PLACE).url.path

    waits = send(client, session, f"{session}/pay", method="transfer", expected="1250")

    assert re.search(r"Held for you until <time[^>]*>\d+ \w+, \d\d:\d\d UTC</time>", waits.text)


def test_a_moment_of_another_year_is_written_with_its_year() -> None:
    formats = replace(formats_of("en"), now=YEAR_2026 + DAY)

    assert formats.moment(YEAR_2026) == "1 Jan, 00:00 UTC"
    assert formats.moment(YEAR_2026 - MINUTE) == "31 Dec 2025, 23:59 UTC"


def test_a_reservation_that_has_ended_is_told_kindly(caravan: Caravan, clock: FixedClock, visitor: Open) -> None:
    client = visitor()
    register(client)
    send(client, "/register", "/cart/add", listing="lst_000000000001", quantity="1")
    session = send(client, "/checkout", "/checkout", address="new", **PLACE).url.path

    clock.advance(HOUR)
    tick(caravan.cell)

    answer = client.get(session)
    assert answer.status_code == 422
    assert "no longer held" in answer.text
    assert "Stoneware mug" in client.get("/cart").text


def test_more_than_there_is_can_not_go_to_checkout(visitor: Open) -> None:
    client = visitor()
    register(client)
    send(client, "/register", "/cart/add", listing="lst_000000000001", quantity="4")

    assert "Only 3 left" in client.get("/cart").text
    assert "Somebody was quicker" in send(client, "/checkout", "/checkout", address="new", **PLACE).text


def test_nobody_sees_another_buyers_order_checkout_purchase_or_cart(visitor: Open) -> None:
    ana, eve = visitor(), visitor()
    register(ana)
    register(eve, "eve@example.org")
    order = buy(ana)

    for path in (f"/my/orders/{order}", "/thanks/pur_000000000001", "/checkout/cs_000000000001"):
        assert eve.get(path).status_code == 404
    assert send(eve, "/my", f"/my/orders/{order}/cancel").status_code == 404
    eve.cookies.set("caravan_cart", "crt_000000000001.0123456789abcdef0123456789abcdef")
    assert "Your cart is empty" in eve.get("/cart").text


def test_a_seller_sees_and_changes_only_what_is_theirs(caravan: Caravan, visitor: Open) -> None:
    ana, seller = visitor(), visitor()
    register(ana)
    order = buy(ana)
    seller_login(caravan, seller, 2)

    assert seller.get(f"/sell/orders/{order}").status_code == 404
    assert seller.get("/sell/listings/lst_000000000001").status_code == 404
    change = {"change": "reprice", "price": "1"}
    assert send(seller, "/sell/listings/new", "/sell/listings/lst_000000000001", **change).status_code == 404
    stock = {"change": "stock", "units": "5"}
    assert send(seller, "/sell/listings/new", "/sell/listings/lst_000000000001", **stock).status_code == 404
    hand_over = send(seller, "/sell/listings/new", f"/sell/orders/{order}/hand-over", carrier="X")
    assert hand_over.status_code == 404


def test_a_guests_cart_comes_along_and_ends_at_logout(visitor: Open) -> None:
    client = visitor()
    send(client, "/register", "/cart/add", listing="lst_000000000001", quantity="1")

    register(client)
    at_login = client.get("/cart").text
    send(client, "/my", "/logout")

    assert "Stoneware mug" in at_login
    assert "Your cart is empty" in client.get("/cart").text
    send(client, "/login", "/login", email="ana@example.org", password=PASSWORD)
    assert "Stoneware mug" in client.get("/cart").text


def test_login_leads_only_to_pages_of_this_site(visitor: Open) -> None:
    client = visitor()
    register(client)
    for wanted in ("//evil.example", "https://evil.example", "/\\evil.example"):
        client.get("/")
        answer = send(client, "/register", "/login", email="ana@example.org", password=PASSWORD, next=wanted)
        assert answer.url.host == "127.0.0.1"


def test_a_wrong_password_and_a_taken_address_are_told_beside_the_form(visitor: Open) -> None:
    client = visitor()
    register(client)

    wrong = send(client, "/login", "/login", email="ana@example.org", password="not the password")
    taken = send(client, "/register", "/register", name="A", email="ana@example.org", password=PASSWORD, country="PT")
    short = send(client, "/register", "/register", name="A", email="bo@example.org", password="short", country="PT")

    assert [answer.status_code for answer in (wrong, taken, short)] == [422, 422, 422]
    assert "do not belong together" in wrong.text
    assert "log in instead" in taken.text
    assert "10 to 256" in short.text
    assert PASSWORD not in taken.text


def test_whoever_deletes_their_account_is_gone(visitor: Open) -> None:
    client = visitor()
    register(client)
    buy(client)

    unsure = send(client, "/my", "/my/forget")
    send(client, "/my", "/my/forget", sure="1")

    assert unsure.status_code == 400
    assert client.get("/my").url.path == "/login"
    assert "do not belong" in send(client, "/login", "/login", email="ana@example.org", password=PASSWORD).text


def test_a_seller_lists_prices_pauses_and_is_paid(caravan: Caravan, clock: FixedClock, visitor: Open) -> None:
    client = visitor()
    seller_login(caravan, client)
    made = send(
        client, "/sell/listings/new", "/sell/listings/new", title="Tea pot", category="Home / Kitchen", price="20,50", units="2",
        options="Blue, Green", condition="new", shipping="", image='<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    )  # fmt: skip
    listing = made.url.path
    send(client, listing, listing, change="reprice", price="19.90", shipping="0")
    send(client, listing, listing, change="stock", units="-1")
    register(client)
    order = buy(client, 3)
    send(client, f"/sell/orders/{order}", f"/sell/orders/{order}/hand-over", carrier="Own courier")
    parcel = re.search(r"par_\w+", client.get(f"/sell/orders/{order}").text)
    assert parcel
    send(client, f"/sell/orders/{order}", f"/sell/parcels/{parcel[0]}/scan", to="delivered")
    clock.advance(4 * DAY)
    tick(caravan.cell)
    paused = send(client, listing, listing, change="move", to="pause")

    assert 'value="19.90"' in paused.text
    assert "Paused" in paused.text
    assert "Payout" in client.get("/sell/balance").text
    assert client.get(f"/sell/orders/{order}").text.count("is-done") == 6
    payout = re.search(r"/sell/payouts/po_\w+", client.get("/sell/balance").text)
    assert payout
    assert order in client.get(payout[0]).text


@pytest.mark.parametrize(
    "image",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'></svg>hello", "<p>", '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg" onload="x()"></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="https://evil.example/x.png"/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><style>a{background:url(https://evil.example)}</style></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><foreignObject/></svg>',
    ],
)  # fmt: skip
def test_a_drawing_that_runs_or_reaches_out_is_refused(caravan: Caravan, visitor: Open, image: str) -> None:
    client = visitor()
    seller_login(caravan, client)
    fields = {"title": "X", "category": "Home", "price": "1", "condition": "new", "image": image}

    assert send(client, "/sell/listings/new", "/sell/listings/new", **fields).status_code == 422


def test_a_photo_within_a_drawing_is_taken(caravan: Caravan, visitor: Open) -> None:
    client = visitor()
    seller_login(caravan, client)
    photo = '<svg xmlns="http://www.w3.org/2000/svg"><image href="data:image/jpeg;base64,/9j+onAB=="/><use href="#a"/></svg>'
    fields = {"title": "X", "category": "Home", "price": "1", "condition": "new", "image": photo}

    made = send(client, "/sell/listings/new", "/sell/listings/new", **fields)

    assert made.status_code == 200
    assert client.get("/products/prd_000000000003/image.svg").text == photo


def test_the_operator_sees_records_side_by_side_and_ties_them(caravan: Caravan, visitor: Open) -> None:
    client = visitor()
    operator_login(caravan, client)
    assert "Nothing to decide" in client.get("/operator/identities").text
    table = made_up.make(200, seed=3).drop_columns(["cluster"])
    lookalikes.take_customers(caravan.cell, caravan.vault, table, source="crm", told={}, progress=lambda *_: None)

    page = send(client, "/operator/identities", "/operator/identities/look").text
    assert "almost the same" in page
    (first, *_) = re.findall(r"/operator/identities/(ppl_\w{12})", page)

    tied = send(client, "/operator/identities", f"/operator/identities/{first}", verdict="accept").text
    assert "one person now" in tied
    assert [one.state for one in caravan.cell.house.oneid.proposals[1:]].count(1) == 1


def test_the_operator_draws_a_hold_out_and_sees_why_a_list_was_shown(caravan: Caravan, visitor: Open) -> None:
    client, shopper = visitor(), visitor()
    operator_login(caravan, client)
    assert "Nothing yet" in client.get("/operator/lists").text
    assert "50" in send(client, "/operator/lists", "/operator/lists", share="90").text
    assert "is drawn" in send(client, "/operator/lists", "/operator/lists", share="10").text
    shopper.get("/products/prd_000000000001")
    shopper.get("/")

    page = client.get("/operator/lists").text
    (path, *_) = re.findall(r"/operator/lists/why\?visitor=\w{32}&amp;at=\d+", page)
    why = client.get(path.replace("&amp;", "&")).text

    assert "Nothing was sold yet" in page
    assert re.search(r"<td><time[^>]*>\d+ \w+, \d\d:\d\d UTC</time></td>", page)
    assert re.search(r"<time[^>]*>\d+ \w+, \d\d:\d\d UTC</time> ·", why)
    assert "Nothing is being compared" in page
    assert (
        "no version"
        in send(client, "/operator/lists", "/operator/lists/compare", version="search abc", percent="5").text
    )
    assert (
        "Nothing is being compared."
        in send(client, "/operator/lists", "/operator/lists/compare", about="lists", deed="end").text
    )
    assert "Stoneware mug" in why
    assert client.get("/operator/lists/why?visitor=00&at=x").status_code == 404


def test_the_operator_weighs_what_else_counts_in_lists_and_sees_it_in_why(caravan: Caravan, visitor: Open) -> None:
    client, shopper = visitor(), visitor()
    operator_login(caravan, client)
    page = "/operator/lists"
    assert "It counts for nothing unless you say so" in client.get(page).text

    weighed = send(client, page, "/operator/lists/weigh", part="margin", weight="2,5", surface="home", days="7").text
    assert "It counts so much" in weighed
    assert re.search(r"2.5 on home,\s+until", weighed)
    shopper.get("/")
    (path, *_) = re.findall(r"/operator/lists/why\?visitor=\w{32}&amp;at=\d+", client.get(page).text)
    assert re.search(r"margin \+0\.\d{3}", client.get(path.replace("&amp;", "&")).text)

    lifted = send(client, page, "/operator/lists/weigh", deed="lift", rule="weigh margin home").text
    assert "It counts as it did before" in lifted
    assert "on home" not in lifted


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weight": "11"}, "A weight is from 0 to 10."),
        ({"weight": "-1"}, "A weight is from 0 to 10."),
        ({"part": "luck"}, "target is one of"),
        ({"surface": "moon"}, "A surface is one of"),
        ({"days": "x"}, "A whole number"),
    ],
)
def test_a_weight_that_cannot_be_is_refused(caravan: Caravan, visitor: Open, wrong: dict[str, str], says: str) -> None:
    client = visitor()
    operator_login(caravan, client)

    fields = {"part": "stock", "weight": "1"} | wrong
    answer = send(client, "/operator/lists", "/operator/lists/weigh", **fields)

    assert answer.status_code == 400
    assert says in answer.text


def test_a_list_that_is_not_in_the_log_or_too_far_down_it_is_not_explained(
    caravan: Caravan, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain = partial(bootstrap.why, caravan.settings, visitor=b"x" * 16, at=1, version="")
    with pytest.raises(NotFound, match="no such list"):
        explain()
    monkeypatch.setattr(whys, "FACTS_READ_MAX", 0)

    with pytest.raises(NotFound, match="too far down"):
        explain()


def test_the_operator_lets_in_suspends_and_checks_the_books(caravan: Caravan, visitor: Open) -> None:
    client, business = visitor(), visitor()
    send(
        business, "/sell/apply", "/sell/apply", name="Olaria", country="PT", city="Beja", postcode="7800", email="o@example.org",
        password=PASSWORD, description="Pots.",
    )  # fmt: skip
    assert "Waiting for the operator" in business.get("/sell/home").text
    operator_login(caravan, client)

    send(client, "/operator", "/operator/sellers/sel_000000000003/approve")
    assert "To ship" in business.get("/sell/home").text
    send(client, "/operator/sellers", "/operator/sellers/sel_000000000001/suspend", why="Late.")

    assert "takes no new orders" in client.get("/sellers/sel_000000000001").text
    assert "Nobody has this on offer" in client.get("/products/prd_000000000001").text
    assert "Everything holds" in send(client, "/operator", "/operator/check").text


def test_the_demo_has_three_doors_here_and_none_elsewhere(caravan: Caravan, tmp_path: Path, visitor: Open) -> None:
    client = visitor()
    register(client)
    buy(client)

    ends = [send(client, "/demo", "/demo", role=role).url.path for role in ("buyer", "seller", "operator")]
    elsewhere = pages.routes(_moved(caravan, Settings(home=tmp_path, host="0.0.0.0")))  # noqa: S104 - As a server on the net would.

    assert ends == ["/", "/sell/home", "/operator"]
    assert TestClient(Starlette(routes=elsewhere)).get("/demo").status_code == 404


def _moved(caravan: Caravan, settings: Settings) -> Caravan:
    return Caravan(**vars(caravan) | {"settings": settings})


@pytest.mark.parametrize(
    ("language", "price"),
    [
        ("en", "€12.50"),
        ("de-DE,de;q=0.9", "12,50\xa0€"),
        ("pt-BR", "€\xa012,50"),
        ("xx", "€12.50"),
        (";;;q=z", "€12.50"),
    ],
)
def test_money_is_written_in_the_readers_way(reader: Open, language: str, price: str) -> None:
    answer = reader().get(f"/products/{ids.text(ProductId, 1)}", headers={"accept-language": language})

    assert price in answer.text


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(visitor: Open) -> None:
    client = visitor()
    client.follow_redirects = False

    register(client)

    set_cookies = client.get("/").headers.get_list("set-cookie") or [""]
    fields = {"csrf": token_on(client, "/sell/login")}
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in set_cookies if cookie)
    assert client.post("/sell/login", data=fields).status_code == 422


@pytest.mark.timeout(900)  # The kernels may have to be compiled first.
def test_the_shelves_follow_what_a_visitor_looks_at(visitor: Open, caravan: Caravan) -> None:
    caravan.advice.warm()
    other, mine = visitor(), visitor()
    for product in (1, 2):
        other.get(f"/products/{ids.text(ProductId, product)}")

    mine.get(f"/products/{ids.text(ProductId, 1)}?from=home.3")
    # Whoever looks does not wait until that is on the disk; a command that comes after it does.
    asyncio.run(access.issue_token(caravan, audience="operator", subject=0))
    caravan.advice.wake()
    assert caravan.advice.wait_for(caravan.cell.position, timeout_s=20)
    home = mine.get("/").text

    assert "For you" in home
    assert "Goes with what you looked at: Stoneware mug" in home


def test_who_asks_not_to_be_followed_is_not(visitor: Open, caravan: Caravan) -> None:
    client = visitor()
    before = caravan.cell.facts

    client.get(f"/products/{ids.text(ProductId, 1)}", headers={"sec-gpc": "1"})
    client.get(f"/products/{ids.text(ProductId, 1)}", headers={"user-agent": "Googlebot/2.1"})
    send(client, "/tastes", "/tastes", choice="off")
    client.get(f"/products/{ids.text(ProductId, 1)}")

    assert caravan.cell.facts == before
    assert "Nothing is remembered of you." in client.get("/tastes").text


def test_a_visitor_sees_what_is_remembered(visitor: Open) -> None:
    client = visitor()
    client.get(f"/products/{ids.text(ProductId, 1)}")

    assert "Stoneware mug" in client.get("/tastes").text
