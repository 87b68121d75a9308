"""Tests that a refusal says what is so, under a code that callers can rely on."""

import pytest

from caravan.kernel.errors import CaravanError, Conflict, Invalid, NotFound, Outage, Refusal, code


class OutOfMugs(Refusal):
    """There are no mugs left.

    Whoever drank from them took them along.
    """


class Wordless(Refusal):
    pass


def test_a_refusal_says_its_opening_sentence_unless_told_otherwise() -> None:
    assert str(OutOfMugs()) == "There are no mugs left."
    assert str(OutOfMugs("Two left.")) == "Two left."


def test_a_refusal_without_words_says_nothing() -> None:
    assert not str(Wordless())


def test_a_refusal_tells_what_the_caller_can_act_on() -> None:
    assert OutOfMugs(sku=7, available=2).details == {"sku": 7, "available": 2}


@pytest.mark.parametrize(
    ("error", "public"),
    [(OutOfMugs(), "out_of_mugs"), (NotFound(), "not_found"), (Invalid(), "invalid"), (Conflict(), "conflict")],
)
def test_the_class_name_is_the_public_code(error: CaravanError, public: str) -> None:
    assert code(error) == public


def test_a_refusal_is_neither_a_conflict_nor_an_outage() -> None:
    assert not issubclass(Refusal, Conflict | Outage)
    assert issubclass(Invalid, Refusal)
