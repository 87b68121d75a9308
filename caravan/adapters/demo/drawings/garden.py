"""Drawings of what grows, digs and nests in a garden."""

from caravan.adapters.demo.drawings.palette import Look
from caravan.adapters.demo.drawings.shapes import (
    FLAME,
    INK,
    LEAF,
    LEAF_DARK,
    METAL,
    METAL_DARK,
    METAL_LIGHT,
    PAPER,
    WOOD,
    WOOD_DARK,
    box,
    cast,
    dashed,
    dot,
    dots,
    mirrored,
    motif,
    oval,
    path,
    shade,
    shine,
    stroke,
    turned,
)


def plant_pot(look: Look) -> str:
    """Draw a pot with a plant: a cactus, long leaves, or round ones."""
    cactus = (
        box(170, 92, 60, 124, 30, LEAF)
        + stroke("M172 168h-14q-18 0-18-18v-14M228 148h14q18 0 18-18v-12", LEAF, 24)
        + dashed("M200 108V204M184 116V204M216 116V204", PAPER, 4, "2 13")
        + dots(((200, 90), (190, 96), (210, 96)), 10, "#e59aa5")
    )
    blades = mirrored(path("M196 214Q118 190 116 96 190 130 200 214Z", LEAF_DARK)) + mirrored(
        path("M198 214Q150 150 168 70 204 120 200 214Z", LEAF)
    )
    coins = stroke("M200 214V110M200 200Q150 180 140 140M200 200Q250 180 262 146", LEAF_DARK, 6) + "".join(
        dot(x, y, size, fill)
        for x, y, size, fill in (
            (200, 96, 38, LEAF),
            (138, 130, 33, LEAF_DARK),
            (264, 136, 35, LEAF),
            (176, 164, 25, LEAF),
            (230, 172, 24, LEAF_DARK),
        )
    )
    return (
        (cactus, blades, coins)[look.shape % 3]
        + path("M124 226H276L260 300Q258 314 244 314H156Q142 314 140 300Z", look.main)
        + shade("M236 226H276L260 300Q258 314 244 314H222Z")
        + box(112, 204, 176, 32, 10, look.light)
        + motif(look, 198, 272, 26)
        + shine("M154 252L160 290", 8)
    )


def trowel(look: Look) -> str:
    """Draw a hand tool: a trowel, a fork or a pair of them."""
    blade = path("M166 214H234V286Q234 334 200 352 166 334 166 286Z", METAL) + path(
        "M200 214H234V286Q234 334 200 352Z", METAL_DARK
    )
    tines = stroke("M166 336V262Q166 230 200 230T234 262V336M200 230V340", METAL_DARK, 15)
    handle = (
        stroke("M200 222V160", METAL_DARK, 14)
        + path("M182 70Q182 50 200 50T218 70L222 168H178Z", look.main)
        + path("M200 50Q218 50 218 70L222 168H204Z", look.dark)
        + stroke("M184 150H216", look.accent, 9)
        + dot(200, 72, 6, METAL_LIGHT)
    )
    daisies = "".join(
        dots(((x - 12, y), (x + 12, y), (x, y - 12), (x, y + 12)), 10, PAPER) + dot(x, y, 8, FLAME)
        for x, y in ((92, 130), (310, 268))
    )
    return daisies + turned(32, (tines if look.shape % 2 else blade) + handle)


def watering_can(look: Look) -> str:
    """Draw a watering can that drips a little."""
    return (
        stroke("M252 178Q300 96 206 112T150 176", look.dark, 14)
        + path("M154 262L84 152 66 160 60 142 112 120 118 136 100 144 170 214Z", look.dark)
        + dots(((58, 190), (76, 214), (46, 222)), 6, "#8bbfdd")
        + path("M146 178H292L302 298Q302 314 286 314H152Q136 314 136 298Z", look.main)
        + shade("M254 178H292L302 298Q302 314 286 314H256Z")
        + oval(219, 178, 73, 13, look.light)
        + motif(look, 214, 254, 38)
        + shine("M162 210L156 276")
    )


def seeds(look: Look) -> str:
    """Draw a packet of seeds and what will become of it."""
    outline = "M122 92H278V322Q278 330 270 330H130Q122 330 122 322Z"
    petals = "".join(turned(angle, oval(200, 164, 15, 25, look.bright), 200, 190) for angle in range(0, 360, 45))
    tulip = path("M164 148Q182 170 200 142 218 170 236 148 246 222 200 222T164 148Z", look.bright)
    flower = petals + dot(200, 190, 17, FLAME) if look.shape % 2 else tulip
    return turned(
        -7,
        cast(outline)
        + path(outline, look.main)
        + path("M122 74H278V104H122Z", look.dark)
        + dashed("M126 104H276", look.light, 3, "5 7")
        + box(140, 122, 120, 142, 10, PAPER)
        + stroke("M200 216V258M200 250Q176 248 170 232M200 250Q224 248 230 232", LEAF_DARK, 7)
        + flower
        + stroke("M152 286H248M172 306H228", look.light, 8),
    ) + dots(((304, 318), (322, 300), (330, 326)), 6, WOOD_DARK)


def birdhouse(look: Look) -> str:
    """Draw a birdhouse with a visitor."""
    bird = (
        path("M268 256Q272 222 306 222 330 222 330 244 348 246 358 262 324 288 296 284 270 280 268 256Z", look.accent)
        + dot(312, 240, 4, INK)
        + path("M329 238L346 246 329 250Z", FLAME)
    )
    return (
        stroke("M200 300V372", WOOD_DARK, 18)
        + path("M122 172L200 108 278 172V312H122Z", look.main)
        + shade("M200 108L278 172V312H236V150Z")
        + stroke("M126 232H274M126 272H274", look.dark + "55", 4)
        + path("M96 186L200 90 304 186 288 202 200 122 112 202Z", look.dark)
        + dot(200, 214, 34, look.dark)
        + dot(200, 216, 28, INK)
        + box(192, 262, 16, 10, 5, WOOD)
        + stroke("M200 270H318", WOOD, 10)
        + (bird if look.shape % 2 else f'<g transform="translate(-50 -12)">{bird}</g>')
    )


DRAWINGS = {
    "plant pot": plant_pot, "trowel": trowel, "watering can": watering_can, "seeds": seeds, "birdhouse": birdhouse,
}  # fmt: skip
