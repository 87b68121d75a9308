"""What happens with taxes: rules come in, products are classified, and what is charged, collected, returned and remitted."""

from caravan.kernel.event import Event
from caravan.kernel.ids import AddressId, DisputeId, OrderId, PaymentId, ProductId, SessionId


class TaxRulesLoaded(Event, frozen=True, kw_only=True, tag="taxes.rules_loaded.v1"):
    """A whole table of rules holds from now on, as the next version; `document` is the table as JSON.

    What was placed before keeps the version it was placed under: versions are never changed, nor taken away.
    """

    version: int
    name: str
    digest: str
    document: str


class ProductClassified(Event, frozen=True, kw_only=True, tag="taxes.product_classified.v1"):
    """A product stands under this HS code, comes from this country, and is of this tax class. `by` names who said so."""

    product: ProductId
    hs_code: str
    origin: str
    tax_class: str
    by: str


class AddressPlaced(Event, frozen=True, kw_only=True, tag="taxes.address_placed.v1"):
    """An address lies in a region that has taxes of its own, such as a state; it is as coarse as the country."""

    address: AddressId
    region: str


class CheckoutTaxed(Event, frozen=True, kw_only=True, tag="taxes.checkout_taxed.v1"):
    """What a checkout's destination means for its lines, under a version of the rules; one value a part in each tuple.

    `lines` count from 0 within the checkout; `rules` are names in that version.
    """

    session: SessionId
    version: int
    country: str
    region: str
    lines: tuple[int, ...]
    rules: tuple[str, ...]
    amounts_minor: tuple[int, ...]


class PaymentTaxed(Event, frozen=True, kw_only=True, tag="taxes.payment_taxed.v1"):
    """What a checkout's destination means for its lines if this payment pays for it, with its coupon; as in CheckoutTaxed."""

    payment: PaymentId
    session: SessionId
    version: int
    country: str
    region: str
    lines: tuple[int, ...]
    rules: tuple[str, ...]
    amounts_minor: tuple[int, ...]


class OrderTaxed(Event, frozen=True, kw_only=True, tag="taxes.order_taxed.v1"):
    """The taxes and duties of an order are frozen, with the version of the rules; one value a part in each tuple.

    `lines` count from 0 within the order. `fee_rule` is the rule of the tax on the operator's fee, or empty.
    """

    order: OrderId
    unit: int
    version: int
    country: str
    region: str
    fee_rule: str
    lines: tuple[int, ...]
    rules: tuple[str, ...]
    amounts_minor: tuple[int, ...]


class TaxCollected(Event, frozen=True, kw_only=True, tag="taxes.tax_collected.v1"):
    """The market keeps the taxes that it remits of an order whose money was released; one amount a part of the order.

    `fee_tax_minor` is the tax on the operator's fee that went to the authority of `fee_rule`.
    """

    order: OrderId
    amounts_minor: tuple[int, ...]
    fee_tax_minor: int


class TaxReturned(Event, frozen=True, kw_only=True, tag="taxes.tax_returned.v1"):
    """Taxes of an order went back with its money, in proportion; one amount a part. `is_collected`: out of the account."""

    order: OrderId
    amounts_minor: tuple[int, ...]
    fee_tax_minor: int
    is_collected: bool


class TaxCorrected(Event, frozen=True, kw_only=True, tag="taxes.tax_corrected.v1"):
    """A dispute was lost: so much of an order's money is with a bank, and the taxes on it are not owed; one amount a part.

    `is_collected`: out of the account of the authority, and back to the seller who had borne them.
    """

    order: OrderId
    dispute: DisputeId
    lost_minor: int
    amounts_minor: tuple[int, ...]
    is_collected: bool


class TaxRemitted(Event, frozen=True, kw_only=True, tag="taxes.tax_remitted.v1"):
    """The operator paid an authority; `reference` says by which return or receipt."""

    authority: str
    unit: int
    amount_minor: int
    reference: str
