"""The demo's goods for the rooms of a home: lamps, furniture, cloth and what stands on the shelf."""

from caravan.adapters.demo.goods.kind import CLOTHS, GLAZES, Kind

_LIGHT, _FURNITURE, _TEXTILES, _DECORATION = "Home/Lighting", "Home/Furniture", "Home/Textiles", "Home/Decoration"

KINDS = (
    Kind(
        name="table lamp", category=_LIGHT, drawing="lamp",
        heads=("{style} {material} table lamp", "{model} {material} table lamp", "{model} {material} bedside lamp"),
        tails=("{color}",),
        words={
            "style": "Dimmable|Small|Tall|Cordless|Rounded|Reading",
            "material": "brass|powder-coated steel|aluminum|oak|stoneware",
            "color": "mustard|sage|terracotta|charcoal|cream|petrol|brick|sky blue|forest green|blush",
            "socket": "E27|E14|built-in LED",
            "height": "28 cm|34 cm|42 cm|50 cm",
        },
        price_euro=84, spread=0.4, weight_grams=(900, 2600), grows="height", growth=0.12, options=("color",),
        stories=(
            "A lamp that makes a corner into a place to sit.",
            "Warm light at the height of the eyes, and none in them.",
            "A small sun for the sideboard.",
        ),
        details=(
            "It comes with two meters of cloth-covered cable and a switch that clicks.",
            "The shade turns, so the light goes where the book is.",
            "Bulb, fuse and switch can all be replaced.",
        ),
    ),
    Kind(
        name="pendant lamp", category=_LIGHT, drawing="pendant",
        heads=("{style} {material} pendant lamp", "{model} {material} pendant"),
        tails=("{color}", "{diameter}"),
        words={
            "style": "Hand-spun|Domed|Bell-shaped|Hammered|Wide|Slim",
            "material": "brass|copper|aluminum|powder-coated steel",
            "color": "brass|copper|sage|charcoal|cream|petrol|mustard|brick|sky blue",
            "diameter": "24 cm|32 cm|40 cm|48 cm",
            "socket": "E27|E14",
        },
        price_euro=118, spread=0.35, weight_grams=(900, 2800), grows="diameter", share=0.8,
        stories=(
            "A pendant for the table around which everything happens.",
            "Spun from one sheet of metal, without a seam.",
        ),
        details=(
            "The cable is two and a half meters long and easy to shorten.",
            "White inside, it throws a wide, even circle of light.",
            "Two of them over a long table look as if they had always been there.",
        ),
    ),
    Kind(
        name="chair", category=_FURNITURE, drawing="chair",
        heads=("{model} {material} chair", "{style} {material} dining chair"),
        tails=("{color}",),
        words={
            "style": "Spindle-back|Curved|Stackable|Wide-seated|Slatted|Farmhouse",
            "material": "oak|beech|ash|walnut|cherry",
            "color": "sage|mustard|rust|charcoal|navy|oat|terracotta|petrol|berry|cream",
            "seat height": "45 cm|46 cm|47 cm",
            "load": "up to 120 kg|up to 140 kg",
        },
        price_euro=219, spread=0.35, weight_grams=(4200, 7800), options=("color",), share=0.7,
        stories=(
            "A chair for long dinners: the back gives a little, the joints do not.",
            "Built with mortise and tenon, without a single screw.",
        ),
        details=(
            "It arrives in one piece; there is nothing to assemble.",
            "Felt pads for the floor are in the box.",
            "The seat is hollowed by hand, and you notice after the first hour.",
        ),
    ),
    Kind(
        name="stool", category=_FURNITURE, drawing="stool",
        heads=("{model} {material} stool", "{style} {material} stool"),
        tails=("{color}", "{height}"),
        words={
            "style": "Three-legged|Milking|Kitchen|Bedside|Workshop|Step",
            "material": "oak|beech|ash|walnut|birch",
            "color": "sage|mustard|rust|charcoal|navy|blush|teal|cream|petrol",
            "height": "30 cm|45 cm|62 cm|75 cm",
        },
        price_euro=92, weight_grams=(2100, 4600), grows="height", share=0.7,
        stories=(
            "Three legs never wobble, whatever the floor does.",
            "A seat, a step, a bedside table: the most useful piece in the house.",
        ),
        details=(
            "The edges are rounded where hands take hold of it.",
            "It carries a grown person or a large stack of books.",
            "Legs are wedged from above in the old way.",
        ),
    ),
    Kind(
        name="cushion", category=_TEXTILES, drawing="cushion",
        heads=("{style} {material} cushion", "{model} {material} cushion"),
        tails=("{color}", "{size}"),
        words={
            "style": "Block-printed|Embroidered|Striped|Tasseled|Stonewashed|Quilted|Woven",
            "material": "linen|cotton|wool|organic cotton|hemp",
            "color": CLOTHS,
            "size": "40 x 40 cm|45 x 45 cm|50 x 50 cm|60 x 60 cm",
        },
        price_euro=34, weight_grams=(320, 800), options=("color",), grows="size", growth=0.12, share=1.2,
        stories=(
            "A cushion that survives pillow fights and still looks good on the sofa.",
            "One of these, and the old sofa looks new.",
            "Printed or woven by hand, and filled as plumply as it looks.",
        ),
        details=(
            "A hidden zipper lets the cover go into the wash.",
            "The filling is recycled and can be plumped up again.",
            "The back is plain, for days that need less pattern.",
        ),
    ),
    Kind(
        name="blanket", category=_TEXTILES, drawing="blanket",
        heads=("{style} {material} blanket", "{model} {material} throw"),
        tails=("{color}", "{size}"),
        words={
            "style": "Woven|Herringbone|Fringed|Striped|Waffle|Double-faced",
            "material": "wool|lambswool|merino wool|alpaca|cotton",
            "color": CLOTHS,
            "size": "120 x 160 cm|130 x 180 cm|150 x 200 cm",
        },
        price_euro=89, weight_grams=(700, 1700), options=("color",), grows="size",
        stories=(
            "A blanket large enough for two, if they like each other.",
            "Woven on old looms that still set the pace of the mill.",
            "Light in summer, warm in winter, and always on somebody's knees.",
        ),
        details=(
            "It is washed in spring water and brushed with thistles, as it was a hundred years ago.",
            "The fringe is twisted by hand.",
            "Folded at the foot of the bed, it is ready for the first cold night.",
        ),
    ),
    Kind(
        name="towel", category=_TEXTILES, drawing="towel",
        heads=("{style} {material} towel", "{model} {material} towel", "{style} {material} tea towel"),
        tails=("{color}", "{size}"),
        words={
            "style": "Waffle|Flat-woven|Striped|Terry|Jacquard|Fringed",
            "material": "cotton|linen|organic cotton|hemp",
            "color": CLOTHS,
            "size": "50 x 70 cm|50 x 100 cm|70 x 140 cm|100 x 180 cm",
        },
        price_euro=19, weight_grams=(120, 560), options=("size", "color"), grows="size", growth=0.3,
        stories=(
            "A towel that dries well and dries quickly.",
            "Thin enough for the beach bag, thick enough for a cold swim.",
        ),
        details=(
            "It has a loop to hang it by, where one needs it.",
            "It drinks more with every wash.",
            "The hem is sewn twice and does not curl.",
        ),
    ),
    Kind(
        name="vase", category=_DECORATION, drawing="vase",
        heads=("{style} {material} vase", "{model} {material} vase"),
        tails=("{color}", "{height}"),
        words={
            "style": "Narrow-necked|Bulbous|Tall|Ribbed|Two-tone|Small|Round-bellied",
            "material": "stoneware|porcelain|glass|earthenware|recycled glass",
            "color": GLAZES,
            "height": "14 cm|19 cm|24 cm|32 cm",
        },
        price_euro=38, weight_grams=(400, 1500), grows="height", options=("color",),
        stories=(
            "A vase that makes three stems look like a bouquet.",
            "Good with flowers, and good without.",
            "A quiet shape for loud flowers.",
        ),
        details=(
            "The narrow neck holds every stem where you put it.",
            "It is watertight and glazed inside.",
            "It stands on a felt foot that is kind to the windowsill.",
        ),
    ),
    Kind(
        name="scented candle", category=_DECORATION, drawing="candle#0",
        heads=("{scent} scented candle in {material}", "{model} {material} candle with {scent}"),
        tails=("{burning time}",),
        words={
            "scent": (
                "fig leaf|cedar|orange blossom|sea salt|lavender|rosemary|"
                "tomato leaf|sandalwood|black tea|wild mint"
            ),
            "material": "soy wax|beeswax|rapeseed wax",
            "burning time": "25 hours|40 hours|60 hours",
        },
        tints={
            "fig leaf": "moss", "cedar": "rust", "orange blossom": "apricot", "sea salt": "sky blue",
            "lavender": "lavender", "rosemary": "sage", "tomato leaf": "tomato red", "sandalwood": "oat",
            "black tea": "cocoa", "wild mint": "mint",
        },
        price_euro=27, weight_grams=(260, 620), grows="burning time",
        stories=(
            "A candle that smells of a place rather than of perfume.",
            "Poured by hand in batches of thirty, and left to rest for two weeks.",
        ),
        details=(
            "The glass is meant to be used again, for pencils or small flowers.",
            "The wick is cotton, without a metal core.",
            "Even before it is lit, it scents a small room.",
        ),
    ),
    Kind(
        name="pillar candle", category=_DECORATION, drawing="candle#2",
        heads=("{style} {material} pillar candle", "{model} {material} pillar candle"),
        tails=("{color}", "{height}"),
        words={
            "style": "Hand-poured|Rolled|Rustic|Slow-burning|Smooth",
            "material": "beeswax|rapeseed wax|soy wax",
            "color": "honey|cream|terracotta|sage|plum|sea blue|mustard|brick|blush|charcoal",
            "height": "8 cm|12 cm|16 cm|20 cm",
        },
        price_euro=16, weight_grams=(250, 900), grows="height", options=("color",), share=0.7,
        stories=(
            "A candle with a thick wick and a patient flame.",
            "For the table, the window and the evening the power goes out.",
        ),
        details=(
            "It burns down straight and keeps a thin wall that glows.",
            "The color goes all the way through.",
        ),
    ),
    Kind(
        name="wall clock", category=_DECORATION, drawing="clock",
        heads=("{style} {material} wall clock", "{model} {material} wall clock"),
        tails=("{color}", "{diameter}"),
        words={
            "style": "Silent|Station-style|Kitchen|Slim|Round|Schoolroom",
            "material": "oak|walnut|aluminum|powder-coated steel|ash",
            "color": "charcoal|sage|mustard|terracotta|navy|cream|sky blue|blush|petrol|berry",
            "diameter": "22 cm|28 cm|34 cm",
            "movement": "quartz, silent|radio-controlled|quartz",
        },
        price_euro=64, weight_grams=(500, 1400), grows="diameter", share=0.7,
        stories=(
            "A clock that can be read from across the kitchen.",
            "It shows the time and is otherwise quiet.",
        ),
        details=(
            "The hands glide without ticking.",
            "One battery lasts about two years.",
            "The glass is slightly curved, like that of an old railway clock.",
        ),
    ),
    Kind(
        name="art print", category=_DECORATION, drawing="poster",
        heads=("{subject} art print", "{model} screen print, {subject}", "{style} print, {subject}"),
        tails=("{color}", "{size}"),
        words={
            "style": "Risograph|Linocut|Letterpress|Woodblock",
            "subject": (
                "Hills at dusk|Two arches|Large leaf|Quiet morning|"
                "Harbor wall|Orchard|Low sun|Three fields|Night garden"
            ),
            "material": "cotton paper|recycled paper|mulberry paper",
            "color": "terracotta|sea blue|mustard|sage|rust|petrol|plum|forest green|apricot|indigo",
            "size": "21 x 30 cm|30 x 40 cm|50 x 70 cm",
            "edition": "edition of 80|edition of 150|open edition",
        },
        price_euro=36, weight_grams=(120, 460), grows="size", growth=0.4, options=("size",), optioned=0.3,
        tints={
            "Hills at dusk": "#0", "Two arches": "#1", "Large leaf": "#2", "Quiet morning": "#0", "Harbor wall": "#1",
            "Orchard": "#2", "Low sun": "#0", "Three fields": "#0", "Night garden": "#2",
        },
        stories=(
            "Printed by hand in two or three colors, each with its own plate.",
            "A picture that one still likes to look at after a year.",
        ),
        details=(
            "It is signed and numbered in pencil.",
            "It ships flat between two boards, without a frame.",
            "The sizes fit common frames.",
        ),
    ),
)  # fmt: skip
