"""Drawings of what is eaten, drunk and washed with: jars, tins, bags and bars."""

from caravan.adapters.demo.drawings.palette import Look, mix
from caravan.adapters.demo.drawings.shapes import (
    FLAME,
    INK,
    LEAF,
    LEAF_DARK,
    METAL_DARK,
    METAL_LIGHT,
    PAPER,
    WOOD,
    WOOD_DARK,
    WOOD_LIGHT,
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
    turned,
)


def tea_tin(look: Look) -> str:
    """Draw a tin of tea and some of its leaves."""
    leaves = turned(-20, oval(92, 300, 24, 10, LEAF)) + turned(16, oval(318, 306, 22, 9, LEAF_DARK))
    return (
        leaves
        + box(114, 138, 172, 176, 12, look.main)
        + shade("M246 138H274Q286 138 286 150V302Q286 314 274 314H246Z")
        + path("M122 96H278Q292 96 292 110V148H108V110Q108 96 122 96Z", look.dark)
        + box(172, 82, 56, 18, 8, look.accent)
        + stroke("M114 156H286", look.light, 4)
        + (dot(200, 228, 54, PAPER) if look.shape % 2 else box(138, 178, 124, 104, 10, PAPER))
        + turned(-35, oval(182, 222, 26, 12, LEAF) + oval(222, 222, 26, 12, LEAF_DARK), 200, 226)
        + stroke("M172 260H228", look.dark, 6)
        + shine("M128 178V286", 7)
    )


def coffee_bag(look: Look) -> str:
    """Draw a bag of coffee with a few beans."""
    beans = "".join(
        turned(angle, oval(x, y, 18, 13, "#6a4632") + stroke(f"M{x - 15} {y}q15-7 30 0", "#4a2f21", 4), x, y)
        for x, y, angle in ((94, 306, -20), (318, 310, 24), (340, 290, -40))
    )
    return (
        path("M126 108H274L290 300Q291 316 276 316H124Q109 316 110 300Z", look.main)
        + shade("M240 108H274L290 300Q291 316 276 316H252Z")
        + path("M126 74H274V112H126Z", look.dark)
        + stroke("M122 100H278", look.accent, 9)
        + dot(200, 134, 8, look.dark)
        + path("M138 164H262L268 268H132Z", PAPER)
        + (
            turned(-30, oval(200, 208, 34, 24, "#6a4632") + stroke("M168 210q32-18 64 0", PAPER, 5), 200, 208)
            if look.shape % 2
            else motif(look, 200, 206, 30, look.dark)
        )
        + stroke("M160 250H240", look.dark, 6)
        + beans
        + shine("M138 130L130 290", 6)
    )


def honey(look: Look) -> str:
    """Draw a jar of honey with its dipper."""
    comb = "M-18-10L0-20 18-10V10L0 20-18 10Z"
    cells = "".join(
        f'<path d="{comb}" transform="translate({x} {y})" fill="{FLAME}"/>'
        for x, y in ((182, 234), (220, 234), (201, 266))
    )
    return (
        turned(
            28,
            box(288, 60, 12, 120, 6, WOOD) + stroke("M280 190H308M278 204H310M280 218H308M284 232H304", WOOD_DARK, 9),
            294,
            150,
        )
        + box(112, 130, 176, 184, 34, look.main)
        + path(
            "M112 164Q156 146 200 160T288 156V280Q288 314 254 314H146Q112 314 112 280Z", mix(look.main, "#d98a1f", 0.35)
        )
        + box(140, 190, 122, 100, 10, PAPER)
        + cells
        + box(118, 96, 164, 40, 10, look.accent if look.shape % 2 else WOOD)
        + stroke("M124 118H276", "#ffffff55", 5)
        + shine("M126 196V276")
    )


def jam(look: Look) -> str:
    """Draw a jar of jam under a cloth cap."""
    fruit = (
        dot(186, 246, 17, look.main)
        + dot(214, 250, 17, look.dark)
        + stroke("M188 230q8-22 24-24M214 234v-26", LEAF_DARK, 5),
        path("M200 270Q166 244 172 222 200 208 228 222 234 244 200 270Z", look.main)
        + path("M176 220L200 206 224 220 200 228Z", LEAF),
        dot(200, 244, 24, look.main) + turned(-30, oval(216, 214, 15, 7, LEAF), 216, 214),
    )
    return (
        box(112, 142, 176, 172, 34, look.main)
        + shade("M256 142Q288 150 288 176V280Q288 314 254 314H240Q270 240 256 142Z")
        + box(142, 192, 116, 98, 49 if look.shape % 2 else 10, PAPER)
        + fruit[look.shape % 3]
        + path(
            "M122 92H278L304 150Q286 166 270 152 252 168 236 152 218 168 200 152 "
            "182 168 164 152 148 168 130 152 114 166 96 150Z",
            look.bright,
        )
        + stroke("M130 124H270", PAPER, 7)
        + dots(((160, 104), (200, 104), (240, 104), (140, 142), (180, 140), (220, 140), (262, 142)), 5, PAPER)
        + shine("M128 196V276")
    )


def spice(look: Look) -> str:
    """Draw a spice jar and a small heap of what is in it."""
    return (
        path("M64 316Q92 262 122 316Z", look.main)
        + dots(((76, 308), (98, 296), (104, 312)), 4, look.dark)
        + box(132, 128, 136, 186, 22, mix(look.main, "#ffffff", 0.7))
        + path("M132 170Q168 158 200 168T268 166V292Q268 314 246 314H154Q132 314 132 292Z", look.main)
        + dots(
            ((150, 190), (176, 182), (206, 190), (238, 184), (252, 198), (150, 302), (196, 306), (240, 302)),
            4,
            look.dark,
        )
        + box(140, 84, 120, 50, 9, METAL_DARK if look.shape % 2 else WOOD)
        + stroke("M150 104H250", "#ffffff55", 6)
        + box(132, 206, 136, 76, 0, PAPER)
        + motif(look, 200, 236, 20, look.dark)
        + stroke("M168 266H232", look.main, 6)
        + shine("M146 160V296", 6)
    )


def oil(look: Look) -> str:
    """Draw a bottle of oil or vinegar with a twig."""
    olives = (
        oval(92, 302, 20, 15, LEAF_DARK)
        + oval(120, 308, 18, 13, LEAF)
        + turned(-24, oval(76, 276, 24, 8, LEAF), 76, 276)
    )
    slim = (
        "M180 106H220V152Q220 170 240 190 256 206 256 236V294Q256 314 236 "
        "314H164Q144 314 144 294V236Q144 206 160 190 180 170 180 152Z"
    )
    wide = (
        "M182 106H218V160Q218 182 262 204 284 220 284 262 284 314 232 "
        "314H168Q116 314 116 262 116 220 138 204 182 182 182 160Z"
    )
    return (
        olives
        + path(wide if look.shape % 2 else slim, look.main)
        + shade("M222 186Q256 206 256 236V294Q256 314 236 314H216Q244 250 222 186Z")
        + box(176, 74, 48, 40, 8, WOOD if look.shape % 3 else INK)
        + box(156, 216, 88, 74, 6, PAPER)
        + turned(-30, oval(184, 244, 18, 8, LEAF) + oval(216, 244, 18, 8, LEAF_DARK), 200, 244)
        + stroke("M176 274H224", look.dark, 5)
        + shine("M192 130V166", 6)
    )


def chocolate(look: Look) -> str:
    """Draw a bar of chocolate, half unwrapped."""
    squares = "".join(
        box(144 + 38 * column, 70 + 38 * row, 34, 34, 5, "#845440") for row in range(3) for column in range(3)
    )
    return turned(
        12,
        cast("M132 60H268V340H132Z")
        + box(136, 62, 128, 200, 8, "#6a4132")
        + squares
        + path("M128 176l12 10 14-12 14 12 14-12 14 12 14-12 14 12 14-12 14 12 10-8 10 8V190H128Z", METAL_LIGHT)
        + path("M126 190H274V330Q274 340 264 340H136Q126 340 126 330Z", look.main)
        + shade("M244 190H274V330Q274 340 264 340H244Z")
        + stroke("M126 212H274M126 318H274", look.accent, 7)
        + motif(look, 200, 264, 34)
        + shine("M142 230V300", 6),
    )


def soap(look: Look) -> str:
    """Draw bars of soap with a few bubbles."""
    bubbles = "".join(
        f'<circle cx="{x}" cy="{y}" r="{size}" fill="#ffffff77" stroke="#fff" stroke-width="3"/>'
        for x, y, size in ((110, 130, 24), (148, 92, 14), (300, 116, 18), (270, 78, 10))
    )
    bar = box(92, 182, 196, 76, 26, look.main) + path(
        "M288 206V232Q288 258 262 258H118Q96 258 92 236 190 252 288 206Z", look.dark + "55"
    )
    return (
        bubbles
        + box(112, 246, 196, 68, 26, look.dark)
        + bar
        + (motif(look, 190, 216, 22) if look.shape % 2 else stroke("M112 222Q150 196 190 220T268 214", look.light, 8))
        + (box(168, 176, 40, 140, 0, PAPER) if look.shape % 2 else "")
        + (
            turned(-8, box(150, 172, 76, 52, 6, WOOD_LIGHT), 188, 198)
            + stroke("M166 192H208M166 206H198", WOOD_DARK, 5)
            if look.shape % 3 == 1
            else ""
        )
        + shine("M112 200H150", 7)
    )


def cream(look: Look) -> str:
    """Draw an open jar of cream with its lid beside it."""
    return (
        box(288, 284, 84, 30, 10, look.dark)
        + stroke("M300 294H352", look.light, 4)
        + path("M98 198H278V276Q278 314 240 314H136Q98 314 98 276Z", look.main)
        + shade("M244 198H278V276Q278 314 240 314 260 260 244 198Z")
        + oval(188, 196, 90, 22, look.light)
        + path(
            "M112 194Q120 150 178 166 184 128 224 142 204 158 240 168 268 178 264 194 240 212 188 212T112 194Z",
            "#fffaf0",
        )
        + stroke("M150 188Q186 178 210 190", "#eadfce", 6)
        + box(126, 232, 124, 56, 8, PAPER)
        + motif(look, 188, 260, 20, look.dark)
        + shine("M112 226V276", 7)
    )


def dropper(look: Look) -> str:
    """Draw a dropper bottle of oil with a leaf."""
    glass = "#8c5a34" if look.shape % 2 else "#3f5d57"
    return (
        turned(24, oval(308, 276, 46, 17, LEAF) + stroke("M266 276H346", LEAF_DARK, 4), 308, 276)
        + path("M176 62Q176 42 200 42T224 62V110H176Z", look.main)
        + box(162, 104, 76, 44, 8, "#2f3038")
        + stroke("M176 114v24M192 114v24M208 114v24M224 114v24", "#ffffff33", 4)
        + path(
            "M172 146H228Q230 168 258 180 268 186 268 206V290Q268 314 244 "
            "314H156Q132 314 132 290V206Q132 186 142 180 170 168 172 146Z",
            glass,
        )
        + box(132, 212, 136, 74, 0, PAPER)
        + motif(look, 200, 240, 18, look.main)
        + stroke("M164 270H236", look.main, 7)
        + shine("M148 196V300", 6)
    )


def brush(look: Look) -> str:
    """Draw a hairbrush or a comb."""
    bristles = tuple((x, y) for y in range(88, 196, 24) for x in range(164, 248, 24))
    hairbrush = (
        cast("M130 140a70 88 0 1 1 140 0a70 88 0 1 1-140 0ZM184 216H216V340H184Z")
        + path("M180 210H220L214 330Q212 346 200 346T186 330Z", look.dark)
        + oval(200, 140, 72, 90, look.main)
        + oval(200, 140, 56, 74, look.light)
        + dots(bristles, 6, look.dark)
        + dot(200, 322, 6, look.light)
        + shine("M140 128Q146 86 176 66", 7)
    )
    teeth = dashed("M84 226H330", look.main, 130, "9 9").replace("<path", '<path stroke-linecap="butt"')
    comb = (
        cast("M76 110H324V294H76Z")
        + teeth
        + path("M76 180Q72 108 130 104H270Q328 108 324 180Z", look.main)
        + stroke("M110 166H290", look.light, 6)
        + motif(look, 200, 136, 18, look.dark)
    )
    return turned(-18, comb if look.shape % 2 else hairbrush)


DRAWINGS = {
    "tea tin": tea_tin, "coffee bag": coffee_bag, "honey": honey, "jam": jam, "spice": spice, "oil": oil,
    "chocolate": chocolate, "soap": soap, "cream": cream, "dropper": dropper, "brush": brush,
}  # fmt: skip
