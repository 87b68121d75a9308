"""Prints labels and pick lists as PDF with ReportLab; barcodes are Code 128, as carriers scan them."""

import io
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A4, A6
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from caravan.trade.delivery.ports import Label, Pick

# Every PDF reader has Helvetica, which writes Western Europe; DejaVu writes Greek and Cyrillic, too, where it is installed.
_DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
_WIDE = {"W", "F"}  # Unicode's East Asian width: these letters are drawn by a font that readers bring along.
_EASTERN = "STSong-Light"
_MARGIN = 8 * mm


class ReportlabPrinter:
    """Lays labels and pick lists out as PDF."""

    def labels(self, labels: Sequence[Label]) -> bytes:
        """Give a document with a page of A6 for each label."""
        sink = io.BytesIO()
        canvas = _canvas(sink, A6, "Labels")
        for label in labels:
            _draw_label(canvas, label)
            canvas.showPage()
        canvas.save()
        return sink.getvalue()

    def pick_list(self, seller: str, day: str, picks: Sequence[Pick]) -> bytes:
        """Give a document of A4 pages that lists what to take from the shelves."""
        sink = io.BytesIO()
        canvas = _canvas(sink, A4, "Pick list")
        top = _head(canvas, seller, day)
        if not picks:
            _write(canvas, _MARGIN, top, "Nothing waits to be handed over.", 11, A4[0] - 2 * _MARGIN)
        for pick in picks:
            if top < 3 * _MARGIN:
                canvas.showPage()
                top = _head(canvas, seller, day)
            top = _draw_pick(canvas, pick, top)
        canvas.save()
        return sink.getvalue()


def _canvas(sink: io.BytesIO, size: tuple[float, float], title: str) -> Any:  # noqa: ANN401  # ReportLab's own.
    # The same labels give the same bytes: no time and no random id is written in.
    canvas = Canvas(sink, pagesize=size, invariant=1)
    canvas.setTitle(title)
    return canvas


def _draw_label(canvas: Any, label: Label) -> None:  # noqa: ANN401
    width, height = A6
    canvas.rect(_MARGIN / 2, _MARGIN / 2, width - _MARGIN, height - _MARGIN)
    top = height - _MARGIN - 4 * mm
    for line in label.sender:
        top = _write(canvas, _MARGIN, top, line, 8, width - 2 * _MARGIN)
    canvas.line(_MARGIN / 2, top, width - _MARGIN / 2, top)
    top -= 10 * mm
    for place, line in enumerate(label.recipient):
        top = _write(canvas, _MARGIN + 4 * mm, top, line, 15 if place == 0 else 13, width - 2 * _MARGIN - 8 * mm)
    _write(canvas, width - _MARGIN - 18 * mm, 52 * mm, label.country, 34, 22 * mm)
    barcode = Code128(label.tracking, barHeight=20 * mm, barWidth=0.36 * mm, quiet=False)
    barcode.drawOn(canvas, (width - barcode.width) / 2, 20 * mm)
    spaced = " ".join(
        (label.tracking[:2], label.tracking[2:5], label.tracking[5:8], label.tracking[8:11], label.tracking[11:])
    )
    _write(canvas, (width - pdfmetrics.stringWidth(spaced, _western(), 12)) / 2, 14 * mm, spaced, 12, width)
    _write(canvas, _MARGIN, 7 * mm, label.order, 7, 60 * mm)


def _head(canvas: Any, seller: str, day: str) -> float:  # noqa: ANN401
    width, height = A4
    _write(canvas, _MARGIN, height - 14 * mm, f"Pick list · {seller}", 16, width - 60 * mm)
    _write(canvas, width - 40 * mm, height - 14 * mm, day, 11, 34 * mm)
    canvas.line(_MARGIN, height - 18 * mm, width - _MARGIN, height - 18 * mm)
    return float(height - 26 * mm)


def _draw_pick(canvas: Any, pick: Pick, top: float) -> float:  # noqa: ANN401
    width = A4[0]
    canvas.rect(_MARGIN, top - 1 * mm, 4 * mm, 4 * mm)
    _write(canvas, _MARGIN + 8 * mm, top, f"{pick.units} x", 12, 16 * mm)
    title = f"{pick.title} ({pick.option})" if pick.option else pick.title
    _write(canvas, _MARGIN + 26 * mm, top, title, 11, width - 100 * mm)
    _write(canvas, width - 62 * mm, top, pick.place, 9, 54 * mm)
    orders = ", ".join(f"{order} ({units})" if units > 1 else order for order, units in pick.orders)
    below = _write(canvas, _MARGIN + 26 * mm, top - 1 * mm - 3 * mm, f"{pick.sku} · {orders}", 8, width - 50 * mm)
    canvas.line(_MARGIN, below + 1 * mm, width - _MARGIN, below + 1 * mm)
    return float(below - 5 * mm)


def _write(canvas: Any, left: float, top: float, text: str, size: float, width: float) -> float:  # noqa: ANN401
    """Write a line, in as many fonts as its letters need and as small as it must be to fit; give where the next one goes."""
    runs = list(_runs(text))
    wide = sum(pdfmetrics.stringWidth(piece, font, size) for font, piece in runs)
    size = size * min(1.0, width / wide) if wide else size
    for font, piece in runs:
        canvas.setFont(font, size)
        canvas.drawString(left, top, piece)
        left += pdfmetrics.stringWidth(piece, font, size)
    return float(top - 1.35 * size)


def _runs(text: str) -> Iterator[tuple[str, str]]:
    for is_wide, letters in groupby(text, key=lambda letter: unicodedata.east_asian_width(letter) in _WIDE):
        yield (_eastern() if is_wide else _western()), "".join(letters)


@cache
def _western() -> str:
    if not (_DEJAVU / "DejaVuSans.ttf").exists():
        return "Helvetica"
    pdfmetrics.registerFont(TTFont("DejaVuSans", str(_DEJAVU / "DejaVuSans.ttf")))
    return "DejaVuSans"


@cache
def _eastern() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(_EASTERN))
    return _EASTERN
