"""Operations on money between people: transfers, requests, codes, names, levels, limits and terms."""

from http import HTTPStatus
from typing import Annotated, Any

from msgspec import Meta
from starlette.concurrency import run_in_threadpool

from caravan.client import wallets as wire
from caravan.client.wire import Page
from caravan.events.transfers import TransferMade
from caravan.flows import transfers as flow
from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.clock import SECOND, Instant, iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, CodeId, PayoutId, QuoteId, RequestId, SellerId, TransferId
from caravan.kernel.money import Money
from caravan.trade import exchange, ledger, orders, qr, transfers
from caravan.web import reach, wallets
from caravan.web.api import cursors, resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, SELLER, Operation
from caravan.web.api.problems import TooManyRequests
from caravan.world import markets

_Number = Annotated[int, Meta(ge=0, le=2**62)]
_COLUMNS = (
    "number, way, payer, buyer, seller, unit, amount, fee, fee_tax, total, received, request, code, reference, note, at,"
    " payout"
)
_BUYER_OR_SELLER = (BUYER, SELLER)
_RAISED_BY = {transfers.Level.UNVERIFIED: "email", transfers.Level.EMAIL: "identity"}


async def price_transfer(call: Call) -> Reply:
    """Say what a transfer would cost now, and who would get it; nothing is moved or promised."""
    call.limit("payees", call.buyer)
    deal = await call.ask(flow.price_of, _wanted(call, call.body), call.now)
    kind, number = ("seller", deal.seller) if deal.seller else ("buyer", deal.buyer)
    (name,) = await wallets.names_of(call.caravan, [(kind, number)])
    amounts = _amounts(deal.unit, deal.amount_minor, deal.fee_minor, deal.fee_tax_minor, deal.total_minor)
    return call.say(
        wire.TransferCost(
            payee_name=name, payee_kind=kind, **amounts, received=resources.money(deal.received_minor, deal.unit),  # type: ignore[arg-type]
            reference=deal.reference,
        )
    )  # fmt: skip


async def make_transfer(call: Call) -> Reply:
    """Send money at once, at the cost that was shown. The answer says no names: it is kept in the log."""
    call.limit("payees", call.buyer)
    new: wire.NewTransfer = call.body
    wanted = _wanted(call, new)
    if new.amount is not None and new.amount.currency != new.expected_total.currency:
        raise Invalid("The total is in the amount's currency.", field="expected_total")
    payer = await call.ask(_buyer, call.buyer)
    note = await run_in_threadpool(wallets.seal_note, call.caravan, payer, new.note)
    told = wanted._replace(expected_total_minor=new.expected_total.amount, note=note)
    if new.quote is None:
        return await call.do(flow.send_money, told, lambda _, made: _made(made))
    across = flow.Across(told, QuoteId(ids.number(QuoteId, new.quote)))
    return await call.do(flow.send_across, across, lambda _, made: _made(made))


def _wanted(call: Call, wish: wire.TransferWish) -> flow.Sending:
    """Read whom a wish means. Refuses more than one way to say it, and none."""
    if sum(one is not None for one in (wish.to, wish.request, wish.payload)) != 1:
        raise Invalid("Say whom to pay by one of to, request and payload.", field="to")
    amount = Money(wish.amount.amount, wish.amount.currency) if wish.amount else None
    if amount is not None and not amount.amount:
        raise Invalid("An amount is above zero.", field="amount")
    if wish.payload is not None:
        return wallets.scanned(call.caravan, wish.payload, payer=call.buyer, amount=amount)
    if wish.request is not None:
        known = wallets.linked(wish.request, payer=call.buyer)
        return known._replace(currency=amount.currency, amount_minor=amount.amount) if amount else known
    if amount is None:
        raise Invalid("Say how much.", field="amount")
    to = wallets.payee_of(call.caravan, wish.to or "")
    return flow.Sending(call.buyer, to, amount.currency, amount.amount)


async def list_transfers(call: Call) -> Reply:
    """Show what somebody paid and was paid."""
    query: wire.TransfersQuery = call.query
    after = cursors.read(query.after, _Number)
    compares, direction = ("<", "DESC") if query.order == "desc" else (">", "ASC")
    behind = f"AND number {compares} :after" if after is not None else ""
    seller = _seller(call)
    whose = "seller = :owner" if seller else "(payer = :owner OR buyer = :owner)"
    rows = await call.page(
        f"SELECT {_COLUMNS} FROM transfers WHERE {whose} {behind} ORDER BY number {direction} LIMIT :limit",  # noqa: S608
        {"owner": int(seller or call.buyer), "after": after, "limit": query.limit + 1},
    )
    kept, has_more = rows[: query.limit], len(rows) > query.limit
    return call.say(
        Page[wire.Transfer](
            data=await _receipts(call, kept), has_more=has_more, next=cursors.write(kept[-1][0]) if has_more else None
        )
    )


async def show_transfer(call: Call) -> Reply:
    """Show a receipt to either side."""
    rows = await call.page(f"SELECT {_COLUMNS} FROM transfers WHERE number = :number", {"number": call.ids["transfer"]})  # noqa: S608
    if not rows or not _is_mine(call, payer=rows[0][2], buyer=rows[0][3], seller=rows[0][4]):
        raise NotFound("There is no such transfer.")
    return call.say((await _receipts(call, rows))[0])


def _is_mine(call: Call, *, payer: int, buyer: int, seller: int) -> bool:
    if call.is_operator:
        return True
    mine = _seller(call)
    return mine == seller if mine else call.buyer in {payer, buyer}


async def _receipts(call: Call, rows: list[tuple[Any, ...]]) -> list[wire.Transfer]:
    parties = [(kind, number) for row in rows for kind, number in (("buyer", row[2]), _payee(row[3], row[4]))]
    names = await wallets.names_of(call.caravan, parties)
    # A note is the two sides' own: the operator sees what was paid, not what was written.
    sealed = [b"" if call.is_operator else row[14] for row in rows]
    notes = await run_in_threadpool(lambda: [wallets.open_note(call.caravan, one) for one in sealed])
    return [
        _receipt(row[:14], at=row[15], payout=row[16], names=(names[2 * place], names[2 * place + 1]), note=note)
        for place, (row, note) in enumerate(zip(rows, notes, strict=True))
    ]


def _payee(buyer: int, seller: int) -> tuple[str, int]:
    return ("seller", seller) if seller else ("buyer", buyer)


def _receipt(
    row: tuple[Any, ...], *, at: int, payout: int = 0, names: tuple[str, str] = ("", ""), note: str = ""
) -> wire.Transfer:
    number, way, payer, buyer, seller, unit, amount, fee, fee_tax, total, received, request, code, reference = row
    return wire.Transfer(
        id=ids.text(TransferId, number), at=iso(at), way=transfers.Way(way).name.lower(),  # type: ignore[arg-type]
        payer=ids.text(BuyerId, payer), payee=ids.text(SellerId, seller) if seller else ids.text(BuyerId, buyer),
        **_amounts(unit, amount, fee, fee_tax, total), received=resources.money(received, unit),
        request=ids.text(RequestId, request) if request else None, code=ids.text(CodeId, code) if code else None,
        reference=reference, payout=ids.text(PayoutId, payout) if payout else None, payer_name=names[0],
        payee_name=names[1], note=note,
    )  # fmt: skip


def _amounts(unit: int, *amounts: int) -> dict[str, Money]:
    names = ("amount", "fee", "fee_tax", "total")
    return {name: resources.money(amount, unit) for name, amount in zip(names, amounts, strict=True)}


def _made(made: TransferMade) -> wire.Transfer:
    row = (
        made.transfer, made.way, made.payer, made.buyer, made.seller, made.unit, made.amount_minor, made.fee_minor,
        made.fee_tax_minor, made.total_minor, made.received_minor, made.request, made.code, made.reference,
    )  # fmt: skip
    return _receipt(row, at=made.at)


# Requests.


async def request_money(call: Call) -> Reply:
    """Ask somebody for money. The answer says no names: it is kept in the log."""
    call.limit("payees", call.buyer)
    new: wire.NewMoneyRequest = call.body
    to = wallets.payee_of(call.caravan, new.to)
    asker = await call.ask(_buyer, call.buyer)
    note = await run_in_threadpool(wallets.seal_note, call.caravan, asker, new.note)
    asking = flow.Asking(call.buyer, to, new.amount.currency, new.amount.amount, new.days, note)
    now = call.now
    return await call.do(flow.request_money, asking, lambda house, number: _request(house, number, now))


async def list_money_requests(call: Call) -> Reply:
    """Show what a buyer asked for and was asked for."""
    query: wire.TransfersQuery = call.query
    after = cursors.read(query.after, _Number)
    compares, direction = ("<", "DESC") if query.order == "desc" else (">", "ASC")
    behind = f"AND number {compares} :after" if after is not None else ""
    rows = await call.page(
        f"SELECT number FROM money_requests WHERE (payee = :owner OR payer = :owner) {behind}"  # noqa: S608
        f" ORDER BY number {direction} LIMIT :limit",
        {"owner": int(call.buyer), "after": after, "limit": query.limit + 1},
    )
    kept, has_more = [number for (number,) in rows[: query.limit]], len(rows) > query.limit
    data = [await _told_request(call, RequestId(number)) for number in kept]
    return call.say(
        Page[wire.MoneyRequest](data=data, has_more=has_more, next=cursors.write(kept[-1]) if has_more else None)
    )


async def show_money_request(call: Call) -> Reply:
    """Show a request to whoever asked and whoever was asked."""
    return call.say(await _told_request(call, RequestId(call.ids["request"])))


async def _told_request(call: Call, number: RequestId) -> wire.MoneyRequest:
    known = await call.ask(lambda house: transfers.request_of(house.transfers, number))
    if call.buyer not in {known.payee, known.payer}:
        raise NotFound("There is no such request.")
    names = await wallets.names_of(call.caravan, [("buyer", known.payee), ("buyer", known.payer)])
    ((sealed,),) = await call.page("SELECT note FROM money_requests WHERE number = :number", {"number": int(number)})
    note = await run_in_threadpool(wallets.open_note, call.caravan, sealed)
    return _request_shown(known, call.now, names=(names[0], names[1]), note=note)


def _request(house: House, number: RequestId, now: Instant) -> wire.MoneyRequest:
    return _request_shown(transfers.request_of(house.transfers, number), now)


def _request_shown(
    known: transfers.Request, now: Instant, *, names: tuple[str, str] = ("", ""), note: str = ""
) -> wire.MoneyRequest:
    return wire.MoneyRequest(
        id=ids.text(RequestId, known.request), payee=ids.text(BuyerId, known.payee),
        payer=ids.text(BuyerId, known.payer), amount=resources.money(known.amount_minor, known.unit),
        status=transfers.request_state(known, now=now), expires_at=iso(known.expires_at),  # type: ignore[arg-type]
        transfer=ids.text(TransferId, known.transfer) if known.transfer else None, payee_name=names[0],
        payer_name=names[1], note=note,
    )  # fmt: skip


async def close_money_request(call: Call) -> Reply:
    """Decline a request as whoever was asked, or withdraw it as whoever asked."""
    answering, now = flow.Answering(call.buyer, RequestId(call.ids["request"])), call.now
    return await call.do(flow.close_request, answering, lambda house, number: _request(house, number, now))


# Codes.


async def make_payment_code(call: Call) -> Reply:
    """Make a code that is paid once. It moves nothing: asked again, it is another code."""
    new: wire.NewPaymentCode = call.body
    buyer, seller = _owner(call)
    reference = wallets.check_reference(new.reference)
    showing = flow.Showing(buyer, seller, new.amount.currency, new.amount.amount, reference, new.minutes)
    number = await reach.do(call.caravan, flow.show_code, showing)
    return call.say(await _code(call, number))


async def show_payment_code(call: Call) -> Reply:
    """Show a code and where it stands to whoever made it."""
    return call.say(await _code(call, CodeId(call.ids["code"])))


async def show_static_code(call: Call) -> Reply:
    """Give the code that is good for any amount, for years: print it once."""
    buyer, seller = _owner(call)
    currency = (await call.ask(resources.market)).currency
    owner = await wallets.owner_of_codes(call.caravan, buyer=buyer, seller=seller, currency=currency)
    return call.say(
        wire.PaymentCode(
            id=None, payload=wallets.payload_of(call.caravan, owner), path=f"/pay/{owner.account}", amount=None,
            reference="", status="open", expires_at=None, transfer=None,
        )
    )  # fmt: skip


async def _code(call: Call, number: CodeId) -> wire.PaymentCode:
    known = await call.ask(lambda house: transfers.code_of(house.transfers, number))
    if (known.buyer, known.seller) != _owner(call):
        raise NotFound("There is no such code.")
    public, amount = ids.text(CodeId, number), resources.money(known.amount_minor, known.unit)
    owner = await wallets.owner_of_codes(
        call.caravan, buyer=BuyerId(known.buyer), seller=SellerId(known.seller), currency=amount.currency
    )
    told = owner._replace(amount=amount, reference=known.reference, code=public)
    return wire.PaymentCode(
        id=public, payload=wallets.payload_of(call.caravan, told), path=f"/pay/{public}", amount=amount,
        reference=known.reference, status=transfers.code_state(known, now=call.now),  # type: ignore[arg-type]
        expires_at=iso(known.expires_at),
        transfer=ids.text(TransferId, known.transfer) if known.transfer else None,
    )  # fmt: skip


def _owner(call: Call) -> tuple[BuyerId, SellerId]:
    seller = _seller(call)
    return (BuyerId(0), seller) if seller else (call.buyer, SellerId(0))


def _seller(call: Call) -> SellerId:
    """Give the seller who calls, or 0 for a buyer."""
    is_seller = call.bearer is not None and call.bearer.audience == "seller"
    return call.seller if is_seller else SellerId(0)


# Names, levels and limits.


async def show_names(call: Call) -> Reply:
    """Show by which names others find me."""
    return call.say(await _names(call))


async def set_names(call: Call) -> Reply:
    """Say by which names others find me; a phone counts once it is proven."""
    new: wire.NewNames = call.body
    known = await call.ask(_buyer, call.buyer)
    wanted = wallets.Known(new.handle, new.phone)
    naming = await run_in_threadpool(wallets.naming, call.caravan, known, wanted)
    await reach.do(call.caravan, flow.set_names, naming)
    return call.say(await _names(call))


async def _names(call: Call) -> wire.FindableBy:
    buyer = call.buyer

    def look(house: House) -> tuple[transfers.Names, bool, bool]:
        names = house.transfers.names.get(buyer, transfers.Names())
        marks = (("email", identity.buyer_of(house.identity, buyer).email_mark), ("phone", names.phone_mark))
        email, phone = (transfers.proven(house.transfers, buyer, kind=kind, mark=mark) for kind, mark in marks)
        return names, email, phone

    names, email, phone = await call.ask(look)
    known = await run_in_threadpool(wallets.known_names, call.caravan, names)
    return wire.FindableBy(handle=known.handle, phone=known.phone, is_phone_proven=phone, is_email_proven=email)


async def make_proof(call: Call) -> Reply:
    """Give what the operator's mailer sends to an address, for whoever reads it there to show."""
    proof = await call.ask(wallets.proof_wanted, BuyerId(call.ids["buyer"]), call.body.kind)
    expires_at = call.now + wallets.PROOF_LASTS
    return call.say(wire.AddressProof(proof=wallets.proof_of(call.caravan, proof), expires_at=iso(expires_at)))


async def show_proof(call: Call) -> Reply:
    """Show that an address is mine, with what was sent to it."""
    call.limit("logins", call.address)
    shown: wire.ShownProof = call.body
    proof = await call.ask(wallets.proof_wanted, call.buyer, shown.kind)
    wallets.check_proof(call.caravan, proof, shown.proof)
    await reach.do(call.caravan, flow.prove_address, proof)
    return call.say(await _names(call))


async def set_level(call: Call) -> Reply:
    """Say how well a buyer is known, and why."""
    new: wire.NewLevel = call.body
    buyer = BuyerId(call.ids["buyer"])
    await reach.do(call.caravan, flow.set_level, flow.Knowing(buyer, transfers.Level[new.level.upper()], new.why))
    return call.say(await call.ask(sending_limits, buyer, call.now))


async def show_limits(call: Call) -> Reply:
    """Show what I may still send, and what would raise it."""
    return call.say(await call.ask(sending_limits, call.buyer, call.now))


def sending_limits(house: House, buyer: BuyerId, now: Instant) -> wire.SendingLimits:
    """Say what a buyer may send now."""
    currency, level = resources.market(house).currency, flow.level_of(house, buyer)
    left = transfers.allowances(house.transfers, flow.limits_of(house), buyer=buyer, level=level, now=now)
    return wire.SendingLimits(
        level=level.name.lower(), raised_by=_RAISED_BY.get(level),  # type: ignore[arg-type]
        limits=[
            wire.SendingLimit(
                limit=one.limit, whole=Money(one.whole_minor, currency), left=Money(one.left_minor, currency),  # type: ignore[arg-type]
                resets_at=resources.time(one.resets_at),
            )
            for one in left
        ],
    )  # fmt: skip


async def show_transfer_terms(call: Call) -> Reply:
    """Show fees, limits and times of transfers."""
    return call.say(await call.ask(_terms))


async def set_transfer_terms(call: Call) -> Reply:
    """Set fees, limits and times of transfers from now on; what was paid keeps its own."""
    new: wire.NewTransferTerms = call.body
    terms = flow.Terms(
        tuple(markets.TransferFee(**{name: getattr(fee, name) for name in _FEE_FIELDS}) for fee in new.fees),
        tuple(markets.TransferLimits(**{name: getattr(one, name) for name in _LIMIT_FIELDS}) for one in new.limits),
        new.fee_tax_basis_points, new.request_seconds * SECOND, new.code_seconds * SECOND,
    )  # fmt: skip
    return await call.do(flow.set_transfer_terms, terms, lambda house, _: _terms(house))


_FEE_FIELDS = wire.TransferFeeRule.__struct_fields__
_LIMIT_FIELDS = wire.LevelLimits.__struct_fields__


def _terms(house: House) -> wire.TransferTerms:
    now = house.transfer_terms.now
    fees = zip(
        now.ways, now.payees, now.currencies, now.basis_points, now.fixed_minor, now.floors_minor, now.caps_minor,
        now.payee_bears, strict=True,
    )  # fmt: skip
    limits = zip(now.per_transfer_minor, now.per_day_minor, now.per_month_minor, strict=True)
    return wire.TransferTerms(
        fees=[wire.TransferFeeRule(**dict(zip(_FEE_FIELDS, fee, strict=True))) for fee in fees],
        limits=[wire.LevelLimits(**dict(zip(_LIMIT_FIELDS, one, strict=True))) for one in limits],
        fee_tax_basis_points=now.tax_basis_points, request_seconds=now.request_lasts // SECOND,
        code_seconds=now.code_lasts // SECOND,
    )  # fmt: skip


def _buyer(house: House, number: BuyerId) -> identity.Buyer:
    return identity.buyer_of(house.identity, number)


_REFUSED = (
    flow.PayeeUnknown, transfers.TransferLimitReached, transfers.RequestNotOpen, transfers.CodeNotPayable,
    qr.ForeignCode, qr.UnreadableQr, exchange.NoRate, Invalid, NotFound, TooManyRequests,
)  # fmt: skip

OPERATIONS = (
    Operation(
        method="POST", path="/v1/transfers/price", summary="Say what a transfer would cost", handler=price_transfer,
        who=(BUYER,), scope="wallet:read", request=wire.TransferWish, response=wire.TransferCost, refusals=_REFUSED,
    ),
    Operation(
        method="POST", path="/v1/transfers", summary="Send money", handler=make_transfer, who=(BUYER,),
        scope="wallet:write", request=wire.NewTransfer, response=wire.Transfer, status=HTTPStatus.CREATED,
        location="/v1/transfers/{id}", key="required", is_personal=True,
        refusals=(*_REFUSED, exchange.QuoteNotOpen, orders.TotalChanged, ledger.InsufficientFunds),
    ),
    Operation(
        method="GET", path="/v1/transfers", summary="List what I paid and was paid", handler=list_transfers,
        who=_BUYER_OR_SELLER, query=wire.TransfersQuery, response=Page[wire.Transfer],
    ),
    Operation(
        method="GET", path="/v1/transfers/{transfer}", summary="Show a receipt", handler=show_transfer,
        who=(*_BUYER_OR_SELLER, OPERATOR), response=wire.Transfer, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/money-requests", summary="Ask somebody for money", handler=request_money,
        who=(BUYER,), scope="wallet:write", request=wire.NewMoneyRequest, response=wire.MoneyRequest,
        status=HTTPStatus.CREATED, location="/v1/money-requests/{id}", key="required", is_personal=True,
        refusals=(flow.PayeeUnknown, Invalid, TooManyRequests),
    ),
    Operation(
        method="GET", path="/v1/money-requests", summary="List what I asked for and was asked for",
        handler=list_money_requests, who=(BUYER,), scope="wallet:read", query=wire.TransfersQuery,
        response=Page[wire.MoneyRequest],
    ),
    Operation(
        method="GET", path="/v1/money-requests/{request}", summary="Show a request for money",
        handler=show_money_request, who=(BUYER,), scope="wallet:read", response=wire.MoneyRequest,
        refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/money-requests/{request}/close", summary="Decline or withdraw a request",
        handler=close_money_request, who=(BUYER,), scope="wallet:write", response=wire.MoneyRequest, key="optional",
        refusals=(transfers.RequestNotOpen, NotFound),
    ),
    Operation(
        method="POST", path="/v1/payment-codes", summary="Make a code that is paid once", handler=make_payment_code,
        who=_BUYER_OR_SELLER, request=wire.NewPaymentCode, response=wire.PaymentCode, status=HTTPStatus.CREATED,
        location="/v1/payment-codes/{id}", refusals=(flow.PayeeUnknown, Invalid),
    ),
    Operation(
        method="GET", path="/v1/payment-codes/static", summary="Give my code for any amount",
        handler=show_static_code, who=_BUYER_OR_SELLER, response=wire.PaymentCode, refusals=(NotFound,),
    ),
    Operation(
        method="GET", path="/v1/payment-codes/{code}", summary="Show a code and whether it is paid",
        handler=show_payment_code, who=_BUYER_OR_SELLER, response=wire.PaymentCode, refusals=(NotFound,),
    ),
    Operation(
        method="GET", path="/v1/wallet/names", summary="Show by which names others find me", handler=show_names,
        who=(BUYER,), scope="wallet:read", response=wire.FindableBy,
    ),
    Operation(
        method="PUT", path="/v1/wallet/names", summary="Say by which names others find me", handler=set_names,
        who=(BUYER,), scope="wallet:write", request=wire.NewNames, response=wire.FindableBy,
        refusals=(transfers.NameTaken, Invalid),
    ),
    Operation(
        method="GET", path="/v1/wallet/limits", summary="Show what I may send", handler=show_limits, who=(BUYER,),
        scope="wallet:read", response=wire.SendingLimits, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/wallet/proofs", summary="Show that an address is mine", handler=show_proof,
        who=(BUYER,), scope="wallet:write", request=wire.ShownProof, response=wire.FindableBy,
        refusals=(transfers.NotProven, NotFound, TooManyRequests),
    ),
    Operation(
        method="POST", path="/v1/buyers/{buyer}/proofs", summary="Make a proof to send to an address",
        handler=make_proof, who=(OPERATOR,), scope="buyers:write", request=wire.AddressToProve,
        response=wire.AddressProof, status=HTTPStatus.CREATED, refusals=(NotFound,),
    ),
    Operation(
        method="PUT", path="/v1/buyers/{buyer}/level", summary="Say how well a buyer is known", handler=set_level,
        who=(OPERATOR,), scope="buyers:write", request=wire.NewLevel, response=wire.SendingLimits,
        refusals=(NotFound, Invalid),
    ),
    Operation(
        method="GET", path="/v1/transfer-terms", summary="Show fees and limits of transfers",
        handler=show_transfer_terms, who=(PUBLIC, BUYER, SELLER, OPERATOR), response=wire.TransferTerms,
    ),
    Operation(
        method="PUT", path="/v1/transfer-terms", summary="Set fees and limits of transfers",
        handler=set_transfer_terms, who=(OPERATOR,), scope="market:write", request=wire.NewTransferTerms,
        response=wire.TransferTerms, refusals=(Invalid,),
    ),
)  # fmt: skip
