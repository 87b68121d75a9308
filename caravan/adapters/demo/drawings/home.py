"""Drawings of furniture, lamps, cloth and everything else that makes a room."""

from caravan.adapters.demo.drawings.palette import Look, mix
from caravan.adapters.demo.drawings.shapes import (
    FLAME,
    INK,
    LEAF,
    LEAF_DARK,
    METAL_DARK,
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

_GLOW = "#ffe9a855"


def lamp(look: Look) -> str:
    """Draw a table lamp: with a shade, like a mushroom, or with an arm."""
    return (_shaded_lamp, _mushroom_lamp, _arm_lamp)[look.shape % 3](look)


def _shaded_lamp(look: Look) -> str:
    return (
        oval(200, 212, 150, 64, _GLOW)
        + stroke("M200 190V300", look.dark, 13)
        + box(136, 296, 128, 20, 10, look.dark)
        + dot(200, 246, 19, look.accent)
        + path("M142 78H258L308 204Q200 222 92 204Z", look.main)
        + shade("M226 78H258L308 204Q278 210 246 213Z")
        + stroke("M112 186Q200 202 288 186", look.light, 8)
        + stroke("M256 212V240", INK, 3)
        + dot(256, 244, 6, look.accent)
    )


def _mushroom_lamp(look: Look) -> str:
    return (
        oval(200, 226, 150, 70, _GLOW)
        + path("M176 196H224L244 300H156Z", look.light)
        + oval(200, 304, 66, 14, look.dark)
        + path("M76 204Q76 92 200 92T324 204Q324 216 312 216H88Q76 216 76 204Z", look.main)
        + shine("M104 184Q112 136 156 118")
    )


def _arm_lamp(look: Look) -> str:
    return (
        path("M106 156L40 300H224L168 130Z", _GLOW)
        + oval(248, 306, 76, 15, look.dark)
        + stroke("M252 300L290 190L186 110", look.dark, 12)
        + dots(((290, 190), (252, 298)), 12, look.accent)
        + turned(-32, path("M76 166Q80 92 136 92T196 166Z", look.main) + oval(136, 166, 60, 11, FLAME), 136, 140)
    )


def pendant(look: Look) -> str:
    """Draw a lamp that hangs from the ceiling."""
    shades = (
        "M76 236Q76 124 200 124T324 236Z",
        "M160 124H240L316 236H84Z",
        "M100 236Q92 176 130 156T168 124H232Q232 140 270 156T300 236Z",
    )
    return (
        path("M96 240H304L356 370H44Z", _GLOW)
        + stroke("M200 0V112", INK, 5)
        + box(180, 98, 40, 34, 10, look.accent)
        + dot(200, 246, 28, FLAME)
        + path(shades[look.shape % 3], look.main)
        + box(76, 226, 248, 15, 7, look.dark)
        + shine("M126 206Q136 170 164 154")
    )


def chair(look: Look) -> str:
    """Draw a chair with a seat in color and legs of wood."""
    slats = box(128, 92, 144, 26, 13, look.main) + box(132, 136, 136, 24, 12, look.main)
    solid = path(
        "M140 82H260Q284 82 282 106L276 166Q274 184 256 184H144Q126 184 124 166L118 106Q116 82 140 82Z", look.main
    )
    spindles = box(120, 76, 160, 26, 13, look.main) + stroke(
        "M148 100V208M174 100V208M200 100V208M226 100V208M252 100V208", WOOD_DARK, 8
    )
    return (
        stroke("M158 230L150 300M242 230L250 300", WOOD_DARK, 12)
        + stroke("M134 92L140 214M266 92L260 214", WOOD_DARK, 13)
        + (slats, solid, spindles)[look.shape % 3]
        + stroke("M122 226L102 322M278 226L298 322", WOOD, 15)
        + path(
            "M112 202H288Q304 202 304 218T288 236H112Q96 236 96 218T112 202Z",
            look.main if look.shape % 3 else look.dark,
        )
        + shade("M98 224Q200 232 302 224Q300 236 288 236H112Q100 236 98 224Z")
        + shine("M146 104H190", 7)
    )


def stool(look: Look) -> str:
    """Draw a three-legged stool, sometimes with a book on it."""
    books = box(148, 128, 104, 18, 4, look.accent) + box(158, 112, 88, 17, 4, INK)
    return (
        (books if look.shape % 2 else "")
        + stroke("M200 180V316", WOOD_DARK, 14)
        + stroke("M140 180L106 320M260 180L294 320", WOOD, 16)
        + stroke("M126 262H274", WOOD_DARK, 9)
        + path("M104 148H296Q316 148 312 168T284 188H116Q92 188 88 168T104 148Z", look.main)
        + shade("M90 172Q200 182 310 172 306 188 284 188H116Q96 188 90 172Z")
        + shine("M118 160H190", 7)
    )


def cushion(look: Look) -> str:
    """Draw a cushion, plump, with stripes or a pattern."""
    outline = "M96 100Q200 124 304 100 284 200 304 304 200 282 96 304 116 200 96 100Z"
    bands = stroke("M152 118Q162 200 152 286M200 114V290M248 118Q238 200 248 286", look.accent, 11)
    corners = stroke("M96 100l-14-12M304 100l14-12M304 304l14 12M96 304l-14 12", look.accent, 12)
    return (
        cast(outline)
        + corners
        + path(outline, look.main)
        + (bands if look.shape % 2 else motif(look, 200, 200, 66))
        + shade("M304 304Q200 282 96 304 100 284 104 262 210 268 270 206 280 150 292 108L304 100Q284 200 304 304Z")
        + shine("M122 132Q150 138 184 138")
    )


def blanket(look: Look) -> str:
    """Draw a pile of folded blanket with a fringe."""
    fringe = "".join(f"M{x} 312v16" for x in range(96, 310, 14))
    return (
        stroke(fringe, look.light, 6)
        + box(82, 252, 236, 62, 28, look.main)
        + box(90, 196, 220, 64, 30, look.dark)
        + box(86, 140, 228, 66, 31, look.main)
        + stroke("M116 172H292", look.accent, 9)
        + stroke("M112 284H296", look.accent, 9)
        + stroke("M128 190H286M124 300H290M126 228H286", look.light, 4)
        + shade("M270 140Q314 144 314 174T280 206Q310 212 310 230T286 256Q318 262 318 284T284 314Q300 230 270 140Z")
    )


def towel(look: Look) -> str:
    """Draw a towel on a rail."""
    stripes = "".join(box(118, y, 164, high, 0, look.accent) for y, high in ((226, 14), (248, 6), (262, 6)))
    return (
        stroke("M70 96H330", WOOD, 15)
        + dots(((70, 96), (330, 96)), 14, WOOD_DARK)
        + path("M138 88H300V262H138Z", look.dark)
        + path("M118 96Q118 86 132 86H282V306H118Z", look.main)
        + stripes
        + motif(look, 200, 166, 40)
        + dashed("M122 312H280", look.light, 12, "4 6")
        + shade("M250 86H282V306H262Q240 196 250 86Z")
    )


def vase(look: Look) -> str:
    """Draw a vase with flowers or branches."""
    bodies = (
        (
            "M170 170H230Q228 196 258 220 282 242 276 272 268 314 232 "
            "314H168Q132 314 124 272 118 242 142 220 172 196 170 170Z"
        ),
        "M156 170H244L262 290Q264 314 240 314H160Q136 314 138 290Z",
        "M176 166H224V214Q286 226 286 268 284 314 236 314H164Q116 314 114 268 114 226 176 214Z",
    )
    shades = (
        "M238 202Q246 212 258 220 282 242 276 272 268 314 232 314H214Q262 260 238 202Z",
        "M222 170H244L262 290Q264 314 240 314H214Q236 240 222 170Z",
        "M224 214Q286 226 286 268 284 314 236 314H214Q258 262 224 214Z",
    )
    blossom = mix(look.accent, "#ffffff", 0.25)
    flowers = "".join(
        f'<g fill="{blossom}">{dots(((x - 13, y), (x + 13, y), (x, y - 13), (x, y + 13)), 12, blossom)}</g>'
        + dot(x, y, 9, FLAME)
        for x, y in ((146, 108), (202, 78), (256, 112))
    )
    return (
        stroke("M196 176Q190 140 150 114M200 176V84M204 176Q212 140 252 116", LEAF_DARK, 6)
        + oval(166, 142, 20, 9, LEAF)
        + oval(236, 146, 20, 9, LEAF)
        + flowers
        + path(bodies[look.shape % 3], look.main)
        + motif(look, 200, 268, 30)
        + shade(shades[look.shape % 3])
        + shine("M150 240Q140 262 152 288")
    )


def candle(look: Look) -> str:
    """Draw a candle: in a glass, as a pillar, or a pair."""
    flame = path("M200 88Q224 120 218 138 212 156 200 156T182 138Q176 120 200 88Z", FLAME) + oval(
        200, 142, 8, 12, "#fff3cf"
    )
    wick = stroke("M200 152V182", INK, 5)
    if look.shape % 3 == 1:
        pair = flame + wick + box(182, 172, 36, 120, 8, look.main) + box(170, 286, 60, 26, 9, METAL_DARK)
        return f'<g transform="translate(-52 0)">{pair}</g><g transform="translate(52 18)">{pair}</g>' + oval(
            200, 126, 120, 70, _GLOW
        )
    glass = box(118, 166, 164, 148, 24, mix(look.main, "#ffffff", 0.5)) + box(118, 196, 164, 118, 22, look.main)
    pillar = path("M132 186Q132 172 200 172T268 186V300Q268 314 250 314H150Q132 314 132 300Z", look.main) + path(
        "M132 186Q146 186 148 214 152 228 158 212 160 192 200 192T268 186Q264 172 200 172T132 186Z", look.light
    )
    label = box(152, 226, 96, 58, 8, PAPER) + motif(look, 200, 255, 20, look.dark)
    return (
        dot(200, 130, 66, _GLOW) + flame + wick + (pillar if look.shape % 3 else glass + label) + shine("M144 226V276")
    )


def clock(look: Look) -> str:
    """Draw a wall clock."""
    ticks = "".join(turned(hour * 30, box(196, 106, 8, 20 if hour % 3 else 28, 4, look.dark)) for hour in range(12))
    hour, minute = look.motif * 37 % 360, look.shape * 54 % 360
    return (
        cast("M200 74a126 126 0 1 1 0 252 126 126 0 1 1 0-252Z")
        + dot(200, 200, 126, look.main)
        + dot(200, 200, 108, PAPER if look.shape % 2 else look.light)
        + ticks
        + turned(hour, box(194, 138, 12, 70, 6, INK))
        + turned(minute, box(196, 112, 8, 96, 4, INK))
        + dot(200, 200, 11, look.accent)
        + shine("M92 176Q108 124 154 100")
    )


def poster(look: Look) -> str:
    """Draw a framed print: hills, a still life or one bold pattern."""
    hills = (
        dot(236, 152, 30, look.accent)
        + path("M122 236Q160 176 204 224T278 206V300H122Z", look.main)
        + path("M122 270Q180 216 278 262V300H122Z", look.dark)
    )
    arches = path("M142 300V220Q142 162 200 162T258 220V300Z", look.main) + path(
        "M170 300V230Q170 198 200 198T230 230V300Z", look.accent
    )
    leaves = mirrored(path("M200 290Q122 270 134 150 200 180 200 290Z", look.main)) + stroke(
        "M200 128V300", look.dark, 6
    )
    return (
        cast("M96 60H304V340H96Z")
        + box(96, 60, 208, 280, 5, (WOOD_DARK, INK, WOOD)[look.motif % 3])
        + box(108, 72, 184, 256, 2, PAPER)
        + box(122, 100, 156, 200, 0, mix(look.light, "#ffffff", 0.55))
        + (hills, arches, leaves)[look.shape % 3]
    )


DRAWINGS = {
    "lamp": lamp, "pendant": pendant, "chair": chair, "stool": stool, "cushion": cushion, "blanket": blanket,
    "towel": towel, "vase": vase, "candle": candle, "clock": clock, "poster": poster,
}  # fmt: skip
