"""Checks plans of a network over the API: asked for, waited for, read; and what is refused."""

import json
from pathlib import Path

import pytest

from caravan import bootstrap
from caravan.client import Refused, wire
from caravan.flows import planning
from tests.web.api.rig import Rig

EXAMPLE = Path(__file__).resolve().parents[3] / "caravan" / "web" / "static" / "network-example.json"
SMALL = {
    "currency": "EUR",
    "places": [{"place": "a", "latitude": 0, "longitude": 0}, {"place": "b", "latitude": 1, "longitude": 1}],
    "legs": [{"carrier": "Road", "source": "a", "target": "b", "parcel_minor": 50, "hours": 20}],
    "demand": [{"place": "b", "origin": "a", "parcels": 3}],
}


def test_a_plan_is_asked_for_waited_for_and_read(rig: Rig) -> None:
    asked = rig.operator.ask_for_plan(wire.NetworkPlanWish(network=SMALL))

    assert (asked.status, asked.plan) == ("pending", None)
    planning.make_next_plan(rig.caravan.cell, bootstrap.optimizer())

    made = rig.operator.network_plan(asked.id)
    assert made.status == "made"
    assert made.plan is not None
    assert made.plan["cost_minor"] == 150


def test_the_answer_is_202_with_the_place_where_the_plan_will_be(rig: Rig) -> None:
    http = rig.http(rig.token("operator"))

    answer = http.post("/v1/network/plans", json={"network": SMALL}, headers={"idempotency-key": "once"})
    again = http.post("/v1/network/plans", json={"network": SMALL}, headers={"idempotency-key": "once"})

    assert answer.status_code == 202
    assert http.get(answer.headers["location"]).json()["id"] == answer.json()["id"]
    assert (again.json(), again.headers["idempotent-replayed"]) == (answer.json(), "true")


def test_a_network_with_a_wrong_row_is_refused_by_row_and_field(rig: Rig) -> None:
    wrong = json.loads(json.dumps(SMALL))
    wrong["legs"][0]["hours"] = -1

    with pytest.raises(Refused, match="legs row 1, hours"):
        rig.operator.ask_for_plan(wire.NetworkPlanWish(network=wrong))


def test_the_example_is_one_that_can_be_asked_for(rig: Rig) -> None:
    network = json.loads(EXAMPLE.read_text(encoding="utf-8"))

    assert rig.operator.ask_for_plan(wire.NetworkPlanWish(network=network)).status == "pending"
