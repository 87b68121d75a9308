"""The table of traits: everything that a profile may say of somebody, what it stands on, and who may see it."""

from typing import Literal, NamedTuple

PROFILING = "profiling"
"""Whoever forbids this purpose is neither estimated nor compared."""

PERSONALIZATION = "personalization"
"""Whoever forbids this purpose has no looks in their profile."""

HORIZON_DAYS = 90
_BOOKS_DAYS = 3_650
_TASTES_DAYS = 1_095
_LOOKS_DAYS = 90

Kind = Literal["count", "money", "days", "share", "word", "words"]


class Trait(NamedTuple):
    """One thing that is known of somebody.

    Facts older than `kept_days` do not count into it. It is unknown of whoever forbade its `purpose`. What is not shown to
    the person compares them with others.
    """

    name: str
    kind: Kind
    meaning: str
    sources: tuple[str, ...]
    kept_days: int
    purpose: str = ""
    is_shown: bool = True


_PLACED, _CANCELED, _RETURNED = "orders.purchase_placed.v2", "orders.order_canceled.v1", "orders.line_returned.v1"
_LEARNED, _REGISTERED = "profiles.forecast_learned.v1", "identity.buyer_registered.v1"
_SKU, _PRODUCT = "catalog.sku_added.v1", "catalog.product_added.v1"

TRAITS: dict[str, Trait] = {
    trait.name: trait
    for trait in (
        Trait("orders", "count", "Orders that were not canceled", (_PLACED, _CANCELED), _BOOKS_DAYS),
        Trait("value", "money", "Spent on them, less what was paid back", (_PLACED, _CANCELED, _RETURNED), _BOOKS_DAYS),
        Trait("average_order", "money", "Spent on an order, on average", (_PLACED, _CANCELED, _RETURNED), _BOOKS_DAYS),
        Trait("first_order", "days", "Days since the first order", (_PLACED, _CANCELED), _BOOKS_DAYS),
        Trait("last_order", "days", "Days since the last order", (_PLACED, _CANCELED), _BOOKS_DAYS),
        Trait("interval", "days", "Days between two days with orders, on average", (_PLACED, _CANCELED), _BOOKS_DAYS),
        Trait("canceled", "share", "Orders that were canceled", (_PLACED, _CANCELED), _BOOKS_DAYS),
        Trait("refunded", "share", "Of the money spent, what was paid back", (_PLACED, _RETURNED), _BOOKS_DAYS),
        Trait("favorite_category", "word", "The category most was bought of", (_PLACED, _PRODUCT), _TASTES_DAYS),
        Trait("categories", "words", "Categories that were bought of", (_PLACED, _PRODUCT), _TASTES_DAYS),
        Trait("options", "words", "Sizes and other options that were bought", (_PLACED, _SKU), _TASTES_DAYS),
        Trait("sellers", "words", "Sellers that were bought from", (_PLACED,), _TASTES_DAYS),
        Trait(
            "price_band", "word", "Buys low, middle or high among all prices paid in the same categories", (_PLACED,),
            _TASTES_DAYS, PROFILING, is_shown=False,
        ),
        Trait("country", "word", "Country", (_REGISTERED,), _BOOKS_DAYS),
        Trait("tenure", "days", "Days since the first registration or order as a guest", (_REGISTERED,), _BOOKS_DAYS),
        Trait(
            "units", "words", "Where the person is known: this market, and systems whose records were taken in",
            (_REGISTERED, "oneid.record_kept.v1"), _BOOKS_DAYS,
        ),
        Trait(
            "last_look", "days", "Days since a product was last looked at", ("discovery.signal_noted.v1",), _LOOKS_DAYS,
            PERSONALIZATION,
        ),
        Trait(
            "looks", "words", "Products looked at last", ("discovery.signal_noted.v1",), _LOOKS_DAYS, PERSONALIZATION,
        ),
        Trait(
            "still_buying", "share", "Probability that they have not left", (_PLACED, _LEARNED), _BOOKS_DAYS, PROFILING,
        ),
        Trait(
            "expected_orders", "count", f"Days with orders expected in the next {HORIZON_DAYS} days", (_PLACED, _LEARNED),
            _BOOKS_DAYS, PROFILING,
        ),
        Trait(
            "expected_value", "money", f"Expected to be spent in the next {HORIZON_DAYS} days",
            (_PLACED, _RETURNED, _LEARNED), _BOOKS_DAYS, PROFILING,
        ),
    )
}  # fmt: skip
"""Every trait by its name. Money is in minor units of the market's currency."""

BOOKS_DAYS, TASTES_DAYS, LOOKS_DAYS = _BOOKS_DAYS, _TASTES_DAYS, _LOOKS_DAYS
BANDS = ("low", "middle", "high")
