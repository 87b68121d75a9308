"""What people do across borders by the throw of dice, for the seeded days of trade: taxes, places, and currencies."""

import random
from collections.abc import Callable

import numpy as np

from caravan.flows import checkout, exchanging, people, settlement, shopping, taxing
from caravan.flows.house import integers
from caravan.kernel.clock import DAY, MINUTE
from caravan.kernel.ids import BuyerId, CartId, ListingId, ProductId, SessionId
from caravan.kernel.money import numeric
from caravan.trade import exchange, taxes
from caravan.trade.catalog import ListingStatus
from caravan.trade.orders import HOLDING
from tests.flows.market import Market
from tests.flows.test_taxing import FEES, TABLE

_PLACES = [("PT", ""), ("DE", ""), ("US", "CA"), ("FR", ""), ("GB", ""), ("XX", "")]
_CURRENCIES = ["JPY", "GBP", "KWD", "EUR"]


class Abroad:
    """Steps about taxes and currencies; whatever is refused is refused."""

    def __init__(self, market: Market, dice: random.Random) -> None:
        self.market, self.dice = market, dice

    def begin(self) -> None:
        """Take rates in, and let the first rules hold."""
        rates = {"JPY": "163.27", "GBP": "0.8345", "KWD": "0.33241"}
        self.market.do(exchanging.set_rates, exchange.DayRates("ECB", "2026-09-21", "EUR", rates))
        self.market.do(exchanging.set_exchange_terms, exchanging.ExchangeTerms(50, 10 * MINUTE, 10_000 * DAY))
        self.market.do(taxing.load_rules, taxing.NewRules(TABLE))

    def weights(self) -> dict[Callable[[], object], int]:
        """Give the steps, and how often each is taken."""
        return {
            self.load_rules: 1, self.classify: 2, self.move_abroad: 4, self.put_in: 4, self.choose: 16,
            self.complete_in_theirs: 16, self.remit: 2,
        }  # fmt: skip

    def load_rules(self) -> None:
        rate = self.dice.choice(["10", "12.5", "7"])
        fees = self.dice.choice(["", FEES])
        self.market.do(taxing.load_rules, taxing.NewRules(TABLE.replace("rate: 10,", f"rate: {rate},") + fees))

    def classify(self) -> None:
        product = ProductId(self.dice.randrange(len(self.market.house.catalog.products) + 1))
        known = taxes.Classified(self.dice.choice(["", "6109", "61"]), "PT", self.dice.choice(["standard", "zero"]))
        self.market.do(taxing.classify, taxing.Classification(product, 0, known))

    def _buyer(self) -> BuyerId:
        return BuyerId(self.dice.randrange(1, len(self.market.house.identity.buyers)))

    def move_abroad(self) -> None:
        country, region = self.dice.choice(_PLACES)
        self.market.do(people.add_address, people.NewAddress(self._buyer(), country, b"sealed", region))

    def put_in(self) -> None:
        self._give(self._buyer(), numeric(self.dice.choice(_CURRENCIES)), 500_000)

    def _give(self, buyer: int, unit: int, amount: int) -> None:
        at, nothing = integers(self.market.clock.now()), integers(0)
        money = settlement.TopUps(at, integers(buyer), integers(unit), integers(amount), nothing, ["bank"], ["r"])
        self.market.one(settlement.top_up, money)

    def _session(self) -> tuple[SessionId, BuyerId]:
        sessions = self.market.house.orders.sessions
        held = [one for one in sessions if one.status in HOLDING] or sessions
        chosen = self.dice.choice(held)
        return chosen.session, chosen.buyer

    def choose(self) -> None:
        session, buyer = self._session()
        self.market.do(exchanging.choose_currency, exchanging.Choice(session, buyer, self.dice.choice(_CURRENCIES)))

    def _go_to_checkout(self) -> None:
        """Have somebody go to checkout with what is on the shelf, and think in another currency."""
        house, buyer = self.market.house, self._buyer()
        listings, addresses = house.catalog.listings, house.identity.buyers[buyer].addresses
        live = np.flatnonzero((listings.status == ListingStatus.LIVE) & house.partners.active[listings.seller])
        line = (ListingId(int(self.dice.choice(live))), 1)
        wanted = shopping.Checkout(buyer, CartId(0), self.dice.choice(addresses), (line,))
        session = self.market.do(shopping.open_checkout, wanted)
        assert isinstance(session, int)
        choice = exchanging.Choice(SessionId(session), buyer, self.dice.choice(_CURRENCIES[:3]))
        self.market.do(exchanging.choose_currency, choice)

    def complete_in_theirs(self) -> None:
        if self.dice.random() < 0.7:
            self._go_to_checkout()
        bound = list(self.market.house.exchange.bound.items())[-1:]
        if not bound:
            return
        session, number = self.dice.choice(bound)
        quote = self.market.house.exchange.quotes[number]
        currency = next(one for one in _CURRENCIES if numeric(one) == quote.unit)
        if self.dice.random() < 0.9:
            self._give(quote.buyer, quote.unit, quote.paid_minor)
        price = quote.paid_minor + self.dice.choice([0, 0, 0, 0, 1])
        wanted = checkout.Completion(SessionId(session), BuyerId(quote.buyer), price, currency)
        self.market.one(checkout.complete_sessions, wanted)

    def remit(self) -> None:
        owed = taxing.owed(self.market.house)
        if owed:
            one = self.dice.choice(owed)
            amount = max(1, self.dice.randint(0, max(1, one.amount_minor)))
            self.market.do(taxing.remit, taxing.Remittance(one.authority, "EUR", amount, "Q"))
