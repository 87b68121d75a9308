"""Tests exports as rules: when a run is due in a zone, what is caught up, tried again and given up, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caravan.cell import transpose
from caravan.insight import exports
from caravan.insight.exports import Exports, Outcome, Schedule, Told, Wanted
from caravan.kernel.clock import DAY, HOUR, MINUTE, Instant, instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.event import Event
from caravan.kernel.ids import SellerId

OPERATOR, SELLER = SellerId(0), SellerId(3)
QUESTION = '{"metrics":["gmv"]}'
DAILY = Schedule("day", 6 * 60)


def at(text: str) -> Instant:
    return instant(datetime.fromisoformat(text).replace(tzinfo=UTC))


def folded(book: Exports, *facts: Event) -> Exports:
    for part in transpose(facts):
        book.apply(part)
    return book


def wanted(**other: Any) -> Wanted:  # noqa: ANN401
    told: dict[str, Any] = {"name": "gmv", "question": QUESTION, "segment": 0, "format": "csv", "schedule": DAILY}
    return Wanted(**told | other)


def test_a_slot_is_at_the_time_of_the_zone_through_both_changes_of_the_clock() -> None:
    berlin = Schedule("day", 2 * 60 + 30, "Europe/Berlin")

    assert exports.slot_before(berlin, at("2026-03-28T12:00")) == at("2026-03-28T01:30")  # Winter.
    assert exports.slot_before(berlin, at("2026-03-29T12:00")) == at("2026-03-29T01:30")  # 02:30 is skipped: 03:30.
    assert exports.slot_before(berlin, at("2026-03-30T12:00")) == at("2026-03-30T00:30")  # Summer.
    assert exports.slot_before(berlin, at("2026-10-25T12:00")) == at(
        "2026-10-25T00:30"
    )  # 02:30 comes twice: the first.


def test_a_week_and_an_hour_have_their_slots() -> None:
    monday = Schedule("week", 9 * 60, "UTC", 0)
    kathmandu = Schedule("hour", 10, "Asia/Kathmandu")  # At +05:45, ten past is 25 minutes past in UTC.

    assert exports.slot_before(monday, at("2026-11-28T08:00")) == at("2026-11-23T09:00")
    assert exports.slot_after(monday, at("2026-11-28T08:00")) == at("2026-11-30T09:00")
    assert exports.slot_before(kathmandu, at("2026-11-28T08:24")) == at("2026-11-28T07:25")
    assert exports.slot_after(kathmandu, at("2026-11-28T08:24")) == at("2026-11-28T08:25")


@given(
    st.sampled_from(["hour", "day", "week"]), st.integers(0, 1_439), st.integers(0, 6),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"]),
    st.integers(1_300_000_000, 1_900_000_000),
)  # fmt: skip
def test_slots_follow_each_other_without_a_gap(every: str, minute: int, weekday: int, zone: str, second: int) -> None:
    schedule = Schedule(every, minute % 60 if every == "hour" else minute, zone, weekday)
    now = second * 1_000_000

    before, after = exports.slot_before(schedule, now), exports.slot_after(schedule, now)

    assert before <= now < after
    assert exports.slot_before(schedule, after) == after
    assert exports.slot_before(schedule, after - 1) == before
    assert after - before <= {"hour": HOUR, "day": DAY, "week": 7 * DAY}[every] * 2


def test_of_slots_that_were_missed_one_run_is_due_and_none_before_the_export_was_set() -> None:
    book = folded(Exports(), exports.set_export(Exports(), wanted(), seller=OPERATOR, now=at("2026-11-01T07:00")))

    assert exports.due_exports(book.exports, now=at("2026-11-02T05:59")) == []
    ((one, slot),) = exports.due_exports(book.exports, now=at("2026-11-09T08:00"))
    assert slot == at("2026-11-09T06:00")

    folded(book, exports.note_run(book, Outcome(one.export, slot, rows=3, file="f"), now=at("2026-11-09T08:01")))
    assert exports.due_exports(book.exports, now=at("2026-11-10T05:59")) == []
    assert exports.next_slot(book.exports[1], now=at("2026-11-09T08:02")) == at("2026-11-10T06:00")


def test_what_failed_is_tried_again_ever_later_and_given_up_after_eight_times() -> None:
    now = at("2026-11-02T06:00")
    book = folded(Exports(), exports.set_export(Exports(), wanted(), seller=OPERATOR, now=at("2026-11-01T07:00")))
    waits = []
    for _ in range(exports.ATTEMPTS_MAX):
        ((one, slot),) = exports.due_exports(book.exports, now=now)
        folded(book, exports.note_run(book, Outcome(one.export, slot, error="outage: no answer"), now=now))
        waits.append(book.exports[1].retry_at - now)
        now = Instant(max(book.exports[1].retry_at, now))

    assert [wait // MINUTE for wait in waits[:-1]] == [1, 2, 4, 8, 16, 32, 60]
    assert waits[-1] < 0
    assert exports.due_exports(book.exports, now=now) == []
    assert book.exports[1].runs[-1].is_last


def test_a_run_that_was_asked_for_leaves_the_schedule_as_it_is() -> None:
    book = folded(Exports(), exports.set_export(Exports(), wanted(), seller=OPERATOR, now=at("2026-11-01T07:00")))
    folded(book, exports.ask_export(book, 1, seller=OPERATOR, now=at("2026-11-01T09:00")))

    ((_, slot),) = exports.due_exports(book.exports, now=at("2026-11-01T09:01"))
    folded(book, exports.note_run(book, Outcome(1, slot, file="f"), now=at("2026-11-01T09:01")))

    assert exports.due_exports(book.exports, now=at("2026-11-01T09:02")) == []
    assert exports.next_slot(book.exports[1], now=at("2026-11-01T09:02")) == at("2026-11-02T06:00")


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"name": "Gmv!"}, "name"), ({"question": ""}, "question"), ({"segment": 1}, "question"),
        ({"question": "", "segment": 1}, "segment"), ({"format": "xlsx"}, "format"), ({"method": "GET"}, "method"),
        ({"url": "https://x.example/" + "a" * 1_000}, "method"), ({"kept": 0}, "kept"), ({"last_days": 732}, "kept"),
        ({"schedule": Schedule("month", 0)}, "every"), ({"schedule": Schedule("hour", 60)}, "at"),
        ({"schedule": Schedule("day", 1_440)}, "at"), ({"schedule": Schedule("week", 0, "UTC", 7)}, "weekday"),
        ({"schedule": Schedule("day", 0, "Mars/Olympus")}, "zone"), ({"schedule": Schedule("day", 0, "../etc")}, "zone"),
    ],
)  # fmt: skip
def test_an_export_that_could_never_run_is_refused(other: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as told:
        exports.set_export(Exports(), wanted(**other), seller=SELLER, now=at("2026-11-01T07:00"))

    assert told.value.details["field"] == field


def test_a_seller_has_ten_exports_and_nobody_names_anothers() -> None:
    book, now = Exports(), at("2026-11-01T07:00")
    for place in range(exports.EXPORTS_PER_SELLER_MAX):
        folded(book, exports.set_export(book, wanted(name=f"e{place}"), seller=SELLER, now=now))

    with pytest.raises(exports.TooManyExports):
        exports.set_export(book, wanted(name="more"), seller=SELLER, now=now)
    folded(book, exports.set_export(book, wanted(name="e1", format="json"), seller=SELLER, now=now))
    folded(book, exports.set_export(book, wanted(name="e1"), seller=OPERATOR, now=now))
    assert [one.format for one in exports.all_exports(book, seller=SELLER)].count("json") == 1
    with pytest.raises(NotFound):
        exports.drop_export(book, 11, seller=SELLER, now=now)
    with pytest.raises(NotFound):
        exports.turn_secret(book, "exp_00000000000B", seller=SELLER, now=now)
    folded(book, exports.drop_export(book, 1, seller=OPERATOR, now=now))
    with pytest.raises(NotFound):
        exports.note_run(book, Outcome(1, 5), now=now)


def test_an_address_that_fails_twelve_times_is_told_nothing_more_until_it_is_resumed() -> None:
    book, now = Exports(), at("2026-11-01T07:00")
    folded(book, exports.set_webhook(book, segment=1, url="https://x.example/", now=now))
    for _ in range(exports.FAILURES_MAX):
        assert [one.webhook for one in exports.due_webhooks(book, now=now)] == [1]
        folded(book, exports.note_told(book, Told(1, 1, 2, "It answered 500."), now=now))
        assert not exports.due_webhooks(book, now=now)
        now = Instant(now + 14 * HOUR)

    assert book.webhooks[1].is_disabled
    assert not exports.due_webhooks(book, now=now)
    folded(book, exports.resume_webhook(book, 1, now=now))
    assert [one.sequence for one in exports.due_webhooks(book, now=now)] == [0]
    folded(book, exports.note_told(book, Told(1, 1, 2, "It answered 410.", is_gone=True), now=now))
    assert book.webhooks[1].is_disabled


def test_a_secret_that_was_turned_signs_beside_the_new_one_for_a_day() -> None:
    book, now = Exports(), at("2026-11-01T07:00")
    folded(book, exports.set_webhook(book, segment=1, url="https://x.example/", now=now))
    subject = "whk_000000000001"

    assert exports.secret_turns(book, subject, now=now) == [0]
    folded(book, exports.turn_secret(book, subject, seller=OPERATOR, now=now))
    assert exports.secret_turns(book, subject, now=now) == [1, 0]
    assert exports.secret_turns(book, subject, now=Instant(now + DAY)) == [1]


def test_what_leaves_of_a_segment_ends_with_it() -> None:
    book, now = Exports(), at("2026-11-01T07:00")
    folded(book, exports.set_export(book, wanted(question="", segment=2), seller=OPERATOR, now=now))
    folded(book, exports.set_webhook(book, segment=2, url="https://x.example/", now=now))
    folded(book, exports.set_webhook(book, segment=3, url="https://x.example/", now=now))

    folded(book, *exports.drop_all_of(book, 2, now=now))

    assert exports.all_exports(book) == []
    assert [one.segment for one in exports.all_webhooks(book)] == [3]
    folded(book, exports.drop_webhook(book, 2, now=now))
    with pytest.raises(NotFound):
        exports.resume_webhook(book, 2, now=now)
    with pytest.raises(Invalid):
        exports.set_webhook(book, segment=3, url="", now=now)


def test_no_more_webhooks_than_there_may_be() -> None:
    book, now = Exports(), at("2026-11-01T07:00")
    for place in range(exports.WEBHOOKS_MAX):
        folded(book, exports.set_webhook(book, segment=1, url=f"https://x.example/{place}", now=now))

    with pytest.raises(exports.TooManyExports):
        exports.set_webhook(book, segment=1, url="https://x.example/more", now=now)
    assert exports.set_webhook(book, segment=1, url="https://x.example/7", now=now).webhook == 8


def test_what_is_remembered_comes_back_from_a_snapshot() -> None:
    book, now = Exports(), at("2026-11-01T07:00")
    folded(book, exports.set_export(book, wanted(), seller=OPERATOR, now=now))
    folded(book, exports.note_run(book, Outcome(1, now, rows=3, file="f"), now=now))
    folded(book, exports.set_webhook(book, segment=1, url="https://x.example/", now=now))
    folded(book, exports.turn_secret(book, "exp_000000000001", seller=OPERATOR, now=now))

    again = Exports()
    again.load(book.dump())

    assert msgspec.to_builtins([again.exports, again.webhooks, again.secrets]) == msgspec.to_builtins(
        [book.exports, book.webhooks, book.secrets]
    )
