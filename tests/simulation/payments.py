"""Random sequences of a provider's misbehavior against the real flows: a seed, what happened, and what is wrong with it."""

import contextlib
import logging
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn

from caravan.adapters.sandbox.mischief import Mischief
from caravan.adapters.sandbox.psp import SECRET, SandboxPsp
from caravan.adapters.sandbox.server import InProcess, make_app
from caravan.adapters.stripe import StripeProvider, signed
from caravan.flows import claims as claiming
from caravan.flows import exchanging, opening, parcels, paying, settlement, shopping
from caravan.flows.cashier import Cashier
from caravan.kernel.clock import DAY, MINUTE, SECOND, FixedClock
from caravan.kernel.errors import NotFound, Refusal
from caravan.kernel.ids import ClaimId, ListingId, OrderId, ParcelId, SellerId, SessionId
from caravan.kernel.money import numeric
from caravan.trade import exchange, orders, payments
from caravan.trade.claims import Claim, ClaimStatus, Reason, claims_of
from caravan.trade.delivery import ParcelStatus, parcels_of
from caravan.trade.ledger import Kind
from caravan.trade.payments import Answer, Answered, Ask, AskKind, PaymentProvider, Provider
from caravan.world import markets
from tests.flows.market import Market

TRIALS_A_MARKET = 40
STEPS_MAX = 24
QUIET_ROUNDS_MAX = 60
SERVED_WITHIN_S = 10
MISCHIEF = Mischief(fails=0.15, loses=0.15, late=0.2, twice=0.3, shuffled=0.5)
GOOD_CARDS = ["4242424242424242", "4242424242424242", "4000000000005126", "4000000000000259", "4000000000000002"]
TOKENS = ["", "", "pm_card_visa", "pm_card_refundFail", "pm_card_chargeDeclined"]
Wrap = Callable[[PaymentProvider], PaymentProvider]


class Guessing:
    """A provider's answers as somebody would hear them who guesses what is not known: the negative control."""

    def __init__(self, provider: PaymentProvider) -> None:
        self._provider = provider
        self.notice, self.close = provider.notice, provider.close

    def ask(self, asks: Sequence[Ask]) -> list[Answer]:
        return [self._guess(ask, answer) for ask, answer in zip(asks, self._provider.ask(asks), strict=True)]

    def _guess(self, ask: Ask, answer: Answer) -> Answer:
        if answer.answered != Answered.UNKNOWN:
            return answer
        return Answer(Answered.AUTHORIZED if ask.kind == AskKind.AUTHORIZE else Answered.DONE, ask.reference)


class Served:
    """The sandbox behind a real socket."""

    def __init__(self, psp: SandboxPsp) -> None:
        options = uvicorn.Config(make_app(psp), host="127.0.0.1", port=0, log_level="error", ws="none")
        self._server = uvicorn.Server(options)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        last = time.monotonic() + SERVED_WITHIN_S
        while not self._server.started and time.monotonic() < last:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(SERVED_WITHIN_S)


class Trials:
    """A market and its provider, in which sequences happen one after another."""

    def __init__(
        self, seed: int, *, wrap: Wrap | None = None, mischief: Mischief = MISCHIEF, over_http: bool = False,
        currency: str = "EUR",
    ) -> None:  # fmt: skip
        self.dice = random.Random(seed)
        self.mischief = mischief
        self.market = Market(clock=FixedClock())
        clock = self.market.clock
        self.psp = SandboxPsp(now=lambda: clock.now() // SECOND, mischief=mischief, seed=seed)
        self._server = Served(self.psp) if over_http else None
        adapter: PaymentProvider = StripeProvider(
            self._server.url if self._server else "http://sandbox", key="sk_test", webhook_secret=SECRET,
            transport=None if self._server else InProcess(self.psp),
        )  # fmt: skip
        self.provider = wrap(adapter) if wrap else adapter
        self.cashier = Cashier(self.market.cell, {Provider.CARD: self.provider})
        self.market.open(policy=markets.Policy(payout_every=DAY))
        self.market.do(opening.set_money_terms, markets.MoneyTerms(clawback_minor_max=5_000))
        self.currency, self.unit = currency, numeric(currency)
        rates = exchange.DayRates("ECB", "2026-09-21", "EUR", {"JPY": "163.27", "USD": "1.0825"})
        self.market.do(exchanging.set_rates, rates)
        self.market.do(exchanging.set_exchange_terms, exchanging.ExchangeTerms(50, 2 * MINUTE, 10_000 * DAY))
        self.sellers = [self.market.seller("Ana"), self.market.seller("Rui")]
        self.mail: list[tuple[bytes, str]] = []
        self.shipped: dict[int, int] = {}
        self.story: list[str] = []
        self.unpaid: list[str] = []

    def close(self) -> None:
        self.market.close()
        self.provider.close()
        if self._server:
            self._server.close()
        self.psp.close()

    # One sequence.

    def run(self) -> list[str]:
        """Let one sequence happen, bring it to its end, and give a sentence for everything that is wrong then."""
        self.psp.mischief, self.story, self.unpaid = self.mischief, [], []
        market, dice = self.market, self.dice
        self.buyer = market.buyer(money=dice.choice([0, 0, 50_000]))
        self.listings = [
            market.listing(seller, price=dice.randint(100, 9_000), stock=dice.choice([1, 3, 9]))
            for seller in self.sellers
        ]
        self.session = self._held(dice.choice([1, 2, 3]), self.listings[: dice.randint(1, 2)])
        self.first_order = len(market.house.orders.orders)
        acts = [name for name in dir(self) if name.startswith("_do_")]
        self._do_start()
        if dice.random() < 0.6:  # Otherwise most never come to an order.
            for name in ("_do_see_to", "_do_fill_in", "_do_see_to", "_do_see_to_all"):
                self._act(name)
        for _ in range(dice.randint(2, STEPS_MAX)):
            self._act(dice.choice(acts))
        return self.end()

    def _held(self, quantity: int, listings: Sequence[ListingId]) -> SessionId:
        """Go to checkout with as many of each as there may be."""
        try:
            return SessionId(self.market.hold(self.buyer, *((listing, quantity) for listing in listings)))
        except Refusal:
            return SessionId(self.market.hold(self.buyer, *((listing, 1) for listing in listings)))

    def _act(self, name: str) -> None:
        self.story.append(name.removeprefix("_do_"))
        try:
            getattr(self, name)()
        except Refusal as refusal:
            self.story[-1] += f" ({type(refusal).__name__})"

    def _payment(self) -> int:
        return int(self.market.house.dealings.by_session.get(self.session, 0))

    def _orders(self) -> list[int]:
        return list(range(self.first_order, len(self.market.house.orders.orders)))

    def _any_order(self) -> int:
        mine = [order for order in self._orders() if self.market.house.orders.orders.buyer[order] == self.buyer]
        if not mine:
            raise NotFound
        return self.dice.choice(mine)

    # What can happen.

    def _do_start(self) -> None:
        total, token = self.market.total(self.session), self.dice.choice(TOKENS)
        if self.currency != "EUR":
            choice = exchanging.Choice(SessionId(self.session), self.buyer, self.currency)
            self.market.do(exchanging.choose_currency, choice)
            quote = exchange.bound_quote(self.market.house.exchange, self.session)
            assert quote is not None
            total = quote.paid_minor
        wanted = paying.Start(
            SessionId(self.session),
            self.buyer,
            total,
            Provider.CARD,
            token,
            "" if token else "https://shop.example/back",
            currency=self.currency,
        )
        self.market.do(paying.start_payment, wanted)

    def _do_see_to(self) -> None:
        self.cashier.see_to(self._payment()) if self._payment() else None

    def _do_see_to_all(self) -> None:
        self.cashier.see_to_due()

    def _do_fill_in(self) -> None:
        pages = [one for one in self.psp.objects.values() if one.get("object") == "checkout.session"]
        if pages:
            self.psp.fill_in(pages[-1]["id"], self.dice.choice(GOOD_CARDS))

    def _do_minutes_pass(self) -> None:
        self.market.clock.advance(self.dice.choice([1, 5, 20, 40]) * MINUTE)
        self._tick()

    def _do_days_pass(self) -> None:
        self.market.days_pass(self.dice.choice([1, 4]))
        self._tick()

    def _tick(self) -> None:
        for flow in (
            shopping.expire_checkouts, paying.expire_payments, claiming.look_after, settlement.release_due,
            settlement.pay_out_due,
        ):  # fmt: skip
            self.market.do(flow)

    def _do_give_up(self) -> None:
        self.market.do(paying.give_up_payment, self.market.step(self.session, self.buyer))

    def _do_buy_by_wallet(self) -> None:
        self.market.complete(self.session, self.buyer)

    def _do_others_buy_it(self) -> None:
        other = self.market.buyer()
        self.market.buy(other, (self.dice.choice(self.listings), 1))

    def _do_hand_over(self) -> None:
        order = self._any_order()
        for payment in self.market.do(paying.ask_captures, paying.Handing([order], SellerId(0))):  # type: ignore[attr-defined]
            self.cashier.see_to(payment)
        self.market.hand_over(order)
        self._is_paid(order)

    def _do_take_in_a_part(self) -> None:
        order = self._any_order()
        part = self.dice.randint(1, int(self.market.house.orders.orders.total[order]))
        for payment in self.market.do(paying.ask_captures, paying.Handing([order], SellerId(0), [part])):  # type: ignore[attr-defined]
            self.cashier.see_to(payment)

    def _do_send_a_part(self) -> None:
        with contextlib.suppress(NotFound):
            self._send(self._packed())
            return
        order = OrderId(self._any_order())
        packed = self.market.do(parcels.pack_parcel, parcels.Packing(order, SellerId(0), {0: 1}))
        if self.dice.random() < 0.8:
            self._send(ParcelId(packed))  # type: ignore[arg-type]

    def _packed(self) -> ParcelId:
        found = [
            parcel for order in self._orders() for parcel in parcels_of(self.market.house.delivery, OrderId(order))
            if parcel.is_packed
        ]  # fmt: skip
        if not found:
            raise NotFound
        return found[0].parcel

    def _send(self, parcel: ParcelId) -> None:
        for payment in self.market.do(parcels.ask_capture, parcels.Unpacking(parcel, SellerId(0))):  # type: ignore[attr-defined]
            self.cashier.see_to(payment)
        self.market.do(parcels.send_parcel, parcels.Sending(parcel, SellerId(0), "CTT", ""))
        self._is_paid(int(self.market.house.delivery.parcels.order[parcel]))

    def _do_unpack(self) -> None:
        self.market.do(claiming.give_up_anew, parcels.Unpacking(self._packed(), SellerId(0)))

    def _do_call_off_rest(self) -> None:
        self.market.do(parcels.call_off, parcels.Rest(OrderId(self._any_order()), SellerId(0)))

    def _do_lose(self) -> None:
        sent = parcels_of(self.market.house.delivery, OrderId(self._any_order()))
        for parcel in [one for one in sent if one.handed_over_at and not one.delivered_at][:1]:
            self.market.scan(parcel.parcel, ParcelStatus.LOST)

    def _do_claim(self) -> None:
        order = OrderId(self._any_order())
        amount = self.dice.choice([0, 50])
        self.market.do(
            claiming.open_claim, claiming.Opening(order, self.buyer, ParcelId(0), Reason.DAMAGED, amount, "", {})
        )

    def _claim(self, status: ClaimStatus) -> Claim:
        found = [one for order in self._orders() for one in claims_of(self.market.house.claims, order)]
        found = [one for one in found if one.status == status]
        if not found:
            raise NotFound
        return found[0]

    def _do_see_to_claim(self) -> None:
        for step in (self._answer_claim, self._dispute_claim, self._decide_claim):
            with contextlib.suppress(NotFound):
                step()
                return

    def _answer_claim(self) -> None:
        claim = self._claim(ClaimStatus.OPEN)
        amount, is_anew = self.dice.choice([0, claim.amount // 2, claim.amount]), self.dice.random() < 0.2
        self.market.do(
            claiming.answer_claim, claiming.Answering(ClaimId(claim.claim), SellerId(0), amount, "", is_anew)
        )

    def _dispute_claim(self) -> None:
        number = ClaimId(self._claim(ClaimStatus.ANSWERED).claim)
        self.market.do(claiming.dispute_claim, claiming.Step(number, self.buyer))

    def _decide_claim(self) -> None:
        claim = self._claim(ClaimStatus.DISPUTED)
        left = claim.amount - claim.granted
        self.market.do(claiming.decide_claim, claiming.Verdict(ClaimId(claim.claim), self.dice.choice([0, left]), ""))

    def _is_paid(self, order: int) -> None:
        """Look into the provider's own books: what has left must have been taken in there."""
        funding = self.market.house.dealings.fundings.get(order)
        if funding is None:
            return
        mine = self.market.house.dealings.deals[funding.payment].orders
        left = sum(orders.sent_worth(self.market.house.orders, OrderId(one)) for one in mine)
        if self._intent(funding.payment)["amount_received"] < left:
            self.unpaid.append(f"Order {order} was shipped and the provider took in too little.")

    def _intent(self, payment: int) -> dict[str, Any]:
        reference = self.market.house.dealings.deals[payment].reference
        known = self.psp.objects.get(reference, {})
        known = self.psp.objects.get(known["payment_intent"], {}) if "payment_intent" in known else known
        return known or {"amount_received": 0, "refunded": 0, "status": "none"}

    def _do_cancel(self) -> None:
        self.market.cancel(self._any_order())

    def _do_deliver(self) -> None:
        order = self._any_order()
        for parcel in self.market.house.delivery.by_order.get(OrderId(order), []):
            self.market.scan(parcel)

    def _do_take_back(self) -> None:
        order = self._any_order()
        total = int(self.market.house.orders.orders.total[order])
        self.market.take_back(order, refund=self.dice.randint(1, total))

    def _do_dispute(self) -> None:
        paid = [one for one in self.psp.objects.values() if one.get("object") == "payment_intent"]
        paid = [one for one in paid if one["amount_received"] > one["refunded"] + one["disputed"]]
        if paid:
            one = paid[-1]
            left = one["amount_received"] - one["refunded"] - one["disputed"]
            self.psp.dispute(one["id"], self.dice.randint(1, left))

    def _do_decide(self) -> None:
        for dispute in [one for one in self.psp.objects.values() if one.get("object") == "dispute"]:
            if dispute["status"] == "needs_response":
                self.psp.decide(dispute["id"], is_won=self.dice.random() < 0.5)

    def _do_bring_mail(self) -> None:
        self.mail += self.psp.notices()
        self.dice.shuffle(self.mail)
        some = [self.mail.pop() for _ in range(self.dice.randint(0, len(self.mail)))]
        for body, _ in some:
            self._bring(body)

    def _bring(self, body: bytes) -> None:
        signature = self._signed(body)
        try:
            self.cashier.take_notice(Provider.CARD, body, signature, now=self.market.clock.now())
        except NotFound:
            self.mail.append((body, ""))  # The provider brings it again.

    def _signed(self, body: bytes) -> str:
        stamp = str(self.market.clock.now() // SECOND)
        return f"t={stamp},v1={signed(body, stamp, SECRET)}"

    def _do_stop_and_start(self) -> None:
        if self.dice.random() < 0.1:
            self.market.restart()
            self.cashier = Cashier(self.market.cell, {Provider.CARD: self.provider})

    # The end of it.

    def end(self) -> list[str]:
        """Let everybody behave, bring every order to its end, and hold our books against the provider's."""
        self.psp.mischief = Mischief()
        wrong = [*self.unpaid, *self.market.findings()]
        self._calm_down()
        for order in self._orders():
            self._close(order)
        self._calm_down()
        for _ in range(6):
            self.market.days_pass(4)
            self._tick()
            self._calm_down()
        return [*wrong, *self.market.findings(), *self._dead_ends(), *self._differences()]

    def _calm_down(self) -> None:
        for _ in range(QUIET_ROUNDS_MAX):
            self._do_decide()
            self.mail += self.psp.notices()
            mail, self.mail = self.mail, []
            for body, _ in mail:
                self._bring(body)
            self.market.clock.advance(2 * MINUTE)
            self._tick()
            self.cashier.see_to_due()
            if not payments.under_way(self.market.house.dealings) and not self.mail and not self.psp._notices:
                return

    def _close(self, order: int) -> None:
        for parcel in parcels_of(self.market.house.delivery, OrderId(order)):
            if parcel.is_packed and parcel.is_replacement:
                self.market.do(parcels.send_parcel, parcels.Sending(parcel.parcel, SellerId(0), "CTT", ""))
        for flow in (self.market.cancel, self._call_off):
            with contextlib.suppress(Refusal):
                flow(order)
        for parcel in parcels_of(self.market.house.delivery, OrderId(order)):
            if parcel.handed_over_at:
                self.market.scan(parcel.parcel)
        for claim in claims_of(self.market.house.claims, order):
            if claim.status == ClaimStatus.DISPUTED:
                self.market.do(claiming.decide_claim, claiming.Verdict(ClaimId(claim.claim), 0, ""))

    def _call_off(self, order: int) -> object:
        return self.market.do(parcels.call_off, parcels.Rest(OrderId(order), SellerId(0)))

    def _dead_ends(self) -> list[str]:
        house, found = self.market.house, []
        table = house.orders.orders
        found += [
            f"Order {order} can't be brought to an end."
            for order in self._orders() if not table.canceled_at[order] and not table.completed_at[order]
        ]  # fmt: skip
        found += [f"Payment {one} is under way for ever." for one in payments.under_way(house.dealings)]
        found += [f"Payment {one} waits for ever." for one in sorted(house.dealings.waiting)]
        if self.market.posted(Kind.AUTHORIZED, int(Provider.CARD), self.unit):
            found.append("Something is still kept by the provider.")
        held = house.ledger.accounts.held[house.ledger.accounts.kind == Kind.WALLET]
        return found + (["Money is held in a wallet for nothing."] if held.any() else [])

    def _differences(self) -> list[str]:
        gross = sum(line["gross"] for line in self.psp.balance_lines())
        found = []
        clearing = self.market.posted(Kind.PSP_CLEARING, int(Provider.CARD), self.unit)
        if gross != -clearing:
            found.append(f"The provider's balance is {gross}, ours says {-clearing}.")
        found += [
            f"Checkout {session} was paid for {count} times."
            for session, count in self._kept_by_session().items() if count > 1
        ]  # fmt: skip
        found += [
            f"{intent['metadata']['payment']} is still kept: {intent['status']}."
            for intent in self.psp.objects.values()
            if intent.get("object") == "payment_intent" and intent["status"] in {"requires_capture", "processing"}
        ]
        return found

    def _kept_by_session(self) -> dict[int, int]:
        """Count the payments of each checkout of which the provider took something in and did not give it back."""
        counts: dict[int, int] = {}
        for number, deal in self.market.house.dealings.deals.items():
            if self._intent(number)["amount_received"] > 0:
                counts[deal.session] = counts.get(deal.session, 0) + 1
        return counts


def run(
    first: int, count: int, *, wrap: Wrap | None = None, over_http: bool = False, currency: str = "EUR",
    report: Callable[[str], None] | None = None,
) -> list[str]:  # fmt: skip
    """Let so many sequences happen from a seed on; give a sentence for everything that was wrong, with the seed and the story."""
    wrong: list[str] = []
    for seed in range(first, first + count, TRIALS_A_MARKET):
        trials = Trials(seed, wrap=wrap, over_http=over_http, currency=currency)
        try:
            for place in range(min(TRIALS_A_MARKET, first + count - seed)):
                found = trials.run()
                wrong += [f"seed {seed}, sequence {place}: {one} [{', '.join(trials.story)}]" for one in found]
                if found:
                    break
        finally:
            trials.close()
        if report:
            report(f"{seed - first + TRIALS_A_MARKET:,} of {count:,}: {len(wrong)} wrong")
    return wrong


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # Lost answers are what this is about.
    told = [word for word in sys.argv[1:] if word not in {"--http", "--yen"}]
    many = int(told[0]) if told else 10_000
    paid_in = "JPY" if "--yen" in sys.argv else "EUR"
    tell = lambda text: print(text, file=sys.stderr)  # noqa: E731, T201
    faults = run(0, many, over_http="--http" in sys.argv, currency=paid_in, report=tell)
    print(*faults, f"{many:,} sequences, {len(faults)} wrong", sep="\n")  # noqa: T201
    sys.exit(bool(faults))
