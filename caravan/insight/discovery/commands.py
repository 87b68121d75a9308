"""What you can tell discovery: what a visitor did, what they were shown, and what the operator wants."""

from collections.abc import Sequence
from enum import IntEnum

from caravan.events import discovery as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId, ProductId

SIGNALS_A_REQUEST_MAX = 100
RULE_CHARACTERS_MAX = 60
KEY_CHARACTERS_MAX = 200
WORTH_PPM_MAX = 10_000_000
VISITOR_BYTES = 16
POSITION_MAX = 1_000
DWELL_MS_MAX = 3_600_000  # Nobody reads a product's page for an hour: what is longer counts as that.
HOLD_OUT_PERCENT_MAX = 50

SURFACES = ("home", "also_bought", "goes_with", "cart", "search", "category", "digest")
EFFECTS = ("pin", "bury", "boost", "weigh")
TARGETS = ("product", "category", "seller")
WEIGHED = ("promise", "returns", "stock", "margin")


class Signal(IntEnum):
    """What a visitor did with a product; the later ones say more."""

    VIEWED = 1
    CLICKED = 2
    CARTED = 3
    BOUGHT = 4


def note(
    *, visitor: bytes, buyer: BuyerId, product: ProductId, signal: Signal, surface: str, position: int, now: Instant
) -> events.SignalNoted:
    """Note what a visitor did. What they bought is known from their orders and is refused here."""
    assert len(visitor) == VISITOR_BYTES, visitor
    if signal == Signal.BOUGHT:
        raise Invalid("What was bought is known from orders; it can't be claimed.", field="signal")
    if surface and surface not in SURFACES:
        raise Invalid(f"A surface is one of {', '.join(SURFACES)}.", field="surface")
    if not -1 <= position <= POSITION_MAX:
        raise Invalid(f"A position is from 0 to {POSITION_MAX}, or -1 for none.", field="position")
    return events.SignalNoted(
        at=now, visitor=visitor, buyer=buyer, product=product, signal=int(signal), surface=surface, position=position
    )


def end_look(*, visitor: bytes, buyer: BuyerId, product: ProductId, dwell_ms: int, now: Instant) -> events.LookEnded:
    """Note that a visitor left a product's page, and for how long it was seen. Refuses less than no time."""
    assert len(visitor) == VISITOR_BYTES, visitor
    if dwell_ms < 0:
        raise Invalid("A page is seen for 0 milliseconds or more.", field="dwell_ms")
    return events.LookEnded(at=now, visitor=visitor, buyer=buyer, product=product, dwell_ms=min(dwell_ms, DWELL_MS_MAX))


def show(
    *, visitor: bytes, buyer: BuyerId, surface: str, version: str, products: Sequence[ProductId],
    chances: Sequence[float], now: Instant,
) -> events.ListShown:  # fmt: skip
    """Note what a visitor was shown, and with which chances."""
    assert len(products) == len(chances)
    return events.ListShown(
        at=now, visitor=visitor, buyer=buyer, surface=surface, version=version, products=tuple(products),
        chances_ppm=tuple(round(1e6 * chance) for chance in chances),
    )  # fmt: skip


def show_drafted(  # noqa: PLR0913
    *, visitor: bytes, buyer: BuyerId, surface: str, comparison: int, champion: str, challenger: str, seed: int,
    products: Sequence[int], teams: Sequence[int], now: Instant,
) -> events.ListDrafted:  # fmt: skip
    """Note that two versions drafted a list, and whose each product is."""
    assert len(products) == len(teams)
    return events.ListDrafted(
        at=now, visitor=visitor, buyer=buyer, comparison=comparison, surface=surface, champion=champion,
        challenger=challenger, seed=seed, products=tuple(map(ProductId, products)), teams=tuple(teams),
    )  # fmt: skip


def set_rule(  # noqa: PLR0913
    *, rule: str, effect: str, target: str, key: str, surface: str, worth_ppm: int, ends_at: int, now: Instant
) -> events.RuleSet:
    """Let the operator have a say in what is shown; a rule of the same name is replaced.

    One that weighs is about a part of every product's worth, not about some products.
    """
    if not 0 < len(rule) <= RULE_CHARACTERS_MAX:
        raise Invalid(f"A rule has a name of at most {RULE_CHARACTERS_MAX} characters.", field="rule")
    targets = WEIGHED if effect == "weigh" else TARGETS
    for value, allowed, field in ((effect, EFFECTS, "effect"), (target, targets, "target")):
        if value not in allowed:
            raise Invalid(f"A rule's {field} is one of {', '.join(allowed)}.", field=field)
    if surface and surface not in SURFACES:
        raise Invalid(f"A surface is one of {', '.join(SURFACES)}.", field="surface")
    if effect == "pin" and target != "product":
        raise Invalid("Only a product can be pinned.", field="target")
    if effect == "weigh" and key:
        raise Invalid("A rule that weighs is about all products; it names none.", field="key")
    if effect != "weigh" and not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise Invalid("A rule names what it is about.", field="key")
    if not 0 <= worth_ppm <= WORTH_PPM_MAX:
        raise Invalid(f"A rule is worth from 0 to {WORTH_PPM_MAX:,} ppm.", field="worth_ppm")
    return events.RuleSet(
        at=now, rule=rule, effect=effect, target=target, key=key, surface=surface, worth_ppm=worth_ppm, ends_at=ends_at
    )


def draw_hold_out(*, share_percent: int, now: Instant) -> events.HoldOutDrawn:
    """Draw a share of the visitors anew who are shown no personal lists, so that it can be told what these bring."""
    if not 0 <= share_percent <= HOLD_OUT_PERCENT_MAX:
        raise Invalid(f"A hold-out is from 0 to {HOLD_OUT_PERCENT_MAX} percent.", field="share_percent")
    return events.HoldOutDrawn(at=now, share_ppm=share_percent * 10_000, salt=now)


def lift_rule(*, rule: str, now: Instant) -> events.RuleLifted:
    """Let a rule hold no more."""
    return events.RuleLifted(at=now, rule=rule)
