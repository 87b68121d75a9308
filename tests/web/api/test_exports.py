"""Tests exports and webhooks through the API: files and sent ones, caught up and redone, signed, in order, and whose."""

import csv
import hashlib
import io
import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from caravan.bootstrap import couriers_of, open_caravan
from caravan.client import Refused, wire
from caravan.config import Settings
from caravan.flows.exporting import AnswerCut, Exporter
from caravan.flows.following import CHANGES_PER_MESSAGE_MAX
from caravan.insight import exports
from caravan.insight.exports import Draft, ShelfFull
from caravan.kernel.clock import DAY, HOUR, FixedClock, instant
from tests.adapters.receiver import Receiver, receiving
from tests.web.api.rig import Rig, Shopper, Trader, euro, running

BEGIN = instant(datetime(2026, 11, 1, 8, tzinfo=UTC))
LOYAL: dict[str, Any] = {"trait": "orders", "is": "at_least", "value": 1}


@dataclass
class Fair:
    """A market in which two sellers have sold, one mug for 10 and one for 30."""

    rig: Rig
    traders: list[Trader]
    listings: list[str]
    buyer: Shopper
    home: Path

    def buy(self, place: int, who: Shopper | None = None) -> None:
        one = who or self.buyer
        one.client.place_order(
            {self.listings[place]: 1}, address=one.address, expected_total=euro((1_000, 3_000)[place])
        )

    def run(self) -> int:
        return self.rig.caravan.exporter.see_to_due()

    def tell(self) -> int:
        return self.rig.caravan.teller.see_to_due()


@pytest.fixture
def fair(tmp_path: Path) -> Iterator[Fair]:
    with running(tmp_path, clock=FixedClock(BEGIN), outgoing_hosts="localhost") as rig:
        traders = [rig.seller(), rig.seller()]
        listings = [trader.offer(cents, units=900) for trader, cents in zip(traders, (1_000, 3_000), strict=True)]
        made = Fair(rig, traders, listings, rig.buyer(10_000_000), tmp_path)
        made.buy(0)
        made.buy(1)
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def new(name: str = "gmv", **other: Any) -> wire.NewExport:  # noqa: ANN401
    told: dict[str, Any] = {"question": wire.NumbersQuestion(metrics=["gmv", "orders"], grain="day", limit=50_000)}
    return wire.NewExport(name=name, **told | other)


def rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode())))


def test_an_export_leaves_when_it_is_due_and_says_what_it_held(fair: Fair) -> None:
    operator = fair.rig.operator
    made = operator.set_export(new())
    assert (made.next_at, made.runs, made.secret) == ("2026-11-02T06:00:00Z", [], None)
    assert fair.run() == 0

    fair.rig.clock.advance(DAY)
    assert fair.run() == 1

    (run,) = operator.export(made.id).runs
    body = operator.export_file(made.id)
    assert rows(body) == [{"day": "2026-11-01", "currency": "EUR", "gmv": "4000", "orders": "2"}]
    assert (run.slot, run.rows, run.bytes, run.error) == ("2026-11-02T06:00:00Z", 1, len(body), "")
    assert run.file == "gmv-20261102T060000Z.csv"
    assert run.position == fair.rig.caravan.cell.position - 1  # The run itself is the fact after that.
    assert fair.run() == 0


def test_a_seller_exports_rows_of_their_own_and_sees_no_other_export(fair: Fair) -> None:
    seller, other = (trader.client for trader in fair.traders)
    theirs = fair.rig.operator.set_export(new())
    made = seller.set_export(new(format="json"))

    seller.run_export(made.id)
    fair.run()

    (row,) = msgspec.json.decode(seller.export_file(made.id))
    assert (row["gmv"], row["orders"]) == (1_000, 1)
    assert [one.id for one in seller.exports()] == [made.id]
    assert {one.id for one in fair.rig.operator.exports()} == {theirs.id, made.id}
    for ask in (seller.export, seller.run_export, seller.export_file, seller.drop_export, seller.turn_export_secret):
        with pytest.raises(Refused, match="no such export"):
            ask(theirs.id)
    with pytest.raises(Refused, match="no such export"):
        other.export(made.id)
    with pytest.raises(Refused) as told:
        seller.set_export(new(question=wire.NumbersQuestion(metrics=["checkout_conversion"])))
    assert told.value.refusal == "not_yours"
    with pytest.raises(Refused, match="numbers:write"):
        fair.rig.client("seller", fair.traders[0].number, ("numbers:read",)).set_export(new())


def test_only_who_may_change_an_export_sees_its_secret(fair: Fair) -> None:
    made = fair.rig.operator.set_export(new(url="https://example.org/in"))

    assert made.secret is not None
    assert fair.rig.client("operator", 0, ("numbers:read",)).export(made.id).secret is None


def test_the_last_days_are_whole_days_before_the_run(fair: Fair) -> None:
    made = fair.rig.operator.set_export(new(last_days=2, format="parquet"))
    fair.rig.clock.advance(DAY)
    fair.buy(0)
    fair.rig.clock.advance(DAY + HOUR)
    fair.buy(1)

    fair.run()

    table = pq.read_table(io.BytesIO(fair.rig.operator.export_file(made.id)))
    assert [str(day) for day in table.column("day").to_pylist()] == ["2026-11-01", "2026-11-02"]
    assert table.column("gmv").to_pylist() == [4_000, 1_000]
    question = wire.NumbersQuestion(metrics=["gmv"], start=datetime(2026, 1, 1, tzinfo=UTC).date())
    with pytest.raises(Refused, match="not both"):
        fair.rig.operator.set_export(new(last_days=2, question=question))


def test_a_segment_leaves_with_its_members_to_those_who_may_read_profiles(fair: Fair) -> None:
    operator = fair.rig.operator
    known = operator.set_segment(wire.NewSegment(name="loyal", rule=LOYAL, purpose="news"))
    made = operator.set_export(new("loyal", question=None, segment=known.id))
    operator.run_export(made.id)
    fair.run()

    assert [one["buyer"] for one in rows(operator.export_file(made.id))] == [fair.buyer.id]
    plain = fair.rig.client("operator", 0, ("numbers:read", "numbers:write"))
    for ask in (
        lambda: plain.set_export(new("x", question=None, segment=known.id)),
        lambda: plain.export_file(made.id),
    ):
        with pytest.raises(Refused, match="profiles:read"):
            ask()
    operator.drop_segment(known.id)
    assert operator.exports() == []
    fair.run()
    assert list((fair.home / "exports").iterdir()) == []


def test_a_file_is_sent_signed_and_again_under_one_id_until_it_arrives(fair: Fair, receiver: Receiver) -> None:
    operator = fair.rig.operator
    made = operator.set_export(new(url=receiver.url("/in/{slot}.csv"), method="PUT"))
    old = made.secret
    receiver.statuses = [503, 201]
    fair.rig.clock.advance(DAY)

    fair.run()
    first = operator.export(made.id)
    fair.rig.clock.advance(30_000_000)
    assert fair.run() == 0
    fair.rig.clock.advance(30_000_000)
    turned = operator.turn_export_secret(made.id)
    fair.run()

    assert [(run.attempt, run.error) for run in operator.export(made.id).runs] == [
        (2, ""),
        (1, "outage: It answered 503."),
    ]
    assert first.attempts == 1
    one, two = receiver.got
    assert (one.method, one.path) == ("PUT", "/in/20261102T060000Z.csv")
    assert one.headers["webhook-id"] == two.headers["webhook-id"] == f"{made.id}.20261102T060000Z"
    assert old is not None
    assert turned.secret is not None
    assert one.is_signed_by(old)
    assert not one.is_signed_by(turned.secret)
    assert two.is_signed_by(old)
    assert two.is_signed_by(turned.secret)


@pytest.mark.parametrize("url", ["http://example.org/", "https://10.0.0.1/{slot}", "https://127.0.0.1/"])
def test_an_address_inside_is_refused_before_anything_is_set(fair: Fair, url: str) -> None:
    with pytest.raises(Refused, match=r"https://|public internet"):
        fair.traders[0].client.set_export(new(url=url))
    assert fair.rig.operator.exports() == []


def test_a_schedule_says_its_time_as_its_period_does(fair: Fair) -> None:
    hourly = wire.ExportSchedule(every="hour", at=":15")
    made = fair.rig.operator.set_export(new(schedule=hourly))

    assert (made.next_at, made.schedule.at) == ("2026-11-01T08:15:00Z", ":15")
    with pytest.raises(Refused, match=":15"):
        fair.rig.operator.set_export(new(schedule=wire.ExportSchedule(every="hour", at="06:15")))


def test_what_can_never_be_run_is_given_up_at_once_and_says_why(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fair.rig.operator.set_export(new())
    monkeypatch.setattr("caravan.flows.exporting.ROWS_MAX", 1)
    wide = wire.NumbersQuestion(metrics=["gmv"], by=["sellers.name"], limit=50_000)
    cut = fair.rig.operator.set_export(new("cut", question=wide))
    monkeypatch.setattr(fair.rig.caravan.exporter.shelf, "_bytes_max", 5)
    fair.rig.clock.advance(DAY)

    fair.run()

    (full,), (short,) = (fair.rig.operator.export(one.id).runs for one in (made, cut))
    assert full.error.startswith("shelf_full: ")
    assert full.is_last
    assert short.error.startswith("answer_cut: ")
    assert short.is_last
    assert (ShelfFull.__doc__ or "")[:20] in full.error
    assert (AnswerCut.__doc__ or "")[:20] in short.error
    assert fair.run() == 0


def test_an_answer_of_many_pieces_is_written_as_one_file_of_each_format(
    fair: Fair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("caravan.flows.numbers.ROWS_PER_PIECE", 1)
    monkeypatch.setattr("caravan.insight.metrics.ROWS_PER_ANSWER_MAX", 1)  # More rows than one answer may have.
    wide = wire.NumbersQuestion(metrics=["gmv"], by=["sellers.name"], order="gmv", limit=1)
    made = {
        kind: fair.rig.operator.set_export(new(kind, question=wide, format=kind)).id
        for kind in ("csv", "json", "parquet")
    }
    fair.rig.clock.advance(DAY)

    assert fair.run() == 3

    bodies = {kind: fair.rig.operator.export_file(one) for kind, one in made.items()}
    for kind, one in made.items():
        (run,) = fair.rig.operator.export(one).runs
        assert (run.rows, run.bytes, run.error) == (2, len(bodies[kind]), "")
        assert run.sha256 == hashlib.sha256(bodies[kind]).hexdigest()
    assert [int(row["gmv"]) for row in rows(bodies["csv"])] == [1_000, 3_000]
    assert [row["gmv"] for row in msgspec.json.decode(bodies["json"])] == [1_000, 3_000]
    assert pq.read_table(io.BytesIO(bodies["parquet"])).column("gmv").to_pylist() == [1_000, 3_000]


def test_the_best_so_many_are_no_more_than_were_asked_for(fair: Fair) -> None:
    best = wire.NumbersQuestion(metrics=["gmv"], by=["sellers.name"], order="-gmv", limit=1)
    made = fair.rig.operator.set_export(new(question=best))
    fair.rig.clock.advance(DAY)

    fair.run()

    assert [row["gmv"] for row in rows(fair.rig.operator.export_file(made.id))] == ["3000"]


def test_a_long_run_says_how_far_it_is_and_holds_no_other_up(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    operator, shelf = fair.rig.operator, fair.rig.caravan.exporter.shelf
    long, short = (operator.set_export(new(name)) for name in ("long", "short"))
    is_begun, may_end, draft = threading.Event(), threading.Event(), shelf.draft

    def slowly(folder: str, pieces: Iterable[bytes]) -> Draft:
        made = draft(folder, pieces)
        if folder == long.id:
            is_begun.set()
            assert may_end.wait(20)
        return made

    monkeypatch.setattr(shelf, "draft", slowly)
    fair.rig.clock.advance(DAY)
    other = threading.Thread(target=fair.run)
    other.start()
    assert is_begun.wait(20)

    assert fair.run() == 1
    under_way = operator.export(long.id)
    may_end.set()
    other.join(20)

    assert under_way.under_way is not None
    assert (under_way.under_way.rows, under_way.runs) == (1, [])
    assert len(operator.export(short.id).runs) == 1
    ended = operator.export(long.id)
    assert (ended.under_way, [run.error for run in ended.runs]) == (None, [""])


def test_a_run_that_a_stop_cuts_short_is_not_noted_and_leaves_nothing(
    fair: Fair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("caravan.flows.numbers.ROWS_PER_PIECE", 1)
    exporter = fair.rig.caravan.exporter
    made = fair.rig.operator.set_export(new(question=wire.NumbersQuestion(metrics=["gmv"], by=["sellers.name"])))
    draft = exporter.shelf.draft

    def stopped_meanwhile(folder: str, pieces: Iterable[bytes]) -> Draft:
        exporter.stop()
        return draft(folder, pieces)

    monkeypatch.setattr(exporter.shelf, "draft", stopped_meanwhile)
    fair.rig.clock.advance(DAY)

    assert fair.run() == 0

    assert fair.rig.operator.export(made.id).runs == []
    assert list((fair.home / "exports").iterdir()) == []
    assert fair.run() == 0


def test_a_file_is_fetched_as_it_comes_or_not_at_all(fair: Fair, tmp_path: Path) -> None:
    made = fair.rig.operator.set_export(new())
    target = tmp_path / "gmv.csv"
    with pytest.raises(Refused, match="no such file"):
        fair.rig.operator.save_export_file(made.id, target)
    assert not list(tmp_path.glob("*gmv.csv*"))
    fair.rig.clock.advance(DAY)
    fair.run()

    size = fair.rig.operator.save_export_file(made.id, target)

    assert target.read_bytes() == fair.rig.operator.export_file(made.id)
    assert size == target.stat().st_size


class Killed(BaseException):
    """The power goes."""


def test_a_run_that_is_cut_short_is_made_again_once_and_missed_ones_are_caught_up(tmp_path: Path) -> None:
    clock, settings = FixedClock(BEGIN), Settings(home=tmp_path)
    with running(tmp_path, clock=clock) as rig:
        rig.seller().offer()
        made = rig.operator.set_export(new(schedule=wire.ExportSchedule(every="hour", at=":00")))
        clock.advance(HOUR)
        shelf = rig.caravan.exporter.shelf
        keep = shelf.keep

        def keep_and_die(*arguments: Any, **options: Any) -> None:  # noqa: ANN401
            keep(*arguments, **options)
            raise Killed

        shelf.keep = keep_and_die  # type: ignore[method-assign]
        with pytest.raises(Killed):
            rig.caravan.exporter.see_to_due()
        assert rig.operator.export(made.id).runs == []

    clock.advance(5 * HOUR)  # Stopped, while five more runs would have been due.
    caravan = open_caravan(settings, clock=clock, ticks=False)
    try:
        exporter: Exporter = couriers_of(settings, caravan.cell, caravan.numbers, caravan.profiles, caravan.vault)[0]
        assert (exporter.see_to_due(), exporter.see_to_due()) == (1, 0)
        (known,) = caravan.cell.ask(lambda house: exports.all_exports(house.exports))
    finally:
        caravan.close()

    assert len(known.runs) == 1
    files = sorted(path.name for path in (tmp_path / "exports" / made.id).iterdir())
    assert files == ["gmv-20261101T090000Z.csv", "gmv-20261101T140000Z.csv"]


def test_a_webhook_is_told_who_enters_and_who_leaves_in_order_and_signed(fair: Fair, receiver: Receiver) -> None:
    operator, other = fair.rig.operator, fair.rig.buyer(10_000)
    known = operator.set_segment(wire.NewSegment(name="loyal", rule=LOYAL, purpose="news"))
    hook = operator.set_webhook(known.id, receiver.url())

    assert fair.tell() == 1
    assert fair.tell() == 0
    fair.buy(0, other)
    receiver.statuses = [500, 204]
    assert fair.tell() == 0
    assert fair.tell() == 0  # Not before its time.
    fair.rig.clock.advance(20_000_000)
    assert fair.tell() == 1
    operator.set_segment(wire.NewSegment(name="loyal", rule=LOYAL | {"value": 2}, purpose="news"))
    assert fair.tell() == 1

    told = [msgspec.json.decode(one.body) for one in receiver.got]
    changes = [[(one["identity"], one["has_entered"]) for one in each["data"]["changes"]] for each in told]
    first, second = (operator.profile(one.id).identity for one in (fair.buyer, other))
    assert [each["data"]["sequence"] for each in told] == [1, 2, 2, 3]
    assert [each["data"]["is_reset"] for each in told] == [True, False, False, False]
    assert changes == [[(first, True)], [(second, True)], [(second, True)], [(second, False)]]
    assert all(one.is_signed_by(hook.secret) for one in receiver.got)
    assert receiver.got[1].headers["webhook-id"] == receiver.got[2].headers["webhook-id"] == f"{hook.id}.2"
    assert told[0]["type"] == "caravan.segment.changed.v1"
    (stands,) = operator.webhooks()
    assert (stands.sequence, stands.failures, stands.error) == (3, 0, "")
    fair.buyer.client.forget_me()
    assert fair.tell() == 1
    (gone,) = msgspec.json.decode(receiver.got[-1].body)["data"]["changes"]
    assert (gone["identity"], gone["has_entered"]) == (first, False)


def test_a_message_that_was_on_its_way_at_a_stop_goes_again_as_it_was(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, clock=FixedClock(BEGIN), outgoing_hosts="localhost") as rig:
        rig.buyers(2)
        rule = {"trait": "country", "is": "one_of", "value": ["PT"]}
        known = rig.operator.set_segment(wire.NewSegment(name="pt", rule=rule, purpose="news"))
        rig.operator.set_webhook(known.id, receiver.url())
        bring = rig.caravan.teller.sender.bring

        def bring_and_die(*arguments: Any, **options: Any) -> None:  # noqa: ANN401
            bring(*arguments, **options)
            raise Killed

        monkeypatch.setattr(rig.caravan.teller.sender, "bring", bring_and_die)
        with pytest.raises(Killed):
            rig.caravan.teller.see_to_due()  # It has arrived, and nobody here knows.

    with running(tmp_path, clock=FixedClock(BEGIN), outgoing_hosts="localhost") as rig:
        rig._names = itertools.count(2)
        rig.buyer()
        rig.caravan.teller.see_to_due()

    told = [msgspec.json.decode(one.body)["data"] for one in receiver.got]
    assert [(one["sequence"], len(one["changes"])) for one in told] == [(1, 2), (1, 2), (2, 1)]
    assert receiver.got[0].body == receiver.got[1].body


def test_many_changes_come_in_several_messages(fair: Fair, receiver: Receiver) -> None:
    fair.rig.buyers(CHANGES_PER_MESSAGE_MAX + 1)
    rule = {"trait": "country", "is": "one_of", "value": ["PT"]}
    known = fair.rig.operator.set_segment(wire.NewSegment(name="pt", rule=rule, purpose="news"))
    hook = fair.rig.operator.set_webhook(known.id, receiver.url())

    assert fair.tell() == 2

    sizes = [len(msgspec.json.decode(one.body)["data"]["changes"]) for one in receiver.got]
    assert sizes == [CHANGES_PER_MESSAGE_MAX, 2]
    fair.rig.operator.drop_webhook(hook.id)
    assert fair.tell() == 0
    assert list((fair.home / "webhooks").iterdir()) == []


def test_an_address_that_is_gone_is_told_nothing_more_until_it_is_resumed(fair: Fair, receiver: Receiver) -> None:
    operator = fair.rig.operator
    known = operator.set_segment(wire.NewSegment(name="loyal", rule=LOYAL, purpose="news"))
    hook = operator.set_webhook(known.id, receiver.url())
    receiver.statuses = [410, 204]

    fair.tell()
    (stands,) = operator.webhooks()
    fair.rig.clock.advance(DAY)
    fair.tell()
    assert stands.is_disabled
    assert len(receiver.got) == 1
    operator.resume_webhook(hook.id)
    secret = operator.turn_webhook_secret(hook.id).secret

    assert fair.tell() == 1
    assert receiver.got[1].is_signed_by(secret)
    assert receiver.got[1].is_signed_by(hook.secret)
    with pytest.raises(Refused):
        operator.set_webhook(known.id, "https://169.254.169.254/")
    with pytest.raises(Refused):
        operator.set_webhook("seg_000000000009", receiver.url())
