"""The sellers of the demo: small workshops and shops, none of which exists."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Seller:
    """A small business: where it is, what it makes, and how quickly it packs."""

    name: str
    country: str
    city: str
    postcode: str
    makes: tuple[str, ...]  # names of kinds
    brands: tuple[str, ...]  # what is printed on the things it makes or has made
    packs_days: float  # how long an order usually waits on its bench
    description: str
    resells: tuple[str, ...] = ()  # top categories in which it also offers what others make

    @property
    def is_shop(self) -> bool:
        """Whether it sells what others make."""
        return bool(self.resells)


def reference(place: int) -> str:
    """Number a seller by its place in SELLERS."""
    return f"S-{place + 1:02d}"


SELLERS = (
    Seller(
        name="Barro do Norte", country="PT", city="Porto", postcode="4050-253",
        makes=("mug", "plate", "bowl", "vase"), brands=("Barro do Norte",), packs_days=1.9,
        description=(
            "Two sisters and a kiln in a former sardine warehouse by the Douro. Everything is thrown on the wheel, "
            "dipped by hand and fired on Thursdays; the neighbors set their clocks by the smoke."
        ),
    ),
    Seller(
        name="Cortiça Viva", country="PT", city="Évora", postcode="7000-508",
        makes=("wallet", "yoga mat", "tote bag", "notebook"), brands=("Cortiça Viva",), packs_days=1.4,
        description=(
            "Cork from our own trees in the Alentejo, peeled every nine years and turned into bags and mats. "
            "Grandfather still decides which tree is ready."
        ),
    ),
    Seller(
        name="Passo Leve", country="PT", city="Guimarães", postcode="4810-225",
        makes=("sneakers", "ankle boots"), brands=("Passo Leve",), packs_days=2.2,
        description=(
            "A shoe workshop of eleven people. We cut, stitch and last under one roof, and resole every pair that "
            "comes home."
        ),
    ),
    Seller(
        name="Lãs da Serra", country="PT", city="Covilhã", postcode="6200-151",
        makes=("blanket", "scarf", "socks", "sweater"), brands=("Lãs da Serra",), packs_days=1.6,
        description=(
            "The last mill of its street, weaving wool from the sheep that graze above it. The looms are from 1961 "
            "and in a good mood."
        ),
    ),
    Seller(
        name="Taller Alborada", country="ES", city="Sevilla", postcode="41003",
        makes=("wallet", "backpack", "ankle boots", "tote bag"), brands=("Alborada",), packs_days=2.4,
        description=(
            "Leather, thread and patience. Inés learned saddle stitching from her uncle and has taught it to six "
            "apprentices since."
        ),
    ),
    Seller(
        name="Aceites La Solana", country="ES", city="Jaén", postcode="23001",
        makes=("oil", "soap"), brands=("La Solana",), packs_days=1.2,
        description=(
            "A cooperative of forty families and nine thousand olive trees. We press at night, when the fruit is "
            "cool, and bottle to order."
        ),
    ),
    Seller(
        name="Papelería Marmolejo", country="ES", city="Barcelona", postcode="08012",
        makes=("notebook", "greeting card", "fountain pen"), brands=("Marmolejo", "Tinta Lenta"), packs_days=0.9,
        resells=("Stationery",),
        description="A paper shop with a press in the back room since 1934. Ask for the drawer with the misprints.",
    ),
    Seller(
        name="Casa Mirasol", country="ES", city="Valencia", postcode="46003",
        makes=("cushion", "pendant lamp", "plant pot"), brands=("Mirasol", "Tierra Baja"), packs_days=1.5,
        resells=("Home", "Garden"),
        description=(
            "Things for bright rooms and small terraces, found on trips to workshops that have no website of their "
            "own."
        ),
    ),
    Seller(
        name="Maison Tilleul", country="FR", city="Lyon", postcode="69001",
        makes=("scented candle", "soap", "cream"), brands=("Maison Tilleul",), packs_days=1.1,
        description=(
            "Candles and creams, poured in a kitchen under the roofs of the Croix-Rousse. Every scent is a place: a "
            "fig tree, a harbor, a library after rain."
        ),
    ),
    Seller(
        name="Coutellerie Vernaz", country="FR", city="Clermont-Ferrand", postcode="63000",
        makes=("kitchen knife", "cutting board"), brands=("Vernaz",), packs_days=2.0,
        description=(
            "Knives forged where the river once drove the hammers. Each of our four smiths signs what leaves his "
            "anvil."
        ),
    ),
    Seller(
        name="Atelier Plumette", country="FR", city="Paris", postcode="75011",
        makes=("necklace", "drop earrings", "hoop earrings", "ring"), brands=("Plumette",), packs_days=1.8,
        description=(
            "Jewelry made on a bench by the window, with a view of a courtyard and one plane tree. Gold and silver "
            "are recycled, stones are not."
        ),
    ),
    Seller(
        name="Les Ruches de Combelle", country="FR", city="Apt", postcode="84400",
        makes=("honey", "jam", "pillar candle"), brands=("Combelle",), packs_days=1.4,
        description=(
            "Two hundred hives that follow the lavender uphill. Whatever wax is left becomes candles, and whatever "
            "fruit falls becomes jam."
        ),
    ),
    Seller(
        name="Fonderie Belleroche", country="FR", city="Lille", postcode="59800",
        makes=("casserole", "teapot"), brands=("Belleroche",), packs_days=2.6,
        description="A small foundry for large pots. We pour on Mondays and enamel for the rest of the week.",
    ),
    Seller(
        name="Épicerie Marguerite", country="FR", city="Nantes", postcode="44000",
        makes=("chocolate", "jam", "tea"), brands=("Marguerite", "Quai Doré"), packs_days=0.8,
        resells=("Food", "Beauty"),
        description=(
            "A grocer's with a bell on the door and a cat on the counter. We taste everything, which takes up most "
            "of the day."
        ),
    ),
    Seller(
        name="Bottega Cedrina", country="IT", city="Firenze", postcode="50125",
        makes=("wallet", "tote bag", "ankle boots", "watch"), brands=("Cedrina",), packs_days=2.3,
        description=(
            "Vegetable-tanned leather from the next valley, cut by Elio and stitched by Marta. The workbench is "
            "older than the two together."
        ),
    ),
    Seller(
        name="Luce Piccola", country="IT", city="Milano", postcode="20144",
        makes=("table lamp", "pendant lamp"), brands=("Luce Piccola",), packs_days=2.0,
        description=(
            "Lamps from a courtyard in the canal quarter. We spin brass, bend steel, and switch the light on a "
            "hundred times before you do."
        ),
    ),
    Seller(
        name="Spezieria Morano", country="IT", city="Palermo", postcode="90133",
        makes=("spice", "jam", "oil"), brands=("Morano",), packs_days=1.2,
        description=(
            "A spice merchant between the harbor and the market, in the same three rooms since 1888. The lemons are "
            "from our own garden."
        ),
    ),
    Seller(
        name="Piccolo Mondo", country="IT", city="Torino", postcode="10121",
        makes=("puzzle", "soft toy", "children's book"), brands=("Piccolo Mondo", "Civetta"), packs_days=1.1,
        resells=("Toys", "Books", "Stationery"),
        description=(
            "A toy shop in which grown-ups ask for another five minutes. Everything on the shelves may be touched."
        ),
    ),
    Seller(
        name="Fietskade", country="NL", city="Utrecht", postcode="3511 LN",
        makes=("bicycle bag", "bicycle bell", "backpack"), brands=("Fietskade",), packs_days=1.1,
        description=(
            "Bicycle bags sewn in a cellar by the canal, one meter above the water. We ride with every new model "
            "for a winter before we sell it."
        ),
    ),
    Seller(
        name="Bloemhof Zaden", country="NL", city="Haarlem", postcode="2011 RC",
        makes=("seeds", "plant pot", "watering can"), brands=("Bloemhof",), packs_days=0.8,
        description=(
            "Seeds of old flowers, grown on two hectares behind the dunes and cleaned with a sieve from the museum."
        ),
    ),
    Seller(
        name="Drukkerij De Gele Pers", country="NL", city="Rotterdam", postcode="3014 GE",
        makes=("art print", "greeting card", "notebook"), brands=("De Gele Pers",), packs_days=1.5,
        description=(
            "One yellow press, two printers and more colors than shelves. Posters and cards in editions small "
            "enough to count."
        ),
    ),
    Seller(
        name="De Groene Toonbank", country="NL", city="Amsterdam", postcode="1053 RB",
        makes=("face oil", "comb", "tote bag"), brands=("Groene Toonbank", "Duinroos"), packs_days=0.7,
        resells=("Beauty", "Food", "Fashion", "Home", "Garden"),
        description=(
            "The green counter: clothes, soap and pantry from people whom we have visited, delivered in boxes that "
            "come back to us."
        ),
    ),
    Seller(
        name="Holzwerk Ebereschen", country="DE", city="Freiburg", postcode="79098",
        makes=("cutting board", "stool", "chair", "building blocks"), brands=("Ebereschen",), packs_days=3.0,
        description=(
            "A joinery in the Black Forest that wastes nothing: chairs from the trunk, boards from the rest, blocks "
            "from the rest of the rest."
        ),
    ),
    Seller(
        name="Klangwerk Elbe", country="DE", city="Hamburg", postcode="22765",
        makes=("headphones", "speaker"), brands=("Klangwerk",), packs_days=1.6,
        description=(
            "Five sound engineers who could not stand throwing things away. All we build can be opened with one "
            "screwdriver."
        ),
    ),
    Seller(
        name="Tastwerk", country="DE", city="Berlin", postcode="10999",
        makes=("keyboard", "phone case"), brands=("Tastwerk", "Nordkante"), packs_days=1.2,
        resells=("Electronics",),
        description=(
            "Keyboards for people who write all day. We assemble in Kreuzberg, test by typing novels, and sell "
            "every spare part."
        ),
    ),
    Seller(
        name="Kaffeerösterei Morgenrot", country="DE", city="Bremen", postcode="28195",
        makes=("coffee", "chocolate", "mug"), brands=("Morgenrot",), packs_days=0.7,
        description=(
            "The drum turns at five in the morning and the door opens at seven. What was roasted on Tuesday is on "
            "its way on Wednesday."
        ),
    ),
    Seller(
        name="Nachtigall Verlag", country="DE", city="Leipzig", postcode="04109",
        makes=("cooking book", "craft book", "travel book", "children's book"), brands=("Nachtigall",), packs_days=0.9,
        description=(
            "An independent publisher on the third floor, with twelve new books a year and a backlist that we never "
            "let go out of print."
        ),
    ),
    Seller(
        name="Spielwiese Lindgrund", country="DE", city="Nürnberg", postcode="90403",
        makes=("toy car", "toy train", "building blocks", "ball"), brands=("Lindgrund",), packs_days=1.4,
        description=(
            "Wooden toys turned, sawn and painted in a former schoolhouse. The children next door are our strictest "
            "inspectors."
        ),
    ),
    Seller(
        name="Radhaus am Fluss", country="DE", city="Münster", postcode="48143",
        makes=("bicycle helmet", "bicycle bell"), brands=("Radhaus", "Aasee"), packs_days=0.8,
        resells=("Sports", "Bags", "Electronics"),
        description=(
            "A bicycle shop with a repair stand outside and coffee inside. We sell only what we would have on our "
            "own bicycles."
        ),
    ),
    Seller(
        name="Kaufladen Sonnenseite", country="DE", city="Köln", postcode="50674",
        makes=("towel", "vase", "wall clock"), brands=("Sonnenseite", "Hof Drei"), packs_days=0.9,
        resells=("Home", "Stationery", "Toys", "Jewelry", "Bags"),
        description=(
            "A corner shop for good things that last. Four shelves change every month, the fifth has been the same "
            "since we opened."
        ),
    ),
    Seller(
        name="Skogslyktan", country="SE", city="Umeå", postcode="903 26",
        makes=("lantern", "tent", "drinking bottle"), brands=("Skogslyktan",), packs_days=1.8,
        description="Lights, tents and bottles for northern woods, tried out by people who go there in February.",
    ),
    Seller(
        name="Ylle & Garn", country="SE", city="Göteborg", postcode="411 03",
        makes=("sweater", "beanie", "socks", "scarf"), brands=("Ylle & Garn",), packs_days=1.5,
        description=(
            "We knit on machines from the eighties and finish by hand. Yarn for mending is always in the parcel."
        ),
    ),
    Seller(
        name="Björkverkstan", country="SE", city="Falun", postcode="791 71",
        makes=("birdhouse", "utensil set", "comb", "hairbrush"), brands=("Björkverkstan",), packs_days=2.2,
        description=(
            "Birch from the hill behind the house, felled in winter and carved in summer, when the light lasts all "
            "night."
        ),
    ),
    Seller(
        name="Nordlek", country="SE", city="Malmö", postcode="211 34",
        makes=("rain boots", "T-shirt", "puzzle"), brands=("Nordlek", "Vindil"), packs_days=0.9,
        resells=("Toys", "Fashion", "Sports"),
        description=(
            "Clothes and games for children who are outside all year, and for the grown-ups who wait at the fence."
        ),
    ),
    Seller(
        name="Pracownia Miś", country="PL", city="Kraków", postcode="31-027",
        makes=("soft toy", "cushion"), brands=("Pracownia Miś",), packs_days=2.0,
        description=(
            "Seven seamstresses and some four thousand bears so far. Every face is embroidered by hand, and no two "
            "look at you in the same way."
        ),
    ),
    Seller(
        name="Bursztynowa", country="PL", city="Gdańsk", postcode="80-831",
        makes=("ring", "drop earrings", "necklace"), brands=("Bursztynowa",), packs_days=1.6,
        description=(
            "Amber from the beach after a storm, set in silver within sight of the crane. We are happy to tell you "
            "how old the mosquito is."
        ),
    ),
    Seller(
        name="Szkło Karkonosze", country="PL", city="Jelenia Góra", postcode="58-500",
        makes=("carafe", "vase", "table lamp"), brands=("Karkonosze",), packs_days=2.7,
        description="A glassworks at the foot of the mountains, with one furnace that has not gone out since 1974.",
    ),
    Seller(
        name="Len i Nitka", country="PL", city="Łódź", postcode="90-001",
        makes=("dress", "shirt", "towel", "tote bag"), brands=("Len i Nitka",), packs_days=1.8,
        description=(
            "Linen, from the field to the buttonhole, in the old cotton quarter. We sew to order, which is why "
            "nothing is ever on sale."
        ),
    ),
    Seller(
        name="Copperbeck Tools", country="GB", city="Sheffield", postcode="S3 8GG",
        makes=("trowel", "hand fork", "watering can"), brands=("Copperbeck",), packs_days=1.5,
        description="Garden tools forged by a father, two daughters and a power hammer called Gladys.",
    ),
    Seller(
        name="Harbour Lane Books", country="GB", city="Bristol", postcode="BS1 5TY",
        makes=("travel book", "craft book", "cooking book"), brands=("Harbour Lane", "Ninth Wave"), packs_days=0.8,
        resells=("Books",),
        description="A bookshop with a creaking staircase and a small press above it. We read on the job.",
    ),
    Seller(
        name="Thistle & Rain", country="GB", city="Edinburgh", postcode="EH3 9PQ",
        makes=("rain boots", "hat", "scarf", "blanket"), brands=("Thistle & Rain",), packs_days=1.6,
        description=(
            "Dressed for the weather since the weather began. Wool from the borders, boots that are happy in a bog."
        ),
    ),
    Seller(
        name="Pennyfold Soaps", country="GB", city="Brighton", postcode="BN1 1UB",
        makes=("soap", "cream", "face oil", "hairbrush"), brands=("Pennyfold",), packs_days=1.1,
        description=(
            "Soap stirred in copper kettles two streets from the sea. We weigh, pour, cut and wrap, and then we "
            "sweep the floor."
        ),
    ),
    Seller(
        name="Lanting Tea House", country="CN", city="Hangzhou", postcode="310013",
        makes=("tea", "tea", "teapot"), brands=("Lanting",), packs_days=1.4,
        description=(
            "A tea house beside the lake, run by the Zhou family for four generations. We pick before the spring "
            "rains and pan-fire by hand."
        ),
    ),
    Seller(
        name="Blue Kiln Collective", country="CN", city="Jingdezhen", postcode="333000",
        makes=("bowl", "plate", "teapot", "mug"), brands=("Blue Kiln",), packs_days=2.4,
        description=(
            "Nine young potters share one kiln in the porcelain city. One throws, one paints, one keeps the fire, "
            "and every month they swap."
        ),
    ),
    Seller(
        name="Paper Swallow", country="CN", city="Weifang", postcode="261041",
        makes=("kite", "ball", "art print"), brands=("Paper Swallow",), packs_days=2.2,
        description=(
            "Kites of split bamboo and painted paper from the city of kites. Master Han tests each of them on the "
            "roof."
        ),
    ),
    Seller(
        name="Aokiri Hamono", country="JP", city="Sakai", postcode="590-0941",
        makes=("kitchen knife", "trowel"), brands=("Aokiri",), packs_days=2.8,
        description="A smith, a grinder and a handle maker, as it has been done in this town for six hundred years.",
    ),
    Seller(
        name="Kumo Paper", country="JP", city="Kyoto", postcode="604-8083",
        makes=("notebook", "greeting card", "fountain pen"), brands=("Kumo",), packs_days=1.4,
        description=(
            "Paper made of mulberry, water and cold mornings. We bind what we make, and write on what is left."
        ),
    ),
    Seller(
        name="Kokage Clockworks", country="JP", city="Nagoya", postcode="460-0008",
        makes=("watch", "wall clock", "speaker"), brands=("Kokage",), packs_days=1.9,
        description="Quiet clocks and plain watches, put together by people who used to build measuring instruments.",
    ),
    Seller(
        name="Juniper & Pine", country="US", city="Portland", postcode="97209",
        makes=("backpack", "drinking bottle", "tent", "beanie"), brands=("Juniper & Pine",), packs_days=1.6,
        description="Packs and tents from a garage that grew. Whatever tears, we mend, wherever you walked with it.",
    ),
    Seller(
        name="Little Harbor Toys", country="US", city="Portsmouth", postcode="03801",
        makes=("toy train", "soft toy", "toy car"), brands=("Little Harbor",), packs_days=2.3,
        description=(
            "Trains and whales from a boatbuilder's shed. When the boats got too large for us, the toys got better."
        ),
    ),
    Seller(
        name="Malabar Pantry", country="IN", city="Kochi", postcode="682001",
        makes=("spice", "spice", "tea", "coffee"), brands=("Malabar Pantry",), packs_days=1.8,
        description=(
            "Pepper, cardamom and coffee from eleven farms in the hills, cleaned by hand in a warehouse by the "
            "water."
        ),
    ),
    Seller(
        name="Pinkgate Prints", country="IN", city="Jaipur", postcode="302002",
        makes=("dress", "cushion", "shirt", "tote bag", "scarf"), brands=("Pinkgate",), packs_days=2.3,
        description=(
            "Cloth printed with carved wooden blocks by three families of printers. It takes one breath to place a "
            "block and years to place it well."
        ),
    ),
    Seller(
        name="Brassline", country="IN", city="Moradabad", postcode="244001",
        makes=("bicycle bell", "pendant lamp", "yoga mat", "lantern"), brands=("Brassline",), packs_days=2.6,
        description=(
            "Brass, spun and hammered in the brass city. Our bells are tuned by ear, by somebody who also plays the "
            "tabla."
        ),
    ),
)  # fmt: skip
