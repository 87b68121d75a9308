"""The demo's clothes, shoes and what goes with them."""

from caravan.adapters.demo.goods.kind import CLOTHS, LEATHERS, Kind

_SIZES = "XS|S|M|L|XL"
_SHOE_SIZES = "37|38|39|40|41|42|43|44"
_FITS = "regular|relaxed|straight"

KINDS = (
    Kind(
        name="dress", category="Fashion/Clothing/Dresses", drawing="dress",
        heads=("{style} {material} dress", "{model} {material} dress"),
        tails=("{color}",),
        words={
            "style": "Summer|Wrap|Block-printed|Tiered|Midi|Pinafore|Button-front|Sleeveless",
            "material": "linen|cotton|silk|organic cotton",
            "color": "tomato red|mustard|sage|navy|sea blue|blush|terracotta|berry|mint|lavender|petrol|apricot",
            "size": _SIZES,
            "fit": _FITS,
        },
        price_euro=89, weight_grams=(220, 420), options=("size", "color"), optioned=1, share=0.9,
        stories=(
            "A dress that looks ironed even when it is not.",
            "Cut to be danced in, and to be worn with boots in October.",
            "Sewn by three people who have worked at the same table for ten years.",
        ),
        details=(
            "It has pockets, of course.",
            "The straps can be made longer by four centimeters.",
            "Every length of cloth is printed by hand, so the pattern never sits quite the same.",
        ),
    ),
    Kind(
        name="shirt", category="Fashion/Clothing/Shirts", drawing="shirt",
        heads=("{style} {material} shirt", "{model} {material} shirt"),
        tails=("{color}",),
        words={
            "style": "Oxford|Grandad-collar|Washed|Weekend|Short-collared|Work",
            "material": "linen|cotton|organic cotton|hemp",
            "color": CLOTHS,
            "size": _SIZES,
            "fit": _FITS,
        },
        price_euro=72, weight_grams=(210, 380), options=("size", "color"), optioned=1,
        stories=(
            "A shirt for work, for the weekend, and for the wedding of a friend.",
            "The third wash is when it becomes yours.",
        ),
        details=(
            "The buttons are corozo nut, sewn on to stay.",
            "The back is a little longer, so it stays where it was tucked.",
            "A spare button is sewn into the side seam.",
        ),
    ),
    Kind(
        name="T-shirt", category="Fashion/Clothing/Shirts", drawing="tee",
        heads=("{style} {material} T-shirt", "{model} {material} T-shirt"),
        tails=("{color}",),
        words={
            "style": "Heavy|Screen-printed|Boxy|Striped|Loopwheel|Everyday|Hand-dyed",
            "material": "organic cotton|cotton|hemp",
            "color": CLOTHS,
            "size": _SIZES,
            "fit": _FITS,
        },
        price_euro=32, weight_grams=(150, 260), options=("size", "color"), optioned=1,
        stories=(
            "A T-shirt thick enough to be worn on its own.",
            "Knitted slowly, so it does not twist in the wash.",
        ),
        details=(
            "The collar is ribbed and keeps its shape.",
            "The print is water-based and soft to the touch.",
            "No label scratches: it is printed inside the neck.",
        ),
    ),
    Kind(
        name="sweater", category="Fashion/Clothing/Knitwear", drawing="sweater",
        heads=("{style} {material} sweater", "{model} {material} sweater"),
        tails=("{color}",),
        words={
            "style": "Cable-knit|Round-yoke|Ribbed|Fisherman's|Chunky|Fine-gauge|Raglan",
            "material": "wool|lambswool|merino wool|alpaca",
            "color": CLOTHS,
            "size": _SIZES,
            "fit": _FITS,
        },
        price_euro=109, weight_grams=(380, 780), options=("size", "color"), optioned=1, share=0.9,
        stories=(
            "A sweater for the first fire of the year.",
            "Knitted in one piece, without side seams that could rub.",
            "The kind of sweater that gets borrowed and not returned.",
        ),
        details=(
            "Yarn for mending comes with it.",
            "Cuffs and hem are knitted tightly, so they do not wear out.",
            "The wool comes from flocks that the mill knows by name.",
        ),
    ),
    Kind(
        name="sneakers", category="Fashion/Shoes", drawing="sneaker",
        heads=("{model} {material} sneakers", "{style} {material} sneakers"),
        tails=("{color}",),
        words={
            "style": "Low|Court|Retro|Stitched|Everyday",
            "material": "leather|suede|canvas|recycled nylon",
            "color": "chalk white|navy|cognac|sage|charcoal|brick|mustard|berry|petrol|sand",
            "size": _SHOE_SIZES,
            "sole": "natural rubber|recycled rubber|crepe",
        },
        price_euro=118, weight_grams=(620, 980), options=("size",), optioned=1, share=0.8,
        stories=(
            "Sneakers that can be resoled instead of thrown away.",
            "Light, quiet, and good for twenty thousand steps.",
        ),
        details=(
            "The sole is stitched all the way round.",
            "The insole is cork and takes the shape of the foot.",
            "A second pair of laces is in the box.",
        ),
    ),
    Kind(
        name="rain boots", category="Fashion/Shoes", drawing="boot#0",
        heads=("{model} {material} rain boots", "{style} {material} rain boots"),
        tails=("{color}",),
        words={
            "style": "Tall|Lined|Garden|Classic",
            "material": "natural rubber",
            "color": "mustard|navy|forest green|tomato red|petrol|blush|charcoal|plum",
            "size": _SHOE_SIZES,
            "lining": "cotton|wool|recycled polyester",
        },
        price_euro=78, weight_grams=(1100, 1800), options=("size",), optioned=1, share=0.45,
        stories=(
            "Boots for people who do not wait for the rain to stop.",
            "Built in layers by hand, and tested in a Scottish spring.",
        ),
        details=(
            "The loop makes them easy to pull on and to hang up.",
            "The tread lets go of mud at every step.",
        ),
    ),
    Kind(
        name="ankle boots", category="Fashion/Shoes", drawing="boot#1",
        heads=("{model} {material} ankle boots", "{style} {material} ankle boots"),
        tails=("{color}",),
        words={
            "style": "Laced|Welted|Work|Walking",
            "material": "leather|suede",
            "color": LEATHERS,
            "size": _SHOE_SIZES,
            "sole": "natural rubber|leather|crepe",
        },
        price_euro=189, weight_grams=(1000, 1600), options=("size",), optioned=1, share=0.5,
        stories=(
            "Boots that are at their best in their fifth winter.",
            "Cut from one hide, welted by hand and made to be repaired.",
        ),
        details=(
            "The tongue is sewn in at the sides and keeps the rain out.",
            "Wear them at home for a week before the first long walk.",
        ),
    ),
    Kind(
        name="hat", category="Fashion/Accessories/Hats", drawing="hat",
        heads=("{model} {material} hat", "{style} {material} hat"),
        tails=("{color}",),
        words={
            "style": "Wide-brimmed|Crushable|Summer|Garden|Traveler's",
            "material": "straw|wool felt",
            "color": "sand|oat|charcoal|navy|rust|moss|cocoa|blush|mustard|cream",
            "size": "S (55 cm)|M (57 cm)|L (59 cm)",
        },
        price_euro=58, weight_grams=(90, 220), options=("size",), optioned=0.7, share=0.7,
        stories=(
            "A hat with a brim for the sun and a ribbon for the wind.",
            "It can be rolled into a suitcase and comes out as a hat.",
        ),
        details=(
            "A cord inside adjusts the fit.",
            "The ribbon is sewn, not glued, and can be changed.",
        ),
    ),
    Kind(
        name="beanie", category="Fashion/Accessories/Hats", drawing="beanie",
        heads=("{model} {material} beanie", "{style} {material} beanie"),
        tails=("{color}",),
        words={
            "style": "Ribbed|Pompom|Zigzag|Fisherman's|Double-knit|Chunky",
            "material": "merino wool|lambswool|alpaca|wool",
            "color": CLOTHS,
            "size": "children|adults",
        },
        price_euro=32, weight_grams=(70, 140), options=("color",), optioned=0.3, share=0.9,
        stories=(
            "A cap that covers the ears and does not itch.",
            "Knitted double, so the wind stays outside.",
        ),
        details=(
            "The pompom is tied on and comes off for the wash.",
            "The cuff turns down for really cold mornings.",
        ),
    ),
    Kind(
        name="scarf", category="Fashion/Accessories/Scarves", drawing="scarf",
        heads=("{model} {material} scarf", "{style} {material} scarf"),
        tails=("{color}", "{size}"),
        words={
            "style": "Striped|Fringed|Woven|Light|Hand-dyed|Herringbone",
            "material": "merino wool|lambswool|silk|alpaca|linen",
            "color": CLOTHS,
            "size": "30 x 170 cm|45 x 190 cm|70 x 200 cm",
        },
        price_euro=49, weight_grams=(90, 320), options=("color",), optioned=0.25, grows="size", growth=0.12,
        stories=(
            "A scarf long enough to go round twice.",
            "Soft on the neck, and as light as it is warm.",
        ),
        details=(
            "The fringe is knotted by hand.",
            "On a train it makes a pillow, on a cold evening a blanket.",
            "The stripes are woven in, not printed.",
        ),
    ),
    Kind(
        name="socks", category="Fashion/Accessories/Socks", drawing="socks",
        heads=("{style} {material} socks", "{model} {material} socks"),
        tails=("{color}",),
        words={
            "style": "Ribbed|Striped|Dotted|Hiking|House|Everyday",
            "material": "merino wool|wool|organic cotton|cotton",
            "color": CLOTHS,
            "size": "35 to 38|39 to 42|43 to 46",
        },
        price_euro=14, weight_grams=(60, 130), options=("size",), optioned=0.7,
        stories=(
            "Socks that stay up without leaving a mark.",
            "Warm feet, dry feet, and no holes by Christmas.",
        ),
        details=(
            "Heel and toe are reinforced in a second color.",
            "The toe seam is linked by hand and cannot be felt.",
        ),
    ),
)  # fmt: skip
