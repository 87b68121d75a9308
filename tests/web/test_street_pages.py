"""Checks the pages of money between people without a browser: cost first, paid once, refusals beside their field."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import exchanging, invariants, people, settlement
from caravan.flows import transfers as flow
from caravan.flows.house import integers
from caravan.kernel import ids
from caravan.kernel.clock import MINUTE, FixedClock, iso
from caravan.kernel.ids import BuyerId, SellerId
from caravan.trade import exchange, ledger, qr
from caravan.web import access, pages, wallets
from tests.web.test_pages import fill, send, token_on

PAYNOW = "00020101021126380009SG.PAYNOW010100211+6584554295030115204000053037025802SG5902NA6009SINGAPORE630416D8"


class Pair(NamedTuple):
    """Ana with 50 euro, and Ben, who goes by a handle; each with a browser and a number."""

    ana: TestClient
    ben: TestClient
    payer: int
    payee: int


@pytest.fixture(scope="module")
def caravan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caravan]:
    """Open one market for the whole file."""
    running = open_caravan(Settings(home=tmp_path_factory.mktemp("home")), clock=FixedClock(), ticks=False)
    fill(running)
    yield running
    assert list(running.cell.ask(invariants.findings)) == []
    running.close()


@pytest.fixture(scope="module")
def app(caravan: Caravan) -> Starlette:
    """Put the pages together."""
    return Starlette(routes=pages.routes(caravan))


@pytest.fixture
def pair(caravan: Caravan, app: Starlette) -> Pair:
    """Let two people in who are new, and let go of the handle that an earlier Ben had."""
    for buyer in list(caravan.cell.house.transfers.names):
        caravan.cell.do(flow.set_names, flow.Naming(BuyerId(buyer), b"", b"", b""))
    ana, payer = person(caravan, app, "Ana")
    ben, payee = person(caravan, app, "Ben")
    send(ben, "/my/names", "/my/names", handle="@Ben.Chef", phone="")
    now, zero = integers(caravan.clock.now()), integers(0)
    money = settlement.TopUps(now, integers(payer), integers(978), integers(5_000), zero, ["card"], [""])
    caravan.cell.do_many(settlement.top_up, money)
    return Pair(ana, ben, payer, payee)


def person(caravan: Caravan, app: Starlette, name: str) -> tuple[TestClient, int]:
    """Let somebody in without the form, which the other pages' tests go through."""
    (contact,) = caravan.vault.seal([msgspec.json.encode(access.Contact(name))])
    (buyer,) = caravan.cell.do(people.register_buyers, [people.NewBuyer(b"", contact, "PT", b"")])
    token, new = access.new_token(caravan, audience="buyer", subject=buyer)
    caravan.cell.do(people.issue_token, new)
    client = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=True)
    client.cookies.set("caravan_buyer", token)
    return client, buyer


def hidden(page: str) -> dict[str, str]:
    """Give what the form that pays would send back."""
    form = page[page.index('action="/pay/confirm"') :]
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form[: form.index("</form>")])
    return {name: html.unescape(value) for name, value in fields}


def wallet(caravan: Caravan, buyer: int) -> int:
    return ledger.balance(caravan.cell.house.ledger, ledger.Kind.WALLET, owner=buyer, unit=978)[0]


def test_money_is_sent_after_the_cost_was_shown_and_a_second_press_sends_nothing(caravan: Caravan, pair: Pair) -> None:
    ana, ben = pair.ana, pair.ben
    shown = send(ana, "/my/send", "/my/send", to="ben.chef", amount="12,50", note="For <b>lunch</b>")
    told = hidden(shown.text)

    answers = [ana.post("/pay/confirm", data=told) for _ in range(2)]

    assert "Pay Ben?" in shown.text
    assert "€12.50" in shown.text
    assert answers[0].url == answers[1].url
    assert "For &lt;b&gt;lunch&lt;/b&gt;" in answers[0].text
    assert (wallet(caravan, pair.payer), wallet(caravan, pair.payee)) == (3_750, 1_250)
    assert "You got" in ben.get(answers[0].url.path).text
    assert answers[0].url.path in ben.get("/my/wallet").text


def test_a_receipt_is_the_two_sides_own(caravan: Caravan, app: Starlette, pair: Pair) -> None:
    ana, (eve, _) = pair.ana, person(caravan, app, "Eve")
    told = hidden(send(ana, "/my/send", "/my/send", to="ben.chef", amount="1", note="").text)
    path = ana.post("/pay/confirm", data=told).url.path

    assert eve.get(path).status_code == 404
    assert ana.get("/my/transfers/trf_00000000ZZZZ").status_code == 404


@pytest.mark.parametrize(
    ("to", "amount", "words"),
    [
        ("nobody.here", "1", "Nobody here is paid by this name"),
        ("ben@example.org", "1", "Nobody here is paid by this name"),
        ("x", "1", "A handle has 3 to 30"),
        ("ben.chef", "150.01", "Left for this transfer: €150.00"),
        ("ben.chef", "0", "An amount is above zero"),
        ("ben.chef", "much", "Please write an amount"),
    ],
)
def test_what_cannot_be_sent_is_said_beside_its_field(pair: Pair, to: str, amount: str, words: str) -> None:
    answer = send(pair.ana, "/my/send", "/my/send", to=to, amount=amount, note="")

    assert answer.status_code == 422
    assert words in answer.text


def test_a_wallet_that_is_short_is_told_so_before_and_when_pressed(caravan: Caravan, pair: Pair) -> None:
    ana = pair.ana
    told = hidden(send(ana, "/my/send", "/my/send", to="ben.chef", amount="40", note="").text)
    ana.post("/pay/confirm", data=hidden(send(ana, "/my/send", "/my/send", to="ben.chef", amount="30", note="").text))

    late, early = ana.post("/pay/confirm", data=told), send(ana, "/my/send", "/my/send", to="ben.chef", amount="40")

    assert "The wallet holds too little" in late.text
    assert "Your wallet is €20.00 short" in early.text
    assert wallet(caravan, pair.payer) == 2_000


def test_a_changed_total_is_shown_anew_and_not_paid(caravan: Caravan, pair: Pair) -> None:
    told = hidden(send(pair.ana, "/my/send", "/my/send", to="ben.chef", amount="4", note="").text)

    answer = pair.ana.post("/pay/confirm", data=told | {"total": "3.99"})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert wallet(caravan, pair.payer) == 5_000


def test_a_pasted_code_is_read_and_paid(caravan: Caravan, pair: Pair) -> None:
    owner = wallets.Shown(ids.text(SellerId, 1), "Barro", "Porto", "PT", "EUR")
    payload = wallets.payload_of(caravan, owner)
    first = send(pair.ana, "/pay", "/pay", payload=payload)
    second = send(pair.ana, "/pay", "/pay", payload=payload, amount="2.50")

    paid = pair.ana.post("/pay/confirm", data=hidden(second.text))

    assert "Pay Barro" in first.text
    assert 'name="amount"' in first.text
    assert "no escrow" in second.text
    assert "nothing waits in escrow" in paid.text
    assert ledger.balance(caravan.cell.house.ledger, ledger.Kind.SELLER_BALANCE, owner=1, unit=978)[0] == 250


@pytest.mark.parametrize(
    ("payload", "words"),
    [(PAYNOW, "SG.PAYNOW, not here"), (PAYNOW[:-1] + "9", "The check sum is wrong"), ("hello", "begins with 000201")],
)
def test_a_code_that_cannot_be_paid_here_says_why(pair: Pair, payload: str, words: str) -> None:
    answer = send(pair.ana, "/pay", "/pay", payload=payload)

    assert answer.status_code == 422
    assert words in answer.text


def test_a_link_of_a_person_asks_how_much(caravan: Caravan, pair: Pair) -> None:
    ana, ben = pair.ana, pair.ben
    link = ids.text(BuyerId, pair.payee)
    assert f"/pay/{link}" in ben.get("/my/code").text

    shown = send(ana, f"/pay/{link}", f"/pay/{link}", amount="3")
    ana.post("/pay/confirm", data=hidden(shown.text))

    assert wallet(caravan, pair.payee) == 300


@pytest.mark.parametrize("end", ["buy_000000000099", "sel_000000000099", "qrc_000000000099", "prd_000000000001", "x"])
def test_a_link_that_leads_nowhere_says_so(pair: Pair, end: str) -> None:
    assert pair.ana.get(f"/pay/{end}").status_code in {404, 422}


def test_a_guest_logs_in_first_and_comes_back_to_the_link(app: Starlette) -> None:
    answer = TestClient(app, base_url="http://127.0.0.1:8000").get("/pay/qrc_000000000001")

    assert answer.url.path == "/login"
    assert "/pay/qrc_000000000001" in answer.text


def test_only_the_page_that_scans_may_use_the_camera(pair: Pair) -> None:
    assert pair.ana.get("/pay").headers["permissions-policy"].startswith("camera=(self)")
    assert "camera=(self)" not in pair.ana.get("/my/send").headers.get("permissions-policy", "")


def test_a_request_is_asked_seen_paid_and_another_declined(caravan: Caravan, pair: Pair) -> None:
    ana, ben = pair.ana, pair.ben
    send(ana, "/my/names", "/my/names", handle="ana", phone="+351 912 345 678")
    for amount in ("7", "8"):
        send(ben, "/my/ask", "/my/ask", to="ana", amount=amount, note="Your half")
    asked = ana.get("/my/ask").text
    last, first = re.findall(r"/pay/(mrq_\w+)", asked)
    ana.post("/pay/confirm", data=hidden(ana.get(f"/pay/{first}").text))
    send(ana, "/my/ask", f"/my/requests/{last}/close")

    assert "Ben asks you" in asked
    assert "Your half" in asked
    assert wallet(caravan, pair.payee) == 700
    assert re.findall(r"state-\w+\">(\w+)", ben.get("/my/ask").text) == ["Declined", "Paid"]
    again = send(ana, "/my/ask", f"/my/requests/{last}/close")
    assert "This request is closed" in again.text


def test_asking_somebody_unknown_and_a_taken_handle_are_said_beside_their_field(
    pair: Pair,
) -> None:
    ana = pair.ana

    assert "Nobody here is paid" in send(ana, "/my/ask", "/my/ask", to="nobody", amount="7", note="").text
    assert "Somebody else goes by" in send(ana, "/my/names", "/my/names", handle="ben.chef", phone="").text
    assert "begins with +" in send(ana, "/my/names", "/my/names", handle="", phone="12").text


def test_a_code_for_one_payment_is_shown_to_its_owner_until_it_is_paid_or_over(caravan: Caravan, pair: Pair) -> None:
    ana, ben = pair.ana, pair.ben
    assert "A reference has" in send(ben, "/my/code", "/my/code", amount="2", reference="№ 4").text
    first = send(ben, "/my/code", "/my/code", amount="2", reference="Tea")
    link = first.url.path.replace("/my/codes/", "/pay/")
    ana.post("/pay/confirm", data=hidden(ana.get(link).text))
    second = send(ben, "/my/code", "/my/code", amount="3", reference="")
    caravan.clock.advance(15 * MINUTE)  # type: ignore[attr-defined]

    assert "<svg" in first.text
    assert "You got" in ben.get(first.url.path).text
    assert "has expired" in ben.get(second.url.path).text
    assert ana.get(first.url.path).status_code == 404
    assert "This code is paid" in ana.get(link).text
    assert wallet(caravan, pair.payee) == 200


def test_names_are_tried_so_often_and_no_more(pair: Pair) -> None:
    ana = pair.ana
    token = token_on(ana, "/my/send")

    answers = [
        ana.post("/my/send", data={"csrf": token, "to": "nobody.here", "amount": "1", "note": ""}) for _ in range(31)
    ]

    assert "Nobody here is paid" in answers[29].text
    assert "Too much was asked" in answers[30].text


def test_a_drawing_is_of_squares_alone_and_differs_with_what_it_says() -> None:
    payload = qr.make(name="A", city="B", country="PT", currency="EUR", account="sel_000000000001")

    drawing = wallets.drawing_of(payload)

    assert drawing.startswith("<svg")
    assert "script" not in drawing
    assert drawing == wallets.drawing_of(payload) != wallets.drawing_of(PAYNOW)


def test_money_is_exchanged_at_the_quote_that_was_shown(caravan: Caravan, pair: Pair) -> None:
    ana = pair.ana
    before = ana.get("/my/exchange").text
    day = iso(caravan.clock.now())[:10]
    caravan.cell.do(exchanging.set_rates, exchange.DayRates("ECB", day, "EUR", {"JPY": "163.27"}))
    shown = send(ana, "/my/exchange", "/my/exchange", amount="10", currency="EUR", into="JPY")
    wrong = send(ana, "/my/exchange", "/my/exchange", amount="10", currency="EUR", into="EUR")
    odd = send(ana, "/my/exchange", "/my/exchange", amount="10", currency="EUR", into="SEK")

    taken = send(ana, shown.url.path, shown.url.path)
    again = ana.get(shown.url.path)

    assert "no rates yet" in before
    assert "¥1,624" in shown.text
    assert "\u2212¥8" in shown.text
    assert (wrong.status_code, odd.status_code) == (422, 422)
    assert "Exchanged." in taken.text
    assert "¥1,624" in taken.text
    assert "This quote is over" in again.text
    assert wallet(caravan, pair.payer) == 4_000
    assert pair.ben.get(shown.url.path).status_code == 404


def test_an_address_is_proven_on_the_page_with_what_was_sent_to_it(caravan: Caravan, pair: Pair) -> None:
    ana = pair.ana
    send(ana, "/my/names", "/my/names", handle="", phone="+351 912 999 111")
    proof = caravan.cell.ask(wallets.proof_wanted, BuyerId(pair.payer), "phone")
    shown = wallets.proof_of(caravan, proof)

    wrong = send(ana, "/my/names", "/my/proofs", kind="phone", proof="nonsense")
    none = send(ana, "/my/names", "/my/proofs", kind="email", proof=shown)
    right = send(ana, "/my/names", "/my/proofs", kind="phone", proof=shown)

    assert [answer.status_code for answer in (wrong, none, right)] == [422, 422, 200]
    assert "This proof is of another address" in wrong.text
    assert "Your number is proven." in right.text
    assert "Pay Ana?" in send(pair.ben, "/my/send", "/my/send", to="+351912999111", amount="1", note="").text
