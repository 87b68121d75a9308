"""A kind of thing that the demo sells, and the words that make many products of it."""

from dataclasses import dataclass, field
from functools import cache

# What many kinds share: words are parted by a bar.
GLAZES = (
    "sea blue|sky blue|petrol|teal|mint|sage|olive|mustard|terracotta|rust|blush|cream|chalk white|oat|charcoal|plum"
)
CLOTHS = (
    "navy|sea blue|sage|moss|forest green|mustard|terracotta|berry|blush|lavender|oat|charcoal|chalk white|rust|petrol"
)
BRIGHTS = "sea blue|teal|mint|sunflower|coral|tomato red|lavender|apricot|navy|forest green|rose|slate"
LEATHERS = "cognac|chestnut|cocoa|ink black|navy|forest green|brick|sand"
MODELS = (
    "Alva|Brisa|Cora|Duna|Elva|Faro|Gala|Hebe|Isla|Juno|Kasa|Lumi|Mira|Nilo|Onda|Pico|Runa|Sole|Tula|Vento|Yara|Zeno|"
    "Aro|Bruma|Calma|Delfi|Ember|Fina|Grano|Hanko|Iris|Jara|Kivi|Lago|Mosi|Nube|Orsa|Pomo|Rio|Sava|Tindra|Ulmo|Viggo|"
    "Wilma|Ylva|Zira|Amis|Bosco|Cielo|Dag|Esra|Fjord|Gusto|Hilde|Inka|Jol|Kora|Lira|Malo|Neva|Otto|Pilar|Quinta|Rosa|"
    "Siv|Terra|Uma|Vela|Willow|Yuki|Zola|Arbo|Briar|Coco|Dorit|Enzo|Flora|Gia|Halla|Ivo|Joni|Kaj|Luz|Moa|Nori|Oda|Paz"
)
# These words serve the title; every other slot is shown as an attribute.
HIDDEN_SLOTS = frozenset({"style", "subject", "model"})


@dataclass(frozen=True)
class Kind:
    """What is the same about all products of a kind; slots in braces are filled from `words`."""

    name: str
    category: str
    drawing: str  # a name in DRAWINGS; "#1" behind it asks for its shape 1
    heads: tuple[str, ...]  # how a title may begin
    tails: tuple[str, ...]  # what follows, behind commas
    words: dict[str, str]  # slot -> words parted by a bar
    price_euro: float  # the median
    weight_grams: tuple[int, int]
    stories: tuple[str, ...]  # the first sentence of a description: what it is
    details: tuple[str, ...]  # a later one: what is good about it
    spread: float = 0.3  # of the price, as the deviation of its logarithm
    share: float = 1.0  # how many products of this kind there are, against the others
    options: tuple[str, ...] = ()  # the slots in which SKUs of one product differ
    optioned: float = 0.14  # the part of the products that have options
    grows: str = ""  # the slot whose later words weigh and cost more
    growth: float = 0.2
    tints: dict[str, str] = field(default_factory=dict)  # a word that decides the color, and behind "#" the shape
    motif: str = ""  # the slot whose word decides the pattern

    def choices(self, slot: str) -> tuple[str, ...]:
        """Give the words for a slot."""
        return _split(MODELS if slot == "model" else self.words[slot])

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of this kind, its own name for a model included."""
        return (*self.words, "model")


@cache
def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split("|"))
