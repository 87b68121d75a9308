"""What happens between a shopper and what is shown: signals, lists that were shown, and the operator's rules about them."""

from caravan.kernel.event import Event, Int8, Int16
from caravan.kernel.ids import BuyerId, ProductId


class SignalNoted(Event, frozen=True, kw_only=True, tag="discovery.signal_noted.v1"):
    """A visitor looked at, clicked or put a product into a cart, at a place of a list (-1: of none) on a surface.

    `visitor` is a keyed mark of a browser's visit, never a name; `buyer` is 0 for who has not logged in.
    """

    visitor: bytes
    buyer: BuyerId
    product: ProductId
    signal: Int8
    surface: str
    position: Int16


class LookEnded(Event, frozen=True, kw_only=True, tag="discovery.look_ended.v1"):
    """A visitor left a product's page, after it was really seen for so long: while it lay in another tab is not counted."""

    visitor: bytes
    buyer: BuyerId
    product: ProductId
    dwell_ms: int


class ListShown(Event, frozen=True, kw_only=True, tag="discovery.list_shown.v1"):
    """A visitor was shown products, in this order, by this version; each with the chance it had to stand there, in ppm."""

    visitor: bytes
    buyer: BuyerId
    surface: str
    version: str
    products: tuple[ProductId, ...]
    chances_ppm: tuple[int, ...]


class ListDrafted(Event, frozen=True, kw_only=True, tag="discovery.list_drafted.v1"):
    """A list, or the results of a search, was drafted out of two versions' turn by turn, by a seed, to compare them.

    Each product is the champion's (1) or the challenger's (-1); `comparison` names the comparison by when it began.
    """

    visitor: bytes
    buyer: BuyerId
    comparison: int
    surface: str
    champion: str
    challenger: str
    seed: int
    products: tuple[ProductId, ...]
    teams: tuple[int, ...]


class RuleSet(Event, frozen=True, kw_only=True, tag="discovery.rule_set.v1"):
    """The operator pins, buries or boosts a product, a category or a seller's products, on a surface ("" is all).

    Or weighs a part of every product's worth (the target: promise, returns, stock or margin; the key is empty).
    """

    rule: str
    effect: str
    target: str
    key: str
    surface: str
    worth_ppm: int
    ends_at: int


class HoldOutDrawn(Event, frozen=True, kw_only=True, tag="discovery.hold_out_drawn.v1"):
    """From now on a share of the visitors, drawn by a hash of their mark and a salt, is shown no personal lists. 0 is nobody."""

    share_ppm: int
    salt: int


class RuleLifted(Event, frozen=True, kw_only=True, tag="discovery.rule_lifted.v1"):
    """A rule of the operator's holds no more."""

    rule: str
