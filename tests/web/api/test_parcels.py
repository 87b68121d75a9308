"""Tests parcels and claims through the door: packed, handed over, lost, claimed, answered; each by whom it may be."""

import json
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

from caravan.adapters.easypost import EasyPostCarrier
from caravan.adapters.sandbox.carrier import SECRET, SandboxCarrier
from caravan.adapters.sandbox.mischief import Mischief
from caravan.adapters.sandbox.server import InProcess
from caravan.client import Refused, wire
from caravan.kernel.clock import DAY, MINUTE, SECOND
from caravan.web.remote import app
from tests.web.api.rig import Rig, Shopper, Trader, euro, running


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Lend a market whose clock is moved."""
    with running(tmp_path_factory.mktemp("home"), has_play_money=True, requests_per_minute=600_000) as started:
        yield started


def ordered(rig: Rig) -> tuple[Trader, Shopper, str]:
    """Give a seller and a buyer with an order of three mugs at 10.00 and a lamp at 50.00."""
    seller, buyer = rig.seller(), rig.buyer(20_000)
    mug, lamp = seller.offer(units=5), seller.offer(cents=5_000, units=5, title="Lamp")
    purchase = buyer.client.place_order({mug: 3, lamp: 1}, buyer.address, euro(8_000))
    return seller, buyer, purchase.orders[0]


def sent(seller: Trader, order: str, *contents: dict[int, int]) -> list[str]:
    """Pack and hand over a parcel for each."""
    packed = [seller.client.pack(order, lines).id for lines in contents]
    return [seller.client.send_parcel(parcel, "CTT", f"T{parcel}").id for parcel in packed]


def test_buyer_and_seller_see_the_same_parcels(rig: Rig) -> None:
    seller, buyer, order = ordered(rig)
    first, second = sent(seller, order, {0: 2}, {0: 1, 1: 1})
    seller.client.scan(second, "in_transit")

    shown = buyer.client.order(order)

    assert shown.parcels == seller.client.order(order).parcels
    assert [(one.id, one.status) for one in shown.parcels or []] == [(first, "picked_up"), (second, "in_transit")]
    assert [[(of.title, of.quantity) for of in one.lines] for one in shown.parcels or []] == [
        [("Mug", 2)], [("Mug", 1), ("Lamp", 1)],
    ]  # fmt: skip
    assert [line.fulfilled for line in shown.lines or []] == [3, 1]


def test_a_part_leaves_and_the_rest_is_called_off(rig: Rig) -> None:
    seller, buyer, order = ordered(rig)
    sent(seller, order, {0: 2})
    before = buyer.client.order(order)

    after = seller.client.cancel_rest(order)

    assert (before.fulfillment, before.payment) == ("partial", "partly_captured")
    assert (after.fulfillment, after.payment) == ("fulfilled", "captured")
    assert [(line.current, line.fulfilled) for line in after.lines or []] == [(2, 2), (0, 0)]
    assert buyer.client.wallet().balances[0].available == euro(18_000)


def test_papers_are_printed_by_parcel(rig: Rig) -> None:
    seller, _, order = ordered(rig)
    parcel = seller.client.pack(order, {0: 1}).id
    http = rig.http(rig.token("seller", seller.number))

    for paper in ("label", "pick_list"):
        assert http.get(f"/v1/parcels/{parcel}/{paper}").content.startswith(b"%PDF-")
        assert (
            rig.http(rig.token("seller", rig.seller().number)).get(f"/v1/parcels/{parcel}/{paper}").status_code == 404
        )


@pytest.mark.parametrize(("lines", "status", "refusal"), [
    ([{"line": 0, "quantity": 4}], 422, "nothing_to_pack"),
    ([{"line": 2, "quantity": 1}], 400, "invalid"),
    ([{"line": 0, "quantity": 1}, {"line": 0, "quantity": 1}], 400, "invalid"),
    ([], 400, "invalid_request"),
    ([{"line": 0, "quantity": 0}], 400, "invalid_request"),
])  # fmt: skip
def test_bad_contents_are_refused_with_their_reason(
    rig: Rig, lines: list[dict[str, int]], status: int, refusal: str
) -> None:
    seller, _, order = ordered(rig)
    http = rig.http(rig.token("seller", seller.number))

    said = http.post(f"/v1/orders/{order}/packing", json={"lines": lines}, headers={"idempotency-key": "k"})

    assert (said.status_code, said.json()["refusal"]) == (status, refusal)


def test_a_packed_parcel_is_not_scanned_and_can_be_unpacked(rig: Rig) -> None:
    seller, _, order = ordered(rig)
    parcel = seller.client.pack(order, {0: 1})

    with pytest.raises(Refused) as refused:
        seller.client.scan(parcel.id, "delivered")

    assert (parcel.status, parcel.handed_over_at, refused.value.refusal) == ("created", None, "parcel_not_sent")
    assert seller.client.unpack(parcel.id).status == "canceled"


def test_units_are_exchanged(rig: Rig) -> None:
    seller, _, order = ordered(rig)
    seller.client.ship(order, "CTT")

    anew = seller.client.exchange_units(order, 0, 1)

    assert (anew.is_replacement, anew.status, anew.lines[0].quantity) == (True, "created", 1)


def test_a_claim_goes_from_the_buyer_to_the_seller_to_the_operator(own: Rig) -> None:
    seller, buyer, order = ordered(own)
    _, second = sent(seller, order, {0: 3}, {1: 1})
    own.operator.scan(second, "lost")

    (claim,) = seller.client.claims()
    answered = seller.client.answer_claim(claim.id, euro(2_000), note="Half of it was insured.")
    buyer.client.dispute_claim(claim.id, "All of it is gone.")
    decided = own.operator.decide_claim(claim.id, euro(3_000))

    assert (claim.reason, claim.amount, claim.parcel) == ("lost", euro(5_000), second)
    assert (answered.status, answered.granted) == ("answered", euro(2_000))
    assert (decided.status, decided.granted) == ("closed", euro(5_000))
    assert [(step.who, step.what) for step in decided.steps] == [
        ("carrier", "opened"), ("seller", "answered"), ("buyer", "disputed"), ("operator", "decided"),
    ]  # fmt: skip
    assert buyer.client.order(order).claims == [decided]


def test_a_claim_is_seen_and_moved_by_its_own_people_alone(rig: Rig) -> None:
    seller, buyer, order = ordered(rig)
    seller.client.ship(order, "CTT")
    claim = buyer.client.claim(order, "damaged", lines={0: 1}, amount=euro(500), note="A crack.")

    tries: tuple[Callable[[], object], ...] = (
        lambda: rig.buyer().client.show_claim(claim.id), lambda: rig.seller().client.show_claim(claim.id),
        lambda: rig.seller().client.answer_claim(claim.id), lambda: rig.buyer().client.close_claim(claim.id),
        lambda: rig.buyer().client.claim(order, "damaged"),
    )  # fmt: skip
    for tell in tries:
        with pytest.raises(Refused) as refused:
            tell()
        assert refused.value.refusal == "not_found"
    assert rig.seller().client.claims() == []
    assert buyer.client.close_claim(claim.id).status == "withdrawn"


def test_a_claim_in_another_currency_is_refused(rig: Rig) -> None:
    seller, buyer, order = ordered(rig)
    seller.client.ship(order, "CTT")
    http = rig.http(buyer.token)

    wrong = {"reason": "damaged", "amount": {"amount": 1, "currency": "JPY"}}
    said = http.post(f"/v1/orders/{order}/claims", json=wrong, headers={"idempotency-key": "k"})

    assert (said.status_code, said.json()["errors"][0]["pointer"]) == (400, "/amount/currency")


def test_what_is_sent_anew_gives_no_money_back(rig: Rig) -> None:
    seller, buyer, order = ordered(rig)
    seller.client.ship(order, "CTT")
    claim = buyer.client.claim(order, "damaged", lines={0: 1})
    http = rig.http(rig.token("seller", seller.number))

    both = {"sends_anew": True, "amount": {"amount": 1, "currency": "EUR"}}
    said = http.post(f"/v1/claims/{claim.id}/answer", json=both, headers={"idempotency-key": "k"})
    anew = seller.client.answer_claim(claim.id, sends_anew=True)

    assert said.status_code == 400
    assert anew.granted == euro(0)
    assert buyer.client.parcel(anew.sent_anew or "").is_replacement


def test_the_operator_sets_the_terms_of_claims(own: Rig) -> None:
    terms = wire.ClaimTerms(answer_seconds=60, dispute_seconds=60, claim_seconds=86_400, lost_after_seconds=86_400)

    assert own.operator.set_claim_terms(terms) == terms == own.operator.claim_terms()
    seller, _, order = ordered(own)
    seller.client.ship(order, "CTT")
    own.pass_time(2 * DAY)
    assert [claim.reason for claim in own.operator.claims()] == ["lost"]


def test_parcels_and_claims_are_seen_to_from_a_terminal(rig: Rig) -> None:
    seller, buyer, order = ordered(rig)
    token = rig.token("seller", seller.number)

    def told(*words: str) -> dict[str, object]:
        result = CliRunner().invoke(app, [*words, "--url", rig.url, "--token", token, "--json"])
        assert result.exit_code == 0, result.output
        answer: dict[str, object] = json.loads(result.stdout)
        return answer

    parcel = str(told("orders", "pack", order, "0=2", "1=1")["id"])
    told("orders", "unpack", str(told("orders", "pack", order, "0=1")["id"]))
    assert told("orders", "send", parcel, "CTT", "RR1")["status"] == "picked_up"
    assert told("orders", "cancel-rest", order)["fulfillment"] == "fulfilled"
    claim = buyer.client.claim(order, "damaged", lines={1: 1})
    assert [one["id"] for one in told("claims", "list")["data"]] == [claim.id]  # type: ignore[attr-defined]
    assert told("claims", "answer", claim.id, "20.00 EUR")["granted"] == {"amount": 2_000, "currency": "EUR"}
    assert told("claims", "show", claim.id)["status"] == "answered"
    assert told("orders", "exchange", order, "0", "1")["is_replacement"] is True
    buyer.client.dispute_claim(claim.id)
    said = CliRunner().invoke(
        app, ["claims", "decide", claim.id, "0 EUR", "--url", rig.url, "--token", rig.token("operator")]
    )
    assert said.exit_code == 0, said.output


@pytest.mark.parametrize("lines", [["0"], ["0=0"], ["a=1"], ["0=1", "0=2"]])
def test_units_that_are_none_are_refused_on_the_command_line(rig: Rig, lines: list[str]) -> None:
    said = CliRunner().invoke(app, ["orders", "pack", "ord_000000000001", *lines, "--url", rig.url])

    assert said.exit_code != 0


# Through carriers.


@pytest.fixture
def road(own: Rig) -> Iterator[SandboxCarrier]:
    """Let a market have a carrier."""
    road = SandboxCarrier(now=lambda: own.clock.now() // SECOND)
    own.caravan.postman.carriers["easypost"] = EasyPostCarrier(
        "http://road", key="k", webhook_secret=SECRET, transport=InProcess(road)
    )
    yield road
    road.close()


def test_a_label_is_quoted_bought_tracked_and_charged(own: Rig, road: SandboxCarrier) -> None:
    seller, buyer, order = ordered(own)
    parcel = seller.client.pack(order, {0: 2})
    quoted = seller.client.carrier_rates(parcel.id, 900)
    labeled = seller.client.buy_label(parcel.id, quoted[0].rate)
    own.clock.advance(MINUTE)
    road.move(labeled.tracking, "out for delivery", place="Braga")
    (notice,) = road.notices()

    http = own.http()
    headers = {"x-hmac-signature": notice.signature}
    told = http.post("/v1/webhooks/carriers/easypost", content=notice.body, headers=headers)
    forged = http.post("/v1/webhooks/carriers/easypost", content=notice.body, headers={"x-hmac-signature": "x"})

    assert [(one.carrier, one.price, one.days) for one in quoted] == [
        ("Snail", euro(510), 4),
        ("Swift", euro(1_070), 1),
    ]
    assert labeled.status == "label_bought"
    assert labeled.label
    assert (labeled.label.status, labeled.label.price) == ("bought", euro(510))
    assert (told.status_code, told.json()) == (200, {"event": labeled.tracking})
    assert (forged.status_code, forged.json()["refusal"]) == (422, "unsigned_tracking")
    seen = buyer.client.parcel(parcel.id)
    assert (seen.status, [scan.place for scan in seen.scans], seen.label) == ("out_for_delivery", ["Braga"], None)
    assert seller.client.balance().balances[0].balance == euro(-510)


def test_a_label_that_its_carrier_leaves_open_is_asked_for_again(own: Rig, road: SandboxCarrier) -> None:
    seller, _, order = ordered(own)
    parcel = seller.client.pack(order, {0: 2}).id
    rate = seller.client.carrier_rates(parcel, 900)[0].rate
    road.mischief = Mischief(fails=1)

    asked = seller.client.buy_label(parcel, rate)
    road.mischief = Mischief()
    own.clock.advance(MINUTE)
    own.caravan.postman.see_to_labels()
    bought = seller.client.parcel(parcel)
    back = seller.client.void_label(parcel)

    assert asked.label
    assert asked.label.status == "asked"
    assert bought.label
    assert bought.label.status == "bought"
    assert (back.label, back.status) == (None, "created")


@pytest.mark.usefixtures("road")
def test_rates_are_refused_with_their_reason(own: Rig) -> None:
    seller, buyer, order = ordered(own)
    parcel = seller.client.pack(order, {0: 2}).id

    def refused(tell: Callable[[], object]) -> str:
        with pytest.raises(Refused) as said:
            tell()
        return said.value.refusal

    assert refused(lambda: seller.client.carrier_rates(parcel)) == "invalid"
    assert refused(lambda: seller.client.carrier_rates(parcel, 50_000)) == "no_rates"
    assert refused(lambda: seller.client.buy_label(parcel, "rate_none")) == "rate_expired"
    assert refused(lambda: seller.client.void_label(parcel)) == "no_label"
    assert refused(lambda: own.seller().client.carrier_rates(parcel, 900)) == "not_found"
    buyer.client.forget_me()
    assert refused(lambda: seller.client.carrier_rates(parcel, 900)) == "address_unknown"


@pytest.mark.usefixtures("road")
def test_labels_are_bought_from_a_terminal(own: Rig) -> None:
    seller, _, order = ordered(own)
    parcel, token = seller.client.pack(order, {0: 2}).id, own.token("seller", seller.number)

    def told(*words: str) -> dict[str, object]:
        result = CliRunner().invoke(app, [*words, "--url", own.url, "--token", token, "--json"])
        assert result.exit_code == 0, result.output
        answer: dict[str, object] = json.loads(result.stdout)
        return answer

    (first, *_) = told("orders", "rates", parcel, "900")["data"]  # type: ignore[misc]
    assert told("orders", "label", parcel, first["rate"])["status"] == "label_bought"  # type: ignore[has-type]
    assert told("orders", "void-label", parcel)["status"] == "created"
