"""What you can tell taxes: rules, what products are, and what of an order was charged, collected, returned, remitted."""

import hashlib
from collections.abc import Sequence

import msgspec

from caravan.events import taxes as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import AddressId, DisputeId, OrderId, PaymentId, ProductId, SessionId
from caravan.trade.taxes.model import Assessment, Classified, Part, Table, Taxed, Taxes

CLASSES = ("standard", "reduced", "zero")
_HS_DIGITS = (2, 4, 6, 8, 10)
_COUNTRY_LETTERS = 2
_REGION_CHARACTERS_MAX = 6
_REFERENCE_CHARACTERS_MAX = 100


class SameTaxRules(Refusal):
    """These are the rules that hold already."""


class RemittedTooMuch(Refusal):
    """Less than that is owed to this authority."""


def load_rules(taxes: Taxes, table: Table, *, now: Instant) -> events.TaxRulesLoaded:
    """Let a table hold from now on. Refuses the one that holds already, so that a version is a change."""
    document = msgspec.json.encode(table, order="sorted").decode()
    if taxes.now == table:
        raise SameTaxRules
    digest = hashlib.sha256(document.encode()).hexdigest()[:16]
    return events.TaxRulesLoaded(
        at=now, version=len(taxes.tables) + 1, name=table.name, digest=digest, document=document
    )


def classify(product: ProductId, known: Classified, *, by: str, now: Instant) -> events.ProductClassified:
    """Say what a product is. Refuses an HS code, a country or a class that is none as Invalid."""
    code, origin = known.hs_code.replace(".", "").replace(" ", ""), known.origin.upper()
    if code and (not code.isascii() or not code.isdecimal() or len(code) not in _HS_DIGITS):
        raise Invalid("An HS code has 2, 4, 6, 8 or 10 digits.", field="hs_code")
    if origin and (len(origin) != _COUNTRY_LETTERS or not origin.isalpha() or not origin.isascii()):
        raise Invalid("A country of origin is written with two letters.", field="origin")
    if known.tax_class not in CLASSES:
        raise Invalid(f"A tax class is one of {', '.join(CLASSES)}.", field="tax_class")
    return events.ProductClassified(
        at=now, product=product, hs_code=code, origin=origin, tax_class=known.tax_class, by=by
    )


def region_code(region: str, country: str) -> str:
    """Give a region as rules name it: CA, not US-CA. Refuses what is none as Invalid."""
    plain = region.strip().upper().removeprefix(f"{country.upper()}-")
    if len(plain) > _REGION_CHARACTERS_MAX or not plain.isascii() or (plain and not plain.isalnum()):
        raise Invalid("A region is written with its code, such as CA.", field="region")
    return plain


def place_address(*, address: AddressId, region: str, now: Instant) -> events.AddressPlaced:
    """Note in which region an address lies."""
    return events.AddressPlaced(at=now, address=address, region=region)


def tax_checkout(*, session: SessionId, assessment: Assessment, now: Instant) -> events.CheckoutTaxed:
    """Note what a checkout's destination means for it."""
    lines, rules, amounts = _columns(assessment.parts)
    return events.CheckoutTaxed(
        at=now, session=session, version=assessment.version, country=assessment.country, region=assessment.region,
        lines=lines, rules=rules, amounts_minor=amounts,
    )  # fmt: skip


def tax_payment(*, payment: PaymentId, session: SessionId, assessment: Assessment, now: Instant) -> events.PaymentTaxed:
    """Freeze what a checkout's destination means for it while it is paid for, with the coupon of the payment."""
    lines, rules, amounts = _columns(assessment.parts)
    return events.PaymentTaxed(
        at=now, payment=payment, session=session, version=assessment.version, country=assessment.country,
        region=assessment.region, lines=lines, rules=rules, amounts_minor=amounts,
    )  # fmt: skip


def tax_order(
    *, order: OrderId, unit: int, assessment: Assessment, parts: Sequence[Part], fee_rule: str, now: Instant
) -> events.OrderTaxed:
    """Freeze the taxes of an order."""
    lines, rules, amounts = _columns(parts)
    return events.OrderTaxed(
        at=now, order=order, unit=unit, version=assessment.version, country=assessment.country,
        region=assessment.region, fee_rule=fee_rule, lines=lines, rules=rules, amounts_minor=amounts,
    )  # fmt: skip


def _columns(parts: Sequence[Part]) -> tuple[tuple[int, ...], tuple[str, ...], tuple[int, ...]]:
    return (
        tuple(part.line for part in parts),
        tuple(part.rule for part in parts),
        tuple(part.amount_minor for part in parts),
    )


def collect(taxed: Taxed, *, amounts: Sequence[int], fee_tax: int, at: Instant) -> events.TaxCollected:
    """Note what of an order the market keeps for authorities. It is never more than was charged and not given back."""
    for part, amount, back in zip(taxed.parts, amounts, taxed.returned, strict=True):
        assert 0 <= amount <= part.amount_minor - back, (taxed.order, part, amount)
    return events.TaxCollected(at=at, order=OrderId(taxed.order), amounts_minor=tuple(amounts), fee_tax_minor=fee_tax)


def give_back(taxed: Taxed, *, amounts: Sequence[int], fee_tax: int, now: Instant) -> events.TaxReturned:
    """Note what of an order's taxes goes back. It is never more than is left."""
    for part, amount, back in zip(taxed.parts, amounts, taxed.returned, strict=True):
        assert 0 <= amount <= part.amount_minor - back, (taxed.order, part, amount)
    return events.TaxReturned(
        at=now, order=OrderId(taxed.order), amounts_minor=tuple(amounts), fee_tax_minor=fee_tax,
        is_collected=bool(taxed.collected_at),
    )  # fmt: skip


def correct(
    taxed: Taxed, *, dispute: DisputeId, lost_minor: int, amounts: Sequence[int], now: Instant
) -> events.TaxCorrected:
    """Note that the taxes on money that a bank has had back are not owed. It is never more than is left."""
    for part, amount, back in zip(taxed.parts, amounts, taxed.returned, strict=True):
        assert 0 <= amount <= part.amount_minor - back, (taxed.order, part, amount)
    return events.TaxCorrected(
        at=now, order=OrderId(taxed.order), dispute=dispute, lost_minor=lost_minor, amounts_minor=tuple(amounts),
        is_collected=bool(taxed.collected_at),
    )  # fmt: skip


def remit(
    taxes: Taxes, *, authority: str, unit: int, amount_minor: int, owed_minor: int, reference: str, now: Instant
) -> events.TaxRemitted:
    """Note that an authority was paid. Refuses one that nobody has heard of, and more than is owed."""
    if authority not in taxes.authorities[1:]:
        raise Invalid("No rule names this authority.", field="authority")
    if not amount_minor > 0:
        raise Invalid("An amount is above zero.", field="amount")
    if amount_minor > owed_minor:
        raise RemittedTooMuch(f"{owed_minor} is owed.", owed_minor=owed_minor)
    return events.TaxRemitted(
        at=now, authority=authority, unit=unit, amount_minor=amount_minor,
        reference=reference[:_REFERENCE_CHARACTERS_MAX],
    )  # fmt: skip
