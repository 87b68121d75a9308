"""Operations on discovery: signals in, recommendations out, and the operator's rules about them."""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus

import msgspec
from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import Caravan
from caravan.client import wire
from caravan.flows import comparing, consents, discovering
from caravan.flows.house import House
from caravan.insight import discovery
from caravan.kernel import ids
from caravan.kernel.clock import DAY, iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, CartId, ProductId, SellerId
from caravan.web import letters, suggesting
from caravan.web.api import cursors
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, Operation

_SIGNALS = {
    "viewed": discovery.Signal.VIEWED, "clicked": discovery.Signal.CLICKED, "carted": discovery.Signal.CARTED,
}  # fmt: skip


async def note_signals(call: Call) -> Reply:
    """Note what a visitor did; the next recommendation knows of it."""
    new: wire.NewSignals = call.body
    call.limit("signals", call.address)
    if not new.has_consent or consents.forbids_suggestions(call.caravan.cell.house, call.buyer_if_any):
        return call.say(wire.SignalsNoted(noted=0))
    doings = tuple(_doing(one) for one in new.signals)
    call.caravan.noting.flush()  # What is clicked on was shown before.
    noted = discovering.Doings(suggesting.mark_of(call.caravan, new.visitor), call.buyer_if_any, doings)
    reply = await call.do(discovering.note_signals, noted, _noted, is_many=True)
    call.caravan.advice.wake()  # The visitor's next list is not to wait for it.
    return reply


def _doing(one: wire.NewSignal) -> discovering.Doing | discovering.Left:
    """Read a signal; refuses a look's end without its length, and a length of anything else."""
    product = ProductId(ids.number(ProductId, one.product))
    if (one.signal == "left") != (one.dwell_ms is not None):
        raise Invalid("How long a page was seen is said with the signal left, and only there.", field="dwell_ms")
    if one.dwell_ms is not None:
        return discovering.Left(product, one.dwell_ms)
    return discovering.Doing(product, _SIGNALS[one.signal], one.surface or "", one.position)


def _noted(_: House, count: int) -> wire.SignalsNoted:
    return wire.SignalsNoted(noted=count)


async def recommend(call: Call) -> Reply:
    """Give what may please, for a surface."""
    query: wire.RecommendationsQuery = call.query
    cart = query.cart and await call.ask(discovering.products_in, CartId(ids.number(CartId, query.cart)))
    question = question_of(call.caravan, query, call.buyer_if_any, in_cart=cart or ())
    return call.say(recommendations(query.surface, await suggesting.suggest(call.caravan, question)))


def question_of(
    caravan: Caravan, query: wire.RecommendationsQuery, buyer: BuyerId, *, in_cart: Sequence[ProductId] = ()
) -> suggesting.Question:  # fmt: skip
    """Give what a query asks for; refuses a product that there is none of, and a surface that lacks one."""
    about = [ProductId(ids.number(ProductId, query.product))] if query.product else []
    if any(not 0 < product < len(caravan.cell.house.catalog.products) for product in about):
        raise NotFound("There is no such product.")
    if query.surface in {"also_bought", "goes_with"} and not about:
        raise Invalid(f"{query.surface} is about a product: name it.", field="product")
    visitor, buyer = suggesting.who(caravan, query.visitor, buyer)
    return suggesting.Question(query.surface, (*about, *in_cart), visitor, buyer, query.limit)


def recommendations(surface: wire.Surface, found: suggesting.Suggestions) -> wire.Recommendations:
    """Give a list as it is sent."""
    return wire.Recommendations(surface=surface, version=found.version, data=_recommended(found))


def _recommended(found: suggesting.Suggestions) -> list[wire.Recommendation]:
    return [
        wire.Recommendation(
            id=ids.text(ProductId, one.offer.product), title=one.offer.title, category=one.offer.category,
            brand=one.offer.brand, price=one.offer.price, why=one.why,  # type: ignore[arg-type]
            because=ids.text(ProductId, one.because) if one.because else None, chance=round(one.chance, 6),
            probability=None if one.probability is None else round(one.probability, 6),
        )
        for one in found.list
    ]  # fmt: skip


async def write_digests(call: Call) -> Reply:
    """Write letters with suggestions to buyers who allowed them."""
    new: wire.NewDigests = call.body
    found = await letters.write(
        call.caravan, site=new.site, after=cursors.read(new.after, int) or 0, letters=new.limit, products=new.products,
        days=new.days, language=new.language,
    )  # fmt: skip
    return call.say(
        wire.Digests(
            data=[_digest(one) for one in found.letters], has_more=not found.is_all,
            next=None if found.is_all else cursors.write(found.last),
        )
    )  # fmt: skip


def _digest(letter: letters.Letter) -> wire.Digest:
    headers = {"List-Unsubscribe": f"<{letter.unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return wire.Digest(
        buyer=ids.text(BuyerId, letter.buyer), email=letter.email, name=letter.name, subject=letter.subject,
        text=letter.text, html=letter.html, headers=headers, version=letter.suggestions.version,
        data=_recommended(letter.suggestions),
    )  # fmt: skip


async def set_rule(call: Call) -> Reply:
    """Set or replace a rule."""
    new: wire.NewRule = call.body
    ends_at = call.now + new.days * DAY if new.days else 0
    if (new.effect == "weigh") != (new.weight is not None):
        raise Invalid("A rule that weighs says by weight how much, and no other one does.", field="weight")
    worth = new.boost if new.weight is None else new.weight
    rule = discovering.NewRule(
        new.rule, new.effect, new.target, _key(new), new.surface or "", round(worth * 1e6), ends_at
    )
    return await call.do(discovering.set_rule, rule, lambda _, made: _rule(discovery.Rule(**made._asdict())))


def _key(new: wire.NewRule) -> str:
    """Read a product's or a seller's id as the number that rules are kept by."""
    if new.target not in {"product", "seller"}:
        return new.key
    return str(ids.number(ProductId if new.target == "product" else SellerId, new.key))


def _rule(rule: discovery.Rule) -> wire.RecommendationRule:
    kinds = {"product": ProductId, "seller": SellerId}
    key = ids.text(kinds[rule.target], int(rule.key)) if rule.target in kinds else rule.key
    is_weight = rule.effect == "weigh"
    return wire.RecommendationRule(
        rule=rule.rule, effect=rule.effect, target=rule.target, key=key, surface=rule.surface or None,  # type: ignore[arg-type]
        boost=1.0 if is_weight else rule.worth_ppm / 1e6, weight=rule.worth_ppm / 1e6 if is_weight else None,
        ends_at=iso(rule.ends_at) if rule.ends_at else None,
    )  # fmt: skip


async def list_rules(call: Call) -> Reply:
    """Give all rules."""
    call.caravan.advice.wait_for(call.caravan.cell.position, timeout_s=1)
    rules = sorted(call.caravan.advice.tastes.rules.values(), key=lambda rule: rule.rule)
    return call.say(wire.RecommendationRules(data=[_rule(rule) for rule in rules]))


async def prove(call: Call) -> Reply:
    """Tell what personal lists have brought."""
    return call.say(await run_in_threadpool(_proof, call))


def _proof(call: Call) -> wire.RecommendationProof:
    found = suggesting.proof_of(call.caravan)
    shown = {
        name: round(getattr(found, name))
        for name in (
            "sales_minor", "influenced_minor", "incremental_minor", "incremental_low_minor", "incremental_high_minor",
        )
    }  # fmt: skip
    effects = [
        wire.ListEffect(verdict=one.verdict, **msgspec.structs.asdict(one))  # type: ignore[arg-type]
        for one in found.effects
    ]
    return wire.RecommendationProof(
        share_percent=found.share_ppm / 10_000, drawn_at=iso(found.drawn_at) if found.drawn_at else None,
        people=found.people, people_held_out=found.people_held_out, effects=effects, needed=found.needed,
        alarms=[wire.ListAlarm(name=one.name, says=one.says) for one in found.alarms], **shown,
    )  # fmt: skip


async def draw_hold_out(call: Call) -> Reply:
    """Draw a hold-out, in place of the one before."""
    return await call.do(discovering.draw_hold_out, call.body.share_percent, _held_out)


def _held_out(_: House, share_percent: int) -> wire.HoldOut:
    return wire.HoldOut(share_percent=share_percent)


async def list_comparisons(call: Call) -> Reply:
    """Tell what versions are compared, and what has come of it."""
    return call.say(await run_in_threadpool(_comparisons, call))


def _comparisons(call: Call) -> wire.VersionComparisons:
    for written in call.caravan.noting.flush():
        written.result()
    call.caravan.advice.wait_for(call.caravan.cell.position, timeout_s=1)
    return wire.VersionComparisons(data=[_comparison(told) for told in call.caravan.comparing.told(now=call.now)])


def _comparison(told: comparing.Told) -> wire.VersionComparison:
    return wire.VersionComparison(
        **{name: getattr(told, name) for name in told.__struct_fields__ if name != "begun_at"},
        begun_at=iso(told.begun_at),
    )


async def begin_comparison(call: Call) -> Reply:
    """Compare a version with the champion on live traffic."""
    new: wire.NewComparison = call.body
    await run_in_threadpool(
        partial(call.caravan.comparing.begin, new.about, new.version, share_percent=new.share_percent, by=new.by, now=call.now)
    )  # fmt: skip
    told = next(one for one in call.caravan.comparing.told(now=call.now) if one.about == new.about)
    return call.say(_comparison(told))


async def end_comparison(call: Call) -> Reply:
    """Compare no more."""
    await run_in_threadpool(call.caravan.comparing.end, call.body.about)
    return call.say(None)


async def promote_challenger(call: Call) -> Reply:
    """Let the challenger answer everybody."""
    version = await run_in_threadpool(call.caravan.comparing.promote, call.body.about)
    return call.say(wire.PromotedVersion(about=call.body.about, version=version))


async def lift_rule(call: Call) -> Reply:
    """Let a rule hold no more."""
    return await call.do(discovering.lift_rule, call.body.rule, lambda _, __: None)


OPERATIONS = (
    Operation(
        method="GET", path="/v1/comparisons", summary="Tell which versions are compared, and what came of it",
        handler=list_comparisons, who=(OPERATOR,), scope="market:write", response=wire.VersionComparisons,
    ),
    Operation(
        method="POST", path="/v1/comparisons", summary="Compare a version with the champion on live traffic",
        handler=begin_comparison, who=(OPERATOR,), scope="market:write", request=wire.NewComparison,
        response=wire.VersionComparison, status=HTTPStatus.CREATED, refusals=(Invalid, NotFound),
    ),
    Operation(
        method="POST", path="/v1/comparisons/ended", summary="Compare no more", handler=end_comparison, who=(OPERATOR,),
        scope="market:write", request=wire.ComparedAbout, status=HTTPStatus.NO_CONTENT, refusals=(Invalid,),
    ),
    Operation(
        method="POST", path="/v1/comparisons/promoted", summary="Let the challenger of a comparison answer everybody",
        handler=promote_challenger, who=(OPERATOR,), scope="market:write", request=wire.ComparedAbout,
        response=wire.PromotedVersion, refusals=(NotFound,),
    ),
    Operation(
        method="GET", path="/v1/recommendation_proof", summary="Tell what personal lists bring", handler=prove,
        who=(OPERATOR,), scope="market:write", response=wire.RecommendationProof,
    ),
    Operation(
        method="POST", path="/v1/recommendation_hold_out", summary="Draw visitors who are shown no personal lists",
        handler=draw_hold_out, who=(OPERATOR,), scope="market:write", request=wire.NewHoldOut,
        response=wire.HoldOut, status=HTTPStatus.CREATED, refusals=(Invalid,),
    ),
    Operation(
        method="POST", path="/v1/digests", summary="Write letters with suggestions to buyers who allowed them",
        handler=write_digests, who=(OPERATOR,), scope="market:write", request=wire.NewDigests, response=wire.Digests,
        status=HTTPStatus.CREATED, refusals=(Invalid,),
    ),
    Operation(
        method="POST", path="/v1/signals", summary="Note what a visitor did", handler=note_signals,
        who=(PUBLIC, BUYER), request=wire.NewSignals, response=wire.SignalsNoted, status=HTTPStatus.CREATED,
        is_open_to_browsers=True, refusals=(Invalid, NotFound),
    ),
    Operation(
        method="GET", path="/v1/recommendations", summary="Recommend products for a surface", handler=recommend,
        who=(PUBLIC, BUYER), query=wire.RecommendationsQuery, response=wire.Recommendations,
        is_open_to_browsers=True, refusals=(Invalid, NotFound),
    ),
    Operation(
        method="GET", path="/v1/recommendation_rules", summary="List the rules about what is recommended",
        handler=list_rules, who=(OPERATOR,), scope="market:write", response=wire.RecommendationRules,
    ),
    Operation(
        method="POST", path="/v1/recommendation_rules", summary="Pin, bury, boost or weigh", handler=set_rule, who=(OPERATOR,),
        scope="market:write", request=wire.NewRule, response=wire.RecommendationRule, status=HTTPStatus.CREATED,
        refusals=(Invalid, NotFound),
    ),
    Operation(
        method="POST", path="/v1/recommendation_rules/lifted", summary="Lift a rule about what is recommended",
        handler=lift_rule, who=(OPERATOR,), scope="market:write", request=wire.LiftedRule,
        status=HTTPStatus.NO_CONTENT,
    ),
)  # fmt: skip
