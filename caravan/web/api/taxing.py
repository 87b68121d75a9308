"""Operations on taxes: rules, what products are, what something costs where it lands, and what is owed to authorities."""

from datetime import UTC, datetime
from http import HTTPStatus

from caravan.client import taxes as wire
from caravan.flows import places, taxing
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import Instant, instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ListingId, ProductId
from caravan.kernel.money import Money, alphabetic
from caravan.trade import catalog, taxes
from caravan.web.api import resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, SELLER, Operation


async def load_tax_rules(call: Call) -> Reply:
    """Let a table of rules hold from now on, or only look at it; every fault is told."""
    new: wire.NewTaxRules = call.body

    def show(_: House, made: taxing.Loaded) -> wire.TaxRulesLoaded:
        return wire.TaxRulesLoaded(
            version=made.version, name=made.name, rules=made.rules, countries=list(made.countries),
            currencies_without_rate=list(made.currencies_without_rate),
        )  # fmt: skip

    return await call.do(taxing.load_rules, taxing.NewRules(new.document, new.is_trial), show)


async def show_tax_rules(call: Call) -> Reply:
    """Show the rules that hold, with their sources."""
    return call.say(await call.ask(_rules))


def _rules(house: House) -> wire.TaxRules:
    table = house.taxes.now
    if table is None:
        return wire.TaxRules(version=0, name="", as_of="", rules=[])
    return wire.TaxRules(
        version=len(house.taxes.tables), name=table.name, as_of=table.as_of,
        rules=[
            wire.TaxRule(
                id=rule.id, name=rule.name, country=rule.country, region=rule.region, levy=rule.levy,
                tax_class=rule.tax_class, percent=resources.percent(rule), is_included=rule.is_included, remits=rule.remits,
                authority=rule.authority, source=rule.source, as_of=rule.as_of,
            )
            for rule in table.rules
        ],
    )  # fmt: skip


async def classify_product(call: Call) -> Reply:
    """Say what a product is to a tax office."""
    new: wire.Classification = call.body
    known = taxes.Classified(new.hs_code, new.origin, new.tax_class)
    wish = taxing.Classification(ProductId(call.ids["product"]), call.seller, known)
    return await call.do(taxing.classify, wish, _classified)


async def show_classification(call: Call) -> Reply:
    """Show what a product is to a tax office."""
    return call.say(await call.ask(_known, ProductId(call.ids["product"])))


def _known(house: House, product: ProductId) -> wire.Classified:
    catalog.product_of(house.catalog, product)
    return _classified(house, product)


def _classified(house: House, product: ProductId) -> wire.Classified:
    known = taxes.classified(house.taxes, product)
    return wire.Classified(
        product=ids.text(ProductId, product), hs_code=known.hs_code, origin=known.origin,
        tax_class=known.tax_class,  # type: ignore[arg-type]
    )  # fmt: skip


async def land_cost(call: Call) -> Reply:
    """Say what lines come to at a place. It holds nothing."""
    wish: wire.LandingWish = call.body
    lines = tuple((ListingId(ids.number(ListingId, line.listing)), line.quantity) for line in wish.lines)
    where = places.Destination(wish.country, taxes.region_code(wish.region, wish.country))
    landed = await call.ask(taxing.land, taxing.Landing(lines, where), call.now)
    return call.say(
        wire.LandedCost(
            total=Money(landed.parts.total_minor, landed.currency),
            parts=resources.total_parts(landed.parts, landed.currency),
        )
    )


async def report_taxes(call: Call) -> Reply:
    """Show what was charged, collected, returned and remitted in a period, and what is owed now."""
    asked: wire.TaxReportQuery = call.query
    return call.say(await call.ask(_report, asked))


def _report(house: House, asked: wire.TaxReportQuery) -> wire.TaxReport:
    since, until = period(asked.since, asked.until)
    lines = taxing.report(house, since, until, asked.authority)
    return wire.TaxReport(
        since=asked.since, until=asked.until, lines=[_line(line) for line in lines],
        owed=[
            wire.TaxOwed(authority=one.authority, name=one.name, owed=Money(one.amount_minor, alphabetic(one.unit)))
            for one in taxing.owed(house)
            if asked.authority in {"", one.authority}
        ],
    )  # fmt: skip


def period(since: str, until: str) -> tuple[Instant, Instant]:
    """Read a period from one day until another, in UTC. Refuses days that are none."""
    return _day(since, "since"), _day(until, "until")


def _day(text: str, field: str) -> Instant:
    try:
        return instant(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError:
        raise Invalid(f"A day is written as 2026-11-28, not {text[:20]!r}.", field=field) from None


def _line(line: taxes.Line) -> wire.TaxReportLine:
    currency = alphabetic(line.unit)
    return wire.TaxReportLine(
        authority=line.authority, levy=line.levy, rule=line.rule, charged=Money(line.charged_minor, currency),
        collected=Money(line.collected_minor, currency), returned=Money(line.returned_minor, currency), corrected=Money(line.corrected_minor, currency),
        due=Money(line.due_minor, currency), remitted=Money(line.remitted_minor, currency),
    )  # fmt: skip


async def remit_taxes(call: Call) -> Reply:
    """Note that an authority was paid."""
    new: wire.Remittance = call.body
    paid = taxing.Remittance(new.authority, new.amount.currency, new.amount.amount, new.reference)

    def show(house: House, authority: str) -> wire.TaxOwed:
        found = next(
            one for one in taxing.owed(house, every=True)
            if (one.authority, alphabetic(one.unit)) == (authority, new.amount.currency)
        )  # fmt: skip
        return wire.TaxOwed(authority=authority, name=found.name, owed=Money(found.amount_minor, new.amount.currency))

    return await call.do(taxing.remit, paid, show)


_ALL = (PUBLIC, BUYER, SELLER, OPERATOR)

OPERATIONS = (
    Operation(
        method="GET", path="/v1/tax-rules", summary="Show the tax rules that hold", handler=show_tax_rules, who=_ALL,
        response=wire.TaxRules,
    ),
    Operation(
        method="PUT", path="/v1/tax-rules", summary="Let a table of tax rules hold", handler=load_tax_rules,
        who=(OPERATOR,), scope="market:write", request=wire.NewTaxRules, response=wire.TaxRulesLoaded,
        refusals=(taxes.WrongTaxRules, taxes.SameTaxRules),
    ),
    Operation(
        method="GET", path="/v1/products/{product}/classification", summary="Show what a product is to a tax office",
        handler=show_classification, who=_ALL, response=wire.Classified, refusals=(NotFound,),
    ),
    Operation(
        method="PUT", path="/v1/products/{product}/classification", summary="Say what a product is to a tax office",
        handler=classify_product, who=(SELLER, OPERATOR), scope="catalog:write", request=wire.Classification,
        response=wire.Classified, refusals=(NotFound, Invalid),
    ),
    Operation(
        method="POST", path="/v1/landed-costs", summary="Say what lines cost where they land", handler=land_cost,
        who=_ALL, request=wire.LandingWish, response=wire.LandedCost,
        refusals=(NotFound, Invalid, catalog.NotOnOffer),
    ),
    Operation(
        method="GET", path="/v1/tax-report", summary="Show what is owed to authorities", handler=report_taxes,
        who=(OPERATOR,), scope="market:write", query=wire.TaxReportQuery, response=wire.TaxReport, refusals=(Invalid,),
    ),
    Operation(
        method="POST", path="/v1/tax-remittances", summary="Note that an authority was paid", handler=remit_taxes,
        who=(OPERATOR,), scope="market:write", request=wire.Remittance, response=wire.TaxOwed,
        status=HTTPStatus.CREATED, key="required", refusals=(taxes.RemittedTooMuch, Invalid),
    ),
)  # fmt: skip
