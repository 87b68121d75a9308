"""The demo's food and drink, soap and lotions."""

from caravan.adapters.demo.goods.kind import BRIGHTS, Kind

_FOOD_HONEY = "Food/Honey and jam"

KINDS = (
    Kind(
        name="soap", category="Beauty/Soap", drawing="soap",
        heads=("{scent} soap bar", "{style} soap with {scent}", "{model} soap with {scent}"),
        tails=("{content}",),
        words={
            "style": "Cold-stirred|Olive oil|Shea butter|Gentle|Shaving|Hair",
            "scent": "lavender|rosemary|orange blossom|sea salt|charcoal|calendula|rose|mint|cedar|oat milk",
            "content": "90 g|120 g|2 x 100 g",
            "skin": "all skin|dry skin|sensitive skin",
            "ingredients": "olive oil, coconut oil, shea butter|olive oil, laurel oil|rapeseed oil, cocoa butter",
            "shelf life": "24 months",
        },
        tints={
            "lavender": "lavender", "rosemary": "sage", "orange blossom": "apricot", "sea salt": "sky blue",
            "charcoal": "slate",
            "calendula": "sunflower", "rose": "blush", "mint": "mint", "cedar": "terracotta", "oat milk": "oat",
        },
        price_euro=7.2, spread=0.22, weight_grams=(100, 240), grows="content", growth=0.3, share=1.2,
        stories=(
            "A bar that lasts for weeks and smells of what is in it.",
            "Stirred cold and left to ripen for six weeks.",
        ),
        details=(
            "It foams softly in hard water, too.",
            "It comes wrapped in a strip of paper, and nothing else.",
            "Let it dry between uses, and it lasts twice as long.",
        ),
    ),
    Kind(
        name="cream", category="Beauty/Skin care", drawing="cream",
        heads=("{style} with {scent}", "{model} {style} with {scent}"),
        tails=("{content}",),
        words={
            "style": "hand cream|face cream|body butter|night cream|foot balm",
            "scent": "calendula|almond oil|shea butter|oat|rose water|sea buckthorn|chamomile",
            "content": "50 ml|75 ml|100 ml|200 ml",
            "skin": "all skin|dry skin|sensitive skin",
            "shelf life": "12 months after opening",
            "tested": "without animal testing",
        },
        tints={
            "calendula": "honey", "almond oil": "blush", "shea butter": "oat", "oat": "sand", "rose water": "rose",
            "sea buckthorn": "coral", "chamomile": "sage",
        },
        price_euro=19, weight_grams=(90, 280), grows="content", growth=0.25,
        stories=(
            "A cream that is gone in a minute and felt all day.",
            "Made in small pots, with a list of ingredients one can read aloud.",
        ),
        details=(
            "A little is enough; the jar lasts for months.",
            "Empty jars can be sent back and are filled again.",
        ),
    ),
    Kind(
        name="face oil", category="Beauty/Skin care", drawing="dropper",
        heads=("{style} oil with {scent}", "{model} {style} oil with {scent}"),
        tails=("{content}",),
        words={
            "style": "face|body|beard|hair|massage",
            "scent": "rosehip|jojoba|argan|marula|apricot kernel|evening primrose",
            "content": "15 ml|30 ml|50 ml",
            "skin": "all skin|dry skin|combination skin",
            "shelf life": "9 months after opening",
            "tested": "without animal testing",
        },
        tints={
            "rosehip": "coral", "jojoba": "mustard", "argan": "cognac", "marula": "sand", "apricot kernel": "apricot",
            "evening primrose": "lavender",
        },
        price_euro=24, weight_grams=(60, 150), grows="content", growth=0.3, share=0.9,
        stories=(
            "Three drops in the palm, and the face is looked after.",
            "Pressed cold, filtered once and filled the same week.",
        ),
        details=(
            "The dark glass keeps it fresh for months.",
            "It sinks in quickly and leaves no shine.",
        ),
    ),
    Kind(
        name="hairbrush", category="Beauty/Hair care", drawing="brush#0",
        heads=("{style} {material} hairbrush", "{model} {material} hairbrush"),
        tails=("{color}",),
        words={
            "style": "Oval|Detangling|Cushioned|Travel|Round",
            "material": "beech|olive wood|cherry|bamboo|walnut",
            "color": "sage|blush|navy|petrol|terracotta|cream|mustard|lavender",
            "bristles": "wooden pins|sisal|plant fiber",
        },
        price_euro=22, weight_grams=(70, 160), share=0.6,
        stories=(
            "A brush that massages the head while it does its work.",
            "A hundred strokes in the evening, as grandmothers advise.",
        ),
        details=(
            "The pins are rounded and do not scratch.",
            "The cushion lets air in and out, and stays soft.",
        ),
    ),
    Kind(
        name="comb", category="Beauty/Hair care", drawing="brush#1",
        heads=("{style} {material} comb", "{model} {material} comb"),
        tails=("{color}",),
        words={
            "style": "Wide-toothed|Fine-toothed|Pocket|Beard|Hand-sawn",
            "material": "cellulose acetate",
            "color": "honey|cognac|petrol|forest green|coral|plum|charcoal|rose",
            "length": "11 cm|15 cm|18 cm",
        },
        price_euro=14, weight_grams=(18, 60), share=0.6,
        stories=(
            "A comb with teeth that are sawn and polished one by one.",
            "It glides, because there is no seam to catch a hair.",
        ),
        details=(
            "It does not charge the hair in dry winter air.",
            "It comes in a sleeve for the pocket.",
        ),
    ),
    Kind(
        name="tea", category="Food/Tea", drawing="tea tin",
        heads=("{subject}", "{style} {subject}", "{model} blend, {subject}"),
        tails=("{content}",),
        words={
            "style": "First-flush|Hand-picked|Organic|Small-garden|Spring|Mountain",
            "subject": (
                "green tea with jasmine|oolong tea|white tea|smoked black tea|"
                "black tea with bergamot|sencha|roasted green tea|"
                "masala chai|peppermint tea|lemon verbena tea|chamomile tea|rooibos with orange"
            ),
            "content": "80 g|100 g|150 g|250 g",
            "brewing": "2 minutes at 70 °C|3 minutes at 85 °C|4 minutes at 95 °C|8 minutes at 100 °C",
            "harvest": "spring|early summer|autumn",
            "shelf life": "18 months",
            "color": "moss|forest green|brick|navy|mustard|plum|teal|terracotta|lavender|charcoal",
        },
        price_euro=14, weight_grams=(160, 420), grows="content", growth=0.3, share=1.5,
        stories=(
            "A tea for which it is worth sitting down.",
            "Picked before the rains, dried slowly and packed within the month.",
            "Whole leaves that open to four times their size.",
        ),
        details=(
            "The leaves are good for three infusions, and the second is the best.",
            "The tin closes tightly and is nice enough to keep.",
            "The garden is run by a family of tea growers in the fourth generation.",
        ),
    ),
    Kind(
        name="coffee", category="Food/Coffee", drawing="coffee bag",
        heads=("{style} {subject} coffee", "{model} {subject} coffee", "{style} coffee {model}, {subject}"),
        tails=("{content}",),
        words={
            "style": "Whole-bean|Filter|Washed|Natural|Organic|Single-farm",
            "subject": "Sidama|Huila|Nyeri|Tarrazú|Antigua|Coorg|Cerrado|Yunnan|house espresso",
            "content": "250 g|500 g|1 kg",
            "roast": "light roast|medium roast|dark roast",
            "notes": "cocoa and hazelnut|blackberry and plum|orange and honey|caramel and almond|jasmine and peach",
            "shelf life": "12 months",
            "color": "petrol|brick|mustard|navy|sage|plum|coral|charcoal|cream|rust",
        },
        price_euro=12.5, weight_grams=(260, 1040), grows="content", growth=0.75, options=("content",),
        optioned=0.35, share=1.3,
        stories=(
            "Roasted twice a week in a drum that is older than the roaster.",
            "A coffee that needs neither milk nor sugar, and gets on with both.",
        ),
        details=(
            "The date of the roast is stamped on the bag.",
            "The farm is paid a price that was agreed before the harvest.",
            "It tastes best between the tenth and the sixtieth day after roasting.",
        ),
    ),
    Kind(
        name="honey", category=_FOOD_HONEY, drawing="honey",
        heads=("{style} {sort} honey", "{model} {sort} honey"),
        tails=("{content}",),
        words={
            "style": "Raw|Creamed|Cold-extracted|Unfiltered|Early-summer|Beekeeper's",
            "sort": "lavender|chestnut|acacia|wildflower|linden|heather|orange blossom|forest|rosemary|rapeseed",
            "content": "125 g|250 g|500 g",
            "texture": "creamy|liquid|firm",
            "harvest": "May|June|July|August",
            "shelf life": "24 months",
        },
        tints={
            "lavender": "honey", "chestnut": "chestnut", "acacia": "sunflower", "wildflower": "mustard",
            "linden": "sunflower",
            "heather": "cognac", "orange blossom": "apricot", "forest": "cocoa", "rosemary": "honey",
            "rapeseed": "cream",
        },
        price_euro=9.8, weight_grams=(220, 760), grows="content", growth=0.5, options=("content",), optioned=0.25,
        stories=(
            "Honey from hives that move with the blossom.",
            "Spun cold, stirred for a week, and filled by hand.",
        ),
        details=(
            "If it sets, warm the jar gently in water.",
            "On warm bread it needs nothing else.",
            "The jar carries the number of the hive.",
        ),
    ),
    Kind(
        name="jam", category=_FOOD_HONEY, drawing="jam",
        heads=("{fruit} jam", "{style} {fruit} jam", "{model} {fruit} preserve"),
        tails=("{content}",),
        words={
            "style": "Slow-cooked|Low-sugar|Grandmother's|Copper-pot|Late-summer",
            "fruit": "cherry|strawberry|apricot|plum|blackcurrant|bitter orange|fig|raspberry|quince|lemon",
            "content": "150 g|220 g|340 g",
            "fruit content": "55 %|60 %|70 %",
            "gelled with": "fruit pectin|quince|lemon and patience",
            "shelf life": "24 months",
        },
        tints={
            "cherry": "brick#0", "strawberry": "tomato red#1", "apricot": "apricot#2", "plum": "plum#2",
            "blackcurrant": "plum#0", "bitter orange": "honey#2", "fig": "berry#2", "raspberry": "berry#1",
            "quince": "sunflower#2", "lemon": "sunflower#2",
        },
        price_euro=6.4, spread=0.2, weight_grams=(280, 560), grows="content", growth=0.35, share=1.1,
        stories=(
            "Jam with more fruit than sugar, as the spoon will tell you.",
            "Cooked in a copper pot, twenty jars at a time.",
        ),
        details=(
            "The fruit comes from orchards that one could walk to.",
            "It is as good with cheese as it is on toast.",
        ),
    ),
    Kind(
        name="spice", category="Food/Spices", drawing="spice",
        heads=("{spice}", "{style} {spice}", "{model} {spice}"),
        tails=("{content}",),
        words={
            "style": "Stone-ground|Hand-picked|Sun-dried|Organic|Freshly milled|Single-farm",
            "spice": (
                "sweet paprika|smoked paprika|turmeric|black pepper|cumin|sumac|"
                "oregano|green cardamom|cinnamon|saffron salt|"
                "chili flakes|garam masala|fennel seed|curry leaf"
            ),
            "content": "35 g|50 g|90 g",
            "form": "whole|ground|crushed",
            "harvest": "this year's|last autumn's",
            "shelf life": "24 months",
        },
        tints={
            "sweet paprika": "tomato red", "smoked paprika": "brick", "turmeric": "sunflower",
            "black pepper": "charcoal", "cumin": "sand",
            "sumac": "berry", "oregano": "moss", "green cardamom": "sage", "cinnamon": "cognac",
            "saffron salt": "apricot",
            "chili flakes": "coral", "garam masala": "chestnut", "fennel seed": "olive", "curry leaf": "forest green",
        },
        price_euro=6.2, spread=0.28, weight_grams=(110, 220), grows="content", growth=0.3, share=1.3,
        stories=(
            "A spice that smells through the closed jar.",
            "Bought from one grower, and milled when the order comes in.",
        ),
        details=(
            "Warm it in a little oil first, and it opens up.",
            "Keep it dark, use it freely, and buy it fresh.",
            "The jar can be refilled; the lid shakes and pours.",
        ),
    ),
    Kind(
        name="oil", category="Food/Oil and vinegar", drawing="oil",
        heads=("{style} {sort}", "{model} {sort}"),
        tails=("{content}",),
        words={
            "style": "Cold-pressed|Unfiltered|Early-harvest|Estate|Barrel-aged",
            "sort": "olive oil|lemon olive oil|walnut oil|red wine vinegar|fig vinegar|sherry vinegar|pumpkin seed oil",
            "content": "250 ml|500 ml|750 ml",
            "taste": "mild|fruity|peppery|rounded",
            "harvest": "October|November|December",
            "shelf life": "18 months",
        },
        tints={
            "olive oil": "olive", "lemon olive oil": "sunflower", "walnut oil": "cognac",
            "red wine vinegar": "berry", "fig vinegar": "plum",
            "sherry vinegar": "chestnut", "pumpkin seed oil": "forest green",
        },
        price_euro=13.5, weight_grams=(520, 1350), grows="content", growth=0.5, options=("content",),
        optioned=0.25, share=1.2,
        stories=(
            "Pressed within a day of the harvest, and it tastes like it.",
            "A bottle that is put on the table, not into the cupboard.",
        ),
        details=(
            "A few drops at the end are worth more than a ladle at the start.",
            "The trees are older than anybody who picks them.",
            "Best within three months of opening.",
        ),
    ),
    Kind(
        name="chocolate", category="Food/Chocolate", drawing="chocolate",
        heads=("{style} chocolate with {subject}", "{model} chocolate with {subject}"),
        tails=("{cocoa}",),
        words={
            "style": "Dark|Milk|Stone-ground|Bean-to-bar|Raw",
            "subject": (
                "sea salt|hazelnuts|candied orange|coffee|pink pepper|"
                "almonds|ginger|raspberries|cardamom|roasted corn"
            ),
            "cocoa": "45 % cocoa|60 % cocoa|72 % cocoa|85 % cocoa",
            "content": "70 g|85 g|100 g",
            "beans": "Ghana|Peru|Belize|Madagascar",
            "shelf life": "12 months",
            "color": BRIGHTS,
        },
        price_euro=5.9, spread=0.18, weight_grams=(85, 130), share=1.2,
        stories=(
            "A bar to be shared, in theory.",
            "Ground between stones for three days, until it melts like butter.",
        ),
        details=(
            "It breaks with a clean snap and takes its time on the tongue.",
            "The wrapper is printed by hand and can be composted.",
        ),
    ),
)  # fmt: skip
