"""What the house holds, as it is shown on the wire. Nothing personal is shown from here: answers are kept in the log."""

from decimal import Decimal

from caravan.client import wire
from caravan.flows import places, taxing
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import SECOND, iso
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import (
    AddressId,
    BuyerId,
    CartId,
    ListingId,
    LocationId,
    OrderId,
    PaymentId,
    ProductId,
    PurchaseId,
    QuoteId,
    SellerId,
    SessionId,
    SkuId,
)
from caravan.kernel.money import CURRENCIES, Money, alphabetic, numeric
from caravan.trade import catalog, exchange, ledger, orders, payments, taxes
from caravan.world import partners


def time(at: int) -> str | None:
    """Write a time; None where there is none."""
    return iso(int(at)) if at else None


def money(amount: int, unit: int) -> Money:
    """Give minor units of a currency by its number."""
    return Money(int(amount), alphabetic(int(unit)))


def buyer(house: House, number: BuyerId) -> wire.Buyer:
    """Show a buyer without the person."""
    known = house.identity.buyers[number]
    return wire.Buyer(
        id=ids.text(BuyerId, number),
        country=known.country,
        registered_at=iso(known.registered_at),
        addresses=[ids.text(AddressId, address) for address in known.addresses],
    )


def seller(house: House, number: SellerId) -> wire.Seller:
    """Show a seller."""
    known = partners.seller_of(house.partners, number)
    return wire.Seller(
        id=ids.text(SellerId, number),
        name=known.name,
        country=known.country,
        city=known.city,
        description=known.description,
        status=known.status.name.lower(),  # type: ignore[arg-type]
        applied_at=iso(known.applied_at),
    )


def product(house: House, number: ProductId) -> wire.Product:
    """Show a product page with the offers of those who sell now."""
    page = catalog.product_of(house.catalog, number)
    return wire.Product(
        id=ids.text(ProductId, number),
        seller=ids.text(SellerId, page.seller),
        title=page.title,
        description=page.description,
        category=page.category,
        brand=page.brand,
        gtin=page.gtin,
        attributes=page.attributes,
        image=page.image,
        weight_grams=page.weight_grams,
        revision=page.revision,
        options=[
            wire.ProductOption(sku=ids.text(SkuId, sku), option=house.catalog.skus[sku].option) for sku in page.skus
        ],
        offers=[
            wire.Offer(
                listing=ids.text(ListingId, offer.listing),
                sku=ids.text(SkuId, offer.sku),
                option=offer.option,
                seller=ids.text(SellerId, offer.seller),
                seller_name=house.partners.sellers[offer.seller].name,
                price=offer.price,
                shipping=offer.shipping,
                condition=offer.condition,  # type: ignore[arg-type]
                available=places.free_of(house, offer.seller, offer.sku),
            )
            for offer in catalog.offers_of(house.catalog, number)
            if house.partners.active[offer.seller]
        ],
    )


def listing(house: House, number: ListingId) -> wire.Listing:
    """Show a listing to its seller."""
    known = catalog.listing_of(house.catalog, number)
    spots = places.lying(house, number)
    return wire.Listing(
        id=ids.text(ListingId, number),
        product=ids.text(ProductId, known.product),
        title=house.catalog.products[known.product].title,
        sku=ids.text(SkuId, known.sku),
        option=known.option,
        seller=ids.text(SellerId, known.seller),
        price=known.price,
        shipping=known.shipping,
        condition=known.condition,  # type: ignore[arg-type]
        status=known.status.name.lower(),  # type: ignore[arg-type]
        revision=known.revision,
        available=sum(spot.available for spot in spots),
        reserved=sum(spot.reserved for spot in spots),
        committed=sum(spot.committed for spot in spots),
        coming=sum(spot.coming for spot in spots),
        locations=[
            wire.StockAt(
                location=ids.text(LocationId, spot.location),
                name=house.partners.locations[spot.location].label,
                available=spot.available,
                reserved=spot.reserved,
                committed=spot.committed,
                coming=spot.coming,
            )
            for spot in spots
        ],
    )


def sent_from(house: House, location: int) -> wire.SentFrom:
    """Show from where something is sent, as anybody may see it."""
    place = house.partners.locations[location]
    return wire.SentFrom(location=ids.text(LocationId, location), city=place.city, country=place.country)


def cart(house: House, number: CartId) -> wire.Cart:
    """Show a cart at the prices of this moment."""
    currency = house.markets.market.currency if house.markets.market else "EUR"
    lines, total = [], 0
    for wanted, quantity in orders.cart_of(house.orders, number).lines.items():
        offer = catalog.listing_of(house.catalog, wanted)
        is_on_offer = offer.status == catalog.ListingStatus.LIVE and bool(house.partners.active[offer.seller])
        shipping = Money(offer.shipping.amount * quantity, offer.shipping.currency)
        total += (offer.price.amount * quantity + shipping.amount) * is_on_offer
        lines.append(
            wire.CartLine(
                listing=ids.text(ListingId, wanted), title=house.catalog.products[offer.product].title,
                quantity=quantity, price=offer.price, shipping=shipping, is_on_offer=is_on_offer,
            )
        )  # fmt: skip
    return wire.Cart(id=ids.text(CartId, number), lines=lines, total=Money(total, currency))


def session(house: House, number: SessionId) -> wire.CheckoutSession:
    """Show a checkout."""
    known = orders.session_of(house.orders, number)
    currency = known.currency
    added = taxing.added_by_line(house, house.taxes.sessions.get(number), len(known.lines))
    return wire.CheckoutSession(
        id=ids.text(SessionId, number),
        status=known.status.name.lower(),  # type: ignore[arg-type]
        currency=currency,
        lines=[
            wire.SessionLine(
                listing=ids.text(ListingId, line.listing),
                sku=ids.text(SkuId, line.sku),
                seller=ids.text(SellerId, line.seller),
                quantity=line.quantity,
                unit_price=Money(line.unit_price_minor, currency),
                shipping=Money(line.shipping_minor - more, currency),
                total=Money(line.unit_price_minor * line.quantity + line.shipping_minor, currency),
                sent_from=sent_from(house, line.location) if known.address else None,
            )
            for line, more in zip(known.lines, added, strict=True)
        ],
        total=Money(known.total_minor, currency),
        parts=total_parts(taxing.of_session(house, known), currency),
        pay_in=_pay_in(house, number),
        address=ids.text(AddressId, known.address) if known.address else None,
        opened_at=iso(known.opened_at),
        expires_at=time(known.expires_at),
        purchase=ids.text(PurchaseId, known.purchase) if known.purchase else None,
    )


def _pay_in(house: House, session: SessionId) -> wire.PayIn | None:
    quote = exchange.bound_quote(house.exchange, session)
    if quote is None:
        return None
    return wire.PayIn(
        quote=ids.text(QuoteId, quote.quote), total=money(quote.paid_minor, quote.unit),
        mid=money(quote.mid_minor, quote.into), spread=money(quote.spread_minor, quote.into), day=quote.day,
        expires_at=iso(quote.expires_at),
    )  # fmt: skip


def total_parts(parts: taxing.Breakdown, currency: str) -> wire.TotalParts:
    """Show the parts of a total."""
    return wire.TotalParts(
        goods=Money(parts.goods_minor, currency), shipping=Money(parts.shipping_minor, currency),
        taxes_included=Money(parts.included_minor, currency), taxes_added=Money(parts.added_minor, currency),
        due_at_border=Money(parts.border_minor, currency), more_may_be_due=parts.is_more_due, country=parts.country,
        region=parts.region, rules_version=parts.version,
        taxes=[
            wire.TaxPart(
                rule=row.rule.id, name=row.rule.name, levy=row.rule.levy, percent=percent(row.rule),
                amount=Money(row.amount_minor, currency), is_included=row.rule.is_included, remits=row.rule.remits,
                authority=row.rule.authority, lines=list(row.lines), source=row.rule.source, as_of=row.rule.as_of,
            )
            for row in parts.rows
        ],
    )  # fmt: skip


def percent(rule: taxes.Rule) -> str:
    """Write a rule's rate as a percentage."""
    return f"{(Decimal(rule.rate_per_million) / 10_000).normalize():f}"


def payment(house: House, number: PaymentId) -> wire.Payment:
    """Show a payment that was made for a checkout."""
    deal = house.dealings.deals.get(number)
    if deal is None:
        raise NotFound("There is no such payment.")
    bought = int(house.orders.orders.purchase[deal.orders[0]]) if deal.orders else 0
    return wire.Payment(
        id=ids.text(PaymentId, number),
        session=ids.text(SessionId, deal.session),
        provider=payments.Provider(deal.provider).name.lower(),  # type: ignore[arg-type]
        status=payments.payment_state(house.dealings, deal),  # type: ignore[arg-type]
        amount=money(deal.amount, deal.unit),
        # A coupon is in the checkout's own currency, whatever its buyer pays in.
        discount=money(deal.discount, numeric(house.orders.sessions[SessionId(deal.session)].currency)),
        reason=deal.reason,
        expires_at=iso(deal.expires_at),
        purchase=ids.text(PurchaseId, bought) if bought else None,
    )


def purchase(house: House, number: PurchaseId) -> wire.Purchase:
    """Show a purchase."""
    table = house.orders.purchases
    if not 0 < number < len(table):
        raise NotFound("There is no such purchase.")
    first, session_number = int(table.first_order[number]), int(table.session[number])
    address = int(table.address[number])
    return wire.Purchase(
        id=ids.text(PurchaseId, number),
        session=ids.text(SessionId, session_number) if session_number else None,
        address=ids.text(AddressId, address) if address else None,
        total=money(table.total[number], table.unit[number]),
        placed_at=iso(int(table.placed_at[number])),
        orders=[ids.text(OrderId, order) for order in range(first, first + int(table.orders[number]))],
    )


def wallet(house: House, number: BuyerId) -> wire.Wallet:
    """Show a buyer's money in the market's currency, and in every other that they ever had."""
    balances = []
    for currency in _currencies(house, ledger.Kind.WALLET, number):
        posted, held = ledger.balance(house.ledger, ledger.Kind.WALLET, owner=number, unit=numeric(currency))
        amounts = (Money(amount, currency) for amount in (posted, held, posted - held))
        balances.append(wire.Balance(**dict(zip(("posted", "held", "available"), amounts, strict=True))))
    return wire.Wallet(buyer=ids.text(BuyerId, number), balances=balances)


def seller_money(house: House, number: SellerId) -> wire.SellerMoney:
    """Show what a seller is due."""
    balances = []
    for currency in _currencies(house, ledger.Kind.SELLER_BALANCE, number):
        unit = numeric(currency)
        posted, _ = ledger.balance(house.ledger, ledger.Kind.SELLER_BALANCE, owner=number, unit=unit)
        every = house.markets.policy.payout_every
        next_at = payments.next_payout(house.payments, seller=number, unit=unit, every=every)
        balances.append(wire.SellerBalance(balance=Money(posted, currency), next_payout_at=time(next_at or 0)))
    return wire.SellerMoney(seller=ids.text(SellerId, number), balances=balances)


def _currencies(house: House, kind: ledger.Kind, owner: int) -> list[str]:
    market = house.markets.market
    main = {market.currency} if market else set()
    had = {
        currency
        for currency, (unit, _) in CURRENCIES.items()
        if ledger.balance(house.ledger, kind, owner=owner, unit=unit) != (0, 0)
    }
    return sorted(main | had)


def market(house: House, _: object = None) -> wire.Market:
    """Show the market's terms."""
    known, policy, fees = house.markets.market, house.markets.policy, house.markets.fee_rules
    if known is None:
        raise NotFound("No market is open here.")
    columns = (
        fees.sellers, fees.categories, fees.basis_points, fees.fixed_minor, fees.floors_minor, fees.caps_minor,
    )  # fmt: skip
    return wire.Market(
        name=known.name,
        currency=known.currency,
        has_play_money=known.has_play_money,
        policy=wire.PolicyTerms(
            reservation_seconds=policy.reservation_lasts // SECOND,
            reservation_seconds_max=policy.reservation_lasts_max // SECOND,
            return_window_seconds=policy.return_window // SECOND,
            payout_every_seconds=policy.payout_every // SECOND,
            payout_minor_min=policy.payout_minor_min,
            units_per_buyer_max=policy.units_per_buyer_max,
            reviews_listings=policy.reviews_listings,
        ),
        fees=wire.Fees(
            rules=[
                wire.FeeRule(
                    seller=ids.text(SellerId, number) if number else None,
                    category=category,
                    basis_points=share,
                    fixed_minor=fixed,
                    floor_minor=floor,
                    cap_minor=cap,
                )
                for number, category, share, fixed, floor, cap in zip(*columns, strict=True)
            ],
            tax_basis_points=fees.tax_basis_points,
        ),
        money=_money_terms(house),
    )


def _money_terms(house: House) -> wire.MoneyTerms:
    terms = house.markets.money_terms
    return wire.MoneyTerms(
        keeps_fee=terms.keeps_fee, clawback_minor_max=terms.clawback_minor_max, cash_minor_max=terms.cash_minor_max,
        payment_seconds=terms.payment_lasts // SECOND, transfer_seconds=terms.transfer_lasts // SECOND,
        takes_transfers=terms.takes_transfers,
    )  # fmt: skip
