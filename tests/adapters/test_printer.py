"""Tests that labels and pick lists are PDF documents with a page for each, the same for the same, in any script."""

import re

import pytest

from caravan.adapters.reportlab_printer import ReportlabPrinter
from caravan.trade.delivery.ports import Label, Pick

LABEL = Label(
    order="ord_000000000001", tracking="LC000000015PT", sender=("Mill", "PT"),
    recipient=("Ana Silva", "Rua das Flores 12", "4050-265 Porto", "PT"), country="PT",
)  # fmt: skip


def pages(document: bytes) -> int:
    assert document.startswith(b"%PDF-")
    return len(re.findall(rb"/Type /Page\b(?!s)", document))


def pick(number: int, title: str = "Mug") -> Pick:
    return Pick("4050-265, Porto", title, "blue", f"sku_{number:012d}", 3, (("ord_1", 1), ("ord_2", 2)))


def test_each_label_has_a_page() -> None:
    assert pages(ReportlabPrinter().labels([LABEL] * 3)) == 3


def test_the_same_labels_are_the_same_bytes() -> None:
    assert ReportlabPrinter().labels([LABEL]) == ReportlabPrinter().labels([LABEL])


@pytest.mark.parametrize("name", ["José Ñandú", "Ελένη", "Иван Петров", "王小明", "x" * 200, "", "<b>&amp;</b>"])
def test_a_label_takes_any_name(name: str) -> None:
    assert pages(ReportlabPrinter().labels([LABEL._replace(recipient=(name, "Street 1"))])) == 1


def test_a_long_pick_list_goes_on_over_pages_and_an_empty_one_says_so() -> None:
    assert pages(ReportlabPrinter().pick_list("Mill", "2026-11-28", [pick(number) for number in range(60)])) > 1
    assert pages(ReportlabPrinter().pick_list("Mill", "2026-11-28", [])) == 1
