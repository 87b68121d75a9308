"""Operations on identities: who is who, what ties them, what they allow, and what waits for somebody to decide."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.concurrency import run_in_threadpool

from caravan.client import wire
from caravan.flows import identities, lookalikes
from caravan.flows.house import House
from caravan.insight import likeness, oneid
from caravan.kernel import ids
from caravan.kernel.clock import Instant, iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import IdentityId, ProposalId, TieId
from caravan.web.api import cursors
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import OPERATOR, Operation

_Number = Annotated[int, Meta(ge=0, le=2**62)]
_STATES = ("", "tied", "undone", "withheld")
_READ, _WRITE = "identities:read", "identities:write"
_BITS_MAX = 60.0


async def observe(call: Call) -> Reply:
    """Tie identifiers that were certainly of one person, within the limits of each type."""
    new: wire.NewObservations = call.body
    seen = _marked(call, [one.identifiers for one in new.data], [one.source for one in new.data])
    return await call.do(
        identities.observe_together,
        seen,
        lambda _, found: wire.Observed(data=[_id(one) for one in found.tolist()]),
        is_many=True,
    )


async def resolve(call: Call) -> Reply:
    """Say who is meant: for certain by an identifier, or else whom a record resembles, and why."""
    who: wire.Who = call.body
    if not who.identifiers and not who.record:
        raise Invalid("Name an identifier or a record.", field="identifiers")
    found = 0
    if who.identifiers:
        seen = _marked(call, [who.identifiers], [""])
        each = await call.ask(lambda house: oneid.identify(house.oneid, seen.types, seen.highs, seen.lows))
        found = next((one for one in each.tolist() if one), 0)
    alike: list[wire.Resemblance] = []
    if not found and who.record:
        caravan = call.caravan
        known = await run_in_threadpool(caravan.people.ask, caravan.cell, caravan.vault, who.record)
        alike = await call.ask(lambda house: [_resemblance(house, number, one) for number, one in known])
    return call.say(wire.Recognized(identity=_id(found) if found else None, alike=alike))


def _resemblance(house: House, number: int, alike: likeness.Alike) -> wire.Resemblance:
    odds = max(-_BITS_MAX, min(alike.odds, _BITS_MAX))
    return wire.Resemblance(
        identity=_id(int(house.oneid.whole[0][number])), odds=alike.odds,
        probability=round(1.0 / (1.0 + 2.0**-odds), 6), is_automatic=alike.odds > likeness.AUTOMATIC,
        evidence=[wire.Evidence(field=one.field, level=one.level, bits=one.bits) for one in alike.evidence],
    )  # fmt: skip


async def show_identity(call: Call) -> Reply:
    """Show an identity: its identifiers, every tie past and present, and what it allows."""
    return call.say(await call.ask(identity_shown, call.ids["identity"]))


async def tie_identities(call: Call) -> Reply:
    """Make two identities one because somebody says so, also after a split."""
    new: wire.NewIdentityTie = call.body
    left, right = (ids.number(IdentityId, one) for one in (new.left, new.right))
    return await call.do(identities.tie_by_hand, identities.NewTie(left, right, new.why), identity_shown)


async def split_identity(call: Call) -> Reply:
    """Undo ties of an identity; the answer is the identities that were there before."""
    new: wire.NewSplit = call.body
    ties = tuple(ids.number(TieId, one) for one in new.ties)
    own = {one.tie for one in (await call.ask(_identity, call.ids["identity"])).ties}
    if not own.issuperset(ties):
        raise NotFound("These are not all ties of this identity.")

    def show(house: House, found: Sequence[int]) -> wire.Page[wire.Identity]:
        shown = [identity_shown(house, one) for one in found]
        return wire.Page[wire.Identity](data=shown, has_more=False, next=None)

    return await call.do(identities.split_identity, identities.Split(ties, new.why), show)


async def forget_identity(call: Call) -> Reply:
    """Erase a person: their identifiers are known no more, and the keys of their records are destroyed."""
    caravan = call.caravan
    await run_in_threadpool(lookalikes.forget, caravan.cell, caravan.vault, call.ids["identity"])
    return call.say(None)


async def state_consent(call: Call) -> Reply:
    """Note what somebody allows or forbids; whoever is tied to them is bound by what is forbidden."""
    new: wire.NewStatement = call.body
    seen = _marked(call, [[new.identifier]], [new.source])
    wanted = identities.NewConsent(seen, new.purpose, new.granted)
    return await call.do(identities.state_consent, wanted, identity_shown)


async def list_proposals(call: Call) -> Reply:
    """Show records that may be one person and wait for somebody to decide."""
    query: wire.Paging = call.query
    after = cursors.read(query.after, _Number) or 0
    found = await call.ask(lambda house: oneid.waiting(house.oneid, after=after, limit=query.limit + 1))
    shown, has_more = found[: query.limit], len(found) > query.limit
    return call.say(
        wire.Page[wire.Proposal](
            data=[_proposal(number, one) for number, one in shown], has_more=has_more,
            next=cursors.write(shown[-1][0]) if has_more else None,
        )
    )  # fmt: skip


async def decide_proposal(call: Call) -> Reply:
    """Accept a proposal, which ties its two records, or reject it."""
    verdict = identities.Verdict(call.ids["proposal"], call.body.accept)
    return await call.do(
        identities.decide_proposal, verdict, lambda house, number: _proposal(number, house.oneid.proposals[number])
    )


def identity_shown(house: House, number: int) -> wire.Identity:
    """Show an identity."""
    known = _identity(house, number)
    return wire.Identity(
        id=_id(known.identity),
        identifiers=[wire.KnownIdentifier(id=_id(one), type=kind.name.lower()) for one, kind in known.identifiers],  # type: ignore[arg-type]
        certain=[_id(one) for one in known.certain],
        ties=[_tie(one) for one in known.ties],
        consents=[wire.Consent(purpose=one.purpose, granted=one.is_granted) for one in known.consents],
    )


def _identity(house: House, number: int) -> oneid.Identity:
    return oneid.identity_of(house.oneid, number)


def _tie(one: oneid.Tie) -> wire.IdentityTie:
    evidence = evidence_of(one.evidence)
    return wire.IdentityTie(
        id=ids.text(TieId, one.tie), left=_id(one.left), right=_id(one.right), is_certain=one.is_certain,
        state=_STATES[one.state], at=iso(Instant(one.at)), source=one.source, odds=one.odds_milli / 1_000,  # type: ignore[arg-type]
        evidence=evidence, why="" if evidence else one.evidence,
    )  # fmt: skip


def _proposal(number: int, one: oneid.Proposal) -> wire.Proposal:
    return wire.Proposal(
        id=ids.text(ProposalId, number), left=_id(one.left), right=_id(one.right), odds=one.odds_milli / 1_000,
        evidence=evidence_of(one.evidence),
    )  # fmt: skip


def evidence_of(written: str) -> list[wire.Evidence]:
    """Read what was written down as evidence; nothing where it is a sentence of somebody."""
    try:
        rows = msgspec.json.decode(written or "[]", type=list[tuple[str, str, float]])
    except msgspec.DecodeError:
        return []
    return [wire.Evidence(field=field, level=level, bits=bits) for field, level, bits in rows]


def _marked(call: Call, groups: Sequence[Sequence[wire.Identifier]], sources: Sequence[str]) -> oneid.Observations:
    typed = [[(oneid.Type[one.type.upper()], one.value) for one in group] for group in groups]
    return lookalikes.marked(call.caravan.vault, typed, sources)


def _id(number: int) -> str:
    return ids.text(IdentityId, number)


OPERATIONS = (
    Operation(
        method="POST", path="/v1/identities/observations", summary="Tie what was seen together", handler=observe,
        who=(OPERATOR,), scope=_WRITE, request=wire.NewObservations, response=wire.Observed, key="optional",
        is_personal=True, refusals=(Invalid, oneid.BlockedValue),
    ),
    Operation(
        method="POST", path="/v1/identities/resolve", summary="Who is this?", handler=resolve, who=(OPERATOR,),
        scope=_READ, request=wire.Who, response=wire.Recognized, is_personal=True,
        refusals=(Invalid, oneid.BlockedValue),
    ),
    Operation(
        method="POST", path="/v1/identities/ties", summary="Make two identities one", handler=tie_identities,
        who=(OPERATOR,), scope=_WRITE, request=wire.NewIdentityTie, response=wire.Identity, key="optional",
        refusals=(Invalid, NotFound, oneid.LimitBroken),
    ),
    Operation(
        method="POST", path="/v1/identities/consents", summary="State what somebody allows", handler=state_consent,
        who=(OPERATOR,), scope=_WRITE, request=wire.NewStatement, response=wire.Identity, key="optional",
        is_personal=True, refusals=(Invalid, oneid.BlockedValue),
    ),
    Operation(
        method="GET", path="/v1/identities/proposals", summary="List what waits for somebody to decide",
        handler=list_proposals, who=(OPERATOR,), scope=_READ, query=wire.Paging, response=wire.Page[wire.Proposal],
    ),
    Operation(
        method="POST", path="/v1/identities/proposals/{proposal}/decide", summary="Decide a proposal",
        handler=decide_proposal, who=(OPERATOR,), scope=_WRITE, request=wire.NewVerdict, response=wire.Proposal,
        key="optional", refusals=(NotFound, oneid.ProposalDecidedAlready, oneid.LimitBroken),
    ),
    Operation(
        method="GET", path="/v1/identities/{identity}", summary="Show an identity", handler=show_identity,
        who=(OPERATOR,), scope=_READ, response=wire.Identity, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/identities/{identity}/split", summary="Split an identity", handler=split_identity,
        who=(OPERATOR,), scope=_WRITE, request=wire.NewSplit, response=wire.Page[wire.Identity], key="optional",
        refusals=(Invalid, NotFound),
    ),
    Operation(
        method="DELETE", path="/v1/identities/{identity}", summary="Forget a person", handler=forget_identity,
        who=(OPERATOR,), scope=_WRITE, status=HTTPStatus.NO_CONTENT, refusals=(NotFound,),
    ),
)  # fmt: skip
