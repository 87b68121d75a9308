"""Tests locations through the door and from a terminal: a second one, stock in both, an order out of both, moves, lists."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from caravan import cli
from caravan.client import Refused, locations, wire
from caravan.kernel.clock import DAY
from tests.web.api.rig import Rig, Trader, euro


@pytest.fixture(scope="module")
def trader(rig: Rig) -> Trader:
    """Let a seller in who has a second location, in Lyon."""
    seller = rig.seller()
    seller.client.open_location(locations.NewLocation(name="Lyon", country="FR", city="Lyon", line1="Rue 1"))
    return seller


def places(trader: Trader) -> tuple[str, str]:
    """Give the ids of the home and of Lyon."""
    first, second = list(trader.client.locations(limit=1))[:2]
    return first.id, second.id


def run(rig: Rig, trader: Trader, *words: str) -> Result:
    return CliRunner().invoke(cli.app, [*words, "--url", rig.url, "--token", trader.client.token or "", "--json"])


def test_a_location_is_opened_once_by_its_key_changed_by_its_revision_and_closed(rig: Rig) -> None:
    client = rig.seller().client
    new = locations.NewLocation(name="Madrid", country="ES", cut_off="15:30", serves=["ES", "PT"], handling_days=1)

    opened = client.open_location(new, key="once")

    assert client.open_location(new, key="once") == opened
    assert (opened.cut_off, opened.serves, opened.is_open, opened.revision) == ("15:30", ["ES", "PT"], True, 2)
    edit = locations.LocationEdit(cut_off="", priority=3, serves=["ES"])
    changed = client.change_location(opened.id, edit, revision=2)
    assert (changed.name, changed.cut_off, changed.priority, changed.serves) == ("Madrid", "", 3, ["ES"])
    with pytest.raises(Refused) as refused:
        client.change_location(opened.id, locations.LocationEdit(name="X"), revision=2)
    assert refused.value.refusal == "stale_location"
    assert not client.close_location(opened.id).is_open
    assert client.reopen_location(opened.id).is_open
    assert client.location(opened.id).name == "Madrid"
    assert [one.name for one in client.locations()] == ["PT", "Madrid"]


def test_the_operator_opens_one_for_a_seller_and_has_to_say_for_whom(rig: Rig) -> None:
    seller = rig.seller()

    opened = rig.operator.open_location(locations.NewLocation(name="Nice", country="FR", seller=seller.id))

    assert opened.seller == seller.id
    assert [one.id for one in rig.operator.locations(seller.id)][1] == opened.id
    asks: list[Callable[[], object]] = [
        lambda: rig.operator.open_location(locations.NewLocation(name="Nice", country="FR")),
        lambda: next(rig.operator.locations()),
    ]
    for ask in asks:
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.refusal == "invalid"
    with pytest.raises(Refused) as refused:
        next(rig.seller().client.locations(seller.id))
    assert refused.value.refusal == "not_found"


def test_an_order_of_three_goes_from_two_places_and_everybody_sees_from_where(rig: Rig, trader: Trader) -> None:
    home, lyon = places(trader)
    cup, buyer = trader.offer(1_000, 2), rig.buyer(10_000)
    shown = trader.client.change_stock(cup, 1, location=lyon)
    assert (shown.available, [(spot.location, spot.available) for spot in shown.locations]) == (
        3,
        [(home, 2), (lyon, 1)],
    )
    (offer,) = rig.client().product(shown.product).offers
    assert offer.available == 3

    session = buyer.client.open_checkout(lines={cup: 3}, address=buyer.address)
    assert [(one.quantity, one.sent_from and one.sent_from.location) for one in session.lines] == [(2, home), (1, lyon)]
    (number,) = buyer.client.complete(session.id, euro(3_000)).orders
    order = buyer.client.order(number)

    assert [(line.quantity, line.sent_from and line.sent_from.city) for line in order.lines or []] == [
        (2, ""),
        (1, "Lyon"),
    ]
    with pytest.raises(Refused) as refused:
        trader.client.ship(number, "CTT")
    assert refused.value.refusal == "lies_in_several_places"
    for line, units in ((0, 2), (1, 1)):
        trader.client.send_parcel(trader.client.pack(number, {line: units}).id, "CTT", f"RR{line}")
    parcels = buyer.client.order(number).parcels or []
    assert [one.sent_from and one.sent_from.location for one in parcels] == [home, lyon]


def test_labels_and_pick_lists_are_by_location(rig: Rig, trader: Trader) -> None:
    home, lyon = places(trader)
    cup, buyer = trader.offer(1_000, 1), rig.buyer(10_000)
    trader.client.change_stock(cup, 1, location=lyon)
    (number,) = buyer.client.place_order({cup: 2}, buyer.address, euro(2_000)).orders
    http = rig.http(trader.client.token)

    refused = http.get(f"/v1/orders/{number}/label")
    both = http.get("/v1/pick_list", params={"orders": number})
    one = http.get("/v1/pick_list", params={"orders": number, "location": lyon})

    assert refused.json()["refusal"] == "lies_in_several_places"
    assert (both.status_code, one.status_code) == (200, 200)
    assert len(one.content) < len(both.content)
    strange = http.get("/v1/pick_list", params={"orders": number, "location": "loc_000000000001"})
    assert strange.status_code == 404
    parcel = trader.client.pack(number, {1: 1})
    assert http.get(f"/v1/parcels/{parcel.id}/label").status_code == 200
    trader.client.send_parcel(trader.client.pack(number, {0: 1}).id, "CTT")
    trader.client.send_parcel(parcel.id, "CTT")
    assert http.get("/v1/pick_list", params={"orders": number, "location": home}).json()["refusal"] == "nothing_to_ship"


def test_stock_moves_and_arrives_in_part(rig: Rig, trader: Trader) -> None:
    home, lyon = places(trader)
    cup = trader.offer(1_000, 5)

    move = trader.client.move_stock({cup: 4}, source=home, target=lyon, reference="Van", key="van")

    assert trader.client.move_stock({cup: 4}, source=home, target=lyon, reference="Van", key="van") == move
    assert (move.status, move.lines[0].quantity, move.lines[0].arrived, move.ended_at) == ("in_transit", 4, None, None)
    assert [(one.available, one.coming) for one in trader.client.listing(cup).locations] == [(1, 0), (0, 4)]
    arrived = trader.client.receive_move(move.id, [3])
    assert (arrived.status, arrived.lines[0].arrived) == ("arrived", 3)
    assert trader.client.listing(cup).available == 4
    again = trader.client.move_stock({cup: 1}, source=lyon, target=home, is_arrived=True)
    back = trader.client.move_stock({cup: 1}, source=lyon, target=home)
    assert trader.client.turn_move_back(back.id).status == "turned_back"
    found = [one.id for one in trader.client.moves(limit=1)][:3]
    assert found == [back.id, again.id, move.id]
    assert move.id in {one.id for one in rig.operator.moves()}
    assert trader.client.move(move.id) == arrived


def test_a_list_of_stock_is_written_changed_and_loaded(trader: Trader) -> None:
    home, lyon = places(trader)
    cup = trader.offer(1_000, 5, title="=HYPERLINK()")
    rows = list(csv.DictReader(io.StringIO(trader.client.stock_list())))
    mine = {row["location"]: row for row in rows if row["listing"] == cup}
    assert (mine[home]["on_hand"], mine[lyon]["on_hand"], mine[home]["title"]) == ("5", "0", "'=HYPERLINK()")

    text = f"listing,location,on_hand\n{cup},{home},7\n{cup},Lyon,2\n"
    trial = trader.client.load_stock_list(text, is_trial=True)
    assert trader.client.listing(cup).available == 5
    counted = trader.client.load_stock_list("\ufeff" + text)

    assert (trial.units_in, trial.is_trial, counted.units_in, counted.is_trial) == (4, True, 4, False)
    assert [one.available for one in trader.client.listing(cup).locations] == [7, 2]
    assert trader.client.load_stock_list(trader.client.stock_list()).changed == 0


def test_a_list_names_a_listing_by_its_sellers_reference_too(trader: Trader) -> None:
    option = wire.NewOption(price=wire.Amount(amount=100, currency="EUR"), reference="CUP-1")
    (cup,) = trader.client.offer_product(wire.NewProduct(title="Cup", options=[option])).listings

    trader.client.load_stock_list("reference,location,on_hand\nCUP-1,Lyon,3\n")

    assert trader.client.listing(cup).available == 3


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a,b\n1,2\n", [(0, "location"), (0, "on_hand"), (0, "listing")]),
        ('listing,location,on_hand\n"x,Lyon,1', [(1, "file")]),
        ("listing,location,on_hand\n", [(0, "file")]),
        ("listing,location,on_hand\nCUP,Paris,many\n", [(1, "listing"), (1, "location"), (1, "on_hand")]),
        ("reference,location,on_hand\nNONE,loc_x,-1\n", [(1, "reference"), (1, "location"), (1, "on_hand")]),
        ("listing,location,on_hand\nlst_000000000001,Lyon\n", [(1, "row")]),
        ("listing,location,on_hand\nlst_000000000001,Lyon,1,2\n", [(1, "row")]),
    ],
)
def test_a_list_with_faults_is_refused_whole_with_row_field_and_reason(
    rig: Rig, trader: Trader, text: str, faults: list[tuple[int, str]]
) -> None:
    answer = rig.http(trader.client.token).post(
        "/v1/stock", json={"document": text}, headers={"idempotency-key": f"list-{hash(text)}"}
    )

    told = answer.json()
    assert told["refusal"] == "wrong_counts"
    assert [(fault["row"], fault["field"]) for fault in told["faults"]] == faults
    assert all(fault["reason"] for fault in told["faults"])


def test_a_location_with_stock_does_not_close_and_says_what_is_there(trader: Trader) -> None:
    _, lyon = places(trader)

    with pytest.raises(Refused) as refused:
        trader.client.close_location(lyon)

    assert refused.value.refusal == "location_not_empty"
    assert refused.value.details["on_hand"] > 0


def test_handling_days_and_the_cut_off_put_a_date_off(rig: Rig) -> None:
    seller = rig.seller()
    cup, client = seller.offer(1_000, 5), rig.client()
    rig.caravan.desk.learn(rig.caravan.cell.ask(rig.caravan.desk.look), rig.clock.now())
    before = client.promise(cup, "PT")
    (home,) = seller.client.locations()

    seller.client.change_location(home.id, locations.LocationEdit(handling_days=20))

    after = client.promise(cup, "PT")
    assert after.promised_at > before.promised_at
    assert after.median_at > before.median_at


def test_it_all_goes_from_a_terminal(rig: Rig, tmp_path: Path) -> None:
    trader = rig.seller()
    cup, file = trader.offer(1_000, 3), tmp_path / "stock.csv"

    opened = json.loads(run(rig, trader, "locations", "open", "Lyon", "FR", "--serves", "FR").stdout)
    home = json.loads(run(rig, trader, "locations", "list").stdout)["data"][0]["id"]
    assert json.loads(run(rig, trader, "locations", "change", opened["id"], "--priority", "2").stdout)["priority"] == 2
    assert (
        json.loads(run(rig, trader, "stock", "receive", cup, "2", "--location", opened["id"]).stdout)["available"] == 5
    )
    moved = json.loads(run(rig, trader, "stock", "move", home, opened["id"], f"{cup}=2").stdout)
    assert json.loads(run(rig, trader, "stock", "arrive", moved["id"], "1").stdout)["status"] == "arrived"
    back = json.loads(run(rig, trader, "stock", "move", home, opened["id"], f"{cup}=1").stdout)
    assert json.loads(run(rig, trader, "stock", "turn-back", back["id"]).stdout)["status"] == "turned_back"
    assert len(json.loads(run(rig, trader, "stock", "moves").stdout)["data"]) == 2
    assert json.loads(run(rig, trader, "stock", "export", str(file)).stdout)["rows"] == 2
    file.write_text(file.read_text().replace(f"{opened['id']},Lyon,3,", f"{opened['id']},Lyon,0,"))
    assert json.loads(run(rig, trader, "stock", "import", str(file), "--dry-run").stdout)["units_out"] == 3
    assert json.loads(run(rig, trader, "stock", "import", str(file)).stdout)["changed"] == 1
    assert not json.loads(run(rig, trader, "locations", "close", opened["id"]).stdout)["is_open"]
    assert json.loads(run(rig, trader, "locations", "reopen", opened["id"]).stdout)["is_open"]
    assert run(rig, trader, "stock", "import", str(tmp_path / "none.csv")).exit_code == 2
    assert run(rig, trader, "stock", "move", home, opened["id"], f"{cup}=0").exit_code == 1


def test_a_day_after_the_move_nothing_has_changed_by_itself(rig: Rig, trader: Trader) -> None:
    home, lyon = places(trader)
    move = trader.client.move_stock({trader.offer(1_000, 1): 1}, source=home, target=lyon)

    rig.pass_time(DAY)

    assert trader.client.move(move.id).status == "in_transit"
