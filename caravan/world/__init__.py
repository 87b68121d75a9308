"""The world outside the shop: partners and markets."""
