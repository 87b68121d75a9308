"""Drawings of what stands on a table or hangs in a kitchen."""

from caravan.adapters.demo.drawings.palette import Look, mix
from caravan.adapters.demo.drawings.shapes import (
    FLAME,
    LEAF,
    METAL,
    METAL_DARK,
    METAL_LIGHT,
    PAPER,
    WOOD,
    WOOD_DARK,
    WOOD_LIGHT,
    box,
    cast,
    dot,
    dots,
    motif,
    oval,
    path,
    shade,
    shine,
    steam,
    stroke,
    turned,
)

_MUGS = (
    "M106 134H266V256Q266 314 208 314H164Q106 314 106 256Z",
    "M94 150H278Q282 314 206 314H166Q90 314 94 150Z",
    "M100 134H272L252 296Q250 314 230 314H142Q122 314 120 296Z",
)
_MUG_SHADES = (
    "M232 146H266V256Q266 312 214 314 238 250 232 146Z",
    "M240 162H278Q276 306 214 314 248 250 240 162Z",
    "M236 146H271L252 296Q250 314 230 314H212Q238 240 236 146Z",
)
_MUG_RIMS = ((186, 134, 80), (186, 150, 92), (186, 134, 86))


def mug(look: Look) -> str:
    """Draw a mug with something hot in it."""
    x, y, wide = _MUG_RIMS[look.shape % 3]
    return (
        stroke("M262 182h16q40 0 40 38t-40 38h-18", look.dark, 21)
        + path(_MUGS[look.shape % 3], look.main)
        + motif(look, 184, 232, 44)
        + shade(_MUG_SHADES[look.shape % 3])
        + shine("M130 180V250")
        + oval(x, y, wide, 17, look.light)
        + oval(x, y + 1, wide - 10, 11, "#6a4632")
        + steam(184, 106)
    )


def plate(look: Look) -> str:
    """Draw a plate between fork and knife, seen from above."""
    return (
        cast("M200 82a118 118 0 1 1 0 236 118 118 0 1 1 0-236Z")
        + stroke("M50 110v46q0 16 12 20v116M62 110v56M74 110v46q0 16-12 20", METAL_DARK, 8)
        + path("M332 104q24 20 22 84h-18v104q0 6-5 6t-5-6V110q0-6 6-6Z", METAL_DARK)
        + dot(200, 200, 118, look.main)
        + dot(200, 200, 104, look.dark if look.shape % 2 else look.light)
        + dot(200, 200, 98, look.main)
        + dot(200, 200, 72, look.light)
        + motif(look, 200, 200, 42)
        + shine("M112 172Q130 124 176 108", 8)
    )


def bowl(look: Look) -> str:
    """Draw a bowl, full of soup or of fruit."""
    fruit = (
        dot(150, 158, 34, "#e4715c")
        + dot(206, 146, 38, "#f2c14e")
        + dot(256, 160, 31, "#8cb369")
        + stroke("M206 108q4-14 16-18", WOOD_DARK, 6)
    )
    soup = oval(200, 176, 112, 15, "#eaa24a") + dots(((160, 174), (204, 181), (246, 173)), 6, LEAF)
    return (
        (fruit if look.shape % 2 else "")
        + box(152, 292, 96, 22, 9, look.dark)
        + path("M76 172Q76 304 176 304H224Q324 304 324 172Z", look.main)
        + (oval(200, 174, 124, 21, look.light) + soup if not look.shape % 2 else oval(200, 172, 124, 9, look.light))
        + motif(look, 200, 242, 36)
        + shade("M286 188H320Q318 296 232 302 282 262 286 188Z")
        + shine("M102 206Q110 256 142 276")
    )


def teapot(look: Look) -> str:
    """Draw a teapot."""
    return (
        stroke("M112 188Q58 164 56 220T122 276", look.dark, 17)
        + path("M276 246Q322 238 326 184L314 176Q326 160 346 164 366 232 274 292Z", look.main)
        + path("M98 222Q98 142 196 142T294 222Q294 314 226 314H166Q98 314 98 222Z", look.main)
        + path("M142 148Q196 104 250 148Q196 166 142 148Z", look.dark)
        + dot(196, 110, 14, look.accent)
        + motif(look, 196, 232, 46)
        + shade("M262 182Q292 214 276 268 258 310 218 313 276 266 262 182Z")
        + shine("M124 210Q126 250 144 276")
        + (steam(330, 146) if look.shape % 2 else "")
    )


def carafe(look: Look) -> str:
    """Draw a glass carafe with a cork."""
    glass = mix(look.main, "#ffffff", 0.55)
    return (
        box(172, 62, 56, 44, 9, WOOD)
        + path(
            "M160 92H240V132Q240 152 262 182Q290 220 290 262Q290 314 242 "
            "314H158Q110 314 110 262Q110 220 138 182Q160 152 160 132Z",
            glass,
        )
        + path(
            "M124 212Q200 226 276 212Q286 238 286 262Q286 308 240 308H160Q114 308 114 262Q114 238 124 212Z", look.main
        )
        + oval(200, 213, 77, 10, look.light)
        + box(154, 88, 92, 14, 7, look.light)
        + shine("M134 236Q126 264 140 288")
        + shine("M178 116V146")
    )


def knife(look: Look) -> str:
    """Draw a kitchen knife beside what it has just cut."""
    blade = (
        cast("M22 222Q92 150 164 150H250V222Z")
        + path("M22 222Q92 150 164 150H250V222Z", METAL)
        + path("M22 222Q130 196 250 196V222Z", METAL_LIGHT)
        + box(244, 148, 18, 56, 5, METAL_DARK)
        + path("M260 152H366Q386 152 386 176T364 204Q340 196 314 202T260 202Z", look.main)
        + path("M260 184Q330 180 386 178 386 204 364 204 340 196 314 202T260 202Z", look.dark)
        + dots(((284, 174), (318, 174), (352, 174)), 5, PAPER)
    )
    lemon = (
        dot(306, 296, 44, FLAME)
        + dot(306, 296, 36, "#fdeeb5")
        + stroke("M306 266v60M280 281l52 30M332 281l-52 30", FLAME, 4)
    )
    tomato = (
        dot(108, 300, 40, "#d4523f")
        + dot(108, 300, 32, "#ea8a70")
        + dots(((96, 292), (120, 292), (108, 314)), 6, "#fbe3a8")
    )
    return turned(-24, blade) + (lemon if look.shape % 2 else tomato)


def board(look: Look) -> str:
    """Draw a cutting board with a loaf or some herbs on it."""
    wood = (
        "M136 128H172V86Q172 60 200 60T228 86V128H264Q284 128 284 148V318Q284 "
        "338 264 338H136Q116 338 116 318V148Q116 128 136 128Z"
    )
    bread = path("M144 250Q144 196 200 196T256 250Q256 282 200 282T144 250Z", "#c98a4b") + stroke(
        "M176 214l14 26M202 208l14 26M228 216l12 22", "#f0cf9a", 8
    )
    herbs = stroke("M200 300V196", LEAF, 6) + "".join(
        oval(200 + side, y, 20, 10, LEAF) for y in (212, 238, 264) for side in (-22, 22)
    )
    return turned(
        -14,
        cast(wood)
        + path(wood, look.main)
        + stroke("M140 160V310M170 150V190M232 150V184M260 168V312M152 318H250", look.dark + "66", 4)
        + dot(200, 92, 12, look.dark)
        + (bread if look.shape % 2 else herbs),
    )


def pot(look: Look) -> str:
    """Draw a casserole with its lid on."""
    return (
        stroke("M92 214H62q-8 0-8 10v10q0 10 10 10h28M308 214h30q8 0 8 10v10q0 10-10 10h-28", look.dark, 14)
        + path("M86 190H314V270Q314 314 270 314H130Q86 314 86 270Z", look.main)
        + shade("M270 190H314V270Q314 312 270 314 282 250 270 190Z")
        + path("M78 190Q84 136 200 136T322 190Q322 198 314 198H86Q78 198 78 190Z", look.light)
        + stroke("M84 194H316", look.dark, 7)
        + box(178, 112, 44, 26, 12, look.accent)
        + motif(look, 200, 254, 32)
        + shine("M110 222V264")
        + shine("M116 170Q140 154 172 150", 7)
    )


def spoons(look: Look) -> str:
    """Draw three wooden spoons in a jar."""
    return (
        turned(-13, box(150, 120, 15, 150, 7, WOOD) + oval(157, 106, 27, 38, WOOD) + oval(157, 106, 17, 27, WOOD_DARK))
        + turned(
            2,
            box(196, 100, 15, 150, 7, WOOD_LIGHT)
            + path("M178 52H230V112Q230 130 204 130T178 112Z", WOOD_LIGHT)
            + box(190, 66, 8, 44, 4, look.wall)
            + box(210, 66, 8, 44, 4, look.wall),
        )
        + turned(15, box(240, 124, 15, 150, 7, WOOD_DARK) + oval(247, 106, 25, 36, WOOD_DARK))
        + path("M120 192H284L276 296Q274 314 256 314H148Q130 314 128 296Z", look.main)
        + shade("M244 192H284L276 296Q274 314 256 314H230Z")
        + box(112, 184, 180, 18, 9, look.light)
        + motif(look, 200, 254, 36)
        + shine("M146 222V276")
    )


DRAWINGS = {
    "mug": mug, "plate": plate, "bowl": bowl, "teapot": teapot, "carafe": carafe, "knife": knife, "board": board,
    "pot": pot, "spoons": spoons,
}  # fmt: skip
