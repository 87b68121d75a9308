"""Checks promises through the API: asked for by anybody, seen by whose order it is, scored for the operator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from caravan.bootstrap import keep_promises
from caravan.client import Refused
from caravan.kernel.clock import DAY
from tests.web.api.rig import Rig, running


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("home")) as found:
        yield found


def test_anybody_may_ask_by_when_a_listing_arrives(rig: Rig) -> None:
    listing = rig.seller().offer(units=1)
    keep_promises(rig.caravan.cell, rig.caravan.desk)

    found = rig.client().promise(listing, "PT")

    assert found.basis == "defaults"
    assert found.probability == 0.9
    assert found.median_at <= found.promised_at
    assert found.sentence.endswith(".")


@pytest.mark.parametrize(("listing", "country", "code"), [("lst_00000000ZZZZ", "PT", "not_found"), ("", "pt", "")])
def test_an_unknown_listing_and_a_country_that_is_none_are_refused(
    rig: Rig, listing: str, country: str, code: str
) -> None:
    keep_promises(rig.caravan.cell, rig.caravan.desk)

    with pytest.raises(Refused) as refused:
        rig.client().promise(listing or rig.seller().offer(units=1), country)

    assert refused.value.status == (404 if code else 400)


def test_buyer_seller_and_operator_see_the_same_promise_and_nobody_else(rig: Rig) -> None:
    seller, buyer, stranger = rig.seller(), rig.buyer(10_000), rig.buyer()
    listing = seller.offer(cents=1_000, units=1)
    answer = rig.http(buyer.token).post(
        "/v1/orders",
        content=buyer.order(listing, 1, 1_000),
        headers={"idempotency-key": "promise-1", "content-type": "application/json"},
    )
    assert answer.status_code == 201, answer.text
    keep_promises(rig.caravan.cell, rig.caravan.desk)
    order = answer.json()["orders"][0]

    seen = [client.order_promise(order) for client in (buyer.client, seller.client, rig.operator)]

    assert seen[0] == seen[1] == seen[2]
    assert seen[0].status == "open"
    assert seen[0].expected_at is not None
    with pytest.raises(Refused) as refused:
        stranger.client.order_promise(order)
    assert refused.value.status == 404


def test_promises_are_scored_for_the_operator_and_for_each_seller(rig: Rig) -> None:
    rig.clock.advance(60 * DAY)

    every, own = rig.operator.promise_score(days=90), rig.seller().client.promise_score()

    assert every.missed == every.promises > 0
    assert every.kept_share == 0
    assert (own.promises, own.kept_share) == (0, None)


def test_a_market_that_is_still_learning_says_so(tmp_path: Path) -> None:
    with running(tmp_path) as fresh:
        listing = fresh.seller().offer(units=1)

        answer = fresh.http().get(f"/v1/listings/{listing}/promise", params={"country": "PT"})

    assert (answer.status_code, answer.json()["refusal"]) == (503, "not_learned")
