"""The products of the demo: words, numbers and a drawing for each, out of what is known of its kind."""

import math
from dataclasses import dataclass

from caravan.adapters.demo.countries import BY_CODE
from caravan.adapters.demo.dice import Dice
from caravan.adapters.demo.drawings import draw
from caravan.adapters.demo.goods import HIDDEN_SLOTS, KINDS, MATERIALS, Kind
from caravan.adapters.demo.sellers import SELLERS, Seller

_TITLE_TRIES_MAX = 200
_ATTRIBUTES_MAX = 7
_KILOGRAM = 1_000
_FINE_GRAMS_MAX = 100  # Below, every gram is told; above, every ten.
_SECOND_OPTION_PART = 0.3
_COLORS_MAX, _SIZES_MAX = 3, 5
_PRAISE_PART, _MAKER_PART = 0.6, 0.45
_MADE = (
    "It leaves the workshop of {brand} in {city} with the name of the person who packed it.",
    "{brand} is a small team in {city} that answers every letter.",
    "{brand} in {city} would rather sell out than hurry.",
)
_CHOSEN = (
    "Part of the {brand} range, made in {country}.",
    "A find of {brand}, from a family business nearby.",
)
# From this price on, in cents: points lie so far apart, and so little below the round number.
_PRICE_POINTS = ((15_000, 1_000, 100), (5_000, 500, 100), (1_000, 100, 10), (0, 50, 10))


@dataclass(frozen=True)
class Sku:
    """One choice of a product."""

    option: str
    euro: float  # before it is moved to a price that sells
    weight_grams: int


@dataclass(frozen=True)
class Product:
    """Something that one seller makes, and maybe others sell, too."""

    reference: str
    title: str
    description: str
    category: str
    brand: str
    gtin: str
    attributes: dict[str, str]
    image: str
    maker: int  # the place in SELLERS
    skus: tuple[Sku, ...]

    @property
    def weight_grams(self) -> int:
        """The weight of the first choice."""
        return self.skus[0].weight_grams


def make(dice: Dice, *, number: int) -> list[Product]:
    """Make so many products, no two with the same title."""
    titles: set[str] = set()
    return [_product(dice, place, maker, kind, titles) for place, (kind, maker) in enumerate(_plan(dice, number))]


def price_minor(euro: float) -> int:
    """Move a price to the nearest point at which shops like to sell: 12.90, 64.00, 229.00."""
    cents = euro * 100
    _, step, below = next(point for point in _PRICE_POINTS if cents >= point[0])
    return max(1, round(cents / step)) * step - below


def _plan(dice: Dice, number: int) -> list[tuple[Kind, int]]:
    """Decide what is to be made, and by whom: kinds by their share, makers in turn."""
    makers = {
        name: [place for place, seller in enumerate(SELLERS) for made in seller.makes if made == name] for name in KINDS
    }
    total, taken, plan = sum(kind.share for kind in KINDS.values()), 0.0, []
    for kind in KINDS.values():
        first, taken = round(taken), taken + kind.share * number / total
        plan += [(kind, makers[kind.name][turn % len(makers[kind.name])]) for turn in range(round(taken) - first)]
    assert len(plan) == number, len(plan)
    return dice.shuffled(plan)


def _product(dice: Dice, place: int, maker: int, kind: Kind, titles: set[str]) -> Product:
    seller = SELLERS[maker]
    options = _options(dice, kind)
    words, title = _words(dice, kind, options, titles)
    titles.add(title)
    words |= {slot: ", ".join(choices) for slot, choices in options.items()}
    skus = _skus(dice, kind, words, options)
    brand = dice.pick(seller.brands)
    return Product(
        reference=f"P-{place + 1:04d}",
        title=title,
        description=_description(dice, kind, words, seller, brand),
        category=kind.category,
        brand=brand,
        gtin=_gtin(maker, place),
        attributes=_attributes(kind, words, seller, skus[0].weight_grams),
        image=_image(dice, kind, title, words, options),
        maker=maker,
        skus=skus,
    )


def _options(dice: Dice, kind: Kind) -> dict[str, tuple[str, ...]]:
    """Choose what the SKUs of the product differ in, if in anything."""
    if not kind.options or not dice.chance(kind.optioned):
        return {}
    slots = kind.options if dice.chance(_SECOND_OPTION_PART) else kind.options[:1]
    return {slot: _range(dice, slot, kind.choices(slot)) for slot in slots}


def _range(dice: Dice, slot: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    if slot == "color":
        return tuple(dice.shuffled(choices)[: 2 + dice.below(_COLORS_MAX - 1)])
    length = min(len(choices), 3 + dice.below(_SIZES_MAX - 2))
    start = dice.below(len(choices) - length + 1)
    return choices[start : start + length]


def _words(dice: Dice, kind: Kind, options: dict[str, tuple[str, ...]], titles: set[str]) -> tuple[dict[str, str], str]:
    """Fill the slots until they give a title that is not taken."""
    tails = [tail for tail in kind.tails if not any("{" + slot + "}" in tail for slot in options)]
    for _ in range(_TITLE_TRIES_MAX):
        words = {slot: dice.pick(kind.choices(slot)) for slot in kind.slots}
        title = ", ".join((dice.pick(kind.heads), *tails)).format(**words)
        title = title[0].upper() + title[1:]
        if title not in titles:
            return words, title
    raise AssertionError(kind.name)


def _skus(dice: Dice, kind: Kind, words: dict[str, str], options: dict[str, tuple[str, ...]]) -> tuple[Sku, ...]:
    euro = kind.price_euro * math.exp(kind.spread * dice.bell())
    weight = dice.between(*kind.weight_grams)
    combinations: list[tuple[str, ...]] = [()]
    for choices in options.values():
        combinations = [(*chosen, choice) for chosen in combinations for choice in choices]
    skus = []
    for chosen in combinations:
        size = dict(zip(options, chosen, strict=True)).get(kind.grows, words.get(kind.grows, ""))
        factor = _size_factor(kind, size)
        option = " / ".join(choice[0].upper() + choice[1:] for choice in chosen)
        skus.append(Sku(option, euro * factor, _rounded_grams(weight * factor)))
    return tuple(skus)


def _size_factor(kind: Kind, size: str) -> float:
    if not kind.grows:
        return 1.0
    sizes = kind.choices(kind.grows)
    return float((1 + kind.growth) ** (sizes.index(size) - (len(sizes) - 1) / 2))


def _rounded_grams(grams: float) -> int:
    step = 1 if grams < _FINE_GRAMS_MAX else 10
    return max(1, round(grams / step)) * step


def _attributes(kind: Kind, words: dict[str, str], seller: Seller, weight_grams: int) -> dict[str, str]:
    shown = {slot: words[slot] for slot in kind.words if slot not in HIDDEN_SLOTS}
    shown["origin"] = BY_CODE[seller.country].name
    if "material" in words:
        shown["care"] = MATERIALS[words["material"]].care
    if "content" not in words and len(shown) < _ATTRIBUTES_MAX:
        shown["weight"] = f"{weight_grams} g" if weight_grams < _KILOGRAM else f"{weight_grams / _KILOGRAM:.1f} kg"
    return shown


def _description(dice: Dice, kind: Kind, words: dict[str, str], seller: Seller, brand: str) -> str:
    sentences = [dice.pick(kind.stories)]
    if "material" in words and dice.chance(_PRAISE_PART):
        sentences.append(MATERIALS[words["material"]].praise)
    sentences.append(dice.pick(kind.details))
    if dice.chance(_MAKER_PART):
        maker = dice.pick(_CHOSEN if seller.is_shop else _MADE)
        sentences.append(maker.format(brand=brand, city=seller.city, country=BY_CODE[seller.country].name))
    return " ".join(sentences)


def _image(dice: Dice, kind: Kind, title: str, words: dict[str, str], options: dict[str, tuple[str, ...]]) -> str:
    tint, _, tinted_shape = next((kind.tints[word] for word in words.values() if word in kind.tints), "").partition("#")
    name, _, shape = kind.drawing.format(**words).partition("#")
    shape = tinted_shape or shape
    return draw(
        name,
        title=title,
        color=tint or options.get("color", (words.get("color", ""),))[0],
        number=dice.below(1 << 20),
        shape=int(shape) if shape else None,
        motif=kind.choices(kind.motif).index(words[kind.motif]) if kind.motif else None,
    )


def _gtin(maker: int, place: int) -> str:
    """Give a GTIN-13 out of 200 to 299, which GS1 keeps free for numbers that are valid only inside a company."""
    digits = f"{200 + maker}{(place + 1) * 7919 % 10**9:09d}"
    odd, even = sum(map(int, digits[::2])), sum(map(int, digits[1::2]))
    return f"{digits}{-(odd + 3 * even) % 10}"
