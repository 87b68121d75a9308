"""Drawings of clothes, laid flat or standing ready at the door."""

from caravan.adapters.demo.drawings.palette import Look
from caravan.adapters.demo.drawings.shapes import (
    INK,
    METAL_DARK,
    PAPER,
    WOOD,
    box,
    cast,
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

_HANGER = stroke("M200 70V56q0-14 12-14", METAL_DARK, 6) + stroke("M138 98L200 72 262 98", WOOD, 9)
_TEE = "M156 92L172 86Q200 116 228 86L244 92 322 140 294 196 262 180V314H138V180L106 196 78 140Z"
_SHIRT = "M156 92L244 92 300 122 334 282 294 294 262 190V318H138V190L106 294 66 282 100 122Z"
_SWEATER = (
    "M150 94Q200 112 250 94 292 106 306 142L336 276 294 290 264 196V304H136V196L106 290 64 276 94 142Q108 106 150 94Z"
)


def dress(look: Look) -> str:
    """Draw a summer dress on its hanger."""
    skirts = (
        "L312 318Q200 344 88 318L160 204Z",
        "L290 334Q200 348 110 334L160 204Z",
        "L322 280Q260 306 200 288 140 306 78 280L160 204Z",
    )
    outline = "M160 96L180 92Q200 124 220 92L240 96 252 152Q242 176 240 204" + skirts[look.shape % 3].replace(
        "L160 204Z", "L160 204Q158 176 148 152Z"
    )
    print_at = ((150, 262), (200, 278), (252, 262), (176, 236), (226, 238), (200, 160))
    return (
        _HANGER
        + cast(outline)
        + path(outline, look.main)
        + (dots(print_at, 9, look.accent) if look.motif % 2 else motif(look, 200, 262, 32))
        + path("M160 196H240V214H160Z", look.dark)
        + stroke("M170 216L140 312M200 216V322M230 216L260 312", look.dark + "44", 4)
        + shine("M166 122V170", 7)
    )


def shirt(look: Look) -> str:
    """Draw a shirt with a collar and buttons."""
    stripes = stroke("M158 130V312M242 130V312M222 150V312M178 150V312", look.light, 5) if look.shape % 2 else ""
    return (
        cast(_SHIRT)
        + path(_SHIRT, look.main)
        + stripes
        + shade("M66 282L74 252 114 268 106 294ZM334 282L326 252 286 268 294 294Z")
        + stroke("M138 190L128 158M262 190L272 158", look.dark, 4)
        + box(191, 116, 18, 202, 0, look.light)
        + dots(((200, 148), (200, 184), (200, 220), (200, 256), (200, 292)), 5, look.accent)
        + path("M152 94L172 80H228L248 94 226 132 200 108 174 132Z", look.light)
        + path("M172 80H228L200 108Z", look.dark)
        + box(216, 168, 34, 38, 4, look.dark)
    )


def tee(look: Look) -> str:
    """Draw a T-shirt with a print."""
    bands = box(138, 196, 124, 20, 0, look.accent) + box(138, 232, 124, 20, 0, look.accent)
    return (
        cast(_TEE)
        + path(_TEE, look.main)
        + (bands if look.motif % 10 == 0 else motif(look, 200, 206, 46))
        + stroke("M138 180V160M262 180V160", look.dark, 5)
        + stroke("M172 88Q200 118 228 88", look.dark, 10)
        + stroke("M86 146L112 190M314 146L288 190M140 306H260", look.dark, 4)
        + shade("M244 200H262V314H210Q256 280 244 200Z")
    )


def sweater(look: Look) -> str:
    """Draw a knitted sweater with a yoke."""
    zigzag = stroke("M112 150l14 16 14-16 14 16 15-16 15 16 16-16 16 16 15-16 15 16 14-16 14 16 14-16", look.accent, 8)
    cables = dashed("M176 136V286M200 130V286M224 136V286", look.dark, 9, "2 15")
    stripes = stroke("M140 200H260M140 232H260M140 264H260", look.accent, 11)
    return (
        cast(_SWEATER)
        + path(_SWEATER, look.main)
        + (zigzag, cables, stripes)[look.shape % 3]
        + stroke("M136 200L126 160M264 200L274 160", look.dark, 5)
        + box(132, 290, 136, 28, 9, look.dark)
        + path("M66 262L110 276 104 298 60 284ZM334 262L290 276 296 298 340 284Z", look.dark)
        + path("M150 94Q200 128 250 94L242 84Q200 108 158 84Z", look.dark)
        + stroke("M146 298V310M164 298V310M182 298V310M200 298V310M218 298V310M236 298V310M254 298V310", look.main, 5)
    )


def sneaker(look: Look) -> str:
    """Draw a sneaker from the side."""
    return (
        path(
            "M66 180Q92 200 130 190L166 164Q182 196 226 218 322 230 340 262 346 284 334 290H70Q58 232 66 180Z",
            look.main,
        )
        + path("M66 180Q92 200 116 192 108 250 122 290H70Q58 232 66 180Z", look.dark)
        + path("M290 234Q332 244 340 264 346 284 334 290H268Q262 250 290 234Z", look.light)
        + path("M166 164Q182 196 226 218L206 246Q160 220 146 180Z", look.light)
        + stroke("M166 200L194 184M182 216L208 200M200 230L224 214", PAPER, 8)
        + (
            stroke("M150 286Q164 250 142 222M178 286Q190 262 176 240", look.accent, 11)
            if look.shape % 2
            else path("M132 280Q190 268 214 244 222 272 250 284Z", look.accent)
        )
        + box(60, 284, 286, 28, 13, PAPER)
        + stroke("M74 302H334", look.accent, 5)
        + shine("M78 204Q74 230 78 262", 7)
    )


def boot(look: Look) -> str:
    """Draw a boot: rubber, or with laces."""
    laces = stroke("M196 130H226M196 156H228M198 182H230M206 206H238", PAPER, 7)
    return (
        path("M118 92H226L234 206Q302 218 322 256 328 282 318 288H122Q110 230 122 178Z", look.main)
        + shade("M226 92L234 206Q302 218 322 256 328 282 318 288H262Q270 240 214 216 202 160 204 92Z")
        + path("M112 82H232V108H112Z", look.accent)
        + (laces if look.shape % 2 else stroke("M126 240Q190 252 232 214", look.dark, 5))
        + stroke("M128 84v-16q0-10 12-10t12 10v16", look.dark, 7)
        + path("M116 284H326Q334 284 332 298T318 314H236V304H190V314H128Q114 314 116 284Z", INK)
        + shine("M138 126V196")
    )


def hat(look: Look) -> str:
    """Draw a hat with a brim and a ribbon."""
    weave = dashed("M132 170Q200 150 268 170M126 196Q200 178 274 196", look.light, 4, "6 8")
    return (
        oval(200, 262, 156, 42, look.dark)
        + oval(200, 254, 156, 40, look.main)
        + path("M116 250Q116 120 162 116 200 134 238 116 284 120 284 250 200 286 116 250Z", look.main)
        + weave
        + path("M115 224Q200 262 285 224V252Q200 290 115 252Z", look.accent)
        + path("M272 232L318 212 304 246 322 262 274 252Z" if look.shape % 2 else "", look.accent)
        + shade("M238 116Q284 120 284 226L250 236Q262 160 238 116Z")
        + shine("M140 204Q138 160 156 138")
    )


def beanie(look: Look) -> str:
    """Draw a knitted cap with a pompom."""
    return (
        dot(200, 92, 36, look.accent)
        + dashed("M176 74Q200 60 224 78M170 98Q200 118 230 96", PAPER, 5, "2 12")
        + path("M92 254Q84 112 200 108T308 254Z", look.main)
        + (
            stroke("M104 190l16 18 16-18 16 18 16-18 16 18 16-18 16 18 16-18 16 18 16-18 16 18 16-18", look.accent, 8)
            if look.shape % 2
            else ""
        )
        + stroke(
            "M140 132Q118 180 122 246M170 118Q156 180 158 246M200 "
            "112V246M230 118Q244 180 242 246M260 132Q282 180 278 246",
            look.dark + "66",
            5,
        )
        + box(78, 236, 244, 66, 28, look.dark)
        + stroke(
            "M108 254V284M131 254V284M154 254V284M177 254V284M200 "
            "254V284M223 254V284M246 254V284M269 254V284M292 254V284",
            look.main,
            7,
        )
    )


def scarf(look: Look) -> str:
    """Draw a scarf, looped once, with fringes."""
    return (
        cast("M136 96H264V150H250V300H200V160H136Z")
        + stroke("M158 300v26M172 300v26M186 300v26M200 300v26", look.light, 7)
        + stroke("M226 324v24M240 324v24M254 324v24M268 324v24", look.light, 7)
        + path("M148 150H212V304H148Z", look.dark)
        + path("M216 150H280V328H216Z", look.main)
        + stroke("M152 206H208M152 230H208M152 276H208", look.accent, 11)
        + stroke("M220 224H276M220 248H276M220 300H276", look.accent, 11)
        + path("M96 116Q98 74 200 72T304 116Q310 176 200 178T96 116Z", look.main)
        + path("M130 112Q140 98 200 98T270 112Q262 134 200 134T130 112Z", look.dark)
        + stroke("M110 138Q130 164 190 168M114 116Q116 96 150 88", look.accent, 9)
        + shade("M288 140Q284 176 206 178 262 160 288 140Z")
    )


def socks(look: Look) -> str:
    """Draw a pair of socks."""
    one = (
        path("M118 84H188V206L222 254Q236 288 204 306 176 318 158 292L118 234Z", look.main)
        + path("M118 84H188V112H118Z", look.accent)
        + path("M118 234V200Q146 206 152 240L138 263Z", look.accent)
        + path("M222 254Q236 288 204 306 176 318 158 292 172 266 222 254Z", look.accent)
    )
    bands = (
        stroke("M124 140H182M124 164H182M124 188H180", look.light, 9)
        if look.shape % 2
        else dots(((136, 136), (168, 136), (152, 160), (136, 184), (170, 186), (176, 226)), 7, look.light)
    )
    return (
        cast("M118 84H250V206L282 254 204 306Z")
        + f'<g transform="translate(64 14)">{one}</g>'
        + f'<g transform="translate(-20 0)">{one}{bands}</g>'
    )


DRAWINGS = {
    "dress": dress, "shirt": shirt, "tee": tee, "sweater": sweater, "sneaker": sneaker, "boot": boot, "hat": hat,
    "beanie": beanie, "scarf": scarf, "socks": socks,
}  # fmt: skip
