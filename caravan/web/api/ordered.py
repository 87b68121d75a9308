"""Orders as the API shows them: with their lines, parcels and claims, to whom it may."""

from collections.abc import Iterable

from caravan.client import wire
from caravan.flows import places, taxing
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import iso
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, ClaimId, ListingId, OrderId, ParcelId, PurchaseId, QuoteId, SellerId, SkuId
from caravan.kernel.money import alphabetic
from caravan.trade import claims, delivery, orders, payments
from caravan.web.api.resources import money, sent_from, time, total_parts


def order(house: House, number: OrderId, audience: str, expand: frozenset[str] = frozenset()) -> wire.Order:
    """Show an order as somebody of an audience may see it, with its lines, parcels or claims where they are asked for."""
    state = orders.order_state(house.orders, number)
    table = house.orders.orders
    unit = int(table.unit[number])
    is_buyers = audience == "buyer"
    refunded = int(house.payments.money.refunded[number])
    return wire.Order(
        id=ids.text(OrderId, number),
        purchase=ids.text(PurchaseId, int(table.purchase[number])),
        seller=ids.text(SellerId, int(table.seller[number])),
        status=state.status,  # type: ignore[arg-type]
        fulfillment=state.fulfillment,  # type: ignore[arg-type]
        payment=payments.money_state(house.payments, number),  # type: ignore[arg-type]
        total=money(table.total[number], unit),
        placed_at=iso(int(table.placed_at[number])),
        buyer=ids.text(BuyerId, int(table.buyer[number])) if audience != "seller" else None,
        fee=None if is_buyers else money(table.fee[number], unit),
        fee_tax=None if is_buyers else money(table.fee_tax[number], unit),
        refunded=money(refunded, unit) if refunded else None,
        canceled_at=time(table.canceled_at[number]),
        fulfilled_at=time(table.fulfilled_at[number]),
        delivered_at=time(table.received_at[number]),
        completed_at=time(table.completed_at[number]),
        lines=_lines(house, number, unit) if "lines" in expand else None,
        parts=total_parts(taxing.of_order(house, number), alphabetic(unit)) if "lines" in expand else None,
        paid_in=_paid_in(house, number, unit),
        parcels=[
            parcel(house, ParcelId(one), has_label=not is_buyers) for one in house.delivery.by_order.get(number, [])
        ]
        if "parcels" in expand
        else None,
        claims=[claim(house, one.claim) for one in claims.claims_of(house.claims, number)]
        if "claims" in expand
        else None,
    )


def _paid_in(house: House, order: OrderId, unit: int) -> wire.PaidIn | None:
    paid = house.exchange.orders.get(order)
    if paid is None:
        return None
    other = house.exchange.quotes[paid.quote].unit
    return wire.PaidIn(
        quote=ids.text(QuoteId, paid.quote), paid=money(paid.paid, other), spread=money(paid.spread, unit),
        paid_back=money(paid.paid_back, other), spread_back=money(paid.spread_back, unit),
    )  # fmt: skip


def _lines(house: House, number: OrderId, unit: int) -> list[wire.OrderLine]:
    table = house.orders.lines
    shown = []
    units = orders.units_of(house.orders, number)
    added = taxing.added_by_line(house, house.taxes.orders.get(number), len(units))
    for place, (line, counted) in enumerate(zip(orders.lines_of(house.orders, number), units, strict=True)):
        sku = house.catalog.skus[int(table.sku[line])]
        shown.append(
            wire.OrderLine(
                line=place,
                listing=ids.text(ListingId, int(table.listing[line])),
                sku=ids.text(SkuId, int(table.sku[line])),
                title=house.catalog.products[sku.product].title,
                option=sku.option,
                quantity=counted.ordered,
                current=counted.current,
                fulfilled=counted.fulfilled,
                returned=counted.returned,
                unit_price=money(table.unit_price[line], unit),
                shipping=money(table.shipping[line] - added[place], unit),
                refunded=money(table.refunded[line], unit),
                sent_from=sent_from(house, int(table.location[line])),
            )
        )
    return shown


def _units(house: House, number: int, contents: Iterable[tuple[int, int]]) -> list[wire.ParcelUnits]:
    table, first, shown = house.orders.lines, int(house.orders.orders.first_line[number]), []
    for line, quantity in contents:
        sku = house.catalog.skus[int(table.sku[first + line])]
        title = house.catalog.products[sku.product].title
        shown.append(wire.ParcelUnits(line=line, title=title, option=sku.option, quantity=quantity))
    return shown


def label(house: House, number: int) -> wire.ParcelLabel | None:
    """Show the label of a parcel, or what became of the last try to have one; None where nobody asked for one."""
    work = house.labels.open.get(number) or house.labels.of.get(number)
    if work is None:
        tried = (one for one in reversed(house.labels.works.values()) if one.parcel == number)
        work = next((one for one in tried if one.what == delivery.LabelKind.BUY and one.is_done is False), None)
    if work is None:
        return None
    is_bought = work.what == delivery.LabelKind.BUY
    states = {None: "asked" if is_bought else "returning", True: "bought", False: "refused"}
    known = work if is_bought else house.labels.of.get(number, work)
    return wire.ParcelLabel(
        status=states[work.is_done],  # type: ignore[arg-type]
        carrier=known.by, service=known.service, price=money(known.amount, known.unit), document=known.document,
        reason=work.reason,
    )  # fmt: skip


def parcel(house: House, number: ParcelId, *, has_label: bool = False) -> wire.Parcel:
    """Show a parcel, with its label to whoever sends it."""
    if not 0 < number < len(house.delivery.parcels):
        raise NotFound("There is no such parcel.")
    found = delivery.parcel_of(house.delivery, number)
    whole = [(line, units.ordered) for line, units in enumerate(orders.units_of(house.orders, found.order))]
    return wire.Parcel(
        id=ids.text(ParcelId, number),
        order=ids.text(OrderId, found.order),
        status=found.status.name.lower(),  # type: ignore[arg-type]
        carrier=found.carrier,
        tracking=found.tracking,
        handed_over_at=time(found.handed_over_at),
        promised_at=time(found.promised_at),
        delivered_at=time(found.delivered_at),
        made_at=iso(found.made_at),
        is_replacement=found.is_replacement,
        lines=_units(house, found.order, found.contents or whole),
        scans=[
            wire.ParcelScan(
                at=iso(one.at),
                status=delivery.ParcelStatus(one.status).name.lower(),  # type: ignore[arg-type]
                place=one.place,
            )
            for one in found.scans
        ],
        label=label(house, number) if has_label else None,
        sent_from=sent_from(house, places.sent_from(house, number)),
    )


def claim(house: House, number: int) -> wire.Claim:
    """Show a claim."""
    found = claims.claim_of(house.claims, number)
    return wire.Claim(
        id=ids.text(ClaimId, found.claim),
        order=ids.text(OrderId, found.order),
        seller=ids.text(SellerId, found.seller),
        parcel=ids.text(ParcelId, found.parcel) if found.parcel else None,
        reason=found.reason.name.lower(),  # type: ignore[arg-type]
        status=found.status.name.lower(),  # type: ignore[arg-type]
        amount=money(found.amount, found.unit),
        granted=money(found.granted, found.unit),
        sent_anew=ids.text(ParcelId, found.anew) if found.anew else None,
        opened_at=iso(found.opened_at),
        due_at=time(found.due_at),
        lines=_units(house, found.order, zip(found.lines, found.quantities, strict=True)),
        steps=[
            wire.ClaimStep(
                at=iso(one.at), who=one.who, what=one.what, amount=money(one.amount, found.unit), note=one.note
            )
            for one in found.said
        ],
    )
