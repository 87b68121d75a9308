"""Profiles and segments as doors say them: public ids and plain values outside, dense numbers inside."""

import msgspec

from caravan.client import wire
from caravan.flows import profiles as knowing
from caravan.flows import tables
from caravan.flows.profiles import Counted, Desk, Profile
from caravan.insight import profiles
from caravan.insight.profiles import TRAITS, Forecast, Segment, Trait
from caravan.kernel import ids
from caravan.kernel.clock import Instant, iso
from caravan.kernel.ids import BuyerId, SegmentId
from caravan.kernel.money import alphabetic


def catalog_of(currency: str, forecast: Forecast | None) -> wire.TraitCatalog:
    """Give every trait, and what was learned for the estimates among them."""
    return wire.TraitCatalog(
        data=[_trait(one) for one in TRAITS.values()], currency=currency,
        forecast=None if forecast is None else forecast_shown(forecast),
    )  # fmt: skip


def _trait(one: Trait) -> wire.TraitShown:
    return wire.TraitShown(
        name=one.name, kind=one.kind, meaning=one.meaning, comparisons=list(profiles.tests_of(one)), sources=list(one.sources),
        kept_days=one.kept_days, purpose=one.purpose, is_shown_to_the_person=one.is_shown,
    )  # fmt: skip


def forecast_shown(one: Forecast) -> wire.ForecastShown:
    """Show what was learned."""
    return wire.ForecastShown(
        learned_at=iso(Instant(one.learned_at)), buyers=one.buyers, level=one.level, covered=one.covered, r=one.r,
        alpha=one.alpha, a=one.a, b=one.b, p=one.p, q=one.q, v=one.v, currency=alphabetic(one.unit),
    )  # fmt: skip


def profile_shown(one: Profile, *, is_own: bool = False) -> wire.Profile:
    """Show a profile; to the person without what compares them with others."""
    return wire.Profile(
        identity=tables.identity_text(one.identity), buyers=[ids.text(BuyerId, buyer) for buyer in one.buyers],
        traits=[
            wire.ProfileTrait(
                name=told.trait.name, kind=told.trait.kind, meaning=told.trait.meaning,
                value=list(told.value) if isinstance(told.value, tuple) else told.value, low=told.low, high=told.high,
                sources=list(told.trait.sources), kept_days=told.trait.kept_days,
            )
            for told in one.traits if told.trait.is_shown or not is_own
        ],
        orders_read=one.orders, currency=one.currency, level=one.level or None, position=one.position,
    )  # fmt: skip


def count_shown(one: Counted) -> wire.SegmentCount:
    """Show how many."""
    return wire.SegmentCount(**one._asdict())


def segment_shown(desk: Desk, one: Segment) -> wire.Segment:
    """Show a segment with how many are in it now."""
    counted = desk.count(knowing.rule_of(one), one.purpose, needs_consent=one.needs_consent)
    return wire.Segment(**msgspec.structs.asdict(set_shown(one)), count=count_shown(counted))


def set_shown(one: Segment) -> wire.SegmentSet:
    """Show a segment as it was set."""
    return wire.SegmentSet(
        id=ids.text(SegmentId, one.segment), name=one.name, rule=msgspec.json.decode(one.rule), purpose=one.purpose,
        needs_consent=one.needs_consent, set_at=iso(Instant(one.set_at)),
    )  # fmt: skip
