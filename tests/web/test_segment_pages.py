"""Checks the pages of segments: empty, counted, saved, exported, faults beside the form; and what a buyer sees of themselves."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import identities, opening, people, selling
from caravan.flows import profiles as knowing
from caravan.insight import profiles
from caravan.insight.profiles import read_rule
from caravan.kernel.clock import FixedClock
from caravan.web import access, pages
from caravan.web.pages import account, segments
from caravan.web.pages.forms import Form
from caravan.world import partners

PAGE = "/operator/segments"
ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def caravan(tmp_path: Path) -> Iterator[Caravan]:
    running = open_caravan(Settings(home=tmp_path), clock=FixedClock(), ticks=False)
    running.cell.do(opening.open_market, opening.Opening("Caravan", "EUR"))
    yield running
    running.close()


def enter(caravan: Caravan, audience: str, subject: int) -> TestClient:
    client = TestClient(
        Starlette(routes=pages.routes(caravan)), base_url="http://127.0.0.1:8000", follow_redirects=True
    )
    token = asyncio.run(access.issue_token(caravan, audience=audience, subject=subject))
    client.cookies.set(f"caravan_{audience}", token)
    return client


@pytest.fixture
def operator(caravan: Caravan) -> TestClient:
    return enter(caravan, "operator", 0)


def register(caravan: Caravan) -> int:
    sealed = caravan.vault.seal([msgspec.json.encode(access.Contact("Ana", "ana@x.pt"))])[0]
    made: list[int] = caravan.cell.do(people.register_buyers, [people.NewBuyer(b"m" * 16, sealed, "PT", b"")])
    return made[0]


def send(client: TestClient, page: str, path: str, **fields: str):  # type: ignore[no-untyped-def] # noqa: ANN201
    token = re.search(r'name="csrf" value="([^"]+)"', client.get(page).text)
    assert token is not None
    return client.post(path, data={"csrf": token[1], **fields})


def row(trait: str, test: str, value: str = "", place: int = 1) -> dict[str, str]:
    return {f"trait{place}": trait, f"is{place}": test, f"value{place}": value}


def test_without_segments_the_page_offers_a_first_rule(operator: TestClient) -> None:
    shown = operator.get(PAGE).text

    assert "No segments yet" in shown
    assert "counted before anything is saved" in shown


def test_a_rule_is_counted_saved_exported_and_dropped(caravan: Caravan, operator: TestClient) -> None:
    register(caravan)
    rule = row("orders", "at_most", "3") | row("country", "one_of", "PT, ES", 2)

    counted = operator.get(PAGE, params=rule | {"purpose": "news"}).text
    assert "<strong>1</strong> of 1 people" in counted
    assert "No segments yet" in counted
    saved = send(operator, PAGE, PAGE, name="new-here", purpose="news", **rule).text
    assert "follows the facts from now on" in saved
    assert "orders is at most 3 and country is one of PT, ES" in saved
    (export,) = re.findall(rf"{PAGE}/seg_\w{{12}}/members.csv", saved)
    told = operator.get(export)
    assert told.headers["content-disposition"] == 'attachment; filename="new-here.csv"'
    assert told.text.splitlines()[0] == '"buyer","identity","country","orders"'
    assert len(told.text.splitlines()) == 2
    assert "No segments yet" in send(operator, PAGE, export.replace("members.csv", "drop")).text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (row("orders", "at_least"), "Row 1 needs a value."),
        (row("orders", "at_least", "many"), "Row 1 needs a number."),
        (row("value", "at_least", "x"), "an amount such as 19.90"),
        (row("orders", "one_of", "x"), "at_least, at_most, equal"),
        (row("canceled", "at_least", "150"), "a share from 0 to 1"),
        (row(ATTACK, "known"), "There is no trait"),
        ({}, "Put at least one condition into it"),
        (row("orders", "known") | {"name": "Not So"}, "lower-case letters"),
        (row("orders", "known") | {"name": ""}, "Please fill this in"),
    ],
)
def test_what_is_wrong_stands_beside_the_form_with_what_was_typed(
    operator: TestClient, fields: dict[str, str], words: str
) -> None:
    told = send(operator, PAGE, PAGE, **({"name": "x", "purpose": "typed-before"} | fields))

    assert told.status_code == 422
    assert words in told.text
    assert "typed-before" in told.text
    assert ATTACK not in told.text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (row("value", "at_least", "19,90"), {"trait": "value", "is": "at_least", "value": 1_990}),
        (row("canceled", "at_most", "12%"), {"trait": "canceled", "is": "at_most", "value": 0.12}),
        (row("last_order", "at_most", "30"), {"trait": "last_order", "is": "at_most", "value": 30.0}),
        (row("interval", "unknown"), {"trait": "interval", "is": "unknown"}),
    ],
)
def test_rows_become_a_rule_in_its_own_units(fields: dict[str, str], expected: dict[str, object]) -> None:
    assert segments.rule_in(Form(fields), "EUR") == {"all": [expected]}


def test_a_nested_rule_is_read_as_words() -> None:
    rule = read_rule(
        {"any": [{"trait": "value", "is": "at_least", "value": 1_990},
                 {"all": [{"trait": "canceled", "is": "at_most", "value": 0.1}, {"trait": "looks", "is": "known"}]}]}
    )  # fmt: skip

    words = segments.in_words(rule, "EUR")

    assert words == "value is at least 19.90 EUR or (canceled is at most 10% and looks is known)"


def test_a_buyer_sees_what_is_known_and_from_where_until_it_is_forgotten(caravan: Caravan) -> None:
    buyer = register(caravan)
    client = enter(caravan, "buyer", buyer)

    shown = client.get("/my").text
    assert "What we know of you, and from where" in shown
    assert "your registration" in shown
    assert "Days since the first registration" in shown
    assert (
        "price"
        not in re.sub(r"<header.*?</header>", "", shown, flags=re.DOTALL)
        .lower()
        .split("h-known")[1]
        .split("h-forget")[0]
    )
    identity = caravan.profiles.person(buyer=buyer).identity
    caravan.cell.do(identities.forget_identity, identity)
    assert "Nothing is put together about you." in client.get("/my").text


def test_a_buyer_reads_names_of_sellers_and_products_not_their_ids(caravan: Caravan) -> None:
    house = caravan.cell.house
    seller = partners.Application(name="Ana's Mugs", country="PT")
    caravan.cell.do(selling.apply_to_sell, [seller])
    told = [
        knowing.Source(profiles.TRAITS["sellers"], ("sel_000000000001",), None, None),
        knowing.Source(profiles.TRAITS["options"], ("S",), None, None),
    ]

    assert [segments._named(house, one).value for one in told] == [("Ana's Mugs",), ("S",)]


def test_a_segment_that_is_not_there_has_no_export(operator: TestClient) -> None:
    assert operator.get(f"{PAGE}/seg_000000000009/members.csv").status_code == 404


def test_a_buyer_says_what_they_allow_and_shelves_and_segments_follow_at_once(caravan: Caravan) -> None:
    buyer = register(caravan)
    client = enter(caravan, "buyer", buyer)
    rule = {"trait": "orders", "is": "at_most", "value": 3}
    caravan.cell.do(knowing.set_segment, knowing.NewSegment("few", rule, "letters"))

    assert (
        client.get("/my").text.count("<td>not said</td>") == len(account.PURPOSES) + 1
    )  # And what the segment is for.
    shown = send(client, "/my", "/my/consents", purpose="letters", said="forbid").text
    send(client, "/my", "/my/consents", purpose="personalization", said="forbid")

    assert "<strong>forbidden</strong>" in shown
    assert caravan.profiles.count(read_rule(rule), "letters", needs_consent=False).left_out == 1
    assert "You said on your account" in client.get("/tastes").text
    assert send(client, "/my", "/my/consents", purpose="letters", said="perhaps").status_code == 400
    assert send(client, "/my", "/my/consents", purpose="stars", said="allow").status_code == 400
    assert "allowed" in send(client, "/my", "/my/consents", purpose="letters", said="allow").text
