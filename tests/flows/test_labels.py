"""Tests labels and tracking: bought once and charged once whatever a carrier does, told once and in order of happening."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from caravan.adapters.easypost import EasyPostCarrier
from caravan.adapters.rate_table import TableCarrier, read_table
from caravan.adapters.sandbox.carrier import MOVES, SECRET, SandboxCarrier
from caravan.adapters.sandbox.mischief import Mischief
from caravan.adapters.sandbox.server import InProcess
from caravan.flows import claims as flow
from caravan.flows import fulfillment, labels, parcels, selling
from caravan.flows.labels import TABLE
from caravan.flows.postman import POLL_EVERY, RATES_KEPT_FOR, Postman, Quote, weight_of
from caravan.kernel.clock import HOUR, MINUTE, SECOND
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ClaimId, OrderId, ParcelId, SellerId
from caravan.trade import catalog, delivery, payments
from caravan.trade.claims import ClaimStatus, claims_of
from caravan.trade.delivery import ParcelStatus, Place, Wanted, parcel_of
from caravan.trade.ledger import Kind
from tests.adapters.test_rate_table import TABLE as RATES
from tests.flows.till import Till

ORDER = OrderId(1)
POT = catalog.ListingDraft(price_minor=100, currency="EUR")


class Yard(Till):
    """A market with a card provider and carriers, and short ways to send through them."""

    def __init__(self) -> None:
        super().__init__()
        clock = self.clock
        self.road = SandboxCarrier(now=lambda: clock.now() // SECOND)
        easypost = EasyPostCarrier("http://road", key="k", webhook_secret=SECRET, transport=InProcess(self.road))
        carriers: dict[str, delivery.Carrier] = {"easypost": easypost, TABLE: TableCarrier(read_table(RATES))}
        self.postman = Postman(self.cell, carriers, self.cashier)

    def close(self) -> None:
        super().close()
        self.postman.close()
        self.road.close()

    def wrong(self, **chances: float) -> None:
        """Let the carrier misbehave from now on."""
        self.road.mischief = Mischief(**chances)

    def pack(self, contents: dict[int, int]) -> ParcelId:
        number = self.do(parcels.pack_parcel, parcels.Packing(ORDER, SellerId(1), contents))
        assert isinstance(number, int)
        return ParcelId(number)

    def rate_for(self, parcel: int, carrier: str = "easypost", currency: str = "EUR") -> Quote:
        """Ask for rates; give the cheapest of a carrier."""
        here, there = Place("A", "", "", "Porto", "1", "PT"), Place("B", "Rua 1", "", "Braga", "2", "PT")
        found = self.postman.quote(ParcelId(parcel), Wanted(f"par_{parcel}", here, there, 900), currency)
        return next(one for one in found if one.carrier == carrier)

    def label(self, parcel: int, carrier: str = "easypost") -> object:
        """Buy the cheapest label; nobody has been asked yet."""
        quote = self.rate_for(parcel, carrier)
        return self.do(labels.buy_label, labels.Buying(ParcelId(parcel), SellerId(1), carrier, quote.rate))

    def void(self, parcel: int) -> object:
        return self.do(labels.void_label, parcels.Unpacking(ParcelId(parcel), SellerId(1)))

    def ask_until_known(self) -> None:
        """Ask again and again, as time goes by."""
        for _ in range(200):
            self.postman.see_to_labels()
            if not self.house.labels.open:
                return
            self.clock.advance(10 * MINUTE)
        raise AssertionError(self.house.labels.open)

    def of(self, parcel: int) -> delivery.Parcel:
        return parcel_of(self.house.delivery, ParcelId(parcel))

    def labeled(self, contents: dict[int, int]) -> delivery.Parcel:
        parcel = self.pack(contents)
        self.label(parcel)
        self.ask_until_known()
        return self.of(parcel)

    def send(self, parcel: int) -> None:
        for payment in self.do(parcels.ask_capture, parcels.Unpacking(ParcelId(parcel), SellerId(1))):  # type: ignore[attr-defined]
            self.cashier.see_to(payment)
        self.do(parcels.send_parcel, parcels.Sending(ParcelId(parcel), SellerId(1), "", ""))


@pytest.fixture
def yard() -> Iterator[Yard]:
    """Lend a market with an order of two mugs at 10.00 and a lamp at 50.00, paid by card."""
    yard = Yard()
    yard.open()
    seller = yard.seller()
    mug, lamp = yard.listing(seller, price=1_000), yard.listing(seller, price=5_000)
    yard.pay(yard.buyer(money=0), (mug, 2), (lamp, 1))
    yield yard
    yard.close()
    assert not yard.failures
    assert not yard.findings()
    assert yard.cell.digest() == yard.replayed()


def test_rates_of_all_carriers_are_quoted_the_cheapest_first(yard: Yard) -> None:
    parcel = yard.pack({0: 2})
    here, there = Place("A", "", "", "Porto", "1", "PT"), Place("B", "", "", "Braga", "2", "PT")

    found = yard.postman.quote(parcel, Wanted("par_1", here, there, 900), "EUR")

    assert [(one.rate.by, one.rate.amount_minor) for one in found] == [
        ("CTT", 420), ("Snail", 510), ("CTT", 980), ("Swift", 1_070), ("CTT", 1_800),
    ]  # fmt: skip


def test_a_label_is_bought_at_the_sellers_expense(yard: Yard) -> None:
    parcel = yard.labeled({0: 2})

    assert (parcel.status, parcel.carrier) == (ParcelStatus.LABEL_BOUGHT, "Snail")
    assert parcel.tracking.startswith("SBX")
    assert (yard.posted(Kind.SELLER_BALANCE, 1), yard.posted(Kind.CARRIER_PAYABLE)) == (-510, 510)
    with pytest.raises(delivery.AlreadyLabeled):
        yard.label(1)
    yard.send(1)
    assert yard.of(1).tracking == parcel.tracking


def test_a_label_of_the_table_is_our_own_and_there_at_once(yard: Yard) -> None:
    parcel = yard.pack({0: 2})

    yard.label(parcel, TABLE)

    assert yard.of(parcel).status == ParcelStatus.LABEL_BOUGHT
    assert delivery.is_sound(yard.of(parcel).tracking)
    assert yard.posted(Kind.CARRIER_PAYABLE) == 420
    yard.void(parcel)
    assert yard.of(parcel).status == ParcelStatus.CREATED
    assert yard.posted(Kind.CARRIER_PAYABLE) == 0
    with pytest.raises(delivery.NoLabel):
        yard.void(parcel)


def test_an_answer_that_is_not_known_stays_open_and_nothing_is_charged(yard: Yard) -> None:
    parcel = yard.pack({0: 2})
    yard.label(parcel)
    yard.wrong(fails=1)

    yard.postman.see_to_labels()

    assert yard.posted(Kind.CARRIER_PAYABLE) == 0
    assert yard.of(parcel).status == ParcelStatus.CREATED
    assert yard.postman.see_to_labels() == 0  # Not again at once.
    yard.wrong()
    with pytest.raises(delivery.LabelUnderWay):
        yard.label(parcel)
    with pytest.raises(delivery.LabelUnderWay):
        yard.send(parcel)
    yard.clock.advance(MINUTE)
    yard.ask_until_known()
    assert yard.of(parcel).status == ParcelStatus.LABEL_BOUGHT


def test_a_label_that_is_refused_can_be_bought_otherwise(yard: Yard) -> None:
    parcel = yard.pack({0: 2})
    quote = yard.rate_for(parcel)
    bad = quote.rate._replace(rate="rate_none")
    yard.do(labels.buy_label, labels.Buying(parcel, SellerId(1), "easypost", bad))

    yard.ask_until_known()
    yard.label(parcel)
    yard.ask_until_known()

    assert [work.is_done for work in yard.house.labels.works.values()] == [False, True]
    assert yard.posted(Kind.CARRIER_PAYABLE) == 510


def test_a_label_goes_back_and_its_price_with_it(yard: Yard) -> None:
    parcel = yard.labeled({0: 2}).parcel

    yard.void(parcel)
    yard.ask_until_known()

    assert (yard.of(parcel).status, yard.of(parcel).tracking) == (ParcelStatus.CREATED, "")
    assert (yard.posted(Kind.SELLER_BALANCE, 1), yard.posted(Kind.CARRIER_PAYABLE)) == (0, 0)
    with pytest.raises(delivery.NoLabel):
        yard.void(parcel)


def test_the_label_of_an_order_that_is_called_off_goes_back_by_itself(yard: Yard) -> None:
    parcel = yard.labeled({0: 2}).parcel

    yard.cancel(ORDER, buyer=1)
    yard.clock.advance(MINUTE)
    yard.ask_until_known()

    assert yard.of(parcel).status == ParcelStatus.CANCELED
    assert yard.posted(Kind.CARRIER_PAYABLE) == 0


def test_others_and_what_has_left_have_no_labels_bought(yard: Yard) -> None:
    other, parcel = yard.seller("Rui"), yard.pack({0: 1})
    quote = yard.rate_for(parcel)

    with pytest.raises(NotFound):
        yard.do(labels.buy_label, labels.Buying(parcel, other, "easypost", quote.rate))
    yen = quote.rate._replace(currency="JPY")
    with pytest.raises(Invalid):
        yard.do(labels.buy_label, labels.Buying(parcel, SellerId(1), "easypost", yen))
    yard.do(parcels.ask_capture, parcels.Unpacking(parcel, SellerId(1)))
    yard.cashier.see_to(1)
    yard.do(parcels.send_parcel, parcels.Sending(parcel, SellerId(1), "CTT", "T"))
    with pytest.raises(delivery.ParcelNotPacked):
        yard.do(labels.buy_label, labels.Buying(parcel, SellerId(1), "easypost", quote.rate))


def test_a_rate_is_good_for_half_an_hour(yard: Yard) -> None:
    parcel = yard.pack({0: 1})
    quote = yard.rate_for(parcel)

    assert yard.postman.quoted(parcel, quote.rate.rate).rate == quote.rate
    with pytest.raises(delivery.RateExpired):
        yard.postman.quoted(ParcelId(9), quote.rate.rate)
    yard.clock.advance(RATES_KEPT_FOR)
    with pytest.raises(delivery.RateExpired):
        yard.postman.quoted(parcel, quote.rate.rate)


def test_nobody_quotes_in_another_currency(yard: Yard) -> None:
    with pytest.raises(delivery.NoRates):
        yard.rate_for(yard.pack({0: 1}), currency="JPY")


def test_a_weight_is_that_of_the_goods_where_all_say_so(yard: Yard) -> None:
    assert weight_of(yard.house, yard.pack({0: 2})) == 0
    heavy = selling.Offer(page=catalog.ProductDraft(title="Pot", weight_grams=350), options=(("", POT),))
    offered: Any = yard.do(selling.offer_products, selling.Offers([SellerId(1)], [heavy]))
    product_of = yard.house.catalog.skus.table.product

    product_of[1] = catalog.product_at(yard.house.catalog, offered[0].listings[0])
    assert weight_of(yard.house, ParcelId(1)) == 700

    product_of[1] = 1


# Where parcels are.


def test_what_a_carrier_says_is_noted_once_and_told_in_order(yard: Yard) -> None:
    parcel = yard.labeled({0: 2})
    yard.send(parcel.parcel)
    start = yard.clock.now() // SECOND
    yard.clock.advance(4 * HOUR)
    yard.road.move(parcel.tracking, "out for delivery", place="Braga", at=start + 7_200)
    yard.road.move(parcel.tracking, "picked up", place="Porto", at=start + 60)
    yard.wrong(twice=1, shuffled=1)

    yard.postman.see_to_parcels()
    first = len(yard.log.frames)
    for notice in [*yard.road.notices(), *yard.road.notices()]:
        yard.postman.take_notice("easypost", notice.body, notice.signature)
    yard.clock.advance(POLL_EVERY)
    yard.postman.see_to_parcels()

    assert [(ParcelStatus(one.status).name, one.place) for one in yard.of(parcel.parcel).scans] == [
        ("PICKED_UP", "Porto"), ("OUT_FOR_DELIVERY", "Braga"),
    ]  # fmt: skip
    assert yard.of(parcel.parcel).status == ParcelStatus.OUT_FOR_DELIVERY
    assert len(yard.log.frames) == first


def test_what_comes_late_does_not_turn_a_parcel_back(yard: Yard) -> None:
    parcel = yard.labeled({0: 2})
    yard.send(parcel.parcel)
    yard.clock.advance(4 * HOUR)
    now = yard.clock.now() // SECOND
    yard.road.move(parcel.tracking, "delivered", at=now - 60)
    yard.postman.see_to_parcels()
    yard.road.move(parcel.tracking, "in transit", at=now - 7_200)
    yard.road.move(parcel.tracking, "lost", at=now - 30)
    yard.do(
        labels.note_tracked,
        labels.Tracked(parcel.parcel, yard.postman.carriers["easypost"].track([parcel.tracking])[0] or []),
    )

    assert yard.of(parcel.parcel).status == ParcelStatus.DELIVERED
    assert len(yard.of(parcel.parcel).scans) == 3
    assert not claims_of(yard.house.claims, ORDER)


def test_a_parcel_that_its_carrier_has_is_handed_over_and_paid_for(yard: Yard) -> None:
    parcel = yard.labeled({0: 2})
    yard.clock.advance(HOUR)
    yard.road.move(parcel.tracking, "picked up")

    (notice,) = yard.road.notices()
    told = yard.postman.take_notice("easypost", notice.body, notice.signature)

    assert told == parcel.tracking
    assert yard.of(parcel.parcel).status == ParcelStatus.PICKED_UP
    assert yard.posted(Kind.ESCROW, ORDER) == 2_000


def test_a_parcel_whose_money_cannot_be_taken_in_is_asked_about_again(yard: Yard) -> None:
    parcel = yard.labeled({0: 2})
    yard.clock.advance(HOUR)
    yard.road.move(parcel.tracking, "in transit")
    yard.misbehave(fails=1.0)
    yard.postman.see_to_parcels()
    before = yard.of(parcel.parcel)

    yard.misbehave()
    yard.clock.advance(2 * MINUTE)
    yard.cashier.see_to_due()
    yard.postman.see_to_parcels()

    assert (before.status, before.scans) == (ParcelStatus.LABEL_BOUGHT, ())
    assert yard.of(parcel.parcel).status == ParcelStatus.IN_TRANSIT


def test_a_carrier_loses_a_parcel_and_finds_it_again(yard: Yard) -> None:
    parcel = yard.labeled({1: 1})
    yard.send(parcel.parcel)
    yard.clock.advance(HOUR)
    yard.road.move(parcel.tracking, "lost")
    yard.postman.see_to_parcels()
    (opened,) = claims_of(yard.house.claims, ORDER)
    before = opened.status

    yard.clock.advance(POLL_EVERY)
    yard.road.move(parcel.tracking, "delivered")
    yard.postman.see_to_parcels()

    assert (before, opened.status) == (ClaimStatus.OPEN, ClaimStatus.WITHDRAWN)
    assert yard.of(parcel.parcel).status == ParcelStatus.DELIVERED


def test_what_is_of_the_future_waits_until_then(yard: Yard) -> None:
    parcel = yard.labeled({0: 2})
    yard.send(parcel.parcel)
    soon = delivery.Told(yard.clock.now() + HOUR, int(ParcelStatus.DELIVERED), "")

    assert yard.do(labels.note_tracked, labels.Tracked(parcel.parcel, [soon])) == 0
    yard.clock.advance(HOUR)
    assert yard.do(labels.note_tracked, labels.Tracked(parcel.parcel, [soon])) == 1
    with pytest.raises(fulfillment.ParcelNotSent):
        yard.do(labels.note_tracked, labels.Tracked(yard.pack({1: 1}), [soon]))


def test_webhooks_of_nobody_and_unsigned_ones_are_refused(yard: Yard) -> None:
    with pytest.raises(delivery.NoSuchCarrier):
        yard.postman.take_notice("nobody", b"{}", "")
    with pytest.raises(delivery.UnsignedTracking):
        yard.postman.take_notice("easypost", b"{}", "hmac-sha256-hex=0")


@pytest.mark.parametrize("seed", range(12))
def test_whatever_a_carrier_does_a_label_is_bought_and_charged_once(yard: Yard, seed: int) -> None:
    dice = random.Random(seed)
    chances = {name: dice.choice([0.0, 0.3, 0.6]) for name in ("fails", "loses", "late", "twice", "shuffled")}
    for contents in ({0: 1}, {0: 1}, {1: 1}):
        yard.wrong()
        parcel = yard.pack(contents)
        yard.label(parcel)
        yard.wrong(**chances)
        yard.ask_until_known()
        if dice.random() < 0.3:
            yard.void(parcel)
            yard.ask_until_known()
        if parcel in yard.house.labels.of:
            yard.send(parcel)
        for _ in range(4):
            yard.clock.advance(POLL_EVERY)
            yard.road.move(yard.of(parcel).tracking, dice.choice(list(MOVES)))
            for notice in yard.road.notices():
                yard.postman.take_notice("easypost", notice.body, notice.signature)
            yard.postman.see_to_parcels()

    assert all(shipment["bought"] == 1 for shipment in yard.road.shipments())
    kept = [work.amount for work in yard.house.labels.of.values()]
    assert yard.posted(Kind.CARRIER_PAYABLE) == sum(kept)
    for shipment in yard.road.shipments():
        is_kept = shipment["id"] in {work.shipment for work in yard.house.labels.of.values()}
        assert is_kept == (shipment["refund_status"] != "refunded")
    yard.wrong()
    yard.clock.advance(POLL_EVERY)
    yard.postman.see_to_parcels()
    for shipment in yard.road.shipments():
        known = yard.house.delivery.by_tracking.get(shipment["tracking_code"])
        if known and yard.of(known).handed_over_at and yard.of(known).status not in {8, 10}:
            assert len(yard.of(known).scans) == len({repr(detail) for detail in shipment["details"]})


def test_an_exchange_can_have_a_label_too(yard: Yard) -> None:
    parcel = yard.labeled({1: 1})
    yard.send(parcel.parcel)
    yard.clock.advance(HOUR)
    yard.road.move(parcel.tracking, "lost")
    yard.postman.see_to_parcels()
    number = ClaimId(claims_of(yard.house.claims, ORDER)[0].claim)
    yard.do(flow.answer_claim, flow.Answering(number, SellerId(1), 0, "", is_anew=True))

    yard.label(2)
    yard.ask_until_known()
    yard.send(2)

    assert yard.of(2).status == ParcelStatus.PICKED_UP
    assert yard.posted(Kind.ESCROW, ORDER) == 5_000
    assert payments.money_state(yard.house.payments, ORDER) == "partly_captured"
