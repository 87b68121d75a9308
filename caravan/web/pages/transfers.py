"""The pages of money between people: send, ask, scan and pay, show a code, see the receipt; and by which names one is found."""

import hashlib
import secrets
from typing import NamedTuple

import msgspec
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from caravan.cell import Answer, Key
from caravan.flows import transfers as flow
from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import BuyerId, CodeId, RequestId, SellerId, TransferId
from caravan.kernel.money import Money, alphabetic, plain
from caravan.trade import ledger, qr, transfers
from caravan.web import wallets
from caravan.web.pages.visit import Visit, path_id, wrong_field
from caravan.web.reach import ask, do, page

_SCOPE_BYTES = 16
_RECENT = 10
_REQUESTS = 50
_CAMERA = {"Permissions-Policy": "camera=(self), geolocation=(), microphone=()"}


class Receipt(NamedTuple):
    """A transfer as either side sees it."""

    number: TransferId
    at: int
    payer: str
    payee: str
    is_shop: bool
    amount: Money
    fee: Money
    fee_tax: Money
    total: Money
    received: Money
    reference: str
    note: str
    is_mine_to_pay: bool


class Asked(NamedTuple):
    """A request for money as its page shows it."""

    number: RequestId
    other: str
    amount: Money
    note: str
    status: str
    expires_at: int
    is_mine_to_pay: bool


# Sending and paying.


async def send_form(visit: Visit) -> Response:
    """Ask whom to send how much."""
    return await visit.show("send.html", limits=await _limits(visit))


async def send(visit: Visit) -> Response:
    """Say what it would cost to send, and ask to confirm."""
    try:
        currency = visit.shop.market().currency
        to = visit.form.text("to", longest=254)
        wanted = flow.Sending(
            visit.buyer, wallets.payee_of(visit.caravan, to), currency, visit.form.minor("amount", currency)
        )
        return await _confirm(visit, wanted, {"to": to}, note=visit.form.text("note", is_needed=False))
    except (Invalid, flow.PayeeUnknown, transfers.TransferLimitReached) as refusal:
        return await visit.show("send.html", status=422, limits=await _limits(visit), wrong=_wrong(visit, refusal))


async def pay_form(visit: Visit) -> Response:
    """Take what a scanner read: by the camera, where the browser knows how, or pasted."""
    return await _show_pay(visit, {})


async def _show_pay(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    shown = await visit.show("pay.html", status=status, wrong=wrong)
    shown.headers.update(_CAMERA)
    return shown


async def pay(visit: Visit) -> Response:
    """Read a code and say what it asks for."""
    payload = visit.form.text("payload", longest=wallets.PAYLOAD_CHARACTERS_MAX, is_needed=False)
    try:
        amount = _typed_amount(visit)
        wanted = wallets.scanned(visit.caravan, payload, payer=visit.buyer, amount=amount)
        return await _confirm(visit, wanted, {"payload": payload})
    except (Invalid, qr.ForeignCode, qr.UnreadableQr, flow.PayeeUnknown) as refusal:
        return await _show_pay(visit, wrong_field(refusal) if _is_of(refusal, "amount") else _of_code(refusal), 422)


def _of_code(refusal: Refusal) -> dict[str, str]:
    return {"payload": str(refusal)}


async def pay_linked(visit: Visit) -> Response:
    """Say what a link asks for: a code, a request, or whoever is to be paid any amount."""
    public = visit.request.path_params["id"]
    return await _confirm(visit, wallets.linked(public, payer=visit.buyer), {"public": public})


async def pay_amount(visit: Visit) -> Response:
    """Say what an amount costs that was typed for a link."""
    public = visit.request.path_params["id"]
    wanted = wallets.linked(public, payer=visit.buyer)
    amount = _typed_amount(visit)
    if amount is not None:
        wanted = wanted._replace(currency=amount.currency, amount_minor=amount.amount)
    return await _confirm(visit, wanted, {"public": public})


def _typed_amount(visit: Visit) -> Money | None:
    currency = visit.shop.market().currency
    if not visit.form.fields.get("amount", "").strip():
        return None
    return Money(visit.form.minor("amount", currency), currency)


async def _confirm(
    visit: Visit, wanted: flow.Sending, told: dict[str, str], *, note: str = "", problem: str = ""
) -> Response:
    """Show payee, amount and cost, and ask; where no amount is known yet, ask for that."""
    visit.shop.limit_payees(visit.buyer)
    kind, number = wanted.to.kind, wanted.to.number
    if not wanted.amount_minor and number:
        await ask(visit.caravan, flow.payee_known, wanted.to)
        (name,) = await wallets.names_of(visit.caravan, [(kind, number)])
        return await visit.show("pay_amount.html", name=name, is_shop=kind == "seller", told=told, limits=None)
    deal = await ask(visit.caravan, flow.price_of, wanted, visit.caravan.clock.now())
    currency = alphabetic(deal.unit)
    (name,) = await wallets.names_of(visit.caravan, [_payee(deal.buyer, deal.seller)])
    free = await ask(visit.caravan, _free, visit.buyer, deal.unit)
    return await visit.show(
        "pay_confirm.html", status=422 if problem else 200, name=name, is_shop=bool(deal.seller), told=told, note=note,
        amount=Money(deal.amount_minor, currency), fee=Money(deal.fee_minor + deal.fee_tax_minor, currency),
        total=Money(deal.total_minor, currency), received=Money(deal.received_minor, currency),
        typed=plain(deal.amount_minor, currency), reference=deal.reference, problem=problem,
        short=Money(max(deal.total_minor - free, 0), currency), is_request=bool(wanted.request),
        ticket=secrets.token_urlsafe(16),
    )  # fmt: skip


async def confirm(visit: Visit) -> Response:
    """Pay exactly what was shown; a button pressed twice pays once."""
    form, currency = visit.form, visit.shop.market().currency
    wanted, told = _told(visit)
    total = form.minor("total", currency)
    note = form.text("note", is_needed=False)
    payer = await ask(visit.caravan, lambda house: identity.buyer_of(house.identity, visit.buyer))
    sealed = await run_in_threadpool(wallets.seal_note, visit.caravan, payer, note)
    answer = await do(
        visit.caravan, flow.send_money, wanted._replace(expected_total_minor=total, note=sealed),
        key=_key(visit, f"{told}\n{wanted.amount_minor}\n{total}\n{note}"), render=_rendered,
    )  # fmt: skip
    said = msgspec.json.decode(answer.body, type=_Said)
    if said.transfer:
        return visit.go(f"/my/transfers/{said.transfer}", "paid")
    return await _confirm(visit, wanted, told, note=note, problem=said.problem)


class _Said(msgspec.Struct):
    """What came of a press of the button."""

    transfer: str = ""
    problem: str = ""


def _rendered(result: object) -> Answer:
    if isinstance(result, Refusal):
        return Answer(422, msgspec.json.encode(_Said(problem=str(result))))
    return Answer(200, msgspec.json.encode(_Said(transfer=ids.text(TransferId, result.transfer))))  # type: ignore[attr-defined]


def _key(visit: Visit, meant: str) -> Key:
    ticket = visit.form.text("ticket", longest=64)
    scope = hashlib.sha256(f"page\0{visit.buyer}\0{ticket}".encode()).digest()[:_SCOPE_BYTES]
    # Whoever reads the log must not be able to guess a note and check the guess.
    return Key(scope, hashlib.sha256(visit.caravan.vault.mark(f"paid\n{meant}")).digest())


def _told(visit: Visit) -> tuple[flow.Sending, dict[str, str]]:
    """Read back whom a page was about."""
    form, currency = visit.form, visit.shop.market().currency
    amount = Money(form.minor("amount", currency), currency)
    for name in ("to", "payload", "public"):
        said = form.text(name, longest=wallets.PAYLOAD_CHARACTERS_MAX, is_needed=False)
        if not said:
            continue
        if name == "to":
            wanted = flow.Sending(visit.buyer, wallets.payee_of(visit.caravan, said), currency, amount.amount)
        elif name == "payload":
            wanted = wallets.scanned(visit.caravan, said, payer=visit.buyer, amount=amount)
        else:
            linked = wallets.linked(said, payer=visit.buyer)
            wanted = linked._replace(currency=currency, amount_minor=amount.amount)
        return wanted, {name: said}
    raise Invalid("Whom to pay is not said.", field="to")


def _free(house: House, buyer: BuyerId, unit: int) -> int:
    posted, held = ledger.balance(house.ledger, ledger.Kind.WALLET, owner=buyer, unit=unit)
    return posted - held


# Receipts.


async def receipt(visit: Visit) -> Response:
    """Show a receipt to either side."""
    number = path_id(visit, TransferId)
    found = await _receipts(visit, "number = ?", (number,), 1)
    if not found:
        raise NotFound("There is no such transfer.")
    return await visit.show("receipt.html", receipt=found[0])


async def _receipts(visit: Visit, which: str, values: tuple[object, ...], most: int) -> list[Receipt]:
    """Give the receipts that are this visitor's to see, the newest first."""
    whose, mine = ("seller = ?", (visit.seller,))
    if visit.area == "buyer":
        whose, mine = "(payer = ? OR buyer = ?)", (visit.buyer, visit.buyer)  # type: ignore[assignment]
    rows = await page(
        visit.caravan,
        "SELECT number, at, payer, buyer, seller, unit, amount, fee, fee_tax, total, received, reference, note"  # noqa: S608
        f" FROM transfers WHERE {which} AND {whose} ORDER BY number DESC LIMIT ?",
        (*values, *mine, most),
    )
    parties = [party for row in rows for party in (("buyer", row[2]), _payee(row[3], row[4]))]
    names = await wallets.names_of(visit.caravan, parties)
    notes = await run_in_threadpool(lambda: [wallets.open_note(visit.caravan, row[12]) for row in rows])
    is_buyer = visit.area == "buyer"
    found = []
    for place, (row, note) in enumerate(zip(rows, notes, strict=True)):
        amount, fee, fee_tax, total, received = (Money(minor, alphabetic(row[5])) for minor in row[6:11])
        found.append(
            Receipt(
                number=TransferId(row[0]), at=row[1], payer=names[2 * place], payee=names[2 * place + 1],
                is_shop=bool(row[4]), amount=amount, fee=fee, fee_tax=fee_tax, total=total, received=received,
                reference=row[11], note=note, is_mine_to_pay=is_buyer and row[2] == visit.buyer,
            )
        )  # fmt: skip
    return found


def _payee(buyer: int, seller: int) -> tuple[str, int]:
    return ("seller", seller) if seller else ("buyer", buyer)


# Asking.


async def ask_form(visit: Visit) -> Response:
    """Ask whom to ask for how much, and show what was asked before."""
    return await _show_asked(visit, {})


async def _show_asked(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    rows = await page(
        visit.caravan,
        "SELECT number, note FROM money_requests WHERE payee = ? OR payer = ? ORDER BY number DESC LIMIT ?",
        (visit.buyer, visit.buyer, _REQUESTS),
    )
    known = await ask(
        visit.caravan, lambda house: [transfers.request_of(house.transfers, RequestId(row[0])) for row in rows]
    )
    is_mine = [one.payer == visit.buyer for one in known]
    others = [("buyer", one.payee if mine else one.payer) for one, mine in zip(known, is_mine, strict=True)]
    names = await wallets.names_of(visit.caravan, others)
    notes = await run_in_threadpool(lambda: [wallets.open_note(visit.caravan, row[1]) for row in rows])
    now = visit.caravan.clock.now()
    asked = [
        Asked(
            RequestId(one.request), name, Money(one.amount_minor, alphabetic(one.unit)), note,
            transfers.request_state(one, now=now), one.expires_at, mine,
        )
        for one, name, note, mine in zip(known, names, notes, is_mine, strict=True)
    ]  # fmt: skip
    return await visit.show("ask.html", status=status, asked=asked, wrong=wrong)


async def request_money(visit: Visit) -> Response:
    """Ask somebody for money."""
    visit.shop.limit_payees(visit.buyer)
    form, currency = visit.form, visit.shop.market().currency
    try:
        to = wallets.payee_of(visit.caravan, form.text("to", longest=254))
        note = form.text("note", is_needed=False)
        asker = await ask(visit.caravan, lambda house: identity.buyer_of(house.identity, visit.buyer))
        sealed = await run_in_threadpool(wallets.seal_note, visit.caravan, asker, note)
        asking = flow.Asking(visit.buyer, to, currency, form.minor("amount", currency), 0, sealed)
        await do(visit.caravan, flow.request_money, asking)
    except (Invalid, flow.PayeeUnknown) as refusal:
        return await _show_asked(visit, _wrong(visit, refusal), 422)
    return visit.go("/my/ask", "asked")


async def close_request(visit: Visit) -> Response:
    """Decline a request, or withdraw one's own."""
    await do(visit.caravan, flow.close_request, flow.Answering(visit.buyer, RequestId(path_id(visit, RequestId))))
    return visit.go("/my/ask", "closed")


# Showing codes.


async def code(visit: Visit) -> Response:
    """Show the code that is good for any amount, and what it brought."""
    return await _show_code(visit, {})


async def _show_code(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    owner = await _owner(visit)
    payload = wallets.payload_of(visit.caravan, owner)
    which, mine = ("seller = ?", visit.seller) if visit.area == "seller" else ("buyer = ?", visit.buyer)
    return await visit.show(
        "code.html", status=status, drawing=_drawn(payload), payload=payload, name=owner.name, wrong=wrong,
        link=f"{visit.request.base_url}pay/{owner.account}", received=await _receipts(visit, which, (mine,), _RECENT),
    )  # fmt: skip


async def make_code(visit: Visit) -> Response:
    """Make a code for one payment."""
    currency = visit.shop.market().currency
    buyer, seller = _shows(visit)
    try:
        reference = wallets.check_reference(visit.form.text("reference", is_needed=False))
        showing = flow.Showing(buyer, seller, currency, visit.form.minor("amount", currency), reference)
        number = await do(visit.caravan, flow.show_code, showing)
    except Invalid as refusal:
        return await _show_code(visit, _wrong(visit, refusal), 422)
    return visit.go(f"{_area(visit)}/codes/{ids.text(CodeId, number)}")


async def code_shown(visit: Visit) -> Response:
    """Show a code for one payment, and its receipt as soon as it is paid."""
    number = CodeId(path_id(visit, CodeId))
    known = await ask(visit.caravan, lambda house: transfers.code_of(house.transfers, number))
    if (known.buyer, known.seller) != _shows(visit):
        raise NotFound("There is no such code.")
    owner, public = await _owner(visit), ids.text(CodeId, number)
    amount = Money(known.amount_minor, alphabetic(known.unit))
    payload = wallets.payload_of(visit.caravan, owner._replace(amount=amount, reference=known.reference, code=public))
    found = await _receipts(visit, "number = ?", (known.transfer,), 1) if known.transfer else []
    return await visit.show(
        "code_shown.html", drawing=_drawn(payload), payload=payload, name=owner.name, amount=amount,
        reference=known.reference, state=transfers.code_state(known, now=visit.caravan.clock.now()),
        expires_at=known.expires_at, link=f"{visit.request.base_url}pay/{public}", receipt=found[0] if found else None,
        back=f"{_area(visit)}/code",
    )  # fmt: skip


async def _owner(visit: Visit) -> wallets.Shown:
    buyer, seller = _shows(visit)
    currency = visit.shop.market().currency
    return await wallets.owner_of_codes(visit.caravan, buyer=buyer, seller=seller, currency=currency)


def _shows(visit: Visit) -> tuple[BuyerId, SellerId]:
    return (BuyerId(0), visit.seller) if visit.area == "seller" else (visit.buyer, SellerId(0))


def _area(visit: Visit) -> str:
    return "/sell" if visit.area == "seller" else "/my"


def _drawn(payload: str) -> Markup:
    # Drawn by us of black squares alone: there is no text in it.
    return Markup(wallets.drawing_of(payload))  # noqa: S704


# Names and limits.


async def names(visit: Visit) -> Response:
    """Show by which names one is found, and what one may send."""
    return await _show_names(visit, {})


async def _show_names(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    known = await ask(visit.caravan, lambda house: house.transfers.names.get(visit.buyer, transfers.Names()))
    told = await run_in_threadpool(wallets.known_names, visit.caravan, known)
    form = {"handle": told.handle, "phone": told.phone} | visit.form.fields
    return await visit.show(
        "names.html", status=status, form=form, wrong=wrong, limits=await _limits(visit),
        is_phone_proven=bool(known.phone_mark) and known.proven.get("phone") == known.phone_mark,
    )  # fmt: skip


async def set_names(visit: Visit) -> Response:
    """Say by which names one is found."""
    form = visit.form
    try:
        wanted = wallets.Known(form.text("handle", is_needed=False), form.text("phone", is_needed=False))
        known = await ask(visit.caravan, lambda house: identity.buyer_of(house.identity, visit.buyer))
        await do(visit.caravan, flow.set_names, await run_in_threadpool(wallets.naming, visit.caravan, known, wanted))
    except Invalid as refusal:
        return await _show_names(visit, wrong_field(refusal), 422)
    except transfers.NameTaken as refusal:
        return await _show_names(visit, {"handle": str(refusal)}, 422)
    return visit.go("/my/names", "named")


async def prove(visit: Visit) -> Response:
    """Take what was sent to an address as the proof that it is one's own."""
    kind, shown = visit.form.text("kind", longest=5), visit.form.text("proof", longest=100, is_needed=False)
    visit.shop.limit_payees(visit.buyer)
    try:
        proof = await ask(visit.caravan, wallets.proof_wanted, visit.buyer, "phone" if kind == "phone" else "email")
        wallets.check_proof(visit.caravan, proof, shown)
        await do(visit.caravan, flow.prove_address, proof)
    except (transfers.NotProven, NotFound) as refusal:
        return await _show_names(visit, {"proof": str(refusal)}, 422)
    return visit.go("/my/names", "proven")


class Limit(NamedTuple):
    """One limit as a page shows it."""

    name: str
    whole: Money
    left: Money


async def _limits(visit: Visit) -> tuple[str, list[Limit]]:
    currency = visit.shop.market().currency

    def look(house: House) -> tuple[str, list[Limit]]:
        level = flow.level_of(house, visit.buyer)
        left = transfers.allowances(
            house.transfers, flow.limits_of(house), buyer=visit.buyer, level=level, now=visit.caravan.clock.now()
        )
        shown = [Limit(one.limit, Money(one.whole_minor, currency), Money(one.left_minor, currency)) for one in left]
        return level.name.lower(), shown

    looked: tuple[str, list[Limit]] = await ask(visit.caravan, look)
    return looked


def _wrong(visit: Visit, refusal: Refusal) -> dict[str, str]:
    """Say beside which field a refusal belongs."""
    if isinstance(refusal, transfers.TransferLimitReached):
        left = Money(int(str(refusal.details["left_minor"])), str(refusal.details["currency"]))
        return {
            "amount": f"This is more than you may send. Left for this {refusal.details['limit']}: {visit.formats.money(left)}."
        }
    return wrong_field(refusal) or {"to": str(refusal)}


def _is_of(refusal: Refusal, field: str) -> bool:
    return refusal.details.get("field") == field
