"""Tests that every kind of event has a public name."""

from caravan.events.orders import PurchasePlaced
from caravan.kernel.event import name


def test_an_event_has_its_tag_for_a_name() -> None:
    assert name(PurchasePlaced) == "orders.purchase_placed.v2"
