"""The demo's goods for table and kitchen."""

from caravan.adapters.demo.goods.kind import GLAZES, Kind

_TABLE, _KITCHEN = "Home/Tableware", "Home/Kitchen"
_WOODS = "oak|walnut|beech|cherry|olive wood|acacia"

KINDS = (
    Kind(
        name="mug", category=_TABLE, drawing="mug",
        heads=("{style} {material} mug", "{model} {material} mug", "{style} {material} coffee cup"),
        tails=("{color}", "{capacity}"),
        words={
            "style": "Hand-thrown|Wheel-thrown|Speckled|Ribbed|Fluted|Dimpled|Wide-rimmed|Stackable|Two-tone|Tall",
            "material": "stoneware|porcelain|earthenware",
            "color": GLAZES,
            "capacity": "250 ml|300 ml|350 ml|420 ml",
        },
        price_euro=21, weight_grams=(290, 480), share=1.6, options=("color",), grows="capacity", growth=0.08,
        stories=(
            "A mug with a handle that three fingers fit through and a rim that is pleasant to drink from.",
            "The mug for the first coffee of the day: heavy at the foot, thin at the lip.",
            "Thrown one at a time, glazed by dipping, and signed on the foot.",
        ),
        details=(
            "The glaze pools a little where the handle meets the wall, so every mug is slightly its own.",
            "It keeps tea warm for a good half hour.",
            "It stacks with its siblings and fits under every common coffee machine.",
        ),
    ),
    Kind(
        name="plate", category=_TABLE, drawing="plate",
        heads=("{style} {material} plate", "{model} {material} dinner plate", "{style} {material} serving plate"),
        tails=("{color}", "{diameter}"),
        words={
            "style": "Hand-painted|Speckled|Reactive-glaze|Raised-rim|Organic-edge|Matt|Crackle-glaze|Embossed",
            "material": "stoneware|porcelain|earthenware|bone china",
            "color": GLAZES,
            "diameter": "18 cm|21 cm|27 cm|31 cm",
        },
        price_euro=24, weight_grams=(380, 760), options=("diameter", "color"), grows="diameter",
        stories=(
            "A plate that makes a fried egg look like dinner.",
            "A generous plate with a rim that keeps the sauce where it belongs.",
            "Made for every day and good enough for guests.",
        ),
        details=(
            "The foot is ground smooth, so it does not scratch the table.",
            "It goes from the oven to the table, and mixes well with other colors of the series.",
            "Small differences in the glaze are wanted: they show that it was painted by hand.",
        ),
    ),
    Kind(
        name="bowl", category=_TABLE, drawing="bowl",
        heads=("{style} {material} bowl", "{model} {material} salad bowl", "{style} {material} soup bowl"),
        tails=("{color}", "{diameter}"),
        words={
            "style": "Footed|Carved|Nesting|Deep|Wavy|Facetted|Speckled|Everyday",
            "material": "stoneware|porcelain|earthenware",
            "color": GLAZES,
            "diameter": "14 cm|18 cm|23 cm|28 cm",
        },
        price_euro=26, weight_grams=(320, 900), options=("color",), grows="diameter",
        stories=(
            "Deep enough for ramen, pretty enough for fruit.",
            "A bowl that sits well in one hand, for soup on the sofa.",
            "The bowl that ends up on the table at every meal.",
        ),
        details=(
            "The wide foot keeps it steady even when it is full.",
            "It nests with the other sizes and takes up little room in the cupboard.",
            "The inside is smooth and easy to wipe out.",
        ),
    ),
    Kind(
        name="teapot", category=_TABLE, drawing="teapot",
        heads=("{style} {material} teapot", "{model} {material} teapot with strainer"),
        tails=("{color}", "{capacity}"),
        words={
            "style": "Round|Side-handled|Tall|Short-spouted|Gongfu|Family|Ribbed|Low",
            "material": "stoneware|porcelain|cast iron|glass",
            "color": GLAZES,
            "capacity": "0.3 l|0.6 l|0.9 l|1.2 l",
        },
        price_euro=48, weight_grams=(480, 1200), grows="capacity", options=("color",),
        stories=(
            "A teapot that pours in a clean arc and does not drip.",
            "Made for leaves that need room to open.",
            "A calm, round pot for long afternoons.",
        ),
        details=(
            "The lid has a small catch, so it stays on to the last cup.",
            "The strainer is pierced by hand and holds back even fine leaves.",
            "Warm it with hot water first, and it keeps tea hot for an hour.",
        ),
    ),
    Kind(
        name="carafe", category=_TABLE, drawing="carafe",
        heads=("{style} {material} carafe", "{model} {material} carafe with cork"),
        tails=("{color}", "{capacity}"),
        words={
            "style": "Mouth-blown|Optic|Bedside|Bulbous|Slim|Ribbed",
            "material": "glass|recycled glass",
            "color": "sea blue|sky blue|teal|mint|olive|honey|apricot|rose|lavender|berry|petrol",
            "capacity": "0.5 l|0.75 l|1 l|1.5 l",
        },
        price_euro=34, weight_grams=(520, 1100), grows="capacity", share=0.8,
        stories=(
            "A carafe for water, wine or the first cordial of the summer.",
            "Clear water looks better in it, and is drunk more often.",
        ),
        details=(
            "The cork comes from a single piece and keeps flies out.",
            "The neck is just wide enough for ice and a slice of lemon.",
            "It fits the door of a refrigerator.",
        ),
    ),
    Kind(
        name="kitchen knife", category=_KITCHEN, drawing="knife",
        heads=("{style} {material} {subject}", "{model} {material} {subject}"),
        tails=("{color} handle", "{blade length}"),
        words={
            "style": "Forged|Hand-ground|Full-tang|Hammered|Slim|Everyday",
            "material": "carbon steel|stainless steel|layered steel",
            "subject": "chef's knife|santoku|utility knife|bread knife|vegetable knife|carving knife",
            "color": "walnut|oak|olive wood|ink black|cherry|navy|forest green",
            "blade length": "12 cm|15 cm|18 cm|21 cm",
        },
        price_euro=79, spread=0.4, weight_grams=(120, 280), grows="blade length", share=1.2,
        stories=(
            "A knife that falls through a ripe tomato by its own weight.",
            "One good knife replaces a drawer of poor ones, and this is a good one.",
            "Ground thin behind the edge, so that onions do not notice.",
        ),
        details=(
            "The handle is shaped for left and right hands alike.",
            "It comes sharpened, with a sleeve for the drawer.",
            "The maker sharpens it free of charge in the first year.",
        ),
    ),
    Kind(
        name="cutting board", category=_KITCHEN, drawing="board",
        heads=("{style} {color} cutting board", "{model} {color} bread board", "{style} {color} serving board"),
        tails=("{size}",),
        words={
            "style": "End-grain|Solid|Round-cornered|Juice-grooved|Rustic|Slim|Long-handled",
            "color": _WOODS,
            "size": "30 x 18 cm|36 x 22 cm|42 x 26 cm|50 x 32 cm",
            "thickness": "18 mm|22 mm|30 mm",
            "finish": "linseed oil|beeswax and oil|walnut oil",
        },
        price_euro=42, weight_grams=(600, 1500), grows="size", options=("size",),
        stories=(
            "A board that stays where you put it.",
            "For bread in the morning, vegetables at noon and cheese in the evening.",
            "Cut from one plank, so the grain runs through from end to end.",
        ),
        details=(
            "The wood is soft to the edge of the knife and hard on bacteria.",
            "The hole takes a hook or a leather strap.",
            "A little oil twice a year is all it asks for.",
        ),
    ),
    Kind(
        name="casserole", category=_KITCHEN, drawing="pot",
        heads=("{style} {material} casserole", "{model} {material} stockpot", "{style} {material} stew pot"),
        tails=("{color}", "{capacity}"),
        words={
            "style": "Round|Lidded|Heavy|Two-handled|Low|Family",
            "material": "cast iron|enameled steel|copper|stainless steel",
            "color": "tomato red|navy|sage|cream|mustard|petrol|charcoal|teal|rust|blush",
            "capacity": "2 l|3.5 l|5 l|7 l",
            "hob": "all hobs|gas and electric|all hobs and oven",
        },
        price_euro=96, weight_grams=(1500, 4200), grows="capacity", options=("color", "capacity"), share=0.9,
        stories=(
            "A pot for everything that gets better by taking its time.",
            "From the hob to the oven to the table, and back for seconds.",
            "Heavy where it matters, with a lid that keeps the steam in.",
        ),
        details=(
            "The handles are wide enough for thick oven gloves.",
            "Drops run off small bumps under the lid and baste the roast.",
            "It will outlive its recipe book.",
        ),
    ),
    Kind(
        name="utensil set", category=_KITCHEN, drawing="spoons",
        heads=("{style} {material} utensil set", "{model} {material} cooking spoons in a {color} jar"),
        tails=("{pieces}",),
        words={
            "style": "Hand-carved|Slim|Everyday|Long-handled|Oiled|Rounded",
            "material": "olive wood|beech|cherry|birch|bamboo|walnut",
            "color": GLAZES,
            "pieces": "set of 3|set of 4|set of 5",
        },
        price_euro=29, weight_grams=(350, 800), grows="pieces", share=0.8,
        stories=(
            "Spoon, slotted turner and spatula: what a pan needs, and nothing that scratches it.",
            "Wooden spoons that are thin at the edge, where it counts.",
        ),
        details=(
            "The jar is glazed inside and weighs enough not to tip.",
            "Each is carved with the grain, so it neither splits nor frays.",
            "They stay cool in the hottest sauce.",
        ),
    ),
)  # fmt: skip
