"""Drawings of toys: soft animals, wooden things, and what flies or rolls."""

from caravan.adapters.demo.drawings.palette import Look
from caravan.adapters.demo.drawings.shapes import (
    FLAME,
    INK,
    PAPER,
    WOOD,
    WOOD_DARK,
    WOOD_LIGHT,
    box,
    cast,
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

_CLOUD = "#ffffffb3"
_BRIGHT = ("#e4715c", "#f2c14e", "#5aa0c4", "#6fae7d", "#a98ac6")


def _sitting(look: Look) -> str:
    body = mirrored(
        oval(142, 236, 24, 46, look.dark) + oval(148, 302, 38, 22, look.dark) + oval(142, 304, 20, 12, look.light)
    )
    scarf = path("M150 190H250Q262 204 248 216H152Q138 204 150 190Z", look.accent) + path(
        "M218 206H248L252 262H222Z", look.accent
    )
    return (
        body
        + oval(200, 252, 66, 66, look.main)
        + oval(200, 262, 42, 46, look.light)
        + (scarf if look.shape % 2 else motif(look, 200, 262, 24))
    )


def _face(muzzle: str) -> str:
    return (
        dot(174, 132, 7, INK)
        + dot(226, 132, 7, INK)
        + oval(200, 160, 32, 24, muzzle)
        + oval(200, 150, 11, 8, INK)
        + stroke("M200 156v10M186 170q14 10 28 0", INK, 4)
    )


def bear(look: Look) -> str:
    """Draw a toy bear."""
    return (
        mirrored(dot(142, 84, 28, look.main) + dot(142, 84, 16, look.light))
        + _sitting(look)
        + oval(200, 136, 80, 68, look.main)
        + _face(look.light)
        + mirrored(oval(144, 156, 12, 8, "#e9857488"))
    )


def rabbit(look: Look) -> str:
    """Draw a toy rabbit."""
    ears = mirrored(turned(-10, oval(160, 74, 24, 66, look.main) + oval(160, 78, 12, 48, "#f0b9b4"), 160, 120))
    return (
        ears
        + _sitting(look)
        + oval(200, 142, 74, 62, look.main)
        + _face(look.light)
        + mirrored(oval(148, 160, 12, 8, "#e9857488"))
    )


def fox(look: Look) -> str:
    """Draw a toy fox."""
    tail = path("M256 300Q350 312 346 220 300 236 262 268Z", look.main) + path(
        "M346 220Q350 262 326 284 320 248 346 220Z", PAPER
    )
    head = (
        mirrored(path("M118 60Q116 110 140 140L190 96Z", look.dark) + path("M130 80Q128 108 144 126L172 100Z", PAPER))
        + path("M200 82Q278 84 288 142 262 188 200 198 138 188 112 142 122 84 200 82Z", look.main)
        + mirrored(path("M112 142Q150 140 176 158 196 172 200 198 138 188 112 142Z", PAPER))
        + dots(((166, 132), (234, 132)), 7, INK)
        + oval(200, 190, 13, 10, INK)
    )
    return tail + _sitting(look) + head


def whale(look: Look) -> str:
    """Draw a toy whale."""
    return (
        stroke("M170 104q-4-34-30-34M170 104q4-34 30-34", "#7fb8d8", 8)
        + path("M292 218Q318 190 314 150 338 146 346 168 366 148 384 160 380 204 328 246Z", look.dark)
        + path("M52 214Q56 118 172 118 268 122 300 214L340 232Q312 314 196 314 60 314 52 214Z", look.main)
        + path("M54 230Q130 262 262 236 252 306 196 314 64 312 54 230Z", look.light)
        + stroke("M84 270Q140 288 200 276M108 292Q150 302 200 294", look.main, 5)
        + path("M178 244Q192 284 232 288 244 262 214 238Z", look.dark)
        + dot(112, 206, 10, INK)
        + dot(115, 203, 3, PAPER)
        + oval(92, 228, 13, 8, "#e9857488")
        + stroke("M126 228q12 8 24 0", INK, 4)
        + shine("M96 168Q124 138 170 138")
        + motif(look, 226, 172, 20)
    )


def blocks(look: Look) -> str:
    """Draw wooden blocks, piled up."""
    colors = (look.main, *(color for color in _BRIGHT if color != look.main))
    house = (
        path("M200 74L254 130H146Z", colors[1]) + box(152, 130, 96, 92, 6, look.main) + dot(200, 178, 24, WOOD_LIGHT)
    )
    arch = (
        path("M146 130Q146 76 200 76T254 130H226Q226 104 200 104T174 130Z", colors[2])
        + box(152, 130, 96, 92, 6, look.main)
        + motif(look, 200, 176, 26)
    )
    return (
        (house if look.shape % 2 else arch)
        + box(98, 222, 98, 92, 6, colors[3])
        + box(204, 222, 98, 92, 6, WOOD)
        + path("M116 300L147 240 178 300Z", WOOD_LIGHT)
        + dot(253, 268, 26, look.accent)
        + shade("M276 222H296Q302 222 302 228V308Q302 314 296 314H276ZM228 130H242Q248 130 248 136V222H228Z")
        + path("M64 314V292Q64 270 86 270V314Z", colors[4])
    )


def car(look: Look) -> str:
    """Draw a wooden car or a small train."""
    wheels = "".join(
        dot(x, 292, 30, WOOD_DARK) + dot(x, 292, 20, WOOD) + dot(x, 292, 7, look.accent) for x in (126, 274)
    )
    auto = path(
        "M60 278V232Q62 206 92 202L128 148Q134 138 150 138H244Q258 138 266 150L296 202 324 208Q342 214 342 238V278Z",
        look.main,
    ) + path("M122 202L150 160H192V202ZM206 160H240L266 202H206Z", PAPER)
    train = (
        path("M70 278V216H236V138H324V278Z", look.main)
        + box(226, 118, 110, 26, 10, look.dark)
        + box(252, 156, 48, 46, 6, PAPER)
        + path("M100 216V172H86L92 150H140L146 172H132V216Z", look.dark)
        + dots(((110, 128), (136, 106), (172, 92)), 14, "#ffffffaa")
        + box(170, 196, 34, 22, 11, look.accent)
        + oval(76, 246, 16, 24, WOOD)
    )
    return (auto if look.shape % 2 else train) + shade("M60 258H342V278H60Z") + wheels + motif(look, 200, 246, 20)


def puzzle(look: Look) -> str:
    """Draw four pieces of a puzzle, one not in its place yet."""
    piece = "M0 0H36Q28-26 50-26T64 0H100V36Q126 28 126 50T100 64V100H64Q72 76 50 76T36 100H0V64Q24 72 24 50T0 36Z"
    places = ((92, 104, look.main, 0), (194, 104, look.accent, 0), (92, 206, look.dark, 0), (214, 226, look.light, 12))
    return "".join(
        f'<g transform="translate({x} {y}) rotate({angle} 50 50)">{cast(piece)}<path d="{piece}" fill="{color}"/></g>'
        for x, y, color, angle in places
    ) + motif(look, 142, 154, 18, look.light)


def ball(look: Look) -> str:
    """Draw a ball: a beach ball, a striped one, or one with stars."""
    beach = (
        path("M200 84Q90 130 102 250 128 300 168 312 120 180 200 84Z", PAPER)
        + path("M200 84Q120 180 168 312 236 326 268 296 288 180 200 84Z", look.bright)
        + path("M200 84Q288 180 268 296 318 262 318 204 312 104 200 84Z", PAPER)
        + dot(201, 92, 13, look.dark)
    )
    band = path("M88 170Q200 230 312 170 320 200 314 230 200 292 86 230 80 200 88 170Z", look.accent) + stroke(
        "M90 168Q200 228 310 168M88 232Q200 292 312 232", PAPER, 7
    )
    return (
        dot(200, 200, 118, look.main)
        + (beach if look.shape % 2 else band + motif(look, 200, 224, 26, PAPER))
        + shade("M292 126Q336 190 300 264 258 330 174 315 280 280 292 126Z")
        + shine("M108 168Q122 122 164 102")
    )


def kite(look: Look) -> str:
    """Draw a kite in the wind."""
    return (
        oval(88, 286, 44, 15, _CLOUD)
        + oval(118, 274, 30, 17, _CLOUD)
        + oval(318, 112, 34, 13, _CLOUD)
        + stroke("M196 262Q240 296 200 322T226 392", look.dark, 5)
        + path("M214 300l26-12-2 28ZM214 300l-24 12 0-26Z", look.accent)
        + path("M206 346l26-12-2 28ZM206 346l-24 12 0-26Z", FLAME)
        + turned(
            14,
            path("M200 52L290 150 200 272 110 150Z", look.main)
            + path("M200 52L290 150H200Z", look.accent)
            + path("M110 150H200V272Z", look.dark)
            + stroke("M200 52V272M110 150H290", PAPER, 5)
            + motif(look, 236, 190, 18, PAPER),
        )
    )


DRAWINGS = {
    "bear": bear, "rabbit": rabbit, "fox": fox, "whale": whale, "blocks": blocks, "car": car, "puzzle": puzzle,
    "ball": ball, "kite": kite,
}  # fmt: skip
