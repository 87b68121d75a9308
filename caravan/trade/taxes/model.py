"""The state of taxes: every version of the rules, what products are, what orders were charged, and what is owed to whom."""

from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import orders as order_events
from caravan.events import taxes as events
from caravan.kernel.event import Event

TaxClass = Literal["standard", "reduced", "zero"]
Levy = Literal["sale", "import", "duty", "fee"]
Side = Literal["inside", "outside", "any"]
Remitter = Literal["marketplace", "seller", "buyer"]
Lowering = Literal["seller", "any", "none"]


class Authority(msgspec.Struct, frozen=True):
    """Whom taxes are owed to."""

    code: str
    name: str


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One tax or duty: whom it meets, how much it is, and who brings it to the authority.

    `ships` and `seller` say whether goods and seller are in the destination's customs area. Of a consignment, goods worth
    more than `over_minor` and at most `up_to_minor` are met (0: no bound), in the rule's currency. `fixed_minor` is for
    each tariff heading, `deduct_minor` off the whole consignment. `is_unknown`: something is due that nobody here can say.
    `coupons` says whose coupons lower what is taxed.
    """

    id: str
    name: str
    country: str
    levy: Levy
    authority: str
    remits: Remitter
    source: str
    as_of: str
    region: str = ""
    layer: str = ""
    tax_class: str = ""
    category: str = ""
    hs: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    ships: Side = "any"
    seller: Side = "any"
    rate_per_million: int = 0
    fixed_minor: int = 0
    deduct_minor: int = 0
    currency: str = ""
    over_minor: int = 0
    up_to_minor: int = 0
    is_included: bool = False
    is_grossed_up: bool = False
    on_shipping: bool = True
    on_duty: bool = False
    coupons: Lowering = "seller"
    is_unknown: bool = False
    valid_from: str = ""
    valid_until: str = ""

    @property
    def is_added(self) -> bool:
        """Tell whether it comes on top of the prices, to be paid with the order."""
        return not self.is_included and self.remits != "buyer"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """All rules that hold together. The first of a country that meets a line counts, for each levy and layer."""

    name: str
    as_of: str
    areas: dict[str, tuple[str, ...]]
    authorities: tuple[Authority, ...]
    rules: tuple[Rule, ...]


class Classified(msgspec.Struct, array_like=True, frozen=True):
    """What a product is to a tax office."""

    hs_code: str = ""
    origin: str = ""
    tax_class: str = "standard"


class Part(NamedTuple):
    """A part of what a line comes to: a rule of a version, and its amount."""

    line: int
    rule: str
    amount_minor: int


class Assessment(msgspec.Struct, array_like=True, frozen=True):
    """What a destination means for the lines of a checkout, under a version of the rules."""

    version: int
    country: str
    region: str
    parts: list[Part]


class Taxed(msgspec.Struct, array_like=True, gc=False):  # Nothing in it refers back, and there are very many.
    """The taxes of an order as they were frozen, and what of each part has been collected and has gone back.

    The lists are replaced and never changed: orders share those of nothing.
    """

    order: int
    unit: int
    version: int
    country: str
    region: str
    fee_rule: str
    placed_at: int
    parts: list[Part]
    returned: list[int]
    collected: list[int]
    collected_at: int = 0
    fee_tax: int = 0  # collected for the authority of the fee rule, less what went back
    lost: int = 0  # of the order's money, with disputes; the taxes on it have been corrected


class Movement(msgspec.Struct, array_like=True, frozen=True):
    """A line of an authority's account: `what` is collected, returned, corrected or remitted."""

    at: int
    authority: str
    unit: int
    what: str
    levy: str
    rule: str
    order: int
    amount_minor: int
    reference: str = ""


class _State(msgspec.Struct, array_like=True):
    tables: dict[int, Table]
    products: dict[int, Classified]
    regions: dict[int, str]
    sessions: dict[int, Assessment]
    orders: dict[int, Taxed]
    movements: list[Movement]
    authorities: list[str]
    payments: dict[int, tuple[int, Assessment]] = {}


class Taxes:
    """Versions of the rules by number from 1; what is known of products, addresses, checkouts and orders by theirs."""

    name = "taxes"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.TaxRulesLoaded, events.ProductClassified, events.AddressPlaced, events.CheckoutTaxed,
            events.PaymentTaxed, events.OrderTaxed, events.TaxCollected, events.TaxReturned, events.TaxCorrected,
            events.TaxRemitted,
            order_events.SessionCompleted, order_events.SessionCanceled, order_events.SessionExpired,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.tables: dict[int, Table] = {}
        self.products: dict[int, Classified] = {}
        self.regions: dict[int, str] = {}
        self.sessions: dict[int, Assessment] = {}
        self.payments: dict[int, tuple[int, Assessment]] = {}  # With the checkout that is being paid for.
        self.orders: dict[int, Taxed] = {}
        self.movements: list[Movement] = []
        self.authorities: list[str] = [""]  # By the number that owns their account in the ledger.
        self._derive()

    def _derive(self) -> None:
        self.compiled: tuple[object, Any] | None = None  # The table of now, as whoever assesses many at once has it.
        self.rules = {version: {rule.id: rule for rule in table.rules} for version, table in self.tables.items()}
        self.now = self.tables.get(len(self.tables))

    @property
    def is_on(self) -> bool:
        """Tell whether there are any rules. Without, nobody need look further."""
        return self.now is not None

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        if part.kind.__module__ == order_events.__name__ and not self.sessions:
            return
        self.version += 1
        if part.kind is events.OrderTaxed:
            self._freeze(part)
            return
        for event in rows(part):
            self._apply(event)

    def _freeze(self, part: Section) -> None:
        """Fold in orders by columns: thousands come at once."""
        names = ("order", "unit", "version", "country", "region", "fee_rule", "at", "lines", "rules", "amounts_minor")
        nothings: dict[int, list[int]] = {}
        for (
            order, unit, version, country, region, fee_rule, at, lines, rules, amounts
        ) in zip(*(part.batch.column(name).to_pylist() for name in names), strict=True):  # fmt: skip
            parts = list(map(Part, lines, rules, amounts))
            nothing = nothings.setdefault(len(parts), [0] * len(parts))
            self.orders[order] = Taxed(
                order, unit, version, country, region, fee_rule, at, parts, nothing, nothing
            )  # fmt: skip

    def _apply(self, event: Event) -> None:
        match event:
            case events.TaxRulesLoaded():
                table = msgspec.json.decode(event.document, type=Table)
                self.tables[event.version] = table
                self.authorities += [one.code for one in table.authorities if one.code not in self.authorities]
                self._derive()
            case events.ProductClassified():
                self.products[event.product] = Classified(event.hs_code, event.origin, event.tax_class)
            case events.AddressPlaced():
                self.regions[event.address] = event.region
            case events.TaxCollected():
                self._collect(event)
            case events.TaxReturned():
                self._return(event)
            case events.TaxCorrected():
                self.orders[event.order].lost += event.lost_minor
                self._return(event)
            case events.TaxRemitted():
                self.movements.append(
                    Movement(
                        event.at,
                        event.authority,
                        event.unit,
                        "remitted",
                        "",
                        "",
                        0,
                        event.amount_minor,
                        event.reference,
                    )
                )
            case _:
                self._apply_checkout(event)

    def _apply_checkout(self, event: Event) -> None:
        """Fold in what is of checkouts, until they are over."""
        match event:
            case events.CheckoutTaxed():
                parts = _parts(event.lines, event.rules, event.amounts_minor)
                self.sessions[event.session] = Assessment(event.version, event.country, event.region, parts)
            case events.PaymentTaxed():
                parts = _parts(event.lines, event.rules, event.amounts_minor)
                assessment = Assessment(event.version, event.country, event.region, parts)
                self.payments[event.payment] = (event.session, assessment)
            case order_events.SessionExpired():
                # A payment that was begun may succeed late, and is placed as it was assessed then.
                if all(session != event.session for session, _ in self.payments.values()):
                    self.sessions.pop(event.session, None)
            case _:
                self._forget(event.session)  # type: ignore[attr-defined]

    def _forget(self, session: int) -> None:
        self.sessions.pop(session, None)
        for payment in [number for number, (paid, _) in self.payments.items() if paid == session]:
            del self.payments[payment]

    def _collect(self, event: events.TaxCollected) -> None:
        taxed = self.orders[event.order]
        taxed.collected, taxed.collected_at = list(event.amounts_minor), event.at
        taxed.fee_tax += event.fee_tax_minor
        self._move(taxed, event.amounts_minor, event.fee_tax_minor, what="collected", at=event.at)

    def _return(self, event: events.TaxReturned | events.TaxCorrected) -> None:
        fee_tax, what = 0, "corrected"
        if isinstance(event, events.TaxReturned):
            fee_tax, what = event.fee_tax_minor, "returned"
        taxed = self.orders[event.order]
        taxed.returned = [before + more for before, more in zip(taxed.returned, event.amounts_minor, strict=True)]
        if event.is_collected:
            given = tuple(min(amount, kept) for amount, kept in zip(event.amounts_minor, taxed.collected, strict=True))
            taxed.collected = [kept - amount for amount, kept in zip(given, taxed.collected, strict=True)]
            taxed.fee_tax -= fee_tax
            self._move(taxed, given, fee_tax, what=what, at=event.at)

    def _move(self, taxed: Taxed, amounts: tuple[int, ...], fee_tax: int, *, what: str, at: int) -> None:
        rules = self.rules[taxed.version]
        moved = [(rules[part.rule], amount) for part, amount in zip(taxed.parts, amounts, strict=True)]
        if taxed.fee_rule:
            moved.append((rules[taxed.fee_rule], fee_tax))
        self.movements += [
            Movement(at, rule.authority, taxed.unit, what, rule.levy, rule.id, taxed.order, amount)
            for rule, amount in moved
            if amount and (rule.remits == "marketplace" or rule.levy == "fee")
        ]

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything as bytes."""
        state = _State(
            dict(sorted(self.tables.items())), dict(sorted(self.products.items())), dict(sorted(self.regions.items())),
            dict(sorted(self.sessions.items())), dict(sorted(self.orders.items())), self.movements, self.authorities,
            dict(sorted(self.payments.items())),
        )  # fmt: skip
        return {"state": pack(state)}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        state = unpack(parts, "state", _State)
        self.tables, self.products, self.regions = state.tables, state.products, state.regions
        self.sessions, self.orders, self.payments = state.sessions, state.orders, state.payments
        self.movements, self.authorities = state.movements, state.authorities
        self._derive()


def _parts(lines: tuple[int, ...], rules: tuple[str, ...], amounts: tuple[int, ...]) -> list[Part]:
    return [Part(*one) for one in zip(lines, rules, amounts, strict=True)]
