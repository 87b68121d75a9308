"""The demo's jewelry and bags."""

from caravan.adapters.demo.goods.kind import BRIGHTS, LEATHERS, Kind

_METALS = "sterling silver|gold-plated silver|recycled rose gold"
_METAL_TINTS = {"sterling silver": "silver", "gold-plated silver": "gold", "recycled rose gold": "rose gold"}
_STONES = "aquamarine|aventurine|garnet|amethyst|amber|moonstone"  # in the order of the drawn stones

KINDS = (
    Kind(
        name="ring", category="Jewelry/Rings", drawing="ring",
        heads=("{model} {material} ring with {stone}", "{style} {material} ring with {stone}"),
        tails=(),
        words={
            "style": "Hammered|Slim|Claw-set|Twisted|Stacking|Satin",
            "material": _METALS,
            "stone": _STONES,
            "size": "50|52|54|56|58",
        },
        motif="stone", tints=_METAL_TINTS, price_euro=86, spread=0.45, weight_grams=(8, 20), options=("size",),
        optioned=0.7,
        stories=(
            "A ring to be put on once and then forgotten, until somebody asks about it.",
            "Cast in sand, filed by hand and polished for an hour.",
        ),
        details=(
            "The stone is set so that it does not catch on gloves.",
            "It arrives in a small box of recycled card.",
            "Its size can be changed within the first year, free of charge.",
        ),
    ),
    Kind(
        name="necklace", category="Jewelry/Necklaces", drawing="necklace",
        heads=("{model} {material} necklace with {stone}", "{style} {material} necklace with {stone}"),
        tails=("{length}",),
        words={
            "style": "Fine|Beaded|Layered|Pendant|Everyday",
            "material": _METALS,
            "stone": _STONES,
            "length": "42 cm|45 cm|50 cm|60 cm",
        },
        motif="stone", tints=_METAL_TINTS, price_euro=74, spread=0.4, weight_grams=(10, 30),
        stories=(
            "A necklace that sits just below the collarbone.",
            "A single drop of color on a fine chain.",
        ),
        details=(
            "The clasp is easy to open with one hand.",
            "Three extra links let you choose the length.",
            "No two stones are the same; yours will have its own clouds.",
        ),
    ),
    Kind(
        name="drop earrings", category="Jewelry/Earrings", drawing="earrings#0",
        heads=("{model} {material} drop earrings with {stone}", "{style} drop earrings with {stone}"),
        tails=("{length}",),
        words={
            "style": "Light|Long|Hammered|Teardrop|Dancing",
            "material": _METALS,
            "stone": _STONES,
            "length": "28 mm|36 mm|45 mm",
        },
        motif="stone", tints=_METAL_TINTS, price_euro=52, weight_grams=(6, 18), share=0.8,
        stories=(
            "Earrings so light that one sleeps in them by mistake.",
            "They swing a little when you laugh.",
        ),
        details=(
            "The hooks are free of nickel.",
            "Both stones are cut from the same piece.",
        ),
    ),
    Kind(
        name="hoop earrings", category="Jewelry/Earrings", drawing="earrings#1",
        heads=("{model} {material} hoops with {stone}", "{style} hoop earrings with {stone}"),
        tails=("{diameter}",),
        words={
            "style": "Slim|Small|Open|Beaded|Hammered",
            "material": _METALS,
            "stone": _STONES,
            "diameter": "14 mm|20 mm|28 mm",
        },
        motif="stone", tints=_METAL_TINTS, price_euro=48, weight_grams=(6, 16), share=0.7,
        stories=(
            "Hoops for every day, with a bead for the others.",
            "Bent from one wire and closed with a click.",
        ),
        details=(
            "The bead slides off if you would rather have them plain.",
            "They are free of nickel and kind to the skin.",
        ),
    ),
    Kind(
        name="watch", category="Jewelry/Watches", drawing="watch",
        heads=("{model} watch with {material} strap", "{style} watch with {material} strap"),
        tails=("{color}",),
        words={
            "style": "Field|Slim|Everyday|Railway|Small",
            "material": "leather|cork|suede|recycled nylon",
            "color": "cognac|navy|charcoal|forest green|sand|brick|cocoa|petrol|slate|mustard",
            "case": "36 mm|38 mm|40 mm",
            "movement": "quartz|automatic|solar quartz",
            "water resistance": "3 bar|5 bar|10 bar",
        },
        price_euro=168, spread=0.4, weight_grams=(48, 92), options=("color",), optioned=0.25,
        stories=(
            "A watch that tells the time and nothing else.",
            "A clear face, a domed glass and a strap that ages well.",
        ),
        details=(
            "The strap changes without a tool.",
            "The glass is sapphire and does not mind keys.",
            "Every watch is set and tested for a week before it leaves the bench.",
        ),
    ),
    Kind(
        name="backpack", category="Bags/Backpacks", drawing="backpack",
        heads=("{model} {material} backpack", "{style} {material} backpack"),
        tails=("{color}", "{volume}"),
        words={
            "style": "Roll-top|Commuter|Small|School|Day|Foldable",
            "material": "waxed canvas|canvas|recycled nylon|leather",
            "color": BRIGHTS,
            "volume": "12 l|18 l|24 l|30 l",
        },
        price_euro=94, spread=0.35, weight_grams=(520, 1300), grows="volume", growth=0.1, options=("color",),
        optioned=0.25,
        stories=(
            "A backpack for a laptop, a lunch and a change of plan.",
            "Carried empty it weighs next to nothing, carried full it does not complain.",
        ),
        details=(
            "A padded sleeve takes a computer of up to 15 inches.",
            "All seams are bound, and all buckles can be replaced.",
            "The straps are curved and do not slip off narrow shoulders.",
        ),
    ),
    Kind(
        name="tote bag", category="Bags/Totes", drawing="tote",
        heads=("{style} {material} tote bag", "{model} {material} tote bag"),
        tails=("{color}",),
        words={
            "style": "Block-printed|Market|Zipped|Lined|Large|Beach",
            "material": "canvas|organic cotton|linen|leather|cork|hemp",
            "color": "cream|oat|sea blue|mustard|terracotta|sage|navy|blush|charcoal|petrol|coral",
            "volume": "12 l|16 l|20 l",
        },
        price_euro=34, spread=0.45, weight_grams=(160, 620), options=("color",), optioned=0.2, share=1.2,
        stories=(
            "A bag for the market that is still good at the opera.",
            "It holds two loaves, a bunch of leeks and the newspaper.",
        ),
        details=(
            "The handles are long enough for the shoulder.",
            "A small pocket inside keeps keys from getting lost.",
            "The bottom is doubled and stands on its own.",
        ),
    ),
    Kind(
        name="wallet", category="Bags/Wallets", drawing="wallet",
        heads=("{model} {material} wallet", "{style} {material} wallet"),
        tails=("{color}",),
        words={
            "style": "Slim|Folded|Zip-around|Saddle-stitched|Coin|Travel",
            "material": "leather|cork|waxed canvas|suede",
            "color": LEATHERS,
            "cards": "4 cards|6 cards|8 cards|12 cards",
        },
        price_euro=46, spread=0.35, weight_grams=(50, 160), options=("color",), optioned=0.25,
        stories=(
            "A wallet that is thin when it is full.",
            "Cut from one piece and stitched by hand with waxed thread.",
        ),
        details=(
            "Notes fit without being folded.",
            "The snap is brass and closes for good.",
            "After a year in a pocket it has a shine of its own.",
        ),
    ),
    Kind(
        name="bicycle bag", category="Bags/Bicycle bags", drawing="pannier",
        heads=("{model} {material} bicycle bag", "{style} {material} pannier"),
        tails=("{color}", "{volume}"),
        words={
            "style": "Roll-top|Office|Touring|Market|Waterproof|City",
            "material": "waxed canvas|recycled nylon|recycled polyester|canvas",
            "color": "mustard|petrol|moss|brick|navy|charcoal|coral|sage|cognac|teal",
            "volume": "14 l|18 l|22 l",
        },
        price_euro=98, weight_grams=(650, 1400), grows="volume", growth=0.1, options=("color",), optioned=0.25,
        stories=(
            "A bag that clicks onto the rack and comes off as a shoulder bag.",
            "Rolled shut, it keeps a loaf dry through a Dutch November.",
        ),
        details=(
            "The hooks fit racks from 8 to 16 millimeters.",
            "A strip of reflective cloth shines in headlights.",
            "Every part can be ordered singly, down to the last rivet.",
        ),
    ),
)  # fmt: skip
