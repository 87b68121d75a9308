"""Operations on people: buyers register and are forgotten, addresses, log in, tokens."""

from http import HTTPStatus

from caravan.client import wire
from caravan.flows import consents, people
from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.clock import iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AddressId, BuyerId, SellerId
from caravan.web import access
from caravan.web.api import resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, SELLER, Operation
from caravan.web.api.problems import MissingScope, TooManyRequests, Unauthenticated

_SUBJECTS = {"buyer": BuyerId, "seller": SellerId}


async def register_buyer(call: Call) -> Reply:
    """Register; the person's data is sealed before the cell hears of it."""
    call.limit("registrations", call.address)
    new: wire.NewBuyer = call.body
    place = access.Place(**_place(new.address)) if new.address else None
    registration = access.Registration(new.name, new.email, new.password, new.country, place)
    wanted = await access.new_buyer(call.caravan, registration)
    return await call.do(people.register_buyers, [wanted], lambda house, made: resources.buyer(house, made[0]))


async def show_me(call: Call) -> Reply:
    """Show a buyer what is known of them."""
    known = await call.ask(_buyer, call.buyer)
    contact = access.contact_of(call.caravan, known)
    return call.say(
        wire.Me(
            id=ids.text(BuyerId, call.buyer), name=contact.name if contact else "",
            email=contact.email if contact else "", country=known.country, registered_at=iso(known.registered_at),
        )
    )  # fmt: skip


async def list_own_consents(call: Call) -> Reply:
    """List every purpose that the buyer who calls is known or looked for by, and where it stands."""
    return call.say(await call.ask(_consents, call.buyer))


async def say_consent(call: Call) -> Reply:
    """Allow a purpose, or forbid it: profiles, segments, suggestions and subscribers follow at once."""
    new: wire.NewConsent = call.body
    return await call.do(consents.say_consent, consents.Saying(call.buyer, new.purpose, new.granted), _consents)


def _consents(house: House, buyer: BuyerId) -> wire.OwnConsents:
    return wire.OwnConsents(
        data=[
            wire.OwnConsent(purpose=one.purpose, stands=one.stands, elsewhere=one.is_elsewhere)
            for one in consents.choices(house, buyer)
        ]
    )


async def forget_me(call: Call) -> Reply:
    """Erase the buyer who calls."""
    await access.forget(call.caravan, call.buyer)
    return call.say(None)


async def list_addresses(call: Call) -> Reply:
    """Show a buyer their places."""
    shown = []
    for number, known in await call.ask(_addresses, call.buyer):
        address = address_of(call, number, known)
        shown += [address] if address else []
    return call.say(wire.Page[wire.Address](data=shown, has_more=False, next=None))


async def add_address(call: Call) -> Reply:
    """Seal a place and give it a number. The answer says no more than that: it is kept in the log."""
    place = access.Place(**_place(call.body))
    wanted = await access.new_address(call.caravan, call.buyer, place)
    return await call.do(
        people.add_address,
        wanted,
        lambda _, number: wire.NewAddress(id=ids.text(AddressId, number), country=place.country),
    )


async def make_token(call: Call) -> Reply:
    """Log in; or, as the operator, make a token for a subject."""
    new: wire.NewToken = call.body
    if new.email or new.password:
        return await _log_in(call, new)
    if call.bearer is None:
        raise Unauthenticated("Log in with an e-mail address and a password.")
    if not call.is_operator or "tokens:write" not in call.bearer.scopes:
        raise MissingScope("Only the operator makes tokens for others.", scope="tokens:write")
    subject = 0
    if new.audience != "operator":
        kind = _SUBJECTS[new.audience]
        if new.subject is None:
            raise Invalid("A seller's or a buyer's token needs its subject.", field="subject")
        subject = ids.number(kind, new.subject)
        await call.ask(_known, new.audience, subject)
    token, wanted = access.new_token(
        call.caravan, audience=new.audience, subject=subject, scopes=new.scopes, days=new.days
    )
    await call.do(people.issue_token, wanted, lambda _house, _hash: None)
    return call.say(_token(token, wanted))


async def _log_in(call: Call, new: wire.NewToken) -> Reply:
    call.limit("logins", call.address)
    call.limit("logins by e-mail", (new.audience, new.email.strip().lower()))
    if new.scopes or new.subject or new.days:
        raise Invalid("A login takes an audience, an e-mail address and a password.", field="subject")
    token = await access.log_in(call.caravan, audience=new.audience, email=new.email, password=new.password)
    bearer = await access.bearer_of(call.caravan, token)
    assert bearer is not None, "A token that was just made is good."
    days = call.caravan.settings.token_days
    made = people.NewToken(b"", bearer.audience, bearer.subject, tuple(sorted(bearer.scopes)), _in_days(call, days))
    return call.say(_token(token, made))


def _in_days(call: Call, days: int) -> int:
    return call.now + days * 86_400_000_000


async def show_token(call: Call) -> Reply:
    """Tell whose token this is."""
    assert call.bearer is not None
    bearer = call.bearer
    return call.say(
        wire.Bearer(
            audience=bearer.audience,  # type: ignore[arg-type]
            subject=_subject(bearer.audience, bearer.subject),
            scopes=sorted(bearer.scopes),
        )
    )


async def revoke_token(call: Call) -> Reply:
    """Make the token that calls good for nothing."""
    await access.revoke_token(call.caravan, call.token)
    return call.say(None)


def address_of(call: Call, number: AddressId, known: identity.Address) -> wire.Address | None:
    """Open an address for whoever may read it; None when its buyer was forgotten. Never call it in a command."""
    place = access.place_of(call.caravan, known)
    if place is None:
        return None
    return wire.Address(
        id=ids.text(AddressId, number), name=place.name, line1=place.line1, line2=place.line2, city=place.city,
        postcode=place.postcode, country=place.country, region=place.region,
    )  # fmt: skip


def _place(place: wire.Place) -> dict[str, str]:
    return {name: getattr(place, name) for name in ("name", "line1", "line2", "city", "postcode", "country", "region")}


def _buyer(house: House, number: BuyerId) -> identity.Buyer:
    return identity.buyer_of(house.identity, number)


def _addresses(house: House, number: BuyerId) -> list[tuple[AddressId, identity.Address]]:
    known = identity.buyer_of(house.identity, number)
    return [(address, house.identity.addresses[address]) for address in known.addresses]


def _known(house: House, audience: str, subject: int) -> None:
    people_of = house.identity.buyers if audience == "buyer" else house.partners.sellers
    if not 0 < subject < len(people_of) or (audience == "buyer" and house.identity.buyers[subject].is_forgotten):
        raise NotFound(f"There is no such {audience}.")


def _subject(audience: str, number: int) -> str | None:
    return ids.text(_SUBJECTS[audience], number) if audience in _SUBJECTS else None


def _token(token: str, made: people.NewToken) -> wire.Token:
    return wire.Token(
        token=token,
        audience=made.audience,  # type: ignore[arg-type]
        subject=_subject(made.audience, made.subject),
        scopes=list(made.scopes),
        expires_at=iso(made.expires_at),
    )


_ANYBODY = (BUYER, SELLER, OPERATOR)

OPERATIONS = (
    Operation(
        method="POST", path="/v1/buyers", summary="Register to buy", handler=register_buyer, who=(PUBLIC,),
        request=wire.NewBuyer, response=wire.Buyer, status=HTTPStatus.CREATED, key="optional", is_personal=True,
        refusals=(identity.EmailTaken, Invalid, TooManyRequests),
    ),
    Operation(
        method="GET", path="/v1/buyers/me", summary="Show what is known of me", handler=show_me, who=(BUYER,),
        response=wire.Me,
    ),
    Operation(
        method="GET", path="/v1/buyers/me/consents", summary="List what I allow", handler=list_own_consents, who=(BUYER,),
        response=wire.OwnConsents,
    ),
    Operation(
        method="POST", path="/v1/buyers/me/consents", summary="Allow or forbid a purpose", handler=say_consent, who=(BUYER,),
        scope="buyers:write", request=wire.NewConsent, response=wire.OwnConsents, refusals=(Invalid,),
    ),
    Operation(
        method="DELETE", path="/v1/buyers/me", summary="Forget me", handler=forget_me, who=(BUYER,),
        scope="buyers:write", status=HTTPStatus.NO_CONTENT,
    ),
    Operation(
        method="GET", path="/v1/addresses", summary="List my addresses", handler=list_addresses, who=(BUYER,),
        scope="checkout:write", response=wire.Page[wire.Address],
    ),
    Operation(
        method="POST", path="/v1/addresses", summary="Add an address", handler=add_address, who=(BUYER,),
        scope="checkout:write", request=wire.Place, response=wire.NewAddress, status=HTTPStatus.CREATED,
        key="optional", is_personal=True, refusals=(Invalid,),
    ),
    Operation(
        method="POST", path="/v1/tokens", summary="Log in, or as the operator make a token", handler=make_token,
        who=(PUBLIC, *_ANYBODY), request=wire.NewToken, response=wire.Token, status=HTTPStatus.CREATED,
        refusals=(identity.WrongLogin, Unauthenticated, MissingScope, Invalid, NotFound, TooManyRequests),
    ),
    Operation(
        method="GET", path="/v1/tokens/current", summary="Show whose token this is", handler=show_token, who=_ANYBODY,
        response=wire.Bearer,
    ),
    Operation(
        method="DELETE", path="/v1/tokens/current", summary="Revoke this token", handler=revoke_token, who=_ANYBODY,
        status=HTTPStatus.NO_CONTENT,
    ),
)  # fmt: skip
