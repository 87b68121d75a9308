"""Tests that tracking numbers are those of S10, by the standard's own example and by every slip of one digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caravan.trade.delivery import is_sound, tracking_number


def test_the_number_of_the_standards_example_is_sound() -> None:
    # The UPU's worked example: item 47312482 has the check digit 9.
    assert is_sound("RA473124829US")
    assert tracking_number(47_312_482, "US", service="RA") == "RA473124829US"


@given(serial=st.integers(0, 10**12))
def test_whatever_is_numbered_is_sound_and_has_thirteen_characters(serial: int) -> None:
    number = tracking_number(serial, "PT")

    assert len(number) == 13
    assert is_sound(number)


@given(serial=st.integers(0, 10**8 - 1), place=st.integers(2, 9), digit=st.integers(0, 9))
def test_one_wrong_digit_is_noticed(serial: int, place: int, digit: int) -> None:
    number = tracking_number(serial, "PT")
    wrong = number[:place] + str(digit) + number[place + 1 :]

    # A change of 10 for 0 or of 11 for 5 in the rest is what S10 cannot tell apart.
    weight = (8, 6, 4, 2, 3, 5, 9, 7)[place - 2]
    differs = weight * (int(number[place]) - digit) % 11
    assert is_sound(wrong) == (wrong == number) or differs in {5, 6}


@pytest.mark.parametrize("text", ["", "RA473124829", "ra473124829us", "RA47312482XUS", "RA4731248290US"])
def test_what_has_another_shape_is_no_such_number(text: str) -> None:
    assert not is_sound(text)
