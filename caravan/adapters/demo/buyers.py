"""The buyers of the demo: who they are, where they live and what they like."""

import math
import unicodedata
from dataclasses import dataclass

from caravan.adapters.demo.countries import COUNTRIES, Country
from caravan.adapters.demo.dice import Dice
from caravan.adapters.demo.goods import KINDS
from caravan.adapters.demo.lottery import Lottery

_TASTES = 2
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
# What does not come apart into a letter and its accent.
_PLAIN = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "ß": "ss", "đ": "d"})


@dataclass(frozen=True)
class Buyer:
    """Somebody who shops, apart from when that began."""

    place: int  # among the buyers
    name: str
    email: str
    country: Country
    city: str
    postcode: str
    tastes: tuple[str, ...]  # top categories
    activity: float  # against the other buyers


def invite(dice: Dice, *, number: int) -> list[Buyer]:
    """Invite so many buyers, no two with the same address of mail."""
    homes = Lottery(COUNTRIES, [country.buyers for country in COUNTRIES])
    categories = sorted({kind.category.partition("/")[0] for kind in KINDS.values()})
    return [_buyer(dice, place, homes.draw(dice), categories) for place in range(number)]


def reference(place: int) -> str:
    """Number a buyer by its place among the buyers."""
    return f"B-{place + 1:03d}"


def _buyer(dice: Dice, place: int, country: Country, categories: list[str]) -> Buyer:
    first, last = dice.pick(country.first_names.split("|")), dice.pick(country.last_names.split("|"))
    city, postcode = dice.pick(country.cities)
    host = "example.com" if dice.chance(0.6) else "example.org"
    return Buyer(
        place=place,
        name=f"{last} {first}" if country.code == "CN" else f"{first} {last}",
        email=f"{_plain(first)}.{_plain(last)}{place + 1}@{host}",
        country=country,
        city=city,
        postcode="".join(_postcode_letter(dice, letter) for letter in postcode),
        tastes=tuple(dice.shuffled(categories)[:_TASTES]),
        activity=math.exp(0.8 * dice.bell()),
    )


def _postcode_letter(dice: Dice, letter: str) -> str:
    if letter == "#":
        return str(dice.below(10))
    return dice.pick(_LETTERS) if letter == "@" else letter


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.translate(_PLAIN)).encode("ascii", "ignore").decode()
    return letters.lower().replace(" ", "")
