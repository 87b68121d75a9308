"""What the demo's things are made of: a sentence about each material, and how to look after it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Material:
    """A material as a shop describes it."""

    praise: str
    care: str


_CERAMIC, _GLASS, _WOOD, _WOOL = "Dishwasher-safe", "Wash by hand", "Wipe clean, oil now and then", "Wool wash, 30 °C"
_COTTON, _LEATHER, _METAL, _SILVER = "Machine wash, 40 °C", "Wax twice a year", "Wipe dry", "Polish with a soft cloth"
_WIPE = "Wipe with a damp cloth"

MATERIALS: dict[str, Material] = {
    "stoneware": Material("Stoneware is fired at over 1,200 °C, which makes it dense and hard to chip.", _CERAMIC),
    "porcelain": Material(
        "The porcelain is thin enough to let the light through, and tougher than it looks.", _CERAMIC
    ),
    "earthenware": Material("Earthenware keeps the warm tone of the clay under its glaze.", "Wash by hand"),
    "bone china": Material("Bone china is light in the hand and rings like a bell when you tap it.", _CERAMIC),
    "terracotta": Material("Terracotta breathes, so roots and bread alike stay just moist enough.", "Rinse with water"),
    "glass": Material("The glass is blown by mouth, so no two pieces are quite alike.", _GLASS),
    "recycled glass": Material("The recycled glass carries tiny bubbles that catch the light.", _GLASS),
    "carbon steel": Material("Carbon steel takes a very fine edge and darkens with use.", "Wash by hand, dry at once"),
    "stainless steel": Material("Stainless steel shrugs off water, salt and lemon.", _CERAMIC),
    "layered steel": Material("Thirty-three layers of steel give the surface its flowing pattern.", "Wash by hand"),
    "cast iron": Material("Cast iron holds the heat long after the stove is off.", "Wash by hand"),
    "enameled steel": Material("The enamel is baked on, smooth as glass and easy to wipe clean.", _CERAMIC),
    "copper": Material(
        "Copper spreads heat evenly and grows more beautiful with the years.", "Polish with lemon and salt"
    ),
    "brass": Material("Unlacquered brass warms in tone the more it is touched.", _SILVER),
    "zinc": Material("Zinc stands rain and frost, and turns a soft gray outdoors.", "Rinse with water"),
    "powder-coated steel": Material("The powder coat is tough, matt and made for daily use.", _WIPE),
    "aluminum": Material("Aluminum keeps the weight down and never rusts.", _WIPE),
    "titanium": Material("Titanium is as strong as steel at half the weight.", _WIPE),
    "oak": Material("The oak comes from managed forests and is finished with hard wax oil.", _WOOD),
    "walnut": Material("Walnut has a dark, calm grain that needs no stain.", _WOOD),
    "beech": Material("Beech is close-grained, pale and pleasant to the touch.", _WOOD),
    "cherry": Material("Cherry wood deepens to a warm red within its first year.", _WOOD),
    "ash": Material("Ash is springy and light, with a lively grain.", _WOOD),
    "birch": Material("Nordic birch grows slowly, which makes it fine and strong.", _WOOD),
    "acacia": Material("Acacia is naturally oily, so it hardly minds water.", _WOOD),
    "olive wood": Material("Every piece of olive wood shows a grain of its own.", _WOOD),
    "bamboo": Material("Bamboo is back at full height in five years, without replanting.", _WOOD),
    "larch": Material(
        "Larch is full of resin and weathers to silver without any treatment.", "Leave it to the weather"
    ),
    "linen": Material("The linen is washed before it is sewn, so it is soft from the first day.", _COTTON),
    "cotton": Material("Long-fiber cotton keeps its shape and color wash after wash.", _COTTON),
    "organic cotton": Material("The cotton is grown without pesticides and dyed with little water.", _COTTON),
    "hemp": Material("Hemp starts firm and turns softer every year.", _COTTON),
    "wool": Material("Wool warms even when it is damp, and airs out overnight.", _WOOL),
    "lambswool": Material("First-shearing lambswool is light, springy and never heavy on the shoulders.", _WOOL),
    "merino wool": Material("Merino is fine enough to wear next to the skin.", _WOOL),
    "alpaca": Material("Alpaca fibers are hollow, so they keep more warmth at less weight.", _WOOL),
    "silk": Material("The silk is heavy enough to fall well and cool to the touch.", "Hand wash, cold"),
    "leather": Material("Vegetable-tanned leather takes on the traces of its life and improves by it.", _LEATHER),
    "suede": Material("The suede is brushed by hand for an even nap.", "Brush dry"),
    "cork": Material("Cork is peeled from the living tree, which grows it again in nine years.", _WIPE),
    "canvas": Material("Heavy canvas gets a little softer with every trip.", "Wash by hand, 30 °C"),
    "waxed canvas": Material("Waxed canvas keeps a shower out and can be re-waxed at home.", "Brush, re-wax yearly"),
    "recycled nylon": Material("The nylon is spun from old fishing nets and dries in an hour.", _WIPE),
    "natural rubber": Material("Natural rubber bends in the cold without cracking.", _WIPE),
    "straw": Material("The straw is plaited by hand and springs back when it is packed.", "Spot clean only"),
    "wool felt": Material("The felt is blocked over steam, so it keeps its line in the rain.", "Brush dry"),
    "sterling silver": Material("Sterling silver is melted from recycled metal and stamped 925.", _SILVER),
    "gold-plated silver": Material("Three microns of gold over sterling silver last for years of daily wear.", _SILVER),
    "recycled rose gold": Material("The gold is refined from old jewelry, so nothing new was mined for it.", _SILVER),
    "soy wax": Material("Soy wax burns slowly and without soot.", "Trim the wick to 5 mm"),
    "beeswax": Material("Pure beeswax smells faintly of honey even before it is lit.", "Trim the wick to 5 mm"),
    "rapeseed wax": Material("The rapeseed wax comes from fields within a day's drive.", "Trim the wick to 5 mm"),
    "recycled paper": Material("The paper is all recycled, opaque and kind to fountain pens.", "Keep dry"),
    "cotton paper": Material("Paper made of cotton rags has a soft tooth and does not yellow.", "Keep dry"),
    "mulberry paper": Material("Long mulberry fibers make the paper thin and hard to tear.", "Keep dry"),
    "organic cotton plush": Material(
        "The plush is organic cotton, filled with wool and sewn twice at every seam.", _COTTON
    ),
    "recycled plastic": Material("The shell is pressed from recycled bottles.", _WIPE),
    "recycled polyester": Material("The cloth is woven from recycled bottles and dries quickly.", _WIPE),
    "cellulose acetate": Material("Cellulose acetate is made from cotton and polished by hand.", "Rinse with water"),
}
