"""What you can ask identity: who a buyer is, whose a token is, who may log in."""

from caravan.insight.identity.model import Address, Buyer, Identity, Login, Token
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import AddressId, BuyerId


def buyer_of(identity: Identity, buyer: BuyerId) -> Buyer:
    """Give a buyer. Refuses an unknown one with NotFound."""
    if not 0 < buyer < len(identity.buyers):
        raise NotFound("There is no such buyer.")
    return identity.buyers[buyer]


def address_of(identity: Identity, address: AddressId) -> Address:
    """Give an address. Refuses an unknown one with NotFound."""
    if not 0 < address < len(identity.addresses):
        raise NotFound("There is no such address.")
    return identity.addresses[address]


def token_of(identity: Identity, token_hash: bytes, *, now: int) -> Token | None:
    """Tell whose a token is; None when it is unknown or too old."""
    token = identity.tokens.get(token_hash)
    return token if token is not None and token.expires_at > now else None


def login_of(identity: Identity, *, audience: str, email_mark: bytes) -> Login | None:
    """Tell who may log in with an e-mail address."""
    return identity.logins.get((audience, email_mark))
