"""The demo's goods for the garden."""

from caravan.adapters.demo.goods.kind import GLAZES, Kind

_POTS, _TOOLS, _SEEDS, _WILDLIFE = "Garden/Pots", "Garden/Tools", "Garden/Seeds", "Garden/Wildlife"
_HANDLES = "oak|ash|cherry|tomato red|forest green|sea blue|mustard|beech|teal"

KINDS = (
    Kind(
        name="plant pot", category=_POTS, drawing="plant pot",
        heads=("{style} {material} plant pot", "{model} {material} plant pot with saucer"),
        tails=("{color}", "{diameter}"),
        words={
            "style": "Tapered|Rimmed|Ribbed|Frost-proof|Footed|Facetted",
            "material": "terracotta|stoneware|earthenware|zinc",
            "color": GLAZES,
            "diameter": "11 cm|14 cm|18 cm|24 cm",
        },
        price_euro=22, weight_grams=(450, 2400), grows="diameter", growth=0.35, options=("diameter", "color"),
        share=1.3,
        stories=(
            "A pot that lets roots breathe and the plant take the stage.",
            "The pot for the plant that you have had the longest.",
            "Thick walls keep the roots cool in July.",
        ),
        details=(
            "It has a hole in the bottom and a saucer to match.",
            "With the years it gathers a fine bloom of lime and moss.",
            "It may stay outside down to 10 degrees of frost.",
        ),
    ),
    Kind(
        name="trowel", category=_TOOLS, drawing="trowel#0",
        heads=("{style} {material} trowel", "{model} {material} planting trowel"),
        tails=("{color} handle",),
        words={
            "style": "Forged|Pointed|Broad|Narrow|Bulb|Heritage",
            "material": "stainless steel|carbon steel|copper",
            "color": _HANDLES,
            "length": "28 cm|31 cm|34 cm",
        },
        price_euro=26, weight_grams=(220, 420), share=0.8,
        stories=(
            "A trowel that goes into dry clay without bending.",
            "Forged from one piece, blade and neck together.",
        ),
        details=(
            "Marks on the blade show how deep a bulb sits.",
            "The handle fills the hand and does not turn in it.",
            "It hangs on a leather loop.",
        ),
    ),
    Kind(
        name="hand fork", category=_TOOLS, drawing="trowel#1",
        heads=("{style} {material} hand fork", "{model} {material} weeding fork"),
        tails=("{color} handle",),
        words={
            "style": "Forged|Three-tined|Narrow|Sturdy|Heritage",
            "material": "stainless steel|carbon steel|copper",
            "color": _HANDLES,
            "length": "27 cm|30 cm|33 cm",
        },
        price_euro=27, weight_grams=(220, 430), share=0.6,
        stories=(
            "Three tines that lift weeds with the whole root.",
            "For loosening the soil between plants that would rather stay.",
        ),
        details=(
            "The tines are hardened and keep their line.",
            "The handle is turned from one piece of wood.",
        ),
    ),
    Kind(
        name="watering can", category=_TOOLS, drawing="watering can",
        heads=("{style} {material} watering can", "{model} {material} watering can"),
        tails=("{color}", "{capacity}"),
        words={
            "style": "Long-spouted|Indoor|Balcony|Classic|Round",
            "material": "zinc|powder-coated steel|enameled steel|copper",
            "color": "sage|mustard|sea blue|terracotta|forest green|cream|petrol|coral|charcoal|mint",
            "capacity": "1 l|1.8 l|5 l|9 l",
        },
        price_euro=37, weight_grams=(450, 1700), grows="capacity", options=("color",),
        stories=(
            "A watering can that is in balance whether it is full or nearly empty.",
            "It pours as softly as summer rain.",
        ),
        details=(
            "The rose comes off for a single, precise stream.",
            "The long spout reaches the pot at the very back.",
            "Too pretty to put away.",
        ),
    ),
    Kind(
        name="seeds", category=_SEEDS, drawing="seeds",
        heads=("{subject} seeds", "Organic {subject} seeds", "{style} {subject} seeds"),
        tails=("{content}",),
        words={
            "style": "Heirloom|Open-pollinated|Bee-friendly|Balcony",
            "subject": (
                "cornflower|sweet pea|nasturtium|poppy|cosmos|calendula|wild meadow|black-eyed Susan|borage|snapdragon|"
                "phacelia|love-in-a-mist|zinnia|sunflower"
            ),
            "content": "for 2 m²|for 5 m²|about 60 plants|about 120 plants",
            "sowing": "March to May|April to June|September to October",
            "height": "25 cm|40 cm|60 cm|90 cm",
            "color": "sky blue|rose|mustard|tomato red|lavender|apricot|navy|forest green|coral|plum",
        },
        price_euro=4.4, spread=0.2, weight_grams=(12, 40), share=1.1,
        stories=(
            "Seeds that were gathered by hand last autumn and tested for germination.",
            "Old varieties that come back from their own seed, year after year.",
        ),
        details=(
            "Bees find them before you do.",
            "Sow thinly, water once and be patient.",
            "They do well in a deep pot on a balcony, too.",
        ),
    ),
    Kind(
        name="birdhouse", category=_WILDLIFE, drawing="birdhouse",
        heads=("{model} {material} birdhouse", "{style} {material} nesting box"),
        tails=("{color}", "{entrance}"),
        words={
            "style": "Gabled|Painted|Small|Sturdy|Bracketed",
            "material": "larch|oak|birch|acacia",
            "color": "sage|sky blue|mustard|brick|chalk white|petrol|terracotta|blush|moss",
            "entrance": "28 mm entrance|32 mm entrance|45 mm entrance",
        },
        price_euro=34, weight_grams=(900, 1900), share=0.7,
        stories=(
            "A house for tits, sparrows or whoever comes first.",
            "Thick boards, a dry roof and a door that opens for the autumn cleaning.",
        ),
        details=(
            "It is painted with milk paint on the outside only.",
            "Hang it facing east, two to three meters up.",
            "A steel ring around the entrance keeps woodpeckers out.",
        ),
    ),
)  # fmt: skip
