"""The demo's toys."""

from caravan.adapters.demo.goods.kind import BRIGHTS, Kind

_SOFT, _WOODEN, _PUZZLES, _OUTDOOR = "Toys/Soft toys", "Toys/Wooden toys", "Toys/Puzzles", "Toys/Outdoor play"
_TIMBERS = "beech|birch|ash|cherry|bamboo"

KINDS = (
    Kind(
        name="soft toy", category=_SOFT, drawing="{animal}",
        heads=("{model} the {animal}", "{style} {animal} {model}"),
        tails=("{color}", "{height}"),
        words={
            "style": "Little|Cuddly|Sleepy|Hand-sewn|Pocket|Brave",
            "animal": "bear|rabbit|fox|whale",
            "material": "organic cotton plush|organic cotton|wool",
            "color": "honey|oat|sand|rust|pebble gray|cocoa|blush|sky blue|mint|apricot|slate|chestnut",
            "height": "18 cm|26 cm|34 cm|45 cm",
            "age": "from birth|from 1 year",
        },
        price_euro=32, weight_grams=(120, 520), grows="height", growth=0.25, share=1.7,
        stories=(
            "A friend for the night, the journey and the first day of school.",
            "Each face is embroidered by hand, so each looks at you a little differently.",
            "Good at listening, and washable.",
        ),
        details=(
            "Nothing on it can come off: eyes and nose are stitched.",
            "It has the right weight for small arms.",
            "If a seam gives, the workshop mends it.",
        ),
    ),
    Kind(
        name="building blocks", category=_WOODEN, drawing="blocks",
        heads=("{style} {material} building blocks", "{model} {material} blocks"),
        tails=("{pieces}",),
        words={
            "style": "Colorful|Natural|Rainbow|Alphabet|Castle|First",
            "material": _TIMBERS,
            "pieces": "24 pieces|40 pieces|60 pieces|100 pieces",
            "color": BRIGHTS,
            "age": "from 1 year|from 18 months|from 3 years",
        },
        price_euro=39, weight_grams=(900, 3200), grows="pieces", growth=0.35,
        stories=(
            "Blocks that stand on each other because they are cut to a tenth of a millimeter.",
            "A town, a tower, a terrible crash, and again from the start.",
        ),
        details=(
            "The colors are safe for chewing on.",
            "They come in a cotton bag, which makes putting away a game.",
        ),
    ),
    Kind(
        name="toy car", category=_WOODEN, drawing="car#1",
        heads=("{model} {material} toy car", "{style} {material} toy car"),
        tails=("{color}",),
        words={
            "style": "Little|Racing|Family|Pull-back|Rounded",
            "material": _TIMBERS,
            "color": BRIGHTS,
            "length": "9 cm|12 cm|16 cm",
            "age": "from 1 year|from 18 months",
        },
        price_euro=18, weight_grams=(90, 320), grows="length", share=0.8,
        stories=(
            "A car that runs straight, quietly and under every sofa.",
            "Four wheels, no batteries, and many kilometers.",
        ),
        details=(
            "The axles are steel and the wheels are waxed.",
            "It is painted with water-based colors.",
        ),
    ),
    Kind(
        name="toy train", category=_WOODEN, drawing="car#0",
        heads=("{model} {material} toy train", "{style} {material} locomotive"),
        tails=("{color}",),
        words={
            "style": "Little|Steam|Pull-along|Mountain|Night",
            "material": _TIMBERS,
            "color": BRIGHTS,
            "length": "14 cm|18 cm|24 cm",
            "age": "from 18 months|from 3 years",
        },
        price_euro=26, weight_grams=(220, 620), grows="length", share=0.8,
        stories=(
            "The night train to the kitchen, always on time.",
            "A locomotive that fits all common wooden tracks.",
        ),
        details=(
            "Its magnets are sealed in and cannot come out.",
            "The chimney is good to hold on to.",
        ),
    ),
    Kind(
        name="puzzle", category=_PUZZLES, drawing="puzzle",
        heads=("{subject} puzzle", "{style} puzzle, {subject}", "{model} puzzle, {subject}"),
        tails=("{pieces}",),
        words={
            "style": "Round|Family|Two-sided|Illustrated",
            "subject": (
                "harbor at night|herb garden|mountain railway|market day|deep sea|"
                "night sky|old library|bird atlas|city of bridges"
            ),
            "pieces": "48 pieces|100 pieces|500 pieces|1,000 pieces",
            "color": BRIGHTS,
            "material": "recycled paper|birch",
            "size": "36 x 26 cm|48 x 34 cm|68 x 48 cm",
        },
        price_euro=22, weight_grams=(320, 900), grows="pieces", share=1.1,
        stories=(
            "A picture with so many small stories that one forgets to look for the edge.",
            "For rainy Sundays and large tables.",
        ),
        details=(
            "The pieces lock well: the finished picture can be lifted by a corner.",
            "A missing piece is replaced free of charge.",
        ),
    ),
    Kind(
        name="ball", category=_OUTDOOR, drawing="ball",
        heads=("{style} {material} ball", "{model} {material} ball"),
        tails=("{color}", "{diameter}"),
        words={
            "style": "Striped|Bouncy|Beach|Playground|Soft|Patterned",
            "material": "natural rubber|recycled plastic|leather",
            "color": BRIGHTS,
            "diameter": "14 cm|18 cm|22 cm",
            "age": "from 1 year|from 3 years",
        },
        price_euro=16, weight_grams=(180, 460), grows="diameter", share=0.8,
        stories=(
            "A ball for the yard, the beach and the hallway when nobody is looking.",
            "It bounces high and lands softly.",
        ),
        details=(
            "The valve lies flat and does not hurt bare feet.",
            "A small pump is in the box.",
        ),
    ),
    Kind(
        name="kite", category=_OUTDOOR, drawing="kite",
        heads=("{style} {material} kite", "{model} {material} kite"),
        tails=("{color}", "{width}"),
        words={
            "style": "Diamond|Classic|First|Light-wind|Hand-painted",
            "material": "recycled nylon|mulberry paper",
            "color": BRIGHTS,
            "width": "60 cm|80 cm|110 cm",
            "wind": "2 to 4 Beaufort|2 to 5 Beaufort|3 to 5 Beaufort",
        },
        price_euro=29, weight_grams=(120, 380), grows="width", share=0.8,
        stories=(
            "A kite that climbs at the first try, even with a child at the string.",
            "Split bamboo and a long tail, balanced on one finger.",
        ),
        details=(
            "Sixty meters of line come on a wooden reel.",
            "It rolls up as thin as an umbrella.",
        ),
    ),
)  # fmt: skip
