"""What people do with parcels and claims by the throw of dice, for the seeded days of trade."""

import random
from collections.abc import Callable

import numpy as np

from caravan.flows import claims as flow
from caravan.flows import parcels, returns
from caravan.flows.house import integers
from caravan.kernel.ids import BuyerId, ClaimId, OrderId, ParcelId, SellerId
from caravan.trade import claims, orders
from caravan.trade.claims import ClaimStatus, Reason
from caravan.trade.delivery import ParcelStatus, parcels_of
from tests.flows.market import Market


class Shipping:
    """Steps about parcels and claims; whatever is refused is refused."""

    def __init__(self, market: Market, dice: random.Random) -> None:
        self.market, self.dice = market, dice

    def weights(self) -> dict[Callable[[], object], int]:
        """Give the steps, and how often each is taken."""
        return {
            self.pack: 8, self.send: 9, self.unpack: 1, self.call_rest_off: 2, self.exchange: 2, self.claim: 6,
            self.answer: 6, self.dispute: 3, self.decide: 2, self.close_claim: 1, self.look_after: 4,
        }  # fmt: skip

    def _order(self) -> OrderId:
        count = len(self.market.house.orders.orders)
        open_ones = np.flatnonzero(self.market.house.orders.orders.canceled_at == 0)[1:]
        if not len(open_ones) or self.dice.random() < 0.05:
            return OrderId(count + 3)
        return OrderId(int(self.dice.choice(open_ones)))

    def _parcel(self) -> ParcelId:
        made = list(self.market.house.delivery.made)
        return ParcelId(self.dice.choice(made) if made and self.dice.random() < 0.95 else 99_999)

    def _claim(self) -> ClaimId:
        known = list(self.market.house.claims.claims)
        return ClaimId(self.dice.choice(known[-6:]) if known and self.dice.random() < 0.95 else 99_999)

    def pack(self) -> None:
        contents = {self.dice.choice([0, 0, 0, 1]): self.dice.choice([1, 1, 2, 3]) for _ in range(2)}
        self.market.do(parcels.pack_parcel, parcels.Packing(self._order(), SellerId(0), contents))

    def send(self) -> None:
        self.market.do(parcels.send_parcel, parcels.Sending(self._parcel(), SellerId(0), "CTT", ""))

    def unpack(self) -> None:
        self.market.do(flow.give_up_anew, parcels.Unpacking(self._parcel(), SellerId(0)))

    def call_rest_off(self) -> None:
        begun = [order for order in self.market.house.orders.parts if orders.has_sent(self.market.house.orders, order)]
        order = OrderId(self.dice.choice(begun)) if begun else self._order()
        self.market.do(parcels.call_off, parcels.Rest(order, SellerId(0)))

    def exchange(self) -> None:
        self.market.do(
            returns.accept_exchange, returns.Exchange(SellerId(0), self._order(), 0, self.dice.choice([1, 1, 3]))
        )

    def claim(self) -> None:
        order = self._order()
        table = self.market.house.orders.orders
        buyer = BuyerId(int(table.buyer[order]) if order < len(table) else 1)
        sent = [one.parcel for one in parcels_of(self.market.house.delivery, order)] if order < len(table) else []
        parcel = self.dice.choice([*sent, ParcelId(0)])
        reason = self.dice.choice(list(Reason))
        opening = flow.Opening(order, buyer, parcel, reason, self.dice.choice([0, 0, 1, 500]), "Alas.", {})
        self.market.do(flow.open_claim, opening)

    def answer(self) -> None:
        number = self._claim()
        known = self.market.house.claims.claims.get(number)
        most = known.amount if known else 1
        amount = self.dice.choice([0, 1, most // 2, most])
        self.market.do(
            flow.answer_claim, flow.Answering(number, SellerId(0), amount, "Sorry.", self.dice.random() < 0.25)
        )

    def dispute(self) -> None:
        self.market.do(flow.dispute_claim, self._step())

    def close_claim(self) -> None:
        self.market.do(flow.accept_answer, self._step())

    def _step(self) -> flow.Step:
        number = self._claim()
        known = self.market.house.claims.claims.get(number)
        return flow.Step(number, BuyerId(known.buyer if known else 1), "No.")

    def decide(self) -> None:
        number = self._claim()
        known = self.market.house.claims.claims.get(number)
        most = known.amount - known.granted if known else 1
        self.market.do(flow.decide_claim, flow.Verdict(number, self.dice.choice([0, most]), "So be it."))

    def look_after(self) -> None:
        self.market.do(flow.look_after)

    def finish(self) -> None:
        """Bring everything about parcels and claims to its end: claims are granted, packed parcels leave, the rest is called off."""
        house = self.market.house
        for parcel, made in sorted(house.delivery.made.items()):
            if house.delivery.parcels.status[parcel] == ParcelStatus.CREATED:
                self.market.do(parcels.send_parcel, parcels.Sending(ParcelId(parcel), SellerId(0), "CTT", ""))
            assert made.lines, parcel
        for order in sorted(house.orders.parts):
            if orders.has_sent(house.orders, order) and not house.orders.orders.fulfilled_at[order]:
                self.market.do(parcels.call_off, parcels.Rest(OrderId(order), SellerId(0)))

    def settle_claims(self) -> None:
        """Let every claim that stands come to its end by the clock, or by the operator."""
        house = self.market.house
        for claim in claims.standing_claims(house.claims):
            if claim.status == ClaimStatus.DISPUTED:
                self.market.do(flow.decide_claim, flow.Verdict(ClaimId(claim.claim), 0, ""))
        for _ in range(3):
            if not house.claims.open_of:
                return
            self.market.days_pass(8)
            self.market.do(flow.look_after)
        assert not house.claims.open_of, house.claims.open_of

    def all_sent(self) -> np.ndarray:
        """Give the parcels that have left."""
        return integers(np.flatnonzero(self.market.house.delivery.parcels.handed_over_at))
