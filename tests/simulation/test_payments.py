"""Runs a few hundred sequences of a provider's misbehavior; `python -m tests.simulation.payments 10000` runs them all."""

from tests.simulation.payments import Guessing, run


def test_nobody_is_charged_twice_nothing_ships_unpaid_and_every_cent_is_accounted_for() -> None:
    assert run(first=0, count=160) == []


def test_the_same_holds_where_the_card_is_charged_in_yen_and_the_order_is_in_euro() -> None:
    assert run(first=0, count=80, currency="JPY") == []


def test_the_same_holds_over_a_real_network_connection() -> None:
    assert run(first=0, count=24, over_http=True) == []


def test_guessing_what_is_not_known_is_found_out() -> None:
    wrong = run(first=40, count=40, wrap=Guessing)

    assert any("was shipped and the provider took in too little" in one for one in wrong)
    assert any("The provider's balance is" in one for one in wrong)
