"""A market whose buyers pay by card: the market to try things in, a cashier, and the sandbox provider without a network."""

from typing import Any

from caravan.adapters.sandbox.mischief import Mischief
from caravan.adapters.sandbox.psp import GOOD, SECRET, SandboxPsp
from caravan.adapters.sandbox.server import InProcess
from caravan.adapters.stripe import StripeProvider
from caravan.flows import paying
from caravan.flows.cashier import Cashier
from caravan.kernel.clock import SECOND, FixedClock
from caravan.kernel.ids import BuyerId, PaymentId, SellerId, SessionId
from caravan.trade import payments
from caravan.trade.payments import Provider
from tests.flows.market import Market


class Till(Market):
    """A running cell with a card provider, and short ways to pay."""

    def __init__(self) -> None:
        super().__init__(clock=FixedClock())
        clock = self.clock
        self.psp = SandboxPsp(now=lambda: clock.now() // SECOND)
        adapter = StripeProvider("http://sandbox", key="sk_test", webhook_secret=SECRET, transport=InProcess(self.psp))
        self.cashier = Cashier(self.cell, {Provider.CARD: adapter})

    def close(self) -> None:
        """Stop the process, and the provider."""
        super().close()
        self.psp.close()

    def begin(
        self, session: int, buyer: int, *, provider: Provider = Provider.CARD, method: str = "", code: str = "",
        expected: int | None = None,
    ) -> PaymentId:  # fmt: skip
        """Begin to pay for a checkout; nobody has been asked yet."""
        total = self.total(session) if expected is None else expected
        start = paying.Start(
            SessionId(session), BuyerId(buyer), total, provider, method, "https://shop.example/b", code
        )
        number = self.do(paying.start_payment, start)
        assert isinstance(number, int)
        return PaymentId(number)

    def pay(self, buyer: int, *lines: tuple[int, int], method: str = "pm_card_visa", code: str = "") -> PaymentId:
        """Buy by card: the money is kept, and the purchase placed."""
        payment = self.begin(self.hold(buyer, *lines), buyer, method=method, code=code)  # type: ignore[arg-type]
        self.cashier.see_to(payment)
        return payment

    def fill_in(self, payment: int, card: str = GOOD) -> None:
        """Fill the provider's page in."""
        page = self.cashier.see_to(payment)
        self.psp.fill_in(page.rpartition("/")[2], card)
        self.cashier.see_to(payment)

    def take_in(self, *orders: int) -> None:
        """Have orders' money taken in."""
        numbers = self.do(paying.ask_captures, paying.Handing(orders, SellerId(0)))
        assert isinstance(numbers, list)
        for number in numbers:
            self.cashier.see_to(number)

    def ship(self, order: int) -> None:
        """Take an order's money in, hand it over and have it arrive."""
        self.take_in(order)
        self.deliver(order)

    def bring(self) -> int:
        """Bring the webhooks that are due; give how many."""
        due = self.psp.notices()
        for notice in due:
            self.cashier.take_notice(Provider.CARD, notice.body, notice.signature, now=self.clock.now())
        return len(due)

    def standing(self, payment: int) -> str:
        """Say where a payment stands."""
        return payments.payment_state(self.house.dealings, self.house.dealings.deals[payment])

    def misbehave(self, **chances: float) -> None:
        """Let the provider misbehave from now on."""
        self.psp.mischief = Mischief(**chances)

    def intent(self, payment: int) -> dict[str, Any]:
        """Give what the provider's own books say of a payment."""
        reference = self.house.dealings.deals[payment].reference
        known = self.psp.objects[reference]
        return self.psp.objects[known["payment_intent"]] if "payment_intent" in known else known
