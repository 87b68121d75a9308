"""Identity: who somebody is, and by which token they are known. Personal data is sealed before it gets here.

Always: a token is known by its hash alone; an e-mail address by a keyed mark; what was sealed for somebody who is
forgotten can't be read again.
"""

from caravan.insight.identity.commands import (
    EmailTaken,
    WrongLogin,
    add_address,
    forget,
    issue_token,
    register_buyer,
    revoke_token,
    set_password,
)
from caravan.insight.identity.model import Address, Buyer, Identity, Login, Token
from caravan.insight.identity.ports import Vault
from caravan.insight.identity.queries import address_of, buyer_of, login_of, token_of

__all__ = [
    "Address",
    "Buyer",
    "EmailTaken",
    "Identity",
    "Login",
    "Token",
    "Vault",
    "WrongLogin",
    "add_address",
    "address_of",
    "buyer_of",
    "forget",
    "issue_token",
    "login_of",
    "register_buyer",
    "revoke_token",
    "set_password",
    "token_of",
]
