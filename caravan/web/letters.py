"""Letters: suggestions for a buyer who said yes to them, as text and HTML, with a way out that needs no login."""

import hmac
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency

from caravan.bootstrap import Caravan
from caravan.flows import consents, digests
from caravan.insight.identity import Buyer
from caravan.kernel import ids
from caravan.kernel.clock import DAY
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, ProductId
from caravan.kernel.money import Money, exponent
from caravan.web import access, suggesting
from caravan.web.reach import ask

_SURFACE = "digest"
_STYLE = "font-family:sans-serif;max-width:36em;margin:auto;color:#222"


class Letter(NamedTuple):
    """A letter to one buyer, and where they unsubscribe."""

    buyer: BuyerId
    email: str
    name: str
    subject: str
    text: str
    html: str
    unsubscribe: str
    suggestions: suggesting.Suggestions


class Letters(NamedTuple):
    """Some letters, the buyer that was looked at last, and whether that was the last of all."""

    letters: list[Letter]
    last: int
    is_all: bool


async def write(
    caravan: Caravan, *, site: str, after: int, letters: int, products: int, days: int, language: str
) -> Letters:  # fmt: skip
    """Write letters to the next buyers who said yes, none of whom was written to within so many days.

    What a letter shows is noted as shown before the letters are given away.
    """
    caravan.advice.wait_for(caravan.cell.position, timeout_s=1)
    found: digests.Recipients = await ask(caravan, digests.recipients, after, letters)
    written = []
    for buyer in found.buyers:
        owner = caravan.advice.tastes.buyers.get(buyer.buyer)
        is_soon = owner is not None and bool(owner.written_at) and caravan.clock.now() - owner.written_at < days * DAY
        contact = access.contact_of(caravan, buyer)
        if is_soon or contact is None or not contact.email:
            continue
        letter = await _letter(caravan, buyer, contact, site=site.rstrip("/"), products=products, language=language)
        written += [letter] if letter is not None else []
    for noted in caravan.noting.flush():
        noted.result()
    return Letters(written, found.last, found.is_all)


async def _letter(
    caravan: Caravan, buyer: Buyer, contact: access.Contact, *, site: str, products: int, language: str
) -> Letter | None:  # fmt: skip
    """Write one letter; none where nothing can be suggested."""
    mark = suggesting.mark_of(caravan, f"letters\n{buyer.buyer}")
    found = await suggesting.suggest(caravan, suggesting.Question(_SURFACE, (), mark, buyer.buyer, products))
    if not found.list:
        return None
    market = caravan.cell.house.markets.market
    name = market.name if market is not None else "Caravan"
    subject, out = f"{contact.name}, for you at {name}", f"{site}/unsubscribe?token={token_of(caravan, buyer.buyer)}"
    rows = [
        (one.offer.title, _money(one.offer.price, language), suggesting.REASONS[one.why],
         f"{site}/products/{ids.text(ProductId, one.offer.product)}?from={_SURFACE}.{place}")
        for place, one in enumerate(found.list)
    ]  # fmt: skip
    text, html = _text(contact.name, name, rows, out), _html(contact.name, name, rows, out)
    return Letter(buyer.buyer, contact.email, contact.name, subject, text, html, out, found)


def _money(money: Money, language: str) -> str:
    try:
        locale = Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    value = Decimal(money.amount).scaleb(-exponent(money.currency))
    return str(format_currency(value, money.currency, locale=locale))


def _text(to: str, market: str, rows: Sequence[tuple[str, str, str, str]], out: str) -> str:
    told = "\n\n".join(
        f"* {title}, {price} delivered ({reason.lower()})\n  {link}" for title, price, reason, link in rows
    )
    return f"Hello {to},\n\nthis may please you at {market}:\n\n{told}\n\nYou said that we may write to you. Not any more? {out}\n"


def _html(to: str, market: str, rows: Sequence[tuple[str, str, str, str]], out: str) -> str:
    told = "".join(
        f'<li style="margin:1em 0"><a href="{escape(link)}">{escape(title)}</a><br><strong>{escape(price)}</strong> delivered'
        f'<br><span style="color:#666">{escape(reason)}</span></li>'
        for title, price, reason, link in rows
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(market)}</title><body style="{_STYLE}">'
        f"<p>Hello {escape(to)},</p><p>this may please you at {escape(market)}:</p><ul>{told}</ul>"
        f'<p style="color:#666">You said that we may write to you. <a href="{escape(out)}">Not any more?</a></p></body></html>'
    )


def token_of(caravan: Caravan, buyer: BuyerId) -> str:
    """Give the token by which whoever has a letter unsubscribes its buyer, and can do nothing else."""
    name = ids.text(BuyerId, buyer)
    return f"{name}.{_signature(caravan, name)}"


def buyer_of(caravan: Caravan, token: str) -> BuyerId:
    """Give the buyer whom a token unsubscribes. Refuses one that was not made here."""
    name, _, signature = token.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(caravan, name).encode()):
        raise NotFound("This link is not one of ours. Log in to say what you allow.")
    return BuyerId(ids.number(BuyerId, name))


def _signature(caravan: Caravan, name: str) -> str:
    return caravan.vault.mark(f"unsubscribe {consents.DIGEST}\n{name}").hex()
