"""The demo's stationery, books and electronics."""

from caravan.adapters.demo.goods.kind import BRIGHTS, GLAZES, Kind

_AUTHORS = (
    "Ida Norling|Tomás Figueira|Clara Winterfeld|Henrik Oosthoek|"
    "Mei Lanfang Zhou|Aoife Tarrant|Jonas Bergqvist|Lucia Moretta|"
    "Piotr Zawilski|Anjali Menonkar|Rosa Castellar|Daniel Whitlock|Sayuri Hanamori|Élise Fontanel"
)
_PAGES = "96 pages|144 pages|192 pages|256 pages|320 pages"
_BINDINGS = "hardcover|softcover|thread-bound softcover"
_COVERS = "terracotta|sea blue|mustard|sage|berry|petrol|plum|forest green|apricot|navy|brick|teal|rose|charcoal"


def _book(
    name: str, *, subjects: str, heads: tuple[str, ...], stories: tuple[str, ...], details: tuple[str, ...]
) -> Kind:
    return Kind(
        name=f"{name} book", category=f"Books/{name.capitalize()}", drawing="book", heads=heads, tails=(),
        words={
            "subject": subjects,
            "author": _AUTHORS,
            "pages": _PAGES,
            "binding": _BINDINGS,
            "language": "English|German|French|Spanish",
            "color": _COVERS,
        },
        price_euro=24, weight_grams=(280, 1100), grows="pages", growth=0.1, stories=stories, details=details,
    )  # fmt: skip


KINDS = (
    Kind(
        name="notebook", category="Stationery/Notebooks", drawing="notebook",
        heads=("{style} {material} notebook", "{model} {material} notebook"),
        tails=("{color}", "{format}"),
        words={
            "style": "Dotted|Ruled|Plain|Sewn|Pocket|Squared|Sketch",
            "material": "recycled paper|cotton paper|mulberry paper",
            "color": GLAZES,
            "format": "A6|A5|B5|A4",
            "pages": "96 pages|128 pages|192 pages",
        },
        price_euro=15, weight_grams=(110, 560), grows="format", options=("color",), optioned=0.25, share=1.4,
        stories=(
            "A notebook that lies flat from the first page to the last.",
            "For lists, plans and the sentence that comes to you on the tram.",
        ),
        details=(
            "Ink neither bleeds nor feathers on it.",
            "The last twenty pages can be torn out.",
            "It is sewn with linen thread and opens without a crack.",
        ),
    ),
    Kind(
        name="fountain pen", category="Stationery/Pens", drawing="pen",
        heads=("{model} {material} fountain pen", "{style} {material} fountain pen"),
        tails=("{color}", "{nib}"),
        words={
            "style": "Slim|Pocket|Facetted|Turned|Student",
            "material": "aluminum|cellulose acetate|brass|titanium",
            "color": "navy|forest green|berry|cognac|charcoal|petrol|mustard|coral|plum|teal",
            "nib": "fine nib|medium nib|broad nib",
            "filling": "converter and cartridges|cartridges|piston",
        },
        price_euro=44, spread=0.4, weight_grams=(18, 46), options=("nib",), optioned=0.3,
        stories=(
            "A pen that makes one write letters again.",
            "It starts at the first stroke, even after a week in a drawer.",
        ),
        details=(
            "The nib is ground and tuned by hand.",
            "With the cap on the end it balances at the middle finger.",
            "A bottle of ink lasts it for a year.",
        ),
    ),
    Kind(
        name="greeting card", category="Stationery/Cards", drawing="card",
        heads=("{style} {subject} cards", "{subject} cards {model}"),
        tails=("{pieces}", "{color}"),
        words={
            "style": "Letterpress|Linocut|Risograph|Foil-stamped",
            "subject": "greeting|birthday|thank-you|holiday|wedding|new-baby|postcard-size",
            "material": "cotton paper|recycled paper|mulberry paper",
            "color": _COVERS,
            "pieces": "single card|set of 5|set of 10",
        },
        price_euro=9.5, weight_grams=(20, 160), grows="pieces", growth=0.5, share=1.1,
        stories=(
            "A card one would rather keep than send.",
            "Printed on a press from 1958 that still has the better temper.",
        ),
        details=(
            "The envelope is lined and made of the same paper.",
            "It is blank inside, for your own words.",
        ),
    ),
    _book(
        "cooking",
        subjects=(
            "Bread|Soup|Dumplings|Pickles|Rice|Beans|One Pot|Pasta|Pies|"
            "Green Things|Tea Time|Preserves|Fire|Noodles"
        ),
        heads=("{subject} on Weeknights", "The Patient Book of {subject}", "{subject}, Simply", "A Year of {subject}"),
        stories=(
            "Sixty recipes that were cooked by people who had never cooked them before.",
            "A cookbook that is used until its pages stick together.",
        ),
        details=(
            "Every recipe fits on one spread and names what may be left out.",
            "Quantities are given by weight, and times by what to look for.",
        ),
    ),
    _book(
        "travel",
        subjects=(
            "Night Trains|Small Islands|River Towns|High Passes|Old Harbors|"
            "Tea Roads|Slow Borders|Lighthouses|Market Squares"
        ),
        heads=("{subject}: a Guide", "A Handbook of {subject}", "An Atlas of {subject}", "{subject}: Forty Journeys"),
        stories=(
            "Forty journeys that start at an ordinary railway station.",
            "A guide for people who like to arrive slowly.",
        ),
        details=(
            "The maps are drawn by hand and can be trusted.",
            "Each chapter ends with a place to eat.",
        ),
    ),
    _book(
        "children's",
        subjects="Fox|Snail|Whale|Baker|Night Bus|Lighthouse|Cloud|Umbrella|Little Tractor|Moon|Postman|Hedgehog",
        heads=("The {subject} Who Stayed Up", "Good Morning, {subject}", "Where Is the {subject}?",
        "The {subject} and the Big Wind"),
        stories=(
            "A picture book that grown-ups read once more when the light is out.",
            "A small story about being brave, with a great many hidden mice.",
        ),
        details=(
            "The pages are thick and the corners round.",
            "For reading aloud from three, and alone from six.",
        ),
    ),
    _book(
        "craft",
        subjects=(
            "Weaving|Pottery|Bookbinding|Whittling|Natural Dyes|Mending|"
            "Basketry|Lino Printing|Beekeeping|Type|Herbs"
        ),
        heads=("{subject} for Beginners", "The {subject} Workshop", "{subject} by Hand", "A First Book of {subject}"),
        stories=(
            "Twelve projects, from one that takes an hour to one that takes a winter.",
            "A teacher who stands beside you, in the form of a book.",
        ),
        details=(
            "Every step is photographed from where your own eyes would be.",
            "The list of tools is short, and most are in the kitchen drawer.",
        ),
    ),
    Kind(
        name="headphones", category="Electronics/Audio", drawing="headphones",
        heads=("{model} {style} headphones", "{model} {material} headphones"),
        tails=("{color}",),
        words={
            "style": "closed|studio|folding|over-ear|light",
            "material": "aluminum|walnut|recycled plastic",
            "color": "charcoal|oat|navy|sage|rust|petrol|blush|cream|cocoa|slate",
            "playing time": "24 hours|32 hours|45 hours",
            "connection": "Bluetooth 5.3|Bluetooth and jack",
        },
        price_euro=139, spread=0.4, weight_grams=(240, 420), options=("color",), optioned=0.3,
        stories=(
            "Headphones for hearing the room in which the music was played.",
            "Comfortable for a whole flight, and repairable after it.",
        ),
        details=(
            "Ear pads, battery and headband change with one screwdriver.",
            "They fold into a felt pouch.",
            "Knobs, not gestures: they can be used with gloves on.",
        ),
    ),
    Kind(
        name="speaker", category="Electronics/Audio", drawing="speaker",
        heads=("{model} {style} speaker", "{model} {material} speaker"),
        tails=("{color}",),
        words={
            "style": "portable|bookshelf|kitchen|waterproof|desk",
            "material": "oak|walnut|aluminum|recycled plastic",
            "color": "charcoal|cream|mustard|sage|petrol|brick|sky blue|coral|navy",
            "playing time": "10 hours|16 hours|24 hours",
            "connection": "Bluetooth 5.3|Bluetooth and jack|Wi-Fi and Bluetooth",
        },
        price_euro=112, spread=0.4, weight_grams=(480, 2400), options=("color",), optioned=0.25,
        stories=(
            "A small speaker with a large idea of a double bass.",
            "For the kitchen: it is not afraid of flour.",
        ),
        details=(
            "Two of them make a stereo pair.",
            "The battery can be changed by hand.",
            "The volume is a knob that turns, with a stop at either end.",
        ),
    ),
    Kind(
        name="phone case", category="Electronics/Accessories", drawing="phone case",
        heads=("{style} {material} phone case", "{model} {material} phone case"),
        tails=("{color}", "{fits}"),
        words={
            "style": "Slim|Printed|Shockproof|Grippy|Matt",
            "material": "recycled plastic|cork|natural rubber",
            "color": BRIGHTS,
            "fits": "5.8 inch|6.1 inch|6.4 inch|6.7 inch",
        },
        price_euro=22, weight_grams=(24, 60), options=("fits", "color"), optioned=0.4, share=1.3,
        stories=(
            "A case that has been dropped so that your phone need not be.",
            "Thin at the sides, raised at the corners, soft in the hand.",
        ),
        details=(
            "Wireless charging works through it.",
            "At the end of its life it goes back to be shredded and pressed anew.",
        ),
    ),
    Kind(
        name="keyboard", category="Electronics/Accessories", drawing="keyboard",
        heads=("{model} {style} keyboard", "{model} {material} keyboard"),
        tails=("{color}", "{layout}"),
        words={
            "style": "mechanical|compact|quiet|wireless|low-profile",
            "material": "aluminum|recycled plastic|walnut|bamboo",
            "color": "charcoal|cream|sage|navy|coral|mustard|lavender|mint|slate|rose",
            "layout": "ISO German|ISO British|ISO French|ANSI American",
            "switches": "linear|tactile|silent",
        },
        price_euro=104, spread=0.35, weight_grams=(520, 1250), options=("layout",), optioned=0.5, share=0.9,
        stories=(
            "A keyboard that makes writing feel like making something.",
            "Small on the desk, generous under the fingers.",
        ),
        details=(
            "Every switch can be pulled out and replaced.",
            "It remembers three computers and changes between them with one key.",
        ),
    ),
)  # fmt: skip
