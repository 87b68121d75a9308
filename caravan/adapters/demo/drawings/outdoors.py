"""Drawings of what is taken out of doors: for the bicycle, the mat and the tent."""

from caravan.adapters.demo.drawings.palette import Look
from caravan.adapters.demo.drawings.shapes import (
    FLAME,
    INK,
    METAL,
    METAL_DARK,
    METAL_LIGHT,
    PAPER,
    WOOD,
    box,
    dashed,
    dot,
    dots,
    motif,
    oval,
    path,
    shade,
    shine,
    stroke,
)


def bell(look: Look) -> str:
    """Draw a bicycle bell on its handlebar."""
    return (
        stroke("M40 300H360", METAL_DARK, 30)
        + stroke("M40 294H360", METAL_LIGHT, 7)
        + path("M40 282H112V318H40Q28 318 28 300T40 282Z", INK)
        + box(170, 268, 60, 64, 12, INK)
        + box(188, 224, 24, 50, 6, METAL_DARK)
        + stroke("M236 226Q300 214 316 180", METAL_DARK, 11)
        + dot(318, 176, 14, look.accent)
        + path("M86 234Q86 108 200 108T314 234Z", look.main)
        + box(76, 222, 248, 24, 12, look.dark)
        + motif(look, 200, 178, 32)
        + dot(200, 104, 13, look.dark)
        + shine("M112 208Q118 156 156 134", 11)
        + stroke("M62 150q-16 24-8 50M40 136q-22 38-10 80M338 136q14 14 14 34", look.accent, 6)
    )


def helmet(look: Look) -> str:
    """Draw a bicycle helmet."""
    return (
        stroke("M120 250Q136 330 190 330T258 254", INK, 8)
        + box(176, 320, 28, 18, 6, look.accent)
        + path("M64 250Q56 104 204 100 332 106 342 232 346 252 326 252H86Q66 256 64 250Z", look.main)
        + path("M64 250Q62 226 68 206 200 240 340 214 346 252 326 252H86Q66 256 64 250Z", look.dark)
        + path(
            "M132 176Q148 132 196 124 176 150 174 190 150 188 132 176ZM200 190Q198 150 222 124 266 132 "
            "278 176 244 192 200 190ZM296 180Q290 150 270 130 308 146 318 176Z",
            INK,
        )
        + (stroke("M82 194Q92 138 140 116", look.accent, 11) if look.shape % 2 else motif(look, 104, 196, 18))
        + path("M326 232L372 250Q372 262 356 262L316 252Z", look.accent)
    )


def mat(look: Look) -> str:
    """Draw a yoga mat, half rolled up."""
    return (
        path("M150 262H352L372 318H110Z", look.light)
        + stroke("M176 282H344M164 300H352", look.main, 4)
        + motif(look, 256, 290, 16, look.main)
        + path("M84 132Q132 128 132 196V262Q132 318 84 318 52 300 52 225T84 132Z", look.dark)
        + path("M84 132H214Q262 140 262 225T214 318H84Q132 300 132 225T84 132Z", look.main)
        + oval(86, 225, 44, 93, look.dark)
        + oval(86, 225, 32, 74, look.light)
        + oval(86, 225, 20, 52, look.dark)
        + oval(86, 225, 9, 28, look.light)
        + box(152, 130, 15, 190, 6, look.accent)
        + box(206, 132, 15, 186, 6, look.accent)
        + stroke("M160 132Q186 82 214 132", look.accent, 11)
    )


def bottle(look: Look) -> str:
    """Draw an insulated bottle with a loop."""
    return (
        stroke("M176 84Q176 46 200 46T224 84", look.accent, 11)
        + box(162, 72, 76, 46, 11, INK if look.shape % 2 else WOOD)
        + path(
            "M164 114H236Q236 138 252 150 262 160 262 176V290Q262 316 236 "
            "316H164Q138 316 138 290V176Q138 160 148 150 164 138 164 114Z",
            look.main,
        )
        + shade("M232 134Q262 150 262 176V290Q262 316 236 316 244 220 232 134Z")
        + (path("M138 236H262V290Q262 316 236 316H164Q138 316 138 290Z", look.light) if look.shape % 3 == 0 else "")
        + motif(look, 200, 222, 38)
        + box(138, 300, 124, 16, 8, METAL)
        + shine("M154 184V284")
    )


def lantern(look: Look) -> str:
    """Draw a camping lantern that is lit."""
    return (
        dot(200, 206, 138, "#ffe9a866")
        + stroke("M132 148Q122 48 200 48T268 148", METAL_DARK, 8)
        + box(140, 152, 120, 116, 14, "#fff4cf")
        + path("M200 170Q224 206 216 226 210 244 200 244T184 226Q176 206 200 170Z", FLAME)
        + oval(200, 230, 8, 12, PAPER)
        + stroke("M140 152V268M260 152V268M120 210Q200 226 280 210", look.dark, 7)
        + path("M150 112H250L276 156H124Z", look.main)
        + box(168, 94, 64, 22, 8, look.dark)
        + path("M126 264H274L292 314H108Z", look.main)
        + shade("M244 264H274L292 314H256Z")
        + dot(200, 290, 13, look.accent)
        + shine("M154 164V246", 6)
    )


def tent(look: Look) -> str:
    """Draw a small tent under the moon."""
    return (
        path("M312 62A30 30 0 1 0 338 104 26 26 0 0 1 312 62Z", FLAME)
        + dots(((90, 100), (150, 66), (232, 76)), 4, PAPER)
        + stroke("M60 316L38 330M340 316L362 330", METAL_DARK, 5)
        + path("M200 112L352 318H48Z", look.main)
        + path("M200 112L352 318H262Z", look.dark)
        + path("M200 150Q210 250 252 318H148Q190 250 200 150Z", INK)
        + path("M200 150Q196 250 148 318H126Q176 240 200 150Z", look.light)
        + stroke("M200 112V84", WOOD, 7)
        + path("M200 82L232 92 200 104Z", look.accent)
        + dashed("M66 308L192 132", look.light, 4, "8 8")
    )


DRAWINGS = {
    "bell": bell, "helmet": helmet, "mat": mat, "bottle": bottle, "lantern": lantern, "tent": tent,
}  # fmt: skip
