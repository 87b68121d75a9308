"""Searches all that can become of one order paid by card whose units go in parcels, are lost, claimed and given back.

Payment, parcels, claims and refunds are searched together: whatever happens first, it can always be brought to a sound end.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np

from caravan.flows import claims as flow
from caravan.flows import fulfillment, invariants, opening, parcels, paying, settlement
from caravan.flows.house import House, fold, integers
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.errors import CaravanError, Refusal
from caravan.kernel.ids import AskId, BuyerId, ClaimId, OrderId, ParcelId, PaymentId, SellerId, SessionId
from caravan.trade import claims, delivery, orders, payments
from caravan.trade.claims import ClaimStatus, Reason
from caravan.trade.delivery import ParcelStatus
from caravan.trade.ledger import Kind, balance
from caravan.trade.payments import Answer, Answered, Provider
from caravan.world import markets
from tests.flows.market import EUR, Market

ORDER = OrderId(1)
_PARCELS_MAX, _CLAIMS_MAX = 3, 2
_CHANGING = ("orders", "payments", "dealings", "delivery", "labels", "claims", "ledger")


class Standing(NamedTuple):
    """Where an order stands, in everything that decides what can become of it."""

    status: str
    fulfillment: str
    money: str
    captured: int
    refunded: int
    escrow: int
    is_let_go: bool
    asked: tuple[int, ...]  # of the provider, and not answered
    parcels: tuple[tuple[str, bool], ...]
    claims: tuple[tuple[str, int, int], ...]  # status, granted, the parcel that goes out anew
    waits: tuple[int, int]  # units to pack, and to send anew
    due: bool
    is_paid_out: bool

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing of it waits any more: no money in escrow, no claim, nothing asked, nothing to pack or send."""
        is_still = not self.asked and not any(status in _STANDING for status, _, _ in self.claims)
        has_left = not any(status in {"CREATED", "LABEL_BOUGHT"} for status, _ in self.parcels)
        return self.status in {"completed", "canceled"} and not self.escrow and is_still and has_left


_STANDING = {status.name for status in claims.STANDING}


@dataclass(frozen=True)
class Place:
    """A reached state, written down, with its time."""

    parts: dict[str, dict[str, np.ndarray]]
    now: int


@dataclass
class Board:
    """A house to try one command in."""

    house: House
    now: int

    def do(self, flow_: Callable[..., object], argument: object = None) -> object:
        """Decide one command and fold it in; give its answer or raise its refusal."""
        decision = flow_(self.house, argument, now=Instant(self.now))
        fold(self.house, decision.facts)  # type: ignore[attr-defined]
        answer: object = decision.answer()  # type: ignore[attr-defined]
        return answer

    def one(self, flow_: Callable[..., object], argument: object) -> object:
        """Decide one command of a flow that takes many."""
        batch = flow_(self.house, [argument], now=Instant(self.now))
        (answer,) = batch.answers  # type: ignore[attr-defined]
        if isinstance(answer, CaravanError):
            raise answer
        fold(self.house, batch.facts)  # type: ignore[attr-defined]
        return answer()

    def at(self) -> np.ndarray:
        return integers(self.now)

    # What there is to act on.

    def parcel(self, *statuses: ParcelStatus) -> ParcelId:
        """Give the first parcel that stands in one of these."""
        for one in delivery.parcels_of(self.house.delivery, ORDER):
            if one.status in statuses:
                return one.parcel
        raise NothingThere

    def claim(self, *statuses: ClaimStatus) -> claims.Claim:
        """Give the first claim that stands in one of these."""
        for one in claims.claims_of(self.house.claims, ORDER):
            if one.status in statuses:
                return one
        raise NothingThere

    def work(self) -> payments.Work:
        """Give what the provider was asked first and has not answered."""
        for works in self.house.dealings.open.values():
            return works[0]
        raise NothingThere


class NothingThere(Refusal):
    """There is nothing to act on."""


_NO = 5_000  # of a claim


def pack(board: Board) -> None:
    made = [one for one in delivery.parcels_of(board.house.delivery, ORDER) if not one.is_canceled]
    if len(made) >= _PARCELS_MAX:
        raise NothingThere
    board.do(parcels.pack_parcel, parcels.Packing(ORDER, SellerId(1), {0: 1}))


def unpack(board: Board) -> None:
    board.do(flow.give_up_anew, parcels.Unpacking(board.parcel(*delivery.PACKED), SellerId(1)))


def ask_money(board: Board) -> None:
    if not board.do(parcels.ask_capture, parcels.Unpacking(board.parcel(*delivery.PACKED), SellerId(1))):
        raise NothingThere


def send(board: Board) -> None:
    sending = parcels.Sending(board.parcel(*delivery.PACKED), SellerId(1), "CTT", "")
    board.do(parcels.send_parcel, sending)


def ask_all_money(board: Board) -> None:
    if not board.do(paying.ask_captures, paying.Handing([ORDER], SellerId(1))):
        raise NothingThere


def hand_over(board: Board) -> None:
    handover = fulfillment.Handover(board.at(), integers(ORDER), integers(1), integers(0), ["CTT"], [""])
    board.one(fulfillment.hand_over, handover)


def yes(board: Board) -> None:
    board.do(paying.settle_ask, paying.Done(AskId(board.work().ask), Answer(Answered.DONE, "re")))


def never(board: Board) -> None:
    work = board.work()
    if work.what == payments.AskKind.VOID:
        raise NothingThere  # A void is never refused for good.
    board.do(paying.settle_ask, paying.Done(AskId(work.ask), Answer(Answered.REFUSED, "", "no")))


def cancel(board: Board) -> None:
    board.one(
        fulfillment.cancel_orders, fulfillment.Cancellation(board.at(), integers(ORDER), integers(0), integers(1))
    )


def call_off(board: Board) -> None:
    board.do(parcels.call_off, parcels.Rest(ORDER, SellerId(1)))


def _scan(board: Board, parcel: ParcelId, status: ParcelStatus) -> None:
    scans = fulfillment.Scans(board.at(), integers(parcel), integers(int(status)), integers(0))
    board.one(fulfillment.scan_parcels, scans)


def arrive(board: Board) -> None:
    _scan(board, board.parcel(ParcelStatus.PICKED_UP), ParcelStatus.DELIVERED)


def lose(board: Board) -> None:
    if len(board.house.claims.claims) >= _CLAIMS_MAX:
        raise NothingThere
    _scan(board, board.parcel(ParcelStatus.PICKED_UP), ParcelStatus.LOST)


def find(board: Board) -> None:
    _scan(board, board.parcel(ParcelStatus.LOST), ParcelStatus.DELIVERED)


def complain(board: Board) -> None:
    if len(board.house.claims.claims) >= _CLAIMS_MAX - 1:
        raise NothingThere
    parcel = board.parcel(ParcelStatus.DELIVERED)
    board.do(flow.open_claim, flow.Opening(ORDER, BuyerId(1), parcel, Reason.DAMAGED, 0, "", {}))


def _answer(board: Board, share: float, *, is_anew: bool = False) -> None:
    claim = board.claim(ClaimStatus.OPEN)
    anew = [one for one in delivery.parcels_of(board.house.delivery, ORDER) if one.is_replacement]
    if is_anew and len(anew) >= 1:
        raise NothingThere
    amount = int(claim.amount * share)
    board.do(flow.answer_claim, flow.Answering(ClaimId(claim.claim), SellerId(1), amount, "", is_anew))


def content(board: Board) -> None:
    claim = board.claim(ClaimStatus.OPEN, ClaimStatus.ANSWERED)
    board.do(flow.accept_answer, flow.Step(ClaimId(claim.claim), BuyerId(1)))


def dispute(board: Board) -> None:
    board.do(flow.dispute_claim, flow.Step(ClaimId(board.claim(ClaimStatus.ANSWERED).claim), BuyerId(1)))


def decide(board: Board) -> None:
    claim = board.claim(ClaimStatus.DISPUTED)
    board.do(flow.decide_claim, flow.Verdict(ClaimId(claim.claim), claim.amount - claim.granted, ""))


def time_passes(board: Board) -> None:
    """Let two weeks and more go by, and do what is due."""
    board.now += 15 * DAY
    for due in (flow.look_after, settlement.release_due, settlement.pay_out_due):
        board.do(due)


COMMANDS: dict[str, Callable[[Board], None]] = {
    "pack one": pack, "unpack": unpack, "ask for its money": ask_money, "send it": send, "ask for all money": ask_all_money, "hand all over": hand_over,
    "the provider did it": yes, "the provider never will": never, "cancel": cancel, "call the rest off": call_off,
    "it arrives": arrive, "it is lost": lose, "it is found": find, "the buyer claims": complain,
    "half is given": lambda board: _answer(board, 0.5),
    "it is sent anew": lambda board: _answer(board, 0.0, is_anew=True), "the buyer is content": content,
    "the buyer disputes": dispute, "the operator grants the rest": decide, "time passes": time_passes,
}  # fmt: skip

_ANSWERS = {name: COMMANDS[name] for name in ("the provider did it", "the provider never will")}


def standing(board: Board) -> Standing:
    house = board.house
    status, fulfilled = orders.order_state(house.orders, ORDER)
    money, funding = house.payments.money, house.dealings.fundings[ORDER]
    units = orders.units_of(house.orders, ORDER)[0]
    asked = [work.what for works in house.dealings.open.values() for work in works]
    found = [one for one in delivery.parcels_of(house.delivery, ORDER) if not one.is_canceled]
    return Standing(
        status, fulfilled, payments.money_state(house.payments, ORDER), int(money.captured[ORDER]),
        int(money.refunded[ORDER]), balance(house.ledger, Kind.ESCROW, owner=ORDER, unit=EUR)[0], funding.is_let_go,
        tuple(sorted(asked)), tuple(sorted((one.status.name, one.is_replacement) for one in found)),
        tuple((one.status.name, one.granted, int(bool(one.anew))) for one in claims.claims_of(house.claims, ORDER)),
        (parcels.waiting(house, ORDER)[0], units.replacing),
        bool(money.due_at[ORDER]), bool(money.payout[ORDER]),
    )  # fmt: skip


_BASE: list[House] = []


def first() -> tuple[Standing, Place]:
    """Give the state after two mugs at 10.00 were bought by card, two weeks after nothing; the rest of the house is shared."""
    market = Market()
    market.open()
    market.do(flow.set_claim_terms, claims.ClaimTerms(
        answer_within=3 * DAY, dispute_within=7 * DAY, claim_within=3_650 * DAY, lost_after=14 * DAY
    ))  # fmt: skip
    market.do(opening.set_money_terms, markets.MoneyTerms(clawback_minor_max=300))
    listing, buyer = market.listing(market.seller(), price=1_000), market.buyer(money=0)
    session = market.hold(buyer, (listing, 2))
    start = paying.Start(SessionId(session), BuyerId(buyer), 2_000, Provider.CARD, "pm", "")
    payment = market.do(paying.start_payment, start)
    assert isinstance(payment, int)
    market.do(paying.settle_payment, paying.Told(PaymentId(payment), Answer(Answered.AUTHORIZED, "pi")))
    board = Board(market.house, market.clock.now())
    _BASE[:] = [market.house]
    market.close()
    return standing(board), written(board)


def written(board: Board) -> Place:
    """Write down what can change."""
    parts = {
        name: {part: np.array(array) for part, array in getattr(board.house, name).dump().items()} for name in _CHANGING
    }
    return Place(parts, board.now)


def read(place: Place) -> Board:
    """Make a house of what was written; what never changes is shared."""
    house = replace(_BASE[0], **{name: type(getattr(_BASE[0], name))() for name in _CHANGING})
    for name, parts in place.parts.items():
        getattr(house, name).load(parts)
    return Board(house, place.now)


def versions(board: Board) -> list[int]:
    return [getattr(board.house, name).version for name in _CHANGING]


@cache
def searched() -> dict[Standing, dict[str, Standing]]:
    """Give every reachable state with where each command leads from it; a refused command leads nowhere else."""
    beginning, place = first()
    places, ways = {beginning: place}, dict[Standing, dict[str, Standing]]()
    waiting = deque([beginning])
    while waiting:
        here = waiting.popleft()
        ways[here] = {}
        board = read(places[here])
        # A refund is booked when it is asked for; that it is answered before anything else, or before a third thing is
        # asked, leaves out states that differ in nothing but the order of answers.
        offered = _ANSWERS if len(here.asked) > 1 or payments.AskKind.REFUND in here.asked else COMMANDS
        for name, command in offered.items():
            before = versions(board)
            try:
                command(board)
            except Refusal:
                assert versions(board) == before, f"A refusal of {name!r} leaves nothing behind: {here}"
                ways[here][name] = here
                continue
            there = ways[here][name] = standing(board)
            if there not in places:
                assert list(invariants.findings(board.house)) == [], (name, here)
                places[there] = written(board)
                waiting.append(there)
            board = read(places[here])
        del (
            places[here].parts["ledger"],
            places[here].parts["orders"],
        )  # Never needed again; thousands of them are much.
    return ways


def can_end(ways: dict[Standing, dict[str, Standing]]) -> set[Standing]:
    """Give the states from which some row of commands leads to an end."""
    back: dict[Standing, set[Standing]] = {}
    for state, found in ways.items():
        for there in found.values():
            back.setdefault(there, set()).add(state)
    good = {state for state in ways if state.has_ended}
    left = deque(good)
    while left:
        for state in back.get(left.popleft(), set()) - good:
            good.add(state)
            left.append(state)
    return good


def test_the_search_sees_payment_parcels_claims_and_refunds_together() -> None:
    seen = searched()

    assert {state.status for state in seen} == {"placed", "canceled", "completed"}
    assert {state.fulfillment for state in seen} == {"unfulfilled", "partial", "fulfilled", "delivered"}
    assert {state.money for state in seen} >= {
        "authorized",
        "partly_captured",
        "captured",
        "partly_refunded",
        "refunded",
        "voided",
    }
    assert {name for state in seen for name, _ in state.parcels} >= {"CREATED", "PICKED_UP", "DELIVERED", "LOST"}
    assert {status for state in seen for status, _, _ in state.claims} == {status.name for status in ClaimStatus}
    assert {is_anew for state in seen for _, is_anew in state.parcels} == {False, True}
    assert Counter(state.is_paid_out for state in seen)[True]
    assert len(seen) > 1_000


def test_from_every_reachable_state_everything_can_still_come_to_an_end() -> None:
    seen = searched()

    assert set(seen) - can_end(seen) == set()


def test_the_clock_alone_ends_every_claim() -> None:
    for state in searched():
        there, claimed = state, any(status in {"OPEN", "ANSWERED"} for status, _, _ in state.claims)
        for _ in range(8):
            there = searched()[there].get("time passes") or searched()[there]["the provider did it"]
        if claimed and "DISPUTED" not in {status for status, _, _ in state.claims}:
            is_sent_anew = any(is_anew and name == "PICKED_UP" for name, is_anew in there.parcels)
            assert is_sent_anew or not {status for status, _, _ in there.claims} & _STANDING, (state, there)


def test_an_end_is_never_left_for_money_in_escrow() -> None:
    ended = {state: ways for state, ways in searched().items() if state.has_ended}

    assert ended
    assert not [there for ways in ended.values() for there in ways.values() if there.escrow]


def test_no_more_goes_back_than_was_taken_in() -> None:
    assert all(state.refunded <= state.captured <= 2_000 for state in searched())
    assert all(state.escrow <= state.captured - state.refunded for state in searched() if state.status == "placed")


def test_the_search_finds_dead_states_where_there_are_some() -> None:
    seen = {state: dict(ways) for state, ways in searched().items()}
    for state, ways in seen.items():
        ways["time passes"] = state  # Nobody looks at the clock.
        ways["the operator grants the rest"] = state

    dead = set(seen) - can_end(seen)

    assert any("DISPUTED" in {status for status, _, _ in state.claims} for state in dead)
    assert any(state.fulfillment == "delivered" and state.escrow for state in dead)
