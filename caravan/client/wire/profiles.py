"""What goes over the wire of profiles and segments."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from caravan.client.wire.ground import (
    BuyerRef,
    CurrencyCode,
    Cursor,
    IdentityRef,
    Paging,
    Request,
    Response,
    SegmentRef,
    Time,
)


class SegmentQuestion(Request, frozen=True, kw_only=True):
    """A rule, {"all": [...]}, {"any": [...]} or {"trait", "is", "value"}; and the purpose for which people are looked for.

    Whoever forbade the purpose is left out; with `needs_consent`, whoever has not allowed it, too.
    """

    rule: dict[str, Any]
    purpose: Annotated[str, Meta(min_length=1, max_length=60)]
    needs_consent: bool = False


class NewSegment(SegmentQuestion, frozen=True, kw_only=True):
    """A segment to set; one of the same name is set anew."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]


class NewForecast(Request, frozen=True, kw_only=True):
    """What was learned of how people buy: r, alpha (days), a, b of BG/NBD; p, q, v (minor units) of gamma-gamma."""

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float
    currency: CurrencyCode
    level: float
    covered: float
    buyers: Annotated[int, Meta(ge=0, le=10**12)]


class MembersQuery(Paging, frozen=True, kw_only=True):
    """Some of a segment as JSON; as csv or arrow all of it, with the traits that its rule asks for."""

    format: Literal["json", "csv", "arrow"] = "json"


class ChangesQuery(Request, frozen=True, kw_only=True):
    """What changed since an answer's `next`; at first nothing."""

    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1_000
    after: Cursor = ""


TraitKind = Literal["count", "money", "days", "share", "word", "words"]


class ForecastShown(Response, frozen=True, kw_only=True):
    """What was learned of how people buy, and in which share of the cases kept aside the intervals held what came."""

    learned_at: Time
    buyers: int
    level: float
    covered: float
    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float
    currency: str


class TraitShown(Response, frozen=True, kw_only=True):
    """A trait: what it means, how it can be compared, the facts that it is made of, and for how many days these count.

    It is unknown of whoever forbade its `purpose`.
    """

    name: str
    kind: TraitKind
    meaning: str
    comparisons: list[str]
    sources: list[str]
    kept_days: int
    purpose: str
    is_shown_to_the_person: bool


class TraitCatalog(Response, frozen=True, kw_only=True):
    """All traits; money is in minor units of the currency."""

    data: list[TraitShown]
    currency: str
    forecast: ForecastShown | None


class ProfileTrait(Response, frozen=True, kw_only=True):
    """A trait of somebody; no value where it is unknown. An estimate lies between `low` and `high` at the profile's level."""

    name: str
    kind: TraitKind
    meaning: str
    value: float | str | list[str] | None
    low: float | None
    high: float | None
    sources: list[str]
    kept_days: int


class Profile(Response, frozen=True, kw_only=True):
    """What is known of a person: of all buyers that are one identity, from every unit, as of a position of the log."""

    identity: IdentityRef | None
    buyers: list[BuyerRef]
    traits: list[ProfileTrait]
    orders_read: int
    currency: str
    level: float | None
    position: int


class SegmentCount(Response, frozen=True, kw_only=True):
    """For how many of all people a rule holds, how many of them are left out for the purpose, and how many are in it."""

    matched: int
    left_out: int
    members: int
    people: int
    position: int


class SegmentSet(Response, frozen=True, kw_only=True):
    """A segment as it was set."""

    id: SegmentRef
    name: str
    rule: dict[str, Any]
    purpose: str
    needs_consent: bool
    set_at: Time


class Segment(SegmentSet, frozen=True, kw_only=True):
    """A segment, with how many are in it now."""

    count: SegmentCount


class Segments(Response, frozen=True, kw_only=True):
    """All segments, by name."""

    data: list[Segment]


class SegmentMember(Response, frozen=True, kw_only=True):
    """A person in a segment; without an identity it is one buyer whom nothing ties to others."""

    identity: IdentityRef | None
    buyers: list[BuyerRef]


class SegmentChange(Response, frozen=True, kw_only=True):
    """Somebody entered a segment, or left it: an identity, or a buyer without one."""

    identity: IdentityRef | None
    buyer: BuyerRef | None
    has_entered: bool


class SegmentChanges(Response, frozen=True, kw_only=True):
    """What changed in a segment; with `is_reset` whoever follows it forgets what they had, and begins with nobody."""

    data: list[SegmentChange]
    next: str
    has_more: bool
    is_reset: bool
    position: int
