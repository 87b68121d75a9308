"""Tests how the operator opens a market and sets its terms."""

import msgspec
import pytest

from caravan.flows import opening
from caravan.kernel.errors import Invalid
from caravan.world import markets
from tests.flows.market import Market


def test_a_market_opens_with_its_terms_and_fees() -> None:
    market = Market()

    market.open(policy=markets.Policy(payout_minor_min=500), fee_rules=(markets.FeeRule(fixed_minor=30),))

    terms = market.house.markets
    assert terms.market is not None
    assert (terms.market.name, terms.market.currency) == ("Bazaar", "EUR")
    assert terms.policy.payout_minor_min == 500
    assert terms.fee_rules.fixed_minor == (30,)
    market.close()


def test_a_second_market_in_one_cell_is_refused_and_changes_nothing(market: Market) -> None:
    before = market.cell.digest()

    with pytest.raises(markets.AlreadyOpen):
        market.open(fee_tax_basis_points=0)

    assert market.cell.digest() == before


def test_a_market_in_a_currency_that_is_none_is_refused() -> None:
    market = Market()

    with pytest.raises(Invalid):
        market.do(opening.open_market, opening.Opening("Bazaar", "ZZZ"))

    assert market.house.markets.market is None
    market.close()


def test_terms_can_be_changed_later(market: Market) -> None:
    wanted = markets.Policy(units_per_buyer_max=3)

    answer = market.do(opening.set_policy, wanted)

    assert answer == wanted
    assert market.house.markets.policy.units_per_buyer_max == 3


def test_fees_can_be_changed_later(market: Market) -> None:
    answer = market.do(opening.set_fees, opening.Fees((markets.FeeRule(basis_points=500),), 0))

    assert answer == opening.Fees((markets.FeeRule(basis_points=500),), 0)
    assert market.house.markets.fee_rules.basis_points == (500,)


@pytest.mark.parametrize("name", [field.name for field in msgspec.structs.fields(markets.Policy)][:6])
def test_terms_below_zero_are_refused(market: Market, name: str) -> None:
    with pytest.raises(Invalid):
        market.do(opening.set_policy, msgspec.structs.replace(markets.Policy(), **{name: -1}))
