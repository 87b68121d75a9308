"""Drawings of what is worn beside clothes or carried along: jewelry and bags."""

from caravan.adapters.demo.drawings.palette import Look
from caravan.adapters.demo.drawings.shapes import (
    INK,
    METAL,
    METAL_DARK,
    PAPER,
    box,
    cast,
    dashed,
    dot,
    dots,
    mirrored,
    motif,
    path,
    shade,
    shine,
    stroke,
    turned,
)

_GEMS = ("#4f8fb8", "#5d9b78", "#c8556d", "#8d6fb0", "#e2a33d", "#f4f1ea")


def ring(look: Look) -> str:
    """Draw a ring: with a stone, twisted, or plain and wide."""
    gem = _GEMS[look.motif % len(_GEMS)]
    stone = (
        path("M200 138L158 98 176 74H224L242 98Z", gem)
        + path("M200 138L182 98 190 74H210L218 98Z", "#ffffff66")
        + stroke("M166 104L186 130M234 104L214 130", look.dark, 8)
    )
    band = stroke("M200 128a88 88 0 1 1-.1 0Z", look.dark, (17, 26, 34)[look.shape % 3])
    face = stroke("M200 126a88 88 0 1 1-.1 0Z", look.main, (11, 18, 26)[look.shape % 3])
    twist = dashed("M200 126a88 88 0 1 1-.1 0Z", look.light, (11, 18, 26)[look.shape % 3], "3 17")
    sparkle = path("M292 84q4 20 22 24-18 4-22 24-4-20-22-24 18-4 22-24Z", PAPER)
    return band + face + (twist if look.shape % 3 == 1 else stone) + shine("M124 196Q130 160 160 144", 7) + sparkle


def necklace(look: Look) -> str:
    """Draw a necklace with a pendant."""
    gem = _GEMS[look.motif % len(_GEMS)]
    drop = path("M200 262Q234 302 222 324 200 346 178 324 166 302 200 262Z", gem) + path(
        "M200 272Q190 300 192 320", "#ffffff55"
    )
    coin = (
        dot(200, 300, 36, look.main) + dot(200, 300, 28, look.dark) + f"<g>{motif(look, 200, 300, 20, look.light)}</g>"
    )
    beads = dots(((152, 252), (174, 270), (200, 278), (226, 270), (248, 252)), 13, gem) + dots(
        ((152, 249), (174, 267), (200, 275)), 4, "#ffffff88"
    )
    return (
        path("M134 60Q128 168 72 200 60 340 60 400H340Q340 340 328 200 272 168 266 60Z", "#ffffff55")
        + stroke("M122 70Q116 236 200 262 284 236 278 70", look.dark, 4)
        + dashed("M122 70Q116 236 200 262 284 236 278 70", look.main, 8, "1 11")
        + (drop, coin, beads)[look.shape % 3]
        + dot(200, 262, 8, look.main)
    )


def earrings(look: Look) -> str:
    """Draw a pair of earrings."""
    gem = _GEMS[look.motif % len(_GEMS)]
    drops = (
        path("M134 176Q184 236 166 272 134 300 102 272 84 236 134 176Z", look.main) + dot(134, 250, 17, gem),
        stroke("M134 182a44 44 0 1 1-.1 0Z", look.main, 14) + dot(134, 272, 15, gem),
        path("M92 190H176Q176 286 134 286T92 190Z", look.main) + path("M110 204H158Q156 256 134 258T110 204Z", gem),
    )
    one = stroke("M134 180V132q0-34 26-34t22 34", look.dark, 6) + dot(134, 178, 9, look.dark) + drops[look.shape % 3]
    return mirrored(one)


def watch(look: Look) -> str:
    """Draw a wristwatch."""
    hand, minute = look.motif * 41 % 360, look.shape * 66 % 360
    ticks = dashed("M200 152a48 48 0 1 1-.1 0Z", INK, 7, "1 36.7")
    return (
        cast("M164 40H236V360H164Z")
        + path(
            "M166 44Q166 34 176 34H224Q234 34 234 44L242 140H158ZM158 "
            "260H242L234 356Q234 366 224 366H176Q166 366 166 356Z",
            look.main,
        )
        + dashed("M172 50L166 120M228 50L234 120M166 280L172 350M234 280L228 350", look.light, 3, "5 6")
        + dots(((200, 318), (200, 338), (200, 298)), 5, look.dark)
        + box(272, 192, 16, 18, 5, METAL_DARK)
        + dot(200, 200, 78, METAL_DARK)
        + dot(200, 200, 71, METAL)
        + dot(200, 200, 61, PAPER)
        + ticks
        + turned(hand, box(195, 164, 10, 40, 5, INK))
        + turned(minute, box(197, 148, 6, 56, 3, INK))
        + turned(minute * 2 + 60, box(198, 146, 4, 66, 2, look.accent))
        + dot(200, 200, 6, INK)
        + shine("M142 180Q150 152 176 142", 6)
    )


def backpack(look: Look) -> str:
    """Draw a backpack: round, or with a flap and two straps."""
    flap = path("M104 130Q104 84 200 84T296 130V190Q200 232 104 190Z", look.dark) + "".join(
        box(x, 150, 18, 96, 5, look.accent) + box(x - 4, 222, 26, 20, 5, METAL) for x in (140, 242)
    )
    zipped = (
        dashed("M120 168Q124 108 200 108T280 168", look.light, 5, "6 6")
        + dot(280, 172, 8, look.accent)
        + motif(look, 200, 176, 32)
    )
    return (
        stroke("M164 88q0-36 36-36t36 36", look.dark, 13)
        + stroke("M96 170Q70 220 88 290M304 170Q330 220 312 290", look.dark, 18)
        + path("M96 164Q96 84 200 84T304 164V282Q304 316 270 316H130Q96 316 96 282Z", look.main)
        + (flap if look.shape % 2 else zipped)
        + box(126, 236, 148, 64, 16, look.dark if not look.shape % 2 else look.light)
        + stroke("M138 254H262", look.accent, 5)
        + shade("M272 110Q304 130 304 164V282Q304 316 270 316 296 220 272 110Z")
        + shine("M114 196V250")
    )


def tote(look: Look) -> str:
    """Draw a tote bag with a print."""
    return (
        stroke("M152 152V110Q152 62 200 62T248 110V152", look.dark, 13)
        + path("M96 146H304L318 300Q319 316 304 316H96Q81 316 82 300Z", look.main)
        + path("M96 146H304L306 168H94Z", look.dark)
        + stroke("M140 158v18M164 158v18M236 158v18M260 158v18", look.accent, 5)
        + motif(look, 200, 242, 56)
        + (path("M88 264H312L318 300Q319 316 304 316H96Q81 316 82 300Z", look.accent) if look.motif % 10 == 0 else "")
        + shade("M268 146H304L318 300Q319 316 304 316H284Z")
    )


def wallet(look: Look) -> str:
    """Draw a wallet with a card and a note looking out."""
    outline = "M88 136H312Q328 136 328 152V286Q328 302 312 302H88Q72 302 72 286V152Q72 136 88 136Z"
    return turned(
        -6,
        box(116, 88, 150, 90, 8, "#a9cdb4")
        + box(138, 108, 150, 80, 9, look.accent)
        + box(156, 122, 32, 8, 4, PAPER)
        + cast(outline)
        + path(outline, look.main)
        + dashed("M86 150H314V288H86Z", look.light, 3, "7 7")
        + path("M244 192H332V246H244Q220 244 220 219T244 192Z", look.dark)
        + dot(250, 219, 10, METAL if look.shape % 2 else "#dcb25c")
        + motif(look, 146, 222, 26, look.dark)
        + shine("M92 166H150", 7),
    )


def pannier(look: Look) -> str:
    """Draw a roll-top bag that hangs on a bicycle's rack."""
    return (
        stroke("M60 92H340", METAL_DARK, 12)
        + stroke("M140 92v30M260 92v30", INK, 15)
        + path("M104 128H296L310 294Q310 316 288 316H112Q90 316 90 294Z", look.main)
        + shade("M262 128H296L310 294Q310 316 288 316H262Z")
        + box(92, 112, 216, 42, 20, look.dark)
        + shine("M112 126H288", 6)
        + box(188, 112, 24, 124, 4, look.accent)
        + box(180, 204, 40, 28, 7, INK)
        + stroke("M110 266H290", PAPER, 13)
        + stroke("M110 266H290", METAL, 5)
        + motif(look, 140, 206, 22)
    )


DRAWINGS = {
    "ring": ring, "necklace": necklace, "earrings": earrings, "watch": watch, "backpack": backpack, "tote": tote,
    "wallet": wallet, "pannier": pannier,
}  # fmt: skip
