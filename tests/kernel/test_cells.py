"""Checks that no text leaves as a formula, and that whoever reads it back has what was there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caravan.kernel.cells import guarded, unguarded


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "'=1"]
)
def test_what_a_spreadsheet_would_reckon_with_is_told_to_be_text(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Mug", "a=b", "-5", "+4917012345", "-1.5", "'tis", "O'Hara", "1-2"])
def test_all_other_text_and_what_is_but_a_number_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@given(st.text(alphabet="'=+-@\t\r\n\uff1d1a. ", max_size=8))
def test_what_is_read_back_is_what_was_written(text: str) -> None:
    assert unguarded(guarded(text)) == text
