"""Shipping: the numbers that a marketplace is run by, defined in YAML beside this file."""

from importlib import resources

FILE = "marketplace.yaml"


def shipped() -> str:
    """Give the shipped definitions as they are written."""
    return (resources.files("caravan.insight.metrics") / "shipped" / FILE).read_text(encoding="utf-8")
