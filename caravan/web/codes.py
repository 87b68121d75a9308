"""The codes of gift cards: a card's number with a proof that only the vault's key can make, so that none is kept anywhere."""

import hmac

from caravan.insight.identity import Vault
from caravan.kernel import ids
from caravan.kernel.ids import GiftCardId
from caravan.trade.payments import NoSuchGiftCard

_DIGITS = 16  # Of five bits each: 80 bits that nobody guesses.


def code_of(vault: Vault, card: GiftCardId) -> str:
    """Give a gift card's code: its number, and the proof, in fours."""
    number = ids.text(GiftCardId, card).partition("_")[2].lstrip("0")
    proof = _proof(vault, number)
    return "-".join([number, *(proof[place : place + 4] for place in range(0, _DIGITS, 4))])


def number_of(vault: Vault, code: str) -> GiftCardId:
    """Give the gift card of a code. Refuses one that is none."""
    number, _, proof = code.strip().upper().partition("-")
    is_sound = 0 < len(number) <= ids.DIGITS and set(number) <= set(ids.ALPHABET)
    if not is_sound or not hmac.compare_digest(proof.replace("-", "").encode(), _proof(vault, number).encode()):
        raise NoSuchGiftCard
    return GiftCardId(ids.number(GiftCardId, f"gft_{number:0>{ids.DIGITS}}"))


def _proof(vault: Vault, number: str) -> str:
    drawn = int.from_bytes(vault.mark(f"gift card\n{number}"), "big")
    return "".join(ids.ALPHABET[drawn >> 5 * place & 31] for place in range(_DIGITS))
