"""What goes over the wire of taxes: rules, what products are, what something costs where it lands, and what is owed."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire import Amount, BasketLine, Country, ProductRef, Request, Response, Text120, TotalParts
from caravan.kernel.money import Money

TaxClassName = Literal["standard", "reduced", "zero"]
Levy = Literal["sale", "import", "duty", "fee"]
Remitter = Literal["marketplace", "seller", "buyer"]
Region = Annotated[str, Meta(max_length=10, description="The code of a state or province with taxes of its own.")]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
LINES_MAX = 100


class NewTaxRules(Request, frozen=True, kw_only=True):
    """A whole table of rules, as YAML; with `is_trial` it is only looked at."""

    document: Annotated[str, Meta(min_length=1, max_length=1_000_000)]
    is_trial: bool = False


class Classification(Request, frozen=True, kw_only=True):
    """What a product is to a tax office: its HS code, its country of origin, its class."""

    hs_code: Annotated[str, Meta(max_length=14)] = ""
    origin: Annotated[str, Meta(max_length=2)] = ""
    tax_class: TaxClassName = "standard"


class LandingWish(Request, frozen=True, kw_only=True):
    """Lines, and where they would go."""

    lines: Annotated[list[BasketLine], Meta(min_length=1, max_length=LINES_MAX)]
    country: Country
    region: Region = ""


class TaxReportQuery(Request, frozen=True, kw_only=True):
    """A period from one day until (not with) another, and one authority or all."""

    since: Day
    until: Day
    authority: Annotated[str, Meta(max_length=12)] = ""


class Remittance(Request, frozen=True, kw_only=True):
    """Money that an authority was paid, and by which return or receipt."""

    authority: Annotated[str, Meta(min_length=2, max_length=12)]
    amount: Amount
    reference: Annotated[str, Meta(max_length=100)] = ""


class TaxRulesLoaded(Response, frozen=True, kw_only=True):
    """What came of a table: its version (0: only looked at), its countries, and which currencies lack a rate."""

    version: int
    name: str
    rules: int
    countries: list[str]
    currencies_without_rate: list[str]


class TaxRule(Response, frozen=True, kw_only=True):
    """A rule of the version that holds."""

    id: str
    name: str
    country: str
    region: str
    levy: Levy
    tax_class: str
    percent: str
    is_included: bool
    remits: Remitter
    authority: str
    source: str
    as_of: str


class TaxRules(Response, frozen=True, kw_only=True):
    """The version that holds; 0 is none."""

    version: int
    name: str
    as_of: str
    rules: list[TaxRule]


class Classified(Response, frozen=True, kw_only=True):
    """What a product is to a tax office."""

    product: ProductRef
    hs_code: str
    origin: str
    tax_class: TaxClassName


class LandedCost(Response, frozen=True, kw_only=True):
    """What lines come to at a place, at the prices of now, and the parts of that."""

    total: Money
    parts: TotalParts


class TaxReportLine(Response, frozen=True, kw_only=True):
    """An authority's account, by levy and rule. `due` is what was collected less what went back or was corrected."""

    authority: str
    levy: str
    rule: str
    charged: Money
    collected: Money
    returned: Money
    corrected: Money
    due: Money
    remitted: Money


class TaxOwed(Response, frozen=True, kw_only=True):
    """What is kept for an authority now."""

    authority: str
    name: Text120
    owed: Money


class TaxReport(Response, frozen=True, kw_only=True):
    """What was charged, collected, returned, corrected and remitted in a period, and what is owed now, by authority."""

    since: str
    until: str
    lines: list[TaxReportLine]
    owed: list[TaxOwed]
