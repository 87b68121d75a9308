"""What goes over the wire of lists: recommendations, signals, rules, comparisons, proof, letters."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.ground import BuyerRef, CartRef, ProductRef, Request, Response, Time
from caravan.kernel.money import Money

Visitor = Annotated[str, Meta(min_length=8, max_length=100)]
Surface = Literal["home", "also_bought", "goes_with", "cart", "search", "category", "digest"]
RuleEffect = Literal["pin", "bury", "boost", "weigh"]
RuleTarget = Literal["product", "category", "seller", "promise", "returns", "stock", "margin"]
SIGNALS_MAX = 100


class NewSignal(Request, frozen=True, kw_only=True):
    """What a visitor did with a product, at a place (from 0; -1 is none) of a list on a surface.

    Who `left` its page says in `dwell_ms` for how long it was seen: under 2,000, the look is taken back.
    """

    product: ProductRef
    signal: Literal["viewed", "clicked", "carted", "left"]
    surface: Surface | None = None
    position: Annotated[int, Meta(ge=-1, le=1_000)] = -1
    dwell_ms: Annotated[int, Meta(ge=0, le=3_600_000)] | None = None


class NewComparison(Request, frozen=True, kw_only=True):
    """A version to compare with the champion, about lists or search: with how many percent of the visitors, and by what."""

    about: Literal["lists", "search"]
    version: Annotated[str, Meta(min_length=1, max_length=64)]
    share_percent: Annotated[int, Meta(ge=1, le=100)] = 20
    by: Literal["clicks", "purchases"] = "clicks"


class ComparedAbout(Request, frozen=True, kw_only=True):
    """Which comparison is meant: the one about lists, or about search."""

    about: Literal["lists", "search"]


class NewDigests(Request, frozen=True, kw_only=True):
    """Letters to write: to the next buyers behind a cursor, with links to a site, to nobody more often than once in so many days."""

    site: Annotated[str, Meta(min_length=8, max_length=200, pattern="^https?://[^/?#@\\s]+/?$")]
    after: Annotated[str, Meta(max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    products: Annotated[int, Meta(ge=1, le=24)] = 8
    days: Annotated[int, Meta(ge=1, le=90)] = 7
    language: Annotated[str, Meta(max_length=40)] = "en"


class NewSignals(Request, frozen=True, kw_only=True):
    """What a visitor did, the latest last. Without consent nothing is noted."""

    visitor: Visitor
    signals: Annotated[list[NewSignal], Meta(min_length=1, max_length=SIGNALS_MAX)]
    has_consent: bool = True


class NewRule(Request, frozen=True, kw_only=True):
    """What the operator wants pinned, buried or boosted: a product, a category with all below it, a seller's products.

    `boost` is how many times as likely it is to be chosen; a rule of the same name is replaced. A rule that weighs is
    about a part of what every product is worth, names no key, and says by `weight` how much that part counts.
    """

    rule: Annotated[str, Meta(min_length=1, max_length=60)]
    effect: RuleEffect
    target: RuleTarget
    key: Annotated[str, Meta(max_length=200)] = ""
    surface: Surface | None = None
    boost: Annotated[float, Meta(ge=0.01, le=10)] = 1.0
    weight: Annotated[float, Meta(ge=0, le=10)] | None = None
    days: Annotated[int, Meta(ge=0, le=3_650)] = 0


class NewHoldOut(Request, frozen=True, kw_only=True):
    """How many percent of the visitors are shown no personal lists from now on; 0 ends it. Each draws other visitors."""

    share_percent: Annotated[int, Meta(ge=0, le=50)]


class LiftedRule(Request, frozen=True, kw_only=True):
    """A rule that is to hold no more."""

    rule: Annotated[str, Meta(min_length=1, max_length=60)]


class RecommendationsQuery(Request, frozen=True, kw_only=True):
    """A surface to fill; a product or a cart that it is about; and the visitor, by whatever word the caller chose.

    A buyer's token says who it is without one.
    """

    surface: Surface = "home"
    product: ProductRef | None = None
    cart: CartRef | None = None
    visitor: Visitor | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 12


class Recommendation(Response, frozen=True, kw_only=True):
    """A product that may please, at its best price with shipping: why, because of which product, and with which chance.

    `chance` is that with which it stands at its place. `probability` is that of its being what the visitor looks at next, as
    the ranking has learned it; null where nothing was learned, or something else than the ranking put it here.
    """

    id: ProductRef
    title: str
    category: str
    brand: str
    price: Money
    why: Literal[
        "looked_at_together", "bought_together", "like_what_you_look_at", "you_looked_at_it", "you_bought_it",
        "wanted_now", "new", "picked",
    ]  # fmt: skip
    because: ProductRef | None
    chance: float
    probability: float | None


class Recommendations(Response, frozen=True, kw_only=True):
    """A list for one surface, and by which version it was made."""

    surface: Surface
    version: str
    data: list[Recommendation]


class Digest(Response, frozen=True, kw_only=True):
    """A letter with suggestions to a buyer who allowed letters: as data, as text and as HTML.

    `headers` let mail programs unsubscribe with one click; the same link stands in the letter.
    """

    buyer: BuyerRef
    email: str
    name: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    version: str
    data: list[Recommendation]


class Digests(Response, frozen=True, kw_only=True):
    """Some letters; what they show is noted as shown. Go on behind `next`, also where there were none."""

    data: list[Digest]
    has_more: bool
    next: str | None


class RecommendationRule(Response, frozen=True, kw_only=True):
    """A rule of the operator's about what is recommended."""

    rule: str
    effect: RuleEffect
    target: RuleTarget
    key: str
    surface: Surface | None
    boost: float
    weight: float | None
    ends_at: Time | None


class RecommendationRules(Response, frozen=True, kw_only=True):
    """All rules about what is recommended."""

    data: list[RecommendationRule]


class VersionComparison(Response, frozen=True, kw_only=True):
    """Two versions that draft lists together, and what has come of it; empty is what answers before anything was learned.

    Each visitor has one vote, of their first list that was clicked more on one side, or, where purchases decide, of what
    they bought. `share` of the votes went to the champion; it is between `low` and `high` however often one looks.
    """

    about: Literal["lists", "search"]
    champion: str
    challenger: str
    share_percent: int
    begun_at: Time
    by: Literal["clicks", "purchases"]
    verdict: Literal["open", "champion", "challenger", "alike"]
    lists: int
    clicks_champion: int
    clicks_challenger: int
    votes_champion: int
    votes_challenger: int
    ties: int
    bought_champion: int
    bought_challenger: int
    share: float
    low: float
    high: float


class VersionComparisons(Response, frozen=True, kw_only=True):
    """What is compared, or was decided last."""

    data: list[VersionComparison]


class PromotedVersion(Response, frozen=True, kw_only=True):
    """The version that answers everybody from now on."""

    about: Literal["lists", "search"]
    version: str


class HoldOut(Response, frozen=True, kw_only=True):
    """How many percent of the visitors are shown no personal lists."""

    share_percent: int


class ListEffect(Response, frozen=True, kw_only=True):
    """What one figure is a person, with personal lists and in the hold-out, and the difference.

    `low` and `high` hold for one look at a time set before, `low_always` and `high_always` however often one looks; the
    verdict stands on these. `noise_less_by` is what knowing people from before took out of the variance (CUPED).
    """

    name: str
    everybody: float
    held_out: float
    difference: float
    low: float
    high: float
    low_always: float
    high_always: float
    noise_less_by: float
    verdict: Literal["gain", "loss", "open"]


class ListAlarm(Response, frozen=True, kw_only=True):
    """Something about lists or their measurement that is not as it should be."""

    name: str
    says: str


class RecommendationProof(Response, frozen=True, kw_only=True):
    """What can be told of personal lists since the hold-out was drawn. Money is in minor units of one currency.

    `influenced_minor` was bought within seven days of a click on it in a list; `incremental_minor` is what would not have
    been bought without them, with an interval: it is measured, and may be far less. `needed` is how many people it
    takes to see a lift in how many buy.
    """

    share_percent: float
    drawn_at: str | None
    people: int
    people_held_out: int
    effects: list[ListEffect]
    sales_minor: int
    influenced_minor: int
    incremental_minor: int
    incremental_low_minor: int
    incremental_high_minor: int
    needed: dict[str, int]
    alarms: list[ListAlarm]


class SignalsNoted(Response, frozen=True, kw_only=True):
    """How many signals were noted; none where the visitor asked not to be remembered."""

    noted: int
