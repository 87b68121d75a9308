"""What the doors to wallets share: people found by what was typed, notes sealed and opened, codes written, drawn and read."""

import hmac
import re
import unicodedata
from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

import msgspec
import segno
from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import Caravan
from caravan.flows.house import House
from caravan.flows.transfers import Naming, Payee, PayeeUnknown, Proof, Sending, address_mark
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.clock import DAY
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId, CodeId, RequestId, SellerId
from caravan.kernel.money import Money
from caravan.trade import qr, transfers
from caravan.web.access import contact_of, normal_email
from caravan.web.reach import ask
from caravan.world import partners

NOTE_CHARACTERS_MAX = 200
PAYLOAD_CHARACTERS_MAX = 512
PROOF_LASTS = 2 * DAY
_HANDLE = re.compile(r"[a-z0-9][a-z0-9_.]{2,29}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_MARK_DIGITS = 8
_QUIET_MODULES = 4  # The standard's margin, without which scanners miss a code.


class Known(msgspec.Struct, frozen=True):
    """The names by which somebody wants to be found, as they are sealed."""

    handle: str = ""
    phone: str = ""


def payee_of(caravan: Caravan, typed: str) -> Payee:
    """Tell who is meant by a handle, an e-mail address or a phone number. Refuses what is none of these."""
    text = typed.strip()
    if text.startswith("+"):
        return Payee("phone", _mark(caravan, "phone", normal_phone(text, field="to")))
    if "@" in text.removeprefix("@"):
        try:
            return Payee("email", caravan.vault.mark(normal_email(text)))
        except Invalid as refusal:
            raise Invalid(str(refusal), field="to") from None
    return Payee("handle", _mark(caravan, "handle", normal_handle(text, field="to")))


def naming(caravan: Caravan, buyer: identity.Buyer, known: Known) -> Naming:
    """Seal the names by which a buyer wants to be found. Refuses what can be none."""
    handle = normal_handle(known.handle, field="handle") if known.handle.strip() else ""
    phone = normal_phone(known.phone, field="phone") if known.phone.strip() else ""
    (sealed,) = caravan.vault.seal_each([msgspec.json.encode(Known(handle, phone))], like=[buyer.contact])
    marks = [_mark(caravan, kind, text) if text else b"" for kind, text in (("handle", handle), ("phone", phone))]
    return Naming(buyer.buyer, marks[0], marks[1], sealed)


def normal_handle(text: str, *, field: str) -> str:
    """Give a handle in the form in which it is compared. Refuses what is none."""
    handle = text.strip().removeprefix("@").lower()
    if not _HANDLE.fullmatch(handle):
        raise Invalid("A handle has 3 to 30 letters a-z, digits, points and underscores.", field=field)
    return handle


def normal_phone(text: str, *, field: str) -> str:
    """Give a phone number with its country and without spaces. Refuses what is none."""
    phone = re.sub(r"[\s()./-]", "", text)
    if not _PHONE.fullmatch(phone):
        raise Invalid("A phone number begins with + and its country, such as +351 912 345 678.", field=field)
    return phone


def _mark(caravan: Caravan, kind: str, text: str) -> bytes:
    # The line break keeps these apart from e-mail addresses, which the vault marks with the same key.
    return caravan.vault.mark(f"{kind}\n{text}")


def known_names(caravan: Caravan, names: transfers.Names) -> Known:
    """Open the names by which somebody is found; empty where there are none, or they were forgotten."""
    plain = caravan.vault.unseal(names.sealed) if names.sealed else None
    return msgspec.json.decode(plain, type=Known) if plain else Known()


def seal_note(caravan: Caravan, buyer: identity.Buyer, text: str) -> bytes:
    """Seal what somebody wrote beside a transfer, with their own key. Refuses more than fits."""
    note = text.strip()
    if len(note) > NOTE_CHARACTERS_MAX:
        raise Invalid(f"A note has at most {NOTE_CHARACTERS_MAX} characters.", field="note")
    return caravan.vault.seal_each([note.encode()], like=[buyer.contact])[0] if note else b""


def open_note(caravan: Caravan, sealed: bytes) -> str:
    """Give a note to whoever may read it; nothing where its writer was forgotten."""
    return (caravan.vault.unseal(sealed) or b"").decode() if sealed else ""


def short_name(caravan: Caravan, buyer: identity.Buyer) -> str:
    """Give a person's name as others are shown it: "Ana S."."""
    contact = contact_of(caravan, buyer)
    first, *rest = contact.name.split() if contact and contact.name.strip() else ["Somebody"]
    return f"{first} {rest[-1][0]}." if rest else first


async def names_of(caravan: Caravan, parties: Sequence[tuple[str, int]]) -> list[str]:
    """Give the names of buyers and sellers as the other side is shown them."""
    known = await ask(caravan, _parties, parties)
    return await run_in_threadpool(lambda: [one if isinstance(one, str) else short_name(caravan, one) for one in known])


def _parties(house: House, parties: Sequence[tuple[str, int]]) -> list[str | identity.Buyer]:
    return [
        partners.seller_of(house.partners, SellerId(number)).name
        if kind == "seller"
        else identity.buyer_of(house.identity, BuyerId(number))
        for kind, number in parties
    ]


# Proofs that an address is somebody's.


def proof_of(caravan: Caravan, proof: Proof) -> str:
    """Give what is sent to an address, for whoever reads it there to show: good for two days, and for that address."""
    until = f"{caravan.clock.now() + PROOF_LASTS:x}"
    return f"{until}-{_signature(caravan, proof, until)}"


def check_proof(caravan: Caravan, proof: Proof, shown: str) -> None:
    """Refuse a proof that is another's, of another address, or too old, as NotProven."""
    until, _, signature = shown.strip().partition("-")
    is_right = hmac.compare_digest(signature.encode(), _signature(caravan, proof, until).encode())
    if not is_right or int(until, 16) < caravan.clock.now():
        raise transfers.NotProven


def _signature(caravan: Caravan, proof: Proof, until: str) -> str:
    return caravan.vault.mark(f"proof\n{proof.buyer}\n{proof.kind}\n{proof.mark.hex()}\n{until}").hex()


def proof_wanted(house: House, buyer: BuyerId, kind: str) -> Proof:
    """Say what has to be proven. Refuses where nothing was given."""
    return Proof(buyer, kind, address_mark(house, buyer, kind))


# Codes.


class Shown(NamedTuple):
    """Who shows a code, and what for: a static one has no amount and no number."""

    account: str
    name: str
    city: str
    country: str
    currency: str
    amount: Money | None = None
    reference: str = ""
    code: str = ""


async def owner_of_codes(caravan: Caravan, *, buyer: BuyerId, seller: SellerId, currency: str) -> Shown:
    """Say who shows codes: a seller by their name and place, a person by their short name."""
    if seller:
        shop = await ask(caravan, lambda house: partners.seller_of(house.partners, seller))
        return Shown(ids.text(SellerId, seller), shop.name, shop.city, shop.country, currency)
    known = await ask(caravan, lambda house: identity.buyer_of(house.identity, buyer))
    name = await run_in_threadpool(short_name, caravan, known)
    return Shown(ids.text(BuyerId, buyer), name, "", known.country, currency)


def payload_of(caravan: Caravan, shown: Shown) -> str:
    """Write a code in EMVCo's format. What does not fit into its fields is cut, for scanners show it and no more."""
    return qr.make(
        name=_fitting(shown.name, qr.NAME_CHARACTERS_MAX) or "Caravan",
        city=_fitting(shown.city, qr.CITY_CHARACTERS_MAX) or shown.country, country=shown.country,
        currency=shown.currency, account=shown.account, amount=shown.amount, reference=shown.reference,
        code=shown.code, market=_market(caravan),
    )  # fmt: skip


def _fitting(text: str, longest: int) -> str:
    """Give text in the letters that every scanner knows: accents go, and what has no such letters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(plain.split())[:longest].strip()


def check_reference(text: str) -> str:
    """Give a reference for a code. Refuses one that scanners could not show."""
    reference = text.strip()
    if _fitting(reference, qr.REFERENCE_CHARACTERS_MAX) != reference:
        raise Invalid(f"A reference has at most {qr.REFERENCE_CHARACTERS_MAX} plain letters.", field="reference")
    return reference


def _market(caravan: Caravan) -> str:
    return caravan.vault.mark("market\n").hex()[:_MARK_DIGITS]


def drawing_of(payload: str) -> str:
    """Draw a code as SVG that fits wherever it is put, dark on light whatever the page looks like."""
    drawn = BytesIO()
    code = segno.make(payload, micro=False, error="m")
    code.save(
        drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=_QUIET_MODULES, dark="#000", light="#fff",
        svgclass="qr", lineclass=None,
    )  # fmt: skip
    return drawn.getvalue().decode().strip()


def scanned(caravan: Caravan, payload: str, *, payer: BuyerId, amount: Money | None) -> Sending:
    """Read what a scanner read as a wish to pay. Refuses foreign codes as ForeignCode, broken ones as UnreadableQr."""
    told = qr.understand(qr.decode(payload.strip()))
    ours = qr.our_account(told)
    if ours.market and ours.market != _market(caravan):
        raise qr.ForeignCode("This code was made in another market of Caravan, and is paid there.", schemes="")
    if told.amount is not None and not ours.code:
        raise qr.UnreadableQr("A code with an amount has a number, so that it is paid once.", field="26.02")
    if told.amount is not None and amount is not None and amount != told.amount:
        raise Invalid("The code asks for another amount.", field="amount")
    wanted = told.amount or amount or Money(0, told.currency)
    to = linked(ours.code or ours.account, payer=payer)
    return to._replace(currency=wanted.currency, amount_minor=wanted.amount, reference=told.reference)


def linked(public: str, *, payer: BuyerId) -> Sending:
    """Read the end of a link to pay: a code's number, or whose wallet or balance. Refuses others as PayeeUnknown."""
    for prefix, kind in (("qrc_", CodeId), ("mrq_", RequestId), ("sel_", SellerId), ("buy_", BuyerId)):
        if not public.startswith(prefix):
            continue
        try:
            number = ids.number(kind, public)
        except Invalid:
            raise PayeeUnknown from None
        nothing = Sending(payer, Payee(""), "", 0)
        if kind is CodeId:
            return nothing._replace(code=CodeId(number))
        if kind is RequestId:
            return nothing._replace(request=RequestId(number))
        return nothing._replace(to=Payee("seller" if kind is SellerId else "buyer", number=number))
    raise PayeeUnknown
