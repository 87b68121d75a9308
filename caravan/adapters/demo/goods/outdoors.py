"""The demo's goods for cycling, yoga and camping."""

from caravan.adapters.demo.goods.kind import BRIGHTS, Kind

_CYCLING, _CAMPING = "Sports/Cycling", "Sports/Camping"

KINDS = (
    Kind(
        name="bicycle bell", category=_CYCLING, drawing="bell",
        heads=("{model} {material} bicycle bell", "{style} {material} bicycle bell"),
        tails=("{color}",),
        words={
            "style": "Ding-dong|Small|Loud|Hand-painted|Classic",
            "material": "brass|aluminum|copper|enameled steel",
            "color": "tomato red|petrol|mustard|mint|ink black|sky blue|coral|cream|navy",
            "clamp": "22.2 mm|25.4 mm|31.8 mm",
        },
        price_euro=19, weight_grams=(60, 180), share=0.9,
        stories=(
            "A bell that asks politely and is heard all the same.",
            "Spun from solid metal, with a tone that hangs in the air.",
        ),
        details=(
            "It is mounted with one screw, left or right.",
            "Rain does not dull it.",
        ),
    ),
    Kind(
        name="bicycle helmet", category=_CYCLING, drawing="helmet",
        heads=("{model} {style} bicycle helmet", "{model} bicycle helmet"),
        tails=("{color}",),
        words={
            "style": "city|road|light|commuter",
            "material": "recycled plastic",
            "color": BRIGHTS,
            "size": "S (51 to 55 cm)|M (55 to 58 cm)|L (58 to 62 cm)",
            "standard": "EN 1078",
        },
        price_euro=72, weight_grams=(260, 420), options=("size",), optioned=0.8, share=0.8,
        stories=(
            "A helmet that one forgets to take off in the bakery.",
            "Light, airy, and tested well beyond what the standard asks for.",
        ),
        details=(
            "A wheel at the back sets the fit with one hand.",
            "The buckle is magnetic and closes with gloves on.",
        ),
    ),
    Kind(
        name="yoga mat", category="Sports/Yoga", drawing="mat",
        heads=("{model} {material} yoga mat", "{style} {material} yoga mat"),
        tails=("{color}", "{thickness}"),
        words={
            "style": "Non-slip|Travel|Extra-long|Cushioned|Studio",
            "material": "natural rubber|cork|organic cotton|wool",
            "color": "sage|petrol|terracotta|lavender|navy|blush|mustard|charcoal|teal|plum",
            "thickness": "2 mm|4 mm|6 mm",
            "size": "183 x 61 cm|200 x 66 cm",
        },
        price_euro=64, weight_grams=(900, 2600), grows="thickness", options=("color",), share=1.1,
        stories=(
            "A mat that stays put in every pose, even on a warm day.",
            "It rolls out flat and smells of nothing.",
        ),
        details=(
            "A carrying strap is included.",
            "The surface grips better the warmer it gets.",
            "When it is worn out, it makes a good underlay for a workshop.",
        ),
    ),
    Kind(
        name="drinking bottle", category=_CAMPING, drawing="bottle",
        heads=("{model} {material} bottle", "{style} {material} bottle"),
        tails=("{color}", "{capacity}"),
        words={
            "style": "Insulated|Leak-proof|Slim|Wide-mouth|Looped",
            "material": "stainless steel|titanium|aluminum",
            "color": BRIGHTS,
            "capacity": "0.35 l|0.5 l|0.75 l|1 l",
            "keeps": "12 hours warm, 24 hours cold|8 hours warm, 18 hours cold",
        },
        price_euro=29, weight_grams=(210, 480), grows="capacity", options=("capacity", "color"), optioned=0.3,
        share=1.2,
        stories=(
            "A bottle that is still warm when the summit comes into view.",
            "It does not leak, not even upside down among papers.",
        ),
        details=(
            "The lid comes apart for cleaning.",
            "The seal is sold as a spare part for less than a coffee.",
            "It fits the bottle cage of a bicycle.",
        ),
    ),
    Kind(
        name="lantern", category=_CAMPING, drawing="lantern",
        heads=("{model} {material} lantern", "{style} {material} lantern"),
        tails=("{color}",),
        words={
            "style": "Folding|Storm|Camping|Terrace|Garden",
            "material": "powder-coated steel|brass|zinc|aluminum",
            "color": "tomato red|forest green|mustard|navy|charcoal|copper|petrol|sand",
            "height": "16 cm|22 cm|28 cm",
            "light": "LED, 200 lumens|LED, 350 lumens|lamp oil|tea light",
        },
        price_euro=46, weight_grams=(320, 1200), grows="height", share=0.8,
        stories=(
            "A light for the tent, the terrace and the walk to the woodshed.",
            "It burns steadily in a wind that would take your hat.",
        ),
        details=(
            "The handle locks upright for hanging.",
            "The light is warm enough to read by, and dims to a glow.",
        ),
    ),
    Kind(
        name="tent", category=_CAMPING, drawing="tent",
        heads=("{model} {material} tent", "{style} {material} tent"),
        tails=("{color}", "{sleeps}"),
        words={
            "style": "Bell|Ridge|Light|Family|Trekking",
            "material": "canvas|recycled polyester|recycled nylon",
            "color": "sage|mustard|rust|petrol|sand|coral|forest green|slate|terracotta",
            "sleeps": "for 1|for 2|for 3|for 5",
            "water column": "3,000 mm|4,000 mm|5,000 mm",
        },
        price_euro=268, spread=0.35, weight_grams=(1600, 9000), grows="sleeps", growth=0.3, share=0.6,
        stories=(
            "A tent that stands before the rain arrives.",
            "Two poles, eight pegs and a view.",
        ),
        details=(
            "Seams are taped, zippers run in both directions.",
            "The inner tent can stay hung up while you pitch.",
            "Torn cloth is mended at cost for as long as the tent lives.",
        ),
    ),
)  # fmt: skip
