"""Drawings of what lies on a desk: paper, books and small machines."""

from caravan.adapters.demo.drawings.palette import Look
from caravan.adapters.demo.drawings.shapes import (
    INK,
    METAL,
    METAL_DARK,
    METAL_LIGHT,
    PAPER,
    WOOD,
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


def notebook(look: Look) -> str:
    """Draw a notebook with an elastic band or a spiral."""
    spiral = "".join(stroke(f"M112 {y}h28", METAL_DARK, 8) for y in range(96, 320, 24))
    band = box(258, 68, 13, 266, 0, look.accent)
    return turned(
        -8,
        cast("M124 68H290V334H124Z")
        + box(130, 74, 164, 262, 8, PAPER)
        + box(120, 66, 166, 266, 12, look.main)
        + box(120, 66, 26, 266, 10, look.dark)
        + (spiral if look.shape % 2 else band + path("M176 332V352L184 344 192 352V332Z", look.accent))
        + motif(look, 202, 190, 42)
        + (box(162, 106, 78, 42, 5, PAPER) + stroke("M174 128H228", look.dark, 4) if look.shape % 3 == 0 else "")
        + shine("M160 84H240", 6),
    )


def pen(look: Look) -> str:
    """Draw a fountain pen and what it has just written."""
    return stroke("M74 300Q100 262 116 296T158 296 200 298 246 292", INK, 5) + turned(
        38,
        cast("M176 40H224V290L200 330 176 290Z")
        + path("M180 270H220L204 326H196Z", METAL)
        + stroke("M200 296V322", INK, 3)
        + dot(200, 292, 5, INK)
        + box(176, 120, 48, 156, 10, look.main)
        + box(172, 30, 56, 110, 16, look.dark)
        + box(172, 128, 56, 13, 4, look.accent)
        + box(222, 46, 11, 74, 5, look.accent)
        + shine("M188 156V258", 7)
        + (motif(look, 200, 206, 14) if look.shape % 2 else ""),
    )


def card(look: Look) -> str:
    """Draw a greeting card with its envelope."""
    return turned(
        9,
        cast("M112 176H336V328H112Z")
        + box(112, 176, 224, 152, 8, look.light)
        + path("M112 184L224 268 336 184V176H112Z", look.dark)
        + dot(224, 262, 16, look.accent),
    ) + turned(
        -7,
        cast("M84 72H236V284H84Z")
        + box(84, 72, 152, 212, 7, PAPER)
        + box(96, 84, 128, 188, 4, look.main)
        + motif(look, 160, 168, 44)
        + (
            stroke("M126 244H194", PAPER, 7)
            if look.motif % 10
            else dots(((160, 130), (160, 168), (160, 206)), 15, look.accent)
        ),
    )


def book(look: Look) -> str:
    """Draw a book with a cover of its own."""
    sun = dot(204, 178, 42, look.accent) + path("M128 262Q176 206 214 244T286 226V300H128Z", look.dark)
    bands = (
        box(128, 170, 158, 22, 0, look.accent)
        + box(128, 204, 158, 10, 0, look.light)
        + box(128, 226, 158, 22, 0, look.accent)
    )
    return turned(
        -5 if look.shape % 2 else 5,
        cast("M116 56H290V340H116Z")
        + path("M124 66H294V346H124Q110 340 112 326Z", PAPER)
        + stroke("M132 338H290M130 330H290", "#d9cfc0", 3)
        + path("M124 54H286V324H128Q112 324 112 340V68Q112 54 124 54Z", look.main)
        + path("M112 68Q112 54 124 54H130V324Q112 324 112 340Z", look.dark)
        + box(150, 84, 116, 15, 5, PAPER)
        + box(150, 108, 78, 11, 5, look.light)
        + (sun, motif(look, 208, 206, 50), bands)[look.shape % 3]
        + box(150, 288, 66, 9, 4, PAPER),
    )


def headphones(look: Look) -> str:
    """Draw headphones."""
    return (
        stroke("M96 236V206Q96 84 200 84T304 206V236", look.dark, 24)
        + stroke("M120 132Q148 94 200 94T280 132", look.light, 9)
        + mirrored(
            box(66, 206, 66, 108, 30, look.main)
            + box(118, 200, 26, 120, 13, INK)
            + dot(96, 260, 17, look.accent)
            + dot(96, 260, 9, look.dark)
            + shine("M80 234V254", 6)
        )
        + (stroke("M96 314Q100 356 160 352T224 372", INK, 5) if look.shape % 2 else "")
    )


def speaker(look: Look) -> str:
    """Draw a small loudspeaker."""
    grid = dashed(
        "M142 168H260M142 184H260M142 200H260M142 216H260M142 232H260M142 248H260M142 264H260M142 280H260",
        look.dark,
        6,
        "1 12",
    )
    cones = (
        dot(200, 240, 54, look.dark)
        + dot(200, 240, 38, INK)
        + dot(200, 240, 15, METAL)
        + dot(200, 146, 28, look.dark)
        + dot(200, 146, 15, INK)
    )
    return (
        stroke("M166 94q0-30 34-30t34 30", look.accent if look.shape % 2 else WOOD, 13)
        + box(112, 92, 176, 222, 32, look.main)
        + shade("M248 92H256Q288 92 288 124V282Q288 314 256 314H238Q268 200 248 92Z")
        + (cones if look.shape % 2 else box(130, 154, 140, 140, 16, look.light) + grid)
        + (
            ""
            if look.shape % 2
            else dot(200, 122, 14, look.dark)
            + stroke("M200 122L208 114", PAPER, 4)
            + dots(((152, 122), (248, 122)), 6, look.accent)
        )
        + shine("M126 140V270", 7)
    )


def phone_case(look: Look) -> str:
    """Draw the back of a phone in its case."""
    return turned(
        9,
        cast("M126 48H274V352H126Z")
        + box(122, 46, 156, 308, 32, look.dark)
        + box(130, 54, 140, 292, 26, look.main)
        + box(144, 68, 62, 62, 18, look.dark)
        + dots(((163, 87), (187, 111)), 12, INK)
        + dots(((163, 87), (187, 111)), 5, METAL_DARK)
        + dot(189, 85, 6, METAL_LIGHT)
        + motif(look, 200, 226, 54)
        + (
            path("M130 258L270 190V320Q270 346 244 346H156Q130 346 130 320Z", look.light)
            if look.motif % 10 == 0
            else ""
        )
        + box(276, 120, 6, 48, 3, look.accent)
        + shine("M142 170V300", 6),
    )


def keyboard(look: Look) -> str:
    """Draw a small keyboard, with one key that stands out."""
    keys = dashed("M92 164H310M92 195H310M92 226H310", PAPER, 23, "2 29") + dashed(
        "M123 195H260", look.light, 23, "2 60"
    )
    return turned(
        -7,
        cast("M60 130H340V292H60Z")
        + box(58, 130, 284, 162, 20, look.dark)
        + box(58, 126, 284, 156, 20, look.main)
        + keys
        + box(78, 245, 57, 25, 6, look.accent)
        + box(140, 245, 119, 25, 6, PAPER)
        + box(264, 245, 57, 25, 6, look.accent)
        + (stroke("M200 126Q204 92 180 74T190 20", look.dark, 7) if look.shape % 2 else ""),
    )


DRAWINGS = {
    "notebook": notebook, "pen": pen, "card": card, "book": book, "headphones": headphones, "speaker": speaker,
    "phone case": phone_case, "keyboard": keyboard,
}  # fmt: skip
